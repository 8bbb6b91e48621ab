"""What the benchmarks share: time measured in turns, memory of a process, exponents, pages."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Work = Callable[[], object]


def in_turns(works: Mapping[str, Work], times: int) -> dict[str, float]:
    """Shortest time of each work in seconds. They take turns, so that a busy moment of the machine hits all."""
    found = dict.fromkeys(works, math.inf)
    for _ in range(times):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            found[name] = min(found[name], time.perf_counter() - started)
    return found


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float | None:
    """The slope of log value over log size (least squares): 1 is linear, 0 is flat. None for a single size."""
    points = [(math.log(n), math.log(v)) for n, v in zip(sizes, values, strict=True) if v > 0]
    if len(points) < 2:
        return None
    mx, my = (sum(c) / len(points) for c in zip(*points, strict=True))
    return sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x, _ in points)


def _tree(root: int) -> list[int]:
    """A process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        found.append(queue.pop())
        queue += parents.get(found[-1], [])
    return found


def _resident(pid: int) -> int:
    """Resident memory in KiB, shared pages divided among those that share them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def watched(command: Sequence[str], env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run a command: seconds, peak MiB of it with all its children (sampled), exit code, the end of its output.
    Linux only; elsewhere the memory is 0."""
    started = time.perf_counter()
    process = subprocess.Popen(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | dict(env or {})
    )
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.2):
            peak = max(peak, sum(_resident(pid) for pid in _tree(process.pid)))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    out, err = process.communicate()
    seconds = time.perf_counter() - started
    over.set()
    watcher.join()
    return {
        "seconds": seconds,
        "peak_mib": round(peak / 1024),
        "exit": process.returncode,
        "out": out,
        "err": err[-2000:],
    }


def python(code: str, *words: str) -> list[str]:
    """A command that runs some Python."""
    return [sys.executable, "-c", code, *words]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "python": sys.version.split()[0],
        "load": [round(x, 2) for x in os.getloadavg()],
    }


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table in Markdown; numbers in three digits."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        return f"{value:,}" if isinstance(value, int) else "–" if value is None else str(value)

    lines = ["| " + " | ".join(titles) + " |", "| " + " | ".join("---" for _ in titles) + " |"]
    return [*lines, *("| " + " | ".join(cell(v) for v in row) + " |" for row in rows), ""]


def leave(name: str, figures: Mapping[str, Any], page: Sequence[str], folder: Path) -> None:
    """Write figures as JSON and as a page, and print the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text("\n".join(page).rstrip() + "\n", encoding="utf-8")
    print("\n".join(page))
