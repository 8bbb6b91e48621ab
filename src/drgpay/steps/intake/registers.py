"""Registers: institutions, budgets, grades, decisions and so on. Small, and either right or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.files import fail, open_source, refuse_floats
from drgpay.steps.intake.headers import header_key, known_headers, locate
from drgpay.steps.intake.references import Known, astray
from drgpay.steps.intake.rules import RULES, limits
from drgpay.steps.intake.spellings import chinese
from drgpay.steps.intake.values import Typed, typed
from drgpay.tables import Column, Table
from drgpay.units import show_coefficient, show_fen

REGISTER_SUFFIXES = (".csv", ".xlsx", ".parquet")
_LISTED = 20
"""errors named in one message"""
_LONGEST = 60
"""signs of a value shown"""
_PERSONAL = ("person_id",)
_IDENTITY = re.compile(r"\d{15}")


@dataclass(frozen=True, order=True)
class _Wrong:
    line: int
    field: str
    value: str
    zh: str
    en: str


def read_register(path: Path, table: Table, known: Known | None = None) -> Any:
    """Read a register as an Arrow table of ``table.schema``, in the order of the file.

    ``path`` may leave out the suffix; then exactly one of .csv, .xlsx and .parquet must be there. Headers may be
    Chinese or English. Money in CSV and Excel is yuan; whole numbers in a Parquet money column are fen. A register
    with a header and no rows is an empty table. Raises DrgpayError of kind DATA naming up to 20 errors by row,
    column and value: unreadable, empty, not listed, out of bounds, a key that occurs again, or, with ``known``, an
    institution, stay, group and so on that is not there, with the nearest that is. Values are shown as they were
    typed, but those of columns that name persons.
    """
    source = open_source(_found(path), frozenset(known_headers(table.columns)))
    required = frozenset(column.name for column in table.columns if not column.null)
    layout = locate(source.file, source.header, table, table.columns, required)
    refuse_floats(source, table, layout.places)
    heads = {name: source.header[place].strip() for name, (place,) in layout.places.items()}
    parts: list[Any] = []
    wrong: list[_Wrong] = []
    for chunk in source.chunks([place for (place,) in layout.places.values()], 1 << 16):
        wrong += [
            _Wrong(line, "", f"{cells} / {len(source.header)}", *RULES["cells"].texts())
            for line, cells in chunk.ragged
        ]
        wrong += [_Wrong(line, "", "", *RULES["total_row"].texts()) for line in chunk.totals]
        columns = {}
        for column in table.columns:
            cells = chunk.columns[layout.places[column.name][0]] if column.name in layout.places else None
            value = Typed(pa.nulls(len(chunk.lines), column.arrow)) if cells is None else typed(column, cells)
            wrong += _judge(column, value, chunk.lines, cells, heads.get(column.name, column.name))
            columns[column.name] = value.values
        columns["_line"] = pa.array(chunk.lines)
        parts.append(pa.table(columns))
    if not parts:
        return table.schema.empty_table()
    whole = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    wrong += _repeated(table, whole)
    lines = whole.column("_line").to_pylist()
    wrong += [
        _Wrong(lines[a.at], heads.get(a.column.name, a.column.name), _seen(a.column, a.value), a.zh, a.en)
        for a in astray(table, whole, known or Known())
    ]
    if wrong:
        raise _refused(source.file, sorted(wrong))
    return whole.drop_columns(["_line"]).cast(table.schema)


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
    """The file of a register in a folder; None where it was not brought. Raises DATA when there are several."""
    there = register_files(folder, table, suffixes)
    if len(there) > 1:
        raise several(there)
    return there[0] if there else None


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


def _judge(column: Column, value: Typed, lines: Any, cells: Any, head: str) -> list[_Wrong]:
    """What is wrong with the cells of a column; ``cells``: as they stand in the file, None where it lacks them;
    ``head``: its header in the file."""
    wrong: list[_Wrong] = []
    reproached: set[int] = set()
    for fault in value.faults:
        usual = _not_listed(column) if fault.rule == "not_listed" else RULES[fault.rule].texts(column)
        texts = fault.texts or [usual] * len(fault.at)
        for at, (zh, en) in zip(fault.at.tolist(), texts, strict=True):
            reproached.add(at)
            wrong.append(_Wrong(int(lines[at]), head, _seen(column, cells[at].as_py()), zh, en))
    if not column.null:
        for at in np.flatnonzero(value.values.is_null().to_numpy(zero_copy_only=False)).tolist():
            if at not in reproached:
                wrong.append(_Wrong(int(lines[at]), head, "", *RULES["missing"].texts(column)))
    if column.bounds is not None:
        low, high = limits(column)
        for at, number in enumerate(value.values.to_pylist()):
            if number is not None and not low <= number <= high:
                there = show_fen(number, group=False) if _is_fen(column, cells) else cells[at].as_py()
                wrong.append(_Wrong(int(lines[at]), head, _seen(column, there), *_outside(column)))
    return wrong


def _not_listed(column: Column) -> tuple[str, str]:
    """What to say of a value that is not in the closed list: the list in the words of the language."""
    words = "、".join(chinese(column.name, choice) for choice in column.choices)
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


def _repeated(table: Table, whole: Any) -> list[_Wrong]:
    """Keys that occur again."""
    met: dict[tuple[Any, ...], int] = {}
    wrong: list[_Wrong] = []
    keys = zip(*(whole.column(name).to_pylist() for name in table.key), strict=True)
    for key, line in zip(keys, whole.column("_line").to_pylist(), strict=True):
        if None in key:
            continue
        if key in met:
            there = " / ".join(_seen(table[name], part) for name, part in zip(table.key, key, strict=True))
            zh, en = f"与第 {met[key]} 行重复;只保留一行", f"the same key as line {met[key]}; keep one of them"
            wrong.append(_Wrong(line, ", ".join(table.key), there, zh, en))
        met.setdefault(key, line)
    return wrong


def _refused(file: str, wrong: list[_Wrong]) -> DrgpayError:
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
