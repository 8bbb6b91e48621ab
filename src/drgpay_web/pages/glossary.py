"""The glossary: terms of the field (``terms.yaml``), parameters, and what tables, columns and codes are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

from drgpay import runs, tables
from drgpay.words import words
from drgpay_web import store
from drgpay_web.people import Actor
from drgpay_web.ui import w
from drgpay_web.ui.finding import holds
from drgpay_web.ui.navigation import open_to
from drgpay_web.ui.parts import parsed

MOST = 200
_TERMS = files("drgpay_web") / "pages" / "terms.yaml"


@dataclass(frozen=True)
class Term:
    """A term of the field: names, what it is, and the figures (columns, sums, tables) that are it."""

    id: str
    names: tuple[str, str]
    says: tuple[str, str]
    figures: tuple[str, ...]
    rule: str
    source: str
    at: str

    def name(self, lang: str) -> str:
        return self.names[lang == "en"]

    def said(self, lang: str) -> str:
        """What it is."""
        return self.says[lang == "en"]


@dataclass(frozen=True)
class Entry:
    """A name of the dictionary: Chinese, English, its identifier, and where it is used."""

    zh: str
    en: str
    name: str
    where_zh: str = ""
    where_en: str = ""


@cache
def terms() -> tuple[Term, ...]:
    """Every term, in the order of the file."""
    raw: dict[str, dict[str, Any]] = parsed(_TERMS.read_text(encoding="utf-8"))
    return tuple(
        Term(
            id, (one["zh"], one["en"]), (one["says"][0], one["says"][1]), tuple(one["figures"]),
            one.get("rule", ""), one.get("source", ""), one["at"],
        )
        for id, one in raw.items()
    )  # fmt: skip


def term_of(figure: str) -> Term | None:
    """The term that a figure is."""
    return next((one for one in terms() if figure in one.figures or figure == one.id), None)


def terms_with(asked: str) -> list[Term]:
    """The terms that hold what is asked, in either language."""
    return [one for one in terms() if holds(asked, *one.names, *one.says, *one.figures)]


def parameters(area: str, lang: str) -> Mapping[str, runs.ParameterSeen]:
    """The parameters of the practice of an area as they stand today, by name."""
    return {one.name: one for one in store.parameters(area, lang)}


def shown(actor: Actor, found: Sequence[Term], lang: str) -> list[dict[str, Any]]:
    """What the page shows of terms: what each is, its document, and where it is met."""
    rules, there = parameters(actor.area, lang), {one.key: one for one in open_to(actor)}
    rows = []
    for one in found:
        rule, place = rules.get(one.rule), there.get(one.at)
        rows.append(
            {
                "id": one.id,
                "name": one.name(lang),
                "other": one.name("zh" if lang == "en" else "en"),
                "said": one.said(lang),
                "document": f"{rule.source} {rule.clause}".strip() if rule else runs.cited(one.source, "", lang),
                "rule": rule,
                "at": (w(place.key, lang), place.address) if place else None,
                "figures": bool(one.figures),
            }
        )
    return rows


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
    """The names that hold what is asked, at most 200; all from the start where nothing is."""
    return list(islice((e for e in _all() if holds(asked, e.zh, e.en, e.name)), MOST))
