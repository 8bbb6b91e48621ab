"""Papers of a suspicion: the letter that asks, the decision, and the minutes of a talk."""

from __future__ import annotations

from drgpay.report.papers import Column, Line, Paper, Signature, Table, Text
from drgpay_web import flow
from drgpay_web.oversight import seen
from drgpay_web.people import Unit
from drgpay_web.ui import field_word, w


def was_asked(case: flow.Case) -> bool:
    """The hospital was asked."""
    return "question" in case.data


def was_interviewed(case: flow.Case) -> bool:
    """Somebody was talked to, and minutes were taken."""
    return "interview" in case.data


def _paper(
    case: flow.Case, lang: str, name: str, facts: list[tuple[str, str]], blocks: list[Table | Text], *signs: str
) -> Paper:
    """A paper of the area on a case."""
    area = Unit.objects.get(area=case.area, kind=Unit.AREA)
    about = [
        (w("oversight.number", lang), case.number),
        (w("oversight.house", lang), case.unit.name),
        *([(w("oversight.stay", lang), case.data["stay"])] if case.data["stay"] else []),
        (w("oversight.kind", lang), seen.kind_words(case, lang)),
        *facts,
    ]
    lines = tuple(w(f"oversight.sign_{line}", lang) for line in ("person", "day"))
    return Paper(
        lang, w("oversight.issuer", lang, area=area.name), w(f"oversight.suspicion.paper.{name}", lang), case.period,
        tuple(about), tuple(blocks), tuple(Signature(w(f"oversight.{sign}", lang), lines) for sign in signs),
        w("oversight.trace", lang, number=case.number, version=case.version),
    )  # fmt: skip


def letter(case: flow.Case, lang: str) -> Paper:
    """疑点核查通知书: what was found, the evidence as its hospital sees it, the question, and by when to answer."""
    columns = tuple(
        Column(w(f"oversight.evidence_{name}", lang), share=share)
        for name, share in (("record", 2), ("field", 2), ("value", 2), ("expected", 2), ("note", 3))
    )
    blocks: list[Table | Text] = [Text(w("oversight.question", lang), (case.data["question"],))]
    said = 1 if lang == "en" else 0
    for lead in case.data["leads"]:
        rows = tuple(Line(tuple(row.values())) for row in seen.evidence(lead["seen"], lang))
        blocks.append(Table(f"{lead['rule']} {lead['said'][said]}", columns, rows))
        blocks.append(Text(w("oversight.innocent", lang), (lead["innocent"][said],)))
    due = case.deadline.isoformat() if case.deadline and case.state == "asked" else ""
    facts = [
        (w(key, lang), text) for key, text, _ in seen.facts(case, lang)
        if key in ("oversight.scheme", "oversight.at_stake", "oversight.payment")
    ]  # fmt: skip
    if due:
        facts.append((w("oversight.answer_by", lang), due))
    return _paper(case, lang, "letter", facts, blocks, "bureau_sign", "house_sign")


def decision(case: flow.Case, lang: str) -> Paper:
    """处理决定书: the finding, the treatment, what is taken and why."""
    facts = [(w(key, lang), text) for key, text, _ in seen.decided(case, lang) if text]
    said = case.data["decision"]
    blocks: list[Table | Text] = [
        Text(w("oversight.finding", lang), (case.data["found"],)),
        Text(w("oversight.ground", lang), (said["reason"],)),
    ]
    (treated,) = case.data["treated"]
    if treated["amount"] or treated["damages"]:
        rows = [
            Line((w(f"oversight.{name}", lang), treated[column]))
            for name, column in (("taken", "amount"), ("damages", "damages"))
            if treated[column]
        ]
        heads = (Column(w("oversight.item", lang), share=1), Column(w("oversight.amount_yuan", lang), "fen"))
        blocks.append(Table(w("oversight.taken_table", lang), heads, tuple(rows)))
    if case.data["scheme"]:
        facts.append((w("oversight.scheme", lang), field_word(case.data["scheme"], lang)))
    facts.append((w("oversight.decided_on", lang), case.data["executed_on"]))
    return _paper(case, lang, "decision", facts, blocks, "bureau_sign", "house_sign")


def minutes(case: flow.Case, lang: str) -> Paper:
    """约谈纪要: day, place, who was there, what was said."""
    said = case.data["interview"]
    facts = [
        (w("oversight.suspicion.field.day", lang), said["day"]),
        (w("oversight.suspicion.field.place", lang), said["place"]),
        (w("oversight.written_by", lang), said["by"]),
    ]
    blocks: list[Table | Text] = [
        Text(w("oversight.present", lang), tuple(said["attending"].splitlines())),
        Text(w("oversight.suspicion.field.minutes", lang), tuple(said["minutes"].splitlines())),
    ]
    return _paper(case, lang, "minutes", facts, blocks, "bureau_sign", "house_sign")
