"""The whole way of a month, by the people who go it: a bad file is mended and handed in, accepted, settled,
published, disputed, answered, settled anew, confirmed, posted and sealed; the auditor reads it; the other hospital
sees nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from support.browsing import Person
from support.months import MONTH, accept, publish, settle, upload
from support.served import Served

Another = Callable[[], Person]


def test_the_way_of_a_month(person: Another, served: Served, pictures: Path | None, tmp_path: Path) -> None:
    hand_in(person(), served, pictures)
    accept(person())
    number = settle(person(), pictures, cancel_first=True)
    publish(person(), number)
    hospital = person().try_as("h1a")
    statement, stay = read_statement(hospital, pictures, tmp_path)
    hospital.go(statement)
    hospital.move("dispute", line="due", stays=stay, reason="该例费用超高，应按特例单议办理")
    assert hospital.state == "有异议"
    answer(person(), person(), statement)
    again = settle(person(), None)
    assert again != number
    republish(person(), again)
    confirm(person(), person())
    seal(person, pictures)
    audit(person(), pictures)
    for path in (statement, re.sub(r"\?.*", "", hospital.seen)):
        assert person().try_as("h1b").go(path) == 404


def hand_in(one: Person, served: Served, pictures: Path | None) -> None:
    """The insurance office: a file with mistakes, its findings, a header explained, the mended one, handed in."""
    one.try_as("h1a", "/submissions")
    one.picture("hand-in-calendar", pictures)
    code = min(path.stem for path in (served.home / "sample" / "files").glob("*.csv"))
    upload(one, served.home / "sample" / "spoiled" / f"{code}.csv")
    assert one.wait_state("已校验") == "已校验，待递交"
    assert "没有主要诊断" in one.text
    one.picture("findings", pictures)
    one.click("字段对应", role="link")
    row = one.page.locator("tr", has_text="主任工号")
    row.locator("select").select_option("doctor_id")
    one.click("保存并重新校验", role="button")
    one.wait_state("已校验")
    assert "主任工号" not in one.text
    first = one.page.url
    upload(one, served.home / "sample" / "files" / f"{code}.csv")
    one.wait_state("已校验")
    assert one.page.url != first
    one.move("hand_in")
    assert one.state == "已递交，待接收"


def read_statement(one: Person, pictures: Path | None, folder: Path) -> tuple[str, str]:
    """From the statement to a stay and the clause, and as Excel. Address of the statement, id of the stay."""
    one.go("/statements")
    one.page.locator("tr", has_text=MONTH).filter(has_text="职工").locator("a").first.click()
    one.page.wait_for_load_state()
    one.judge()
    one.picture("statement", pictures)
    statement = one.page.url
    with one.page.expect_download() as paper:
        one.page.locator("main a", has_text="Excel").first.click()
    paper.value.save_as(folder / "statement.xlsx")
    one.page.locator("main a[href*='/lines/due']").first.click()
    one.page.wait_for_load_state()
    one.judge()
    stay = one.page.locator("main td a[href*='/stays/']").first
    its = stay.inner_text()
    stay.click()
    one.page.wait_for_load_state()
    one.judge()
    one.picture("stay", pictures)
    one.seen = one.page.url
    assert its in one.text
    assert "入组过程" in one.text
    return statement, its


def answer(handler: Person, approver: Person, statement: str) -> None:
    """The bureau accepts the dispute; another approves, and a row of the register is made."""
    handler.try_as("b1", statement)
    handler.move("accept", kind="special", amount="30000", reply="同意按特例单议办理")
    assert handler.state == "答复待审批"
    approver.try_as("b2", statement)
    approver.move("approve_answer")
    assert approver.state == "已答复"


def republish(one: Person, number: int) -> None:
    one.try_as("b2", f"/runs/{number}")
    assert "差异" in one.text
    one.click("公布", role="button")
    assert one.state == "确认中"


def confirm(*people: Person) -> None:
    """Both hospitals confirm what they have."""
    for one, username in zip(people, ("h1a", "h1b"), strict=True):
        one.try_as(username, "/statements")
        addresses = [
            row.locator("a").get_attribute("href")
            for row in one.page.locator("tbody tr", has_text=MONTH).all()
            if "待确认" in row.inner_text()
        ]
        assert addresses
        for address in addresses:
            one.go(address)
            one.move("confirm")
            assert one.state == "已确认"


def seal(person: Another, pictures: Path | None) -> None:
    """The others are silent until their day has passed; then it is approved, posted and sealed."""
    b2, b3 = person().try_as("b2", "/periods"), person()
    b2.page.locator("tr", has_text="结算期").locator("a").last.click()
    b2.page.wait_for_load_state()
    case = b2.page.url
    b2.go("/try")
    b2.page.locator("button[name=days][value='30']").click()
    b2.go(case)
    b2.move("approve")
    assert b2.state == "已审批"
    b3.try_as("b3", case)
    b3.move("post", order="ZF20240301", paid_on="2024-05-07")
    assert b3.state == "已登记拨付"
    b2.go(case)
    b2.move("seal")
    b2.reload_until(case, lambda text: "封账号" in text)
    assert b2.state == "已封账"
    b2.picture("period-sealed", pictures)


def audit(one: Person, pictures: Path | None) -> None:
    """The auditor reads it all, and the chain is whole."""
    one.try_as("s3", "/audit")
    one.picture("audit", pictures)
    one.click("校验审计链", role="button")
    assert "完整" in one.page.inner_text("main")
