"""What speaks against a move, and by when it is due."""

from __future__ import annotations

import calendar
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from drgpay import runs
from drgpay_web.flow.machine import Guarded, Values

if TYPE_CHECKING:
    from drgpay_web.flow.models import Case
    from drgpay_web.people import Actor


def month_of(period: str) -> tuple[int, int]:
    """Year and month of ``2024-03``."""
    return runs.month_of(period)


def due(case: Case) -> date:
    """By when the month of a submission is to be handed in: the month's own deadline of settlement."""
    return due_of(case.area, month_of(case.period))


def due_of(area: str, month: tuple[int, int]) -> date:
    """The last day for a month, in working days of the office's calendar."""
    from drgpay_web import flow

    year, number = month
    return flow.add_days(date(year, number, calendar.monthrange(year, number)[1]), rules_of(area, month)[0])


def accept_score(case: Case) -> int | None:
    """The score from which a submission is accepted by itself."""
    return rules_of(case.area, month_of(case.period))[1]


def rules_of(area: str, month: tuple[int, int]) -> tuple[int, int | None]:
    """What the area's practice says of hand-ins of a month."""
    from drgpay_web import store

    return _rules(store.practice_source(area), month)


@lru_cache(maxsize=256)
def _rules(practice: str, month: tuple[int, int]) -> tuple[int, int | None]:
    return runs.hand_in_rules(practice, month)


def is_sealed(case: Case) -> bool:
    """Whether the month is sealed: then it takes corrections with a reason only."""
    from drgpay_web import store

    return store.sealed_months(case.area)(*month_of(case.period))


def may_check(case: Case, actor: Actor, values: Values) -> Guarded | None:
    """Only the latest file of a month is checked again."""
    return Guarded("submissions.newer") if _newer(case) else None


def may_hand_in(case: Case, actor: Actor, values: Values) -> Guarded | None:
    """Not what blocks, not an older file, not while the one before goes into the record, and a sealed month only with
    a reason."""
    if case.data["found"]["blocks"]:
        return Guarded("submissions.blocks")
    if _newer(case):
        return Guarded("submissions.newer")
    if others(case).filter(state="accepted").exists():
        return Guarded("submissions.being_entered")
    if is_sealed(case) and not values["reason"]:
        return Guarded("submissions.sealed_reason")
    return None


def has_score(case: Case, actor: Actor, values: Values) -> Guarded | None:
    """The practice accepts from a score, and the submission has it."""
    wanted, score = accept_score(case), case.data["found"]["score"]
    reached = wanted is not None and score is not None and score >= wanted
    return None if reached and not is_sealed(case) else Guarded("submissions.no_score")


def is_stuck(case: Case, actor: Actor, values: Values) -> Guarded | None:
    """Its way into the record was interrupted."""
    from drgpay_web import jobs

    job = jobs.Job.objects.filter(pk=case.data.get("entering")).first()
    return Guarded("submissions.not_stuck") if job and job.active else None


def others(case: Case) -> Any:
    """The other submissions of its institution and month."""
    from drgpay_web.flow.models import Case

    return Case.objects.filter(machine=case.machine, unit=case.unit, period=case.period).exclude(pk=case.pk)


def _newer(case: Case) -> bool:
    return bool(others(case).filter(pk__gt=case.pk).exists())
