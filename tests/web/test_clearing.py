"""Runs, candidates, statements, disputes, posting and seals: whole ways of a month with real runs (13 §2)."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from support.clearing import Desk, make_region
from support.office_people import browser
from support.taken import content, taken

DAY = date(2024, 4, 8)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("clearing") / "region")


@pytest.fixture
def desk(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    from drgpay_web import clock, store

    monkeypatch.setattr(clock, "today", lambda: DAY)
    return Desk(store.import_region(region))


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
    page = text(browser(desk.s3).get(f"/audit/periods/{period.pk}"))
    assert period.number in text(browser(desk.s3).get("/audit/periods"))
    assert browser(desk.s3).get(f"/periods/{period.pk}/story").status_code == 403
    assert browser(desk.b2).get(f"/periods/{period.pk}/story").status_code == 200
    assert browser(desk.h1[0]).get(f"/periods/{period.pk}/story").status_code == 403
    assert "审计链完整" in page
    for said in ("登记拨付", "提出异议", "填写登记表"):
        assert said in page
    assert sealed.data["seal"]["hash"] in page
    assert not re.search(r">[^<]*[）)] [a-z_]+\.[a-z_.]+[：:]", page), "an act that has no words"
    assert trail.check() is None


def _as(person: Any, role: str) -> Any:
    """The same person in another role of the same unit."""
    from support.office_people import actor

    return actor(role, person.unit, person.person.username)


def reads_changed(result: Any) -> list[tuple[str, str]]:
    from drgpay_web.clearing import reads

    return reads.changed(result, "zh") or []


class TestRuns:
    def test_a_candidate_needs_what_comes_before_and_trials_do_not(self, desk: Desk) -> None:
        from drgpay_web import jobs, store
        from drgpay_web.clearing import actions
        from drgpay_web.ui import Unfit

        for period in ("2024-02", "2024"):
            with pytest.raises(Unfit, match="blocked_by"):
                actions.order_look(desk.b1, period=period, kind="candidate", policy="demo")
        for wrong in ({"period": "2024-13"}, {"kind": "official"}, {"policy": "nowhere"}):
            with pytest.raises(Unfit, match="order_unclear"):
                actions.order_look(desk.b1, **{"period": "2024-01", "kind": "candidate", "policy": "demo"} | wrong)
        look = desk.do(actions.order_look(desk.b1, period="2024-02", kind="trial", policy="demo"))
        assert look.state == "done", look.error
        job = actions.order_run(desk.b1, look=look, reason="x")
        assert actions.order_run(desk.b1, look=look, reason="x").pk == job.pk
        assert jobs.Job.objects.filter(kind="clearing.run").count() == 1
        assert desk.do(job).state == "done"
        (trial,) = store.Result.objects.filter(area=desk.area)
        assert (trial.kind, trial.state, trial.period) == ("trial", "trial", "2024-02")
        assert [said.of for said in job.said_here][-1] >= [said.step for said in job.said_here][-1] > 1
        page = text(browser(desk.b1).get(f"/runs/{trial.pk}"))
        assert "试算" in page

    def test_a_cancelled_run_leaves_nothing_and_a_lost_one_that_was_whole_is_kept(self, desk: Desk) -> None:
        from drgpay_web import store
        from drgpay_web.clearing import actions
        from drgpay_web.clearing.work import place
        from drgpay_web.jobs.ends import end
        from drgpay_web.jobs.handlers import handler_of

        look = desk.do(actions.order_look(desk.b1, period="2024-01", kind="candidate", policy="demo"))
        job = desk.do(actions.order_run(desk.b1, look=look, reason="x"), stop=True)
        assert (job.state, store.Result.objects.count(), place(job)[2].exists()) == ("cancelled", 0, False)
        lost = actions.order_run(desk.b1, look=look, reason="x")
        handler_of(lost.kind).work(lost, lambda said: None, lambda: False)
        end(lost.pk, "failed", error={"zh": "进程不见了", "en": "lost"})
        assert store.Result.objects.get().state == "candidate"

    def test_what_would_pay_wrong_money_is_accepted_with_a_reason_or_stops(self, desk: Desk) -> None:
        from drgpay.tables import BUDGETS
        from drgpay_web import store
        from drgpay_web.clearing import actions
        from drgpay_web.ui import Unfit

        row = next(r for r in store.rows(desk.area, BUDGETS) if r["year"] == 2024)
        much = {"drg_budget": "99999999999", "revenue": "199999999999"}
        store.put_rows(desk.b1, area=desk.area, table=BUDGETS, rows=[row | much], origin="form")
        look = desk.do(actions.order_look(desk.b1, period="2024-01", kind="candidate", policy="demo"))
        page = text(browser(desk.b1).get(f"/runs/looks/{look.pk}"))
        assert "会付错钱" in page
        with pytest.raises(Unfit, match="reason_needed"):
            actions.order_run(desk.b1, look=look)
        result = desk.run("2024-01", reason="预算已核实")
        page = text(browser(desk.b1).get(f"/runs/{result.pk}"))
        assert "预算已核实" in page
        assert desk.b1.person.name in page


class TestSeals:
    def test_a_seal_whose_process_was_killed_is_a_seal(self, desk: Desk) -> None:
        from drgpay import runs
        from drgpay_web import jobs, store
        from drgpay_web.jobs.ends import end

        case = desk.settle("2024-01")
        result = store.Result.objects.get(state="published")
        case = desk.move(desk.b2, case, "seal")
        job = jobs.Job.objects.get(pk=case.data["job"])
        runs.seal_run(store.folder(result), runs.LocalEngine(1), by="x", on=DAY)  # the child is killed right here
        end(job.pk, "failed", error={"zh": "进程不见了", "en": "lost"})
        case.refresh_from_db()
        result.refresh_from_db()
        assert (case.state, result.state) == ("sealed", "sealed")

    def test_a_seal_that_was_not_written_waits_for_another_try(self, desk: Desk) -> None:
        from drgpay_web import jobs
        from drgpay_web.jobs.ends import end

        case = desk.move(desk.b2, desk.settle("2024-01"), "seal")
        end(jobs.Job.objects.get(pk=case.data["job"]).pk, "failed", error={"zh": "断电", "en": "power"})
        case.refresh_from_db()
        assert case.state == "posted"
        assert desk.seal(case).state == "sealed"

    @pytest.mark.slow
    def test_when_the_worker_begins_a_seal_on_disk_wins(self, desk: Desk) -> None:
        from drgpay import runs
        from drgpay_web import store
        from drgpay_web.clearing import begins

        first = desk.run("2024-01")
        from drgpay_web.clearing import actions

        case = actions.publish(desk.b2, first)
        other = desk.run("2024-01")
        runs.seal_run(store.folder(first), runs.LocalEngine(1), by="x", on=DAY)
        store.reconcile()
        begins.begin()
        begins.begin()
        for one in (case, first, other):
            one.refresh_from_db()
        assert (case.state, first.state, other.state) == ("sealed", "sealed", "stale")
        assert {one.state for one in desk.statements("2024-01")} == {"closed"}


def _outside(desk: Desk, months: range) -> None:
    """Months that were paid before the office was there."""
    from drgpay.tables import MONTHS_PAID
    from drgpay_web import store

    rows = [
        {"year": 2024, "month": month, "insurance_scheme": scheme, "institution_id": house.code, "due": "0",
         "paid": "0", "deposit": "0"}
        for month in months for scheme in ("employee", "resident") for house in desk.houses
    ]  # fmt: skip
    store.put_rows(desk.b1, area=desk.area, table=MONTHS_PAID, rows=rows, origin="form")


@pytest.mark.slow
def test_a_clearing_is_co_signed_answered_by_papers_and_ends_the_book(desk: Desk, monkeypatch: Any) -> None:
    from drgpay_web import clock, flow
    from drgpay_web.clearing import actions
    from drgpay_web.clearing.links import standing
    from drgpay_web.ui import Unfit

    monkeypatch.setattr(clock, "today", lambda: date(2025, 2, 10))
    _outside(desk, range(1, 12))
    assert standing(desk.area, 2024).period == "2024-12"
    desk.seal(desk.settle("2024-12"))
    result = desk.run("2024")
    period = actions.publish(desk.b2, result)
    assert period.data["deadline"] == "2025-06-30"
    page = browser(desk.b2).get(f"/runs/{result.pk}")
    assert "结转" in text(page)
    first, *_ = desk.statements("2024")
    assert first.machine == "clearing_statement"
    desk.move(desk.hospital(first), first, "confirm")
    first.refresh_from_db()
    assert first.state == "signing"
    with pytest.raises(flow.Guarded):  # the same person in both roles
        desk.move(_as(desk.hospital(first), "H6"), first, "cosign")
    desk.move(desk.hospital(first, "H6"), first, "decline", why="再核")
    desk.confirm_all("2024")
    desk.move(desk.b2, period, "approve")
    desk.move(desk.b3, period, "post", order="QS-1", paid_on="2025-02-10")
    assert desk.seal(period).state == "sealed"
    assert standing(desk.area, 2024).period == ""
    with pytest.raises(Unfit, match="blocked_closed"):
        actions.order_look(desk.b1, period="2024", kind="candidate", policy="demo")
    case = desk.statements("2024")[0]
    hospital = browser(desk.hospital(case))
    shown = text(hospital.get(f"/cases/{case.pk}"))
    assert "清算支付" in shown
    for ending in ("pdf", "docx", "xlsx"):
        answer = hospital.get(f"/statements/{case.pk}/papers/year/{ending}")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
        assert answer.content[:2] in (b"%P", b"PK")
    stays, row = taken(hospital, f"/statements/{case.pk}/papers/stays/xlsx", form="xlsx")
    assert (row.persons, row.case_id, row.name.endswith(".xlsx")) == (True, case.pk, True)
    assert b"".join(stays.streaming_content)[:2] == b"PK"
    assert hospital.get(f"/statements/{case.pk}/papers/year/exe").status_code == 404
    assert _opened_again(desk, result).pk != period.pk


@pytest.mark.slow
def test_a_year_that_was_cleared_as_one_run_is_opened_again(desk: Desk, monkeypatch: Any) -> None:
    from drgpay import runs
    from drgpay_web import clock, jobs, store

    cleared = date(2025, 2, 10)
    monkeypatch.setattr(clock, "today", lambda: cleared)
    pin = store.pin(desk.b1, desk.area, "demo", "")
    folder = store.new_result_folder(desk.area, "run", "2024-whole")
    accept = runs.Accepted((desk.b1.person.name,), "小样本")
    runs.run(runs.Order(store.compose(pin), "demo", 2024, None, cleared, accept=accept), folder, jobs.engine())
    runs.seal_run(folder, jobs.engine(), by=desk.b2.person.name, on=cleared)
    closed = store.add_result(desk.b1, area=desk.area, kind="run", name=folder.name, pin=pin)
    store.reconcile()
    closed.refresh_from_db()
    period = _opened_again(desk, closed)
    assert period.data["seal"]["link"] == "r1"


def _opened_again(desk: Desk, closed: Any) -> Any:
    """A stay of the sealed year is refused afterwards: the year is opened again as an addition, whose period this
    gives."""
    from drgpay import runs
    from drgpay.tables import DEBTS, STAY_DECISIONS
    from drgpay_web import flow, store
    from drgpay_web.clearing import actions, results, work
    from drgpay_web.ui import Unfit

    hit = desk.houses[0]
    columns = ("stay_id", "insurance_scheme")
    view = runs.View("settled_stays", columns=columns, scope=runs.Scope.institution(hit.code))
    stay, scheme = (runs.browse(store.folder(closed), view, limit=1).rows[0][name] for name in columns)
    row = {"stay_id": stay, "institution_id": hit.code, "kind": "refuse", "decision": "approved", "number": 1,
           "reason": "稽核认定"}  # fmt: skip
    store.put_rows(desk.b1, area=desk.area, table=STAY_DECISIONS, rows=[row], origin="form")
    with pytest.raises(Unfit, match="reopen_not_closed"):
        actions.reopen(desk.b1, year=2023, reason="稽核")
    page = browser(desk.b1)
    assert "重开本年度清算" in text(page.get("/runs?year=2024"))
    assert browser(desk.b2).post("/runs/reopen", {"period": "2024", "reason": "x"}).status_code == 403
    assert page.post("/runs/reopen", {"period": "2024", "reason": " "}).status_code == 422
    assert page.post("/runs/reopen", {"period": "2024", "reason": "稽核认定一例"}).status_code == 302
    case = flow.Case.objects.get(machine="reopening")
    with pytest.raises(Unfit, match="reopen_goes_on"):
        actions.reopen(desk.b1, year=2024, reason="又一次")
    with pytest.raises(Unfit, match="blocked_closed"):  # asked for is not approved
        actions.order_look(desk.b1, period="2024", kind="candidate", policy="demo")
    with pytest.raises(flow.Guarded):
        desk.move(_as(desk.b1, "B2"), case, "approve")
    assert desk.move(desk.b2, case, "approve", document="医保发〔2025〕3号").state == "approved"

    # the candidate says what differs for whom; only who differs is asked
    again = desk.run("2024")
    assert work._order(again.job).policy == str(store.folder(closed) / runs.PRACTICE), "the law it was sealed under"
    assert results.told(again)["difference"]["against"] == closed.pk
    differs = results.told(again)["difference"]["institutions"]
    assert {(one["institution_id"], one["insurance_scheme"]) for one in differs} == {(hit.code, scheme)}
    period = actions.publish(desk.b2, again)
    asked = [one for one in desk.statements("2024") if one.data["period"] == period.pk]
    assert {one.unit.code for one in asked} == {hit.code}
    case.refresh_from_db()
    assert (case.state, case.data["period"]) == ("settling", period.pk)
    with pytest.raises(flow.Guarded):
        desk.move(desk.b1, case, "drop", why="x")
    grid = text(browser(desk.b1).get("/periods/grid?period=2024"))
    assert f"/cases/{asked[0].pk}" in grid
    desk.confirm_all("2024")
    desk.move(desk.b2, period, "approve")
    desk.move(desk.b3, period, "post", order="QS-2", paid_on="2025-02-10")
    assert desk.seal(period).data["seal"]["link"] == "r1"

    # sealed anew as an addition: what it leaves is in the next year's register, and the old is readable as it was
    case.refresh_from_db()
    closed.refresh_from_db()
    assert (case.state, case.data["by"], closed.state) == ("sealed", again.name, "sealed")
    owed = [one for one in store.rows(desk.area, DEBTS) if one["year"] == 2025]
    left = runs.passed_by(store.folder(again))
    assert left
    assert {(one["institution_id"], one["insurance_scheme"], one["amount"], one["origin"]) for one in left} <= {
        (one["institution_id"], one["insurance_scheme"], one["amount"], one["origin"]) for one in owed
    }
    assert browser(desk.b2).get(f"/runs/{closed.pk}").status_code == 200
    assert actions.reopen(desk.b1, year=2024, reason="再次").data["run"] == again.name
    period.refresh_from_db()
    return period


class TestPages:
    def test_what_a_hospital_sees_is_its_own_and_equals_the_run(self, desk: Desk) -> None:
        from drgpay import runs
        from drgpay.units import show_fen
        from drgpay_web import store
        from drgpay_web.clearing import actions

        result = desk.run("2024-01")
        actions.publish(desk.b2, result)
        case = desk.statements("2024-01")[0]
        mine = browser(desk.hospital(case))
        theirs = browser(desk.h1[1])
        scope = runs.Scope.institution(case.unit.code)
        where = (runs.Where("insurance_scheme", "is", case.data["scheme"]),)
        (row,) = runs.browse(store.folder(result), runs.View("institution_months", where=where, scope=scope)).rows
        shown = text(mine.get(f"/cases/{case.pk}"))
        for name in ("due", "paid", "deposit", "actual"):
            assert f">{show_fen(row[name])}<" in shown, name
        page = text(mine.get(f"/statements/{case.pk}/lines/due"))
        assert page.count(show_fen(row["due"])) >= 2, "title, entry, and total of the stays"
        assert "月度应付" in page
        assert "month_due" not in page
        assert mine.get(f"/statements/{case.pk}/lines/nothing").status_code == 404
        for path in (
            f"/cases/{case.pk}",
            f"/statements/{case.pk}/lines/due",
            f"/statements/{case.pk}/papers/month/pdf",
        ):
            assert theirs.get(path).status_code == 404, path
        for path in ("/statements", "/disputes", "/periods?year=2024", "/statements?period=2024-01"):
            page = text(theirs.get(path))
            assert case.unit.name not in page, path
            assert case.number not in page, path
        assert mine.get("/runs").status_code == 403
        assert case.number in text(mine.get("/statements?period=2024-01"))
        grid = text(browser(desk.b1).get("/periods?year=2024"))
        assert all(house.name in grid for house in desk.houses)
        assert "确认中" in grid

    def test_the_grid_shows_a_period_and_several_statements_are_done_at_once(self, desk: Desk) -> None:
        from drgpay import runs
        from drgpay.units import show_fen
        from drgpay_web import store
        from drgpay_web.clearing import actions

        result = desk.run("2024-01")
        page = browser(desk.b1)
        assert "没有结算单" in text(page.get("/periods/grid"))
        actions.publish(desk.b2, result)
        mine = [one for one in desk.statements("2024-01") if one.unit == desk.houses[0]]
        shown = text(page.get("/periods/grid?period=2024-01"))
        for (_, house), amount in runs.advances_of(store.folder(result)).items():
            assert house in {one.code for one in desk.houses}
            assert f">{show_fen(amount)}<" in shown
        assert all(house.name in shown for house in desk.houses)
        assert 'value="remind"' in shown
        assert browser(desk.h1[1]).get("/periods/grid?period=2024-01").status_code == 403
        # two disputes, reminded of and answered together: a result per row
        for case in mine:
            desk.move(desk.h1[0], case, "dispute", line="due", reason="漏计")
        argued = text(page.get("/periods/grid?period=2024-01&state=argued"))
        assert argued.count('name="case"') == 2
        assert desk.houses[1].name not in argued.split("<tbody>", 1)[1]
        ticked = {"case": [f"{one.pk}:{one.version + 1}" for one in mine], "back": "/periods/grid?period=2024-01"}
        answered = text(page.post("/cases/of/statement/many", ticked | {"move": "refuse", "f_refuse__reply": "属实"}))
        assert "共 2 件，办成 2 件" in answered
        assert 'href="/periods/grid?period=2024-01"' in answered
        others = [one for one in desk.statements("2024-01") if one.unit == desk.houses[1]]
        ticked["case"] = [f"{one.pk}:{one.version}" for one in (*others, *mine)]
        assert "共 4 件，办成 2 件" in text(page.post("/cases/of/statement/many", {**ticked, "move": "remind"}))
        for one in desk.statements("2024-01"):
            assert (one.data.get("reminded") == DAY.isoformat()) == (one.unit == desk.houses[1])
        ticked["case"] = [f"{one.pk}:{one.version + 1}" for one in others]
        assert "办成 0 件" in text(page.post("/cases/of/statement/many", {**ticked, "move": "remind"}))
        # what is taken equals what is shown
        assert page.get("/periods/grid/take?period=2024-01&state=argued").status_code == 200
        book = content(page, "/periods/grid/take?period=2024-01&state=argued")
        rows = [[cell.value for cell in row] for row in load_workbook(BytesIO(book)).active.iter_rows()]
        assert sum(desk.houses[0].name in row for row in rows) == 2
        assert browser(desk.h1[1]).get("/periods/grid/take?period=2024-01").status_code == 403

    def test_a_look_leads_to_a_run_and_a_run_to_its_result(self, desk: Desk) -> None:
        from drgpay_web import jobs, store

        page = browser(desk.b1)
        assert "下一期为 2024-01" in text(page.get("/runs?year=2024"))
        bad = page.post("/runs/look", {"period": "2024-03", "kind": "candidate", "policy": "demo"})
        assert (bad.status_code, "须先封账 2024-01" in text(bad)) == (422, True)
        sent = page.post("/runs/look", {"period": "2024-01", "kind": "candidate", "policy": "demo"})
        look = jobs.Job.objects.get(kind="clearing.look")
        assert sent["Location"] == f"/runs/looks/{look.pk}"
        early = page.post(f"/runs/looks/{look.pk}/order")
        assert (early.status_code, "核对尚未完成" in text(early)) == (422, True)
        desk.do(look)
        sent = page.post(f"/runs/looks/{look.pk}/order", {"reason": "小样本"})
        run = jobs.Job.objects.get(kind="clearing.run")
        assert sent["Location"] == f"/runs/jobs/{run.pk}"
        assert "取消" in text(page.get(f"/runs/jobs/{run.pk}"))
        desk.do(run)
        result = store.Result.objects.get()
        assert page.get(f"/runs/jobs/{run.pk}")["Location"] == f"/runs/{result.pk}"
        assert page.post(f"/runs/{result.pk}/publish").status_code == 403
        check = page.post(f"/runs/{result.pk}/verify")
        assert check.status_code == 302
        assert desk.do(jobs.Job.objects.get(kind="clearing.verify")).state == "done"
        assert "未做" not in text(page.get(f"/runs/{result.pk}"))
        sent = browser(desk.b2).post(f"/runs/{result.pk}/publish")
        assert sent["Location"].startswith("/cases/")
        english = browser(desk.b2)
        desk.b2.person.language = "en"
        desk.b2.person.save()
        assert "to be confirmed" in text(english.get(sent["Location"]))
