"""A machine of tests: drafted by one person, approved by another, with fields, silence and a guard."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def machine() -> Any:
    """The machine ``trial``, registered."""
    from drgpay_web import flow
    from drgpay_web.people import Act, Role

    def enough(case: Any, actor: Any, values: Any) -> Any:
        return flow.Guarded("flow.not_from_here") if values["count"] is not None and values["count"] > 9 else None

    def count(case: Any, actor: Any, values: Any) -> None:
        case.data["count"] = case.data.get("count", 0) + 1

    made = flow.Machine(
        "trial", "ui", ("draft", "sent", "back", "good", "gone"), "draft", ("good", "gone"),
        (
            flow.Move("send", ("draft", "back"), "sent", Act.SUBMISSION_HAND_IN, guard=enough, effect=count,
                      fields=(flow.Field("why", required=True), flow.Field("count", "number")),
                      deadline=flow.Deadline(3), silence="lapse", notify=(Role.B1,)),
            flow.Move("accept", ("sent",), "good", Act.SUBMISSION_ACCEPT, not_by=("send",), notify=(Role.H1,)),
            flow.Move("return", ("sent",), "back", Act.SUBMISSION_RETURN, deadline=flow.Deadline(5, working=False)),
            flow.Move("touch", ("sent",), "", Act.SUBMISSION_ACCEPT, effect=count),
            flow.Move("lapse", ("sent",), "gone", None),
        ),
        see=Act.SUBMISSION_SEE, letters="TT",
    )  # fmt: skip
    return flow.register(made)
