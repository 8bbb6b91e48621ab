"""What else is known of care: details of a stay beyond what pays it, charges by day, outpatient visits.

A region may bring any of these tables or none. A column that is null everywhere counts as not brought: who needs it
says so and does not guess."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.inputs import INSTITUTION, INSURANCE, STAYS
from drgpay.tables.model import Column, Table

_MAX_FEN = STAYS["total_cost"].high

FEES = ("bed", "nursing", "examination", "laboratory", "treatment", "surgery", "drug", "material")
"""kinds of fees: 床位 护理 检查 化验 治疗 手术 药品 材料; what is left of the total is other 其他"""
CATEGORIES = (*FEES, "other")
ROUTES = ("emergency", "outpatient", "transfer", "other")
VISIT_KINDS = ("outpatient", "emergency", "observation", "chronic", "special")

_PERSON = replace(STAYS["person_id"], null=True)


def _fee(kind: str, zh: str) -> Column:
    return Column(f"{kind}_fee", "fen", zh, f"fees for {kind}", null=True, low=0, high=_MAX_FEN)


_VOUCHER = Column(
    "e_voucher", "flag", "电子凭证结算", "settled with the medical insurance e-voucher 医保电子凭证; empty: not said",
    null=True, aliases=("医保电子凭证结算", "是否电子凭证"),
)  # fmt: skip

STAY_DETAILS = Table(
    "stay_details", "住院病例明细", "details of a stay beyond what pays it: fees, route of admission, leave",
    "intake", ("stay_id",),
    (
        STAYS["stay_id"],
        _PERSON,
        INSTITUTION,
        STAYS["discharge_date"],
        Column("admission_route", "code", "入院途径", "route of admission: emergency 急诊, outpatient 门诊, transfer "
               "其他医疗机构转入, other 其他", null=True, choices=ROUTES, aliases=("RYTJ", "adm_way")),
        Column("observation_hours", "int32", "急诊留观小时数", "hours under emergency observation before admission",
               null=True, unit="小时 (h)", low=0, high=10000),
        Column("leave_days", "int16", "请假天数", "days on leave during the stay", null=True, unit="天 (days)",
               low=0, high=10000),
        Column("readmission_planned", "flag", "31天内再住院计划", "a readmission within 31 days is planned",
               null=True),
        Column("referred", "flag", "转诊", "admitted by referral", null=True),
        Column("first_procedure_date", "date", "首次手术日期", "date of the first procedure", null=True,
               aliases=("procedure_date", "手术日期")),
        Column("surgeon_id", "code", "术者代码", "surgeon of the principal procedure", null=True,
               aliases=("oper_dr_code",)),
        Column("coder_id", "code", "编码员代码", "coder of the record", null=True, aliases=("编码员", "BMY")),
        Column("out_of_policy", "fen", "政策范围外费用", "cost outside the policy's scope, paid by the patient alone",
               null=True, low=0, high=_MAX_FEN, aliases=("自费费用", "fulamt_ownpay_amt")),
        *(_fee(kind, zh) for kind, zh in zip(FEES, (
            "床位费", "护理费", "检查费", "化验费", "治疗费", "手术费", "药品费", "材料费"), strict=True)),
        _VOUCHER,
    ),
    folder=True,
    kept="file",
)  # fmt: skip

CHARGES = Table(
    "charges", "住院逐日费用", "charges of a stay by day and category", "intake",
    ("stay_id", "charge_date", "category"),
    (
        STAYS["stay_id"],
        _PERSON,
        INSTITUTION,
        Column("charge_date", "date", "费用发生日期", "day of the charge"),
        Column("category", "code", "费用类别", "category: bed 床位, nursing 护理, examination 检查, laboratory 化验, "
               "treatment 治疗, surgery 手术, drug 药品, material 材料, other 其他", choices=CATEGORIES),
        Column("amount", "fen", "金额", "amount", low=0, high=_MAX_FEN),
    ),
    folder=True,
    kept="file",
)  # fmt: skip

VISITS = Table(
    "visits", "门诊就诊", "outpatient visits", "intake", ("visit_id",),
    (
        Column("visit_id", "text", "就诊编号", "visit", aliases=("mdtrt_id", "门诊流水号")),
        replace(STAYS["person_id"], null=False),
        INSTITUTION,
        STAYS["department_id"],
        STAYS["doctor_id"],
        INSURANCE,
        Column("visit_date", "date", "就诊日期", "date of the visit", aliases=("就诊时间",)),
        Column("kind", "code", "就诊类别", "kind: outpatient 普通门诊, emergency 急诊, observation 急诊留观, chronic "
               "门诊慢病, special 门诊特病", choices=VISIT_KINDS),
        Column("internet", "flag", "互联网复诊", "follow-up visit of an internet hospital", null=True),
        Column("observation_hours", "int32", "留观小时数", "hours under observation", null=True, unit="小时 (h)",
               low=0, high=10000),
        replace(STAYS["dx"], null=True, grouping=False),
        STAYS["total_cost"],
        STAYS["personal_paid"],
        STAYS["fund_by_item"],
        Column("drug_fee", "fen", "药品费", "fees for drugs", null=True, low=0, high=_MAX_FEN),
        Column("test_fee", "fen", "检查化验费", "fees for examination and laboratory", null=True, low=0,
               high=_MAX_FEN),
        _VOUCHER,
    ),
    folder=True,
    kept="file",
)  # fmt: skip

CARE = (STAY_DETAILS, CHARGES, VISITS)

CHEATS = ("upcoding", "examination_admission", "hang_bed", "splitting", "no_indication", "cost_shifting", "refusal",
          "fraud", "early_discharge")  # fmt: skip
"""violations a labelled region may hold: 低病高编 体检式住院 挂名住院 分解住院 无指征入院 费用转嫁门诊 推诿重症 骗保
服务不足(提前出院)"""

HIDDEN_GROUPS = Table(
    "hidden_groups", "标注(隐藏病组)",
    "groups hidden in a synthetic region, which its scheme does not know; no run reads it",
    "register", ("number",),
    (
        Column("number", "int32", "序号", "number", low=1),
        Column("factor", "code", "依据", "procedure, severity (with an MCC), age (from least_age on), or principal "
               "diagnoses that no MDC takes", choices=("procedure", "severity", "age", "no_mdc")),
        Column("adrg", "code", "核心病组", "adjacent DRG it is a part of"),
        Column("codes", "codes", "编码", "codes by which it is told"),
        Column("least_age", "int16", "年龄下限", "age from which on it is told", null=True),
        Column("multiple", "ratio", "费用倍数", "cost against that of the other stays of the ADRG"),
    ),
    kept="apart",
)  # fmt: skip

TRUTH = Table(
    "truth", "标注(已知违规)", "ground truth of a labelled synthetic region: what was put into it; no run reads it",
    "register", ("truth_id",),
    (
        Column("truth_id", "text", "标注编号", "label"),
        Column("case_id", "text", "案例编号", "case: labels of one case belong together"),
        Column("violation", "code", "违规类型", "type of violation", choices=CHEATS),
        Column("form", "code", "手法", "how it was done"),
        INSTITUTION,
        replace(STAYS["stay_id"], null=True, grouping=False),
        Column("visit_id", "text", "就诊编号", "visit", null=True),
        Column("related_stays", "codes", "相关病例号", "other stays of the case", null=True),
        Column("related_visits", "codes", "相关就诊编号", "visits of the case", null=True),
        Column("note", "text", "说明", "what was done, in words", null=True),
    ),
    kept="apart",
)  # fmt: skip
