"""Years whose law changes: notices put together from parameters, as a practice file would have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from drgpay.policy import Laws, Policy, dictionary
from drgpay.policy.laws import laws_of
from drgpay.policy.practice import Notice, Practice
from support.plain_year import Case


@dataclass(frozen=True)
class Change:
    """A notice: the day it comes into force, what it sets, and whether it goes by the day of discharge."""

    day: date
    values: Mapping[str, str]
    by_discharge: bool = False
    until: date | None = None


def laws_with(policy: Policy, changes: Iterable[Change], year: int = 2024, month: int | None = None) -> Laws:
    """The laws of a year that begins under ``policy``."""

    def notice(name: str, change: Change, source: Policy, names: Iterable[str]) -> Notice:
        entries = tuple(source._entries[n] for n in names)
        return Notice(name, name, change.day, change.day, change.until, entries, change.by_discharge)

    first = notice("first", Change(date(year - 1, 1, 1), {}), policy, dictionary())
    later = [notice(f"n{i}", c, policy.amend(c.values, f"notice {i}"), c.values) for i, c in enumerate(changes)]
    practice = Practice("p.yaml", policy.practice, policy.region, policy.scheme, "", "", (first, *later))
    return laws_of(practice, dictionary(), year, month=month)


def changing(case: Case, *changes: Change) -> Case:
    """A case whose law changes in the year."""
    laws = laws_with(case.policy, changes, case.year)
    return replace(case, laws=laws, policy=laws.policy)
