"""The study of groups proposes what a plain second implementation decides, stay by stay, on drawn regions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from drgpay.engine import Dataset, write_part
from drgpay.scheme import Adrg, Scheme, load
from drgpay.steps import study
from drgpay.steps.study import Limits, Lost, Moments
from drgpay.tables import GROUPED
from support.engines import usual
from support.examples import TIMES
from support.plain_study import Decision, PlainStudy, Stay

WEIGHTS = {2021: 1, 2022: 2, 2023: 7}
DAYS = (1, 60)
OPERATIONS = ("38.4500", "39.5000", "86.2200", "99.1500")
SEEN: Counter[tuple[str, str, bool]] = Counter()
"""what was proposed so far, over all examples"""


@cache
def scheme() -> Scheme:
    return load("chs-drg-1.1")


@cache
def chosen() -> tuple[Adrg, ...]:
    """ADRG of each kind: three groups, two, and one."""
    by_groups: dict[int, list[Adrg]] = {}
    for adrg in scheme().adrgs:
        if adrg.lists.get("pdx") or adrg.lists.get("pproc"):
            by_groups.setdefault(len(scheme().drgs_of[adrg.code]), []).append(adrg)
    return tuple(a for size in (3, 2, 1) for a in by_groups.get(size, ())[:60])


def drawn_limits(dice: random.Random) -> Limits:
    return Limits(
        high_multiple=dice.choice((15_000, 30_000, 50_000)),
        min_cases=dice.choice((6, 10)),
        min_cases_year=dice.choice((1, 2)),
        min_code_cases=dice.choice((3, 6)),
        min_difference=dice.choice((1_000, 2_000)),
        min_reduction=dice.choice((0, 500, 2_000)),
        separation=dice.choice((10_000, 20_000, 40_000)),
        merge_difference=dice.choice((500, 2_000)),
        wide_cv=8_000,
        mean_move=2_000,
        age_step=dice.choice((1, 5, 20)),
        factors=dice.choice((("severity", "age", "procedure", "diagnosis"), ("severity",), ("age", "procedure"))),
    )


def stays_of(dice: random.Random, adrg: Adrg) -> list[Stay]:
    """Stays of an ADRG in which one thing, or nothing, moves the cost."""
    drgs = scheme().drgs_of[adrg.code]
    base, n = dice.randrange(100_000, 900_000), dice.randrange(20, 90)
    mover, factor = dice.choice(("severity", "age", "proc", "dx", "los", "drg", "none")), dice.choice((130, 160, 250))
    noise, bound = dice.choice((0, 5, 30)), dice.choice((4, 7, 40, 60))
    dxs = sorted(adrg.lists.get("pdx", ()))[:3] or ["K29.500", "I10.x00x002"]
    rows: list[Stay] = []
    for i in range(n):
        drg = dice.choice(drgs)
        row: dict[str, Any] = {
            "stay_id": f"{adrg.code}{i}", "institution_id": dice.choice(("H1", "H2")),
            "year": dice.choice((2020, 2021, 2022, 2022, 2023)), "adrg": adrg.code, "drg": drg.code,
            "severity": dice.choice(("none", "cc", "mcc")), "status": "grouped",
            "age": dice.choice((None, *range(0, 90, 3))), "los": dice.choice((0, 1, 3, 5, 8, 13, 61)),
            "dx": [dice.choice(dxs)], "proc": dice.sample(OPERATIONS, dice.choice((0, 0, 1, 2))) or None,
        }  # fmt: skip
        moved = {
            "severity": row["severity"] == "mcc", "age": (row["age"] or 0) >= bound,
            "proc": OPERATIONS[0] in (row["proc"] or ()), "dx": row["dx"][0] == dxs[0], "los": row["los"] >= 8,
            "drg": drg.code == drgs[0].code, "none": False,
        }[mover]  # fmt: skip
        cost = base * (factor if moved else 100) // 100 * (100 + dice.randint(-noise, noise)) // 100
        row["total_cost"] = cost * 20 if dice.random() < 0.02 else cost
        rows.append(row)
    return rows


def lost_of(dice: random.Random) -> list[tuple[str, str, str, str, list[Stay]]]:
    """Stays without a group: a code beside those of an ADRG that it does not list."""
    found = []
    for adrg in dice.sample(chosen(), 6):
        rule = next((r for r in ("pdx", "pproc") if adrg.lists.get(r)), "pdx")
        for code in dice.sample(sorted(adrg.lists[rule]), 1):
            near = code[: dice.choice((5, 4, 3))] + dice.choice(("9", "x77", ".99"))
            reason = (
                "unrelated_operation" if rule == "pproc" else dice.choice(("no_mdc", "no_group", "mdc_condition"))
            )
            base = dice.randrange(100_000, 2_000_000)
            its: list[Stay] = [
                {"year": year, "total_cost": base + dice.randrange(10_000)}
                for year in WEIGHTS for _ in range(dice.choice((0, 1, 4, 8)))
            ]  # fmt: skip
            if its:
                dx, operation = ("", near) if rule == "pproc" else (near, "")
                found.append((reason, adrg.mdc, dx, operation, its))
    return found


def moments(stays: list[Stay]) -> Moments:
    return Moments.of((s["year"], 1, s["total_cost"], s["total_cost"] ** 2) for s in stays)


def said(p: study.Proposal) -> Decision:
    """A proposal in the words of the plain one."""
    new = p.kind == "new_group"
    before, after = (sorted((x.stays.n, x.stays.cost) for x in side) for side in (p.before, p.after))
    if p.kind in ("new_group", "placed_codes"):
        before = [(sum(n for n, _ in before), sum(cost for _, cost in before))]
    adrg = next(c["mdc"] for c in p.changes if "mdc" in c) if new else p.adrg
    return (p.kind, adrg, p.factor, p.codes, bool(p.changes), before, after, p.reduction)


def proposed(
    stays: list[Stay], lost: list[Lost], limits: Limits, least: int, named: frozenset[str], known: frozenset[str]
) -> list[Decision]:
    """By the kernels, from a table of stays."""
    judge, engine = study.Judge(limits, WEIGHTS), usual(1)
    with TemporaryDirectory() as folder:
        place = Path(folder) / "grouped.parquet"
        lacking = {f.name: None for f in GROUPED.schema}
        write_part(place, pa.Table.from_pylist([lacking | dict(s) for s in stays], _plain(GROUPED.schema)))
        grouped = Dataset((place,))
        entering = study.entering_of(engine, grouped, tuple(WEIGHTS), DAYS, limits.high_multiple)
        values = study.values_of(engine, grouped, entering)
        sets = study.code_sets(scheme(), values, limits)
        inside = study.sets_of(engine, grouped, entering, sets)
    pairs = [(its, inside.get(number, {})) for number, its in enumerate(sets)]
    splits = list(study.propose_splits(scheme(), values, pairs, judge))
    kept = frozenset(p.adrg for p in splits if p.changes) | named
    merges = study.propose_merges(scheme(), values, judge, least, kept)
    homes = study.propose_homes(scheme(), lost, values, judge, known)
    return [said(p) for p in (*homes, *splits, *merges)]


def _plain(schema: Any) -> Any:
    """The schema with texts as they are, and every column allowed to be empty."""
    fields = [
        pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in schema
    ]  # fmt: skip
    return pa.schema(fields)


def examine(seed: int) -> None:
    """A drawn region, by the kernels and plainly."""
    dice = random.Random(seed)
    limits, least = drawn_limits(dice), dice.choice((2, 8))
    adrgs = dice.sample(chosen(), 5)
    stays = [s for adrg in adrgs for s in stays_of(dice, adrg)]
    lost = lost_of(dice)
    known = frozenset(c for _, _, dx, op, _ in lost if dice.random() < 0.9 for c in (dx, op) if c)
    named = frozenset(a.code for a in adrgs if dice.random() < 0.1)
    plain = PlainStudy(scheme(), stays, limits, WEIGHTS, DAYS, least, named)
    splits = list(plain.splits())
    wanted = [*plain.homes(lost, known), *splits, *plain.merges(frozenset(d[1] for d in splits if d[4]))]
    kernel = [Lost(reason, mdc, dx, op, moments(its)) for reason, mdc, dx, op, its in lost]
    found = proposed(stays, kernel, limits, least, named, known)
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))
    SEEN.update((d[0], d[2], d[4]) for d in found)


def drawn(examples: int) -> Callable[[], None]:
    """So many regions; nothing is shrunk, for that would draw hundreds more."""
    limits = settings(
        max_examples=examples, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    return limits(given(seed=st.integers(0, 2**32 - 1))(examine))


def test_proposals_are_those_of_the_plain_study() -> None:
    drawn(2)()


@pytest.mark.slow
def test_proposals_of_every_kind_are_those_of_the_plain_study() -> None:
    """Nothing is equal for want of an example: every kind of proposal is among them."""
    drawn(25 * TIMES)()
    kinds = {kind for kind, _, _ in SEEN}
    assert kinds == {"split_group", "merged_groups", "new_group", "placed_codes"}
    assert {factor for kind, factor, _ in SEEN if kind == "split_group"} >= {"severity", "age", "procedure"}
    assert any(not drafted for kind, _, drafted in SEEN if kind == "split_group")
