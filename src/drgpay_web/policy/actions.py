"""Ordering a what-if on a settled year."""

from __future__ import annotations

from collections.abc import Mapping

from drgpay_web import jobs, store
from drgpay_web.people import Act, Actor
from drgpay_web.ui.errors import Unfit

ONE, MANY = "policy.whatif_one", "policy.whatif_sweep"


def try_out(
    actor: Actor, *, result: store.Result, changes: Mapping[str, str], practice: str = "", sweep: str = ""
) -> jobs.Job:
    """Have a settled year computed again with other values, under another practice, or for a range of one value
    (``name=first..last:step``). Nothing of the year is changed. Raises Unfit where nothing is to be tried."""
    actor.need(Act.POLICY_WHATIF)
    if not (changes or practice or sweep):
        raise Unfit("policy.nothing_to_try")
    kind = MANY if sweep else ONE
    return jobs.order(
        actor, kind=kind, area=actor.area, key=f"{kind}:{actor.area}:{actor.person.pk}",
        payload={"result": result.pk, "changes": dict(changes), "practice": practice, "sweep": sweep},
    )  # fmt: skip
