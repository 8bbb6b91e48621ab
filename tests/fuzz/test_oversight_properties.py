"""Rules of oversight under search: order and company change nothing, a higher bar finds less, readings agree."""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from drgpay.steps import oversight
from drgpay.steps.oversight.catalogue import Limit, Limits
from support.examples import many
from support.watch import Row, facts, look, rules, stay

DEFAULTS = oversight.DEFAULTS


@st.composite
def stays(draw: st.DrawFn) -> list[Row]:
    """Stays of a few persons close together in time, some short, some empty, some on leave."""
    rows = []
    for i in range(draw(st.integers(1, 8))):
        los = draw(st.integers(0, 12))
        rows.append(
            stay(
                f"S{i}",
                day=draw(st.integers(0, 40)),
                los=los,
                cost=draw(st.sampled_from([100_000, 400_000, 800_000])),
                dx=draw(st.sampled_from(["J18.900", "J15.900", "I10.x00", "Z51.101"])),
                person_id=draw(st.sampled_from(["P1", "P2", None])),
                institution_id=draw(st.sampled_from(["H1", "H2"])),
                adrg=draw(st.sampled_from(["ES3", "HC2"])),
                leave_days=draw(st.integers(0, 12)),
                charge_days=draw(st.integers(0, 12)),
                readmission_planned=draw(st.sampled_from([True, False, None])),
                admission_route=draw(st.sampled_from(["emergency", "outpatient", None])),
                way=draw(st.sampled_from([1, 2, 4, 5, None])),
            )
        )
    return rows


def keys(found: pl.DataFrame) -> list[Any]:
    return sorted(
        found.select("rule", "stay_id", "related", "score", "signal", "record", "value", "weight").rows(), key=str
    )


@given(stays(), st.randoms())
@many(5)
def test_the_order_of_the_rows_changes_nothing(rows: list[Row], dice: random.Random) -> None:
    shuffled = rows[:]
    dice.shuffle(shuffled)
    assert keys(look(rows)) == keys(look(shuffled))


@given(stays())
@many(4)
def test_a_person_is_judged_alone(rows: list[Row]) -> None:
    whole = rules(look(rows))
    parts = [rules(look([r for r in rows if r["person_id"] == p])) for p in ("P1", "P2", None)]
    assert whole == set().union(*parts)


@given(stays(), st.integers(0, 10_000))
@many(4)
def test_a_higher_bar_finds_less(rows: list[Row], bar: int) -> None:
    values = dict(DEFAULTS.values)
    for name, limit in DEFAULTS.values.items():
        if name.startswith("score."):
            values[name] = Limit(max(limit.value, bar), "score", "test")
    higher = look(rows, limits=Limits(MappingProxyType(values)))
    assert rules(higher) <= rules(look(rows))


def plain_splitting(rows: list[Row]) -> set[str]:
    """SP1 by one pair at a time, leads and unclear cases; every group has the means of tests/support/watch."""
    found = set()
    for b in rows:
        earlier = [
            a
            for a in rows
            if a is not b
            and a["person_id"] is not None
            and a["person_id"] == b["person_id"]
            and a["institution_id"] == b["institution_id"]
            and (a["admitted"], a["discharged"], a["stay_id"]) < (b["admitted"], b["discharged"], b["stay_id"])
        ]
        if not earlier:
            continue
        a = max(earlier, key=lambda r: (r["admitted"], r["discharged"], r["stay_id"]))
        gap = (b["admitted"] - a["discharged"]).days
        category = [r["dx"].split("|")[1][:3] for r in (a, b)]
        pattern = any(c == "Z51" for c in category)
        surgery = all(r["adrg"] == "HC2" for r in (a, b))
        same = category[0] == category[1] or a["adrg"] == b["adrg"]
        if not 0 <= gap <= 15 or pattern or a["way"] == 5 or surgery or not same:
            continue
        codes = [r["dx"].strip("|").split("|") for r in (a, b)]
        heads = [{code[:3] for code in own} for own in codes]
        both = a["total_cost"] + b["total_cost"]
        early = a["total_cost"] * 2 <= b["total_cost"] and a["total_cost"] * 10 <= 800_000 * 6
        score = 19 + 12 * (category[0] in heads[1] or category[1] in heads[0])
        score += 10 * (5 * len({*codes[0]} & {*codes[1]}) >= 4 * len({*codes[0]} | {*codes[1]}))
        score += 8 * (gap <= 3) + 5 * (gap <= 7) + 18  # every stay here has the same doctor
        score += 5 * (both * 4 <= 800_000 * 5) + 3 * (both * 10 <= 800_000 * 16)
        score += 4 * (a["los"] * 10 <= 8 * 9) + 3 * (a["los"] * 10 <= 8 * 6)
        score += 4 * (a["total_cost"] * 2 > b["total_cost"] and b["total_cost"] * 2 > a["total_cost"]) - 9 * early
        score += 2 * (b["adrg"] == "HC2" and a["adrg"] != "HC2")
        score -= 12 * (b["admission_route"] == "emergency") + 6 * (a["readmission_planned"] is True)
        score -= 17 * (a["way"] == 4)
        if score >= 60:
            found.add(b["stay_id"])
    return found


@given(stays())
@many(5)
def test_splitting_as_a_plain_reading_has_it(rows: list[Row]) -> None:
    assert {s for r, s in rules(look(rows)) if r == "SP1"} == plain_splitting(rows)


def plain_overlaps(rows: list[Row]) -> set[str]:
    """Stays admitted before the earlier stay of the same person that ends last has ended; a day shared with a stay
    that was sent on or away is a record written a day late."""
    found = set()
    ordered = sorted(rows, key=lambda r: (r["admitted"], r["discharged"], r["stay_id"]))
    for i, b in enumerate(ordered):
        earlier = [a for a in ordered[:i] if a["person_id"] is not None and a["person_id"] == b["person_id"]]
        if not earlier:
            continue
        a = max(earlier, key=lambda r: r["discharged"])
        shared = (min(a["discharged"], b["discharged"]) - b["admitted"]).days
        sent_on = 2 in (a["way"], b["way"]) and shared <= 1
        if (a["discharged"] - b["admitted"]).days >= 1 and not sent_on:
            found.add(b["stay_id"])
    return found


@given(stays())
@many(5)
def test_two_at_once_as_a_plain_reading_has_it(rows: list[Row]) -> None:
    found = look(rows).filter(pl.col("rule").is_in(["HB5", "FR1"]))
    later = {
        max(
            (s, r),
            key=lambda i: next((x["admitted"], x["discharged"], x["stay_id"]) for x in rows if x["stay_id"] == i),
        )
        for s, r in found.select("stay_id", "related").rows()
    }
    assert later == plain_overlaps(rows)


@given(st.lists(st.tuples(st.integers(799_000, 803_000), st.sampled_from(["J18.900", "K80.100"])), max_size=7))
@many(4)
def test_copies_have_an_original_within_the_tolerance(given_rows: list[tuple[int, str]]) -> None:
    rows = [stay(f"S{i}", cost=cost, dx=dx) for i, (cost, dx) in enumerate(given_rows)]
    found = oversight.clones(facts(rows), DEFAULTS)
    by = {r["stay_id"]: r for r in rows}
    for copy, original in found.select("stay_id", "related").rows():
        a, b = by[copy], by[original]
        assert abs(a["total_cost"] - b["total_cost"]) * 100 <= max(a["total_cost"], b["total_cost"])
    neighbours = {dx for _, dx in given_rows if sum(d == dx for _, d in given_rows) > 1}
    if neighbours:
        assert found.height
