"""The board of an institution: its figures, beside its peers, by department and group; its statement."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay.errors import DrgpayError
from drgpay.runs import Scope, Sort, View, Where, browse, summarise
from drgpay_web import store
from drgpay_web.boards.area import dues, point_values
from drgpay_web.boards.drill import named_within
from drgpay_web.boards.figure import explained_items
from drgpay_web.boards.periods import chosen
from drgpay_web.boards.tiles import tiles_of
from drgpay_web.people import Act, Actor, NotThere, Unit, actor_of, door
from drgpay_web.ui import field_word
from drgpay_web.ui.safety import charts
from drgpay_web.ui.summaries import HOUSE, Question, answer, table_of
from drgpay_web.ui.tables import title_of
from drgpay_web.ui.values import kind_of, printed

PEERS = ("cmi", "mean_cost", "mean_los", "use_ratio", "high_share", "low_share")
STATEMENT = {4: "statements", 7: "institution_months"}
"""by the length of the period: the table with an institution's statement"""


@door(Act.BOARD_INSTITUTION)
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """The board of one's own institution; of the first where there are several to choose from."""
    houses = actor_of(request).institutions(Act.BOARD_INSTITUTION)
    if not houses:
        return render(request, "boards/none.html", {"title": "boards.institution"})
    return HttpResponseRedirect(reverse("board-institution", args=[houses[0].code]))


@door(Act.BOARD_INSTITUTION)
@require_safe
def institution(request: HttpRequest, house: str) -> HttpResponse:
    """How an institution stands in a period."""
    actor, lang = actor_of(request), str(getattr(request, "lang", "zh"))
    unit = house_seen(actor, Act.BOARD_INSTITUTION, house)
    period = chosen(request, actor, lang)
    if period is None:
        return render(request, "boards/none.html", {"title": "boards.institution"})
    result, scope = period.result, actor.scope(Act.BOARD_INSTITUTION)
    folders, own_rows = store.beside(actor, result), (Where(HOUSE, "is", house),)
    names = named_within(store.names_in(result), own_rows)
    here = urlencode({"period": result.pk, f"{HOUSE}.is": house})
    drills = f"{reverse('board-drill')}?{here}" if actor.may(Act.BOARD_DEPARTMENT) else ""

    def table(by: str, sort: str) -> dict[str, Any]:
        question = Question(by, "overview", "", own_rows, Sort(sort, down=True), 1)
        may, start = {
            "department_id": (bool(drills), f"{drills}&by=doctor_id&department_id.is="),
            "drg": (actor.may(Act.STAY_SEE), f"{reverse('board-stays')}?{here}&drg.is="),
        }[by]

        def lead(column: str, row: dict[str, Any]) -> str:
            return f"{start}{row[by]}" if column == by and may and row[by] is not None else ""

        found = table_of(question, answer(question, folders, scope), lang, lead, names)
        found["rows"] = found["rows"][:10]
        return found

    context = {
        "unit": unit,
        "houses": actor.institutions(Act.BOARD_INSTITUTION),
        "period": period,
        "result": result,
        "tiles": tiles_of(folders, scope, lang, own_rows),
        "peers": _peers(folders, scope, house, lang),
        "departments": table("department_id", "due"),
        "groups": table("drg", "due"),
        "drills": drills,
        "all_groups": drills and f"{drills}&by=drg",
        "statement": _statement(result, folders[0], scope, house, lang) if actor.may(Act.STATEMENT_SEE) else [],
        "dues": dues(folders, scope, lang, own_rows),
        "point_values": point_values(folders, scope, lang),
    }
    return charts(render(request, "boards/institution.html", context))


def house_seen(actor: Actor, act: Act, code: str) -> Unit:
    """An institution within the reader's reach. Raises NotThere."""
    found = next((unit for unit in actor.institutions(act) if unit.code == code), None)
    if found is None:
        raise NotThere
    return found


def _peers(folders: list[Any], scope: Scope, house: str, lang: str) -> list[tuple[str, str, str, str]]:
    """Quotients of the institution beside those of its level: name, own, peers', difference; ``None``: too few."""
    try:
        found = summarise(folders[:1], by=(HOUSE,), measures=PEERS, scope=scope, compare="peers")
    except DrgpayError:
        return []
    at = next((number for number, row in enumerate(found.rows) if row[HOUSE] == house), None)
    if at is None:
        return []
    row, lines = found.rows[at], []
    for column in found.columns:
        if column.name in PEERS:
            kind = kind_of(column)
            three = (printed(row[f"{column.name}{end}"], kind, lang) for end in ("", "_compared", "_change"))
            lines.append((title_of(column, lang), *three))
    return lines  # type: ignore[return-value]


def _statement(result: Any, folder: Any, scope: Scope, house: str, lang: str) -> list[dict[str, Any]]:
    """The statement of the period by insurance scheme, each figure with what explains it."""
    name = STATEMENT[len(result.period)]
    where = [Where(HOUSE, "is", house)]
    if name == "institution_months":
        where.append(Where("month", "is", int(result.period[5:])))
    page = browse(folder, View(name, where=tuple(where), scope=scope), totals=False)
    columns = [c for c in page.columns if c.type in ("fen", "points", "ratio", "int32", "int64")]
    explained = explained_items(name)
    return [
        {
            "scheme": field_word(row["insurance_scheme"], lang),
            "lines": [
                (title_of(c, lang), printed(row[c.name], kind_of(c), lang),
                 reverse("board-figure", args=[result.pk, house, c.name]) if c.name in explained else "")
                for c in columns
            ],
        }
        for row in page.rows
    ]  # fmt: skip
