"""The list of a machine's cases: what the address asks for, and what a person asked for the last time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet
from django.http import QueryDict

from drgpay_web import clock
from drgpay_web.flow.machine import Machine
from drgpay_web.flow.models import Case, CaseStay, KeptFilter
from drgpay_web.flow.reads import Row, cases_of, in_state, mine, told_as, work_list
from drgpay_web.people import Actor

SORTS = {
    "number": "pk", "unit": "unit__code", "period": "period", "subject": "subject", "state": "state",
    "deadline": "deadline", "opened": "opened_at",
}  # fmt: skip
LIGHTS = {"late": -1, "soon": 3}
"""lights that are asked for, and how many days are left at most"""
_LONGEST = 500


@dataclass(frozen=True)
class Choices:
    """What a list can be filtered by: states with how many cases there are, units, periods."""

    states: list[tuple[str, int]]
    units: list[tuple[int, str]]
    periods: list[str]


def listed(actor: Actor, rules: Machine, asked: QueryDict) -> QuerySet[Case]:
    """The cases of a machine in the actor's reach that an address asks for, in its order."""
    found = cases_of(actor, machine=rules.name)
    if state := asked.get("state"):
        found = found.filter(closed_at=None) if state == "open" else _in_states(actor, found, state.split(","))
    if unit := asked.get("unit", ""):
        found = found.filter(unit=int(unit)) if unit.isdigit() else found.none()
    if period := asked.get("period"):
        found = found.filter(period=period)
    if (light := asked.get("light", "")) in LIGHTS:
        found = found.filter(closed_at=None, deadline__lte=clock.today() + timedelta(LIGHTS[light]))
        found = found if light == "late" else found.filter(deadline__gte=clock.today())
    if asked.get("whose") == "mine":
        found = found.filter(mine(actor))
    if text := asked.get("q", "").strip():
        found = found.filter(about(text))
    return found.order_by(*_order(asked.get("sort", "")))


def about(text: str) -> Q:
    """The cases whose number, title or unit has a text, or which are about the stay of this number."""
    on_stay = CaseStay.objects.filter(stay_id=text).values_list("case", flat=True)
    said = Q(number__icontains=text) | Q(subject__icontains=text) | Q(unit__name__icontains=text)
    return said | Q(pk__in=on_stay)


def _in_states(actor: Actor, cases: QuerySet[Case], states: Iterable[str]) -> QuerySet[Case]:
    """Those in one of several states, as the actor is told them."""
    found = cases.none()
    for state in states:
        found = found | in_state(actor, cases, state)
    return found


def _order(sort: str) -> Iterable[str | F]:
    """The most urgent first where nothing else is asked for; what has no deadline last."""
    name = sort.lstrip("-")
    if name not in SORTS:
        return (F("closed_at").desc(nulls_first=True), F("deadline").asc(nulls_last=True), "-pk")  # type: ignore[return-value]
    by = F(SORTS[name])
    return (by.desc(nulls_last=True) if sort.startswith("-") else by.asc(nulls_last=True), "pk")  # type: ignore[return-value]


def choices(actor: Actor, rules: Machine) -> Choices:
    """What there is to choose from in the actor's reach."""
    found = cases_of(actor, machine=rules.name).order_by()
    counts = dict(found.values_list("state").annotate(n=Count("pk", distinct=True)))
    units = sorted(set(found.values_list("unit__code", "unit", "unit__name")))
    periods = sorted(set(found.exclude(period="").values_list("period", flat=True)), reverse=True)
    told = [(state, sum(counts.get(one, 0) for one in told_as(actor, rules, state))) for state in rules.states]
    states = [(state, count) for state, count in told if count]
    return Choices(states, [(pk, name) for _, pk, name in units], periods)


WORK = "work"
"""the place of the work list's filter"""
WORK_ASKED = ("whose", "kind", "light")


def work(actor: Actor, asked: QueryDict) -> tuple[list[Row], list[Row]]:
    """The actor's work (``whose=all``: also what others in his role were given), and of it what an address asks for:
    one kind, one light."""
    rows = work_list(actor, whose="all" if asked.get("whose") == "all" else "mine")
    kind, light = asked.get("kind", ""), asked.get("light", "")
    wanted = {"late": ("late",), "soon": ("day", "soon")}.get(light)
    return rows, [r for r in rows if kind in ("", r.case.machine) and (wanted is None or r.light in wanted)]


def along_work(actor: Actor) -> list[int]:
    """The numbers of the cases on the work list as it was last asked for."""
    return [row.case.pk for row in work(actor, QueryDict(kept(actor, WORK)))[1]]


def along_list(actor: Actor, case: Case) -> list[int]:
    """The numbers of the cases on the list of a case's machine as it was last asked for."""
    found = listed(actor, case.rules, QueryDict(kept(actor, place_of(case.rules))))
    return list(found.values_list("pk", flat=True))


def place_of(rules: Machine) -> str:
    """Under which name the filter of a machine's list is kept."""
    return f"cases/{rules.name}"


def kept(actor: Actor, place: str) -> str:
    """What a person asked of a list the last time; empty for nothing."""
    found = KeptFilter.objects.filter(person=actor.person, place=place).first()
    return found.query if found else ""


def keep(actor: Actor, place: str, asked: QueryDict, names: Iterable[str]) -> None:
    """Remember what a person asks of a list, of the questions with these names."""
    plain = QueryDict(mutable=True)
    for name in names:
        if value := asked.get(name):
            plain[name] = value
    query = plain.urlencode()[:_LONGEST]
    if query != kept(actor, place):
        KeptFilter.objects.update_or_create(person=actor.person, place=place, defaults={"query": query})
