"""Benefit rules inside a run: what patients and fund bear of the year's stays, by rules and referrals (design/06)."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, Engine, Part, Source, frame, table_path, write_part
from drgpay.policy import Policy
from drgpay.runs.region import Region, Registers
from drgpay.steps import modes
from drgpay.tables import (
    BENEFIT_SPLITS,
    COMMUNITY_MEMBERS,
    GROUPED,
    INSTITUTIONS,
    REFERRALS,
    STAY_AREAS,
    STAY_DETAILS,
)

Row = dict[str, Any]
_DAYS = ("admission_date", "discharge_date")
_NAMED = ("stay_id", "person_id", "institution_id", *_DAYS)


def share(
    engine: Engine, grouped: Dataset, region: Region, policy: Policy, year: int, tables: Path, work: Path
) -> Dataset:
    """Table ``grouped`` in ``tables`` with the year's ``personal_paid`` and ``fund_by_item`` by the benefit rules,
    and how they come about in ``benefit_splits``. Stays of other years, and of persons insured elsewhere, keep what
    was handed in. Raises DATA at a registered chain that is none."""
    registers = region.registers
    rules = rules_of(policy, registers)
    _check(engine, grouped, registers, rules)
    details = region.table(STAY_DETAILS, work)
    if details is None:
        write_part(work / "no-details.parquet", STAY_DETAILS.schema.empty_table())
    known = details.data if details else Dataset.of(work / "no-details.parquet")
    elsewhere = pa.array(registers[STAY_AREAS]["stay_id"].unique().sort().to_list(), pa.string())
    mine = partial(_own, year=year, elsewhere=elsewhere)
    joined = engine.map_by(
        (
            Source(grouped, (*modes.BENEFIT_SCANNED, "year"), ("stay_id",), mine),
            Source(known, modes.BENEFIT_DETAILS, ("stay_id",)),
        ),
        "stay_id", modes.with_details, work / "benefit-details", "details of stays",
    )  # fmt: skip
    splits = engine.map_by(
        (Source(joined, modes.BENEFIT_JOINED, modes.BENEFIT_ORDER),), "person_id",
        partial(modes.split_costs, rules=rules), table_path(tables, BENEFIT_SPLITS), "benefits",
    )  # fmt: skip
    return engine.map_by(
        (
            Source(grouped, GROUPED.names, ("stay_id",)),
            Source(splits, ("stay_id", "personal", "fund"), ("stay_id",)),
        ),
        "stay_id", modes.with_shares, table_path(tables, GROUPED), "shares of patients and fund",
    )  # fmt: skip


def rules_of(policy: Policy, registers: Registers) -> modes.Benefit:
    """The benefit rules with levels, communities and referrals of the registers."""
    levels = dict(registers[INSTITUTIONS].select("institution_id", "level").rows())
    members = registers[COMMUNITY_MEMBERS].filter(pl.col("member_kind") == "institution")
    communities = dict(members.select("member_id", "community_id").sort("member_id", "community_id").rows())
    return modes.benefit_of(policy, levels, registers[REFERRALS], communities)


def _own(batch: Any, part: Part, year: int, elsewhere: Any) -> Any:
    other = pc.is_in(batch.column("stay_id").cast(pa.string()), value_set=elsewhere)
    return batch.filter(pc.and_(pc.equal(batch.column("year"), year), pc.invert(other))).drop_columns(["year"])


def _check(engine: Engine, grouped: Dataset, registers: Registers, rules: modes.Benefit) -> None:
    chains = dict(registers[REFERRALS].drop_nulls("chain_id").select("stay_id", "chain_id").rows())
    if not chains:
        return
    ids = pa.array(sorted(chains), pa.string())
    found = frame(engine.sum(grouped, partial(_named, ids=ids), _NAMED, _NAMED, "look up referrals"))
    rows: list[Row] = [
        row
        | {name: date.fromisoformat(row[name]) if row[name] else None for name in _DAYS}
        | {"chain_id": chains[row["stay_id"]]}
        for row in found.to_dicts()
    ]
    modes.check_chains(rows, rules, dict(registers[STAY_AREAS].select("stay_id", "area").rows()))


def _named(batch: Any, ids: Any) -> Any:
    rows = batch.filter(pc.is_in(batch.column("stay_id").cast(pa.string()), value_set=ids)).select(list(_NAMED))
    texts = frame(rows).with_columns(pl.col(_NAMED).cast(pl.String))
    return texts.group_by(_NAMED).agg(n=pl.len().cast(pl.Int64)).to_arrow()
