"""What a chain of sealed runs gives a run that goes on from it: base period, booked amounts, earlier stays
(design/12 §2)."""

from __future__ import annotations

import calendar
import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import (
    Dataset,
    Engine,
    Part,
    Source,
    codes_in,
    dataset,
    frame,
    integers,
    read_table,
    table_path,
    write_part,
)
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Entry, Ledger, Whole
from drgpay.policy import Policy, dictionary
from drgpay.runs import laws as law_in_time
from drgpay.runs import modes, money
from drgpay.runs.booked import holds_of
from drgpay.runs.chain import Chain, Link, correction_files
from drgpay.runs.manifest import REGISTERS, laws_of_run
from drgpay.runs.region import Region, Registers
from drgpay.runs.shared_base import base_of_run
from drgpay.runs.succession import succession_of
from drgpay.scheme import Scheme
from drgpay.steps import points, settlement
from drgpay.tables import (
    ADVANCES,
    CASE_POINTS,
    CLOSINGS,
    CORRECTIONS,
    EVIDENCE,
    GRADE_REGISTER,
    GROUPED,
    MODE_TABLES,
    MONTH_CASH,
    MONTHS_PAID,
    PAYMENT_HOLDS,
    POOLS,
    SANCTIONS,
    STAY_DECISIONS,
    STAY_MODES,
    STAY_PAYMENTS,
    VIOLATIONS,
    Table,
)

Key = tuple[str, str]
"""insurance scheme, institution"""
Row = dict[str, Any]

_SAME = ("scheme", "switches", "scheme_digest", "basis")
"""what a book keeps from its first link on"""


def check_same_rules(chain: Chain, made_from: Mapping[str, Any], policy: Policy) -> None:
    """Grouping, scale, pricing, basis and base years stay as the first link had them. Raises POLICY naming which."""
    first = chain.first.manifest
    for name in _SAME:
        if first[name] != made_from[name]:
            raise _changed(name, first[name], made_from[name])
    law = laws_of_run(chain.first.folder, dict(first)).policy
    for name, parameter in dictionary().items():
        if parameter.steady and law.source(name).value != policy.source(name).value:
            raise _changed(name, law.source(name).value, policy.source(name).value)


def _changed(name: str, before: Any, now: Any) -> DrgpayError:
    return DrgpayError(
        Kind.POLICY, zh="账本年度内不能改变这一项", en="this cannot change within the year of a book", field=name,
        value=f"{before} → {now}", fix_zh="恢复原值,新值从下一年度起用",
        fix_en="put the old value back; a new one holds from the next year on",
    )  # fmt: skip


@dataclass(frozen=True)
class Account:
    """A book on its way: its chain (None for the first link), registers, year, month (None for the clearing)."""

    chain: Chain | None
    registers: Registers
    year: int
    month: int | None

    @property
    def links(self) -> tuple[Link, ...]:
        """The links before."""
        return self.chain.links if self.chain else ()

    @cached_property
    def past(self) -> tuple[Entry, ...]:
        """The entries before."""
        return tuple(self.chain.entries()) if self.chain else ()

    def ledger(self, name: str) -> Ledger:
        """The ledger of this link."""
        if self.chain is None:
            return Ledger(name)
        return Ledger(name, self.chain.opening(), self.chain.taken())

    def whole(self, ledger: Ledger) -> Whole:
        """The book with this link."""
        return Whole(self.past, ledger)

    @property
    def last_day(self) -> date:
        """The last day of the month, or of the year."""
        month = self.month or 12
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    def months_paid(self) -> list[Row]:
        """Months paid outside the program, for the first link. DATA when a month is not before this one."""
        rows = self.registers[MONTHS_PAID].filter(pl.col("year") == self.year).sort(*MONTHS_PAID.key).to_dicts()
        if self.chain is not None:
            return []
        for row in rows:
            if row["month"] >= (self.month or 13):
                raise DrgpayError(
                    Kind.DATA, zh="已付月份须早于账本的第一期",
                    en="a month paid outside must come before the first link", file=MONTHS_PAID.name,
                    field="month", value=row["month"], fix_zh="删去该行,由程序结算",
                    fix_en="take the row out; the program settles it",
                )  # fmt: skip
        return rows

    def new_advances(self) -> list[Row]:
        """Advances of the year up to the last day that no link has posted. DATA when one that was posted is another
        amount now: what was paid is not rewritten."""
        posted = {e.entry_id.removeprefix(f"{self.year}/"): e.amount for e in self.past
                  if e.event.startswith("advance_paid")}  # fmt: skip
        rows = self.registers[ADVANCES].filter(pl.col("year") == self.year).sort("date", "advance_id").to_dicts()
        found = []
        for row in rows:
            place = settlement.advance_place(row)
            if place in posted:
                if posted[place] != row["amount"]:
                    raise DrgpayError(
                        Kind.DATA, zh="已记账的预付款金额被改动",
                        en="an advance that is booked has another amount now", file=ADVANCES.name,
                        field="amount", value=row["advance_id"], fix_zh="恢复原金额,差额另记一笔",
                        fix_en="put the amount back; enter the difference as one more",
                    )  # fmt: skip
            elif self.month is None or row["date"] <= self.last_day:
                found.append(row)
        return found

    def gone_over(self) -> dict[str, str]:
        """Institutions that had gone over into another when the month began → that one."""
        first = date(self.year, self.month or 1, 1)
        succession = succession_of(self.registers)
        return {h: heir for h, heir in succession.heirs(self.last_day).items() if succession.gone(h, first)}

    def ended(self) -> frozenset[str]:
        """Institutions that are no more when the month ends, and have not gone over into another."""
        succession = succession_of(self.registers)
        over = succession.heirs(self.last_day)
        return frozenset(h for h in succession.ends if h not in over and succession.gone(h, self.last_day))

    def holds(self, until: date | None = None) -> settlement.Holds:
        """What is held of the payments of months up to the last day then, or still on a later day: what is released
        before the clearing is paid by it."""
        return holds_of(self.registers[PAYMENT_HOLDS], self.year, self.last_day, until or self.last_day)

    def carried(self) -> dict[Key, int]:
        """What institutions owe on ``payable`` from the month before (negative)."""
        months = [link for link in self.links if link.month is not None]
        if not months:
            return {}
        rows = read_table(months[-1].tables, MONTH_CASH).select("insurance_scheme", "institution_id", "carried_out")
        return {(s, h): amount for s, h, amount in rows.rows() if amount}

    def sealed(self, table: Any) -> pl.DataFrame:
        """Rows of a small table of all months before, one after the other."""
        parts = [read_table(link.tables, table) for link in self.links if link.month is not None
                 and table_path(link.tables, table).exists()]  # fmt: skip
        return pl.concat(parts) if parts else frame(table.schema.empty_table())

    def sealed_months(self, table: Any) -> list[Row]:
        """Rows of the months before, without those of the year."""
        return self.sealed(table).filter(pl.col("month") > 0).to_dicts()

    def booked_months(self) -> list[Row]:
        """What the chain paid, held and refused of each institution, in the shape of months a clearing takes."""
        sums: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("paid", "deposit", "refused"), 0))
        for e in self.past:
            if e.institution_id is None:
                continue
            its = sums[e.insurance_scheme, e.institution_id]
            for column, amount in settlement.of_month(e):
                its[column] += amount
        return [{"insurance_scheme": s, "institution_id": h} | its for (s, h), its in sorted(sums.items())]

    def booked_dues(self) -> dict[Key, int]:
        """Dues booked so far, corrections and refused shares included."""
        sums: dict[Key, int] = defaultdict(int)
        for e in self.past:
            if e.institution_id is not None:
                sums[e.insurance_scheme, e.institution_id] += settlement.due_moved(e)
        return dict(sums)

    def stay_payments(self, work: Path) -> Dataset:
        """What the months paid, stay by stay: as they were sealed one by one, or by the clearing that settled all of
        them and begins its book."""
        months = [link for link in self.links if link.month is not None] or self.links[:1]
        paths = [path for link in months for path in dataset(link.tables, STAY_PAYMENTS).paths]
        return Dataset(tuple(paths)) if paths else _empty(work, STAY_PAYMENTS)

    def standing(self) -> dict[Key, list[Entry]]:
        """What the clearing said of each institution and nothing has taken back since."""
        taken = {e.entry_id.removesuffix("/reversal") for e in self.past if e.event.endswith(settlement.REVERSAL)}
        found: dict[Key, list[Entry]] = defaultdict(list)
        for e in self.past:
            if e.month == 0 and e.event in settlement.JUDGED and e.entry_id not in taken and e.institution_id:
                found[e.insurance_scheme, e.institution_id].append(e)
        return dict(found)

    def held(self, account: str = "held") -> dict[Key, int]:
        """Payments of months that are held, by what the accounts say; ``held_modes``: of other modes."""
        balances = self.chain.last.ledger.balances() if self.chain else {}
        found = {}
        for place, balance in balances.items():
            scheme, _, rest = place.partition(":")
            h, _, name = rest.rpartition(":")
            if name == account and balance:
                found[scheme, h] = -balance
        return found


def changed_decisions(before: pl.DataFrame, now: pl.DataFrame) -> list[str]:
    """Stays whose decisions (rows of ``stay_decisions``) differ."""
    sides = ((before, now), (now, before))
    changed = pl.concat([ours.join(theirs, on=ours.columns, how="anti", nulls_equal=True) for ours, theirs in sides])
    return changed["stay_id"].unique().sort().to_list()


def correct(
    account: Account, engine: Engine, grouped: Dataset, region: Region, out: Path, work: Path, scheme: Scheme
) -> pl.DataFrame:
    """Compute every sealed month again under its own law, base and coefficients, and write what differs from all the
    chain has booked for it to table ``corrections`` in ``out``. Returns insurance_scheme, institution_id, month with
    the sums of ``points`` and ``personal``, after − before."""
    found: list[pl.DataFrame] = []
    of_year = _only(engine, grouped, account.year, work)
    named = _late_stays(account, region)
    for link in account.links:
        if link.month is None:
            continue
        rows = _month_again(account, link, engine, of_year, named, out / f"m{link.month:02d}", work, scheme)
        by = ("insurance_scheme", "institution_id", "month")
        columns = (*by, "points_before", "points_after", "personal_before", "personal_after")
        sums = frame(engine.sum(rows, _moved, by, columns, "corrections"))
        found.append(sums.select(*by, "points", "personal"))
    return pl.concat(found)


def _moved(batch: Any) -> Any:
    rows = frame(batch).with_columns(
        points=pl.col("points_after") - pl.col("points_before"),
        personal=pl.col("personal_after") - pl.col("personal_before"),
    )
    by = ("insurance_scheme", "institution_id", "month")
    return rows.group_by(by).agg(pl.col("points", "personal").sum()).to_arrow()


def _only(engine: Engine, grouped: Dataset, year: int, work: Path) -> Dataset:
    """The stays of the settlement year."""
    return engine.map(grouped, partial(_of_year, year=year), [work / "of-year"], GROUPED.names, "stays of the year")[
        0
    ]


def _of_year(batch: Any, part: Part, year: int) -> Any:
    return batch.filter(pa.array(integers(batch.column("year")) == year))


def _of_mode(batch: Any, part: Part, year: int, month: int) -> Any:
    """Stays of a month that another mode pays."""
    drg = codes_in(batch.column("mode"), pa.array(["drg"])) == 0
    here = integers(batch.column("month")) == month
    due = batch.column("due").is_valid().to_numpy(zero_copy_only=False)
    return batch.filter(pa.array(here & ~drg & due))


def _of_month(batch: Any, part: Part, month: int) -> Any:
    return batch.filter(pa.array(integers(batch.column("month")) == month))


def _month_again(
    account: Account,
    link: Link,
    engine: Engine,
    stays: Dataset,
    named: Mapping[int, list[str]],
    out: Path,
    work: Path,
    scheme: Scheme,
) -> Dataset:
    """Corrections of one sealed month, written below ``out``; ``named``: of :func:`_late_stays`."""
    month = link.month
    assert month is not None
    assert account.chain is not None
    folder = work / f"again-{month:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    law = laws_of_run(link.folder, dict(link.manifest))
    then = Registers.read(link.folder / REGISTERS)
    now = account.registers[STAY_DECISIONS]
    registers = Registers({**then.frames, STAY_DECISIONS.name: now})
    segments = law_in_time.clearing(law)
    period = money.Period(account.year, (month,))
    priced = None
    if any(s.policy.rules("modes.rules") for s in segments):
        assigned = modes.assign(engine, stays, segments, registers, period, folder / STAY_MODES.name, folder)
        stays, priced = assigned.pooled, assigned.modes
    first = account.chain.first
    kept = partial(base_of_run, first.folder, first.manifest)
    scoring = money.scoring(engine, stays, segments, law.opening, registers, period, folder, kept, scheme)
    cases, _ = points.score(engine, stays, scoring.tables, law.policy, folder / CASE_POINTS.name)
    known = link.manifest.get("batches", ())
    late = {stay for number, ids in named.items() if number not in known for stay in ids}
    key = ("stay_id", "institution_id")
    of_mode = partial(_of_mode, year=account.year, month=month)
    modal = (*settlement.DUES, "month", "mode")
    before = table_path(link.tables, STAY_MODES)
    sources = (
        Source(cases, settlement.CASES, key),
        Source(dataset(link.tables, CASE_POINTS), settlement.CASES, key),
        Source(_earlier(account, folder), (*settlement.EARLIER, "month"), (*key, "found_in"),
               partial(_of_month, month=month)),
        Source(priced or _empty(folder, STAY_MODES), modal, key, of_mode),
        Source(dataset(link.tables, STAY_MODES) if before.exists() else _empty(folder, STAY_MODES), modal, key,
               of_mode),
    )  # fmt: skip
    kernel = partial(
        settlement.corrections,
        month=month,
        found_in=account.month or 13,
        late=pa.array(sorted(late), pa.string()),
        decided=pa.array(changed_decisions(then[STAY_DECISIONS], now), pa.string()),
    )
    return engine.map_by(sources, "stay_id", kernel, out, f"corrections of month {month}")


def _late_stays(account: Account, region: Region) -> dict[int, list[str]]:
    """The stays that each batch names which some sealed month did not know; every batch is read once."""
    known = [set(link.manifest.get("batches", ())) for link in account.links if link.month is not None]
    of_all: set[int] = set.intersection(*known) if known else set()
    return {batch.number: batch.stay_ids() for batch in region.batches if batch.number not in of_all}


def _earlier(account: Account, folder: Path) -> Dataset:
    """All corrections of the chain so far."""
    paths = [path for link in account.links for path in correction_files(link.tables)]
    return Dataset(tuple(paths)) if paths else _empty(folder, CORRECTIONS)


def _empty(folder: Path, table: Table) -> Dataset:
    path = folder / f"no-{table.name}.parquet"
    if not path.exists():
        write_part(path, table.schema.empty_table())
    return Dataset((path,))


def worth(account: Account, corrected: pl.DataFrame | None, policy: Policy) -> dict[tuple[str, str, int], int]:
    """(insurance scheme, institution, corrected month) → fen that is paid or taken with this month; nothing where
    corrections wait for the clearing (``settlement.corrections``)."""
    if corrected is None or policy.choice_or_none("settlement.corrections") != "next_month":
        return {}
    by_rate = policy.choice_or_none("points.pricing") == "rate"
    pools = {
        (row["insurance_scheme"], row["month"]): settlement.PoolOfMonth(row["distributable"], row["points"], by_rate)
        for row in account.sealed_months(POOLS)
    }
    return settlement.worth(corrected.to_dicts(), pools, policy.choice("fund.basis") == "total")


_JUDGED_BY = ("drg", "case_class", "points", "total_cost", "personal_paid", "fund_by_item")


def _institutions_that_differ(old: Any, new: Any) -> Any:
    """(insurance scheme, institution) of stays that differ, on either side."""
    key = ["stay_id", "institution_id", "insurance_scheme"]
    ours, theirs = frame(old), frame(new)
    both = ours.join(theirs, on=key, how="full", coalesce=True, suffix="_now")
    differs = pl.any_horizontal(pl.col(n).ne_missing(pl.col(f"{n}_now")) for n in _JUDGED_BY)
    return both.filter(differs).select(*key[1:]).unique().sort(pl.all()).to_arrow()


def changed_since(
    link: Link, registers: Registers, engine: Engine, cases: Dataset, year: int, work: Path
) -> tuple[frozenset[Key], frozenset[Key]]:
    """(insurance scheme, institution) whose stays are others than when a year was cleared; and those whose stays,
    decisions on them, evidence, violations, grade or sanctions are."""
    columns = ("stay_id", "institution_id", "insurance_scheme", *_JUDGED_BY)
    sources = [Source(data, columns, ("stay_id",)) for data in (dataset(link.tables, CASE_POINTS), cases)]
    found = engine.map_by(sources, "stay_id", _institutions_that_differ, work / "changed", "what changed")
    by_stays = frozenset((s, h) for batch in engine.scan(found) for h, s in frame(batch).rows())
    keys = set(by_stays)
    then = Registers.read(link.folder / REGISTERS)
    schemes = read_table(link.tables, CLOSINGS)["insurance_scheme"].to_list()
    for table in (STAY_DECISIONS, EVIDENCE, VIOLATIONS, GRADE_REGISTER, SANCTIONS):
        old, new = (its if table == STAY_DECISIONS else its.filter(pl.col("year") == year)
                    for its in (then[table], registers[table]))  # fmt: skip
        ways = ((old, new), (new, old))
        rows = pl.concat([one.join(other, on=one.columns, how="anti", nulls_equal=True) for one, other in ways])
        if table == STAY_DECISIONS and rows.height:
            both = (source.data for source in sources)
            of_year = [frame(batch) for data in both for batch in engine.scan(data, ("stay_id",))]
            rows = rows.join(pl.concat(of_year), on="stay_id", how="semi")
        for row in rows.to_dicts():
            own = [row["insurance_scheme"]] if "insurance_scheme" in row else schemes
            keys |= {(scheme, row["institution_id"]) for scheme in own}
    return by_stays, frozenset(keys)


def copy_modes(link: Link, tables: Path) -> None:
    """The tables of payment modes of a clearing: opening a year again leaves them as they are."""
    for table in MODE_TABLES:
        source, target = table_path(link.tables, table), table_path(tables, table)
        if source.is_dir() and not target.exists():
            shutil.copytree(source, target)
        elif source.is_file() and not target.exists():
            shutil.copyfile(source, target)
