"""How good the rules are on a labelled region: precision, recall and workload of every rule, type and form.

The ground truth is read here and nowhere else; no rule ever sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from drgpay.engine import dataset, frame, open_parquet, read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.manifest import TABLES
from drgpay.steps import oversight
from drgpay.tables import CASE_POINTS, RULE_STATUS, SUSPICIONS

TRUTH_FILE = "truth/violations.parquet"
RELATED = ("related_stays", "related_visits", "related")
LIKELY = SUSPICIONS["standing"].choices[0]
_PLACE = "@"
"""stands before the id of an institution, among those of stays and visits"""


@dataclass(frozen=True)
class Bench:
    """A look at a labelled region, measured: scores of every type, rule and form of the labels; ``confusion``: rows
    ``rule``, ``violation``, ``labelled`` (the type of the labels a suspicion touches, or empty), ``count``; ``top``:
    rows ``violation``, ``first``, ``found``, ``right``, of the first so many stays of a type by score and amount."""

    types: list[Score]
    rules: list[Score]
    forms: list[Score]
    confusion: pl.DataFrame
    top: pl.DataFrame


FIRST = (100, 200)
"""how many stays of a type are looked at by score"""


@dataclass(frozen=True)
class Score:
    """A rule, a type of violation, or a form of the labels, measured. ``found``: suspicions; ``right``: those that
    touch a label of the type; ``beside``: those about a stay that is only a neighbour in a case of another type,
    which nobody labelled, so that they count for nothing; ``labels``: cases labelled in the period; ``caught``:
    those a suspicion touches; ``stays``: stays of the period; ``unclear``, ``unclear_right``: cases listed as ones
    that the data cannot tell, which are no suspicions here, and those of them that touch a label of the type."""

    name: str
    violation: str
    ran: bool
    found: int
    right: int
    beside: int
    labels: int
    caught: int
    stays: int
    unclear: int
    unclear_right: int


def read_truth(region: Path) -> pl.DataFrame:
    """Labels of a region, a row for every stay, visit or institution they name: ``violation``, ``form``, ``case_id``,
    ``id``, and ``own``: the label is about it, it is not only a neighbour in the case. Of the columns only
    ``violation`` and one of ``stay_id``, ``visit_id``, ``institution_id`` must be there; ``related`` holds stays and
    visits alike. Raises DATA when the region is not labelled."""
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
    named_by = [c for c in ("stay_id", "visit_id", "institution_id") if c in found.columns]
    absent = [*(["violation"] if "violation" not in found.columns else []), *([] if named_by else ["stay_id"])]
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
        *named_by,
        *(pl.col(c).cast(pl.List(text)) for c in RELATED if c in found.columns),
    )
    keys = ["violation", "form", "case_id"]
    events = [c for c in ("stay_id", "visit_id") if c in plain.columns]
    yes, no = pl.lit(True).alias("own"), pl.lit(False).alias("own")
    rows = [plain.select(*keys, pl.col(c).cast(text).alias("id"), yes) for c in events]
    rows += [
        plain.select(*keys, pl.col(c).alias("id"), no).explode("id") for c in plain.columns if c.startswith("related")
    ]
    if given["institution_id"]:
        # a label about an institution names no stay, visit or neighbour
        none = [pl.col(c).is_null() for c in events]
        none += [pl.col(c).list.len().fill_null(0) == 0 for c in plain.columns if c.startswith("related")]
        whole = plain.filter(pl.all_horizontal(pl.lit(True), *none))
        rows.append(whole.select(*keys, (pl.lit(_PLACE) + pl.col("institution_id").cast(text)).alias("id"), yes))
    named = pl.concat(rows).drop_nulls("id")
    return named.group_by(*keys, "id").agg(pl.col("own").any()).sort(*keys, "id")


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


def _touched(suspicions: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Stays, visits and institutions (``id``) that each of the suspicions names."""
    return pl.concat(
        [
            suspicions.select(*keys, pl.col("stay_id").alias("id")),
            suspicions.select(*keys, pl.col("related").str.split("|").alias("id")).explode("id"),
            suspicions.filter(pl.col("stay_id").is_null() & (pl.col("related") == "")).select(
                *keys, (pl.lit(_PLACE) + pl.col("institution_id").cast(pl.String)).alias("id")
            ),
        ]
    ).filter(pl.col("id").is_not_null() & (pl.col("id") != ""))


def bench(out: Path, region: Path, run: Path) -> Bench:
    """A look (folder ``out``) at a labelled region, measured. A suspicion is right when it touches any member of a
    labelled case of its type; what touches only labels of other types is in ``confusion``. Only leads are suspicions
    here; cases that the data cannot tell are counted apart."""
    manifest = read_manifest(out)
    listed = read_table(out / TABLES, SUSPICIONS).with_columns(
        pl.col("violation").cast(pl.String), pl.col("rule").cast(pl.String)
    )
    suspicions = listed.filter(pl.col("standing") == LIKELY)
    unclear = listed.filter(pl.col("standing") != LIKELY)
    ran = {r["rule"] for r in read_table(out / TABLES, RULE_STATUS).to_dicts() if r["status"] == "ran"}
    labels = _of_period(read_truth(region), run, region, int(manifest["year"]))
    keys = ["suspicion_id", "rule", "violation"]
    touched = _touched(suspicions, keys)
    both = touched.join(labels, on=["violation", "id"])
    unclear_both = _touched(unclear, keys).join(labels, on=["violation", "id"])
    other = touched.join(labels.rename({"violation": "labelled"}), on="id")
    # about a stay that some case names and nobody labelled
    beside = (
        other.group_by("suspicion_id", "rule", "violation")
        .agg(pl.col("own").any(), (pl.col("labelled") == pl.col("violation")).any().alias("same"))
        .filter(~pl.col("own") & ~pl.col("same"))
    )

    def score(name: str, violation: str, has_run: bool, of: pl.Expr, label: pl.Expr | None = None) -> Score:
        whole = labels.filter(pl.col("violation") == violation if label is None else label)
        hit = both.filter(of)
        return Score(
            name,
            violation,
            has_run,
            suspicions.filter(of).height if label is None else 0,
            hit["suspicion_id"].n_unique(),
            beside.filter(of).height if label is None else 0,
            whole["case_id"].n_unique(),
            hit["case_id"].n_unique(),
            int(manifest["stays"]),
            unclear.filter(of).height if label is None else 0,
            unclear_both.filter(of)["suspicion_id"].n_unique(),
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
    seen = suspicions.select(keys).join(
        other.select("suspicion_id", "labelled").unique(), on="suspicion_id", how="left", maintain_order="left"
    )
    confusion = (
        seen.with_columns(pl.col("labelled").fill_null(""))
        .group_by("rule", "violation", "labelled")
        .agg(pl.len().alias("count"))
        .sort("rule", "labelled")
    )
    ranked = suspicions.filter(pl.col("stay_id").is_not_null()).sort(
        "violation", -pl.col("score"), -pl.col("amount"), "suspicion_id"
    )
    ranked = ranked.unique(["violation", "stay_id"], keep="first", maintain_order=True).with_columns(
        pl.col("suspicion_id").is_in(both["suspicion_id"].implode()).alias("right"),
        pl.int_range(pl.len()).over("violation").alias("at"),
    )
    top = pl.concat(
        ranked.filter(pl.col("at") < n)
        .group_by("violation")
        .agg(pl.lit(n).alias("first"), pl.len().alias("found"), pl.col("right").sum())
        for n in FIRST
    ).sort("violation", "first")
    return Bench(types, single, forms, confusion, top)
