"""Rows of the seeds made true in money, each by its effect in one fen: R42, R41, R18, R35, R51, R32."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from drgpay.engine import dataset, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger, Whole
from drgpay.runs.fit import check_practice
from drgpay.runs.manifest import LEDGER
from drgpay.runs.taking import KINDS
from drgpay.runs.unit import check_unchanged
from drgpay.steps import fund, oversight, settlement
from drgpay.steps.fund import causes_of, institution_indicators, prepayments
from drgpay.steps.modes import missed, watch
from drgpay.tables import (
    BUDGET_AMOUNTS,
    CASE_POINTS,
    CLAIM_CHECKS,
    CLOSINGS,
    GROUPED,
    NEGATIVE_LIST,
    OVERSPEND_PROPOSALS,
    PROCUREMENT,
    PROCUREMENT_PAYMENTS,
    REFUSALS,
    STATEMENTS,
    STAY_PAYMENTS,
)
from support.engines import usual
from support.modes import Area, plain_procurement
from support.modes import settle as settle_modes
from support.money import demo, differences, registers, settle, stay, tables_of
from support.plain_year import Case, Rows, plain_year

RULES = {
    "coefficient__components": "[]",
    "fund__basis": "fund",
    "fund__reserve_share": "0",
    "settlement__monthly_pay_ratio": "1",
}
BASE = [stay(f"base{i}", year=2023) for i in range(6)]
STAYS = [stay(1), stay(2, "H2", total_cost=100_001), stay(3, "H2", month=2)]


def case(rules: Mapping[str, str] = {}, **given: Any) -> Case:
    """Three stays of two institutions in January and February, and 1,200.00 a year."""
    houses = {"H1": "secondary", "H2": "secondary"}
    return Case(demo(**RULES | dict(rules)), BASE + STAYS, houses, {"employee": 120_000}, **given)


def settled(folder: Path, its: Case) -> dict[str, Rows]:
    """The tables of a year, which are those of the plain year."""
    tables = tables_of(settle(folder, its))
    assert differences(tables, plain_year(its)) == []
    return tables


def dues(tables: dict[str, Rows]) -> dict[str, int]:
    """Institution → due of the year."""
    return {h: row["due"] for (_, h), row in tables["statements"].items()}


def statement(month: int, fen: int) -> dict[str, Any]:
    """A row of ``out_of_area_statements`` of employees treated as inpatients elsewhere."""
    return {"area": "330200", "month": month, "direction": "out", "insurance_scheme": "employee",
            "setting": "inpatient", "fund": fen}  # fmt: skip


WHOLE = {"fund__inpatient_unit": "whole_area"}


class TestR42:
    """住院医疗费应以统筹区为一个整体预算单位(含异地就医费用)."""

    def test_R42_a_fen_paid_elsewhere_is_a_fen_less_to_share(self, tmp_path: Path) -> None:
        before = settled(tmp_path / "a", case(WHOLE))
        after = settled(tmp_path / "b", case(WHOLE, elsewhere=[("employee", 1, 1)]))
        assert sum(dues(before).values()) == 120_000
        assert sum(dues(after).values()) == 119_999
        pools = after["pools"]
        assert [pools["employee", m]["elsewhere"] for m in (0, 1, 2)] == [1, 1, 0]
        assert [pools["employee", m]["distributable"] for m in (0, 1, 2)] == [119_999, 9_999, 10_000]
        assert after["closings"]["employee",]["distributable"] == 120_000
        (entry,) = (e for e in Ledger.read(tmp_path / "b" / LEDGER) if e.event == "out_of_area:330200:inpatient")
        assert (entry.debit, entry.amount, entry.parameter) == ("employee:fund:drg", 1, "fund.inpatient_unit")

    def test_R42_more_elsewhere_than_the_budget_has_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DrgpayError) as failure:
            settle(tmp_path, case(WHOLE, elsewhere=[("employee", 2, 10_001)]))
        assert failure.value.kind is Kind.DATA
        assert (failure.value.file, failure.value.value) == ("out_of_area_claims", "-0.01")

    def test_R42_a_late_claim_is_booked_by_the_clearing_and_one_that_is_gone_taken_back(self) -> None:
        ledger = Ledger("test")
        poster = settlement.BookPoster(ledger, "t", "a", 2024, demo(**WHOLE))
        poster.out_of_area([statement(1, 500), statement(2, 70)])
        left = settlement.not_booked([statement(1, 501), statement(3, 9)], tuple(ledger))
        assert {row["month"]: row["fund"] for row in left} == {1: 1, 2: -70, 3: 9}
        later = Ledger("later")
        settlement.BookPoster(later, "t", "a", 2024, demo(**WHOLE)).out_of_area(left)
        book = Whole(tuple(ledger), later)
        assert settlement.closing(book, "employee")["paid"] == 510

    def test_R42_without_modes_nobody_would_pay_it(self) -> None:
        policy = demo(**WHOLE, modes__rules="[]")
        with pytest.raises(DrgpayError) as failure:
            check_practice(policy)
        assert (failure.value.kind, failure.value.field) == (Kind.POLICY, "modes.rules")


ALLOWED = {"fund__year_end_reasons": "[policy_change, outbreak]"}


class TestR41:
    """决算和清算时,对于确因政策变动、疾病爆发等客观因素…医保总额预算可给予合理调整."""

    def test_R41_an_approved_fen_is_shared_by_points_at_the_clearing(self, tmp_path: Path) -> None:
        tables = settled(tmp_path, case(ALLOWED, adjusted={"employee": 1}))
        assert sum(dues(tables).values()) == 120_001
        assert tables["pools"]["employee", 0]["adjusted"] == 1
        assert tables["pools"]["employee", 1]["budget"] == 10_000, "the months stay as they were announced"
        (entry,) = (e for e in Ledger.read(tmp_path / LEDGER) if e.event == "budget_adjusted:outbreak")
        assert (entry.entry_id, entry.amount) == ("2024/employee/budget_adjusted:outbreak/A0", 1)

    def test_R41_less_than_was_paid_is_named(self, tmp_path: Path) -> None:
        # January and February paid 100.00 each; the ten other months had no stay
        assert sum(dues(settled(tmp_path / "a", case(ALLOWED, adjusted={"employee": -100_000}))).values()) == 20_000
        with pytest.raises(DrgpayError) as failure:
            settle(tmp_path / "b", case(ALLOWED, adjusted={"employee": -100_001}))
        assert (failure.value.kind, failure.value.file) == (Kind.DATA, "budget_adjustments")
        assert "199.99" in failure.value.en
        assert "200.00" in failure.value.en

    def test_R41_a_reason_the_policy_does_not_allow_is_named(self, tmp_path: Path) -> None:
        rules = {"fund__year_end_reasons": "[policy_change]"}
        with pytest.raises(DrgpayError) as failure:
            settle(tmp_path, case(rules, adjusted={"employee": 1}))
        assert (failure.value.kind, failure.value.value) == (Kind.DATA, "outbreak")

    def test_R41_a_year_that_is_opened_again_keeps_its_budget(self) -> None:
        cleared, now = (registers(case(ALLOWED, adjusted=its)) for its in ({"employee": 1}, {"employee": 2}))
        check_unchanged(cleared, cleared, 2024)
        with pytest.raises(DrgpayError) as failure:
            check_unchanged(cleared, now, 2024)
        assert (failure.value.kind, failure.value.value) == (Kind.DATA, "A0")

    def test_R41_everything_at_once_is_conserved(self, tmp_path: Path) -> None:
        rules = WHOLE | ALLOWED | {"fund__basis": "total", "fund__reserve_share": "5%"}
        its = case(rules, adjusted={"employee": -7}, elsewhere=[("employee", 1, 333), ("employee", 12, 5)],
                   advances=[("H1", "employee", 77)], violations=[("H2", "employee", 11, 20_000)])  # fmt: skip
        tables = settled(tmp_path, replace(its, evidence=[("H1", "employee", "outbreak", 50)]))
        assert tables["closings"]["employee",]["budget"] == 119_993


def agreement(used: int | None, drug: str = "D1", **given: Any) -> dict[str, Any]:
    """1,000 pieces at 0.20 yuan agreed by H1, which cost 0.60 before."""
    return {"year": 2024, "institution_id": "H1", "insurance_scheme": "employee", "drug_id": drug,
            "agreed_volume": 1_000, "used_volume": used, "price": 20, "price_before": 60} | given  # fmt: skip


PARTS = [{"year": 2024, "insurance_scheme": s, "part": p, "amount": 10_000_000}
         for s in ("employee", "resident") for p in ("bed_day", "outpatient", "out_of_area", "other")]  # fmt: skip


class TestR18:
    """研究出台了北京市“4+7”集中采购医保基金预付方案和奖惩方案,并依据方案内容进行费用预付和奖惩管理."""

    def procured(self, folder: Path, *agreements: dict[str, Any], **rules: str) -> tuple[dict[str, Any], Ledger]:
        """The payment of H1, which is what the plain program says, and the ledger."""
        policy = demo(**rules)
        stays = [*BASE, *STAYS]
        registers = {PROCUREMENT: agreements, BUDGET_AMOUNTS: PARTS}
        tables = settle_modes(folder, Area(stays, policy, registers))
        (row,) = read_table(tables, PROCUREMENT_PAYMENTS).to_dicts()
        plain = plain_procurement(agreements, 2024, policy)
        assert plain.keys() == {("employee", "H1")}
        names = ("agreed", "advance", "savings", "missed", "lost", "reward", "penalty")
        assert {n: row[n] for n in names} == {n: plain["employee", "H1"][n] for n in names}
        (closing,) = (r for r in read_table(tables, CLOSINGS).to_dicts() if r["insurance_scheme"] == "employee")
        sources, uses = next((a, b) for _, a, b in settlement.conservation([closing]))
        assert sources == uses
        return row, Ledger.read(folder / LEDGER)

    def test_R18_one_piece_missed_costs_a_fen(self, tmp_path: Path) -> None:
        rules = {"procurement__penalty_share": "5%"}
        row, ledger = self.procured(tmp_path / "a", agreement(999), **rules)
        assert (row["missed"], row["penalty"], row["reward"]) == (20, 1, 0)
        moved = {e.event: (e.debit, e.credit, e.amount, e.parameter) for e in ledger if "penalty" in e.event}
        by = "procurement.penalty_share"
        assert moved == {
            "procurement_penalty": ("employee:H1:payable", "employee:fund:other", 1, by),
            "procurement_penalty_received": ("employee:bank", "employee:H1:payable", 1, by),
        }
        met, _ = self.procured(tmp_path / "b", agreement(1_000), **rules)
        assert (met["missed"], met["penalty"], met["reward"]) == (0, 0, 20_000)

    def test_R18_the_reward_of_every_agreement_is_lost_where_the_policy_says_so(self, tmp_path: Path) -> None:
        two = [agreement(999), agreement(1_000, "D2")]
        only, _ = self.procured(tmp_path / "a", *two)
        both, ledger = self.procured(tmp_path / "b", *two, procurement__missed_loses="all")
        assert (only["reward"], only["lost"]) == (20_000, 0)
        assert (both["reward"], both["lost"], both["penalty"]) == (0, 20_000, 0)
        assert not [e for e in ledger if e.event.startswith("procurement_reward")]

    def test_R18_what_is_not_known_yet_is_not_missed(self, tmp_path: Path) -> None:
        row, _ = self.procured(tmp_path / "a", agreement(None), procurement__penalty_share="1")
        assert (row["missed"], row["penalty"]) == (0, 0)

    def test_R18_next_years_indicator_is_cut(self) -> None:
        assert missed([agreement(999), agreement(1_000, institution_id="H2"), agreement(None, year=2023)], 2024) == {
            ("employee", "H1")
        }
        policy = demo(procurement__indicator_cut="2%", fund__indicator_own_share="none")
        past = [{"year": 2024, "insurance_scheme": "employee", "institution_id": h, "fund_paid": 50, "heads": 10,
                 "invalid_heads": 0, "unreasonable": 0} for h in ("H1", "H2")]  # fmt: skip
        levels = {"H1": "secondary", "H2": "secondary"}
        rows, left = institution_indicators(100, "employee", 2025, past, levels, [], [], policy, ["H1"])
        # weights 49 and 50 of 99
        assert [(r["indicator"], r["procurement_cut"]) for r in rows] == [(49, 200), (51, 0)]
        assert left == 0


FOUND = (("RS2-1", "refusal", "complaint"), ("RS2-2", "refusal", "complaint"), ("SP1-1", "splitting", "same_house"))
SUSPICIONS = {
    name: {"stay_id": None, "institution_id": "H1", "insurance_scheme": None, "department_id": None,
           "doctor_id": None, "violation": violation, "form": form, "amount": 0, "stay_payment": None}
    for name, violation, form in FOUND
}  # fmt: skip


class TestR35:
    """“负面清单”制度:对无正当理由拒收重症病例的医院,扣减预付总额并通报批评."""

    def review(self, name: str, decision: str = "confirm") -> dict[str, Any]:
        return {"suspicion_id": name, "decision": decision, "reason": "张某投诉查实", "reviewer": "李",
                "on": date(2024, 5, 6), "treatment": "interview", "amount": None, "damages_multiple": None,
                "points": None, "publish": None}  # fmt: skip

    def refusals(self, *reviews: dict[str, Any]) -> list[dict[str, Any]]:
        treated = oversight.treatments(reviews, SUSPICIONS)
        return oversight.refused_patients(treated, SUSPICIONS, 2024)

    def prepaid(self, year: int, refusals: list[dict[str, Any]]) -> dict[str, Any]:
        """H1's prepayment: 1,000.00 a year × 80 %."""
        past = [{"year": y, "insurance_scheme": "employee", "institution_id": "H1", "fund_paid": 100_000, "heads": 1,
                 "invalid_heads": 0, "unreasonable": 0} for y in (2022, 2023, 2024)]  # fmt: skip
        terms = [
            {"year": y, "institution_id": "H1", "function": "general", "short_of_cash": False, "cmi_growth": None,
             "cost_index": None, "refused_severe": None, "days_of_cash": None}
            for y in (2024, 2025)
        ]  # fmt: skip
        (row,) = prepayments(year, past, terms, {"H1": "secondary"}, [], [], demo(), refusals=refusals)
        return row

    def test_R35_a_confirmed_refusal_cuts_the_next_prepayment(self) -> None:
        confirmed = self.refusals(self.review("RS2-1"))
        dismissed = self.refusals(self.review("RS2-1", "dismiss"), self.review("SP1-1"))
        assert [r["violation_id"] for r in confirmed] == ["RS2-1"]
        assert dismissed == []
        cut = demo().ratio_or_none("prepay.next_cut") or 0
        assert self.prepaid(2024, confirmed)["next_factor"] == 10_000 - cut
        before, after = self.prepaid(2025, dismissed), self.prepaid(2025, confirmed)
        assert (before["factor"], after["factor"]) == (10_000, 10_000 - cut)
        assert before["base"] - after["base"] == before["base"] * cut // 10_000

    def test_R35_the_list_names_institutions_and_nobody_else(self) -> None:
        found = self.refusals(self.review("RS2-1"), self.review("RS2-2"))
        earlier = [found[0], found[0] | {"violation_id": "RS2-0", "form": "severe_sent_away"}]
        listed = oversight.negative_list(found, earlier)
        assert NEGATIVE_LIST.of(listed).to_pylist() == [
            {"year": 2024, "institution_id": "H1", "form": "complaint", "count": 2},
            {"year": 2024, "institution_id": "H1", "form": "severe_sent_away", "count": 1},
        ]
        assert NEGATIVE_LIST.visible == "public"
        assert not {"stay_id", "person_id", "doctor_id", "reason"} & {*NEGATIVE_LIST.names}

    def test_R35_it_comes_from_the_review_by_taking(self) -> None:
        assert REFUSALS in KINDS["review"]


class TestR51:
    """将异常数据较多的异地医药机构设置在警示名单中,加强日常审核力度."""

    def test_R51_one_claim_more_puts_an_institution_on_the_list_and_doubles_its_audit(self) -> None:
        policy = demo(out_of_area__watch_min_claims="1", out_of_area__watch_unregistered_share="50%")
        limits = oversight.limits(
            demo(oversight__limits="{audit.watched: 10%, audit.min_stays: 1, audit.half_width: 0}")
        )
        stays = pl.DataFrame({
            "stay_id": [f"{h}{i:03d}" for h in ("H1", "H2") for i in range(100)], "settled": True,
            "institution_id": ["H1"] * 100 + ["H2"] * 100, "department_id": None, "coder_id": None,
        }, schema_overrides={"department_id": pl.String, "coder_id": pl.String})  # fmt: skip
        none = pl.DataFrame(schema={"stay_id": pl.String, "score": pl.Int64})

        def drawn(*claims: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
            frame = pl.DataFrame(list(claims))
            watched = watch(frame, 2024, policy)
            shares = oversight.shares_of({"H2": 500}, [row["institution_id"] for row in watched], limits)
            sample = oversight.sample(stays, none, limits, 1, shares)
            sample = sample.filter(pl.col("rule") == oversight.SAMPLED)
            to_check = oversight.claims_to_check(frame.to_dicts(), watched, 2024, limits)
            CLAIM_CHECKS.of(to_check)
            return dict(sample.group_by("institution_id").len().rows()), [row["claim_id"] for row in to_check]

        known, unknown = claim("a", registered=True), claim("b")
        assert drawn(known, unknown) == ({"H1": 2, "H2": 5}, []), "a half is not above a half"
        of_others = claim("x", institution_id="H2", registered=True)
        earlier = claim("old", settled_on=date(2023, 12, 31))
        assert drawn(known, unknown, claim("c"), of_others, earlier) == ({"H1": 10, "H2": 5}, ["a", "b", "c"])

    def test_R50_every_claim_of_those_on_the_list_is_run_through_the_checks(self) -> None:
        limits = oversight.limits(demo())
        watched = [{"institution_id": "H1", "setting": "inpatient", "reasons": ["unregistered"]}]
        known = {"registered": True, "total_cost": 200, "personal_paid": 90, "fund_amount": 110}
        claims = [
            claim("plain", personal_paid=60, fund_amount=40),
            claim("twice", total_cost=140, personal_paid=80, fund_amount=60),
            claim("twice again", total_cost=140, personal_paid=80, fund_amount=60),
            claim("too much", total_cost=100, personal_paid=40, fund_amount=70, registered=True),
            claim("all of it", total_cost=100, personal_paid=0, fund_amount=95, registered=True),
            claim("dear", **known | {"total_cost": 2_000, "personal_paid": 900, "fund_amount": 1_100}),
            claim("unknown", total_cost=150, personal_paid=40, fund_amount=110),
            claim("of another", institution_id="H2", **known),
            claim("outpatient", setting="outpatient"),
            claim("last year", settled_on=date(2023, 12, 31)),
        ]
        found = {row["claim_id"]: row["checks"] for row in oversight.claims_to_check(claims, watched, 2024, limits)}
        # of the registered 2,400 the fund paid 1,375: 57 %
        assert found == {
            "plain": [], "twice": ["paid_twice"], "twice again": ["paid_twice"], "too much": ["over_total"],
            "all of it": ["high_fund_share"], "dear": ["dear_claim"], "unknown": ["as_if_registered"],
        }  # fmt: skip

    def test_R51_a_stricter_tier_stands(self) -> None:
        limits = oversight.limits(demo())
        assert oversight.shares_of({"H1": 5_000}, ["H1", "H2"], limits) == {"H1": 5_000, "H2": 2_000}


def claim(name: str, **given: Any) -> dict[str, Any]:
    """A stay at H1 of somebody insured elsewhere, neither registered nor referred."""
    return {"claim_id": name, "direction": "in", "area": "330200", "setting": "inpatient", "institution_id": "H1",
            "insurance_scheme": "employee", "settled_on": date(2024, 3, 4), "referred": False, "registered": False,
            "total_cost": 100, "personal_paid": 50, "fund_amount": 50} | given  # fmt: skip


OUTBREAK = {"cause_id": "C1", "year": 2024, "reason": "outbreak", "cause_kind": "diagnosis", "code": "U07",
            "from_date": date(2024, 2, 1), "to_date": None, "document": "医保发〔2024〕3号"}  # fmt: skip
CAUSED_BY = "2024-employee-H1-C1"


class TestR32:
    """因政策调整(如新增病种、药品目录)、收治…导致的合理超支,由医保与医院分担."""

    def year(self, folder: Path, cost: int, evidence: list[tuple[str, str, str, int]]) -> dict[str, Rows]:
        """H1 is due 600.00 for two stays that would be ``cost`` and 400.00 item by item; half its overspend that is
        reasonable is shared, out of a reserve."""
        stays = [
            stay(1, month=2, fund_by_item=cost, dx=["J12.8", "U07.1"]),
            stay(2, month=1, fund_by_item=40_000, dx=["U07.1"]),
        ]  # fmt: skip
        rules = RULES | {"fund__reserve_share": "50%", "settlement__reasonable_fund_share": "50%",
                         "settlement__reasonable_share_by_reason": "none"}  # fmt: skip
        its = Case(demo(**rules), BASE + stays, {"H1": "secondary"}, {"employee": 120_000}, evidence=evidence)
        return tables_of(settle(folder, its))

    def proposed(self, run: Path, *causes: dict[str, Any]) -> list[dict[str, Any]]:
        """The proposals for a settled year."""
        known = causes_of(causes, [], 2024)
        tables = run / "tables"
        parts = [
            pa.Table.from_batches(list(usual(1).scan(dataset(tables, t)))).select(list(columns))
            for t, columns in ((CASE_POINTS, fund.CASES), (GROUPED, fund.CODED), (STAY_PAYMENTS, fund.DUE))
        ]
        sums = fund.caused_sums(fund.caused(*parts, causes=known, year=2024))
        statements = read_table(tables, STATEMENTS).to_dicts()
        rows = fund.overspend_proposals(pl.from_arrow(sums).to_dicts(), known, statements, 2024)
        return OVERSPEND_PROPOSALS.of(rows).to_pylist()

    def test_R32_two_fen_more_of_an_outbreak_are_a_fen_from_the_fund(self, tmp_path: Path) -> None:
        def decided(name: str, cost: int) -> dict[str, Any]:
            self.year(tmp_path / name, cost, [])
            (row,) = self.proposed(tmp_path / name, OUTBREAK)
            assert (row["cause_id"], row["n"], row["due"]) == ("C1", 1, 30_000), "January came before the outbreak"
            assert row["amount"] == cost - 30_000
            (taken,) = fund.evidence_rows([row])
            assert (taken["evidence_id"], taken["evidence"]) == (CAUSED_BY, "医保发〔2024〕3号")
            evidence = [("H1", "employee", taken["reason"], taken["amount"])]
            return self.year(tmp_path / f"{name}2", cost, evidence)["statements"]["employee", "H1"]

        before, after = decided("a", 31_000), decided("b", 31_002)
        assert (before["overspend_reasonable"], before["overspend_shared"]) == (1_000, 500)
        assert (after["overspend_reasonable"], after["overspend_shared"]) == (1_002, 501)
        assert after["settled"] - before["settled"] == 1

    def test_R32_no_more_than_the_overspend_and_nothing_without_one(self, tmp_path: Path) -> None:
        self.year(tmp_path / "a", 25_000, [])  # 50.00 less than due; January's stay 100.00 more
        january = OUTBREAK | {"from_date": date(2024, 1, 1), "to_date": date(2024, 1, 31)}
        (row,) = self.proposed(tmp_path / "a", january)
        assert (row["actual"] - row["due"], row["amount"]) == (10_000, 5_000)
        self.year(tmp_path / "b", 20_000, [])
        assert self.proposed(tmp_path / "b", january) == []

    def test_R32_approved_technology_comes_first_and_a_stay_counts_once(self) -> None:
        approved = [{"stay_id": "s", "kind": "technology", "decision": "approved"},
                    {"stay_id": "t", "kind": "technology", "decision": "pending"}]  # fmt: skip
        causes = causes_of(
            [OUTBREAK | {"cause_id": "B"}, OUTBREAK | {"cause_id": "A", "code": "J12"}], approved, 2024
        )
        assert [(c.cause_id, c.codes) for c in causes] == [("technology", ("s",)), ("A", ("J12",)), ("B", ("U07",))]

    def test_R32_a_cause_that_ends_before_it_begins_is_named(self) -> None:
        with pytest.raises(DrgpayError) as failure:
            causes_of([OUTBREAK | {"to_date": date(2024, 1, 31)}], [], 2024)
        assert (failure.value.kind, failure.value.value) == (Kind.DATA, "2024-01-31")
