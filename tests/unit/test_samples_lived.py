"""A year as it is lived, from a seed: what is in it, and that it can be lived."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from drgpay.engine import read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Whole
from drgpay.runs import TABLES, Order, read_region, run
from drgpay.runs.chain import read_chain
from drgpay.runs.ready import Accepted
from drgpay.runs.region import Registers
from drgpay.runs.seals import seal
from drgpay.samples import TRUTH_FILE, make_region
from drgpay.steps import settlement
from drgpay.tables import (
    ADVANCES,
    BUDGETS,
    CASE_POINTS,
    CORRECTIONS,
    INSTITUTION_EVENTS,
    MONTH_CASH,
    PAYMENT_HOLDS,
    STATEMENTS,
    STAY_DECISIONS,
    STAY_PAYMENTS,
)
from support.command import drgpay
from support.engines import usual

YEAR = 2024


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived") / "region"
    done = drgpay("region", "make", "-o", folder, "--stays", 3000, "--seed", 7, "--institutions", 5, "--lived")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def runs(region: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """October to December and the clearing, each with what was known then, sealed."""
    folder, after = tmp_path_factory.mktemp("runs"), None
    copy = shutil.copytree(region, folder / "region")
    paid = [f"{YEAR},{month},employee,H99990100001,0,0,0" for month in range(1, 10)]
    lines = ["year,month,insurance_scheme,institution_id,due,paid,deposit", *paid]
    (copy / "months_paid.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for month in (10, 11, 12, None):
        known = date(2025, 6, 30) if month is None else date(YEAR + month // 12, month % 12 + 1, 15)
        accepted = Accepted(("审批人",), "只结算后三个月")
        order = Order(copy, "demo", YEAR, month, known, accept=accepted, after=after)
        after = run(order, folder / (f"m{month:02d}" if month else "year"), usual(2))
        seal(after, by="审批人", on=known, ledger_head=read_chain(after, sealed=False).last.ledger.head)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


def test_the_same_seed_gives_the_same_bytes(region: Path, tmp_path: Path) -> None:
    again = make_region(tmp_path / "again", stays=3000, seed=7, institutions=5, lived=True).folder
    names = sorted(p.relative_to(region).as_posix() for p in region.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(again).as_posix() for p in again.rglob("*") if p.is_file())
    assert filecmp.cmpfiles(region, again, names, shallow=False)[1:] == ([], [])


def test_stays_come_late_are_corrected_and_taken_back(region: Path, tmp_path: Path) -> None:
    """What is known at last are the stays of the region that is not lived, but for those taken back."""
    whole = make_region(tmp_path / "whole", stays=3000, seed=7, institutions=5).folder
    columns = ["stay_id", "total_cost", "personal_paid", "fund_by_item"]
    right, first = (pl.read_parquet(r / "stays" / str(YEAR) / "*.parquet").select(columns) for r in (whole, region))
    batches = read_region(region).batches
    handed = pl.concat([pl.read_csv(b.path, infer_schema=False) for b in batches])
    gone = set(handed.filter(pl.col("withdrawn") == "1")["stay_id"])
    late = set(handed["stay_id"]) - set(first["stay_id"])
    wrong = set(handed["stay_id"]) - late - gone
    assert min(len(gone), len(late), len(wrong)) >= 3
    assert set(right["stay_id"]) == set(first["stay_id"]) | late
    assert gone <= set(first["stay_id"])
    differing = first.join(right, on=columns, how="anti")["stay_id"]
    assert set(differing) <= wrong
    assert len(differing) >= 3
    days = [b.received_on for b in batches]
    assert None not in days
    assert days == sorted(days)  # type: ignore[type-var]
    assert all(b.reason and b.received_on and (b.received_on.year, b.received_on.month) > b.month for b in batches)


def test_there_are_late_decisions_advances_a_hold_and_more_money_in_july(region: Path) -> None:
    def known(day: date) -> Registers:
        return read_region(region, day).registers

    spring, autumn, last = known(date(YEAR, 5, 10)), known(date(YEAR, 9, 1)), known(date(YEAR + 1, 6, 30))
    assert set(last[STAY_DECISIONS]["kind"]) == {"refuse", "special", "deduct"}
    assert spring[STAY_DECISIONS].height < autumn[STAY_DECISIONS].height < last[STAY_DECISIONS].height
    assert last[ADVANCES].height == 5
    assert spring[PAYMENT_HOLDS]["released_on"].to_list() == [None]
    assert autumn[PAYMENT_HOLDS]["released_on"].to_list() == [date(YEAR, 7, 10)]
    money = [r[BUDGETS].filter(pl.col("year") == YEAR)["drg_budget"].sum() for r in (spring, autumn)]
    assert money[1] * 100 // money[0] in (102, 103)


def test_a_hospital_goes_over_into_another_in_september(region: Path) -> None:
    event = read_region(region).registers[INSTITUTION_EVENTS].to_dicts()[0]
    assert (event["event"], event["from_date"]) == ("merged_into", date(YEAR, 9, 1))
    stays = pl.read_parquet(region / "stays" / str(YEAR) / "*.parquet")
    of_it = stays.filter(pl.col("institution_id").cast(pl.String) == event["institution_id"])
    assert of_it.height > 0
    assert of_it["discharge_date"].max() < event["from_date"]  # type: ignore[operator]


def test_without_it_a_region_is_as_it_was(tmp_path: Path) -> None:
    made = make_region(tmp_path / "plain", stays=300, seed=3, institutions=2)
    assert not made.lived
    assert not (tmp_path / "plain" / "batches.csv").exists()
    assert "lived" not in (tmp_path / "plain" / "region.json").read_text(encoding="utf-8")


def test_it_does_not_go_with_tables_that_speak_of_all_stays(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as failure:
        make_region(tmp_path / "r", stays=300, extras=frozenset({"visits"}), lived=True)
    assert failure.value.kind is Kind.USAGE
    assert not (tmp_path / "r").exists()


def test_violations_stand_in_a_lived_year_as_they_do_in_another(tmp_path: Path) -> None:
    """Their stays are right from the start, in both the same, and only stays, persons and the truth speak of them."""
    rates = {"splitting": 0.05, "upcoding": 0.08, "fraud": 0.05, "early_discharge": 0.05}
    lived, plain = (
        make_region(
            tmp_path / str(flag), stays=3000, seed=7, years=(YEAR,), institutions=5, violations=rates, lived=flag
        ).folder
        for flag in (True, False)
    )
    truth, whole = (pl.read_parquet(folder / TRUTH_FILE) for folder in (lived, plain))
    kept = [name for name in truth.columns if name != "institution_id"]
    assert truth.select(kept).equals(whole.select(kept))
    assert {"stay_details", "charges", "visits"} & {path.name for path in lived.iterdir()} == set()
    named = set(truth["stay_id"].drop_nulls()) | set(truth["related_stays"].explode().drop_nulls())
    assert len(named) >= 30
    batches = pl.concat([pl.read_csv(b.path, infer_schema=False) for b in read_region(lived).batches])
    assert not named & set(batches["stay_id"])
    theirs, right = (
        pl.read_parquet(folder / "stays" / str(YEAR) / "*.parquet").filter(pl.col("stay_id").is_in(sorted(named)))
        for folder in (lived, plain)
    )
    same = [name for name in theirs.columns if name != "institution_id"]
    assert theirs.select(same).sort("stay_id").equals(right.select(same).sort("stay_id"))
    astray = []  # a stay in a sister institution is the fault of another
    for about, stays in ((truth, theirs), (whole, right)):
        places = dict(stays.select("stay_id", pl.col("institution_id").cast(pl.String)).rows())
        rows = about.select("stay_id", pl.col("institution_id").cast(pl.String), "form").rows()
        astray.append({(stay, form) for stay, house, form in rows if stay and places[stay] != house})
    assert astray[0] == astray[1]
    assert {form for _, form in astray[0]} <= {"sister_institution", "transfer_and_back"}
    event = read_region(lived).registers[INSTITUTION_EVENTS].to_dicts()[0]
    moved = theirs.filter(pl.col("institution_id").cast(pl.String) == event["successor"])["stay_id"]
    was = right.filter(pl.col("institution_id").cast(pl.String) == event["institution_id"])["stay_id"]
    assert set(moved) & set(was), "some of them go over with their hospital"


@pytest.mark.slow
def test_it_is_lived_to_the_end(runs: Path) -> None:
    """The months find what came late, the clearing counts all of it and conserves the fund."""
    chain = read_chain(runs / "year")
    assert [link.name for link in chain.links] == ["m10", "m11", "m12", "year"]
    found = pl.concat([read_table(link.tables, CORRECTIONS) for link in chain.links[1:]])
    assert found.height >= 5
    assert set(found["cause"]) == {"batch", "decision"}
    assert {*found["found_in"]} > {13}  # in months, and at the clearing
    statements = read_table(runs / "year" / TABLES, STATEMENTS)
    cases = read_table(runs / "year" / TABLES, CASE_POINTS)
    assert statements["points"].sum() == cases["points"].sum()
    paid = read_table(runs / "year" / TABLES, STAY_PAYMENTS)
    assert paid["year_due"].sum() == statements["due"].sum()
    assert paid.filter((pl.col("month_due") > 0) & (pl.col("year_due") == 0)).height > 0  # refused or taken back
    for at, link in enumerate(chain.links):
        past = tuple(entry for before in chain.links[:at] for entry in before.ledger)
        settlement.check_link(Whole(past, link.ledger), ("employee", "resident"))  # raises where a fen is lost
    left = {name.rpartition(":")[2] for name, fen in chain.last.ledger.balances().items() if fen}
    assert left <= {"bank", "reserve", "returned", "carried", "passed"}


@pytest.mark.slow
def test_every_month_pays_what_it_owes(runs: Path) -> None:
    for name in ("m10", "m11", "m12"):
        tables = runs / name / TABLES
        assert table_path(tables, MONTH_CASH).exists()
        cash = read_table(tables, MONTH_CASH)
        owed = cash["due"] - cash["deposit"] + cash["corrections"] - cash["corrections_deposit"] + cash["carried_in"]
        gone = cash["advance_netted"] + cash["held"] + cash["paid"] + cash["carried_out"]
        assert owed.to_list() == gone.to_list()
