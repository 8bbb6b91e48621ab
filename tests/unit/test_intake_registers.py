"""Registers, and findings as files for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import (
    export,
    merge_findings,
    read_register,
    read_stays,
    write_findings_csv,
    write_findings_workbook,
)
from drgpay.tables import BUDGETS, DOCTORS, EVIDENCE, FINDINGS, GRADE_REGISTER, INSTITUTIONS, PERSONS, Table

INSTITUTION_ROWS = [
    {"institution_id": "h1", "name": "市（第一）医院", "level": "tertiary"},
    {"institution_id": "h2", "name": "镇卫生院", "level": "primary"},
]


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path, table: Table) -> DrgpayError:
    with pytest.raises(DrgpayError) as caught:
        read_register(path, table)
    assert caught.value.kind is Kind.DATA
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "institution_id,name,level\nh1,市（第一）医院,tertiary\nh2,镇卫生院,primary\n",
        "等级;定点医疗机构编号;名称;备注\n三级;h1;市（第一）医院;x\n未定级;ｈ２;镇卫生院;\n",
        "hospital_code\thospital_name\thospital_grade\nh1\t市（第一）医院\t三甲\nh2\t镇卫生院\t一级及以下\n",
    ],
)
def test_institutions(tmp_path: Path, text: str) -> None:
    put(tmp_path / "institutions.csv", text)
    table = read_register(tmp_path / "institutions", INSTITUTIONS)
    INSTITUTIONS.check(table)
    assert table.schema.equals(INSTITUTIONS.schema)
    assert table.to_pylist() == [
        row | {"in_county": None, "e_voucher": None, "provincial": None} for row in INSTITUTION_ROWS
    ]


def test_money_is_yuan_in_text_and_fen_in_parquet(tmp_path: Path) -> None:
    expected = [{"year": 2024, "insurance_scheme": "employee", "revenue": 123450, "drg_budget": 100000000}]
    put(tmp_path / "a.csv", '年度,险种,基金收入预算,住院DRG预算\n2024,职工,"1,234.50",1000000\n')
    with xlsxwriter.Workbook(tmp_path / "b.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["year", "险种", "revenue", "drg_budget"])
        sheet.write_row(1, 0, [2024, 310, 1234.5, 1000000])
    pq.write_table(BUDGETS.of(expected), tmp_path / "c.parquet")
    for name in "abc":
        table = read_register(tmp_path / name, BUDGETS)
        assert table.to_pylist() == expected
        assert table.schema.equals(BUDGETS.schema)


def test_grades_and_evidence(tmp_path: Path) -> None:
    put(tmp_path / "grades.csv", "年度,医院编码,考核等级\n2024,h1,优秀\n2024,h2,不合格\n2023,h1,good\n")
    grades = read_register(tmp_path / "grades.csv", GRADE_REGISTER)
    assert grades.column("grade").to_pylist() == ["excellent", "fail", "good"]
    put(tmp_path / "e.csv", "evidence_id,year,institution_id,insurance_scheme,reason,amount\n")
    assert read_register(tmp_path / "e", EVIDENCE).num_rows == 0
    put(tmp_path / "e.csv", "依据编号,年度,医院编码,险种,理由,金额\n1,2024,h1,居民,新技术,0.5\n")
    assert read_register(tmp_path / "e", EVIDENCE).to_pylist()[0]["amount"] == 50


def test_dates_in_a_register(tmp_path: Path) -> None:
    put(tmp_path / "p.csv", "人员编号,险种,性别,出生日期\np1,居民,女,1990/1/2\n")
    assert str(read_register(tmp_path / "p", PERSONS).to_pylist()[0]["birth_date"]) == "1990-01-02"


def test_every_error_is_named(tmp_path: Path) -> None:
    put(
        tmp_path / "budgets.csv",
        "year,insurance_scheme,revenue,drg_budget\n"
        "2024,职工,1.234,1\n"
        "2024,生育,1,\n"
        "24,居民,1,-1\n"
        "2024,310,1,1\n"
        "2024\n",
    )
    error = refused(tmp_path / "budgets", BUDGETS)
    text = str(error)
    assert "登记表有 7 处错误" in text
    assert "7 errors in the register" in text
    for line in (
        "2 · revenue · «1.234» 基金收入预算:小数超过 2 位",
        "3 · drg_budget · «» 缺少住院DRG预算",
        "3 · insurance_scheme · «生育» 不认识的险种;应为 职工、居民 之一",
        "4 · drg_budget · «-1» 住院DRG预算超出范围 0.00–10000000000000.00元",
        "4 · year · «24» 年度超出范围 1990–2200",
        "5 · year, insurance_scheme · «2024 / employee» 与第 2 行重复",
        "6 ·  · «1 / 4» 该行的单元格数与表头不符",
    ):
        assert line in text
    assert (error.file, error.row, error.field, error.value) == ("budgets.csv", 2, "revenue", "1.234")


def test_at_most_twenty_errors_are_listed(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", "institution_id,name,level\n" + "".join(f"h{i},n,x\n" for i in range(25)))
    text = str(refused(tmp_path / "a", INSTITUTIONS))
    assert text.count("不认识的等级") == 20
    assert "另有 5 处" in text
    assert "and 5 more" in text


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "the register is not there"),
        ({"a.csv": "x", "a.xlsx": "x"}, "several files for one register: a.csv, a.xlsx"),
        ({"a.csv": "institution_id,doctor_id,name\n"}, "required columns are missing: department_id"),
        ({"a.csv": ""}, "the file is empty"),
    ],
)
def test_registers_that_are_not_there(tmp_path: Path, files: dict[str, str], words: str) -> None:
    for name, text in files.items():
        put(tmp_path / name, text)
    assert words in str(refused(tmp_path / "a", DOCTORS))


def test_a_register_with_float_money(tmp_path: Path) -> None:
    row: dict[str, Any] = {"year": [2024], "insurance_scheme": ["employee"], "revenue": [1], "drg_budget": [1.5]}
    pq.write_table(pa.table(row), tmp_path / "a.parquet")
    assert refused(tmp_path / "a", BUDGETS).field == "drg_budget"


def some_findings(tmp_path: Path) -> Any:
    path = put(tmp_path / "a.csv", "id,dx,sex\n1,A00.100X001,5\n1,,=1+1\n")
    return merge_findings(intake.findings for intake in read_stays(path, chunk_rows=1))


@pytest.mark.parametrize(("lang", "head", "level"), [("zh", "文件", "错误"), ("en", "file", "error")])
def test_the_workbook(tmp_path: Path, lang: str, head: str, level: str) -> None:
    findings = some_findings(tmp_path)
    write_findings_workbook(findings, tmp_path / "out" / "f.xlsx", lang)
    book = openpyxl.load_workbook(tmp_path / "out" / "f.xlsx")
    first, counts = book.worksheets
    rows = list(first.iter_rows(values_only=True))
    assert rows[0][0] == head
    assert len(rows) == findings.num_rows + 1
    assert [row[1] for row in rows[1:]] == sorted(findings.column("row").to_pylist())
    sex = next(row for row in rows if row[3] == "sex")
    assert (sex[1], sex[4], sex[5]) == (2, "5", level)
    assert sex[6] == next(f[lang] for f in findings.to_pylist() if f["field"] == "sex")
    counted = {row[0]: row[2] for row in counts.iter_rows(min_row=2, values_only=True)}
    assert counted["not_listed"] == 2
    assert sum(counted.values()) == findings.num_rows
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["f.xlsx"]


def test_the_same_findings_give_the_same_bytes(tmp_path: Path) -> None:
    findings = some_findings(tmp_path)
    shuffled = findings.take(list(reversed(range(findings.num_rows))))
    for name, given in (("a", findings), ("b", shuffled)):
        write_findings_workbook(given, tmp_path / f"{name}.xlsx")
        write_findings_csv(given, tmp_path / f"{name}.csv")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbffile,row,stay_id,")


def test_no_findings_and_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_findings_workbook(FINDINGS.schema.empty_table(), tmp_path / "none.xlsx")
    assert openpyxl.load_workbook(tmp_path / "none.xlsx").worksheets[0].max_row == 1
    monkeypatch.setattr(export, "_SHEET_ROWS", 2)
    findings = some_findings(tmp_path)
    write_findings_workbook(findings, tmp_path / "many.xlsx", "en")
    sheet, counts = openpyxl.load_workbook(tmp_path / "many.xlsx").worksheets
    assert sheet.cell(4, 1).value == f"the first 2 of {findings.num_rows} are listed; the CSV has them all"
    assert sum(row[0] for row in counts.iter_rows(min_row=2, min_col=3, max_col=3, values_only=True)) == len(findings)
