"""Oversight, design/07 §2: what only many stays together show. Leads that gather in one house, patients brought in
batches, the prices of a house, and charges added up by day."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from drgpay.steps import oversight
from support.watch import DAY, Row, facts, fees, look, means, same_person, stay, usual_mix

HALF = {"los": 4, "cost": 420_000}


def returns(house: str, person: str) -> list[Row]:
    """Two halves of one stay, two days apart under two doctors: the data alone cannot tell."""
    own = {"institution_id": house}
    rows = same_person(stay(f"{person}A", **HALF, **own), stay(f"{person}B", day=6, **HALF, **own))
    return [row | {"person_id": person, "doctor_id": f"M{i}"} for i, row in enumerate(rows)]


def scored(houses: dict[str, int], *rows: list[Row]) -> pl.DataFrame:
    found = look([row for group in rows for row in group], [], [], houses=houses)
    return found.filter(pl.col("rule") == "SP1")


def leads(houses: dict[str, int], *rows: list[Row]) -> pl.DataFrame:
    return scored(houses, *rows).filter(oversight.is_lead(oversight.DEFAULTS))


def test_unclear_cases_that_gather_in_one_house_become_leads_and_the_same_elsewhere_do_not() -> None:
    many = [returns("H1", f"P{i}") for i in range(6)]
    single = [returns(f"H{i}", f"Q{i}") for i in (2, 3)]
    houses = {f"H{i}": 1_000 for i in range(1, 11)}
    found = leads(houses, *many, *single)
    assert set(found["institution_id"]) == {"H1"}
    assert found["stay_id"].n_unique() == 6
    signs = found.filter(pl.col("field") == "suspicions").sort("signal")
    assert signs.select("signal", "record", "value", "expected", "weight").unique(maintain_order=True).rows() == [
        ("clustered", "H1", "6", "1", 300),
        ("crowded", "H1", "6", "1", 500),
    ]
    # the others are still listed, as cases that the data cannot tell
    assert set(scored(houses, *many, *single)["institution_id"]) == {"H1", "H2", "H3"}
    # every house with as many leads as its size explains: chance
    even = [returns(f"H{i}", f"R{i}") for i in range(1, 11)]
    assert leads(houses, *even).height == 0
    assert scored(houses, *even)["stay_id"].n_unique() == 10
    # two leads are few, however small the house
    assert leads({"H1": 10, "H2": 9_990}, *many[:2]).height == 0


def test_what_is_rare_in_a_house_speaks_for_it() -> None:
    many = [returns("H1", f"P{i}") for i in range(9)]
    houses = {"H1": 2_000, "H2": 9_000}
    usual = scored(houses, *many, returns("H2", "Q"))
    rare = usual.filter((pl.col("institution_id") == "H2") & (pl.col("signal") == "rare"))
    assert rare.select("value", "expected", "weight", "score").rows() == [("1", "8", -500, 6_800)]
    assert set(usual.filter(pl.col("institution_id") == "H1")["score"]) == {8_100}


def test_leads_of_any_form_count_together_for_their_house() -> None:
    """Three ways of splitting in one house, two cases of each, are six leads of it."""
    half = {**HALF, "institution_id": "H1"}
    wards, changed = [], []
    for i in range(2):
        moved = {"department_id": "D2", "doctor_id": "M2", "dx": "J18.900", "way": 4}
        wards += same_person(
            stay(f"W{i}A", **half), stay(f"W{i}B", day=4, **half, **moved) | {"dx": "|J18.900|E11.900|K29.500|"}
        )
        changed += same_person(
            stay(f"C{i}A", **half), stay(f"C{i}B", day=6, doctor_id="M2", dx="I10.x00", adrg="FR1", **half)
        )
        for row in (*wards[-2:], *changed[-2:]):
            row["person_id"] = f"{row['stay_id'][:2]}"
    rows = [returns("H1", f"P{i}") for i in range(2)]
    found = look(
        [r for g in (*rows, wards, changed) for r in g], [], [], houses={f"H{i}": 1_000 for i in range(1, 11)}
    )
    signs = found.filter(pl.col("signal") == "clustered").group_by("rule").agg(pl.col("value").first()).sort("rule")
    assert dict(signs.rows()) == {"SP1": "6", "SP4": "6", "SP9": "6"}


def test_scores_of_clustered_leads_are_the_sum_of_their_evidence() -> None:
    found = scored({f"H{i}": 1_000 for i in range(1, 11)}, *(returns("H1", f"P{i}") for i in range(6)))
    by = found.group_by("stay_id").agg(pl.col("score").first(), pl.col("weight").sum())
    assert by.height == 6
    assert (by["score"] == by["weight"]).all()


def brought(day: int, count: int, **more: object) -> list[Row]:
    cheap = {"los": 3, "cost": 300_000, "severity": "none"}
    return [stay(f"D{day:03}-{i}", day=day, **{**cheap, **more}) for i in range(count)]


def batch_stays(rows: list[Row]) -> set[str]:
    found = oversight.batches(facts(rows), means(), 1_600_000, oversight.DEFAULTS)
    return set(found["stay_id"])


def test_patients_brought_in_a_batch_are_found() -> None:
    quiet = [row for week in range(40) for row in brought(7 * week, 1)]
    batch = brought(100, 3) + brought(101, 2)
    assert batch_stays(quiet + batch) == {row["stay_id"] for row in batch}
    assert batch_stays(quiet + brought(100, 3)) == set(), "three are no batch"
    assert batch_stays(quiet + brought(100, 5, admission_route="emergency")) == set(), "an accident"
    assert batch_stays(quiet + brought(100, 5, cost=800_000)) == set(), "as costly as others"
    busy = [row for day in range(0, 300) for row in brought(day, 3)]
    assert batch_stays(busy) == set(), "every day as many"


def test_what_a_whole_house_does_is_no_sign_against_one_of_its_stays() -> None:
    own = fees(800_000, drug=560_000, examination=40_000, laboratory=40_000, treatment=20_000)
    rows = [stay(f"S{i}", severity="none") | own for i in range(12)]
    batch = pa.table(facts(rows).to_arrow())
    sums = pl.from_arrow(oversight.house_sums(batch, mixes=usual_mix()))
    assert isinstance(sums, pl.DataFrame)
    house = oversight.house_mix(sums)
    assert dict(zip(house.columns, house.row(0), strict=True)) == {
        "institution_id": "H1", "h_hotel": 0, "h_tests": -1_500, "h_treatment": -1_250, "h_surgery": 0,
        "h_drug": 4_000, "h_material": 0,
    }  # fmt: skip
    alone = look(rows[:1], [], [], overall=1_600_000)
    assert set(alone["rule"]) == {"NI1"}


def test_shares_of_rare_pairs_are_not_used() -> None:
    batch = pa.table(facts([stay(f"S{i}") for i in range(9)]).to_arrow())
    sums = pl.from_arrow(oversight.mix_sums(batch))
    assert isinstance(sums, pl.DataFrame)
    assert oversight.fee_mix(sums, 10).height == 0
    assert oversight.fee_mix(sums, 9).select("drg", "dx3", "x_drug", "x_tests").rows() == [
        ("ES33", "J18", 3_000, 2_500)
    ]


KINDS = ("bed", "nursing", "drug", "examination", "laboratory", "treatment")


@given(
    st.lists(
        st.tuples(st.integers(-4, 12), st.sampled_from(KINDS), st.integers(-50, 9_000)), min_size=1, max_size=30
    ),
    st.integers(0, 30),
)
def test_charges_by_day_are_what_single_charges_say(charges: list[tuple[int, str, int]], cut: int) -> None:
    """Added up in any two parts, against a reading of one charge at a time."""
    one = stay("A")
    rows = [
        {"stay_id": "A", "charge_date": DAY + timedelta(days=d), "category": kind, "amount": amount}
        for d, kind, amount in charges
    ]
    table = pa.RecordBatch.from_pylist(rows)
    parts = [pl.from_arrow(oversight.charge_days(p)) for p in (table.slice(0, cut), table.slice(cut)) if p.num_rows]
    days = pl.concat(parts).sort(*oversight.DAY_ORDER)
    screened = facts([one]).select(*oversight.SCREENED)
    got = pl.from_arrow(oversight.facts(pa.table(screened.to_arrow()), None, pa.table(days.to_arrow())))
    assert isinstance(got, pl.DataFrame)
    row = got.row(0, named=True)

    paid = [(DAY + timedelta(days=d), kind, amount) for d, kind, amount in charges if amount > 0]
    inside = [c for c in paid if one["admitted"] <= c[0] <= one["discharged"]]
    early = [c for c in paid if c[0] < one["admitted"]]
    tests = ("examination", "laboratory")

    def on(chosen: list[tuple[date, str, int]]) -> set[date]:
        return {day for day, _, _ in chosen}

    expected = {
        "charge_days": len(on(inside)),
        "care_days": len(on([c for c in inside if c[1] not in ("bed", "nursing")])),
        "test_days": len(on([c for c in inside if c[1] in tests])),
        "before_amount": sum(c[2] for c in early),
        "before_care": sum(c[2] for c in early if c[1] not in tests),
        "charged": sum(c[2] for c in paid),
        "late_tests": sum(c[2] for c in inside if c[1] in tests and (c[0] - one["admitted"]).days > 2),
    }
    assert {k: row[k] for k in expected} == (expected if paid else dict.fromkeys(expected))
