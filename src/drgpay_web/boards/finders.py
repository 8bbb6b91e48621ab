"""What the search finds of results: stays by their number, groups, institutions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from django.urls import reverse

from drgpay.runs import View, Where, browse
from drgpay.tables import SETTLED_STAYS
from drgpay_web import store, trail
from drgpay_web.boards.periods import period_words
from drgpay_web.boards.stay import stays_scope
from drgpay_web.people import Act, Actor
from drgpay_web.ui import field_word, w
from drgpay_web.ui.finding import Finder, Found, holds

_ADRG = re.compile(r"[A-Z]{2}[0-9]")
_NUMBER = re.compile(r"[\w.\-/]{3,}", re.ASCII)
"""what may be the number of a stay: no name of a person is"""


def _stays(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    """A stay by its whole number, in every period that has it; that one was found is a look at it."""
    scope = stays_scope(actor, asked)
    if scope.nobody or not _NUMBER.fullmatch(asked):
        return
    columns = ("stay_id", "institution_id", "drg")
    view = View(SETTLED_STAYS.name, columns, (Where("stay_id", "is", asked),), scope=scope)
    for result in store.periods_seen(actor):
        for row in browse(store.folder(result), view, limit=1, totals=False).rows:
            trail.record(actor, Act.STAY_SEE, f"stay:{result.pk}/{asked}")
            names = store.names_in(result)
            house, group = names("institution_id", row), names("drg", row)
            note = f"{period_words(result, lang)} · {house} · {row['drg'] or ''} {group}"
            yield Found(asked, reverse("stay", args=[result.pk, asked]), note.strip(" ·"))


def _groups(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    """Groups of the latest period by code or name, an adjacent DRG (ADRG) by its code; each leads to its stays."""
    latest = next(iter(store.periods_seen(actor)), None)
    if latest is None:
        return
    names, code = store.group_names(latest), asked.upper()
    if _ADRG.fullmatch(code) and (inside := [drg for drg in names if drg.startswith(code)]):
        said = w("boards.found_adrg", lang, count=len(inside))
        yield Found(code, _of_groups(actor, latest, {"drg.in": inside}), said)
    for drg, name in names.items():
        if drg.startswith(code) or holds(asked, name):
            yield Found(f"{drg} {name}", _of_groups(actor, latest, {"drg.is": drg}), period_words(latest, lang))


def _of_groups(actor: Actor, result: store.Result, where: dict[str, str | list[str]]) -> str:
    """The stays of groups; for who sees none of them, their sums."""
    stays = actor.may(Act.STAY_SEE)
    asked = {"period": result.pk, **where} if stays else {"period": result.pk, "by": "drg", **where}
    return f"{reverse('board-stays' if stays else 'board-drill')}?{urlencode(asked, doseq=True)}"


def _institutions(actor: Actor, asked: str, lang: str) -> Iterable[Found]:
    board = reverse("board-payment")
    return (
        Found(
            unit.name,
            f"{board}?{urlencode({'institution_id.is': unit.code})}",
            f"{field_word('institution', lang)} {unit.code}",
        )
        for unit in actor.institutions(Act.BOARD_INSTITUTION)
        if holds(asked, unit.name, unit.code)
    )


FINDERS = (
    Finder("boards.found_stays", Act.STAY_SEE, 10, _stays),
    Finder("boards.found_groups", Act.BOARD_DEPARTMENT, 20, _groups),
    Finder("boards.found_institutions", Act.BOARD_INSTITUTION, 30, _institutions),
)
