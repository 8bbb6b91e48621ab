"""Scalar amounts: parse, print, round half up, split without losing a fen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Mapping
from math import isqrt
from typing import NewType, TypeVar

from drgpay.errors import DrgpayError, Kind

Fen = NewType("Fen", int)
Points = NewType("Points", int)
Coefficient = NewType("Coefficient", int)

ONE = 10_000
"""1.0 as a coefficient, a ratio or a point."""

K = TypeVar("K", bound=Hashable)  # comparable with its like: ties go by key order

_NUMBER = re.compile(r"([+-]?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)?(?:\.([0-9]+))?")
_LONGEST = 60
"""characters of a number; more are no amount anybody means, and cost time to read"""


def half_up(n: int, d: int) -> int:
    """``n / d`` rounded to the nearest integer, halves away from zero; exact for any size.

    Halves go up in amount, so that a correction of −x is exactly the opposite of x.
    Raises ``ZeroDivisionError`` when ``d`` is 0.
    """
    if d < 0:
        n, d = -n, -d
    return (2 * n + d) // (2 * d) if n >= 0 else -((-2 * n + d) // (2 * d))


def variation(n: int, s: int, q: int) -> int | None:
    """Coefficient of variation of ``n`` amounts with sum ``s`` and sum of squares ``q``, in 1/10,000, half up; None
    below two amounts or with no sum."""
    if n < 2 or s == 0:
        return None
    return (isqrt(4 * ONE**2 * n * (n * q - s * s) // ((n - 1) * s * s)) + 1) // 2


def split(total: int, weights: Mapping[K, int]) -> dict[K, int]:
    """Share ``total`` by ``weights`` so that the shares add up to it: largest remainder (最大余数法).

    Each key gets the floor of its exact share; what is left goes, one unit each, to the largest remainders, ties
    by key order. Weights are integers ≥ 0; a negative total is split as its opposite. With all weights zero a
    total of zero is split into zeros; any other total raises ``ValueError`` (nobody to give it to).
    Source: design/04 §2.
    """
    if any(w < 0 for w in weights.values()):
        raise ValueError("split: a weight is negative")
    whole = sum(weights.values())
    if whole == 0:
        if total:
            raise ValueError("split: an amount and no weight to give it to")
        return dict.fromkeys(weights, 0)
    if total < 0:
        return {k: -v for k, v in split(-total, weights).items()}
    shares = {k: total * w // whole for k, w in weights.items()}
    left = total - sum(shares.values())
    by_remainder = sorted(weights, key=lambda k: (-(total * weights[k] % whole), k))
    for k in by_remainder[:left]:
        shares[k] += 1
    return shares


def parse_scaled(text: str, decimals: int) -> int:
    """A decimal number as an integer of ``decimals`` places: ``"1,234.5"`` with 2 → 123450.

    Full-width digits, points, commas and signs (１２．３) are read as their plain forms; spaces around and a leading
    ¥/￥ are allowed. More decimals than the unit holds, unless zeros, are an error: nothing is rounded on reading.
    Raises :class:`~drgpay.errors.DrgpayError` of kind DATA.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("¥").strip().replace("−", "-")
    match = _NUMBER.fullmatch(plain) if len(plain) <= _LONGEST else None
    if not match or (match[2] is None and match[3] is None):
        raise DrgpayError(
            Kind.DATA,
            zh="不是数字",
            en="not a number",
            value=text,
            fix_zh="写成 1234.50 这样的数",
            fix_en="write it as 1234.50",
        )
    whole, fraction = (match[2] or "0").replace(",", ""), match[3] or ""
    if fraction[decimals:].strip("0"):
        raise DrgpayError(
            Kind.DATA,
            zh=f"小数超过 {decimals} 位",
            en=f"more than {decimals} decimals",
            value=text,
            fix_zh="核对原始金额；系统读数时不四舍五入",
            fix_en="check the source; nothing is rounded on reading",
        )
    value: int = int(whole) * 10**decimals + int((fraction[:decimals]).ljust(decimals, "0") or "0")
    return -value if match[1] == "-" else value


def parse_fen(text: str) -> Fen:
    """Yuan as text → fen: ``"12.30"`` → 1230."""
    return Fen(parse_scaled(text, 2))


def parse_points(text: str) -> Points:
    """Points as text → 1/10,000: ``"98.5"`` → 985000."""
    return Points(parse_scaled(text, 4))


def parse_coefficient(text: str) -> Coefficient:
    """A coefficient or ratio as text, also as a percentage: ``"1.05"`` → 10500, ``"5%"`` → 500."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.endswith("%"):
        return Coefficient(parse_scaled(plain[:-1], 2))
    return Coefficient(parse_scaled(plain, 4))


def _show(value: int, decimals: int, *, group: bool) -> str:
    whole, fraction = divmod(abs(value), 10**decimals)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:,}.{fraction:0{decimals}d}" if group else f"{sign}{whole}.{fraction:0{decimals}d}"


def show_fen(value: int, *, group: bool = True) -> str:
    """Fen as yuan: 123450 → ``"1,234.50"``."""
    return _show(value, 2, group=group)


def show_points(value: int, *, group: bool = True) -> str:
    """Points with their four decimals: 985000 → ``"98.5000"``."""
    return _show(value, 4, group=group)


def show_coefficient(value: int) -> str:
    """A coefficient with its four decimals: 10500 → ``"1.0500"``."""
    return _show(value, 4, group=False)


def show_percent(value: int) -> str:
    """A ratio in 1/10,000 as a percentage: 9512 → ``"95.12%"``."""
    return _show(value, 2, group=False) + "%"


def show_ratio(n: int, d: int, decimals: int = 4) -> str:
    """An exact quotient printed with ``decimals`` places, half up; ``"–"`` when the divisor is 0."""
    return _show(half_up(n * 10**decimals, d), decimals, group=True) if d else "–"
