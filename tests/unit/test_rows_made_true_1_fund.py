"""Rows of the fund made true: what a year's sharing, its sanctions and the joint meeting's ratios do to a fen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import Result

from drgpay.cli import app
from drgpay.engine import read_table
from drgpay.errors import DrgpayError
from drgpay.policy import load
from drgpay.runs import Order, run, take
from drgpay.runs.fund import RegisterFolder
from drgpay.runs.region import read_region
from drgpay.samples import make_region
from drgpay.steps import fund
from drgpay.tables import INSTITUTIONS, PAYMENT_HOLDS, SHARING_MINUTES, SHARING_RATIOS, STATEMENTS
from support.command import CliRunner
from support.engines import usual
from support.fund import history
from support.money import demo, differences, settle, stay, tables_of
from support.plain_year import Case, plain_year

BASE = [stay(f"base{i}", year=2023) for i in range(6)]
RULES = {
    "coefficient__components": "[]",
    "fund__basis": "fund",
    "fund__reserve_share": "50%",
    "settlement__monthly_pay_ratio": "1",
    "settlement__keep_bands": "[{value: 60%}]",
    "settlement__second_distribution_surplus_share": "0",
    "settlement__sanction_no_increase": "false",
}


def year(grade: str = "good", actual: int = 90_000, sanctioned: bool = False, /, **rules: str) -> Case:
    """H1's one stay is due the 1,000.00 yuan that are left after the reserve; 100.00 of any overspend are
    reasonable."""
    stays = [*BASE, stay(1, fund_by_item=actual)]
    evidence = [("H1", "employee", "outbreak", 10_000)]
    budgets = {"employee": 200_000, "resident": 0}
    case = Case(demo(**RULES | rules), stays, {"H1": "secondary"}, budgets, {"H1": grade}, evidence)
    return replace(case, sanctioned=frozenset({"H1"} if sanctioned else ()))


def cleared(folder: Path, case: Case) -> dict[str, Any]:
    """H1's statement, the same by the plain year."""
    tables = tables_of(settle(folder, case))
    assert not differences(tables, plain_year(case))
    row: dict[str, Any] = tables["statements"]["employee", "H1"]
    return row


class TestR17:
    """Sharing goes with quality: 100.00 of surplus, 60 % kept, or 100.00 of reasonable overspend, 70 % borne."""

    @pytest.mark.parametrize(
        ("grade", "keep", "returned"), [("good", 6_000, 4_000), ("excellent", 7_001, 2_999), ("fail", 0, 10_000)]
    )
    def test_r17_the_grade_moves_the_share_kept(self, tmp_path: Path, grade: str, keep: int, returned: int) -> None:
        steps = "{excellent: 10.01%, fail: -80%}"
        row = cleared(tmp_path, year(grade, settlement__keep_grade_steps=steps))
        assert (row["keep_share"], row["surplus_returned"]) == (keep, returned)

    @pytest.mark.parametrize(("grade", "shared"), [("good", 7_000), ("excellent", 7_001), ("fail", 5_000)])
    def test_r17_the_grade_moves_the_share_the_fund_bears(self, tmp_path: Path, grade: str, shared: int) -> None:
        steps = "{excellent: 0.01%, fail: -20%}"
        row = cleared(tmp_path, year(grade, 130_000, settlement__share_grade_steps=steps))
        assert row["overspend_shared"] == shared


class TestR43:
    """A sanction takes effect at the clearing: a surplus brings no increase."""

    def test_r43_a_surplus_under_sanction_goes_back_whole(self, tmp_path: Path) -> None:
        rule = {"settlement__sanction_no_increase": "true"}
        row = cleared(tmp_path / "a", year("good", 90_000, True, **rule))
        assert (row["sanctioned"], row["keep_share"], row["settled"]) == (True, 0, 90_000)
        assert cleared(tmp_path / "b", year("good", 90_000, False, **rule))["settled"] == 96_000
        assert cleared(tmp_path / "c", year("good", 90_000, True))["settled"] == 96_000  # the policy does not say so

    def test_r43_an_overspend_is_judged_as_any_other(self, tmp_path: Path) -> None:
        row = cleared(tmp_path, year("good", 130_000, True, settlement__sanction_no_increase="true"))
        assert row["settled"] == 100_000 + 7_000

    def test_r43_it_has_no_part_in_the_second_distribution(self, tmp_path: Path) -> None:
        rules = {"settlement__sanction_no_increase": "true", "settlement__second_distribution_surplus_share": "1"}
        case = year("good", 90_000, True, **rules)
        case = replace(
            case,
            stays=[*case.stays, stay(2, "H2", fund_by_item=40_000)],
            institutions={"H1": "secondary", "H2": "secondary"},
        )
        tables = tables_of(settle(tmp_path, case))
        assert not differences(tables, plain_year(case))
        second = {h: tables["statements"]["employee", h]["second_distribution"] for h in ("H1", "H2")}
        # each is due 500.00; H1 overspends, so that nothing holds it back; H2 gives 40 % of 100.00 back
        assert second == {"H1": 2_000, "H2": 2_000}
        case = replace(
            case, stays=[s | {"fund_by_item": 40_000} if s["stay_id"] == "0001" else s for s in case.stays]
        )
        row = tables_of(settle(tmp_path / "b", case))["statements"]
        assert (row["employee", "H1"]["second_distribution"], row["employee", "H1"]["settled"]) == (0, 40_000)
        assert row["employee", "H2"]["second_distribution"] == 14_000  # 100.00 of H1's and 40.00 of its own


def test_r24_a_suspended_advance_holds_the_months_until_it_is_released(tmp_path: Path) -> None:
    region = tmp_path / "region"
    make_region(region, stays=400, seed=3, institutions=3)
    house, other = read_region(region).registers[INSTITUTIONS]["institution_id"].to_list()[:2]
    (region / "institution_history.csv").write_text(
        "year,insurance_scheme,institution_id,fund_paid,unreasonable,heads,invalid_heads\n"
        + "".join(f"2023,{s},{h},1000,0,9,0\n" for h in (house, other) for s in ("employee", "resident"))
    )
    terms = "".join(f"2024,{h},general,false\n" for h in (house, other))
    (region / "prepayment_terms.csv").write_text("year,institution_id,function,short_of_cash\n" + terms)
    (region / "advances.csv").write_text(
        "advance_id,year,insurance_scheme,institution_id,date,advance_kind,amount\n"
        f"A1,2024,employee,{house},2024-01-05,ordinary,100\n"
    )
    (region / "advance_use.csv").write_text(
        "year,month,insurance_scheme,institution_id,used,cost,cost_last_year\n"
        f"2024,5,employee,{house},80.01,200,100\n"
    )
    order = ["fund", "prepay", "--region", region, "--year", 2024, "--policy", "demo", "-o", tmp_path / "plan"]
    order += ["--agreed-by", "王", "--agreed-on", "2024-06-03"]
    assert CliRunner().invoke(app, [*map(str, order)]).exit_code == 0
    take(region, tmp_path / "plan")
    held = read_region(region).registers[PAYMENT_HOLDS]
    assert held.select("institution_id", "from_date", "released_on").rows() == [(house, date(2024, 6, 3), None)]


HISTORY = (
    "年度,险种,基金收入,基金支出,累计结余,趸缴累计结余,已清算\n"
    "2022,职工,1300,1000,1000,0,是\n2023,职工,1400,{spent},{balance},0,是\n"
    "2022,居民,900,800,800,0,是\n2023,居民,900,800,700,0,是\n"
)
MINUTES = (
    "年度,事项,档次,使用率低于,比例,纪要文号,会议日期\n"
    "2024,结余留用,1,80%,50%,{minutes},2024-02-01\n2024,结余留用,2,,66.67%,2024-3,2024-02-01\n"
    "2024,超支分担,0,,65%,2024-3,2024-02-01\n"
)


def ratios(region: Path, *words: object) -> Result:
    order = ["fund", "ratios", "--region", region, "--year", 2024, "--policy", "demo", *words]
    done = CliRunner(env={"COLUMNS": "240"}).invoke(app, [*map(str, order)])
    if isinstance(done.exception, DrgpayError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


class TestR40:
    """Ratios of a year: proposed from the balance and last year's results, decided by the joint meeting, kept as a
    notice, and held against the minutes when the year is cleared."""

    @pytest.fixture
    def region(self, tmp_path: Path) -> Path:
        folder = tmp_path / "region"
        folder.mkdir()
        self.write(folder, "fund_history", HISTORY.format(spent=1000, balance=600))
        self.write(folder, "grades", "年度,定点医疗机构编号,考核等级\n2023,H1,良好\n2023,H2,合格\n")
        self.write(folder, "institutions", "定点医疗机构编号,名称,等级\nH1,市第一医院,三级\nH2,县医院,二级\n")
        return folder

    @staticmethod
    def write(folder: Path, name: str, text: str) -> None:
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")

    @staticmethod
    def proposed(region: Path, out: Path) -> dict[tuple[str, int], int]:
        ratios(region, "-o", out)
        rows = read_table(out / "tables", SHARING_RATIOS).to_dicts()
        return {(r["item"], r["band"]): r["proposed"] for r in rows}

    def test_r40_the_rule_proposes_by_balance_growth_and_grades(self, region: Path, tmp_path: Path) -> None:
        # employees 600 ÷ 1,000 × 12 = 7.2 months: within 6 to 9; residents 10.5: within 9 to 12
        assert self.proposed(region, tmp_path / "a") == {
            ("overspend_borne", 0): 7_000, ("surplus_kept", 1): 5_000, ("surplus_kept", 2): 6_000,
            ("surplus_kept", 3): 7_000,
        }  # fmt: skip
        # one fen below six months is red: −10 points, the lowest share kept stays at its bound of 50 %
        self.write(region, "fund_history", HISTORY.format(spent=1000, balance="499.99"))
        red = self.proposed(region, tmp_path / "b")
        assert [*red.values()] == [6_000, 5_000, 5_000, 6_000]
        # growth of one fen above 10 % over both schemes: five points more
        self.write(region, "fund_history", HISTORY.format(spent="1180.01", balance=500))
        grown = self.proposed(region, tmp_path / "c")
        assert grown["overspend_borne", 0] == 5_500
        self.write(region, "fund_history", HISTORY.format(spent=1180, balance=500))
        assert self.proposed(region, tmp_path / "d")["overspend_borne", 0] == 6_000
        # good grades give five points back
        self.write(region, "grades", "年度,定点医疗机构编号,考核等级\n2023,H1,良好\n2023,H2,优秀\n")
        assert self.proposed(region, tmp_path / "e")["overspend_borne", 0] == 6_500

    def test_r40_the_decision_is_a_notice_a_practice_takes(self, region: Path, tmp_path: Path) -> None:
        self.write(region, "sharing_minutes", MINUTES.format(minutes="2024-3"))
        ratios(region, "--minutes", "2024-3", "-o", tmp_path / "out")
        practice = tmp_path / "out" / "practice.yaml"
        law = load(str(practice), on=date(2024, 12, 31))
        assert law.bands("settlement.keep_bands") == ((7_999, 5_000), (None, 6_667))
        assert law.ratio("settlement.reasonable_fund_share") == 6_500
        assert "2024-3" in law.source("settlement.keep_bands").source
        early = load(str(practice), on=date(2024, 12, 31), known_on=date(2024, 1, 31))
        assert early.ratio("settlement.reasonable_fund_share") == 7_000

    def test_r40_a_year_is_cleared_by_what_the_minutes_say(self, region: Path, tmp_path: Path) -> None:
        self.write(region, "sharing_minutes", MINUTES.format(minutes="2024-3"))
        ratios(region, "--minutes", "2024-3", "-o", tmp_path / "out")
        minutes = RegisterFolder(region).rows(SHARING_MINUTES)
        law = load(str(tmp_path / "out" / "practice.yaml"), on=date(2024, 12, 31))
        fund.check_minutes(law, minutes, 2024)
        with pytest.raises(DrgpayError) as caught:
            fund.check_minutes(load("demo", on=date(2024, 12, 31)), minutes, 2024)
        assert (caught.value.field, "2024-3" in caught.value.en) == ("settlement.keep_bands", True)
        share = law.amend({"settlement.reasonable_fund_share": "65.01%"}, "one step off")
        with pytest.raises(DrgpayError, match="minutes 2024-3"):
            fund.check_minutes(share, minutes, 2024)
        # in one fen: 100.01 of surplus, 66.67 % kept
        case = year("good", 89_999)
        kept = replace(case, policy=case.policy.amend({"settlement.keep_bands": "[{value: 66.67%}]"}, "minutes"))
        assert cleared(tmp_path / "year", kept)["surplus_returned"] == 10_001 - 6_668

    def test_r40_a_run_stops_at_other_ratios_and_cites_the_minutes(self, tmp_path: Path) -> None:
        region = tmp_path / "lived"
        make_region(region, stays=400, seed=3, institutions=3)
        self.write(region, "fund_history", HISTORY.format(spent=1000, balance=600))
        self.write(region, "sharing_minutes", MINUTES.format(minutes="2024-3"))
        with pytest.raises(DrgpayError, match="minutes 2024-3"):
            run(Order(region, "demo", 2024), tmp_path / "year", usual(2))
        ratios(region, "--minutes", "2024-3", "-o", tmp_path / "out")
        order = Order(region, str(tmp_path / "out" / "practice.yaml"), 2024)
        year = run(order, tmp_path / "year", usual(2))
        rows = read_table(year / "tables", STATEMENTS)
        kept = rows.filter(pl.col("balance") > 0)
        assert {*kept["keep_share"]} | {5_000} == {5_000, 6_667}

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("2024-3", "2024-9", "different minutes"),
            ("结余留用,2,,", "结余留用,2,70%,", "open last one"),
            ("超支分担,0", "超支分担,1", "band 0"),
            ("2024,", "2025,", "no decision"),
        ],
    )
    def test_r40_minutes_that_are_not_whole_are_named(
        self, region: Path, tmp_path: Path, old: str, new: str, said: str
    ) -> None:
        text = MINUTES.format(minutes="2024-3")
        self.write(region, "sharing_minutes", text.replace(old, new) if old == "2024," else text.replace(old, new, 1))
        with pytest.raises(DrgpayError, match=said):
            ratios(region, "--minutes", "2024-3", "-o", tmp_path / "out")

    def test_r40_the_number_of_the_minutes_must_be_theirs(self, region: Path, tmp_path: Path) -> None:
        self.write(region, "sharing_minutes", MINUTES.format(minutes="2024-3"))
        with pytest.raises(DrgpayError, match="2024-3"):
            ratios(region, "--minutes", "2024-4", "-o", tmp_path / "out")

    def test_r17_the_series_tells_coverage_growth_and_fund_per_head(self) -> None:
        rows = [history(2022, 100_000), history(2023, 110_001), history(2023, 50, insurance_scheme="resident")]
        past = fund.Past(rows, {2022: 10, 2023: 20}, {2023: {"H1": 1, "H2": 0, "H3": 5}}, {2023: ["good", "fail"]})
        first, last = fund.sharing_series(past, 2024)
        assert (first["growth"], first["per_head"], first["surplus_share"]) == (None, 10_000, None)
        assert (last["expenditure"], last["growth"]) == (110_051, 1_005)
        assert (last["per_head"], last["per_head_growth"]) == (5_503, -4_497)
        assert (last["institutions"], last["in_surplus"], last["surplus_share"]) == (3, 2, 6_667)
        assert (last["graded"], last["well_graded"]) == (2, 1)
