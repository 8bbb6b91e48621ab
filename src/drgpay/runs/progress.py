"""How far a run has got, step by step under a plan known before, and how it is stopped (design/12 §7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

from drgpay.engine import listening
from drgpay.errors import Stopped
from drgpay.policy import Laws, laws
from drgpay.runs.order import Order
from drgpay.words import StepWords, pass_word, step_words

_NEARLY = Fraction(99, 100)
"""of a step whose end was not told"""


@dataclass(frozen=True)
class Progress:
    """Where a run stands: the number of the step (from 1) of how many, how much of it is done (0 to 1), and what it
    is called in Chinese and English. In a run it never goes back."""

    step: int
    of: int
    fraction: Fraction
    zh: str
    en: str


Tell = Callable[[Progress], None]
"""is told how far a run has got"""
ShouldStop = Callable[[], bool]
"""is asked, many times, whether to stop"""


def plan(order: Order) -> list[StepWords]:
    """The steps of a run before it begins, in order. Raises POLICY for a practice that cannot be read."""
    return planned(laws(order.policy, order.year, month=order.month, known_on=order.known_on))


def planned(of_year: Laws) -> list[StepWords]:
    """The same under laws that are read."""
    with_modes = any(policy.rules("modes.rules") for policy in of_year.all())
    return [step for step in step_words().values() if with_modes or step.name != "modes"]


@contextmanager
def working(tell: Tell | None = None, should_stop: ShouldStop | None = None) -> Iterator[None]:
    """Any other long work in the meantime is told pass by pass over the stays, how many there will be not being known
    (``of`` is 0), and ended with :class:`Stopped` when it should stop."""
    seen: list[str] = []

    def hear(label: str, done: int, of: int) -> None:
        if should_stop is not None and should_stop():
            raise Stopped
        if seen[-1:] != [label]:
            seen.append(label)
        if tell is not None:
            part = Fraction(done, of) if of else Fraction(0)
            tell(Progress(len(seen), 0, part, pass_word(label, "zh"), pass_word(label, "en")))

    with listening(hear):
        yield


class Walk:
    """A run on its way through its steps: tells how far it is, and raises :class:`Stopped` when it should stop."""

    def __init__(self, tell: Tell | None = None, should_stop: ShouldStop | None = None) -> None:
        self._tell, self._should_stop = tell, should_stop
        self._steps: Sequence[StepWords] = ()
        self._at = -1
        self._label = ""
        self._passes = 0
        self._done = Fraction(0)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """What the engines do in the meantime is heard, and ended when the run should stop."""
        with listening(self._hear):
            yield

    def begin(self, steps: Sequence[StepWords]) -> None:
        """The steps that lie ahead."""
        self._steps = steps

    def enter(self, name: str) -> None:
        """The step of this name begins; one that is not in the plan is part of the step before it."""
        at = next((i for i, step in enumerate(self._steps) if step.name == name), None)
        self._stop()
        if at is not None and at > self._at:
            self._at, self._label, self._passes, self._done = at, "", 0, Fraction(0)
            self._say()

    def end(self) -> None:
        """All is done."""
        if self._steps:
            self._at, self._done = len(self._steps) - 1, Fraction(1)
            self._say()

    def _hear(self, label: str, done: int, of: int) -> None:
        self._stop()
        if self._at < 0:
            return
        if self._label and label != self._label:
            self._passes += 1
        self._label = label
        part = self._passes + (Fraction(done, of) if of else 0)
        now = min(Fraction(part) / self._steps[self._at].passes, _NEARLY)
        if now > self._done:
            self._done = now
            self._say()

    def _stop(self) -> None:
        if self._should_stop is not None and self._should_stop():
            raise Stopped

    def _say(self) -> None:
        if self._tell is not None:
            step = self._steps[self._at]
            self._tell(Progress(self._at + 1, len(self._steps), self._done, step.zh, step.en))
