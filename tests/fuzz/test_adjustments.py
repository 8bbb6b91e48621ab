"""Decisions and adjustments of single stays: the kernel does what the plain reference does, stay by stay."""

from __future__ import annotations

import random
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.engine import Dataset, frame
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.steps import points
from drgpay.steps.points.kernel import score_batch
from drgpay.tables import GROUPED, STAY_DECISIONS
from support.engines import usual
from support.examples import many
from support.money import LITTLE, demo
from support.plain_year import DIAGNOSES

GROUPS = ("AA11", "BB11", "CC11")
KINDS = ("special", "high_extra", "technology", "tcm", "refuse", "deduct")


def _base() -> points.Base:
    """Two groups with base points, one without."""
    made = {
        "AA11": points.Group("AA11", 50, 800_000, 3000, True, 80_0000, 30_000, False),
        "BB11": points.Group("BB11", 50, 4_000_000, 3000, True, 400_0000, 15_000, False),
        "CC11": points.Group("CC11", 2, 500_000, None, False, None, None, False),
    }
    empty = pl.DataFrame(schema={"institution_id": pl.String, "drg": pl.String, "n": pl.Int64, "cost": pl.Int64})
    return points.Base(1_000_000, 100, made, [], empty)


def _policy(dice: random.Random) -> Policy:
    def maybe(value: str) -> str:
        return value if dice.random() < 0.7 else "none"

    return demo(
        points__high_extra=dice.choice(["auto", "after_review", "none"]),
        points__short_stay_days=maybe(str(dice.randint(0, 2))),
        points__long_stay_days=maybe("60"),
        points__bed_day_points="6.5",
        points__difficulty_age=maybe("80"),
        points__difficulty_comorbidities=maybe("3"),
        points__difficulty_chronic=maybe("[E11, N18.9]"),
        points__difficulty_add="0.1",
        points__difficulty_add_both=maybe("0.2"),
        points__tcm_groups=maybe("[AA11]"),
        points__tcm_min_los=maybe("10"),
        points__tcm_add="0.0333",
        points__technology_max=maybe("0.5"),
        points__readmit_keep="0.5",
        points__readmit_days="9",
    )


def _stay(dice: random.Random, i: int) -> dict[str, Any]:
    drg = dice.choice([*GROUPS, "0000", "BQY"])
    return {
        "stay_id": f"S{i}",
        "institution_id": dice.choice(["H1", "H2"]),
        "insurance_scheme": "employee",
        "los": dice.choice([0, 1, 2, 3, 9, 10, 59, 60, 61, 200]),
        "age": dice.choice([None, 0, 79, 80, 99]),
        "discharge_date": date(2024, 5, 1),
        "dx": [dice.choice(DIAGNOSES) for _ in range(dice.randint(1, 6))],
        "total_cost": dice.choice([0, 1, 10**5, 8 * 10**5, 24 * 10**5, 10**7, 10**9]) + dice.randint(0, 3),
        "personal_paid": 0,
        "fund_by_item": 0,
        "year": 2024,
        "month": 5,
        "drg": drg,
        "severity": "none",
        "status": {"0000": "ungrouped", "BQY": "qy"}.get(drg, "grouped"),
    }


def _decisions(dice: random.Random, stays: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "stay_id": s["stay_id"],
            "institution_id": s["institution_id"],
            "kind": kind,
            "decision": dice.choice(["approved", "approved", "declined", "pending"]),
            "number": dice.randint(0, 9),
            "amount": dice.choice([None, 0, 123_456, 10**8]),
            "share": dice.choice([None, 0, 3_333, 9_999]),
            "reason": None,
        }
        for s in stays
        for kind in KINDS
        if dice.random() < 0.15
    ]


@many(20)
@given(st.integers(0, 2**40))
def test_the_kernel_adjusts_as_the_reference_does(seed: int) -> None:
    dice = random.Random(seed)
    policy, base = _policy(dice), _base()
    stays = [_stay(dice, i) for i in range(dice.randint(0, 40))]
    decided = _decisions(dice, stays)
    register = frame(STAY_DECISIONS.of(decided)) if decided else frame(STAY_DECISIONS.schema.empty_table())
    readmitted = pa.array([s["stay_id"] for s in stays if dice.random() < 0.2], pa.string())
    k = points.Coefficients({"H1": 10_123, "H2": 9_001}, {}, {}, [])
    counted = points.comorbidities(LITTLE, policy)
    adjusting = points.adjusting(policy, register, {}, readmitted, counted)
    tables = points.points_tables(base, k, policy, 2024, (5,), adjusting)
    batch = pa.Table.from_pylist(stays, schema=GROUPED.schema).combine_chunks().to_batches(max_chunksize=10**6)
    if not batch:
        return
    scored, adjustments = score_batch(batch[0], tables)
    made: dict[str, list[tuple[str, int, int]]] = {}
    both = policy.ratio_or_none("points.difficulty_add_both")
    for row in adjustments.to_pylist():
        made.setdefault(row["stay_id"], []).append((row["adjustment"], row["before"], row["after"]))
        if row["parameter"] == "points.difficulty_add_both":
            assert row["factor"] == 10_000 + (both or 0)
        elif row["adjustment"] == "difficulty":
            assert row["factor"] == 11_000
    approved = {(d["stay_id"], d["kind"]): (d["amount"], d["share"]) for d in decided if d["decision"] == "approved"}
    for stay, row in zip(stays, scored.to_pylist(), strict=True):
        its = [] if counted is None else points.comorbidities_of(stay["dx"], counted)
        facts = points.Facts(
            stay["drg"], stay["los"], stay["age"], len(its), stay["stay_id"] in readmitted.to_pylist(),
            {kind: pair for (s, kind), pair in approved.items() if s == stay["stay_id"]},
        )  # fmt: skip
        judged = points.stay_points(
            stay["status"], stay["total_cost"], base.groups.get(stay["drg"]), k.institutions[stay["institution_id"]],
            base.mean_cost, policy, "", facts,
        )  # fmt: skip
        steps = points.adjusted_points(judged, policy, facts)
        assert (row["case_class"], row["extra"], row["discount"]) == (
            judged.case_class, judged.extra, judged.discount)  # fmt: skip
        assert made.get(stay["stay_id"], []) == steps
        assert row["points"] == (steps[-1][2] if steps else judged.points)


def test_special_reviews_beyond_the_quota_do_not_count_in_their_order() -> None:
    policy = demo(points__special_quota="5%")
    rows = [
        {"stay_id": f"S{i}", "institution_id": "H1", "kind": "special", "decision": "approved", "number": 9 - i}
        for i in range(6)
    ]
    # 5 % of 79 discharges are 3 reviews: the smallest numbers, S5, S4, S3; none for an institution without discharges
    counted = points.adjusting(policy, frame(STAY_DECISIONS.of(rows)), {"H1": 79}, None).of("special")
    assert counted.stays.to_pylist() == ["S5", "S4", "S3"]
    assert len(points.adjusting(policy, frame(STAY_DECISIONS.of(rows)), {"H2": 79}, None).of("special").stays) == 0


def test_a_rule_without_its_number_is_a_policy_error() -> None:
    empty = frame(STAY_DECISIONS.schema.empty_table())
    for rule, missing in (
        ({"points__long_stay_days": "60"}, "points.bed_day_points"),
        ({"points__difficulty_age": "80"}, "points.difficulty_add"),
        ({"points__tcm_groups": "[AA11]"}, "points.tcm_add"),
    ):
        with pytest.raises(DrgpayError, match=missing) as failure:
            points.adjusting(demo(**rule), empty, {}, None)
        assert failure.value.kind is Kind.POLICY


def _plain_readmissions(stays: list[dict[str, Any]], days: int, exempt: set[str]) -> set[str]:
    """Every stay and the first later one that begins on the day it ends or after it, one by one."""
    earlier = set()
    for a in stays:
        its = [
            b
            for b in stays
            if (b["admission_date"], b["stay_id"]) > (a["admission_date"], a["stay_id"])
            and b["admission_date"] >= a["discharge_date"]
            and all(b[key] == a[key] for key in ("person_id", "institution_id", "drg"))
        ]
        following = min(its, key=lambda b: (b["admission_date"], b["stay_id"]), default=None)
        counts = following and a["person_id"] and a["status"] == "grouped" and a["drg"] not in exempt
        if counts and (following["admission_date"] - a["discharge_date"]).days <= days:
            earlier.add(a["stay_id"])
    return earlier


@many(9)
@given(st.integers(0, 2**40))
def test_readmissions_are_those_of_every_pair(seed: int) -> None:
    dice = random.Random(seed)
    stays = []
    for i in range(dice.randint(1, 60)):
        first = date(2024, 1, 1) + timedelta(dice.randint(0, 60))
        stay = _stay(dice, i) | {"person_id": dice.choice(["P1", "P2", "P3", None]), "admission_date": first}
        stays.append(stay | {"discharge_date": first + timedelta(dice.randint(0, 9)), "month": 1})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grouped.parquet"
        pq.write_table(pa.Table.from_pylist(stays, schema=GROUPED.schema), path, row_group_size=16)
        policy = demo(points__readmit_days="9", points__readmit_keep="0.5", points__readmit_exempt="[BB11]")
        found = points.readmissions(usual(2), Dataset.of(path), policy, 2024, Path(folder) / "work")
    assert set(found.to_pylist()) == _plain_readmissions(stays, 9, {"BB11"})
