"""Stays in house (在院测算): a hospital's file beside the record, replaced by the next, deleted after its days."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction

from drgpay import runs
from drgpay_web import clock, flow, inbox, jobs, store
from drgpay_web.flow.machine import Values
from drgpay_web.people import Act, Actor, Person, Role, Unit, system_actor
from drgpay_web.ui import w

MACHINE, READ = "in_house", "hospital.in_house"
HELD = ("received", "reading", "ready", "unreadable")


def hand_over(actor: Actor, *, chunks: Iterable[bytes], name: str) -> flow.Case:
    """Take a hospital's file of stays in house and have it worked out; the one before is replaced. It is kept apart
    from what is handed in to the bureau. Raises inbox.NotKept."""
    house = actor.unit
    actor.need(Act.IN_HOUSE_UPLOAD, house)
    kept = inbox.keep(chunks, name, kinds=inbox.DATA, limit=store.UPLOAD_LIMIT)
    with transaction.atomic():
        store.lock(actor.area)
        older = list(flow.Case.objects.filter(machine=MACHINE, unit=house, state__in=HELD))
        data = {"stored": kept.stored, "name": kept.name, "sha256": kept.sha256}
        case = flow.open_case(actor, machine=MACHINE, unit=house, subject=kept.name, data=data)
        for one in older:
            flow.do(system_actor(actor.area), one, "replace", version=one.version)
        return flow.do(actor, case, "read", version=case.version)


def latest(house: Unit) -> flow.Case | None:
    """The stays in house that a hospital has handed over last, as far as they could be read."""
    return flow.Case.objects.filter(machine=MACHINE, unit=house, state="ready").order_by("-pk").first()


def place_of(case: flow.Case) -> Path:
    """The folder of what was worked out: no run and no region reads it."""
    return store.area_folder(case.area) / "in_house" / case.number


def until(case: flow.Case) -> date:
    """The last day on which it is kept."""
    terms = runs.office_terms(store.practice_source(case.area), clock.today())
    return clock.today() + timedelta(terms.in_house_days)


def read(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have the file read."""
    job = jobs.order(
        actor, kind=READ, area=case.area, key=f"{READ}:{case.pk}", unit=case.unit,
        payload={"case": case.pk, "back": "/in-house"},
    )  # fmt: skip
    case.data["job"] = job.pk


def found(case: flow.Case, actor: Actor, values: Values) -> None:
    """The stays are worked out: the file itself is not kept."""
    _forget_file(case)


def forget(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nothing of it is kept but that it was there."""
    _forget_file(case)
    transaction.on_commit(partial(shutil.rmtree, place_of(case), ignore_errors=True))


def _forget_file(case: flow.Case) -> None:
    if stored := case.data.pop("stored", ""):
        transaction.on_commit(partial(inbox.path_of(stored).unlink, missing_ok=True))


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """How many stays, by which period, what was left out, or why it cannot be read."""
    data = case.data
    rows: list[tuple[str, str, str]] = []
    if case.state == "ready":
        rows.append(("hospital.in_house_n", str(data["n"]), "/in-house"))
    if data.get("period"):
        rows.append(("hospital.in_house_period", data["period"], ""))
    for name in ("discharged", "elsewhere", "rejected"):
        if data.get(name):
            rows.append((f"hospital.in_house_{name}", str(data[name]), ""))
    for name in ("unpriced", "error"):
        if said := data.get(name):
            text = " → ".join(said[part] for part in (lang, f"fix_{lang}") if said[part])
            rows.append((f"hospital.in_house_{name}", text, ""))
    if case.open:
        rows.append(("hospital.in_house_kept", w("hospital.in_house_kept_said", lang), ""))
    return rows


def worked_out(case: flow.Case, work: Path) -> dict[str, Any]:
    """Read the file of a case into its folder; what there is to say of it. For a job."""
    reader = _reader(case)
    result = next(iter(store.periods_seen(reader)), None)
    run, *others = store.beside(reader, result) if result else [None]
    place = place_of(case)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    file = work / case.data["name"]
    file.symlink_to(inbox.path_of(case.data["stored"]))
    done = runs.stays_in_house(
        file, place, work=work / "read", institution=case.unit.code, region=case.area, on=clock.today(), run=run,
        others=[one for one in others if one], scheme=store.USUAL,
    )  # fmt: skip
    said: dict[str, Any] = {
        "n": done.n, "discharged": done.discharged, "elsewhere": done.elsewhere, "priced": done.priced,
        "period": done.period, "rejected": done.upload.rows - done.n - done.discharged - done.elsewhere,
    }  # fmt: skip
    for name, error in (("error", done.upload.error), ("unpriced", done.unpriced)):
        if error is not None:
            said[name] = {part: getattr(error, part) for part in ("zh", "en", "fix_zh", "fix_en")}
    return said


def _reader(case: flow.Case) -> Actor:
    """The hospital's insurance office, whoever it is: what it may see prices its stays."""
    return Actor(Person.objects.system(), None, Role.H1, case.unit, case.area)
