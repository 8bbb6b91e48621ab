"""Announcements: drafted, checked, published by a second person, read, corrected, withdrawn (13 §2)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from support.office_people import actor, browser, units

TABLE = "机构 | 例数 | 金额\n市一院 | 120 | 3,000.00\n县医院 | 3 | 90.00\n中医院 | 8 | 20.00\n合计 | 131 | 3,110.00"
VALUES = {
    "subject": "一季度通报",
    "audience": "hospitals",
    "text": "现予公布。",
    "table": TABLE,
    "why": "写错了",
    "until": None,
}


@pytest.fixture
def place(office: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    from drgpay_web import clock

    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
    found = units()
    top = found["area"]
    people = {"b1": actor("B1", top), "b2": actor("B2", top), "other": actor("B1", top, "other")}
    for number in ("1", "2"):
        people |= {f"h{role}{number}": actor(f"H{role}", found[f"H{number}"]) for role in "126"}
    return found | people


def drafted(place: dict[str, Any], **more: Any) -> Any:
    from drgpay_web.rhythm import actions

    said = {name: VALUES[name] for name in ("subject", "audience", "text", "table")} | {"kind": "result"}
    return actions.draft(place["b1"], **(said | more))


def do(who: Any, case: Any, move: str, **values: Any) -> Any:
    from drgpay_web import flow

    return flow.do(who, case, move, version=case.version, values=VALUES | values)


def published(place: dict[str, Any], **more: Any) -> Any:
    return do(place["b2"], do(place["other"], drafted(place, **more), "check"), "publish")


class TestMoves:
    def test_the_way_to_a_corrected_one(self, place: Any) -> None:
        from drgpay_web import trail
        from drgpay_web.rhythm.models import Version

        case = published(place)
        assert (case.state, case.number, case.data["version"]) == ("published", "GG-2024-00001", 1)
        case = do(place["b1"], case, "correct", subject="一季度通报（更正）", text="更正如下。", why="例数有误")
        assert case.state == "correcting"
        assert case.subject == "一季度通报", "what is read stays what it was"
        case = do(place["b2"], case, "publish_correction")
        assert (case.state, case.subject) == ("corrected", "一季度通报（更正）")
        old, new = Version.objects.filter(case=case)
        assert (old.title, old.text, new.title, new.why) == (
            "一季度通报",
            "现予公布。",
            "一季度通报（更正）",
            "例数有误",
        )
        again = do(place["b1"], case, "correct")
        assert do(place["b2"], again, "drop").state == "corrected"
        assert trail.check() is None

    def test_a_first_correction_that_is_dropped_leaves_it_published(self, place: Any) -> None:
        assert do(place["b2"], do(place["b1"], published(place), "correct"), "drop").state == "published"

    def test_who_wrote_or_checked_does_not_publish(self, place: Any) -> None:
        from drgpay_web import flow

        case = do(place["other"], drafted(place), "check")
        for name in ("B1-A1-A1", "other"):
            both = actor("B2", place["area"], place["b1"].person.username if name != "other" else "other")
            with pytest.raises(flow.Guarded) as found:
                do(both, case, "publish")
            assert found.value.key == "flow.same_person"

    def test_who_drafted_a_correction_does_not_publish_it(self, place: Any) -> None:
        from drgpay_web import flow

        case = do(place["other"], published(place), "correct")
        with pytest.raises(flow.Guarded):
            do(actor("B2", place["area"], "other"), case, "publish_correction")

    def test_an_empty_one_is_not_checked(self, place: Any) -> None:
        from drgpay_web import flow

        case = flow.open_case(
            place["b1"], machine="announcement", unit=place["area"], subject="空",
            data={"kind": "notice", "audience": "public", "text": "", "heads": [], "rows": []},
        )  # fmt: skip
        with pytest.raises(flow.Guarded) as found:
            do(place["b1"], case, "check")
        assert found.value.key == "rhythm.nothing_said"
        assert do(place["b1"], case, "discard").state == "discarded"

    def test_a_check_is_taken_back_and_a_draft_returned(self, place: Any) -> None:
        from drgpay_web import flow

        case = do(place["b1"], drafted(place), "check")
        case = flow.recall(place["b1"], case, version=case.version)
        assert (case.state, "shown" in case.data) == ("draft", False)
        assert do(place["b2"], do(place["b1"], case, "check"), "return").state == "draft"

    def test_hospitals_neither_see_the_case_nor_draft(self, place: Any) -> None:
        from drgpay_web import flow
        from drgpay_web.people import NotThere, Refused

        case = published(place)
        with pytest.raises((NotThere, Refused)):
            flow.case_seen(place["h11"], case.pk)
        with pytest.raises((NotThere, Refused)):
            do(place["h11"], case, "withdraw")
        assert not flow.cases_of(place["h11"]).exists()

    def test_a_published_one_waits_for_nobody(self, place: Any) -> None:
        from drgpay_web import flow

        case = do(place["b1"], drafted(place), "check")
        assert [row.case for row in flow.work_list(place["b2"])] == [case]
        case = do(place["b2"], case, "publish")
        assert flow.work_list(place["b1"]) == flow.work_list(place["b2"]) == []
        assert {move.name for move in flow.moves_for(place["b1"], case)} == {"correct"}


class TestSmallCounts:
    def test_a_small_count_and_a_second_one_are_hidden_and_a_total_is_not(self, place: Any) -> None:
        from drgpay_web.rhythm.models import Version

        (version,) = Version.objects.filter(case=published(place))
        assert [row[1] for row in version.rows] == ["120", "*", "*", "131"]
        assert [row[2] for row in version.rows] == ["3,000.00", "90.00", "20.00", "3,110.00"]
        assert version.hidden == 2

    def test_the_bureau_sees_all_of_its_own(self, place: Any) -> None:
        from drgpay_web.rhythm.models import Version

        (version,) = Version.objects.filter(case=published(place, audience="bureau"))
        assert (version.rows[1][1], version.hidden) == ("3", 0)

    def test_columns_that_are_said_to_be_counts_are(self, place: Any) -> None:
        from drgpay_web.rhythm.small import columns_of_counts, without_small

        assert columns_of_counts(["机构", "轮次", "病例数"]) == [2]
        assert columns_of_counts(["a", "b"], [1, 7]) == [1]
        assert without_small([["x", "0"], ["y", "4"], ["z", "4"]], [1], 5) == (
            [["x", "0"], ["y", "*"], ["z", "*"]],
            2,
        )
        assert without_small([["x", "5"], ["y", "9"]], [1], 5)[1] == 0
        assert without_small([["x", "4"]], [1], 5) == ([["x", "*"]], 1)

    def test_how_small_is_the_practices_to_say(self, place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from dataclasses import replace

        from drgpay import runs
        from drgpay_web.rhythm.models import Version

        terms = runs.office_terms("demo", date(2024, 4, 8))
        assert terms.smallest_count == 5
        monkeypatch.setattr(runs, "office_terms", lambda *_: replace(terms, smallest_count=2))
        (version,) = Version.objects.filter(case=published(place))
        assert (version.rows[1][1], version.hidden) == ("3", 0)


class TestReaders:
    def test_who_it_is_for_reads_it_and_the_bureau_sees_who_did(self, place: Any) -> None:
        from drgpay_web.rhythm import announcement_reads as reads

        case = published(place)
        page = browser(place["h11"])
        listed = page.get("/announcements").content.decode()
        assert "一季度通报" in listed
        assert "未读" in listed
        assert reads.unread(place["h11"]) == 1
        shown = page.get(f"/announcements/{case.pk}").content.decode()
        assert "现予公布。" in shown
        assert "县医院" in shown
        assert reads.unread(place["h11"]) == 0
        page.get(f"/announcements/{case.pk}")
        told = browser(place["b2"]).get(f"/cases/{case.pk}").content.decode()
        assert "2 家机构中 1 家已读" in told
        assert place["h11"].person.name in told

    def test_they_are_told(self, place: Any) -> None:
        from drgpay_web.flow.models import Notice

        case = published(place)
        told = Notice.objects.filter(key="rhythm.told_published", href=f"/announcements/{case.pk}")
        people = set(told.values_list("person__username", flat=True))
        assert {place[name].person.username for name in ("h11", "h12", "h61", "h62", "b1")} <= people
        assert place["b2"].person.username not in people, "who published it knows"
        shown = browser(place["h11"]).get("/notices").content.decode()
        assert "公告：一季度通报" in shown

    @pytest.mark.parametrize(
        ("audience", "insurance", "doctor"), [("public", 200, 200), ("hospitals", 200, 404), ("bureau", 404, 404)]
    )
    def test_the_audience_is_kept(self, place: Any, audience: str, insurance: int, doctor: int) -> None:
        from drgpay_web.people import Unit

        case = published(place, audience=audience)
        h4 = actor("H4", Unit.objects.filter(kind="doctor").first())
        for who, status in ((place["h11"], insurance), (h4, doctor), (place["b1"], 200)):
            page = browser(who)
            assert page.get(f"/announcements/{case.pk}").status_code == status
            assert page.get(f"/announcements/{case.pk}/paper/xlsx").status_code == status
            assert ("一季度通报" in page.get("/announcements").content.decode()) == (status == 200)

    def test_a_draft_is_read_by_nobody(self, place: Any) -> None:
        case = do(place["b1"], drafted(place), "check")
        assert browser(place["h11"]).get(f"/announcements/{case.pk}").status_code == 404

    def test_the_old_version_of_a_corrected_one_stays_readable(self, place: Any) -> None:
        case = do(place["b1"], published(place), "correct", text="更正如下。", why="例数有误")
        page = browser(place["h11"])
        assert "现予公布。" in page.get(f"/announcements/{case.pk}").content.decode()
        do(place["b2"], case, "publish_correction")
        new = page.get(f"/announcements/{case.pk}").content.decode()
        assert "更正如下。" in new
        assert "更正（第 2 版）：例数有误" in new
        old = page.get(f"/announcements/{case.pk}?version=1").content.decode()
        assert "现予公布。" in old
        assert "已被第 2 版更正" in old
        assert page.get(f"/announcements/{case.pk}?version=9").status_code == 404

    def test_what_is_withdrawn_says_so_and_shows_hospitals_no_more(self, place: Any) -> None:
        case = do(place["b2"], published(place), "withdraw", why="依据有误")
        page = browser(place["h11"])
        shown = page.get(f"/announcements/{case.pk}").content.decode()
        assert "本公告已于 2024-04-08 撤回：依据有误" in shown
        assert "现予公布。" not in shown
        assert page.get(f"/announcements/{case.pk}/paper/pdf").status_code == 404
        assert "现予公布。" in browser(place["b1"]).get(f"/announcements/{case.pk}").content.decode()


class TestPages:
    def test_one_is_drafted_in_the_browser(self, place: Any) -> None:
        page = browser(place["b1"])
        assert page.get("/announcements/new").status_code == 200
        sent = {"kind": "result", "audience": "public", "subject": "题", "text": "文", "table": "甲\t乙\n1\t2"}
        answer = page.post("/announcements/new", sent)
        assert answer.status_code == 302
        shown = page.get(answer["Location"]).content.decode()
        assert "甲 | 乙" in shown, "what is there stands in the form of a change"
        assert page.post("/announcements/new", {"kind": "result"}).status_code == 422

    def test_its_paper_has_text_table_and_number(self, place: Any, tmp_path: Any) -> None:
        from openpyxl import load_workbook

        case = published(place)
        answer = browser(place["h11"]).get(f"/announcements/{case.pk}/paper/xlsx")
        (tmp_path / "a.xlsx").write_bytes(answer.content)
        cells = [
            str(c) for s in load_workbook(tmp_path / "a.xlsx") for row in s.iter_rows(values_only=True) for c in row
        ]
        text = " ".join(cells)
        assert all(part in text for part in ("一季度通报", "现予公布。", "县医院", case.number))
        assert browser(place["b2"]).get(f"/cases/{case.pk}/papers/announcement/pdf").content[:4] == b"%PDF"
