"""What stands on other pages as tables: a board's small tables, registers, stays in house, reconciliations, leads;
with the rows, the order and the values of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from drgpay.runs import Scope, View, browse
from drgpay.tables import HOUSE_STAYS, RECONCILIATION, Column
from drgpay_web import trail
from drgpay_web.api.casework import case_of
from drgpay_web.api.cursors import after, start_of
from drgpay_web.api.entry import Bearer, actor_of
from drgpay_web.api.figures import At, Most, heads_of, result_of, view_asked
from drgpay_web.api.shapes import Lines, Registers, Rows, SmallTable, answers
from drgpay_web.boards.filters import seen_of
from drgpay_web.boards.periods import Chosen
from drgpay_web.boards.taking import made_of, need
from drgpay_web.hospital import in_house, in_house_views
from drgpay_web.oversight import lists as looked
from drgpay_web.oversight import looks
from drgpay_web.people import Act, NotThere
from drgpay_web.reconcile import moves as reconciling
from drgpay_web.reconcile.views import COLUMNS, matched
from drgpay_web.registers import reads
from drgpay_web.registers.rules import register_of, registers_of

router = Router()
Filters = Annotated[list[str], Query(max_length=10)]
Language = Annotated[str, Query(pattern="^(zh|en)$", description="language of heads and names")]
Found = Annotated[str, Query(max_length=100, description="any text that stands in the row")]
Look = Annotated[int, Query(ge=0, le=2**31 - 1, description="number of a look; 0: the newest")]
Short = Annotated[str, Query(max_length=60)]


@router.get("/boards/{period}/tables/{name}", tags=["figures"], auth=Bearer("boards"), response=answers(SmallTable),
            summary="A small table of a board: evaluation, indicators, marks, prepayment by day …")  # fmt: skip
def small_table(request: HttpRequest, period: str, name: str, lang: Language = "zh") -> dict[str, Any]:
    """Filtered as the board's address is: ``institution_id.is``, ``department_id.is``, ``insurance_scheme.is``."""
    actor = actor_of(request)
    need(actor, name)
    result = result_of(actor, period)
    made = made_of(name, seen_of(actor, lang, Chosen(result, [result], []), request.GET))
    columns = [{"title": title, "type": kind} for title, kind in made.columns]
    return {"period": result.period, "digest": result.digest, "title": made.title, "columns": columns,
            "rows": [list(row) for row in made.rows]}  # fmt: skip


@router.get("/registers", tags=["registers"], auth=Bearer("registers"), response=answers(Registers),
            summary="Registers one may read, with how many rows they have")  # fmt: skip
def registers(request: HttpRequest) -> dict[str, Any]:
    actor = actor_of(request, Act.REGISTER_SEE)
    found = [
        {"name": seen.table.name, "zh": seen.table.zh, "en": seen.table.en, "rows": reads.count(actor.area, seen)}
        for seen in registers_of(actor)
    ]
    return {"registers": found}


@router.get("/registers/{name}", tags=["registers"], auth=Bearer("registers"), response=answers(Lines),
            summary="Rows of a register in force")  # fmt: skip
def register(
    request: HttpRequest, name: str, q: Found = "", lang: Language = "zh", limit: Most = 50, cursor: At = ""
) -> dict[str, Any]:
    actor = actor_of(request, Act.REGISTER_SEE)
    seen, start = register_of(actor, name), start_of(cursor)
    rows = [row for _, row in reads.found(actor.area, seen, q.strip(), lang)]
    return _lines(seen.table.columns, rows[start : start + limit], start, len(rows))


@router.get("/in-house", tags=["figures"], auth=Bearer("stays"), response=answers(Lines),
            summary="Stays in house with the group and payment to be expected; no limit of care")  # fmt: skip
def staying(
    request: HttpRequest, where: Filters = [], sort: Annotated[str, Query(max_length=60)] = "",  # noqa: B006
    limit: Most = 50, cursor: At = "",
) -> dict[str, Any]:  # fmt: skip
    actor = actor_of(request, Act.IN_HOUSE_SEE)
    case = in_house.latest(in_house_views.house_of(actor))
    if case is None:
        raise NotThere
    trail.record(actor, Act.IN_HOUSE_SEE, f"case:{case.number}")
    scope = actor.scope(Act.IN_HOUSE_SEE)
    view = view_asked(in_house.place_of(case), HOUSE_STAYS.name, scope, where, sort, in_house_views.COLUMNS)
    return _browsed(in_house.place_of(case), view, limit, cursor)


@router.get("/reconciliations/{number}/lines", tags=["cases"], auth=Bearer("cases"), response=answers(Lines),
            summary="Lines of a reconciliation: what agrees and what differs")  # fmt: skip
def differences(
    request: HttpRequest, number: str, where: Filters = [], sort: Annotated[str, Query(max_length=60)] = "",  # noqa: B006
    limit: Most = 50, cursor: At = "",
) -> dict[str, Any]:  # fmt: skip
    actor = actor_of(request, Act.RECONCILE_SEE)
    case = matched(actor, case_of(actor, number).pk)
    folder, scope = reconciling.place_of(case), Scope.institution(case.unit.code)
    return _browsed(folder, view_asked(folder, RECONCILIATION.name, scope, where, sort, COLUMNS), limit, cursor)


@router.get("/oversight/leads", tags=["cases"], auth=Bearer("cases"), response=answers(Rows),
            summary="Leads of a look, the likeliest first: no findings until somebody reviews them")  # fmt: skip
def leads(
    request: HttpRequest, look: Look = 0, rule: Short = "", house: Short = "", lang: Language = "zh",
    limit: Most = 50, cursor: At = "",
) -> dict[str, Any]:  # fmt: skip
    """The bureau's; of the newest look without ``look``. ``case``: the case a lead is in."""
    return _looked(request, "leads", look, rule, house, lang, limit, cursor)


@router.get("/oversight/sample", tags=["cases"], auth=Bearer("cases"), response=answers(Rows),
            summary="Stays that were drawn to be coded again")  # fmt: skip
def sample(
    request: HttpRequest, look: Look = 0, house: Short = "", lang: Language = "zh", limit: Most = 50, cursor: At = ""
) -> dict[str, Any]:
    return _looked(request, "sample", look, "", house, lang, limit, cursor)


def _looked(
    request: HttpRequest, kind: str, number: int, rule: str, house: str, lang: str, limit: int, cursor: str
) -> dict[str, Any]:
    """A page of the lists of a look."""
    actor, start = actor_of(request, Act.SUSPICION_LEADS), start_of(cursor)
    look = looks.look_seen(actor, number) if number else looks.looks(actor.area).first()
    if look is None:
        raise NotThere
    trail.record(actor, Act.SUSPICION_LEADS, f"result:{look.pk}", after={"table": kind})
    found = looked.listed(actor, looked.Asked(kind, look, rule, house), lang, start=start, limit=limit)
    told = _lines(looked.COLUMNS[kind], found.rows, start, found.total)
    return {"period": look.period, "digest": look.digest, **told}


def _browsed(folder: Path, view: View, limit: int, cursor: str) -> dict[str, Any]:
    """A page of a view of a folder that is no result's."""
    start = start_of(cursor)
    page = browse(folder, view, offset=start, limit=limit, totals=False)
    return _lines(page.columns, page.rows, start, page.total)


def _lines(columns: Iterable[Column], rows: Sequence[dict[str, Any]], start: int, total: int) -> dict[str, Any]:
    return {"columns": heads_of(columns), "rows": rows, "total": total, "next": after(start, len(rows), total)}
