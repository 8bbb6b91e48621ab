"""So many findings of one kind in one file, and the rest counted: nobody reads the fifty-thousand-and-first."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.steps.intake.findings import NONE
from drgpay.tables import FINDINGS

LISTED = 50_000
"""findings of one check on one column that are listed of a file"""
_KIND = ["rule", "field"]


class Capped:
    """The findings of a file as they come, in the order of its rows; which are listed does not depend on how many
    come at a time."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], int] = {}
        self._first: dict[tuple[str, str], dict[str, Any]] = {}

    def listed(self, findings: Any) -> Any:
        """Those of some FINDINGS that are listed."""
        if not findings.num_rows:
            return findings
        kinds = pl.DataFrame({name: pl.Series(findings.column(name).cast(pa.string())) for name in _KIND})
        place = kinds.select(pl.int_range(pl.len()).over(_KIND)).to_series()
        before = {kind: self._seen.get(kind, 0) for kind in kinds.unique().rows()}
        for rule, field, n in kinds.group_by(_KIND).len().rows():
            self._seen[rule, field] = before[rule, field] + n
        if max(self._seen[kind] for kind in before) <= LISTED:
            return findings
        seen = pl.DataFrame([(*kind, n) for kind, n in before.items()], [*_KIND, "seen"], orient="row")
        known = kinds.join(seen, on=_KIND, how="left", maintain_order="left").get_column("seen")
        keep = (known + place < LISTED).to_numpy()
        first = kinds.with_row_index("at").filter(pl.Series(~keep)).unique(_KIND, keep="first")
        for rule, field, at in first.select(*_KIND, "at").rows():
            self._first.setdefault((rule, field), findings.slice(at, 1).to_pylist()[0])
        return findings.filter(pa.array(keep))

    def rest(self) -> Any:
        """One finding on the file for every kind of which more were found than are listed: how many more."""
        rows = []
        for kind, one in self._first.items():
            more = self._seen[kind] - LISTED
            said = {
                "row": 0,
                "stay_id": None,
                "value": str(more),
                "zh": f"另有 {more:,} 处同样的问题,只计数,不逐条列出;{one['zh']}",
                "en": f"{more:,} more of this kind, counted and not listed; {one['en']}",
            }
            rows.append({**one, **said})
        return FINDINGS.of(rows) if rows else NONE
