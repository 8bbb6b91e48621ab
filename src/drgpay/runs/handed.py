"""What was handed in: accepted stays by institution and month, and what was kept out or lies outside the years."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, Engine, frame, open_parquet, years_of
from drgpay.errors import DrgpayError, Kind

CELL = ("institution_id", "insurance_scheme", "year", "month", "status")
SUMMED = ("fund_by_item", "total_cost")


def cells(batch: Any) -> Any:
    """Accepted stays by institution, scheme, month and status: how many, and their money."""
    rows = frame(batch).group_by(CELL)
    sums = rows.agg(n=pl.len().cast(pl.Int64), fund=pl.col("fund_by_item").sum(), cost=pl.col("total_cost").sum())
    return sums.to_arrow()


def span(data: Dataset) -> tuple[date, date] | None:
    """First and last discharge of canonical stays, from the statistics of the files; None where one has none."""
    ends: list[date] = []
    for path in data.paths:
        meta = open_parquet(path).metadata
        places = [i for i in range(meta.num_columns) if meta.schema.column(i).path == "discharge_date"]
        for group in range(meta.num_row_groups):
            said = meta.row_group(group).column(places[0]).statistics
            if said is None or not said.has_min_max:
                return None
            ends += [said.min, said.max]
    return (min(ends), max(ends)) if ends else None


def _by_year(batch: Any, later: date | None) -> Any:
    days = batch.column("discharge_date")
    rows = pl.DataFrame({"institution_id": frame(batch.select(["institution_id"]))["institution_id"].cast(pl.String),
                         "year": years_of(days).astype("int64")})  # fmt: skip
    after = pc.fill_null(pc.greater(days, pa.scalar(later or date.max, pa.date32())), False)
    rows = rows.with_columns(later=pl.Series(after.to_numpy(zero_copy_only=False)).cast(pl.Int64))
    return (
        rows.group_by("institution_id", "year").agg(n=pl.len().cast(pl.Int64), later=pl.col("later").sum()).to_arrow()
    )


def by_year(engine: Engine, data: Dataset, later: date | None = None) -> pl.DataFrame:
    """``institution_id``, ``year``, ``n``, ``later``: stays by institution and year of discharge, and how many of
    them were discharged after a day."""
    by = ("institution_id", "year")
    return frame(engine.sum(data, partial(_by_year, later=later), by, ("institution_id", "discharge_date"), "count"))


def shares(handed: pl.DataFrame, accepted: pl.DataFrame, needed: Iterable[int], reading: Mapping[str, int]) -> tuple[
    dict[str, int], dict[str, int]
]:  # fmt: skip
    """Rows handed in and rows kept out by institution. ``handed``: of :func:`by_year`; ``accepted``: of
    :func:`cells`; ``reading``: rows already kept out when files were read."""
    of_years = handed.filter(pl.col("year").is_in(list(needed)))
    there = Counter(dict(of_years.group_by("institution_id").agg(pl.col("n").sum()).rows()))
    good = Counter(dict(accepted.group_by("institution_id").agg(pl.col("n").sum()).rows()))
    out = Counter({h: n - good[h] for h, n in there.items() if n > good[h]}) + Counter(reading)
    there.update(reading)
    return dict(there), dict(out)


def commonest(findings: Iterable[Any]) -> tuple[str, int, str, str] | None:
    """The rule that kept the most rows out, how often, and its words in both languages."""
    count: Counter[str] = Counter()
    words: dict[str, tuple[str, str]] = {}
    for found in findings:
        errors = frame(found).filter(pl.col("level").cast(pl.String) == "error")
        for rule, zh, en in errors.select(pl.col("rule").cast(pl.String), "zh", "en").iter_rows():
            count[rule] += 1
            words.setdefault(rule, (zh, en))
    if not count:
        return None
    rule, n = min(count.items(), key=lambda item: (-item[1], item[0]))
    return rule, n, *words[rule]


def all_rejected(rows: int, findings: Iterable[Any]) -> DrgpayError:
    """What to say when no row passed the checks: the commonest reason."""
    found = commonest(findings)
    zh, en = (f";最常见的原因({found[1]} 处):{found[2]}", f"; the commonest reason ({found[1]} times): {found[3]}") \
        if found else ("", "")  # fmt: skip
    return DrgpayError(
        Kind.DATA,
        zh=f"{rows} 行病例全部未通过校验{zh}",
        en=f"none of {rows} rows passed the checks{en}",
        fix_zh="用 drgpay check 看全部问题,改正后重试",
        fix_en="drgpay check lists everything; correct the file and try again",
        field=found[0] if found else None,
    )


def kept_ids(findings: Iterable[Any]) -> Iterator[str]:
    """Stays that were handed in but kept out when their file was read."""
    for found in findings:
        errors = frame(found).filter(pl.col("level").cast(pl.String) == "error")
        yield from errors["stay_id"].drop_nulls()
