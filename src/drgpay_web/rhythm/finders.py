"""What the search finds of announcements: by title and text, of those that are for the reader."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse

from drgpay_web.people import Act, Actor
from drgpay_web.rhythm.announcement_reads import kind_words, latest
from drgpay_web.ui.finding import MOST, Finder, Found


def _announcements(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    fitting = latest(actor).exclude(case__state="withdrawn")
    fitting = fitting.filter(Q(title__icontains=asked) | Q(text__icontains=asked))
    for one in fitting[: MOST + 1]:
        kind = kind_words(str(one.case.data.get("kind", "")), lang)
        yield Found(one.title, reverse("announcement", args=[one.case_id]), f"{kind} · {one.day}")


FINDERS = (Finder("rhythm.found_announcements", Act.ANNOUNCEMENT_READ, 50, _announcements),)
