"""What follows from reviews: nothing without a confirmed one; money once; points, publication, tiers; audits."""

from __future__ import annotations

from dataclasses import replace
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


def limits_with(**changed: int) -> oversight.Limits:
    """The catalogue's limits, some of them others (1/10,000; a dot is written __)."""
    own = {name.replace("__", "."): value for name, value in changed.items()}
    return oversight.limits_of(own)


def drawn_of(rows: pl.DataFrame, risky: pl.DataFrame, limits: oversight.Limits, seed: int = 1) -> pl.DataFrame:
    found = oversight.sample(rows, risky, limits, seed)
    return found.filter(pl.col("rule") == oversight.SAMPLED)


def test_the_sample_is_the_seeds_and_prefers_risk() -> None:
    rows = facts([stay(f"S{i:04d}") for i in range(400)])
    risky = pl.DataFrame({"stay_id": [f"S{i:04d}" for i in range(40)], "score": [10_000] * 40})
    share_alone = limits_with(audit__half_width=0)
    drawn = drawn_of(rows, risky, share_alone)
    assert 5 <= drawn.height <= 8
    assert drawn.equals(drawn_of(rows.sample(fraction=1, shuffle=True, seed=2), risky, share_alone))
    picked = [set(drawn_of(rows, risky, share_alone, seed)["stay_id"]) for seed in range(30)]
    assert len({frozenset(p) for p in picked}) > 20
    share = sum(len(p & set(risky["stay_id"])) for p in picked) / sum(map(len, picked))
    assert 0.4 < share < 0.7  # 40 × 11 of 40 × 11 + 360 × 1
    assert drawn_of(rows.head(3), risky, share_alone).height == 3


def test_what_the_sample_stands_for_adds_up_to_all_stays() -> None:
    rows = facts([stay(f"S{i:04d}", coder_id=f"C{i % 2}") for i in range(400)])
    risky = pl.DataFrame({"stay_id": [f"S{i:04d}" for i in range(40)], "score": [10_000] * 40})
    found = oversight.sample(rows, risky, DEFAULTS, 1)
    drawn = found.filter(pl.col("rule") == oversight.SAMPLED)
    # 73 of an endless number, 62 of 400 for ± 5 points: 56 of the 360, 7 of the 40
    assert dict(drawn.group_by("signal").len().rows()) == {"other": 56, "risk": 7}
    assert abs(int(drawn["weight"].sum()) - 400 * 10_000) <= drawn.height
    strata = found.filter(pl.col("rule") == oversight.STRATA)
    assert sorted(strata.select("signal", "doctor_id", "amount").rows()) == [
        ("other", "C0", 180), ("other", "C1", 180), ("risk", "C0", 20), ("risk", "C1", 20),
    ]  # fmt: skip


@pytest.mark.parametrize(("cases", "half_width", "n"), [(10**9, 500, 73), (400, 500, 62), (10**9, 300, 203),
                                                        (100, 300, 68), (1, 500, 1), (400, 0, 0)])  # fmt: skip
def test_the_size_of_a_sample_is_cochrans(cases: int, half_width: int, n: int) -> None:
    """z = 1.96, p = 5 %: 1.96² · 0.05 · 0.95 ÷ 0.05² = 73."""
    assert statistics.sample_size(cases, 500, half_width, 9_500) == n


@given(st.integers(30, 5_000))
def test_a_sample_of_that_size_keeps_the_half_width(cases: int) -> None:
    n = statistics.sample_size(cases, 500, 500, 9_500)
    k = round(n * 0.05)
    found = statistics.stratified([(cases, n, k)], 9_500)
    assert found is not None
    # Wilson's interval is a little wider than the formula's for a share near 0
    assert (found.high - found.low) / 2 <= 620


def test_quantiles_of_the_normal() -> None:
    assert [statistics.quantile(c) for c in (9_000, 9_500, 9_900)] == [16_449, 19_600, 25_759]


def test_a_stratified_rate_with_its_interval() -> None:
    # one stratum, endless: Wilson 1927 for 10 of 100: 0.0552 to 0.1744
    (found,) = [statistics.stratified([(10**12, 100, 10)], 9_500)]
    assert found == statistics.Estimate(1_000, 552, 1_744)
    # 360 of which 56 looked at, 1 event; 40 of which 7 looked at, 4 events: 0.9 ÷ 56 + 0.1 · 4 ÷ 7
    both = statistics.stratified([(360, 56, 1), (40, 7, 4)], 9_500)
    assert both is not None
    assert both.share == 732
    assert both.low < both.share < both.high
    assert statistics.stratified([(360, 56, 1), (40, 0, 0)], 9_500) is None
    assert statistics.stratified([(50, 50, 5)], 9_500) == statistics.Estimate(1_000, 1_000, 1_000)
    nothing = statistics.stratified([(10**12, 100, 0)], 9_500)
    assert nothing == statistics.Estimate(0, 0, 370)


def audited(stay_id: str, outcome: str, difference: int) -> dict[str, Any]:
    return {"stay_id": stay_id, "outcome": outcome, "difference": difference}


def rates_of(results: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    strata = [
        {"institution_id": "H1", "doctor_id": coder, "signal": signal, "amount": n}
        for coder, signal, n in (("C1", "risk", 10), ("C1", "other", 90), ("C2", "risk", 10), ("C2", "other", 290))
    ]
    sampled = [
        {"institution_id": "H1", "doctor_id": "C1" if i < 20 else "C2", "signal": "risk" if i % 2 else "other",
         "stay_id": f"S{i}"}
        for i in range(40)
    ]  # fmt: skip
    peers = [{"institution_id": "H1", "coder_id": "C1", "observed": 30, "expected": 200_000, "ratio": 15_000}]
    rows = oversight.upcoding_rates(strata, sampled, results, peers, DEFAULTS)
    return {(r["institution_id"], r["coder_id"]): r for r in rows}


def test_the_rate_of_upcoding_counts_what_is_known_of_institutions_and_coders() -> None:
    whole = rates_of([
        # the second coding stood and is paid less; stood and is paid more; the first stood; nobody has decided yet
        audited("S1", "second", 500), audited("S3", "second", -500), audited("S5", "first", 500),
        audited("S7", "arbitrate", 500),
        *(audited(f"S{i}", "agreed", 0) for i in range(0, 40, 2)),
        *(audited(f"S{i}", "agreed", 0) for i in range(9, 40, 2)),
    ])  # fmt: skip
    house = whole["H1", ""]
    assert (house["n"], house["sampled"], house["audited"], house["confirmed"]) == (400, 40, 39, 1)
    assert house["estimate"] == 26  # 20 ÷ 400 · 1 ÷ 19
    assert house["low"] < 26 < house["high"]
    one, other = whole["H1", "C1"], whole["H1", "C2"]
    assert (one["confirmed"], one["estimate"]) == (1, 111)  # 10 ÷ 100 · 1 ÷ 9
    assert (other["confirmed"], other["estimate"]) == (0, 0)
    assert (one["observed"], one["ratio"]) == (30, 15_000)
    nothing = rates_of([])["H1", ""]
    assert (nothing["audited"], nothing["estimate"], nothing["low"], nothing["high"]) == (0, None, None, None)


@pytest.mark.parametrize(("confirmed", "alerts"), [(1, 0), (2, 1)])
def test_the_alert_of_upcoding_needs_what_is_known(confirmed: int, alerts: int) -> None:
    """Twenty audited of a hundred: one confirmed is 5 %, which is not above 5 %; a second one fires it."""
    cells = pl.DataFrame(schema={"institution_id": pl.String, "month": pl.Int8, "drg": pl.String} | dict.fromkeys(
        ("n", "deaths", "total_cost", "out_of_policy", "los"), pl.Int64) | {"department_id": pl.String})  # fmt: skip
    rate = {"institution_id": "H1", "coder_id": "", "confirmed": confirmed, "audited": 20,
            "estimate": confirmed * 500, "low": 1, "high": 2_500}  # fmt: skip
    means = pl.DataFrame(schema={"drg": pl.String, "g_cost": pl.Int64, "g_los": pl.Int64})
    severe = pl.DataFrame(schema={"institution_id": pl.String, "month": pl.Int8, "heavy": pl.Int64,
                                  "major": pl.Int64, "n": pl.Int64})  # fmt: skip
    figures = oversight.Figures(2024, (1,), cells, means, severe, upcoding=[rate, rate | {"coder_id": "C1"}])
    raised, _ = oversight.alerts(figures, DEFAULTS)
    found = [a for a in raised if a["rule"] == "AL04"]
    assert len(found) == alerts
    if found:
        assert (found[0]["value"], found[0]["numerator"], found[0]["denominator"]) == (1_000, 2, 20)
        assert (found[0]["low"], found[0]["high"]) == (1, 2_500)


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
        upcoding=[
            {
                "institution_id": "H2",
                "coder_id": "",
                "confirmed": 5,
                "audited": 60,
                "estimate": 625,
                "low": 200,
                "high": 1_500,
            }
        ],
        billed=[
            {"institution_id": h, "coder_id": "", "differing": 40, "n": 480, "above": h == "H1"} for h in ("H1", "H2")
        ],
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
    group = next(a for a in raised if a["rule"] == "AL15")
    assert (group["alert_id"], group["institution_id"], group["drg"]) == ("AL15/H1/ES31/2024-05", "H1", "ES31")
    assert (group["scope"], group["value"], group["threshold"]) == ("group", 12_000, 11_000)
    assert [a["alert_id"] for a in raised if a["rule"] == "AL15"] == ["AL15/H1/ES31/2024-05"]
    few = replace(figures, cells=cells.with_columns(pl.lit(9, pl.Int64).alias("n")))
    assert not [a for a in oversight.alerts(few, DEFAULTS)[0] if a["rule"] == "AL15"], "few stays a month are no sign"
    assert {i for i in ids if i.startswith("AL04")} == {"AL04/H2/2024-00"}
    assert {i for i in ids if i.startswith("AL05")} == {"AL05/H1/employee/2024-06"}
    assert {i for i in ids if i.startswith("AL06")} == {f"AL06/H1/2024-{m:02d}" for m in (3, 4, 5, 8, 9, 11, 12)}
    assert {i for i in ids if i.startswith("AL08")} == {"AL08/H1/2024-00"}
    assert {i for i in ids if i.startswith("AL09")} == {"AL09/H1/2024-00"}
    assert {i for i in ids if i.startswith("AL14")} == {"AL14/H1/2024-00"}
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
