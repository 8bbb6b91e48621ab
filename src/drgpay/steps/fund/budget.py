"""Total budget (总额预算), its parts, indicators of institutions, and re-opened years. Source: design/04 §1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.steps.fund import rules
from drgpay.steps.fund.rules import Row
from drgpay.tables import (
    BUDGET_AMOUNTS,
    BUDGET_ENTRIES,
    FUND_HISTORY,
    INSTITUTION_HISTORY,
    MID_YEAR_CHANGES,
    NEGOTIATIONS,
    PARTS,
    STATEMENTS,
)
from drgpay.units import ONE, half_up, show_fen, show_percent, split

_LONGEST = 2**63 - 1


def compute_budget(
    history: Iterable[Row], revenue: Mapping[str, int], policy: Policy, changes: Iterable[Row], year: int
) -> list[Row]:
    """Rows of table ``budget_plan``: the budget of ``year`` for every insurance scheme of ``revenue`` (fen).

    ``history``: rows of ``fund_history``; ``changes``: rows of ``budget_entries``. Wanted is the last settled
    expenditure × (1 + ``fund.growth``, half up) with the year-on-year entries; the budget is wanted, bounded by
    base × (1 + ``fund.max_growth``), rounded down, and by revenue − risk reserve (``fund.risk_share``, half up).
    Entries within the year come on top. Raises DATA without a settled year, for a reason that is not allowed,
    and for a budget below zero.
    """
    history, changes = list(history), [c for c in changes if c["year"] == year]
    _check_entries(changes)
    return [
        _plan(
            _last_settled(history, scheme, year), income, policy,
            [c for c in changes if c["insurance_scheme"] == scheme], year,
        )
        for scheme, income in sorted(revenue.items())
    ]  # fmt: skip


def _plan(last: Row, revenue: int, policy: Policy, changes: list[Row], year: int) -> Row:
    scheme, base = last["insurance_scheme"], last["expenditure"]
    growth = half_up(base * (policy.ratio_or_none("fund.growth") or 0), ONE)
    initial = sum(c["amount"] for c in changes if c["stage"] == "initial")
    adjustments = sum(c["amount"] for c in changes if c["stage"] == "mid_year")
    reserve = half_up(revenue * (policy.ratio_or_none("fund.risk_share") or 0), ONE)
    wanted = base + growth + initial
    bounds = {"growth": base + base * policy.ratio("fund.max_growth") // ONE, "revenue": revenue - reserve}
    tightest = min(bounds, key=lambda name: bounds[name])
    budget = min(wanted, bounds[tightest])
    if min(wanted, budget + adjustments) < 0:
        raise rules.wrong(
            BUDGET_ENTRIES, f"{year}/{scheme}", "调整后预算为负", "the entries bring the budget below zero",
            "核对调整金额的正负号", "check the signs of the amounts",
        )  # fmt: skip
    return {
        "year": year,
        "insurance_scheme": scheme,
        "base_year": last["year"],
        "base": base,
        "growth": growth,
        "changes": initial,
        "wanted": wanted,
        "growth_bound": bounds["growth"],
        "revenue": revenue,
        "risk_reserve": reserve,
        "revenue_bound": bounds["revenue"],
        "bound": tightest if budget < wanted else "none",
        "cut": wanted - budget,
        "budget": budget,
        "adjustments": adjustments,
        "adjusted": budget + adjustments,
    }


def _last_settled(history: list[Row], scheme: str, year: int) -> Row:
    settled = [h for h in history if h["insurance_scheme"] == scheme and h["year"] < year and h["settled"]]
    if not settled:
        raise rules.wrong(
            FUND_HISTORY, f"{year}/{scheme}", f"没有 {year} 年以前已清算的年度", f"no settled year before {year}",
            "补上已清算年度的支出(settled = 是)", "add the expenditure of a settled year (settled = yes)",
        )  # fmt: skip
    return max(settled, key=lambda h: h["year"])


def _check_entries(changes: list[Row]) -> None:
    for c in changes:
        within = c["stage"] == "mid_year"
        if within and c["change_reason"] not in MID_YEAR_CHANGES:
            allowed = "、".join(MID_YEAR_CHANGES)
            raise rules.wrong(
                BUDGET_ENTRIES, c["entry_id"], f"年中调整的理由不能是 {c['change_reason']}",
                f"{c['change_reason']} is no reason to adjust a budget within its year",
                f"只有政策调整和疾病暴发可以:{allowed}", f"only {' and '.join(MID_YEAR_CHANGES)} are",
            )  # fmt: skip
        if within != (c["part"] is not None):
            raise rules.wrong(
                BUDGET_ENTRIES, c["entry_id"], "年中调整要写明分项,年初调整不写",
                "an entry within the year names its part, a year-on-year entry does not",
                "补上或清空 part", "fill in part, or leave it empty",
            )  # fmt: skip


def budget_parts(plan: Row, policy: Policy, amounts: Iterable[Row], changes: Iterable[Row]) -> list[Row]:
    """Rows of table ``budget_parts`` of one row of ``budget_plan``; they add up to it to the fen.

    Parts fixed in ``amounts`` (rows of ``budget_amounts``) get these; what is left is shared among the others by
    ``fund.parts``, largest remainder. Entries within the year go to the part they name. Raises DATA when amounts
    and budget cannot agree, POLICY when the shares do not add up to 1.
    """
    year, scheme = plan["year"], plan["insurance_scheme"]
    here = [r for r in amounts if (r["year"], r["insurance_scheme"]) == (year, scheme)]
    fixed = {r["part"]: r["amount"] for r in here}
    left = plan["budget"] - sum(fixed.values())
    shares = _shares(policy) if len(fixed) < len(PARTS) else {}
    open_shares = {p: shares[p] for p in shares if p not in fixed}
    if left < 0:
        raise rules.exceeds(
            BUDGET_AMOUNTS, f"{year}/{scheme}", ("各分项定额合计", "the sum of the parts' amounts"),
            sum(fixed.values()), ("预算", "the budget"), plan["budget"],
        )  # fmt: skip
    if left and not any(open_shares.values()):
        raise rules.wrong(
            BUDGET_AMOUNTS, f"{year}/{scheme}", f"各分项定额比预算少 {show_fen(left)} 元,没有分项承接",
            f"the parts' amounts leave {show_fen(left)} yuan of the budget to nobody",
            "补足定额,或让一个分项按比例", "raise an amount, or leave a part to its share",
        )  # fmt: skip
    given = fixed | split(left, open_shares)
    adjusted: dict[str, int] = defaultdict(int)
    for c in changes:
        if (c["year"], c["insurance_scheme"], c["stage"]) == (year, scheme, "mid_year"):
            adjusted[c["part"]] += c["amount"]
    for part, amount in given.items():
        if amount + adjusted[part] < 0:
            raise rules.wrong(
                BUDGET_ENTRIES, f"{year}/{scheme}/{part}", "调整后分项预算为负", "the part falls below zero",
                "核对调整金额", "check the amounts",
            )  # fmt: skip
    return [
        {
            "year": year,
            "insurance_scheme": scheme,
            "part": part,
            "basis": "amount" if part in fixed else "share",
            "share": open_shares.get(part),
            "budget": given[part],
            "adjustment": adjusted[part],
            "adjusted": given[part] + adjusted[part],
        }
        for part in PARTS
    ]


def _shares(policy: Policy) -> Mapping[str, int]:
    shares = rules.table(policy, "fund.parts")
    if sum(shares.values()) != ONE:
        total = show_percent(sum(shares.values()))
        raise DrgpayError(
            Kind.POLICY, zh=f"预算分项比例合计 {total},应为 100.00%", en=f"the shares add up to {total}, not 100.00%",
            field="fund.parts", fix_zh="调整各分项比例", fix_en="change the shares",
        )  # fmt: skip
    return shares


def cost_growth(history: Iterable[Row], year: int, policy: Policy) -> dict[tuple[str, str], tuple[int | None, bool]]:
    """(insurance scheme, institution) → growth (1/10,000, half up) of what the fund paid in the year before ``year``
    on the one before it, and whether it is above ``fund.abnormal_growth`` (exact comparison). No growth without
    both years. Source: design/04 §1."""
    limit = policy.ratio_or_none("fund.abnormal_growth")
    paid = {(h["insurance_scheme"], h["institution_id"], h["year"]): h["fund_paid"] for h in history}
    found: dict[tuple[str, str], tuple[int | None, bool]] = {}
    for (scheme, institution, of), now in paid.items():
        if of == year - 1:
            found[scheme, institution] = growth_of(now, paid.get((scheme, institution, year - 2)), limit)
    return found


def growth_of(now: int, before: int | None, limit: int | None) -> tuple[int | None, bool]:
    """Growth in 1/10,000, half up, and whether it is above the limit, compared exactly; None on nothing before."""
    if not before:
        return None, False
    return half_up((now - before) * ONE, before), limit is not None and now * ONE > before * (ONE + limit)


def institution_indicators(
    budget: int,
    insurance_scheme: str,
    year: int,
    history: Iterable[Row],
    levels: Mapping[str, str],
    negotiations: Iterable[Row],
    sanctioned: Iterable[str],
    policy: Policy,
    missed: Collection[str] = (),
) -> tuple[list[Row], int]:
    """Rows of table ``institution_indicators`` of an insurance scheme, and what of the budget nobody was given.

    ``budget``: inpatient DRG budget (fen), one unit for the pooling area: the indicators announce, they do not pay.
    ``history``: rows of ``institution_history``; ``levels``: institution → level, all of the register;
    ``negotiations``: rows of the register; ``sanctioned``: institutions under sanction in the year.

    A history is what the fund paid last year less its invalid heads' share (half up). The weight blends it with the
    valid heads at the level's mean (``fund.indicator_own_share``). The last decided round counts; under sanction
    nobody gets more than the history; the others share what is left by weight, largest remainder. ``missed``: those
    that missed a volume agreed for procurement last year, whose weight is less (``procurement.indicator_cut``).
    Raises DATA when decisions exceed the budget or invalid heads the heads.
    """
    history = [h for h in history if h["insurance_scheme"] == insurance_scheme]
    last = {h["institution_id"]: h for h in history if h["year"] == year - 1}
    base = {h: _valid(last[h]) if h in last else (0, 0) for h in sorted(levels)}
    peers = _peers(base, levels)
    own = policy.ratio_or_none("fund.indicator_own_share")
    own = ONE if own is None else own
    cut = policy.ratio_or_none("procurement.indicator_cut") or 0
    cuts = {h: cut if h in missed else 0 for h in base}
    weights = {h: (base[h][0] * own + peers[h] * (ONE - own)) * (ONE - cuts[h]) for h in base}
    rounds = _rounds(negotiations, insurance_scheme, year)
    decided = {h: r[-1]["decision"] for h, r in rounds.items() if h in base and r[-1]["decision"] is not None}
    caps = {h: base[h][0] for h in sanctioned if h in base}
    given = _share_out(budget, weights, decided, caps, insurance_scheme)
    proposal = split(budget, weights) if any(weights.values()) else dict.fromkeys(weights, 0)
    growth = cost_growth(history, year, policy)
    rows = []
    for h in base:
        wanted = decided.get(h, proposal[h])
        increase, abnormal = growth.get((insurance_scheme, h), (None, False))
        held = h in caps and given[h] == caps[h] and given[h] < wanted
        rows.append(
            {
                "year": year,
                "insurance_scheme": insurance_scheme,
                "institution_id": h,
                "level": levels[h],
                "history": base[h][0],
                "invalid": last[h]["fund_paid"] - base[h][0] if h in last else 0,
                "peers": peers[h],
                "procurement_cut": cuts[h],
                "weight": half_up(weights[h], ONE * ONE),
                "proposal": proposal[h],
                "rounds": len(rounds.get(h, ())),
                "decided_round": rounds[h][-1]["round"] if h in decided else None,
                "decided": decided.get(h),
                "sanctioned": h in caps,
                "basis": "sanction" if held else "negotiation" if h in decided else "share",
                "indicator": given[h],
                "growth": increase,
                "advance_suspended": abnormal,
            }
        )
    return rows, budget - sum(given.values())


def _valid(row: Row) -> tuple[int, int]:
    """What the fund paid for valid heads, and how many they are."""
    heads, invalid = row["heads"], row["invalid_heads"]
    if invalid > heads:
        raise rules.wrong(
            INSTITUTION_HISTORY, f"{row['year']}/{row['insurance_scheme']}/{row['institution_id']}",
            f"无效人头数 {invalid} 超过人头数 {heads}", f"{invalid} invalid heads of {heads}",
            "核对人头数", "check the heads",
        )  # fmt: skip
    return (half_up(row["fund_paid"] * (heads - invalid), heads) if heads else row["fund_paid"]), heads - invalid


def _peers(base: Mapping[str, tuple[int, int]], levels: Mapping[str, str]) -> dict[str, int]:
    """Valid heads of each institution at the mean of its level, half up to fen."""
    paid: dict[str, int] = defaultdict(int)
    heads: dict[str, int] = defaultdict(int)
    for h, (amount, n) in base.items():
        paid[levels[h]] += amount
        heads[levels[h]] += n
    return {h: half_up(paid[levels[h]] * n, heads[levels[h]]) if n else 0 for h, (_, n) in base.items()}


def _rounds(negotiations: Iterable[Row], scheme: str, year: int) -> dict[str, list[Row]]:
    """Rounds of each institution, those without a decision first: the last one counts where it has decided."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(negotiations, key=lambda r: (r["decision"] is not None, r["round"])):
        if (row["year"], row["insurance_scheme"]) == (year, scheme):
            found[row["institution_id"]].append(row)
    return found


def _share_out(
    budget: int, weights: Mapping[str, int], decided: Mapping[str, int], caps: Mapping[str, int], scheme: str
) -> dict[str, int]:
    """Decisions first, held to their caps; the rest by weight. Who would pass a cap gets it, and the others share."""
    given = {h: min(amount, caps.get(h, amount)) for h, amount in decided.items()}
    if sum(given.values()) > budget:
        raise rules.exceeds(
            NEGOTIATIONS, scheme, ("协商结果合计", "the negotiated sum"), sum(given.values()),
            ("住院DRG预算", "the inpatient DRG budget"), budget,
        )  # fmt: skip
    while True:
        open_weights = {h: w for h, w in weights.items() if h not in given and w}
        left = budget - sum(given.values())
        trial = split(left, open_weights) if open_weights else {}
        over = {h: caps[h] for h, amount in trial.items() if amount > caps.get(h, _LONGEST)}
        if not over:
            return dict.fromkeys(weights, 0) | given | trial
        given |= over


def reopen(before: Iterable[Row], after: Iterable[Row], year: int) -> list[Row]:
    """Rows of table ``claw_backs``: what a re-opened year changes for each institution.

    ``before`` and ``after``: rows of ``statements`` of the first and of the new clearing. What was settled too much
    is receivable, what was settled too little payable. Raises DATA when the two are not of the same institutions.
    Source: design/04 §1 (seed 004).
    """
    first, again = ({(r["insurance_scheme"], r["institution_id"]): r["settled"] for r in rows}
                    for rows in (before, after))  # fmt: skip
    for scheme, institution in sorted(first.keys() ^ again.keys()):
        raise rules.wrong(
            STATEMENTS, f"{scheme}/{institution}", "只有一次清算中有该机构", "only one of the clearings has it",
            "用同一机构登记表重新运行", "run both with the same register of institutions",
        )  # fmt: skip
    return [
        {
            "year": year,
            "insurance_scheme": scheme,
            "institution_id": institution,
            "before": first[scheme, institution],
            "after": again[scheme, institution],
            "receivable": max(first[scheme, institution] - again[scheme, institution], 0),
            "payable": max(again[scheme, institution] - first[scheme, institution], 0),
        }
        for scheme, institution in sorted(first)
    ]
