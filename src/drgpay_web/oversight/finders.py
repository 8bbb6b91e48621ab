"""What the search finds of oversight: its rules, leading to what they found last."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse

from drgpay import runs
from drgpay_web.people import Act, Actor
from drgpay_web.ui.finding import Finder, Found, holds


def _rules(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    for rule in runs.oversight_rules():
        said, term = rule.said[lang == "en"], rule.term[lang == "en"]
        if holds(asked, said, term, rule.id):
            yield Found(said, f"{reverse('oversight-leads')}?{urlencode({'rule': rule.id})}", term)


FINDERS = (Finder("oversight.found_rules", Act.SUSPICION_LEADS, 75, _rules),)
