"""A year as it is lived: stays that come late, are corrected or taken back, late decisions, a budget raised in July,
advances, a hold, and a hospital that goes over into another.

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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from drgpay.engine import ROW_GROUP, WRITE_OPTIONS
from drgpay.samples.plan import Plan, source
from drgpay.samples.registers import write_csv
from drgpay.tables import (
    ADVANCES,
    BATCHES,
    BUDGETS,
    INSTITUTION_EVENTS,
    PAYMENT_HOLDS,
    SCHEMES,
    STAY_DECISIONS,
    STAYS,
    Table,
)
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
_DECIDED = 100
"""one decision on so many stays, three at least"""
_MOST = 60
"""decisions at most"""
_MERGED_FROM, _LAST_LATE = (9, 1), 4
"""month and day of the merger; the last month of which the hospital that goes over still brings something later"""
_FEWEST = 5
"""institutions in a region with a merger"""
_RAISED = 3
"""percent more budget from July on"""
_REASONS = {"late": "补报", "wrong": "费用有误,更正", "back": "误报,撤销"}


@dataclass
class _Later:
    """What an institution still brings of a month: rows as texts, and why."""

    rows: list[Row] = field(default_factory=list)
    why: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Merger:
    """A hospital that goes over into another from a day on; its stays are the other's then."""

    gone: str
    heir: str
    day: date


def write_lived(
    folder: Path, plan: Plan, budgets: list[Row], write: Write, right: frozenset[str] = frozenset()
) -> dict[tuple[str, str], str]:
    """Turn a region into one whose settlement year is lived: rewrite its files of stays, add ``batches.csv`` with the
    files below ``batches/``, the registers ``stay_decisions``, ``advances``, ``payment_holds`` and (with five
    institutions or more) ``institution_events``, and raise the budgets.

    ``budgets``: rows of the register, in fen; ``write`` writes a register as CSV; ``right``: stays that are right
    from the start. Returns of these, with the hospital that goes over, the one they are of then.
    """
    rng = source(plan.seed, _STREAM)
    year = plan.years[-1]
    ids = [plan.places.institutions[i]["institution_id"] for i in np.argsort(-plan.places.size, kind="stable")]
    merger = _Merger(ids[-1], ids[0], date(year, *_MERGED_FROM)) if len(ids) >= _FEWEST else None
    later: dict[Place, _Later] = defaultdict(_Later)
    left: list[tuple[str, str, int, int]] = []
    for path in sorted((folder / STAYS.name / str(year)).glob("*.parquet")):
        left += _of_file(path, later, rng, merger, right)
    write(folder, BATCHES, _batches(folder, later, year, rng))
    write(folder, STAY_DECISIONS, _decisions(left, year, rng))
    write(folder, BUDGETS, [*budgets, *_raised(budgets, year)])
    budget = {row["insurance_scheme"]: row["drg_budget"] for row in budgets if row["year"] == year}
    write(folder, ADVANCES, _advances(ids, plan.places.size, year, budget))
    write(folder, PAYMENT_HOLDS, _hold(ids[min(2, len(ids) - 1)], year))
    if merger:
        write(folder, INSTITUTION_EVENTS, [_event(merger)])
    if merger is None:
        return {}
    return {(stay, merger.gone): h for stay, h, _, _ in left if h == merger.heir and stay in right}


def _of_file(
    path: Path, later: dict[Place, _Later], rng: np.random.Generator, merger: _Merger | None, right: frozenset[str]
) -> list[tuple[str, str, int, int]]:
    """Rewrite a file of stays without what comes later. Returns the stays that are right from the start: id,
    institution, month, cost."""
    stays = pq.read_table(path).cast(STAYS.schema).unify_dictionaries().combine_chunks()
    chance, tenths = rng.random(stays.num_rows), rng.choice(_TENTHS, stays.num_rows)
    kinds = np.select([chance < _LATE, chance < _LATE + _WRONG, chance < _LATE + _WRONG + _BACK], [1, 2, 3], 0)
    if merger:
        own = pc.equal(stays.column("institution_id").cast(pa.string()), merger.gone).to_numpy()
        stays = _moved(stays, merger)
        late = pc.month(stays.column("discharge_date")).to_numpy() > _LAST_LATE
        kinds = np.where(own & late, 0, kinds)
    if right:
        kinds = np.where(pc.is_in(stays["stay_id"], value_set=pa.array(sorted(right))).to_numpy(), 0, kinds)
    for kind, why in ((1, "late"), (2, "wrong"), (3, "back")):
        for row in stays.filter(pa.array(kinds == kind)).to_pylist():
            its = later[row["institution_id"], row["discharge_date"].month]
            its.rows.append(_as_text(row) | {"withdrawn": "1" if why == "back" else ""})
            its.why.add(why)
    first = _with_wrong_amounts(stays, kinds == 2, tenths).filter(pa.array(kinds != 1))
    path.unlink()
    pq.write_table(first, path, row_group_size=ROW_GROUP, **WRITE_OPTIONS)
    left = stays.filter(pa.array(kinds == 0)).select(["stay_id", "institution_id", "discharge_date", "total_cost"])
    return [(s, h, day.month, cost) for s, h, day, cost in zip(*(c.to_pylist() for c in left.columns), strict=True)]


def _moved(stays: Any, merger: _Merger) -> Any:
    """The stays with those that leave after the merger under the heir's name."""
    ids = stays.column("institution_id").cast(pa.string())
    over = pc.and_(pc.equal(ids, merger.gone), pc.greater_equal(stays.column("discharge_date"), merger.day))
    at = stays.schema.get_field_index("institution_id")
    named = pc.if_else(over, merger.heir, ids)
    return stays.set_column(at, stays.schema.field(at), named.cast(stays.schema.field(at).type))


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


def _decisions(left: list[tuple[str, str, int, int]], year: int, rng: np.random.Generator) -> list[Row]:
    """Decisions on stays that do not change otherwise: refused, reviewed, deducted; two or three months later."""
    count = min(len(left), _MOST, max(3, len(left) // _DECIDED))
    chosen = sorted(rng.choice(len(left), count, replace=False).tolist()) if left else []
    kinds = (
        ("refuse", None, None, "不符合住院指征"),
        ("special", "cost", None, "特例单议认可"),
        ("deduct", None, 2_000, "病案质量扣减"),
    )
    rows = []
    for number, at in enumerate(chosen, start=1):
        stay, h, month, cost = left[at]
        recorded = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 20) + timedelta(int(number % 20))
        kind, amount, share, reason = kinds[number % len(kinds)]
        rows.append(
            {"stay_id": stay, "institution_id": h, "kind": kind, "decision": "approved", "number": number,
             "amount": cost if amount else None, "share": share, "reason": reason,
             "recorded_on": recorded}
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
         "date": day, "advance_kind": kind, "amount": amount, "reserve": None}
        for number, (h, scheme, day, kind, amount) in enumerate(rows, start=1)
    ]  # fmt: skip


def _hold(h: str, year: int) -> list[Row]:
    """Payments held from April on, and what releases them in July."""
    held = {
        "hold_id": f"Z{year}0001", "institution_id": h, "from_date": date(year, 4, 30), "released_on": None,
        "reason": "费用异常增长", "recorded_on": date(year, 4, 28),
    }  # fmt: skip
    return [held, held | {"released_on": date(year, 7, 10), "recorded_on": date(year, 7, 10)}]


def _raised(budgets: list[Row], year: int) -> list[Row]:
    """The settlement year's budgets as they were raised in July."""
    return [
        row | {"drg_budget": row["drg_budget"] * (100 + _RAISED) // 100 // 10_000 * 10_000,
               "recorded_on": date(year, 7, 5)}
        for row in budgets if row["year"] == year
    ]  # fmt: skip


def _event(merger: _Merger) -> Row:
    return {
        "event_id": "Y0001", "institution_id": merger.gone, "event": "merged_into", "from_date": merger.day,
        "successor": merger.heir, "new_name": None, "new_level": None, "reason": "医共体整合",
        "recorded_on": merger.day - timedelta(10),
    }  # fmt: skip
