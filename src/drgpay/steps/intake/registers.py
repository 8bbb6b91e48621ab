"""Registers: institutions, departments, doctors, budgets, grades, evidence. Small, and either right or refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake.files import fail, open_source, refuse_floats
from drgpay.steps.intake.findings import shown
from drgpay.steps.intake.headers import known_headers, locate
from drgpay.steps.intake.rules import RULES, limits
from drgpay.steps.intake.values import Typed, typed
from drgpay.tables import Column, Table

REGISTER_SUFFIXES = (".csv", ".xlsx", ".parquet")
_LISTED = 20
"""errors named in one message"""


@dataclass(frozen=True, order=True)
class _Wrong:
    line: int
    field: str
    value: str
    zh: str
    en: str


def read_register(path: Path, table: Table) -> Any:
    """Read a register as an Arrow table of ``table.schema``, in the order of the file.

    ``path`` may leave out the suffix; then exactly one of .csv, .xlsx and .parquet must be there. Headers may be
    Chinese or English. Money in CSV and Excel is yuan; whole numbers in a Parquet money column are fen. A register
    with a header and no rows is an empty table. Raises DrgpayError of kind DATA naming up to 20 errors by row,
    column and value: unreadable, empty, not listed, out of bounds, or a key that occurs again.
    """
    source = open_source(_found(path), frozenset(known_headers(table.columns)))
    required = frozenset(column.name for column in table.columns if not column.null)
    layout = locate(source.file, source.header, table, table.columns, required)
    refuse_floats(source, table, layout.places)
    parts: list[Any] = []
    wrong: list[_Wrong] = []
    for chunk in source.chunks([place for (place,) in layout.places.values()], 1 << 16):
        wrong += [
            _Wrong(line, "", f"{cells} / {len(source.header)}", *RULES["cells"].texts())
            for line, cells in chunk.ragged
        ]
        columns = {}
        for column in table.columns:
            cells = chunk.columns[layout.places[column.name][0]] if column.name in layout.places else None
            value = Typed(pa.nulls(len(chunk.lines), column.arrow)) if cells is None else typed(column, cells)
            wrong += _judge(column, value, chunk.lines)
            columns[column.name] = value.values
        columns["_line"] = pa.array(chunk.lines)
        parts.append(pa.table(columns))
    if not parts:
        return table.schema.empty_table()
    whole = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    wrong += _repeated(table, whole)
    if wrong:
        raise _refused(source.file, sorted(wrong))
    return whole.drop_columns(["_line"]).cast(table.schema)


def _found(path: Path) -> Path:
    if path.suffix.lower() in REGISTER_SUFFIXES:
        return path
    there = [path.with_name(path.name + suffix) for suffix in REGISTER_SUFFIXES]
    there = [candidate for candidate in there if candidate.exists()]
    if len(there) == 1:
        return there[0]
    if there:
        names = "、".join(candidate.name for candidate in there)
        raise fail(
            f"同一登记表有几个文件:{names}",
            f"several files for one register: {', '.join(candidate.name for candidate in there)}",
            "只保留一个",
            "keep one of them",
            file=path.name,
        )
    raise fail(
        "找不到登记表文件",
        "the register is not there",
        f"放一个 {path.name}.csv(或 .xlsx、.parquet)",
        f"put a {path.name}.csv (or .xlsx, .parquet) there",
        file=path.name,
    )


def _judge(column: Column, value: Typed, lines: Any) -> list[_Wrong]:
    """What is wrong with the cells of a column."""
    wrong: list[_Wrong] = []
    reproached: set[int] = set()
    for fault in value.faults:
        texts = fault.texts or [RULES[fault.rule].texts(column)] * len(fault.at)
        for at, there, (zh, en) in zip(fault.at.tolist(), fault.values, texts, strict=True):
            reproached.add(at)
            wrong.append(_Wrong(int(lines[at]), column.name, there, zh, en))
    if not column.null:
        for at in np.flatnonzero(value.values.is_null().to_numpy(zero_copy_only=False)).tolist():
            if at not in reproached:
                wrong.append(_Wrong(int(lines[at]), column.name, "", *RULES["missing"].texts(column)))
    if column.low is not None or column.high is not None:
        low, high = limits(column)
        for at, number in enumerate(value.values.to_pylist()):
            if number is not None and not low <= number <= high:
                zh, en = RULES["bounds"].texts(column)
                wrong.append(_Wrong(int(lines[at]), column.name, shown(str(number)), zh, en))
    return wrong


def _repeated(table: Table, whole: Any) -> list[_Wrong]:
    """Keys that occur again."""
    met: dict[tuple[Any, ...], int] = {}
    wrong: list[_Wrong] = []
    keys = zip(*(whole.column(name).to_pylist() for name in table.key), strict=True)
    for key, line in zip(keys, whole.column("_line").to_pylist(), strict=True):
        if None in key:
            continue
        if key in met:
            there = shown(" / ".join(str(part) for part in key))
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
