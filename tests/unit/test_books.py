"""Figures of a statement down to their entries, decisions that money follows, deadlines, and the exported ledger."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from drgpay.cli import app
from drgpay.engine import read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.policy import load, practice_text
from drgpay.runs import (
    LEDGER,
    TABLES,
    Order,
    deadlines,
    explain_cell,
    explain_stay,
    read_manifest,
    run,
    verify,
)
from drgpay.runs.deadlines import working_day
from drgpay.steps.settlement import STATEMENT_ITEMS
from drgpay.tables import ADJUSTMENTS, CASE_POINTS, CLOSINGS, STATEMENTS
from drgpay.units import parse_fen
from support.command import CliRunner
from support.engines import usual

NETTED = {"month_due": 1, "year_due_more": 1, "year_due_less": -1, "final_paid": 1, "recovered": -1}


def test_every_figure_of_a_statement_is_its_ledger_entries(small_run: Path) -> None:
    statements = read_table(small_run / TABLES, STATEMENTS)
    ledger = Ledger.read(small_run / LEDGER)
    for row in statements.head(6).iter_rows(named=True):
        for name, item in STATEMENT_ITEMS.items():
            sections, sources = explain_cell(small_run, row["institution_id"], name)
            assert set(sources) == {p for p in item.parameters if p in sources}
            assert all(s["source"] for s in sources.values())
            first = item.events[:1] if name in ("advance_netted", "debt_netted", "deposit_forfeited") else item.events
            booked = sum(
                NETTED.get(e.event, 1) * e.amount
                for e in ledger
                if e.institution_id == row["institution_id"]
                and e.insurance_scheme == row["insurance_scheme"]
                and e.event in first
            )
            if first:
                assert booked == row[name], name
            titles = [s.en for s in sections]
            assert any(row["insurance_scheme"] in t for t in titles)


def test_the_largest_stays_add_up_to_the_due(small_run: Path) -> None:
    statements = read_table(small_run / TABLES, STATEMENTS)
    row = statements.sort("due").row(-1, named=True)
    sections, _ = explain_cell(small_run, row["institution_id"], "due")
    totals = [s.lines[-1] for s in sections if s.en == "largest stays"]
    assert row["due"] in [parse_fen(line.value) for line in totals]


def test_unknown_items_and_institutions_are_named(small_run: Path) -> None:
    with pytest.raises(DrgpayError, match="deposit_held") as failure:
        explain_cell(small_run, "H1", "depozit")
    assert failure.value.kind is Kind.USAGE
    with pytest.raises(DrgpayError, match="no such institution"):
        explain_cell(small_run, "nobody", "deposit")


def test_decisions_are_paid_netted_and_explained(small_region: Path, small_run: Path, tmp_path: Path) -> None:
    region = shutil.copytree(small_region, tmp_path / "region")
    cases = read_table(small_run / TABLES, CASE_POINTS).sort("stay_id")
    statements = read_table(small_run / TABLES, STATEMENTS).filter(pl.col("due") > 10**7)
    h, scheme = statements.select("institution_id", "insurance_scheme").row(0)
    stays = cases.filter(pl.col("institution_id") == h)["stay_id"].to_list()[:5]
    kinds = ("special", "technology", "refuse", "deduct", "tcm")
    decided = "\n".join(
        f"{s},{h},{kind},同意,{i},{'20000.00' if kind == 'special' else ''},{'0.25' if i in (1, 3) else ''},说明"
        for i, (s, kind) in enumerate(zip(stays, kinds, strict=True))
    )
    header = "stay_id,institution_id,kind,decision,number,amount,share,reason\n"
    (region / "stay_decisions.csv").write_text(header + decided + "\n", encoding="utf-8")
    place = f"2024,{h},{scheme}"
    (region / "violations.csv").write_text(
        f"violation_id,year,institution_id,insurance_scheme,amount,damages_multiple\nV1,{place},1000.00,2.5\n",
        encoding="utf-8",
    )
    (region / "debts.csv").write_text(
        f"year,institution_id,insurance_scheme,amount\n{place},77.77\n", encoding="utf-8"
    )
    (region / "advances.csv").write_text(
        "advance_id,year,institution_id,insurance_scheme,date,advance_kind,amount\n"
        f"A1,{place},2024-01-05,ordinary,500.00\n",
        encoding="utf-8",
    )
    out = run(Order(region, "demo", 2024), tmp_path / "run", usual(2))
    assert all(c.ok for c in verify(out, usual(1)))
    assert {"stay_decisions.csv", "violations.csv", "debts.csv", "advances.csv"} <= read_manifest(out)[
        "inputs"
    ].keys()
    mine = (pl.col("institution_id") == h) & (pl.col("insurance_scheme") == scheme)
    row = read_table(out / TABLES, STATEMENTS).filter(mine).row(0, named=True)
    assert (row["violations"], row["damages"], row["debt_netted"], row["advance_netted"]) == (
        100_000, 250_000, 7_777, 50_000,
    )  # fmt: skip
    assert row["final_payment"] == row["settled"] - row["paid_in_months"] - 7_777 - 50_000
    assert read_table(out / TABLES, CLOSINGS)["debts"].sum() == 7_777
    after = dict(read_table(out / TABLES, CASE_POINTS).select("stay_id", "case_class").rows())
    assert (after[stays[0]], after[stays[2]]) == ("special", "excluded")
    made = read_table(out / TABLES, ADJUSTMENTS)
    assert dict(made.select("stay_id", "adjustment").rows()) == {stays[1]: "technology", stays[3]: "deduction"}
    for stay in stays:
        sections, _ = explain_stay(out, stay)
        values = {line.en: line.value for s in sections for line in s.lines}
        points = read_table(out / TABLES, CASE_POINTS).filter(pl.col("stay_id") == stay)["points"][0]
        assert values["case points"].replace(",", "") == f"{points // 10000}.{points % 10000:04d}"


def test_readmissions_halve_the_earlier_stay(small_region: Path, small_run: Path, tmp_path: Path) -> None:
    text, _ = practice_text("demo")
    mine = tmp_path / "mine.yaml"
    rule = "      points.readmit_days: 30\n      points.readmit_keep: 0.5\n      points.min_los: 1\n"
    mine.write_text(text.replace("      points.min_los: 1\n", rule, 1), encoding="utf-8")
    out = run(Order(small_region, str(mine), 2024), tmp_path / "run", usual(2))
    made = read_table(out / TABLES, ADJUSTMENTS)
    assert made.height > 0
    assert set(made["adjustment"]) == {"readmission"}
    assert ((made["before"] + 1) // 2 == made["after"]).all()
    before = dict(read_table(small_run / TABLES, CASE_POINTS).select("stay_id", "points").rows())
    assert all(before[s] == p for s, p in made.select("stay_id", "before").rows())


def test_deadlines() -> None:
    assert working_day(date(2024, 1, 31), 1) == date(2024, 2, 1)
    assert working_day(date(2024, 2, 2), 1) == date(2024, 2, 5)  # over a weekend
    dates = deadlines(load("demo", on=date(2024, 12, 31)), 2024)
    assert [d.month for d in dates] == [*range(1, 13), 0]
    assert dates[0].last_day == date(2024, 3, 13)  # 30 working days after 31 January
    assert dates[-1].last_day == date(2025, 6, 30)
    assert dates[0].overdue(date(2024, 3, 14))
    assert not dates[0].overdue(date(2024, 3, 13))


def test_the_ledger_and_the_calendar_on_the_command_line(small_run: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    shown = runner.invoke(app, ["ledger", str(small_run)])
    assert shown.exit_code == 0
    assert "职工·银行存款" in shown.output
    assert "应付" not in shown.output  # all institutions are settled
    assert runner.invoke(app, ["ledger", str(small_run), "-o", str(tmp_path / "l.xlsx")]).exit_code == 0
    assert runner.invoke(app, ["ledger", str(small_run), "-o", str(tmp_path / "l.csv")]).exit_code == 0
    entries = len(Ledger.read(small_run / LEDGER))
    assert openpyxl.load_workbook(tmp_path / "l.xlsx").active.max_row == entries + 1
    exported = pl.read_csv(tmp_path / "l.csv", infer_schema=False)
    assert sum(parse_fen(x) for x in exported["金额(元)"]) == sum(e.amount for e in Ledger.read(small_run / LEDGER))
    words = ["calendar", "--policy", "demo", "--year", "2024", "--today", "2024-04-01", "--lang", "en"]
    said = runner.invoke(app, words)
    assert said.output.count("overdue") == 1
    assert "clearing of 2024" in said.output


def test_a_figure_is_explained_on_the_command_line(small_run: Path) -> None:
    h = read_table(small_run / TABLES, STATEMENTS)["institution_id"][0]
    runner = CliRunner()
    said = runner.invoke(app, ["explain", str(small_run), "--institution", h, "--item", "deposit", "--lang", "en"])
    assert said.exit_code == 0, said.output
    assert "ledger entries" in said.output
    assert "= 0.95" in said.output
    assert "settlement.monthly_pay_ratio" not in said.output
    wrong = runner.invoke(app, ["explain", str(small_run), "--institution", h, "--stay", "S1"])
    assert wrong.exit_code == Kind.USAGE
