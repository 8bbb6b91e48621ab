"""A study of a region's groups over its base years: findings, proposals, their effect, the draft of an overlay."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay import __version__
from drgpay.engine import MANIFEST, Dataset, Engine, Part, frame, new_folder, write_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.runs import money, ready
from drgpay.runs.base_run import Area, check_by_points
from drgpay.runs.grouped import grouped_of
from drgpay.runs.manifest import TABLES, write_json, write_manifest
from drgpay.runs.order import Order
from drgpay.runs.steps import quiet
from drgpay.runs.study_results import Effects, rows_of
from drgpay.scheme import Scheme, build_overlay, load, load_codes
from drgpay.steps import grouping, points, study
from drgpay.tables import GROUPED, INSTITUTIONS
from drgpay.words import in_word, words

STUDY = "study"
DRAFT = "draft.yaml"
"""the overlay, to be edited"""
_DICTIONARIES = ("icd10-nhsa-2.0", "icd9cm3-nhsa-2.0")
"""a code that is in none of them is no code to be grouped"""
_NO_ID = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True)
class StudyOrder:
    """What to study: a region, a practice (its scheme and limits), the ``years`` (none: the base years of the
    practice), the settlement year whose law holds (none: the one after the last), and the id of the draft."""

    region: Path
    policy: str
    years: tuple[int, ...] = ()
    year: int | None = None
    known_on: date | None = None
    schemes: Path | None = None
    accept: ready.Accepted = field(default_factory=ready.Accepted)
    draft_id: str = ""


class _Studied(Area):
    """The region's stays of the years studied."""

    studied: frozenset[int] = frozenset()

    @property
    def years(self) -> frozenset[int]:
        """The years studied."""
        return self.studied


def run_study(order: StudyOrder, out: Path, engine: Engine, reports: Sequence[Callable[[Path], None]] = ()) -> Path:
    """Study the groups and leave in the new folder ``out``: tables (:data:`drgpay.tables.STUDY_TABLES`), the draft of
    an overlay where there is something to change, and reports; all of it or nothing.

    Raises USAGE for fewer than two years or years the practice has no weights for, DATA for a year without stays,
    POLICY for a practice that pays by rate.
    """
    if len(set(order.years)) == 1:
        raise _one_year(order.years)
    last = order.year or (max(order.years) + 1 if order.years else None)
    if last is None:
        raise DrgpayError(
            Kind.USAGE, zh="没有给出年份", en="no years are named", field="--years",
            fix_zh="加上 --years 2021,2022,2023(基期年份),或 --year 2024(结算年度)",
            fix_en="add --years 2021,2022,2023 (the base years), or --year 2024 (the settlement year)",
        )  # fmt: skip
    with new_folder(out) as draft:
        work = draft / "area"
        work.mkdir()
        asked = Order(order.region, order.policy, last, 1, order.known_on, order.schemes, order.accept)
        area = _Studied(asked, work, engine, quiet)
        check_by_points(area.policy)
        weights = _weights(area.policy, order.years)
        area.studied = frozenset(weights)
        grouped = area.grouped()
        _Study(order, area, weights, grouped, draft).go(reports)
    return out


def _weights(policy: Policy, years: tuple[int, ...]) -> dict[int, int]:
    """Years and their weights: those of the practice's base period, or its weights in their order."""
    given = dict(policy.years("points.base_years"))
    asked = sorted(set(years)) or sorted(given)
    if len(asked) < 2:
        raise _one_year(asked)
    if set(asked) <= given.keys():
        return {year: given[year] for year in asked}
    if len(asked) == len(given):
        return dict(zip(asked, (given[year] for year in sorted(given)), strict=True))
    raise DrgpayError(
        Kind.USAGE, zh=f"政策的基期有 {len(given)} 年的权重({':'.join(map(str, given.values()))})",
        en=f"the practice has weights for {len(given)} base years ({':'.join(map(str, given.values()))})",
        field="--years", value=", ".join(map(str, asked)), fix_zh=f"给出 {len(given)} 年,或其基期中的年份 "
        f"{'、'.join(map(str, given))}", fix_en=f"name {len(given)} years, or years of its base period: "
        f"{', '.join(map(str, given))}",
    )  # fmt: skip


def _one_year(years: Sequence[int]) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE, zh="一年的病例看不出差别是否持续", en="one year does not show whether a difference lasts",
        field="--years", value=", ".join(map(str, years)), fix_zh="给出至少两年,例如 2021,2022,2023",
        fix_en="name two years or more, for example 2021,2022,2023",
    )  # fmt: skip


def lost_kernel(batch: Any, *, scheme: Scheme, entering: study.Entering) -> Any:
    """Sums of the stays without a group by ``reason, mdc, dx, operation, year``: of an unrelated operation the first
    one, of the others the principal diagnosis."""
    reasons = grouping.reason_columns(scheme, batch, batch, "en")["reason_code"]
    reasons = reasons.combine_chunks() if isinstance(reasons, pa.ChunkedArray) else reasons
    rows = entering.of(batch.append_column("reason", reasons)).filter(pl.col("status") != "grouped")
    rows = rows.with_columns(pl.col("reason").replace("condition", "mdc_condition"))
    unrelated = pl.col("reason") == "unrelated_operation"
    operations = pl.element().filter(pl.element().is_in(sorted(scheme.operation)))
    first = pl.col("proc").list.eval(operations).list.first()
    rows = rows.with_columns(
        pl.col("mdc").fill_null(""),
        dx=pl.when(unrelated).then(pl.lit("")).otherwise(pl.col("dx").list.first().fill_null("")),
        operation=pl.when(unrelated).then(first.fill_null("")).otherwise(pl.lit("")),
    )
    return study.summed(rows, "reason", "mdc", "dx", "operation", "year").to_arrow()


def regroup_kernel(batch: Any, _part: Part, *, scheme: Scheme, years: frozenset[int]) -> Any:
    """The stays (GROUPED) with their groups of another scheme; those they had as ``drg_a`` and ``status_a``."""
    before = {f"{name}_a": batch.column(name) for name in ("drg", "status")}
    again = grouped_of(batch, scheme, years)
    for name, column in before.items():
        again = again.append_column(name, column)
    return again


def moved_kernel(batch: Any, *, entering: study.Entering) -> Any:
    """Sums by ``year, institution_id``, group and status before (``drg, status``) and after (``drg_b, status_b``)."""
    names = {"drg": "drg_b", "status": "status_b", "drg_a": "drg", "status_a": "status"}
    rows = entering.of(batch.rename_columns([names.get(name, name) for name in batch.schema.names]))
    return study.summed(rows, *MOVED).to_arrow()


MOVED = ("year", "institution_id", "drg", "status", "drg_b", "status_b")
_MOVED_READS = ("institution_id", "year", "drg", "status", "drg_a", "status_a", "los", "dx", "total_cost")


class _Study:
    def __init__(
        self, order: StudyOrder, area: _Studied, weights: dict[int, int], grouped: Dataset, folder: Path
    ) -> None:
        self.order, self.area, self.weights, self.grouped, self.folder = order, area, weights, grouped, folder
        self.engine, self.scheme, self.policy = area.engine, area.scheme, area.policy
        self.limits = study.limits_of(self.policy)
        self.judge = study.Judge(self.limits, weights)
        self.named = frozenset(code for codes in money.groups_named(self.policy).values() for code in codes)
        self.tables = folder / TABLES
        self.tables.mkdir()
        self.laws = [self._law(p) for p in (self.policy, area.laws.opening)]

    def _law(self, policy: Policy) -> Policy:
        """The policy with the years studied as its base period."""
        if dict(policy.years("points.base_years")) == self.weights:
            return policy
        years = [{"year": str(year), "weight": str(weight)} for year, weight in self.weights.items()]
        return policy.amend({"points.base_years": years}, "--years")

    def _base(self, grouped: Dataset) -> points.Base:
        return points.base_period(self.engine, grouped, *self.laws)

    def go(self, reports: Sequence[Callable[[Path], None]]) -> None:
        """Find, propose, draft, and measure the draft."""
        days = self.policy.integer("points.min_los"), self.policy.integer("points.max_los")
        years = tuple(sorted(self.weights))
        entering = study.entering_of(self.engine, self.grouped, years, days, self.limits.high_multiple)
        before = self._base(self.grouped)
        self._check_years(before)
        lost = self._lost(entering)
        values = study.values_of(self.engine, self.grouped, entering)
        proposals = self._propose(values, lost, entering)
        after_scheme = self._draft(proposals)
        regrouped, moved = self._moved(after_scheme, entering)
        judged = {g.drg: study.Judged(g.n, g.cv, g.stable) for g in before.groups.values()}
        least = self.policy.integer("points.min_cases")
        found = list(study.findings(self.scheme, lost, judged, values, self.judge, least))
        effects = Effects(
            moved, before, self._base(regrouped), self.weights, self.policy,
            self.scheme.group_names | after_scheme.group_names,
        )  # fmt: skip
        for table, rows in rows_of(found, proposals, effects):
            write_table(self.tables, table, table.of(rows))
        write_table(self.tables, INSTITUTIONS, self.area.registers[INSTITUTIONS].to_arrow())
        self._finish(after_scheme, len(proposals), reports)

    def _check_years(self, base: points.Base) -> None:
        lacking = sorted(self.weights.keys() - {row["year"] for row in base.years})
        if lacking:
            raise DrgpayError(
                Kind.DATA, zh="研究年份没有病例", en="a year to be studied has no stays",
                file=self.order.region.name, field="--years", value=", ".join(map(str, lacking)),
                fix_zh="补交这些年份的病例,或改 --years", fix_en="bring the stays of those years, or change --years",
            )  # fmt: skip

    def _lost(self, entering: study.Entering) -> list[study.Lost]:
        by = ("reason", "mdc", "dx", "operation", "year")
        kernel = partial(lost_kernel, scheme=self.scheme, entering=entering)
        table = frame(self.engine.sum(self.grouped, kernel, by, GROUPED.names, "study: without a group"))
        found = study.moments_by(table, *by[:-1])
        return [study.Lost(why, mdc, dx, code, its) for (why, mdc, dx, code), its in found.items()]

    def _propose(
        self, values: study.Values, lost: list[study.Lost], entering: study.Entering
    ) -> list[tuple[str, study.Proposal]]:
        """All proposals with their numbers: new groups and places, then splits, those with most effect first, then
        merges of what is neither split nor named by the policy."""
        sets = study.code_sets(self.scheme, values, self.limits)
        inside = study.sets_of(self.engine, self.grouped, entering, sets)
        pairs = [(its, inside.get(number, {})) for number, its in enumerate(sets)]
        splits = list(study.propose_splits(self.scheme, values, pairs, self.judge))
        splits.sort(key=lambda p: (not p.changes, -p.reduction, p.adrg))
        books = [load_codes(name) for name in _DICTIONARIES]
        known = frozenset(code for book in books for code in book.known - book.gray)
        homes = list(study.propose_homes(self.scheme, lost, values, self.judge, known))
        homes.sort(key=lambda p: (p.kind, p.adrg))
        kept = frozenset(p.adrg for p in splits if p.changes) | self.named
        least = self.policy.integer("points.min_cases")
        merges = list(study.propose_merges(self.scheme, values, self.judge, least, kept))
        return [(f"P{number:03d}", p) for number, p in enumerate([*homes, *splits, *merges], start=1)]

    def _draft(self, proposals: list[tuple[str, study.Proposal]]) -> Scheme:
        """Write the draft and build it; the scheme it makes, or the present one without any change."""
        drafted = [(number, p) for number, p in proposals if p.changes]
        if not drafted:
            return self.scheme
        title = in_word(self.scheme.id, "zh") if self.scheme.id in words() else self.scheme.title
        span = f"{min(self.weights)}–{max(self.weights)}"
        name = self.order.draft_id or _NO_ID.sub("-", f"{self.area.region.identity['id']}-draft".lower()).strip("-.")
        text = study.overlay_text(
            self.scheme, name, f"{title}本地调整草案({span}年病例)", f"草案,据{span}年病例研究,未发文",
            drafted, self.weights,
        )  # fmt: skip
        (self.folder / DRAFT).write_text(text, encoding="utf-8", newline="\n")
        with TemporaryDirectory(prefix="drgpay-") as built:
            build_overlay(self.folder / DRAFT, Path(built), folder=self.order.schemes)
            return load(name, self.scheme.switches, folder=Path(built))

    def _moved(self, after: Scheme, entering: study.Entering) -> tuple[Dataset, pl.DataFrame]:
        kernel = partial(regroup_kernel, scheme=after, years=frozenset(self.weights))
        (regrouped,) = self.engine.map(
            self.grouped, kernel, [self.area.work / "regrouped"], GROUPED.names, "study: regroup"
        )
        moved = self.engine.sum(
            regrouped, partial(moved_kernel, entering=entering), MOVED, _MOVED_READS, "study: moved"
        )
        return regrouped, frame(moved)

    def _finish(self, after: Scheme, proposals: int, reports: Sequence[Callable[[Path], None]]) -> None:
        area = self.area
        area.watch.check(area.region.files(modes=area.with_modes, details=area.by_benefit))
        shutil.rmtree(area.folder)
        manifest = {
            "software": f"drgpay {__version__}",
            "kind": STUDY,
            "region": area.region.identity,
            "years": {str(year): weight for year, weight in self.weights.items()},
            "practice": self.policy.practice,
            "on": self.policy.on.isoformat(),
            "known_on": self.order.known_on.isoformat() if self.order.known_on else None,
            "policy_digest": self.policy.digest,
            "scheme": self.scheme.id,
            "switches": sorted(self.scheme.switches),
            "scheme_digest": self.scheme.digest,
            "limits": _kept(self.limits),
            "draft": {"id": after.id, "digest": after.digest} if after.id != self.scheme.id else None,
            "proposals": proposals,
            "named_and_gone": sorted(self.named & self.scheme.group_names.keys() - after.group_names.keys()),
            "counts": area.counted,
            "inputs": area.made_from["inputs"],
        }
        write_json(self.folder / MANIFEST, manifest)
        for report in reports:
            report(self.folder)
        write_manifest(self.folder, manifest)


def _kept(limits: study.Limits) -> Mapping[str, Any]:
    """The limits as the manifest names them."""
    return {name: getattr(limits, name) for name in limits.__dataclass_fields__}
