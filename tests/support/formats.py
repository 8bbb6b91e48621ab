"""Files of the formats hospitals hold: the fixtures of ``tests/data/formats``, and how they are read."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import xlsxwriter

from drgpay.steps.intake import Hints, merge_findings, read_stays
from drgpay.tables import FINDINGS

DATA = Path(__file__).parents[1] / "data" / "formats"


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of a CSV fixture."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8") -> Path:
    """Rows as CSV."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_xlsx(path: Path, rows: list[dict[str, str]]) -> Path:
    """Rows as a workbook, all cells text."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)
    return path


def read(path: Path, need: str = "grouping", **hints: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    """(stays, findings, what the file was read as, in English)."""
    intakes = list(read_stays(path, need=need, hints=Hints(**hints)))
    findings = merge_findings(intake.findings for intake in intakes)
    FINDINGS.check(findings)
    return [s for intake in intakes for s in intake.stays.to_pylist()], findings.to_pylist(), intakes[0].format[1]


def brief(findings: list[dict[str, Any]]) -> list[tuple[int, str, str, str]]:
    """(row, field, rule, value) of findings."""
    return [(f["row"], f["field"], f["rule"], f["value"]) for f in findings]
