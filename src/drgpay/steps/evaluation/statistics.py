"""The only place of this step that meets real numbers: logarithms and roots, in decimals of fixed precision.

Everything that leaves is an integer, rounded once, and the same on every machine: ``ln`` and ``sqrt`` of decimal
arithmetic are correctly rounded, roots of integers are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isqrt

from drgpay.units import ONE, half_up

_PRECISE = Context(prec=50, rounding=ROUND_HALF_UP)
_ROOT = 10**12


def wilson(cases: int, of: int, z: int) -> tuple[int, int]:
    """Wilson's interval of the share ``cases`` ÷ ``of`` (> 0), in 1/10,000; ``z`` in 1/10,000. Half up.

    (2k + z² ∓ z·√(z² + 4k(n − k)/n)) ÷ 2(n + z²), the root of an integer taken to twelve decimals.
    """
    root = isqrt((z * z * of + 4 * cases * (of - cases) * ONE * ONE) * _ROOT**2 // of)
    middle = (2 * cases * ONE * ONE + z * z) * _ROOT
    below = 2 * (of * ONE * ONE + z * z) * _ROOT
    low, high = (half_up((middle + sign * z * root) * ONE, below) for sign in (-1, 1))
    return max(low, 0), min(high, ONE)


@dataclass(frozen=True)
class Risk:
    """Risk of death of a group. ``ln`` in 1/10,000, half up; None without a death."""

    n: int
    deaths: int
    ln: int | None
    score: int


def risk_classes(groups: Mapping[str, tuple[int, int]]) -> dict[str, Risk]:
    """Group → risk from its stays and deaths in the reference period (design/08 §1).

    Score 0: no death; else by ln(mortality) against mean and sample sd over the groups with a death: 1 below
    mean − sd, 2 to the mean, 3 to mean + sd, 4 above. A bound belongs to the class below it, but for mean − sd.
    """
    logs = {
        drg: _PRECISE.ln(_PRECISE.divide(Decimal(deaths), Decimal(n)))
        for drg, (n, deaths) in groups.items()
        if deaths
    }
    ordered = [logs[drg] for drg in sorted(logs)]
    mean = sd = Decimal(0)
    if ordered:
        mean = _PRECISE.divide(_added(ordered), Decimal(len(ordered)))
    if len(ordered) > 1:
        squares = [_PRECISE.multiply(d, d) for d in (_PRECISE.subtract(x, mean) for x in ordered)]
        sd = _PRECISE.sqrt(_PRECISE.divide(_added(squares), Decimal(len(ordered) - 1)))
    low, high = _PRECISE.subtract(mean, sd), _PRECISE.add(mean, sd)
    result = {}
    for drg, (n, deaths) in groups.items():
        x = logs.get(drg)
        score = 0 if x is None else 1 if x < low else 2 if x <= mean else 3 if x <= high else 4
        result[drg] = Risk(n, deaths, None if x is None else _rounded(x), score)
    return result


def _added(values: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = _PRECISE.add(total, value)
    return total


def _rounded(x: Decimal) -> int:
    return int(_PRECISE.multiply(x, Decimal(ONE)).to_integral_value(ROUND_HALF_UP))
