"""A whole year by hand: points, point value, settlement and closing in exact fractions, one plain step at a time.

Written from design/03–05 alone. It takes lists and dictionaries, loops over every stay, and rounds only where the
design says so; it is slow, and it judges the program.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

from drgpay.policy import Laws, Policy, Span, one_law

Stay = dict[str, Any]
"""stay_id, institution_id, insurance_scheme, year, month, drg, status, los, and in fen total_cost, personal_paid,
fund_by_item; perhaps age and dx"""
Rows = dict[tuple[Any, ...], dict[str, Any]]
"""rows of a table by their key"""

CC = {"E11.900": "1", "J44.900": "", "N39.000": "2"}
MCC = {"I50.900": "2"}
EXCLUSION = {"I10": "1", "K80.200": "2"}
"""of a little scheme: code → exclusion table ("" = never excluded), principal diagnosis → its table"""
DIAGNOSES = ("I10", "I11.900", "E11.900", "E11.100", "J44.900", "N39.000", "I50.900", "K80.200", "N18.900", "Z00")

UNIT = 10_000
MONTHS = range(1, 13)
YEAR = 0


class NoBaseError(Exception):
    """The base period has nothing to compute base points from."""


@dataclass(frozen=True, repr=False)
class Case:
    """What a year is settled from. ``evidence``: (institution, scheme, reason, fen)."""

    policy: Policy
    stays: list[Stay]
    institutions: dict[str, str]
    budgets: dict[str, int]
    grades: dict[str, str] = field(default_factory=dict)
    evidence: list[tuple[str, str, str, int]] = field(default_factory=list)
    violations: list[tuple[str, str, int, int]] = field(default_factory=list)
    """(institution, scheme, fen, multiple of damages in 1/10,000)"""
    advances: list[tuple[str, str, int]] = field(default_factory=list)
    debts: dict[tuple[str, str], int] = field(default_factory=dict)
    sanctioned: frozenset[str] = frozenset()
    """institutions under sanction in the year"""
    decisions: dict[str, dict[str, tuple[int | None, int | None]]] = field(default_factory=dict)
    """stay → approved kind → (fen, share in 1/10,000); special reviews are numbered in the order of the stays' ids"""
    adjusted: dict[str, int] = field(default_factory=dict)
    """scheme → fen that approved entries add to the budget when the year is cleared"""
    elsewhere: list[tuple[str, int, int]] = field(default_factory=list)
    """(scheme, month, fen) of own insured treated as inpatients in another area"""
    last_grades: dict[str, str] = field(default_factory=dict)
    indicators: dict[tuple[str, str], int] = field(default_factory=dict)
    """last year's values, 1/10,000, by (institution, indicator)"""
    operation_levels: dict[str, int] = field(default_factory=dict)
    year: int = 2024
    laws: Laws | None = None
    """of a year whose law changes; ``policy`` is then that of 31 December"""

    def __repr__(self) -> str:
        return f"Case({len(self.stays)} stays, {self.institutions}, {self.budgets}, law {self.policy.digest[:8]})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis prints fields of dataclasses otherwise, all stays among them

    def span(self, month: int) -> Span:
        """The law of a month, or of the clearing (0)."""
        laws = self.laws or one_law(self.policy, self.year)
        return laws.closing if month == YEAR else laws.months[month]

    def ratio(self, name: str) -> Fraction:
        """A ratio of the policy as a fraction."""
        return Fraction(self.policy.ratio(name), UNIT)


def rounded(x: Fraction) -> int:
    """Half up."""
    assert x >= 0
    return (x + Fraction(1, 2)).__floor__()


def rounded_either(x: Fraction) -> int:
    """Half away from zero."""
    return rounded(x) if x >= 0 else -rounded(-x)


def units(x: Fraction) -> int:
    """Half up to four decimals, in 1/10,000."""
    return rounded(x * UNIT)


def shared(total: int, weights: Mapping[Any, int]) -> dict[Any, int]:
    """Largest remainder: floors first, then one fen each to the largest remainders, ties by key."""
    whole = sum(weights.values())
    if not whole:
        assert not total
        return dict.fromkeys(weights, 0)
    exact = {key: Fraction(total * weight, whole) for key, weight in weights.items()}
    given = {key: share.__floor__() for key, share in exact.items()}
    queue = sorted(exact, key=lambda key: (given[key] - exact[key], key))
    for key in queue[: total - sum(given.values())]:
        given[key] += 1
    return given


def grouped_by(stays: Iterable[Stay], key: Callable[[Stay], Hashable]) -> dict[Any, list[Stay]]:
    """Stays by something."""
    found: dict[Any, list[Stay]] = {}
    for stay in stays:
        found.setdefault(key(stay), []).append(stay)
    return found


def cost_of(stays: Iterable[Stay]) -> int:
    """Σ cost."""
    return sum(s["total_cost"] for s in stays)


def mean_of(stays: list[Stay]) -> Fraction:
    """Mean cost, exact."""
    return Fraction(cost_of(stays), len(stays))


def plain_year(case: Case) -> dict[str, Rows]:
    """All tables of the year by name. Months are settled by the law of their last day, the clearing by that of 31
    December, each stay by the law that goes with its day of discharge."""
    base = _Base(case)
    coefficients = _Coefficients(case, base)
    cases = _cases_by_law(case, lambda stay: case.span(YEAR).on(_discharged(stay)))
    settled = [s | cases[s["stay_id"],] for s in case.stays if s["year"] == case.year]
    of_month = _cases_by_law(case, lambda stay: case.span(stay["month"]).on(_discharged(stay)))
    paid = [s | of_month[s["stay_id"],] for s in case.stays if s["year"] == case.year]
    pools: Rows = {}
    for month in (YEAR, *MONTHS):
        made = _pools(replace(case, policy=case.span(month).policy), settled if month == YEAR else paid)
        pools |= {key: row for key, row in made.items() if key[1] == month}
    months: Rows = {}
    for month in MONTHS:
        made = _months(replace(case, policy=case.span(month).policy), pools, paid)
        months |= {key: row for key, row in made.items() if key[1] == month}
    statements = _statements(case, base, pools, months, settled)
    return {
        "base_years": base.year_rows(),
        "base_groups": {
            key: row | {"fixed_coefficient": coefficients.fixed[key[0]][0], "fixed_by": coefficients.fixed[key[0]][1]}
            for key, row in base.groups.items()
        },
        "coefficients": coefficients.rows,
        "case_points": cases,
        "pools": pools,
        "institution_months": months,
        "statements": statements,
        "stay_payments": _stay_payments(case, months, statements, settled, paid),
        "closings": _closings(case, pools, months, statements),
    }


def _discharged(stay: Stay) -> date:
    """The tests' stays leave on the 28th."""
    return date(stay["year"], stay["month"], 28)


def _cases_by_law(case: Case, law: Callable[[Stay], Policy], month: int = YEAR) -> Rows:
    """Points of the year's stays, each by its own law; the cap on extra points is counted over all of them. Those of
    a single ``month`` are scored as if no later month were known, and capped over the month."""
    known = [s for s in case.stays if s["year"] == case.year and month in (YEAR, *range(s["month"], 13))]
    stays = [s for s in known if month in (YEAR, s["month"])]
    judged: dict[str, dict[str, Any]] = {}
    under: dict[str, Case] = {}
    for digest, policy in {law(s).digest: law(s) for s in stays}.items():
        its_case = replace(case, policy=policy)
        base = _Base(its_case)
        coefficients, special = _Coefficients(its_case, base), _special(its_case, known)
        for stay in (s for s in stays if law(s).digest == digest):
            under[stay["stay_id"]] = its_case
            judged[stay["stay_id"]] = _judged(its_case, base, coefficients, stay, stay["stay_id"] in special)
    for its in grouped_by(stays, lambda s: s["institution_id"]).values():
        asked = sum(judged[s["stay_id"]]["extra"] for s in its)
        without = sum(_adjusted(under[s["stay_id"]], s, judged[s["stay_id"]], extra=False) for s in its)
        for stay in its:
            row, cap = judged[stay["stay_id"]], law(stay).ratio_or_none("points.high_extra_cap")
            allowed = asked if cap is None else (Fraction(cap, UNIT) * without).__floor__()
            if asked > allowed:
                row["extra"] = (Fraction(row["extra"] * allowed, asked)).__floor__()
    rows: Rows = {}
    for stay in stays:
        row = judged[stay["stay_id"]]
        row["points"] = _adjusted(under[stay["stay_id"]], stay, row, extra=True)
        if _refused(case, stay):
            row["case_class"] = "excluded"
        rows[stay["stay_id"],] = row | {
            name: stay[name]
            for name in ("institution_id", "insurance_scheme", "year", "month", "drg", "total_cost",
                         "personal_paid", "fund_by_item")
        }  # fmt: skip
    return rows


# ---- design/03 §1–2


class _Base:
    """The base period: the stays that enter, those left after trimming, and what is published of them."""

    def __init__(self, case: Case) -> None:
        self.case, self.policy, self.opening = (
            case,
            case.policy,
            case.policy if case.laws is None else case.laws.opening,
        )
        self.scale = Fraction(self.policy.integer("points.scale"))
        self.weights = dict(self.policy.years("points.base_years"))
        self.entering = [
            s
            for s in case.stays
            if s["year"] in self.weights
            and s["status"] == "grouped"
            and self.policy.integer("points.min_los") <= s["los"] <= self.policy.integer("points.max_los")
        ]
        self.left = self.entering
        for _ in range(self.policy.integer("points.trim_passes")):
            self.left = self._trimmed(self.left)
        if not self.left:
            raise NoBaseError
        self.mean = self._mean_over_years(self.left)
        if not self.mean:
            raise NoBaseError
        self.drgs = sorted({s["drg"] for s in self.entering})
        self.groups: Rows = {(drg,): self._group(drg) for drg in self.drgs}

    def _high_multiple(self, points: Fraction, policy: Policy) -> Fraction:
        for band in policy.bands("points.high_multiple"):
            if band.upto is None or points <= Fraction(band.upto, UNIT):
                return Fraction(band.value, UNIT)
        raise AssertionError("the last band is open")

    def _trimmed(self, stays: list[Stay]) -> list[Stay]:
        low = Fraction(self.opening.ratio("points.low_multiple"), UNIT)
        kept = []
        for in_year in grouped_by(stays, lambda s: s["year"]).values():
            overall = mean_of(in_year)
            for group in grouped_by(in_year, lambda s: s["drg"]).values():
                n, total = len(group), cost_of(group)
                provisional = Fraction(total, n) / overall * self.scale if overall else Fraction(0)
                high = self._high_multiple(provisional, self.opening)
                kept += [s for s in group if low * total <= s["total_cost"] * n <= high * total]
        return kept

    def _mean_over_years(self, stays: list[Stay]) -> int:
        means = {year: mean_of(its) for year, its in grouped_by(stays, lambda s: s["year"]).items()}
        if not means:
            return 0
        weighted = sum((self.weights[y] * m for y, m in means.items()), Fraction(0))
        return rounded(weighted / sum(self.weights[y] for y in means))

    def _group(self, drg: str) -> dict[str, Any]:
        policy = self.policy
        stays = [s for s in self.left if s["drg"] == drg]
        n, total, squares = len(stays), cost_of(stays), sum(s["total_cost"] ** 2 for s in stays)
        max_cv = self.case.ratio("points.max_cv")
        within = n * (n * squares - total**2) <= max_cv**2 * (n - 1) * total**2
        stable = n >= policy.integer("points.min_cases") and within
        mean = self._mean_over_years(stays)
        rule = policy.choice("points.unstable_rule")
        if not stable and rule == "median":
            costs = sorted(s["total_cost"] for s in self.entering if s["drg"] == drg)
            mean = costs[(len(costs) - 1) // 2]
        points = None if not stable and rule == "cost" else units(self.scale * mean / self.mean) or None
        return {
            "n": n,
            "mean_cost": mean,
            "cv": _printed_cv(n, total, squares),
            "stable": stable,
            "base_points": points,
            "high_multiple": None if points is None else units(self._high_multiple(Fraction(points, UNIT), policy)),
            "basic": drg in policy.codes("coefficient.basic_groups"),
        }

    def year_rows(self) -> Rows:
        """Every group and base year before and after trimming."""
        rows: Rows = {}
        for key, stays in grouped_by(self.entering, lambda s: (s["year"], s["drg"])).items():
            left = [s for s in self.left if (s["year"], s["drg"]) == key]
            rows[key] = {
                "n_before": len(stays),
                "cost_before": cost_of(stays),
                "n": len(left),
                "cost": cost_of(left),
            }
        return rows


def _printed_cv(n: int, total: int, squares: int) -> int | None:
    """sd ÷ mean in 1/10,000, half up: the integer v with (v − ½)² ≤ cv² < (v + ½)²."""
    if n < 2 or not total:
        return None
    square = Fraction(n * (n * squares - total**2), (n - 1) * total**2) * UNIT**2
    low, high = 0, 1
    while Fraction(2 * high - 1, 2) ** 2 <= square:
        high *= 2
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if Fraction(2 * middle - 1, 2) ** 2 <= square else (low, middle)
    return low


# ---- design/03 §3


class _Coefficients:
    """K of institutions with its derivation, and the groups where it is the same for all."""

    def __init__(self, case: Case, base: _Base) -> None:
        self.case, self.policy, self.base = case, case.policy, base
        self.means = {drg: mean_of(stays) for drg, stays in grouped_by(base.left, lambda s: s["drg"]).items()}
        self.rows: Rows = {}
        self.total: dict[str, int] = {}
        for institution, level in case.institutions.items():
            self._derive(institution, level)
        self.fixed = {drg: self._fixed(drg) for drg in base.drgs}

    def of(self, institution: str, drg: str) -> int:
        """K(h, g) in 1/10,000."""
        fixed = self.fixed[drg][0]
        return self.total[institution] if fixed is None else fixed

    def _sums(self, institutions: Iterable[str]) -> tuple[int, int, Fraction]:
        among = set(institutions)
        stays = [s for s in self.base.left if s["institution_id"] in among]
        return len(stays), cost_of(stays), sum((self.means[s["drg"]] for s in stays), Fraction(0))

    def _derive(self, institution: str, level: str) -> None:
        policy, ratio = self.policy, self.case.ratio
        n, cost, expected = self._sums([institution])
        peers = [h for h, its in self.case.institutions.items() if its == level]
        _, level_cost, level_expected = self._sums(peers)
        level_ratio = level_cost / level_expected if level_expected else Fraction(1)
        own_ratio = cost / expected if expected else level_ratio
        found: dict[str, tuple[int, int, str]] = {}
        for component in policy.names("coefficient.components"):
            if component == "level" and policy.choice("coefficient.level_method") == "table":
                value = policy.table("coefficient.level_table")[level]
                found[component] = (value, value, "none")
            elif component == "level":
                found[component] = self._held(
                    level_ratio, ratio("coefficient.level_min"), ratio("coefficient.level_max")
                )
            elif component == "cost_difference":
                own = ratio("coefficient.own_share")
                found[component] = self._held(
                    own * own_ratio + (1 - own) * level_ratio,
                    ratio("coefficient.cost_difference_min"),
                    ratio("coefficient.cost_difference_max"),
                )
            elif component != "basic_group":
                exact = {"capacity": self._capacity, "guidance": self._guidance, "management": self._management}
                low, high = (policy.ratio_or_none(f"coefficient.{component}_{end}") for end in ("min", "max")) if (
                    component != "management") else (None, None)  # fmt: skip
                found[component] = self._held(
                    exact[component](institution),
                    Fraction(low or 0, UNIT),
                    None if high is None else Fraction(high, UNIT),
                )
        combined = self._combined({name: Fraction(value, UNIT) for name, (_, value, _) in found.items()})
        found["total"] = self._held(combined, ratio("coefficient.min"), ratio("coefficient.max"))
        self.total[institution] = found["total"][1]
        for component, (unbounded, value, bound) in found.items():
            self.rows[institution, component] = {
                "n": n,
                "own_cost": cost,
                "own_expected": rounded(expected),
                "level_cost": level_cost,
                "level_expected": rounded(level_expected),
                "unbounded": unbounded,
                "value": value,
                "bound": bound,
            }

    def _capacity(self, institution: str) -> Fraction:
        """1 + a × (own CMI ÷ the region's − 1) + b × technical level."""
        policy, share = self.policy, Fraction(0)
        weight = {drg: Fraction(g["base_points"] or 0) for (drg,), g in self.base.groups.items()}
        everyone = [s for s in self.base.left if s["institution_id"] in self.case.institutions]
        mine = [s for s in everyone if s["institution_id"] == institution]
        whole = sum(weight[s["drg"]] for s in everyone)
        if mine and whole:
            own = sum(weight[s["drg"]] for s in mine) / len(mine)
            relative = own / (whole / len(everyone))
            share = (relative - 1) * (policy.ratio_or_none("coefficient.capacity_cmi_share") or 0)
        technical = self._technical(institution) * (policy.ratio_or_none("coefficient.capacity_technical_share") or 0)
        return 1 + (share + technical) / UNIT

    def _technical(self, institution: str) -> Fraction:
        """Σ weight × (own ÷ the region's − 1) over groups, heavy stays, and level 4 among operated stays."""
        weights = self.policy.table_or_none("coefficient.technical_weights")
        if weights is None:
            return Fraction(self.case.indicators.get((institution, "technical_level"), 0), UNIT)
        by = grouped_by(self.base.left, lambda s: s["institution_id"])
        heavy = Fraction(self.policy.ratio_or_none("coefficient.heavy_weight") or 0, UNIT) * self.base.scale
        cut = [s for s in self.base.entering if s.get("proc")]

        def parts(stays: list[Stay], operations: list[Stay]) -> list[Fraction]:
            groups = {(s["institution_id"], s["drg"]) for s in stays}
            strong = [s for s in stays if Fraction(self.base.groups[s["drg"],]["base_points"] or 0, UNIT) >= heavy]
            hard = [s for s in operations if any(self.case.operation_levels.get(c) == 4 for c in s["proc"])]
            return [
                Fraction(len(groups), len({h for h, _ in groups}) or 1),
                Fraction(len(strong), len(stays)) if stays else Fraction(0),
                Fraction(len(hard), len(operations)) if operations else Fraction(0),
            ]

        if institution not in by:
            return Fraction(0)
        region = parts(self.base.left, cut)
        own = parts(by[institution], [s for s in cut if s["institution_id"] == institution])
        names = ("groups_covered", "heavy_share", "top_operation_share")
        return sum(
            (
                Fraction(weights.get(n, 0), UNIT) * (mine / whole - 1)
                for n, mine, whole in zip(names, own, region, strict=True)
                if whole
            ),
            Fraction(0),
        )

    def _guidance(self, institution: str) -> Fraction:
        total = Fraction(1)
        for (h, name), value in self.case.indicators.items():
            bands = None if name == "technical_level" else self.policy.bands_or_none(f"coefficient.guidance_{name}")
            if h == institution and bands is not None:
                step = next(b.value for b in bands if b.upto is None or value <= b.upto)
                total += Fraction(step, UNIT)
        return total

    def _management(self, institution: str) -> Fraction:
        grade = self.case.last_grades.get(institution, self.policy.choice("settlement.grade_when_missing"))
        return Fraction((self.policy.table_or_none("coefficient.management_table") or {})[grade], UNIT)

    def _held(self, exact: Fraction, low: Fraction, high: Fraction | None) -> tuple[int, int, str]:
        value = rounded_either(exact * UNIT)
        if value < units(low):
            return value, units(low), "min"
        if high is not None and value > units(high):
            return value, units(high), "max"
        return value, value, "none"

    def _combined(self, values: dict[str, Fraction]) -> Fraction:
        result = Fraction(1)
        if values and self.policy.choice("coefficient.combine") == "weighted_sum":
            weights = self.policy.table_or_none("coefficient.weights") or {}
            return sum((Fraction(weights[name], UNIT) * value for name, value in values.items()), Fraction(0))
        for value in values.values():
            result *= value
        return result

    def _fixed(self, drg: str) -> tuple[int | None, str | None]:
        policy, group = self.policy, self.base.groups[drg,]
        if group["basic"] and "basic_group" in policy.names("coefficient.components"):
            return policy.ratio("coefficient.basic_group_value"), "coefficient.basic_group_value"
        least = policy.integer_or_none("coefficient.min_cases")
        if least is not None and group["n"] < least:
            return UNIT, "coefficient.min_cases"
        if policy.flag("coefficient.one_when_unstable") and not group["stable"]:
            return UNIT, "coefficient.one_when_unstable"
        share = policy.ratio_or_none("coefficient.dominant_share")
        stays = [s for s in self.base.left if s["drg"] == drg]
        largest = max(map(len, grouped_by(stays, lambda s: s["institution_id"]).values()), default=0)
        if share is not None and stays and Fraction(largest, len(stays)) >= Fraction(share, UNIT):
            return UNIT, "coefficient.dominant_share"
        return None, None


# ---- design/03 §4


def _refused(case: Case, stay: Stay) -> bool:
    return "refuse" in case.decisions.get(stay["stay_id"], {})


def _special(case: Case, stays: list[Stay]) -> set[str]:
    """Special reviews within the quota of the year, at least one for every institution."""
    quota, found = case.policy.ratio_or_none("points.special_quota"), set()
    for its in grouped_by(stays, lambda s: s["institution_id"]).values():
        asked = sorted(s["stay_id"] for s in its if "special" in case.decisions.get(s["stay_id"], {}))
        allowed = len(its) if quota is None else max(1, (Fraction(quota, UNIT) * len(its)).__floor__())
        found |= set(asked[:allowed])
    return found


def _adjusted(case: Case, stay: Stay, row: dict[str, Any], *, extra: bool) -> int:
    """Points after difficulty, new technology and deduction, each rounded once."""
    points = row["points"] + (row["extra"] if extra else 0)
    policy, decided = case.policy, case.decisions.get(stay["stay_id"], {})
    holds = 0
    age, others = policy.integer_or_none("points.difficulty_age"), policy.integer_or_none(
        "points.difficulty_comorbidities")  # fmt: skip
    if row["case_class"] in ("normal", "low", "high"):
        holds += age is not None and stay.get("age") is not None and stay["age"] >= age
        holds += others is not None and len(_comorbidities(policy, stay.get("dx", ["I10"]))) >= others
    if holds:
        one, both = (policy.ratio_or_none(f"points.difficulty_add{n}") for n in ("", "_both"))
        added = (both if holds == 2 and both is not None else one) or 0
        points = rounded(points * (1 + Fraction(added, UNIT)))
    if "technology" in decided:
        most, share = policy.ratio_or_none("points.technology_max"), decided["technology"][1] or 0
        points = rounded(points * (1 + Fraction(share if most is None else min(share, most), UNIT)))
    if "deduct" in decided:
        points = rounded(points * (1 - min(Fraction(decided["deduct"][1] or 0, UNIT), Fraction(1))))
    return points


def _comorbidities(policy: Policy, dx: list[str]) -> set[str]:
    """Categories of the other diagnoses that are chronic, CC or MCC and not excluded by the principal one."""
    chronic, found = policy.codes_or_none("points.difficulty_chronic") or (), set()
    for code in dx[1:]:
        table = MCC.get(code, CC.get(code))
        long = any(code[: len(c)] == c for c in chronic)
        excluded = bool(table) and EXCLUSION.get(dx[0]) == table
        if (long or table is not None) and not excluded:
            found.add(code[:3])
    return found - {dx[0][:3]}


def _judged(case: Case, base: _Base, coefficients: _Coefficients, stay: Stay, special: bool) -> dict[str, Any]:
    """Class, coefficient, discount, extra and points without it of a stay, as if it were not refused."""
    cost = Fraction(stay["total_cost"])
    group = base.groups.get((stay["drg"],))
    total = coefficients.total[stay["institution_id"]]
    k = total if group is None else coefficients.of(stay["institution_id"], stay["drg"])
    plain = {"coefficient": k, "discount": None, "extra": 0}
    if special:
        amount = case.decisions[stay["stay_id"]]["special"][0]
        recognised = cost if amount is None else Fraction(amount)
        return plain | {"case_class": "special", "points": units(recognised / base.mean * base.scale)}
    if stay["status"] != "grouped" or group is None or group["base_points"] is None:
        case_class = "unstable" if stay["status"] == "grouped" else stay["status"]
        discount = case.policy.ratio(f"points.{case_class}_discount")
        points = units(cost / base.mean * base.scale * Fraction(discount, UNIT))
        return plain | {"case_class": case_class, "discount": discount, "points": points}
    p, a = Fraction(group["base_points"], UNIT), Fraction(group["mean_cost"])
    high = Fraction(group["high_multiple"], UNIT)
    factor = Fraction(k, UNIT)
    normal = units(p * factor)
    if cost < case.ratio("points.low_multiple") * a:
        points = min(units(p * cost / a), normal)
        return plain | {"case_class": "low", "points": points}
    if cost > high * a:
        extra = 0
        if case.policy.choice("points.high_extra") == "auto":
            extra = units(p * factor + p * (cost / a - high)) - normal
        return plain | {"case_class": "high", "extra": extra, "points": normal}
    return plain | {"case_class": "normal", "points": normal}


# ---- design/04 §2–3


def _season(case: Case, scheme: str) -> dict[int, int]:
    last = [s for s in case.stays if s["year"] == case.year - 1 and s["insurance_scheme"] == scheme]
    if case.policy.choice("fund.seasonality") == "last_year" and cost_of(last):
        return {m: cost_of(s for s in last if s["month"] == m) for m in MONTHS}
    return dict.fromkeys(MONTHS, 1)


def _pools(case: Case, settled: list[Stay]) -> Rows:
    with_patients = case.policy.choice("fund.basis") == "total"
    rows: Rows = {}
    for scheme, budget in case.budgets.items():
        reserve = rounded(budget * case.ratio("fund.reserve_share"))
        season = _season(case, scheme)
        fund_by, reserve_by = shared(budget - reserve, season), shared(reserve, season)
        for month in (YEAR, *MONTHS):
            here = [s for s in settled if s["insurance_scheme"] == scheme and month in (YEAR, s["month"])]
            kept, own = (reserve, budget - reserve) if month == YEAR else (reserve_by[month], fund_by[month])
            patients = sum(s["personal_paid"] for s in here) if with_patients else 0
            points = sum(s["points"] for s in here)
            more = case.adjusted.get(scheme, 0) if month == YEAR else 0
            gone = _elsewhere(case, scheme, month)
            kept_for, own = own + kept + more, own + more - gone
            value = units(Fraction(own + patients, 100) / Fraction(points, UNIT)) if points else None
            rows[scheme, month] = {
                "budget": kept_for,
                "adjusted": more,
                "reserve": kept,
                "elsewhere": gone,
                "patients": patients,
                "distributable": own + patients,
                "n": len(here),
                "points": points,
                "point_value": value,
            }
    return rows


def _elsewhere(case: Case, scheme: str, month: int) -> int:
    """Paid out of the one inpatient budget for own insured treated elsewhere, in a month or in the year."""
    if case.policy.choice_or_none("fund.inpatient_unit") != "whole_area":
        return 0
    return sum(fen for s, m, fen in case.elsewhere if s == scheme and month in (YEAR, m))


def _left(pool: dict[str, Any]) -> int:
    return int(pool["budget"] - pool["reserve"] - pool["elsewhere"])


def _dues(case: Case, fund: int, stays: list[Stay]) -> dict[str, int]:
    """Allocated payment of every institution of some stays."""
    by = grouped_by(stays, lambda s: s["institution_id"])
    points = {h: sum(s["points"] for s in its) for h, its in by.items()}
    total = case.policy.choice("fund.basis") == "total"
    patients = {h: sum(s["personal_paid"] for s in its) if total else 0 for h, its in by.items()}
    inside = {h for h in by if points[h]}
    while True:
        given = shared(fund + sum(patients[h] for h in inside), {h: points[h] for h in inside}) if inside else {}
        short = {h for h in inside if given[h] < patients[h]}
        if not short:
            return {h: given[h] - patients[h] if h in inside else 0 for h in by}
        inside -= short


def _months(case: Case, pools: Rows, settled: list[Stay]) -> Rows:
    ratio = case.ratio("settlement.monthly_pay_ratio")
    rows: Rows = {}
    for scheme in case.budgets:
        for month in MONTHS:
            pool = pools[scheme, month]
            here = [s for s in settled if (s["insurance_scheme"], s["month"]) == (scheme, month)]
            for h, share in _dues(case, _left(pool), here).items():
                its = [s for s in here if s["institution_id"] == h]
                due = sum(paid for paid, _ in _of_stays(case, share, its, lambda s: s["stay_id"]).values())
                paid = rounded(due * ratio)
                rows[scheme, month, h] = {
                    "n": len(its),
                    "points": sum(s["points"] for s in its),
                    "cost": cost_of(its),
                    "actual": sum(s["fund_by_item"] for s in its if not _refused(case, s)),
                    "refused": share - due,
                    "due": due,
                    "paid": paid,
                    "deposit": due - paid,
                }
    return rows


# ---- design/05

_BY_REASON = "settlement.reasonable_share_by_reason"


def _statements(case: Case, base: _Base, pools: Rows, months: Rows, settled: list[Stay]) -> Rows:
    rows: Rows = {}
    for scheme in case.budgets:
        pool = pools[scheme, YEAR]
        in_scheme = [s for s in settled if s["insurance_scheme"] == scheme]
        dues = _dues(case, _left(pool), in_scheme)
        its_rows = {h: _sharing(case, base, scheme, h, dues.get(h, 0), in_scheme, months) for h in case.institutions}
        wanted = {h: row["overspend_shared"] for h, row in its_rows.items()}
        if sum(wanted.values()) > pool["reserve"]:
            for h, amount in shared(pool["reserve"], wanted).items():
                its_rows[h]["overspend_shared"] = amount
        second = _second(case, its_rows)
        for h, row in its_rows.items():
            row["second_distribution"] = second[h]
            row["moved"], row["successor"] = 0, None  # nobody goes over into another here
            found = [v for v in case.violations if v[:2] == (h, scheme)]
            row["violations"] = sum(amount for _, _, amount, _ in found)
            row["damages"] = sum(rounded(amount * Fraction(multiple, UNIT)) for _, _, amount, multiple in found)
            row["advance_netted"] = sum(amount for its, s, amount in case.advances if (its, s) == (h, scheme))
            row["debt_netted"] = case.debts.get((h, scheme), 0)
            row["held"] = row["modes_held"] = row["passed"] = row["moved"] = 0
            row["assessment_held"] = row["assessment_forfeited"] = row["debt_passed"] = 0
            row["successor"] = None
            row["settled"] = (
                row["due"] - row["surplus_returned"] + row["overspend_shared"] - row["deposit_forfeited"] + second[h]
                - row["violations"] - row["damages"]
            )  # fmt: skip
            row["final_payment"] = row["settled"] - row["paid_in_months"] - row["advance_netted"] - row["debt_netted"]
            rows[scheme, h] = row
    return rows


def _sharing(
    case: Case, base: _Base, scheme: str, h: str, share: int, in_scheme: list[Stay], months: Rows
) -> dict[str, Any]:
    policy = case.policy
    stays = [s for s in in_scheme if s["institution_id"] == h]
    due = sum(paid for paid, _ in _of_stays(case, share, stays, lambda s: (s["month"], s["stay_id"])).values())
    grade = case.grades.get(h, policy.choice("settlement.grade_when_missing"))
    actual = sum(s["fund_by_item"] for s in stays if not _refused(case, s))
    its_months = [row for (s, _, its), row in months.items() if (s, its) == (scheme, h)]
    held, paid = sum(r["deposit"] for r in its_months), sum(r["paid"] for r in its_months)
    weights = sum(base.groups.get((s["drg"],), {}).get("base_points") or 0 for s in stays)
    keep, returned, reasonable, fund_bears = None, 0, 0, 0
    if due > actual:
        keep = next(
            band.value
            for band in policy.bands("settlement.keep_bands")
            if band.upto is None or Fraction(actual, due) < Fraction(band.upto + 1, UNIT)
        )
        keep = _with_step(keep, policy, "settlement.keep_grade_steps", grade)
        if h in case.sanctioned and policy.flag("settlement.sanction_no_increase"):
            keep = 0
        returned = due - actual - rounded(Fraction(keep, UNIT) * (due - actual))
    if actual > due:
        shown: dict[str, int] = {}
        for e, s, reason, amount in case.evidence:
            if (e, s) == (h, scheme):
                shown[reason] = shown.get(reason, 0) + amount
        reasonable = min(actual - due, sum(shown.values()))
        its_share = {r: Fraction(v, UNIT) for r, v in (policy.table_or_none(_BY_REASON) or {}).items()}
        general = case.ratio("settlement.reasonable_fund_share")
        parts = shared(reasonable, shown)
        for reason, part in parts.items():
            bears = _with_step(its_share.get(reason, general) * UNIT, policy, "settlement.share_grade_steps", grade)
            fund_bears += rounded(part * Fraction(bears, UNIT))
    back = rounded(held * Fraction(policy.table("settlement.deposit_return")[grade], UNIT))
    return {
        "level": case.institutions[h],
        "grade": grade,
        "sanctioned": h in case.sanctioned,
        "n": len(stays),
        "points": sum(s["points"] for s in stays),
        "cmi": units(Fraction(weights, UNIT) / (len(stays) * base.scale)) if stays else None,
        "cost": cost_of(stays),
        "actual": actual,
        "refused": share - due,
        "due": due,
        "balance": due - actual,
        "use_ratio": units(Fraction(actual, due)) if due else None,
        "keep_share": keep,
        "surplus_returned": returned,
        "overspend_reasonable": reasonable,
        "overspend_shared": fund_bears,
        "deposit_held": held,
        "deposit_forfeited": held - back,
        "paid_in_months": paid,
    }


def _with_step(share: Any, policy: Policy, steps: str, grade: str) -> Any:
    """A ratio (1/10,000) moved by the step of a grade, never below nothing or above all."""
    moved = share + (policy.table_or_none(steps) or {}).get(grade, 0)
    return 0 if moved < 0 else UNIT if moved > UNIT else moved


def _set_aside(case: Case, rows: Iterable[dict[str, Any]]) -> int:
    returned = sum(row["surplus_returned"] for row in rows)
    return rounded(returned * case.ratio("settlement.second_distribution_surplus_share"))


def _second(case: Case, rows: dict[str, dict[str, Any]]) -> dict[str, int]:
    pool = sum(row["deposit_forfeited"] for row in rows.values()) + _set_aside(case, rows.values())
    grades = case.policy.table("settlement.second_distribution_weights")
    weights = {h: row["points"] * grades[row["grade"]] for h, row in rows.items()}
    if case.policy.flag("settlement.sanction_no_increase"):
        weights |= {h: 0 for h, row in rows.items() if row["sanctioned"] and row["actual"] <= row["due"]}
    return shared(pool if any(weights.values()) else 0, weights)


def _of_stays(case: Case, share: int, stays: list[Stay], key: Callable[[Stay], Any]) -> dict[str, tuple[int, int]]:
    """What every stay of an institution is paid of its share, and what the fund takes back of it."""
    total = case.policy.choice("fund.basis") == "total"
    own = {s["stay_id"]: s["personal_paid"] if total and share else 0 for s in stays}
    given = shared(share + sum(own.values()), {key(s): s["points"] for s in stays})
    its = {s["stay_id"]: given[key(s)] - own[s["stay_id"]] for s in stays}
    paid = {s["stay_id"]: 0 if _refused(case, s) else its[s["stay_id"]] for s in stays}
    if any(_refused(case, s) for s in stays) and sum(paid.values()) < 0:
        paid = dict.fromkeys(paid, 0)
    return {stay_id: (amount, its[stay_id] - amount) for stay_id, amount in paid.items()}


def _stay_payments(case: Case, months: Rows, statements: Rows, settled: list[Stay], paid: list[Stay]) -> Rows:
    month_due: dict[str, tuple[int, int]] = {}
    year_due: dict[str, tuple[int, int]] = {}
    for (scheme, month, h), row in months.items():
        its = [s for s in paid if (s["insurance_scheme"], s["month"], s["institution_id"]) == (scheme, month, h)]
        month_due |= _of_stays(case, row["due"] + row["refused"], its, lambda s: s["stay_id"])
    for (scheme, h), row in statements.items():
        its = [s for s in settled if (s["insurance_scheme"], s["institution_id"]) == (scheme, h)]
        year_due |= _of_stays(case, row["due"] + row["refused"], its, lambda s: (s["month"], s["stay_id"]))
    return {
        (s["stay_id"],): {
            **{name: s[name] for name in ("institution_id", "insurance_scheme", "month", "drg")},
            "month_due": month_due[s["stay_id"]][0],
            "month_refused": month_due[s["stay_id"]][1],
            "year_due": year_due[s["stay_id"]][0],
            "year_refused": year_due[s["stay_id"]][1],
        }
        for s in settled
    }


def _closings(case: Case, pools: Rows, months: Rows, statements: Rows) -> Rows:
    rows: Rows = {}
    for scheme in case.budgets:
        its = [row for (s, _), row in statements.items() if s == scheme]
        budget, gone = pools[scheme, YEAR]["budget"], pools[scheme, YEAR]["elsewhere"]
        reserve = pools[scheme, YEAR]["reserve"]
        aside = _set_aside(case, its)
        second_pool = sum(row["deposit_forfeited"] for row in its) + aside
        rows[scheme,] = {
            "budget": budget,
            "reserve": reserve,
            "distributable": budget - reserve,
            "risk_draw": sum(row["overspend_shared"] for row in its),
            "debts": sum(row["debt_netted"] for row in its),
            "recovered": sum(max(-row["final_payment"], 0) for row in its),
            "paid": sum(row["paid"] for (s, _, _), row in months.items() if s == scheme)
            + sum(max(row["final_payment"], 0) + row["advance_netted"] for row in its) + gone,
            "returned": sum(
                row["surplus_returned"] + row["violations"] + row["damages"] + row["debt_netted"] + row["refused"]
                for row in its
            ) - aside,
            "carried_over": budget - reserve - gone - sum(row["due"] + row["refused"] for row in its)
            + second_pool - sum(row["second_distribution"] for row in its),
            "passed": 0,
        }  # fmt: skip
    return rows
