"""The payment board: how fund and institutions stand; of one institution its figures, prepayment and statement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay.runs import Overview, Scope, View, Where, browse, overview, read_manifest, summarise
from drgpay.tables import CLOSINGS, POOLS, Table
from drgpay_web.boards import casework, spending
from drgpay_web.boards.charts import bars, text
from drgpay_web.boards.figure import explained_items
from drgpay_web.boards.filters import GROUP, SCHEME, Seen, remembered, seen
from drgpay_web.boards.grids import shown
from drgpay_web.boards.short import board_of, deeper, may_drill
from drgpay_web.boards.tiles import Tile, tiles_of
from drgpay_web.people import Act, actor_of, door
from drgpay_web.ui import field_word, lang_of, w
from drgpay_web.ui.safety import charts
from drgpay_web.ui.summaries import HOUSE, SETS
from drgpay_web.ui.tables import headed, title_of
from drgpay_web.ui.values import kind_of, printed

BOARD = "board-payment"
FUND = ("budget", "reserve", "distributable", "n", "points", "point_value")
CONSERVED = ("distributable", "risk_draw", "recovered", "paid", "returned", "carried_over", "passed")
MEASURES = ("n", "points", "cmi", "mean_cost", "due", "actual", "balance", "use_ratio", "high", "low", "qy")
STATEMENT = {4: "statements", 7: "institution_months"}
"""by the length of the period: the table with an institution's statement"""


@door(Act.BOARD_INSTITUTION)
@require_safe
def payment(request: HttpRequest) -> HttpResponse:
    """How the fund stands in a period: of the area, or of what the filter leaves of it."""
    actor, lang = actor_of(request), lang_of(request)
    if again := remembered(request, actor):
        return HttpResponseRedirect(again)
    found = seen(request, actor)
    if found is None:
        return render(request, "boards/none.html", {"title": "boards.payment"})
    by_day = spending.by_day(found) if actor.may(Act.FUND_SEE) else None
    context = {
        **board_of(found, BOARD, "overview", "due"),
        "tiles": [*_fund_tiles(found), *tiles_of(found, MEASURES, _leads(found)), *casework.open_tiles(found)],
        "drills": found.page("board-drill") if may_drill(found) else "",
        "day_chart": spending.chart(by_day, lang) if by_day and by_day.rows else None,
        "by_day": shown(by_day, lang),
        "by_house": shown(spending.by_institution(found), lang) if actor.may(Act.FUND_SEE) else None,
        "dues": dues(found),
        "point_values": point_values(found.folders, found.scope, lang),
        **(_area(found) if found.house is None else _house(found)),
    }
    return charts(render(request, "boards/payment.html", context))


def _leads(found: Seen) -> Any:
    """Where a figure comes from: stays of a class, else the sums one step deeper, by that figure."""
    stays = {"high": {"case_class.is": "high"}, "low": {"case_class.is": "low"}, "qy": {"status.is": "qy"}}

    def leads(name: str) -> str:
        if name in stays and found.actor.may(Act.STAY_SEE):
            return found.page("board-stays", **stays[name])
        return deeper(found, next((one for one, its in SETS.items() if name in its), "overview"), name)

    return leads


def _fund_tiles(found: Seen) -> list[Tile]:
    """Budget, prepayment, and the point value where there is one alone."""
    pools = browse(found.folders[0], View(POOLS.name, scope=Scope.everything()), limit=1000, totals=False).rows
    month = int(found.result.period[5:] or 0)
    scheme = found.of(SCHEME)
    its = [one for one in pools if one["month"] == month and scheme in ("", one["insurance_scheme"])]
    values = {
        field_word(one["insurance_scheme"], found.lang): printed(one["point_value"], "points", found.lang)
        for one in its if one["point_value"] is not None
    }  # fmt: skip
    link = reverse("board-table", args=[found.result.pk, POOLS.name])
    first, *rest = [*values.items(), ("", "")]
    beside = tuple((name, value, "") for name, value in rest if name)
    name = w("boards.point_value_of", found.lang, scheme=first[0]) if rest and first[0] else ""
    value = [Tile(name, first[1], beside, link, "point_value")] if first[0] else []
    return [*(spending.tiles(found) if found.actor.may(Act.FUND_SEE) else []), *value]


def _area(found: Seen) -> dict[str, Any]:
    """Fund and conservation of the area."""
    said, lang = overview(found.folders[0]), found.lang
    return {
        "fund": _lines(said.pools, POOLS, FUND, lang),
        "conservation": _conservation(said, lang),
        "rejected": said.manifest["counts"]["rejected"],
    }


def _house(found: Seen) -> dict[str, Any]:
    """The statement of an institution."""
    whole = found.actor.may(Act.STATEMENT_SEE) and not found.of("department_id") and not found.of(GROUP)
    return {"unit": found.house, "statement": _statement(found) if whole else []}


def _lines(rows: list[dict[str, Any]], table: Table, columns: tuple[str, ...], lang: str) -> dict[str, Any]:
    """Rows by insurance scheme as a small table."""
    return {
        "heads": [headed(table[name], lang) for name in columns],
        "rows": [(field_word(row["insurance_scheme"], lang),
                  [printed(row[name], kind_of(table[name]), lang) for name in columns]) for row in rows],
    }  # fmt: skip


def _conservation(said: Overview, lang: str) -> dict[str, Any] | None:
    """Sources and uses of the fund by scheme, and whether they are equal; None of a month outside a book."""
    if not said.closings:
        return None
    lines = _lines(said.closings, CLOSINGS, CONSERVED, lang)
    balanced = [row["balanced"] for row in said.closings]
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
    words = [w("boards.month", lang, month=m) for m in months]
    return bars(words, series, w("boards.yuan_per_point", lang), lines="dots")


def by_month(found: Seen, measures: tuple[str, ...]) -> tuple[list[str], dict[str, list[str | None]]]:
    """Measures by month of the period's year: the months in words, and the values of each measure."""
    own = [folder for folder in found.folders if read_manifest(folder)["year"] == found.year]
    summary = summarise(own, by=("month",), measures=measures, scope=found.scope, where=found.where)
    columns = [column for column in summary.columns if column.name != "month"]
    series = {title_of(c, found.lang): [text(row[c.name], c.type) for row in summary.rows] for c in columns}
    return [w("boards.month", found.lang, month=row["month"]) for row in summary.rows], series


def dues(found: Seen) -> Any:
    """Due beside what the fund would pay item by item, by month."""
    months, series = by_month(found, ("due", "actual"))
    return bars(months, series, w("boards.yuan", found.lang)) if months else None


def _statement(found: Seen) -> list[dict[str, Any]]:
    """The statement of the period by insurance scheme, each figure with what explains it."""
    lang, name = found.lang, STATEMENT[len(found.result.period)]
    where = [one for one in found.where if one.column in (HOUSE, SCHEME)]
    if name == "institution_months":
        where.append(Where("month", "is", int(found.result.period[5:])))
    page = browse(found.folders[0], View(name, where=tuple(where), scope=found.scope), totals=False)
    columns = [c for c in page.columns if c.type in ("fen", "points", "ratio", "int32", "int64")]
    explained, house = explained_items(name), found.of(HOUSE)
    return [
        {
            "scheme": field_word(row["insurance_scheme"], lang),
            "lines": [
                (headed(c, lang), printed(row[c.name], kind_of(c), lang),
                 reverse("board-figure", args=[found.result.pk, house, c.name]) if c.name in explained else "")
                for c in columns
            ],
        }
        for row in page.rows
    ]  # fmt: skip
