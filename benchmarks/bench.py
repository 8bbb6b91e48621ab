"""The figures of drgpay, measured in one run: ``make bench``, or ``bench.py --stays 100000 1000000 10000000``.

By size: bare scan, group, points, modes, settle, the whole year, and what follows a year: oversee and evaluate;
seconds, seconds per million stays, peak memory, and the exponents they grow with (1 is linear). Oversight and
evaluation are measured up to ``--after-up-to`` stays, because their regions have details, charges and visits. Then at
one size: threads, Spark ÷ local on the same cores, where the time goes, a CSV through ``drgpay group`` ÷ a bare read,
loading of schemes, and the latency of single stays.
Machines differ and are shared, so that ratios count: works take turns, and the shortest time of each is taken.
Results go to ``bench-results/bench.json`` and ``bench.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from compare import DRGPAY, READ, compare, stays_csv
from drgpay.engine import Dataset, LocalEngine, read_part, spark_missing
from drgpay.samples import EXTRAS, make_region
from drgpay.scheme import catalogue, load
from drgpay.steps.grouping import Grouper, group_batch
from drgpay.steps.oversight import RULES
from drgpay.tables import STAYS
from measure import exponent, in_turns, leave, machine, python, table, watched

CORES = os.cpu_count() or 1
GROUPING = [c.name for c in STAYS.columns if c.grouping and c.name != "stay_id"]
STAGES = {
    "group": ("look for duplicates", "check and group", "count"),
    "points": ("base period", "points", "readmissions"),
    "modes": ("payment modes", "modes", "shadow", "out of area"),
    "settle": ("fund", "pay stays", "count the money again"),
}
FOLLOWING = ("oversee", "evaluate")
"""what is run on a year"""
YEAR = """
import json, sys, time
from pathlib import Path
started = time.perf_counter()
from drgpay.engine import LocalEngine, SparkEngine
from drgpay.runs import Order, run
stages, last = {}, 0.0
def progress(label, done, total):
    global last
    now = time.perf_counter()
    stages[label], last = stages.get(label, 0.0) + now - last, now
kind, size, region, out = sys.argv[1:]
engine = (LocalEngine(int(size), progress) if kind == "local"
          else SparkEngine(f"local[{size}]", None, progress, {"spark.driver.memory": "1g"}))
ready = last = time.perf_counter()
run(Order(Path(region), "demo", 2024), Path(out), engine, overwrite=True)
print(json.dumps({"ready": ready - started, "total": time.perf_counter() - ready, "stages": stages}))
"""
AFTER = """
import json, sys, time
from collections import Counter
from pathlib import Path
from threading import Lock
from drgpay.engine import LocalEngine
from drgpay.runs import Evaluation, evaluate, oversee
from drgpay.steps.oversight import people
stages, rules, last, lock = {}, Counter(), 0.0, Lock()
def progress(label, done, total):
    global last
    now = time.perf_counter()
    stages[label], last = stages.get(label, 0.0) + now - last, now
def timed(name, look):
    def work():
        started = time.perf_counter()
        found = look()
        with lock:
            rules[name] += time.perf_counter() - started
        return found
    return work
of_people = people._rules
people._rules = lambda *given: ({n: timed(n, f) for n, f in its.items()} for its in of_people(*given))
what, threads, region, ran, out = sys.argv[1:]
region, ran, out, engine = Path(region), Path(ran), Path(out), LocalEngine(int(threads), progress)
last = started = time.perf_counter()
if what == "oversee":
    oversee(ran, region, out, engine)
else:
    evaluate(Evaluation(ran, "zhejiang-2021", region), out, engine)
print(json.dumps({"total": time.perf_counter() - started, "stages": stages, "rules": rules}))
"""
LOAD = """
import sys, time
from drgpay.scheme import load
from drgpay.steps.grouping.kernel import compile_scheme
started = time.perf_counter()
compile_scheme(load(sys.argv[1]))
print(time.perf_counter() - started)
"""


def bare_scan(data: Dataset, columns: Sequence[str], threads: int) -> None:
    """Read the columns row group by row group and throw them away."""

    def read(task: tuple[Path, int]) -> None:
        pq.ParquetFile(task[0]).read_row_group(task[1], columns=list(columns), use_threads=False)

    tasks = [(p, g) for p in data.paths for g in range(pq.ParquetFile(p).metadata.num_row_groups)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, tasks))


def group_all(data: Dataset, threads: int) -> None:
    """Read the grouping columns part by part, as the engine does, and group; the result is thrown away."""
    scheme = load("chs-drg-1.1")
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: group_batch(scheme, read_part(part, GROUPING)).num_rows, data.parts()))


def year(region: Path, out: Path, kind: str, size: int) -> dict[str, Any]:
    """A whole year in a process of its own: seconds in all and by stage, seconds until the engine was ready, and the
    peak memory of the process with its children."""
    return told(python(YEAR, kind, str(size), str(region), str(out)))


def after(what: str, region: Path, ran: Path, times: int) -> dict[str, Any]:
    """``oversee`` or ``evaluate`` on the run of a region, as :func:`year`; ``rules``: seconds of the rules on whole
    persons, added over the threads."""
    found = []
    for _ in range(times):
        with tempfile.TemporaryDirectory(dir=region.parent) as scratch:
            found.append(told(python(AFTER, what, str(CORES), str(region), str(ran), f"{scratch}/out")))
    return fastest(found)


def told(command: list[str]) -> dict[str, Any]:
    """What a command says in its last line, and the peak memory of the process with its children."""
    done = watched(command)
    if done["exit"]:
        raise SystemExit(done["err"])
    figures: dict[str, Any] = json.loads(done["out"].splitlines()[-1])
    return figures | {"peak_mib": done["peak_mib"]}


def fastest(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The run with the least seconds, with the highest memory of all."""
    return min(runs, key=lambda r: float(r["total"])) | {"peak_mib": max(r["peak_mib"] for r in runs)}


def by_stage(stages: dict[str, float]) -> dict[str, float]:
    """Seconds of group, points, modes and settle, out of the labels of the steps."""
    return {
        name: sum(s for label, s in stages.items() if label.startswith(labels)) for name, labels in STAGES.items()
    }


def one_size(stays: int, folder: Path, times: int, rich: bool) -> dict[str, Any]:
    """All figures that are taken at every size; of a ``rich`` region, which has details, charges and visits, those of
    oversight and evaluation too."""
    region = folder / f"region-{stays}{'-rich' if rich else ''}"
    if not region.exists():
        make_region(region, stays=stays, extras=frozenset(EXTRAS if rich else ()))
    data = Dataset.of(region / "stays")
    whole = STAYS.names
    short = in_turns(
        {
            "scan": lambda: bare_scan(data, whole, CORES),
            "scan of grouping columns, 1 thread": lambda: bare_scan(data, GROUPING, 1),
            "group, 1 thread": lambda: group_all(data, 1),
            "scan of grouping columns": lambda: bare_scan(data, GROUPING, CORES),
            "group": lambda: group_all(data, CORES),
        },
        max(times, 3),
    )
    turns = [{n: year(region, folder / "run", "local", n) for n in (1, CORES)} for _ in range(times)]
    ran = fastest([t[CORES] for t in turns])
    return {
        "stays": stays,
        "short": short,
        "year": ran,
        "year_1_thread": fastest([t[1] for t in turns]),
        "steps": by_stage(ran["stages"]),
        "after": {what: after(what, region, folder / "run", times) for what in FOLLOWING} if rich else {},
        "region": str(region),
    }


def latency(stays: int = 2_000) -> dict[str, float]:
    """Milliseconds to group a single stay, p50 and p99, with a grouper at hand."""
    with tempfile.TemporaryDirectory() as folder:
        make_region(Path(folder) / "region", stays=stays, years=(2024,))
        batches = LocalEngine(1).scan(Dataset.of(Path(folder) / "region" / "stays"), GROUPING)
        rows = [row for batch in batches for row in batch.to_pylist()]
    grouper = Grouper()
    grouper.group(rows[0])
    found = []
    for row in rows:
        started = time.perf_counter()
        grouper.group(row)
        found.append(1000 * (time.perf_counter() - started))
    return {f"p{p}": float(np.percentile(found, p)) for p in (50, 99)}


def loading(times: int) -> dict[str, float]:
    """Seconds to load and compile each scheme, in a fresh process each."""
    names = [entry.id for entry in catalogue()]
    return {
        name: min(float(watched(python(LOAD, name))["out"]) for _ in range(times)) for name in names
    }  # fmt: skip


def spark(local: dict[str, Any], folder: Path) -> dict[str, Any] | None:
    """The year of one size on Spark, on as many cores; None where Spark cannot start."""
    if spark_missing():
        return None
    ran = year(Path(local["region"]), folder / "run-spark", "spark", CORES)
    return {"stays": local["stays"], **ran, "over_local": ran["total"] / local["year"]["total"]}


def profile(ran: dict[str, Any]) -> list[str]:
    """A table of the steps of a run, the longest first."""
    shares = sorted(ran["stages"].items(), key=lambda p: -p[1])
    rest = ran["total"] - sum(v for _, v in shares)
    return table(("step", "s", "share %"),
                 [(n, v, 100 * v / ran["total"]) for n, v in [*shares, ("the rest", rest)]])  # fmt: skip


def after_page(sizes: Sequence[dict[str, Any]]) -> list[str]:
    """What follows a year: by size, and where the time of the largest goes."""
    if not sizes:
        return []
    page = [
        "## After the year",
        "",
        "On regions with details, charges and visits; the scan is of the stays alone.",
        "",
    ]
    titles = ("what", "stays", "s", "s per million", "÷ scan", "÷ year", "peak MiB")
    rows = [
        (what, r["stays"], ran["total"], ran["total"] / r["stays"] * 1e6, ran["total"] / r["short"]["scan"],
         ran["total"] / r["year"]["total"], ran["peak_mib"])
        for what in FOLLOWING for r in sizes for ran in [r["after"][what]]
    ]  # fmt: skip
    page += table(titles, rows)
    for what in FOLLOWING:
        page += [f"Where the time of {what} goes, {sizes[-1]['stays']:,} stays on {CORES} threads:", ""]
        page += profile(sizes[-1]["after"][what])
    rules = sorted(sizes[-1]["after"]["oversee"]["rules"].items(), key=lambda p: -p[1])
    whole = sum(seconds for _, seconds in rules)
    page += [f"The {len(rules)} rules inside the step of persons took {whole:.3g} s on all threads together;",
             "the ten longest:", ""]  # fmt: skip
    page += table(("rule", "", "s", "share %"), [(n, RULES[n].words.en, s, 100 * s / whole) for n, s in rules[:10]])
    return page


def page_of(figures: dict[str, Any]) -> list[str]:
    """The page in Markdown."""
    sizes = figures["sizes"]
    m = figures["machine"]
    page = ["# Benchmarks", "", f"Measured by `benchmarks/bench.py` on {m['cores']} cores, {m['memory_gib']} GiB, "
            f"Python {m['python']}; load at the start {m['load'][0]}. Seconds are the shortest of {figures['times']} "
            "or more turns. Only ratios taken in one run compare well.", ""]  # fmt: skip
    page += ["## By size", ""]
    titles = ("stays", "scan s", "group ÷ scan, 1 thread", f"group ÷ scan, {CORES} threads", "group s", "points s",
              "modes s", "settle s", "year s", "year s per million", "year ÷ scan", "peak MiB")  # fmt: skip
    rows = [
        (
            r["stays"], r["short"]["scan"],
            r["short"]["group, 1 thread"] / r["short"]["scan of grouping columns, 1 thread"],
            r["short"]["group"] / r["short"]["scan of grouping columns"],
            *(r["steps"][name] for name in STAGES), r["year"]["total"], r["year"]["total"] / r["stays"] * 1e6,
            r["year"]["total"] / r["short"]["scan"], r["year"]["peak_mib"],
        )
        for r in sizes
    ]  # fmt: skip
    page += table(titles, rows)
    page += [
        "The steps group, points, modes and settle are those of the year: group reads, looks for duplicates, checks",
        "and writes; the columns group ÷ scan are the grouper alone, over a bare read of its columns.",
        "",
    ]
    page += after_page([r for r in sizes if r["after"]])
    page += ["## Growth", "", "Exponents of the size: 1 is linear, 0 is flat.", ""]
    page += table(("figure", "exponent"), list(figures["exponents"].items()))
    page += ["## Threads", ""]
    page += table(("stays", f"grouper, 1 ÷ {CORES} threads", f"year, 1 ÷ {CORES} threads"),
                  [(r["stays"], r["short"]["group, 1 thread"] / r["short"]["group"],
                    r["year_1_thread"]["total"] / r["year"]["total"]) for r in sizes])  # fmt: skip
    page += ["## Spark", ""]
    s = figures["spark"]
    if s is None:
        page += ["Not measured: Spark or Java is missing.", ""]
    else:
        page += table(("stays", "year s", "÷ local, same cores", "start of the session s", "peak MiB, Java included"),
                      [(s["stays"], s["total"], s["over_local"], s["ready"], s["peak_mib"])])  # fmt: skip
    page += ["## Where the time goes", "", f"The year of {sizes[-1]['stays']:,} stays on {CORES} threads.", ""]
    page += profile(sizes[-1]["year"])
    page += ["## Text", ""]
    bare = figures["csv"][0]["seconds"]
    page += table(("command", "s", "÷ bare read"), [(r["name"], r["seconds"], r["seconds"] / bare)
                                                   for r in figures["csv"]])  # fmt: skip
    page += ["## Loading a scheme, and single stays", ""]
    page += table(("scheme", "s"), list(figures["load_s"].items()))
    page += table(("one stay by `Grouper.group`", "ms"), list(figures["latency_ms"].items()))
    return page


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stays", type=int, nargs="+", default=[50_000, 150_000, 450_000], help="sizes, rising")
    parser.add_argument("--times", type=int, default=2, help="turns of every year")
    parser.add_argument("--after-up-to", type=int, default=1_000_000, help="largest size of oversee and evaluate")
    parser.add_argument("--spark-stays", type=int, help="size of the year on Spark; default the middle one")
    parser.add_argument("--csv-stays", type=int, default=50_000, help="size of the CSV")
    parser.add_argument("--work", type=Path, help="folder that keeps the regions from one measurement to the next")
    parser.add_argument("-o", "--output", type=Path, default=Path("bench-results"))
    options = parser.parse_args()
    about = machine()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        middle = options.spark_stays or options.stays[len(options.stays) // 2]
        if middle not in options.stays:
            raise SystemExit("--spark-stays must be one of --stays")
        sizes = [one_size(n, folder, options.times, n <= options.after_up_to) for n in options.stays]
        on_spark = spark(next(r for r in sizes if r["stays"] == middle), folder)
        texts = Path(temporary) / "text"
        texts.mkdir()
        csv = compare(stays_csv(texts, options.csv_stays), [READ, DRGPAY], max(options.times, 2))
    counts = [r["stays"] for r in sizes]
    series = {
        "scan": [r["short"]["scan"] for r in sizes],
        "grouper": [r["short"]["group"] for r in sizes],
        **{name: [r["steps"][name] for r in sizes] for name in STAGES},
        "year": [r["year"]["total"] for r in sizes],
        "memory of the year": [r["year"]["peak_mib"] for r in sizes],
    }
    followed = [r for r in sizes if r["after"]]
    grown = {name: exponent(counts, values) for name, values in series.items()}
    for what in FOLLOWING:
        for name, part in ((what, "total"), (f"memory of {what}", "peak_mib")):
            values = [r["after"][what][part] for r in followed]
            grown[name] = exponent([r["stays"] for r in followed], values)
    figures = {
        "machine": about,
        "times": options.times,
        "sizes": sizes,
        "exponents": grown,
        "spark": on_spark,
        "csv": csv,
        "load_s": loading(options.times),
        "latency_ms": latency(),
    }
    leave("bench", figures, page_of(figures), options.output)


if __name__ == "__main__":
    main()
