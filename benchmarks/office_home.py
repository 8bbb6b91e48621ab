"""The office that is measured: a year of many settled stays, fifty people of all roles, two files of a month.

Made once in a folder; ``ready`` adds what an older one lacks. Everything is invented from a seed.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SRC = Path(__file__).parents[1] / "src"
READY = "load.json"
RUN = "y2024"
DAY = "2025-03-03"
MONTH = (2025, 2)
"""of the files that are handed over; it is the one that is due on the day"""
HOUSES = 6
"""institutions whose people are at work; the first two hand files over"""
ROLES = {"B1": 16, "B2": 6, "B4": 4, "H1": 18, "H2": 6}
"""of fifty people at work, how many of each role; those of hospitals turn by turn of one and the next"""


def home_at(home: Path, stays: int, people: int, rows: int) -> dict[str, Any]:
    """What there is to look at in an office at ``home``, which is made where it is not there, or not whole. ``rows``:
    of the files that are handed over."""
    about = home / READY
    if not about.is_file():
        other_process("make", home, stays)
    said = json.loads(about.read_text())
    if (len(said.get("people", ())), said.get("rows")) != (people, rows):
        other_process("ready", home, people, rows)
    return dict(json.loads(about.read_text()))


def _started(home: str) -> Path:
    from drgpay_web.cli.office import start

    os.environ["DRGPAY_HOME"] = str(Path(home).resolve())
    return start()


def make(home: str, stays: str) -> None:
    """Region, record, accounts, and one year run, published and prepared for pages."""
    from drgpay import runs, samples
    from drgpay_web.project.places import make_home

    place = Path(home).resolve()
    make_home(place)
    (place / "office.json").write_text(json.dumps({"demo": True, "clock": DAY}))
    _started(home)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    from drgpay_web import store
    from drgpay_web.cli import demo
    from drgpay_web.people import system_actor

    region = place / "sample"
    if not region.is_dir():
        samples.make_region(region, stays=int(stays))
    area = store.import_region(region)
    demo.open_accounts(place, area)
    actor = system_actor(area)
    pin = store.pin(actor, area, "demo", "")
    folder = store.new_result_folder(area, "run", RUN)
    if not folder.is_dir():
        runs.run(runs.Order(store.compose(pin), "demo", 2024), folder, runs.LocalEngine())
    runs.prepare_pages(folder)
    result = store.add_result(actor, area=area, kind="run", name=RUN, pin=pin)
    page = runs.browse(folder, runs.View("settled_stays", scope=runs.Scope.everything()), limit=1)
    about = {"result": result.pk, "stays": page.total, "region": str(store.compose(pin))}
    (place / READY).write_text(json.dumps(about))


def ready(home: str, people: str, rows: str) -> None:
    """People, tokens and files; the result is one that hospitals see."""
    place = _started(home)
    from drgpay_web import store
    from drgpay_web.people import Unit, system_actor

    said = json.loads((place / READY).read_text())
    result = store.Result.objects.get(pk=said["result"])
    actor = system_actor(result.area)
    store.set_state(actor, result, "published")
    houses = list(Unit.objects.filter(area=result.area, kind=Unit.INSTITUTION).order_by("code")[:HOUSES])
    area = Unit.objects.get(area=result.area, kind=Unit.AREA)
    said["people"] = [_person(place, role, number, area, houses) for role, number in _wanted(int(people))]
    said["houses"] = [house.code for house in houses]
    said["ids"] = _stays(store.folder(result), None)
    said["own"] = {house.code: _stays(store.folder(result), house.code) for house in houses}
    said["tokens"] = [_token(actor, house) for house in houses[:2]]
    said["files"] = [_file(place, house.code, int(rows)) for house in houses[:2]]
    said["rows"] = int(rows)
    (place / READY).write_text(json.dumps(said))


def _wanted(people: int) -> list[tuple[str, int]]:
    """Role and number of each, in the shares of :data:`ROLES`."""
    line = [(role, number) for number in range(max(ROLES.values())) for role, most in ROLES.items() if number < most]
    return [line[number % len(line)] for number in range(people)]


def _person(place: Path, role: str, number: int, area: Any, houses: list[Any]) -> dict[str, Any]:
    from drgpay_web.cli import demo
    from drgpay_web.people import Membership, Person

    unit = area if role[0] == "B" else houses[number % len(houses)]
    name = f"load-{role.lower()}-{number}"
    if not Person.objects.filter(username=name).exists():
        demo._open(name, role, unit)
    held = Membership.objects.get(person__username=name)
    return {"membership": held.pk, "role": role, "house": "" if role[0] == "B" else unit.code}


def _stays(folder: Path, house: str | None) -> list[str]:
    from drgpay import runs

    scope = runs.Scope.everything() if house is None else runs.Scope.institution(house)
    page = runs.browse(folder, runs.View("settled_stays", scope=scope), limit=200)
    return [row["stay_id"] for row in page.rows]


def _token(actor: Any, house: Any) -> str:
    from drgpay_web.api import actions

    name = f"load {time.time_ns()}"
    made = actions.create_token(actor, unit=house, name=name, scopes=("group", "submissions", "cases"), reason="load")
    return str(made[1])


def _file(place: Path, house: str, rows: int) -> str:
    """A month of an institution as it writes it, with so many rows that no month has: its stays of all years, each
    under another number and with its days moved into the month."""
    import pyarrow.parquet as pq

    from drgpay.samples.office import _as_people_write
    from drgpay.tables import STAYS

    path, first = place / f"{house}-{rows}.csv", date(*MONTH, 1)
    if path.is_file():
        return path.name
    parts = sorted((place / "sample" / "stays").rglob("*.parquet"))
    own = [_own(pq.read_table(part).cast(STAYS.schema), house) for part in parts]
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        write, count = csv.DictWriter(out, [column.zh for column in STAYS.columns]), 0
        write.writeheader()
        while count < rows:
            before = count
            for row in itertools.islice((row for table in own for row in table.to_pylist()), rows - count):
                days = row["discharge_date"] - row["admission_date"]
                row["stay_id"] = f"L{count:07d}"
                row["discharge_date"] = first + timedelta(count % 28)
                row["admission_date"] = row["discharge_date"] - days
                write.writerow(_as_people_write(row))
                count += 1
            if count == before:
                raise SystemExit(f"no stays of {house}")
    return path.name


def _own(stays: Any, house: str) -> Any:
    import pyarrow.compute as pc

    return stays.filter(pc.equal(stays["institution_id"], house))


def compute(home: str) -> None:
    """A run beside the pages, as a child of the office's worker has it, again and again until it is ended."""
    from drgpay import runs

    os.nice(10)
    region = Path(json.loads((Path(home) / READY).read_text())["region"])
    for number in range(99):
        place = Path(home) / "beside" / str(number)
        runs.run(runs.Order(region, "demo", 2024), place, runs.LocalEngine(1))
        shutil.rmtree(place)


def _command(what: str, *words: object) -> list[str]:
    """A part of this program in a process of its own."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import office_home as o; "
    return [sys.executable, "-c", f"{code}o.{what}(*sys.argv[1:])", *map(str, words)]


def known(home: Path, **more: str) -> dict[str, str]:
    """The environment of a process of the office at ``home``."""
    return os.environ | {"DRGPAY_HOME": str(home.resolve()), "PYTHONPATH": str(SRC)} | more


def other_process(what: str, home: Path, *words: object) -> None:
    subprocess.run(_command(what, home.resolve(), *words), check=True, env=known(home))


@contextlib.contextmanager
def computing(home: Path) -> Iterator[None]:
    """A run computes meanwhile, with one thread, as an office on two cores has it."""
    environment = known(home, POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1")
    process = subprocess.Popen(_command("compute", home.resolve()), env=environment)
    try:
        time.sleep(10)
        yield
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(home / "beside", ignore_errors=True)


@contextlib.contextmanager
def served(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The office on this machine alone."""
    run = [sys.executable, "-m", "drgpay_web.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(run, env=known(home), stdout=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            if process.poll() is not None:
                raise SystemExit("the office was not served")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).read()
                break
            time.sleep(0.2)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


def children(pid: int) -> Iterator[tuple[str, int]]:
    """The processes that ``serve`` started: what each is, and its number."""
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            if int((place / "stat").read_text().rsplit(") ", 1)[1].split()[1]) == pid:
                line = (place / "cmdline").read_bytes()
                if b"resource_tracker" not in line:
                    yield "jobs" if b"worker" in line.split(b"\0") else "web", int(place.name)


def resident(pid: int) -> float:
    """MiB that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def worked(pid: int) -> float:
    """Seconds of the processor a process has used."""
    said = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")
