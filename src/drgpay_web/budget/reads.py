"""What is shown of budgets, talks, changes and ratios; their papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drgpay import tables as declared
from drgpay.report.papers import Column, Line, Paper, Signature, Table, Text
from drgpay.tables import NUMBERS
from drgpay_web import flow, store
from drgpay_web.budget.plan_moves import tables_of
from drgpay_web.budget.ratio_moves import rows_of
from drgpay_web.people import Actor
from drgpay_web.ui import field_word, w
from drgpay_web.ui.tables import headed
from drgpay_web.ui.values import kind_of, paper_kind, printed

Facts = list[tuple[str, str, str]]
_HIDDEN = ("year", "procurement_cut", "peers", "invalid", "weight", "rounds", "decided_round", "growth")
"""columns that the screen leaves to the paper"""
_NAMED = {table.name: table for table in declared.FUND_TABLES}


def shown(tables: Mapping[str, Any], area: str, lang: str, house: str = "") -> list[dict[str, Any]]:
    """Small tables as the page shows them, with the names of institutions; ``house``: only the rows of one."""
    names = {one["institution_id"]: one["name"] for one in store.rows(area, declared.INSTITUTIONS)}
    found = []
    for name, rows in tables.items():
        table = _NAMED[name]
        its = [row for row in rows if not house or row.get("institution_id") == house]
        if house and "institution_id" not in table.names:
            continue
        years = {row.get("year") for row in its}  # of several each row says its own
        columns = [c for c in table.columns if c.name not in _HIDDEN or (c.name == "year" and len(years) > 1)]
        found.append({
            "name": name,
            "title": table.en if lang == "en" else table.zh,
            "heads": [(headed(c, lang), c.type in NUMBERS) for c in columns],
            "columns": columns,
            "raw": its,
            "rows": [[(_cell(c, row, names, lang), c.type in NUMBERS) for c in columns] for row in its],
        })  # fmt: skip
    return found


def _cell(column: Any, row: Mapping[str, Any], names: Mapping[str, str], lang: str) -> str:
    if column.name == "institution_id":
        return names.get(row[column.name], str(row[column.name]))
    return printed(row.get(column.name), kind_of(column), lang)


def plan_panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """What was computed."""
    lang = actor.person.language
    return {"tables": shown(tables_of(case), case.area, lang), "wrong": case.data.get("error"), "lang": lang}


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What lists of budgets and ratios show."""
    return [("budget.document", str(case.data.get("document", "")))]


def plan_facts(case: flow.Case, lang: str) -> Facts:
    """How the talks stand, and the document."""
    found: Facts = []
    its = flow.Case.objects.filter(machine="budget_talk", area=case.area, data__budget=case.pk)
    if total := its.count():
        done = its.filter(state__in=("agreed", "decided", "closed")).count()
        found.append(("budget.talks", w("budget.talks_of", lang, done=done, total=total), "/cases/of/budget_talk"))
    if case.data.get("document"):
        found.append(("budget.document", case.data["document"], ""))
    return found


def prepay_columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list of prepayments shows."""
    data = case.data
    return [("budget.document", data.get("document", "")), ("budget.approved_by", data.get("approved_by", "")),
            ("budget.order", data.get("order", "")), ("budget.paid_on", data.get("paid_on", ""))]  # fmt: skip


def prepay_facts(case: flow.Case, lang: str) -> Facts:
    """Approval and payment order."""
    found = [(key, text, "") for key, text in prepay_columns(case, lang) if text]
    if case.state == "posted":
        found.append(("budget.fund", case.period, f"/fund?year={case.period}"))
    return found


def _money(value: int | None, lang: str) -> str:
    return printed(value, "fen", lang)


def talk_facts(case: flow.Case, lang: str) -> Facts:
    """What was announced, wanted, offered, and what it came to."""
    data = case.data
    found: Facts = [
        ("budget.scheme", field_word(data["scheme"], lang), ""),
        ("budget.round", w("budget.round_of", lang, round=data["round"], rounds=data["rounds"]), ""),
        ("budget.announced", _money(data["announced"], lang), ""),
    ]
    for key, name in (("budget.wanted", "wanted"), ("budget.offer", "offer"), ("budget.final", "final")):
        if data.get(name) is not None:
            found.append((key, _money(data[name], lang), ""))
    found += [(f"budget.{name}", data[name], "") for name in ("reason", "reply") if data.get(name)]
    if data.get("decided"):
        found.append(("budget.decided_why", data["decided"], ""))
    return found


def talk_columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list of talks shows."""
    data = case.data
    return [
        ("budget.scheme", field_word(data["scheme"], lang)),
        ("budget.announced", _money(data["announced"], lang)),
        ("budget.wanted", _money(data.get("wanted"), lang)),
        ("budget.offer", _money(data.get("final", data["offer"]), lang)),
    ]


def change_facts(case: flow.Case, lang: str) -> Facts:
    """Stage, scheme, reason, part, amount."""
    data = case.data
    found: Facts = [(f"budget.{key}", text, "") for key, text in change_columns(case, lang)]
    found.append(("budget.reason", data["why"], ""))
    if data.get("document"):
        found.append(("budget.document", data["document"], ""))
    if data.get("declined"):
        found.append(("budget.declined_why", data["declined"], ""))
    if data.get("error"):
        found.append(("budget.error", data["error"][lang], ""))
    return found


def change_columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list of changes shows."""
    data = case.data
    stage = w(f"budget.change.stage.{data['stage']}", lang)
    part = [("part", field_word(data["part"], lang) if data["part"] else "")]
    return [
        ("stage", stage), ("scheme", field_word(data["scheme"], lang)),
        ("change_reason", field_word(data["reason"], lang)), *part, ("change_amount", _money(data["amount"], lang)),
    ]  # fmt: skip


def listed_change(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """:func:`change_columns` with their keys of words."""
    return [(f"budget.{key}", text) for key, text in change_columns(case, lang)]


def ratio_facts(case: flow.Case, lang: str) -> Facts:
    """What the meeting decided, and the version of the practice with it."""
    found: Facts = []
    if said := case.data.get("decided"):
        found.extend(
            [
                ("budget.minutes", said["minutes"], f"/cases/{said['meeting']}"),
                ("budget.decided_on", said["decided_on"], ""),
                ("budget.keep", said["keep"].replace("\n", "；"), ""),
                ("budget.share", said["share"], ""),
            ]
        )
    if name := case.data.get("version"):
        found.append(("budget.version", name, f"/policy/practice/{name}"))
    return found


def _paper(
    case: flow.Case, lang: str, title: str, facts: Iterable[tuple[str, str]], blocks: Any, **more: Any
) -> Paper:
    issuer = w("budget.issuer", lang, area=_area(case))
    return Paper(
        lang, issuer, title, case.period, ((w("flow.number", lang), case.number), *facts), tuple(blocks),
        (Signature(issuer, (w("budget.signed_on", lang),)),), case.number, **more,
    )  # fmt: skip


def _area(case: flow.Case) -> str:
    return str(case.unit.line()[0].name)


def _tables(tables: Mapping[str, Any], area: str, lang: str) -> list[Table]:
    return [
        Table(
            one["title"],
            tuple(Column(head, paper_kind(kind_of(column)), share=0 if number else 1)
                  for (head, number), column in zip(one["heads"], one["columns"], strict=True)),
            tuple(Line(_values(one["columns"], *its)) for its in zip(one["raw"], one["rows"], strict=True)),
            apart=len(one["rows"]) > 30,
        )
        for one in shown(tables, area, lang)
    ]  # fmt: skip


def _values(columns: Sequence[Any], row: Mapping[str, Any], cells: Sequence[tuple[str, bool]]) -> tuple[Any, ...]:
    """A row of a table on paper: amounts as they are kept, all else as people read it."""
    return tuple(
        text if paper_kind(kind_of(column)) == "text" else row.get(column.name)
        for column, (text, _) in zip(columns, cells, strict=True)
    )


def plan_paper(case: flow.Case, lang: str) -> Paper:
    """The plan of a year: budget, parts, indicators."""
    title = w("budget.plan.paper.plan", lang)
    return _paper(case, lang, title, (), _tables(tables_of(case), case.area, lang), broad=True)


def prepay_paper(case: flow.Case, lang: str) -> Paper:
    """What is advanced to whom in a year, who approved it, and by which order it was paid."""
    facts = [(w(key, lang), text) for key, text in prepay_columns(case, lang) if text]
    return _paper(case, lang, w("budget.prepay.paper.prepay", lang), facts,
                  _tables(tables_of(case), case.area, lang), broad=True)  # fmt: skip


def notice_paper(case: flow.Case, lang: str) -> Paper:
    """What an institution's budget is: announced, or as it came to be."""
    data = case.data
    amount = data.get("final", data["offer"])
    facts = [(w("flow.unit", lang), case.unit.name), (w("budget.scheme", lang), field_word(data["scheme"], lang))]
    said = w("budget.notice_text", lang, unit=case.unit.name, year=case.period,
             scheme=field_word(data["scheme"], lang), amount=_money(amount, lang))  # fmt: skip
    until = [] if case.deadline is None else [w("budget.notice_until", lang, day=case.deadline.isoformat())]
    return _paper(case, lang, w("budget.talk.paper.notice", lang), facts,
                  [Text(w("budget.talk.paper.notice", lang), (said, *until))])  # fmt: skip


def proposal_paper(case: flow.Case, lang: str) -> Paper:
    """What an institution wants, as its head has signed it."""
    data = case.data
    facts = [
        (w("flow.unit", lang), case.unit.name), (w("budget.scheme", lang), field_word(data["scheme"], lang)),
        (w("budget.announced", lang), _money(data["announced"], lang)),
        (w("budget.wanted", lang), _money(data.get("wanted"), lang)),
    ]  # fmt: skip
    return _paper(case, lang, w("budget.talk.paper.proposal", lang), facts,
                  [Text(w("budget.reason", lang), (str(data.get("reason", "")),))])  # fmt: skip


def decision_paper(case: flow.Case, lang: str) -> Paper:
    """What was decided on an institution's budget, and why."""
    data = case.data
    facts = [
        (w("flow.unit", lang), case.unit.name), (w("budget.scheme", lang), field_word(data["scheme"], lang)),
        (w("budget.wanted", lang), _money(data.get("wanted"), lang)),
        (w("budget.final", lang), _money(data.get("final", data["offer"]), lang)),
    ]  # fmt: skip
    why = str(data.get("decided") or data.get("reply") or w("budget.by_rule", lang))
    return _paper(case, lang, w("budget.talk.paper.decision", lang), facts, [Text(w("budget.reason", lang), (why,))])


def change_paper(case: flow.Case, lang: str) -> Paper:
    """The decision on a change of a budget."""
    facts = [(w(key, lang), text) for key, text in listed_change(case, lang)]
    state = w(f"budget.change.state.{case.state}", lang)
    facts += [(w("flow.state", lang), state), (w("budget.document", lang), str(case.data.get("document", "")))]
    return _paper(case, lang, w("budget.change.paper.change", lang), facts,
                  [Text(w("budget.reason", lang), (case.data["why"],))])  # fmt: skip


def ratio_paper(case: flow.Case, lang: str) -> Paper:
    """The notice of a year's ratios, as the joint meeting decided."""
    said = case.data["decided"]
    names = [declared.SHARING_MINUTES[name] for name in ("item", "below", "ratio")]
    rows = tuple(
        Line(tuple(printed(row[c.name], "share" if c.type == "ratio" else c.type, lang) for c in names))
        for row in rows_of(case, said)
    )
    facts = [(w("budget.minutes", lang), said["minutes"]), (w("budget.decided_on", lang), said["decided_on"])]
    heads = tuple(Column(headed(c, lang), share=1) for c in names)
    return _paper(case, lang, w("budget.ratios.paper.ratios", lang), facts,
                  [Table(w("budget.ratios", lang), heads, rows)])  # fmt: skip
