"""Open a file of stays of whatever format: recognise it, or take the one that is named, and see it in own columns."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.files import SUFFIXES, Chunk, Source, fail, open_source, present
from drgpay.steps.intake.formats.catalogue import CANONICAL, Format, catalogue, named
from drgpay.steps.intake.formats.dbf import open_dbf
from drgpay.steps.intake.formats.hints import Hints
from drgpay.steps.intake.formats.jsonlist import open_json
from drgpay.steps.intake.formats.view import View
from drgpay.steps.intake.headers import header_key, known_headers, measures, names_of, readings, unit_of, wide
from drgpay.steps.intake.values import typed
from drgpay.tables import STAY_DETAILS, STAYS, WITHDRAWN

_JSON = (".json", ".jsonl", ".ndjson")
_LIST = "settlement-list"
_ROWS = 1 << 16
_WIDE = frozenset(("dx1", "proc1"))


@dataclass(frozen=True)
class Opened:
    """A file in columns of STAYS.

    ``format``: its format (id), ``said``: the words that say so (Chinese, English); ``names``: column -> header cell
    of the file, where they differ in meaning; ``unknown``: (header cell, nearest known one), None = not looked for;
    ``summed``: columns added up from their parts; ``spread``: column -> header cells, where its codes stand in
    several; ``seen``: the header cells as they stand in the file; ``reads``: column of STAYS -> positions of the
    header cells it is made of, where a format says so; ``encoding``: of a text file.
    """

    source: Source
    format: str
    said: tuple[str, str]
    names: Mapping[str, str]
    unknown: tuple[tuple[str, str], ...] | None
    summed: tuple[str, ...] = ()
    spread: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    reads: Mapping[str, Sequence[int]] = field(default_factory=dict)
    encoding: str = ""

    def own_places(self, keep: Sequence[str]) -> dict[str, int]:
        """Header cells of the file to be kept as they are -> where a chunk has them; ``*`` means all of them.

        Raises USAGE for a header the file does not have.
        """
        there = {header_key(cell): i for i, cell in reversed(list(enumerate(self.seen))) if cell.strip()}
        wanted = list(range(len(self.seen))) if "*" in keep else [there.get(header_key(cell), -1) for cell in keep]
        for place, cell in zip(wanted, keep, strict=False):
            if place < 0:
                near = difflib.get_close_matches(header_key(cell), there, n=1)
                known = "、".join(self.seen[:12])
                raise DrgpayError(
                    Kind.USAGE,
                    zh="文件没有要保留的列",
                    en="the file has no such column to keep",
                    file=self.source.file,
                    value=cell,
                    fix_zh=f"最接近的是 {self.seen[there[near[0]]]}" if near else f"文件的列：{known}",
                    fix_en=f"the nearest is {self.seen[there[near[0]]]}" if near else f"its columns: {known}",
                )
        viewed = self.unknown is not None
        return {self.seen[i].strip() or f"#{i + 1}": -1 - i if viewed else i for i in wanted}

    def demand(self, required: frozenset[str]) -> None:
        """Fail, for a format that is not the canonical one, when it lacks required columns: naming them, and the ways
        to give them."""
        missing = [STAYS[name] for name in STAYS.names if name in required and name not in self.source.header]
        if self.unknown is None or not missing:
            return
        listed = ", ".join(column.name for column in missing)
        raise fail(
            f"{self.said[0]},其中没有:" + "、".join(f"{column.zh}({column.name})" for column in missing),
            f"{self.said[1]}, which lacks: {listed}",
            f"各行相同的值写进别名文件的 constants(--alias),如 {missing[0].name}: …;逐行不同的加一列,列名用 {listed};"
            "只分组用 --need grouping",
            f"a value all rows share goes to constants of an alias file (--alias), as {missing[0].name}: …; others "
            f"into a column of their own named {listed}; only to group, use --need grouping",
            file=self.source.file,
            field=missing[0].name,
        )


@dataclass(frozen=True)
class _Renamed:
    """A source whose header reads as an alias file says."""

    inner: Source
    header: tuple[str, ...]

    @property
    def file(self) -> str:
        return self.inner.file

    @property
    def floats(self) -> frozenset[int]:
        return self.inner.floats

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        return self.inner.chunks(wanted, rows)

    def column(self, position: int) -> Iterator[Any]:
        return self.inner.column(position)


@dataclass(frozen=True)
class _WithConstants:
    """A source with further columns that have one value in all rows."""

    inner: Source
    constants: Mapping[str, str]

    @property
    def file(self) -> str:
        return self.inner.file

    @property
    def floats(self) -> frozenset[int]:
        return self.inner.floats

    @property
    def header(self) -> tuple[str, ...]:
        return (*self.inner.header, *self.constants)

    def chunks(self, wanted: Sequence[int], rows: int) -> Iterator[Chunk]:
        inside = len(self.inner.header)
        values = tuple(self.constants.values())
        for chunk in self.inner.chunks([place for place in wanted if place < inside], rows):
            own = {
                place: pa.repeat(pa.scalar(values[place - inside]), len(chunk.lines))
                for place in wanted
                if place >= inside
            }
            yield replace(chunk, columns={**chunk.columns, **own})

    def column(self, position: int) -> Iterator[Any]:
        return self.inner.column(position)  # asked for ids only, which are no constants


def open_stays(path: Path, hints: Hints) -> Opened:
    """Open a file of stays: CSV, Excel, Parquet, DBF, or settlement lists as JSON.

    The format is the one the hints name, else the only one whose headers are all there, else drgpay's own columns.
    Raises DrgpayError: kind DATA for a file that cannot be read, is not of the named format, or fits several; kind
    USAGE for a name that is no format.
    """
    wanted = named(hints.format) if hints.format else None
    own = {header_key(header): target for header, target in hints.columns.items()}
    source = _open(path, wanted, hints)
    seen, encoding = source.header, str(getattr(source, "encoding", ""))
    plain = tuple(known_cell(cell) for cell in seen)
    if plain != seen:
        source = _Renamed(source, plain)
    if own:
        _all_there(seen, source.file, hints)
        source = _Renamed(
            source, tuple(own.get(header_key(cell), as_read) for cell, as_read in zip(seen, plain, strict=True))
        )
    form = wanted or (None if hints.format else _recognised(source))
    zh, en = ("识别为", "recognised as") if not hints.format else ("按指定格式", "read as")
    if form is None:
        names = {target: header for header, target in hints.columns.items() if target in STAYS.names}
        said = (f"{zh} {CANONICAL}(标准列)", f"{en} {CANONICAL} (drgpay's own columns)")
        return _constant(Opened(source, CANONICAL, said, names, None, seen=seen, encoding=encoding), hints)
    lacking = form.lacking(source.header)
    if lacking:
        raise _not_of(form, source, lacking)
    view = View(source, seen, form, hints.newborn_age, hints.constants)
    said = (f"{zh} {form.id}({form.zh})", f"{en} {form.id} ({form.en})")
    return _constant(
        Opened(
            view, form.id, said, view.names, view.unknown, tuple(view.summed), view.spread, seen, view.reads, encoding
        ),
        hints,
    )


def withdrawals(path: Path, hints: Hints) -> dict[int, str]:
    """Rows of a file of stays that take a stay back (列 撤销): line -> stay_id, empty where none stands.

    A file without the column has none. Raises DrgpayError of kind DATA as :func:`open_stays` does, and for a cell of
    the column that is neither yes nor no.
    """
    raw = _open(path, named(hints.format) if hints.format else None, hints)
    names = known_headers([WITHDRAWN])
    places = [at for at, cell in enumerate(raw.header) if header_key(cell) in names]
    if not places:
        return {}
    taken: set[int] = set()
    for chunk in raw.chunks(places[:1], _ROWS):
        told = typed(WITHDRAWN, chunk.columns[places[0]])
        for fault in told.faults:
            raise fail("“撤销”列只能填 是 或 否", "the column withdrawn takes yes or no", "改正该单元格",
                       "correct the cell", file=raw.file, row=int(chunk.lines[fault.at[0]]), field=WITHDRAWN.name,
                       value=fault.values[0])  # fmt: skip
        yes = pc.fill_null(told.values, False).to_numpy(zero_copy_only=False)
        taken |= set(chunk.lines[yes].tolist())
    opened, ids = open_stays(path, hints), dict.fromkeys(taken, "")
    keys = known_headers([STAYS["stay_id"]])
    at = next((place for place, cell in enumerate(opened.source.header) if header_key(cell) in keys), -1)
    for chunk in opened.source.chunks([at], _ROWS) if at >= 0 else ():
        read = typed(STAYS["stay_id"], chunk.columns[at]).values
        for place, line in enumerate(chunk.lines.tolist()):
            if line in taken:
                ids[line] = read[place].as_py() or ""
    return ids


def open_details(path: Path) -> Source | None:
    """A front page or settlement list seen in columns of STAY_DETAILS; None for a file in drgpay's own columns.

    Raises DrgpayError of kind DATA as :func:`open_stays` does.
    """
    source = _open(path, None, Hints())
    seen = source.header
    source = _Renamed(source, tuple(known_cell(cell) for cell in seen))
    form = _recognised(source)
    return None if form is None else View(source, seen, form, "", {}, STAY_DETAILS)


def _open(path: Path, wanted: Format | None, hints: Hints) -> Source:
    present(path)
    suffix = path.suffix.lower()
    if suffix == ".dbf":
        return open_dbf(path)
    if suffix in _JSON:
        return open_json(path, wanted or catalogue()[_LIST], frozenset(map(header_key, hints.columns)))
    headers = {header_key(header) for form in catalogue().values() for header in form.headers()}
    own = {header_key(header) for header in hints.columns} | _WIDE
    if suffix not in SUFFIXES:
        raise fail(f"不认识的文件类型 {suffix}", f"unknown kind of file {suffix}",
                   "请用 .csv、.xlsx、.parquet、.dbf 或 .json", "use .csv, .xlsx, .parquet, .dbf or .json",
                   file=path.name)  # fmt: skip
    return open_source(path, frozenset(known_headers(STAYS.columns)) | headers | own, hints.where)


@cache
def known_cell(cell: str) -> str:
    """A header cell as it is, or, where nobody knows it so, without its unit and with the code in its brackets, when
    that is known: ``病案号(A48)`` is A48, ``总费用(元)`` is 总费用."""
    found = readings(cell)
    if not found or _known(header_key(cell), ""):
        return cell
    return next((key for key, unit in found if _known(key, unit)), cell)


@cache
def _measured() -> tuple[dict[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """What the units of known headers measure: of the columns of STAYS, and of the patterns of the formats."""
    columns = {header_key(name): measures(column) for column in STAYS.columns for name in names_of(column)}
    patterns = tuple(
        (re.compile(entry.pattern(header)), unit_of(entry.unit))
        for form in catalogue().values()
        for entry in form.entries
        for header in entry.headers
    )
    return columns, patterns


def _known(key: str, unit: str) -> bool:
    """Whether somebody knows a header, in this unit where one is said."""
    columns, patterns = _measured()
    if key in columns:
        return unit in ("", columns[key])
    if wide(key, columns.keys() | {"dx", "proc"})[0]:
        return not unit
    return any(unit in ("", measured) for pattern, measured in patterns if pattern.fullmatch(key))


def _recognised(source: Source) -> Format | None:
    fitting = [form for form in catalogue().values() if form.fits(source.header)]
    if len(fitting) > 1:
        ids = [form.id for form in fitting]
        raise fail(
            f"表头符合几种格式:{'、'.join(ids)}",
            f"the header fits several formats: {', '.join(ids)}",
            f"用 --format 指定,如 --format {ids[0]}",
            f"name one, as --format {ids[0]}",
            file=source.file,
        )
    return fitting[0] if fitting else None


def _not_of(form: Format, source: Source, lacking: Sequence[str]) -> DrgpayError:
    like = [other.id for other in catalogue().values() if other.fits(source.header)]
    better = like[0] if like else CANONICAL
    return fail(
        f"不是 {form.id}({form.zh}):没有 {'、'.join(lacking)} 列",
        f"not {form.id} ({form.en}): no column {', '.join(lacking)}",
        f"表头像 {better};去掉 --format 可自动识别,或用别名文件对应列名(--alias)",
        f"the header looks like {better}; leave out --format to have it recognised, or name your columns in an alias "
        "file (--alias)",
        file=source.file,
        field=lacking[0],
    )


def _all_there(cells: Sequence[str], file: str, hints: Hints) -> None:
    """Fail when the alias file names a header that the file does not have."""
    there = {header_key(cell): cell.strip() for cell in cells}
    for header in hints.columns:
        if header_key(header) not in there:
            near = difflib.get_close_matches(header_key(header), there, n=1)
            raise fail(
                f"{file} 没有别名文件所写的列",
                f"{file} has no such column as the alias file names",
                f"最接近的表头是 {there[near[0]]}" if near else "核对表头",
                f"the nearest header is {there[near[0]]}" if near else "check the header",
                file=hints.file or None,
                row=hints.lines.get(header),
                value=header,
            )


def _constant(opened: Opened, hints: Hints) -> Opened:
    if not hints.constants:
        return opened
    keys = {header_key(cell): cell for cell in opened.source.header}
    for name in hints.constants:
        for known in known_headers([STAYS[name]]):
            if known in keys:
                raise fail(
                    f"{opened.source.file} 已有该列,不能再给常数",
                    f"{opened.source.file} has this column, so it can be no constant",
                    "从 constants 去掉它",
                    "take it out of constants",
                    file=hints.file or None,
                    row=hints.lines.get(name),
                    field=name,
                    value=opened.names.get(name, keys[known]),
                )
    return replace(opened, source=_WithConstants(opened.source, hints.constants))
