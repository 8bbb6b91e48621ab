"""Ways through the office's rooms, each by the people who go it. They begin at cases that the demo's
people have in hand; the policy comes first, so that the others go by a version that was adopted here."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from drgpay import runs
from drgpay.units import show_fen
from support.browsing import Person
from support.served import Served

Another = Callable[[], Person]
pytestmark = pytest.mark.slow
MONTH = "2024-02"


def first_case(one: Person, machine: str, state: str) -> str:
    """Open the first case of a list that is in a state. Its address."""
    one.go(f"/cases/of/{machine}?state={state}")
    one.page.locator("tbody a").first.click()
    one.page.wait_for_load_state()
    one.judge()
    return one.page.url.split("?")[0]


def attach(one: Person, file: Path) -> None:
    one.page.get_by_label("添加附件").set_input_files(file)
    one.page.locator("form[action$='/attach'] button").click()
    one.page.wait_for_load_state()


def today(one: Person) -> date:
    """The day the office's clock shows."""
    return date.fromisoformat(json.loads((one.served.home / "office.json").read_text())["clock"])


def test_policy_from_the_draft_to_its_day(person: Another, pictures: Path | None) -> None:
    drafter, adopter = person().try_as("b1", "/policy/drafts/new"), person().try_as("b2")
    day = today(drafter)
    form = drafter.page.locator("main")
    form.get_by_label("文件").first.fill("关于调整歧义病案折扣的通知")
    form.get_by_label("发布日期").or_(form.locator("#issued")).first.fill(day.isoformat())
    form.locator("#in_force").fill((day + timedelta(200)).isoformat())
    drafter.picture("policy-new", pictures)
    form.locator("button.btn-primary").click()
    drafter.page.wait_for_load_state()
    case = drafter.page.url
    drafter.page.locator("main a[href$='/value']").click()
    drafter.page.select_option("#p", "points.qy_discount")
    drafter.page.locator("#value").wait_for()
    drafter.judge()
    drafter.page.locator("#value").fill("60%")
    drafter.page.locator("#clause").fill("第二条")
    drafter.picture("policy-value", pictures)
    drafter.click("保存", role="button")
    assert "60%" in drafter.text, drafter.text
    drafter.move("check")
    assert drafter.state == "已核对", drafter.text
    drafter.move("skip", why="只影响歧义病案")
    assert drafter.state == "待审定"
    assert drafter.page.locator("input[name=move][value=adopt]").count() == 0
    adopter.go(case)
    adopter.move("adopt", document="云医保〔2024〕15号")
    assert adopter.state == "已审定，待生效", adopter.text
    adopter.picture("policy-adopted", pictures)
    adopter.go("/policy")
    first_case(adopter, "announcement", "draft")
    assert "云医保〔2024〕15号" in adopter.text


def test_special_review_to_the_ruling_on_an_appeal(person: Another, pictures: Path | None, tmp_path: Path) -> None:
    checker, assigner, hospital = person().try_as("b1"), person().try_as("b2"), person().try_as("h1a")
    assigner.go("/review/experts")
    assigner.picture("experts", pictures)
    case = first_case(assigner, "special_review", "complete")
    first, second = assign(assigner, pictures)
    assert assigner.state == "专家评审中"
    hospital.go(case)
    assert not any(one in hospital.text for one in named(hospital, (first, second)))
    opine(person, first, case, "approve")
    other = person().try_as(second, case)
    assert "同意第一位" not in other.text, "opinions are blind"
    other.move("opine", opinion="decline", basis="费用与病情不符")
    other.picture("opinion", pictures)

    assigner.go(case)
    assert assigner.state == "意见不一，待第三人"
    (third,) = assign(assigner, None)
    opine(person, third, case, "approve")
    assigner.go(case)
    assert assigner.state == "意见齐，待决定"
    assigner.move("decide", reason="多数专家同意，按所议费用认定")
    assert assigner.state == "已决定，待送达", assigner.text
    checker.go(case)
    checker.move("tell")

    hospital.go(case)
    assert hospital.state == "已送达，可申诉"
    assert "多数专家同意" in hospital.text
    hospital.picture("told", pictures)
    assert hospital.page.locator("input[name=move][value=appeal]").count() == 0, "no new evidence yet"
    paper = tmp_path / "补充会诊记录.pdf"
    paper.write_bytes(b"%PDF-1.4 more")
    attach(hospital, paper)
    hospital.move("appeal", ground="请按全部费用认定")
    assert hospital.state == "已申诉，待分派"
    assigner.go(case)
    fresh = assign(assigner, None)
    assert not {first, second, third} & set(fresh)
    for expert in fresh:
        opine(person, expert, case, "decline")
    ruler = person().try_as("b6", case)
    assert ruler.state == "申诉意见齐，待裁定"
    ruler.move("rule", reason="复评专家一致不同意")
    assert ruler.state == "已生效"
    ruler.picture("ruled", pictures)
    hospital.go(case)
    assert hospital.state == "已生效"
    assert "复评专家一致不同意" in hospital.text
    assert person().try_as("h1b").go(case) == 404


def assign(one: Person, pictures: Path | None) -> list[str]:
    """Take the experts that are proposed. Their user names."""
    box = one.page.locator("details.move:has(input[name=move][value=assign])")
    texts = box.locator("label:has(input[name=f_experts]:checked)").all_inner_texts()
    names = {told["name"]: username for username, told in one.served.accounts.items()}
    one.picture("assign", pictures)
    one.move("assign")
    return [names[text.split("（")[0].strip()] for text in texts]


def named(one: Person, usernames: tuple[str, ...]) -> list[str]:
    return [one.served.accounts[username]["name"] for username in usernames]


def opine(person: Another, username: str, case: str, opinion: str) -> None:
    said = "同意第一位" if opinion == "approve" else "诊疗依据不足"
    person().try_as(username, case).move("opine", opinion=opinion, basis=said)


def test_meeting_from_the_plan_to_the_last_follow_up(person: Another, pictures: Path | None) -> None:
    host, approver, hospital = person().try_as("b1", "/rhythm"), person().try_as("b2"), person().try_as("h1a")
    host.picture("year", pictures)
    host.go(f"/rhythm/talks?year={MONTH[:4]}")
    host.picture("talks", pictures)
    host.go("/rhythm")
    host.click("安排会议", role="link")
    day, title = today(host), "费用偏离专题会"
    form = host.page.locator("main")
    form.get_by_label("会议种类").select_option(label="其他会议")
    form.get_by_label("会议名称").fill(title)
    form.get_by_label("会议日期").fill(day.isoformat())
    form.get_by_label("地点").fill("三楼会议室")
    form.get_by_label("议程").fill("费用偏离")
    form.get_by_label(hospital.served.accounts["h1a"]["unit"]).check()
    host.picture("meeting-new", pictures)
    host.click("保存", role="button")
    case = host.page.url
    host.move("invite")
    assert host.state == "已通知"
    hospital.go(case.replace("/cases/", "/meetings/"))
    assert "三楼会议室" in hospital.text
    hospital.picture("invitation", pictures)
    assert person().try_as("h1b").go(case.replace("/cases/", "/meetings/")) == 404
    host.move("hold", held_on=day.isoformat(), present="医保局、医院医保办")
    host.move("minute", number="专题〔2024〕3号", text="请医院核对偏离病例。")
    assert host.state == "纪要待审定"
    owner = hospital.served.accounts["h1a"]["name"]
    host.move("follow_up", task="核对偏离病例", owner=owner, day=(day + timedelta(7)).isoformat())
    approver.go(case)
    approver.move("approve")
    assert approver.state == "纪要已审定"
    approver.picture("minutes", pictures)

    hospital.go(case.replace("/cases/", "/meetings/"))
    assert "请医院核对偏离病例" in hospital.text
    hospital.go("/cases/of/follow_up")
    row = hospital.page.locator("tr", has_text="核对偏离病例")
    row.locator("a").first.click()
    hospital.page.wait_for_load_state()
    hospital.move("do", result="已核对，十例有误，已更正")
    assert hospital.state == "已完成"
    host.go(case)
    assert "已完成" in host.page.locator("tr", has_text="核对偏离病例").inner_text()


def test_reconciliation_from_the_file_to_the_end(
    person: Another, served: Served, pictures: Path | None, tmp_path: Path
) -> None:
    hospital, bureau = person().try_as("h1a", "/cases/of/reconciliation"), person().try_as("b1")
    stay, file = returned(served, tmp_path)
    hospital.click("上传返回文件", role="link")
    hospital.page.get_by_label("对照的结果").select_option(label=MONTH)
    hospital.page.get_by_label("文件来源").select_option(label="医保返回")
    hospital.page.set_input_files("#file", file)
    hospital.picture("reconcile-upload", pictures)
    hospital.click("上传并对账", role="button")
    case = hospital.page.url
    hospital.reload_until(case, lambda text: "已对账" in text or "读不出" in text)
    assert hospital.state == "已对账", hospital.text
    assert "病组不同" in hospital.text
    hospital.picture("reconcile", pictures)
    hospital.click("病组不同", role="link")
    assert stay in hospital.text
    hospital.picture("reconcile-lines", pictures)
    hospital.go(case)
    hospital.move("ask", lines=stay, question="请核对病组")
    assert hospital.state == "已提疑，待答复"
    bureau.go(case)
    assert "请核对病组" in bureau.text
    bureau.move("answer", answer="分组器版本已更正")
    hospital.go(case)
    assert "分组器版本已更正" in hospital.text
    hospital.move("close")
    assert hospital.state == "已办结"
    assert person().try_as("h1b").go(case) == 404


def returned(served: Served, folder: Path) -> tuple[str, Path]:
    """What the bureau returned of the month: the first stay in another group. The stay and the file."""
    code = min(path.stem for path in (served.home / "sample" / "files").glob("*.csv"))
    run = max(path for path in served.home.glob(f"areas/*/runs/*{MONTH}*") if path.is_dir())
    rows = list(runs.own_of_run(run, code).rows.to_dicts())
    rows[0]["drg"] = "ZZ99"
    file = folder / "返回.csv"
    with file.open("w", encoding="gbk", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["结算ID", "病组编码", "总费用", "DRG支付金额"])
        for row in rows:
            money = [show_fen(row[name], group=False) for name in ("total_cost", "payment")]
            lines.writerow([row["stay_id"], row["drg"], *money])
    return str(rows[0]["stay_id"]), file


def test_budget_from_the_talks_to_the_announcement(person: Another, pictures: Path | None) -> None:
    hospital, head = person().try_as("h1b", "/budgets"), person().try_as("h6b")
    bureau, adopter = person().try_as("b1", "/budgets"), person().try_as("b2")
    bureau.picture("budgets", pictures)
    talk = first_case(hospital, "budget_talk", "open")
    hospital.move("propose", amount="900000.00", reason="新开重症病区")
    assert hospital.state == "待院领导签署意见"
    head.go(talk)
    head.move("sign")
    assert head.state == "待答复"
    bureau.go(talk)
    bureau.move("answer", amount="800000.00", reply="按上年服务量核定")
    hospital.go(talk)
    assert "按上年服务量核定" in hospital.text
    hospital.move("accept")
    head.go(talk)
    head.move("cosign")
    assert head.state == "已商定"
    head.picture("agreed", pictures)
    assert person().try_as("h1a").go(talk) == 404

    plan = first_case(adopter, "budget", "talks")
    assert adopter.page.locator("input[name=move][value=adopt]").count() == 0, "others have not agreed yet"
    answer_rest(bureau)
    adopter.go("/try")
    adopter.page.locator("button[name=days][value='30']").click()
    adopter.page.wait_for_load_state()
    adopter.reload_until(plan, lambda _: adopter.page.locator("input[name=move][value=adopt]").count() == 1)
    adopter.move("adopt", document="云医保〔2024〕16号")
    adopter.reload_until(plan, lambda _: adopter.state != "入账中")
    assert adopter.state == "已审定入账", adopter.text
    adopter.picture("budget-adopted", pictures)
    hospital.go(talk)
    assert hospital.state == "已办结"

    bureau.go(plan)
    announcement = first_case(bureau, "announcement", "draft")
    title = bureau.page.locator("dt:text-is('事由') + dd").first.inner_text()
    bureau.move("check")
    adopter.go(announcement)
    adopter.move("publish")
    assert adopter.state == "已发布"
    hospital.go("/announcements")
    hospital.click(title, role="link")
    hospital.picture("budget-announced", pictures)
    hospital.go("/fund")
    hospital.picture("fund", pictures)


def answer_rest(bureau: Person) -> None:
    """Everything that waits for the bureau's answer is answered."""
    bureau.go("/cases/of/budget_talk?state=proposed")
    for address in [link.get_attribute("href") for link in bureau.page.locator("tbody a[href^='/cases/']").all()]:
        bureau.go(str(address))
        bureau.move("answer", amount="250000.00", reply="按上年服务量核定")
