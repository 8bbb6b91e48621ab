"""Capitation (按人头): heads and their community, visits inside and outside, the year's result (design/06).

Kernels see whole persons, sorted by person; communities and their members are small tables.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import coded, codes_in, frame, integers, months_of, years_of
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, Rate, band_of, needed, rates_of
from drgpay.steps.modes.assign import ModeTables, labels, price
from drgpay.steps.modes.rules import BY_ITEM, CAPITATION, NONE, Flags, Ints
from drgpay.tables import (
    COMMUNITIES,
    COMMUNITY_MEMBERS,
    HEAD_FINDINGS,
    HEADS,
    MODES,
    SCHEMES,
    VISIT_FINDINGS,
    VISIT_PAYMENTS,
)
from drgpay.units import ONE, half_up

Row = dict[str, Any]

STEPS: Mapping[str, tuple[str, str, str]] = {
    "signed_doctor": ("signed_institution_id", "institution", ""),
    "resident_domicile": ("township", "township", "resident"),
    "flexible_domicile": ("township", "township", "flexible"),
    "student_school": ("school_id", "school", "student"),
    "employee_employer": ("employer_id", "employer", "employee"),
    "any_domicile": ("township", "township", ""),
}
"""step of ``capitation.order`` → column of ``enrolment``, kind of member, population it is for (empty: all)"""

GENERAL = "general"
"""the package everybody has; every other package of ``capitation.rates`` is for the persons with that disease"""

ENROLMENT_ORDER = ("person_id", "covered_from")
HEADS_ORDER = ("person_id",)
VISITS_ORDER = ("person_id", "visit_date", "visit_id")

_OUT_SCHEMA = VISIT_PAYMENTS.schema.append(pa.field("finding", pa.string())).append(pa.field("township", pa.string()))
_OUT_NAMES = tuple(_OUT_SCHEMA.names)


@dataclass(frozen=True)
class Capitation:
    """What assigns persons: the order, and the community of every member by kind."""

    year: int
    order: tuple[str, ...]
    members: Mapping[str, Mapping[str, str]]
    communities: tuple[str, ...]
    excluded: frozenset[str]
    packages: tuple[str, ...]


def capitation_of(policy: Policy, communities: pl.DataFrame, members: pl.DataFrame, year: int) -> Capitation:
    """The small tables of the kernels. A member of two communities, and one of a community that is not listed, are
    DATA failures: a person of theirs would belong to two communities, or to none."""
    known = tuple(sorted(communities["community_id"]))
    by_kind: dict[str, dict[str, str]] = defaultdict(dict)
    for community, kind, member in members.select("community_id", "member_kind", "member_id").sort(pl.all()).rows():
        if community not in known:
            raise _wrong(
                f"{kind} {member}", community, "医共体登记表中没有该医共体", "no such community in the register"
            )
        other = by_kind[kind].setdefault(member, community)
        if other != community:
            raise _wrong(
                f"{kind} {member}", f"{other}, {community}", "同时属于两个医共体", "belongs to two communities"
            )
    order = policy.names_or_none("capitation.order") or ()
    excluded = frozenset(policy.names_or_none("capitation.excluded") or ())
    packages = {r.keys[0] or GENERAL for r in policy.rates("capitation.rates")}
    offered = tuple(sorted(packages, key=lambda p: (p != GENERAL, p)))
    return Capitation(year, order, by_kind, known, excluded, offered)


def _wrong(member: str, value: str, zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh=f"{member}:{zh}", en=f"{member}: {en}", file=COMMUNITY_MEMBERS.name, field="community_id",
        value=value, fix_zh=f"在 {COMMUNITY_MEMBERS.name} 或 {COMMUNITIES.name} 中更正",
        fix_en=f"correct {COMMUNITY_MEMBERS.name} or {COMMUNITIES.name}",
    )  # fmt: skip


def heads_of(batch: Any, tables: Capitation) -> Any:
    """Table ``heads`` from enrolment rows of whole persons in :data:`ENROLMENT_ORDER`: one row per person with any
    enrolment that touches the year.

    The latest time of the year stands for the person. Times that overlap, a death before the year, and a person no
    step assigns make an invalid head with its finding. A month counts when its first day is covered and alive.
    """
    if batch.num_rows == 0:
        return HEADS.schema.empty_table()
    first, last = _day(tables.year, 1, 1), _day(tables.year, 12, 31)
    start = _days(batch.column("covered_from"), 0)
    end = _days(batch.column("covered_to"), 10**6)
    touches = (start <= last) & (end >= first) & (end >= start)
    # Overlap is judged over all times of the person, in and out of the year.
    person = _persons(batch.column("person_id"))
    same = np.append(False, person[1:] == person[:-1])
    overlaps = np.zeros(len(person), bool)
    if len(person) > 1:
        reach = _running_max(end, person)
        overlaps[1:] = same[1:] & (start[1:] <= reach[:-1])
    overlapping = np.zeros(int(person[-1]) + 1, bool)
    overlapping[person[overlaps]] = True
    kept = np.flatnonzero(touches)
    if not len(kept):
        return HEADS.schema.empty_table()
    last_of = kept[np.append(person[kept][1:] != person[kept][:-1], True)]
    death = _days(batch.column("death_date"), 10**6)[last_of]
    months = _months(person[kept], start[kept], end[kept], person[last_of], death, tables.year)
    rows = batch.take(pa.array(last_of))
    community, by = _assigned(rows, tables)
    died = death < first
    finding = np.select(
        [overlapping[person[last_of]], died, community < 0, months == 0], [0, 2, 1, 3], -1
    )  # places in HEAD_FINDINGS
    valid = finding < 0
    born = years_of(rows.column("birth_date"))
    township = pc.fill_null(rows.column("township").cast(pa.string()), NONE)
    migrated = pc.fill_null(rows.column("migrated"), False)
    own = {
        "community_id": coded(np.where(valid, community, -1), pa.array(tables.communities, pa.string())),
        "assigned_by": coded(np.where(valid, by, -1), pa.array(tables.order, pa.string())),
        "months": pa.array(months.astype(np.int8)),
        "age": pa.array(np.clip(tables.year - born, 0, 200).astype(np.int16)),
        "packages": _packages(rows.column("diseases"), tables.packages),
        "migrated": migrated,
        "township": township,
        "finding": coded(finding, pa.array(HEAD_FINDINGS)),
    }
    return pa.table({n: own[n] if n in own else rows.column(n) for n in HEADS.names}).cast(HEADS.schema)


def _day(year: int, month: int, day: int) -> int:
    return int(np.datetime64(f"{year:04d}-{month:02d}-{day:02d}").astype(np.int64))


def _days(column: Any, null: int) -> Ints:
    return integers(column.cast(pa.int32()), null)


def _persons(column: Any) -> Ints:
    """Number of the person of each row, rising from 0; equal neighbours are one person."""
    text = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    if len(text) < 2:
        return np.zeros(len(text), np.int64)
    changed = np.asarray(pc.not_equal(text.slice(1), text.slice(0, len(text) - 1)).to_numpy(zero_copy_only=False))
    return np.append(0, np.cumsum(changed)).astype(np.int64)


def _running_max(values: Ints, group: Ints) -> Ints:
    """Running maximum inside each group, groups being consecutive."""
    span = int(values.max()) - int(values.min()) + 1
    lifted = values - values.min() + group * span
    highest: Ints = np.maximum.accumulate(lifted) - group * span + values.min()
    return highest


def _months(person: Ints, start: Ints, end: Ints, order: Ints, death: Ints, year: int) -> Ints:
    """Months of the year whose first day is covered, per person of ``order``, before death."""
    place = np.searchsorted(order, person)
    months = np.zeros(len(order), np.int64)
    for month in range(1, 13):
        day = _day(year, month, 1)
        covered = np.zeros(len(order), bool)
        covered[place[(start <= day) & (end >= day)]] = True
        months += covered & (death >= day)
    return months


def _assigned(rows: Any, tables: Capitation) -> tuple[Ints, Ints]:
    """Place of the community and of the step of the order that found it; −1 none."""
    community, by = (np.full(rows.num_rows, -1, np.int64) for _ in range(2))
    for number, step in enumerate(tables.order):
        column, kind, population = STEPS[step]
        members = sorted(tables.members.get(kind, {}).items())
        places = np.array([tables.communities.index(c) for _, c in members] + [-1], np.int64)
        found = places[codes_in(rows.column(column), pa.array([m for m, _ in members], pa.string()))]
        if population:
            found = np.where(codes_in(rows.column("population"), pa.array([population])) == 0, found, -1)
        new = (community < 0) & (found >= 0)
        community[new], by[new] = found[new], number
    return community, by


def _packages(diseases: Any, offered: tuple[str, ...]) -> Any:
    """Lists of packages: the general one, then those of the person's diseases, where they are offered."""
    has = [np.ones(len(diseases), bool) if p == GENERAL else _has(diseases, p) for p in offered]
    table = np.stack(has, axis=1) if has else np.zeros((len(diseases), 0), bool)
    codes = np.broadcast_to(np.arange(len(offered)), table.shape)[table]
    offsets = np.append(0, np.cumsum(table.sum(axis=1))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), coded(codes.astype(np.int64), pa.array(offered, pa.string())))


def _has(lists: Any, code: str) -> Flags:
    lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    parent = np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), np.int64)
    hit = codes_in(pc.list_flatten(lists), pa.array([code])) == 0
    found = np.zeros(len(lists), bool)
    found[parent[hit]] = True
    return found


def pay_visits(visits: Any, heads: Any, tables: Capitation, modes: ModeTables) -> Any:
    """Table ``visit_payments`` (with columns ``finding`` and ``township``) from visits in :data:`VISITS_ORDER` and
    heads in :data:`HEADS_ORDER`, whole persons at a time; visits of the year only.

    A visit a rule gives to capitation: inside the person's community its lead institution has been paid for it
    already, so nothing is owed; outside it is owed by item and charged to the community. What the policy excludes
    from the charge (moved away, special disease) is outside paid by item without a charge; inside it changes nothing,
    or it would be paid twice. Without a community a visit is paid by item. A visit after death is not paid, and
    reported.
    """
    year = years_of(visits.column("visit_date"))
    visits = visits.filter(pa.array(year == tables.year))
    n = visits.num_rows
    persons = pc.unique(heads.column("person_id").cast(pa.string()))
    place = codes_in(visits.column("person_id").cast(pa.string()), persons)
    communities = pa.array(tables.communities, pa.string())
    community = np.append(codes_in(heads.column("community_id"), communities), -1)[place]
    death = np.append(_days(heads.column("death_date"), 10**6), 10**6)[place]
    migrated = np.append(np.asarray(heads.column("migrated").to_numpy(zero_copy_only=False), bool), False)[place]
    here = tables.members.get("institution", {})
    named = sorted(here)
    of_institution = np.array([tables.communities.index(here[h]) for h in named] + [-1], np.int64)
    institution = of_institution[codes_in(visits.column("institution_id"), pa.array(named, pa.string()))]
    priced = price(visits, modes, visits=True)
    mode, due = priced.decided.mode.copy(), priced.due.copy()
    special = codes_in(visits.column("kind"), pa.array(["special"])) == 0
    left_out = np.zeros(n, bool)
    if "migrated" in tables.excluded:
        left_out |= migrated
    if "special" in tables.excluded:
        left_out |= special
    here_too = institution == community
    capitated = (mode == CAPITATION) & (community >= 0) & (here_too | ~left_out)
    mode[(mode == CAPITATION) & ~capitated] = BY_ITEM
    dead = _days(visits.column("visit_date"), 0) > death
    inside, charged = capitated & here_too & ~dead, capitated & ~here_too & ~dead
    due[inside | dead] = 0
    month = months_of(visits.column("visit_date"))
    home = heads.column("township").cast(pa.string()).to_pylist()
    own = labels(priced.decided, modes.rules) | {
        "month": pa.array(month.astype(np.int8)),
        "mode": coded(mode, pa.array(MODES)),
        "community_id": coded(community, communities),
        "inside": pa.array(inside),
        "charged": pa.array(charged),
        "internet": pc.fill_null(visits.column("internet"), False),
        "price": pa.array(priced.price),
        "due": pa.array(due),
        "finding": coded(np.select([dead, place < 0], [0, 1], -1), pa.array(VISIT_FINDINGS)),
        "township": pa.array([*home, NONE], pa.string()).take(pa.array(np.where(place < 0, len(home), place))),
    }
    table = pa.table({name: own[name] if name in own else visits.column(name) for name in _OUT_NAMES})
    return table.cast(_OUT_SCHEMA)


def head_sums(batch: Any, tables: Capitation, rates: tuple[Rate, ...]) -> Any:
    """Heads and covered months of a batch of ``heads`` by insurance scheme, community, package and age band."""
    valid = batch.filter(pa.array(np.asarray(pc.is_valid(batch.column("community_id")))))
    pieces = []
    for package in tables.packages:
        with_it = valid.filter(pa.array(_has(valid.column("packages"), package)))
        for scheme in SCHEMES:
            its = with_it.filter(pa.array(codes_in(with_it.column("insurance_scheme"), pa.array([scheme])) == 0))
            bands = [r.start or 0 for r in rates_of(rates, package, scheme)]
            if not its.num_rows:
                continue
            if not bands:
                raise DrgpayError(
                    Kind.POLICY, zh=f"没有 {package} {scheme} 的人头标准", en=f"no rate for {package} {scheme}",
                    field="capitation.rates", fix_zh="补上该包和险种的标准", fix_en="add its rates",
                )  # fmt: skip
            band = np.searchsorted(np.array(bands), integers(its.column("age")), side="right") - 1
            pieces.append(
                frame(its.select(["insurance_scheme", "community_id", "months"]))
                .with_columns(package=pl.lit(package), age_from=pl.Series(np.array(bands, np.int64)[band]))
                .group_by("insurance_scheme", "community_id", "package", "age_from")
                .agg(heads=pl.len().cast(pl.Int64), months=pl.col("months").cast(pl.Int64).sum())
            )
    if not pieces:
        return pa.table({"insurance_scheme": pa.array([], pa.string()), "community_id": pa.array([], pa.string()),
                         "package": pa.array([], pa.string()),
                         **{n: pa.array([], pa.int64()) for n in ("age_from", "heads", "months")}})  # fmt: skip
    return pl.concat(pieces).to_arrow()


def head_amounts(sums: Iterable[Row], scores: Mapping[str, int], policy: Policy) -> list[Row]:
    """Rows of table ``capitation_heads``: months × rate ÷ 12 × factor, one rounding half up.

    The factor of the disease management (``capitation.score_bands``) is for the packages of diseases; a community
    without a score has 1."""
    rates, bands = policy.rates("capitation.rates"), policy.bands_or_none("capitation.score_bands")
    rows = []
    for row in sums:
        rate = next(
            r.fen
            for r in rates_of(rates, row["package"], row["insurance_scheme"])
            if (r.start or 0) == row["age_from"]
        )
        score = scores.get(row["community_id"])
        managed = row["package"] != GENERAL and bands is not None and score is not None
        factor = band_of(bands or (), score or 0).value if managed else ONE
        amount = half_up(row["months"] * rate * factor, 12 * ONE)
        rows.append(row | {"rate": rate, "factor": factor, "amount": amount})
    return rows


def results(amounts: Iterable[Row], heads: Mapping[tuple[str, str], int], visits: Iterable[Row],
            leads: Mapping[str, str]) -> list[Row]:  # fmt: skip
    """Rows of table ``capitation_results``: pool = Σ amounts; result = pool − cut − charges; balance = result −
    inside. The cut is 0 here; :func:`~.payments.limit` makes it.

    ``heads``: (insurance scheme, community) → valid heads; ``visits``: insurance_scheme, community_id, charges,
    inside_n, inside; ``leads``: community → lead institution.
    """
    pool: Counter[tuple[str, str]] = Counter()
    for row in amounts:
        pool[row["insurance_scheme"], row["community_id"]] += row["amount"]
    spent = {(v["insurance_scheme"], v["community_id"]): v for v in visits}
    rows = []
    for scheme, community in sorted(pool.keys() | spent.keys()):
        its = spent.get((scheme, community), {"charges": 0, "inside_n": 0, "inside": 0})
        result = pool[scheme, community] - its["charges"]
        rows.append(
            {
                "insurance_scheme": scheme,
                "community_id": community,
                "institution_id": leads[community],
                "heads": heads.get((scheme, community), 0),
                "pool": pool[scheme, community],
                "cut": 0,
                "charges": its["charges"],
                "result": result,
                "inside_n": its["inside_n"],
                "inside": its["inside"],
                "balance": result - its["inside"],
            }
        )
    return rows


def check_capitation(policy: Policy) -> None:
    """Fail when persons are assigned but no amount per head is set."""
    if policy.names_or_none("capitation.order"):
        needed(policy.rates("capitation.rates"), "capitation.rates")
