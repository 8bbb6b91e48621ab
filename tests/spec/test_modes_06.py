"""design/06: which mode pays, and what. Every number here is worked by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from drgpay.engine import dataset, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.steps import modes
from drgpay.tables import (
    BED_DAY_ASSESSMENTS,
    BUDGET_AMOUNTS,
    CAPITATION_HEADS,
    CAPITATION_RESULTS,
    CASE_POINTS,
    CLOSINGS,
    COMMUNITIES,
    COMMUNITY_MEMBERS,
    COMMUNITY_SCORES,
    EXPENDITURE_BY_MODE,
    INSTITUTION_KINDS,
    INTERNET_VISITS,
    MODE_FINDINGS,
    MODE_PAYMENTS,
    OUT_OF_AREA_CLAIMS,
    OUT_OF_AREA_STATEMENTS,
    PROCUREMENT,
    PROCUREMENT_PAYMENTS,
    SHADOW_PRICES,
    STATEMENTS,
    STAY_AREAS,
    STAY_MODES,
    VISIT_PAYMENTS,
    Table,
)
from support.modes import KINDS, LEVELS, Area, law, settle
from support.money import stay

YUAN = 100
KIND_ROWS = [{"institution_id": h, "kind": k} for h, k in KINDS.items()]
PARTS = [
    {"year": 2024, "insurance_scheme": s, "part": p, "amount": amount * YUAN}
    for s in ("employee", "resident")
    for p, amount in (("bed_day", 100_000), ("outpatient", 50_000), ("out_of_area", 9_000), ("other", 70_000))
]
BASE = [stay(f"b{i}", year=y, total_cost=100_000 + i) for y in (2021, 2022, 2023) for i in range(6)]


def rows(folder: Path, table: Table, *where: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Rows of a written table that fulfil every condition."""
    paths = dataset(folder, table).paths if table.folder else ()
    found = [r for path in paths for r in pq.read_table(path).to_pylist()]
    if not table.folder:
        found = read_table(folder, table).to_dicts()
    return [r for r in found if all(w(r) for w in where)]


def conserved(folder: Path) -> None:
    """Sources = uses in every closing, and the hash chain holds."""
    for r in rows(folder, CLOSINGS):
        assert r["distributable"] + r["risk_draw"] + r["recovered"] == r["paid"] + r["returned"] + r["carried_over"]
    assert sum(Ledger.read(folder.parent / "ledger.jsonl").balances().values()) == 0


def area(*stays: dict[str, Any], registers: dict[Table, Any] | None = None, **given: Any) -> Area:
    """An area with kinds of institutions and budgets of all parts."""
    base = [s | {"stay_id": f"{s['stay_id']}-{s['year']}"} for s in BASE]
    policy = given.pop("policy", law())
    return Area([*base, stay(1), *stays], policy, {INSTITUTION_KINDS: KIND_ROWS, BUDGET_AMOUNTS: PARTS}
                | (registers or {}), **given)  # fmt: skip


def test_a_long_psychiatric_stay_is_paid_by_days_and_segments(tmp_path: Path) -> None:
    # tertiary: 60 days × 420 + 120 × 360 + 20 × 300 = 25,200 + 43,200 + 6,000 = 74,400 yuan; the patient paid 4,400.
    paid = {"personal_paid": 4_400 * YUAN, "fund_by_item": 60_000 * YUAN}
    long = stay("long", "P1", los=200, total_cost=74_400 * YUAN, discharge_way=1, **paid)
    folder = settle(tmp_path / "a", area(long))
    one = rows(folder, STAY_MODES, lambda r: r["stay_id"] == "long")[0]
    assert (one["mode"], one["rule"], one["price"], one["due"]) == (
        "bed_day", "psychiatric-chronic", 74_400 * YUAN, 70_000 * YUAN,
    )  # fmt: skip
    month = rows(folder, MODE_PAYMENTS, lambda r: r["mode"] == "bed_day" and r["month"] == 1)[0]
    assert (month["due"], month["paid"]) == (70_000 * YUAN, 66_500 * YUAN)  # 95 %
    assert {r["stay_id"] for r in rows(folder, CASE_POINTS)} == {"0001"}
    conserved(folder)


@pytest.mark.parametrize(
    ("los", "cost", "way", "not_met", "factor"),
    [
        (140, 54_000, 1, [], 10_200),  # price 60 × 420 + 80 × 360 = 54,000: ratio 1, mean stay 140, outcome good
        (160, 61_200, 1, ["mean_stay"], 9_700),  # 160 days > 150
        (140, 40_000, 1, ["daily_cost_low"], 9_700),  # 0.74 < 0.75: under-service
        (140, 75_000, 5, ["daily_cost_high", "outcome"], 9_400),  # 1.39 > 1.3 and nobody went home
        (400, 20_000, 5, ["mean_stay", "daily_cost_low", "outcome"], 9_100),
    ],
)
def test_the_year_end_assessment_moves_the_settled_rate(
    tmp_path: Path, los: int, cost: int, way: int, not_met: list[str], factor: int
) -> None:
    long = stay("long", "P1", los=los, total_cost=cost * YUAN, discharge_way=way)
    folder = settle(tmp_path / "a", area(long))
    assessed = rows(folder, BED_DAY_ASSESSMENTS)[0]
    assert (assessed["not_met"], assessed["factor"]) == (not_met, factor)
    year = rows(folder, MODE_PAYMENTS, lambda r: r["mode"] == "bed_day" and r["month"] == 0)[0]
    assert year["due"] == (year["before"] * factor + 5_000) // 10_000
    assert year["paid"] == year["due"] - sum(
        r["paid"] for r in rows(folder, MODE_PAYMENTS, lambda r: r["mode"] == "bed_day" and r["month"] > 0)
    )
    conserved(folder)


def test_a_short_psychiatric_stay_is_paid_by_item_and_its_drg_price_is_reported(tmp_path: Path) -> None:
    short = stay("short", "P1", los=20, total_cost=100_000, personal_paid=10_000, fund_by_item=85_000)
    folder = settle(tmp_path / "a", area(short))
    one = rows(folder, STAY_MODES, lambda r: r["stay_id"] == "short")[0]
    assert (one["mode"], one["due"]) == ("by_item", 85_000)
    shadow = rows(folder, SHADOW_PRICES)[0]
    # The same group as the one DRG stay, which has all the points of the pool: budget less reserve.
    pool = rows(folder, STATEMENTS, lambda r: r["institution_id"] == "H1" and r["insurance_scheme"] == "employee")[0]
    assert shadow["shadow"] == pool["due"] > 0
    assert "short" not in {r["stay_id"] for r in rows(folder, CASE_POINTS)}
    conserved(folder)


def test_a_single_disease_has_its_price_and_leaves_it_by_its_exits(tmp_path: Path) -> None:
    def cataract(name: str, **given: Any) -> dict[str, Any]:
        return stay(name, "H1", dx=["H25.1"], proc=["13.41"], discharge_way=1, total_cost=8_000 * YUAN) | given

    stays = (cataract("plain"), cataract("cheap", total_cost=5_000 * YUAN), cataract("moved", discharge_way=2),
             cataract("died", discharge_way=5), cataract("dear", total_cost=20_001 * YUAN))  # fmt: skip
    folder = settle(tmp_path / "a", area(*stays))
    found = {r["stay_id"]: r for r in rows(folder, STAY_MODES)}
    assert (found["plain"]["mode"], found["plain"]["price"]) == ("single_disease", 7_200 * YUAN)
    assert found["cheap"]["price"] == 5_000 * YUAN  # the lower of price and cost
    for name, reason in (("moved", "discharge_way"), ("died", "discharge_way"), ("dear", "cost_above")):
        assert (found[name]["mode"], found[name]["left_rule"], found[name]["exit"]) == ("drg", "cataract", reason)
    always = settle(tmp_path / "b", area(cataract("cheap", total_cost=5_000 * YUAN), policy=law(
        single_disease__pays="price")))  # fmt: skip
    assert rows(always, STAY_MODES, lambda r: r["stay_id"] == "cheap")[0]["price"] == 7_200 * YUAN
    conserved(folder)


def test_bed_days_may_share_the_pool_as_points(tmp_path: Path) -> None:
    long = stay("long", "P1", los=200, total_cost=70_000 * YUAN, discharge_way=1)
    folder = settle(tmp_path / "a", area(long, policy=law(modes__bed_day_in_points="true")))
    cases = {r["stay_id"]: r for r in rows(folder, CASE_POINTS)}
    # Points = price × scale ÷ overall mean, as a stay paid by its own cost has them.
    mean = 100_003  # weighted mean of the three years, 100,002.5 half up
    assert cases["long"]["case_class"] == "bed_day"
    assert cases["long"]["points"] == (74_400 * YUAN * 100 * 10_000 * 2 + mean) // (2 * mean)
    assert not rows(folder, MODE_PAYMENTS, lambda r: r["mode"] == "bed_day")
    conserved(folder)


def test_a_part_that_does_not_suffice_carries_its_deficit_or_reduces_its_payments(tmp_path: Path) -> None:
    short = [p | ({"amount": 1_000 * YUAN} if p["part"] == "bed_day" else {}) for p in PARTS]
    two = [stay(f"l{h}", h, los=100, total_cost=30_000 * YUAN, discharge_way=1) for h in ("P1", "P2")]
    for choice, total in (("carry", None), ("prorate", 1_000 * YUAN)):
        folder = settle(tmp_path / choice, area(*two, policy=law(modes__overrun=choice), registers={
            BUDGET_AMOUNTS: short}))  # fmt: skip
        due = [r["due"] for r in rows(folder, MODE_PAYMENTS, lambda r: r["mode"] == "bed_day" and not r["month"])]
        assert (sum(due) == total) if total else (sum(due) > 1_000 * YUAN)
        conserved(folder)
        events = Counter(e.event for e in Ledger.read(folder.parent / "ledger.jsonl"))
        assert bool(events["carried_over:bed_day:deficit"]) == (choice == "carry")


def test_a_part_without_a_budget_and_a_rate_that_is_missing_are_named(tmp_path: Path) -> None:
    long = stay("long", "P1", los=100, discharge_way=1)
    with pytest.raises(DrgpayError) as failure:
        settle(tmp_path / "a", area(long, registers={BUDGET_AMOUNTS: []}))
    assert failure.value.kind == Kind.DATA
    assert "bed_day" in failure.value.en
    only = law(bed_day__rates="[{category: hospice, from: 1, yuan: 400}]")
    with pytest.raises(DrgpayError) as failure:
        settle(tmp_path / "b", area(long, policy=only))
    assert (failure.value.kind, failure.value.field) == (Kind.POLICY, "bed_day.rates")
    assert "psychiatric tertiary" in failure.value.en


def _person(name: str, **given: Any) -> dict[str, Any]:
    return {
        "person_id": name, "insurance_scheme": "resident", "population": "resident",
        "covered_from": date(2020, 1, 1), "birth_date": date(1980, 6, 1), "township": "T1",
    } | given  # fmt: skip


def _visit(number: int, person: str, institution: str, **given: Any) -> dict[str, Any]:
    return {
        "visit_id": f"v{number}", "person_id": person, "institution_id": institution, "insurance_scheme": "resident",
        "visit_date": date(2024, 3, 5), "kind": "outpatient", "total_cost": 100 * YUAN, "personal_paid": 40 * YUAN,
        "fund_by_item": 60 * YUAN,
    } | given  # fmt: skip


COMMUNITY = {
    COMMUNITIES: [{"community_id": c, "name": c, "institution_id": h} for c, h in (("A", "C1"), ("B", "H2"))],
    COMMUNITY_MEMBERS: [
        {"community_id": c, "member_kind": k, "member_id": m}
        for c, k, m in (("A", "institution", "C1"), ("A", "township", "T1"), ("B", "institution", "H2"),
                        ("B", "township", "T2"), ("B", "school", "S1"), ("B", "employer", "E1"))
    ],
    COMMUNITY_SCORES: [{"year": 2024, "community_id": "A", "score": 90}],
}  # fmt: skip


def test_a_package_is_any_disease_the_policy_has_a_rate_for(tmp_path: Path) -> None:
    policy = law(capitation__rates="[{package: general, from: 0, yuan: 100}, {package: copd, from: 0, yuan: 50}]")
    people = [_person("p1", diseases=["copd", "gout"]), _person("p2")]
    folder = settle(tmp_path / "a", area(enrolment=people, registers=COMMUNITY, policy=policy))
    found = {r["package"]: (r["heads"], r["amount"]) for r in rows(folder, CAPITATION_HEADS)}
    assert found == {"general": (2, 200 * YUAN), "copd": (1, 50 * YUAN * 105 // 100)}


def test_a_visit_after_death_counts_in_no_community(tmp_path: Path) -> None:
    people = [_person("p1", death_date=date(2024, 2, 1))]
    folder = settle(tmp_path / "a", area(visits=[_visit(1, "p1", "C1")], enrolment=people, registers=COMMUNITY))
    (result,) = rows(folder, CAPITATION_RESULTS)
    assert (result["inside_n"], result["inside"], result["charges"]) == (0, 0, 0)


def test_capitation_pool_is_result_plus_charges(tmp_path: Path) -> None:
    people = [
        _person("p1"),  # 44 years: 220 yuan
        _person("p2", birth_date=date(1950, 1, 1), diseases=["diabetes"]),  # 480 + 600 × 1.05 (score 90)
        _person("p3", covered_from=date(2024, 7, 1), signed_institution_id="H2"),  # signed: B; 6 of 12 months: 110
        _person("p4", population="student", school_id="S1"),  # B by school: 220
        _person("p5", population="employee", employer_id="E1", insurance_scheme="employee"),  # B by employer: 220
        _person("p6", population="employee", employer_id="E9"),  # no employer of a community: nowhere
        _person("p7", migrated=True),  # A, its visits elsewhere are not charged: 220
        _person("p8", death_date=date(2024, 3, 1)),  # A, three first days alive: 220 × 3 ÷ 12 = 55
    ]
    visits = [
        _visit(1, "p1", "C1"),  # inside: nothing owed
        _visit(2, "p1", "H1", internet=True),  # outside: 60 yuan charged
        _visit(3, "p2", "H2", kind="special", dx=["E11"]),  # special disease: by item, not charged
        _visit(4, "p7", "H1"),  # moved away: by item
        _visit(5, "p8", "H1"),  # after death: not paid
        _visit(6, "p6", "H1"),  # without a community: by item
        _visit(7, "p2", "H1", kind="special", dx=["N18.5"]),  # dialysis: quota 2,600, patient paid 40
        _visit(8, "p1", "H1", kind="emergency"),  # no rule: by item
    ]
    folder = settle(tmp_path / "a", area(visits=visits, enrolment=people, registers=COMMUNITY))
    result = {(r["insurance_scheme"], r["community_id"]): r for r in rows(folder, CAPITATION_RESULTS)}
    a = result["resident", "A"]
    assert a["pool"] == (220 + 480 + 630 + 220 + 55) * YUAN
    assert (a["charges"], a["result"]) == (60 * YUAN, a["pool"] - 60 * YUAN)
    assert (a["heads"], a["inside_n"], a["inside"]) == (4, 1, 60 * YUAN)
    assert result["resident", "B"]["pool"] == (110 + 220) * YUAN
    assert result["employee", "B"]["result"] == 220 * YUAN
    paid = {r["visit_id"]: r for r in rows(folder, VISIT_PAYMENTS)}
    assert {v: (r["mode"], r["due"] // YUAN, r["charged"]) for v, r in paid.items()} == {
        "v1": ("capitation", 0, False), "v2": ("capitation", 60, True), "v3": ("by_item", 60, False),
        "v4": ("by_item", 60, False), "v5": ("capitation", 0, False), "v6": ("by_item", 60, False),
        "v7": ("quota", 2_560, False), "v8": ("by_item", 60, False),
    }  # fmt: skip
    managed = next(r for r in rows(folder, CAPITATION_HEADS) if r["package"] == "diabetes")
    assert (managed["factor"], managed["amount"]) == (10_500, 630 * YUAN)
    assert {(r["subject"], r["finding"], r["township"], r["n"]) for r in rows(folder, MODE_FINDINGS)} == {
        ("enrolment", "unknown_community", "T1", 1), ("visits", "after_death", "T1", 1),
    }  # fmt: skip
    internet = [r for r in rows(folder, INTERNET_VISITS) if r["internet_n"]]
    assert [(r["institution_id"], r["internet_n"], r["internet_due"]) for r in internet] == [("H1", 1, 60 * YUAN)]
    conserved(folder)


def test_a_community_that_spent_more_elsewhere_than_its_pool_owes_the_rest(tmp_path: Path) -> None:
    visits = [_visit(1, "p1", "H1", total_cost=900 * YUAN, fund_by_item=500 * YUAN)]
    folder = settle(tmp_path / "a", area(visits=visits, enrolment=[_person("p1")], registers=COMMUNITY))
    a = rows(folder, CAPITATION_RESULTS)[0]
    assert (a["pool"], a["charges"], a["result"]) == (220 * YUAN, 500 * YUAN, -280 * YUAN)
    conserved(folder)


def test_overlapping_enrolment_makes_an_invalid_head(tmp_path: Path) -> None:
    twice = [_person("p1", covered_to=date(2024, 6, 30)), _person("p1", covered_from=date(2024, 6, 30))]
    after = [_person("p2", covered_to=date(2024, 6, 30)), _person("p2", covered_from=date(2024, 7, 1))]
    gone = _person("p3", death_date=date(2023, 5, 1))
    folder = settle(tmp_path / "a", area(enrolment=[*twice, *after, gone], registers=COMMUNITY))
    assert {(r["finding"], r["n"]) for r in rows(folder, MODE_FINDINGS)} == {
        ("overlapping_enrolment", 1), ("died_before", 1),
    }  # fmt: skip
    assert [(r["heads"], r["pool"]) for r in rows(folder, CAPITATION_RESULTS)] == [(1, 220 * YUAN)]


def test_a_township_in_two_communities_is_named(tmp_path: Path) -> None:
    members = [*COMMUNITY[COMMUNITY_MEMBERS], {"community_id": "B", "member_kind": "township", "member_id": "T1"}]
    with pytest.raises(DrgpayError) as failure:
        settle(tmp_path / "a", area(visits=[_visit(1, "p1", "H1")], registers=COMMUNITY | {
            COMMUNITY_MEMBERS: members}))  # fmt: skip
    assert "T1" in failure.value.zh
    assert "两个医共体" in failure.value.zh
    assert "two communities" in failure.value.en


def _claim(number: int, direction: str, **given: Any) -> dict[str, Any]:
    return {
        "claim_id": f"c{number}", "direction": direction, "area": "X", "setting": "inpatient", "institution_id": "Z9",
        "insurance_scheme": "employee", "settled_on": date(2024, 5, 2), "referred": False, "registered": True,
        "total_cost": 1_000 * YUAN, "personal_paid": 300 * YUAN, "fund_amount": 700 * YUAN,
    } | given  # fmt: skip


def test_out_of_area_care_charges_the_budget_one_way_and_is_paid_back_the_other(tmp_path: Path) -> None:
    claims = [_claim(1, "out"), _claim(2, "out", area="Y"), _claim(3, "in", institution_id="H1")]
    here = stay("guest", "H1", total_cost=5_000 * YUAN, fund_by_item=4_000 * YUAN)
    folder = settle(tmp_path / "a", area(here, registers={
        OUT_OF_AREA_CLAIMS: claims, STAY_AREAS: [{"stay_id": "guest", "area": "Y"}]}))  # fmt: skip
    fund = {(r["area"], r["month"], r["direction"]): r["fund"] // YUAN for r in rows(folder, OUT_OF_AREA_STATEMENTS)}
    assert fund == {("X", 5, "out"): 700, ("Y", 5, "out"): 700, ("X", 5, "in"): 700, ("Y", 1, "in"): 4_000}
    assert "guest" not in {r["stay_id"] for r in rows(folder, CASE_POINTS)}
    closing = rows(folder, CLOSINGS, lambda r: r["insurance_scheme"] == "employee")[0]
    ledger = Ledger.read(folder.parent / "ledger.jsonl")
    left = sum(e.amount for e in ledger if e.event == "carried_over:out_of_area" and e.insurance_scheme == "employee")
    assert left == (9_000 - 1_400) * YUAN
    assert closing["budget"] == 100_000_00 + sum(p["amount"] for p in PARTS if p["insurance_scheme"] == "employee")
    conserved(folder)


def test_procurement_advances_half_and_rewards_savings_when_the_volume_is_met(tmp_path: Path) -> None:
    def agreement(drug: str, used: int | None) -> dict[str, Any]:
        prices = {"price": 10 * YUAN, "price_before": 25 * YUAN}
        return {"year": 2024, "institution_id": "H1", "insurance_scheme": "employee", "drug_id": drug,
                "agreed_volume": 1_000, "used_volume": used} | prices  # fmt: skip

    agreements = [agreement("met", 1_200), agreement("missed", 999), agreement("open", None)]
    folder = settle(tmp_path / "a", area(registers={PROCUREMENT: agreements}))
    one = rows(folder, PROCUREMENT_PAYMENTS)[0]
    # advance: 3 × 1,000 × 10 × 50 %; savings: 1,200 × 15 = 18,000, half of it rewarded
    assert (one["agreed"], one["advance"]) == (30_000 * YUAN, 15_000 * YUAN)
    assert (one["savings"], one["reward"]) == (18_000 * YUAN, 9_000 * YUAN)
    conserved(folder)


def test_composition_shows_every_mode_by_institution_and_month(tmp_path: Path) -> None:
    long = stay("long", "P1", month=2, los=100, total_cost=30_000 * YUAN, discharge_way=1)
    folder = settle(tmp_path / "a", area(long, visits=[_visit(1, "p1", "H1")], enrolment=[_person("p1")],
                                         registers=COMMUNITY | {OUT_OF_AREA_CLAIMS: [_claim(1, "out")]}))  # fmt: skip
    found = {(r["month"], r["institution_id"], r["setting"], r["mode"]): r["fund"] for r in rows(
        folder, EXPENDITURE_BY_MODE)}  # fmt: skip
    assert found[2, "P1", "inpatient", "bed_day"] == (60 * 420 + 40 * 360) * YUAN
    assert found[3, "H1", "outpatient", "capitation"] == 60 * YUAN
    assert found[0, "C1", "outpatient", "capitation"] == 160 * YUAN
    assert found[5, "area:X", "inpatient", "out_of_area"] == 700 * YUAN
    assert found[1, "H1", "inpatient", "drg"] > 0


def test_a_month_pays_its_stays_by_mode(tmp_path: Path) -> None:
    long = stay("long", "P1", los=100, total_cost=30_000 * YUAN, discharge_way=1)
    folder = settle(tmp_path / "a", area(long), month=1)
    months = rows(folder, MODE_PAYMENTS)
    assert [(r["month"], r["mode"], r["due"]) for r in months] == [(1, "bed_day", 39_600 * YUAN)]


def _split(*stays: dict[str, Any], policy: Any = None) -> dict[str, dict[str, int]]:
    """Stays of one person split by the benefit rules, by stay."""
    filled = [
        {"person_id": "p", "insurance_scheme": "resident", "admission_date": date(2024, 2, n + 1), "out_of_policy": 0,
         "chain_id": None, "unreferred": False} | s
        for n, s in enumerate(stays)
    ]  # fmt: skip
    referrals = pl.DataFrame(
        [(s["stay_id"], s["chain_id"], s["unreferred"]) for s in filled],
        {"stay_id": pl.String, "chain_id": pl.String, "out_of_area_unreferred": pl.Boolean}, orient="row",
    )  # fmt: skip
    batch = pl.DataFrame(filled).drop("chain_id", "unreferred").with_columns(discharge_date=pl.col("admission_date"))
    rules = modes.benefit_of(policy or law(), LEVELS, referrals)
    made = modes.split_costs(batch.to_arrow(), rules).to_pylist()
    return {r["stay_id"]: {k: v // YUAN for k, v in r.items() if isinstance(v, int)} for r in made}


def test_a_stay_is_split_by_deductible_share_and_scope() -> None:
    # H1 is tertiary: 10,000 − 1,000 out of policy − 800 deductible = 8,200 × 60 % = 4,920.
    one = _split({"stay_id": "a", "institution_id": "H1", "total_cost": 10_000 * YUAN, "out_of_policy": 1_000 * YUAN})
    assert one["a"] == {"total_cost": 10_000, "out_of_policy": 1_000, "deductible": 800, "own_share": 3_280,
                        "over_cap": 0, "fund": 4_920, "personal": 5_080}  # fmt: skip


def test_a_referral_chain_has_one_deductible_the_higher_levels() -> None:
    base = {"stay_id": "base", "institution_id": "C1", "total_cost": 500 * YUAN}
    up = {"stay_id": "up", "institution_id": "H1", "total_cost": 5_000 * YUAN}
    apart = _split(base, up)
    assert (apart["base"]["deductible"], apart["up"]["deductible"]) == (300, 800)
    joined = _split(base | {"chain_id": "K"}, up | {"chain_id": "K"})
    # The tertiary 800 once: 500 at the base, the other 300 above.
    assert (joined["base"]["deductible"], joined["up"]["deductible"]) == (500, 300)
    assert joined["up"]["fund"] == (5_000 - 300) * 60 // 100


def test_no_referral_out_of_the_area_costs_ten_points_and_may_not_cost_less() -> None:
    stay_ = {"stay_id": "a", "institution_id": "H1", "total_cost": 10_800 * YUAN}
    assert _split(stay_)["a"]["fund"] == 6_000
    assert _split(stay_ | {"unreferred": True})["a"]["fund"] == 5_000
    with pytest.raises(DrgpayError) as failure:
        law(benefit__unreferred_extra="9%")
    assert failure.value.kind == Kind.POLICY


def test_above_the_years_cap_the_patient_pays() -> None:
    policy = law(benefit__annual_cap="[{scheme: resident, yuan: 7000}]")
    first = {"stay_id": "a", "institution_id": "H1", "total_cost": 10_800 * YUAN}
    both = _split(first, first | {"stay_id": "b"}, policy=policy)
    assert [(both[s]["fund"], both[s]["over_cap"]) for s in ("a", "b")] == [(6_000, 0), (1_000, 5_000)]


def test_the_watch_list_names_institutions_and_why() -> None:
    claims = [
        *[_claim(i, "out") for i in range(10)],
        *[_claim(10 + i, "in", institution_id="DEAR", total_cost=3_000 * YUAN) for i in range(5)],
        *[_claim(20 + i, "out", institution_id="FREE", registered=False, personal_paid=90 * YUAN) for i in range(5)],
        _claim(30, "in", institution_id="FEW", total_cost=90_000 * YUAN, setting="outpatient"),
    ]
    found = modes.watch(pl.DataFrame(claims), 2024, law())
    assert {(r["institution_id"], tuple(r["reasons"]), r["low_own_share"]) for r in found} == {
        ("DEAR", ("mean_cost",), 0), ("FREE", ("unregistered", "own_share"), 5),
    }  # fmt: skip
