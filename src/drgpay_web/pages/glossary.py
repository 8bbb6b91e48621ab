"""The glossary: what tables and coded values are called, from the dictionary of core."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from drgpay import tables
from drgpay.words import words

MOST = 200


@dataclass(frozen=True)
class Entry:
    """A term: Chinese, English, its identifier, and where it is used."""

    zh: str
    en: str
    name: str
    where_zh: str = ""
    where_en: str = ""


@cache
def _all() -> tuple[Entry, ...]:
    declared = {t.name: t for t in vars(tables).values() if isinstance(t, tables.Table)}
    found = [Entry(table.zh, table.en, name) for name, table in declared.items()]
    columns = {
        (c.zh, c.en, c.name): Entry(c.zh, c.en, c.name, t.zh, t.en) for t in declared.values() for c in t.columns
    }
    coded = [Entry(zh, en, code) for code, (zh, en) in words().items()]
    return tuple(sorted([*found, *columns.values(), *coded], key=lambda entry: (entry.name, entry.zh)))


def entries(asked: str) -> list[Entry]:
    """The terms that hold what is asked, at most 200; all from the start where nothing is."""
    low = asked.lower()
    fits = (e for e in _all() if low in e.zh.lower() or low in e.en.lower() or low in e.name)
    return [entry for entry, _ in zip(fits, range(MOST), strict=False)]
