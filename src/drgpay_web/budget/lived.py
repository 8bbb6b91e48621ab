"""What a demo's office has computed, announced and talked about."""

from __future__ import annotations

from datetime import date
from typing import Any

from drgpay.tables import BUDGETS, FUND_HISTORY, FUND_PLANS, INSTITUTION_HISTORY
from drgpay_web import clock, flow, jobs, store
from drgpay_web.budget import actions
from drgpay_web.people import Actor, Role, Unit, somebody

YEAR = 2024
_SCHEMES = ("employee", "resident")
_PAID = (420_000_000, 260_000_000, 180_000_000, 120_000_000, 90_000_000, 60_000_000)


def live(area: str) -> None:
    """The budget of the year with talks in several states, a change that waits, ratios that are proposed; where there
    is one, nothing. None of it is in the registers that runs read."""
    if flow.Case.objects.filter(machine="budget", area=area).exists():
        return
    top = Unit.objects.get(area=area, kind=Unit.AREA)
    b1, b2 = (somebody(role, top) for role in (Role.B1, Role.B2))
    if b1 and b2:
        with clock.moved_to(date(YEAR, 4, 2)):
            _registers(b1, area)
            _talk(b1, b2, _budget(b1, b2))
            ratios = actions.begin(b1, machine="sharing_ratios", year=str(YEAR))
            jobs.do_here(jobs.Job.objects.get(pk=ratios.data["job"]))
            actions.change(b1, year=str(YEAR), stage="mid_year", scheme="employee", reason="policy_change",
                           part="inpatient_drg", amount=50_000_000, why="新增门诊慢特病转住院结算")  # fmt: skip


def _registers(b1: Actor, area: str) -> None:
    """Past years and the year's plan, at the size of the area's own budget."""
    sizes = {r["insurance_scheme"]: r["revenue"] for r in store.rows(area, BUDGETS) if r["year"] == YEAR}
    houses = list(Unit.objects.filter(area=area, kind=Unit.INSTITUTION).order_by("code"))
    plans: list[dict[str, Any]] = [
        {"year": YEAR, "insurance_scheme": scheme, "revenue": size, "expenditure": size}
        for scheme, size in sizes.items()
    ]
    past = [
        {"year": year, "insurance_scheme": scheme, "revenue": size, "expenditure": size, "balance": size,
         "lump_sum_balance": 0, "settled": True}
        for year in (YEAR - 3, YEAR - 2, YEAR - 1) for scheme, size in sizes.items()
    ]  # fmt: skip
    paid = [
        {"year": year, "insurance_scheme": scheme, "institution_id": house.code, "fund_paid": one, "unreasonable": 0,
         "heads": 2000, "invalid_heads": 0}
        for year in (YEAR - 3, YEAR - 2, YEAR - 1) for scheme in sizes
        for house, one in zip(houses, _PAID, strict=False)
    ]  # fmt: skip
    for table, rows in ((FUND_PLANS, plans), (FUND_HISTORY, past), (INSTITUTION_HISTORY, paid)):
        store.put_rows(b1, area=area, table=table, rows=rows, origin="form")


def _budget(b1: Actor, b2: Actor) -> flow.Case:
    """A budget that is announced."""
    case = actions.begin(b1, machine="budget", year=str(YEAR))
    jobs.do_here(jobs.Job.objects.get(pk=case.data["job"]))
    return flow.do_now(b2, case, "announce")


def _talk(b1: Actor, b2: Actor, budget: flow.Case) -> None:
    """One accepts, one waits for its head, one is answered; the others have not said anything."""
    its = flow.Case.objects.filter(machine="budget_talk", data__budget=budget.pk).select_related("unit")
    talks = [one for one in its.order_by("pk") if somebody(Role.H1, one.unit) and somebody(Role.H6, one.unit)]
    for number, case in enumerate(talks):
        h1, h6 = somebody(Role.H1, case.unit), somebody(Role.H6, case.unit)
        if not h1 or not h6:
            continue
        if number == 0:
            flow.do_now(h6, flow.do_now(h1, case, "accept"), "cosign")
        elif number in (1, 2):
            wanted = flow.do_now(h1, case, "propose", amount="2860000.00", reason="新开重症病区，服务量增加")
            if number == 2:
                flow.do_now(
                    b1, flow.do_now(h6, wanted, "sign"), "answer", amount="2500000.00", reply="按上年服务量核定"
                )
