"""Writes of submissions: a file handed over, its headers explained, several accepted at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay.tables import STAYS
from drgpay_web import clock, flow, store, trail
from drgpay_web.flow.models import Case
from drgpay_web.people import Act, Actor, system_actor
from drgpay_web.submissions.guards import accept_score
from drgpay_web.submissions.models import FieldMap
from drgpay_web.submissions.rules import CHECKING, HANDED_IN, SUBMISSION, WITH_HOSPITAL
from drgpay_web.ui.errors import PageError, Unfit

_SEVERAL = ("dx", "proc")
"""columns that several headers give together"""


@dataclass(frozen=True)
class Handed:
    """A submission, and whether this very file was there before."""

    case: Case
    existing: bool


@dataclass(frozen=True)
class Accepted:
    """A submission of several that were to be accepted: why not, or nothing."""

    case: Case
    why: PageError | None


def hand_over(actor: Actor, *, chunks: Iterable[bytes], name: str, period: str) -> Handed:
    """Take a file of stays of the actor's institution for a month, and have it checked. The same file for the same
    month leads to the submission that is there; files before it that the bureau has not got are replaced by it.
    Raises inbox.NotKept, Unfit."""
    actor.need(Act.SUBMISSION_UPLOAD, actor.unit)
    _known_month(period)
    received = store.receive(actor, chunks, name)
    with transaction.atomic():
        store.lock(actor.area)
        of_month = Case.objects.filter(machine=SUBMISSION, unit=actor.unit, period=period).order_by("-pk")
        there = next((case for case in of_month if case.data["received"] == received.pk and case.open), None)
        if there is not None:
            return Handed(there, True)
        older = [case for case in of_month if case.state in (*WITH_HOSPITAL, CHECKING)]
        case = flow.open_case(
            actor, machine=SUBMISSION, unit=actor.unit, period=period, subject=received.name,
            data={"received": received.pk, "sha256": received.sha256},
        )  # fmt: skip
        for one in older:
            flow.do(system_actor(actor.area), one, "replace", version=one.version)
        return Handed(flow.do(actor, case, "check", version=case.version), False)


def explain_headers(actor: Actor, case: Case, *, columns: Mapping[str, str], version: int) -> Case:
    """Remember what the headers of an institution's files mean (every header of the file -> column, "" not read), as
    far as it is not how they are read anyway, and have the file checked again. Raises Unfit."""
    actor.need(Act.SUBMISSION_UPLOAD, case.unit)
    if not set(columns.values()) <= {*STAYS.names, ""}:
        raise Unfit("submissions.no_field")
    chosen = [field for field in columns.values() if field and field not in _SEVERAL]
    twice = next((field for field in chosen if chosen.count(field) > 1), "")
    if twice:
        raise Unfit("submissions.field_twice", field=STAYS[twice].zh)
    heads = (case.data.get("found") or {}).get("heads", ())
    read = {head: field for head, field, how, _ in heads if how not in ("unknown", "alias")}
    with transaction.atomic():
        said = FieldMap.objects.select_for_update().filter(unit=case.unit).first() or FieldMap(unit=case.unit)
        before = dict(said.columns)
        others = {head: field for head, field in before.items() if head not in columns}
        said.columns = others | {h: field for h, field in columns.items() if field and field != read.get(h, "")}
        said.at, said.by = clock.now(), actor.person
        said.save()
        trail.record(actor, "submission.fields", f"case:{case.number}", before=before, after=said.columns)
        return flow.do(actor, case, "check", version=version)


def accept_several(actor: Actor, *, cases: Iterable[tuple[Case, int]], note: str = "") -> list[Accepted]:
    """Accept several submissions (with the versions that were seen), each by itself."""
    done = []
    for case, version in cases:
        try:
            done.append(Accepted(flow.do(actor, case, "accept", version=version, note=note), None))
        except PageError as error:
            done.append(Accepted(case, error))
    return done


def accept_by_score(pk: int) -> None:
    """Accept a submission that was handed in where its score is what the area's practice accepts from."""
    case = Case.objects.get(pk=pk)
    if case.state == HANDED_IN and accept_score(case) is not None:
        system = system_actor(case.area)
        try:
            flow.do(system, case, "accept_by_score", version=case.version)
        except flow.Guarded:
            return


def _known_month(period: str) -> None:
    """A month that is over or goes on."""
    try:
        year, month = runs.month_of(period)
    except DrgpayError:
        raise Unfit("submissions.no_month") from None
    today = clock.today()
    if (year, month) > (today.year, today.month):
        raise Unfit("submissions.month_to_come")
