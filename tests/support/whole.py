"""What a move leaves behind is whole: every step has its event and every event its step, everybody who is due a
notice has it, rows of registers and jobs have the event that says so, and nothing is there twice."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


class Since:
    """What was written since this was made."""

    def __init__(self) -> None:
        from drgpay_web.flow.models import Notice, Step
        from drgpay_web.jobs import Job
        from drgpay_web.store.models import RegisterRow
        from drgpay_web.trail.models import Event

        self.models = {"steps": Step, "events": Event, "notices": Notice, "rows": RegisterRow, "jobs": Job}
        self.last = {name: model.objects.order_by("pk").last() for name, model in self.models.items()}

    def new(self, name: str) -> Any:
        last = self.last[name]
        found = self.models[name].objects.order_by("pk")
        return found.filter(pk__gt=last.pk) if last else found

    def whole(self) -> None:
        """All that belongs to the steps made since is there, once."""
        steps = list(self.new("steps").select_related("case__unit", "person"))
        events = list(self.new("events"))
        assert steps
        assert {one.outcome for one in events} == {"done"}
        self._events(steps, events)
        self._notices(steps)
        wrote = [json.loads(one.after) for one in events if one.act == "register.write"]
        assert self.new("rows").count() == sum(one["added"] + one["changed"] + one["removed"] for one in wrote)
        ordered = sorted(one.subject for one in events if one.act == "job.order")
        assert ordered == sorted(f"job:{one.pk}" for one in self.new("jobs"))

    def _events(self, steps: list[Any], events: list[Any]) -> None:
        """One event of every step: of its case, its move, its version."""
        from drgpay_web import flow

        moves = {
            f"{m.name}.{move}" for m in flow.machines() for move in ("open", "recall", *(o.name for o in m.moves))
        }
        made = Counter((f"{one.case.machine}.{one.move}", f"case:{one.case.number}", one.version) for one in steps)
        told = Counter(
            (one.act, one.subject, json.loads(one.after).get("version", 1)) for one in events if one.act in moves
        )
        assert told == made
        assert set(made.values()) == {1}

    def _notices(self, steps: list[Any]) -> None:
        """Of every step those are told whom its move names, but who made it; nobody is told the same twice."""
        from drgpay_web import flow

        due: Counter[Any] = Counter()
        for one in steps:
            moves = {move.name: move for move in one.case.rules.moves}
            if one.move in moves:
                key = f"{one.case.rules.words}.move.{one.move}"
                people = flow.people_with(moves[one.move].notify, one.case.unit)
                due.update((one.case_id, person.pk, key) for person in people if person != one.person)
        notices = list(self.new("notices"))
        moved = [one for one in notices if one.key == "flow.moved"]
        assert Counter((one.case_id, one.person_id, one.values["moved_key"]) for one in moved) == due
        others = Counter(
            (one.case_id, one.person_id, one.key, one.href, json.dumps(one.values, sort_keys=True))
            for one in notices
            if one.key != "flow.moved"
        )
        assert [one for one, count in others.items() if count > 1] == []

    def refused(self, reason: str = "") -> None:
        """Nothing was made; that it was refused, and why, is in the trail once. Without a reason it is not: nothing
        was refused, or to whom it is not there."""
        assert [name for name in ("steps", "notices", "rows", "jobs") if self.new(name).exists()] == []
        told = [(one.outcome, one.reason) for one in self.new("events")]
        assert told == ([("refused", reason)] if reason else [])
