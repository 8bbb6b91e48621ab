"""Pins, the regions composed from them, and what changed between two."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import Max

from drgpay import runs
from drgpay.tables import BATCHES
from drgpay_web import clock, trail
from drgpay_web.people import Actor
from drgpay_web.store.actions import lock
from drgpay_web.store.models import Pin, RegisterRow
from drgpay_web.store.places import record, region_of
from drgpay_web.store.reads import rows_until

MARK = "office"


@dataclass(frozen=True)
class Changed:
    """What a later pin has more than an earlier one: numbers of batches, and register rows (table, key)."""

    batches: tuple[int, ...]
    rows: tuple[tuple[str, str], ...]
    policy: bool
    scheme: bool


def pin(actor: Actor, area: str, policy: str, scheme: str, calendar: str = "") -> Pin:
    """Note what the record holds now, for a run; the same again is the same pin. ``calendar``: what stands for the
    working days in force."""
    with transaction.atomic():
        lock(area)
        last = RegisterRow.objects.filter(area=area, owner="").aggregate(last=Max("pk"))["last"] or 0
        found, made = Pin.objects.get_or_create(
            area=area, last_batch=last_batch(area), last_row=last, policy=policy, scheme=scheme, day=clock.today(),
            calendar=hashlib.sha256(calendar.encode()).hexdigest(),
            defaults={"name": _next_name(area), "at": clock.now(), "by": actor.person},
        )  # fmt: skip
        if made:
            trail.record(
                actor, "store.pin", f"pin:{area}/{found.name}",
                after={"last_batch": found.last_batch, "last_row": found.last_row},
            )  # fmt: skip
    return found


def now(area: str, policy: str, scheme: str) -> Pin:
    """A pin of what the record holds at this moment that is not kept, to compare with."""
    last = RegisterRow.objects.filter(area=area, owner="").aggregate(last=Max("pk"))["last"] or 0
    return Pin(area=area, last_batch=last_batch(area), last_row=last, policy=policy, scheme=scheme)


def last_batch(area: str) -> int:
    """The number of the last batch that was handed in; 0 where there is none."""
    register = record(area) / f"{BATCHES.name}.csv"
    rows = runs.check_rows(BATCHES, runs.read_rows(register, BATCHES)).rows if register.is_file() else []
    return max((row["batch"] for row in rows), default=0)


def _next_name(area: str) -> str:
    return f"v{Pin.objects.filter(area=area).count() + 1:05d}"


def compose(pin: Pin) -> Path:
    """The region of a pin: a read-only folder, made when it is not there yet."""
    target = region_of(pin.area, pin.name)
    if target.is_dir():
        return target
    registers = rows_until(pin.area, pin.last_row)
    marks = {"composed_by": MARK, "pin": pin.name}
    runs.compose(record(pin.area), registers, target, last_batch=pin.last_batch, marks=marks)
    return target


def compose_now(area: str, target: Path) -> Path:
    """The region as the record stands now, in a folder of the caller's, for a look that nothing is kept of."""
    last = RegisterRow.objects.filter(area=area, owner="").aggregate(last=Max("pk"))["last"] or 0
    return runs.compose(record(area), rows_until(area, last), target, marks={"composed_by": MARK}).folder


def changed_since(earlier: Pin, later: Pin) -> Changed:
    """What the record has more at the later pin than at the earlier one."""
    rows = RegisterRow.objects.filter(
        area=later.area, owner="", pk__gt=earlier.last_row, pk__lte=later.last_row
    ).order_by("table", "key")
    return Changed(
        tuple(range(earlier.last_batch + 1, later.last_batch + 1)),
        tuple(rows.values_list("table", "key").distinct()),
        earlier.policy != later.policy,
        earlier.scheme != later.scheme,
    )
