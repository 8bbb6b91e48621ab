"""What stands in the way of moves of a reconciliation, and what follows them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay.tables import RECONCILIATION, RECONCILIATION_TOTALS
from drgpay_web import clock, flow, jobs, store
from drgpay_web.flow.machine import Guarded, Values
from drgpay_web.people import Actor
from drgpay_web.ui import w
from drgpay_web.ui.values import printed

MATCH = "reconcile.match"
MOST_LINES = 200


def terms(area: str) -> runs.ReconcileTerms:
    """The terms of the area's practice today."""
    return runs.reconcile_terms(store.practice_source(area), clock.today())


def due(step: str) -> Callable[[flow.Case], date]:
    """By when a step is due, from the practice."""
    return lambda case: flow.add_days(clock.today(), getattr(terms(case.area), f"{step}_days"))


def place_of(case: flow.Case) -> Path:
    """The folder of what was found."""
    return store.area_folder(case.area) / "reconciliations" / case.number


def match(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have the file compared with the result."""
    job = jobs.order(
        actor, kind=MATCH, area=case.area, key=f"reconcile:{case.pk}", unit=case.unit,
        payload={"case": case.pk, "back": f"/cases/{case.pk}"},
    )  # fmt: skip
    case.data["job"] = job.pk


def lines_of(case: flow.Case, ids: list[str]) -> list[dict[str, Any]]:
    """Differences by the number of their line, or by their stay."""
    numbers = [int(one) for one in ids if one.isdigit()]
    found = []
    for column, values in (("line", numbers), ("stay_id", [one for one in ids if not one.isdigit()])):
        if values:
            view = runs.View(
                RECONCILIATION.name, where=(runs.Where(column, "in", tuple(values)),),
                scope=runs.Scope.institution(case.unit.code),
            )  # fmt: skip
            found += runs.browse(place_of(case), view, limit=1_000, totals=False).rows
    return found


def split(text: str) -> list[str]:
    """Numbers of lines and ids of stays as people type them, each once."""
    return list(dict.fromkeys(part for part in text.replace("，", " ").replace(",", " ").replace("、", " ").split()))


def may_ask(case: flow.Case, actor: Actor, values: Values) -> Guarded | None:
    """The lines are of this reconciliation, and differ."""
    asked = split(values["lines"])
    if len(asked) > MOST_LINES:
        return Guarded("reconcile.too_many", most=MOST_LINES)
    rows = lines_of(case, asked)
    known = {str(row["line"]) for row in rows} | {row["stay_id"] for row in rows}
    if lost := [one for one in asked if one not in known]:
        return Guarded("reconcile.no_such_line", lines="、".join(lost[:5]))
    same = [str(row["line"] or row["stay_id"]) for row in rows if row["kind"] == "same"]
    return Guarded("reconcile.no_difference", lines="、".join(same[:5])) if same else None


def asked(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep what is asked about."""
    case.data["asked"] = [
        *case.data.get("asked", []), {"lines": split(values["lines"]), "question": values["question"], "answer": ""},
    ]  # fmt: skip


def answered(case: flow.Case, actor: Actor, values: Values) -> None:
    """The answer to the last question."""
    case.data["asked"][-1]["answer"] = values["answer"]


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """File, result, what is the same, and what the file lacks."""
    data = case.data
    result = store.Result.objects.get(pk=data["result"])
    found = [
        ("reconcile.against", result.title(lang), ""),
        ("reconcile.kind", w(f"reconcile.of_{data['of']}", lang), ""),
    ]
    if case.state == "received" and not jobs.Job.objects.get(pk=data["job"]).active:
        found.append(("reconcile.job", str(data["job"]), f"/jobs/{data['job']}"))
    if error := data.get("error"):
        fix = error[f"fix_{lang}"]
        if "--" in fix:  # of the command line
            fix = w("reconcile.error_fix", lang)
        found.append(("reconcile.error", f"{error[lang]}{w('reconcile.error_then', lang)}{fix}", ""))
    if lacks := data.get("lacks"):
        found.append(("reconcile.lacks", "、".join(one[lang == "en"] for one in lacks), ""))
    if "tolerance" in data:
        found.append(("reconcile.tolerance", printed(data["tolerance"], "fen", lang), ""))
    if data.get("findings"):
        found.append(("reconcile.findings", str(data["findings"]), ""))
    return found


def panel(case: flow.Case, actor: Actor) -> dict[str, Any]:
    """The differences by kind, and what was asked and answered."""
    lang = actor.person.language
    rows = []
    if "totals" in case.data:
        view = runs.View(RECONCILIATION_TOTALS.name, scope=runs.Scope.institution(case.unit.code))
        rows = runs.browse(place_of(case), view, totals=False).rows
    return {
        "totals": [
            {
                "kind": row["kind"], "title": kind_words(row["kind"], lang), "lines": row["lines"],
                "stays": row["stays"], "objections": row["objections"],
                **{n: printed(row[n], "fen", lang) for n in ("payment", "returned_payment", "amount")},
            }
            for row in sorted(rows, key=lambda row: row["kind"] == "all")
            if row["lines"] or row["stays"]
        ],
        "asked": case.data.get("asked", []),
    }  # fmt: skip


def kind_words(kind: str, lang: str) -> str:
    """A kind of difference in words."""
    return w(f"reconcile.difference_{kind}", lang)


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What it is of, and how many differences there are."""
    return [
        ("reconcile.kind", w(f"reconcile.of_{case.data['of']}", lang)),
        ("reconcile.objections", str(case.data.get("totals", {}).get("objections", ""))),
    ]


def head(actor: Actor) -> dict[str, Any]:
    """The way to upload, above the list."""
    from drgpay_web.people import Act

    return {"may_upload": actor.may(Act.RECONCILE_UPLOAD)}
