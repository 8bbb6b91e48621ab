"""What the search finds of the practice of the area: parameters by name, meaning and source, and notices."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlencode

from django.urls import reverse

from drgpay import runs
from drgpay_web import clock, store
from drgpay_web.people import Act, Actor
from drgpay_web.ui.finding import Finder, Found, holds

_notices_seen = lru_cache(maxsize=8)(runs.notices_seen)


def _parameters(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    name = store.practice_of(actor.area)
    page = reverse("policy", args=[name])
    for one in store.parameters(actor.area, lang):
        if holds(asked, one.title, one.meaning, one.source, one.clause) or one.name.startswith(asked):
            source = " ".join(part for part in (one.source, one.clause) if part)
            note = " · ".join(part for part in (one.said, source) if part)
            yield Found(one.title, f"{page}?{urlencode({'q': one.title, 'all': 1})}", note)


def _notices(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    name = store.practice_of(actor.area)
    page = reverse("policy-notices", args=[name])
    for one in _notices_seen(store.practice_source(actor.area), clock.today(), lang):
        if holds(asked, one.document, one.id):
            yield Found(one.document, page, str(one.in_force))


FINDERS = (
    Finder("policy.found_parameters", Act.POLICY_SEE, 70, _parameters),
    Finder("policy.found_notices", Act.POLICY_SEE, 71, _notices),
)
