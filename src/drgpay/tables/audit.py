"""The coding audit (design/07 §3): what is drawn and coded again, how far codes stand, the rate of upcoding, codes
beside the bill, coders."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.inputs import INSTITUTION, STAYS
from drgpay.tables.model import Column, Table

_STAY = STAYS["stay_id"]
_N = Column("n", "int64", "例数", "number of stays", low=0)
_ANY_DEPARTMENT = replace(STAYS["department_id"], null=True)

AUDIT_SAMPLE = Table(
    "audit_sample", "编码审核样本", "stays drawn for blind second coding, the risky ones more often", "oversight",
    ("stay_id",),
    (
        _STAY, INSTITUTION, _ANY_DEPARTMENT,
        Column("number", "int32", "序号", "place in the institution's sample", low=1),
        Column("stratum", "code", "层", "stays with a suspicion 有疑点, and those without 无疑点",
               choices=("risk", "other")),
        Column("weight", "int64", "代表例数", "stays of its stratum it stands for", unit="1/10,000", low=1),
        Column("score", "ratio", "疑点评分", "highest score of its suspicions", low=0, high=10_000),
    ),
)  # fmt: skip

SECOND_CODINGS = Table(
    "second_codings", "复核编码", "codes a second coder found without seeing the first", "register", ("stay_id",),
    (
        _STAY,
        Column("coder", "code", "复核人", "second coder"),
        Column("dx", "text", "诊断编码", "diagnoses, the principal one first, | between them"),
        Column("proc", "text", "手术操作编码", "procedures, the principal one first, | between them", null=True),
    ),
)  # fmt: skip

ARBITRATIONS = Table(
    "arbitrations", "争议仲裁", "who was right where two coders differ", "register", ("stay_id",),
    (
        _STAY,
        Column("upheld", "code", "维持", "coding upheld", choices=("first", "second")),
        Column("arbiter", "code", "仲裁人", "who decided"),
        Column("reason", "text", "理由", "reason"),
    ),
)  # fmt: skip

AUDIT_RESULTS = Table(
    "audit_results", "编码审核结果", "first and second coding of a stay side by side", "oversight", ("stay_id",),
    (
        _STAY, INSTITUTION,
        Column("first_drg", "code", "首次病组", "DRG of the first coding"),
        Column("second_drg", "code", "复核病组", "DRG of the second coding"),
        Column("principal_agrees", "flag", "主诊断一致", "same principal diagnosis"),
        Column("group_agrees", "flag", "病组一致", "same DRG"),
        Column("difference", "fen", "支付差额", "payment of the first less that of the second"),
        Column("outcome", "code", "结论", "agreed, to be arbitrated, or as the arbiter decided",
               choices=("agreed", "arbitrate", "first", "second")),
    ),
)  # fmt: skip

AUDIT_AGREEMENT = Table(
    "audit_agreement", "编码一致性", "agreement of two coders (Cohen's kappa) with its 95 % interval", "oversight",
    ("scope",),
    (
        Column("scope", "code", "范围", "all, or an institution"), _N,
        Column("agreed", "int64", "一致例数", "stays with the same DRG", low=0),
        Column("kappa", "ratio", "一致性系数(κ)", "agreement beyond chance", null=True),
        Column("low", "ratio", "区间下限", "lower end", null=True),
        Column("high", "ratio", "区间上限", "upper end", null=True),
    ),
)  # fmt: skip

_CODER = Column("coder_id", "text", "编码员代码", "coder of the record; empty: the whole institution")

UPCODING_RATES = Table(
    "upcoding_rates", "高套分组率", "share of stays in a group that is paid more than the record carries, as "
    "estimated from the audit, and cheap and highly coded stays against the peers", "oversight",
    ("institution_id", "coder_id"),
    (
        INSTITUTION, _CODER, _N,
        Column("sampled", "int64", "抽取例数", "stays of the audit sample", low=0),
        Column("audited", "int64", "已复核例数", "of them those whose second coding is decided", low=0),
        Column("confirmed", "int64", "查实高套例数", "of them those whose second coding stood and is paid less",
               low=0),
        Column("estimate", "ratio", "高套分组率估计", "estimated share of all stays; empty while a stratum of the "
               "sample has nothing decided", null=True),
        Column("low", "ratio", "区间下限", "lower end of the interval", null=True),
        Column("high", "ratio", "区间上限", "upper end", null=True),
        Column("observed", "int64", "低费用高编码例数", "cheap stays that less codes would put in a lower group",
               low=0),
        Column("expected", "ratio", "其期望例数", "such stays expected with the rates of all by basic group",
               unit="1/10,000 例 (stays)", low=0),
        Column("ratio", "ratio", "同级标化比", "observed ÷ expected (indirect standardisation)", null=True, low=0),
    ),
)  # fmt: skip

RECORD_QUALITY = Table(
    "record_quality", "病案质量", "completeness of the record and accuracy against the second coding", "oversight",
    ("institution_id",),
    (
        INSTITUTION, _N,
        Column("filled", "ratio", "完整性", "required fields that are filled ÷ all"),
        Column("accurate", "ratio", "准确性", "audited stays whose first coding stood ÷ audited", null=True),
        Column("against_bill", "ratio", "与收费相符", "stays whose codes are not at odds with their charges ÷ those "
               "with fees", null=True),
        Column("score", "ratio", "得分", "mean of those that are known"),
    ),
)  # fmt: skip

BILL_CHECKS = ("procedure_uncharged", "no_operating_room", "implant_uncharged", "implant_unrecorded", "drug_missing",
               "test_missing")  # fmt: skip

BILL_FINDINGS = Table(
    "bill_findings", "填写与收费核对", "stays whose codes are at odds with their charges", "oversight",
    ("stay_id", "check"),
    (
        _STAY, INSTITUTION, _ANY_DEPARTMENT, replace(_CODER, null=True, en="coder of the record"),
        Column("check", "code", "核对项", "procedure_uncharged 主要手术操作无相应收费, no_operating_room "
               "手术无手术室收费, implant_uncharged 有植入操作而无材料费, implant_unrecorded "
               "有高额材料费而无植入操作, drug_missing 诊断所需药品未见收费, test_missing 诊断所需检查未见收费",
               choices=BILL_CHECKS),
        Column("field", "code", "字段", "table and column"),
        Column("value", "fen", "金额", "what was charged", low=0),
        Column("expected", "fen", "参照", "what stays of the group (and diagnosis) of this cost have", low=0),
    ),
)  # fmt: skip

BILL_RATES = Table(
    "bill_rates", "填写准确性", "share of stays whose codes are at odds with their charges", "oversight",
    ("institution_id", "coder_id"),
    (
        INSTITUTION, _CODER, _N,
        Column("differing", "int64", "不符例数", "stays with a finding", low=0),
        Column("share", "ratio", "不符占比", "stays with a finding ÷ stays", low=0),
        *(Column(name, "int64", zh, f"stays: {name}", low=0) for name, zh in zip(BILL_CHECKS, (
            "主要手术操作无相应收费", "手术无手术室收费", "有植入操作而无材料费", "有高额材料费而无植入操作",
            "诊断所需药品未见收费", "诊断所需检查未见收费"), strict=True)),
        Column("above", "flag", "超过界限", "above the limit, with stays enough to say so"),
    ),
)  # fmt: skip

CODERS = Table(
    "coders", "编码员", "beds and coders of an institution", "register", ("institution_id",),
    (
        INSTITUTION,
        Column("beds", "int32", "床位数", "beds", low=0),
        Column("coders", "int32", "编码员数", "coders", low=0),
    ),
)  # fmt: skip

CODER_STAFFING = Table(
    "coder_staffing", "编码员配备", "coders against beds", "oversight", ("institution_id",),
    (
        INSTITUTION,
        Column("beds", "int32", "床位数", "beds", low=0),
        Column("coders", "int32", "编码员数", "coders", low=0),
        Column("required", "int32", "应配", "required", low=0),
        Column("missing", "int32", "缺员", "missing", low=0),
    ),
)  # fmt: skip

AUDIT_REGISTERS = (SECOND_CODINGS, ARBITRATIONS, CODERS)
AUDIT_TABLES = (AUDIT_RESULTS, AUDIT_AGREEMENT, UPCODING_RATES, BILL_FINDINGS, BILL_RATES, RECORD_QUALITY,
                CODER_STAFFING)  # fmt: skip
