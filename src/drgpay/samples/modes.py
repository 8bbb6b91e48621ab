"""What payment modes need of a region: kinds of institutions, long stays, communities, enrolment, other areas,
procurement, exempt persons. Additional files and rows: the stays and persons of the region do not change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from drgpay.engine import WRITE_OPTIONS
from drgpay.samples.lives import NEVER, Lives
from drgpay.samples.people import People, day_number
from drgpay.samples.plan import Plan, source
from drgpay.samples.stays import numbered
from drgpay.tables import (
    BUDGET_AMOUNTS,
    COMMUNITIES,
    COMMUNITY_MEMBERS,
    COMMUNITY_SCORES,
    ENROLMENT,
    EXEMPT_PERSONS,
    INSTITUTION_KINDS,
    OUT_OF_AREA_CLAIMS,
    PROCUREMENT,
    SCHEMES,
    STAY_AREAS,
    STAYS,
    VISITS,
    Table,
)

Ints = npt.NDArray[np.int64]
Row = dict[str, Any]
Write = Callable[[Path, Table, Iterable[Mapping[str, Any]]], None]

MODES = "modes"
"""the extra that asks for all of this"""

_STREAM = 2024_06
_HOUSES = (
    ("Z9001", "云州市第二精神病医院", "tertiary", "psychiatric", "F20.900", 420),
    ("Z9002", "云岭县精神病防治院", "secondary", "psychiatric", "F20.000", 310),
    ("Z9003", "云州市康复疗养院", "secondary", "rehabilitation", "I69.300", 500),
    ("Z9004", "清河县安宁疗护中心", "primary", "hospice", "C34.901", 470),
)
"""id, name, level, kind, principal diagnosis, usual cost of a day in yuan"""
_SHARE = 0.004
"""long stays per person"""
_AREAS = ("3301", "3302", "3401")
_POPULATIONS = ("employee", "flexible", "resident", "student")
_LISTED = ("minimum_living", "extreme_poverty", "severely_disabled", "orphan", "entitled_veteran", "low_income")


def mode_institutions() -> list[dict[str, str]]:
    """Rows of the register of institutions for the houses of long stays."""
    return [
        {"institution_id": i, "name": name, "level": level, "e_voucher": "true"} for i, name, level, *_ in _HOUSES
    ]


def write_modes(
    folder: Path, plan: Plan, lives: Lives, death: Ints, stays: int, drg_budget: Mapping[str, int], write: Write
) -> None:
    """Write everything the modes need of the settlement year. ``death``: day of each person or NEVER;
    ``stays``: of that year; ``drg_budget``: fen by insurance scheme; ``write`` writes a register as CSV."""
    rng = source(plan.seed, _STREAM)
    year = plan.years[-1]
    fund = _long_stays(folder, plan, year, death, rng)
    kinds = [
        {"institution_id": r["institution_id"], "kind": "primary_care" if r["level"] == "primary" else "general"}
        for r in plan.places.institutions
    ]
    kinds += [{"institution_id": i, "kind": kind} for i, _, _, kind, *_ in _HOUSES]
    write(folder, INSTITUTION_KINDS, kinds)
    communities = _communities(folder, plan, lives, year, rng, write)
    exempt = _enrolment(folder / ENROLMENT.name, plan.people, lives, death, year, communities, rng)
    write(folder, EXEMPT_PERSONS, exempt)
    claims = _claims(plan, year, rng)
    write(folder, OUT_OF_AREA_CLAIMS, claims)
    write(folder, PROCUREMENT, _procurement(plan, year, rng))
    guests = numbered(f"S{year}", np.arange(200, stays, 400), 9).to_pylist()
    write(folder, STAY_AREAS, ({"stay_id": s, "area": _AREAS[i % len(_AREAS)]} for i, s in enumerate(guests)))
    parts = []
    for s, scheme in enumerate(SCHEMES):
        mine = (r for r in claims if r["direction"] == "out" and r["insurance_scheme"] == scheme)
        elsewhere = sum(r["fund_amount"] for r in mine)
        amounts = {
            "bed_day": fund["bed_day"][s] * 102 // 100,
            "other": fund["other"][s] * 105 // 100 + drg_budget[scheme] // 30,
            "outpatient": drg_budget[scheme] * 18 // 100,
            "out_of_area": elsewhere * 104 // 100,
        }
        parts += [
            {"year": year, "insurance_scheme": scheme, "part": part, "amount": amount // 10_000 * 10_000}
            for part, amount in amounts.items()
        ]
    write(folder, BUDGET_AMOUNTS, parts)


def _patients(region: Path, plan: Plan, year: int, death: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Adults who are seen after the year and do not die in it, each once. Who lies for months is nowhere else: those
    without a stay or a visit in the region's files come first."""
    people = plan.people
    fit = (people.leaves > year) & (year - people.birth_year >= 40) & (death >= NEVER)
    elsewhere = np.zeros(len(fit), bool)
    for table in (STAYS, VISITS):
        for path in sorted((region / table.name).rglob("*.parquet")):
            ids = pc.unique(pq.read_table(path, columns=["person_id"]).column(0).cast(pa.string())).drop_null()
            elsewhere[pc.utf8_slice_codeunits(ids, 1).cast(pa.int64()).to_numpy() - 1] = True
    order = rng.permutation(np.flatnonzero(fit)).astype(np.int64)
    return order[np.argsort(elsewhere[order], kind="stable")][:n]


def _long_stays(region: Path, plan: Plan, year: int, death: Ints, rng: np.random.Generator) -> dict[str, list[int]]:
    """Stays of the houses, half of the psychiatric ones short; returns what the fund pays by item per budget part."""
    whole = max(40, int(_SHARE * len(plan.people.birth)))
    person = _patients(region, plan, year, death, whole, rng)
    n = len(person)
    house = rng.choice(len(_HOUSES), n, p=(0.4, 0.3, 0.2, 0.1))
    short = rng.random(n) < 0.45
    days = np.where(short, rng.integers(8, 46, n), np.clip(rng.lognormal(4.7, 0.6, n), 20, 700).astype(np.int64))
    days = np.where(house == 3, rng.integers(10, 70, n), days)
    left = day_number(year) + rng.integers(0, 365, n)
    daily = np.array([h[5] for h in _HOUSES])[house] * 100
    cost = np.rint(daily * days * rng.normal(1.0, 0.09, n).clip(0.7, 1.3)).astype(np.int64)
    own = np.rint(cost * rng.uniform(0.12, 0.22, n)).astype(np.int64)
    born = plan.people.birth[person]
    age = (left - days - born) * 4 // 1461
    order = np.lexsort((person, left))
    scheme = plan.people.scheme[person].astype(np.int64)
    long_house = (house < 2) & (days > 60) | (house == 2) & (days >= 15) | (house == 3)
    codes = pa.array([h[4] for h in _HOUSES]).take(pa.array(house[order]))
    columns = {
        "person_id": numbered("P", person[order] + 1, 9),
        "institution_id": pa.array([h[0] for h in _HOUSES]).take(pa.array(house[order])),
        "insurance_scheme": pa.array(SCHEMES).take(pa.array(scheme[order])),
        "sex": pa.array(("male", "female")).take(pa.array(plan.people.sex[person][order].astype(np.int64))),
        "age": pa.array(age[order].astype(np.int16)),
        "los": pa.array(days[order].astype(np.int16)),
        "admission_date": pa.array((left - days)[order].astype(np.int32)).cast(pa.date32()),
        "discharge_date": pa.array(left[order].astype(np.int32)).cast(pa.date32()),
        "discharge_way": pa.array(rng.choice([1, 2, 4], n, p=(0.86, 0.06, 0.08))[order].astype(np.int8)),
        "dx": pa.ListArray.from_arrays(
            pa.array(np.arange(n + 1, dtype=np.int32)), codes.take(pa.array(house[order]))
        ),
        "total_cost": pa.array(cost[order]),
        "personal_paid": pa.array(own[order]),
        "fund_by_item": pa.array((cost - own)[order]),
        "stay_id": numbered(f"L{year}", np.arange(n) + 1, 7),
    }
    table = pa.table({c.name: columns.get(c.name, pa.nulls(n, pa.string())) for c in STAYS.columns})
    folder = region / STAYS.name / f"{year}-long"
    folder.mkdir(parents=True)
    arrays = [_typed(table.column(c.name), c.arrow) for c in STAYS.columns]
    pq.write_table(pa.table(arrays, schema=STAYS.schema), folder / "part-00000.parquet", **WRITE_OPTIONS)
    item = cost - own
    return {
        part: [int(item[(scheme == s) & which].sum()) for s in range(len(SCHEMES))]
        for part, which in (("bed_day", long_house), ("other", ~long_house))
    }


def _typed(column: Any, wanted: Any) -> Any:
    """A column in the dictionary's type; null columns of any type."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if column.null_count == len(column):
        return pa.nulls(len(column), wanted)
    if pa.types.is_list(wanted):
        return pa.ListArray.from_arrays(column.offsets, column.values.dictionary_encode().cast(wanted.value_type))
    return column.dictionary_encode().cast(wanted) if pa.types.is_dictionary(wanted) else column.cast(wanted)


def _communities(
    folder: Path, plan: Plan, lives: Lives, year: int, rng: np.random.Generator, write: Write
) -> dict[str, list[str]]:
    """Communities led by the institutions of the second level (or the first ones), with a share of the townships,
    schools and employers each; returns schools, employers and members."""
    ids = [r["institution_id"] for r in plan.places.institutions]
    leads = [r["institution_id"] for r in plan.places.institutions if r["level"] == "secondary"][:4] or ids[:2]
    rows = [
        {"community_id": f"M{i + 1:02d}", "name": f"第{i + 1}医共体", "institution_id": h}
        for i, h in enumerate(leads)
    ]
    schools, employers = [f"SCH{i:03d}" for i in range(12)], [f"EMP{i:03d}" for i in range(30)]
    others = [h for h in ids if h not in leads]
    members = []
    for kind, items in (("township", list(lives.names)), ("school", schools), ("employer", employers),
                        ("institution", leads), ("institution", others)):  # fmt: skip
        for i, member in enumerate(items):
            members.append({"community_id": rows[i % len(rows)]["community_id"], "member_kind": kind,
                            "member_id": member})  # fmt: skip
    write(folder, COMMUNITIES, rows)
    write(folder, COMMUNITY_MEMBERS, members)
    write(folder, COMMUNITY_SCORES, (
        {"year": year, "community_id": r["community_id"], "score": int(rng.integers(52, 97))} for r in rows
    ))  # fmt: skip
    return {"schools": schools, "employers": employers, "institutions": [*leads, *others]}


def _enrolment(
    folder: Path, people: People, lives: Lives, death: Ints, year: int, places: dict[str, list[str]],
    rng: np.random.Generator,
) -> list[Row]:  # fmt: skip
    """A time of cover for nearly everybody, a few with two that overlap; returns rows of ``exempt_persons``."""
    n = len(people.birth)
    age = year - people.birth_year.astype(np.int64)
    employee = people.scheme == 0
    population = np.select(
        [employee & (rng.random(n) < 0.85), employee, (age >= 6) & (age < 23)], [0, 1, 3], 2
    ).astype(np.int64)  # fmt: skip
    signed = np.where(rng.random(n) < 0.35, rng.integers(0, len(places["institutions"]), n), -1)
    school = np.where(population == 3, rng.integers(0, len(places["schools"]), n), -1)
    employer = np.where(population == 0, rng.integers(0, len(places["employers"]), n), -1)
    start = np.maximum(people.birth, day_number(year - 6)) + rng.integers(0, 200, n)
    ill = np.where(age >= 45, rng.random(n), 1.0)
    sick = [(ill < 0.16), (ill > 0.10) & (ill < 0.42)]
    exempt = np.where(rng.random(n) < 0.03, rng.integers(0, len(_LISTED), n), -1)
    enrolled = rng.random(n) < np.where(exempt >= 0, 0.95, 0.985)
    enrolled &= people.leaves >= year
    known = rng.random(n) < 0.9
    twice = np.flatnonzero(enrolled)[:: max(1, int(enrolled.sum()) // 20)][:20]
    who = np.sort(np.concatenate([np.flatnonzero(enrolled), twice]))
    second = np.append(False, who[1:] == who[:-1])

    def chosen(names: Iterable[str], place: npt.NDArray[Any]) -> Any:
        its = place[who]
        return pa.DictionaryArray.from_arrays(pa.array(its.astype(np.int32), mask=its < 0), pa.array(list(names)))

    count = sum(s[who].astype(np.int64) for s in sick)
    flat = np.stack([s[who] for s in sick], axis=1)
    codes = np.broadcast_to(np.arange(2), flat.shape)[flat]
    days = death[who]
    begin = start[who] + np.where(second, 30, 0)
    columns = {
        "person_id": numbered("P", who + 1, 9),
        "insurance_scheme": chosen(SCHEMES, people.scheme.astype(np.int64)),
        "population": chosen(_POPULATIONS, population),
        "covered_from": pa.array(begin.astype(np.int32)).cast(pa.date32()),
        "covered_to": pa.nulls(len(who), pa.date32()),
        "birth_date": pa.array(people.birth[who].astype(np.int32)).cast(pa.date32()),
        "death_date": pa.array(np.minimum(days, NEVER).astype(np.int32), mask=days >= NEVER).cast(pa.date32()),
        "township": chosen(lives.names, lives.township),
        "school_id": chosen(places["schools"], school),
        "employer_id": chosen(places["employers"], employer),
        "signed_institution_id": chosen(places["institutions"], signed),
        "diseases": pa.ListArray.from_arrays(
            pa.array(np.append(0, np.cumsum(count)).astype(np.int32)),
            pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(("diabetes", "hypertension"))),
        ),
        "migrated": pa.array(rng.random(len(who)) < 0.01),
        "exempt_category": chosen(_LISTED, np.where(known, exempt, -1)),
    }
    folder.mkdir()
    table = pa.table([columns[c] for c in ENROLMENT.names], schema=ENROLMENT.schema)
    pq.write_table(table, folder / "part-00000.parquet", row_group_size=1 << 16, **WRITE_OPTIONS)
    listed = np.flatnonzero((exempt >= 0) & (people.leaves >= year))
    return [
        {"category": _LISTED[exempt[i]], "person_id": f"P{i + 1:09d}", "township": lives.names[lives.township[i]],
         "listed_on": f"{year}-01-01"}
        for i in listed
    ]  # fmt: skip


def _claims(plan: Plan, year: int, rng: np.random.Generator) -> list[Row]:
    """Claims between this area and three others, both ways."""
    ids = [r["institution_id"] for r in plan.places.institutions]
    n = max(60, len(plan.people.birth) // 400)
    rows = []
    for i in range(n):
        out, inpatient = rng.random() < 0.6, rng.random() < 0.55
        cost = int((2_600_000 if inpatient else 42_000) * rng.lognormal(0, 0.5)) // 100 * 100
        free = rng.random() < 0.3
        own = cost * int(rng.integers(38, 52) if free else rng.integers(24, 38)) // 100
        rows.append({
            "claim_id": f"OA{year}{i + 1:06d}", "direction": "out" if out else "in",
            "area": _AREAS[int(rng.integers(0, 3))], "setting": "inpatient" if inpatient else "outpatient",
            "institution_id": f"X{int(rng.integers(1, 9)):03d}" if out else ids[int(rng.integers(0, len(ids)))],
            "insurance_scheme": SCHEMES[int(rng.random() < 0.5)],
            "settled_on": str(np.datetime64(f"{year}-01-01") + int(rng.integers(0, 365))),
            "referred": str(not free and bool(rng.random() < 0.5)).lower(),
            "registered": str(not free).lower(),
            "total_cost": cost, "personal_paid": own, "fund_amount": cost - own,
        })  # fmt: skip
    return rows


def _procurement(plan: Plan, year: int, rng: np.random.Generator) -> list[Row]:
    """Agreements of the larger institutions on a few drugs."""
    ids = [r["institution_id"] for r in plan.places.institutions if r["level"] != "primary"][:8]
    rows = []
    for h in ids:
        for drug in range(3):
            volume = int(rng.integers(5, 40)) * 100
            before = int(rng.integers(800, 4_000))
            rows.append({
                "year": year, "institution_id": h, "insurance_scheme": SCHEMES[drug % 2],
                "drug_id": f"YP{drug + 1:03d}",
                "agreed_volume": volume, "used_volume": int(volume * rng.uniform(0.85, 1.2)),
                "price": before * int(rng.integers(25, 60)) // 100, "price_before": before,
            })  # fmt: skip
    return rows
