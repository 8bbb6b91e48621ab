"""The generic register pages: list, form, history, template, import, and who sees what (14 §3)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from support.office_people import actor, browser, units


@pytest.fixture
def place(office: Any) -> dict[str, Any]:
    from drgpay.tables import GRADE_REGISTER, INSTITUTIONS
    from drgpay_web import store

    found = units()
    people = {"h1": actor("H1", found["H1"]), "h2": actor("H1", found["H2"]), "h5": actor("H5", found["H1"]),
              "b1": actor("B1", found["area"]), "b2": actor("B2", found["area"])}  # fmt: skip
    houses = [{"institution_id": h.code, "name": h.name, "level": "三级"} for h in (found["H1"], found["H2"])]
    store.put_rows(people["b1"], area="A1", table=INSTITUTIONS, rows=houses, origin="form")
    grades = [{"year": 2023, "institution_id": h["institution_id"], "grade": g}
              for h, g in zip(houses, ("优秀", "合格"), strict=True)]  # fmt: skip
    store.put_rows(people["b1"], area="A1", table=GRADE_REGISTER, rows=grades, origin="form")
    return found | people


def text(answer: Any) -> str:
    return str(answer.content.decode())


def typed(**values: Any) -> dict[str, Any]:
    return {f"c_{name}": value for name, value in values.items()}


def key(*values: Any) -> str:
    return quote(json.dumps(list(values), ensure_ascii=False, separators=(",", ":")))


class TestRows:
    def test_a_row_is_added_changed_and_taken_out_and_all_is_kept(self, place: Any) -> None:
        page = browser(place["b1"])
        new = typed(year="2022", institution_id="H001", grade="good")
        assert page.post("/registers/grades/row", new).status_code == 302
        its = key(2022, "H001")
        assert 'value="2022" type="text" inputmode="decimal" readonly' in text(
            page.get(f"/registers/grades/row?key={its}")
        )
        changed = typed(year="2022", institution_id="H001", grade="fail") | {"reason": "复核后更正"}
        assert page.post(f"/registers/grades/row?key={its}", changed).status_code == 302
        out = {"key": json.dumps([2022, "H001"], separators=(",", ":")), "reason": "误登"}
        assert "不合格" in text(page.get("/registers/grades"))
        assert page.post("/registers/grades/out", out).status_code == 302
        assert "不合格" not in text(page.get("/registers/grades"))
        shown = text(page.get(f"/registers/grades/history?key={its}"))
        assert all(part in shown for part in ("良好", "不合格", "复核后更正", "误登", "已撤下", "已被替代"))

    def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(self, place: Any) -> None:
        wrong = typed(year="2022", institution_id="H009", grade="")
        answer = browser(place["b1"]).post("/registers/grades/row", wrong)
        assert answer.status_code == 422
        assert 'value="H009"' in text(answer)
        assert text(answer).count('class="errorlist"') == 2
        assert "institution_id" not in text(answer).replace("c_institution_id", "")

    def test_rows_are_found_by_what_stands_in_them(self, place: Any) -> None:
        page = browser(place["b1"])
        assert "H002" not in text(page.get("/registers/grades?q=优秀"))
        assert "没有找到" in text(page.get("/registers/grades?q=无此内容"))
        assert page.get("/registers/nothing").status_code == 404
        assert page.get(f"/registers/grades/row?key={key(1999, 'H001')}").status_code == 404

    def test_every_register_opens_from_the_list(self, place: Any) -> None:
        """Also those that have a column called name."""
        page = browser(place["b1"])
        links = re.findall(r'href="(/registers/[^"]+)"', text(page.get("/registers")))
        assert "/registers/institutions" in links
        assert [link for link in links if page.get(link).status_code != 200] == []
        assert re.findall(r'href="(/registers/institutions/row)"', text(page.get("/registers/institutions")))


class TestWho:
    def test_a_hospital_sees_its_own_rows_and_writes_none_of_the_areas(self, place: Any) -> None:
        page = browser(place["h1"])
        shown = text(page.get("/registers/grades"))
        assert "H001" in shown
        assert "H002" not in shown
        assert (
            page.post("/registers/grades/row", typed(year="2022", institution_id="H001", grade="good")).status_code
            == 403
        )
        assert page.post("/registers/grades/out", {"key": '[2023,"H001"]', "reason": "x"}).status_code == 403
        assert page.get(f"/registers/grades/history?key={key(2023, 'H002')}").status_code == 404
        assert page.get("/registers/budgets").status_code == 404

    def test_the_approver_reads_and_does_not_write(self, place: Any) -> None:
        page = browser(place["b2"])
        assert "新增一行" not in text(page.get("/registers/grades"))
        assert page.get("/registers/grades/row").status_code == 403

    def test_each_hospital_has_its_own_inside_registers(self, place: Any) -> None:
        from drgpay_web.registers.rules import registers_of

        own = {seen.table.name for seen in registers_of(place["h5"]) if seen.owner}
        assert "hospital_departments" in own
        assert not own & {seen.table.name for seen in registers_of(place["b1"])}
        assert {seen.owner for seen in registers_of(place["h2"]) if seen.owner} == {"H002"}


class TestFiles:
    def test_a_template_filled_is_read_by_a_job_all_or_none(self, place: Any, tmp_path: Path) -> None:
        from drgpay_web import jobs
        from drgpay_web.jobs import child
        from drgpay_web.jobs.models import Job

        page = browser(place["b1"])
        answer = page.get("/registers/grades/template")
        assert b"".join(answer.streaming_content)[:2] == b"PK"
        assert answer["Content-Disposition"].startswith("attachment")

        header = "年度,定点医疗机构编号,等级\n"
        bad = SimpleUploadedFile(
            "考核.csv", (header + "2021,H001,良好\n2021,H002,好\n2021,H009,合格\n").encode("gb18030")
        )
        good = SimpleUploadedFile("考核.csv", (header + "2021,H001,良好\n2021,H002,合格\n").encode("gb18030"))
        results = []
        for file in (bad, good):
            sent = page.post("/registers/grades/import", {"file": file, "reason": "年度考核"})
            job = jobs.jobs_of(place["b1"]).first()
            Job.objects.filter(pk=job.pk).update(state="running")
            child.work(job.pk)
            job.refresh_from_db()
            results.append(job.result)
            shown = text(page.get(sent["Location"]))
            assert job.state == "done", job.error
            if file is bad:
                assert "有 2 处不对" in shown
                assert "2021" not in text(page.get("/registers/grades"))
        assert (results[0]["wrong"], results[1]["added"]) == (2, 2)
        assert [f["row"] for f in results[0]["findings"]] == [3, 4]
        assert "新增 2" in shown
