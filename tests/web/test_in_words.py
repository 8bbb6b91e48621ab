"""What a reader is told in words: results by their titles, audit events, amounts with their unit; and no way to a
page that is shut to him."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.urls import Resolver404, resolve

from drgpay.tables import SETTLED_STAYS
from drgpay_web import trail
from drgpay_web.people import role_words
from drgpay_web.people.matrix import Role
from drgpay_web.trail.telling import subject_words, values_of
from drgpay_web.ui.navigation import open_to
from drgpay_web.ui.tables import headed, title_of
from support.office import BUREAU, HOSPITAL, Office

PEOPLE = [role.lower() for role in BUREAU] + [f"{role.lower()}a" for role in HOSPITAL]
INTERNAL = re.compile(r"\b(?:[ym]\d{4}(?:-\d+)?|(?:chs|bj|zj)-drg-\d[\d.]*|None|null)\b")
"""names of folders and schemes, which stand in addresses only"""


@pytest.mark.parametrize("username", PEOPLE)
def test_no_page_of_the_menu_has_internal_names_or_leads_where_one_may_not_go(office: Office, username: str) -> None:
    client, actor = office.client(username), office.actor(username)
    for place in open_to(actor):
        if place.address == "/api":
            continue  # for programs: its words are those of the interface
        page = client.get(place.address).content.decode()
        main = page[page.index("<main") : page.index("</main>")]
        text = re.sub(r"<(?:script|style).*?</(?:script|style)>|<[^>]+>", " ", main, flags=re.S)
        assert place.address == "/glossary" or not INTERNAL.search(text), (place.address, INTERNAL.search(text))
        for href in set(re.findall(r'href="(/[^"?#]*)', main)):
            try:
                door = getattr(resolve(href).func, "door", None)
            except Resolver404:
                continue
            assert door is None or actor.may(door), (username, place.address, href)


@pytest.mark.parametrize(
    ("kind", "period", "zh", "en"),
    [
        ("run", "2023", "2023年度清算结果（7号）", "Clearing of 2023 (no. 7)"),
        ("run", "2024-02", "2024年2月结算结果（7号）", "Settlement of 2024-02 (no. 7)"),
        ("look", "2024-02", "2024年2月监测结果（7号）", "Look of 2024-02 (no. 7)"),
        ("base", "", "基期测算结果（7号）", "Base period (no. 7)"),
    ],
)
def test_a_result_is_called_by_what_it_is_of(kind: str, period: str, zh: str, en: str) -> None:
    from drgpay_web.store import Result

    result = Result(pk=7, kind=kind, period=period, name="y2023-1")
    assert (result.zh, result.en) == (zh, en)


def test_every_kind_of_result_has_a_title() -> None:
    from drgpay_web.store import Result
    from drgpay_web.store.places import KINDS

    for kind in KINDS:
        for period in ("", "2023", "2024-02"):
            assert re.search(r"[\u4e00-\u9fff]", Result(pk=1, kind=kind, period=period).zh)


def test_amounts_have_their_unit_and_other_columns_none() -> None:
    assert headed(SETTLED_STAYS["due"], "zh") == f"{title_of(SETTLED_STAYS['due'], 'zh')}（元）"
    assert headed(SETTLED_STAYS["due"], "en").endswith(" (yuan)")
    assert headed(SETTLED_STAYS["points"], "zh") == title_of(SETTLED_STAYS["points"], "zh")


def event(act: str, subject: str, before: object, after: object, role: str = "B1") -> trail.Event:
    return trail.Event(
        number=1, at=datetime(2024, 4, 8, tzinfo=UTC), person="system", role=role, act=act, subject=subject,
        before=json.dumps(before), after=json.dumps(after), outcome="done",
    )  # fmt: skip


def test_the_audit_says_states_and_things_in_words() -> None:
    told = event("special_review.tell", "case:TL-1", {"state": "decided"}, {"state": "told", "version": 9})
    assert [name for name, _, _ in values_of(told, "zh")] == ["状态", "版次"]
    _, before, after = values_of(told, "zh")[0]
    assert not re.search(r"[a-z]", before + after)
    of_result = event("result.state", "result:4", {"state": "candidate"}, {"state": "published"})
    assert values_of(of_result, "zh") == [("状态", "候选", "已公布")]
    assert subject_words("pin:sample-1-9000/v00004", "zh") == "数据版本 v00004"
    assert not re.search(r"[a-z]", subject_words("register:sample-1-9000//stay_decisions", "zh"))


def test_the_system_is_told_once_and_in_words() -> None:
    said = trail.sentence(event("job.done", "job:7", None, None, role="SYS"), "zh")
    assert said.startswith(f"{role_words(Role.SYSTEM, 'zh')} ")
    assert "system" not in said


def test_those_who_handle_no_cases_are_led_to_their_pages(office: Office) -> None:
    for username in ("s1", "s2", "s3"):
        page = office.client(username).get("/").content.decode()
        main = page[page.index("<main") : page.index("</main>")]
        its = [p.address for p in open_to(office.actor(username)) if p.group == "system"]
        assert its
        assert all(f'href="{address}"' in main for address in its)
        assert "data-submits" not in main
    assert "data-submits" in office.client("b1").get("/").content.decode()
