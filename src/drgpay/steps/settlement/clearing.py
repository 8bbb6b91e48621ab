"""Annual clearing (年度清算): sharing of surplus and overspend, deposit, second distribution. Source: design/05."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from drgpay.policy import Policy, band_of
from drgpay.steps.settlement.allocate import Refused
from drgpay.units import ONE, half_up, split

Row = dict[str, Any]


@dataclass(frozen=True)
class Dealings:
    """What people decided about institutions of one insurance scheme and year, in fen by institution."""

    grades: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """institution → reason → overspend recognised as reasonable"""
    violations: Mapping[str, int] = field(default_factory=dict)
    damages: Mapping[str, int] = field(default_factory=dict)
    advances: Mapping[str, int] = field(default_factory=dict)
    payments_ahead: tuple[Mapping[str, Any], ...] = ()
    """the advances one by one: rows of register ``advances``"""
    debts: Mapping[str, int] = field(default_factory=dict)
    """owed from earlier years (negative: claimed), what an earlier book has passed on included"""
    debts_passed: Mapping[str, int] = field(default_factory=dict)
    reserves: Mapping[str, int] = field(default_factory=dict)
    """assessment reserve of the advances, withheld and returned by grade"""
    held: Mapping[str, int] = field(default_factory=dict)
    """payments of months that are still held and go over to the next book"""
    disputed: Mapping[str, int | None] = field(default_factory=dict)
    """institution → what is to be held of its payments of the year, final payment included; None: everything"""
    sanctioned: frozenset[str] = frozenset()
    """institutions under sanction in the year"""
    heirs: Mapping[str, str] = field(default_factory=dict)
    """institution that has gone over into another by the end of the year → that one, which has its final payment"""


def clear(
    pool: Any,
    sums: pl.DataFrame,
    months: list[Row],
    institutions: pl.DataFrame,
    dealings: Dealings,
    policy: Policy,
    shares: Mapping[tuple[str, str, int], int],
    refused: Refused,
    forfeited: int = 0,
) -> list[Row]:
    """Rows of table ``statements`` of one insurance scheme, one per institution of the register.

    ``pool``: the year's pool (insurance_scheme, ``reserve``); ``sums``: institution_id, n, points, weight_points,
    cost, actual of the year; ``months``: rows of ``institution_months``; ``institutions``: institution_id, level;
    ``dealings``: grades, evidence, violations, advances and debts; ``shares``: what is an institution's of the pool,
    under month 0; ``refused``: what of it the fund takes back; ``forfeited``: deposits of the payment modes that are
    not returned, for the second distribution.
    """
    by_institution = {row["institution_id"]: row for row in sums.iter_rows(named=True)}
    paid: dict[str, int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    taken: dict[str, int] = defaultdict(int)
    for row in months:
        if row["insurance_scheme"] == pool.insurance_scheme:
            paid[row["institution_id"]] += row["paid"]
            held[row["institution_id"]] += row["deposit"]
            taken[row["institution_id"]] += row["refused"]
    scale = policy.integer("points.scale")
    rows = []
    for institution, level in institutions.select("institution_id", "level").sort("institution_id").rows():
        its = by_institution.get(institution, {})
        key = (pool.insurance_scheme, institution, 0)
        n, weight = its.get("n", 0), its.get("weight_points", 0)
        row = {
            "insurance_scheme": pool.insurance_scheme,
            "institution_id": institution,
            "level": level,
            "grade": dealings.grades.get(institution, policy.choice("settlement.grade_when_missing")),
            "sanctioned": institution in dealings.sanctioned,
            "n": n,
            "points": its.get("points", 0),
            "cmi": half_up(weight, n * scale) if n else None,
            "cost": its.get("cost", 0),
            "actual": its.get("actual", 0),
            "refused": refused.get(key, 0),
            "refused_in_months": taken[institution],
            "due": shares.get(key, 0) - refused.get(key, 0),
            "deposit_held": held[institution],
            "paid_in_months": paid[institution],
            "violations": dealings.violations.get(institution, 0),
            "damages": dealings.damages.get(institution, 0),
            "advance_netted": dealings.advances.get(institution, 0),
            "debt_netted": dealings.debts.get(institution, 0),
            "debt_passed": dealings.debts_passed.get(institution, 0),
            "assessment_held": dealings.reserves.get(institution, 0),
            "held": dealings.held.get(institution, 0),
            "modes_held": 0,
            "passed": 0,
            "successor": dealings.heirs.get(institution),
            "moved": 0,
        }
        rows.append(row | _sharing(row, dealings.evidence.get(institution, {}), policy))
    _limit_draws(rows, pool.reserve)
    _second_distribution(rows, policy, forfeited)
    for row in rows:
        row["settled"] = (
            row["due"]
            - row["surplus_returned"]
            + row["overspend_shared"]
            - row["deposit_forfeited"]
            + row["second_distribution"]
            - row["violations"]
            - row["damages"]
            - row["assessment_forfeited"]
        )
    _hand_over(rows)
    for row in rows:
        row["final_payment"] = row["settled"] - had_before(row)
        if row["institution_id"] in dealings.disputed:
            wanted, still = dealings.disputed[row["institution_id"]], row["held"] + row["final_payment"]
            row["held"] = max(still if wanted is None else min(wanted, still), 0)
            row["final_payment"] = still - row["held"]
    return rows


def _hand_over(rows: list[Row]) -> None:
    """What is left to be paid to (or by) an institution that has gone over into another goes to that one."""
    by = {row["institution_id"]: row for row in rows}
    for row in rows:
        if row["successor"] is not None:
            row["moved"] = row["settled"] - had_before(row)
            if row["successor"] in by:
                by[row["successor"]]["moved"] -= row["moved"]


def _sharing(row: Row, evidence: Mapping[str, int], policy: Policy) -> Row:
    """Surplus kept by band of actual ÷ due, reasonable overspend shared, deposit returned by grade.

    The band is compared exactly; shares are rounded half up to fen, once each. The grade moves both ratios by the
    policy's steps; under sanction a surplus brings nothing, where the policy says so. Source: design/05 §1–3.
    """
    due, actual, grade = row["due"], row["actual"], row["grade"]
    balance = due - actual
    keep, returned, reasonable, shared = None, 0, 0, 0
    if balance > 0:
        band = band_of(policy.bands("settlement.keep_bands"), actual * ONE // due).value
        keep = 0 if _no_increase(row, policy) else _stepped(band, policy, "settlement.keep_grade_steps", grade)
        returned = balance - half_up(balance * keep, ONE)
    elif balance < 0:
        reasonable = min(-balance, sum(evidence.values()))
        general = policy.ratio("settlement.reasonable_fund_share")
        by_reason = policy.table_or_none("settlement.reasonable_share_by_reason") or {}
        # Evidence beyond the overspend counts pro rata, so that each reason keeps its own share.
        parts = split(reasonable, evidence)
        step = partial(_stepped, policy=policy, steps="settlement.share_grade_steps", grade=grade)
        shared = sum(half_up(part * step(by_reason.get(reason, general)), ONE) for reason, part in parts.items())
    back = half_up(row["deposit_held"] * policy.table("settlement.deposit_return")[grade], ONE)
    kept = half_up(row["assessment_held"] * policy.table("settlement.deposit_return")[grade], ONE)
    return {
        "balance": balance,
        "use_ratio": half_up(actual * ONE, due) if due else None,
        "keep_share": keep,
        "surplus_returned": returned,
        "overspend_reasonable": reasonable,
        "overspend_shared": shared,
        "deposit_forfeited": row["deposit_held"] - back,
        "assessment_forfeited": row["assessment_held"] - kept,
    }


def _stepped(share: int, policy: Policy, steps: str, grade: str) -> int:
    """A sharing ratio with what the grade adds to it, within 0 and 1."""
    return min(max(share + (policy.table_or_none(steps) or {}).get(grade, 0), 0), ONE)


def _no_increase(row: Row, policy: Policy) -> bool:
    """Under sanction, with costs within what is due, and a policy by which that brings no increase."""
    return row["sanctioned"] and row["due"] >= row["actual"] and policy.flag("settlement.sanction_no_increase")


def _limit_draws(rows: list[Row], reserve: int) -> None:
    """The fund's share of overspend comes out of the reserve and cannot exceed it: less is shared out pro rata."""
    wanted = {row["institution_id"]: row["overspend_shared"] for row in rows}
    if sum(wanted.values()) > reserve:
        shared = split(reserve, wanted)
        for row in rows:
            row["overspend_shared"] = shared[row["institution_id"]]


def _second_distribution(rows: list[Row], policy: Policy, forfeited: int) -> None:
    """Deposits not returned, with the share of returned surplus set aside for it, go to institutions by points ×
    grade weight; without anybody who qualifies nothing is given and the amount is carried over. ``forfeited``:
    deposits of the payment modes."""
    weights = policy.table("settlement.second_distribution_weights")
    by = {
        row["institution_id"]: 0 if _no_increase(row, policy) else row["points"] * weights.get(row["grade"], 0)
        for row in rows
    }
    amount = second_pool(rows, policy) + forfeited
    given = split(amount, by) if any(by.values()) else dict.fromkeys(by, 0)
    for row in rows:
        row["second_distribution"] = given[row["institution_id"]]


def had_before(row: Row) -> int:
    """What an institution has had of a year before its clearing pays, or does not get with it."""
    return sum(row[name] for name in ("paid_in_months", "advance_netted", "debt_netted", "held", "passed", "moved"))


def set_aside(rows: list[Row], policy: Policy) -> int:
    """Part of the returned surplus that goes into the second distribution, half up to fen."""
    share = policy.ratio("settlement.second_distribution_surplus_share")
    returned: int = sum(row["surplus_returned"] for row in rows)
    return half_up(returned * share, ONE)


def second_pool(rows: list[Row], policy: Policy) -> int:
    """What the second distribution has to give of these statements: forfeited deposits and the surplus set aside."""
    forfeited: int = sum(row["deposit_forfeited"] for row in rows)
    return forfeited + set_aside(rows, policy)
