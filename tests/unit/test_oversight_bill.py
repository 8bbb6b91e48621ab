"""Codes against the bill (R13): each check with a stay that fails it and one that does not, and the rates of them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from drgpay.steps import oversight
from support.watch import Row, facts, means, stay, usual_mix

OPERATED = {"adrg": "HC2", "drg": "HC23", "proc": "|51.2301|"}
GROUPS = means(g_surgery=150_000, g_material=100_000, g_acts=300_000)


def findings(
    *rows: Row, groups: pl.DataFrame = GROUPS, limits: oversight.Limits = oversight.DEFAULTS
) -> pl.DataFrame:
    return oversight.against_bill(facts(list(rows)), groups, usual_mix(), limits)


def failed(*rows: Row, **more: Any) -> set[tuple[str, str]]:
    """(stay, check) of what was found."""
    found = findings(*rows, **more).filter(pl.col("check") != "")
    return set(found.select("stay_id", "check").rows())


@pytest.mark.parametrize(
    ("check", "wrong", "right"),
    [
        (
            "procedure_uncharged",
            OPERATED | {"treatment_fee": 0, "surgery_fee": 20_000, "material_fee": 9_000},
            OPERATED | {"surgery_fee": 150_000, "material_fee": 90_000},
        ),
        (
            "no_operating_room",
            OPERATED | {"surgery_fee": 0, "material_fee": 90_000},
            {"surgery_fee": 0, "material_fee": 90_000},
        ),
        (
            "implant_uncharged",
            OPERATED | {"proc": "|36.0701|", "surgery_fee": 150_000, "material_fee": 0},
            OPERATED | {"surgery_fee": 150_000, "material_fee": 0},
        ),
        (
            "implant_unrecorded",
            OPERATED | {"surgery_fee": 150_000, "material_fee": 600_000},
            OPERATED | {"proc": "|81.5401|", "surgery_fee": 150_000, "material_fee": 600_000},
        ),
        ("drug_missing", {"drug_fee": 10_000}, {"drug_fee": 60_000}),
        ("drug_missing", {"drug_fee": 0}, {"drug_fee": 0, "los": 1}),
        (
            "test_missing",
            {"examination_fee": 0, "laboratory_fee": 9_000},
            {"examination_fee": 0, "laboratory_fee": 9_000, "way": 5},
        ),
    ],
)
def test_a_check_finds_what_it_is_for(check: str, wrong: dict[str, Any], right: dict[str, Any]) -> None:
    assert ("A", check) in failed(stay("A", **wrong))
    assert ("B", check) not in failed(stay("B", **right))


def test_an_ordinary_stay_passes_and_one_without_fees_is_not_checked() -> None:
    assert failed(stay("A"), stay("B", **OPERATED, surgery_fee=150_000, material_fee=90_000)) == set()
    unknown = {
        f"{kind}_fee": None for kind in ("drug", "examination", "laboratory", "treatment", "surgery", "material")
    }
    assert findings(stay("A", **unknown)).height == 0
    assert findings(stay("A", settled=False)).height == 0


def test_what_a_finding_says() -> None:
    (row,) = findings(stay("A", drug_fee=10_000)).filter(pl.col("check") == "drug_missing").to_dicts()
    assert (row["field"], row["value"], row["expected"]) == ("stay_details.drug_fee", 10_000, 240_000)


def test_a_bureaus_own_limit_counts() -> None:
    assert failed(stay("A", drug_fee=60_000)) == set()
    own = oversight.limits_of({"bill.left": 2_500})
    assert failed(stay("A", drug_fee=60_000), limits=own) == {("A", "drug_missing")}


def test_rates_of_institutions_and_coders() -> None:
    rows = [stay(f"S{i:03d}", coder_id="C1" if i < 40 else "C2") for i in range(80)]
    for row in rows[:3]:  # two findings of one stay are one stay
        row |= {"drug_fee": 0, "examination_fee": 0, "laboratory_fee": 0}
    rates = {r["coder_id"]: r for r in oversight.bill_rates(findings(*rows), oversight.DEFAULTS)}
    assert {c: (r["n"], r["differing"], r["share"], r["above"]) for c, r in rates.items()} == {
        "": (80, 3, 375, False), "C1": (40, 3, 750, True), "C2": (40, 0, 0, False),
    }  # fmt: skip
    assert (rates[""]["drug_missing"], rates[""]["test_missing"], rates[""]["no_operating_room"]) == (3, 3, 0)
    cells = pl.DataFrame({"institution_id": ["H1"], "n": [80], "filled": [80 * 7]})
    (quality,) = oversight.record_quality(cells, [], list(rates.values()))
    assert (quality["against_bill"], quality["accurate"], quality["score"]) == (9_625, None, 9_813)
