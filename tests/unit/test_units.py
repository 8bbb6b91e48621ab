"""Amounts: exact rounding, splitting without loss, parsing what people type."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError
from drgpay.units import (
    half_up,
    mul_div,
    mul_div_half_up,
    parse_coefficient,
    parse_fen,
    parse_points,
    show_coefficient,
    show_fen,
    show_percent,
    show_points,
    show_ratio,
    split,
    split_groups,
    sum_exact,
)

BIG = st.integers(-(10**40), 10**40)


@given(BIG, st.integers(1, 10**30))
def test_half_up_is_the_nearest_and_halves_go_up(n: int, d: int) -> None:
    r = half_up(n, d)
    assert abs(Fraction(n, d) - r) <= Fraction(1, 2)
    if abs(Fraction(n, d) - r) == Fraction(1, 2):
        assert abs(r) > abs(Fraction(n, d))
    assert half_up(-n, d) == -r
    assert half_up(-n, -d) == r


@pytest.mark.parametrize(
    ("n", "d", "r"), [(1, 2, 1), (-1, 2, -1), (5, 2, 3), (4, 3, 1), (0, 7, 0), (10**30, 3, 10**30 // 3)]
)
def test_half_up_examples(n: int, d: int, r: int) -> None:
    assert half_up(n, d) == r


def test_half_up_by_zero_is_no_number() -> None:
    with pytest.raises(ZeroDivisionError):
        half_up(1, 0)


@given(st.integers(-(10**15), 10**15), st.dictionaries(st.text(max_size=3), st.integers(0, 10**12), min_size=1))
def test_split_gives_all_and_nobody_is_off_by_more_than_one(total: int, weights: dict[str, int]) -> None:
    assume(sum(weights.values()) > 0)
    shares = split(total, weights)
    assert sum(shares.values()) == total
    whole = sum(weights.values())
    for key, share in shares.items():
        assert abs(share - Fraction(total * weights[key], whole)) < 1
        if weights[key] == 0:
            assert share == 0


@given(st.integers(0, 10**9), st.dictionaries(st.text(max_size=3), st.integers(1, 10**6), min_size=2))
def test_split_does_not_depend_on_the_order_of_keys(total: int, weights: dict[str, int]) -> None:
    assert split(total, weights) == split(total, dict(reversed(weights.items())))


def test_split_ties_go_by_key_and_nobody_to_pay_is_an_error() -> None:
    assert split(100, {"b": 1, "c": 1, "a": 1}) == {"a": 34, "b": 33, "c": 33}
    assert split(0, {"a": 0}) == {"a": 0}
    with pytest.raises(ValueError, match="no weight"):
        split(1, {"a": 0})
    with pytest.raises(ValueError, match="negative"):
        split(1, {"a": 2, "b": -1})


@given(
    st.lists(
        st.tuples(st.integers(0, 2**50), st.integers(0, 2**45), st.integers(2**40, 2**52)), min_size=1, max_size=20
    )
)
def test_mul_div_equals_whole_numbers(rows: list[tuple[int, int, int]]) -> None:
    a, b, d = (np.array(x) for x in zip(*rows, strict=True))
    if any(x * y // z >= 2**62 for x, y, z in rows):
        return
    quotient, remainder = mul_div(a, b, d)
    assert [(int(q), int(r)) for q, r in zip(quotient, remainder, strict=True)] == [
        divmod(x * y, z) for x, y, z in rows
    ]
    assert mul_div_half_up(a, b, d).tolist() == [half_up(x * y, z) for x, y, z in rows]


def test_mul_div_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(OverflowError):
        mul_div([2**60], [2**60], [1])
    with pytest.raises(ValueError, match="d > 0"):
        mul_div([1], [1], [0])


def test_sum_exact_passes_64_bits() -> None:
    assert sum_exact(np.full(4, 2**62)) == 2**64
    assert sum_exact(np.array([-1, -(2**40)])) == -1 - 2**40


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=6)), min_size=1)
)
def test_split_groups_is_split_for_every_group(groups: list[tuple[int, list[int]]]) -> None:
    groups = [(t if any(w) else 0, w) for t, w in groups]
    starts = np.cumsum([0] + [len(w) for _, w in groups])[:-1]
    shares = split_groups(starts, np.array([t for t, _ in groups]), np.array([x for _, w in groups for x in w]))
    expected = [s for t, w in groups for s in split(t, dict(enumerate(w))).values()]
    assert shares.tolist() == expected


def test_split_groups_edges() -> None:
    none = np.zeros(0, np.int64)
    assert split_groups(none, none, none).tolist() == []
    with pytest.raises(ValueError, match="no weight"):
        split_groups(np.array([0]), np.array([5]), np.array([0, 0]))
    with pytest.raises(ValueError, match="starts"):
        split_groups(np.array([1]), np.array([5]), np.array([1, 1]))


@pytest.mark.parametrize(
    ("text", "fen"),
    [("12.30", 1230), ("1,234.5", 123450), ("１２.３", 1230), ("１，２３４．５０", 123450), ("0", 0), ("-3.2", -320),
     ("¥ 5", 500), (".5", 50), ("7.", None), ("+1", 100), ("12.3000", 1230), (" 8 ", 800)],
)  # fmt: skip
def test_parse_fen(text: str, fen: int | None) -> None:
    if fen is None:
        with pytest.raises(DrgpayError):
            parse_fen(text)
    else:
        assert parse_fen(text) == fen


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "12,34", "1e3", "--1", "1.234", "NaN", "1 2"])
def test_parse_fen_refuses(text: str) -> None:
    with pytest.raises(DrgpayError) as failure:
        parse_fen(text)
    assert text in str(failure.value)
    assert "→" in str(failure.value)


@given(st.integers(-(10**14), 10**14))
def test_what_is_printed_reads_back(amount: int) -> None:
    assert parse_fen(show_fen(amount)) == amount
    assert parse_points(show_points(amount)) == amount
    assert parse_coefficient(show_coefficient(amount)) == amount
    assert parse_coefficient(show_percent(amount)) == amount


def test_printing() -> None:
    assert show_fen(-123456) == "-1,234.56"
    assert show_fen(123456, group=False) == "1234.56"
    assert show_ratio(1, 3) == "0.3333"
    assert show_ratio(1, 0) == "–"
    assert parse_coefficient("5%") == 500
    assert parse_coefficient("1.05") == 10500
