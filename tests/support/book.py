"""A lived year through the program, link after link, from grouped stays to the closing, in temporary folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl

from drgpay.engine import dataset, read_table, table_path
from drgpay.ledger import Ledger
from drgpay.policy import one_law
from drgpay.runs import linked
from drgpay.runs.chain import Chain, Link
from drgpay.runs.manifest import LEDGER, TABLES
from drgpay.runs.money import Period
from drgpay.runs.order import Order
from drgpay.runs.region import Region, Registers
from drgpay.runs.settle import Running
from drgpay.tables import (
    ADVANCES,
    CLOSINGS,
    CORRECTIONS,
    GROUPED,
    INSTITUTION_MONTHS,
    MONTH_CASH,
    MONTHS_PAID,
    PAYMENT_HOLDS,
    STATEMENTS,
    STAY_DECISIONS,
    STAY_PAYMENTS,
    Table,
)
from support.engines import usual
from support.money import LITTLE, _register, registers, write_grouped
from support.plain_book import HandIn, Known, Lived, Result, known_at_links
from support.plain_year import Rows

MONTH_COLUMNS = ("n", "points", "cost", "actual", "refused", "due", "paid", "deposit")
CORRECTED = ("found_in", "cause", "points_before", "points_after", "personal_before", "personal_after",
             "class_before", "class_after")  # fmt: skip
PAID = ("drg", "month_due", "month_refused", "year_due", "year_refused")
PLACE = ("insurance_scheme", "institution_id")


@dataclass(frozen=True)
class _Batch:
    """What a run asks of a batch."""

    number: int
    hand_in: HandIn

    def stay_ids(self) -> list[str]:
        return self.hand_in.names


def registers_of(lived: Lived, known: Known) -> Registers:
    """The registers as people keep them when a link is made."""
    case, year = known.case, known.case.year
    numbers = {s["stay_id"]: (int(s["stay_id"]), s["institution_id"]) for s in case.stays}
    rows: dict[Table, list[dict[str, Any]]] = {
        ADVANCES: [
            {"advance_id": a.advance_id, "year": year, "institution_id": a.institution, "insurance_scheme": a.scheme,
             "amount": a.fen, "date": a.day, "advance_kind": "ordinary"}
            for a in known.advances
        ],
        PAYMENT_HOLDS: [
            {"hold_id": hold, "institution_id": h, "from_date": first, "released_on": end, "reason": "a test"}
            for hold, (h, first, end) in known.holds.items()
        ],
        MONTHS_PAID: [
            {"year": year, "month": o.month, "insurance_scheme": o.scheme, "institution_id": o.institution,
             "due": o.due, "paid": o.paid, "deposit": o.deposit}
            for o in lived.outside
        ],
        STAY_DECISIONS: [
            {"stay_id": stay, "institution_id": numbers[stay][1], "kind": kind, "decision": "approved",
             "number": numbers[stay][0], "amount": amount, "share": share}
            for stay, kinds in case.decisions.items() if stay in numbers
            for kind, (amount, share) in kinds.items()
        ],
    }  # fmt: skip
    return Registers({**registers(case).frames, **{t.name: _register(t, its) for t, its in rows.items()}})


def live(folder: Path, lived: Lived, *, threads: int = 2, shuffle: bool = False) -> list[Path]:
    """Every link of a lived year in a folder of its own. ``shuffle``: stays and registers in another order."""
    links: list[Link] = []
    policies = {}
    with mock.patch.object(linked, "laws_of_run", lambda run, manifest: policies[run]):
        for at, (month, known) in enumerate(zip(lived.links, known_at_links(lived), strict=True)):
            place = folder / f"{at:02d}"
            policies[place] = one_law(known.case.policy, known.case.year, month or None)
            links.append(_link(place, lived, known, month or None, tuple(links), threads, shuffle))
    return [link.folder for link in links]


def _link(
    folder: Path, lived: Lived, known: Known, month: int | None, before: tuple[Link, ...], threads: int, shuffle: bool
) -> Link:
    case = known.case
    folder.mkdir(parents=True)
    run = object.__new__(Running)
    run.scheme = LITTLE
    run.shared = None
    run.order = Order(folder, "demo", case.year, month)
    run.period = Period(case.year, run.order.months)
    run.folder, run.engine, run.shared = folder, usual(threads), None
    run.tables, run.work = folder / TABLES, folder / "work"
    held = registers_of(lived, known)
    if shuffle:
        held = Registers({name: rows.reverse() for name, rows in held.frames.items()})
    run.registers, run.run_id = held, f"test-{case.year}"
    run.laws = one_law(case.policy, case.year, month)
    batches: Any = tuple(_Batch(n, hand_in) for n, hand_in in enumerate(known.batches, start=1))
    run.region = Region(folder, {"id": "test"}, held, batches=batches)
    run.chain = Chain(before) if before else None
    run.account = linked.Account(run.chain, held, case.year, month)
    stays = list(reversed(case.stays)) if shuffle else case.stays
    write_grouped(run.tables, stays, files=2 if shuffle else 1)
    rules, _, _ = run._money(dataset(run.tables, GROUPED))
    manifest = {
        "kind": "year" if month is None else "month", "month": month, "year": case.year, "run": run.run_id,
        "region": {"id": "test"}, "known_on": None, "batches": [b.number for b in batches],
        "base": {"mean_cost": rules.base.mean_cost, "scale": rules.base.scale},
    }  # fmt: skip
    return Link(folder, manifest, f"{len(before):064d}", None)


def result_of(folder: Path, month: int) -> Result:
    """What the program made of a link."""
    tables = folder / TABLES
    in_month = _rows(tables, INSTITUTION_MONTHS, PLACE, MONTH_COLUMNS, pl.col("month") == month) if month else {}
    payments = _rows(tables, STAY_PAYMENTS, ("stay_id", "institution_id", "insurance_scheme", "month"), PAID)
    return Result(
        month=month,
        months=in_month,
        cash=_rows(tables, MONTH_CASH, PLACE) if month else {},
        corrections=_rows(tables, CORRECTIONS, ("month", "stay_id", "institution_id", "insurance_scheme"), CORRECTED),
        stay_payments=payments,
        statements={} if month else _rows(tables, STATEMENTS, PLACE),
        closings={} if month else _rows(tables, CLOSINGS, ("insurance_scheme",)),
        balances={account: fen for account, fen in Ledger.read(folder / LEDGER).balances().items() if fen},
    )


def _rows(
    tables: Path, table: Table, key: Iterable[str], columns: Iterable[str] | None = None, where: Any = True
) -> Rows:
    if not table_path(tables, table).exists():
        return {}
    key = tuple(key)
    found: Rows = {}
    for row in read_table(tables, table).filter(where).iter_rows(named=True):
        place = tuple(row[k] for k in key)
        assert place not in found, (table.name, place)
        found[place] = {c: row[c] for c in (columns or row) if c not in key and c in row}
    return found


def against(program: Result, plain: Result) -> list[str]:
    """Where a link differs: table, key, column, what the program says and what is right."""
    found = []
    for name in ("months", "cash", "corrections", "stay_payments", "statements", "closings", "balances"):
        ours, theirs = getattr(program, name), getattr(plain, name)
        for key in sorted(ours.keys() | theirs.keys(), key=str):
            a, b = ours.get(key, {}), theirs.get(key, {})
            if not isinstance(a or b, dict):
                a, b = {"fen": a or 0}, {"fen": b or 0}
            found += [
                f"{program.month:02d} {name} {key} {column}: {a.get(column, 'missing')} "
                f"instead of {b.get(column, 'missing')}"
                for column in sorted(a.keys() | b.keys())
                if a.get(column, "missing") != b.get(column, "missing")
            ]
    return found
