"""What another policy changes: two settlements of the same stays side by side, in whole fen and 1/10,000 points."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cmp_to_key
from typing import Any, TypeVar

from drgpay.policy import Policy, ValueSource, dictionary, diff
from drgpay.runs.money import Rules, Settled
from drgpay.steps import fund
from drgpay.tables import LEVELS
from drgpay.units import ONE, half_up

Row = dict[str, Any]
K = TypeVar("K", bound=Hashable)

MEASURES = ("points", "due", "settled", "balance")
"""what is compared of an institution: points in 1/10,000, the rest in fen; see table ``statements``"""

FIGURES = (
    ("points", "points", "点数", "points", "statements"),
    ("distributable", "fen", "可分配额", "distributable", "pools"),
    ("due", "fen", "应付", "due", "statements"),
    ("settled", "fen", "清算应得", "settled", "statements"),
    ("balance", "fen", "结余(超支)", "balance", "statements"),
    ("gini", "ratio", "基尼系数(应付÷按项目)", "Gini of due ÷ item by item", "statements"),
    ("in_surplus", "int", "结余机构", "institutions in surplus", "statements"),
    ("in_overspend", "int", "超支机构", "institutions in overspend", "statements"),
    ("stable_groups", "int", "稳定病组", "stable groups", "base_groups"),
    ("mean_cost", "fen", "全部病例均费", "overall mean cost", "base_groups"),
)
"""figures of a settled year: name, kind of number, Chinese and English, and the table of a run it is made of"""

SHARED_BY = ("fund.basis", "fund.reserve_share")
"""parameters that decide how much there is to share; every other one only moves it between institutions"""

OUTSIDE = (
    "fund.abnormal_growth", "fund.growth", "fund.health_", "fund.indicator_own_share", "fund.max_growth",
    "fund.parts", "fund.risk_share", "prepay.", "settlement.clearing_deadline",
    "settlement.month_deadline_days",
)  # fmt: skip
"""beginnings of the names of parameters that do not enter the settlement of a year: the year's budget and advances
come from registers, and deadlines move no money"""


@dataclass(frozen=True)
class Outcome:
    """A year settled under a policy."""

    policy: Policy
    rules: Rules
    settled: Settled

    @property
    def statements(self) -> list[Row]:
        """Rows of table ``statements`` of all insurance schemes."""
        return [row for rows in self.settled.statements.values() for row in rows]

    def figures(self) -> dict[str, int | None]:
        """:data:`FIGURES` by name. Institutions count once, over both insurance schemes."""
        rows = self.statements
        own = _added(rows, lambda row: row["institution_id"], (*MEASURES, "actual"))
        years = [pool for pool in self.settled.pools if pool.month == fund.YEAR]
        return {
            **{name: sum(row[name] for row in rows) for name in MEASURES},
            "distributable": sum(pool.distributable for pool in years),
            "gini": gini((row["due"], row["actual"]) for row in own.values()),
            "in_surplus": sum(row["balance"] > 0 for row in own.values()),
            "in_overspend": sum(row["balance"] < 0 for row in own.values()),
            "stable_groups": sum(group.stable for group in self.rules.base.groups.values()),
            "mean_cost": self.rules.base.mean_cost,
        }


@dataclass(frozen=True)
class Comparison:
    """A policy beside the run's own: what was changed, and what that changes. All rows hold plain values; a measure
    is there three times, ``…_old``, ``…_new`` and ``…_diff`` (new − old)."""

    run: Row
    """region, year, practice, scheme, both policies' digests"""
    changes: list[Row]
    """parameters: name, zh, en, old, new, old_source, new_source"""
    figures: list[Row]
    """:data:`FIGURES`: name, kind, zh, en, old, new, diff, table"""
    levels: list[Row]
    """by level of institution, largest first: how many, winners, losers, :data:`MEASURES`"""
    institutions: list[Row]
    """over both insurance schemes, with coefficient; sorted by what they win"""
    statements: list[Row]
    """by insurance scheme and institution"""
    winners: int
    """institutions that are settled more than before"""
    losers: int
    total: str
    """``same``: as much is distributable and due as before, only the shares change; ``due``: as much is
    distributable, but another sum is due; ``distributable``: there is more or less to share"""
    total_by: list[str]
    """changed parameters behind another distributable amount"""
    outside: list[str]
    """changed parameters that do not enter the settlement of a year"""
    scanned: list[str] = field(default_factory=list, compare=False)
    """what was added up over the stays again; the rest was known"""

    def figure(self, name: str) -> Row:
        """The row of a figure."""
        return next(row for row in self.figures if row["name"] == name)

    def plain(self) -> Row:
        """Everything but ``scanned``, as JSON holds it: money in fen; points, ratios and the Gini in 1/10,000."""
        content = {"kind": "whatif", **asdict(self)}
        del content["scanned"]
        return content


@dataclass(frozen=True)
class Sweep:
    """One parameter over a range of values, each compared with the run."""

    name: str
    current: str
    """the run's own value"""
    values: list[tuple[str, Comparison]]

    def rows(self) -> list[Row]:
        """One row per value: the figures of that value, and what is due by level with its change to the run."""
        return [
            {
                "value": value,
                "current": value == self.current,
                **{row["name"]: row["new"] for row in found.figures},
                "winners": found.winners,
                "losers": found.losers,
                **{f"due_{row['level']}": row["due_new"] for row in found.levels},
                **{f"due_{row['level']}_diff": row["due_diff"] for row in found.levels},
            }
            for value, found in self.values
        ]

    def plain(self) -> Row:
        """As JSON holds it; units as in :meth:`Comparison.plain`."""
        first, parameter = self.values[0][1], dictionary()[self.name]
        return {
            "kind": "sweep",
            "run": {key: value for key, value in first.run.items() if key != "digest_new"},
            "name": self.name,
            "zh": parameter.zh,
            "en": parameter.en,
            "current": self.current,
            "changes": [row for row in first.changes if row["name"] != self.name],
            "levels": [row["level"] for row in first.levels],
            "rows": self.rows(),
        }


def gini(pairs: Iterable[tuple[int, int]]) -> int | None:
    """Gini coefficient of due ÷ actual in 1/10,000, half up once; None without money. ``pairs``: due, actual (fen).

    How unequally the fund pays for what would cost it the same item by item: 0 when every institution has the same
    ratio. Each institution counts by its actual, so the coefficient is exact in whole fen:
    Σ over pairs |due_i·actual_j − due_j·actual_i| ÷ (Σ due · Σ actual). The balance ratio is due ÷ actual − 1: it
    differs between institutions by as much, and its own mean, which may be 0, cannot be divided by.
    """

    def by_ratio(a: tuple[int, int], b: tuple[int, int]) -> int:
        return a[0] * b[1] - b[0] * a[1]

    found = sorted((p for p in pairs if any(p)), key=cmp_to_key(by_ratio))
    due = actual = apart = 0
    for its_due, its_actual in found:
        apart += its_due * actual - its_actual * due
        due, actual = due + its_due, actual + its_actual
    return half_up(apart * ONE, due * actual) if due and actual else None


def compare(run: Row, old: Outcome, new: Outcome, names: Mapping[str, str], scanned: list[str]) -> Comparison:
    """Two outcomes of one year. ``run``: what the year is; ``names``: of the institutions."""
    changed = [name for name, _, _ in diff(old.policy, new.policy)]
    by_rate = any(o.policy.choice_or_none("points.pricing") == "rate" for o in (old, new))
    outside = OUTSIDE if by_rate else (*OUTSIDE, "rate.")
    figures, before = new.figures(), old.figures()
    level_of = {row["institution_id"]: row["level"] for row in old.statements}
    institutions = [
        {
            "institution_id": h,
            "name": names[h],
            "level": level_of[h],
            "coefficient_old": old.rules.coefficients.institutions.get(h),
            "coefficient_new": new.rules.coefficients.institutions.get(h),
            **row,
        }
        for h, row in _beside(old, new, lambda row: row["institution_id"]).items()
    ]
    institutions.sort(key=lambda row: (-row["settled_diff"], row["institution_id"]))
    won = Counter(row["level"] for row in institutions if row["settled_diff"] > 0)
    lost = Counter(row["level"] for row in institutions if row["settled_diff"] < 0)
    size = Counter(level_of.values())
    by_level = _beside(old, new, lambda row: row["level"])
    return Comparison(
        run=run | {"digest_old": old.policy.digest, "digest_new": new.policy.digest},
        changes=[_change(name, old.policy, new.policy) for name in changed],
        figures=[
            {"name": name, "kind": kind, "zh": zh, "en": en, "old": before[name], "new": figures[name]}
            | {"diff": _minus(figures[name], before[name]), "table": table}
            for name, kind, zh, en, table in FIGURES
        ],
        levels=[
            {"level": x, "institutions": size[x], "winners": won[x], "losers": lost[x], **by_level[x]}
            for x in LEVELS
            if x in by_level
        ],
        institutions=institutions,
        statements=[
            {"insurance_scheme": scheme, "institution_id": h, "name": names[h], "level": level_of[h], **row}
            for (scheme, h), row in _beside(
                old, new, lambda row: (row["insurance_scheme"], row["institution_id"])
            ).items()
        ],
        winners=won.total(),
        losers=lost.total(),
        total=next((name for name in ("distributable", "due") if figures[name] != before[name]), "same"),
        total_by=[x for x in changed if x in SHARED_BY]
        if figures["distributable"] != before["distributable"]
        else [],
        outside=[name for name in changed if name.startswith(outside)],
        scanned=scanned,
    )


def _minus(new: int | None, old: int | None) -> int | None:
    return None if new is None or old is None else new - old


def _change(name: str, old: Policy, new: Policy) -> Row:
    parameter, before, now = dictionary()[name], old.source(name), new.source(name)
    return {
        "name": name,
        "zh": parameter.zh,
        "en": parameter.en,
        "old": before.value,
        "new": now.value,
        "old_source": _said(before),
        "new_source": _said(now),
    }


def _said(source: ValueSource) -> str:
    return "; ".join(part for part in (source.source, source.clause) if part)


def _added(rows: Iterable[Row], key: Callable[[Row], K], names: Iterable[str]) -> dict[K, Row]:
    """Sums of some columns by key, in the order of the rows."""
    names = tuple(names)
    sums: dict[K, Row] = defaultdict(lambda: dict.fromkeys(names, 0))
    for row in rows:
        its = sums[key(row)]
        for name in names:
            its[name] += row[name]
    return sums


def _beside(old: Outcome, new: Outcome, key: Callable[[Row], K]) -> dict[K, Row]:
    """:data:`MEASURES` of both outcomes and their difference, by key. Both have the same institutions."""
    before, now = _added(old.statements, key, MEASURES), _added(new.statements, key, MEASURES)
    return {
        k: {
            f"{name}_{side}": value
            for name in MEASURES
            for side, value in (
                ("old", before[k][name]),
                ("new", now[k][name]),
                ("diff", now[k][name] - before[k][name]),
            )
        }
        for k in before
    }
