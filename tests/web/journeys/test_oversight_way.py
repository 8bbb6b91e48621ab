"""The way of a drawn stay: opened from the sample, coded again, the hospital asked, found, treated, carried out, and
in the year's treatments; the other hospital sees nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.browsing import Person

Another = Callable[[], Person]


@pytest.mark.slow
def test_from_the_sample_to_the_register(person: Another, pictures: Path | None) -> None:
    inspector, hospital = person().try_as("b4", "/oversight/sample"), person().try_as("h1a")
    inspector.picture("sample", pictures)
    house = hospital.served.accounts["h1a"]["unit"]
    case = open_case(inspector, house)
    assert hospital.go(case) == 404, "nobody was asked yet"
    inspector.move("take")
    inspector.move("code_again", dx="Z00.000")
    assert inspector.state == "编码不一致"
    inspector.move("ask", question="请说明主要诊断的选择依据")
    inspector.picture("asked", pictures)

    hospital.go(case)
    assert "请说明主要诊断的选择依据" in hospital.text
    assert "承办" not in hospital.page.inner_text(".timeline")
    hospital.move("explain", explanation="以病案首页为准")
    assert person().try_as("h1b").go(case) == 404

    reviewer = person().try_as("b4b", case)
    reviewer.move("confirm", reason="编码与病历不符")
    assert reviewer.state.startswith("已认定")
    hospital.go(case)
    hospital.move("appeal", reason="请复核")
    approver = person().try_as("b2", case)
    approver.move("uphold", reason="维持")

    inspector.go(case)
    inspector.move("propose", treatment="damages", amount="4000", multiple="2", points="2", reason="追回")
    assert inspector.state == "处理待审批"
    leader = person().try_as("b6", case)
    leader.move("approve")
    inspector.go(case)
    inspector.move("execute")
    assert inspector.state == "已执行"
    assert "违规认定" in inspector.text
    inspector.picture("carried-out", pictures)
    inspector.go("/oversight/treatments?year=2024")
    assert "医保医师记分" in inspector.text
    inspector.picture("treatments", pictures)
    inspector.go("/cases/of/suspicion")
    inspector.picture("queue", pictures)
    inspector.go("/cases/of/alert")
    inspector.go("/oversight/leads")


def open_case(one: Person, house: str) -> str:
    """Tick a drawn stay of a hospital that has no case, and open one. Its address."""
    one.page.select_option("#house", label=house)
    one.click("筛选", role="button")
    one.page.select_option("#look", index=1)
    one.click("筛选", role="button")
    row = one.page.locator("tbody tr", has=one.page.locator("input[name=name]")).first
    stay = row.locator("td").nth(3).inner_text()
    row.locator("input[name=name]").check()
    one.click("立案", role="button", exact=True)
    one.go(f"/cases/of/suspicion?q={stay}")
    one.page.locator("tbody a").first.click()
    one.page.wait_for_load_state()
    one.judge()
    return one.page.url
