"""A year paid by rate (费率法): the weights of groups, the rate, and what they are for the kernels."""

from __future__ import annotations

import polars as pl

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.runs.region import Registers
from drgpay.steps import points
from drgpay.tables import GROUP_WEIGHTS
from drgpay.units import ONE, show_coefficient


def rate_points(registers: Registers, policy: Policy, tables: points.PointsTables) -> points.PointsTables:
    """The kernel's tables for a year paid by rate, from those with institutions and coefficients."""
    return points.rate_tables(_weights(registers), _rate(policy), tables, policy, policy.integer("points.scale"))


def _rate(policy: Policy) -> int:
    """The rate in the unit of ``points.parse_rate``."""
    fen = policy.fen_or_none("rate.base_rate")
    assert fen is not None  # the dictionary requires it with points.pricing=rate
    return fen * 10**4


def with_weights(registers: Registers, policy: Policy) -> Registers:
    """The registers, with the policy's weights of groups where a year is paid by rate and the area brings none."""
    weights = policy.table_or_none("rate.weights")
    if policy.choice_or_none("points.pricing") != "rate" or not weights or registers[GROUP_WEIGHTS].height:
        return registers
    rows = [{"drg": drg, "weight": show_coefficient(weight)} for drg, weight in sorted(weights.items())]
    return Registers({**registers.frames, GROUP_WEIGHTS.name: frame(GROUP_WEIGHTS.of(rows))})


def _weights(registers: Registers) -> dict[str, str]:
    weights = dict(registers[GROUP_WEIGHTS].select("drg", "weight").rows())
    if not weights:
        raise DrgpayError(
            Kind.DATA,
            zh="费率法需要病组权重:登记表 group_weights 或政策参数 rate.weights",
            en="the rate method needs weights: the register group_weights or the parameter rate.weights",
            file="group_weights.csv",
            fix_zh="在区域文件夹中放入 group_weights.csv:drg,weight",
            fix_en="put group_weights.csv with drg,weight into the region's folder",
        )
    return weights


def rate_base(registers: Registers, policy: Policy) -> points.Base:
    """Groups of the rate method: payment standards at coefficient 1 in fen. There is no base period: nothing is
    trimmed, and cost ratios of institutions are 1."""
    rate, rule = _rate(policy), points.rate_rule(policy)
    basics = set(policy.codes("coefficient.basic_groups"))
    groups = {}
    for drg, weight in sorted(_weights(registers).items()):
        standard = points.payment_standard(points.parse_weight(weight), rate, points.parse_rate_coefficient("1"))
        value = standard or None
        groups[drg] = points.Group(drg, 0, standard, None, True, value, rule.high_multiple, drg in basics)
    sums = pl.DataFrame(schema={"institution_id": pl.String, "drg": pl.String, "n": pl.Int64, "cost": pl.Int64})
    return points.Base(ONE, 1, groups, [], sums)
