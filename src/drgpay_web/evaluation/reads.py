"""What the pages and papers of the evaluation show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drgpay import runs
from drgpay.report.papers import Column, Line, Paper, Signature, Table
from drgpay_web import clock, flow, store
from drgpay_web.evaluation.actions import cards_of
from drgpay_web.evaluation.cards import (
    MARKS,
    RESULTS,
    card_of,
    grade_words,
    items,
    owner_words,
    result_of,
    shown_rows,
    title,
)
from drgpay_web.people import Act, Actor
from drgpay_web.ui import w
from drgpay_web.ui.values import printed


def cards(lang: str) -> list[tuple[str, str]]:
    """The scorecards for institutions, with their titles."""
    known = [runs.known_card(name) for name in runs.card_names() if name != "hospital-departments"]
    return [(card.id, title(card, lang)) for card in known]


def usual_year(area: str) -> str:
    """The latest year that was settled, else last year."""
    last = store.results_of(area).filter(period__regex=r"^\d{4}$").first()
    return last.period if last else str(clock.today().year - 1)


def head(actor: Actor) -> Mapping[str, Any]:
    """Who may open an evaluation finds the way above the list."""
    return {"may_open": actor.may(Act.EVALUATION_OPEN)}


def year_columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """The card and how many institutions are done."""
    its = cards_of(case)
    done = [one for one in its if one.state in ("settled", "closed")]
    return [
        ("evaluation.card_word", title(card_of(case), lang)),
        ("evaluation.settled_word", f"{len(done)} / {len(its)}"),
    ]


def card_columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """The card, what was reported, total and grade."""
    its = shown_rows(case, RESULTS)
    return [
        ("evaluation.card_word", title(card_of(case), lang)),
        ("evaluation.reported_word", f"{len(case.data['values'])} / {len(items(case))}"),
        ("evaluation.head_total", printed(its[0]["total"], "points", lang) if its else ""),
        ("evaluation.head_grade", grade_words(case, its[0]["grade"], lang) if its else ""),
    ]


def card_panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """Every item of an institution: where its value comes from, the value, the mark, the evidence, the check."""
    lang, marks = actor.person.language, {row["item"]: row for row in shown_rows(case, MARKS)}
    asked, rows = items(case), []
    card = card_of(case)
    parts = {dimension.id: title(dimension, lang) for dimension in card.dimensions}
    for item in card.items:
        said, row = case.data["values"].get(item.id, {}), marks.get(item.id)
        check = case.data["checked"].get(item.id)
        rows.append({
            "item": title(item, lang), "part": parts[item.dimension],
            "basis": w(f"evaluation.basis_{row['basis']}", lang) if row else "",
            "class": {"missing": "late", "reported": "soon"}.get(row["basis"], "") if row else "",
            "from": w("evaluation.computed_item", lang) if item.id not in asked else owner_words(case, item.id, lang),
            "value": said.get("value", ""), "evidence": said.get("evidence", ""),
            "full": printed(row["full"], "points", lang) if row else "",
            "mark": printed(row["mark"], "points", lang) if row else "",
            "why": (row["en"] if lang == "en" else row["zh"]) if row else "",
            "sampled": item.id in case.data["sample"],
            "check": f"{w('evaluation.card.choice.' + check['found'], lang)} {check['by']}" if check else "",
        })  # fmt: skip
    return {"rows": rows, "its": _result(case, lang), "marked": bool(marks)}


def _result(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    its = shown_rows(case, RESULTS)
    if not its:
        return []
    row = its[0]
    said = [
        (w("evaluation.head_total", lang), printed(row["total"], "points", lang)),
        (w("evaluation.head_full", lang), printed(row["full"], "points", lang)),
        (w("evaluation.head_computed", lang), printed(row["computed"], "points", lang)),
        (w("evaluation.head_reported", lang), printed(row["reported"], "points", lang)),
        (w("evaluation.head_place", lang), "" if row["place"] is None else f"{row['place']} / {row['of']}"),
        (w("evaluation.head_grade", lang), grade_words(case, row["grade"], lang)),
    ]
    return [(label, text) for label, text in said if text]


def year_panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """Institutions × items while values come in; then totals and grades, and who objected."""
    lang, asked = actor.person.language, items(case)
    its = cards_of(case)
    results = {row["institution_id"]: row for row in shown_rows(case, RESULTS)}
    rows = []
    for one in its:
        row = results.get(one.unit.code)
        rows.append({
            "case": one, "state": w(f"evaluation.card.state.{one.state}", lang),
            "cells": [_cell(one, name) for name in asked], "done": len(one.data["values"]),
            "total": printed(row["total"], "points", lang) if row else "",
            "computed": printed(row["computed"], "points", lang) if row else "",
            "reported": printed(row["reported"], "points", lang) if row else "",
            "place": f"{row['place']} / {row['of']}" if row and row["place"] else "",
            "grade": grade_words(case, row["grade"], lang) if row else "",
        })  # fmt: skip
    return {"heads": [title(item, lang) for item in asked.values()], "rows": rows, "marked": bool(results),
            "asked": len(asked)}  # fmt: skip


def _cell(case: flow.Case, item: str) -> str:
    if item not in case.data["values"]:
        return "○"
    if item in case.data["checked"]:
        return "✓" if case.data["checked"][item]["found"] == "holds" else "△"
    return "◎" if item in case.data["sample"] else "●"


def paper(case: flow.Case, lang: str) -> Paper:
    """The notice of an institution's result: total, grade, and what every item gave."""
    result, card = result_of(case), card_of(case)
    names = {item.id: title(item, lang) for item in card.items}
    lines = tuple(
        Line((names[row["item"]], w(f"evaluation.basis_{row['basis']}", lang), row["full"], row["mark"],
              row["en"] if lang == "en" else row["zh"]))
        for row in shown_rows(case, MARKS)
    )  # fmt: skip
    heads = (
        Column(w("evaluation.head_item", lang), share=2), Column(w("evaluation.head_basis", lang)),
        Column(w("evaluation.head_full", lang), "points"), Column(w("evaluation.head_mark", lang), "points"),
        Column(w("evaluation.head_why", lang), share=3),
    )  # fmt: skip
    said = [(w("flow.number", lang), case.number), (w("flow.unit", lang), case.unit.name), *_result(case, lang)]
    issuer = w("evaluation.issuer", lang, area=case.unit.line()[0].name)
    return Paper(
        lang, issuer, w("evaluation.card.paper.result", lang), case.period, tuple(said),
        (Table(title(card, lang), heads, lines),),
        (Signature(issuer, (w("evaluation.sign_line", lang),)),),
        f"{case.number} · {result.digest if result else ''}",
    )  # fmt: skip


def text_values(case: flow.Case, lang: str) -> dict[str, str]:
    """What the marks of the notice's texts stand for."""
    return {"days": str(case.data["objection_days"])}
