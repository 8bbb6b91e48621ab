"""A year as it is lived: stays that come late, are corrected or taken back, decisions, advances and a hold.

The stays of the settlement year are made whole first; then some are kept back for batches, some are first handed in
with wrong amounts, and some are later taken back. Each institution brings what it owes of a month in one batch, some
weeks after the month. Everything is drawn from a stream of its own, so that the stays do not change.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.engine import ROW_GROUP, WRITE_OPTIONS
from drgpay.samples.plan import Plan, source
from drgpay.samples.registers import write_csv
from drgpay.tables import ADVANCES, BATCHES, PAYMENT_HOLDS, SCHEMES, STAY_DECISIONS, STAYS, Table
from drgpay.units import show_fen

Row = dict[str, Any]
Write = Callable[[Path, Table, Iterable[Mapping[str, Any]]], None]
Place = tuple[str, int]
"""institution, month of discharge"""

_STREAM = 2024_12
_LATE, _WRONG, _BACK = 0.03, 0.02, 0.01
"""of the year's stays: handed in late, corrected later, taken back later"""
_TENTHS = np.array([5, 8, 9, 12, 15], np.int64)
"""what a wrong amount is of the right one, in tenths"""
_AMOUNTS = ("total_cost", "personal_paid", "fund_by_item")
_DECIDED = 250
"""one decision on so many stays, three at least"""
_MOST = 60
"""decisions at most"""
_REASONS = {"late": "补报", "wrong": "费用有误,更正", "back": "误报,撤销"}


@dataclass
class _Later:
    """What an institution still brings of a month: rows as texts, and why."""

    rows: list[Row] = field(default_factory=list)
    why: set[str] = field(default_factory=set)


def write_lived(folder: Path, plan: Plan, budget: Mapping[str, int], write: Write) -> None:
    """Turn a region into one whose settlement year is lived: rewrite its files of stays, add ``batches.csv`` with the
    files below ``batches/``, and the registers ``stay_decisions``, ``advances`` and ``payment_holds``.

    ``budget``: the settlement year's DRG budget by insurance scheme, in fen; ``write`` writes a register as CSV.
    """
    rng = source(plan.seed, _STREAM)
    year = plan.years[-1]
    later: dict[Place, _Later] = defaultdict(_Later)
    left: list[tuple[str, str, int, int]] = []
    for path in sorted((folder / STAYS.name / str(year)).glob("*.parquet")):
        left += _of_file(path, later, rng)
    write(folder, BATCHES, _batches(folder, later, year, rng))
    write(folder, STAY_DECISIONS, _decisions(left, rng))
    ids = [plan.places.institutions[i]["institution_id"] for i in np.argsort(-plan.places.size, kind="stable")]
    write(folder, ADVANCES, _advances(ids, plan.places.size, year, budget))
    write(folder, PAYMENT_HOLDS, [_hold(ids[min(2, len(ids) - 1)], year)])


def _of_file(path: Path, later: dict[Place, _Later], rng: np.random.Generator) -> list[tuple[str, str, int, int]]:
    """Rewrite a file of stays without what comes later. Returns the stays that are right from the start: id,
    institution, month, cost."""
    stays = pq.read_table(path).cast(STAYS.schema).unify_dictionaries().combine_chunks()
    chance, tenths = rng.random(stays.num_rows), rng.choice(_TENTHS, stays.num_rows)
    kinds = np.select([chance < _LATE, chance < _LATE + _WRONG, chance < _LATE + _WRONG + _BACK], [1, 2, 3], 0)
    for kind, why in ((1, "late"), (2, "wrong"), (3, "back")):
        for row in stays.filter(pa.array(kinds == kind)).to_pylist():
            its = later[row["institution_id"], row["discharge_date"].month]
            its.rows.append(_as_text(row) | {"withdrawn": "1" if why == "back" else ""})
            its.why.add(why)
    first = _with_wrong_amounts(stays, kinds == 2, tenths).filter(pa.array(kinds != 1))
    path.unlink()
    pq.write_table(first, path, row_group_size=ROW_GROUP, **WRITE_OPTIONS)
    right = stays.filter(pa.array(kinds == 0)).select(["stay_id", "institution_id", "discharge_date", "total_cost"])
    return [(s, h, day.month, cost) for s, h, day, cost in zip(*(c.to_pylist() for c in right.columns), strict=True)]


def _with_wrong_amounts(stays: Any, wrong: npt.NDArray[np.bool_], tenths: npt.NDArray[np.int64]) -> Any:
    """The stays with some tenths of what was right where they are wrong."""
    for name in _AMOUNTS:
        right = stays.column(name).to_numpy().astype(np.int64)
        said = np.where(wrong, right * tenths // 10, right)
        at = stays.schema.get_field_index(name)
        stays = stays.set_column(at, stays.schema.field(at), pa.array(said, stays.schema.field(at).type))
    return stays


def _as_text(row: Row) -> Row:
    """A stay as an institution writes it: codes joined, money in yuan."""
    text = {name: row[name] for name in STAYS.names}
    text |= {name: "|".join(row[name] or ()) for name in ("dx", "proc")}
    return text | {name: show_fen(row[name], group=False) for name in _AMOUNTS}


def _batches(folder: Path, later: Mapping[Place, _Later], year: int, rng: np.random.Generator) -> list[Row]:
    """Write the files, in the order of their receipt; rows of the register."""
    places = sorted(later)
    days = {
        place: date(year + place[1] // 12, place[1] % 12 + 1, 8) + timedelta(int(after))
        for place, after in zip(places, rng.integers(10, 90, len(places)), strict=True)
    }
    rows = []
    for number, (h, month) in enumerate(sorted(places, key=lambda place: (days[place], place)), start=1):
        its = later[h, month]
        name = f"batches/{number:06d}/received/{h}-{year}-{month:02d}.csv"
        path = folder / name
        path.parent.mkdir(parents=True)
        head = [*STAYS.names, "withdrawn"]
        write_csv(path, head, ([row[column] for column in head] for row in its.rows))
        rows.append(
            {
                "batch": number,
                "institution_id": h,
                "month": f"{year}-{month:02d}",
                "file": name,
                "received_on": days[h, month],
                "supersedes": None,
                "reason": ";".join(_REASONS[why] for why in _REASONS if why in its.why),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        )
    return rows


def _decisions(left: list[tuple[str, str, int, int]], rng: np.random.Generator) -> list[Row]:
    """Decisions on stays that do not change otherwise: refused, reviewed, deducted."""
    count = min(len(left), _MOST, max(3, len(left) // _DECIDED))
    chosen = sorted(rng.choice(len(left), count, replace=False).tolist()) if left else []
    kinds = (
        ("refuse", None, None, "不符合住院指征"),
        ("special", "cost", None, "特例单议认可"),
        ("deduct", None, 2_000, "病案质量扣减"),
    )
    rows = []
    for number, at in enumerate(chosen, start=1):
        stay, h, _, cost = left[at]
        kind, amount, share, reason = kinds[number % len(kinds)]
        rows.append(
            {"stay_id": stay, "institution_id": h, "kind": kind, "decision": "approved", "number": number,
             "amount": cost if amount else None, "share": share, "reason": reason}
        )  # fmt: skip
    return rows


def _advances(ids: list[str], size: npt.NDArray[Any], year: int, budget: Mapping[str, int]) -> list[Row]:
    """Half a month's money for the two largest institutions at the start of the year, and an emergency in March."""
    share = np.sort(size / size.sum())[::-1]
    rows = []
    for at, h in enumerate(ids[:2]):
        for scheme in SCHEMES:
            amount = int(budget[scheme] * share[at]) // 24 // 10_000 * 10_000
            rows.append((h, scheme, date(year, 1, 5), "ordinary", amount))
    rows.append((ids[0], SCHEMES[0], date(year, 3, 15), "emergency", 5_000_000))
    return [
        {"advance_id": f"Y{year}{number:04d}", "year": year, "insurance_scheme": scheme, "institution_id": h,
         "date": day, "advance_kind": kind, "amount": amount}
        for number, (h, scheme, day, kind, amount) in enumerate(rows, start=1)
    ]  # fmt: skip


def _hold(h: str, year: int) -> Row:
    return {
        "hold_id": f"Z{year}0001", "institution_id": h, "from_date": date(year, 4, 30),
        "released_on": date(year, 7, 10), "reason": "费用异常增长",
    }  # fmt: skip
