"""From the sum to the departments: hospital, departments, individuals; overspend, evaluation, veto; the three pools.

Sources: design/09 §2; the basis `quality_and_efficiency` keeps to 医保发〔2025〕18号: what a stay is paid never
decides what anybody gets. Every share is taken by largest remainder, ties by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drgpay.policy import Policy, band_of
from drgpay.steps.performance.accounts import DEPARTMENTS, HOSPITAL, INDIVIDUALS, SUM, Accounts, department
from drgpay.steps.performance.people import Findings
from drgpay.steps.performance.plan import shares_surplus
from drgpay.units import ONE, half_up, split


@dataclass(frozen=True)
class DepartmentFacts:
    """What is known of a department in the period. Points and ratios in 1/10,000, money in fen.

    ``work``/``difficulty``: work and difficulty points, the stays' and the register's; ``project_weight``: points its
    project pool is shared by, 0 without stays; ``stay_difficulty``: its weight in the individuals' pool; ``score``:
    of 100; ``before``: stays and CMI of the same months last year; ``low_risk``: deaths and stays of low-risk groups;
    ``overspend``, ``mismanaged``: reasonable, and through bad management."""

    department_id: str
    name: str
    department_type: str
    n: int = 0
    balance: int = 0
    work: int = 0
    difficulty: int = 0
    project_weight: int = 0
    stay_difficulty: int = 0
    score: int | None = None
    grade: str | None = None
    cmi: int | None = None
    cmi_target: int | None = None
    before: tuple[int, int] | None = None
    cost_index: int | None = None
    time_index: int | None = None
    low_risk: tuple[int, int] = (0, 0)
    overspend: int = 0
    mismanaged: int = 0
    paused: bool = False

    @property
    def rise(self) -> int | None:
        """What the case-mix index rose by; None where it is not known now or then."""
        return None if self.cmi is None or self.before is None else self.cmi - self.before[1]


@dataclass
class DepartmentPool:
    """What becomes of a department's money on the way; see table ``department_results``."""

    facts: DepartmentFacts
    pilot: bool
    share: int = 0
    overspend: int = 0
    mismanaged: int = 0
    factor: int = ONE
    adjustment: int = 0
    vetoed: bool = False
    met: bool = False
    base: int = 0
    project: int = 0
    excess: int = 0
    excess_left: int = 0
    individual: int = 0
    prize: int = 0


def split_sum(accounts: Accounts, plan: Policy) -> None:
    """The sum to hospital, departments and individuals, three ways or in two steps."""
    if plan.choice("split.method") == "three_way":
        shares = dict(plan.table_or_none("split.shares") or {})
        name, factors = "split.shares", shares
    else:
        second, team = plan.ratio_or_none("split.second_distribution") or 0, plan.ratio_or_none("split.team") or 0
        shares = {
            "hospital": ONE * (ONE - second),
            "departments": second * (ONE - team),
            "individuals": second * team,
        }
        name, factors = "split.second_distribution", {k: half_up(v, ONE) for k, v in shares.items()}
    whole = accounts.balances[SUM]
    for account, amount in split(whole, shares).items():
        accounts.move(SUM, account, "split", amount, name, base=whole, factor=factors[account])


def department_pools(
    accounts: Accounts, known: Sequence[DepartmentFacts], staffed: frozenset[str], plan: Policy, findings: Findings
) -> list[DepartmentPool]:
    """Every department's pools; ``staffed``: departments with somebody to pay. See the module's clauses."""
    chosen = plan.codes_or_none("pilot.departments")
    for code in chosen or ():
        if code not in {f.department_id for f in known}:
            findings.add("error", "unknown_department", "pilot.departments", code, "试点科室不在科室登记表中",
                         "a department of the pilot is not in hospital_departments")  # fmt: skip
    pools = [DepartmentPool(facts, chosen is None or facts.department_id in chosen) for facts in known]
    _share(accounts, pools, plan, findings)
    for pool in pools:
        _bear_overspend(accounts, pool, plan, findings)
    _evaluate(accounts, pools, plan, findings)
    for pool in pools:
        _divide(accounts, pool, pool.facts.department_id in staffed, plan, findings)
    _share_individuals(accounts, pools, staffed, findings)
    return pools


def _share(accounts: Accounts, pools: Sequence[DepartmentPool], plan: Policy, findings: Findings) -> None:
    """The departments' pool by surplus, or by workload, difficulty and quality."""
    there = accounts.balances[DEPARTMENTS]
    by = {p.facts.department_id: p for p in pools}
    if shares_surplus(plan):
        parts = {"surplus": there}
        weights = {"surplus": {d: max(0, p.facts.balance) for d, p in by.items()}}
    else:
        parts = split(there, plan.table("sharing.weights"))
        missing = plan.ratio("score.when_missing")
        for d, p in by.items():
            if p.facts.score is None and p.facts.work:
                findings.add("warn", "no_score", "scorecard", d, "没有指标得分，按方案的缺省得分",
                             "no score: the plan's score for that is taken")  # fmt: skip
        weights = {
            "workload": {d: p.facts.work for d, p in by.items()},
            "difficulty": {d: p.facts.difficulty for d, p in by.items()},
            "quality": {
                d: p.facts.work * (missing if p.facts.score is None else p.facts.score) for d, p in by.items()
            },
        }
    for part, amount in parts.items():
        if not any(weights[part].values()):
            if amount:
                findings.add("warn", "nobody_to_share", "sharing", part, "没有科室有该项权重，金额归医院",
                             "no department has a weight in it: the amount goes to the hospital")  # fmt: skip
            accounts.move(DEPARTMENTS, HOSPITAL, "unshared", amount, "sharing.weights")
            continue
        name = "legal.basis" if part == "surplus" else "sharing.weights"
        for d, share in split(amount, weights[part]).items():
            accounts.move(DEPARTMENTS, department(d), part, share, name, base=amount, of=d)
            by[d].share += share


def _bear_overspend(accounts: Accounts, pool: DepartmentPool, plan: Policy, findings: Findings) -> None:
    """Under surplus sharing a department's share of its reasonable overspend is taken from what it gets, and the
    plan's part of what bad management overspent; what that does not cover, the hospital bears. By quality and
    efficiency nothing is taken: an overspend is measured by the payment standard, which decides nobody's pay
    (医保发〔2025〕18号)."""
    facts = pool.facts
    if facts.overspend or facts.mismanaged:
        d = facts.department_id
        if not shares_surplus(plan):
            findings.add("warn", "overspend_not_taken", "department_overspends", d,
                         "按质量和效率分配：超支由医院承担，不从科室扣减（医保发〔2025〕18号）",
                         "by quality and efficiency the hospital bears the overspend; nothing is taken from the "
                         "department (医保发〔2025〕18号)")  # fmt: skip
            return
        own = split(facts.overspend, plan.table("overspend.shares"))["department"]
        pool.overspend = min(own, pool.share)
        accounts.move(
            department(d), HOSPITAL, "overspend", pool.overspend, "overspend.shares", base=facts.overspend,
            factor=plan.table("overspend.shares")["department"], of=d,
        )  # fmt: skip
        rate = plan.ratio("overspend.mismanaged")
        pool.mismanaged = min(half_up(facts.mismanaged * rate, ONE), pool.share - pool.overspend)
        accounts.move(department(d), HOSPITAL, "mismanaged", pool.mismanaged, "overspend.mismanaged",
                      base=facts.mismanaged, factor=rate, of=d)  # fmt: skip


def _evaluate(accounts: Accounts, pools: Sequence[DepartmentPool], plan: Policy, findings: Findings) -> None:
    """Vetoes and factors: what is taken goes to the hospital, what is added comes from it. A department outside the
    pilot is not judged."""
    wanted: dict[str, int] = {}
    factors, standard = plan.table("evaluation.factors"), plan.ratio("veto.low_risk_mortality")
    for pool in pools:
        d, held = pool.facts.department_id, accounts.balances[department(pool.facts.department_id)]
        deaths, stays = pool.facts.low_risk
        pool.met = _met(pool.facts, plan)
        if not pool.pilot:
            continue
        if deaths * ONE > standard * stays:
            pool.vetoed = True
            accounts.move(department(d), HOSPITAL, "veto", held, "veto.low_risk_mortality", of=d)
            continue
        pool.factor = factors.get(pool.facts.grade or "", ONE)
        change = half_up(held * (pool.factor - ONE), ONE)
        if change < 0:
            pool.adjustment = change
            accounts.move(department(d), HOSPITAL, "evaluation", -change, "evaluation.factors", base=held,
                          factor=pool.factor, of=d)  # fmt: skip
        elif change:
            wanted[d] = change
    granted = accounts.grant(wanted)
    for pool in pools:
        d = pool.facts.department_id
        if d in granted:
            pool.adjustment = granted[d]
            accounts.move(HOSPITAL, department(d), "evaluation", granted[d], "evaluation.factors",
                          base=accounts.balances[department(d)], factor=pool.factor, of=d)  # fmt: skip
    note_cut(wanted, granted, "evaluation.factors", findings)


def note_cut(
    wanted: Mapping[str, int], granted: Mapping[str, int], parameter: str, findings: Findings,
    account: str = HOSPITAL,
) -> None:  # fmt: skip
    """Say that the hospital's part, or a budget, did not cover what the plan adds."""
    if sum(granted.values()) == sum(wanted.values()):
        return
    if account == HOSPITAL:
        findings.add("warn", "hospital_part_short", "plan", parameter, "医院留存部分不足，按比例发放",
                     "the hospital's part does not cover it: it was paid in proportion")  # fmt: skip
    else:
        findings.add("warn", "budget_short", "plan", parameter, "专项经费不足，按比例发放",
                     "the budget does not cover it: it was paid in proportion")  # fmt: skip


def _met(facts: DepartmentFacts, plan: Policy) -> bool:
    """Whether the indices the excess pool needs are met; one that is unknown is not. A department without stays is
    judged by its grade."""
    if not facts.n:
        return facts.grade in plan.names("excess.grades")
    most = {
        "cost_index": (facts.cost_index, plan.ratio("target.cost_index")),
        "time_index": (facts.time_index, plan.ratio("target.time_index")),
    }
    for name in plan.names("excess.needs"):
        if name == "cmi":
            if facts.cmi is None or facts.cmi_target is None or facts.cmi < facts.cmi_target:
                return False
        else:
            value, bound = most[name]
            if value is None or value > bound:
                return False
    return True


def _divide(accounts: Accounts, pool: DepartmentPool, staffed: bool, plan: Policy, findings: Findings) -> None:
    """A department's pool to base, project and excess. The excess is earned when the indices are met: whole, or under
    surplus sharing a rate of the surplus within it; the rest goes to the hospital. Without stays the project part is
    base; outside the pilot all is base."""
    d = pool.facts.department_id
    held = accounts.balances[department(d)]
    if not staffed:
        if held:
            findings.add("warn", "nobody_to_pay", "staff", d, "科室没有可发放的人员（无人或无出勤），金额归医院",
                         "nobody to pay in the department (no staff, or nobody there): it goes to the "
                         "hospital")  # fmt: skip
        accounts.move(department(d), HOSPITAL, "nobody", held, "posts.coefficients", of=d)
        return
    if not pool.pilot:
        pool.base = held
        return
    parts = split(held, plan.table("pools.shares"))
    pool.base, pool.project, excess = parts["base"], parts["project"], parts["excess"]
    if not pool.facts.project_weight:
        pool.base, pool.project = pool.base + pool.project, 0
    if pool.met:
        pool.excess = excess
        if shares_surplus(plan):
            score = plan.ratio("score.when_missing") if pool.facts.score is None else pool.facts.score
            rate = band_of(plan.bands("excess.rates"), score).value
            pool.excess = min(excess, half_up(max(0, pool.facts.balance) * rate, ONE))
    pool.excess_left = excess - pool.excess
    accounts.move(department(d), HOSPITAL, "excess_left", pool.excess_left, "excess.needs", base=excess, of=d)


def _share_individuals(
    accounts: Accounts, pools: Sequence[DepartmentPool], staffed: frozenset[str], findings: Findings
) -> None:
    """The individuals' pool to the departments by the difficulty of their stays; inside by stay, to its doctor."""
    amount = accounts.balances[INDIVIDUALS]
    weights = {
        p.facts.department_id: p.facts.stay_difficulty if p.facts.department_id in staffed and p.pilot else 0
        for p in pools
    }
    if not any(weights.values()):
        if amount:
            findings.add("warn", "nobody_to_share", "sharing", "individuals", "没有病例可分个人绩效，金额归医院",
                         "no stay to share the individuals' pool by: it goes to the hospital")  # fmt: skip
        accounts.move(INDIVIDUALS, HOSPITAL, "unshared", amount, "split.shares")
        return
    shares = split(amount, weights)
    for pool in pools:
        d = pool.facts.department_id
        pool.individual = shares[d]
        accounts.move(INDIVIDUALS, department(d), "individual", shares[d], "split.shares", base=amount, of=d)
