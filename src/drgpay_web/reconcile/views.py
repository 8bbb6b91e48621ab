"""Pages of reconciliations: upload, and the lines with filters and as a workbook. The case has its own page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay import runs
from drgpay.tables import RECONCILIATION
from drgpay_web import clock, flow, inbox, trail
from drgpay_web.papers import excel
from drgpay_web.people import Act, Actor, NotThere, actor_of, door
from drgpay_web.reconcile import actions, moves
from drgpay_web.ui import Unfit, lang_of, w
from drgpay_web.ui.errors import PageError
from drgpay_web.ui.tables import page_of, view_of

COLUMNS = ("line", "stay_id", "settlement_id", "discharge_date", "kind", "drg", "returned_drg", "case_class",
           "returned_class", "points", "returned_points", "total_cost", "returned_cost", "payment",
           "returned_payment", "amount", "object")  # fmt: skip


@door(Act.RECONCILE_UPLOAD)
def upload(request: HttpRequest) -> HttpResponse:
    """Hand a return over: which institution's (the bureau's choice), against which result, whose groups."""
    actor, lang = actor_of(request), lang_of(request)
    houses, found = actor.institutions(Act.RECONCILE_UPLOAD), actions.results(actor)
    error: PageError | None = None
    if request.method == "POST":
        said = request.POST
        unit = next((one for one in houses if str(one.pk) == said.get("unit", "")), None)
        unit = houses[0] if unit is None and len(houses) == 1 else unit
        result = next((one for one in found if str(one.pk) == said.get("result", "")), None)
        file = request.FILES.get("file")
        try:
            if file is None:
                raise inbox.NotKept("inbox.empty")
            if unit is None or result is None:
                raise Unfit("reconcile.unclear")
            case = actions.upload(
                actor, chunks=file.chunks(), name=file.name or "", unit=unit, result=result, of=said.get("of", ""),
                columns=said.get("columns", "")[:2000],
            )  # fmt: skip
            return redirect("case", pk=case.pk)
        except PageError as wrong:
            error = wrong
    context = {
        "houses": houses,
        "results": found,
        "kinds": [(one, w(f"reconcile.of_{one}", lang)) for one in actions.KINDS],
        "typed": request.POST,
        "error": error.said(lang) if error else "",
    }
    return render(request, "reconcile/upload.html", context, status=error.status if error else 200)


def matched(actor: Actor, pk: int) -> flow.Case:
    """A reconciliation that was matched, within the actor's reach. Raises NotThere."""
    case = flow.case_seen(actor, pk)
    if case.machine != "reconciliation" or "totals" not in case.data:
        raise NotThere
    return case


@require_safe
@door(Act.RECONCILE_SEE)
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines, filtered and ordered by the address."""
    case = matched(actor_of(request), pk)

    def leads(column: str, row: dict[str, object]) -> str:
        stay = row.get("stay_id")
        return reverse("stay", args=[case.data["result"], stay]) if column == "stay_id" and stay else ""

    context = {
        "case": case,
        "table": page_of(
            request, moves.place_of(case), RECONCILIATION.name, runs.Scope.institution(case.unit.code),
            columns=COLUMNS, filters=("kind", "stay_id", "drg", "returned_drg", "object"), links=leads,
        ),
        "excel": reverse("reconcile-excel", args=[case.pk]),
    }  # fmt: skip
    return render(request, "reconcile/lines.html", context)


@require_safe
@door(Act.RECONCILE_SEE)
def workbook(request: HttpRequest, pk: int) -> HttpResponse:
    """The same selection as a workbook; that it was taken is recorded."""
    actor, lang = actor_of(request), lang_of(request)
    case = matched(actor, pk)
    folder, scope = moves.place_of(case), runs.Scope.institution(case.unit.code)
    names = (*COLUMNS, "cause_zh" if lang == "zh" else "cause_en", "remark")
    view = view_of(request, folder, RECONCILIATION.name, scope, columns=names)
    page = runs.browse(folder, view, limit=0)
    title = w("reconcile.case", lang)
    mark = f"{case.unit.name} {case.period} {case.number} {actor.person.name} {clock.now():%Y-%m-%d %H:%M}"
    rows = (row for batch in runs.export_rows(folder, view) for row in batch)
    made, count = excel.at_once(
        f"{case.unit.name}_{case.period}_{title}_{case.number}", title=title, mark=mark, columns=page.columns,
        rows=rows, sums=page.sums, total=w("ui.total", lang), lang=lang, names=None,
    )  # fmt: skip
    trail.record(actor, "reconcile.excel", f"case:{case.number}", after={"rows": count})
    return made
