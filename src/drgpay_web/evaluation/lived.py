"""Evaluations of a demo's years: one whose samples are being checked, one to which values are being reported."""

from __future__ import annotations

from datetime import date

from drgpay_web import clock, flow
from drgpay_web.evaluation import actions
from drgpay_web.people import Actor, Role, Unit, somebody

CARD, CHECKED, OPEN = "shanwei-2023", "2023", "2024"
"""the scorecard; the year that is checked, and the one that is still reported"""
REPORTED = date(2024, 3, 18)
"""when the values of the year that is checked came in"""
_SYSTEMS, _PAY = "c03_systems", "c04_performance"
"""the items that the bureau's inspector, and an institution's performance office, report by name"""
_VALUES = {
    "c01_lead": ("3", "领导小组文件 第1页"),
    "c02_rules": ("2.5", "内部管理制度汇编 第2章"),
    _SYSTEMS: ("2.5", "机房查验记录 第1号"),
    _PAY: ("2", "绩效分配方案 第3条"),
    "c09_satisfaction": ("88%", "第三方满意度调查报告"),
    "l2_referral": ("4%", "转诊登记簿"),
    "l3_specialties": ("2", "重点专科批文"),
    "l4_drugs": ("0.8", "药品配备清单"),
}


def live(area: str) -> None:
    """Evaluations with work for the bureau and its hospitals; where there are some, nothing."""
    if flow.Case.objects.filter(machine="evaluation", area=area).exists():
        return
    top = Unit.objects.get(area=area, kind=Unit.AREA)
    b1, b4 = (somebody(role, top) for role in (Role.B1, Role.B4))
    if b1 and b4:
        _checked(b1, b4)
        _reported(b1, b4)


def _checked(b1: Actor, b4: Actor) -> None:
    """The last year's: reported by the institutions; the first one's sample was looked at, the next one's waits."""
    with clock.moved_to(REPORTED):
        case = actions.open_year(b1, card=CARD, year=CHECKED)
        for card in actions.cards_of(case):
            if h1 := somebody(Role.H1, card.unit):
                for item in _VALUES:
                    _report(h1, card, item)
    flow.do_now(b1, case, "close")
    for card in [one for one in actions.cards_of(case) if one.data["sample"]][:1]:
        for item in card.data["sample"]:
            flow.do_now(b4, card, "check", item=item, found="holds", value="", evidence="现场核查笔录 第1号")


def _reported(b1: Actor, b4: Actor) -> None:
    """This year's: items named to people, some of whom have reported."""
    case = actions.open_year(b1, card=CARD, year=OPEN)
    flow.do_now(b1, case, "assign_item", item=_SYSTEMS, person=str(b4.person.pk))
    for number, card in enumerate(actions.cards_of(case)):
        h1, h5 = (somebody(role, card.unit) for role in (Role.H1, Role.H5))
        if h1 and h5:
            flow.do_now(h1, card, "name_person", item=_PAY, person=str(h5.person.pk))
            _report(h1, card, "c01_lead")
            if number == 0:
                _report(b4, card, _SYSTEMS)
                _report(h5, card, _PAY)


def _report(actor: Actor, card: flow.Case, item: str) -> None:
    value, evidence = _VALUES[item]
    flow.do_now(actor, card, "report", item=item, value=value, evidence=evidence)
