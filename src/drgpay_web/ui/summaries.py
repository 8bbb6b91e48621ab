"""Sums of results on the screen: what is asked stands in the address, and Excel asks with the same.

``by=department_id`` says by what, ``set=overview`` which measures, ``compare=previous`` with what, and
``<dimension>.is=value`` filters; ``sort`` and ``page`` as in every table. With a comparison every measure has what it
is compared with beside it, so that there are fewer of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.http import QueryDict

from drgpay.runs import DIMENSIONS, Scope, Sort, Summary, Where, summarise
from drgpay.tables import Column
from drgpay_web.ui.tables import ROWS, cell, head
from drgpay_web.ui.values import Names, kind_of, printed, typed

SETS: dict[str, tuple[str, ...]] = {
    "overview": ("n", "points", "cmi", "total_cost", "mean_cost", "actual", "due", "balance", "use_ratio"),
    "quality": ("n", "mean_los", "high", "high_share", "low", "low_share", "ungrouped", "qy", "excluded", "died"),
    "performance": (
        "n",
        "cmi",
        "cost_index",
        "time_index",
        "mean_los",
        "mortality",
        "low_risk_mortality",
        "mid_low_mortality",
        "high_share",
        "low_share",
    ),
}
"""the measures of a table"""
COMPARED: dict[str, tuple[str, ...]] = {
    "overview": ("n", "mean_cost", "balance"),
    "quality": ("n", "mean_los", "high_share"),
    "performance": ("n", "cmi", "cost_index"),
}
"""those with a comparison"""
HOUSE = "institution_id"
COMPARISONS = ("previous", "last_year", "peers", "target")
BESIDE_PEERS = ("mdc", "drg", "case_class", "insurance_scheme", "month")
"""by what an institution is set beside its peers, besides as a whole: what names nobody inside it"""
SPLITS = ("institution_id", "level", "department_id", "doctor_id", "mdc", "drg", "case_class", "insurance_scheme",
          "month")  # fmt: skip
"""by what a table may be"""


@dataclass(frozen=True)
class Question:
    """What an address asks for."""

    by: str
    set: str
    compare: str
    where: tuple[Where, ...]
    sort: Sort | None
    page: int

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Departments and doctors are those of an institution: it stands before them unless one is filtered by; and
        beside peers always."""
        if self.compare == "peers":
            return (HOUSE,) if self.by == HOUSE else (HOUSE, self.by)
        alone = self.by not in ("department_id", "doctor_id") or any(w.column == HOUSE for w in self.where)
        return (self.by,) if alone else (HOUSE, self.by)

    @property
    def measures(self) -> tuple[str, ...]:
        return COMPARED[self.set] if self.compare and self.compare != "target" else SETS[self.set]


def comparisons_of(by: str, where: Sequence[Where], peers: bool) -> tuple[str, ...]:
    """With what sums can be compared; ``peers``: the reader may see institutions beside those of their level, as a
    whole and by what names nobody in them."""
    peers = peers and (by == HOUSE or by in BESIDE_PEERS) and all(one.column == HOUSE for one in where)
    return tuple(how for how in COMPARISONS if how != "peers" or peers)


def question_of(asked: QueryDict, by: str, *, peers: bool) -> Question:
    """The question of an address; what it does not say, or says wrongly, is as usual. ``by``: where it says none;
    ``peers``: of :func:`comparisons_of`."""
    order, page, where = asked.get("sort", ""), asked.get("page", "1"), filters_of(asked)
    split = _one_of(asked.get("by", ""), SPLITS, by)
    return Question(
        by=split,
        set=_one_of(asked.get("set", ""), tuple(SETS), "overview"),
        compare=_one_of(asked.get("compare", ""), comparisons_of(split, where, peers), ""),
        where=where,
        sort=Sort(order.lstrip("-"), order.startswith("-")) if order else None,
        page=max(int(page), 1) if page.isdigit() else 1,
    )


def filters_of(asked: QueryDict) -> tuple[Where, ...]:
    """The filters of an address, in the order of the dimensions."""
    found = [(name, asked.get(f"{name}.is", "").strip()) for name in DIMENSIONS]
    return tuple(Where(name, "is", typed(text, DIMENSIONS[name].type)) for name, text in found if text)


def _one_of(text: str, known: Sequence[str], usual: str) -> str:
    return text if text in known else usual


def answer(
    question: Question, folders: Sequence[Path], scope: Scope, targets: Mapping[str, int] | None = None
) -> Summary:
    """The sums asked for, over the first of the folders; the others are what it is compared with. ``targets``: by
    measure; beside them stand those measures that have one."""
    compare: Any = question.compare or None
    shown = folders if compare in ("previous", "last_year") else folders[:1]
    measures, aimed = question.measures, targets if compare == "target" else None
    if aimed is not None:
        measures = ("n", *aimed)
    return summarise(
        shown, by=question.dimensions, measures=measures, scope=scope, where=question.where, compare=compare,
        targets=aimed,
    )  # fmt: skip


def ordered(summary: Summary, sort: Sort | None) -> list[dict[str, Any]]:
    """All rows in the order asked for; those without a value last."""
    if sort is None or sort.column not in {column.name for column in summary.columns}:
        return summary.rows
    there = [row for row in summary.rows if row[sort.column] is not None]
    rest = [row for row in summary.rows if row[sort.column] is None]
    return sorted(there, key=lambda row: row[sort.column], reverse=sort.down) + rest


def totals_of(summary: Summary) -> list[tuple[Column, Any]]:
    """The foot of the table: the total of every column that has one."""
    return [(column, summary.totals.get(column.name)) for column in summary.columns]


def table_of(
    question: Question,
    summary: Summary,
    lang: str,
    links: Callable[[str, dict[str, Any]], str] | None = None,
    names: Names | None = None,
    tones: Callable[[str, dict[str, Any]], str] | None = None,
    most: int = ROWS,
) -> dict[str, Any]:
    """What ``ui/table.html`` shows of sums; ``tones``: how a cell stands out; ``most``: how many rows, at most those
    of a page."""
    rows = ordered(summary, question.sort)
    first = ROWS * (question.page - 1)
    shown = rows[first : first + most]
    sums = [printed(value, kind_of(column), lang) for column, value in totals_of(summary)]
    return {
        "heads": [head(column, question.sort, lang) for column in summary.columns],
        "rows": [[cell(column, row, lang, links, names, tones) for column in summary.columns] for row in shown],
        "sums": sums if any(sums) else [],
        "total": len(rows),
        "first": first + 1 if shown else 0,
        "last": first + len(shown),
        "previous": question.page - 1,
        "next": question.page + 1 if len(rows) > first + ROWS else 0,
        "fields": [],
    }
