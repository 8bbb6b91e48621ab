"""Two who press at once, at every move of a machine: cases are led on along what was pressed least, and each press is
made by two who hold the same version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.strategies import SearchStrategy

from support.walking import START, Draw, Opener, World, fitting, holds, snapshot
from support.whole import Since

LIVES, STEPS, IDLE = 60, 60, 4
"""the most lives of the cases, the most moves in one, and how often in a row nothing may be possible"""


def dice(seed: int) -> Draw:
    """Draws that are always the same."""
    of = Random(seed)

    def draw(strategy: SearchStrategy[Any], label: str = "") -> Any:
        return ConjectureData(random=of).draw(strategy)

    return draw


class Race:
    """All presses of a machine's moves; ``missing``: the moves that were not pressed yet."""

    def __init__(self, world: World, machine: str, opener: Opener) -> None:
        from drgpay_web import flow

        self.world, self.machine, self.opener = world, machine, opener
        self.tried: Counter[tuple[str, str, str]] = Counter()
        self.raced: set[str] = set()
        self.all = [move.name for move in flow.machine(machine).moves if move.act]

    @property
    def missing(self) -> list[str]:
        return [one for one in self.all if one not in self.raced]

    def run(self) -> None:
        """Lives of the cases, until nothing is missing."""
        from django.db import transaction

        for seed in range(LIVES):
            if self.missing:
                with transaction.atomic():
                    self._live(dice(seed))
                    transaction.set_rollback(True)

    def _live(self, draw: Draw) -> None:
        """From their opening to where nobody can do anything more; now and then days pass, and what happens besides
        happens."""
        from drgpay_web import flow

        self.world.day, idle = START, 0
        self.opener.opened(self.world, draw)
        for _ in range(STEPS):
            if not self.missing or idle > IDLE:
                break
            for also in self.opener.also:
                if draw(st.booleans()):
                    also(self.world, draw)
            chance = draw(st.integers(0, 5))
            if chance == 1:
                self._take_back()
            if chance == 0 or not self._step(draw):
                self.world.day += timedelta(20)
                flow.sweep()
                idle += 1
            else:
                idle = 0
        holds()

    def _take_back(self) -> None:
        """Somebody takes his last step back, where one may be."""
        from drgpay_web import flow

        for case in flow.Case.objects.filter(closed_at=None).select_related("unit").order_by("pk"):
            last = case.steps.last()
            made = [one for one in self.world.people if one.person.pk == last.person_id]
            if last.before is not None and made:
                flow.recall(made[0], case, version=case.version)
                return

    def _step(self, draw: Draw) -> bool:
        """The move that was pressed least of those somebody can make."""
        for case, move, people in self._possible():
            key = (case.machine, move.name, case.state)
            self.tried[key] += 1
            if self._press(case, move, people, draw):
                return True
        return False

    def _possible(self) -> Iterator[tuple[Any, Any, list[Any]]]:
        """Case, move and who can make it, in the order in which they are tried."""
        from drgpay_web import flow

        pairs = [
            (case, move)
            for case in flow.Case.objects.filter(closed_at=None).select_related("unit").order_by("pk")
            for move in case.rules.moves
            if case.state in move.sources and move.act
        ]
        for case, move in sorted(pairs, key=self._rank):
            may = [one for one in self._who(case, move) if not (move.ready and move.ready(case, one))]
            if may:
                yield case, move, may

    def _rank(self, one: tuple[Any, Any]) -> tuple[bool, bool, int]:
        """First what is missing, then what leads on before what leads aside, then what was pressed least."""
        case, move = one
        there = case.machine != self.machine or move.name in self.raced
        return there, not move.waits(case), self.tried[case.machine, move.name, case.state]

    def _who(self, case: Any, move: Any) -> list[Any]:
        """Everybody who can make a move of a case."""
        from drgpay_web import flow

        there = [one for one in self.world.people if one.may(move.act, case.unit)]
        return [one for one in there if move in flow.moves_for(one, case)]

    def _press(self, case: Any, move: Any, people: list[Any], draw: Draw) -> bool:
        """Two press; False where what was typed was not possible: then nothing is changed."""
        from drgpay_web import flow
        from drgpay_web.people import NotThere

        first = people[self.tried[case.machine, move.name, case.state] % len(people)]
        other, its = self._other(case, move, first)
        values = {f.name: fitting(f, case, first, self.opener, draw) for f in move.fields}
        was, since = snapshot(), Since()
        try:
            now = flow.do(first, case, move.name, version=case.version, values=values)
        except flow.Guarded:
            assert snapshot() == was, "what is refused changes nothing"
            since.refused("guarded")
            return False
        since.whole()
        step = now.steps.get(version=case.version + 1)
        assert (step.move, step.person, step.source) == (move.name, first.person, case.state)

        was, since = snapshot(), Since()
        late = self._too_late(other, case, its, step)
        assert snapshot() == was, f"{its.name} of the other after {move.name}"
        since.refused(late)
        since, late = Since(), ""
        try:
            again = flow.do(first, case, move.name, version=case.version, values=values)
            assert again.version == case.version + 1
        except flow.Stale:  # something followed by itself
            late = "stale"
        except NotThere:  # it is his no more
            pass
        assert snapshot() == was, "a double click is one move"
        since.refused(late)
        if case.machine == self.machine:
            self.raced.add(move.name)
        return True

    def _other(self, case: Any, move: Any, first: Any) -> tuple[Any, Any]:
        """Somebody else who holds the same version, and what he presses: the same, else what he can; where there is
        nobody else, the first in a second window."""
        for its in (move, *(one for one in case.rules.moves if case.state in one.sources and one.act)):
            for one in self._who(case, its):
                if one.person != first.person:
                    return one, its
        return first, move

    def _too_late(self, other: Any, case: Any, its: Any, step: Any) -> str:
        """The other presses what he could a moment ago: he is answered what was done since and by whom, as far as he
        may know it; one who may know nothing of the case any more is answered that it is not there. The reason that
        the trail has of it; none where it is not there."""
        from drgpay_web import flow
        from drgpay_web.flow.machine import step_words
        from drgpay_web.people import NotThere

        with pytest.raises((NotThere, flow.Guarded, flow.Stale)) as answered:
            flow.do(other, case, its.name, version=case.version, note="另一人")
        late = answered.value
        if isinstance(late, NotThere):
            assert other.assigned_only(case.rules.see)
            return ""
        if isinstance(late, flow.Guarded):
            assert late.key == "flow.not_given"
            return "guarded"
        if case.rules.sees is None or case.rules.sees(late.case, other, step):
            assert late.status == 409
            said = late.said("zh")
            assert step.person.name in said
            assert step_words(case.rules.words, step, "zh") in said
        return "stale"
