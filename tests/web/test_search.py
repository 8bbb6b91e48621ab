"""One search box: what one may see is found, by kind; nothing of another unit, no person by name, each look kept."""

from __future__ import annotations

import re
import statistics
import time
from typing import Any

import pytest

from support.office import Office
from support.office_settled import Settled


def found(client: Any, asked: str) -> dict[str, list[str]]:
    """By kind the addresses that a search leads to."""
    answer = client.get("/search", {"q": asked})
    assert answer.status_code == 200
    main = answer.content.decode().split("<main", 1)[1]
    sections = re.findall(r'<h2 class="inset">([^<]*)</h2>(.*?)</section>', main, re.DOTALL)
    return {kind: re.findall(r'<td><a href="([^"]*)"', rows) for kind, rows in sections}


class TestTheBox:
    def test_it_is_in_the_head_of_every_page_and_works_without_a_script(self, office: Office) -> None:
        for username in ("b1", "h4a", "s1", "s3"):
            text = office.client(username).get("/notices").content.decode()
            assert re.search(r'<form class="seek" action="/search" role="search">.*?name="q"', text), username

    def test_nothing_asked_or_found_says_what_can_be_searched(self, office: Office) -> None:
        ways = {who: office.client(who).get("/search?q=没有这样的东西").content.decode() for who in ("b1", "s1")}
        assert "没有找到“没有这样的东西”" in ways["b1"]
        assert "病组或核心病组的编码、名称" in ways["b1"]
        assert "病组或核心病组的编码、名称" not in ways["s1"]  # no business for a system role
        assert "可以查找以下内容" in office.client("b1").get("/search").content.decode()

    def test_it_is_said_in_english_too(self, office: Office) -> None:
        from drgpay_web.people import Person

        Person.objects.filter(username="b1").update(language="en")
        text = office.client("b1").get("/search?q=point value").content.decode()
        assert 'inset">Rules and parameters</h2>' in text
        assert 'inset">Glossary</h2>' in text


class TestWhatIsFound:
    def test_a_stay_by_its_whole_number_and_the_look_is_kept(self, settled: Settled) -> None:
        from drgpay_web.trail.models import Event

        stay = settled.stay_of(settled.a)
        assert f"/stays/{settled.year.pk}/{stay}" in found(settled.office.client("h1a"), stay)["病例"]
        last = Event.objects.filter(act="stay.see", person="h1a").order_by("number").last()
        assert last is not None
        assert last.subject.endswith(f"/{stay}")
        assert "病例" not in found(settled.office.client("h1a"), stay[:-1])

    def test_groups_institutions_and_rules(self, settled: Settled) -> None:
        client = settled.office.client("b4")
        drg = next(row["drg"] for row in settled.stays[settled.a] if row["status"] == "grouped")
        assert f"drg.is={drg}" in " ".join(found(client, drg)["病组"])
        assert "drg.in=" in found(client, drg[:3].lower())["病组"][0]
        assert settled.a in " ".join(found(client, settled.a)["机构"])
        assert found(client, "分解住院")["监测规则"][0].startswith("/oversight/leads?rule=")
        assert found(client, "低倍率")["规则与参数"][0].startswith("/policy/practice/")
        assert "/glossary#low" in found(client, "低倍率")["名词解释"]
        assert any(one.startswith("/registers/") for one in found(client, "科室")["登记表"])
        assert "/oversight/leads" in found(client, "疑点线索")["功能"]

    def test_the_stays_of_an_adjacent_group_are_all_shown(self, settled: Settled) -> None:
        client = settled.office.client("b1")
        drg = next(row["drg"] for row in settled.stays[settled.a] if row["status"] == "grouped")
        address = found(client, drg[:3])["病组"][0].replace("&amp;", "&")
        inside = [r for rows in settled.stays.values() for r in rows if (r["drg"] or "").startswith(drg[:3])]
        assert f"共 {len(inside)} 行" in client.get(address).content.decode()

    def test_cases_by_number_title_and_stay(self, office: Office) -> None:
        from drgpay_web import flow

        house = office.house_a
        case = flow.open_case(
            office.actor("h1a"), machine="submission", unit=house, period="2024-03", subject="三月清单",
            data={"received": 1, "sha256": "0", "columns": {}},
        )  # fmt: skip
        for asked in (case.number, "三月清单", case.number.lower()):
            assert found(office.client("h1a"), asked)["事项"] == [f"/cases/{case.pk}"]
            assert "事项" not in found(office.client("h1b"), asked)
            assert "事项" not in found(office.client("s1"), asked)

    def test_files_are_ones_own(self, office: Office) -> None:
        from drgpay_web import clock
        from drgpay_web.papers.models import Download

        serial = "20240408-0A1B2C3D"
        now = clock.real_now()
        Download.objects.create(
            person=office.person("b1"), unit=office.area, serial=serial, name="一览.xlsx", sha256="0" * 64, size=1,
            rows=1, persons=False, at=now, until=now,
        )  # fmt: skip
        assert found(office.client("b1"), serial)["我的下载"][0].startswith("/downloads")
        assert "我的下载" not in found(office.client("b3"), serial)
        assert found(office.client("b2"), serial)["文件出处"] == [f"/which-file?asked={serial}"]


class TestWhatIsNot:
    def test_nothing_of_another_hospital(self, settled: Settled) -> None:
        mine, theirs = settled.stay_of(settled.a), settled.stay_of(settled.b)
        for username in ("h1a", "h2a", "h3a", "h4a", "h6a", "b5"):
            client = settled.office.client(username)
            for asked in (theirs, settled.b, settled.office.house_b.name):
                text = client.get("/search", {"q": asked}).content.decode()
                assert f"/{theirs}" not in text, (username, asked)
                assert f"institution_id.is={settled.b}" not in text, (username, asked)
        assert "病例" not in found(settled.office.client("h6a"), mine)  # sees no stays

    def test_persons_by_name_or_number(self, settled: Settled) -> None:
        row = settled.stays[settled.a][0]
        asked = {row["person_id"], settled.office.person("h4a").name, settled.office.person("b1").name}
        for username in ("b1", "b4", "h1a", "s1"):
            for one in asked:
                assert found(settled.office.client(username), one) == {}, (username, one)

    def test_what_is_not_published_is_not_there_for_hospitals(self, settled: Settled) -> None:
        from drgpay_web.store.models import Result

        stay = settled.stay_of(settled.a)
        Result.objects.update(state="made")
        assert "病例" not in found(settled.office.client("h1a"), stay)
        assert "病例" in found(settled.office.client("b1"), stay)


def test_the_number_of_queries_does_not_grow_with_what_is_found(settled: Settled) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = settled.office.client("b1")
    counts = []
    for asked in ("A", "FM19", "没有"):
        with CaptureQueriesContext(
            connection,
        ) as kept:
            client.get("/search", {"q": asked})
        counts.append(len(kept))
    assert max(counts) - min(counts) <= 3, counts


@pytest.mark.slow
def test_it_is_fast(settled: Settled) -> None:
    client, times = settled.office.client("b1"), []
    asked = [row["stay_id"] for row in settled.stays[settled.a][:10]] + ["FM1", "肺炎", "点值", "医院", "公告"] * 2
    client.get("/search", {"q": "warm"})
    for one in asked:
        start = time.process_time()
        client.get("/search", {"q": one})
        times.append(time.process_time() - start)
    assert statistics.quantiles(times, n=20)[-1] < 0.3
