"""Rows of the area made true: growth over all modes, and where its people are treated."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay.engine import read_table
from drgpay.ledger import Ledger
from drgpay.policy import load
from drgpay.runs import Evaluation, Order, evaluate, run
from drgpay.runs.manifest import LEDGER
from drgpay.samples import make_region
from drgpay.steps import evaluation as ev
from drgpay.tables import GROUPED, OUTCOMES
from support.engines import usual

LAW = load("demo", on=date(2024, 12, 31))
_NONE = {"value": None, "numerator": None, "denominator": None, "absent_zh": "无", "absent_en": "none"}
BEFORE = {"year": 2023, "measure": "fund_expenditure", "value": 10_000, "unit": "fen", "before": None,
          "target": None, "met": None, "zh": "", "en": ""}  # fmt: skip


def told(facts: ev.AreaFacts) -> dict[str, dict[str, Any]]:
    rows = ev.outcomes(facts, LAW)
    OUTCOMES.of(rows)
    return {r["measure"]: r for r in rows if r["year"] == 2024}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region with payment modes whose institutions say whether they lie in the county, settled, evaluated."""
    folder = tmp_path_factory.mktemp("area")
    make_region(folder / "r", stays=1_500, seed=4, institutions=5, extras=frozenset({"modes", "visits"}))
    path = folder / "r" / "institutions.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "县域内"])
        writer.writeheader()
        writer.writerows(row | {"县域内": "否" if i == 0 else "是"} for i, row in enumerate(rows))
    run(Order(folder / "r", "demo", 2024), folder / "year", usual(1))
    evaluate(Evaluation(folder / "year", "zhejiang-2021", folder / "r"), folder / "ev", usual(1))
    return folder


class TestR39:
    """Growth of the fund's spending over all modes from the book; shares at base level and inside the county."""

    FACTS = ev.AreaFacts(
        2024,
        dict.fromkeys(
            ("mean_cost", "mean_personal", "cost_growth", "personal_growth", "fund_growth", "reimbursement_share"),
            _NONE,
        ),
        None, {}, [], [BEFORE], 11_000, ev.Seen(100, 65, 60, 64, 3),
    )  # fmt: skip

    def test_r39_growth_is_that_of_the_ledgers_of_both_years(self) -> None:
        growth = told(self.FACTS)["fund_growth"]
        assert (growth["value"], growth["target"], growth["met"]) == (1_000, 1_000, True)
        growth = told(replace(self.FACTS, spent=11_001))["fund_growth"]  # one fen more
        assert (growth["value"], growth["met"]) == (1_001, False)
        reported = [{"year": y, "measure": "fund_expenditure", "numerator": n, "denominator": None}
                    for y, n in ((2023, 100), (2024, 130))]  # fmt: skip
        assert told(replace(self.FACTS, values=reported))["fund_growth"]["value"] == 1_000  # the ledgers go before
        assert told(replace(self.FACTS, values=reported, history=[]))["fund_growth"]["value"] == 3_000

    def test_r39_shares_are_of_visits_and_stays(self) -> None:
        found = told(self.FACTS)
        assert (found["base_visits"]["value"], found["base_visits"]["met"]) == (6_500, True)
        assert found["county_visits"]["value"] == 8_955  # 60 of 64 placed and 3 out of the area
        assert "36" in found["county_visits"]["en"]  # their place is not told
        nobody = ev.Seen(100, 64, 0, 0, 3)
        found = told(replace(self.FACTS, seen=nobody))
        assert (found["base_visits"]["met"], found["county_visits"]["value"]) == (False, None)

    def test_r39_the_board_has_them_from_ledger_visits_and_places(self, place: Path) -> None:
        found = {r["measure"]: r for r in read_table(place / "ev" / "tables", OUTCOMES).to_dicts()}
        ledger = Ledger.read(place / "year" / LEDGER)
        out = sum(e.amount for e in ledger if e.credit.endswith(":bank") and "treated_here" not in e.event)
        back = sum(e.amount for e in ledger if e.debit.endswith(":bank") and not e.event.startswith("budget")
                   and "treated_here" not in e.event)  # fmt: skip
        assert found["fund_expenditure"]["value"] == out - back > 0
        places = pl.read_csv(place / "r" / "institutions.csv", infer_schema=False)
        seen = [
            v
            for path in (place / "r" / "visits").rglob("*.parquet")
            for v in pl.read_parquet(path).filter(pl.col("visit_date").dt.year() == 2024)["institution_id"].to_list()
        ]
        stays = pl.scan_parquet(place / "year" / "tables" / GROUPED.name / "*.parquet")
        seen += stays.filter(pl.col("year") == 2024).collect()["institution_id"].to_list()
        level = dict(places.select("institution_id", "level").rows())
        base = sum(level[h] == "primary" for h in seen)
        assert found["base_visits"]["value"] == (base * 10_000 * 2 + len(seen)) // (2 * len(seen))
        inside = sum(h != places["institution_id"][0] for h in seen)
        assert found["county_visits"]["zh"].startswith(f"门诊和住院 {inside} / ")
