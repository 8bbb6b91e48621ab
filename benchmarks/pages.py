"""How long a page, a sum and an explanation take: ``pages.py --stays 760000`` (about 200,000 of them settled).

On a year of the demo practice, in one process with one thread for Polars, as a web process has it: a sorted page of
50 rows of the largest institution and of the whole area, sums by institution and group, the explanation of a stay,
and two what-ifs in a row. ``--run`` takes a year that is there. Median and slowest of ``--times``, in milliseconds;
the first of each apart, since it makes what the others read.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")

from drgpay.engine import LocalEngine, dataset, read_table
from drgpay.runs import Order, Scope, Sort, View, Where, browse, explain_stay, run, summarise
from drgpay.runs.whatif import Simulation
from drgpay.samples import make_region
from drgpay.tables import CASE_POINTS, STATEMENTS


def timed(name: str, work: Callable[[], object], times: int) -> None:
    """Print the first, the median and the slowest of some times, and the processor's, in milliseconds."""
    found = []
    for _ in range(times + 1):
        clock, cpu = time.perf_counter(), time.process_time()
        work()
        found.append(((time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000))
    (first, _), rest = found[0], found[1:]
    median, cpu = (statistics.median(column) for column in zip(*rest, strict=True))
    print(f"{name:<58} first {first:8.1f}  median {median:8.1f}  slowest {max(rest)[0]:8.1f}  processor {cpu:8.1f}")


def measure(ran: Path, times: int) -> None:
    """All figures of a year."""
    house = read_table(ran / "tables", STATEMENTS).sort("n")["institution_id"][-1]
    stays = dataset(ran / "tables", CASE_POINTS)
    print(f"settled stays {stays.rows():,}, institution {house}")
    own, everything = Scope.institution(house), Scope.everything()
    by_balance = (Sort("balance", True),)
    page = View("settled_stays", sort=by_balance, scope=own)
    filtered = View("settled_stays", where=(Where("case_class", "is", "high"),), sort=by_balance, scope=own)
    last = browse(ran, page).rows[-1]["stay_id"]
    cells = ("institution_id", "drg"), ("n", "points", "due", "balance", "cmi")
    timed("page of 50, largest institution, sorted", lambda: browse(ran, page), times)
    timed("the same, filtered", lambda: browse(ran, filtered), times)
    timed("page of 50, whole area, sorted",
          lambda: browse(ran, View("settled_stays", sort=by_balance, scope=everything)), times)  # fmt: skip
    timed("sums by institution and group, whole area",
          lambda: summarise([ran], by=cells[0], measures=cells[1], scope=everything), times)  # fmt: skip
    timed("sums by group, one institution, beside its peers",
          lambda: summarise([ran], by=cells[0], measures=cells[1], scope=own, compare="peers"), times)  # fmt: skip
    timed("explain a stay", lambda: explain_stay(ran, last), times)
    shares = (f"0.0{number}" for number in range(1, 10))
    with Simulation(ran, LocalEngine(1)) as simulation:
        ask = lambda: simulation.compare(simulation.alternative({"fund.reserve_share": next(shares)}))  # noqa: E731
        timed("what if, the run kept at hand", ask, 3)


def main() -> None:
    """Make a year where none is named, and measure it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--stays", type=int, default=760_000)
    asked.add_argument("--run", type=Path)
    asked.add_argument("--times", type=int, default=15)
    said = asked.parse_args()
    if said.run is not None:
        measure(said.run, said.times)
        return
    with tempfile.TemporaryDirectory() as work:
        region = Path(work) / "region"
        make_region(region, stays=said.stays)
        measure(run(Order(region, "demo", 2024), Path(work) / "year", LocalEngine(os.cpu_count() or 1)), said.times)


if __name__ == "__main__":
    main()
