"""Prizes: departments whose case mix rose most, people who control cost. Each has a budget of its own, so that no
prize takes from the sum or from the hospital's part.

Cost control is judged by the hospital's cost accounting against its own mean of the same group: neither what a stay
was billed nor what it was paid enters (医保发〔2025〕18号).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drgpay.policy import Policy
from drgpay.steps.performance.accounts import COST_PRIZES, PEOPLE, PRIZES, department
from drgpay.steps.performance.lines import DoctorCase, Slips
from drgpay.steps.performance.people import Findings
from drgpay.steps.performance.pools import DepartmentPool, note_cut
from drgpay.units import show_coefficient

_KINDS = {PRIZES: "prize", COST_PRIZES: "cost_prize"}


def prize_budgets(plan: Policy, quarter: int) -> dict[str, int]:
    """Account → fen, of the prizes that are awarded in a quarter (0: the year)."""
    return {
        account: plan.fen(f"{kind}.budget")
        for account, kind in _KINDS.items()
        if plan.choice(f"{kind}.period") == "each_period" or quarter == 0
    }


def department_prizes(
    slips: Slips,
    pools: Sequence[DepartmentPool],
    weights: Mapping[str, Mapping[str, int]],
    plan: Policy,
    findings: Findings,
) -> None:
    """A fixed prize for the departments whose case-mix index rose most over the same months last year, shared inside
    by base weight. A department of the pilot competes with stays enough then and now, without a veto."""
    accounts, least = slips.accounts, plan.integer("prize.min_cases")
    if PRIZES not in accounts.budgets:
        return
    risen = [
        (-(p.facts.rise or 0), p.facts.department_id, p)
        for p in pools
        if (p.facts.rise or 0) > 0
        and p.facts.before is not None
        and min(p.facts.n, p.facts.before[0]) >= least
        and p.pilot
        and not p.vetoed
        and p.facts.department_id in weights
    ]
    best = [p for _, _, p in sorted(risen, key=lambda r: r[:2])[: plan.integer("prize.departments")]]
    each = plan.fen("prize.amount")
    wanted = {p.facts.department_id: each for p in best}
    granted = accounts.grant(wanted, PRIZES)
    for place, pool in enumerate(best, 1):
        d, rise = pool.facts.department_id, show_coefficient(pool.facts.rise or 0)
        pool.prize = granted[d]
        accounts.move(PRIZES, department(d), "prize", granted[d], "prize.amount", base=each, of=d)
        accounts.move(department(d), PEOPLE, "prize", granted[d], "prize.amount", of=d)
        said = (
            f"科室 CMI 较上年同期提升 {rise},第 {place} 名;",
            f"the department's CMI rose by {rise} over the same months last year, place {place}; ",
        )
        slips.by_weight("prize", d, granted[d], weights[d], "prize.amount", before=said)
    note_cut(wanted, granted, "prize.budget", findings, PRIZES)


def cost_prizes(
    slips: Slips, pools: Sequence[DepartmentPool], doctors: Mapping[str, DoctorCase], plan: Policy, findings: Findings
) -> None:
    """A fixed prize for the doctors whose stays cost least against the hospital's means of their groups. Who has too
    few stays with a cost of their own, a confirmed event of the plan's list, or a department outside the pilot or
    vetoed does not compete."""
    accounts = slips.accounts
    if COST_PRIZES not in accounts.budgets:
        return
    least, bound = plan.integer("cost_prize.min_cases"), plan.ratio("cost_prize.index")
    fit = {p.facts.department_id for p in pools if p.pilot and not p.vetoed}
    competing = sorted(
        (case.cost, staff)
        for staff, case in doctors.items()
        if case.cost is not None
        and case.cost <= bound
        and case.costed >= least
        and not case.barred
        and staff in slips.people
        and slips.people[staff].home in fit
    )
    best = competing[: plan.integer("cost_prize.people")]
    each = plan.fen("cost_prize.amount")
    wanted = {staff: each for _, staff in best}
    granted = accounts.grant(wanted, COST_PRIZES)
    accounts.move(COST_PRIZES, PEOPLE, "cost_prize", sum(granted.values()), "cost_prize.amount",
                  base=sum(wanted.values()))  # fmt: skip
    for place, (index, staff) in enumerate(best, 1):
        shown, n = show_coefficient(index), doctors[staff].costed
        said = (
            f"{n} 例有病例成本,成本指数 {shown}(全院同病组例均成本为 1),第 {place} 名",
            f"{n} stays with a cost of their own, {shown} of the hospital's means of their groups, place {place}",
        )
        slips.add(staff, "cost_prize", slips.people[staff].home, granted[staff], said, "cost_prize.amount", pool=each)
    note_cut(wanted, granted, "cost_prize.budget", findings, COST_PRIZES)
