"""Figures of periods: statements, tables, boards and stays, equal to the pages of the office."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from drgpay.runs import (
    Scope,
    Sort,
    View,
    Where,
    browse,
    columns_of,
    explain_stay,
    said_sources,
    tables_of,
)
from drgpay.tables import NUMBERS, Column
from drgpay_web import store, trail
from drgpay_web.api.cursors import after, start_of
from drgpay_web.api.entry import Bearer, actor_of
from drgpay_web.api.shapes import MOST_ROWS, Answer, Periods, Rows, StayExplained, answers
from drgpay_web.boards.stay import stay_seen
from drgpay_web.people import Act, Actor, NotThere
from drgpay_web.ui import Unfit
from drgpay_web.ui.summaries import HOUSE, answer, ordered, question_of

STATEMENT = {4: "statements", 7: "institution_months"}
OPERATORS = ("is", "not", "from", "to", "in", "has")
router = Router(auth=Bearer("statements"))
At = Annotated[str, Query(description="cursor of the page", max_length=60)]
Most = Annotated[int, Query(ge=1, le=MOST_ROWS, description="rows of a page")]


@router.get("/periods", tags=["figures"], response=answers(Periods), summary="Periods that are published or sealed")
def periods(request: HttpRequest) -> dict[str, Any]:
    seen = store.periods_seen(actor_of(request, Act.STATEMENT_SEE))
    return {"periods": [{"period": one.period, "state": one.state, "digest": one.digest} for one in seen]}


@router.get("/statements/{period}", tags=["figures"], response=answers(Rows), summary="Statements of a period")
def statement(request: HttpRequest, period: str, limit: Most = MOST_ROWS, cursor: At = "") -> dict[str, Any]:
    actor = actor_of(request)
    result = result_of(actor, period)
    return rows_of(result, View(STATEMENT[len(result.period)], scope=actor.scope(Act.STATEMENT_SEE)), limit, cursor)


@router.get("/tables/{period}", tags=["figures"], response=answers(Answer), summary="The tables one may read")
def tables(request: HttpRequest, period: str) -> dict[str, Any]:
    actor = actor_of(request)
    found = tables_of(store.folder(result_of(actor, period)), actor.scope(Act.STATEMENT_SEE))
    return {"tables": [{"name": one.table.name, "zh": one.table.zh, "en": one.table.en} for one in found
                       if store.table_seen(actor, one.table)]}  # fmt: skip


@router.get("/tables/{period}/{name}", tags=["figures"], response=answers(Rows), summary="Rows of a table")
def table(
    request: HttpRequest, period: str, name: str, where: Annotated[list[str], Query(max_length=10)] = [],  # noqa: B006
    sort: Annotated[str, Query(max_length=60)] = "", limit: Most = 50, cursor: At = "",
) -> dict[str, Any]:  # fmt: skip
    """``where``: ``column:operator:value``, several times; ``sort``: a column, ``-column`` the largest first."""
    actor = actor_of(request)
    return table_rows(actor, result_of(actor, period), name, where, sort, limit, cursor)


def table_rows(
    actor: Actor, result: store.Result, name: str, where: list[str], sort: str, limit: int, cursor: str
) -> dict[str, Any]:
    """Rows of a table of a result, as its page shows them."""
    scope = actor.scope(Act.STATEMENT_SEE)
    seen = {one.table.name: one.table for one in tables_of(store.folder(result), scope)}
    if name not in seen or not store.table_seen(actor, seen[name]):
        raise NotThere
    view = view_asked(store.folder(result), name, scope, where, sort)
    if "stay_id" in seen[name].names:
        trail.record(actor, Act.STAY_SEE, f"result:{result.pk}", after={"table": name})
    return rows_of(result, view, limit, cursor)


def view_asked(
    folder: Path, name: str, scope: Scope, where: list[str], sort: str, columns: tuple[str, ...] = ()
) -> View:
    """The view a system asks for (``columns``: only these). Raises Unfit for a filter that fits no column."""
    known = {column.name: column for column in columns_of(folder, View(name, scope=scope))}
    order = (Sort(sort.removeprefix("-"), down=sort.startswith("-")),) if sort else ()
    return View(name, columns, tuple(_where(text, known) for text in where), order, scope=scope)


def _where(text: str, columns: dict[str, Column]) -> Where:
    name, _, rest = text.partition(":")
    operator, _, value = rest.partition(":")
    if name not in columns or operator not in OPERATORS:
        raise Unfit("api.no_filter", text=text[:60])
    whole = columns[name].type in NUMBERS
    if whole and not value.lstrip("-").isdecimal():
        raise Unfit("api.no_filter", text=text[:60])
    typed: Any = int(value) if whole else value in ("true", "1") if columns[name].type == "flag" else value
    return Where(name, operator, typed)  # type: ignore[arg-type]


def rows_of(result: store.Result, view: View, limit: int, cursor: str) -> dict[str, Any]:
    """A page of a view, with its columns and the cursor of the next."""
    start = start_of(cursor)
    page = browse(store.folder(result), view, offset=start, limit=limit, totals=False)
    return {
        "period": result.period, "digest": result.digest, "rows": page.rows, "total": page.total,
        "columns": heads_of(page.columns), "next": after(start, len(page.rows), page.total),
    }  # fmt: skip


def heads_of(columns: Iterable[Column]) -> list[dict[str, str]]:
    """Columns as an answer tells them."""
    return [{"name": c.name, "type": c.type, "zh": c.zh, "en": c.en} for c in columns]


@router.get("/boards/{period}", tags=["figures"], auth=Bearer("boards"), response=answers(Answer),
            summary="Sums of a period by institution, department, doctor, group, class or month")  # fmt: skip
def board(
    request: HttpRequest, period: str, by: Annotated[str, Query(max_length=30)] = HOUSE,
    set: Annotated[str, Query(max_length=30)] = "overview", compare: Annotated[str, Query(max_length=30)] = "",
    sort: Annotated[str, Query(max_length=60)] = "",
) -> Any:  # fmt: skip
    """``set``: overview, quality, performance; ``compare``: previous, last_year, peers, target; filters as in the
    board's address: ``institution_id.is=``, ``department_id.is=``, ``drg.is=``."""
    actor = actor_of(request)
    scope, peers = actor.scope(Act.BOARD_INSTITUTION), actor.may(Act.BOARD_PEERS)
    question = question_of(request.GET, by, peers=peers)
    for asked, taken in ((by, question.by), (set, question.set), (compare, question.compare)):
        if asked != taken:
            raise Unfit("api.no_filter", text=asked)
    result = result_of(actor, period)
    found = answer(question, store.beside(actor, result), scope, store.terms_of_boards(actor.area).targets)
    return {"period": result.period, "digest": result.digest, "columns": heads_of(found.columns),
            "rows": ordered(found, question.sort), "totals": found.totals}  # fmt: skip


@router.get("/stays/{period}/{stay_id}", tags=["figures"], auth=Bearer("stays"), response=answers(StayExplained),
            summary="Points and payment of a settled stay, explained")  # fmt: skip
def stay(request: HttpRequest, period: str, stay_id: str) -> dict[str, Any]:
    actor = actor_of(request)
    result = result_of(actor, period)
    row = stay_seen(actor, result, stay_id, actor.scope(Act.STAY_SEE))
    trail.record(actor, Act.STAY_SEE, f"stay:{result.pk}/{stay_id}")
    sections, sources = explain_stay(store.folder(result), stay_id)
    lines = [
        {"zh": section.zh, "en": section.en, "lines": [
            {"zh": line.zh, "en": line.en, "value": line.value, "parameter": line.parameter} for line in section.lines
        ]} for section in sections
    ]  # fmt: skip
    told = [{"parameter": one.parameter, "value": one.value, "source": one.source}
            for one in said_sources(sources, "zh")]  # fmt: skip
    return {"period": result.period, "digest": result.digest, "stay": row, "sections": lines, "sources": told}


def result_of(actor: Actor, period: str) -> store.Result:
    """The result of a period that the actor sees. Raises NotThere."""
    found = next((one for one in store.periods_seen(actor) if one.period == period), None)
    if found is None:
        raise NotThere
    return found
