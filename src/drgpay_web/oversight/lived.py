"""Suspicions and alerts a demo's office is opened with: cases in every state, made by the moves its people make."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from drgpay import runs
from drgpay.tables import AUDIT_SAMPLE, SUSPICIONS
from drgpay_web import clock, flow, store
from drgpay_web.oversight import looks, opening
from drgpay_web.people import Actor, Membership, Role, Unit, named

OPENED, ASKED, LAPSED, JUDGED = date(2024, 3, 11), date(2024, 3, 12), date(2024, 3, 28), date(2024, 4, 3)
"""when cases were opened, hospitals asked, those that did not answer late, and findings judged"""
_TREATED = {"amount": None, "multiple": None, "points": None, "publish": False, "reason": "按服务协议处理"}
_RECOVERED = _TREATED | {"treatment": "recover", "publish": True}
_DAMAGES = _TREATED | {"treatment": "damages", "multiple": "5", "points": 4}
_SMALL = 86_000
"""what is recovered of a drawn stay, in fen"""
_WAYS: tuple[tuple[str, ...], ...] = (
    (), ("take",), ("take", "ask_late"), ("take", "ask", "explain"), ("take", "ask", "accept"),
    ("take", "ask", "lapse"), ("take", "ask", "explain", "dismiss"), ("take", "ask", "explain", "confirm"),
    ("take", "ask", "explain", "confirm", "appeal"), ("take", "ask", "accept", "confirm"),
    ("take", "ask", "explain", "confirm", "appeal", "uphold"),
    ("take", "ask", "explain", "confirm", "appeal", "change"),
    ("take", "ask", "accept", "confirm", "propose_much"), ("take", "ask", "accept", "confirm", "propose"),
    ("take", "same"),
    ("take", "ask", "accept", "confirm", "propose", "execute"),
    ("take", "ask", "accept", "confirm", "talk", "execute", "close"), ("take", "differ"),
)  # fmt: skip
"""how far each of the cases has come"""


def live(area: str) -> None:
    """Open cases from what the looks of the area found, and bring each as far as its way goes; once."""
    if flow.Case.objects.filter(area=area, machine="suspicion").exists():
        return
    people = _People(area)
    for way, case in zip(_WAYS, _opened(area, people), strict=False):
        _go(people, case, way)
    _alerts(people)


class _People:
    """Who does what: two inspectors, an approver, and the insurance offices that have an account."""

    def __init__(self, area: str) -> None:
        self.area = area
        self.inspector, self.reviewer = (named(username) for username in ("b4", "b4b"))
        self.approver = named("b2")
        held = Membership.objects.filter(role=Role.H1, unit__area=area, person__is_active=True)
        self.offices = {one.unit.code: named(one.person.username) for one in held.select_related("unit", "person")}


def _opened(area: str, people: _People) -> Iterator[flow.Case]:
    """Cases of hospitals with an account, one by one: of leads, the likeliest of each look first, then of drawn
    stays."""
    own = runs.Where("institution_id", "in", sorted(people.offices))
    for look in looks.looks(area):
        rows = looks.rows_of(store.folder(look), SUSPICIONS, runs.Where("state", "is", "open"), own)
        for row in sorted(rows, key=lambda one: (-one["score"], -one["amount"], one["suspicion_id"])):
            with clock.moved_to(OPENED):
                made = opening.open_leads(people.inspector, look, [row["suspicion_id"]])
            yield from made
    for look in looks.looks(area):
        for row in looks.rows_of(store.folder(look), AUDIT_SAMPLE, own):
            with clock.moved_to(OPENED):
                made = opening.open_drawn(people.inspector, look, [row["stay_id"]])
            yield from made


def _go(people: _People, case: flow.Case, way: tuple[str, ...]) -> None:
    """Bring a case as far as its way goes; a drawn stay is coded again before anybody is asked."""
    drawn = case.data["kind"] == opening.AUDIT
    office = people.offices[case.unit.code]
    moves: dict[str, tuple[date, Actor, str, dict[str, Any]]] = {
        "take": (OPENED, people.inspector, "take", {}),
        "ask": (ASKED, people.inspector, "ask", {"question": "请说明该病例的诊疗和收费依据，并附病历和费用清单。"}),
        "ask_late": (JUDGED, people.inspector, "ask", {"question": "请说明主要诊断的选择依据，并附病案首页。"}),
        "explain": (ASKED, office, "explain", {"explanation": "患者病情需要，详见所附病程记录。"}),
        "accept": (ASKED, office, "accept", {"explanation": "经自查情况属实。"}),
        "confirm": (JUDGED, people.reviewer, "confirm", {"finding": None, "reason": "证据与说明不符，予以认定。"}),
        "dismiss": (JUDGED, people.reviewer, "dismiss", {"reason": "说明合理，不予认定。"}),
        "appeal": (JUDGED, office, "appeal", {"reason": "认定金额未考虑合并症。"}),
        "uphold": (JUDGED, people.approver, "uphold", {"reason": "申诉材料不足以改变认定。"}),
        "change": (JUDGED, people.approver, "change", {"amount": _lower(case), "reason": "部分费用合理，予以核减。"}),
        "propose": (JUDGED, people.inspector, "propose", _RECOVERED | {"amount": _SMALL if drawn else None}),
        "propose_much": (JUDGED, people.inspector, "propose", _DAMAGES | {"amount": case.data["payment"]}),
        "talk": (JUDGED, people.inspector, "propose", _TREATED | {"treatment": "interview", "points": 1}),
        "execute": (JUDGED, people.inspector, "execute", {}),
        "close": (JUDGED, people.inspector, "close", {}),
    }  # fmt: skip
    for step in way:
        if (step.startswith("ask") or step == "differ") and drawn:
            _move(ASKED, people.inspector, case, "code_again", {"dx": "Z00.000", "proc": None})
        if step == "differ":
            continue
        if step == "same":
            _same(people, case)
            continue
        if step == "lapse":
            with clock.moved_to(LAPSED):
                flow.sweep()
            continue
        day, who, move, values = moves[step]
        _move(day, who, case, move, values)
        if step == "propose" and case.state == "proposed" and "execute" in way:
            _move(day, people.approver, case, "approve", {})
        if step == "talk":
            said = {
                "place": "市医保局会议室",
                "attending": "医保办主任\n科主任",
                "minutes": "通报情况，要求限期整改。",
            }
            _move(day, people.inspector, case, "interview", {"day": day, **said})


def _lower(case: flow.Case) -> int:
    """What an appeal leaves: not above what was at stake."""
    return min([_SMALL, *(int(lead["amount"]) for lead in case.data["leads"][:1])])


def _move(day: date, who: Actor, case: flow.Case, move: str, values: dict[str, Any]) -> None:
    with clock.moved_to(day):
        flow.do_now(who, case, move, **values)
        case.refresh_from_db()


def _same(people: _People, case: flow.Case) -> None:
    """The second coder finds what the first did; a lead is nobody's to code again."""
    if case.data["kind"] == opening.AUDIT:
        story = runs.tell_stay(store.folder(store.Result.objects.get(pk=case.data["run"])), case.data["stay"])
        dx, proc = (" ".join(one.code for one in codes) for codes in (story.dx, story.proc))
        _move(ASKED, people.inspector, case, "code_again", {"dx": dx, "proc": proc or None})


def _alerts(people: _People) -> None:
    """Alerts of hospitals with an account: some wait, others were answered, one is done with."""
    houses = Unit.objects.filter(area=people.area, code__in=list(people.offices))
    found = flow.Case.objects.filter(area=people.area, machine="alert", state="raised", unit__in=houses)
    ways = (("acknowledge",), ("acknowledge", "explain"), ("acknowledge", "correct", "verify", "close"))
    said = {
        "explain": "本月开展新技术，费用上升。",
        "correct": "已分析费用，限制高值耗材。",
        "verify": "已核实。",
    }
    for way, case in zip(ways, found.select_related("unit").order_by("pk"), strict=False):
        for move in way:
            who = people.inspector if move in ("verify", "close") else people.offices[case.unit.code]
            _move(JUDGED, who, case, move, {"text": said.get(move, "")})
