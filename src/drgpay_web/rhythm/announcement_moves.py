"""What stands in the way of moves of an announcement, and what follows them."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay_web import clock, flow, store
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor, Role, Unit
from drgpay_web.rhythm.models import Version
from drgpay_web.rhythm.small import columns_of_counts, without_small

AUDIENCES = ("public", "hospitals", "bureau")
_HOUSE = (Role.H1, Role.H2, Role.H5, Role.H6)
_BUREAU = (Role.B1, Role.B2, Role.B3, Role.B4, Role.B5, Role.B6)


def as_text(heads: list[Any], rows: list[list[Any]]) -> str:
    """A table as one types it: a line for each row, cells between bars."""
    return "\n".join(" | ".join(str(cell) for cell in row) for row in [heads, *rows] if row)


def as_table(text: str) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a typed or pasted table; rows that are too short are filled up."""
    lines = [
        [cell.strip() for cell in line.strip().strip("|｜").replace("｜", "|").replace("\t", "|").split("|")]
        for line in text.splitlines()
        if line.strip()
    ]
    if not lines:
        return [], []
    wide = len(lines[0])
    return lines[0], [(line + [""] * wide)[:wide] for line in lines[1:]]


def typed_table(case: flow.Case) -> str:
    """The table of a case as it would be typed."""
    return as_text(case.data.get("heads") or [], case.data.get("rows") or [])


def something_said(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """An empty announcement is not checked."""
    said = case.subject and (case.data.get("text") or case.data.get("rows"))
    return None if said else flow.Guarded("rhythm.nothing_said")


def written(case: flow.Case, actor: Actor, values: Values) -> None:
    """Take over what was typed."""
    heads, rows = as_table(values["table"] or "")
    same = heads == [str(head) for head in case.data.get("heads") or []]
    case.subject = values["subject"][:200]
    case.data |= {"audience": values["audience"], "text": values["text"] or "", "heads": heads, "rows": rows}
    if not same:
        case.data.pop("counts", None)


def checked(case: flow.Case, actor: Actor, values: Values) -> None:
    """What will be read: small counts of others hidden, where it leaves the bureau."""
    case.data["shown"] = _shown(case, case.data)


def _shown(case: flow.Case, said: Any) -> dict[str, Any]:
    heads = [str(head) for head in said.get("heads") or []]
    rows = [[str(cell) for cell in row] for row in said.get("rows") or []]
    hidden = 0
    if case.data["audience"] != "bureau":
        terms = runs.office_terms(store.practice_source(case.area), clock.today())
        rows, hidden = without_small(rows, columns_of_counts(heads, said.get("counts")), terms.smallest_count)
    return {"heads": heads, "rows": rows, "hidden": hidden}


def published(case: flow.Case, actor: Actor, values: Values) -> None:
    """The first version, for all to read whom it is for."""
    until = values["until"]
    case.data["until"] = until.isoformat() if until else None
    _publish(case, actor, case.subject, case.data["text"], case.data["shown"])


def _publish(case: flow.Case, actor: Actor, title: str, text: str, shown: Any, why: str = "") -> None:
    number = case.data.get("version", 0) + 1
    Version.objects.create(
        case=case, number=number, title=title, kind=str(case.data.get("kind", "")), audience=case.data["audience"],
        text=text, why=why, until=case.data.get("until"), day=clock.today(), at=clock.now(), by=actor.person, **shown,
    )  # fmt: skip
    case.data["version"] = number
    key = "rhythm.told_corrected" if why else "rhythm.told_published"
    for person in _readers(case):
        if person != actor.person:
            flow.tell_person(case, person, key, href=f"/announcements/{case.pk}", title=title)


def _readers(case: flow.Case) -> list[Any]:
    """Whom it is for: the bureau's people, and of every institution those who act for it."""
    people = dict.fromkeys(flow.people_with(_BUREAU, case.unit))
    if case.data["audience"] != "bureau":
        for house in Unit.objects.filter(area=case.area, kind=Unit.INSTITUTION):
            people |= dict.fromkeys(flow.people_with(_HOUSE, house))
    return list(people)


def corrected(case: flow.Case, actor: Actor, values: Values) -> None:
    """A new version is drafted; the published one stays what is read until another person publishes this."""
    heads, rows = as_table(values["table"] or "")
    counts = case.data.get("counts") if heads == [str(head) for head in case.data.get("heads") or []] else None
    said = {"heads": heads, "rows": rows, "counts": counts}
    case.data["next"] = {
        "subject": values["subject"][:200], "text": values["text"] or "", "why": values["why"], **said,
        "shown": _shown(case, said),
    }  # fmt: skip


def correction_published(case: flow.Case, actor: Actor, values: Values) -> None:
    """The new version takes the place of the old one, which stays readable."""
    said = case.data.pop("next")
    case.subject = said["subject"]
    case.data |= {name: said[name] for name in ("text", "heads", "rows", "shown")}
    if said["counts"] is None:
        case.data.pop("counts", None)
    _publish(case, actor, case.subject, said["text"], said["shown"], why=said["why"])


def dropped(case: flow.Case, actor: Actor, values: Values) -> None:
    """The drafted correction is not published."""
    case.data.pop("next", None)


def before_correction(case: flow.Case, values: Values) -> str:
    """What it was before the correction was drafted."""
    return "corrected" if case.data["version"] > 1 else "published"


def withdrawn(case: flow.Case, actor: Actor, values: Values) -> None:
    """Its readers are told, with the reason."""
    case.data["withdrawn"] = {"on": clock.today().isoformat(), "why": values["why"]}
    for person in _readers(case):
        flow.tell_person(case, person, "rhythm.told_withdrawn", href=f"/announcements/{case.pk}", title=case.subject)
