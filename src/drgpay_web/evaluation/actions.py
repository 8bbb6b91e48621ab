"""Opening the evaluation of a year: a case of the area, and a card of every institution."""

from __future__ import annotations

import re

from django.db import transaction

from drgpay import runs
from drgpay.tables import INSTITUTIONS
from drgpay_web import clock, flow, store
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui import Unfit

_YEAR = re.compile(r"(19|20|21)\d\d")


def open_year(actor: Actor, *, card: str, year: str) -> flow.Case:
    """Open the evaluation of a year by a scorecard. Raises Unfit where there can be none."""
    top = Unit.objects.get(area=actor.area, kind=Unit.AREA)
    actor.need(Act.EVALUATION_OPEN, top)
    if card not in runs.card_names() or not _YEAR.fullmatch(year):
        raise Unfit("evaluation.unclear")
    with transaction.atomic():
        store.lock(actor.area)
        there = flow.Case.objects.filter(machine="evaluation", area=actor.area, period=year)
        if any(one.data["card"] == card and one.state != "withdrawn" for one in there):
            raise Unfit("evaluation.twice", year=year)
        known = {row["institution_id"] for row in store.rows(actor.area, INSTITUTIONS)}
        houses = [one for one in Unit.objects.filter(area=actor.area, kind=Unit.INSTITUTION) if one.code in known]
        if not houses:
            raise Unfit("evaluation.no_institutions")
        terms = runs.office_terms(store.practice_source(actor.area), clock.today())
        said = {"card": card, "objection_days": terms.objection_days, "spot_share": terms.spot_share}
        case = flow.open_case(actor, machine="evaluation", unit=top, period=year, data=said | {"owners": {}})
        for house in houses:
            flow.open_case(
                actor, machine="evaluation_card", unit=house, period=year, source=case,
                data=said | {"evaluation": case.pk, "values": {}, "owners": {}, "sample": [], "checked": {}},
            )  # fmt: skip
        for one in cards_of(case):
            flow.tell(one, ("H1", "H5"), "evaluation.told_open", year=year)
    return case


def cards_of(case: flow.Case) -> list[flow.Case]:
    """The cards of an evaluation's institutions, by code."""
    found = flow.Case.objects.filter(machine="evaluation_card", area=case.area, period=case.period)
    return [one for one in found.select_related("unit").order_by("unit__code") if one.data["evaluation"] == case.pk]
