"""The morning list of a settled run (design/07): screen, facts, group means, persons, institutions, tables.

Reads a run's folder and its region's; writes a folder of its own, whole or not at all."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay import __version__
from drgpay.engine import Dataset, Engine, Source, codes_in, dataset, frame, one_batch, read_table, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.manifest import MANIFEST, TABLES, file_digest, folder_digests, write_json
from drgpay.runs.region import SUFFIXES, Region, read_region
from drgpay.runs.screen import SCREEN_READS, Screen, Settlement, merged_prices, read_settlement
from drgpay.steps import intake, oversight
from drgpay.tables import (
    CHARGES,
    CODING_RATES,
    COMPLAINTS,
    GROUPED,
    INSTITUTION_LINKS,
    INSTITUTIONS,
    PERSONS,
    REVIEWS,
    RULE_STATUS,
    STAY_DETAILS,
    SUSPICION_EVIDENCE,
    SUSPICIONS,
    VISITS,
    Table,
)

Rows = list[dict[str, Any]]
WORK = "work"
_HIT_BATCH = 65_536


@dataclass(frozen=True)
class Watched:
    """What oversight found in a run: where it is, and how many suspicions of each rule."""

    folder: Path
    suspicions: int
    stays: int


@dataclass
class Inputs:
    """The region's tables beside the stays, and its small registers."""

    region: Region
    work: Path
    tables: dict[str, Dataset] = field(default_factory=dict)
    brought: set[str] = field(default_factory=set)

    def bring(self, table: Table) -> None:
        """Read a table of stays, charges, visits or persons where the region has it."""
        beside = self.region.table(table, self.work)
        if beside is not None:
            self.tables[table.name] = beside.data
            self.brought |= {f"{table.name}.{column}" for column in beside.brought}

    def register(self, table: Table) -> pl.DataFrame:
        """A small register; one that was not brought is empty."""
        folder = self.region.folder
        if not any((folder / f"{table.name}{suffix}").is_file() for suffix in SUFFIXES):
            return frame(table.schema.empty_table())
        self.brought |= {f"{table.name}.{column}" for column in table.names}
        return frame(intake.read_register(folder / table.name, table))


def oversee(
    run: Path, region: Path, out: Path, engine: Engine, *, with_persons: bool = False, replace: bool = False,
    schemes: Path | None = None, seed: int = 1,
) -> Watched:  # fmt: skip
    """Look through a settled run and write what was found to ``out``: a folder of tables with a manifest.

    ``with_persons``: person ids go into the table of suspicions. Raises USAGE when the folder exists, DATA when
    there is no run or region."""
    if out.exists() and not (replace and (out / MANIFEST).is_file()):
        raise DrgpayError(
            Kind.USAGE,
            zh="输出文件夹已存在",
            en="the output folder exists",
            file=out,
            fix_zh="换一个 -o,或加 --replace 覆盖旧的结果",
            fix_en="choose another -o, or add --replace to replace an earlier result",
        )
    settlement = read_settlement(run, schemes)
    draft = out.with_name(f".{out.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / WORK).mkdir(parents=True)
    try:
        found = _Oversight(settlement, read_region(region), draft, engine, with_persons, seed).go()
        if out.exists():
            shutil.rmtree(out)
        draft.replace(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Watched(out, *found)


class _Oversight:
    """One look on its way; every method is one stage."""

    def __init__(
        self, settlement: Settlement, region: Region, folder: Path, engine: Engine, with_persons: bool, seed: int
    ) -> None:
        self.settlement, self.folder, self.engine = settlement, folder, engine
        self.tables, self.work = folder / TABLES, folder / WORK
        self.with_persons, self.seed = with_persons, seed
        self.limits = oversight.limits(settlement.policy)
        self.inputs = Inputs(region, self.work)
        self.screen = Screen(settlement, self.limits.ratio("upcoding.cost"))
        self.grouped = dataset(settlement.run / TABLES, GROUPED)

    def go(self) -> tuple[int, int]:
        """All stages in order; how many suspicions there are and how many stays were looked at."""
        for table in (STAY_DETAILS, CHARGES, VISITS, PERSONS):
            self.inputs.bring(table)
        links = self.inputs.register(INSTITUTION_LINKS)
        complaints = self.inputs.register(COMPLAINTS)
        facts = self._facts()
        cells = frame(
            self.engine.sum(facts, oversight.cells, oversight.CELL, tuple(oversight.FACTS), "oversight: sums")
        )
        self.inputs.brought |= self._known_of_stays(cells)
        means = oversight.group_means(cells, self.limits.whole("group.min_stays"))
        n, cost = int(cells["n"].sum()), int(cells["total_cost"].sum())
        overall = cost // max(n, 1)
        rates = oversight.coding_rates(cells, self.limits)
        levels = read_table(self.settlement.run / TABLES, INSTITUTIONS)
        watch = oversight.Watch(
            self.limits, frozenset(self.inputs.brought), means,
            pl.DataFrame([(r["institution_id"], r["shrunk"]) for r in rates], orient="row",
                         schema={"institution_id": pl.String, "shrunk": pl.Int64}),
            overall, links, frozenset(levels.filter(pl.col("level") == "primary")["institution_id"]),
        )  # fmt: skip
        of_people = self._of_people(facts, watch)
        severe = oversight.severe_by_month(cells, means, overall, self.limits.ratio("refusal.severe_cost"))
        found = pl.concat([
            of_people.filter(~pl.col("rule").str.starts_with("=")),
            self._of_institutions(facts),
            oversight.institution_hits(rates, severe, complaints.to_dicts(), self.limits),
        ])  # fmt: skip
        found = self._priced(found)
        reviews = self.inputs.register(REVIEWS)
        decided = {"confirm": "confirmed", "dismiss": "dismissed"}
        states = {s: decided[d] for s, d in reviews.select("suspicion_id", "decision").rows()}
        suspicions, evidence = oversight.suspicions(
            found, self.settlement.year, states, with_persons=self.with_persons
        )
        write_table(self.tables, SUSPICIONS, suspicions.to_arrow())
        write_table(self.tables, SUSPICION_EVIDENCE, evidence.to_arrow())
        status = oversight.rule_status(frozenset(self.inputs.brought), suspicions)
        write_table(self.tables, RULE_STATUS, RULE_STATUS.of(status))
        write_table(self.tables, CODING_RATES, CODING_RATES.of(rates))
        shutil.rmtree(self.work)
        self._manifest(n)
        return suspicions.height, n

    def _facts(self) -> Dataset:
        (screened,) = self.engine.map(self.grouped, self.screen, [self.work / "screened"], SCREEN_READS, "oversight: price")
        sources = [Source(screened, tuple(oversight.SCREENED), ("stay_id", "settled"))]
        names = []
        for table, columns, order in (
            (STAY_DETAILS, ("stay_id", *oversight.DETAILS), ("stay_id",)),
            (CHARGES, ("stay_id", "charge_date", "category", "amount"), ("stay_id", "charge_date", "category", "amount")),
        ):
            if table.name in self.inputs.tables:
                sources.append(Source(self.inputs.tables[table.name], columns, order))
                names.append("details" if table is STAY_DETAILS else "charges")

        def bring(stays: Any, *others: Any) -> Any:
            return oversight.facts(stays, **dict(zip(names, others, strict=True)))

        return self.engine.map_by(sources, "stay_id", bring, self.work / "facts", "oversight: facts")

    def _known_of_stays(self, cells: pl.DataFrame) -> set[str]:
        return {"stays.admission_date", "stays.person_id"} if cells.height else set()

    def _of_people(self, facts: Dataset, watch: oversight.Watch) -> pl.DataFrame:
        sources = [Source(facts, tuple(oversight.FACTS), oversight.PERSON_ORDER)]
        names = []
        for table, columns, order in (
            (VISITS, oversight.VISIT_COLUMNS, ("person_id", "visit_date", "visit_id")),
            (PERSONS, ("person_id", "sex", "birth_date", "death_date"), ("person_id",)),
        ):
            if table.name in self.inputs.tables:
                sources.append(Source(self.inputs.tables[table.name], columns, order))
                names.append(table.name)

        def look(stays: Any, *others: Any) -> Any:
            given = dict.fromkeys(("visits", "persons")) | dict(zip(names, others, strict=True))
            return oversight.person_hits(stays, given["visits"], given["persons"], watch=watch)

        return self._collect(self.engine.map_by(sources, "person_id", look, self.work / "people", "oversight: persons"))

    def _of_institutions(self, facts: Dataset) -> pl.DataFrame:
        order = ("institution_id", "stay_id")
        source = Source(facts, tuple(oversight.FACTS), order)
        kernel = partial(_clones, limits=self.limits)
        return self._collect(
            self.engine.map_by((source,), "institution_id", kernel, self.work / "copies", "oversight: copies")
        )

    def _collect(self, found: Dataset) -> pl.DataFrame:
        return pl.concat([frame(b) for b in self.engine.scan(found)]).select(
            pl.col(c).cast(t) for c, t in oversight.HITS.items()
        )

    def _priced(self, found: pl.DataFrame) -> pl.DataFrame:
        """Amounts at stake of split stays: what both were paid less what one stay made of them would be."""
        merging = [r.id for r in oversight.RULES.values() if r.amount == "merge"]
        pairs = (
            found.filter(pl.col("rule").is_in(merging))
            .with_columns(pl.col("related").str.split("|").list.first().alias("earlier"))
            .select("earlier", "stay_id")
            .unique()
            .sort("earlier", "stay_id")
        )
        if pairs.height == 0:
            return found
        wanted = pa.array(sorted({*pairs["earlier"], *pairs["stay_id"]}), pa.string())
        stays = self._stays(wanted)
        place = {s: i for i, s in enumerate(stays.column("stay_id").cast(pa.string()).to_pylist())}
        rows = [(e, s) for e, s in pairs.rows() if e in place and s in place]
        earlier, later = (stays.take(pa.array([place[p[i]] for p in rows], pa.int64())) for i in (0, 1))
        both = merged_prices(self.screen, earlier, later)
        own = [dict(zip(b.column("stay_id").cast(pa.string()).to_pylist(), self.screen.price(b)[1].tolist(), strict=True))
               for b in (earlier, later)]  # fmt: skip
        priced = pl.DataFrame(
            [(e, s, max(0, own[0].get(e, 0) + own[1].get(s, 0) - int(p))) for (e, s), p in zip(rows, both, strict=True)],
            orient="row", schema={"earlier": pl.String, "stay_id": pl.String, "merged": pl.Int64},
        )  # fmt: skip
        first = pl.col("related").str.split("|").list.first()
        found = found.with_columns(first.alias("earlier")).join(
            priced, on=["earlier", "stay_id"], how="left", maintain_order="left"
        )
        amount = pl.when(pl.col("rule").is_in(merging)).then(pl.col("merged").fill_null(pl.col("amount")))
        return found.with_columns(amount.otherwise(pl.col("amount")).alias("amount")).drop("earlier", "merged")

    def _stays(self, wanted: Any) -> Any:
        """The grouped stays of these ids, as if all were of the period: what an earlier year's was paid then is
        compared with what it would be worth now."""
        parts = []
        for batch in self.engine.scan(self.grouped, SCREEN_READS):
            kept = batch.filter(pa.array(codes_in(batch.column("stay_id"), wanted) >= 0))
            if kept.num_rows:
                parts.append(pa.Table.from_batches([kept]))
        stays = one_batch(pa.concat_tables(parts, promote_options="permissive"))
        year = pa.array([self.settlement.year] * stays.num_rows, pa.int16())
        stays = stays.set_column(stays.schema.get_field_index("year"), "year", year)
        if self.settlement.manifest["month"] is not None:
            month = pa.array([self.settlement.months[0]] * stays.num_rows, pa.int8())
            stays = stays.set_column(stays.schema.get_field_index("month"), "month", month)
        return stays

    def _manifest(self, n: int) -> None:
        run = self.settlement.manifest
        write_json(
            self.folder / MANIFEST,
            {
                "software": f"drgpay {__version__}", "kind": "oversight", "run": run["run"], "year": run["year"],
                "month": run["month"], "region": run["region"], "policy_digest": run["policy_digest"], "stays": n,
                "seed": self.seed, "with_persons": self.with_persons,
                "brought": sorted(self.inputs.brought),
                "limits": {k: v.value for k, v in sorted(self.limits.values.items())},
                "inputs": {MANIFEST: file_digest(self.settlement.run / MANIFEST)},
                "outputs": folder_digests(self.folder),
            },
        )  # fmt: skip


def _clones(facts: Any, *, limits: oversight.Limits) -> Any:
    return oversight.clones(frame(facts), limits).to_arrow(compat_level=pl.CompatLevel.oldest())
