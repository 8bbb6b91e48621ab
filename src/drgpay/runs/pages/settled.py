"""The stays of a run's period with group, points and payment in one table, sorted by institution.

Beside the declared columns a row has what indices and death rates are summed up from (:data:`OF_GROUP`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import dataset, read_manifest, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.evaluation_facts import reference_years
from drgpay.runs.manifest import TABLES
from drgpay.runs.pages.kept import kept
from drgpay.runs.pages.measures import TERM, quotient
from drgpay.steps.evaluation import risk_classes
from drgpay.tables import BASE_GROUPS, CASE_POINTS, GROUPED, SETTLED_STAYS, STAY_MODES, STAY_PAYMENTS, Table

_ROWS = 8_192
"""rows of a row group: what is read to show a page of a small institution"""
_FILE = f"{SETTLED_STAYS.name}-2.parquet"
OF_GROUP = ("cost_term", "time_term", "houses", "risk")
"""of a grouped stay, else null: its cost and its days in units of 1 ÷ ``TERM`` of the mean of its group over all
institutions of the result; how many institutions these are; the group's risk of death in the reference years (0 no
death, 1 low … 4 high)"""


def has_settled(run: Path) -> bool:
    """The folder holds a run whose stays were settled."""
    return all(table_path(run / TABLES, table).is_dir() for table in (GROUPED, CASE_POINTS, STAY_PAYMENTS))


def settled_stays(run: Path) -> Path:
    """The table ``settled_stays`` of a run as one Parquet file. DATA when the run settled no stays."""
    if not has_settled(run):
        raise DrgpayError(
            Kind.DATA, zh="这里没有结算病例", en="no settled stays here", file=run.name,
            fix_zh="给出月度或年度运行结果", fix_en="name the results of a month or of a year",
        )  # fmt: skip
    return kept(run, _FILE, lambda target: _write(run, target))


def scan(paths: Sequence[Path], texts: bool = False) -> pl.LazyFrame:
    """Parquet files as a lazy frame; ``texts``: coded columns as plain text."""
    rows = pl.scan_parquet(list(paths), glob=False)
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String)) if texts else rows


def _write(run: Path, target: Path) -> None:
    manifest = read_manifest(run)
    whole = manifest["kind"] == "year"
    grouped = _rows(run, GROUPED).filter(pl.col("year") == manifest["year"])
    own = [n for n in SETTLED_STAYS.names if n in GROUPED.names]
    stays = grouped.select(*own, dx1=pl.col("dx").list.first(), proc1=pl.col("proc").list.first())
    case = _rows(run, CASE_POINTS).select("stay_id", "case_class", "coefficient", "discount", "extra", "points")
    paid = _rows(run, STAY_PAYMENTS).select(
        "stay_id", share=pl.col("year_due" if whole else "month_due"),
        back=pl.col("year_refused" if whole else "month_refused"),
    )  # fmt: skip
    base = pl.scan_parquet(table_path(run / TABLES, BASE_GROUPS)).select(pl.col("drg").cast(pl.String), "base_points")
    whole_rows = (
        stays.join(case, "stay_id", "left", validate="1:1")
        .join(paid, "stay_id", "left", validate="1:1")
        .join(_modes(run), "stay_id", "left", validate="1:1")
        .filter(pl.col("case_class").is_not_null() | pl.col("mode").is_not_null())
        .join(base, "drg", "left", validate="m:1")
        .with_columns(_amounts())
        .with_columns(balance=pl.col("due") - pl.col("actual"), mode=pl.col("mode").fill_null("drg"))
    )
    rows = whole_rows.select(_typed()).sort(SETTLED_STAYS.key).collect()
    rows = rows.lazy().with_columns(*_terms(), _risk(run, manifest["year"]).alias("risk")).collect()
    rows.write_parquet(target, compression="zstd", compression_level=1, row_group_size=_ROWS)


def _terms() -> list[pl.Expr]:
    """What a grouped stay adds to the cost and the time index, each rounded half up once."""
    grouped = pl.col("status") == "grouped"

    def term(name: str) -> pl.Expr:
        own = pl.when(grouped).then(pl.col(name).cast(pl.Int128))
        of_group = quotient(own * pl.len().over("drg", "status") * TERM, own.sum().over("drg", "status"))
        return of_group.cast(pl.Int64)

    houses = pl.when(grouped).then(pl.col("institution_id").n_unique().over("drg", "status")).cast(pl.Int32)
    return [term("total_cost").alias("cost_term"), term("los").alias("time_term"), houses.alias("houses")]


def _risk(run: Path, year: int) -> pl.Expr:
    """The risk of death of a grouped stay's group, from the stays of the base years."""
    of_base = _rows(run, GROUPED).filter(
        pl.col("year").is_in(reference_years(run / TABLES, year)) & (pl.col("status") == "grouped")
    )
    died = (pl.col("discharge_way") == 5).fill_null(False).sum()
    sums = of_base.group_by("drg").agg(n=pl.len(), deaths=died).collect()
    classes = risk_classes({drg: (n, deaths) for drg, n, deaths in sums.rows()})
    score = pl.col("drg").cast(pl.String).replace_strict(
        {drg: one.score for drg, one in classes.items()}, default=None, return_dtype=pl.Int8
    )  # fmt: skip
    return pl.when(pl.col("status") == "grouped").then(score)


def _rows(run: Path, table: Table) -> pl.LazyFrame:
    return scan(dataset(run / TABLES, table).paths, texts=True)


def _modes(run: Path) -> pl.LazyFrame:
    """Mode and price of every stay; the refused ones' price is what they would be owed."""
    if not table_path(run / TABLES, STAY_MODES).is_dir():
        empty: dict[str, Any] = {"stay_id": pl.String, "mode": pl.String, "price": pl.Int64, "not_paid": pl.Int64}
        return pl.LazyFrame(schema=empty)
    return _rows(run, STAY_MODES).select("stay_id", "mode", price=pl.col("due"), not_paid=pl.col("refused"))


def _amounts() -> list[pl.Expr]:
    """Due, refused and actual: of DRG stays their share of the fund, of other modes their price."""
    is_drg = pl.col("mode").fill_null("drg") == "drg"
    excluded = pl.when(is_drg).then(pl.col("case_class") == "excluded").otherwise(pl.col("not_paid").is_not_null())
    return [
        pl.when(is_drg).then(pl.col("share")).otherwise(pl.col("price")).fill_null(0).alias("due"),
        pl.when(is_drg).then(pl.col("back")).otherwise(pl.col("not_paid")).fill_null(0).alias("refused"),
        pl.when(excluded).then(0).otherwise(pl.col("fund_by_item")).alias("actual"),
        # what a stay outside the points would have by its DRG is not its points
        *(pl.when(is_drg).then(pl.col(n)).alias(n)
          for n in ("case_class", "coefficient", "discount", "extra", "points", "base_points")),
    ]  # fmt: skip


def _typed() -> list[pl.Expr]:
    """The columns in order; coded ones as categories, so that a page reads them quickly."""
    categories = {c.name for c in SETTLED_STAYS.columns if c.type == "code" and c.name != "institution_id"}
    return [pl.col(n).cast(pl.Categorical) if n in categories else pl.col(n) for n in SETTLED_STAYS.names]
