"""Random walks of many people over the cases of any machine, and what must hold after every step.

A room names in ``support/openers.py`` how its cases come to be. The walk makes moves with values that fit and that do
not, by those who may and those who may not; it sends forms twice and late, takes steps back, hands cases over, and
lets days pass.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from support.office_people import actor, units

Draw = Callable[..., Any]
START = date(2024, 4, 8)
NOT_ONE = ("", "十", "x" * 3000, "1999-99-99", "999999")
"""what somebody types into any field"""


class World:
    """People in all roles of a bureau and of two hospitals, some roles twice, one person in two roles; a clock."""

    def __init__(self) -> None:
        found = units()
        self.top, self.houses = found["area"], (found["H1"], found["H2"])
        self.day = START
        wanted = [(role, self.top, "") for role in ("B1", "B2", "B3", "B4", "B5", "B6", "S1")]
        wanted += [(role, self.top, f"{role}-second") for role in ("B1", "B2", "B4", "B5", "B6")]
        wanted += [("B5", self.top, f"B5-{nth}") for nth in ("third", "fourth", "fifth")]  # another two for an appeal
        wanted += [("B1", self.top, "b1-and-b2"), ("B2", self.top, "b1-and-b2")]
        for house in self.houses:
            wanted += [(role, house, "") for role in ("H1", "H2", "H5", "H6")]
            wanted += [(role, house, f"{role}-second-{house.code}") for role in ("H1", "H6")]
            ward = house.children.get(code="A03")
            wanted += [("H3", ward, f"H3-{house.code}"), ("H4", ward.children.get(), f"H4-{house.code}")]
        self.people = [actor(role, unit, name) for role, unit, name in wanted]

    def who(self, role: str, unit: Any = None) -> Any:
        """The first person in a role, of a unit."""
        return next(one for one in self.people if str(one.role) == role and unit in (None, one.unit))

    def all_of(self, role: str) -> list[Any]:
        return [one for one in self.people if str(one.role) == role]


def _nothing(*_: Any) -> None:
    """Nothing has to be prepared."""


@dataclass(frozen=True)
class Opener:
    """How the cases of a machine come to be. ``opened`` opens some; ``prepare`` makes, once for all walks, what they
    stand on (it may put made-up things in the place of folders); ``also`` is what happens besides: jobs that end,
    results that come; ``values`` what is typed into fields of a name, besides what their kind says."""

    opened: Callable[[World, Draw], None]
    prepare: Callable[[World, pytest.MonkeyPatch], None] = _nothing
    also: tuple[Callable[[World, Draw], None], ...] = ()
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def walk(world: World, machine: str, opener: Opener, draw: Draw, most: int = 30) -> None:
    """Walk over the cases of a machine; those of other machines that come out of them are walked over too."""
    from drgpay_web import flow, trail

    world.day = START
    opener.opened(world, draw)
    assert flow.Case.objects.filter(machine=machine).exists(), "the opener opens a case"
    for _ in range(draw(st.integers(most // 2, most), label="steps")):
        kinds = (
            ["move"] * 8
            + ["late", "twice", "recall", "hand over", "days", "comment"]
            + ["also"] * (3 if opener.also else 0)
        )
        kind = draw(st.sampled_from(kinds), label="kind")
        if kind == "days":
            world.day += timedelta(draw(st.integers(1, 45), label="days"))
            flow.sweep()
        elif kind == "also":
            draw(st.sampled_from(opener.also), label="also")(world, draw)
        else:
            _act(world, opener, draw, kind)
        holds()
    assert trail.check() is None


def _act(world: World, opener: Opener, draw: Draw, kind: str) -> None:
    """Somebody does something to a case; what is refused has changed nothing."""
    from drgpay_web import flow
    from drgpay_web.people import NotThere, Person, Refused

    cases = list(flow.Case.objects.select_related("unit").order_by("pk"))
    alive = [one for one in cases if one.open and _moves(one)]
    case = draw(st.sampled_from(cases if not alive or _seldom(draw) else alive), label="case")
    anybody = st.sampled_from(world.people)
    before = snapshot()
    try:
        if kind == "recall":
            last = case.steps.last()
            made = [one for one in world.people if one.person.pk == last.person_id]
            flow.recall(draw(st.sampled_from(made) if made else anybody), case, version=case.version)
            assert last.before is not None, "only what may be taken back is"
            assert made
        elif kind == "hand over":
            to = draw(st.sampled_from([None, *Person.objects.filter(is_active=True).order_by("pk")]), label="to")
            flow.hand_over(draw(anybody), case, to=to, version=case.version)
        elif kind == "comment":
            flow.comment(draw(anybody), case, text="留言")
        else:
            _move(world, opener, draw, case, kind)
    except (flow.Guarded, flow.Stale, Refused, NotThere):
        assert snapshot() == before, "what is refused changes nothing"


def _moves(case: Any) -> list[Any]:
    return [move for move in case.rules.moves if case.state in move.sources and move.act]


def _move(world: World, opener: Opener, draw: Draw, case: Any, kind: str) -> None:
    from drgpay_web import flow

    possible = _moves(case)
    any_move = not possible or _seldom(draw)
    move = draw(st.sampled_from(case.rules.moves if any_move else possible), label="move")
    may = [one for one in world.people if move in flow.moves_for(one, case) and one.may(case.rules.see, case.unit)]
    who = draw(st.sampled_from(world.people if not may or _seldom(draw) else may), label="who")
    version = case.version - 1 if kind == "late" else case.version
    values = {f.name: _typed(f, case, who, opener, draw) for f in move.fields}
    allowed = _allowed(who, case, move)
    made = flow.do(who, case, move.name, version=version, values=values)
    if kind == "late" and made.version == case.version:
        return  # the same person's very step before: a double click
    assert allowed, f"{who.role} made {move.name}"
    assert made.version == case.version + 1 or made.version > case.version
    if kind == "twice":
        was = snapshot()
        with contextlib.suppress(flow.Stale):
            flow.do(who, made, move.name, version=version, values=values)
        assert snapshot() == was, "a double click is one move"


def _allowed(who: Any, case: Any, move: Any) -> bool:
    """Plainly: state, permission, who was named, and who made which step before."""
    if move.act is None or case.state not in move.sources or not who.may(move.act, case.unit):
        return False
    given = {one.slot for one in case.given.filter(person=who.person, ended_at=None)}
    if move.slot and move.slot not in given:
        return False
    if (who.assigned_only(move.act) or who.assigned_only(case.rules.see)) and not given:
        return False
    steps = list(case.steps.all())
    gone = {one.values["recalled"] for one in steps if one.move == "recall" and "recalled" in one.values}
    return not any(
        one.move in move.not_by and one.person_id == who.person.pk and one.version not in gone for one in steps
    )


def _seldom(draw: Draw) -> bool:
    """Something out of the way; the simplest walk goes straight on."""
    return bool(draw(st.integers(0, 9)) == 9)


def _typed(asked: Any, case: Any, who: Any, opener: Opener, draw: Draw) -> Any:
    """What somebody types into a field: mostly what fits."""
    if _seldom(draw):
        return draw(st.sampled_from(NOT_ONE), label=asked.name)
    return fitting(asked, case, who, opener, draw)


def fitting(asked: Any, case: Any, who: Any, opener: Opener, draw: Draw) -> Any:
    """What fits a field by its kind, or by what the opener says of its name."""
    from drgpay_web import clock

    if asked.name in opener.values:
        return draw(st.sampled_from(list(opener.values[asked.name])), label=asked.name)
    choices = [value for value, _ in asked.of(case, who, "zh")] if asked.of else list(asked.choices)
    if asked.kind == "persons":
        return draw(st.lists(st.sampled_from(choices), unique=True, max_size=3), label=asked.name) if choices else ""
    if asked.kind == "choice":
        return draw(st.sampled_from(choices), label=asked.name) if choices else ""
    if asked.kind == "date":
        if not asked.required and draw(st.booleans(), label=asked.name):
            return ""
        return (clock.today() + timedelta(draw(st.integers(-10, 20)))).isoformat()
    if asked.kind == "number":
        return str(draw(st.integers(0, 12), label=asked.name))
    if asked.kind == "money":
        return draw(st.sampled_from(("0", "1.00", "1200.50", "98765.43")), label=asked.name)
    if asked.kind == "flag":
        return draw(st.booleans(), label=asked.name)
    return draw(st.sampled_from(("已核", "说明 1")), label=asked.name)


def snapshot() -> Any:
    """Everything of cases and registers that a refused move must not touch."""
    from drgpay_web import flow, jobs
    from drgpay_web.flow.models import Attachment, CaseStay, Comment, Given, Link, Notice, Step
    from drgpay_web.store.models import RegisterRow

    cases = [
        (c.pk, c.state, c.version, c.deadline, c.silence, c.handler_id, c.closed_at,
         json.dumps(c.data, sort_keys=True, default=str))
        for c in flow.Case.objects.order_by("pk")
    ]  # fmt: skip
    counted = (Attachment, CaseStay, Comment, Link, Notice, Step, RegisterRow, jobs.Job)
    held = list(Given.objects.order_by("pk").values_list("pk", "ended_at"))
    return cases, held, [one.objects.count() for one in counted]


def holds() -> None:
    """What is true of every case after every step."""
    from drgpay_web import flow

    for case in flow.Case.objects.prefetch_related("steps").order_by("pk"):
        rules, steps = case.rules, list(case.steps.all())
        assert case.state in rules.states, case.number
        assert [one.version for one in steps] == list(range(1, case.version + 1)), case.number
        assert steps[-1].target == case.state, case.number
        assert case.open == (case.state not in rules.ends), case.number
        assert case.open or case.deadline is None, f"{case.number}: {case.state} has a deadline"
        known = {move.name: move for move in rules.moves}
        for at, one in enumerate(steps):
            if one.move in known and not (one.move == "recall" and "recalled" in one.values):
                move = known[one.move]
                assert one.source in move.sources, f"{case.number} {one.move}"
                assert one.target in (move.leads_to or (one.source,)), f"{case.number} {one.move}"
                assert (one.role == "SYS") or move.act is not None, f"{case.number} {one.move}"
            assert at == 0 or one.source == steps[at - 1].target, f"{case.number} {one.move}"
