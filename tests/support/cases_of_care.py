"""Cases of the rules of oversight: care that was not needed, not given, or coded as more.

By rule: a name, the stays, what is given beside them, and the suspicions (rule, stay) it must find."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from drgpay.tables import FEES
from support.watch import DAY, Cases, Row, fees, means, person, same_person, stay, visit

TESTED = fees(800_000, examination=250_000, laboratory=200_000, treatment=20_000, drug=80_000)
TESTS_ONLY = fees(
    300_000, bed=15_000, nursing=9_000, examination=150_000, laboratory=120_000, treatment=0, drug=6_000, material=0
)
PILED = {"examination": 250_000, "laboratory": 300_000, "drug": 120_000, "treatment": 60_000}
"""tests as no other stay with the diagnosis has them"""
CHEAP_LOW1 = pl.concat(
    [
        means().filter(pl.col("drg") != "LOW1"),
        means(g_cost=400_000, g_los=500, g_care=250_000).filter(pl.col("drg") == "LOW1"),
    ]
)
"""what stays of the groups cost, those of the lower group less and shorter than the others"""


def tested(fee: int) -> Row:
    """A visit of nothing but tests."""
    return {"test_fee": fee, "total_cost": fee, "fund_by_item": fee // 2}


def mild(cost: int, **changed: int) -> Row:
    """A stay without complication, its fees changed."""
    return stay("A", cost=cost, severity="none") | fees(cost, **changed)


CARE: Cases = {
    "EX1": [
        (
            "tests only, three days",
            [stay("A", los=3, cost=300_000, **TESTS_ONLY)],
            {},
            {("EX1", "A")},
        ),
        (
            "tests of an emergency",
            [stay("A", los=3, cost=300_000, admission_route="emergency", **TESTS_ONLY)],
            {},
            set(),
        ),
        ("an ordinary short stay", [stay("A", los=3, cost=300_000)], {}, set()),
    ],
    "NI1": [
        (
            "mild, cheap, a bed and some tablets",
            [mild(300_000, bed=80_000, nursing=55_000, examination=10_000, laboratory=10_000, treatment=10_000)],
            {"overall": 1_600_000},
            {("NI1", "A")},
        ),
        (
            "drugs and little else",
            [mild(800_000, drug=560_000, examination=40_000, laboratory=40_000, treatment=20_000)],
            {"overall": 1_600_000},
            {("NI1", "A")},
        ),
        ("mild and treated", [mild(800_000)], {"overall": 1_600_000}, set()),
        (
            "a costly group",
            [mild(300_000, bed=60_000, nursing=45_000, examination=20_000, laboratory=20_000, treatment=10_000)],
            {"overall": 500_000},
            set(),
        ),
        (
            "fees not known",
            [mild(300_000) | dict.fromkeys([f"{kind}_fee" for kind in FEES])],
            {"overall": 1_600_000},
            set(),
        ),
    ],
    "NI2": [
        (
            "the same tests for the third time",
            same_person(*(stay(x, day=day, **TESTED) for x, day in (("A", 0), ("B", 30), ("C", 60)))),
            {},
            {("NI2", "C")},
        ),
        ("twice", same_person(stay("A", **TESTED), stay("B", day=40, **TESTED)), {}, set()),
        ("treated every time", same_person(stay("A"), stay("B", day=30), stay("C", day=60)), {}, set()),
    ],
    "NI3": [
        (
            "all tests every day",
            [mild(900_000, **PILED) | {"test_days": 8, "late_tests": 300_000}],
            {"overall": 1_600_000},
            {("NI3", "A")},
        ),
        (
            "material the diagnosis does not ask for",
            [
                mild(900_000, material=300_000, drug=90_000, examination=60_000, laboratory=60_000)
                | {"dx": "|J18.900|"}
            ],
            {"overall": 1_600_000},
            {("NI3", "A")},
        ),
        (
            "usual tests every day",
            [mild(800_000) | {"test_days": 8, "late_tests": 100_000}],
            {"overall": 1_600_000},
            set(),
        ),
        (
            "of an emergency",
            [mild(900_000, **PILED) | {"test_days": 8, "late_tests": 300_000, "admission_route": "emergency"}],
            {"overall": 1_600_000},
            set(),
        ),
    ],
    "CS1": [
        (
            "drugs at the outpatient desk on the fourth day",
            [stay("A")],
            {"visits": [visit("V1", "P-A", 4, department_id="D1")]},
            {("CS1", "A")},
        ),
        (
            "by a department the patient is not in, for another disease",
            [stay("A")],
            {"visits": [visit("V1", "P-A", 4, dx=["L30.900"])]},
            set(),
        ),
        ("on the day of admission", [stay("A")], {"visits": [visit("V1", "P-A", 0)]}, set()),
        ("on the internet", [stay("A")], {"visits": [visit("V1", "P-A", 4, internet=True)]}, set()),
        ("another person", [stay("A")], {"visits": [visit("V1", "P-X", 4)]}, set()),
    ],
    "CS2": [
        (
            "tests made two days before, hardly any in the stay",
            [stay("A", day=10, examination_fee=0, laboratory_fee=20_000)],
            {"visits": [visit("V1", "P-A", 8, department_id="D1", drug_fee=0, **tested(150_000))]},
            {("CS2", "A")},
        ),
        (
            "some tests before, and tests enough in the stay",
            [stay("A", day=10)],
            {"visits": [visit("V1", "P-A", 8, department_id="D1", drug_fee=0, **tested(45_000))]},
            set(),
        ),
        (
            "drugs before an admission, as of care that did not help",
            [stay("A", day=10)],
            {"visits": [visit("V1", "P-A", 8, drug_fee=60_000)]},
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
            "drugs bought the day after, none in the stay",
            [stay("A", drug_fee=20_000)],
            {"visits": [visit("V1", "P-A", 9, department_id="D1", drug_fee=150_000, total_cost=150_000)]},
            {("CS3", "A")},
        ),
        ("a week after", [stay("A", drug_fee=20_000)], {"visits": [visit("V1", "P-A", 15, drug_fee=150_000)]}, set()),
    ],
    "CS5": [
        (
            "the implant on a bill of its own",
            [stay("A", day=10, proc="|81.5100|", adrg="IC2", drg="HC23", material_fee=5_000)],
            {
                "visits": [
                    visit("V1", "P-A", 11, department_id="D1", drug_fee=0, total_cost=200_000, fund_by_item=0)
                ],
                "groups": means(g_material=200_000),
            },
            {("CS5", "A")},
        ),
        (
            "an aid, and the implant in the stay",
            [stay("A", day=10, proc="|81.5100|", adrg="IC2", drg="HC23", material_fee=210_000)],
            {
                "visits": [visit("V1", "P-A", 19, drug_fee=0, total_cost=60_000)],
                "groups": means(g_material=200_000),
            },
            set(),
        ),
    ],
    "CS4": [
        (
            "sent to buy drugs elsewhere",
            [stay("A", drug_fee=60_000)],
            {"visits": [visit(f"V{n}", "P-A", 2 + n, institution_id="H2", drug_fee=60_000) for n in (1, 2)]},
            {("CS4", "A")},
        ),
        (
            "drugs enough in the stay",
            [stay("A")],
            {"visits": [visit("V1", "P-A", 3, institution_id="H2")]},
            set(),
        ),
        (
            "medicine of a chronic disease",
            [stay("A", drug_fee=60_000)],
            {"visits": [visit("V1", "P-A", 3, institution_id="H2", kind="chronic", dx=["I10.x00"])]},
            set(),
        ),
    ],
    "CS6": [
        (
            "the first days billed as observation",
            [stay("A", day=10, examination_fee=0, laboratory_fee=30_000, late_tests=0)],
            {"visits": [visit("V1", "P-A", 9, kind="observation", drug_fee=0, test_fee=130_000, total_cost=160_000)]},
            {("CS6", "A")},
        ),
        (
            "observed for want of a bed, and tested as any new admission",
            [stay("A", day=10, late_tests=0)],
            {"visits": [visit("V1", "P-A", 9, kind="observation", drug_fee=0, test_fee=130_000, total_cost=160_000)]},
            set(),
        ),
    ],
    "CS7": [
        ("paid by the patient instead", [stay("A", cost=700_000, out_of_policy=300_000)], {}, {("CS7", "A")}),
        ("paid by the patient on top", [stay("A", cost=1_100_000, out_of_policy=350_000)], {}, set()),
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
    "FR5": [
        ("surgery without a procedure", [stay("A", surgery_fee=90_000)], {}, {("FR5", "A")}),
        ("with one", [stay("A", surgery_fee=90_000, proc="|47.0901|")], {}, set()),
        ("a little of it", [stay("A", surgery_fee=20_000)], {}, set()),
        ("a birth", [stay("A", surgery_fee=90_000, dx="O80.000x001")], {}, set()),
        ("charged two days after discharge", [stay("A", after_amount=30_000)], {}, {("FR5", "A")}),
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
            "left against advice, and back with something else",
            same_person(
                stay("A", los=2, cost=300_000, way=4),
                stay("B", day=5, dx="S72.000", adrg="IF3", admission_route="emergency", institution_id="H2"),
            ),
            {},
            set(),
        ),
        (
            "two halves of one stay",
            same_person(stay("A", los=3, cost=400_000), stay("B", day=5, los=4, cost=420_000)),
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
                "groups": CHEAP_LOW1,
                "peers": [{"institution_id": "H1", "shrunk": 14_000, "lifted_shrunk": 14_000}],
            },
            {("UP1", "A")},
        ),
        (
            "the same in an institution like its peers",
            [stay("A", los=5, cost=380_000, cc_code="J96.000", cc_drg="LOW1", cc_price=500_000)],
            {
                "groups": CHEAP_LOW1,
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
                "groups": CHEAP_LOW1,
                "peers": [{"institution_id": "H1", "shrunk": 14_000, "lifted_shrunk": 14_000}],
            },
            {("UP2", "A")},
        ),
        (
            "the cost of its own group",
            [stay("A", other_code="J40.x00", other_drg="LOW1", other_price=500_000)],
            {
                "groups": CHEAP_LOW1,
                "peers": [{"institution_id": "H1", "shrunk": 14_000, "lifted_shrunk": 14_000}],
            },
            set(),
        ),
    ],
    "UP3": [
        (
            "an operation without charge",
            [stay("A", adrg="HC2", drg="HC23", surgery_fee=0, material_fee=0, proc_price=300_000, proc="|51.2300|")],
            {"groups": means(g_surgery=90_000, g_material=60_000)},
            {("UP3", "A")},
        ),
        (
            "in a group too rare for means of its own",
            [stay("A", adrg="HC2", drg="HC29", surgery_fee=0, material_fee=0, proc_price=300_000, proc="|51.2300|")],
            {
                "groups": pl.concat(
                    [
                        means(g_surgery=90_000, g_material=60_000),
                        means()
                        .head(1)
                        .with_columns(
                            pl.lit("HC29").alias("drg"),
                            *(pl.lit(None, pl.Int64).alias(c) for c in ("g_surgery", "g_material")),
                        ),
                    ]
                )
            },
            {("UP3", "A")},
        ),
        (
            "in a group without such charges",
            [stay("A", adrg="HC2", drg="HC23", surgery_fee=0, material_fee=0, proc="|51.2300|")],
            {},
            set(),
        ),
    ],
}
