"""How computed: figures of boards, statements, evaluation and fund have a way to their explanation; the glossary."""

from __future__ import annotations

import re

import pytest

from drgpay.runs import MEASURES, tables_of
from drgpay.runs.pages import Scope
from support.figures import figures
from support.office import Office
from support.office_settled import Settled


def test_the_judge_sees_a_figure_without_a_way() -> None:
    seen = figures('<main><section><h2>a</h2><table><tr><td class="number">1</td></tr></table></section></main>')
    assert seen.bare
    seen = figures(
        '<main><section><a class="how" href="/how">x</a><table><tr><td class="number">1</td></table></section>'
    )
    assert not seen.bare


@pytest.mark.parametrize("username", ["b1", "h1a"])
def test_every_figure_of_boards_has_its_way(settled: Settled, username: str) -> None:
    client, year, month = settled.office.client(username), settled.year.pk, settled.month.pk
    house = f"institution_id.is={settled.a}"
    parts = 0
    for address in (
        "/boards/payment", f"/boards/payment?{house}", f"/boards/payment?period={month}&{house}",
        "/boards/performance", f"/boards/performance?{house}", "/boards/drill?by=drg",
        "/boards/drill?by=drg&set=quality",
        f"/boards/drill?by=department_id&{house}", "/boards/stays", f"/boards/tables/{year}/statements",
        f"/boards/tables/{year}/pools", f"/boards/tables/{month}/institution_months",
        f"/stays/{year}/{settled.stay_of(settled.a)}",
    ):  # fmt: skip
        answer = client.get(address, follow=True)
        if answer.status_code in (403, 404) and username == "h1a":
            continue
        assert answer.status_code == 200, address
        seen = figures(answer.content.decode())
        explained = "/stays/" in address  # the page is the explanation of its figures
        assert explained or seen.bare == [], address
        parts += seen.parts
    assert parts > 15


@pytest.mark.parametrize("username", ["b1", "h1a", "h4a", "b5"])
def test_every_way_leads_to_an_explanation(settled: Settled, username: str) -> None:
    client, ways = settled.office.client(username), set()
    for address in (
        "/boards/payment",
        "/boards/performance",
        "/boards/drill",
        "/boards/stays",
        "/department",
        "/doctor",
    ):
        answer = client.get(address, follow=True)
        if answer.status_code == 200:
            ways |= set(re.findall(r'class="how" href="([^"]*)"', answer.content.decode()))
    for way in ways:
        answer = client.get(way.replace("&amp;", "&"))
        assert answer.status_code == 200, way
        assert "<tr" in answer.content.decode().split("<main")[1]
    assert ways or username == "b5"


def test_every_sum_that_is_no_plain_sum_has_words(settled: Settled) -> None:
    from drgpay_web.pages.glossary import term_of

    assert [name for name, one in MEASURES.items() if one.below is not None and term_of(name) is None] == []


def test_every_table_of_results_with_figures_can_be_explained(settled: Settled) -> None:
    from drgpay_web import store
    from drgpay_web.ui.values import NUMBERS

    client = settled.office.client("b1")
    for one in tables_of(store.folder(settled.year), Scope.everything()):
        if any(column.type in NUMBERS for column in one.table.columns):
            assert client.get(f"/how?of={one.table.name}").status_code == 200, one.table.name


def test_the_explanation_names_formula_parameter_and_document(office: Office) -> None:
    text = office.client("b1").get("/how?of=statements").content.decode()
    assert "质量保证金" in text
    assert "/policy/practice/" in text
    assert office.client("b1").get("/how?of=nothing_of_this").status_code == 404
    assert office.client("b1").get("/how")["Location"] == "/glossary"


class TestGlossary:
    def test_every_term_is_whole(self, office: Office) -> None:
        from drgpay_web.pages.glossary import parameters, terms
        from drgpay_web.ui.navigation import places

        there, known = {one.key for one in places()}, parameters("A1", "zh")
        assert len(terms()) > 50
        for one in terms():
            assert all(one.names), one.id
            assert all(one.says), one.id
            assert re.search("[\u3400-\u9fff]", one.says[0]), one.id
            assert not re.search("[\u3400-\u9fff]", one.names[1] + one.says[1]), one.id
            assert one.at in there, (one.id, one.at)
            assert not one.rule or one.rule in known, (one.id, one.rule)

    def test_no_figure_is_two_terms(self, office: Office) -> None:
        from drgpay_web.pages.glossary import terms

        named = [figure for one in terms() for figure in one.figures]
        assert sorted(named) == sorted(set(named))

    def test_a_term_can_be_linked_and_says_its_document(self, office: Office) -> None:
        text = office.client("h1a").get("/glossary", {"q": "质量保证金"}).content.decode()
        assert 'id="deposit"' in text
        assert "四个完善" in text or "本地约定" in text
        assert 'href="/periods"' in text
        assert 'href="/periods"' not in office.client("s1").get("/glossary", {"q": "质量保证金"}).content.decode()


@pytest.mark.parametrize(
    ("username", "address"), [("h3a", "/department"), ("h4a", "/doctor"), ("h1a", "/department")]
)
def test_pages_inside_a_hospital_have_theirs(settled: Settled, username: str, address: str) -> None:
    answer = settled.office.client(username).get(address, follow=True)
    assert answer.status_code == 200
    assert figures(answer.content.decode()).bare == []
