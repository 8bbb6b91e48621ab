"""Points of one stay in plain fractions: judge of the kernel in tests, and the explainer (design/03 §4, §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from drgpay.policy import Policy
from drgpay.steps.points.base import Group
from drgpay.units import ONE, half_up, show_coefficient, show_fen, show_points


@dataclass(frozen=True)
class Line:
    """One line of a derivation: what, in both languages, its value, and the policy parameter behind it.

    What else can be followed from it, empty where there is none: the ``rule`` that decided (of the grouping scheme,
    of the payment modes), the ``table`` of the run and the ``key`` of the row it is read from (its parts with ``/``
    between them), the ``entry`` of the ledger, the ``source`` of the parameter's value.
    """

    zh: str
    en: str
    value: str
    parameter: str = ""
    rule: str = ""
    table: str = ""
    key: str = ""
    entry: str = ""
    source: str = ""


@dataclass(frozen=True)
class StayPoints:
    """Class, coefficient K(h, g), discount (None where the class has none), extra points and points of one stay, with
    the lines that led there. ``paid_as``: the class a refused stay would have."""

    case_class: str
    coefficient: int
    discount: int | None
    extra: int
    points: int
    lines: tuple[Line, ...]
    paid_as: str = ""

    @property
    def by_group(self) -> bool:
        """The stay is paid by its group."""
        return (self.paid_as or self.case_class) in ("normal", "low", "high")


@dataclass(frozen=True)
class Facts:
    """What decisions and adjustments look at besides class and cost. ``decisions``: approved kind → amount (fen) and
    share (1/10,000), None where not given; ``comorbidities``: how many are counted for the stay."""

    drg: str = ""
    los: int | None = None
    age: int | None = None
    comorbidities: int = 0
    readmitted: bool = False
    decisions: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)


def _round(x: Fraction) -> int:
    return half_up(x.numerator, x.denominator)


def stay_points(
    status: str,
    cost: int,
    group: Group | None,
    k: int,
    overall_mean: int,
    policy: Policy,
    k_parameter: str,
    facts: Facts | None = None,
) -> StayPoints:
    """Points of one stay, before adjustments. ``group``: its published group, None when there is none; ``k``: K(h, g)
    in 1/10,000 and ``k_parameter`` where it comes from; ``facts``: decisions and what further rules look at. A cap on
    extra points is a matter of the institution and not applied here. A refused stay keeps its points: it is paid
    nothing, and nobody else's payment moves.
    """
    facts = facts or Facts()
    judged = _judged(status, cost, group, k, overall_mean, policy, k_parameter, facts)
    if "refuse" not in facts.decisions:
        return judged
    refused = Line("不予支付，点数留在点数池中", "not paid; its points stay in the pool", show_points(judged.points),
                   "stay_decisions")  # fmt: skip
    return replace(judged, case_class="excluded", paid_as=judged.case_class, lines=(*judged.lines, refused))


def _judged(
    status: str,
    cost: int,
    group: Group | None,
    k: int,
    overall_mean: int,
    policy: Policy,
    k_parameter: str,
    facts: Facts,
) -> StayPoints:
    scale = policy.integer("points.scale")
    lines = [Line("总费用", "total cost", show_fen(cost))]
    left = _left_group(cost, k, overall_mean, policy, facts, lines)
    if left is not None:
        return left
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
        return StayPoints(case_class, k, discount, 0, points, tuple(lines))
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
        return StayPoints("low", k, None, 0, points, tuple(lines))
    if cost > high:
        extra, rule, review = 0, policy.choice("points.high_extra"), facts.decisions.get("high_extra")
        counted = cost - ((review[0] or 0) if review else 0)
        if (rule == "auto" or (rule == "after_review" and review)) and counted > high:
            extra = _round(Fraction(p * k, ONE) + p * (Fraction(counted, a) - Fraction(k_hi, ONE))) - normal
        lines += [
            Line("正常点数 P × K", "normal points P × K", show_points(normal)),
            Line("追加 = P × (费用 ÷ A − 倍率)", "extra = P × (cost ÷ A − multiple)", show_points(extra),
                 "points.high_extra"),
        ]  # fmt: skip
        return StayPoints("high", k, None, extra, normal + extra, tuple(lines))
    lines.append(Line("点数 = P × K", "points = P × K", show_points(normal)))
    return StayPoints("normal", k, None, 0, normal, tuple(lines))


def _left_group(
    cost: int, k: int, overall_mean: int, policy: Policy, facts: Facts, lines: list[Line]
) -> StayPoints | None:
    """A stay that is not paid by its group: special review, bed-days, short; None for all others."""
    scale = policy.integer("points.scale")
    special = facts.decisions.get("special")
    short, long = policy.integer_or_none("points.short_stay_days"), policy.integer_or_none("points.long_stay_days")
    if special is None and long is not None and facts.los is not None and facts.los > long:
        per_day = policy.ratio_or_none("points.bed_day_points") or 0
        points = facts.los * per_day
        lines += [
            Line("床日点数", "points per day", show_points(per_day), "points.bed_day_points"),
            Line(
                f"点数 = {facts.los} 天 × 床日点数",
                f"points = {facts.los} days × points per day",
                show_points(points),
            ),
        ]
        return StayPoints("bed_day", k, None, 0, points, tuple(lines))
    is_short = short is not None and facts.los is not None and facts.los <= short
    if special is None and not is_short:
        return None
    recognised = cost if special is None or special[0] is None else special[0]
    points = _round(Fraction(recognised * scale * ONE, overall_mean))
    parameter = "points.short_stay_days" if special is None else "points.special_quota"
    lines.append(Line("点数 = 费用 ÷ M × 标度", "points = cost ÷ M × scale", show_points(points), parameter))
    return StayPoints("short" if special is None else "special", k, None, 0, points, tuple(lines))


def adjusted_points(judged: StayPoints, policy: Policy, facts: Facts) -> list[tuple[str, int, int]]:
    """Adjustments of one stay in order: name, points before, points after."""
    in_group = judged.by_group
    steps: list[tuple[str, int]] = []
    age, comorbidities = (policy.integer_or_none(f"points.difficulty_{n}") for n in ("age", "comorbidities"))
    holds = (age is not None and facts.age is not None and facts.age >= age) + (
        comorbidities is not None and facts.comorbidities >= comorbidities
    )
    if in_group and holds:
        add, both = policy.ratio_or_none("points.difficulty_add"), policy.ratio_or_none("points.difficulty_add_both")
        steps.append(("difficulty", ONE + ((both if both is not None and holds == 2 else add) or 0)))
    long_enough = (facts.los if facts.los is not None else -1) >= (policy.integer_or_none("points.tcm_min_los") or 0)
    tcm = facts.drg in (policy.codes_or_none("points.tcm_groups") or ()) and "tcm" in facts.decisions
    if in_group and tcm and long_enough:
        steps.append(("tcm", ONE + (policy.ratio_or_none("points.tcm_add") or 0)))
    if "technology" in facts.decisions:
        share, most = facts.decisions["technology"][1] or 0, policy.ratio_or_none("points.technology_max")
        steps.append(("technology", ONE + (share if most is None else min(share, most))))
    if facts.readmitted:
        steps.append(("readmission", policy.ratio_or_none("points.readmit_keep") or 0))
    if "deduct" in facts.decisions:
        steps.append(("deduction", ONE - min(facts.decisions["deduct"][1] or 0, ONE)))
    points, made = judged.points, []
    for name, factor in steps:
        if factor != ONE:
            after = _round(Fraction(points * factor, ONE))
            made.append((name, points, after))
            points = after
    return made
