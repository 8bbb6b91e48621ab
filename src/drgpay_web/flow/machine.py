"""What a kind of case is: its states and moves as data, printable and testable (13 §2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from drgpay_web.ui import w
from drgpay_web.ui.errors import PageError

if TYPE_CHECKING:
    from drgpay.errors import DrgpayError
    from drgpay_web.flow.models import Case, Step
    from drgpay_web.people import Act, Actor

Values = Mapping[str, Any]


def in_words(key: str, values: Mapping[str, object], lang: str) -> str:
    """A text with its values; one that is named ``<name>_key`` is itself the key of words."""
    return w(
        key, lang, **{n.removesuffix("_key"): w(str(v), lang) if n.endswith("_key") else v for n, v in values.items()}
    )


class Guarded(PageError):
    """A move that is not possible now (422): ``key`` of the words that say why and what they name, or an error of the
    core that says it itself."""

    status = 422

    def __init__(self, key: str = "", *, error: DrgpayError | None = None, **values: object) -> None:
        super().__init__(key or (error.zh if error else ""))
        self.key, self.error, self.values = key, error, values

    def said(self, lang: str) -> str:
        """Why, in the reader's language."""
        if self.error is None:
            return in_words(self.key, self.values, lang)
        parts = (self.error.en, self.error.fix_en) if lang == "en" else (self.error.zh, self.error.fix_zh)
        return " → ".join(part for part in parts if part)


class Stale(PageError):
    """The case is no longer what the person saw (409): the steps taken since, oldest first."""

    status = 409

    def __init__(self, case: Case, since: tuple[Step, ...]) -> None:
        super().__init__(f"{case.number} {case.version}")
        self.case, self.since = case, since

    def said(self, lang: str) -> str:
        """What changed, by whom and when."""
        words = self.case.rules.words
        steps = (
            w(
                "flow.stale_step",
                lang,
                who=s.person.name,
                day=s.day.isoformat(),
                move=w(f"{words}.move.{s.move}", lang),
            )
            for s in self.since
        )
        return " ".join([w("flow.stale", lang), *steps])


@dataclass(frozen=True)
class Field:
    """What is typed with a move. ``kind``: line, text, date, choice, flag, number (a whole number, no money)."""

    name: str
    kind: str = "line"
    required: bool = False
    choices: tuple[str, ...] = ()
    most: int = 2000


@dataclass(frozen=True)
class Deadline:
    """Days from the move on, the day itself not counted; ``working``: of the working-day calendar."""

    days: int
    working: bool = True


Guard = Callable[["Case", "Actor", Values], "Guarded | None"]
Effect = Callable[["Case", "Actor", Values], None]
When = Callable[["Case"], "date | None"]


@dataclass(frozen=True)
class Move:
    """One move. ``target`` "": the state stays. ``act``: who may; None: the system only. ``guard`` says why not now;
    ``effect`` writes what follows, in the same transaction. ``deadline``: by when the next move is due (none: no
    deadline any more); ``silence``: the move the system makes when that day has passed. ``not_by``: earlier moves
    whose person may not make this one. ``notify``: roles told of it."""

    name: str
    sources: tuple[str, ...]
    target: str
    act: Act | None
    guard: Guard | None = None
    effect: Effect | None = None
    deadline: Deadline | When | None = None
    silence: str = ""
    not_by: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    notify: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Machine:
    """A kind of case. ``words``: prefix of its words (``<words>``, ``<words>.state.<s>``, ``<words>.move.<m>``,
    ``<words>.field.<f>``). ``see``: the act needed to look at a case. ``facts``: what its page says first, as rows
    (key of words, text, address). ``panel``: a template of its own on the page, with the context that ``panel_of``
    gives. ``letters``: how its numbers begin."""

    name: str
    words: str
    states: tuple[str, ...]
    start: str
    ends: tuple[str, ...]
    moves: tuple[Move, ...]
    see: Act
    letters: str
    deadline: Deadline | When | None = None
    silence: str = ""
    facts: Callable[[Case, str], list[tuple[str, str, str]]] | None = None
    panel: str = ""
    panel_of: Callable[[Case, Actor], Mapping[str, Any]] | None = None

    def __getitem__(self, name: str) -> Move:
        return next(move for move in self.moves if move.name == name)

    def faults(self) -> list[str]:
        """What is wrong with it as a machine: states unknown or never reached, ends that are left, and the like."""
        names = [move.name for move in self.moves]
        found = [f"move {name} twice" for name in names if names.count(name) > 1]
        for move in self.moves:
            unknown = {*move.sources, move.target or self.start} - set(self.states)
            found += [f"{move.name}: unknown state {state}" for state in sorted(unknown)]
            found += [f"{move.name}: leaves the end {s}" for s in move.sources if s in self.ends and move.target]
            found += [f"{move.name}: not_by {other}" for other in move.not_by if other not in names]
        for of, silence in [("start", self.silence), *((move.name, move.silence) for move in self.moves)]:
            if silence and silence not in names:
                found.append(f"{of}: silence {silence}")
        reached = {self.start}
        while True:
            more = {m.target for m in self.moves if m.target and reached & set(m.sources)} - reached
            if not more:
                break
            reached |= more
        found += [f"state {state} is never reached" for state in self.states if state not in reached]
        left = {source for move in self.moves if move.target for source in move.sources}
        found += [f"state {s} is never left" for s in self.states if s not in left and s not in self.ends]
        return found


_known: dict[str, Machine] = {}


def register(machine: Machine) -> Machine:
    """Make a machine known; a faulty one, or another of the same name or letters, is a defect and refused."""
    faults = machine.faults()
    others = [m for m in _known.values() if m.name != machine.name and m.letters == machine.letters]
    if faults or others or _known.get(machine.name, machine) != machine:
        raise ValueError(f"machine {machine.name}: {'; '.join(faults) or 'is known already'}")
    _known[machine.name] = machine
    return machine


def machine(name: str) -> Machine:
    """The machine of a name."""
    return _known[name]


def machines() -> tuple[Machine, ...]:
    """All of them, by name."""
    return tuple(_known[name] for name in sorted(_known))
