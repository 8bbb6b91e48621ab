"""A hospital with its registers, a published year and its people: what performance pay is worked out of."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.clearing import Desk, make_region
from support.office_people import actor

DAY = date(2025, 4, 7)


@pytest.fixture(scope="session")
def paid_region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(tmp_path_factory.mktemp("hospital") / "region")


@pytest.fixture(scope="session")
def paid_year(paid_region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settled year."""
    from drgpay.runs import Order, run
    from support.engines import usual

    return run(Order(paid_region, "demo", 2024), tmp_path_factory.mktemp("year") / "2024", usual(2))


@pytest.fixture(scope="session")
def own_registers(paid_region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first hospital's registers."""
    from drgpay.samples import make_hospital

    folder = tmp_path_factory.mktemp("own") / "registers"
    make_hospital(paid_region, "H99990100001", folder)
    return folder


class House:
    """A hospital with its registers, a published year, and its people."""

    def __init__(self, desk: Desk, year: Path, own: Path) -> None:
        import shutil

        from drgpay import runs
        from drgpay.tables import PERFORMANCE_REGISTERS
        from drgpay_web import store
        from drgpay_web.people import Unit, system_actor
        from drgpay_web.store.faults import unfit

        self.desk, self.unit = desk, desk.houses[0]
        self.h5, self.h6 = actor("H5", self.unit), actor("H6", self.unit)
        folder = store.new_result_folder(desk.area, "run", "2024")
        shutil.copytree(year, folder)
        pin = store.pin(system_actor(desk.area), desk.area, "demo", "")
        store.add_result(system_actor(desk.area), area=desk.area, kind="run", name="2024", state="published", pin=pin)
        for table in PERFORMANCE_REGISTERS:
            file = own / f"{table.name}.csv"
            if file.is_file() and table.name != "in_house_stays":
                rows = runs.read_rows(file, table)
                store.put_rows(self.h5, area=desk.area, table=table, rows=rows, origin="form", owner=self.unit.code)
        assert unfit() == []  # every register of a hospital is one of the office's
        self.wards = list(Unit.objects.filter(kind="department", parent=self.unit).order_by("code"))

    def job(self, case: Any, number: int) -> Any:
        from drgpay_web import jobs

        job = self.desk.do(jobs.Job.objects.get(pk=number))
        case.refresh_from_db()
        return job

    def adopt(self, **changes: str) -> Any:
        from drgpay_web.hospital import actions

        plan = actions.open_plan(self.h5, base="demo-hospital")
        for name, value in changes.items():
            self.desk.move(self.h5, plan, "edit", parameter=name.replace("__", "."), value=value)
        self.desk.move(self.h5, plan, "try", quarter="2024-Q2")
        plan.refresh_from_db()
        job = self.job(plan, plan.data["trial"]["job"])
        assert job.state == "done", job.error
        self.desk.move(self.h5, plan, "propose")
        self.desk.move(self.h6, plan, "adopt", document="院发〔2025〕1号")
        plan.refresh_from_db()
        return plan

    def compute(self, quarter: Any, move: str = "compute") -> None:
        self.desk.move(self.h5, quarter, move)
        quarter.refresh_from_db()
        job = self.job(quarter, quarter.data["job"])
        assert job.state == "done", job.error


@pytest.fixture
def house(
    office: Any, paid_region: Path, paid_year: Path, own_registers: Path, monkeypatch: pytest.MonkeyPatch
) -> House:
    from drgpay_web import clock, store

    monkeypatch.setattr(clock, "today", lambda: DAY)
    return House(Desk(store.import_region(paid_region)), paid_year, own_registers)
