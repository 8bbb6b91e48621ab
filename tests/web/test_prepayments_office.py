"""A year's prepayment: computed, approved, paid, registered; and the next run nets it to the fen."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region
from support.office_people import actor, browser

YEAR = 2024


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("prepay") / "region")


@pytest.fixture
def desk(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    from drgpay import tables
    from drgpay_web import clock, store

    monkeypatch.setattr(clock, "today", lambda: date(2024, 4, 8))
    desk = Desk(store.import_region(region))
    past = [
        {"year": 2023, "insurance_scheme": "employee", "institution_id": house.code, "fund_paid": 120_000_00 + at,
         "unreasonable": 0, "heads": 100, "invalid_heads": 0}
        for at, house in enumerate(desk.houses)
    ]  # fmt: skip
    terms = [{"year": YEAR, "institution_id": house.code, "function": "general", "short_of_cash": False}
             for house in desk.houses]  # fmt: skip
    for table, rows in ((tables.INSTITUTION_HISTORY, past), (tables.PREPAYMENT_TERMS, terms)):
        store.put_rows(desk.b1, area=desk.area, table=table, rows=rows, origin="form")
    return desk


def job_of(desk: Desk, case: Any) -> Any:
    from drgpay_web import jobs

    job = desk.do(jobs.Job.objects.get(pk=case.data["job"]))
    case.refresh_from_db()
    return job


def computed(desk: Desk) -> Any:
    from drgpay_web.budget import actions

    case = actions.begin(desk.b1, machine="prepayment", year=str(YEAR))
    job = job_of(desk, case)
    assert job.state == "done", job.error
    assert case.state == "computed"
    return case


def approved(desk: Desk) -> Any:
    return desk.move(desk.b2, computed(desk), "approve", document="云医保〔2024〕5号")


def planned(case: Any) -> dict[tuple[str, str], int]:
    from drgpay_web.budget.plan_moves import tables_of

    return {(r["insurance_scheme"], r["institution_id"]): r["to_advance"] for r in tables_of(case)["prepayments"]}


def posted(desk: Desk, case: Any) -> Any:
    case = desk.move(desk.b3, case, "post", order="BK-7", paid_on="2024-01-10")
    job = job_of(desk, case)
    assert job.state == "done", job.error
    assert case.state == "posted", case.data.get("error")
    return case


def browsed(desk: Desk, result: Any, table: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    from drgpay import runs
    from drgpay_web import store

    return runs.browse(store.folder(result), runs.View(table, names, scope=runs.Scope.everything())).rows


def ran(desk: Desk, period: str, kind: str, policy: str) -> Any:
    from drgpay_web import store
    from drgpay_web.clearing import actions

    look = desk.do(actions.order_look(desk.b1, period=period, kind=kind, policy=policy))
    assert look.state == "done", look.error
    job = desk.do(actions.order_run(desk.b1, look=look, reason="小样本"))
    assert job.state == "done", job.error
    return store.Result.objects.get(job=job)


NAMES = ("insurance_scheme", "institution_id", "advance_netted")


def test_month_and_clearing_net_what_was_paid(desk: Desk) -> None:
    from drgpay.tables import ADVANCES
    from drgpay_web import store, trail

    case = approved(desk)
    plan = planned(case)
    assert store.rows(desk.area, ADVANCES) == [], "what is approved is not paid yet"
    posted(desk, case)
    rows = store.rows(desk.area, ADVANCES)
    assert {(r["insurance_scheme"], r["institution_id"]): r["amount"] for r in rows} == plan
    assert len(plan) == len(desk.houses)
    assert all(plan.values())
    assert {r["date"] for r in rows} == {date(2024, 1, 10)}
    year = ran(desk, "2024", "trial", "demo")
    netted = {(r["insurance_scheme"], r["institution_id"]): r["advance_netted"]
              for r in browsed(desk, year, "statements", NAMES)}  # fmt: skip
    assert {key: fen for key, fen in netted.items() if fen} == plan, "the clearing nets it to the fen"
    month = ran(desk, "2024-01", "candidate", monthly(desk, case))
    cash = {(r["insurance_scheme"], r["institution_id"]): r for r in browsed(
        desk, month, "month_cash", (*NAMES, "paid"))}  # fmt: skip
    for key, amount in plan.items():
        instalment = (amount + 6) // 12
        before = cash[key]["paid"] + cash[key]["advance_netted"]
        assert cash[key]["advance_netted"] == min(before, instalment) > 0
    assert trail.check() is None


def monthly(desk: Desk, case: Any) -> str:
    """The practice, netting advances month by month."""
    from drgpay_web import store

    text = (files("drgpay") / "data" / "policies" / "demo.yaml").read_text(encoding="utf-8")
    at = "      settlement.grade_when_missing: good\n"
    assert at in text
    return store.add_practice(
        desk.b1, desk.area, "demo", text.replace(at, at + "      settlement.advance_netting: month\n"), case
    )


def test_the_fund_page_shows_how_much_was_advanced(desk: Desk) -> None:
    from drgpay_web import jobs

    case = posted(desk, approved(desk))
    watch = desk.do(jobs.Job.objects.get(kind="budget.watch"))
    assert watch.state == "done", watch.error
    rows = watch.result["tables"]["prepayments"]
    assert {(r["insurance_scheme"], r["institution_id"]): r["paid_ordinary"] for r in rows} == planned(case)
    assert {r["to_advance"] for r in rows} == {0}
    page = browser(desk.h1[0]).get("/fund?year=2024").content.decode()
    assert "已预付" in page
    assert desk.houses[1].name not in page
    again = computed(desk)  # nothing is left to advance
    from drgpay_web import flow

    with pytest.raises(flow.Guarded) as found:
        desk.move(desk.b2, again, "approve", document="文")
    assert found.value.key == "budget.nothing_to_advance"


class TestPeople:
    def test_three_persons(self, desk: Desk) -> None:
        from drgpay_web import flow

        case = computed(desk)
        with pytest.raises(flow.Guarded) as found:
            desk.move(actor("B2", desk.top, desk.b1.person.username), case, "approve", document="文")
        assert found.value.key == "flow.same_person"
        case = desk.move(desk.b2, case, "approve", document="文")
        with pytest.raises(flow.Guarded):
            desk.move(actor("B3", desk.top, desk.b2.person.username), case, "post", order="1", paid_on="2024-01-10")

    @pytest.mark.parametrize("day", ["2024-04-09", "2023-12-31"])
    def test_a_day_that_has_not_come_or_is_of_another_year(self, desk: Desk, day: str) -> None:
        from drgpay_web import flow

        with pytest.raises(flow.Guarded):
            desk.move(desk.b3, approved(desk), "post", order="1", paid_on=day)

    def test_nothing_is_advanced_twice(self, desk: Desk) -> None:
        from drgpay.tables import ADVANCES
        from drgpay_web import flow, store

        case = approved(desk)
        row = {"advance_id": "X", "year": YEAR, "insurance_scheme": "employee", "date": date(2024, 1, 5),
               "institution_id": desk.houses[0].code, "advance_kind": "ordinary", "amount": 100,
               "reserve": None}  # fmt: skip
        store.put_rows(desk.b1, area=desk.area, table=ADVANCES, rows=[row], origin="form")
        with pytest.raises(flow.Guarded) as found:
            desk.move(desk.b3, case, "post", order="1", paid_on="2024-01-10")
        assert found.value.key == "budget.paid_since"
        case = desk.move(desk.b2, case, "return", why="重新测算")
        case = desk.move(desk.b1, case, "again")
        assert job_of(desk, case).state == "done"
        assert (case.state, planned(case)["employee", desk.houses[0].code] > 0) == ("computed", True)


def test_in_the_browser(desk: Desk) -> None:
    page = browser(desk.b1)
    pk = int(page.post("/budgets/begin/prepayment", {"year": "2024"})["Location"].rsplit("/", 1)[1])
    from drgpay_web import flow

    job_of(desk, flow.Case.objects.get(pk=pk))
    assert desk.houses[0].name in page.get(f"/cases/{pk}").content.decode()
    assert page.get(f"/cases/{pk}/papers/prepay/pdf").content[:4] == b"%PDF"
    assert "医保预付" in page.get("/budgets").content.decode()
    assert browser(desk.h1[0]).get(f"/cases/{pk}").status_code == 404
