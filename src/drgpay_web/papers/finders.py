"""What the search finds of files: one's own by serial or name; whose a serial is, for who may find that out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from drgpay_web import clock
from drgpay_web.papers.models import Download
from drgpay_web.people import Act, Actor
from drgpay_web.ui import w
from drgpay_web.ui.finding import MOST, Finder, Found
from drgpay_web.ui.templatetags.office import moment

_SERIAL = re.compile(r"\d{8}-[0-9A-Fa-f]{8}")


def _downloads(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    mine = Download.objects.filter(Q(serial__icontains=asked) | Q(name__icontains=asked), person=actor.person)
    for one in mine.order_by("-pk")[: MOST + 1]:
        there = one.stored and one.until > clock.real_now()
        state = w("papers.found_until" if there else "papers.found_gone", lang, until=moment(one.until))
        yield Found(one.name, f"{reverse('downloads')}#d{one.pk}", f"{one.serial} · {state}")


def _serials(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    """The page that says whose file it is; it keeps that somebody asked."""
    if _SERIAL.fullmatch(asked):
        yield Found(
            asked.upper(), f"{reverse('which-file')}?{urlencode({'asked': asked})}", w("papers.found_which", lang)
        )


FINDERS = (
    Finder("papers.found_downloads", Act.DOWNLOAD_SEE, 60, _downloads),
    Finder("papers.found_serials", Act.EXPORT_FIND, 61, _serials),
)
