"""Before money moves (结算前核对): what looks wrong in a region's budgets and stays, each with its figures.

Nothing is changed. What would surely pay wrong money stops a run unless somebody accepts it with a reason, which the
manifest keeps. Every limit is data (``data/ready/checks.yaml``); a practice sets it otherwise with ``ready.limits``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
import yaml

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.units import ONE, half_up, parse_scaled, show_coefficient, show_fen, show_percent, show_ratio

LIMITS = "ready.limits"
_NAMED = 8
"""institutions or years named in one line"""
_SCHEMES = {"employee": ("职工", "employee"), "resident": ("居民", "resident")}


@dataclass(frozen=True)
class Check:
    """One thing that is looked at; ``stops``: a run does not go on without acceptance."""

    id: str
    stops: bool
    zh: str
    en: str


@dataclass(frozen=True)
class Notice:
    """Something that looks wrong: the check, its figures in words, and who or what it is about."""

    check: Check
    about: str
    zh: str
    en: str

    def row(self) -> dict[str, Any]:
        """As the manifest keeps it."""
        said = {"check": self.check.id, "stops": self.check.stops, "about": self.about}
        return said | {"zh": self.zh, "en": self.en}

    def text(self, lang: str) -> str:
        """``check: what, figures`` in a language."""
        return f"{self.check.zh}:{self.zh}" if lang == "zh" else f"{self.check.en}: {self.en}"


@dataclass(frozen=True)
class Accepted:
    """``--accept NAME --reason …``: checks by their ids (or Chinese titles), and who accepts them; a name that is no
    check is the person's, who then accepts whatever stops the run."""

    names: Sequence[str] = ()
    reason: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known before money moves.

    ``cells``: institution_id, insurance_scheme, year, month, n, fund, cost of the accepted stays (fen); ``handed``
    and ``kept_out``: rows by institution; ``outside``: discharges by year that no year of the run takes; ``later``:
    discharged after ``today``, where the day is given; ``nameless``: rows of registers whose stay was kept out;
    ``gone``: institutions that are not there (any more, or yet); ``heirs``: that into which others have gone over.
    """

    year: int
    months: tuple[int, ...]
    budgets: pl.DataFrame
    names: Mapping[str, str]
    needed: frozenset[int]
    """years whose stays the run uses"""
    cells: pl.DataFrame = field(default_factory=pl.DataFrame)
    handed: Mapping[str, int] = field(default_factory=dict)
    kept_out: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[int, int] = field(default_factory=dict)
    later: int = 0
    nameless: Sequence[str] = ()
    gone: frozenset[str] = frozenset()
    heirs: Mapping[str, str] = field(default_factory=dict)
    paid: frozenset[int] = frozenset()
    """months of the year that are booked, or were paid outside the program"""
    late: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """by register, what was decided on closed years and enters this one: ``amount`` in fen"""
    unheld: Collection[str] = ()
    """institutions whose payments are held, of a calculation that holds nothing"""


@cache
def _data() -> tuple[dict[str, Any], ...]:
    text = files("drgpay").joinpath("data", "ready", "checks.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text))


@cache
def checks() -> Mapping[str, Check]:
    """Every check by its id, in order."""
    return {row["id"]: Check(row["id"], row["stops"], row["zh"], row["en"]) for row in _data()}


def limits(policy: Policy) -> dict[str, int]:
    """The limits in 1/10,000, with those the policy sets instead. POLICY when it names one that does not exist."""
    known = {name: parse_scaled(its["value"], 4) for row in _data() for name, its in row.get("limits", {}).items()}
    own = policy.table_or_none(LIMITS) or {}
    for name in own:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0)[0]
            raise DrgpayError(
                Kind.POLICY, zh="没有这样的核对界限", en="no such limit of readiness", field=LIMITS, value=name,
                fix_zh=f"改为 {near};可用:{'、'.join(known)}", fix_en=f"write {near}; there are {', '.join(known)}",
            )  # fmt: skip
    return known | dict(own)


def registers_ready(facts: Facts, bounds: Mapping[str, int]) -> list[Notice]:
    """What the budgets tell without any stay. Raises DATA when there is no budget of the year at all."""
    now, before = _budgets(facts, facts.year), _budgets(facts, facts.year - 1)
    if not now:
        there = "、".join(map(str, sorted(set(facts.budgets["year"].to_list())))) or "–"
        raise DrgpayError(
            Kind.DATA, zh=f"没有 {facts.year} 年的住院DRG预算",
            en=f"no inpatient DRG budget of {facts.year}", file="budgets",
            field="year", value=facts.year, fix_zh=f"登记表里有 {there} 年;补上该年,或改 --year",
            fix_en=f"the register has {there.replace('、', ', ')}; add the year, or change --year",
        )  # fmt: skip
    found = [*_late(facts), *_unheld(facts)]
    for scheme, (revenue, budget) in now.items():
        if budget * ONE > revenue * bounds["budget_of_revenue"]:
            found.append(
                _notice("budget_over_revenue", scheme,
                        f"{_scheme(scheme)[0]} 预算 {show_fen(budget)} 元,收入预算 {show_fen(revenue)} 元",
                        f"{_scheme(scheme)[1]} budget {show_fen(budget)}, revenue {show_fen(revenue)} yuan")
            )  # fmt: skip
        old_revenue, old = before.get(scheme, (0, 0))
        for value, last, far, near, word in (
            (budget, old, ("budget_against_last_year", "budget_far_growth"), ("budget_change", "budget_growth"),
             ("预算", "budget")),
            (revenue, old_revenue, None, ("revenue_change", "revenue_growth"), ("收入预算", "revenue")),
        ):  # fmt: skip
            for check in (far, near):
                if check and value and last and _apart(value, last, bounds[check[1]]):
                    found.append(
                        _notice(check[0], scheme,
                                f"{_scheme(scheme)[0]} {word[0]} {show_fen(value)} 元,上年 {show_fen(last)} 元,"
                                f"为 {show_ratio(value, last)} 倍",
                                f"{_scheme(scheme)[1]} {word[1]} {show_fen(value)}, last year {show_fen(last)} yuan, "
                                f"{show_ratio(value, last)} times")
                    )  # fmt: skip
                    break
    return found


def stays_ready(facts: Facts, bounds: Mapping[str, int]) -> list[Notice]:
    """What the accepted stays tell beside the budgets and the year before. Raises DATA when the period has none."""
    now = facts.cells.filter((pl.col("year") == facts.year) & pl.col("month").is_in(facts.months))
    if now.is_empty():
        raise _no_stays(facts)
    return [
        *_against_budget(facts, now, bounds),
        *_months(facts, now, bounds),
        *_unpaid(facts),
        *_institutions(facts, now, bounds),
        *_kept_out(facts, bounds),
        *_dates(facts),
        *_nameless(facts),
    ]


def point_values(pools: Iterable[tuple[str, int, int | None]], bounds: Mapping[str, int]) -> list[Notice]:
    """Point values (insurance scheme, month, 1/10,000 yuan) that differ much from the month before."""
    values = {(scheme, month): value for scheme, month, value in pools if month}
    found = []
    for (scheme, month), value in sorted(values.items()):
        last = values.get((scheme, month - 1))
        if value and last and _apart(value, last, bounds["point_value"]):
            found.append(
                _notice("point_value_change", f"{scheme} {month:02d}",
                        f"{_scheme(scheme)[0]} {month} 月 {show_coefficient(value)} 元,"
                        f"上月 {show_coefficient(last)} 元",
                        f"{_scheme(scheme)[1]} month {month}: {show_coefficient(value)} yuan, the month before "
                        f"{show_coefficient(last)}")
            )  # fmt: skip
    return found


def difficulty(raised: Mapping[str, int] | None, bounds: Mapping[str, int]) -> list[Notice]:
    """Stays raised for difficulty (``raised`` of ``stays``), where they are a large share of all."""
    if not raised or raised["raised"] * ONE <= raised["stays"] * bounds["difficulty_share"]:
        return []
    share, limit = half_up(raised["raised"] * ONE, raised["stays"]), show_percent(bounds["difficulty_share"])
    return [
        _notice("difficulty_reach", "",
                f"{raised['stays']:,} 例中 {raised['raised']:,} 例({show_percent(share)}),界限 {limit}",
                f"{raised['raised']:,} of {raised['stays']:,} stays ({show_percent(share)}), limit {limit}")
    ]  # fmt: skip


def settled(notices: Sequence[Notice], accepted: Accepted) -> list[dict[str, Any]]:
    """Rows for the manifest: :func:`marked`. Raises DATA for what stops a run and is not accepted."""
    rows = marked(notices, accepted)
    stopping = [n for n, row in zip(notices, rows, strict=True) if n.check.stops and "accepted" not in row]
    if stopping:
        raise _stopped(stopping)
    return rows


def marked(notices: Sequence[Notice], accepted: Accepted) -> list[dict[str, Any]]:
    """Every notice as a row, and by whom or what one that stops a run was accepted. Raises USAGE for an acceptance
    without a reason or of a check that is misspelt."""
    named, people = _accepted(accepted)
    rows = [notice.row() for notice in notices]
    for row in rows:
        if row["stops"] and (row["check"] in named or people):
            row |= {"accepted": "、".join(people) or row["check"], "reason": accepted.reason}
    return rows


def _accepted(accepted: Accepted) -> tuple[set[str], list[str]]:
    """Ids of the checks that are accepted, and persons who accept whatever stops."""
    titles = {check.zh: check.id for check in checks().values()}
    named, people = set(), []
    for name in accepted.names:
        near = get_close_matches(name, [*checks(), *titles], n=1, cutoff=0.75)
        if name in checks() or name in titles:
            named.add(titles.get(name, name))
        elif near:
            raise DrgpayError(
                Kind.USAGE, zh="没有这项核对", en="no such check", field="--accept", value=name,
                fix_zh=f"最接近的是 {near[0]}", fix_en=f"the nearest is {near[0]}",
            )  # fmt: skip
        else:
            people.append(name)
    if accepted.names and not accepted.reason.strip():
        raise DrgpayError(
            Kind.USAGE, zh="接受核对结果要写明理由", en="an acceptance needs a reason", field="--reason",
            fix_zh="加上 --reason …", fix_en="add --reason …",
        )  # fmt: skip
    return named, people


def _stopped(notices: Sequence[Notice]) -> DrgpayError:
    def listed(lang: str) -> str:
        return "\n".join(f"  {n.check.id} · {n.text(lang)}" if lang == "en" else f"  {n.text(lang)}" for n in notices)

    first = notices[0].check
    return DrgpayError(
        Kind.DATA,
        zh=f"结算前核对有 {len(notices)} 处会付错钱,未结算:\n{listed('zh')}",
        en=f"{len(notices)} things would pay wrong money; nothing was settled:\n{listed('en')}",
        fix_zh=f"改正后重试;确属无误的,加 --accept '{first.zh}' --reason 理由(可写多次),记入结果",
        fix_en=f"correct them; if they are right, add --accept {first.id} --reason … (repeatable), which is recorded",
        field=first.id,
    )


def _no_stays(facts: Facts) -> DrgpayError:
    years = sorted(facts.cells.filter(pl.col("n") > 0)["year"].unique()) if facts.cells.height else []
    years = sorted({*years, *facts.outside})
    there = "、".join(map(str, years)) or "–"
    single = len(facts.months) == 1
    period = f"{facts.year}-{facts.months[0]:02d}" if single else str(facts.year)
    return DrgpayError(
        Kind.DATA, zh=f"{period} 没有可结算的病例", en=f"no stay to settle in {period}", field="discharge_date",
        value=period, fix_zh=f"病例的出院年度有 {there};检查 --year、--month 和病例文件",
        fix_en=f"stays were discharged in {there.replace('、', ', ')}; check --year, --month and the files of stays",
    )  # fmt: skip


def _notice(check: str, about: str, zh: str, en: str) -> Notice:
    return Notice(checks()[check], about, zh, en)


_LATE = {
    "violations": ("违规", "violations"),
    "payment_holds": ("移送暂缓", "amounts held"),
    "stay_decisions": ("拒付病例", "refused stays"),
}


def _late(facts: Facts) -> Iterator[Notice]:
    for register, rows in facts.late.items():
        if register not in _LATE:
            continue
        zh, en = _LATE[register]
        named = [str(row.get("id") or row["violation_id"]) for row in rows]
        shown, total = "、".join(named[:_NAMED]), show_fen(sum(row["amount"] for row in rows))
        yield _notice("decided_late", shown,
                      f"{zh} {len(rows)} 件,{total} 元,计入 {facts.year} 年:{shown}",
                      f"{len(rows)} {en}, {total} yuan, enter {facts.year}: {shown.replace('、', ', ')}")  # fmt: skip


def _unheld(facts: Facts) -> Iterator[Notice]:
    if facts.unheld:
        names = [f"{h} {facts.names.get(h, '')}".strip() for h in sorted(facts.unheld)]
        shown = "、".join(names[:_NAMED])
        yield _notice("holds_not_applied", shown, f"{len(names)} 家:{shown}",
                      f"{len(names)} institutions: {shown.replace('、', ', ')}")  # fmt: skip


def _scheme(scheme: str) -> tuple[str, str]:
    return _SCHEMES.get(scheme, (scheme, scheme))


def _budgets(facts: Facts, year: int) -> dict[str, tuple[int, int]]:
    rows = facts.budgets.filter(pl.col("year") == year).select("insurance_scheme", "revenue", "drg_budget").rows()
    return {scheme: (revenue, budget) for scheme, revenue, budget in sorted(rows)}


def _apart(a: int, b: int, times: int) -> bool:
    """One is more than ``times`` (1/10,000) the other."""
    return max(a, b) * ONE > min(a, b) * times


def _against_budget(facts: Facts, now: pl.DataFrame, bounds: Mapping[str, int]) -> Iterator[Notice]:
    """The period's part of the budget beside what the fund would pay for its stays item by item."""
    for scheme, (_, year_budget) in _budgets(facts, facts.year).items():
        its = now.filter(pl.col("insurance_scheme") == scheme)
        n, actual = int(its["n"].sum()), sum(its["fund"].to_list())
        if not (year_budget and actual):
            continue
        budget, enough = year_budget * len(facts.months), n * ONE >= bounds["stays_expected"]
        share = (actual * 12, budget)
        words = (
            f"{_scheme(scheme)[0]} 预算(本期) {show_fen(budget // 12)} 元,"
            f"{n} 例按项目记账基金应付 {show_fen(actual)} 元",
            f"{_scheme(scheme)[1]} budget of the period {show_fen(budget // 12)}, {n} stays by item "
            f"{show_fen(actual)} yuan",
        )
        for check, low, high in (
            ("budget_against_stays", "budget_far_below", "budget_far_above"),
            ("budget_beside_stays", "budget_below", "budget_above"),
        ):
            below = share[1] * ONE < share[0] * bounds[low]
            above = enough and share[1] * ONE > share[0] * bounds[high]
            if below or above:
                yield _notice(check, scheme, *words)
                break


def _months(facts: Facts, now: pl.DataFrame, bounds: Mapping[str, int]) -> Iterator[Notice]:
    """Months without a stay; sure to be missing where every other month has many."""
    if len(facts.months) == 1:
        return
    empty = sorted(set(facts.months) - set(now.filter(pl.col("n") > 0)["month"]))
    if empty:
        mean = int(now["n"].sum()) * ONE // max(1, len(facts.months) - len(empty))
        check = "months_empty" if mean >= bounds["stays_expected"] else "months_without_stays"
        listed, others = "、".join(map(str, empty)), ", ".join(map(str, empty))
        yield _notice(check, listed, f"{facts.year} 年 {listed} 月没有病例,其余月份平均 {mean // ONE} 例",
                      f"{facts.year}, months {others}: none; the others have {mean // ONE} on average")  # fmt: skip


def _unpaid(facts: Facts) -> Iterator[Notice]:
    """Months with stays that nobody has paid: before the one settled, or, where a clearing knows of some that were
    paid, the others."""
    had = facts.cells.filter((pl.col("year") == facts.year) & (pl.col("n") > 0))["month"].unique().sort().to_list()
    single = len(facts.months) == 1
    missing = [m for m in had if m not in facts.paid and (m < facts.months[0] if single else facts.paid)]
    if missing:
        listed, others = "、".join(map(str, missing)), ", ".join(map(str, missing))
        yield _notice("months_before_unpaid" if single else "months_unpaid", listed,
                      f"{facts.year} 年 {listed} 月", f"{facts.year}, months {others}")  # fmt: skip


def _institutions(facts: Facts, now: pl.DataFrame, bounds: Mapping[str, int]) -> Iterator[Notice]:
    """Institutions of the register without stays, or with far fewer than in the same months a year earlier."""
    before = facts.cells.filter((pl.col("year") == facts.year - 1) & pl.col("month").is_in(facts.months))
    count = dict(now.group_by("institution_id").agg(pl.col("n").sum()).rows())
    last = dict(before.group_by("institution_id").agg(pl.col("n").sum()).rows())
    groups: dict[str, list[str]] = defaultdict(list)
    for h, heir in facts.heirs.items():  # what went over is compared with what was there before, together
        for sums in (count, last):
            sums[heir] = sums.get(heir, 0) + sums.pop(h, 0)
    for h in sorted(facts.names.keys() - facts.gone):
        n, old = count.get(h, 0), last.get(h, 0)
        many = old * ONE >= bounds["stays_expected"]
        if n == 0:
            groups["institutions_empty" if many else "institutions_without_stays"].append(h)
        elif many and n * ONE < old * bounds["fewer"]:
            groups["institutions_fewer"].append(h)
    for check, those in groups.items():
        zh = _listed(
            those, lambda h: f"{facts.names[h]}({h}) {count.get(h, 0)} 例,上年同期 {last.get(h, 0)} 例", "家"
        )
        en = _listed(those, lambda h: f"{h} {count.get(h, 0)}, last year {last.get(h, 0)}", "")
        yield _notice(check, ",".join(those[:_NAMED]), zh, en)


def _listed(those: Sequence[str], say: Callable[[str], str], unit: str) -> str:
    between = ";" if unit else "; "
    more = f"{between}… ({len(those)}{unit})" if len(those) > _NAMED else ""
    return between.join(say(h) for h in those[:_NAMED]) + more


def _kept_out(facts: Facts, bounds: Mapping[str, int]) -> Iterator[Notice]:
    """How much of what institutions handed in the checks kept out."""
    groups: dict[str, list[str]] = defaultdict(list)
    strange = {h: n for h, n in sorted(facts.kept_out.items()) if h and h not in facts.names}
    if strange:
        whole = sum(facts.handed.values())
        many = sum(strange.values()) * ONE >= whole * bounds["unknown"]
        many = many or max(strange.values()) * ONE >= bounds["stays_expected"]
        groups["institutions_unknown" if many else "institutions_unknown_few"] = list(strange)
    for h, n in sorted(facts.kept_out.items()):
        if h in strange:
            continue
        share = n * ONE // max(1, facts.handed.get(h, n))
        for check in ("kept_out_most", "kept_out"):
            if n and share >= bounds[check]:
                groups[check].append(h)
                break
    known = sorted(facts.names)
    for check, those in groups.items():
        yield _notice(
            check, ",".join(those[:_NAMED]),
            _listed(those, lambda h: _share(facts, h, known, 0), "家"),
            _listed(those, lambda h: _share(facts, h, known, 1), ""),
        )  # fmt: skip


def _share(facts: Facts, h: str, known: Collection[str], lang: int) -> str:
    n, handed = facts.kept_out[h], facts.handed.get(h, facts.kept_out[h])
    share = show_percent(n * ONE // max(1, handed))
    if h in facts.names or not h:
        name = (f"{facts.names[h]}({h})" if h else "机构为空", h or "no institution")[lang]
        return (f"{name} {handed} 行中 {n} 行,{share}", f"{name}: {n} of {handed} rows, {share}")[lang]
    near = get_close_matches(h.casefold(), [k.casefold() for k in known], n=1, cutoff=0.5)
    nearest = next((k for k in known if near and k.casefold() == near[0]), "")
    hint = (f",最接近的是 {nearest}" if nearest else "", f", the nearest is {nearest}" if nearest else "")[lang]
    return (f"{h} 不在机构登记表{hint},{n} 行", f"{h} is not in the register{hint}: {n} rows")[lang]


def _dates(facts: Facts) -> Iterator[Notice]:
    """Discharges that no year takes, and those after today."""
    known = {*facts.needed, facts.year + 1, *facts.budgets["year"].to_list()}
    strange = {year: n for year, n in sorted(facts.outside.items()) if year not in known}
    for check, those in (
        ("discharge_future", {y: n for y, n in strange.items() if y > max(known)}),
        ("discharge_outside", {y: n for y, n in strange.items() if y <= max(known)}),
    ):
        if those:
            zh = "、".join(f"{year} 年 {n} 例" for year, n in those.items())
            en = ", ".join(f"{n} in {year}" for year, n in those.items())
            yield _notice(check, ",".join(map(str, those)), zh, en)
    if facts.later:
        yield _notice("dates_future", "", f"{facts.later} 例", f"{facts.later} stays")


def _nameless(facts: Facts) -> Iterator[Notice]:
    if facts.nameless:
        n = len(facts.nameless)
        yield _notice("decisions_without_stay", ",".join(facts.nameless[:_NAMED]),
                      _listed(facts.nameless, str, "例"), _listed(facts.nameless, str, "") + f" ({n})")  # fmt: skip
