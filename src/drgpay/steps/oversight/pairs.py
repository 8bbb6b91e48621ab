"""Rules on the stays of one person one after the other: splitting, early returns, repeated tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from drgpay.steps.oversight.catalogue import RULES, Limits
from drgpay.steps.oversight.hits import WHOSE, Clue, clue, hits, yuan
from drgpay.steps.oversight.singles import far_below, for_its_cost, low_gain, principal_listed, share, under
from drgpay.units import ONE

Hits = pl.DataFrame
BACK = (
    *WHOSE,
    "surgeon_id",
    "admitted",
    "discharged",
    "dx",
    "dx1",
    "dx3",
    "adrg",
    "drg",
    "los",
    "total_cost",
    "price",
    "case_class",
    "bed_day",
    "way",
    "died",
    "surgical",
    "readmission_planned",
    "planned_pattern",
    "g_cost",
    "g_los",
    "g_care",
    "sex",
    "age",
    "settled",
    "acts",
    "tests",
    "charge_days",
    "care_days",
    "leave_days",
)
"""what of the stay before a rule looks at; its names begin with p_"""
HOME = (1, 3, 9)
"""ways of discharge of one who went home, to the community, or nobody knows where"""


def span(prefix: str) -> pl.Expr:
    """Admission and discharge as one text."""
    return pl.col(f"{prefix}admitted").cast(pl.String) + " – " + pl.col(f"{prefix}discharged").cast(pl.String)


def with_earlier(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Every stay with the one before it among the stays of the same ``by`` (``p_…`` columns), those without one left
    out. ``gap``: days from that discharge to this admission."""
    ordered = rows.sort([*by, "admitted", "discharged", "stay_id"])
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in by)
    return (
        ordered.with_columns(pl.col(name).shift(1).alias(f"p_{name}") for name in BACK)
        .filter(same.fill_null(False))
        .with_columns((pl.col("admitted") - pl.col("p_discharged")).dt.total_days().alias("gap"))
    )


def same_disease() -> pl.Expr:
    """The category of the principal diagnosis, or the basic group, is that of the stay before."""
    return (pl.col("dx3") == pl.col("p_dx3")) | (pl.col("adrg") == pl.col("p_adrg"))


def _either_as_other(a: str, b: str) -> pl.Expr:
    """The principal diagnosis of a is among the other diagnoses of b, by its category."""
    return pl.col(f"{b}dx").str.contains(pl.lit("|") + pl.col(f"{a}dx3"), literal=True).fill_null(False)


def other_ward() -> pl.Expr:
    """From one department of a house straight into another: discharged and admitted again on the same or next day."""
    return (pl.col("gap") <= 1) & (pl.col("department_id") != pl.col("p_department_id")) & pl.col("p_way").is_in(HOME)


def _tail() -> pl.Expr:
    """The second stay is the aftercare of the first one's disease: both were one course."""
    return principal_listed("aftercare_dx") & ~pl.col("p_planned_pattern") & _either_as_other("p_", "")


def with_ranks(pairs: pl.DataFrame, ranks: pl.DataFrame, before: str = "p_") -> pl.DataFrame:
    """Stays with the level of their house as ``rank``, and that of the house of the stay before as ``p_rank``."""
    there = ranks.select(pl.all().name.prefix(before))
    pairs = pairs.join(ranks, on="institution_id", how="left", maintain_order="left")
    return pairs.join(there, on=f"{before}institution_id", how="left", maintain_order="left")


def sent_up() -> Clue:
    """From a house to one of a higher level, which is what transfers are for."""
    up = pl.col("rank") > pl.col("p_rank")
    return clue("sent_up", up, "stays.institution_id", pl.col("institution_id"), pl.col("p_institution_id"))


def plain_pair(limits: Limits) -> pl.Expr:
    """Exclusions of seed 001: planned patterns, bed-days, deaths; and long-term care, whose stays are settled in
    parts by nature. That the record says a readmission was planned excludes nothing, since anybody can write it
    there: it speaks against, as a sign (``planned``)."""
    return ~(
        (pl.col("g_los").fill_null(0) >= limits.whole("splitting.long_care") * 100)
        | pl.col("planned_pattern")
        | pl.col("p_planned_pattern")
        | pl.col("bed_day")
        | pl.col("p_bed_day")
        | pl.col("p_died")
    )


def carried() -> pl.Expr:
    """The principal diagnosis of one is among the diagnoses of the other."""
    return _either_as_other("", "p_") | _either_as_other("p_", "")


def _codes(prefix: str) -> pl.Expr:
    return pl.col(f"{prefix}dx").str.strip_chars("|").str.split("|")


def _same_list(limits: Limits) -> pl.Expr:
    """Both have nearly the same diagnoses: the codes of both are a large part of the codes of either."""
    both, either = _codes("").list.set_intersection(_codes("p_")), _codes("").list.set_union(_codes("p_"))
    return share(
        both.list.len().cast(pl.Int64), either.list.len().cast(pl.Int64), limits.ratio("splitting.same_list")
    )


def _alike(limits: Limits) -> pl.Expr:
    """Neither stay costs less than a part of the other: halves of one, not a try and its repetition."""
    first, second, part = pl.col("p_total_cost"), pl.col("total_cost"), limits.ratio("splitting.parts")
    return (first * ONE > second * part) & (second * ONE > first * part)


def _one_treatment(limits: Limits) -> list[Clue]:
    """The second stay goes on where the first ended: the same doctor, and hardly any tests again."""
    doctor = pl.col("doctor_id") == pl.col("p_doctor_id")
    expected = for_its_cost("g_test")
    no_tests = under(pl.col("tests"), expected, limits.ratio("splitting.tests_again"))
    return [
        clue("same_doctor", doctor, "stays.doctor_id", pl.col("doctor_id"), pl.col("p_doctor_id")),
        clue("no_new_tests", no_tests, "stay_details.examination_fee", yuan("tests"), yuan(expected)),
    ]


def pair_clues(limits: Limits) -> list[Clue]:
    """Signs that two stays, one after the other, are parts of one, or that they are not."""
    both = pl.col("total_cost") + pl.col("p_total_cost")
    mean = pl.max_horizontal("g_cost", "p_g_cost")
    early, usual = pl.col("tests") - pl.col("late_tests"), for_its_cost("g_test")
    days = (pl.col("p_los"), pl.col("p_g_los") // 100)
    codes = (_codes("").list.join(" "), _codes("p_").list.join(" "))

    def gap(name: str, limit: str) -> Clue:
        holds = pl.col("gap") <= limits.whole(limit)
        return clue(name, holds, "stays.admission_date", pl.col("admitted"), pl.col("p_discharged"))

    def costs(name: str, limit: str) -> Clue:
        return clue(name, under(both, mean, limits.ratio(limit)), "stays.total_cost", yuan(both), yuan(mean))

    def length(name: str, limit: str) -> Clue:
        holds = under(pl.col("p_los") * 100, pl.col("p_g_los"), limits.ratio(limit))
        return clue(name, holds, "stays.los", *days, "p_stay_id")

    def beside(name: str, holds: pl.Expr) -> Clue:
        return clue(name, holds, "stays.total_cost", yuan("p_total_cost"), yuan("total_cost"), "p_stay_id")

    return [
        clue("carried", carried(), "stays.dx", *codes),
        clue("same_list", _same_list(limits), "stays.dx", *codes),
        gap("short_gap", "splitting.short_gap_days"),
        gap("within_week", "splitting.week_days"),
        costs("as_one", "splitting.one_stay_cost"),
        costs("near_one", "splitting.near_one_cost"),
        length("first_part", "splitting.first_part"),
        length("first_half", "splitting.first_half"),
        beside("alike", _alike(limits)),
        beside(
            "rather_early",
            under(pl.col("p_total_cost"), pl.col("total_cost"), limits.ratio("splitting.parts"))
            & under(pl.col("p_total_cost"), pl.col("p_g_cost"), limits.ratio("early.cost")),
        ),
        *_one_treatment(limits),
        clue(
            "no_early_tests",
            under(early, usual, limits.ratio("splitting.early_tests")),
            "charges.amount",
            yuan(early),
            yuan(usual),
        ),
        clue(
            "operated",
            pl.col("surgical") & ~pl.col("p_surgical"),
            "grouped.adrg",
            pl.col("adrg"),
            pl.col("p_adrg"),
        ),
        clue(
            "emergency",
            pl.col("admission_route") == "emergency",
            "stay_details.admission_route",
            pl.col("admission_route"),
        ),
        clue(
            "planned",
            pl.col("p_readmission_planned"),
            "stay_details.readmission_planned",
            "true",
            "",
            "p_stay_id",
        ),
        clue("against_advice", pl.col("p_way") == 4, "stays.discharge_way", pl.col("p_way"), "", "p_stay_id"),
    ]


def splitting(
    rows: pl.DataFrame, limits: Limits, links: pl.DataFrame, ranks: pl.DataFrame
) -> Mapping[str, Callable[[], Hits]]:
    """SP1–SP6 on the stays of known persons, sorted or not. ``links``: ``institution_id``, ``link``; ``ranks``:
    ``institution_id``, ``rank`` (0 = primary).

    The amount is filled in by the run, which prices the stay that both make; here it is the smaller payment."""
    within = pl.col("settled") & pl.col("gap").is_between(0, limits.whole("splitting.gap_days"))
    near = with_earlier(rows, ["person_id", "institution_id"]).filter(within)
    fewer = pl.min_horizontal("price", "p_price")
    before = pl.col("p_stay_id")
    surgery = pl.col("surgical") & pl.col("p_surgical") & (pl.col("adrg").str.head(1) == pl.col("p_adrg").str.head(1))
    tail = _tail().fill_null(False)

    def pair(rule: str, of: pl.DataFrame, holds: pl.Expr, *own: Clue) -> Hits:
        clues = [*own, *pair_clues(limits)]
        return hits(RULES[rule], limits, of.filter(holds & plain_pair(limits)), clues, fewer, before)

    disease = clue("base", pl.lit(True), "stays.dx", pl.col("dx1"), pl.col("p_dx1"))

    def soon() -> Hits:
        return pair("SP1", near, same_disease() & ~surgery & ~other_ward().fill_null(False), disease)

    def sister() -> Hits:
        # who was transferred is looked at by SP8
        moved = with_earlier(rows, ["person_id"]).filter(
            within & (pl.col("institution_id") != pl.col("p_institution_id")) & (pl.col("p_way") != 2)
        )
        other = links.select(p_institution_id="institution_id", p_link="link")
        linked = moved.join(links, on="institution_id").join(other, on="p_institution_id")
        linked = linked.filter(pl.col("link") == pl.col("p_link")).select("stay_id", link="link")
        moved = moved.join(linked.unique("stay_id", keep="first"), on="stay_id", how="left", maintain_order="left")
        moved = with_ranks(moved, ranks)
        house = clue(
            "linked",
            pl.col("link").is_not_null(),
            "institution_links.link",
            pl.col("link"),
            pl.col("p_institution_id"),
            "institution_id",
        )
        return pair("SP2", moved, same_disease(), disease, house, sent_up())

    def in_two_ways() -> Hits:
        by_day = pl.col("bed_day") != pl.col("p_bed_day")
        long = share(pl.col("los") * 100, pl.col("g_los"), limits.ratio("splitting.long_part"))
        moved = long & (pl.col("p_way") == 1) & (pl.col("admission_route") != "emergency") & ~same_disease()
        planned = pl.col("p_readmission_planned").fill_null(False)
        kinds = by_day | tail | (moved & ~planned & ~surgery)
        found = near.filter((pl.col("gap") <= 1) & ~pl.col("p_died") & kinds.fill_null(False))
        return hits(
            RULES["SP3"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stays.admission_date", pl.col("admitted"), pl.col("p_discharged")),
                clue("by_day", by_day, "case_points.case_class", pl.col("case_class"), pl.col("p_case_class")),
                clue("long_part", long, "stays.los", pl.col("los"), pl.col("g_los") // 100),
                *pair_clues(limits),
            ],
            fewer,
            before,
        )

    def changed() -> Hits:
        symptom = principal_listed("symptom_dx", "p_dx")
        wards = other_ward().fill_null(False) & carried()
        return pair("SP4", near, ~same_disease() & ~surgery & ~wards & (carried() | symptom), disease)

    def apart() -> Hits:
        operations = clue("base", pl.lit(True), "grouped.adrg", pl.col("adrg"), pl.col("p_adrg"))
        return pair("SP5", near, surgery & ~other_ward().fill_null(False), operations)

    def out_and_back() -> Hits:
        three = rows.sort("person_id", "admitted", "discharged", "stay_id").with_columns(
            *(
                pl.col(c).shift(1).alias(f"m_{c}")
                for c in ("person_id", "stay_id", "institution_id", "admitted", "discharged")
            ),
            *(pl.col(c).shift(2).alias(f"p_{c}") for c in (*BACK, "person_id")),
        )
        three = with_ranks(three, ranks, "m_")
        days = limits.whole("splitting.transfer_days")
        first = (pl.col("m_admitted") - pl.col("p_discharged")).dt.total_days()
        second = (pl.col("admitted") - pl.col("m_discharged")).dt.total_days()
        found = (
            three.filter(
                pl.col("settled")
                & (pl.col("person_id") == pl.col("p_person_id"))
                & (pl.col("person_id") == pl.col("m_person_id"))
                & (pl.col("institution_id") == pl.col("p_institution_id"))
                & (pl.col("institution_id") != pl.col("m_institution_id"))
                # up for what the house cannot do, and home again: that is what transfers are for
                & ~(pl.col("m_rank") > pl.col("rank")).fill_null(False)
                & first.is_between(0, days)
                & second.is_between(0, days)
            )
            .with_columns(second.alias("gap"))
            .filter(plain_pair(limits))
        )
        return hits(
            RULES["SP6"],
            limits,
            found,
            [
                clue(
                    "base",
                    pl.lit(True),
                    "stays.institution_id",
                    pl.col("m_institution_id"),
                    pl.col("institution_id"),
                    "m_stay_id",
                ),
                clue("same_disease", same_disease(), "stays.dx", pl.col("dx1"), pl.col("p_dx1")),
                clue(
                    "short_gap",
                    (first <= 1) & (second <= 1),
                    "stays.admission_date",
                    pl.col("admitted"),
                    pl.col("m_discharged"),
                ),
            ],
            fewer,
            pl.col("p_stay_id") + "|" + pl.col("m_stay_id"),
        )

    return {"SP1": soon, "SP2": sister, "SP3": in_two_ways, "SP4": changed, "SP5": apart, "SP6": out_and_back}


def returns(rows: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """ED1 and ED2: far shorter and cheaper than the group, and soon back or dead."""
    low = far_below(limits)
    treated = ~pl.col("bed_day") & ~pl.col("planned_pattern")
    advised = pl.col("way").is_in([1, 3])
    soon = limits.whole("early.soon_days")

    def back() -> Hits:
        nxt = (
            "stay_id",
            "person_id",
            "institution_id",
            "admitted",
            "dx3",
            "dx1",
            "adrg",
            "admission_route",
            "planned_pattern",
            "total_cost",
        )
        ordered = rows.sort("person_id", "admitted", "discharged", "stay_id").with_columns(
            pl.col(c).shift(-1).alias(f"n_{c}") for c in nxt
        )
        gap = (pl.col("n_admitted") - pl.col("discharged")).dt.total_days()
        disease = (pl.col("dx3") == pl.col("n_dx3")) | (pl.col("adrg") == pl.col("n_adrg"))
        emergency = pl.col("n_admission_route") == "emergency"
        undone = under(pl.col("total_cost"), pl.col("n_total_cost"), limits.ratio("splitting.parts"))
        found = ordered.filter(
            pl.col("settled")
            & (pl.col("person_id") == pl.col("n_person_id"))
            & low
            & (advised | (pl.col("way") == 4))
            & treated
            & gap.is_between(0, limits.whole("early.return_days"))
            & ~pl.col("n_planned_pattern")
            & ~pl.col("readmission_planned").fill_null(False)
            & (disease | emergency).fill_null(False)
        )
        return hits(
            RULES["ED1"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stays.los", pl.col("los"), pl.col("g_los") // 100),
                clue("same_disease", disease, "stays.dx", pl.col("n_dx1"), pl.col("dx1"), "n_stay_id"),
                clue(
                    "soon",
                    gap <= soon,
                    "stays.admission_date",
                    pl.col("n_admitted"),
                    pl.col("discharged"),
                    "n_stay_id",
                ),
                clue(
                    "in_full",
                    disease & undone,
                    "stays.total_cost",
                    yuan("n_total_cost"),
                    yuan("total_cost"),
                    "n_stay_id",
                ),
                clue(
                    "alike",
                    disease & ~undone,
                    "stays.total_cost",
                    yuan("n_total_cost"),
                    yuan("total_cost"),
                    "n_stay_id",
                ),
                clue("against_advice", ~advised, "stays.discharge_way", pl.col("way")),
                clue(
                    "emergency",
                    emergency,
                    "stay_details.admission_route",
                    pl.col("n_admission_route"),
                    "",
                    "n_stay_id",
                ),
                clue(
                    "elsewhere",
                    pl.col("n_institution_id") != pl.col("institution_id"),
                    "stays.institution_id",
                    pl.col("n_institution_id"),
                    pl.col("institution_id"),
                    "n_stay_id",
                ),
            ],
            low_gain(),
            pl.col("n_stay_id"),
        )

    def gone() -> Hits:
        days = (pl.col("r_death") - pl.col("discharged")).dt.total_days()
        found = rows.filter(
            pl.col("settled")
            & low
            & advised
            & treated
            & ~pl.col("died")
            & days.is_between(0, limits.whole("early.death_days"))
        )
        return hits(
            RULES["ED2"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "persons.death_date", pl.col("r_death"), pl.col("discharged")),
                clue("home", pl.col("way") == 1, "stays.discharge_way", pl.col("way")),
                clue("soon", days <= soon, "persons.death_date", pl.col("r_death"), pl.col("discharged")),
            ],
            low_gain(),
        )

    return {"ED1": back, "ED2": gone}


def repeated(rows: pl.DataFrame, limits: Limits) -> Mapping[str, Callable[[], Hits]]:
    """NI2: admitted again to one institution for the same disease within days, mostly for the tests of last time."""

    def again() -> Hits:
        days = pl.duration(days=limits.whole("no_indication.repeat_days"))
        order = rows.sort("person_id", "institution_id", "dx3", "admitted", "discharged", "stay_id")
        back = limits.whole("no_indication.repeats") - 1
        same = pl.all_horizontal(pl.col(c) == pl.col(c).shift(back) for c in ("person_id", "institution_id", "dx3"))
        tests = share(pl.col("tests"), pl.col("beyond_bed"), ONE // 2)
        before = pl.col("stay_id").shift(back)
        found = order.with_columns(
            before.alias("p_stay_id"), pl.col("discharged").shift(back).alias("p_discharged")
        ).filter(
            same.fill_null(False)
            & pl.col("settled")
            & (pl.col("admitted") <= pl.col("p_discharged") + days)
            & tests
            & ~pl.col("surgical")
            & ~pl.col("planned_pattern")
            & ~pl.col("bed_day")
            & ~pl.col("died")
        )
        return hits(
            RULES["NI2"],
            limits,
            found,
            [
                clue("base", pl.lit(True), "stays.admission_date", pl.col("admitted"), pl.col("p_discharged")),
                clue("tests", tests, "stay_details.examination_fee", yuan("tests"), yuan("beyond_bed")),
                clue(
                    "in_full",
                    pl.col("tests") >= pl.col("g_test"),
                    "stay_details.examination_fee",
                    yuan("tests"),
                    yuan("g_test"),
                ),
            ],
            pl.col("pay"),
            pl.col("p_stay_id"),
        )

    return {"NI2": again}
