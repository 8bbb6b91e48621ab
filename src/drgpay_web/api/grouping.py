"""Grouping, explaining and checking stays: nothing is stored."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Status

from drgpay.runs import schemes_there
from drgpay.tables import STAYS
from drgpay_web import clock, store
from drgpay_web.api import popup
from drgpay_web.api.entry import Bearer, actor_of, token_of
from drgpay_web.api.room import estimated
from drgpay_web.api.shapes import Answer, Findings, Formats, Grouped, Page, Schemes, Stay, Stays, answers

FILES = ["csv", "tsv", "xls", "xlsx", "dbf", "zip"]
router = Router(tags=["grouping"], auth=Bearer("group"))


@router.post("/group", response=answers(Grouped), summary="Group up to 500 stays; nothing is stored")
def group(request: HttpRequest, body: Stays) -> dict[str, Any]:
    grouper = store.grouper_of(actor_of(request))
    found = [
        {"mdc": one.mdc, "adrg": one.adrg, "drg": one.drg, "name": one.name, "severity": one.severity,
         "status": one.status, "reason": one.reason} for one in grouper.group(body.stays)
    ]  # fmt: skip
    return {"scheme": grouper.scheme.id, "groups": found, "findings": grouper.findings(body.stays)}


@router.post("/explain", response=answers(Answer), summary="Why a stay is in its group; nothing is stored")
def explain(request: HttpRequest, body: Stay) -> dict[str, Any]:
    return store.grouper_of(actor_of(request)).tell(body.stay).plain()


@router.post("/check", response=answers(Findings), summary="What is wrong with stays; nothing is stored")
def check(request: HttpRequest, body: Stays) -> dict[str, Any]:
    return {"findings": store.grouper_of(actor_of(request)).findings(body.stays)}


@router.post("/estimates", response=answers(Answer), summary="What stays in house are expected to bring")
def estimate(request: HttpRequest, body: Stays) -> dict[str, Any]:
    """By the base points, coefficient and point value that were published last; ``total_cost`` and ``personal_paid``
    in yuan; a stay without ``discharge_date`` is in house. No limit of care."""
    actor = actor_of(request)
    groups = store.grouper_of(actor).group(body.stays)
    period, found = estimated(actor, body.stays, groups)
    rows = [{"drg": one.drg, "status": one.status, **row} for one, row in zip(groups, found, strict=True)]
    return {"period": period, "estimates": rows}


@router.get("/schemes", response=answers(Schemes), summary="The grouping schemes that are installed")
def schemes(request: HttpRequest) -> dict[str, Any]:
    current = store.grouper_of(actor_of(request)).scheme.id
    return {"schemes": [{"id": one.id, "current": one.id == current} for one in schemes_there()]}


@router.get("/formats", response=answers(Formats), summary="What a file of stays holds")
def formats(request: HttpRequest) -> dict[str, Any]:
    fields = [
        {"name": c.name, "type": c.type, "zh": c.zh, "en": c.en, "required": not c.null} for c in STAYS.columns
    ]  # fmt: skip
    return {"fields": fields, "kinds": FILES}


@router.post("/stay-pages", response=answers(Page, 201), summary="A page on the screen for a stay in house, once")
def stay_page(request: HttpRequest, body: Stay) -> Status[dict[str, Any]]:
    store.grouper_of(actor_of(request)).group([body.stay])  # what cannot be read is said here, not on the page
    text, until = popup.ticket(token_of(request), body.stay, clock.real_now())
    return Status(201, {"url": reverse("stay-page", args=[text]), "until": until.isoformat()})
