"""Beginning a budget, a change of one, the ratios of a year; having a look at how the fund stands."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from drgpay_web import flow, jobs, store
from drgpay_web.budget import orders
from drgpay_web.budget.change_moves import MID_YEAR
from drgpay_web.budget.rules import PARTS, REASONS, SCHEMES, STAGES
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui.errors import Unfit

COMPUTED = {"budget": orders.PLAN, "sharing_ratios": orders.RATIOS, "prepayment": orders.PREPAY}
"""what is begun by having something computed, and the job that does"""


def begin(actor: Actor, *, machine: str, year: str) -> flow.Case:
    """Have the budget (``budget``), the sharing ratios (``sharing_ratios``) or the prepayment (``prepayment``) of a
    year computed; of one year only one is open. Raises Unfit."""
    unit = Unit.objects.get(area=actor.area, kind=Unit.AREA)
    actor.need(Act.BUDGET_DRAFT, unit)
    _year(year)
    with transaction.atomic():
        store.lock(actor.area)
        if flow.Case.objects.filter(machine=machine, area=actor.area, period=year, closed_at=None).exists():
            raise Unfit("budget.is_open", year=year)
        case = flow.open_case(actor, machine=machine, unit=unit, period=year)
        orders.order(actor, case, COMPUTED[machine])
        case.save(update_fields=["data"])
    return case


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1990 <= int(text) <= 2199):
        raise Unfit("budget.year_unclear")
    return int(text)


def change(
    actor: Actor, *, year: str, stage: str, scheme: str, reason: str, part: str, amount: Any, why: str
) -> flow.Case:
    """Propose a change of a year's budget: within it, of a part; at its end, of the inpatient budget. Only for a
    change of policy or an outbreak. Raises Unfit."""
    unit = Unit.objects.get(area=actor.area, kind=Unit.AREA)
    actor.need(Act.BUDGET_DRAFT, unit)
    _year(year)
    known = stage in STAGES and scheme in SCHEMES and reason in REASONS and (part in PARTS or stage != MID_YEAR)
    if not known or not amount or not why:
        raise Unfit("budget.change_unclear")
    data = {"stage": stage, "scheme": scheme, "reason": reason, "part": part if stage == MID_YEAR else "",
            "amount": amount, "why": why}  # fmt: skip
    return flow.open_case(actor, machine="budget_change", unit=unit, period=year, data=data)


def watch(actor: Actor, *, year: str) -> jobs.Job:
    """Have it computed how the fund of a year stands. Raises Unfit."""
    actor.need(Act.BUDGET_DRAFT)
    return orders.order_watch(actor, actor.area, _year(year))
