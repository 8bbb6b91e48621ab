"""Returned files a demo's hospitals have compared: some wait, some were asked about, answered, closed."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from drgpay import runs
from drgpay.units import show_fen
from drgpay_web import clock, flow, jobs, store
from drgpay_web.people import Actor, Role, Unit, somebody
from drgpay_web.reconcile import actions

DAY = date(2024, 4, 3)
_HEADS = ("结算ID", "病组编码", "DRG支付金额")
_QUESTION = "该病例在返回结果中缺失，其余差异见明细，请说明依据。"
_WAYS: tuple[tuple[str, ...], ...] = ((), ("ask",), ("ask", "answer"), ("ask", "answer", "close"))
"""how far each of the returns has come: one for each hospital with an account and each published month"""


def live(area: str) -> None:
    """Returns in every state; where there are some, nothing."""
    if flow.Case.objects.filter(machine="reconciliation", area=area).exists():
        return
    b1 = somebody(Role.B1, Unit.objects.get(area=area, kind=Unit.AREA))
    houses = Unit.objects.filter(area=area, kind=Unit.INSTITUTION).order_by("code")
    offices = [one for one in (somebody(Role.H1, house) for house in houses) if one]
    if b1 is None:
        return
    with clock.moved_to(DAY):
        told = [(office, result) for office in offices for result in _months(office)]
        for number, (way, (office, result)) in enumerate(zip(_WAYS, told, strict=False)):
            content, asked = _returned(office, result, regrouped=number == 0)
            case = _upload(office, result, content)
            for move in way if asked else ():
                _move(b1 if move == "answer" else office, case, move, asked)
        if told:
            _upload(*told[0], "备注\n没有病例号的文件\n".encode())


def _months(office: Actor) -> list[store.Result]:
    return [one for one in actions.results(office) if one.state in ("published", "sealed") and "-" in one.period]


def _returned(office: Actor, result: store.Result, *, regrouped: bool) -> tuple[bytes, str]:
    """The institution's own stays as a return gives them: of the first the group (where some are ``regrouped``: why
    is then looked for in every scheme), of the next two the payments are others', and the last is not there. With the
    stays to ask about; none where there are too few."""
    own = [
        [row["stay_id"], row["drg"], show_fen(row["payment"], group=False)]
        for row in runs.own_of_run(store.folder(result), office.unit.code).rows.to_dicts()
    ]
    asked = ""
    if len(own) > 4:
        asked = own[-1][0]
        if regrouped:
            own[0][1] = next((row[1] for row in own if row[1] != own[0][1]), own[0][1])
        own[1][2], own[2][2] = own[2][2], own[1][2]
        own.pop()
    text = io.StringIO()
    csv.writer(text).writerows([_HEADS, *own])
    return text.getvalue().encode(), asked


def _upload(office: Actor, result: store.Result, content: bytes) -> flow.Case:
    case = actions.upload(
        office, chunks=[content], name=f"返回结果{result.period}.csv", unit=office.unit, result=result, of="official"
    )
    jobs.do_here(jobs.Job.objects.get(pk=case.data["job"]))
    return case


def _move(who: Actor, case: flow.Case, name: str, asked: str) -> None:
    values: dict[str, Any] = {}
    if name == "ask":
        values = {"lines": asked, "question": _QUESTION}
    elif name == "answer":
        values = {"answer": "已核对：该病例结算日期在次月，将在次月返回。"}
    flow.do_now(who, case, name, **values)
