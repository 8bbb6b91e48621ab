"""A tiny area with a real book: made once, its runs and seals copied where a test needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.office_people import actor

STAYS, HOUSES, YEAR = "400", "2", 2024
POLICY = "demo"


class Desk:
    """The people of an imported area, and its jobs done at once in this process."""

    def __init__(self, area: str) -> None:
        from drgpay_web.people import Unit

        self.area = area
        self.top = Unit.objects.get(kind="area", area=area)
        self.houses = list(Unit.objects.filter(kind="institution", area=area).order_by("code"))
        self.b1, self.b2, self.b3 = (actor(role, self.top) for role in ("B1", "B2", "B3"))
        self.other_b2, self.s3 = actor("B2", self.top, "second-b2"), actor("S3", self.top)
        self.h1 = [actor("H1", house) for house in self.houses]
        self.h6 = [actor("H6", house) for house in self.houses]

    def hospital(self, case: Any, role: str = "H1") -> Any:
        """The person of a statement's institution."""
        at = [house.pk for house in self.houses].index(case.unit_id)
        return (self.h1 if role == "H1" else self.h6)[at]

    def do(self, job: Any, stop: bool = False) -> Any:
        """Do a job in this process, as its child would."""
        from drgpay.errors import DrgpayError, Stopped
        from drgpay_web.jobs.ends import end, error_of
        from drgpay_web.jobs.handlers import handler_of

        said: list[Any] = []
        try:
            result = handler_of(job.kind).work(job, said.append, lambda: stop)
        except Stopped:
            end(job.pk, "cancelled")
        except DrgpayError as error:
            end(job.pk, "failed", error=error_of(error))
        else:
            end(job.pk, "done", result=result)
        job.refresh_from_db()
        job.said_here = said
        return job

    def run(self, period: str, kind: str = "candidate", who: Any = None, reason: str = "小样本") -> Any:
        """Look, order and run; the result."""
        from drgpay_web import store
        from drgpay_web.clearing import actions

        by = who or self.b1
        look = self.do(actions.order_look(by, period=period, kind=kind, policy=POLICY))
        assert look.state == "done", look.error
        job = self.do(actions.order_run(by, look=look, reason=reason))
        assert job.state == "done", job.error
        return store.Result.objects.get(job=job)

    def statements(self, period: str) -> list[Any]:
        from drgpay_web import flow

        found = flow.Case.objects.filter(machine__in=("statement", "clearing_statement"), period=period)
        return list(found.select_related("unit").order_by("unit__code", "pk"))

    def move(self, who: Any, case: Any, name: str, **values: Any) -> Any:
        from drgpay_web import flow

        case.refresh_from_db()
        return flow.do(who, case, name, version=case.version, values=values)

    def confirm_all(self, period: str) -> None:
        for case in self.statements(period):
            if case.state == "published":
                case = self.move(self.hospital(case), case, "confirm")  # noqa: PLW2901
            if case.state == "signing":
                self.move(self.hospital(case, "H6"), case, "cosign")

    def settle(self, period: str) -> Any:
        """From a candidate to the posted period."""
        from drgpay_web.clearing import actions

        result = self.run(period)
        case = actions.publish(self.b2, result)
        self.confirm_all(period)
        self.move(self.b2, case, "approve")
        self.move(self.b3, case, "post", order=f"BK-{period}", paid_on="2024-04-08")
        case.refresh_from_db()
        return case

    def seal(self, case: Any) -> Any:
        """Seal a posted period."""
        from drgpay_web import jobs

        case = self.move(self.b2, case, "seal")
        job = self.do(jobs.Job.objects.get(pk=case.data["job"]))
        assert job.state == "done", job.error
        case.refresh_from_db()
        return case


def make_region(target: Path) -> Path:
    """A tiny region."""
    from support.command import drgpay

    made = drgpay("region", "make", "-o", str(target), "--stays", STAYS, "--institutions", HOUSES)
    assert made.returncode == 0, made
    return target


__all__ = ["Desk", "make_region"]
