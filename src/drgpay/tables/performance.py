"""Inside a hospital: registers its performance office keeps, and what the step works out from them and a run."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.inputs import STAYS
from drgpay.tables.model import Column, Table
from drgpay.tables.results import CASE_POINTS

DEPARTMENT_TYPES = ("general", "surgical", "medical", "technical", "outpatient")
CATEGORIES_OF_STAFF = ("doctor", "nurse", "technician", "other")
ROLES = ("lead", "assistant", "nurse")
"""who an operation's money goes to: 主刀(主诊), 助手, 护理"""
EVENTS = (
    "complication",
    "low_risk_death",
    "accident",
    "complaint",
    "refusal",
    "coding_error",
    "splitting",
    "upcoding",
)
SCOPES = ("hospital", "department", "doctor", "group", "department_group")
COMPONENTS = ("base", "project", "excess", "individual", "cmi_bonus", "prize", "cost_prize", "capped", "floor")
"""lines of a slip"""

_YEAR = Column("year", "int16", "年度", "year", low=1990, high=2200)
_QUARTER = Column("quarter", "int8", "季度", "quarter; 0 = the whole year", low=0, high=4)
_DEPARTMENT = Column("department_id", "code", "科室编号", "department", refers="hospital_department")
_STAFF = Column("staff_id", "code", "人员工号", "member of staff; a doctor's is the doctor's code of the stays",
                refers="staff")  # fmt: skip
_PERIOD = Column("period", "text", "期间", "period: a year 2024, a quarter 2024Q2, a month 2024-04")
_DRG = CASE_POINTS["drg"]

HOSPITAL_DEPARTMENTS = Table(
    "hospital_departments", "科室登记表", "departments of the hospital and their type", "register",
    ("department_id",),
    (
        _DEPARTMENT,
        Column("name", "text", "名称", "name"),
        Column("department_type", "code", "科室类别", "type: general 综合科室 (neither of the others), surgical "
               "手术科室, medical 非手术科室, technical 医技科室, outpatient 门诊科室", choices=DEPARTMENT_TYPES),
    ),
    files=("科室名册",),
)  # fmt: skip

STAFF = Table(
    "staff", "人员登记表", "staff by department and period; one row per assignment", "register",
    ("staff_id", "department_id", "valid_from"),
    (
        _STAFF,
        Column("name", "text", "姓名", "name"),
        Column("post", "code", "岗位", "post, as the plan's table of post coefficients names it"),
        Column("staff_category", "code", "人员类别", "category: doctor 医师, nurse 护士, technician 技师, other 其他",
               choices=CATEGORIES_OF_STAFF),
        _DEPARTMENT,
        Column("fte", "ratio", "全时当量", "share of full time in this department", low=1, high=10_000),
        Column("valid_from", "date", "起始日期", "first day of the assignment"),
        Column("valid_until", "date", "截止日期", "last day of it; empty: it goes on", null=True),
    ),
    files=("人员名册",),
    kept="file",
)  # fmt: skip

ATTENDANCE = Table(
    "attendance", "出勤", "days due and days present, by month", "register", ("staff_id", "year", "month"),
    (
        _STAFF, _YEAR,
        Column("month", "int8", "月份", "month", low=1, high=12),
        Column("days_due", "ratio", "应出勤天数", "days due", unit="天 (days), 1/10,000", low=0, high=310_000),
        Column("days_present", "ratio", "实际出勤天数", "days present", unit="天 (days), 1/10,000", low=0,
               high=310_000),
    ),
    kept="file",
)  # fmt: skip

OPERATION_ROLES = Table(
    "operation_roles", "手术人员", "who did what at the operations of a stay", "register",
    ("stay_id", "role", "staff_id"),
    (
        STAYS["stay_id"], _STAFF,
        Column("role", "code", "角色", "role: lead 主刀, assistant 助手, nurse 护理", choices=ROLES),
    ),
    kept="file",
)  # fmt: skip

STAY_COSTS = Table(
    "stay_costs", "病例成本", "cost of a stay from the hospital's cost accounting", "register", ("stay_id",),
    (STAYS["stay_id"], Column("cost", "fen", "成本", "cost", low=0, high=STAYS["total_cost"].high)),
    kept="file",
)  # fmt: skip

GROUP_COSTS = Table(
    "group_costs", "病组成本", "cost of one stay of a group from the hospital's cost accounting", "register",
    ("drg",),
    (
        replace(_DRG, refers="group"),
        Column("cost", "fen", "例均成本", "cost of one stay", low=0, high=STAYS["total_cost"].high),
    ),
)  # fmt: skip

RECOVERY_PLANS = Table(
    "recovery_plans", "康复计划", "recovery plans of stays, met or not, as they were judged after the operation",
    "register", ("stay_id",),
    (
        STAYS["stay_id"],
        Column("plan", "text", "计划内容", "what was planned", null=True),
        Column("met", "flag", "康复达标", "the plan was met when the patient went home or at the follow-up"),
    ),
    kept="file",
)  # fmt: skip

QUALITY_EVENTS = Table(
    "quality_events", "质量事件", "quality events, each confirmed by people or not", "register", ("event_id",),
    (
        Column("event_id", "text", "事件编号", "event"),
        Column("date", "date", "日期", "date"),
        _DEPARTMENT,
        replace(_STAFF, null=True),
        Column("event", "code", "事件类型", "event: complication 术后并发症, low_risk_death 低风险死亡, "
               "accident 医疗事故, complaint 投诉, refusal 拒付, coding_error 编码错误, splitting 分解住院, "
               "upcoding 高套", choices=EVENTS),
        Column("confirmed", "flag", "已确认", "confirmed; only confirmed events count"),
    ),
)  # fmt: skip

SATISFACTION = Table(
    "satisfaction", "满意度", "answers of patients by quarter", "register", ("department_id", "year", "quarter"),
    (
        _DEPARTMENT, _YEAR, replace(_QUARTER, low=1, en="quarter"),
        Column("answers", "int32", "答卷数", "answers", low=0),
        Column("satisfied", "int32", "满意数", "of them satisfied", low=0),
    ),
)  # fmt: skip

RESEARCH = Table(
    "research", "科研与教学", "techniques, papers, patents, level-4 operations, training", "register",
    ("department_id", "year", "quarter", "item"),
    (
        _DEPARTMENT, _YEAR, replace(_QUARTER, low=1, en="quarter"),
        Column("item", "code", "项目", "item, as the plan's table of bonuses names it"),
        Column("count", "int32", "数量", "how many", low=0),
    ),
)  # fmt: skip

DEPARTMENT_FIGURES = Table(
    "department_figures", "科室指标数据", "numerator and denominator of indicators no other table gives", "register",
    ("department_id", "year", "quarter", "indicator"),
    (
        _DEPARTMENT, _YEAR, replace(_QUARTER, low=1, en="quarter"),
        Column("indicator", "code", "指标代码", "indicator"),
        Column("numerator", "int64", "分子", "numerator", low=0),
        Column("denominator", "int64", "分母", "denominator", low=1),
    ),
)  # fmt: skip

DEPARTMENT_WORK = Table(
    "department_work", "科室工作量", "work beside the stays, in work points: visits, examinations, tests", "register",
    ("department_id", "year", "quarter"),
    (
        _DEPARTMENT, _YEAR, replace(_QUARTER, low=1, en="quarter"),
        Column("work", "ratio", "工作量点数", "work points", unit="1/10,000 点 (point)", low=0),
        Column("difficulty", "ratio", "难度点数", "the same weighted by its difficulty", unit="1/10,000 点 (point)",
               low=0),
    ),
)  # fmt: skip

DISTRIBUTABLE_SUMS = Table(
    "distributable_sums", "可分配绩效总额", "performance pay the hospital has decided to distribute", "register",
    ("year", "quarter"),
    (
        _YEAR, _QUARTER,
        Column("amount", "fen", "金额", "amount", low=0),
        Column("decision", "text", "决定依据", "what decided it"),
    ),
)  # fmt: skip

DEPARTMENT_OVERSPENDS = Table(
    "department_overspends", "科室超支",
    "overspend of a department, reasonable or by bad management, decided by people", "register", ("evidence_id",),
    (
        Column("evidence_id", "text", "依据编号", "evidence entry"),
        _YEAR, replace(_QUARTER, low=1, en="quarter"), _DEPARTMENT,
        Column("amount", "fen", "金额", "amount", low=0),
        Column("reason_text", "text", "理由", "reason"),
        Column("mismanaged", "flag", "管理不善", "through bad management (wrong codes, upcoding); empty: no, it is "
               "reasonable", null=True),
    ),
    files=("科室合理超支",),
)  # fmt: skip

PERFORMANCE_TARGETS = Table(
    "performance_targets", "绩效目标", "targets that replace the plan's usual ones", "register",
    ("year", "scope", "unit_id", "indicator"),
    (
        _YEAR,
        Column("scope", "code", "层级", "scope: hospital 全院, department 科室, doctor 医师",
               choices=("hospital", "department", "doctor")),
        Column("unit_id", "code", "对象", "department, doctor, or `hospital`",
               refers_when=(("scope", "department", "hospital_department"), ("scope", "doctor", "staff"))),
        Column("indicator", "code", "指标代码", "indicator", choices=("cmi", "cost_index", "time_index",
               "drg_count", "technique", "paper")),
        Column("target", "ratio", "目标值", "target", low=0),
    ),
)  # fmt: skip

PILOT_FEEDBACK = Table(
    "pilot_feedback", "试点反馈", "what departments said during the pilot", "register", ("feedback_id",),
    (
        Column("feedback_id", "text", "反馈编号", "feedback"),
        Column("date", "date", "日期", "date"),
        _DEPARTMENT,
        Column("said", "text", "内容", "what was said"),
        Column("answer", "text", "处理", "what was done about it", null=True),
    ),
)  # fmt: skip

IN_HOUSE_STAYS = Table(
    "in_house_stays", "在院病例", "stays still in house; the columns that group a stay stand beside these",
    "register", ("stay_id",),
    (
        replace(STAYS["stay_id"], refers=""), replace(_DEPARTMENT, null=True), STAYS["doctor_id"],
        STAYS["insurance_scheme"],
        Column("as_of", "date", "截至日期", "day up to which codes, days and charges are known"),
        Column("charges", "fen", "已发生费用", "charges so far", low=0, high=STAYS["total_cost"].high,
               aliases=("total_cost", "总费用")),
    ),
    kept="file",
)  # fmt: skip

PERFORMANCE_REGISTERS = (
    HOSPITAL_DEPARTMENTS, STAFF, ATTENDANCE, OPERATION_ROLES, STAY_COSTS, GROUP_COSTS, RECOVERY_PLANS, QUALITY_EVENTS,
    SATISFACTION, RESEARCH, DEPARTMENT_FIGURES, DEPARTMENT_WORK, DISTRIBUTABLE_SUMS, DEPARTMENT_OVERSPENDS,
    PERFORMANCE_TARGETS, PILOT_FEEDBACK, IN_HOUSE_STAYS,
)  # fmt: skip

# ---- what the step writes

HOSPITAL_STAYS = Table(
    "hospital_stays", "院内病例", "the hospital's stays with points, expected payment, cost and balance",
    "performance", ("stay_id",),
    (
        STAYS["stay_id"], replace(STAYS["department_id"], null=True), STAYS["doctor_id"],
        CASE_POINTS["insurance_scheme"], CASE_POINTS["year"], CASE_POINTS["month"], _DRG, CASE_POINTS["case_class"],
        STAYS["los"],
        Column("operated", "flag", "手术病组", "the group is one of operations (外科组)"),
        Column("low_risk", "flag", "低风险组", "the group is low risk, by its mortality in the region"),
        Column("died", "flag", "死亡", "died in hospital"),
        Column("points", "points", "点数", "case points", low=0),
        Column("base_points", "points", "基准点数", "base points of the group; 0: none", low=0),
        Column("weight", "points", "难度点数", "difficulty: base points, or the group's mean cost on the same scale; "
               "no price is in it", low=0),
        Column("payment", "fen", "预期支付", "share of the institution's payment + what the patient paid"),
        Column("charges", "fen", "费用", "charges", low=0),
        Column("cost", "fen", "成本", "cost", low=0),
        Column("cost_basis", "code", "成本来源", "where the cost comes from: stay 病例成本, group 病组成本, ratio "
               "费用×成本率", choices=("stay", "group", "ratio")),
        Column("balance", "fen", "盈亏", "payment − cost"),
        Column("expected_charges", "fen", "区域例均费用", "mean charges of the group in the region", low=0),
        Column("expected_los", "ratio", "区域平均住院日", "mean stay of the group in the region",
               unit="天 (days), 1/10,000", low=0),
    ),
    folder=True,
)  # fmt: skip

_SUMS = (
    Column("n", "int64", "例数", "stays", low=0),
    Column("points", "points", "点数", "case points", low=0),
    Column("payment", "fen", "预期支付", "expected payment"),
    Column("charges", "fen", "费用", "charges", low=0),
    Column("cost", "fen", "成本", "cost", low=0),
    Column("balance", "fen", "盈亏", "payment − cost: gain (+) or loss (−)"),
)

HOSPITAL_RESULTS = Table(
    "hospital_results", "院内盈亏与指数",
    "points, payment, cost, balance and indices by unit and period: management information, no basis of pay",
    "performance", ("scope", "department_id", "doctor_id", "drg", "period"),
    (
        Column("scope", "code", "层级", "scope: hospital 全院, department 科室, doctor 医师, group 病组, "
               "department_group 科室病组", choices=SCOPES),
        replace(_DEPARTMENT, en="department; empty: all"),
        Column("doctor_id", "code", "医师编号", "doctor; empty: all"),
        replace(_DRG, en="DRG; empty: all"),
        _PERIOD, *_SUMS,
        Column("bed_days", "int64", "住院日", "days of stay", low=0),
        Column("cmi", "ratio", "病例组合指数", "case-mix index: Σ base points ÷ (stays × scale)", null=True, low=0),
        Column("cost_index", "ratio", "费用消耗指数", "mean over its grouped stays of own mean charges ÷ the "
               "region's of their group", null=True, low=0),
        Column("time_index", "ratio", "时间消耗指数", "mean over its grouped stays of own mean days ÷ the "
               "region's of their group", null=True, low=0),
        Column("mean_los", "ratio", "平均住院日", "mean stay", null=True, unit="天 (days), 1/10,000", low=0),
    ),
)  # fmt: skip

GROUP_REVIEWS = Table(
    "group_reviews", "病组绩效系数复评", "quarterly review of the groups' performance coefficients", "performance",
    ("drg", "period"),
    (
        _DRG, _PERIOD,
        Column("n", "int64", "例数", "stays", low=0),
        Column("cost_index", "ratio", "费用消耗指数", "cost index of the quarter", null=True, low=0),
        Column("streak", "int16", "连续超标季度", "quarters in a row above the limit, this one included",
               low=0),
        Column("coefficient", "ratio", "绩效系数", "performance coefficient in this quarter", low=0),
        Column("next_coefficient", "ratio", "下季绩效系数", "coefficient of the next quarter", low=0),
    ),
)  # fmt: skip

PERFORMANCE_FLOWS = Table(
    "performance_flows", "资金流向", "every movement of the distributed sum; each account's movements add up",
    "performance", ("line",),
    (
        Column("line", "int32", "行", "line, in order", low=1),
        Column("account", "code", "去向", "account that receives: hospital, departments, individuals, "
               "department:<id>, people, held"),
        Column("origin", "code", "来源", "account that gives; `sum` is the distributable sum, `prizes` and "
               "`cost_prizes` are budgets of their own"),
        Column("event", "code", "事项", "what it is for"),
        Column("department_id", "code", "科室编号", "department; empty: none"),
        Column("base", "fen", "基数", "what the amount was worked out from"),
        Column("factor", "ratio", "系数", "share or factor applied to it", null=True),
        Column("amount", "fen", "金额", "amount", low=0),
        Column("parameter", "text", "依据", "parameter of the plan that decided it"),
    ),
)  # fmt: skip

DEPARTMENT_RESULTS = Table(
    "department_results", "科室绩效", "how a department's pool came about and what became of it", "performance",
    ("department_id",),
    (
        _DEPARTMENT,
        Column("name", "text", "名称", "name"),
        HOSPITAL_DEPARTMENTS["department_type"],
        Column("pilot", "flag", "纳入方案", "the plan applies; outside a pilot the whole pool is base"),
        Column("n", "int64", "例数", "stays of the period", low=0),
        Column("balance", "fen", "盈亏", "expected payment − cost: management information"),
        Column("work", "points", "工作量点数", "work points", low=0),
        Column("difficulty", "points", "难度点数", "difficulty points", low=0),
        Column("score", "ratio", "指标得分", "score of the indicator system, of 100; null: not scored", null=True),
        Column("grade", "code", "考核等级", "grade of the scorecard; empty: none"),
        Column("cmi", "ratio", "病例组合指数", "case-mix index", null=True),
        Column("cmi_before", "ratio", "上年同期CMI", "case-mix index of the same months last year", null=True),
        Column("cmi_target", "ratio", "CMI目标", "its target", null=True),
        Column("cost_index", "ratio", "费用消耗指数", "cost index", null=True),
        Column("time_index", "ratio", "时间消耗指数", "time index", null=True),
        Column("met", "flag", "达标", "CMI and cost index are met"),
        Column("share", "fen", "初分额", "share of the departments' pool", low=0),
        Column("overspend", "fen", "超支扣减", "its share of its reasonable overspend", low=0),
        Column("mismanaged", "fen", "管理不善扣减", "taken for overspend through bad management", low=0),
        Column("factor", "ratio", "考核系数", "evaluation factor", low=0),
        Column("adjustment", "fen", "考核增减", "what the factor added or took"),
        Column("vetoed", "flag", "一票否决", "vetoed: its pool is zero"),
        Column("paused", "flag", "暂停发放", "paused: what its people earned is held back"),
        Column("base_pool", "fen", "基础绩效", "base pool", low=0),
        Column("project_pool", "fen", "项目绩效", "project pool", low=0),
        Column("excess_pool", "fen", "超额绩效", "excess pool paid", low=0),
        Column("excess_left", "fen", "未得超额", "part of the excess pool not earned: back to the hospital", low=0),
        Column("individual_pool", "fen", "个人绩效", "its doctors' part of the individuals' pool", low=0),
        Column("prize", "fen", "奖励", "prize for the largest rise of the case-mix index", low=0),
    ),
)  # fmt: skip

DEPARTMENT_MARKS = Table(
    "department_marks", "科室指标得分", "marks of the departments in their indicator system", "performance",
    ("department_id", "item"),
    (
        _DEPARTMENT,
        Column("dimension", "code", "维度", "second level of the indicator system"),
        Column("item", "code", "指标项", "item"),
        Column("full", "points", "满分", "full mark", low=0),
        Column("numerator", "int64", "分子", "numerator of the value", null=True),
        Column("denominator", "int64", "分母", "denominator of the value", null=True),
        Column("mark", "points", "得分", "mark; empty: left out", null=True),
        Column("deduction", "points", "扣分", "full mark − mark; 0 of a bonus", low=0),
        Column("zh", "text", "说明", "explanation (Chinese)"),
        Column("en", "text", "说明(英文)", "explanation (English)"),
        Column("source", "text", "来源", "where the item comes from"),
    ),
)  # fmt: skip

STAY_SHARES = Table(
    "stay_shares", "病例绩效", "what of a pool goes to whom for a stay", "performance",
    ("stay_id", "component", "role", "staff_id"),
    (
        STAYS["stay_id"], _DEPARTMENT,
        Column("component", "code", "组成", "component: project 项目绩效, individual 个人绩效",
               choices=("project", "individual")),
        Column("role", "code", "角色", "role", choices=ROLES),
        replace(_STAFF, en="member of staff; empty: those of the department who fill the role"),
        Column("weight", "points", "点数", "points of the stay in this component", low=0),
        Column("amount", "fen", "金额", "amount", low=0),
    ),
    folder=True,
)  # fmt: skip

SLIPS = Table(
    "slips", "绩效发放单", "pay of a person", "performance", ("staff_id",),
    (
        _STAFF,
        Column("name", "text", "姓名", "name"),
        _DEPARTMENT,
        STAFF["staff_category"], STAFF["post"],
        Column("earned", "fen", "应得", "sum of the lines", low=0),
        Column("held", "fen", "暂缓发放", "held back while the department is paused", low=0),
        Column("paid", "fen", "应发", "earned − held", low=0),
    ),
)  # fmt: skip

SLIP_LINES = Table(
    "slip_lines", "绩效发放单明细", "lines of a person's slip; they add up to what is paid", "performance",
    ("staff_id", "line"),
    (
        _STAFF,
        Column("line", "int32", "行", "line", low=1),
        Column("component", "code", "组成", "component", choices=COMPONENTS),
        _DEPARTMENT,
        Column("role", "code", "角色", "role; empty: none"),
        Column("pool", "fen", "总额", "pool or amount it was worked out from"),
        Column("weight", "int64", "权重", "own weight in it; null: none", null=True),
        Column("weights", "int64", "权重合计", "all weights in it; null: none", null=True),
        Column("factor", "ratio", "系数", "factor applied", null=True),
        Column("amount", "fen", "金额", "amount; negative: taken off"),
        Column("zh", "text", "说明", "how it was worked out (Chinese)"),
        Column("en", "text", "说明(英文)", "how it was worked out (English)"),
        Column("parameter", "text", "依据", "parameter of the plan that decided it"),
    ),
)  # fmt: skip

PERFORMANCE_FINDINGS = Table(
    "performance_findings", "绩效核对问题", "what does not fit between registers, plan and run", "performance",
    ("rule", "register_name", "unit_id"),
    (
        Column("rule", "code", "规则", "rule"),
        Column("level", "code", "级别", "error = pay cannot be worked out; warn = it goes on, as the text says",
               choices=("error", "warn")),
        Column("register_name", "code", "登记表", "register"),
        Column("unit_id", "text", "对象", "person, department, group or stay; or how many"),
        Column("zh", "text", "说明", "what is wrong and what to do (Chinese)"),
        Column("en", "text", "说明(英文)", "what is wrong and what to do (English)"),
    ),
)  # fmt: skip

IN_HOUSE_ESTIMATES = Table(
    "in_house_estimates", "在院病例预估", "expected group, payment and room left of stays still in house",
    "performance", ("stay_id",),
    (
        STAYS["stay_id"], replace(_DEPARTMENT, null=True), STAYS["doctor_id"], IN_HOUSE_STAYS["as_of"],
        _DRG,
        Column("drg_name", "text", "病组名称", "name of the group"),
        Column("severity", "code", "并发症程度", "severity"),
        Column("days", "int16", "已住院天数", "days so far", low=0),
        Column("mean_days", "ratio", "区域平均住院日", "mean stay of the group in the region", null=True,
               unit="天 (days), 1/10,000"),
        Column("days_left", "ratio", "距平均住院日", "mean − days so far; negative: longer", null=True,
               unit="天 (days), 1/10,000"),
        Column("charges", "fen", "已发生费用", "charges so far", low=0),
        Column("expected_payment", "fen", "预期支付", "points of a normal stay at the printed point value; null: the "
               "group is paid by its own cost", null=True),
        Column("room", "fen", "剩余空间", "expected payment − charges so far; negative: spent", null=True),
        Column("with_mcc", "code", "有MCC时", "group of the same ADRG with a major complication; empty: none"),
        Column("with_cc", "code", "有CC时", "group of the same ADRG with a complication; empty: none"),
        Column("alternatives", "text", "其他主诊时", "groups with another diagnosis of the record as the principal "
               "one; coding must follow the record"),
    ),
)  # fmt: skip

PERFORMANCE_CHANGES = Table(
    "performance_changes", "方案试算比较", "a plan beside another one or last quarter: who wins, who loses",
    "performance", ("scope", "unit_id"),
    (
        Column("scope", "code", "层级", "scope: department 科室, person 个人", choices=("department", "person")),
        Column("unit_id", "code", "对象", "department or person"),
        _DEPARTMENT,
        Column("before", "fen", "原方案", "paid before", low=0),
        Column("after", "fen", "新方案", "paid under the plan", low=0),
        Column("change", "fen", "增减", "after − before"),
        Column("outcome", "code", "结果", "wins 增加, loses 减少, same 不变", choices=("wins", "loses", "same")),
    ),
)  # fmt: skip

PERFORMANCE_TABLES = (
    HOSPITAL_STAYS, HOSPITAL_RESULTS, GROUP_REVIEWS, PERFORMANCE_FLOWS, DEPARTMENT_MARKS, DEPARTMENT_RESULTS,
    STAY_SHARES, SLIPS, SLIP_LINES, PERFORMANCE_FINDINGS, IN_HOUSE_ESTIMATES, PERFORMANCE_CHANGES,
)  # fmt: skip
"""written by the commands inside a hospital, not by a run of stays"""
