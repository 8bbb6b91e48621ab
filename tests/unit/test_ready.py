"""Registers that name what is not there, and what looks wrong before money moves: refused or said with figures."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import load, practice_text
from drgpay.runs import ready
from drgpay.steps.intake.spellings import WORDS
from drgpay.tables import ALL, REFERENCES, Table
from support import three
from support.command import Done, drgpay

LAST = date(2024, 12, 31)
REGISTERS = [t for t in ALL if t.writer == "register" and not t.folder and t.name != "truth"]
WAN = three.TEXTS["budgets.csv"].replace("120000.00,50000.00", "12,5")
OVER = three.TEXTS["budgets.csv"].replace("120000.00,50000.00", "50000.00,120000.00")


def year(region: Path, *words: object, policy: str = "demo") -> Done:
    out = region.with_name(f"{region.name}-run")
    return drgpay("run", "year", "--region", region, "--policy", policy, "--year", 2024, "-o", out, *words)


def refused(done: Done, *texts: str) -> None:
    assert done.returncode == Kind.DATA, done.stderr
    for text in texts:
        assert text in done.stderr
    assert "Traceback" not in done.stderr


# ---- registers name what is there


def test_money_for_institutions_that_are_not_there_is_refused_in_every_register(tmp_path: Path) -> None:
    region = three.write(
        tmp_path / "three",
        advances="拨款编号,年度,险种,定点医疗机构编号,日期,预付类型,金额\nA1,2024,居民,H01,2024-01-20,年初预付,5000\n",
        debts="年度,定点医疗机构编号,险种,金额\n2024,H33,居民,700\n",
        violations="编号,年度,定点医疗机构编号,险种,金额,违约金倍数,事由\nV1,2024,H22,居民,1000,1,串换\n",
    )
    refused(
        year(region),
        "advances.csv", "2 · 定点医疗机构编号 · «H01» 没有这个定点医疗机构;最接近的是 H1",
        "debts.csv", "«H33» 没有这个定点医疗机构;最接近的是 H3",
        "violations.csv", "«H22» 没有这个定点医疗机构;最接近的是 H2",
    )  # fmt: skip


def test_a_grade_of_an_unknown_institution_is_refused(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three", grades=three.TEXTS["grades.csv"].replace("H2", "H9"))
    refused(year(region), "grades.csv · row 3 · 定点医疗机构编号 · «H9»")


def test_a_decision_on_a_stay_of_another_institution_is_refused(tmp_path: Path) -> None:
    head = "病例号,定点医疗机构编号,事项,决定,评审序号,金额,比例,理由\n"
    region = three.write(
        tmp_path / "three",
        stay_decisions=head + "S999,H1,不予支付,同意,1,,,挂床\nS4,H3,拒付,同意,2,,,错机构\nS8,H3,拒付,同意,3,,,近\n",
    )
    refused(
        year(region),
        "2 · 病例号 · «S999» 没有这个病例",
        "3 · 病例号 · «S4» 这份病例属于机构 H2,不是 H3",
        "4 · 病例号 · «S8» 没有这个病例;最接近的是 S",
    )
    right = three.write(tmp_path / "right", stay_decisions=head + "S4,H2,拒付,同意,1,,,挂床\n")
    assert year(right).returncode == 0


def test_a_decision_on_a_stay_the_checks_kept_out_is_said(tmp_path: Path) -> None:
    region = three.write(
        tmp_path / "three",
        stays=three.stays().replace("3000.00,600.00", "-3000.00,600.00"),
        stay_decisions="stay_id,institution_id,kind,decision,number\nS4,H2,refuse,approved,1\n",
    )
    done = year(region)
    assert done.returncode == 0, done.stderr
    assert "登记表写到的病例未通过校验,该行不起作用:S4" in done.stderr
    assert "decisions_without_stay" not in done.stderr  # no internal word on a Chinese screen
    assert "S4" in done.stderr


def test_weights_of_groups_that_the_scheme_does_not_have_are_refused(tmp_path: Path) -> None:
    """Where the policy pays by weights; under points the register is not read for anything."""
    region = three.write(tmp_path / "three", group_weights="病组,权重\nOB19,1.2\nOB99,1\n")
    text, _ = practice_text("demo")
    own = tmp_path / "rate.yaml"
    rate = "      points.pricing: rate\n      rate.base_rate: 9000\n"
    own.write_text(text.replace("      points.trim_passes: 1\n", "      points.trim_passes: 1\n" + rate, 1), "utf-8")
    refused(year(region, policy=str(own)), "group_weights.csv · row 3 · 病组 · «OB99»", "没有这个病组;最接近的是 OB")
    assert year(region).returncode == 0


def test_a_community_and_its_members_must_be_there(tmp_path: Path) -> None:
    region = three.write(
        tmp_path / "three",
        communities="医共体编号,名称,定点医疗机构编号\nC1,东片,H1\n",
        community_members="医共体编号,成员类型,成员编号\nC1,机构,H7\nC2,乡镇,T1\n",
    )
    refused(
        year(region), "2 · 成员编号 · «H7» 没有这个定点医疗机构", "3 · 医共体编号 · «C2» 没有这个医共体;最接近的是 C1"
    )


@pytest.mark.parametrize("table", REGISTERS, ids=lambda t: t.name)
def test_every_register_says_what_its_columns_refer_to(table: Table) -> None:
    for column in table.columns:
        if column.name in ("institution_id", "stay_id") and table.name not in (
            "institutions", "applicants", "in_house_stays", "out_of_area_claims", "coding_texts",
        ):  # fmt: skip
            assert column.refers == column.name.removesuffix("_id")
        kinds = [column.refers] if column.refers else [kind for _, _, kind in column.refers_when]
        assert set(kinds) <= set(REFERENCES)


@pytest.mark.parametrize("table", REGISTERS, ids=lambda t: t.name)
def test_every_closed_list_of_a_register_can_be_written_in_chinese(table: Table) -> None:
    for column in table.columns:
        words = WORDS.get(column.name, {})
        for choice in column.choices:
            assert any(to == choice and not word.isascii() for word, to in words.items()), (column.name, choice)


def test_no_two_registers_bear_one_name() -> None:
    names = [name for t in ALL if t.writer in ("register", "intake") for name in t.file_names]
    assert len(names) == len(set(names))


# ---- one file each, in either language


def test_a_register_in_two_files_is_refused(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three")
    with xlsxwriter.Workbook(region / "预算.xlsx") as book:
        book.add_worksheet().write_row(0, 0, ["年度", "险种", "基金收入预算", "住院DRG预算"])
    refused(year(region), "同一张登记表有几个文件", "budgets.csv", "预算.xlsx")


def test_stays_in_a_folder_and_beside_it_are_refused(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three")
    (region / "stays").mkdir()
    (region / "stays" / "a.csv").write_text(three.stays(), encoding="utf-8")
    refused(year(region), "同一张登记表有几个文件:stays、stays.csv")


def test_chinese_file_names_are_taken(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three")
    for old, new in (("budgets", "预算"), ("institutions", "机构"), ("grades", "考核等级"), ("stays", "住院病例")):
        (region / f"{old}.csv").rename(region / f"{new}.csv")
    plain = three.write(tmp_path / "plain")
    assert year(region).returncode == year(plain).returncode == 0
    tables = [
        pl.read_parquet(p.with_name(f"{p.name}-run") / "tables" / "statements.parquet") for p in (region, plain)
    ]
    assert tables[0].equals(tables[1])


# ---- before money moves


@pytest.mark.parametrize(
    ("name", "text", "check", "figures"),
    [
        ("budgets", WAN, "budget_against_stays", "预算(本期) 5.00 元,7 例按项目记账基金应付 51,600.00 元"),
        ("budgets", OVER, "budget_over_revenue", "预算 120,000.00 元,收入预算 50,000.00 元"),
        (
            "budgets", three.TEXTS["budgets.csv"] + "2023,居民,120000.00,500.00\n",
            "budget_against_last_year", "预算 50,000.00 元,上年 500.00 元,为 100.0000 倍",
        ),
        (
            "stays", three.stays().replace("2024-02-20", "2042-02-20"),
            "discharge_future", "2042 年 1 例",
        ),
        (
            "stays", three.stays().replace("S3,H1", "S3,H9").replace("S4,H2", "S4,h2"),
            "institutions_unknown", "H9 不在机构登记表,最接近的是 H",
        ),
        (
            "stays", three.stays().replace("S6,H3,居民,女", "S6,H3,居民,人").replace(",4000.00,", ",-1,"),
            "", "",
        ),
    ],
)  # fmt: skip
def test_what_would_pay_wrong_money_stops(tmp_path: Path, name: str, text: str, check: str, figures: str) -> None:
    region = three.write(tmp_path / "three", **{name: text})
    looked = drgpay("region", "ready", region, "--policy", "demo", "--year", 2024)
    done = year(region)
    if not check:
        assert done.returncode == looked.returncode == 0
        return
    refused(done, check, figures)
    assert looked.returncode == Kind.DATA
    assert runs.ready_checks()[check].zh in looked.stderr
    assert figures in looked.stderr
    assert not region.with_name("three-run").exists()

    again = year(region, "--accept", check, "--reason", "已与财务核对")
    assert again.returncode == 0, again.stderr
    manifest = json.loads((region.with_name("three-run") / "manifest.json").read_text(encoding="utf-8"))
    row = next(r for r in manifest["ready"] if r["check"] == check)
    assert (row["accepted"], row["reason"]) == (check, "已与财务核对")


def test_one_acceptance_is_not_one_for_all(tmp_path: Path) -> None:
    region = three.write(
        tmp_path / "three", budgets=OVER, stays=three.stays().replace("2024-02-20", "2042-02-20")
    )  # fmt: skip
    refused(year(region, "--accept", "budget_over_revenue", "--reason", "x"), "discharge_future")
    done = year(region, "--accept", "budget_over_revenu", "--reason", "x")
    assert done.returncode == Kind.USAGE
    assert "budget_over_revenue" in done.stderr
    assert year(region, "--accept", "budget_over_revenue").returncode == Kind.USAGE
    assert year(region, "--accept", "审批人", "--reason", "批准文号 3").returncode == 0


def test_a_right_region_is_ready_however_small(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three")
    done = drgpay("region", "ready", region, "--policy", "demo", "--year", 2024, "--today", "2025-03-01")
    assert done.returncode == 0
    assert "有月份没有病例" in done.stderr
    month = drgpay("region", "ready", region, "--policy", "demo", "--year", 2024, "--month", 2, "--lang", "en")
    assert month.returncode == 0
    assert "point_value_change" in month.stderr
    assert "the point value differs" in month.stderr
    early = drgpay("region", "ready", region, "--policy", "demo", "--year", 2024, "--today", "2024-02-10")
    assert "出院日期在今天之后" in early.stderr
    assert "2 例" in early.stderr


def test_a_bureau_sets_its_own_limits(tmp_path: Path) -> None:
    text, _ = practice_text("demo")
    own = tmp_path / "own.yaml"
    line = "      points.trim_passes: 1\n"
    own.write_text(text.replace(line, line + "      ready.limits: {budget_far_below: 0}\n", 1), encoding="utf-8")
    region = three.write(tmp_path / "three", budgets=WAN)
    assert year(region, policy=str(own)).returncode == 0
    own.write_text(text.replace(line, line + "      ready.limits: {budget_far_belo: 0}\n", 1), encoding="utf-8")
    done = drgpay("policy", "check", own, "--on", "2024-12-31")
    assert done.returncode == Kind.POLICY
    assert "budget_far_below" in done.stderr


def facts(**more: Any) -> ready.Facts:
    columns = ["year", "insurance_scheme", "revenue", "drg_budget"]
    budgets = pl.DataFrame([(2024, "resident", 10**9, 6 * 10**7)], orient="row", schema=columns)
    return replace(
        ready.Facts(2024, tuple(range(1, 13)), budgets, {"H1": "甲", "H2": "乙"}, frozenset({2023, 2024})), **more
    )


def cells(*rows: tuple[str, int, int, int]) -> pl.DataFrame:
    """(institution, year, month, n), each stay with 1,000 yuan."""
    full = [(h, "resident", y, m, n, n * 100_000, n * 100_000) for h, y, m, n in rows]
    return pl.DataFrame(
        full, orient="row", schema=["institution_id", "insurance_scheme", "year", "month", "n", "fund", "cost"]
    )


def test_months_and_institutions_that_must_have_been_forgotten() -> None:
    bounds = ready.limits(load("demo", on=LAST))
    months = [(h, y, m, 20) for h in ("H1", "H2") for y in (2023, 2024) for m in range(1, 13)]
    assert [n.check.id for n in ready.stays_ready(facts(cells=cells(*months)), bounds)] == []
    gone = [r for r in months if r[1] == 2023 or r[2] != 7]
    (found,) = ready.stays_ready(facts(cells=cells(*gone)), bounds)
    assert (found.check.id, found.check.stops, found.about) == ("months_empty", True, "7")
    assert "其余月份平均 40 例" in found.zh
    lost = [r for r in months if r[0] == "H1" or r[1] == 2023]
    stops = [n.check.id for n in ready.stays_ready(facts(cells=cells(*lost)), bounds) if n.check.stops]
    assert stops == ["institutions_empty"]
    fewer = [(h, y, m, n if (h, y) != ("H2", 2024) else 3) for h, y, m, n in months]
    said = {n.check.id: n.zh for n in ready.stays_ready(facts(cells=cells(*fewer)), bounds)}
    assert "乙(H2) 36 例,上年同期 240 例" in said["institutions_fewer"]


def test_shares_kept_out_by_institution() -> None:
    bounds = ready.limits(load("demo", on=LAST))
    base = facts(cells=cells(*(("H1", y, m, 9) for y in (2023, 2024) for m in range(1, 13))))
    some = replace(base, handed={"H1": 120, "H2": 10}, kept_out={"H1": 12, "H2": 6})
    found = {n.check.id: n.zh for n in ready.stays_ready(some, bounds)}
    assert "甲(H1) 120 行中 12 行,10.00%" in found["kept_out"]
    assert "乙(H2) 10 行中 6 行,60.00%" in found["kept_out_most"]


# ---- nothing to settle is said


def test_every_row_rejected_ends_with_the_commonest_reason(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three", stays=three.stays().replace("居民", "商保"))
    refused(year(region), "26 行病例全部未通过校验;最常见的原因(26 处)", "险种")
    bad = tmp_path / "bad.csv"
    bad.write_text("stay_id,dx,los,age\nA,I10.x00,x,1\nB,I10.x00,y,2\n", encoding="utf-8")
    refused(drgpay("group", bad, "-o", tmp_path / "g.csv"), "2 行病例全部未通过校验", "实际住院天数")
    assert not (tmp_path / "g.csv").exists()
    assert (tmp_path / "g.findings.csv").exists()


def test_a_period_without_stays_or_budget_is_named(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three")
    words = ("--region", region, "--policy", "demo", "-o", tmp_path / "run")
    refused(drgpay("run", "month", *words, "--year", 2024, "--month", 12), "2024-12 没有可结算的病例")
    refused(drgpay("run", "year", *words, "--year", 2030), "没有 2030 年的住院DRG预算", "2024")
    (region / "budgets.csv").write_text(three.TEXTS["budgets.csv"].replace("2024", "2030"), encoding="utf-8")
    refused(drgpay("run", "year", *words, "--year", 2030), "2030 没有可结算的病例", "2023、2024")


@pytest.mark.parametrize("text", ["[]", "{", '{"id": "../x"}', '{"id": 3}', '{"title": "x"}', '{"id": ""}'])
def test_a_broken_region_json_is_named(tmp_path: Path, text: str) -> None:
    region = three.write(tmp_path / "three")
    (region / "region.json").write_text(text, encoding="utf-8")
    refused(year(region), "region.json")


# ---- policies


def test_policy_check_refuses_what_a_run_refuses(tmp_path: Path) -> None:
    text, _ = practice_text("demo")
    own = tmp_path / "own.yaml"
    own.write_text(text.replace("scheme: chs-drg-1.1", "scheme: chs-drg-2.0"), encoding="utf-8")
    region = three.write(tmp_path / "three")
    for done in (drgpay("policy", "check", own, "--on", "2024-12-31"), year(region, policy=str(own))):
        assert done.returncode == Kind.POLICY
        assert "coefficient.basic_groups" in done.stderr
        assert "EV15" in done.stderr


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"coefficient.management_table": "none"}, "coefficient.management_table"),
        ({"coefficient.heavy_weight": "none"}, "coefficient.heavy_weight"),
        ({"coefficient.combine": "weighted_sum"}, "coefficient.weights"),
        ({"points.tcm_groups": ["ZZ99"]}, "points.tcm_groups"),
        ({"points.difficulty_age": "80"}, "points.difficulty_add"),
        ({"modes.overrun": "none"}, "modes.overrun"),
        ({"quota.amounts": "none"}, "quota.amounts"),
        ({"bed_day.cut": "none"}, "bed_day.cut"),
    ],
)
def test_a_policy_that_cannot_be_run_is_refused_before(change: dict[str, Any], field: str) -> None:
    policy = load("demo", on=LAST)
    runs.check_practice(policy)
    with pytest.raises(DrgpayError) as caught:
        runs.check_practice(policy.amend(change, "test"))
    assert caught.value.kind is Kind.POLICY
    assert field in str(caught.value)


# ---- sizes


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("budgets", OVER.replace("120000.00", "1000000000000000.00"), "«1000000000000000.00»"),
        ("debts", "年度,定点医疗机构编号,险种,金额\n2024,H1,居民,99999999999999999999\n", "«99999999999999999999»"),
        (
            "stay_decisions", "stay_id,institution_id,kind,decision,number,amount\nS1,H1,special,approved,1,1e17\n",
            "«1e17»",
        ),
        (
            "stay_decisions",
            "stay_id,institution_id,kind,decision,number,amount\nS1,H1,special,approved,1,1000000000000000\n",
            "«1000000000000000» 金额超出范围 0.00–1000000000.00元",
        ),
    ],
)  # fmt: skip
def test_amounts_beyond_every_fund_are_refused_as_typed(tmp_path: Path, name: str, text: str, said: str) -> None:
    refused(year(three.write(tmp_path / "three", **{name: text})), said)


def test_points_beyond_a_billion_name_the_stay(tmp_path: Path) -> None:
    cheap = three.stays()
    for cost in ("12000.00,2400.00,9600.00", "8000.00,1600.00,6400.00", "10000.00,2000.00,8000.00",
                 "7000.00,1400.00,5600.00", "5000.00,1000.00,4000.00", "6000.00,1200.00,4800.00",
                 "50000.00,10000.00,40000.00"):  # fmt: skip
        cheap = cheap.replace(cost, "0.01,0.00,0.01")
    dear = cheap.replace("4000.00,800.00,3200.00", "1000000000.00,0.00,1000000000.00")
    budgets = "年度,险种,基金收入预算,住院DRG预算\n2024,居民,9000000000,9000000000\n"
    done = year(three.write(tmp_path / "three", stays=dear, budgets=budgets))
    assert done.returncode == Kind.BROKEN, done.stderr
    assert "病例 S7 的点数过大" in done.stderr


# ---- explanations


def test_figures_are_explained_by_chinese_words(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three")
    assert year(region).returncode == 0
    run = region.with_name("three-run")
    by_code = drgpay("explain", run, "--institution", "H1", "--item", "due").stdout
    assert drgpay("explain", run, "--institution", "甲医院", "--item", "应付").stdout == by_code
    assert drgpay("explain", run, "--institution", "甲", "--item", "质量保证金").returncode == 0
    several = drgpay("explain", run, "--institution", "医院", "--item", "应付")
    assert several.returncode == Kind.DATA
    assert "甲医院(H1)" in several.stderr
    unknown = drgpay("explain", run, "--institution", "H9", "--item", "应付")
    assert unknown.returncode == Kind.DATA
    item = drgpay("explain", run, "--institution", "H1", "--item", "奖金")
    assert item.returncode == Kind.USAGE
    assert "二次分配" in item.stderr


# ---- on the command line


def test_ready_is_accepted_by_name_and_said_as_json(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three", budgets=OVER)
    look = ("region", "ready", region, "--policy", "demo", "--year", 2024)
    first = drgpay(*look, "--json")
    assert first.returncode == Kind.DATA
    said = json.loads(first.stdout)
    assert said["ready"] is False
    assert [row["check"] for row in said["notices"] if row["stops"]] == ["budget_over_revenue"]
    title = runs.ready_checks()["budget_over_revenue"].zh
    accepted = drgpay(*look, "--accept", title, "--reason", "财政批复 3 号")
    assert accepted.returncode == 0, accepted.stderr
    assert f"已接受 {title}" in accepted.stderr
    assert "财政批复 3 号" in accepted.stderr
    assert drgpay(*look, "--accept", title).returncode == Kind.USAGE
    assert not any(word in accepted.stderr for word in runs.ready_checks())


def test_ready_looks_at_registers_no_run_reads(tmp_path: Path) -> None:
    """Row 7 of a register of oversight, and a doctor in a department of another institution."""
    rows = [f"S{n},复核人{n},I10.x00x002," for n in range(1, 6)] + ["S99,复核人,I10.x00x002,"]
    region = three.write(
        tmp_path / "three",
        复核编码="病例号,复核人,诊断编码,手术操作编码\n" + "\n".join(rows) + "\n",
        departments="定点医疗机构编号,科室编号,名称\nH1,D1,内科\nH2,D2,外科\n",
    )
    look = ("region", "ready", region, "--policy", "demo", "--year", 2024)
    refused(drgpay(*look), "复核编码.csv · row 7 · 病例号 · «S99»")
    (region / "复核编码.csv").unlink()
    (region / "医师.csv").write_text("定点医疗机构编号,医师编号,科室编号,姓名\nH1,Y1,D2,张三\n", encoding="utf-8")
    refused(drgpay(*look), "医师.csv", "这个科室属于机构 H2,不是 H1")
    (region / "医师.csv").unlink()
    (region / "投诉.csv").write_text("x\n", encoding="utf-8")
    (region / "complaints.csv").write_text("y\n", encoding="utf-8")
    refused(drgpay(*look), "同一张登记表有几个文件")
    assert year(region).returncode == 0


def test_months_before_that_nobody_paid_are_said(tmp_path: Path) -> None:
    region = three.write(tmp_path / "three")
    month = ("region", "ready", region, "--policy", "demo", "--year", 2024, "--month", 2)
    assert "以前的月份有病例而没有付款记录:2024 年 1 月" in drgpay(*month).stderr
    paid = "年度,月份,险种,定点医疗机构编号,应付,已拨付,质量保证金\n2024,{},居民,H1,10,9,1\n"
    (region / "已付月份.csv").write_text(paid.format(1), encoding="utf-8")
    assert "没有付款记录" not in drgpay(*month).stderr
    refused(year(region), "months_unpaid", "清算的年度有月份没有付款记录:2024 年 2 月")


def test_templates_by_command(tmp_path: Path) -> None:
    one = drgpay("region", "template", "--register", "预算", "-o", tmp_path / "forms")
    assert one.returncode == 0, one.stderr
    assert [p.name for p in (tmp_path / "forms").glob("*.xlsx")] == ["年度预算.xlsx"]
    unknown = drgpay("region", "template", "--register", "预算表格", "-o", tmp_path / "x")
    assert unknown.returncode == Kind.USAGE
    assert "最接近的是" in unknown.stderr
    both = drgpay("region", "template", "--register", "grades", "--register", "debts", "-o", tmp_path / "two.xlsx")
    assert both.returncode == Kind.USAGE
    assert not (tmp_path / "two.xlsx").exists()
