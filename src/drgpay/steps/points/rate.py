"""Rate method (费率法): payment = weight × rate × coefficient, by class of the stay. Source: design/03 §5.

Published tables print finer than the house's 1/10,000, so this file has its own units, as whole numbers:

==================  ====================================================================
weight (权重)        1/1,000,000,000: Yancheng prints nine decimals
rate (费率)          1/1,000,000 yuan per weight: Yancheng's is 7,938.236995 yuan
coefficient (系数)   1/100,000,000: Yancheng prints eight decimals
==================  ====================================================================

The payment standard of a group at an institution is the product, rounded half up to fen once. All that follows is
reckoned from that published standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.steps.points.kernel import PointsTables
from drgpay.tables import STAYS
from drgpay.units import ONE, Fen, half_up, mul_div, mul_div_half_up, parse_scaled

WEIGHT_DECIMALS, RATE_DECIMALS, COEFFICIENT_DECIMALS = 9, 6, 8
_FEN = 10 ** (WEIGHT_DECIMALS + RATE_DECIMALS + COEFFICIENT_DECIMALS - 2)
"""how many units of the product make a fen"""
CLASSES = ("normal", "low", "high")
"""classes of the rate method, in the order of their codes"""

Ints = npt.NDArray[np.int64]


def parse_weight(text: str) -> int:
    """A printed weight in 1/1,000,000,000: ``"1.269636359"`` → 1269636359."""
    return parse_scaled(text, WEIGHT_DECIMALS)


def parse_rate(text: str) -> int:
    """A rate in yuan per weight, in 1/1,000,000 yuan: ``"9435.25"`` → 9435250000."""
    return parse_scaled(text, RATE_DECIMALS)


def parse_rate_coefficient(text: str) -> int:
    """A printed coefficient in 1/100,000,000: ``"1.0569336"`` → 105693360."""
    return parse_scaled(text, COEFFICIENT_DECIMALS)


def payment_standard(weight: int, rate: int, coefficient: int) -> Fen:
    """Payment standard (支付标准) of a group: weight × rate × coefficient in fen, rounded half up once.

    Units as at the head of this file; for a basic group the coefficient is the one of every institution.
    """
    return Fen(half_up(weight * rate * coefficient, _FEN))


@dataclass(frozen=True)
class RateRule:
    """Multiples (1/10,000) on the payment standard, and whether what is above the high one is paid."""

    low_multiple: int
    high_multiple: int
    pays_extra: bool


def rate_rule(policy: Policy) -> RateRule:
    """``rate.low_multiple``, ``rate.high_multiple`` and ``points.high_extra``; POLICY when a multiple is not set."""
    multiples = {name: policy.ratio_or_none(name) for name in ("rate.low_multiple", "rate.high_multiple")}
    low, high = multiples.values()
    if low is None or high is None:
        raise DrgpayError(
            Kind.POLICY, zh="费率法需要的参数未设定", en="a parameter the rate method needs is not set",
            field=next(name for name, value in multiples.items() if value is None),
            fix_zh="在政策文件中给出该参数及来源", fix_en="give it, with its source, in the practice",
        )  # fmt: skip
    return RateRule(low, high, policy.choice("points.high_extra") == "auto")


def rate_payments(total_cost: Ints, standard: Ints, rule: RateRule) -> tuple[Ints, Ints]:
    """Class (place in :data:`CLASSES`) and payment (fen) of stays, from their cost and payment standard (fen).

    low: cost < low multiple × standard, paid at cost. high: cost > high multiple × standard, paid the standard and,
    where extra is automatic, what the cost is above the bound, the bound rounded half up to fen. normal: paid the
    standard. A stay on a bound is normal. Payment covers the whole stay, the patient's share included.
    """
    low_floor, low_rest = mul_div(standard, rule.low_multiple, ONE)
    low = total_cost < low_floor + (low_rest > 0)
    high = total_cost > mul_div(standard, rule.high_multiple, ONE)[0]
    paid = np.where(low, total_cost, standard)
    if rule.pays_extra:
        bound = mul_div_half_up(standard, rule.high_multiple, ONE)
        paid = np.where(high, standard + total_cost - bound, paid)
    return low * np.int64(1) + high * np.int64(2), paid


def rate_payment(cost: int, standard: int, rule: RateRule) -> tuple[str, int]:
    """The same for one stay, in plain numbers: judge of :func:`rate_payments`, and the explainer."""
    if cost * ONE < rule.low_multiple * standard:
        return "low", cost
    if cost * ONE > rule.high_multiple * standard:
        extra = cost - half_up(rule.high_multiple * standard, ONE) if rule.pays_extra else 0
        return "high", standard + extra
    return "normal", standard


def rate_tables(
    weights: Mapping[str, str], rates: int, base_tables: PointsTables, policy: Policy, scale: int
) -> PointsTables:
    """The kernel's tables for a year paid by rate. ``weights``: DRG → printed weight; ``rates``: the rate;
    ``base_tables``: tables with institutions, coefficients and decisions, whose groups are replaced by the weights.

    Points become money: one point is 10,000 fen, so that a stay's points are its payment in fen. A group without a
    weight is paid by its own cost.
    """
    rule = rate_rule(policy)
    drgs = sorted(weights)
    exact = [parse_weight(weights[drg]) for drg in drgs]
    fixed = dict(zip(base_tables.drgs.to_pylist(), base_tables.group_coefficient.tolist(), strict=False))
    ks = base_tables.coefficient.tolist()
    finer = 10 ** (COEFFICIENT_DECIMALS - 4)
    standards_of: list[list[int]] = []
    for drg, weight in zip(drgs, exact, strict=True):
        own = fixed.get(drg, -1)
        standards_of.append([payment_standard(weight, rates, (own if own >= 0 else k) * finer) for k in ks])
    most = STAYS["total_cost"].high or 0
    for drg, row in zip(drgs, standards_of, strict=True):
        if max(row, default=0) > most:
            raise DrgpayError(
                Kind.DATA, zh=f"病组 {drg} 的支付标准过大", en=f"the payment standard of {drg} is too large",
                file="group_weights", field=drg, value=weights[drg],
                fix_zh="核对权重和费率", fix_en="check its weight and the rate",
            )  # fmt: skip
    standards = np.array([*standards_of, [0] * len(ks)], np.int64).reshape(len(drgs) + 1, len(ks))
    none = np.zeros(1, np.int64)
    shown = [half_up(weight * scale, 10 ** (WEIGHT_DECIMALS - 4)) for weight in exact]
    return replace(
        base_tables,
        drgs=pa.array(drgs, pa.string()),
        mean_cost=np.append([payment_standard(w, rates, 10**COEFFICIENT_DECIMALS) for w in exact], 1).astype(
            np.int64
        ),
        base_points=np.append(np.array(shown, np.int64), none),
        high_multiple=np.full(len(drgs) + 1, rule.high_multiple, np.int64),
        group_coefficient=np.array([*(fixed.get(drg, -1) for drg in drgs), -1], np.int64),
        low_multiple=rule.low_multiple,
        overall_mean=ONE,
        scale=1,
        standards=standards,
    )
