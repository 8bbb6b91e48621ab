"""The office clock: the day by which deadlines count. A demo stands still on a day until somebody moves it
on; sessions use real time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

SHANGHAI = ZoneInfo("Asia/Shanghai")


OFFICE = "office.json"


def _office() -> dict[str, Any]:
    """What the office says of itself; read again when it was written."""
    path = Path(settings.HOME) / OFFICE
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=1)
def _read(path: Path, written: int) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return said


def is_demo() -> bool:
    """Whether this office is one to try things in."""
    return bool(_office().get("demo"))


def go_on(days: int) -> date:
    """A demo's clock goes on by some days, for everybody; the day it shows then."""
    said = _office()
    day = date.fromisoformat(said["clock"]) + timedelta(days)
    draft = Path(settings.HOME) / f".{OFFICE}.partial"
    draft.write_text(json.dumps(said | {"clock": day.isoformat()}) + "\n", encoding="utf-8")
    draft.replace(Path(settings.HOME) / OFFICE)
    return day


_elsewhere: ContextVar[date | None] = ContextVar("elsewhere", default=None)


@contextmanager
def moved_to(day: date) -> Iterator[None]:
    """While a demo is made: what is done meanwhile is done on another day."""
    before = _elsewhere.set(day)
    try:
        yield
    finally:
        _elsewhere.reset(before)


def stands_still() -> date | None:
    """The day a demo's clock shows; None where the clock is real."""
    if (moved := _elsewhere.get()) is not None:
        return moved
    said = _office().get("clock")
    return None if said is None else date.fromisoformat(said)


def real_now() -> datetime:
    """Real time, aware, in UTC: for sessions, second factors, tokens and the audit."""
    return datetime.now(UTC)


def today() -> date:
    """The office's day in Shanghai."""
    return stands_still() or real_now().astimezone(SHANGHAI).date()


def now() -> datetime:
    """The office's time, aware: the demo's day at the real time of day."""
    day = stands_still()
    real = real_now().astimezone(SHANGHAI)
    return real if day is None else datetime.combine(day, time(real.hour, real.minute, real.second), SHANGHAI)
