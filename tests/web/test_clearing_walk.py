"""Random walks of many people over periods and statements, with results that are made up: what must always hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.clearing_made_up import MadeUp
from support.examples import TIMES
from support.office_people import actor, units

VALUES = {
    "line": "due", "stays": "S1 S2", "reason": "漏计", "reply": "已核", "why": "再核", "ruling": "维持",
    "order": "B1", "paid_on": "2024-01-01", "amount": "100.00", "share": None,
}  # fmt: skip


class Office(MadeUp):
    """People, a clock that goes on, and results without folders."""

    def __init__(self) -> None:
        found = units()
        top, houses = found["area"], (found["H1"], found["H2"])
        self.day = date(2024, 4, 8)
        roles = [("B1", top), ("B2", top), ("B3", top)]
        roles += [(role, house) for role in ("H1", "H6") for house in houses]
        self.people = [actor(role, unit) for role, unit in roles]
        self.people += [actor("B2", top, "b1-too"), actor("B1", top, "b1-too")]
        super().__init__(top, houses, self.people[0])


@pytest.fixture
def made_up(office: Any, monkeypatch: pytest.MonkeyPatch) -> Office:
    from drgpay_web import clock

    here = Office()
    here.take_place(monkeypatch)
    monkeypatch.setattr(clock, "today", lambda: here.day)
    return here


@settings(max_examples=4 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), year=st.booleans())
def test_whoever_does_what_in_which_order(made_up: Office, data: st.DataObject, year: bool) -> None:
    from django.db import transaction

    made_up.day, made_up.sealed = date(2024, 4, 8), set()
    with transaction.atomic():
        _walk(made_up, data.draw, year)
        transaction.set_rollback(True)


def _walk(office: Office, draw: Callable[..., Any], year: bool) -> None:
    from drgpay_web import flow, jobs, store
    from drgpay_web.clearing import actions
    from drgpay_web.jobs.ends import end
    from drgpay_web.people import NotThere, Refused

    office.candidate(office.people[0], year, [0, 0, 0, 0])
    actions.publish(office.people[1], store.Result.objects.get())
    for _ in range(draw(st.integers(5, 30), label="steps")):
        what = draw(st.sampled_from(("move", "move", "move", "move", "candidate", "publish", "day", "job", "job")))
        who = draw(st.sampled_from(office.people))
        try:
            if what == "candidate":
                office.candidate(who, year, draw(st.lists(st.integers(0, 1), min_size=4, max_size=4)))
            elif what == "publish":
                actions.publish(who, store.Result.objects.order_by("-pk")[0])
            elif what == "day":
                office.day += timedelta(draw(st.integers(1, 40)))
                flow.sweep()
            elif what == "job":
                for job in jobs.Job.objects.filter(kind="clearing.seal", state="queued"):
                    if draw(st.booleans()):
                        office.sealed.add(job.payload["result"])
                    end(job.pk, draw(st.sampled_from(("done", "failed"))))
            else:
                case = draw(st.sampled_from(list(flow.Case.objects.order_by("pk"))))
                moves = [move for move in case.rules.moves if case.state in move.sources and move.act]
                if moves:
                    move = draw(st.sampled_from(moves))
                    may = [one for one in office.people if one.may(move.act, case.unit)]
                    who = draw(st.sampled_from(may)) if draw(st.integers(0, 4)) else who
                    kind = draw(st.sampled_from(("special", "resubmit", "unrefuse")))
                    flow.do(who, case, move.name, version=case.version, values=VALUES | {"kind": kind})
        except (flow.Guarded, flow.Stale, Refused, NotThere):
            pass
        _holds(office)


def _holds(office: Office) -> None:
    """What is true after every step."""
    from drgpay.tables import STAY_DECISIONS
    from drgpay_web import flow, store, trail

    (period,) = flow.Case.objects.filter(machine="period")
    result = store.Result.objects.get(pk=period.data["result"])
    ran = result.job.ordered_by_id
    statements = list(flow.Case.objects.exclude(machine="period").select_related("unit"))
    assert len(statements) == 4
    assert store.Result.objects.filter(state__in=("published", "sealed")).count() == 1
    for case in [period, *statements]:
        assert case.version == case.steps.count()
        assert case.state in case.rules.states
    for case in statements:
        assert case.data["result"] == result.pk, "every statement shows the published result"
        if case.state == "confirmed" or (case.state == "closed" and "confirmed" in case.data):
            assert case.data["confirmed"] == case.data["digest"], "a confirmation is of what is shown"
    by = {step.move: step.person_id for step in period.steps.all()}
    if period.state in ("approved", "posted", "sealing", "sealed"):
        assert {case.state for case in statements} <= {"confirmed", "settled", "closed"}
        assert by.get("approve") != ran
    if period.state in ("posted", "sealing") and "post" in by:
        assert by["post"] != by["approve"]
    if period.state == "sealed":
        assert result.pk in office.sealed
        assert {case.state for case in statements} == {"closed"}
        assert by.get("seal") != ran
    approved = {case.number for case in statements if case.steps.filter(move="approve_answer").exists()}
    for row in store.rows("A1", STAY_DECISIONS):
        assert row["reason"] in approved
    assert trail.check() is None
