"""The board of the area's outcomes: three down, one up; growth, base level, county; over the years (design/08 §3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drgpay.policy import Policy
from drgpay.tables import OUTCOMES, TASKS
from drgpay.units import ONE, half_up
from drgpay.words import in_word

Row = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """Where people were treated in the year: outpatient visits and stays together, out-of-area claims of the own
    insured beside them. ``everywhere``: at institutions of the area; ``base``: of them at primary level; ``county``,
    ``placed``: of them inside the county, and at institutions whose place is told; ``elsewhere``: out of the area."""

    everywhere: int
    base: int
    county: int
    placed: int
    elsewhere: int


@dataclass(frozen=True)
class AreaFacts:
    """What the board looks at. ``figures``: rows of ``indicator_figures`` of the area by indicator; ``balances``:
    institution → due − actual of the year (None: the year is not cleared); ``violations``: number of confirmed
    violations by year; ``values``: rows of register ``area_values``; ``history``: rows of ``outcomes`` of earlier
    years; ``spent``: what the ledger charges the fund with for the year, over all payment modes (fen; None: not
    cleared); ``seen``: where people were treated (None: without a table of visits); ``tasks``: tasks of the year as
    (numerator, denominator), as far as the system can tell them."""

    year: int
    figures: Mapping[str, Row]
    balances: Mapping[str, int] | None
    violations: Mapping[int, int]
    values: Iterable[Row]
    history: Iterable[Row] = ()
    spent: int | None = None
    seen: Seen | None = None
    tasks: Mapping[str, tuple[int, int]] = field(default_factory=dict)


_UNITS = {"mean_cost": "fen", "mean_personal": "fen", "fund_expenditure": "fen", "fund_per_head": "fen",
          "violations": "number", "in_surplus": "number"}  # fmt: skip
_DOWN = ("mean_cost", "mean_personal", "violations")
_UP = ("in_surplus", "surplus_coverage")


def outcomes(facts: AreaFacts, policy: Policy) -> list[Row]:
    """Rows of table ``outcomes``: this year's and those of earlier years, one per measure; a measure that cannot be
    told says why. Better than the year before is met for what should fall or rise; a bound of the policy for growth,
    base level, county and the tasks of the year."""
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
    elif name in TASKS:
        target = policy.ratio_or_none(f"evaluation.min_{name}")
        share = _task(name, facts, given)
        met = None if share is None or target is None else share[0] * ONE >= target * share[1]
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
    if name == "fund_expenditure":
        if facts.spent is None:
            return None, None, "没有年度清算", "the year is not cleared"
        return facts.spent, None, "总账,各支付方式合计", "ledger, all payment modes"
    if name == "fund_growth":
        return _growth_of(facts, given, past)
    if name in ("fund_per_head", "fund_per_head_growth"):
        return _per_head(name, facts, given, past)
    if name in facts.tasks:
        n, of = facts.tasks[name]
        settled = name in ("voucher_settled", "voucher_provincial")
        zh, en = ("结算", "settlements") if settled else ("机构", "institutions")
        return half_up(n * ONE, of), None, f"{zh} {n} / {of}", f"{en} {n} / {of}"
    shown = _places(name, facts.seen)
    if shown is not None:
        return shown
    share = given.get((year, name))
    if share is None or share[1] is None:
        return (
            None,
            None,
            f"登记表“统筹区填报值”没有 {year} 年的{in_word(name, 'zh')}",
            f"no {name} of {year} in register area_values",
        )
    return half_up(share[0] * ONE, share[1]), None, "登记表“统筹区填报值”", "register area_values"


def _task(name: str, facts: AreaFacts, given: Given) -> tuple[int, int] | None:
    """A task of the year as an exact quotient: computed, else as reported."""
    n, of = facts.tasks.get(name) or given.get((facts.year, name)) or (0, None)
    return None if of is None else (n, of)


Told = tuple[int | None, int | None, str, str]
"""value, value of the year before, where it comes from (Chinese, English)"""


def _growth_of(facts: AreaFacts, given: Given, past: Past) -> Told:
    """Growth of the fund's spending: by the ledgers of both years, else as reported, else of the stays alone."""
    year = facts.year
    then = past.get((year - 1, "fund_expenditure"))
    if facts.spent is not None and then is not None and then["value"]:
        before: int = then["value"]
        growth = half_up((facts.spent - before) * ONE, before)
        return growth, None, "两年总账,各支付方式合计", "ledgers of both years, all payment modes"
    reported = [given.get((of, "fund_expenditure")) for of in (year, year - 1)]
    if reported[0] and reported[1] and reported[1][0]:
        now, base = reported[0][0], reported[1][0]
        return half_up((now - base) * ONE, base), None, "填报的基金支出", "reported expenditure of the fund"
    own = facts.figures["fund_growth"]
    if own["value"] is None:
        return None, None, own["absent_zh"], own["absent_en"]
    zh, en = "仅住院病例的项目基金应付(没有上年总账)", "stays alone, by item (no ledger of the year before)"
    return own["value"], None, zh, en


def _places(name: str, seen: Seen | None) -> Told | None:
    """Shares of visits and stays at primary level, or inside the county; None where they cannot be told from them.
    Inside the county counts those at institutions whose place is told, and care out of the area as outside."""
    if seen is None:
        return None
    if name == "base_visits" and seen.everywhere:
        return half_up(seen.base * ONE, seen.everywhere), None, "门诊和住院人次", "visits and stays"
    whole = seen.placed + seen.elsewhere
    if name == "county_visits" and seen.placed:
        zh, en = f"门诊和住院 {seen.county} / {whole}", f"visits and stays {seen.county} / {whole}"
        if seen.placed < seen.everywhere:
            zh, en = (
                f"{zh};{seen.everywhere - seen.placed} 人次的机构未标明县域",
                (f"{en}; the place of {seen.everywhere - seen.placed} is not told"),
            )
        return half_up(seen.county * ONE, whole), None, zh, en
    return None


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
    if facts.spent is not None:
        fund, source = facts.spent, ("总账,各支付方式合计", "ledger, all payment modes")
    elif spent:
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
