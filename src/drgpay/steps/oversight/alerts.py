"""Monitoring alerts (design/07 §1): of a month, of several months in a row, of a trend; and what is done with them.

Figures are sums of :func:`~.facts.cells`; an alert carries the limit that fired, its evidence by month, an owner
and a deadline. States change by events that are only ever added."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.oversight.assemble import fewer_severe
from drgpay.steps.oversight.catalogue import ALERT_RULES, AlertRule, Limits
from drgpay.steps.oversight.statistics import chart_limits, risk_scores
from drgpay.units import ONE, half_up

Row = dict[str, Any]
NEXT: Mapping[str, tuple[str, ...]] = {
    "raised": ("acknowledged",),
    "acknowledged": ("explained", "corrected"),
    "explained": ("corrected", "verified"),
    "corrected": ("verified",),
    "verified": ("closed",),
    "closed": (),
}
"""which state may follow which"""
_MILLION = 10**6


@dataclass(frozen=True)
class Month:
    """One figure of an institution, department or group: numerator ÷ denominator of a month (0 = the period), the
    value in 1/10,000, and how many stays it is made of."""

    month: int
    numerator: int
    denominator: int
    value: int
    n: int


@dataclass
class Figures:
    """What alerts and charts are computed from."""

    year: int
    months: tuple[int, ...]
    cells: pl.DataFrame
    means: pl.DataFrame
    severe: pl.DataFrame
    heads: Mapping[str, int] = field(default_factory=dict)
    """institution → distinct persons of the period"""
    readmitted: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """(institution, month) → stays followed by another within the days"""
    upcoding: Sequence[Row] = ()
    """rows of ``upcoding_rates``"""
    billed: Sequence[Row] = ()
    """rows of ``bill_rates``"""
    before: pl.DataFrame | None = None
    """``institution_id``, ``month``, ``drg``, ``n``, ``cost`` of the same months of the year before"""
    advances: Sequence[Row] = ()
    """rows of ``advance_use`` with ``advance``, what was advanced"""
    health: Sequence[Row] = ()
    """rows of ``fund_health``"""


def _value(numerator: int, denominator: int) -> int:
    return half_up(numerator * ONE, denominator) if denominator else 0


def _month(month: int, numerator: int, denominator: int, n: int) -> Month:
    return Month(month, numerator, denominator, _value(numerator, denominator), n)


class _Raised:
    """Alerts raised so far, with their evidence."""

    def __init__(self, year: int, months: tuple[int, ...], limits: Limits) -> None:
        self.year, self.last, self.limits = year, max(months), limits
        self.alerts: list[Row] = []
        self.evidence: list[Row] = []

    def add(
        self,
        name: str,
        months: Sequence[Month],
        parameter: str,
        threshold: int,
        *,
        institution: str | None = None,
        department: str | None = None,
        drg: str | None = None,
        period: int | None = None,
        mark: str = "",
        between: Mapping[str, int] | None = None,
    ) -> None:
        rule: AlertRule = ALERT_RULES[name]
        last = months[-1]
        month = last.month if period is None else period
        when = date(self.year, month or self.last, calendar.monthrange(self.year, month or self.last)[1])
        whose = "/".join(x for x in (institution, department, drg, mark) if x)
        alert = f"{rule.id}/{whose or 'area'}/{self.year}-{month:02d}"
        n = sum(m.n for m in months)
        self.alerts.append(
            {
                "alert_id": alert,
                "rule": rule.id,
                "scope": rule.scope,
                "institution_id": institution,
                "department_id": department,
                "drg": drg,
                "year": self.year,
                "month": month,
                "value": last.value,
                "threshold": threshold,
                "parameter": parameter,
                "numerator": last.numerator,
                "denominator": last.denominator,
                "low": None,
                "high": None,
                "small": n < self.limits.whole("alert.min_stays"),
                "zh": rule.words.zh,
                "en": rule.words.en,
                "action_zh": rule.action.zh,
                "action_en": rule.action.en,
                "owner": rule.owner,
                "raised_on": when,
                "deadline": when + timedelta(days=rule.days),
                "state": "raised",
            }
            | dict(between or {})
        )
        self.evidence += [
            {
                "alert_id": alert,
                "month": m.month,
                "numerator": m.numerator,
                "denominator": m.denominator,
                "value": m.value,
                "n": m.n,
            }
            for m in months
        ]

    def above(self, name: str, months: Sequence[Month], **whose: Any) -> None:
        """Every month above the limit."""
        rule = ALERT_RULES[name]
        for month in months:
            if month.value > self.limits.ratio(rule.limit):
                self.add(name, [month], rule.limit, self.limits.ratio(rule.limit), **whose)

    def streak(self, name: str, months: Sequence[Month], **whose: Any) -> None:
        """So many months in a row above the limit: raised in the month that completes them, once for each run of
        months."""
        rule = ALERT_RULES[name]
        needed, limit = self.limits.whole(rule.months), self.limits.ratio(rule.limit)
        run: list[Month] = []
        for month in sorted(months, key=lambda m: m.month):
            follows = not run or month.month == run[-1].month + 1
            run = ([*run, month] if follows else [month]) if month.value > limit else []
            if len(run) == needed:
                self.add(name, run, rule.limit, limit, **whose)

    def listed(self, name: str, of: Mapping[str, Month]) -> None:
        """Institutions beyond the limit, and the worst part of those with enough stays."""
        rule, least = ALERT_RULES[name], self.limits.whole("alert.min_stays")
        limit, share = self.limits.ratio(rule.limit), self.limits.ratio("alert.worst_share")
        ranked = sorted((h for h, m in of.items() if m.n >= least), key=lambda h: (-of[h].value, h))
        worst = set(ranked[: len(ranked) * share // ONE])
        for h, month in sorted(of.items()):
            if month.n >= least and month.value > limit:
                self.add(name, [month], rule.limit, limit, institution=h, period=0)
            elif h in worst and month.value > 0:
                self.add(name, [month], "alert.worst_share", share, institution=h, period=0)


def indices(figures: Figures, by: Sequence[str], own: str, mean: str, scale: int) -> pl.DataFrame:
    """Cost or time index by keys: Σ (own mean ÷ mean of all × stays) ÷ stays over the groups that have a mean
    (design/08 §1, seed 001 terms 13 and 14). Columns ``index`` in 1/1,000,000 summed over ``n`` stays."""
    part = (pl.col(own).cast(pl.Int128) * scale * _MILLION // pl.col(mean)).cast(pl.Int64)
    return (
        figures.cells.join(figures.means, on="drg")
        .filter(pl.col(mean) > 0)
        .group_by(by)
        .agg(part.sum().alias("index"), pl.col("n").sum())
        .sort(by)
    )


def _index_month(month: int, index: int, n: int) -> Month:
    return Month(month, half_up(index, 100), n, half_up(index, 100 * n) if n else 0, n)


def alerts(figures: Figures, limits: Limits) -> tuple[list[Row], list[Row]]:
    """Rows of ``alerts`` (all in state ``raised``) and ``alert_evidence``."""
    raised = _Raised(figures.year, figures.months, limits)
    _index_alerts(figures, raised)
    _quality_alerts(figures, raised, limits)
    _growth_alerts(figures, raised, limits)
    _listed(figures, raised)
    _fund_alerts(figures, raised, limits)
    return raised.alerts, raised.evidence


def _index_alerts(figures: Figures, raised: _Raised) -> None:
    monthly = indices(figures, ["institution_id", "month"], "total_cost", "g_cost", 1)
    for key, its in monthly.group_by("institution_id", maintain_order=True):
        months = [_index_month(m, i, n) for m, i, n in its.select("month", "index", "n").rows()]
        raised.streak("cost_index", months, institution=str(key[0]))
    by = ["institution_id", "department_id"]
    monthly = indices(figures, [*by, "month"], "total_cost", "g_cost", 1).drop_nulls("department_id")
    for key, its in monthly.group_by(by, maintain_order=True):
        months = [_index_month(m, i, n) for m, i, n in its.select("month", "index", "n").rows()]
        raised.streak("department_index", months, institution=str(key[0]), department=str(key[1]))
    least, by = raised.limits.whole("alert.group_stays"), ["institution_id", "drg"]
    monthly = indices(figures, [*by, "month"], "total_cost", "g_cost", 1).filter(pl.col("n") >= least)
    for key, its in monthly.group_by(by, maintain_order=True):
        months = [_index_month(m, i, n) for m, i, n in its.select("month", "index", "n").rows()]
        raised.streak("group_index", months, institution=str(key[0]), drg=str(key[1]))


def low_risk_groups(cells: pl.DataFrame) -> list[str]:
    """Groups of risk score 1 (design/08 §1), from the deaths and stays of all institutions."""
    sums = cells.group_by("drg").agg(pl.col("deaths", "n").sum()).sort("drg")
    scores = risk_scores({g: (d, n) for g, d, n in sums.rows()})
    return [g for g, score in scores.items() if score == 1]


def _quality_alerts(figures: Figures, raised: _Raised, limits: Limits) -> None:
    low = figures.cells.filter(pl.col("drg").is_in(low_risk_groups(figures.cells)))
    for h, deaths, n in low.group_by("institution_id").agg(pl.col("deaths", "n").sum()).sort("institution_id").rows():
        raised.above("low_risk_mortality", [_month(0, deaths, n, n)], institution=h)
    for row in figures.upcoding:
        if row["coder_id"] == "" and row["estimate"] is not None:
            month = Month(0, row["confirmed"], row["audited"], row["estimate"], row["audited"])
            between = {"low": row["low"], "high": row["high"]}
            raised.above("upcoding_rate", [month], institution=row["institution_id"], between=between)
    for row in figures.billed:
        if row["coder_id"] == "" and row["above"]:
            raised.above(
                "bill_share", [_month(0, row["differing"], row["n"], row["n"])], institution=row["institution_id"]
            )
    for h in fewer_severe(figures.severe, limits, "alert.false_discovery"):
        its = figures.severe.filter(pl.col("institution_id") == h)
        months = [
            _month(m, heavy + major, n, n) for m, heavy, major, n in its.select("month", "heavy", "major", "n").rows()
        ]
        raised.add(
            "severe_falling",
            months,
            "alert.false_discovery",
            limits.ratio("alert.false_discovery"),
            institution=h,
            period=0,
        )


def _growth_alerts(figures: Figures, raised: _Raised, limits: Limits) -> None:
    if figures.before is None:
        return
    limit = limits.ratio("alert.growth")
    by = ["institution_id", "month"]
    now = figures.cells.group_by(by).agg(pl.col("total_cost").sum(), pl.col("n").sum())
    then = figures.before.group_by(by).agg(pl.col("cost").sum(), pl.col("n").sum().alias("n_then"))
    joined = now.join(then, on=by).filter(pl.col("cost") > 0).sort(by)
    for h, month, cost, n, before, n_then in joined.select(*by, "total_cost", "n", "cost", "n_then").rows():
        growth = half_up((cost - before) * ONE, before)
        if growth > limit and min(n, n_then) >= limits.whole("alert.min_stays"):
            raised.add(
                "growth", [Month(month, cost - before, before, growth, n)], "alert.growth", limit, institution=h
            )
    now = figures.cells.group_by("drg").agg(pl.col("total_cost").sum(), pl.col("n").sum())
    then = figures.before.group_by("drg").agg(pl.col("cost").sum(), pl.col("n").sum().alias("n_then"))
    for drg, cost, n, before, n_then in (
        now.join(then, on="drg").sort("drg").select("drg", "total_cost", "n", "cost", "n_then").rows()
    ):
        mean, past = half_up(cost, n), half_up(before, n_then)
        if past > 0 and min(n, n_then) >= limits.whole("alert.min_stays"):
            growth = half_up((mean - past) * ONE, past)
            if growth > limit:
                raised.add("group_cost", [Month(0, mean - past, past, growth, n)], "alert.growth", limit, drg=drg)


def _listed(figures: Figures, raised: _Raised) -> None:
    sums = figures.cells.group_by("institution_id").agg(pl.col("n", "total_cost", "out_of_policy").sum())
    rows = {h: (n, cost, outside) for h, n, cost, outside in sums.sort("institution_id").rows()}
    heads = figures.heads
    raised.listed("visits_per_head", {h: _month(0, n, heads[h], n) for h, (n, _, _) in rows.items() if heads.get(h)})
    again: dict[str, int] = {}
    for (h, _), count in figures.readmitted.items():
        again[h] = again.get(h, 0) + count
    raised.listed("readmission", {h: _month(0, again.get(h, 0), n, n) for h, (n, _, _) in rows.items()})
    if any(outside for _, _, outside in rows.values()):
        raised.listed("out_of_policy", {h: _month(0, outside, cost, n) for h, (n, cost, outside) in rows.items()})
    time = indices(figures, ["institution_id"], "los", "g_los", 100)
    raised.listed("time_index", {h: _index_month(0, index, n) for h, index, n in time.rows()})


def _fund_alerts(figures: Figures, raised: _Raised, limits: Limits) -> None:
    for row in figures.advances:
        before, advance = row["cost_last_year"], row["advance"]
        used = _value(row["used"], advance)
        growing = before > 0 and half_up((row["cost"] - before) * ONE, before) > limits.ratio("alert.growth")
        if advance > 0 and used > limits.ratio("alert.advance_used") and growing:
            month = Month(row["month"], row["used"], advance, used, limits.whole("alert.min_stays"))
            raised.add(
                "advance_use",
                [month],
                "alert.advance_used",
                limits.ratio("alert.advance_used"),
                institution=row["institution_id"],
                mark=row["insurance_scheme"],
            )
    for row in figures.health:
        if row["light"] in ("red", "yellow"):
            month = Month(
                row["month"],
                row["balance"],
                row["spent"] or 0,
                row["months_of_payment"] or 0,
                limits.whole("alert.min_stays"),
            )
            raised.add("fund_health", [month], "fund.health_bands", 0, mark=row["insurance_scheme"])


CHARTED = {
    "mortality": "deaths",
    "transfer_share": "transfers",
    "complication_share": "coded",
    "ungrouped_rate": "apart",
}
"""indicator of a chart → its numerator among the sums; readmissions come beside"""


def control_points(figures: Figures, limits: Limits) -> list[Row]:
    """Rows of ``control_points``: a p-chart for each institution and indicator, limits by each month's stays."""
    sums = (
        figures.cells.with_columns((pl.col("n") - pl.col("grouped")).alias("apart"))
        .group_by("institution_id", "month")
        .agg(pl.col("n", *CHARTED.values()).sum())
        .sort("institution_id", "month")
    )
    series: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for row in sums.iter_rows(named=True):
        h, month, n = row["institution_id"], row["month"], row["n"]
        for name, column in CHARTED.items():
            series.setdefault((name, h), []).append((month, row[column], n))
        series.setdefault(("readmit_15", h), []).append((month, figures.readmitted.get((h, month), 0), n))
    rows = []
    for (name, h), points in sorted(series.items()):
        events, cases = sum(k for _, k, _ in points), sum(n for _, _, n in points)
        for month, k, n in points:
            centre, low, high = chart_limits(events, cases, n, limits.whole("control.sigmas"))
            value = _value(k, n)
            rows.append(
                {
                    "indicator": name,
                    "institution_id": h,
                    "month": month,
                    "numerator": k,
                    "denominator": n,
                    "value": value,
                    "centre": centre,
                    "lower": low,
                    "upper": high,
                    "outside": not low <= value <= high,
                }
            )
    return rows


def follow(events: Iterable[Row]) -> dict[str, str]:
    """Alert → state, from its events in their order. Raises DATA at an event that may not follow the one before."""
    states: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for event in sorted(events, key=lambda e: (e["alert_id"], e["number"])):
        alert = event["alert_id"]
        now, wanted = states.get(alert, "raised"), event["state"]
        numbers[alert] = numbers.get(alert, 0) + 1
        if wanted not in NEXT[now] or event["number"] != numbers[alert]:
            raise refused(alert, now, wanted)
        states[alert] = wanted
    return states


def refused(alert: str, now: str, wanted: str) -> DrgpayError:
    """The failure for a state that may not follow."""
    after = " | ".join(NEXT[now]) or "–"
    return DrgpayError(
        Kind.DATA,
        zh=f"预警 {alert} 现为 {now},不能直接变为 {wanted},或序号不连续",
        en=f"alert {alert} is {now} and cannot become {wanted}, or its events are not numbered in turn",
        field="state",
        value=wanted,
        fix_zh=f"现在可以: {after}",
        fix_en=f"what may follow: {after}",
    )
