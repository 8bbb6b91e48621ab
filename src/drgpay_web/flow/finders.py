"""What the search finds of cases: by number, title, unit, or a stay they are about."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from drgpay_web.flow.lists import about
from drgpay_web.flow.reads import cases_of, state_words
from drgpay_web.people import Act, Actor
from drgpay_web.ui import w
from drgpay_web.ui.finding import MOST, Finder, Found


def _cases(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    """Cases, the latest first."""
    for case in cases_of(actor).filter(about(asked)).order_by("-pk")[: MOST + 1]:
        told = (case.number, case.period, case.unit.name, state_words(actor, case))
        title = f"{w(case.rules.words, lang)} {case.subject}".strip()
        yield Found(title, reverse("case", args=[case.pk]), " · ".join(one for one in told if one))


FINDERS = (Finder("flow.found_cases", Act.WORK_SEE, 40, _cases),)
