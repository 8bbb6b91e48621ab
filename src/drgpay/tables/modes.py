"""Tables of the payment modes: registers people bring, and what the modes work out from them."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.fund import PARTS
from drgpay.tables.inputs import INSTITUTION, INSURANCE, STAYS
from drgpay.tables.model import Column, Table

MODES = ("drg", "bed_day", "single_disease", "quota", "capitation", "by_item", "out_of_area")
SETTINGS = ("inpatient", "outpatient")
KINDS = ("general", "specialised", "psychiatric", "rehabilitation", "hospice", "primary_care", "internet")
MEMBERS = ("institution", "township", "school", "employer")
POPULATIONS = ("employee", "flexible", "resident", "student")
EXITS = ("complication", "procedure", "discharge_way", "cost_below", "cost_above")
HEAD_FINDINGS = ("overlapping_enrolment", "unknown_community", "died_before", "not_covered")
VISIT_FINDINGS = ("after_death", "person_not_enrolled")
ENROLMENT_FINDINGS = ("not_enrolled", "paying", "died", "twice")

_YEAR = Column("year", "int16", "年度", "year", low=1990, high=2200)
_MONTH = Column("month", "int8", "月份", "month; 0 = the whole year", low=0, high=12)
_N = Column("n", "int64", "人次", "number of stays or visits", low=0)
_MODE = Column("mode", "code", "支付方式", "mode: drg DRG点数, bed_day 床日, single_disease 单病种, quota 定额, "
               "capitation 按人头, by_item 按项目, out_of_area 异地", choices=MODES)  # fmt: skip
_SETTING = Column("setting", "code", "就医类型", "setting: inpatient 住院, outpatient 门诊", choices=SETTINGS)
_RULE = Column("rule", "code", "规则", "rule of the policy that decided; `default` where none did")
_CATEGORY = Column("category", "code", "类别", "category of rates; `-` where there is none")
_COMMUNITY = Column("community_id", "code", "医共体编号", "medical community", refers="community")
_PERSON = Column("person_id", "text", "人员编号", "person", aliases=STAYS["person_id"].aliases)
_TOWNSHIP = Column("township", "code", "街道(乡镇)", "street or township", null=True)
_AREA = Column("area", "code", "对方统筹区", "the other pooling area", aliases=("counterpart_area",))
_COST = Column("cost", "fen", "总费用", "total cost", low=0)
_PERSONAL = Column("personal", "fen", "个人负担", "paid by patients", low=0)
_ACTUAL = Column("actual", "fen", "项目基金应付", "what the fund would pay item by item", low=0)

INSTITUTION_KINDS = Table(
    "institution_kinds", "机构类别", "what an institution is there for", "register", ("institution_id",),
    (
        INSTITUTION,
        Column("kind", "code", "机构类别", "kind: general 综合, specialised 专科, psychiatric 精神, rehabilitation "
               "康复, hospice 安宁疗护, primary_care 基层, internet 互联网医院", choices=KINDS),
    ),
)  # fmt: skip

STAY_AREAS = Table(
    "stay_areas", "异地参保住院", "stays of persons insured in another pooling area", "register", ("stay_id",),
    (STAYS["stay_id"], _AREA),
    kept="file",
)  # fmt: skip

COMMUNITIES = Table(
    "communities", "医共体", "medical communities and the institution that is paid for them", "register",
    ("community_id",),
    (
        _COMMUNITY,
        Column("name", "text", "名称", "name"),
        replace(INSTITUTION, en="lead institution: receives the capitation"),
    ),
)  # fmt: skip

COMMUNITY_MEMBERS = Table(
    "community_members", "医共体成员与辖区", "institutions, townships, schools and employers of the communities",
    "register", ("community_id", "member_kind", "member_id"),
    (
        _COMMUNITY,
        Column("member_kind", "code", "成员类型", "kind: institution 机构, township 街道(乡镇), school 学校, "
               "employer 单位", choices=MEMBERS),
        Column("member_id", "code", "成员编号", "institution, township, school or employer",
               refers_when=(("member_kind", "institution", "institution"),)),
    ),
)  # fmt: skip

COMMUNITY_SCORES = Table(
    "community_scores", "慢病管理得分", "score of a community's management of chronic diseases", "register",
    ("year", "community_id"),
    (_YEAR, _COMMUNITY, Column("score", "int16", "得分", "score", unit="分 (points)", low=0, high=100)),
)  # fmt: skip

ENROLMENT = Table(
    "enrolment", "参保登记", "enrolment of persons, a row for each time", "register", ("person_id", "covered_from"),
    (
        _PERSON,
        INSURANCE,
        Column("population", "code", "人群", "population: employee 单位职工, flexible 灵活就业, resident 居民, "
               "student 学生", choices=POPULATIONS),
        Column("covered_from", "date", "参保开始", "first day covered"),
        Column("covered_to", "date", "参保结束", "last day covered; null: open", null=True),
        Column("birth_date", "date", "出生日期", "date of birth"),
        Column("death_date", "date", "死亡日期", "date of death", null=True),
        _TOWNSHIP,
        Column("school_id", "code", "学校编号", "school", null=True),
        Column("employer_id", "code", "单位编号", "employer", null=True),
        Column("signed_institution_id", "code", "签约机构", "institution of the signed family doctor", null=True),
        Column("diseases", "codes", "慢病", "chronic diseases with a package of their own, by the "
               "names of the packages: diabetes 糖尿病, hypertension 高血压, …", null=True),
        Column("migrated", "flag", "已迁出", "has moved out of the area", null=True),
        Column("exempt_category", "code", "免缴类别", "exempt category under which the person is enrolled",
               null=True),
    ),
    folder=True,
    kept="file",
)  # fmt: skip

EXEMPT_PERSONS = Table(
    "exempt_persons", "免缴人员登记表", "persons whom a department lists in an exempt category", "register",
    ("category", "person_id"),
    (
        Column("category", "code", "免缴类别", "exempt category"),
        _PERSON,
        _TOWNSHIP,
        Column("listed_on", "date", "认定日期", "listed on"),
    ),
    files=("免缴人员名册",),
    kept="file",
)  # fmt: skip

OUT_OF_AREA_CLAIMS = Table(
    "out_of_area_claims", "异地就医结算", "care of own insured elsewhere (out) and of others here (in)", "register",
    ("claim_id",),
    (
        Column("claim_id", "text", "结算编号", "claim"),
        Column("direction", "code", "方向", "out = own insured treated elsewhere 本地参保异地就医, in = others "
               "treated here 异地参保本地就医", choices=("out", "in")),
        _AREA,
        _SETTING,
        replace(INSTITUTION, refers="", refers_when=(("direction", "in", "institution"),)),
        INSURANCE,
        Column("settled_on", "date", "结算日期", "date of settlement"),
        Column("referred", "flag", "转诊", "referred"),
        Column("registered", "flag", "备案", "registered for care out of the area"),
        STAYS["total_cost"],
        STAYS["personal_paid"],
        Column("fund_amount", "fen", "基金支付", "paid by the fund of the insured's area", low=0,
               high=STAYS["total_cost"].high),
    ),
    kept="file",
)  # fmt: skip

PROCUREMENT = Table(
    "procurement", "带量采购协议", "volume-based procurement: agreed and used volumes", "register",
    ("year", "institution_id", "drug_id", "insurance_scheme"),
    (
        _YEAR, INSTITUTION, INSURANCE,
        Column("drug_id", "code", "药品编号", "drug"),
        Column("agreed_volume", "int64", "约定采购量", "agreed volume", low=0, high=10**9),
        Column("used_volume", "int64", "实际采购量", "volume used; null: not known yet", null=True, low=0,
               high=10**9),
        Column("price", "fen", "中选价", "price per unit", low=0, high=10**8),
        Column("price_before", "fen", "原采购价", "price per unit before", low=0, high=10**8),
    ),
)  # fmt: skip

REFERRALS = Table(
    "referrals", "转诊登记", "stays joined by referral inside a community, and stays out of the area", "register",
    ("stay_id",),
    (
        STAYS["stay_id"],
        Column("chain_id", "text", "转诊链编号", "chain of stays that count as one admission", null=True),
        Column("out_of_area_unreferred", "flag", "未转诊外出", "went out of the area without referral"),
    ),
    kept="file",
)  # fmt: skip

MODE_REGISTERS = (INSTITUTION_KINDS, STAY_AREAS, COMMUNITIES, COMMUNITY_MEMBERS, COMMUNITY_SCORES,
                  EXEMPT_PERSONS, OUT_OF_AREA_CLAIMS, PROCUREMENT, REFERRALS)  # fmt: skip
"""small registers of the modes"""

STAY_MODES = Table(
    "stay_modes", "病例支付方式", "which mode pays a stay, by which rule, and its price", "modes", ("stay_id",),
    (
        STAYS["stay_id"], INSTITUTION, STAYS["department_id"], INSURANCE, _MONTH, _MODE, _RULE, _CATEGORY,
        Column("left_rule", "code", "退出的规则", "rule the stay would fit but for its exits", null=True),
        Column("exit", "code", "退出原因", "why it left that rule", null=True, choices=EXITS),
        Column("days", "int64", "住院天数", "length of stay", unit="天 (days)", low=0),
        Column("good_outcome", "flag", "疗效达标", "discharged in a way that counts as a good outcome"),
        Column("price", "fen", "支付标准", "price of its mode; null for DRG points", null=True, low=0),
        Column("due", "fen", "基金应付", "what the fund owes for it before assessment; null for DRG points",
               null=True, low=0),
        Column("refused", "fen", "不予支付", "what it would be owed if it were not refused; null: it is not refused",
               null=True, low=0),
        STAYS["total_cost"], STAYS["personal_paid"], STAYS["fund_by_item"],
    ),
    folder=True,
)  # fmt: skip

MODE_PAYMENTS = Table(
    "mode_payments", "分方式支付",
    "payments of an institution by mode: months, and the year (month 0) after assessment", "modes",
    ("insurance_scheme", "month", "institution_id", "setting", "mode", "category"),
    (
        INSURANCE, _MONTH, INSTITUTION, _SETTING, _MODE, _CATEGORY,
        Column("part", "code", "预算分项", "part of the budget that pays", choices=PARTS),
        _N,
        Column("days", "int64", "床日", "days", unit="天 (days)", low=0),
        _COST, _PERSONAL, _ACTUAL,
        Column("price", "fen", "支付标准合计", "sum of the prices", low=0),
        Column("before", "fen", "考核前应付", "owed before assessment and limits, refused stays included", low=0),
        Column("factor", "ratio", "考核系数", "factor of the year-end assessment", low=0),
        Column("refused", "fen", "不予支付", "part of refused stays, which goes back to the fund", low=0),
        Column("due", "fen", "应付", "owed, without refused stays", low=0),
        Column("deposit", "fen", "质量保证金", "quality deposit held back; year: in its months", low=0),
        Column("forfeited", "fen", "保证金扣减", "deposit not returned at clearing", low=0),
        Column("paid", "fen", "支付", "paid: of a month for it; of a year due − paid in the months − forfeited, (−) "
               "recovered"),
    ),
)  # fmt: skip

BED_DAY_ASSESSMENTS = Table(
    "bed_day_assessments", "床日年终考核", "mean stay, daily cost and outcome of an institution, and the factor",
    "modes", ("institution_id", "category"),
    (
        INSTITUTION, _CATEGORY, _N,
        Column("days", "int64", "床日", "days", unit="天 (days)", low=0),
        Column("mean_stay", "ratio", "平均住院天数", "mean stay, rounded half up", unit="1/10,000 天 (day)"),
        Column("cost_ratio", "ratio", "床日费用比", "cost ÷ price, rounded half up", null=True),
        Column("outcome", "ratio", "疗效达标率", "share with a good outcome, rounded half up"),
        Column("not_met", "codes", "未达标项", "indicators not met"),
        Column("factor", "ratio", "考核系数", "factor of the settled rate", low=0),
    ),
)  # fmt: skip

SHADOW_PRICES = Table(
    "shadow_prices", "DRG模拟价格", "DRG price of stays that another mode pays: reported, not paid", "modes",
    ("stay_id",),
    (
        STAYS["stay_id"], INSTITUTION, INSURANCE, _MONTH,
        Column("drg", "code", "病组", "DRG"),
        Column("points", "points", "模拟点数", "points it would have", low=0),
        Column("shadow", "fen", "模拟价格", "points × the year's point value (its month's in a month's run), half "
               "up; null without a pool", null=True, low=0),
        STAYS["total_cost"],
        Column("due", "fen", "基金应付", "what its mode pays", low=0),
    ),
    folder=True,
)  # fmt: skip

VISIT_PAYMENTS = Table(
    "visit_payments", "门诊支付", "which mode pays a visit, and how it counts for a community", "modes",
    ("visit_id",),
    (
        Column("visit_id", "text", "就诊编号", "visit"),
        INSTITUTION, INSURANCE, _MONTH, _MODE, _RULE, _CATEGORY,
        replace(_COMMUNITY, en="community of the person", null=True),
        Column("inside", "flag", "医共体内", "in an institution of that community"),
        Column("charged", "flag", "扣减", "charged to the community"),
        Column("internet", "flag", "互联网复诊", "follow-up visit of an internet hospital"),
        Column("price", "fen", "支付标准", "price of its mode", low=0),
        Column("due", "fen", "基金应付", "owed to the institution for the visit", low=0),
        STAYS["total_cost"], STAYS["personal_paid"], STAYS["fund_by_item"],
    ),
    folder=True,
)  # fmt: skip

MODE_FINDINGS = Table(
    "mode_findings", "按人头校验问题", "what was wrong with enrolment and visits, without personal data", "modes",
    ("subject", "finding", "township"),
    (
        Column("subject", "code", "对象", "enrolment 参保 or visits 就诊", choices=("enrolment", "visits")),
        Column("finding", "code", "问题", "finding", choices=(*HEAD_FINDINGS, *VISIT_FINDINGS)),
        replace(_TOWNSHIP, en="street or township; `-` where it is not known", null=False),
        Column("n", "int64", "数量", "persons or visits", low=0),
    ),
)  # fmt: skip

HEADS = Table(
    "heads", "人头归属", "persons, their community and how they came to it", "modes", ("person_id",),
    (
        _PERSON, INSURANCE,
        replace(_COMMUNITY, null=True),
        Column("assigned_by", "code", "归属依据", "step of the order that decided; null: none", null=True),
        Column("months", "int8", "参保月数", "months covered on their first day", low=0, high=12),
        Column("age", "int16", "年龄", "age at the end of the year", unit="岁 (years)", low=0, high=200),
        Column("packages", "codes", "人头包", "packages"),
        Column("migrated", "flag", "已迁出", "has moved out of the area"),
        Column("death_date", "date", "死亡日期", "date of death", null=True),
        Column("township", "code", "街道(乡镇)", "street or township; `-` where it is not known"),
        Column("finding", "code", "问题", "why the head does not count", null=True, choices=HEAD_FINDINGS),
    ),
    folder=True,
)  # fmt: skip

CAPITATION_HEADS = Table(
    "capitation_heads", "人头费用测算", "heads of a community by package and age band, and their amount", "modes",
    ("insurance_scheme", "community_id", "package", "age_from"),
    (
        INSURANCE, _COMMUNITY,
        Column("package", "code", "人头包", "package: general 普通, or the disease it is for"),
        Column("age_from", "int16", "年龄段起", "first age of the band"),
        Column("heads", "int64", "人头数", "heads", low=0),
        Column("months", "int64", "人月", "months covered", low=0),
        Column("rate", "fen", "人头标准", "amount per head and year", low=0),
        Column("factor", "ratio", "慢病管理系数", "factor of the disease management", low=0),
        Column("amount", "fen", "金额", "months × rate ÷ 12 × factor, half up", low=0),
    ),
)  # fmt: skip

CAPITATION_RESULTS = Table(
    "capitation_results", "按人头结算", "a community's year: pool = result + charges + cut", "modes",
    ("insurance_scheme", "community_id"),
    (
        INSURANCE, _COMMUNITY,
        replace(INSTITUTION, en="lead institution"),
        Column("heads", "int64", "人头数", "valid heads", low=0),
        Column("pool", "fen", "人头总额", "amount of its heads", low=0),
        Column("cut", "fen", "压减", "taken off where the part of the budget does not suffice", low=0),
        Column("charges", "fen", "外部就诊扣减", "what its heads spent elsewhere", low=0),
        Column("result", "fen", "应得", "pool − cut − charges; negative: owed by the community"),
        Column("inside_n", "int64", "内部就诊人次", "visits inside", low=0),
        Column("inside", "fen", "内部就诊基金费用", "what the fund would pay by item for the visits inside", low=0),
        Column("balance", "fen", "结余(超支)", "result − inside"),
    ),
)  # fmt: skip

OUT_OF_AREA_STATEMENTS = Table(
    "out_of_area_statements", "异地就医清算单", "monthly clearing with every other pooling area", "modes",
    ("area", "month", "direction", "insurance_scheme", "setting"),
    (
        _AREA, _MONTH, OUT_OF_AREA_CLAIMS["direction"], INSURANCE, _SETTING, _N, _COST, _PERSONAL,
        Column("fund", "fen", "基金支付", "owed by the insured's area", low=0),
    ),
)  # fmt: skip

OUT_OF_AREA_WATCH = Table(
    "out_of_area_watch", "异地就医关注名单", "institutions whose out-of-area records are abnormal", "modes",
    ("institution_id", "setting"),
    (
        INSTITUTION, _SETTING, _N,
        Column("mean_cost", "fen", "次均费用", "mean cost, rounded half up"),
        Column("mean_of_all", "fen", "同类次均费用", "mean cost of the setting, rounded half up"),
        Column("unregistered_share", "ratio", "未备案占比", "claims neither registered nor referred"),
        Column("low_own_share", "int64", "自付偏低", "claims neither registered nor referred whose own share is "
               "below the points added"),
        Column("reasons", "codes", "原因", "reasons: mean_cost, unregistered, own_share"),
    ),
)  # fmt: skip

PROCUREMENT_PAYMENTS = Table(
    "procurement_payments", "带量采购结算", "advance and reward of volume-based procurement", "modes",
    ("insurance_scheme", "institution_id"),
    (
        INSURANCE, INSTITUTION,
        Column("agreed", "fen", "约定采购额", "agreed volume × price", low=0),
        Column("advance", "fen", "预付", "advance", low=0),
        Column("savings", "fen", "节约金额", "savings on what was used, where the agreed volume was met", low=0),
        Column("missed", "fen", "未完成采购额", "agreed and not used volume × price, where the use is known", low=0),
        Column("lost", "fen", "失去的奖励", "reward of other agreements, lost because a volume was missed", low=0),
        Column("reward", "fen", "奖励", "reward", low=0),
        Column("penalty", "fen", "未完成扣款", "taken for the volume that was missed", low=0),
        Column("cut", "fen", "压减", "taken off the reward where the part of the budget does not suffice", low=0),
    ),
)  # fmt: skip

BENEFIT_SPLITS = Table(
    "benefit_splits", "待遇测算", "a stay's cost split into fund and personal parts by the benefit rules", "modes",
    ("stay_id",),
    (
        STAYS["stay_id"], INSTITUTION, INSURANCE, STAYS["total_cost"],
        Column("out_of_policy", "fen", "政策范围外", "outside the policy's scope", low=0),
        Column("deductible", "fen", "起付线", "deductible taken", low=0),
        Column("own_share", "fen", "按比例自付", "the patient's share of the rest", low=0),
        Column("over_cap", "fen", "超限额", "above the most the fund pays in a year", low=0),
        Column("fund", "fen", "基金支付", "paid by the fund", low=0),
        Column("personal", "fen", "个人负担", "paid by the patient", low=0),
    ),
    folder=True,
)  # fmt: skip

ENROLMENT_GAPS = Table(
    "enrolment_gaps", "应参未参名单", "listed persons who are not enrolled as they should be", "modes",
    ("township", "category", "person_id"),
    (
        replace(_TOWNSHIP, null=False, en="street or township; `-` where it is not known"),
        EXEMPT_PERSONS["category"], _PERSON,
        Column("finding", "code", "问题", "not_enrolled 未参保, paying 参保但未享受免缴, died 已死亡, twice 列入多类",
               choices=ENROLMENT_FINDINGS),
    ),
)  # fmt: skip

INTERNET_VISITS = Table(
    "internet_visits", "互联网复诊统计", "visits and internet-hospital visits of an institution", "modes",
    ("institution_id", "month"),
    (
        INSTITUTION, _MONTH, _N,
        Column("internet_n", "int64", "互联网复诊人次", "internet-hospital visits", low=0),
        Column("internet_cost", "fen", "互联网复诊费用", "their cost", low=0),
        Column("internet_due", "fen", "互联网复诊基金应付", "what the fund owes for them", low=0),
    ),
)  # fmt: skip

EXPENDITURE_BY_MODE = Table(
    "expenditure_by_mode", "分支付方式基金支出", "composition of expenditure by mode, institution and month", "modes",
    ("insurance_scheme", "month", "institution_id", "setting", "mode"),
    (
        INSURANCE, _MONTH, replace(INSTITUTION, en="institution, or `area:` and the other area"), _SETTING, _MODE, _N,
        _COST,
        Column("fund", "fen", "基金支出", "owed by the fund"),
    ),
)  # fmt: skip

MODE_TABLES = (
    STAY_MODES, MODE_PAYMENTS, BED_DAY_ASSESSMENTS, SHADOW_PRICES, HEADS, CAPITATION_HEADS, VISIT_PAYMENTS,
    CAPITATION_RESULTS, MODE_FINDINGS, INTERNET_VISITS, OUT_OF_AREA_STATEMENTS, OUT_OF_AREA_WATCH,
    PROCUREMENT_PAYMENTS, BENEFIT_SPLITS, ENROLMENT_GAPS, EXPENDITURE_BY_MODE,
)  # fmt: skip
