"""The explanation of one figure of an institution's month."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_table, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.chain import correction_files
from drgpay.runs.explain import Line, Section
from drgpay.runs.explain_figure import STAYS_SHOWN, Row, booked, formula, item_named, largest, registered
from drgpay.runs.ledgers import ledger_of
from drgpay.runs.whose import names_of_run
from drgpay.steps.settlement import MONTH_ITEMS, PAID_ALONE
from drgpay.tables import CORRECTIONS, MONTH_CASH
from drgpay.units import show_points
from drgpay.words import in_word

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
        chosen = PAID_ALONE
    names = names_of_run(run)
    rows = read_table(tables, chosen.table).filter(pl.col("institution_id") == institution).to_dicts()
    ledger, sections = ledger_of(run), []
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
            table=CORRECTIONS.name,
            key="/".join(str(c[name]) for name in CORRECTIONS.key),
        )
        for c in found.sort("month", "stay_id").head(STAYS_SHOWN).iter_rows(named=True)
    ]
    if not lines:
        return []
    lines.append(Line(f"共 {found.height} 例", f"{found.height} stays in all", ""))
    return [Section("被更正的病例", "stays corrected", tuple(lines))]


def _mine(row: Row) -> pl.Expr:
    return pl.all_horizontal(pl.col(n) == row[n] for n in ("institution_id", "insurance_scheme"))
