"""Special reviews (特例单议) of a settled run: which stays may ask, how many there may be, what opinions say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import dataset, read_manifest, read_table
from drgpay.policy import Policy
from drgpay.runs.manifest import TABLES, law_of
from drgpay.runs.pages.settled import scan, settled_stays
from drgpay.steps import oversight
from drgpay.tables import BASE_GROUPS, GROUPED
from drgpay.units import ONE

QUOTA = "points.special_quota"


@dataclass(frozen=True)
class SpecialQuota:
    """How many special reviews an institution may have: its stays of the year so far, the share (1/10,000; None: the
    practice has no quota), and the number (None: no limit)."""

    discharges: int
    share: int | None
    allowed: int | None


def special_quota(run: Path, institution: str) -> SpecialQuota:
    """The quota of an institution as the points count it: a share of its stays of the year up to the last month
    settled, rounded down, at least one where there are stays."""
    share, n = law_of(run, read_manifest(run)).ratio_or_none(QUOTA), _discharges(run).get(institution, 0)
    allowed = None if share is None else max(1, share * n // ONE) if n else 0
    return SpecialQuota(n, share, allowed)


def _discharges(run: Path) -> dict[str, int]:
    manifest = read_manifest(run)
    last = manifest["month"] or 12
    rows = scan(dataset(run / TABLES, GROUPED).paths, texts=True)
    of_year = rows.filter((pl.col("year") == manifest["year"]) & (pl.col("month") <= last))
    return dict(of_year.group_by("institution_id").len().collect().rows())


def special_candidates(run: Path, institution: str = "") -> list[dict[str, Any]]:
    """Stays of a run that may ask for a special review: rows of ``special_candidates``, by institution (one or all),
    the largest loss first. The payment is what the institution has for the stay, the patient's part included. Stays
    that are refused or have a special review already are none."""
    policy = law_of(run, read_manifest(run))
    base = read_table(run / TABLES, BASE_GROUPS).select(pl.col("drg").cast(pl.String), g_cost="mean_cost")
    rows = pl.scan_parquet(settled_stays(run)).with_columns(pl.col(pl.Categorical).cast(pl.String))
    if institution:
        rows = rows.filter(pl.col("institution_id") == institution)
    rows = rows.filter(pl.col("case_class").is_not_null() & ~pl.col("case_class").is_in(["special", "excluded"]))
    codes = scan(dataset(run / TABLES, GROUPED).paths, texts=True).select(
        "stay_id", dx=pl.col("dx").cast(pl.List(pl.String)).list.join("|")
    )
    facts = rows.join(codes, "stay_id", "left").with_columns(
        settled=pl.lit(value=True), price=pl.sum_horizontal("due", "refused", "personal_paid")
    )
    found = oversight.candidates(facts.select(*oversight.CANDIDATE).collect(), base, oversight.limits(policy))
    return oversight.within_quota(found, _discharges(run), _share(policy)).to_dicts()


def _share(policy: Policy) -> int:
    share = policy.ratio_or_none(QUOTA)
    return oversight.limits(policy).ratio("special.quota") if share is None else share


def judge_opinions(opinions: Sequence[Mapping[str, Any]], cost: int, difference: int = ONE) -> tuple[str, int | None]:
    """What the opinions of experts (``opinion`` approve | decline, ``amount`` fen or None) say together: ``waiting``,
    ``third_needed``, ``approved`` or ``declined``, and the cost recognised (fen; None: the stay's own). ``cost``: the
    stay's own; ``difference``: how far two costs may differ, in 1/10,000 of the larger."""
    return oversight.judged([dict(one) for one in opinions], cost, difference)
