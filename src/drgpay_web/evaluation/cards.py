"""What a scorecard asks, whose item is whose, and what of an evaluation's result is an institution's."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from drgpay import runs
from drgpay.runs import Scope, View
from drgpay_web import flow, store
from drgpay_web.people import Actor, Person
from drgpay_web.ui import w

Card = Any
Row = dict[str, Any]
RESULTS, MARKS = "evaluation_results", "evaluation_marks"


def card_of(case: flow.Case) -> Card:
    """The scorecard of a case."""
    return _known(case.data["card"])


@lru_cache
def _known(name: str) -> Card:
    """A shipped scorecard, read once: it does not change while the office runs."""
    return runs.known_card(name)


def title(item: Any, lang: str) -> str:
    """An item's or a card's name."""
    return str(item.en if lang == "en" else item.zh)


def item_told(case: flow.Case, name: str, lang: str) -> str:
    """An item of the case's scorecard by its name."""
    found = next((item for item in card_of(case).items if item.id == name), None)
    return name if found is None else title(found, lang)


def person_told(number: str, lang: str) -> str:
    """Who was named to report; or the institutions themselves."""
    if number == "0":
        return w("evaluation.by_themselves", lang)
    return Person.objects.get(pk=int(number)).name


def items(case: flow.Case) -> dict[str, Any]:
    """The items whose values are reported, by id."""
    return {item.id: item for item in card_of(case).reported}


def year_of(case: flow.Case) -> flow.Case:
    """The evaluation a card belongs to."""
    return flow.Case.objects.get(pk=case.data["evaluation"])


def is_mine(case: flow.Case, actor: Actor, item: str) -> bool:
    """Whether an item of an institution is this person's to report: the bureau's by name, the institution's by name,
    else its insurance office's."""
    bureau = year_of(case).data["owners"].get(item)
    if bureau is not None or actor.role.side == "bureau":
        return bool(bureau == actor.person.pk)
    owner = case.data["owners"].get(item)
    return owner == actor.person.pk if owner is not None else str(actor.role) == "H1"


def owner_words(case: flow.Case, item: str, lang: str) -> str:
    """Who reports an item, in words."""
    number = year_of(case).data["owners"].get(item) or case.data["owners"].get(item)
    if number is None:
        return w("evaluation.office", lang)
    return str(Person.objects.get(pk=number).name)


def rows_of(result: store.Result, table: str) -> list[Row]:
    """The rows of a table of an evaluation's result."""
    view = View(table, scope=Scope.everything())
    return [row for batch in runs.export_rows(store.folder(result), view) for row in batch]


def result_of(case: flow.Case) -> store.Result | None:
    """The result whose marks a case shows."""
    number = case.data.get("result")
    return None if number is None else store.Result.objects.get(pk=number)


def shown_rows(case: flow.Case, table: str) -> list[Row]:
    """The rows of a case: all of an evaluation's, an institution's own of a card's."""
    result = result_of(case)
    rows = rows_of(result, table) if result else []
    return rows if case.machine == "evaluation" else [r for r in rows if r["institution_id"] == case.unit.code]


def marks_said(rows: list[Row], house: str) -> list[list[Any]]:
    """What an institution was given, to see whether another result gives it the same."""
    return [[r["item"], r["numerator"], r["denominator"], r["mark"]] for r in rows if r["institution_id"] == house]


def grade_words(case: flow.Case, grade: str | None, lang: str) -> str:
    """A grade in words, as the card names it."""
    if grade is None:
        return w("evaluation.no_grade", lang)
    zh, en = card_of(case).grade_names.get(grade, (grade, grade))
    return str(en if lang == "en" else zh)
