"""What follows from reviews: nothing without a confirmed one; money once; points, publication, tiers; audits."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError
from drgpay.steps import oversight
from drgpay.steps.oversight import statistics
from support.watch import DAY, facts, stay

DEFAULTS = oversight.DEFAULTS
HOUSES = ("H1", "H2")


def suspicion(name: str, **more: Any) -> dict[str, Any]:
    return {
        "suspicion_id": name,
        "violation": "splitting",
        "institution_id": "H1",
        "insurance_scheme": "employee",
        "department_id": "D1",
        "doctor_id": "M1",
        "stay_id": f"S-{name}",
        "amount": 120_000,
        "stay_payment": 700_000,
    } | more


def review(name: str, decision: str = "confirm", **more: Any) -> dict[str, Any]:
    return {
        "suspicion_id": name,
        "decision": decision,
        "reason": "r",
        "reviewer": "R1",
        "on": date(2025, 2, 1),
        "treatment": "recover",
        "amount": None,
        "damages_multiple": None,
        "points": 3,
        "publish": True,
    } | more


KNOWN = {name: suspicion(name) for name in "ABCDEF"}


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), st.sampled_from(["confirm", "dismiss"])))
def test_nothing_is_punished_without_a_confirmed_review(decisions: dict[str, str]) -> None:
    treated = oversight.treatments([review(n, d) for n, d in decisions.items()], KNOWN)
    confirmed = {n for n, d in decisions.items() if d == "confirm"}
    assert {r["suspicion_id"] for r in treated} == confirmed
    entries = oversight.ledger_preview(treated)
    assert {e["suspicion_id"] for e in entries} == confirmed
    assert sum(e["amount"] for e in entries) == 120_000 * len(confirmed)
    assert {r["violation_id"] for r in oversight.violation_rows(treated, 2024)} == confirmed
    assert oversight.refusal_rows(treated, 1) == []
    assert sum(r["points"] for r in oversight.doctor_points(treated, DEFAULTS)) == 3 * len(confirmed)
    assert sum(r["count"] for r in oversight.publications(treated)) == len(confirmed)
    tiers = oversight.violation_tiers(treated, HOUSES, 2024, DEFAULTS)
    assert {t["institution_id"]: t["violations"] for t in tiers} == {"H1": len(confirmed), "H2": 0}


def test_damages_points_and_tiers() -> None:
    treated = oversight.treatments(
        [
            review("A", treatment="damages", damages_multiple=20_000, points=12),
            review("B", treatment="refuse"),
            review("C", treatment="interview", publish=False),
        ],
        KNOWN,
    )
    assert [(r["amount"], r["damages"]) for r in treated] == [(120_000, 240_000), (700_000, 0), (0, 0)]
    assert [(e["event"], e["amount"]) for e in oversight.ledger_preview(treated)] == [
        ("violation_recovered", 120_000),
        ("damages", 240_000),
        ("stay_refused", 700_000),
    ]
    (decision,) = oversight.refusal_rows(treated, 7)
    assert (decision["stay_id"], decision["kind"], decision["decision"], decision["number"]) == (
        "S-B",
        "refuse",
        "approved",
        7,
    )
    (doctor,) = oversight.doctor_points(treated, DEFAULTS)
    assert (doctor["points"], doctor["left"], doctor["suspended"]) == (18, 0, True)
    (told,) = oversight.publications(treated)
    assert (told["count"], told["amount"], told["damages"]) == (2, 820_000, 240_000)
    many = oversight.treatments([review(n, points=0) for n in KNOWN], KNOWN)
    assert oversight.violation_tiers(many, HOUSES, 2024, DEFAULTS)[0]["tier"] == "focus"
    assert oversight.violation_tiers(treated, HOUSES, 2024, DEFAULTS)[1]["tier"] == "ordinary"


@pytest.mark.parametrize(
    ("reviews", "words"),
    [
        ([review("X")], "no such suspicion"),
        ([review("A", treatment=None)], "needs a treatment"),
        ([review("A", treatment="damages")], "need a multiple"),
        ([review("A", damages_multiple=20_000)], "only the treatment damages"),
        ([review("A", treatment="refuse", amount=5_000)], "takes no amount"),
        ([review("N", treatment="refuse")], "no stay to refuse"),
        ([review("A"), review("A2")], "refused or recovered for A"),
    ],
)
def test_reviews_that_do_not_fit_are_refused(reviews: list[dict[str, Any]], words: str) -> None:
    known = KNOWN | {"N": suspicion("N", stay_id=None), "A2": suspicion("A2", stay_id="S-A")}
    with pytest.raises(DrgpayError, match=words):
        oversight.treatments(reviews, known)


def test_the_sample_is_the_seeds_and_prefers_risk() -> None:
    rows = facts([stay(f"S{i:04d}") for i in range(400)])
    risky = pl.DataFrame({"stay_id": [f"S{i:04d}" for i in range(40)], "score": [10_000] * 40})
    drawn = oversight.sample(rows, risky, DEFAULTS, 1)
    assert 5 <= drawn.height <= 8
    assert drawn.equals(oversight.sample(rows.sample(fraction=1, shuffle=True, seed=2), risky, DEFAULTS, 1))
    picked = [set(oversight.sample(rows, risky, DEFAULTS, seed)["stay_id"]) for seed in range(30)]
    assert len({frozenset(p) for p in picked}) > 20
    share = sum(len(p & set(risky["stay_id"])) for p in picked) / sum(map(len, picked))
    assert 0.4 < share < 0.7  # 40 × 11 of 40 × 11 + 360 × 1
    assert oversight.sample(rows.head(3), risky, DEFAULTS, 1).height == 3


def test_two_codings_side_by_side() -> None:
    def coded(drg: str, dx1: str, price: int) -> dict[str, Any]:
        return {"institution_id": "H1", "drg": drg, "dx1": dx1, "price": price}

    first = {s: coded("ES31", "J18.900", 900) for s in "ABCD"}
    second = {
        "A": first["A"],
        "B": coded("ES35", "J18.900", 500),
        "C": coded("ES35", "J40.x00", 500),
        "D": coded("ES31", "J40.x00", 900),
    }
    results, agreement = oversight.audit_results(first, second, {"B": "second", "D": "first"})
    assert [r["outcome"] for r in results] == ["agreed", "second", "arbitrate", "first"]
    assert [r["difference"] for r in results] == [0, 400, 400, 0]
    assert (agreement[0]["n"], agreement[0]["agreed"]) == (4, 2)
    cells = pl.DataFrame({"institution_id": ["H1"], "n": [10], "filled": [63]})
    (quality,) = oversight.record_quality(cells, results)
    assert (quality["filled"], quality["accurate"], quality["score"]) == (9_000, 6_667, 7_834)
    (staff,) = oversight.coder_staffing([{"institution_id": "H1", "beds": 501, "coders": 4}], DEFAULTS)
    assert (staff["required"], staff["missing"]) == (6, 2)


def test_kappa_of_a_published_table() -> None:
    """Sim and Wright 2005: 22, 2, 4, 11 of 39 give kappa 0.67."""
    pairs = [("y", "y")] * 22 + [("y", "n")] * 2 + [("n", "y")] * 4 + [("n", "n")] * 11
    found = statistics.kappa(pairs)
    assert found.kappa is not None
    assert found.low is not None
    assert found.high is not None
    assert round(found.kappa / 10_000, 2) == 0.67
    assert found.low < found.kappa < found.high
    assert statistics.kappa([("y", "y")] * 3).kappa is None


@pytest.mark.parametrize(
    ("z", "tail"), [(0, 0.5), (1, 0.158655254), (1.96, 0.024997895), (3, 0.001349898), (6, 1e-9)]
)
def test_normal_tail(z: float, tail: float) -> None:
    assert abs(statistics.upper_tail(Fraction(str(z)) ** 2) - tail * 10**9) <= 2


def test_trend_as_in_the_textbook() -> None:
    """Agresti's alcohol and malformation table, scores 0, .5, 1.5, 4, 7: z² = 6.57 (scores doubled: the same)."""
    counts = [(0, 48, 17114), (1, 38, 14502), (3, 5, 793), (8, 1, 127), (14, 1, 38)]
    trend = statistics.falling(counts)
    assert trend is not None
    assert not trend.falling
    assert abs(float(trend.square) - 6.57) < 0.01


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**9), max_size=8), st.integers(1, 5_000))
def test_false_discovery_is_monotone_in_its_rate(p: dict[str, int], rate: int) -> None:
    assert statistics.discoveries(p, rate) <= statistics.discoveries(p, rate * 2)


@given(st.integers(0, 500), st.integers(1, 500), st.integers(1, 100))
def test_limits_of_a_chart_hold_its_centre_and_widen_for_few(events: int, cases: int, n: int) -> None:
    events = min(events, cases)
    centre, low, high = statistics.chart_limits(events, cases, n, 3)
    _, wide_low, wide_high = statistics.chart_limits(events, cases, max(1, n // 2), 3)
    assert 0 <= wide_low <= low <= centre <= high <= wide_high <= 10_000


def test_alerts_of_a_month_a_streak_and_a_list() -> None:
    def cell(house: str, month: int, cost: int, **more: int) -> dict[str, Any]:
        base = {
            "institution_id": house,
            "department_id": "D1",
            "month": month,
            "drg": "ES31",
            "n": 40,
            "total_cost": cost * 40,
            "los": 320,
            "deaths": 0,
            "transfers": 0,
            "coded": 10,
            "major": 2,
            "grouped": 40,
            "out_of_policy": 0,
        }
        return base | more

    cells = pl.DataFrame(
        [cell("H1", m, 120_000 if m in (3, 4, 5, 8, 9, 11, 12) else 100_000) for m in range(1, 13)]
        + [cell("H2", m, 100_000, deaths=int(m == 7)) for m in range(1, 13)]
    )
    means = pl.DataFrame({"drg": ["ES31"], "g_cost": [100_000], "g_los": [800]})
    severe = pl.DataFrame(
        schema={"institution_id": pl.String, "month": pl.Int64, "heavy": pl.Int64, "major": pl.Int64, "n": pl.Int64}
    )
    before = cells.select("institution_id", "month", "drg", "n", (pl.col("n") * 105_000).alias("cost"))
    figures = oversight.Figures(
        2024,
        tuple(range(1, 13)),
        cells,
        means,
        severe,
        heads={"H1": 240, "H2": 480},
        before=before,
        upcoded={"H2": 30},
        readmitted={("H1", 1): 30, ("H1", 2): 30},
        advances=[
            {
                "year": 2024,
                "month": 6,
                "insurance_scheme": "employee",
                "institution_id": "H1",
                "used": 90,
                "cost": 120,
                "cost_last_year": 100,
                "advance": 100,
            }
        ],
        health=[
            {
                "month": 3,
                "insurance_scheme": "employee",
                "light": "red",
                "balance": 5,
                "spent": 12,
                "months_of_payment": 50_000,
            }
        ],
    )
    raised, evidence = oversight.alerts(figures, DEFAULTS)
    ids = {a["alert_id"] for a in raised}
    assert {i for i in ids if i.startswith("AL01")} == {"AL01/H1/2024-05"}
    assert {i for i in ids if i.startswith("AL02")} == {
        "AL02/H1/D1/2024-04",
        "AL02/H1/D1/2024-09",
        "AL02/H1/D1/2024-12",
    }
    assert sorted(e["month"] for e in evidence if e["alert_id"] == "AL01/H1/2024-05") == [3, 4, 5]
    assert {i for i in ids if i.startswith("AL04")} == {"AL04/H2/2024-00"}
    assert {i for i in ids if i.startswith("AL05")} == {"AL05/H1/employee/2024-06"}
    assert {i for i in ids if i.startswith("AL06")} == {f"AL06/H1/2024-{m:02d}" for m in (3, 4, 5, 8, 9, 11, 12)}
    assert {i for i in ids if i.startswith("AL08")} == {"AL08/H1/2024-00"}
    assert {i for i in ids if i.startswith("AL09")} == {"AL09/H1/2024-00"}
    assert {i for i in ids if i.startswith("AL13")} == {"AL13/employee/2024-03"}
    one = next(a for a in raised if a["alert_id"] == "AL01/H1/2024-05")
    assert (one["value"], one["threshold"], one["parameter"]) == (12_000, 11_000, "alert.cost_index")
    assert (one["raised_on"], one["deadline"]) == (date(2024, 5, 31), date(2024, 6, 30))
    points = oversight.control_points(figures, DEFAULTS)
    outside = {(p["institution_id"], p["indicator"], p["month"]) for p in points if p["outside"]}
    assert outside == {("H1", "readmit_15", 1), ("H1", "readmit_15", 2), ("H2", "mortality", 7)}


def test_low_risk_groups_come_from_the_logarithm_of_mortality() -> None:
    scores = statistics.risk_scores(
        {"A": (1, 10_000), "B": (10, 1_000), "C": (20, 1_000), "D": (300, 1_000), "E": (0, 50)}
    )
    assert (scores["A"], scores["E"]) == (1, 0)
    assert scores["A"] < scores["B"] <= scores["C"] < scores["D"]
    assert DAY.year == 2024
