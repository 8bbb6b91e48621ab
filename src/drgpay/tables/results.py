"""Tables the steps write. Each has exactly one writer."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.decisions import ADJUSTMENTS
from drgpay.tables.inputs import GRADES, INSTITUTION, INSURANCE, LEVELS, SCHEMES, STAYS
from drgpay.tables.model import Column, Table

CLASSES = ("normal", "low", "high", "unstable", "ungrouped", "qy", "short", "bed_day", "special", "excluded")
SEVERITIES = ("mcc", "cc", "none")
STATUSES = ("grouped", "ungrouped", "qy")

_YEAR = Column("year", "int16", "年度", "year of discharge")
_MONTH = Column("month", "int8", "月份", "month of discharge; 0 = the whole year", low=0, high=12)
_DRG = Column("drg", "code", "病组", "DRG; 0000 = ungrouped (未入组), xQY = ambiguous (歧义)")
_N = Column("n", "int64", "例数", "number of stays", low=0)
_POINTS = Column("points", "points", "点数", "case points", low=0)
_REFUSED = Column(
    "refused", "fen", "不予支付", "share of refused stays, which goes back to the fund; negative: borne by it"
)

FINDINGS = Table(
    "findings", "校验问题", "what intake found: row, field, value, rule, what to do", "intake",
    ("file", "row", "field", "rule"),
    (
        Column("file", "text", "文件", "file"),
        Column("row", "int64", "行号", "line of the file, the header being line 1; 0 = the whole file"),
        Column("stay_id", "text", "病例号", "stay", null=True),
        Column("field", "text", "字段", "column"),
        Column("value", "text", "值", "value as it stands in the file; empty for personal data"),
        Column("rule", "code", "规则", "rule"),
        Column("level", "code", "级别", "error = the row is kept out; warn = it goes on; info = a hint on coding",
               choices=("error", "warn", "info")),
        Column("zh", "text", "说明", "what is wrong and what to do (Chinese)"),
        Column("en", "text", "说明(英文)", "what is wrong and what to do (English)"),
    ),
    folder=True,
)  # fmt: skip

GROUPED = Table(
    "grouped", "入组结果", "checked stays with their group", "grouping", ("stay_id",),
    (
        *(STAYS[n] for n in ("stay_id", "person_id", "institution_id", "department_id", "doctor_id",
                             "insurance_scheme", "sex", "age", "age_days", "birth_weight", "admission_weight",
                             "los")),
        replace(STAYS["admission_date"], null=True),
        *(STAYS[n] for n in ("discharge_date",
                             "discharge_way", "dx", "proc", "total_cost", "personal_paid", "fund_by_item")),
        _YEAR, _MONTH,
        Column("mdc", "code", "主要诊断大类", "major diagnostic category", null=True),
        Column("adrg", "code", "核心病组", "adjacent DRG", null=True),
        _DRG,
        Column("severity", "code", "并发症程度", "severity", choices=SEVERITIES),
        Column("status", "code", "入组状态", "status", choices=STATUSES),
    ),
    folder=True,
)  # fmt: skip

GROUP_NAMES = Table(
    "group_names", "病组名称", "groups of the scheme a run used, with their names", "grouping", ("drg",),
    (_DRG, Column("name", "text", "名称", "name, as the scheme has it")),
)  # fmt: skip

BASE_YEARS = Table(
    "base_years", "基期分年统计", "a group in a base year, before and after trimming", "points", ("year", "drg"),
    (
        _YEAR, _DRG,
        Column("n_before", "int64", "裁剪前例数", "stays before trimming"),
        Column("cost_before", "fen", "裁剪前总费用", "cost before trimming"),
        Column("n", "int64", "裁剪后例数", "stays left", low=0),
        Column("cost", "fen", "裁剪后总费用", "cost left", low=0),
    ),
)  # fmt: skip

BASE_GROUPS = Table(
    "base_groups", "基准点数表", "published base points of the groups", "points", ("drg",),
    (
        _DRG,
        _N,
        Column("mean_cost", "fen", "例均费用", "published group mean A_g"),
        Column("cv", "ratio", "变异系数", "coefficient of variation, rounded half up", null=True),
        Column("stable", "flag", "稳定病组", "stable group"),
        Column("base_points", "points", "基准点数", "base points P_g; null: the stays are paid by their own cost",
               null=True),
        Column("high_multiple", "ratio", "高倍率界值", "bound of the high class k_hi", null=True),
        Column("basic", "flag", "基础病组", "basic group: the same coefficient everywhere"),
        Column("fixed_coefficient", "ratio", "统一系数", "K of every institution in this group, where it is fixed",
               null=True),
        Column("fixed_by", "code", "统一依据", "policy parameter that fixes it", null=True),
    ),
)  # fmt: skip

COEFFICIENTS = Table(
    "coefficients", "系数推导", "how an institution's coefficient was built", "points",
    ("institution_id", "component"),
    (
        INSTITUTION,
        Column("component", "code", "组成", "component, or `total` for the result"),
        Column("n", "int64", "例数", "base-period stays behind it"),
        Column("own_cost", "fen", "本机构费用", "Σ n_hg × c̄_hg: cost of its trimmed base-period stays"),
        Column("own_expected", "fen", "本机构标化费用", "Σ n_hg × c̄_g: the same stays at the region's group means"),
        Column("level_cost", "fen", "同等级费用", "the same for all institutions of its level"),
        Column("level_expected", "fen", "同等级标化费用", "the same for all institutions of its level"),
        Column("inputs", "text", "依据", "what else went in: level, grade, indicator values", null=True),
        Column("unbounded", "ratio", "未限幅值", "value before its bounds"),
        Column("value", "ratio", "取值", "value used", low=0),
        Column("bound", "code", "触及界限", "bound that was hit: min, max or none", choices=("min", "max", "none")),
    ),
)  # fmt: skip

CASE_POINTS = Table(
    "case_points", "病例点数", "case points of the stays of the settlement year", "points", ("stay_id",),
    (
        STAYS["stay_id"], INSTITUTION, STAYS["department_id"], STAYS["doctor_id"], INSURANCE, _YEAR, _MONTH, _DRG,
        Column("case_class", "code", "病例类型", "class of the stay; excluded = not paid, with the points it would "
               "have", choices=CLASSES),
        Column("coefficient", "ratio", "系数", "K(h, g) of the institution and group; normal, low and high stays use "
               "it", low=0),
        Column("discount", "ratio", "折扣", "discount of a stay paid by its own cost: unstable, ungrouped, qy",
               null=True, low=0),
        Column("extra", "points", "高倍率追加点数", "part of the points above the normal ones", low=0),
        _POINTS,
        STAYS["total_cost"], STAYS["personal_paid"], STAYS["fund_by_item"],
    ),
    folder=True,
)  # fmt: skip

POOLS = Table(
    "pools", "点值", "what is shared in a month and in the year, and the point value", "fund",
    ("insurance_scheme", "month"),
    (
        INSURANCE, _MONTH,
        Column("budget", "fen", "预算", "inpatient DRG budget of the period, what was adjusted at its end included"),
        Column("adjusted", "fen", "年终调整", "part of the year's budget that approved entries added at its end "
               "(negative: took)"),
        Column("reserve", "fen", "预留", "reserve kept back"),
        Column("elsewhere", "fen", "异地住院", "own insured treated as inpatients in other areas, paid out of the "
               "same budget before points are", low=0),
        Column("patients", "fen", "个人负担", "patients' payments on the same stays, when the basis is total"),
        Column("distributable", "fen", "可分配额", "budget − reserve − inpatients elsewhere + patients"),
        _N, _POINTS,
        Column("point_value", "int64", "点值", "printed quotient distributable ÷ points, rounded half up for reading "
               "only; null without points, and under the rate method", null=True,
               unit="1/10,000 元/点 (yuan per point)"),
    ),
)  # fmt: skip

INSTITUTION_MONTHS = Table(
    "institution_months", "月度预结算", "monthly pre-settlement of an institution", "settlement",
    ("insurance_scheme", "month", "institution_id"),
    (
        INSURANCE, _MONTH, INSTITUTION, _N, _POINTS,
        Column("cost", "fen", "总费用", "total cost"),
        Column("actual", "fen", "项目基金应付", "what the fund would pay item by item, without refused stays"),
        _REFUSED,
        Column("due", "fen", "应付", "allocated payment, without refused stays", low=0),
        Column("paid", "fen", "预拨付", "paid for the month", low=0),
        Column("deposit", "fen", "质量保证金", "quality deposit held back", low=0),
    ),
)  # fmt: skip

STAY_PAYMENTS = Table(
    "stay_payments", "病例支付", "what of an institution's payment belongs to a stay", "settlement", ("stay_id",),
    (
        STAYS["stay_id"], INSTITUTION, STAYS["department_id"], INSURANCE, _MONTH, _DRG,
        Column("month_due", "fen", "月度应付", "share of the institution's monthly due; a refused stay: 0"),
        Column("month_refused", "fen", "月度不予支付", "share of the month that is refused and goes back to the "
               "fund; negative: borne by it"),
        Column("year_due", "fen", "年度应付", "share of the institution's due at clearing; a refused stay: 0",
               null=True),
        Column("year_refused", "fen", "年度不予支付", "share of the year that is refused and goes back to the "
               "fund; negative: borne by it", null=True),
    ),
    folder=True,
)  # fmt: skip

STATEMENTS = Table(
    "statements", "年度清算单", "clearing of an institution and insurance scheme, step by step", "settlement",
    ("insurance_scheme", "institution_id"),
    (
        INSURANCE, INSTITUTION,
        Column("level", "code", "等级", "level", choices=LEVELS),
        Column("grade", "code", "考核等级", "evaluation grade", choices=GRADES),
        Column("sanctioned", "flag", "受处罚", "under sanction in the year"),
        _N, _POINTS,
        Column("cmi", "ratio", "结算病例组合指数", "case-mix index of settled stays: Σ base points ÷ (stays × scale)",
               null=True),
        Column("cost", "fen", "总费用", "total cost"),
        Column("actual", "fen", "项目基金应付", "what the fund would pay item by item, without refused stays", low=0),
        _REFUSED,
        Column("due", "fen", "应付", "allocated payment of the year, without refused stays", low=0),
        Column("balance", "fen", "结余(超支)", "due − actual: surplus (+) or overspend (−)"),
        Column("use_ratio", "ratio", "使用率", "actual ÷ due, rounded half up", null=True),
        Column("keep_share", "ratio", "结余留用比例", "share of the surplus kept", null=True),
        Column("surplus_returned", "fen", "结余上缴", "surplus given back to the fund", low=0),
        Column("overspend_reasonable", "fen", "合理超支", "overspend backed by evidence", low=0),
        Column("overspend_shared", "fen", "超支分担", "overspend borne by the fund", low=0),
        Column("deposit_held", "fen", "质量保证金", "deposit held back in the months", low=0),
        Column("deposit_forfeited", "fen", "保证金扣减", "deposit not returned", low=0),
        Column("second_distribution", "fen", "二次分配", "share of the second distribution", low=0),
        Column("violations", "fen", "违规扣回", "confirmed violations refused or recovered", low=0),
        Column("damages", "fen", "违约金", "liquidated damages", low=0),
        Column("assessment_held", "fen", "考核预留", "assessment reserve of the advances, withheld at the clearing",
               low=0),
        Column("assessment_forfeited", "fen", "考核扣减", "part of the assessment reserve not returned", low=0),
        Column("settled", "fen", "清算应得", "due − returned + shared − forfeited + second distribution − "
               "violations − damages − assessment"),
        Column("paid_in_months", "fen", "已预拨", "paid in the months", low=0),
        Column("advance_netted", "fen", "冲抵预付", "advances of the year, netted", low=0),
        Column("debt_netted", "fen", "冲抵上年应退", "owed from an earlier clearing (negative: claimed), netted"),
        Column("debt_passed", "fen", "其中上年账本转来", "part of it that an earlier book has passed on"),
        Column("held", "fen", "暂缓拨付转下年", "payments of months still held", low=0),
        Column("modes_held", "fen", "其他支付方式暂缓转下年", "payments of other modes still held, "
               "which are no part of what is settled here", low=0),
        Column("passed", "fen", "转下年账本", "left by a re-opening: claimed (+) or owed (−) in the next book"),
        Column("successor", "code", "承继机构", "institution that has gone over into another: that one", null=True),
        Column("moved", "fen", "沿革转移", "given to the successor (+), or taken over from predecessors (−), in the "
               "months and at the clearing"),
        Column("final_payment", "fen", "清算支付", "settled − paid in months − advances − debts − held − "
               "passed − moved; negative: paid back"),
    ),
)  # fmt: skip

CLOSINGS = Table(
    "closings", "基金清算平衡", "conservation of the fund of a scheme: sources = uses, to the fen", "settlement",
    ("insurance_scheme",),
    (
        INSURANCE,
        Column("budget", "fen", "预算", "inpatient DRG budget"),
        Column("reserve", "fen", "预留", "reserve kept back"),
        Column("distributable", "fen", "可分配额", "distributable fund"),
        Column("risk_draw", "fen", "预留动用", "drawn from the reserve for shared overspend"),
        Column("debts", "fen", "上年应退", "owed by institutions from an earlier clearing, netted now"),
        Column("recovered", "fen", "收回", "paid back by institutions at clearing"),
        Column("paid", "fen", "支付机构", "paid to institutions: advances, in the months and at clearing"),
        Column("returned", "fen", "归基金", "surplus, violations, damages and debts returned to the fund"),
        Column("carried_over", "fen", "结转", "carried over: not earned by anybody"),
        Column("passed", "fen", "转下年账本", "goes over to the book of another year: held payments"),
    ),
)  # fmt: skip

LEDGER = Table(
    "ledger", "总账", "append-only double entry with a hash chain", "settlement", ("entry_id",),
    (
        Column("entry_id", "text", "分录号", "id, made before posting"),
        Column("run", "text", "批次", "run that posted it"),
        Column("area", "text", "统筹区", "pooling area"),
        Column("date", "date", "日期", "date"),
        INSURANCE,
        Column("debit", "code", "借方", "account debited"),
        Column("credit", "code", "贷方", "account credited"),
        Column("amount", "fen", "金额", "amount", low=0),
        Column("event", "code", "事项", "what it is for"),
        Column("institution_id", "code", "定点医疗机构编号", "institution", null=True),
        _MONTH,
        Column("parameter", "text", "参数", "policy parameter that decided it"),
        Column("hash", "text", "哈希", "sha256 over the previous hash and this entry"),
    ),
)  # fmt: skip

RESULTS = (FINDINGS, GROUPED, GROUP_NAMES, BASE_YEARS, BASE_GROUPS, COEFFICIENTS, CASE_POINTS, ADJUSTMENTS,
           POOLS, INSTITUTION_MONTHS, STAY_PAYMENTS, STATEMENTS, CLOSINGS, LEDGER)  # fmt: skip

__all__ = ["CLASSES", "RESULTS", "SCHEMES", "SEVERITIES", "STATUSES"]
