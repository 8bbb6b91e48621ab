"""The practices of an area: those shipped, and versions adopted here, each a file that is never changed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import transaction

from drgpay import runs
from drgpay_web import clock, trail
from drgpay_web.people import Actor
from drgpay_web.store.actions import lock
from drgpay_web.store.catalogue import LOST, folder
from drgpay_web.store.models import Result
from drgpay_web.store.places import area_folder
from drgpay_web.ui import w
from drgpay_web.ui.once import once

KIND = "policy"
"""of the rows in the catalogue that say which versions were adopted"""
_VERSION = re.compile(r"(?P<of>.+)-v(?P<number>\d+)")


@once
def _own(area: str) -> list[Path]:
    """The files of the versions adopted here, the first first; a file without its row was never adopted."""
    names = Result.objects.filter(area=area, kind=KIND).order_by("pk").values_list("name", flat=True)
    return [area_folder(area) / "policies" / f"{name}.yaml" for name in names]


def _number(name: str) -> int:
    found = _VERSION.fullmatch(name)
    return int(found["number"]) if found else 0


def all_practices(area: str) -> tuple[runs.PracticeName, ...]:
    """Every practice by which something here was or can be settled, earlier versions too."""
    return tuple(_titled(one) for one in runs.practice_names(_own(area)))


def _titled(one: runs.PracticeName) -> runs.PracticeName:
    if one.id == one.of:
        return one
    zh, en = (w("store.practice_version", lang, title=getattr(one, lang), number=_number(one.id)) for lang in
              ("zh", "en"))  # fmt: skip
    return replace(one, zh=zh, en=en)


def practices(area: str) -> tuple[runs.PracticeName, ...]:
    """The practices by which a run can be ordered: of each the version that was adopted last."""
    last = {one.of: one for one in all_practices(area)}
    return tuple(last.values())


@once
def practice_of(area: str) -> str:
    """The practice by which an area settles: what it adopted last, else that of its latest run, else the one it
    starts from."""
    if own := _own(area):
        return own[-1].stem
    last = (
        Result.objects.filter(area=area, kind="run").exclude(state=LOST).select_related("pin").order_by("-pk").first()
    )
    said = "" if last is None else last.pin.policy if last.pin else runs.read_manifest(folder(last)).get("practice")
    return str(said) if said in _shipped() else runs.practice_of_area(area)


@lru_cache(maxsize=1)
def _shipped() -> frozenset[str]:
    """The practices that come with the program."""
    return frozenset(one.id for one in runs.practice_names())


def practice_source(area: str, name: str = "") -> str:
    """What the core is given to read a practice by: the id of a shipped one, the file of one adopted here; without a
    name that by which the area settles."""
    named = name or practice_of(area)
    return next((str(file) for file in _own(area) if file.stem == named), named)


_seen = lru_cache(maxsize=8)(runs.parameters_seen)


def parameters(area: str, lang: str) -> list[runs.ParameterSeen]:
    """The parameters of the practice of an area as they stand today, in words; kept, and changed by nobody."""
    return _seen(practice_source(area), clock.today(), None, lang)


def add_practice(actor: Actor, area: str, of: str, text: str, case: Any) -> str:
    """Keep the text of an adopted version of a practice, the file first, then its row, within the caller's
    transaction and permission; its name."""
    with transaction.atomic():
        lock(area)
        own = _own(area)
        name = f"{of}-v{_number(own[-1].stem) + 1 if own else 2}"
        place = area_folder(area) / "policies"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = place / f".{name}.partial"
        draft.unlink(missing_ok=True)  # of somebody who was killed; it may be read-only
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o400)
        draft.replace(place / f"{name}.yaml")
        digest = hashlib.sha256(text.encode()).hexdigest()
        Result.objects.create(area=area, kind=KIND, name=name, digest=digest, state="adopted", made_at=clock.now())
        trail.record(actor, "policy.version", f"practice:{name}", after={"case": case.number})
    return name
