"""Papers of a special review: the application (申请表) and the decision (单议决定书)."""

from __future__ import annotations

from drgpay.report.papers import Paper, Signature, Text
from drgpay_web import flow
from drgpay_web.people import Unit
from drgpay_web.review import quota, reads
from drgpay_web.ui import w


def application(case: flow.Case, lang: str) -> Paper:
    """What the institution asks for, with the stay and what is enclosed."""
    data = case.data
    enclosed = tuple(
        case.attachments.order_by("pk").exclude(person__in=data.get("asked", [])).values_list("name", flat=True)
    )
    blocks = (
        Text(w("review.case.field.reason", lang), (w(f"review.case.choice.{data['reason']}", lang),)),
        Text(w("review.case.field.statement", lang), tuple(data["statement"].splitlines())),
        Text(w("review.enclosed", lang), enclosed),
    )
    return _paper(case, lang, "application", case.unit.name, blocks)


def decision(case: flow.Case, lang: str) -> Paper:
    """What was decided and why, and how one appeals; after an appeal both decisions. It names no expert."""
    data = case.data
    said = [data[name] for name in ("first_decision", "decision") if name in data]
    blocks = [
        Text(f"{w('review.decision', lang)} {one['on']}", (reads.decision_text(one, lang), one["why"]))
        for one in said
    ]
    if case.state == "told" and case.deadline:
        blocks.append(Text(w("review.how_to_appeal", lang), (w("review.appeal_until", lang, day=case.deadline),)))
    area = Unit.objects.get(area=case.area, kind=Unit.AREA)
    return _paper(case, lang, "decision", w("review.bureau_of", lang, name=area.name), tuple(blocks))


def _paper(case: flow.Case, lang: str, name: str, issuer: str, blocks: tuple[Text, ...]) -> Paper:
    facts = [(w("flow.number", lang), case.number), (w("flow.unit", lang), case.unit.name)]
    facts += reads.stay_facts(case, lang)
    signed = (w("review.sign_name", lang), w("review.sign_day", lang))
    result = quota.result_of(case)
    return Paper(
        lang, issuer, w(f"review.case.paper.{name}", lang), case.period, tuple(facts), blocks,
        (Signature(issuer, signed),), f"{case.number} · {result.digest[:16]}",
    )  # fmt: skip
