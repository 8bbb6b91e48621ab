"""Tables beside the stays: read from any file, checked row by row, and which columns are there."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from drgpay.errors import DrgpayError, Kind
from drgpay.runs import read_region
from drgpay.steps import intake
from drgpay.tables import CHARGES, ENROLMENT, PERSONS, STAY_DETAILS, VISITS, Table

VISIT = {
    "visit_id": "v1", "person_id": "p1", "institution_id": "h1", "insurance_scheme": "employee",
    "visit_date": "2024-03-01", "kind": "outpatient", "total_cost": "100.00", "personal_paid": "40",
    "fund_by_item": "60.00",
}  # fmt: skip
CHARGE = {
    "stay_id": "s1",
    "institution_id": "h1",
    "charge_date": "2024-03-01",
    "category": "bed",
    "amount": "30.50",
}
DETAIL = {"stay_id": "s1", "institution_id": "h1", "discharge_date": "2024-03-05", "leave_days": "0"}
PERSON = {"person_id": "p1", "insurance_scheme": "resident", "sex": "male", "birth_date": "1950-01-01"}


def text_of(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(tmp_path: Path, table: Table, *files: list[dict[str, str]] | str | bytes, **options: Any) -> Any:
    """(rows, findings, conversion) of CSV files."""
    paths = []
    for number, content in enumerate(files):
        path = tmp_path / f"{table.name}-{number}.csv"
        text = text_of(content) if isinstance(content, list) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        paths.append(path)
    done = intake.convert_rows(paths, tmp_path / "work", table, institutions=frozenset(["h1"]), **options)
    rows: list[dict[str, Any]] = []
    for part in done.parts:
        data = pq.read_table(part)
        table.check(data)
        rows += data.to_pylist()
    return rows, done.findings.to_pylist(), done


def test_rows_become_canonical_and_columns_that_may_be_null_may_be_absent(tmp_path: Path) -> None:
    rows, findings, done = read(tmp_path, VISITS, [VISIT, VISIT | {"visit_id": "v2", "total_cost": "1,234.50"}])
    assert findings == []
    assert [row["total_cost"] for row in rows] == [10_000, 123_450]
    assert rows[0]["visit_date"] == date(2024, 3, 1)
    assert rows[0]["dx"] is None
    assert (done.rows_in, done.rows_ok) == (2, 2)


BAD: list[tuple[Table, dict[str, str], dict[str, str], str, str]] = [
    (VISITS, VISIT, {"total_cost": "-1"}, "bounds", "total_cost"),
    (VISITS, VISIT, {"total_cost": "many"}, "unreadable", "total_cost"),
    (VISITS, VISIT, {"total_cost": "99999999999999999999"}, "too_large", "total_cost"),
    (VISITS, VISIT, {"person_id": ""}, "missing", "person_id"),
    (VISITS, VISIT, {"visit_date": "2024-02-30"}, "unreadable", "visit_date"),
    (VISITS, VISIT, {"visit_date": ""}, "missing", "visit_date"),
    (VISITS, VISIT, {"kind": "teleport"}, "not_listed", "kind"),
    (VISITS, VISIT, {"institution_id": "h9"}, "institution_unknown", "institution_id"),
    (VISITS, VISIT, {"observation_hours": "-3"}, "bounds", "observation_hours"),
    (VISITS, VISIT, {"internet": "perhaps"}, "unreadable", "internet"),
    (CHARGES, CHARGE, {"category": "parking"}, "not_listed", "category"),
    (CHARGES, CHARGE, {"amount": "-0.01"}, "bounds", "amount"),
    (CHARGES, CHARGE, {"stay_id": ""}, "missing", "stay_id"),
    (STAY_DETAILS, DETAIL, {"leave_days": "-1"}, "bounds", "leave_days"),
    (STAY_DETAILS, DETAIL, {"leave_days": "99999"}, "too_large", "leave_days"),
    (STAY_DETAILS, DETAIL, {"admission_route": "helicopter"}, "not_listed", "admission_route"),
    (STAY_DETAILS, DETAIL, {"bed_fee": "-5"}, "bounds", "bed_fee"),
    (PERSONS, PERSON, {"death_date": "1949-12-31"}, "death_before_birth", "death_date"),
    (PERSONS, PERSON, {"sex": ""}, "missing", "sex"),
]


@pytest.mark.parametrize(("table", "good", "change", "rule", "field"), BAD)
def test_a_bad_row_is_kept_out_with_a_finding_and_good_rows_go_on(
    tmp_path: Path, table: Table, good: dict[str, str], change: dict[str, str], rule: str, field: str
) -> None:
    others = [good | {table.key[0]: f"other{i}"} for i in range(3)]
    rows, findings, done = read(tmp_path, table, [others[0], good | change, *others[1:]])
    assert [row[table.key[0]] for row in rows] == ["other0", "other1", "other2"]
    assert [(f["row"], f["rule"], f["field"], f["level"]) for f in findings] == [(3, rule, field, "error")]
    assert findings[0]["file"] == f"{table.name}-0.csv"
    assert findings[0]["zh"]
    assert findings[0]["en"]
    assert (done.rows_in, done.rows_ok) == (4, 3)


def test_parts_above_the_total_are_a_warning(tmp_path: Path) -> None:
    rows, findings, _ = read(tmp_path, VISITS, [VISIT | {"fund_by_item": "60.01"}])
    assert len(rows) == 1
    assert [(f["rule"], f["level"]) for f in findings] == [("parts_exceed_total", "warn")]


def test_a_key_that_occurs_again_is_kept_out_also_in_another_file(tmp_path: Path) -> None:
    later = CHARGE | {"amount": "1"}
    rows, findings, _ = read(tmp_path, CHARGES, [CHARGE, CHARGE | {"category": "drug"}, later], [later], chunk_rows=1)
    assert [(row["category"], row["amount"]) for row in rows] == [("bed", 3050), ("drug", 3050)]
    assert [(f["file"], f["row"], f["rule"]) for f in findings] == [
        ("charges-0.csv", 4, "key_repeated"),
        ("charges-1.csv", 2, "key_repeated"),
    ]


def test_ids_of_persons_are_not_shown(tmp_path: Path) -> None:
    secret = "P110101195001011234"
    _, findings, _ = read(
        tmp_path,
        VISITS,
        [VISIT | {"person_id": secret}, VISIT | {"person_id": secret}, VISIT | {"kind": "张三"}],
    )
    assert {f["rule"] for f in findings} == {"key_repeated", "not_listed"}
    assert not any(secret in str(f) or "张三" in str(f) for f in findings)


def test_chinese_headers_words_and_gb18030(tmp_path: Path) -> None:
    text = (
        "就诊编号,人员编号,定点医疗机构编号,险种,就诊日期,就诊类别,互联网复诊,总费用,个人负担总额,"
        "按项目记账的基金应付,主要诊断编码,其他诊断编码1\n"
        "v1,p1,h1,职工,2024年3月1日,门诊慢病,是,100.00,40.00,60.00,I10.x00,E11.900\n"
    )
    rows, findings, _ = read(tmp_path, VISITS, text.encode("gb18030"))
    assert findings == []
    assert (rows[0]["kind"], rows[0]["internet"], rows[0]["dx"]) == ("chronic", True, ["I10.x00", "E11.900"])


def test_ragged_lines_and_unknown_columns_are_said(tmp_path: Path) -> None:
    text = text_of([CHARGE | {"colour": "red"}]) + "s2,h1,2024-03-01\n"
    rows, findings, done = read(tmp_path, CHARGES, text)
    assert len(rows) == 1
    assert [(f["row"], f["rule"]) for f in findings] == [(0, "column_unknown"), (3, "cells")]
    assert done.rows_in == 2


def test_what_cannot_be_read_at_all_is_refused(tmp_path: Path) -> None:
    for content, words in (
        (b"", "empty"),
        (text_of([{k: v for k, v in VISIT.items() if k != "visit_date"}]).encode(), "visit_date"),
        ("总费用,total_cost\n1,2\n".encode(), "two columns"),
        (b"\xff\xfea\x00\n", "UTF-16"),
    ):
        with pytest.raises(DrgpayError) as failure:
            read(tmp_path, VISITS, content)
        assert failure.value.kind is Kind.DATA
        assert words in failure.value.en


def test_a_header_without_rows_brings_nothing(tmp_path: Path) -> None:
    rows, findings, done = read(tmp_path, CHARGES, ",".join(CHARGE) + "\n")
    assert (rows, findings, done.parts) == ([], [], ())


def test_workbooks_and_foreign_parquet_are_read(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "charges.xlsx")
    sheet = book.add_worksheet()
    for row, cells in enumerate((list(CHARGE), list(CHARGE.values()))):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    book.close()
    pl.DataFrame({**{k: [v] for k, v in CHARGE.items()}, "stay_id": ["s2"], "amount": [3050]}).write_parquet(
        tmp_path / "charges.parquet"
    )
    done = intake.convert_rows([tmp_path / "charges.xlsx", tmp_path / "charges.parquet"], tmp_path / "work", CHARGES)
    rows = [row for part in done.parts for row in pq.read_table(part).to_pylist()]
    assert [(row["stay_id"], row["amount"]) for row in rows] == [("s1", 3050), ("s2", 3050)]
    floats = tmp_path / "floats.parquet"
    pl.DataFrame({**{k: [v] for k, v in CHARGE.items()}, "amount": [30.5]}).write_parquet(floats)
    with pytest.raises(DrgpayError, match="fen"):
        intake.convert_rows([floats], tmp_path / "work", CHARGES)


def _canonical(path: Path, table: Table, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    return path


GOOD_CHARGE = {
    "stay_id": "s1", "person_id": None, "institution_id": "h1", "charge_date": date(2024, 3, 1), "category": "bed",
    "amount": 5,
}  # fmt: skip


@pytest.mark.parametrize("change", [{"amount": -1}, {"category": "parking"}, {"institution_id": "h9"}])
def test_canonical_parquet_with_a_bad_row_is_not_used_as_it_is(tmp_path: Path, change: dict[str, Any]) -> None:
    good = _canonical(tmp_path / "good.parquet", CHARGES, [GOOD_CHARGE])
    bad = _canonical(tmp_path / "bad.parquet", CHARGES, [GOOD_CHARGE, GOOD_CHARGE | change])
    known = frozenset(["h1"])
    assert intake.is_canonical(good, CHARGES, known)
    assert not intake.is_canonical(bad, CHARGES, known)
    pq.write_table(pq.read_table(good).drop_columns(["person_id"]), tmp_path / "less.parquet")
    assert not intake.is_canonical(tmp_path / "less.parquet", CHARGES, known)


def _region(folder: Path) -> Path:
    folder.mkdir()
    (folder / "institutions.csv").write_text("institution_id,name,level\nh1,One,tertiary\n", encoding="utf-8")
    (folder / "budgets.csv").write_text("year,insurance_scheme,revenue,drg_budget\n", encoding="utf-8")
    return folder


def test_a_region_brings_tables_in_files_and_folders(tmp_path: Path) -> None:
    folder = _region(tmp_path / "region")
    ready = _canonical(folder / "charges" / "2024" / "a.parquet", CHARGES, [GOOD_CHARGE])
    rows = [CHARGE | {"stay_id": "s2"}, CHARGE | {"stay_id": "s3", "amount": "-1"}]
    (folder / "charges" / "b.csv").write_text(text_of(rows), encoding="utf-8")
    (folder / "charges" / "b.findings.csv").write_text("no,rows\n", encoding="utf-8")
    (folder / "stay_details.csv").write_text(text_of([DETAIL]), encoding="utf-8")
    region = read_region(folder)
    found = region.table(CHARGES, tmp_path / "work")
    assert found is not None
    assert found.data.paths[0] == ready
    assert sorted(row["stay_id"] for p in found.data.paths for row in pq.read_table(p).to_pylist()) == ["s1", "s2"]
    assert found.brought == frozenset(CHARGES.names) - {"person_id"}
    assert (found.rejected, sum(f.num_rows for f in found.findings)) == (1, 1)
    details = region.table(STAY_DETAILS, tmp_path / "work")
    assert details is not None
    assert details.brought == {"stay_id", "institution_id", "discharge_date", "leave_days"}
    assert region.table(VISITS, tmp_path / "work") is None


def test_a_table_without_a_usable_row_is_there_and_empty(tmp_path: Path) -> None:
    folder = _region(tmp_path / "region")
    (folder / "visits.csv").write_text(text_of([VISIT | {"kind": "no"}]), encoding="utf-8")
    found = read_region(folder).table(VISITS, tmp_path / "work")
    assert found is not None
    assert (found.data.rows(), found.brought, found.rejected) == (0, frozenset(), 1)


@pytest.mark.parametrize("statistics", [True, False])
def test_a_column_null_everywhere_counts_as_not_brought(tmp_path: Path, statistics: bool) -> None:
    row = dict.fromkeys(VISITS.names) | {
        "visit_id": "v1", "person_id": "p1", "institution_id": "h1", "insurance_scheme": "employee",
        "visit_date": date(2024, 1, 1), "kind": "outpatient", "total_cost": 1, "personal_paid": 1, "fund_by_item": 0,
    }  # fmt: skip
    paths = []
    for number, more in enumerate(({"dx": []}, {"drug_fee": 3}, {"dx": ["I10.x00"]})):
        paths.append(tmp_path / f"{number}.parquet")
        data = pa.Table.from_pylist([row | more], schema=VISITS.schema)
        pq.write_table(data, paths[-1], write_statistics=statistics)
    assert intake.columns_brought(paths, VISITS) >= {"visit_id", "total_cost", "drug_fee", "dx"}
    assert not intake.columns_brought(paths, VISITS) & {"test_fee", "internet", "doctor_id", "observation_hours"}


def test_diseases_are_read_as_they_are_written_or_said_in_chinese(tmp_path: Path) -> None:
    """They are no ICD codes: nothing is re-spelled, and no finding says so."""
    text = (
        "人员编号,险种,人群,参保开始,出生日期,慢病\n"
        "p1,居民,居民,2024-01-01,1950-01-01,diabetes|hypertension\n"
        "p2,职工,灵活就业,2024-01-01,1960-01-01,糖尿病、高血压\n"
        "p3,居民,学生,2024-01-01,2010-01-01,\n"
    )
    rows, findings, _ = read(tmp_path, ENROLMENT, text)
    assert findings == []
    assert [r["diseases"] for r in rows] == [["diabetes", "hypertension"], ["diabetes", "hypertension"], None]
    assert [r["population"] for r in rows] == ["resident", "flexible", "student"]
