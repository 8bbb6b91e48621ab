"""Moves of the evaluation of a year: whose items, the end of reporting, marks, grades, publication."""

from __future__ import annotations

from drgpay.tables import REPORTED_VALUES
from drgpay_web import flow, jobs, store
from drgpay_web.evaluation.actions import cards_of
from drgpay_web.evaluation.card_moves import row_of
from drgpay_web.evaluation.cards import (
    MARKS,
    RESULTS,
    card_of,
    grade_words,
    items,
    marks_said,
    result_of,
    rows_of,
    title,
)
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor, system_actor
from drgpay_web.ui import w
from drgpay_web.ui.values import printed

MARK = "evaluation.mark"
Why = flow.Guarded | None
Options = list[tuple[str, str]]
UNUSED = ("lost", "stale", "replaced")


def reported_items(case: flow.Case, actor: Actor, lang: str) -> Options:
    """The items whose values are reported."""
    return [(name, title(item, lang)) for name, item in items(case).items()]


def bureau_people(case: flow.Case, actor: Actor, lang: str) -> Options:
    """Who may report for the bureau; or the institutions themselves."""
    people = flow.people_with(("B1", "B4"), case.unit)
    return [("0", w("evaluation.by_themselves", lang)), *((str(one.pk), one.name) for one in people)]


def assigned(case: flow.Case, actor: Actor, values: Values) -> None:
    """An item of all institutions is reported by this person of the bureau, or by the institutions."""
    person, owners = int(values["person"]), case.data["owners"]
    owners.pop(values["item"], None)
    if person:
        owners[values["item"]] = person


def closed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nobody reports any more; every card draws its sample."""
    _all(case, "close")


def _all(case: flow.Case, move: str) -> None:
    for one in cards_of(case):
        flow.do(system_actor(case.area), one, move, version=one.version)


def year_runs(case: flow.Case, actor: Actor, lang: str) -> Options:
    """The results of the year that can be evaluated, the sealed and published first."""
    found = store.Result.objects.filter(area=case.area, kind__in=("run", "trial"), period=case.period)
    rank = {"sealed": 0, "published": 1, "candidate": 2}
    usable = list(found.exclude(state__in=UNUSED).order_by("-pk"))
    return [(str(one.pk), one.title(lang)) for one in sorted(usable, key=lambda one: rank.get(one.state, 3))]


def run_told(number: str, lang: str) -> str:
    """A result by its title."""
    return store.Result.objects.get(pk=int(number)).title(lang)


def unmarkable(case: flow.Case, actor: Actor) -> Why:
    """There is a result of the year, and every sample was checked."""
    if not year_runs(case, actor, "zh"):
        return flow.Guarded("evaluation.no_run", year=case.period)
    left = [one for one in cards_of(case) if set(one.data["sample"]) - set(one.data["checked"])]
    return flow.Guarded("evaluation.checks_open", count=len(left)) if left else None


def again_waits(case: flow.Case, actor: Actor) -> Why:
    """Objections are answered together, and one of them changed something."""
    if waiting := [one for one in cards_of(case) if one.state in ("objected", "answered")]:
        return flow.Guarded("evaluation.objections_open", count=len(waiting))
    return None if case.data.get("corrected") else flow.Guarded("evaluation.nothing_changed")


def mark(case: flow.Case, actor: Actor, values: Values) -> None:
    """Values go to the register with their evidence; marks are worked out of the record as it then is."""
    cards = cards_of(case)
    rows = [row_of(one, item, said) for one in cards for item, said in one.data["values"].items()]
    if rows:
        store.put_rows(
            actor, area=case.area, table=REPORTED_VALUES, rows=rows, origin=f"case:{case.number}", case=case
        )
    pin = store.pin(actor, case.area, store.practice_of(case.area), "")
    payload = {
        "case": case.pk, "run": int(values["run"]), "pin": pin.pk, "card": case.data["card"],
        "year": case.period, "back": f"/cases/{case.pk}",
    }  # fmt: skip
    job = jobs.order(actor, kind=MARK, area=case.area, key=f"evaluation:{case.pk}:{case.version}", payload=payload)
    case.data["job"] = job.pk
    case.data.pop("corrected", None)


def marked(case: flow.Case, actor: Actor, values: Values) -> None:
    """Every institution sees its marks; where they are as they were before nothing is asked of it again."""
    job = jobs.Job.objects.get(pk=case.data["job"])
    result = store.Result.objects.get(job=job)
    before = result_of(case)
    case.data["result"] = result.pk
    case.save(update_fields=["data"])
    new, old = rows_of(result, MARKS), rows_of(before, MARKS) if before else []
    for one in cards_of(case):
        if one.state == "marked":
            continue
        house = one.unit.code
        same = before is not None and marks_said(new, house) == marks_said(old, house)
        flow.do(actor, one, "keep" if same else "show", version=one.version)


def failed(case: flow.Case, actor: Actor, values: Values) -> None:
    """The marks could not be worked out: what was to be taken over still is."""
    if case.data.get("result"):
        case.data["corrected"] = True


def corrected(case: flow.Case, actor: Actor, values: Values) -> None:
    """An objection was accepted: the marks are worked out again."""
    case.data["corrected"] = True


def before_marking(case: flow.Case, values: Values) -> str:
    """Back to what it was before the marks were ordered."""
    return "marked" if case.data.get("result") else "checking"


def not_settled(case: flow.Case, actor: Actor) -> Why:
    """Every institution agreed, was answered, or was silent; what was accepted is in the marks."""
    if case.data.get("corrected"):
        return flow.Guarded("evaluation.mark_again")
    left = [one for one in cards_of(case) if one.state != "settled"]
    return flow.Guarded("evaluation.cards_open", count=len(left)) if left else None


def approved(case: flow.Case, actor: Actor, values: Values) -> None:
    """Grades, values and tiers go to the registers they are for; the next run reads them there."""
    result = result_of(case)
    assert result is not None
    store.take_offers(
        actor, store.folder(result), area=case.area, kind="evaluation", origin=f"case:{case.number}", case=case,
        reason=result.name,
    )  # fmt: skip


def published(case: flow.Case, actor: Actor, values: Values) -> None:
    """An announcement of the grades is drafted, and the cards are closed."""
    lang, result = "zh", result_of(case)
    assert result is not None
    houses = {one.unit.code: one.unit.name for one in cards_of(case)}
    rows = [
        [houses[r["institution_id"]], printed(r["total"], "points", lang), grade_words(case, r["grade"], lang)]
        for r in rows_of(result, RESULTS) if r["institution_id"] in houses
    ]  # fmt: skip
    heads = [w(f"evaluation.head_{name}", lang) for name in ("house", "total", "grade")]
    text = w("evaluation.announced", lang, year=case.period, card=title(card_of(case), lang))
    notice = flow.open_case(
        actor, machine="announcement", unit=case.unit, period=case.period, source=case, subject=text[:200],
        data={"kind": "result", "audience": "public", "text": text, "heads": heads, "rows": rows},
    )  # fmt: skip
    case.data["announcement"] = notice.pk
    _all(case, "finish")


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The card, the result, the announcement."""
    data, result = case.data, result_of(case)
    found = [("evaluation.card_word", title(card_of(case), lang), "")]
    if result is not None:
        found.append(("evaluation.result_word", result.title(lang), ""))
    if data.get("corrected"):
        found.append(("evaluation.corrected_word", w("ui.yes", lang), ""))
    if notice := data.get("announcement"):
        found.append(("evaluation.announcement_word", text_of(notice), f"/cases/{notice}"))
    return found


def text_of(number: int) -> str:
    """The number of a case."""
    return str(flow.Case.objects.get(pk=number).number)
