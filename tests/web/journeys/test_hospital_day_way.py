"""A hospital's own day: the records room, a department, a doctor, the performance office and the head, from the
stays in house to the slip; once in English."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.browsing import Person

Another = Callable[[], Person]
pytestmark = pytest.mark.slow


def opened(one: Person) -> str:
    """Send the form of the page, which opens a case. The case's address."""
    one.page.locator("main form button.btn-primary").click()
    one.page.wait_for_url("**/cases/*")
    one.judge()
    return str(one.page.url)


def test_the_records_room_a_department_and_a_doctor(person: Another, pictures: Path | None, tmp_path: Path) -> None:
    records, doctor = person().try_as("h2b", "/in-house/upload"), person().try_as("h4b")
    example = tmp_path / "在院病例.xlsx"
    example.write_bytes(records.context.request.get(f"{records.served.address}/in-house/form?filled=1").body())
    records.page.set_input_files("#file", example)
    case = opened(records)
    records.reload_until(case, lambda text: "已测算" in text or "读不出" in text)
    assert records.state == "已测算", records.text
    records.go("/in-house")
    assert "不作为限制诊疗的依据" in records.text
    stays = records.page.locator("main tbody a[href^='/coding/in-house/']")
    assert stays.count() > 0
    records.picture("in-house", pictures)
    stays.first.click()
    records.page.wait_for_load_state()
    records.judge()
    assert "影响入组的编码" in records.text

    records.go("/coding?q=肺炎")
    code = records.page.locator("main tbody a[href^='/coding/codes/']").first
    said = code.inner_text()
    code.click()
    records.page.wait_for_load_state()
    assert said in records.text
    records.go("/submissions/quality")
    assert "按科室与编码员" in records.text
    records.picture("quality", pictures)

    head = person().try_as("h3b", "/department")
    assert all(word in head.text for word in ("病例组合指数", "各月", "不作为限制诊疗的依据"))
    head.picture("department", pictures)
    assert head.go("/doctor?code=X9999") == 404, "nobody of another department"

    doctor.go("/doctor")
    assert "与其他医师比较" in doctor.text
    doctor.picture("doctor", pictures)
    doctor.page.get_by_role("button", name="English").click()
    doctor.page.wait_for_load_state()
    doctor.go("/doctor")
    assert doctor.page.get_attribute("html", "lang") == "en"
    assert "Beside other doctors" in doctor.text
    assert "nobody is named" in doctor.text
    doctor.page.get_by_role("button", name="中文").click()


def test_performance_from_the_trial_to_the_departments(person: Another, pictures: Path | None) -> None:
    office, leader = person().try_as("h5b", "/plans/registers"), person().try_as("h6b")
    office.picture("performance-registers", pictures)
    office.go("/plans/open")
    plan = opened(office)
    office.go(f"{plan.replace('/cases/', '/plans/')}/value?p=score.when_missing")
    office.page.locator("#line").fill("85")
    office.click("保存", role="button")
    quarter = office.page.locator("details.move:has(input[value=try]) [name=f_quarter] option[value]:not([value=''])")
    office.move("try", quarter=str(quarter.first.get_attribute("value")))
    assert office.wait_state("已试算"), "the page comes anew by itself"
    assert "科室" in office.text
    office.picture("plan-tried", pictures)
    office.move("propose")
    leader.go(plan)
    leader.move("adopt", document="院发〔2024〕21号")
    assert leader.state == "现行", leader.text

    office.go("/quarters/open")
    quarter_case = opened(office)
    office.move("compute")
    assert office.state == "测算中"
    office.page.fill("textarea[name=text]", "先看看内科")
    office.page.locator("#changed").wait_for()
    assert office.state == "测算中", "nothing takes away what somebody writes"
    assert office.page.input_value("textarea[name=text]") == "先看看内科"
    office.picture("changed", pictures)
    office.judge()
    office.page.locator("#changed a").click()
    office.page.wait_for_load_state()
    assert office.state == "已测算"
    office.move("show")
    assert office.state == "科室核对"
    office.picture("quarter", pictures)

    assert person().try_as("h4a").go(quarter_case) in (403, 404)

    head = person().try_as("h3b", "/cases/of/hospital_department")
    head.page.locator("main tbody a[href^='/cases/']").first.click()
    head.page.wait_for_load_state()
    head.judge()
    own = head.page.url
    head.move("object", reason="门诊工作量漏计")
    assert head.state == "有异议", head.text
    office.go(own)
    office.move("refuse", reply="已按登记的工作量核对，没有漏计。")
    assert office.state == "答复待审批", office.text
    assert office.page.locator("input[name=move][value=approve_answer]").count() == 0, "another person approves"
    leader.go(own)
    assert "没有漏计" in leader.text
    leader.move("approve_answer")
    head.go(own)
    assert head.state == "已确认"
    assert "没有漏计" in head.text
    head.picture("department-answered", pictures)

    doctor = person().try_as("h4b", "/slips")
    doctor.page.locator("main tbody a[href$='/pdf']").first.click()
    doctor.page.wait_for_load_state()
    doctor.page.fill("#reason", "本人核对")
    doctor.page.locator("main form button.btn-primary").click()
    doctor.page.wait_for_url("**/downloads")
    with doctor.page.expect_download() as waited:
        doctor.page.locator("main a[href^='/downloads/']").first.click()
    assert Path(waited.value.path()).read_bytes().startswith(b"%PDF")
    doctor.judge()
