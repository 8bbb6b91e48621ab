"""The rate method against published tables: payment standard = weight × rate × coefficient, to the printed decimal.

Facts in ``tests/data/weights``: one file per city and year. Where no rate is printed it is read off the table: the
one rate that every row allows. Rows left out of the files have no weight or no standard.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.points import (
    RateRule,
    parse_rate,
    parse_rate_coefficient,
    parse_weight,
    payment_standard,
    rate_payment,
    rate_payments,
    rate_rule,
)
from drgpay.steps.points.rate import CLASSES
from support.money import demo

DATA = Path(__file__).parents[1] / "data" / "weights"


@dataclass(frozen=True)
class Printed:
    """A column of standards in a city's table."""

    city: str
    standard: str
    rate: str
    """yuan per weight, implied by the table"""
    rows: int
    """rows that agree; all but the ones without a coefficient"""
    coefficient: str | None = None
    without: str = ""
    """groups that print a standard of 0 and no coefficient: not paid by the rate at this level"""

    @property
    def name(self) -> str:
        return f"{self.city}/{self.standard.removeprefix('payment_standard')}"


YANCHENG_2 = (
    "AG19 AG29 BD29 BU31 CB29 CB49 CJ19 DB29 EC29 FB19 FD19 FE19 FE29 FK19 FK29 FL25 FT45 IG15 JA19 KE19 LL15 PK11 "
    "PK13 PK15 PS21 PS25 PS39 RA39 RV15 TT25 UR15 VC13 WC19 XR35 YR29"
)
YANCHENG_3 = "BS15 FB25 KU11 LT11 OC19 OD29 OF19 OS15 PR11 PR15 PS25 TT25"
PRINTED = (
    Printed("xian-2020", "payment_standard", "11587.4", 597),
    Printed("tongchuan-2022", "payment_standard_employee", "7126.63", 596),
    Printed("tongchuan-2022", "payment_standard_resident", "6956.38", 596),
    Printed("linyi-2022", "payment_standard_level3_employee", "9865", 610),
    Printed("linyi-2022", "payment_standard_level3_resident", "9391", 610),
    Printed("linyi-2022", "payment_standard_level2_employee", "9651", 610),
    Printed("linyi-2022", "payment_standard_level2_resident", "8501", 610),
    Printed("yancheng-2022", "payment_standard_level2", "7938.236995", 557, "level_coefficient_level2", YANCHENG_2),
    Printed("yancheng-2022", "payment_standard_level3", "7938.236995", 580, "level_coefficient_level3", YANCHENG_3),
    Printed("suzhou-2022", "payment_standard_level1", "9435.25", 648, "level_coefficient_level1"),
    Printed("suzhou-2022", "payment_standard_level2", "9435.25", 648, "level_coefficient_level2"),
    Printed("suzhou-2022", "payment_standard_level3", "9435.25", 648, "level_coefficient_level3"),
)


@pytest.fixture(params=PRINTED, ids=lambda p: p.name)
def printed(request: pytest.FixtureRequest) -> Printed:
    found: Printed = request.param
    return found


def facts(city: str) -> list[dict[str, str]]:
    with (DATA / f"{city}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def priced(printed: Printed) -> list[tuple[str, str, str, str]]:
    """(drg, weight, coefficient, standard) as printed, where there is a coefficient."""
    rows = [
        (r["drg"], r["weight"], r[printed.coefficient] if printed.coefficient else "1", r[printed.standard])
        for r in facts(printed.city)
    ]
    return [row for row in rows if row[2]]


def unit(text: str) -> Fraction:
    """Half of the last printed decimal; zeros at the end may have been dropped, so at least of a fen."""
    return Fraction(1, 2 * 10 ** max(len(text.partition(".")[2]), 2))


def test_every_printed_standard_is_weight_by_rate_by_coefficient(printed: Printed) -> None:
    rate = parse_rate(printed.rate)
    wrong = []
    for drg, weight, coefficient, standard in priced(printed):
        ours = payment_standard(parse_weight(weight), rate, parse_rate_coefficient(coefficient))
        exact = Fraction(weight) * Fraction(printed.rate) * Fraction(coefficient)
        # to the printed decimal for the exact product, to half a fen more for the one that is paid
        if abs(exact - Fraction(standard)) > unit(standard) or abs(Fraction(ours, 100) - exact) > Fraction(1, 200):
            wrong.append((drg, standard, ours))
    assert wrong == []
    assert len(priced(printed)) == printed.rows


def test_groups_without_a_coefficient_have_no_standard(printed: Printed) -> None:
    left_out = [r for r in facts(printed.city) if printed.coefficient and not r[printed.coefficient]]
    assert [r["drg"] for r in left_out] == printed.without.split()
    assert {r[printed.standard] for r in left_out} <= {"0"}


def test_the_rate_is_the_shortest_one_that_every_row_allows(printed: Printed) -> None:
    low, high = Fraction(0), Fraction(10**9)
    for _, weight, coefficient, standard in priced(printed):
        points = Fraction(weight) * Fraction(coefficient)
        low = max(low, (Fraction(standard) - unit(standard)) / points)
        high = min(high, (Fraction(standard) + unit(standard)) / points)
    decimals = len(printed.rate.partition(".")[2])
    assert low <= Fraction(printed.rate) <= high
    if decimals:
        shorter = 10 ** (decimals - 1)
        assert not any(
            low <= Fraction(n, shorter) <= high for n in range(int(low * shorter), int(high * shorter) + 2)
        )


def test_beijing_prints_weights_rounded_from_its_standards() -> None:
    """Weights with two decimals are too coarse to give the standard back: at 20,425.3 yuan each of the 647 is the
    standard ÷ rate, rounded, and the standard is inside what the rounded weight allows."""
    rate, wrong = Fraction("20425.3"), []
    rows = facts("beijing-2022")
    for row in rows:
        weight, standard = Fraction(row["weight"]), Fraction(row["payment_standard"])
        below, above = (
            payment_standard(parse_weight(row["weight"]) + half, parse_rate("20425.3"), parse_rate_coefficient("1"))
            for half in (-parse_weight("0.005"), parse_weight("0.005"))
        )
        if abs(standard / rate - weight) > Fraction(1, 200) or not below <= standard * 100 <= above:
            wrong.append(row["drg"])
    assert wrong == []
    assert len(rows) == 647


RULE = RateRule(3_500, 20_000, True)


@pytest.mark.parametrize(
    ("cost", "case_class", "paid"),
    [
        (0, "low", 0),
        (34_999, "low", 34_999),
        (35_000, "normal", 100_000),
        (200_000, "normal", 100_000),
        (200_001, "high", 100_001),
        (350_000, "high", 250_000),
    ],
)
def test_classes_on_and_beside_their_bounds(cost: int, case_class: str, paid: int) -> None:
    assert rate_payment(cost, 100_000, RULE) == (case_class, paid)


def test_without_extra_a_high_stay_is_paid_the_standard() -> None:
    assert rate_payment(350_000, 100_000, RateRule(3_500, 20_000, False)) == ("high", 100_000)


FEN = st.integers(0, 10**11)
RULES = st.builds(RateRule, st.integers(0, 10_000), st.integers(10_000, 1_000_000), st.booleans())


@given(st.lists(st.tuples(FEN, FEN), max_size=30), RULES)
def test_columns_and_single_stays_agree(stays: list[tuple[int, int]], rule: RateRule) -> None:
    cost, standard = (np.array([s[i] for s in stays], np.int64) for i in (0, 1))
    classes, paid = rate_payments(cost, standard, rule)
    columns = list(zip([CLASSES[c] for c in classes], paid.tolist(), strict=True))
    assert columns == [rate_payment(c, s, rule) for c, s in stays]


@given(FEN, FEN, FEN, RULES)
def test_a_dearer_stay_is_never_paid_less_and_a_low_one_never_above_the_standard(
    cost: int, more: int, standard: int, rule: RateRule
) -> None:
    case_class, paid = rate_payment(cost, standard, rule)
    assert rate_payment(cost + more, standard, rule)[1] >= paid
    assert case_class != "low" or paid < standard
    assert case_class == "low" or paid >= standard


@given(st.integers(0, 10**12), st.integers(0, 10**11), st.integers(0, 10**9))
def test_the_standard_is_within_half_a_fen(weight: int, rate: int, coefficient: int) -> None:
    exact = Fraction(weight, 10**9) * Fraction(rate, 10**6) * Fraction(coefficient, 10**8) * 100
    assert abs(payment_standard(weight, rate, coefficient) - exact) <= Fraction(1, 2)


def test_the_demo_rule_and_a_practice_without_one() -> None:
    assert rate_rule(demo()) == RULE
    assert not rate_rule(demo(points__high_extra="none")).pays_extra
    with pytest.raises(DrgpayError, match=r"rate\.high_multiple") as failure:
        rate_rule(demo(rate__high_multiple="none"))
    assert failure.value.kind is Kind.POLICY
