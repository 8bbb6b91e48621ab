"""A whole region on disk: registers, persons and stays of several years, from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from dataclasses import field as having
from pathlib import Path
from typing import Any

import numpy as np

from drgpay import __version__
from drgpay.engine import new_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.places import MARK, REGION, files_below
from drgpay.samples.care import EXTRAS
from drgpay.samples.cheats import truth_of_region
from drgpay.samples.evaluated import EVALUATION, write_evaluation_registers, write_operation_levels
from drgpay.samples.hidden import MOST as MOST_HIDDEN
from drgpay.samples.hidden import choose, write_hidden
from drgpay.samples.lived import write_lived
from drgpay.samples.modes import MODES, mode_institutions, write_modes
from drgpay.samples.parts import write_blocks, write_persons, write_truth
from drgpay.samples.places import grades
from drgpay.samples.plan import EVALUATED, REGISTERS, Plan, make_plan, source
from drgpay.samples.registers import write_register
from drgpay.tables import (
    BUDGETS,
    CHEATS,
    DEPARTMENTS,
    DOCTORS,
    EVIDENCE,
    GRADE_REGISTER,
    INSTITUTIONS,
    PERSONS,
    SCHEMES,
)
from drgpay.units import split

IDENTITY = REGION
"""what a synthetic region is"""
TRUTH_FILE = "truth/violations.parquet"
"""where a labelled region says what was put into it"""
HIDDEN_FILE = "truth/hidden_groups.parquet"
"""where a region says which groups were hidden in it"""
GENERATOR = 2
"""version of the generator: raised when the same seed gives other bytes"""

MOST = 0.1
"""cases of one type per stay; there must be honest stays to tell them from"""
_GROWTH = 1.04
_AFTER_RESERVE = 9_500
_REASONS = ("new_drug_list", "new_technology", "outbreak", "policy_change")


@dataclass(frozen=True)
class RegionSummary:
    """What was made. ``fund_by_item`` is the fund's cost by item of the settlement year, in fen, per scheme."""

    folder: Path
    id: str
    seed: int
    years: tuple[int, ...]
    settlement_year: int
    scheme: str
    stays: int
    persons: int
    institutions: int
    departments: int
    doctors: int
    fund_by_item: dict[str, int]
    extras: tuple[str, ...] = ()
    violations: dict[str, float] = having(default_factory=dict)
    lived: bool = False
    hidden_groups: int = 0


def make_region(
    folder: Path,
    *,
    stays: int = 100_000,
    seed: int = 1,
    years: tuple[int, ...] = (2021, 2022, 2023, 2024),
    institutions: int | None = None,
    scheme_id: str = "chs-drg-1.1",
    progress: Callable[[int, int], None] | None = None,
    replace: bool = False,
    extras: frozenset[str] = frozenset(),
    violations: Mapping[str, float] | None = None,
    lived: bool = False,
    area: int = 1,
    hidden_groups: int = 0,
) -> RegionSummary:
    """Write a synthetic region to ``folder``: the same arguments give the same bytes.

    Files: ``region.json``; ``institutions.csv``, ``departments.csv``, ``doctors.csv``, ``budgets.csv`` (all years),
    ``grades.csv`` and ``overspend_evidence.csv`` (settlement year), money in yuan; ``persons/part-*.parquet``;
    ``stays/<year>/part-*.parquet``, the year being that of discharge. Columns as in :mod:`drgpay.tables`.

    ``stays`` is the total over ``years``, consecutive and rising; the last one is the settlement year.
    ``institutions``: by default 12 for 20,000 stays, 30 for 100,000, 60 for a million, at most 120.
    ``extras``: what else to write, of :data:`EXTRAS`: ``stay_details/`` of all years, ``charges/`` and ``visits/`` of
    the settlement year, deaths and townships in ``persons/``. They change nothing else. :data:`EVALUATION` adds what
    institutions reported, answers of patients and confirmed cases of the settlement year, and levels of operations.
    :data:`MODES` adds houses of long stays, communities, enrolment, exempt persons, care out of the area,
    procurement, and the parts of the budget that pay for them.
    ``violations``: cases per stay of the settlement year, by type (:data:`drgpay.tables.CHEATS`); they are put into
    the stays and everything about them, all extras come with them, and ``truth/violations.parquet`` (table TRUTH)
    says what was done. Fewer are put in where a region has too few patients that fit.
    ``lived``: the settlement year is lived (:mod:`drgpay.samples.lived`): some of its stays are handed in late,
    corrected or taken back in ``batches/``, and there are decisions on stays, advances and a hold. Not together with
    ``extras``, whose tables speak of all stays; of ``violations`` only stays, persons and the truth are written then,
    and the stays they are about are right from the start.
    ``hidden_groups``: how many groups its scheme does not know are put into the stays (:mod:`drgpay.samples.hidden`);
    ``truth/hidden_groups.parquet`` (table HIDDEN_GROUPS) says which. Not together with the above either.
    ``area``: of several areas, which; it is part of the codes of the institutions.
    ``progress`` is called with the stays written so far and the total. An existing folder is an error unless
    ``replace``, and then it must be a region. Everything is written under a temporary name and renamed at the end.
    Raises :class:`DrgpayError` (USAGE).
    """
    count = default_institutions(stays) if institutions is None else institutions
    _check(stays, seed, years, count, area)
    if lived and extras:
        raise DrgpayError(
            Kind.USAGE, zh="逐期发生的年度不能与附表一起生成", en="a lived year is made without extra tables",
            field="lived", fix_zh="分别生成两个统筹区", fix_en="make two regions",
        )  # fmt: skip
    extras, rates = _asked(extras, violations or {})
    if hidden_groups and (extras or rates or lived or not 0 < hidden_groups <= MOST_HIDDEN):
        raise DrgpayError(
            Kind.USAGE, zh=f"隐藏病组为 1–{MOST_HIDDEN} 个,且不能与附表、违规或逐期发生的年度一起生成",
            en=f"hidden groups are 1 to {MOST_HIDDEN}, and made without extra tables, violations and a lived year",
            field="hidden_groups", value=hidden_groups, fix_zh="分别生成两个统筹区", fix_en="make two regions",
        )  # fmt: skip
    with new_folder(folder, replace=replace, kind="region") as draft:
        per_year = split(stays, {year: int(10**6 * _GROWTH**i) for i, year in enumerate(years)})
        plan = make_plan(seed, years, list(per_year.values()), count, scheme_id, area)
        hidden = choose(plan, hidden_groups)
        made = write_blocks(draft, plan, per_year, extras, rates, progress, hidden, alone=lived)
        write_persons(draft / PERSONS.name, plan.people, made.lives, made.death if "persons" in extras else None)
        if hidden:
            write_hidden(draft / HIDDEN_FILE, hidden)
        fund = made.fund
        budgets = _write_registers(draft, plan, fund, mode_institutions() if MODES in extras else [])
        if MODES in extras and made.lives is not None:
            drg = {row["insurance_scheme"]: row["drg_budget"] for row in budgets if row["year"] == years[-1]}
            write_modes(draft, plan, made.lives, made.death, made.stays[years[-1]], drg, write_register)
        if EVALUATION in extras:
            write_evaluation_registers(
                draft, plan.places.institutions, plan.places.departments, years[-1], source(seed, EVALUATED),
                write_register,
            )  # fmt: skip
            write_operation_levels(draft, plan, write_register)
        truth = [*made.truth, *truth_of_region(plan, rates)]
        if lived:
            moved = write_lived(draft, plan, budgets, write_register, frozenset(_stays_of(truth)))
            for row in truth:
                own = row["institution_id"]
                row["institution_id"] = moved.get((row.get("stay_id") or "", own), own)
        if rates:
            write_truth(draft / TRUTH_FILE, truth)
        name = f"sample-{seed}-{stays}" + (f"-{area:02d}" if area > 1 else "")
        summary = RegionSummary(
            folder, name, seed, years, years[-1], scheme_id,
            sum(made.stays.values()), len(plan.people.birth), count,
            len(plan.places.departments), len(plan.places.doctors),
            dict(zip(SCHEMES, fund[years[-1]], strict=True)), () if lived else tuple(sorted(extras)),
            dict(sorted(rates.items())),
            lived, hidden_groups,
        )  # fmt: skip
        _write_identity(draft / IDENTITY, summary, made.stays)
    return summary


def default_institutions(stays: int) -> int:
    """A plausible number of institutions for a region of so many stays."""
    return round(float(np.interp(np.log10(max(stays, 1)), [1.7, 4.301, 5.0, 6.0, 7.0], [2, 12, 30, 60, 120])))


def _asked(extras: frozenset[str], violations: Mapping[str, float]) -> tuple[frozenset[str], dict[str, float]]:
    """Extras and rates that make sense; all extras when there are violations."""
    for field, found, known in (("extras", extras, (*EXTRAS, MODES, EVALUATION)), ("violations", violations, CHEATS)):
        wrong = sorted(set(found) - set(known))
        if wrong:
            raise DrgpayError(
                Kind.USAGE,
                zh="没有这一项",
                en="there is no such choice",
                fix_zh="可选:" + "、".join(known),
                fix_en="one of " + ", ".join(known),
                field=field,
                value=wrong[0],
            )
    for name, rate in violations.items():
        if not 0 <= rate <= MOST:
            raise DrgpayError(
                Kind.USAGE,
                zh=f"比例应在 0 到 {MOST} 之间",
                en=f"a rate is between 0 and {MOST}",
                fix_zh="例如 0.01,即每百份病例一例",
                fix_en="for example 0.01, one case per hundred stays",
                field=name,
                value=rate,
            )
    rates = {name: rate for name, rate in violations.items() if rate > 0}
    return (extras | frozenset(EXTRAS) if rates else extras), rates


def _stays_of(truth: list[dict[str, Any]]) -> Iterator[str]:
    """The stays that the truth names."""
    for row in truth:
        yield from (stay for stay in (row.get("stay_id"), *row.get("related_stays", ())) if stay)


def _check(stays: int, seed: int, years: tuple[int, ...], institutions: int, area: int) -> None:
    consecutive = tuple(range(years[0], years[0] + len(years))) if years else ()
    wrong = (
        ("stays", stays, stays < 1, "病例数应为正数", "must be at least 1", "给出正数", "give 1 or more"),
        ("seed", seed, seed < 0, "种子不能为负", "must not be negative", "给出 0 或正数", "give 0 or more"),
        (
            "years", years, not years or years != consecutive or years[0] < 1990 or years[-1] > 2200,
            "年度应连续递增", "must be consecutive and rising", "例如 2021–2024", "for example 2021 to 2024",
        ),
        ("area", area, not 1 <= area <= 99, "统筹区序号应在 1–99 之间", "must be 1–99", "改小序号", "give less"),
        (
            "institutions", institutions, not 1 <= institutions <= 250,
            "机构数应在 1–250 之间", "must be 1–250", "改小机构数", "ask for fewer institutions",
        ),
    )  # fmt: skip
    for field, value, bad, zh, en, fix_zh, fix_en in wrong:
        if bad:
            raise DrgpayError(
                Kind.USAGE, zh=zh, en=f"{field} {en}", fix_zh=fix_zh, fix_en=fix_en, field=field, value=value
            )


def _write_registers(
    folder: Path, plan: Plan, fund: Mapping[int, list[int]], houses: list[dict[str, str]]
) -> list[dict[str, Any]]:
    """The registers; ``houses`` are institutions besides those of the plan. Returns the rows of the budgets, fen."""
    places, year = plan.places, plan.years[-1]
    rng = source(plan.seed, REGISTERS)
    write_register(folder, INSTITUTIONS, [*places.institutions, *houses])
    write_register(folder, DEPARTMENTS, places.departments)
    write_register(folder, DOCTORS, places.doctors)
    budgets = _budgets(plan, fund, rng)
    write_register(folder, BUDGETS, budgets)
    ids = [row["institution_id"] for row in places.institutions]
    marks = zip(ids, grades(places, rng), strict=True)
    write_register(folder, GRADE_REGISTER, ({"year": year, "institution_id": i, "grade": g} for i, g in marks))
    size = places.size / places.size.sum()
    chosen = rng.permutation(len(ids))[: min(4, len(ids))]
    evidence = [
        {
            "evidence_id": f"E{year}{n + 1:04d}",
            "year": year,
            "institution_id": ids[i],
            "insurance_scheme": SCHEMES[n % 2],
            "reason": _REASONS[n],
            "amount": int(fund[year][n % 2] * size[i] * rng.uniform(0.02, 0.06)) // 10_000 * 10_000,
        }
        for n, i in enumerate(chosen)
    ]
    write_register(folder, EVIDENCE, evidence)
    return budgets


def _budgets(plan: Plan, fund: Mapping[int, list[int]], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Budgets near the fund's cost by item. In the settlement year what is left of the budget after a usual reserve
    of five per cent is one to three per cent short of it."""
    rows = []
    for year in plan.years:
        for s, scheme in enumerate(SCHEMES):
            low, high = (9_700, 9_900) if year == plan.years[-1] else (9_900, 10_150)
            left = _AFTER_RESERVE if year == plan.years[-1] else 10_000
            budget = fund[year][s] * int(rng.integers(low, high)) // left // 10_000 * 10_000
            part = int(rng.integers(4_200, 4_800)) if scheme == "employee" else int(rng.integers(5_600, 6_200))
            revenue = budget * 10_000 // part // 10_000 * 10_000
            rows.append({"year": year, "insurance_scheme": scheme, "revenue": revenue, "drg_budget": budget})
    return rows


def _write_identity(path: Path, summary: RegionSummary, per_year: Mapping[int, int]) -> None:
    facts = asdict(summary)
    for name in ("folder", "fund_by_item"):
        del facts[name]
    for name in ("extras", "violations", "lived", "hidden_groups"):
        if not facts[name]:
            del facts[name]
    facts = {
        "id": facts.pop("id"),
        "title": {"zh": "云州市（模拟统筹区）", "en": "Yunzhou, a synthetic pooling area"},
        "note": {
            "zh": "全部数据由程序按种子生成，机构、医师、人员和金额均为虚构。",
            "en": "All data are synthetic: institutions, doctors, persons and amounts are invented from a seed.",
        },
        **facts,
        "stays_per_year": {str(year): stays for year, stays in per_year.items()},
        "generator": {"name": "drgpay.samples", "version": GENERATOR, "drgpay": __version__},
        "tool": "drgpay",
        "kind": "region",
        "files": [name for name in files_below(path.parent) if name not in (IDENTITY, MARK)],
    }
    path.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
