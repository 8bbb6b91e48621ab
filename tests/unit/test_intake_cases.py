"""Files as people have them: ages, lists of one visit, mothers' records, ventilators, rows that are no stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drgpay import Grouper
from drgpay.runs import known_codes
from drgpay.steps.intake import CheckContext, Hints, check_batch, score_stays, stays_schema, tally
from drgpay.steps.intake.batch import AsRead
from drgpay.steps.intake.care import VENTILATOR, judge_care
from drgpay.steps.intake.findings import Notes
from drgpay.steps.intake.reference import check_care
from drgpay.steps.intake.visits import _Row, judge
from support.command import drgpay
from support.stay_files import read, rules, settle, write

NEWBORN = {"dx": ["P22.000"], "sex": "male", "age_days": 3, "birth_weight": 1200}


@pytest.mark.parametrize("scheme", ["chs-drg-1.0", "chs-drg-1.1", "chs-drg-2.0", "bj-drg-2022", "zj-drg-1.0"])
def test_a_newborn_without_years_is_grouped_as_one_with_none(scheme: str) -> None:
    grouper = Grouper(scheme)
    one, of_table = grouper.group(NEWBORN), grouper.group(pa.Table.from_pylist([NEWBORN] * 2))
    assert one.drg[0] == "P"
    assert one == grouper.group({**NEWBORN, "age": 0}) == grouper.group([NEWBORN] * 9)[8]
    assert of_table.column("drg").to_pylist() == [one.drg] * 2
    assert grouper.explain(NEWBORN).drg == one.drg
    assert grouper.group({**NEWBORN, "age_days": 366}).drg != one.drg


@pytest.mark.parametrize(
    ("header", "row", "age"),
    [
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,,3,P59.901", (0, 3)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,-,365,P59.901", (0, 365)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,,366,J18.900", (None, 366)),
        ("病例号,性别,日龄,诊断编码", "1,1,3,P59.901", (0, 3)),
        ("BAH,XB,NL,BZYZSNL(天),JBDM", "1,1,,3,P59.901", (0, 3)),
        ("BAH,XB,NL,BZYZSNL,JBDM", "1,1,,3天,P59.901", (0, 3)),
        ("BAH,XB,NL,BZYZSNL,JBDM", "1,1,0Y0M5D,,P59.901", (0, 5)),
        ("A48,A12C,A14,A16,C03C", "1,1,,3,P59.901", (0, 3)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,25天,,P59.901", (0, 25)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,2月,,J18.900", (0, 60)),
        ("病例号,性别,年龄,诊断编码", "1,1,2月,J18.900", (0, 60)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,,2个月,J18.900", (0, 60)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,1岁2月,,J18.900", (1, None)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,45Y,,J18.900", (45, None)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,６７岁,,J18.900", (67, None)),
        ("病例号,性别,年龄,日龄,诊断编码", "1,1,18月,,J18.900", (1, None)),
    ],
)
def test_ages(tmp_path: Path, header: str, row: str, age: tuple[int | None, int | None]) -> None:
    stays, _, _ = read(write(tmp_path / "a.csv", f"{header}\n{row}\n"), codes=known_codes())
    assert (stays[0]["age"], stays[0].get("age_days")) == age


def test_an_undeclared_unit_can_be_declared(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "BAH,XB,NL,BZYZSNL,JBDM\n1,1,,3,P59.901\n")
    stays, _, _ = read(path, hints=Hints(newborn_age="days"))
    assert (stays[0]["age"], stays[0]["age_days"]) == (0, 3)


def test_days_of_an_adult_are_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,sex,age,age_days,dx\n1,1,,67,J44.000\n2,1,,3,P59.901\n3,1,67,,J44.000\n")
    _, findings, _ = read(path, codes=known_codes())
    assert [r for r in rules(findings) if r[2] == "age_adult"] == [(2, "age_days", "age_adult", "67")]


def test_a_mother_does_not_need_the_weight_of_her_twins(tmp_path: Path) -> None:
    text = 'BAH,XB,NL,XSECSTZ,JBDM\n1,2,30,2500/2600,O82.000\n2,2,30,"2500,2600",O82.000\n3,1,0,2500/2600,P59.901\n'
    stays, findings, _ = read(write(tmp_path / "a.csv", text))
    assert [s["stay_id"] for s in stays] == ["1", "2"]
    found = [(f["row"], f["rule"], f["value"], f["level"]) for f in findings if f["field"] == "XSECSTZ"]
    assert found == [
        (2, "unneeded", "2500/2600", "warn"),
        (3, "unneeded", "2500,2600", "warn"),
        (4, "unreadable", "2500/2600", "error"),
    ]


@pytest.mark.parametrize(("cell", "grams"), [("2.9kg", 2900), ("2900克", 2900), ("2900g", 2900), ("2.95公斤", 2950)])
def test_weights_with_units(tmp_path: Path, cell: str, grams: int) -> None:
    for name in ("birth_weight", "admission_weight"):
        stays, _, _ = read(write(tmp_path / "a.csv", f"id,dx,{name}\n1,P59.901,{cell}\n"))
        assert stays[0][name] == grams


def test_the_weight_at_admission_of_a_front_page(tmp_path: Path) -> None:
    head = "BAH,XB,NL,BZYZSNL_T,JBDM,XSECSTZ,XSERYTZ\n"
    rows = ["1,1,,0,P59.901,3000,2000", "2,1,,3,P59.901,3000,", "3,1,,3,P59.901,3000,0", "4,1,,3,P59.901,3000,99",
            "5,1,,3,P59.901,3000,many", "6,2,30,,O80.900,,2500/2600", "7,2,30,,O80.900,,3000",
            "8,1,,0,P59.901,3000,2900"]  # fmt: skip
    stays, findings, _ = read(write(tmp_path / "a.csv", head + "\n".join(rows) + "\n"))
    assert [s["admission_weight"] for s in stays] == [2000, None, None, 99, None, None, 3000, 2900]
    found = [(f["row"], f["rule"], f["value"], f["level"]) for f in findings if f["field"] == "XSERYTZ"]
    assert sorted(found) == [
        (2, "admission_weight_birth", "3000 / 2000", "warn"),
        (3, "admission_weight_missing", "", "warn"),
        (4, "admission_weight_missing", "", "warn"),
        (5, "admission_weight_bounds", "99", "warn"),
        (6, "admission_weight_bounds", "many", "warn"),
        (7, "admission_weight_age", "2500/2600", "warn"),
        (8, "admission_weight_age", "3000", "warn"),
    ]


def test_the_days_of_a_stay_come_from_its_dates(tmp_path: Path) -> None:
    lines = "1,J18.900,2024-01-01 08:00,2024-01-06 10:00\n2,J18.900,2024-01-01,2024-01-01\n3,J18.900,,\n"
    stays, findings, _ = read(write(tmp_path / "a.csv", "BAH,JBDM,RYSJ,CYSJ\n" + lines))
    assert [s["los"] for s in stays] == [5, 1, None]
    assert [(r, f) for r, f, rule, _ in rules(findings) if rule == "los_derived"] == [(0, "los")]
    blank, findings = settle(tmp_path, los="")
    assert blank[0]["los"] == 5
    assert [(f["row"], f["field"], f["value"]) for f in findings if f["rule"] == "los_derived"] == [(2, "los", "5")]


def test_one_record_number_and_two_dates_are_two_stays(tmp_path: Path) -> None:
    text = "BAH,XB,NL,JBDM,RYSJ,CYSJ\n000123,1,60,J18.900,{0},2024-02-06\n000123,1,60,J18.900,{1},2024-02-06\n"
    apart, findings, _ = read(write(tmp_path / "a.csv", text.format("2024-01-01", "2024-02-01")))
    assert [s["stay_id"] for s in apart] == ["000123-20240101", "000123-20240201"]
    assert not [f for f in findings if "stay_id" in f["rule"]]
    again, findings, _ = read(write(tmp_path / "b.csv", text.format("2024-02-01", "2024-02-01")))
    assert len(again) == 1
    assert [(f["row"], f["rule"]) for f in findings if f["row"]] == [(3, "stay_id_repeated")]


def test_one_id_for_two_stays_is_said_and_both_are_grouped(tmp_path: Path) -> None:
    text = "病例号,诊断编码,入院时间,出院时间\n7,J18.900,2024-01-01,2024-01-06\n7,J18.900,2024-02-01,2024-02-06\n"
    stays, findings, _ = read(write(tmp_path / "a.csv", text))
    assert len(stays) == 2
    assert [(f["row"], f["rule"], f["level"]) for f in findings if f["row"]] == [(3, "stay_id_shared", "warn")]
    assert "不要删除病例" in findings[-1]["zh"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("BAH,ZYCS,JBDM,XB,NL\n1,1,J18.900,1,55\n,,J18.900,1,55\n", "stay_id_missing"),
        ("BAH,JBDM,XB,NL\n1,J18.900,1,55\n,J18.900,1,55\n", "stay_id_missing"),
        ("BAH,ZYCS,JBDM,XB,NL\n1,1,J18.900,1,55\n合计,,,,\n", "total_row"),
        ("A01,A48,A49,C03C,A12C,A14\n,1,1,J18.900,1,55\n合计,,,,,\n", "total_row"),
        ("BAH,JBDM,XB,NL\n1,J18.900,1,55\n合计：,,,55\n", "total_row"),
    ],
)
def test_rows_without_a_record_number(tmp_path: Path, text: str, rule: str) -> None:
    stays, findings, _ = read(write(tmp_path / "a.csv", text))
    assert len(stays) == 1
    assert [(f["row"], f["rule"]) for f in findings if f["row"] and f["level"] == "error"] == [(3, rule)]
    if rule == "total_row":  # and nothing else is said of it
        assert len([f for f in findings if f["row"] == 3]) == 1


def lists(*heads: dict[str, Any]) -> str:
    head = {"fixmedins_code": "H1", "insutype": "310", "gend": "1", "age": 67, "adm_time": "2024-03-01",
            "dscg_time": "2024-03-08", "act_ipt_days": 7, "dscg_way": "1"}  # fmt: skip
    return json.dumps([
        {
            "setlinfo": {**head, **one, "psn_selfpay": one["sum"] / 4, "psn_ownpay": 0},
            "payinfo": [{"fund_pay_type": "310100", "fund_payamt": one["sum"] / 2}],
            "iteminfo": [{"amt": one["sum"]}],
            "diseinfo": [{"diag_type": "1", "diag_code": "J44.000", "maindiag_flag": "1"}],
        }
        for one in heads
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("heads", "kept", "found"),
    [
        # two lists of one visit: a settlement in the middle of the stay
        ([("A", "1", 100), ("A", "2", 60)], [], {1: "visit_lists", 2: "visit_lists"}),
        # settled and refunded
        ([("A", "1", 100), ("A", "2", -100)], [], {1: "refund_pair", 2: "refund_pair"}),
        # settled, refunded, and settled anew: one stay
        ([("A", "1", 100), ("A", "2", -100), ("A", "3", 80)], ["3"], {1: "refund_pair", 2: "refund_pair"}),
        ([("A", "2", -100), ("A", "1", 100), ("B", "3", 80)], ["3"], {1: "refund_pair", 2: "refund_pair"}),
        # of two visits
        ([("A", "1", 100), ("B", "2", 100)], ["1", "2"], {}),
        # a reversal of another amount cancels nothing
        ([("A", "1", 100), ("A", "2", -60)], [], {1: "visit_lists", 2: "visit_lists"}),
    ],
)
def test_lists_of_one_visit(
    tmp_path: Path, heads: list[tuple[str, str, int]], kept: list[str], found: dict[int, str]
) -> None:
    text = lists(*({"mdtrt_id": visit, "setl_id": name, "sum": fen} for visit, name, fen in heads))
    for need in ("grouping", "settlement"):
        stays, findings, _ = read(write(tmp_path / "a.json", text), need=need)
        assert [s["stay_id"] for s in stays] == kept
        said = {f["row"]: f["rule"] for f in findings if f["rule"] in ("visit_lists", "refund_pair")}
        assert said == found
    assert read(tmp_path / "a.json", chunk_rows=1)[0] == read(tmp_path / "a.json")[0]


def test_withdrawn_lists_do_not_count(tmp_path: Path) -> None:
    text = lists(
        {"mdtrt_id": "A", "setl_id": "1", "sum": 100, "vali_flag": "0"},
        {"mdtrt_id": "B", "setl_id": "2", "sum": 100, "vali_flag": "1"},
    )
    stays, findings, _ = read(write(tmp_path / "a.json", text))
    assert [s["stay_id"] for s in stays] == ["2"]
    assert (1, "vali_flag", "list_withdrawn", "") in rules(findings)


def test_a_reversal_cancels_in_drgpays_own_columns(tmp_path: Path) -> None:
    head = "stay_id,institution_id,person_id,险种,sex,age,los,admission_date,discharge_date,discharge_way,dx,"
    row = "{0},h1,p{2},310,1,60,5,2024-03-01,2024-03-06,1,J18.900,{1}1000,{1}300,{1}700\n"
    text = head + "total_cost,personal_paid,fund_by_item\n" + row.format("a", "", 1) + row.format("b", "-", 1)
    stays, findings, _ = read(write(tmp_path / "a.csv", text + row.format("c", "", 2)), need="settlement")
    assert [s["stay_id"] for s in stays] == ["c"]
    assert [(f["row"], f["rule"]) for f in findings if f["row"]] == [(2, "refund_pair"), (3, "refund_pair")]


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from([5, 7, -5, -7])), max_size=9))
def test_what_cancels_adds_up_to_nothing(entries: list[tuple[str, int]]) -> None:
    rows = [_Row(line, (key,), (amount, None, None)) for line, (key, amount) in enumerate(entries)]
    visits = judge(iter(rows))
    assert sum(row.amounts[0] or 0 for row in rows if row.line in visits.cancelled) == 0
    for key in "AB":
        left = [row.line for row in rows if row.key == (key,) and row.line not in visits.cancelled]
        assert {line for line in visits.several if line in left} == set(left if len(left) > 1 else [])
        amounts = [entries[line][1] for line in left]
        assert not any(-amount in amounts for amount in amounts)


def test_hours_on_a_ventilator_against_codes(tmp_path: Path) -> None:
    head = "BAH,XB,NL,SJZYTS,YCHXJSYSJ,XY_JBDM,SSBM1_S\n"
    cells = ["120,", "120,96.7201", "3,96.7201", "120小时,96.7101", "95,96.7101", ",96.7201", "0,96.7101", "3,"]
    lines = [f"{n},1,70,19,{cell.split(',')[0]},J44.000,{cell.split(',')[1]}\n" for n, cell in enumerate(cells)]
    _, findings, _ = read(write(tmp_path / "a.csv", head + "".join(lines)))
    assert [(row, rule, value) for row, _, rule, value in rules(findings) if "ventilator" in rule] == [
        (2, "ventilator_code", "120h"),
        (4, "ventilator_code", "3h 96.7201"),
        (5, "ventilator_code", "120h 96.7101"),
        (7, "ventilator_hours_missing", ""),
        (8, "ventilator_hours_missing", ""),
    ]


def test_hours_in_intensive_care(tmp_path: Path) -> None:
    def stay(visit: str, *wards: tuple[str, str, str, str]) -> dict[str, Any]:
        names = ("scs_cutd_ward_type", "scs_cutd_inpool_time", "scs_cutd_exit_time", "scs_cutd_sum_dura")
        whole = json.loads(lists({"mdtrt_id": visit, "setl_id": visit, "sum": 100}))[0]
        return {**whole, "icuinfo": [dict(zip(names, ward, strict=True)) for ward in wards]}

    days = "2024-03-01 10:00:00", "2024-03-03 10:00:00"
    found = [
        stay("1", ("1", *days, "2/0/0")),
        stay("2", ("1", *days, "1/0/0")),
        stay("3", ("1", days[1], days[0], "")),
        stay("4", ("1", "", "", "")),
        stay("5", ("", *days, "2/0/0")),
        stay("6"),
        stay("7", ("1", *days, "2/0/0"), ("1", "2024-03-04 10:00", "2024-03-04 12:00", "0/2/0")),
    ]
    _, findings, _ = read(write(tmp_path / "a.json", json.dumps(found)))
    assert [(row, rule) for row, _, rule, _ in rules(findings) if rule.startswith("icu")] == [
        (2, "icu_hours"), (3, "icu_hours"), (4, "icu_incomplete"), (5, "icu_incomplete")
    ]  # fmt: skip


CARE = st.fixed_dictionaries({
    "age": st.sampled_from([None, 0, 1, 30]), "age_days": st.sampled_from([None, -1, 0, 3, 28, 29, 365, 400]),
    "birth_weight": st.sampled_from([None, 1000, 3000]),
    "admission_weight": st.sampled_from([None, 50, 1000, 2701, 3000, 3300, 10_000]),
    "proc": st.none() | st.lists(st.sampled_from(["96.7201", "96.7101", "47.0100"]), max_size=3),
})  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.tuples(CARE, st.sampled_from([None, 0, 60, 5759, 5760])), max_size=8))
def test_the_checks_of_care_agree_with_the_reference(
    cases: list[tuple[dict[str, Any], int | None]],
) -> None:
    names = stays_schema("grouping").names
    schema = pa.schema([(f.name, f.type) for f in stays_schema("grouping")])
    batch = pa.RecordBatch.from_pylist([{n: stay.get(n) for n in names} for stay, _ in cases], schema=schema)
    notes = Notes("f", "grouping", np.arange(len(cases)), pa.nulls(len(cases), pa.string()))
    minutes = pa.array([minutes for _, minutes in cases], pa.int64())
    judge_care(batch, CheckContext("grouping"), notes, {VENTILATOR: ("v", minutes)}, AsRead(), weighed=True)
    found = {(f["row"], f["rule"]) for f in notes.table().to_pylist()}
    assert found == {(row, rule) for row, case in enumerate(cases) for rule in check_care(*case)}


@pytest.mark.parametrize("need", ["grouping", "settlement"])
def test_kernels_take_a_batch_of_no_stays(need: str) -> None:
    empty = stays_schema(need).empty_table().to_batches(max_chunksize=1) or [
        pa.RecordBatch.from_pylist([], schema=stays_schema(need))
    ]
    context = CheckContext(need, known_codes(), frozenset(["h1"]), 2024, quality=True)
    kept, findings = check_batch(empty[0], file="f", first_row=1, context=context)
    assert (kept.num_rows, findings.num_rows) == (0, 0)
    assert kept.schema == stays_schema(need)
    notes = Notes("f", need, np.zeros(0, np.int64), empty[0].column("stay_id"))
    assert tally(score_stays(empty[0], notes)).num_rows == 0
    judge_care(empty[0], context, notes, {}, AsRead(), weighed=True)
    for scheme in ("chs-drg-1.1", "chs-drg-2.0"):
        assert Grouper(scheme).group(empty[0].select(["dx", "proc", "age", "age_days"])).num_rows == 0


def test_findings_of_an_earlier_run_do_not_remain(tmp_path: Path) -> None:
    path, good = tmp_path / "a.csv", "BAH,XB,NL,SJZYTS,JBDM,SSJCZBM1,LYFS,BZYZSNL,XSECSTZ\n1,1,55,7,J44.000,,1,,\n"
    out = tmp_path / "out.csv"
    for text, left in (("BAH,JBDM,XB,NL\n1,XXX,1,55\n", True), (good, False)):
        write(path, text)
        assert drgpay("check", path, "--need", "grouping").returncode == 0
        assert drgpay("group", path, "-o", out, "--replace").returncode == 0
        assert (tmp_path / "a.findings.xlsx").exists() is left
        assert (tmp_path / "out.findings.csv").exists() is left
    for name in ("a.findings.xlsx", "out.findings.csv"):  # what somebody else wrote stays
        (tmp_path / name).write_text("mine\n", encoding="utf-8")
    assert drgpay("check", path, "--need", "grouping").returncode == 0
    assert drgpay("group", path, "-o", out, "--replace").returncode == 0
    assert (tmp_path / "a.findings.xlsx").read_text(encoding="utf-8") == "mine\n"
    assert (tmp_path / "out.findings.csv").read_text(encoding="utf-8") == "mine\n"


def test_when_every_row_is_dropped_the_commonest_reason_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,dx,sex,age\n1,J18.900,7,60\n2,J18.900,8,60\n3,J18.900,1,x\n")
    for words in (("group", path), ("check", path, "--need", "grouping")):
        done = drgpay(*words)
        assert done.returncode == 3
        assert "3 行病例全部未通过校验;最常见的原因(2 处)" in done.stderr
        assert "该值不在" in done.stderr
        assert "剔除 2:" in done.stderr
    assert "none of 3 rows passed the checks; the commonest" in drgpay("group", path, "--lang", "en").stderr


def test_dropped_rows_are_named_per_institution(tmp_path: Path) -> None:
    settle(tmp_path, insurance_scheme="自费")
    path = next(tmp_path.glob("*.csv"))
    done = drgpay("check", path)
    assert done.returncode == 3
    assert "[h1 1]" in done.stderr
