"""From the area down to the groups of a doctor: sums by what the reader chooses, each row leading one step deeper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay.errors import DrgpayError, Kind
from drgpay.runs import DIMENSIONS, Summary, Where
from drgpay_web import store
from drgpay_web.boards.filters import BOARDS, named_within, seen_in
from drgpay_web.boards.periods import Chosen, chosen
from drgpay_web.people import Act, Actor, NotThere, Unit, actor_of, door
from drgpay_web.ui import lang_of
from drgpay_web.ui.summaries import SETS, SPLITS, Question, answer, comparisons_of, question_of, table_of
from drgpay_web.ui.tables import title_of
from drgpay_web.ui.values import Names, text_of

DEEPER = {
    "level": "institution_id", "institution_id": "department_id", "department_id": "doctor_id", "doctor_id": "drg",
    "mdc": "drg", "month": "institution_id", "insurance_scheme": "institution_id", "case_class": "institution_id",
}  # fmt: skip
"""by what the next step is; after a group come its stays"""


@door(Act.BOARD_DEPARTMENT)
@require_safe
def drill(request: HttpRequest) -> HttpResponse:
    """Sums of a period by what is asked, within what is filtered."""
    actor, lang = actor_of(request), lang_of(request)
    period = chosen(request, actor, lang)
    if period is None:
        return render(request, "boards/none.html", {"title": "boards.drill"})
    peers = actor.may(Act.BOARD_PEERS)
    question = question_of(request.GET, begin_of(actor), peers=peers)
    within(actor, question.where)
    names = named_within(store.names_in(period.result), question.where)
    folders, scope = store.beside(actor, period.result), actor.scope(Act.BOARD_DEPARTMENT)
    try:
        summary, lacking = answer(question, folders, scope, store.terms_of_boards(actor.area).targets), None
    except DrgpayError as error:
        if error.kind != Kind.DATA:
            raise
        lacking = error.en if lang == "en" else error.zh
        question = Question(question.by, question.set, "", question.where, question.sort, question.page)
        summary = answer(question, folders, scope)
    context = {
        "period": period,
        "question": question,
        "lacking": lacking,
        "splits": _splits(request, actor, question, summary, lang),
        "sets": [(name, f"boards.set_{name}") for name in SETS],
        "comparisons": [(how, f"boards.{how}") for how in comparisons_of(question.by, question.where, peers)],
        "trail": _trail(question.where, names, period.result.pk, lang),
        "table": table_of(question, summary, lang, _leads(question, period.result.pk, actor), names),
        "excel": f"{reverse('take-summary', args=[period.result.pk])}?{_with(request, by=question.by)}"
        if actor.may(Act.EXPORT_TABLE) else "",
        "boards": _boards(request, actor, period),
        "stays": f"{reverse('board-stays')}?{_filters(question.where, period=period.result.pk)}"
        if actor.may(Act.STAY_SEE) else "",
    }  # fmt: skip
    return render(request, "boards/drill.html", context)


def _boards(request: HttpRequest, actor: Actor, period: Chosen) -> list[tuple[str, str]]:
    """The boards with the filter as it is here, for those who see boards."""
    if not actor.may(Act.BOARD_INSTITUTION):
        return []
    found = seen_in(request, actor, period)
    return [(found.board(name), f"boards.{name.removeprefix('board-')}") for name in BOARDS]


def begin_of(actor: Actor) -> str:
    """Where somebody begins: with institutions, with his departments, doctors, or groups."""
    root = actor.reach(Act.BOARD_DEPARTMENT)
    kinds = {Unit.AREA: "institution_id", Unit.INSTITUTION: "department_id", Unit.DEPARTMENT: "doctor_id"}
    return kinds.get(root.kind, "drg") if root else "drg"


def within(actor: Actor, where: Sequence[Where]) -> None:
    """NotThere for an institution that is not the reader's."""
    house = next((one.value for one in where if one.column == "institution_id"), None)
    if house is not None and house not in {unit.code for unit in actor.institutions(Act.BOARD_DEPARTMENT)}:
        raise NotThere


def _leads(question: Question, result: int, actor: Actor) -> Any:
    """The first column leads one step deeper; a group to its stays, where the reader may see them."""
    deeper = DEEPER.get(question.by)
    if deeper is None and not actor.may(Act.STAY_SEE):
        return None
    place = reverse("board-drill") if deeper else reverse("board-stays")

    def leads(column: str, row: dict[str, Any]) -> str:
        if column != question.by or row[column] is None:
            return ""
        own = {f"{name}.is": row[name] for name in question.dimensions}
        step = {"by": deeper} if deeper else {}
        return f"{place}?{_filters(question.where, period=result, **own, **step)}"

    return leads


def _filters(where: Sequence[Where], **more: Any) -> str:
    return urlencode({f"{one.column}.is": one.value for one in where} | more)


def _with(request: HttpRequest, **more: Any) -> str:
    """The question of the address, with something else."""
    asked = {name: value for name, value in request.GET.items() if name != "page"}
    return urlencode(asked | more)


def _splits(
    request: HttpRequest, actor: Actor, question: Question, summary: Summary, lang: str
) -> list[tuple[str, str, bool]]:
    """By what else it can be: address, words, whether it is so now; what is filtered by is left out."""
    fixed = {one.column for one in question.where}
    begin = SPLITS.index(begin_of(actor))
    offered = [name for name in SPLITS if name not in fixed and (SPLITS.index(name) >= begin or name == question.by)]
    asked = {k: v for k, v in request.GET.items() if k not in ("page", "sort", "compare")}
    return [(f"?{urlencode(asked | {'by': name})}", title_of(DIMENSIONS[name], lang), name == question.by)
            for name in offered]  # fmt: skip


def _trail(where: Sequence[Where], names: Names, result: int, lang: str) -> list[tuple[str, str, str]]:
    """Every filter with its name, and the address without it and those after it."""
    found = []
    row: Mapping[str, Any] = {one.column: one.value for one in where}
    for number, one in enumerate(where):
        column = DIMENSIONS[one.column]
        less = _filters(where[:number], period=result, by=one.column if one.column in SPLITS else "drg")
        text = text_of(column, row, lang, names)
        found.append((title_of(column, lang), text, f"{reverse('board-drill')}?{less}"))
    return found
