"""Sums over runs by what a reader asks for, beside what they are compared with (design/12 §7, design/13 §3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from drgpay.runs.pages.lately import Lately, plain, stamp
from drgpay.runs.pages.measures import DIMENSIONS, MEASURES, UNITS, Measure, quotient
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.source import Source
from drgpay.runs.pages.sums import ABOVE, BELOW, Folders, value_of
from drgpay.runs.pages.suppress import Bounds, Cell, Key, hidden_cells
from drgpay.runs.pages.times import overlapping, times
from drgpay.runs.pages.view import Where, wrong
from drgpay.tables import Column
from drgpay.units import ONE

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


_LATELY: Lately[Summary] = Lately(200_000, lambda found: (len(found.rows) + 1) * (len(found.columns) + 1))


@dataclass(frozen=True)
class _Asked:
    """What :func:`summarise` is asked."""

    folders: tuple[Path, ...]
    by: tuple[str, ...]
    measures: tuple[str, ...]
    scope: Scope
    where: tuple[Where, ...]
    compare: Compare | None
    targets: tuple[tuple[str, int], ...] | None
    suppress_below: int


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
    a filter by institution then says whose rows are shown, and leaves the peers as they are. ``target`` beside
    ``targets``, by measure; a measure without one stands alone.

    A reader of an institution sees sums of his own rows, and peers only where ``suppress_below`` of them, and as many
    stays, stand behind the figure. Somebody of no unit (``Scope.public()``) sees all of the area by one or two
    dimensions that name nobody, without filters: figures of less than ``suppress_below`` stays or three institutions
    are hidden, and others with them by which they could be worked out. The same asked again is what was found before;
    nobody changes it.

    Raises USAGE when the question does not fit, DATA when the folders do not hold what it is about.
    """
    asked = _Asked(
        tuple(folders), tuple(by), tuple(measures), scope, tuple(where), compare,
        None if targets is None else tuple(sorted(targets.items())), suppress_below,
    )  # fmt: skip
    _check(asked)
    for folder in folders:
        Source(folder, scope).manifest  # noqa: B018
    plainly = tuple((one.column, one.op, plain(one.value)) for one in where)
    key = (tuple(map(stamp, folders)), asked.by, asked.measures, scope, plainly, compare, asked.targets,
           suppress_below)  # fmt: skip
    return _LATELY.get(key, lambda: _summed(asked))


def _summed(asked: _Asked) -> Summary:
    """:func:`summarise`, worked out."""
    folders, scope, where, compare = asked.folders, asked.scope, asked.where, asked.compare
    dims, its = asked.by, tuple(MEASURES[m] for m in asked.measures)
    if scope.nobody:
        return _public(folders, dims, its, scope, asked.suppress_below)
    if compare in ("previous", "last_year"):
        dims = dims if "month" not in dims or "year" in dims else ("year", *dims)
        now, before, later = times(folders, dims, scope, compare)
        here, there = (Folders(tuple(f), scope, asked.suppress_below) for f in (now, before))
        sums = here.sums(dims, its, where)
        beside = _values(there.sums(dims, its, where), dims, its, there).with_columns(later)
        return _summary(dims, its, here, sums, compare, beside)
    overlapping(folders, scope)
    whole = Folders(folders, scope, asked.suppress_below)
    sums = whole.sums(dims, its, where)
    if compare == "peers":
        others = [one for one in where if one.column != _HOUSE]
        beside = _peers(folders, dims, its, scope, others, asked.suppress_below)
        return _summary(dims, its, whole, sums, compare, beside)
    if compare == "target":
        aims = dict(asked.targets or ())
        wanted = [pl.lit(aims[m.name], pl.Int128).alias(m.name) for m in its if m.name in aims]
        return _summary(dims, its, whole, sums, compare, sums.select(*dims, *wanted))
    return _summary(dims, its, whole, sums, None, None)


def _values(sums: pl.DataFrame, dims: Sequence[str], measures: Sequence[Measure], folders: Folders) -> pl.DataFrame:
    """The measures by their sums."""
    return sums.select(*dims, *(value_of(m, folders) for m in measures))


_GONE = "suppressed"


def _summary(
    dims: tuple[str, ...],
    measures: tuple[Measure, ...],
    folders: Folders,
    sums: pl.DataFrame,
    compare: Compare | None,
    beside: pl.DataFrame | None,
) -> Summary:
    """Rows in order, beside what they are compared with, whose column ``suppressed`` says what is not shown of it."""
    names = tuple(m.name for m in measures)
    both = () if beside is None else tuple(n for n in names if n in beside.columns)
    rows = _values(sums, dims, measures, folders)
    if beside is not None:
        other = beside.rename({n: f"{n}_compared" for n in both})
        rows = (
            rows.join(other, on=dims, how="left", nulls_equal=True)
            if dims
            else pl.concat([rows, other], how="horizontal")
        )
        rows = rows.with_columns((pl.col(n) - pl.col(f"{n}_compared")).alias(f"{n}_change") for n in both)
        rows = rows.with_columns(
            quotient(pl.col(f"{n}_change") * ONE, pl.col(f"{n}_compared").abs()).alias(f"{n}_change_ratio")
            for n in both
        )
    rows = rows.sort(dims, nulls_last=True) if dims else rows
    gone = rows[_GONE].arg_true().to_list() if _GONE in rows.columns else []
    columns = _columns(dims, measures, compare, both)
    hidden = [f"{n}_{what}" for n in both for what in ("compared", "change", "change_ratio")]
    totals = _values(sums.select(pl.exclude(dims).sum()), (), measures, folders).row(0, named=True)
    return Summary(
        dims, names, columns, rows.select(c.name for c in columns).to_dicts(), totals,
        frozenset((number, name) for number in gone for name in hidden),
    )  # fmt: skip


def _columns(
    dims: Sequence[str], measures: Sequence[Measure], compare: Compare | None, both: Sequence[str]
) -> tuple[Column, ...]:
    found = [DIMENSIONS[name] for name in dims]
    for measure in measures:
        column = measure.column
        found.append(column)
        if compare and column.name in both:
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
    cells: dict[Key, Cell] = defaultdict(lambda: Cell(0, frozenset()))
    for *key, house, n in by_house.select(*dims, "institution_id", _N).rows():
        cells[tuple(key)] |= Cell(n, frozenset({house}))
    hidden = hidden_cells(cells, Bounds(below, FEWEST))
    of_all = by_house.drop("institution_id")
    sums = of_all.group_by(dims).agg(pl.exclude(dims).sum()) if dims else of_all.sum()
    shown = _summary(dims, measures, everybody, sums, None, None)
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
) -> pl.DataFrame:
    """What the others of an institution's level have, by the key of its rows: of a quotient that of all together, of
    a sum the mean. ``suppressed``: the reader may not know it, and it is null."""
    everybody = Folders(tuple(folders), Scope(areas=scope.areas))
    rest = tuple(name for name in dims if name != "institution_id")
    level = pl.col("institution_id").replace_strict(everybody.levels, default=None).alias(_LEVEL)
    own = everybody.sums(dims, dict.fromkeys((*measures, MEASURES["n"])), where)
    own = own.with_columns(level, pl.lit(1, pl.Int128).alias(_HOUSES))
    counted = [name for name in own.columns if name.endswith((ABOVE, BELOW)) or name == _HOUSES]
    others = own.with_columns((pl.sum(n).over(_LEVEL, *rest) - pl.col(n)).alias(n) for n in counted)
    means = [
        quotient(pl.col(m.name + ABOVE), pl.col(_HOUSES)).alias(m.name) if m.below is None else value_of(m, everybody)
        for m in measures
    ]
    gone: list[tuple[Any, ...]] = []
    for house in sorted(scope.institutions or ()) if scope.limited else ():
        peers = own.filter(pl.col(_LEVEL) == everybody.levels.get(house), pl.col("institution_id") != house)
        gone += [(house, *key) for key in _hidden_peers(peers, rest, scope, below)]
    schema = {"institution_id": pl.String} | {name: own.schema[name] for name in rest} | {_GONE: pl.Boolean}
    hidden = pl.DataFrame([(*key, True) for key in gone], schema=schema, orient="row")
    found = others.select(*dims, *means).join(hidden, on=["institution_id", *rest], how="left", nulls_equal=True)
    is_gone = pl.col(_GONE).fill_null(False)
    shown = [pl.when(~is_gone).then(pl.col(m.name)).alias(m.name) for m in measures]
    return found.select(*dims, *shown, is_gone)


_N, _HOUSE = "n" + ABOVE, "institution_id"
_LEVEL, _HOUSES = "level of the institution", "institutions"


def _hidden_peers(peers: pl.DataFrame, rest: Sequence[str], scope: Scope, below: int) -> frozenset[Key]:
    """The keys whose figures rest on too few that are not the reader's own, and those by which they follow."""
    mine = scope.institutions or frozenset()
    cells: dict[Key, Cell] = defaultdict(lambda: Cell(0, frozenset()))
    for *key, house, n in peers.select(*rest, "institution_id", _N).rows():
        cells[tuple(key)] |= Cell(0, frozenset()) if house in mine else Cell(n, frozenset({house}))
    return hidden_cells(cells, Bounds(below, below))


def _check(asked: _Asked) -> None:
    """USAGE unless the question can be answered, and by this reader."""
    by, measures, scope, compare = asked.by, asked.measures, asked.scope, asked.compare
    for said, known, zh, en in ((by, DIMENSIONS, "维度", "dimension"), (measures, MEASURES, "指标", "measure")):
        unknown = next((name for name in said if name not in known), None)
        if unknown is not None or len(set(said)) < len(said):
            raise wrong(f"没有这个{zh},或重复", f"no such {en}, or one twice", unknown or ", ".join(said),
                        "可用:" + "、".join(known), "choose of: " + ", ".join(known))  # fmt: skip
    if not asked.folders or not measures:
        raise wrong("没有结果或指标可汇总", "nothing to sum up", len(asked.folders), "给出运行结果和指标",
                    "name results and measures")  # fmt: skip
    if compare is not None and compare not in _SAID:
        raise wrong(
            "没有这种比较", "no such comparison", compare, "用 " + "、".join(_SAID), "use " + ", ".join(_SAID)
        )
    if (compare == "target") != (asked.targets is not None):
        raise wrong("与目标比较要给出目标值", "targets go with compare target", compare, "给出各指标的目标值",
                    "give a target by measure")  # fmt: skip
    if compare == "peers" and ("institution_id" not in by or scope.departments or scope.doctors):
        raise wrong("同级比较只在机构之间", "peers are institutions", ", ".join(by), "按机构汇总",
                    "sum up by institution_id")  # fmt: skip
    for_everybody = scope.nobody or (compare == "peers" and scope.limited)
    rest = [name for name in by if scope.nobody or name != _HOUSE]
    filtered = [one for one in asked.where if scope.nobody or one.column != _HOUSE]
    if for_everybody and (filtered or len(rest) > 2 or any(name in UNITS for name in rest)):
        raise wrong(
            "与他人有关的汇总不能筛选,最多两个维度,且不能指名科室或医师",
            "sums over others take no filters, two dimensions at most, and none that name a department or doctor",
            ", ".join(by), "去掉筛选,减少维度", "leave out filters and dimensions",
        )  # fmt: skip
    if scope.nobody and compare is not None:
        raise wrong("公开汇总没有比较", "there is no comparison for everybody", compare, "去掉比较", "leave it out")
