"""Runs of the bureau: looked at, ordered, read and published; what needs two persons needs two tokens."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from drgpay_web import jobs, store
from drgpay_web.api.casework import job_shown, shown
from drgpay_web.api.entry import Bearer, actor_of
from drgpay_web.api.figures import table_rows
from drgpay_web.api.repeats import once
from drgpay_web.api.shapes import MOST_ROWS, CaseIn, JobIn, LookIn, ResultIn, Results, Rows, RunIn, answers
from drgpay_web.clearing import actions
from drgpay_web.people import Act

router = Router(tags=["runs"], auth=Bearer("runs"))


@router.get("", response=answers(Results), summary="Results, the newest first")
def results(request: HttpRequest, period: Annotated[str, Query(max_length=7)] = "") -> dict[str, Any]:
    found = store.results_seen(actor_of(request, Act.RUN_SEE))
    found = found.filter(period=period) if period else found
    return {"results": [_shown(one) for one in found[:MOST_ROWS]]}


@router.post("/looks", response=answers(JobIn, 202), summary="Pin the record and have it looked at before a run")
@once
def look(request: HttpRequest, body: LookIn) -> Status[dict[str, Any]]:
    actor = actor_of(request, Act.RUN_ORDER)
    return Status(202, job_shown(actions.order_look(actor, period=body.period, kind=body.kind, policy=body.policy)))


@router.post("", response=answers(JobIn, 202), summary="Order the run of what a look has seen")
@once
def order(request: HttpRequest, body: RunIn) -> Status[dict[str, Any]]:
    actor = actor_of(request, Act.RUN_ORDER)
    seen = jobs.job_seen(actor, body.look)
    return Status(202, job_shown(actions.order_run(actor, look=seen, reason=body.reason.strip())))


@router.get("/{pk}", response=answers(ResultIn), summary="A result")
def result(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _shown(actions.result_seen(actor_of(request, Act.RUN_SEE), pk))


@router.get("/{pk}/tables/{name}", response=answers(Rows), summary="Rows of a table of a result")
def table(
    request: HttpRequest, pk: int, name: str, where: Annotated[list[str], Query(max_length=10)] = [],  # noqa: B006
    sort: Annotated[str, Query(max_length=60)] = "", limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    cursor: Annotated[str, Query(max_length=60)] = "",
) -> dict[str, Any]:  # fmt: skip
    actor = actor_of(request, Act.RUN_SEE)
    return table_rows(actor, actions.result_seen(actor, pk), name, where, sort, limit, cursor)


@router.post("/{pk}/publish", response=answers(CaseIn), summary="Publish the newest candidate of a period")
@once
def publish(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Gives the case of the period: approving, posting and sealing are its moves."""
    actor = actor_of(request, Act.PERIOD_PUBLISH)
    return shown(actor, actions.publish(actor, actions.result_seen(actor, pk)))


def _shown(one: store.Result) -> dict[str, Any]:
    return {"id": one.pk, "period": one.period, "name": one.name, "state": one.state, "digest": one.digest}
