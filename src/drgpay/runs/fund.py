"""The fund's calendar outside the runs of stays: budget, health, prepayment, risk fund, re-opened years (design/04).

Registers in, rows of the declared tables out; nothing is written here.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from drgpay.engine import Engine, frame, read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, load
from drgpay.runs.advance_use import use_known
from drgpay.runs.manifest import TABLES
from drgpay.runs.region import known_places, region_identity, register_file
from drgpay.steps import fund, intake, modes
from drgpay.tables import (
    ADVANCE_USE,
    ADVANCES,
    BUDGET_AMOUNTS,
    BUDGET_ENTRIES,
    BUDGET_PARTS,
    BUDGET_PLAN,
    CLAW_BACKS,
    FUND_HEALTH,
    FUND_HISTORY,
    FUND_MONTHS,
    FUND_PLANS,
    INDICATOR_VALUES,
    INSTITUTION_HISTORY,
    INSTITUTION_INDICATORS,
    INSTITUTIONS,
    LOAN_CANDIDATES,
    NEGOTIATIONS,
    PREPAYMENT_TERMS,
    PREPAYMENTS,
    PROCUREMENT,
    REFUSALS,
    RISK_FUND,
    RISK_MOVEMENTS,
    SANCTIONS,
    STATEMENTS,
    Table,
)

Rows = list[dict[str, Any]]
Tables = list[tuple[Table, Rows]]
"""tables of a result, in the order in which they are read"""


def institution_names(folder: Path) -> dict[str, str]:
    """Names of a region's institutions by id; empty where it has no register of them."""
    return {row["institution_id"]: row["name"] for row in RegisterFolder(folder).rows(INSTITUTIONS)}


class RegisterFolder:
    """The registers of a folder, each a CSV, workbook or Parquet file of the table's name. ``option``: how the user
    names the folder, in words for people: ``--region``, 区域, region."""

    def __init__(self, folder: Path, option: tuple[str, str, str] = ("--region", "区域", "region")) -> None:
        if not folder.is_dir():
            raise DrgpayError(
                Kind.DATA,
                zh=f"没有这个{option[1]}文件夹",
                en=f"no such {option[2]} folder",
                file=folder,
                fix_zh=f"检查 {option[0]}",
                fix_en=f"check {option[0]}",
            )
        self.folder = folder

    @cached_property
    def known(self) -> intake.Known:
        """The institutions and communities its rows may name."""
        return known_places(self.folder)

    def has(self, table: Table) -> bool:
        """Whether the register is there."""
        return register_file(self.folder, table) is not None

    def rows(self, table: Table, *, needed: bool = False, taken: bool = True) -> Rows:
        """Rows of a register, checked; one that is not there is empty unless it is needed. ``taken`` false: as people
        wrote them, without what was taken from results."""
        path = register_file(self.folder, table)
        if (path is None and not needed) or (path is not None and not taken and intake.is_taken(path)):
            return []
        register = intake.read_recorded(path or self.folder / table.name, table, self.known, taken=taken)
        return frame(register.rows).to_dicts()

    def levels(self) -> dict[str, str]:
        """Institution → level."""
        return {row["institution_id"]: row["level"] for row in self.rows(INSTITUTIONS, needed=True)}


def year_law(practice: str, year: int) -> Policy:
    """The law of the last day of a year."""
    return load(practice, on=date(year, 12, 31))


def checked(tables: Tables) -> Tables:
    """Every table as the dictionary says; a failure here is a defect of the step."""
    for table, rows in tables:
        table.of(rows)
    return tables


def plan_budget(region: Path, practice: str, year: int) -> tuple[Tables, dict[str, int]]:
    """Tables ``budget_plan``, ``budget_parts`` and, with a history of the institutions, ``institution_indicators``;
    and by insurance scheme what of the inpatient DRG budget (fen) no indicator takes."""
    registers, policy = RegisterFolder(region), year_law(practice, year)
    plans = [p for p in registers.rows(FUND_PLANS, needed=True) if p["year"] == year]
    if not plans:
        raise DrgpayError(
            Kind.DATA,
            zh=f"缺少 {year} 年基金收入预算",
            en=f"no revenue budget of {year}",
            file=FUND_PLANS.name,
            fix_zh="补上该年的行",
            fix_en="add rows of the year",
        )
    changes = registers.rows(BUDGET_ENTRIES)
    revenue = {p["insurance_scheme"]: p["revenue"] for p in plans}
    budgets = fund.compute_budget(registers.rows(FUND_HISTORY, needed=True), revenue, policy, changes, year)
    amounts = registers.rows(BUDGET_AMOUNTS, taken=False)  # what a plan gave before does not bind the next one
    parts = [row for plan in budgets for row in fund.budget_parts(plan, policy, amounts, changes)]
    result: Tables = [(BUDGET_PLAN, budgets), (BUDGET_PARTS, parts)]
    history, unassigned = registers.rows(INSTITUTION_HISTORY), {}
    if history:
        levels, talks = registers.levels(), registers.rows(NEGOTIATIONS)
        sanctioned = [s["institution_id"] for s in registers.rows(SANCTIONS) if s["year"] == year]
        missed = modes.missed(registers.rows(PROCUREMENT), year - 1)
        indicators: Rows = []
        for part in parts:
            if part["part"] == "inpatient_drg":
                scheme = part["insurance_scheme"]
                rows, unassigned[scheme] = fund.institution_indicators(
                    part["adjusted"],
                    scheme,
                    year,
                    history,
                    levels,
                    talks,
                    sanctioned,
                    policy,
                    [h for s, h in missed if s == scheme],
                )
                indicators += rows
        result.append((INSTITUTION_INDICATORS, indicators))
    return checked(result), unassigned


def watch_fund(region: Path, practice: str, year: int) -> Tables:
    """Table ``fund_health`` of the year's reported months."""
    registers = RegisterFolder(region)
    rows = fund.fund_health(
        registers.rows(FUND_HISTORY, needed=True),
        registers.rows(FUND_MONTHS, needed=True),
        registers.rows(FUND_PLANS),
        year_law(practice, year),
        year,
    )
    return checked([(FUND_HEALTH, rows)])


def plan_prepayments(
    region: Path, practice: str, year: int, run: Path | None = None, engine: Engine | None = None
) -> Tables:
    """Tables ``prepayments`` and ``loan_candidates``. What was used of the advances is read from the book that ends
    with ``run``; the register stands in where there is none. USAGE where the book is of another region or year."""
    registers, policy = RegisterFolder(region), year_law(practice, year)
    terms, use = registers.rows(PREPAYMENT_TERMS, needed=True), registers.rows(ADVANCE_USE)
    if run is not None and engine is not None:
        manifest = read_manifest(run)
        own, theirs = (region_identity(region)["id"], year), (manifest["region"]["id"], manifest["year"])
        if manifest["kind"] not in ("month", "year") or own != theirs:
            raise DrgpayError(
                Kind.USAGE, zh="这不是本区域该年账本的月结或清算",
                en="no month or clearing of this region's book of the year", file=run, field="--run",
                value=f"{theirs[0]} {theirs[1]}", fix_zh="给出账本最近一期的结果",
                fix_en="name the latest run of the book",
            )  # fmt: skip
        use = use_known(engine, run, frame(ADVANCE_USE.of(use))).to_dicts()
    treated = {
        row["institution_id"]: row["value"]
        for row in registers.rows(INDICATOR_VALUES)
        if (row["year"], row["indicator"]) == (year - 1, "groups_treated")
    }
    rows = fund.prepayments(
        year,
        registers.rows(INSTITUTION_HISTORY, needed=True),
        terms,
        registers.levels(),
        registers.rows(ADVANCES),
        use,
        policy,
        treated,
        registers.rows(REFUSALS),
    )
    loans = fund.loan_candidates(year, rows, terms, use, policy)
    return checked([(PREPAYMENTS, rows), (LOAN_CANDIDATES, loans)])


def keep_risk_fund(region: Path, practice: str, year: int) -> Tables:
    """Table ``risk_fund`` up to the end of the year: past years' revenue as it was, the rest as it is planned."""
    registers = RegisterFolder(region)
    revenue = fund.revenue_of(registers.rows(FUND_PLANS), registers.rows(FUND_HISTORY), year)
    movements = [m for m in registers.rows(RISK_MOVEMENTS, needed=True) if m["date"].year <= year]
    return checked([(RISK_FUND, fund.risk_fund(revenue, movements, year_law(practice, year)))])


def reopen_year(before: Path, after: Path) -> Tables:
    """Table ``claw_backs`` from two runs of the same year: the first clearing and the new one. USAGE when they are
    not of the same year and region."""
    first, again = read_manifest(before), read_manifest(after)
    if any(first[key] != again[key] for key in ("kind", "run")) or first["kind"] != "year":
        raise DrgpayError(
            Kind.USAGE,
            zh="两次运行不是同一统筹区同一年度的清算",
            en="the two runs are not clearings of the same region and year",
            value=f"{first['run']} / {again['run']}",
            fix_zh="给出同一年度原来的和重新的运行结果",
            fix_en="name the first and the new run of one year",
        )
    cleared, new = (read_table(run / TABLES, STATEMENTS).to_dicts() for run in (before, after))
    return checked([(CLAW_BACKS, fund.reopen(cleared, new, first["year"]))])
