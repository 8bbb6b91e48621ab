"""Suspicions from the lead to the ledger, the audit sample, publication: each move allowed and refused (13 §2.5)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from support.engines import usual
from support.inspected import DAY, YEAR, Inspection
from support.office_people import actor, browser


def text(answer: Any) -> str:
    return str(answer.content.decode())


def lead(inspection: Inspection, **wanted: Any) -> dict[str, Any]:
    """The likeliest lead with these values, with money at stake."""
    fitting = (r for r in inspection.suspicions() if all(r[n] == v for n, v in wanted.items()))
    return next(r for r in fitting if r["amount"] and r["doctor_id"])


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "tables" / f"{name}.parquet")


def settled_again(inspection: Inspection, place: Path) -> tuple[Path, Path]:
    """The region as the record stands now, and a run of its year."""
    from drgpay import runs
    from drgpay_web import store

    region = store.compose(store.pin(inspection.b1, inspection.area, "demo", ""))
    return region, runs.run(runs.Order(region, "demo", YEAR), place / "again", usual(2))


def settled_stays(run: Path, *stays: str) -> list[dict[str, Any]]:
    from drgpay import runs
    from drgpay.tables import SETTLED_STAYS
    from drgpay_web.oversight import looks

    return looks.rows_of(run, SETTLED_STAYS, runs.Where("stay_id", "in", stays))


def statement_sums(run: Path, columns: tuple[str, ...]) -> dict[tuple[str, str], tuple[int, ...]]:
    rows = table(run, "statements").with_columns(pl.col("institution_id", "insurance_scheme").cast(pl.String))
    return {r[:2]: r[2:] for r in rows.select("institution_id", "insurance_scheme", *columns).rows()}


def test_what_was_not_asked_does_not_exist_for_the_hospital(inspection: Inspection) -> None:
    from drgpay_web import flow
    from drgpay_web.people import NotThere

    case = inspection.open(lead(inspection)["suspicion_id"])
    h1 = inspection.h1[case.unit_id]
    hospital, bureau = browser(h1), browser(inspection.b4)
    address = f"/cases/{case.pk}"

    def hidden() -> None:
        assert hospital.get(address).status_code == 404
        assert hospital.post(f"{address}/comment", {"text": "x"}).status_code == 404
        assert hospital.get(f"{address}/papers/letter/pdf").status_code == 404
        assert case.number not in text(hospital.get("/"))
        assert list(flow.cases_of(h1, machine="suspicion")) == []
        assert list(flow.cases_on_stay(h1, case.unit.code, case.data["stay"])) == []
        for move in ("explain", "answer_lapsed", "take"):
            with pytest.raises(NotThere):
                flow.do(h1, case, move, version=case.version, values={"explanation": "x"})

    hidden()
    inspection.move(inspection.other_b4, case, "assign", inspector=[inspection.b4.person.pk])
    hidden()
    flow.comment(inspection.b4, case, text="内部意见甲")
    inspection.move(inspection.b4, case, "ask", question="请说明收费依据")
    page = text(hospital.get(address))
    assert "请说明收费依据" in page
    assert "内部意见甲" not in page
    assert "分派" not in page
    assert "评分" not in page
    assert "历来认定" not in page
    assert "内部意见甲" in text(bureau.get(address))
    assert hospital.get(f"{address}/papers/letter/pdf").status_code == 200
    other = inspection.h1[next(pk for pk in inspection.h1 if pk != case.unit_id)]
    assert browser(other).get(address).status_code == 404
    assert browser(inspection.h6[case.unit_id]).get(address).status_code == 200
    assert "explain" not in text(browser(inspection.h6[case.unit_id]).get(address))


def test_a_dropped_lead_stays_the_bureaus(inspection: Inspection) -> None:
    from drgpay.tables import REVIEWS
    from drgpay_web import flow, store

    case = inspection.open(lead(inspection)["suspicion_id"])
    inspection.move(inspection.other_b4, case, "assign", inspector=[inspection.b4.person.pk])
    with pytest.raises(flow.Guarded, match="other_reviewer"):
        inspection.move(inspection.b4, case, "drop", reason="x")
    inspection.move(inspection.other_b4, case, "drop", reason="急诊再入院")
    assert browser(inspection.h1[case.unit_id]).get(f"/cases/{case.pk}").status_code == 404
    assert not flow.unread(inspection.h1[case.unit_id])
    (row,) = store.rows(inspection.area, REVIEWS)
    assert (row["decision"], row["reviewer"], row["on"]) == ("dismiss", inspection.other_b4.person.username, DAY)


def test_from_the_lead_to_the_ledger(inspection: Inspection, tmp_path: Path) -> None:
    from drgpay import runs
    from drgpay.tables import DOCTOR_MARKS, REVIEWS, VIOLATIONS
    from drgpay_web import flow, store

    found = lead(inspection)
    case = inspection.open(found["suspicion_id"])
    h1 = inspection.h1[case.unit_id]
    assert (case.state, case.data["leads"][0]["amount"]) == ("open", found["amount"])
    with pytest.raises(flow.Guarded, match="one_inspector"):
        inspection.move(
            inspection.b4, case, "assign", inspector=[inspection.b4.person.pk, inspection.other_b4.person.pk]
        )
    inspection.move(inspection.other_b4, case, "assign", inspector=[inspection.b4.person.pk])
    assert case.handler == inspection.b4.person
    with pytest.raises(flow.Guarded, match="not_given"):
        inspection.move(inspection.other_b4, case, "ask", question="?")
    with pytest.raises(flow.Guarded, match="only_drawn"):
        inspection.move(inspection.b4, case, "code_again", dx="J18.900", proc=None)
    inspection.move(inspection.b4, case, "ask", question="请说明")
    assert case.deadline == flow.add_days(DAY, 10)

    inspection.move(h1, case, "explain", explanation="病情需要")
    with pytest.raises(flow.Guarded, match="same_person"):
        inspection.move(inspection.b4, case, "confirm", finding=None, reason="x")
    inspection.move(inspection.other_b4, case, "confirm", finding=None, reason="证据充分")
    assert (case.state, case.deadline) == ("confirmed", flow.add_days(DAY, 10))
    with pytest.raises(flow.Guarded, match="not_from_here"):
        inspection.treat(case)
    inspection.move(h1, case, "appeal", reason="金额有误")
    assert case.deadline == flow.add_days(DAY, 15)
    for who in (inspection.b4, inspection.other_b4):
        with pytest.raises(flow.Guarded, match="same_person"):
            inspection.move(who, case, "uphold", reason="x")
    with pytest.raises(flow.Guarded, match="not_worse"):
        inspection.move(inspection.b2, case, "change", amount=found["amount"] + 1, reason="x")
    inspection.move(inspection.b2, case, "change", amount=200_000, reason="部分合理")
    assert case.state == "changed"
    with pytest.raises(flow.Guarded, match="not_from_here"):  # once only
        inspection.move(h1, case, "appeal", reason="x")

    with pytest.raises(flow.Guarded, match="above_decided"):
        inspection.treat(case, amount=200_001)
    with pytest.raises(flow.Guarded, match="multiple_between"):
        inspection.treat(case, "damages", multiple="1.9")
    with pytest.raises(flow.Guarded, match="违约金"):
        inspection.treat(case, "damages")
    assert store.rows(inspection.area, REVIEWS) == []
    inspection.treat(case, "damages", multiple="5", points=4, publish=True)
    assert (case.state, case.data["total"]) == ("proposed", 200_000 + 1_000_000), "above the limit: another approves"
    with pytest.raises(flow.Guarded, match="not_from_here"):
        inspection.move(inspection.b4, case, "execute")
    inspection.move(inspection.b6, case, "return", reason="倍数过高")
    inspection.treat(case, "damages", multiple="2.5", points=4, publish=True)
    assert case.state == "decided", "not above it"
    assert store.rows(inspection.area, VIOLATIONS) == []
    inspection.move(inspection.b4, case, "execute")

    (row,) = store.rows(inspection.area, VIOLATIONS)
    assert (row["violation_id"], row["amount"], row["damages_multiple"]) == (
        found["suspicion_id"], 200_000, 25_000,
    )  # fmt: skip
    (marks,) = store.rows(inspection.area, DOCTOR_MARKS)
    assert (marks["doctor_id"], marks["points"], marks["year"]) == (found["doctor_id"], 4, YEAR)
    (review,) = store.rows(inspection.area, REVIEWS)
    assert (review["decision"], review["treatment"], review["amount"]) == ("confirm", "damages", 200_000)

    # the next run, evaluation and look obey it without a file being touched
    region, again = settled_again(inspection, tmp_path)
    lines = ("violations", "damages", "final_payment")
    before, after = (statement_sums(run, lines) for run in (store.folder(inspection.run), again))
    place = (found["institution_id"], found["insurance_scheme"])
    assert after[place][:2] == (before[place][0] + 200_000, before[place][1] + 500_000)
    assert {key: value for key, value in after.items() if key != place} == {
        key: value for key, value in before.items() if key != place
    }
    card = runs.evaluate(runs.Evaluation(again, "institution-2020", region), tmp_path / "evaluated", usual(2))
    figures = table(card, "indicator_figures").filter(
        (pl.col("scope").cast(pl.String) == "institution")
        & (pl.col("indicator").cast(pl.String) == "violations")
        & (pl.col("institution_id").cast(pl.String) == found["institution_id"])
    )
    assert figures["numerator"].to_list() == [1]
    runs.oversee(again, region, tmp_path / "look", usual(2))
    looked = table(tmp_path / "look", "suspicions").filter(pl.col("suspicion_id") == found["suspicion_id"])
    assert looked["state"].cast(pl.String).to_list() == ["confirmed"]
    points = table(tmp_path / "look", "doctor_points")
    assert points.select("doctor_id", "points", "violations").cast({"doctor_id": pl.String}).rows() == [
        (found["doctor_id"], 4, 1)
    ]

    # the page names the run and its entries once they exist
    page = browser(inspection.b4)
    assert "尚无结算结果计入" in text(page.get(f"/cases/{case.pk}"))
    made = store.new_result_folder(inspection.area, "run", "2024-again")
    again.rename(made)
    pin = store.pin(inspection.b1, inspection.area, "demo", "")
    store.add_result(inspection.b1, area=inspection.area, kind="run", name="2024-again", pin=pin)
    shown = text(page.get(f"/cases/{case.pk}"))
    assert store.Result.objects.get(name="2024-again").title("zh") in shown
    assert "已入账分录" in shown
    assert "5,000.00" in shown

    with pytest.raises(flow.Guarded, match="publish_first"):
        inspection.move(inspection.b4, case, "close")


@pytest.mark.slow
def test_a_refused_stay_is_not_paid_in_the_next_run(inspection: Inspection, tmp_path: Path) -> None:
    from drgpay.tables import STAY_DECISIONS
    from drgpay_web import flow, store

    found = lead(inspection)
    case = inspection.final(found["suspicion_id"])
    assert case.state == "final", "what is admitted is final"
    with pytest.raises(flow.Guarded, match="拒付"):
        inspection.treat(case, "refuse", amount=5)
    inspection.treat(case, "refuse")
    if case.state == "proposed":
        inspection.move(inspection.b2, case, "approve")
    inspection.move(inspection.b4, case, "execute")
    (row,) = store.rows(inspection.area, STAY_DECISIONS)
    assert (row["stay_id"], row["kind"], row["number"]) == (found["stay_id"], "refuse", 1)
    _, again = settled_again(inspection, tmp_path)
    (stay,) = settled_stays(again, found["stay_id"])
    (before,) = settled_stays(store.folder(inspection.run), found["stay_id"])
    assert (before["refused"], stay["due"]) == (0, 0)
    assert stay["refused"] > 0
    same = inspection.final(next(r["suspicion_id"] for r in inspection.suspicions() if r != found))
    same.stays.update(institution=case.unit.code, stay_id=found["stay_id"])
    same.data["stay"], same.unit = found["stay_id"], case.unit
    same.save()
    with pytest.raises(flow.Guarded, match="taken_already"):
        inspection.treat(same, "recover")


def test_silence_is_an_answer_and_no_appeal(inspection: Inspection, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay_web import clock, flow

    case = inspection.asked(lead(inspection)["suspicion_id"])
    flow.sweep()
    case.refresh_from_db()
    assert case.state == "asked"
    over = case.deadline + timedelta(1)
    monkeypatch.setattr(clock, "today", lambda: over)
    flow.sweep()
    case.refresh_from_db()
    assert (case.state, case.deadline) == ("silent", None)
    inspection.move(inspection.other_b4, case, "confirm", finding=None, reason="未答复")
    later = case.deadline + timedelta(1)
    monkeypatch.setattr(clock, "today", lambda: later)
    flow.sweep()
    case.refresh_from_db()
    assert (case.state, case.deadline) == ("final", None)


def test_waived_upheld_and_overturned(inspection: Inspection) -> None:
    from drgpay.tables import REVIEWS
    from drgpay_web import store

    names = [r["suspicion_id"] for r in inspection.suspicions() if r["amount"]][:4]
    cases = [inspection.asked(name) for name in names]
    for case in cases[:3]:
        inspection.move(inspection.h1[case.unit_id], case, "explain", explanation="x")
        inspection.move(inspection.other_b4, case, "confirm", finding=None, reason="x")
    inspection.move(inspection.h1[cases[0].unit_id], cases[0], "waive")
    assert cases[0].state == "final"
    for case, move, state in ((cases[1], "uphold", "upheld"), (cases[2], "overturn", "dismissed")):
        inspection.move(inspection.h1[case.unit_id], case, "appeal", reason="x")
        inspection.move(inspection.third_b4, case, move, reason="复核")
        assert case.state == state
    inspection.move(inspection.h1[cases[3].unit_id], cases[3], "explain", explanation="x")
    inspection.move(inspection.b4, cases[3], "ask", question="再补充病程记录")
    inspection.move(inspection.h1[cases[3].unit_id], cases[3], "explain", explanation="y")
    inspection.move(inspection.other_b4, cases[3], "dismiss", reason="合理")
    assert {r["suspicion_id"]: r["decision"] for r in store.rows(inspection.area, REVIEWS)} == {
        names[2]: "dismiss", names[3]: "dismiss",
    }  # fmt: skip


def test_an_interview_needs_its_minutes(inspection: Inspection) -> None:
    from drgpay_web import flow

    case = inspection.final(lead(inspection)["suspicion_id"])
    inspection.treat(case, "interview", points=2)
    assert case.state == "decided"
    page = browser(inspection.b4)
    assert "请先登记约谈纪要" in text(page.get(f"/cases/{case.pk}"))
    assert page.get(f"/cases/{case.pk}/papers/minutes/pdf").status_code == 404
    held = {"place": "医保局", "attending": "李某\n王某", "minutes": "限期整改"}
    with pytest.raises(flow.Guarded, match="not_held_yet"):
        inspection.move(inspection.b4, case, "interview", day=DAY + timedelta(1), **held)
    inspection.move(inspection.b4, case, "interview", day=DAY, **held)
    assert page.get(f"/cases/{case.pk}/papers/minutes/xlsx").status_code == 200
    inspection.move(inspection.b4, case, "execute")
    assert page.get(f"/cases/{case.pk}/papers/decision/pdf").status_code == 200
    inspection.move(inspection.b4, case, "close")
    assert case.state == "closed"


@pytest.mark.parametrize("treatment", ["suspend", "terminate", "hand_over"])
def test_what_touches_an_agreement_is_always_approved(inspection: Inspection, treatment: str) -> None:
    from drgpay_web import flow

    case = inspection.final(lead(inspection)["suspicion_id"])
    inspection.treat(case, treatment)
    assert case.state == "proposed"
    again = actor("B6", inspection.top, inspection.other_b4.person.username)
    with pytest.raises(flow.Guarded, match="same_person"):
        inspection.move(again, case, "approve")
    inspection.move(inspection.b6, case, "approve")
    inspection.move(inspection.b4, case, "execute")
    assert case.data["treated"][0]["treatment"] == treatment


@pytest.mark.slow
def test_an_agreement_is_suspended_from_a_day_and_paid_again_when_it_is_lifted(
    inspection: Inspection, tmp_path: Path
) -> None:
    from drgpay import runs
    from drgpay.tables import LEDGER, PAYMENT_HOLDS, REVIEWS, SANCTIONS, SUPERVISION
    from drgpay_web import flow, store
    from drgpay_web.oversight import looks

    case = inspection.final(lead(inspection)["suspicion_id"])
    begins, lifted = date(YEAR, 2, 8), DAY + timedelta(30)
    with pytest.raises(flow.Guarded, match="起始日期"):
        inspection.treat(case, "recover", from_date=begins)
    with pytest.raises(flow.Guarded, match="解除日期早于起始日期"):
        inspection.treat(case, "suspend", from_date=begins, lifted_on=begins - timedelta(1))
    inspection.treat(case, "suspend", from_date=begins)
    inspection.move(inspection.b6, case, "approve")
    inspection.move(inspection.b4, case, "execute")
    (hold,) = store.rows(inspection.area, PAYMENT_HOLDS)
    house = case.unit.code
    assert (hold["institution_id"], hold["holds"], hold["from_date"], hold["released_on"]) == (
        house, "all", begins, None,
    )  # fmt: skip
    assert [r["institution_id"] for r in store.rows(inspection.area, SANCTIONS) if r["year"] == YEAR] == [house]
    assert [r["institution_id"] for r in store.rows(inspection.area, SUPERVISION) if r["year"] == YEAR] == [house]

    region = store.compose(store.pin(inspection.b1, inspection.area, "demo", ""))
    first = runs.run(runs.Order(region, "demo", YEAR, 1, known_on=DAY), tmp_path / "m01", usual(2))
    runs.seal_run(first, usual(2), by="b2", on=DAY)
    month = runs.run(runs.Order(region, "demo", YEAR, 2, known_on=DAY, after=first), tmp_path / "m02", usual(2))
    held = looks.rows_of(month, LEDGER, runs.Where("event", "is", "month_held"))
    assert {row["institution_id"] for row in held} == {house}
    assert sum(row["amount"] for row in held) > 0, "the suspended institution's month is not paid"

    with pytest.raises(flow.Guarded, match="lift_first"):
        inspection.move(inspection.b4, case, "close")
    with pytest.raises(flow.Guarded, match="解除日期早于起始日期"):
        inspection.move(inspection.b6, case, "lift", lifted_on=begins - timedelta(1), reason="x")
    inspection.move(inspection.b6, case, "lift", lifted_on=lifted, reason="整改验收合格")
    (hold,) = store.rows(inspection.area, PAYMENT_HOLDS)
    assert (hold["from_date"], hold["released_on"]) == (begins, lifted)
    review = next(r for r in store.rows(inspection.area, REVIEWS) if r["decision"] == "confirm")
    assert (review["from_date"], review["lifted_on"], review["on"]) == (begins, lifted, DAY)
    with pytest.raises(flow.Guarded, match="nothing_to_lift"):
        inspection.move(inspection.b6, case, "lift", lifted_on=lifted, reason="x")
    assert lifted.isoformat() in text(browser(inspection.h1[case.unit_id]).get(f"/cases/{case.pk}"))
    inspection.move(inspection.b4, case, "close")
    assert case.state == "closed"


def test_a_terminated_institution_closes_and_what_is_handed_over_is_held(inspection: Inspection) -> None:
    from drgpay.tables import INSTITUTION_EVENTS, PAYMENT_HOLDS
    from drgpay_web import store

    first, second = [r["suspicion_id"] for r in inspection.suspicions() if r["amount"]][:2]
    inspection.carried_out(first, treatment="terminate", from_date=DAY + timedelta(20))
    (event,) = store.rows(inspection.area, INSTITUTION_EVENTS)
    assert (event["event"], event["from_date"], event["successor"]) == ("closed", DAY + timedelta(20), None)
    case = inspection.carried_out(second, treatment="hand_over", amount=70_000)
    (hold,) = store.rows(inspection.area, PAYMENT_HOLDS)
    assert (hold["holds"], hold["amount"], hold["from_date"], hold["institution_id"]) == (
        "amount", 70_000, DAY, case.unit.code,
    )  # fmt: skip


def test_several_leads_of_a_stay_are_one_case(inspection: Inspection, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay import runs
    from drgpay.tables import REVIEWS
    from drgpay_web import store
    from drgpay_web.oversight import opening

    first, second = [r for r in inspection.suspicions() if r["amount"]][:2]
    whole = runs.leads_of

    def together(*args: Any) -> list[Any]:
        leads = whole(*args)
        for one in leads:
            one.row["stay_id"], one.row["institution_id"] = first["stay_id"], first["institution_id"]
        return leads

    monkeypatch.setattr(runs, "leads_of", together)
    names = [first["suspicion_id"], second["suspicion_id"]]
    (case,) = opening.open_leads(inspection.b4, inspection.look, names)
    assert sorted(one["id"] for one in case.data["leads"]) == sorted(names)
    assert opening.open_leads(inspection.other_b4, inspection.look, names) == [], "none is opened twice"
    inspection.move(inspection.b4, case, "take")
    inspection.move(inspection.b4, case, "ask", question="?")
    inspection.move(inspection.h1[case.unit_id], case, "accept", explanation=None)
    inspection.move(inspection.other_b4, case, "confirm", finding=names[1], reason="属实")
    inspection.treat(case, "recover", amount=100)
    inspection.move(inspection.b4, case, "execute")
    rows = {row["suspicion_id"]: row for row in store.rows(inspection.area, REVIEWS)}
    assert (rows[names[1]]["decision"], rows[names[0]]["decision"]) == ("confirm", "dismiss")
    assert names[1] in rows[names[0]]["reason"]


def test_a_hospital_sees_no_other_ones_records(inspection: Inspection) -> None:
    from drgpay_web.oversight import opening

    names = [r["suspicion_id"] for r in inspection.suspicions()]
    for case in opening.open_leads(inspection.b4, inspection.look, names):
        others = {c for c in (h.code for h in inspection.houses) if c != case.unit.code}
        for found in case.data["leads"]:
            seen = " ".join(f"{row['record']} {row['value']} {row['expected']}" for row in found["seen"])
            assert not any(code in seen for code in others)
            assert len(found["seen"]) == len(found["evidence"])


def test_the_page_of_leads(inspection: Inspection) -> None:
    from drgpay_web import flow

    bureau = browser(inspection.b4)
    page = text(bureau.get("/oversight/leads"))
    rows = inspection.suspicions()
    places = [page.index(f'value="{row["suspicion_id"]}"') for row in rows[:10]]
    assert places == sorted(places), "the likeliest first"
    rule = rows[0]["rule"]
    narrowed = text(bureau.get(f"/oversight/leads?rule={rule}&house={rows[0]['institution_id']}"))
    assert f'value="{rows[0]["suspicion_id"]}"' in narrowed
    other = next(r for r in rows if r["rule"] != rule)
    assert f'value="{other["suspicion_id"]}"' not in narrowed

    asked = {"look": inspection.look.pk, "kind": "leads"}
    assert "请先勾选" in text(bureau.post("/oversight/open", asked))
    assert bureau.post("/oversight/open", asked | {"name": [f"X{n}" for n in range(51)]}).status_code == 422
    assert bureau.post("/oversight/open", asked | {"look": "99999", "name": ["x"]}).status_code == 404
    names = [row["suspicion_id"] for row in rows[:3]]
    for _ in range(2):  # a double click
        assert bureau.post("/oversight/open", asked | {"name": [*names, "NOWHERE"]}).status_code == 302
    cases = list(flow.cases_of(inspection.b4, machine="suspicion"))
    assert len(cases) == 3
    page = text(bureau.get("/oversight/leads"))
    assert all(case.number in page for case in cases)
    assert f'value="{names[0]}"' not in page
    queue = text(bureau.get("/cases/of/suspicion?state=open"))
    assert all(case.number in queue for case in cases)
    assert "到疑点线索立案" in queue
    for who in inspection.h1.values():
        assert not any(case.number in text(browser(who).get("/cases/of/suspicion?state=open")) for case in cases)
    for who in (inspection.b2, inspection.b6):
        assert browser(who).get("/oversight/leads").status_code == 200
        assert browser(who).post("/oversight/open", asked | {"name": names}).status_code == 403
    for who in (inspection.b1, *inspection.h1.values()):
        assert browser(who).get("/oversight/leads").status_code == 403


def test_unclear_leads_come_last_and_an_old_look_is_shown(inspection: Inspection) -> None:
    from drgpay.tables import SUSPICIONS
    from drgpay_web import store

    path = next(store.folder(inspection.look).rglob(f"{SUSPICIONS.name}.parquet"))
    rows = pl.read_parquet(path)
    likely = rows.sort("score", descending=True)["suspicion_id"][0]

    def places(changed: pl.DataFrame) -> list[str]:
        path.unlink()  # the file is shared with other tests
        pq.write_table(changed.to_arrow(), path)
        return re.findall(r'name="name" value="([^"]+)"', text(browser(inspection.b4).get("/oversight/leads")))

    unclear = pl.when(pl.col("suspicion_id") == likely).then(pl.lit("unclear")).otherwise(pl.lit("likely"))
    ordered = places(rows.with_columns(standing=unclear))
    assert ordered[-1] == likely
    old = places(rows.drop("standing"))
    assert sorted(old) == sorted(ordered)
    assert rows.filter(pl.col("suspicion_id") == old[0])["score"][0] == rows["score"].max()


def test_stale_versions_and_double_clicks(inspection: Inspection) -> None:
    from drgpay_web import flow

    case = inspection.open(lead(inspection)["suspicion_id"])
    flow.do(inspection.b4, case, "take", version=1)
    flow.do(inspection.b4, case, "take", version=1)
    case.refresh_from_db()
    assert case.version == 2
    with pytest.raises(flow.Stale):
        flow.do(inspection.other_b4, case, "drop", version=1, values={"reason": "x"})


def drawn_stays(inspection: Inspection) -> list[str]:
    from drgpay.tables import AUDIT_SAMPLE
    from drgpay_web import store
    from drgpay_web.oversight import looks

    return [str(r["stay_id"]) for r in looks.rows_of(store.folder(inspection.look), AUDIT_SAMPLE)]


def test_drawn_stays_are_coded_again(inspection: Inspection, tmp_path: Path) -> None:
    from drgpay import runs
    from drgpay.tables import ARBITRATIONS, SECOND_CODINGS, VIOLATIONS
    from drgpay_web import flow, store
    from drgpay_web.oversight import opening

    stays = drawn_stays(inspection)[:3]
    cases = opening.open_drawn(inspection.b4, inspection.look, [*stays, "NOWHERE"])
    assert [case.data["stay"] for case in cases] == sorted(stays)
    assert opening.open_drawn(inspection.b4, inspection.look, stays) == []
    page, run = browser(inspection.b4), store.folder(inspection.run)
    first = {stay: [one.code for one in runs.tell_stay(run, stay).dx] for stay in stays}
    for case in cases:
        inspection.move(inspection.b4, case, "take")
        blind = text(page.get(f"/cases/{case.pk}"))
        assert "复核编码前不显示" in blind
        assert f"/stays/{inspection.run.pk}/" not in blind
        with pytest.raises(flow.Guarded, match="code_first"):
            inspection.move(inspection.b4, case, "ask", question="?")
        with pytest.raises(flow.Guarded, match="no_codes"):
            inspection.move(inspection.b4, case, "code_again", dx=" , ", proc=None)
    same, wrong, other = cases
    story = runs.tell_stay(run, same.data["stay"])
    inspection.move(
        inspection.b4, same, "code_again", dx="、".join(first[same.data["stay"]]),
        proc=",".join(one.code for one in story.proc) or None,
    )  # fmt: skip
    assert (same.state, same.open) == ("agreed", False)
    for case in (wrong, other):
        inspection.move(inspection.b4, case, "code_again", dx="J18.900", proc=None)
        assert case.state == "differs"
        assert f"/stays/{inspection.run.pk}/" in text(page.get(f"/cases/{case.pk}"))
        inspection.move(inspection.b4, case, "ask", question="请核对编码")
        inspection.move(inspection.h1[case.unit_id], case, "explain", explanation="病历为准")
    inspection.move(inspection.other_b4, other, "dismiss", reason="首次编码正确")
    inspection.move(inspection.other_b4, wrong, "confirm", finding=None, reason="高套")
    inspection.move(inspection.h1[wrong.unit_id], wrong, "waive")
    with pytest.raises(flow.Guarded, match="amount_needed"):
        inspection.treat(wrong, "recover")
    with pytest.raises(flow.Guarded, match="above_payment"):
        inspection.treat(wrong, "recover", amount=wrong.data["payment"] + 1)
    inspection.treat(wrong, "recover", amount=123_45, points=1)
    inspection.move(inspection.b4, wrong, "execute")
    assert {r["stay_id"] for r in store.rows(inspection.area, SECOND_CODINGS)} == set(stays)
    assert {r["stay_id"]: r["upheld"] for r in store.rows(inspection.area, ARBITRATIONS)} == {
        wrong.data["stay"]: "second", other.data["stay"]: "first",
    }  # fmt: skip
    (row,) = store.rows(inspection.area, VIOLATIONS)
    assert (row["violation_id"], row["amount"]) == (wrong.number, 123_45)

    region = store.compose(store.pin(inspection.b1, inspection.area, "demo", ""))
    runs.oversee(run, region, tmp_path / "look", usual(2))
    results = table(tmp_path / "look", "audit_results").with_columns(pl.col("outcome").cast(pl.String))
    outcomes = dict(results.select("stay_id", "outcome").rows())
    assert outcomes == {
        same.data["stay"]: "agreed", wrong.data["stay"]: "second", other.data["stay"]: "first",
    }  # fmt: skip


@pytest.mark.slow
def test_a_later_look_takes_no_offence_at_what_others_found(inspection: Inspection, tmp_path: Path) -> None:
    """Reviews are kept look after look; a month's look leaves out those of other months."""
    from drgpay import runs
    from drgpay_web import store

    rows = inspection.suspicions()
    january = next(r for r in rows if r["month"] != 2 and r["amount"])
    inspection.carried_out(january["suspicion_id"], amount=100)
    region = store.compose(store.pin(inspection.b1, inspection.area, "demo", ""))
    month = runs.run(runs.Order(region, "demo", YEAR, 2), tmp_path / "month", usual(2))
    found = runs.oversee(month, region, tmp_path / "look", usual(2))
    assert found.stays > 0
    assert table(tmp_path / "look", "treatments").height == 0


def test_what_is_published_is_one_announcement(inspection: Inspection) -> None:
    from drgpay_web import flow
    from drgpay_web.oversight import actions
    from drgpay_web.people import Refused
    from drgpay_web.ui import Unfit

    names = [r["suspicion_id"] for r in inspection.suspicions() if r["amount"]][:3]
    told = [inspection.carried_out(name, amount=100 * n, publish=n < 3) for n, name in enumerate(names, 1)]
    page = browser(inspection.b4)
    shown = text(page.get(f"/oversight/treatments?year={YEAR}"))
    assert "2 件待公布" in shown
    assert all(r["stay_id"] not in shown for r in inspection.suspicions())
    with pytest.raises(Refused):
        actions.announce(inspection.b1, year=YEAR, audience="public")
    with pytest.raises(Unfit):
        actions.announce(inspection.b4, year=YEAR, audience="everybody")
    answer = page.post("/oversight/announce", {"year": YEAR, "audience": "public"})
    assert answer.status_code == 302
    (made,) = flow.Case.objects.filter(machine="announcement")
    assert (made.data["audience"], made.period) == ("public", str(YEAR))
    assert all(len(row) == len(made.data["heads"]) for row in made.data["rows"])
    with pytest.raises(Unfit, match="nothing_to_publish"):
        actions.announce(inspection.b4, year=YEAR, audience="public")
    with pytest.raises(flow.Guarded, match="publish_first"):
        inspection.move(inspection.b4, told[0], "close")

    inspection.move(inspection.b1, made, "discard", why="重拟")
    made = actions.announce(inspection.b4, year=YEAR, audience="public")
    inspection.move(inspection.b1, made, "check")
    inspection.move(inspection.b2, made, "publish", until=None)
    for case in told:
        case.refresh_from_db()
    assert [case.state for case in told] == ["published", "published", "executed"]
    inspection.move(inspection.b4, told[0], "close")
    inspection.move(inspection.b4, told[2], "close")
    assert "医保医师记分" in text(page.get(f"/oversight/treatments?year={YEAR}"))


def test_a_published_result_is_looked_through(inspection: Inspection) -> None:
    from drgpay_web import flow, jobs
    from drgpay_web.jobs.ends import end
    from drgpay_web.jobs.handlers import handler_of

    jobs.Job.objects.filter(key="look").update(key="old")
    flow.open_case(
        inspection.b2, machine="period", unit=inspection.top, period=str(YEAR),
        data={"result": inspection.run.pk, "deadline": DAY.isoformat()},
    )  # fmt: skip
    job = jobs.Job.objects.get(kind="oversight.look", state="queued")
    end(job.pk, "done", result=handler_of(job.kind).work(job, lambda _: None, lambda: False))
    from drgpay_web import store

    look = store.Result.objects.get(job=job)
    assert (look.kind, look.period) == ("look", str(YEAR))
    assert flow.Case.objects.filter(machine="alert", data__look=look.pk).exists()
    page = browser(inspection.b4)
    answer = page.post("/oversight/look", {"result": inspection.run.pk})
    assert answer.status_code == 302
    assert page.post("/oversight/look", {"result": "0"}).status_code == 422
    assert browser(inspection.b2).post("/oversight/look", {"result": inspection.run.pk}).status_code == 403


def test_terms_are_the_policys() -> None:
    from drgpay import runs

    terms = runs.oversight_terms("demo", date(YEAR, 4, 8))
    assert (terms.answer_days, terms.appeal_days, terms.appeal_answer_days) == (10, 10, 15)
    assert (terms.approve, terms.damages_least, terms.damages_most) == (1_000_000, 20_000, 50_000)
