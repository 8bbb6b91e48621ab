"""The catalogue of checks: what each means, how grave it is for each need, and what to do about it.

Two needs: ``grouping`` (a file only to be grouped) and ``settlement`` (stays that will be paid). ``error`` keeps the
row out, ``warn`` lets it go on. A check never changes what it judges.
"""

from __future__ import annotations

from dataclasses import dataclass

from drgpay.tables import Column

NEEDS = ("grouping", "settlement")

_E, _W = "error", "warn"
_BOTH_ERROR = {"grouping": _E, "settlement": _E}
_BOTH_WARN = {"grouping": _W, "settlement": _W}
_SOFT = {"grouping": _W, "settlement": _E}
_PAID_ERROR = {"settlement": _E}
_PAID_WARN = {"settlement": _W}


@dataclass(frozen=True)
class Rule:
    """One check. ``levels``: need -> ``error`` or ``warn``; a need that is not in it does not apply the check.

    ``{zh}``, ``{name}`` and ``{limits}`` in the texts stand for the column it is applied to.
    """

    id: str
    levels: dict[str, str]
    zh: str
    en: str
    fix_zh: str
    fix_en: str

    def texts(self, column: Column | None = None) -> tuple[str, str]:
        """(Chinese, English): what is wrong and what to do; without a column in general terms."""
        of = {
            "zh": column.zh if column else "该值",
            "name": column.name if column else "the value",
            "limits": column.constraint() if column else "…",
        }
        return f"{self.zh};{self.fix_zh}".format(**of), f"{self.en}; {self.fix_en}".format(**of)


_CATALOGUE = (
    # the file as a whole
    Rule(
        "column_unknown",
        _BOTH_WARN,
        "不认识的列,未读取",
        "unknown column, not read",
        "若它就是所列的最接近的列,请改列名",
        "if it is the nearest known one given here, rename it",
    ),
    Rule(
        "column_absent",
        _BOTH_WARN,
        "文件没有“{zh}”列,按空值处理",
        "the file has no {name}, taken as empty",
        "与它有关的分组条件不会成立;有数据请补上该列",
        "group conditions on it will not hold; add the column if you have it",
    ),
    Rule(
        "stay_id_made",
        _BOTH_WARN,
        "文件没有“{zh}”列,以行号代替",
        "the file has no {name}, the line number stands for it",
        "需要对照时请补上该列",
        "add the column if you need to trace the stays",
    ),
    # reading the cells
    Rule(
        "cells",
        _BOTH_ERROR,
        "该行的单元格数与表头不符",
        "the line has not as many cells as the header",
        "检查值里多余的分隔符或缺少的引号",
        "look for a stray separator or a missing quotation mark in a value",
    ),
    Rule(
        "lines",
        _BOTH_WARN,
        "一条记录占了几行",
        "one record runs over several lines",
        "若非本意,是引号没有成对,其间的行被当成了一个值",
        "if that is not meant, a quotation mark lacks its pair and the lines between were taken for one value",
    ),
    Rule("unreadable", _BOTH_ERROR, "{zh}读不出来", "{name} cannot be read", "核对该单元格", "check the cell"),
    Rule(
        "not_listed",
        _BOTH_ERROR,
        "{zh}不在 {limits} 之内",
        "{name} is not one of {limits}",
        "改成所列的值",
        "use one of them",
    ),
    Rule(
        "code_case",
        _BOTH_WARN,
        "编码大小写不规范,已按医保版写法改正(扩展码的 x 小写,首字母大写)",
        "code in the wrong case, read in the insurer's spelling (extension x lower case, first letter upper case)",
        "请在源系统改正",
        "correct it in the source system",
    ),
    Rule(
        "age_unit",
        _BOTH_WARN,
        "不足1周岁年龄的单位没有声明,或不是该单位的合理值(天为 0–365 的整数,月不超过 12),未读取",
        "the unit of an infant's age is not declared, or this is no age in that unit (days: whole, 0–365; months: to "
        "12); not read",
        "用 --newborn-age days 或 months 声明单位,或在别名文件写 newborn_age",
        "declare it with --newborn-age days or months, or newborn_age in the alias file",
    ),
    Rule(
        "age_decimal",
        _BOTH_WARN,
        "年龄带小数,取整岁",
        "age with decimals, taken as whole years",
        "不满 1 岁请填日龄",
        "under one year give the age in days",
    ),
    Rule(
        "dx_main_flag",
        _SOFT,
        "主诊断标志不是恰好一个(此处为标志个数)",
        "not exactly one diagnosis is marked as principal (the number of marks is given)",
        "只给一个西医诊断标主诊断",
        "mark one western diagnosis",
    ),
    Rule(
        "proc_main_flag",
        _BOTH_WARN,
        "主手术标志不是恰好一个(此处为标志个数),按序号取第一个",
        "not exactly one procedure is marked as principal (the number of marks is given); the first one is taken",
        "只给一个手术操作标主手术",
        "mark one procedure",
    ),
    Rule(
        "fee_total",
        _BOTH_WARN,
        "费用分项之和与总费用不符(分项之和 / 总费用;抗菌药物、麻醉、手术等“其中”项不重复计)",
        "the fees do not add up to the total (sum / total; fees contained in others are not counted twice)",
        "核对总费用和各分项",
        "check the total and the fees",
    ),
    Rule(
        "fee_unreadable",
        _BOTH_WARN,
        "费用分项读不出来,核对总费用时未计",
        "a fee cannot be read, and is left out of the check of the total",
        "核对该单元格",
        "check the cell",
    ),
    Rule(
        "duration",
        _BOTH_WARN,
        "时长读不出来",
        "a duration cannot be read",
        "清单写作 天/小时/分钟(如 3/12/30),首页写小时数",
        "on a list write days/hours/minutes (3/12/30), on a front page hours",
    ),
    Rule(
        "duration_stay",
        _BOTH_WARN,
        "时长超过住院天数",
        "a duration longer than the stay",
        "核对时长的单位和住院天数",
        "check its unit and the length of stay",
    ),
    Rule(
        "amount_summed",
        _PAID_WARN,
        "文件没有“{zh}”,由明细相加得出",
        "the file has no {name}; it is the sum of its parts",
        "有该项时请补上",
        "add it if you have it",
    ),
    Rule(
        "principal_procedure_blank",
        _BOTH_WARN,
        "主要手术操作为空而其他手术操作不空,以第一个不空的为主要手术操作",
        "the principal procedure is blank while others are not; the first that is filled counts as principal",
        "核对主要手术操作",
        "check the principal procedure",
    ),
    # one stay
    Rule("stay_id_missing", _BOTH_ERROR, "缺少{zh}", "{name} is missing", "补上病例号", "fill it in"),
    Rule(
        "stay_id_repeated",
        _BOTH_ERROR,
        "{zh}重复,只取第一次出现的",
        "{name} occurs again; only the first one is taken",
        "删去重复的病例",
        "remove the repetition",
    ),
    Rule("missing", _PAID_ERROR, "缺少{zh}", "{name} is missing", "补上该值", "fill it in"),
    Rule(
        "institution_unknown",
        _PAID_ERROR,
        "机构不在定点医疗机构名册",
        "the institution is not in the register",
        "核对编号,或把机构加入名册",
        "check the code, or add the institution to the register",
    ),
    Rule(
        "dates_reversed",
        _PAID_ERROR,
        "出院早于入院",
        "discharged before admitted",
        "核对两个日期",
        "check both dates",
    ),
    Rule(
        "other_year",
        _PAID_ERROR,
        "出院日期不在本年度",
        "discharged in another year",
        "放到所属年度的文件",
        "move the stay to the file of its year",
    ),
    Rule(
        "money_bounds",
        _PAID_ERROR,
        "{zh}为负或超过上限(上下限 {limits} 分)",
        "{name} is negative or too large ({limits} fen)",
        "冲正单先配对剔除;核对金额单位是元",
        "pair off reversals first; check that the unit is yuan",
    ),
    Rule(
        "parts_exceed_total",
        _PAID_WARN,
        "个人负担与基金应付之和大于总费用",
        "the patient's and the fund's part are more than the total cost",
        "核对三项金额",
        "check the three amounts",
    ),
    Rule("los_missing", _SOFT, "缺少{zh}", "{name} is missing", "补上实际住院天数", "fill it in"),
    Rule("los_bounds", _SOFT, "{zh}超出范围 {limits}", "{name} is outside {limits}", "核对天数", "check the days"),
    Rule(
        "los_dates",
        _PAID_WARN,
        "住院天数与入出院日期相差超过 1 天",
        "the length of stay and the dates differ by more than a day",
        "核对天数和日期",
        "check the days and the dates",
    ),
    Rule("sex_missing", _BOTH_WARN, "缺少{zh}", "{name} is missing", "补上性别", "fill it in"),
    Rule(
        "age_missing", _BOTH_WARN, "缺少年龄和日龄", "age and age in days are missing", "补上年龄", "fill in the age"
    ),
    Rule(
        "age_bounds", _BOTH_ERROR, "{zh}超出范围 {limits}", "{name} is outside {limits}", "核对年龄", "check the age"
    ),
    Rule(
        "age_days_missing",
        _BOTH_WARN,
        "不满 1 岁而缺少日龄",
        "under one year without the age in days",
        "补上日龄;新生儿分组要用",
        "fill it in; newborn groups need it",
    ),
    Rule(
        "age_conflict",
        _BOTH_WARN,
        "年龄与日龄不符",
        "age and age in days do not agree",
        "日龄为出生至入院的天数;1 岁以上可留空",
        "it counts the days since birth; leave it empty from one year on",
    ),
    Rule(
        "birth_weight_missing",
        _BOTH_WARN,
        "新生儿缺少出生体重",
        "a newborn without birth weight",
        "补上出生体重(克)",
        "fill it in (grams)",
    ),
    Rule(
        "birth_weight_bounds",
        _SOFT,
        "{zh}超出范围 {limits} 克",
        "{name} is outside {limits} g",
        "核对体重,单位是克",
        "check the weight; the unit is grams",
    ),
    Rule(
        "discharge_way_bounds",
        _SOFT,
        "{zh}超出范围 {limits}",
        "{name} is outside {limits}",
        "用 1、2、3、4、5 或 9",
        "use 1, 2, 3, 4, 5 or 9",
    ),
    Rule("dx_missing", _SOFT, "没有主要诊断", "no principal diagnosis", "补上主要诊断编码", "fill in its code"),
    Rule(
        "dx_unknown",
        _BOTH_WARN,
        "主要诊断不在编码库",
        "the principal diagnosis is not in the dictionary",
        "换成医保版编码",
        "use the insurer's edition",
    ),
    Rule(
        "dx_other_unknown",
        _BOTH_WARN,
        "其他诊断不在编码库",
        "another diagnosis is not in the dictionary",
        "换成医保版编码",
        "use the insurer's edition",
    ),
    Rule(
        "dx_gray",
        _BOTH_WARN,
        "主要诊断用了灰码",
        "the principal diagnosis is a gray code",
        "换成可以上报的编码",
        "use a code that may be reported",
    ),
    Rule(
        "proc_unknown",
        _BOTH_WARN,
        "手术操作不在编码库",
        "a procedure is not in the dictionary",
        "换成医保版编码",
        "use the insurer's edition",
    ),
    # codes brought from the clinical edition
    Rule(
        "code_converted",
        _BOTH_WARN,
        "编码已从国临版转换为医保版(原编码>医保编码)",
        "codes converted from the clinical to the insurer's edition (reported>insurer's)",
        "核对转换后的编码",
        "check the converted codes",
    ),
    Rule(
        "code_other_meaning",
        _BOTH_WARN,
        "同一编码在两个版本中含义不同,已按国临版含义转换(原编码>医保编码)",
        "the code has another meaning in the insurer's edition; converted by its clinical one (reported>insurer's)",
        "确认文件确为国临版编码",
        "make sure that the file is in the clinical edition",
    ),
    Rule(
        "code_to_gray",
        _BOTH_WARN,
        "转换后的编码是灰码,不得上报",
        "the insurer's code is gray: it may not be reported",
        "换成更细的可上报编码",
        "use a more precise code that may be reported",
    ),
    Rule(
        "code_no_counterpart",
        _BOTH_WARN,
        "国临版编码没有对应的医保编码,保留原编码",
        "no counterpart in the insurer's edition; the code is kept as it is",
        "核对编码和版本,人工对码",
        "check code and edition, and map it by hand",
    ),
    Rule(
        "bounds",
        _BOTH_ERROR,
        "{zh}超出范围 {limits}",
        "{name} is outside {limits}",
        "核对该单元格;金额的范围以分计",
        "check the cell; bounds of money are in fen",
    ),
    Rule(
        "too_large", _BOTH_ERROR, "{zh}大得放不下", "{name} is too large to be held", "核对该单元格", "check the cell"
    ),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _CATALOGUE}
"""every check by its id"""


def limits(column: Column) -> tuple[int, int]:
    """(low, high) of a column, inclusive; where there is no bound, the ends of 64 bits."""
    low = -(2**63) if column.low is None else column.low
    return low, 2**63 - 1 if column.high is None else column.high
