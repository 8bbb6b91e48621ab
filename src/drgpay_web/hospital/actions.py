"""Drafting a plan and opening a quarter."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction

from drgpay import runs
from drgpay_web import flow, store
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui import Unfit

_PERIOD = re.compile(r"(?:19|20|21)\d\d-Q[1-4]")


def house_of(actor: Actor) -> Unit:
    """The hospital of who acts."""
    house = actor.unit.of_kind(Unit.INSTITUTION)
    assert house is not None
    return house


def plan_in_force(house: Unit) -> flow.Case | None:
    """The plan that a hospital has adopted last."""
    return flow.Case.objects.filter(machine="hospital_plan", unit=house, state="adopted").order_by("-pk").first()


def open_plan(actor: Actor, *, base: str) -> flow.Case:
    """Draft a plan from a shipped one, or from the one that is in force (``now``). Raises Unfit."""
    house = house_of(actor)
    actor.need(Act.PLAN_DRAFT, house)
    known = {one[0] for one in runs.plan_names()}
    adopted = plan_in_force(house) if base == "now" else None
    if base not in known and adopted is None:
        raise Unfit("hospital.choose_plan")
    said: dict[str, Any] = adopted.data if adopted else {"base": base, "changes": {}}
    data = {"base": said["base"], "changes": dict(said["changes"])}
    return flow.open_case(actor, machine="hospital_plan", unit=house, data=data, source=adopted)


def open_quarter(actor: Actor, *, period: str) -> flow.Case:
    """Open a quarter to be worked out by the plan in force. Raises Unfit where it cannot be."""
    house = house_of(actor)
    actor.need(Act.QUARTER_ORDER, house)
    if not _PERIOD.fullmatch(period):
        raise Unfit("hospital.bad_quarter")
    adopted = plan_in_force(house)
    if adopted is None:
        raise Unfit("hospital.no_plan")
    with transaction.atomic():
        store.lock(actor.area)
        if flow.Case.objects.filter(machine="hospital_quarter", unit=house, period=period).exists():
            raise Unfit("hospital.quarter_twice", period=period)
        data = {"plan": adopted.pk, "base": adopted.data["base"], "changes": adopted.data["changes"]}
        return flow.open_case(actor, machine="hospital_quarter", unit=house, period=period, source=adopted, data=data)
