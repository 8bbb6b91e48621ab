"""The pages of cases, notices, calendar and jobs as people see them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from support.office_people import actor, browser, units
from support.office_rules import machine

WORDS = {"zh": "试", "en": "trial"}


@pytest.fixture
def place(office: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    from drgpay_web import clock, flow
    from drgpay_web.ui import words

    rules = machine()
    named = ["", *(f".state.{s}" for s in rules.states), *(f".move.{m.name}" for m in rules.moves), ".field.why",
             ".field.count"]  # fmt: skip
    known = dict(words.words()) | {f"ui{name}": {"zh": f"试{name}", "en": f"trial{name}"} for name in named}
    monkeypatch.setattr(words, "words", lambda: known)
    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
    found = units()
    people = {"h1": actor("H1", found["H1"]), "h2": actor("H1", found["H2"]), "b1": actor("B1", found["area"]),
              "s1": actor("S1", found["area"])}  # fmt: skip
    case = flow.open_case(people["h1"], machine="trial", unit=found["H1"], period="2024-03", subject="三月")
    return found | people | {"case": case}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_case_is_moved_on_its_page(place: Any) -> None:
    case, page = place["case"], browser(place["h1"])
    shown = text(page.get(f"/cases/{case.pk}"))
    assert "TT-2024-00001" in shown
    assert 'name="f_why"' in shown
    sent = page.post(f"/cases/{case.pk}/move", {"move": "send", "version": 1, "f_why": "齐了", "note": "请看"})
    assert sent.status_code == 302
    shown = text(browser(place["b1"]).get(f"/cases/{case.pk}"))
    assert all(part in shown for part in ("齐了", "请看", "2024-04-11", 'value="accept"', 'value="return"'))
    assert 'value="lapse"' not in shown


def test_what_was_typed_is_there_again_when_a_move_is_not_possible(place: Any) -> None:
    page = browser(place["h1"])
    answer = page.post(
        f"/cases/{place['case'].pk}/move", {"move": "send", "version": 1, "f_why": "齐了", "f_count": "十"}
    )
    assert answer.status_code == 422
    assert 'value="齐了"' in text(answer)
    assert 'value="十"' in text(answer)
    assert "不是整数" in text(answer)


def test_a_stale_page_says_who_changed_what(place: Any) -> None:
    from drgpay_web import flow

    flow.do(place["h1"], place["case"], "send", version=1, values={"why": "x"})
    first, second = place["b1"], actor("B1", place["area"], "王五")
    assert browser(first).post(f"/cases/{place['case'].pk}/move", {"move": "touch", "version": 2}).status_code == 302
    answer = browser(second).post(f"/cases/{place['case'].pk}/move", {"move": "return", "version": 2})
    assert answer.status_code == 409
    assert first.person.name in text(answer)


def test_others_find_nothing(place: Any) -> None:
    page, number = browser(place["h2"]), place["case"].pk
    for answer in (
        page.get(f"/cases/{number}"),
        page.post(f"/cases/{number}/move", {"move": "send", "version": 1, "f_why": "x"}),
        page.post(f"/cases/{number}/comment", {"text": "x"}),
        page.post(f"/cases/{number}/attach", {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")}),
        page.get("/cases/99999"),
    ):
        assert answer.status_code == 404
        assert "TT-2024" not in text(answer)
    assert browser(place["s1"]).get(f"/cases/{number}").status_code == 403


def test_comment_attachment_and_notice(place: Any) -> None:
    case, mine, theirs = place["case"], browser(place["h1"]), browser(place["b1"])
    assert theirs.post(f"/cases/{case.pk}/comment", {"text": "<b>补充</b>"}).status_code == 302
    file = SimpleUploadedFile("说明.pdf", b"%PDF-1.7 x")
    assert mine.post(f"/cases/{case.pk}/attach", {"file": file}).status_code == 302
    shown = text(mine.get(f"/cases/{case.pk}"))
    assert "&lt;b&gt;补充" in shown
    its = case.attachments.get()
    answer = theirs.get(f"/cases/{case.pk}/attachments/{its.pk}")
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 x"
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "no-store")
    bad = mine.post(f"/cases/{case.pk}/attach", {"file": SimpleUploadedFile("a.exe", b"MZ")})
    assert (bad.status_code, "不接收" in text(bad)) == (422, True)
    assert "TT-2024-00001" in text(mine.get("/notices"))
    mine.post("/notices/read")
    assert "未读" not in text(mine.get("/notices"))


def test_whom_to_call_is_said_by_the_bureau_and_read_where_hospitals_work(place: Any, monkeypatch: Any) -> None:
    from dataclasses import replace

    from drgpay.report.papers import Paper
    from drgpay_web import flow, trail
    from drgpay_web.flow.machine import _known

    bureau, hospital = browser(place["b1"]), browser(place["h1"])
    assert "尚未填写" in text(hospital.get("/contacts"))
    assert hospital.post("/contacts", {"topic": "general", "phone": "1"}).status_code == 403
    assert bureau.post("/contacts", {"topic": "general", "office": "综合科", "phone": "0000-1"}).status_code == 302
    assert bureau.post("/contacts", {"topic": "oversight", "office": "稽核科", "phone": "0000-2"}).status_code == 302
    assert bureau.post("/contacts", {"topic": "nobody", "phone": "1"}).status_code == 422
    assert bureau.post("/contacts", {"topic": "general", "phone": "1" * 61}).status_code == 422
    area = place["area"].area
    assert flow.contact_line(area, "oversight") == "稽核科 0000-2"
    assert flow.contact_line(area, "review") == "综合科 0000-1"
    assert flow.contact_line("elsewhere", "review") == ""
    paper = Paper("zh", "医保局", "通知", "2024", (("编号", "1"),), (), (), "")
    assert flow.with_contact(paper, area, "oversight").facts[-1] == ("经办咨询", "稽核科 0000-2")
    assert flow.with_contact(paper, "elsewhere", "oversight") == paper
    monkeypatch.setitem(_known, "trial", replace(_known["trial"], contact="oversight"))
    page = f"/cases/{place['case'].pk}"
    assert "稽核科 0000-2" in text(hospital.get(page))
    assert "0000-2" not in text(bureau.get(page))
    assert (
        bureau.post("/contacts", {"topic": "oversight", "phone": ""}).status_code == 302
    )  # taken out: the general one
    assert flow.contact_line(area, "oversight") == "综合科 0000-1"
    assert trail.check() is None


def test_the_calendar_says_what_it_knows_and_is_changed_by_the_bureau(place: Any) -> None:
    bureau = browser(place["b1"])
    assert "国办发明电〔2023〕7号" in text(bureau.get("/calendar"))
    assert "尚未录入" in text(bureau.get("/calendar?year=2031"))
    typed = {"day": "2024-04-12", "kind": "rest", "name": "停电"}
    assert bureau.post("/calendar", typed).status_code == 302
    assert "停电" in text(browser(place["h1"]).get("/calendar?year=2024"))
    assert bureau.post("/calendar", {"day": "soon", "kind": "rest"}).status_code == 422
    assert browser(place["h1"]).post("/calendar", {"day": "2024-04-15", "kind": "rest"}).status_code == 403


def test_a_job_is_seen_and_cancelled_by_those_whose_it_is(place: Any) -> None:
    import support.office_work.work  # noqa: F401
    from drgpay_web import jobs

    job = jobs.order(place["h1"], kind="test.steps", area="A1", key="k", payload={})
    mine, theirs = browser(place["h1"]), browser(place["h2"])
    assert "排队中" in text(mine.get(f"/jobs/{job.pk}"))
    assert 'hx-get="/jobs/' in text(mine.get(f"/jobs/{job.pk}/progress"))
    for answer in (theirs.get(f"/jobs/{job.pk}"), theirs.post(f"/jobs/{job.pk}/cancel")):
        assert answer.status_code == 404
    assert mine.post(f"/jobs/{job.pk}/cancel").status_code == 302
    ended = mine.get(f"/jobs/{job.pk}/progress")
    assert (ended["HX-Trigger"], "已取消" in text(ended), "hx-get" in text(ended)) == ("came-to-end", True, False)
    assert "已取消" in text(mine.get("/jobs"))
    assert f'href="/jobs/{job.pk}"' not in text(theirs.get("/jobs"))


def test_a_case_shows_the_job_it_waits_for_until_it_has_ended(place: Any) -> None:
    import support.office_work.work  # noqa: F401
    from drgpay_web import jobs

    case = place["case"]
    page, again = f"/cases/{case.pk}", f"/cases/{case.pk}/progress"
    mine, bureau, theirs = browser(place["h1"]), browser(place["b1"]), browser(place["h2"])
    assert again not in text(mine.get(page)), "no job, nothing is asked again"
    jobs.order(place["h1"], kind="test.steps", area="A1", key="other", payload={"case": case.pk + 1})
    assert again not in text(mine.get(page)), "another case's"

    job = jobs.order(place["h1"], kind="test.steps", area="A1", key="k", payload={"case": case.pk})
    jobs.Job.objects.filter(pk=job.pk).update(
        state="running", step=1, of=2, thousandths=500, said={"zh": "读取某文件"}
    )
    for one in (mine, bureau):
        shown = text(one.get(page))
        assert all(
            part in shown for part in ("进行中", "第 1 步，共 2 步", f'hx-get="{again}"', f'data-page="{page}"')
        )
        assert "data-returned" not in shown
        part = one.get(again)
        assert f'hx-get="{again}"' in text(part)
        assert "HX-Trigger" not in part
    assert theirs.get(again).status_code == 404
    assert text(mine.get(page)).count(f'hx-get="{again}"') == 1

    # what was typed and refused is marked, so that nothing takes it away
    refused = mine.post(f"{page}/move", {"move": "send", "version": 1, "f_why": "齐了", "f_count": "十"})
    assert refused.status_code == 422
    assert "data-returned" in text(refused)
    assert f'data-page="{page}"' in text(refused)

    jobs.Job.objects.filter(pk=job.pk).update(state="done")
    ended = mine.get(again)
    assert (ended.status_code, ended["HX-Trigger"], "hx-get" in text(ended)) == (200, "came-to-end", False)
    assert again not in text(mine.get(page))


def test_who_may_not_see_a_job_sees_only_that_it_goes_on(place: Any) -> None:
    import support.office_work.work  # noqa: F401
    from drgpay_web import flow, jobs

    case = flow.open_case(place["h1"], machine="hospital_plan", unit=place["H1"], data={"base": "demo-hospital",
                                                                                     "changes": {}})  # fmt: skip
    h5, h6 = (actor(role, place["H1"]) for role in ("H5", "H6"))
    job = jobs.order(h5, kind="test.steps", area="A1", key="k", payload={"case": case.pk}, unit=place["H1"])
    jobs.Job.objects.filter(pk=job.pk).update(state="running", step=1, of=2, said={"zh": "读取某文件", "en": "reads"})
    sees, not_he = (text(browser(one).get(f"/cases/{case.pk}")) for one in (h5, h6))
    assert "读取某文件" in sees
    assert f'href="/jobs/{job.pk}"' in sees
    assert "进行中" in not_he
    assert "读取某文件" not in not_he
    assert f'href="/jobs/{job.pk}"' not in not_he
