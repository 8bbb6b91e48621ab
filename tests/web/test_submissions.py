"""A hospital's file from upload to the record: checked, mended, handed in, accepted, corrected (13 §2.1)."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from support.office_people import actor, browser

MONTH = "2024-03"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small region whose year has no stays of its settlement year yet."""
    from drgpay import samples

    out = tmp_path_factory.mktemp("submissions") / "region"
    samples.make_region(out, stays=300, institutions=2)
    return out


@pytest.fixture
def place(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    from drgpay_web import clock, store
    from drgpay_web.people import Unit

    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
    area = store.import_region(region)
    top = Unit.objects.get(kind="area", area=area)
    first, second = Unit.objects.filter(kind="institution", area=area).order_by("code")
    people = {
        "h1": actor("H1", first),
        "h2": actor("H2", first),
        "other": actor("H1", second),
        "b1": actor("B1", top),
    }
    return people | {"area": area, "first": first, "second": second}


def stays(house: str, ids: tuple[str, ...] = ("A1", "A2"), month: str = MONTH, **changed: str) -> str:
    head = {
        "病例号": "", "定点医疗机构编号": house, "险种": "职工", "性别": "男", "年龄": "62", "实际住院天数": "7",
        "入院时间": f"{month}-02", "出院时间": f"{month}-09", "诊断编码": "I10.x00x002", "总费用": "6843.27",
        "个人负担总额": "1368.65", "按项目记账的基金应付": "5474.62",
    }  # fmt: skip
    rows = [head | {"病例号": one} | changed for one in ids]
    return "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]) + "\n"


def upload(page: Any, content: bytes | str, name: str = "三月.csv", period: str = MONTH) -> Any:
    data = content.encode("gb18030") if isinstance(content, str) else content
    return page.post("/submissions/upload", {"file": SimpleUploadedFile(name, data), "period": period})


def work() -> None:
    """What the worker would do: every job that waits."""
    from drgpay_web.jobs import child
    from drgpay_web.jobs.models import Job

    while job := Job.objects.filter(state="queued").order_by("pk").first():
        Job.objects.filter(pk=job.pk).update(state="running")
        child.work(job.pk)


def case_of(answer: Any) -> Any:
    from drgpay_web.flow.models import Case

    assert answer.status_code == 302, answer.content.decode()
    return Case.objects.get(pk=int(answer["Location"].split("/")[2].partition("?")[0]))


def checked(page: Any, content: bytes | str, **more: Any) -> Any:
    case = case_of(upload(page, content, **more))
    work()
    case.refresh_from_db()
    return case


def move(page: Any, case: Any, name: str, **fields: str) -> Any:
    case.refresh_from_db()
    sent = {"move": name, "version": case.version, **{f"f_{key}": value for key, value in fields.items()}}
    answer = page.post(f"/cases/{case.pk}/move", sent)
    work()
    case.refresh_from_db()
    return answer


def text(answer: Any) -> str:
    return str(answer.content.decode())


class TestTheWay:
    def test_a_bad_file_is_mended_handed_in_returned_and_at_last_in_the_record(self, place: Any) -> None:
        from drgpay_web import store, trail

        house, bureau = browser(place["h1"]), browser(place["b1"])
        bad = checked(house, stays(place["first"].code, 总费用="-1"))
        assert (bad.state, bad.data["found"]["blocks"]) == ("checked", True)
        shown = text(house.get(f"/cases/{bad.pk}"))
        assert "没有一行可用" in shown
        assert "总费用" in text(house.get(f"/submissions/{bad.pk}/findings"))
        assert move(house, bad, "hand_in").status_code == 422

        good = checked(house, stays(place["first"].code))
        bad.refresh_from_db()
        assert (bad.state, good.state) == ("superseded", "checked")
        assert move(house, bad, "check").status_code == 422
        assert move(house, good, "hand_in").status_code == 302
        assert move(house, good, "recall").status_code == 302
        move(house, good, "hand_in")
        assert move(bureau, good, "return").status_code == 422
        assert move(bureau, good, "return", why="缺少出院小结").status_code == 302
        assert good.state == "returned"
        assert "缺少出院小结" in text(house.get(f"/cases/{good.pk}"))
        move(house, good, "check")
        move(house, good, "hand_in")
        assert move(bureau, good, "accept").status_code == 302
        assert good.state == "in_region"
        assert good.data["batch"] == {
            "batch": 1, "rows": 2, "added": 2, "changed": 0, "same": 0, "withdrawn": 0, "rejected": 0,
        }  # fmt: skip
        assert (store.record(place["area"]) / "batches" / "000001" / "stays.parquet").is_file()

        later = checked(house, stays(place["first"].code, ("A1", "A2", "A3"), 总费用="9000.00"))
        move(house, later, "hand_in")
        move(bureau, later, "accept")
        good.refresh_from_db()
        assert (good.state, later.state) == ("superseded", "in_region")
        assert (later.data["batch"]["added"], later.data["batch"]["changed"]) == (1, 2)
        assert trail.check() is None

    def test_a_sealed_month_takes_a_correction_with_a_reason_only(self, place: Any, monkeypatch: Any) -> None:
        from drgpay_web import store

        monkeypatch.setattr(store, "sealed_months", lambda area: lambda year, month: (year, month) == (2024, 3))
        house = browser(place["h1"])
        case = checked(house, stays(place["first"].code))
        assert "已封账" in text(move(house, case, "hand_in"))
        assert move(house, case, "hand_in", reason="漏报一例").status_code == 302
        assert case.data["correction"] is True
        move(browser(place["b1"]), case, "accept")
        register = (store.record(place["area"]) / "batches.csv").read_text(encoding="utf-8")
        assert (case.state, "漏报一例" in register) == ("in_region", True)

    def test_from_a_score_on_it_is_accepted_by_itself(self, place: Any, monkeypatch: Any) -> None:
        from drgpay_web.submissions import guards

        house = browser(place["h1"])
        monkeypatch.setattr(guards, "rules_of", lambda area, month: (30, 10_000))
        case = checked(house, stays(place["first"].code, ("B1",), 性别=""))
        move(house, case, "hand_in")
        assert case.state == "handed_in"
        monkeypatch.setattr(guards, "rules_of", lambda area, month: (30, 5_000))
        move(house, case, "recall")
        move(house, case, "hand_in")
        assert case.state == "in_region"

    def test_an_entry_that_was_interrupted_after_the_batch_was_written_makes_no_second(self, place: Any) -> None:
        from drgpay_web import store
        from drgpay_web.flow.models import Case
        from drgpay_web.jobs.models import Job

        house, bureau = browser(place["h1"]), browser(place["b1"])
        case = checked(house, stays(place["first"].code))
        move(house, case, "hand_in")
        move(bureau, case, "accept")
        told = case.data["batch"]
        Case.objects.filter(pk=case.pk).update(state="accepted")  # as if the child had died before it said so
        Job.objects.filter(pk=case.data["entering"]).update(state="failed", error={"zh": "中断"})
        assert "重新入库" in text(bureau.get(f"/cases/{case.pk}"))
        move(bureau, case, "enter_again")
        assert (case.state, case.data["batch"]) == ("in_region", told)
        assert [p.name for p in (store.record(place["area"]) / "batches").iterdir()] == ["000001"]

    def test_what_the_record_refuses_goes_back_with_the_reason(self, place: Any) -> None:
        from drgpay_web.flow.models import Case

        house, bureau = browser(place["h1"]), browser(place["b1"])
        first = checked(house, stays(place["first"].code))
        move(house, first, "hand_in")
        later = checked(house, stays(place["first"].code, ("A5",)))
        move(house, later, "hand_in")
        first.refresh_from_db()
        assert first.state == "superseded"  # of two that wait the later counts
        data = later.data | {"sha256": "", "columns": {}}
        Case.objects.filter(pk=later.pk).update(data=data, period="1990-01")
        move(bureau, later, "accept")
        assert later.state == "returned"
        assert later.data["refused"]["zh"] in text(house.get(f"/cases/{later.pk}"))


class TestFiles:
    def test_headers_are_explained_once_and_remembered(self, place: Any) -> None:
        house = browser(place["h1"])
        strange = stays(place["first"].code).replace("总费用", "合计花销")
        case = checked(house, strange)
        assert case.state == "unreadable"
        assert "总费用" in text(house.get(f"/cases/{case.pk}"))
        page = text(house.get(f"/submissions/{case.pk}/fields"))
        at = [head for head, *_ in case.data["found"]["heads"]].index("合计花销")
        assert f'name="h_{at}"' in page
        sent = {f"h_{n}": field for n, (_, field, *_) in enumerate(case.data["found"]["heads"])}
        sent |= {"version": case.version, f"h_{at}": "total_cost"}
        assert house.post(f"/submissions/{case.pk}/fields", sent | {f"h_{at}": "personal_paid"}).status_code == 422
        assert house.post(f"/submissions/{case.pk}/fields", sent).status_code == 302
        work()
        case.refresh_from_db()
        assert (case.state, case.data["found"]["kept"]) == ("checked", 2)
        plain = checked(house, stays(place["first"].code, ("A7",)))
        assert plain.state == "checked"  # what was said of a header counts where a file has it
        again = checked(house, strange.replace("A1", "A9"))
        assert again.state == "checked"
        move(house, again, "hand_in")
        move(browser(place["b1"]), again, "accept")
        assert again.data["batch"]["added"] == 2

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("清单.pdf", b"%PDF-1.7 x", "不接收"),
            ("空.csv", b"", "空"),
            ("假.xlsx", b"just text", "文件内容不是"),
            ("假.csv", b"PK\x03\x04 zipped", "文件内容不是"),
        ],
    )
    def test_what_is_no_file_of_stays_is_refused_at_the_door(
        self, place: Any, name: str, content: bytes, said: str
    ) -> None:
        from drgpay_web.flow.models import Case

        answer = upload(browser(place["h1"]), content, name)
        assert answer.status_code == 422
        assert said in text(answer)
        assert not Case.objects.filter(machine="submission").exists()

    def test_a_file_that_is_too_large_is_refused_and_nothing_of_it_is_kept(
        self, place: Any, monkeypatch: Any, office: Any
    ) -> None:
        from drgpay_web.store import actions

        monkeypatch.setattr(actions, "UPLOAD_LIMIT", 1_000_000)
        answer = upload(browser(place["h1"]), b"a" * 2_500_000)
        assert answer.status_code == 422
        assert "超过 1 MB" in text(answer)
        assert list((office.home / "inbox").iterdir()) == []

    def test_a_zip_bomb_and_a_zip_of_nothing_are_unreadable(self, place: Any) -> None:
        house = browser(place["h1"])
        for number, (inside, size) in enumerate((("stays.csv", 250 << 20), ("readme.md", 10))):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out, out.open(inside, "w") as file:
                for _ in range(max(size >> 20, 1)):
                    file.write(bytes(min(size, 1 << 20)))
            case = checked(house, packed.getvalue(), name=f"包{number}.zip")
            assert case.state == "unreadable", inside
            assert "压缩文件" in text(house.get(f"/cases/{case.pk}"))

    def test_another_hospitals_rows_are_kept_out_each_with_its_line(self, place: Any) -> None:
        house = browser(place["h1"])
        case = checked(house, stays(place["second"].code))
        assert (case.data["found"]["kept"], case.data["found"]["blocks"]) == (0, True)
        lines = text(house.get(f"/submissions/{case.pk}/findings?level=error"))
        assert lines.count("A1") >= 1
        assert move(house, case, "hand_in").status_code == 422

    def test_the_same_file_twice_leads_to_the_submission_that_is_there(self, place: Any) -> None:
        from drgpay_web.flow.models import Case

        house = browser(place["h1"])
        first = case_of(upload(house, stays(place["first"].code)))
        again = upload(house, stays(place["first"].code), "换个名字.csv")
        assert case_of(again) == first
        assert "已经收到过" in text(house.get(again["Location"]))
        assert Case.objects.filter(machine="submission").count() == 1

    def test_a_browser_closed_in_the_middle_leaves_nothing(self, place: Any, office: Any) -> None:
        from drgpay_web.flow.models import Case

        half = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + b"half of a file"
        answer = browser(place["h1"]).post(
            "/submissions/upload", half, content_type="multipart/form-data; boundary=x"
        )
        assert answer.status_code in (400, 422)
        assert list((office.home / "inbox").iterdir()) == []
        assert not Case.objects.filter(machine="submission").exists()

    def test_the_example_that_is_given_out_passes_the_checks(self, place: Any) -> None:
        house = browser(place["h1"])
        given = b"".join(house.get(f"/submissions/form?period={MONTH}&filled=1").streaming_content)
        case = checked(house, given, name="示例.xlsx")
        assert (case.data["found"]["kept"], case.data["found"]["rejected"]) == (3, 0)
        assert case.data["found"]["score"] == 10_000
        empty = b"".join(house.get(f"/submissions/form?period={MONTH}").streaming_content)
        assert checked(house, empty, name="模板.xlsx").data["found"]["blocks"]


class TestForms:
    def test_a_double_click_hands_in_once_and_a_stale_form_says_what_changed(self, place: Any) -> None:
        house, records = browser(place["h1"]), browser(place["h2"])
        case = checked(house, stays(place["first"].code))
        sent = {"move": "hand_in", "version": case.version}
        assert [house.post(f"/cases/{case.pk}/move", sent).status_code for _ in range(2)] == [302, 302]
        assert case.steps.filter(move="hand_in").count() == 1
        stale = records.post(f"/cases/{case.pk}/move", sent)
        assert stale.status_code == 409
        assert "递交医保局" in text(stale)

    def test_a_form_of_an_expired_session_is_answered_401(self, place: Any) -> None:
        house = browser(place["h1"])
        house.logout()
        answer = upload(house, stays(place["first"].code))
        assert answer.status_code == 401

    def test_fields_drawn_before_another_check_are_stale(self, place: Any) -> None:
        house = browser(place["h1"])
        case = checked(house, stays(place["first"].code))
        sent = {"version": case.version}
        move(house, case, "check")
        assert house.post(f"/submissions/{case.pk}/fields", sent).status_code == 409

    def test_a_check_that_was_lost_can_be_made_again(self, place: Any) -> None:
        from drgpay_web.jobs.ends import end

        house = browser(place["h1"])
        case = case_of(upload(house, stays(place["first"].code)))
        end(case.data["checking"], "failed", error={"zh": "中断", "en": "lost"})
        case.refresh_from_db()
        assert case.state == "received"
        move(house, case, "check")
        assert case.state == "checked"


class TestWho:
    def test_another_hospital_sees_nothing_of_it(self, place: Any) -> None:
        case = checked(browser(place["h1"]), stays(place["first"].code))
        other = browser(place["other"])
        for path in (f"/cases/{case.pk}", *(f"/submissions/{case.pk}/{p}" for p in ("findings", "fields"))):
            assert other.get(path).status_code == 404, path
        assert other.get(f"/submissions/quality?case={case.pk}").status_code == 404
        assert case.number not in text(other.get("/submissions"))
        assert "A1" not in text(other.get("/submissions/quality"))

    def test_several_are_accepted_at_once_each_with_its_result(self, place: Any) -> None:
        cases = []
        for who, house in (("h1", "first"), ("other", "second")):
            page = browser(place[who])
            cases.append(checked(page, stays(place[house].code)))
            move(page, cases[-1], "hand_in")
        bureau = browser(place["b1"])
        shown = text(bureau.get("/submissions"))
        assert all(f'value="{case.pk}:{case.version}"' in shown for case in cases)
        move(browser(place["other"]), cases[1], "recall")
        stale = [f"{cases[0].pk}:{cases[0].version}", f"{cases[1].pk}:{cases[1].version - 1}"]
        answer = text(bureau.post("/submissions/accept", {"case": stale}))
        work()
        for case in cases:
            case.refresh_from_db()
        assert [case.state for case in cases] == ["in_region", "checked"]
        assert "未接收" in answer

    def test_the_calendar_says_what_is_due_and_the_quality_page_names_departments(self, place: Any) -> None:
        house = browser(place["h1"])
        checked(house, stays(place["first"].code))
        shown = text(house.get("/submissions"))
        assert "2024-03 应于 2024-05" in shown
        assert place["b1"].person.name in shown
        assert "全部" in text(house.get("/submissions/quality"))
        assert "2023-12" in text(house.get("/submissions?year=2023"))
