"""What the pages of suspicions show, and to whom: a hospital sees what it was asked, not how it came to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from drgpay import runs
from drgpay.report import field_words
from drgpay.tables import AUDIT_RESULTS, LEDGER, REVIEWS
from drgpay.units import show_coefficient
from drgpay.words import words_in
from drgpay_web import flow, store
from drgpay_web.flow.models import Attachment, Comment, Step
from drgpay_web.oversight import looks, treating
from drgpay_web.oversight.opening import AUDIT
from drgpay_web.people import Act, Actor, Membership, Unit
from drgpay_web.ui import field_word, w
from drgpay_web.ui.values import printed

INSIDE = ("open", "assign", "take", "code_again", "drop", "propose", "approve", "return", "hand_over", "recall")
"""steps of the bureau's own"""
_EVENTS = ("violation_recovered", "damages")
_SHOWN = 20


def sees(case: flow.Case, actor: Actor, one: Any) -> bool:
    """A hospital sees what was asked and answered, its own comments, and the files it was asked with or brought."""
    if actor.role.side != "hospital":
        return True
    if isinstance(one, Step):
        return one.move not in INSIDE
    if isinstance(one, Comment):
        return one.role.startswith("H")
    if isinstance(one, Attachment):
        own = Membership.objects.filter(person=one.person_id, unit__path__startswith=case.unit.path)
        return one.at.isoformat() <= case.data["asked_at"] or own.exists()
    return True


def kind_words(case: flow.Case, lang: str) -> str:
    """What it is about: the type of violation, or the audit sample."""
    found = treating.finding(case)
    return w("oversight.kind_audit", lang) if found is None else str(found[f"term_{lang}"])


def money(value: int | None, lang: str) -> str:
    """An amount, with its unit."""
    return "" if value is None else w("ui.yuan", lang, amount=printed(value, "fen", lang))


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """What everybody who sees the case sees of it."""
    data, said = case.data, case.data.get("decision")
    found = [
        ("oversight.kind", kind_words(case, lang), ""),
        ("oversight.scheme", field_word(data["scheme"], lang) if data["scheme"] else "", ""),
        ("oversight.at_stake", money(treating.at_stake(case), lang), ""),
        ("oversight.payment", money(data["payment"], lang), ""),
        ("oversight.question", data.get("question", ""), ""),
        ("oversight.finding", data.get("found", ""), ""),
        ("oversight.at_most", money(data.get("at_most"), lang), ""),
    ]
    if said and case.state in ("executed", "published", "closed"):
        found += decided(case, lang)
    return [one for one in found if one[1]]


def decided(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The treatment of a case: what, how much, points of the doctor, whether it is made public."""
    said, (treated,) = case.data["decision"], case.data["treated"]
    return [
        ("oversight.treatment", w(f"oversight.suspicion.choice.{said['treatment']}", lang), ""),
        ("oversight.taken", money(treated["amount"], lang) if treated["amount"] else "", ""),
        ("oversight.damages", money(treated["damages"], lang) if treated["damages"] else "", ""),
        ("oversight.points", printed(treated["points"], "int64", lang) if treated["points"] else "", ""),
        ("oversight.from_date", treated.get("from_date") or "", ""),
        ("oversight.lifted_on", treated.get("lifted_on") or "", ""),
        ("oversight.public", w("ui.yes", lang) if said["publish"] else "", ""),
    ]


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the queue shows of a case: the violation without its clause, which stands on the page; the score is the
    bureau's and stands on the page of leads."""
    return [
        ("oversight.kind", kind_words(case, lang).partition("(")[0].strip()),
        ("oversight.amount_yuan", printed(treating.at_stake(case), "fen", lang)),
    ]


def panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """The evidence as the reader may see it; for the bureau score, precision, what follows and where."""
    lang, bureau = actor.person.language, actor.role.side == "bureau"
    known = precision(case.area) if bureau else {}
    data = case.data
    blind = data["kind"] == AUDIT and "second" not in data
    return {
        "bureau": bureau,
        "leads": [lead(one, lang, known, bureau=bureau) for one in data["leads"]],
        "stay_link": f"/stays/{data['run']}/{data['stay']}" if data["stay"] and not blind else "",
        "blind": blind and bureau,
        "second": data.get("second") if bureau else None,
        "audit": _audited(case, lang) if bureau and data.get("second") else [],
        "entries": _entries(case, lang) if bureau else [],
        "registers": registers(case, lang) if bureau else [],
        "posted": posted(case) if bureau else [],
        "ledger": _ledger(case, lang) if bureau else [],
        "total": money(data.get("total"), lang) if bureau and data.get("total") else "",
    }


def lead(one: Mapping[str, Any], lang: str, known: Mapping[str, tuple[int, int]], *, bureau: bool) -> dict[str, Any]:
    """A lead with the rule that made it and its evidence."""
    said = 1 if lang == "en" else 0
    right, of = known.get(one["rule"], (0, 0))
    return {
        "id": one["id"] if bureau else one["seen_id"],
        "rule": one["rule"],
        "said": one["said"][said],
        "left_out": one["left_out"][said],
        "innocent": one["innocent"][said],
        "no_amount": one["no_amount"][said] if one.get("no_amount") else "",
        "score": show_coefficient(one["score"]) if bureau else "",
        "precision": w("oversight.precision", lang, right=right, of=of) if bureau and of else "",
        "amount": money(one["amount"], lang),
        "rows": evidence(one["evidence" if bureau else "seen"], lang),
    }


def evidence(rows: Iterable[Mapping[str, Any]], lang: str) -> list[dict[str, str]]:
    """Rows of evidence in words."""
    return [
        {
            "record": row["record"],
            "field": field_words(row["field"], lang, unit=True),
            "value": words_in(row["value"], lang),
            "expected": words_in(row["expected"], lang),
            "note": row[f"note_{lang}"],
        }
        for row in rows
    ]


def precision(area: str) -> dict[str, tuple[int, int]]:
    """What people found of each rule's suspicions: how many were confirmed, of how many that were decided."""
    decided_of: Counter[str] = Counter()
    confirmed: Counter[str] = Counter()
    for row in store.rows(area, REVIEWS):
        rule = str(row["suspicion_id"]).partition("/")[0]
        decided_of[rule] += 1
        confirmed[rule] += row["decision"] == "confirm"
    return {rule: (confirmed[rule], of) for rule, of in decided_of.items()}


def _audited(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """How both codings compare, as the newest look that knows the second one says."""
    for look in looks.looks(case.area).filter(period__startswith=str(case.data["year"]))[:_SHOWN]:
        rows = looks.rows_of(store.folder(look), AUDIT_RESULTS, runs.Where("stay_id", "is", case.data["stay"]))
        if rows:
            named = AUDIT_RESULTS.columns[2:]
            return [
                (c.en if lang == "en" else c.zh, printed(rows[0][c.name], c.type, lang)) for c in named
            ]  # fmt: skip
    return []


def _entries(case: flow.Case, lang: str) -> list[tuple[str, str, str, str]]:
    """The entries that the next clearing posts."""
    names = _houses(case.area)
    return [
        (
            runs.event_words(row["event"], lang, names), runs.account_words(row["debit"], lang, names),
            runs.account_words(row["credit"], lang, names), printed(row["amount"], "fen", lang),
        )
        for row in case.data.get("entries", ())
    ]  # fmt: skip


def _houses(area: str) -> dict[str, str]:
    """Institutions' names by their codes."""
    return dict(Unit.objects.filter(area=area, kind=Unit.INSTITUTION).values_list("code", "name"))


def registers(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The rows of registers a case made: title, address, key."""
    titles = {table.name: table.en if lang == "en" else table.zh for table in runs.register_tables()}
    rows = store.RegisterRow.objects.filter(area=case.area, case=case).order_by("pk")
    return [(titles[row.table], f"/registers/{row.table}", " ".join(map(str, row_key(row)))) for row in rows]


def row_key(row: store.RegisterRow) -> list[Any]:
    """The parts of a row's key, none empty."""
    import json

    return [part for part in json.loads(row.key) if part not in (None, "")]


def posted(case: flow.Case) -> list[store.Result]:
    """The runs of the year that were made after the case's rows, the newest first."""
    last = store.RegisterRow.objects.filter(area=case.area, case=case).order_by("-pk").first()
    if last is None or "treated" not in case.data:
        return []
    made = store.results_of(case.area).filter(pin__last_row__gte=last.pk, period__startswith=str(case.data["year"]))
    return list(made.exclude(state="lost")[:_SHOWN])


def _ledger(case: flow.Case, lang: str) -> list[tuple[str, str, str, str, str]]:
    """The entries of violations of the institution in the newest of those runs."""
    made = posted(case)
    if not made:
        return []
    where = (
        runs.Where("institution_id", "is", case.data["house"]),
        runs.Where("insurance_scheme", "is", case.data["scheme"]),
        runs.Where("event", "in", _EVENTS),
    )
    names = _houses(case.area)
    return [
        (
            row["entry_id"], printed(row["date"], "date", lang), runs.event_words(row["event"], lang, names),
            runs.account_words(row["debit"], lang, names), printed(row["amount"], "fen", lang),
        )
        for row in looks.rows_of(store.folder(made[0]), LEDGER, *where)[:_SHOWN]
    ]  # fmt: skip


def head(actor: Actor) -> Mapping[str, Any]:
    """Above the queue: how right each rule was, and the way to the leads; both are the bureau's."""
    known = precision(actor.area) if actor.role.side == "bureau" else {}
    words = {rule.id: rule.said[actor.person.language == "en"] for rule in runs.oversight_rules()}
    return {
        "known": [(words.get(rule, rule), right, of) for rule, (right, of) in sorted(known.items())],
        "may_open": actor.may(Act.SUSPICION_LEADS),
    }
