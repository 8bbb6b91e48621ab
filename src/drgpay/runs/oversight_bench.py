"""How good the rules are on a labelled region: precision, recall and workload of every rule and every type.

The ground truth is read here and nowhere else; no rule ever sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from drgpay.engine import Dataset, frame, open_parquet, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.manifest import TABLES, read_manifest
from drgpay.steps import oversight
from drgpay.tables import SUSPICIONS

TRUTH_FILE = "truth/violations.parquet"
_INSTITUTION = "institution"


@dataclass(frozen=True)
class Score:
    """A rule or a type of violation measured. ``found``: suspicions; ``right``: those that touch a label of the type;
    ``labels``: cases labelled in the period; ``caught``: those some suspicion of the type touches."""

    name: str
    violation: str
    kind: str
    ran: bool
    found: int
    right: int
    labels: int
    caught: int
    per_10000: int
    """suspicions per 10,000 stays, in 1/100"""


def read_truth(region: Path) -> pl.DataFrame:
    """Labels of a region: ``violation``, ``form``, ``case_id``, ``ids`` (all stays and visits of the label, and the
    institution where it names neither). Raises DATA when the region is not labelled."""
    path = region / TRUTH_FILE
    if not path.is_file():
        raise DrgpayError(
            Kind.DATA,
            zh="该区域没有标注",
            en="this region is not labelled",
            file=f"{region.name}/{TRUTH_FILE}",
            fix_zh="用 drgpay region make --violations 生成带标注的区域",
            fix_en="make a labelled region with drgpay region make --violations",
        )
    table = open_parquet(path).read()
    plain = frame(table)
    for name in ("stay_id", "violation"):
        if name not in plain.columns:
            raise DrgpayError(
                Kind.DATA, zh="标注缺少列", en="the labels lack a column", file=TRUTH_FILE, field=name,
                fix_zh="列见 docs/tables.md 的 truth", fix_en="docs/tables.md lists the columns of truth",
            )  # fmt: skip
    texts = [c for c in ("stay_id", "visit_id") if c in plain.columns]
    lists = [c for c in ("related_stays", "related_visits") if c in plain.columns]
    ids = pl.concat_list(
        *(pl.col(c).cast(pl.String).cast(pl.List(pl.String)) if False else pl.concat_list(pl.col(c).cast(pl.String)) for c in texts),
        *(pl.col(c).cast(pl.List(pl.String)).fill_null([]) for c in lists),
    ).list.drop_nulls()
    has = {c: c in plain.columns for c in ("form", "case_id", "institution_id")}
    row = pl.int_range(pl.len()).cast(pl.String)
    return plain.select(
        pl.col("violation").cast(pl.String),
        (pl.col("form").cast(pl.String) if has["form"] else pl.lit("")).alias("form"),
        (pl.col("case_id").cast(pl.String) if has["case_id"] else row).alias("case_id"),
        pl.when(ids.list.len() > 0)
        .then(ids)
        .otherwise(
            pl.concat_list(pl.lit("=") + pl.col("institution_id").cast(pl.String)) if has["institution_id"] else ids
        )
        .alias("ids"),
    )


def bench(out: Path, region: Path, run: Path) -> tuple[list[Score], list[Score]]:
    """Scores of every type of violation and of every rule of a look (folder ``out``) at a labelled region.

    A label counts when one of its stays was settled in the run, or when it names an institution."""
    manifest = read_manifest(out)
    suspicions = read_table(out / TABLES, SUSPICIONS)
    status = {r["rule"]: r["status"] == "ran" for r in pl.read_parquet(out / TABLES / "rule_status.parquet").to_dicts()}
    settled = _settled(run)
    labels = read_truth(region).explode("ids").drop_nulls("ids")
    there = labels.filter(
        pl.col("ids").str.starts_with("=") | pl.col("ids").is_in(settled.implode()) | ~pl.col("case_id").is_in(
            labels.filter(pl.col("ids").is_in(settled.implode()))["case_id"].implode()
        ) & pl.col("ids").str.starts_with("V")
    )  # fmt: skip
    labels = labels.filter(pl.col("case_id").is_in(there["case_id"].implode()))
    touched = pl.concat_list(
        pl.concat_list("stay_id").list.drop_nulls(),
        pl.col("related").str.split("|"),
        pl.when(pl.col("stay_id").is_null()).then(pl.concat_list(pl.lit("=") + pl.col("institution_id"))).otherwise([]),
    )
    names = suspicions.select(
        "suspicion_id", pl.col("rule").cast(pl.String), pl.col("violation").cast(pl.String), touched.alias("ids")
    ).explode("ids")
    both = names.join(labels, on=["violation", "ids"])
    n = int(manifest["stays"])

    def score(name: str, violation: str, found: pl.DataFrame, ran: bool) -> Score:
        of = labels.filter(pl.col("violation") == violation)
        hit = both.filter(pl.col("suspicion_id").is_in(found["suspicion_id"].implode()))
        count = found["suspicion_id"].n_unique()
        return Score(
            name, violation, oversight.TYPES[violation].kind, ran, count, hit["suspicion_id"].n_unique(),
            of["case_id"].n_unique(), hit["case_id"].n_unique(), (2 * count * 1_000_000 + n) // max(2 * n, 1),
        )  # fmt: skip

    types = [
        score(t, t, names.filter(pl.col("violation") == t), any(status[r.id] for r in oversight.RULES.values() if r.violation == t))
        for t in oversight.TYPES
    ]
    rules = [
        score(r.id, r.violation, names.filter(pl.col("rule") == r.id), status[r.id]) for r in oversight.RULES.values()
    ]
    return types, rules


def _settled(run: Path) -> pl.Series:
    from drgpay.engine import dataset
    from drgpay.tables import CASE_POINTS

    data: Dataset = dataset(run / TABLES, CASE_POINTS)
    parts: Sequence[pl.DataFrame] = [frame(open_parquet(p).read(columns=["stay_id"])) for p in data.paths]
    return pl.concat(parts)["stay_id"]


def forms_caught(out: Path, region: Path, run: Path) -> list[tuple[str, str, int, int]]:
    """(type, form of the label, cases labelled in the period, cases caught by a suspicion of the type)."""
    suspicions = read_table(out / TABLES, SUSPICIONS)
    settled = _settled(run)
    labels = read_truth(region).explode("ids").drop_nulls("ids")
    kept = labels.filter(pl.col("ids").is_in(settled.implode()) | pl.col("ids").str.starts_with("="))["case_id"]
    labels = labels.filter(pl.col("case_id").is_in(kept.implode()))
    ids = pl.concat([
        suspicions.select(pl.col("violation").cast(pl.String), pl.col("stay_id").alias("ids")),
        suspicions.select(pl.col("violation").cast(pl.String), pl.col("related").str.split("|").alias("ids")).explode("ids"),
    ]).drop_nulls()  # fmt: skip
    caught = labels.join(ids.unique(), on=["violation", "ids"], how="semi")["case_id"].unique()
    return [
        (v, f, n, c)
        for v, f, n, c in labels.group_by("violation", "form")
        .agg(pl.col("case_id").n_unique(), pl.col("case_id").filter(pl.col("case_id").is_in(caught.implode())).n_unique().alias("c"))
        .sort("violation", "form")
        .rows()
    ]
