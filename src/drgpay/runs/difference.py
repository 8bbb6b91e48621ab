"""What differs between two runs, per institution and per stay, and why (design/12 §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import Engine, Source, dataset, frame, read_manifest, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import diff
from drgpay.runs.manifest import REGISTERS, TABLES, law_of
from drgpay.tables import CASE_POINTS, INSTITUTION_MONTHS, STATEMENTS, STAY_DECISIONS, Table

CAUSES = {
    "batch": ("提交批次", "batch"),
    "decision": ("病例评议", "decision on the stay"),
    "register": ("登记表", "register"),
    "notice": ("通知", "notice"),
    "scheme": ("分组方案", "grouping scheme"),
    "software": ("程序版本", "software"),
    "rule": ("其他病例的影响", "effect of other stays"),
}
"""why figures differ, in Chinese and English"""

_STAY = ("drg", "case_class", "points", "total_cost", "personal_paid")
_KEY = ["insurance_scheme", "institution_id"]


@dataclass(frozen=True)
class Cause:
    """One reason: ``kind`` of :data:`CAUSES`, and what it was: a batch's number, a register, a parameter."""

    kind: str
    what: str


@dataclass(frozen=True)
class Difference:
    """``causes`` of all; ``institutions``: insurance_scheme, institution_id, month, item, before, after, difference,
    only what differs; ``stays``: stay_id, institution_id, item values before and after, cause."""

    causes: tuple[Cause, ...]
    institutions: pl.DataFrame
    stays: pl.DataFrame


def difference(before: Path, after: Path, engine: Engine, work: Path, *, stays: bool = False) -> Difference:
    """Compare two runs of the same area, year and period. ``work``: an empty folder. USAGE when they are not."""
    first, again = read_manifest(before), read_manifest(after)
    for key, zh, en in (("region", "统筹区", "area"), ("year", "年度", "year"), ("month", "月份", "month"),
                        ("kind", "种类", "kind")):  # fmt: skip
        ours, theirs = (m["region"]["id"] if key == "region" else m.get(key) for m in (first, again))
        if ours != theirs:
            raise DrgpayError(
                Kind.USAGE, zh=f"两个结果的{zh}不同", en=f"the two runs differ in {en}", value=f"{ours} / {theirs}",
                fix_zh="给出同一期的两个结果", fix_en="name two runs of one period",
            )  # fmt: skip
    causes = _causes(before, after, first, again)
    table = STATEMENTS if first["kind"] == "year" else INSTITUTION_MONTHS
    found = _stays(before, after, engine, work, causes) if stays else pl.DataFrame()
    return Difference(causes, _institutions(before, after, table), found)


def _causes(before: Path, after: Path, first: Mapping[str, Any], again: Mapping[str, Any]) -> tuple[Cause, ...]:
    causes = [
        Cause("batch", str(number)) for number in sorted({*again.get("batches", [])} ^ {*first.get("batches", [])})
    ]
    if first["scheme_digest"] != again["scheme_digest"]:
        causes.append(Cause("scheme", f"{first['scheme']} → {again['scheme']}"))
    if first["policy_digest"] != again["policy_digest"]:
        old, new = law_of(before, dict(first)), law_of(after, dict(again))
        causes += [Cause("notice", name) for name, _, _ in diff(old, new)]
    if first["software"] != again["software"]:
        causes.append(Cause("software", f"{first['software']} → {again['software']}"))
    names = {p.name for run in (before, after) for p in (run / REGISTERS).glob("*.parquet")}
    for name in sorted(names):
        ours, theirs = (run / REGISTERS / name for run in (before, after))
        if not (ours.is_file() and theirs.is_file()) or ours.read_bytes() != theirs.read_bytes():
            causes.append(Cause("register", name.removesuffix(".parquet")))
    return tuple(causes)


def _institutions(before: Path, after: Path, table: Table) -> pl.DataFrame:
    """The amounts of a table that differ, one row each."""
    keys = [k for k in table.key if k in table.names]
    tables = {run: pl.read_parquet(table_path(run / TABLES, table)) for run in (before, after)}
    there = set.intersection(*(set(rows.columns) for rows in tables.values()))
    if not there.issuperset(keys):
        raise DrgpayError(
            Kind.BROKEN, zh="结果表缺少主键列", en="a table of results lacks its key", file=table.name,
            value=", ".join(sorted(set(keys) - there)), fix_zh="先用 drgpay verify 查明", fix_en="see drgpay verify",
        )  # fmt: skip
    # a run of an earlier state of the program has fewer columns: those that both have are compared
    items = [c.name for c in table.columns if (c.type in ("fen", "points") or c.name == "n") and c.name in there]

    def long(run: Path, name: str) -> pl.DataFrame:
        plain = [pl.col(k) if tables[run][k].dtype.is_integer() else pl.col(k).cast(pl.String) for k in keys]
        rows = tables[run].select(*plain, pl.col(items).cast(pl.Int64))
        return rows.unpivot(items, index=keys, variable_name="item", value_name=name)

    both = long(before, "before").join(long(after, "after"), on=[*keys, "item"], how="full", coalesce=True)
    both = both.with_columns(pl.col("before", "after").fill_null(0))
    order = {name: at for at, name in enumerate(items)}
    return (
        both.filter(pl.col("before") != pl.col("after"))
        .with_columns(difference=pl.col("after") - pl.col("before"))
        .sort([*keys, pl.col("item").replace_strict(order, return_dtype=pl.Int64)])
    )


def _differing(old: Any, new: Any) -> Any:
    """Stays of a bucket that differ between two runs."""
    ours, theirs = frame(old), frame(new)
    both = ours.join(theirs, on="stay_id", how="full", coalesce=True, suffix="_after")
    differs = pl.any_horizontal(pl.col(n).ne_missing(pl.col(f"{n}_after")) for n in _STAY)
    return both.filter(differs).sort("stay_id").to_arrow()


def _stays(before: Path, after: Path, engine: Engine, work: Path, causes: tuple[Cause, ...]) -> pl.DataFrame:
    """Stays that differ, with the likeliest cause of each."""
    columns = ("stay_id", "institution_id", *_STAY)
    sources = [Source(dataset(run / TABLES, CASE_POINTS), columns, ("stay_id",)) for run in (before, after)]
    found = engine.map_by(sources, "stay_id", _differing, work / "differing", "differences")
    rows = pl.concat([frame(batch) for batch in engine.scan(found)])
    decided = _decided(before, after)
    kinds = {c.kind for c in causes}
    facts = pl.any_horizontal(pl.col(n).ne_missing(pl.col(f"{n}_after")) for n in ("total_cost", "personal_paid"))
    there = pl.col("case_class").is_null() | pl.col("case_class_after").is_null()
    other = next((k for k in ("notice", "scheme", "batch") if k in kinds), "rule")
    regrouped = "scheme" if "scheme" in kinds else "batch"
    return rows.with_columns(
        cause=pl.when(there | facts)
        .then(pl.lit("batch"))
        .when(pl.col("stay_id").is_in(decided))
        .then(pl.lit("decision"))
        .when(pl.col("drg").ne_missing(pl.col("drg_after")))
        .then(pl.lit(regrouped))
        .otherwise(pl.lit(other if other != "batch" else "rule"))
    ).sort("institution_id", "stay_id")


def _decided(before: Path, after: Path) -> list[str]:
    """Stays whose decisions differ."""
    ours, theirs = (_decisions(run / REGISTERS) for run in (before, after))
    changed = pl.concat(
        [ours.join(theirs, on=ours.columns, how="anti", nulls_equal=True),
         theirs.join(ours, on=ours.columns, how="anti", nulls_equal=True)]
    )  # fmt: skip
    return changed["stay_id"].unique().sort().to_list()


def _decisions(registers: Path) -> pl.DataFrame:
    there = table_path(registers, STAY_DECISIONS).exists()
    return read_table(registers, STAY_DECISIONS) if there else frame(STAY_DECISIONS.schema.empty_table())


__all__ = ["CAUSES", "Cause", "Difference", "difference"]
