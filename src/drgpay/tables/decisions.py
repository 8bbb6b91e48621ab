"""People's decisions and marks that money follows: reviews, refusals, indicator values, debts."""

from __future__ import annotations

from drgpay.tables.inputs import INSTITUTION, INSURANCE, STAYS
from drgpay.tables.model import Column, Table

DECISIONS = ("special", "high_extra", "technology", "tcm", "refuse", "deduct")
INDICATORS = (
    "cost_index",
    "time_index",
    "visits_per_head",
    "out_of_policy_share",
    "readmission_rate",
    "technical_level",
    "record_completeness",
    "record_accuracy",
    "groups_treated",
)
ADJUSTMENTS_MADE = ("difficulty", "tcm", "technology", "readmission", "deduction")

_YEAR = Column("year", "int16", "年度", "year", low=1990, high=2200)

STAY_DECISIONS = Table(
    "stay_decisions", "病例评议", "decisions of reviewers on single stays", "register", ("stay_id", "kind"),
    (
        STAYS["stay_id"],
        INSTITUTION,
        Column("kind", "code", "事项", "special = special review 特例单议, high_extra = extra points of a high stay, "
               "technology = new technology, tcm = TCM treatment confirmed, refuse = not paid, deduct = points "
               "deducted", choices=DECISIONS),
        Column("decision", "code", "决定", "decision", choices=("approved", "declined", "pending")),
        Column("number", "int64", "评审序号", "order in which reviews were decided; quotas are filled in it", low=0),
        Column("amount", "fen", "金额", "special: cost the review recognised (empty = the stay's own); high_extra: "
               "unreasonable cost taken out", null=True, low=0, high=STAYS["total_cost"].high),
        Column("share", "ratio", "比例", "technology: points added; deduct: points taken", null=True, low=0,
               high=100_000),
        Column("reason", "text", "理由", "reason", null=True),
    ),
    files=("病例决定", "评审决定", "评议结果"),
)  # fmt: skip

INDICATOR_VALUES = Table(
    "indicator_values", "指标值", "indicator values of institutions, as evaluated for a year", "register",
    ("year", "institution_id", "indicator"),
    (
        _YEAR,
        INSTITUTION,
        Column("indicator", "code", "指标", "indicator", choices=INDICATORS),
        Column("value", "ratio", "值", "value", low=0),
    ),
)  # fmt: skip

VIOLATIONS = Table(
    "violations", "违规认定", "confirmed violations: what is refused or recovered, with damages", "register",
    ("violation_id",),
    (
        Column("violation_id", "text", "编号", "violation"),
        _YEAR,
        INSTITUTION,
        INSURANCE,
        Column("amount", "fen", "金额", "amount refused or recovered", low=0),
        Column("damages_multiple", "ratio", "违约金倍数", "liquidated damages as a multiple of the amount, where the "
               "agreement says so", null=True, low=0, high=50_000),
        Column("reason", "text", "事由", "what was found", null=True),
    ),
    files=("违规", "违规扣款"),
)  # fmt: skip

DEBTS = Table(
    "debts", "上年应退", "what institutions owe from an earlier clearing (or claim, negative), netted at this one",
    "register", ("year", "origin", "institution_id", "insurance_scheme"),
    (
        _YEAR,
        INSTITUTION,
        INSURANCE,
        Column("amount", "fen", "金额", "amount owed to the fund; negative: claimed from it"),
        Column("origin", "text", "来源", "the sealed result of an earlier year it comes from, as `drgpay book` says; "
               "empty = a debt without a book", null=True),
    ),
    files=("欠款", "应退"),
)  # fmt: skip

ADJUSTMENTS = Table(
    "adjustments", "点数调整", "adjustments of case points after the class, in order", "points",
    ("stay_id", "adjustment"),
    (
        STAYS["stay_id"],
        Column("adjustment", "code", "调整", "adjustment", choices=ADJUSTMENTS_MADE),
        Column("before", "points", "调整前", "points before", low=0),
        Column("after", "points", "调整后", "points after", low=0),
        Column("factor", "ratio", "倍数", "factor applied", low=0),
        Column("parameter", "code", "参数", "policy parameter"),
    ),
    folder=True,
)  # fmt: skip

GROUP_WEIGHTS = Table(
    "group_weights", "病组权重", "published weights of the groups, for the rate method", "register", ("drg",),
    (
        Column("drg", "code", "病组", "DRG", refers="group"),
        Column("weight", "text", "权重", "weight as printed, up to nine decimals"),
    ),
    files=("权重",),
)  # fmt: skip

BUDGET_ADJUSTMENTS = Table(
    "budget_adjustments", "年终预算调整", "what changes the inpatient budget when a year is cleared", "register",
    ("adjustment_id",),
    (
        Column("adjustment_id", "text", "调整编号", "adjustment"),
        _YEAR,
        INSURANCE,
        Column("change_reason", "code", "调整理由", "reason", choices=("policy_change", "outbreak")),
        Column("amount", "fen", "金额", "amount; negative lowers the budget"),
        Column("decision", "code", "决定", "decision", choices=("approved", "declined", "pending")),
        Column("decided_by", "text", "决定人", "who decided it; needed where it is approved", null=True),
        Column("decided_on", "date", "决定日期", "day of the decision; needed where it is approved", null=True),
        Column("document", "text", "文件", "minutes or document that says so", null=True),
    ),
    files=("年终调整",),
)  # fmt: skip

OPERATION_LEVELS = Table(
    "operation_levels", "手术分级目录", "levels of operations, for the technical level of institutions", "register",
    ("code",),
    (
        Column("code", "code", "手术操作编码", "operation (ICD-9-CM-3, insurer's edition)", refers="operation",
               aliases=("手术编码", "手术代码", "ICD9", "ICD-9-CM-3编码")),
        Column("operation_level", "int8", "手术级别", "level of the operation, 4 the highest", low=1, high=4,
               aliases=("手术等级", "级别")),
        Column("name", "text", "名称", "name", null=True, aliases=("手术名称", "手术操作名称")),
    ),
    files=("手术目录", "手术分级"),
)  # fmt: skip

DECISION_REGISTERS = (GROUP_WEIGHTS, OPERATION_LEVELS, STAY_DECISIONS, INDICATOR_VALUES, VIOLATIONS, DEBTS,
                      BUDGET_ADJUSTMENTS)  # fmt: skip
