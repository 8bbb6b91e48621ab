"""The goals of a hospital as a whole: what it reached, what it aims at, and how much of it was attained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl

from drgpay.engine import Engine, read_table
from drgpay.runs.advance_use import use_of_book
from drgpay.runs.chain import months_paid, read_chain
from drgpay.runs.hospital import Hospital, targets_of
from drgpay.runs.manifest import LEDGER, REGISTERS, TABLES
from drgpay.runs.region import Registers
from drgpay.steps import performance, settlement
from drgpay.tables import INSTITUTION_BUDGETS, INSTITUTION_MONTHS, MONTHS_PAID, RESEARCH
from drgpay.units import ONE, half_up, show_fen

Row = dict[str, Any]

_AT_LEAST = ("cmi", "drg_count", "technique", "paper")
"""goals that are met from the target on; the others up to it"""


@dataclass(frozen=True)
class Goal:
    """A goal of the period. ``value``, ``target``: fen for ``fund_spend``, else 1/10,000; None where not known.
    ``held``: judged on something else too, and that decides. ``about``: where the target comes from."""

    name: str
    value: Fraction | None
    target: Fraction | None
    held: bool | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether it is met; exact. None where value or target is not known."""
        if self.value is None or self.target is None:
            return None
        if self.held is not None:
            return self.held
        return self.value >= self.target if self.name in _AT_LEAST else self.value <= self.target

    def row(self) -> Row:
        """As the manifest says it; the figures half up."""
        value, target = (
            None if x is None else half_up(x.numerator, x.denominator) for x in (self.value, self.target)
        )
        return {"goal": self.name, "value": value, "target": target, "met": self.met, **self.about}


def goals_of(hospital: Hospital, engine: Engine) -> list[Goal]:
    """Case mix, cost and time index of the period; groups treated in the twelve months up to its end; techniques and
    papers of the year so far, beside the year's target by months passed; fund spend; use of the advance as the book
    has it (high use alone is no fault: costs must grow too fast as well). A goal without a target is left out."""
    return [*_indices(hospital), *_counts(hospital), *_fund_spend(hospital), *_advance(hospital, engine)]


def _indices(hospital: Hospital) -> list[Goal]:
    plan, targets = hospital.plan, targets_of(hospital)
    now = performance.unit_indices(hospital.cells, hospital.months, (), hospital.scale)["hospital"]
    past = performance.case_mix(hospital.earlier, hospital.points, hospital.months, hospital.scale).get("hospital")
    usual = {
        "cmi": half_up(past[1] * (ONE + plan.ratio("target.cmi_growth")), ONE) if past else None,
        "cost_index": plan.ratio("target.cost_index"),
        "time_index": plan.ratio("target.time_index"),
    }
    return [
        Goal(name, _exact(now[name]), _exact(targets.get(("hospital", "hospital", name), bound)))
        for name, bound in usual.items()
    ]


def _exact(value: int | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def _counts(hospital: Hospital) -> list[Goal]:
    last, targets = max(hospital.months), targets_of(hospital)
    groups = performance.groups_treated(hospital.cells, hospital.earlier, last)
    found: dict[str, int | None] = {"drg_count": groups, "technique": None, "paper": None}
    if hospital.registers.has(RESEARCH):
        rows = [
            r for r in hospital.registers.rows(RESEARCH) if r["year"] == hospital.year and 3 * r["quarter"] <= last
        ]
        for name in ("technique", "paper"):
            found[name] = sum(r["count"] for r in rows if r["item"] == name)
    goals = []
    for name, count in found.items():
        usual = hospital.plan.integer_or_none(f"target.{name}")
        of_year = targets.get(("hospital", "hospital", name), None if usual is None else usual * ONE)
        if of_year is not None:
            part = Fraction(of_year) if name == "drg_count" else Fraction(of_year * last, 12)
            goals.append(Goal(name, None if count is None else Fraction(count * ONE), part))
    return goals


def _fund_spend(hospital: Hospital) -> list[Goal]:
    """What the fund owes the hospital for the stays of the period, up to the last month that is settled, beside the
    part of the year's goal by months: what the bureau set for the institution as the run knew it (the total of its
    prepayment, else its indicator), all insurance schemes together; a goal of the plan stands in where it set
    nothing."""
    typed, (basis, limit) = hospital.plan.fen_or_none("target.fund_spend"), _set_for(hospital)
    if limit is None:
        basis, limit = "plan", typed
    elif typed is not None and typed != limit:
        hospital.findings.add("warn", "fund_spend_differs", INSTITUTION_BUDGETS.name, hospital.institution,
                              f"方案填写的年度基金支出目标 {show_fen(typed)} 元与账本的 {show_fen(limit)} 元相差 "
                              f"{show_fen(abs(typed - limit))} 元,按账本考核;核对方案",
                              f"the plan's fund spend of {show_fen(typed)} yuan and the book's {show_fen(limit)} are "
                              f"{show_fen(abs(typed - limit))} apart: the book's counts; check the plan")  # fmt: skip
    if limit is None:
        return []
    spent = _spent(hospital)
    share = half_up(limit * len(spent), 12)
    about = {"basis": basis, "of_year": limit, "months": len(spent)}
    return [Goal("fund_spend", Fraction(sum(spent.values())), Fraction(share), about=about)]


def _set_for(hospital: Hospital) -> tuple[str, int | None]:
    """What the bureau set for the institution's year, and by which of its decisions."""
    rows = Registers.read(hospital.order.run / REGISTERS, (INSTITUTION_BUDGETS,))[INSTITUTION_BUDGETS].filter(
        (pl.col("year") == hospital.year) & (pl.col("institution_id") == hospital.institution)
    )
    for basis in ("prepayment", "indicator"):
        its = rows.filter(pl.col("budget_basis") == basis)
        if its.height:
            return basis, int(its["amount"].sum())
    return "", None


def _spent(hospital: Hospital) -> dict[int, int]:
    """Month of the period → what the fund owes for its stays. In a book every month that is booked, with the
    corrections of it and without what is refused; else those of the run."""
    run = hospital.order.run
    rows = read_table(run / TABLES, INSTITUTION_MONTHS).filter(
        (pl.col("institution_id") == hospital.institution) & pl.col("month").is_in(hospital.months)
    )
    if hospital.manifest["kind"] == "year" or not (run / LEDGER).is_file():
        months = hospital.months if hospital.manifest["kind"] == "year" else (int(hospital.manifest["month"]),)
        sums = dict(rows.group_by("month").agg(pl.col("due").sum()).rows())
        return {month: sums.get(month, 0) for month in months if month in hospital.months}
    chain = read_chain(run, sealed=False)
    outside = Registers.read(run / REGISTERS, (MONTHS_PAID,))[MONTHS_PAID]
    spent = {month: 0 for month in months_paid(chain, outside, hospital.year) if month in hospital.months}
    for entry in chain.entries():
        if entry.institution_id == hospital.institution and entry.month in spent:
            refused = sum(amount for column, amount in settlement.of_month(entry) if column == "refused")
            spent[entry.month] += settlement.due_moved(entry) - refused
    return spent


def _advance(hospital: Hospital, engine: Engine) -> list[Goal]:
    """The use of the advance of all insurance schemes together, at the end of the run's last month."""
    plan = hospital.plan
    bound, growth = plan.ratio_or_none("target.advance_used"), plan.ratio_or_none("target.cost_growth")
    if bound is None:
        return []
    rows = use_of_book(engine, hospital.order.run).filter(
        (pl.col("institution_id") == hospital.institution) & (pl.col("advance") > 0)
    )
    used, advance, cost, before = (int(rows[n].sum()) for n in ("used", "advance", "cost", "cost_last_year"))
    if not advance:
        return []
    grows = before > 0 and growth is not None and (cost - before) * ONE > growth * before
    share = Fraction(used * ONE, advance)
    return [Goal("advance_use", share, Fraction(bound), held=share <= bound or not grows)]
