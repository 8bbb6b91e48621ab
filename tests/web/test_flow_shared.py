"""What all cases share: given by name, blind, taken back, handed over, moved together, followed, deputies, charge."""

from __future__ import annotations

import io
import sys
from datetime import date
from typing import Any

import openpyxl
import pytest

from support.office_people import actor, browser, units
from support.office_rules import shared, words_of
from support.screens import table_on
from support.taken import taken


@pytest.fixture
def place(office: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    from drgpay_web import clock
    from drgpay_web.ui import words

    known = words_of(shared())
    monkeypatch.setattr(words, "words", lambda: known)
    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
    found = units()
    top = found["area"]
    return found | {
        "h1": actor("H1", found["H1"]), "h1b": actor("H1", found["H2"]), "b1": actor("B1", top, "赵一"),
        "b1b": actor("B1", top, "赵二"), "b2": actor("B2", top), "x": actor("B5", top, "专家甲"),
        "y": actor("B5", top, "专家乙"), "z": actor("B5", top, "专家丙"),
    }  # fmt: skip


def opened(place: Any, unit: str = "H1", period: str = "2024-03", **more: Any) -> Any:
    from drgpay_web import flow

    by = place["h1"] if unit == "H1" else place["h1b"]
    return flow.open_case(by, machine="shared", unit=place[unit], period=period, **more)


def sent(place: Any, unit: str = "H1", **more: Any) -> Any:
    from drgpay_web import flow

    by = place["h1"] if unit == "H1" else place["h1b"]
    case = opened(place, unit, **more)
    return flow.do(by, case, "send", version=case.version, values={"amount": "1200.50"})


def reviewed(place: Any) -> Any:
    """Named to two experts."""
    from drgpay_web import flow

    case = sent(place)
    two = f"{place['x'].person.pk},{place['y'].person.pk}"
    return flow.do(place["b1"], case, "name", version=case.version, values={"experts": two})


def text(answer: Any) -> str:
    return str(answer.content.decode())


class TestGivenByName:
    def test_an_expert_sees_what_was_given_and_nothing_else(self, place: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.flow.models import Notice

        case, other = reviewed(place), sent(place)
        assert list(flow.cases_of(place["x"])) == [case]
        assert browser(place["x"]).get(f"/cases/{case.pk}").status_code == 200
        for who, number in (("x", other.pk), ("z", case.pk)):
            page = browser(place[who])
            assert page.get(f"/cases/{number}").status_code == 404
            assert page.post(f"/cases/{number}/comment", {"text": "x"}).status_code == 404
            sent_in = {"move": "first", "version": 1, "f_mark": "yes"}
            assert page.post(f"/cases/{number}/move", sent_in).status_code == 404
        assert [row.case for row in flow.work_list(place["x"])] == [case]
        assert flow.work_list(place["z"]) == []
        assert Notice.objects.filter(person=place["x"].person, key="flow.given").count() == 1

    def test_only_who_was_named_in_a_slot_makes_its_move(self, place: Any) -> None:
        from drgpay_web import flow

        case = reviewed(place)
        assert flow.given_to(case, "second") == place["y"].person
        assert [move.name for move in flow.moves_for(place["y"], case)] == ["second"]
        for who in ("y", "b1", "b2"):
            with pytest.raises(flow.Guarded) as found:
                flow.do(place[who], case, "first", version=case.version, values={"mark": "yes"})
            assert found.value.key == "flow.not_given"
        assert flow.do(place["x"], case, "first", version=case.version, values={"mark": "yes"}).state == "review"

    def test_the_second_to_say_decides(self, place: Any) -> None:
        from drgpay_web import flow

        case = reviewed(place)
        case = flow.do(place["y"], case, "second", version=case.version, values={"mark": "no"})
        assert case.state == "review"
        assert flow.do(place["x"], case, "first", version=case.version, values={"mark": "no"}).state == "decided"

    def test_what_was_given_ends_and_is_given_to_another(self, place: Any) -> None:
        from drgpay_web import flow

        case = reviewed(place)
        flow.give(place["b1"], case, person=place["z"].person, slot="first")
        assert flow.given_to(case, "first") == place["z"].person
        assert browser(place["x"]).get(f"/cases/{case.pk}").status_code == 404
        flow.end_given(case)
        assert flow.given_to(case, "first") is None
        assert not flow.cases_of(place["y"]).exists()
        assert case.given.count() == 3  # ended, not deleted

    def test_opinions_are_blind_until_both_are_said(self, place: Any) -> None:
        from drgpay_web import flow

        case = reviewed(place)
        seen = case.version
        flow.comment(place["b1"], case, text="请两位专家评审")
        case = flow.do(place["x"], case, "first", version=case.version, values={"mark": "no"}, note="依据不足")
        blind = text(browser(place["y"]).get(f"/cases/{case.pk}"))
        assert "依据不足" not in blind
        assert "请两位专家评审" not in blind
        assert "依据不足" in text(browser(place["b2"]).get(f"/cases/{case.pk}"))
        assert "依据不足" in text(browser(place["x"]).get(f"/cases/{case.pk}"))
        with pytest.raises(flow.Stale) as found:  # nor does a stale page tell who has said
            flow.do(place["y"], case, "second", version=seen, values={"mark": "no"})
        assert place["x"].person.name not in found.value.said("zh")
        flow.do(place["y"], case, "second", version=case.version, values={"mark": "no"})
        assert "依据不足" in text(browser(place["y"]).get(f"/cases/{case.pk}"))

    def test_files_are_blind_and_frozen_too(self, place: Any) -> None:
        from drgpay_web import flow

        case = sent(place)
        its = flow.attach(place["h1"], case, chunks=[b"%PDF-1.7 x"], name="a.pdf")
        case = flow.do(
            place["b1"], case, "name", version=case.version,
            values={"experts": [place["x"].person.pk, place["y"].person.pk]},
        )  # fmt: skip
        its.refresh_from_db()
        assert its.frozen
        page = browser(place["x"])
        assert page.get(f"/cases/{case.pk}/attachments/{its.pk}").status_code == 404  # this machine shows them later
        assert browser(place["b1"]).get(f"/cases/{case.pk}/attachments/{its.pk}").status_code == 200


class TestFields:
    @pytest.mark.parametrize(
        ("typed", "kept"), [("1200.50", 120050), ("1,200.5", 120050), (120050, 120050), ("0.01", 1)]
    )
    def test_money_is_typed_in_yuan_and_kept_in_fen(self, place: Any, typed: Any, kept: int) -> None:
        from drgpay_web import flow

        case = flow.do(place["h1"], opened(place), "send", version=1, values={"amount": typed})
        assert case.data["amount"] == kept
        assert case.steps.last().values == {"amount": kept}
        shown = text(browser(place["h1"]).get(f"/cases/{case.pk}"))
        assert f"{kept // 100:,}.{kept % 100:02d}" in shown

    @pytest.mark.parametrize("typed", ["ten", "1.005", "--1", "1 2"])
    def test_what_is_no_money_is_refused(self, place: Any, typed: str) -> None:
        from drgpay_web import flow

        with pytest.raises(flow.Guarded) as found:
            flow.do(place["h1"], opened(place), "send", version=1, values={"amount": typed})
        assert found.value.key == "flow.field_money"

    def test_persons_are_chosen_from_those_there_are(self, place: Any) -> None:
        from drgpay_web import flow

        case, x = sent(place), place["x"].person.pk
        for typed, key in [
            (f"{x},{x}", "flow.field_choice"), (f"{x},{place['h1'].person.pk}", "flow.field_choice"),
            ("", "flow.field_missing"), ([], "flow.field_missing"), (", ,", "flow.field_missing"),
            (str(x), "flow.field_choice"),
        ]:  # fmt: skip
            with pytest.raises(flow.Guarded) as found:
                flow.do(place["b1"], case, "name", version=case.version, values={"experts": typed})
            assert found.value.key == key, typed
        page = text(browser(place["b1"]).get(f"/cases/{case.pk}"))
        assert all(f'value="{place[one].person.pk}"' in page for one in "xyz")
        answer = browser(place["b1"]).post(
            f"/cases/{case.pk}/move",
            {"move": "name", "version": case.version, "f_experts": [x, place["z"].person.pk]},
        )
        assert answer.status_code == 302
        assert {"专家甲", "专家丙"} == {one.person.name for one in case.given.all()}
        assert "专家甲、专家丙" in text(browser(place["b1"]).get(f"/cases/{case.pk}"))

    def test_what_cannot_be_done_yet_says_why_in_its_place(self, place: Any) -> None:
        from drgpay_web import flow

        case = opened(place)
        page = text(browser(place["h1"]).get(f"/cases/{case.pk}"))
        assert "试.move.early" in page
        assert "现在还不能办理" in page
        assert 'value="early"' not in page
        with pytest.raises(flow.Guarded):
            flow.do(place["h1"], case, "early", version=1)


class TestRecall:
    def test_until_the_next_person_acts(self, place: Any) -> None:
        from drgpay_web import flow, trail
        from drgpay_web.flow.models import Notice

        case = sent(place)
        page = browser(place["h1"])
        button = f'action="/cases/{case.pk}/recall"'
        assert button in text(page.get(f"/cases/{case.pk}"))
        assert page.post(f"/cases/{case.pk}/recall", {"version": case.version}).status_code == 302
        case.refresh_from_db()
        assert (case.state, case.version, case.data, case.deadline, case.silence) == ("draft", 3, {}, None, "")
        assert [one.move for one in flow.timeline(case, place["h1"])] == ["open", "send", "recall"]
        assert Notice.objects.filter(person=place["b1"].person, key="flow.recalled").count() == 1
        assert button not in text(page.get(f"/cases/{case.pk}"))  # not a second time
        again = flow.do(place["h1"], case, "send", version=3, values={"amount": "1"})
        assert again.state == "sent"
        assert trail.check() is None

    def test_not_after_and_not_by_others(self, place: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.people import NotThere

        case = sent(place)
        with pytest.raises(flow.Guarded):
            flow.recall(place["b1"], case, version=case.version)
        with pytest.raises(NotThere):
            flow.recall(place["h1b"], case, version=case.version)
        with pytest.raises(flow.Stale):
            flow.recall(place["h1"], case, version=1)
        case = reviewed(place)
        with pytest.raises(flow.Guarded):
            flow.recall(place["h1"], case, version=case.version)
        with pytest.raises(flow.Guarded):  # naming experts is not taken back
            flow.recall(place["b1"], case, version=case.version)
        answer = browser(place["h1"]).post(f"/cases/{case.pk}/recall", {"version": case.version})
        assert (answer.status_code, "不能撤回" in text(answer)) == (422, True)

    def test_who_took_a_step_back_is_free_to_make_what_it_kept_him_from(self, place: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.flow.reads import standing_steps

        case = sent(place)
        steps = list(case.steps.all())
        assert len(standing_steps(steps)) == 2
        flow.recall(place["h1"], case, version=case.version)
        assert [s.move for s in standing_steps(list(case.steps.all()))] == ["open", "recall"]


class TestHandedOver:
    def test_to_who_can_go_on_and_to_nobody_else(self, place: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.flow.models import Notice

        case = sent(place)
        page = browser(place["b1"])
        assert "赵二" in text(page.get(f"/cases/{case.pk}"))
        sent_in = {"to": place["b1b"].person.pk, "version": case.version, "note": "休假"}
        assert page.post(f"/cases/{case.pk}/hand-over", sent_in).status_code == 302
        case.refresh_from_db()
        assert (case.handler, case.version) == (place["b1b"].person, 3)
        shown = text(page.get(f"/cases/{case.pk}"))
        assert all(part in shown for part in ("休假", "转交给", "赵二"))
        assert Notice.objects.filter(person=place["b1b"].person, key="flow.given").exists()
        for nobody in (place["h1"], place["x"], place["b2"]):
            with pytest.raises(flow.Guarded) as found:
                flow.hand_over(place["b1"], case, to=nobody.person, version=3)
            assert found.value.key == "flow.not_to_him"
        assert page.post(f"/cases/{case.pk}/hand-over", {"to": "999999", "version": 3}).status_code == 422
        assert browser(place["h1b"]).post(f"/cases/{case.pk}/hand-over", {"version": 3}).status_code == 404
        assert browser(place["x"]).post(f"/cases/{case.pk}/hand-over", {"version": 3}).status_code == 403
        assert page.post(f"/cases/{case.pk}/hand-over", {"to": "", "version": 2}).status_code == 409

    def test_several_at_once_each_with_its_own_answer(self, place: Any) -> None:
        one, other, page = sent(place), sent(place), browser(place["b1"])
        assert f'value="{place["b1b"].person.pk}"' in text(page.get("/cases/of/shared"))
        ticked = {"case": [f"{one.pk}:{one.version}", f"{other.pk}:1"], "to": place["b1b"].person.pk, "back": "/"}
        answer = text(page.post("/cases/hand-over", ticked))
        assert "共 2 件，办成 1 件" in answer
        assert "在您查看之后已有变动" in answer or other.number in answer
        for case, handler in ((one, place["b1b"].person), (other, None)):
            case.refresh_from_db()
            assert case.handler == handler
        assert page.post("/cases/hand-over", {**ticked, "case": []}).status_code == 422
        assert page.post("/cases/hand-over", {**ticked, "to": "999999"}).status_code == 422
        assert browser(place["h1b"]).post("/cases/hand-over", ticked).status_code == 404
        assert browser(place["x"]).post("/cases/hand-over", ticked).status_code == 403
        assert "//elsewhere" not in text(page.post("/cases/hand-over", {**ticked, "back": "//elsewhere"}))
        assert 'formaction="/cases/hand-over"' in text(page.get("/"))

    def test_not_to_whom_an_earlier_step_keeps_from_it(self, place: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.flow.giving import may_take

        both = actor("B1", place["area"], "B1-H1")
        case = flow.open_case(both, machine="shared", unit=place["H1"])
        case = flow.do(place["h1"], case, "send", version=1, values={"amount": "1"})
        assert both.person in may_take(case)  # names experts, though he may not drop it
        case = flow.do(
            place["b1"], case, "name", version=2, values={"experts": [place["x"].person.pk, place["y"].person.pk]}
        )
        assert set(may_take(case)) == {place["x"].person, place["y"].person}

    def test_a_closed_case_is_not_handed_over(self, place: Any) -> None:
        from drgpay_web import flow

        case = flow.do(place["b1"], sent(place), "drop", version=2, values={"why": "重复"})
        with pytest.raises(flow.Guarded) as found:
            flow.hand_over(place["b1"], case, to=None, version=3)
        assert found.value.key == "flow.closed"


class TestTogether:
    def test_each_on_its_own_with_a_result_for_each(self, place: Any) -> None:
        from drgpay_web import flow

        good, late, draft = sent(place), sent(place, "H2"), opened(place)
        flow.hand_over(place["b1b"], late, to=None, version=2)
        done = flow.do_many(place["b1"], [(good, 2), (late, 2), (draft, 1)], "drop", values={"why": "重复"})
        assert [(case.number, type(why).__name__) for case, why in done] == [
            (good.number, "NoneType"), (late.number, "Stale"), (draft.number, "Guarded"),
        ]  # fmt: skip
        assert [flow.case_seen(place["b1"], one.pk).state for one in (good, late, draft)] == [
            "dropped",
            "sent",
            "draft",
        ]

    def test_what_is_not_for_several_is_not_made(self, place: Any) -> None:
        from drgpay_web import flow

        ((_, why),) = flow.do_many(place["h1"], [(opened(place), 1)], "send", values={"amount": "1"})
        assert isinstance(why, flow.Guarded)
        assert why.key == "flow.one_by_one"

    def test_ticked_on_the_list(self, place: Any) -> None:
        first, second, other = sent(place), sent(place, "H2"), sent(place)
        page = browser(place["b1"])
        shown = text(page.get("/cases/of/shared"))
        assert f'value="{first.pk}:2"' in shown
        ticked = {"move": "drop", "case": [f"{first.pk}:2", f"{second.pk}:1"], "f_drop__why": "重复", "note": "批量"}
        answer = page.post("/cases/of/shared/many", ticked)
        assert answer.status_code == 200
        assert all(part in text(answer) for part in ("办成 1 件", "共 2 件", "未办理", first.number, second.number))
        for one in (first, second, other):
            one.refresh_from_db()
        assert [one.state for one in (first, second, other)] == ["dropped", "sent", "sent"]
        assert page.post("/cases/of/shared/many", {"move": "drop"}).status_code == 422
        assert page.post("/cases/of/shared/many", {"move": "name", "case": f"{second.pk}:2"}).status_code == 404
        outside = browser(place["h1b"]).post("/cases/of/shared/many", {"move": "drop", "case": f"{other.pk}:2"})
        assert outside.status_code == 404


class TestTheList:
    def test_filtered_ordered_searched_within_ones_reach(self, place: Any) -> None:
        from drgpay_web import flow

        one = sent(place, subject="甲", stays=["S7"])
        two = opened(place, "H2", period="2024-02", subject="乙")
        gone = flow.do(place["b1"], sent(place, subject="丙"), "drop", version=2, values={"why": "x"})
        page = browser(place["b1"])

        def numbers(query: str) -> list[str]:
            shown = table_on(page.get(f"/cases/of/shared?{query}"))
            return [row[shown.column("编号")][0] for row in shown.rows]

        assert numbers("whose=") == [one.number, two.number, gone.number]
        assert numbers("sort=-number") == [gone.number, two.number, one.number]
        assert numbers("state=open") == [one.number, two.number]
        assert numbers("state=dropped") == [gone.number]
        assert numbers("period=2024-02") == [two.number]
        assert numbers(f"unit={place['H2'].pk}") == [two.number]
        assert numbers("light=soon") == [one.number]
        assert numbers("light=late") == []
        assert numbers("q=乙") == [two.number]
        assert numbers("q=S7") == [one.number]
        shown = table_on(browser(place["h1b"]).get("/cases/of/shared"))
        assert [row[1][0] for row in shown.rows] == [two.number]  # beside the ticks
        assert browser(actor("S1", place["area"])).get("/cases/of/shared").status_code == 403
        assert page.get("/cases/of/nothing").status_code == 404

    def test_what_was_asked_is_remembered_for_each_person(self, place: Any) -> None:
        sent(place)
        page = browser(place["b1"])
        page.get("/cases/of/shared?state=sent&page=1")
        answer = page.get("/cases/of/shared")
        assert (answer.status_code, answer["Location"]) == (302, "/cases/of/shared?state=sent")
        assert browser(place["b1b"]).get("/cases/of/shared").status_code == 200
        page.get("/cases/of/shared?sort=")
        assert page.get("/cases/of/shared").status_code == 200

    def test_previous_and_next_go_along_it(self, place: Any) -> None:
        first, second, third = sent(place), opened(place), sent(place)
        page = browser(place["b2"])
        page.get("/cases/of/shared?state=sent&sort=number")
        shown = text(page.get(f"/cases/{first.pk}?along=list"))
        assert f'href="/cases/{third.pk}?along=list"' in shown
        assert f'href="/cases/{second.pk}' not in shown

    def test_the_machines_own_columns_and_money_as_it_is(self, place: Any) -> None:
        sent(place)
        shown = table_on(browser(place["b1"]).get("/cases/of/shared"))
        assert shown.rows[0][shown.column("发起")][0] == "120050"

    def test_it_is_taken_as_a_file_with_a_reason(self, place: Any) -> None:
        from drgpay_web.trail.models import Event

        one = sent(place, subject="=1+1")
        sent(place, "H2")
        page = browser(place["b1"])
        where = f"/cases/of/shared/take?unit={place['H1'].pk}"
        assert "共 1 件" in text(page.get(where))
        assert page.post(where, {"reason": " "}).status_code == 422
        answer, row = taken(page, where)
        book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
        assert row.serial in book.worksheets[0].oddHeader.right.text
        cells = [str(cell.value) for sheet in book for row in sheet for cell in row if cell.value is not None]
        assert one.number in cells
        assert "县医院" not in cells
        assert "=1+1" in cells
        assert not any(cell.data_type == "f" for sheet in book for row in sheet for cell in row)
        kept = Event.objects.get(act="export.table", subject=f"download:{row.pk}")
        assert kept.reason == "月度例会"
        assert browser(actor("H4", place["H1"].children.get(code="A03").children.get())).get(where).status_code == 403


class TestWhoWorksOnIt:
    def test_a_deputy_sees_the_work_of_who_is_away(self, place: Any) -> None:
        from drgpay_web import flow

        case = sent(place)
        flow.hand_over(place["b1"], case, to=place["b1"].person, version=2)
        mine = lambda who: [row.case for row in flow.work_list(place[who], whose="mine")]  # noqa: E731
        assert (mine("b1"), mine("b1b")) == ([case], [])
        assert [row.case for row in flow.work_list(place["b1b"])] == [case]
        page = browser(place["b1"])
        typed = {"person": place["b1b"].person.pk, "first": "2024-04-08", "last": "2024-04-10"}
        assert page.post("/deputies", typed).status_code == 302
        assert mine("b1b") == [case]
        assert place["b1"].person.name in text(browser(place["b1b"]).get("/deputies"))
        its = place["b1"].person.deputies.get()
        assert browser(place["b1b"]).post(f"/deputies/{its.pk}/end").status_code == 404
        assert page.post(f"/deputies/{its.pk}/end").status_code == 302
        assert mine("b1b") == []

    @pytest.mark.parametrize(
        ("who", "first", "last"),
        [("b1b", "2024-04-09", "2024-04-08"), ("b1b", "2024-04-01", "2024-04-02"), ("b2", "2024-04-08", "2024-04-09"),
         ("h1", "2024-04-08", "2024-04-09"), ("b1", "2024-04-08", "2024-04-09"), ("b1b", "soon", "2024-04-09")],
    )  # fmt: skip
    def test_only_a_colleague_and_days_to_come(self, place: Any, who: str, first: str, last: str) -> None:
        typed = {"person": place[who].person.pk, "first": first, "last": last}
        assert browser(place["b1"]).post("/deputies", typed).status_code == 422
        assert not place["b1"].person.deputies.exists()

    def test_not_two_for_the_same_days(self, place: Any) -> None:
        page = browser(place["b1"])
        for first, last, status in (("2024-04-08", "2024-04-10", 302), ("2024-04-10", "2024-04-12", 422)):
            typed = {"person": place["b1b"].person.pk, "first": first, "last": last}
            assert page.post("/deputies", typed).status_code == status

    def test_new_cases_go_to_who_has_charge_and_open_ones_stay(self, place: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.flow.models import Charge

        before = opened(place)
        page = browser(place["b2"])
        typed = {"role": "B1", f"unit_{place['H1'].pk}": place["b1"].person.pk}
        assert page.post("/charge", typed).status_code == 302
        assert page.post("/charge", typed).status_code == 302  # nothing new
        after, other = opened(place), opened(place, "H2")
        before.refresh_from_db()
        assert [one.handler for one in (before, after, other)] == [None, place["b1"].person, None]
        assert Charge.objects.count() == 1
        assert page.post("/charge", {"role": "B1", f"unit_{place['H1'].pk}": ""}).status_code == 302
        assert opened(place).handler is None
        assert Charge.objects.count() == 2  # history kept
        wrong = {"role": "B1", f"unit_{place['H1'].pk}": place["h1"].person.pk}
        assert page.post("/charge", wrong).status_code == 422
        assert browser(place["b1"]).get("/charge").status_code == 403
        sent_case = flow.do(place["h1"], after, "send", version=1, values={"amount": "1"})
        rows = {who: [r.case for r in flow.work_list(place[who], whose="mine")] for who in ("b1", "b1b")}
        assert sent_case in rows["b1"]
        assert sent_case not in rows["b1b"]

    def test_the_bureaus_handler_takes_nothing_from_the_hospital(self, place: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.flow.models import Charge

        Charge.objects.create(
            unit=place["H1"], role="B1", person=place["b1"].person, by=place["b2"].person, at="2024-04-08T00:00Z"
        )
        case = opened(place)
        assert case.handler == place["b1"].person
        assert [row.case for row in flow.work_list(place["h1"], whose="mine")] == [case]

    def test_the_work_list_remembers_and_next_goes_along_it(self, place: Any) -> None:
        from drgpay_web import flow

        first, second, third = sent(place), sent(place), sent(place)
        flow.hand_over(place["b1"], second, to=place["b1b"].person, version=2)
        page = browser(place["b1"])
        assert second.number not in text(page.get("/"))
        assert f'href="/cases/{third.pk}"' in text(page.get(f"/cases/{first.pk}"))
        assert second.number in text(page.get("/?whose=all"))
        assert second.number in text(page.get("/"))  # remembered
        assert f'href="/cases/{second.pk}"' in text(page.get(f"/cases/{first.pk}"))
        assert "没有符合条件" in text(page.get("/?light=late"))


class TestMeeting:
    def test_who_follows_a_move_is_called_in_its_transaction(
        self, place: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from drgpay_web import flow

        monkeypatch.setattr(sys.modules["drgpay_web.flow.machine"], "_followers", {})
        seen: list[tuple[str, str, Any]] = []

        def handler(case: Any, actor: Any, values: Any) -> None:
            seen.append((case.number, case.state, values.get("amount")))
            if values.get("amount") == 666:
                raise flow.Guarded("flow.not_from_here")

        for move in ("open", "send", "send"):
            flow.follow("shared", move, handler)
        case = opened(place)
        flow.do(place["h1"], case, "send", version=1, values={"amount": "1"})
        assert seen == [(case.number, "draft", None), (case.number, "sent", 100)]
        bad = opened(place)
        with pytest.raises(flow.Guarded):
            flow.do(place["h1"], bad, "send", version=1, values={"amount": "6.66"})
        bad.refresh_from_db()
        assert (bad.state, bad.steps.count()) == ("draft", 1)

    def test_cases_know_where_they_come_from_and_their_stays(self, place: Any) -> None:
        from drgpay_web import flow

        source = opened(place, stays=["S1", "S2"])
        made = opened(place, source=source)
        flow.about_stays(made, ["S2", "S2", "S3"])
        flow.about_stays(made, ["S3"])
        assert sorted(made.stays.values_list("stay_id", flat=True)) == ["S2", "S3"]
        assert list(flow.cases_on_stay(place["b1"], "H001", "S2").order_by("pk")) == [source, made]
        assert list(flow.cases_on_stay(place["b1"], "H002", "S2")) == []
        assert list(flow.cases_on_stay(place["h1b"], "H001", "S2")) == []
        assert made.number in text(browser(place["b1"]).get(f"/cases/{source.pk}"))
        assert source.number in text(browser(place["b1"]).get(f"/cases/{made.pk}"))

    def test_stays_are_given_with_their_case(self, place: Any) -> None:
        from drgpay_web import flow

        case = reviewed(place)
        flow.about_stays(case, ["S1"])
        opened(place, stays=["S9"])
        assert list(flow.stays_given(place["x"]).values_list("institution", "stay_id")) == [("H001", "S1")]
        assert not flow.stays_given(place["x"], "H002").exists()
        assert not flow.stays_given(place["z"]).exists()
        flow.end_given(case)
        assert not flow.stays_given(place["x"]).exists()

    @pytest.mark.parametrize("ending", ["pdf", "docx", "xlsx"])
    def test_a_paper_is_there_in_its_states_for_those_who_see_the_case(self, place: Any, ending: str) -> None:
        from drgpay_web import flow
        from drgpay_web.trail.models import Event

        case = reviewed(place)
        where = f"/cases/{case.pk}/papers/decision/{ending}"
        assert browser(place["b1"]).get(where).status_code == 404
        for who, move in (("x", "first"), ("y", "second")):
            case = flow.do(place[who], case, move, version=case.version, values={"mark": "yes"})
        answer = browser(place["h1"]).get(where)
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer.content[:4] in (b"%PDF", b"PK\x03\x04")
        assert Event.objects.filter(act="case.paper").count() == 1
        assert browser(place["h1b"]).get(where).status_code == 404
        assert browser(place["b1"]).get(where.replace("decision", "other")).status_code == 404
        assert browser(place["b1"]).get(f"/cases/{case.pk}/papers/decision/exe").status_code == 404
        assert where in text(browser(place["b1"]).get(f"/cases/{case.pk}"))
