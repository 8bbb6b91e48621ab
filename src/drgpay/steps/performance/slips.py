"""From the pools to people: base and excess by post and attendance, project and individual by stay, additions,
bounds, and what is held back. Every line of a slip says what it was worked out from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drgpay.policy import Policy
from drgpay.steps.performance.accounts import HELD, HOSPITAL, PEOPLE, Accounts, department
from drgpay.steps.performance.lines import DoctorCase, Slips
from drgpay.steps.performance.people import Findings, Person, by_department
from drgpay.steps.performance.pools import DepartmentPool, note_cut
from drgpay.steps.performance.prizes import cost_prizes, department_prizes
from drgpay.tables import ROLES, SLIP_LINES
from drgpay.units import ONE, half_up, show_coefficient, show_points

Row = dict[str, Any]

_COMPONENTS = SLIP_LINES["component"].choices
_BY_STAY = {"project": "roles.shares", "individual": "split.shares"}

_BY_ROLE = (
    "，各例再按角色分（没有手术人员记录的按无手术病例的比例）",
    "; each stay's amount by role (without a record of operators by the shares of stays without one)",
)


def pay_people(
    accounts: Accounts,
    pools: Sequence[DepartmentPool],
    people: Mapping[str, Person],
    shares: Iterable[Row],
    doctors: Mapping[str, DoctorCase],
    plan: Policy,
    findings: Findings,
) -> tuple[list[Row], list[Row]]:
    """Tables ``slips`` and ``slip_lines``; every pool is empty afterwards. ``shares``: sums of ``stay_shares``;
    ``doctors``: case mix of those with stays. Order: base, excess, project, individual; then, as far as the
    hospital's part goes, the additions for CMI; the prizes, from their own budgets; the cap; the floor; what is held
    back."""
    slips, weights = Slips(accounts, people), by_department(people)
    for pool in pools:
        d = pool.facts.department_id
        for component, amount, parameter in (
            ("base", pool.base, "posts.coefficients"),
            ("excess", pool.excess, "excess.needs"),
        ):
            accounts.move(department(d), PEOPLE, component, amount, parameter, of=d)
            slips.by_weight(component, d, amount, weights.get(d, {}), parameter)
    _stays(slips, pools, shares, weights)
    _bonuses(slips, doctors, plan, findings)
    department_prizes(slips, pools, weights, plan, findings)
    cost_prizes(slips, pools, doctors, plan, findings)
    _bounds(slips, plan, findings)
    held = _hold(slips, {p.facts.department_id for p in pools if p.facts.paused})
    accounts.close()
    return _tables(slips, held)


def _stays(
    slips: Slips, pools: Sequence[DepartmentPool], shares: Iterable[Row], weights: Mapping[str, Mapping[str, int]]
) -> None:
    """Project and individual pay by stay; what no named person gets goes to those of the department who fill the role
    (nurses; doctors), or to all of it, by base weight."""
    size, points = {}, {}
    for pool in pools:
        d = pool.facts.department_id
        for component, amount, whole in (
            ("project", pool.project, pool.facts.project_weight),
            ("individual", pool.individual, pool.facts.stay_difficulty),
        ):
            size[d, component], points[d, component] = amount, whole
            slips.accounts.move(department(d), PEOPLE, component, amount, _BY_STAY[component], of=d)
    for row in shares:
        d, component, role, amount = row["department_id"], row["component"], row["role"], row["amount"]
        parameter = _BY_STAY[component]
        if row["staff_id"]:
            whole = points[d, component]
            own, every = show_points(row["weight"]), show_points(whole)
            by_role = _BY_ROLE if component == "project" else ("", "")
            said = (
                f"{row['n']} 例，难度点数 {own}，全科 {every}{by_role[0]}",
                f"{row['n']} stays, {own} difficulty points of {every}{by_role[1]}",
            )
            slips.add(row["staff_id"], component, d, amount, said, parameter, role=role, pool=size[d, component],
                      weight=row["weight"], weights=whole)  # fmt: skip
            continue
        category = "nurse" if role == "nurse" else "doctor"
        there = weights.get(d, {})
        fill = {s: w for s, w in there.items() if slips.people[s].category == category}
        slips.by_weight(component, d, amount, fill or there, parameter, role)


def _bonuses(slips: Slips, doctors: Mapping[str, DoctorCase], plan: Policy, findings: Findings) -> None:
    """An addition to the individual pay of doctors whose CMI target is met, from the hospital's part."""
    rate = plan.ratio("individual.cmi_bonus")
    wanted = {
        staff: half_up(slips.earned(staff, "individual") * rate, ONE)
        for staff, case in sorted(doctors.items())
        if staff in slips.people and case.cmi is not None and case.target is not None and case.cmi >= case.target
    }
    granted = slips.accounts.grant(wanted)
    slips.accounts.move(HOSPITAL, PEOPLE, "cmi_bonus", sum(granted.values()), "individual.cmi_bonus",
                        base=sum(slips.earned(s, "individual") for s in wanted), factor=rate)  # fmt: skip
    for staff, amount in granted.items():
        case, base = doctors[staff], slips.earned(staff, "individual")
        values = show_coefficient(case.cmi or 0), show_coefficient(case.target or 0)
        said = (
            f"CMI {values[0]} 达到目标 {values[1]}，个人绩效上浮",
            f"CMI {values[0]} meets the target {values[1]}: addition to individual pay",
        )
        slips.add(staff, "cmi_bonus", slips.people[staff].home, amount, said, "individual.cmi_bonus", pool=base,
                  factor=rate)  # fmt: skip
    note_cut(wanted, granted, "individual.cmi_bonus", findings)


def _bounds(slips: Slips, plan: Policy, findings: Findings) -> None:
    """Cap and floor of a person. What is above the cap goes to the hospital; the floor is topped up from its part."""
    cap, floor = plan.fen_or_none("cap.person"), plan.fen_or_none("floor.person")
    above = {s: over for s in sorted(slips.lines) if cap is not None and (over := slips.earned(s) - cap) > 0}
    slips.accounts.move(PEOPLE, HOSPITAL, "capped", sum(above.values()), "cap.person")
    for staff, over in above.items():
        said = ("超过个人上限部分归医院", "above the cap of a person: to the hospital")
        slips.add(staff, "capped", slips.people[staff].home, -over, said, "cap.person", pool=cap or 0)
    if floor is None:
        return
    wanted = {}
    for staff, person in sorted(slips.people.items()):
        short = half_up(floor * person.presence, ONE) - slips.earned(staff)
        if short > 0 and person.presence:
            wanted[staff] = short
    granted = slips.accounts.grant(wanted)
    slips.accounts.move(HOSPITAL, PEOPLE, "floor", sum(granted.values()), "floor.person")
    for staff, amount in granted.items():
        person = slips.people[staff]
        said = (
            f"补足到下限 × 当量×出勤 {show_coefficient(person.presence)}",
            f"topped up to the floor × FTE × attendance {show_coefficient(person.presence)}",
        )
        slips.add(staff, "floor", person.home, amount, said, "floor.person", pool=floor, factor=person.presence)
    note_cut(wanted, granted, "floor.person", findings)


def _hold(slips: Slips, paused: set[str]) -> dict[str, int]:
    """What is held back of each person: what was earned in paused departments."""
    held = {}
    for staff in sorted(slips.lines):
        there = sum(x["amount"] for x in slips.lines[staff] if x["department_id"] in paused)
        amount = max(0, min(there, slips.earned(staff)))
        if amount:
            held[staff] = amount
    slips.accounts.move(PEOPLE, HELD, "held", sum(held.values()), "pause.months")
    return held


def _tables(slips: Slips, held: Mapping[str, int]) -> tuple[list[Row], list[Row]]:
    rows, lines = [], []
    for staff in sorted(slips.people):
        person = slips.people[staff]
        earned = slips.earned(staff)
        back = held.get(staff, 0)
        if not slips.lines.get(staff) and not person.presence:
            continue
        rows.append(
            {
                "staff_id": staff, "name": person.name, "department_id": person.home,
                "staff_category": person.category, "post": person.post, "earned": earned, "held": back,
                "paid": earned - back,
            }
        )  # fmt: skip
        its = sorted(
            slips.lines.get(staff, []),
            key=lambda x: (
                _COMPONENTS.index(x["component"]), x["department_id"], ROLES.index(x["role"]) if x["role"] else -1,
                x["pool"], x["amount"],
            ),
        )  # fmt: skip
        lines += [{"staff_id": staff, "line": i, **x} for i, x in enumerate(its, 1)]
    return rows, lines


def department_rows(pools: Sequence[DepartmentPool]) -> list[Row]:
    """Table ``department_results``."""
    return [
        {
            "department_id": p.facts.department_id,
            "name": p.facts.name,
            "department_type": p.facts.department_type,
            "pilot": p.pilot,
            "n": p.facts.n,
            "balance": p.facts.balance,
            "work": p.facts.work,
            "difficulty": p.facts.difficulty,
            "score": p.facts.score,
            "grade": p.facts.grade or "",
            "cmi": p.facts.cmi,
            "cmi_before": None if p.facts.before is None else p.facts.before[1],
            "cmi_target": p.facts.cmi_target,
            "cost_index": p.facts.cost_index,
            "time_index": p.facts.time_index,
            "met": p.met,
            "share": p.share,
            "overspend": p.overspend,
            "mismanaged": p.mismanaged,
            "factor": p.factor,
            "adjustment": p.adjustment,
            "vetoed": p.vetoed,
            "paused": p.facts.paused,
            "base_pool": p.base,
            "project_pool": p.project,
            "excess_pool": p.excess,
            "excess_left": p.excess_left,
            "individual_pool": p.individual,
            "prize": p.prize,
        }
        for p in pools
    ]
