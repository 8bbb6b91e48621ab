"""Help: every page of every role's menu has its part in the guide of that role, in both languages."""

from __future__ import annotations

import re

import pytest

from support.office import BUREAU, HOSPITAL, Office

PEOPLE = [*(role.lower() for role in BUREAU), *(f"{role.lower()}a" for role in HOSPITAL)]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_of_the_menu_and_every_kind_of_case_has_its_part(office: Office, lang: str) -> None:
    from drgpay_web import flow
    from drgpay_web.pages.guide import about, guide
    from drgpay_web.people import Role
    from drgpay_web.ui import w
    from drgpay_web.ui.navigation import places

    titles = {w(place.key, lang) for place in places()} | {w(one.words, lang) for one in flow.machines()}
    assert [title for title in sorted(titles) if not about(Role.B1, title, lang)] == []
    for role in (*BUREAU, *HOSPITAL):
        assert len(guide(Role(role), lang)) > 1, (role, lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_guide_is_shown_in_one_language(office: Office, lang: str) -> None:
    from drgpay_web.people import Person

    for username in PEOPLE:
        Person.objects.filter(username=username).update(language=lang)
        text = office.client(username).get("/help").content.decode().split('class="panel guide"')[1]
        text = re.sub(r"<[^>]*>|[（(][^）)]*[）)]|<strong>.*?</strong>", "", text)
        han = len(re.findall("[\u3400-\u9fff]", text)) / len(text)
        assert han > 0.4 if lang == "zh" else han < 0.05, (username, han)
        assert "**" not in text


def test_the_part_of_the_page_one_comes_from_stands_first(office: Office) -> None:
    client = office.client("b1")
    assert "/help?at=/submissions#here" in client.get("/submissions").content.decode()
    here = client.get("/help?at=/submissions").content.decode().split('id="here"')[1].split("</section>")[0]
    assert "<h2>清单提交</h2>" in here
    assert "退回" in here
    assert 'id="here"' not in client.get("/help?at=/nowhere").content.decode()
    assert client.get("/help?at=//evil.example").status_code == 200


def test_a_case_leads_to_what_is_said_of_its_kind_and_only_for_who_may_see_it(office: Office) -> None:
    from drgpay_web import flow

    case = flow.open_case(
        office.actor("h1a"), machine="submission", unit=office.house_a, period="2024-03",
        data={"received": 1, "sha256": "0", "columns": {}},
    )  # fmt: skip
    address = f"/help?at=/cases/{case.pk}"
    assert 'id="here"' in office.client("h1a").get(address).content.decode()
    assert 'id="here"' not in office.client("h1b").get(address).content.decode()
    assert 'id="here"' not in office.client("s1").get(address).content.decode()
