"""Modes of many stays, persons and visits: kernels against the plain reference, conservation, order, threads."""

from __future__ import annotations

import hashlib
import random
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from drgpay.engine import dataset, frame, one_batch, read_table
from drgpay.ledger import Ledger
from drgpay.steps import modes
from drgpay.tables import (
    BED_DAY_ASSESSMENTS,
    BENEFIT_SPLITS,
    BUDGET_AMOUNTS,
    CAPITATION_RESULTS,
    CLOSINGS,
    COMMUNITIES,
    COMMUNITY_MEMBERS,
    ENROLMENT,
    GRADE_REGISTER,
    GROUPED,
    INSTITUTION_KINDS,
    MODE_PAYMENTS,
    PROCUREMENT,
    PROCUREMENT_PAYMENTS,
    STAY_AREAS,
    STAY_DECISIONS,
    STAY_MODES,
    STAY_PAYMENTS,
    VISIT_PAYMENTS,
)
from support.examples import some
from support.modes import (
    KINDS,
    LEVELS,
    Area,
    law,
    plain_benefit,
    plain_heads,
    plain_mode,
    plain_mode_payments,
    plain_price,
    settle,
)
from support.money import grouped_rows, stay

LAW = law()
RULES = {r.id: r for r in LAW.rules("modes.rules")}
CODES = ("I10", "F20.0", "H25.1", "H26", "Z51.1", "N18.5", "E11")

stays = st.builds(
    lambda **g: stay("x", g.pop("h"), **g),
    h=st.sampled_from(sorted(LEVELS)),
    los=st.integers(0, 400),
    month=st.integers(1, 12),
    insurance_scheme=st.sampled_from(("employee", "resident")),
    dx=st.lists(st.sampled_from(CODES), min_size=1, max_size=3),
    proc=st.none() | st.lists(st.sampled_from(("13.41", "13.5", "99.25")), max_size=2),
    discharge_way=st.none() | st.sampled_from((1, 2, 3, 4, 5, 9)),
    total_cost=st.integers(0, 3_000_000),
    personal_paid=st.integers(0, 500_000),
    fund_by_item=st.integers(0, 2_000_000),
)
areas = st.lists(stays, min_size=1, max_size=25)


def numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [r | {"stay_id": f"{i:04d}", "person_id": f"P{i % 5}"} for i, r in enumerate(rows)]


def places(guests: dict[str, str] | None = None) -> modes.Places:
    return modes.Places(LEVELS, KINDS, guests or {})


@given(areas, st.booleans())
def test_mode_rule_exit_and_price_of_every_stay_are_those_of_the_reference(rows: Any, total: bool) -> None:
    policy = law(fund__basis="total" if total else "fund")
    rows = numbered(rows)
    guests = {r["stay_id"]: "X" for r in rows[::7]}
    tables = modes.mode_tables(policy, places(guests))
    written, pooled, _ = modes.assign_batch(one_batch(grouped_rows(rows)), tables, 2024, tuple(range(1, 13)))
    for row, got in zip(rows, written.to_pylist(), strict=True):
        mode, rule, left = plain_mode(row, policy, guests)
        assert (got["mode"], got["rule"], got["exit"]) == (mode, rule, left)
        if mode == "drg":
            assert got["price"] is None
            continue
        price = plain_price(row, mode, RULES[rule].category, policy)
        owed = max(price - row["personal_paid"], 0) if total else price
        priced = mode in ("bed_day", "single_disease", "quota")
        assert (got["price"], got["due"]) == (price, owed if priced else row["fund_by_item"])
    assert set(pooled["stay_id"].to_pylist()) == {r["stay_id"] for r in written.to_pylist() if r["mode"] == "drg"}


def parts(amount: int) -> list[dict[str, Any]]:
    """The same budget of every part."""
    return [
        {"year": 2024, "insurance_scheme": s, "part": p, "amount": amount}
        for s in ("employee", "resident")
        for p in ("bed_day", "outpatient", "out_of_area", "other")
    ]


PARTS = [
    {"year": 2024, "insurance_scheme": s, "part": p, "amount": 5_000_000}
    for s in ("employee", "resident")
    for p in ("bed_day", "outpatient", "out_of_area", "other")
]
COMMUNITY = {
    COMMUNITIES: [{"community_id": c, "name": c, "institution_id": h} for c, h in (("A", "C1"), ("B", "H2"))],
    COMMUNITY_MEMBERS: [
        {"community_id": c, "member_kind": k, "member_id": m}
        for c, k, m in (("A", "institution", "C1"), ("A", "township", "T1"), ("B", "institution", "H2"),
                        ("B", "township", "T2"), ("B", "school", "S1"), ("B", "employer", "E1"))
    ],
}  # fmt: skip
times = st.builds(
    lambda start, days, **g: {"covered_from": date.fromordinal(start), "covered_to": date.fromordinal(start + days)
                              if days else None, **g},
    st.integers(date(2023, 1, 1).toordinal(), date(2025, 1, 31).toordinal()),
    st.integers(0, 500),
    insurance_scheme=st.sampled_from(("employee", "resident")),
    population=st.sampled_from(("employee", "flexible", "resident", "student")),
    birth_date=st.dates(date(1930, 1, 1), date(2024, 12, 31)),
    death_date=st.none() | st.dates(date(2023, 6, 1), date(2025, 1, 31)),
    township=st.none() | st.sampled_from(("T1", "T2", "T3")),
    school_id=st.none() | st.just("S1"),
    employer_id=st.none() | st.sampled_from(("E1", "E2")),
    signed_institution_id=st.none() | st.sampled_from(("C1", "H1")),
    diseases=st.none() | st.lists(st.sampled_from(("diabetes", "hypertension", "gout")), max_size=3),
    migrated=st.none() | st.booleans(),
)  # fmt: skip
people = st.dictionaries(st.sampled_from([f"P{i}" for i in range(6)]), st.lists(times, min_size=1, max_size=3))


def enrolment_rows(persons: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Times by person, in the order a kernel gets them; a second time from the same day is left out."""
    times = [{"person_id": p, "exempt_category": None} | t for p, ts in persons.items() for t in ts]
    rows = {(t["person_id"], t["covered_from"]): t for t in times}
    return [rows[key] for key in sorted(rows)]


@given(people)
def test_heads_are_those_of_the_reference(persons: Any) -> None:
    registers = {t: frame(t.of(rows)) for t, rows in COMMUNITY.items()}
    tables = modes.capitation_of(LAW, registers[COMMUNITIES], registers[COMMUNITY_MEMBERS], 2024)
    rows = enrolment_rows(persons)
    batch = one_batch(ENROLMENT.of(rows))
    got = {r["person_id"]: r for r in modes.heads_of(batch, tables).to_pylist()}
    wanted = plain_heads(rows, COMMUNITY[COMMUNITY_MEMBERS], LAW, 2024)
    assert got.keys() == wanted.keys()
    for person, head in wanted.items():
        assert {k: got[person][k] for k in head} == head


visits = st.lists(
    st.builds(
        lambda **g: g,
        person_id=st.sampled_from([f"P{i}" for i in range(8)]),
        institution_id=st.sampled_from(("C1", "H1", "H2")),
        insurance_scheme=st.sampled_from(("employee", "resident")),
        visit_date=st.dates(date(2023, 12, 1), date(2024, 12, 31)),
        kind=st.sampled_from(("outpatient", "emergency", "chronic", "special")),
        internet=st.none() | st.booleans(),
        dx=st.none() | st.lists(st.sampled_from(CODES), max_size=2),
        total_cost=st.integers(0, 100_000),
        personal_paid=st.integers(0, 50_000),
        fund_by_item=st.integers(0, 60_000),
    ),
    max_size=20,
)
BASE = [
    stay("b", year=y, total_cost=100_000 + i) | {"stay_id": f"b{y}{i}"} for y in (2021, 2022, 2023) for i in range(6)
]


def digests(folder: Path) -> dict[str, str]:
    """Digest of every small table and of the ledger."""
    files = [*folder.glob("*.parquet"), folder.parent / "ledger.jsonl"]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(files)}


@some(2)
@given(areas, people, visits, st.sampled_from(("carry", "prorate")), st.booleans(), st.randoms(use_true_random=False))
def test_every_stay_is_paid_once_and_the_fund_is_conserved_in_any_order(
    rows: Any, persons: Any, care: Any, overrun: str, in_points: bool, rng: random.Random
) -> None:
    policy = law(modes__overrun=overrun, modes__bed_day_in_points=str(in_points).lower())
    inpatient = [*BASE, *numbered(rows)]
    enrolment = enrolment_rows(persons)
    outpatient = [v | {"visit_id": f"v{i:03d}"} for i, v in enumerate(care)]
    registers = COMMUNITY | {
        INSTITUTION_KINDS: [{"institution_id": h, "kind": k} for h, k in KINDS.items()],
        BUDGET_AMOUNTS: PARTS,
        STAY_AREAS: [{"stay_id": "0003", "area": "X"}],
    }
    made = []
    with TemporaryDirectory() as folder:
        for number, (threads, files) in enumerate(((1, 1), (2, 3))):
            area = Area(list(inpatient), policy, registers, list(outpatient), list(enrolment))
            made.append(settle(Path(folder, str(number)), area, threads=threads, files=files))
            for items in (inpatient, outpatient, enrolment):
                rng.shuffle(items)
        assert digests(made[0]) == digests(made[1])
        tables = made[0]
        for row in read_table(tables, CLOSINGS).to_dicts():
            sources = row["distributable"] + row["risk_draw"] + row["recovered"]
            assert sources == row["paid"] + row["returned"] + row["carried_over"]
        assert sum(Ledger.read(tables.parent / "ledger.jsonl").balances().values()) == 0
        by_mode = {r["stay_id"]: r for r in _all(tables, STAY_MODES)}
        assert by_mode.keys() == {f"{i:04d}" for i in range(len(rows))}
        pooled = {r["stay_id"] for r in _all(tables, STAY_PAYMENTS)}
        own = {s for s, r in by_mode.items() if r["mode"] == "drg" or (in_points and r["mode"] == "bed_day")}
        assert pooled == own
        elsewhere = pooled | {s for s, r in by_mode.items() if r["mode"] == "out_of_area"}
        months = read_table(tables, MODE_PAYMENTS).filter((pl.col("month") > 0) & (pl.col("setting") == "inpatient"))
        assert months["before"].sum() == sum(r["due"] for s, r in by_mode.items() if s not in elsewhere)
        for row in read_table(tables, CAPITATION_RESULTS).to_dicts():
            assert row["pool"] == row["result"] + row["charges"]
        if care:
            paid = _all(tables, VISIT_PAYMENTS)
            assert len(paid) == sum(v["visit_date"].year == 2024 for v in care)
            assert not [r for r in paid if r["inside"] and (r["due"] or r["charged"])]


def _all(tables: Path, table: Any) -> list[dict[str, Any]]:
    return [r for path in dataset(tables, table).paths for r in pq.read_table(path).to_pylist()]


prorated = st.sampled_from(("none", "[single_disease, quota, by_item]", "[bed_day, capitation, procurement]"))


@some(3)
@given(areas, people, visits, prorated, st.sampled_from(("none", "[bed_day, by_item]")), st.sampled_from(
    ("fund", "total")), st.sampled_from((0, 77_777, 900_001, 50_000_000)), st.integers(0, 99))  # fmt: skip
def test_months_and_year_of_the_modes_are_those_of_the_reference(
    rows: Any, persons: Any, care: Any, named: str, without: str, basis: str, amount: int, seed: int
) -> None:
    dice = random.Random(seed)
    policy = law(
        modes__overrun=dice.choice(("carry", "prorate", "prorate")), modes__prorated=named, modes__no_deposit=without,
        fund__basis=basis, settlement__monthly_pay_ratio=dice.choice(("0.95", "0.3333")),
        settlement__deposit_return="{excellent: 1, good: 1, pass: 0.9, fail: 0.3333}",
    )  # fmt: skip
    inpatient = numbered(rows)
    decided = [
        {"stay_id": s["stay_id"], "institution_id": s["institution_id"], "kind": "refuse", "decision": "approved",
         "number": 1}
        for s in inpatient if dice.random() < 0.3
    ]  # fmt: skip
    grades = {h: dice.choice(("excellent", "good", "pass", "fail")) for h in LEVELS}
    agreements = [
        {"year": 2024, "institution_id": h, "insurance_scheme": "employee", "drug_id": "D", "agreed_volume": 10,
         "used_volume": 12, "price": 333, "price_before": 5_000}
        for h in ("H1", "H2")
    ]  # fmt: skip
    registers = COMMUNITY | {
        INSTITUTION_KINDS: [{"institution_id": h, "kind": k} for h, k in KINDS.items()],
        BUDGET_AMOUNTS: parts(amount), STAY_DECISIONS: decided, PROCUREMENT: agreements,
        GRADE_REGISTER: [{"year": 2024, "institution_id": h, "grade": g} for h, g in grades.items()],
    }  # fmt: skip
    outpatient = [v | {"visit_id": f"v{i:03d}"} for i, v in enumerate(care)]
    with TemporaryDirectory() as folder:
        area = Area([*BASE, *inpatient], policy, registers, outpatient, enrolment_rows(persons))
        tables = settle(Path(folder, "a"), area)
        factors = {
            (r["institution_id"], r["category"]): r["factor"]
            for r in read_table(tables, BED_DAY_ASSESSMENTS).to_dicts()
        }
        results = read_table(tables, CAPITATION_RESULTS).to_dicts()
        rewards = read_table(tables, PROCUREMENT_PAYMENTS).to_dicts()
        wanted, cut_pools, cut_rewards = plain_mode_payments(
            _all(tables, STAY_MODES), _all(tables, VISIT_PAYMENTS) if care else [], factors, results, rewards,
            {(p["insurance_scheme"], p["part"]): p["amount"] for p in parts(amount)}, grades, policy,
        )  # fmt: skip
        found = {tuple(r[n] for n in MODE_PAYMENTS.key): r for r in read_table(tables, MODE_PAYMENTS).to_dicts()}
        assert found.keys() == wanted.keys()
        for key, row in wanted.items():
            assert {n: found[key][n] for n in row} == row, key
        for r in results:
            assert r["cut"] == cut_pools[r["insurance_scheme"], r["community_id"]]
            assert r["result"] == r["pool"] - r["cut"] - r["charges"]
        assert {(r["insurance_scheme"], r["institution_id"]): r["cut"] for r in rewards} == cut_rewards
        for row in read_table(tables, CLOSINGS).to_dicts():
            sources = row["distributable"] + row["risk_draw"] + row["recovered"]
            assert sources == row["paid"] + row["returned"] + row["carried_over"]


claims = st.lists(
    st.builds(
        lambda **g: g,
        person=st.none() | st.sampled_from(("P1", "P2")),
        institution_id=st.sampled_from(sorted(LEVELS)),
        insurance_scheme=st.sampled_from(("employee", "resident")),
        admission_date=st.dates(date(2023, 11, 1), date(2024, 3, 1)),
        total_cost=st.integers(0, 90_000_000),
        out_of_policy=st.integers(0, 2_000_000),
        chain_id=st.none() | st.sampled_from(("K1", "K2")),
        unreferred=st.booleans(),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@given(claims)
def test_benefits_are_those_of_the_reference_and_every_fen_is_somebodys(rows: Any) -> None:
    rows = [r | {"stay_id": f"s{i:02d}", "person_id": r["person"]} for i, r in enumerate(rows)]
    referrals = pl.DataFrame(
        [(r["stay_id"], r["chain_id"], r["unreferred"]) for r in rows],
        {"stay_id": pl.String, "chain_id": pl.String, "out_of_area_unreferred": pl.Boolean},
        orient="row",
    )
    batch = pa.table({
        n: pa.array([r[n] for r in rows], GROUPED[n].arrow)
        for n in ("stay_id", "person_id", "institution_id", "insurance_scheme", "admission_date", "total_cost")
    } | {"discharge_date": pa.array([r["admission_date"] for r in rows], pa.date32()),
         "out_of_policy": pa.array([r["out_of_policy"] for r in rows], pa.int64())})  # fmt: skip
    split = modes.split_costs(batch, modes.benefit_of(LAW, LEVELS, referrals))
    BENEFIT_SPLITS.check(split)
    wanted = plain_benefit(rows, LAW)
    for got in split.to_pylist():
        assert got["fund"] + got["personal"] == got["total_cost"]
        own = got["out_of_policy"] + got["deductible"] + got["own_share"] + got["over_cap"]
        assert own == got["personal"]
        assert (got["deductible"], got["fund"]) == wanted[got["stay_id"]]
