"""Payment modes outside a run of the year: preview, capitation, out of area, procurement, enrolment check, benefits.
Registers and stays in, rows of the declared tables out."""

from __future__ import annotations

import shutil
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import (
    Dataset,
    Engine,
    Part,
    Source,
    dataset,
    frame,
    new_folder,
    read_manifest,
    read_table,
    table_path,
    write_part,
    write_table,
    years_of,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import laws
from drgpay.runs import modes as inside
from drgpay.runs.fund import Rows, Tables, checked, year_law
from drgpay.runs.laws import clearing
from drgpay.runs.manifest import PRACTICE, REGISTERS, TABLES
from drgpay.runs.money import Period
from drgpay.runs.named import check_named
from drgpay.runs.region import Registers, known_codes, read_region
from drgpay.steps import fund, intake, modes
from drgpay.tables import (
    BENEFIT_SPLITS,
    CAPITATION_HEADS,
    CAPITATION_RESULTS,
    ENROLMENT,
    ENROLMENT_GAPS,
    EXEMPT_PERSONS,
    GROUPED,
    INSTITUTIONS,
    INTERNET_VISITS,
    MODE_FINDINGS,
    OUT_OF_AREA_CLAIMS,
    OUT_OF_AREA_STATEMENTS,
    OUT_OF_AREA_WATCH,
    PROCUREMENT,
    PROCUREMENT_PAYMENTS,
    REFERRALS,
    STAY_DETAILS,
)


def preview(run: Path, engine: Engine, practice: str | None = None) -> list[dict[str, Any]]:
    """The stays of a year's run by mode, rule and exit, under its own policy or another: mode, rule, exit, n, cost,
    due. Nothing is written."""
    manifest = read_manifest(run)
    found = laws(practice or run / PRACTICE, manifest["year"], month=manifest["month"])
    segments = clearing(found)
    period = Period(manifest["year"], fund.MONTHS if manifest["month"] is None else (manifest["month"],))
    with TemporaryDirectory(prefix="drgpay-") as name:
        folder = Path(name)
        registers = Registers.read(run / REGISTERS)
        grouped = dataset(run / TABLES, GROUPED)
        assigned = inside.assign(engine, grouped, segments, registers, period, folder / "modes", folder / "work")
        by = ("mode", "rule", "exit")
        sums = engine.sum(assigned.modes, _by_rule, by, (*by, "total_cost", "due"), "count")
        return frame(sums).to_dicts()


def _by_rule(batch: Any) -> Any:
    rows = frame(batch).with_columns(pl.col("exit").fill_null(modes.NONE))
    return (
        rows.group_by("mode", "rule", "exit")
        .agg(n=pl.len().cast(pl.Int64), cost=pl.col("total_cost").sum(), due=pl.col("due").fill_null(0).sum())
        .to_arrow()
    )


def capitate(region: Path, practice: str, year: int, engine: Engine) -> Tables:
    """Heads, results, findings and internet visits of the communities, without a run."""
    read, policy = read_region(region), year_law(practice, year)
    with TemporaryDirectory(prefix="drgpay-") as name:
        tables, work = Path(name, "tables"), Path(name, "work")
        (tables / "findings").mkdir(parents=True)
        work.mkdir()
        rules = inside.mode_tables(policy, read.registers)
        period = Period(year, fund.MONTHS)
        care = inside.visits_of(
            engine, rules, read, policy, read.registers, period, tables, work, tables / "findings"
        )
        small: Tables = [(CAPITATION_RESULTS, care.results), (CAPITATION_HEADS, care.heads)]
        for table in (MODE_FINDINGS, INTERNET_VISITS):
            if table_path(tables, table).exists():
                small.append((table, read_table(tables, table).to_dicts()))
        return checked(small)


def clear_out_of_area(region: Path, practice: str, year: int) -> Tables:
    """Monthly statements per other area, and the watch list."""
    claims = read_region(region).registers[OUT_OF_AREA_CLAIMS]
    return checked(
        [
            (OUT_OF_AREA_STATEMENTS, modes.statements(claims, year)),
            (OUT_OF_AREA_WATCH, modes.watch(claims, year, year_law(practice, year))),
        ]
    )


def procure(region: Path, practice: str, year: int) -> Tables:
    """Advances and rewards of volume-based procurement."""
    registers = read_region(region).registers
    inside.check_institutions(registers)
    rows = registers[PROCUREMENT].to_dicts()
    return checked([(PROCUREMENT_PAYMENTS, modes.procurement_payments(rows, year, year_law(practice, year)))])


def check_enrolment(region: Path, on: date, engine: Engine) -> Rows:
    """Rows of table ``enrolment_gaps``: listed persons who are not enrolled as they should be on a day."""
    read = read_region(region)
    exempt = read.registers[EXEMPT_PERSONS]
    modes.check_categories(exempt["category"].unique())
    with TemporaryDirectory(prefix="drgpay-") as name:
        work = Path(name)
        enrolment = read.table(ENROLMENT, work)
        if enrolment is None:
            raise DrgpayError(
                Kind.DATA, zh="缺少参保登记", en="no enrolment register", file=ENROLMENT.name,
                fix_zh="在区域文件夹中放入 enrolment 表", fix_en="put the table enrolment into the region's folder",
            )  # fmt: skip
        write_table(work, EXEMPT_PERSONS, exempt.to_arrow())
        found = engine.map_by(
            (
                Source(Dataset.of(table_path(work, EXEMPT_PERSONS)), EXEMPT_PERSONS.names, modes.EXEMPT_ORDER),
                Source(enrolment.data, modes.ENROLMENT_COLUMNS, ("person_id", "covered_from")),
            ),
            "person_id",
            partial(modes.enrolment_gaps, on=on),
            work / "gaps",
            "enrolment check",
        )
        rows = [row for batch in engine.scan(found) for row in frame(batch).to_dicts()]
        return sorted(rows, key=lambda r: tuple(r[k] for k in ENROLMENT_GAPS.key))


def split_benefits(region: Path, practice: str, year: int, out: Path, engine: Engine) -> Rows:
    """Table ``benefit_splits`` of the stays discharged in a year, as Parquet parts in the new folder ``out``; returns
    its sums by insurance scheme."""
    read, policy = read_region(region), year_law(practice, year)
    levels = dict(read.registers[INSTITUTIONS].select("institution_id", "level").rows())
    rules = modes.benefit_of(policy, levels, read.registers[REFERRALS])
    with new_folder(out) as draft:
        work = draft / "work"
        work.mkdir()
        stays = read.stays(work, intake.CheckContext("settlement", known_codes(), frozenset(levels)))
        check_named(engine, stays.data, region, read.registers, (REFERRALS,))
        details = read.table(STAY_DETAILS, work)
        if details is None:
            write_part(work / "none.parquet", STAY_DETAILS.schema.empty_table())
        known = details.data if details else Dataset.of(work / "none.parquet")
        joined = engine.map_by(
            (
                Source(stays.data, modes.BENEFIT_SCANNED, ("stay_id",), partial(_of_year, year=year)),
                Source(known, modes.BENEFIT_DETAILS, ("stay_id",)),
            ),
            "stay_id",
            modes.with_details,
            work / "joined",
            "details of stays",
        )
        found = engine.map_by(
            (Source(joined, modes.BENEFIT_JOINED, modes.BENEFIT_ORDER),), "person_id",
            partial(modes.split_costs, rules=rules), work / "split", "benefits",
        )  # fmt: skip
        names = BENEFIT_SPLITS.names[3:]
        sums = engine.sum(
            found, partial(_by_scheme, names=names), ("insurance_scheme",), ("insurance_scheme", *names), "count"
        )
        for part in found.paths:
            part.rename(draft / part.name)
        shutil.rmtree(work)
    return frame(sums).to_dicts()


def _of_year(batch: Any, part: Part, year: int) -> Any:
    return batch.filter(pa.array(years_of(batch.column("discharge_date")) == year))


def _by_scheme(batch: Any, names: tuple[str, ...]) -> Any:
    rows = frame(batch).group_by("insurance_scheme")
    return rows.agg(pl.len().cast(pl.Int64).alias("n"), *(pl.col(n).sum() for n in names)).to_arrow()
