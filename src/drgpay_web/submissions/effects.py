"""What a move of a submission brings with it, in the same transaction."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction

from drgpay_web.flow.machine import Values

if TYPE_CHECKING:
    from drgpay_web.flow.models import Case
    from drgpay_web.people import Actor

CHECK, ENTER = "submissions.check", "submissions.enter"


def check(case: Case, actor: Actor, values: Values) -> None:
    """Have the file checked by a job, with what the institution says its headers mean."""
    from drgpay_web.submissions.models import FieldMap

    said = FieldMap.objects.filter(unit=case.unit).first()
    case.data = case.data | {"columns": said.columns if said else {}}
    case.data.pop("refused", None)
    case.data["checking"] = _order(case, actor, CHECK, case.unit).pk


def hand_in(case: Case, actor: Actor, values: Values) -> None:
    """Keep why it is a correction; one that waits from before is replaced; what the area accepts by its score is
    accepted at once."""
    from drgpay_web import flow
    from drgpay_web.people import system_actor
    from drgpay_web.submissions.actions import accept_by_score
    from drgpay_web.submissions.guards import is_sealed, others

    case.data = case.data | {"correction": is_sealed(case), "reason": values["reason"] or ""}
    for one in others(case).filter(state="handed_in"):
        flow.do(system_actor(case.area), one, "replace", version=one.version)
    transaction.on_commit(partial(accept_by_score, case.pk), robust=True)


def enter(case: Case, actor: Actor, values: Values) -> None:
    """Have the file entered into the record as a batch, by a job of the bureau's."""
    case.data = case.data | {"entering": _order(case, actor, ENTER, case.unit.line()[0]).pk}


def _order(case: Case, actor: Actor, kind: str, unit: Any) -> Any:
    from drgpay_web import jobs

    return jobs.order(
        actor, kind=kind, area=case.area, key=f"{kind}:{case.pk}", unit=unit,
        payload={"case": case.pk, "back": f"/cases/{case.pk}"},
    )  # fmt: skip
