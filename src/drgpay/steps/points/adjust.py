"""Decisions on single stays and adjustments after the class (design/03 §4), vectorised.

Order: difficulty, TCM, new technology, short-interval readmission, deductions. Each is one rounding, half up to 4
decimals, and one row of table ``adjustments``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from drgpay.engine import coded, codes_in, integers
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.steps.points.comorbid import Comorbidities, count_comorbidities
from drgpay.tables import ADJUSTMENTS, STAY_DECISIONS
from drgpay.units import ONE, mul_div_half_up

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PARAMETERS = {
    "difficulty": "points.difficulty_add",
    "difficulty_both": "points.difficulty_add_both",
    "tcm": "points.tcm_add",
    "technology": "points.technology_max",
    "readmission": "points.readmit_keep",
    "deduction": "stay_decisions",
}
"""what decides each adjustment: a policy parameter, or the register of decisions"""


@dataclass(frozen=True)
class Decisions:
    """Approved decisions of one kind: stay ids with an amount (fen) and a share (1/10,000), −1 where not given."""

    stays: Any
    amount: Ints
    share: Ints

    def find(self, batch: Any) -> Ints:
        """Place of every stay of the batch among the decisions, −1 for none."""
        if len(self.stays) == 0:
            return np.full(batch.num_rows, -1, np.int64)
        return codes_in(batch.column("stay_id"), self.stays)


NONE = Decisions(pa.nulls(0, pa.string()), np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Adjusting:
    """What the policy and the reviewers decided; the default changes nothing."""

    by_kind: Mapping[str, Decisions] = field(default_factory=dict)
    readmitted: Any = field(default_factory=lambda: pa.array([], pa.string()))
    """earlier stays of a short-interval readmission"""
    readmit_keep: int = ONE
    short_days: int | None = None
    long_days: int | None = None
    day_points: int = 0
    difficulty_age: int | None = None
    difficulty_comorbidities: int | None = None
    comorbid: Comorbidities | None = None
    """what counts as one, with ``difficulty_comorbidities``"""
    difficulty_add: tuple[int, int] = (0, 0)
    """added when one condition holds, when both hold"""
    both_set: bool = False
    """the policy says what is added when both hold"""
    tcm_groups: tuple[str, ...] = ()
    tcm_min_los: int = 0
    tcm_add: int = 0
    technology_max: int | None = None

    def of(self, kind: str) -> Decisions:
        """Approved decisions of a kind."""
        return self.by_kind.get(kind, NONE)

    @property
    def columns(self) -> tuple[str, ...]:
        """Further columns of ``grouped`` that the settings need."""
        days = self.short_days is not None or self.long_days is not None or self.tcm_groups
        difficulty = self.difficulty_age is not None or self.difficulty_comorbidities is not None
        return (("los",) if days else ()) + (("age", "dx") if difficulty else ())


def _need(policy: Policy, name: str, because: str) -> int:
    value = policy.ratio_or_none(name)
    if value is None:
        raise DrgpayError(
            Kind.POLICY,
            zh=f"设了 {because},还须给出 {name}",
            en=f"{because} is set, so {name} must be given",
            field=name,
            fix_zh="在政策文件中补上该参数",
            fix_en="add the parameter to the policy file",
        )
    return value


def adjusting(
    policy: Policy,
    decisions: pl.DataFrame,
    discharges: Mapping[str, int],
    readmitted: Any,
    comorbid: Comorbidities | None = None,
) -> Adjusting:
    """Settings of the policy, and the approved decisions within their quotas.

    ``decisions``: table ``stay_decisions``; ``discharges``: institution → stays of the year so far, what the quota of
    special reviews is a share of; ``readmitted``: ids from :func:`readmissions`; ``comorbid``: what counts as a
    comorbidity, needed where the policy counts them. Special reviews beyond
    ``points.special_quota`` do not count, in the order of their numbers; one is always allowed where there are stays.
    With a quota, ``decisions`` holds of the special reviews those on these stays alone.
    """
    approved = decisions.filter(pl.col("decision") == "approved").sort("number", "stay_id")
    quota = policy.ratio_or_none("points.special_quota")
    kinds: dict[str, Decisions] = {}
    for kind in STAY_DECISIONS["kind"].choices:
        rows = approved.filter(pl.col("kind") == kind)
        if kind == "special" and quota is not None and rows.height:
            allowed = {h: max(1, quota * n // ONE) for h, n in discharges.items()}
            rank = pl.int_range(pl.len()).over("institution_id")
            limit = pl.col("institution_id").replace_strict(allowed, default=0, return_dtype=pl.Int64)
            rows = rows.filter(rank < limit)
        kinds[kind] = Decisions(
            pa.array(rows["stay_id"].to_list(), pa.string()),
            rows["amount"].fill_null(-1).to_numpy(),
            rows["share"].fill_null(-1).to_numpy(),
        )
    long_days = policy.integer_or_none("points.long_stay_days")
    readmit, tcm = policy.integer_or_none("points.readmit_days"), policy.codes_or_none("points.tcm_groups") or ()
    age = policy.integer_or_none("points.difficulty_age")
    comorbidities = policy.integer_or_none("points.difficulty_comorbidities")
    hard = (0, 0)
    if age is not None or comorbidities is not None:
        one = _need(policy, "points.difficulty_add", "points.difficulty_age")
        both = policy.ratio_or_none("points.difficulty_add_both")
        hard = (one, one if both is None else both)
    return Adjusting(
        by_kind=kinds,
        readmitted=NONE.stays if readmitted is None else readmitted,
        readmit_keep=_need(policy, "points.readmit_keep", "points.readmit_days") if readmit is not None else ONE,
        short_days=policy.integer_or_none("points.short_stay_days"),
        long_days=long_days,
        day_points=_need(policy, "points.bed_day_points", "points.long_stay_days") if long_days is not None else 0,
        difficulty_age=age,
        difficulty_comorbidities=comorbidities,
        comorbid=comorbid,
        difficulty_add=hard,
        both_set=policy.ratio_or_none("points.difficulty_add_both") is not None,
        tcm_groups=tcm,
        tcm_min_los=policy.integer_or_none("points.tcm_min_los") or 0,
        tcm_add=_need(policy, "points.tcm_add", "points.tcm_groups") if tcm else 0,
        technology_max=policy.ratio_or_none("points.technology_max"),
    )


def adjust(batch: Any, points: Ints, in_group: Flags, settings: Adjusting) -> tuple[Ints, Any]:
    """Points after all adjustments, and the rows of table ``adjustments``.

    ``in_group``: stays paid by their group (normal, low, high), which alone are adjusted for difficulty and TCM.
    """
    holds = _conditions(batch, in_group, settings)
    factors = [
        ("difficulty", None if holds is None else ONE + np.array([0, *settings.difficulty_add])[holds]),
        ("tcm", _tcm(batch, in_group, settings)),
        ("technology", _technology(batch, settings)),
        ("readmission", _readmission(batch, settings)),
        ("deduction", _deduction(batch, settings)),
    ]
    made = []
    for name, factor in factors:
        rows = np.flatnonzero(factor != ONE) if factor is not None else np.zeros(0, np.int64)
        if factor is None or len(rows) == 0:
            continue
        before = points[rows]
        points[rows] = mul_div_half_up(before, factor[rows], ONE)
        both = name == "difficulty" and settings.both_set and holds is not None
        named = pa.array([PARAMETERS[name], PARAMETERS[f"{name}_both"]] if both else [PARAMETERS[name]])
        which = (holds[rows] == 2).astype(np.int64) if both and holds is not None else np.zeros(len(rows), np.int64)
        made.append(
            pa.table(
                {
                    "stay_id": batch.column("stay_id").take(pa.array(rows)),
                    "adjustment": coded(np.zeros(len(rows), np.int64), pa.array([name])),
                    "before": before,
                    "after": points[rows],
                    "factor": factor[rows],
                    "parameter": coded(which, named),
                }
            ).cast(ADJUSTMENTS.schema)
        )
    return points, pa.concat_tables(made) if made else ADJUSTMENTS.schema.empty_table()


def _conditions(batch: Any, in_group: Flags, settings: Adjusting) -> Ints | None:
    """How many of the two difficulty conditions hold; None where the policy has none."""
    if settings.difficulty_age is None and settings.difficulty_comorbidities is None:
        return None
    holds = np.zeros(batch.num_rows, np.int64)
    if settings.difficulty_age is not None:
        holds += integers(batch.column("age"), -1) >= settings.difficulty_age
    if settings.difficulty_comorbidities is not None:
        assert settings.comorbid is not None
        counted = count_comorbidities(batch.column("dx"), settings.comorbid)
        holds += counted >= settings.difficulty_comorbidities
    return np.where(in_group, holds, 0)


def _tcm(batch: Any, in_group: Flags, settings: Adjusting) -> Ints | None:
    if not settings.tcm_groups or not len(settings.of("tcm").stays):
        return None
    eligible = in_group & (codes_in(batch.column("drg"), pa.array(settings.tcm_groups, pa.string())) >= 0)
    confirmed = settings.of("tcm").find(batch) >= 0
    long_enough = integers(batch.column("los"), -1) >= settings.tcm_min_los
    return np.where(eligible & confirmed & long_enough, ONE + settings.tcm_add, ONE)


def _technology(batch: Any, settings: Adjusting) -> Ints | None:
    decided = settings.of("technology")
    if not len(decided.stays):
        return None
    place = decided.find(batch)
    share = np.append(np.maximum(decided.share, 0), 0)[place]
    if settings.technology_max is not None:
        share = np.minimum(share, settings.technology_max)
    return ONE + share


def _readmission(batch: Any, settings: Adjusting) -> Ints | None:
    if not len(settings.readmitted):
        return None
    earlier = codes_in(batch.column("stay_id"), settings.readmitted) >= 0
    return np.where(earlier, settings.readmit_keep, ONE)


def _deduction(batch: Any, settings: Adjusting) -> Ints | None:
    decided = settings.of("deduct")
    if not len(decided.stays):
        return None
    share = np.append(np.clip(decided.share, 0, ONE), 0)[decided.find(batch)]
    return ONE - share
