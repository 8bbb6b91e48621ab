"""Rules on stays nobody needed (design/07 §2, 体检式住院 and 无指征入院): only tests, mild cases, charges that do not
fit the diagnosis, the same tests day after day, and patients brought in batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits
from drgpay.steps.oversight.facts import BUNDLES, bundle
from drgpay.steps.oversight.hits import clue, hits, yuan
from drgpay.steps.oversight.singles import cheap, cost_clue, known, principal_listed, share, thin
from drgpay.units import ONE

Hits = pl.DataFrame
CROWDED = (
    "institution_id",
    "department_id",
    "doctor_id",
    "insurance_scheme",
    "person_id",
    "stay_id",
    "month",
    "admitted",
    "admission_route",
    "severity",
    "adrg",
    "drg",
    "case_class",
    "way",
    "pay",
)
"""columns of facts :func:`batches` reads beside those of copies"""


_NO_EMERGENCY = pl.col("admission_route").fill_null("") != "emergency"
"""an admission that was not one, as far as is known"""


def with_mix(rows: pl.DataFrame, mixes: pl.DataFrame, houses: pl.DataFrame) -> pl.DataFrame:
    """Stays with ``d_<bundle>``: how far (1/10,000 of its cost, may be negative) the stay's share of a bundle lies
    above that of its group and principal diagnosis, less what all stays of its institution have above it, and
    ``mix``, the sum of all distances; null where the pair is too rare or the stay's fees are not known. ``mixes``,
    ``houses``: see :func:`~.facts.fee_mix` and :func:`~.facts.house_mix`."""
    known_fees = pl.col("drug_fee").is_not_null()
    own = {b: pl.when(known_fees).then(bundle(b) * ONE // pl.col("total_cost").clip(1)) for b in BUNDLES}
    joined = rows.join(mixes, on=["drg", "dx3"], how="left", maintain_order="left")
    joined = joined.join(houses, on="institution_id", how="left", maintain_order="left")
    return joined.with_columns(
        (own[b] - pl.col(f"x_{b}") - pl.col(f"h_{b}").fill_null(0)).cast(pl.Int64).alias(f"d_{b}") for b in BUNDLES
    ).with_columns(sum((pl.col(f"d_{b}").abs() for b in BUNDLES), pl.lit(0)).alias("mix"))


def _mild(limits: Limits, overall: int) -> pl.Expr:
    """A cheap group, no complication, no operation, nothing planned, no emergency, no birth."""
    return (
        (pl.col("g_cost") * ONE <= overall * limits.ratio("no_indication.group_cost"))
        & (pl.col("severity") == "none")
        & ~pl.col("died")
        & ~pl.col("surgical")
        & ~pl.col("bed_day")
        & ~pl.col("planned_pattern")
        & ~principal_listed("birth_dx")
        & _NO_EMERGENCY
    ).fill_null(False)


def little_needed(rows: pl.DataFrame, limits: Limits, overall: int) -> Mapping[str, Callable[[], Hits]]:
    """EX1, NI1 and NI3. ``rows``: settled stays as :func:`with_mix` gives them; ``overall``: mean cost of all stays,
    fen."""
    tests_only = share(pl.col("tests"), pl.col("beyond_bed"), limits.ratio("examination.share"))
    apart = limits.ratio("no_indication.apart")
    beyond = pl.col("d_treatment") + pl.col("d_material")
    own_cost = "no_indication.own_cost"
    mild = rows.filter(
        _mild(limits, overall) & ~tests_only.fill_null(False) & pl.col("mix").is_not_null() & pl.col("proc").is_null()
    )
    alone = clue(
        "no_comorbidity",
        pl.col("dx").str.count_matches("|", literal=True) <= limits.whole("no_indication.diagnoses") + 1,
        "stays.dx",
        pl.col("dx").str.strip_chars("|"),
    )
    unlike = clue(
        "unlike",
        pl.col("mix") >= limits.ratio("no_indication.unlike"),
        "stay_details",
        _percent("mix"),
        pl.col("dx1") + " " + pl.col("drg"),
    )

    def only_tests() -> Hits:
        found = rows.filter(
            (pl.col("los") <= limits.whole("examination.max_los"))
            & ~pl.col("died")
            & ~pl.col("surgical")
            & _NO_EMERGENCY
            & share(pl.col("tests"), pl.col("beyond_bed"), limits.ratio("examination.least_share"))
        )
        little = pl.col("acts") * ONE <= pl.col("total_cost") * limits.ratio("examination.treatment_share")
        few = pl.col("drug_fee") * ONE <= pl.col("total_cost") * limits.ratio("examination.drug_share")
        return hits(
            RULES["EX1"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stay_details.examination_fee", yuan("tests"), yuan("beyond_bed")),
                clue("only_tests", tests_only, "stay_details.examination_fee", yuan("tests"), yuan("beyond_bed")),
                clue("little_treatment", little, "stay_details.treatment_fee", yuan("acts"), yuan("total_cost")),
                clue(
                    "no_treatment",
                    pl.col("acts") * ONE <= pl.col("total_cost") * limits.ratio("examination.no_treatment"),
                    "stay_details.treatment_fee",
                    yuan("acts"),
                ),
                clue("few_drugs", few, "stay_details.drug_fee", yuan("drug_fee"), yuan("g_drug")),
                clue("checkup_code", principal_listed("checkup_dx"), "stays.dx", pl.col("dx1")),
            ],
            pl.col("pay"),
        )

    def mild_case() -> Hits:
        return hits(
            RULES["NI1"],
            limits,
            mild.filter(pl.col("los") > 1),
            [
                clue("base", pl.lit(True), "grouped.drg", pl.col("drg"), yuan("g_cost")),
                cost_clue("thin", thin(limits, own_cost) & cheap(limits, own_cost)),
                clue(
                    "little_care",
                    beyond <= -limits.ratio("no_indication.less_care"),
                    "stay_details.treatment_fee",
                    yuan("acts"),
                    _percent("d_treatment", "d_material"),
                ),
                clue(
                    "few_tests",
                    pl.col("d_tests") <= -limits.ratio("no_indication.less_tests"),
                    "stay_details.examination_fee",
                    yuan("tests"),
                    _percent("d_tests"),
                ),
                clue(
                    "drugs_alone",
                    pl.col("d_drug") >= limits.ratio("no_indication.drugs"),
                    "stay_details.drug_fee",
                    yuan("drug_fee"),
                    _percent("d_drug"),
                ),
                unlike,
                alone,
            ],
            pl.col("pay"),
        )

    def unrelated() -> Hits:
        full = pl.col("tests") * ONE >= pl.col("g_test") * limits.ratio("no_indication.tests_in_full")
        piled = (pl.col("d_tests") >= apart) & full
        every_day = (pl.col("los") >= limits.whole("no_indication.days")) & share(
            pl.col("test_days"), pl.col("los"), limits.ratio("no_indication.test_days")
        )
        late = share(pl.col("late_tests"), pl.col("tests"), limits.ratio("no_indication.late_tests"))
        material = (beyond >= apart) & (pl.col("d_material") >= limits.ratio("no_indication.material"))
        return hits(
            RULES["NI3"],
            limits,
            mild.filter((piled | material).fill_null(False)),
            [
                clue("base", piled, "stay_details.examination_fee", yuan("tests"), yuan("g_test")),
                clue(
                    "base", material, "stay_details.material_fee", yuan("acts"), _percent("d_treatment", "d_material")
                ),
                clue(
                    "far",
                    pl.col("tests") >= 2 * pl.col("g_test"),
                    "stay_details.laboratory_fee",
                    yuan("tests"),
                    yuan("g_test"),
                ),
                clue(
                    "material",
                    material,
                    "stay_details.material_fee",
                    yuan("acts"),
                    _percent("d_treatment", "d_material"),
                ),
                clue("every_day", piled & every_day, "charges.charge_date", pl.col("test_days"), pl.col("los")),
                clue("late", piled & late, "charges.amount", yuan("late_tests"), yuan("tests")),
                unlike,
                alone,
            ],
            pl.col("pay"),
        )

    return {"EX1": only_tests, "NI1": mild_case, "NI3": unrelated}


def _percent(*names: str) -> pl.Expr:
    """Distances as percentage points with a sign, whole ones: Δ -23%."""
    total = sum((pl.col(name) for name in names), pl.lit(0))
    points = (total.abs() + 50) // 100
    return pl.when(total < 0).then(pl.lit("Δ -")).otherwise(pl.lit("Δ +")) + points.cast(pl.String) + "%"


def batches(facts: pl.DataFrame, means: pl.DataFrame, overall: int, limits: Limits) -> pl.DataFrame:
    """NI4 on settled stays of whole institutions: of one department, admitted within ``no_indication.batch_days``, so
    many mild and cheap cases as the department has in no such time. ``means``: see :func:`~.facts.group_means`."""
    settled = facts.filter("settled")
    open_days = pl.col("month").n_unique().over("institution_id").cast(pl.Int64) * 365 // 12
    mild = known(settled.with_columns(open_days.alias("open_days")), means).filter(
        _mild(limits, overall) & cheap(limits, "no_indication.own_cost")
    )
    mild = mild.filter(pl.col("admitted").is_not_null() & pl.col("department_id").is_not_null())
    by = ["institution_id", "department_id"]
    days = limits.whole("no_indication.batch_days")
    daily = mild.group_by(*by, "admitted").agg(pl.len().cast(pl.Int64).alias("n")).sort(*by, "admitted")
    # windows of so many days, each named by its first; a day lies in several and counts in the fullest
    inside = daily.select(*by, "n", pl.col("admitted").alias("day"))
    inside = pl.concat(inside.with_columns(pl.col("day").dt.offset_by(f"-{k}d").alias("first")) for k in range(days))
    windows = inside.group_by(*by, "first").agg(pl.col("n").sum().alias("crowd"))
    seen = inside.join(windows, on=[*by, "first"]).rename({"day": "admitted"})
    crowd = seen.group_by(*by, "admitted").agg(pl.col("crowd").max())
    all_of_it = mild.group_by(by).agg(pl.len().cast(pl.Int64).alias("of_period"))
    rows = mild.join(crowd, on=[*by, "admitted"], how="left", maintain_order="left").join(
        all_of_it, on=by, how="left", maintain_order="left"
    )
    # crowd − 1 companions against times × what the window holds on average
    usual = pl.col("of_period") * days * limits.ratio("no_indication.batch_times")
    many = (pl.col("crowd") - 1) * pl.col("open_days") * ONE >= usual
    found = rows.filter((pl.col("crowd") >= limits.whole("no_indication.batch")) & many)
    found = found.sort("institution_id", "stay_id")
    return hits(
        RULES["NI4"],
        limits,
        found,
        [
            clue("base", pl.lit(True), "stays.admission_date", pl.col("crowd"), pl.col("of_period")),
            clue(
                "large",
                pl.col("crowd") >= 2 * limits.whole("no_indication.batch"),
                "stays.admission_date",
                pl.col("crowd"),
            ),
        ],
        pl.col("pay"),
    )
