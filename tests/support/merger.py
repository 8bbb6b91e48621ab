"""A region whose institution H2 goes over into H3 within 2024, small enough to be reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from support import three

BIRTH, CHEST = ("女", 30, "O82.000", "74.1x01"), ("男", 50, "J18.900", "")
BUDGET = 40_000_000
BASE = {"H1": (12000, 7000), "H2": (8000, 5000), "H3": (10000, 6000)}
"""what a birth and a chest infection cost in the base year, three stays each, yuan"""
NOW = {"H1": (11000, 6500), "H2": (8500, 5100), "H3": (10100, 6100)}
"""the same in 2024: one stay of each a month"""
LEVELS = {"H1": "三级", "H2": "二级", "H3": "二级"}
TEXTS = {
    "budgets": "年度,险种,基金收入预算,住院DRG预算\n2024,职工,0,0\n2024,居民,600000.00,400000.00\n",
    "grades": "年度,定点医疗机构编号,考核等级\n2024,H1,良好\n2024,H2,优秀\n2024,H3,合格\n",
    "overspend_evidence": "依据编号,年度,定点医疗机构编号,险种,理由,金额\n",
}
EVENTS = "编号,定点医疗机构编号,事项,生效日期,承继机构,新名称,新等级,依据\n"


@dataclass(frozen=True)
class Stay:
    """One stay of 2024: ``cost`` in yuan, a fifth of it paid by the patient; ``birth``: else a chest infection."""

    name: str
    house: str
    month: int
    birth: bool
    cost: int


def stays(last_month_of_h2: int) -> list[Stay]:
    """Two stays a month of every institution; of H2 until the month it ends."""
    found = []
    for house, costs in NOW.items():
        for month in range(1, 13):
            if house != "H2" or month <= last_month_of_h2:
                found += [Stay(f"{house}-{month:02d}-{n}", house, month, n == 0, c) for n, c in enumerate(costs)]
    return found


def text_of(these: Sequence[Stay]) -> str:
    """Stays as a CSV with the header of :mod:`support.three`."""
    head = three.stays().splitlines()[0]
    days = [(f"2024-{s.month:02d}-10", f"2024-{s.month:02d}-15") for s in these]
    rows = [three._row(s.name, s.house, BIRTH if s.birth else CHEST, *d, s.cost)
            for s, d in zip(these, days, strict=True)]  # fmt: skip
    return "\n".join([head, *rows]) + "\n"


def write(folder: Path, these: Sequence[Stay], events: str, **more: str) -> Path:
    """The region; ``events``: rows of ``institution_events`` below :data:`EVENTS`."""
    base = [
        three._row(f"B-{house}-{n}-{month}", house, BIRTH if n == 0 else CHEST, f"2023-{month}-10",
                   f"2023-{month}-15", cost)
        for house, costs in BASE.items() for n, cost in enumerate(costs) for month in ("03", "04", "05")
    ]  # fmt: skip
    text = text_of(these) + "\n".join(base) + "\n"
    texts = TEXTS | {"stays": text} | ({"institution_events": EVENTS + events} if events else {}) | more
    return three.write(folder, **texts)


# ---- the plain second reckoning, exact


def half_up(value: Fraction) -> int:
    """A number rounded half up."""
    return int((2 * value + 1) // 2)


def coefficients(houses: dict[str, str], heirs: dict[str, str]) -> dict[str, int]:
    """K in 1/10,000 = half the own and half the level's cost ratio. ``houses``: institution → level; ``heirs``: who
    has whose base period."""
    means = [Fraction(sum(costs[n] for costs in BASE.values()), 3) for n in (0, 1)]
    own: dict[str, list[Fraction]] = {h: [Fraction(0), Fraction(0)] for h in houses}
    for h, costs in BASE.items():
        its = own[heirs.get(h, h)]
        its[0] += 3 * sum(costs)
        its[1] += 3 * sum(means)
    found = {}
    for h, level in houses.items():
        same = [own[other] for other, its in houses.items() if its == level]
        ratio = Fraction(sum(s[0] for s in same), sum(s[1] for s in same))
        found[h] = half_up((own[h][0] / own[h][1] + ratio) / 2 * 10_000)
    return found


def points(stay: Stay, k: int) -> int:
    """Points in 1/10,000 of a normal stay: 100 × group mean ÷ overall mean, × K, each rounded half up; chest
    infections are a basic group, whose K is 1."""
    means = [Fraction(sum(costs[n] for costs in BASE.values()), 3) for n in (0, 1)]
    base = half_up(means[0 if stay.birth else 1] / (sum(means) / 2) * 100 * 10_000)
    return half_up(Fraction(base * k, 10_000)) if stay.birth else base


def shares(points_of: dict[str, int], personal_of: dict[str, int], distributable: int) -> dict[str, int]:
    """What of a pool is whose, fen: distributable + patients' payments by largest remainder, − the own patients'."""
    whole, total = distributable + sum(personal_of.values()), sum(points_of.values())
    exact = {h: Fraction(whole * n, total) for h, n in points_of.items()}
    given = {h: int(x) for h, x in exact.items()}
    rest = whole - sum(given.values())
    for h in sorted(exact, key=lambda h: (given[h] - exact[h], h))[:rest]:
        given[h] += 1
    return {h: given[h] - personal_of[h] for h in given}
