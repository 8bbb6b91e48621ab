"""Benefit rules (待遇): a stay's cost split into the fund's and the patient's part (design/06).

Deductible by level, share by level and insurance scheme, the year's cap, costs out of policy; a referral chain inside
a medical community is one admission with one deductible, the higher level's; going out of the area without referral
adds points to the patient's own share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, needed, rates_of
from drgpay.tables import BENEFIT_SPLITS, GROUPED, LEVELS, REFERRALS, SCHEMES
from drgpay.units import ONE

SCANNED = (
    "stay_id", "person_id", "institution_id", "insurance_scheme", "admission_date", "discharge_date", "total_cost",
    "dx",
)  # fmt: skip
"""columns of stays that are read"""
JOINED = (*SCANNED[:-1], "disease", "out_of_policy")
"""columns of stays that are split"""
DETAILS = ("stay_id", "out_of_policy")
_MEMBERS = {"institution_id": pl.String, "community_id": pl.String}
ORDER = ("person_id", "admission_date", "stay_id")


@dataclass(frozen=True)
class Benefit:
    """The rules by insurance scheme and level, and what is known of single stays."""

    rules: pl.DataFrame
    """insurance_scheme, level, deductible_of (fen), share (1/10,000), cap (fen, null: none)"""
    levels: pl.DataFrame
    """institution_id, level"""
    referrals: pl.DataFrame
    """stay_id, chain_id, out_of_area_unreferred"""
    extra: int
    communities: pl.DataFrame
    """institution_id, community_id: members of medical communities"""
    days: int | None = None
    """stays inside a community with no more days between them are one admission; None: only registered ones"""


def benefit_of(
    policy: Policy, levels: Mapping[str, str], referrals: pl.DataFrame, communities: Mapping[str, str] | None = None
) -> Benefit:
    """The kernel's tables; ``communities``: institution → its medical community. POLICY when shares, deductibles or
    the points for going without referral are not set."""
    share = needed(policy.table_or_none("benefit.share"), "benefit.share")
    deductible = needed(policy.rates("benefit.deductible"), "benefit.deductible")
    caps = policy.rates("benefit.annual_cap")
    rules = []
    for scheme in SCHEMES:
        cap = rates_of(caps, scheme)
        for level in LEVELS:
            taken = needed(rates_of(deductible, scheme, level), f"benefit.deductible {scheme} {level}")
            rules.append((scheme, level, taken[0].fen, share[f"{scheme}_{level}"], cap[0].fen if cap else None))
    names = {"insurance_scheme": pl.String, "level": pl.String, "deductible_of": pl.Int64, "share": pl.Int64,
             "cap": pl.Int64}  # fmt: skip
    unreferred = bool(referrals["out_of_area_unreferred"].any()) if referrals.height else False
    extra = policy.ratio_or_none("benefit.unreferred_extra")
    if unreferred:
        needed(extra, "benefit.unreferred_extra")
    places = pl.DataFrame(sorted(levels.items()), {"institution_id": pl.String, "level": pl.String}, orient="row")
    return Benefit(
        pl.DataFrame(rules, names, orient="row"),
        places,
        referrals.select("stay_id", "chain_id", "out_of_area_unreferred"),
        extra or 0,
        pl.DataFrame(sorted((communities or {}).items()), _MEMBERS, orient="row"),
        policy.integer_or_none("benefit.chain_days"),
    )


def with_details(stays: Any, details: Any) -> Any:
    """Stays with columns ``out_of_policy`` (0 where it is not known) and ``disease`` (category of the principal
    diagnosis), whole stays at a time."""
    known = frame(details).select(DETAILS)
    disease = pl.col("dx").list.first().cast(pl.String).str.slice(0, 3)
    own = frame(stays).with_columns(disease=disease).drop("dx")
    joined = own.join(known, on="stay_id", how="left").with_columns(pl.col("out_of_policy").fill_null(0))
    return pa.table(joined.sort("stay_id").to_arrow())


def _with_chains(rows: pl.DataFrame, rules: Benefit) -> pl.DataFrame:
    """Sorted rows with ``admission`` of chains that are found: the first stay's id."""
    rows = rows.join(rules.communities, on="institution_id", how="left", maintain_order="left")
    gap = (pl.col("admission_date") - pl.col("discharge_date").shift(1)).dt.total_days()
    follows = (
        (pl.col("who") == pl.col("who").shift(1))
        & (pl.col("community_id") == pl.col("community_id").shift(1))
        & (pl.col("institution_id") != pl.col("institution_id").shift(1))
        & (pl.col("disease") == pl.col("disease").shift(1))
        & (pl.col("insurance_scheme") == pl.col("insurance_scheme").shift(1))
        & pl.col("chain_id").is_null()
        & pl.col("chain_id").shift(1).is_null()
        & gap.is_between(0, rules.days)
    ).fill_null(False)
    first = pl.when(~follows).then(pl.col("stay_id")).forward_fill()
    return rows.with_columns(admission=pl.coalesce("chain_id", first))


def check_chains(rows: Iterable[Mapping[str, Any]], rules: Benefit, areas: Mapping[str, str]) -> None:
    """Raise DATA at registered chains that are none: stays of two persons, a person insured in two areas, stays of
    different communities, or a gap of more days than the policy's. ``rows``: stay_id, chain_id, person_id,
    institution_id, admission_date, discharge_date of the stays the register names; ``areas``: stay → other area."""
    members = dict(rules.communities.rows())
    chains: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda r: (r["admission_date"] or r["discharge_date"], r["stay_id"])):
        chains.setdefault(row["chain_id"], []).append(row)
    for chain, its in sorted(chains.items()):
        for before, after in pairwise(its):
            both = f"{before['stay_id']}, {after['stay_id']}"
            begins = after["admission_date"] or after["discharge_date"]
            days = (begins - before["discharge_date"]).days
            if before["person_id"] is None or before["person_id"] != after["person_id"]:
                raise _chain(
                    chain, both, "转诊链的病例不是同一个人", "stays of a referral chain are not one person's"
                )
            if areas.get(before["stay_id"]) != areas.get(after["stay_id"]):
                raise _chain(chain, both, "转诊链的参保人属于两个统筹区",
                             "the person of a referral chain is insured in two areas")  # fmt: skip
            if len({members.get(r["institution_id"]) for r in (before, after)} - {None}) > 1:
                raise _chain(chain, both, "转诊链的机构不在同一医共体",
                             "institutions of a referral chain belong to different communities")  # fmt: skip
            if rules.days is not None and days > rules.days:
                raise _chain(
                    chain, both, f"转诊链中断:两次住院间隔 {days} 天,超过 {rules.days} 天",
                    f"a referral chain with a gap: {days} days between two stays, more than {rules.days}",
                )  # fmt: skip


def _chain(chain: str, stays: str, zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh=f"{zh}:{stays}", en=f"{en}: {stays}", file=REFERRALS.name, field="chain_id", value=chain,
        fix_zh="改正转诊登记", fix_en="correct the register of referrals",
    )  # fmt: skip


def with_shares(stays: Any, splits: Any) -> Any:
    """Grouped stays with the patient's and the fund's part of their splits; those without one keep their own. Whole
    stays at a time, both sorted by stay."""
    own = frame(stays.select(["stay_id", "personal_paid", "fund_by_item"]))
    found = own.join(
        frame(splits).select("stay_id", "personal", "fund"), on="stay_id", how="left", maintain_order="left"
    ).select(personal_paid=pl.coalesce("personal", "personal_paid"), fund_by_item=pl.coalesce("fund", "fund_by_item"))
    made = pa.table({name: stays.column(name) for name in stays.schema.names})
    for name in found.columns:
        at = made.schema.get_field_index(name)
        made = made.set_column(at, made.schema.field(name), found[name].to_arrow().cast(made.schema.field(name).type))
    return made.cast(GROUPED.schema)


def split_costs(batch: Any, rules: Benefit) -> Any:
    """Table ``benefit_splits`` from stays with ``out_of_policy``, whole persons at a time.

    Stays of a person that are no registered chain are one where they follow each other inside a community, at
    different institutions, for the same disease and within the policy's days. Stays count in the order of admission.
    Eligible = cost − out of policy. A chain's deductible is the highest of its stays' and is taken once, from its
    first stays on. The fund's part is rounded half up to fen once per stay; above the year's cap (by year of
    discharge) it is the patient's. A stay without a person stands alone.
    """
    rows = (
        frame(batch)
        .with_columns(
            who=pl.coalesce(pl.col("person_id"), pl.concat_str(pl.lit("stay:"), "stay_id")),
            year=pl.col("discharge_date").dt.year(),
            out_of_policy=pl.min_horizontal("out_of_policy", "total_cost"),
        )
        .join(rules.levels, on="institution_id", how="left")
        .join(rules.rules, on=["insurance_scheme", "level"], how="left")
        .join(rules.referrals, on="stay_id", how="left")
        .with_columns(
            admission=pl.coalesce("chain_id", "stay_id"),
            eligible=pl.col("total_cost") - pl.col("out_of_policy"),
            points=pl.when(pl.col("out_of_area_unreferred").fill_null(False)).then(rules.extra).otherwise(0),
        )
        .sort("who", "admission_date", "stay_id")
    )
    if rules.days is not None:
        rows = _with_chains(rows, rules)
    one = ["who", "admission"]
    so_far = pl.col("eligible").cum_sum().over(one)
    line = pl.col("deductible_of").max().over(one)
    rows = rows.with_columns(
        deductible=pl.min_horizontal(so_far, line) - pl.min_horizontal(so_far - pl.col("eligible"), line)
    )
    rest = pl.col("eligible") - pl.col("deductible")
    rate = pl.max_horizontal(pl.col("share") - pl.col("points"), 0)
    rows = rows.with_columns(before=(rest * rate * 2 + ONE) // (2 * ONE), rest=rest)
    paid = pl.col("before").cum_sum().over("who", "year", "insurance_scheme")
    cap = pl.col("cap").fill_null(2**62)
    rows = rows.with_columns(fund=pl.min_horizontal(paid, cap) - pl.min_horizontal(paid - pl.col("before"), cap))
    rows = rows.with_columns(
        own_share=pl.col("rest") - pl.col("before"),
        over_cap=pl.col("before") - pl.col("fund"),
        personal=pl.col("total_cost") - pl.col("fund"),
    )
    return pa.table(rows.select(BENEFIT_SPLITS.names).to_arrow()).cast(BENEFIT_SPLITS.schema)
