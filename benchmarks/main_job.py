"""Figures of the main job, as ratios measured in one run: ``make bench`` (or ``--quick`` for a smaller one).

Group ÷ bare scan of the same columns, two threads ÷ one, the whole year ÷ bare scan, peak memory by size, seconds per
stage. Results go to bench-results/ as JSON and Markdown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from drgpay.engine import Dataset, LocalEngine, read_part
from drgpay.runs import Order, run
from drgpay.samples import make_region
from drgpay.scheme import load
from drgpay.steps.grouping import group_batch
from drgpay.tables import STAYS

RESULTS = Path("bench-results")
GROUPING = [c.name for c in STAYS.columns if c.grouping and c.name != "stay_id"]


def best(work: Callable[[], object], times: int = 7) -> float:
    """Shortest of a few runs, in seconds."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def bare_scan(data: Dataset, columns: list[str], threads: int) -> None:
    """Read the columns row group by row group and throw them away."""

    def read(task: tuple[Path, int]) -> None:
        pq.ParquetFile(task[0]).read_row_group(task[1], columns=columns, use_threads=False)

    tasks = [(p, g) for p in data.paths for g in range(pq.ParquetFile(p).metadata.num_row_groups)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, tasks))


def group_all(data: Dataset, threads: int) -> None:
    """Read the grouping columns part by part, as the engine does, and group; the result is thrown away."""
    scheme = load("chs-drg-1.1")
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: group_batch(scheme, read_part(part, GROUPING)).num_rows, data.parts()))


def year(region: Path, out: Path, threads: int) -> dict[str, float]:
    """Run the whole year; seconds per stage."""
    stages: dict[str, float] = {}
    last = time.perf_counter()

    def progress(label: str, done: int, total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        stages[label] = stages.get(label, 0.0) + now - last
        last = now

    started = time.perf_counter()
    run(Order(region, "demo", 2024), out, LocalEngine(threads, progress), overwrite=True)
    return {"total": time.perf_counter() - started, **stages}


def one_size(stays: int, folder: Path) -> dict[str, Any]:
    """All figures of one size; memory is this process's peak, so every size has a process of its own."""
    region = folder / f"region-{stays}"
    made = 0.0
    if not region.exists():
        started = time.perf_counter()
        make_region(region, stays=stays)
        made = time.perf_counter() - started
    data = Dataset.of(region / "stays")
    whole = list(STAYS.names)
    figures: dict[str, Any] = {"stays": stays, "region_s": made}
    for threads in (1, 2):
        figures[f"scan_s_{threads}"] = best(lambda n=threads: bare_scan(data, GROUPING, n))  # type: ignore[misc]
        figures[f"group_s_{threads}"] = best(lambda n=threads: group_all(data, n))  # type: ignore[misc]
        figures[f"group_over_scan_{threads}"] = figures[f"group_s_{threads}"] / figures[f"scan_s_{threads}"]
        figures[f"full_scan_s_{threads}"] = best(lambda n=threads: bare_scan(data, whole, n))  # type: ignore[misc]
        stages = year(region, folder / f"run-{stays}", threads)
        figures[f"year_s_{threads}"] = stages["total"]
        figures[f"year_over_scan_{threads}"] = stages["total"] / figures[f"full_scan_s_{threads}"]
        figures[f"stages_{threads}"] = stages
    figures["group_two_threads_speedup"] = figures["group_s_1"] / figures["group_s_2"]
    figures["year_two_threads_speedup"] = figures["year_s_1"] / figures["year_s_2"]
    return figures


def peak(stays: int, folder: Path) -> float:
    """Peak memory in MiB of a process that only runs the year (Linux; a child's ru_maxrss counts its parent's)."""
    code = (
        "import sys;from pathlib import Path;from drgpay.engine import LocalEngine;"
        "from drgpay.runs import Order,run;"
        "run(Order(Path(sys.argv[1]),'demo',2024),Path(sys.argv[2]),LocalEngine(2),overwrite=True);"
        "print(next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1])"
    )
    region = folder / f"region-{stays}"
    if not region.exists():
        make_region(region, stays=stays)
    command = [sys.executable, "-c", code, str(region), str(folder / f"peak-{stays}")]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="sizes a fifth as large")
    parser.add_argument("--work", type=Path, help="folder to keep the regions in between measurements")
    options = parser.parse_args()
    sizes = [40_000, 200_000, 1_000_000] if options.quick else [200_000, 1_000_000, 5_000_000]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        figures = one_size(sizes[1], folder)
        figures["peak_mib"] = {str(n): round(peak(n, folder)) for n in sizes}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "main_job.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    lines = [f"# Main job, {figures['stays']:,} stays", "", "| figure | value |", "| --- | --- |"]
    for key, value in figures.items():
        if isinstance(value, dict):
            lines += [f"| {key}: {k} | {v:.3g} |" for k, v in value.items()]
        else:
            lines.append(f"| {key} | {value:,.3g} |")
    (RESULTS / "main_job.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
