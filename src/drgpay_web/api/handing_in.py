"""Submissions: a file of stays handed over, looked at, and handed in."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile

from drgpay import runs
from drgpay_web import flow
from drgpay_web.api.casework import page_of, shown, told
from drgpay_web.api.cursors import after, start_of
from drgpay_web.api.entry import Bearer, actor_of
from drgpay_web.api.repeats import once
from drgpay_web.api.shapes import MOST_ROWS, Answer, CaseIn, Cases, CaseTold, MoveIn, answers
from drgpay_web.people import Act, Actor, NotThere
from drgpay_web.submissions import actions, reads
from drgpay_web.submissions.places import findings_of
from drgpay_web.submissions.rules import SUBMISSION

router = Router(tags=["submissions"], auth=Bearer("submissions"))


@router.post("", response=answers(CaseIn, 201), summary="Hand a file over for a month; it is checked at once")
@once
def create(
    request: HttpRequest, period: Annotated[str, Form(max_length=7)], file: Annotated[UploadedFile, File()]
) -> Status[dict[str, Any]]:
    """The same file for the same month is the submission that is there."""
    actor = actor_of(request, Act.SUBMISSION_UPLOAD)
    handed = actions.hand_over(actor, chunks=file.chunks(), name=file.name or "", period=period)
    return Status(201, shown(actor, handed.case))


@router.get("", response=answers(Cases), summary="Submissions, the newest first")
def submissions(
    request: HttpRequest, period: Annotated[str, Query(max_length=7)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50, cursor: Annotated[str, Query(max_length=60)] = "",
) -> dict[str, Any]:  # fmt: skip
    actor = actor_of(request, Act.SUBMISSION_SEE)
    found = flow.cases_of(actor, machine=SUBMISSION)
    return page_of(actor, (found.filter(period=period) if period else found).order_by("-pk"), limit, cursor)


@router.get("/{number}", response=answers(CaseTold), summary="A submission")
def submission(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = actor_of(request, Act.SUBMISSION_SEE)
    return told(actor, _of(actor, number))


@router.get("/{number}/findings", response=answers(Answer), summary="What was found, row by row")
def findings(
    request: HttpRequest, number: str, rule: Annotated[str, Query(max_length=60)] = "",
    level: Annotated[str, Query(max_length=20)] = "", stay: Annotated[str, Query(max_length=128)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50, cursor: Annotated[str, Query(max_length=60)] = "",
) -> dict[str, Any]:  # fmt: skip
    actor = actor_of(request, Act.SUBMISSION_SEE)
    path = findings_of(_of(actor, number))
    if path is None:
        raise NotThere
    start = start_of(cursor)
    page = runs.read_findings(path, rule=rule, level=level, stay=stay, offset=start, limit=limit)
    return {"findings": page.rows, "total": page.total, "next": after(start, len(page.rows), page.total)}


@router.post("/{number}/hand-in", response=answers(CaseIn), summary="Hand a checked submission in")
@once
def hand_in(request: HttpRequest, number: str, body: MoveIn) -> dict[str, Any]:
    """``values`` takes the reason that a month which is sealed asks for."""
    actor = actor_of(request, Act.SUBMISSION_HAND_IN)
    done = flow.do(
        actor, _of(actor, number), "hand_in", version=body.version, values=body.values, note=body.note.strip()
    )
    return shown(actor, done)


def _of(actor: Actor, number: str) -> flow.Case:
    found = flow.cases_of(actor, machine=SUBMISSION).filter(number=number).first()
    return reads.submission_seen(actor, found.pk if found else 0)
