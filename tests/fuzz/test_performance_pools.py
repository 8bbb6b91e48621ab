"""Pools are emptied, nobody is negative, and what does not concern a person does not move that person's pay."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from drgpay.steps import performance
from drgpay.units import ONE
from support.hospital import Paid, member, pay, plan, stay

UNITS = ("D1", "D2", "D3")
DOCTORS = {d: tuple(f"{d}{x}" for x in "ab") for d in UNITS}
NURSES = {d: f"{d}n" for d in UNITS}
GRADES = (None, "excellent", "good", "pass", "fail")
PLANS = [
    plan(prize__amount="10", prize__min_cases="1", prize__departments="2"),
    plan(prize__amount="3", prize__min_cases="1", cap__person="40", floor__person="5"),
    plan(split__method="two_step", split__second_distribution="30%", split__team="60%", pilot__departments="[D1]"),
    plan(legal__basis="surplus_sharing", legal__acknowledged="医保发〔2025〕18号", excess__needs="[]"),
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
            "paused": draw(st.booleans())}
        for d in UNITS
    }  # fmt: skip
    return {
        "amount": draw(st.integers(0, 1_000_000)), "rules": draw(st.sampled_from(PLANS)), "staff": staff,
        "stays": stays, "roles": roles, "facts": facts, "attendance": attendance,
        "coefficients": {"BB23": draw(st.integers(8_000, ONE))},
        "doctors": {DOCTORS["D1"][0]: performance.DoctorCase(20, 11_000, 10_000)},
    }  # fmt: skip


def paid(given: dict[str, Any]) -> Paid:
    rest = {k: v for k, v in given.items() if k not in ("amount", "rules", "staff", "stays")}
    return pay(given["amount"], given["rules"], given["staff"], given["stays"], **rest)


@settings(max_examples=40)
@given(hospitals())
def test_pools_are_emptied_and_nobody_is_negative(hospital: dict[str, Any]) -> None:
    done = paid(hospital)  # pay() also holds the kernel against the plain reference
    balances = done.accounts.balances
    assert sum(balances.values()) == hospital["amount"]
    assert {a for a, b in balances.items() if b} <= {"hospital", "people", "held"}
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


@settings(max_examples=40)
@given(hospitals(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(hospital: dict[str, Any], dice: Any) -> None:
    shuffled = {
        k: dice.sample(v, len(v)) if k in ("staff", "stays", "roles", "attendance") else v
        for k, v in hospital.items()
    }
    assert paid(hospital).lines == paid(shuffled).lines


@settings(max_examples=40)
@given(hospitals(), st.data())
def test_a_stay_that_moves_to_another_doctor_moves_only_their_shares(
    hospital: dict[str, Any], data: st.DataObject
) -> None:
    hospital["rules"], hospital["doctors"] = PLANS[0], {}
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


@settings(max_examples=40)
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
