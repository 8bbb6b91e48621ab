"""The catalogue of results: folders first, then the row; where both differ the folder is right (13 §2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay_web import clock, trail
from drgpay_web.people import Actor, system_actor
from drgpay_web.store.models import Area, Pin, Result
from drgpay_web.store.places import KINDS, folder_of_kind

SEALED, LOST, MADE = "sealed", "lost", "made"


@dataclass(frozen=True)
class Reconciled:
    """What reading the folders changed in the catalogue: results found, lost, and found sealed."""

    found: tuple[str, ...]
    lost: tuple[str, ...]
    sealed: tuple[str, ...]
    broken: tuple[str, ...]


def new_result_folder(area: str, kind: str, name: str) -> Path:
    """Where a result of a kind is to be written."""
    folder = folder_of_kind(area, kind)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / name


def add_result(
    actor: Actor, *, area: str, kind: str, name: str, pin: Pin | None = None, job: Any = None, state: str = MADE
) -> Result:
    """Enter a folder of results into the catalogue; the same again is the row that is there."""
    manifest = runs.read_manifest(folder_of_kind(area, kind) / name)
    with transaction.atomic():
        made, new = Result.objects.get_or_create(
            area=area, kind=kind, name=name,
            defaults={
                "digest": runs.root_of(manifest), "period": period_of(manifest), "pin": pin, "job": job,
                "state": state, "made_at": clock.now(),
            },
        )  # fmt: skip
        if new:
            trail.record(actor, "store.result", f"result:{made.pk}", after={"digest": made.digest})
    return made


def set_state(actor: Actor, result: Result, state: str) -> None:
    """Say what a result is now; a sealed one stays sealed."""
    with transaction.atomic():
        locked = Result.objects.select_for_update().get(pk=result.pk)
        if locked.state == SEALED:
            return
        before, locked.state = locked.state, state
        locked.save(update_fields=["state"])
        trail.record(actor, "result.state", f"result:{locked.pk}", before={"state": before}, after={"state": state})
    result.state = state


def folder(result: Result) -> Path:
    """The folder of a result."""
    return folder_of_kind(result.area, result.kind) / result.name


def results_of(area: str, *, kind: str = "run", period: str = "") -> QuerySet[Result]:
    """Results of an area, the newest first."""
    found = Result.objects.filter(area=area, kind=kind).select_related("pin", "job").order_by("-pk")
    return found.filter(period=period) if period else found


def sealed_months(area: str) -> Callable[[int, int], bool]:
    """Whether a month (year, month) of an area is sealed, or its year is."""
    sealed = runs.sealed_months(folder_of_kind(area, "run"))
    return lambda year, month: sealed(area, year, month)


def period_of(manifest: dict[str, Any]) -> str:
    """``2024-03`` of a month, ``2024`` of a year; nothing where a manifest names none."""
    year, month = manifest.get("year"), manifest.get("month")
    if not isinstance(year, int):
        return ""
    return f"{year}-{month:02d}" if isinstance(month, int) else str(year)


def reconcile() -> Reconciled:
    """Bring the catalogue to what the folders hold, for every area: at start, and when asked."""
    found: list[str] = []
    lost: list[str] = []
    sealed: list[str] = []
    broken: list[str] = []
    for area in Area.objects.values_list("code", flat=True):
        actor = system_actor(area)
        for kind in KINDS:
            place = folder_of_kind(area, kind)
            here = {p.name for p in place.iterdir() if (p / runs.MANIFEST).is_file()} if place.is_dir() else set()
            rows = {row.name: row for row in Result.objects.filter(area=area, kind=kind)}
            for name in sorted(here - rows.keys()):
                rows[name] = add_result(actor, area=area, kind=kind, name=name)
                found.append(f"{area}/{kind}/{name}")
            for name in sorted(rows.keys() - here):
                if rows[name].state != LOST:
                    _note(actor, rows[name], LOST)
                    lost.append(f"{area}/{kind}/{name}")
            for name in sorted(here & {n for n, row in rows.items() if row.state == LOST}):
                _note(actor, rows[name], MADE)
                found.append(f"{area}/{kind}/{name}")
        try:
            for seal in runs.read_seals(folder_of_kind(area, "run")):
                row = Result.objects.filter(area=area, kind="run", name=seal.run).exclude(state=SEALED).first()
                if row is not None:
                    _note(actor, row, SEALED)
                    sealed.append(f"{area}/run/{seal.run}")
        except DrgpayError:
            broken.append(area)
    return Reconciled(tuple(found), tuple(lost), tuple(sealed), tuple(broken))


def _note(actor: Actor, row: Result, state: str) -> None:
    with transaction.atomic():
        before, row.state = row.state, state
        row.save(update_fields=["state"])
        trail.record(actor, "result.state", f"result:{row.pk}", before={"state": before}, after={"state": state})
