"""Notices within a year: the program says what the plain year says, and no notice reaches what is not its own."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import test_modes as any_mode
import test_year_equals_plain as any_year
from hypothesis import assume, event, given
from hypothesis import strategies as st

from drgpay.engine import read_table
from drgpay.policy import Policy, dictionary
from drgpay.tables import BUDGET_AMOUNTS, INSTITUTION_KINDS, MODE_PAYMENTS, STAY_MODES, STAY_PAYMENTS
from support.changing import Change, changing, laws_with
from support.examples import some
from support.modes import KINDS, Area, law, plain_mode, plain_price
from support.modes import settle as settle_area
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


@some(4)
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


@some(1)
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


@some(2)
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


@some(2)
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


@some(1)
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


def _plain_visit(visit: Any, policy: Policy) -> tuple[str, int]:
    """Mode of a visit of a person without a community, and what the fund owes for it."""
    for rule in policy.rules("modes.rules"):
        when = dict(rule.when)
        if not rule.visits or visit["kind"] not in when["visit_kinds"]:
            continue
        if rule.mode == "quota" and (visit["dx"] or [""])[0].startswith("N18"):
            fen = next(r.fen for r in policy.rates("quota.amounts") if r.keys[0] == rule.category)
            return "quota", max(fen - visit["personal_paid"], 0)
    return "by_item", visit["fund_by_item"]


_PRICES = {
    "bed_day.rates": ("[{category: psychiatric, from: 1, yuan: 111}, {category: hospice, from: 1, yuan: 90}, "
                      "{category: rehabilitation, from: 1, yuan: 77.77}]",),
    "single_disease.prices": ("[{category: cataract, yuan: 3000}]", "[{category: cataract, yuan: 9000.01}]"),
    "single_disease.pays": ("price", "lower"),
    "quota.amounts": ("[{category: dialysis, yuan: 2600}, {category: chemotherapy, yuan: 1234.56}]",),
    "modes.rules": (
        "[{id: psychiatric-chronic, mode: bed_day, category: psychiatric, when: {kinds: [psychiatric]}}]",
        "[{id: long-stay, mode: by_item, when: {los_from: 20}}]",
        "none",
    ),
    "settlement.monthly_pay_ratio": ("0.5", "0.9137"),
}  # fmt: skip
"""what a notice may set for the modes"""


@some(4)
@given(any_mode.areas, any_mode.visits, st.randoms(use_true_random=False), st.sampled_from(("carry", "prorate")))
def test_modes_and_prices_follow_the_law_of_the_day(rows: Any, care: Any, dice: random.Random, overrun: str) -> None:
    policy = law(modes__overrun=overrun)
    changes = []
    for _ in range(dice.choice([1, 2])):
        names = dice.sample(sorted(_PRICES), dice.choice([1, 2, 3]))
        by_discharge = dice.random() < 0.5 and names != ["settlement.monthly_pay_ratio"]
        day = date(2024, 1, 1) + timedelta(dice.randint(0, 365))
        changes.append(Change(day, {n: dice.choice(_PRICES[n]) for n in names}, by_discharge))
    laws = laws_with(policy, changes)
    stays = any_mode.numbered(rows)
    registers = {
        INSTITUTION_KINDS: [{"institution_id": h, "kind": k} for h, k in KINDS.items()],
        BUDGET_AMOUNTS: any_mode.PARTS,
    }
    visits = [v | {"visit_id": f"v{i:03d}"} for i, v in enumerate(care)]
    area = Area([*any_mode.BASE, *stays], laws.policy, registers, visits, laws=laws)
    with TemporaryDirectory() as folder:
        made = [settle_area(Path(folder, str(n)), area, threads=n) for n in (1, 2)]
        assert any_mode.digests(made[0]) == any_mode.digests(made[1])
        tables = made[0]
        written = {r["stay_id"]: r for r in any_mode._all(tables, STAY_MODES)}
        payments = read_table(tables, MODE_PAYMENTS).to_dicts()
        drg = {r["stay_id"]: r for r in any_mode._all(tables, STAY_PAYMENTS)}
    paid_by_modes: dict[tuple[Any, ...], int] = defaultdict(int)
    for s in stays:
        day = date(2024, s["month"], 28)
        cleared, paid = laws.closing.on(day), laws.months[s["month"]].on(day)
        mode, rule, left = plain_mode(s, cleared)
        got = written[s["stay_id"]]
        assert (got["mode"], got["rule"], got["exit"]) == (mode, rule, left)
        if mode in ("bed_day", "single_disease", "quota"):
            assert got["price"] == plain_price(s, mode, got["category"], cleared)
        mode, rule, _ = plain_mode(s, paid)
        if mode != "drg":
            category = next(r.category for r in paid.rules("modes.rules") if r.id == rule)
            due = s["fund_by_item"]
            if mode in ("bed_day", "single_disease", "quota"):
                due = plain_price(s, mode, category, paid)
                if paid.choice("fund.basis") == "total":
                    due = max(due - s["personal_paid"], 0)
            paid_by_modes[s["insurance_scheme"], s["month"], s["institution_id"], "inpatient", mode] += due
        assert (s["stay_id"] in drg) == ("drg" in (mode, got["mode"]))
    visits_cleared: dict[tuple[Any, ...], int] = defaultdict(int)
    for v in visits:
        day = v["visit_date"]
        if day.year == 2024:
            mode, due = _plain_visit(v, laws.months[day.month].on(day))
            paid_by_modes[v["insurance_scheme"], day.month, v["institution_id"], "outpatient", mode] += due
            mode, due = _plain_visit(v, laws.closing.on(day))
            visits_cleared[v["insurance_scheme"], v["institution_id"], mode] += due
    assert {k: v for k, v in visits_cleared.items() if v} == {
        (r["insurance_scheme"], r["institution_id"], r["mode"]): r["before"]
        for r in payments
        if r["setting"] == "outpatient" and r["month"] == 0 and r["before"]
    }
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in payments:
        if row["month"]:
            names = ("insurance_scheme", "month", "institution_id", "setting", "mode")
            found[tuple(row[n] for n in names)] += row["due"]
            ratio = laws.months[row["month"]].policy.ratio("settlement.monthly_pay_ratio")
            assert row["paid"] == (row["due"] * ratio + 5_000) // 10_000
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in paid_by_modes.items() if v}
    # Months and year together pay what the clearing says is due.
    totals: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in payments:
        key = tuple(row[n] for n in ("insurance_scheme", "institution_id", "setting", "mode", "category"))
        totals[key][0] += row["paid"]
        totals[key][1] += 0 if row["month"] else row["due"]
    assert all(paid == due for paid, due in totals.values())
