"""The area's board: fund and point value, conservation, how the institutions stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay.runs import Overview, Scope, View, Where, browse, overview, read_manifest, summarise
from drgpay.tables import CLOSINGS, POOLS, Table
from drgpay_web import store
from drgpay_web.boards.charts import bars, text
from drgpay_web.boards.periods import chosen
from drgpay_web.boards.tiles import tiles_of
from drgpay_web.people import Act, actor_of, door
from drgpay_web.ui import field_word, w
from drgpay_web.ui.safety import charts
from drgpay_web.ui.summaries import answer, question_of, table_of
from drgpay_web.ui.tables import title_of
from drgpay_web.ui.values import kind_of, printed

FUND = ("budget", "reserve", "distributable", "n", "points", "point_value")
CONSERVED = ("distributable", "risk_draw", "recovered", "paid", "returned", "carried_over", "passed")


@door(Act.BOARD_AREA)
@require_safe
def area(request: HttpRequest) -> HttpResponse:
    """How the area stands in a period."""
    actor, lang = actor_of(request), str(getattr(request, "lang", "zh"))
    period = chosen(request, actor, lang)
    if period is None:
        return render(request, "boards/none.html", {"title": "boards.area"})
    result, scope = period.result, actor.scope(Act.BOARD_AREA)
    folders, names = store.beside(actor, result), store.names_in(result)
    seen = overview(folders[0])
    asked = QueryDict(mutable=True)
    asked.update({"sort": request.GET.get("sort", "-due"), "page": request.GET.get("page", "1")})
    question = question_of(asked, "institution_id")

    def leads(column: str, row: dict[str, Any]) -> str:
        if column != "institution_id":
            return ""
        return f"{reverse('board-institution', args=[row[column]])}?{urlencode({'period': result.pk})}"

    context = {
        "period": period,
        "result": result,
        "tiles": tiles_of(folders, scope, lang),
        "fund": _lines(seen.pools, POOLS, FUND, lang),
        "conservation": _conservation(seen, lang),
        "rejected": seen.manifest["counts"]["rejected"],
        "table": table_of(question, answer(question, folders, scope), lang, leads, names),
        "excel": f"{reverse('take-summary', args=[result.pk])}?{asked.urlencode()}&by=institution_id",
        "may_drill": actor.may(Act.BOARD_DEPARTMENT),
        "point_values": point_values(folders, scope, lang),
        "dues": dues(folders, scope, lang),
    }
    return charts(render(request, "boards/area.html", context))


def _lines(rows: list[dict[str, Any]], table: Table, columns: tuple[str, ...], lang: str) -> dict[str, Any]:
    """Rows by insurance scheme as a small table."""
    return {
        "heads": [title_of(table[name], lang) for name in columns],
        "rows": [(field_word(row["insurance_scheme"], lang),
                  [printed(row[name], kind_of(table[name]), lang) for name in columns]) for row in rows],
    }  # fmt: skip


def _conservation(seen: Overview, lang: str) -> dict[str, Any] | None:
    """Sources and uses of the fund by scheme, and whether they are equal; None of a month outside a book."""
    if not seen.closings:
        return None
    lines = _lines(seen.closings, CLOSINGS, CONSERVED, lang)
    balanced = [row["balanced"] for row in seen.closings]
    lines["rows"] = [(*row, good) for row, good in zip(lines["rows"], balanced, strict=True)]
    return lines


def point_values(folders: list[Path], scope: Scope, lang: str) -> Any:
    """The point value of every month of the period's year, by insurance scheme; None where there is none."""
    year = read_manifest(folders[0])["year"]
    found: dict[tuple[str, int], int | None] = {}
    for folder in folders:
        if read_manifest(folder)["year"] == year:
            view = View(POOLS.name, where=(Where("month", "from", 1),), scope=scope)
            for row in browse(folder, view, limit=1000, totals=False).rows:
                found[row["insurance_scheme"], row["month"]] = row["point_value"]
    months = sorted({month for _, month in found})
    if not any(found.values()):
        return None
    series = {
        field_word(scheme, lang): [text(found.get((scheme, month)), "points") for month in months]
        for scheme in sorted({scheme for scheme, _ in found})
    }
    return bars(
        [w("boards.month", lang, month=m) for m in months], series, w("boards.yuan_per_point", lang), lines=True
    )


def dues(folders: list[Path], scope: Scope, lang: str, where: tuple[Where, ...] = ()) -> Any:
    """Due beside what the fund would pay item by item, by month of the period's year."""
    year = read_manifest(folders[0])["year"]
    own = [folder for folder in folders if read_manifest(folder)["year"] == year]
    summary = summarise(own, by=("month",), measures=("due", "actual"), scope=scope, where=where)
    columns = [column for column in summary.columns if column.name != "month"]
    series = {title_of(c, lang): [text(row[c.name], "fen") for row in summary.rows] for c in columns}
    months = [w("boards.month", lang, month=row["month"]) for row in summary.rows]
    return bars(months, series, w("boards.yuan", lang)) if months else None
