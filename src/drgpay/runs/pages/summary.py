"""Sums over runs by what a reader asks for, beside what they are compared with (design/12 §7, design/13 §3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from drgpay.runs.pages.measures import DIMENSIONS, MEASURES, UNITS, Measure
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.sums import Folders, Key, Sums, added, value_of
from drgpay.runs.pages.suppress import Bounds, Cell, hidden_cells
from drgpay.runs.pages.times import overlapping, times
from drgpay.runs.pages.view import Where, wrong
from drgpay.tables import Column
from drgpay.units import ONE, half_up

Compare = Literal["previous", "last_year", "peers", "target"]
FEWEST = 3
"""institutions a figure of everybody must come from: with two, each could subtract its own"""
_SAID = {
    "previous": ("上期", "previous"), "last_year": ("上年同期", "last year"), "peers": ("同级别其他机构", "peers"),
    "target": ("目标", "target"),
}  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """Sums by dimensions. ``columns``: the dimensions, then each measure, and when compared ``<measure>_compared``,
    ``<measure>_change`` and ``<measure>_change_ratio`` (in 1/10,000 of what it is compared with). ``rows`` hold raw
    whole numbers, sorted by the dimensions; None: there is no such figure, or it is in ``suppressed`` (number of the
    row, column). ``totals``: the measures of all rows together; empty where they are not for the reader."""

    by: tuple[str, ...]
    measures: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]
    totals: dict[str, int | None]
    suppressed: frozenset[tuple[int, str]]


def summarise(
    folders: Sequence[Path],
    *,
    by: Sequence[str],
    measures: Sequence[str],
    scope: Scope,
    where: Sequence[Where] = (),
    compare: Compare | None = None,
    targets: Mapping[str, int] | None = None,
    suppress_below: int = 5,
) -> Summary:
    """Measures of the settled stays and statements of runs, by dimensions: exact sums and quotients of them.

    ``by`` are of :data:`DIMENSIONS`, ``measures`` of :data:`MEASURES`. ``compare``: ``previous`` and ``last_year``
    need the earlier results among ``folders`` and show the latest ones, or every month when ``month`` is in ``by``;
    ``peers`` sets an institution beside the others of its level (a quotient of theirs together, their mean of a sum);
    ``target`` beside ``targets``, by measure.

    A reader of an institution sees sums of his own rows, and peers only where ``suppress_below`` of them, and as many
    stays, stand behind the figure. Somebody of no unit (``Scope.public()``) sees all of the area by one or two
    dimensions that name nobody, without filters: figures of less than ``suppress_below`` stays or three institutions
    are hidden, and others with them by which they could be worked out. Raises USAGE when the question does not fit,
    DATA when the folders do not hold what it is about.
    """
    _check(folders, by, measures, scope, where, compare, targets)
    dims, its = tuple(by), tuple(MEASURES[m] for m in measures)
    if scope.nobody:
        return _public(folders, dims, its, scope, suppress_below)
    if compare in ("previous", "last_year"):
        dims = dims if "month" not in dims or "year" in dims else ("year", *dims)
        now, before, back = times(folders, dims, scope, compare)
        here, there = (Folders(tuple(f), scope) for f in (now, before))
        sums, old = here.sums(dims, its, where), there.sums(dims, its, where)
        beside = {key: _values(old.get(back(key)), its, there) for key in sums}
        return _summary(dims, its, here, sums, compare, beside, frozenset())
    overlapping(folders, scope)
    whole = Folders(tuple(folders), scope)
    sums = whole.sums(dims, its, where)
    if compare == "peers":
        beside, gone = _peers(folders, dims, its, scope, where, suppress_below, sums)
        return _summary(dims, its, whole, sums, compare, beside, gone)
    if compare == "target":
        beside = {key: {m.name: (targets or {}).get(m.name) for m in its} for key in sums}
        return _summary(dims, its, whole, sums, compare, beside, frozenset())
    return _summary(dims, its, whole, sums, None, {}, frozenset())


Values = dict[str, int | None]


def _values(sums: Mapping[str, tuple[int, int]] | None, measures: Sequence[Measure], folders: Folders) -> Values:
    if sums is None:
        return {m.name: None for m in measures}
    return {m.name: value_of(m, sums[m.name], folders) for m in measures}


def _order(key: Key) -> list[tuple[bool, Any]]:
    return [(value is None, value) for value in key]


def _summary(
    dims: tuple[str, ...],
    measures: tuple[Measure, ...],
    folders: Folders,
    sums: Sums,
    compare: Compare | None,
    beside: Mapping[Key, Values],
    gone: frozenset[Key],
) -> Summary:
    """Rows in order. ``gone``: keys of which what they are compared with is suppressed."""
    rows, suppressed = [], set()
    for number, key in enumerate(sorted(sums, key=_order)):
        values = _values(sums[key], measures, folders)
        row: dict[str, Any] = dict(zip(dims, key, strict=True)) | values
        for name, value in values.items() if compare else ():
            row |= _compared(name, value, beside[key][name])
            if key in gone:
                suppressed |= {(number, f"{name}_{what}") for what in ("compared", "change", "change_ratio")}
        rows.append(row)
    totals = _values(added([{m.name: (0, 0) for m in measures}, *sums.values()]), measures, folders)
    names = tuple(m.name for m in measures)
    return Summary(dims, names, _columns(dims, measures, compare), rows, totals, frozenset(suppressed))


def _compared(name: str, value: int | None, other: int | None) -> dict[str, int | None]:
    change = None if value is None or other is None else value - other
    ratio = half_up(change * ONE, abs(other)) if change is not None and other else None
    return {f"{name}_compared": other, f"{name}_change": change, f"{name}_change_ratio": ratio}


def _columns(dims: Sequence[str], measures: Sequence[Measure], compare: Compare | None) -> tuple[Column, ...]:
    found = [DIMENSIONS[name] for name in dims]
    for measure in measures:
        column = measure.column
        found.append(column)
        if compare:
            zh, en = _SAID[compare]
            found += [
                replace(column, name=f"{column.name}_compared", zh=f"{column.zh}({zh})",
                        en=f"{column.en} ({en})", null=True),
                replace(column, name=f"{column.name}_change", zh=f"{column.zh}差额", en=f"{column.en}: difference",
                        null=True, low=None),
                Column(f"{column.name}_change_ratio", "ratio", f"{column.zh}变化率", f"{column.en}: change",
                       null=True),
            ]  # fmt: skip
    return tuple(found)


def _public(
    folders: Sequence[Path], dims: tuple[str, ...], measures: tuple[Measure, ...], scope: Scope, below: int
) -> Summary:
    """What everybody may know: the whole area, with cells hidden."""
    overlapping(folders, scope)
    everybody = Folders(tuple(folders), Scope(areas=scope.areas))
    by_house = everybody.sums((*dims, "institution_id"), dict.fromkeys((*measures, MEASURES["n"])), ())
    parts: dict[Key, list[dict[str, tuple[int, int]]]] = defaultdict(list)
    cells: dict[Key, Cell] = defaultdict(lambda: Cell(0, frozenset()))
    for (*key, house), values in by_house.items():
        parts[tuple(key)].append(values)
        cells[tuple(key)] |= Cell(values["n"][0], frozenset({house}))
    hidden = hidden_cells(cells, Bounds(below, FEWEST))
    shown = _summary(dims, measures, everybody, {k: added(v) for k, v in parts.items()}, None, {}, frozenset())
    suppressed = set()
    for number, row in enumerate(shown.rows):
        if tuple(row[name] for name in dims) in hidden:
            row.update(dict.fromkeys(shown.measures))
            suppressed |= {(number, name) for name in shown.measures}
    return replace(shown, totals={}, suppressed=frozenset(suppressed))


def _peers(
    folders: Sequence[Path],
    dims: tuple[str, ...],
    measures: tuple[Measure, ...],
    scope: Scope,
    where: Sequence[Where],
    below: int,
    own: Sums,
) -> tuple[dict[Key, Values], frozenset[Key]]:
    """What the others of an institution's level have, by the key of its rows; and the keys where it is suppressed."""
    everybody = Folders(tuple(folders), Scope(areas=scope.areas))
    at = dims.index("institution_id")
    by_rest: dict[Key, dict[str, dict[str, tuple[int, int]]]] = defaultdict(dict)
    for key, values in everybody.sums(dims, dict.fromkeys((*measures, MEASURES["n"])), where).items():
        by_rest[key[:at] + key[at + 1 :]][key[at]] = values
    levels, mine = everybody.levels, scope.institutions or frozenset()
    beside: dict[Key, Values] = {}
    gone: set[Key] = set()
    for house in sorted({key[at] for key in own}):
        others = {
            rest: {h: v for h, v in its.items() if h != house and levels.get(h) == levels.get(house)}
            for rest, its in by_rest.items()
        }
        hidden: frozenset[Key] = frozenset()
        if scope.limited:
            cells = {rest: _strangers(its, mine) for rest, its in others.items() if its}
            hidden = hidden_cells(cells, Bounds(below, below))
        for rest, its in others.items():
            key = (*rest[:at], house, *rest[at:])
            if key in own:
                beside[key] = (
                    _means(its, measures, everybody)
                    if its and rest not in hidden
                    else _values(None, measures, everybody)
                )
                gone |= {key} if rest in hidden else set()
    return beside, frozenset(gone)


def _strangers(its: Mapping[str, Mapping[str, tuple[int, int]]], mine: frozenset[str]) -> Cell:
    """How many stays are of institutions that are not the reader's own, and of which."""
    others = {h: v["n"][0] for h, v in its.items() if h not in mine}
    return Cell(sum(others.values()), frozenset(others))


def _means(its: Mapping[str, Mapping[str, tuple[int, int]]], measures: Sequence[Measure], folders: Folders) -> Values:
    """Of a quotient that of all together, of a sum the mean."""
    whole = added(its.values())
    return {
        m.name: half_up(whole[m.name][0], len(its)) if m.below is None else value_of(m, whole[m.name], folders)
        for m in measures
    }


def _check(
    folders: Sequence[Path],
    by: Sequence[str],
    measures: Sequence[str],
    scope: Scope,
    where: Sequence[Where],
    compare: Compare | None,
    targets: Mapping[str, int] | None,
) -> None:
    """USAGE unless the question can be answered, and by this reader."""
    for said, known, zh, en in ((by, DIMENSIONS, "维度", "dimension"), (measures, MEASURES, "指标", "measure")):
        unknown = next((name for name in said if name not in known), None)
        if unknown is not None or len(set(said)) < len(said):
            raise wrong(f"没有这个{zh},或重复", f"no such {en}, or one twice", unknown or ", ".join(said),
                        "可用:" + "、".join(known), "choose of: " + ", ".join(known))  # fmt: skip
    if not folders or not measures:
        raise wrong("没有结果或指标可汇总", "nothing to sum up", len(folders), "给出运行结果和指标",
                    "name results and measures")  # fmt: skip
    if compare is not None and compare not in _SAID:
        raise wrong(
            "没有这种比较", "no such comparison", compare, "用 " + "、".join(_SAID), "use " + ", ".join(_SAID)
        )
    if (compare == "target") != (targets is not None):
        raise wrong("与目标比较要给出目标值", "targets go with compare target", compare, "给出各指标的目标值",
                    "give a target by measure")  # fmt: skip
    if compare == "peers" and ("institution_id" not in by or scope.departments or scope.doctors):
        raise wrong("同级比较只在机构之间", "peers are institutions", ", ".join(by), "按机构汇总",
                    "sum up by institution_id")  # fmt: skip
    for_everybody = scope.nobody or (compare == "peers" and scope.limited)
    rest = [name for name in by if scope.nobody or name != "institution_id"]
    if for_everybody and (where or len(rest) > 2 or any(name in UNITS for name in rest)):
        raise wrong(
            "与他人有关的汇总不能筛选,最多两个维度,且不能指名科室或医师",
            "sums over others take no filters, two dimensions at most, and none that name a department or doctor",
            ", ".join(by), "去掉筛选,减少维度", "leave out filters and dimensions",
        )  # fmt: skip
    if scope.nobody and compare is not None:
        raise wrong("公开汇总没有比较", "there is no comparison for everybody", compare, "去掉比较", "leave it out")
