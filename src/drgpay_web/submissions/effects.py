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
    case.data["checking"] = _order(case, actor, CHECK).pk


def hand_in(case: Case, actor: Actor, values: Values) -> None:
    """Keep why it is a correction; what the area accepts by its score is accepted at once."""
    from drgpay_web.submissions.actions import accept_by_score
    from drgpay_web.submissions.guards import is_sealed

    case.data = case.data | {"correction": is_sealed(case), "reason": values["reason"] or ""}
    transaction.on_commit(partial(accept_by_score, case.pk), robust=True)


def enter(case: Case, actor: Actor, values: Values) -> None:
    """Have the file entered into the record as a batch, by a job."""
    case.data = case.data | {"entering": _order(case, actor, ENTER).pk}


def _order(case: Case, actor: Actor, kind: str) -> Any:
    from drgpay_web import jobs

    return jobs.order(
        actor, kind=kind, area=case.area, key=f"{kind}:{case.pk}", unit=case.unit,
        payload={"case": case.pk, "back": f"/cases/{case.pk}"},
    )  # fmt: skip
