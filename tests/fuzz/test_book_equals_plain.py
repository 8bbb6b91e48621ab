"""Lived years through the program, held against the plain book (design/12 §9)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from drgpay.engine import read_table
from drgpay.runs.manifest import LEDGER, TABLES
from drgpay.tables import (
    CLOSINGS,
    COEFFICIENTS,
    CORRECTIONS,
    INSTITUTION_MONTHS,
    MONTH_CASH,
    POOLS,
    STATEMENTS,
    STAY_PAYMENTS,
)
from support.book import against, live, registers_of, result_of
from support.examples import some
from support.money import demo, settle, stay
from support.plain_book import (
    Advance,
    Budget,
    Decide,
    Event,
    HandIn,
    Hold,
    Lived,
    Notice,
    Outside,
    Release,
    known_at_links,
    plain_book,
)
from support.plain_year import Case, Stay

SCHEMES = ("employee", "resident")
GROUPS = ("AA11", "BB12", "CC13")
GRADES = ("excellent", "good", "pass", "fail")
SEEDS = st.integers(0, 2**63)

BEFORE = {
    "points.trim_passes": ("0", "1"),
    "points.unstable_rule": ("median", "mean", "cost"),
    "fund.basis": ("fund", "total"),
    "fund.seasonality": ("equal", "last_year"),
    "fund.inpatient_unit": ("none", "whole_area"),
    "fund.year_end_reasons": ("[policy_change, outbreak]",),
    "settlement.second_distribution_weights": ("{excellent: 1.5, good: 1, pass: 0, fail: 0}",),
    "settlement.deposit_return": (
        "{excellent: 1, good: 1, pass: 1, fail: 1}",
        "{excellent: 1, good: 0.9, pass: 0.3333, fail: 0}",
    ),
}
"""what stays as it was all the year"""
CHANGING = {
    "points.low_multiple": ("0.4", "0.3333"),
    "points.high_multiple": ("[{upto: 100, value: 3}, {value: 2}]", "[{value: 1.5}]"),
    "points.unstable_discount": ("1", "0.9137"),
    "points.ungrouped_discount": ("0.7", "0"),
    "points.high_extra": ("auto", "auto", "none"),
    "points.high_extra_cap": ("none", "5%", "0.01%"),
    "points.special_quota": ("none", "30%"),
    "coefficient.own_share": ("0.5", "0", "1"),
    "coefficient.basic_groups": ("[AA11]", "[]"),
    "fund.reserve_share": ("5%", "0", "0.0333"),
    "settlement.monthly_pay_ratio": ("0.95", "0.9", "0.9137", "1"),
    "settlement.keep_bands": ("[{below: 0.9, value: 60%}, {value: 70%}]", "[{value: 1}]"),
    "settlement.corrections": ("next_month", "next_month", "clearing"),
    "settlement.advance_netting": ("month", "month", "clearing"),
    "settlement.advance_share": ("none", "none", "10%", "1"),
}
"""what a notice in the year may set"""


class _Dice(random.Random):
    """Draws a lived year."""

    def policy_of(self, choices: dict[str, tuple[str, ...]]) -> dict[str, str]:
        return {name: self.choice(values) for name, values in choices.items()}

    def stay_of(self, number: int, year: int, month: int, institution: str) -> Stay:
        cost = int(100_000 * self.choice([1, 1, 0.2, 2.2, 5]) * self.uniform(0.5, 1.6))
        status = "grouped" if self.random() < 0.9 else "ungrouped"
        personal = self.randint(0, cost // 3)
        return stay(
            number, institution, year=year, month=month, status=status, personal_paid=personal, total_cost=cost,
            drg=self.choice(GROUPS) if status == "grouped" else "0000",
            insurance_scheme=SCHEMES[number % 5 == 0], los=self.choice([3, 5, 9]),
            fund_by_item=self.randint(0, cost - personal),
        )  # fmt: skip

    def lived(self) -> Lived:
        """A small year: the first link is in its last quarter, most often."""
        institutions = {f"H{i}": self.choice(("tertiary", "secondary", "primary")) for i in range(self.randint(1, 4))}
        names, first = list(institutions), self.choice([9, 9, 10, 10, 10, 11, 11])
        stays = [self.stay_of(9_000 + i, self.choice([2021, 2022, 2023]), self.randint(1, 12), self.choice(names))
                 for i in range(self.choice([12, 40]))]  # fmt: skip
        number = 0
        for month in range(self.choice([first, first - 2]), 13):
            for _ in range(self.randint(1 if month >= first else 0, 6)):
                number += 1
                stays.append(self.stay_of(number, 2024, month, self.choice(names)))
        budget = self.choice([0, 1_000_003, 3_000_000, 3_000_000, 3_000_000, 20_000_000, 20_000_000])
        policy = demo(
            "a lived year",
            **{k.replace(".", "__"): v for k, v in {**self.policy_of(BEFORE), **self.policy_of(CHANGING)}.items()},
        )
        pays = (
            policy.choice_or_none("fund.inpatient_unit") == "whole_area"
            and policy.choice("fund.seasonality") == "equal"
        )
        start = Case(
            policy,
            stays, institutions, {"employee": budget, "resident": budget // 3},
            {h: self.choice(GRADES) for h in names if self.random() < 0.8},
            [(self.choice(names), "employee", "outbreak", self.randint(0, 10**5)) for _ in range(self.randint(0, 2))],
            [(self.choice(names), "employee", 1_000, 20_000) for _ in range(self.randint(0, 1))],
            debts={(self.choice(names), "employee"): 777} if self.random() < 0.3 else {},
            adjusted={"employee": self.choice([1, 70_007])} if self.random() < 0.5 else {},
            elsewhere=[("employee", self.randint(1, 12), budget // 100) for _ in range(2 * pays)],
        )  # fmt: skip
        outside = tuple(
            Outside(month, "employee", h, due, due - due // 20, due // 20)
            for month in range(1, first) for h in names for due in [self.randint(0, 30_000)]
            if self.random() < 0.3
        )  # fmt: skip
        return Lived(start, first, self.events(start, first), outside)

    def events(self, start: Case, first: int) -> tuple[tuple[Event, ...], ...]:
        """Up to four events before every link, on different stays and keys; the first link has none before it."""
        own = {s["stay_id"]: s for s in start.stays if s["year"] == 2024}
        held: list[str] = []
        found: list[tuple[Event, ...]] = [()]
        number = 500
        for month in [*range(first + 1, 13), 13]:
            its: list[Event] = []
            touched: set[str] = set()
            for _ in range(self.randint(1, 6)):
                number += 10
                its += self._event(start, own, held, touched, number, first, month)
            found.append(tuple(its))
        return tuple(found)

    def _event(
        self,
        start: Case,
        own: dict[str, Stay],
        held: list[str],
        touched: set[str],
        number: int,
        first: int,
        month: int,
    ) -> Iterator[Event]:
        names = list(start.institutions)
        often = {"hand_in": 4, "decide": 2, "advance": 3, "hold": 3, "release": 6, "budget": 1, "notice": 1}
        kind = self.choices(list(often), list(often.values()))[0]
        if kind == "hand_in":
            yield self._hand_in(own, touched, number, first, self.choice(names))
        elif kind == "decide" and (free := sorted(own.keys() - touched)):
            chosen = self.choice(free)
            touched.add(chosen)
            kinds: list[dict[str, Any]] = [
                {}, {"refuse": (None, None)}, {"special": (self.choice([None, 55_555]), None)},
                {"deduct": (None, 3_333)}, {"technology": (None, 2_500)},
            ]  # fmt: skip
            yield Decide(chosen, self.choice(kinds))
        elif kind == "advance":
            day = date(2024, self.choice([first, min(month, 12)]), 20)
            amount = self.choice([5_000, 100_000, 1_200_001])
            yield Advance(f"a{number}", self.choice(names), "employee", amount, day)
        elif kind == "hold":
            held.append(f"h{number}")
            yield Hold(
                f"h{number}", self.choice(names), date(2024, min(month, 12), 1) + timedelta(self.randint(0, 9))
            )
            touched.add(f"h{number}")
        elif kind == "release" and held and held[0] not in touched:
            day = date(2024, min(month, 12), 25) if self.random() < 0.8 else date(2025, 3, 1)
            yield Release(held.pop(0), day)
        elif kind in ("budget", "notice") and kind not in touched:
            touched.add(kind)
            name = self.choice(list(CHANGING))
            yield (
                Budget("employee", self.choice([2_000_000, 3_300_000])) if kind == "budget"
                else Notice({name: self.choice(CHANGING[name])})
            )  # fmt: skip

    def _hand_in(self, own: dict[str, Stay], touched: set[str], number: int, first: int, h: str) -> HandIn:
        """Stays added, changed and withdrawn; those of the first month are sealed by now."""
        mine = [s for s in own.values() if s["institution_id"] == h and s["stay_id"] not in touched]
        changed = self.sample(mine, min(len(mine), self.randint(0, 2)))
        gone = [s["stay_id"] for s in changed[1:]]
        new: list[Stay] = []
        for old in changed[:1]:
            how = self.choice(["cost", "cost", "month", "scheme", "patient"])
            new.append(old | {
                "cost": {"total_cost": old["total_cost"] * self.randint(1, 4) // 2 + 1_000 * self.randint(60, 90)},
                "month": {"month": self.choice([first, 12])},
                "scheme": {"insurance_scheme": self.choice(SCHEMES)},
                "patient": {"personal_paid": self.randint(0, old["total_cost"] // 2)},
            }[how])  # fmt: skip
        new += [self.stay_of(number + i, 2024, self.choice([first, first, 12]), h) for i in range(self.randint(0, 2))]
        touched |= {*(s["stay_id"] for s in new), *gone}
        for stay_id in gone:
            del own[stay_id]
        own |= {s["stay_id"]: s for s in new}
        return HandIn(h, tuple(new), tuple(gone))


def lived(seed: int) -> Lived:
    """A small lived year, made from one number."""
    return _Dice(seed).lived()


@contextmanager
def _lived(year: Lived, **options: Any) -> Iterator[list[Path]]:
    with TemporaryDirectory() as folder:
        yield live(Path(folder) / "book", year, **options)


@given(seed=SEEDS)
@some(1)
def test_a_lived_year_is_the_plain_book(seed: int) -> None:
    year = lived(seed)
    plain = plain_book(year)
    with _lived(year) as folders:
        for folder, link in zip(folders, plain, strict=True):
            assert against(result_of(folder, link.month), link) == [], seed
    closed = plain[-1].balances
    left = {account.rpartition(":")[2] for account in closed}
    assert left <= {"bank", "reserve", "returned", "carried", "passed"}  # the clearing empties all but passed
    for name in ("corrections", "cash"):
        rows = [row for link in plain for row in getattr(link, name).values()]
        event(f"{name}: {bool(rows)}")
    for column in ("corrections", "carried_in", "advance_netted", "held", "released"):
        event(f"{column}: {any(row[column] for link in plain for row in link.cash.values())}")
    for cause in {row["cause"] for link in plain for row in link.corrections.values()}:
        event(f"cause: {cause}")


@pytest.mark.slow
@given(seed=SEEDS)
@some(1)
def test_neither_order_between_seals_nor_threads_change_a_byte(seed: int) -> None:
    year = lived(seed)
    turned = replace(year, events=tuple(tuple(reversed(its)) for its in year.events))
    tables = (POOLS, COEFFICIENTS, INSTITUTION_MONTHS, MONTH_CASH, STAY_PAYMENTS, CORRECTIONS, STATEMENTS, CLOSINGS)
    with _lived(year, threads=1) as one, _lived(turned, threads=2, shuffle=True) as two:
        for a, b in zip(one, two, strict=True):
            assert (a / LEDGER).read_bytes() == (b / LEDGER).read_bytes()
            for table in tables:
                ours, theirs = ([p.relative_to(x) for p in sorted((x / TABLES).rglob("*.parquet"))
                                 if table.name in p.as_posix()] for x in (a, b))  # fmt: skip
                assert ours == theirs
                for name in ours:
                    assert (a / name).read_bytes() == (b / name).read_bytes(), (seed, name)


@pytest.mark.slow
@given(seed=SEEDS)
@some(1)
def test_the_clearing_counts_as_a_year_without_a_book(seed: int) -> None:
    """Points, actual and due are those of a year run on the same inputs; settled too when forfeits are equal."""
    year = lived(seed)
    known = known_at_links(year)[-1]
    columns = ["points", "n", "cost", "actual", "refused", "due", "balance", "surplus_returned", "overspend_shared"]
    with _lived(year) as folders, TemporaryDirectory() as folder:
        alone = settle(Path(folder) / "alone", known.case, held=registers_of(year, known))
        ours, theirs = (read_table(tables, STATEMENTS) for tables in (folders[-1] / TABLES, alone))
    assert ours.select(columns).equals(theirs.select(columns)), seed
    forfeited = [t["deposit_forfeited"].to_list() for t in (ours, theirs)]
    event(f"forfeits are equal: {forfeited[0] == forfeited[1]}")
    if forfeited[0] == forfeited[1]:
        assert ours["settled"].to_list() == theirs["settled"].to_list(), seed
