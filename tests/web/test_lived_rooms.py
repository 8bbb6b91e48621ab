"""What a demo's office has announced, met about, budgeted and drafted: once, and by the moves people make."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("lived") / "region")


@pytest.mark.slow
def test_cases_in_many_states_and_only_once(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay.tables import BUDGETS
    from drgpay_web import clock, flow, store, trail
    from drgpay_web.budget import lived as budget
    from drgpay_web.policy import lived as policy
    from drgpay_web.rhythm import lived as rhythm

    monkeypatch.setattr(clock, "today", lambda: clock._elsewhere.get() or date(2024, 4, 8))
    desk = Desk(store.import_region(region))
    before, law = store.rows(desk.area, BUDGETS), store.practice_of(desk.area)
    for room in (rhythm, budget, policy):
        room.live(desk.area)
    states: dict[str, set[str]] = {}
    for case in flow.Case.objects.all():
        states.setdefault(case.machine, set()).add(case.state)
    assert states["announcement"] >= {"draft", "checked", "published", "corrected", "withdrawn"}
    assert states["meeting"] == {"planned", "invited", "closed"}
    assert states["follow_up"] == {"open"}
    assert states["budget"] == {"talks"}
    assert states["budget_talk"] >= {"open", "agreed", "proposing", "answered"}
    assert states["budget_change"] == {"draft"}
    assert states["sharing_ratios"] == {"proposed"}
    assert states["policy"] == {"draft", "tried", "dropped"}
    assert (store.rows(desk.area, BUDGETS), store.practice_of(desk.area)) == (before, law), "runs stay what they are"
    count = flow.Case.objects.count()
    for room in (rhythm, budget, policy):
        room.live(desk.area)
    assert flow.Case.objects.count() == count
    assert trail.check() is None


@pytest.mark.slow
def test_evaluations_have_work_for_bureau_and_hospitals(office: Any, region: Path) -> None:
    from drgpay_web import flow, store
    from drgpay_web.evaluation import lived
    from support.office_people import actor

    desk = Desk(store.import_region(region))
    b4, h5 = actor("B4", desk.top), [actor("H5", house) for house in desk.houses]
    lived.live(desk.area)
    first, second = flow.Case.objects.filter(machine="evaluation_card", period="2023").order_by("unit__code")
    assert first.data["sample"]
    assert set(first.data["checked"]) == set(first.data["sample"])
    assert second.data["sample"]
    assert not second.data["checked"], "a spot check waits"
    states = {(row.case.machine, row.case.state) for row in flow.work_list(desk.b1)}
    assert states >= {("evaluation", "checking"), ("evaluation", "reporting")}
    assert second in [row.case for row in flow.work_list(b4)]
    for who in (*desk.h1, *h5):
        assert [row.case.period for row in flow.work_list(who)] == ["2024"]
    count = flow.Case.objects.count()
    lived.live(desk.area)
    assert flow.Case.objects.count() == count
