"""Registers for programs: templates that read back, rows checked in memory, regions composed from a record."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay.steps import intake
from drgpay.tables import (
    BATCHES,
    BUDGETS,
    DOCTORS,
    GRADE_REGISTER,
    INSTITUTIONS,
    STAY_DECISIONS,
    Table,
)
from support import three
from support.engines import usual

TABLES = runs.register_tables()


def filled(path: Path, table: Table, rows: list[dict[str, Any]], lang: str) -> None:
    """Rows put below the headers of a template, as a person would: numbers as numbers, days as days."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    columns = intake.recorded(table).columns
    assert [cell.value for cell in sheet[1]] == [c.zh if lang == "zh" else c.name for c in columns]
    for row in rows:
        sheet.append([intake.shown_cell(column, row, lang) for column in columns])
    book.save(path)


# ---- templates


@pytest.fixture(scope="module", params=["zh", "en"])
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Path]]:
    folder = tmp_path_factory.mktemp("templates") / "forms"
    made = runs.register_template(TABLES, folder, request.param)
    return request.param, dict(zip((t.name for t in TABLES), made, strict=True))


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_a_template_filled_as_meant_is_read_back_exactly(
    table: Table, templates: tuple[str, dict[str, Path]], tmp_path: Path
) -> None:
    lang, paths = templates
    assert runs.read_rows(paths[table.name], table) == []  # the filled rows that explain it are no data
    path = tmp_path / paths[table.name].name
    path.write_bytes(paths[table.name].read_bytes())
    rows = intake.example_rows(table, lang)
    filled(path, table, rows, lang)
    findings, read = runs.check_rows(table, runs.read_rows(path, table))
    assert findings == []
    assert read == rows
    if not table.folder:
        assert intake.register_file(tmp_path, table) == path
        assert intake.read_register(path, table).to_pylist() == [{n: r[n] for n in table.names} for r in rows]


def test_a_template_has_drop_downs_limits_and_notes(tmp_path: Path) -> None:
    (path,) = runs.register_template([STAY_DECISIONS], tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    rules = {str(v.sqref).split(":")[0]: v for v in sheet.data_validations.dataValidation}
    by_name = {name: rules[f"{'ABCDEFGHIJ'[at]}2"] for at, name in enumerate(STAY_DECISIONS.names)}
    assert by_name["kind"].formula1 == '"特例单议,高倍率评审,新技术,中医优势,拒付,扣减"'
    assert (by_name["amount"].type, by_name["amount"].formula2) == ("decimal", "1000000000.00")
    assert rules["I2"].type == "date"
    assert sheet["C1"].comment.text.startswith("必填")
    assert "病例" in sheet["A1"].comment.text
    assert sheet["F2"].number_format == "General" or sheet.column_dimensions["F"].number_format == "#,##0.00"
    assert "reason" not in str([[c.value for c in row] for s in book.worksheets for row in s])
    again = tmp_path / "again.xlsx"
    runs.register_template([STAY_DECISIONS], again)
    assert again.read_bytes() == path.read_bytes()


def test_a_template_filled_half_says_what_is_missing(tmp_path: Path) -> None:
    (path,) = runs.register_template([BUDGETS], tmp_path / "年度预算.xlsx")
    book = openpyxl.load_workbook(path)
    book.worksheets[0].append([2024, "居民", 1000, None])
    book.worksheets[0].append([2024, "公务员", "一千", 10])
    book.save(path)
    with pytest.raises(DrgpayError) as caught:
        intake.read_register(path, BUDGETS)
    assert "2 · 住院DRG预算 · «»" in caught.value.zh
    assert "3 · 险种 · «公务员» 不认识的险种;应为 职工、居民 之一" in caught.value.zh
    assert "3 · 基金收入预算 · «一千»" in caught.value.zh
    found = runs.check_rows(BUDGETS, runs.read_rows(path, BUDGETS)).findings
    assert [(f.row, f.field) for f in found] == [(2, "drg_budget"), (3, "insurance_scheme"), (3, "revenue")]
    assert found[1].fix_zh == "应为 职工、居民 之一"


def test_several_registers_do_not_go_into_one_workbook(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as caught:
        runs.register_template([BUDGETS, INSTITUTIONS], tmp_path / "all.xlsx")
    assert caught.value.kind is Kind.USAGE
    with pytest.raises(DrgpayError, match="年度预算"):
        runs.register_named("年度预 算表")
    assert runs.register_named("预算") is runs.register_named("Budgets") is BUDGETS


# ---- rows in memory


def test_rows_are_read_as_people_type_them() -> None:
    rows = [
        {"病例号": "S1", "定点医疗机构编号": "H1", "事项": "拒付", "决定": "同意", "评审序号": "1",
         "金额": "1,234.50", "比例": "5%", "理由": ""},
        {"stay_id": "S2", "institution_id": "H1", "kind": "deduct", "decision": "approved", "number": 2,
         "amount": 123450, "share": 500, "recorded_on": date(2024, 3, 1)},
    ]  # fmt: skip
    findings, typed = runs.check_rows(STAY_DECISIONS, rows)
    assert findings == []
    first, second = typed
    assert (first["kind"], first["amount"], first["share"], first["reason"]) == ("refuse", 123450, 500, None)
    assert (second["amount"], second["share"], second["recorded_on"]) == (123450, 500, date(2024, 3, 1))
    assert runs.check_rows(STAY_DECISIONS, typed).rows == typed


def test_what_is_wrong_with_rows_is_found_at_its_row_and_column() -> None:
    known = runs.known_of({"机构": [{"institution_id": "H1", "name": "甲", "level": "三级"}]})
    rows: list[dict[str, Any]] = [{"year": 2024, "institution_id": "H1", "grade": "良好"} for _ in range(7)]
    for at, row in enumerate(rows):
        row["year"] = 2010 + at
    rows[6]["institution_id"] = "H7"
    rows[5] |= {"grade": "甲等", "备注x": "?"}
    rows[4]["year"] = 2013
    found = runs.check_rows(GRADE_REGISTER, rows, known).findings
    assert [(f.row, f.field, f.value) for f in found] == [
        (5, "year, institution_id", "2013 / H1"), (6, "grade", "甲等"), (6, "备注x", ""), (7, "institution_id", "H7"),
    ]  # fmt: skip
    assert found[3].fix_zh == "最接近的是 H1"
    assert found[3].fix_en == "the nearest is H1"
    assert all(f.zh and f.en and f.fix_zh and f.fix_en for f in found)


def test_a_department_of_another_institution_is_found() -> None:
    known = runs.known_of(
        {"departments": [{"institution_id": "H1", "department_id": "D1", "name": "内科"},
                         {"institution_id": "H2", "department_id": "D2", "name": "外科"}]}
    )  # fmt: skip
    doctor = {"institution_id": "H1", "doctor_id": "Y1", "department_id": "D2", "name": "张三"}
    (found,) = runs.check_rows(DOCTORS, [doctor], known).findings
    assert found.zh == "这个科室属于机构 H2,不是 H1"


def test_hostile_rows_are_findings_not_crashes() -> None:
    values: list[Any] = [10**30, -1, "1e9", "NaN", True, b"x", [], {}, 1.5, Decimal("1.005"), "\x00", "9" * 5000]
    for value in values:
        row = {"year": value, "insurance_scheme": value, "revenue": value, "drg_budget": value}
        assert runs.check_rows(BUDGETS, [row]).findings


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_rows_written_to_a_file_read_back_as_they_are(table: Table, tmp_path: Path) -> None:
    rows = intake.example_rows(table)
    intake.write_register(tmp_path / "r.csv", table, rows)
    read = runs.check_rows(table, runs.read_rows(tmp_path / "r.csv", table))
    assert read.findings == []
    assert read.rows == rows


def test_a_declaration_has_a_digest_that_follows_what_it_takes() -> None:
    digests = {runs.declaration_digest(table) for table in TABLES}
    assert len(digests) == len(TABLES)
    assert {t.kept for t in TABLES} == {"rows", "file"}
    assert BATCHES.kept == "file"


# ---- composing


REGISTERS = {
    "机构": [
        {"institution_id": "H1", "name": "甲医院", "level": "三级"},
        {"institution_id": "H2", "name": "乙医院", "level": "二级"},
        {"institution_id": "H3", "name": "丙医院", "level": "secondary"},
    ],
    "budgets": [
        {"year": 2024, "insurance_scheme": "职工", "revenue": 0, "drg_budget": 0},
        {"year": "2024", "insurance_scheme": "居民", "revenue": "120,000.00", "drg_budget": 5_000_000},
    ],
    "grades": [
        {"year": 2024, "institution_id": "H1", "grade": "良好"},
        {"year": 2024, "institution_id": "H2", "grade": "优秀"},
        {"year": 2024, "institution_id": "H3", "grade": "合格"},
    ],
    "overspend_evidence": [
        {"evidence_id": "E1", "year": 2024, "institution_id": "H1", "insurance_scheme": "居民", "reason": "新技术",
         "amount": "3000"},
    ],
}  # fmt: skip


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Stays and two batches, as the office keeps them: a region's folder without the registers of rows."""
    whole = three.write(tmp_path / "three")
    more = three.stays().splitlines()
    for number, institution in ((1, "H1"), (2, "H2")):
        day = date(2024, 4, number)
        line = next(row for row in more if row.startswith(f"S{1 if number == 1 else 4},"))
        batch = tmp_path / f"b{number}.csv"
        batch.write_text("\n".join([more[0], line.replace("2200.00", "2100.00")]) + "\n", encoding="utf-8")
        runs.submit(whole, batch, institution, (2024, 1), usual(), on=day)
    for name in ("institutions", "budgets", "grades", "overspend_evidence"):
        (whole / f"{name}.csv").unlink()
    return whole


def test_a_composed_region_runs_as_the_one_made_by_hand(record: Path, tmp_path: Path) -> None:
    made = runs.compose(record, REGISTERS, tmp_path / "pin", marks={"pin": 7})
    assert (made.mark["composed_by"], made.mark["pin"], made.mark["batches"]) == ("office", 7, [1, 2])
    by_hand = three.write(tmp_path / "hand")
    for name in ("batches", "batches.csv"):
        (record / name).rename(by_hand / name)
    (by_hand / "region.json").write_text('{"id": "three"}', encoding="utf-8")
    results = []
    for region in (made.folder, by_hand):
        out = tmp_path / f"run-{region.name}"
        runs.run(runs.Order(region, "demo", 2024, 1), out, usual(), ())
        results.append({
            p.relative_to(out).as_posix(): p.read_bytes()
            for name in ("tables", "registers") for p in sorted((out / name).rglob("*")) if p.is_file()
        })  # fmt: skip
        assert (out / "ledger.jsonl").is_file()
    assert results[0] == results[1]


def test_nothing_writes_to_a_composed_region(record: Path, tmp_path: Path) -> None:
    made = runs.compose(record, REGISTERS, tmp_path / "pin")
    with pytest.raises(DrgpayError) as caught:
        runs.submit(made.folder, tmp_path / "b1.csv", "H1", (2024, 1), usual())
    assert caught.value.kind is Kind.USAGE
    assert "办公系统" in caught.value.zh
    assert all(not p.stat().st_mode & 0o222 for p in (made.folder, *made.folder.rglob("*")))
    with pytest.raises(DrgpayError):
        runs.compose(record, REGISTERS, tmp_path / "pin")


def test_the_difference_of_two_composed_regions(record: Path, tmp_path: Path) -> None:
    first = runs.compose(record, REGISTERS, tmp_path / "p1", last_batch=1)
    assert len(runs.read_region(first.folder).batches) == 1
    assert not list(first.folder.glob("batches/*2*"))
    (record / "persons.csv").write_text("x", encoding="utf-8")
    hold = {"hold_id": "1", "institution_id": "H2", "from_date": "2024-03-01", "reason": "异常"}
    better = {"year": 2024, "institution_id": "H3", "grade": "良好"}
    edited = {**REGISTERS, "grades": [*REGISTERS["grades"][:2], better], "payment_holds": [hold]}
    second = runs.compose(record, edited, tmp_path / "p2")
    since = second.difference(runs.Composed.read(first.folder))
    assert since.batches == (2,)
    assert since.batches_gone == ()
    assert [row["grade"] for row in since.added["grades"]] == ["good"]
    assert [row["grade"] for row in since.gone["grades"]] == ["pass"]
    assert since.added["payment_holds"][0]["from_date"] == date(2024, 3, 1)
    assert set(since.added) == {"grades", "payment_holds"}
    assert since.files == ("persons.csv",)
    none = runs.compose(record, REGISTERS, tmp_path / "p0", last_batch=0)
    assert none.mark["batches"] == []
    again = runs.compose(record, edited, tmp_path / "again" / "p2")
    for path in again.folder.rglob("*.csv"):
        assert path.read_bytes() == (second.folder / path.relative_to(again.folder)).read_bytes()


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (
            {"grades": [{"year": 2024, "institution_id": "H9", "grade": "良好"}]},
            Kind.DATA,
            "«H9» 没有这个定点医疗机构",
        ),
        ({"预算": REGISTERS["budgets"]}, Kind.DATA, "年度预算有两份"),
        ({"staff": []}, Kind.USAGE, "人员登记表以文件保存"),
        ({"bugdets": []}, Kind.USAGE, "没有这个登记表"),
    ],
)
def test_what_cannot_be_composed_leaves_nothing(
    change: dict[str, Any], kind: Kind, said: str, record: Path, tmp_path: Path
) -> None:
    with pytest.raises(DrgpayError) as caught:
        runs.compose(record, {**REGISTERS, **change}, tmp_path / "pin")
    assert caught.value.kind is kind
    assert said in caught.value.zh
    assert not (tmp_path / "pin").exists()


def test_a_register_that_is_a_file_of_the_record_too_is_refused(record: Path, tmp_path: Path) -> None:
    (record / "考核等级.csv").write_text(three.TEXTS["grades.csv"], encoding="utf-8")
    with pytest.raises(DrgpayError) as caught:
        runs.compose(record, REGISTERS, tmp_path / "pin")
    assert "考核等级.csv" in caught.value.zh
    with pytest.raises(DrgpayError) as missing:
        runs.compose(record, {k: v for k, v in REGISTERS.items() if k != "grades"}, tmp_path / "pin", last_batch=9)
    assert missing.value.value == 9
