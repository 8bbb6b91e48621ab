"""Money, points and coefficients as integers, and the only places where drgpay divides.

======================  =====================  ==========================
what (中文)              type                   one unit is
======================  =====================  ==========================
money (金额)             :data:`Fen`            1 fen, 1/100 yuan (分)
points (点数)            :data:`Points`         1/10,000 point
coefficient, ratio (系数) :data:`Coefficient`    1/10,000
======================  =====================  ==========================

Scalars are Python integers of any size; columns are NumPy ``int64`` (:mod:`drgpay.units.vector`).
"""

from drgpay.units.amounts import (
    ONE,
    Coefficient,
    Fen,
    Points,
    half_up,
    parse_coefficient,
    parse_fen,
    parse_points,
    parse_scaled,
    show_coefficient,
    show_fen,
    show_percent,
    show_points,
    show_ratio,
    split,
    variation,
)
from drgpay.units.vector import mul_div, mul_div_half_up, split_groups, sum_exact

__all__ = [
    "ONE",
    "Coefficient",
    "Fen",
    "Points",
    "half_up",
    "mul_div",
    "mul_div_half_up",
    "parse_coefficient",
    "parse_fen",
    "parse_points",
    "parse_scaled",
    "show_coefficient",
    "show_fen",
    "show_percent",
    "show_points",
    "show_ratio",
    "split",
    "split_groups",
    "sum_exact",
    "variation",
]
