"""A lived year by hand: hand-ins, late decisions, months paid and sealed, advances, holds, corrections, clearing.

Written from design/12 §1, §2, §5 and §9, in exact fractions, one plain step at a time. Points and the sharing of
a pool are those of :mod:`support.plain_year`; everything that a book adds is here. It is slow, and it judges the
program.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

from drgpay.policy import Policy, one_law
from support.plain_year import (
    UNIT,
    YEAR,
    Case,
    Rows,
    Stay,
    _Base,
    _cases_by_law,
    _months,
    _of_stays,
    _pools,
    _set_aside,
    _statements,
    rounded,
)

Place = tuple[str, str]
"""insurance scheme, institution"""
CLEARING = 13
"""where corrections that the clearing finds were found"""


# ---- what happens between two seals


@dataclass(frozen=True)
class HandIn:
    """A batch of an institution: stays added or changed, and ids of its stays taken back."""

    institution: str
    stays: tuple[Stay, ...] = ()
    withdrawn: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The stays it names."""
        return [*(s["stay_id"] for s in self.stays), *self.withdrawn]


@dataclass(frozen=True)
class Decide:
    """What is decided on a stay: kind → (fen, share); nothing takes all decisions on it back."""

    stay_id: str
    kinds: Mapping[str, tuple[int | None, int | None]]


@dataclass(frozen=True)
class Budget:
    """The year's budget of an insurance scheme is another."""

    scheme: str
    fen: int


@dataclass(frozen=True)
class Notice:
    """A notice sets parameters; it acts on what is settled from then on."""

    values: Mapping[str, str]


@dataclass(frozen=True)
class Advance:
    """Paid ahead on a day."""

    advance_id: str
    institution: str
    scheme: str
    fen: int
    day: date


@dataclass(frozen=True)
class Hold:
    """Payments of an institution are held from a day."""

    hold_id: str
    institution: str
    day: date


@dataclass(frozen=True)
class Release:
    """A hold ends on a day."""

    hold_id: str
    day: date


Event = HandIn | Decide | Budget | Notice | Advance | Hold | Release


@dataclass(frozen=True)
class Outside:
    """A month that was settled and paid before the book begins."""

    month: int
    scheme: str
    institution: str
    due: int
    paid: int
    deposit: int


@dataclass(frozen=True, repr=False)
class Lived:
    """A year as it is lived: what is known at first, the months paid outside, and what happens before each link, from
    the ``first`` month to the clearing."""

    start: Case
    first: int
    events: tuple[tuple[Event, ...], ...]
    outside: tuple[Outside, ...] = ()

    def __repr__(self) -> str:
        return f"Lived({self.start!r}, from month {self.first}, {[len(e) for e in self.events]} events)"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))

    @property
    def links(self) -> tuple[int, ...]:
        """The months of the links, then 0 for the clearing; as many as there are events for."""
        return (*range(self.first, 13), YEAR)[: len(self.events)]


@dataclass(frozen=True)
class Known:
    """What is known when a link is made. ``case`` has the stays, decisions and budgets as they stand then."""

    case: Case
    advances: tuple[Advance, ...] = ()
    holds: Mapping[str, tuple[str, date, date | None]] = field(default_factory=dict)
    """hold → institution, first day, day of release"""
    batches: tuple[HandIn, ...] = ()

    def after(self, event: Event) -> Known:
        """With one more event."""
        case = self.case
        match event:
            case HandIn():
                own = {(s["institution_id"], s["stay_id"]): s for s in case.stays}
                own |= {(event.institution, s["stay_id"]): s for s in event.stays}
                for stay in event.withdrawn:
                    del own[event.institution, stay]
                stays = replace(case, stays=list(own.values()))
                return replace(self, case=stays, batches=(*self.batches, event))
            case Decide():
                decided = {**case.decisions, event.stay_id: dict(event.kinds)}
                return replace(self, case=replace(case, decisions={k: v for k, v in decided.items() if v}))
            case Budget():
                return replace(self, case=replace(case, budgets=case.budgets | {event.scheme: event.fen}))
            case Notice():
                return replace(self, case=replace(case, policy=case.policy.amend(dict(event.values), "a notice")))
            case Advance():
                return replace(self, advances=(*self.advances, event))
            case Hold():
                return replace(self, holds={**self.holds, event.hold_id: (event.institution, event.day, None)})
            case Release():
                institution, first, _ = self.holds[event.hold_id]
                return replace(self, holds={**self.holds, event.hold_id: (institution, first, event.day)})

    def held(self, on: date, released_by: date) -> set[str]:
        """Institutions whose payments are held."""
        return {h for h, first, end in self.holds.values() if first <= on and (end is None or end > released_by)}


def known_at_links(lived: Lived) -> list[Known]:
    """What is known at every link."""
    known, found = Known(lived.start), []
    for events in lived.events:
        for event in events:
            known = known.after(event)
        found.append(known)
    return found


# ---- the book


@dataclass(frozen=True)
class Result:
    """A link as it is to be. Rows by key; ``balances``: account → fen, debit sides positive, empty ones left out."""

    month: int
    months: Rows
    cash: Rows
    corrections: Rows
    stay_payments: Rows
    statements: Rows
    closings: Rows
    balances: dict[str, int]


def plain_book(lived: Lived) -> list[Result]:
    """Every link of the book, in order."""
    book = _Book(lived)
    return [book.link(month, known) for month, known in zip(lived.links, known_at_links(lived), strict=True)]


@dataclass(frozen=True)
class _Sealed:
    """What a sealed month leaves: what was known, its points by stay, and its pools."""

    known: Known
    cases: dict[tuple[str, str, str], tuple[int, int, str]]
    pools: Rows


class _Book:
    """The book on its way."""

    def __init__(self, lived: Lived) -> None:
        self.lived = lived
        self.year = lived.start.year
        self.sealed: dict[int, _Sealed] = {}
        self.booked_points: dict[int, dict[tuple[str, str, str], tuple[int, int, str | None]]] = {}
        self.paid_stays: Rows = {}
        self.balances: dict[str, int] = defaultdict(int)
        self.total: dict[tuple[str, ...], int] = defaultdict(int)
        """(event, scheme[, institution]) → fen"""
        self.first_known: Case | None = None
        self.advanced: set[str] = set()
        self.carried: dict[Place, int] = {}

    # -- what every link does

    def link(self, month: int, known: Known) -> Result:
        if self.first_known is None:
            self.first_known = known.case
            for row in self.lived.outside:
                self._book_due(row.scheme, row.institution, row.due, 0, row.deposit)
                self._move(row.scheme, "paid", f"{row.institution}:payable", "bank", row.paid, row.institution)
        case = self._on_fixed_base(known.case)
        corrections = {key: row for of in self.sealed for key, row in self._correct(of, known, month).items()}
        self._advance(known, month)
        if month:
            months, cash = self._month(month, replace(known, case=case), corrections)
            statements, closings, payments = {}, {}, {k: v for k, v in self.paid_stays.items() if k[3] == month}
        else:
            months, cash = {}, {}
            statements, closings, payments = self._clear(replace(known, case=case))
        self._check_conserved(known.case.budgets)
        balances = {account: fen for account, fen in self.balances.items() if fen}
        return Result(month, months, cash, corrections, payments, statements, closings, balances)

    def _on_fixed_base(self, case: Case) -> Case:
        """§2 Base: the stays of the base years, and the law they were trimmed by, are those of the first link."""
        assert self.first_known is not None
        first = self.first_known
        base = [s for s in first.stays if s["year"] != self.year]
        now = [s for s in case.stays if s["year"] == self.year]
        laws = replace(one_law(case.policy, self.year), opening=first.policy)
        return replace(case, stays=base + now, laws=laws)

    def _move(self, scheme: str, what: str, debit: str, credit: str, fen: int, h: str = "") -> None:
        """A movement of either sign."""
        self.balances[f"{scheme}:{debit}"] += fen
        self.balances[f"{scheme}:{credit}"] -= fen
        self.total[what, scheme] += fen
        if h:
            self.total[what, scheme, h] += fen

    def _owed(self, scheme: str, h: str, account: str) -> int:
        """What is on the credit side of an institution's account."""
        return -self.balances[f"{scheme}:{h}:{account}"]

    def _book_due(self, scheme: str, h: str, due: int, refused: int, deposit: int) -> None:
        """A month's share, what of it goes back to the fund, and the deposit."""
        self._move(scheme, "due", "fund:drg", f"{h}:payable", due + refused, h)
        self._move(scheme, "refused", f"{h}:payable", "fund:returned", refused, h)
        self._move(scheme, "deposit", f"{h}:payable", f"{h}:deposit", deposit, h)

    def _advance(self, known: Known, month: int) -> None:
        """§5: an advance is posted by the first link that knows it and does not end before its day."""
        for advance in known.advances:
            if advance.advance_id not in self.advanced and (not month or advance.day <= self._end(month)):
                self.advanced.add(advance.advance_id)
                h = advance.institution
                self._move(advance.scheme, "advance", f"{h}:advance", "bank", advance.fen, h)

    def _end(self, month: int) -> date:
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    # -- a month

    def _points_of(self, case: Case, month: int) -> list[Stay]:
        """The stays of a month with their points, by the law of the month."""
        cases = _cases_by_law(case, lambda stay: case.policy, month)
        return [s | cases[s["stay_id"],] for s in case.stays if (s["stay_id"],) in cases]

    def _month(self, month: int, known: Known, corrections: Rows) -> tuple[Rows, Rows]:
        case, policy = known.case, known.case.policy
        stays = self._points_of(case, month)
        pools = {key: row for key, row in _pools(case, stays).items() if key[1] == month}
        every = {key: row for key, row in _pools(case, stays).items() if key[1]}
        months = {(s, h): row for (s, m, h), row in _months(case, every, stays).items() if m == month}
        for (scheme, _), pool in sorted(pools.items()):
            self._move(scheme, "budget", "bank", "fund:drg", pool["budget"])
            self._move(scheme, "reserve", "fund:drg", "fund:reserve", pool["reserve"])
            self._move(scheme, "elsewhere", "fund:drg", "bank", pool["elsewhere"])
        for (scheme, h), row in months.items():
            self._book_due(scheme, h, row["due"], row["refused"], row["deposit"])
            its = [s for s in stays if (s["insurance_scheme"], s["institution_id"]) == (scheme, h)]
            for stay, (due, refused) in _of_stays(case, row["due"] + row["refused"], its, _by_id).items():
                self.paid_stays[stay, h, scheme, month] = {
                    "drg": next(s["drg"] for s in its if s["stay_id"] == stay),
                    "month_due": due, "month_refused": refused, "year_due": None, "year_refused": None,
                }  # fmt: skip
        worth = self._worth(policy, corrections)
        cash = self._cash(month, known, months, worth)
        self.sealed[month] = _Sealed(known, _as_booked(stays), pools)
        self.booked_points[month] = dict(self.sealed[month].cases)
        return months, cash

    def _cash(self, month: int, known: Known, months: Rows, worth: Mapping[tuple[str, str, int], int]) -> Rows:
        """§5: paid part + corrections + earlier negative payable; − advance; then hold."""
        policy, rows = known.case.policy, {}
        ratio = Fraction(policy.ratio("settlement.monthly_pay_ratio"), UNIT)
        held_now = known.held(self._end(month), self._end(month))
        places = {p[:2] for p in (*months, *worth)} | set(self.carried)
        places |= {(s, h) for s, h, account in map(_place, self.balances) if account in ("held", "advance")
                   and self.balances[f"{s}:{h}:{account}"]}  # fmt: skip
        for scheme, h in sorted(places):
            row = months.get((scheme, h), {"due": 0, "paid": 0, "deposit": 0})
            moved = {m: fen for (s, its, m), fen in worth.items() if (s, its) == (scheme, h)}
            paid_of: dict[int, int] = {}
            for m, fen in sorted(moved.items()):
                # the paying month's ratio and deposit; nobody's deposit falls below nothing
                part = max(fen - _signed(ratio * fen), -self.total["deposit", scheme, h])
                paid_of[m] = fen - part
                self._move(scheme, "due", "fund:drg", f"{h}:payable", fen, h)
                self._move(scheme, "deposit", f"{h}:payable", f"{h}:deposit", fen - paid_of[m], h)
            before = self.carried.pop((scheme, h), 0)
            gross = row["paid"] + sum(paid_of.values()) + before
            cash = max(gross, 0)
            netted = self._instalment(policy, month, cash, self.balances[f"{scheme}:{h}:advance"])
            left = cash - netted
            waiting = self._owed(scheme, h, "held")
            hold = h in held_now
            self._move(scheme, "netted", f"{h}:payable", f"{h}:advance", netted, h)
            self._move(scheme, "held", f"{h}:payable", f"{h}:held", left if hold else 0, h)
            self._move(scheme, "paid", f"{h}:held", "bank", 0 if hold else waiting, h)
            self._move(scheme, "paid", f"{h}:payable", "bank", 0 if hold else left, h)
            if gross < 0:
                self.carried[scheme, h] = gross
            rows[scheme, h] = {
                "due": row["due"], "deposit": row["deposit"],
                "corrections": sum(moved.values()),
                "corrections_deposit": sum(moved.values()) - sum(paid_of.values()),
                "carried_in": before, "moved": 0, "advance_netted": netted, "held": left if hold else 0,
                "released": 0 if hold else waiting, "paid": 0 if hold else left, "carried_out": min(gross, 0),
                "modes_held": 0, "modes_released": 0,
            }  # fmt: skip
            assert self._owed(scheme, h, "payable") == min(gross, 0)
        return rows

    @staticmethod
    def _instalment(policy: Policy, month: int, cash: int, outstanding: int) -> int:
        """§5: min(cash, outstanding ÷ months left, this one included), or min(cash, outstanding, share × cash)."""
        if policy.choice_or_none("settlement.advance_netting") != "month":
            return 0
        share = policy.ratio_or_none("settlement.advance_share")
        part = Fraction(outstanding, 13 - month) if share is None else Fraction(share, UNIT) * cash
        return min(cash, outstanding, rounded(part))

    # -- late corrections

    def _correct(self, of: int, known: Known, found_in: int) -> Rows:
        """§2 Late corrections: the month again under the sealed run's own law, base and coefficients, minus all the
        chain booked for it; one row per differing stay."""
        sealed, rows = self.sealed[of], {}
        then = sealed.known.case
        case = replace(self._on_fixed_base(replace(then, stays=known.case.stays)), decisions=known.case.decisions)
        now, booked = _as_booked(self._points_of(case, of)), self.booked_points[of]
        late = {stay for batch in known.batches[len(sealed.known.batches) :] for stay in batch.names}
        decided = {
            stay for stay in (*then.decisions, *known.case.decisions)
            if then.decisions.get(stay) != known.case.decisions.get(stay)
        }  # fmt: skip
        for key in sorted(now.keys() | booked.keys()):
            before, after = booked.get(key, (0, 0, None)), now.get(key, (0, 0, None))
            if before == after:
                continue
            stay, h, scheme = key
            rows[of, stay, h, scheme] = {
                "found_in": found_in or CLEARING,
                "cause": "batch" if stay in late else "decision" if stay in decided else "rule",
                "points_before": before[0], "points_after": after[0],
                "personal_before": before[1], "personal_after": after[1],
                "class_before": before[2], "class_after": after[2],
            }  # fmt: skip
            booked[key] = after
        return rows

    def _worth(self, policy: Policy, corrections: Rows) -> dict[tuple[str, str, int], int]:
        """next_month: per institution and month, half_up(ΣΔpoints × distributable ÷ points) − Δpatients on basis
        total."""
        if policy.choice_or_none("settlement.corrections") != "next_month":
            return {}
        points: dict[tuple[str, str, int], int] = defaultdict(int)
        patients: dict[tuple[str, str, int], int] = defaultdict(int)
        for (of, _, h, scheme), row in corrections.items():
            points[scheme, h, of] += row["points_after"] - row["points_before"]
            patients[scheme, h, of] += row["personal_after"] - row["personal_before"]
        found = {}
        for (scheme, h, of), more in points.items():
            pool = self.sealed[of].pools.get((scheme, of))
            if pool is None or not pool["points"]:
                continue
            fen = _signed(Fraction(more * pool["distributable"], pool["points"]))
            if policy.choice("fund.basis") == "total":
                fen -= patients[scheme, h, of]
            if fen:
                found[scheme, h, of] = fen
        return found

    # -- the clearing

    def _clear(self, known: Known) -> tuple[Rows, Rows, Rows]:
        case = known.case
        cases = _cases_by_law(case, lambda stay: case.policy)
        settled = [s | cases[s["stay_id"],] for s in case.stays if s["year"] == case.year]
        pools = _pools(case, settled)
        places = [(scheme, h) for scheme in case.budgets for h in case.institutions]
        book = {
            (s, YEAR, h): {"deposit": self.total["deposit", s, h], "paid": self.total["paid", s, h]}
            for s, h in places
        }
        advances = [(a.institution, a.scheme, a.fen) for a in known.advances]
        its = replace(case, advances=advances)
        statements = _statements(its, _Base(its), pools, book, settled)
        held_on = self._clearing_day(case.policy)
        still_held = known.held(self._end(12), held_on)
        closings = {}
        for scheme in case.budgets:
            pool = pools[scheme, YEAR]
            self._move(scheme, "budget", "bank", "fund:drg", pool["budget"] - self.total["budget", scheme])
            self._move(scheme, "reserve", "fund:drg", "fund:reserve", pool["reserve"] - self.total["reserve", scheme])
            self._move(scheme, "elsewhere", "fund:drg", "bank", pool["elsewhere"] - self.total["elsewhere", scheme])
            rows = {h: row for (s, h), row in statements.items() if s == scheme}
            for h, row in rows.items():
                self._settle(scheme, h, row, h in still_held)
            aside = _set_aside(case, rows.values())
            self._move(scheme, "aside", "fund:returned", "fund:second", aside)
            for fund in ("second", "drg"):
                left = -self.balances[f"{scheme}:fund:{fund}"]
                self._move(scheme, "carried", f"fund:{fund}", "fund:carried", left)
            closings[scheme,] = {
                "budget": pool["budget"], "reserve": pool["reserve"],
                "distributable": pool["budget"] - pool["reserve"],
                "risk_draw": self.total["shared", scheme], "debts": self.total["debt", scheme],
                "recovered": self.total["recovered", scheme],
                "paid": sum(self.total[what, scheme] for what in ("paid", "advance", "final", "elsewhere")),
                "returned": -self.balances[f"{scheme}:fund:returned"],
                "carried_over": -self.balances[f"{scheme}:fund:carried"],
                "passed": sum(self._owed(scheme, h, "passed") for h in case.institutions),
            }  # fmt: skip
        return statements, closings, self._stay_payments(case, statements, settled)

    def _clearing_day(self, policy: Policy) -> date:
        deadline = policy.month_day("settlement.clearing_deadline")
        return date(self.year + 1, deadline.month, deadline.day)

    def _settle(self, scheme: str, h: str, row: dict[str, Any], still_held: bool) -> None:
        """An institution's clearing; the statement's ``final_payment`` must be what is left on its account."""
        move, payable = self._move, f"{h}:payable"
        refused_in_months = self.total["refused", scheme, h]
        row["held"] = self._owed(scheme, h, "held") if still_held else 0
        row["final_payment"] -= row["held"]
        move(scheme, "held", f"{h}:held", f"{h}:passed", row["held"])
        move(scheme, "held", f"{h}:held", payable, self._owed(scheme, h, "held"))
        more = row["due"] + row["refused"] - self.total["due", scheme, h]
        move(scheme, "due", "fund:drg", payable, more, h)
        move(scheme, "refused", payable, "fund:returned", row["refused"] - refused_in_months, h)
        move(scheme, "returned", payable, "fund:returned", row["surplus_returned"])
        move(scheme, "shared", "fund:reserve", payable, row["overspend_shared"])
        move(scheme, "forfeited", f"{h}:deposit", "fund:second", row["deposit_forfeited"])
        move(scheme, "deposit back", f"{h}:deposit", payable, self._owed(scheme, h, "deposit"))
        move(scheme, "violation", payable, "fund:returned", row["violations"] + row["damages"])
        move(scheme, "netted", payable, f"{h}:advance", self.balances[f"{scheme}:{h}:advance"])
        move(scheme, "debt", payable, "fund:returned", row["debt_netted"])
        move(scheme, "second", "fund:second", payable, row["second_distribution"])
        final = self._owed(scheme, h, "payable")
        assert final == row["final_payment"], (scheme, h, final, row)
        if final > 0:
            move(scheme, "final", payable, "bank", final)
        else:
            move(scheme, "recovered", "bank", payable, -final)

    def _stay_payments(self, case: Case, statements: Rows, settled: list[Stay]) -> Rows:
        """§2: month_due is what the sealed months paid; a withdrawn stay remains with year_due 0."""
        rows = {key: row | {"year_due": 0, "year_refused": 0} for key, row in self.paid_stays.items()}
        for (scheme, h), row in statements.items():
            its = [s for s in settled if (s["insurance_scheme"], s["institution_id"]) == (scheme, h)]
            shares = _of_stays(case, row["due"] + row["refused"], its, lambda s: (s["month"], s["stay_id"]))
            for s in its:
                due, refused = shares[s["stay_id"]]
                key = (s["stay_id"], h, scheme, s["month"])
                before = rows.get(key, {"month_due": 0, "month_refused": 0})
                rows[key] = before | {"drg": s["drg"], "year_due": due, "year_refused": refused}
        return rows

    # -- conservation

    def _check_conserved(self, schemes: Mapping[str, int]) -> None:
        """§9: budget − reserve + draws + recovered = paid + returned + carried + fund:drg + fund:second + Σ(payable +
        deposit + held + passed − advance)."""
        for scheme in schemes:
            credits = {a: -fen for a, fen in self.balances.items() if a.startswith(f"{scheme}:")}
            total = {what: self.total[what, scheme] for what in ("budget", "reserve", "shared", "recovered")}
            sources = total["budget"] - total["reserve"] + total["shared"] + total["recovered"]
            paid = sum(self.total[what, scheme] for what in ("paid", "advance", "final", "elsewhere"))
            funds = sum(credits.get(f"{scheme}:fund:{name}", 0) for name in ("returned", "carried", "drg", "second"))
            its = sum(fen for a, fen in credits.items() if a.count(":") == 2 and ":fund:" not in a)
            # accounts of institutions: payable, deposit, held, passed on the credit side, advance on the debit side
            assert sources == paid + funds + its, (scheme, sources, paid, funds, its)


def _by_id(stay: Stay) -> str:
    text: str = stay["stay_id"]
    return text


def _signed(exact: Fraction) -> int:
    """Half up, halves away from zero."""
    return rounded(exact) if exact >= 0 else -rounded(-exact)


def _place(account: str) -> tuple[str, str, str]:
    scheme, _, rest = account.partition(":")
    h, _, name = rest.rpartition(":")
    return scheme, h, name


def _as_booked(stays: Sequence[Stay]) -> dict[tuple[str, str, str], tuple[int, int, str]]:
    """(stay, institution, scheme) → points, patient's payment, class."""
    return {
        (s["stay_id"], s["institution_id"], s["insurance_scheme"]): (s["points"], s["personal_paid"], s["case_class"])
        for s in stays
    }
