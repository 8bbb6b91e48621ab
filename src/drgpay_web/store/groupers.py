"""The groupers of an area's results, kept ready."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from django.db.models import Max

from drgpay.errors import DrgpayError
from drgpay.runs import Grouper, read_manifest
from drgpay_web.people import Actor
from drgpay_web.store.catalogue import LOST, folder
from drgpay_web.store.models import Result
from drgpay_web.store.seen import periods_seen

USUAL = "chs-drg-2.0"
"""the grouping scheme where an area has no result yet"""


def grouper_of(actor: Actor, result: Result | None = None) -> Grouper:
    """The grouper of a result; without one, of the latest the actor may see."""
    chosen = result or next(iter(periods_seen(actor)), None)
    if chosen is None:
        return _loaded(USUAL, ())
    return _of(chosen)


def warm() -> None:
    """Make the grouper of every area's newest result ready, for which the first to ask would wait for seconds. What
    cannot be read is left to the page that asks for it."""
    newest = Result.objects.filter(kind="run").exclude(state=LOST).values("area").annotate(last=Max("pk"))
    for result in Result.objects.filter(pk__in=newest.values("last")):
        with suppress(DrgpayError, OSError):
            _of(result)


def _of(result: Result) -> Grouper:
    said = read_manifest(folder(result))
    return _loaded(said["scheme"], tuple(said["switches"]))


@lru_cache(maxsize=4)
def _loaded(scheme: str, switches: tuple[str, ...]) -> Grouper:
    return Grouper(scheme, switches)
