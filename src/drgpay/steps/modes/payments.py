"""Months and year of the modes: payment, year-end assessment, limit of the budget part, composition (design/06)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, needed
from drgpay.tables import BUDGET_AMOUNTS
from drgpay.units import ONE, half_up, split

Row = dict[str, Any]

YEAR = 0
"""month number of the whole year"""

PART_OF = {
    ("inpatient", "bed_day"): "bed_day",
    ("inpatient", "out_of_area"): "out_of_area",
    ("outpatient", "quota"): "outpatient",
    ("outpatient", "by_item"): "outpatient",
    ("outpatient", "capitation"): "outpatient",
}
"""part of the budget that pays a mode; every other mode of stays is paid from ``other``"""


def part_of(setting: str, mode: str) -> str:
    """Part of the budget that pays a mode."""
    return PART_OF.get((setting, mode), "other")


def budget_of(budgets: Mapping[tuple[str, str], int], scheme: str, part: str) -> int:
    """Fen of a part of an insurance scheme's budget; DATA when the register does not have it."""
    if (scheme, part) not in budgets:
        raise DrgpayError(
            Kind.DATA,
            zh=f"缺少 {scheme} 的预算分项 {part}",
            en=f"no budget of {scheme} for the part {part}",
            file=BUDGET_AMOUNTS.name,
            field="part",
            fix_zh=f"在 {BUDGET_AMOUNTS.name}.csv 中补一行;没有预算就写 0",
            fix_en=f"add a row to {BUDGET_AMOUNTS.name}.csv; write 0 where there is none",
        )
    return budgets[scheme, part]


def assessments(sums: Iterable[Row], policy: Policy) -> list[Row]:
    """Rows of table ``bed_day_assessments`` from the year's sums of bed-day stays.

    Each indicator the policy sets is judged exactly: mean stay = days ÷ stays, cost ratio = cost ÷ price, outcome =
    good ÷ stays. Factor = 1 − ``cut`` × indicators not met, or 1 + ``bonus`` when all are met, inside its bounds.
    Without indicators the factor is 1.
    """
    total: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in sums:
        if row["mode"] == "bed_day":
            for name in ("n", "days", "cost", "price", "good"):
                total[row["institution_id"], row["category"]][name] += row[name]
    longest = policy.table_or_none("bed_day.max_mean_stay") or {}
    low, high = policy.ratio_or_none("bed_day.min_daily_cost"), policy.ratio_or_none("bed_day.max_daily_cost")
    outcome = policy.ratio_or_none("bed_day.min_outcome")
    rows = []
    for (institution, category), t in sorted(total.items()):
        judged = {
            "mean_stay": category in longest and (t["days"] * ONE > longest[category] * t["n"]),
            "daily_cost_low": low is not None and t["cost"] * ONE < low * t["price"],
            "daily_cost_high": high is not None and t["cost"] * ONE > high * t["price"],
            "outcome": outcome is not None and t["good"] * ONE < outcome * t["n"],
        }
        failed = [name for name, bad in judged.items() if bad]
        asked = category in longest or any(x is not None for x in (low, high, outcome))
        rows.append(
            {
                "institution_id": institution,
                "category": category,
                "n": t["n"],
                "days": t["days"],
                "mean_stay": half_up(t["days"] * ONE, t["n"]),
                "cost_ratio": half_up(t["cost"] * ONE, t["price"]) if t["price"] else None,
                "outcome": half_up(t["good"] * ONE, t["n"]),
                "not_met": failed,
                "factor": _factor(len(failed), policy) if asked else ONE,
            }
        )
    return rows


def _factor(failed: int, policy: Policy) -> int:
    if failed:
        factor = ONE - failed * int(needed(policy.ratio_or_none("bed_day.cut"), "bed_day.cut"))
    else:
        factor = ONE + (policy.ratio_or_none("bed_day.bonus") or 0)
    low, high = policy.ratio_or_none("bed_day.factor_min"), policy.ratio_or_none("bed_day.factor_max")
    factor = factor if low is None else max(low, factor)
    return max(0, factor if high is None else min(high, factor))


def month_payments(sums: Iterable[Row], policy: Policy) -> list[Row]:
    """Rows of table ``mode_payments`` of single months. ``sums``: rows of :func:`~.assign.added_up`. Due = before −
    refused; paid = due × ``settlement.monthly_pay_ratio``, half up; the rest is the deposit, but for the modes of
    ``modes.no_deposit``, whose rest is paid at clearing."""
    ratio = policy.ratio("settlement.monthly_pay_ratio")
    without = policy.names_or_none("modes.no_deposit") or ()
    rows = []
    for row in sums:
        due = row["before"] - row["refused"]
        paid = half_up(due * ratio, ONE)
        rows.append(
            {k: v for k, v in row.items() if k != "good"}
            | {
                "part": part_of(row["setting"], row["mode"]),
                "factor": ONE,
                "due": due,
                "paid": paid,
                "deposit": 0 if row["mode"] in without else due - paid,
                "forfeited": 0,
            }
        )
    return sorted(rows, key=_key)


_POOLS = "pools"
"""the communities' pools among what a part of the budget pays; ``capitation`` in ``modes.prorated``"""
_ADDED = ("n", "days", "cost", "personal", "actual", "price", "before", "refused", "paid", "deposit")


def year_payments(months: Iterable[Row], assessed: Iterable[Row]) -> list[Row]:
    """Rows of table ``mode_payments`` of the year (month 0) from those of its months, before any limit.

    ``assessed``: rows of ``bed_day_assessments``. The factor moves the settled rate: ``gross`` = before + (price ×
    factor, half up) − price, at least nothing; in modes without a factor it is ``before``. Refused stays are in it.
    """
    factors = {(a["institution_id"], a["category"]): a["factor"] for a in assessed}
    total: dict[tuple[str, ...], Row] = {}
    for row in months:
        key = (row["insurance_scheme"], row["institution_id"], row["setting"], row["mode"], row["category"])
        if key not in total:
            total[key] = row | {"month": YEAR}
        else:
            for name in _ADDED:
                total[key][name] += row[name]
    rows = sorted(total.values(), key=_key)
    for row in rows:
        row["gross"] = row["before"]
        if row["mode"] == "bed_day":
            row["factor"] = factors[row["institution_id"], row["category"]]
            moved = half_up(row["price"] * row["factor"], ONE) - row["price"]
            row["gross"] = max(row["before"] + moved, 0)
    return rows


def limit(
    rows: list[Row],
    results: list[Row],
    rewards: list[Row],
    budgets: Mapping[tuple[str, str], int],
    policy: Policy,
) -> None:
    """Hold every part of the budget to what it has, where ``modes.overrun`` is ``prorate``.

    All that is paid from a part and named in ``modes.prorated`` (all of it, unless set) is cut in one proportion, by
    largest remainder; what is not named is paid first. ``rows``: from :func:`year_payments`, cut in ``gross``;
    ``results``: rows of ``capitation_results``, whose pools are cut; ``rewards``: rows of ``procurement_payments``.
    Visits charged to a community are paid in full, as its pool bears them; care in other areas is owed to these. A
    part without a budget is a DATA failure.
    """
    if rows:
        needed(policy.choice_or_none("modes.overrun"), "modes.overrun")
    prorate = policy.choice_or_none("modes.overrun") == "prorate"
    named = policy.names_or_none("modes.prorated")
    claims: dict[tuple[str, str], list[tuple[str, Row, str]]] = defaultdict(list)
    for row in rows:
        claims[row["insurance_scheme"], row["part"]].append((row["mode"], row, "gross"))
    for row in results:
        claims[row["insurance_scheme"], "outpatient"].append((_POOLS, row, "pool"))
    for row in rewards:
        claims[row["insurance_scheme"], "other"].append(("procurement", row, "reward"))
    for part in sorted(claims):
        left, shared = budget_of(budgets, *part), []
        for mode, row, column in claims[part]:
            if mode == "capitation":
                continue  # visits charged to a community: its pool has them
            if named is None or ("capitation" if mode == _POOLS else mode) in named:
                shared.append((row, column))
            else:
                left -= row[column]
        wanted = {i: row[column] for i, (row, column) in enumerate(shared)}
        if prorate and sum(wanted.values()) > max(left, 0):
            for i, amount in split(max(left, 0), wanted).items():
                _cut(*shared[i], amount)


def _cut(row: Row, column: str, amount: int) -> None:
    cut = row[column] - amount
    if column == "gross":
        row["gross"] = amount
    elif column == "pool":
        row["cut"], row["result"], row["balance"] = cut, row["result"] - cut, row["balance"] - cut
    else:
        row["reward"], row["cut"] = amount, cut


def settle_year(rows: list[Row], grades: Mapping[str, str], policy: Policy) -> None:
    """What is left of the year of :func:`year_payments` after its limits: due, deposit and payment.

    Refused = gross × the refused part of ``before``, half up; due = gross − refused. Of the deposit the grade's share
    comes back (``settlement.deposit_return``), half up per row; the rest is forfeited. Paid = due − what the months
    paid − forfeited; negative: recovered.
    """
    returned, missing = policy.table("settlement.deposit_return"), policy.choice("settlement.grade_when_missing")
    for row in rows:
        gross = row.pop("gross")
        row["refused"] = half_up(gross * row["refused"], row["before"]) if row["before"] else 0
        row["due"] = gross - row["refused"]
        row["forfeited"] = forfeit(row["deposit"], returned[grades.get(row["institution_id"], missing)])
        row["paid"] = row["due"] - row["paid"] - row["forfeited"]


def forfeits(months: Iterable[Row], grades: Mapping[str, str], policy: Policy) -> dict[str, int]:
    """What of the deposits of a year's months is not returned, by insurance scheme: as :func:`settle_year` has it."""
    held: dict[tuple[str, ...], int] = defaultdict(int)
    for row in months:
        held[tuple(row[n] for n in ("insurance_scheme", "institution_id", "setting", "mode", "category"))] += row[
            "deposit"
        ]
    returned, missing = policy.table("settlement.deposit_return"), policy.choice("settlement.grade_when_missing")
    total: dict[str, int] = defaultdict(int)
    for (scheme, institution, *_), amount in held.items():
        total[scheme] += forfeit(amount, returned[grades.get(institution, missing)])
    return dict(total)


def forfeit(held: int, share: int) -> int:
    """What of a deposit is not returned, where ``share`` (1/10,000) of it is: held − held × share, half up."""
    return held - half_up(held * share, ONE)


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[n] for n in ("insurance_scheme", "month", "institution_id", "setting", "mode", "category"))


def composition(drg: Iterable[Row], modes: Iterable[Row], results: Iterable[Row], claims: Iterable[Row]) -> list[Row]:
    """Rows of table ``expenditure_by_mode``: what the fund owes by institution, month and mode.

    ``drg``: rows with insurance_scheme, month, institution_id, n, cost, due (months, and the year as month 0);
    ``modes``: rows of ``mode_payments``; ``results``: rows of ``capitation_results``, counted in the year;
    ``claims``: rows of ``out_of_area_statements`` of own insured elsewhere, counted in their month and in the year.
    """
    total: dict[tuple[str, int, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(scheme: str, month: int, who: str, setting: str, mode: str, n: int, cost: int, fund: int) -> None:
        sums = total[scheme, month, who, setting, mode]
        sums[:] = [sums[0] + n, sums[1] + cost, sums[2] + fund]

    for r in drg:
        add(r["insurance_scheme"], r["month"], r["institution_id"], "inpatient", "drg", r["n"], r["cost"], r["due"])
    for r in modes:
        add(r["insurance_scheme"], r["month"], r["institution_id"], r["setting"], r["mode"], r["n"], r["cost"],
            r["due"])  # fmt: skip
    for r in results:
        add(r["insurance_scheme"], YEAR, r["institution_id"], "outpatient", "capitation", 0, 0, r["result"])
    for r in claims:
        if r["direction"] == "out":
            for month in (r["month"], YEAR):
                who = f"area:{r['area']}"
                add(r["insurance_scheme"], month, who, r["setting"], "out_of_area", r["n"], r["cost"], r["fund"])
    names = ("insurance_scheme", "month", "institution_id", "setting", "mode")
    return [
        dict(zip(names, key, strict=True)) | {"n": n, "cost": cost, "fund": fund}
        for key, (n, cost, fund) in sorted(total.items())
        if n or cost or fund
    ]
