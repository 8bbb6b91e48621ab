"""Front pages of every generation, in every kind of file, with the traps inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import fee_total_check, read_stays, textfiles
from support.dbf import write_dbf
from support.formats import DATA, brief, read, rows_of, write_csv, write_xlsx

WESTERN = "front-page-western.csv"
STAY = {
    "stay_id": "00123456-2", "sex": "male", "age": 60, "age_days": None, "birth_weight": None,
    "admission_weight": None, "los": 5,
    "discharge_way": 1, "dx": ["K35.800", "I10.x00x002", "E11.900", "Z98.800"], "proc": ["47.0100", "54.1100"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (WESTERN, "front-page-western"),
        ("front-page-tcm.csv", "front-page-tcm"),
        ("front-page-shanghai.csv", "front-page-shanghai"),
        ("front-page-hqms.csv", "front-page-hqms"),
    ],
)
def test_every_generation_gives_the_same_stay(name: str, said: str) -> None:
    stays, findings, words = read(DATA / name)
    expected = dict(STAY)
    if said == "front-page-tcm":
        # JBDM is the outpatient TCM code there, and the 41st operation the last
        expected["proc"] = ["47.0100", "54.1100", "38.9300"]
    assert stays[0] == expected
    assert f"recognised as {said} " in words
    assert not [f for f in findings if f["row"] in (0, 2)]


def test_the_same_content_in_every_kind_of_file(tmp_path: Path) -> None:
    rows = rows_of(WESTERN)
    once = read(DATA / WESTERN)
    kinds = {"NL": "N", "ZFY": "N", "RYSJ": "D", "CYSJ": "D"}
    made = [
        write_csv(tmp_path / "gbk.csv", rows, "gb18030"),
        write_csv(tmp_path / "mark.csv", rows, "utf-8-sig"),
        write_xlsx(tmp_path / "a.xlsx", rows),
        write_dbf(tmp_path / "a.dbf", rows, kinds=kinds),
    ]
    for path in made:
        stays, findings, words = read(path)
        assert (stays, words) == (once[0], once[2])
        shift = 1 if path.suffix == ".dbf" else 0  # records count from 1, without the header
        assert [(row + shift, *rest) for row, *rest in brief(findings)] == brief(once[1])


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [(i.stays.to_pylist(), i.findings.num_rows) for i in read_stays(DATA / WESTERN)]
    monkeypatch.setattr(textfiles, "_CSV_BLOCK", 600)
    parts = list(read_stays(DATA / WESTERN, chunk_rows=1))
    assert [s for part in parts for s in part.stays.to_pylist()] == whole[0][0]
    assert sum(part.findings.num_rows for part in parts) == whole[0][1]


def test_findings_name_the_fields_of_the_file() -> None:
    _, findings, _ = read(DATA / WESTERN)
    assert brief(findings) == [
        (3, "BZYZSNL", "age_unit", "3"),
        (3, "SSJCZBM1", "principal_procedure_blank", ""),
        (3, "ZFY", "fee_total", "4,000.00 / 4,100.00"),
    ]
    assert "--newborn-age" in findings[0]["en"]


@pytest.mark.parametrize(
    ("header", "unit", "cell", "days"),
    [
        ("BZYZSNL", "", "3", None),
        ("BZYZSNL", "", "0", 0),
        ("BZYZSNL", "days", "3", 3),
        ("BZYZSNL", "days", "3.0", 3),
        ("BZYZSNL", "days", "365", 365),
        ("BZYZSNL", "days", "366", None),
        ("BZYZSNL", "days", "2.5", None),
        ("BZYZSNL", "days", "2 15/30", None),
        ("BZYZSNL", "months", "3", 90),
        ("BZYZSNL", "months", "2.5", 75),
        ("BZYZSNL", "months", "2 15/30", 75),
        ("BZYZSNL", "months", "２又15/30", 75),
        ("BZYZSNL", "months", "15/30", 15),
        ("BZYZSNL", "months", "13", None),
        ("BZYZSNL(月)", "", "2", 60),
        ("BZYZSNL(天)", "", "2", 2),
        ("BZYZSNLT", "", "2", 2),
    ],
)
def test_the_age_of_infants_needs_a_unit(tmp_path: Path, header: str, unit: str, cell: str, days: int | None) -> None:
    row = {"BAH": "1", "JBDM": "P22.000", "NL": "0", header: cell}
    stays, findings, _ = read(write_csv(tmp_path / "a.csv", [row]), newborn_age=unit)
    assert stays[0]["age_days"] == days
    said = [f for f in brief(findings) if f[2] in ("age_unit", "age_days_missing")]
    assert [f[:3] for f in said] == ([] if days is not None else [(2, header, "age_unit")])


def test_zeros_of_number_columns_are_empty_for_the_grown(tmp_path: Path) -> None:
    rows = [
        {"BAH": "1", "JBDM": "K35.800", "NL": "60", "BZYZSNL": "0.00", "XSECSTZ": "0"},
        {"BAH": "2", "JBDM": "P22.000", "NL": "0", "BZYZSNL": "0", "XSECSTZ": "0.0"},
    ]
    stays, findings, _ = read(write_csv(tmp_path / "a.csv", rows))
    assert [(s["age_days"], s["birth_weight"]) for s in stays] == [(None, None), (0, None)]
    assert [f for f in brief(findings) if f[0]] == [(3, "XSECSTZ", "birth_weight_missing", "")]


def test_ways_of_discharge_are_1_to_5_and_9(tmp_path: Path) -> None:
    rows = [{"BAH": str(way), "JBDM": "K35.800", "LYFS": str(way)} for way in range(11)]
    _, findings, _ = read(write_csv(tmp_path / "a.csv", rows))
    bad = [f[0] - 2 for f in brief(findings) if f[1:3] == ("LYFS", "discharge_way_bounds")]
    assert bad == [0, 6, 7, 8, 10]


def fen(*yuan: int | None) -> Any:
    return pa.array([None if y is None else y * 100 for y in yuan], pa.int64())


PART_OF = {"drugs": "", "antibiotics": "drugs", "surgery": "", "anaesthesia": "surgery"}


def test_fees_contained_in_others_are_never_added() -> None:
    fees = {"drugs": fen(70, 70, None), "antibiotics": fen(20, 20, None), "surgery": fen(30, 31, None),
            "anaesthesia": fen(30, 30, None)}  # fmt: skip
    fault = fee_total_check(fen(100, 100, 100), fees, PART_OF, complete=True)
    assert fault is not None
    assert (fault.rule, fault.at.tolist(), fault.values) == ("fee_total", [1], ("101.00 / 100.00",))
    assert fee_total_check(fen(None, None, 5), fees, PART_OF, complete=True) is None


def test_some_of_the_fees_may_only_not_exceed_the_total() -> None:
    # without its parent in the file a part counts by itself
    fees = {"antibiotics": fen(20, 120), "surgery": fen(30, 0)}
    fault = fee_total_check(fen(100, 100), fees, PART_OF, complete=False)
    assert fault is not None
    assert fault.at.tolist() == [1]


def test_a_fee_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    rows = [{**rows_of(WESTERN)[0], "XYF": "七百"}]
    _, findings, _ = read(write_csv(tmp_path / "a.csv", rows))
    assert brief(findings) == [(2, "XYF", "fee_unreadable", "七百"), (2, "ZFY", "fee_total", "3,300.00 / 4,000.00")]


def test_a_ventilator_longer_than_the_stay_is_said() -> None:
    _, findings, _ = read(DATA / "front-page-shanghai.csv")
    assert brief(findings) == [(3, "YCHXJSYSJ", "duration_stay", "500"), (3, "YCHXJSYSJ", "ventilator_code", "500h")]


def test_what_the_front_page_lacks_is_named_and_can_be_given(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as caught:
        read(DATA / WESTERN, need="settlement")
    text = str(caught.value)
    assert caught.value.kind is Kind.DATA
    assert "lacks: institution_id, insurance_scheme, fund_by_item" in text
    assert "险种(insurance_scheme)" in text
    assert "--alias" in text
    # own columns under names drgpay knows will do; an ID does not stand in for the record number
    rows = [{**row, "基金": "3000.00", "险种": "居民", "ID": "9"} for row in rows_of(WESTERN)[:1]]
    path = write_csv(tmp_path / "a.csv", rows)
    told = {"columns": {"基金": "fund_by_item"}, "constants": {"institution_id": "H001"}}
    stays, findings, _ = read(path, need="settlement", **told)
    stay = stays[0]
    assert (stay["stay_id"], stay["institution_id"]) == ("H001-00123456-2", "H001")
    assert (stay["insurance_scheme"], stay["personal_paid"]) == ("resident", 90050)
    assert (stay["fund_by_item"], stay["total_cost"]) == (300000, 400000)
    assert [f for f in brief(findings) if f[0] == 0] == [(0, "ID", "column_unknown", "")]


def test_a_stay_without_a_record_number_has_no_id(tmp_path: Path) -> None:
    rows = [{"BAH": "", "ZYCS": "1", "JBDM": "K35.800"}, {"BAH": "7", "ZYCS": "", "JBDM": "K35.800"}]
    stays, findings, _ = read(write_csv(tmp_path / "a.csv", rows))
    assert [s["stay_id"] for s in stays] == ["7"]
    assert (2, "BAH", "stay_id_missing", "") in brief(findings)


def test_other_diagnoses_do_not_move_up(tmp_path: Path) -> None:
    rows = [{"BAH": "1", "JBDM2": "E11.900", "JBDM": "", "JBDM1": "I10.x00"}]
    stays, findings, _ = read(write_csv(tmp_path / "a.csv", rows))
    assert stays[0]["dx"] is None
    assert (2, "JBDM", "dx_missing", "") in brief(findings)


def test_two_headers_for_one_and_unknown_ones(tmp_path: Path) -> None:
    rows = [{"BAH": "1", "JBDM": "K35.800", "SSJCZBN1": "47.0100", "我院自编": "x"}]
    _, findings, _ = read(write_csv(tmp_path / "a.csv", rows))
    unknown = {f[1]: f[3] for f in brief(findings) if f[2] == "column_unknown"}
    assert unknown == {"SSJCZBN1": "SSJCZBM1", "我院自编": ""}
    with pytest.raises(DrgpayError, match="two columns mean principal_diag_code: JBDM, jbdm"):
        read(write_csv(tmp_path / "b.csv", [{"BAH": "1", "JBDM": "K35.800", "jbdm": "x"}]))


def test_float_money_in_parquet_is_refused(tmp_path: Path) -> None:
    constants = {"institution_id": "H1", "insurance_scheme": "employee"}
    texts = {"BAH": "1", "JBDM": "K35.800", "SJZYTS": "1", "RYSJ": "20240101", "CYSJ": "20240102", "ZFJE": "1"}
    table = pa.table({**{name: [cell] for name, cell in texts.items()}, "fund_by_item": ["1"], "ZFY": [10.5]})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DrgpayError, match="floating point") as caught:
        read(tmp_path / "a.parquet", need="settlement", constants=constants)
    assert caught.value.field == "total_cost"
    at = table.schema.get_field_index("ZFY")
    exact = table.set_column(at, "ZFY", pc.cast(table["ZFY"], pa.decimal128(10, 2)))
    pq.write_table(exact, tmp_path / "b.parquet")
    assert read(tmp_path / "b.parquet", need="settlement", constants=constants)[0][0]["total_cost"] == 1050


def test_dbf_leaves_out_deleted_and_blank_records(tmp_path: Path) -> None:
    rows = [{"BAH": str(i), "JBDM": "K35.800", "CYKB": "内科"} for i in range(4)]
    rows[2] = dict.fromkeys(rows[2], "")
    path = write_dbf(tmp_path / "a.dbf", rows, deleted=frozenset([0]))
    assert [s["stay_id"] for s in read(path)[0]] == ["1", "3"]


def test_dbf_text_cut_in_the_middle_of_a_character(tmp_path: Path) -> None:
    rows = [{"BAH": "1号", "JBDM": "K35.800"}, {"BAH": "22号", "JBDM": "K35.800"}]
    path = write_dbf(tmp_path / "a.dbf", rows, widths={"BAH": 3})
    assert [s["stay_id"] for s in read(path)[0]] == ["1号", "22"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b[:-20], "not a readable DBF file, or truncated"),
        (lambda b: b"\0" * 40, "not a readable DBF file, or truncated"),
        (lambda b: b.replace(b"BAH\0\0\0\0\0\0\0\0C", b"BAH\0\0\0\0\0\0\0\0B"), "type B cannot be read"),
        (lambda b: b.replace(b"0001", b"\xff\xff\xff\xff"), "the text is not GBK"),
    ],
)
def test_bad_dbf(tmp_path: Path, change: Any, words: str) -> None:
    path = write_dbf(tmp_path / "a.dbf", [{"BAH": "0001", "JBDM": "K35.800"}])
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DrgpayError, match=words):
        read(path)
