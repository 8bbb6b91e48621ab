"""A year's budget: computed, announced, talked over, adopted, registered; its changes; and that runs go by it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region
from support.office_people import actor, browser

YEAR = 2024


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("budget") / "region")


@pytest.fixture
def desk(office: Any, region: Path, day: Any) -> Desk:
    from drgpay_web import store

    desk = Desk(store.import_region(region))
    fill(desk)
    return desk


def fill(desk: Desk) -> None:
    """The registers of the fund that a budget is made from."""
    from drgpay import tables
    from drgpay_web import store

    history, houses = [], []
    for scheme, size in (("employee", 40_000_000_00), ("resident", 20_000_000_00)):
        for year in (2021, 2022, 2023):
            history.append({"year": year, "insurance_scheme": scheme, "revenue": size, "expenditure": size * 9 // 10,
                            "balance": size // 2, "lump_sum_balance": 0, "settled": True})  # fmt: skip
            houses += [
                {"year": year, "insurance_scheme": scheme, "institution_id": house.code,
                 "fund_paid": size // (4 + at), "unreasonable": 0, "heads": 1000, "invalid_heads": 0}
                for at, house in enumerate(desk.houses)
            ]  # fmt: skip
    plans = [{"year": YEAR, "insurance_scheme": s, "revenue": 42_000_000_00, "expenditure": 40_000_000_00}
             for s in ("employee", "resident")]  # fmt: skip
    for table, rows in (
        (tables.FUND_HISTORY, history),
        (tables.INSTITUTION_HISTORY, houses),
        (tables.FUND_PLANS, plans),
    ):
        store.put_rows(desk.b1, area=desk.area, table=table, rows=rows, origin="form")


def job_of(desk: Desk, case: Any) -> Any:
    from drgpay_web import jobs

    job = desk.do(jobs.Job.objects.get(pk=case.data["job"]))
    case.refresh_from_db()
    return job


def computed(desk: Desk) -> Any:
    from drgpay_web.budget import actions

    case = actions.begin(desk.b1, machine="budget", year=str(YEAR))
    job = job_of(desk, case)
    assert job.state == "done", job.error
    return case


def talks(desk: Desk) -> list[Any]:
    from drgpay_web import flow

    return list(flow.Case.objects.filter(machine="budget_talk").select_related("unit").order_by("pk"))


def announced(desk: Desk) -> tuple[Any, list[Any]]:
    case = desk.move(desk.b2, computed(desk), "announce")
    return case, talks(desk)


def test_the_next_run_has_the_budget_that_was_agreed(desk: Desk) -> None:
    from drgpay import runs
    from drgpay.tables import BUDGETS, NEGOTIATIONS
    from drgpay_web import flow, store, trail

    def shared(result: Any) -> dict[str, int]:
        view = runs.View("pools", scope=runs.Scope.everything())
        rows = runs.browse(store.folder(result), view).rows
        return {r["insurance_scheme"]: r["budget"] for r in rows if not r["month"]}  # of the whole year

    before = shared(desk.run("2024", kind="trial"))
    case, its = announced(desk)
    assert case.state == "talks"
    assert len(its) == 4
    mine = next(one for one in its if one.data["scheme"] == "employee" and one.unit == desk.houses[0])
    h1, h6 = desk.hospital(mine), desk.hospital(mine, "H6")
    low = mine.data["announced"] - 1_000_000_00
    for wanted in (mine.data["announced"] - 900_000_00, mine.data["announced"] - 950_000_00):
        mine = desk.move(h1, mine, "propose", amount=wanted, reason="业务缩减")
        mine = desk.move(h6, mine, "sign")
        mine = desk.move(desk.b1, mine, "answer", amount=low, reply="按服务量核定")
    mine = desk.move(desk.b2, mine, "decide", amount=low, reason="两轮未一致")
    assert [(r["round"], r["proposal"], r["decision"]) for r in store.rows(desk.area, NEGOTIATIONS)] == [
        (1, low + 100_000_00, None), (2, low + 50_000_00, low),
    ]  # fmt: skip
    with pytest.raises(flow.Guarded):  # the others are open
        desk.move(desk.b2, case, "adopt", document="云医保〔2024〕3号")
    for other in its:
        if other.pk != mine.pk:
            desk.move(desk.hospital(other), other, "accept")
            desk.move(desk.hospital(other, "H6"), other, "cosign")
    case = desk.move(desk.b2, case, "adopt", document="云医保〔2024〕3号")
    job = job_of(desk, case)
    assert job.state == "done", job.error
    assert case.state == "adopted"
    rows = {r["insurance_scheme"]: r for r in store.rows(desk.area, BUDGETS) if r["year"] == YEAR}
    plan = {r["insurance_scheme"]: r for r in job.result["tables"]["budget_parts"] if r["part"] == "inpatient_drg"}
    assert {s: r["drg_budget"] for s, r in rows.items()} == {s: r["adjusted"] for s, r in plan.items()}
    mine.refresh_from_db()
    assert (mine.state, mine.data["final"]) == ("closed", low)
    finals = sum(one.data["final"] for one in talks(desk) if one.data["scheme"] == "employee")
    assert finals == plan["employee"]["adjusted"], "what one has less the others have more, to the fen"
    after = shared(desk.run("2024", kind="trial"))
    assert after == {s: r["adjusted"] for s, r in plan.items()}, "to the fen"
    assert after != before
    told = flow.Case.objects.filter(machine="announcement").order_by("pk")
    assert [one.data["kind"] for one in told] == ["budget", "budget"]
    assert trail.check() is None


class TestTalks:
    def test_silence_agrees(self, desk: Desk, day: Any) -> None:
        from drgpay.tables import NEGOTIATIONS
        from drgpay_web import flow, store

        _, its = announced(desk)
        assert {one.deadline for one in its} == {date(2024, 4, 22)}
        day("2024-04-23")
        flow.sweep()
        assert {one.state for one in talks(desk)} == {"agreed"}
        assert store.rows(desk.area, NEGOTIATIONS) == [], "who took it as it is shares by the rule"

    def test_silence_after_an_answer_agrees_to_it(self, desk: Desk, day: Any) -> None:
        from drgpay.tables import NEGOTIATIONS
        from drgpay_web import flow, store

        _, (mine, *_) = announced(desk)
        mine = desk.move(desk.hospital(mine), mine, "propose", amount="1000.00", reason="少")
        mine = desk.move(desk.hospital(mine, "H6"), mine, "sign")
        assert mine.deadline == date(2024, 4, 15)
        mine = desk.move(desk.b1, mine, "answer", amount="1500.00", reply="可")
        day("2024-05-30")
        flow.sweep()
        mine.refresh_from_db()
        (row,) = store.rows(desk.area, NEGOTIATIONS)
        assert (mine.state, row["proposal"], row["decision"]) == ("agreed", 100_000, 150_000)

    def test_the_head_sends_both_back_to_where_they_were(self, desk: Desk) -> None:
        _, (mine, *_) = announced(desk)
        h1, h6 = desk.hospital(mine), desk.hospital(mine, "H6")
        mine = desk.move(h6, desk.move(h1, mine, "accept"), "decline", why="再议")
        assert mine.state == "open"
        mine = desk.move(h6, desk.move(h1, mine, "propose", amount="1.00", reason="x"), "unsign", why="再议")
        assert (mine.state, mine.data["round"]) == ("open", 1)
        mine = desk.move(h6, desk.move(h1, mine, "propose", amount="1.00", reason="x"), "sign")
        mine = desk.move(desk.b1, mine, "answer", amount="2.00", reply="可")
        mine = desk.move(h6, desk.move(h1, mine, "accept"), "decline", why="再议")
        assert mine.state == "answered"

    def test_there_are_no_more_rounds_than_the_practice_says(self, desk: Desk) -> None:
        from drgpay_web import flow

        _, (mine, *_) = announced(desk)
        h1, h6 = desk.hospital(mine), desk.hospital(mine, "H6")
        for _ in range(2):
            assert mine.pk not in [row.case.pk for row in flow.work_list(desk.b2)]
            with pytest.raises(flow.Guarded) as found:  # before the last round nothing is decided
                desk.move(desk.b2, mine, "decide", amount="1.00", reason="x")
            mine = desk.move(h6, desk.move(h1, mine, "propose", amount="1.00", reason="x"), "sign")
            mine = desk.move(desk.b1, mine, "answer", amount="2.00", reply="可")
        with pytest.raises(flow.Guarded) as found:
            desk.move(h1, mine, "propose", amount="1.00", reason="x")
        assert found.value.key == "budget.rounds_over"
        assert mine.pk in [row.case.pk for row in flow.work_list(desk.b2)], "now it waits for a decision"
        assert "已用完" in browser(h1).get(f"/cases/{mine.pk}").content.decode()

    def test_a_hospital_sees_its_own_alone(self, desk: Desk) -> None:
        case, its = announced(desk)
        for house, one in ((house, one) for house in (0, 1) for one in its):
            status = browser(desk.h1[house]).get(f"/cases/{one.pk}").status_code
            assert status == (200 if one.unit == desk.houses[house] else 404)
        assert browser(desk.h1[0]).get(f"/cases/{case.pk}").status_code == 404
        page = browser(desk.h1[0]).get("/budgets").content.decode()
        assert desk.houses[0].name in page
        assert desk.houses[1].name not in page

    def test_papers(self, desk: Desk) -> None:
        _, (mine, *_) = announced(desk)
        page = browser(desk.h1[0])
        assert page.get(f"/cases/{mine.pk}/papers/notice/pdf").content[:4] == b"%PDF"
        assert page.get(f"/cases/{mine.pk}/papers/proposal/xlsx").status_code == 404
        h1, h6 = desk.hospital(mine), desk.hospital(mine, "H6")
        mine = desk.move(h6, desk.move(h1, mine, "accept"), "cosign")
        assert page.get(f"/cases/{mine.pk}/papers/proposal/xlsx").status_code == 404, "nothing was proposed"


class TestAdoption:
    def test_who_computed_it_neither_announces_nor_adopts(self, desk: Desk) -> None:
        from drgpay_web import flow

        case = computed(desk)
        with pytest.raises(flow.Guarded) as found:
            desk.move(actor("B2", desk.top, desk.b1.person.username), case, "announce")
        assert found.value.key == "flow.same_person"

    def test_decisions_above_the_budget_are_named_and_decided_again(self, desk: Desk, day: Any) -> None:
        from drgpay_web import flow

        case, (mine, *_) = announced(desk)
        mine = desk.move(desk.hospital(mine), mine, "propose", amount="99999999999.00", reason="多")
        mine = desk.move(desk.hospital(mine, "H6"), mine, "sign")
        mine = desk.move(desk.b1, mine, "answer", amount="99999999999.00", reply="可")
        day("2024-05-30")
        flow.sweep()
        case = desk.move(desk.b2, case, "adopt", document="文")
        assert job_of(desk, case).state == "failed"
        assert case.state == "talks"
        assert "协商结果合计" in case.data["error"]["zh"]
        assert "协商结果合计" in browser(desk.b2).get(f"/cases/{case.pk}").content.decode()
        mine = desk.move(desk.b2, mine, "revise", amount="1000.00", reason="超出预算")
        case = desk.move(desk.b2, case, "adopt", document="文")
        assert job_of(desk, case).state == "done"
        assert case.state == "adopted"

    def test_without_its_registers_it_says_which_is_missing(self, desk: Desk) -> None:
        from drgpay_web.budget import actions
        from drgpay_web.ui.errors import PageError

        case = actions.begin(desk.b1, machine="budget", year="2031")
        assert job_of(desk, case).state == "failed"
        assert case.state == "failed"
        assert "2031" in case.data["error"]["zh"]
        with pytest.raises(PageError):
            actions.begin(desk.b1, machine="budget", year="2031")
        assert desk.move(desk.b1, case, "again").state == "computing"


class TestChanges:
    def proposed(self, desk: Desk, stage: str, amount: int = 5_000_000_00) -> Any:
        from drgpay_web.budget import actions

        return actions.change(desk.b1, year=str(YEAR), stage=stage, scheme="employee", reason="outbreak",
                              part="inpatient_drg", amount=amount, why="突发疫情")  # fmt: skip

    def test_one_within_the_year_changes_the_budget_the_run_reads(self, desk: Desk) -> None:
        from drgpay.tables import BUDGETS
        from drgpay_web import store

        job = job_of(desk, (case := self.approved_plan(desk)))
        before = {r["insurance_scheme"]: r["drg_budget"] for r in store.rows(desk.area, BUDGETS) if r["year"] == YEAR}
        assert job.state == "done"
        assert case.state == "approved"
        again = desk.move(desk.b2, self.proposed(desk, "mid_year", 1_234_56), "approve", document="文2")
        assert job_of(desk, again).state == "done"
        after = {r["insurance_scheme"]: r["drg_budget"] for r in store.rows(desk.area, BUDGETS) if r["year"] == YEAR}
        assert after == before | {"employee": before["employee"] + 1_234_56}

    def approved_plan(self, desk: Desk) -> Any:
        return desk.move(desk.b2, self.proposed(desk, "mid_year"), "approve", document="文1")

    def test_one_at_the_end_stands_in_the_register(self, desk: Desk) -> None:
        from drgpay.tables import BUDGET_ADJUSTMENTS
        from drgpay_web import store

        case = desk.move(desk.b2, self.proposed(desk, "year_end"), "approve", document="文")
        assert case.state == "approved"
        (row,) = store.rows(desk.area, BUDGET_ADJUSTMENTS)
        assert (row["amount"], row["decision"], row["decided_by"]) == (5_000_000_00, "approved", desk.b2.person.name)

    def test_only_by_another_person_and_only_for_what_is_allowed(self, desk: Desk) -> None:
        from drgpay.tables import BUDGET_ADJUSTMENTS
        from drgpay_web import flow, store
        from drgpay_web.budget import actions
        from drgpay_web.flow.models import Notice
        from drgpay_web.ui.errors import PageError

        case = self.proposed(desk, "year_end")
        with pytest.raises(flow.Guarded):
            desk.move(actor("B2", desk.top, desk.b1.person.username), case, "approve", document="文")
        declined = desk.move(desk.b2, case, "decline", why="依据不足")
        assert (declined.state, declined.handler, declined.open) == ("declined", desk.b1.person, True)
        assert Notice.objects.filter(person=desk.b1.person, key="budget.told_declined", case=case).count() == 1
        again = desk.move(desk.b1, case, "propose", amount="3,000,000.00", why="附测算")
        assert (again.state, again.data["amount"], again.handler) == ("draft", 3_000_000_00, None)
        with pytest.raises(flow.Guarded):  # who proposed it again does not approve it either
            desk.move(actor("B2", desk.top, desk.b1.person.username), case, "approve", document="文")
        assert desk.move(desk.b2, case, "approve", document="文").state == "approved"
        (row,) = store.rows(desk.area, BUDGET_ADJUSTMENTS)
        assert (row["amount"], row["document"]) == (3_000_000_00, "文")
        with pytest.raises(PageError):
            actions.change(desk.b1, year="2024", stage="mid_year", scheme="employee", reason="price_growth",
                           part="other", amount=1, why="x")  # fmt: skip

    def test_one_that_cannot_be_registered_is_taken_out_again(self, desk: Desk) -> None:
        from drgpay.tables import BUDGET_ENTRIES
        from drgpay_web import store
        from drgpay_web.budget import actions

        case = actions.change(desk.b1, year="2031", stage="mid_year", scheme="employee", reason="outbreak",
                              part="inpatient_drg", amount=100, why="x")  # fmt: skip
        case = desk.move(desk.b2, case, "approve", document="文")
        assert [r["entry_id"] for r in store.rows(desk.area, BUDGET_ENTRIES)] == [case.number]
        assert job_of(desk, case).state == "failed"
        assert case.state == "draft"
        assert store.rows(desk.area, BUDGET_ENTRIES) == []
        assert "2031" in browser(desk.b1).get(f"/cases/{case.pk}").content.decode()


def test_a_budget_is_begun_and_changed_in_the_browser(desk: Desk) -> None:
    page = browser(desk.b1)
    assert page.get("/budgets").status_code == 200
    assert page.post("/budgets/begin/budget", {"year": "24"}).status_code == 422
    answer = page.post("/budgets/begin/budget", {"year": "2024"})
    pk = int(answer["Location"].rsplit("/", 1)[1])
    from drgpay_web import flow

    job_of(desk, flow.Case.objects.get(pk=pk))
    shown = page.get(f"/cases/{pk}").content.decode()
    assert "预算分项" in shown
    assert desk.houses[0].name in shown
    assert page.get(f"/cases/{pk}/papers/plan/xlsx").status_code == 200
    sent = {"year": "2024", "stage": "mid_year", "scheme": "employee", "reason": "outbreak", "part": "inpatient_drg",
            "why": "疫情"}  # fmt: skip
    assert page.post("/budgets/change", sent | {"amount": "很多"}).status_code == 422
    assert page.post("/budgets/change", sent | {"amount": "1,200.00"}).status_code == 302
    assert "1,200.00" in page.get("/budgets").content.decode()


def test_how_the_fund_stands(desk: Desk) -> None:
    from drgpay import tables
    from drgpay_web import jobs, store

    months = [
        {"year": YEAR, "month": month, "insurance_scheme": scheme, "revenue": 3_000_000_00, "lump_sum": 0,
         "expenditure": 2_900_000_00}
        for month in (1, 2) for scheme in ("employee", "resident")
    ]  # fmt: skip
    store.put_rows(desk.b1, area=desk.area, table=tables.FUND_MONTHS, rows=months, origin="form")
    page = browser(desk.b1)
    assert "还没有计算" in page.get("/fund?year=2024").content.decode()
    assert page.post("/fund/watch", {"year": "2024"}).status_code == 302
    job = desk.do(jobs.Job.objects.get(kind="budget.watch"))
    assert job.state == "done", job.error
    shown = page.get("/fund?year=2024").content.decode()
    assert "基金运行分析" in shown
    assert "risk_movements" in shown, "a register that is missing is named"
    hospital = browser(desk.h1[0]).get("/fund?year=2024").content.decode()
    assert "基金运行分析" not in hospital
