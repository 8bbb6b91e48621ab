"""Rules that set a person's outpatient visits beside the stays: shifted costs, beds left alone, tests before a stay,
observation that became no stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits
from drgpay.steps.oversight.hits import HITS, Clue, clue, hits, yuan
from drgpay.steps.oversight.singles import share, under

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


_KINDS = {"drug": ("drug_fee", "g_drug"), "test": ("tests", "g_test"), "care": ("own_care", "usual_care")}
"""kinds of fees that a visit and a stay both have: the stay's own, and the mean of its group; care is treatment and
material"""
_FEES = ("v_fund_by_item", "v_total_cost", "v_drug_fee", "v_test_fee", "v_care_fee")


def _beside(rows: pl.DataFrame, visits: pl.DataFrame, days: int) -> pl.DataFrame:
    """Settled stays with the visits of the same person from ``days`` before to ``days`` after them. ``from_in``,
    ``from_out``: days of the visit after admission and after discharge; ``e_<kind>``: :func:`_beside_the_rest`."""
    narrow = rows.filter(pl.col("settled") & pl.col("admitted").is_not_null()).with_columns(
        (pl.col("treatment_fee") + pl.col("material_fee")).alias("own_care"),
        (pl.col("g_acts") - pl.col("g_surgery")).alias("usual_care"),
    )
    narrow = narrow.with_columns(
        _beside_the_rest(own, mean).alias(f"e_{kind}") for kind, (own, mean) in _KINDS.items()
    )
    both = narrow.select("stay_id", "person_id", "admitted", "discharged").join(visits, on="person_id")
    both = both.with_columns(
        (pl.col("v_visit_date") - pl.col("admitted")).dt.total_days().alias("from_in"),
        (pl.col("v_visit_date") - pl.col("discharged")).dt.total_days().alias("from_out"),
        (pl.col("v_total_cost") - pl.col("v_drug_fee") - pl.col("v_test_fee")).clip(0).alias("v_care_fee"),
    ).filter((pl.col("from_in") >= -days) & (pl.col("from_out") <= days))
    both = both.drop("person_id", "admitted", "discharged").join(narrow, on="stay_id").sort("stay_id", "v_visit_id")
    on = pl.concat_str(pl.lit("|"), pl.col("from_in"), pl.lit("|"))
    return both.with_columns(
        (pl.col("v_dx3") == pl.col("dx3")).fill_null(False).alias("v_same"),
        (pl.col("v_department_id") == pl.col("department_id")).fill_null(False).alias("v_own"),
        (~pl.col("care_on").str.contains(on, literal=True)).alias("v_idle"),
    )


def _beside_the_rest(own: str, mean: str) -> pl.Expr:
    """What a stay whose other costs are those of this one has of a fee (fen), by the ratio in its group: taking some
    of it away does not lower what is expected."""
    rest, usual = pl.col("total_cost") - pl.col(own), pl.col("g_cost") - pl.col(mean)
    expected = (pl.col(mean).cast(pl.Int128) * rest // usual).cast(pl.Int64)
    return pl.when((usual > 0) & (rest >= 0)).then(expected)


def _with_around(both: pl.DataFrame, shown: pl.Expr) -> pl.DataFrame:
    """The visits with what all those of the stay that are ``shown`` come to: ``a_n``, ``a_sides`` (before, within,
    after: how many of the three have any), ``a_<kind>`` fees."""
    before, within = pl.col("from_in") <= 0, (pl.col("from_in") > 0) & (pl.col("from_out") < 0)
    sides = (side.any().cast(pl.Int64) for side in (before, within, ~before & ~within))
    around = (
        both.filter(shown)
        .group_by("stay_id")
        .agg(
            pl.len().cast(pl.Int64).alias("a_n"),
            pl.sum_horizontal(*sides).alias("a_sides"),
            *(pl.col(f"v_{kind}_fee").fill_null(0).sum().alias(f"a_{kind}") for kind in _KINDS),
        )
    )
    return both.join(around, on="stay_id", how="left", maintain_order="left")


def _per_stay(found: pl.DataFrame) -> pl.DataFrame:
    """One row for each stay: what its visits cost, their ids, and their first as the rest of the row."""
    return found.group_by("stay_id", maintain_order=True).agg(
        pl.exclude(*_FEES, "v_visit_id", "v_same", "v_own", "v_idle").first(),
        pl.col("v_visit_id").str.join("|").alias("visits"),
        pl.len().cast(pl.Int64).alias("v_n"),
        *(pl.col(c).fill_null(0).sum() for c in _FEES),
        pl.col("v_same", "v_own", "v_idle").any(),
        (pl.col("v_kind") == "chronic").all().alias("v_chronic"),
        (pl.col("v_kind") == "special").all().alias("v_special"),
        pl.col("from_out").min().alias("v_soonest"),
        ((pl.col("from_in") == 1) | (pl.col("from_out") == -1)).all().alias("v_at_edge"),
    )


def _left(limits: Limits, limit: str, signal: str, visit: str) -> list[Clue]:
    """The stay has less of a kind of fee than its other costs lead one to expect, and the visits make up for it;
    ``visit``: what their columns begin with and end in."""
    found = []
    for kind, (own, _) in _KINDS.items():
        expected, fee = pl.col(f"e_{kind}"), pl.col(visit.format(kind))
        lacks = under(pl.col(own), expected, limits.ratio(limit))
        covers = share(fee, expected - pl.col(own), limits.ratio("shifting.covers"))
        named = {"drug": "drug_fee", "test": "examination_fee", "care": "treatment_fee"}[kind]
        found.append(clue(signal, lacks & covers, f"stay_details.{named}", yuan(own), yuan(expected)))
    return found


def _visit_clues(limits: Limits) -> list[Clue]:
    """Signs that visits beside a stay were part of it, or that they were not; by stay."""
    a_day = pl.col("total_cost") // pl.col("days")
    cost = pl.col("v_total_cost") * pl.col("days")
    days = pl.col("total_cost") * pl.col("v_n")
    early = pl.col("tests") - pl.col("late_tests")
    tests, fees = pl.col("v_test_fee"), pl.col("v_total_cost")

    def as_days(name: str, limit: str) -> Clue:
        holds = share(cost, days, limits.ratio(limit))
        return clue(name, holds, "visits.total_cost", yuan(fees // pl.col("v_n")), yuan(a_day), "visits")

    return [
        clue("own_department", pl.col("v_own"), "visits.department_id", pl.col("v_department_id"),
             pl.col("department_id"), "visits"),
        clue("same_disease", pl.col("v_same"), "visits.dx", pl.col("v_dx3"), pl.col("dx1"), "visits"),
        *_left(limits, "shifting.left", "left", "a_{}"),
        *_left(limits, "shifting.far_left", "far_left", "a_{}"),
        clue(
            "early_left",
            under(early, pl.col("e_test"), limits.ratio("shifting.early_left"))
            & share(tests, pl.col("e_test"), limits.ratio("shifting.early_tests")),
            "charges.amount",
            yuan(early),
            yuan("e_test"),
        ),
        as_days("as_a_day", "shifting.as_a_day"),
        as_days("much_a_day", "shifting.much_a_day"),
        as_days("whole_day", "shifting.whole_day"),
        clue("tests_only", share(tests, fees, limits.ratio("shifting.tests_only")), "visits.test_fee", yuan(tests),
             yuan(fees), "visits"),
        clue("large", fees >= limits.fen("shifting.large"), "visits.total_cost", yuan(fees), "", "visits"),
        clue("several", pl.col("v_n") > 1, "visits.visit_id", pl.col("v_n"), "", "visits"),
        clue("spread", pl.col("a_n") >= limits.whole("shifting.spread"), "visits.visit_id", pl.col("a_n"), "",
             "visits"),
        clue("all_around", pl.col("a_sides") == 3, "visits.visit_date", pl.col("a_n"), "", "visits"),
        clue("soon", pl.col("v_soonest") <= 1, "visits.visit_date", pl.col("v_visit_date"), pl.col("discharged"),
             "visits"),
        clue("at_edge", pl.col("v_at_edge") & (pl.col("v_n") == 1), "visits.visit_date", pl.col("v_visit_date"), "",
             "visits"),
        *(clue(name, pl.col(f"v_{name}"), "visits.kind", pl.col("v_kind"), "", "visits")
          for name in ("chronic", "special")),
    ]  # fmt: skip


def beside_stays(rows: pl.DataFrame, visits: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """CS1–CS6, HB4 and SP7. ``visits``: as :func:`plain_visits` gives them."""
    near = limits.whole("shifting.near_days")
    both = _beside(rows, visits, max(near, limits.whole("splitting.preop_days")))
    own = pl.col("v_institution_id") == pl.col("institution_id")
    in_person = ~pl.col("v_internet").fill_null(False)
    emergency = pl.col("v_kind").is_in(["emergency", "observation"])
    inside = (pl.col("from_in") > 0) & (pl.col("from_out") < 0)
    enough = pl.col("v_total_cost") >= limits.fen("shifting.fee")
    beside = own & in_person & ~emergency & enough & ~pl.col("bed_day")
    both = _with_around(both, beside & (pl.col("from_in") >= -near) & (pl.col("from_out") <= near))
    patterned = pl.col("planned_pattern")
    # what the fund paid for the visits; what was left to the patient alone is his loss
    amount = pl.when(pl.col("v_fund_by_item") > 0).then(pl.col("v_fund_by_item")).otherwise(pl.col("v_total_cost"))
    related = pl.col("visits")
    stayed = pl.col("admitted").cast(pl.String) + " – " + pl.col("discharged").cast(pl.String)
    when = clue("base", pl.lit(True), "visits.visit_date", pl.col("v_visit_date"), stayed, "visits")

    def shifted(rule: str, visited: pl.Expr, *more: Clue) -> Hits:
        found = _per_stay(both.filter(visited))
        return hits(RULES[rule], limits, found, [when, *_visit_clues(limits), *more], amount, related)

    def during() -> Hits:
        return shifted("CS1", beside & inside)

    def before() -> Hits:
        return shifted("CS2", beside & pl.col("from_in").is_between(-near, 0) & ~patterned)

    def after() -> Hits:
        later = pl.col("from_out").is_between(0, near) & (pl.col("from_in") > 0)
        return shifted("CS3", beside & later & pl.col("way").is_in([1, 3, 9]) & ~patterned)

    def observed_first() -> Hits:
        observation = (pl.col("v_kind") == "observation") & own & in_person & enough & ~pl.col("bed_day")
        just_before = pl.col("from_in").is_between(-limits.whole("shifting.observed_days"), 0)
        return shifted("CS6", observation & just_before, *_left(limits, "shifting.far_left", "far_left", "v_{}_fee"))

    def material_apart() -> Hits:
        rest = pl.col("v_care_fee").fill_null(0)
        apart = limits.whole("shifting.material_days")
        around = (pl.col("from_in") >= -apart) & (pl.col("from_out") <= apart)
        mostly = (rest >= limits.fen("shifting.material_fee")) & share(
            rest, pl.col("v_total_cost"), limits.ratio("shifting.material_share")
        )
        found = beside & around & pl.col("proc").is_not_null() & mostly.fill_null(False)
        expected = _beside_the_rest("material_fee", "g_material")
        missing = under(pl.col("material_fee"), expected, limits.ratio("shifting.material_left")) & share(
            pl.col("v_total_cost"), expected - pl.col("material_fee"), limits.ratio("shifting.covers")
        )
        left = clue("left", missing, "stay_details.material_fee", yuan("material_fee"), yuan(expected))
        paid = clue(
            "own_pocket", pl.col("v_fund_by_item") == 0, "visits.fund_by_item", yuan("v_fund_by_item"), "", "visits"
        )
        clues = [one for one in _visit_clues(limits) if one.signal in ("own_department", "same_disease")]
        return hits(RULES["CS5"], limits, _per_stay(both.filter(found)), [when, *clues, left, paid], amount, related)

    there = inside & ~own & in_person & ~emergency & ~pl.col("bed_day")
    drugs, tests = pl.col("v_drug_fee").fill_null(0), pl.col("v_test_fee").fill_null(0)

    def sent_out() -> Hits:
        mostly = limits.ratio("shifting.drug_share")
        bought = share(drugs, pl.col("v_total_cost"), mostly) & (pl.col("v_same") | pl.col("v_own"))
        tested = share(tests, pl.col("v_total_cost"), mostly)
        left = _left(limits, "shifting.left", "left", "v_{}_fee")
        far = _left(limits, "shifting.far_left", "far_left", "v_{}_fee")
        return shifted("CS4", there & enough & (bought | tested), *left, *far)

    def elsewhere() -> Hits:
        # for the disease of the stay a ward may send its patient out for a test, or out to buy drugs (CS4)
        found = _per_stay(both.filter(there & ~pl.col("v_same")))
        cheap = under(pl.col("total_cost"), pl.col("g_cost"), limits.ratio("hang_bed.empty_cost"))
        seen = pl.col("v_visit_date").cast(pl.String) + " " + pl.col("v_institution_id")
        return hits(
            RULES["HB4"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "visits.visit_date", seen, stayed, "visits"),
                *(one for one in _visit_clues(limits) if one.signal in ("several", "chronic", "special")),
                clue("cheap", cheap, "stays.total_cost", yuan("total_cost"), yuan("g_cost")),
                clue("idle_day", pl.col("v_idle"), "charges.charge_date", pl.col("v_visit_date"), "", "visits"),
                clue("treated", drugs + tests > 0, "visits.drug_fee", yuan(drugs + tests), "", "visits"),
            ],
            pl.col("pay"),
            related,
        )

    def tested_before() -> Hits:
        days = limits.whole("splitting.preop_days")
        made = pl.col("v_test_fee") >= limits.fen("splitting.preop_fee")
        visited = pl.col("surgical") & own & ~emergency & pl.col("from_in").is_between(-days, -1) & made
        found = _per_stay(both.filter(visited))
        expected, fees = pl.col("e_test"), pl.col("v_test_fee")
        missing = under(pl.col("tests"), expected, limits.ratio("splitting.preop_left")) & share(
            fees, expected - pl.col("tests"), limits.ratio("shifting.covers")
        )
        first = clue("base", pl.lit(True), "visits.test_fee", yuan("v_test_fee"), pl.col("admitted"), "visits")
        left = clue("tests_missing", missing, "stay_details.examination_fee", yuan("tests"), yuan(expected))
        own_signs = [first, left, *_visit_clues(limits)]
        return hits(RULES["SP7"], limits, found, own_signs, amount, related)

    return {
        "CS1": during,
        "CS2": before,
        "CS3": after,
        "CS4": sent_out,
        "CS5": material_apart,
        "CS6": observed_first,
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
