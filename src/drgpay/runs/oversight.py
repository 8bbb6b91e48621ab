"""The morning list of a settled run (design/07): screen, facts, group means, persons, institutions, tables.

Reads a run's folder and its region's; writes a folder of its own, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay import __version__
from drgpay.engine import Dataset, Engine, Source, codes_in, dataset, frame, one_batch, read_table, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.fund import watch_fund
from drgpay.runs.manifest import MANIFEST, PRACTICE, TABLES, file_digest, folder_digests, write_json
from drgpay.runs.oversight_inputs import Inputs, campuses
from drgpay.runs.region import Region, read_region
from drgpay.runs.screen import SCREEN_READS, Screen, Settlement, merged_prices, read_settlement
from drgpay.steps import oversight
from drgpay.tables import (
    ADVANCE_USE,
    ADVANCES,
    ALERT_EVENTS,
    ALERT_EVIDENCE,
    ALERTS,
    ARBITRATIONS,
    AUDIT_AGREEMENT,
    AUDIT_RESULTS,
    AUDIT_SAMPLE,
    CHARGES,
    CODER_STAFFING,
    CODERS,
    CODING_RATES,
    COMPLAINTS,
    CONTROL_POINTS,
    DOCTOR_POINTS,
    FUND_HISTORY,
    FUND_MONTHS,
    GROUPED,
    INSTITUTION_LINKS,
    INSTITUTIONS,
    LEDGER_PREVIEW,
    PERSONS,
    PUBLICATIONS,
    RECORD_QUALITY,
    REVIEWS,
    RULE_STATUS,
    SECOND_CODINGS,
    SPECIAL_CANDIDATES,
    SPECIAL_OPINIONS,
    SPECIAL_REQUESTS,
    SPECIAL_RESULTS,
    STAY_DETAILS,
    SUSPICION_EVIDENCE,
    SUSPICIONS,
    TREATMENT_TABLE,
    VIOLATION_TIERS,
    VISITS,
    Table,
)

Rows = list[dict[str, Any]]
WORK = "work"


@dataclass(frozen=True)
class Watched:
    """What oversight found in a run: where it is, and how many suspicions of each rule."""

    folder: Path
    suspicions: int
    stays: int


def oversee(
    run: Path,
    region: Path,
    out: Path,
    engine: Engine,
    *,
    with_persons: bool = False,
    replace: bool = False,
    schemes: Path | None = None,
    seed: int = 1,
    reports: Sequence[Callable[[Path], None]] = (),
) -> Watched:
    """Look through a settled run and write what was found to ``out``: a folder of tables with a manifest.

    ``with_persons``: person ids go into the table of suspicions; ``seed``: of the audit sample; ``reports`` write
    further files into the folder. Raises USAGE when the folder exists, DATA when
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
        found = _Oversight(settlement, read_region(region), draft, engine, with_persons, seed).go(reports)
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

    def go(self, reports: Sequence[Callable[[Path], None]]) -> tuple[int, int]:
        """All stages in order; how many suspicions there are and how many stays were looked at."""
        for table in (STAY_DETAILS, CHARGES, VISITS, PERSONS):
            self.inputs.bring(table)
        levels = read_table(self.settlement.run / TABLES, INSTITUTIONS)
        complaints = self.inputs.register(COMPLAINTS)
        links = campuses(levels, self.inputs.register(INSTITUTION_LINKS))
        if links.height:
            self.inputs.brought.add("institution_links.link")
        facts = self._facts()
        cells = frame(self.engine.sum(facts, oversight.cells, oversight.CELL, oversight.SUMMED, "oversight: sums"))
        self.inputs.brought |= self._known_of_stays(cells)
        tables = self.settlement.tables
        published = dict(zip(tables.drgs.to_pylist(), tables.mean_cost.tolist(), strict=False))
        means = oversight.group_means(cells, self.limits.whole("group.min_stays"), published)
        n = int(cells["n"].sum())
        overall = int(cells["total_cost"].sum()) // max(n, 1)
        rates = oversight.coding_rates(cells, self.limits)
        watch = oversight.Watch(
            self.limits,
            frozenset(self.inputs.brought),
            means,
            pl.DataFrame(
                [(r["institution_id"], r["shrunk"], r["lifted_shrunk"]) for r in rates],
                orient="row",
                schema={"institution_id": pl.String, "shrunk": pl.Int64, "lifted_shrunk": pl.Int64},
            ),
            overall,
            links,
            frozenset(levels.filter(pl.col("level") == "primary")["institution_id"]),
        )
        of_people = self._of_people(facts, watch)
        counts = of_people.filter(pl.col("rule").str.starts_with("="))
        severe = oversight.severe_by_month(cells, means, overall, self.limits.ratio("refusal.severe_cost"))
        of_people = of_people.filter(~pl.col("rule").str.starts_with("="))
        copies, sample = self._of_institutions(facts, of_people)
        of_houses = oversight.institution_hits(rates, severe, complaints.to_dicts(), self.limits)
        found = self._priced(pl.concat([of_people, copies, of_houses]))
        reviews = self.inputs.register(REVIEWS)
        decided = {"confirm": "confirmed", "dismiss": "dismissed"}
        states = {s: decided[d] for s, d in reviews.select("suspicion_id", "decision").rows()}
        suspicions, evidence = oversight.suspicions(
            found, self.settlement.year, states, with_persons=self.with_persons
        )
        self._write(SUSPICIONS, suspicions)
        self._write(SUSPICION_EVIDENCE, evidence)
        self._write(RULE_STATUS, oversight.rule_status(frozenset(self.inputs.brought), suspicions))
        self._write(CODING_RATES, rates)
        figures = self._figures(cells, means, severe, counts, suspicions)
        self._alerts(figures)
        discharges = dict(cells.group_by("institution_id").agg(pl.col("n").sum()).rows())
        self._audit(cells, sample)
        self._specials(facts, means, discharges)
        self._loop(reviews, suspicions, levels["institution_id"].to_list())
        shutil.rmtree(self.work)
        self._manifest(n)
        for report in reports:
            report(self.folder)
        self._manifest(n)
        return suspicions.height, n

    def _write(self, table: Table, rows: pl.DataFrame | Rows) -> None:
        write_table(self.tables, table, rows.to_arrow() if isinstance(rows, pl.DataFrame) else table.of(rows))

    def _figures(
        self,
        cells: pl.DataFrame,
        means: pl.DataFrame,
        severe: pl.DataFrame,
        counts: pl.DataFrame,
        suspicions: pl.DataFrame,
    ) -> oversight.Figures:
        sums = counts.group_by("rule", "institution_id", "month").agg(pl.col("amount").sum())
        heads = sums.filter((pl.col("rule") == oversight.HEADS) & (pl.col("month") == 0))
        again = sums.filter(pl.col("rule") == oversight.READMITTED)
        upcoded = suspicions.filter(
            (pl.col("violation") == "upcoding") & pl.col("stay_id").is_not_null() & (pl.col("state") != "dismissed")
        )
        upcoded = upcoded.group_by("institution_id").agg(pl.col("stay_id").n_unique())
        year = self.settlement.year
        paid = self.inputs.register(ADVANCES).filter(pl.col("year") == year)
        paid = paid.group_by("insurance_scheme", "institution_id").agg(pl.col("amount").sum().alias("advance"))
        used = self.inputs.register(ADVANCE_USE).filter(pl.col("year") == year)
        used = used.join(paid, on=["insurance_scheme", "institution_id"]).sort("month", "institution_id")
        return oversight.Figures(
            year,
            self.settlement.months,
            cells,
            means,
            severe,
            heads=dict(heads.select("institution_id", "amount").rows()),
            readmitted={(h, m): c for h, m, c in again.select("institution_id", "month", "amount").rows()},
            upcoded=dict(upcoded.rows()),
            before=self._year_before(),
            advances=used.to_dicts(),
            health=self._health(),
        )

    def _year_before(self) -> pl.DataFrame | None:
        """Sums of the same months a year earlier; None where the run has no stays of that year."""
        by, year, months = ("institution_id", "month", "drg"), self.settlement.year - 1, self.settlement.months

        def add(batch: Any) -> Any:
            rows = frame(batch).filter((pl.col("year") == year) & pl.col("month").is_in(months))
            return (
                rows.group_by(by)
                .agg(pl.len().cast(pl.Int64).alias("n"), pl.col("total_cost").sum().alias("cost"))
                .to_arrow()
            )

        sums = frame(self.engine.sum(self.grouped, add, by, (*by, "year", "total_cost"), "oversight: last year"))
        return sums if sums.height else None

    def _health(self) -> Rows:
        """Months of payment of the fund's reported months; nothing where its registers were not brought."""
        if not (self.inputs.has(FUND_HISTORY) and self.inputs.has(FUND_MONTHS)):
            return []
        practice = str(self.settlement.run / PRACTICE)
        ((_, rows),) = watch_fund(self.inputs.region.folder, practice, self.settlement.year)
        return rows

    def _alerts(self, figures: oversight.Figures) -> None:
        raised, evidence = oversight.alerts(figures, self.limits)
        states = oversight.follow(self.inputs.register(ALERT_EVENTS).to_dicts())
        self._write(ALERTS, [a | {"state": states.get(a["alert_id"], "raised")} for a in raised])
        self._write(ALERT_EVIDENCE, evidence)
        self._write(CONTROL_POINTS, oversight.control_points(figures, self.limits))

    def _audit(self, cells: pl.DataFrame, sample: pl.DataFrame) -> None:
        self._write(AUDIT_SAMPLE, sample.with_columns(pl.col("amount").alias("number").cast(pl.Int32)))
        second = self.inputs.register(SECOND_CODINGS)
        upheld = dict(self.inputs.register(ARBITRATIONS).select("stay_id", "upheld").rows())
        results, agreement = oversight.audit_results(*self._coded_twice(second), upheld)
        self._write(AUDIT_RESULTS, results)
        self._write(AUDIT_AGREEMENT, agreement)
        self._write(RECORD_QUALITY, oversight.record_quality(cells, results))
        staffing = oversight.coder_staffing(self.inputs.register(CODERS).to_dicts(), self.limits)
        self._write(CODER_STAFFING, staffing)

    def _coded_twice(self, second: pl.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
        """Group, principal diagnosis and price of the stays coded again, under each coding."""
        if second.height == 0:
            return {}, {}
        ids = pa.array(second["stay_id"].to_list(), pa.string())
        stays = self._stays(ids)
        place = {s: i for i, s in enumerate(stays.column("stay_id").cast(pa.string()).to_pylist())}
        unknown = [s for s in ids.to_pylist() if s not in place]
        if unknown:
            raise DrgpayError(
                Kind.DATA,
                zh="复核编码的病例不在本次运行中",
                en="second codings of stays this run does not have",
                file=SECOND_CODINGS.name,
                field="stay_id",
                value=", ".join(unknown[:5]),
                fix_zh="核对病例号",
                fix_en="check the ids",
            )
        own = stays.take(pa.array([place[s] for s in ids.to_pylist()], pa.int64()))
        texts = pa.list_(pa.string())
        lists = {
            name: pa.array([text.split("|") if text else [] for text in second[name]], texts)
            for name in ("dx", "proc")
        }
        groups, price = self.screen.regrouped(own, **lists)
        houses = own.column("institution_id").cast(pa.string()).to_pylist()

        def coded(dx: Any, drg: Any, prices: Any) -> dict[str, Any]:
            rows = zip(
                ids.to_pylist(),
                houses,
                dx.cast(texts).to_pylist(),
                drg.cast(pa.string()).to_pylist(),
                prices.tolist(),
                strict=True,
            )
            return {
                s: {"institution_id": h, "dx1": d[0] if d else "", "drg": g, "price": int(p)}
                for s, h, d, g, p in rows
            }

        return (
            coded(own.column("dx"), own.column("drg"), self.screen.price(own)[1]),
            coded(lists["dx"], groups.column("drg"), price),
        )

    def _specials(self, facts: Dataset, means: pl.DataFrame, discharges: dict[str, int]) -> None:
        quota = self.settlement.policy.ratio_or_none("points.special_quota") or self.limits.ratio("special.quota")

        limits = self.limits

        def look(batch: Any, part: Any) -> Any:
            return oversight.candidates(frame(batch), means, limits).to_arrow(compat_level=pl.CompatLevel.oldest())

        (found,) = self.engine.map(facts, look, [self.work / "special"], oversight.CANDIDATE, "oversight: special")
        rows = pl.concat([frame(b) for b in self.engine.scan(found)])
        self._write(SPECIAL_CANDIDATES, oversight.within_quota(rows, discharges, quota))
        requests, opinions = self.inputs.register(SPECIAL_REQUESTS), self.inputs.register(SPECIAL_OPINIONS)
        results = oversight.special_results(requests.to_dicts(), opinions.to_dicts(), discharges, quota)
        self._write(SPECIAL_RESULTS, results)

    def _loop(self, reviews: pl.DataFrame, suspicions: pl.DataFrame, institutions: list[str]) -> None:
        known = {
            r["suspicion_id"]: r
            for r in suspicions.filter(pl.col("suspicion_id").is_in(reviews["suspicion_id"].implode())).to_dicts()
        }
        treated = oversight.treatments(reviews.to_dicts(), known)
        year = self.settlement.year
        self._write(TREATMENT_TABLE, [{k: v for k, v in r.items() if k != "damages_multiple"} for r in treated])
        self._write(LEDGER_PREVIEW, oversight.ledger_preview(treated))
        self._write(DOCTOR_POINTS, oversight.doctor_points(treated, self.limits))
        self._write(PUBLICATIONS, oversight.publications(treated))
        self._write(VIOLATION_TIERS, oversight.violation_tiers(treated, institutions, year, self.limits))

    def _facts(self) -> Dataset:
        (screened,) = self.engine.map(
            self.grouped, self.screen, [self.work / "screened"], SCREEN_READS, "oversight: price"
        )
        sources = [Source(screened, tuple(oversight.SCREENED), ("stay_id", "settled"))]
        names = []
        for table, columns, order in (
            (STAY_DETAILS, ("stay_id", *oversight.DETAILS), ("stay_id",)),
            (
                CHARGES,
                ("stay_id", "charge_date", "category", "amount"),
                ("stay_id", "charge_date", "category", "amount"),
            ),
        ):
            if table.name in self.inputs.tables:
                sources.append(Source(self.inputs.tables[table.name], columns, order))
                names.append("details" if table is STAY_DETAILS else "charges")

        if len(sources) == 1:
            return self.engine.map(
                screened, _bare_facts, [self.work / "facts"], tuple(oversight.SCREENED), "oversight: facts"
            )[0]

        def bring(stays: Any, *others: Any) -> Any:
            return oversight.facts(stays, **dict(zip(names, others, strict=True)))

        return self.engine.map_by(sources, "stay_id", bring, self.work / "facts", "oversight: facts")

    def _known_of_stays(self, cells: pl.DataFrame) -> set[str]:
        """Columns of the stays that have a value somewhere."""
        named = {"stays.person_id": "persons_known", "stays.admission_date": "admissions_known"}
        return {column for column, count in named.items() if int(cells[count].sum()) > 0}

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

        return self._collect(
            self.engine.map_by(sources, "person_id", look, self.work / "people", "oversight: persons")
        )

    def _of_institutions(self, facts: Dataset, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Near-copies, and the sample of the coding audit."""
        scores = found.drop_nulls("stay_id").group_by("stay_id").agg(pl.col("score").max())
        source = Source(facts, (*oversight.COPIED, "settled"), ("institution_id", "stay_id"))
        kernel = partial(_of_houses, scores=scores, limits=self.limits, seed=self.seed)
        rows = self._collect(
            self.engine.map_by((source,), "institution_id", kernel, self.work / "copies", "oversight: copies")
        )
        drawn = pl.col("rule") == oversight.SAMPLED
        return rows.filter(~drawn), rows.filter(drawn)

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
        own = [
            dict(
                zip(b.column("stay_id").cast(pa.string()).to_pylist(), self.screen.price(b)[1].tolist(), strict=True)
            )
            for b in (earlier, later)
        ]
        priced = pl.DataFrame(
            [
                (e, s, max(0, own[0].get(e, 0) + own[1].get(s, 0) - int(p)))
                for (e, s), p in zip(rows, both, strict=True)
            ],
            orient="row",
            schema={"earlier": pl.String, "stay_id": pl.String, "merged": pl.Int64},
        )
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
        if not parts:
            return pa.RecordBatch.from_pylist([], schema=GROUPED.schema).select(list(SCREEN_READS))
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
                "software": f"drgpay {__version__}",
                "kind": "oversight",
                "run": run["run"],
                "year": run["year"],
                "month": run["month"],
                "region": run["region"],
                "policy_digest": run["policy_digest"],
                "stays": n,
                "seed": self.seed,
                "with_persons": self.with_persons,
                "brought": sorted(self.inputs.brought),
                "limits": {k: v.value for k, v in sorted(self.limits.values.items())},
                "inputs": {MANIFEST: file_digest(self.settlement.run / MANIFEST)},
                "outputs": folder_digests(self.folder),
            },
        )


def _bare_facts(stays: Any, part: Any) -> Any:
    return oversight.facts(stays)


def _of_houses(facts: Any, *, scores: pl.DataFrame, limits: oversight.Limits, seed: int) -> Any:
    rows = frame(facts)
    both = [oversight.clones(rows, limits), oversight.sample(rows, scores, limits, seed)]
    return pl.concat(both).to_arrow(compat_level=pl.CompatLevel.oldest())
