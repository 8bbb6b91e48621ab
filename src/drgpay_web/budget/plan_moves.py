"""What stands in the way of moves of a budget, and what follows them: talks are opened, registers written."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay.tables import BUDGET_PARTS, INSTITUTION_INDICATORS
from drgpay_web import clock, flow, jobs, store
from drgpay_web.budget import orders
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor, Role, Unit, system_actor
from drgpay_web.ui import field_word, w
from drgpay_web.ui.values import printed

DONE = ("agreed", "decided", "closed")


def tables_of(case: flow.Case) -> dict[str, Any]:
    """What the last finished job of a case computed, by table."""
    job = jobs.Job.objects.filter(pk=case.data.get("shown")).first()
    return dict((job.result or {}).get("tables", {})) if job else {}


def talks(case: flow.Case) -> list[flow.Case]:
    """The talks of a budget."""
    found = flow.Case.objects.filter(machine="budget_talk", area=case.area, period=case.period, data__budget=case.pk)
    return list(found.select_related("unit").order_by("unit__path", "pk"))


def ordered(case: flow.Case, actor: Actor, values: Values) -> None:
    """Compute it again from the registers as they are now."""
    orders.order(actor, case, orders.PLAN)


def computed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Show what was computed."""
    case.data["shown"] = case.data["job"]


def failed(case: flow.Case, actor: Actor, values: Values) -> None:
    """Say why it could not be computed."""
    job = jobs.Job.objects.get(pk=case.data["job"])
    case.data["error"] = job.error or {"zh": w("budget.cancelled", "zh"), "en": w("budget.cancelled", "en")}


def announced(case: flow.Case, actor: Actor, values: Values) -> None:
    """Every institution has its indicator to say something to, and the announcement of the year is drafted."""
    terms = runs.office_terms(store.practice_source(case.area), clock.today())
    houses = {unit.code: unit for unit in Unit.objects.filter(area=case.area, kind=Unit.INSTITUTION)}
    for row in tables_of(case).get(INSTITUTION_INDICATORS.name, []):
        unit = houses.get(row["institution_id"])
        if unit is None or not row["indicator"]:
            continue
        data = {
            "budget": case.pk, "scheme": row["insurance_scheme"], "round": 1, "rounds": terms.budget_rounds,
            "days": terms.budget_days, "answer_days": terms.answer_days, "announced": row["indicator"],
            "offer": row["indicator"],
        }  # fmt: skip
        subject = field_word(row["insurance_scheme"], "zh")
        talk = flow.open_case(
            actor, machine="budget_talk", unit=unit, period=case.period, subject=subject, data=data, source=case
        )
        flow.tell(talk, (Role.H1, Role.H6), "budget.told_announced", year=case.period)
    _announce(case, actor, "budget.announce_plan", "budget.announce_plan_text")


def _announce(case: flow.Case, actor: Actor, title: str, text: str) -> None:
    """Draft the announcement of the year's budget by scheme and part."""
    parts = tables_of(case).get(BUDGET_PARTS.name, [])
    columns = [BUDGET_PARTS[name] for name in ("insurance_scheme", "part", "adjusted")]
    flow.open_case(
        actor, machine="announcement", unit=case.unit, period=case.period, source=case,
        subject=w(title, "zh", area=case.unit.name, year=case.period),
        data={"kind": "budget", "audience": "hospitals", "text": w(text, "zh", year=case.period), "counts": [],
              "heads": [column.zh for column in columns],
              "rows": [[printed(row[c.name], c.type, "zh") for c in columns] for row in parts]},
    )  # fmt: skip


def all_talked(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """A budget is adopted when every institution has agreed or was decided on."""
    waiting = [one for one in talks(case) if one.state not in DONE]
    return flow.Guarded("budget.talks_open", count=len(waiting)) if waiting else None


def adopting(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have it computed with what was agreed, and the rows for the registers made."""
    case.data["document"] = values["document"]
    orders.order_agreed(actor, case)


def take_offers(case: flow.Case) -> None:
    """Write the rows of an agreed plan into the registers they are for."""
    job = jobs.Job.objects.get(pk=case.data["job"])
    kind = "prepayment" if case.machine == "prepayment" else "budget"
    folder = store.new_result_folder(case.area, "plan", f"{kind}-{case.period}-{job.pk}")
    store.add_result(jobs.orderer(job), area=case.area, kind="plan", name=folder.name, job=job)
    store.take_offers(
        jobs.orderer(job), folder, area=case.area, kind=kind, origin=f"case:{case.number}", case=case,
        before=_earlier(case) if kind == "budget" else (), reason=str(case.data.get("document", "")),
    )  # fmt: skip


def _earlier(case: flow.Case) -> list[str]:
    """The origins of what earlier plans of the year gave the registers; the last one stands in for all of them. (An
    advance was paid: it stays.)"""
    found = flow.Case.objects.filter(machine__in=("budget", "budget_change"), area=case.area, period=case.period)
    return [f"case:{number}" for number in found.values_list("number", flat=True)]


def adopted(case: flow.Case, actor: Actor, values: Values) -> None:
    """The registers have the budget; every institution's indicator is final; the announcement is drafted."""
    case.data["shown"] = case.data["job"]
    take_offers(case)
    final = {
        (row["institution_id"], row["insurance_scheme"]): row["indicator"]
        for row in tables_of(case).get(INSTITUTION_INDICATORS.name, [])
    }
    system = system_actor(case.area)
    for talk in talks(case):
        talk.data["final"] = final.get((talk.unit.code, talk.data["scheme"]), talk.data["offer"])
        talk.save(update_fields=["data"])
        flow.do(system, talk, "close", version=talk.version)
    job = jobs.Job.objects.get(pk=case.data["job"])
    _announce(case, jobs.orderer(job), "budget.announce_final", "budget.announce_final_text")
