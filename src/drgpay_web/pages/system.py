"""How the office itself is: versions, data base, disk, worker, jobs, the last backup; and whether it is ready."""

from __future__ import annotations

import platform
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import django
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from drgpay.errors import DrgpayError
from drgpay_web import jobs
from drgpay_web.people import Act, door, needs_nobody
from drgpay_web.sending.actions import standing
from drgpay_web.sending.switches import switches
from drgpay_web.ui import lang_of, w

GIB = 1024**3
LEAST_FREE = 2 * GIB
"""bytes; with less the page warns"""
STALE_DAYS = 2
"""after so many days without a backup the page warns"""


@door(Act.SYSTEM_SEE)
@require_safe
def system(request: HttpRequest) -> HttpResponse:
    """The page of the system's state."""
    lang = lang_of(request)
    disk, kept = shutil.disk_usage(settings.HOME), _last_backup()
    counts = dict(jobs.Job.objects.values_list("state").annotate(n=Count("pk")))
    at_work = jobs.is_at_work()
    rows = [
        ("pages.system_version", f"drgpay {version('drgpay')}", ""),
        ("pages.system_program", f"Python {platform.python_version()} · Django {django.__version__}", ""),
        ("pages.system_database", _data_base(), ""),
        ("pages.system_worker", w("pages.system_up" if at_work else "pages.system_down", lang),
         "" if at_work else "bad"),
        ("pages.system_jobs", w("pages.system_counts", lang, queued=counts.get("queued", 0),
                                running=counts.get("running", 0), failed=counts.get("failed", 0)), ""),
        ("pages.system_disk", w("pages.system_free", lang, free=disk.free // GIB, total=disk.total // GIB),
         "bad" if disk.free < LEAST_FREE else ""),
        ("pages.system_sending", _sending(lang), ""),
        ("pages.system_backup", _when(kept, lang), "bad" if _is_stale(kept) else ""),
    ]  # fmt: skip
    return render(request, "pages/system.html", {"rows": rows})


def _sending(lang: str) -> str:
    """Whether notices leave the machine, and how many wait or were given up."""
    try:
        on = switches()
    except DrgpayError as error:
        return error.en if lang == "en" else error.zh
    if not (on.mail or on.webhook):
        return w("pages.system_sending_off", lang)
    return w("pages.system_sending_on", lang, **standing())


@needs_nobody
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Says that the office is up; with ``?ready`` whether its data base answers and its worker is at work (503 where
    not), and nothing else."""
    wrong = _wrong() if "ready" in request.GET else ""
    return HttpResponse(f"{wrong or 'up'}\n", content_type="text/plain", status=503 if wrong else 200)


def _wrong() -> str:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "no data base"
    return "" if jobs.is_at_work() else "no worker"


def _data_base() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        found: Any = cursor.fetchone()
    return f"{connection.display_name} {found[0]}"


def _last_backup() -> datetime | None:
    path = settings.LAST_BACKUP
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


def _when(kept: datetime | None, lang: str) -> str:
    return timezone.localtime(kept).strftime("%Y-%m-%d %H:%M") if kept else w("pages.system_never", lang)


def _is_stale(kept: datetime | None) -> bool:
    return kept is None or (timezone.now() - kept).days >= STALE_DAYS
