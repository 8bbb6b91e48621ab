"""A department's and a doctor's own page: figures, trend, groups, quality, alerts, what is to be done, slips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drgpay.runs import Scope, Sort, View, Where, browse, colleagues, summarise
from drgpay.tables import DEPARTMENT_RESULTS, DEPARTMENTS, DOCTORS
from drgpay.units import show_fen
from drgpay_web import flow, store
from drgpay_web.boards.filters import Seen, named_within
from drgpay_web.boards.payment import dues
from drgpay_web.boards.periods import chosen
from drgpay_web.boards.tiles import tiles_of
from drgpay_web.hospital import orders, reads
from drgpay_web.people import Act, Actor, NotThere, Unit, actor_of, door
from drgpay_web.ui import lang_of, w
from drgpay_web.ui.safety import charts
from drgpay_web.ui.summaries import HOUSE, Question, answer, table_of
from drgpay_web.ui.tables import cell, head, headed, title_of
from drgpay_web.ui.values import kind_of, printed

WARD, DOCTOR = "department_id", "doctor_id"
TILES = ("n", "cmi", "points", "due", "total_cost", "balance", "high", "low", "mean_los", "use_ratio")
TREND = ("n", "cmi", "points", "total_cost", "due", "balance", "high", "low", "mean_los")
BESIDE = ("n", "cmi", "mean_cost", "mean_los", "high_share", "low_share", "use_ratio")
"""measures of a doctor that stand beside those of others"""
INDICES = ("score", "cmi", "cost_index", "time_index")
SHORT = 8
"""groups with the largest gains, and with the largest losses"""
PATIENTS = 12
Row = dict[str, Any]


@door(Act.WARD_SEE)
@require_safe
def ward(request: HttpRequest) -> HttpResponse:
    """A department's page: one's own; whoever sees the hospital chooses one."""
    actor = actor_of(request)
    code = _code(request, actor, Unit.DEPARTMENT)
    if not code:
        return _choose(request, actor, WARD, Act.WARD_SEE)
    name = _name(actor, DEPARTMENTS, WARD, code)
    context = _figures(request, actor, WARD, code, Act.WARD_SEE)
    lang = lang_of(request)
    context |= {
        "name": name, "code": code, "quality": quality(actor, code), "alerts": _cases(actor, "alert", code),
        "views": [_quarter(one, lang) for one in _cases(actor, "hospital_department", code)],
        "work": _work([row for row in flow.work_list(actor) if _is_in(row.case.unit, code)], actor),
        "notes": [one for one in _cases(actor, "coding_note", code) if one.open],
    }  # fmt: skip
    return charts(render(request, "hospital/ward.html", context))


@door(Act.DOCTOR_SEE)
@require_safe
def doctor(request: HttpRequest) -> HttpResponse:
    """A doctor's page: one's own; whoever sees the department or the hospital chooses one."""
    actor = actor_of(request)
    code = _code(request, actor, Unit.DOCTOR)
    if not code:
        return _choose(request, actor, DOCTOR, Act.DOCTOR_SEE)
    name = _name(actor, DOCTORS, DOCTOR, code)
    context = _figures(request, actor, DOCTOR, code, Act.DOCTOR_SEE)
    mine = actor.unit.kind == Unit.DOCTOR
    context |= {
        "name": name, "code": code, "mine": mine,
        "slips": [_slip(case, row, lang_of(request)) for case, row in reads.own_slips(actor)] if mine else [],
        "work": _work(flow.work_list(actor), actor) if mine else [],
        "patients": _patients(context["period"], actor, code, lang_of(request)),
        "others": _others(context["period"], actor, code, lang_of(request)),
    }  # fmt: skip
    return charts(render(request, "hospital/doctor.html", context))


def _code(request: HttpRequest, actor: Actor, kind: str) -> str:
    """Whose page: the own unit's where it is of this kind, else the one the address names. Raises NotThere for
    another one's."""
    asked = request.GET.get("code", "")
    if actor.unit.kind == kind:
        if asked not in ("", actor.unit.code):
            raise NotThere
        return actor.unit.code
    return asked


def _name(actor: Actor, table: Any, key: str, code: str) -> str:
    """The name of a department or doctor of the own hospital, and department. Raises NotThere for another's."""
    if (actor.unit.kind, actor.unit.code) == (Unit.DOCTOR if key == DOCTOR else Unit.DEPARTMENT, code):
        return actor.unit.name
    house = actor.unit.of_kind(Unit.INSTITUTION)
    found = [row for row in store.rows(actor.area, table) if house and row[HOUSE] == house.code and row[key] == code]
    if actor.unit.kind != Unit.INSTITUTION:
        ward = actor.unit.of_kind(Unit.DEPARTMENT)
        found = [row for row in found if ward and row[WARD] == ward.code]
    if not found:
        raise NotThere
    return str(found[0]["name"])


def _where(actor: Actor, column: str, code: str) -> tuple[Where, ...]:
    house = actor.unit.of_kind(Unit.INSTITUTION)
    assert house is not None
    return Where(HOUSE, "is", house.code), Where(column, "is", code)


def _figures(request: HttpRequest, actor: Actor, column: str, code: str, act: Act) -> dict[str, Any]:
    """The period's figures, the year by month, and the groups with the largest gains and losses."""
    lang = lang_of(request)
    period = chosen(request, actor, lang)
    if period is None:
        return {"period": None}
    where = _where(actor, column, code)
    seen = Seen(actor, lang, period, where, actor.unit.of_kind(Unit.INSTITUTION), act)
    folders, scope = seen.folders, seen.scope
    here = {"period": period.result.pk} | {f"{one.column}.is": one.value for one in where}
    may_drill, may_see = actor.may(Act.BOARD_DEPARTMENT), actor.may(Act.STAY_SEE)

    def table(by: str, sort: Sort, leads: str) -> dict[str, Any]:
        question = Question(by, "overview", "", where, sort, 1)

        def lead(name: str, row: Row) -> str:
            return f"{leads}{row[by]}" if leads and name == by and row[by] is not None else ""

        summary = answer(question, folders, scope)
        if by == "drg":
            gain = sort.down
            its = [row for row in summary.rows if row["balance"] and (row["balance"] > 0) == gain]
            summary = replace(summary, rows=its)
        return table_of(question, summary, lang, lead, seen.names, most=SHORT)

    stays = f"{reverse('board-stays')}?{urlencode(here)}"
    doctors = f"{reverse('hospital-doctor')}?period={period.result.pk}&code="
    return {
        "period": period, "result": period.result, "tiles": tiles_of(seen, TILES, lambda measure: ""),
        "dues": dues(seen), "trend": _trend(actor, period.result, scope, where, lang),
        "gains": table("drg", Sort("balance", down=True), f"{stays}&drg.is=" if may_see else ""),
        "losses": table("drg", Sort("balance"), f"{stays}&drg.is=" if may_see else ""),
        "doctors": table(DOCTOR, Sort("due", down=True), doctors) if column == WARD else None,
        "stays": stays if may_see else "",
        "drill": f"{reverse('board-drill')}?{urlencode(here | {'by': 'drg'})}" if may_drill else "",
    }  # fmt: skip


def _trend(actor: Actor, result: store.Result, scope: Scope, where: tuple[Where, ...], lang: str) -> dict[str, Any]:
    """The months of the period's year that are published, with the sums of all of them."""
    year = result.period[:4]
    its = [one for one in store.periods_seen(actor) if one.period[:4] == year]
    whole = [one for one in its if one.period == year]
    folders = [store.folder(one) for one in (whole or sorted(its, key=lambda one: one.period))]
    if not folders:
        return {}
    found = summarise(folders, by=("month",), measures=TREND, scope=scope, where=where)
    return {
        "heads": [head(column, None, lang) for column in found.columns],
        "rows": [[cell(column, row, lang) for column in found.columns] for row in found.rows],
        "sums": [printed(found.totals.get(c.name), kind_of(c), lang) for c in found.columns],
        "year": year,
    }


def quality(actor: Actor, code: str) -> list[Row]:
    """What was found in a department's records, by month: score, stays with errors, findings; the latest first."""
    house = actor.unit.of_kind(Unit.INSTITUTION)
    checked = flow.Case.objects.filter(machine="submission", unit=house).exclude(state="superseded")
    rows: list[Row] = []
    for case in checked.order_by("-period", "-pk"):
        of_ward = [one for one in (case.data.get("found") or {}).get("wards", ()) if one["department_id"] == code]
        rows.extend({"period": case.period, **one, "score_said": show_fen(one["score"])} for one in of_ward)
    return rows[:PATIENTS]


def _work(rows: list[flow.Row], actor: Actor) -> list[Row]:
    """What is to be done: the kind of case, and how it stands."""
    lang = actor.person.language
    return [
        {
            "row": one,
            "case": one.case,
            "kind": w(one.case.rules.words, lang),
            "state": flow.state_words(actor, one.case),
        }
        for one in rows[:PATIENTS]
    ]


def _is_in(unit: Unit, code: str) -> bool:
    ward = unit.of_kind(Unit.DEPARTMENT)
    return ward is not None and ward.code == code


def _cases(actor: Actor, machine: str, code: str) -> list[flow.Case]:
    """The cases of a machine on a department or its doctors that the reader may see, the latest first."""
    found = flow.cases_of(actor, machine=machine).select_related("unit__parent").order_by("-pk")[:200]
    return [one for one in found if _is_in(one.unit, code)][:PATIENTS]


def _quarter(case: flow.Case, lang: str) -> Row:
    """A department's view of a quarter: its indices and what it gets."""
    result = orders.result_of(flow.Case.objects.get(pk=case.data["quarter"]))
    rows = orders.rows_of(result, "department_results") if result else []
    own: Row = next((row for row in rows if row["department_id"] == case.unit.code), {})
    columns = [DEPARTMENT_RESULTS[name] for name in INDICES if own.get(name)]
    said = [(title_of(one, lang), printed(own[one.name], "ratio", lang)) for one in columns]
    papers = [one.name for one in case.rules.papers if one.there(case)]
    return {"case": case, "said": said, "share": printed(own.get("share"), "fen", lang), "papers": papers}


def _slip(case: flow.Case, row: Mapping[str, Any], lang: str) -> Row:
    return {"case": case, "staff": row["staff_id"], "paid": printed(row["paid"], "fen", lang),
            "held": printed(row["held"], "fen", lang)}  # fmt: skip


def _others(period: Any, actor: Actor, code: str, lang: str) -> Row:
    """A doctor beside the others of his department, and of its specialty in other institutions: never named, and left
    out where they are few."""
    house = actor.unit.of_kind(Unit.INSTITUTION)
    if period is None or house is None:
        return {}
    doctors = [one for one in store.rows(actor.area, DOCTORS) if one[HOUSE] == house.code and one[DOCTOR] == code]
    ward = str(doctors[0][WARD]) if doctors else ""
    alike = store.departments_alike(actor.area, house.code, ward)
    found = colleagues(
        store.folder(period.result), actor.area, institution=house.code, department=ward, doctor=code, alike=alike,
        measures=BESIDE,
    )  # fmt: skip
    if not any(one.own for one in found):
        return {}
    rows = [(one.column, (one.own, one.ward, one.specialty)) for one in found]
    return {"rows": [(headed(c, lang), *(printed(v, kind_of(c), lang) for v in values)) for c, values in rows]}


def _patients(period: Any, actor: Actor, code: str, lang: str) -> dict[str, Any]:
    """The last stays of a doctor, without who the patients are."""
    if period is None or not actor.may(Act.STAY_SEE):
        return {}
    columns = ("stay_id", "discharge_date", "drg", "case_class", "total_cost", "due", "balance")
    view = View("settled_stays", columns, _where(actor, DOCTOR, code), (Sort("discharge_date", down=True),),
                scope=actor.scope(Act.STAY_SEE))  # fmt: skip
    page, names = browse(store.folder(period.result), view, limit=PATIENTS), store.names_in(period.result)

    def lead(column: str, row: Row) -> str:
        return reverse("stay", args=[period.result.pk, row["stay_id"]]) if column == "stay_id" else ""

    return {
        "heads": [head(column, None, lang) for column in page.columns],
        "rows": [[cell(column, row, lang, lead, names) for column in page.columns] for row in page.rows],
        "total": page.total,
    }


def _choose(request: HttpRequest, actor: Actor, by: str, act: Act) -> HttpResponse:
    """The departments, or doctors, of whom one is chosen."""
    lang, what = lang_of(request), "ward" if by == WARD else "doctor"
    period = chosen(request, actor, lang)
    if period is None:
        return render(request, "boards/none.html", {"title": f"hospital.{what}s"})
    house = actor.unit.of_kind(Unit.INSTITUTION)
    assert house is not None
    where = [Where(HOUSE, "is", house.code)]
    if actor.unit.kind == Unit.DEPARTMENT:
        where.append(Where(WARD, "is", actor.unit.code))
    question = Question(by, "overview", "", tuple(where), Sort("due", down=True), 1)
    place = reverse(f"hospital-{'department' if by == WARD else 'doctor'}")
    names = named_within(store.names_in(period.result), where)

    def lead(name: str, row: Row) -> str:
        return f"{place}?period={period.result.pk}&code={row[by]}" if name == by and row[by] is not None else ""

    summary = answer(question, store.beside(actor, period.result), actor.scope(act))
    table = table_of(question, summary, lang, lead, names)
    return render(request, "hospital/choose.html", {"period": period, "title": f"hospital.{what}s", "table": table})
