"""The one envelope of every failure, and a number by which every answer is known."""

from __future__ import annotations

import hashlib
import logging
import re
from typing import Any
from uuid import uuid4

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.openapi.schema import OpenAPISchema

from drgpay.errors import DrgpayError
from drgpay_web.api.entry import actor_of
from drgpay_web.api.examples import put_into
from drgpay_web.people import Refused, refused
from drgpay_web.ui import PageError, w
from drgpay_web.ui.failures import STATUS, disk_is_full

_LOG = logging.getLogger("drgpay_web")
_ID = re.compile(r"[\w-]{1,64}")


class Numbered(NinjaAPI):
    """Every answer carries ``X-Request-ID``: the one that was sent, or a new one. Its document has examples."""

    def get_openapi_schema(self, **settings: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**settings)
        put_into(document)
        return document

    def create_response(self, request: HttpRequest, data: Any, **settings: Any) -> HttpResponse:
        answer: HttpResponse = super().create_response(request, data, **settings)
        answer["X-Request-ID"] = number_of(request)
        answer["Cache-Control"] = "no-store"
        if request.method == "GET" and answer.status_code == 200:
            tag = f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
            if tag in request.headers.get("If-None-Match", ""):
                answer.status_code, answer.content = 304, b""
            answer["ETag"] = tag
        return answer


def number_of(request: HttpRequest) -> str:
    """The request's number."""
    sent = request.headers.get("X-Request-ID", "")
    if not hasattr(request, "number"):
        request.number = sent if _ID.fullmatch(sent) else uuid4().hex  # type: ignore[attr-defined]
    return str(request.number)  # type: ignore[attr-defined]


def envelope(kind: str, zh: str, en: str, **more: Any) -> dict[str, Any]:
    """A failure: its kind, what is the matter and what to do in both languages, and the place."""
    names = ("fix_zh", "fix_en", "file", "row", "field", "value")
    return {"error": {"kind": kind, "zh": zh, "en": en, **{name: more.get(name) for name in names}}}


def handle(api: NinjaAPI) -> None:
    """Answer every failure with the envelope."""

    def said(request: HttpRequest, status: int, body: dict[str, Any]) -> HttpResponse:
        return api.create_response(request, body, status=status)

    @api.exception_handler(DrgpayError)
    def of_core(request: HttpRequest, error: DrgpayError) -> HttpResponse:
        more = {name: getattr(error, name) for name in ("fix_zh", "fix_en", "file", "row", "field")}
        value = None if error.value is None else str(error.value)[:200]
        kind = error.kind.name.lower()
        return said(request, STATUS.get(error.kind, 422), envelope(kind, error.zh, error.en, value=value, **more))

    @api.exception_handler(PageError)
    def of_office(request: HttpRequest, error: PageError) -> HttpResponse:
        if isinstance(error, Refused):
            refused.send(sender=None, actor=actor_of(request), act=error.act, address=request.path)
        zh, en = (error.said(lang) or w(f"ui.say_{error.status}", lang) for lang in ("zh", "en"))
        return said(request, error.status, envelope("office", zh, en))

    @api.exception_handler(ValidationError)
    def of_form(request: HttpRequest, error: ValidationError) -> HttpResponse:
        first: dict[str, Any] = error.errors[0] if error.errors else {}
        field = ".".join(str(part) for part in first.get("loc", ()))
        zh, en = (w("ui.error_invalid", lang) for lang in ("zh", "en"))
        return said(request, 422, envelope("usage", zh, en, field=field, value=first.get("msg")))

    @api.exception_handler(RequestDataTooBig)
    def of_size(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        zh, en = (w("ui.say_413", lang) for lang in ("zh", "en"))
        return said(request, 413, envelope("usage", zh, en))

    @api.exception_handler(AuthenticationError)
    def of_token(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return said(request, 401, envelope("token", "令牌无效、到期、已吊销或无此权限",
                                           "no such token, over, revoked, or not for this"))  # fmt: skip

    @api.exception_handler(Throttled)
    def of_rate(request: HttpRequest, error: Throttled) -> HttpResponse:
        zh, en = (w("ui.say_429", lang) for lang in ("zh", "en"))
        answer = said(request, 429, envelope("rate", zh, en))
        if error.wait:
            answer["Retry-After"] = str(int(error.wait) + 1)
        return answer

    @api.exception_handler(HttpError)
    def of_http(request: HttpRequest, error: HttpError) -> HttpResponse:
        zh, en = (w("ui.say_400", lang) for lang in ("zh", "en"))
        return said(request, error.status_code, envelope("usage", zh, en))

    @api.exception_handler(Http404)
    def of_nothing(request: HttpRequest, error: Http404) -> HttpResponse:
        zh, en = (w("ui.say_404", lang) for lang in ("zh", "en"))
        return said(request, 404, envelope("office", zh, en))

    @api.exception_handler(Exception)
    def of_defect(request: HttpRequest, error: Exception) -> HttpResponse:
        if disk_is_full(error):
            zh, en = (w("ui.disk_full", lang) for lang in ("zh", "en"))
            return said(request, 503, envelope("engine", zh, en))
        number = number_of(request)
        _LOG.error("defect %s at %s", number, request.path, exc_info=error)
        zh, en = (w("ui.say_500", lang, number=number) for lang in ("zh", "en"))
        return said(request, 500, envelope("defect", zh, en))
