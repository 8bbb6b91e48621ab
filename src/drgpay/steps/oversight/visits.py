"""Rules that set a person's outpatient visits beside the stays: shifted costs, beds left alone, tests before a stay,
observation that became no stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits
from drgpay.steps.oversight.hits import HITS, clue, hits, yuan
from drgpay.steps.oversight.singles import for_its_cost, share, under

Hits = pl.DataFrame
VISIT_COLUMNS = (
    "visit_id",
    "person_id",
    "institution_id",
    "department_id",
    "visit_date",
    "kind",
    "internet",
    "observation_hours",
    "dx",
    "insurance_scheme",
    "fund_by_item",
    "total_cost",
    "drug_fee",
    "test_fee",
)
"""columns of table ``visits`` that are read"""


def plain_visits(visits: pl.DataFrame) -> pl.DataFrame:
    """Visits with the category of their first diagnosis as ``v_dx3`` and their other columns named v_…."""
    first = pl.col("dx").list.first().cast(pl.String).str.head(3)
    named = visits.with_columns(first.alias("dx3")).drop("dx")
    return named.rename({c: f"v_{c}" for c in named.columns if c != "person_id"})


def _beside(rows: pl.DataFrame, visits: pl.DataFrame, days: int) -> pl.DataFrame:
    """Settled stays with the visits of the same person from ``days`` before to ``days`` after them. ``from_in`` and
    ``from_out``: days of the visit after admission and after discharge."""
    narrow = rows.filter(pl.col("settled") & pl.col("admitted").is_not_null())
    both = narrow.select("stay_id", "person_id", "admitted", "discharged").join(visits, on="person_id")
    both = both.with_columns(
        (pl.col("v_visit_date") - pl.col("admitted")).dt.total_days().alias("from_in"),
        (pl.col("v_visit_date") - pl.col("discharged")).dt.total_days().alias("from_out"),
    ).filter((pl.col("from_in") >= -days) & (pl.col("from_out") <= days))
    both = both.drop("person_id", "admitted", "discharged").join(narrow, on="stay_id").sort("stay_id", "v_visit_id")
    on = pl.concat_str(pl.lit("|"), pl.col("from_in"), pl.lit("|"))
    return both.with_columns(
        (pl.col("v_dx3") == pl.col("dx3")).fill_null(False).alias("v_same"),
        (pl.col("v_department_id") == pl.col("department_id")).fill_null(False).alias("v_own"),
        (~pl.col("care_on").str.contains(on, literal=True)).alias("v_idle"),
    )


def _per_stay(found: pl.DataFrame) -> pl.DataFrame:
    """One row for each stay: what its visits cost, their ids, and their first as the rest of the row."""
    return found.group_by("stay_id", maintain_order=True).agg(
        pl.exclude(
            "v_fund_by_item", "v_total_cost", "v_visit_id", "v_drug_fee", "v_test_fee", "v_same", "v_own", "v_idle"
        ).first(),
        pl.col("v_visit_id").str.join("|").alias("visits"),
        pl.len().cast(pl.Int64).alias("v_n"),
        *(pl.col(c).fill_null(0).sum() for c in ("v_fund_by_item", "v_total_cost", "v_drug_fee", "v_test_fee")),
        pl.col("v_same", "v_own", "v_idle").any(),
        (pl.col("v_kind") == "chronic").all().alias("v_chronic"),
        (pl.col("v_kind") == "special").all().alias("v_special"),
    )


def _left(limits: Limits, limit: str, own: str, mean: str, visit: str) -> pl.Expr:
    """The stay has less of a kind of fee than its cost leads one to expect, and the visit makes up for it."""
    expected = for_its_cost(mean)
    lacks = expected - pl.col(own)
    return under(pl.col(own), expected, limits.ratio(limit)) & share(
        pl.col(visit), lacks, limits.ratio("shifting.covers")
    )


def beside_stays(rows: pl.DataFrame, visits: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """CS1–CS4, HB4 and SP7. ``visits``: as :func:`plain_visits` gives them."""
    reach = max(limits.whole("shifting.near_days"), limits.whole("splitting.preop_days"))
    both = _beside(rows, visits, reach)
    own = pl.col("v_institution_id") == pl.col("institution_id")
    in_person = ~pl.col("v_internet").fill_null(False)
    emergency = pl.col("v_kind").is_in(["emergency", "observation"])
    inside = (pl.col("from_in") > 0) & (pl.col("from_out") < 0)
    fees = pl.col("v_drug_fee").fill_null(0) + pl.col("v_test_fee").fill_null(0)
    large = (pl.col("v_drug_fee") + pl.col("v_test_fee")) >= 5 * limits.fen("shifting.fee")
    disease = clue("same_disease", pl.col("v_same"), "visits.dx", pl.col("v_dx3"), pl.col("dx1"), "visits")
    ward = clue(
        "own_department",
        pl.col("v_own"),
        "visits.department_id",
        pl.col("v_department_id"),
        pl.col("department_id"),
        "visits",
    )
    of_stay = pl.col("drug_fee").fill_null(0) + pl.col("tests").fill_null(0)
    material = clue(
        "material",
        share(fees, of_stay, limits.ratio("shifting.material")),
        "visits.total_cost",
        yuan(fees),
        yuan(of_stay),
        "visits",
    )
    tests_left = _left(limits, "shifting.tests_left", "tests", "g_test", "v_test_fee")
    drugs_left = _left(limits, "shifting.drugs_left", "drug_fee", "g_drug", "v_drug_fee")
    # drugs before an admission are mostly care that did not help: more of the stay's own must be missing
    long_left = _left(limits, "shifting.drugs_left_before", "drug_fee", "g_drug", "v_drug_fee")
    lefts = [
        clue("left", tests_left, "stay_details.examination_fee", yuan("tests"), yuan("g_test")),
        clue("left", drugs_left, "stay_details.drug_fee", yuan("drug_fee"), yuan("g_drug")),
    ]
    amount, related = pl.col("v_fund_by_item"), pl.col("visits")
    when = clue(
        "base",
        pl.lit(True),
        "visits.visit_date",
        pl.col("v_visit_date"),
        pl.col("admitted").cast(pl.String) + " – " + pl.col("discharged").cast(pl.String),
        "visits",
    )
    kinds = [
        clue(name, pl.col(f"v_{name}"), "visits.kind", pl.col("v_kind"), "", "visits")
        for name in ("chronic", "special")
    ]
    several = clue("several", pl.col("v_n") > 1, "visits.visit_id", pl.col("v_n"), "", "visits")
    near = limits.whole("shifting.near_days")

    def during() -> Hits:
        unsplit = pl.col("v_drug_fee").is_null() & pl.col("v_test_fee").is_null() & (pl.col("v_total_cost") > 0)
        found = _per_stay(both.filter(inside & own & in_person & ((fees > 0) | unsplit) & ~pl.col("bed_day")))
        return hits(
            RULES["CS1"],
            limits,
            found,
            [
                when,
                ward,
                material,
                *lefts,
                several,
                clue("large", large, "visits.total_cost", yuan("v_total_cost"), "", "visits"),
                disease,
                *kinds,
            ],
            amount,
            related,
        )

    def moved(rule: str, near_by: pl.Expr) -> Hits:
        kept = (fees >= limits.fen("shifting.fee")) & own & in_person & ~emergency
        found = _per_stay(both.filter(near_by & kept & ~pl.col("bed_day") & ~pl.col("planned_pattern")))
        return hits(
            RULES[rule],
            limits,
            found,
            [
                when,
                ward,
                material,
                clue(
                    "much",
                    share(fees, of_stay, limits.ratio("shifting.much")),
                    "visits.total_cost",
                    yuan(fees),
                    yuan(of_stay),
                    "visits",
                ),
                lefts[0],
                clue(
                    "left",
                    long_left if rule == "CS2" else drugs_left,
                    "stay_details.drug_fee",
                    yuan("drug_fee"),
                    yuan("g_drug"),
                ),
                clue(
                    "large", large, "visits.drug_fee", yuan(pl.col("v_drug_fee") + pl.col("v_test_fee")), "", "visits"
                ),
                disease,
                *kinds,
            ],
            amount,
            related,
        )

    def before() -> Hits:
        preop = pl.col("surgical") & (pl.col("v_test_fee").fill_null(0) > pl.col("v_drug_fee").fill_null(0))
        return moved("CS2", pl.col("from_in").is_between(-near, -1) & ~preop)

    def after() -> Hits:
        later = pl.col("from_out").is_between(0, near) & (pl.col("from_in") > 0)
        return moved("CS3", later & pl.col("way").is_in([1, 3]))

    there = inside & ~own & in_person & ~emergency & ~pl.col("bed_day")

    def bought_outside() -> Hits:
        drugs = pl.col("v_drug_fee").fill_null(0)
        mostly = (drugs > 0) & share(drugs, pl.col("v_total_cost"), limits.ratio("shifting.drug_share"))
        found = _per_stay(both.filter(there & mostly & (pl.col("v_same") | pl.col("v_own"))))
        missing = clue("left", drugs_left, "stay_details.drug_fee", yuan("drug_fee"), yuan("g_drug"))
        much = share(drugs, pl.col("drug_fee"), limits.ratio("shifting.much"))
        return hits(
            RULES["CS4"],
            limits,
            found,
            [
                when,
                disease,
                missing,
                clue("much", much, "visits.drug_fee", yuan(drugs), yuan("drug_fee"), "visits"),
                several,
                *kinds,
            ],
            amount,
            related,
        )

    def elsewhere() -> Hits:
        # for the disease of the stay a ward may send its patient out for a test, or out to buy drugs (CS4)
        found = _per_stay(both.filter(there & ~pl.col("v_same")))
        cheap = under(pl.col("total_cost"), pl.col("g_cost"), limits.ratio("hang_bed.empty_cost"))
        return hits(
            RULES["HB4"],
            limits,
            found,
            [
                clue(
                    "base",
                    pl.lit(True),
                    "visits.visit_date",
                    pl.col("v_visit_date").cast(pl.String) + " " + pl.col("v_institution_id"),
                    pl.col("admitted").cast(pl.String) + " – " + pl.col("discharged").cast(pl.String),
                    "visits",
                ),
                several,
                clue("cheap", cheap, "stays.total_cost", yuan("total_cost"), yuan("g_cost")),
                clue("idle_day", pl.col("v_idle"), "charges.charge_date", pl.col("v_visit_date"), "", "visits"),
                clue("treated", fees > 0, "visits.drug_fee", yuan(fees), "", "visits"),
                *kinds,
            ],
            pl.col("pay"),
            related,
        )

    def tested_before() -> Hits:
        days = limits.whole("splitting.preop_days")
        found = _per_stay(
            both.filter(
                pl.col("surgical")
                & own
                & ~emergency
                & pl.col("from_in").is_between(-days, -1)
                & (pl.col("v_test_fee") >= limits.fen("splitting.preop_fee"))
            )
        )
        return hits(
            RULES["SP7"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "visits.test_fee", yuan("v_test_fee"), pl.col("admitted"), "visits"),
                clue(
                    "tests_missing",
                    tests_left,
                    "stay_details.examination_fee",
                    yuan("tests"),
                    yuan("g_test"),
                ),
                disease,
            ],
            amount,
            related,
        )

    return {
        "CS1": during,
        "CS2": before,
        "CS3": after,
        "CS4": bought_outside,
        "HB4": elsewhere,
        "SP7": tested_before,
    }


def _as_cases(visits: pl.DataFrame) -> pl.DataFrame:
    """Visits with the columns a suspicion is about; ``stay_id`` as it stands, or none."""
    none = [
        pl.lit(None, pl.String).alias(c) for c in ("stay_id", "department_id", "doctor_id") if c not in visits.columns
    ]
    return visits.with_columns(
        *none,
        pl.col("v_institution_id").alias("institution_id"),
        pl.col("v_insurance_scheme").alias("insurance_scheme"),
        pl.col("v_visit_date").dt.month().alias("month"),
    )


def after_death(visits: pl.DataFrame, deaths: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """FR3 on visits: seen in person after the day of death. ``deaths``: ``person_id``, ``r_death``."""

    def dead() -> Hits:
        late = pl.duration(days=limits.whole("fraud.death_days"))
        found = visits.join(deaths, on="person_id").filter(pl.col("v_visit_date") > pl.col("r_death") + late)
        return hits(
            RULES["FR3"],
            limits,
            _as_cases(found.sort("v_visit_id")),
            [
                clue(
                    "base", pl.lit(True), "visits.visit_date", pl.col("v_visit_date"), pl.col("r_death"), "v_visit_id"
                )
            ],
            pl.col("v_fund_by_item"),
            pl.col("v_visit_id"),
        )

    return {"FR3": dead}


def observed(rows: pl.DataFrame, visits: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """RS1: emergency observation beyond the hours allowed. A suspicion about a visit has no stay of its own unless
    the patient was admitted there within two days."""

    def too_long() -> Hits:
        long = visits.filter(pl.col("v_observation_hours") > limits.whole("refusal.observation_hours"))
        if long.height == 0:
            return pl.DataFrame(schema=HITS)
        stays = rows.select("person_id", pl.col("stay_id").alias("in_stay"), "institution_id", "admitted")
        within = (
            (pl.col("admitted") - pl.col("v_visit_date"))
            .dt.total_days()
            .is_between(0, -(-limits.whole("refusal.observation_hours") // 24) + 2)
        )
        admitted = (
            long.join(stays, left_on=["person_id", "v_institution_id"], right_on=["person_id", "institution_id"])
            .filter(within)
            .group_by("v_visit_id")
            .agg(pl.col("in_stay").min())
        )
        found = long.join(admitted, on="v_visit_id", how="left", maintain_order="left")
        found = _as_cases(found.rename({"in_stay": "stay_id"}))
        return hits(
            RULES["RS1"],
            limits,
            found,
            [
                clue(
                    "base",
                    pl.lit(True),
                    "visits.observation_hours",
                    pl.col("v_observation_hours"),
                    str(limits.whole("refusal.observation_hours")),
                    "v_visit_id",
                ),
                clue("not_admitted", pl.col("stay_id").is_null(), "stays.admission_date", "", "", "v_visit_id"),
            ],
            pl.lit(0),
            pl.col("v_visit_id"),
        )

    return {"RS1": too_long}
