"""Results hand over by themselves (design/12 §3): each loop by command, its effect in the next run in one fen."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay.engine import read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import read_manifest
from drgpay.runs.manifest import law_of
from drgpay.samples import EVALUATION, make_region
from drgpay.tables import BUDGET_PARTS, CASE_POINTS, CHEATS, POOLS, PREPAYMENTS, STATEMENTS, SUSPICIONS, Table
from drgpay.units import half_up
from support.command import say

YEAR = ("--policy", "demo", "--year", "2024")
REPORTED = frozenset({EVALUATION})
"""what institutions reported, so that they can be graded"""
Say = Callable[..., str]


def settle(region: Path, name: str) -> Path:
    out = region.with_name(name)
    say("run", "year", "--region", region, *YEAR, "-o", out)
    return out


def rows_of(run: Path, table: Table) -> list[dict[str, Any]]:
    return read_table(run / "tables", table).to_dicts()


def statements(run: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {(r["insurance_scheme"], r["institution_id"]): r for r in rows_of(run, STATEMENTS)}


def write(region: Path, name: str, head: str, *rows: str) -> None:
    (region / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def without_2024(region: Path, name: str) -> None:
    with (region / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    write(region, name, ",".join(head), *(",".join(row) for row in rows if row[0] != "2024"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region whose 2024 has no grades yet, and its year."""
    region = tmp_path_factory.mktemp("loops") / "r"
    make_region(region, stays=1_500, seed=5, institutions=6, violations=dict.fromkeys(CHEATS, 0.02), extras=REPORTED)
    without_2024(region, "grades")
    settle(region, "y1")
    return region


@pytest.fixture
def region(made: Path, tmp_path: Path) -> Path:
    """A copy to write into, beside the year."""
    shutil.copytree(made.parent, tmp_path / "all")
    return tmp_path / "all" / "r"


def test_an_evaluation_gives_the_grades_of_the_clearing(region: Path) -> None:
    result = region.with_name("evaluation")
    say("evaluate", region.with_name("y1"), "--card", "shanwei-2023", "--region", region, "-o", result)
    assert "没有写(试算)" in say("region", "take", region, result, "--dry-run")
    assert not list(region.glob("*.taken.csv"))
    assert "第 1 次接收" in say("region", "take", region, result, "--by", "王")
    before, after = statements(region.with_name("y1")), statements(settle(region, "y2"))
    run = region.with_name("y2")
    share = law_of(run, read_manifest(run)).table("settlement.deposit_return")
    for key, row in after.items():
        assert before[key]["grade"] != row["grade"] or before[key]["deposit_forfeited"] == row["deposit_forfeited"]
        back = half_up(row["deposit_held"] * share[row["grade"]], 10_000)
        assert row["deposit_forfeited"] == row["deposit_held"] - back
    assert any(row["deposit_forfeited"] != before[key]["deposit_forfeited"] for key, row in after.items())
    told = say("explain", region.with_name("y2"), "--institution", min(h for _, h in after), "--item", "保证金扣减")
    assert "考核评价结果 evaluation" in told
    assert "登记 王" in told
    assert "没有要写的" in say("region", "take", region, result)


@pytest.fixture(scope="module")
def look(made: Path) -> Path:
    out = made.with_name("look")
    say("oversee", made.with_name("y1"), "--region", made, "-o", out)
    return out


def test_a_review_refuses_a_stay_and_takes_money_back(region: Path, look: Path) -> None:
    of_stays = [s for s in rows_of(look, SUSPICIONS) if s["stay_id"] and s["stay_payment"] and s["amount"]]
    first = of_stays[0]
    second = next(s for s in of_stays if s["stay_id"] != first["stay_id"])
    head = "suspicion_id,decision,reason,reviewer,on,treatment,amount,damages_multiple,points,publish"
    write(region.parent, "reviews", head,
          f"{first['suspicion_id']},confirm,查实,李,2025-02-01,refuse,,,3,",
          f"{second['suspicion_id']},confirm,查实,李,2025-02-02,damages,1000.00,2,,")  # fmt: skip
    result = region.with_name("review")
    say("oversee", "review", look, region.parent / "reviews.csv", "-o", result)
    say("region", "take", region, result)
    before, after = statements(region.with_name("y1")), statements(settle(region, "y2"))
    place = second["insurance_scheme"], second["institution_id"]
    assert after[place]["violations"] - before[place]["violations"] == 100_000
    assert after[place]["damages"] - before[place]["damages"] == 200_000
    (case,) = [c for c in rows_of_stays(region.with_name("y2")) if c["stay_id"] == first["stay_id"]]
    assert case["case_class"] == "excluded"
    place = first["insurance_scheme"], first["institution_id"]
    assert after[place]["refused"] > before[place]["refused"]
    told = say("explain", region.with_name("y2"), "--stay", first["stay_id"])
    assert all(word in told for word in ("疑点评审结果 review", first["suspicion_id"], "决定 李 2025-02-01"))
    if first["doctor_id"]:
        assert f",{first['doctor_id']},3," in (region / "doctor_marks.taken.csv").read_text("utf-8-sig")


def rows_of_stays(run: Path) -> list[dict[str, Any]]:
    return pl.read_parquet(run / "tables" / CASE_POINTS.name).to_dicts()


def test_a_review_that_confirms_nothing_is_not_taken(region: Path, look: Path) -> None:
    name = rows_of(look, SUSPICIONS)[0]["suspicion_id"]
    write(region.parent, "reviews", "suspicion_id,decision,reason,reviewer,on", f"{name},dismiss,无,李,2025-02-01")
    result = region.with_name("review")
    say("oversee", "review", look, region.parent / "reviews.csv", "-o", result)
    refused("没有已认定的疑点", Kind.USAGE, "region", "take", region, result)


FUND = {
    "fund_history": ("year,insurance_scheme,revenue,expenditure,balance,lump_sum_balance,settled",
                     "2023,employee,9000000,8000000,100,0,true", "2023,resident,9000000,8000000,100,0,true"),
    "fund_plans": ("year,insurance_scheme,revenue,expenditure", "2024,employee,9500000,", "2024,resident,9400000,"),
}  # fmt: skip


@pytest.mark.slow
def test_a_budget_is_taken_once_it_is_agreed(region: Path) -> None:
    for name, rows in FUND.items():
        write(region, name, *rows)
    without_2024(region, "budgets")
    plan = ("fund", "budget", "--region", region, *YEAR)
    say(*plan, "-o", region.with_name("draft"))
    refused("预算方案还没有定案", Kind.USAGE, "region", "take", region, region.with_name("draft"))
    agreed = ("--agreed-by", "局务会", "--agreed-on", "2023-12-20")
    say(*plan, *agreed, "-o", region.with_name("plan"))
    say("region", "take", region, region.with_name("plan"), "--on", "2023-12-21")
    parts = rows_of(region.with_name("plan"), BUDGET_PARTS)
    drg = {r["insurance_scheme"]: r["adjusted"] for r in parts if r["part"] == "inpatient_drg"}
    pools = [p for p in rows_of(settle(region, "y2"), POOLS) if p["month"] == 0]
    assert {p["insurance_scheme"]: p["budget"] for p in pools} == drg
    say(*plan, *agreed, "-o", region.with_name("plan2"))
    assert rows_of(region.with_name("plan2"), BUDGET_PARTS) == parts  # amounts that were taken bind no later plan
    # changed within the year: the new plan supersedes the old one
    write(region, "budget_entries", "entry_id,year,insurance_scheme,stage,change_reason,part,amount",
          "E1,2024,employee,mid_year,outbreak,inpatient_drg,1000.00")  # fmt: skip
    say(*plan, "--agreed-by", "局务会", "--agreed-on", "2024-07-01", "-o", region.with_name("plan3"))
    assert "替代 1," in say("region", "take", region, region.with_name("plan3"), "--on", "2024-07-02")
    pools = [p for p in rows_of(settle(region, "y3"), POOLS) if p["month"] == 0]
    assert {p["insurance_scheme"]: p["budget"] for p in pools} == drg | {"employee": drg["employee"] + 100_000}


def test_a_prepayment_is_an_advance_of_the_year(region: Path) -> None:
    house = read_csv(region / "institutions.csv")[0]["institution_id"]
    write(region, "institution_history",
          "year,insurance_scheme,institution_id,fund_paid,unreasonable,heads,invalid_heads",
          f"2023,employee,{house},120000.00,0,100,0")  # fmt: skip
    write(region, "prepayment_terms", "year,institution_id,function,short_of_cash", f"2024,{house},general,false")
    result = region.with_name("prepay")
    order = ("fund", "prepay", "--region", region, *YEAR, "--agreed-by", "王", "--agreed-on", "2024-01-10")
    say(*order, "-o", result)
    say("region", "take", region, result)
    (planned,) = rows_of(result, PREPAYMENTS)
    row = statements(settle(region, "y2"))["employee", house]
    assert row["advance_netted"] == planned["to_advance"] > 0
    assert row["assessment_held"] == planned["reserve"] > 0
    told = say("explain", region.with_name("y2"), "--institution", house, "--item", "advance_netted")
    assert "决定 王 2024-01-10" in told
    # planned again nothing is left to advance
    say(*order, "-o", region.with_name("again"))
    say("region", "take", region, region.with_name("again"))
    assert statements(settle(region, "y3"))["employee", house]["advance_netted"] == planned["to_advance"]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def refused(text: str, kind: Kind, *words: object) -> None:
    with pytest.raises(DrgpayError) as caught:
        say(*words)
    assert caught.value.kind is kind
    assert text in caught.value.text()
