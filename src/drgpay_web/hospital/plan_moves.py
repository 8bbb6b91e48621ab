"""Moves of a plan: its numbers, a trial, adoption."""

from __future__ import annotations

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay_web import clock, flow, jobs
from drgpay_web.flow.machine import Values
from drgpay_web.hospital import orders
from drgpay_web.hospital.actions import plan_in_force
from drgpay_web.people import Actor, system_actor

Why = flow.Guarded | None
Options = list[tuple[str, str]]


def parameters(case: flow.Case, actor: Actor, lang: str) -> Options:
    """What a plan decides."""
    data = case.data
    return [(one.name, one.title) for one in runs.plan_seen(data["base"], data["changes"], clock.today(), lang)]


def title_of(parameter: str, lang: str) -> str:
    """A parameter of a plan in words; the shipped plans have all of them."""
    seen = runs.plan_seen(runs.plan_names()[0][0], {}, clock.today(), lang)
    return next((one.title for one in seen if one.name == parameter), parameter)


def _changed(case: flow.Case, values: Values) -> dict[str, str]:
    changes = dict(case.data["changes"])
    changes.pop(values["parameter"], None)
    return changes | ({values["parameter"]: values["value"]} if values["value"] else {})


def holds_together(case: flow.Case, actor: Actor, values: Values) -> Why:
    """The plan with the change is one that may be: in range, whole, lawful; what the law asks is said."""
    changes = _changed(case, values)
    try:
        runs.plan_seen(case.data["base"], changes, clock.today(), "zh")
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def edited(case: flow.Case, actor: Actor, values: Values) -> None:
    """A number of the plan; typed empty it is the shipped plan's again."""
    case.data["changes"] = _changed(case, values)
    case.data.pop("trial", None)


def quarters(case: flow.Case, actor: Actor, lang: str) -> Options:
    """The quarters that can be tried."""
    return [(one, one) for one in orders.quarters_there(case.area)]


def nothing_settled(case: flow.Case, actor: Actor) -> Why:
    """A year was settled and published."""
    return None if orders.quarters_there(case.area) else flow.Guarded("hospital.nothing_settled")


def attempt(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have the plan tried on a quarter, beside the one in force, else beside the shipped one it comes from."""
    now = plan_in_force(case.unit)
    against = now.data if now else {"base": case.data["base"], "changes": {}}
    payload = {
        "case": case.pk, "period": values["quarter"], "base": case.data["base"], "changes": case.data["changes"],
        "against": {"base": against["base"], "changes": against["changes"]}, "back": f"/cases/{case.pk}",
    }  # fmt: skip
    key = f"plan:{case.pk}:{case.version}"
    job = jobs.order(actor, kind=orders.TRY, area=case.area, key=key, payload=payload, unit=case.unit)
    case.data["trial"] = {"job": job.pk, "quarter": values["quarter"]}


def untried(case: flow.Case, actor: Actor, values: Values) -> None:
    """The trial failed; the job says why."""
    case.data["failed"] = case.data.pop("trial")["job"]


def tried(case: flow.Case, actor: Actor, values: Values) -> None:
    """The trial is there."""
    case.data.pop("failed", None)


def adopted(case: flow.Case, actor: Actor, values: Values) -> None:
    """It takes the place of the plan that was in force."""
    case.data["adopted"] = {"document": values["document"], "by": actor.person.name, "on": clock.today().isoformat()}
    others = flow.Case.objects.filter(machine="hospital_plan", unit=case.unit, state="adopted").exclude(pk=case.pk)
    for one in others:
        flow.do(system_actor(case.area), one, "replaced", version=one.version)


def trial_of(case: flow.Case) -> jobs.Job | None:
    """The job of a plan's last trial, when it is done."""
    said = case.data.get("trial")
    return jobs.Job.objects.filter(pk=said["job"], state="done").first() if said else None


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The shipped plan it comes from, how much was changed, the trial, the document."""
    data = case.data
    titles = {code: (en if lang == "en" else zh) for code, zh, en in runs.plan_names()}
    found = [
        ("hospital.base_word", titles[data["base"]], ""),
        ("hospital.changes_word", str(len(data["changes"])), ""),
    ]
    if said := data.get("trial"):
        found.append(("hospital.trial_word", said["quarter"], f"/jobs/{said['job']}"))
    if number := data.get("failed"):
        found.append(("hospital.failed_word", str(number), f"/jobs/{number}"))
    if said := data.get("adopted"):
        found.append(("hospital.plan.field.document", f"{said['document']} {said['on']} {said['by']}", ""))
    return found
