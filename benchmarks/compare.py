"""Time any commands on the same file of stays, beside drgpay: peers are put in the same table.

``compare.py --csv stays.csv "drgpay={drgpay} group {csv} -o {out}" "other=java -jar grouper.jar {csv} {out}"``

``{csv}`` is the file, ``{out}`` a new path in a scratch folder, ``{drgpay}`` this installation's command. Without a
CSV one is made (``--stays``), in our columns, money in yuan. The commands take turns ``--times`` times and the
shortest counts; peak memory is that of a command with all its children. A command that fails is shown as failed. A
bare read of the CSV by pyarrow stands in the first row, so that ratios hold on any machine.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import Dataset, LocalEngine
from drgpay.samples import make_region
from drgpay.tables import STAYS
from measure import leave, machine, table, watched

MAIN = "from drgpay.cli import main; main()"
READ = "bare read={python} -c 'import sys, pyarrow.csv as c; c.read_csv(sys.argv[1])' {csv}"
DRGPAY = "drgpay group={drgpay} group {csv} -o {out}.csv"


def stays_csv(folder: Path, stays: int) -> Path:
    """A CSV of synthetic stays in our columns."""
    make_region(folder / "region", stays=stays, years=(2024,))
    path = folder / "stays.csv"
    with path.open("wb") as out:
        for number, batch in enumerate(LocalEngine(1).scan(Dataset.of(folder / "region" / "stays"))):
            fields = [pa.field(f.name, _plain(f.type)) for f in batch.schema]
            rows = pl.from_arrow(pa.Table.from_batches([batch]).cast(pa.schema(fields)))
            assert isinstance(rows, pl.DataFrame)
            lists = [n for n, k in rows.schema.items() if isinstance(k, pl.List)]
            money = [c.name for c in STAYS.columns if c.type == "fen" and c.name in rows.columns]
            yuan = [pl.format("{}.{}", pl.col(m) // 100, (pl.col(m) % 100).cast(pl.String).str.zfill(2)).alias(m)
                    for m in money]  # fmt: skip
            rows.with_columns(*(pl.col(c).list.join("|") for c in lists), *yuan).write_csv(
                out, include_header=number == 0
            )
    return path


def _plain(kind: Any) -> Any:
    if pa.types.is_list(kind):
        return pa.list_(pa.string())
    return pa.string() if pa.types.is_dictionary(kind) else kind


def compare(csv: Path, commands: list[str], times: int) -> list[dict[str, Any]]:
    """Seconds and memory of every ``name=command``, the shortest of their turns."""
    found: dict[str, dict[str, Any]] = {}
    drgpay = f"{shlex.quote(sys.executable)} -c {shlex.quote(MAIN)}"
    with tempfile.TemporaryDirectory() as scratch:
        for turn in range(times):
            for place, given in enumerate(commands):
                name, _, command = given.partition("=")
                words = command.format(
                    csv=shlex.quote(str(csv)),
                    out=shlex.quote(f"{scratch}/{turn}-{place}"),
                    drgpay=drgpay,
                    python=shlex.quote(sys.executable),
                )
                done = watched(shlex.split(words))
                best = found.get(name)
                if best is None or (done["exit"] == 0 and done["seconds"] < best["seconds"]):
                    found[name] = {"name": name, **{k: done[k] for k in ("seconds", "peak_mib", "exit", "err")}}
    return list(found.values())


def main() -> None:
    """Measure and write ``compare.json`` and ``compare.md``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", help="name=command with {csv} and {out}")
    parser.add_argument("--csv", type=Path, help="file of stays; without it one is made")
    parser.add_argument("--stays", type=int, default=100_000, help="size of the file that is made")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, default=Path("bench-results"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        csv = options.csv or stays_csv(Path(folder), options.stays)
        rows = compare(csv, [READ, DRGPAY, *options.commands], options.times)
        size = csv.stat().st_size
    bare = rows[0]["seconds"]
    shown = [
        (r["name"], r["seconds"] if not r["exit"] else None, r["seconds"] / bare if not r["exit"] else None,
         r["peak_mib"], "ok" if not r["exit"] else f"failed: exit {r['exit']}")
        for r in rows
    ]  # fmt: skip
    page = ["# Commands on one file of stays", "", f"{size:,} bytes; {machine()}", ""]
    page += table(("command", "seconds", "÷ bare read", "peak MiB", ""), shown)
    leave("compare", {"machine": machine(), "bytes": size, "commands": rows}, page, options.output)


if __name__ == "__main__":
    main()
