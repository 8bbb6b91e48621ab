"""What can be summed up over the stays and statements of runs, and by what."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from drgpay.steps.evaluation import registry
from drgpay.tables import INSTITUTION_MONTHS, INSTITUTIONS, SETTLED_STAYS, STATEMENTS, Column, Table

TERM = 10**8
"""a stay that costs the mean of its group adds this to the cost index"""


def quotient(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    """``above ÷ below``, half up in amount; null unless ``below`` is above 0."""
    amount = (above.abs() * 2 + below) // (below * 2)
    signed = pl.when(above < 0).then(amount * -1).otherwise(amount)
    return pl.when(below > 0).then(signed)


@dataclass(frozen=True, eq=False)
class Measure:
    """A figure over rows of a table: a sum, or the quotient of two sums. ``above`` and ``below`` say what of a row is
    added; ``below`` None: a sum. A quotient is half up in units of 1 ÷ ``unit``; ``by_scale``: the sum below is times
    the points of a base case; ``beside_all``: stays stand beside those of all institutions, so that few of these must
    not be worked out of it."""

    column: Column
    table: Table
    above: pl.Expr
    below: pl.Expr | None = None
    unit: int = 1
    by_scale: bool = False
    beside_all: bool = False

    @property
    def name(self) -> str:
        """Its name."""
        return self.column.name


def _count(name: str, zh: str, en: str, which: pl.Expr) -> Measure:
    return Measure(Column(name, "int64", zh, en), SETTLED_STAYS, which.cast(pl.Int64))


def _sum(table: Table, name: str, of: str = "") -> Measure:
    column = table[of or name]
    return Measure(replace(column, name=name, null=True), table, pl.col(column.name).fill_null(0))


_ONE = pl.col("total_cost").is_not_null().cast(pl.Int64)
"""every stay has a cost"""
_DRG = pl.col("mode") == "drg"
_CLASS = pl.col("case_class")
_DIED = (pl.col("discharge_way") == 5).fill_null(False)
_LOW_RISK = pl.col("risk").is_in(sorted(registry().settings.low_risk))
_MID_LOW_RISK = pl.col("risk") == 2


def _share(name: str, zh: str, en: str, which: pl.Expr, of: pl.Expr) -> Measure:
    return Measure(
        Column(name, "ratio", zh, en, null=True), SETTLED_STAYS, which.cast(pl.Int64), of.cast(pl.Int64), 10_000
    )


def _index(name: str, zh: str, en: str, term: str) -> Measure:
    below = pl.col(term).is_not_null().cast(pl.Int64) * TERM
    column = Column(name, "ratio", zh, en, null=True)
    return Measure(column, SETTLED_STAYS, pl.col(term).fill_null(0), below, 10_000, beside_all=True)


_MEASURES = (
    Measure(Column("n", "int64", "例数", "stays"), SETTLED_STAYS, _ONE),
    _count("n_settled", "按点数结算例数", "stays paid by points, not refused", _DRG & (_CLASS != "excluded")),
    *(_sum(SETTLED_STAYS, n) for n in ("points", "base_points", "extra", "total_cost", "personal_paid",
                                       "fund_by_item", "actual", "due", "refused", "balance")),
    Measure(Column("bed_days", "int64", "住院床日", "days in hospital"), SETTLED_STAYS, pl.col("los").cast(pl.Int64)),
    _count("high", "高倍率例数", "stays of high cost", _CLASS == "high"),
    _count("low", "低倍率例数", "stays of low cost", _CLASS == "low"),
    _count("unstable", "非稳定病组例数", "stays of unstable groups", _CLASS == "unstable"),
    _count("excluded", "不予支付例数", "refused stays", _CLASS == "excluded"),
    _count("ungrouped", "未入组例数", "stays without a group", pl.col("status") == "ungrouped"),
    _count("qy", "歧义例数", "stays of ambiguous groups", pl.col("status") == "qy"),
    _count("died", "死亡例数", "patients who died", pl.col("discharge_way") == 5),
    _count("grouped", "入组例数", "stays with a group", pl.col("status") == "grouped"),
    _count("low_risk", "低风险组例数", "stays of groups of low risk", _LOW_RISK.fill_null(False)),
    _count("low_risk_died", "低风险组死亡例数", "deaths in groups of low risk", (_LOW_RISK & _DIED).fill_null(False)),
    Measure(Column("cmi", "ratio", "病例组合指数", "case-mix index: Σ base points ÷ (stays × scale)", null=True),
            SETTLED_STAYS, pl.col("base_points").fill_null(0), _DRG.cast(pl.Int64), 1, True),
    Measure(Column("mean_cost", "fen", "例均费用", "mean cost", null=True), SETTLED_STAYS,
            pl.col("total_cost"), _ONE),
    Measure(Column("mean_points", "points", "例均点数", "mean points of stays paid by points", null=True),
            SETTLED_STAYS, pl.col("points").fill_null(0), _DRG.cast(pl.Int64)),
    Measure(Column("mean_los", "ratio", "平均住院日", "mean days in hospital", null=True), SETTLED_STAYS,
            pl.col("los").cast(pl.Int64), _ONE, 10_000),
    Measure(Column("use_ratio", "ratio", "使用率", "actual ÷ due", null=True), SETTLED_STAYS, pl.col("actual"),
            pl.col("due"), 10_000),
    _share("high_share", "高倍率占比", "share of stays of high cost", _CLASS == "high", _ONE),
    _share("low_share", "低倍率占比", "share of stays of low cost", _CLASS == "low", _ONE),
    _index("cost_index", "费用消耗指数", "cost index: mean over grouped stays of cost ÷ that of the group in all "
           "institutions", "cost_term"),
    _index("time_index", "时间消耗指数", "time index: the same with days in hospital", "time_term"),
    _share("mortality", "住院死亡率", "share of patients who died", _DIED, _ONE),
    _share("low_risk_mortality", "低风险组死亡率", "deaths ÷ stays in groups of low risk of death", _LOW_RISK & _DIED,
           _LOW_RISK),
    _share("mid_low_mortality", "中低风险组死亡率", "deaths ÷ stays in groups of middle to low risk of death",
           _MID_LOW_RISK & _DIED, _MID_LOW_RISK),
    _sum(INSTITUTION_MONTHS, "paid"),
    _sum(INSTITUTION_MONTHS, "deposit"),
    _sum(STATEMENTS, "settled"),
    _sum(STATEMENTS, "final_payment"),
)  # fmt: skip
MEASURES = {measure.name: measure for measure in _MEASURES}
"""what is summed up, by name"""

DIMENSIONS: dict[str, Column] = {
    **{n: SETTLED_STAYS[n] for n in ("year", "month", "insurance_scheme")},
    "level": INSTITUTIONS["level"],
    **{n: SETTLED_STAYS[n] for n in ("institution_id", "department_id", "doctor_id", "mdc", "adrg", "drg", "severity",
                                     "status", "case_class", "mode")},
}  # fmt: skip
"""by what it is summed up; a table has those of its columns, and ``level`` and ``year`` besides"""

UNITS = ("institution_id", "department_id", "doctor_id")
"""dimensions that name somebody"""
