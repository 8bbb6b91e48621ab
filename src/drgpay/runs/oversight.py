"""The morning list of a settled run (design/07): screen, facts, group means, persons, institutions, tables.

Reads a run's folder and its region's; writes a folder of its own, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import polars as pl

from drgpay import __version__
from drgpay.engine import (
    MANIFEST,
    Dataset,
    Engine,
    Source,
    dataset,
    frame,
    new_folder,
    plain,
    read_table,
    table_path,
    write_table,
)
from drgpay.runs.advance_use import use_known
from drgpay.runs.fund import Rows, watch_fund
from drgpay.runs.manifest import PRACTICE, TABLES, file_digest, write_json, write_manifest
from drgpay.runs.oversight_inputs import Inputs, campuses
from drgpay.runs.oversight_singles import Singles
from drgpay.runs.region import Region, read_region
from drgpay.runs.screen import SCREEN_READS, Screen, Settlement, read_settlement
from drgpay.runs.taking import Offered, write_offers
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
    BILL_FINDINGS,
    BILL_RATES,
    CHARGES,
    CLAIM_CHECKS,
    CODER_STAFFING,
    CODERS,
    CODING_RATES,
    COMPLAINTS,
    CONTROL_POINTS,
    DOCTOR_MARKS,
    DOCTOR_POINTS,
    FUND_HISTORY,
    FUND_MONTHS,
    GROUPED,
    INSTITUTION_LINKS,
    INSTITUTIONS,
    LEDGER_PREVIEW,
    LEVELS,
    NEGATIVE_LIST,
    OUT_OF_AREA_CLAIMS,
    OUT_OF_AREA_WATCH,
    PERSONS,
    PUBLICATIONS,
    RECORD_QUALITY,
    REFUSALS,
    REVIEWS,
    RULE_STATUS,
    SECOND_CODINGS,
    SPECIAL_CANDIDATES,
    SPECIAL_OPINIONS,
    SPECIAL_REQUESTS,
    SPECIAL_RESULTS,
    STAY_DECISIONS,
    STAY_DETAILS,
    SUPERVISION,
    SUSPICION_EVIDENCE,
    SUSPICIONS,
    TREATMENT_TABLE,
    UPCODING_RATES,
    VIOLATION_TIERS,
    VISITS,
    Table,
)

WORK = "work"
_RANKS = {level: rank for rank, level in enumerate(reversed(LEVELS))}
"""level of an institution → its rank, 0 = primary"""


@dataclass(frozen=True)
class Watched:
    """What oversight found in a run: where it is, how many leads, how many cases that the data cannot tell, and of
    how many stays."""

    folder: Path
    suspicions: int
    unclear: int
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
    with new_folder(out, replace=replace) as draft:
        settlement = read_settlement(run, schemes)
        (draft / WORK).mkdir()
        found = _Oversight(settlement, read_region(region), draft, engine, with_persons, seed).go(reports)
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
        self.inputs.engine = engine
        self.screen = Screen(settlement, self.limits.ratio("upcoding.cost"))
        self.grouped = self.inputs.grouped = dataset(settlement.run / TABLES, GROUPED)
        self.singles = Singles(engine, self.grouped, self.screen)

    def go(self, reports: Sequence[Callable[[Path], None]]) -> tuple[int, int, int]:
        """All stages in order; how many leads and unclear cases there are, and how many stays were looked at."""
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
        mixes = self._fee_mixes(facts)
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
            levels.select(
                pl.col("institution_id").cast(pl.String),
                pl.col("level")
                .cast(pl.String)
                .replace_strict(_RANKS, default=None, return_dtype=pl.Int64)
                .alias("rank"),
            ).drop_nulls(),
            mixes,
        )
        of_people = self._of_people(facts, watch)
        counts = of_people.filter(pl.col("rule").str.starts_with("="))
        severe = oversight.severe_by_month(cells, means, overall, self.limits.ratio("refusal.severe_cost"))
        discharges = dict(cells.group_by("institution_id").agg(pl.col("n").sum()).rows())
        of_people = oversight.clustered(
            of_people.filter(~pl.col("rule").str.starts_with("=")), discharges, self.limits
        )
        copies, sample, strata = self._of_institutions(facts, of_people, watch)
        copies = oversight.clustered(copies, discharges, self.limits)
        of_houses = oversight.institution_hits(rates, severe, complaints.to_dicts(), self.limits)
        found = self.singles.priced(pl.concat([of_people, copies, of_houses]))
        reviews = self.inputs.register(REVIEWS)
        decided = {"confirm": "confirmed", "dismiss": "dismissed"}
        states = {s: decided[d] for s, d in reviews.select("suspicion_id", "decision").rows()}
        suspicions, evidence = oversight.suspicions(
            found, self.settlement.year, states, self.limits, with_persons=self.with_persons
        )
        reviews = reviews.filter(pl.col("suspicion_id").is_in(suspicions["suspicion_id"].implode()))
        self._write(SUSPICIONS, suspicions)
        self._write(SUSPICION_EVIDENCE, evidence)
        self._write(RULE_STATUS, oversight.rule_status(frozenset(self.inputs.brought), suspicions))
        self._write(CODING_RATES, rates)
        billed = self._bill(facts, means, mixes[0])
        upcoding = self._audit(cells, sample, strata, facts, billed)
        figures = replace(self._figures(cells, means, severe, counts), upcoding=upcoding, billed=billed)
        self._alerts(figures)
        self._specials(facts, means, discharges)
        self._loop(reviews, suspicions, levels["institution_id"].to_list())
        shutil.rmtree(self.work)
        about = self._manifest(n)
        write_json(self.folder / MANIFEST, about)
        for report in reports:
            report(self.folder)
        write_manifest(self.folder, about)
        leads = suspicions.filter(pl.col("standing") == SUSPICIONS["standing"].choices[0]).height
        return leads, suspicions.height - leads, n

    def _write(self, table: Table, rows: pl.DataFrame | Rows) -> None:
        write_table(self.tables, table, rows.to_arrow() if isinstance(rows, pl.DataFrame) else table.of(rows))

    def _figures(
        self,
        cells: pl.DataFrame,
        means: pl.DataFrame,
        severe: pl.DataFrame,
        counts: pl.DataFrame,
    ) -> oversight.Figures:
        sums = counts.group_by("rule", "institution_id", "month").agg(pl.col("amount").sum())
        heads = sums.filter((pl.col("rule") == oversight.HEADS) & (pl.col("month") == 0))
        again = sums.filter(pl.col("rule") == oversight.READMITTED)
        year = self.settlement.year
        paid = self.inputs.register(ADVANCES).filter(pl.col("year") == year)
        paid = paid.group_by("insurance_scheme", "institution_id").agg(pl.col("amount").sum().alias("advance"))
        used = use_known(self.engine, self.settlement.run, self.inputs.register(ADVANCE_USE))
        used = (
            used.filter(pl.col("year") == year)
            .join(paid, on=["insurance_scheme", "institution_id"])
            .sort("month", "institution_id")
        )
        return oversight.Figures(
            year,
            self.settlement.months,
            cells,
            means,
            severe,
            heads=dict(heads.select("institution_id", "amount").rows()),
            readmitted={(h, m): c for h, m, c in again.select("institution_id", "month", "amount").rows()},
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

    def _bill(self, facts: Dataset, means: pl.DataFrame, mixes: pl.DataFrame) -> Rows:
        """Codes against the bill; rows of ``bill_rates``."""
        limits = self.limits

        def look(batch: Any, part: Any) -> Any:
            return plain(oversight.against_bill(frame(batch), means, mixes, limits))

        (found,) = self.engine.map(facts, look, [self.work / "bill"], tuple(oversight.FACTS), "oversight: bill")
        billed = pl.concat([frame(b) for b in self.engine.scan(found)])
        self._write(BILL_FINDINGS, billed.filter(pl.col("check") != ""))
        rates = oversight.bill_rates(billed, limits)
        self._write(BILL_RATES, rates)
        return rates

    def _audit(
        self, cells: pl.DataFrame, sample: pl.DataFrame, strata: pl.DataFrame, facts: Dataset, billed: Rows
    ) -> Rows:
        """What the coding audit has so far; rows of ``upcoding_rates``."""
        named = (pl.col("amount").alias("number").cast(pl.Int32), pl.col("signal").alias("stratum"))
        self._write(AUDIT_SAMPLE, sample.with_columns(*named))
        claims = self.settlement.registers[OUT_OF_AREA_CLAIMS].to_dicts() if self.watched else []
        self._write(CLAIM_CHECKS, oversight.claims_to_check(claims, self.watched, self.settlement.year, self.limits))
        second = self.inputs.of_run(SECOND_CODINGS)
        upheld = dict(self.inputs.register(ARBITRATIONS).select("stay_id", "upheld").rows())
        results, agreement = oversight.audit_results(*self.singles.coded_twice(second), upheld)
        self._write(AUDIT_RESULTS, results)
        self._write(AUDIT_AGREEMENT, agreement)
        coded = frame(
            self.engine.sum(facts, oversight.coder_sums, oversight.CODED, oversight.CODED_READS, "oversight: coders")
        )
        peers = oversight.peer_rates(cells, coded, self.limits)
        rates = oversight.upcoding_rates(strata.to_dicts(), sample.to_dicts(), results, peers, self.limits)
        self._write(UPCODING_RATES, rates)
        self._write(RECORD_QUALITY, oversight.record_quality(cells, results, billed))
        staffing = oversight.coder_staffing(self.inputs.register(CODERS).to_dicts(), self.limits)
        self._write(CODER_STAFFING, staffing)
        return rates

    def _specials(self, facts: Dataset, means: pl.DataFrame, discharges: dict[str, int]) -> None:
        quota = self.settlement.policy.ratio_or_none("points.special_quota") or self.limits.ratio("special.quota")

        limits = self.limits

        def look(batch: Any, part: Any) -> Any:
            return plain(oversight.candidates(frame(batch), means, limits))

        (found,) = self.engine.map(facts, look, [self.work / "special"], oversight.CANDIDATE, "oversight: special")
        rows = pl.concat([frame(b) for b in self.engine.scan(found)])
        self._write(SPECIAL_CANDIDATES, oversight.within_quota(rows, discharges, quota))
        requests, opinions = self.inputs.register(SPECIAL_REQUESTS), self.inputs.register(SPECIAL_OPINIONS)
        results = oversight.special_results(requests.to_dicts(), opinions.to_dicts(), discharges, quota)
        self._write(SPECIAL_RESULTS, results)
        by = oversight.experts(opinions.to_dicts())
        decided = [
            row | {"evidence": row["stay_id"], "decided_by": by.get(row["stay_id"])}
            for row in oversight.decision_rows(results)
        ]
        self.offered = write_offers(self.folder, [Offered(STAY_DECISIONS, "special", decided)])

    def _loop(self, reviews: pl.DataFrame, suspicions: pl.DataFrame, institutions: list[str]) -> None:
        known = {
            r["suspicion_id"]: r
            for r in suspicions.filter(pl.col("suspicion_id").is_in(reviews["suspicion_id"].implode())).to_dicts()
        }
        treated = oversight.treatments(reviews.to_dicts(), known)
        year = self.settlement.year
        self._write(TREATMENT_TABLE, [{k: v for k, v in r.items() if k != "damages_multiple"} for r in treated])
        self._write(LEDGER_PREVIEW, oversight.ledger_preview(treated))
        marks = self.inputs.register(DOCTOR_MARKS).filter(pl.col("year") == year).to_dicts()
        self._write(DOCTOR_POINTS, oversight.doctor_points(treated, self.limits, marks))
        self._write(PUBLICATIONS, oversight.publications(treated))
        refusals = self.inputs.register(REFUSALS).filter(pl.col("year") == year).to_dicts()
        listed = oversight.negative_list(oversight.refused_patients(treated, known, year), refusals)
        self._write(NEGATIVE_LIST, listed)
        self._write(VIOLATION_TIERS, oversight.violation_tiers(treated, institutions, year, self.limits))

    def _facts(self) -> Dataset:
        (screened,) = self.engine.map(
            self.grouped, self.screen, [self.work / "screened"], SCREEN_READS, "oversight: price"
        )
        others = self.inputs.sources(
            (STAY_DETAILS, ("stay_id", *oversight.DETAILS), ("stay_id",)),
            (CHARGES, ("stay_id", "charge_date", "category", "amount"), oversight.DAY_ORDER),
        )
        if CHARGES.name in others:
            others[CHARGES.name] = replace(others[CHARGES.name], prepare=oversight.charge_days)
        names = ["details" if name == STAY_DETAILS.name else name for name in others]
        if not others:
            return self.engine.map(
                screened, _bare_facts, [self.work / "facts"], tuple(oversight.SCREENED), "oversight: facts"
            )[0]

        def bring(stays: Any, *beside: Any) -> Any:
            return oversight.facts(stays, **dict(zip(names, beside, strict=True)))

        sources = [Source(screened, tuple(oversight.SCREENED), ("stay_id", "settled")), *others.values()]
        return self.engine.map_by(sources, "stay_id", bring, self.work / "facts", "oversight: facts")

    def _fee_mixes(self, facts: Dataset) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What fees are made of by group and diagnosis, and how institutions differ from it."""
        sums = self.engine.sum(facts, oversight.mix_sums, oversight.MIX, oversight.MIXED, "oversight: fees")
        mixes = oversight.fee_mix(frame(sums), self.limits.whole("group.min_stays"))
        kernel = partial(oversight.house_sums, mixes=mixes)
        own = self.engine.sum(facts, kernel, ("institution_id",), oversight.HOUSED, "oversight: fees")
        return mixes, oversight.house_mix(frame(own))

    def _known_of_stays(self, cells: pl.DataFrame) -> set[str]:
        """Columns of the stays that have a value somewhere."""
        named = {"stays.person_id": "persons_known", "stays.admission_date": "admissions_known"}
        return {column for column, count in named.items() if int(cells[count].sum()) > 0}

    def _of_people(self, facts: Dataset, watch: oversight.Watch) -> pl.DataFrame:
        others = self.inputs.sources(
            (VISITS, oversight.VISIT_COLUMNS, ("person_id", "visit_date", "visit_id")),
            (PERSONS, ("person_id", "sex", "birth_date", "death_date"), ("person_id",)),
        )
        names = list(others)
        sources = [Source(facts, tuple(oversight.FACTS), oversight.PERSON_ORDER), *others.values()]

        def look(stays: Any, *beside: Any) -> Any:
            given = dict.fromkeys(("visits", "persons")) | dict(zip(names, beside, strict=True))
            return oversight.person_hits(stays, given["visits"], given["persons"], watch=watch)

        return self._collect(
            self.engine.map_by(sources, "person_id", look, self.work / "people", "oversight: persons")
        )

    def _of_institutions(
        self, facts: Dataset, found: pl.DataFrame, watch: oversight.Watch
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Near-copies and batches, the sample of the coding audit, and the sizes of its strata."""
        scores = (
            found.filter(oversight.is_lead(self.limits))
            .drop_nulls("stay_id")
            .group_by("stay_id")
            .agg(pl.col("score").max())
        )
        columns = tuple(dict.fromkeys((*oversight.COPIED, *oversight.CROWDED, "coder_id", "settled")))
        source = Source(facts, columns, ("institution_id", "stay_id"))
        kernel = partial(_of_houses, scores=scores, watch=watch, seed=self.seed, shares=self._sampling())
        rows = self._collect(
            self.engine.map_by((source,), "institution_id", kernel, self.work / "copies", "oversight: copies")
        )
        apart = {name: rows.filter(pl.col("rule") == name) for name in (oversight.SAMPLED, oversight.STRATA)}
        found = rows.filter(~pl.col("rule").is_in(list(apart)))
        return found, apart[oversight.SAMPLED], apart[oversight.STRATA]

    def _sampling(self) -> dict[str, int]:
        """Institution → share of its stays to be checked (1/10,000): by the last evaluation before this year, and by
        the out-of-area watch list."""
        rows = self.inputs.register(SUPERVISION).filter(pl.col("year") < self.settlement.year).sort("year")
        shares = dict(rows.select("institution_id", "sampling_share").rows())
        return oversight.shares_of(shares, [row["institution_id"] for row in self.watched], self.limits)

    @cached_property
    def watched(self) -> Rows:
        """The out-of-area watch list of the run; empty without payment modes."""
        tables = self.settlement.run / TABLES
        if not table_path(tables, OUT_OF_AREA_WATCH).exists():
            return []
        return read_table(tables, OUT_OF_AREA_WATCH).to_dicts()

    def _collect(self, found: Dataset) -> pl.DataFrame:
        return pl.concat([frame(b) for b in self.engine.scan(found)]).select(
            pl.col(c).cast(t) for c, t in oversight.HITS.items()
        )

    def _manifest(self, n: int) -> dict[str, Any]:
        run = self.settlement.manifest
        return {
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
            **self.offered,
        }


def _bare_facts(stays: Any, part: Any) -> Any:
    return oversight.facts(stays)


def _of_houses(facts: Any, *, scores: pl.DataFrame, watch: oversight.Watch, seed: int, shares: dict[str, int]) -> Any:
    rows, limits = frame(facts), watch.limits
    found = [oversight.clones(rows, limits), oversight.sample(rows, scores, limits, seed, shares)]
    if watch.runs("NI4"):
        found.append(oversight.batches(rows, watch.means, watch.overall, limits))
    return pl.concat(found).to_arrow(compat_level=pl.CompatLevel.oldest())
