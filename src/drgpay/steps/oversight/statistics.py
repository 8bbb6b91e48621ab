"""Statistics of oversight in exact fractions and decimals of a fixed precision: the same on every machine.

Counts go in, ratios in 1/10,000 and probabilities in 1/1,000,000,000 come out, each rounded half up once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt

from drgpay.units import ONE, half_up

BILLION = 10**9
_DIGITS = 60
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def rounded(x: Fraction, scale: int = ONE) -> int:
    """A fraction in units of 1/scale, half up."""
    return half_up(x.numerator * scale, x.denominator)


def root(x: Fraction, scale: int = ONE) -> int:
    """The square root of a fraction ≥ 0 in units of 1/scale, rounded down."""
    return isqrt(x.numerator * scale * scale // x.denominator)


def upper_tail(square: Fraction) -> int:
    """P(Z > z) of a standard normal for z ≥ 0 given z², in 1/1,000,000,000."""
    if square.numerator == 0:
        return BILLION // 2
    if square > 64:
        return 0
    with localcontext(prec=_DIGITS) as arithmetic:
        z2 = arithmetic.divide(Decimal(square.numerator), Decimal(square.denominator))
        z = z2.sqrt()
        term, total, n = z, z, 1
        while abs(term) > Decimal(10) ** -_DIGITS * 10**10:
            n += 2
            term = arithmetic.divide(term * z2, Decimal(n))
            total += term
        density = arithmetic.divide((arithmetic.divide(-z2, Decimal(2))).exp(), (2 * _PI).sqrt())
        tail = (Decimal(1) - 2 * density * total) * BILLION
        return max(0, int(arithmetic.divide(tail, Decimal(2)).to_integral_value()))


@dataclass(frozen=True)
class Trend:
    """A test of trend: the sign of the trend, z², and the one-sided probability of falling so far by chance."""

    falling: bool
    square: Fraction
    p: int


def falling(counts: Sequence[tuple[int, int, int]]) -> Trend | None:
    """Cochran–Armitage test of (period, events, cases) for a falling share; None when there is nothing to test.

    z² = N·T² / (K(N − K)(NΣnt² − (Σnt)²)) with T = Σ t(kN − nK). Source: Armitage 1955.
    """
    n, k = sum(c for _, _, c in counts), sum(e for _, e, _ in counts)
    spread = n * sum(c * t * t for t, _, c in counts) - sum(c * t for t, _, c in counts) ** 2
    if k in (0, n) or spread == 0:
        return None
    t = sum(period * (events * n - cases * k) for period, events, cases in counts)
    square = Fraction(t * t * n, k * (n - k) * spread)
    tail = upper_tail(square)
    return Trend(t < 0, square, tail if t < 0 else BILLION - tail)


def discoveries(p: Mapping[str, int], rate: int) -> frozenset[str]:
    """Keys whose probabilities (1/1,000,000,000) stand at a false discovery rate (1/10,000): Benjamini–Hochberg."""
    ordered = sorted(p.items(), key=lambda item: (item[1], item[0]))
    last = 0
    for rank, (_, value) in enumerate(ordered, 1):
        if value * len(ordered) * ONE <= rank * rate * BILLION:
            last = rank
    return frozenset(key for key, _ in ordered[:last])


def shrunken(pairs: Mapping[str, tuple[int, Fraction]]) -> dict[str, Fraction]:
    """Observed ÷ expected of every key, drawn towards the mean of all as far as small numbers ask.

    Gamma–Poisson: the prior's variance is what the ratios vary beyond chance (method of moments); where that is
    nothing, every key gets the mean. Source: Clayton and Kaldor 1987.
    """
    used = {key: (o, e) for key, (o, e) in pairs.items() if e > 0}
    if not used:
        return {}
    all_o, all_e = sum(o for o, _ in used.values()), sum((e for _, e in used.values()), Fraction(0))
    mean = _over(all_o, all_e)
    squares = sum((e * (_over(o, e) - mean) ** 2 for o, e in used.values()), Fraction(0))
    room = all_e - _over(sum((e * e for _, e in used.values()), Fraction(0)), all_e)
    between = _over(squares - (len(used) - 1) * mean, room) if room > 0 else Fraction(0)
    if between <= 0 or mean == 0:
        return dict.fromkeys(used, mean)
    rate = _over(mean, between)
    return {key: _over(o + mean * rate, e + rate) for key, (o, e) in used.items()}


def _over(a: Fraction | int, b: Fraction) -> Fraction:
    return Fraction(a) * Fraction(b.denominator, b.numerator)


def chart_limits(events: int, cases: int, n: int, sigmas: int) -> tuple[int, int, int]:
    """Centre, lower and upper limit (1/10,000) of a p-chart for a point of ``n`` cases, where ``events`` of ``cases``
    are the whole series: p ± sigmas·√(p(1 − p)/n), held between 0 and 1. ``cases``, ``n`` > 0."""
    width = root(Fraction(sigmas * sigmas * events * (cases - events), cases * cases * n))
    centre = half_up(events * ONE, cases)
    return centre, max(0, centre - width), min(ONE, centre + width)


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance with its 95 % interval, 1/10,000; None where everybody chose one class."""

    n: int
    agreed: int
    kappa: int | None
    low: int | None
    high: int | None


def kappa(pairs: Sequence[tuple[str, str]]) -> Kappa:
    """Cohen's κ of (first, second) classes: (p_o − p_e)/(1 − p_e), ± 1.96·√(p_o(1 − p_o)/n)/(1 − p_e).
    Source: Cohen 1960."""
    n = len(pairs)
    agreed = sum(a == b for a, b in pairs)
    first: dict[str, int] = {}
    second: dict[str, int] = {}
    for a, b in pairs:
        first[a] = first.get(a, 0) + 1
        second[b] = second.get(b, 0) + 1
    chance = sum(count * second.get(name, 0) for name, count in first.items())
    room = n * n - chance
    if n == 0 or room == 0:
        return Kappa(n, agreed, None, None, None)
    value = Fraction(agreed * n - chance, room)
    width = root(Fraction(196 * 196 * agreed * (n - agreed) * n, 10_000 * room * room))
    middle = rounded(value)
    return Kappa(n, agreed, middle, max(-ONE, middle - width), min(ONE, middle + width))


def risk_scores(groups: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Risk of a group from (deaths, stays): 0 no death, else by ln(mortality) against mean and standard deviation
    over the groups: 1 below mean − sd (low risk), 2 to the mean, 3 to mean + sd, 4 above. Source: design/08 §1."""
    with localcontext(prec=_DIGITS) as arithmetic:
        logs = {g: arithmetic.divide(Decimal(d), Decimal(n)).ln() for g, (d, n) in groups.items() if d > 0 and n > 0}
        if not logs:
            return dict.fromkeys(groups, 0)
        count = Decimal(len(logs))
        mean = arithmetic.divide(sum(logs.values(), Decimal(0)), count)
        spread = arithmetic.divide(sum(((x - mean) ** 2 for x in logs.values()), Decimal(0)), count).sqrt()
        bounds = (mean - spread, mean, mean + spread)
        return {g: 0 if g not in logs else 1 + sum(logs[g] >= bound for bound in bounds) for g in groups}


@dataclass(frozen=True)
class Estimate:
    """A share with its interval, 1/10,000."""

    share: int
    low: int
    high: int


def quantile(confidence: int) -> int:
    """z (1/10,000) of a two-sided interval of a standard normal with this confidence (1/10,000): the smallest beyond
    which no more is left on either side than (1 − confidence) ÷ 2."""
    left, low, high = (ONE - confidence) * (BILLION // ONE) // 2, 0, 8 * ONE
    while low < high:
        middle = (low + high) // 2
        if upper_tail(Fraction(middle * middle, ONE * ONE)) <= left:
            high = middle
        else:
            low = middle + 1
    return low


def sample_size(cases: int, share: int, half_width: int, confidence: int) -> int:
    """How many of so many cases must be looked at for a share (1/10,000) to be known to ± ``half_width`` (1/10,000):
    n₀ = z²·p(1 − p) ÷ e², less for a finite number: n₀ ÷ (1 + (n₀ − 1) ÷ N), rounded up. 0 where none is wanted.
    Source: Cochran 1977."""
    if half_width <= 0 or cases == 0:
        return 0
    n0 = Fraction(quantile(confidence) ** 2 * share * (ONE - share), (ONE * half_width) ** 2)
    n = _over(n0, 1 + _over(n0 - 1, Fraction(cases))) if n0 > 1 else Fraction(1)
    return min(cases, -(-n.numerator // n.denominator))


def stratified(strata: Sequence[tuple[int, int, int]], confidence: int) -> Estimate | None:
    """The share of a population of strata (cases, of them looked at, of those events): Σ W·p with W = cases ÷ all,
    and Wilson's interval for as many cases as the variance Σ W²·p(1 − p)/n·(N − n)/(N − 1) is worth. None while a
    stratum has nothing that was looked at. Source: Cochran 1977, Wilson 1927."""
    seen = [(cases, n, k) for cases, n, k in strata if cases > 0]
    if not seen or any(n == 0 for _, n, _ in seen):
        return None
    whole = sum(cases for cases, _, _ in seen)
    share, spread, room = Fraction(0), Fraction(0), Fraction(0)
    for cases, n, k in seen:
        weight, own = Fraction(cases, whole), Fraction(k, n)
        left = Fraction(cases - n, max(cases - 1, 1) * n) * weight * weight
        share += weight * own
        spread += own * (1 - own) * left
        room += left
    if room == 0:
        point = rounded(share)
        return Estimate(point, point, point)
    worth = _over(share * (1 - share), spread) if spread > 0 else _over(1, room)
    z2 = Fraction(quantile(confidence), ONE) ** 2
    centre, scale = share + _over(z2, 2 * worth), 1 + _over(z2, worth)
    inside = _over(share * (1 - share), worth) + _over(z2, 4 * worth * worth)
    width = Fraction(root(z2 * inside, BILLION), BILLION)
    return Estimate(
        rounded(share),
        max(0, rounded(_over(centre - width, scale))),
        min(ONE, rounded(_over(centre + width, scale))),
    )
