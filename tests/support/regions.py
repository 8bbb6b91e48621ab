"""Stays of a region to be changed, or written as text."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from drgpay.tables import STAYS


def frame_of_stays(batch: object) -> pl.DataFrame:
    """Stays with their code lists as plain text, to be changed."""
    lists = {"dx": pa.list_(pa.string()), "proc": pa.list_(pa.string())}
    texts = {f.name: pa.string() for f in STAYS.schema if pa.types.is_dictionary(f.type)}
    plain = pa.schema([pa.field(f.name, (lists | texts).get(f.name, f.type)) for f in STAYS.schema])
    made = pl.from_arrow(pa.Table.from_batches([batch]).cast(plain))
    assert isinstance(made, pl.DataFrame)
    return made


def text_of_stays(stays: pl.DataFrame) -> bytes:
    """Stays as a CSV of GB18030, money in yuan."""
    text = stays.with_columns(
        pl.col("dx", "proc").list.join("|"),
        pl.col("total_cost", "personal_paid", "fund_by_item").map_elements(
            lambda fen: f"{fen // 100}.{fen % 100:02d}", return_dtype=pl.String
        ),
    )
    return text.write_csv().encode("gb18030")
