"""Cases of the rules of oversight: split stays, and patients who were not there.

By rule: a name, the stays, what is given beside them, and the suspicions (rule, stay) it must find."""

from __future__ import annotations

from typing import Any

from support.watch import Cases, Row, fees, same_person, stay, visit

FIRST = {"los": 4, "cost": 420_000}
"""half a stay"""

AFTERCARE = {"dx": "|Z50.900|J18.900|I10.x00|", "adrg": "XR2"}
"""a stay for rehabilitation after pneumonia"""
RANKS = {"H1": 1, "H2": 1, "H9": 2}


def half(stay_id: str, day: int, **more: Any) -> Row:
    return stay(stay_id, day=day, **FIRST, **more)


PRESENCE: Cases = {
    "SP1": [
        ("two halves two days apart", same_person(half("A", 0), half("B", 6)), {}, {("SP1", "B")}),
        (
            "the second stage of a plan, a whole stay under another doctor",
            same_person(stay("A", readmission_planned=True), stay("B", day=20, doctor_id="M2")),
            {},
            set(),
        ),
        (
            "a plan alone excuses no halves",
            same_person(half("A", 0, readmission_planned=True), half("B", 6)),
            {},
            {("SP1", "B")},
        ),
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
            "two halves in the houses of strangers",
            same_person(half("A", 0), half("B", 6, institution_id="H2", doctor_id="M2")),
            {},
            {("SP2", "B")},
        ),
        (
            "a patient who tries another hospital",
            same_person(stay("A"), stay("B", day=17, institution_id="H2", doctor_id="M2")),
            {"links": [{"institution_id": "H1", "link": "L"}, {"institution_id": "H2", "link": "K"}]},
            set(),
        ),
        (
            "transferred, which another rule looks at",
            same_person(half("A", 0, way=2), half("B", 4, institution_id="H2", doctor_id="M2")),
            {},
            set(),
        ),
        (
            "gone home, and to a house of a higher level with an illness grown worse",
            same_person(
                stay("A"),
                stay("B", day=20, institution_id="H9", doctor_id="M2", admission_route="emergency"),
            ),
            {"ranks": RANKS},
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
        (
            "the end of the course billed as aftercare",
            same_person(half("A", 0), half("B", 4, examination_fee=0, laboratory_fee=9_000) | AFTERCARE),
            {},
            {("SP3", "B")},
        ),
    ],
    "SP4": [
        (
            "the other diagnosis made principal",
            same_person(half("A", 0), half("B", 6, dx="I10.x00", adrg="FR1")),
            {},
            {("SP4", "B")},
        ),
        (
            "in for a sign and its tests, and again for what they had shown",
            same_person(
                stay("A", los=3, cost=300_000, adrg="RU1") | {"dx": "|R50.900|"},
                half("B", 5, examination_fee=0, laboratory_fee=9_000),
            ),
            {},
            {("SP4", "B")},
        ),
        (
            "in for a sign, and for a disease that was not known",
            same_person(stay("A", adrg="RU1") | {"dx": "|R50.900|"}, stay("B", day=20, doctor_id="M2")),
            {},
            set(),
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
            "up for what the house cannot do, and back",
            same_person(stay("A", los=3), stay("M", day=3, los=2, institution_id="H9"), stay("B", day=5, los=3)),
            {"ranks": RANKS},
            set(),
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
    "SP8": [
        (
            "sent to a like house and treated there from the first hour",
            same_person(
                half("A", 0, way=2), stay("B", day=4, institution_id="H2", severity="mcc", early_care=400_000)
            ),
            {"ranks": RANKS},
            {("SP8", "A")},
        ),
        (
            "sent up to those who can",
            same_person(
                half("A", 0, way=2), stay("B", day=4, institution_id="H9", severity="mcc", early_care=400_000)
            ),
            {"ranks": RANKS},
            set(),
        ),
        (
            "sent on after the whole course, to a stay of its own",
            same_person(
                stay("A", way=2) | {"dx": "|J18.900|E11.900|"},
                stay("B", day=8, institution_id="H2", doctor_id="M2", early_care=60_000, admission_route="emergency"),
            ),
            {"ranks": RANKS},
            set(),
        ),
        (
            "rehabilitation after an operation",
            same_person(
                half("A", 0, way=2),
                stay("B", day=4, institution_id="H2", dx="Z50.100", adrg="ES3", early_care=400_000),
            ),
            {"ranks": RANKS},
            set(),
        ),
    ],
    "SP9": [
        (
            "another ward on the day of discharge",
            same_person(
                half("A", 0),
                half("B", 4, department_id="D2", doctor_id="M2", examination_fee=0, laboratory_fee=9_000),
            ),
            {},
            {("SP9", "B")},
        ),
        (
            "brought to another ward as an emergency, with a whole stay there",
            same_person(
                stay("A", way=4),
                stay("B", day=8, department_id="D2", doctor_id="M2", admission_route="emergency")
                | {"dx": "|J18.900|E11.900|"},
            ),
            {},
            set(),
        ),
        ("another ward four days later", same_person(half("A", 0), half("B", 8, department_id="D2")), {}, set()),
        (
            "another disease in another ward",
            same_person(half("A", 0), half("B", 4, department_id="D2", dx="S72.000", adrg="IF3")),
            {},
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
            "a quarter of it, with drugs, on the day before the admission",
            [stay("A", before_amount=200_000, before_care=50_000, before_days=1)],
            {},
            {("HB7", "A")},
        ),
        ("a tenth of it", [stay("A", before_amount=90_000, before_care=50_000, before_days=1)], {}, set()),
        (
            "an operation prepared in the three days before",
            [stay("A", adrg="EC3", before_amount=200_000, before_care=90_000, before_days=3)],
            {},
            set(),
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
}
