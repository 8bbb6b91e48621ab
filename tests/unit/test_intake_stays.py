"""Reading files of stays: layouts, encodings, values."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import KnownCodes, files, merge_findings, read_stays, stays_schema
from drgpay.tables import FINDINGS, STAYS
from drgpay.units import show_fen

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


def test_a_clean_file_gives_the_canonical_table(tmp_path: Path) -> None:
    stays_read, findings = settle(tmp_path)
    assert findings == []
    assert stays_read == [
        {
            **STAY,
            "age": 40,
            "age_days": None,
            "birth_weight": None,
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
        "stay_id": "g-2", "sex": "male", "age": 0, "age_days": 3, "birth_weight": 1450, "los": 2, "discharge_way": 3,
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
    assert (4, "dx", "dx_missing", "") in rules(findings)


def test_a_blank_principal_procedure_is_said(tmp_path: Path) -> None:
    stays_read, findings, _ = read(write(tmp_path / "a.csv", "dx,proc1,proc2\nA00.000,,35.1400\n"))
    assert stays_read[0]["proc"] == ["35.1400"]
    assert (2, "proc", "principal_procedure_blank", "") in rules(findings)


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


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("A00.000|B00.000", ["A00.000", "B00.000"]),
        ("A00.000;B00.000", ["A00.000", "B00.000"]),
        ("A00.000，B00.000、C00.000", ["A00.000", "B00.000", "C00.000"]),
        (" Ａ００．０００ ｜ B00.000 |", ["A00.000", "B00.000"]),
        ("A00.000||B00.000", ["A00.000", "B00.000"]),
        ("X79.x00", ["X79.x00"]),
    ],
)
def test_lists_in_one_cell(tmp_path: Path, cell: str, codes: list[str]) -> None:
    stays_read, findings, _ = read(write(tmp_path / "a.csv", f"id\tdx\n1\t{cell}\n"))
    assert stays_read[0]["dx"] == codes
    assert not [f for f in findings if f["row"]]


def test_codes_in_the_wrong_case_are_mended_and_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,dx,proc\n1,a00.100X001|B00.100|X79.X00,35.1400X006\n2,A00.100x001,\n")
    stays_read, findings, _ = read(path)
    assert stays_read[0]["dx"] == ["A00.100x001", "B00.100", "X79.x00"]
    assert stays_read[0]["proc"] == ["35.1400x006"]
    assert [r for r in rules(findings) if r[2] == "code_case"] == [
        (2, "dx", "code_case", "a00.100X001|X79.X00"),
        (2, "proc", "code_case", "35.1400X006"),
    ]


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        *(("sex", cell, "male") for cell in ("male", "MALE", "男", "1", "M", "１")),
        *(("sex", cell, "female") for cell in ("female", "女", "2", "f")),
        *(("sex", cell, None) for cell in ("", "0", "9", "-")),
        *(("insurance_scheme", cell, "employee") for cell in ("职工", "310", "职工基本医疗保险")),
        *(("insurance_scheme", cell, "resident") for cell in ("居民", "390", "城乡居民基本医疗保险")),
        *(
            ("admission_date", cell, date(2024, 3, 1))
            for cell in ("2024/3/1", "20240301", "2024-03-01 08:30:00", "2024-03-01T08:30", "20240301083000",
                         "2024年3月1日", "2024.03.01", "２０２４－０３－０１")
        ),
        *(("age", cell, 12) for cell in ("12", "12.0", "12.00", "１２", " 12 ")),
        ("age", "NULL", None),
        ("discharge_way", "死亡", 5),
        ("total_cost", "1,234.5", 123450),
        ("total_cost", "１，２３４．５０", 123450),
        ("total_cost", "¥1234.50", 123450),
        ("total_cost", "￥ 1,234.500", 123450),
        ("total_cost", "+1234.5", 123450),
        ("total_cost", "1234", 123400),
        ("total_cost", "1234.5000", 123450),
    ],
)  # fmt: skip
def test_spellings(tmp_path: Path, name: str, cell: str, value: Any) -> None:
    changes = {"admission_date": "2024-03-01", name: cell}
    stays_read, findings = settle(tmp_path, **changes)
    assert stays_read[0][name] == value
    assert not [f for f in findings if f["level"] == "error"]


@pytest.mark.parametrize(
    ("name", "cell", "rule", "value", "words"),
    [
        ("total_cost", "12.345", "unreadable", "12.345", "小数超过 2 位"),
        ("total_cost", "12元", "unreadable", "", "不是数字"),
        ("total_cost", "1,23", "unreadable", "1,23", "不是数字"),
        ("total_cost", "1e3", "unreadable", "1e3", "不是数字"),
        ("total_cost", "９９９９９９９９９９９９９９９９９９９９", "too_large", "", "放不下"),
        ("total_cost", "-12.30", "money_bounds", "-1230", "冲正单"),
        ("total_cost", "9999999999.00", "money_bounds", "999999999900", "上下限"),
        ("total_cost", "-", "missing", "", "缺少总费用"),
        ("age", "12.5", "unreadable", "12.5", "年龄读不出来"),
        ("age", "99999", "too_large", "99999", "放不下"),
        ("age", "151", "age_bounds", "151", "0–150"),
        ("los", "", "los_missing", "", "实际住院天数"),
        ("los", "-1", "los_bounds", "-1", "超出范围"),
        ("birth_weight", "30", "birth_weight_bounds", "30", "100–9999"),
        ("discharge_way", "0", "discharge_way_bounds", "0", "1、2、3、4、5 或 9"),
        ("admission_date", "2024-02-30", "unreadable", "2024-02-30", "入院时间读不出来"),
        ("admission_date", "2024-03-07", "dates_reversed", "2024-03-06", "出院早于入院"),
        ("discharge_date", "", "missing", "", "缺少出院时间"),
        ("insurance_scheme", "离休", "not_listed", "", "employee | resident"),
        ("insurance_scheme", "", "missing", "", "缺少险种"),
        ("sex", "3", "not_listed", "3", "male | female"),
        ("institution_id", "", "missing", "", "缺少定点医疗机构编号"),
        ("stay_id", " ", "stay_id_missing", "", "缺少病例号"),
        ("dx", "", "dx_missing", "", "没有主要诊断"),
        ("dx", "|B00.000", "dx_missing", "", "没有主要诊断"),
    ],
)  # fmt: skip
def test_bad_cells_keep_a_stay_from_settlement(
    tmp_path: Path, name: str, cell: str, rule: str, value: str, words: str
) -> None:
    stays_read, findings = settle(tmp_path, **{name: cell})
    assert stays_read == []
    errors = [f for f in findings if f["level"] == "error"]
    # one reproach per cause: an unreadable cell is not also called missing
    assert [(f["row"], f["rule"], f["value"]) for f in errors] == [(2, rule, value)]
    assert words in errors[0]["zh"]


def test_findings_carry_no_personal_data(tmp_path: Path) -> None:
    secrets = {"person_id": "110101199001011234", "age": "110101199001011234", "los": "张三丰", "sex": "李四"}
    _, findings = settle(tmp_path, **secrets)
    assert {f["rule"] for f in findings} >= {"unreadable", "not_listed", "too_large"}
    assert not any(secret in str(findings) for secret in secrets.values())


def test_grouping_lets_go_on_what_settlement_keeps_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,dx,los,birth_weight,discharge_way,age\n1,,-1,30,0,40\n")
    stays_read, findings, _ = read(path)
    assert {f["rule"] for f in findings if f["row"]} == {
        "dx_missing", "los_bounds", "birth_weight_bounds", "discharge_way_bounds"
    }  # fmt: skip
    assert {f["level"] for f in findings} == {"warn"}
    # nothing was changed by judging it
    assert (stays_read[0]["los"], stays_read[0]["birth_weight"], stays_read[0]["discharge_way"]) == (-1, 30, 0)


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
            (10, "sex", "not_listed", "5"),
            (10, "stay_id", "stay_id_repeated", ""),
        ]


def many_stays() -> list[dict[str, str]]:
    bad = {
        3: {"age": "x"},
        7: {"total_cost": "1.234"},
        11: {"dx": "a00.100X001"},
        12: {"stay_id": "s2"},
        19: {"los": ""},
    }
    return [{**STAY, "stay_id": f"s{i}", **bad.get(i, {})} for i in range(20)]


def test_chunks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = table_text(many_stays()).replace("s5,", "s5\n\n", 1)
    path = write(tmp_path / "a.csv", text)
    once = read(path, need="settlement")
    # s12 repeats s2; the torn line is ragged on both of its halves
    assert (len(once[0]), once[2]) == (20 - 5, 21)
    monkeypatch.setattr(files, "_CSV_BLOCK", 400)  # the blocks of the file as small as its chunks
    for chunk_rows in (1, 3):
        assert read(path, need="settlement", chunk_rows=chunk_rows) == once


def test_a_repeated_stay_is_taken_once(tmp_path: Path) -> None:
    ids = (("5", "a"), ("6", "b"), ("4", " a "), ("5", "A"), ("5", "a"))
    path = write(tmp_path / "a.csv", table_text([{**STAY, "los": los, "stay_id": name} for los, name in ids]))
    stays_read, findings, _ = read(path, need="settlement", chunk_rows=2)
    assert [(s["stay_id"], s["los"]) for s in stays_read] == [("a", 5), ("b", 6), ("A", 5)]
    assert [(f["row"], f["rule"]) for f in findings] == [(4, "stay_id_repeated"), (6, "stay_id_repeated")]


def excel(path: Path, rows: list[list[Any]], top: int = 0) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at + top, 0, row)
    return path


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
    assert [(f["row"], f["rule"]) for f in findings] == [(4 + top, "unreadable"), (4 + top, "stay_id_repeated")]


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


def test_unknown_codes_and_institutions(tmp_path: Path) -> None:
    codes = KnownCodes.of(["A00.000", "A00.001"], ["A00.001"], ["35.1400"])
    row = {**STAY, "dx": "A00.001|Z|Y|A00.000", "proc": "35.1400|9|8"}
    path = write(
        tmp_path / "a.csv", table_text([row, {**row, "stay_id": "2", "dx": "Q", "proc": "", "institution_id": "?"}])
    )
    stays_read, findings, _ = read(path, need="settlement", codes=codes, institutions=frozenset(["h1"]), year=2024)
    assert len(stays_read) == 1
    assert rules(findings) == [
        (2, "dx", "dx_gray", "A00.001"),
        (2, "dx", "dx_other_unknown", "Z|Y"),
        (2, "proc", "proc_unknown", "9|8"),
        (3, "dx", "dx_unknown", "Q"),
        (3, "institution_id", "institution_unknown", "?"),
    ]
    assert [f["rule"] for f in read(path, need="settlement", year=2023)[1]] == ["other_year"] * 2


def test_an_unknown_need_is_a_defect_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="need is one of"):
        stays_schema("both")


TEXT = st.text("abcXYZ0189内科,;\"' |", min_size=1, max_size=8).map(str.strip).filter(
    lambda s: s not in ("", "|") and not s.startswith("'")
)  # fmt: skip
CODES = st.lists(st.from_regex(r"[A-W][0-9]{2}\.[0-9x]{3,5}", fullmatch=True), min_size=1, max_size=4)
FEN = st.integers(0, 10**11)
DAYS = st.dates(date(1950, 1, 1), date(2100, 12, 31))
STAYS_STRATEGY = st.lists(
    st.fixed_dictionaries(
        {
            "stay_id": TEXT, "person_id": st.none() | TEXT, "institution_id": TEXT, "department_id": st.none() | TEXT,
            "doctor_id": st.none() | TEXT, "insurance_scheme": st.sampled_from(["employee", "resident"]),
            "sex": st.sampled_from([None, "male", "female"]), "age": st.none() | st.integers(0, 150),
            "age_days": st.none() | st.integers(0, 60000), "birth_weight": st.none() | st.integers(100, 9999),
            "los": st.integers(0, 10000), "admission_date": DAYS, "discharge_date": DAYS,
            "discharge_way": st.none() | st.integers(1, 9), "dx": CODES, "proc": st.none() | CODES,
            "total_cost": FEN, "personal_paid": FEN, "fund_by_item": FEN,
        }
    ).map(lambda s: {**s, "discharge_date": max(s["admission_date"], s["discharge_date"])}),
    min_size=1, max_size=6, unique_by=lambda s: s["stay_id"],
)  # fmt: skip


def cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "|".join(value)
    return show_fen(value, group=value % 2 == 0) if STAYS[name].type == "fen" else str(value)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STAYS_STRATEGY, st.sampled_from([",", "\t", ";"]), st.sampled_from(["utf-8", "gb18030"]))
def test_what_is_written_is_read(
    tmp_path: Path, written: list[dict[str, Any]], separator: str, encoding: str
) -> None:
    rows = [{name: cell(name, value) for name, value in stay.items()} for stay in written]
    path = write(tmp_path / "a.csv", table_text(rows, separator), encoding)
    stays_read, findings, _ = read(path, need="settlement")
    assert stays_read == written
    assert {f["level"] for f in findings} <= {"warn"}
