"""What a demo's office has drafted of its policy. Nothing of it is adopted: runs stay what they are."""

from __future__ import annotations

from datetime import date

from drgpay_web import clock, flow, store
from drgpay_web.people import Actor, Role, Unit, somebody
from drgpay_web.policy import actions


def live(area: str) -> None:
    """A draft, one that waits to be adopted, and one that was dropped; where there is one, nothing."""
    if flow.Case.objects.filter(machine="policy", area=area).exists():
        return
    b1 = somebody(Role.B1, Unit.objects.get(area=area, kind=Unit.AREA))
    if b1 is None:
        return
    with clock.moved_to(date(2024, 4, 3)):
        waits = _draft(b1, "关于调整月度预拨比例的通知（云医保〔2024〕9号）", "settlement.monthly_pay_ratio", "90%")
        waits = flow.do_now(b1, flow.do_now(b1, waits, "check"), "skip", why="只影响月度预拨，不影响年度清算")
        _draft(b1, "关于完善歧义病案折扣的通知（征求意见）", "points.qy_discount", "50%")
        flow.do_now(
            b1, _draft(b1, "关于高倍率界限的通知（旧稿）", "points.qy_discount", "70%"), "drop", why="已并入新稿"
        )


def _draft(b1: Actor, document: str, name: str, value: str) -> flow.Case:
    own = store.practice_of(b1.area)
    case = actions.draft(b1, of=own, document=document, issued=date(2024, 4, 3), in_force=date(2024, 7, 1))
    return flow.do_now(b1, case, "set", parameter=name, value=value, clause="第三条")
