"""Boards: nothing of another hospital, no query per row, the same figures as the run, persons only with a reason."""

from __future__ import annotations

import pytest

from drgpay.runs import Scope, View, browse
from drgpay.units import show_fen
from support.office_settled import Settled
from support.screens import table_on

BUREAU, HOUSE = "b1", "h1a"
OTHERS = ("h3a", "h4a", "h6a")
"""further people of the hospital"""


def addresses(settled: Settled, house: str, stay: str) -> list[str]:
    """Every page of boards and files, of a hospital and a stay."""
    from drgpay.runs import tables_of
    from drgpay_web import store

    year, month = settled.year.pk, settled.month.pk
    seen = tables_of(store.folder(settled.year), Scope.everything())
    tables = [one.table.name for one in seen if one.rows]
    splits = ("institution_id", "level", "department_id", "doctor_id", "drg", "month", "case_class")
    return [
        "/boards/payment", f"/boards/payment?institution_id.is={house}",
        f"/boards/payment?period={month}&institution_id.is={house}", "/boards/performance?year=2024",
        f"/boards/performance?institution_id.is={house}",
        *(f"/boards/drill?by={by}" for by in splits), "/boards/drill?by=drg&set=quality",
        "/boards/drill?by=institution_id&compare=peers", f"/boards/drill?by=department_id&institution_id.is={house}",
        "/boards/stays", f"/boards/stays?institution_id.is={house}", "/boards/stays?sort=-due&page=2",
        "/boards/tables", *(f"/boards/tables/{year}/{name}" for name in tables),
        f"/boards/tables/{month}/institution_months", f"/boards/figure/{year}/{house}/due",
        f"/boards/figure/{month}/{house}/due", f"/stays/{year}/{stay}", f"/search?q={stay}", "/search?q=医院",
        f"/take/{year}/table/settled_stays", f"/take/{year}/sums", f"/take/{year}/statement/{house}", "/downloads",
    ]  # fmt: skip


def canaries(settled: Settled, house: str) -> set[str]:
    """What is a hospital's alone: its stays, patients, doctors, and what it is due for each."""
    rows = settled.stays[house]
    found = {row[name] for row in rows for name in ("stay_id", "person_id", "doctor_id")}
    return found | {show_fen(row["due"]) for row in rows if row["due"] > 10_000_00}


@pytest.mark.parametrize("username", [HOUSE, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHERS)])
def test_nothing_of_a_hospital_is_in_any_answer_to_another(settled: Settled, username: str) -> None:
    mine = canaries(settled, settled.a)
    theirs = canaries(settled, settled.b) - mine
    assert len(theirs) > 100
    shown: set[str] = set()
    own, other = ((house, settled.stay_of(house)) for house in (settled.a, settled.b))
    client = settled.office.client(username)
    named = [one for one in addresses(settled, *other) if any(name in one for name in other)]
    for address in (*addresses(settled, *own), *named):
        answer = client.get(address)
        text = answer.content.decode()
        assert not [one for one in theirs if one in text and one not in address], address
        shown |= {one for one in mine if one in text}
        if address in named and not address.startswith("/search"):
            assert answer.status_code in (403, 404) or not table_on(answer).rows, address
    # canaries are what such answers are made of; a doctor has few, and the finance office sees no stays
    assert len(shown) > (50 if username == HOUSE else 0)


def test_what_is_not_published_is_for_the_bureau_alone(settled: Settled) -> None:
    from drgpay_web.store.models import Result

    Result.objects.update(state="made")
    house, bureau = settled.office.client(HOUSE), settled.office.client(BUREAU)
    stay = f"/stays/{settled.year.pk}/{settled.stay_of(settled.a)}"
    assert house.get(stay).status_code == 404
    assert "还没有可看的结算结果" in house.get("/boards/stays").content.decode()
    assert bureau.get(stay).status_code == 200


@pytest.mark.parametrize("lang", ["zh", pytest.param("en", marks=pytest.mark.slow)])
def test_every_page_opens_in_both_languages(settled: Settled, lang: str) -> None:
    from drgpay_web.people import Person

    Person.objects.update(language=lang)
    client = settled.office.client(BUREAU)
    for address in addresses(settled, settled.a, settled.stay_of(settled.a)):
        assert client.get(address).status_code == 200, address


def test_the_board_shows_what_the_run_says(settled: Settled) -> None:
    from drgpay_web import store

    client = settled.office.client(HOUSE)
    page = client.get(f"/boards/payment?period={settled.year.pk}")
    rows = browse(store.folder(settled.year), View("statements", scope=Scope.institution(settled.a))).rows
    text = page.content.decode()
    assert rows
    for row in rows:
        assert show_fen(row["final_payment"]) in text
    policy = page["Content-Security-Policy"]
    assert "style-src-attr 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy


def test_a_drill_leads_down_to_the_stays_and_they_add_up(settled: Settled) -> None:
    client = settled.office.client(BUREAU)
    address, due = f"/boards/drill?period={settled.year.pk}", ""
    for step in ("定点医疗机构", "出院科别", "主诊医师", "病组"):
        table = table_on(client.get(address))
        row = next(row for row in table.rows if row[table.column(step)][1])
        due, address = row[table.column("应付")][0], row[table.column(step)][1]
    stays = table_on(client.get(address))
    assert address.startswith("/boards/stays?")
    assert stays.foot[stays.column("应付")] == due
    card = client.get(stays.rows[0][0][1]).content.decode()
    for said in ("入组过程", "规则的条件", "机构系数", "点数", "参数与依据", "文件与条款"):
        assert said in card


def test_queries_do_not_grow_with_rows(settled: Settled) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = settled.office.client(BUREAU)

    def queries(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    one = settled.stay_of(settled.a)
    assert queries("/boards/stays") == queries(f"/boards/stays?stay_id.is={one}") <= 16
    assert queries("/boards/drill?by=drg") == queries("/boards/drill?by=level") <= 25
    for board in ("payment", "performance"):
        assert queries(f"/boards/{board}?year=2024") <= 40
        assert queries(f"/boards/{board}?institution_id.is={settled.a}") <= 40


class TestPersons:
    def test_are_masked_until_somebody_gives_a_reason_which_is_recorded(self, settled: Settled) -> None:
        from drgpay_web.trail.models import Event

        client, row = settled.office.client(HOUSE), settled.stays[settled.a][0]
        address = f"/stays/{settled.year.pk}/{row['stay_id']}"
        assert row["person_id"] not in client.get(address).content.decode()
        assert client.post(f"{address}/persons", {"reason": " "}).status_code == 422
        shown = client.post(f"{address}/persons", {"reason": "核对申诉"})
        assert row["person_id"] in shown.content.decode()
        event = Event.objects.get(act="stay.persons", outcome="done")
        assert (event.reason, event.subject) == ("核对申诉", f"stay:{settled.year.pk}/{row['stay_id']}")
        assert row["person_id"] not in str(event.__dict__)

    def test_are_not_for_those_whose_role_may_not(self, settled: Settled) -> None:
        address = f"/stays/{settled.year.pk}/{settled.stay_of(settled.a)}/persons"
        assert settled.office.client("b1").post(address, {"reason": "x"}).status_code == 403
        assert settled.office.client("h1b").post(address, {"reason": "x"}).status_code == 404

    def test_no_filter_and_no_order_by_them(self, settled: Settled) -> None:
        client = settled.office.client(HOUSE)
        person = settled.stays[settled.a][0]["person_id"]
        assert client.get(f"/boards/stays?person_id.is={person}").status_code == 400

    def test_a_look_at_a_stay_is_recorded(self, settled: Settled) -> None:
        from drgpay_web.trail.models import Event

        address = f"/stays/{settled.year.pk}/{settled.stay_of(settled.a)}"
        settled.office.client(HOUSE).get(address)
        assert Event.objects.filter(act="stay.see", subject=f"page:{address}").count() == 1


def test_leadership_sees_sums_but_no_stays(settled: Settled) -> None:
    client = settled.office.client("h6a")
    assert client.get(f"/boards/tables/{settled.year.pk}/case_points").status_code == 404
    assert client.get(f"/stays/{settled.year.pk}/{settled.stay_of(settled.a)}").status_code == 403
    names = [row[0][0] for row in table_on(client.get("/boards/tables")).rows]
    assert "年度清算单" in names
    assert "病例点数" not in names


def test_a_filter_that_is_none_is_named(settled: Settled) -> None:
    client = settled.office.client(BUREAU)
    assert client.get("/boards/stays?los.is=many").status_code in (400, 422)
    assert client.get("/boards/stays?nothing.is=1").status_code == 400
    assert client.get("/boards/drill?by=person_id&month.is=x").status_code in (400, 422)
    assert client.get("/boards/drill?by=nothing&page=zero&sort=none").status_code == 200
    assert client.get("/boards/payment?period=999").status_code == 404


def test_an_expert_sees_the_stays_he_was_given_masked_and_no_others(
    settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    from drgpay_web import flow
    from drgpay_web.people import Act
    from drgpay_web.ui import words
    from support.office_people import actor
    from support.office_rules import shared, words_of

    known = words_of(shared())
    monkeypatch.setattr(words, "words", lambda: known)
    desk, office, result = settled.office, settled.office, settled.year
    b1, expert = desk.actor("b1"), desk.actor("b5")
    page = office.client("b5")
    (row, other), theirs = settled.stays[settled.a][:2], settled.stays[settled.b][0]
    assert "还没有分派给您的病例" in page.get("/boards/stays").content.decode()
    house = next(one for one in b1.institutions(Act.STAY_SEE) if one.code == settled.a)
    case = flow.open_case(
        actor("H1", house), machine="shared", unit=house, stays=[row["stay_id"]], data={"amount": 1}
    )
    assert page.get(f"/stays/{result.pk}/{row['stay_id']}").status_code == 404
    flow.give(b1, case, person=expert.person, slot="first")
    answer = page.get(f"/stays/{result.pk}/{row['stay_id']}")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert row["person_id"] not in text
    assert f'href="/cases/{case.pk}"' in text
    for stay in (other, theirs):
        assert page.get(f"/stays/{result.pk}/{stay['stay_id']}").status_code == 404
    assert [line[0][0] for line in table_on(page.get("/boards/stays")).rows] == [row["stay_id"]]
    flow.end_given(case)
    assert page.get(f"/stays/{result.pk}/{row['stay_id']}").status_code == 404
