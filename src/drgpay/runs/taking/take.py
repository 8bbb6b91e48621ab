"""A region takes what a result offers: superseding rows with their origin, all of them or none (design/12 §3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import frame, read_manifest
from drgpay.errors import DrgpayError, Kind
from drgpay.places import real_path
from drgpay.runs import batches
from drgpay.runs.region import NEEDED, Region, key_of, known_places, read_region
from drgpay.runs.register_files import write_register
from drgpay.runs.taking.offers import Offer, area_and_year, offers
from drgpay.steps import intake
from drgpay.steps.intake import Register
from drgpay.tables import BUDGETS, DEBTS, INSTITUTIONS, TAKES, Table, taken_table

Row = dict[str, Any]
_SHOWN = 20
"""conflicts that are named"""
_OF_SEALED = ("budget", "prepayment")
"""what nothing would follow from once the year is cleared and sealed"""


@dataclass(frozen=True)
class Change:
    """One row of a register: its key (``register:part/part``, as ``--over`` takes it), what is in force (None: there
    is none), and what takes its place. ``origin``: of the row in force, where that was taken."""

    register: Table
    key: str
    before: Row | None
    after: Row
    origin: str | None = None


@dataclass(frozen=True)
class Taken:
    """What taking a result does: rows added, rows superseded, rows that stay as they are, and ``conflicts``: rows of
    another kind, or that people wrote or changed, which are superseded only where ``over`` says so. ``number``: of
    the taking; None where nothing was written."""

    origin: str
    added: tuple[Change, ...] = ()
    superseded: tuple[Change, ...] = ()
    same: tuple[Change, ...] = ()
    conflicts: tuple[Change, ...] = ()
    number: int | None = None


@dataclass
class _Plan:
    """Changes by what becomes of them, and the rows to be written by register."""

    added: list[Change] = field(default_factory=list)
    superseded: list[Change] = field(default_factory=list)
    same: list[Change] = field(default_factory=list)
    conflicts: list[Change] = field(default_factory=list)
    rows: list[tuple[Table, Row]] = field(default_factory=list)


def take(
    region: Path,
    result: Path,
    *,
    dry_run: bool = False,
    over: Collection[str] = (),
    on: date | None = None,
    by: str = "",
    sealed: Callable[[str, int], bool] = lambda area, year: False,
) -> Taken:
    """Take what a result offers into the registers of a region; ``dry_run``: only say what would change.

    A key that is not there is added. A row of the same kind that was taken before and not changed since is
    superseded, one with the same values stays. Anything else is a conflict, decided by ``over``: keys as
    :class:`Change` has them, or names of registers. ``on``, ``by``: day and author of recording; ``sealed``: tells a
    year whose clearing is sealed.

    Raises DrgpayError, and then nothing was written: as :func:`offers`; DATA for a result of another region, or of a
    year it does not have, for rows that name an institution that is not there, for conflicts that are not decided,
    and for rows recorded later than ``on``; USAGE for a key in ``over`` that is no conflict, and a budget of a year
    that is sealed.
    """
    offered = offers(result)
    area, year = area_and_year(result, read_manifest(result))
    with batches.writing_to(region):
        to_budgets = any(offer.register == BUDGETS for offer in offered)  # it may be the first there is
        place = read_region(region, needed=(INSTITUTIONS,) if to_budgets else NEEDED)
        _check_fit(place, area, year, offered, result.name, sealed)
        plan = _Plan()
        for offer in offered:
            _compare(region, offer, plan, over, on)
        _check_over(plan, over)
        origin = offered[0].origin
        number = None
        undecided = [c for c in plan.conflicts if not _chosen(c, over)]
        if not dry_run:
            if undecided:
                raise _conflict(undecided)
            if plan.rows:
                number = _write(region, plan.rows, origin, result, on, by)
    return Taken(origin, tuple(plan.added), tuple(plan.superseded), tuple(plan.same), tuple(plan.conflicts), number)


def rows_taken(folder: Path, table: Table) -> list[dict[str, Any]]:
    """The rows a register of a region took from results, oldest first, with the days and authors of recording and
    their ``origin``; those of takings that are not listed do not count."""
    path = intake.taken_file(folder, table)
    if not path.is_file():
        return []
    listed = intake.read_register(folder / TAKES.name, TAKES).column("take").to_pylist()
    rows = (
        frame(intake.read_taken(path, table)).filter(pl.col("take").is_in(listed)).sort("take", maintain_order=True)
    )
    return rows.select(*intake.recorded(table).names, "origin").to_dicts()


def _check_fit(
    region: Region, theirs: str, year: int, offered: Sequence[Offer], name: str, sealed: Callable[[str, int], bool],
) -> None:  # fmt: skip
    """The result is of this region, and of a year it can still take something for."""
    own = region.identity["id"]
    if own != theirs:
        raise DrgpayError(
            Kind.DATA, zh=f"这是另一个统筹区的结果:{theirs},不是 {own}", en=f"a result of another region: {theirs}, "
            f"not {own}", file=name, field="region", value=theirs,
            fix_zh="给出本区域的结果", fix_en="name a result of this region",
        )  # fmt: skip
    kinds = {offer.origin.split("/")[0] for offer in offered}
    known = sorted(set(region.registers[BUDGETS]["year"]))
    if kinds.isdisjoint({"budget", "prepayment", "year"}) and year not in known:
        raise _year(name, year, f"本区域登记的年度:{'、'.join(map(str, known))}",
                    f"this region has {', '.join(map(str, known))}")  # fmt: skip
    if kinds & {*_OF_SEALED} and sealed(own, year):
        raise _year(name, year, "该年度清算已封账,不会再用到", "its clearing is sealed: nothing would follow from it")
    for offer in offered:
        wanted = year + 1 if offer.register == DEBTS else year
        odd = next((r["year"] for r in offer.rows if r.get("year", wanted) != wanted), None)
        if odd is not None:
            raise _year(name, odd, f"结果是 {year} 年的", f"the result is of {year}")


def _year(name: str, year: int, zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh=f"这个年度的结果不能接收;{zh}", en=f"a result of this year cannot be taken; {en}", file=name,
        field="year", value=year, fix_zh="核对年度和结果", fix_en="check the year and the result",
    )  # fmt: skip


def _compare(folder: Path, offer: Offer, plan: _Plan, over: Collection[str], on: date | None) -> None:
    """What taking an offer does to its register."""
    table = offer.register
    _check_places(folder, offer)
    path = intake.register_file(folder, table)
    register = intake.read_recorded(path, table) if path else None
    there = {} if register is None else {key_of(table, r): r for r in frame(register.rows).to_dicts()}
    days = _days(table, register)
    taken = {key_of(table, r): r for r in register.taken} if register else {}
    kind = offer.origin.split("/")[0]
    for row in offer.rows:
        key = key_of(table, row)
        before, mine = there.get(key), taken.get(key)
        origin = mine["origin"] if mine else None
        change = Change(table, f"{table.name}:{key}", before, {n: row[n] for n in table.names}, origin)
        values = [row[n] for n in table.names]
        if before == change.after:
            plan.same.append(change)
            continue
        digest = intake.row_digest(before.values()) if before else None
        own = mine is not None and mine["origin"].split("/")[0] == kind and mine["row_digest"] == digest
        (plan.added if before is None else plan.superseded if own else plan.conflicts).append(change)
        if before is None or own or _chosen(change, over):
            _check_day(change, days.get(key), on)
            about = {"row_digest": intake.row_digest(values), "replaces": digest}
            plan.rows.append((table, row | {"origin": offer.origin} | about))


def _days(table: Table, register: Register | None) -> dict[str, date]:
    """The last day of recording of each key."""
    days: dict[str, date] = {}
    for row in frame(register.every).to_dicts() if register else ():
        if row["recorded_on"] is not None:
            key = key_of(table, row)
            days[key] = max(days.get(key, date.min), row["recorded_on"])
    return days


def _check_day(change: Change, recorded: date | None, on: date | None) -> None:
    """A row that is to supersede another is not recorded before it."""
    if recorded is not None and (on is None or on < recorded):
        raise DrgpayError(
            Kind.DATA, zh=f"已有的行登记于 {recorded},晚于接收日期,接收后不会生效",
            en=f"the row that is there was recorded on {recorded}, after the day of taking: it would stay in force",
            file=change.register.name, value=change.key, field="--on",
            fix_zh=f"用 --on {recorded} 或更晚的日期", fix_en=f"take it with --on {recorded} or a later day",
        )  # fmt: skip


def _check_places(folder: Path, offer: Offer) -> None:
    """The institutions an offer names are those of the region."""
    rows = pa.Table.from_pylist([{n: r[n] for n in offer.register.names} for r in offer.rows], offer.register.schema)
    for one in intake.astray(offer.register, rows, known_places(folder)):
        raise DrgpayError(
            Kind.DATA, zh=one.zh, en=one.en, file=offer.register.name, field=one.column.name, value=one.value,
            fix_zh="先在登记表里补上,或用本区域重新生成结果",
            fix_en="add it to the register first, or make the result again with this region",
        )  # fmt: skip


def _chosen(change: Change, over: Collection[str]) -> bool:
    return change.key in over or change.register.name in over


def _check_over(plan: _Plan, over: Collection[str]) -> None:
    """Every key that is decided is a conflict."""
    known = {name for c in plan.conflicts for name in (c.key, c.register.name)}
    wrong, some = sorted({*over} - known), sorted(known)[:_SHOWN]
    if wrong:
        raise DrgpayError(
            Kind.USAGE, zh="没有这个冲突", en="there is no such conflict", field="--over", value=wrong[0],
            fix_zh="用 --dry-run 查看冲突及其写法" if not known else f"可选:{'、'.join(some)}",
            fix_en="see the conflicts with --dry-run" if not known else f"one of: {', '.join(some)}",
        )  # fmt: skip


def _conflict(undecided: Sequence[Change]) -> DrgpayError:
    rest = len(undecided) - _SHOWN
    lines = [f"  {c.key}" for c in undecided[:_SHOWN]]
    more_zh, more_en = ([f"  另有 {rest} 行"], [f"  and {rest} more"]) if rest > 0 else ([], [])
    zh, en = "\n".join(lines + more_zh), "\n".join(lines + more_en)
    first = undecided[0]
    return DrgpayError(
        Kind.DATA, zh=f"登记表里已有不是由同类结果接收来的行,什么都没有写:\n{zh}",
        en=f"registers hold rows that did not come from a result of this kind; nothing was written:\n{en}",
        file=first.register.name, value=first.key,
        fix_zh=f"以结果为准:--over {first.key}(可多次;或写登记表名)",
        fix_en=f"to let the result decide: --over {first.key} (repeatable; or the name of a register)",
    )  # fmt: skip


def _write(
    folder: Path, rows: Sequence[tuple[Table, Row]], origin: str, result: Path, on: date | None, by: str
) -> int:
    """The registers' rows first, then the line that makes them count."""
    takes = folder / f"{TAKES.name}.csv"
    wide = intake.recorded(TAKES)
    path = intake.register_file(folder, TAKES)
    if path is not None and path != takes:
        raise DrgpayError(
            Kind.DATA, zh="接收登记表须为 takes.csv", en="the list of takings must be takes.csv", file=path.name,
            fix_zh="另存为 CSV", fix_en="save it as CSV",
        )  # fmt: skip
    if path is None:
        write_register(takes, wide, [])
    listed = frame(intake.read_recorded(takes, TAKES).every).to_dicts()
    number = 1 + max((row["take"] for row in listed), default=0)
    about = {"take": number, "recorded_on": on, "recorded_by": by.strip() or None}
    for table in dict.fromkeys(t for t, _ in rows):
        path, own = intake.taken_file(folder, table), taken_table(table)
        before = frame(intake.read_taken(path, table)).to_dicts() if path.is_file() else []
        kept = [row for row in before if row["take"] < number]  # without what an interrupted taking left
        write_register(path, own, kept + [r | about for t, r in rows if t == table])
    line = {"take": number, "origin": origin, "result": real_path(result).name, **about}
    write_register(takes, wide, [*listed, line])
    return number
