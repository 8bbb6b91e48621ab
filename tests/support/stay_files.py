"""Files of stays as people write them: one stay in words, files of it, and what reading them gives."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import xlsxwriter

from drgpay.steps.intake import merge_findings, read_stays
from drgpay.tables import FINDINGS

STAY = {
    "stay_id": "s1",
    "person_id": "p1",
    "institution_id": "h1",
    "department_id": "d1",
    "doctor_id": "D1",
    "insurance_scheme": "employee",
    "sex": "male",
    "age": "40",
    "age_days": "",
    "birth_weight": "",
    "los": "5",
    "admission_date": "2024-03-01",
    "discharge_date": "2024-03-06",
    "discharge_way": "1",
    "dx": "A00.100x001|B00.100",
    "proc": "35.1400x006",
    "total_cost": "1000.00",
    "personal_paid": "300.00",
    "fund_by_item": "700.00",
}


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def table_text(rows: list[dict[str, str]], separator: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(path: Path, **options: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    intakes = list(read_stays(path, **options))
    stays_read = [stay for intake in intakes for stay in intake.stays.to_pylist()]
    findings = merge_findings(intake.findings for intake in intakes)
    FINDINGS.check(findings)
    return stays_read, findings.to_pylist(), sum(intake.rows for intake in intakes)


def rules(findings: list[dict[str, Any]]) -> list[tuple[int, str, str, str]]:
    return [(f["row"], f["field"], f["rule"], f["value"]) for f in findings]


def settle(tmp_path: Path, **changes: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read one stay with some cells changed, for settlement."""
    path = write(tmp_path / "stays.csv", table_text([{**STAY, **changes}]))
    return read(path, need="settlement")[:2]


def many_stays() -> list[dict[str, str]]:
    bad = {
        3: {"age": "x"},
        7: {"total_cost": "1.234"},
        11: {"dx": "a00.100X001"},
        12: {"stay_id": "s2"},
        19: {"los": ""},
    }
    return [{**STAY, "stay_id": f"s{i}", **bad.get(i, {})} for i in range(20)]


def excel(path: Path, rows: list[list[Any]], top: int = 0) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at + top, 0, row)
    return path
