"""Payment modes one stay, visit or person at a time, in plain Python: what the kernels must say (design/06)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from drgpay.engine import dataset, frame
from drgpay.policy import Laws, Policy, load, one_law
from drgpay.runs.linked import Account
from drgpay.runs.manifest import TABLES
from drgpay.runs.money import Period
from drgpay.runs.order import Order
from drgpay.runs.region import Region, Registers
from drgpay.runs.settle import Running
from drgpay.tables import BUDGETS, ENROLMENT, GROUPED, INSTITUTIONS, VISITS, Table
from support.engines import usual
from support.money import LITTLE, write_grouped
from support.plain_year import UNIT, rounded, shared

Row = dict[str, Any]

LEVELS = {"H1": "tertiary", "H2": "secondary", "P1": "tertiary", "P2": "secondary", "R1": "secondary",
          "C1": "primary"}  # fmt: skip
KINDS = {"H1": "general", "H2": "general", "P1": "psychiatric", "P2": "psychiatric", "R1": "rehabilitation",
         "C1": "primary_care"}  # fmt: skip


def law(**changes: str) -> Policy:
    """The demonstration practice of 2024 with some values changed; ``bed_day__cut="5%"`` changes ``bed_day.cut``."""
    policy = load("demo", on=date(2024, 12, 31))
    return policy.amend({n.replace("__", "."): v for n, v in changes.items()}, "a test") if changes else policy


def plain_mode(stay: Row, policy: Policy, areas: Mapping[str, str] | None = None) -> tuple[str, str, str | None]:
    """Mode, rule and exit of one stay."""
    left = None
    dx, proc = stay["dx"] or [], stay["proc"] or []
    for rule in policy.rules("modes.rules"):
        if rule.visits:
            continue
        when, exits = dict(rule.when), dict(rule.exits)
        asked = {
            "elsewhere": lambda w: (stay["stay_id"] in (areas or {})) == w,
            "kinds": lambda w: KINDS.get(stay["institution_id"]) in w,
            "levels": lambda w: LEVELS.get(stay["institution_id"]) in w,
            "institutions": lambda w: stay["institution_id"] in w,
            "departments": lambda w: stay["department_id"] in w,
            "schemes": lambda w: stay["insurance_scheme"] in w,
            "los_from": lambda w: stay["los"] >= w,
            "los_upto": lambda w: stay["los"] <= w,
            "dx": lambda w: bool(dx) and any(dx[0].startswith(p) for p in w),
            "proc": lambda w: any(c.startswith(p) for c in proc for p in w),
        }
        if not all(asked[name](wanted) for name, wanted in when.items()):
            continue
        reason = None
        if any(c.startswith(p) for c in dx[1:] for p in exits.get("dx", ())):
            reason = "complication"
        elif any(c.startswith(p) for c in proc for p in exits.get("proc", ())):
            reason = "procedure"
        elif str(stay["discharge_way"]) in exits.get("ways", ()):
            reason = "discharge_way"
        elif "cost_below" in exits and stay["total_cost"] < exits["cost_below"]:
            reason = "cost_below"
        elif "cost_above" in exits and stay["total_cost"] > exits["cost_above"]:
            reason = "cost_above"
        if reason is None:
            return rule.mode, rule.id, left
        left = left or reason
    return "drg", "default", left


def plain_price(stay: Row, mode: str, category: str, policy: Policy) -> int:
    """Price of one stay in fen, for the modes that have one."""
    level = LEVELS[stay["institution_id"]]

    def fitting(name: str) -> list[Any]:
        rates = [r for r in policy.rates(name) if r.keys[0] == category and r.keys[1] in (level, "")]
        exact = [r for r in rates if r.keys[1] == level]
        return exact or rates

    days = max(stay["los"], 1)
    if mode == "bed_day":
        return sum(
            next(r.fen for r in fitting("bed_day.rates") if r.start <= d <= (r.upto or 10**9))
            for d in range(1, days + 1)
        )
    if mode == "single_disease":
        price = fitting("single_disease.prices")[0].fen
        return min(price, stay["total_cost"]) if policy.choice_or_none("single_disease.pays") == "lower" else price
    if mode == "quota":
        times = days if category in (policy.codes_or_none("quota.per_day") or ()) else 1
        return fitting("quota.amounts")[0].fen * times
    return int(stay["total_cost"])


@dataclass
class Area:
    """A pooling area of a test: its stays, registers beside the institutions, visits and enrolment."""

    stays: Sequence[Row]
    policy: Policy
    registers: Mapping[Table, Sequence[Row]] = field(default_factory=dict)
    visits: Sequence[Row] = ()
    enrolment: Sequence[Row] = ()
    budget: int = 100_000_00
    laws: Laws | None = None
    """of a year whose law changes"""


def settle(folder: Path, area: Area, *, threads: int = 2, files: int = 1, month: int | None = None) -> Path:
    """Settle an area as a run does once the stays are grouped; the folder of the tables."""
    folder.mkdir(parents=True)
    run = object.__new__(Running)
    run.scheme = LITTLE
    run.shared = None
    run.order = Order(folder, "demo", 2024, month)
    run.period = Period(2024, run.order.months)
    run.folder, run.engine, run.shared = folder, usual(threads), None
    run.tables, run.work = folder / TABLES, folder / "work"
    (run.tables / "findings").mkdir(parents=True)
    base = {
        INSTITUTIONS: [{"institution_id": h, "name": h, "level": level} for h, level in LEVELS.items()],
        BUDGETS: [
            {"year": 2024, "insurance_scheme": s, "revenue": 1, "drg_budget": area.budget}
            for s in ("employee", "resident")
        ],
    }
    run.registers = Registers({t.name: frame(t.of(list(rows))) for t, rows in (base | dict(area.registers)).items()})
    run.laws, run.run_id = area.laws or one_law(area.policy, 2024, run.order.month), "test-2024"
    run.region = Region(folder / "region", {"id": "test"}, run.registers)
    run.chain, run.account = None, Account(None, run.registers, 2024, month)
    for table, rows in ((VISITS, area.visits), (ENROLMENT, area.enrolment)):
        if rows:
            write_rows(run.region.folder, table, rows, files)
    write_grouped(run.tables, area.stays, files)
    run._money(dataset(run.tables, GROUPED))
    return run.tables


def write_rows(folder: Path, table: Table, rows: Sequence[Row], files: int = 1) -> None:
    """Rows of a declared table as canonical Parquet below a region's folder, in so many files."""
    import pyarrow.parquet as pq

    target = folder / table.name
    target.mkdir(parents=True)
    size = max(1, -(-len(rows) // files))
    for number in range(files):
        piece = rows[number * size : (number + 1) * size]
        pq.write_table(table.of([dict.fromkeys(table.names) | r for r in piece]), target / f"part-{number}.parquet")


def plain_mode_payments(
    stays: Sequence[Row],
    visits: Sequence[Row],
    factors: Mapping[tuple[str, str], int],
    results: Sequence[Row],
    rewards: Sequence[Row],
    budgets: Mapping[tuple[str, str], int],
    grades: Mapping[str, str],
    policy: Policy,
) -> tuple[dict[tuple[Any, ...], Row], dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """Months and year of the modes, with what is cut from pools and rewards, one stay or visit after the other.

    ``stays``, ``visits``: rows of ``stay_modes`` and ``visit_payments``; ``factors``: (institution, category) →
    factor; ``results``, ``rewards``: rows of ``capitation_results`` and ``procurement_payments``, of which the whole
    pool and the whole reward count.
    """
    ratio = Fraction(policy.ratio("settlement.monthly_pay_ratio"), UNIT)
    without = policy.names_or_none("modes.no_deposit") or ()
    in_points = policy.flag("modes.bed_day_in_points")
    rows: dict[tuple[Any, ...], Row] = {}
    for setting, its in (("inpatient", stays), ("outpatient", visits)):
        for r in its:
            if setting == "inpatient" and (
                r["mode"] in ("drg", "out_of_area") or (r["mode"] == "bed_day" and in_points)
            ):
                continue
            refused = r.get("refused")
            for month in (r["month"], 0):
                key = (r["insurance_scheme"], month, r["institution_id"], setting, r["mode"], r["category"])
                row = rows.setdefault(key, dict.fromkeys(("n", "cost", "actual", "price", "before", "refused"), 0))
                row["n"] += 1
                row["cost"] += r["total_cost"]
                row["actual"] += r["fund_by_item"] if refused is None else 0
                row["price"] += r["price"] or 0
                row["before"] += r["due"] + (refused or 0)
                row["refused"] += refused or 0
    months = [key for key in rows if key[1]]
    for key in months:
        row = rows[key]
        due = row["before"] - row["refused"]
        paid = rounded(due * ratio)
        row |= {"due": due, "paid": paid, "forfeited": 0, "deposit": 0 if key[4] in without else due - paid}
    years = sorted(key for key in rows if not key[1])
    gross = {}
    for key in years:
        gross[key] = rows[key]["before"]
        if key[4] == "bed_day":
            factor = Fraction(factors[key[2], key[5]], UNIT)
            gross[key] = max(gross[key] + rounded(rows[key]["price"] * factor) - rows[key]["price"], 0)
    pools = {(r["insurance_scheme"], r["community_id"]): r["pool"] for r in results}
    given = {(r["insurance_scheme"], r["institution_id"]): r["reward"] + r["cut"] for r in rewards}
    cut_pools, cut_rewards = dict.fromkeys(pools, 0), dict.fromkeys(given, 0)
    named = policy.names_or_none("modes.prorated")
    for (scheme, part), budget in budgets.items():
        bearing: dict[tuple[Any, ...], int] = {}
        first = 0
        for order, amounts in enumerate((
            {("mode", k): gross[k] for k in years if (k[0], _part(k)) == (scheme, part) and k[4] != "capitation"},
            {("pool", k): v for k, v in sorted(pools.items()) if (k[0], part) == (scheme, "outpatient")},
            {("reward", k): v for k, v in sorted(given.items()) if (k[0], part) == (scheme, "other")},
        )):  # fmt: skip
            for (kind, k), amount in amounts.items():
                name = k[4] if kind == "mode" else {"pool": "capitation", "reward": "procurement"}[kind]
                if named is None or name in named:
                    bearing[order, kind, k] = amount
                else:
                    first += amount
        left = max(budget - first, 0)
        if policy.choice_or_none("modes.overrun") == "prorate" and sum(bearing.values()) > left:
            for (_, kind, k), amount in shared(left, bearing).items():
                if kind == "mode":
                    gross[k] = amount
                else:
                    (cut_pools if kind == "pool" else cut_rewards)[k] = (pools if kind == "pool" else given)[
                        k
                    ] - amount
    for key in years:
        row = rows[key]
        its = [rows[m] for m in months if (m[0], *m[2:]) == (key[0], *key[2:])]
        share = Fraction(policy.table("settlement.deposit_return")[grades.get(
            key[2], policy.choice("settlement.grade_when_missing"))], UNIT)  # fmt: skip
        part_of_it = Fraction(row["refused"], row["before"]) if row["before"] else Fraction(0)
        refused = rounded(gross[key] * part_of_it)
        held = sum(r["deposit"] for r in its)
        forfeited = held - rounded(held * share)
        due = gross[key] - refused
        row |= {
            "refused": refused, "due": due, "deposit": held, "forfeited": forfeited,
            "paid": due - sum(r["paid"] for r in its) - forfeited,
        }  # fmt: skip
    return rows, cut_pools, cut_rewards


def plain_procurement(agreements: Sequence[Row], year: int, policy: Policy) -> dict[tuple[str, str], Row]:
    """Procurement of a year by insurance scheme and institution, one agreement after the other."""
    shares = {n: Fraction(policy.ratio_or_none(f"procurement.{n}") or 0, UNIT)
              for n in ("advance_share", "reward_share", "penalty_share")}  # fmt: skip
    rows: dict[tuple[str, str], Row] = {}
    for a in (a for a in agreements if a["year"] == year):
        row = rows.setdefault((a["insurance_scheme"], a["institution_id"]), Counter())
        agreed = a["agreed_volume"] * a["price"]
        row.update(agreed=agreed, advance=rounded(agreed * shares["advance_share"]))
        short = 0 if a["used_volume"] is None else a["agreed_volume"] - a["used_volume"]
        if short > 0:
            row.update(missed=short * a["price"], penalty=rounded(short * a["price"] * shares["penalty_share"]))
        elif a["used_volume"] is not None:
            savings = (a["price_before"] - a["price"]) * a["used_volume"]
            row.update(savings=savings, reward=rounded(savings * shares["reward_share"]))
    for row in rows.values():
        if row["missed"] and policy.choice_or_none("procurement.missed_loses") == "all":
            row["lost"], row["reward"] = row["reward"], 0
    return rows


def _part(key: tuple[Any, ...]) -> str:
    if key[3] == "outpatient":
        return "outpatient"
    return "bed_day" if key[4] == "bed_day" else "other"


def plain_heads(rows: Sequence[Row], members: Sequence[Row], policy: Policy, year: int) -> dict[str, Row]:
    """Heads of a year by person, one person at a time."""
    community = {(m["member_kind"], m["member_id"]): m["community_id"] for m in members}
    first, last = date(year, 1, 1), date(year, 12, 31)
    heads = {}
    for person in {r["person_id"] for r in rows}:
        times = sorted((r for r in rows if r["person_id"] == person), key=lambda r: r["covered_from"])
        ends = [t["covered_to"] or date.max for t in times]
        overlap = any(a < len(times) and times[a]["covered_from"] <= max(ends[:a]) for a in range(1, len(times)))
        touching = [t for t, e in zip(times, ends, strict=True) if t["covered_from"] <= last and e >= first]
        if not touching:
            continue
        now = touching[-1]
        found, by = None, None
        for step in policy.names_or_none("capitation.order") or ():
            column, kind, population = {
                "signed_doctor": ("signed_institution_id", "institution", None),
                "resident_domicile": ("township", "township", "resident"),
                "flexible_domicile": ("township", "township", "flexible"),
                "student_school": ("school_id", "school", "student"),
                "employee_employer": ("employer_id", "employer", "employee"),
            }[step]
            if found is None and population in (None, now["population"]):
                found = community.get((kind, now[column]))
                by = step if found else by
        died = now["death_date"] or date.max
        months = sum(
            died >= date(year, m, 1)
            and any(t["covered_from"] <= date(year, m, 1) <= (t["covered_to"] or date.max) for t in touching)
            for m in range(1, 13)
        )
        finding = (
            "overlapping_enrolment" if overlap else "died_before" if died < first
            else "unknown_community" if found is None else None if months else "not_covered"
        )  # fmt: skip
        packages = ["general", *(p for p in ("diabetes", "hypertension") if p in (now["diseases"] or ()))]
        heads[person] = {
            "insurance_scheme": now["insurance_scheme"], "community_id": None if finding else found,
            "assigned_by": None if finding else by, "months": months, "packages": packages,
            "migrated": bool(now["migrated"]), "finding": finding, "age": max(0, year - now["birth_date"].year),
        }  # fmt: skip
    return heads


def plain_chains(rows: Sequence[Row], communities: dict[str, str], days: int) -> list[Row]:
    """The stays with ``chain_id`` of chains that are found: a person's next stay inside a community, elsewhere, for
    the same disease, within so many days."""
    last: dict[str, Row] = {}
    found = []
    for r in sorted(rows, key=lambda r: (r["admission_date"], r["stay_id"])):
        row = dict(r)
        before = last.get(r["person_id"]) if r["person_id"] else None
        if before is not None and r["chain_id"] is None and before["given"] is None:
            here, there = communities.get(r["institution_id"]), communities.get(before["institution_id"])
            near = 0 <= (r["admission_date"] - before["discharge_date"]).days <= days
            same = r["disease"] == before["disease"] and r["insurance_scheme"] == before["insurance_scheme"]
            if here and here == there and r["institution_id"] != before["institution_id"] and near and same:
                row["chain_id"] = before["chain_id"] or before["stay_id"]
        found.append(row)
        last[r["person_id"]] = row | {"given": r["chain_id"]}
    chained = {r["chain_id"] for r in found}
    return [r | {"chain_id": r["stay_id"]} if r["chain_id"] is None and r["stay_id"] in chained else r for r in found]


def plain_benefit(
    rows: Sequence[Row], policy: Policy, levels: Mapping[str, str] = LEVELS
) -> dict[str, tuple[int, int]]:
    """Stay → deductible and fund's part, one stay after the other in the order of admission."""
    share = policy.table_or_none("benefit.share") or {}
    line = {r.keys[1]: r.fen for r in policy.rates("benefit.deductible")}
    cap = {r.keys[0]: r.fen for r in policy.rates("benefit.annual_cap")}
    extra = policy.ratio_or_none("benefit.unreferred_extra") or 0
    rows = sorted(rows, key=lambda r: (r["admission_date"], r["stay_id"]))

    def admission(r: Row) -> tuple[str, str]:
        return (r["person_id"] or r["stay_id"], r["chain_id"] or r["stay_id"])

    highest: dict[Any, int] = {}
    for r in rows:
        highest[admission(r)] = max(highest.get(admission(r), 0), line[levels[r["institution_id"]]])
    paid: dict[Any, int] = {}
    result = {}
    for r in rows:
        eligible = r["total_cost"] - min(r["out_of_policy"], r["total_cost"])
        taken = min(eligible, highest[admission(r)])
        highest[admission(r)] -= taken
        ratio = share[f"{r['insurance_scheme']}_{levels[r['institution_id']]}"] - extra * r["unreferred"]
        part = ((eligible - taken) * ratio * 2 + 10_000) // 20_000
        key = (
            r["person_id"] or r["stay_id"],
            r.get("discharge_date", r["admission_date"]).year,
            r["insurance_scheme"],
        )
        part = min(part, cap[r["insurance_scheme"]] - paid.get(key, 0))
        paid[key] = paid.get(key, 0) + part
        result[r["stay_id"]] = (taken, part)
    return result
