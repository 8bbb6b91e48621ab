"""The workbook a hospital fills in with its stays, empty or with example rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

import xlsxwriter

from drgpay.places import drafted
from drgpay.tables import STAYS, Column

EXAMPLE = "example-stays.csv"
_CREATED = datetime(2000, 1, 1)
_HEADS = (("列名", "必填", "单位", "可填内容"), ("header", "required", "unit", "values"))
_NEEDED = (("必填", "可空"), ("required", "may be empty"))
_LISTED = ("几个代码用 | 分隔，主要的在前", "several codes parted by |, the principal one first")
_IN_HOUSE = ("stay_id", "department_id", "doctor_id", "insurance_scheme", "sex", "age", "age_days", "birth_weight",
             "admission_weight", "admission_date", "los", "dx", "proc", "total_cost", "personal_paid")  # fmt: skip
_NEEDED_IN_HOUSE = ("stay_id", "insurance_scheme", "admission_date", "dx", "total_cost")
_STILL = {"los": "已住院天数", "total_cost": "已发生费用"}
"""what columns are called while a stay goes on"""
_SHEETS = (("病例", "填写说明"), ("stays", "notes"))


def write_stays_form(
    target: Path, institution: str, month: tuple[int, int], *, filled: bool = False, lang: str = "zh"
) -> None:
    """Write the workbook for an institution's stays of a month: a sheet of headers as the intake reads them (Chinese,
    with ``en`` the names of the columns), all cells text, and a sheet that explains them. ``filled``: with three
    example rows of invented stays that pass the checks. The same arguments give the same bytes."""
    rows = _rows(institution, month, STAYS.columns) if filled else []
    _write(target, [(column, column.null) for column in STAYS.columns], rows, lang)


def write_house_form(
    target: Path, institution: str, month: tuple[int, int], *, filled: bool = False, lang: str = "zh"
) -> None:
    """The same for stays still in house: without a day of discharge, and what is known of a stay that goes on."""
    columns = [replace(STAYS[name], zh=_STILL.get(name, STAYS[name].zh)) for name in _IN_HOUSE]
    rows = _rows(institution, month, columns) if filled else []
    _write(target, [(column, column.name not in _NEEDED_IN_HOUSE) for column in columns], rows, lang)


def _write(target: Path, columns: list[tuple[Column, bool]], rows: list[list[str]], lang: str) -> None:
    en = lang == "en"
    with drafted(target) as draft, xlsxwriter.Workbook(draft, {"strings_to_formulas": False}) as book:
        book.set_properties({"title": _SHEETS[en][0], "created": _CREATED})
        text = book.add_format({"num_format": "@"})
        heads = [book.add_format({"bold": True, "border": 1, "bg_color": c}) for c in ("#BCD3E8", "#EDF2F7")]
        sheet, notes = (book.add_worksheet(name) for name in _SHEETS[en])
        for at, (column, free) in enumerate(columns):
            head = column.name if en else column.zh
            sheet.set_column(at, at, max(12, 2 * len(head) + 2), text)
            sheet.write_string(0, at, head, heads[free])
            unit = ("元", "yuan")[en] if column.type == "fen" else column.printed_unit
            values = column.constraint() or (_LISTED[en] if column.type == "codes" else "")
            notes.write_row(at + 1, 0, (head, _NEEDED[en][free], unit, values))
        sheet.freeze_panes(1, 0)
        for at, width in enumerate((26, 12, 14, 60)):
            notes.set_column(at, at, width)
        notes.write_row(0, 0, _HEADS[en], heads[0])
        for at, row in enumerate(rows, 1):
            sheet.write_row(at, 0, row, text)


def _rows(institution: str, month: tuple[int, int], columns: Sequence[Column]) -> list[list[str]]:
    """The example rows as an institution would type them, in the order of the columns."""
    said = (files("drgpay") / "data" / "formats" / EXAMPLE).read_text(encoding="utf-8").splitlines()
    rows = []
    for row in csv.DictReader(said):
        days = {
            "admission_date": date(*month, int(row["from_day"])).isoformat(),
            "discharge_date": date(*month, int(row["to_day"])).isoformat(),
            "institution_id": institution,
        }
        rows.append([days.get(name, row.get(name) or "") for name in [column.name for column in columns]])
    return rows
