"""Pages of failure: plain words, what to do, and the number under which the log has it."""

from __future__ import annotations

import errno
import logging
from uuid import uuid4

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from drgpay.errors import DrgpayError, Kind
from drgpay_web.ui.errors import PageError
from drgpay_web.ui.words import w

_LOG = logging.getLogger("drgpay_web")
STATUS = {Kind.USAGE: 400, Kind.BROKEN: 500, Kind.ENGINE: 503}
"""of a failure of core; the other kinds are 422"""


def show(request: HttpRequest, status: int, said: str = "", fix: str = "", number: str = "") -> HttpResponse:
    """The page of a failure; for a part of a page (htmx) only its message."""
    part = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-Boosted")
    page = "ui/failure_part.html" if part else "ui/failure.html"
    known = status if status in (400, 401, 403, 404, 409, 413, 422, 429, 503) else 500
    context = {"status": status, "title": f"ui.failure_{known}", "said": said, "fix": fix, "number": number}
    return render(request, page, context, status=status)


def answer(request: HttpRequest, error: Exception, lang: str) -> HttpResponse | None:
    """The page of an error that is meant for people; None of a defect."""
    if disk_is_full(error):
        return show(request, 503, w("ui.disk_full", lang))
    if isinstance(error, PageError):
        return show(request, error.status, error.said(lang))
    if isinstance(error, DrgpayError):
        said, fix = (error.en, error.fix_en) if lang == "en" else (error.zh, error.fix_zh)
        place = error.place()
        return show(request, STATUS.get(error.kind, 422), f"{said} ({place})" if place else said, fix)
    return None


def disk_is_full(error: BaseException) -> bool:
    """There is no room on the disk for what was to be kept; the data base says it in words of its own."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or (isinstance(error, DatabaseError) and "disk is full" in str(error))


def wrong(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return show(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return show(request, 403)


def not_there(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return show(request, 404)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without this browser's token, or one that is older than the sign-in."""
    return show(request, 409)


def broken(request: HttpRequest) -> HttpResponse:
    """A defect of the program: a number to name, nothing of the inside."""
    number = uuid4().hex[:8]
    _LOG.error("defect %s at %s", number, request.path)
    return show(request, 500, number=number)
