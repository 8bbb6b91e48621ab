"""Ways through the office: a sealed year opened again, cases handed over together, a scheme brought to a policy, an
evaluation, a hospital's plan, the other hospital's link; some of them in English."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.browsing import Person

Another = Callable[[], Person]
CJK = re.compile(r"[一-鿿]")
pytestmark = pytest.mark.slow

OVERLAY = """id: yun-drg-1
title: 云州市分组方案
base: chs-drg-1.1
document: 云医保〔2024〕1号
changes:
  - {drop: BR2}
"""


def first_case(one: Person, machine: str, state: str = "") -> str:
    """Open the first case of a list, of a state; its address."""
    one.go(f"/cases/of/{machine}?state={state}&period=")
    one.page.locator("main table a[href*='/cases/']").first.click()
    one.page.wait_for_load_state()
    one.judge()
    return one.page.url.partition("?")[0]


def test_a_sealed_year_is_opened_again_by_another_person(person: Another, pictures: Path | None) -> None:
    handler, approver = person().try_as("b1"), person().try_as("b2")
    case = first_case(handler, "reopening", "asked")
    assert handler.page.locator("input[name=move][value=approve]").count() == 0, "who asked does not approve"
    approver.go(case)
    approver.picture("reopening", pictures)
    approver.move("approve", document="云医保〔2024〕15号")
    assert approver.state == "已批准，待重新结算"
    assert "云医保〔2024〕15号" in approver.text
    handler.go("/runs?year=2023")
    assert handler.page.locator("#period").input_value() == "2023"
    assert "本年度清算重开在办" in handler.text
    assert "上次封账 2023，" in handler.text
    handler.picture("runs-2023", pictures)


def test_the_grid_of_a_month_and_cases_handed_over_together(person: Another, pictures: Path | None) -> None:
    one = person().try_as("b1", "/periods/grid?period=2024-02")
    assert "预付余额" in one.text
    one.picture("grid", pictures)
    one.page.locator("main table a[href*='/cases/']").first.click()
    one.page.wait_for_load_state()
    assert one.page.locator(".head h1").inner_text().startswith("结算单")
    leads = person().try_as("b4", "/oversight/leads")
    leads.picture("leads", pictures)
    second = leads.served.accounts["b4b"]["name"]
    leads.go("/cases/of/suspicion?state=open&period=")
    leads.page.locator("main tbody input[name=case]").first.check()
    leads.page.locator("details.move:has(select[name=to]) summary").click()
    leads.page.locator("select[name=to]").select_option(label=second)
    leads.page.locator("details.move:has(select[name=to]) button").click()
    leads.page.wait_for_load_state()
    leads.judge()
    assert "办成" in leads.text


def test_a_scheme_is_brought_to_a_policy(person: Another, pictures: Path | None, tmp_path: Path) -> None:
    drafter = person().try_as("b1", "/policy/drafts/new")
    form = drafter.page.locator("main")
    form.locator("[name=document]").fill("云医保〔2024〕20号")
    form.locator("[name=issued]").fill("2024-04-08")
    form.locator("[name=in_force]").fill("2025-01-01")
    form.locator("button.btn-primary").first.click()
    drafter.page.wait_for_load_state()
    case = drafter.page.url
    drafter.click("上传分组方案", role="link")
    file = tmp_path / "draft.yaml"
    file.write_text(OVERLAY, encoding="utf-8")
    drafter.page.set_input_files("#file", file)
    drafter.picture("scheme-brought", pictures)
    drafter.click("上传分组方案", role="button")
    drafter.reload_until(case, lambda text: "换组" in text)
    assert "云州市分组方案" in drafter.text
    drafter.picture("scheme-moves", pictures)
    drafter.move("check")
    assert drafter.state == "已核对"


def test_an_evaluation_from_the_spot_check_to_the_marks(person: Another, pictures: Path | None) -> None:
    inspector = person().try_as("b4")
    inspector.go("/cases/of/evaluation_card?state=checking&period=")
    assert inspector.page.locator("main table a[href*='/cases/']").count() > 0
    first_case(inspector, "evaluation_card", "checking")
    inspector.picture("evaluation-card", pictures)
    handler = person().try_as("b1")
    first_case(handler, "evaluation", "checking")
    assert "现场核查" in handler.text or "抽查" in handler.text
    handler.picture("evaluation", pictures)
    hospital = person().try_as("h1b")
    own = hospital.served.accounts["h1b"]["unit"]
    hospital.go("/cases/of/evaluation_card?state=&period=")
    assert own in hospital.text or hospital.page.locator("main table a[href*='/cases/']").count() > 0


def test_a_plan_that_waits_is_adopted_by_the_head(person: Another, pictures: Path | None) -> None:
    head, office = person().try_as("h6b"), person().try_as("h5b")
    case = first_case(head, "hospital_plan", "proposed")
    head.picture("plan", pictures)
    head.move("adopt", document="院发〔2024〕20号")
    assert head.state == "现行"
    office.go(case)
    assert "院发〔2024〕20号" in office.text
    assert person().try_as("h5a").go(case) == 404


def test_what_the_other_hospital_is_sent_is_not_there_for_this_one(person: Another) -> None:
    one, other = person().try_as("h1a"), person().try_as("h1b")
    one.go("/statements")
    hrefs = one.page.locator("main table a[href*='/cases/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    assert hrefs
    for href in hrefs[:2]:
        assert other.go(href) == 404
        assert other.go(f"{href}/papers/month/pdf") == 404
    name = one.served.accounts["h1a"]["unit"]
    for path in ("/statements", "/", "/notices", "/search?q=ST-2024"):
        other.go(path)
        assert name not in other.page.inner_text("main"), path


def test_in_english_the_grid_the_contacts_and_a_re_opening(person: Another) -> None:
    one = person().try_as("b1")
    one.page.get_by_role("button", name="English").click()
    one.page.wait_for_load_state()
    one.go("/periods/grid?period=2024-01")
    heads = one.page.locator("main thead").first.inner_text()
    assert not CJK.search(heads)
    one.go("/contacts")
    assert not CJK.search(one.page.locator("main thead").first.inner_text())
    assert "0000-12393" in one.text
    one.go("/runs?year=2023")
    assert "re-opening" in one.text


def test_in_english_whom_to_call_at_the_upload(person: Another) -> None:
    one = person().try_as("h1a")
    one.page.get_by_role("button", name="English").click()
    one.page.wait_for_load_state()
    one.go("/submissions/upload")
    assert "ask the bureau" in one.text
    assert "0000-1239301" in one.text
