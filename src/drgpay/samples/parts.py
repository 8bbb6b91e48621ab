"""The tables of a region that have a row per stay, visit or person, written block by block on two threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.engine import WRITE_OPTIONS
from drgpay.samples.care import Care, make_care
from drgpay.samples.hidden import Hidden, hide
from drgpay.samples.lives import NEVER, Lives, make_lives
from drgpay.samples.people import People
from drgpay.samples.plan import Plan
from drgpay.samples.stays import BLOCK, make_block, numbered
from drgpay.tables import PERSONS, SCHEMES, STAYS, TRUTH

BLOCKS_PER_FILE = 4


@dataclass
class Made:
    """What came of the blocks: stays and the fund's cost by item (per insurance scheme) by year, day of ``death`` of
    every person or NEVER, truth."""

    stays: dict[int, int]
    fund: dict[int, list[int]]
    lives: Lives | None
    death: npt.NDArray[np.int64]
    truth: list[dict[str, Any]]


class _Writers:
    """One file per table, opened when its first rows come."""

    def __init__(self, folder: Path, year: int, number: int) -> None:
        self._folder, self._year, self._number = folder, year, number
        self._open: dict[str, Any] = {}

    def write(self, tables: Mapping[str, Any]) -> None:
        for name, rows in tables.items():
            if name not in self._open:
                path = self._folder / name / str(self._year) / f"part-{self._number:05d}.parquet"
                # An interrupted program has removed the whole: one level at a time, so that it is not made again.
                path.parent.parent.mkdir(exist_ok=True)
                path.parent.mkdir(exist_ok=True)
                self._open[name] = pq.ParquetWriter(path, rows.schema, **WRITE_OPTIONS)
            table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
            self._open[name].write_table(table, row_group_size=BLOCK)

    def close(self) -> None:
        for writer in self._open.values():
            writer.close()


def write_blocks(
    folder: Path,
    plan: Plan,
    per_year: Mapping[int, int],
    extras: frozenset[str],
    rates: Mapping[str, float],
    progress: Callable[[int, int], None] | None,
    hidden: Sequence[Hidden] = (),
    *,
    alone: bool = False,
) -> Made:
    """Write stays, and (unless ``alone``) the extras with a row per stay or visit, in files of a few blocks; with
    ``hidden`` groups."""
    lives = make_lives(plan) if extras else None
    jobs = []
    for year, stays in per_year.items():
        sizes = [min(BLOCK, stays - start) for start in range(0, stays, BLOCK)]
        (folder / "stays" / str(year)).mkdir(parents=True)
        for number, first in enumerate(range(0, len(sizes), BLOCKS_PER_FILE)):
            jobs.append((year, number, first, sizes))

    def work(job: tuple[int, int, int, list[int]]) -> list[Care]:
        year, number, first, sizes = job
        writers, done = _Writers(folder, year, number), []
        for block in range(first, min(first + BLOCKS_PER_FILE, len(sizes))):
            made = make_block(plan, year, block, len(sizes), sizes[block])
            care = make_care(plan, lives, hide(plan, made, hidden) if hidden else made, extras, rates)
            writers.write({STAYS.name: care.tables[STAYS.name]} if alone else care.tables)
            care.tables.clear()
            done.append(care)
        writers.close()
        return done

    made = Made(
        dict.fromkeys(per_year, 0),
        {year: [0] * len(SCHEMES) for year in per_year},
        lives,
        np.full(len(plan.people.birth), NEVER, np.int64),
        [],
    )
    total = sum(per_year.values())
    with ThreadPoolExecutor(2) as pool, _none_left(pool):
        for done in pool.map(work, jobs):
            for care in done:
                year = care.block.year
                made.stays[year] += care.block.stays.num_rows
                made.fund[year] = [a + int(b) for a, b in zip(made.fund[year], care.block.fund(), strict=True)]
                made.death[care.dead] = np.minimum(made.death[care.dead], care.died_on)
                made.truth += care.truth
            if progress:
                progress(min(sum(made.stays.values()), total), total)
    return made


@contextmanager
def _none_left(pool: ThreadPoolExecutor) -> Iterator[None]:
    """What was not begun when something fails is not begun any more."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def write_persons(folder: Path, people: People, lives: Lives | None, death: npt.NDArray[np.int64] | None) -> None:
    """PERSONS; with deaths and townships where they are asked for."""
    folder.mkdir()
    rows = BLOCK * BLOCKS_PER_FILE
    for number, start in enumerate(range(0, len(people.birth), rows)):
        part = slice(start, min(start + rows, len(people.birth)))
        more = [pa.nulls(part.stop - part.start, PERSONS[name].arrow) for name in ("death_date", "township")]
        if lives is not None and death is not None:
            days = death[part]
            more = [
                pa.array(days.astype(np.int32), mask=days >= NEVER).cast(pa.date32()),
                pa.DictionaryArray.from_arrays(pa.array(lives.township[part]), pa.array(lives.names)),
            ]
        table = pa.Table.from_arrays(
            [
                numbered("P", np.arange(part.start, part.stop) + 1, 9),
                pa.DictionaryArray.from_arrays(pa.array(people.scheme[part].astype(np.int32)), pa.array(SCHEMES)),
                pa.DictionaryArray.from_arrays(
                    pa.array(people.sex[part].astype(np.int32)), pa.array(("male", "female"))
                ),
                pa.array(people.birth[part].astype(np.int32)).cast(pa.date32()),
                *more,
            ],
            schema=PERSONS.schema,
        )
        pq.write_table(table, folder / f"part-{number:05d}.parquet", row_group_size=BLOCK, **WRITE_OPTIONS)


def write_truth(path: Path, rows: list[dict[str, Any]]) -> None:
    """TRUTH, in the order of its key."""
    table = TRUTH.of(sorted(rows, key=lambda row: str(row["truth_id"])))
    path.parent.mkdir(parents=True)
    pq.write_table(table, path, **WRITE_OPTIONS)
