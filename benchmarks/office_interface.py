"""Grouping through HTTP, and the page beside a stay in house: how long one takes with one system that asks.

    python benchmarks/office_interface.py --home DIR [--times 1000] [--pages 50] [--port 8198]

``DIR`` is an office that is there (``drgpay-web init --demo``); a token of its first institution is made in it. It is
served on this machine alone, and ends by itself. Prints JSON: milliseconds at the median, 95 % and 99 % of one stay
grouped (the first ten are not counted: they load the grouper), of 500 stays in one request, and of the page, with the
load of the machine before and after.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from office_home import SRC, served

STAY = {
    "sex": "男",
    "age": 60,
    "dx": ["I21.900", "I50.900x018"],
    "proc": ["36.0700x004"],
    "total_cost": "32000.00",
    "los": 8,
}
NOT_COUNTED = 10


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--home", type=Path, required=True)
    asked.add_argument("--times", type=int, default=1000)
    asked.add_argument("--pages", type=int, default=50)
    asked.add_argument("--port", type=int, default=8198)
    said = asked.parse_args()
    os.environ |= {"DRGPAY_HOME": str(said.home.resolve()), "PYTHONPATH": str(SRC)}
    code = "import office_interface as o; o.token()"
    known = os.environ | {"PYTHONPATH": os.pathsep.join([str(SRC), str(Path(__file__).parent)])}
    made = subprocess.run([sys.executable, "-c", code], env=known, capture_output=True, text=True, check=True)
    system = System(said.port, made.stdout.split()[-1])
    before = os.getloadavg()[0]
    with served(said.home, said.port):
        one, many, page = measured(system, said.times, said.pages)
    load = [round(before, 1), round(os.getloadavg()[0], 1)]
    found = {"one_stay_ms": one, "of_500_stays_ms": many, "page_beside_a_stay_ms": page, "load": load}
    print(json.dumps(found, indent=1))


def token() -> None:
    """Make a token of the first institution, and print it."""
    from drgpay_web.cli.office import start

    start()
    from drgpay_web.api import actions
    from drgpay_web.people import Unit, system_actor

    house = Unit.objects.filter(kind="institution").order_by("code").first()
    assert house is not None
    made = actions.create_token(
        system_actor(house.area), unit=house, name="benchmark", scopes=("group",), reason="benchmark"
    )
    print(made[1])


class System:
    """A hospital's system: one connection that is kept."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, how: str, path: str, body: str | None, headers: dict[str, str]) -> bytes:
        """Ask, wait where the rate says so, and read the whole answer."""
        self.connection.request(how, path, body, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status == 429:
            time.sleep(int(answer.headers["Retry-After"]))
            raise TooOftenError
        if answer.status not in (200, 201):
            raise SystemExit(f"{path}: {answer.status} {said[:300]!r}")
        return said

    def post(self, path: str, body: object) -> bytes:
        return self.ask("POST", f"/api/v1{path}", json.dumps(body), self.headers)

    def page(self) -> None:
        """From the stay to its page."""
        told = json.loads(self.post("/stay-pages", {"stay": STAY}))
        if b"<html" not in self.ask("GET", told["url"], None, {}):
            raise SystemExit("no page")


def measured(system: System, times: int, pages: int) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Milliseconds of one stay grouped so many times, of 500 in one request, and of so many pages beside a stay."""
    return (
        figures(lambda: system.post("/group", {"stays": [STAY]}), times),
        figures(lambda: system.post("/group", {"stays": [STAY] * 500}), max(times // 50, 20)),
        figures(system.page, pages),
    )


class TooOftenError(Exception):
    """The rate of a token was reached; the wait is over and not counted."""


def figures(work: Callable[[], object], times: int) -> dict[str, float]:
    """Milliseconds of so many, one after the other."""
    found: list[float] = []
    while len(found) < times + NOT_COUNTED:
        began = time.perf_counter()
        try:
            work()
        except TooOftenError:
            continue
        found.append((time.perf_counter() - began) * 1000)
    counted = statistics.quantiles(found[NOT_COUNTED:], n=100)
    return {"count": times, "p50": round(counted[49], 1), "p95": round(counted[94], 1), "p99": round(counted[98], 1)}


if __name__ == "__main__":
    main()
