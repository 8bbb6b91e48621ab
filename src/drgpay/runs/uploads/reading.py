"""What a check found, read for a page: findings by rule and by stay, as a workbook, and figures of the stays."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, Engine, Part, frame, open_parquet
from drgpay.runs.region import known_codes, read_region
from drgpay.steps import intake
from drgpay.tables import CODER_QUALITY, FINDINGS, INSTITUTIONS, RECORD_SCORES, RULE_QUALITY
from drgpay.units import ONE, half_up

_SUMS = ("total_cost", "fund_by_item", "personal_paid", "los")
_READ = ("stay_id", "institution_id", "discharge_date", *_SUMS)
_DAYS = 100
"""means of days are in 1/100"""


@dataclass(frozen=True)
class FindingsPage:
    """Some rows of FINDINGS in the order of the file, and how many there are in the selection."""

    rows: list[dict[str, Any]]
    total: int


@dataclass(frozen=True)
class Figures:
    """Stays in a few figures: how many, sums in fen, mean cost (fen) and mean length of stay (1/100 day), both half
    up; None without a stay."""

    n: int
    total_cost: int
    fund_by_item: int
    personal_paid: int
    mean_cost: int | None
    mean_los: int | None

    def plain(self) -> dict[str, int | None]:
        """As JSON holds it."""
        return asdict(self)

    def change(self, before: Figures) -> dict[str, int | None]:
        """By how much each figure has changed since ``before``, in 1/10,000 of that, half up; None where there was
        nothing."""
        now, old = self.plain(), before.plain()
        pairs = {name: (value, old[name]) for name, value in now.items()}
        return {n: half_up((a - b) * ONE, b) if a is not None and b else None for n, (a, b) in pairs.items()}


def read_findings(
    findings: Path, *, rule: str = "", level: str = "", stay: str = "", offset: int = 0, limit: int = 50
) -> FindingsPage:
    """Findings of an upload (:attr:`Upload.findings`) of a rule, a level and a stay whose id holds a text."""
    rows = pl.scan_parquet(findings).with_columns(pl.col("rule", "level").cast(pl.String))
    for name, wanted in (("rule", rule), ("level", level)):
        if wanted:
            rows = rows.filter(pl.col(name) == wanted)
    if stay:
        rows = rows.filter(pl.col("stay_id").cast(pl.String).str.contains(stay, literal=True))
    order = [name for name in FINDINGS.key if name != "file"]
    page, whole = pl.collect_all([rows.sort(order).slice(offset, limit), rows.select(pl.len())])
    return FindingsPage(page.with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dicts(), int(whole.item()))


def write_findings(findings: Path, target: Path, lang: str = "zh", *, scores: Path | None = None) -> None:
    """The findings of an upload as a workbook, with the counts by rule, and a sheet of ``scores`` where they are
    named."""
    found = open_parquet(findings).read()
    told = None if scores is None else open_parquet(scores).read()
    intake.write_findings_workbook(found, target, lang, scores=told)


def read_scores(scores: Path) -> list[dict[str, Any]]:
    """RECORD_SCORES of an upload, the whole first, then departments, the lowest first."""
    rows = frame(open_parquet(scores).read().cast(RECORD_SCORES.schema)).with_columns(
        pl.col(pl.Categorical).cast(pl.String)
    )
    order = {"all": 0, "institution": 1, "department": 2}
    return sorted(rows.to_dicts(), key=lambda row: (order[row["scope"]], row["score"], row["department_id"] or ""))


def read_quality(folder: Path, department: str = "") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """CODER_QUALITY and RULE_QUALITY of an upload, from the folder its tables were written into, of all departments
    or one; those with most errors, or stays, first. Empty for an upload that was checked before there were any."""
    found = []
    for table, order in ((CODER_QUALITY, ("errors", "n")), (RULE_QUALITY, ("n",))):
        path = folder / f"{table.name}.parquet"
        rows = open_parquet(path).read().cast(table.schema) if path.is_file() else table.schema.empty_table()
        plain = frame(rows).with_columns(pl.col(pl.Categorical).cast(pl.String))
        own = plain.filter(pl.col("department_id") == department) if department else plain
        found.append(own.sort(order, descending=True, maintain_order=True).to_dicts())
    return found[0], found[1]


def figures_of(accepted: Path) -> Figures:
    """The figures of the stays an upload would bring (:attr:`Upload.accepted`)."""
    return _figures(open_parquet(accepted).read([*_SUMS]))


def figures_before(region: Path, institution: str, month: tuple[int, int], engine: Engine, work: Path) -> Figures:
    """The figures of an institution's stays of a month as they stand in a region's folder; ``work``: an empty folder
    of the caller's."""
    known = read_region(region)
    houses = frozenset(known.registers[INSTITUTIONS]["institution_id"])
    stays = known.stays(work, intake.CheckContext("settlement", known_codes(), houses))
    if not stays.data.paths:
        return _figures(pa.table({name: pa.array([], pa.int64()) for name in _SUMS}))
    last = calendar.monthrange(*month)[1]
    kernel = partial(
        _of_month, institution=institution, first=date(*month, 1), last=date(*month, last), replaced=stays.replaced
    )
    found: Dataset = engine.map(stays.data, kernel, [work / "month"], _READ, "current")[0]
    return _figures(pa.concat_tables([open_parquet(path).read() for path in found.paths]))


def _of_month(
    batch: Any, part: Part, institution: str, first: date, last: date, replaced: Mapping[int, Any]
) -> tuple[Any]:
    """The sums' columns of the stays of an institution and month that count."""
    keys = replaced.get(part.file_number)
    rows = batch if keys is None else batch.filter(pa.array(~intake.replaced_rows(batch, keys)))
    day = rows.column("discharge_date")
    wanted = pc.and_(pc.greater_equal(day, pa.scalar(first)), pc.less_equal(day, pa.scalar(last)))
    own = pc.equal(rows.column("institution_id").cast(pa.string()), institution)
    kept = rows.filter(pc.and_(wanted, own))
    return (pa.table({name: kept.column(name).cast(pa.int64()) for name in _SUMS}),)


def _figures(rows: Any) -> Figures:
    n = rows.num_rows
    total, fund, paid, days = (sum(rows.column(name).to_pylist()) for name in _SUMS)
    mean = half_up(total, n) if n else None
    return Figures(n, total, fund, paid, mean, half_up(days * _DAYS, n) if n else None)
