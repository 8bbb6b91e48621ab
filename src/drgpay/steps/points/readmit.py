"""Short-interval readmission: the earlier of two stays close together in one institution and group (design/03 §4)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, Engine, Part, Source, codes_in, frame, integers
from drgpay.policy import Policy

_COLUMNS = ("person_id", "institution_id", "drg", "admission_date", "discharge_date", "stay_id", "year", "status")
_ORDER = ("person_id", "institution_id", "drg", "admission_date", "stay_id")


def _candidates(batch: Any, part: Part, *, years: tuple[int, ...], exempt: Any) -> Any:
    """Grouped stays of known persons; a stay of the year before may not be paid again but one after it counts."""
    keep = np.isin(integers(batch.column("year")), years)
    keep &= codes_in(batch.column("status"), pa.array(["grouped"])) == 0
    keep &= codes_in(batch.column("drg"), exempt) < 0
    keep &= pc.is_valid(batch.column("person_id")).to_numpy(zero_copy_only=False)
    keep &= pc.is_valid(batch.column("admission_date")).to_numpy(zero_copy_only=False)
    return batch.filter(pa.array(keep)).select([*_ORDER, "discharge_date"])


def earlier_stays(batch: Any, *, days: int) -> Any:
    """``stay_id`` of stays followed, in the same institution and group, by an admission within ``days`` days.

    ``batch``: rows of whole persons sorted by :data:`_ORDER`; days are counted from discharge to the first admission
    on that day or later. An admission before the discharge overlaps the stay and is none of its readmissions.
    """
    n = batch.num_rows
    if n < 2:
        return batch.select(["stay_id"]).slice(0, 0)
    same = np.ones(batch.num_rows - 1, bool)
    for name in ("person_id", "institution_id", "drg"):
        values = batch.column(name)
        same &= pc.equal(values.slice(1), values.slice(0, len(values) - 1)).to_numpy(zero_copy_only=False)
    admitted, left = (
        np.asarray(batch.column(name).cast(pa.int32()).to_numpy(zero_copy_only=False), np.int64)
        for name in ("admission_date", "discharge_date")
    )
    # Rows of one person, institution and group carry one number; lifted by it, admissions rise over the whole batch.
    own = np.append(0, np.cumsum(~same)).astype(np.int64)
    span = int(max(admitted.max(), left.max()) - min(admitted.min(), left.min())) + 1
    first = int(min(admitted.min(), left.min()))
    lifted = own * span + admitted - first
    following = np.maximum(np.searchsorted(lifted, own * span + left - first), np.arange(1, n + 1))
    place = np.minimum(following, n - 1)
    earlier = (following < n) & (own[place] == own) & (admitted[place] - left <= days)
    return batch.select(["stay_id"]).filter(pa.array(earlier))


def readmissions(engine: Engine, grouped: Dataset, policy: Policy, year: int, work: Path) -> Any:
    """Ids of the earlier stays of short-interval readmissions of the year, None where the policy has no such rule."""
    days = policy.integer_or_none("points.readmit_days")
    if days is None:
        return None
    exempt = pa.array(policy.codes_or_none("points.readmit_exempt") or (), pa.string())
    candidates = Source(grouped, _COLUMNS, _ORDER, partial(_candidates, years=(year,), exempt=exempt))
    found = engine.map_by((candidates,), "person_id", partial(earlier_stays, days=days), work, "readmissions")
    ids = [frame(b)["stay_id"] for b in engine.scan(found)]
    return pa.array(sorted(i for part in ids for i in part), pa.string())
