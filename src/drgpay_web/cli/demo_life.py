"""What a demo's office has done before it is opened: the year before cleared and evaluated, two months sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from drgpay import runs, samples
from drgpay_web import clock, store
from drgpay_web.people import system_actor

YEAR = 2024
CARD = "shanwei-2023"
PRACTICE = "demo"
MONTHS = {1: date(YEAR, 2, 22), 2: date(YEAR, 3, 22)}
"""months that are settled, each on which day"""
CLEARED = date(YEAR, 3, 12)
"""when the year before was cleared"""
BY = "审批人"


@dataclass(frozen=True)
class _Made:
    """A run to be made: its name, practice, period, and the day on which it is."""

    name: str
    policy: str
    year: int
    month: int | None
    on: date
    after: Path | None = None


def live(area: str, sample: samples.OfficeSample) -> None:
    """Do what is missing of it, in order."""
    _year_before(area, str(sample.practice))
    before: Path | None = None
    for month, day in MONTHS.items():
        made = _Made(f"m{YEAR}-{month:02d}", PRACTICE, YEAR, month, day, before)
        before = _run(area, made)
        _seal(area, before, day)
    store.reconcile()


def _year_before(area: str, practice: str) -> None:
    """Last year: settled, evaluated, its grades taken over, settled again with them, sealed."""
    year = YEAR - 1
    first = _run(area, _Made(f"y{year}-1", practice, year, None, CLEARED - timedelta(7)))
    with clock.moved_to(CLEARED - timedelta(1)):
        _evaluate(area, first, year)
    last = _run(area, _Made(f"y{year}", practice, year, None, CLEARED))
    _seal(area, last, CLEARED)


def _run(area: str, made: _Made) -> Path:
    """A run out of the record as it is, entered into the catalogue."""
    folder = store.new_result_folder(area, "run", made.name)
    if folder.is_dir():
        return folder
    actor = system_actor(area)
    with clock.moved_to(made.on):
        pin = store.pin(actor, area, made.policy, "")
        order = runs.Order(store.compose(pin), made.policy, made.year, made.month, made.on, after=made.after)
        runs.run(order, folder, runs.LocalEngine())
        store.add_result(actor, area=area, kind="run", name=made.name, pin=pin)
    return folder


def _seal(area: str, run: Path, day: date) -> None:
    if run.name not in {seal.run for seal in runs.read_seals(run.parent)}:
        runs.seal_run(run, runs.LocalEngine(), by=BY, on=day)


def _evaluate(area: str, run: Path, year: int) -> None:
    """The evaluation of a year, and its rows in the registers they are for."""
    folder, actor = store.new_result_folder(area, "evaluation", f"{year}"), system_actor(area)
    if folder.is_dir():
        return
    pin = store.results_of(area).get(name=run.name).pin
    runs.evaluate(runs.Evaluation(run, CARD, store.compose(pin)), folder, runs.LocalEngine())
    store.add_result(actor, area=area, kind="evaluation", name=folder.name, pin=pin)
    for offer in runs.offers(folder):
        rows: list[dict[str, Any]] = [{name: row[name] for name in offer.register.names} for row in offer.rows]
        store.put_rows(actor, area=area, table=offer.register, rows=rows, origin=offer.origin)
