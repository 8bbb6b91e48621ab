"""A year's rhythm: meetings with minutes and follow-ups, whom to talk to, and the calendar of a year (13 §2)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from support.office_people import actor, browser, units
from support.taken import content


@pytest.fixture
def place(office: Any, day: Any) -> dict[str, Any]:
    found = units()
    people = {role.lower(): actor(role, found["area"]) for role in ("B1", "B2", "B4")}
    return found | people | {f"h{n}": actor("H1", found[f"H{n}"]) for n in "12"}


def planned(place: dict[str, Any], kind: str = "analysis") -> Any:
    from drgpay_web.rhythm import actions

    return actions.plan_meeting(
        place["b1"], kind=kind, subject="三月运行分析会", period="2024-03", day=date(2024, 4, 8), place="一号会议室",
        agenda="运行情况", houses=[place["H1"].code],
    )  # fmt: skip


def do(who: Any, case: Any, move: str, **values: Any) -> Any:
    from drgpay_web import flow

    case.refresh_from_db()
    return flow.do(who, case, move, version=case.version, values=values)


def held(place: dict[str, Any], kind: str = "analysis") -> Any:
    case = do(place["b1"], planned(place, kind), "invite")
    return do(place["b1"], case, "hold", held_on="2024-04-08", present="各科室")


def minuted(place: dict[str, Any], kind: str = "analysis") -> Any:
    return do(place["b1"], held(place, kind), "minute", number="联席〔2024〕1号", text="一、通报。\n二、部署。")


def task(place: dict[str, Any], who: Any, until: str = "2024-04-20") -> Any:
    from drgpay_web import flow

    do(place["b1"], minuted(place), "follow_up", task="报送整改", owner=[who.person.pk], day=until)
    return flow.Case.objects.filter(machine="follow_up").latest("pk")


def test_from_plan_to_approved_minutes(place: Any) -> None:
    from drgpay_web import trail

    case = minuted(place)
    assert "minutes" not in case.data, "a draft binds nobody"
    case = do(place["b2"], case, "approve")
    assert (case.state, case.data["minutes"]["number"]) == ("closed", "联席〔2024〕1号")
    page = browser(place["b2"])
    assert content(page, f"/cases/{case.pk}/papers/minutes/pdf", form="pdf")[:4] == b"%PDF"
    assert trail.check() is None


def test_who_wrote_the_minutes_does_not_approve_them(place: Any) -> None:
    from drgpay_web import flow

    with pytest.raises(flow.Guarded) as found:
        do(actor("B2", place["area"], place["b1"].person.username), minuted(place), "approve")
    assert found.value.key == "flow.same_person"
    assert do(place["b2"], minuted(place), "return", why="补充").state == "held"


def test_the_invited_read_it_and_others_do_not(place: Any) -> None:
    case = planned(place)
    assert browser(place["h1"]).get(f"/meetings/{case.pk}").status_code == 404
    case = do(place["b1"], case, "invite")
    page = browser(place["h1"])
    assert "三月运行分析会，2024-04-08，一号会议室" in page.get("/notices").content.decode()
    assert "一号会议室" in page.get(f"/meetings/{case.pk}").content.decode()
    assert browser(place["h2"]).get(f"/meetings/{case.pk}").status_code == 404
    assert page.get(f"/cases/{case.pk}").status_code in (403, 404)


def test_a_meeting_is_not_held_ahead_and_may_be_cancelled(place: Any) -> None:
    from drgpay_web import flow

    case = do(place["b1"], planned(place), "invite")
    with pytest.raises(flow.Guarded):
        do(place["b1"], case, "hold", held_on="2024-04-09", present="x")
    assert do(place["b1"], case, "cancel", why="改期").state == "cancelled"


class TestFollowUps:
    def test_its_owner_alone_does_it(self, place: Any) -> None:
        from drgpay_web import flow

        case = task(place, place["h1"])
        assert (case.unit, case.deadline, case.state) == (place["H1"], date(2024, 4, 20), "open")
        with pytest.raises(flow.Guarded):
            do(place["b1"], case, "do", result="已报")
        assert [row.case for row in flow.work_list(place["h1"])] == [case]
        assert do(place["h1"], case, "do", result="已报").state == "done"

    def test_it_becomes_overdue_and_can_still_be_done(self, place: Any, day: Any) -> None:
        from drgpay_web import flow

        case = task(place, place["b4"])
        day("2024-04-20")
        flow.sweep()
        case.refresh_from_db()
        assert case.state == "open"
        day("2024-04-21")
        flow.sweep()
        case.refresh_from_db()
        assert case.state == "overdue"
        shown = browser(place["b2"]).get(f"/cases/{case.came_from.get().source_id}").content.decode()
        assert "已逾期" in shown
        case = do(place["b2"], case, "postpone", day="2024-05-01", why="等数据")
        assert (case.state, case.deadline) == ("open", date(2024, 5, 1))
        assert do(place["b4"], case, "do", result="已办").state == "done"

    def test_it_has_one_owner_and_a_day_ahead(self, place: Any) -> None:
        from drgpay_web import flow

        for values in ({"day": "2024-04-01"}, {"owner": [place["h1"].person.pk, place["b4"].person.pk]},
                       {"owner": [place["h2"].person.pk]}):  # fmt: skip
            said = {"task": "x", "owner": [place["h1"].person.pk], "day": "2024-05-01"} | values
            with pytest.raises(flow.Guarded):
                do(place["b1"], minuted(place), "follow_up", **said)


def test_the_year_says_what_is_missing_and_what_is_done(place: Any) -> None:
    from drgpay_web.rhythm.meeting_reads import year_of

    case = do(place["b2"], minuted(place), "approve")
    months = dict(year_of(place["b1"], 2024, "zh"))
    march = {one.title: one.mark for one in months["2024-03"]}
    assert march == {"会议 三月运行分析会": "good", "月度运行分析": "bad"}
    assert {(one.state, one.mark) for one in months["2024-02"]} == {("尚未办理", "bad")}
    assert {one.mark for one in months["2024-05"]} == {"open"}
    assert {one.title for one in months["2024-06"]} == {"月度运行分析", "月度运行分析会", "年中协商"}
    assert months["年初"][0].state == "尚未办理"
    page = browser(place["b1"])
    assert f"/cases/{case.pk}" in page.get("/rhythm?year=2024").content.decode()
    assert page.get("/rhythm?year=x").status_code == 200


def test_a_meeting_is_planned_in_the_browser(place: Any) -> None:
    page = browser(place["b1"])
    form = page.get(f"/meetings/new?kind=mid_year&period=2024-06&house={place['H1'].code}").content.decode()
    assert "年中协商会" in form
    assert "checked" in form
    sent = {"kind": "mid_year", "subject": "协商", "period": "2024-06", "day": "2024-06-20",
            "houses": [place["H1"].code]}  # fmt: skip
    answer = page.post("/meetings/new", sent)
    assert place["H1"].name in page.get(answer["Location"]).content.decode()
    assert page.post("/meetings/new", sent | {"houses": ["nowhere"]}).status_code == 422


class TestTalks:
    def test_in_the_middle_of_the_year_the_talk_lies_before_the_handler_by_itself(
        self, settled: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from drgpay import runs
        from drgpay_web import clock, flow, store
        from drgpay_web.flow import actions as flow_actions
        from drgpay_web.flow.machine import followers
        from drgpay_web.people import Unit
        from drgpay_web.rhythm.analysis_moves import propose_talk

        assert all(propose_talk in followers("period", move) for move in ("open", "republish"))
        monkeypatch.setattr(clock, "today", lambda: date(2024, 7, 15))
        top, b1 = Unit.objects.get(kind="area", area=settled.ran.area), settled.office.actor("b1")
        wanted = sorted(one.institution_id for one in runs.deviating(store.folder(settled.month), 1500))
        assert wanted, "the rule proposes somebody here"

        def publish(period: str) -> Any:
            with monkeypatch.context() as patch:  # other rooms order jobs then, which is not asked for here
                patch.setattr(
                    flow_actions, "followers", lambda *move: [propose_talk] if move == ("period", "open") else []
                )
                by, data = settled.office.actor("b2"), {"result": settled.month.pk, "deadline": "2024-08-30"}
                return flow.open_case(by, machine="period", unit=top, period=period, data=data)

        publish("2024-05")
        assert not flow.cases_of(b1, machine="meeting").exists()
        source = publish("2024-06")
        (talk,) = flow.cases_of(b1, machine="meeting")
        assert (talk.state, talk.data["kind"], talk.data["houses"]) == ("planned", "mid_year", wanted)
        assert talk.deadline is not None
        assert talk.deadline.isoformat() == talk.data["day"] > "2024-07-15"
        assert talk.pk in {row.case.pk for row in flow.work_list(b1)}
        assert talk.came_from.get().source == source
        publish("2024-06")
        assert flow.cases_of(b1, machine="meeting").count() == 1
        case = flow.do_now(b1, talk, "invite")
        monkeypatch.setattr(clock, "today", lambda: talk.deadline)
        case = flow.do_now(b1, case, "hold", held_on=talk.data["day"], present="各机构")
        flow.do_now(b1, case, "follow_up", task="报送改进措施", owner=[b1.person.pk], day="2025-01-10")
        task = flow.cases_of(b1, machine="follow_up").get()
        assert task.deadline == date(2025, 1, 10)
        assert task.pk in {row.case.pk for row in flow.work_list(b1)}

    def test_the_rule_proposes_those_who_deviate(self, settled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from drgpay import runs
        from drgpay_web import clock, store
        from drgpay_web.rhythm.meeting_reads import talks

        monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
        folder = store.folder(settled.month)
        rows = runs.browse(folder, runs.View("institution_months", scope=runs.Scope.everything())).rows
        sums: dict[str, list[int]] = {}
        for row in rows:
            one = sums.setdefault(row["institution_id"], [0, 0])
            one[0], one[1] = one[0] + row["actual"], one[1] + row["due"]
        expected = {h for h, (actual, due) in sums.items() if abs(actual - due) * 10_000 * 2 + due >= 2 * 1500 * due}
        found = runs.deviating(folder, 1500)
        assert {one.institution_id for one in found} == expected
        for one in found:
            assert (one.actual, one.due) == tuple(sums[one.institution_id])
        assert [abs(one.deviation) for one in found] == sorted((abs(one.deviation) for one in found), reverse=True)
        assert runs.deviating(folder, 10_000_000) == ()
        shown = talks(settled.office.area.area, 2024, "zh")
        assert shown is None or shown["period"] in ("2024", "2024-02")
        b1 = browser(settled.office.actor("b1"))
        assert "及以上的机构" in b1.get("/rhythm/talks?year=2024").content.decode()
        assert "还没有结算结果" in b1.get("/rhythm/talks?year=2020").content.decode()
