"""R48: prices raised and cut, against the year of a region whose bills were written at the new prices."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay import samples
from drgpay.engine import read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Order, Prices, parse_rates, run, simulate_prices
from drgpay.runs.manifest import TABLES
from drgpay.tables import CATEGORIES, FEES, STATEMENTS
from support.command import drgpay
from support.engines import usual

SAID = {"手术": "+10%", "drug": "-8%", "三级.检查费": "-0.05", "其他": "+3%"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prices")
    samples.make_region(folder / "r", stays=3000, seed=4, institutions=4, extras=frozenset({"details"}))
    run(Order(folder / "r", "demo", 2024), folder / "y", usual())
    return folder


@pytest.fixture(scope="module")
def found(home: Path) -> Prices:
    return simulate_prices(home / "y", home / "r", parse_rates(SAID), usual())


def nearest(x: Fraction) -> int:
    return int(x + Fraction(1, 2)) if x >= 0 else -int(-x + Fraction(1, 2))


def rewritten(home: Path, target: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The region with every bill of 2024 written again at the new prices, stay by stay in exact fractions."""
    shutil.copytree(home / "r", target)
    levels = dict(pl.read_csv(home / "r" / "institutions.csv").select("institution_id", "level").rows())
    details = {row["stay_id"]: row for path in sorted((home / "r" / "stay_details").rglob("*.parquet"))
               for row in pl.read_parquet(path).to_dicts()}  # fmt: skip
    before, after = [], []
    for path in sorted((target / "stays" / "2024").rglob("*.parquet")):
        rows = pl.read_parquet(path)
        old = rows.select("stay_id", "institution_id", "total_cost", "personal_paid", "fund_by_item").to_dicts()
        new = [again(row, details[row["stay_id"]], levels[row["institution_id"]]) for row in old]
        before, after = before + old, after + new
        its = pl.DataFrame(new, schema={k: rows.schema[k] for k in ("total_cost", "personal_paid", "fund_by_item")})
        rows.with_columns(its.get_columns()).write_parquet(path)
    return before, after


def again(row: dict[str, Any], fees: dict[str, Any], level: str) -> dict[str, int]:
    rate = {"surgery": Fraction(10, 100), "drug": Fraction(-8, 100), "other": Fraction(3, 100)}
    if level == "tertiary":
        rate["examination"] = Fraction(-5, 100)
    own = {kind: fees[f"{kind}_fee"] or 0 for kind in FEES}
    own["other"] = row["total_cost"] - sum(own.values())
    cost = sum(nearest(fee * (1 + rate.get(kind, Fraction(0)))) for kind, fee in own.items())
    share = Fraction(cost, row["total_cost"])
    return {"total_cost": cost, **{n: nearest(row[n] * share) for n in ("personal_paid", "fund_by_item")}}


def test_the_settlement_is_that_of_bills_at_the_new_prices(home: Path, found: Prices, tmp_path: Path) -> None:
    before, after = rewritten(home, tmp_path / "r2")
    run(Order(tmp_path / "r2", "demo", 2024), tmp_path / "y2", usual())
    old, new = (read_table(folder / TABLES, STATEMENTS) for folder in (home / "y", tmp_path / "y2"))
    for row in found.settlement.statements:
        mine = [pl.col(name) == row[name] for name in ("insurance_scheme", "institution_id")]
        for name in ("points", "due", "settled", "balance"):
            assert row[f"{name}_old"] == old.filter(mine)[name].item()
            assert row[f"{name}_new"] == new.filter(mine)[name].item()
    assert found.totals["cost_old"] == sum(row["total_cost"] for row in before)
    assert found.totals["cost_new"] == sum(row["total_cost"] for row in after)
    assert found.totals["personal_new"] == sum(row["personal_paid"] for row in after)
    assert found.totals["fund_new"] == sum(row["fund_by_item"] for row in after)


def test_the_structure_of_income_adds_up(found: Prices) -> None:
    area = {row["category"]: row for row in found.structure if row["scope"] == "area"}
    assert set(area) == set(CATEGORIES)
    assert sum(row["old"] for row in area.values()) == found.totals["cost_old"]
    assert sum(row["new"] for row in area.values()) == found.totals["cost_new"]
    assert area["surgery"]["share_new"] > area["surgery"]["share_old"]
    assert area["bed"]["diff"] == 0
    assert sum(row["diff"] for row in area.values()) == found.totals["raised"] - found.totals["cut"]
    for scope in ("level", "institution"):
        rows = [row for row in found.structure if row["scope"] == scope and row["category"] == "drug"]
        assert sum(row["new"] for row in rows) == area["drug"]["new"]
    assert sum(row["diff"] for row in found.groups) == found.totals["cost_new"] - found.totals["cost_old"]
    assert found.within is (found.totals["cost_new"] <= found.totals["cost_old"])


def test_nothing_changes_without_a_change(home: Path) -> None:
    same = simulate_prices(home / "y", home / "r", {}, usual())
    assert same.totals["cost_old"] == same.totals["cost_new"]
    assert all(row["settled_diff"] == 0 for row in same.settlement.institutions)


def test_a_levels_own_rate_goes_before_that_of_all() -> None:
    assert parse_rates({"一级.手术": "0.2", "手术": "1%"}) == {
        ("tertiary", "surgery"): 100, ("secondary", "surgery"): 100, ("primary", "surgery"): 2000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "zh"),
    [
        ({"吃饭": "+1%"}, "费用类别"),
        ({"九级.手术": "+1%"}, "费用类别"),
        ({"手术": "+1.001%"}, "幅度"),
        ({"手术": "-101%"}, "幅度"),
        ({"手术": "很多"}, "幅度"),
        ({"手术": "NaN"}, "幅度"),
    ],
)
def test_what_is_no_change_of_a_price_is_named(said: dict[str, str], zh: str) -> None:
    with pytest.raises(DrgpayError, match=zh) as error:
        parse_rates(said)
    assert error.value.kind == Kind.USAGE


def test_another_region_or_one_without_fees_is_named(home: Path, tmp_path: Path) -> None:
    bare = shutil.copytree(home / "r", tmp_path / "bare")
    shutil.rmtree(bare / "stay_details")
    with pytest.raises(DrgpayError, match="没有病例明细"):
        simulate_prices(home / "y", bare, {}, usual())
    (bare / "region.json").write_text('{"id": "other"}', encoding="utf-8")
    with pytest.raises(DrgpayError, match="不是结算所用的统筹区"):
        simulate_prices(home / "y", bare, {}, usual())


def test_the_command_shows_and_writes_it(home: Path, tmp_path: Path) -> None:
    done = drgpay("prices", home / "y", "--region", home / "r", "--set", "手术=+10%", "--set", "药品=-20%",
                  "-o", tmp_path / "p.xlsx")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "总量不增" in done.stdout
    sheet = pl.read_excel(tmp_path / "p.xlsx", sheet_name="收入结构")
    assert set(sheet["费用类别"]) >= {"手术", "药品", "其他"}
