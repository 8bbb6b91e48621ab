"""Pages of stays in house: the list with filters and as a workbook, handing a file over, its form."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from drgpay import runs
from drgpay.tables import HOUSE_STAYS
from drgpay_web import clock, flow, inbox, store, trail
from drgpay_web.hospital import in_house
from drgpay_web.papers import excel
from drgpay_web.people import Act, Actor, NotThere, Unit, actor_of, door
from drgpay_web.ui import PageError, Unfit, downloads, lang_of, w
from drgpay_web.ui.tables import page_of, view_of
from drgpay_web.ui.values import Names

COLUMNS = ("stay_id", "department_id", "doctor_id", "drg", "base_points", "days", "days_left", "total_cost",
           "points", "expected_payment", "mean_days", "case_class", "high_bound", "weight")  # fmt: skip
FILTERS = ("stay_id", "department_id", "doctor_id", "drg", "case_class", "days_left")


@door(Act.IN_HOUSE_SEE)
@require_safe
def stays(request: HttpRequest) -> HttpResponse:
    """Stays in house as far as the reader's people go: the hospital's, the department's, one's own."""
    actor = actor_of(request)
    case = in_house.latest(house_of(actor))
    waiting = flow.cases_of(actor, machine=in_house.MACHINE).filter(closed_at=None).exclude(state="ready").last()
    context: dict[str, Any] = {
        "case": case, "waiting": waiting, "may_upload": actor.may(Act.IN_HOUSE_UPLOAD),
        "may_code": actor.may(Act.CODING_SEE),
    }  # fmt: skip
    if case:
        folder, scope = in_house.place_of(case), actor.scope(Act.IN_HOUSE_SEE)
        context |= {
            "table": page_of(request, folder, HOUSE_STAYS.name, scope, columns=COLUMNS, filters=FILTERS, links=leads,
                             names=names_of(actor, case)),
            "excel": reverse("in-house-excel"), "as_of": case.opened_at,
        }  # fmt: skip
    return render(request, "hospital/in_house.html", context)


def leads(column: str, row: dict[str, Any]) -> str:
    """A stay leads to its coding page."""
    return reverse("coding-in-house", args=[row["stay_id"]]) if column == "stay_id" else ""


def house_of(actor: Actor) -> Unit:
    """The reader's hospital. Raises NotThere."""
    house = actor.unit.of_kind(Unit.INSTITUTION)
    if house is None:
        raise NotThere
    return house


def names_of(actor: Actor, case: flow.Case) -> Names | None:
    """Names of groups, departments and doctors, as the latest result has them."""
    result = next(iter(store.periods_seen(actor)), None)
    if result is None:
        return None
    known = store.names_in(result)

    def name(column: str, row: Mapping[str, Any]) -> str:
        own = row.get("drg_name") if column == "drg" else ""
        return own or known(column, {**row, "institution_id": case.unit.code})

    return name


@require_http_methods(["GET", "POST"])
@door(Act.IN_HOUSE_UPLOAD)
def upload(request: HttpRequest) -> HttpResponse:
    """Hand a file over."""
    actor, error = actor_of(request), None
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise inbox.NotKept("inbox.empty")
            case = in_house.hand_over(actor, chunks=file.chunks(), name=file.name or "")
            return redirect("case", pk=case.pk)
        except PageError as wrong:
            error = wrong
    days = runs.office_terms(store.practice_source(actor.area), clock.today()).in_house_days
    context = {"error": error.said(lang_of(request)) if error else "", "days": days}
    return render(request, "hospital/in_house_upload.html", context, status=error.status if error else 200)


@door(Act.IN_HOUSE_UPLOAD)
@require_safe
def form(request: HttpRequest) -> HttpResponse:
    """The workbook to fill in, empty or with an example."""
    actor, lang = actor_of(request), lang_of(request)
    today, filled = clock.today(), request.GET.get("filled") == "1"
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "form.xlsx"
        runs.write_house_form(target, house_of(actor).code, (today.year, today.month), filled=filled, lang=lang)
        name = w("hospital.in_house_example" if filled else "hospital.in_house_form", lang)
        return downloads.attached(target.read_bytes(), downloads.KINDS["xlsx"], f"{name}.xlsx")


@door(Act.IN_HOUSE_SEE)
@require_safe
def workbook(request: HttpRequest) -> HttpResponse:
    """The same selection as a workbook; that it was taken is recorded."""
    actor, lang = actor_of(request), lang_of(request)
    house = house_of(actor)
    case = in_house.latest(house)
    if case is None:
        raise Unfit("hospital.in_house_none")
    folder, scope = in_house.place_of(case), actor.scope(Act.IN_HOUSE_SEE)
    view = view_of(request, folder, HOUSE_STAYS.name, scope, columns=COLUMNS)
    page = runs.browse(folder, view, limit=0)
    title = w("hospital.in_house_title", lang)
    whose = f"{house.name} {case.number} {actor.person.name} {clock.now():%Y-%m-%d %H:%M}"
    mark = f"{whose} {w('hospital.no_limit', lang)}"
    rows = (row for batch in runs.export_rows(folder, view) for row in batch)
    made, count = excel.at_once(
        f"{house.name}_{title}_{case.number}", title=title, mark=mark, columns=page.columns, rows=rows,
        sums=page.sums, total=w("ui.total", lang), lang=lang, names=names_of(actor, case),
    )  # fmt: skip
    trail.record(actor, "in_house.excel", f"case:{case.number}", after={"rows": count})
    return made
