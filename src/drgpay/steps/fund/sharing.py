"""Sharing ratios of a year (结余留用、超支分担): proposed by rule from the fund's balance, its growth and the
grades of the year before, decided by the joint meeting. Source: seed 004 §2(1)2; seed 002 §1(2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Band, Policy
from drgpay.steps.fund import rules
from drgpay.steps.fund.health import HealthBand, counted
from drgpay.steps.fund.rules import Row
from drgpay.tables import FUND_HISTORY, SCHEMES, SHARING_ITEMS, SHARING_MINUTES
from drgpay.units import ONE, half_up, show_percent

_WELL = ("excellent", "good")
KEEP, BEAR = "settlement.keep_bands", "settlement.reasonable_fund_share"
KEPT, BORNE = SHARING_ITEMS
_PARAMETERS = {KEPT: "keep", BORNE: "bear"}


@dataclass(frozen=True)
class Past:
    """What the years before tell. ``history``: rows of ``fund_history``; ``insured``: year → persons; ``balances``:
    year → institution → due − actual over all schemes; ``grades``: year → grades of its institutions."""

    history: Iterable[Row]
    insured: Mapping[int, int] = field(default_factory=dict)
    balances: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    grades: Mapping[int, Iterable[str]] = field(default_factory=dict)


def sharing_series(past: Past, year: int) -> list[Row]:
    """Rows of table ``sharing_series``: every year of the fund's history before ``year``."""
    spent: dict[int, int] = {}
    for row in past.history:
        if row["year"] < year:
            spent[row["year"]] = spent.get(row["year"], 0) + row["expenditure"]
    heads = {y: half_up(spent[y], n) for y, n in past.insured.items() if y in spent and n}
    rows = []
    for of in sorted(spent):
        balances, grades = past.balances.get(of), list(past.grades.get(of, ()))
        surplus = None if balances is None else sum(b > 0 for b in balances.values())
        rows.append(
            {
                "year": of,
                "expenditure": spent[of],
                "growth": _growth(spent, of),
                "insured": past.insured.get(of),
                "per_head": heads.get(of),
                "per_head_growth": _growth(heads, of) if of in heads else None,
                "institutions": None if balances is None else len(balances),
                "in_surplus": surplus,
                "surplus_share": half_up(surplus * ONE, len(balances)) if balances and surplus is not None else None,
                "graded": len(grades),
                "well_graded": sum(grade in _WELL for grade in grades),
            }
        )
    return rows


def _growth(values: Mapping[int, int], year: int) -> int | None:
    before = values.get(year - 1)
    return half_up((values[year] - before) * ONE, before) if before else None


def sharing_reasons(past: Past, policy: Policy, year: int) -> list[Row]:
    """Rows of table ``sharing_reasons``: what the rule says of the year before ``year``.

    The balance counts once: the worst light of the insurance schemes moves the ratios, red before green before
    yellow. Growth above ``fund.max_growth`` and a share of good grades that reaches ``sharing.good_share`` move them
    besides; both are compared exactly. Raises DATA when the history lacks the year before, POLICY without a rule.
    """
    steps = [rules.table(policy, name) for name in ("sharing.keep_steps", "sharing.bear_steps")]
    found = {**_lights(past, policy, year - 1), "growth": _grown(past, policy, year - 1)}
    found["quality"] = _quality(past, policy, year - 1)
    lights = {key: finding for key, (_, _, finding) in found.items() if key.startswith("months")}
    worst = next((light for light in ("red", "green", "yellow") if light in lights.values()), None)
    moving = next((key for key, light in lights.items() if light == worst), None)
    named = {"growth": "above", "quality": "reached"}
    rows = []
    for ground, (value, bound, finding) in found.items():
        key = finding if ground == moving else ground if named.get(ground) == finding else ""
        keep, bear = (table.get(key, 0) for table in steps)
        rows.append({"year": year, "ground": ground, "value": value, "bound": bound, "finding": finding,
                     "keep_step": keep, "bear_step": bear})  # fmt: skip
    return rows


Found = tuple[int | None, int | None, str]
"""value, bound, finding"""


def _lights(past: Past, policy: Policy, year: int) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for scheme in SCHEMES:
        row = next((r for r in past.history if (r["year"], r["insurance_scheme"]) == (year, scheme)), None)
        if row is None:
            continue
        band = HealthBand.of(policy, scheme)
        balance, spent = counted(row), row["expenditure"]
        if not spent:
            found[f"months_{scheme}"] = (None, band.low, "unknown")
            continue
        light = band.light(balance, spent)
        bound = band.high if light == "yellow" else band.low
        found[f"months_{scheme}"] = (half_up(balance * 12 * ONE, spent), bound, light)
    if not found:
        raise rules.wrong(
            FUND_HISTORY, str(year), "缺少上年收支和结余", "the year before is missing", f"补上 {year} 年",
            f"add the year {year}",
        )  # fmt: skip
    return found


def _grown(past: Past, policy: Policy, year: int) -> Found:
    spent = {y: sum(r["expenditure"] for r in past.history if r["year"] == y) for y in (year - 1, year)}
    bound = policy.ratio("fund.max_growth")
    if not spent[year - 1]:
        return None, bound, "unknown"
    above = (spent[year] - spent[year - 1]) * ONE > bound * spent[year - 1]
    return _growth(spent, year), bound, "above" if above else "within"


def _quality(past: Past, policy: Policy, year: int) -> Found:
    grades, bound = list(past.grades.get(year, ())), rules.ratio(policy, "sharing.good_share")
    if not grades:
        return None, bound, "unknown"
    well = sum(grade in _WELL for grade in grades)
    return half_up(well * ONE, len(grades)), bound, "reached" if well * ONE >= bound * len(grades) else "missed"


def sharing_ratios(reasons: Iterable[Row], before: Policy, policy: Policy, year: int) -> list[Row]:
    """Rows of table ``sharing_ratios`` without a decision: the ratios known ``before`` the year, moved by the reasons
    and kept within the rule's bounds (a ratio beyond a bound already is not moved further away)."""
    reasons = list(reasons)
    rows = []
    for item, of in ((KEPT, _bands(before)), (BORNE, {0: (None, before.ratio(BEAR))})):
        name = _PARAMETERS[item]
        step = sum(row[f"{name}_step"] for row in reasons)
        low, high = (rules.ratio(policy, f"sharing.{name}_{end}") for end in ("min", "max"))
        for band, (below, ratio) in of.items():
            proposed = min(max(ratio + step, min(low, ratio)), max(high, ratio))
            rows.append({"year": year, "item": item, "band": band, "below": below, "before": ratio,
                         "proposed": proposed, "decided": None, "minutes": None})  # fmt: skip
    return sorted(rows, key=lambda r: (r["item"], r["band"]))


def _bands(policy: Policy) -> dict[int, tuple[int | None, int]]:
    return {n: (_edge(band), band.value) for n, band in enumerate(policy.bands(KEEP), 1)}


def _edge(band: Band) -> int | None:
    return None if band.upto is None else band.upto + 1


def decided_ratios(minutes: Iterable[Row], year: int) -> list[Row]:
    """The joint meeting's rows of a year, checked: one number of minutes, every band from 1 with ascending bounds and
    an open last one, and the fund's share. DATA where they are not whole."""
    rows = sorted((r for r in minutes if r["year"] == year), key=lambda r: (r["item"], r["band"]))
    keep = [r for r in rows if r["item"] == KEPT]
    edges = [r["below"] for r in keep]
    numbers = sorted({r["minutes"] for r in rows})
    if not rows:
        raise _minutes(str(year), "没有该年度的联席会议决定", "no decision of the joint meeting for the year")
    if len(numbers) > 1:
        raise _minutes("、".join(numbers), "同一年度的比例出自不同纪要", "the ratios come from different minutes")
    if [r["band"] for r in rows if r["item"] == BORNE] != [0]:
        raise _minutes(str(year), "须有一行基金分担比例,档次写 0", "one row with the fund's share is needed, band 0")
    whole = edges and edges[-1] is None and None not in edges[:-1] and edges[:-1] == sorted({*edges[:-1]})
    if not whole or [r["band"] for r in keep] != list(range(1, len(keep) + 1)):
        raise _minutes(
            str(year), "留用档次须从 1 连续编号,上限递增,最后一档不设上限",
            "bands of the share kept are numbered from 1, with ascending bounds and an open last one",
        )  # fmt: skip
    return rows


def with_decision(ratios: Iterable[Row], decided: Iterable[Row]) -> list[Row]:
    """Rows of ``sharing_ratios`` with what was decided. A meeting may set bands of its own: a band that was not
    proposed shows the ratios that were proposed and in force where it begins."""
    proposed = list(ratios)
    rows = []
    start: int | None = 0
    for row in decided:
        if row["item"] == BORNE or row["band"] == 1:
            start = 0
        its = [r for r in proposed if r["item"] == row["item"]]
        there = next(r for r in its if r["below"] is None or (start is not None and start < r["below"]))
        rows.append({"year": row["year"], "item": row["item"], "band": row["band"], "below": row["below"],
                     "before": there["before"], "proposed": there["proposed"], "decided": row["ratio"],
                     "minutes": row["minutes"]})  # fmt: skip
        start = row["below"]
    return rows


def check_minutes(policy: Policy, minutes: Iterable[Row], year: int) -> None:
    """Raise POLICY when a year is cleared by other ratios than the joint meeting decided; a year without minutes
    passes."""
    its = [row for row in minutes if row["year"] == year]
    if not its:
        return
    rows = decided_ratios(its, year)
    keep = tuple((r["below"], r["ratio"]) for r in rows if r["item"] == KEPT)
    bear = next(r["ratio"] for r in rows if r["item"] == BORNE)
    own = tuple(_bands(policy).values())
    for name, is_so, said in (
        (KEEP, own == keep, _told(keep)),
        (BEAR, policy.ratio(BEAR) == bear, show_percent(bear)),
    ):
        if not is_so:
            number, value = rows[0]["minutes"], policy.source(name).value
            raise DrgpayError(
                Kind.POLICY, zh=f"政策的比例与联席会议纪要 {number} 不一致,纪要决定:{said}",
                en=f"the policy's ratios do not follow from minutes {number} of the joint meeting: {said}",
                field=name, value=value,
                fix_zh=f"用 drgpay fund ratios --minutes {number} 生成该年度的通知",
                fix_en=f"make the year's notice with drgpay fund ratios --minutes {number}",
            )  # fmt: skip


def _told(bands: Iterable[tuple[int | None, int]]) -> str:
    return "; ".join(
        show_percent(ratio) if below is None else f"<{show_percent(below)}: {show_percent(ratio)}"
        for below, ratio in bands
    )


def _minutes(key: str, zh: str, en: str) -> DrgpayError:
    return rules.wrong(SHARING_MINUTES, key, zh, en, "按会议纪要改正登记表", "correct the register by the minutes")
