"""The office with people at work: how long pages take, what the web process holds, what a first page weighs.

    python benchmarks/office_load.py --home DIR [--stays 760000] [--people 50] [--seconds 60]

Makes an office below ``--home`` once: a region of so many stays (of four years, so that 760,000 give a settled year
of about 200,000), its year run, and an account per role. Then it serves it on this machine alone and lets so many
people look at pages for so long: first by themselves, then while a run computes. It ends by itself, and ends what it
started also when it is interrupted. Prints JSON: milliseconds at the median and 95 %, by kind of page.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import http.client
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SRC = Path(__file__).parents[1] / "src"
KINDS = ("board", "list", "drill", "stay card")
THINK = (4.0, 16.0)
"""seconds a person looks at a page before the next one"""
READY = "load.json"
RUN = "y2024"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--home", type=Path, required=True)
    asked.add_argument("--stays", type=int, default=760_000, help="of four years")
    asked.add_argument("--people", type=int, default=50)
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--port", type=int, default=8199)
    said = asked.parse_args()
    os.environ |= {"DRGPAY_HOME": str(said.home.resolve()), "PYTHONPATH": str(SRC)}
    if not (said.home / READY).is_file():
        _other_process("make", said.home, said.stays)
    about = json.loads((said.home / READY).read_text())
    with served(said.port) as server:
        one_by_one = processor(said.port, about, server.pid)
        alone = look(said.port, about, said.people, said.seconds)
        with computing(said.home):
            beside = look(said.port, about, said.people, said.seconds)
        weight, memory = first_page(said.port), held(server.pid)
    found = {"stays": about["stays"], "people": said.people, "first_page_kB": weight, "web_process_MiB": memory}
    found |= {"processor_ms_a_page": one_by_one}
    print(json.dumps({**found, "alone": alone, "while_a_run_computes": beside}, ensure_ascii=False, indent=1))


def make(home: str, stays: str) -> None:
    """The office: region, record, accounts, one year run and prepared for pages."""
    from drgpay import runs, samples
    from drgpay_web.cli import demo
    from drgpay_web.cli.office import start
    from drgpay_web.project.places import make_home

    place = Path(home).resolve()
    make_home(place)
    (place / "office.json").write_text(json.dumps({"demo": True, "clock": "2025-03-03"}))
    start()
    from django.core.management import call_command

    from drgpay_web import store
    from drgpay_web.people import system_actor

    call_command("migrate", verbosity=0, interactive=False)
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
    page = runs.browse(folder, runs.View("settled_stays", scope=runs.Scope.everything()), limit=200)
    about = {
        "result": result.pk, "stays": page.total, "ids": [row["stay_id"] for row in page.rows],
        "region": str(store.compose(pin)),
    }  # fmt: skip
    (place / READY).write_text(json.dumps(about))


def compute(home: str) -> None:
    """A run beside the pages, again and again until it is ended."""
    from drgpay import runs

    os.nice(10)
    region = Path(json.loads((Path(home) / READY).read_text())["region"])
    for number in range(99):
        runs.run(runs.Order(region, "demo", 2024), Path(home) / f"beside-{os.getpid()}-{number}", runs.LocalEngine(1))


def _command(what: str, *words: object) -> list[str]:
    """A part of this program in a process of its own."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import office_load as o; "
    return [sys.executable, "-c", f"{code}o.{what}(*sys.argv[1:])", *map(str, words)]


def _other_process(what: str, *words: object) -> None:
    subprocess.run(_command(what, *words), check=True)


@contextlib.contextmanager
def computing(home: Path) -> Iterator[None]:
    """A run computes meanwhile."""
    process = subprocess.Popen(_command("compute", home.resolve()))
    try:
        time.sleep(10)
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def served(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The office on this machine alone."""
    run = [sys.executable, "-m", "drgpay_web.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                if Person(port).get("/health")[0] == 200:
                    break
            time.sleep(0.2)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


class Person:
    """Somebody at a browser: keeps cookies, asks for pages."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}

    def get(self, path: str, form: str | None = None) -> tuple[int, bytes, Any]:
        """Status, body and headers of a page; ``form`` is sent."""
        said = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Accept-Encoding": "gzip"}
        if form is not None:
            said["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request("GET" if form is None else "POST", path, form, said)
        answer = self.connection.getresponse()
        body = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, body, answer.headers

    def try_as(self, role: str) -> None:
        """Sign in by the demo's page as the first one of a role."""
        page = plain(*self.get("/try")[1:])
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        chosen = re.search(rf'name="choose" value="(\d+)"><strong>{role} ', page)
        assert token, page
        assert chosen, page
        status, _, _ = self.get("/try", f"csrfmiddlewaretoken={token[1]}&choose={chosen[1]}")
        assert status == 302, status


def plain(body: bytes, headers: Any) -> str:
    return (gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body).decode()


def pages_of(about: dict[str, Any], chance: random.Random) -> tuple[str, str]:
    """A kind of page, and the address of one."""
    result, stay = about["result"], chance.choice(about["ids"])
    split = chance.choice(("institution_id", "department_id", "drg"))
    return chance.choice((
        ("board", f"/boards/area?period={result}"),
        ("list", f"/boards/stays?period={result}&sort=-balance&page={chance.randint(1, 9)}"),
        ("drill", f"/boards/drill?period={result}&by={split}"),
        ("stay card", f"/stays/{result}/{stay}"),
    ))  # fmt: skip


def look(port: int, about: dict[str, Any], people: int, seconds: int) -> dict[str, dict[str, float]]:
    """So many people look at pages for so long. An account has one session, so they share one, as tabs do."""
    first = Person(port)
    first.try_as("B1")
    times: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + seconds

    def one(number: int) -> None:
        person, chance = Person(port), random.Random(number)
        person.cookies = dict(first.cookies)
        time.sleep(chance.uniform(0, THINK[1]))
        while time.monotonic() < until:
            kind, path = pages_of(about, chance)
            begun = time.perf_counter()
            status, _, _ = person.get(path)
            times[kind if status == 200 else f"{kind} {status}"].append((time.perf_counter() - begun) * 1000)
            time.sleep(chance.uniform(*THINK))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {kind: figures(found) for kind, found in sorted(times.items())}


def processor(port: int, about: dict[str, Any], pid: int, times: int = 10) -> dict[str, float]:
    """Milliseconds of the processor that a page takes of the web process, with one person at work: what a loaded
    machine does not change. The first two of each kind are not counted: they make what the others read."""
    person, chance = Person(port), random.Random(0)
    person.try_as("B1")
    web = next(its for what, its in _children(pid) if what == "web")
    asked: dict[str, list[str]] = defaultdict(list)
    while any(len(asked[kind]) < times for kind in KINDS):
        kind, path = pages_of(about, chance)
        asked[kind].append(path)
    found = {}
    for kind in KINDS:
        for path in asked[kind][:2]:
            person.get(path)
        before = _worked(web)
        for path in asked[kind][2:times]:
            person.get(path)
        found[kind] = round((_worked(web) - before) * 1000 / (times - 2))
    return found


def _worked(pid: int) -> float:
    """Seconds of the processor a process has used."""
    said = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")


def figures(found: list[float]) -> dict[str, float]:
    p95 = statistics.quantiles(found, n=20)[-1] if len(found) > 1 else found[0]
    return {"pages": len(found), "median_ms": round(statistics.median(found)), "p95_ms": round(p95)}


def first_page(port: int) -> float:
    """Compressed bytes of the sign-in page with all it needs, in kB."""
    person = Person(port)
    _, body, headers = person.get("/sign-in")
    whole = len(body)
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', plain(body, headers)):
        whole += len(person.get(path)[1])
    return round(whole / 1000, 1)


def held(pid: int) -> dict[str, float]:
    """MiB of the processes that ``serve`` started and itself, by what they are."""
    return {"serve": _resident(pid)} | {what: _resident(its) for what, its in _children(pid)}


def _children(pid: int) -> Iterator[tuple[str, int]]:
    """The processes that ``serve`` started: what each is, and its number."""
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            if int((place / "stat").read_text().rsplit(") ", 1)[1].split()[1]) == pid:
                line = (place / "cmdline").read_bytes()
                if b"resource_tracker" not in line:
                    yield "jobs" if b"worker" in line.split(b"\0") else "web", int(place.name)


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


if __name__ == "__main__":
    main()
