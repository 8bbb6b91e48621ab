"""What is shown of the analysis of a month: to the bureau the area's and every institution's, to an institution its
own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drgpay.report.papers import Chart, Paper, Table, cell_text
from drgpay_web import flow, store
from drgpay_web.papers import giving
from drgpay_web.people import Act, Actor, NotThere, Unit, system_actor
from drgpay_web.rhythm import analysis
from drgpay_web.rhythm import analysis_moves as moves
from drgpay_web.rhythm.models import AnalysisRead
from drgpay_web.ui import w

ENDINGS = ("pdf", "docx", "xlsx", "pptx")


def months_there(area: str) -> list[str]:
    """The months that have a result, the latest first."""
    return [one.period for one in store.periods_seen(system_actor(area)) if analysis.is_month(one)]


def analyses(actor: Actor) -> list[flow.Case]:
    """The analyses that were sent, the latest month first; an institution's those that have one of its own."""
    actor.need(Act.ANALYSIS_READ)
    found = flow.Case.objects.filter(machine="month_analysis", area=actor.area, data__sent__isnull=False)
    house = actor.unit.of_kind(Unit.INSTITUTION)
    its = list(found.order_by("-period"))
    return [one for one in its if not house or house in moves.houses_of(one, one.data["sent"])]


def seen(actor: Actor, pk: int, code: str = "") -> tuple[flow.Case, Unit, int]:
    """An analysis, whose of its units an actor reads, and in which version: an institution its own as it was sent,
    the bureau the newest, the area's or the institution's with ``code``. Raises NotThere."""
    actor.need(Act.ANALYSIS_READ)
    case = flow.Case.objects.select_related("unit").filter(machine="month_analysis", area=actor.area, pk=pk).first()
    house = actor.unit.of_kind(Unit.INSTITUTION)
    version = case.data.get("sent" if house else "version") if case else None
    if case is None or version is None:
        raise NotThere
    if house and code not in ("", house.code):
        raise NotThere
    wanted = house.code if house else code
    units = moves.houses_of(case, version)
    unit = next((one for one in units if one.code == wanted), None) if wanted else case.unit
    if unit is None:
        raise NotThere
    return case, unit, version


def offer(case: flow.Case, unit: Unit, version: int) -> giving.Offer:
    """The paper of a unit, as it was made, to be taken."""
    kind = "analysis.house" if unit.kind == Unit.INSTITUTION else "analysis.area"
    result = store.Result.objects.get(pk=case.data["result"])
    return giving.Offer(kind, unit, case.period, lambda lang: moves.kept_paper(case, version, unit, lang), None, case,
                        result, endings=ENDINGS)  # fmt: skip


def blocks_of(paper: Paper) -> list[dict[str, Any]]:
    """The blocks of a paper as the screen shows them: the figures as they are printed."""
    found: list[dict[str, Any]] = []
    for block in paper.blocks:
        if isinstance(block, Chart):
            continue
        if isinstance(block, Table):
            numbers = [column.kind not in ("text", "month") for column in block.columns]
            lines = [*block.rows, *([block.total] if block.total else [])]
            found.append({
                "title": block.title,
                "heads": [(c.head, number) for c, number in zip(block.columns, numbers, strict=True)],
                "rows": [[(cell_text(block, i, line, paper.lang), numbers[i]) for i in range(len(numbers))]
                         for line in lines],
            })  # fmt: skip
        else:
            found.append({"title": block.title, "paragraphs": block.paragraphs})
    return found


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """Version, the run it was made of, when it was sent, and why it could not be made."""
    data, found = case.data, []
    if "version" in data:
        result = store.Result.objects.get(pk=data["result"])
        found += [
            ("rhythm.version_word", str(data["version"]), f"/analyses/{case.pk}"),
            ("rhythm.analysis_run", result.title(lang), ""),
            ("rhythm.analysis_digest", result.digest[:16], ""),
        ]
    if "sent" in data:
        found.append(("rhythm.analysis_sent_on", f"{data['sent_on']} ({data['sent']})", ""))
    if "error" in data:
        found.append(("rhythm.analysis_error", data["error"][lang], ""))
    return found


def panel(case: flow.Case, actor: Actor) -> Mapping[str, Any]:
    """The papers there are, who has read them, whom the rule proposes to talk to, and the meetings on it."""
    version = case.data.get("sent") or case.data.get("version")
    if not version:
        return {}
    lang = actor.person.language
    reads = AnalysisRead.objects.filter(case=case, version=version).select_related("person")
    by_unit: dict[int, list[AnalysisRead]] = {}
    for one in reads.order_by("at"):
        by_unit.setdefault(one.unit_id, []).append(one)
    houses = moves.houses_of(case, version)
    wanted = moves.proposed(case)
    return {
        "houses": [(unit, by_unit.get(unit.pk, []), unit.code in wanted) for unit in houses],
        "bureau": by_unit.get(case.unit_id, []),
        "read": len([unit for unit in houses if unit.pk in by_unit]),
        "sent": "sent" in case.data,
        "meetings": [(one, flow.state_words(actor, one), w(f"rhythm.meeting.kind.{one.data['kind']}", lang))
                     for one in moves.meetings_of(case)],
    }  # fmt: skip


def unread(actor: Actor) -> int:
    """How many analyses that were sent a person has not read."""
    its = analyses(actor)
    mine = AnalysisRead.objects.filter(person=actor.person)
    known = set(mine.values_list("case", "version"))
    return len([one for one in its if (one.pk, one.data["sent"]) not in known])
