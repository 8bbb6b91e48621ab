"""The API of an institution's systems: tokens, the envelope of failures, and the same figures as the run."""

from __future__ import annotations

from typing import Any

import pytest

from drgpay.runs import Scope, View, browse
from support.office_settled import Settled

STAY = {"sex": "男", "age": 60, "dx": ["I21.100"], "proc": []}


class Systems:
    """An institution's system with its token."""

    def __init__(self, text: str) -> None:
        from django.test import Client

        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}")

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(f"/api/v1{path}", body, content_type="application/json")


def issue(settled: Settled, house: Any, *scopes: str) -> tuple[Any, str]:
    from drgpay_web.api import actions
    from drgpay_web.people import Unit

    unit = Unit.objects.get(pk=house.pk)
    return actions.create_token(settled.office.actor("s1"), unit=unit, name="HIS", scopes=scopes, reason="接入")


@pytest.fixture
def his(settled: Settled) -> Systems:
    return Systems(issue(settled, settled.office.house_a, "group", "statements", "stays")[1])


def failure(answer: Any) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()["error"]
    assert set(said) == {"kind", "zh", "en", "fix_zh", "fix_en", "file", "row", "field", "value"}
    assert said["zh"]
    assert said["en"]
    assert answer["X-Request-ID"]
    return said


class TestTokens:
    def test_the_administrator_issues_one_which_is_shown_once_and_never_kept(self, settled: Settled) -> None:
        from drgpay_web.api.models import Token
        from drgpay_web.trail.models import Event

        client = settled.office.client("s1")
        form = {"unit": settled.office.house_a.pk, "role": "H1", "name": "HIS", "scopes": ["group"], "reason": "接入"}
        page = client.post("/tokens/new", form).content.decode()
        token = Token.objects.get()
        text = page.partition("<code>")[2].partition("</code>")[0]
        assert text.startswith(token.start)
        assert text not in str(token.__dict__)
        assert text not in client.get("/tokens").content.decode()
        assert Event.objects.get(act="token.create").reason == "接入"
        assert Systems(text).post("/group", {"stays": [STAY]}).status_code == 200

    def test_one_of_the_performance_office_reads_performance_pay_and_nothing_else(self, settled: Settled) -> None:
        from drgpay_web.api import actions
        from drgpay_web.api.models import Token
        from drgpay_web.people import Unit
        from drgpay_web.ui import Unfit

        client, house = settled.office.client("s1"), settled.office.house_a
        form = {"unit": house.pk, "role": "H6", "name": "OA", "scopes": ["performance", "cases"], "reason": "接入"}
        page = client.post("/tokens/new", form).content.decode()
        assert "只能读取本院绩效" in page
        with pytest.raises(Unfit):
            actions.create_token(
                settled.office.actor("s1"), unit=Unit.objects.get(pk=house.pk), name="OA", scopes=("cases",),
                reason="接入", role="H5",
            )  # fmt: skip
        assert not Token.objects.exists()
        client.post("/tokens/new", form | {"scopes": ["performance"]})
        assert Token.objects.get().scopes == ["performance"]

    def test_without_one_that_holds_nothing_is_answered(self, settled: Settled) -> None:
        from drgpay_web.api import actions
        from drgpay_web.api.models import Token

        token, text = issue(settled, settled.office.house_a, "group")
        assert Systems(text).get("/statements/2024").status_code == 401  # not for this
        for wrong in ("", "drgpay_none", text[:-1]):
            assert failure(Systems(wrong).post("/group", {"stays": [STAY]}))["kind"] == "token"
        Token.objects.update(until="2020-01-01T00:00Z")
        assert Systems(text).post("/group", {"stays": [STAY]}).status_code == 401
        Token.objects.update(until="2099-01-01T00:00Z")
        actions.revoke_token(settled.office.actor("s1"), token, reason="停用")
        assert Systems(text).post("/group", {"stays": [STAY]}).status_code == 401

    def test_a_session_of_a_browser_is_no_token(self, settled: Settled) -> None:
        assert settled.office.client("h1a").get("/api/v1/periods").status_code == 401


class TestGrouping:
    def test_groups_as_the_grouper_does_and_stores_nothing(self, his: Systems) -> None:
        said = his.post("/group", {"stays": [STAY, STAY | {"dx": ["J18.900"]}]}).json()
        from drgpay import Grouper

        groups = Grouper(said["scheme"]).group([STAY, STAY | {"dx": ["J18.900"]}])
        assert [one["drg"] for one in said["groups"]] == [one.drg for one in groups]
        assert his.post("/explain", {"stay": STAY}).json()["drg"] == groups[0].drg

    def test_what_is_wrong_is_named(self, his: Systems) -> None:
        assert failure(his.post("/group", {"stays": [STAY] * 501}))["field"].endswith("stays")
        assert his.post("/group", {"stays": []}).status_code == 422
        assert his.post("/group", {}).status_code == 422
        assert his.client.post("/api/v1/group", "{", content_type="application/json").status_code == 400
        answer = his.post("/group", {"stays": [STAY | {"sex": "x" * 9}]})
        assert answer.status_code in (200, 422)
        answer = his.post("/group", {"stays": [{"sex": "男"}]})
        assert answer.status_code == 422
        assert failure(answer)["kind"] == "data"


class TestStatements:
    def test_are_the_runs_figures_of_ones_own(self, settled: Settled, his: Systems) -> None:
        from drgpay_web import store

        assert [one["period"] for one in his.get("/periods").json()["periods"]] == ["2024", "2024-02"]
        for period, table, result in (
            ("2024", "statements", settled.year),
            ("2024-02", "institution_months", settled.month),
        ):
            said = his.get(f"/statements/{period}").json()
            rows = browse(store.folder(result), View(table, scope=Scope.institution(settled.a))).rows
            assert said["rows"] == rows
            assert said["digest"] == result.digest
        assert failure(his.get("/statements/2023"))["kind"] == "office"

    def test_are_not_there_before_they_are_published(self, settled: Settled, his: Systems) -> None:
        from drgpay_web.store.models import Result

        Result.objects.update(state="made")
        assert his.get("/periods").json() == {"periods": []}
        assert his.get("/statements/2024").status_code == 404


def test_a_stay_is_explained_to_its_own_hospital_only_and_that_is_recorded(settled: Settled, his: Systems) -> None:
    from drgpay_web.trail.models import Event

    own = settled.stays[settled.a][0]
    said = his.get(f"/stays/2024/{own['stay_id']}")
    assert said.json()["stay"]["due"] == own["due"]
    assert own["person_id"] not in said.content.decode()
    assert Event.objects.filter(act="stay.see", subject__endswith=own["stay_id"]).count() == 1
    assert his.get(f"/stays/2024/{settled.stay_of(settled.b)}").status_code == 404


def test_the_number_of_a_request_comes_back(his: Systems) -> None:
    assert his.client.get("/api/v1/periods", headers={"X-Request-ID": "abc-1"})["X-Request-ID"] == "abc-1"
    assert his.client.get("/api/v1/periods", headers={"X-Request-ID": "a b\n"})["X-Request-ID"] != "a b"
