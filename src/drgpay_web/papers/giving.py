"""Giving papers to people: at once where nothing of it is the house's own, else asked for a reason and kept as a file
with the taker's mark for a day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from drgpay.report.papers import Column as Head
from drgpay.report.papers import Line, Paper, Table, paper_of
from drgpay.tables import Column
from drgpay_web import clock, flow, store, trail
from drgpay_web.papers import actions, texts
from drgpay_web.people import Act, Actor, NotThere, Unit, actor_of
from drgpay_web.store import Result
from drgpay_web.ui import LANGUAGES, Unfit, downloads, lang_of, w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import kind_of, paper_kind

ENDINGS = ("pdf", "docx", "xlsx")


@dataclass(frozen=True)
class Offer:
    """A paper that somebody may have. ``kind``: of the texts; ``made``: it in a language, without them; ``unit`` and
    ``period``: what of; ``at``: the moment whose texts it has; None: it has its texts already. ``persons``: it names
    some; ``values``: of the marks of its texts; ``by``: who made it."""

    kind: str
    unit: Unit
    period: str
    made: Callable[[str], Paper]
    at: datetime | None
    case: flow.Case | None = None
    result: Result | None = None
    persons: bool = False
    values: Callable[[str], Mapping[str, str]] = field(default=lambda lang: {})
    endings: tuple[str, ...] = ENDINGS
    by: str = ""

    def paper(self, lang: str) -> Paper:
        """The paper with its texts, and in its trace who made it and when."""
        made = self.made(lang)
        if self.at is None:
            return made
        if self.case:
            made = flow.with_contact(made, self.case.area, self.case.rules.contact)
        number = {"number": self.case.number} if self.case else {}
        dressed = texts.dressed(made, self.kind, self.unit, self.at, number | dict(self.values(lang)))
        day = self.at.astimezone(clock.SHANGHAI).date().isoformat()
        return replace(dressed, trace=f"{dressed.trace} · {w('papers.made_by', lang, name=self.by or '–', day=day)}")


def made_by(case: flow.Case, states: tuple[str, ...]) -> tuple[datetime, str]:
    """When a case first came to one of the states in which it has a paper, and by whom."""
    steps = flow.standing_steps(list(case.steps.select_related("person")))
    first = next((step for step in steps if step.target in states), None)
    return (first.at, first.person.name) if first else (case.opened_at, case.opened_by.name)


def case_offer(case: flow.Case, name: str) -> tuple[Offer, bool] | None:
    """The paper of a case, and whether it is the house's own; None where it has none of that name now."""
    its = next((one for one in case.rules.papers if one.name == name and one.there(case)), None)
    if its is None:
        return None
    values = its.values
    at, by = made_by(case, its.states)
    offer = Offer(
        f"{case.machine}.{name}", case.unit, case.period, lambda lang: its.made(case, lang),
        at, case, persons=its.inside, by=by,
        values=(lambda lang: values(case, lang)) if values else (lambda lang: {}),
    )  # fmt: skip
    return offer, its.inside


def statement_offer(result: Result, unit: Unit, kind: str, case: flow.Case | None = None) -> Offer:
    """A paper of a statement (of ``drgpay.report.papers.KINDS``)."""
    return Offer(
        f"statement.{kind}", unit, result.period,
        lambda lang: paper_of(store.folder(result), kind, unit.code, lang), result.made_at, case, result,
        persons=kind == "stays", by=result.job.ordered_by.name if result.job else "",
    )  # fmt: skip


def asked_lang(request: HttpRequest) -> str:
    """The language a paper is asked for in; else the reader's."""
    asked = request.POST.get("lang") or request.GET.get("lang", "")
    return asked if asked in LANGUAGES else lang_of(request)


def give(request: HttpRequest, offer: Offer, ending: str, name: str) -> HttpResponse:
    """The paper at once; that it was taken is recorded with its digest. Raises NotThere for another ending."""
    if ending not in offer.endings:
        raise NotThere
    answer = downloads.paper(offer.paper(asked_lang(request)), ending, name)
    after = {"paper": offer.kind, "ending": ending, "sha256": hashlib.sha256(answer.content).hexdigest()}
    about = f"case:{offer.case.number}" if offer.case else f"result:{offer.result.pk}" if offer.result else "paper"
    trail.record(actor_of(request), "case.paper", about, after=after)
    return answer


def take(request: HttpRequest, offer: Offer, **more: Any) -> HttpResponse:
    """Ask for a reason, a format and a language; then make the file and lead to the downloads."""
    actor = actor_of(request)
    if request.method != "POST":
        return render(request, "papers/take.html", form_of(request, offer.paper(lang_of(request)).title, offer.period,
                                                           forms=offer.endings) | more)  # fmt: skip
    form = request.POST.get("form", offer.endings[0])
    if form not in offer.endings:
        raise NotThere
    make(actor, offer, form=form, reason=reason_of(request), lang=asked_lang(request))
    return redirect("downloads")


def make(actor: Actor, offer: Offer, *, form: str, reason: str, lang: str) -> Any:
    """The file of an offer, with the taker's mark."""
    return actions.paper_file(
        actor, offer.paper(lang), form=form, unit=offer.unit, period=offer.period, reason=reason,
        result=offer.result, case=offer.case, persons=offer.persons,
    )  # fmt: skip


def sheet(
    title: str, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], lang: str,
    said: Callable[[Column, Mapping[str, Any]], str],
) -> Table:  # fmt: skip
    """A list for a workbook: numbers as numbers, all else as ``said`` tells it on the screen."""
    kinds = [(column, paper_kind(kind_of(column))) for column in columns]
    heads = tuple(Head(headed(column, lang), kind) for column, kind in kinds)
    lines = (tuple(said(one, row) if kind == "text" else row[one.name] for one, kind in kinds) for row in rows)
    return Table(title, heads, tuple(map(Line, lines)))


def take_list(
    request: HttpRequest, table: Table, count: int, *, period: str = "", warning: str = "",
    result: Result | None = None, about: str = "", persons: bool = False,
) -> HttpResponse:  # fmt: skip
    """A list as a workbook with the taker's mark, as it is on the screen; a reason is asked first. ``count``: how
    many rows there are in all; ``result``: what it was read from; ``about``: whose it is, where not the area's;
    ``persons``: it names some."""
    actor, lang = actor_of(request), lang_of(request)
    actor.need(Act.EXPORT_TABLE)
    if request.method != "POST":
        said = f"{table.title} · {w('flow.count', lang, count=count)}"
        return render(request, "papers/take.html", form_of(request, said, period) | {"warning": warning})
    issuer, day = about or actor.unit.line()[0].name, clock.today().isoformat()
    paper = Paper(lang, issuer, table.title, period or day, (), (table,), (), table.title, broad=True)
    actions.paper_file(
        actor, paper, form="xlsx", unit=actor.unit, period=period, reason=reason_of(request), act=Act.EXPORT_TABLE,
        result=result, persons=persons,
    )  # fmt: skip
    return redirect("downloads")


def form_of(request: HttpRequest, what: str, period: str, *, forms: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the page shows that asks for the reason."""
    query = request.GET.urlencode()
    return {"what": what, "period": period, "query": query, "hours": actions.HOURS, "forms": forms,
            "languages": LANGUAGES if forms else (), "chosen": request.GET.get("ending", "")}  # fmt: skip


def reason_of(request: HttpRequest) -> str:
    """The reason that was typed. Raises Unfit without one."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise Unfit("papers.reason_needed")
    return reason[:500]
