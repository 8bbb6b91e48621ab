"""How good the rules are on a labelled region: precision, recall and workload of every rule, type and form.

The ground truth is read here and nowhere else; no rule ever sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from drgpay.engine import dataset, frame, open_parquet, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.manifest import TABLES, read_manifest
from drgpay.steps import oversight
from drgpay.tables import CASE_POINTS, RULE_STATUS, SUSPICIONS

TRUTH_FILE = "truth/violations.parquet"
_PLACE = "@"
"""stands before the id of an institution, among those of stays and visits"""


@dataclass(frozen=True)
class Score:
    """A rule, a type of violation, or a form of the labels, measured. ``found``: suspicions; ``right``: those that
    touch a label of the type; ``labels``: cases labelled in the period; ``caught``: those a suspicion touches;
    ``stays``: stays of the period."""

    name: str
    violation: str
    ran: bool
    found: int
    right: int
    labels: int
    caught: int
    stays: int


def read_truth(region: Path) -> pl.DataFrame:
    """Labels of a region, a row for every stay, visit or institution they name: ``violation``, ``form``, ``case_id``,
    ``id``. Raises DATA when the region is not labelled."""
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
    found = frame(open_parquet(path).read())
    absent = [c for c in ("stay_id", "violation") if c not in found.columns]
    if absent:
        raise DrgpayError(
            Kind.DATA,
            zh="标注缺少列",
            en="the labels lack a column",
            file=TRUTH_FILE,
            field=", ".join(absent),
            fix_zh="列见 docs/tables.md 的 truth",
            fix_en="docs/tables.md lists the columns of truth",
        )
    found = found.with_row_index("row")
    text = pl.String
    given = {c: c in found.columns for c in ("form", "case_id", "visit_id", "institution_id")}
    plain = found.select(
        pl.col("violation").cast(text),
        (pl.col("form").cast(text) if given["form"] else pl.lit("")).alias("form"),
        (pl.col("case_id").cast(text) if given["case_id"] else pl.col("row").cast(text)).alias("case_id"),
        "stay_id",
        *(["visit_id"] if given["visit_id"] else []),
        *(["institution_id"] if given["institution_id"] else []),
        *(pl.col(c).cast(pl.List(text)) for c in ("related_stays", "related_visits") if c in found.columns),
    )
    keys = ["violation", "form", "case_id"]
    rows = [
        plain.select(*keys, pl.col(c).cast(text).alias("id")) for c in ("stay_id", "visit_id") if c in plain.columns
    ]
    rows += [
        plain.select(*keys, pl.col(c).alias("id")).explode("id") for c in plain.columns if c.startswith("related")
    ]
    named = pl.concat(rows).drop_nulls("id").unique()
    if given["institution_id"]:
        none = pl.all_horizontal(pl.col(c).is_null() for c in ("stay_id", "visit_id") if c in plain.columns)
        whole = plain.filter(none)
        named = pl.concat(
            [named, whole.select(*keys, (pl.lit(_PLACE) + pl.col("institution_id").cast(text)).alias("id"))]
        )
    return named.unique().sort(*keys, "id")


def _of_period(labels: pl.DataFrame, run: Path, region: Path, year: int) -> pl.DataFrame:
    """Labels of cases of which a stay was settled, or that name an institution, or only visits of the year."""
    paths = dataset(run / TABLES, CASE_POINTS).paths
    settled = pl.concat([frame(open_parquet(p).read(columns=["stay_id"])) for p in paths])["stay_id"]
    known = [settled, labels.filter(pl.col("id").str.starts_with(_PLACE))["id"]]
    visits = sorted((region / "visits").rglob("*.parquet")) if (region / "visits").is_dir() else []
    for path in visits:
        rows = frame(open_parquet(path).read(columns=["visit_id", "visit_date"]))
        rows = rows.filter(
            (pl.col("visit_date").dt.year() == year) & pl.col("visit_id").is_in(labels["id"].implode())
        )
        known.append(rows["visit_id"])
    there = labels.filter(pl.col("id").is_in(pl.concat(known).implode()))["case_id"]
    return labels.filter(pl.col("case_id").is_in(there.implode()))


def bench(out: Path, region: Path, run: Path) -> tuple[list[Score], list[Score], list[Score]]:
    """Scores of a look (folder ``out``) at a labelled region: of every type of violation, of every rule, and of every
    form of the labels (with what any rule of its type caught of it)."""
    manifest = read_manifest(out)
    suspicions = read_table(out / TABLES, SUSPICIONS).with_columns(
        pl.col("violation").cast(pl.String), pl.col("rule").cast(pl.String)
    )
    ran = {r["rule"] for r in read_table(out / TABLES, RULE_STATUS).to_dicts() if r["status"] == "ran"}
    labels = _of_period(read_truth(region), run, region, int(manifest["year"]))
    keys = ["suspicion_id", "rule", "violation"]
    touched = pl.concat(
        [
            suspicions.select(*keys, pl.col("stay_id").alias("id")),
            suspicions.select(*keys, pl.col("related").str.split("|").alias("id")).explode("id"),
            suspicions.filter(pl.col("stay_id").is_null() & (pl.col("related") == "")).select(
                *keys, (pl.lit(_PLACE) + pl.col("institution_id").cast(pl.String)).alias("id")
            ),
        ]
    ).filter(pl.col("id").is_not_null() & (pl.col("id") != ""))
    both = touched.join(labels, on=["violation", "id"])

    def score(name: str, violation: str, has_run: bool, of: pl.Expr, label: pl.Expr | None = None) -> Score:
        whole = labels.filter(pl.col("violation") == violation if label is None else label)
        hit = both.filter(of)
        return Score(
            name,
            violation,
            has_run,
            suspicions.filter(of).height if label is None else 0,
            hit["suspicion_id"].n_unique(),
            whole["case_id"].n_unique(),
            hit["case_id"].n_unique(),
            int(manifest["stays"]),
        )

    rules = oversight.RULES.values()
    types = [
        score(t, t, any(r.id in ran for r in rules if r.violation == t), pl.col("violation") == t)
        for t in oversight.TYPES
    ]
    single = [score(r.id, r.violation, r.id in ran, pl.col("rule") == r.id) for r in rules]
    forms = []
    for violation, form in labels.select("violation", "form").unique().sort("violation", "form").rows():
        of = (pl.col("violation") == violation) & (pl.col("form") == form)
        forms.append(score(form, violation, True, of, of))
    return types, single, forms
