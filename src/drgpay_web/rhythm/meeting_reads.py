"""What is shown of meetings, and of a year: what belongs to which month, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drgpay import runs
from drgpay.report.papers import Column, Line, Paper, Signature, Table, Text
from drgpay_web import clock, flow, store
from drgpay_web.people import Act, Actor, NotThere, Unit
from drgpay_web.rhythm import analysis
from drgpay_web.rhythm.meeting_moves import houses_of, open_tasks
from drgpay_web.ui import w
from drgpay_web.ui.values import printed

_OF_YEAR = ("budget", "sharing_ratios", "period", "evaluation", "month_analysis", "meeting", "follow_up")
"""machines whose cases stand in the calendar of a year, where they are there"""


def panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """The follow-ups of a meeting."""
    lang = actor.person.language
    tasks = [(one, w(f"rhythm.follow_up.state.{one.state}", lang)) for one in open_tasks(case)]
    return {"tasks": tasks}


def invited_to(actor: Actor, pk: int) -> flow.Case:
    """A meeting that the actor's institution is invited to, or any for the bureau. Raises NotThere."""
    case = flow.Case.objects.select_related("unit").filter(machine="meeting", area=actor.area, pk=pk).first()
    actor.need(Act.MEETING_READ)
    house = actor.unit.of_kind(Unit.INSTITUTION)
    if case is None or case.state == "planned" or (house and house not in houses_of(case)):
        raise NotThere
    return case


def paper(case: flow.Case, lang: str) -> Paper:
    """The minutes of a meeting, with what is to be done by whom."""
    data = case.data
    minutes = data.get("minutes") or data["drafted"]
    facts = [
        (w("rhythm.minutes_number", lang), minutes["number"]), (w("rhythm.held_on", lang), data["held_on"]),
        (w("rhythm.place", lang), data["place"]), (w("rhythm.present", lang), data["present"]),
    ]  # fmt: skip
    blocks: list[Table | Text] = [Text(w("rhythm.minutes", lang), tuple(minutes["text"].splitlines()))]
    if tasks := open_tasks(case):
        heads = tuple(Column(w(f"rhythm.{key}", lang), share=1) for key in ("task", "owner", "task_day"))
        rows = tuple(Line((one.data["task"], one.data["owner"], one.data["day"])) for one in tasks)
        blocks.append(Table(w("rhythm.follow_ups", lang), heads, rows))
    issuer = w("rhythm.issuer", lang, area=case.unit.name)
    return Paper(
        lang, issuer, case.subject, data["held_on"], tuple(facts), tuple(blocks),
        (Signature(issuer, (w("rhythm.signed_by", lang),)),), f"{case.number} · {minutes['number']}",
    )  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A line of a year's calendar: what it is, the case or where to begin one (none: not the reader's), and how it
    stands."""

    title: str
    href: str
    state: str
    mark: str


def year_of(actor: Actor, year: int, lang: str) -> list[tuple[str, list[Entry]]]:
    """A year by month: before it the budget, every month its settlement and analysis, talks in the middle, then the
    clearing and the evaluation; with every case of the year that the actor may see, and what is missing by now."""
    cases = [one for name in _OF_YEAR if name in {m.name for m in flow.machines()}
             for one in flow.cases_of(actor, machine=name).order_by("pk")]  # fmt: skip
    today = clock.today()
    terms = runs.terms(store.practice_source(actor.area), year)
    budgets = "/budgets" if actor.may(Act.BUDGET_SEE) else ""
    make, hold = actor.may(Act.ANALYSIS_MAKE), actor.may(Act.MEETING_HOLD)
    found: list[tuple[str, list[Entry]]] = []
    before = _entries([c for c in cases if c.machine in ("budget", "sharing_ratios") and c.period == str(year)], lang)
    found.append((w("rhythm.before_year", lang), before or [_missing("budget", budgets, today.year >= year, lang)]))
    for month in range(1, 13):
        name = f"{year}-{month:02d}"
        its = [c for c in cases if c.period == name or str(c.data.get("day", ""))[:7] == name]
        entries = _entries(its, lang)
        past = (today.year, today.month) > (year, month)
        if not any(c.machine == "month_analysis" and c.state != "dropped" for c in its):
            entries.append(_missing("report", f"/analyses/new?period={name}" if make else "", past, lang))
        if not any(c.machine == "meeting" and c.data["kind"] == "analysis" for c in its):
            begin = f"/meetings/new?kind=analysis&period={name}" if hold else ""
            entries.append(_missing("analysis", begin, past, lang))
        if month == 6 and not any(c.machine == "meeting" and c.data["kind"] == "mid_year" for c in cases
                                  if c.period[:4] == str(year)):  # fmt: skip
            entries.append(_missing("mid_year", f"/rhythm/talks?year={year}", past, lang))
        found.append((name, entries))
    after = [c for c in cases if c.period == str(year) and c.machine in ("period", "evaluation")]
    last = w("rhythm.after_year", lang, day=terms.clearing.isoformat())
    entries = _entries(after, lang) or [_missing("clearing", "/periods", today > terms.clearing, lang)]
    found.append((last, entries))
    return found


def _entries(cases: list[flow.Case], lang: str) -> list[Entry]:
    found = []
    for one in cases:
        words = one.rules.words
        title = f"{w(words, lang)} {one.subject or one.period}"
        mark = "bad" if one.state == "overdue" else "" if one.open else "good"
        found.append(Entry(title, f"/cases/{one.pk}", w(f"{words}.state.{one.state}", lang), mark))
    return found


def _missing(what: str, href: str, late: bool, lang: str) -> Entry:
    state = w("rhythm.missing" if late else "rhythm.to_come", lang)
    return Entry(w(f"rhythm.plan_{what}", lang), href, state, "bad" if late else "open")


def talks(area: str, year: int, lang: str) -> dict[str, Any] | None:
    """Whom the rule proposes to talk to: by the latest result of the year; None where there is none."""
    its = [one for one in store.results_of(area).exclude(state="lost") if one.period[:4] == str(year)]
    if not its:
        return None
    last = max(its, key=lambda one: (one.period, one.pk))
    share, rows = analysis.proposed_by(last)
    return {
        "period": last.period,
        "share": printed(share, "share", lang),
        "rows": [
            {"code": one.institution_id, "name": one.name, "actual": printed(one.actual, "fen", lang),
             "due": printed(one.due, "fen", lang), "deviation": printed(one.deviation, "share", lang)}
            for one in rows
        ],
    }  # fmt: skip
