"""Tables of the fund: registers people bring to plan and watch it, and what the step works out from them."""

from __future__ import annotations

from drgpay.tables.inputs import EVIDENCE, INSTITUTION, INSURANCE, LEVELS
from drgpay.tables.model import Column, Table
from drgpay.tables.sharing import SHARING_TABLES

PARTS = ("out_of_area", "outpatient", "inpatient_drg", "bed_day", "other")
"""parts of a year's budget (design/04 §1)"""
CHANGES = ("policy_change", "price_growth", "demand_growth", "outbreak")
"""why a budget changes from one year to the next"""
MID_YEAR_CHANGES = ("policy_change", "outbreak")
"""the only reasons for changing a budget within its year (重大变动)"""
DRAWS = ("ageing", "public_health_emergency", "policy_change", "disaster")
"""what the risk adjustment fund may be drawn for"""
FUNCTIONS = ("general", "specialised")
"""what an institution is there for"""

_YEAR = Column("year", "int16", "年度", "year", low=1990, high=2200)
_MONTH = Column("month", "int8", "月份", "month", low=1, high=12)
_PART = Column("part", "code", "预算分项", "part of the budget: out_of_area 异地就医, outpatient 门诊(按人头), "
               "inpatient_drg 住院DRG, bed_day 床日, other 其他", choices=PARTS)  # fmt: skip
_LEVEL = Column("level", "code", "等级", "level", choices=LEVELS)

FUND_HISTORY = Table(
    "fund_history", "基金历年收支", "revenue, expenditure and balance of the fund by year", "register",
    ("year", "insurance_scheme"),
    (
        _YEAR, INSURANCE,
        Column("revenue", "fen", "基金收入", "revenue of the year, lump sums included", low=0),
        Column("expenditure", "fen", "基金支出", "expenditure of the year", low=0),
        Column("balance", "fen", "累计结余", "cumulative balance at the end of the year"),
        Column("lump_sum_balance", "fen", "趸缴累计结余", "part of the balance that came from one-off lump-sum "
               "contributions", low=0),
        Column("settled", "flag", "已清算", "the year has been cleared: its expenditure is final"),
    ),
)  # fmt: skip

FUND_PLANS = Table(
    "fund_plans", "基金年度收支计划", "revenue and expenditure planned for a year", "register",
    ("year", "insurance_scheme"),
    (
        _YEAR, INSURANCE,
        Column("revenue", "fen", "基金收入预算", "revenue budget of the year, without lump sums", low=0),
        Column("expenditure", "fen", "基金支出预算", "expenditure budget of the year; null: undecided", null=True,
               low=0),
    ),
)  # fmt: skip

FUND_MONTHS = Table(
    "fund_months", "基金月度收支", "revenue and expenditure of the fund by month", "register",
    ("year", "month", "insurance_scheme"),
    (
        _YEAR, _MONTH, INSURANCE,
        Column("revenue", "fen", "基金收入", "revenue of the month, lump sums included", low=0),
        Column("lump_sum", "fen", "趸缴收入", "part of it that is a one-off lump-sum contribution", low=0),
        Column("expenditure", "fen", "基金支出", "expenditure of the month", low=0),
    ),
)  # fmt: skip

BUDGET_ENTRIES = Table(
    "budget_entries", "预算调整事项", "what changes a budget: year on year, and within the year", "register",
    ("entry_id",),
    (
        Column("entry_id", "text", "事项编号", "entry"),
        _YEAR, INSURANCE,
        Column("stage", "code", "阶段", "initial = year on year 年初, mid_year = within the year 年中",
               choices=("initial", "mid_year")),
        Column("change_reason", "code", "调整理由", "reason; within the year only policy_change and outbreak",
               choices=CHANGES),
        Column(_PART.name, "code", _PART.zh, "part that is adjusted; needed within the year, empty otherwise",
               null=True, choices=PARTS),
        Column("amount", "fen", "金额", "amount; negative lowers the budget"),
        Column("note", "text", "说明", "what was decided, and where", null=True),
    ),
)  # fmt: skip

BUDGET_AMOUNTS = Table(
    "budget_amounts", "预算分项定额", "parts of a budget fixed as an amount instead of a share", "register",
    ("year", "insurance_scheme", "part"),
    (_YEAR, INSURANCE, _PART, Column("amount", "fen", "金额", "amount of the part", low=0)),
)  # fmt: skip

NEGOTIATIONS = Table(
    "negotiations", "预算协商记录", "rounds of negotiating an indicator; every round is kept", "register",
    ("year", "insurance_scheme", "institution_id", "round"),
    (
        _YEAR, INSURANCE, INSTITUTION,
        Column("round", "int16", "轮次", "round", low=1),
        Column("date", "date", "日期", "date"),
        Column("who", "text", "经办人", "who negotiated"),
        Column("proposal", "fen", "机构提出", "what the institution proposed", low=0),
        Column("decision", "fen", "协商结果", "what was decided; null: no agreement in this round", null=True, low=0),
    ),
)  # fmt: skip

INSTITUTION_HISTORY = Table(
    "institution_history", "机构历年结算", "what the fund paid an institution in a year, and for how many heads",
    "register", ("year", "insurance_scheme", "institution_id"),
    (
        _YEAR, INSURANCE, INSTITUTION,
        Column("fund_paid", "fen", "基金支付", "paid by the fund for the year", low=0),
        Column("unreasonable", "fen", "不合理增长", "part of it that is unreasonable growth", low=0),
        Column("heads", "int64", "人头数", "persons treated", low=0),
        Column("invalid_heads", "int64", "无效人头数", "heads created artificially", low=0),
    ),
)  # fmt: skip

SANCTIONS = Table(
    "sanctions", "处罚名单", "institutions under sanction in a year", "register", ("year", "institution_id"),
    (_YEAR, INSTITUTION, Column("ground", "text", "处罚事由", "ground of the sanction")),
)  # fmt: skip

RISK_MOVEMENTS = Table(
    "risk_movements", "风险调剂金变动", "opening balance, draws, repayments of the risk adjustment fund", "register",
    ("movement_id",),
    (
        Column("movement_id", "text", "变动编号", "movement"),
        Column("date", "date", "日期", "date"),
        INSURANCE,
        Column("movement", "code", "变动类型", "opening 期初, draw 动用, repayment 归还",
               choices=("opening", "draw", "repayment")),
        Column("draw_reason", "code", "动用理由", "reason of a draw: ageing 老龄化, public_health_emergency "
               "突发公共卫生事件, policy_change 政策调整, disaster 自然灾害", null=True, choices=DRAWS),
        Column("amount", "fen", "金额", "amount", low=0),
        Column("note", "text", "说明", "what was decided, and where", null=True),
    ),
)  # fmt: skip

PREPAYMENT_TERMS = Table(
    "prepayment_terms", "预付条件", "what decides a prepayment, and how its year is judged", "register",
    ("year", "institution_id"),
    (
        _YEAR, INSTITUTION,
        Column("function", "code", "功能定位", "function: general 综合, specialised 专科", choices=FUNCTIONS),
        Column("short_of_cash", "flag", "资金困难", "short of cash: a higher advance"),
        Column("days_of_cash", "int32", "现金可用天数", "days its cash lasts", null=True, unit="天 (days)", low=0),
        Column("cmi_growth", "ratio", "CMI增幅", "growth of the case-mix index over the year", null=True),
        Column("cost_index", "ratio", "费用消耗指数", "cost index of the year", null=True, low=0),
        Column("refused_severe", "flag", "推诿重症", "confirmed: severe patients refused without reason", null=True),
    ),
)  # fmt: skip

ADVANCES = Table(
    "advances", "预付拨款", "advances paid", "register", ("advance_id",),
    (
        Column("advance_id", "text", "拨款编号", "advance"),
        _YEAR, INSURANCE, INSTITUTION,
        Column("date", "date", "日期", "date"),
        Column("advance_kind", "code", "预付类型", "ordinary 年初预付, emergency 应急预付(疫情)",
               choices=("ordinary", "emergency")),
        Column("amount", "fen", "金额", "amount", low=0),
        Column("reserve", "fen", "考核预留", "assessment reserve that goes with it: withheld at the clearing and "
               "returned by grade; empty = none", null=True, low=0),
    ),
    files=("预付", "预付款"),
)  # fmt: skip

ADVANCE_USE = Table(
    "advance_use", "预付资金使用", "what was used of an advance up to the end of a month", "register",
    ("year", "month", "insurance_scheme", "institution_id"),
    (
        _YEAR, _MONTH, INSURANCE, INSTITUTION,
        Column("used", "fen", "累计使用", "fund payments earned from January to this month", low=0),
        Column("cost", "fen", "累计费用", "cost from January to this month", low=0),
        Column("cost_last_year", "fen", "上年同期费用", "cost of the same months last year", low=0),
    ),
)  # fmt: skip

INSTITUTION_BUDGETS = Table(
    "institution_budgets", "机构年度指标", "what the bureau set for an institution's year, as its hospital's "
    "goal of the fund spend", "register", ("year", "insurance_scheme", "institution_id", "budget_basis"),
    (
        _YEAR, INSURANCE, INSTITUTION,
        Column("budget_basis", "code", "指标依据", "indicator 预算指标 of the year's budget, prepayment 预付总额; "
               "where both are there the prepayment counts", choices=("indicator", "prepayment")),
        Column("amount", "fen", "年度金额", "amount of the year", low=0),
    ),
    files=("机构指标",),
)  # fmt: skip

BUDGET_PLAN = Table(
    "budget_plan", "总额预算", "budget of a year and what bounds it", "fund", ("year", "insurance_scheme"),
    (
        _YEAR, INSURANCE,
        Column("base_year", "int16", "基数年度", "last settled year"),
        Column("base", "fen", "上年决算支出", "settled expenditure of that year", low=0),
        Column("growth", "fen", "增长额", "base × growth rate", low=0),
        Column("changes", "fen", "年初调整", "Σ year-on-year entries"),
        Column("wanted", "fen", "测算额", "base + growth + changes", low=0),
        Column("growth_bound", "fen", "增幅上限", "base × (1 + highest growth)", low=0),
        Column("revenue", "fen", "基金收入预算", "revenue budget", low=0),
        Column("risk_reserve", "fen", "风险调剂金", "set aside for the risk adjustment fund", low=0),
        Column("revenue_bound", "fen", "收入上限", "revenue − risk reserve", low=0),
        Column("bound", "code", "约束", "bound that decided", choices=("none", "growth", "revenue")),
        Column("cut", "fen", "压减", "wanted − budget", low=0),
        Column("budget", "fen", "年初预算", "budget at the start of the year", low=0),
        Column("adjustments", "fen", "年中调整", "Σ entries within the year"),
        Column("adjusted", "fen", "调整后预算", "budget + adjustments", low=0),
    ),
)  # fmt: skip

BUDGET_PARTS = Table(
    "budget_parts", "预算分项", "parts of a budget; they add up to it", "fund", ("year", "insurance_scheme", "part"),
    (
        _YEAR, INSURANCE, _PART,
        Column("basis", "code", "分配方式", "as an amount or by a share", choices=("amount", "share")),
        Column("share", "ratio", "比例", "share among the parts without an amount", null=True),
        Column("budget", "fen", "年初预算", "budget at the start of the year", low=0),
        Column("adjustment", "fen", "年中调整", "Σ entries within the year"),
        Column("adjusted", "fen", "调整后预算", "budget + adjustment", low=0),
    ),
)  # fmt: skip

INSTITUTION_INDICATORS = Table(
    "institution_indicators", "机构预算指标", "indicators announced in advance", "fund",
    ("year", "insurance_scheme", "institution_id"),
    (
        _YEAR, INSURANCE, INSTITUTION, _LEVEL,
        Column("history", "fen", "有效基数", "paid last year, invalid heads removed", low=0),
        Column("invalid", "fen", "剔除无效人头", "what was removed for invalid heads", low=0),
        Column("peers", "fen", "同级水平", "its valid heads at the mean of its level", low=0),
        Column("procurement_cut", "ratio", "带量采购下调", "cut of the weight for an agreed volume that was missed "
               "last year", low=0),
        Column("weight", "fen", "分配权重", "own history and peers, blended, less the cut, half up", low=0),
        Column("proposal", "fen", "测算指标", "share of the budget by weight", low=0),
        Column("rounds", "int16", "协商轮次", "rounds of negotiation", low=0),
        Column("decided_round", "int16", "定案轮次", "round whose decision counts", null=True),
        Column("decided", "fen", "协商结果", "that decision", null=True, low=0),
        Column("sanctioned", "flag", "受处罚", "under sanction: no increase over the history"),
        Column("basis", "code", "取值依据", "what decided the indicator",
               choices=("share", "negotiation", "sanction")),
        Column("indicator", "fen", "预算指标", "indicator announced", low=0),
        Column("growth", "ratio", "费用增幅", "growth of what the fund paid, last year on the one before",
               null=True),
        Column("advance_suspended", "flag", "暂停预付", "abnormal growth: its advances are suspended"),
    ),
)  # fmt: skip

CLAW_BACKS = Table(
    "claw_backs", "重开清算追回", "what a re-opened year changes for an institution", "fund",
    ("year", "insurance_scheme", "institution_id"),
    (
        _YEAR, INSURANCE, INSTITUTION,
        Column("before", "fen", "原清算应得", "settled at the first clearing"),
        Column("after", "fen", "重清算应得", "settled when re-opened"),
        Column("receivable", "fen", "应收回", "overpaid: to be paid back", low=0),
        Column("payable", "fen", "应补付", "underpaid: still to pay", low=0),
    ),
)  # fmt: skip

RISK_FUND = Table(
    "risk_fund", "风险调剂金账", "every movement of the risk adjustment fund and the balance after it", "fund",
    ("insurance_scheme", "line"),
    (
        INSURANCE,
        Column("line", "int32", "行", "line, in order of date", low=1),
        Column("date", "date", "日期", "date"),
        Column("movement", "code", "变动类型", "movement",
               choices=("opening", "set_aside", "draw", "repayment")),
        Column("draw_reason", "code", "动用理由", "reason of a draw", null=True, choices=DRAWS),
        Column("movement_id", "text", "变动编号", "movement in the register; empty for what is set aside"),
        Column("amount", "fen", "金额", "amount, negative for a draw"),
        Column("balance", "fen", "余额", "balance after it", low=0),
    ),
)  # fmt: skip

PREPAYMENTS = Table(
    "prepayments", "医保预付", "prepayment of an institution from its total to the year's end", "fund",
    ("year", "insurance_scheme", "institution_id"),
    (
        _YEAR, INSURANCE, INSTITUTION, _LEVEL,
        Column("years", "int8", "历史年数", "years behind the mean", low=1),
        Column("mean", "fen", "年均合理支付", "mean paid by the fund, unreasonable growth removed, half up", low=0),
        Column("level_coefficient", "ratio", "等级系数", "level coefficient", low=0),
        Column("function_coefficient", "ratio", "功能系数", "function coefficient", low=0),
        Column("groups", "int32", "治疗病组数", "groups treated last year; null: not known", null=True, low=0),
        Column("groups_coefficient", "ratio", "病组数系数", "coefficient by the number of groups treated", low=0),
        Column("factor", "ratio", "上年考核系数", "from last year's judgement", low=0),
        Column("base", "fen", "预付基数", "mean × share × level × function × groups × factor", low=0),
        Column("reserve", "fen", "考核预留", "assessment reserve, a share of the total", low=0),
        Column("total", "fen", "预付总额", "base + reserve", low=0),
        Column("ratio", "ratio", "预付比例", "share of the total advanced"),
        Column("advance", "fen", "应预付", "advance of the year", low=0),
        Column("paid_ordinary", "fen", "已预付", "ordinary advances paid", low=0),
        Column("paid_emergency", "fen", "已应急预付", "emergency advances paid", low=0),
        Column("month", "int8", "监测月份", "last month its use was reported", null=True),
        Column("usage", "ratio", "使用率", "used ÷ advances paid, rounded half up", null=True),
        Column("growth", "ratio", "费用增幅", "growth of its cost over the same months last year", null=True),
        Column("suspended", "flag", "暂停预付", "high use and abnormal growth, or suspended in the indicators"),
        Column("to_advance", "fen", "尚可预付", "advance not paid yet; nothing while suspended", low=0),
        Column("actual", "fen", "实际应付", "what the fund owed for the year; null: not settled", null=True, low=0),
        Column("balance", "fen", "年终差额", "actual − advances − reserve: still to pay, or negative to be returned",
               null=True),
        Column("next_factor", "ratio", "下年考核系数", "factor of next year's base", low=0),
    ),
)  # fmt: skip

LOAN_CANDIDATES = Table(
    "loan_candidates", "专项贷款名单", "institutions that qualify for a special loan; they are listed, not decided",
    "fund", ("year", "institution_id"),
    (
        _YEAR, INSTITUTION,
        Column("days_of_cash", "int32", "现金可用天数", "days its cash lasts", unit="天 (days)", low=0),
        Column("outstanding", "fen", "未清预付", "advances paid and not earned yet", low=0),
    ),
)  # fmt: skip

FUND_HEALTH = Table(
    "fund_health", "基金运行分析", "months of payment and the year's course by month", "fund",
    ("year", "month", "insurance_scheme"),
    (
        _YEAR, _MONTH, INSURANCE,
        Column("revenue", "fen", "当月收入", "revenue of the month without lump sums"),
        Column("revenue_plan", "fen", "收入计划", "planned revenue of the month", null=True, low=0),
        Column("expenditure", "fen", "当月支出", "expenditure of the month", low=0),
        Column("expenditure_plan", "fen", "支出计划", "planned expenditure of the month", null=True, low=0),
        Column("balance", "fen", "累计结余", "cumulative balance without lump sums"),
        Column("spent", "fen", "近12月支出", "expenditure of the last twelve months; null: months are missing",
               null=True, low=0),
        Column("months_of_payment", "ratio", "可支付月数", "balance ÷ (spent ÷ 12), rounded half up", null=True,
               unit="月 (months), 1/10,000"),
        Column("light", "code", "信号", "red = below the band, green = within, yellow = above", null=True,
               choices=("red", "green", "yellow")),
        Column("years_above", "int8", "连续超上限年数", "year ends in a row above the band, up to this month", low=0),
        Column("advice", "flag", "调整建议", "above for the years of the rule: lower the contribution rate or raise "
               "benefits"),
        Column("excess", "fen", "超上限额", "what brings the balance back to the band's top", null=True, low=0),
        Column("projected_balance", "fen", "预计年末结余", "balance at the year's end if it goes on by its season"),
    ),
)  # fmt: skip

OVERSPEND_CAUSES = Table(
    "overspend_causes", "合理超支原因", "causes of reasonable overspend, as notices list them", "register",
    ("cause_id",),
    (
        Column("cause_id", "text", "原因编号", "cause"),
        _YEAR,
        EVIDENCE["reason"],
        Column("cause_kind", "code", "识别方式", "what the code is of: group 病组, diagnosis 诊断, procedure 手术",
               choices=("group", "diagnosis", "procedure")),
        Column("code", "code", "编码", "group, or how the codes of diagnoses or procedures begin"),
        Column("from_date", "date", "起始日期", "first day of discharge it holds for"),
        Column("to_date", "date", "截止日期", "last day; empty: for ever", null=True),
        Column("document", "text", "文件", "notice that lists it", null=True),
    ),
)  # fmt: skip

OVERSPEND_PROPOSALS = Table(
    "overspend_proposals", "合理超支测算", "reasonable overspend as data show it, to be decided", "fund",
    ("insurance_scheme", "institution_id", "cause_id"),
    (
        _YEAR, INSURANCE, INSTITUTION,
        Column("cause_id", "text", "原因编号", "cause; technology = approved new technology 已批准的新技术"),
        EVIDENCE["reason"],
        Column("n", "int64", "例数", "stays it holds for", low=0),
        Column("actual", "fen", "项目基金应付", "what the fund would pay for them item by item", low=0),
        Column("due", "fen", "应付", "what they are due"),
        Column("amount", "fen", "建议认定金额", "proposed: actual − due, the institution's overspend at most", low=0),
        Column("document", "text", "文件", "notice that lists the cause", null=True),
    ),
)  # fmt: skip

FUND_REGISTERS = (FUND_HISTORY, FUND_PLANS, FUND_MONTHS, BUDGET_ENTRIES, BUDGET_AMOUNTS, NEGOTIATIONS,
                  INSTITUTION_HISTORY, SANCTIONS, RISK_MOVEMENTS, PREPAYMENT_TERMS, ADVANCES,
                  ADVANCE_USE, INSTITUTION_BUDGETS, OVERSPEND_CAUSES)  # fmt: skip
FUND_TABLES = (BUDGET_PLAN, BUDGET_PARTS, INSTITUTION_INDICATORS, CLAW_BACKS, RISK_FUND, PREPAYMENTS,
               LOAN_CANDIDATES, FUND_HEALTH, OVERSPEND_PROPOSALS, *SHARING_TABLES)  # fmt: skip
"""written by the commands on the fund, not by a run of stays"""
