"""Oversight, clause by clause (design/07): every rule with a case it must find and one that only looks like it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from drgpay.errors import DrgpayError
from drgpay.steps import oversight
from support.watch import DAY, Row, facts, fees, look, means, person, rules, stay, visit

DEFAULTS = oversight.DEFAULTS


def same_person(*rows: Row) -> list[Row]:
    return [row | {"person_id": "P1"} for row in rows]


FIRST = {"los": 4, "cost": 420_000}
"""half a stay"""


def half(stay_id: str, day: int, **more: Any) -> Row:
    return stay(stay_id, day=day, **FIRST, **more)


CASES: dict[str, list[tuple[str, list[Row], dict[str, Any], set[tuple[str, str]]]]] = {
    "SP1": [
        ("two halves two days apart", same_person(half("A", 0), half("B", 6)), {}, {("SP1", "B")}),
        ("the readmission was planned", same_person(half("A", 0, readmission_planned=True), half("B", 6)), {}, set()),
        ("chemotherapy", same_person(half("A", 0, dx="Z51.101"), half("B", 6, dx="Z51.101")), {}, set()),
        (
            "two whole stays, the second an emergency",
            same_person(stay("A"), stay("B", day=20, admission_route="emergency")),
            {},
            set(),
        ),
        ("more than fifteen days apart", same_person(half("A", 0), half("B", 20)), {}, set()),
        ("another institution", same_person(half("A", 0), half("B", 6, institution_id="H2")), {}, set()),
        ("two persons", [half("A", 0), half("B", 6)], {}, set()),
    ],
    "SP2": [
        (
            "sisters",
            same_person(half("A", 0), half("B", 6, institution_id="H2")),
            {"links": [{"institution_id": h, "link": "L"} for h in ("H1", "H2")]},
            {("SP2", "B")},
        ),
        (
            "strangers",
            same_person(half("A", 0), half("B", 6, institution_id="H2")),
            {"links": [{"institution_id": "H1", "link": "L"}, {"institution_id": "H2", "link": "K"}]},
            set(),
        ),
    ],
    "SP3": [
        (
            "bed-days from the day of discharge",
            same_person(stay("A"), stay("B", day=8, los=70, case_class="bed_day")),
            {},
            {("SP3", "B")},
        ),
        ("a week between", same_person(stay("A"), stay("B", day=15, los=70, case_class="bed_day")), {}, set()),
    ],
    "SP4": [
        (
            "the other diagnosis made principal",
            same_person(half("A", 0), half("B", 6, dx="I10.x00", adrg="FR1")),
            {},
            {("SP4", "B")},
        ),
        (
            "an unrelated disease",
            same_person(half("A", 0), half("B", 6, dx="S72.000", adrg="IF3") | {"dx": "|S72.000|"}),
            {},
            set(),
        ),
    ],
    "SP5": [
        (
            "two operations",
            same_person(
                half("A", 0, adrg="HC2", drg="HC23", surgery_fee=90_000),
                half("B", 6, adrg="HC3", drg="HC23", surgery_fee=90_000),
            ),
            {},
            {("SP5", "B")},
        ),
        (
            "one operation",
            same_person(
                half("A", 0), half("B", 6, adrg="EC3", surgery_fee=90_000, dx="C34.100") | {"dx": "|C34.100|"}
            ),
            {},
            set(),
        ),
    ],
    "SP6": [
        (
            "out and back",
            same_person(stay("A", los=3), stay("M", day=3, los=2, institution_id="H2"), stay("B", day=5, los=3)),
            {},
            {("SP6", "B")},
        ),
        (
            "home in between",
            same_person(stay("A", los=3), stay("M", day=20, los=2, institution_id="H2"), stay("B", day=45, los=3)),
            {},
            set(),
        ),
    ],
    "SP7": [
        (
            "tests before an operation",
            [stay("A", day=10, adrg="EC3", drg="HC23", surgery_fee=90_000, examination_fee=0, laboratory_fee=5_000)],
            {"visits": [visit("V1", "P-A", 6, test_fee=120_000, drug_fee=0)]},
            {("SP7", "A")},
        ),
        (
            "and all of them again in the stay",
            [stay("A", day=10, adrg="EC3", drg="HC23", surgery_fee=90_000)],
            {"visits": [visit("V1", "P-A", 6, test_fee=120_000, drug_fee=0)]},
            set(),
        ),
    ],
    "HB1": [
        ("five of eight days without a charge", [stay("A", charge_days=3, cost=500_000)], {}, {("HB1", "A")}),
        ("as many, but the cost of all days was booked", [stay("A", charge_days=3)], {}, set()),
        ("one day without", [stay("A", charge_days=7)], {}, set()),
        ("on leave for those days", [stay("A", charge_days=5, leave_days=3)], {}, set()),
    ],
    "HB2": [
        ("bed and nursing only", [stay("A", **fees(800_000, bed=500_000, nursing=300_000))], {}, {("HB2", "A")}),
        ("most days only the bed", [stay("A", care_days=3, cost=500_000)], {}, {("HB2", "A")}),
        (
            "a bed-day stay",
            [stay("A", case_class="bed_day", **fees(800_000, bed=500_000, nursing=300_000))],
            {},
            set(),
        ),
    ],
    "HB3": [
        ("five of eight days on leave", [stay("A", leave_days=5)], {}, {("HB3", "A")}),
        ("half of them", [stay("A", leave_days=4)], {}, set()),
    ],
    "HB4": [
        (
            "seen elsewhere on the third day",
            [stay("A", care_on="|0|1|2|4|5|6|7|8|")],
            {"visits": [visit("V1", "P-A", 3, institution_id="H2", dx=["K29.500"], drug_fee=20_000)]},
            {("HB4", "A")},
        ),
        (
            "cared for in the stay on that very day",
            [stay("A", care_on="|0|1|2|3|4|5|6|7|8|")],
            {"visits": [visit("V1", "P-A", 3, institution_id="H2", dx=["K29.500"], drug_fee=20_000)]},
            set(),
        ),
        (
            "sent out for a test",
            [stay("A", care_on="|0|1|2|4|")],
            {"visits": [visit("V1", "P-A", 3, institution_id="H2", dx=["J18.900"], drug_fee=0, test_fee=20_000)]},
            set(),
        ),
        (
            "on the internet",
            [stay("A")],
            {"visits": [visit("V1", "P-A", 3, institution_id="H2", internet=True)]},
            set(),
        ),
        (
            "an emergency",
            [stay("A")],
            {"visits": [visit("V1", "P-A", 3, institution_id="H2", kind="emergency")]},
            set(),
        ),
        ("on the day of discharge", [stay("A")], {"visits": [visit("V1", "P-A", 8, institution_id="H2")]}, set()),
        (
            "medicine of a chronic disease",
            [stay("A")],
            {"visits": [visit("V1", "P-A", 3, institution_id="H2", kind="chronic")]},
            set(),
        ),
    ],
    "HB5": [
        ("one institution twice", same_person(stay("A"), stay("B", day=3)), {}, {("HB5", "B")}),
        (
            "elsewhere, and nearly empty",
            same_person(stay("A"), stay("B", day=3, cost=200_000, care_days=2, institution_id="H2")),
            {},
            {("HB5", "B")},
        ),
        (
            "sent on, and written off a day late",
            same_person(stay("A", way=2), stay("B", day=7, institution_id="H2")),
            {},
            set(),
        ),
        (
            "moved on the same day",
            same_person(stay("A", adrg="ES3"), stay("B", day=8, institution_id="H2")),
            {},
            set(),
        ),
    ],
    "HB6": [
        (
            "tests and drugs only",
            [
                stay(
                    "A",
                    **fees(
                        800_000,
                        bed=60_000,
                        nursing=0,
                        examination=200_000,
                        laboratory=140_000,
                        drug=400_000,
                        treatment=0,
                        material=0,
                    ),
                )
            ],
            {},
            {("HB6", "A")},
        ),
        ("an ordinary stay", [stay("A")], {}, set()),
    ],
    "HB7": [
        (
            "drugs on the day before the admission",
            [stay("A", before_amount=90_000, before_care=50_000, before_days=1)],
            {},
            {("HB7", "A")},
        ),
        (
            "tests a week before it",
            [stay("A", before_amount=90_000, before_care=0, before_days=7)],
            {},
            {("HB7", "A")},
        ),
        ("tests two days before it", [stay("A", before_amount=90_000, before_care=0, before_days=2)], {}, set()),
        (
            "an emergency of the night before",
            [stay("A", before_amount=90_000, before_care=50_000, before_days=1, admission_route="emergency")],
            {},
            set(),
        ),
        ("a few yuan", [stay("A", before_amount=500, before_care=500, before_days=9)], {}, set()),
    ],
    "EX1": [
        (
            "tests only, three days",
            [
                stay(
                    "A",
                    los=3,
                    cost=300_000,
                    **fees(
                        300_000,
                        bed=15_000,
                        nursing=9_000,
                        examination=150_000,
                        laboratory=120_000,
                        treatment=0,
                        drug=6_000,
                        material=0,
                    ),
                )
            ],
            {},
            {("EX1", "A")},
        ),
        (
            "tests of an emergency",
            [
                stay(
                    "A",
                    los=3,
                    cost=300_000,
                    admission_route="emergency",
                    **fees(
                        300_000,
                        bed=15_000,
                        nursing=9_000,
                        examination=150_000,
                        laboratory=120_000,
                        treatment=0,
                        drug=6_000,
                        material=0,
                    ),
                )
            ],
            {},
            set(),
        ),
        ("an ordinary short stay", [stay("A", los=3, cost=300_000)], {}, set()),
    ],
    "NI1": [
        (
            "mild, short, cheap, hardly treated",
            [
                stay(
                    "A",
                    los=2,
                    cost=300_000,
                    severity="none",
                    **fees(300_000, examination=80_000, laboratory=60_000, treatment=10_000, drug=30_000, material=0),
                )
            ],
            {"overall": 1_600_000},
            {("NI1", "A")},
        ),
        ("mild and treated", [stay("A", severity="none")], {"overall": 1_600_000}, set()),
        (
            "a costly group",
            [
                stay(
                    "A",
                    los=2,
                    cost=300_000,
                    severity="none",
                    **fees(300_000, examination=80_000, laboratory=60_000, treatment=10_000, drug=30_000, material=0),
                )
            ],
            {"overall": 500_000},
            set(),
        ),
    ],
    "NI2": [
        (
            "the same tests three weeks later",
            same_person(
                stay("A", **fees(800_000, examination=250_000, laboratory=200_000, treatment=20_000, drug=80_000)),
                stay(
                    "B",
                    day=40,
                    **fees(800_000, examination=250_000, laboratory=200_000, treatment=20_000, drug=80_000),
                ),
            ),
            {},
            {("NI2", "B")},
        ),
        ("treated both times", same_person(stay("A"), stay("B", day=40)), {}, set()),
    ],
    "CS1": [
        (
            "drugs at the outpatient desk on the fourth day",
            [stay("A")],
            {"visits": [visit("V1", "P-A", 4)]},
            {("CS1", "A")},
        ),
        ("on the day of admission", [stay("A")], {"visits": [visit("V1", "P-A", 0)]}, set()),
        ("on the internet", [stay("A")], {"visits": [visit("V1", "P-A", 4, internet=True)]}, set()),
        ("another person", [stay("A")], {"visits": [visit("V1", "P-X", 4)]}, set()),
    ],
    "CS2": [
        (
            "drugs bought two days before, none in the stay",
            [stay("A", day=10, drug_fee=20_000)],
            {"visits": [visit("V1", "P-A", 8, drug_fee=150_000)]},
            {("CS2", "A")},
        ),
        (
            "and drugs enough in the stay",
            [stay("A", day=10)],
            {"visits": [visit("V1", "P-A", 8, drug_fee=150_000)]},
            set(),
        ),
        (
            "an emergency",
            [stay("A", day=10, drug_fee=20_000)],
            {"visits": [visit("V1", "P-A", 8, drug_fee=150_000, kind="emergency")]},
            set(),
        ),
    ],
    "CS3": [
        (
            "drugs bought two days after, none in the stay",
            [stay("A", drug_fee=20_000)],
            {"visits": [visit("V1", "P-A", 10, drug_fee=150_000)]},
            {("CS3", "A")},
        ),
        ("a week after", [stay("A", drug_fee=20_000)], {"visits": [visit("V1", "P-A", 15, drug_fee=150_000)]}, set()),
    ],
    "RS1": [
        (
            "eighty hours",
            [],
            {"visits": [visit("V1", "P1", 3, kind="observation", observation_hours=80)]},
            {("RS1", "V1")},
        ),
        (
            "seventy-two hours",
            [],
            {"visits": [visit("V1", "P1", 3, kind="observation", observation_hours=72)]},
            set(),
        ),
    ],
    "RS4": [
        (
            "a severe case sent on the next day",
            [stay("A", los=1, way=2, cost=80_000)],
            {"overall": 300_000},
            {("RS4", "A")},
        ),
        ("a light case", [stay("A", los=1, way=2, cost=80_000)], {"overall": 900_000}, set()),
        ("after a week of care", [stay("A", los=7, way=2, cost=80_000)], {"overall": 300_000}, set()),
    ],
    "FR1": [
        (
            "two full stays in two places",
            same_person(stay("A"), stay("B", day=3, institution_id="H2")),
            {},
            {("FR1", "B")},
        ),
        ("moved on the same day", same_person(stay("A"), stay("B", day=8, institution_id="H2")), {}, set()),
    ],
    "FR3": [
        (
            "admitted after the death in an earlier stay",
            same_person(stay("A", way=5), stay("B", day=60)),
            {},
            {("FR3", "B")},
        ),
        (
            "admitted after the registered death",
            [stay("A")],
            {"persons": [person("P-A", death_date=DAY - timedelta(days=30))]},
            {("FR3", "A")},
        ),
        (
            "seen after the registered death",
            [],
            {"visits": [visit("V1", "P1", 3)], "persons": [person("P1", death_date=DAY - timedelta(days=30))]},
            {("FR3", "V1")},
        ),
        (
            "died in this stay",
            [stay("A", way=5)],
            {"persons": [person("P-A", death_date=DAY + timedelta(days=8))]},
            set(),
        ),
    ],
    "FR4": [
        ("a code the sex rules out", [stay("A", sex_code=True)], {}, {("FR4", "A")}),
        ("another sex in the register", [stay("A")], {"persons": [person("P-A", sex="female")]}, set()),
        (
            "a code the sex in the register rules out",
            [stay("A", code_sex="male")],
            {"persons": [person("P-A", sex="female")]},
            {("FR4", "A")},
        ),
        (
            "another age in the register",
            [stay("A")],
            {"persons": [person("P-A", birth_date=date(1990, 1, 1))]},
            {("FR4", "A")},
        ),
        ("a birthday not yet reached", [stay("A", age=59)], {"persons": [person("P-A")]}, set()),
    ],
    "ED1": [
        (
            "two days instead of eight, back in three",
            same_person(
                stay("A", los=2, cost=300_000, department_id="D2"),
                stay("B", day=5, admission_route="emergency", institution_id="H2"),
            ),
            {},
            {("ED1", "A")},
        ),
        (
            "left against advice",
            same_person(
                stay("A", los=2, cost=300_000, way=4),
                stay("B", day=5, admission_route="emergency", institution_id="H2"),
            ),
            {},
            set(),
        ),
        (
            "a month later",
            same_person(stay("A", los=2, cost=300_000), stay("B", day=40, institution_id="H2")),
            {},
            set(),
        ),
    ],
    "ED2": [
        (
            "dead three days after a short stay",
            [stay("A", los=2, cost=300_000)],
            {"persons": [person("P-A", death_date=DAY + timedelta(days=5))]},
            {("ED2", "A")},
        ),
        (
            "dead after a whole stay",
            [stay("A")],
            {"persons": [person("P-A", death_date=DAY + timedelta(days=10))]},
            set(),
        ),
    ],
    "ED3": [
        ("a quarter of the group's days and cost", [stay("A", los=2, cost=200_000)], {}, {("ED3", "A")}),
        ("half of them", [stay("A", los=4, cost=400_000)], {}, set()),
    ],
    "UP1": [
        (
            "the cost of the lower group, in an institution that codes much",
            [stay("A", los=5, cost=380_000, cc_code="J96.000", cc_drg="LOW1", cc_price=500_000)],
            {
                "groups": pl.concat(
                    [
                        means().filter(pl.col("drg") != "LOW1"),
                        means(g_cost=400_000, g_los=500, g_care=250_000).filter(pl.col("drg") == "LOW1"),
                    ]
                ),
                "peers": [{"institution_id": "H1", "shrunk": 14_000, "lifted_shrunk": 14_000}],
            },
            {("UP1", "A")},
        ),
        (
            "the same in an institution like its peers",
            [stay("A", los=5, cost=380_000, cc_code="J96.000", cc_drg="LOW1", cc_price=500_000)],
            {
                "groups": pl.concat(
                    [
                        means().filter(pl.col("drg") != "LOW1"),
                        means(g_cost=400_000, g_los=500, g_care=250_000).filter(pl.col("drg") == "LOW1"),
                    ]
                ),
                "peers": [{"institution_id": "H1", "shrunk": 10_000, "lifted_shrunk": 10_000}],
            },
            set(),
        ),
    ],
    "UP2": [
        (
            "the cost of another principal diagnosis",
            [stay("A", los=5, cost=380_000, other_code="J40.x00", other_drg="LOW1", other_price=500_000)],
            {
                "groups": pl.concat(
                    [
                        means().filter(pl.col("drg") != "LOW1"),
                        means(g_cost=400_000, g_los=500, g_care=250_000).filter(pl.col("drg") == "LOW1"),
                    ]
                ),
                "peers": [{"institution_id": "H1", "shrunk": 14_000, "lifted_shrunk": 14_000}],
            },
            {("UP2", "A")},
        ),
        (
            "the cost of its own group",
            [stay("A", other_code="J40.x00", other_drg="LOW1", other_price=500_000)],
            {
                "groups": pl.concat(
                    [
                        means().filter(pl.col("drg") != "LOW1"),
                        means(g_cost=400_000, g_los=500, g_care=250_000).filter(pl.col("drg") == "LOW1"),
                    ]
                ),
                "peers": [{"institution_id": "H1", "shrunk": 14_000, "lifted_shrunk": 14_000}],
            },
            set(),
        ),
    ],
    "UP3": [
        (
            "an operation without charge",
            [stay("A", adrg="HC2", drg="HC23", surgery_fee=0, material_fee=0, proc_price=300_000)],
            {"groups": means(g_surgery=90_000, g_material=60_000)},
            {("UP3", "A")},
        ),
        (
            "in a group without such charges",
            [stay("A", adrg="HC2", drg="HC23", surgery_fee=0, material_fee=0)],
            {},
            set(),
        ),
    ],
}


@pytest.mark.parametrize(
    ("rule", "case"),
    [(rule, i) for rule, cases in CASES.items() for i in range(len(cases))],
    ids=[f"{rule}: {case[0]}" for rule, cases in CASES.items() for case in cases],
)
def test_a_rule_finds_what_it_must_and_nothing_that_looks_like_it(rule: str, case: int) -> None:
    _, rows, given, expected = CASES[rule][case]
    given = {"visits": [], "persons": [], **given}
    found = look(rows, **given).filter(pl.col("rule") == rule)
    assert rules(found) == expected


def test_every_rule_on_stays_has_its_cases() -> None:
    whole = {"RS2", "RS3", "UP4", "FR2"}
    assert set(CASES) | whole == set(oversight.RULES)
    for rule, cases in CASES.items():
        assert any(case[3] for case in cases), rule
        assert any(not case[3] for case in cases), rule


def test_weights_of_the_evidence_add_up_to_the_score() -> None:
    for cases in CASES.values():
        for _, rows, given, _ in cases:
            found = look(rows, **{"visits": [], "persons": [], **given})
            by = found.group_by("rule", "stay_id", "related").agg(pl.col("score").first(), pl.col("weight").sum())
            assert (by["score"] == by["weight"].clip(0, 10_000)).all()


def test_an_ordinary_stay_is_no_suspicion_at_all() -> None:
    assert look([stay("A")], [], [person("P-A")]).height == 0


def test_a_rule_whose_columns_are_missing_does_not_guess() -> None:
    rows = [stay("A", leave_days=5)]
    assert rules(look(rows)) == {("HB3", "A")}
    assert look(rows, brought=frozenset({"stays.person_id", "stays.admission_date"})).height == 0
    status = {r["rule"]: r for r in oversight.rule_status(frozenset(), look(rows))}
    assert (status["HB3"]["status"], status["HB3"]["missing"]) == ("missing", "stay_details.leave_days")
    assert status["FR4"]["status"] == "ran"


def test_copies_are_found_and_a_pathway_is_not() -> None:
    codes = {"dx": "|J18.900|I10.x00|E11.900|", "proc": "|96.7100|"}
    copy = [stay("A", cost=812_345) | codes, stay("B", day=30, cost=812_400) | codes]
    assert rules(oversight.clones(facts(copy), DEFAULTS)) == {("FR2", "B")}
    apart = [stay("A", cost=812_345) | codes, stay("B", cost=950_000) | codes]
    assert oversight.clones(facts(apart), DEFAULTS).height == 0
    other = [stay("A", cost=812_345) | codes, stay("B", cost=812_400, dx="K80.100") | {"dx": "|K80.100|K21.900|"}]
    assert oversight.clones(facts(other), DEFAULTS).height == 0
    own = [row | {"person_id": "P1"} for row in copy]
    assert oversight.clones(facts(own), DEFAULTS).height == 0


def test_a_falling_share_of_severe_cases_is_seen_and_chance_is_not() -> None:
    def months(house: str, heavy: list[int]) -> list[Row]:
        return [
            {"institution_id": house, "month": m, "heavy": k, "major": k, "n": 100} for m, k in enumerate(heavy, 1)
        ]

    falls, steady = [20, 19, 18, 16, 15, 13, 11, 9, 8, 6, 5, 4], [12, 14, 11, 13, 12, 15, 10, 12, 13, 11, 14, 12]
    severe = pl.DataFrame(months("H1", falls) + months("H2", steady) + months("H3", falls[::-1]))
    assert set(oversight.fewer_severe(severe, DEFAULTS, "refusal.false_discovery")) == {"H1"}
    complaints = [
        {"complaint_id": f"C{i}", "institution_id": "H2", "date": DAY, "confirmed": ok}
        for i, ok in enumerate((True, False))
    ]
    found = oversight.institution_hits([], severe, complaints, DEFAULTS)
    assert {(r, h) for r, h in found.select("rule", "institution_id").rows()} == {("RS3", "H1"), ("RS2", "H2")}


def test_coding_rates_are_standardised_and_small_numbers_shrink() -> None:
    def cell(house: str, drg: str, n: int, coded: int) -> Row:
        return {"institution_id": house, "drg": drg, "n": n, "coded": coded, "lifted": coded // 2, "grouped": n}

    cells = pl.DataFrame(
        [
            cell("H1", "ES31", 200, 120),
            cell("H2", "ES31", 200, 60),
            cell("H3", "ES31", 200, 60),
            cell("H4", "ES31", 200, 62),
            cell("H5", "ES31", 80, 48),
        ]
    )
    rates = {r["institution_id"]: r for r in oversight.coding_rates(cells, DEFAULTS)}
    assert rates["H1"]["ratio"] == rates["H5"]["ratio"]
    assert 10_000 < rates["H5"]["shrunk"] < rates["H1"]["shrunk"] < rates["H1"]["ratio"]
    found = oversight.institution_hits(
        list(rates.values()),
        pl.DataFrame(
            schema={
                "institution_id": pl.String,
                "month": pl.Int8,
                "heavy": pl.Int64,
                "major": pl.Int64,
                "n": pl.Int64,
            }
        ),
        [],
        DEFAULTS,
    )
    assert {h for (h,) in found.select("institution_id").unique().rows()} >= {"H1"}
    assert "H2" not in set(found["institution_id"])


def test_an_alert_goes_its_way_and_no_other() -> None:
    def event(number: int, state: str) -> Row:
        return {"alert_id": "AL01/H1/2024-03", "number": number, "state": state}

    way = [event(1, "acknowledged"), event(2, "explained"), event(3, "verified"), event(4, "closed")]
    assert oversight.follow(way) == {"AL01/H1/2024-03": "closed"}
    with pytest.raises(DrgpayError, match="raised and cannot become closed"):
        oversight.follow([event(1, "closed")])
    with pytest.raises(DrgpayError, match="numbered in turn"):
        oversight.follow([event(2, "acknowledged")])


def test_two_experts_decide_and_a_third_where_they_differ() -> None:
    def request(stay_id: str, day: int, **more: Any) -> Row:
        return {
            "stay_id": stay_id,
            "institution_id": "H1",
            "reason": "high_cost",
            "on": DAY + timedelta(days=day),
            "record": True,
            "bill": True,
            "statement": None,
        } | more

    def votes(stay_id: str, *opinions: str) -> list[Row]:
        return [
            {"stay_id": stay_id, "expert": f"E{i}", "number": i, "opinion": o, "amount": 100 * i, "reason": ""}
            for i, o in enumerate(opinions, 1)
        ]

    requests = [
        request("A", 1),
        request("B", 2),
        request("C", 3),
        request("D", 4, bill=False),
        request("E", 5),
        request("F", 6),
    ]
    opinions = [
        *votes("A", "approve", "approve"),
        *votes("B", "approve", "decline"),
        *votes("C", "decline", "approve", "approve"),
        *votes("E", "decline", "decline"),
        *votes("F", "approve", "approve"),
    ]
    rows = {r["stay_id"]: r for r in oversight.special_results(requests, opinions, {"H1": 100}, 200)}
    assert {k: r["status"] for k, r in rows.items()} == {
        "A": "approved",
        "B": "third_needed",
        "C": "approved",
        "D": "incomplete",
        "E": "declined",
        "F": "over_quota",
    }
    assert (rows["A"]["amount"], rows["C"]["amount"]) == (100, 200)
    kinds = {(d["stay_id"], d["decision"]) for d in oversight.decision_rows(list(rows.values()))}
    assert kinds == {("A", "approved"), ("C", "approved"), ("E", "declined")}
