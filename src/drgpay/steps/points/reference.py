"""Points of one stay in plain fractions: judge of the kernel in tests, and the explainer (design/03 §4, §6)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from drgpay.policy import Policy
from drgpay.steps.points.base import Group
from drgpay.units import ONE, half_up, show_coefficient, show_fen, show_points


@dataclass(frozen=True)
class Line:
    """One line of a derivation: what, in both languages, its value, and the policy parameter behind it."""

    zh: str
    en: str
    value: str
    parameter: str = ""


@dataclass(frozen=True)
class StayPoints:
    """Class, coefficient, extra points and points of one stay, with the lines that led there."""

    case_class: str
    coefficient: int
    extra: int
    points: int
    lines: tuple[Line, ...]


def _round(x: Fraction) -> int:
    return half_up(x.numerator, x.denominator)


def stay_points(
    status: str, cost: int, group: Group | None, k: int, overall_mean: int, policy: Policy, k_parameter: str
) -> StayPoints:
    """Points of one stay. ``group``: its published group, None when there is none; ``k``: K(h, g) in 1/10,000 and
    ``k_parameter`` where it comes from. A cap on extra points is a matter of the institution and not applied here.
    """
    scale = policy.integer("points.scale")
    lines = [Line("总费用", "total cost", show_fen(cost))]
    if status != "grouped" or group is None or group.base_points is None:
        case_class = status if status != "grouped" else "unstable"
        parameter = f"points.{case_class}_discount"
        discount = policy.ratio(parameter)
        points = _round(Fraction(cost * scale * discount, overall_mean))
        lines += [
            Line("全部病例均费 M", "overall mean M", show_fen(overall_mean), "points.base_years"),
            Line("折扣", "discount", show_coefficient(discount), parameter),
            Line("点数 = 费用 ÷ M × 标度 × 折扣", "points = cost ÷ M × scale × discount", show_points(points)),
        ]
        return StayPoints(case_class, discount, 0, points, tuple(lines))
    a, p, k_hi = group.mean_cost, group.base_points, group.high_multiple or 0
    k_lo = policy.ratio("points.low_multiple")
    low, high = Fraction(k_lo * a, ONE), Fraction(k_hi * a, ONE)
    normal = _round(Fraction(p * k, ONE))
    stable_zh, stable_en = ("稳定", "stable") if group.stable else ("非稳定", "unstable")
    lines += [
        Line(f"病组例均费用 A(n={group.n},{stable_zh})", f"group mean A (n={group.n}, {stable_en})", show_fen(a),
             "points.base_years"),
        Line("基准点数 P = A ÷ M × 标度", "base points P = A ÷ M × scale", show_points(p), "points.scale"),
        Line("低倍率界限", "low bound", show_fen(_round(low)), "points.low_multiple"),
        Line("高倍率界限", "high bound", show_fen(_round(high)), "points.high_multiple"),
        Line("系数 K", "coefficient K", show_coefficient(k), k_parameter),
    ]  # fmt: skip
    if cost < low:
        points = min(_round(Fraction(p * cost, a)), normal)
        lines.append(
            Line("点数 = P × 费用 ÷ A,不超过 P × K", "points = P × cost ÷ A, at most P × K", show_points(points))
        )
        return StayPoints("low", k, 0, points, tuple(lines))
    if cost > high:
        extra = 0
        if policy.choice("points.high_extra") == "auto":
            extra = _round(Fraction(p * k, ONE) + p * (Fraction(cost, a) - Fraction(k_hi, ONE))) - normal
        lines += [
            Line("正常点数 P × K", "normal points P × K", show_points(normal)),
            Line("追加 = P × (费用 ÷ A − 倍率)", "extra = P × (cost ÷ A − multiple)", show_points(extra),
                 "points.high_extra"),
        ]  # fmt: skip
        return StayPoints("high", k, extra, normal + extra, tuple(lines))
    lines.append(Line("点数 = P × K", "points = P × K", show_points(normal)))
    return StayPoints("normal", k, 0, normal, tuple(lines))
