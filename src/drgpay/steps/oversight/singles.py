"""Rules that one stay's own facts decide (design/07 §2): fees, leave, days with charges, codes, other groups.

Every function takes settled stays as :func:`known` made them, and gives rows of :data:`~.hits.HITS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from drgpay.steps.oversight.catalogue import LISTS, RULES, Limits
from drgpay.steps.oversight.facts import category
from drgpay.steps.oversight.hits import Clue, clue, hits, yuan
from drgpay.units import ONE

Hits = pl.DataFrame
SURGICAL = "ABCDEFGHJ"
"""second letters of surgical basic groups of CHS-DRG"""
PROCEDURAL = "KLMNPQ"
"""second letters of its basic groups of procedures outside the operating room"""
_LEFT = (1, 2, 3)
"""ways of discharge on the institution's advice: home, transfer, community"""


def share(part: pl.Expr, whole: pl.Expr, limit: int) -> pl.Expr:
    """part ÷ whole ≥ limit (1/10,000), exact; false where the whole is not positive."""
    return (whole > 0) & (part * ONE >= whole * limit)


def under(value: pl.Expr, mean: pl.Expr, limit: int) -> pl.Expr:
    """value ≤ limit × mean."""
    return (mean > 0) & (value * ONE <= mean * limit)


def listed(column: str, name: str) -> pl.Expr:
    """A stay has a code of a list; ``column`` holds codes with | around them."""
    return pl.col(column).fill_null("").str.contains_any([f"|{code}" for code in LISTS[name]])


def principal_listed(name: str, column: str = "dx") -> pl.Expr:
    """The principal diagnosis is of a list."""
    codes = "|".join(code.replace(".", r"\.") for code in LISTS[name])
    return pl.col(column).str.contains(rf"^\|(?:{codes})")


def known(facts: pl.DataFrame, means: pl.DataFrame) -> pl.DataFrame:
    """Facts with the means of their group and what the rules derive from both."""
    tests = pl.col("examination_fee") + pl.col("laboratory_fee")
    care = (
        pl.col("treatment_fee").fill_null(0)
        + pl.col("surgery_fee").fill_null(0)
        + pl.col("material_fee").fill_null(0)
    )
    has_care = pl.any_horizontal(pl.col(f"{k}_fee").is_not_null() for k in ("treatment", "surgery", "material"))
    day = pl.col("los").clip(1)
    return facts.join(means, on="drg", how="left", maintain_order="left").with_columns(
        tests.alias("tests"),
        pl.when(has_care).then(care).alias("acts"),
        (pl.col("total_cost") - pl.col("bed_fee").fill_null(0) - pl.col("nursing_fee").fill_null(0)).alias(
            "beyond_bed"
        ),
        pl.col("dx").str.extract(r"^\|([^|]+)").alias("dx1"),
        category().alias("dx3"),
        pl.col("adrg").str.slice(1, 1).is_in(list(SURGICAL)).fill_null(False).alias("surgical"),
        (listed("proc", "planned_proc") | principal_listed("planned_dx")).fill_null(False).alias("planned_pattern"),
        (pl.col("case_class") == "bed_day").fill_null(False).alias("bed_day"),
        (pl.col("way") == 5).fill_null(False).alias("died"),
        day.alias("days"),
    )


def for_its_cost(mean: str) -> pl.Expr:
    """What a stay of its own cost has of a fee where the group has ``mean`` (fen): one that is cheap throughout is
    not short of anything."""
    return (pl.col(mean).cast(pl.Int128) * pl.col("total_cost") // pl.col("g_cost")).cast(pl.Int64)


def far_below(limits: Limits) -> pl.Expr:
    """Cost and days both far below those of the group: too little was done."""
    cost = under(pl.col("total_cost"), pl.col("g_cost"), limits.ratio("early.cost"))
    return cost & under(pl.col("los") * 100, pl.col("g_los"), limits.ratio("early.los"))


def thin(limits: Limits, name: str) -> pl.Expr:
    """The cost of a day is far below that of the group: a stay whose charges were only booked later is not thin."""
    usual = pl.col("g_cost") * pl.col("days") * 100
    return under(pl.col("total_cost") * pl.col("g_los"), usual, limits.ratio(name))


def cheap(limits: Limits, name: str = "hang_bed.empty_cost") -> pl.Expr:
    """The cost is far below that of the group."""
    return under(pl.col("total_cost"), pl.col("g_cost"), limits.ratio(name))


def _thin(limits: Limits) -> Clue:
    a_day = pl.col("total_cost") // pl.col("days")
    expected = pl.col("g_cost") * 100 // pl.col("g_los")
    return clue("thin", thin(limits, "hang_bed.thin"), "stays.total_cost", yuan(a_day), yuan(expected))


def cost_clue(signal: str, holds: pl.Expr) -> Clue:
    """A sign in the stay's cost, set beside its group's."""
    return clue(signal, holds, "stays.total_cost", yuan("total_cost"), yuan("g_cost"))


def hang_bed(rows: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """HB1, HB2, HB3, HB6, HB7: beds in which nobody is treated."""
    little = cheap(limits)

    def no_charges() -> Hits:
        stay = pl.col("los") - pl.col("leave_days").fill_null(0)
        idle = stay - pl.col("charge_days").fill_null(0)
        found = rows.filter(
            pl.col("charge_days").is_not_null()
            & ~pl.col("bed_day")
            & (idle >= limits.whole("hang_bed.idle_days"))
            & share(idle, stay, limits.ratio("hang_bed.idle_share"))
        )
        return hits(
            RULES["HB1"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "charges.charge_date", idle, stay),
                clue("half", idle * 2 >= stay, "charges.charge_date", pl.col("charge_days"), stay),
                clue("most_days", idle * 3 >= stay * 2, "charges.charge_date", pl.col("charge_days"), stay),
                _thin(limits),
            ],
            pl.col("pay"),
        )

    def only_bed() -> Hits:
        bed = pl.col("bed_fee").fill_null(0) + pl.col("nursing_fee").fill_null(0)
        stay = pl.col("los") - pl.col("leave_days").fill_null(0)
        by_day = pl.when(pl.col("charge_days") > pl.col("care_days")).then(stay - pl.col("care_days")).fill_null(0)
        fees = share(bed, pl.col("total_cost"), limits.ratio("hang_bed.bed_share")) & (bed > 0)
        days = (by_day >= limits.whole("hang_bed.idle_days")) & share(
            by_day, stay, limits.ratio("hang_bed.idle_share")
        )
        found = rows.filter(~pl.col("bed_day") & ~pl.col("died") & (fees | days).fill_null(False))
        return hits(
            RULES["HB2"],
            limits,
            found,
            [
                clue("base", fees, "stay_details.bed_fee", yuan(bed), yuan("total_cost")),
                clue("base", days, "charges.category", by_day, stay),
                clue("only_bed", fees, "stay_details.bed_fee", yuan(bed), yuan("total_cost")),
                clue("half", days & (by_day * 2 >= stay), "charges.category", pl.col("care_days"), stay),
                clue("most_days", days & (by_day * 3 >= stay * 2), "charges.category", pl.col("care_days"), stay),
                _thin(limits),
            ],
            pl.col("pay"),
        )

    def on_leave() -> Hits:
        leave = pl.col("leave_days")
        found = rows.filter(
            ~pl.col("bed_day") & (leave * ONE > pl.col("days") * limits.ratio("hang_bed.leave_share"))
        )
        return hits(
            RULES["HB3"],
            limits,
            found,
            [clue("base", pl.lit(True), "stay_details.leave_days", leave, pl.col("los")), cost_clue("cheap", little)],
            pl.col("pay"),
        )

    def tests_and_drugs() -> Hits:
        both = pl.col("tests") + pl.col("drug_fee")
        left = limits.ratio("hang_bed.left")
        usual = for_its_cost("g_acts")
        nursing = (pl.col("g_nursing") * pl.col("days") * 100 // pl.col("g_los")).cast(pl.Int64)
        found = rows.filter(
            ~pl.col("bed_day")
            & ~pl.col("died")
            & ~pl.col("surgical")
            & ((pl.col("acts") == 0) | under(pl.col("acts"), usual, left))
            & (pl.col("drug_fee") > 0)
            & (pl.col("los") >= 2)
            & share(both, pl.col("beyond_bed"), limits.ratio("hang_bed.exam_drug_share"))
        )
        return hits(
            RULES["HB6"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stay_details.drug_fee", yuan(both), yuan("beyond_bed")),
                clue("no_acts", pl.col("acts") == 0, "stay_details.treatment_fee", yuan("acts"), yuan(usual)),
                clue(
                    "no_nursing",
                    (pl.col("nursing_fee") == 0) | under(pl.col("nursing_fee"), nursing, left),
                    "stay_details.nursing_fee",
                    yuan("nursing_fee"),
                    yuan(nursing),
                ),
                cost_clue("cheap", little),
            ],
            pl.col("pay"),
        )

    def charged_before() -> Hits:
        least, days = limits.fen("hang_bed.before_fee"), pl.col("before_days")
        emergency = (pl.col("admission_route") == "emergency") | (pl.col("observation_hours") > 0)
        watched = (pl.col("observation_hours").fill_null(0) + 23) // 24
        admitting = pl.when(emergency.fill_null(False)).then(1 + watched).otherwise(0)
        long = days > pl.max_horizontal(pl.lit(limits.whole("hang_bed.tests_before")), admitting)
        care = (pl.col("before_care") >= least) & (days > admitting) & ~pl.col("surgical")
        found = rows.filter((pl.col("before_amount") >= least) & (long | care))

        def part(times: int) -> pl.Expr:
            limit = times * limits.ratio("hang_bed.before_share")
            return share(pl.col("before_amount"), pl.col("charged"), limit)

        return hits(
            RULES["HB7"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "charges.charge_date", yuan("before_amount"), pl.col("admitted")),
                clue("long_before", long, "charges.charge_date", days),
                clue("large", part(1), "charges.amount", yuan("before_amount"), yuan("charged")),
                clue("larger", part(2), "charges.amount", yuan("before_amount"), yuan("charged")),
            ],
            pl.col("before_amount"),
        )

    return {"HB1": no_charges, "HB2": only_bed, "HB3": on_leave, "HB6": tests_and_drugs, "HB7": charged_before}


def impossible(rows: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """FR4: services sex or age rule out; FR5: charges for what is nowhere recorded. ``rows`` also have ``r_sex`` and
    ``r_birth`` of the register, null where it does not know the person."""

    def at_odds() -> Hits:
        on, born = pl.coalesce("admitted", "discharged"), pl.col("r_birth")
        later = (on.dt.month().cast(pl.Int16) * 100 + on.dt.day()) < (
            born.dt.month().cast(pl.Int16) * 100 + born.dt.day()
        )
        own_age = (on.dt.year() - born.dt.year() - later.cast(pl.Int32)).cast(pl.Int64)
        ages = (own_age - pl.col("age")).abs() >= limits.whole("fraud.age_years")
        sexes = pl.col("sex") != pl.col("r_sex")
        codes = pl.col("code_sex") != pl.col("r_sex")
        found = rows.filter(
            pl.col("sex_code").fill_null(False)
            | codes.fill_null(False)
            | pl.col("age_code").fill_null(False)
            | sexes.fill_null(False)
            | ages.fill_null(False)
        )
        return hits(
            RULES["FR4"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stays.sex", pl.col("sex"), pl.col("r_sex").fill_null("")),
                clue(
                    "sex_code",
                    pl.col("sex_code"),
                    "stays.dx",
                    pl.col("dx") + pl.col("proc").fill_null(""),
                    pl.col("sex"),
                ),
                clue("sex_code", codes, "persons.sex", pl.col("code_sex"), pl.col("r_sex")),
                clue("sex_register", sexes, "persons.sex", pl.col("sex"), pl.col("r_sex")),
                clue("age_code", pl.col("age_code"), "stays.dx", pl.col("dx"), pl.col("age")),
                clue("age_register", ages, "persons.birth_date", pl.col("age"), own_age),
            ],
            pl.col("pay"),
        )

    def unrecorded() -> Hits:
        fee, late = pl.col("surgery_fee").fill_null(0), pl.col("after_amount").fill_null(0)
        no_operation = pl.col("proc").is_null() & ~principal_listed("birth_dx").fill_null(False)
        charged = no_operation & (fee >= limits.fen("fraud.surgery_fee"))
        after = late >= limits.fen("hang_bed.before_fee")
        found = rows.filter((charged | after) & ~pl.col("bed_day"))
        part = limits.ratio("fraud.surgery_share")
        return hits(
            RULES["FR5"],
            limits,
            found,
            [
                clue("base", charged, "stay_details.surgery_fee", yuan(fee)),
                clue("base", after, "charges.charge_date", yuan(late), pl.col("discharged")),
                clue("no_operation", charged, "stays.proc", yuan(fee)),
                clue("large", charged & share(fee, pl.col("total_cost"), part), "stay_details.surgery_fee", yuan(fee),
                     yuan("total_cost")),
                clue("unlike_group", charged & (fee >= 10 * pl.col("g_surgery")), "stay_details.surgery_fee",
                     yuan(fee), yuan("g_surgery")),
                clue("after_discharge", after, "charges.charge_date", yuan(late), pl.col("discharged")),
            ],
            pl.when(charged).then(fee).otherwise(0) + late,
        )  # fmt: skip

    return {"FR4": at_odds, "FR5": unrecorded}


def _with_usual_fees(rows: pl.DataFrame, means: pl.DataFrame) -> pl.DataFrame:
    """Stays of surgical groups too rare for means of their own get, for their published cost, the surgery and
    material that all surgical groups have for theirs."""
    operated = means.filter(pl.col("drg").str.slice(1, 1).is_in(list(SURGICAL)) & pl.col("g_surgery").is_not_null())
    whole = int((operated["g_cost"] * operated["g_n"]).sum())
    if whole == 0:
        return rows
    part = {
        name: int((operated[name] * operated["g_n"]).sum()) * ONE // whole for name in ("g_surgery", "g_material")
    }
    return rows.with_columns(
        pl.coalesce(name, pl.when("surgical").then(pl.col("g_cost") * share_of // ONE)).cast(pl.Int64).alias(name)
        for name, share_of in part.items()
    )


def coding(
    rows: pl.DataFrame, limits: Limits, peers: pl.DataFrame, means: pl.DataFrame
) -> Mapping[str, Callable[[], Hits]]:
    """UP1, UP2 and UP3: payment of the reported group against that of another. ``rows`` also have the means of the
    other groups, ``cc_cost``, ``cc_los``, ``other_cost``, ``other_los``, ``cc_care``, ``other_care``; ``peers``:
    ``institution_id``, ``shrunk`` and ``lifted_shrunk``, standardised rates of coded complications and of cheap stays
    that less codes would put in a lower group; ``means``: see :func:`~.facts.group_means`."""
    rows = rows.join(peers, on="institution_id", how="left", maintain_order="left")
    bound = limits.ratio("upcoding.peer_ratio")
    high, often = pl.col("shrunk") >= bound, pl.col("lifted_shrunk") >= bound

    def lifted(rule: str, name: str) -> Hits:
        gain = pl.col("price") - pl.col(f"{name}_price")
        fits = (pl.col("total_cost") - pl.col(f"{name}_cost")).abs() < (pl.col("total_cost") - pl.col("g_cost")).abs()
        days = (pl.col("los") * 100 - pl.col(f"{name}_los")).abs() < (pl.col("los") * 100 - pl.col("g_los")).abs()
        care = pl.col("acts") + pl.col("drug_fee")
        found = rows.filter(
            ~pl.col("died")
            & (pl.col("way").fill_null(1) != 2)
            & (gain > 0)
            & (gain * ONE >= pl.col("price") * limits.ratio("upcoding.gain"))
            & under(pl.col("total_cost"), pl.col("g_cost"), limits.ratio("upcoding.cost"))
        )
        return hits(
            RULES[rule],
            limits,
            found,
            [
                clue(
                    "base",
                    pl.lit(True),
                    "stays.dx",
                    pl.col(f"{name}_code"),
                    pl.col("drg") + " → " + pl.col(f"{name}_drg"),
                ),
                clue(
                    "cost_fits",
                    fits,
                    "stays.total_cost",
                    yuan("total_cost"),
                    yuan("g_cost") + " → " + yuan(f"{name}_cost"),
                ),
                clue(
                    "days_fit",
                    days,
                    "stays.los",
                    pl.col("los"),
                    (pl.col("g_los") // 100).cast(pl.String) + " → " + (pl.col(f"{name}_los") // 100).cast(pl.String),
                ),
                clue(
                    "little_care",
                    care <= pl.col(f"{name}_care"),
                    "stay_details.treatment_fee",
                    yuan(care),
                    yuan(f"{name}_care"),
                ),
                cost_clue("far", cheap(limits, "upcoding.far")),
                clue("peers", high, "coding_rates.shrunk", pl.col("shrunk"), "10000"),
                clue("often", often, "coding_rates.lifted_shrunk", pl.col("lifted_shrunk"), "10000"),
                clue(
                    "very_often",
                    pl.col("lifted_shrunk") >= 2 * bound - ONE,
                    "coding_rates.lifted_shrunk",
                    pl.col("lifted_shrunk"),
                    "10000",
                ),
            ],
            gain,
        )

    def no_operation() -> Hits:
        part, left = limits.ratio("upcoding.surgery_share"), limits.ratio("upcoding.surgery_left")
        usual = share(pl.col("g_surgery"), pl.col("g_cost"), part)
        hardly = under(pl.col("surgery_fee"), for_its_cost("g_surgery"), left)
        of_procedures = (
            pl.col("adrg").str.slice(1, 1).is_in(list(SURGICAL + PROCEDURAL)) & pl.col("proc").is_not_null()
        )
        found = _with_usual_fees(rows.filter(of_procedures), means).filter(usual & hardly)
        return hits(
            RULES["UP3"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stay_details.surgery_fee", yuan("surgery_fee"), yuan("g_surgery")),
                clue("none", pl.col("surgery_fee") == 0, "stay_details.surgery_fee", yuan("surgery_fee")),
                clue(
                    "no_material",
                    under(pl.col("material_fee"), pl.col("g_material"), left),
                    "stay_details.material_fee",
                    yuan("material_fee"),
                    yuan("g_material"),
                ),
                cost_clue("cheap", cheap(limits, "upcoding.cost")),
                cost_clue("far", cheap(limits, "upcoding.far")),
            ],
            pl.coalesce(pl.col("price") - pl.col("proc_price"), low_gain()),
        )

    return {
        "UP1": lambda: lifted("UP1", "cc"),
        "UP2": lambda: lifted("UP2", "other"),
        "UP3": no_operation,
    }


def too_little(rows: pl.DataFrame, limits: Limits, primary: frozenset[str]) -> Mapping[str, Callable[[], Hits]]:
    """ED3 and RS4: too little service, and severe cases sent on. ``primary``: institutions of the lowest level."""
    low = far_below(limits)

    def little() -> Hits:
        half_cost, half_los = limits.ratio("early.cost") // 2, limits.ratio("early.los") // 2
        care = pl.col("acts") + pl.col("drug_fee")
        very = under(pl.col("total_cost"), pl.col("g_cost"), half_cost) & under(
            pl.col("los") * 100, pl.col("g_los"), half_los
        )
        found = rows.filter(low & (pl.col("way") == 1) & ~pl.col("bed_day") & (pl.col("severity") != "none"))
        return hits(
            RULES["ED3"],
            limits,
            found,
            [
                cost_clue("base", pl.lit(True)),
                clue("very_low", very, "stays.los", pl.col("los"), pl.col("g_los") // 100),
                clue(
                    "little_care",
                    under(care, pl.col("g_care"), limits.ratio("early.cost")),
                    "stay_details.treatment_fee",
                    yuan(care),
                    yuan("g_care"),
                ),
            ],
            low_gain(),
        )

    def sent_away() -> Hits:
        heavy = pl.col("g_cost") * ONE >= pl.col("overall") * limits.ratio("refusal.severe_cost")
        severe = (pl.col("severity") == "mcc") | heavy
        found = rows.filter(
            pl.col("way").is_in([2, 4])
            & (pl.col("los") <= limits.whole("refusal.transfer_los"))
            & (severe | (pl.col("g_cost") >= pl.col("overall")))
            & ~pl.col("planned_pattern")
            & ~pl.col("surgical")
            & ~pl.col("institution_id").is_in(list(primary))
        )
        return hits(
            RULES["RS4"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stays.discharge_way", pl.col("way"), pl.col("drg")),
                clue("severe", severe, "grouped.severity", pl.col("severity"), yuan("g_cost")),
                clue("sent_on", pl.col("way") == 2, "stays.discharge_way", pl.col("way")),
                cost_clue("untreated", cheap(limits, "refusal.untreated")),
                clue("same_day", pl.col("los") == 0, "stays.los", pl.col("los"), pl.col("g_los") // 100),
            ],
            low_gain(),
        )

    return {"ED3": little, "RS4": sent_away}


def self_paid(rows: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """CS7: much that the patient paid alone, and less than a stay of the group for the fund to share in."""

    def instead() -> Hits:
        out, inside = pl.col("out_of_policy"), pl.col("total_cost") - pl.col("out_of_policy")
        part = share(out, pl.col("total_cost"), limits.ratio("shifting.self_paid"))
        left = under(inside, pl.col("g_cost"), limits.ratio("shifting.in_policy"))
        found = rows.filter((part & left & ~pl.col("bed_day") & ~pl.col("died")).fill_null(False))
        most = share(out, pl.col("total_cost"), ONE // 2)
        return hits(
            RULES["CS7"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stay_details.out_of_policy", yuan(out), yuan("total_cost")),
                clue("most", most, "stay_details.out_of_policy", yuan(inside), yuan("g_cost")),
            ],
            pl.lit(0),
        )

    return {"CS7": instead}


def low_gain(prefix: str = "") -> pl.Expr:
    """Payment less what a stay of this cost would get as a low one: price × (1 − cost ÷ group mean), half up."""
    price, cost, mean = (pl.col(f"{prefix}{name}").cast(pl.Int128) for name in ("price", "total_cost", "g_cost"))
    less = (mean - cost).clip(0)
    return pl.when(mean > 0).then((2 * price * less + mean) // (2 * mean)).otherwise(0).cast(pl.Int64)
