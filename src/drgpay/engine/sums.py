"""Adding integers by key, exactly: the order of adding never matters, and a total beyond 64 bits is a failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from drgpay.engine.columns import frame
from drgpay.errors import DrgpayError, Kind

_SAFE = 2**62


def partial_sums(result: Any, by: Sequence[str], label: str) -> pl.DataFrame:
    """What a kernel of ``sum`` returned: the key columns, then the others as 64-bit integers, null as zero."""
    rows = frame(result)
    values = [c for c in rows.columns if c not in by]
    wrong = [c for c in values if not rows.schema[c].is_integer()]
    if wrong:
        raise DrgpayError(
            Kind.ENGINE, zh="只能汇总整数", en="only integers are added up", field=f"{label}: {', '.join(wrong)}"
        )
    return rows.select(*by, pl.col(values).cast(pl.Int64).fill_null(0))


def added(frames: Sequence[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
    """Partial sums added by key, in 128 bits where 64 might not hold them."""
    rows = pl.concat(frames, how="vertical_relaxed")
    values = [c for c in rows.columns if c not in by]
    if rows.height and values:
        ends = rows.select(pl.col(values).min().name.suffix(" low"), pl.col(values).max().name.suffix(" high")).row(0)
        if max(abs(v) for v in ends) * rows.height > _SAFE:
            rows = rows.with_columns(pl.col(values).cast(pl.Int128))
    return rows.group_by(by).agg(pl.all().sum())


def totals(sums: pl.DataFrame, by: Sequence[str], label: str) -> Any:
    """The sums sorted by key, nulls first, as 64-bit integers in an Arrow table. BROKEN when one does not fit."""
    values = [c for c in sums.columns if c not in by]
    try:
        return sums.with_columns(pl.col(values).cast(pl.Int64)).sort(by).to_arrow()
    except pl.exceptions.InvalidOperationError as error:
        raise DrgpayError(
            Kind.BROKEN,
            zh="合计超出 64 位整数",
            en="a sum does not fit into 64 bits",
            field=label,
            fix_zh="检查数据中的金额是否异常大",
            fix_en="look for amounts that are far too large",
        ) from error
