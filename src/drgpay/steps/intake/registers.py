"""Registers: institutions, budgets, grades, decisions and so on. Small, and either right or refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.codes import read_codes
from drgpay.steps.intake.files import Chunk, fail, open_source, refuse_floats
from drgpay.steps.intake.headers import header_key, known_headers, locate
from drgpay.steps.intake.references import Known, astray
from drgpay.steps.intake.rules import RULES, limits
from drgpay.steps.intake.spellings import chinese
from drgpay.steps.intake.taken import is_taken, row_digest, taken_file
from drgpay.steps.intake.values import Typed, typed
from drgpay.tables import BATCHES, RECORDING, TAKES, Column, Table, taken_table
from drgpay.units import show_coefficient, show_fen

REGISTER_SUFFIXES = (".csv", ".xlsx", ".parquet")
_LISTED = 20
"""errors named in one message"""
_LONGEST = 60
"""signs of a value shown"""
_PERSONAL = ("person_id",)
_DAY = RECORDING[0].name
_IDENTITY = re.compile(r"\d{15}")


@dataclass(frozen=True, order=True)
class Wrong:
    """What is wrong with a cell: its line, the header over it, its value as it may be shown, and what is wrong and
    what to do, in both languages with ``;`` between."""

    line: int
    field: str
    value: str
    zh: str
    en: str


@dataclass(frozen=True)
class Register:
    """What a register says: ``rows`` in force (an Arrow table of the table's schema, in the order of the file), and
    ``every`` row that is known, with its day and author of recording. ``digest``: of the known rows of the file
    people keep, whatever their order; None where it does not record days, and its own digest tells it.

    ``taken``: of the rows in force those that were taken from results, with the columns of
    :func:`drgpay.tables.taken_table`; ``taken_digest``: of the known rows that were taken; None: there are none."""

    rows: Any
    every: Any
    digest: str | None
    taken: tuple[dict[str, Any], ...] = ()
    taken_digest: str | None = None


@dataclass(frozen=True)
class _Sheet:
    """One file of a register as it was read: the name of the file, its headers by column, the known rows with their
    ``_line``, what is wrong, and whether it records days."""

    file: str
    heads: dict[str, str]
    rows: Any
    wrong: list[Wrong]
    dated: bool


def recorded(table: Table) -> Table:
    """A register with the two columns every one may have besides its own: who recorded a row, and when. The register
    of batches has its own day, and its rows are never replaced."""
    return table if table == BATCHES else replace(table, columns=(*table.columns, *RECORDING))


def read_register(path: Path, table: Table, known: Known | None = None, known_on: date | None = None) -> Any:
    """Read a register as an Arrow table of ``table.schema``, in the order of the file.

    ``path`` may leave out the suffix; then exactly one of .csv, .xlsx and .parquet must be there. Headers may be
    Chinese or English. Money in CSV and Excel is yuan; whole numbers in a Parquet money column are fen. A register
    with a header and no rows is an empty table. Of rows with the same key the one recorded last is in force
    (``recorded_on``; undated rows are the oldest); ``known_on``: rows recorded later are not known yet. Raises
    DrgpayError of kind DATA naming up to 20 errors by row, column and value: unreadable, empty, not listed, out of
    bounds, a key that occurs again without a day or with other values on the same day, or, with ``known``, an
    institution, stay, group and so on that is not there, with the nearest that is. Values are shown as they were
    typed, but those of columns that name persons.
    """
    return read_recorded(path, table, known, known_on).rows


def read_recorded(
    path: Path, table: Table, known: Known | None = None, known_on: date | None = None, *, taken: bool = True
) -> Register:
    """:func:`read_register`, with what was recorded and superseded. Beside the file people keep lies
    ``<register>.taken.csv`` where a result was taken: its rows supersede those they were taken over. ``taken`` false:
    without them."""
    found = _found(path)
    own = taken_file(found.parent, table)
    sheets = {} if is_taken(found) else {False: _sheet(found, recorded(table), known_on)}
    if taken and own.is_file():
        sheets[True] = _taken_sheet(own, table, known_on)
    whole = pa.concat_tables([sheet.rows for sheet in sheets.values()], promote_options="default")
    whole = whole.unify_dictionaries().combine_chunks()
    force = _in_force(table, whole, sheets)
    standing = whole.take(pa.array(force, pa.int64()))
    _astray(table, standing, known or Known(), sheets)
    for sheet in sheets.values():
        if sheet.wrong:
            raise refused(sheet.file, sheet.wrong)
    theirs = whole.filter(whole.column("_own"))
    people = sheets.get(False)
    return Register(
        standing.select(table.names).cast(table.schema),
        whole.select(recorded(table).names).cast(recorded(table).schema),
        _digest(recorded(table), people.rows) if people and people.dated else None,
        tuple(standing.filter(standing.column("_own")).to_pylist()),
        _digest(taken_table(table), theirs) if theirs.num_rows else None,
    )


_MOST, _KEPT = 1 << 20, 64
"""bytes of a file that is remembered, and how many are"""
_known: dict[tuple[Any, ...], _Sheet] = {}


def _sheet(path: Path, wide: Table, known_on: date | None, own: bool = False) -> _Sheet:
    """Read one file of a register; ``wide``: its columns; ``own``: it holds what was taken from results. One that was
    read lately is known by its bytes, wherever it lies."""
    content = _small(path)
    if content is None:
        return _read_sheet(path, wide, known_on, own)
    key = (path.name, hashlib.sha256(content).digest(), wide.name, wide.names, known_on, own)
    found = _known.get(key)
    if found is None:
        found = _read_sheet(path, wide, known_on, own)
        if _small(path) == content:
            if len(_known) >= _KEPT:
                _known.clear()
            _known[key] = found
    return replace(found, wrong=list(found.wrong))


def _small(path: Path) -> bytes | None:
    """The bytes of a file that is small enough to be remembered."""
    try:
        return path.read_bytes() if path.stat().st_size <= _MOST else None
    except OSError:
        return None


def _read_sheet(path: Path, wide: Table, known_on: date | None, own: bool) -> _Sheet:
    source = open_source(path, frozenset(known_headers(wide.columns)))
    required = frozenset(column.name for column in wide.columns if not column.null)
    layout = locate(source.file, source.header, wide, wide.columns, required)
    refuse_floats(source, wide, layout.places)
    heads = {name: source.header[place].strip() for name, (place,) in layout.places.items()}
    parts: list[Any] = []
    wrong: list[Wrong] = []
    for chunk in source.chunks([place for (place,) in layout.places.values()], 1 << 16):
        wrong += unaligned(chunk, len(source.header))
        cells = {name: chunk.columns[place] for name, (place,) in layout.places.items()}
        part, found = typed_rows(wide, cells, chunk.lines, heads)
        wrong += found
        parts.append(part.append_column("_own", pa.repeat(own, part.num_rows)))
    schema = pa.schema([*wide.schema, pa.field("_line", pa.int64()), pa.field("_own", pa.bool_())])
    rows = pa.concat_tables(parts).unify_dictionaries().combine_chunks() if parts else schema.empty_table()
    if known_on is not None and _DAY in layout.places:
        later = pc.fill_null(pc.greater(rows.column(_DAY), pa.scalar(known_on, pa.date32())), False)
        unknown = set(rows.filter(later).column("_line").to_pylist())
        wrong = [w for w in wrong if w.line not in unknown]
        rows = rows.filter(pc.invert(later))
    return _Sheet(source.file, heads, rows, wrong, _DAY in layout.places)


def read_taken(path: Path, table: Table) -> Any:
    """Every row a register ever took from results, in order, as :func:`drgpay.tables.taken_table` has it."""
    sheet = _sheet(path, taken_table(table), None, own=True)
    if sheet.wrong:
        raise refused(sheet.file, sheet.wrong)
    return sheet.rows.select(taken_table(table).names)


def _taken_sheet(path: Path, table: Table, known_on: date | None) -> _Sheet:
    """What a register took from results, as far as the takings are listed in ``takes``; rows of the one after the
    last listed are what an interrupted one left, and do not count."""
    listed = read_register(path.with_name(TAKES.name), TAKES).column("take").to_pylist()
    sheet = _sheet(path, taken_table(table), known_on, own=True)
    numbers = sheet.rows.column("take").to_pylist()
    for line, number in zip(sheet.rows.column("_line").to_pylist(), numbers, strict=True):
        if number is not None and number not in listed and number != max(listed, default=0) + 1:
            zh, en = "接收记录(takes)里没有这一次接收;从备份恢复", "not in the list takes; restore it from a backup"
            sheet.wrong.append(Wrong(line, "take", str(number), zh, en))
    kept = pc.is_in(sheet.rows.column("take"), value_set=pa.array(listed, pa.int32()))
    return replace(sheet, rows=sheet.rows.filter(kept))


def unaligned(chunk: Chunk, width: int) -> list[Wrong]:
    """Lines with more or fewer cells than the header, and lines that add up others: none of them are rows."""
    return [
        *(Wrong(line, "", f"{cells} / {width}", *RULES["cells"].texts()) for line, cells in chunk.ragged),
        *(Wrong(line, "", "", *RULES["total_row"].texts()) for line in chunk.totals),
    ]


def typed_rows(
    wide: Table, cells: Mapping[str, Any], lines: Any, heads: Mapping[str, str]
) -> tuple[Any, list[Wrong]]:
    """Cells by column (Arrow arrays of one length; a column that is not there is empty) as an Arrow table of ``wide``
    with the line of every row in ``_line``, and what is wrong with them one by one. ``heads``: column → header."""
    columns, wrong = {}, []
    for column in wide.columns:
        its = cells.get(column.name)
        if its is None:
            value = Typed(pa.nulls(len(lines), column.arrow))
        else:
            value = read_codes(column, [its]) if column.type == "codes" else typed(column, its)
        wrong += _judge(column, value, lines, its, heads.get(column.name, column.name))
        columns[column.name] = value.values
    columns["_line"] = pa.array(lines)
    return pa.table(columns), wrong


def in_force(table: Table, whole: Any, known: Known, heads: Mapping[str, str]) -> tuple[Any, list[Wrong]]:
    """Of rows from :func:`typed_rows` those in force, and what is wrong with them: keys that occur again, and cells
    that name what is not there."""
    sheet = _Sheet("", dict(heads), whole, [], dated=True)
    force = _in_force(table, whole.append_column("_own", pa.repeat(False, whole.num_rows)), {False: sheet})
    standing = whole.take(pa.array(force, pa.int64()))
    _astray(table, standing, known, {False: sheet})
    return standing, sheet.wrong


def _astray(table: Table, standing: Any, known: Known, sheets: Mapping[bool, _Sheet]) -> None:
    """Add to the sheets the cells that name what is not there."""
    lines = standing.column("_line").to_pylist()
    mine = standing.column("_own").to_pylist() if "_own" in standing.column_names else [False] * len(lines)
    for cell in astray(table, standing, known):
        sheet = sheets[mine[cell.at]]
        head = sheet.heads.get(cell.column.name, cell.column.name)
        sheet.wrong.append(Wrong(lines[cell.at], head, _seen(cell.column, cell.value), cell.zh, cell.en))


def _digest(wide: Table, rows: Any) -> str:
    """Digest of rows that are known, whatever their order."""
    columns = [rows.column(name).to_pylist() for name in wide.names]
    lines = ("\x1f".join("" if cell is None else str(cell) for cell in row) for row in zip(*columns, strict=True))
    return hashlib.sha256("\n".join([",".join(wide.names), *sorted(lines)]).encode()).hexdigest()


def holds_register(path: Path, table: Table) -> bool:
    """Whether a file has a table with every column the register needs."""
    source = open_source(path, frozenset(known_headers(table.columns)))
    known = known_headers(table.columns)
    there = {known.get(header_key(cell)) for cell in source.header}
    return all(column.name in there for column in table.columns if not column.null)


def register_files(folder: Path, table: Table, suffixes: Sequence[str] = REGISTER_SUFFIXES) -> list[Path]:
    """The files of a folder that bear a name of the table (English or Chinese, in any case) and one of the
    suffixes."""
    names = {header_key(name) for name in table.file_names}
    return sorted(
        p
        for p in (folder.iterdir() if folder.is_dir() else ())
        if p.suffix.lower() in suffixes and header_key(p.stem) in names and p.is_file()
    )


def register_file(folder: Path, table: Table, suffixes: Sequence[str] = REGISTER_SUFFIXES) -> Path | None:
    """The file of a register in a folder: the one people keep, else what was taken from results; None where it was
    not brought. Raises DATA when there are several."""
    there = register_files(folder, table, suffixes)
    if len(there) > 1:
        raise several(there)
    own = taken_file(folder, table)
    return there[0] if there else own if own.is_file() else None


def register_paths(folder: Path, table: Table) -> list[Path]:
    """Both files of a register: the one people keep, and what was taken from results, as far as they are there."""
    first, own = register_file(folder, table), taken_file(folder, table)
    return list(dict.fromkeys(path for path in (first, own) if path is not None and path.is_file()))


def several(paths: Sequence[Path]) -> DrgpayError:
    """What to say of one register that was handed in more than once."""
    names = [path.name for path in paths]
    return fail(
        f"同一张登记表有几个文件:{'、'.join(names)}",
        f"several files for one register: {', '.join(names)}",
        "只保留一个",
        "keep one of them",
        file=names[0],
    )


def _found(path: Path) -> Path:
    if path.suffix.lower() in REGISTER_SUFFIXES:
        return path
    there = [path.with_name(path.name + suffix) for suffix in REGISTER_SUFFIXES]
    there = [candidate for candidate in there if candidate.exists()]
    if len(there) == 1:
        return there[0]
    if there:
        raise several(there)
    raise fail(
        "找不到登记表文件",
        "the register is not there",
        f"放一个 {path.name}.csv(或 .xlsx、.parquet)",
        f"put a {path.name}.csv (or .xlsx, .parquet) there",
        file=path.name,
    )


def _seen(column: Column, value: object) -> str:
    """A value as a message may show it: as it stands, with odd characters spelled out; nothing of columns that name
    persons, nor what looks like an identity number where no amount belongs."""
    text = str(value)
    if column.name in _PERSONAL or (column.type not in ("fen", "ratio") and _IDENTITY.search(text)):
        return ""
    short = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short)


def _judge(column: Column, value: Typed, lines: Any, cells: Any, head: str) -> list[Wrong]:
    """What is wrong with the cells of a column; ``cells``: as they stand in the file, None where it lacks them;
    ``head``: its header in the file."""
    wrong: list[Wrong] = []
    reproached: set[int] = set()
    for fault in value.faults:
        rule = "not_listed" if fault.rule == "scheme_other" else fault.rule  # a register is no stay
        usual = _not_listed(column) if rule == "not_listed" else RULES[rule].texts(column)
        texts = [usual] * len(fault.at) if rule != fault.rule or not fault.texts else fault.texts
        for at, (zh, en) in zip(fault.at.tolist(), texts, strict=True):
            reproached.add(at)
            wrong.append(Wrong(int(lines[at]), head, _seen(column, cells[at].as_py()), zh, en))
    if not column.null:
        for at in np.flatnonzero(value.values.is_null().to_numpy(zero_copy_only=False)).tolist():
            if at not in reproached:
                wrong.append(Wrong(int(lines[at]), head, "", *RULES["missing"].texts(column)))
    if column.bounds is not None:
        low, high = limits(column)
        for at, number in enumerate(value.values.to_pylist()):
            if number is not None and not low <= number <= high:
                there = show_fen(number, group=False) if _is_fen(column, cells) else cells[at].as_py()
                wrong.append(Wrong(int(lines[at]), head, _seen(column, there), *_outside(column)))
    return wrong


def _not_listed(column: Column) -> tuple[str, str]:
    """What to say of a value that is not in the closed list: the list in the words of the language."""
    words = "、".join(chinese(column, choice) for choice in column.choices)
    return (
        f"不认识的{column.zh};应为 {words} 之一",
        f"{column.name} is none of {column.constraint()}; write one of them",
    )


def _is_fen(column: Column, cells: Any) -> bool:
    """Money that stands in the file as whole fen: people are shown yuan."""
    return column.type == "fen" and pa.types.is_integer(cells.type)


def _outside(column: Column) -> tuple[str, str]:
    """What to say of a value beyond the bounds, in the unit in which people type it."""
    show: Callable[[int], str] = {
        "fen": lambda fen: show_fen(fen, group=False), "ratio": show_coefficient, "points": show_coefficient,
    }.get(column.type, str)  # fmt: skip
    low, high = limits(column)
    span, unit = f"{show(low)}–{show(high)}", ("元", " yuan") if column.type == "fen" else ("", "")
    return (
        f"{column.zh}超出范围 {span}{unit[0]};核对该单元格",
        f"{column.name} is outside {span}{unit[1]}; check the cell",
    )


def _in_force(table: Table, whole: Any, sheets: Mapping[bool, _Sheet]) -> list[int]:
    """The rows in force, of every key the one recorded last, in the order of the files; of two that were taken the
    later one. Adds to the sheets what is wrong: keys that occur again without a day, or on the same day with other
    values, and rows that were changed after a result was taken over them."""
    days = whole.column(_DAY).to_pylist() if _DAY in whole.column_names else [None] * whole.num_rows
    own = whole.column("_own").to_pylist()
    met: dict[tuple[Any, ...], int] = {}
    last: dict[tuple[Any, ...], int] = {}
    free: list[int] = []
    keys = list(zip(*(whole.column(name).to_pylist() for name in table.key), strict=True))
    for at, (key, day) in enumerate(zip(keys, days, strict=True)):
        if None in key:
            free.append(at)
            continue
        same = at if own[at] else met.setdefault((*key, day), at)
        if same != at and (day is None or _row(table, whole, same) != _row(table, whole, at)):
            sheets[False].wrong.append(_second(table, key, whole, same, at, day))
        before = last.setdefault(key, at)
        if (days[before] or date.min, False) < (day or date.min, own[at]):
            last[key] = at
    replaced = set(whole.column("replaces").to_pylist()) if True in sheets else set()
    for (*parts, day), at in met.items():
        key = tuple(parts)
        now = last[key]
        unseen = own[now] and (day is None or day == days[now])
        if unseen and row_digest(_row(table, whole, at)) not in replaced:
            sheets[False].wrong.append(_changed(table, key, whole, at, now))
    return sorted([*free, *last.values()])


def _changed(table: Table, key: Sequence[Any], whole: Any, at: int, now: int) -> Wrong:
    """What to say of a row that was changed, or added, after a result was taken in its place."""
    there = " / ".join(_seen(table[name], part) for name, part in zip(table.key, key, strict=True))
    file, line = f"{table.name}.taken.csv", whole.column("_line")[now]
    return Wrong(
        whole.column("_line")[at].as_py(), ", ".join(table.key), there,
        f"这一行不在接收结果时所替代的之列,却有已接收的行({file} 第 {line} 行);要改,写上以后的登记日期",
        f"a result was taken in its place ({file}, line {line}), and not over this; to change it, give it a later "
        "day of recording",
    )  # fmt: skip


def _row(table: Table, whole: Any, at: int) -> list[Any]:
    return [whole.column(name)[at].as_py() for name in table.names]


def _second(table: Table, key: tuple[Any, ...], whole: Any, first: int, at: int, day: date | None) -> Wrong:
    """What to say of a key that occurs again."""
    lines = whole.column("_line")
    there = " / ".join(_seen(table[name], part) for name, part in zip(table.key, key, strict=True))
    zh, en = f"与第 {lines[first]} 行重复;只保留一行", f"the same key as line {lines[first]}; keep one of them"
    if day is not None:
        zh = f"与第 {lines[first]} 行同一天登记,内容却不同;改正登记日期,或只保留一行"
        en = f"recorded on the same day as line {lines[first]} with other values; correct the day, or keep one"
    return Wrong(lines[at].as_py(), ", ".join(table.key), there, zh, en)


def refused(file: str, found: Iterable[Wrong]) -> DrgpayError:
    """What to say of a register that is wrong, by its file."""
    wrong = sorted(found)

    def listed(language: str) -> str:
        lines = [f"  {w.line} · {w.field} · «{w.value}» {getattr(w, language)}" for w in wrong[:_LISTED]]
        return "\n".join(lines)

    rest = len(wrong) - _LISTED
    return DrgpayError(
        Kind.DATA,
        zh=f"登记表有 {len(wrong)} 处错误:\n{listed('zh')}" + (f"\n  另有 {rest} 处" if rest > 0 else ""),
        en=f"{len(wrong)} errors in the register:\n{listed('en')}" + (f"\n  and {rest} more" if rest > 0 else ""),
        fix_zh="改正后重新提交",
        fix_en="correct them and hand it in again",
        file=file,
        row=wrong[0].line,
        field=wrong[0].field or None,
        value=wrong[0].value or None,
    )
