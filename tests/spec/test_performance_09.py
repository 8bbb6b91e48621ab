"""The worked examples of design/09, and its figures one by one."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.scorecard import read_card
from drgpay.steps import performance
from drgpay.tables import HOSPITAL_DEPARTMENTS
from drgpay.units import ONE, mul_div_half_up
from support.hospital import member, pay, plan, review_cell, stay

YUAN = 100


def surplus_plan(**changes: str):  # type: ignore[no-untyped-def]
    return plan(legal__basis="surplus_sharing", legal__acknowledged="医保发〔2025〕18号", **changes)


def test_a_shorter_stay_and_cheaper_materials_leave_two_thousand_yuan() -> None:
    """Stay 10 → 8 days, materials 8,000 → 6,000 yuan at an unchanged standard: 2,000 yuan of surplus, which goes 30 %
    to the hospital, 50 % to the department, 20 % to the individual."""
    standard, other = 20_000 * YUAN, 12_000 * YUAN
    before = stay("S1", "D1", "A", 100 * ONE, los=10, payment=standard, cost=other + 8_000 * YUAN)
    after = before | {"los": 8, "cost": other + 6_000 * YUAN}
    assert before["payment"] - before["cost"] == 0
    surplus = after["payment"] - after["cost"]
    assert surplus == 2_000 * YUAN
    done = pay(surplus, surplus_plan(prize__departments="0", pools__shares="{base: 1, project: 0, excess: 0}"),
               [member("A", "D1")], [after | {"balance": surplus}])  # fmt: skip
    assert done.accounts.balances["hospital"] == 600 * YUAN
    assert done.by("base") == {"A": 1_000 * YUAN}
    assert done.by("individual") == {"A": 400 * YUAN}


def test_the_other_practised_split_takes_thirty_then_sixty_percent() -> None:
    rules = surplus_plan(
        split__method="two_step", split__second_distribution="30%", split__team="60%", prize__departments="0"
    )
    accounts = performance.Accounts(10_000 * YUAN)
    performance.split_sum(accounts, rules)
    assert accounts.balances == {
        "sum": 0, "hospital": 7_000 * YUAN, "departments": 1_200 * YUAN, "individuals": 1_800 * YUAN,
    }  # fmt: skip


def test_reasonable_overspend_goes_fifty_thirty_twenty_and_the_department_part_is_taken() -> None:
    rules = surplus_plan(prize__departments="0", split__shares="{hospital: 0, departments: 1, individuals: 0}")
    staff, stays = [member("A", "D1")], [stay("S1", "D1", "A", ONE, balance=100_000)]
    done = pay(100_000, rules, staff, stays, facts={"D1": {"overspend": 10_000}})
    (pool,) = done.pools
    assert (pool.share, pool.overspend) == (100_000, 2_000)
    few = pay(1_000, rules, staff, stays, facts={"D1": {"overspend": 10_000}})
    assert few.pools[0].overspend == 1_000  # never more than it gets; the hospital bears the rest
    assert few.of("A") == 0


def test_by_quality_and_efficiency_an_overspend_takes_nothing_from_pay() -> None:
    rules = plan(prize__departments="0")
    given = (100_000, rules, [member("A", "D1")], [stay("S1", "D1", "A", ONE)])
    done, without = pay(*given, facts={"D1": {"overspend": 10_000}}), pay(*given)
    assert (done.lines, done.pools[0].overspend) == (without.lines, 0)
    assert [f["unit_id"] for f in done.findings if f["rule"] == "overspend_not_taken"] == ["D1"]


def test_a_line_says_what_it_is_made_of() -> None:
    present = {"staff_id": "N", "year": 2024, "month": 5, "days_due": 20 * ONE, "days_present": 19 * ONE}
    done = pay(100_000, plan(prize__departments="0"), [member("A", "D1"), member("N", "D1", "nurse", fte=5_000)],
               [stay("S1", "D1", "A", 7 * ONE), stay("S2", "D1", None, 3 * ONE)], attendance=[present])  # fmt: skip
    said = {(x["staff_id"], x["component"], x["role"]): x for x in done.lines}
    assert said["N", "base", ""]["zh"] == "岗位系数 0.6 × 45.5 天，出勤 95.00%，得 25.9350；合计 98.7350"
    mine = said["A", "individual", "lead"]
    own = next(x for x in done.lines if x["component"] == "individual" and x["zh"].startswith("1 例"))
    assert (own["weight"], own["weights"], mine["staff_id"]) == (7 * ONE, 10 * ONE, "A")
    assert own["zh"] == "1 例，难度点数 7.0000，全科 10.0000"


def test_a_department_pool_is_forty_forty_twenty_and_posts_weigh() -> None:
    rules = plan(prize__departments="0", split__shares="{hospital: 0, departments: 1, individuals: 0}")
    staff = [member(p, "D1", p) for p in ("chief", "associate_chief", "attending", "resident")]
    met = {"D1": {"cmi": 10_500, "cmi_target": 10_500, "cost_index": ONE}}
    done = pay(36_000, rules, staff, [stay("S1", "D1", "chief", ONE)], facts=met)
    (pool,) = done.pools
    assert (pool.base, pool.project, pool.excess, pool.excess_left) == (14_400, 14_400, 7_200, 0)
    # 14,400 by 1.2 : 1.0 : 0.8 : 0.6
    assert done.by("base") == {"chief": 4_800, "associate_chief": 4_000, "attending": 3_200, "resident": 2_400}
    missed = pay(36_000, rules, staff, [stay("S1", "D1", "chief", ONE)],
                 facts={"D1": {"cmi": 10_499, "cmi_target": 10_500, "cost_index": ONE}})  # fmt: skip
    assert (missed.pools[0].excess, missed.pools[0].excess_left) == (0, 7_200)
    assert missed.accounts.balances["hospital"] == 7_200


def test_operation_roles_are_sixty_thirty_ten() -> None:
    rules = plan(
        prize__departments="0", split__shares="{hospital: 0, departments: 1, individuals: 0}",
        pools__shares="{base: 0, project: 1, excess: 0}",
    )  # fmt: skip
    staff = [member("A", "D1"), member("B", "D1"), member("C", "D1"), member("N", "D1", "nurse")]
    roles = [("S1", "lead", "A"), ("S1", "assistant", "B"), ("S1", "assistant", "C"), ("S1", "nurse", "N")]
    done = pay(10_000, rules, staff, [stay("S1", "D1", "A", ONE, operated=True)], roles=roles)
    assert done.by("project") == {"A": 6_000, "B": 1_500, "C": 1_500, "N": 1_000}


def test_excess_under_surplus_sharing_is_ten_to_twenty_percent_of_the_surplus() -> None:
    for score, rate in ((70, 10), (85, 15), (95, 20)):
        rules = surplus_plan(prize__departments="0", split__shares="{hospital: 0, departments: 1, individuals: 0}")
        met = {"cmi": 11_000, "cmi_target": 10_500, "cost_index": 9_000, "score": score * ONE, "balance": 1_000}
        done = pay(1_000_000, rules, [member("A", "D1")], [stay("S1", "D1", "A", ONE)], facts={"D1": met})
        assert done.pools[0].excess == rate * 10


def test_an_individual_gets_fifteen_percent_more_when_the_cmi_target_is_met() -> None:
    rules = plan(prize__departments="0", split__shares="{hospital: 50%, departments: 0, individuals: 50%}")
    case = performance.DoctorCase(12, 11_000, 10_500)
    stays = [stay("S1", "D1", "A", ONE), stay("S2", "D1", "B", ONE)]
    staff = [member("A", "D1"), member("B", "D1")]
    doctors = {"A": case, "B": performance.DoctorCase(12, 10_499, 10_500)}
    done = pay(40_000, rules, staff, stays, doctors=doctors)
    assert done.by("individual") == {"A": 10_000, "B": 10_000}
    assert done.by("cmi_bonus") == {"A": 1_500}


def test_the_ten_departments_whose_cmi_rose_most_get_a_fixed_prize_of_a_budget_of_its_own() -> None:
    """100,000 yuan each; the level of the index decides nothing, and neither sum nor hospital's part pays for it."""
    rules = plan(prize__departments="10", prize__amount="100000", prize__min_cases="1", prize__budget="1000000")
    units = [f"D{i:02d}" for i in range(12)]
    staff = [member(f"A{d}", d) for d in units]
    stays = [stay(f"S{d}", d, f"A{d}", ONE) for d in units]
    facts = {d: {"cmi": 20_000 - 1_000 * i, "before": (1, 19_000 - 1_010 * i)} for i, d in enumerate(units)}
    done = pay(10**10, rules, staff, stays, facts=facts)
    prized = {p.facts.department_id: p.prize for p in done.pools if p.prize}
    assert prized == dict.fromkeys(units[2:], 100_000 * YUAN)
    assert done.by("prize") == {f"A{d}": 100_000 * YUAN for d in units[2:]}
    without = pay(10**10, plan(prize__departments="0"), staff, stays, facts=facts)
    assert done.accounts.balances["hospital"] == without.accounts.balances["hospital"]
    assert done.accounts.balances["prizes"] == 0
    line = next(x for x in done.lines if x["component"] == "prize" and x["department_id"] == "D11")
    assert line["zh"].startswith("科室 CMI 较上年同期提升 0.1110,第 1 名;岗位系数")


def test_a_prize_needs_a_rise_and_stays_enough_now_and_then() -> None:
    rules = plan(prize__departments="10", prize__amount="100", prize__min_cases="1", prize__budget="150")
    staff = [member(f"A{d}", d) for d in ("D1", "D2", "D3", "D4")]
    stays = [stay(f"S{d}", d, f"A{d}", ONE) for d in ("D1", "D2", "D3", "D4")]
    facts = {
        "D1": {"cmi": 10_001, "before": (1, 10_000)}, "D2": {"cmi": 10_000, "before": (1, 10_000)},
        "D3": {"cmi": 30_000, "before": (0, 10_000)}, "D4": {"cmi": 10_002, "before": (1, 10_000)},
    }  # fmt: skip
    done = pay(0, rules, staff, stays, facts=facts)
    assert [p.prize for p in done.pools] == [7_500, 0, 0, 7_500]  # 150 yuan for two prizes of 100
    assert [f["unit_id"] for f in done.findings if f["rule"] == "budget_short"] == ["prize.budget"]


def test_a_prize_of_the_year_waits_for_the_year() -> None:
    rules = plan(prize__period="year", prize__min_cases="1")
    given = (0, rules, [member("A", "D1")], [stay("S1", "D1", "A", ONE)])
    facts = {"D1": {"cmi": 11_000, "before": (1, 10_000)}}
    assert pay(*given, facts=facts, quarter=4).by("prize") == {}
    assert pay(*given, facts=facts, quarter=0).by("prize") == {"A": 2_000 * YUAN}


def test_who_controls_cost_gets_a_prize_of_a_budget_of_its_own() -> None:
    rules = plan(cost_prize__people="2", cost_prize__amount="300", cost_prize__budget="900",
                 cost_prize__min_cases="20", cost_prize__index="1", prize__departments="0")  # fmt: skip
    who = "ABCDEF"
    staff, stays = [member(x, "D1") for x in who], [stay(f"S{x}", "D1", x, ONE) for x in who]
    cases = {
        "A": (20, 9_000, False), "B": (20, 8_000, True), "C": (19, 7_000, False), "D": (50, 9_900, False),
        "E": (50, 9_901, False), "F": (50, 10_001, False),
    }  # fmt: skip
    doctors = {x: performance.DoctorCase(30, None, None, n, cost, barred) for x, (n, cost, barred) in cases.items()}
    done = pay(100_000, rules, staff, stays, doctors=doctors)
    assert done.by("cost_prize") == {"A": 300 * YUAN, "D": 300 * YUAN}
    assert done.accounts.balances["cost_prizes"] == 300 * YUAN
    line = next(x for x in done.lines if x["component"] == "cost_prize" and x["staff_id"] == "A")
    assert line["zh"] == "20 例有病例成本,成本指数 0.9000(全院同病组例均成本为 1),第 1 名"
    assert (line["pool"], line["parameter"]) == (300 * YUAN, "cost_prize.amount")
    vetoed = pay(100_000, rules, staff, stays, doctors=doctors, facts={"D1": {"low_risk": (1, 10)}})
    assert vetoed.by("cost_prize") == {}


def test_cost_is_judged_by_accounting_against_the_hospitals_mean_of_the_group() -> None:
    """Two groups, 1,000 and 4,000 a stay on average: A's three stays cost 5,400 where 6,000 is usual."""
    rows = [("A", "AA11", 2, 1_600), ("B", "AA11", 2, 2_400), ("A", "BB11", 1, 3_800), ("B", "BB11", 1, 4_200),
            ("C", "BB11", 0, 0)]  # fmt: skip
    cells = pl.DataFrame(
        [cell(5, 10**6) | {"doctor_id": d, "drg": g, "costed": n, "own_cost": c} for d, g, n, c in rows]
    )
    assert performance.cost_cases(cells, (4, 5, 6)) == {"A": (3, 9_000), "B": (3, 11_000), "C": (0, None)}
    assert performance.cost_cases(cells, (4,)) == {}


def test_overspend_by_bad_management_is_taken_from_the_department() -> None:
    rules = surplus_plan(prize__departments="0", split__shares="{hospital: 0, departments: 1, individuals: 0}")
    given = ([member("A", "D1")], [stay("S1", "D1", "A", ONE, balance=100_000)])
    done = pay(100_000, rules, *given, facts={"D1": {"overspend": 10_000, "mismanaged": 30_001}})
    (pool,) = done.pools
    assert (pool.share, pool.overspend, pool.mismanaged) == (100_000, 2_000, 30_001)
    flow = next(f for f in done.accounts.flows if f["event"] == "mismanaged")
    assert (flow["origin"], flow["account"], flow["base"], flow["factor"]) == (
        "department:D1",
        "hospital",
        30_001,
        ONE,
    )
    half = pay(100_000, rules.amend({"overspend.mismanaged": "50%"}, "test"), *given,
               facts={"D1": {"mismanaged": 30_001}})  # fmt: skip
    assert half.pools[0].mismanaged == 15_001  # half up
    few = pay(20_000, rules, *given, facts={"D1": {"overspend": 10_000, "mismanaged": 30_000}})
    assert (few.pools[0].mismanaged, few.of("A")) == (18_000, 0)  # never more than it gets
    efficient = pay(100_000, plan(prize__departments="0"), *given, facts={"D1": {"mismanaged": 30_000}})
    assert efficient.pools[0].mismanaged == 0
    assert [f["unit_id"] for f in efficient.findings if f["rule"] == "overspend_not_taken"] == ["D1"]


def test_evaluation_adds_ten_percent_or_takes_five() -> None:
    rules = plan(prize__departments="0", split__shares="{hospital: 50%, departments: 50%, individuals: 0}")
    staff = [member("A", "D1"), member("B", "D2"), member("C", "D3")]
    stays = [stay("S1", "D1", "A", ONE), stay("S2", "D2", "B", ONE), stay("S3", "D3", "C", ONE)]
    facts = {"D1": {"grade": "excellent"}, "D2": {"grade": "fail"}, "D3": {"grade": "pass"}}
    done = pay(600_000, rules, staff, stays, facts=facts)
    assert [(p.factor, p.adjustment) for p in done.pools] == [(11_000, 10_000), (9_500, -5_000), (ONE, 0)]


def test_low_risk_mortality_above_the_standard_makes_the_bonus_zero() -> None:
    rules = plan(prize__departments="1", prize__min_cases="1")
    staff, stays = [member("A", "D1"), member("B", "D2")], [stay("S1", "D1", "A", ONE), stay("S2", "D2", "B", ONE)]
    at = {"D1": {"low_risk": (1, 1_000), "cmi": 9_000}}  # 0.1 % is the standard, not above it
    assert not pay(10_000, rules, staff, stays, facts=at).pools[0].vetoed
    above = {"D1": {"low_risk": (1, 999), "cmi": 9_000}}
    done = pay(10_000, rules, staff, stays, facts=above)
    pool = done.pools[0]
    assert pool.vetoed
    assert (pool.base, pool.project, pool.excess, pool.prize) == (0, 0, 0, 0)
    assert set(done.by("base")) == {"B"}


def test_a_group_persistently_above_the_region_loses_weight_until_it_improves() -> None:
    """Two quarters in a row above the region, and another one: a step each; back at the region: 1 again."""
    cells = pl.DataFrame([cell(m, c) for m, c in ((1, 11_000), (4, 10_001), (7, 12_000), (10, 10_000))])
    rows = performance.group_reviews(cells, 2024, plan(review__quarters="2"), 100)
    assert [(r["period"], r["streak"], r["coefficient"], r["next_coefficient"]) for r in rows] == [
        ("2024Q1", 1, 10_000, 10_000), ("2024Q2", 2, 10_000, 9_500), ("2024Q3", 3, 9_500, 9_000),
        ("2024Q4", 0, 9_000, 10_000),
    ]  # fmt: skip
    assert performance.coefficients_in(rows, 2024, 3) == {"AA11": 9_500}
    assert performance.coefficients_in(rows, 2024, 1) == {}
    at_once = performance.group_reviews(cells, 2024, plan(review__quarters="1"), 100)
    assert [r["next_coefficient"] for r in at_once] == [9_500, 9_000, 8_500, 10_000]
    alone = pl.DataFrame([cell(m, c) for m, c in ((1, 11_000), (4, 10_000), (7, 12_000))])
    assert {r["next_coefficient"] for r in performance.group_reviews(alone, 2024, plan(), 100)} == {10_000}


def test_the_review_goes_on_from_the_quarters_that_were_kept() -> None:
    """A quarter above at the end of last year and one more make two; what was decided is not decided again."""
    before = performance.group_reviews(pl.DataFrame([cell(10, 11_000)]), 2023, plan(), 100)
    assert [(r["period"], r["streak"], r["next_coefficient"]) for r in before] == [("2023Q4", 1, 10_000)]
    now = pl.DataFrame([cell(m, 11_000) for m in (1, 4)])
    rows = performance.group_reviews(now, 2024, plan(), 100, before)
    assert [(r["period"], r["streak"], r["next_coefficient"]) for r in rows[1:]] == [
        ("2024Q1", 2, 9_500), ("2024Q2", 3, 9_000),
    ]  # fmt: skip
    corrected = pl.DataFrame([cell(1, 9_000), cell(4, 11_000)])  # the first quarter's bills were corrected later
    again = performance.group_reviews(corrected, 2024, plan(), 100, rows[:2])
    assert again == rows
    assert performance.coefficients_in(again, 2024, 2) == {"AA11": 9_500}
    assert performance.coefficients_in(again, 2024, 1) == {"AA11": 10_000}


def cell(month: int, index: int) -> dict[str, object]:
    """Ten stays of a month with such a cost index, 1/10,000."""
    return review_cell(month, 10, index)


def test_two_bad_months_in_a_row_pause_the_pay() -> None:
    rules = plan(pause__months="2", pause__cost_index="1.2", prize__departments="0")
    for bad, paused in (((4, 5), True), ((3, 4), True), ((5,), False), ((4, 6), False), ((2, 3), False)):
        cells = pl.DataFrame([cell(m, 12_001 if m in bad else 12_000) for m in range(1, 13)])
        assert (performance.bad_months(cells, 2, rules, 100) == {"D1"}) == paused, bad
    staff, stays = [member("A", "D1"), member("B", "D2")], [stay("S1", "D1", "A", ONE), stay("S2", "D2", "B", ONE)]
    done = pay(100_000, rules, staff, stays, facts={"D1": {"paused": True}})
    a, b = done.slips
    assert (a["paid"], a["held"]) == (0, a["earned"])
    assert b["held"] == 0
    assert done.accounts.balances["held"] == a["earned"] > 0


def test_the_pause_looks_at_two_months_above_the_target_of_one() -> None:
    cells = pl.DataFrame([cell(m, 10_001 if m in (4, 5) else 10_000) for m in range(1, 13)])
    few = cells.with_columns(n=pl.when(pl.col("month") == 4).then(4).otherwise("n"))  # too few to judge a month
    for name in ("demo-hospital", "demo-surplus-sharing"):
        rules = performance.load_plan(name, date(2024, 6, 30))
        assert performance.bad_months(few, 2, rules, 100) == frozenset()
        assert performance.bad_months(cells, 2, rules, 100) == {"D1"}
        assert performance.bad_months(cells, 1, rules, 100) == frozenset()


def test_cap_and_floor_of_a_person() -> None:
    """The floor is for full time and full attendance: half time gets half of it."""
    rules = plan(cap__person="50", floor__person="20", prize__departments="0",
                 split__shares="{hospital: 50%, departments: 50%, individuals: 0}",
                 pools__shares="{base: 1, project: 0, excess: 0}",
                 posts__coefficients="{chief: 1, nurse: 0.01}")  # fmt: skip
    staff = [member("A", "D1", "chief"), member("B", "D1", "nurse", fte=5_000)]
    done = pay(20_000, rules, staff, [stay("S1", "D1", "A", ONE)])
    assert (done.of("A"), done.of("B")) == (5_000, 1_000)
    assert done.by("capped")["A"] < 0 < done.by("floor")["B"]
    assert done.accounts.balances["hospital"] == 14_000


def test_outside_the_pilot_everything_is_base() -> None:
    rules = plan(pilot__departments="[D1]", prize__departments="0")
    staff, stays = [member("A", "D1"), member("B", "D2")], [stay("S1", "D1", "A", ONE), stay("S2", "D2", "B", ONE)]
    done = pay(100_000, rules, staff, stays, facts={"D2": {"grade": "fail", "low_risk": (9, 10)}})
    first, second = done.pools
    assert (second.base, second.project, second.excess, second.individual) == (second.share, 0, 0, 0)
    assert (second.vetoed, second.adjustment) == (False, 0)
    assert first.project > 0


def test_the_case_study_targets_are_judged() -> None:
    """CMI +5 %: a case mix of 1.00 last year asks for 1.05."""

    earlier = pl.DataFrame({"department_id": ["D1"], "doctor_id": ["A"], "drg": ["AA11"], "month": [5], "n": [20]})
    assert performance.case_mix(earlier, {"AA11": 100 * ONE}, (4, 5, 6), 100)["doctor:A"] == (20, ONE)
    assert int(mul_div_half_up(ONE, ONE + plan().ratio("target.cmi_growth"), ONE)) == 10_500


def test_surplus_sharing_needs_the_acknowledgement() -> None:
    with pytest.raises(DrgpayError, match="医保发〔2025〕18号") as failure:
        plan(legal__basis="surplus_sharing")
    assert failure.value.kind is Kind.POLICY
    assert "quality_and_efficiency" in failure.value.text()


@pytest.mark.parametrize("name", ["demo-hospital", "demo-surplus-sharing"])
def test_the_shipped_plans_say_where_every_value_comes_from(name: str) -> None:
    rules = performance.load_plan(name, date(2024, 3, 31))
    for source in rules.values().values():
        assert source.source
    assert performance.shares_surplus(rules) == (name == "demo-surplus-sharing")


def test_quality_and_efficiency_pays_the_same_whatever_a_stay_was_paid() -> None:
    """医保发〔2025〕18号: payment standards are no indicator of staff. Payment and balance change nothing."""
    staff = [member("A", "D1"), member("B", "D2")]
    stays = [stay("S1", "D1", "A", 3 * ONE), stay("S2", "D2", "B", ONE)]
    other = [s | {"payment": 10**7, "balance": 10**7 * (-1) ** i, "points": 1} for i, s in enumerate(stays)]
    first, second = (pay(123_457, plan(), staff, s) for s in (stays, other))
    assert first.lines == second.lines


def test_the_indicator_system_of_a_general_department_has_the_ten_weights_and_the_others_their_first_levels() -> None:
    """30/40/20/10; 12 + 10 + 8, 15 + 15 + 10, 10 + 10, 5 + 5."""
    card = read_card("hospital-departments")
    general = {d.id: d.full["general"] // ONE for d in card.dimensions}
    assert general == {
        "quality_practice": 12, "quality_safety": 10, "quality_service": 8, "efficiency_case_mix": 15,
        "efficiency_time": 15, "efficiency_cost": 10, "development_innovation": 10, "development_people": 10,
        "insurance_coding": 5, "insurance_policy": 5,
    }  # fmt: skip
    assert card.types == HOSPITAL_DEPARTMENTS["department_type"].choices
    for kind in card.types:
        first: dict[str, int] = {}
        for d in card.dimensions:
            level = d.id.partition("_")[0]
            first[level] = first.get(level, 0) + d.full[kind] // ONE
        assert first == {"quality": 30, "efficiency": 40, "development": 20, "insurance": 10}, kind


def test_the_goals_of_the_whole_hospital_are_those_of_the_lecture() -> None:
    for name in ("demo-hospital", "demo-surplus-sharing"):
        rules = performance.load_plan(name, date(2024, 3, 31))
        asked = {n: rules.integer_or_none(f"target.{n}") for n in ("drg_count", "technique", "paper")}
        assert asked == {"drg_count": 150, "technique": 5, "paper": 10}
        assert rules.ratio("target.cmi_growth") == 500
        assert rules.ratio_or_none("target.advance_used") == 8_000


def test_groups_are_counted_over_twelve_months() -> None:
    now = pl.DataFrame({"drg": ["AA11", "BB11", "0000", "CQY", "EE11"], "month": [1, 3, 3, 2, 4]})
    before = pl.DataFrame({"drg": ["DD11", "AA11", "FF11"], "month": [4, 12, 3]})
    assert performance.groups_treated(now, before, 3) == 3  # AA11 BB11 DD11: FF11 is older, EE11 comes later
    assert performance.groups_treated(now, before, 12) == 3


def test_recovery_plans_met_of_the_stays_that_take_long_to_recover_from() -> None:
    long = {"operated": True, "expected_los": 12 * ONE}
    rows = [
        *(stay(s, "D1", "A", ONE, **long) for s in ("S1", "S2", "S3")),
        stay("S4", "D1", "A", ONE, operated=True, expected_los=12 * ONE - 1), stay("S5", "D2", "B", ONE, **long),
        stay("S6", "D1", "A", ONE, month=7, **long), stay("S7", "D1", "A", ONE, expected_los=12 * ONE),
    ]  # fmt: skip
    its = performance.recovery_stays(pl.DataFrame(rows), (4, 5, 6), 12)
    assert performance.recovery_rates(its, {"S1", "S3", "S4", "S6"}) == {"D1": (2, 3), "D2": (0, 1)}


def test_a_stay_with_operations_of_level_four_counts_once() -> None:
    rows = [("S1", "H1", 2024, 5, "D1", ["81.5", "36.1", "36.1"]), ("S2", "H1", 2024, 5, "D1", ["81.5"]),
            ("S3", "H1", 2024, 6, None, ["36.1"]), ("S4", "H2", 2024, 5, "D1", ["36.1"]),
            ("S5", "H1", 2023, 5, "D1", ["36.1"]), ("S6", "H1", 2024, 5, "D1", []),
            ("S7", "H1", 2024, 5, "D1", ["36.1", "81.5"])]  # fmt: skip
    batch = pl.DataFrame(rows, schema=(*performance.LEVEL4_SCANNED[:-1], "proc"), orient="row").select(
        "stay_id", "institution_id", "year", "month", "department_id", "proc"
    )
    found = frame(performance.level4_stays(batch.to_arrow(), "H1", 2024, {"36.1"}))
    assert set(found.select("department_id", "month", "n").rows()) == {("D1", 5, 2), ("", 6, 1)}
