"""A policy from its draft to the day it is in force, and that runs go by it (13 §2)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region
from support.office_people import actor, browser

PAY = "settlement.monthly_pay_ratio"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("adoption") / "region")


@pytest.fixture
def desk(office: Any, region: Path, day: Any) -> Desk:
    from drgpay_web import store

    return Desk(store.import_region(region))


def text(answer: Any) -> str:
    return str(answer.content.decode())


NINE, TWELVE = "云医保〔2024〕9号", "云医保〔2024〕12号"


def begun(desk: Desk, of: str, document: str, issued: date, in_force: date) -> Any:
    from drgpay_web.policy import actions

    return actions.draft(desk.b1, of=of, document=document, issued=issued, in_force=in_force)


def drafted(desk: Desk, in_force: str = "2024-04-01", **values: str) -> Any:
    from drgpay_web.policy import actions

    case = actions.draft(
        desk.b1,
        of="demo",
        document="云医保〔2024〕9号",
        issued=date(2024, 3, 20),
        in_force=date.fromisoformat(in_force),
    )
    for name, value in (values or {PAY: "90%"}).items():
        case = desk.move(desk.b1, case, "set", parameter=name, value=value, clause="第三条")
    return case


def tried(desk: Desk, **how: Any) -> Any:
    return desk.move(desk.b1, desk.move(desk.b1, drafted(desk, **how), "check"), "skip", why="小额调整")


ADOPT = {"document": "云医保〔2024〕9号", "issued": "2024-03-20", "in_force": "2024-04-01"}


def test_the_next_run_goes_by_what_was_adopted(desk: Desk) -> None:
    from drgpay import runs
    from drgpay_web import flow, store, trail
    from drgpay_web.clearing import actions

    def paid(result: Any) -> list[tuple[int, int, int]]:
        view = runs.View("institution_months", scope=runs.Scope.everything())
        return [(r["due"], r["refused"], r["deposit"]) for r in runs.browse(store.folder(result), view).rows]

    def trial(policy: str) -> Any:
        look = desk.do(actions.order_look(desk.b1, period="2024-04", kind="trial", policy=policy))
        job = desk.do(actions.order_run(desk.b1, look=look, reason="小样本"))
        assert job.state == "done", job.error
        return store.Result.objects.get(job=job)

    before = trial("demo")
    case = desk.move(desk.b2, tried(desk), "adopt", **ADOPT)
    assert (case.state, case.data["version"]) == ("in_force", "demo-v2")
    assert store.practice_of(desk.area) == "demo-v2"
    assert "demo" not in {one.id for one in store.practices(desk.area)}, "its last version takes its place"
    after = trial("demo-v2")
    old, new = paid(before), paid(after)
    assert old
    assert old != new
    for (due, refused, kept), (due_then, refused_then, kept_then) in zip(old, new, strict=True):
        assert (due, refused) == (due_then, refused_then)
        # a tenth is kept now, a twentieth before; one half-up rounding of what is paid
        net = due - refused
        assert (kept, kept_then) == (net - (net * 95 + 50) // 100, net - (net * 90 + 50) // 100)
    drafts = flow.Case.objects.filter(machine="announcement")
    (told,) = drafts
    assert (told.state, told.data["kind"], told.data["rows"][0][1:]) == ("draft", "policy", ["0.95", "0.9"])
    assert [one.source for one in told.came_from.all()] == [case]
    assert trail.check() is None


def test_pages_show_the_version_with_its_notice(desk: Desk) -> None:
    desk.move(desk.b2, tried(desk), "adopt", **ADOPT)
    page = browser(desk.b1)
    shown = page.get("/policy").content.decode()
    assert "（第 2 版）" in shown
    assert "云医保〔2024〕9号" in page.get("/policy/practice/demo-v2/notices").content.decode()
    assert "0.9" in page.get("/policy/compare?old=demo&new=demo-v2").content.decode()
    assert "（第 2 版）" in page.get("/runs").content.decode()
    assert page.get("/policy/what-if?practice=demo-v2").status_code == 200


def test_a_second_one_is_added_to_the_first_and_neither_file_changes(desk: Desk) -> None:
    from drgpay_web import store

    desk.move(desk.b2, tried(desk), "adopt", **ADOPT)
    first = Path(store.practice_source(desk.area, "demo-v2"))
    text = first.read_text(encoding="utf-8")
    case = begun(desk, "demo-v2", TWELVE, date(2024, 4, 8), date(2024, 6, 1))
    case = desk.move(desk.b1, case, "set", parameter="settlement.clearing_deadline", value="05-31")
    case = desk.move(desk.b1, desk.move(desk.b1, case, "check"), "skip", why="与结果无关")
    case = desk.move(desk.b2, case, "adopt", document=TWELVE, issued="2024-04-08", in_force="2024-06-01")
    assert case.data["version"] == "demo-v3"
    assert first.read_text(encoding="utf-8") == text
    from drgpay_web.store.faults import faults

    assert faults() == []
    first.chmod(0o600)
    first.write_text(text + "\n", encoding="utf-8")
    assert ["demo-v2" in zh for zh, _ in faults()] == [True]
    assert "9号" in Path(store.practice_source(desk.area)).read_text(encoding="utf-8")


class TestMoves:
    def test_it_is_in_force_on_its_day(self, desk: Desk, day: Any) -> None:
        from drgpay_web import flow

        case = tried(desk, in_force="2024-05-01")
        case = desk.move(desk.b2, case, "adopt", **(ADOPT | {"in_force": "2024-05-01"}))
        assert (case.state, case.deadline, case.silence) == ("adopted", date(2024, 4, 30), "enter")
        day("2024-04-30")
        flow.sweep()
        case.refresh_from_db()
        assert case.state == "adopted"
        day("2024-05-01")
        flow.sweep()
        case.refresh_from_db()
        assert case.state == "in_force"

    def test_who_drafted_checked_or_tried_does_not_adopt(self, desk: Desk) -> None:
        from drgpay_web import flow

        case = tried(desk)
        both = actor("B2", desk.top, desk.b1.person.username)
        with pytest.raises(flow.Guarded) as found:
            desk.move(both, case, "adopt", **ADOPT)
        assert found.value.key == "flow.same_person"
        with pytest.raises(Exception, match=r"policy\.adopt"):
            desk.move(actor("B1", desk.top, "another"), case, "adopt", **ADOPT)

    def test_a_value_that_is_none_is_refused_with_what_to_write(self, desk: Desk) -> None:
        from drgpay_web import flow

        case = drafted(desk)
        with pytest.raises(flow.Guarded) as found:
            desk.move(desk.b1, case, "set", parameter=PAY, value="很多")
        assert "5%" in found.value.said("zh")

    @pytest.mark.parametrize(
        ("values", "in_force", "says"),
        [
            ({"points.scale": "1000"}, "2024-06-01", "一年之内不能变"),
            ({"points.pricing": "rate"}, "2025-01-01", ""),
        ],
    )
    def test_what_could_not_be_run_is_not_checked(self, desk: Desk, values: Any, in_force: str, says: str) -> None:
        from drgpay_web import flow

        case = drafted(desk, in_force, **values)
        with pytest.raises(flow.Guarded) as found:
            desk.move(desk.b1, case, "check")
        assert says in found.value.said("zh")
        assert found.value.said("en")

    def test_an_empty_one_is_not_checked(self, desk: Desk) -> None:
        from drgpay_web import flow

        case = desk.move(desk.b1, drafted(desk), "unset", parameter=PAY)
        with pytest.raises(flow.Guarded) as found:
            desk.move(desk.b1, case, "check")
        assert "没有规定" in found.value.said("zh")

    def test_a_later_notice_on_the_same_is_named(self, desk: Desk) -> None:
        desk.move(desk.b2, tried(desk), "adopt", **ADOPT)
        from drgpay_web.policy import actions

        case = actions.draft(
            desk.b1, of="demo-v2", document="补充通知", issued=date(2024, 3, 1), in_force=date(2024, 3, 1)
        )
        case = desk.move(desk.b1, desk.move(desk.b1, case, "set", parameter=PAY, value="80%"), "check")
        (met,) = case.data["met"]["zh"]
        assert (met["document"], met["value"]) == (NINE, "0.9")
        assert "云医保〔2024〕9号" in browser(desk.b2).get(f"/cases/{case.pk}").content.decode()

    def test_days_that_cannot_be_are_refused(self, desk: Desk) -> None:
        from drgpay.errors import DrgpayError
        from drgpay_web import flow
        from drgpay_web.policy import actions
        from drgpay_web.ui.errors import PageError

        with pytest.raises(PageError):
            actions.draft(desk.b1, of="demo", document="x", issued=date(2024, 3, 2), in_force=date(2024, 3, 1))
        with pytest.raises(DrgpayError):
            actions.draft(desk.b1, of="demo", document="x", issued=date(2001, 1, 1), in_force=date(2001, 1, 1))
        with pytest.raises(flow.Guarded):
            desk.move(desk.b2, tried(desk), "adopt", **(ADOPT | {"in_force": "2024-03-01"}))

    def test_returned_it_is_checked_again(self, desk: Desk) -> None:
        case = desk.move(desk.b2, tried(desk), "return", why="依据不足")
        assert (case.state, "changed" in case.data) == ("draft", False)
        assert desk.move(desk.b1, case, "drop", why="不再需要").state == "dropped"


def test_a_draft_is_tried_on_a_settled_year(desk: Desk, tmp_path: Path) -> None:
    from drgpay import runs
    from drgpay_web import jobs, store

    pin = store.pin(desk.b1, desk.area, "demo", "")
    folder = store.new_result_folder(desk.area, "run", "y2024")
    runs.run(runs.Order(store.compose(pin), "demo", 2024), folder, runs.LocalEngine(1))
    year = store.add_result(desk.b1, area=desk.area, kind="run", name="y2024", pin=pin)
    case = desk.move(desk.b1, drafted(desk, **{"points.qy_discount": "50%"}), "check")
    case = desk.move(desk.b1, case, "try", result=str(year.pk))
    assert case.state == "trying"
    job = desk.do(jobs.Job.objects.get(pk=case.data["whatif"]))
    assert job.state == "done", job.error
    case.refresh_from_db()
    assert case.state == "tried"
    (change,) = job.result["changes"]
    assert (change["old"], change["new"]) == ("0.6", "0.5")
    page = browser(desk.b2)
    assert f"/policy/what-if/{job.pk}" in page.get(f"/cases/{case.pk}").content.decode()
    assert page.get(f"/policy/what-if/{job.pk}").status_code == 200


def test_a_year_that_cannot_be_tried_leaves_the_draft_checked(desk: Desk) -> None:
    from drgpay_web import jobs, store

    store.Result.objects.create(area=desk.area, kind="run", name="gone", digest="0", period="2023", state="made",
                                made_at="2024-01-01T00:00:00Z")  # fmt: skip
    case = desk.move(desk.b1, drafted(desk), "check")
    case = desk.move(desk.b1, case, "try", result=str(store.Result.objects.get(name="gone").pk))
    assert desk.do(jobs.Job.objects.get(pk=case.data["whatif"])).state == "failed"
    case.refresh_from_db()
    assert (case.state, "whatif" in case.data) == ("checked", False)


def test_a_scheme_goes_the_same_way(desk: Desk) -> None:
    from drgpay import runs
    from drgpay_web import flow, store
    from drgpay_web.policy import actions

    case = actions.draft(
        desk.b1, of="demo", document="启用2.0版", issued=date(2024, 3, 20), in_force=date(2025, 1, 1)
    )
    plan = {"document": "启用2.0版", "issued": "2024-03-20", "in_force": "2025-01-01", "scheme": "chs-drg-2.0"}
    case = desk.move(desk.b1, case, "plan", **plan)
    with pytest.raises(flow.Guarded) as found:  # a list of groups of the old scheme
        desk.move(desk.b1, case, "check")
    assert "不在分组方案 chs-drg-2.0 中" in found.value.said("zh")
    groups = "coefficient.basic_groups"
    lists = {one.name: one.value for one in runs.parameters_seen("national", date(2025, 1, 1), None, "zh")}
    case = desk.move(desk.b1, case, "set", parameter=groups, value=lists[groups])
    case = desk.move(desk.b1, desk.move(desk.b1, case, "check"), "skip", why="无年度结果")
    page = browser(desk.b2)
    assert "/policy/schemes?old=chs-drg-1.1&amp;new=chs-drg-2.0" in page.get(f"/cases/{case.pk}").content.decode()
    assert "处差别" in page.get("/policy/schemes?old=chs-drg-1.1&new=chs-drg-2.0").content.decode()
    assert page.get("/policy/schemes?old=nothing").status_code == 404
    case = desk.move(desk.b2, case, "adopt", document="启用2.0版", issued="2024-03-20", in_force="2025-01-01")
    assert {one.scheme for one in store.practices(desk.area) if one.of == "demo"} == {"chs-drg-2.0"}
    assert page.get(f"/cases/{case.pk}/papers/notice/xlsx").status_code == 200


def test_a_draft_is_written_in_the_browser(desk: Desk) -> None:
    page = browser(desk.b1)
    assert page.get("/policy/drafts/new").status_code == 200
    sent = {"of": "demo", "document": "云医保〔2024〕9号", "issued": "2024-03-20", "in_force": "2024-04-01"}
    assert page.post("/policy/drafts/new", sent | {"in_force": ""}).status_code == 422
    answer = page.post("/policy/drafts/new", sent)
    pk = int(answer["Location"].rsplit("/", 1)[1])
    shown = page.get(f"/policy/drafts/{pk}/value?p={PAY}").content.decode()
    assert "0.95" in shown
    wrong = page.post(f"/policy/drafts/{pk}/value", {"p": PAY, "value": "很多", "version": "1"})
    assert wrong.status_code == 422
    assert "很多" in wrong.content.decode()
    done = page.post(f"/policy/drafts/{pk}/value", {"p": PAY, "value": "90%", "clause": "第三条", "version": "1"})
    assert done.status_code == 302
    shown = page.get(f"/cases/{pk}").content.decode()
    assert all(part in shown for part in ("0.95", "0.9", "第三条"))
    assert f"</span> {PAY}" not in shown, "the timeline says it in words"
    assert browser(desk.h1[0]).get(f"/cases/{pk}").status_code in (403, 404)


class TestSchemes:
    OVERLAY = """id: yun-drg-1
title: 云州市分组方案
base: chs-drg-1.1
document: 云医保〔2024〕1号
changes:
  - {drop: BR1}
"""

    def test_a_scheme_that_is_brought_goes_the_way_of_a_policy(self, desk: Desk) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        from drgpay_web import jobs, store

        case = begun(desk, "demo", NINE, date(2024, 3, 20), date(2025, 1, 1))
        page = browser(desk.b1)
        address = f"/policy/drafts/{case.pk}/scheme"
        assert "上传分组方案" in text(page.get(f"/cases/{case.pk}"))
        assert browser(desk.b2).get(address).status_code == 403
        assert page.post(address, {}).status_code == 422
        for name, said in (("a.pdf", {}), ("a.xlsx", {"scheme_id": "", "title": ""})):
            wrong = {"file": SimpleUploadedFile(name, b"PK\x03\x04"), **said}
            assert page.post(address, wrong).status_code == 422
        bad = self.OVERLAY.replace("BR1", "XX9").encode()
        assert page.post(address, {"file": SimpleUploadedFile("draft.yaml", bad)}).status_code == 302
        assert desk.do(jobs.Job.objects.get(kind="policy.scheme")).state == "failed"
        assert "XX9" in text(page.get(f"/cases/{case.pk}"))
        assert desk.move(desk.b1, case, "set", parameter=PAY, value="90%", clause="第三条").data["scheme"] == ""
        good = {"file": SimpleUploadedFile("draft.yaml", self.OVERLAY.encode())}
        assert page.post(address, good).status_code == 302
        job = desk.do(jobs.Job.objects.filter(kind="policy.scheme").latest("pk"))
        assert job.state == "done", job.error
        case.refresh_from_db()
        assert (case.data["scheme"], job.result["base"]) == ("yun-drg-1", "chs-drg-1.1")
        assert "云州市分组方案" in text(page.get(f"/cases/{case.pk}"))
        case = desk.move(desk.b1, desk.move(desk.b1, case, "check"), "skip", why="按年度启用")
        case = desk.move(desk.b2, case, "adopt", document=NINE, issued="2024-03-20", in_force="2025-01-01")
        source = store.practice_source(desk.area, case.data["version"])
        assert "scheme: yun-drg-1" in Path(source).read_text(encoding="utf-8")
        assert (store.own_schemes() / "yun-drg-1" / "scheme.toml").is_file()
