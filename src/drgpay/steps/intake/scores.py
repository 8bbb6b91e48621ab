"""Scores of records: 100 points less what every finding takes, per stay, institution and department.

A stay loses the points of a rule once per column it breaks; its score does not fall below 0. Means are rounded half
up to hundredths of a point. The points are in the catalogue of checks. Source: design/07 §3 (completeness, accuracy).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.findings import Notes
from drgpay.steps.intake.rules import ABOUT, RULES
from drgpay.tables import CODER_QUALITY, RECORD_SCORES, RULE_QUALITY, STAY_SCORES
from drgpay.units import half_up
from drgpay.units.vector import Ints

FULL = 100
TOP_RULES = 5
TALLY_KEY = ("institution_id", "department_id", "measure")
_RULE = "rule:"


def score_stays(batch: Any, notes: Notes) -> Any:
    """STAY_SCORES of a batch that was judged: one row per stay, kept out or not."""
    n = batch.num_rows
    lost = [notes.lost[about] for about in ABOUT]
    units = [
        pc.fill_null(batch.column(name).cast(pa.string()), "") if name in batch.schema.names else pa.repeat("", n)
        for name in ("institution_id", "department_id")
    ]
    columns = [
        pa.repeat(notes.file, n),
        pa.array(notes.lines),
        batch.column("stay_id"),
        *(unit.dictionary_encode() for unit in units),
        *(pa.array(points.astype(np.int32)) for points in lost),
        pa.array(np.maximum(FULL - lost[0] - lost[1], 0).astype(np.int16)),
        pa.array(notes.out),
        _broken(notes, n),
    ]
    return pa.Table.from_arrays(columns, schema=STAY_SCORES.schema)


def _broken(notes: Notes, n: int) -> Any:
    """The rules every row broke, each once; null for none."""
    names = sorted({rule for rule, _ in notes.broken})
    at: Ints = np.concatenate([np.zeros(0, np.int64), *(rows for _, rows in notes.broken)]).astype(np.int64)
    number = np.repeat([names.index(rule) for rule, _ in notes.broken], [len(rows) for _, rows in notes.broken])
    pairs = np.unique(at * max(len(names), 1) + number.astype(np.int64))
    row, which = pairs // max(len(names), 1), pairs % max(len(names), 1)
    counts = np.bincount(row, minlength=n)
    offsets = pa.array(np.append(0, np.cumsum(counts)).astype(np.int32))
    codes = pa.DictionaryArray.from_arrays(pa.array(which.astype(np.int32)), pa.array(names, pa.string()))
    return pa.ListArray.from_arrays(offsets, codes, mask=pa.array(counts == 0))


def with_findings(scores: Any, findings: Any) -> Any:
    """STAY_SCORES after findings that were made later, beside other stays; none of them on a row and rule twice."""
    late = pl.DataFrame(findings).select("file", "row", pl.col("rule", "level").cast(pl.String))
    points = pl.DataFrame(
        [(rule.id, rule.about, rule.deduct) for rule in RULES.values()],
        schema=["rule", "about", "points"],
        orient="row",
    )
    late = late.join(points, on="rule").with_columns(
        pl.when(pl.col("about") == about).then("points").otherwise(0).alias(about) for about in ABOUT
    )
    sums = late.group_by("file", "row").agg(
        *(pl.col(about).sum().cast(pl.Int32) for about in ABOUT),
        late_error=(pl.col("level") == "error").any(),
        late_rules=pl.col("rule").unique().sort(),
    )
    frame = _plain(scores).join(sums, on=["file", "row"], how="left", maintain_order="left")
    lost = {f"{about}_lost": pl.col(f"{about}_lost") + pl.col(about).fill_null(0) for about in ABOUT}
    frame = frame.with_columns(
        error=pl.col("error") | pl.col("late_error").fill_null(False),
        rules=pl.when(pl.col("late_rules").is_null())
        .then("rules")
        .otherwise(pl.concat_list(pl.col("rules").fill_null([]), "late_rules")),
        **lost,
    ).with_columns(score=(FULL - pl.sum_horizontal(*lost)).clip(0).cast(pl.Int16))
    return frame.select(STAY_SCORES.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(STAY_SCORES.schema)


def _plain(scores: Any) -> pl.DataFrame:
    """STAY_SCORES with codes as text."""
    table = scores if isinstance(scores, pa.Table) else pa.Table.from_batches([scores])
    plain = {"institution_id": pa.string(), "department_id": pa.string(), "rules": pa.list_(pa.string())}
    schema = pa.schema([(field.name, plain.get(field.name, field.type)) for field in table.schema])
    frame = pl.from_arrow(table.cast(schema))
    assert isinstance(frame, pl.DataFrame)
    return frame


def kept_out(scores: Any, grave: Collection[str]) -> pl.DataFrame:
    """How many stays every check kept out, per institution (``rule``, ``institution_id``, ``n``), from STAY_SCORES;
    ``grave``: the checks that keep a row out. A stay that broke several is counted under each."""
    frame = _plain(scores).filter(pl.col("error")).select("institution_id", rule="rules").explode("rule")
    return _counted(frame.filter(pl.col("rule").is_in(list(grave))))


def dropped_of(findings: Any) -> pl.DataFrame:
    """The same from FINDINGS, which know no institution."""
    frame = pl.DataFrame(findings).select(pl.col("rule", "level").cast(pl.String), "file", "row").unique()
    return _counted(frame.filter(pl.col("level") == "error").with_columns(institution_id=pl.lit("")))


def _counted(frame: pl.DataFrame) -> pl.DataFrame:
    rows = frame.group_by("rule", "institution_id").agg(n=pl.len().cast(pl.Int64))
    return rows.sort("n", "rule", "institution_id", descending=[True, False, False])


def tally(scores: Any) -> Any:
    """What STAY_SCORES add up to: an Arrow table of :data:`TALLY_KEY` and integers ``n``, to be added by key."""
    frame = _plain(scores)
    units = list(TALLY_KEY[:2])
    sums = frame.group_by(units).agg(
        stays=pl.len().cast(pl.Int64),
        score=pl.col("score").cast(pl.Int64).sum(),
        **{about: (FULL - pl.col(f"{about}_lost")).clip(0).cast(pl.Int64).sum() for about in ABOUT},
        errors=pl.col("error").cast(pl.Int64).sum(),
    )
    rules = frame.select(*units, "rules").explode("rules").drop_nulls("rules")
    counts = rules.group_by(*units, measure=_RULE + pl.col("rules")).agg(n=pl.len().cast(pl.Int64))
    long = sums.unpivot(index=units, variable_name="measure", value_name="n")
    return pl.concat([long, counts]).select(*TALLY_KEY, "n").to_arrow(compat_level=pl.CompatLevel.oldest())


def coder_quality(scores: Any, coders: pl.DataFrame) -> tuple[Any, Any]:
    """CODER_QUALITY and RULE_QUALITY from the STAY_SCORES of one file and the coders of its lines (``row``,
    ``coder_id``)."""
    units = ["department_id", "coder_id"]
    named = _plain(scores).join(coders, on="row", how="left").with_columns(pl.col(units).fill_null(""))
    sums = named.group_by(units).agg(
        n=pl.len().cast(pl.Int64), whole=pl.col("score").cast(pl.Int64).sum(),
        errors=pl.col("error").cast(pl.Int64).sum(),
    ).sort(units)  # fmt: skip
    by_coder = [
        {
            "department_id": row["department_id"], "coder_id": row["coder_id"], "n": row["n"],
            "score": half_up(100 * row["whole"], row["n"]), "errors": row["errors"],
            "error_share": half_up(10_000 * row["errors"], row["n"]),
        }
        for row in sums.to_dicts()
    ]  # fmt: skip
    broken = named.select(*units, rule="rules").explode("rule").drop_nulls("rule")
    counts = broken.group_by("rule", *units).agg(n=pl.len().cast(pl.Int64)).sort("rule", *units)
    texts = {rule: dict(zip(("zh", "en"), RULES[rule].texts(), strict=True)) for rule in counts["rule"].unique()}
    by_rule = [{**row, **texts[row["rule"]]} for row in counts.to_dicts()]
    return CODER_QUALITY.of(by_coder), RULE_QUALITY.of(by_rule)


def record_scores(sums: Any) -> Any:
    """RECORD_SCORES from added-up tallies: of all stays, of every institution, and of every department."""
    frame = pl.DataFrame(sums).with_columns(pl.col(*TALLY_KEY).cast(pl.String))
    rows = []
    for scope, by in (("all", 0), ("institution", 1), ("department", 2)):
        blank = [pl.lit("").alias(name) for name in TALLY_KEY[by:2]]
        added = frame.with_columns(blank).group_by(TALLY_KEY).agg(pl.col("n").sum())
        units: dict[tuple[str, str], dict[str, int]] = {}
        for institution, department, measure, n in added.iter_rows():
            units.setdefault((institution, department), {})[measure] = n
        rows += [_row(scope, unit, of) for unit, of in sorted(units.items()) if scope == "all" or any(unit)]
    return RECORD_SCORES.of(rows)


def _row(scope: str, unit: tuple[str, str], of: dict[str, int]) -> dict[str, Any]:
    n = of["stays"]
    broken = sorted((-count, name) for name, count in of.items() if name.startswith(_RULE))
    return {
        "scope": scope,
        "institution_id": unit[0],
        "department_id": unit[1],
        "n": n,
        **{name: half_up(100 * of[name], n) for name in ("score", *ABOUT)},
        "errors": of["errors"],
        "error_share": half_up(10_000 * of["errors"], n),
        "top_rules": ", ".join(f"{name.removeprefix(_RULE)} {-count}" for count, name in broken[:TOP_RULES]),
    }
