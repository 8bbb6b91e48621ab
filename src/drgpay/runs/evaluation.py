"""The evaluation of a settled year: figures, marks, grades, ranks, the board, and the registers that follow."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from drgpay import __version__
from drgpay.engine import (
    MANIFEST,
    Engine,
    frame,
    new_folder,
    read_manifest,
    read_table,
    table_path,
    write_table,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.evaluation_facts import READ, counted_by_year, facts_of, region_register, tasks_of, violations_of
from drgpay.runs.manifest import REGISTERS, TABLES, file_digest, law_of, write_json, write_manifest
from drgpay.runs.region import Registers, read_region
from drgpay.runs.taking import Offered, write_offers
from drgpay.scorecard import Card, card_text, check, read_card
from drgpay.steps import evaluation, intake
from drgpay.tables import (
    APPLICANTS,
    AREA_VALUES,
    CLOSINGS,
    EVALUATION_RESULTS,
    FIGURES,
    GRADE_REGISTER,
    INDICATOR_VALUES,
    INSTITUTION_CHANGES,
    INSTITUTIONS,
    MARKS,
    OUT_OF_AREA_CLAIMS,
    OUTCOMES,
    RANKS,
    RECORD_SCORES,
    REPORTED_VALUES,
    RISK_CLASSES,
    STATEMENTS,
    SUPERVISION,
    SUPERVISION_TIERS,
    Table,
)
from drgpay.units import ONE

Row = dict[str, Any]
CARD = "card.yaml"
"""the scorecard as it was read"""


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate: a year run and a scorecard; and what there may be besides: the region's folder (details of
    stays, visits, confirmed cases, surveys, reported values, applicants, area values, as they stand), reported values
    of a file in the place of the region's, an earlier evaluation, record scores of ``drgpay check --region``."""

    run: Path
    card: str
    region: Path | None = None
    reported: Path | None = None
    previous: Path | None = None
    records: Path | None = None


def known_card(card: str) -> Card:
    """A scorecard, checked against the registry of indicators."""
    found = check(read_card(card), evaluation.registry().known())
    strange = [name for name in found.effects if name not in evaluation.EFFECTS]
    if strange:
        raise DrgpayError(
            Kind.POLICY,
            zh="评分表的 effects 不认识",
            en="unknown effects of the scorecard",
            field="effects",
            value=", ".join(strange),
            fix_zh=" | ".join(evaluation.EFFECTS),
            fix_en=" | ".join(evaluation.EFFECTS),
            file=found.place.file,
        )
    return found


def judges_records(card: Card) -> bool:
    """Whether items of a card need the marks that the check of all records gives (``records`` of
    :class:`Evaluation`)."""
    known = evaluation.registry().indicators
    needs = {name for item in card.items if item.indicator for name in known[item.indicator].needs}
    return any(evaluation.measure(name).source == "records" for name in needs)


def reported_rows(rows: Sequence[Row], card: Card, institutions: Sequence[str]) -> list[Row]:
    """Reported values as the register ``reported_values`` takes them: typed, with their evidence. Raises DATA for the
    first that does not fit the register or the card (see :func:`drgpay.steps.evaluation.check_reported`)."""
    checked = intake.check_rows(REPORTED_VALUES, rows, intake.Known())
    for finding in checked.findings:
        if finding.level == "error":
            raise DrgpayError(
                Kind.DATA, zh=finding.zh, en=finding.en, field=finding.field, value=finding.value,
                fix_zh=finding.fix_zh, fix_en=finding.fix_en,
            )  # fmt: skip
    evaluation.check_reported(checked.rows, card, institutions)
    return list(checked.rows)


def spot_sample(items: Sequence[str], seed: str, share: int) -> list[str]:
    """The items that are checked on the spot: ``share`` (1/10,000) of them, rounded up and at least one, those whose
    digest with ``seed`` comes first; the same again for the same seed."""
    count = min(len(items), max(1, -(-len(items) * share // ONE)))
    drawn = sorted(items, key=lambda item: (hashlib.sha256(f"{seed}|{item}".encode()).hexdigest(), item))[:count]
    return [item for item in items if item in drawn]


def evaluate(order: Evaluation, out: Path, engine: Engine, reports: Sequence[Callable[[Path], None]] = ()) -> Path:
    """Evaluate into the new folder ``out``: ``tables/``, ``registers/`` (to be put into the region's folder),
    manifest and reports; all of it or nothing."""
    with new_folder(out) as draft:
        _Work(order, known_card(order.card), draft, engine).go(out, reports)
    return out


class _Work:
    def __init__(self, order: Evaluation, card: Card, folder: Path, engine: Engine) -> None:
        self.order, self.card, self.folder, self.engine = order, card, folder, engine
        self.manifest = read_manifest(order.run, "year")
        self.policy = law_of(order.run, self.manifest)
        self.year: int = self.manifest["year"]
        self.tables = folder / TABLES
        self.registers = Registers.read(order.run / REGISTERS)
        self.registry = evaluation.registry()
        least = self.policy.ratio_or_none("evaluation.least_measured")
        if least is not None:
            self.card = replace(card, least_measured=least)

    def go(self, out: Path, reports: Sequence[Callable[[Path], None]]) -> None:
        work = self.folder / "work"
        work.mkdir()
        facts = facts_of(self.order.run, self.order.region, self.order.records, work, self.engine)
        sums = evaluation.collect(self.engine, facts, self.registry.settings, work)
        figures = evaluation.figures(sums, self.registry)
        shutil.rmtree(work)
        self._write(FIGURES, figures)
        self._write(RISK_CLASSES, evaluation.risk_rows(sums))
        reported = self._reported()
        results = self._judge(figures, reported)
        self._write(RANKS, evaluation.ranks(figures, self.registry, self._before(RANKS)))
        self._write(OUTCOMES, self._outcomes(figures))
        self._effects(figures, reported, results)
        (self.folder / CARD).write_text(card_text(self.order.card)[0], encoding="utf-8", newline="\n")
        write_table(self.tables, INSTITUTIONS, self.registers[INSTITUTIONS].to_arrow())
        write_json(self.folder / MANIFEST, self._manifest(out))
        for report in reports:
            report(self.folder)
        content = read_manifest(self.folder)
        write_manifest(self.folder, content)

    def _write(self, table: Table, rows: list[Row]) -> None:
        write_table(self.tables, table, table.of(rows))

    def _register(self, table: Table) -> list[Row]:
        """A register of the region's folder that a run does not keep."""
        rows = region_register(self.order.region, table)
        return [] if rows is None else rows.to_dicts()

    def _before(self, table: Table) -> list[Row]:
        """Rows of the evaluation before, which must be of an earlier year."""
        if self.order.previous is None:
            return []
        if read_manifest(self.order.previous, "evaluation")["year"] >= self.year:
            raise DrgpayError(
                Kind.USAGE,
                zh="上期结果应是更早年度的考核评价",
                en="the previous result must be an evaluation of an earlier year",
                file=self.order.previous,
                fix_zh="检查 --previous",
                fix_en="check --previous",
            )
        return read_table(self.order.previous / TABLES, table).to_dicts()

    def _reported(self) -> list[Row]:
        """Values people reported for this year and card: of the file, else of the region's register."""
        if self.order.reported is None:
            rows = self._register(REPORTED_VALUES)
        else:
            rows = frame(intake.read_register(self.order.reported, REPORTED_VALUES)).to_dicts()
        rows = [r for r in rows if r["year"] in (None, self.year) and r["card"] in (None, self.card.id)]
        named = [r["institution_id"] for t in (self._register(APPLICANTS), self._institutions()) for r in t]
        evaluation.check_reported(rows, self.card, named)
        return rows

    def _institutions(self) -> list[Row]:
        return self.registers[INSTITUTIONS].to_dicts()

    def _judge(self, figures: list[Row], reported: list[Row]) -> list[Row]:
        """Marks and results of the designated institutions and, apart from them, of applicants."""
        marks, results = [], []
        for pool in (self._institutions(), self._register(APPLICANTS)):
            levels = {r["institution_id"]: r["level"] for r in pool}
            mine = [r for r in reported if r["institution_id"] in levels]
            subjects = evaluation.subjects(self.card, figures, mine, levels.items())
            done = evaluation.judge(self.card, subjects, self.year, levels)
            marks += done[0]
            results += done[1]
        self._write(MARKS, marks)
        self._write(EVALUATION_RESULTS, results)
        return results

    def _outcomes(self, figures: list[Row]) -> list[Row]:
        balances: dict[str, int] = defaultdict(int)
        if table_path(self.order.run / TABLES, STATEMENTS).is_file():
            for row in read_table(self.order.run / TABLES, STATEMENTS).iter_rows(named=True):
                balances[row["institution_id"]] += row["balance"]
        counted = counted_by_year(violations_of(self.registers, self.order.region))
        facts = evaluation.AreaFacts(
            self.year,
            {r["indicator"]: r for r in figures if r["scope"] == "area"},
            balances,
            counted,
            self._register(AREA_VALUES),
            self._before(OUTCOMES),
            self._spent(),
            self._seen(figures),
            tasks_of(self.registers[INSTITUTIONS], figures),
        )
        return evaluation.outcomes(facts, self.policy)

    def _spent(self) -> int | None:
        """What the year costs the fund over all payment modes, as its ledger says: paid, less what came back, with
        what was netted against earlier years and what goes over to the next book."""
        tables = self.order.run / TABLES
        if not table_path(tables, CLOSINGS).is_file():
            return None
        spent = pl.col("paid") - pl.col("recovered") + pl.col("debts") + pl.col("passed")
        return int(read_table(tables, CLOSINGS).select(spent.alias("spent"))["spent"].sum())

    def _seen(self, figures: list[Row]) -> evaluation.Seen | None:
        """Visits and stays by where they were; None without a table of visits."""
        counts: dict[str, int] = defaultdict(int)
        found = {r["indicator"] for r in figures if r["scope"] == "area" and r["value"] is not None}
        if not {"visits", "stays"} <= found:
            return None
        for row in figures:
            if row["scope"] == "institution" and row["indicator"] in ("visits", "stays"):
                counts[row["institution_id"]] += row["numerator"] or 0
        primary, county, placed = (
            {r["institution_id"] for r in self._institutions() if fits(r)}
            for fits in (
                lambda r: r["level"] == "primary", lambda r: r["in_county"], lambda r: r["in_county"] is not None,
            )
        )  # fmt: skip
        claims = self.registers[OUT_OF_AREA_CLAIMS]
        away = claims.filter((pl.col("direction") == "out") & (pl.col("settled_on").dt.year() == self.year)).height
        base, inside, told = (sum(counts[h] for h in houses) for houses in (primary, county, placed))
        return evaluation.Seen(sum(counts.values()), base, inside, told, away)

    def _effects(self, figures: list[Row], reported: list[Row], results: list[Row]) -> None:
        designated = {r["institution_id"] for r in self._institutions()}
        mine = [r for r in results if r["institution_id"] in designated]
        effects = self.card.effects
        registers: list[tuple[Table, list[Row]]] = []
        if "grades" in effects:
            registers += [
                (GRADE_REGISTER, evaluation.grade_register(mine)),
                (INDICATOR_VALUES, evaluation.indicator_register(figures, reported, self.year)),
            ]
        tiers = evaluation.tiers(mine, self.policy) if "tiers" in effects else []
        changes: list[Row] = []
        if "changes" in effects:
            changes = evaluation.changes(results, self._institutions(), self._register(APPLICANTS), self.policy)
        self._write(SUPERVISION_TIERS, tiers)
        self._write(INSTITUTION_CHANGES, changes)
        offered = [*registers, (SUPERVISION, evaluation.supervision_register(tiers))]
        self.offered = write_offers(self.folder, [Offered(table, "evaluation", rows) for table, rows in offered])
        (self.folder / REGISTERS).mkdir()
        for table, rows in registers:
            merged = self._merged(table, frame(table.of(rows)))
            shown = merged.with_columns(  # ratios as people write them; the register reads them back exactly
                _decimal(c.name) for c in table.columns if c.type == "ratio"
            )
            shown.write_csv(self.folder / REGISTERS / f"{table.name}.csv", include_bom=True)

    def _merged(self, table: Table, new: pl.DataFrame) -> pl.DataFrame:
        """The register as the run read it, with this year's rows of what was evaluated in the place of the old ones;
        values people gave for other indicators stay. The file takes the old one's place."""
        replaced = pl.col("year") == self.year
        if table is INDICATOR_VALUES:
            replaced &= pl.col("indicator").is_in([*evaluation.REGISTERED, *new["indicator"].unique()])
        old = self.registers[table].filter(~replaced)
        return pl.concat([old.select(table.names), new.select(table.names)]).sort(table.key)

    def _manifest(self, out: Path) -> Row:
        inputs = {
            name: file_digest(path) if path.is_file() else file_digest(path / MANIFEST)
            for name, path in (
                ("run", self.order.run), ("reported", self.order.reported), ("previous", self.order.previous),
            )
            if path is not None
        }  # fmt: skip
        if self.order.region is not None:
            region = read_region(self.order.region)
            for table in (*READ, APPLICANTS, AREA_VALUES, REPORTED_VALUES):
                files = dict.fromkeys((*region.table_files(table), *intake.register_paths(region.folder, table)))
                inputs |= {f"region/{p.relative_to(region.folder).as_posix()}": file_digest(p) for p in files}
        if self.order.records is not None:
            inputs["records"] = file_digest(table_path(self.order.records / TABLES, RECORD_SCORES))
        places = {
            name: os.path.relpath(path, out)
            for name, path in (
                ("run", self.order.run), ("region", self.order.region), ("records", self.order.records),
            )
            if path is not None
        }  # fmt: skip
        return {
            "kind": "evaluation",
            "year": self.year,
            "region": self.manifest["region"],
            "card": {"id": self.card.id, "version": self.card.version, "zh": self.card.zh, "en": self.card.en},
            "indicators": self.registry.version,
            "practice": self.manifest["practice"],
            "software": f"drgpay {__version__}",
            "inputs": inputs,
            "places": places,
            **self.offered,
        }


def _decimal(name: str) -> pl.Expr:
    whole = pl.col(name)
    text = pl.format("{}.{}", whole // 10_000, (whole % 10_000).cast(pl.String).str.zfill(4))
    return text.alias(name)


def evaluation_stays(
    out: Path, indicator: str, where: dict[str, str], engine: Engine, work: Path, run: Path | None = None
) -> pl.DataFrame:
    """The stays behind an indicator of an evaluation: see :func:`drgpay.steps.evaluation.stays_of`. ``run``: where
    the run is, if it was moved; ``work``: a new folder."""
    manifest, registry = read_manifest(out, "evaluation"), evaluation.registry()
    wanted = registry.indicator(indicator)
    places = {name: out / path for name, path in manifest.get("places", {}).items()}
    facts = facts_of(run or places["run"], places.get("region"), places.get("records"), work, engine)
    sums = evaluation.collect(engine, facts, registry.settings, work)
    return evaluation.stays_of(engine, sums, registry, wanted, where)
