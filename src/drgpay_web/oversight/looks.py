"""Looks over results: ordered by an inspector, or by themselves when a result is published."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from drgpay import runs
from drgpay.tables import Table
from drgpay_web import flow, jobs, store
from drgpay_web.people import Act, Actor, NotThere
from drgpay_web.ui import Unfit

LOOK, LOOKS = "oversight.look", "look"


def results(actor: Actor) -> list[store.Result]:
    """The results that can be looked through: of each period the sealed or published one."""
    return [one for one in store.periods_seen(actor) if one.state in ("sealed", "published")]


def order(actor: Actor, *, result: int) -> jobs.Job:
    """Have a published or sealed result looked through. Raises Unfit for any other."""
    actor.need(Act.SUSPICION_LOOK)
    found = next((one for one in results(actor) if one.pk == result), None)
    if found is None:
        raise Unfit("oversight.no_such_result")
    return ordered(actor, found)


def ordered(actor: Actor, result: store.Result) -> jobs.Job:
    """The look's job, with the registers as they stand now; the same again is the one that goes on."""
    pin = store.pin(actor, result.area, store.practice_of(result.area), "")
    payload = {"result": result.pk, "pin": pin.pk, "back": "/oversight/leads"}
    return jobs.order(actor, kind=LOOK, area=result.area, key=f"{LOOK}:{result.pk}:{pin.pk}", payload=payload)


def after_publishing(case: flow.Case, actor: Actor, values: Any) -> None:
    """A result that is published is looked through."""
    ordered(actor, store.Result.objects.get(pk=case.data["result"]))


def looks(area: str) -> QuerySet[store.Result]:
    """The looks of an area, the newest first."""
    return store.results_of(area, kind=LOOKS).exclude(state="lost").filter(job__isnull=False)


def look_seen(actor: Actor, pk: int) -> store.Result:
    """A look of the actor's area. Raises NotThere."""
    found = looks(actor.area).filter(pk=pk).first()
    if found is None:
        raise NotThere
    return found


def run_of(look: store.Result) -> store.Result:
    """The result that was looked through."""
    assert look.job is not None
    return store.Result.objects.get(pk=look.job.payload["result"])


def rows_of(folder: Path, table: Table, *where: runs.Where, columns: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Rows of a small table of a result, for the office's own work."""
    view = runs.View(table.name, tuple(columns), where, scope=runs.Scope.everything())
    return [row for batch in runs.export_rows(folder, view) for row in batch]
