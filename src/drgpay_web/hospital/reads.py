"""What the pages and papers of performance pay show: each his own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.urls import reverse

from drgpay import runs
from drgpay.report.papers import Column, Line, Paper, Signature, Table, Text
from drgpay.tables import DEPARTMENT_RESULTS, STAFF
from drgpay_web import clock, flow, store
from drgpay_web.hospital import orders, plan_moves
from drgpay_web.hospital.actions import plan_in_force
from drgpay_web.hospital.quarter_moves import POOLS, departments_of, quarter_of
from drgpay_web.hospital.shares import COLUMNS, MONEY, SPLIT, shares
from drgpay_web.people import Act, Actor, NotThere, Unit
from drgpay_web.ui import w
from drgpay_web.ui.tables import cell, head, title_of
from drgpay_web.ui.values import printed

MOST_PEOPLE = 30
"""people of a trial on the page; all of them are in the workbook"""
SEEN = ("shown", "computing", "paid")
_WHY = ("score", "grade", "factor", "adjustment", "vetoed", "paused", "cmi", "cmi_target", "cost_index", "time_index")


def plan_head(actor: Actor) -> Mapping[str, Any]:
    """Who may draft finds the way above the list."""
    return {"may_open": actor.may(Act.PLAN_DRAFT), "address": "plan-open", "key": "hospital.open_plan",
            "lead": "hospital.plan_lead"}  # fmt: skip


def quarter_head(actor: Actor) -> Mapping[str, Any]:
    """Who may open a quarter finds the way above the list."""
    return {"may_open": actor.may(Act.QUARTER_ORDER), "address": "quarter-open", "key": "hospital.open_quarter",
            "lead": "hospital.quarter_lead"}  # fmt: skip


def plan_choices(house: Unit, lang: str) -> list[tuple[str, str]]:
    """The plans a draft may come from."""
    shipped = [(code, en if lang == "en" else zh) for code, zh, en in runs.plan_names()]
    return [("now", w("hospital.plan_now", lang)), *shipped] if plan_in_force(house) else shipped


def plan_panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """The plan's numbers with their sources, what the law says of it, and who wins and loses by a trial."""
    lang, data = actor.person.language, case.data
    on = clock.today()
    seen = runs.plan_seen(data["base"], data["changes"], on, lang)
    job = plan_moves.trial_of(case)
    found = (job.result or {}) if job else {}
    units = {unit.code: unit.name for unit in case.unit.children.all()}
    rows = [_change(row, units, lang) for row in found.get("rows", []) if row["scope"] == "department"]
    people = [row for row in found.get("rows", []) if row["scope"] == "person"]
    counts = [
        (w(f"hospital.outcome_{one}", lang), len([row for row in people if row["outcome"] == one]))
        for one in ("wins", "loses", "same")
    ]
    return {
        "parameters": [(one, one.name in data["changes"]) for one in seen if one.is_set],
        "warning": runs.plan_warning(data["base"], data["changes"], on, lang),
        "rows": rows, "counts": counts if people else [],
        "people": people_of(case, actor, people, units, lang)[:MOST_PEOPLE], "most": MOST_PEOPLE,
        "findings": [row["en"] if lang == "en" else row["zh"] for row in found.get("findings", [])],
    }  # fmt: skip


def people_of(
    case: flow.Case, actor: Actor, rows: list[dict[str, Any]], units: Mapping[str, str], lang: str
) -> list[dict[str, str]]:
    """Who wins and loses by a trial, those that lose most first: for whoever sees everybody's pay."""
    if not actor.may(Act.SLIP_ALL, case.unit):
        return []
    names = {row["staff_id"]: row["name"] for row in store.rows(case.area, STAFF, owner=case.unit.code)}
    return [
        _change(row, names, lang) | {"staff": row["unit_id"], "ward": units.get(row["department_id"], "")}
        for row in sorted(rows, key=lambda row: (row["change"], row["unit_id"]))
    ]


def _change(row: dict[str, Any], units: Mapping[str, str], lang: str) -> dict[str, str]:
    money = {name: printed(row[name], "fen", lang) for name in ("before", "after", "change")}
    word = w(f"hospital.outcome_{row['outcome']}", lang)
    return {"name": units.get(row["unit_id"], row["unit_id"]), "outcome": word, "is": row["outcome"], **money}


def quarter_facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The plan, what was paid and when."""
    data = case.data
    plan = flow.Case.objects.get(pk=data["plan"])
    found = [("hospital.plan", plan.number, f"/cases/{plan.pk}")]
    if number := data.get("failed"):
        found.append(("hospital.failed_word", str(number), f"/jobs/{number}"))
    if data.get("corrected"):
        found.append(("hospital.corrected_word", w("ui.yes", lang), ""))
    if said := data.get("paid_on"):
        found.append(("hospital.quarter.field.paid_on", said, ""))
    return found


def quarter_panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """Departments with their pools and where they are; what does not fit; everybody's slip."""
    lang, result = actor.person.language, orders.result_of(case)
    findings = orders.rows_of(result, "performance_findings") if result else []
    its = {kind: shares(actor, case, kind, lang) for kind in COLUMNS}

    def link(name: str, row: dict[str, Any]) -> str:
        view = its["departments"].cases.get(row[name]) if name == "department_id" else None
        return reverse("case", args=[view.pk]) if view else ""

    tables = {
        kind: {
            "heads": [head(column, None, lang) for column in columns],
            "rows": [
                (row.get("staff_id"), [cell(column, row, lang, link, its[kind].name) for column in columns])
                for row in its[kind].rows
            ],
            "excel": reverse("quarter-take", args=[case.pk, kind]) if actor.may(Act.EXPORT_TABLE) else "",
        }
        for kind, columns in COLUMNS.items()
    }  # fmt: skip
    return tables | {"findings": [row["en"] if lang == "en" else row["zh"] for row in findings]}


def department_facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The quarter, what was objected to and how it was answered."""
    found = []
    if case.data.get("silent"):
        found.append(("hospital.by_silence", w("ui.yes", lang), ""))
    if said := case.data.get("objection"):
        found.append(("hospital.objection", said["reason"], ""))
        if answer := said.get("answer"):
            text = f"{w('hospital.answer_' + answer['is'], lang)} {answer['reply']}"
            found.append(("hospital.answer", text, ""))
    return found


def department_panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """A department's own pools, what they come from, and its marks."""
    return department_figures(case, actor.person.language)


def department_figures(case: flow.Case, lang: str) -> dict[str, Any]:
    """The same in a language, for page and paper."""
    result = orders.result_of(quarter_of(case))
    own = [row for row in orders.rows_of(result, POOLS) if row["department_id"] == case.unit.code] if result else []
    marks = (
        [r for r in orders.rows_of(result, "department_marks") if r["department_id"] == case.unit.code]
        if result
        else []
    )
    kinds = {"grade": "code", "vetoed": "flag", "paused": "flag", "adjustment": "fen"}
    kinds |= {"n": "int64"} | {name: "fen" for name in SPLIT if name != "n"}

    def said(names: tuple[str, ...]) -> list[tuple[str, str]]:
        there = [name for name in names if own and own[0][name] not in (None, "")]
        return [(_title(name, lang), printed(own[0][name], kinds.get(name, "ratio"), lang)) for name in there]

    items = _items(result, lang) if result else {}
    return {
        "pools": said(SPLIT),
        "why": said(_WHY),
        "sums": [(_title(name, lang), own[0][name], name == "n") for name in SPLIT] if own else [],
        "marks": [(items[row["item"]], row["en"] if lang == "en" else row["zh"]) for row in marks],
    }  # fmt: skip


def _items(result: store.Result, lang: str) -> dict[str, str]:
    """The names of the items of the departments' scorecard, as the result keeps it."""
    return {item: both[lang == "en"] for item, both in runs.marked_items(store.folder(result)).items()}


def _title(name: str, lang: str) -> str:
    """The name of a figure of a department's result."""
    return title_of(DEPARTMENT_RESULTS[name], lang)


def own_slips(actor: Actor) -> list[tuple[flow.Case, dict[str, Any]]]:
    """A doctor's own slips of the quarters that were shown, the latest first."""
    actor.need(Act.SLIP_OWN)
    house = actor.unit.of_kind(Unit.INSTITUTION)
    quarters = flow.Case.objects.filter(machine="hospital_quarter", unit=house, state__in=SEEN).order_by("-period")
    found = []
    for case in quarters:
        row = _slip_row(case, actor.unit.code)
        if row is not None and departments_of(case):
            found.append((case, row))
    return found


def _slip_row(case: flow.Case, staff: str) -> dict[str, Any] | None:
    result = orders.result_of(case)
    rows = orders.rows_of(result, "slips") if result else []
    return next((row for row in rows if row["staff_id"] == staff), None)


def slip_paper(actor: Actor, pk: int, staff: str) -> tuple[flow.Case, Callable[[str], Paper]]:
    """A person's slip as a paper, in a language: his own; for the performance office anybody's. Raises NotThere."""
    case = flow.Case.objects.select_related("unit").filter(pk=pk, machine="hospital_quarter").first()
    if case is None or not case.unit.within(actor.widest().of_kind(Unit.INSTITUTION) or actor.widest()):
        raise NotThere
    mine = actor.may(Act.SLIP_ALL, case.unit) or (
        actor.unit.kind == Unit.DOCTOR and actor.unit.code == staff and case.state in SEEN and departments_of(case)
    )
    if not mine or _slip_row(case, staff) is None:
        raise NotThere
    result = orders.result_of(case)
    assert result is not None
    told = runs.explain_person(store.folder(result), staff)
    return case, lambda lang: _slip(case, told, lang)


def department_slip(case: flow.Case, lang: str) -> Paper:
    """What a department's performance pay is and how it comes about."""
    quarter = quarter_of(case)
    result, own = orders.result_of(quarter), department_figures(case, lang)

    def table(title: str, head: str, kind: str, lines: Iterable[Line], share: int = 1) -> Table:
        heads = (
            Column(w("hospital.head_parameter", lang), share=1),
            Column(w(f"hospital.head_{head}", lang), kind, share),
        )
        return Table(w(f"hospital.{title}", lang), heads, tuple(lines))

    sums = (Line((title, value), kind="int" if counted else "") for title, value, counted in own["sums"])
    blocks = [
        table("pools", "amount", "fen", sums, 0),
        table("basis", "value", "text", (Line(pair) for pair in own["why"])),
        table("marks", "why", "text", (Line(pair) for pair in own["marks"]), 3),
    ]
    blocks = [one for one in blocks if one.rows]
    state = w(f"hospital.department.state.{case.state}", lang)
    house = case.unit.of_kind(Unit.INSTITUTION) or case.unit
    signed = tuple(Signature(name, (w("hospital.sign_line", lang),)) for name in (house.name, case.unit.name))
    return Paper(
        lang, house.name, w("hospital.department.paper.slip", lang), case.period,
        ((w("hospital.department_word", lang), case.unit.name), (w("flow.number", lang), case.number),
         (w("flow.state", lang), state)),
        tuple(blocks), signed, f"{case.number} · {result.digest[:16] if result else ''}",
    )  # fmt: skip


def _slip(case: flow.Case, told: runs.PersonExplained, lang: str) -> Paper:
    slip = told.slip
    heads = (
        Column(w("hospital.head_component", lang)), Column(w("hospital.head_amount", lang), "fen"),
        Column(w("hospital.head_why", lang), share=3),
    )  # fmt: skip
    lines = tuple(
        Line((printed(row["component"], "code", lang), row["amount"], row["en"] if lang == "en" else row["zh"]))
        for row in told.lines
    )
    said = (
        (w("hospital.head_name", lang), slip["name"]), (w("hospital.head_staff", lang), slip["staff_id"]),
        *((w(f"hospital.head_{name}", lang), w("ui.yuan", lang, amount=printed(slip[name], "fen", lang)))
          for name in MONEY),
    )  # fmt: skip
    total = Line((w("hospital.head_earned", lang), slip["earned"], ""), strong=True)
    blocks: list[Table | Text] = [Table(w("hospital.slip_lines", lang), heads, lines, total=total)]
    if told.warning:
        blocks.append(Text(w("hospital.warning_word", lang), (told.warning[lang],)))
    state = w("hospital.paid_word" if case.state == "paid" else "hospital.not_paid", lang)
    return Paper(
        lang, case.unit.name, w("hospital.slip", lang), case.period, (*said, (w("flow.state", lang), state)),
        tuple(blocks), (Signature(case.unit.name, (w("hospital.sign_line", lang),)),),
        f"{case.number} · {slip['staff_id']}",
    )  # fmt: skip
