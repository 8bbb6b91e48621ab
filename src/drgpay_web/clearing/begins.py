"""What is brought in order when the office's worker begins: a seal on disk wins over what a case says."""

from __future__ import annotations

from drgpay_web import flow
from drgpay_web.clearing import period_moves
from drgpay_web.clearing.statement_moves import result_of
from drgpay_web.people import system_actor


def begin() -> None:
    """Periods whose result is sealed on disk are sealed."""
    for case in flow.Case.objects.filter(machine="period", closed_at=None):
        if period_moves.seal_on_disk(result_of(case)):
            flow.do(system_actor(case.area), case, "sealed", version=case.version)
