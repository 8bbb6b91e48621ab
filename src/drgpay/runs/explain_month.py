"""The explanation of one figure of an institution's month, and of a figure across the months of a book."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import dataset, read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Entry, Ledger, account_words, event_words
from drgpay.runs.chain import correction_files, read_chain
from drgpay.runs.explain import Line, Section
from drgpay.runs.manifest import LEDGER
from drgpay.tables import INSTITUTION_MONTHS, INSTITUTIONS, MONTH_CASH, POOLS, STAY_PAYMENTS, Table
from drgpay.units import show_fen, show_percent, show_points
from drgpay.words import in_word

Row = dict[str, Any]


@dataclass(frozen=True)
class MonthItem:
    """How a figure of a month comes about: its table and column, the columns it is made of, the events that book it,
    and the parameters that decide it."""

    zh: str
    en: str
    table: Table
    columns: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


_PAID = ("settlement.monthly_pay_ratio",)
_HELD = ("month_held", "held_paid", "held_released", "held_passed")
MONTH_ITEMS = {
    "due": MonthItem("应付 = 本机构点数 ÷ 总点数 × 当月可分配额(含个人负担时再减个人负担)",
                     "due = own points ÷ all points × distributable of the month (less the patients' part where it "
                     "counts)", INSTITUTION_MONTHS, ("points", "refused"), ("month_due", "refused", "refused_less"),
                     ("fund.basis", "fund.reserve_share")),
    "refused": MonthItem("不予支付病例在应付中的份额,退回基金",
                         "share of refused stays, which goes back to the fund", INSTITUTION_MONTHS, (),
                         ("refused", "refused_less")),
    "actual": MonthItem("本机构病例按项目记账的基金应付之和(不含不予支付病例)",
                        "what the fund would pay item by item, without refused stays", INSTITUTION_MONTHS,
                        ("n", "cost")),
    "paid": MonthItem("实际拨付 = (应付 − 质量保证金) + 更正 − 更正中的保证金 + 上期结转 − 冲抵预付 − 暂缓拨付",
                      "paid = (due − deposit) + corrections − their deposit + carried in − advance netted − held",
                      MONTH_CASH, ("due", "deposit", "corrections", "corrections_deposit", "carried_in",
                                   "advance_netted", "held", "carried_out"), ("month_paid",), _PAID),
    "deposit": MonthItem("质量保证金 = 应付 − 应付 × 预拨比例", "deposit = due − due × share paid",
                         INSTITUTION_MONTHS, ("due", "paid"), ("month_deposit",), _PAID),
    "corrections": MonthItem("更正 = 已封账月份按其当时的规则重算,减去账上已记数",
                             "corrections = sealed months computed again by their own law, less what is booked",
                             MONTH_CASH, (), ("correction", "correction_deposit"), ("settlement.corrections",)),
    "advance_netted": MonthItem("冲抵预付 = 未冲抵预付款 ÷ 剩余月数(或当月应拨款 × 比例),不超过当月应拨款",
                                "instalment = outstanding advance ÷ months left (or share of the cash), the cash at "
                                "most", MONTH_CASH, ("due", "deposit"), ("advance_netted",),
                                ("settlement.advance_netting", "settlement.advance_share")),
    "held": MonthItem("暂缓拨付:登记表“暂缓拨付”中的机构,当月应拨款暂不支付",
                      "held: payments of institutions in the register payment_holds", MONTH_CASH, ("released",),
                      _HELD),
    "released": MonthItem("解除暂缓:以前暂缓、本期支付", "held before and paid now", MONTH_CASH, (), _HELD),
    "carried_out": MonthItem("结转下期:当月应拨款不低于零,不足部分留待下期",
                             "a month's cash is never below zero; the rest is carried on", MONTH_CASH,
                             ("carried_in", "corrections")),
}  # fmt: skip
_ALIASES = {"deposit_held": "deposit", "paid_in_months": "paid", "final_payment": "paid", "final": "paid",
            "保证金": "deposit", "预拨付": "paid", "实付": "paid", "拨付": "paid", "按项目": "actual",
            "按项目记账": "actual", "暂缓": "held", "冲抵预付款": "advance_netted"}  # fmt: skip
_STAYS = 10
"""largest stays, and stays with corrections, that are shown"""


def explain_month(run: Path, manifest: Mapping[str, Any], institution: str, item: str) -> tuple[
    list[Section], tuple[str, ...]
]:  # fmt: skip
    """Sections that explain a figure of an institution's month, for each insurance scheme, and the parameters named.
    Raises USAGE for an unknown item, and for one of the book where the month is no link of one."""
    name = _item(item)
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
        chosen = MonthItem("预拨付 = 应付 × 预拨比例", "paid = due × share paid", INSTITUTION_MONTHS,
                           ("due", "deposit"), ("month_paid",), _PAID)  # fmt: skip
    names = dict(read_table(tables, INSTITUTIONS).select("institution_id", "name").rows())
    rows = read_table(tables, chosen.table).filter(pl.col("institution_id") == institution).to_dicts()
    ledger, sections = Ledger.read(run / LEDGER), []
    for row in rows:
        sections.append(_formula(tables, row, name, chosen, names))
        if name == "corrections":
            sections += _corrected(tables, row)
        sections += booked(ledger, row, chosen.events, names)
        if name == "due":
            sections.append(_largest(tables, row))
    return sections, chosen.parameters


def through_the_book(run: Path, row: Row, events: tuple[str, ...], names: Mapping[str, str]) -> list[Section]:
    """What the links before a clearing have booked of a figure, one line per link and event; nothing for a run of its
    own. Where the links before are not beside the run any more, one line says so."""
    try:
        chain = read_chain(run, sealed=False)
    except DrgpayError:
        lines = [Line("前几期不在同一文件夹,看不到各期分录", "the links before are not in the same folder", "")]
        return [Section("账本各期", "through the book", tuple(lines))]
    lines = []
    for link in chain.links[:-1]:
        for event in events:
            sums = [e.amount for e in _of(link.ledger, row, (event,))]
            if sums:
                words = [f"{link.name} {event_words(event, lang, names)}" for lang in ("zh", "en")]
                lines.append(Line(words[0], words[1], show_fen(sum(sums))))
    return [Section("账本各期", "through the book", tuple(lines))] if lines else []


def booked(ledger: Ledger, row: Row, events: tuple[str, ...], names: Mapping[str, str]) -> list[Section]:
    """The entries of an institution and insurance scheme of some events (and their parts), in words."""
    lines = [Line(_moved(e, "zh", names), _moved(e, "en", names), show_fen(e.amount), e.parameter)
             for e in _of(ledger, row, events)]  # fmt: skip
    return [Section("总账分录", "ledger entries", tuple(lines))] if lines else []


def shown(table: Table, column: str, value: Any) -> str:
    """A value of a result table as an explanation shows it."""
    if value is None:
        return "–"
    kind = table[column].type
    return {"fen": show_fen, "points": show_points, "ratio": show_percent}.get(kind, str)(value)


def _of(ledger: Ledger, row: Row, events: tuple[str, ...]) -> list[Entry]:
    return [e for e in ledger if e.institution_id == row["institution_id"]
            and e.insurance_scheme == row["insurance_scheme"]
            and (e.event in events or e.event.partition(":")[0] in events)]  # fmt: skip


def _item(said: str) -> str | None:
    plain = unicodedata.normalize("NFKC", said).strip().casefold()
    words = {name: name for name in MONTH_ITEMS} | _ALIASES
    for name, item in MONTH_ITEMS.items():
        words[unicodedata.normalize("NFKC", item.table[name].zh).casefold()] = name
    return words.get(plain)


def _formula(tables: Path, row: Row, name: str, item: MonthItem, names: Mapping[str, str]) -> Section:
    table = item.table
    lines = [Line(item.zh, item.en, "")]
    lines += [Line(table[c].zh, table[c].en, shown(table, c, row[c])) for c in item.columns]
    if name == "due":
        of = (pl.col("insurance_scheme") == row["insurance_scheme"]) & (pl.col("month") == row["month"])
        pool = read_table(tables, POOLS).row(by_predicate=of, named=True)
        lines += [Line("总点数", "all points", show_points(pool["points"])),
                  Line("可分配额", "distributable", show_fen(pool["distributable"]), "fund.basis")]  # fmt: skip
    first = item.parameters[0] if item.parameters else ""
    lines.append(Line(table[name].zh, table[name].en, shown(table, name, row[name]), first))
    house, scheme = names.get(row["institution_id"], ""), row["insurance_scheme"]
    zh, en = (f"{house} {row['institution_id']} · {in_word(scheme, lang)}" for lang in ("zh", "en"))
    return Section(f"{table[name].zh} {zh}", f"{name.replace('_', ' ')} {en}", tuple(lines))


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
        for c in found.sort("month", "stay_id").head(_STAYS).iter_rows(named=True)
    ]
    if not lines:
        return []
    lines.append(Line(f"共 {found.height} 例", f"{found.height} stays in all", ""))
    return [Section("被更正的病例", "stays corrected", tuple(lines))]


def _largest(tables: Path, row: Row) -> Section:
    of = _mine(row) & (pl.col("month") == row["month"])
    paths = dataset(tables, STAY_PAYMENTS).paths
    parts = [pl.scan_parquet(path).filter(of).select("stay_id", "drg", "month_due") for path in paths]
    stays = pl.concat(parts).collect().sort(["month_due", "stay_id"], descending=[True, False])
    lines = [Line(f"{s} {drg}", f"{s} {drg}", show_fen(x)) for s, drg, x in stays.head(_STAYS).rows()]
    total = int(stays["month_due"].sum())
    lines.append(Line(f"共 {stays.height} 例", f"{stays.height} stays in all", show_fen(total)))
    return Section("最大的病例", "largest stays", tuple(lines))


def _mine(row: Row) -> pl.Expr:
    return pl.all_horizontal(pl.col(n) == row[n] for n in ("institution_id", "insurance_scheme"))


def _moved(entry: Entry, lang: str, names: Mapping[str, str]) -> str:
    """An entry in words: day, what for, from which account to which."""
    accounts = f"{account_words(entry.debit, lang, names)} ← {account_words(entry.credit, lang, names)}"
    what = event_words(entry.event, lang, names)
    return f"{entry.date} {what}：{accounts}" if lang == "zh" else f"{entry.date} {what}: {accounts}"
