"""What an evaluation is computed from: a settled year, and what a region knows besides, as it stands then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import Engine, dataset, frame, read_manifest, read_table, table_path
from drgpay.runs.manifest import REGISTERS, TABLES, law_of
from drgpay.runs.region import Region, Registers, known_places, read_region, register_file
from drgpay.steps import evaluation, intake, points
from drgpay.tables import (
    BASE_GROUPS,
    BASE_YEARS,
    CASE_POINTS,
    CONFIRMED_CASES,
    GROUP_WEIGHTS,
    GROUPED,
    INSTITUTIONS,
    OPERATION_LEVELS,
    RECORD_SCORES,
    REFUSALS,
    SATISFACTION_SURVEYS,
    STATEMENTS,
    STAY_DECISIONS,
    STAY_DETAILS,
    VIOLATIONS,
    VISITS,
    Table,
)

READ = (STAY_DETAILS, VISITS, VIOLATIONS, REFUSALS, CONFIRMED_CASES, SATISFACTION_SURVEYS)
"""what is read of a region as it stands, besides what the run kept"""
_REVIEWS = ("special", "high_extra", "technology", "tcm")
_CASE = ("violation_id", "year", "institution_id")


def region_register(region: Path | None, table: Table) -> pl.DataFrame | None:
    """A register of a region as it stands, what it took from results included; None: it has none."""
    path = None if region is None else register_file(region, table)
    if region is None or path is None:
        return None
    return frame(intake.read_register(path, table, known_places(region)))


def facts_of(run: Path, region: Path | None, records: Path | None, work: Path, engine: Engine) -> evaluation.Facts:
    """What the indicators are computed from: a year run, and a region's tables and registers beside its stays."""
    manifest, tables = read_manifest(run, "year"), run / TABLES
    registers, place = Registers.read(run / REGISTERS), read_region(region) if region else None
    weights = {d: points.parse_weight(w) for d, w in registers[GROUP_WEIGHTS].select("drg", "weight").rows()}
    parts = [
        *_of_run(registers, tables, engine),
        *_of_cases(registers, region, manifest["year"]),
        *_of_surveys(region, manifest["year"]),
        *_of_records(records),
    ]
    whole = pl.concat([p.with_columns(pl.exclude("institution_id").cast(pl.Int64)) for p in parts], how="diagonal")
    return evaluation.Facts(
        year=manifest["year"],
        grouped=dataset(tables, GROUPED),
        cases=dataset(tables, CASE_POINTS),
        institutions=registers[INSTITUTIONS],
        groups=read_table(tables, BASE_GROUPS),
        scale=law_of(run, manifest).integer("points.scale"),
        reference=reference_years(tables, manifest["year"]),
        weights=weights,
        by_institution=whole.group_by("institution_id").agg(pl.all().sum()),
        details=_beside(place, STAY_DETAILS, work),
        visits=_beside(place, VISITS, work),
        operations=dict(registers[OPERATION_LEVELS].select("code", "operation_level").rows()),
    )


def reference_years(tables: Path, year: int) -> tuple[int, ...]:
    """The years out of which groups have their risk of death: the base years of a run's tables, else the last one."""
    return tuple(sorted(set(read_table(tables, BASE_YEARS)["year"].to_list()))) or (year - 1,)


def violations_of(registers: Registers, region: Path | None) -> pl.DataFrame:
    """Columns violation_id, year and institution_id: every confirmed violation once, whichever register says it. With
    a region as its registers stand, else what the run kept."""
    found = [region_register(region, table) for table in (VIOLATIONS, REFUSALS, CONFIRMED_CASES)]
    if found[0] is None:
        found[0] = registers[VIOLATIONS]
    return pl.concat([rows.select(_CASE) for rows in found if rows is not None]).unique(_CASE)


def counted_by_year(violations: pl.DataFrame) -> Counter[int]:
    """Number of :func:`violations_of` by year."""
    return Counter(violations["year"].to_list())


def _beside(region: Region | None, table: Table, work: Path) -> evaluation.Beside | None:
    found = region.table(table, work) if region else None
    return None if found is None else evaluation.Beside(found.data, found.brought)


def _of_run(registers: Registers, tables: Path, engine: Engine) -> list[pl.DataFrame]:
    """Stays brought to review, statements, and what the institutions are. The register of decisions may hold those
    of other years: only stays of this one count."""
    reviews = registers[STAY_DECISIONS].filter(pl.col("kind").is_in(_REVIEWS))
    if reviews.height:
        cases = engine.scan(dataset(tables, CASE_POINTS), ("stay_id",))
        reviews = pl.concat([reviews.join(frame(batch), on="stay_id", how="semi") for batch in cases])
    institutions = registers[INSTITUTIONS]
    parts = [
        institutions.select("institution_id", feedback=0),
        reviews.group_by("institution_id").agg(feedback=pl.col("stay_id").n_unique()),
    ]
    told = institutions.filter(pl.col("e_voucher").is_not_null()) if "e_voucher" in institutions.columns else None
    if told is not None and told.height:
        parts.append(told.select("institution_id", connected="e_voucher", connection_told=1))
    if table_path(tables, STATEMENTS).is_file():
        parts.append(read_table(tables, STATEMENTS).select("institution_id", "actual", "due"))
    return parts


def _of_cases(registers: Registers, region: Path | None, year: int) -> list[pl.DataFrame]:
    """Confirmed violations of the year, and by type where the region keeps a register of confirmed cases; refusals
    confirmed elsewhere count as cases too."""
    ids = registers[INSTITUTIONS].select("institution_id")
    of_year = violations_of(registers, region).filter(pl.col("year") == year)
    money = region_register(region, VIOLATIONS)
    money = (registers[VIOLATIONS] if money is None else money).filter(pl.col("year") == year)
    parts = [
        ids.with_columns(violations=0, violation_amount=0),
        of_year.group_by("institution_id").agg(violations=pl.len()),
        money.group_by("institution_id").agg(violation_amount=pl.col("amount").sum()),
    ]
    cases = region_register(region, CONFIRMED_CASES)
    if cases is None:
        return parts
    cases = cases.select(*_CASE, "violation")
    refusals = region_register(region, REFUSALS)
    if refusals is not None:
        more = refusals.join(cases, on="violation_id", how="anti")
        cases = pl.concat([cases, more.select(*_CASE, violation=pl.lit("refusal"))])
    cases = cases.filter(pl.col("year") == year)
    return [*parts, evaluation.case_sums(ids, cases, evaluation.registry().settings)]


def _of_surveys(region: Path | None, year: int) -> list[pl.DataFrame]:
    answers = region_register(region, SATISFACTION_SURVEYS)
    if answers is None:
        return []
    of_year = answers.filter(pl.col("year") == year)
    return [of_year.select("institution_id", survey_answers="answers", survey_satisfied="satisfied")]


def _of_records(records: Path | None) -> list[pl.DataFrame]:
    if records is None:
        return []
    rows = read_table(records / TABLES, RECORD_SCORES).filter(pl.col("scope") == "institution")
    return [
        rows.select(
            "institution_id", record_completeness=pl.col("completeness") * pl.col("n"),
            record_accuracy=pl.col("accuracy") * pl.col("n"), record_parts=pl.col("n") * 100, record_n="n",
            record_errors="errors",
        )
    ]  # fmt: skip


def tasks_of(institutions: pl.DataFrame, figures: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Tasks of the year of the whole area, as far as they can be told: (numerator, denominator). ``figures``: rows of
    ``indicator_figures``."""
    area = {r["indicator"]: (r["numerator"], r["denominator"]) for r in figures if r["scope"] == "area"}
    found = {
        "voucher_institutions": area["voucher_connected"],
        "voucher_settled": area["voucher_settled"],
        "voucher_provincial": area["provincial_settled"],
    }
    if "e_voucher" in institutions.columns:
        upper = institutions.filter(pl.col("level") != "primary")["e_voucher"].drop_nulls()
        found["voucher_upper"] = (int(upper.sum()), upper.len() or None)
    return {name: (n, of) for name, (n, of) in found.items() if n is not None and of is not None}
