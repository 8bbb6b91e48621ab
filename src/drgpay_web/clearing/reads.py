"""What the pages of this room show; every read knows who asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from drgpay import runs
from drgpay.tables import CLOSINGS, INSTITUTION_MONTHS, POOLS, STATEMENTS, Column, Table
from drgpay_web import flow, store, trail
from drgpay_web.clearing import results
from drgpay_web.clearing.lines import Line, lines_of
from drgpay_web.clearing.links import periods_of
from drgpay_web.clearing.statement_moves import MACHINES, result_of, rows_open
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui import field_word, w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import printed

STATE_CLASS = {
    "published": "warn", "signing": "warn", "disputed": "bad", "answering": "bad", "answered": "warn",
    "escalated": "bad", "confirmed": "good", "settled": "good", "closed": "good", "approved": "", "posted": "",
    "sealing": "warn", "sealed": "good", "candidate": "warn", "trial": "", "replaced": "", "stale": "bad", "made": "",
}  # fmt: skip
_RANK = ("disputed", "answering", "escalated", "published", "answered", "signing", "confirmed", "settled", "closed")
"""of two statements of an institution, the state that needs somebody first"""


def state_words(prefix: str, state: str, lang: str) -> str:
    """A state as people call it."""
    return w(f"clearing.{prefix}.state.{state}", lang)


def names(area: str) -> dict[str, str]:
    """Institutions' names by their codes."""
    return dict(Unit.objects.filter(area=area, kind=Unit.INSTITUTION).values_list("code", "name"))


@dataclass(frozen=True)
class Shown:
    """A line of a statement with the figure before, where it changed."""

    line: Line
    title: str
    text: str
    before: str
    number: bool = True


def statement_panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """The lines of a statement, with those of the result before where it was published again."""
    lang, scope = actor.person.language, actor.scope(Act.STATEMENT_SEE)
    result = result_of(case)
    lines = lines_of(store.folder(result), case.period, case.unit.code, case.data["scheme"], scope)
    old: dict[str, Line] = {}
    if case.data["changed"] and "before" in case.data:
        earlier = store.Result.objects.get(pk=case.data["before"])
        old = {
            line.name: line
            for line in lines_of(store.folder(earlier), case.period, case.unit.code, case.data["scheme"], scope)
        }
    changed = set(case.data["changed"])
    return {
        "lines": [
            Shown(line, line.title(lang), line.text(lang),
                  old[line.name].text(lang) if line.name in changed and line.name in old else "")
            for line in lines
        ],
        "changed": bool(old),
        "papers": ("month", "stays") if "-" in case.period else ("year", "stays"),
        "result": result,
    }  # fmt: skip


def period_panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """The statements of a period and the candidate that waits to be published."""
    lang = actor.person.language
    rows = [statement_row(one, lang) for one in rows_open(case)]
    counts = Counter(row["state"] for row in rows)
    waiting = results.candidates(case.area, case.period).first()
    return {"statements": rows, "counts": sorted(counts.items()), "waiting": waiting if case.open else None}


def statement_row(case: flow.Case, lang: str) -> dict[str, Any]:
    """A statement in a list."""
    return {
        "case": case, "scheme": field_word(case.data["scheme"], lang),
        "state": state_words("statement", case.state, lang), "class": STATE_CLASS[case.state],
        "silent": bool(case.data.get("silent")), "changed": bool(case.data["changed"]),
    }  # fmt: skip


def statements(actor: Actor, *, period: str = "", states: tuple[str, ...] = ()) -> QuerySet[flow.Case]:
    """The statements an actor may see, the latest period first."""
    found = flow.cases_of(actor).filter(machine__in=MACHINES)
    if period:
        found = found.filter(period=period)
    if states:
        found = found.filter(state__in=states)
    return found.order_by("-period", "unit__code", "pk")


def years(actor: Actor) -> list[int]:
    """Years that have results or statements, the latest first."""
    known = store.Result.objects.filter(area=actor.area, kind="run").values_list("period", flat=True)
    return sorted({int(period[:4]) for period in known if period}, reverse=True)


def grid(actor: Actor, year: int, lang: str) -> dict[str, Any]:
    """A year at a glance: the state of every period, and of every institution's statements in it."""
    columns = periods_of(year)
    cases = list(statements(actor).filter(period__in=columns))
    cells: dict[tuple[int, str], flow.Case] = {}
    for case in cases:
        there = cells.get((case.unit_id, case.period))
        if there is None or _RANK.index(case.state) < _RANK.index(there.state):
            cells[case.unit_id, case.period] = case
    periods = {case.period: case for case in flow.cases_of(actor, machine="period").filter(period__in=columns)}
    return {
        "columns": columns,
        "periods": [_cell(periods.get(period), "period", lang) for period in columns],
        "rows": [
            {"unit": unit, "cells": [_cell(cells.get((unit.pk, period)), "statement", lang) for period in columns]}
            for unit in actor.institutions(Act.PERIOD_SEE)
        ],
        "bureau": actor.may(Act.RUN_SEE),
    }


def _cell(case: flow.Case | None, prefix: str, lang: str) -> dict[str, Any] | None:
    if case is None:
        return None
    return {"case": case, "state": state_words(prefix, case.state, lang), "class": STATE_CLASS[case.state]}


def rows_of(folder: Any, table: Table, scope: runs.Scope, lang: str, columns: tuple[str, ...]) -> dict[str, Any]:
    """A small table of a result in words."""
    page = runs.browse(folder, runs.View(table.name, columns=columns, scope=scope), limit=200, totals=False)
    heads = [headed(c, lang) for c in page.columns]
    return {
        "heads": heads,
        "rows": [[printed(row[c.name], _kind(c), lang) for c in page.columns] for row in page.rows],
    }


def _kind(column: Column) -> str:
    """How a column is printed: a quotient in ten-thousandths as the number it stands for."""
    return "ratio" if column.unit.startswith("1/10,000") else column.type


def practice(result: store.Result, lang: str) -> str:
    """The practice a result follows, by its title."""
    name = result.pin.policy if result.pin else str(runs.read_manifest(store.folder(result)).get("practice", ""))
    return practice_title(result.area, name, lang)


def practice_title(area: str, name: str, lang: str) -> str:
    """A practice by its title, with the version that was adopted here."""
    found = next((one for one in store.all_practices(area) if one.id == name), None)
    return name if found is None else found.en if lang == "en" else found.zh


def balance(result: store.Result, scope: runs.Scope, lang: str) -> dict[str, Any]:
    """Where the money of a result comes from and goes: the closing of a year, the pools of a month."""
    if "-" in result.period:
        columns = ("insurance_scheme", "budget", "reserve", "distributable", "n", "points", "point_value")
        return rows_of(store.folder(result), POOLS, scope, lang, columns)
    return rows_of(store.folder(result), CLOSINGS, scope, lang, ())


def difference(result: store.Result, lang: str) -> dict[str, Any] | None:
    """How a candidate differs from the result before, per institution, and why."""
    found = results.told(result).get("difference")
    if not found:
        return None
    table = INSTITUTION_MONTHS if "-" in result.period else STATEMENTS
    known = names(result.area)
    rows = [
        {
            "institution": known.get(row["institution_id"], row["institution_id"]),
            "scheme": field_word(row["insurance_scheme"], lang),
            "item": table[row["item"]].en.split(":")[0] if lang == "en" else table[row["item"]].zh,
            **{name: printed(row[name], table[row["item"]].type, lang) for name in ("before", "after", "difference")},
        }
        for row in found["institutions"]
    ]
    causes = [(runs.CAUSES[cause["kind"]][lang == "en"], _what(cause, lang)) for cause in found["causes"]]
    stays = [
        {
            "stay": row["stay_id"],
            "institution": known.get(row["institution_id"], row["institution_id"]),
            "before": row["drg"] or "",
            "after": row["drg_after"] or "",
            "points_before": printed(row["points"], "points", lang),
            "points_after": printed(row["points_after"], "points", lang),
            "cause": runs.CAUSES[row["cause"]][lang == "en"],
        }
        for row in found["stays"]
    ]
    against = store.Result.objects.filter(pk=found["against"]).first()
    return {"rows": rows, "causes": causes, "stays": stays, "count": found["count"], "against": against}


def _what(cause: Mapping[str, str], lang: str) -> str:
    """What a cause names: a register by its title, anything else as it is."""
    if cause["kind"] != "register":
        return cause["what"]
    named = next((table for table in runs.register_tables() if table.name == cause["what"]), None)
    return cause["what"] if named is None else named.en if lang == "en" else named.zh


def changed(result: store.Result, lang: str) -> list[tuple[str, str]] | None:
    """What the record has more now than a result was made of; None where nobody knows what it was made of."""
    if result.pin is None:
        return None
    found = store.changed_since(result.pin, store.now(result.area, result.pin.policy, result.pin.scheme))
    titles = {table.name: table.en if lang == "en" else table.zh for table in runs.register_tables()}
    lines = [(w("clearing.batch", lang), str(number)) for number in found.batches]
    rows = Counter(table for table, _ in found.rows)
    return lines + [
        (titles.get(table, table), w("clearing.rows_changed", lang, count=n)) for table, n in sorted(rows.items())
    ]


def story(case: flow.Case) -> list[trail.Event]:
    """Every event of a period in order: its case and statements, its results, their jobs and pins, and the rows of
    registers that its disputes made."""
    cases = [case, *rows_open(case)]
    made = list(store.Result.objects.filter(area=case.area, period=case.period).select_related("pin", "job"))
    subjects = {f"case:{one.number}" for one in cases} | {f"result:{one.pk}" for one in made}
    subjects |= {f"job:{one.job_id}" for one in made if one.job_id}
    subjects |= {f"pin:{one.area}/{one.pin.name}" for one in made if one.pin}
    if "job" in case.data:
        subjects.add(f"job:{case.data['job']}")
    origins = Q(pk__in=())
    for one in cases:
        origins |= Q(act="register.write", after__contains=f'"case:{one.number}"')
    return list(trail.Event.objects.filter(Q(subject__in=subjects) | origins).order_by("number"))
