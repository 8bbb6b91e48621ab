"""What stands in the way of moves of a period, and what follows them: publishing, approving, posting, sealing."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay_web import clock, flow, jobs, store
from drgpay_web.clearing import reopening_moves, results
from drgpay_web.clearing.lines import HOUSE, SCHEME, figures
from drgpay_web.clearing.links import last_day, parsed
from drgpay_web.clearing.statement_moves import Why, result_of, rows_open, waits
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor, Role, Unit, system_actor

SEAL = "clearing.seal"
AGREED = ("confirmed", "settled")
DISPUTED = ("disputed", "answering")
LATE = ("disputed", "answering", "escalated")


def case_of(area: str, period: str) -> flow.Case | None:
    """The case of a period that is not sealed."""
    found = flow.Case.objects.filter(machine="period", area=area, period=period, closed_at=None)
    return found.select_related("unit").first()


def opened(actor: Actor, result: store.Result) -> flow.Case:
    """Open a period with its first published result, and a statement for every institution and scheme."""
    year, month = parsed(result.period)
    terms = runs.terms(_practice_source(result), year, month)
    due = flow.add_days(last_day(result.period), terms.month_days) if month else terms.clearing
    due = max(
        due, flow.add_days(clock.today(), terms.confirm_days)
    )  # a late one too is open as long as statements are
    shared = {"confirm_days": terms.confirm_days, "again_days": terms.again_days, "rounds": terms.rounds}
    data = {"result": result.pk, "round": 1, "deadline": due.isoformat(), "changed": {}} | shared
    unit = Unit.objects.get(area=result.area, kind=Unit.AREA)
    period = flow.open_case(actor, machine="period", unit=unit, period=result.period, data=data)
    store.set_state(actor, result, results.PUBLISHED)
    for said in results.to_confirm(result):
        _statement(actor, period, result, said)
    reopening_moves.settling(result.area, period, result)
    return period


def _practice_source(result: store.Result) -> str:
    """What the practice of a result is read by; of a year that was opened again the result's own copy."""
    if results.reopened_by(result):
        return str(store.folder(result) / runs.PRACTICE)
    named = result.pin.policy if result.pin else str(runs.read_manifest(store.folder(result))["practice"])
    return store.practice_source(result.area, named)


def _statement(actor: Actor, period: flow.Case, result: store.Result, said: dict[str, str]) -> None:
    """Open a statement and tell its institution."""
    unit = Unit.objects.get(area=period.area, kind=Unit.INSTITUTION, code=said[HOUSE])
    data = {
        "period": period.pk, "scheme": said[SCHEME], "result": result.pk, "digest": said["digest"],
        "round": period.data["round"], "changed": [], "rounds": period.data["rounds"],
        "confirm_days": period.data["confirm_days"], "again_days": period.data["again_days"],
    }  # fmt: skip
    machine = "statement" if "-" in period.period else "clearing_statement"
    case = flow.open_case(actor, machine=machine, unit=unit, period=period.period, data=data)
    flow.tell(case, (Role.H1, Role.H6), "clearing.told_published", period=period.period)


def may_republish(case: flow.Case, actor: Actor) -> Why:
    """There is a newer candidate that may be published, and no dispute waits for its answer."""
    if why := results.unpublishable(actor, results.candidates(case.area, case.period).first()):
        return why
    waiting = [one for one in rows_open(case) if one.state in DISPUTED]
    return flow.Guarded("clearing.disputes_waiting", count=len(waiting)) if waiting else None


def republish(case: flow.Case, actor: Actor, values: Values) -> None:
    """The newest candidate takes the place of the published one: equal statements stand, others are shown anew."""
    result = results.candidates(case.area, case.period)[0]
    before = result_of(case)
    store.set_state(actor, before, results.REPLACED)
    store.set_state(actor, result, results.PUBLISHED)
    case.data["result"], case.data["round"] = result.pk, case.data["round"] + 1
    case.data["changed"] = _changed(before, result)
    case.save(update_fields=["data"])
    statements = {(one.unit.code, one.data["scheme"]): one for one in rows_open(case)}
    said = {(s[HOUSE], s[SCHEME]): s for s in results.statements_of(result)}
    asked = {(s[HOUSE], s[SCHEME]) for s in results.to_confirm(result)}
    system = system_actor(case.area)
    for key, one in statements.items():
        same = key in said and said[key]["digest"] == one.data["digest"]
        flow.do(system, one, "carry" if same else "again", version=one.version)
    for key in sorted(asked - statements.keys()):
        _statement(actor, case, result, said[key])


def _changed(before: store.Result, after: store.Result) -> dict[str, list[str]]:
    """The lines that differ between two results, by institution and scheme."""
    old, new = (figures(store.folder(one), one.period) for one in (before, after))
    found = {}
    for key in sorted(old.keys() | new.keys()):
        ours, theirs = old.get(key, {}), new.get(key, {})
        names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
        found["|".join(key)] = names
    return found


def _ran(case: flow.Case, actor: Actor) -> Why:
    """Who ran a result neither approves nor seals it."""
    same = results.ran_by(result_of(case)) == actor.person.pk
    return flow.Guarded("clearing.same_person_ran") if same else None


def overdue(case: flow.Case) -> bool:
    """The day by which the period is to be settled has passed."""
    return bool(clock.today().isoformat() > case.data["deadline"])


def may_approve(case: flow.Case, actor: Actor) -> Why:
    """All statements are agreed on, or the day has come: then silence confirms and disputes go on as corrections."""
    if why := _ran(case, actor):
        return why
    if not results.follows_last(result_of(case)):
        return flow.Guarded("clearing.candidate_stale")
    waiting = [one for one in rows_open(case) if one.state not in AGREED]
    if waiting and not overdue(case):
        return flow.Guarded("clearing.statements_open", count=len(waiting), day=case.data["deadline"])
    return None


def approved(case: flow.Case, actor: Actor, values: Values) -> None:
    """What is still open at the deadline ends: confirmed by silence, or gone on as a later correction."""
    _end_open(case)


def _end_open(case: flow.Case) -> None:
    system = system_actor(case.area)
    for one in rows_open(case):
        if one.state not in AGREED:
            late = one.state in LATE or (one.state == "answered" and waits(one))
            flow.do(system, one, "late" if late else "silence", version=one.version)


def may_post(case: flow.Case, actor: Actor, values: Values) -> Why:
    """Payments are not posted before they were made."""
    return flow.Guarded("clearing.paid_in_future") if values["paid_on"] > clock.today() else None


def posted(case: flow.Case, actor: Actor, values: Values) -> None:
    """Number of the payment order and its day; amounts are the run's alone."""
    case.data["posting"] = {"order": values["order"], "paid_on": values["paid_on"].isoformat()}


def may_seal(case: flow.Case, actor: Actor) -> Why:
    """Another person than who ran it, and the book has not gone on."""
    if why := _ran(case, actor):
        return why
    return None if results.follows_last(result_of(case)) else flow.Guarded("clearing.candidate_stale")


def seal(case: flow.Case, actor: Actor, values: Values) -> None:
    """Have the published result sealed. A run of the year that goes on comes first."""
    year, _ = parsed(case.period)
    payload = {
        "result": case.data["result"], "case": case.pk, "by": actor.person.name, "on": clock.today().isoformat(),
        "back": f"/cases/{case.pk}",
    }  # fmt: skip
    job = jobs.order(actor, kind=SEAL, area=case.area, key=f"run:{case.area}:{year}", payload=payload)
    if job.kind != SEAL:
        raise flow.Guarded("clearing.run_goes_on")
    case.data["job"] = job.pk


def seal_on_disk(result: store.Result) -> runs.Seal | None:
    """The seal of a result in the list of the book."""
    seals = runs.read_seals(store.folder_of_kind(result.area, "run"))
    return next((seal for seal in seals if (seal.area, seal.run) == (result.area, result.name)), None)


def sealed(case: flow.Case, actor: Actor, values: Values) -> None:
    """The seal is on disk: keep its number, close the statements, and mark what no longer follows the book."""
    result = result_of(case)
    found = seal_on_disk(result)
    if found is None:
        raise flow.Guarded("clearing.not_sealed")
    case.data["seal"] = {"hash": found.hash, "link": found.link, "on": found.on, "by": found.by}
    store.set_state(actor, result, results.SEALED)
    _end_open(case)
    for one in rows_open(case):
        flow.do(actor, one, "close", version=one.version)
    mark_stale(actor, result)
    if "-" not in case.period:
        reopening_moves.passed_on(actor, case, result)


def mark_stale(actor: Actor, result: store.Result) -> None:
    """Candidates of the year that go on from another run than the one sealed now."""
    year, _ = parsed(result.period)
    others = store.Result.objects.filter(area=result.area, kind="run", state=results.CANDIDATE)
    for one in others.filter(period__startswith=str(year)).exclude(pk=result.pk).select_related("job"):
        if not results.follows_last(one):
            store.set_state(actor, one, results.STALE)


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The published result, round, posting and seal."""
    data, result = case.data, result_of(case)
    found = [
        ("clearing.published_result", result.title(lang), f"/runs/{result.pk}"),
        ("clearing.round", str(data["round"]), ""),
        ("clearing.settle_by", data["deadline"], ""),
    ]
    if posting := data.get("posting"):
        found.append(("clearing.period.field.order", posting["order"], ""))
        found.append(("clearing.period.field.paid_on", posting["paid_on"], ""))
    if said := data.get("seal"):
        found.append(("clearing.seal_number", said["hash"], ""))
        found.append(("clearing.sealed_by", f"{said['by']} {said['on']}", ""))
    found.append(("clearing.story", case.number, f"/periods/{case.pk}/story"))
    return found


def due(case: flow.Case) -> Any:
    """By when a period is settled, from the practice."""
    from datetime import date

    return date.fromisoformat(case.data["deadline"])
