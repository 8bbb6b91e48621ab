"""An office that is killed in the middle of its work: made small, kept at work by systems, and looked through after.

``python -m support.killed make`` makes it at ``DRGPAY_HOME``: a tiny area with a posted month. ``order``
has that sealed, ``look`` says where it stands.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from support.served import Served, environment, processes, until

TESTS = Path(__file__).parents[1]
TOLD = "killed.json"
PERIOD = "2024-02"
LONGEST = 600.0
"""seconds a job may take on a machine at work"""


def make() -> None:
    """The office: area, hospitals, persons, a posted January, a token of a hospital and one of the bureau."""
    from drgpay_web.project.places import home, make_home

    make_home(home())
    (home() / "office.json").write_text(json.dumps({"demo": True, "clock": "2024-04-08"}))
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    from drgpay_web import store
    from drgpay_web.api import actions
    from drgpay_web.api.models import SCOPES
    from support.clearing import Desk, make_region
    from support.office_people import actor

    desk = Desk(store.import_region(make_region(home().parent / "region")))
    case = desk.settle("2024-01")
    admin = actor("S1", desk.top)
    told = {
        "area": desk.area,
        "period": case.number,
        "hospital": actions.create_token(admin, unit=desk.houses[0], name="HIS", scopes=SCOPES, reason="接入")[1],
        "bureau": actions.create_token(admin, unit=desk.top, name="经办", scopes=SCOPES, reason="接入", role="B1")[1],
        "approver": actions.create_token(admin, unit=desk.top, name="审批", scopes=SCOPES, reason="接入", role="B2")[
            1
        ],
    }
    (home() / TOLD).write_text(json.dumps(told))


def order() -> None:
    """Have the posted month sealed, as the approver does."""
    from drgpay_web import flow
    from drgpay_web.people import Unit
    from support.office_people import actor

    case = flow.Case.objects.get(machine="period")
    approver = actor("B2", Unit.objects.get(kind="area"))
    flow.do_now(approver, case, "seal")


def look() -> dict[str, Any]:
    """Where the month stands, by the data base and by the disk."""
    import stat

    from drgpay import runs
    from drgpay_web import flow, store

    case = flow.Case.objects.get(machine="period")
    result = store.Result.objects.get(pk=case.data["result"])
    seals = runs.read_seals(store.folder_of_kind(case.area, "run"))
    folder = store.folder(result)
    return {
        "state": case.state,
        "seals": len(seals),
        "sealed": result.state == "sealed",
        "closed": not any(path.stat().st_mode & stat.S_IWUSR for path in (folder, *folder.rglob("*"))),
    }


def beside(home: Path) -> dict[str, str]:
    """The environment of a program beside an office."""
    return environment(home) | {
        "DJANGO_SETTINGS_MODULE": "drgpay_web.project.settings",
        "PYTHONPATH": os.pathsep.join([str(TESTS), environment(home)["PYTHONPATH"]]),
    }


def made_at(home: Path) -> Path:
    """The office made at a place, by a process of its own."""
    work(home, "make")
    return home


def work(home: Path, what: str) -> dict[str, Any]:
    """What this program does beside an office, or sees of it."""
    run = [sys.executable, "-m", "support.killed", what]
    done = subprocess.run(run, env=beside(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def copied(made: Path, home: Path) -> Path:
    """An office of one's own, as it was made."""
    shutil.copytree(made, home, symlinks=True)
    return home


@dataclass
class Asked:
    """A request that changes something: its key, how it was answered (0: not at all), and what was said."""

    who: str
    path: str
    body: bytes
    kind: str
    key: str
    status: int = 0
    said: dict[str, Any] = field(default_factory=dict)


class Systems:
    """Systems of a hospital and of the bureau that ask an office without pause."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.told: dict[str, str] = json.loads((served.home / TOLD).read_text())
        self.asked: list[Asked] = []

    def ask(self, one: Asked) -> Asked:
        """Send a request, or send it again; where it is asked to wait, it waits."""
        headers = {"Authorization": f"Bearer {self.told[one.who]}", "Content-Type": one.kind}
        if one.key:
            headers["Idempotency-Key"] = one.key
        sent = urllib.request.Request(
            f"{self.served.address}/api/v1{one.path}", one.body if one.body else None, headers
        )
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:
                one.status, one.said = answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            one.status, one.said = error.code, json.load(error)
            if one.status == 429:
                time.sleep(int(error.headers["Retry-After"]))
                return self.ask(one)
        except (OSError, ValueError):  # the office is gone, or half an answer came
            one.status, one.said = 0, {}
        return one

    def get(self, who: str, path: str) -> dict[str, Any]:
        """What is read; it must be there."""
        one = self.ask(Asked(who, path, b"", "text/plain", ""))
        assert one.status == 200, (path, one.status, one.said)
        return one.said

    def post(self, who: str, path: str, body: dict[str, Any], key: str = "") -> Asked:
        return self.ask(Asked(who, path, json.dumps(body).encode(), "application/json", key))

    def hand_over(self, number: int) -> Asked:
        """A file of stays, each another one."""
        rows = f"病案号,出院日期\r\nS{number},2024-02-01\r\n"
        parts = (
            '--b\r\nContent-Disposition: form-data; name="period"\r\n\r\n'
            f"{PERIOD}\r\n--b\r\n"
            f'Content-Disposition: form-data; name="file"; filename="f{number}.csv"\r\n\r\n{rows}\r\n--b--\r\n'
        )
        one = Asked("hospital", "/submissions", parts.encode(), "multipart/form-data; boundary=b", f"file-{number}")
        self.asked.append(one)
        return self.ask(one)

    def say(self, case: str, number: int) -> Asked:
        """A comment on a case, each another one."""
        body = json.dumps({"text": f"no {number}."}).encode()
        one = Asked("hospital", f"/cases/{case}/comments", body, "application/json", f"say-{number}")
        self.asked.append(one)
        return self.ask(one)

    def look(self) -> Asked:
        """A look before a run: a job that takes its time."""
        return self.post("bureau", "/runs/looks", {"period": PERIOD, "kind": "trial", "policy": "demo"})

    @contextmanager
    def at_work(self, seed: int) -> Iterator[None]:
        """A file, a look, and one comment after the other, until the end or until nobody answers."""
        ends = threading.Event()
        case = self.get("hospital", "/cases?kind=statement")["cases"][0]["number"]

        def work() -> None:
            number = seed * 1000
            while not ends.is_set():
                number += 1
                self.say(case, number)
                if number % 1000 == 1:
                    self.hand_over(number)
                    self.look()
                if self.asked[-1].status == 0:
                    return

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            ends.set()
            thread.join()

    def whole(self) -> dict[str, int]:
        """Every request that was answered holds, and those that were not are done once when they are sent again, done
        before or not. How many were answered before, and how many were not."""
        count = {"answered": 0, "unanswered": 0}
        for one in self.asked:
            before = Asked(one.who, one.path, one.body, one.kind, one.key, one.status, one.said)
            again = self.ask(one)
            assert again.status in (200, 201), (one.path, again.status, again.said)
            if before.status in (200, 201):
                assert before.status == again.status, (before.status, again.status)
                assert before.said["number"] == again.said["number"]
            count["answered" if before.status else "unanswered"] += 1
        self.once()
        return count

    def once(self) -> None:
        """Everything asked for is in the data base, and nothing twice."""
        import sqlite3

        address = f"file:{self.served.home / 'office.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as base:
            said = Counter(text for (text,) in base.execute("SELECT text FROM flow_comment"))
            files = Counter(name for (name,) in base.execute("SELECT subject FROM flow_case"))
        for one in self.asked:
            number = one.key.partition("-")[2]
            assert (said[f"no {number}."] if one.key.startswith("say") else files[f"f{number}.csv"]) == 1, one.key


def kill(numbers: list[int]) -> None:
    """At one blow, as far as one can."""
    for number in numbers:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def all_of(home: Path) -> list[int]:
    """Every process of an office, whatever it is."""
    return processes(home, "")


def no_work_left(home: Path, gone: Callable[[], bool] = bool) -> list[str]:
    """The states in which all jobs have ended, the oldest first; as long as any of them goes on, it is waited for,
    unless who does them is ``gone``."""
    import sqlite3

    seen: list[str] = []
    while not gone() and (not seen or {"queued", "running"} & set(seen)):

        def changed(before: list[str]) -> list[str] | None:
            address = f"file:{home / 'office.sqlite3'}?mode=ro"
            with closing(sqlite3.connect(address, uri=True, timeout=30)) as base:
                states = [state for (state,) in base.execute("SELECT state FROM jobs_job ORDER BY id")]
            return None if states == before and not gone() else states

        seen = list(until(partial(changed, seen), f"jobs end: {seen}", LONGEST))
    return seen


def pause(seed: int, longest: float) -> None:
    """Until the moment that a seed names."""
    time.sleep(random.Random(seed).uniform(0, longest))


if __name__ == "__main__":
    if sys.argv[1] != "make":
        import django

        django.setup()
    print(json.dumps({"make": make, "order": order, "look": look}[sys.argv[1]]() or {}))
