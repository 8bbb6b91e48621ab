"""Who hears how far a verb has got, besides the engine's own bars: whoever listens while it works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from drgpay.engine.contract import Progress

_listener: ContextVar[Progress | None] = ContextVar("listener", default=None)


@contextmanager
def listening(progress: Progress) -> Iterator[None]:
    """``progress`` is told what every engine does in the meantime, in this thread. What it raises ends the verb,
    which then leaves nothing but the files of finished parts."""
    token = _listener.set(progress)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(own: Progress | None, label: str, done: int, of: int) -> None:
    """Tell an engine's own progress, if it has any, and whoever listens."""
    for progress in (own, _listener.get()):
        if progress is not None:
            progress(label, done, of)
