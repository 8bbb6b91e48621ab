"""Words people use for the values of closed lists, and for nothing. Keys are NFKC, lower case."""

from __future__ import annotations

from drgpay.tables import Column
from drgpay.words import in_word

NULLS = frozenset(
    ("-", "--", "—", "——", "－", "/", "\\N", "NULL", "null", "Null", "None", "none", "无", "空", "nan", "NaN")
)
"""cells that stand for an empty one, in columns of numbers, dates, amounts and code lists"""

FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "y", "是"), True),
    **dict.fromkeys(("0", "false", "no", "n", "否"), False),
}
"""words of a switch"""

ELSEWHERE: dict[str, frozenset[str]] = {
    "insurance_scheme": frozenset(
        ("自费", "全自费", "自费病人", "商业保险", "商保", "公费", "全公费", "公费医疗", "离休", "离休人员",
         "离休干部", "离休人员医疗保障", "工伤", "工伤保险", "生育", "生育保险", "残疾军人", "老红军",
         "其他社会保险", "其他社保", "self", "340", "350", "360", "399", "410", "510")
    ),
}  # fmt: skip
"""column -> words for payers that are known, and none of the column's: 340 is 离休人员, 510 birth"""

WORDS: dict[str, dict[str, str | None]] = {
    "kind": {
        "特例单议": "special",
        "高倍率评审": "high_extra",
        "新技术": "technology",
        "中医优势": "tcm",
        **dict.fromkeys(("不予支付", "拒付", "不支付"), "refuse"),
        **dict.fromkeys(("扣减", "扣点", "扣点数"), "deduct"),
        **dict.fromkeys(("门诊", "普通门诊", "11"), "outpatient"),
        **dict.fromkeys(("急诊", "13"), "emergency"),
        **dict.fromkeys(("留观", "急诊留观"), "observation"),
        **dict.fromkeys(("慢病", "门诊慢病", "门诊慢性病", "1401"), "chronic"),
        **dict.fromkeys(("特病", "门诊特病", "门诊特殊病", "1402"), "special"),
        **dict.fromkeys(("综合", "综合医院"), "general"),
        **dict.fromkeys(("专科", "专科医院"), "specialised"),
        **dict.fromkeys(("精神", "精神专科", "精神病医院"), "psychiatric"),
        **dict.fromkeys(("康复", "康复医院"), "rehabilitation"),
        **dict.fromkeys(("安宁疗护", "安宁疗护中心"), "hospice"),
        **dict.fromkeys(("基层", "社区卫生服务中心", "乡镇卫生院"), "primary_care"),
        "互联网医院": "internet",
    },
    "population": {
        **dict.fromkeys(("职工", "单位职工", "在职职工"), "employee"),
        **dict.fromkeys(("灵活就业", "灵活就业人员"), "flexible"),
        **dict.fromkeys(("居民", "城乡居民"), "resident"),
        **dict.fromkeys(("学生", "在校学生"), "student"),
    },
    "member_kind": {
        **dict.fromkeys(("机构", "医疗机构"), "institution"),
        **dict.fromkeys(("街道", "乡镇", "街道(乡镇)", "街道乡镇"), "township"),
        "学校": "school",
        "单位": "employer",
    },
    "setting": {"住院": "inpatient", "门诊": "outpatient"},
    "direction": {
        **dict.fromkeys(("本地参保异地就医", "参保地", "转出"), "out"),
        **dict.fromkeys(("异地参保本地就医", "就医地", "转入"), "in"),
    },
    "diseases": {
        **dict.fromkeys(("糖尿病", "2型糖尿病"), "diabetes"),
        **dict.fromkeys(("高血压", "高血压病"), "hypertension"),
    },
    "admission_route": {
        **dict.fromkeys(("1", "急诊"), "emergency"),
        **dict.fromkeys(("2", "门诊"), "outpatient"),
        **dict.fromkeys(("3", "转入", "其他医疗机构转入"), "transfer"),
        **dict.fromkeys(("9", "其他"), "other"),
    },
    "category": {
        **dict.fromkeys(("床位", "床位费"), "bed"),
        **dict.fromkeys(("护理", "护理费"), "nursing"),
        **dict.fromkeys(("检查", "检查费"), "examination"),
        **dict.fromkeys(("化验", "化验费", "检验", "检验费"), "laboratory"),
        **dict.fromkeys(("治疗", "治疗费"), "treatment"),
        **dict.fromkeys(("手术", "手术费"), "surgery"),
        **dict.fromkeys(("药品", "药品费", "药费"), "drug"),
        **dict.fromkeys(("材料", "材料费", "卫生材料费"), "material"),
        **dict.fromkeys(("其他", "其他费"), "other"),
    },
    "decision": {
        **dict.fromkeys(("同意", "通过", "批准"), "approved"),
        **dict.fromkeys(("不同意", "不通过", "不批准"), "declined"),
        **dict.fromkeys(("待定", "待审", "待评审"), "pending"),
        **dict.fromkeys(("认定", "属实", "违规"), "confirm"),
        **dict.fromkeys(("不认定", "不属实", "排除", "不违规"), "dismiss"),
    },
    "holds": {
        **dict.fromkeys(("各月拨付", "各月", "月拨付"), "months"),
        **dict.fromkeys(("全部拨付", "全部"), "all"),
        **dict.fromkeys(("争议金额", "金额", "按金额"), "amount"),
    },
    "treatment": {
        **dict.fromkeys(("拒付", "不予支付"), "refuse"),
        **dict.fromkeys(("追回", "收回"), "recover"),
        "违约金": "damages",
        "约谈": "interview",
        **dict.fromkeys(("暂停", "中止", "中止协议"), "suspend"),
        **dict.fromkeys(("解除", "解除协议"), "terminate"),
        **dict.fromkeys(("移送", "移交", "移交行政部门"), "hand_over"),
    },
    "opinion": {
        **dict.fromkeys(("同意", "认可", "通过"), "approve"),
        **dict.fromkeys(("不同意", "不认可", "不通过"), "decline"),
    },
    "upheld": {
        **dict.fromkeys(("首次编码", "首次", "原编码"), "first"),
        **dict.fromkeys(("复核编码", "复核"), "second"),
    },
    "state": {
        **dict.fromkeys(("已确认", "已签收"), "acknowledged"),
        "已说明": "explained",
        "已整改": "corrected",
        "已核实": "verified",
        **dict.fromkeys(("已关闭", "办结", "已办结"), "closed"),
    },
    "measure": {
        "基层就诊": "base_visits",
        "县域内就诊": "county_visits",
        "参保人数": "insured",
        "基金支出": "fund_expenditure",
        **dict.fromkeys(("接入电子凭证机构", "接入电子凭证的定点机构占比"), "voucher_institutions"),
        **dict.fromkeys(("二级及以上接入电子凭证机构", "二级及以上机构接入电子凭证占比"), "voucher_upper"),
        **dict.fromkeys(("电子凭证结算", "电子凭证结算率"), "voucher_settled"),
        **dict.fromkeys(("省级医院电子凭证结算", "在杭省级医院电子凭证结算率"), "voucher_provincial"),
    },
    "factor": {
        **dict.fromkeys(("手术操作", "手术"), "procedure"),
        **dict.fromkeys(("并发症程度", "严重程度"), "severity"),
        "年龄": "age",
        "无大类": "no_mdc",
    },
    "indicator": {
        "费用消耗指数": "cost_index",
        "时间消耗指数": "time_index",
        "人次人头比": "visits_per_head",
        "政策范围外费用占比": "out_of_policy_share",
        "再入院率": "readmission_rate",
        "技术水平": "technical_level",
        **dict.fromkeys(("治疗病组数", "DRG组数", "drg组数"), "groups_treated"),
        **dict.fromkeys(("清单完整性", "病案完整性得分"), "record_completeness"),
        **dict.fromkeys(("清单准确性", "病案准确性得分"), "record_accuracy"),
        **dict.fromkeys(("cmi", "病例组合指数", "CMI值".casefold()), "cmi"),
        **dict.fromkeys(("开展病组数", "病组覆盖数"), "drg_count"),
        **dict.fromkeys(("新技术项目", "新技术项目数"), "technique"),
        **dict.fromkeys(("论文", "论文数"), "paper"),
    },
    "sex": {
        **dict.fromkeys(("1", "m", "男", "男性", "1男"), "male"),
        **dict.fromkeys(("2", "f", "女", "女性", "2女"), "female"),
        **dict.fromkeys(("0", "9", "未知", "未说明", "未知的性别", "未说明的性别"), None),
    },
    "insurance_scheme": {
        **dict.fromkeys(
            ("310", "职工", "职工医保", "职工基本医疗保险", "城镇职工", "城镇职工医保", "城镇职工基本医疗保险",
             "城镇职工医疗保险", "职工基本医保"), "employee"
        ),
        **dict.fromkeys(
            (
                "390", "380", "391", "居民", "居民医保", "城乡居民", "城乡居民医保", "城乡居民基本医疗保险",
                "居民基本医疗保险", "居民基本医保", "城乡居民医疗保险", "城镇居民", "城镇居民医保",
                "城镇居民基本医疗保险", "新农合", "新型农村合作医疗", "农合",
            ),
            "resident",
        ),
    },
    "level": {
        **dict.fromkeys(("3", "三级", "三甲", "三乙", "三级甲等", "三级乙等", "三级医院"), "tertiary"),
        **dict.fromkeys(("2", "二级", "二甲", "二乙", "二级甲等", "二级乙等", "二级医院"), "secondary"),
        **dict.fromkeys(
            ("1", "9", "一级", "一级甲等", "一级医院", "一级及以下", "未定级", "无等级", "基层"), "primary"
        ),
    },
    "grade": {"优秀": "excellent", "良好": "good", "合格": "pass", "不合格": "fail"},
    "reason": {
        **dict.fromkeys(("政策调整", "政策变化"), "policy_change"),
        **dict.fromkeys(("新发疾病", "新病种"), "new_disease"),
        **dict.fromkeys(("目录调整", "药品目录调整", "新增药品目录"), "new_drug_list"),
        **dict.fromkeys(("疫情", "突发疫情", "疾病暴发"), "outbreak"),
        **dict.fromkeys(("新技术", "新技术应用"), "new_technology"),
        **dict.fromkeys(("住院时间长", "长住院", "超长住院"), "long_stay"),
        **dict.fromkeys(("费用高", "高费用"), "high_cost"),
        **dict.fromkeys(("多学科", "多学科诊疗", "多学科会诊"), "multidisciplinary"),
        **dict.fromkeys(("危重", "危急重症", "急危重症"), "critical"),
    },
    "cause_kind": {"病组": "group", "诊断": "diagnosis", "手术": "procedure", "手术操作": "procedure"},
    "item": {"结余留用": "surplus_kept", "超支分担": "overspend_borne"},
    "part": {
        "异地就医": "out_of_area", "门诊": "outpatient", "门诊(按人头)": "outpatient", "住院drg": "inpatient_drg",
        "床日": "bed_day", "其他": "other",
    },
    "term": {
        **dict.fromkeys(("点值", "每点数费用"), "point_value"),
        **dict.fromkeys(("可分配额", "可分配基金"), "pool_amount"),
        **dict.fromkeys(("总点数", "全区总点数"), "pool_points"),
        **dict.fromkeys(("费率", "基础费率", "每权重费用"), "rate"),
        **dict.fromkeys(("系数", "机构系数", "调节系数", "差异系数"), "coefficient"),
        **dict.fromkeys(("全部病例均费", "全部病组例均费用", "次均费用"), "overall_mean"),
        **dict.fromkeys(("标度", "点数标度"), "scale"),
        **dict.fromkeys(("低倍率界值", "低倍率"), "low_multiple"),
        **dict.fromkeys(("高倍率界值", "高倍率"), "high_multiple"),
        **dict.fromkeys(("高倍率追加", "高倍率追加点数"), "high_extra"),
        **dict.fromkeys(("非稳定病组折扣", "非稳定折扣"), "unstable_discount"),
        **dict.fromkeys(("未入组折扣",), "ungrouped_discount"),
        **dict.fromkeys(("歧义折扣", "歧义病例折扣"), "qy_discount"),
        **dict.fromkeys(("短住院天数",), "short_days"),
        **dict.fromkeys(("长住院天数",), "long_days"),
        **dict.fromkeys(("床日点数",), "day_points"),
        **dict.fromkeys(("支付口径", "口径"), "basis"),
    },
    "case_class": {
        **dict.fromkeys(("正常", "正常倍率", "正常病例", "平", "正常病组"), "normal"),
        **dict.fromkeys(("低倍率", "低", "低倍率病例", "费用极低", "极低费用"), "low"),
        **dict.fromkeys(("高倍率", "高", "高倍率病例", "费用极高", "极高费用"), "high"),
        **dict.fromkeys(("非稳定病组", "非稳定", "非稳定组"), "unstable"),
        **dict.fromkeys(("未入组", "无法入组", "未入组病例"), "ungrouped"),
        **dict.fromkeys(("歧义", "歧义病例", "qy", "歧义组"), "qy"),
        **dict.fromkeys(("短住院",), "short"),
        **dict.fromkeys(("床日", "按床日"), "bed_day"),
        **dict.fromkeys(("特例单议", "特病单议"), "special"),
        **dict.fromkeys(("不予支付", "拒付"), "excluded"),
    },
    "applies_to": {
        **dict.fromkeys(("全部", "全部险种", "不限", "两险种"), "all"),
        **dict.fromkeys(("310", "职工", "职工医保", "城镇职工"), "employee"),
        **dict.fromkeys(("390", "居民", "居民医保", "城乡居民"), "resident"),
    },
    "stage": {"年初": "initial", "年中": "mid_year"},
    "change_reason": {
        **dict.fromkeys(("政策调整", "政策变化"), "policy_change"),
        **dict.fromkeys(("物价增长", "物价上涨"), "price_growth"),
        "需求增长": "demand_growth",
        **dict.fromkeys(("疫情", "突发疫情", "疾病暴发"), "outbreak"),
    },
    "movement": {"期初": "opening", "动用": "draw", "归还": "repayment"},
    "draw_reason": {
        **dict.fromkeys(("老龄化", "人口老龄化"), "ageing"),
        **dict.fromkeys(("突发公共卫生事件", "公共卫生事件"), "public_health_emergency"),
        **dict.fromkeys(("政策调整", "政策变化"), "policy_change"),
        **dict.fromkeys(("自然灾害", "灾害"), "disaster"),
    },
    "function": {"综合": "general", "综合医院": "general", "专科": "specialised", "专科医院": "specialised"},
    "advance_kind": {
        **dict.fromkeys(("年初预付", "常规", "常规预付"), "ordinary"),
        **dict.fromkeys(("应急", "应急预付"), "emergency"),
    },
    "budget_basis": {"预算指标": "indicator", "指标": "indicator", "预付总额": "prepayment", "预付": "prepayment"},
    "department_type": {
        **dict.fromkeys(("手术", "手术科室"), "surgical"),
        **dict.fromkeys(("非手术", "非手术科室", "内科系统"), "medical"),
        **dict.fromkeys(("医技", "医技科室"), "technical"),
        **dict.fromkeys(("门诊", "门诊科室"), "outpatient"),
        **dict.fromkeys(("综合", "综合科室"), "general"),
    },
    "staff_category": {
        **dict.fromkeys(("医师", "医生"), "doctor"),
        **dict.fromkeys(("护士", "护理"), "nurse"),
        **dict.fromkeys(("技师", "医技"), "technician"),
        "其他": "other",
    },
    "role": {
        **dict.fromkeys(("主刀", "主诊", "术者"), "lead"),
        **dict.fromkeys(("助手", "一助", "二助"), "assistant"),
        **dict.fromkeys(("护理", "护士"), "nurse"),
    },
    "event": {
        **dict.fromkeys(("术后并发症", "并发症"), "complication"),
        "低风险死亡": "low_risk_death",
        **dict.fromkeys(("医疗事故", "事故"), "accident"),
        "投诉": "complaint",
        "拒付": "refusal",
        "编码错误": "coding_error",
        "分解住院": "splitting",
        **dict.fromkeys(("高套", "高编高套"), "upcoding"),
        **dict.fromkeys(("新设", "开业", "新增"), "opened"),
        **dict.fromkeys(("关闭", "停业", "注销", "撤销"), "closed"),
        **dict.fromkeys(("更名", "改名"), "renamed"),
        **dict.fromkeys(("并入", "合并", "被合并"), "merged_into"),
        **dict.fromkeys(("拆分", "分立"), "split"),
        **dict.fromkeys(("等级变更", "等级调整", "级别变更"), "level_changed"),
    },
    "violation": {
        **dict.fromkeys(("分解住院", "分解"), "splitting"),
        **dict.fromkeys(("低病高编", "高套", "高编低靠", "高套编码"), "upcoding"),
        **dict.fromkeys(("体检住院", "健康体检住院"), "examination_admission"),
        **dict.fromkeys(("挂床", "挂床住院", "挂名住院", "挂名(床)住院"), "hang_bed"),
        **dict.fromkeys(("无指征住院", "低标入院", "低标准入院", "不符合入院指征住院"), "no_indication"),
        **dict.fromkeys(("分解费用", "转嫁", "住院费用分解至门诊结算"), "cost_shifting"),
        **dict.fromkeys(("推诿", "推诿病人", "推诿重病人", "推诿危重病人"), "refusal"),
        **dict.fromkeys(("欺诈", "骗保", "骗取医保基金"), "fraud"),
        **dict.fromkeys(("服务不足", "提前出院", "医疗服务提供不足"), "early_discharge"),
        **dict.fromkeys(("乱收费", "违规收费"), "charging"),
    },
    "scope": {"全院": "hospital", "科室": "department", "医师": "doctor"},
    "discharge_way": {
        "医嘱离院": "1", "医嘱转院": "2", "医嘱转社区": "3", "医嘱转社区卫生服务机构/乡镇卫生院": "3",
        "非医嘱离院": "4", "死亡": "5", "其他": "9",
    },
}  # fmt: skip
"""column -> word -> value; None: the word says that it is not known"""
WORDS["new_level"] = WORDS["level"]


_OWN_WORDS = {"就诊类别": {"special": "门诊特病"}}
"""column by its Chinese name -> value -> word, where another table says the value with another word"""


def chinese(column: Column, choice: str) -> str:
    """The Chinese word of a value of a closed list: the one of the screens where it is read for this column, else the
    first that is; the value itself where there is none."""
    words = [word for word, to in WORDS.get(column.name, {}).items() if to == choice and not word.isascii()]
    screen = _OWN_WORDS.get(column.zh, {}).get(choice) or in_word(choice, "zh")
    return screen if screen.casefold() in words else next(iter(words), choice)
