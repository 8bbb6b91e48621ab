"""What was used of an advance: computed from the book, and what follows from it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from drgpay import runs
from drgpay.cli import app
from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Order, PerformOrder
from drgpay.runs.advance_use import use_known, use_of_book
from drgpay.samples import make_hospital, make_region
from drgpay.tables import ADVANCE_USE
from support.command import CliRunner
from support.engines import usual

S, H = "employee", "H99990100001"
HELD = "year,insurance_scheme,institution_id,fund_paid,unreasonable,heads,invalid_heads\n"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a region and the first two months of its book, the first sealed."""
    home = tmp_path_factory.mktemp("book")
    region = home / "region"
    make_region(region, stays=2_000, seed=3, institutions=3)
    engine = usual(2)
    first = runs.run(Order(region, "demo", 2024, 1), home / "m01", engine)
    runs.seal_run(first, engine, by="王", on=date(2024, 2, 10))
    second = runs.run(Order(region, "demo", 2024, 2, after=first), home / "m02", engine)
    assert second.is_dir()
    return home


def table(run: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(run / "tables" / f"{name}.parquet")


def write_advance(region: Path, amount: int) -> None:
    (region / "advances.csv").write_text(
        "advance_id,year,insurance_scheme,institution_id,date,advance_kind,amount\n"
        f"A1,2024,{S},{H},2024-01-05,ordinary,{amount // 100}.{amount % 100:02d}\n"
    )


def due_of(book: Path, *months: str) -> int:
    mine = (pl.col("institution_id").cast(pl.String) == H) & (pl.col("insurance_scheme").cast(pl.String) == S)
    return sum(int(table(book / m, "institution_months").filter(mine)["due"].sum()) for m in months)


def all_due(book: Path, *months: str) -> int:
    """Of both insurance schemes."""
    its = [
        table(book / m, "institution_months").filter(pl.col("institution_id").cast(pl.String) == H) for m in months
    ]
    return sum(int(rows["due"].sum()) for rows in its)


def test_use_is_the_due_of_the_book_and_costs_are_those_of_the_stays(book: Path) -> None:
    rows = use_of_book(usual(2), book / "m02")
    (row,) = rows.filter((pl.col("insurance_scheme") == S) & (pl.col("institution_id") == H)).to_dicts()
    assert (row["year"], row["month"], row["used"]) == (2024, 2, due_of(book, "m01", "m02"))
    assert row["used"] > due_of(book, "m02") > 0
    stays = pl.concat([pl.read_parquet(p) for p in sorted((book / "region" / "stays").rglob("*.parquet"))])
    its = stays.filter(
        (pl.col("institution_id").cast(pl.String) == H) & (pl.col("insurance_scheme").cast(pl.String) == S)
        & (pl.col("discharge_date").dt.month() <= 2)
    ).with_columns(year=pl.col("discharge_date").dt.year())  # fmt: skip
    costs = dict(its.group_by("year").agg(pl.col("total_cost").sum()).rows())
    assert (row["cost"], row["cost_last_year"]) == (costs[2024], costs[2023])


def test_the_book_stands_before_what_was_reported(book: Path) -> None:
    said = {"year": 2024, "month": 1, "insurance_scheme": S, "institution_id": H, "used": 1, "cost": 2,
            "cost_last_year": 3}  # fmt: skip
    reported = frame(ADVANCE_USE.of([said, said | {"institution_id": "ELSEWHERE"}]))
    rows = use_known(usual(2), book / "m02", reported)
    assert rows.filter(pl.col("institution_id") == H)["month"].to_list() == [2, 2]  # both schemes, none as reported
    assert rows.filter(pl.col("institution_id") == "ELSEWHERE")["used"].to_list() == [1]
    assert use_known(usual(2), None, reported).equals(reported)


def test_one_fen_above_the_limit_suspends_the_prepayment(book: Path, tmp_path: Path) -> None:
    """Use above 80 % of the advance and costs that grow too fast: the fund office's plan says so by itself."""
    region = book / "region"
    (region / "institution_history.csv").write_text(HELD + f"2023,{S},{H},1000,0,9,0\n")
    (region / "prepayment_terms.csv").write_text(
        f"year,institution_id,function,short_of_cash\n2024,{H},general,false\n"
    )
    used, found = due_of(book, "m01", "m02"), {}
    for advance in (used * 10 // 8 + 1, used * 10 // 8 - 1):
        write_advance(region, advance)
        tables = runs.plan_prepayments(region, "demo", 2024, book / "m02", usual(2))
        (row,) = tables[0][1]
        found[advance] = row
        assert row["month"] == 2
    below, above = found.values()
    assert below["usage"] == above["usage"] == 8_000
    assert not below["suspended"]
    assert above["suspended"]
    assert above["growth"] > 1_000
    typed = runs.plan_prepayments(region, "demo", 2024)[0][1]
    assert [row["usage"] for row in typed] == [None]  # nothing was reported
    words = ["fund", "prepay", "--region", region, "--year", 2024, "--policy", "demo", "--run", book / "m02"]
    done = CliRunner(env={"COLUMNS": "300"}).invoke(app, [*map(str, words), "-o", str(tmp_path / "plan")])
    assert done.exit_code == 0, done.output
    with pytest.raises(DrgpayError, match="no month or clearing of this region") as failure:
        runs.plan_prepayments(region, "demo", 2025, book / "m02", usual(2))
    assert failure.value.kind is Kind.USAGE


@pytest.mark.slow
def test_the_hospital_sees_the_use_of_its_advance_among_its_goals(book: Path, tmp_path: Path) -> None:
    """In a book whose region knows an advance; the same figures as the bureau's."""
    make_hospital(book / "region", H, tmp_path / "registers")
    write_advance(book / "region", 2_000_000)
    run = runs.run(Order(book / "region", "demo", 2024, 1), tmp_path / "m01", usual(2))
    runs.perform(PerformOrder("demo-hospital", run, tmp_path / "registers", H, 1), tmp_path / "out", usual(2))
    goals = {g["goal"]: g for g in json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["goals"]}
    rows = use_of_book(usual(2), run).filter((pl.col("institution_id") == H) & (pl.col("advance") > 0))
    (row,) = rows.to_dicts()
    assert row["advance"] == 2_000_000
    share = (2 * row["used"] * 10_000 + row["advance"]) // (2 * row["advance"])
    assert (goals["advance_use"]["value"], goals["advance_use"]["target"]) == (share, 8_000)
    fast = 10 * (row["cost"] - row["cost_last_year"]) > row["cost_last_year"] > 0
    assert goals["advance_use"]["met"] == (share <= 8_000 or not fast)


@pytest.mark.slow
def test_the_alert_on_an_advance_reads_the_book(book: Path, tmp_path: Path) -> None:
    """A hundredth of a per cent decides whether the look at the month raises it; nobody reported anything."""
    used, raised = due_of(book, "m01", "m02"), []
    high, low = used * 10_000 // 8_001, used * 10_000 // 8_000
    for name, advance in (("high", high), ("low", low)):
        write_advance(book / "region", advance)
        runs.oversee(book / "m02", book / "region", tmp_path / name, usual(2))
        alerts = table(tmp_path / name, "alerts").filter(pl.col("rule").cast(pl.String) == "AL05")
        raised.append(alerts.select("numerator", "denominator").rows())
    assert raised == [[(used, high)], []]


@pytest.mark.slow
def test_the_goal_of_the_fund_spend_comes_from_the_book(book: Path, tmp_path: Path) -> None:
    """January against a twelfth of what the bureau set, met to the fen, or 5 % above it; a goal that somebody typed
    stands in where the bureau set nothing, and is pointed out where it is another."""
    make_hospital(book / "region", H, tmp_path / "registers")
    register = book / "region" / "institution_budgets.csv"
    due = all_due(book, "m01")
    found = {}
    for name, amount in (("met", 12 * due), ("missed", 12 * due * 20 // 21), ("none", None)):
        register.unlink(missing_ok=True)
        if amount is not None:
            register.write_text(
                "year,insurance_scheme,institution_id,budget_basis,amount\n"
                f"2024,{S},{H},indicator,1.00\n2024,{S},{H},prepayment,{amount // 100}.{amount % 100:02d}\n"
            )
        run = runs.run(Order(book / "region", "demo", 2024, 1), tmp_path / name / "m01", usual(2))
        order = PerformOrder("demo-hospital", run, tmp_path / "registers", H, 1, {"target.fund_spend": "12.00"})
        out = runs.perform(order, tmp_path / name / "out", usual(2))
        goals = {g["goal"]: g for g in json.loads((out / "manifest.json").read_text("utf-8"))["goals"]}
        marks = table(out, "department_marks").filter(pl.col("item") == "goal_fund_spend")["mark"].drop_nulls()
        warned = [f for f in runs.findings_of(out) if f["rule"] == "fund_spend_differs"]
        found[name] = goals["fund_spend"], marks.max(), warned
    register.unlink(missing_ok=True)
    met, full, warned = found["met"]
    assert met == {"goal": "fund_spend", "value": due, "target": due, "met": True, "basis": "prepayment",
                   "of_year": 12 * due, "months": 1}  # fmt: skip
    assert "12.00" in warned[0]["zh"]
    missed, less, _ = found["missed"]
    assert (missed["value"], missed["met"], missed["of_year"]) == (due, False, 12 * due * 20 // 21)
    assert 21 * missed["target"] // 20 in (due - 1, due, due + 1)
    assert 0 < less < full
    typed, nothing, unwarned = found["none"]
    assert (typed["basis"], typed["target"], typed["met"], unwarned) == ("plan", 100, False, [])
    assert nothing == 0


def test_a_quarter_of_a_book_counts_the_months_it_has(book: Path, tmp_path: Path) -> None:
    """January and February of the book, January's from the link before; two twelfths of the goal."""
    make_hospital(book / "region", H, tmp_path / "registers")
    order = PerformOrder(
        "demo-hospital", book / "m02", tmp_path / "registers", H, 1, {"target.fund_spend": "1200000"}
    )  # fmt: skip
    out = runs.perform(order, tmp_path / "out", usual(2))
    goals = {g["goal"]: g for g in json.loads((out / "manifest.json").read_text("utf-8"))["goals"]}
    both = all_due(book, "m01", "m02")
    assert (goals["fund_spend"]["value"], goals["fund_spend"]["target"]) == (both, 20_000_000)
    assert goals["fund_spend"]["months"] == 2
