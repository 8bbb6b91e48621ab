"""The board of the area's outcomes: three down, one up; growth, base level, county; over the years (design/08 §3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from drgpay.policy import Policy
from drgpay.tables import OUTCOMES
from drgpay.units import ONE, half_up
from drgpay.words import in_word

Row = dict[str, Any]


@dataclass(frozen=True)
class AreaFacts:
    """What the board looks at. ``figures``: rows of ``indicator_figures`` of the area by indicator; ``balances``:
    institution → due − actual of the year (None: the year is not cleared); ``violations``: number of confirmed
    violations by year; ``values``: rows of register ``area_values``; ``history``: rows of ``outcomes`` of earlier
    years."""

    year: int
    figures: Mapping[str, Row]
    balances: Mapping[str, int] | None
    violations: Mapping[int, int]
    values: Iterable[Row]
    history: Iterable[Row] = ()


_UNITS = {"mean_cost": "fen", "mean_personal": "fen", "fund_per_head": "fen", "violations": "number",
          "in_surplus": "number"}  # fmt: skip
_DOWN = ("mean_cost", "mean_personal", "violations")
_UP = ("in_surplus", "surplus_coverage")


def outcomes(facts: AreaFacts, policy: Policy) -> list[Row]:
    """Rows of table ``outcomes``: this year's and those of earlier years, one per measure; a measure that cannot be
    told says why. Better than the year before is met for what should fall or rise; a bound of the policy for growth,
    base level and county."""
    given = {(v["year"], v["measure"]): (v["numerator"], v["denominator"]) for v in facts.values}
    past = {(r["year"], r["measure"]): r for r in facts.history if r["year"] != facts.year}
    rows = [_measured(name, facts, given, past, policy) for name in OUTCOMES["measure"].choices]
    return sorted([*past.values(), *rows], key=lambda r: (r["year"], r["measure"]))


def _better(name: str, value: int, before: int) -> bool | None:
    """Whether a measure moved as it should; what cannot move further (no violation, every institution in surplus)
    did. None for measures without a way."""
    if name in _DOWN:
        return value < before or value == 0
    if name in _UP:
        return value > before or (name == "surplus_coverage" and value == ONE)
    return None


Given = Mapping[tuple[int, str], tuple[int, int | None]]
Past = Mapping[tuple[int, str], Row]


def _measured(name: str, facts: AreaFacts, given: Given, past: Past, policy: Policy) -> Row:
    value, before, zh, en = _value(name, facts, given, past)
    if before is None and (facts.year - 1, name) in past:
        before = past[facts.year - 1, name]["value"]
    target, met = None, None
    if name in ("fund_growth", "fund_per_head_growth"):
        target = policy.ratio("fund.max_growth")
        met = None if value is None or target is None else value <= target
    elif name in ("base_visits", "county_visits"):
        target = policy.ratio_or_none(f"evaluation.min_{name}")
        met = None if value is None or target is None else value >= target
    elif value is not None and before is not None:
        met = _better(name, value, before)
    if value is not None and before is None and name in (*_DOWN, *_UP):
        zh, en = f"{zh};没有上年值,不能比较", f"{en}; no value of the year before to compare with"
    return {
        "year": facts.year,
        "measure": name,
        "value": value,
        "unit": _UNITS.get(name, "share"),
        "before": before,
        "target": target,
        "met": met,
        "zh": zh,
        "en": en,
    }


def _value(
    name: str, facts: AreaFacts, given: Given, past: Past
) -> tuple[int | None, int | None, str, str]:  # fmt: skip
    """Value, value of the year before, and where they come from."""
    year = facts.year
    if name in ("mean_cost", "mean_personal"):
        growth = facts.figures["cost_growth" if name == "mean_cost" else "personal_growth"]
        own = facts.figures[name]
        if own["value"] is None:
            return None, None, own["absent_zh"], own["absent_en"]
        value = half_up(own["numerator"] * 100, own["denominator"])
        # growth = value ÷ before − 1, both exact: before = value ÷ (1 + growth)
        before = None
        if growth["numerator"] is not None:
            before = half_up(
                own["numerator"] * 100 * growth["denominator"],
                own["denominator"] * (growth["numerator"] + growth["denominator"]),
            )
        return value, before, "住院病例例均", "mean of the inpatient stays"
    if name == "violations":
        return facts.violations.get(year, 0), facts.violations.get(year - 1), "违规认定件数", "confirmed violations"
    if name in ("in_surplus", "surplus_coverage"):
        if not facts.balances:
            return None, None, "没有年度清算单", "no statements of the year"
        n = sum(balance > 0 for balance in facts.balances.values())
        text = f"{n} / {len(facts.balances)}"
        value = n if name == "in_surplus" else half_up(n * ONE, len(facts.balances))
        return value, None, f"有结余的机构 {text}", f"institutions in surplus {text}"
    if name == "fund_growth":
        now, then = given.get((year, "fund_expenditure")), given.get((year - 1, "fund_expenditure"))
        if now and then and then[0]:
            return (
                half_up((now[0] - then[0]) * ONE, then[0]),
                None,
                "填报的基金支出",
                "reported expenditure of the fund",
            )
        own = facts.figures["fund_growth"]
        if own["value"] is None:
            return None, None, own["absent_zh"], own["absent_en"]
        return own["value"], None, "住院病例的项目基金应付", "what the fund would pay for the stays by item"
    if name in ("fund_per_head", "fund_per_head_growth"):
        return _per_head(name, facts, given, past)
    if name == "base_visits" and facts.figures["base_visits"]["value"] is not None:
        return facts.figures["base_visits"]["value"], None, "门诊就诊表", "table visits"
    share = given.get((year, name))
    if share is None or share[1] is None:
        return (
            None,
            None,
            f"登记表“统筹区填报值”没有 {year} 年的{in_word(name, 'zh')}",
            f"no {name} of {year} in register area_values",
        )
    return half_up(share[0] * ONE, share[1]), None, "登记表“统筹区填报值”", "register area_values"


def _per_head(
    name: str, facts: AreaFacts, given: Given, past: Past
) -> tuple[int | None, int | None, str, str]:  # fmt: skip
    heads = given.get((facts.year, "insured"))
    spent = given.get((facts.year, "fund_expenditure"))
    if not heads or not heads[0]:
        zh, en = (f"登记表“统筹区填报值”没有 {facts.year} 年的参保人数", f"no insured of {facts.year} in area_values")
        return None, None, zh, en
    fund = facts.figures["reimbursement_share"]["numerator"]
    source = ("住院病例的项目基金应付", "fund by item of the stays")
    if spent:
        fund, source = spent[0] * 100, ("填报的基金支出", "reported expenditure")
    if fund is None:
        return None, None, "没有病例", "no stays"
    now = half_up(fund, heads[0])
    if name == "fund_per_head":
        return now, None, *source
    then = past.get((facts.year - 1, "fund_per_head"))
    if then is None or not then["value"]:
        return None, None, "没有上年人均基金支出", "no fund per head of the year before"
    return half_up((now - then["value"]) * ONE, then["value"]), None, *source
