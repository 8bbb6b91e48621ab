"""What the explanations of a month and of a clearing share: formula, entries, the links of a book, largest stays."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, dataset, frame, open_parquet, read_table, table_path
from drgpay.errors import DrgpayError
from drgpay.ledger import Entry, Ledger, account_words, event_words
from drgpay.runs.chain import read_chain
from drgpay.runs.explain import Line, Section, read_of, taken_from
from drgpay.runs.manifest import REGISTERS
from drgpay.steps import fund
from drgpay.steps.settlement import Item
from drgpay.tables import (
    ADVANCES,
    BUDGET_ADJUSTMENTS,
    BUDGETS,
    CASE_POINTS,
    DEBTS,
    EVIDENCE,
    GRADE_REGISTER,
    POOLS,
    SANCTIONS,
    STAY_DECISIONS,
    STAY_PAYMENTS,
    VIOLATIONS,
    Table,
)
from drgpay.units import show_fen, show_percent, show_points
from drgpay.words import in_word

Row = dict[str, Any]

STAYS_SHOWN = 10
"""largest stays, and stays with corrections, that are shown"""
_PLACE: tuple[str, ...] = ("institution_id", "insurance_scheme", "month")


_PLACED: tuple[str, ...] = ("year", "institution_id", "insurance_scheme")
RESTS_ON: dict[str, tuple[tuple[Table, tuple[str, ...]], ...]] = {
    "due": ((BUDGETS, ("year", "insurance_scheme")), (BUDGET_ADJUSTMENTS, ("year", "insurance_scheme"))),
    "refused": ((STAY_DECISIONS, ("institution_id",)),),
    "violations": ((VIOLATIONS, _PLACED),),
    "damages": ((VIOLATIONS, _PLACED),),
    "surplus_returned": ((GRADE_REGISTER, _PLACED[:2]), (SANCTIONS, _PLACED[:2])),
    "overspend_shared": ((EVIDENCE, _PLACED), (GRADE_REGISTER, _PLACED[:2])),
    "deposit_forfeited": ((GRADE_REGISTER, _PLACED[:2]),),
    "second_distribution": ((GRADE_REGISTER, _PLACED[:2]), (SANCTIONS, _PLACED[:2])),
    "assessment_forfeited": ((ADVANCES, _PLACED), (GRADE_REGISTER, _PLACED[:2])),
    "advance_netted": ((ADVANCES, _PLACED),),
    "debt_netted": ((DEBTS, _PLACED),),
}
"""the registers a figure rests on, and by which columns of its row those of a register are found"""


def registered(run: Path, row: Row, name: str, year: int) -> list[Section]:
    """Where the rows of registers come from on which a figure of an institution rests, where they were taken."""
    said = row | {"year": year}
    wanted = [(table, {column: said[column] for column in columns}) for table, columns in RESTS_ON.get(name, ())]
    return [*(_adjusted(run, row, year) if name == "due" else ()), *taken_from(run, wanted)]


def _adjusted(run: Path, row: Row, year: int) -> list[Section]:
    """What was approved to change the budget before the year's point value."""
    kept = run / REGISTERS
    if "month" in row or not table_path(kept, BUDGET_ADJUSTMENTS).exists():
        return []
    its = fund.approved(read_table(kept, BUDGET_ADJUSTMENTS).to_dicts(), year)
    lines = []
    for one in (r for r in its if r["insurance_scheme"] == row["insurance_scheme"]):
        zh, en = (f"{one['decided_on']} {in_word(one['change_reason'], lang)} {one['document'] or ''}".strip()
                  for lang in ("zh", "en"))  # fmt: skip
        place = {"table": BUDGET_ADJUSTMENTS.name, "key": one["adjustment_id"]}
        lines.append(Line(zh, en, show_fen(one["amount"]), "fund.year_end_reasons", **place))
    return [Section(BUDGET_ADJUSTMENTS.zh, "adjustments of the budget", tuple(lines))] if lines else []


def item_named(said: str, items: Mapping[str, Item], aliases: Mapping[str, str]) -> str | None:
    """The column meant by an item's name: English, short, or Chinese as its table prints it."""
    plain = unicodedata.normalize("NFKC", said).strip().casefold()
    words = {column: column for column in items} | dict(aliases)
    for column, item in items.items():
        zh = unicodedata.normalize("NFKC", item.table[column].zh).casefold()
        words |= {zh: column, zh.split("(")[0]: column}
    return words.get(plain)


def formula(tables: Path, row: Row, name: str, item: Item, names: Mapping[str, str]) -> Section:
    """A figure of a row of its table, with what it is made of; ``names``: institutions by id."""
    table = item.table
    lines = [Line(item.zh, item.en, "")]
    lines += [Line(table[c].zh, table[c].en, _shown(table, c, row[c])) for c in item.columns]
    if name == "due":
        of = (pl.col("insurance_scheme") == row["insurance_scheme"]) & (
            pl.col("month") == row.get("month", fund.YEAR)
        )
        pool = read_table(tables, POOLS).row(by_predicate=of, named=True)
        before = (("adjusted", "fund.year_end_reasons"), ("elsewhere", "fund.inpatient_unit"))
        lines += read_of(
            POOLS, pool,
            *(Line(POOLS[c].zh, POOLS[c].en, show_fen(pool[c]), by) for c, by in before if pool[c]),
            Line("总点数", "all points", show_points(pool["points"])),
            Line("可分配额", "distributable", show_fen(pool["distributable"]), "fund.basis"),
        )  # fmt: skip
    first = item.parameters[0] if item.parameters else ""
    lines.append(Line(table[name].zh, table[name].en, _shown(table, name, row[name]), first))
    house, scheme = names.get(row["institution_id"], ""), row["insurance_scheme"]
    zh, en = (f"{house} {row['institution_id']} · {in_word(scheme, lang)}" for lang in ("zh", "en"))
    return Section(f"{table[name].zh} {zh}", f"{name.replace('_', ' ')} {en}", read_of(table, row, *lines))


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
    lines = [
        Line(_moved(e, "zh", names), _moved(e, "en", names), show_fen(e.amount), e.parameter, entry=e.entry_id)
        for e in _of(ledger, row, events)
    ]
    return [Section("总账分录", "ledger entries", tuple(lines))] if lines else []


def _shown(table: Table, column: str, value: Any) -> str:
    """A value of a result table as an explanation shows it."""
    if value is None:
        return "–"
    kind = table[column].type
    return {"fen": show_fen, "points": show_points, "ratio": show_percent}.get(kind, str)(value)


def _of(ledger: Ledger, row: Row, events: tuple[str, ...]) -> list[Entry]:
    return [e for e in ledger if e.institution_id == row["institution_id"]
            and e.insurance_scheme == row["insurance_scheme"]
            and (e.event in events or e.event.partition(":")[0] in events)]  # fmt: skip


def largest(tables: Path, row: Row, column: str) -> Section:
    """The stays with the largest part of a figure, and how many there are; ``column``: of ``stay_payments``, or
    ``fund_by_item``."""
    keys: dict[str, str] = {name: str(row[name]) for name in _PLACE if name in row}
    if column in STAY_PAYMENTS.names:
        stays = pl.concat(_matching(dataset(tables, STAY_PAYMENTS), keys, ("stay_id", "drg", column)))
    else:
        found = pl.concat(_matching(dataset(tables, CASE_POINTS), keys, ("stay_id", "drg", "case_class", column)))
        stays = found.filter(pl.col("case_class") != "excluded").drop("case_class")
    stays = stays.sort([column, "stay_id"], descending=[True, False])
    table = STAY_PAYMENTS.name if column in STAY_PAYMENTS.names else CASE_POINTS.name
    lines = [
        Line(f"{s} {drg}", f"{s} {drg}", show_fen(x), table=table, key=s)
        for s, drg, x in stays.head(STAYS_SHOWN).rows()
    ]
    total = sum(stays[column].to_list())
    lines.append(Line(f"共 {stays.height} 例", f"{stays.height} stays in all", show_fen(total)))
    return Section("最大的病例", "largest stays", tuple(lines))


def _matching(data: Dataset, keys: dict[str, str], columns: tuple[str, ...]) -> list[pl.DataFrame]:
    found = []
    for path in data.paths:
        table = open_parquet(path).read(columns=[*keys, *columns])
        for name, value in keys.items():
            table = table.filter(pc.equal(table.column(name).cast(pa.string()), value))
        found.append(frame(table.select(list(columns))))
    return found


def _moved(entry: Entry, lang: str, names: Mapping[str, str]) -> str:
    """An entry in words: day, what for, from which account to which."""
    accounts = f"{account_words(entry.debit, lang, names)} ← {account_words(entry.credit, lang, names)}"
    what = event_words(entry.event, lang, names)
    return f"{entry.date} {what}：{accounts}" if lang == "zh" else f"{entry.date} {what}: {accounts}"
