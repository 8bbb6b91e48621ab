"""Technical level (医疗技术水平) of institutions from their own stays of the base period.

Three parts, each a ratio to the region's: groups covered, the share of stays in heavy groups, and the share of
operated stays with an operation of level 4. Source: seed 000 §3 (医疗技术水平系数); the parts are a local convention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, Engine, codes_in, frame
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.steps.points.base import Base, entering
from drgpay.units import ONE, half_up

WEIGHTS = "coefficient.technical_weights"
HEAVY = "coefficient.heavy_weight"
LEVEL4 = 4
_SCANNED = ("institution_id", "year", "status", "los", "proc")

Operated = Mapping[str, tuple[int, int]]
"""institution → stays with an operation, and those of them with one of level 4"""


def operated(engine: Engine, grouped: Dataset, policy: Policy, levels: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """:data:`Operated` of the complete stays of the base period. ``levels``: register ``operation_levels``. Nothing
    is read where the policy does not ask for it or the register has no operation of level 4."""
    asked = "capacity" in policy.names("coefficient.components")
    weight = (policy.table_or_none(WEIGHTS) or {}).get("top_operation_share")
    codes = levels.filter(pl.col("operation_level") == LEVEL4)["code"].sort().to_list()
    if not (asked and weight and codes):
        return {}
    kernel = partial(
        _operated,
        years=tuple(year for year, _ in policy.years("points.base_years")),
        limits=(policy.integer("points.min_los"), policy.integer("points.max_los")),
        codes=pa.array(codes, pa.string()),
    )
    found = frame(engine.sum(grouped, kernel, ("institution_id",), _SCANNED, "operations"))
    return {h: (n, hard) for h, n, hard in found.select("institution_id", "operated", "level4").rows()}


def _operated(batch: Any, years: tuple[int, ...], limits: tuple[int, int], codes: Any) -> Any:
    """Sums ``institution_id, operated, level4`` of a batch."""
    rows = entering(batch, years, *limits)
    lists = rows.column("proc")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    stay_of = np.repeat(np.arange(rows.num_rows), lengths)
    hard = np.bincount(stay_of, codes_in(pc.list_flatten(lists), codes) >= 0, rows.num_rows) > 0
    counted = rows.select(["institution_id"])
    for name, flags in (("operated", lengths > 0), ("level4", hard)):
        counted = counted.append_column(name, pa.array(flags.astype(np.int64)))
    return frame(counted).group_by("institution_id").agg(pl.col("operated", "level4").sum()).to_arrow()


@dataclass
class _Own:
    groups: set[str] = field(default_factory=set)
    n: int = 0
    heavy: int = 0


@dataclass(frozen=True)
class Technical:
    """Score of an institution: 0 is the region's level, 0.1 a tenth above it. ``inputs``: its own parts, 1/10,000."""

    score: Fraction
    inputs: tuple[tuple[str, int], ...]


def technical_levels(base: Base, operated: Operated, policy: Policy) -> dict[str, Technical] | None:
    """Scores of all institutions with stays in the base period; None where the policy has no weights for them.

    Score = Σ weight × (own ÷ region's − 1). The region's number of groups is the mean of its institutions'; a part of
    which the region has nothing counts as 0. Exact; POLICY when heavy groups count and their bound is not given.
    """
    weights = policy.table_or_none(WEIGHTS)
    if weights is None:
        return None
    bound = heavy_weight(policy) * base.scale
    own: dict[str, _Own] = {}
    for institution, drg, n in base.institution_sums.select("institution_id", "drg", "n").rows():
        its = own.setdefault(institution, _Own())
        its.groups.add(drg)
        its.n += n
        group = base.groups.get(drg)
        its.heavy += n if group is not None and (group.base_points or 0) >= bound else 0
    whole = {
        "groups_covered": Fraction(sum(len(its.groups) for its in own.values()), max(len(own), 1)),
        "heavy_share": _share(sum(its.heavy for its in own.values()), sum(its.n for its in own.values())),
        "top_operation_share": _share(
            sum(hard for _, hard in operated.values()), sum(n for n, _ in operated.values())
        ),
    }
    found = {}
    for institution, its in own.items():
        n, hard = operated.get(institution, (0, 0))
        parts = {
            "groups_covered": Fraction(len(its.groups)),
            "heavy_share": _share(its.heavy, its.n),
            "top_operation_share": _share(hard, n),
        }
        above = {name: Fraction(part, whole[name]) - 1 for name, part in parts.items() if whole[name]}
        score = sum((Fraction(weights.get(name, 0), ONE) * by for name, by in above.items()), Fraction(0))
        found[institution] = Technical(score, tuple((name, _rounded(value)) for name, value in parts.items()))
    return found


def heavy_weight(policy: Policy) -> int:
    """Weight (1/10,000) from which a group is heavy, 0 where heavy groups do not count; POLICY when it is missing."""
    bound = policy.ratio_or_none(HEAVY)
    if bound is None and (policy.table_or_none(WEIGHTS) or {}).get("heavy_share"):
        raise DrgpayError(
            Kind.POLICY,
            zh="技术水平计入高权重病例,但没有给出高权重的界限",
            en="heavy groups count for the technical level, but their bound is not given",
            field=HEAVY,
            fix_zh=f"在政策文件中给出 {HEAVY}",
            fix_en=f"give {HEAVY} in the policy file",
        )
    return bound or 0


def _share(part: int, whole: int) -> Fraction:
    return Fraction(part, whole) if whole else Fraction(0)


def _rounded(x: Fraction) -> int:
    return half_up(x.numerator * ONE, x.denominator)
