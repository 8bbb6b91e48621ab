"""``/api/v1``: what an institution's systems may ask."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from ninja import Schema
from ninja.security import HttpBearer
from ninja.throttling import AuthRateThrottle
from pydantic import Field

from drgpay.runs import Grouper, Scope, View, browse, explain_stay, read_manifest, said_sources
from drgpay_web import clock, store, trail
from drgpay_web.api.actions import digest_of
from drgpay_web.api.answers import Numbered, handle
from drgpay_web.api.models import Token
from drgpay_web.boards.stay import stay_seen
from drgpay_web.people import Act, Actor, NotThere, Person, Role

MOST_STAYS = 500
RATE = "600/m"
USUAL = "chs-drg-2.0"
"""the grouping scheme where an area has no result yet"""
STATEMENT = {4: "statements", 7: "institution_months"}


class Bearer(HttpBearer):
    """A token that holds and is for what is asked (``scope``)."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__()

    def authenticate(self, request: HttpRequest, token: str) -> Token | None:
        found = Token.objects.select_related("unit", "unit__parent").filter(sha256=digest_of(token)).first()
        holds = found is not None and found.revoked_at is None and found.until > clock.real_now()
        return found if holds and found is not None and self.scope in found.scopes else None


class Stays(Schema):
    """Stays to group: each with sex, age, dx, proc and what else the grouper reads."""

    stays: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_STAYS)


class Stay(Schema):
    """One stay to explain."""

    stay: dict[str, Any]


v1 = Numbered(title="drgpay", version="1", docs_url=None, openapi_url=None, throttle=[AuthRateThrottle(RATE)])
handle(v1)


@v1.post("/group", auth=Bearer("group"), summary="Group up to 500 stays; nothing is stored")
def group(request: HttpRequest, body: Stays) -> dict[str, Any]:
    grouper = _grouper(_actor(request))
    found = [
        {"mdc": one.mdc, "adrg": one.adrg, "drg": one.drg, "name": one.name, "severity": one.severity,
         "status": one.status, "reason": one.reason} for one in grouper.group(body.stays)
    ]  # fmt: skip
    return {"scheme": grouper.scheme.id, "groups": found, "findings": grouper.findings(body.stays)}


@v1.post("/explain", auth=Bearer("group"), summary="Why a stay is in its group; nothing is stored")
def explain(request: HttpRequest, body: Stay) -> dict[str, Any]:
    return _grouper(_actor(request)).tell(body.stay).plain()


@v1.get("/periods", auth=Bearer("statements"), summary="The periods that are published or sealed")
def periods(request: HttpRequest) -> dict[str, Any]:
    seen = store.periods_seen(_actor(request))
    return {"periods": [{"period": one.period, "state": one.state, "digest": one.digest} for one in seen]}


@v1.get("/statements/{period}", auth=Bearer("statements"), summary="The institution's statement of a period")
def statement(request: HttpRequest, period: str) -> dict[str, Any]:
    actor = _actor(request)
    result = _result(actor, period)
    scope = Scope(areas=frozenset({actor.area}), institutions=frozenset({actor.unit.code}))
    page = browse(store.folder(result), View(STATEMENT[len(result.period)], scope=scope), limit=1000)
    columns = [{"name": c.name, "type": c.type, "zh": c.zh, "en": c.en} for c in page.columns]
    return {"period": result.period, "digest": result.digest, "columns": columns, "rows": page.rows}


@v1.get("/stays/{period}/{stay_id}", auth=Bearer("stays"), summary="Points and payment of a settled stay, explained")
def stay(request: HttpRequest, period: str, stay_id: str) -> dict[str, Any]:
    actor = _actor(request)
    result = _result(actor, period)
    row = stay_seen(actor, result, stay_id, actor.scope(Act.STAY_SEE))
    trail.record(actor, Act.STAY_SEE, f"stay:{result.pk}/{stay_id}")
    sections, sources = explain_stay(store.folder(result), stay_id)
    lines = [
        {"zh": section.zh, "en": section.en, "lines": [
            {"zh": line.zh, "en": line.en, "value": line.value, "parameter": line.parameter} for line in section.lines
        ]} for section in sections
    ]  # fmt: skip
    told = [{"parameter": one.parameter, "value": one.value, "source": one.source}
            for one in said_sources(sources, "zh")]  # fmt: skip
    return {"period": result.period, "digest": result.digest, "stay": row, "sections": lines, "sources": told}


def _actor(request: HttpRequest) -> Actor:
    """A token acts as its institution's insurance office."""
    token: Token = request.auth  # type: ignore[attr-defined]
    address = request.META.get("REMOTE_ADDR", "")
    return Actor(Person.objects.system(), None, Role.H1, token.unit, token.unit.area, str(token), address)


def _result(actor: Actor, period: str) -> store.Result:
    found = next((one for one in store.periods_seen(actor) if one.period == period), None)
    if found is None:
        raise NotThere
    return found


def _grouper(actor: Actor) -> Grouper:
    """The grouper of the area's latest result."""
    latest = next(iter(store.periods_seen(actor)), None)
    if latest is None:
        return _loaded(USUAL, ())
    said = read_manifest(store.folder(latest))
    return _loaded(said["scheme"], tuple(said["switches"]))


@lru_cache(maxsize=4)
def _loaded(scheme: str, switches: tuple[str, ...]) -> Grouper:
    return Grouper(scheme, switches)
