"""Small made-up stays for the rules of oversight: facts by hand, looked at by one rule or all of them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.engine import Dataset, Source, frame
from drgpay.steps import oversight
from drgpay.tables import FEES, PERSONS, VISITS
from support.engines import ON_SPARK, usual

Row = dict[str, Any]
Cases = dict[str, list[tuple[str, list[Row], dict[str, Any], set[tuple[str, str]]]]]
"""by rule: a name, the stays, what is given beside them, and the suspicions (rule, stay)"""
DAY = date(2024, 3, 1)
EVERYTHING = frozenset(need for rule in oversight.RULES.values() for need in rule.needs)
MEANS = {
    "g_n": 100,
    "g_cost": 800_000,
    "g_los": 800,
    "g_test": 200_000,
    "g_drug": 240_000,
    "g_care": 400_000,
    "g_surgery": 0,
    "g_material": 0,
    "g_acts": 100_000,
    "g_nursing": 20_000,
}
FEE_SHARES = {
    "bed": 8,
    "nursing": 7,
    "examination": 12,
    "laboratory": 13,
    "treatment": 15,
    "surgery": 0,
    "drug": 30,
    "material": 5,
}
"""hundredths of the total; what is left is other"""


def fees(total: int, **changed: int) -> Row:
    """Fees of an ordinary medical stay of this cost, some of them changed."""
    return {f"{kind}_fee": changed.get(kind, total * FEE_SHARES[kind] // 100) for kind in FEES}


def stay(stay_id: str, *, day: int = 0, los: int = 8, cost: int = 800_000, dx: str = "J18.900", **more: Any) -> Row:
    """Facts of an ordinary stay: pneumonia, eight days, 8,000 yuan, like its group in everything."""
    admitted = DAY + timedelta(days=day)
    row: Row = dict.fromkeys(oversight.FACTS)
    row |= {
        "stay_id": stay_id,
        "person_id": f"P-{stay_id}",
        "institution_id": "H1",
        "department_id": "D1",
        "doctor_id": "M1",
        "insurance_scheme": "employee",
        "sex": "male",
        "age": 60,
        "los": los,
        "admitted": admitted,
        "discharged": admitted + timedelta(days=los),
        "way": 1,
        "month": admitted.month,
        "settled": True,
        "dx": f"|{dx}|I10.x00|",
        "proc": None,
        "adrg": "ES3",
        "drg": "ES33",
        "severity": "cc",
        "status": "grouped",
        "case_class": "normal",
        "total_cost": cost,
        "personal_paid": cost // 4,
        "fund_by_item": cost * 3 // 4,
        "points": 100_0000,
        "price": 800_000,
        "pay": 600_000,
        "sex_code": False,
        "age_code": False,
        "admission_route": "outpatient",
        "leave_days": 0,
        "readmission_planned": False,
        "charge_days": los,
        "care_days": los,
        "before_amount": 0,
        "charged": cost,
    }
    return row | fees(cost) | more


def visit(visit_id: str, person: str, day: int, **more: Any) -> Row:
    """An outpatient visit for pneumonia with drugs of 600 yuan, ``day`` days after :data:`DAY`."""
    row: Row = {
        "visit_id": visit_id,
        "person_id": person,
        "institution_id": "H1",
        "department_id": "D9",
        "doctor_id": "M9",
        "insurance_scheme": "employee",
        "visit_date": DAY + timedelta(days=day),
        "kind": "outpatient",
        "internet": False,
        "observation_hours": None,
        "dx": ["J18.900"],
        "total_cost": 60_000,
        "personal_paid": 20_000,
        "fund_by_item": 40_000,
        "drug_fee": 60_000,
        "test_fee": 0,
    }
    return row | more


def person(person_id: str, **more: Any) -> Row:
    """A row of the register of persons: a man of sixty, alive."""
    return {
        "person_id": person_id,
        "insurance_scheme": "employee",
        "sex": "male",
        "birth_date": date(1964, 1, 1),
        "death_date": None,
        "township": None,
    } | more


def facts(rows: list[Row]) -> pl.DataFrame:
    """Rows as a frame of facts."""
    return pl.DataFrame(rows, schema=oversight.FACTS)


def means(**changed: int) -> pl.DataFrame:
    """Means of the groups used here."""
    groups = ("ES33", "ES35", "HC23", "HC25", "LOW1")
    return pl.DataFrame([{"drg": g} | MEANS | changed for g in groups])


NO_HOUSES = pl.DataFrame(
    schema={"institution_id": pl.String, "total_cost": pl.Int64}
    | {
        f"{x}{b}": pl.Int64
        for b in ("hotel", "tests", "treatment", "surgery", "drug", "material")
        for x in ("", "x_")
    }
)
"""no institution differs"""


def usual_mix() -> pl.DataFrame:
    """The shares of :func:`fees` for every group used here and pneumonia."""
    own = {"hotel": 1_500, "tests": 2_500, "treatment": 1_500, "surgery": 0, "drug": 3_000, "material": 500}
    groups = means()["drg"]
    return pl.DataFrame([{"drg": g, "dx3": "J18"} | {f"x_{b}": v for b, v in own.items()} for g in groups])


def look(
    rows: list[Row],
    visits: list[Row] | None = None,
    persons: list[Row] | None = None,
    *,
    limits: oversight.Limits = oversight.DEFAULTS,
    groups: pl.DataFrame | None = None,
    peers: list[Row] | None = None,
    links: list[Row] | None = None,
    brought: frozenset[str] = EVERYTHING,
    overall: int = 800_000,
    mixes: pl.DataFrame | None = None,
    houses: dict[str, int] | None = None,
    ranks: dict[str, int] | None = None,
) -> pl.DataFrame:
    """All person-level rules over these stays, visits and persons, without the counts; on Spark as the tests are.
    ``ranks``: levels of institutions, 0 = primary.
    ``mixes``: usual shares, or those of :func:`fees`; ``houses``: stays of every institution, for leads that
    gather."""
    links_frame = pl.DataFrame(links or [], schema={"institution_id": pl.String, "link": pl.String})
    watch = oversight.Watch(
        limits,
        brought,
        means() if groups is None else groups,
        pl.DataFrame(
            peers or [], schema={"institution_id": pl.String, "shrunk": pl.Int64, "lifted_shrunk": pl.Int64}
        ),
        overall,
        links_frame,
        pl.DataFrame(
            list((ranks or {}).items()), orient="row", schema={"institution_id": pl.String, "rank": pl.Int64}
        ),
        mixes=(usual_mix() if mixes is None else mixes, oversight.house_mix(NO_HOUSES)),
    )
    people = None if persons is None else PERSONS.of(persons)
    seen = None if visits is None else VISITS.of(visits)
    stays = facts(rows).to_arrow(compat_level=pl.CompatLevel.oldest())
    judge = _by_engine if ON_SPARK else oversight.person_hits
    found = frame(judge(stays, seen, people, watch=watch))
    return oversight.clustered(found.filter(~pl.col("rule").str.starts_with("=")), houses or {}, limits)


def _by_engine(stays: Any, visits: Any, persons: Any, *, watch: oversight.Watch) -> Any:
    """``person_hits`` as a run of oversight calls it: the rows of a person brought together by the engine."""
    given = {
        "stays": (stays, oversight.PERSON_ORDER),
        "visits": (visits, ("person_id", "visit_date", "visit_id")),
        "persons": (persons, ("person_id",)),
    }
    here = [name for name, (table, _) in given.items() if table is not None]

    def kernel(*batches: Any) -> Any:
        them = dict.fromkeys(("visits", "persons")) | dict(zip(here, batches, strict=True))
        return oversight.person_hits(them["stays"], them["visits"], them["persons"], watch=watch)

    with TemporaryDirectory() as folder:
        sources = []
        for name in here:
            table, order = given[name]
            pq.write_table(table, Path(folder, f"{name}.parquet"))
            sources.append(Source(Dataset.of(Path(folder, f"{name}.parquet")), tuple(table.column_names), order))
        found = usual().map_by(sources, "person_id", kernel, Path(folder, "found"), "look")
        return pa.concat_tables([pq.read_table(path) for path in found.paths])


def rules(found: pl.DataFrame) -> set[tuple[str, str]]:
    """(rule, stay or visit) of what was found."""
    return {(rule, stay or related) for rule, stay, related in found.select("rule", "stay_id", "related").rows()}


def same_person(*rows: Row) -> list[Row]:
    """The stays as those of one person."""
    return [row | {"person_id": "P1"} for row in rows]
