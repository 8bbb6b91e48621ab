"""What the page of a stay says: its group and why, how its costs lie between the group's bounds, what is amiss."""

from __future__ import annotations

from typing import Any

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay_web import store
from drgpay_web.api.models import Token
from drgpay_web.people import Actor, Person, Role
from drgpay_web.ui import Unfit, w
from drgpay_web.ui.values import printed

MONEY = ("low_bound", "mean_cost", "high_bound", "total_cost", "expected_payment")
LANG = "zh"
"""a page in a hospital's own system"""


def room_of(token: Token, stay: dict[str, Any]) -> dict[str, Any]:
    """The group of a stay in house with its reasons and rules, its bounds, and what has still to be mended. Where the
    area has published nothing, or pays by rate, there is no amount and the page says so."""
    actor = Actor(token.person or Person.objects.system(), None, Role(token.role), token.unit, token.unit.area)
    grouper = store.grouper_of(actor)
    found, story = grouper.group([stay])[0], grouper.tell(stay)
    estimate: dict[str, Any] = {}
    try:
        period, estimates = estimated(actor, [stay], [found])
    except (DrgpayError, Unfit) as error:
        said = error.said(LANG) if isinstance(error, Unfit) else error.zh
    else:
        estimate, said = estimates[0], w("api.stay_period", LANG, period=period)
    amounts = [(name, printed(estimate[name], "fen", LANG)) for name in MONEY if estimate.get(name) is not None]
    return {
        "group": found, "group_name": story.drg_name, "scheme": story.scheme,
        "reason": story.reason.zh if story.reason else "", "amounts": amounts,
        "said" if amounts else "why": said, "remark": estimate.get("zh", ""),
        "rules": [f"{layer.code} {layer.name}：{layer.rule.zh}" for layer in story.layers if layer.code],
        "findings": [one["zh"] for one in grouper.findings([stay]) if one["row"]],
    }  # fmt: skip


def estimated(actor: Actor, stays: list[dict[str, Any]], groups: list[Any]) -> tuple[str, list[dict[str, Any]]]:
    """Estimates of stays by what was published last, and of which period that is. Raises Unfit where nothing is,
    DrgpayError where it cannot be estimated from."""
    latest = next(iter(store.periods_seen(actor)), None)
    if latest is None:
        raise Unfit("api.stay_no_period")
    rules = runs.published_of(store.folder(latest), actor.unit.code)
    return latest.period, runs.estimate_given(stays, groups, rules)
