"""Reading files of stays: layouts, headers, encodings, lines; values are in test_intake_values."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import read_stays, stays_schema, textfiles
from support.stay_files import STAY, excel, many_stays, read, rules, settle, table_text, write


def test_a_clean_file_gives_the_canonical_table(tmp_path: Path) -> None:
    stays_read, findings = settle(tmp_path)
    assert findings == []
    assert stays_read == [
        {
            **STAY,
            "age": 40,
            "age_days": None,
            "birth_weight": None,
            "admission_weight": None,
            "los": 5,
            "admission_date": date(2024, 3, 1),
            "discharge_date": date(2024, 3, 6),
            "discharge_way": 1,
            "dx": ["A00.100x001", "B00.100"],
            "proc": ["35.1400x006"],
            "total_cost": 100000,
            "personal_paid": 30000,
            "fund_by_item": 70000,
        }
    ]


def test_the_golden_layout_is_taken_as_it_is(tmp_path: Path) -> None:
    path = write(
        tmp_path / "golden.csv",
        "id,sex,age,age_days,weight_g,los,discharge,dx,proc,mdc,adrg,drg\n"
        "g-1,female,25,9242,,6,1,A56.103+N51.1*|T02.010,,J,JZ1,JZ11\n"
        "g-2,male,0,3,1450,2,3,P07.100,96.7101|38.9100,P,PS1,PS11\n",
    )
    stays_read, findings, rows = read(path)
    assert (rows, findings) == (2, [])
    assert stays_read[0]["dx"] == ["A56.103+N51.1*", "T02.010"]
    assert stays_read[0]["proc"] is None
    assert stays_read[1] == {
        "stay_id": "g-2", "sex": "male", "age": 0, "age_days": 3, "birth_weight": 1450,
        "admission_weight": 1450, "los": 2, "discharge_way": 3,
        "dx": ["P07.100"], "proc": ["96.7101", "38.9100"],
    }  # fmt: skip


def test_grouping_needs_only_diagnoses_and_says_what_is_absent(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "诊断编码\nA00.000\n\nB00.000\n")
    stays_read, findings, _ = read(path)
    assert [(s["stay_id"], s["dx"]) for s in stays_read] == [("2", ["A00.000"]), ("4", ["B00.000"])]
    absent = {(f["row"], f["field"], f["rule"], f["level"]) for f in findings}
    assert absent == {(0, "stay_id", "stay_id_made", "warn")} | {
        (0, name, "column_absent", "warn")
        for name in ("sex", "age", "age_days", "birth_weight", "los", "discharge_way", "proc")
    }


def test_gbk_with_chinese_names(tmp_path: Path) -> None:
    text = "病例号,性别,年龄,诊断编码,病人姓名\n一号,女,30,A00.000,张三\n"
    stays_read, findings, _ = read(write(tmp_path / "a.csv", text, "gb18030"))
    assert (stays_read[0]["stay_id"], stays_read[0]["sex"], stays_read[0]["age"]) == ("一号", "female", 30)
    assert (0, "病人姓名", "column_unknown", "") in rules(findings)
    assert "张三" not in str(findings)


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_separator_and_encoding_make_no_difference(tmp_path: Path, separator: str, encoding: str) -> None:
    path = write(tmp_path / "a.csv", table_text([{**STAY, "department_id": "内科"}], separator), encoding)
    stays_read, findings, _ = read(path, need="settlement")
    assert findings == []
    assert (stays_read[0]["department_id"], stays_read[0]["dx"]) == ("内科", ["A00.100x001", "B00.100"])


@pytest.mark.parametrize("header", ["STAY_ID", " 病例号 ", "病例唯一号", "ＩＤ", "结算 ID", "\ufeffid"])
def test_headers_by_any_name(tmp_path: Path, header: str) -> None:
    stays_read, _, _ = read(write(tmp_path / "a.csv", f"{header},dx\n7,A00.000\n"))
    assert stays_read[0]["stay_id"] == "7"


@pytest.mark.parametrize(
    "header",
    [
        "proc2,dx3,dx1,proc1,dx2",
        "手术操作编码2,其他诊断编码2,主要诊断编码,手术操作编码1,其他诊断编码1",
        "procedure_code_2,other_diag_code_2,principal_diag_code,procedure_code_1,other_diag_code_1",
        "其他手术操作编码1,JBDM10,JBDM,主要手术操作编码,JBDM9",
    ],
)
def test_wide_columns_are_joined_by_their_number(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "a.csv", f"{header}\nP2,C00.000,A00.000,P1,B00.000\n,C00.000,A00.000,,\n,B,,,C\n")
    stays_read, findings, _ = read(path)
    assert [s["dx"] for s in stays_read] == [["A00.000", "B00.000", "C00.000"], ["A00.000", "C00.000"], None]
    assert [s["proc"] for s in stays_read] == [["P1", "P2"], None, None]
    # a blank principal place is no principal diagnosis: the others do not move up
    assert "dx_missing" in {rule for row, _, rule, _ in rules(findings) if row == 4}


def test_a_blank_principal_procedure_is_said(tmp_path: Path) -> None:
    stays_read, findings, _ = read(write(tmp_path / "a.csv", "dx,proc1,proc2\nA00.000,,35.1400\n"))
    assert stays_read[0]["proc"] == [None, "35.1400"]
    assert (2, "proc1", "principal_procedure_blank", "") in rules(findings)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("dx,诊断", "dx, 诊断"),
        ("dx,dx1", "dx, dx1"),
        ("主要诊断编码,dx1", "主要诊断编码, dx1"),
        ("dx,id,stay_id", "id, stay_id"),
    ],
)
def test_two_columns_for_one_are_refused(tmp_path: Path, header: str, words: str) -> None:
    with pytest.raises(DrgpayError, match=f"two columns mean .*: {words}") as caught:
        read_stays(write(tmp_path / "a.csv", header + "\n" + ",".join("1" * (header.count(",") + 1))))
    assert caught.value.kind is Kind.DATA


def test_an_unknown_header_names_the_nearest(tmp_path: Path) -> None:
    _, findings, _ = read(write(tmp_path / "a.csv", "id,dx,birth_wieght\n1,A00.000,3000\n"))
    unknown = [f for f in findings if f["rule"] == "column_unknown"]
    assert [(f["row"], f["field"], f["value"], f["level"]) for f in unknown] == [
        (0, "birth_wieght", "birth_weight", "warn")
    ]
    assert "请改列名" in unknown[0]["zh"]


def test_a_missing_column_names_what_would_do(tmp_path: Path) -> None:
    row = {name: cell for name, cell in STAY.items() if name not in ("admission_date", "total_cost")}
    with pytest.raises(DrgpayError) as caught:
        read_stays(write(tmp_path / "a.csv", table_text([row])), need="settlement")
    text = str(caught.value)
    assert caught.value.kind is Kind.DATA
    assert "缺少必需的列:入院时间(admission_date)、总费用(total_cost)" in text
    assert "required columns are missing: admission_date, total_cost" in text
    assert "RYSJ" in text
    assert "medfee_sumamt" in text


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    text = (
        "id,dx,sex,age\n"  # 1
        "a,A00.000,5,1\n"  # 2
        "\n"  # 3
        "b,A00.000\n"  # 4: too short
        ' "x ,A00.000,1,1\n'  # 5: a stray mark inside a cell is a character
        '"c\nc",A00.000,5,1\n'  # 6-7
        ",,,\n"  # 8
        "d,A00.000,5,1,,\n"  # 9: too long
        "a,A00.000,5,1\n"  # 10: again
    )
    path = write(tmp_path / "a.csv", text)
    for chunk_rows in (1, 2, 100):
        _, findings, rows = read(path, chunk_rows=chunk_rows)
        assert rows == 6
        assert [r for r in rules(findings) if r[0]] == [
            (2, "sex", "not_listed", "5"),
            (4, "", "cells", "2 / 4"),
            (6, "", "lines", "2"),
            (6, "sex", "not_listed", "5"),
            (9, "", "cells", "6 / 4"),
            (10, "id", "stay_id_repeated", ""),
            (10, "sex", "not_listed", "5"),
        ]


def test_chunks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = table_text(many_stays()).replace("s5,", "s5\n\n", 1)
    path = write(tmp_path / "a.csv", text)
    once = read(path, need="settlement")
    # s12 repeats s2; s19 has its days from its dates; the torn line is ragged on both of its halves
    assert (len(once[0]), once[2]) == (20 - 4, 21)
    monkeypatch.setattr(textfiles, "_CSV_BLOCK", 400)  # the blocks of the file as small as its chunks
    for chunk_rows in (1, 3):
        assert read(path, need="settlement", chunk_rows=chunk_rows) == once


def test_a_repeated_stay_is_taken_once_and_another_one_under_its_id_said(tmp_path: Path) -> None:
    ids = (("5", "a"), ("6", "b"), ("4", " a "), ("5", "A"), ("5", "a"))
    path = write(tmp_path / "a.csv", table_text([{**STAY, "los": los, "stay_id": name} for los, name in ids]))
    stays_read, findings, _ = read(path, need="settlement", chunk_rows=2)
    assert [(s["stay_id"], s["los"]) for s in stays_read] == [("a", 5), ("b", 6), ("A", 5)]
    assert [(f["row"], f["rule"]) for f in findings] == [(4, "stay_id_shared"), (6, "stay_id_repeated")]


@pytest.mark.parametrize("top", [0, 2])
def test_excel(tmp_path: Path, top: int) -> None:
    typed = {
        **STAY,
        "age": 40,
        "los": 5.0,
        "admission_date": date(2024, 3, 1),
        "total_cost": 1000.1,
        "stay_id": 123456789012,
    }
    rows = [list(STAY), list(typed.values()), [], [*list(typed.values())[:-1], "x"]]
    stays_read, findings, _ = read(excel(tmp_path / "a.xlsx", rows, top), need="settlement")
    assert len(stays_read) == 1
    assert (stays_read[0]["stay_id"], stays_read[0]["age"], stays_read[0]["los"]) == ("123456789012", 40, 5)
    assert (stays_read[0]["admission_date"], stays_read[0]["total_cost"]) == (date(2024, 3, 1), 100010)
    assert [(f["row"], f["rule"]) for f in findings] == [(4 + top, "unreadable"), (4 + top, "stay_id_shared")]


def test_parquet_of_any_make(tmp_path: Path) -> None:
    table = pa.table(
        {
            **{name: [cell] for name, cell in STAY.items() if name not in ("dx", "proc")},
            "dx": pa.array([["A00.100X001", "", "B00.100"]]),
            "proc": pa.array([None], pa.list_(pa.string())),
            "age": pa.array([40.0]),
            "admission_date": pa.array([1709251200000], pa.timestamp("ms")),
            "total_cost": pa.array([100000]),
            "personal_paid": pa.array(["300.00"]).cast(pa.decimal128(12, 2)),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    stays_read, findings, _ = read(tmp_path / "a.parquet", need="settlement")
    assert rules(findings) == [(1, "dx", "code_case", "A00.100X001")]
    assert stays_read[0]["dx"] == ["A00.100x001", "B00.100"]
    assert (stays_read[0]["age"], stays_read[0]["admission_date"]) == (40, date(2024, 3, 1))
    assert (stays_read[0]["total_cost"], stays_read[0]["personal_paid"]) == (100000, 30000)


def test_money_as_float_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({**{k: [v] for k, v in STAY.items()}, "total_cost": [1000.0]}), tmp_path / "a.parquet")
    with pytest.raises(DrgpayError, match="floating point") as caught:
        read_stays(tmp_path / "a.parquet", need="settlement")
    assert caught.value.field == "total_cost"
    assert "整数分" in str(caught.value)


def test_an_unknown_need_is_a_defect_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="need is one of"):
        stays_schema("both")
