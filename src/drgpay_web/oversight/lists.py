"""The leads of a look and the audit sample as lists: the same columns, rows and order on the page, in a file and for
systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from drgpay import runs
from drgpay.tables import AUDIT_SAMPLE, RULE_STATUS, SUSPICIONS, Column
from drgpay_web import store
from drgpay_web.flow.models import Case
from drgpay_web.oversight import looks, opening, seen
from drgpay_web.oversight.models import Lead
from drgpay_web.people import Actor, Unit
from drgpay_web.ui import w
from drgpay_web.ui.values import text_of

LIKELY_FIRST = ("standing", "-score", "-amount")
"""the order of leads: what the data cannot tell from honest care comes last"""
IN_ORDER = ("institution_id", "number")


def _own(name: str, key: str) -> Column:
    """A column that only this list has, named as on the page."""
    return Column(name, "text", w(key, "zh"), w(key, "en"), null=True)


LEADS = (
    replace(SUSPICIONS["score"], zh=w("oversight.score", "zh"), en=w("oversight.score", "en")),
    _own("precision", "oversight.precision_word"),
    SUSPICIONS["rule"],
    replace(SUSPICIONS["violation"], zh=w("oversight.kind", "zh"), en=w("oversight.kind", "en")),
    *(replace(SUSPICIONS[name], zh=w(f"oversight.{key}", "zh"), en=w(f"oversight.{key}", "en"))
      for name, key in (("institution_id", "house"), ("stay_id", "stay"))),
    SUSPICIONS["amount"],
    _own("case", "oversight.case_word"),
)  # fmt: skip
SAMPLE = (
    replace(AUDIT_SAMPLE["number"], zh=w("oversight.number_word", "zh"), en=w("oversight.number_word", "en")),
    *LEADS[4:6],
    LEADS[-1],
)
COLUMNS = {"leads": LEADS, "sample": SAMPLE}


@dataclass(frozen=True)
class Asked:
    """Which leads, of which look. ``kind``: of ``COLUMNS``."""

    kind: str
    look: store.Result
    rule: str = ""
    house: str = ""


@dataclass(frozen=True)
class Listed:
    """A page of a list. ``rows``: values by column; ``names`` and ``cases``: by row, what a case is opened by and the
    case it is in; ``total``: how many there are in all."""

    rows: list[dict[str, Any]]
    names: list[str]
    cases: list[Case | None]
    total: int


def listed(actor: Actor, asked: Asked, lang: str, *, start: int = 0, limit: int | None = None) -> Listed:
    """The rows from one on; all without a limit."""
    leads = asked.kind == "leads"
    where = [runs.Where("institution_id", "is", asked.house)] if asked.house else []
    if leads:
        where.append(runs.Where("state", "is", "open"))
        where += [runs.Where("rule", "is", asked.rule)] if asked.rule else []
    order = tuple(runs.Sort(name.lstrip("-"), name.startswith("-")) for name in (LIKELY_FIRST if leads else IN_ORDER))
    table = SUSPICIONS if leads else AUDIT_SAMPLE
    view = runs.View(table.name, where=tuple(where), sort=order, scope=runs.Scope.everything())
    folder = store.folder(asked.look)
    if limit is None:
        found = [row for batch in runs.export_rows(folder, view) for row in batch]
        total = len(found)
    else:
        page = runs.browse(folder, view, offset=start, limit=limit, totals=False)
        found, total = page.rows, page.total
    names = [row["suspicion_id"] if leads else opening.drawn(row["stay_id"]) for row in found]
    known = {
        one.name: one.case for one in Lead.objects.filter(area=actor.area, name__in=names).select_related("case")
    }
    cases = [known.get(name) for name in names]
    right = seen.precision(actor.area)
    rows = [
        {
            **{column.name: row.get(column.name) for column in COLUMNS[asked.kind]},
            "case": case.number if case else None,
            **({"precision": _precision(right.get(row["rule"]), lang)} if leads else {}),
        }
        for row, case in zip(found, cases, strict=True)
    ]
    return Listed(rows, names if leads else [row["stay_id"] for row in found], cases, total)


def _precision(known: tuple[int, int] | None, lang: str) -> str:
    """How right a rule was, as far as people decided."""
    return w("oversight.precision", lang, right=known[0], of=known[1]) if known else w("oversight.not_known", lang)


class Said:
    """What stands in a cell of the lists of a look: rules and institutions by name before their codes."""

    def __init__(self, actor: Actor, look: store.Result, lang: str) -> None:
        self.lang = lang
        units = Unit.objects.filter(area=actor.area, kind=Unit.INSTITUTION)
        self._named = {"institution_id": dict(units.values_list("code", "name"))}
        self.rules = looks.rows_of(store.folder(look), RULE_STATUS)
        self._named["rule"] = {row["rule"]: row[lang] for row in self.rules}

    def name(self, column: str, row: Mapping[str, Any]) -> str:
        """The name of what a column of a row names by its code."""
        return str(self._named.get(column, {}).get(row[column], ""))

    def text(self, column: Column, row: Mapping[str, Any]) -> str:
        """A value as text; of a lead on no one institution, so."""
        if column.name == "institution_id" and not row[column.name]:
            return w("oversight.several", self.lang)
        return text_of(column, row, self.lang, self.name)
