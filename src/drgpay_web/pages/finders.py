"""What the search finds of the office itself: its pages, terms, and the guide."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from drgpay_web.pages.glossary import entries, terms_with
from drgpay_web.pages.guide import guide
from drgpay_web.people import Act, Actor
from drgpay_web.ui import w
from drgpay_web.ui.finding import Finder, Found, holds
from drgpay_web.ui.navigation import open_to


def _places(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    """The pages of the menu."""
    for place in open_to(actor):
        title = w(place.key, lang)
        if holds(asked, title):
            yield Found(title, place.address, w(f"ui.group_{place.group}", lang))


def _terms(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    """Terms with what they are, then names of the dictionary."""
    page = reverse("glossary")
    for term in terms_with(asked):
        yield Found(term.name(lang), f"{page}#{term.id}", term.said(lang))
    for one in entries(asked):
        name, where = (one.en, one.where_en) if lang == "en" else (one.zh, one.where_zh)
        yield Found(name, f"{page}?{urlencode({'q': one.name})}", where)


def _help(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    """The parts of the guide of one's role."""
    for part in guide(actor.role, lang):
        if holds(asked, part.text):
            text = part.text.replace("**", "").replace("`", "")
            yield Found(part.heads[0] if part.heads else text[:40], f"{reverse('help')}#{part.id}", text[:120])


FINDERS = (
    Finder("pages.found_places", Act.WORK_SEE, 5, _places),
    Finder("pages.found_terms", Act.GLOSSARY_SEE, 90, _terms),
    Finder("pages.found_help", Act.GLOSSARY_SEE, 95, _help),
)
