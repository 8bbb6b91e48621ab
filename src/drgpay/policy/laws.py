"""The laws of a year: which values hold for which month, for which stays, and for the clearing.

A month's settlement takes the law of its last day. The clearing takes the law of 31 December: for what acts on the
year, and for what acts on stays, unless the notice that sets it says ``stays: discharged_from``; then stays
discharged before it keep the rule there was. Source: design/04 §7.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

from drgpay.errors import DrgpayError, Kind
from drgpay.policy.dictionary import Dictionary, dictionary
from drgpay.policy.law import Policy, in_force, known_notices, law_of_notices, replay
from drgpay.policy.practice import Notice, Practice, open_practice

MONTHS = range(1, 13)


@dataclass(frozen=True)
class Segment:
    """Stays discharged from ``first`` to ``last`` (inclusive), and the law that gives their points and prices."""

    first: date
    last: date
    policy: Policy


@dataclass(frozen=True)
class Span:
    """The law of a month, or of the clearing: ``policy`` is that of its last day, and its segments, in order, cover
    its days without gap. Where no notice goes by the day of discharge there is one segment with the same policy."""

    policy: Policy
    segments: tuple[Segment, ...]

    def on(self, day: date) -> Policy:
        """The law of a stay discharged on a day of the span."""
        return next(s.policy for s in self.segments if s.first <= day <= s.last)


@dataclass(frozen=True)
class Laws:
    """All laws of a run. ``opening``: the law of 1 January, whose multiples trim the base period; ``closing``: what
    the run's period is settled by; ``months``: what every settled month is paid by. In the run of a single month both
    are the same."""

    opening: Policy
    closing: Span
    months: Mapping[int, Span]

    @property
    def policy(self) -> Policy:
        """The law of the last day of the period."""
        return self.closing.policy

    @property
    def changes(self) -> bool:
        """Some value changes within the period."""
        digests = {policy.digest for policy in self.all()}
        return len(digests) > 1

    def all(self) -> list[Policy]:
        """Every law there is, that of the last day first."""
        spans = [self.closing, *self.months.values()]
        return [self.policy, self.opening, *(s.policy for s in spans), *(p.policy for s in spans for p in s.segments)]

    def sourced(self, names: Iterable[str]) -> Iterator[tuple[str, tuple[int, int] | None, Policy]]:
        """Parameters with the law that has their value; one that acts on months and changes stands once for each of
        its values, with the first and last month that had it. Those that are not kept are left out."""
        kept = self.policy.kept()
        for name in names:
            by_value: list[tuple[Policy, list[int]]] = []
            for month, span in sorted(self.months.items()):
                if by_value and by_value[-1][0].source(name) == span.policy.source(name):
                    by_value[-1][1].append(month)
                else:
                    by_value.append((span.policy, [month]))
            if dictionary()[name].acts == "month" and len(by_value) > 1:
                for policy, months in by_value:
                    yield name, (months[0], months[-1]), policy
            elif name in kept:
                yield name, None, self.policy

    def amend(self, values: Mapping[str, object], reason: str) -> Laws:
        """The laws with the same values changed in every one of them; see :meth:`Policy.amend`."""
        return self.each(lambda policy: policy.amend(values, reason))

    def each(self, change: Callable[[Policy], Policy]) -> Laws:
        """The laws after a change of every one of them."""

        def span(old: Span) -> Span:
            return Span(change(old.policy), tuple(replace(s, policy=change(s.policy)) for s in old.segments))

        return Laws(change(self.opening), span(self.closing), {m: span(s) for m, s in self.months.items()})


def laws(practice: str | Path, year: int, *, month: int | None = None, known_on: date | None = None) -> Laws:
    """The laws of a year, or of one of its months, as known on a day (None: all that was issued).

    Months before the first notice of the practice are settled by that notice. Raises POLICY as :func:`load` does,
    and when a steady parameter changes within the year.
    """
    return laws_of(open_practice(practice), dictionary(), year, month=month, known_on=known_on)


def laws_of(
    practice: Practice, words: Dictionary, year: int, *, month: int | None = None, known_on: date | None = None
) -> Laws:
    """:func:`laws` of a practice that was read."""
    known = known_notices(practice, known_on)
    start = min((n.in_force for n in known), default=date(year, 1, 1))

    def span(first: date, last: date) -> Span:
        policy = replay(practice, words, on=last, known_on=known_on)
        return Span(policy, _segments(practice, words, known, policy, first, last))

    def of_month(m: int) -> Span:
        first, last = date(year, m, 1), _last_day(year, m)
        if last >= start or month is not None:
            return span(first, last)
        early = replay(practice, words, on=start, known_on=known_on)
        return Span(early, (Segment(first, last, early),))

    months = {m: of_month(m) for m in (MONTHS if month is None else (month,))}
    opening = replay(practice, words, on=max(date(year, 1, 1), start), known_on=known_on)
    closing = months[month] if month is not None else span(date(year, 1, 1), date(year, 12, 31))
    result = Laws(opening, closing, MappingProxyType(months))
    _check_steady(practice, words, result, year)
    return result


def one_law(policy: Policy, year: int, month: int | None = None) -> Laws:
    """One law for all of a year, or of a month of it."""
    first, last = date(year, month or 1, 1), _last_day(year, month or 12)
    span = Span(policy, (Segment(first, last, policy),))
    months = {
        m: Span(policy, (Segment(date(year, m, 1), _last_day(year, m), policy),))
        for m in (MONTHS if month is None else (month,))
    }
    return Laws(policy, span, MappingProxyType(months))


def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _segments(
    practice: Practice, words: Dictionary, known: list[Notice], policy: Policy, first: date, last: date
) -> tuple[Segment, ...]:
    """A notice that goes by the day of discharge holds for stays discharged while it is in force, every other one for
    all stays if it is in force on the last day."""
    later = [n for n in known if n.by_discharge]
    cuts = {day for n in later for day in (n.in_force, n.until) if day is not None and first < day <= last}
    firsts = sorted({first, *cuts})
    if len(firsts) == 1 and all(in_force(n, first) == in_force(n, last) for n in later):
        return (Segment(first, last, policy),)
    active = [n for n in known if in_force(n, last)]
    segments: list[Segment] = []
    for start, following in zip(firsts, [*firsts[1:], last + timedelta(1)], strict=True):
        of_stays = [n for n in known if in_force(n, start if n.by_discharge else last)]
        law = law_of_notices(practice, words, active, of_stays, on=policy.on, known_on=policy.known_on)
        end = following - timedelta(1)
        if segments and segments[-1].policy.digest == law.digest:
            segments[-1] = replace(segments[-1], last=end)
        else:
            segments.append(Segment(start, end, law))
    return tuple(segments)


def _check_steady(practice: Practice, words: Dictionary, found: Laws, year: int) -> None:
    """Scheme, scale, pricing, basis of the fund and base years do not change within a year."""
    for name in (name for name, parameter in words.items() if parameter.steady):
        last = found.policy.source(name)
        for law in found.all():
            if law.source(name).value != last.value:
                raise DrgpayError(
                    Kind.POLICY,
                    zh=f"{year} 年内改变了这个参数,但它一年之内不能变",
                    en=f"this parameter changes within {year}, but it cannot change within a year",
                    file=practice.file,
                    field=name,
                    value=f"{law.source(name).value} ({law.on}) → {last.value} ({found.policy.on})",
                    fix_zh="把新值的生效日期改为某年 1 月 1 日",
                    fix_en="let the new value come into force on 1 January of a year",
                )
