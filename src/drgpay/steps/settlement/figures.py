"""How the figures of a statement and of a month come about, in words: what explanations and papers say of them."""

from __future__ import annotations

from dataclasses import dataclass

from drgpay.tables import INSTITUTION_MONTHS, MONTH_CASH, STATEMENTS, Table


@dataclass(frozen=True)
class Item:
    """How a figure comes about: the columns of its table it is made of, the ledger events that book it, and the
    policy parameters that decide it."""

    zh: str
    en: str
    columns: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    table: Table = STATEMENTS


_PAID = ("settlement.monthly_pay_ratio",)
_HELD = ("month_held", "held_paid", "held_released", "held_passed", "final_held")
_MODES_HELD = ("mode_held", "mode_released", "mode_released_paid")
MONTH_ITEMS = {
    "due": Item(
        "应付 = 本机构点数 ÷ 总点数 × 当月可分配额(含个人负担时再减个人负担)",
        "due = own points ÷ all points × distributable of the month (less the patients' part where it counts)",
        ("points", "refused"),
        ("month_due", "refused", "refused_less"),
        ("fund.basis", "fund.reserve_share"),
        table=INSTITUTION_MONTHS,
    ),
    "refused": Item(
        "不予支付病例在应付中的份额,退回基金",
        "share of refused stays, which goes back to the fund",
        (),
        ("refused", "refused_less"),
        table=INSTITUTION_MONTHS,
    ),
    "actual": Item(
        "本机构病例按项目记账的基金应付之和(不含不予支付病例)",
        "what the fund would pay item by item, without refused stays",
        ("n", "cost"),
        table=INSTITUTION_MONTHS,
    ),
    "paid": Item(
        "实际拨付 = (应付 − 质量保证金) + 更正 − 更正中的保证金 + 上期结转 − 冲抵预付 − 暂缓拨付",
        "paid = (due − deposit) + corrections − their deposit + carried in − advance netted − held",
        (
            "due",
            "deposit",
            "corrections",
            "corrections_deposit",
            "carried_in",
            "advance_netted",
            "held",
            "carried_out",
        ),
        ("month_paid",),
        _PAID,
        table=MONTH_CASH,
    ),
    "deposit": Item(
        "质量保证金 = 应付 − 应付 × 预拨比例",
        "deposit = due − due × share paid",
        ("due", "paid"),
        ("month_deposit",),
        _PAID,
        table=INSTITUTION_MONTHS,
    ),
    "corrections": Item(
        "更正 = 已封账月份按其当时的规则重算,减去账上已记数",
        "corrections = sealed months computed again by their own law, less what is booked",
        (),
        ("correction", "correction_deposit"),
        ("settlement.corrections",),
        table=MONTH_CASH,
    ),
    "advance_netted": Item(
        "冲抵预付 = 未冲抵预付款 ÷ 剩余月数(或当月应拨款 × 比例),不超过当月应拨款",
        "instalment = outstanding advance ÷ months left (or share of the cash), the cash at most",
        ("due", "deposit"),
        ("advance_netted",),
        ("settlement.advance_netting", "settlement.advance_share"),
        table=MONTH_CASH,
    ),
    "held": Item(
        "暂缓拨付:登记表“暂缓拨付”中的机构,当月应拨款暂不支付",
        "held: payments of institutions in the register payment_holds",
        ("released",),
        _HELD,
        table=MONTH_CASH,
    ),
    "released": Item("解除暂缓:以前暂缓、本期支付", "held before and paid now", (), _HELD, table=MONTH_CASH),
    "modes_held": Item(
        "其他支付方式暂缓:暂缓拨付的机构,其他支付方式的当月拨款也暂不支付(按金额的,先从住院DRG扣足)",
        "of a held institution what other payment modes pay is held too (of an amount what DRG payments leave)",
        ("modes_released",),
        _MODES_HELD,
        table=MONTH_CASH,
    ),
    "modes_released": Item(
        "其他支付方式解除暂缓:以前暂缓、本期支付",
        "of other payment modes: held before and paid now",
        (),
        _MODES_HELD,
        table=MONTH_CASH,
    ),
    "carried_out": Item(
        "结转下期:当月应拨款不低于零,不足部分留待下期",
        "a month's cash is never below zero; the rest is carried on",
        ("carried_in", "corrections"),
        table=MONTH_CASH,
    ),
}
"""figures of a month"""
PAID_ALONE = Item("预拨付 = 应付 × 预拨比例", "paid = due × share paid", ("due", "deposit"), ("month_paid",), _PAID,
                  table=INSTITUTION_MONTHS)  # fmt: skip
"""``paid`` where a month is no link of a book"""
STATEMENT_ITEMS = {
    "due": Item("应付 = 本机构点数 ÷ 总点数 × 可分配额(含个人负担时再减个人负担)",
                "due = own points ÷ all points × distributable (less the patients' part where it counts)",
                ("points", "refused"),
                ("month_due", "correction", "year_due_more", "year_due_less", "refused", "refused_less"),
                ("fund.basis", "fund.reserve_share")),
    "refused": Item("不予支付病例在应付中的份额,退回基金", "share of refused stays, which goes back to the fund",
                    (), ("refused", "refused_less")),
    "actual": Item("本机构病例按项目记账的基金应付之和(不含不予支付病例)",
                   "what the fund would pay item by item, without refused stays", ("n", "cost")),
    "balance": Item("结余 = 应付 − 项目基金应付", "balance = due − actual", ("due", "actual")),
    "surplus_returned": Item("结余上缴 = 结余 − 结余 × 留用比例", "returned = surplus − surplus × keep share",
                             ("balance", "use_ratio", "grade", "sanctioned", "keep_share"), ("surplus_returned",),
                             ("settlement.keep_bands", "settlement.keep_grade_steps",
                              "settlement.sanction_no_increase")),
    "overspend_shared": Item("超支分担 = 合理超支 × 分担比例(不超过预留)",
                             "shared = reasonable overspend × share (the reserve at most)",
                             ("balance", "overspend_reasonable", "grade"), ("overspend_shared",),
                             ("settlement.reasonable_fund_share", "settlement.reasonable_share_by_reason",
                              "settlement.share_grade_steps")),
    "deposit_held": Item("质量保证金 = 各月应付 − 各月预拨付", "deposit = dues − payments of the months",
                         (), ("month_deposit", "correction_deposit"), ("settlement.monthly_pay_ratio",)),
    "deposit_forfeited": Item("保证金扣减 = 保证金 × (1 − 返还比例)", "forfeited = deposit × (1 − share returned)",
                              ("deposit_held", "grade"), ("deposit_forfeited", "deposit_returned"),
                              ("settlement.deposit_return", "settlement.grade_when_missing")),
    "second_distribution": Item("二次分配 = 池 × 点数 × 等级权重 ÷ 合计", "the pool by points × grade weight",
                                ("points", "grade", "sanctioned"), ("second_distribution",),
                                ("settlement.second_distribution_weights",
                                 "settlement.second_distribution_surplus_share")),
    "assessment_forfeited": Item("考核扣减 = 考核预留 × (1 − 返还比例)",
                                 "forfeited = assessment reserve × (1 − share returned)",
                                 ("assessment_held", "grade"),
                                 ("assessment_held", "assessment_returned", "assessment_forfeited"),
                                 ("settlement.deposit_return",)),
    "violations": Item("违规认定金额,拒付或追回", "confirmed violations, refused or recovered", (),
                       ("violation_recovered",)),
    "damages": Item("违约金 = 违规金额 × 倍数", "damages = amount × multiple", ("violations",), ("damages",)),
    "settled": Item("清算应得 = 应付 − 上缴 + 分担 − 扣减 + 二次分配 − 违规 − 违约金 − 考核扣减",
                    "settled = due − returned + shared − forfeited + second − violations − damages − assessment",
                    ("due", "surplus_returned", "overspend_shared", "deposit_forfeited", "second_distribution",
                     "violations", "damages", "assessment_forfeited")),
    "paid_in_months": Item("各月预拨付之和", "sum of the monthly payments", (), ("month_paid", "held_paid"),
                           ("settlement.monthly_pay_ratio",)),
    "advance_netted": Item("本年预付款,在清算时冲抵", "advances of the year, netted at clearing", (),
                           ("advance_paid", "advance_netted")),
    "debt_netted": Item("上年应退,在清算时冲抵", "owed from an earlier clearing, netted now", (),
                        ("debt_opened", "debt_taken", "debt_netted")),
    "modes_held": Item("暂缓拨付的机构,其他支付方式的款项暂不支付,转入下年账本",
                       "payments of other modes to a held institution go over to the next book", (),
                       ("mode_held", "mode_held_passed", "mode_final_held", "capitation_held",
                        "procurement_reward_held")),
    "moved": Item("并入或拆分后,原机构的清算支付转给承继机构(正数转出,负数承接)",
                  "after a merger or split the old one's final payment goes to its successor (+ given, − taken over)",
                  (), ("succeeded",)),
    "final_payment": Item("清算支付 = 清算应得 − 已预拨 − 预付 − 上年应退 − 沿革转移 − 暂缓拨付转下年 − 转下年账本",
                          "final = settled − paid in months − advances − debts − moved to the successor − held "
                          "− passed to the next book",
                          ("settled", "paid_in_months", "advance_netted", "debt_netted", "moved"),
                          ("final_paid", "recovered"), ("settlement.clearing_deadline",)),
}  # fmt: skip
"""figures of a statement"""
