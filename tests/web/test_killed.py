"""Killed in the middle of work: whatever dies and whenever, nothing that was answered is lost, nothing is done twice,
the trail is whole, a seal is there or not, and work goes on (14 §8)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.killed import (
    TESTS,
    Systems,
    all_of,
    copied,
    kill,
    made_at,
    no_work_left,
    pause,
    work,
)
from support.served import Served, command, environment, processes, serve, stop, until

pytestmark = [pytest.mark.slow, pytest.mark.web]
MOMENTS = int(os.environ.get("DRGPAY_TEST_MOMENTS", "3"))
"""how many moments each is killed at; 30 when an office is judged"""
FIGURES = os.environ.get("DRGPAY_TEST_FIGURES", "")
"""file to which a line is added for every moment"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.environ.get("DRGPAY_DATABASE"):
        pytest.skip("an office of its own, on SQLite")
    return made_at(tmp_path_factory.mktemp("killed") / "office")


def told(**figures: Any) -> None:
    if FIGURES:
        with Path(FIGURES).open("a") as out:
            out.write(json.dumps(figures) + "\n")


def checked(home: Path) -> None:
    whole = command(home, "check")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    until(lambda: not unfinished(home), "what was unfinished is swept")


def unfinished(home: Path) -> list[str]:
    """What killed jobs have left in the folders of areas and of jobs."""
    hidden = (path.name for path in (home / "areas").rglob(".*"))
    found = [name for name in hidden if name.endswith((".partial", ".lock")) or ".tmp" in name]
    return found + [path.name for path in (home / "jobs").glob("*.tmp")]


@pytest.fixture(scope="module")
def served(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    its = serve(copied(made, tmp_path_factory.mktemp("struck") / "office"))
    yield its
    stop(its)


class TestTheServerTheWorkerOrAChild:
    """An office that is at work is struck at a moment, comes again, and has all it said it had."""

    @pytest.mark.parametrize("moment", range(MOMENTS))
    @pytest.mark.parametrize("what", ["server", "worker", "child"])
    def test_is_killed(self, served: Served, what: str, moment: int) -> None:
        seed = moment + {"server": 100, "worker": 200, "child": 300}[what]
        systems = Systems(served)
        with systems.at_work(seed):
            until(lambda: processes(served.home, "jobs.child"), "a job goes on")
            pause(seed, 3)
            gone = self.strike(served, what)
        told(what=what, moment=moment, gone=gone, **systems.whole())

    def test_after_all_of_it_the_office_is_whole_and_work_goes_on(self, served: Served) -> None:
        assert Systems(served).look().status == 202
        states = no_work_left(served.home)
        assert states[-1] == "done"
        checked(served.home)
        told(what="all", jobs=Counter(states))

    def strike(self, served: Served, what: str) -> int:
        """Kill it; a server is started again by whoever looks after the machine, the others by the server."""
        if what != "server":
            if what == "worker":  # it may be on its way again
                until(lambda: processes(served.home, "worker"), "a worker is there")
            gone = processes(served.home, "worker" if what == "worker" else "jobs.child")
            kill(gone)
            return len(gone)
        before = processes(served.home, "")
        kill([served.process.pid])
        served.process.wait()
        until(lambda: not set(before) & set(all_of(served.home)), "what it started ends with it")
        served.process = serve(served.home, served.port).process
        return 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own that is soon full."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(place)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("no right to mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_keeps_nothing_by_halves_and_work_goes_on_with_room(made: Path, small_disk: Path) -> None:
    served = serve(copied(made, small_disk / "office"))
    try:
        systems = Systems(served)
        case = systems.get("hospital", "/cases?kind=statement")["cases"][0]["number"]
        assert systems.say(case, 1).status == 200
        assert systems.hand_over(2).status == 201
        no_work_left(served.home)
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as out:
            while True:
                out.write(bytes(4096))
        refused = [systems.say(case, 3), systems.hand_over(4), systems.look()]
        assert [one.status for one in refused] == [503, 503, 503], [one.said for one in refused]
        assert "磁盘已满" in refused[0].said["error"]["zh"]
        assert systems.get("hospital", "/periods")
        filler.unlink()
        systems.whole()
        assert systems.look().status == 202
        assert no_work_left(served.home)[-1] == "done"
    finally:
        stop(served)
    checked(served.home)


SEAL_MOMENTS = 4 * MOMENTS
"""changes of the disk before which the power is cut: some while all is computed again, most in what a seal writes"""


class TestThePowerIsCutInASeal:
    """All processes of the office end at once, before a change of the disk that a number names: the seal is there
    with all that belongs to it, or it is not and is made at the next try."""

    @pytest.fixture(scope="class")
    def sealing(self, made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The posted month with its seal ordered, and nobody at work."""
        home = copied(made, tmp_path_factory.mktemp("sealing") / "office")
        seal(home)  # what settling has left to do, so that the seal's is the only child
        work(home, "order")
        return home

    @pytest.fixture(scope="class")
    def changes(self, sealing: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
        """What a seal changes on the disk, in order."""
        place = tmp_path_factory.mktemp("counted")
        home = copied(sealing, place / "office")
        counted = place / "changes.txt"
        seal(home, DRGPAY_TEST_DIES="jobs.child:0", DRGPAY_TEST_COUNTED=str(counted))
        assert look(home) == {"state": "sealed", "seals": 1, "sealed": True, "closed": True}
        return counted.read_text().splitlines()

    @pytest.mark.parametrize("part", range(SEAL_MOMENTS))
    def test_the_seal_is_there_or_not(self, part: int, sealing: Path, changes: list[str], tmp_path: Path) -> None:
        own = next(number for number, change in enumerate(changes, 1) if "seal.json" in change)
        moments = [
            1,
            own // 2,
            *(own + (len(changes) - own) * n // (SEAL_MOMENTS - 3) for n in range(SEAL_MOMENTS - 2)),
        ]
        moment = moments[part]
        home = copied(sealing, tmp_path / "office")
        seal(home, DRGPAY_TEST_DIES=f"jobs.child:{moment}")
        found = look(home)
        assert found["state"] == "sealing"
        assert found["seals"] in (0, 1)
        assert found["closed"] or not found["seals"]  # what is listed is closed and whole
        seal(home)
        after = look(home)
        if after["state"] != "sealed":
            assert after == {"state": "posted", "seals": 0, "sealed": False, "closed": after["closed"]}
            work(home, "order")
            seal(home)
        assert look(home) == {"state": "sealed", "seals": 1, "sealed": True, "closed": True}
        checked(home)
        told(what="seal", moment=moment, of=len(changes), before=changes[moment - 1].split("/")[-1], found=found)


def seal(home: Path, **more: str) -> None:
    """The worker of an office does what is ordered, until it is done or until the power is cut."""
    known = environment(home) | more
    if more:
        known["PYTHONPATH"] = os.pathsep.join([str(TESTS / "support" / "dying"), known["PYTHONPATH"]])
    worker = subprocess.Popen([sys.executable, "-m", "drgpay_web.cli", "worker"], env=known)
    try:
        no_work_left(home, lambda: worker.poll() is not None)
    finally:
        worker.terminate()
        worker.wait()
    until(lambda: not all_of(home), "everything has ended")


def look(home: Path) -> dict[str, Any]:
    return work(home, "look")
