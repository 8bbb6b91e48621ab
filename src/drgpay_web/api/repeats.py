"""Requests that may be sent again: the same ``Idempotency-Key`` is answered as the first time, and done once."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from ninja.responses import NinjaJSONEncoder, Status

from drgpay.errors import DrgpayError
from drgpay_web import clock
from drgpay_web.api.entry import token_of
from drgpay_web.api.models import Sent
from drgpay_web.ui.errors import PageError, Unfit

KEPT = timedelta(days=7)
"""how long an answer is given again"""
GIVEN_UP = timedelta(minutes=10)
"""after which a request that never ended may be sent again"""
STARTED = clock.real_now()
"""when this process began: it alone serves the office, so that requests of before ended with the process before it"""
LONGEST = 100
HEADER = "Idempotency-Key"
Operation = Callable[..., Any]


class Repeated(Unfit):
    """A key that stands for another request, or for one that goes on."""

    def __init__(self, key: str, status: int) -> None:
        super().__init__(key)
        self.status = status


def once(operation: Operation) -> Operation:
    """Do an operation once per ``Idempotency-Key`` of a token. Without the header it is done each time."""

    @wraps(operation)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER, "")
        if not key:
            return operation(request, *args, **kwargs)
        if len(key) > LONGEST:
            raise Repeated("api.key_long", 400)
        sent = _claimed(request, key)
        if sent.status is not None:
            return _again(sent)
        try:
            return _done(sent, operation, request, *args, **kwargs)
        except BaseException:
            Sent.objects.filter(pk=sent.pk).delete()  # nothing was done: it may be sent again
            raise

    # what it takes is read from the operation's own module
    guarded.__signature__ = inspect.signature(operation, eval_str=True)  # type: ignore[attr-defined]
    return guarded


def _done(sent: Sent, operation: Operation, *args: Any, **kwargs: Any) -> Any:
    """What is done and how it was answered are kept together: whoever is killed between the two has done neither.
    What was undone by itself is said, and what the trail says of it stays."""
    with transaction.atomic():
        try:
            answer = operation(*args, **kwargs)
        except (PageError, DrgpayError) as error:
            said: Exception = error
        else:
            status, body = (answer.status_code, answer.value) if isinstance(answer, Status) else (200, answer)
            sent.status, sent.body = int(status), NinjaJSONEncoder(ensure_ascii=False).encode(body)
            sent.save(update_fields=["status", "body"])
            return answer
    raise said


def _claimed(request: HttpRequest, key: str) -> Sent:
    """The row of a key: a new one for a new key, the one that is there for the same request."""
    token, now = token_of(request), clock.real_now()
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + _body(request)).hexdigest()
    Sent.objects.filter(token=token, at__lt=now - KEPT).delete()
    Sent.objects.filter(token=token, status=None, at__lt=max(STARTED, now - GIVEN_UP)).delete()
    try:
        with transaction.atomic():
            return Sent.objects.create(token=token, key=key, digest=digest, at=now)
    except IntegrityError:
        there = Sent.objects.filter(token=token, key=key).first()
    if there is None or there.status is None:
        raise Repeated("api.key_goes_on", 409)
    if there.digest != digest:
        raise Repeated("api.key_of_another", 422)
    return there


def _body(request: HttpRequest) -> bytes:
    """What was sent; of a form with files, its fields and the files' names and contents."""
    if not (request.content_type or "").startswith("multipart/"):
        return request.body
    parts = [f"{name}={value}".encode() for name, value in sorted(request.POST.items())]
    for name in sorted(request.FILES):
        file = cast("UploadedFile[Any]", request.FILES[name])
        digest = hashlib.sha256()
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)
        parts.append(f"{name}:{file.name}:{digest.hexdigest()}".encode())
    return b"\n".join(parts)


def _again(sent: Sent) -> HttpResponse:
    answer = HttpResponse(sent.body, status=sent.status, content_type="application/json; charset=utf-8")
    answer["Idempotent-Replayed"] = "true"
    answer["Cache-Control"] = "no-store"
    return answer
