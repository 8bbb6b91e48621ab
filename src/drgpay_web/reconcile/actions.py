"""Writes of reconciliations besides their moves: a returned file handed over."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from drgpay_web import flow, store
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui import Unfit

KINDS = ("official", "vendor")


def results(actor: Actor) -> list[store.Result]:
    """Results a return can be compared with, the latest period first."""
    return store.periods_seen(actor)


def upload(
    actor: Actor, *, chunks: Iterable[bytes], name: str, unit: Unit, result: store.Result, of: str,
    columns: str = "",
) -> flow.Case:  # fmt: skip
    """Take a return for an institution and have it compared with a result. The same file against the same result is
    the case that is there. ``columns``: ``header=column`` a line. Raises inbox.NotKept, Unfit."""
    actor.need(Act.RECONCILE_UPLOAD, unit)
    if of not in KINDS or result not in results(actor):
        raise Unfit("reconcile.unclear")
    aliases = _aliases(columns)
    received = store.receive(actor, chunks, name, unit)
    with transaction.atomic():
        store.lock(actor.area)
        data = {"received": received.pk, "result": result.pk, "of": of, "aliases": aliases}
        before = flow.Case.objects.filter(machine="reconciliation", unit=unit).exclude(state="unreadable")
        for case in before.order_by("-pk"):
            if all(case.data.get(key) == value for key, value in data.items()):
                return case
        case = flow.open_case(
            actor, machine="reconciliation", unit=unit, period=result.period, subject=received.name, data=data
        )
        return flow.do(actor, case, "match", version=case.version)


def _aliases(text: str) -> dict[str, str]:
    found = {}
    for line in text.replace("＝", "=").splitlines():
        head, equals, column = line.rpartition("=")
        if line.strip():
            if not equals or not head.strip() or not column.strip():
                raise Unfit("reconcile.alias_wrong", line=line.strip()[:60])
            found[head.strip()] = column.strip()
    return found
