"""Cases: moves allowed and refused, persons, versions, deadlines, silence, notices (13 §2)."""

from __future__ import annotations

import contextlib
import threading
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.examples import TIMES
from support.office_people import actor, units
from support.office_rules import machine


@pytest.fixture
def place(office: Any) -> dict[str, Any]:
    machine()
    found = units()
    return found | {
        "h1": actor("H1", found["H1"]), "h1b": actor("H1", found["H2"]), "b1": actor("B1", found["area"]),
        "b2": actor("B2", found["area"]), "s1": actor("S1", found["area"]),
    }  # fmt: skip


def opened(place: dict[str, Any]) -> Any:
    from drgpay_web import flow

    return flow.open_case(place["h1"], machine="trial", unit=place["H1"], period="2024-03")


def sent(place: dict[str, Any]) -> Any:
    from drgpay_web import flow

    return flow.do(place["h1"], opened(place), "send", version=1, values={"why": "ready"})


class TestMoves:
    def test_a_move_changes_state_version_deadline_and_tells(self, place: Any, day: Any) -> None:
        from drgpay_web import flow, trail
        from drgpay_web.flow.models import Notice

        case = sent(place)
        assert (case.state, case.version, case.data) == ("sent", 2, {"count": 1})
        assert case.deadline == date(2024, 4, 11)
        assert case.number == "TT-2024-00001"
        assert [step.move for step in flow.timeline(case, place["b1"])] == ["open", "send"]
        told = {notice.person for notice in Notice.objects.all()}
        assert place["b1"].person in told
        assert {person.memberships.get().role for person in told} == {"B1"}
        assert trail.check() is None

    def test_who_may_not_is_refused_and_the_refusal_is_kept(self, place: Any, day: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.people import Refused
        from drgpay_web.trail.models import Event

        case = sent(place)
        with pytest.raises(Refused):
            flow.do(place["h1"], case, "accept", version=2)
        assert Event.objects.filter(act="trial.accept", outcome="refused").count() == 1
        case.refresh_from_db()
        assert (case.state, case.version) == ("sent", 2)

    def test_another_hospital_does_not_see_it(self, place: Any, day: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.people import NotThere

        case = sent(place)
        with pytest.raises(NotThere):
            flow.case_seen(place["h1b"], case.pk)
        with pytest.raises(NotThere):
            flow.do(place["h1b"], case, "send", version=2, values={"why": "x"})
        assert not flow.cases_of(place["h1b"]).exists()
        assert list(flow.cases_of(place["h1"])) == [case]

    def test_the_same_person_may_not_accept_what_he_sent(self, place: Any, day: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.people import Membership, Role

        case = sent(place)
        person = place["h1"].person
        also = Membership.objects.create(person=person, role="B1", unit=place["area"], since="2020-01-01")
        twice = type(place["h1"])(person, also, Role.B1, place["area"], "A1")
        assert "accept" not in {move.name for move in flow.moves_for(twice, case)}
        with pytest.raises(flow.Guarded) as found:
            flow.do(twice, case, "accept", version=2)
        assert found.value.key == "flow.same_person"

    def test_a_stale_form_is_told_what_changed_and_by_whom(self, place: Any, day: Any) -> None:
        from drgpay_web import flow

        case = sent(place)
        flow.do(place["b1"], case, "return", version=2)
        with pytest.raises(flow.Stale) as found:
            flow.do(actor("B1", place["area"], "other"), case, "accept", version=2)
        assert [(step.move, step.person) for step in found.value.since] == [("return", place["b1"].person)]

    def test_a_double_click_is_one_move(self, place: Any, day: Any) -> None:
        from drgpay_web import flow

        case = sent(place)
        again = flow.do(place["h1"], case, "send", version=1, values={"why": "ready"})
        assert (again.version, again.data) == (2, {"count": 1})
        assert case.steps.count() == 2

    @pytest.mark.parametrize(
        ("values", "key"),
        [({}, "flow.field_missing"), ({"why": "x", "count": "ten"}, "flow.field_number"),
         ({"why": "x" * 3000}, "flow.field_length"), ({"why": "x", "count": "12"}, "flow.not_from_here")],
    )  # fmt: skip
    def test_what_is_typed_wrong_changes_nothing(self, place: Any, day: Any, values: Any, key: str) -> None:
        from drgpay_web import flow

        case = opened(place)
        with pytest.raises(flow.Guarded) as found:
            flow.do(place["h1"], case, "send", version=1, values=values)
        assert found.value.key == key
        case.refresh_from_db()
        assert (case.state, case.version) == ("draft", 1)

    def test_an_effect_that_fails_leaves_no_trace(self, place: Any, day: Any, monkeypatch: Any) -> None:
        from drgpay_web import flow, trail
        from drgpay_web.flow import actions
        from drgpay_web.trail.models import Event

        case = opened(place)
        before = Event.objects.count()
        monkeypatch.setattr(actions, "tell", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            flow.do(place["h1"], case, "send", version=1, values={"why": "x"})
        case.refresh_from_db()
        assert (case.state, case.steps.count(), Event.objects.count()) == ("draft", 1, before)
        assert trail.check() is None


class TestDeadlines:
    def test_working_days_pass_over_a_holiday(self, office: Any) -> None:
        from drgpay_web import flow

        assert flow.add_days(date(2024, 4, 3), 1) == date(2024, 4, 7)  # 4–6 April is Qingming, Sunday 7 is worked
        assert flow.add_days(date(2024, 4, 3), 1, working=False) == date(2024, 4, 4)
        assert flow.add_days(date(2030, 1, 4), 1) == date(2030, 1, 7)  # not entered: weekends only
        assert (flow.known_year(2024), flow.known_year(2030)) == (True, False)

    def test_a_day_that_is_changed_counts_from_then_on(self, place: Any, day: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.people import Refused

        flow.set_day(place["b1"], day=date(2024, 4, 9), working=False, name="停电")
        assert flow.add_days(date(2024, 4, 8), 1) == date(2024, 4, 10)
        flow.set_day(place["b1"], day=date(2024, 4, 9), working=None)
        assert flow.add_days(date(2024, 4, 8), 1) == date(2024, 4, 9)
        with pytest.raises(Refused):
            flow.set_day(place["h1"], day=date(2024, 4, 9), working=False)

    def test_reminders_come_once_at_three_days_and_at_one(self, place: Any, day: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.flow.models import Notice

        sent(place)  # due 11 April
        told = lambda: Notice.objects.filter(person=place["b1"].person, key="flow.reminder").count()  # noqa: E731
        flow.sweep()
        flow.sweep()
        assert told() == 1
        day("2024-04-10")
        flow.sweep()
        assert told() == 2
        day("2024-04-11")
        flow.sweep()
        assert told() == 2

    def test_silence_moves_when_the_day_has_passed(self, place: Any, day: Any) -> None:
        from drgpay_web import flow, trail

        case = sent(place)
        day("2024-04-11")
        assert flow.sweep()[1] == 0
        day("2024-04-12")
        assert flow.sweep()[1] == 1
        assert flow.sweep()[1] == 0
        case.refresh_from_db()
        assert (case.state, case.steps.last().role) == ("gone", "SYS")
        assert trail.check() is None

    def test_the_work_list_has_what_one_can_move_the_most_urgent_first(self, place: Any, day: Any) -> None:
        from drgpay_web import flow

        first, second = sent(place), opened(place)
        day("2024-04-12")
        assert [(r.case, r.light) for r in flow.work_list(place["b1"])] == [(first, "late")]
        assert [r.case for r in flow.work_list(place["h1"])] == [second]
        assert flow.work_list(place["h1b"]) == []
        assert flow.work_list(place["s1"]) == []


class TestAround:
    def test_comments_and_attachments(self, place: Any, day: Any) -> None:
        from drgpay_web import flow, inbox

        case = sent(place)
        flow.comment(place["b1"], case, text="请补充")
        assert flow.unread(place["h1"]) == 1
        flow.read_notices(place["h1"])
        assert flow.unread(place["h1"]) == 0
        first = flow.attach(place["h1"], case, chunks=[b"%PDF-1.7 x"], name="..\\说明.pdf")
        again = flow.attach(place["h1"], case, chunks=[b"%PDF-1.7 x"], name="b.pdf")
        assert (first.name, again.pk) == ("说明.pdf", first.pk)
        for data, name in [(b"MZ..", "a.exe"), (b"MZ..", "a.pdf"), (b"", "a.pdf")]:
            with pytest.raises(inbox.NotKept):
                flow.attach(place["h1"], case, chunks=[data], name=name)
        assert len(list(inbox.folder_of_inbox().iterdir())) == 1
        done = flow.do(place["b1"], case, "accept", version=2)
        assert done.attachments.get().frozen
        with pytest.raises(flow.Guarded):
            flow.attach(place["h1"], done, chunks=[b"%PDF-1.7 y"], name="c.pdf")

    def test_an_eleventh_attachment_is_not_taken(self, place: Any, day: Any) -> None:
        from drgpay_web import flow, inbox

        case = sent(place)
        for n in range(10):
            flow.attach(place["h1"], case, chunks=[b"%PDF-1.7 " + bytes([65 + n])], name="a.pdf")
        with pytest.raises(flow.Guarded):
            flow.attach(place["h1"], case, chunks=[b"%PDF-1.7 z"], name="a.pdf")
        assert len(list(inbox.folder_of_inbox().iterdir())) == 10


def test_two_at_once_lose_nothing(place: Any, day: Any) -> None:
    """Ten people, one case: every move that was answered is there, each version once, and the chain is whole."""
    from django.db import connection

    from drgpay_web import flow, trail

    case = sent(place)
    people = [actor("B1", place["area"], f"p{n}") for n in range(10)]
    made: list[int] = []
    others: list[str] = []

    def work(who: Any) -> None:
        try:
            for _ in range(12):
                version = flow.case_seen(who, case.pk).version
                with contextlib.suppress(flow.Stale):
                    made.append(flow.do(who, case, "touch", version=version, note=str(version)).version)
        except Exception as error:
            others.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case.refresh_from_db()
    assert not others
    assert sorted(made) == list(range(3, case.version + 1))
    assert case.data["count"] == 1 + len(made) == case.steps.filter(move__in=("touch", "send")).count()
    assert trail.check() is None


MOVES = ("send", "accept", "return", "touch", "lapse", "nothing")


class TestAnyWalk:
    @given(
        walk=st.lists(st.tuples(st.sampled_from(MOVES), st.sampled_from(("h1", "h1b", "b1", "b2", "s1"))), max_size=8)
    )
    @settings(max_examples=8 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_only_what_the_machine_says_happens(self, place: Any, day: Any, walk: list[tuple[str, str]]) -> None:
        from drgpay_web import flow
        from drgpay_web.people import NotThere, Refused

        case = opened(place)
        rules = case.rules
        for name, who in walk:
            before, version = case.state, case.version
            can = {move.name for move in flow.moves_for(place[who], case)} if who != "h1b" else set()
            try:
                case = flow.do(place[who], case, name, version=version, values={"why": "x"}, note=str(version))
            except (Refused, NotThere, flow.Guarded):
                case.refresh_from_db()
                assert (case.state, case.version) == (before, version)
                assert name not in can
            else:
                move = rules[name]
                assert name in can
                assert before in move.sources
                assert case.state == (move.target or before)
                assert case.open == (case.state not in rules.ends)
        assert list(case.steps.values_list("version", flat=True)) == list(range(1, case.version + 1))


class TestMachines:
    def test_every_machine_is_without_fault_and_in_words(self, office: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.ui.words import words

        for rules in flow.machines():
            if rules.name in ("trial", "shared"):
                continue
            assert rules.faults() == []
            keys = [rules.words, *(f"{rules.words}.state.{s}" for s in rules.states)]
            keys += [f"{rules.words}.move.{m.name}" for m in rules.moves]
            keys += [f"{rules.words}.field.{f.name}" for m in rules.moves for f in m.fields]
            keys += [f"{rules.words}.choice.{c}" for m in rules.moves for f in m.fields for c in f.choices]
            assert [key for key in keys if key not in words()] == []

    def test_a_faulty_machine_is_refused(self, office: Any) -> None:
        from dataclasses import replace

        from drgpay_web import flow

        good = machine()
        for bad in (
            replace(good, name="x", letters="XX", states=(*good.states, "never")),
            replace(good, name="x", letters="XX", silence="unknown"),
            replace(good, name="x"),  # letters of another
            replace(good, states=(*good.states[:3], "good", "gone"), ends=("good",)),
        ):
            with pytest.raises(ValueError, match="machine"):
                flow.register(bad)
