"""Taking files: what is on the screen as a workbook, and statements as papers; recorded with their digest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import QueryDict

from drgpay.report.papers import paper_of, to_pdf, to_xlsx
from drgpay.runs import Scope, View, browse, columns_of, export_rows
from drgpay_web import clock, store, trail
from drgpay_web.papers import excel
from drgpay_web.papers.models import Download
from drgpay_web.people import Act, Actor, NotThere, Unit, role_words
from drgpay_web.store import Result
from drgpay_web.ui import Unfit, w
from drgpay_web.ui.summaries import answer, ordered, question_of, totals_of
from drgpay_web.ui.tables import view_from

HOURS = 24
"""how long a file can be fetched"""
Make = Callable[[Path, str], int]
"""writes the file with the mark it carries, and says how many rows it has"""


def scope_of(actor: Actor, persons: bool) -> Scope:
    """Whose rows may be taken, with or without persons. Raises Refused."""
    actor.need(Act.EXPORT_PERSONS if persons else Act.EXPORT_TABLE)
    return actor.scope(Act.EXPORT_PERSONS if persons else Act.EXPORT_TABLE)


def view_taken(actor: Actor, result: Result, table: str, asked: QueryDict, persons: bool) -> View:
    """The view an address asks for, as it is taken; with persons their columns stand behind the others."""
    place, scope = store.folder(result), scope_of(actor, persons)
    view = view_from(asked, place, table, scope)
    if not persons or not view.columns:
        return view
    hidden = set(scope_of(actor, persons=False).hidden(browse(place, view, limit=0, totals=False).table))
    more = (c.name for c in columns_of(place, View(table, scope=scope)) if c.name in hidden)
    return replace(view, columns=tuple(dict.fromkeys((*view.columns, *more))))


def table_file(
    actor: Actor, *, result: Result, table: str, asked: QueryDict, persons: bool, reason: str, lang: str
) -> Download:
    """A selection of a table as a workbook."""
    place, view = store.folder(result), view_taken(actor, result, table, asked, persons)
    page = browse(place, view, limit=0)
    if not store.table_seen(actor, page.table):
        raise NotThere
    title = page.table.name.replace("_", " ") if lang == "en" else page.table.zh

    def make(target: Path, mark: str) -> int:
        return excel.write(
            target, title=title, mark=mark, columns=page.columns, rows=chain.from_iterable(export_rows(place, view)),
            sums=page.sums, total=w("ui.total", lang), lang=lang, names=store.names_in(result),
        )  # fmt: skip

    return _keep(actor, result, title, make, "xlsx", persons=persons, reason=reason, lang=lang)


def summary_file(actor: Actor, *, result: Result, asked: QueryDict, reason: str, lang: str) -> Download:
    """Sums as a workbook."""
    question = question_of(asked, "institution_id")
    summary = answer(question, store.beside(actor, result), scope_of(actor, persons=False))
    names, fixed = store.names_in(result), {one.column: one.value for one in question.where}
    title = w("papers.sums", lang)

    def make(target: Path, mark: str) -> int:
        return excel.write(
            target, title=title, mark=mark, columns=summary.columns, rows=ordered(summary, question.sort),
            sums={column.name: value for column, value in totals_of(summary)}, total=w("ui.total", lang), lang=lang,
            names=lambda column, row: names(column, {**fixed, **row}),
        )  # fmt: skip

    return _keep(actor, result, title, make, "xlsx", persons=False, reason=reason, lang=lang)


def statement_file(
    actor: Actor, *, result: Result, unit: Unit, kind: str, form: str, reason: str, lang: str
) -> Download:
    """A paper of an institution. ``kind``: of ``drgpay.report.papers.KINDS``; ``form``: pdf or xlsx."""
    paper = paper_of(store.folder(result), kind, unit.code, lang)

    def make(target: Path, mark: str) -> int:
        marked = replace(paper, trace=f"{paper.trace} · {mark}")
        if form == "pdf":
            to_pdf(marked, target)
        else:
            to_xlsx(marked, target)
        return 0

    return _keep(actor, result, paper.title, make, form, persons=False, reason=reason, lang=lang, unit=unit)


def _keep(
    actor: Actor, result: Result, title: str, make: Make, form: str, *, persons: bool, reason: str, lang: str,
    unit: Unit | None = None,
) -> Download:  # fmt: skip
    """Write the file, then enter it. The file is kept under a random name."""
    if not reason.strip():
        raise Unfit("papers.reason_needed")
    forget_expired()
    serial = f"{clock.today():%Y%m%d}-{secrets.token_hex(4).upper()}"
    whose = unit or actor.unit
    stored = f"{secrets.token_hex(16)}.{form}"
    target = exports() / stored
    try:
        rows = make(target, mark_of(actor, result, serial, lang))
        content = target.read_bytes()
        now = clock.real_now()
        with transaction.atomic():
            made = Download.objects.create(
                person=actor.person, unit=whose, result=result, serial=serial, stored=stored, rows=rows,
                name=f"{_plain(whose.name)}_{result.period}_{_plain(title)}_{serial}.{form}", persons=persons,
                sha256=hashlib.sha256(content).hexdigest(), size=len(content), reason=reason.strip()[:500],
                at=now, until=now + timedelta(hours=HOURS),
            )  # fmt: skip
            act = Act.EXPORT_PERSONS if persons else Act.EXPORT_TABLE
            after = {"sha256": made.sha256, "rows": rows, "serial": serial, "result": result.digest}
            trail.record(actor, act, f"download:{made.pk}", after=after, reason=made.reason)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return made


def mark_of(actor: Actor, result: Result, serial: str, lang: str) -> str:
    """Whose the file is: name, role, unit, time, serial, and the digest of the result it is made of."""
    return w(
        "papers.mark", lang, name=actor.person.name, role=role_words(actor.role, lang), unit=actor.unit.name,
        at=clock.now().strftime("%Y-%m-%d %H:%M"), serial=serial, digest=result.digest[:16],
    )  # fmt: skip


def exports() -> Path:
    """Where files lie until they expire."""
    place = Path(settings.HOME) / "exports"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def forget_expired() -> None:
    """Remove the files whose time is over; that they were taken stays known."""
    for over in Download.objects.filter(until__lt=clock.real_now()).exclude(stored=""):
        (exports() / over.stored).unlink(missing_ok=True)
        Download.objects.filter(pk=over.pk).update(stored="")


def _plain(text: str) -> str:
    """A text as a part of a file's name."""
    return "".join(sign if sign.isalnum() else "-" for sign in text)[:60]


def payload_of(
    result: Result, table: str, asked: QueryDict, persons: bool, reason: str, lang: str
) -> Mapping[str, Any]:
    """What a job needs to take the same later."""
    return {"result": result.pk, "table": table, "asked": asked.urlencode(), "persons": persons, "reason": reason,
            "lang": lang, "back": "/downloads"}  # fmt: skip
