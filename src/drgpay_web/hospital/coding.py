"""Coding suggestions (编码建议): noted on a stay, sent to the records room, taken or declined with a reason."""

from __future__ import annotations

from typing import Any

from drgpay_web import flow
from drgpay_web.flow.machine import Values
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui import Unfit, w

MACHINE = "coding_note"
HOW = ("principal", "procedures", "without", "added", "other")


def note(
    actor: Actor, *, stay: dict[str, Any], place: str, how: str, code: str, name: str, reason: str
) -> flow.Case:  # fmt: skip
    """Note a suggestion on a stay (its id, department and doctor) and send it to the records room. ``place``: the
    address of the stay's coding page; ``reason``: what in the record speaks for it. Raises Unfit without one."""
    if not reason or how not in HOW or not code:
        raise Unfit("hospital.note_needs_reason")
    unit = unit_of(actor, stay)
    actor.need(Act.CODING_SUGGEST, unit)
    data = {"how": how, "code": code, "name": name, "reason": reason, "place": place, "stay": stay["stay_id"]}
    case = flow.open_case(
        actor, machine=MACHINE, unit=unit, subject=f"{stay['stay_id']} {code}", data=data, stays=[stay["stay_id"]]
    )
    return flow.do(actor, case, "send", version=case.version)


def unit_of(actor: Actor, stay: dict[str, Any]) -> Unit:
    """The doctor's unit, where he has one, else the department's, else the hospital: whose people see it."""
    house = actor.unit.of_kind(Unit.INSTITUTION)
    assert house is not None
    ward = house.children.filter(kind=Unit.DEPARTMENT, code=stay.get("department_id") or "").first()
    doctor = ward and ward.children.filter(kind=Unit.DOCTOR, code=stay.get("doctor_id") or "").first()
    return doctor or ward or house


def answered(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep what was said to it."""
    case.data["answer"] = values.get("why") or values.get("done") or ""


def facts(case: flow.Case, lang: str) -> list[tuple[str, str, str]]:
    """The stay, what is suggested, and why."""
    data = case.data
    rows = [
        ("hospital.note_stay", data["stay"], data["place"]),
        ("hospital.note_what", w(f"hospital.how_{data['how']}", lang), ""),
        ("hospital.note_code", f"{data['code']} {data['name']}".strip(), ""),
        ("hospital.note_reason", data["reason"], ""),
    ]
    return [*rows, ("hospital.note_answer", data["answer"], "")] if data.get("answer") else rows


def columns(case: flow.Case, lang: str) -> list[tuple[str, str]]:
    """What a list of them shows."""
    return [
        ("hospital.note_what", w(f"hospital.how_{case.data['how']}", lang)),
        ("hospital.note_code", f"{case.data['code']} {case.data['name']}".strip()),
    ]
