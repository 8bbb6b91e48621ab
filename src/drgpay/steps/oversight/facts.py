"""What the rules look at: one row for each stay with its payment, its counterfactuals, and, where they were brought,
its fees, leave and days with charges. Rows of three tables meet by ``stay_id``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from drgpay.engine import frame, one_batch
from drgpay.tables import FEES
from drgpay.units import ONE

SCREENED: dict[str, Any] = {
    "stay_id": pl.String,
    "person_id": pl.String,
    "institution_id": pl.String,
    "department_id": pl.String,
    "doctor_id": pl.String,
    "insurance_scheme": pl.String,
    "sex": pl.String,
    "age": pl.Int64,
    "los": pl.Int64,
    "admitted": pl.Date,
    "discharged": pl.Date,
    "way": pl.Int8,
    "month": pl.Int8,
    "settled": pl.Boolean,
    "dx": pl.String,
    "proc": pl.String,
    "adrg": pl.String,
    "drg": pl.String,
    "severity": pl.String,
    "status": pl.String,
    "case_class": pl.String,
    "total_cost": pl.Int64,
    "personal_paid": pl.Int64,
    "fund_by_item": pl.Int64,
    "points": pl.Int64,
    "price": pl.Int64,
    "pay": pl.Int64,
    "sex_code": pl.Boolean,
    "code_sex": pl.String,
    "age_code": pl.Boolean,
    "cc_code": pl.String,
    "cc_drg": pl.String,
    "cc_price": pl.Int64,
    "other_code": pl.String,
    "other_drg": pl.String,
    "other_price": pl.Int64,
    "proc_drg": pl.String,
    "proc_price": pl.Int64,
}
"""columns a run brings for every stay. ``dx``, ``proc``: codes with | before, between and after them; ``price``: fen
by points and point value; ``pay``: what of it the fund pays; ``settled``: of the period, not only a neighbour of it;
``sex_code``, ``age_code``: a code that sex or age rules out; ``code_sex``: the sex that alone can have the codes;
``cc_*``: the group without its pivotal complication;
``other_*``: the group of the next plausible principal diagnosis; ``proc_*``: the group without its procedures"""

DETAILS: dict[str, Any] = {
    "admission_route": pl.String,
    "observation_hours": pl.Int64,
    "leave_days": pl.Int64,
    "readmission_planned": pl.Boolean,
    "surgeon_id": pl.String,
    "coder_id": pl.String,
    "out_of_policy": pl.Int64,
    **{f"{kind}_fee": pl.Int64 for kind in FEES},
}
CHARGED: dict[str, Any] = {
    "charge_days": pl.Int64,
    "care_days": pl.Int64,
    "care_on": pl.String,
    "before_amount": pl.Int64,
    "before_care": pl.Int64,
    "before_days": pl.Int64,
    "charged": pl.Int64,
    "test_days": pl.Int64,
    "late_tests": pl.Int64,
    "early_care": pl.Int64,
    "after_amount": pl.Int64,
}
"""days of the stay with a charge; with one that is not for the bed or nursing; which those are, as days after
admission with | around them; charges before admission; those of them that are not for tests; how many days before;
all charges; days of the stay with tests; what was charged for tests after the third day; what was charged on the
first three days beside bed, nursing and tests; what was charged later than the day after discharge"""

FACTS = SCREENED | DETAILS | CHARGED


DAY_ORDER = ("stay_id", "charge_date", "amount", "care", "tests")
"""columns of :func:`charge_days`, which are a total order of its rows too"""


def charge_days(batch: Any, part: Any = None) -> Any:
    """Charges by stay and day, which is all that is asked of them: ``amount`` of all, ``care`` beside bed and
    nursing, ``tests`` of them. Rows of a day in two parts stay two and add up all the same."""
    rows = frame(batch).filter(pl.col("amount") > 0)
    care, tests = (
        ~pl.col("category").is_in(["bed", "nursing"]),
        pl.col("category").is_in(["examination", "laboratory"]),
    )
    days = (
        rows.with_columns(
            pl.when(care).then("amount").otherwise(0).alias("care"),
            pl.when(tests).then("amount").otherwise(0).alias("tests"),
        )
        .group_by("stay_id", "charge_date", maintain_order=True)
        .agg(pl.col("amount", "care", "tests").sum())
        .select(DAY_ORDER)
    )
    return one_batch(days.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _charges(days: Any, stays: pl.DataFrame) -> pl.DataFrame:
    rows = frame(days).join(stays.select("stay_id", "admitted", "discharged"), on="stay_id")
    day, before = pl.col("charge_date"), pl.col("charge_date") < pl.col("admitted")
    inside = ~before & (day <= pl.col("discharged"))
    care, tests = pl.col("care") > 0, pl.col("tests") > 0
    late = day > pl.col("admitted") + pl.duration(days=2)
    found = rows.group_by("stay_id").agg(
        day.filter(inside).n_unique().cast(pl.Int64).alias("charge_days"),
        day.filter(inside & care).n_unique().cast(pl.Int64).alias("care_days"),
        (day - pl.col("admitted")).dt.total_days().filter(inside & care).unique().sort().alias("care_on"),
        pl.col("amount").filter(before).sum().alias("before_amount"),
        (pl.col("amount") - pl.col("tests")).filter(before).sum().alias("before_care"),
        (pl.col("admitted") - day).dt.total_days().filter(before).max().alias("before_days"),
        pl.col("amount").sum().alias("charged"),
        day.filter(inside & tests).n_unique().cast(pl.Int64).alias("test_days"),
        pl.col("tests").filter(inside & late).sum().alias("late_tests"),
        (pl.col("care") - pl.col("tests")).filter(inside & ~late).sum().alias("early_care"),
        pl.col("amount").filter(day > pl.col("discharged") + pl.duration(days=1)).sum().alias("after_amount"),
    )
    listed = pl.lit("|") + pl.col("care_on").cast(pl.List(pl.String)).list.join("|") + pl.lit("|")
    return found.with_columns(listed.alias("care_on"))


def facts(stays: Any, details: Any | None = None, charges: Any | None = None) -> Any:
    """Rows of :data:`FACTS` from whole stays: ``stays`` as :data:`SCREENED`, ``details`` as the table
    ``stay_details``, ``charges`` as :func:`charge_days` gives them, or None where they were not brought; what is not
    known is null."""
    rows = frame(stays)
    if details is not None:
        held = frame(details)
        held = held.select("stay_id", *(c for c in DETAILS if c in held.columns)).unique("stay_id", keep="first")
        rows = rows.join(held, on="stay_id", how="left", maintain_order="left")
    if charges is not None:
        rows = rows.join(_charges(charges, rows), on="stay_id", how="left", maintain_order="left")
    present = set(rows.columns)
    return rows.select(
        pl.col(name).cast(kind) if name in present else pl.lit(None, kind).alias(name) for name, kind in FACTS.items()
    ).to_arrow(compat_level=pl.CompatLevel.oldest())


CELL = ("institution_id", "department_id", "month", "drg")
"""keys of :func:`cells`"""
_FILLED = ("person_id", "department_id", "doctor_id", "sex", "age", "admitted", "way")
LIFTED = ("cc_price", "other_price")
"""prices of another group that a cheap stay would be in with less coded"""
SUMMED = (
    *dict.fromkeys((*CELL, *_FILLED)),
    "settled",
    "severity",
    "status",
    *LIFTED,
    *(f"{kind}_fee" for kind in FEES),
    "total_cost",
    "personal_paid",
    "fund_by_item",
    "price",
    "los",
    "out_of_policy",
)
"""columns :func:`cells` reads"""
FILLED = len(_FILLED)
"""fields whose being filled is counted"""
_SUMMED = (
    "total_cost",
    "personal_paid",
    "fund_by_item",
    "price",
    "los",
    "out_of_policy",
    *(f"{kind}_fee" for kind in FEES),
)


def cells(batch: Any) -> Any:
    """Integer sums of the settled stays by :data:`CELL`: what group means, alerts and charts are made of."""
    rows = frame(batch).filter("settled")
    return (
        rows.group_by(CELL)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            *(pl.col(name).cast(pl.Int64).sum() for name in _SUMMED),
            (pl.col("way") == 5).sum().cast(pl.Int64).alias("deaths"),
            (pl.col("way") == 2).sum().cast(pl.Int64).alias("transfers"),
            (pl.col("severity") != "none").sum().cast(pl.Int64).alias("coded"),
            (pl.col("severity") == "mcc").sum().cast(pl.Int64).alias("major"),
            pl.any_horizontal(pl.col(c).is_not_null() for c in LIFTED).sum().cast(pl.Int64).alias("lifted"),
            (pl.col("status") == "grouped").sum().cast(pl.Int64).alias("grouped"),
            pl.col("person_id").is_not_null().sum().cast(pl.Int64).alias("persons_known"),
            pl.col("admitted").is_not_null().sum().cast(pl.Int64).alias("admissions_known"),
            pl.sum_horizontal(*(pl.col(c).is_not_null().cast(pl.Int64) for c in _FILLED)).sum().alias("filled"),
        )
        .to_arrow()
    )


def group_means(sums: pl.DataFrame, min_stays: int, published: Mapping[str, int] | None = None) -> pl.DataFrame:
    """Means of the groups over all institutions: ``drg``, ``g_n``, ``g_cost`` (fen), ``g_los`` (1/100 day),
    ``g_test``, ``g_drug``, ``g_care``, ``g_surgery``, ``g_material``, ``g_acts``, ``g_nursing`` (fen;
    care is treatment, surgery, drugs and material, acts is care without drugs). Groups with fewer stays have only the
    mean cost the base period ``published``, where there is one."""

    def mean(total: pl.Expr, scale: int = 1) -> pl.Expr:
        return ((2 * total.cast(pl.Int128) * scale + pl.col("n")) // (2 * pl.col("n"))).cast(pl.Int64)

    named = pl.col("examination_fee") + pl.col("laboratory_fee")
    care = pl.sum_horizontal(*(pl.col(f"{k}_fee") for k in ("treatment", "surgery", "drug", "material")))
    enough = pl.col("n") >= min_stays
    base = pl.DataFrame(list((published or {}).items()), orient="row", schema={"drg": pl.String, "base": pl.Int64})
    return (
        sums.group_by("drg")
        .agg(pl.exclude(*CELL).sum())
        .join(base, on="drg", how="left")
        .filter(enough | pl.col("base").is_not_null())
        .select(
            "drg",
            pl.col("n").alias("g_n"),
            pl.when(enough).then(mean(pl.col("total_cost"))).otherwise(pl.col("base")).alias("g_cost"),
            *(
                pl.when(enough).then(value).alias(name)
                for name, value in (
                    ("g_los", mean(pl.col("los"), 100)),
                    ("g_test", mean(named)),
                    ("g_drug", mean(pl.col("drug_fee"))),
                    ("g_care", mean(care)),
                    ("g_surgery", mean(pl.col("surgery_fee"))),
                    ("g_material", mean(pl.col("material_fee"))),
                    ("g_acts", mean(care - pl.col("drug_fee"))),
                    ("g_nursing", mean(pl.col("nursing_fee"))),
                )
            ),
        )
        .sort("drg")
    )


MIX = ("drg", "dx3")
"""keys of :func:`mix_sums`: group, and category of the principal diagnosis"""
BUNDLES: Mapping[str, tuple[str, ...]] = {
    "hotel": ("bed", "nursing"),
    "tests": ("examination", "laboratory"),
    "treatment": ("treatment",),
    "surgery": ("surgery",),
    "drug": ("drug",),
    "material": ("material",),
}
"""what a stay's cost is made of, for comparing it with what its diagnosis usually costs"""
MIXED = ("drg", "dx", "settled", "total_cost", *(f"{kind}_fee" for kinds in BUNDLES.values() for kind in kinds))
"""columns :func:`mix_sums` reads"""


def category(column: str = "dx") -> pl.Expr:
    """The category (three characters) of the first of the codes with | around them."""
    return pl.col(column).str.extract(r"^\|([^|]{3})")


def bundle(name: str) -> pl.Expr:
    """Fees of a bundle, fen."""
    return pl.sum_horizontal(pl.col(f"{kind}_fee").fill_null(0) for kind in BUNDLES[name])


def mix_sums(batch: Any) -> Any:
    """Integer sums of the settled stays with fees by :data:`MIX`: cost and its bundles."""
    rows = frame(batch).filter(pl.col("settled") & pl.col("drug_fee").is_not_null())
    rows = rows.with_columns(category().alias("dx3")).drop_nulls(list(MIX))
    return (
        rows.group_by(MIX)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("total_cost").sum(),
            *(bundle(name).sum().alias(name) for name in BUNDLES),
        )
        .to_arrow()
    )


def fee_mix(sums: pl.DataFrame, min_stays: int) -> pl.DataFrame:
    """Shares of the cost by group and principal diagnosis: ``drg``, ``dx3``, ``x_<bundle>`` (1/10,000, half up).
    Pairs with fewer stays have none."""
    total = pl.col("total_cost").cast(pl.Int128)
    return (
        sums.filter((pl.col("n") >= min_stays) & (total > 0))
        .select(
            *MIX, *(((2 * pl.col(b) * ONE + total) // (2 * total)).cast(pl.Int64).alias(f"x_{b}") for b in BUNDLES)
        )
        .sort(MIX)
    )


HOUSED = ("institution_id", *MIXED)
"""columns :func:`house_sums` reads"""


def house_sums(batch: Any, *, mixes: pl.DataFrame) -> Any:
    """Integer sums of the settled stays with fees by ``institution_id``: cost, its bundles, and ``x_<bundle>``, what
    they would be with everybody's shares for the group and principal diagnosis."""
    rows = frame(batch).filter(pl.col("settled") & pl.col("drug_fee").is_not_null())
    rows = rows.with_columns(category().alias("dx3")).join(mixes, on=list(MIX))
    total = pl.col("total_cost")
    return (
        rows.group_by("institution_id")
        .agg(
            total.sum(),
            *(bundle(name).sum().alias(name) for name in BUNDLES),
            *((total * pl.col(f"x_{name}") // ONE).sum().alias(f"x_{name}") for name in BUNDLES),
        )
        .to_arrow()
    )


def house_mix(sums: pl.DataFrame) -> pl.DataFrame:
    """How far an institution's prices and booking shift its shares: ``institution_id``, ``h_<bundle>`` (1/10,000,
    may be negative)."""
    return (
        sums.filter(pl.col("total_cost") > 0)
        .select(
            "institution_id",
            *(((pl.col(b) - pl.col(f"x_{b}")) * ONE // pl.col("total_cost")).alias(f"h_{b}") for b in BUNDLES),
        )
        .sort("institution_id")
    )


def no_mix() -> tuple[pl.DataFrame, pl.DataFrame]:
    """No shares: what :func:`fee_mix` and :func:`house_mix` give where no fees were brought."""
    keys = dict.fromkeys(MIX, pl.String)
    return (
        pl.DataFrame(schema=keys | {f"x_{b}": pl.Int64 for b in BUNDLES}),
        pl.DataFrame(schema={"institution_id": pl.String} | {f"h_{b}": pl.Int64 for b in BUNDLES}),
    )
