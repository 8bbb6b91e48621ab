"""Two linked boards: one filter that goes along, figures that open, alerts on both, each role its own (13 §3)."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from drgpay.runs import Scope, Where, spent, spent_by_day, summarise
from drgpay.units import show_fen, show_percent
from support.office_settled import Settled
from support.screens import table_on

BUREAU, HOUSE, OTHER = "b1", "h1a", "h1b"


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return unescape(answer.content.decode())


def links(page: str, board: str) -> list[str]:
    return re.findall(rf'href="(/boards/{board}\?[^"]*)"', page)


def advance(settled: Settled, house: str, number: str, on: date, fen: int, scheme: str = "resident") -> None:
    from drgpay.tables import ADVANCES
    from drgpay_web import store
    from drgpay_web.people import system_actor

    row = {"advance_id": number, "year": 2024, "insurance_scheme": scheme, "institution_id": house, "date": on,
           "advance_kind": "ordinary", "amount": fen, "reserve": None}  # fmt: skip
    area = settled.ran.area
    store.put_rows(system_actor(area), area=area, table=ADVANCES, rows=[row], origin="form")


@pytest.fixture
def paid(settled: Settled) -> Settled:
    """The first hospital was prepaid twice, the second once."""
    from drgpay_web.store.models import Area

    Area.objects.get_or_create(code=settled.ran.area)
    advance(settled, settled.a, "1", date(2024, 1, 5), 40_000_000)
    advance(settled, settled.a, "2", date(2024, 2, 7), 1_234_567)
    advance(settled, settled.b, "3", date(2024, 1, 5), 7_700_000)
    return settled


class TestFilter:
    def test_goes_along_to_the_other_board(self, settled: Settled) -> None:
        client, drg = settled.office.client(BUREAU), settled.stays[settled.a][0]["drg"]
        asked = f"year=2024&month=02&institution_id.is={settled.a}&drg.is={drg}&insurance_scheme.is=resident"
        for here, there in (("payment", "performance"), ("performance", "payment")):
            found = links(text(client.get(f"/boards/{here}?{asked}")), there)
            assert set(asked.split("&")) in [set(one.partition("?")[2].split("&")) for one in found]

    def test_is_remembered_for_this_identity(self, settled: Settled) -> None:
        client = settled.office.client(BUREAU)
        asked = f"year=2024&month=02&institution_id.is={settled.a}"
        text(client.get(f"/boards/payment?{asked}"))
        again = client.get("/boards/performance")
        assert (again.status_code, again["Location"]) == (302, f"/boards/performance?{asked}")
        text(client.get("/boards/payment?year=2024"))
        assert client.get("/boards/payment")["Location"] == "/boards/payment?year=2024"
        assert settled.office.client("b2").get("/boards/payment").status_code == 200, "each his own"

    def test_choosing_in_a_table_sets_it(self, settled: Settled) -> None:
        client = settled.office.client(BUREAU)
        page = text(client.get("/boards/performance?year=2024"))
        (house,) = [one for one in links(page, "performance") if f"institution_id.is={settled.a}" in one][:1]
        page = text(client.get(house))
        ward = next(one for one in links(page, "performance") if "department_id.is=" in one)
        assert f"institution_id.is={settled.a}" in ward
        page = text(client.get(ward))
        group = next(one for one in links(page, "performance") if "drg.is=" in one)
        assert "department_id.is=" in group
        assert text(client.get(group))

    def test_a_hospital_is_always_its_own(self, settled: Settled) -> None:
        client = settled.office.client(HOUSE)
        for board in ("payment", "performance"):
            assert f"institution_id.is={settled.a}" in text(client.get(f"/boards/{board}?year=2024"))
            assert client.get(f"/boards/{board}?institution_id.is={settled.b}").status_code == 404

    def test_a_month_that_is_not_there_is_the_years_best(self, settled: Settled) -> None:
        client = settled.office.client(BUREAU)
        for asked, shown in (("year=2024&month=02", "2024 年 2 月"), ("year=2024", "2024 年清算"),
                             ("year=2024&month=11", "2024 年清算"), ("year=1999", "2024 年清算")):  # fmt: skip
            assert f'<span class="state">{shown}（已公布）' in text(client.get(f"/boards/payment?{asked}")), asked


@pytest.mark.parametrize("board", ["payment", "performance"])
@pytest.mark.parametrize("who", ["h3a", "h4a", "b5"])
def test_who_sees_a_part_only_sees_no_board(settled: Settled, who: str, board: str) -> None:
    assert settled.office.client(who).get(f"/boards/{board}").status_code == 403


def test_figures_open_where_they_come_from(settled: Settled) -> None:
    client = settled.office.client(BUREAU)
    page = text(client.get(f"/boards/payment?year=2024&institution_id.is={settled.a}"))
    tiles = dict(re.findall(r'<a class="name" href="([^"]+)">([^<]+)</a>', page))
    by_name = {name: address for address, name in tiles.items()}
    whole = summarise([settled.ran.year], by=(), measures=("n", "high", "qy"), scope=Scope.everything(),
                      where=(Where("institution_id", "is", settled.a),)).rows[0]  # fmt: skip
    for name, count in (("高倍率例数", whole["high"]), ("歧义例数", whole["qy"])):
        assert f"共 {count} 行" in text(client.get(by_name[name])) or count == 0
    drill = table_on(client.get(by_name["例数"]))
    assert drill.foot[drill.column("例数")] == str(whole["n"])
    for address in by_name.values():
        if address.startswith("/boards/"):
            assert client.get(address).status_code == 200, address


class TestPrepayment:
    def test_a_hospital_sees_its_own_day_by_day(self, paid: Settled) -> None:
        from drgpay.tables import ADVANCES
        from drgpay_web import store

        rows = store.rows(paid.ran.area, ADVANCES)
        where = (Where("institution_id", "is", paid.a),)
        days = spent_by_day([paid.ran.year], rows, scope=Scope.institution(paid.a), where=where)
        page = text(paid.office.client(HOUSE).get("/boards/payment?year=2024"))
        last = days[-1]
        assert last.spent.amount == 41_234_567
        assert show_fen(last.spent.amount) in page
        assert show_percent(last.spent.share or 0) in page
        assert len(days) > 20
        assert days[-1].on.isoformat() in page
        assert show_fen(7_700_000) not in page

    def test_the_bureau_sees_all(self, paid: Settled) -> None:
        page = text(paid.office.client(BUREAU).get("/boards/payment?year=2024"))
        for amount in (41_234_567, 7_700_000, 48_934_567):
            assert show_fen(amount) in page

    def test_is_what_plain_python_adds_up(self, paid: Settled) -> None:
        from drgpay.tables import ADVANCES
        from drgpay_web import store

        rows = store.rows(paid.ran.area, ADVANCES)
        found = spent([paid.ran.year], rows, scope=Scope.everything())
        assert {house: one.amount for house, one in found.items()} == {paid.a: 41_234_567, paid.b: 7_700_000}
        for house, one in found.items():
            assert one.used == sum(row["due"] for row in paid.stays[house])
        days = spent_by_day([paid.ran.year], rows, scope=Scope.everything())
        assert [day.on for day in days] == sorted({day.on for day in days})
        assert days[-1].spent.used == sum(one.used for one in found.values())
        mine = [row for row in paid.stays[paid.a] if row["insurance_scheme"] == "resident"]
        where = (Where("institution_id", "is", paid.a), Where("insurance_scheme", "is", "resident"))
        (day,) = [one for one in spent_by_day([paid.ran.year], rows, scope=Scope.everything(), where=where)
                  if one.on == max(row["discharge_date"] for row in mine)]  # fmt: skip
        assert day.spent.used == sum(row["due"] for row in mine)
        only = spent([paid.ran.year], rows, scope=Scope.institution(paid.b))
        assert list(only) == [paid.b]


class TestJudged:
    def test_satisfaction_as_it_comes(self, paid: Settled) -> None:
        from drgpay.tables import SATISFACTION_SURVEYS
        from drgpay_web import store
        from drgpay_web.people import system_actor

        client = paid.office.client(HOUSE)
        assert 'id="satisfaction"' not in text(client.get("/boards/performance?year=2024"))
        area = paid.ran.area
        rows = [{"year": 2024, "quarter": 1, "institution_id": house, "department_id": "all", "answers": n,
                 "satisfied": n - 7} for house, n in ((paid.a, 211), (paid.b, 97))]  # fmt: skip
        store.put_rows(system_actor(area), area=area, table=SATISFACTION_SURVEYS, rows=rows, origin="form")
        page = text(client.get("/boards/performance?year=2024"))
        assert "答卷 211 份" in page
        assert show_percent(9668) in page
        assert ">97<" not in page
        assert ">97<" in text(paid.office.client(BUREAU).get("/boards/performance?year=2024"))

    def test_pools_are_the_hospitals_own(self, settled: Settled) -> None:
        from drgpay_web.people import Act, Unit

        house = Unit.objects.get(kind="institution", code=settled.a)
        other = Unit.objects.get(kind="institution", code=settled.b)
        may = {who for who in ("b1", "b6", "h1a", "h2a", "h3a", "h5a", "h6a")
               if settled.office.actor(who).may(Act.BOARD_POOLS, house)}  # fmt: skip
        assert may == {"h1a", "h5a", "h6a"}
        assert not settled.office.actor("h5a").may(Act.BOARD_POOLS, other)


def test_an_alert_is_a_task_on_both_boards(settled: Settled) -> None:
    from drgpay_web import flow
    from drgpay_web.people import Unit, system_actor

    house = Unit.objects.get(kind="institution", code=settled.a)
    drg = settled.stays[settled.a][0]["drg"]
    data = {
        "look": 0, "due": "2024-05-08", "evidence": [], "alert_id": "AL15/x", "rule": "AL15", "scope": "group",
        "drg": drg, "value": 13_000, "threshold": 11_000, "zh": "病组费用消耗指数连续偏高", "en": "cost index",
        "action_zh": "成本分析", "action_en": "cost analysis", "owner": "settlement_office", "small": False,
    }  # fmt: skip
    case = flow.open_case(
        system_actor(settled.ran.area), machine="alert", unit=house, period="2024-03", data=data, subject=drg
    )
    for who in (BUREAU, HOUSE, "h6a"):
        client = settled.office.client(who)
        for board in ("payment", "performance"):
            page = text(client.get(f"/boards/{board}?year=2024&institution_id.is={settled.a}&drg.is={drg}"))
            assert f'href="/cases/{case.pk}"' in page, (who, board)
            assert "1.3000" in page
    assert f'href="/cases/{case.pk}"' not in text(settled.office.client(OTHER).get("/boards/payment?year=2024"))
    assert 'id="alerts"' not in text(settled.office.client("h5a").get("/boards/payment?year=2024"))
    flow.do(settled.office.actor(HOUSE), case, "acknowledge", version=case.version)
    page = text(settled.office.client(BUREAU).get("/boards/performance?year=2024"))
    assert flow.state_words(settled.office.actor(BUREAU), flow.Case.objects.get(pk=case.pk)) in page


class TestExcelIsTheScreen:
    @pytest.mark.parametrize(
        "asked",
        [
            "by=institution_id&set=performance", "by=drg&set=performance&sort=-cost_index",
            "by=institution_id&set=performance&compare=peers", "by=department_id&set=performance&compare=target",
            "by=drg&set=overview", "by=doctor_id&set=quality", "by=month&set=performance", "by=case_class",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("who", [BUREAU, HOUSE])
    def test_of_sums(self, settled: Settled, who: str, asked: str) -> None:
        client = settled.office.client(who)
        screen = table_on(client.get(f"/boards/drill?period={settled.year.pk}&{asked}"))
        client.post(f"/take/{settled.year.pk}/sums?{asked}", {"reason": "核对"})
        heads, rows = sheet(taken(client))
        assert heads == [title for title, _ in screen.heads]
        assert len(rows) >= len(screen.rows) > 0
        for row, shown in zip(rows, screen.rows, strict=False):
            assert [same(value) for value in row] == [same(cell) for cell, _ in shown]

    def test_of_small_tables(self, paid: Settled) -> None:
        from drgpay_web.papers.models import Download
        from drgpay_web.trail import Event

        client, number = paid.office.client(HOUSE), 0
        page = text(client.get("/boards/payment?year=2024"))
        for address in re.findall(r'href="(/boards/take/[^"]+)"', page):
            assert "共" in text(client.get(address))
            assert client.post(address, {"reason": " "}).status_code == 422
            assert client.post(address, {"reason": "核对"}).url == "/downloads"
            content, kept = taken(client), Download.objects.latest("pk")
            heads, rows = sheet(content)
            shown = table_on(client.get("/boards/payment?year=2024"))
            assert heads == [title for title, _ in shown.heads]
            assert [[same(v) for v in row] for row in rows] == [[same(c) for c, _ in row] for row in shown.rows]
            assert (kept.person.username, kept.result, kept.rows) == (HOUSE, paid.year, len(rows))
            assert kept.serial in kept.name
            printed = openpyxl.load_workbook(BytesIO(content)).active
            for edge in (printed.oddHeader.right.text, printed.oddFooter.left.text):
                assert kept.serial in edge, edge
                assert kept.person.name in edge, edge
            event = Event.objects.filter(act="export.table", subject=f"download:{kept.pk}").get()
            assert f'"rows":{len(rows)}' in event.after
            found = text(paid.office.client("s3").get(f"/which-file?asked={kept.serial}"))
            assert kept.name in found
            number += 1
        assert number == 1
        assert paid.office.client("h2a").get("/boards/take/by_day?year=2024").status_code == 403
        assert client.get("/boards/take/nothing?year=2024").status_code == 404
        assert client.get("/boards/take/by_house?year=2024").status_code == 404


def taken(client: Any) -> bytes:
    from drgpay_web.papers.models import Download

    return b"".join(client.get(f"/downloads/{Download.objects.latest('pk').pk}").streaming_content)


def sheet(content: bytes) -> tuple[list[str], list[list[Any]]]:
    """Heads and rows of a workbook's table: it begins below the row that names its columns."""
    lines = list(openpyxl.load_workbook(BytesIO(content)).active.iter_rows(values_only=True))
    at = next(n for n, line in enumerate(lines) if len([v for v in line if v is not None]) > 1)
    heads = [value for value in lines[at] if value is not None]
    rows = [list(line[: len(heads)]) for line in lines[at + 1 :] if any(value is not None for value in line)]
    return heads, [row for row in rows if row[0] not in ("合计",)]


def same(value: Any) -> str:
    """A cell of a workbook or of the screen as one writing: numbers by their value."""
    if value is None or value in ("", "–"):
        return ""
    said = str(value).strip().replace(",", "")
    share = said.endswith("%")
    try:
        number = float(said.rstrip("%")) / (100 if share else 1)
    except ValueError:
        return said.split(" 00:00:00")[0]
    return f"{number:.6f}"
