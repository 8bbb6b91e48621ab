"""What was used of the advances of a year: read from the book a run belongs to, and from its stays."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import Engine, dataset, frame
from drgpay.runs.chain import read_chain
from drgpay.runs.manifest import LEDGER, REGISTERS, TABLES
from drgpay.runs.region import Registers
from drgpay.steps import settlement
from drgpay.tables import ADVANCE_USE, ADVANCES, GROUPED

_KEY = ("insurance_scheme", "institution_id")
_SCANNED = (*_KEY, "year", "month", "total_cost")


def use_known(engine: Engine, run: Path | None, reported: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``advance_use``: from the book of a run, and as reported for those the book does not have."""
    if run is None:
        return reported
    computed = use_of_book(engine, run).select(ADVANCE_USE.names)
    rest = reported.select(ADVANCE_USE.names).cast(computed.schema)
    return pl.concat([computed, rest.join(computed, on=["year", *_KEY], how="anti")]).sort(ADVANCE_USE.key)


def use_of_book(engine: Engine, run: Path) -> pl.DataFrame:
    """Rows of ``advance_use`` at the end of a run's last month, and ``advance``: what was advanced in the year as the
    run knew it; for every institution and insurance scheme that has a due.

    Used is the due booked from January on, over all links of the book, corrections included. Costs are those of the
    run's stays up to the month, and of the same months of the year before. Empty where the run has no ledger.
    """
    if not (run / LEDGER).is_file():
        return frame(ADVANCE_USE.schema.empty_table()).with_columns(advance=pl.lit(None, pl.Int64))
    chain = read_chain(run, sealed=False)
    year, month = chain.year, chain.last.month or 12
    used: dict[tuple[str, str], int] = defaultdict(int)
    for entry in chain.entries():
        if entry.institution_id is not None:
            used[entry.insurance_scheme or "", entry.institution_id] += settlement.due_moved(entry)
    paid: dict[tuple[str, str], int] = defaultdict(int)
    advances = Registers.read(run / REGISTERS)[ADVANCES].filter(pl.col("year") == year)
    for *key, amount in advances.select(*_KEY, "amount").rows():
        paid[key[0], key[1]] += amount
    add = partial(_costs, year=year, month=month)
    sums = frame(engine.sum(dataset(run / TABLES, GROUPED), add, (*_KEY, "year"), _SCANNED, "sums"))
    costs = {(s, h, y): cost for s, h, y, cost in sums.select(*_KEY, "year", "cost").rows()}
    rows = [
        {
            "year": year, "month": month, "insurance_scheme": s, "institution_id": h, "used": max(due, 0),
            "cost": costs.get((s, h, year), 0), "cost_last_year": costs.get((s, h, year - 1), 0),
        }
        for (s, h), due in sorted(used.items())
    ]  # fmt: skip
    of_advance = [paid[row["insurance_scheme"], row["institution_id"]] for row in rows]
    return frame(ADVANCE_USE.of(rows)).with_columns(advance=pl.Series(of_advance, dtype=pl.Int64))


def _costs(batch: Any, year: int, month: int) -> Any:
    rows = frame(batch).filter(pl.col("year").is_in([year - 1, year]) & (pl.col("month") <= month))
    keys = [pl.col(name).cast(pl.String) for name in _KEY]
    return rows.group_by(*keys, "year").agg(cost=pl.col("total_cost").sum()).to_arrow()
