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
    from drgpay.report.papers import Paper
    from drgpay_web.flow.models import Case, Step
    from drgpay_web.people import Act, Actor

Values = Mapping[str, Any]


def in_words(key: str, values: Mapping[str, object], lang: str) -> str:
    """A text with its values; one that is named ``<name>_key`` is itself the key of words."""
    return w(
        key, lang, **{n.removesuffix("_key"): w(str(v), lang) if n.endswith("_key") else v for n, v in values.items()}
    )


def step_words(words: str, step: Step, lang: str) -> str:
    """What a step of a case with these ``words`` is called; those that every case has are the house's own."""
    own = step.move in ("open", "hand_over") or step.taken_back is not None
    return w(f"flow.step_{step.move}" if own else f"{words}.move.{step.move}", lang)


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
                move=step_words(words, s, lang),
            )
            for s in self.since
        )
        return " ".join([w("flow.stale", lang), *steps])


Options = Callable[["Case", "Actor", str], "list[tuple[str, str]]"]


@dataclass(frozen=True)
class Field:
    """What is typed with a move. ``kind``: line, text, date, choice, flag, number (a whole number, no money), money
    (typed in yuan, kept in whole fen), persons (one or several, by their numbers). ``of``: the choices (value, text
    in the reader's language) where they depend on the case; ``now``: what stands in it before anything is typed;
    ``told``: how a value is said on the timeline, in a language; ``told_of``: where that depends on
    the case."""

    name: str
    kind: str = "line"
    required: bool = False
    choices: tuple[str, ...] = ()
    most: int = 2000
    of: Options | None = None
    now: Callable[[Case], str] | None = None
    told: Callable[[str, str], str] | None = None
    told_of: Callable[[Case, str, str], str] | None = None


@dataclass(frozen=True)
class Deadline:
    """Days from the move on, the day itself not counted; ``working``: of the working-day calendar."""

    days: int
    working: bool = True


Guard = Callable[["Case", "Actor", Values], "Guarded | None"]
Effect = Callable[["Case", "Actor", Values], None]
When = Callable[["Case"], "date | None"]
Ready = Callable[["Case", "Actor"], "Guarded | None"]
Handler = Callable[["Case", "Actor", Values], None]


@dataclass(frozen=True)
class Move:
    """One move. ``target`` "": the state stays; ``goes``: the state it leads to, where that depends on the case (one
    of ``targets``). ``act``: who may; None: the system only. ``ready`` says why not now before anything is typed, and
    the page says it in the move's place; ``guard`` says it of what was typed; ``effect`` writes what follows, in the
    same transaction. ``deadline``: by when the next move is due (none: no deadline any more); ``silence``: the move
    the system makes when that day has passed. ``not_by``: earlier moves whose person may not make this one. ``slot``:
    only who was given the case in it. ``notify``: roles told of it. ``recallable``: who made it may take it back
    until the next step; it writes nothing outside the case. ``freezes``: the attachments there are stay as they are.
    ``many``: may be made on several cases at once. ``quiet``: it is possible, but nobody is waited for: it brings no
    case on a work list; ``quiet_while``: in which cases, where not in all. ``page``: name of the address (of the
    case's number) with a form of its own, which is led to in place of the usual one."""

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
    ready: Ready | None = None
    goes: Callable[[Case, Values], str] | None = None
    targets: tuple[str, ...] = ()
    slot: str = ""
    recallable: bool = False
    freezes: bool = False
    many: bool = False
    quiet: bool = False
    quiet_while: Callable[[Case], bool] | None = None
    page: str = ""

    def waits(self, case: Case) -> bool:
        """Somebody is waited for to make it."""
        return not (self.quiet or (self.quiet_while is not None and self.quiet_while(case)))

    @property
    def leads_to(self) -> tuple[str, ...]:
        """Every state it can lead to; none where the state stays."""
        return (*((self.target,) if self.target else ()), *self.targets)


@dataclass(frozen=True)
class CasePaper:
    """A paper of a case: ``name`` (``<words>.paper.<name>``), the states in which there is one, and what makes it in
    a language. ``when``: whether this case has one, where not every case has. ``inside``: it names persons or is the
    house's own, so that a reason is asked and the copy carries the taker's mark; ``values``: what stands for marks of
    its own in its texts, in a language."""

    name: str
    states: tuple[str, ...]
    made: Callable[[Case, str], Paper]
    when: Callable[[Case], bool] | None = None
    inside: bool = False
    values: Callable[[Case, str], Mapping[str, str]] | None = None

    def there(self, case: Case) -> bool:
        """The case has one now."""
        return case.state in self.states and (self.when is None or self.when(case))


@dataclass(frozen=True)
class Machine:
    """A kind of case. ``words``: prefix of its words (``<words>``, ``<words>.state.<s>``, ``<words>.move.<m>``,
    ``<words>.field.<f>``). ``see``: the act needed to look at a case. ``facts``: what its page says first, as rows
    (key of words, text, address). ``panel``: a template of its own on the page, with the context that ``panel_of``
    gives. ``letters``: how its numbers begin. ``columns``: what its list shows besides number, unit, period, state
    and deadline, as (key of words, text). ``head``: a template above the list, with the context ``head_of`` gives.
    ``sees``: whether a reader sees a step, a comment or an attachment of a case he sees (blind opinions).
    ``shown``: name of what is true in a case's data once the people of its hospital may know of it; none: from the
    beginning. ``papers``: letters and decisions. ``handled_by``: role of the handler who has charge of the unit's new
    cases. ``state_for``: the state that a reader is told in place of the one it is in (what is blind). ``contact``:
    the topic under which the bureau is called about it (:data:`drgpay_web.flow.contacts.TOPICS`)."""

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
    columns: Callable[[Case, str], list[tuple[str, str]]] | None = None
    head: str = ""
    head_of: Callable[[Actor], Mapping[str, Any]] | None = None
    sees: Callable[[Case, Actor, Any], bool] | None = None
    shown: str = ""
    papers: tuple[CasePaper, ...] = ()
    handled_by: str = ""
    state_for: Callable[[str, Actor], str] | None = None
    contact: str = ""

    def __getitem__(self, name: str) -> Move:
        found = next((move for move in self.moves if move.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def faults(self) -> list[str]:
        """What is wrong with it as a machine: states unknown or never reached, ends that are left, and the like."""
        names = [move.name for move in self.moves]
        found = [f"move {name} twice" for name in names if names.count(name) > 1]
        for move in self.moves:
            unknown = {*move.sources, *(move.leads_to or (self.start,))} - set(self.states)
            found += [f"{move.name}: unknown state {state}" for state in sorted(unknown)]
            found += [f"{move.name}: leaves the end {s}" for s in move.sources if s in self.ends and move.leads_to]
            found += [f"{move.name}: not_by {other}" for other in move.not_by if other not in (*names, "open")]
            if bool(move.goes) != bool(move.targets):
                found.append(f"{move.name}: goes and targets belong together")
            if move.recallable and move.effect and not move.act:
                found.append(f"{move.name}: the system takes nothing back")
        for of, silence in [("start", self.silence), *((move.name, move.silence) for move in self.moves)]:
            if silence and silence not in names:
                found.append(f"{of}: silence {silence}")
        reached = {self.start}
        while True:
            more = {to for m in self.moves if reached & set(m.sources) for to in m.leads_to} - reached
            if not more:
                break
            reached |= more
        found += [f"state {state} is never reached" for state in self.states if state not in reached]
        left = {source for move in self.moves if move.leads_to for source in move.sources}
        found += [f"state {s} is never left" for s in self.states if s not in left and s not in self.ends]
        return found


_known: dict[str, Machine] = {}
_followers: dict[tuple[str, str], list[Handler]] = {}


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


def follow(machine: str, move: str, handler: Handler) -> None:
    """Have ``handler(case, actor, values)`` called after a move of a machine, in its transaction: how rooms meet that
    do not know each other. ``move`` may be ``open``. Asking twice is once."""
    known = _followers.setdefault((machine, move), [])
    if handler not in known:
        known.append(handler)


def followers(machine: str, move: str) -> tuple[Handler, ...]:
    """Who follows a move."""
    return tuple(_followers.get((machine, move), ()))
