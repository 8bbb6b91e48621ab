"""Taking files: what is on the screen as a workbook, and papers; recorded with their digest. Changing their texts."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import QueryDict

from drgpay.report.papers import PRINTERS, Paper, Table
from drgpay.runs import Scope, View, browse, columns_of, export_rows
from drgpay_web import clock, flow, store, trail
from drgpay_web.papers import excel, texts
from drgpay_web.papers.models import Download, PaperText
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
    question = question_of(asked, "institution_id", peers=actor.may(Act.BOARD_PEERS))
    targets = store.terms_of_boards(actor.area).targets
    summary = answer(question, store.beside(actor, result), scope_of(actor, persons=False), targets)
    names, fixed = store.names_in(result), {one.column: one.value for one in question.where}
    title = w("papers.sums", lang)

    def make(target: Path, mark: str) -> int:
        return excel.write(
            target, title=title, mark=mark, columns=summary.columns, rows=ordered(summary, question.sort),
            sums={column.name: value for column, value in totals_of(summary)}, total=w("ui.total", lang), lang=lang,
            names=lambda column, row: names(column, {**fixed, **row}),
        )  # fmt: skip

    return _keep(actor, result, title, make, "xlsx", persons=False, reason=reason, lang=lang)


def paper_file(
    actor: Actor, paper: Paper, *, form: str, unit: Unit, period: str, reason: str, result: Result | None = None,
    case: flow.Case | None = None, persons: bool = False, act: str = "paper.take",
) -> Download:  # fmt: skip
    """A paper as a file with the taker's mark. ``form``: an ending of ``drgpay.report.papers.PRINTERS``; ``persons``:
    it names persons; ``act``: what the audit calls it. Who may have the paper is the caller's to say."""
    source = result.digest[:16] if result else case.number if case else paper.title
    return _write(
        actor, _Taken(unit, period, paper.title, form, paper.lang, persons, act, source, result, case),
        lambda target, mark, serial: _print(actor, paper, target, form, mark, serial), reason,
    )  # fmt: skip


def _print(actor: Actor, paper: Paper, target: Path, form: str, mark: str, serial: str) -> int:
    """Print a paper, and say how many rows its tables have."""
    behind = w("papers.behind", paper.lang, name=actor.person.name, unit=actor.unit.name, serial=serial)
    PRINTERS[form](replace(paper, trace=f"{paper.trace} · {mark}", mark=behind), target)
    return sum(len(block.rows) for block in paper.blocks if isinstance(block, Table))


@dataclass(frozen=True)
class _Taken:
    """What is taken of whom, under which permission, and what it was made from."""

    unit: Unit
    period: str
    title: str
    form: str
    lang: str
    persons: bool
    act: str
    source: str
    result: Result | None = None
    case: flow.Case | None = None


def _keep(
    actor: Actor, result: Result, title: str, make: Make, form: str, *, persons: bool, reason: str, lang: str
) -> Download:
    """Write a file of a result, then enter it."""
    act = Act.EXPORT_PERSONS if persons else Act.EXPORT_TABLE
    taken = _Taken(actor.unit, result.period, title, form, lang, persons, act, result.digest[:16], result)
    return _write(actor, taken, lambda target, mark, serial: make(target, mark), reason)


def _write(actor: Actor, taken: _Taken, make: Callable[[Path, str, str], int], reason: str) -> Download:
    """Write the file, then enter it. The file is kept under a random name."""
    if not reason.strip():
        raise Unfit("papers.reason_needed")
    serial = f"{clock.today():%Y%m%d}-{secrets.token_hex(4).upper()}"
    stored = f"{secrets.token_hex(16)}.{taken.form}"
    target = exports() / stored
    try:
        rows = make(target, mark_of(actor, taken.source, serial, taken.lang), serial)
        content = target.read_bytes()
        now = clock.real_now()
        parts = [_plain(part) for part in (taken.unit.name, taken.period, taken.title) if part]
        with transaction.atomic():
            made = Download.objects.create(
                person=actor.person, unit=taken.unit, result=taken.result, case=taken.case, serial=serial,
                stored=stored, rows=rows, name=f"{'_'.join([*parts, serial])}.{taken.form}", persons=taken.persons,
                sha256=hashlib.sha256(content).hexdigest(), size=len(content), reason=reason.strip()[:500],
                at=now, until=now + timedelta(hours=HOURS),
            )  # fmt: skip
            after = {"sha256": made.sha256, "rows": rows, "serial": serial, "source": taken.source}
            trail.record(actor, taken.act, f"download:{made.pk}", after=after, reason=made.reason)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return made


def mark_of(actor: Actor, source: str, serial: str, lang: str) -> str:
    """Whose the file is: name, role, unit, time, serial, and what it is made of (a result's digest, a case)."""
    return w(
        "papers.mark", lang, name=actor.person.name, role=role_words(actor.role, lang), unit=actor.unit.name,
        at=clock.now().strftime("%Y-%m-%d %H:%M"), serial=serial, digest=source,
    )  # fmt: skip


def change_texts(actor: Actor, *, kind: str, values: texts.Texts, reason: str) -> PaperText:
    """A new version of the texts of a kind of paper; papers made before keep theirs. Raises Unfit where nothing
    changed, no reason is given, or a mark is not known."""
    its = texts.kinds().get(kind)
    unit = text_owner(actor, its) if its else None
    if its is None or unit is None:
        raise NotThere
    actor.need(Act.TEXT_CHANGE, unit)
    if not reason.strip():
        raise Unfit("papers.text_reason")
    texts.check(its, values)
    with transaction.atomic():
        before, row = texts.standing(unit, kind, clock.now())
        parts = texts.differs(before, values)
        if not parts:
            raise Unfit("papers.text_same")
        last = PaperText.objects.select_for_update().filter(unit=unit, kind=kind).order_by("-number").first()
        made = PaperText.objects.create(
            unit=unit, kind=kind, number=(last.number if last else 0) + 1, values=values,
            reason=reason.strip()[:500], by=actor.person, at=clock.now(),
        )  # fmt: skip
        trail.record(
            actor, Act.TEXT_CHANGE, f"paper_text:{kind}", before={"number": row.number if row else 0},
            after={"number": made.number, "parts": parts}, reason=made.reason,
        )  # fmt: skip
    return made


def text_owner(actor: Actor, kind: texts.Kind) -> Unit | None:
    """Whose texts of a kind an actor looks at: his institution's own kinds, the bureau's the others."""
    root = actor.reach(Act.TEXT_SEE)
    if root is None or kind.house != (root.kind == Unit.INSTITUTION):
        return None
    return root


def exports() -> Path:
    """Where files lie until they expire."""
    place = Path(settings.HOME) / "exports"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def forget_expired() -> None:
    """Remove the files whose time is over; that they were taken stays known. One that was being made when the power
    was cut was never entered, and goes with them."""
    for over in Download.objects.filter(until__lt=clock.real_now()).exclude(stored=""):
        (exports() / over.stored).unlink(missing_ok=True)
        Download.objects.filter(pk=over.pk).update(stored="")
    since = (clock.real_now() - timedelta(hours=HOURS)).timestamp()
    old = [path for path in exports().iterdir() if path.stat().st_mtime < since]
    entered = set(Download.objects.filter(stored__in=[path.name for path in old]).values_list("stored", flat=True))
    for path in old:
        if path.name not in entered:
            path.unlink(missing_ok=True)


def _plain(text: str) -> str:
    """A text as a part of a file's name."""
    return "".join(sign if sign.isalnum() else "-" for sign in text)[:60]


def payload_of(
    result: Result, table: str, asked: QueryDict, persons: bool, reason: str, lang: str
) -> Mapping[str, Any]:
    """What a job needs to take the same later."""
    return {"result": result.pk, "table": table, "asked": asked.urlencode(), "persons": persons, "reason": reason,
            "lang": lang, "back": "/downloads"}  # fmt: skip
