"""A small synthetic run folder: made from the table definitions, adding up like a real one, in a moment."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from drgpay.engine import table_path, write_table
from drgpay.scheme import load
from drgpay.tables import (
    BASE_GROUPS,
    CLOSINGS,
    COEFFICIENTS,
    FINDINGS,
    GRADES,
    GROUP_NAMES,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    LEVELS,
    POOLS,
    STATEMENTS,
)
from drgpay.units import ONE, half_up, split

Row = dict[str, Any]

NASTY = "=1+1 <b>\"仁爱\" & '康复'</b></script><img src=x onerror=alert(1)>"
LONG = "汕尾市城区红草镇中心卫生院暨社区康复与老年护理医疗服务联合体第二院区"
GROUPS = ("AA19", "BB11", "BR23", "ES13", "FM19", "GD25", "HC23", "IF35", "LL13", "OB25", "RE13", "ZZ15", "XX00")
COMPONENTS = ("cost_difference", "level", "capacity", "guidance", "management")


def fake_run(
    folder: Path,
    *,
    count: int = 6,
    kind: str = "year",
    schemes: tuple[str, ...] = ("employee", "resident"),
    idle: str = "",
    with_findings: bool = True,
) -> Path:
    """Write a run of ``count`` institutions into ``folder`` and return it. ``kind`` is ``year`` or ``month``;
    ``idle`` names an insurance scheme without stays and budget."""
    dice = random.Random(7)
    tables = folder / "tables"
    ids = [f"H{i:04d}" for i in range(1, count + 1)]
    names = [NASTY, LONG, *(f"示范第{i}医院" for i in range(3, count + 1))]
    levels = [LEVELS[i % 3] for i in range(count)]
    registers = [{"institution_id": h, "name": n, "level": v} for h, n, v in zip(ids, names, levels, strict=False)]
    rows: dict[str, list[Row]] = {"pools": [], "institution_months": [], "statements": [], "closings": []}
    months = range(1, 13) if kind == "year" else range(1, 4)
    for scheme in schemes:
        active = ids[:-1] if scheme != idle else []  # the last institution has no stay
        _scheme(dice, rows, scheme, active, months)
        if kind == "year":
            _clearing(dice, rows, scheme, dict(zip(ids, levels, strict=True)))
    found = _findings() if with_findings else []
    written = [
        (INSTITUTIONS, registers),
        (BASE_GROUPS, _groups(dice)),
        (GROUP_NAMES, [{"drg": drg, "name": name} for drg, name in load("chs-drg-1.0").group_names.items()]),
        (COEFFICIENTS, _coefficients(dice, ids)),
        (POOLS, rows["pools"]),
        (INSTITUTION_MONTHS, rows["institution_months"]),
    ]
    if kind == "year":
        written += [(STATEMENTS, rows["statements"]), (CLOSINGS, rows["closings"])]
    for table, content in written:
        write_table(tables, table, table.of(content))
    parts = table_path(tables, FINDINGS)
    parts.mkdir()
    for i, part in enumerate((found[:700], found[700:])):
        pq.write_table(FINDINGS.of(part), parts / f"part-{i}.parquet")
    stays = sum(p["n"] for p in rows["pools"] if p["month"])
    manifest = {
        "kind": kind,
        "region": {"id": "shanwei", "title": {"zh": "汕尾 <示范>", "en": "Shanwei <sample>"}},
        "year": 2023,
        "month": None if kind == "year" else 3,
        "practice": "shanwei-2023",
        "scheme": "chs-drg-1.0",
        "software": "drgpay 0.1.0",
        "policy_digest": "ab" * 32,
        "scheme_digest": "cd" * 32,
        "basis": "fund",
        "counts": {
            "stays_in": stays + 40,
            "stays_ok": stays,
            "rejected": 40,
            "findings": len(found),
            "grouped": stays - stays // 50 - stays // 100,
            "ungrouped": stays // 50,
            "qy": stays // 100,
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return folder


def _scheme(dice: random.Random, rows: dict[str, list[Row]], scheme: str, active: list[str], months: range) -> None:
    size = {h: dice.randint(20, 900) for h in active}
    for month in months:
        stays = {h: max(1, size[h] * dice.randint(80, 120) // 100) for h in active}
        points = {h: n * dice.randint(600_000, 1_500_000) for h, n in stays.items()}
        budget = sum(points.values()) * dice.randint(95, 105) // 100
        dues = split(budget, points) if active else {}
        rows["pools"].append(_pool(scheme, month, budget, sum(stays.values()), sum(points.values())))
        for h in active:
            rows["institution_months"].append(
                {
                    "insurance_scheme": scheme,
                    "month": month,
                    "institution_id": h,
                    "n": stays[h],
                    "points": points[h],
                    "cost": dues[h] * 3 // 2,
                    "actual": dues[h] * dice.randint(80, 118) // 100,
                    "refused": 0,
                    "due": dues[h],
                    "paid": dues[h] - dues[h] // 20,
                    "deposit": dues[h] // 20,
                }
            )


def _pool(scheme: str, month: int, budget: int, n: int, points: int) -> Row:
    reserve = budget // 20
    return {
        "insurance_scheme": scheme,
        "month": month,
        "budget": budget + reserve,
        "adjusted": 0,
        "reserve": reserve,
        "elsewhere": 0,
        "patients": 0,
        "distributable": budget,
        "n": n,
        "points": points,
        "point_value": half_up(budget * 100 * ONE, points) if points else None,
    }


def _clearing(dice: random.Random, rows: dict[str, list[Row]], scheme: str, levels: dict[str, str]) -> None:
    mine = [r for r in rows["institution_months"] if r["insurance_scheme"] == scheme]
    pools = [p for p in rows["pools"] if p["insurance_scheme"] == scheme]
    distributable = sum(p["distributable"] for p in pools)
    points = sum(p["points"] for p in pools)
    rows["pools"].append(_pool(scheme, 0, distributable, sum(p["n"] for p in pools), points))
    statements = []
    for h, level in levels.items():
        months = [r for r in mine if r["institution_id"] == h]
        sums = {k: sum(r[k] for r in months) for k in ("n", "points", "cost", "actual", "due", "paid", "deposit")}
        due, actual = sums["due"], sums["actual"]
        balance = due - actual
        returned = max(0, balance) * 3 // 10
        shared = max(0, -balance) * 3 // 10
        forfeited = sums["deposit"] // 10 if dice.random() < 0.3 else 0
        settled = due - returned + shared - forfeited
        statements.append(
            dict.fromkeys((c.name for c in STATEMENTS.columns if c.type == "fen"), 0)
            | {
                "insurance_scheme": scheme,
                "institution_id": h,
                "level": level,
                "grade": GRADES[dice.randint(0, 3)],
                "n": sums["n"],
                "points": sums["points"],
                "cmi": dice.randint(7000, 16000) if months else None,
                "cost": sums["cost"],
                "actual": actual,
                "refused": 0,
                "due": due,
                "balance": balance,
                "use_ratio": half_up(actual * ONE, due) if due else None,
                "keep_share": 7000 if balance > 0 else None,
                "surplus_returned": returned,
                "overspend_reasonable": shared,
                "overspend_shared": shared,
                "deposit_held": sums["deposit"],
                "deposit_forfeited": forfeited,
                "second_distribution": 0,
                "settled": settled,
                "paid_in_months": sums["paid"],
                "violations": 0,
                "sanctioned": False,
                "damages": 0,
                "advance_netted": 0,
                "debt_netted": 0,
                "final_payment": settled - sums["paid"],
            }
        )
    pot = sum(s["deposit_forfeited"] + s["surplus_returned"] // 2 for s in statements)
    weights = {s["institution_id"]: s["points"] if s["grade"] in GRADES[:2] else 0 for s in statements}
    shares = split(pot, weights) if any(weights.values()) else dict.fromkeys(weights, 0)
    for s in statements:
        share = shares[s["institution_id"]]
        s.update(second_distribution=share, settled=s["settled"] + share, final_payment=s["final_payment"] + share)
    final = [s["final_payment"] for s in statements]
    rows["statements"] += statements
    carried = distributable - sum(s["due"] for s in statements)
    shared = sum(s["overspend_shared"] for s in statements)
    paid = sum(s["paid_in_months"] for s in statements) + sum(f for f in final if f > 0)
    recovered = -sum(f for f in final if f < 0)
    rows["closings"].append(
        dict.fromkeys((c.name for c in CLOSINGS.columns if c.type == "fen"), 0)
        | {
            "insurance_scheme": scheme,
            "budget": sum(p["budget"] for p in pools),
            "reserve": sum(p["reserve"] for p in pools),
            "distributable": distributable,
            "risk_draw": shared,
            "debts": 0,
            "recovered": recovered,
            "paid": paid,
            "returned": distributable + shared + recovered - paid - carried,
            "carried_over": carried,
        }
    )


def _groups(dice: random.Random) -> list[Row]:
    rows = []
    for i, drg in enumerate(GROUPS):
        mean = dice.randint(200_000, 9_000_000)
        stable = i % 4 != 3
        rows.append(
            {
                "drg": drg,
                "n": dice.randint(3, 4000),
                "mean_cost": mean,
                "cv": dice.randint(2500, 14000) if i != 3 else None,
                "stable": stable,
                "base_points": half_up(mean * 100 * ONE, 1_200_000) if stable else None,
                "high_multiple": 20_000 if stable else None,
                "basic": i % 5 == 0,
            }
        )
    return rows


def _coefficients(dice: random.Random, ids: list[str]) -> list[Row]:
    return [
        {
            "institution_id": h,
            "component": component,
            "n": 1200,
            "own_cost": value * 10**5,
            "own_expected": 10**15 if component == "total" else 10**9,
            "level_cost": 10**9,
            "level_expected": 10**9,
            "unbounded": value,
            "value": max(8000, min(value, 12_000)),
            "bound": "min" if value < 8000 else "max" if value > 12_000 else "none",
        }
        for h in ids
        for component in (*COMPONENTS, "total")
        for value in [dice.randint(7500, 12_500)]
    ]


def _findings() -> list[Row]:
    return [
        {
            "file": "stays.csv",
            "row": 2 + i,
            "stay_id": f"S{i:05d}" if i % 3 else None,
            "field": "dx" if i % 2 else "total_cost",
            "value": "A00<x>" if i % 2 else "",
            "rule": "unknown_code" if i % 2 else "negative_amount",
            "level": "warn" if i % 2 else "error",
            "zh": "诊断编码不在字典中 <核对>" if i % 2 else "金额为负",
            "en": "code not in the dictionary <check>" if i % 2 else "amount below zero",
        }
        for i in range(1200)
    ]
