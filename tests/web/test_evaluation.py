"""The evaluation of a year from its opening to the next run: values, spot checks, marks, objections, grades."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay.units import half_up
from support.clearing import Desk, make_region
from support.office_people import actor, browser

DAY = date(2025, 3, 3)
CARD = "shanwei-2023"
OTHERS = {
    "c04_performance": "2",
    "l2_referral": "4%",
    "l3_specialties": "2",
    "l4_drugs": "0.8",
    "c09_satisfaction": "80%",
}
RETURNED = {"excellent": 10_000, "good": 10_000, "pass": 9_000, "fail": 5_000}
"""of the deposit, as the practice of the demonstration says"""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("evaluation") / "region")


class Bench:
    """The office of a region, its people, and the evaluation of its year."""

    def __init__(self, desk: Desk) -> None:
        from drgpay_web import flow
        from drgpay_web.evaluation import actions

        self.desk = desk
        self.b4, self.other_b4 = actor("B4", desk.top), actor("B4", desk.top, "second-b4")
        self.h5 = actor("H5", desk.houses[0])
        self.year = actions.open_year(desk.b1, card=CARD, year="2024")
        self.cards = list(flow.Case.objects.filter(machine="evaluation_card").order_by("unit__code"))

    def move(self, who: Any, case: Any, name: str, **values: Any) -> Any:
        return self.desk.move(who, case, name, **values)

    def fill(self) -> None:
        """Every institution reports everything that is reported."""
        for who, card in zip(self.desk.h1, self.cards, strict=True):
            for item, value in (("c01_lead", "3"), ("c02_rules", "3"), ("c03_systems", "2")):
                self.move(who, card, "report", item=item, value=value, evidence="自查表 第2页 2025-01-10")

    def check(self) -> None:
        for card in self.cards:
            card.refresh_from_db()
            for item in card.data["sample"]:
                self.move(self.b4, card, "check", item=item, found="holds", value="", evidence="现场笔录 1 号")

    def mark(self, run: Any, move: str = "mark") -> None:
        from drgpay_web import jobs

        case = self.move(self.desk.b1, self.year, move, run=str(run.pk))
        job = self.desk.do(jobs.Job.objects.get(pk=case.data["job"]))
        assert job.state == "done", job.error
        for one in (self.year, *self.cards):
            one.refresh_from_db()


@pytest.fixture
def bench(office: Any, region: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    from drgpay_web import clock, store

    monkeypatch.setattr(clock, "today", lambda: DAY)
    return Bench(Desk(store.import_region(region)))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def accuracy_by_the_check(area: str, house: str) -> tuple[int, int]:
    """Accuracy of a house's records as the office's only check of the whole region has it, as a quotient."""
    from drgpay.tables import RECORD_SCORES
    from drgpay_web import store

    (check,) = store.folder_of_kind(area, "check").iterdir()
    rows = pl.read_parquet(check / "tables" / f"{RECORD_SCORES.name}.parquet")
    its = rows.filter(pl.col("scope").cast(pl.String) == "institution", pl.col("institution_id") == house).to_dicts()
    return its[0]["accuracy"] * its[0]["n"], its[0]["n"] * 100


def test_every_card_that_marks_records_has_them_checked() -> None:
    from drgpay import runs

    asked = {card: runs.judges_records(runs.known_card(card)) for card in ("shanwei-2023", "zhejiang-2021",
             "institution-2020", "hospital-departments")}  # fmt: skip
    assert asked == {
        "shanwei-2023": True, "zhejiang-2021": True, "institution-2020": True, "hospital-departments": False
    }  # fmt: skip


def test_the_whole_way_from_values_to_the_next_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay.tables import GRADE_REGISTER, REPORTED_VALUES
    from drgpay_web import flow, store
    from drgpay_web.evaluation import cards as its

    desk, (first, second) = bench.desk, bench.cards
    run = desk.run("2024", "trial")

    # values: by those named, with evidence, as the card asks them
    bench.move(desk.b1, bench.year, "assign_item", item="c03_systems", person=str(bench.b4.person.pk))
    with pytest.raises(flow.Guarded):  # it is the inspector's now
        bench.move(desk.h1[0], first, "report", item="c03_systems", value="2.5", evidence="x")
    bench.move(bench.b4, first, "report", item="c03_systems", value="2.5", evidence="机房查验记录")
    with pytest.raises(flow.Guarded):  # nobody named him
        bench.move(bench.h5, first, "report", item="c01_lead", value="3", evidence="x")
    bench.move(desk.h1[0], first, "name_person", item="c01_lead", person=str(bench.h5.person.pk))
    bench.move(bench.h5, first, "report", item="c01_lead", value="2.5", evidence="许可证 2024-3")
    with pytest.raises(flow.Guarded):  # above the full mark
        bench.move(desk.h1[0], first, "report", item="c02_rules", value="4", evidence="x")
    with pytest.raises(flow.Guarded):  # without evidence
        bench.move(desk.h1[0], first, "report", item="c02_rules", value="2", evidence="")
    with pytest.raises(flow.Guarded):  # computed
        bench.move(desk.h1[0], first, "report", item="c18_readmit", value="1%", evidence="x")
    bench.move(desk.h1[0], first, "report", item="c02_rules", value="2", evidence="协议自查")
    bench.move(desk.h1[1], second, "report", item="c01_lead", value="0", evidence="许可证")

    for who, card in zip(desk.h1, (first, second), strict=True):
        for item, value in OTHERS.items():
            bench.move(who, card, "report", item=item, value=value, evidence="自查表")
    for item in ("c02_rules", "c03_systems"):
        bench.move(
            desk.h1[1] if item == "c02_rules" else bench.b4, second, "report", item=item, value="0", evidence="无"
        )
    bench.move(desk.h1[1], second, "report", item="n3_shifting", value="3", evidence="处理决定")

    # spot checks: a sample by rule, by another person than who reported
    bench.move(desk.b1, bench.year, "close")
    first.refresh_from_db()
    assert first.state == "checking"
    assert len(first.data["sample"]) == 2  # a fifth of eight, rounded up
    with pytest.raises(flow.Guarded):
        bench.move(desk.b1, bench.year, "mark", run=str(run.pk))
    for card, item in ((first, "c03_systems"), (second, "c01_lead")):
        card.refresh_from_db()
        card.data["sample"] = [item]
        card.save()
    with pytest.raises(flow.Guarded):  # his own
        bench.move(bench.b4, first, "check", item="c03_systems", found="differs", value="1", evidence="笔录")
    bench.move(bench.other_b4, first, "check", item="c03_systems", found="differs", value="1", evidence="笔录")
    bench.move(bench.b4, second, "check", item="c01_lead", found="holds", value="", evidence="笔录")

    # marks: values are in the register with their evidence, and in the marks
    bench.mark(run)
    assert (bench.year.state, first.state, second.state) == ("marked", "marked", "marked")
    assert second.deadline == date(2025, 3, 10)
    kept = {
        (r["institution_id"], r["item"]): (r["value"], r["evidence"]) for r in store.rows(desk.area, REPORTED_VALUES)
    }
    assert kept[desk.houses[0].code, "c03_systems"] == (10_000, "笔录")
    marks = {row["item"]: row for row in its.shown_rows(first, its.MARKS)}
    assert (marks["c03_systems"]["mark"], marks["c03_systems"]["basis"]) == (10_000, "reported")
    assert (marks["c16_records"]["basis"], marks["c16_records"]["mark"] is None) == ("computed", False)
    value = marks["c16_records"]["numerator"], marks["c16_records"]["denominator"]
    assert value == accuracy_by_the_check(desk.area, first.unit.code)
    assert marks["c18_readmit"]["basis"] in ("computed", "missing")

    # an objection, answered by one and approved by another, marks worked out again; silence of the other
    bench.move(desk.h1[0], first, "object", item="c03_systems", reason="当日系统升级")
    with pytest.raises(flow.Guarded):
        bench.move(desk.b2, bench.year, "approve")
    bench.move(desk.b1, first, "accept", value="2", evidence="复核笔录", reply="情况属实")
    with pytest.raises(flow.Guarded):
        bench.move(actor("B2", desk.top, desk.b1.person.username), first, "approve_answer")
    bench.move(desk.b2, first, "approve_answer")
    monkeypatch.setattr("drgpay_web.clock.today", lambda: date(2025, 3, 20))
    flow.sweep()
    second.refresh_from_db()
    assert (second.state, second.data["silent"]) == ("settled", True)
    with pytest.raises(flow.Guarded):  # first again
        bench.move(desk.b2, bench.year, "approve")
    bench.mark(run, "mark_again")
    assert (first.state, second.state) == ("marked", "settled"), "whose marks are the same is not asked again"
    assert {r["item"]: r["mark"] for r in its.shown_rows(first, its.MARKS)}["c03_systems"] == 20_000
    bench.move(desk.h1[0], first, "agree")

    # grades: approved by another person, in the register by the case's number, and in the next run to the fen
    with pytest.raises(flow.Guarded):
        bench.move(actor("B2", desk.top, desk.b1.person.username), bench.year, "approve")
    before = statements(run)
    bench.move(desk.b2, bench.year, "approve")
    graded = {
        row["institution_id"]: row["grade"] for row in store.rows(desk.area, GRADE_REGISTER) if row["year"] == 2024
    }
    results = {r["institution_id"]: r["grade"] for r in its.shown_rows(bench.year, its.RESULTS)}
    assert graded == {house: grade for house, grade in results.items() if grade}
    assert graded
    after = statements(desk.run("2024", "trial"))
    assert before != after
    for row in after.values():
        back = half_up(row["deposit_held"] * RETURNED[graded[row["institution_id"]]], 10_000)
        assert row["deposit_forfeited"] == row["deposit_held"] - back
    assert any(row["deposit_forfeited"] for row in after.values()), "the lower grade costs"
    bench.move(desk.b1, bench.year, "publish")
    bench.year.refresh_from_db()
    first.refresh_from_db()
    notice = flow.Case.objects.get(pk=bench.year.data["announcement"])
    assert (bench.year.state, first.state, notice.machine) == ("published", "closed", "announcement")
    assert [row[0] for row in notice.data["rows"]] == [house.name for house in desk.houses]


def statements(run: Any) -> dict[str, dict[str, int]]:
    """The deposit of every institution in a run."""
    from drgpay import runs
    from drgpay_web import store

    view = runs.View("statements", scope=runs.Scope.everything())
    return {
        r["institution_id"] + r["insurance_scheme"]: r
        for batch in runs.export_rows(store.folder(run), view)
        for r in batch
    }


def test_the_pages_show_it_to_whom_it_concerns(bench: Bench) -> None:
    from drgpay_web import flow

    desk, (first, second) = bench.desk, bench.cards
    bench.fill()
    page = text(browser(desk.b1).get(f"/cases/{bench.year.pk}"))
    assert desk.houses[0].name in page
    assert "3 / 11" in page
    mine = text(browser(desk.h1[0]).get(f"/cases/{first.pk}"))
    assert "自查表 第2页" in mine
    assert browser(desk.h1[0]).get(f"/cases/{second.pk}").status_code == 404
    assert browser(desk.h1[0]).get(f"/cases/{bench.year.pk}").status_code == 404
    listed = text(browser(desk.h1[0]).get("/cases/of/evaluation_card?state=open"))
    assert first.number in listed
    assert second.number not in listed
    opened = browser(desk.b1).post("/evaluations/open", {"card": CARD, "year": "2024"})
    assert opened.status_code == 422, "twice a year by one card"
    assert "已用该评分表" in text(opened)
    opened = browser(desk.b1).post("/evaluations/open", {"card": CARD, "year": "2023"})
    assert opened.status_code == 302
    assert flow.Case.objects.filter(machine="evaluation_card", period="2023").count() == len(desk.houses)


@pytest.mark.slow
def test_the_notice_is_a_paper_of_ones_own(bench: Bench) -> None:
    desk = bench.desk
    run = desk.run("2024", "trial")
    bench.fill()
    bench.move(desk.b1, bench.year, "close")
    bench.check()
    bench.mark(run)
    own = browser(desk.h1[0])
    assert own.get(f"/cases/{bench.cards[0].pk}/papers/result/pdf").status_code == 200
    assert own.get(f"/cases/{bench.cards[1].pk}/papers/result/pdf").status_code == 404
    page = text(own.get(f"/cases/{bench.cards[0].pk}"))
    assert "总分" in page
    assert "系统计算满分" in page
    assert "得分" in text(browser(desk.b1).get(f"/cases/{bench.year.pk}"))
