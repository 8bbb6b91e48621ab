"""An office with a settled year and a month of it: the hospitals of the tests are two of the region's own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drgpay.engine import read_manifest
from drgpay.runs import Order, Scope, View, export_rows, run
from drgpay.samples import make_region
from support.engines import usual
from support.office import Office
from support.once import once


@dataclass(frozen=True)
class Ran:
    """A region with a year's and a month's run."""

    region: Path
    year: Path
    month: Path
    area: str


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    def make(folder: Path) -> None:
        make_region(folder / "region", stays=900, seed=5, institutions=4)
        run(Order(folder / "region", "demo", 2024), folder / "2024", usual(2))
        run(Order(folder / "region", "demo", 2024, 2), folder / "2024-02", usual(2))

    folder = once(tmp_path_factory, "settled", make)
    area = read_manifest(folder / "2024")["region"]["id"]
    return Ran(folder / "region", folder / "2024", folder / "2024-02", area)


class Settled:
    """What tests ask of the office with results. ``a`` and ``b``: the two hospitals, each with its own stays."""

    def __init__(self, office: Office, ran: Ran) -> None:
        from drgpay_web import store
        from drgpay_web.people import Unit, system_actor
        from drgpay_web.store.models import Result

        self.office, self.ran = office, ran
        by_house: dict[str, list[dict[str, Any]]] = {}
        for batch in export_rows(ran.year, View("settled_stays", scope=Scope.everything(persons=True))):
            for row in batch:
                by_house.setdefault(row["institution_id"], []).append(row)
        largest = sorted(by_house, key=lambda house: -len(by_house[house]))[:2]
        Unit.objects.update(area=ran.area)
        for unit, code in zip((office.house_a, office.house_b), largest, strict=True):
            row = by_house[code][0]
            Unit.objects.filter(pk=unit.pk).update(code=code)
            unit.children.filter(code="A03").update(code=row["department_id"])
            Unit.objects.filter(kind="doctor", parent__parent=unit).update(code=row["doctor_id"])
        Unit.objects.filter(kind="area").update(code=ran.area)
        (self.a, self.b), self.stays = largest, by_house
        place = Path(office.home) / "areas" / ran.area / "runs"
        place.mkdir(parents=True)
        for folder in (ran.year, ran.month):
            shutil.copytree(folder, place / folder.name, copy_function=_link)
        actor = system_actor(ran.area)
        for folder in (ran.year, ran.month):
            store.add_result(actor, area=ran.area, kind="run", name=folder.name, state="published")
        self.year = Result.objects.get(period="2024")
        self.month = Result.objects.get(period="2024-02")

    def stay_of(self, house: str) -> str:
        """A stay of a hospital's first doctor."""
        return str(self.stays[house][0]["stay_id"])


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


@pytest.fixture
def settled(office: Office, ran: Ran) -> Settled:
    return Settled(office, ran)
