"""Tables people bring: stays and registers."""

from __future__ import annotations

from drgpay.tables.model import Column, Table

SCHEMES = ("employee", "resident")
LEVELS = ("tertiary", "secondary", "primary")
GRADES = ("excellent", "good", "pass", "fail")

_MAX_FEN = 10**11
"""one stay costs less than a billion yuan: keeps every product of the kernels inside 128 bits"""

INSTITUTION = Column(
    "institution_id", "code", "定点医疗机构编号", "institution",
    aliases=("hospital_code", "fixmedins_code", "定点医药机构编号", "医院编码", "医疗机构代码"),
    refers="institution",
)  # fmt: skip
INSURANCE = Column(
    "insurance_scheme", "code", "险种", "insurance scheme: employee 职工, resident 居民", choices=SCHEMES,
    aliases=("insurance_type", "insutype", "险种(职工/居民)", "险种类型"),
)  # fmt: skip

STAYS = Table(
    "stays", "住院病例", "inpatient stays as handed in and checked", "intake", ("stay_id",),
    (
        Column("stay_id", "text", "病例号", "stay", grouping=True, refers="stay",
               aliases=("id", "record_id", "setl_id", "病例唯一号", "结算ID", "结算流水号")),
        Column("person_id", "text", "人员编号", "person", null=True,
               aliases=("patient_id", "psn_no", "医保人员编号")),
        INSTITUTION,
        Column("department_id", "code", "出院科别", "department at discharge", null=True,
               aliases=("discharge_dept_code", "CYKB", "dscg_caty", "出院科室")),
        Column("doctor_id", "code", "主诊医师代码", "attending doctor", null=True,
               aliases=("attending_doctor_code", "chfpdr_code")),
        INSURANCE,
        Column("sex", "code", "性别", "sex", null=True, choices=("male", "female"), grouping=True,
               aliases=("XB", "gend")),
        Column("age", "int16", "年龄", "age in whole years", null=True, unit="岁 (years)", low=0, high=150,
               grouping=True, aliases=("age_years", "NL", "年龄(岁)")),
        Column("age_days", "int32", "不足1周岁年龄", "age in days", null=True, unit="天 (days)", low=0, high=60000,
               grouping=True, aliases=("BZYZSNL", "nwb_age", "不足1周岁年龄(天)", "日龄")),
        Column("birth_weight", "int32", "新生儿出生体重", "birth weight", null=True, unit="克 (g)", low=100,
               high=9999, grouping=True,
               aliases=("weight_g", "newborn_birth_weight", "XSECSTZ", "nwb_bir_wt", "出生体重")),
        Column("admission_weight", "int32", "新生儿入院体重", "weight at admission", null=True, unit="克 (g)",
               low=100, high=9999, grouping=True, later=True,
               aliases=("newborn_admission_weight", "XSERYTZ", "nwb_adm_wt", "入院体重")),
        Column("los", "int16", "实际住院天数", "length of stay", unit="天 (days)", low=0, high=10000,
               grouping=True, aliases=("length_of_stay_days", "SJZYTS", "act_ipt_days", "住院天数")),
        Column("admission_date", "date", "入院时间", "date of admission",
               aliases=("admission_datetime", "RYSJ", "adm_time", "入院日期")),
        Column("discharge_date", "date", "出院时间", "date of discharge",
               aliases=("discharge_datetime", "CYSJ", "dscg_time", "出院日期")),
        Column("discharge_way", "int8", "离院方式", "way of discharge: 1 home, 2 transfer, 3 community, 4 against "
               "advice, 5 died, 9 other", null=True, low=1, high=9, grouping=True,
               aliases=("discharge", "LYFS", "dscg_way")),
        Column("dx", "codes", "诊断编码", "diagnoses, the principal one first (ICD-10, insurer's edition)",
               grouping=True, aliases=("诊断", "diagnoses")),
        Column("proc", "codes", "手术操作编码", "procedures, the principal one first (ICD-9-CM-3, insurer's edition)",
               null=True, grouping=True, aliases=("手术操作", "手术", "procedures")),
        Column("total_cost", "fen", "总费用", "total cost", low=0, high=_MAX_FEN,
               aliases=("ZFY", "medfee_sumamt", "医疗费总额")),
        Column("personal_paid", "fen", "个人负担总额", "paid by the patient", low=0, high=_MAX_FEN,
               aliases=("personal_total", "psn_part_amt", "个人负担", "个人支付")),
        Column("fund_by_item", "fen", "按项目记账的基金应付", "what the fund would pay item by item", low=0,
               high=_MAX_FEN, aliases=("fund_total", "fund_pay_sumamt", "基金支付总额", "基金支付")),
    ),
    folder=True,
    files=("病例", "结算清单", "病案首页"),
    kept="file",
)  # fmt: skip

LATER = {column.name: column.arrow for column in STAYS.columns if column.later}
"""columns of stays that older files do not have, with their types"""

INSTITUTIONS = Table(
    "institutions", "定点医疗机构", "institutions of the pooling area", "register", ("institution_id",),
    (
        INSTITUTION,
        Column("name", "text", "名称", "name", aliases=("hospital_name", "fixmedins_name", "定点医药机构名称")),
        Column("level", "code", "等级", "level: tertiary 三级, secondary 二级, primary 一级及以下", choices=LEVELS,
               aliases=("hospital_grade", "医院等级")),
        Column("in_county", "flag", "县域内", "lies in the county (县域) of the area's insured; empty: not said",
               null=True),
        Column("e_voucher", "flag", "接入电子凭证", "takes the insurance e-voucher 医保电子凭证; empty: not said",
               null=True, aliases=("接入医保电子凭证", "医保电子凭证")),
        Column("provincial", "flag", "省级医院", "a provincial hospital (在杭省级医院); empty: it is none", null=True,
               aliases=("在杭省级医院",)),
    ),
    files=("机构", "医疗机构", "机构名册"),
)  # fmt: skip

DEPARTMENTS = Table(
    "departments", "科室", "departments", "register", ("institution_id", "department_id"),
    (
        INSTITUTION,
        Column("department_id", "code", "科室编号", "department", refers="department"),
        Column("name", "text", "名称", "name"),
    ),
)  # fmt: skip

DOCTORS = Table(
    "doctors", "医师", "doctors", "register", ("institution_id", "doctor_id"),
    (
        INSTITUTION,
        Column("doctor_id", "code", "医师编号", "doctor"),
        Column("department_id", "code", "科室编号", "department", refers="department"),
        Column("name", "text", "姓名", "name"),
    ),
)  # fmt: skip

PERSONS = Table(
    "persons", "参保人员", "insured persons", "register", ("person_id",),
    (
        Column("person_id", "text", "人员编号", "person"),
        INSURANCE,
        Column("sex", "code", "性别", "sex", choices=("male", "female")),
        Column("birth_date", "date", "出生日期", "date of birth"),
        Column("death_date", "date", "死亡日期", "date of death", null=True),
        Column("township", "code", "街道(乡镇)", "street or township of residence", null=True),
    ),
    folder=True,
    kept="file",
)  # fmt: skip

BUDGETS = Table(
    "budgets", "年度预算", "budget of a year and insurance scheme", "register", ("year", "insurance_scheme"),
    (
        Column("year", "int16", "年度", "year", low=1990, high=2200),
        INSURANCE,
        Column("revenue", "fen", "基金收入预算", "revenue budget of the year", low=0),
        Column("drg_budget", "fen", "住院DRG预算", "inpatient DRG budget of the year", low=0),
    ),
    files=("预算",),
)  # fmt: skip

GRADE_REGISTER = Table(
    "grades", "考核等级", "evaluation grade of an institution and year", "register", ("year", "institution_id"),
    (
        Column("year", "int16", "年度", "year", low=1990, high=2200),
        INSTITUTION,
        Column("grade", "code", "等级", "grade: excellent 优秀, good 良好, pass 合格, fail 不合格", choices=GRADES,
               aliases=("考核等级",)),
    ),
    files=("考核结果", "等级"),
)  # fmt: skip

EVIDENCE = Table(
    "overspend_evidence", "合理超支依据", "evidence of reasonable overspend, decided by people", "register",
    ("evidence_id",),
    (
        Column("evidence_id", "text", "依据编号", "evidence entry"),
        Column("year", "int16", "年度", "year", low=1990, high=2200),
        INSTITUTION,
        INSURANCE,
        Column("reason", "code", "理由", "reason", choices=(
            "policy_change", "new_disease", "new_drug_list", "outbreak", "new_technology")),
        Column("amount", "fen", "金额", "amount of the overspend it explains", low=0),
    ),
    files=("超支依据", "合理超支"),
)  # fmt: skip

INPUTS = (STAYS, INSTITUTIONS, DEPARTMENTS, DOCTORS, PERSONS, BUDGETS, GRADE_REGISTER, EVIDENCE)
