"""Single stays of a look, by id: their prices again, under another coding or as one stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import Dataset, Engine, codes_in, one_batch
from drgpay.runs.screen import SCREEN_READS, Screen, merged_prices
from drgpay.steps import oversight
from drgpay.tables import GROUPED


@dataclass(frozen=True)
class Singles:
    """The grouped stays of a run, to be looked up; ``screen`` prices them."""

    engine: Engine
    grouped: Dataset
    screen: Screen

    def coded_twice(self, second: pl.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
        """Group, principal diagnosis and price of the stays coded again, which the run has, under each coding."""
        if second.height == 0:
            return {}, {}
        ids = pa.array(second["stay_id"].to_list(), pa.string())
        stays = self._stays(ids)
        place = _places(stays)
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

    def priced(self, found: pl.DataFrame) -> pl.DataFrame:
        """Amounts at stake of split stays: what both were paid less what one stay made of them would be; where that
        is nothing, the amount that stands, which is of the part that should have no bill of its own."""
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
        place = _places(stays)
        rows = [(e, s) for e, s in pairs.rows() if e in place and s in place]
        earlier, later = (stays.take(pa.array([place[p[i]] for p in rows], pa.int64())) for i in (0, 1))
        both = merged_prices(self.screen, earlier, later)
        own = [dict(zip(_ids(b), self.screen.price(b)[1].tolist(), strict=True)) for b in (earlier, later)]
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
        amount = pl.when(pl.col("rule").is_in(merging)).then(
            pl.when(pl.col("merged") > 0).then("merged").otherwise("amount")
        )
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
        year = pa.array([self.screen.settlement.year] * stays.num_rows, pa.int16())
        stays = stays.set_column(stays.schema.get_field_index("year"), "year", year)
        if self.screen.settlement.manifest["month"] is not None:
            month = pa.array([self.screen.settlement.months[0]] * stays.num_rows, pa.int8())
            stays = stays.set_column(stays.schema.get_field_index("month"), "month", month)
        return stays


def _places(stays: Any) -> dict[str, int]:
    """Where each stay stands, by id."""
    return {s: i for i, s in enumerate(_ids(stays))}


def _ids(stays: Any) -> list[str]:
    ids: list[str] = stays.column("stay_id").cast(pa.string()).to_pylist()
    return ids
