"""Notices within a year: the program says what the plain year says, and no notice reaches what is not its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import test_year_equals_plain as any_year
from hypothesis import assume, event, given
from hypothesis import strategies as st

from drgpay.policy import dictionary
from support.changing import Change, changing
from support.money import differences, settle, tables_of
from support.plain_year import Case, NoBaseError, Rows, plain_year

FIXED = {"points.scale", "fund.basis", "coefficient.combine"}
"""what does not change within a year, and what needs weights beside it"""
ODD = {name: values for name, values in any_year._RULES.items() if name not in FIXED}
OF_STAYS = [name for name in ODD if dictionary()[name].acts == "stay"]
JULY = date(2024, 7, 1)


def _change(dice: random.Random, names: list[str] | None = None, by_discharge: bool | None = None) -> Change:
    """A notice of any day of the year."""
    if by_discharge is None:
        by_discharge = dice.random() < 0.5
    among = names or (OF_STAYS if by_discharge else list(ODD))
    named = dice.sample(among, min(len(among), dice.choice([1, 1, 2, 8])))
    day = date(2024, 1, 1) + timedelta(dice.randint(0, 365))
    until = day + timedelta(dice.randint(1, 200)) if dice.random() < 0.2 else None
    return Change(day, {name: dice.choice(ODD[name]) for name in named}, by_discharge, until)


def _case(seed: int) -> Case:
    """A small region under odd rules, with months that lie on both sides of July."""
    case = any_year._case(seed)
    try:
        plain_year(case)
    except NoBaseError:
        assume(False)
    return case


@contextmanager
def _settled(case: Case, **how: Any) -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield settle(Path(name), case, **how)


def _tables(case: Case, **how: Any) -> dict[str, Rows]:
    with _settled(case, **how) as tables:
        return tables_of(tables)


def _until_june(tables: dict[str, Rows], *names: str) -> list[Any]:
    """Rows of single months up to June."""
    place = {"pools": 1, "institution_months": 1}
    found = []
    for name in names:
        for key, row in tables[name].items():
            month = key[place[name]] if name in place else row["month"]
            if 1 <= month <= 6:
                found.append((name, key, {c: v for c, v in row.items() if c != "year_due"}))
    return found


@any_year.some(20)
@given(any_year.SEEDS, st.integers(0, 2**32))
def test_a_year_with_notices_is_the_plain_year(seed: int, dice: int) -> None:
    roll = random.Random(dice)
    case = changing(_case(seed), *(_change(roll) for _ in range(roll.choice([1, 1, 2, 4]))))
    assert case.laws is not None
    event(f"segments {len(case.laws.closing.segments)}")
    event("changes" if case.laws.changes else "changes nothing")
    try:
        plain = plain_year(case)
    except NoBaseError:
        assume(False)
    assert differences(_tables(case, files=roll.choice([1, 3]), rows=roll.choice([40, 65_536])), plain)[:5] == []


@any_year.some(6)
@given(any_year.SEEDS, st.sampled_from(("0.9137", "0", "1", "0.8")), st.sampled_from(("equal", "last_year")))
def test_a_notice_on_months_changes_no_figure_of_the_months_before(seed: int, ratio: str, season: str) -> None:
    case = _case(seed)
    changed = changing(case, Change(JULY, {"settlement.monthly_pay_ratio": ratio, "fund.seasonality": season}))
    before, after = _tables(case), _tables(changed)
    monthly = ("pools", "institution_months", "stay_payments")
    assert _until_june(before, *monthly) == _until_june(after, *monthly)
    assert before["case_points"] == after["case_points"]
    for key, row in after["statements"].items():
        assert row["due"] == before["statements"][key]["due"]
        months = [r for (s, _, h), r in after["institution_months"].items() if (s, h) == key]
        assert row["paid_in_months"] == sum(r["paid"] for r in months)


@any_year.some(8)
@given(any_year.SEEDS, st.integers(0, 2**32))
def test_a_notice_by_discharge_changes_no_points_of_stays_before(seed: int, dice: int) -> None:
    case = _case(seed)
    case = replace(case, policy=case.policy.amend({"points.high_extra_cap": "none"}, "a cap is the year's"))
    values = _change(random.Random(dice), OF_STAYS, True).values
    before, after = _tables(case), _tables(changing(case, Change(JULY, values, by_discharge=True)))
    assert _until_june(before, "case_points", "pools", "institution_months") == _until_june(
        after, "case_points", "pools", "institution_months"
    )
    # From July on they are scored as if the rule had always been there.
    always = _tables(changing(case, Change(date(2024, 1, 1), values)))
    multiples = {"points.low_multiple", "points.high_multiple"} & set(values)
    if not multiples:  # those of 1 January trim the base period as well
        for key, row in after["case_points"].items():
            assert row == (before if row["month"] < 7 else always)["case_points"][key]


@any_year.some(8)
@given(any_year.SEEDS, st.integers(0, 2**32))
def test_a_notice_on_stays_scores_all_of_the_year_at_the_clearing(seed: int, dice: int) -> None:
    case = _case(seed)
    names = [n for n in OF_STAYS if n not in ("points.low_multiple", "points.high_multiple")]
    values = _change(random.Random(dice), names, False).values
    before, after = _tables(case), _tables(changing(case, Change(JULY, values)))
    always = _tables(changing(case, Change(date(2024, 1, 1), values)))
    assert after["case_points"] == always["case_points"]
    if case.policy.ratio_or_none("points.high_extra_cap") is None:
        # What was paid until June was paid by the law of those months.
        assert _until_june(after, "institution_months") == _until_june(before, "institution_months")


@any_year.some(4)
@given(any_year.SEEDS, st.integers(0, 2**32))
def test_neither_threads_nor_files_change_a_byte_under_several_laws(seed: int, dice: int) -> None:
    roll = random.Random(dice)
    case = changing(_case(seed), _change(roll, OF_STAYS, True), _change(roll))
    try:
        plain_year(case)
    except NoBaseError:
        assume(False)
    with _settled(case, threads=1, rows=40) as one, _settled(case, threads=2, rows=40) as two:
        assert any_year._bytes(one.parent) == any_year._bytes(two.parent)
    assert _tables(case, files=3, rows=64) == _tables(case)
