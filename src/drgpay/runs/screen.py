"""Settled stays made ready for oversight: what each was paid, and what it would have been paid otherwise.

The run's own points tables price a stay again under another group; nothing of the settlement is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Part, codes_in, integers, read_manifest, read_table
from drgpay.policy import Policy
from drgpay.runs.laws import clearing
from drgpay.runs.manifest import REGISTERS, SEGMENTS, TABLES, laws_of_run
from drgpay.runs.rate import rate_points
from drgpay.runs.region import Registers, known_codes
from drgpay.runs.succession import succession_of
from drgpay.scheme import Scheme
from drgpay.scheme import load as load_scheme
from drgpay.steps import fund, grouping, intake, oversight, points
from drgpay.tables import BASE_GROUPS, COEFFICIENTS, POOLS
from drgpay.units import mul_div_half_up

Ints = npt.NDArray[np.int64]
NEIGHBOUR_DAYS = 31
"""stays discharged so many days before the period are looked at beside those of it"""
SCREEN_READS = (
    "stay_id",
    "person_id",
    "institution_id",
    "department_id",
    "doctor_id",
    "insurance_scheme",
    "sex",
    "age",
    "age_days",
    "birth_weight",
    "admission_weight",
    "los",
    "admission_date",
    "discharge_date",
    "discharge_way",
    "dx",
    "proc",
    "total_cost",
    "personal_paid",
    "fund_by_item",
    "year",
    "month",
    "adrg",
    "drg",
    "severity",
    "status",
)


@dataclass(frozen=True)
class Settlement:
    """A run as oversight needs it: its law, its scheme, its points tables and point values."""

    run: Path
    manifest: dict[str, Any]
    policy: Policy
    scheme: Scheme
    tables: points.PointsTables
    """of the law of the last day"""
    scored: points.Tables
    """what gives a stay its points: the same, or tables by day of discharge"""
    registers: Registers
    values: dict[tuple[str, int], tuple[int, int]]
    """(insurance scheme, month; 0 = the year) → fen shared and points they are shared by"""
    with_patients: bool
    by_rate: bool

    @property
    def year(self) -> int:
        """Year of the run."""
        return int(self.manifest["year"])

    @property
    def months(self) -> tuple[int, ...]:
        """Months settled."""
        return self.tables.months

    @cached_property
    def begins(self) -> date:
        """First day looked at."""
        return date(self.year, min(self.months), 1) - timedelta(days=NEIGHBOUR_DAYS)


def read_settlement(run: Path, schemes: Path | None = None) -> Settlement:
    """The run in a folder, as :class:`Settlement`. Raises DATA when there is none."""
    manifest = read_manifest(run)
    laws = laws_of_run(run, manifest)
    registers = Registers.read(run / REGISTERS)
    policy, segments = laws.policy, succession_of(registers).cut(clearing(laws))
    tables = run / TABLES
    folders = [*(run / SEGMENTS / s.first.isoformat() for s in segments[:-1]), tables]
    scheme = load_scheme(manifest["scheme"], frozenset(manifest["switches"]), folder=schemes)
    made = [_points_tables(f, s.policy, registers, manifest, scheme) for f, s in zip(folders, segments, strict=True)]
    scored = made[0] if len(made) == 1 else points.by_day([s.first for s in segments], made, [None] * len(made))
    pools = read_table(tables, POOLS).select("insurance_scheme", "month", "distributable", "points").rows()
    return Settlement(
        run,
        manifest,
        policy,
        scheme,
        made[-1],
        scored,
        registers,
        {(s, m): (d, p) for s, m, d, p in pools},
        policy.choice("fund.basis") == "total",
        policy.choice_or_none("points.pricing") == "rate",
    )


def _points_tables(
    folder: Path, policy: Policy, registers: Registers, manifest: dict[str, Any], scheme: Scheme
) -> points.PointsTables:
    """The tables of a law from the base groups and coefficients kept in a folder; no decisions on stays."""
    months = fund.MONTHS if manifest["month"] is None else (int(manifest["month"]),)
    rows = read_table(folder, BASE_GROUPS).to_dicts()
    kept = points.Group.__dataclass_fields__
    groups = {r["drg"]: points.Group(**{k: v for k, v in r.items() if k in kept}) for r in rows}
    base = points.Base(manifest["base"]["mean_cost"], manifest["base"]["scale"], groups, [], pl.DataFrame())
    fixed = {r["drg"]: r["fixed_coefficient"] for r in rows if r["fixed_coefficient"] is not None}
    totals = read_table(folder, COEFFICIENTS).filter(pl.col("component") == points.TOTAL)
    own = dict(totals.sort("institution_id").select("institution_id", "value").rows())
    none, comorbid = registers.frames["stay_decisions"].head(0), points.comorbidities(scheme, policy)
    settings = points.adjusting(policy, none, {}, None, comorbid)
    made = points.points_tables(
        base, points.Coefficients(own, fixed, {}, []), policy, int(manifest["year"]), months, settings
    )
    if policy.choice_or_none("points.pricing") == "rate":
        made = rate_points(registers, policy, made)
    return made


def _lists(column: Any) -> tuple[Ints, Any]:
    """Offsets from 0 and the values of a list column without nulls."""
    if column.null_count:
        filled = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        return np.concatenate(([0], np.cumsum(filled, dtype=np.int64))), column.flatten()
    offsets = column.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], column.values.slice(offsets[0], offsets[-1] - offsets[0])


def _any_in(column: Any, codes: Any) -> npt.NDArray[np.bool_]:
    """Which lists hold one of the codes."""
    offsets, values = _lists(column)
    found = np.append(0, np.cumsum(codes_in(values, codes) >= 0))
    return np.asarray(found[offsets[1:]] > found[offsets[:-1]])


def _without(column: Any, place: int) -> Any:
    """Lists without the code at a place; shorter ones stay as they are."""
    offsets, values = _lists(column)
    has = np.diff(offsets) > place
    keep = np.ones(len(values), bool)
    keep[offsets[:-1][has] + place] = False
    shorter = np.append(0, np.cumsum(np.diff(offsets) - has)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(shorter), values.filter(pa.array(keep)))


def _foremost(column: Any, place: int) -> Any:
    """Lists in which the code at a place and the first one change places."""
    offsets, values = _lists(column)
    start = offsets[:-1][np.diff(offsets) > place]
    order = np.arange(len(values))
    order[start], order[start + place] = start + place, start
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values.take(pa.array(order)))


def _code_at(column: Any, place: int) -> Any:
    """The code at a place of every list, null where there is none."""
    offsets, values = _lists(column)
    at = pa.array(offsets[:-1] + place, mask=np.diff(offsets) <= place)
    return values.take(at).cast(pa.string())


@dataclass(frozen=True)
class Screen:
    """The kernel that turns a part of ``grouped`` into rows of ``oversight.SCREENED``."""

    settlement: Settlement
    cheap: int
    """only stays that cost no more than this part (1/10,000) of their group's published mean are grouped again"""
    male: Any = field(default_factory=lambda: _of_sex("male"))
    female: Any = field(default_factory=lambda: _of_sex("female"))

    def __call__(self, batch: Any, part: Part) -> Any:
        """Rows of the period, and those discharged shortly before it."""
        days = pc.greater_equal(batch.column("discharge_date"), pa.scalar(self.settlement.begins))
        batch = batch.filter(days)
        year, month = integers(batch.column("year")), integers(batch.column("month"))
        settled = (year == self.settlement.year) & np.isin(month, self.settlement.months)
        last = max(self.settlement.months)
        keep = settled | (year < self.settlement.year) | ((year == self.settlement.year) & (month < last))
        if not keep.all():
            batch, settled = batch.filter(pa.array(keep)), settled[keep]
        return self._rows(batch, settled)

    def price(self, batch: Any) -> tuple[Any, Ints]:
        """Case points of settled stays, and their price in fen: points × fund ÷ points of all, half up."""
        case = points.case_points(batch, self.settlement.scored)
        mine = integers(case.column("points"))
        if self.settlement.by_rate:
            return case, mine
        names = case.column("insurance_scheme").dictionary.to_pylist()
        scheme = integers(case.column("insurance_scheme").indices)
        whole = len(self.settlement.months) > 1
        month = np.zeros(len(mine), np.int64) if whole else integers(case.column("month"))
        price = np.zeros(len(mine), np.int64)
        for number, name in enumerate(names):
            for m in (0,) if whole else self.settlement.months:
                rows = np.flatnonzero((scheme == number) & (month == m))
                shared, by = self.settlement.values.get((name, m), (0, 0))
                if len(rows) and by > 0:
                    price[rows] = mul_div_half_up(mine[rows], shared, by)
        return case, price

    def regrouped(self, batch: Any, **lists: Any) -> tuple[Any, Ints]:
        """Groups and prices of settled stays with other lists of codes."""
        for name, values in lists.items():
            batch = batch.set_column(batch.schema.get_field_index(name), name, values)
        groups = grouping.group_batch(self.settlement.scheme, batch)
        for name in ("adrg", "drg", "severity", "status"):
            batch = batch.set_column(batch.schema.get_field_index(name), name, groups.column(name))
        return groups, self.price(batch)[1]

    def _rows(self, batch: Any, settled: npt.NDArray[np.bool_]) -> Any:
        n = batch.num_rows
        inside = np.flatnonzero(settled)
        own = batch.take(pa.array(inside)) if len(inside) < n else batch
        case, its_price = self.price(own)
        price, point = np.zeros(n, np.int64), np.zeros(n, np.int64)
        price[inside], point[inside] = its_price, integers(case.column("points"))
        personal = integers(batch.column("personal_paid")) if self.settlement.with_patients else np.zeros(n, np.int64)
        classes = pl.Series([None] * n, dtype=pl.String).to_numpy(writable=True)
        classes[inside] = case.column("case_class").cast(pa.string()).to_numpy(zero_copy_only=False)
        wrong_sex, code_sex = self._sexes(batch)
        columns: dict[str, Any] = {
            "admitted": batch.column("admission_date"),
            "discharged": batch.column("discharge_date"),
            "way": batch.column("discharge_way"),
            "settled": pa.array(settled),
            "dx": _text(batch.column("dx")),
            "proc": _text(batch.column("proc")),
            "case_class": pa.array(classes, pa.string()),
            "points": pa.array(point),
            "price": pa.array(price),
            "pay": pa.array(np.where(settled, np.maximum(price - personal, 0), 0)),
            "sex_code": pa.array(wrong_sex),
            "code_sex": code_sex,
            "age_code": pa.array(_wrong_age(batch)),
        }
        columns |= self._otherwise(batch, inside, price)
        names = oversight.SCREENED
        return pa.table({c: columns[c] if c in columns else _plain(batch.column(c)) for c in names})

    def _sexes(self, batch: Any) -> tuple[npt.NDArray[np.bool_], Any]:
        """Stays with a code their sex cannot have; and the sex that alone can have the codes, null where both can."""
        sex = codes_in(batch.column("sex"), pa.array(["male", "female"]))
        principal, procedures = _code_at(batch.column("dx"), 0), batch.column("proc")
        male, female = (
            (codes_in(principal, dx) >= 0) | _any_in(procedures, proc) for dx, proc in (self.male, self.female)
        )
        of_one = pc.if_else(pa.array(male), "male", pa.scalar("female"))
        return ((sex == 1) & male) | ((sex == 0) & female), pc.if_else(
            pa.array(male != female), of_one, pa.scalar(None, pa.string())
        )

    def _otherwise(self, batch: Any, inside: Ints, price: Ints) -> dict[str, Any]:
        """The groups a cheap stay would be in without one complication, under another principal diagnosis, and
        without its procedures."""
        n = batch.num_rows
        mean = self.settlement.tables.mean_cost[codes_in(batch.column("drg"), self.settlement.tables.drgs)]
        cost = integers(batch.column("total_cost"))
        low = inside[cost[inside] * 10_000 <= mean[inside] * self.cheap]
        status = codes_in(batch.column("status"), pa.array(["grouped"])) == 0
        severity = codes_in(batch.column("severity"), pa.array(["none"]))
        low = low[status[low]]
        coded = low[severity[low] != 0]
        cc = _Best(n, price, lambda k, rows: self.regrouped(rows, dx=_without(rows.column("dx"), k)))
        other = _Best(n, price, lambda k, rows: self.regrouped(rows, dx=_foremost(rows.column("dx"), k)))
        cc.search(batch, coded)
        other.search(batch, low)
        bare = _Best(
            n,
            price,
            lambda k, rows: self.regrouped(rows, proc=pa.nulls(rows.num_rows, rows.schema.field("proc").type)),
        )
        bare.take(0, batch, low[_lengths(batch.column("proc"))[low] > 0])
        return (
            cc.columns("cc")
            | other.columns("other")
            | {k: v for k, v in bare.columns("proc").items() if k != "proc_code"}
        )


class _Best:
    """The cheapest group that one change of the codes leads to, of the changes tried, by stay."""

    def __init__(self, n: int, price: Ints, change: Callable[[int, Any], tuple[Any, Ints]]) -> None:
        self._price, self._change = price, change
        self.best = price.copy()
        self.found = np.zeros(n, bool)
        self.code, self.drg = np.full(n, None, object), np.full(n, None, object)

    def search(self, batch: Any, rows: Ints) -> None:
        """Try every place of the list of diagnoses but the first."""
        lengths = _lengths(batch.column("dx"))
        for place in range(1, int(lengths[rows].max(initial=0))):
            self.take(place, batch, rows[lengths[rows] > place])

    def take(self, place: int, batch: Any, rows: Ints) -> None:
        """Try one change; a group that is ungrouped or ambiguous does not count."""
        if len(rows) == 0:
            return
        own = batch.take(pa.array(rows))
        groups, price = self._change(place, own)
        good = codes_in(groups.column("status"), pa.array(["grouped"])) == 0
        better = np.flatnonzero(good & (price < self.best[rows]))
        at = rows[better]
        self.best[at], self.found[at] = price[better], True
        self.code[at] = _code_at(own.column("dx"), place).take(pa.array(better)).to_numpy(zero_copy_only=False)
        self.drg[at] = groups.column("drg").take(pa.array(better)).cast(pa.string()).to_numpy(zero_copy_only=False)

    def columns(self, name: str) -> dict[str, Any]:
        """``<name>_code``, ``<name>_drg``, ``<name>_price``; null where no change leads to a cheaper group."""
        return {
            f"{name}_code": pa.array(self.code, pa.string()),
            f"{name}_drg": pa.array(self.drg, pa.string()),
            f"{name}_price": pa.array(self.best, mask=~self.found),
        }


def _lengths(column: Any) -> Ints:
    return np.asarray(pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False), np.int64)


def _plain(column: Any) -> Any:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _text(column: Any) -> Any:
    """Codes with | before, between and after them; a list without codes is null."""
    offsets, values = _lists(column)
    text = pc.binary_join(
        pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pc.fill_null(values.cast(pa.string()), "")), "|"
    )
    filled = pc.binary_join_element_wise("|", text, "|", "")
    return pc.if_else(pa.array(np.diff(offsets) > 0), filled, pa.scalar(None, pa.string()))


def _of_sex(sex: str) -> tuple[Any, Any]:
    """Diagnoses and procedures that only one sex can have, as Arrow texts."""
    known = known_codes()
    found: dict[str, list[str]] = {"dx": [], "proc": []}
    for one in intake.code_lists():
        if one.sex == sex:
            codes = known.dx if one.kind == "dx" else known.proc
            found[one.kind] += codes.filter(pa.array(one.within(codes))).to_pylist()
    return pa.array(sorted(set(found["dx"])), pa.string()), pa.array(sorted(set(found["proc"])), pa.string())


def _wrong_age(batch: Any) -> npt.NDArray[np.bool_]:
    """Principal diagnoses the age rules out. Another diagnosis that does not fit is a mistake of coding, which the
    checks of the record name; it is not a service that cannot have been."""
    age = integers(batch.column("age"), -1)
    wrong, principal = np.zeros(batch.num_rows, bool), _code_at(batch.column("dx"), 0)
    for low, high, codes in _aged():
        outside = (age >= 0) & ((age < low) | (age > high))
        if outside.any():
            wrong |= outside & (codes_in(principal, codes) >= 0)
    return wrong


@cache
def _aged() -> tuple[tuple[int, int, Any], ...]:
    """Diagnoses that only some ages can have: youngest and oldest year, and the codes."""
    dx = known_codes().dx
    lists = [one for one in intake.code_lists() if one.kind == "dx" and one.age]
    return tuple((one.age[0], one.age[1], dx.filter(pa.array(one.within(dx)))) for one in lists)


def merged_prices(screen: Screen, earlier: Any, later: Any) -> Ints:
    """Prices of the stays that pairs of stays would make as one: both stays' codes, the costs and days added up, the
    rest as in the earlier one. Both are batches of ``grouped`` of as many rows."""
    dx = _joined(earlier.column("dx"), later.column("dx"))
    proc = _joined(earlier.column("proc"), later.column("proc"))
    whole = later
    for name in ("total_cost", "personal_paid", "fund_by_item", "los"):
        both = pa.array(integers(earlier.column(name)) + integers(later.column(name))).cast(
            later.schema.field(name).type
        )
        whole = whole.set_column(whole.schema.get_field_index(name), name, both)
    return screen.regrouped(whole, dx=dx, proc=proc)[1]


def _joined(a: Any, b: Any) -> Any:
    """Lists one after the other; a code that is there twice does no harm to grouping."""
    (a_offsets, a_values), (b_offsets, b_values) = _lists(a), _lists(b)
    offsets = a_offsets + b_offsets
    order = np.empty(int(offsets[-1]), np.int64)
    for source, begin, shift in (
        (a_offsets, offsets[:-1], 0),
        (b_offsets, offsets[:-1] + np.diff(a_offsets), len(a_values)),
    ):
        lengths = np.diff(source)
        inner = np.arange(source[-1]) - np.repeat(source[:-1], lengths)
        order[np.repeat(begin, lengths) + inner] = np.arange(source[-1]) + shift
    values = pa.concat_arrays([a_values.cast(pa.string()), b_values.cast(pa.string())])
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values.take(pa.array(order)))
