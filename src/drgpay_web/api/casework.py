"""Cases by machine: statements, special reviews, suspicions, alerts, announcements: the same moves as on the pages,
with the same permissions, guards and audit."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Router

from drgpay_web import flow, jobs
from drgpay_web.api.cursors import after, start_of
from drgpay_web.api.entry import Bearer, actor_of
from drgpay_web.api.repeats import once
from drgpay_web.api.shapes import MOST_ROWS, CaseIn, Cases, CaseTold, Comment, JobIn, MoveIn, answers
from drgpay_web.flow import lists
from drgpay_web.flow.machine import machines
from drgpay_web.people import Act, Actor, NotThere
from drgpay_web.ui import LANGUAGES, w

router = Router(tags=["cases"], auth=Bearer("cases"))
work = Router(tags=["jobs"], auth=Bearer("jobs"))


@router.get("", response=answers(Cases), summary="Cases within reach, the newest first or as a list orders them")
def cases(
    request: HttpRequest, kind: Annotated[str, Query(max_length=40)] = "",
    state: Annotated[str, Query(max_length=40)] = "", period: Annotated[str, Query(max_length=10)] = "",
    open: bool | None = None, q: Annotated[str, Query(max_length=60)] = "",
    light: Annotated[str, Query(pattern="^(late|soon)?$")] = "", sort: Annotated[str, Query(max_length=20)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50, cursor: Annotated[str, Query(max_length=60)] = "",
) -> dict[str, Any]:  # fmt: skip
    """``q``, ``light`` and ``sort`` as in the list of a kind: number, subject or unit, late or soon, a column."""
    actor = actor_of(request, Act.CASE_SEE)
    rules = next((one for one in machines() if one.name == kind), None)
    if rules is None:
        found = flow.cases_of(actor, machine=kind)
    elif actor.may(rules.see):
        found = lists.listed(actor, rules, request.GET)
    else:
        found = flow.Case.objects.none()
    found = flow.in_state(actor, found, state) if state else found
    found = found.filter(period=period) if period else found
    if open is not None:
        found = found.filter(closed_at__isnull=open)
    return page_of(actor, found if rules and sort else found.order_by("-pk"), limit, cursor)


@router.get("/{number}", response=answers(CaseTold), summary="A case with its steps and comments")
def case(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = actor_of(request, Act.CASE_SEE)
    return told(actor, case_of(actor, number))


@router.post("/{number}/moves/{move}", response=answers(CaseIn), summary="Make a move on a case as it was seen")
@once
def make(request: HttpRequest, number: str, move: str, body: MoveIn) -> dict[str, Any]:
    actor = actor_of(request, Act.CASE_SEE)
    done = flow.do(
        actor, case_of(actor, number), move, version=body.version, values=body.values, note=body.note.strip()
    )
    return shown(actor, done)


@router.post("/{number}/comments", response=answers(CaseIn), summary="Say something on a case")
@once
def say(request: HttpRequest, number: str, body: Comment) -> dict[str, Any]:
    actor = actor_of(request, Act.CASE_COMMENT)
    found = case_of(actor, number)
    flow.comment(actor, found, text=body.text)
    return shown(actor, found)


@work.get("/{pk}", response=answers(JobIn), summary="How a job gets on")
def job(request: HttpRequest, pk: int) -> dict[str, Any]:
    actor_of(request, Act.JOB_SEE)
    return job_shown(jobs.job_seen(actor_of(request), _number(pk)))


@work.post("/{pk}/cancel", response=answers(JobIn), summary="Cancel a job")
@once
def cancel(request: HttpRequest, pk: int) -> dict[str, Any]:
    actor = actor_of(request, Act.JOB_CANCEL)
    return job_shown(jobs.cancel(actor, jobs.job_seen(actor, _number(pk))))


def _number(pk: int) -> int:
    if not 0 < pk < 2**63:
        raise NotThere
    return pk


def page_of(actor: Actor, found: QuerySet[flow.Case], limit: int, cursor: str) -> dict[str, Any]:
    """A page of cases in their order, with the cursor of the next."""
    start, total = start_of(cursor), found.count()
    page = list(found.select_related("unit", "handler").prefetch_related("steps", "given")[start : start + limit])
    return {"cases": [shown(actor, one) for one in page], "next": after(start, len(page), total)}


def case_of(actor: Actor, number: str) -> flow.Case:
    """A case by its number. Raises NotThere."""
    found = flow.cases_of(actor).filter(number=number).first()
    if found is None:
        raise NotThere
    return found


def shown(actor: Actor, case: flow.Case) -> dict[str, Any]:
    """A case as it is listed."""
    rules, state = case.rules, flow.state_told(actor, case)
    own = [dict(rules.columns(case, lang)) if rules.columns else {} for lang in LANGUAGES]
    return {
        "number": case.number, "kind": case.machine, "unit": case.unit.code, "period": case.period,
        "state": state, "version": case.version, "open": case.open,
        "deadline": case.deadline.isoformat() if case.deadline else None,
        "moves": [move.name for move in flow.moves_for(actor, case)] if case.open else [],
        "unit_name": case.unit.name, "subject": case.subject,
        **{f"state_{lang}": w(f"{rules.words}.state.{state}", lang) for lang in LANGUAGES},
        "handler": case.handler.name if case.handler else "",
        "columns": [
            {"zh": w(key, "zh"), "en": w(key, "en"), "value_zh": own[0][key], "value_en": own[1].get(key, "")}
            for key in own[0]
        ],
    }  # fmt: skip


def told(actor: Actor, case: flow.Case) -> dict[str, Any]:
    """A case with what has happened, in the order in which it did."""
    steps = [
        {"at": one.at.isoformat(), "role": getattr(one, "role", ""), "move": getattr(one, "move", ""),
         "state": getattr(one, "target", ""), "values": getattr(one, "values", {}),
         "text": getattr(one, "note", "") or getattr(one, "text", "") or getattr(one, "name", "")}
        for one in flow.timeline(case, actor)
    ]  # fmt: skip
    fields = {
        move.name: [
            {"name": f.name, "kind": f.kind, "required": f.required, "choices": list(f.choices), "most": f.most}
            for f in move.fields
        ]
        for move in flow.moves_for(actor, case)
    }
    return {**shown(actor, case), "steps": steps, "fields": fields}


def job_shown(job: jobs.Job) -> dict[str, Any]:
    """A job as it stands."""
    return {
        "id": job.pk, "kind": job.kind, "state": job.state, "percent": job.percent, "result": job.result,
        "error": job.error,
    }  # fmt: skip
