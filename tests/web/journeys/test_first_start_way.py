"""The first start: an empty place, an area brought along, the first administrator, his password and second device, an
account opened for a hospital, and its first file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.browsing import Person
from support.clearing import make_region
from support.journeys import change_password, second_device, sign_in
from support.served import Served, command, serving

Another = Callable[[], Person]
OWN = "Erste-7-Wache"
STAY = {
    "病例号": "A1", "险种": "职工", "性别": "男", "年龄": "62", "实际住院天数": "7", "诊断编码": "I10.x00x002",
    "总费用": "6843.27", "个人负担总额": "1368.65", "按项目记账的基金应付": "5474.62",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An office that was just set up, with the area of a small region; no demonstration."""
    place = tmp_path_factory.mktemp("first")
    region = make_region(place / "region")
    done = command(place / "office", "init", "--region", str(region), "--json")
    assert done.returncode == 0, done.stderr
    (place / "office" / "told.json").write_text(done.stdout)
    with serving(place / "office") as it:
        yield it


def test_the_first_start(person: Another, served: Served, pictures: Path | None, tmp_path: Path) -> None:
    told = json.loads((served.home / "told.json").read_text())
    (first,) = told["accounts"]
    assert not told["demo"]
    administrator = person()
    assert administrator.go("/try") == 404
    sign_in(administrator, first["username"], first["password"])
    change_password(administrator, first["password"], OWN)
    assert administrator.page.url.endswith("/second-factor"), "before anything else"
    secret = administrator.page.locator("main code").inner_text()
    administrator.picture("first-second-factor", pictures)
    second_device(administrator, secret)
    assert first["name"] in administrator.page.inner_text("header")
    assert administrator.page.locator(".ribbon").count() == 0

    administrator.go("/accounts/new")
    form = administrator.page.locator("main form")
    form.locator("[name=username]").fill("yibaoban")
    form.locator("[name=name]").fill("陈医保")
    form.locator("[name=role]").select_option("H1")
    units = form.locator("[name=unit] option").all_inner_texts()
    house = next(one.strip() for one in units if "医院" in one)
    form.locator("[name=unit]").select_option(label=next(one for one in units if one.strip() == house))
    form.locator("button.btn-primary").click()
    administrator.page.wait_for_load_state()
    once = administrator.page.locator(".once code").inner_text()
    administrator.picture("first-account", pictures)

    hospital = person()
    sign_in(hospital, "yibaoban", once)
    change_password(hospital, once, OWN)
    assert house in hospital.page.inner_text("header")
    assert hospital.page.locator(".empty strong").count() == 1, "nothing to do yet, and it is said"
    hospital.picture("first-work", pictures)

    with (served.home.parent / "region" / "institutions.csv").open(encoding="utf-8-sig") as file:
        code = next(row[0] for row in csv.reader(file) if house in row)
    month = date.today().replace(day=1) - timedelta(days=1)
    days = {"入院时间": f"{month:%Y-%m}-02", "出院时间": f"{month:%Y-%m}-09"}
    head = {"定点医疗机构编号": code} | STAY | days
    (tmp_path / "上月.csv").write_text(f"{','.join(head)}\n{','.join(head.values())}\n", encoding="gb18030")
    hospital.go(f"/submissions/upload?period={month:%Y-%m}")
    hospital.page.set_input_files("#file", tmp_path / "上月.csv")
    hospital.click("上传并校验", role="button")
    assert hospital.wait_state("已校验") == "已校验，待递交"
    hospital.move("hand_in")
    assert hospital.state == "已递交，待接收", hospital.text
    hospital.picture("first-upload", pictures)
