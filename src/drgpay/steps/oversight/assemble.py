"""Tables ``suspicions``, ``suspicion_evidence`` and ``rule_status`` from what the kernels found; and the rules that
speak of whole institutions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from drgpay.engine import frame
from drgpay.steps.oversight.catalogue import RULES, TYPES, Limits, missing
from drgpay.steps.oversight.facts import LIFTED
from drgpay.steps.oversight.hits import HITS
from drgpay.steps.oversight.statistics import BILLION, discoveries, falling, rounded, shrunken
from drgpay.units import ONE, half_up

_ID = pl.concat_str(
    [
        pl.col("rule"),
        pl.coalesce(pl.col("stay_id"), pl.col("related").replace("", None), pl.col("institution_id")),
        pl.when(pl.col("stay_id").is_null()).then(pl.lit("")).otherwise(pl.col("related")).replace("", None),
    ],
    separator="/",
    ignore_nulls=True,
)


def coding_rates(cells: pl.DataFrame, limits: Limits) -> list[dict[str, Any]]:
    """Rows of ``coding_rates``: coded complications against what the institution's case mix leads one to expect with
    everybody's rates in every basic group, shrunk for small numbers (design/07 §2)."""
    by = (
        cells.filter((pl.col("grouped") > 0) & (pl.col("drg") != "0000"))
        .with_columns(pl.col("drg").str.head(3).alias("adrg"))
        .group_by("institution_id", "adrg")
        .agg(pl.col("n", "coded", "lifted").sum())
        .sort("institution_id", "adrg")
    )
    stays = dict(by.group_by("institution_id").agg(pl.col("n").sum()).rows())
    coded, expected, shrunk = _standardised(by, "coded", limits)
    lifted, lifted_expected, lifted_shrunk = _standardised(by, "lifted", limits)
    return [
        {
            "institution_id": h,
            "n": stays[h],
            "observed": coded[h],
            "expected": rounded(e),
            "ratio": half_up(coded[h] * e.denominator * ONE, e.numerator) if e > 0 else None,
            "shrunk": shrunk[h],
            "lifted": lifted[h],
            "lifted_expected": rounded(lifted_expected[h]),
            "lifted_shrunk": lifted_shrunk[h],
        }
        for h, e in sorted(expected.items())
    ]


CODED = ("institution_id", "coder_id", "adrg")
"""keys of :func:`coder_sums`"""
CODED_READS = (*CODED, "settled", "status", *LIFTED)
"""columns it reads"""


def coder_sums(batch: Any) -> Any:
    """Integer sums of the settled and grouped stays with a coder by :data:`CODED`: ``n``, and ``lifted``, cheap stays
    that less codes would put in a lower group."""
    rows = frame(batch).filter(pl.col("settled") & (pl.col("status") == "grouped")).drop_nulls(list(CODED))
    lifted = pl.any_horizontal(pl.col(c).is_not_null() for c in LIFTED).sum().cast(pl.Int64)
    return rows.group_by(CODED).agg(pl.len().cast(pl.Int64).alias("n"), lifted.alias("lifted")).to_arrow()


def peer_rates(cells: pl.DataFrame, coded: pl.DataFrame, limits: Limits) -> list[dict[str, Any]]:
    """Cheap and highly coded stays against what everybody's rates in every basic group lead one to expect (indirect
    standardisation): ``institution_id``, ``coder_id`` (empty: the institution), ``observed``, ``expected`` and
    ``ratio`` (1/10,000). ``coded``: see :func:`coder_sums`."""
    grouped = cells.filter((pl.col("grouped") > 0) & (pl.col("drg") != "0000"))
    houses = grouped.group_by("institution_id", pl.col("drg").str.head(3).alias("adrg")).agg(
        pl.col("n", "lifted").sum()
    )
    rows = []
    for table in (houses.with_columns(pl.lit("").alias("coder_id")), coded):
        keys = table.select("institution_id", "coder_id").unique().sort(pl.all()).rows()
        numbered = table.join(
            pl.DataFrame(
                [(h, c, str(i)) for i, (h, c) in enumerate(keys)],
                orient="row",
                schema={"institution_id": pl.String, "coder_id": pl.String, "who": pl.String},
            ),
            on=["institution_id", "coder_id"],
        )
        by = numbered.select(pl.col("who").alias("institution_id"), "adrg", "n", "lifted").sort(
            "institution_id", "adrg"
        )
        observed, expected, _ = _standardised(by, "lifted", limits)
        rows += [
            {
                "institution_id": h,
                "coder_id": c,
                "observed": observed[str(i)],
                "expected": rounded(e),
                "ratio": half_up(observed[str(i)] * e.denominator * ONE, e.numerator) if e > 0 else None,
            }
            for i, (h, c) in enumerate(keys)
            for e in (expected[str(i)],)
        ]
    return rows


def _standardised(
    by: pl.DataFrame, event: str, limits: Limits
) -> tuple[dict[str, int], dict[str, Fraction], dict[str, int | None]]:
    """Of every institution: events, events expected with everybody's rate in its basic groups, and their ratio drawn
    to the mean (1/10,000), None where too few are expected."""
    rates = {a: (c, n) for a, c, n in by.group_by("adrg").agg(pl.col(event, "n").sum()).rows()}
    observed: dict[str, int] = {}
    expected: dict[str, Fraction] = {}
    for institution, adrg, n, count in by.select("institution_id", "adrg", "n", event).rows():
        c, of = rates[adrg]
        observed[institution] = observed.get(institution, 0) + count
        expected[institution] = expected.get(institution, Fraction(0)) + Fraction(n * c, of)
    drawn = shrunken({h: (observed[h], e) for h, e in expected.items()})
    least = limits.whole("upcoding.min_expected")
    return (
        observed,
        expected,
        {h: rounded(drawn[h]) if h in drawn and e >= least else None for h, e in expected.items()},
    )


def severe_by_month(cells: pl.DataFrame, means: pl.DataFrame, overall: int, multiple: int) -> pl.DataFrame:
    """``institution_id``, ``month``, ``heavy``, ``major``, ``n``: stays in groups that cost at least the multiple
    (1/10,000) of the overall mean, stays with a major complication, and all stays."""
    heavy = means.filter(pl.col("g_cost") * ONE >= overall * multiple)["drg"].to_list()
    return (
        cells.group_by("institution_id", "month")
        .agg(pl.col("n").filter(pl.col("drg").is_in(heavy)).sum().alias("heavy"), pl.col("major", "n").sum())
        .sort("institution_id", "month")
    )


def fewer_severe(severe: pl.DataFrame, limits: Limits, rate: str) -> dict[str, int]:
    """Institutions whose share of severe cases falls, with the one-sided probability (1/1,000,000,000) of the
    Cochran–Armitage test, those that stand at the false discovery rate of the limit ``rate``.

    Two shares are tested, heavy groups and major complications; the smaller probability counts, twice (Bonferroni).
    """
    p: dict[str, int] = {}
    for key, its in severe.group_by("institution_id", maintain_order=True):
        if int(its["n"].sum()) < limits.whole("refusal.min_stays"):
            continue
        tests = [falling(its.select("month", share, "n").rows()) for share in ("heavy", "major")]
        known = [trend.p for trend in tests if trend is not None]
        if known:
            p[str(key[0])] = min(BILLION, 2 * min(known))
    return {h: p[h] for h in sorted(discoveries(p, limits.ratio(rate)))}


def _row(
    rule: str,
    institution: str,
    score: int,
    evidence: list[tuple[str, str, str]],
    scheme: str | None = None,
    related: str = "",
) -> list[dict[str, Any]]:
    none = dict.fromkeys(HITS)
    return [
        none
        | {
            "rule": rule,
            "institution_id": institution,
            "insurance_scheme": scheme,
            "related": related,
            "month": 0,
            "score": score,
            "amount": 0,
            "signal": "base",
            "weight": RULES[rule].base if i == 0 else 0,
            "record": institution,
            "field": name,
            "value": value,
            "expected": expected,
        }
        for i, (name, value, expected) in enumerate(evidence)
    ]


def institution_hits(
    rates: list[dict[str, Any]], severe: pl.DataFrame, complaints: list[dict[str, Any]], limits: Limits
) -> pl.DataFrame:
    """UP4, RS3 and RS2: rows of :data:`~.hits.HITS` without a stay."""
    rows: list[dict[str, Any]] = []
    for rate in rates:
        signs = (("observed", "expected", "shrunk"), ("lifted", "lifted_expected", "lifted_shrunk"))
        high = [
            row
            for events, expected, shrunk in signs
            if (rate[shrunk] or 0) >= limits.ratio("upcoding.peer_ratio")
            for row in (
                (f"coding_rates.{events}", str(rate[events]), str(half_up(rate[expected], ONE))),
                (f"coding_rates.{shrunk}", str(rate[shrunk]), str(limits.ratio("upcoding.peer_ratio"))),
            )
        ]
        if high:
            rows += _row("UP4", rate["institution_id"], RULES["UP4"].base, high)
    for institution, p in fewer_severe(severe, limits, "refusal.false_discovery").items():
        its = severe.filter(pl.col("institution_id") == institution)
        months = [
            (f"month {m}", f"{heavy} + {major}", str(n))
            for m, heavy, major, n in its.select("month", "heavy", "major", "n").rows()
        ]
        rows += _row("RS3", institution, RULES["RS3"].base, [("probability", f"{p}/{BILLION}", ""), *months])
    for complaint in complaints:
        if complaint["confirmed"]:
            rows += _row(
                "RS2",
                complaint["institution_id"],
                RULES["RS2"].base,
                [("complaints.date", complaint["date"].isoformat(), "")],
                related=complaint["complaint_id"],
            )
    return pl.DataFrame(rows, schema=HITS)


def is_lead(limits: Limits) -> pl.Expr:
    """Whether a hit is a lead; one that is not is of those that the data cannot tell from honest care."""
    least = pl.col("rule").replace_strict({r.id: limits.score(r) for r in RULES.values()}, return_dtype=pl.Int64)
    return pl.col("score") >= least


def suspicions(
    found: pl.DataFrame, year: int, states: Mapping[str, str], limits: Limits, *, with_persons: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables ``suspicions`` and ``suspicion_evidence`` from rows of hits. ``states``: reviews by suspicion."""
    found = found.with_columns(_ID.alias("suspicion_id"))
    words = pl.DataFrame(
        [
            {
                "rule": r.id,
                "violation": r.violation,
                "form": r.form,
                "term_zh": TYPES[r.violation].term.zh,
                "term_en": TYPES[r.violation].term.en,
            }
            for r in RULES.values()
        ]
    )
    signs = pl.DataFrame(
        [
            {"rule": r.id, "signal": name, "note_zh": text.zh, "note_en": text.en}
            for r in RULES.values()
            for name, text in [("base", r.words), *((n, s.words) for n, s in r.signals.items())]
        ]
    )
    state = pl.col("suspicion_id").replace_strict(states, default="open", return_dtype=pl.String)
    whole = (
        found.sort("suspicion_id", "signal", "field")
        .unique("suspicion_id", keep="first", maintain_order=True)
        .join(words, on="rule", how="left", maintain_order="left")
        .with_columns(
            pl.lit(year, pl.Int16).alias("year"),
            pl.col("pay").alias("stay_payment"),
            state.alias("state"),
            pl.when(is_lead(limits)).then(pl.lit("likely")).otherwise(pl.lit("unclear")).alias("standing"),
            pl.col("month").fill_null(0),
            (pl.col("person_id") if with_persons else pl.lit(None, pl.String)).alias("person_id"),
        )
    )
    evidence = (
        found.sort("suspicion_id", -pl.col("weight"), "signal", "field", "value")
        .join(signs, on=["rule", "signal"], how="left", maintain_order="left")
        .with_columns(
            (pl.int_range(pl.len()).over("suspicion_id") + 1).cast(pl.Int16).alias("number"),
            pl.col("record").fill_null(""),
            pl.col("value").fill_null(""),
            pl.col("expected").fill_null(""),
        )
    )
    return whole, evidence


def rule_status(brought: Collection[str], found: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of ``rule_status``: every rule, whether it ran, what it lacked, how many leads it gave, and how many cases
    that the data cannot tell. ``found``: rows of ``suspicions``."""
    counts = {(r, s): n for r, s, n in found.group_by("rule", "standing").agg(pl.len()).rows()}
    rows = []
    for rule in RULES.values():
        lacks = missing(rule, brought)
        rows.append(
            {
                "rule": rule.id,
                "violation": rule.violation,
                "status": "missing" if lacks else "ran",
                "missing": "|".join(lacks),
                "suspicions": counts.get((rule.id, "likely"), 0),
                "unclear": counts.get((rule.id, "unclear"), 0),
                "zh": rule.words.zh,
                "en": rule.words.en,
            }
        )
    return rows
