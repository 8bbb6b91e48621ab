"""Deadlines: reminders three days and one day before, and the move that silence means (13 §2)."""

from __future__ import annotations

from datetime import timedelta

from drgpay_web import clock, trail
from drgpay_web.flow.actions import do
from drgpay_web.flow.machine import Guarded, Stale
from drgpay_web.flow.models import Case
from drgpay_web.flow.told import tell
from drgpay_web.people import Refused, acts, system_actor

REMIND = (1, 3)
"""days before a deadline"""


def sweep() -> tuple[int, int]:
    """Look at every open case with a deadline: how many reminders were sent, and moves made by silence. Run as often
    as one likes; the same reminder is sent once."""
    today = clock.today()
    near = Case.objects.filter(closed_at=None, deadline__lte=today + timedelta(max(REMIND))).select_related("unit")
    reminded = sum(_remind(case) for case in near if case.deadline and case.deadline >= today)
    over = Case.objects.filter(closed_at=None, deadline__lt=today).exclude(silence="").select_related("unit")
    moved = sum(_silence(case) for case in over)
    return reminded, moved


def _remind(case: Case) -> int:
    assert case.deadline is not None
    left = (case.deadline - clock.today()).days
    step = next(days for days in REMIND if left <= days)
    wanted = {move.act for move in case.rules.moves if case.state in move.sources and move.act}
    roles = sorted({role for act in wanted for role in acts()[act].roles})
    once = f"deadline:{case.pk}:{case.deadline.isoformat()}:{step}"
    return tell(case, roles, "flow.reminder", once=once, days=left)


def _silence(case: Case) -> int:
    actor = system_actor(case.area)
    try:
        do(actor, case, case.silence, version=case.version)
    except (Guarded, Refused, Stale):  # the refusal is in the trail; somebody has to look at the case
        return 0
    except Exception as error:
        trail.record(
            actor, f"{case.machine}.{case.silence}", f"case:{case.number}", outcome="failed",
            reason=type(error).__name__,
        )  # fmt: skip
        return 0
    return 1
