"""Small random settled years for the evaluation, and its indicators by hand: one stay at a time, exact fractions.

The reference is written from design/08 alone; it shares nothing with the kernels but the settings.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from drgpay.engine import dataset, table_path
from drgpay.steps.evaluation import Beside, Facts, case_sums, registry
from drgpay.tables import CASE_POINTS, GROUPED, STAY_DETAILS, VISITS

Stay = dict[str, Any]
YEAR = 2024
SCALE = 100
GROUPS = {"FR23": 1_500_000, "FR25": 400_000, "BB11": 6_000_000, "GW19": 300_000, "ZZ15": 0}
LEVELS = {"H1": "tertiary", "H2": "tertiary", "H3": "secondary", "H4": "primary", "H5": "primary"}
PROVINCIAL = "H2"
LISTED = {
    "admission": ("no_indication", "examination_admission", "hang_bed", "splitting"),
    "charges": ("charging", "upcoding", "fraud"),
    "shifting": ("cost_shifting", "refusal", "early_discharge"),
}
"""the negative list by hand"""
_DX = ("I50.900", "Z51.100", "J18.900", "T81.400", "K52.900")
OPERATIONS = {"45.1300": 3, "36.0700": 4}
"""levels of the operations that the catalogue has"""
_CLASSES = ("normal", "normal", "normal", "high", "low", "unstable", "special", "bed_day")


@dataclass(frozen=True)
class World:
    """All rows of a made-up area: stays of two years (details beside), visits; what is known of institutions:
    violations, confirmed cases as (institution, type), answers and satisfied ones."""

    stays: list[Stay]
    visits: list[Stay]
    violations: dict[str, int]
    cases: tuple[tuple[str, str], ...] = ()
    answers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def of_year(self, year: int = YEAR) -> list[Stay]:
        """Stays of a year."""
        return [s for s in self.stays if s["year"] == year]


def make_world(dice: random.Random, count: int) -> World:
    """``count`` stays of a few persons, institutions and groups, with odd values among them."""
    stays = []
    for i in range(count):
        h = dice.choice([*LEVELS][:-1])  # the last institution has no stay
        year = dice.choice((YEAR - 1, YEAR, YEAR))
        left = date(year, 1, 1) + timedelta(days=dice.randrange(365 if dice.random() < 0.3 else 60))
        los = dice.randint(1, 12)
        drg = dice.choice([*GROUPS, "0000", "FQY"])
        status = {"0000": "ungrouped", "FQY": "qy"}.get(drg, "grouped")
        cost = dice.choice((0, dice.randint(1, 900_000)))
        fund = dice.randint(0, cost)
        stays.append({
            "stay_id": f"S{i:05d}", "person_id": dice.choice([None, *(f"P{k}" for k in range(max(2, count // 3)))]),
            "institution_id": h, "department_id": dice.choice((None, "A", "B")),
            "doctor_id": f"{h}D{dice.randint(1, 2)}", "insurance_scheme": "employee",
            "sex": "male", "age": 40, "age_days": None, "birth_weight": None,
            "los": los,
            "admission_date": dice.choice((left - timedelta(days=los), left - timedelta(days=los), None)),
            "discharge_date": left, "discharge_way": dice.choice((None, 1, 1, 1, 2, 3, 4, 5)),
            "dx": dice.sample(_DX, dice.randint(1, 3)),
            "proc": dice.choice((None, ["45.1300"], ["00.0000"], ["00.0000", "36.0700"])), "total_cost": cost,
            "personal_paid": cost - fund,
            "fund_by_item": fund, "year": year, "month": left.month, "mdc": drg[0] if status != "ungrouped" else None,
            "adrg": drg[:3] if status == "grouped" else None, "drg": drg,
            "severity": {"3": "cc", "1": "mcc"}.get(drg[-1] if status == "grouped" else "", "none"), "status": status,
            "case_class": dice.choice(_CLASSES), "points": dice.randint(0, 3_000_000),
            "detail": _detail(dice, cost, left - timedelta(days=los)) if dice.random() < 0.8 else None,
        })  # fmt: skip
    visits = [
        {"visit_id": f"V{i}", "person_id": "P1", "institution_id": dice.choice([*LEVELS]), "department_id": "A",
         "doctor_id": None, "insurance_scheme": "employee", "visit_date": date(dice.choice((YEAR, YEAR - 1)), 5, 1),
         "kind": "outpatient", "internet": dice.choice((True, False, None)), "observation_hours": None, "dx": None,
         "total_cost": dice.randint(0, 9000), "personal_paid": 0, "fund_by_item": 0,
         "drug_fee": dice.choice((None, dice.randint(0, 9000))), "test_fee": None,
         "e_voucher": dice.choice((None, True, False))}
        for i in range(count // 2)
    ]  # fmt: skip
    violations = {h: dice.randint(0, 2) for h in LEVELS}
    types = [violation for its in LISTED.values() for violation in its]
    cases = tuple((dice.choice([*LEVELS]), dice.choice(types)) for _ in range(dice.randint(0, 9)))
    answers = {h: dice.randint(0, 60) for h in LEVELS}
    return World(stays, visits, violations, cases, {h: (n, dice.randint(0, n)) for h, n in answers.items()})


def _detail(dice: random.Random, cost: int, admitted: date) -> dict[str, Any]:
    def fee() -> int | None:
        return dice.choice((None, dice.randint(0, cost + 5), cost // 4))

    names = ("drug_fee", "material_fee", "examination_fee", "laboratory_fee", "bed_fee", "nursing_fee",
             "treatment_fee", "surgery_fee", "out_of_policy")  # fmt: skip
    operated = admitted + timedelta(days=dice.randint(-1, 4))
    known = {"first_procedure_date": dice.choice((None, operated)), "e_voucher": dice.choice((None, True, False))}
    return {**{n: fee() for n in names}, **known}


def facts_of(world: World, folder: Path, parts: int = 2, label: str = "") -> Facts:
    """The world on disk, as the evaluation reads it; ``label`` goes before the names of the institutions."""

    def write(table: Any, rows: list[Stay]) -> None:
        place = table_path(folder, table)
        place.mkdir(parents=True)
        for i in range(parts):
            mine = [{n: row.get(n) for n in table.names} for row in rows[i::parts]]
            mine = [row | {"institution_id": label + row["institution_id"]} for row in mine]
            pq.write_table(table.of(mine), place / f"part-{i}.parquet")

    write(GROUPED, world.stays)
    write(CASE_POINTS, [{**s, "coefficient": 10_000, "extra": 0} for s in world.of_year()])
    details = [{"stay_id": s["stay_id"], "institution_id": s["institution_id"], "discharge_date": s["discharge_date"],
                **s["detail"]} for s in world.stays if s["detail"]]  # fmt: skip
    write(STAY_DETAILS, details)
    write(VISITS, world.visits)
    groups = [{"drg": d, "base_points": p or None, "basic": d == "GW19"} for d, p in GROUPS.items()]
    brought = frozenset(c for row in details for c, v in row.items() if v is not None)
    ids = [label + h for h in LEVELS]
    cases = pl.DataFrame(
        {"institution_id": [label + h for h, _ in world.cases], "violation": [v for _, v in world.cases]},
        schema={"institution_id": pl.String, "violation": pl.String},
    )
    known = pl.DataFrame(
        {
            "institution_id": ids, "violations": [world.violations[h] for h in LEVELS],
            "survey_answers": [world.answers[h][0] for h in LEVELS],
            "survey_satisfied": [world.answers[h][1] for h in LEVELS],
        }
    )  # fmt: skip
    counted = case_sums(pl.DataFrame({"institution_id": ids}), cases, registry().settings)
    return Facts(
        year=YEAR,
        grouped=dataset(folder, GROUPED),
        cases=dataset(folder, CASE_POINTS),
        institutions=pl.DataFrame(
            {"institution_id": ids, "level": [*LEVELS.values()], "provincial": [h == PROVINCIAL for h in LEVELS]}
        ),
        groups=pl.DataFrame(groups, schema={"drg": pl.String, "base_points": pl.Int64, "basic": pl.Boolean}),
        scale=SCALE,
        reference=(YEAR - 1,),
        weights={"FR23": 15 * 10**8},
        by_institution=known.join(counted, on="institution_id"),
        details=Beside(dataset(folder, STAY_DETAILS), brought),
        visits=Beside(dataset(folder, VISITS), frozenset({"drug_fee", "internet", "e_voucher"})),
        operations=OPERATIONS,
    )  # fmt: skip


Scope = tuple[str, tuple[str, ...]]


def entities(world: World) -> dict[Scope, Callable[[Stay], bool]]:
    """(scope, codes) → which rows belong to it."""
    found: dict[Scope, Callable[[Stay], bool]] = {("area", ()): lambda _: True}
    for s in [*world.of_year(), *world.of_year(YEAR - 1), *world.visits]:
        h, dep, doc, drg = (s.get(k) for k in ("institution_id", "department_id", "doctor_id", "drg"))
        found["level", (LEVELS[h],)] = lambda r, lv=LEVELS[h]: LEVELS[r["institution_id"]] == lv
        if dep:
            found["department", (h, dep)] = lambda r, h=h, d=dep: (r["institution_id"], r["department_id"]) == (h, d)
        if doc:
            found["doctor", (h, doc)] = lambda r, h=h, d=doc: (r["institution_id"], r["doctor_id"]) == (h, d)
        if drg:
            found["group", (drg,)] = lambda r, d=drg: r.get("drg") == d
    for h in LEVELS:
        found["institution", (h,)] = lambda r, h=h: r["institution_id"] == h
    return found


def risk_scores(world: World, year: int) -> dict[str, int]:
    """Group → score by the mean and sample sd of ln(mortality), in floating point."""
    by: dict[str, list[bool]] = defaultdict(list)
    for s in world.of_year(year):
        if s["status"] == "grouped":
            by[s["drg"]].append(s["discharge_way"] == 5)
    logs = {d: math.log(sum(v) / len(v)) for d, v in by.items() if any(v)}
    if not logs:
        return dict.fromkeys(by, 0)
    mean = sum(logs.values()) / len(logs)
    sd = math.sqrt(sum((x - mean) ** 2 for x in logs.values()) / (len(logs) - 1)) if len(logs) > 1 else 0.0

    def score(x: float) -> int:
        tiny = 1e-12
        return 1 if x < mean - sd - tiny else 2 if x <= mean + tiny else 3 if x <= mean + sd + tiny else 4

    return {d: score(logs[d]) if d in logs else 0 for d in by}


def plain(world: World, scope: Scope, belongs: Callable[[Stay], bool]) -> dict[str, Fraction | None]:
    """The indicators of one entity by hand; None: nothing to divide by."""
    area = world.of_year()
    own = [s for s in area if belongs(s)]
    old = [s for s in world.of_year(YEAR - 1) if belongs(s)]
    grouped = [s for s in own if s["status"] == "grouped"]
    visits = [v for v in world.visits if v["visit_date"].year == YEAR and belongs(v)]

    def share(of: list[Stay], test: Callable[[Stay], Any]) -> Fraction | None:
        return Fraction(sum(1 for s in of if test(s)), len(of)) if of else None

    def quotient(num: int, den: int) -> Fraction | None:
        return Fraction(num, den) if den > 0 else None

    def total(of: list[Stay], name: str) -> int:
        return sum(s[name] for s in of)

    def growth(now: Fraction | None, then: Fraction | None) -> Fraction | None:
        return now / then - 1 if now is not None and then else None

    def weight(s: Stay) -> int:
        return GROUPS.get(s["drg"], 0) // SCALE if s["status"] == "grouped" else 0

    def index(name: str) -> Fraction | None:
        terms, n = Fraction(0), 0
        for drg in {s["drg"] for s in grouped}:
            mine, every = ([s for s in of if s["drg"] == drg and s["status"] == "grouped"] for of in (own, area))
            if total(every, name):
                mean = Fraction(total(every, name), len(every))
                terms += Fraction(total(mine, name), len(mine)) / mean * len(mine)
                n += len(mine)
        return terms / n if n else None

    def fee(*names: str) -> Fraction | None:
        num = den = 0
        for s in own:
            fees = [s["detail"][n] for n in names] if s["detail"] else [None]
            if None not in fees and sum(fees) <= s["total_cost"]:
                num, den = num + sum(fees), den + s["total_cost"]
        return quotient(num, den)

    scores = risk_scores(world, YEAR - 1)
    low_risk = [s for s in grouped if scores.get(s["drg"]) == 1]
    way = [s for s in own if s["discharge_way"] is not None]
    known = [s for s in own if s["person_id"]]
    heads = {s["person_id"] for s in known}
    weighted = [s for s in grouped if weight(s)]
    weighted_old = [s for s in old if weight(s)]
    inside = [s for s in own if s["detail"] and s["detail"]["out_of_policy"] is not None
              and s["detail"]["out_of_policy"] <= s["total_cost"]]  # fmt: skip
    waits = []
    for s in own:
        if s["detail"] and s["detail"]["first_procedure_date"] and s["admission_date"]:
            days = (s["detail"]["first_procedure_date"] - s["admission_date"]).days
            waits += [days] if days >= 0 else []
    returns = _returns(world)
    able = [s for s in known if s["stay_id"] in returns]
    drugs = [v for v in visits if v["drug_fee"] is not None and v["drug_fee"] <= v["total_cost"]]
    settled = [(s["institution_id"], s["detail"]["e_voucher"]) for s in own if s["detail"]]
    settled = [(h, flag) for h, flag in [*settled, *((v["institution_id"], v["e_voucher"]) for v in visits)]
               if flag is not None]  # fmt: skip
    provincial = [flag for h, flag in settled if h == PROVINCIAL]
    found = {
        "voucher_settled": quotient(sum(flag for _, flag in settled), len(settled)),
        "provincial_settled": quotient(sum(provincial), len(provincial)),
        "stays": Fraction(len(own)),
        "cmi": quotient(sum(GROUPS.get(s["drg"], 0) for s in grouped), len(own) * SCALE * 10_000),
        "cmi_weight": quotient(sum(15 for s in grouped if s["drg"] == "FR23"), len(own) * 10),
        "drg_count": Fraction(len({s["drg"] for s in grouped})),
        "adrg_count": Fraction(len({s["adrg"] for s in grouped})),
        "mdc_count": Fraction(len({s["mdc"] for s in grouped})),
        "points_per_stay": quotient(total(own, "points"), len(own) * 10_000),
        "surgery_share": share(grouped, lambda s: s["adrg"][1] in "ABCDEFGHIJ"),
        "heavy_share": share(grouped, lambda s: weight(s) >= 20_000),
        "light_share": share(grouped, lambda s: 0 < weight(s) < 5_000),
        "mcc_share": share(grouped, lambda s: s["severity"] == "mcc"),
        "basic_group_share": share(grouped, lambda s: s["drg"] == "GW19"),
        "cost_index": index("total_cost"),
        "time_index": index("los"),
        "los": quotient(total(own, "los"), len(own)),
        "preop_los": quotient(sum(waits), len(waits)),
        "visits_per_head": quotient(len(known), len(heads)),
        "ungrouped_rate": share(own, lambda s: s["status"] == "ungrouped"),
        "ambiguous_rate": share(own, lambda s: s["status"] == "qy"),
        "high_rate": share(own, lambda s: s["case_class"] == "high"),
        "special_rate": share(own, lambda s: s["case_class"] == "special"),
        "mortality": share(own, lambda s: s["discharge_way"] == 5),
        "low_risk_mortality": share(low_risk, lambda s: s["discharge_way"] == 5),
        "complication_rate": share(own, lambda s: any(d.startswith("T81") for d in s["dx"][1:])),
        "level4_share": share(
            [s for s in own if OPERATIONS.keys() & set(s["proc"] or ())], lambda s: "36.0700" in s["proc"]
        ),
        "transfer_out_share": share(way, lambda s: s["discharge_way"] == 2),
        "mean_cost": quotient(total(own, "total_cost"), len(own) * 100),
        "personal_share": quotient(total(own, "personal_paid"), total(own, "total_cost")),
        "out_of_policy_share": fee("out_of_policy"),
        "policy_reimbursement_share": quotient(
            total(inside, "fund_by_item"), sum(s["total_cost"] - s["detail"]["out_of_policy"] for s in inside)
        ),
        "drug_share": fee("drug_fee"),
        "test_share": fee("examination_fee", "laboratory_fee"),
        "service_share": fee("bed_fee", "nursing_fee", "treatment_fee", "surgery_fee"),
        "cost_per_weight": quotient(total(weighted, "total_cost") * 100, sum(map(weight, weighted))),
        "cost_growth": growth(
            quotient(total(own, "total_cost"), len(own)), quotient(total(old, "total_cost"), len(old))
        ),
        "weight_cost_growth": growth(
            quotient(total(weighted, "total_cost"), sum(map(weight, weighted))),
            quotient(total(weighted_old, "total_cost"), sum(map(weight, weighted_old))),
        ),
        "stays_growth": growth(Fraction(len(own)), Fraction(len(old))),
        "visits": Fraction(len(visits)),
        "visit_cost": quotient(total(visits, "total_cost"), len(visits) * 100),
        "visit_drug_share": quotient(total(drugs, "drug_fee"), total(drugs, "total_cost")),
        "internet_share": share([v for v in visits if v["internet"] is not None], lambda v: v["internet"]),
    }  # fmt: skip
    for days in (9, 15, 31):
        found[f"readmit_{days}"] = share(
            able, lambda s, d=days: returns[s["stay_id"]] is not None and returns[s["stay_id"]] <= d
        )
    if scope[0] in ("area", "level", "institution"):
        mine = [h for h, lv in LEVELS.items() if scope[1] in ((), (h,), (lv,))]
        found["violations"] = Fraction(sum(world.violations[h] for h in mine))
        for violation in (v for its in LISTED.values() for v in its):
            found[f"case_{violation}"] = Fraction(sum(1 for h, v in world.cases if h in mine and v == violation))
        for name, types in LISTED.items():
            found[f"listed_{name}"] = Fraction(sum(1 for h, v in world.cases if h in mine and v in types))
        found["satisfaction"] = quotient(
            sum(world.answers[h][1] for h in mine), sum(world.answers[h][0] for h in mine)
        )
        found["base_visits"] = share(visits, lambda v: LEVELS[v["institution_id"]] == "primary")
    return found


def _returns(world: World) -> dict[str, int | None]:
    """Eligible stays → days since the latest eligible discharge before it, same person and institution."""

    def able(s: Stay) -> bool:
        bed = s["year"] == YEAR and s["case_class"] == "bed_day"
        return bool(s["person_id"] and s["admission_date"]) and not s["dx"][0].startswith("Z51.1") and not bed

    rows = sorted((s for s in world.stays if able(s)), key=lambda s: (s["admission_date"], s["discharge_date"],
                                                                      s["stay_id"]))  # fmt: skip
    found: dict[str, int | None] = {}
    for i, s in enumerate(rows):
        before = [
            r for r in rows[:i] if (r["person_id"], r["institution_id"]) == (s["person_id"], s["institution_id"])
        ]
        gap = (s["admission_date"] - before[-1]["discharge_date"]).days if before else None
        found[s["stay_id"]] = None if gap is None or gap < 0 else gap
    return found
