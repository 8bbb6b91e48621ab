"""Tables of a hospital that has its own stays and what the bureau publishes and returns, and no run of the area."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.inputs import INSURANCE, SCHEMES, STAYS
from drgpay.tables.model import Column, Table
from drgpay.tables.results import CASE_POINTS, CLASSES, STATUSES

_DRG = Column("drg", "code", "病组", "DRG", aliases=("DRG编码", "病组编码", "DRG组", "drg_code"))
_DEPARTMENT, _DOCTOR = STAYS["department_id"], STAYS["doctor_id"]
_SCHEME = replace(INSURANCE, null=True)

TERMS = (
    "point_value", "pool_amount", "pool_points", "rate", "coefficient", "overall_mean", "scale", "low_multiple",
    "high_multiple", "high_extra", "unstable_discount", "ungrouped_discount", "qy_discount", "short_days",
    "long_days", "day_points", "basis",
)  # fmt: skip

TERM_NAMES = {
    "point_value": "点值", "pool_amount": "可分配额", "pool_points": "总点数", "rate": "费率", "coefficient": "系数",
    "overall_mean": "全部病例均费", "scale": "标度", "low_multiple": "低倍率界值", "high_multiple": "高倍率界值",
    "high_extra": "高倍率追加", "unstable_discount": "非稳定病组折扣", "ungrouped_discount": "未入组折扣",
    "qy_discount": "歧义折扣", "short_days": "短住院天数", "long_days": "长住院天数", "day_points": "床日点数",
    "basis": "支付口径",
}  # fmt: skip
"""the terms in Chinese"""

PUBLISHED = Table(
    "published", "已公布病组", "groups as the bureau publishes them: weight or base points, mean cost and days, "
    "bounds", "register", ("drg",),
    (
        _DRG,
        Column("drg_name", "text", "病组名称", "name of the group", null=True, aliases=("DRG名称",)),
        Column("weight", "text", "权重", "weight as printed, up to nine decimals", null=True,
               aliases=("病组权重", "RW", "基准权重")),
        Column("base_points", "points", "基准点数", "base points", null=True, low=0, high=10**13,
               aliases=("病组点数", "病组基准点数")),
        Column("mean_cost", "fen", "例均费用", "mean cost of the group", null=True, low=1, high=10**11,
               aliases=("病组例均费用", "次均费用", "均费")),
        Column("mean_days", "ratio", "平均住院日", "mean stay of the group", null=True, low=0,
               unit="天 (days), 1/10,000", aliases=("平均住院天数", "例均住院日")),
        Column("low_multiple", "ratio", "低倍率界值", "multiple below which a stay is low", null=True, low=0,
               high=10**7, aliases=("低倍率", "下限倍率")),
        Column("high_multiple", "ratio", "高倍率界值", "multiple above which a stay is high", null=True, low=0,
               high=10**7, aliases=("高倍率", "上限倍率")),
        Column("fixed_coefficient", "ratio", "统一系数", "coefficient of every institution in this group; empty: the "
               "institution's own", null=True, low=0, high=10**7, aliases=("病组系数", "基础病组系数")),
    ),
    files=("病组表", "病组权重表", "病组点数表"),
    kept="apart",
)  # fmt: skip

PUBLISHED_TERMS = Table(
    "published_terms", "已公布参数", "what the bureau publishes besides the groups: point value or rate, the "
    "institution's coefficient, multiples and discounts", "register", ("term", "applies_to"),
    (
        Column("term", "code", "参数", "point_value 点值 (yuan), or pool_amount 可分配额 (yuan) and pool_points "
               "总点数, which are exact; rate 费率 (yuan); coefficient 系数; overall_mean 全部病例均费 (yuan); scale "
               "标度; multiples; high_extra 高倍率追加; discounts of stays paid by their own cost; short_days, "
               "long_days, day_points; basis 支付口径", choices=TERMS),
        Column("applies_to", "code", "适用险种", "insurance scheme it holds for: all 全部, employee 职工, resident "
               "居民", choices=("all", *SCHEMES), aliases=("险种", "insurance_scheme")),
        Column("value", "text", "数值", "value as published", aliases=("值", "取值")),
        Column("source", "text", "来源", "where it was published", null=True, aliases=("文件", "出处")),
    ),
    files=("参数表",),
    kept="apart",
)  # fmt: skip

_PAYMENT = Column("expected_payment", "fen", "预期支付", "expected payment; null: not known", null=True)
_GAIN = Column("gain", "fen", "盈亏", "what the hospital gets for the stay − its cost; null: not known", null=True)

STAY_ESTIMATES = Table(
    "stay_estimates", "病例预估", "expected group, class, payment and gain of a hospital's stays, from what is "
    "published", "points", ("stay_id",),
    (
        STAYS["stay_id"], _DEPARTMENT, _DOCTOR, _SCHEME,
        Column("in_house", "flag", "在院", "still in house: no day of discharge"),
        _DRG,
        Column("drg_name", "text", "病组名称", "name of the group"),
        Column("status", "code", "入组状态", "status", choices=STATUSES),
        Column("weight", "text", "权重", "weight as published; empty: none", null=True),
        PUBLISHED["base_points"], PUBLISHED["mean_cost"], PUBLISHED["mean_days"],
        replace(STAYS["los"], null=True),
        Column("low_bound", "fen", "低倍率界限", "cost below which a stay is low", null=True),
        Column("high_bound", "fen", "高倍率界限", "cost above which a stay is high", null=True),
        Column("case_class", "code", "病例类型", "class of the stay; null: not known", null=True, choices=CLASSES),
        Column("coefficient", "ratio", "系数", "coefficient used", null=True),
        Column("extra", "points", "高倍率追加点数", "part of the points above the normal ones; by rate in fen",
               null=True),
        Column("points", "points", "点数", "case points; null: not known, or paid by rate", null=True),
        STAYS["total_cost"], replace(CASE_POINTS["personal_paid"], null=True),
        _PAYMENT,
        Column("fund_payment", "fen", "预期基金支付", "part of it that the fund pays; null: not known", null=True),
        _GAIN,
        Column("zh", "text", "说明", "what is not known, or what the estimate supposes (Chinese)"),
        Column("en", "text", "说明(英文)", "what is not known, or what the estimate supposes (English)"),
    ),
)  # fmt: skip

HOUSE_STAYS = Table(
    "house_stays", "在院测算", "stays still in house as a hospital handed them over: the group of their codes so "
    "far, its bounds, what it would be paid, and days so far beside the group's mean; no limit of care", "points",
    ("stay_id",),
    (
        *(STAY_ESTIMATES[name] for name in ("stay_id", "department_id", "doctor_id", "insurance_scheme")),
        Column("as_of", "date", "截至日期", "day up to which codes, days and charges are known"),
        replace(STAYS["admission_date"], null=True),
        *(STAY_ESTIMATES[name] for name in ("drg", "drg_name", "status", "weight", "base_points", "case_class")),
        Column("days", "int16", "已住院天数", "days so far", null=True, low=0),
        PUBLISHED["mean_days"],
        Column("days_left", "ratio", "距平均住院日", "mean − days so far; negative: longer", null=True,
               unit="天 (days), 1/10,000"),
        replace(STAYS["total_cost"], zh="已发生费用", en="charges so far"),
        *(STAY_ESTIMATES[name] for name in ("mean_cost", "low_bound", "high_bound", "points", "expected_payment",
                                            "zh", "en")),
        *(replace(STAYS[name], null=True) for name in ("sex", "age", "age_days", "birth_weight", "admission_weight",
                                                       "discharge_way", "dx", "proc")),
    ),
)  # fmt: skip

ESTIMATE_TOTALS = Table(
    "estimate_totals", "预估汇总", "estimates added up: all, by department, doctor and group", "points",
    ("scope", "in_house", "unit_id"),
    (
        Column("scope", "code", "层级", "scope", choices=("all", "department", "doctor", "group")),
        Column("in_house", "flag", "在院", "stays still in house"),
        Column("unit_id", "text", "对象", "department, doctor or group; empty: not named"),
        Column("unit_name", "text", "名称", "name of the group"),
        Column("n", "int64", "例数", "number of stays", low=0),
        Column("unknown", "int64", "未知例数", "stays whose payment is not known", low=0),
        Column("high", "int64", "高倍率例数", "high stays", low=0),
        Column("low", "int64", "低倍率例数", "low stays", low=0),
        Column("points", "points", "点数", "points of the stays with points", low=0),
        Column("total_cost", "fen", "总费用", "cost of all stays", low=0),
        Column("known_cost", "fen", "已知支付病例的费用", "cost of the stays whose payment is known", low=0),
        Column("expected_payment", "fen", "预期支付", "sum of the stays' payments, each rounded"),
        Column("exact_payment", "fen", "一次取整的预期支付", "the points added up first and rounded once for each "
               "insurance scheme; what an area's run pays the institution is this, to the fen", null=True),
        Column("gain", "fen", "盈亏", "sum of the gains that are known"),
    ),
)  # fmt: skip

_DAY = "date"
_SIGNED = "amount; negative: a refund"

RETURNED = Table(
    "returned", "医保返回明细", "what the bureau, or another grouper, returns of a hospital's stays", "register",
    ("settlement_id", "record_number"),
    (
        Column("settlement_id", "text", "结算ID", "settlement", aliases=(
            "setl_id", "结算流水号", "结算编号", "结算号", "结算单号", "病例号", "stay_id", "就诊流水号", "就诊ID",
            "mdtrt_id", "病例唯一号", "病例ID", "清单流水号")),
        Column("record_number", "text", "病案号", "number of the record", aliases=(
            "medcasno", "病案编号", "住院号", "住院号码", "住院病案号", "住院流水号", "BAH", "ipt_no",
            "record_no", "病历号")),
        Column("admission_date", _DAY, "入院日期", "day of admission", null=True,
               aliases=("adm_time", "入院时间", "RYSJ", "admission_datetime")),
        Column("discharge_date", _DAY, "出院日期", "day of discharge", null=True,
               aliases=("dscg_time", "出院时间", "CYSJ", "discharge_datetime")),
        replace(_DRG, null=True, aliases=(*_DRG.aliases, "DRG组代码", "入组编码", "病组代码", "DRG代码", "DRG分组",
                                          "分组编码", "分组结果", "drgs_code", "DRG病组编码", "入组结果")),
        Column("weight", "text", "权重", "weight as returned", null=True,
               aliases=("病组权重", "RW", "DRG权重", "权重值", "基准权重", "RW值", "drg_weight")),
        Column("points", "points", "点数", "points of the stay", null=True,
               aliases=("病例点数", "结算点数", "总点数", "入组点数", "分值", "病例总点数", "最终点数")),
        Column("coefficient", "ratio", "系数", "coefficient used", null=True,
               aliases=("机构系数", "调节系数", "差异系数", "医院系数", "医疗机构系数", "成本系数")),
        Column("case_class", "code", "病例类型", "class of the stay", null=True, choices=CLASSES,
               aliases=("倍率类型", "病例类别", "倍率", "倍率标识", "病例分类", "费用类型", "入组类型")),
        Column("total_cost", "fen", "总费用", _SIGNED, null=True,
               aliases=("medfee_sumamt", "医疗费总额", "医疗总费用", "住院总费用", "费用总额", "ZFY", "医疗费用",
                        "发生费用")),
        Column("payment", "fen", "DRG支付金额", _SIGNED, null=True, aliases=(
            "DRG支付标准", "支付标准", "DRG应付", "DRG结算金额", "DRG拨付金额", "应付金额", "应支付", "拨付金额",
            "DRG费用", "DRG总费用", "预结算金额", "支付金额", "expected_payment")),
        Column("balance", "fen", "盈亏", "payment − cost as returned", null=True,
               aliases=("结余", "差额", "盈亏金额", "结余(超支)", "结超金额", "gain")),
        Column("remark", "text", "说明", "what the bureau says of it", null=True,
               aliases=("备注", "返回说明", "未入组原因", "原因")),
    ),
    files=("月度返回", "对账单"),
    kept="apart",
)  # fmt: skip

KINDS_OF_DIFFERENCE = (
    "same", "group", "class", "cost", "coefficient", "points", "payment", "zero_balance", "missing", "extra",
    "repeated", "refund",
)  # fmt: skip

RECONCILIATION = Table(
    "reconciliation", "对账结果", "every returned line and every own stay once, with what differs and why",
    "reconcile", ("line", "stay_id"),
    (
        Column("line", "int64", "返回行号", "line of the return; 0 = none", low=0),
        Column("stay_id", "text", "病例号", "own stay; empty: none"),
        Column("settlement_id", "text", "结算ID", "settlement as returned; empty: none"),
        Column("record_number", "text", "病案号", "number of the record; empty: none"),
        Column("discharge_date", _DAY, "出院日期", "day of discharge", null=True),
        Column("matched_by", "code", "对上依据", "by what the two were brought together; empty: not",
               choices=("", "settlement_id", "record_and_dates", "record_number")),
        Column("kind", "code", "差异类别", "kind of difference; a line is in one kind only",
               choices=KINDS_OF_DIFFERENCE),
        Column("also", "text", "其他差异", "what else differs"),
        Column("drg", "code", "本院病组", "own group", null=True),
        Column("returned_drg", "code", "返回病组", "group returned", null=True),
        Column("case_class", "code", "本院病例类型", "own class", null=True),
        Column("returned_class", "code", "返回病例类型", "class returned", null=True),
        Column("weight", "text", "本院权重", "own weight", null=True),
        Column("returned_weight", "text", "返回权重", "weight returned", null=True),
        Column("points", "points", "本院点数", "own points", null=True),
        Column("returned_points", "points", "返回点数", "points returned", null=True),
        Column("coefficient", "ratio", "本院系数", "own coefficient", null=True),
        Column("returned_coefficient", "ratio", "返回系数", "coefficient returned", null=True),
        Column("total_cost", "fen", "本院总费用", "own cost", null=True),
        Column("returned_cost", "fen", "返回总费用", "cost returned", null=True),
        Column("payment", "fen", "本院预期支付", "own payment; null: not known", null=True),
        Column("returned_payment", "fen", "返回支付", "payment returned", null=True),
        Column("amount", "fen", "支付差", "own − returned payment, where both are known", null=True),
        Column("object", "flag", "建议提出", "worth an objection or a question to the bureau"),
        Column("cause_zh", "text", "可能原因", "likely cause (Chinese)"),
        Column("cause_en", "text", "可能原因(英文)", "likely cause (English)"),
        Column("remark", "text", "返回说明", "what the bureau says of it", null=True),
    ),
)  # fmt: skip

RECONCILIATION_TOTALS = Table(
    "reconciliation_totals", "对账汇总", "the return by kind of difference; the kinds add up to all", "reconcile",
    ("kind",),
    (
        Column("kind", "code", "差异类别", "kind of difference; all = every one of them",
               choices=(*KINDS_OF_DIFFERENCE, "all")),
        Column("lines", "int64", "返回行数", "lines of the return", low=0),
        Column("stays", "int64", "本院例数", "own stays", low=0),
        Column("objections", "int64", "建议提出", "worth an objection or a question", low=0),
        Column("total_cost", "fen", "本院总费用", "own cost"),
        Column("returned_cost", "fen", "返回总费用", "cost returned"),
        Column("payment", "fen", "本院预期支付", "own payments that are known"),
        Column("returned_payment", "fen", "返回支付", "payments returned"),
        Column("amount", "fen", "支付差", "own − returned, where both are known"),
    ),
)  # fmt: skip

CODING_TEXTS = Table(
    "coding_texts", "病历文字", "what the record says in words, to be coded", "register", ("stay_id",),
    (
        Column("stay_id", "text", "病例号", "stay", aliases=(
            "病案号", "住院号", "结算ID", "setl_id", "BAH", "medcasno", "record_number", "病例唯一号")),
        Column("diagnoses", "text", "诊断", "diagnoses in words", null=True, aliases=(
            "诊断名称", "出院诊断", "诊断描述", "出院诊断名称", "主要诊断", "主要诊断名称", "临床诊断")),
        Column("operations", "text", "手术操作", "operations in words", null=True,
               aliases=("手术名称", "手术操作名称", "手术", "手术及操作", "操作名称")),
        Column("summary", "text", "出院小结", "lines of the discharge summary", null=True,
               aliases=("出院记录", "小结", "病程", "文字", "text", "诊疗经过", "出院情况")),
        Column("dx_codes", "text", "诊断编码", "codes given so far", null=True,
               aliases=("dx", "诊断代码", "ICD编码", "ICD10", "出院诊断编码")),
        Column("proc_codes", "text", "手术操作编码", "codes given so far", null=True,
               aliases=("proc", "手术编码", "手术代码", "ICD9", "手术操作代码")),
    ),
    files=("编码文字",),
    kept="apart",
)  # fmt: skip

READINGS = ("plain", "history", "negated", "doubtful")
PARTS_OF_RECORD = ("diagnoses", "operations", "summary")

CODING_SUGGESTIONS = Table(
    "coding_suggestions", "编码建议", "codes offered for the words of a record, the likest first; coding follows the "
    "record", "coding", ("line", "part", "place", "rank"),
    (
        Column("line", "int64", "行号", "line of the file", low=0),
        Column("stay_id", "text", "病例号", "stay; empty: not named"),
        Column("part", "code", "出处", "where it stands", choices=PARTS_OF_RECORD),
        Column("place", "int32", "序号", "phrase of the part, from 1", low=1),
        Column("phrase", "text", "文字", "the phrase"),
        Column("reading", "code", "语气", "plain, history 既往, negated 否认, doubtful 待查", choices=READINGS),
        Column("side", "code", "侧别", "side named; empty: none", choices=("", "left", "right", "both")),
        Column("kind", "code", "类别", "dx 诊断, proc 手术操作", choices=("dx", "proc")),
        Column("rank", "int32", "位次", "place among the codes offered", low=1),
        Column("code", "text", "编码", "code of the insurer's edition"),
        Column("name", "text", "名称", "its name"),
        Column("score", "ratio", "相近度", "likeness of the words", low=0),
        Column("coded", "flag", "已编", "among the codes given so far"),
        Column("zh", "text", "依据", "why it is offered (Chinese)"),
        Column("en", "text", "依据(英文)", "why it is offered (English)"),
    ),
)  # fmt: skip

CODING_GAPS = Table(
    "coding_gaps", "编码缺口", "words without a code, and codes without a word", "coding", ("line", "kind", "what"),
    (
        Column("line", "int64", "行号", "line of the file", low=0),
        Column("stay_id", "text", "病例号", "stay; empty: not named"),
        Column("kind", "code", "缺口", "no_code: words without a code; no_text: a code without words",
               choices=("no_code", "no_text")),
        Column("what", "text", "内容", "the phrase, or the code"),
        Column("name", "text", "名称", "name of the code, or of the likest one"),
        Column("zh", "text", "说明", "what to look at (Chinese)"),
        Column("en", "text", "说明(英文)", "what to look at (English)"),
    ),
)  # fmt: skip

INHOUSE_REGISTERS = (PUBLISHED, PUBLISHED_TERMS, RETURNED, CODING_TEXTS)
INHOUSE_TABLES = (STAY_ESTIMATES, HOUSE_STAYS, ESTIMATE_TOTALS, RECONCILIATION, RECONCILIATION_TOTALS,
                  CODING_SUGGESTIONS, CODING_GAPS)  # fmt: skip

__all__ = [
    "CODING_GAPS",
    "CODING_SUGGESTIONS",
    "CODING_TEXTS",
    "ESTIMATE_TOTALS",
    "HOUSE_STAYS",
    "INHOUSE_REGISTERS",
    "INHOUSE_TABLES",
    "KINDS_OF_DIFFERENCE",
    "PUBLISHED",
    "PUBLISHED_TERMS",
    "RECONCILIATION",
    "RECONCILIATION_TOTALS",
    "RETURNED",
    "STAY_ESTIMATES",
    "TERM_NAMES",
]
