"""Benefit rules in a run: what patients and fund bear comes from rules and referrals, and reaches the money."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from drgpay.engine import read_table
from drgpay.errors import DrgpayError
from drgpay.policy import load, practice_text
from drgpay.runs import Order, explain_stay, read_region, run
from drgpay.samples import make_region
from drgpay.tables import (
    BENEFIT_SPLITS,
    CASE_POINTS,
    CLOSINGS,
    COMMUNITY_MEMBERS,
    GROUPED,
    INSTITUTIONS,
    STATEMENTS,
    STAY_AREAS,
    STAY_DETAILS,
    STAYS,
)
from support.engines import usual
from support.modes import plain_benefit, plain_chains

Row = dict[str, Any]


def practice(folder: Path, days: str) -> str:
    """The demonstration practice whose runs take shares from the benefit rules."""
    text, _ = practice_text("demo")
    at = text.index("      benefit.deductible:")
    path = folder / f"demo-{days}.yaml"
    chains = f"      benefit.in_run: true\n      benefit.chain_days: {days}\n"
    path.write_text(text[:at] + chains + text[at:], encoding="utf-8")
    return str(path)


def refer(region: Path) -> tuple[str, str]:
    """Make two stays of 2024 at two institutions of a community one person's, ten days apart, for one disease."""
    members = read_region(region).registers[COMMUNITY_MEMBERS].filter(pl.col("member_kind") == "institution")
    of = dict(members.select("member_id", "community_id").rows())
    path = sorted((region / "stays" / "2024").glob("*.parquet"))[0]
    stays = pq.read_table(path).to_pylist()
    elsewhere = set(read_region(region).registers[STAY_AREAS]["stay_id"])
    able = [s for s in stays if s["discharge_date"].month == 5 and s["stay_id"] not in elsewhere
            and s["institution_id"] in of and s["total_cost"] > 300_000]  # fmt: skip
    first, then = next(
        (a, b) for a in able for b in able
        if of[a["institution_id"]] == of[b["institution_id"]] and a["institution_id"] != b["institution_id"]
    )  # fmt: skip
    day = date(2024, 5, 10)
    first |= {"person_id": "REFERRED", "admission_date": day - timedelta(first["los"]), "discharge_date": day}
    begins = day + timedelta(10)
    then |= {"person_id": "REFERRED", "insurance_scheme": first["insurance_scheme"], "dx": first["dx"],
             "sex": first["sex"], "age": first["age"], "age_days": first["age_days"],
             "admission_date": begins, "discharge_date": begins + timedelta(then["los"])}  # fmt: skip
    pq.write_table(STAYS.of(stays), path)
    return first["stay_id"], then["stay_id"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, str]]:
    """A region with modes where a person goes up inside a community; its year by benefit rules, and both stays."""
    folder = tmp_path_factory.mktemp("benefit")
    make_region(folder / "r", stays=1_500, seed=4, institutions=6, extras=frozenset({"modes", "details"}))
    pair = refer(folder / "r")
    run(Order(folder / "r", practice(folder, "10"), 2024), folder / "year", usual(1))
    return folder, pair


def rows(paths: Path, name: str) -> list[Row]:
    return [r for path in sorted((paths / name).rglob("*.parquet")) for r in pq.read_table(path).to_pylist()]


def test_r47_a_years_shares_are_those_of_the_plain_rules(place: tuple[Path, tuple[str, str]]) -> None:
    folder, pair = place
    registers = read_region(folder / "r").registers
    elsewhere = set(registers[STAY_AREAS]["stay_id"])
    levels = dict(registers[INSTITUTIONS].select("institution_id", "level").rows())
    members = registers[COMMUNITY_MEMBERS].filter(pl.col("member_kind") == "institution")
    outside = {r["stay_id"]: r["out_of_policy"] or 0 for r in rows(folder / "r", STAY_DETAILS.name)}
    grouped = {r["stay_id"]: r for r in rows(folder / "year" / "tables", GROUPED.name)}
    stays = [
        r | {"out_of_policy": outside.get(r["stay_id"], 0), "chain_id": None, "unreferred": False,
             "disease": r["dx"][0][:3]}
        for r in grouped.values() if r["year"] == 2024 and r["stay_id"] not in elsewhere
    ]  # fmt: skip
    law = load(str(folder / "demo-10.yaml"), on=date(2024, 12, 31))
    chained = plain_chains(stays, dict(members.select("member_id", "community_id").rows()), 10)
    assert {r["stay_id"] for r in chained if r["chain_id"] == pair[0]} == {*pair}
    wanted = plain_benefit(chained, law, levels)
    splits = {r["stay_id"]: r for r in rows(folder / "year" / "tables", BENEFIT_SPLITS.name)}
    assert {s: (r["deductible"], r["fund"]) for s, r in splits.items()} == wanted
    assert all(grouped[s]["fund_by_item"] == r["fund"] for s, r in splits.items())
    assert all(grouped[s]["personal_paid"] == r["personal"] for s, r in splits.items())
    handed = {r["stay_id"]: r for r in rows(folder / "r", "stays")}
    kept = [s for s, r in grouped.items() if s not in splits]
    assert all(grouped[s]["fund_by_item"] == handed[s]["fund_by_item"] for s in kept)
    cases = rows(folder / "year" / "tables", CASE_POINTS.name)
    assert all(c["fund_by_item"] == grouped[c["stay_id"]]["fund_by_item"] for c in cases)
    told = {s.zh: s for s in explain_stay(folder / "year", pair[1])[0]}
    assert any(line.source for line in told["待遇"].lines)
    for row in read_table(folder / "year" / "tables", CLOSINGS).to_dicts():
        sources = row["distributable"] + row["risk_draw"] + row["debts"] + row["recovered"]
        assert sources == row["paid"] + row["returned"] + row["carried_over"]


def test_r47_one_day_more_between_two_stays_is_no_referral(place: tuple[Path, tuple[str, str]]) -> None:
    folder, pair = place
    run(Order(folder / "r", practice(folder, "9"), 2024), folder / "apart", usual(1))
    sides = [
        {r["stay_id"]: r for r in rows(folder / name / "tables", BENEFIT_SPLITS.name)} for name in ("year", "apart")
    ]
    joined, apart = ([side[s]["deductible"] for s in pair] for side in sides)
    assert sum(joined) == max(apart) < sum(apart)
    others = sides[0].keys() - {*pair}
    assert all(sides[0][s] == sides[1][s] for s in others)
    # what the fund owes for the second stay reaches the statement of its institution
    second, house = pair[1], sides[0][pair[1]]["institution_id"]
    more = sides[0][second]["fund"] - sides[1][second]["fund"]
    actual = [
        read_table(folder / name / "tables", STATEMENTS).filter(pl.col("institution_id") == house)["actual"].sum()
        for name in ("year", "apart")
    ]
    assert actual[0] - actual[1] == more > 0


@pytest.mark.parametrize(
    ("days", "said"),
    [("9", "a referral chain with a gap: 10 days between two stays, more than 9"), ("10", "insured in two areas")],
)
def test_r47_a_registered_chain_that_is_none_is_named(
    place: tuple[Path, tuple[str, str]], tmp_path: Path, days: str, said: str
) -> None:
    folder, pair = place
    region = folder / "r"
    path, areas = region / "referrals.csv", region / "stay_areas.csv"
    before = areas.read_text(encoding="utf-8")
    path.write_text(
        "stay_id,chain_id,out_of_area_unreferred\n" + "".join(f"{s},K,false\n" for s in pair), encoding="utf-8"
    )
    if days == "10":
        head = before.splitlines()[0].lstrip("\ufeff").split(",")
        row = {"stay_id": pair[1], "area": "339900"}
        areas.write_text(before + ",".join(row.get(h, "") for h in head) + "\n", encoding="utf-8")
    try:
        with pytest.raises(DrgpayError, match=said):
            run(Order(region, practice(folder, days), 2024), tmp_path / "y", usual(1))
    finally:
        path.unlink()
        areas.write_text(before, encoding="utf-8")
