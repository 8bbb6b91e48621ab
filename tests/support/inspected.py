"""An office whose year was settled and looked through: leads, alerts and a sample to work on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.engines import usual
from support.office_people import actor
from support.once import once

YEAR, DAY = 2024, date(2024, 4, 8)
CHEATS = ("hang_bed", "splitting", "refusal", "early_discharge", "fraud")


@dataclass(frozen=True)
class Looked:
    """A region, the run of its year, and a look over it."""

    region: Path
    run: Path
    look: Path


@pytest.fixture(scope="session")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    from drgpay import runs
    from drgpay.samples import make_region

    def make(folder: Path) -> None:
        make_region(folder / "region", stays=1600, seed=5, institutions=2, violations=dict.fromkeys(CHEATS, 0.02))
        runs.run(runs.Order(folder / "region", "demo", YEAR), folder / str(YEAR), usual(2))
        runs.oversee(folder / str(YEAR), folder / "region", folder / "look", usual(2))

    folder = once(tmp_path_factory, "inspected", make)
    return Looked(folder / "region", folder / str(YEAR), folder / "look")


class Inspection:
    """The people of the area, and its year's look."""

    def __init__(self, looked: Looked, home: Path) -> None:
        from drgpay_web import jobs, store
        from drgpay_web.people import Unit, system_actor

        self.area = store.import_region(looked.region)
        self.top = Unit.objects.get(kind="area", area=self.area)
        self.houses = list(Unit.objects.filter(kind="institution", area=self.area).order_by("code"))
        self.b1, self.b2, self.b4, self.b6 = (actor(role, self.top) for role in ("B1", "B2", "B4", "B6"))
        self.other_b4, self.third_b4 = actor("B4", self.top, "b4-second"), actor("B4", self.top, "b4-third")
        self.h1 = {house.pk: actor("H1", house) for house in self.houses}
        self.h6 = {house.pk: actor("H6", house) for house in self.houses}
        system = system_actor(self.area)
        pin = store.pin(system, self.area, "demo", "")
        self.run = self._result(looked.run, "run", str(YEAR), pin, state="published")
        job = jobs.Job.objects.create(
            kind="oversight.look", lane="heavy", area=self.area, unit=self.top, key="look", state="done",
            payload={"result": self.run.pk, "pin": pin.pk}, ordered_by=self.b4.person, ordered_unit=self.top,
            ordered_role="B4", ordered_at=self.run.made_at,
        )  # fmt: skip
        self.look = self._result(looked.look, "look", f"{YEAR}-look", pin, job=job)

    def _result(self, folder: Path, kind: str, name: str, pin: Any, **how: Any) -> Any:
        from drgpay_web import store
        from drgpay_web.people import system_actor

        target = store.new_result_folder(self.area, kind, name)
        shutil.copytree(folder, target, copy_function=lambda a, b: Path(b).hardlink_to(a))
        return store.add_result(system_actor(self.area), area=self.area, kind=kind, name=name, pin=pin, **how)

    def suspicions(self) -> list[dict[str, Any]]:
        """The leads on single stays, the likeliest first, unclear ones last."""
        from drgpay.tables import SUSPICIONS
        from drgpay_web import store
        from drgpay_web.oversight import looks

        rows = looks.rows_of(store.folder(self.look), SUSPICIONS)
        of_stays = (r for r in rows if r["stay_id"])
        return sorted(of_stays, key=lambda r: (r["standing"], -r["score"], -r["amount"], r["suspicion_id"]))

    def open(self, *names: str) -> Any:
        """A case of these leads."""
        from drgpay_web.oversight import opening

        (case,) = opening.open_leads(self.b4, self.look, names)
        return case

    def move(self, who: Any, case: Any, name: str, **values: Any) -> Any:
        from drgpay_web import flow

        case.refresh_from_db()
        done = flow.do(who, case, name, version=case.version, values=values)
        case.refresh_from_db()
        return done

    def asked(self, *names: str) -> Any:
        """A case whose hospital was asked."""
        case = self.open(*names)
        self.move(self.other_b4, case, "assign", inspector=[self.b4.person.pk])
        self.move(self.b4, case, "ask", question="请说明")
        return case

    def final(self, *names: str) -> Any:
        """A case that was admitted and confirmed."""
        case = self.asked(*names)
        self.move(self.h1[case.unit_id], case, "accept", explanation=None)
        self.move(self.other_b4, case, "confirm", finding=None, reason="属实")
        return case

    def carried_out(self, *names: str, **how: Any) -> Any:
        """A case whose treatment was carried out."""
        case = self.final(*names)
        self.treat(case, **how)
        if case.state == "proposed":
            self.move(self.b2, case, "approve")
        self.move(self.b4, case, "execute")
        return case

    def treat(self, case: Any, treatment: str = "recover", **how: Any) -> Any:
        values = {"amount": None, "multiple": None, "points": None, "publish": False, "reason": "处理"} | how
        return self.move(self.b4, case, "propose", treatment=treatment, **values)


@pytest.fixture
def inspection(office: Any, looked: Looked, monkeypatch: pytest.MonkeyPatch) -> Inspection:
    from drgpay_web import clock

    monkeypatch.setattr(clock, "today", lambda: DAY)
    return Inspection(looked, office.home)
