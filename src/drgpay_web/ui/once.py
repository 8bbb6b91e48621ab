"""What a page asks several times is read once: kept as long as the request that only looks is answered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_kept: ContextVar[dict[Hashable, object] | None] = ContextVar("kept", default=None)


@contextmanager
def looking() -> Iterator[None]:
    """A request that only looks: inside, functions marked :func:`once` answer equal questions alike."""
    before = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(before)


def once(read: Callable[P, T]) -> Callable[P, T]:
    """A function of values that can be keys, which reads what a request that only looks does not change. Its answer
    is shared and changed by nobody. Outside of :func:`looking` it reads every time."""

    @wraps(read)
    def kept(*args: P.args, **named: P.kwargs) -> T:
        answers = _kept.get()
        if answers is None:
            return read(*args, **named)
        key = (read, args, *sorted(named.items()))
        if key not in answers:
            answers[key] = read(*args, **named)
        return answers[key]  # type: ignore[return-value]

    return kept
