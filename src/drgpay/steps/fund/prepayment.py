"""Prepayment (医保预付): total, advance, monitoring, year's end, next year, special loans. Source: design/04 §6."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from drgpay.policy import Policy, band_of
from drgpay.steps.fund import rules
from drgpay.steps.fund.budget import cost_growth, growth_of
from drgpay.steps.fund.rules import Row
from drgpay.tables import INSTITUTION_HISTORY, PREPAYMENT_TERMS
from drgpay.units import ONE, half_up


def prepayments(
    year: int,
    history: Iterable[Row],
    terms: Iterable[Row],
    levels: Mapping[str, str],
    advances: Iterable[Row],
    use: Iterable[Row],
    policy: Policy,
    groups: Mapping[str, int] | None = None,
    refusals: Iterable[Row] = (),
) -> list[Row]:
    """Rows of table ``prepayments`` of ``year``, for every institution that has terms and a history.

    ``history``: rows of ``institution_history`` (a row of ``year`` itself is what the fund owed); ``terms``,
    ``advances``, ``use``: rows of ``prepayment_terms``, ``advances``, ``advance_use``; ``levels``: institution →
    level; ``groups``: institution → groups treated last year, 1/10,000. Base = mean of the last
    ``prepay.history_years`` years less unreasonable growth × ``prepay.base_share`` × level × function × groups
    coefficient × last year's factor, rounded half up once. The reserve is ``prepay.reserve_share`` of the total, that
    is base × share ÷ (1 − share), half up; total = base + reserve. Balance at the year's end = actual − advances −
    reserve. ``refusals``: rows of the register; a confirmed one cuts the next year's factor, whatever the terms say.
    """
    refused = {(r["year"], r["institution_id"]) for r in refusals}
    history, use = list(history), list(use)
    of_year = {(t["year"], t["institution_id"]): t for t in terms}
    paid: dict[tuple[str, str, str], int] = defaultdict(int)
    for a in advances:
        if a["year"] == year:
            paid[a["insurance_scheme"], a["institution_id"], a["advance_kind"]] += a["amount"]
    abnormal = {key: is_abnormal for key, (_, is_abnormal) in cost_growth(history, year, policy).items()}
    by_pair: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for h in history:
        by_pair[h["insurance_scheme"], h["institution_id"]].append(h)
    rows = []
    for (scheme, institution), its in sorted(by_pair.items()):
        now = of_year.get((year, institution))
        past = [h for h in its if year - rules.integer(policy, "prepay.history_years") <= h["year"] < year]
        if now is None or not past:
            continue
        factor = _next_factor(of_year.get((year - 1, institution)), (year - 1, institution) in refused, policy)
        row: Row = {"year": year, "insurance_scheme": scheme, "institution_id": institution}
        row |= _total(past, now, _level(levels, institution), factor, policy, (groups or {}).get(institution))
        row |= {f"paid_{kind}": paid[scheme, institution, kind] for kind in ("ordinary", "emergency")}
        advanced = row["paid_ordinary"] + row["paid_emergency"]
        mine = [u for u in use if (u["year"], u["insurance_scheme"], u["institution_id"])
                == (year, scheme, institution)]  # fmt: skip
        row |= _monitor(mine, advanced, policy)
        row["suspended"] = row["suspended"] or abnormal.get((scheme, institution), False)
        actual = next((h["fund_paid"] for h in its if h["year"] == year), None)
        left = max(row["advance"] - row["paid_ordinary"], 0)
        row["to_advance"] = 0 if row["suspended"] or actual is not None else left
        row |= {"actual": actual, "balance": None if actual is None else actual - advanced - row["reserve"]}
        rows.append(row | {"next_factor": _next_factor(now, (year, institution) in refused, policy)})
    return rows


def _level(levels: Mapping[str, str], institution: str) -> str:
    if institution not in levels:
        raise rules.wrong(
            PREPAYMENT_TERMS, institution, "机构登记表中没有该机构", "the register of institutions does not have it",
            "补上机构及其等级", "add it with its level",
        )  # fmt: skip
    return levels[institution]


def _by_groups(treated: int | None, policy: Policy) -> int:
    """Coefficient by the number of groups treated; 1 where it is not known or the policy has none."""
    bands = policy.bands_or_none("prepay.groups_bands")
    return ONE if bands is None or treated is None else band_of(bands, treated).value


def _total(past: list[Row], terms: Row, level: str, factor: int, policy: Policy, treated: int | None) -> Row:
    reasonable = 0
    for h in past:
        if h["unreasonable"] > h["fund_paid"]:
            key = f"{h['year']}/{h['insurance_scheme']}/{h['institution_id']}"
            raise rules.exceeds(
                INSTITUTION_HISTORY, key, ("不合理增长", "unreasonable growth of"), h["unreasonable"],
                ("基金支付", "what the fund paid,"), h["fund_paid"],
            )  # fmt: skip
        reasonable += h["fund_paid"] - h["unreasonable"]
    n, share = len(past), rules.ratio(policy, "prepay.base_share")
    by_level = rules.table(policy, "prepay.level_table")[level]
    by_function = rules.table(policy, "prepay.function_table")[terms["function"]]
    by_groups = _by_groups(treated, policy)
    base = half_up(reasonable * share * by_level * by_function * by_groups * factor, n * ONE**5)
    kept = rules.ratio(policy, "prepay.reserve_share")
    reserve = half_up(base * kept, ONE - kept)
    ratio = rules.ratio(
        policy, "prepay.short_of_cash_ratio" if terms["short_of_cash"] else "prepay.advance_ratio"
    )  # fmt: skip
    return {
        "level": level,
        "years": n,
        "mean": half_up(reasonable, n),
        "level_coefficient": by_level,
        "function_coefficient": by_function,
        "groups": None if treated is None else treated // ONE,
        "groups_coefficient": by_groups,
        "factor": factor,
        "base": base,
        "reserve": reserve,
        "total": base + reserve,
        "ratio": ratio,
        "advance": half_up((base + reserve) * ratio, ONE),
    }


def _monitor(use: list[Row], advanced: int, policy: Policy) -> Row:
    """The last report on the use of an advance: suspended when it is above the limit and the cost grows abnormally;
    both are compared exactly."""
    if not use:
        return {"month": None, "usage": None, "growth": None, "suspended": False}
    last = max(use, key=lambda u: u["month"])
    growth, abnormal = growth_of(last["cost"], last["cost_last_year"], policy.ratio_or_none("fund.abnormal_growth"))
    high = advanced > 0 and last["used"] * ONE > advanced * rules.ratio(policy, "prepay.usage_limit")
    return {
        "month": last["month"],
        "usage": half_up(last["used"] * ONE, advanced) if advanced else None,
        "growth": growth,
        "suspended": high and abnormal,
    }


def _next_factor(terms: Row | None, refused: bool, policy: Policy) -> int:
    """Factor of the next year's base, 1/10,000, from a year's judgement: a cut where severe patients were refused,
    a rise for a marked CMI rise with good cost control, else 1. What is not known changes nothing. ``refused``:
    oversight has confirmed a refusal."""
    if refused or (terms is not None and terms["refused_severe"]):
        return ONE - rules.ratio(policy, "prepay.next_cut")
    if terms is None:
        return ONE
    cmi, cost = terms["cmi_growth"], terms["cost_index"]
    if cmi is None or cost is None:
        return ONE
    good = cmi >= rules.ratio(policy, "prepay.cmi_rise") and cost <= rules.ratio(policy, "prepay.cost_index_limit")
    return ONE + rules.ratio(policy, "prepay.next_increase") if good else ONE


def loan_candidates(
    year: int, rows: Iterable[Row], terms: Iterable[Row], use: Iterable[Row], policy: Policy
) -> list[Row]:  # fmt: skip
    """Rows of table ``loan_candidates``: institutions with at most ``prepay.loan_days_of_cash`` days of cash.

    ``rows``: rows of ``prepayments`` of the year. Outstanding is what was advanced and not earned yet: less the
    actual payment once the year is settled, before that less the last reported use, never below zero per scheme.
    """
    limit = rules.integer(policy, "prepay.loan_days_of_cash")
    used = {(u["insurance_scheme"], u["institution_id"]): u["used"]
            for u in sorted(use, key=lambda u: u["month"]) if u["year"] == year}  # fmt: skip
    outstanding: dict[str, int] = defaultdict(int)
    for row in rows:
        earned = row["actual"]
        if earned is None:
            earned = used.get((row["insurance_scheme"], row["institution_id"]), 0)
        outstanding[row["institution_id"]] += max(row["paid_ordinary"] + row["paid_emergency"] - earned, 0)
    return [
        {"year": year, "institution_id": t["institution_id"], "days_of_cash": t["days_of_cash"],
         "outstanding": outstanding[t["institution_id"]]}
        for t in sorted(terms, key=lambda t: t["institution_id"])
        if t["year"] == year and t["days_of_cash"] is not None and t["days_of_cash"] <= limit
    ]  # fmt: skip
