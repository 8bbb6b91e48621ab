"""The explanation of one figure of an institution's month."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.runs.chain import correction_files
from drgpay.runs.explain import Line, Section
from drgpay.runs.explain_figure import STAYS_SHOWN, Item, Row, booked, formula, item_named, largest, registered
from drgpay.runs.manifest import LEDGER
from drgpay.runs.whose import names_of_run
from drgpay.tables import INSTITUTION_MONTHS, MONTH_CASH
from drgpay.units import show_points
from drgpay.words import in_word

_PAID = ("settlement.monthly_pay_ratio",)
_HELD = ("month_held", "held_paid", "held_released", "held_passed")
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
    "carried_out": Item(
        "结转下期:当月应拨款不低于零,不足部分留待下期",
        "a month's cash is never below zero; the rest is carried on",
        ("carried_in", "corrections"),
        table=MONTH_CASH,
    ),
}
_ALIASES = {"deposit_held": "deposit", "paid_in_months": "paid", "final_payment": "paid", "final": "paid",
            "保证金": "deposit", "预拨付": "paid", "实付": "paid", "拨付": "paid", "按项目": "actual",
            "按项目记账": "actual", "暂缓": "held", "冲抵预付款": "advance_netted"}  # fmt: skip


def explain_month(run: Path, manifest: Mapping[str, Any], institution: str, item: str) -> tuple[
    list[Section], tuple[str, ...]
]:  # fmt: skip
    """Sections that explain a figure of an institution's month, for each insurance scheme, and the parameters named.
    Raises USAGE for an unknown item, and for one of the book where the month is no link of one."""
    name = item_named(item, MONTH_ITEMS, _ALIASES)
    if name is None:
        raise DrgpayError(
            Kind.USAGE, zh="月结没有这一项", en="a month has no such item", field="--item", value=item,
            fix_zh=f"可选:{'、'.join(i.table[n].zh for n, i in MONTH_ITEMS.items())}",
            fix_en=f"one of: {', '.join(MONTH_ITEMS)}",
        )  # fmt: skip
    chosen, tables = MONTH_ITEMS[name], run / "tables"
    in_book = table_path(tables, MONTH_CASH).exists()
    if chosen.table is MONTH_CASH and not in_book:
        if name != "paid":
            raise DrgpayError(
                Kind.USAGE, zh="这次月结不在账本之中,没有这一项",
                en="this month is no link of a book and has no such item",
                file=run.name, field="--item", value=item, fix_zh="用 drgpay run month --after 逐月办理",
                fix_en="live the year with drgpay run month --after",
            )  # fmt: skip
        chosen = Item("预拨付 = 应付 × 预拨比例", "paid = due × share paid",
                      ("due", "deposit"), ("month_paid",), _PAID, table=INSTITUTION_MONTHS)  # fmt: skip
    names = names_of_run(run)
    rows = read_table(tables, chosen.table).filter(pl.col("institution_id") == institution).to_dicts()
    ledger, sections = Ledger.read(run / LEDGER), []
    for row in rows:
        sections.append(formula(tables, row, name, chosen, names))
        if name == "corrections":
            sections += _corrected(tables, row)
        sections += booked(ledger, row, chosen.events, names)
        if name == "due":
            sections.append(largest(tables, row, "month_due"))
        sections += registered(run, row, name, manifest["year"])
    return sections, chosen.parameters


def _corrected(tables: Path, row: Row) -> list[Section]:
    """The stays of sealed months that are others now."""
    paths = correction_files(tables)
    if not paths:
        return []
    found = pl.concat([pl.read_parquet(path) for path in paths]).filter(_mine(row))
    lines = [
        Line(
            f"{c['month']} 月 {c['stay_id']}({in_word(c['cause'], 'zh')})点数",
            f"month {c['month']} {c['stay_id']} ({in_word(c['cause'], 'en')}) points",
            f"{show_points(c['points_before'])} → {show_points(c['points_after'])}",
        )
        for c in found.sort("month", "stay_id").head(STAYS_SHOWN).iter_rows(named=True)
    ]
    if not lines:
        return []
    lines.append(Line(f"共 {found.height} 例", f"{found.height} stays in all", ""))
    return [Section("被更正的病例", "stays corrected", tuple(lines))]


def _mine(row: Row) -> pl.Expr:
    return pl.all_horizontal(pl.col(n) == row[n] for n in ("institution_id", "insurance_scheme"))
