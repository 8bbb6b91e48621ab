"""What a result offers, taken into registers; what an earlier one offered and it does not is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import transaction

from drgpay import runs
from drgpay.tables import Table
from drgpay_web.people import Actor
from drgpay_web.store.actions import lock, put_rows
from drgpay_web.store.coded import key_of
from drgpay_web.store.models import RegisterRow


def take_offers(
    actor: Actor,
    folder: Path,
    *,
    area: str,
    kind: str,
    origin: str,
    before: Iterable[str] = (),
    case: Any = None,
    reason: str = "",
) -> None:
    """Write what a result offers into the registers of its ``kind`` (:data:`drgpay.runs.OFFERED`), all or none. What
    ``origin`` itself, or an earlier one (``before``), wrote there and the result does not offer is taken out. A
    result that offers nothing takes out all of it."""
    offered: dict[str, list[dict[str, Any]]] = {table.name: [] for table in runs.OFFERED[kind]}
    if runs.read_manifest(folder).get("offers"):
        for offer in runs.offers(folder):
            offered[offer.register.name] += [{name: row[name] for name in offer.register.names} for row in offer.rows]
    with transaction.atomic():
        lock(area)
        for table in runs.OFFERED[kind]:
            rows = offered[table.name]
            gone = _written(area, table, {origin, *before}) - {key_of(table, row) for row in rows}
            if rows or gone:
                put_rows(
                    actor, area=area, table=table, rows=rows, removed=sorted(gone), origin=origin, case=case,
                    reason=reason,
                )  # fmt: skip


def _written(area: str, table: Table, origins: set[str]) -> set[str]:
    """The keys in force that results of these origins wrote."""
    found = RegisterRow.objects.filter(
        area=area, owner="", table=table.name, current=True, values__isnull=False, origin__in=origins
    )
    return set(found.values_list("key", flat=True))
