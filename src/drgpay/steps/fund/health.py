"""Fund health (基金运行分析): months of payment against their band, plan, and projection. Source: design/04 §5."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drgpay.policy import Policy
from drgpay.steps.fund import rules
from drgpay.steps.fund.rules import Row
from drgpay.tables import FUND_HISTORY, FUND_MONTHS
from drgpay.units import ONE, half_up, split

_ALL = tuple(range(1, 13))
Flow = tuple[int, int]
"""revenue without lump sums, and expenditure, of a month"""


@dataclass(frozen=True)
class HealthBand:
    """Normal months of payment, 1/10,000; every comparison is exact: balance × 12 against months × expenditure."""

    low: int
    high: int

    @staticmethod
    def of(policy: Policy, scheme: str) -> HealthBand:
        """The band of an insurance scheme; POLICY when the practice sets none."""
        return HealthBand(
            rules.table(policy, "fund.health_low")[scheme], rules.table(policy, "fund.health_high")[scheme]
        )

    def light(self, balance: int, spent: int) -> str:
        """red below, yellow above, green within (a balance on a bound is within)."""
        months = balance * 12 * ONE
        return "red" if months < self.low * spent else "yellow" if months > self.high * spent else "green"

    def excess(self, balance: int, spent: int) -> int:
        """The least amount that brings the balance back to the top: rounded up to the fen."""
        return max(-((self.high * spent - balance * 12 * ONE) // (12 * ONE)), 0)


def fund_health(
    history: Iterable[Row], months: Iterable[Row], plans: Iterable[Row], policy: Policy, year: int
) -> list[Row]:  # fmt: skip
    """Rows of table ``fund_health``, one per reported month of ``year`` and insurance scheme.

    ``history``, ``months``, ``plans``: rows of ``fund_history``, ``fund_months``, ``fund_plans``. Lump sums are left
    out of balance and revenue. Months of payment = balance ÷ (expenditure of the last twelve months ÷ 12); they are
    null while one of the twelve is missing. Plans are split over the months by last year's season (largest
    remainder; equal months without a whole last year), and the year's end is projected by the same season: what
    came and went so far × season of the year ÷ season so far, half up each. Raises DATA when last year's balance
    or a month before a reported one is missing.
    """
    history = list(history)
    flows = {(m["insurance_scheme"], m["year"], m["month"]): _flow(m) for m in months}
    planned = {p["insurance_scheme"]: p for p in plans if p["year"] == year}
    schemes = sorted({scheme for scheme, of, _ in flows if of == year})
    return [
        row
        for scheme in schemes
        for row in _year_of(
            scheme, year, {h["year"]: h for h in history if h["insurance_scheme"] == scheme},
            {(of, month): flow for (s, of, month), flow in flows.items() if s == scheme},
            planned.get(scheme), policy,
        )
    ]  # fmt: skip


def _flow(month: Row) -> Flow:
    if month["lump_sum"] > month["revenue"]:
        key = f"{month['year']}-{month['month']:02d}/{month['insurance_scheme']}"
        raise rules.exceeds(FUND_MONTHS, key, ("趸缴收入", "the lump sums of"), month["lump_sum"],
                            ("基金收入", "the revenue,"), month["revenue"])  # fmt: skip
    return month["revenue"] - month["lump_sum"], month["expenditure"]


def _year_of(
    scheme: str,
    year: int,
    history: Mapping[int, Row],
    flows: Mapping[tuple[int, int], Flow],
    plan: Row | None,
    policy: Policy,
) -> list[Row]:
    band = HealthBand.of(policy, scheme)
    needed = policy.integer_or_none("fund.health_years")
    reported = _reported(scheme, year, flows)
    if year - 1 not in history:
        raise rules.wrong(
            FUND_HISTORY, f"{year - 1}/{scheme}", "缺少上年年末累计结余", "last year's closing balance is missing",
            f"补上 {year - 1} 年的一行", f"add a row of {year - 1}",
        )  # fmt: skip
    opening = balance = counted(history[year - 1])
    season = [_season([flows.get((year - 1, m)) for m in _ALL], kind) for kind in (0, 1)]
    plans = [
        split(amount, season[kind]) if amount is not None else dict.fromkeys(_ALL)
        for kind, amount in enumerate((plan["revenue"], plan["expenditure"]) if plan else (None, None))
    ]
    before = _years_above(history, band, year - 1)
    came, rows = [0, 0], []
    for month in reported:
        flow = flows[year, month]
        came = [came[0] + flow[0], came[1] + flow[1]]
        balance += flow[0] - flow[1]
        spent = _last_twelve(flows, year, month)
        light = band.light(balance, spent) if spent else None
        above = before if month < 12 else before + 1 if light == "yellow" else 0
        ahead = [_projected(came[kind], season[kind], month) for kind in (0, 1)]
        rows.append(
            {
                "year": year,
                "month": month,
                "insurance_scheme": scheme,
                "revenue": flow[0],
                "revenue_plan": plans[0][month],
                "expenditure": flow[1],
                "expenditure_plan": plans[1][month],
                "balance": balance,
                "spent": spent,
                "months_of_payment": half_up(balance * 12 * ONE, spent) if spent else None,
                "light": light,
                "years_above": above,
                "advice": light == "yellow" and needed is not None and above >= needed,
                "excess": band.excess(balance, spent) if spent else None,
                "projected_balance": opening + ahead[0] - ahead[1],
            }
        )
    return rows


def _reported(scheme: str, year: int, flows: Mapping[tuple[int, int], Flow]) -> list[int]:
    months = sorted(month for of, month in flows if of == year)
    for expected, month in enumerate(months, 1):
        if month != expected:
            raise rules.wrong(
                FUND_MONTHS, f"{year}-{expected:02d}/{scheme}", "缺少该月收支,结余无法累计",
                "the month is missing: the balance cannot be carried on", "补上该月", "add the month",
            )  # fmt: skip
    return months


def counted(year: Row) -> int:
    """Balance without what came from lump sums (趸缴除外)."""
    balance: int = year["balance"] - year["lump_sum_balance"]
    return balance


def _years_above(history: Mapping[int, Row], band: HealthBand, last: int) -> int:
    """Year ends in a row above the band, up to ``last``."""
    n = 0
    while (end := history.get(last - n)) and band.light(counted(end), end["expenditure"]) == "yellow":
        n += 1
    return n


def _last_twelve(flows: Mapping[tuple[int, int], Flow], year: int, month: int) -> int | None:
    twelve = [flows.get((year, m) if m <= month else (year - 1, m)) for m in _ALL]
    return None if None in twelve else sum(flow[1] for flow in twelve if flow)


def _season(year: list[Flow | None], kind: int) -> dict[int, int]:
    """Last year's months as weights; equal months without a whole last year, or when nothing moved in it."""
    amounts = [flow[kind] for flow in year if flow]
    whole = len(amounts) == 12 and any(amounts)
    return dict(zip(_ALL, amounts if whole else [1] * 12, strict=True))


def _projected(so_far: int, season: Mapping[int, int], month: int) -> int:
    """The whole year's amount, if it goes on by its season; by equal months where the season has nothing so far."""
    part = sum(season[m] for m in _ALL if m <= month)
    return half_up(so_far * sum(season.values()), part) if part else half_up(so_far * 12, month)
