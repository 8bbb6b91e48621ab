"""Evaluation: what people report, indicator figures, marks, grades, ranks and what follows from them."""

from __future__ import annotations

from dataclasses import replace

from drgpay.tables.inputs import GRADES, INSTITUTION, INSTITUTIONS
from drgpay.tables.model import Column, Table

SCOPES_OF_FIGURES = ("area", "level", "institution", "department", "doctor", "group")
TIERS = (1, 2, 3, 4)
CHANGES_OF_INSTITUTIONS = ("keep", "watch", "leave", "enter", "wait", "open")
TASKS = ("voucher_institutions", "voucher_upper", "voucher_settled", "voucher_provincial")
"""tasks of the year that are targets of the whole area"""
OUTCOMES_MEASURED = (
    "mean_cost",
    "mean_personal",
    "violations",
    "in_surplus",
    "surplus_coverage",
    "fund_expenditure",
    "fund_growth",
    "fund_per_head",
    "fund_per_head_growth",
    "base_visits",
    "county_visits",
    *TASKS,
)
AREA_MEASURES = ("base_visits", "county_visits", "insured", "fund_expenditure", *TASKS)

_YEAR = Column("year", "int16", "年度", "year", low=1990, high=2200)
_INDICATOR = Column("indicator", "code", "指标", "indicator, or item of a scorecard")
_LEVEL = replace(INSTITUTIONS["level"], aliases=())
_N = Column("n", "int64", "例数", "number of cases behind it", low=0)
_ZH = Column("zh", "text", "说明", "explanation (Chinese)")
_EN = Column("en", "text", "说明(英文)", "explanation (English)")
_CARD = Column("card", "code", "评分表", "scorecard")
_UNIT = "1/10,000 of the indicator's unit"
_GRADE = Column("grade", "code", "等级", "grade; empty: not graded", null=True)


def _empty(name: str, zh: str, en: str) -> Column:
    return Column(name, "code", zh, f"{en}; empty: all of them")


REPORTED_VALUES = Table(
    "reported_values", "填报值", "values of scorecard items that people report, with their evidence", "register",
    ("year", "card", "institution_id", "item"),
    (
        INSTITUTION,
        Column("item", "code", "指标项编号", "item of the scorecard", aliases=("指标项",)),
        Column("value", "ratio", "填报值", "value in its unit: points, number, or per cent with %", null=True, low=0,
               aliases=("值",)),
        Column("evidence", "text", "佐证材料", "reference of the evidence: document, page, date", null=True,
               aliases=("佐证",)),
        Column("note", "text", "备注", "note", null=True),
        replace(_YEAR, null=True, en="year; empty: the one that is evaluated"),
        replace(_CARD, null=True, en="scorecard; empty: the one that is used"),
    ),
)  # fmt: skip

APPLICANTS = Table(
    "applicants", "申请定点机构", "institutions that apply to be designated", "register", ("institution_id",),
    (replace(INSTITUTION, refers=""), *INSTITUTIONS.columns[1:]),
)  # fmt: skip

SATISFACTION_SURVEYS = Table(
    "satisfaction_surveys", "满意度调查", "answers of patients about institutions, by quarter and department",
    "register", ("year", "quarter", "institution_id", "department_id"),
    (
        _YEAR,
        Column("quarter", "int8", "季度", "quarter", low=1, high=4),
        INSTITUTION,
        Column("department_id", "code", "科室编号", "department; all = none is named 未注明"),
        Column("answers", "int32", "答卷数", "answers", low=0),
        Column("satisfied", "int32", "满意数", "of them satisfied", low=0),
    ),
    files=("满意度调查结果",),
)  # fmt: skip

SURVEY_ANSWERS = Table(
    "survey_answers", "满意度答卷", "answers of a form patients fill in, one a row", "register", ("answer_id",),
    (
        Column("answer_id", "text", "答卷编号", "answer", aliases=("序号", "编号", "答题序号", "答卷号", "id")),
        replace(INSTITUTION,
                aliases=(*INSTITUTION.aliases, "就诊医院", "医院", "医院名称", "机构", "机构名称", "就诊机构",
                         "医疗机构")),
        Column("department_id", "code", "科室编号", "department", null=True,
               aliases=("科室", "就诊科室", "科室名称")),
        Column("answered_on", "date", "答卷日期", "day of the answer",
               aliases=("提交答卷时间", "提交时间", "答题时间", "填写时间", "日期", "时间")),
        Column("answer", "text", "满意度", "how satisfied: a word or a mark",
               aliases=("总体满意度", "总体评价", "满意程度", "评价", "评分", "得分", "您对本次就医总体是否满意",
                        "您对本次就诊总体是否满意")),
    ),
    kept="apart",
)  # fmt: skip

AREA_VALUES = Table(
    "area_values", "统筹区填报值", "figures of the area that stays do not tell", "register", ("year", "measure"),
    (
        _YEAR,
        Column("measure", "code", "指标", "base_visits = visits at primary level of all 基层就诊, county_visits = "
               "visits inside the county of all its residents' 县域内就诊, insured = insured persons 参保人数, "
               "fund_expenditure = the fund's expenditure 基金支出 (yuan), voucher_institutions, voucher_upper, "
               "voucher_settled, voucher_provincial = tasks of the year 电子凭证", choices=AREA_MEASURES),
        Column("numerator", "int64", "分子", "numerator, or the number itself", low=0),
        Column("denominator", "int64", "分母", "denominator; empty for a number", null=True, low=1),
    ),
)  # fmt: skip

FIGURES = Table(
    "indicator_figures", "指标数据", "every indicator of the area, its levels, institutions, departments, doctors "
    "and groups", "evaluation",
    ("indicator", "scope", "level", "institution_id", "department_id", "doctor_id", "drg"),
    (
        _YEAR, _INDICATOR,
        Column("scope", "code", "层级", "of whom", choices=SCOPES_OF_FIGURES),
        _empty("level", "等级", "level of the institution"),
        _empty("institution_id", INSTITUTION.zh, "institution"),
        _empty("department_id", "科室编号", "department"),
        _empty("doctor_id", "医师编号", "doctor"),
        _empty("drg", "病组", "group"),
        Column("numerator", "int64", "分子", "numerator", null=True),
        Column("denominator", "int64", "分母", "denominator", null=True),
        Column("value", "int64", "值", "numerator ÷ denominator, rounded half up; empty: not known", null=True,
               unit=_UNIT),
        _N,
        Column("small", "flag", "例数少", "fewer cases than the indicator's minimum: listed, not ranked"),
        Column("low", "ratio", "区间下限", "lower end of the Wilson interval", null=True, low=0,
               high=10_000),
        Column("high", "ratio", "区间上限", "upper end of it", null=True, low=0, high=10_000),
        Column("level_value", "int64", "同级值", "the same of all institutions of its level", null=True, unit=_UNIT),
        Column("area_value", "int64", "全市值", "the same of the area", null=True, unit=_UNIT),
        Column("absent_zh", "text", "缺失原因", "why there is no value (Chinese)", null=True),
        Column("absent_en", "text", "缺失原因(英文)", "why there is no value (English)", null=True),
    ),
)  # fmt: skip

RISK_CLASSES = Table(
    "risk_classes", "病组死亡风险分级", "risk of death of the groups, from the reference period", "evaluation",
    ("drg",),
    (
        Column("drg", "code", "病组", "DRG"),
        Column("years", "text", "参照期", "years of the reference period"),
        _N,
        Column("deaths", "int64", "死亡例数", "deaths", low=0),
        Column("mortality", "ratio", "死亡率", "deaths ÷ n, rounded half up", low=0, high=10_000),
        Column("ln_mortality", "int64", "死亡率对数", "ln(deaths ÷ n), rounded half up", null=True, unit="1/10,000"),
        Column("score", "int8", "风险分值", "0 no death, 1 low, 2 below the mean, 3 above it, 4 high", low=0, high=4),
    ),
)  # fmt: skip

MARKS = Table(
    "evaluation_marks", "评分明细", "what each item of the scorecard gave an institution, and why", "evaluation",
    ("institution_id", "item"),
    (
        _YEAR, _CARD, INSTITUTION, _LEVEL,
        Column("dimension", "code", "维度", "dimension"),
        Column("item", "code", "指标项", "item"),
        Column("full", "points", "满分", "full mark; cap of a bonus; 0 of a penalty and a veto", low=0),
        Column("numerator", "int64", "分子", "numerator of the value", null=True),
        Column("denominator", "int64", "分母", "denominator of the value", null=True),
        Column("basis", "code", "取值方式", "computed 系统计算, reported 填报(有佐证), missing 缺失",
               choices=("computed", "reported", "missing")),
        Column("mark", "points", "得分", "mark; empty: left out", null=True),
        Column("deduction", "points", "扣分", "full mark − mark; 0 of a bonus", low=0),
        Column("vetoed", "code", "否决等级", "best grade a veto allows", null=True),
        _ZH, _EN,
        Column("source", "text", "来源", "where the item comes from"),
    ),
)  # fmt: skip

EVALUATION_RESULTS = Table(
    "evaluation_results", "考核结果", "total, place and grade of the institutions", "evaluation", ("institution_id",),
    (
        _YEAR, _CARD, INSTITUTION, _LEVEL,
        Column("full", "points", "满分", "full mark of the card", low=0),
        Column("measured", "points", "已测满分", "full marks of the items that have a mark", low=0),
        Column("computed", "points", "系统计算满分", "full marks of the items whose value was computed", low=0),
        Column("reported", "points", "填报满分", "full marks of the items whose value was handed in", low=0),
        Column("raw", "points", "原始得分", "their marks, with bonus and penalties"),
        Column("total", "points", "总分", "at the scale of the full mark; empty: too little was measured", null=True,
               low=0),
        Column("place", "int32", "名次", "place within the level; equal totals share it", null=True, low=1),
        Column("of", "int32", "参评数", "institutions of the level with a total", low=0),
        Column("grade_by_total", "code", "按分等级", "grade before vetoes and quota", null=True),
        _GRADE, _ZH, _EN,
    ),
)  # fmt: skip

RANKS = Table(
    "indicator_ranks", "指标排名", "places of the institutions by indicator and level, and how they moved",
    "evaluation", ("indicator", "institution_id"),
    (
        _YEAR, _INDICATOR, _LEVEL, INSTITUTION,
        Column("value", "int64", "值", "value", null=True, unit=_UNIT),
        _N,
        Column("place", "int32", "名次", "place within the level, the best first; empty: too few cases", null=True,
               low=1),
        Column("of", "int32", "排名数", "institutions ranked", low=0),
        Column("previous_place", "int32", "上期名次", "place of the period before", null=True, low=1),
        Column("movement", "int32", "升降", "places gained (+) or lost (−)", null=True),
    ),
)  # fmt: skip

SUPERVISION_TIERS = Table(
    "supervision_tiers", "监管分级", "how closely an institution is supervised after its evaluation", "evaluation",
    ("year", "institution_id"),
    (
        _YEAR, INSTITUTION,
        replace(_GRADE, null=False, choices=GRADES, en="grade"),
        Column("tier", "int8", "监管级别", "1 = least, 4 = most", low=min(TIERS), high=max(TIERS)),
        Column("sampling_share", "ratio", "抽查比例", "share of its stays to be checked", low=0, high=10_000),
        _ZH, _EN,
    ),
)  # fmt: skip

SUPERVISION = Table(
    "supervision", "监管级别登记", "how closely institutions are supervised after a year's evaluation", "register",
    ("year", "institution_id"),
    tuple(c for c in SUPERVISION_TIERS.columns if c.name in ("year", "institution_id", "tier", "sampling_share")),
    files=("监管级别",),
)  # fmt: skip

INSTITUTION_CHANGES = Table(
    "institution_changes", "定点机构进出", "which institutions stay designated, leave and enter", "evaluation",
    ("year", "institution_id"),
    (
        _YEAR, INSTITUTION, INSTITUTIONS["name"], _LEVEL,
        Column("applicant", "flag", "申请机构", "applies to be designated"),
        Column("total", "points", "总分", "total of the institution card", null=True, low=0),
        _GRADE,
        Column("decision", "code", "决定", "keep 保留, watch 限期整改, leave 退出, enter 准入, wait 轮候, open 未评 "
               "(no grade)", choices=CHANGES_OF_INSTITUTIONS),
        _ZH, _EN,
    ),
)  # fmt: skip

SURVEY_RESULTS = Table(
    "survey_results", "满意度调查结果", "satisfaction of patients by institution and department, with its interval",
    "evaluation", ("institution_id", "department_id"),
    (
        _YEAR, INSTITUTION,
        _empty("department_id", "科室编号", "department"),
        Column("answers", "int64", "答卷数", "size of the sample", low=0),
        Column("satisfied", "int64", "满意数", "of them satisfied", low=0),
        Column("share", "ratio", "满意度", "satisfied ÷ answers, rounded half up; empty: no answer", null=True,
               low=0, high=10_000),
        Column("low", "ratio", "区间下限", "lower end of the Wilson interval (95 %)", null=True, low=0, high=10_000),
        Column("high", "ratio", "区间上限", "upper end of it", null=True, low=0, high=10_000),
        Column("small", "flag", "例数少", "fewer answers than indicators need to be ranked"),
    ),
)  # fmt: skip

OUTCOMES = Table(
    "outcomes", "成效看板", "outcomes of the area: three down, one up; growth, base level, county", "evaluation",
    ("year", "measure"),
    (
        _YEAR,
        Column("measure", "code", "指标", "measure", choices=OUTCOMES_MEASURED),
        Column("value", "int64", "值", "value: fen, number, or 1/10,000", null=True),
        Column("unit", "code", "单位", "unit", choices=("fen", "number", "share")),
        Column("before", "int64", "上年值", "value of the year before", null=True),
        Column("target", "int64", "目标", "bound of the policy", null=True),
        Column("met", "flag", "达到", "better than the year before, or within the bound; empty: cannot be said",
               null=True),
        _ZH, _EN,
    ),
)  # fmt: skip

EVALUATION_REGISTERS = (REPORTED_VALUES, APPLICANTS, SATISFACTION_SURVEYS, SURVEY_ANSWERS, AREA_VALUES, SUPERVISION)
EVALUATION_TABLES = (
    FIGURES, RISK_CLASSES, MARKS, EVALUATION_RESULTS, RANKS, SUPERVISION_TIERS, INSTITUTION_CHANGES, OUTCOMES,
    SURVEY_RESULTS,
)  # fmt: skip
