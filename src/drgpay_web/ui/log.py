"""A line of JSON for every request: when, what kind of page, how it went, how long it took; never who or about whom.

Switched on by ``DRGPAY_LOG=json``. A line has the route, not the address: no number of a stay or case is in it.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

SWITCH = "DRGPAY_LOG"


class JsonLines(logging.Formatter):
    """A record of the log as a line of JSON; of an error its kind and place, no values."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"at": at, "level": record.levelname.lower(), "from": record.name}
        said |= getattr(record, "said", None) or {"text": str(record.msg)[:300]}
        if record.exc_info and record.exc_info[1] is not None:
            trace = record.exc_info[2]
            while trace and trace.tb_next:
                trace = trace.tb_next
            said["error"] = type(record.exc_info[1]).__name__
            if trace:
                said["place"] = f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}"
        return json.dumps(said, ensure_ascii=False)


class RequestLines:
    """Writes the line of a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.on = os.environ.get(SWITCH, "") == "json"
        self.log = logging.getLogger("drgpay_web.requests")
        if self.on:
            self.log.setLevel(logging.INFO)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        answer = self.get_response(request)
        if self.on and not request.path.startswith("/static/"):
            match = request.resolver_match
            said = {
                "method": request.method, "route": match.route if match else "",
                "status": answer.status_code, "ms": int((time.perf_counter() - began) * 1000),
                "number": answer.get("X-Request-ID", ""),
            }  # fmt: skip
            self.log.info("", extra={"said": said})
        return answer
