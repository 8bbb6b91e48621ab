"""A demo's hospitals inside: stays in house, coding suggestions; a plan that is adopted and a quarter shown by it, a
plan that waits."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from drgpay import runs, samples
from drgpay.tables import PERFORMANCE_REGISTERS
from drgpay_web import clock, flow, jobs, store
from drgpay_web.hospital import actions, coding, in_house, orders
from drgpay_web.hospital.quarter_moves import departments_of
from drgpay_web.people import Actor, Person, Role, Unit, somebody

DRAFTED, DECIDED = date(2024, 3, 18), date(2024, 3, 25)
_BASE = "demo-hospital"
_LATER = ("in_house_stays", "pilot_feedback")
"""registers that no quarter is worked out of"""


def live(area: str) -> None:
    """Stays in house, suggestions, plans and a quarter in many states; where there are some, or no year was settled,
    nothing."""
    quarters = orders.quarters_there(area)
    if quarters:
        _in_house(area, orders.parsed(quarters[0])[0])
    if not quarters or flow.Case.objects.filter(machine="hospital_plan", area=area).exists():
        return
    houses = Unit.objects.filter(area=area, kind=Unit.INSTITUTION).order_by("code")
    both = [(somebody(Role.H5, house), somebody(Role.H6, house)) for house in houses]
    first, second = ([one for one in both if all(one)] + [(None, None)] * 2)[:2]
    period = quarters[0]
    for h5, h6 in (first, second):
        if h5 and h6:
            with clock.moved_to(DRAFTED):
                _registers(h5, period)
                plan = _propose(h5, period)
            if h5 is first[0]:
                with clock.moved_to(DECIDED):
                    flow.do_now(h6, plan, "adopt", document="院发〔2024〕12号")
                _quarter(h5, period)
                draft = actions.open_plan(h5, base="now")
                flow.do_now(h5, draft, "edit", parameter="score.when_missing", value="80")


def _in_house(area: str, year: int) -> None:
    """The first hospital's stays in house, and suggestions on their codes: one waits, one is taken, one declined."""
    house = Unit.objects.filter(area=area, kind=Unit.INSTITUTION).order_by("code").first()
    h2 = somebody(Role.H2, house) if house else None
    if house is None or h2 is None or flow.Case.objects.filter(machine=in_house.MACHINE, area=area).exists():
        return
    with tempfile.TemporaryDirectory() as work:
        file = _sample(house, year, Path(work) / "registers") / "in_house_stays.csv"
        case = in_house.hand_over(h2, chunks=[file.read_bytes()], name=f"{house.name}在院病例.csv")
    jobs.do_here(jobs.Job.objects.get(pk=case.data["job"]))
    case.refresh_from_db()
    if case.state == "ready":
        _suggest(h2, case)


def _suggest(h2: Actor, case: flow.Case) -> None:
    """Suggestions of the doctor with an account, and of the insurance office, on stays in house."""
    view = runs.View("house_stays", scope=runs.Scope.everything())
    stays = runs.browse(in_house.place_of(case), view, limit=3, totals=False).rows
    h1 = somebody(Role.H1, case.unit)
    notes = [
        coding.note(h1, stay=stay, place=f"/coding/in-house/{stay['stay_id']}", how="principal", code=stay["dx"][-1],
                    name="", reason="病程记录以该诊断为本次住院主要原因，请核对")
        for stay in stays if h1 and stay["dx"]
    ]  # fmt: skip
    for note, move, said in zip(notes[1:], ("take", "decline"), ({}, {"why": "病程没有相应记录"}), strict=False):
        flow.do_now(h2, note, move, **said)


def _registers(h5: Actor, period: str) -> None:
    """What the performance office keeps, as far as the quarter is worked out of it."""
    house, (year, quarter) = h5.unit, orders.parsed(period)
    with tempfile.TemporaryDirectory() as work:
        folder = _sample(house, year, Path(work) / "registers")
        for table in PERFORMANCE_REGISTERS:
            file = folder / f"{table.name}.csv"
            if file.is_file() and table.name not in _LATER:
                rows = [row for row in runs.read_rows(file, table) if _of(row, quarter)]
                store.put_rows(h5, area=house.area, table=table, rows=rows, origin="form", owner=house.code)


def _sample(house: Unit, year: int, folder: Path) -> Path:
    """A hospital's own registers and stays in house as the sample has them for a settled year."""
    run = orders.year_runs(house.area, year)[0]
    assert run.pin is not None
    samples.make_hospital(store.compose(run.pin), house.code, folder, year=year)
    return folder


def _of(row: dict[str, Any], quarter: int) -> bool:
    """Whether a row is of the quarter, or of no quarter."""
    if "month" in row:
        return (int(row["month"]) + 2) // 3 == quarter
    return int(row.get("quarter") or 0) in (0, quarter)


def _propose(h5: Actor, period: str) -> flow.Case:
    """A plan that was changed, tried on the quarter, and waits to be adopted."""
    plan = actions.open_plan(h5, base=_BASE)
    shares = "{hospital: 20%, departments: 60%, individuals: 20%}"
    flow.do_now(h5, plan, "edit", parameter="split.shares", value=shares)
    tried = flow.do_now(h5, plan, "try", quarter=period)
    jobs.do_here(jobs.Job.objects.get(pk=tried.data["trial"]["job"]))
    return flow.do_now(h5, plan, "propose")


def _quarter(h5: Actor, period: str) -> None:
    """The quarter by the plan in force: its departments look at it, one has objected and the answer waits."""
    quarter = actions.open_quarter(h5, period=period)
    ordered = flow.do_now(h5, quarter, "compute")
    jobs.do_here(jobs.Job.objects.get(pk=ordered.data["job"]))
    shown = flow.do_now(h5, quarter, "show")
    for one in [one for one in departments_of(shown) if somebody(Role.H3, one.unit) is None][-1:]:
        flow.do_now(_head(one.unit), one, "object", reason="门诊工作量漏计")
        flow.do_now(h5, one, "refuse", reply="已按登记的工作量核对，没有漏计。")


def _head(ward: Unit) -> Actor:
    """The head of a department, who has no account here."""
    name = f"{ward.name}负责人"[:64]
    said = {"name": name, "is_active": False}
    person, _ = Person.objects.get_or_create(username=f"h3-{ward.pk}", defaults=said)
    return Actor(person, None, Role.H3, ward, ward.area)
