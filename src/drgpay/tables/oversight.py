"""Oversight (design/07): alerts, suspicions with their evidence, audits, reviews and what follows from them."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.audit import AUDIT_REGISTERS, AUDIT_SAMPLE, AUDIT_TABLES
from drgpay.tables.care import CHEATS
from drgpay.tables.inputs import INSTITUTION, INSURANCE, STAYS
from drgpay.tables.model import Column, Table
from drgpay.tables.modes import OUT_OF_AREA_CLAIMS

VIOLATION_TYPES = CHEATS
CASE_TYPES = (*VIOLATION_TYPES, "charging")
"""types of confirmed cases: what the rules look for, and 不合理收费, which inspections find"""
ALERT_STATES = ("raised", "acknowledged", "explained", "corrected", "verified", "closed")
TREATMENTS = ("refuse", "recover", "damages", "interview", "suspend", "terminate", "hand_over")
STANDINGS = ("likely", "unclear")
TIERS = ("ordinary", "focus", "strict")
SPECIAL_REASONS = ("long_stay", "high_cost", "new_technology", "multidisciplinary", "critical")

_YEAR = Column("year", "int16", "年度", "year", low=1990, high=2200)
_MONTH = Column("month", "int8", "月份", "month; 0 = the whole year", low=0, high=12)
_STAY = STAYS["stay_id"]
_N = Column("n", "int64", "例数", "number of stays", low=0)
_SUSPICION = Column("suspicion_id", "text", "疑点号", "suspicion: rule and stays, the same in every run")
_RULE = Column("rule", "code", "规则", "rule of data/oversight/rules.yaml")
_TYPE = Column("violation", "code", "违规类型", "type of violation", choices=VIOLATION_TYPES)
_ALERT = Column("alert_id", "text", "预警号", "alert: rule, scope and period, the same in every run")
_ANY_INSTITUTION = replace(INSTITUTION, null=True)
_ANY_DEPARTMENT = replace(STAYS["department_id"], null=True)
_ANY_SCHEME = replace(INSURANCE, null=True)
_REVIEWER = Column("reviewer", "code", "评审人", "who decided (a role or a staff number)")
_NUMERATOR = Column("numerator", "int64", "分子", "numerator")
_DENOMINATOR = Column("denominator", "int64", "分母", "denominator")

SUSPICIONS = Table(
    "suspicions", "疑点", "suspected violations: nothing is one until a reviewer confirms it", "oversight",
    ("suspicion_id",),
    (
        _SUSPICION, _RULE, _TYPE,
        Column("form", "code", "情形", "form of the violation"),
        Column("term_zh", "text", "条款名称", "legal term and clause (Chinese)"),
        Column("term_en", "text", "条款名称(英文)", "legal term and clause (English)"),
        _ANY_INSTITUTION, _ANY_DEPARTMENT,
        Column("doctor_id", "code", "主诊医师代码", "attending doctor", null=True),
        _ANY_SCHEME,
        Column("person_id", "text", "人员编号", "person; only where asked for", null=True),
        Column("stay_id", "text", "病例号", "the stay it is about; empty: an institution", null=True),
        Column("related", "text", "相关记录", "other stays or visits, | between them"),
        _YEAR, _MONTH,
        Column("score", "ratio", "可能性评分", "score", low=0, high=10_000),
        Column("standing", "code", "线索类别",
               "likely (a lead), or unclear: the data cannot tell it from honest care; ask for the record",
               choices=STANDINGS),
        Column("amount", "fen", "涉及金额", "amount at stake: payment less what it would have been otherwise", low=0),
        Column("stay_payment", "fen", "病例基金支付额", "what the fund pays for the stay (what a refusal takes)",
               null=True, low=0),
        Column("state", "code", "状态", "open, confirmed or dismissed by a review",
               choices=("open", "confirmed", "dismissed")),
    ),
)  # fmt: skip

SUSPICION_EVIDENCE = Table(
    "suspicion_evidence", "疑点证据", "what a person can check of a suspicion", "oversight",
    ("suspicion_id", "number"),
    (
        _SUSPICION,
        Column("number", "int16", "序号", "place", low=1),
        Column("record", "text", "记录", "stay or visit"),
        Column("field", "code", "字段", "table and column"),
        Column("value", "text", "值", "what stands there; money in yuan"),
        Column("expected", "text", "参照", "what it is compared with"),
        Column("note_zh", "text", "说明", "what it shows (Chinese)"),
        Column("note_en", "text", "说明(英文)", "what it shows (English)"),
        Column("weight", "int64", "权重", "added to the score", unit="1/10,000"),
    ),
)  # fmt: skip

RULE_STATUS = Table(
    "rule_status", "规则运行情况", "which rules ran, which lacked columns, and how many suspicions they gave",
    "oversight", ("rule",),
    (
        _RULE, _TYPE,
        Column("status", "code", "状态", "ran, or missing: columns it needs were not brought",
               choices=("ran", "missing")),
        Column("missing", "text", "缺少的列", "columns that are missing, | between them"),
        Column("suspicions", "int64", "疑点数", "leads", low=0),
        Column("unclear", "int64", "存疑数", "cases that the data cannot tell from honest care", low=0),
        Column("zh", "text", "规则说明", "the rule (Chinese)"),
        Column("en", "text", "规则说明(英文)", "the rule (English)"),
    ),
)  # fmt: skip

CODING_RATES = Table(
    "coding_rates", "并发症编码率", "an institution's coding of complications against its peers", "oversight",
    ("institution_id",),
    (
        INSTITUTION, _N,
        Column("observed", "int64", "编码例数", "stays with a (major) complication in the group", low=0),
        Column("expected", "ratio", "期望例数", "stays expected with the rates of all institutions by basic group",
               unit="1/10,000 例 (stays)", low=0),
        Column("ratio", "ratio", "比值", "observed ÷ expected", null=True, low=0),
        Column("shrunk", "ratio", "收缩比值", "the ratio drawn towards 1 as far as small numbers ask (gamma prior)",
               null=True, low=0),
        Column("lifted", "int64", "低费用高编码例数", "cheap stays that less codes would put in a lower group",
               low=0),
        Column("lifted_expected", "ratio", "其期望例数", "such stays expected with the rates of all institutions",
               unit="1/10,000 例 (stays)", low=0),
        Column("lifted_shrunk", "ratio", "其收缩比值", "their ratio, drawn in the same way", null=True, low=0),
    ),
)  # fmt: skip

ALERTS = Table(
    "alerts", "监测预警", "alerts of the month, of a streak or of a trend", "oversight", ("alert_id",),
    (
        _ALERT,
        Column("rule", "code", "规则", "rule"),
        Column("scope", "code", "范围", "whom it is about",
               choices=("area", "institution", "department", "group")),
        _ANY_INSTITUTION, _ANY_DEPARTMENT,
        Column("drg", "code", "病组", "DRG", null=True),
        _YEAR, _MONTH,
        Column("value", "int64", "值", "value", unit="1/10,000"),
        Column("threshold", "int64", "界限", "limit it passed", unit="1/10,000"),
        Column("parameter", "text", "参数", "limit in oversight.limits that fired"),
        _NUMERATOR, _DENOMINATOR,
        Column("low", "int64", "区间下限", "lower end of the interval, where the value is an estimate",
               unit="1/10,000", null=True),
        Column("high", "int64", "区间上限", "upper end", unit="1/10,000", null=True),
        Column("small", "flag", "例数过少", "too few stays to rank"),
        Column("zh", "text", "预警", "what it says (Chinese)"),
        Column("en", "text", "预警(英文)", "what it says (English)"),
        Column("action_zh", "text", "处置", "action (Chinese)"),
        Column("action_en", "text", "处置(英文)", "action (English)"),
        Column("owner", "code", "责任人", "office that answers for it"),
        Column("raised_on", "date", "产生日期", "last day of the period"),
        Column("deadline", "date", "办结期限", "day by which it is to be explained or corrected"),
        Column("state", "code", "状态", "state", choices=ALERT_STATES),
    ),
)  # fmt: skip

ALERT_EVIDENCE = Table(
    "alert_evidence", "预警依据", "figures behind an alert, a row for each month", "oversight", ("alert_id", "month"),
    (
        _ALERT, _MONTH, _NUMERATOR, _DENOMINATOR,
        Column("value", "int64", "值", "value", unit="1/10,000"), _N,
    ),
)  # fmt: skip

ALERT_EVENTS = Table(
    "alert_events", "预警处置记录", "what was done with alerts; rows are only ever added", "register",
    ("alert_id", "number"),
    (
        _ALERT,
        Column("number", "int16", "序号", "place, from 1", low=1),
        Column("state", "code", "状态", "state reached", choices=ALERT_STATES[1:]),
        Column("on", "date", "日期", "day"),
        Column("by", "code", "经办人", "who (a role or a staff number)"),
        Column("note", "text", "说明", "what was said or done"),
    ),
)  # fmt: skip

CONTROL_POINTS = Table(
    "control_points", "控制图", "p-chart of an institution's indicator by month", "oversight",
    ("indicator", "institution_id", "month"),
    (
        Column("indicator", "code", "指标", "indicator"), INSTITUTION, _MONTH, _NUMERATOR, _DENOMINATOR,
        Column("value", "ratio", "值", "numerator ÷ denominator"),
        Column("centre", "ratio", "中线", "the institution's share over all its months"),
        Column("lower", "ratio", "下限", "lower limit for this denominator"),
        Column("upper", "ratio", "上限", "upper limit for this denominator"),
        Column("outside", "flag", "出界", "outside its limits"),
    ),
)  # fmt: skip

CLAIM_CHECKS = Table(
    "claim_checks", "异地结算核查", "every claim of institutions on the out-of-area watch list, to be checked",
    "oversight", ("claim_id",),
    (
        *(replace(c, refers="", refers_when=()) for c in OUT_OF_AREA_CLAIMS.columns),
        Column("reasons", "codes", "关注原因", "why the institution is on the watch list"),
        Column("checks", "codes", "核查疑点", "checks the claim does not pass: over_total, paid_twice, dear_claim, "
               "high_fund_share, as_if_registered; empty = none"),
    ),
)  # fmt: skip

COMPLAINTS = Table(
    "complaints", "投诉", "complaints about refused patients", "register", ("complaint_id",),
    (
        Column("complaint_id", "text", "投诉编号", "complaint"), INSTITUTION,
        Column("date", "date", "日期", "day"),
        Column("confirmed", "flag", "查实", "confirmed"),
    ),
)  # fmt: skip

INSTITUTION_LINKS = Table(
    "institution_links", "关联机构", "institutions that belong together", "register", ("institution_id",),
    (INSTITUTION, Column("link", "code", "关联", "what they belong to")),
)  # fmt: skip

REVIEWS = Table(
    "reviews", "疑点评审", "people's decisions on suspicions", "register", ("suspicion_id",),
    (
        _SUSPICION,
        Column("decision", "code", "决定", "decision", choices=("confirm", "dismiss")),
        Column("reason", "text", "理由", "reason"), _REVIEWER,
        Column("on", "date", "日期", "day"),
        Column("treatment", "code", "处理", "refuse = the stay is not paid, recover = the "
               "amount is taken back, damages = with damages besides, interview, suspend, terminate, hand_over",
               null=True, choices=TREATMENTS),
        Column("amount", "fen", "金额", "amount; empty: as the suspicion says, and for refuse", null=True, low=0),
        Column("damages_multiple", "ratio", "违约金倍数", "damages as a multiple of the amount", null=True, low=0,
               high=50_000),
        Column("points", "int16", "医师记分", "points the doctor is given", null=True, low=0, high=12),
        Column("publish", "flag", "公布", "to be published", null=True),
        Column("from_date", "date", "起始日期", "suspend, terminate, hand_over: the day from which it acts; "
               "empty: the day of the decision", null=True),
        Column("lifted_on", "date", "解除日期", "suspend, hand_over: the day on which it is lifted or decided",
               null=True),
    ),
)  # fmt: skip

TREATMENT_TABLE = Table(
    "treatments", "违规处理", "what follows from every confirmed suspicion", "oversight", ("suspicion_id",),
    (
        _SUSPICION, _TYPE, INSTITUTION, _ANY_SCHEME, _ANY_DEPARTMENT,
        Column("doctor_id", "code", "主诊医师代码", "attending doctor", null=True),
        Column("stay_id", "text", "病例号", "stay", null=True),
        Column("treatment", "code", "处理", "treatment", choices=TREATMENTS),
        Column("amount", "fen", "金额", "refused or recovered", low=0),
        Column("damages", "fen", "违约金", "liquidated damages", low=0),
        Column("held", "fen", "暂缓金额", "in dispute with the case that is handed over: held until that is decided",
               low=0),
        Column("from_date", "date", "起始日期", "suspend, terminate, hand_over: the day from which it acts",
               null=True),
        Column("lifted_on", "date", "解除日期", "suspend, hand_over: the day on which it is lifted or decided",
               null=True),
        Column("points", "int16", "医师记分", "points the doctor is given", low=0),
        Column("publish", "flag", "公布", "to be published"), _REVIEWER,
        Column("on", "date", "日期", "day of the decision"),
        Column("reason", "text", "理由", "reason"),
    ),
)  # fmt: skip

LEDGER_PREVIEW = Table(
    "ledger_preview", "预计分录", "entries the next clearing will post for the treatments", "oversight",
    ("suspicion_id", "event"),
    (
        _SUSPICION, INSTITUTION, INSURANCE,
        Column("event", "code", "事项", "event",
               choices=("violation_recovered", "damages", "stay_refused", "month_held")),
        Column("debit", "code", "借方", "account debited"),
        Column("credit", "code", "贷方", "account credited"),
        Column("amount", "fen", "金额", "amount", low=0),
    ),
)  # fmt: skip

DOCTOR_POINTS = Table(
    "doctor_points", "医保医师记分", "points of a doctor in the year", "oversight", ("institution_id", "doctor_id"),
    (
        INSTITUTION, replace(STAYS["doctor_id"], null=False),
        Column("violations", "int64", "违规数", "confirmed violations", low=1),
        Column("points", "int64", "记分", "points given", low=0),
        Column("left", "int64", "剩余分", "what is left of the year's points", low=0),
        Column("suspended", "flag", "暂停", "nothing is left: the doctor's agreement is to be suspended"),
    ),
)  # fmt: skip

DOCTOR_MARKS = Table(
    "doctor_marks", "医师记分登记", "points given to doctors for confirmed violations, look after look", "register",
    ("violation_id",),
    (
        Column("violation_id", "text", "编号", "violation"),
        _YEAR, INSTITUTION, replace(STAYS["doctor_id"], null=False),
        Column("points", "int16", "记分", "points given", low=0, high=12),
        Column("reason", "text", "事由", "what was found", null=True),
    ),
    files=("医师记分",),
)  # fmt: skip

_FORM = Column("form", "code", "情形", "form of the refusal")
REFUSALS = Table(
    "refusals", "推诿认定", "confirmed refusals of patients, which cut the next prepayment", "register",
    ("violation_id",),
    (
        Column("violation_id", "text", "编号", "violation"),
        _YEAR, INSTITUTION, _FORM,
        Column("reason", "text", "事由", "what was found", null=True),
    ),
    files=("推诿",),
)  # fmt: skip

CONFIRMED_CASES = Table(
    "confirmed_cases", "违规认定案件", "confirmed cases by type, whatever followed; conduct is marked by them",
    "register", ("violation_id",),
    (
        Column("violation_id", "text", "编号", "violation"),
        _YEAR, INSTITUTION,
        replace(_TYPE, choices=CASE_TYPES),
        Column("form", "code", "情形", "form of the violation", null=True),
        Column("reason", "text", "事由", "what was found", null=True),
    ),
    files=("违规案件",),
)  # fmt: skip

NEGATIVE_LIST = Table(
    "negative_list", "负面清单", "institutions that refused patients, confirmed; to be published, nobody is named",
    "oversight", ("institution_id", "form"),
    (
        _YEAR, INSTITUTION, _FORM,
        Column("count", "int64", "件数", "confirmed refusals of the year", low=1),
    ),
)  # fmt: skip

PUBLICATIONS = Table(
    "publications", "公布名单", "violations to be published; no patient is named", "oversight",
    ("institution_id", "violation"),
    (
        INSTITUTION, _TYPE,
        Column("count", "int64", "件数", "confirmed violations", low=1),
        Column("amount", "fen", "金额", "refused or recovered", low=0),
        Column("damages", "fen", "违约金", "damages", low=0),
    ),
)  # fmt: skip

VIOLATION_TIERS = Table(
    "violation_tiers", "违规监管分级", "how closely an institution is supervised next year, by its violations",
    "oversight", ("institution_id",),
    (
        INSTITUTION,
        Column("violations", "int64", "违规数", "confirmed violations", low=0),
        Column("amount", "fen", "金额", "refused or recovered", low=0),
        Column("tier", "code", "级别", "tier", choices=TIERS),
        Column("next_year", "int16", "适用年度", "year it is for"),
    ),
)  # fmt: skip

SPECIAL_CANDIDATES = Table(
    "special_candidates", "特例单议候选", "stays an institution may ask a special review for", "oversight",
    ("stay_id",),
    (
        _STAY, INSTITUTION, _ANY_DEPARTMENT,
        Column("drg", "code", "病组", "DRG"),
        Column("reason", "code", "理由", "reason", choices=SPECIAL_REASONS),
        Column("los", "int32", "实际住院天数", "length of stay"),
        Column("total_cost", "fen", "总费用", "total cost"),
        Column("payment", "fen", "支付", "payment by its group"),
        Column("gap", "fen", "差额", "cost less payment"),
        Column("rank", "int32", "位次", "place in its institution, the largest gap first", low=1),
        Column("within_quota", "flag", "限额内", "within the institution's quota"),
    ),
)  # fmt: skip

SPECIAL_REQUESTS = Table(
    "special_requests", "特例单议申请", "requests for special review", "register", ("stay_id",),
    (
        _STAY, INSTITUTION,
        Column("reason", "code", "理由", "reason", choices=SPECIAL_REASONS),
        Column("on", "date", "申请日期", "day"),
        Column("record", "flag", "病案", "the record is enclosed"),
        Column("bill", "flag", "费用清单", "the bill is enclosed"),
        Column("statement", "text", "申请说明", "why", null=True),
    ),
)  # fmt: skip

SPECIAL_OPINIONS = Table(
    "special_opinions", "专家意见", "opinions of experts on requests: two, a third where they differ", "register",
    ("stay_id", "expert"),
    (
        _STAY,
        Column("expert", "code", "专家", "expert"),
        Column("number", "int8", "次序", "first, second or third", low=1, high=3),
        Column("opinion", "code", "意见", "opinion", choices=("approve", "decline")),
        Column("amount", "fen", "认可费用", "cost recognised; empty: all of it", null=True, low=0),
        Column("reason", "text", "理由", "reason"),
    ),
)  # fmt: skip

SPECIAL_RESULTS = Table(
    "special_results", "特例单议结论", "where every request stands", "oversight", ("stay_id",),
    (
        _STAY, INSTITUTION,
        Column("number", "int64", "评审序号", "order of the requests", low=1),
        Column("status", "code", "状态", "incomplete, waiting for opinions, over the quota, approved or declined",
               choices=("incomplete", "waiting", "third_needed", "over_quota", "approved", "declined")),
        Column("amount", "fen", "认可费用", "cost recognised; empty: all of it", null=True, low=0),
    ),
)  # fmt: skip

OVERSIGHT_REGISTERS = (ALERT_EVENTS, REVIEWS, *AUDIT_REGISTERS, COMPLAINTS, INSTITUTION_LINKS, SPECIAL_REQUESTS,
                       SPECIAL_OPINIONS, DOCTOR_MARKS, REFUSALS,
                       CONFIRMED_CASES)  # fmt: skip
OVERSIGHT_TABLES = (SUSPICIONS, SUSPICION_EVIDENCE, RULE_STATUS, CODING_RATES, ALERTS, ALERT_EVIDENCE,
                    CONTROL_POINTS, AUDIT_SAMPLE, CLAIM_CHECKS, *AUDIT_TABLES, TREATMENT_TABLE, LEDGER_PREVIEW,
                    DOCTOR_POINTS, PUBLICATIONS, NEGATIVE_LIST, VIOLATION_TIERS, SPECIAL_CANDIDATES,
                    SPECIAL_RESULTS)  # fmt: skip
