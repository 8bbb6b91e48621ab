"""The explanation of one figure of a statement: formula, ledger entries, largest stays, parameters and sources."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.policy import Laws, Policy, dictionary
from drgpay.runs.explain import Section, source_of
from drgpay.runs.explain_figure import Item, booked, formula, item_named, largest, registered, through_the_book
from drgpay.runs.explain_month import explain_month
from drgpay.runs.manifest import LEDGER, TABLES, laws_of_run
from drgpay.runs.whose import institution_named, names_of_run
from drgpay.tables import STATEMENTS

ITEMS = {
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
                             ("balance", "use_ratio", "keep_share"), ("surplus_returned",),
                             ("settlement.keep_bands",)),
    "overspend_shared": Item("超支分担 = 合理超支 × 分担比例(不超过预留)",
                             "shared = reasonable overspend × share (the reserve at most)",
                             ("balance", "overspend_reasonable"), ("overspend_shared",),
                             ("settlement.reasonable_fund_share", "settlement.reasonable_share_by_reason")),
    "deposit_held": Item("质量保证金 = 各月应付 − 各月预拨付", "deposit = dues − payments of the months",
                         (), ("month_deposit", "correction_deposit"), ("settlement.monthly_pay_ratio",)),
    "deposit_forfeited": Item("保证金扣减 = 保证金 × (1 − 返还比例)", "forfeited = deposit × (1 − share returned)",
                              ("deposit_held", "grade"), ("deposit_forfeited", "deposit_returned"),
                              ("settlement.deposit_return", "settlement.grade_when_missing")),
    "second_distribution": Item("二次分配 = 池 × 点数 × 等级权重 ÷ 合计", "the pool by points × grade weight",
                                ("points", "grade"), ("second_distribution",),
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
    "moved": Item("并入或拆分后,原机构的清算支付转给承继机构(正数转出,负数承接)",
                  "after a merger or split the old one's final payment goes to its successor (+ given, − taken over)",
                  (), ("succeeded",)),
    "final_payment": Item("清算支付 = 清算应得 − 已预拨 − 预付 − 上年应退 − 沿革转移",
                          "final = settled − paid in months − advances − debts − moved to the successor",
                          ("settled", "paid_in_months", "advance_netted", "debt_netted", "moved"),
                          ("final_paid", "recovered"), ("settlement.clearing_deadline",)),
}  # fmt: skip
ALIASES = {"deposit": "deposit_held", "surplus": "surplus_returned", "overspend": "overspend_shared",
           "second": "second_distribution", "paid": "paid_in_months", "final": "final_payment"}  # fmt: skip
ALIASES_ZH = {"保证金": "deposit_held", "结余": "balance", "超支": "balance", "按项目": "actual",
              "按项目记账": "actual", "最终支付": "final_payment", "实付": "final_payment",
              "违规": "violations", "上缴": "surplus_returned", "分担": "overspend_shared"}  # fmt: skip


def explain_cell(run: Path, institution: str, item: str) -> tuple[list[Section], dict[str, dict[str, str]]]:
    """Sections that explain a figure of an institution's statement, for each insurance scheme, and the parameters
    named with their values and sources. Raises DATA for an unknown institution and USAGE for an unknown item."""
    manifest, tables = read_manifest(run), run / TABLES
    if manifest["kind"] == "month":
        sections, parameters = explain_month(run, manifest, institution_named(run, institution), item)
        return sections, _sources(laws_of_run(run, manifest), parameters)
    name = item_named(item, ITEMS, ALIASES | ALIASES_ZH)
    if name is None:
        raise DrgpayError(
            Kind.USAGE,
            zh="清算单没有这一项",
            en="the statement has no such item",
            field="--item",
            value=item,
            fix_zh=f"可选:{'、'.join(STATEMENTS[column].zh for column in ITEMS)}",
            fix_en=f"one of: {', '.join([*ITEMS, *ALIASES])}",
        )
    institution = institution_named(run, institution)
    rows = read_table(tables, STATEMENTS).filter(pl.col("institution_id") == institution).to_dicts()
    chosen, ledger = ITEMS[name], Ledger.read(run / LEDGER)
    names = names_of_run(run)
    sections = []
    for row in rows:
        sections.append(formula(tables, row, name, chosen, names))
        if manifest.get("after"):
            sections += through_the_book(run, row, chosen.events, names)
        sections += booked(ledger, row, chosen.events, names)
        if name in ("due", "actual"):
            sections.append(largest(tables, row, "year_due" if name == "due" else "fund_by_item"))
        sections += registered(run, row, name, manifest["year"])
    return sections, _sources(laws_of_run(run, manifest), chosen.parameters)


def _sources(laws: Laws, names: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """The parameters with their values and sources; one that acts on months and changes stands once for each of its
    values, with the months that had it: ``settlement.monthly_pay_ratio [1-6]``."""
    found = {}
    kept = laws.policy.kept()
    for name in names:
        by_value: list[tuple[Policy, list[int]]] = []
        for month, span in sorted(laws.months.items()):
            if by_value and by_value[-1][0].source(name) == span.policy.source(name):
                by_value[-1][1].append(month)
            else:
                by_value.append((span.policy, [month]))
        if dictionary()[name].acts == "month" and len(by_value) > 1:
            for policy, months in by_value:
                found[f"{name} [{months[0]}-{months[-1]}]"] = source_of(policy, name)
        elif name in kept:
            found[name] = source_of(laws.policy, name)
    return found
