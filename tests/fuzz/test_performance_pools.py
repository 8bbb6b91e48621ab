"""Pools are emptied, nobody is negative, and what does not concern a person does not move that person's pay."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction
from math import floor
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from drgpay.steps import performance
from drgpay.units import ONE
from support.examples import many
from support.hospital import Paid, member, pay, plan, review_cell, stay

UNITS = ("D1", "D2", "D3")
DOCTORS = {d: tuple(f"{d}{x}" for x in "ab") for d in UNITS}
NURSES = {d: f"{d}n" for d in UNITS}
GRADES = (None, "excellent", "good", "pass", "fail")
PLANS = [
    plan(
        prize__amount="10",
        prize__min_cases="1",
        prize__departments="2",
        prize__budget="15.01",
        cost_prize__min_cases="2",
        cost_prize__people="2",
        cost_prize__budget="7",
        cost_prize__amount="5",
    ),
    plan(prize__amount="3", prize__min_cases="1", cap__person="40", floor__person="5", cost_prize__min_cases="2"),
    plan(split__method="two_step", split__second_distribution="30%", split__team="60%", pilot__departments="[D1]"),
    plan(legal__basis="surplus_sharing", legal__acknowledged="医保发〔2025〕18号", excess__needs="[]"),
    plan(
        legal__basis="surplus_sharing",
        legal__acknowledged="医保发〔2025〕18号",
        excess__needs="[]",
        overspend__mismanaged="37%",
        prize__min_cases="1",
    ),
]

stays_of_unit = st.tuples(
    st.sampled_from(UNITS), st.integers(0, 2), st.integers(0, 5 * ONE), st.booleans(),
    st.sampled_from(("AA11", "BB23")),
    st.integers(1, 20), st.integers(-50_000, 50_000),
)  # fmt: skip


@st.composite
def hospitals(draw: st.DrawFn) -> dict[str, Any]:
    """Staff, stays, operators, department facts and a sum."""
    staff = [
        member(who, d, "nurse" if who == NURSES[d] else draw(st.sampled_from(("chief", "resident"))),
               fte=draw(st.sampled_from((5_000, ONE))))
        for d in UNITS for who in (*DOCTORS[d], NURSES[d])
    ]  # fmt: skip
    attendance = [
        {"staff_id": r["staff_id"], "year": 2024, "month": 5, "days_due": 20 * ONE,
         "days_present": draw(st.integers(0, 20)) * ONE}
        for r in staff
    ]  # fmt: skip
    stays, roles = [], []
    for i, (d, who, weight, operated, drg, los, balance) in enumerate(draw(st.lists(stays_of_unit, max_size=12))):
        doctor = (*DOCTORS[d], None)[who]
        stays.append(stay(f"S{i:02d}", d, doctor, weight, operated=operated, drg=drg, los=los, balance=balance))
        if operated and draw(st.booleans()):
            roles += [(f"S{i:02d}", "lead", DOCTORS[d][0]), (f"S{i:02d}", "assistant", DOCTORS[d][1])]
    facts = {
        d: {"score": draw(st.none() | st.integers(0, 100 * ONE)), "grade": draw(st.sampled_from(GRADES)),
            "cmi": draw(st.none() | st.integers(0, 20_000)), "cmi_target": 10_000, "cost_index": 9_000,
            "low_risk": (draw(st.integers(0, 1)), 500), "overspend": draw(st.integers(0, 20_000)),
            "paused": draw(st.booleans()), "mismanaged": draw(st.integers(0, 20_000)),
            "before": draw(st.none() | st.tuples(st.integers(0, 2), st.integers(0, 20_000)))}
        for d in UNITS
    }  # fmt: skip
    return {
        "amount": draw(st.integers(0, 1_000_000)), "rules": draw(st.sampled_from(PLANS)), "staff": staff,
        "stays": stays, "roles": roles, "facts": facts, "attendance": attendance,
        "coefficients": {"BB23": draw(st.integers(8_000, ONE))},
        "doctors": {
            who: performance.DoctorCase(20, 11_000 if i == 0 else None, 10_000, draw(st.integers(0, 3)),
                                        draw(st.none() | st.integers(9_990, 10_010)), draw(st.booleans()))
            for i, who in enumerate(w for d in UNITS for w in DOCTORS[d])
        },
    }  # fmt: skip


def paid(given: dict[str, Any]) -> Paid:
    rest = {k: v for k, v in given.items() if k not in ("amount", "rules", "staff", "stays")}
    return pay(given["amount"], given["rules"], given["staff"], given["stays"], **rest)


@many(14)
@given(hospitals())
def test_pools_are_emptied_and_nobody_is_negative(hospital: dict[str, Any]) -> None:
    done = paid(hospital)  # pay() also holds the kernel against the plain reference
    balances = done.accounts.balances
    budgets = performance.prize_budgets(hospital["rules"], 2)
    assert sum(balances.values()) == hospital["amount"] + sum(budgets.values())
    assert {a for a, b in balances.items() if b} <= {"hospital", "people", "held", "prizes", "cost_prizes"}
    for account, component in (("prizes", "prize"), ("cost_prizes", "cost_prize")):
        assert balances[account] == budgets[account] - sum(done.by(component).values())
    assert min(balances.values()) >= 0
    assert all(s["earned"] >= s["held"] >= 0 for s in done.slips)
    assert sum(s["paid"] for s in done.slips) == balances["people"]
    assert sum(s["held"] for s in done.slips) == balances["held"]
    assert sum(x["amount"] for x in done.lines) == balances["people"] + balances["held"]
    for pool in done.pools:
        d = pool.facts.department_id
        for component, amount in (("base", pool.base), ("excess", pool.excess), ("prize", pool.prize),
                                  ("project", pool.project), ("individual", pool.individual)):  # fmt: skip
            lines = [x["amount"] for x in done.lines if (x["component"], x["department_id"]) == (component, d)]
            assert sum(lines) == amount


def _share_out(budget: int, each: int, who: list[str]) -> dict[str, int]:
    """Equal claims on a budget: all of it, or as equal shares as there are fen, the first by id getting one more."""
    if each * len(who) <= budget:
        return dict.fromkeys(who, each)
    whole, rest = divmod(budget, len(who))
    return {d: whole + (place < rest) for place, d in enumerate(sorted(who))}


@many(27)
@given(hospitals())
def test_prizes_and_bad_management_are_as_a_plain_reading_has_them(hospital: dict[str, Any]) -> None:
    rules, done = hospital["rules"], paid(hospital)
    stays = Counter(s["department_id"] for s in hospital["stays"])
    there = {s["staff_id"]: s["department_id"] for s in hospital["staff"]}
    present = {a["staff_id"] for a in hospital["attendance"] if a["days_present"]}
    pilot = rules.codes_or_none("pilot.departments")
    eligible, risen = set(), []
    for pool in done.pools:
        d, facts = pool.facts.department_id, hospital["facts"][pool.facts.department_id]
        part = Fraction(0)
        if rules.choice("legal.basis") == "surplus_sharing":
            part = facts["mismanaged"] * Fraction(rules.ratio("overspend.mismanaged"), ONE)
        assert pool.mismanaged == min(floor(part + Fraction(1, 2)), pool.share - pool.overspend)
        deaths, low = facts["low_risk"]
        if (pilot is None or d in pilot) and Fraction(deaths, low) <= Fraction(1, 1_000):
            eligible.add(d)
            then, cmi = facts["before"] or (0, 0), facts["cmi"]
            enough = min(stays[d], then[0]) >= rules.integer("prize.min_cases")
            here = any(there[s] == d for s in present)
            if enough and here and cmi is not None and facts["before"] and cmi > then[1]:
                risen.append((then[1] - cmi, d))
    best = [d for _, d in sorted(risen)[: rules.integer("prize.departments")]]
    given = _share_out(rules.fen("prize.budget"), rules.fen("prize.amount"), best)
    assert {p.facts.department_id: p.prize for p in done.pools if p.prize} == {d: a for d, a in given.items() if a}
    saving = sorted(
        (case.cost, who)
        for who, case in hospital["doctors"].items()
        if case.cost is not None and not case.barred and there[who] in eligible
        and case.cost <= rules.ratio("cost_prize.index") and case.costed >= rules.integer("cost_prize.min_cases")
    )  # fmt: skip
    who = [w for _, w in saving[: rules.integer("cost_prize.people")]]
    given = _share_out(rules.fen("cost_prize.budget"), rules.fen("cost_prize.amount"), who)
    assert done.by("cost_prize") == given


@many(20)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("ABC"), st.sampled_from(("AA11", "BB11")),
                          st.integers(0, 3), st.integers(0, 10**6)), max_size=20))  # fmt: skip
def test_the_cost_of_doctors_is_that_of_exact_fractions(rows: list[tuple[int, str, str, int, int]]) -> None:
    names = ("month", "doctor_id", "drg", "costed", "own_cost")
    rows = [(m, who, drg, n, cost * (n > 0)) for m, who, drg, n, cost in rows]
    cells = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64) | {"doctor_id": pl.String, "drg": pl.String},
                         orient="row")  # fmt: skip
    now = [r for r in rows if r[0] <= 3]
    found = performance.cost_cases(cells, (1, 2, 3))
    assert set(found) == {r[1] for r in now}
    for who, (n, index) in found.items():
        mine = [r for r in now if r[1] == who]
        usual = sum(
            (Fraction(r[3] * sum(o[4] for o in now if o[2] == r[2]), sum(o[3] for o in now if o[2] == r[2]))
             for r in mine if r[3]), Fraction(0),
        )  # fmt: skip
        assert n == sum(r[3] for r in mine)
        share = sum(r[4] for r in mine) * ONE / usual if usual else None
        assert index == (None if share is None else floor(share + Fraction(1, 2)))


@many(20)
@given(st.lists(st.tuples(st.integers(1, 8), st.integers(9_998, 10_004)), min_size=8, max_size=8),
       st.integers(1, 4), st.integers(0, 7))  # fmt: skip
def test_a_review_over_two_years_is_that_of_one_reading_wherever_it_was_cut(
    quarters: list[tuple[int, int]], needed: int, cut: int
) -> None:
    """Eight quarters of a group (stays, index), read one by one; and in two results, the second going on from the
    first."""
    rules = plan(review__quarters=str(needed), review__step="10%", review__floor="0.85", review__min_cases="3")
    expected, streak, coefficient = [], 0, ONE
    for n, index in quarters:
        before = coefficient
        if n >= 3:
            streak = streak + 1 if index > ONE else 0
            coefficient = max(8_500, coefficient - 1_000) if streak >= needed else ONE if not streak else coefficient
        expected.append((streak, before, coefficient))

    def year(of: int, wanted: range) -> pl.DataFrame:
        rows = [review_cell(3 * q + 1, *quarters[4 * of + q]) for q in range(4) if 4 * of + q in wanted]
        return pl.DataFrame(rows or [review_cell(1, 1, ONE)])[: len(rows)]

    kept: list[dict[str, Any]] = []
    for part in (range(cut + 1), range(8)):
        for of in (0, 1):
            if any(4 * of + q in part for q in range(4)):
                kept = performance.group_reviews(year(of, part), 2023 + of, rules, 100, kept)
    assert [(r["streak"], r["coefficient"], r["next_coefficient"]) for r in kept] == expected
    assert [r["period"] for r in kept] == [f"{y}Q{q}" for y in (2023, 2024) for q in range(1, 5)]


@many(14)
@given(hospitals(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(hospital: dict[str, Any], dice: Any) -> None:
    shuffled = {
        k: dice.sample(v, len(v)) if k in ("staff", "stays", "roles", "attendance") else v
        for k, v in hospital.items()
    }
    assert paid(hospital).lines == paid(shuffled).lines


@many(14)
@given(hospitals(), st.data())
def test_a_stay_that_moves_to_another_doctor_moves_only_their_shares(
    hospital: dict[str, Any], data: st.DataObject
) -> None:
    hospital["rules"], hospital["doctors"] = PLANS[0], {}  # nobody's own additions: they go by the person
    movable = [
        s for s in hospital["stays"] if s["doctor_id"] and s["stay_id"] not in {r[0] for r in hospital["roles"]}
    ]
    if not movable:
        return
    chosen = data.draw(st.sampled_from(movable))
    a, b = DOCTORS[chosen["department_id"]]
    other = b if chosen["doctor_id"] == a else a
    before = paid(hospital)
    moved = [s | {"doctor_id": other} if s is chosen else s for s in hospital["stays"]]
    after = paid(hospital | {"stays": moved})
    for staff in {s["staff_id"] for s in hospital["staff"]} - {a, b}:
        assert before.of(staff) == after.of(staff)
    assert before.of(a) + before.of(b) == after.of(a) + after.of(b)


@many(14)
@given(hospitals(), st.data())
def test_one_full_time_row_and_two_halves_are_the_same(hospital: dict[str, Any], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from([r for r in hospital["staff"] if r["fte"] == ONE] or [None]))
    if chosen is None:
        return
    rest = [r for r in hospital["staff"] if r is not chosen]
    halves = [chosen | {"fte": 5_000}, chosen | {"fte": 5_000, "valid_from": date(2020, 1, 2)}]
    periods = [chosen | {"valid_until": date(2024, 5, 10)}, chosen | {"valid_from": date(2024, 5, 11)}]
    whole = paid(hospital)
    for split in (halves, periods):
        assert paid(hospital | {"staff": [*rest, *split]}).lines == whole.lines
