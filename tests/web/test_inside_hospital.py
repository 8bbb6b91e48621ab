"""A hospital's own pages: stays in house, coding and its suggestions, departments and doctors, registers and plan."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from support.office_people import actor, browser
from support.screens import table_on

DAY = date(2025, 4, 7)
HEAD = "病例号,出院科别,主诊医师代码,险种,性别,年龄,入院时间,诊断编码,已发生费用,个人负担总额"


def text(answer: Any) -> str:
    return str(answer.content.decode())


class House:
    """The two hospitals of the settled office with a person in every role. ``ward`` and ``doctor``: of the first."""

    def __init__(self, settled: Any) -> None:
        from drgpay_web import store
        from drgpay_web.people import Unit

        office = settled.office
        for name in ("house_a", "house_b"):
            getattr(office, name).refresh_from_db()
        self.unit, self.other, self.settled = office.house_a, office.house_b, settled
        self.people = {role: actor(role, self.unit) for role in ("H1", "H2", "H5", "H6")}
        self.stay = settled.stays[settled.a][0]
        self.ward = self.unit.children.get(code=self.stay["department_id"])
        self.doctor = Unit.objects.get(kind="doctor", parent__parent=self.unit)
        self.empty = self.unit.children.get(code="A04")
        self.people |= {"H3": actor("H3", self.ward), "H4": actor("H4", self.doctor)}
        self.others = {"H1": actor("H1", self.other), "H3": actor("H3", self.empty)}
        bureau = actor("B1", Unit.objects.get(kind="area"))
        from drgpay.tables import DEPARTMENTS, DOCTORS, INSTITUTIONS

        house = {"institution_id": self.unit.code}
        rows = [
            {"institution_id": one.code, "name": one.name, "level": "tertiary"} for one in (self.unit, self.other)
        ]
        wards = [{**house, "department_id": one.code, "name": one.name} for one in (self.ward, self.empty)]
        doctors = [{**house, "doctor_id": self.doctor.code, "department_id": self.ward.code, "name": "罗医生"}]
        for table, its in ((INSTITUTIONS, rows), (DEPARTMENTS, wards), (DOCTORS, doctors)):
            store.put_rows(bureau, area=settled.ran.area, table=table, rows=its, origin="form")
        self.bureau = bureau

    def page(self, role: str) -> Any:
        return browser(self.people[role])

    def lines(self) -> str:
        """Four stays in house: two of the doctor, one of the other department, one that went home."""
        own, empty, doctor = self.ward.code, self.empty.code, self.doctor.code
        return "\n".join((
            f"{HEAD},出院时间",
            f"Z1,{own},{doctor},职工,男,63,2025-04-01,I63.900|I10.x00x002,8000.00,1000.00,",
            f"Z2,{own},{doctor},居民,女,70,2025-03-20,I10.x00x002,1200.50,100.00,",
            f"Z3,{empty},,职工,男,40,2025-04-05,K35.800,5000.00,500.00,",
            f"Z4,{own},{doctor},职工,男,50,2025-03-01,I10.x00x002,3000.00,300.00,2025-03-09",
        ))  # fmt: skip

    def upload(self, content: str = "", name: str = "在院.csv") -> Any:
        from drgpay_web import flow, jobs

        file = SimpleUploadedFile(name, (content or self.lines()).encode("gb18030"))
        answer = self.page("H2").post("/in-house/upload", {"file": file})
        assert answer.status_code == 302, text(answer)
        case = flow.Case.objects.get(pk=int(answer["Location"].split("/")[2]))
        jobs.do_here(jobs.Job.objects.get(pk=case.data["job"]))
        case.refresh_from_db()
        return case


@pytest.fixture
def house(settled: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    from drgpay_web import clock

    monkeypatch.setattr(clock, "today", lambda: DAY)
    return House(settled)


class TestStaysInHouse:
    def test_each_sees_his_own_with_the_last_points_and_nothing_enters_the_record(self, house: House) -> None:
        from drgpay import runs
        from drgpay_web import store
        from drgpay_web.hospital import in_house

        place = store.record(house.unit.area)
        records = sorted(place.rglob("*"))
        case = house.upload()
        assert case.state == "ready", case.data
        assert (case.data["n"], case.data["discharged"], case.data["rejected"]) == (3, 1, 0)
        assert sorted(place.rglob("*")) == records, "nothing of it enters the record"
        assert not store.Received.objects.exists()

        shown = text(house.page("H1").get("/in-house"))
        assert "不作为限制诊疗的依据" in shown
        assert all(one in shown for one in ("Z1", "Z2", "Z3"))
        assert "Z4" not in shown
        latest = house.settled.year
        assert case.data["period"] == latest.period
        rules = runs.published_of(store.folder(latest), house.unit.code)
        page = runs.browse(in_house.place_of(case), runs.View("house_stays", scope=runs.Scope.everything()))
        row = next(one for one in page.rows if one["stay_id"] == "Z2")
        stay = {"stay_id": "Z2", "insurance_scheme": "resident", "total_cost": "1200.50", "personal_paid": "100.00"}
        told = runs.estimate_given([stay], runs.Grouper(*scheme_of(store.folder(latest))).group(
            [{"dx": ["I10.x00x002"], "sex": "female", "age": 70}]), rules)[0]  # fmt: skip
        assert (row["points"], row["expected_payment"]) == (told["points"], told["expected_payment"])
        assert row["days"] == 18, "from the admission to the office's day"
        assert row["days_left"] is None or row["days_left"] == row["mean_days"] - 180_000

        for role, seen, hidden in (("H3", ("Z1", "Z2"), ("Z3",)), ("H4", ("Z1", "Z2"), ("Z3",))):
            page = main_of(text(house.page(role).get("/in-house")))
            assert all(one in page for one in seen), role
            assert not any(one in page for one in hidden), role
        for who in house.others.values():
            assert "Z1" not in main_of(text(browser(who).get("/in-house")))
        for role in ("H5", "H6"):
            assert house.page(role).get("/in-house").status_code == 403
        assert house.page("H3").get("/in-house/upload").status_code == 403
        assert browser(house.bureau).get("/in-house").status_code == 403

    def test_screen_and_workbook_are_the_same_selection(self, house: House) -> None:
        house.upload()
        page = house.page("H1")
        screen = table_on(page.get("/in-house?stay_id.has=Z2"))
        assert [row[0][0] for row in screen.rows] == ["Z2"]
        answer = page.get("/in-house/excel?stay_id.has=Z2")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
        assert rows[0] == [head for head, _ in screen.heads]
        assert [row[0] for row in rows[1:] if row[0]] == ["Z2", "合计"]
        assert "不作为限制诊疗的依据" in sheet["A2"].value
        form = openpyxl.load_workbook(io.BytesIO(page.get("/in-house/form?filled=1").content))["病例"]
        assert "已发生费用" in [cell.value for cell in form[1]]

    def test_the_filled_form_is_read_as_it_is(self, house: House) -> None:
        from drgpay_web import flow, jobs

        content = house.page("H2").get("/in-house/form?filled=1").content
        answer = house.page("H2").post("/in-house/upload", {"file": SimpleUploadedFile("样例.xlsx", content)})
        case = flow.Case.objects.get(pk=int(answer["Location"].split("/")[2]))
        jobs.do_here(jobs.Job.objects.get(pk=case.data["job"]))
        case.refresh_from_db()
        assert (case.state, case.data["n"]) == ("ready", 3), case.data

    def test_the_next_file_takes_its_place_and_the_days_end_it(self, house: House, monkeypatch: Any) -> None:
        from drgpay_web import clock, flow, inbox
        from drgpay_web.hospital import in_house

        first = house.upload()
        place, kept = in_house.place_of(first), set(inbox.folder_of_inbox().iterdir())
        assert place.is_dir()
        second = house.upload(house.lines().replace("Z1", "Y1"))
        first.refresh_from_db()
        assert (first.state, second.state) == ("replaced", "ready")
        assert not place.exists(), "what is replaced is not kept"
        assert set(inbox.folder_of_inbox().iterdir()) == kept, "nor is a file once it was read"
        assert "Y1" in text(house.page("H1").get("/in-house"))
        assert second.deadline == DAY + timedelta(30)
        monkeypatch.setattr(clock, "today", lambda: DAY + timedelta(30))
        flow.sweep()
        second.refresh_from_db()
        assert second.state == "ready"
        monkeypatch.setattr(clock, "today", lambda: DAY + timedelta(31))
        flow.sweep()
        second.refresh_from_db()
        assert second.state == "deleted"
        assert not in_house.place_of(second).exists()
        assert "还没有在院病例" in text(house.page("H1").get("/in-house"))

    def test_what_cannot_be_read_says_why_and_leaves_what_was_there(self, house: House) -> None:
        case = house.upload("甲,乙\n1,2\n")
        assert case.state == "unreadable"
        assert "诊断" in text(house.page("H2").get(f"/cases/{case.pk}"))
        answer = house.page("H2").post("/in-house/upload", {"file": SimpleUploadedFile("a.exe", b"MZ")})
        assert answer.status_code == 422


def scheme_of(run: Path) -> tuple[str, tuple[str, ...]]:
    from drgpay.runs import read_manifest

    said = read_manifest(run)
    return said["scheme"], tuple(said["switches"])


class TestCoding:
    def test_codes_are_found_by_other_names_initials_and_code(self, house: House) -> None:
        page = house.page("H2")
        for asked in ("心梗", "jxxjgs", "I21.9"):
            assert "急性心肌梗死" in text(page.get("/coding", {"q": asked})), asked
        shown = text(page.get("/coding/codes/I21.900"))
        assert "急性心肌梗死" in shown
        assert "MCC" in shown
        assert page.get("/coding/codes/nowhere").status_code == 404
        assert browser(house.bureau).get("/coding").status_code == 403

    def test_what_changes_the_group_follows_the_record_and_no_money_is_shown(self, house: House) -> None:
        house.upload()
        address = "/coding/in-house/Z1"
        page = house.page("H4")
        shown = text(page.get(address))
        assert "编码以病历记录为准" in shown
        assert "换为主要诊断" in shown, "hypertension first is another group"
        for amount in ("8,000.00", "8000", "元", "点数", "支付标准"):
            assert amount not in main_of(shown), amount
        spoken = text(page.post(address, {"diagnoses": "1.急性前壁心梗 2.否认糖尿病史"}))
        assert "急性前壁心肌梗死" in spoken
        assert "糖尿病" not in spoken.partition("病历文字中有而未编的")[2].partition("用病历文字核对")[0]
        assert house.page("H3").get("/coding/in-house/Z3").status_code == 404
        assert browser(house.others["H1"]).get(address).status_code == 404

    def test_a_settled_stay_is_seen_by_its_own_people_only(self, house: House) -> None:
        stay = house.settled.stay_of(house.settled.a)
        address = f"/coding/stays/{house.settled.year.pk}/{stay}"
        assert house.page("H2").get(address).status_code == 200
        assert browser(house.others["H1"]).get(address).status_code == 404
        assert browser(house.others["H3"]).get(address).status_code == 404

    def test_a_suggestion_is_sent_taken_or_declined_with_a_reason(self, house: House) -> None:
        from drgpay_web import flow

        house.upload()
        page = house.page("H4")
        address = "/coding/in-house/Z1"
        assert page.post(address, {"note": "1", "how": "added", "code": "I21.900", "reason": ""}).status_code == 422
        ask = {"note": "1", "how": "added", "code": "I21.900", "reason": "心电图提示急性心梗，病程有记录"}
        answer = page.post(address, ask)
        assert answer.status_code == 302
        case = flow.Case.objects.get(machine="coding_note")
        assert (case.state, case.unit, case.data["name"]) == ("sent", house.doctor, "急性心肌梗死")
        work = [row.case for row in flow.work_list(house.people["H2"])]
        assert case in work, "it is on the list of the records room"
        assert "I21.900" in text(house.page("H2").get(address))
        h2, h4 = house.people["H2"], house.people["H4"]
        with pytest.raises(Exception, match=r"coding.decide"):
            flow.do_now(h4, case, "take")
        with pytest.raises(flow.Guarded):
            flow.do_now(h2, case, "decline", why="")
        flow.do_now(h2, case, "decline", why="病程没有记录")
        case.refresh_from_db()
        assert (case.state, case.data["answer"]) == ("declined", "病程没有记录")
        page.post(address, ask)
        again = flow.Case.objects.filter(machine="coding_note").latest("pk")
        flow.do_now(h2, again, "take")
        flow.do_now(h2, again, "code", done="首页已改，随三月清单重新提交")
        again.refresh_from_db()
        assert again.state == "coded"
        for who in (house.others["H1"], house.others["H3"]):
            assert browser(who).get(f"/cases/{case.pk}").status_code == 404
        assert "首页已改" in text(house.page("H4").get(f"/cases/{again.pk}"))


def main_of(page: str) -> str:
    """What stands in the page itself, without the words of its frame."""
    return page.partition("<main")[2].partition("</main>")[0]


def lacking(page: str) -> str:
    """The sentence that names the registers that are needed and empty."""
    return page.partition("还缺必填的登记表")[2].partition("</p>")[0]


class TestDepartmentsAndDoctors:
    def test_a_department_sees_its_own_figures_and_nothing_of_others(self, house: House) -> None:
        from drgpay.runs import Scope, Where, summarise
        from drgpay.units import show_fen
        from drgpay_web import store

        page = text(house.page("H3").get("/department"))
        folder = store.folder(house.settled.year)
        own = (Where("institution_id", "is", house.unit.code), Where("department_id", "is", house.ward.code))
        due = summarise([folder], by=(), measures=("due",), scope=Scope.everything(), where=own).rows[0]["due"]
        assert show_fen(due) in page
        assert house.ward.name in page
        assert house.page("H3").get(f"/department?code={house.empty.code}").status_code == 404
        assert browser(house.others["H1"]).get(f"/department?code={house.ward.code}").status_code == 404
        others = {row["stay_id"] for row in house.settled.stays[house.settled.b]}
        assert not any(stay in page for stay in others)
        listed = table_on(house.page("H1").get("/department"))
        assert any(f"code={house.ward.code}" in link for row in listed.rows for _, link in row)
        for role in ("H1", "H5", "H6"):
            assert house.page(role).get(f"/department?code={house.ward.code}").status_code == 200, role
        for role in ("H2", "H4"):
            assert house.page(role).get("/department").status_code == 403, role

    def test_a_doctor_sees_his_own_patients_and_nobody_elses(self, house: House) -> None:
        page = text(house.page("H4").get(f"/doctor?period={house.settled.year.pk}"))
        mine = {row["stay_id"] for row in house.settled.stays[house.settled.a]
                if row["doctor_id"] == house.doctor.code}  # fmt: skip
        theirs = {row["stay_id"] for rows in house.settled.stays.values() for row in rows} - mine
        assert any(stay in page for stay in mine)
        assert not any(stay in page for stay in theirs)
        assert "还没有绩效发放单" in page
        assert house.page("H4").get("/doctor?code=D9").status_code == 404
        head = text(house.page("H3").get(f"/doctor?code={house.doctor.code}"))
        assert "罗医生" in head
        assert "绩效发放单" not in main_of(head), "a slip is its own person's"
        assert browser(house.others["H3"]).get(f"/doctor?code={house.doctor.code}").status_code == 404

    def test_a_doctor_stands_beside_others_who_are_not_named_and_of_few_nothing_is_said(self, house: House) -> None:
        from drgpay import runs
        from drgpay_web import store

        settled, own = house.settled, house.stay
        rows = [row for its in settled.stays.values() for row in its if row["doctor_id"]]
        alike = {(row["institution_id"], row["department_id"]) for row in rows}
        folder, key = store.folder(settled.year), (own["institution_id"], own["department_id"], own["doctor_id"])

        def shown(below: int) -> dict[str, runs.Colleagues]:
            found = runs.colleagues(
                folder, settled.ran.area, institution=key[0], department=key[1], doctor=key[2], alike=alike,
                measures=("n", "mean_cost"), suppress_below=below,
            )  # fmt: skip
            return {one.column.name: one for one in found}

        def mean(its: list[dict[str, Any]]) -> int:
            return (2 * sum(row["total_cost"] for row in its) + len(its)) // (2 * len(its))

        ward = [row for row in rows if (row["institution_id"], row["department_id"]) == key[:2]]
        mine = [row for row in ward if row["doctor_id"] == key[2]]
        rest = [row for row in ward if row["doctor_id"] != key[2]]
        away = [row for row in rows if row["institution_id"] != key[0]]
        doctors = {row["doctor_id"] for row in rest}
        said = shown(1)
        assert (said["n"].own, said["mean_cost"].own) == (len(mine), mean(mine))
        assert said["mean_cost"].ward == (mean(rest) if rest else None)
        assert said["mean_cost"].specialty == mean(away)
        others = len({(row["institution_id"], row["doctor_id"]) for row in away})
        assert shown(others + 1)["mean_cost"].specialty is None, "fewer doctors than are shown"
        assert shown(len(doctors) + 1)["mean_cost"].ward is None
        assert shown(others + 1)["mean_cost"].own == mean(mine), "one's own are always shown"
        one_house = {pair for pair in alike if pair[0] in (key[0], settled.b)}
        found = runs.colleagues(
            folder, settled.ran.area, institution=key[0], department=key[1], doctor=key[2], alike=one_house,
            measures=("mean_cost",), suppress_below=1,
        )  # fmt: skip
        assert found[0].specialty is None, "one other institution would be named by it"
        page = text(house.page("H4").get("/doctor"))
        assert "与其他医师比较" in page
        assert "不列姓名" in page

    def test_quality_of_the_departments_own_records_stands_there(self, house: House) -> None:
        from drgpay_web import flow

        wards = [{"department_id": code, "n": 7, "score": score, "errors": 2, "hints": 9}
                 for code, score in ((house.ward.code, 9123), (house.empty.code, 8765))]  # fmt: skip
        found = {"wards": wards, "score": 9000, "rules": [], "blocks": False}
        flow.open_case(house.people["H1"], machine="submission", unit=house.unit, period="2025-03",
                       data={"received": 0, "found": found})  # fmt: skip
        page = text(house.page("H3").get("/department"))
        assert "91.23" in page
        assert "87.65" not in page


class TestRegistersAndPlan:
    def test_the_registers_say_what_is_needed_and_who_wrote_last(self, house: House) -> None:
        from drgpay.tables import DISTRIBUTABLE_SUMS
        from drgpay_web import store

        page = house.page("H5")
        assert "可分配绩效总额" in lacking(text(page.get("/plans/registers")))
        row = {"year": 2024, "quarter": 1, "amount": "1000.00", "decision": "院长办公会"}
        store.put_rows(house.people["H5"], area=house.unit.area, table=DISTRIBUTABLE_SUMS, rows=[row], origin="form",
                       owner=house.unit.code)  # fmt: skip
        shown = text(page.get("/plans/registers"))
        assert "可分配绩效总额" not in lacking(shown)
        assert house.people["H5"].person.name in shown
        assert house.page("H3").get("/plans/registers").status_code == 403

    def test_a_table_of_the_plan_is_typed_in_cells_with_chinese_labels(self, house: House) -> None:
        from drgpay_web.hospital import actions

        h5 = house.people["H5"]
        plan = actions.open_plan(h5, base="demo-hospital")
        page, address = house.page("H5"), f"/plans/{plan.pk}/value"
        shown = text(page.get(f"{address}?p=posts.coefficients"))
        assert "住院医师" in shown
        assert "居民" not in main_of(shown)
        shown = text(page.get(f"{address}?p=split.shares"))
        assert "医院" in shown
        said = {"p": "split.shares", "version": str(plan.version), "key": ["hospital", "departments", "individuals"]}
        wrong = page.post(address, said | {"cell": ["20%", "60%", "30%"]})
        assert wrong.status_code == 422
        assert 'value="30%"' in text(wrong), "what was typed stays"
        assert page.post(address, said | {"cell": ["20%", "60%", "20%"]}).status_code == 302
        plan.refresh_from_db()
        assert "医院 0.2" in text(page.get(f"/cases/{plan.pk}"))
        bands = {"p": "excess.rates", "version": str(plan.version), "bound": ["80", "90", "", ""],
                 "step": ["5%", "10%", "20%", ""]}  # fmt: skip
        assert page.post(address, bands).status_code == 302
        plan.refresh_from_db()
        names = {"p": "excess.grades", "version": str(plan.version), "chosen": ["excellent"]}
        assert page.post(address, names).status_code == 302
        plan.refresh_from_db()
        assert set(plan.data["changes"]) == {"split.shares", "excess.rates", "excess.grades"}
        back = {"p": "excess.grades", "version": str(plan.version), "as_before": "1"}
        assert page.post(address, back).status_code == 302
        plan.refresh_from_db()
        assert "excess.grades" not in plan.data["changes"]
        assert house.page("H6").get(address).status_code == 403
        assert browser(actor("H5", house.other)).get(address).status_code == 404
