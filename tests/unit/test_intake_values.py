"""Values in files of stays: lists of codes, spellings, faults, codes that are not known; what is written is read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drgpay.steps.intake import KnownCodes
from drgpay.tables import STAYS, years_of
from drgpay.units import show_fen
from support.examples import TIMES
from support.stay_files import STAY, read, rules, settle, table_text, write


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
        *(("total_cost", cell, 123450) for cell in ("１234.5", "1234.5元", "1,234.50 元", "0.12345万元")),
        *(("total_cost", cell, 0) for cell in ("-0", "−0.00", "０")),
        *(("sex", cell, "male") for cell in ("1.0", "01", "1男", "1-男性", "男(1)", "1.男")),
        *(("discharge_way", cell, 1) for cell in ("1.0", "01", "１", "1-医嘱离院", "医嘱离院", "1.医嘱离院")),
        ("insurance_scheme", "310-职工基本医疗保险", "employee"),
        *(("insurance_scheme", cell, "employee") for cell in ("城镇职工", "城镇职工基本医疗保险")),
        *(("insurance_scheme", cell, "resident") for cell in ("城镇居民", "新农合", "390.0", "380")),
        *(
            ("admission_date", cell, date(2024, 3, 1))
            for cell in ("2024年3月1日8时30分", "2024年3月1日10时", "2024年3月1日 8:30", "45352", "45352.354",
                         "1-Mar-24", "2024/3/1 上午 8:30:00", "2024-03-01 08:30:00+08:00")
        ),
        *(("los", cell, 5) for cell in ("5天", "5.0", "5 日")),
        *(("age", cell, 67) for cell in ("67岁", "67Y", "67周岁", "67岁2月", "67.0")),
        *(("department_id", cell, "13030305") for cell in ("13030305.0", '="13030305"', "'13030305")),
        ("stay_id", '="00012"', "00012"),
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
        ("total_cost", "十二元", "unreadable", "十二元", "不是数字"),
        ("total_cost", "٣٠٠", "unreadable", "٣٠٠", "不是数字"),
        ("total_cost", "9" * 5000, "unreadable", "9" * 60 + "…", "不是数字"),
        ("total_cost", "1,23", "unreadable", "1,23", "不是数字"),
        ("total_cost", "1e3", "unreadable", "1e3", "不是数字"),
        ("total_cost", "９" * 20, "too_large", "９" * 20, "放不下"),
        ("total_cost", "-12.3", "money_bounds", "-12.3", "冲正单"),
        ("total_cost", "9999999999.00", "money_bounds", "9999999999.00", "0.00–1000000000.00 元"),
        ("total_cost", "-", "missing", "", "缺少总费用"),
        ("age", "12.5", "unreadable", "12.5", "年龄读不出来"),
        ("age", "99999", "too_large", "99999", "放不下"),
        ("age", "151", "age_bounds", "151", "0–150"),
        ("los", "-1", "los_bounds", "-1", "超出范围"),
        ("birth_weight", "30", "birth_weight_bounds", "30", "100–9999"),
        ("discharge_way", "0", "discharge_way_bounds", "0", "1、2、3、4、5 或 9"),
        ("admission_date", "2024-02-30", "unreadable", "2024-02-30", "入院时间读不出来"),
        ("admission_date", "2024-03-07", "dates_reversed", "2024-03-06", "出院早于入院"),
        ("discharge_date", "", "missing", "", "缺少出院时间"),
        ("insurance_scheme", "离休", "scheme_other", "离休", "不在此结算"),
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
            "admission_weight": st.none() | st.integers(100, 9999),
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


@settings(deadline=None, max_examples=7 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STAYS_STRATEGY, st.sampled_from([",", "\t", ";"]), st.sampled_from(["utf-8", "gb18030"]))
def test_what_is_written_is_read(
    tmp_path: Path, written: list[dict[str, Any]], separator: str, encoding: str
) -> None:
    rows = [{name: cell(name, value) for name, value in stay.items()} for stay in written]
    path = write(tmp_path / "a.csv", table_text(rows, separator), encoding)
    stays_read, findings, _ = read(path, need="settlement")
    assert stays_read == [{**stay, "age": years_of(stay["age"], stay["age_days"])} for stay in written]
    assert {f["level"] for f in findings} <= {"warn"}
