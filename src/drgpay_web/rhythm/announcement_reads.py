"""What is read of announcements: by those whom they are for, and by the bureau, with who has read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import IntegerField, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from drgpay.report.papers import Column, Line, Paper, Signature, Table, Text
from drgpay_web import flow
from drgpay_web.people import Act, Actor, NotThere, Role, Unit
from drgpay_web.rhythm.models import Read, Version
from drgpay_web.ui import w
from drgpay_web.ui.words import words

IN_FORCE = Cast(KeyTextTransform("version", "case__data"), IntegerField())
"""number of the version of an announcement that holds; as a number, which not every data base makes of JSON itself"""
_ACTING = (Role.H1, Role.H2, Role.H5, Role.H6)
"""who reads what is for hospitals; what is public is for everybody"""


def versions(actor: Actor) -> QuerySet[Version]:
    """The versions of announcements that are for an actor, the latest first."""
    actor.need(Act.ANNOUNCEMENT_READ)
    found = Version.objects.filter(case__area=actor.area).select_related("case", "by")
    if actor.role.side == "hospital":
        found = found.filter(audience__in=["public", "hospitals"] if actor.role in _ACTING else ["public"])
    return found.order_by("-day", "-pk")


def latest(actor: Actor) -> QuerySet[Version]:
    """Of every announcement the version that holds."""
    return versions(actor).filter(number=IN_FORCE)


def version_seen(actor: Actor, pk: int, number: int | None = None) -> Version:
    """A version of an announcement, or the latest. Raises NotThere."""
    found = versions(actor).filter(case=pk)
    one = (found.filter(number=number) if number else found.filter(number=IN_FORCE)).first()
    if one is None:
        raise NotThere
    return one


def unread(actor: Actor) -> int:
    """How many announcements that hold a person has not read."""
    mine = Read.objects.filter(person=actor.person).values_list("version", flat=True)
    return latest(actor).exclude(case__state="withdrawn").exclude(pk__in=mine).count()


def kind_words(kind: str, lang: str) -> str:
    """The kind of an announcement in words; of one that has none, that it is an announcement."""
    key = f"rhythm.kind.{kind}"
    return w(key if key in words() else "rhythm.announcement", lang)


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """Kind, audience, version, and what was hidden."""
    data = case.data
    found = [("rhythm.kind_word", kind_words(str(data.get("kind", "")), lang), "")]
    if data.get("audience"):
        found.append(("rhythm.audience_word", w(f"rhythm.announcement.choice.{data['audience']}", lang), ""))
    if data.get("version"):
        found.append(("rhythm.version_word", str(data["version"]), f"/announcements/{case.pk}"))
    if data.get("until"):
        found.append(("rhythm.until_word", data["until"], ""))
    if gone := data.get("withdrawn"):
        found.append(("rhythm.withdrawn_word", f"{gone['on']} {gone['why']}", ""))
    return found


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What the list of announcements shows."""
    return [
        ("rhythm.audience_word", w(f"rhythm.announcement.choice.{case.data['audience']}", lang)),
        ("rhythm.version_word", str(case.data.get("version", ""))),
    ]


def panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """What is or will be read, the versions there are, and who has read the one that holds."""
    data, next_one = case.data, case.data.get("next")
    table = (next_one or data).get("shown") or {"heads": data.get("heads") or [], "rows": data.get("rows") or []}
    its = list(Version.objects.filter(case=case).select_related("by").order_by("-number"))
    return {
        "said": next_one or {"subject": case.subject, "text": data.get("text", "")},
        "table": table,
        "is_next": bool(next_one),
        "versions": its,
        "receipts": receipts(its[0]) if its else None,
    }


def receipts(version: Version) -> dict[str, Any]:
    """By institution how many have read it and when the first did; those that have not come last."""
    read: dict[int, list[Read]] = {}
    for one in version.read.select_related("unit", "person"):
        read.setdefault(one.unit_id, []).append(one)
    units = Unit.objects.filter(area=version.case.area)
    if version.audience == "bureau":
        units = units.filter(kind=Unit.AREA)
    else:
        units = units.filter(Q(kind=Unit.INSTITUTION) | Q(pk__in=list(read)))
    rows: list[dict[str, Any]] = [
        {"unit": unit, "count": len(its), "first": its[0] if its else None}
        for unit in units
        for its in [read.get(unit.pk, [])]
    ]
    houses = [row for row in rows if row["unit"].kind == Unit.INSTITUTION]
    return {
        "rows": sorted(rows, key=lambda row: (row["first"] is None, row["unit"].path)),
        "houses": len(houses),
        "read": len([row for row in houses if row["first"]]),
    }


def paper(case: flow.Case, lang: str) -> Paper:
    """The version that holds, as a paper."""
    return paper_of(
        Version.objects.select_related("by", "case__unit").get(case=case, number=case.data["version"]), lang
    )


def paper_of(version: Version, lang: str) -> Paper:
    """A version as a paper: text, table, who issued it and when."""
    case = version.case
    said = [
        (w("flow.number", lang), case.number),
        (w("rhythm.version_word", lang), str(version.number)),
        (w("rhythm.published_on", lang), version.day.isoformat()),
    ]
    if version.until:
        said.append((w("rhythm.until_word", lang), version.until.isoformat()))
    if version.why:
        said.append((w("rhythm.corrected_why", lang), version.why))
    blocks: list[Table | Text] = []
    if version.text:
        blocks.append(Text(kind_words(version.kind, lang), tuple(version.text.splitlines())))
    if version.heads:
        heads = tuple(Column(head, share=1) for head in version.heads)
        blocks.append(Table(version.title, heads, tuple(Line(tuple(row)) for row in version.rows)))
    if version.hidden:
        blocks.append(Text(w("rhythm.note_word", lang), (w("rhythm.hidden_note", lang),)))
    issuer = w("rhythm.issuer", lang, area=case.unit.name)
    return Paper(
        lang, issuer, version.title, case.period, tuple(said), tuple(blocks),
        (Signature(issuer, (version.day.isoformat(),)),), f"{case.number} · {version.number}",
    )  # fmt: skip
