"""Institutions over time, by hand: coefficients by day, a statement each, the last money to the successor."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay.engine import dataset, frame, read_table
from drgpay.errors import DrgpayError
from drgpay.ledger import Ledger
from drgpay.policy import practice_text
from drgpay.runs import LEDGER, TABLES, Accepted, Order, read_manifest, run, seal_run, submit, verify
from drgpay.tables import (
    BUDGET_AMOUNTS,
    CASE_POINTS,
    CLOSINGS,
    COEFFICIENTS,
    FINDINGS,
    INSTITUTION_EVENTS,
    INSTITUTION_KINDS,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    MONTH_CASH,
    POOLS,
    STATEMENTS,
    STAY_PAYMENTS,
)
from support import merger, modes
from support.engines import usual
from support.merger import BUDGET, Stay
from support.money import stay

ALL = Accepted(("经办",), "试算")
MERGED = "M1,H2,并入,2024-07-01,H3,,,合并批复\n"
LATE = Stay("H2-11-9", "H2", 11, True, 8600)


def table(out: Path, what: Any) -> pl.DataFrame:
    return read_table(out / TABLES, what)


def by_house(out: Path) -> dict[str, dict[str, Any]]:
    rows = table(out, STATEMENTS).filter(pl.col("insurance_scheme").cast(pl.String) == "resident").to_dicts()
    return {row["institution_id"]: row for row in rows}


def settle(region: Path, out: Path, month: int | None = None, **more: Any) -> Path:
    return run(Order(region, more.pop("policy", "demo"), 2024, month, accept=ALL, **more), out, usual(2))


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return merger.write(tmp_path_factory.mktemp("merged") / "region", merger.stays(6), MERGED)


@pytest.fixture(scope="module")
def year(region: Path) -> Path:
    """The year with H2 merged into H3 in July."""
    return settle(region, region.parent / "year")


@pytest.fixture(scope="module")
def apart(region: Path) -> Path:
    """The same stays without the merger."""
    return settle(merger.write(region.parent / "apart-region", merger.stays(6), ""), region.parent / "apart")


def plain_points(stays: list[Stay]) -> dict[str, int]:
    before = merger.coefficients(merger.LEVELS, {})
    after = merger.coefficients({"H1": "三级", "H3": "二级"}, {"H2": "H3"})
    return {s.name: merger.points(s, (after if s.month >= 7 else before)[s.house]) for s in stays}


class TestTheMerger:
    def test_coefficients_act_on_stays_from_the_day(self, year: Path) -> None:
        assert merger.coefficients(merger.LEVELS, {}) == {"H1": 11875, "H2": 8594, "H3": 9531}
        assert merger.coefficients({"H1": "三级", "H3": "二级"}, {"H2": "H3"}) == {"H1": 11875, "H3": 9063}
        cases = pl.concat([frame(batch) for batch in usual(1).scan(dataset(year / TABLES, CASE_POINTS))])
        assert dict(cases.select("stay_id", "points").rows()) == plain_points(merger.stays(6))
        last = table(year, COEFFICIENTS).filter(pl.col("component").cast(pl.String) == "total")
        assert dict(last.select(pl.col("institution_id").cast(pl.String), "value").rows()) == {
            "H1": 11875, "H3": 9063,
        }  # fmt: skip

    def test_dues_by_hand(self, year: Path) -> None:
        earned: dict[str, int] = defaultdict(int)
        personal: dict[str, int] = defaultdict(int)
        points = plain_points(merger.stays(6))
        for one in merger.stays(6):
            earned[one.house] += points[one.name]
            personal[one.house] += one.cost // 5 * 100
        dues = merger.shares(earned, personal, BUDGET - BUDGET // 20)
        assert {h: row["due"] for h, row in by_house(year).items()} == dues

    def test_the_last_money_goes_to_the_successor_whose_grade_stands_in(self, year: Path) -> None:
        rows = by_house(year)
        old, new = rows["H2"], rows["H3"]
        assert (old["successor"], new["successor"], rows["H1"]["successor"]) == ("H3", None, None)
        assert (old["grade"], new["grade"]) == ("pass", "pass")
        assert old["deposit_forfeited"] == old["deposit_held"] - merger.half_up(Fraction(old["deposit_held"] * 9, 10))
        assert old["moved"] == old["settled"] - old["paid_in_months"] != 0
        assert old["final_payment"] == 0
        assert new["moved"] == -old["moved"]
        assert new["final_payment"] == new["settled"] - new["paid_in_months"] + old["moved"]
        assert rows["H1"]["moved"] == 0
        ledger = list(Ledger.read(year / LEDGER))
        named = [e for e in ledger if e.event == "succeeded"]
        assert [(e.institution_id, {e.debit, e.credit}, e.amount) for e in named] == [
            ("H2", {"resident:H2:payable", "resident:H3:payable"}, abs(old["moved"]))
        ]
        assert not [e for e in ledger if e.institution_id == "H2" and e.event in ("final_paid", "recovered")]

    def test_everything_is_conserved_and_can_be_made_again(self, year: Path, region: Path) -> None:
        sides = {(c["sources"], c["uses"]) for c in read_manifest(year)["conservation"]}
        assert all(a == b for a, b in sides)
        for known in (None, region):
            checks = verify(year, usual(1), region=known)
            assert all(c.ok for c in checks), [c.failure for c in checks if not c.ok]

    def test_without_events_nothing_is_cut_and_nothing_moves(self, apart: Path) -> None:
        assert not (apart / "segments").exists()
        assert {(row["moved"], row["successor"]) for row in by_house(apart).values()} == {(0, None)}
        assert by_house(apart)["H2"]["grade"] == "excellent"

    def test_the_same_bytes_on_any_number_of_threads(self, year: Path, region: Path, tmp_path: Path) -> None:
        again = run(Order(region, "demo", 2024, accept=ALL), tmp_path / "one", usual(1))
        assert read_manifest(again)["outputs"] == read_manifest(year)["outputs"]


class TestOtherEvents:
    def test_a_level_acts_on_stays_from_its_day_and_the_statement_has_that_of_december(self, tmp_path: Path) -> None:
        events = "L1,H3,等级变更,2024-10-01,,,三级,批复\nN1,H3,更名,2024-11-01,,丙中心医院,,批复\n"
        out = settle(merger.write(tmp_path / "r", merger.stays(12), events), tmp_path / "y")
        before = merger.coefficients(merger.LEVELS, {})
        after = merger.coefficients(merger.LEVELS | {"H3": "三级"}, {})
        assert before["H2"] != after["H2"]
        cases = pl.concat([frame(batch) for batch in usual(1).scan(dataset(out / TABLES, CASE_POINTS))])
        assert dict(cases.select("stay_id", "points").rows()) == {
            s.name: merger.points(s, (after if s.month >= 10 else before)[s.house]) for s in merger.stays(12)
        }
        assert by_house(out)["H3"]["level"] == "tertiary"
        names = table(out, INSTITUTIONS)
        assert dict(names.select(pl.col("institution_id").cast(pl.String), "name").rows())["H3"] == "丙中心医院"
        september = settle(tmp_path / "r", tmp_path / "m09", 9)
        there = table(september, INSTITUTIONS).filter(pl.col("institution_id").cast(pl.String) == "H3").to_dicts()[0]
        assert (there["name"], there["level"]) == ("丙医院", "secondary")

    def test_stays_of_an_institution_that_is_not_open_are_findings(self, tmp_path: Path) -> None:
        events = "C1,H2,关闭,2024-06-15,,,,\nO1,H3,新设,2024-02-15,,,,\n"
        out = settle(
            merger.write(tmp_path / "r", merger.stays(8), events, grades="年度,定点医疗机构编号,考核等级\n"),
            tmp_path / "y",
        )
        found = pl.concat([frame(b) for b in usual(1).scan(dataset(out / TABLES, FINDINGS))])
        shut = found.filter(pl.col("rule").cast(pl.String) == "institution_not_open")
        base = [f"B-H3-{n}-{m}" for n in (0, 1) for m in ("03", "04", "05")]
        gone = [f"H2-{m:02d}-{n}" for m in (6, 7, 8) for n in (0, 1)] + ["H3-01-0", "H3-01-1"]
        assert sorted(shut["stay_id"]) == sorted([*base, *gone])
        assert {row["final_payment"] != 0 for row in by_house(out).values() if row["n"]} == {True}


def test_what_a_mode_still_pays_goes_to_the_successor_too(tmp_path: Path) -> None:
    long = stay("l", "P1", los=100, total_cost=3_960_000, discharge_way=1)
    base = [stay(f"b{i}", year=y, total_cost=100_000 + i) | {"stay_id": f"b{i}-{y}"} for y in (2021, 2022, 2023)
            for i in range(6)]  # fmt: skip
    parts = [
        {"year": 2024, "insurance_scheme": s, "part": p, "amount": 10_000_000}
        for s in ("employee", "resident") for p in ("bed_day", "outpatient", "out_of_area", "other")
    ]  # fmt: skip
    event = {"event_id": "1", "institution_id": "P1", "event": "merged_into", "from_date": date(2024, 7, 1),
             "successor": "P2"}  # fmt: skip
    registers = {
        INSTITUTION_KINDS: [{"institution_id": h, "kind": k} for h, k in modes.KINDS.items()],
        BUDGET_AMOUNTS: parts,
        INSTITUTION_EVENTS: [dict.fromkeys(INSTITUTION_EVENTS.names) | event],
    }
    made = modes.settle(tmp_path / "a", modes.Area([*base, stay(1), long], modes.law(), registers))
    moved = [(e.event, e.debit, e.credit, e.amount // 100) for e in Ledger.read(made.parent / "ledger.jsonl")
             if e.institution_id == "P1" and e.month == 0][-2:]  # fmt: skip
    assert moved == [  # due 40,392, 37,620 paid in January
        ("succeeded:mode_final:bed_day", "employee:P1:payable", "employee:P2:payable", 2_772),
        ("mode_final:bed_day", "employee:P2:payable", "employee:bank", 2_772),
    ]
    for row in read_table(made, CLOSINGS).to_dicts():
        assert row["distributable"] + row["risk_draw"] + row["recovered"] == (
            row["paid"] + row["returned"] + row["carried_over"] + row["passed"]
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs m11, m12 and the clearing of a book whose months 1 to 10 were paid outside: H2 goes over into H3 on
    1 December, and a stay of its November comes after November is sealed, to be paid with December."""
    home = tmp_path_factory.mktemp("book")
    stays, events = merger.stays(11), "M1,H2,merged_into,2024-12-01,H3,,,\n"
    plain = settle(merger.write(home / "plain", stays, events), home / "plain-year")
    paid = table(plain, INSTITUTION_MONTHS).filter((pl.col("month") < 11) & (pl.col("n") > 0))
    lines = [
        f"2024,{r['month']},{r['insurance_scheme']},{r['institution_id']},"
        + ",".join(f"{r[c] / 100:.2f}" for c in ("due", "paid", "deposit"))
        for r in paid.to_dicts()
    ]
    head = "year,month,insurance_scheme,institution_id,due,paid,deposit\n"
    region = merger.write(home / "r", stays, events, months_paid=head + "\n".join(lines) + "\n")
    text, _ = practice_text("demo")
    place = "      points.scale:\n"
    assert text.count(place) == 1
    more = "      settlement.corrections:\n        value: next_month\n        source: local\n"
    policy = home / "next.yaml"
    policy.write_text(text.replace(place, more + place), encoding="utf-8")
    order: dict[str, Any] = {"policy": str(policy)}
    runs = home / "runs"
    runs.mkdir()
    m11 = settle(region, runs / "m11", 11, **order)
    seal_run(m11, usual(1), by="审批人", on=date(2024, 12, 5))
    fixed = home / "fixed.csv"
    fixed.write_text(merger.text_of([LATE]), encoding="utf-8")
    done = submit(region, fixed, "H2", (2024, 11), usual(1), on=date(2024, 12, 20), reason="承继机构补报",
                  correction=True)  # fmt: skip
    assert (done.added, done.rejected) == (1, 0)
    m12 = settle(region, runs / "m12", 12, after=m11, **order)
    seal_run(m12, usual(1), by="审批人", on=date(2025, 1, 5))
    settle(region, runs / "year", after=m12, **order)
    return home


@pytest.fixture
def book(home: Path) -> Path:
    """The clearing."""
    return home / "runs" / "year"


class TestInABook:
    def test_what_december_corrects_of_the_old_one_is_paid_to_the_successor(self, home: Path) -> None:
        of = table(home / "runs" / "m12", MONTH_CASH).filter(pl.col("insurance_scheme").cast(pl.String) == "resident")
        rows = {row["institution_id"]: row for row in of.to_dicts()}
        pool = table(home / "runs" / "m11", POOLS).filter(
            (pl.col("insurance_scheme").cast(pl.String) == "resident") & (pl.col("month") == 11)
        ).to_dicts()[0]  # fmt: skip
        points = merger.points(LATE, merger.coefficients(merger.LEVELS, {})["H2"])
        worth = merger.half_up(Fraction(points * pool["distributable"], pool["points"])) - LATE.cost // 5 * 100
        paid = merger.half_up(Fraction(worth * 95, 100))
        old, new = rows["H2"], rows["H3"]
        assert (old["corrections"], old["corrections_deposit"], old["moved"]) == (worth, worth - paid, paid)
        assert (old["due"], old["paid"], old["carried_out"]) == (0, 0, 0)
        assert (new["corrections"], new["moved"]) == (0, -paid)
        assert new["paid"] == new["due"] - new["deposit"] + paid

    def test_the_clearing_counts_what_a_year_of_its_own_counts(self, home: Path, book: Path, tmp_path: Path) -> None:
        alone = settle(home / "r", tmp_path / "alone", policy=str(home / "next.yaml"))
        for h, row in by_house(alone).items():
            for name in ("n", "points", "due", "actual", "grade", "level"):
                assert by_house(book)[h][name] == row[name], (h, name)

    def test_the_old_ones_money_ends_with_the_successor(self, book: Path) -> None:
        rows = by_house(book)
        old, new = rows["H2"], rows["H3"]
        assert (old["successor"], old["final_payment"]) == ("H3", 0)
        assert new["moved"] == -old["moved"]
        assert old["moved"] == old["settled"] - old["paid_in_months"]
        assert new["final_payment"] == new["settled"] - new["paid_in_months"] - new["moved"]
        payments = pl.concat([frame(b) for b in usual(1).scan(dataset(book / TABLES, STAY_PAYMENTS))])
        late = payments.filter(pl.col("stay_id") == LATE.name).to_dicts()[0]
        assert late["institution_id"] == "H2"
        assert late["year_due"] > 0
        checks = verify(book, usual(1))
        assert all(c.ok for c in checks), [c.failure for c in checks if not c.ok]

    def test_nothing_is_left_on_an_account_of_the_old_one(self, book: Path) -> None:
        balances = Ledger.read(book / LEDGER).balances()
        assert {a: b for a, b in balances.items() if ":H2:" in a and b} == {}

    def test_december_hands_it_in_no_more(self, home: Path, tmp_path: Path) -> None:
        region = home / "r"
        file = tmp_path / "late.csv"
        file.write_text(merger.text_of([Stay("H2-12-0", "H2", 12, True, 8600)]), encoding="utf-8")
        with pytest.raises(DrgpayError, match="H3") as caught:
            submit(region, file, "H2", (2024, 12), usual(1))
        assert "2024-12-01" in caught.value.en
