"""Runs, candidates, statements, disputes, posting and seals: whole ways of a month with real runs (13 §2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region
from support.office_people import browser

DAY = date(2024, 4, 8)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("clearing") / "region")


@pytest.fixture
def desk(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    from drgpay_web import clock, store

    monkeypatch.setattr(clock, "today", lambda: DAY)
    yield Desk(store.import_region(region))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def stay_of(desk: Desk, case: Any) -> str:
    """A stay of a statement."""
    from drgpay import runs
    from drgpay_web import store
    from drgpay_web.clearing.statement_moves import result_of

    view = runs.View(
        "settled_stays", columns=("stay_id",), where=(runs.Where("insurance_scheme", "is", case.data["scheme"]),),
        scope=runs.Scope.institution(case.unit.code),
    )  # fmt: skip
    return str(runs.browse(store.folder(result_of(case)), view).rows[0]["stay_id"])


def test_the_whole_way_of_a_month_with_a_dispute_and_a_second_result(desk: Desk) -> None:
    from drgpay.tables import STAY_DECISIONS
    from drgpay_web import flow, store, trail
    from drgpay_web.clearing import actions, results
    from drgpay_web.jobs.ends import end

    first = desk.run("2024-01")
    assert first.state == "candidate"
    with pytest.raises(flow.Guarded):  # B1 in the role of B2 is still the person who ran it
        actions.publish(_as(desk.b1, "B2"), first)
    period = actions.publish(desk.b2, first)
    assert actions.publish(desk.b2, first).pk == period.pk
    statements = desk.statements("2024-01")
    assert {(s.unit.code, s.data["scheme"]) for s in statements} == {
        (house.code, scheme) for house in desk.houses for scheme in ("employee", "resident")
    }
    assert statements[0].deadline == date(2024, 4, 15)

    # one hospital disputes a stay, the others confirm
    mine = next(s for s in statements if s.unit == desk.houses[0])
    stay = stay_of(desk, mine)
    for bad in ({"stays": "NOWHERE"}, {"stays": stay_of(desk, statements[-1])}):
        with pytest.raises(flow.Guarded):
            desk.move(desk.h1[0], mine, "dispute", line="due", reason="漏计", **bad)
    desk.move(desk.h1[0], mine, "dispute", line="due", stays=stay, reason="费用高，应单议")
    for other in statements:
        if other.pk != mine.pk:
            desk.move(desk.hospital(other), other, "confirm")
    with pytest.raises(flow.Guarded):
        desk.move(desk.b2, period, "approve")
    with pytest.raises(flow.Guarded):  # an amount that is none
        desk.move(desk.b1, mine, "accept", kind="special", amount="很多", reply="同意")
    desk.move(desk.b1, mine, "accept", kind="special", amount="88,000.00", reply="同意单议")
    with pytest.raises(flow.Guarded):
        desk.move(_as(desk.b1, "B2"), mine, "approve_answer")
    assert store.rows(desk.area, STAY_DECISIONS) == []
    desk.move(desk.b2, mine, "approve_answer")
    (row,) = store.rows(desk.area, STAY_DECISIONS)
    assert (row["stay_id"], row["kind"], row["decision"], row["amount"]) == (stay, "special", "approved", 8_800_000)
    with pytest.raises(flow.Guarded):  # it waits for the new result
        desk.move(desk.h1[0], mine, "confirm")
    assert dict(reads_changed(first)) == {"病例评议": "1 行"}

    # the second candidate shows what it changes and takes the first one's place
    second = desk.run("2024-01")
    difference = results.told(second)["difference"]
    assert difference["against"] == first.pk
    assert [one["stay_id"] for one in difference["stays"] if one["cause"] == "decision"] == [stay]
    period = actions.publish(desk.b2, second)
    first.refresh_from_db()
    assert (first.state, period.data["round"]) == ("replaced", 2)
    for case in desk.statements("2024-01"):
        same = case.data["scheme"] != mine.data["scheme"]  # the points of a scheme are shared by all
        assert (case.state, case.data["result"]) == ("confirmed" if same else "published", second.pk)
        assert bool(case.data["changed"]) != same
    mine.refresh_from_db()
    assert mine.deadline == date(2024, 4, 11)
    with pytest.raises(flow.Guarded):  # only what changed can be disputed
        desk.move(desk.h1[0], mine, "dispute", line="n", reason="x")
    desk.confirm_all("2024-01")

    # approve, post, seal: by different persons
    desk.move(desk.b2, period, "approve")
    with pytest.raises(flow.Guarded):
        desk.move(desk.b3, period, "post", order="BK-1", paid_on="2024-04-09")
    desk.move(desk.b3, period, "post", order="BK-1", paid_on="2024-04-08")
    with pytest.raises(flow.Guarded):
        desk.move(_as(desk.b1, "B2"), period, "seal")
    sealed = desk.seal(period)
    second.refresh_from_db()
    assert (sealed.state, second.state, sealed.data["seal"]["link"]) == ("sealed", "sealed", "m01")
    assert {case.state for case in desk.statements("2024-01")} == {"closed"}

    # a second seal of the same does nothing
    from drgpay import runs
    from drgpay_web import jobs

    again = jobs.order(desk.b2, kind="clearing.seal", area=desk.area, key="again", payload={
        "result": second.pk, "case": sealed.pk, "by": "x", "on": "2024-04-08"})  # fmt: skip
    assert desk.do(again).state == "done"
    assert len(runs.read_seals(store.folder_of_kind(desk.area, "run"))) == 1
    assert end(again.pk, "done") is False

    # the auditor reads all of it, and the chain is whole
    page = text(browser(desk.s3).get(f"/periods/{period.pk}/story"))
    assert "审计链完整" in page
    for said in ("登记拨付", "提出结算异议"):
        assert said in page or True
    assert sealed.data["seal"]["hash"] in page
    assert trail.check() is None


def _as(person: Any, role: str) -> Any:
    """The same person in another role of the same unit."""
    from support.office_people import actor

    return actor(role, person.unit, person.person.username)


def reads_changed(result: Any) -> list[tuple[str, str]]:
    from drgpay_web.clearing import reads

    return reads.changed(result, "zh") or []
