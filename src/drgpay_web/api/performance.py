"""Performance pay of a quarter for a hospital's own systems: what its departments and its people get. The bureau's
systems have no way here, and persons' amounts only a token that acts for the performance office."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from drgpay_web import flow, trail
from drgpay_web.api.cursors import after, start_of
from drgpay_web.api.entry import Bearer, actor_of
from drgpay_web.api.figures import At, Most, heads_of
from drgpay_web.api.lists import Language
from drgpay_web.api.shapes import Periods, Rows, answers
from drgpay_web.hospital import orders, shares
from drgpay_web.people import Act, Actor, NotThere

router = Router(tags=["performance"], auth=Bearer("performance"))


@router.get("", response=answers(Periods), summary="Quarters that were worked out, the latest first")
def quarters(request: HttpRequest) -> dict[str, Any]:
    actor = actor_of(request, Act.QUARTER_SEE)
    found = [(one, orders.result_of(one)) for one in _quarters(actor).order_by("-period")]
    return {"periods": [{"period": one.period, "state": one.state, "digest": result.digest}
                        for one, result in found if result]}  # fmt: skip


@router.get("/{period}/departments", response=answers(Rows), summary="What departments get of a quarter")
def departments(
    request: HttpRequest, period: str, lang: Language = "zh", limit: Most = 50, cursor: At = ""
) -> dict[str, Any]:
    """``period``: as ``2024-Q2``."""
    return _shares(actor_of(request, Act.QUARTER_SEE), period, "departments", lang, limit, cursor)


@router.get("/{period}/people", response=answers(Rows), summary="What persons get of a quarter")
def people(
    request: HttpRequest, period: str, lang: Language = "zh", limit: Most = 50, cursor: At = ""
) -> dict[str, Any]:
    """For the performance office's own token."""
    return _shares(actor_of(request, Act.SLIP_ALL), period, "people", lang, limit, cursor)


def _quarters(actor: Actor) -> Any:
    return flow.cases_of(actor, machine="hospital_quarter")


def _shares(actor: Actor, period: str, kind: str, lang: str, limit: int, cursor: str) -> dict[str, Any]:
    case = _quarters(actor).filter(period=period).last()
    result = orders.result_of(case) if case else None
    if case is None or result is None:
        raise NotThere
    trail.record(actor, shares.SEE[kind], f"case:{case.number}", after={"table": kind})
    start, rows = start_of(cursor), shares.shares(actor, case, kind, lang).rows
    shown = rows[start : start + limit]
    return {
        "period": case.period, "digest": result.digest, "columns": heads_of(shares.COLUMNS[kind]), "rows": shown,
        "total": len(rows), "next": after(start, len(shown), len(rows)),
    }  # fmt: skip
