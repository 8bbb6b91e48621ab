"""Any small region under any practice: the program and the plain year say the same, to the fen."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Ledger
from drgpay.policy import Policy
from drgpay.runs.manifest import LEDGER
from drgpay.steps import points, settlement
from support.examples import some
from support.money import LITTLE, Points, cases_of, demo, differences, settle, stay, tables_of
from support.plain_year import DIAGNOSES, Case, NoBaseError, Rows, Stay, plain_year

HIGHEST = 10**11


LEVELS = ("tertiary", "secondary", "primary")
GRADES = ("excellent", "good", "pass", "fail")
SCHEMES = ("employee", "resident")
SEEDS = st.integers(0, 2**63)
REASONS = ("policy_change", "new_disease", "new_drug_list", "outbreak")


_RULES = {
    "points.scale": ("100", "1000"),
    "points.low_multiple": ("0.4", "0.5", "0.3333", "0", "1"),
    "points.high_multiple": (
        "[{upto: 100, value: 3}, {upto: 300, value: 2}, {value: 1.5}]",
        "[{upto: 99.9999, value: 2.5}, {upto: 100, value: 1.0001}, {value: 7}]",
        "[{value: 3}]",
    ),
    "points.trim_passes": ("0", "1", "2", "3"),
    "points.min_cases": ("6", "1", "2"),
    "points.max_cv": ("1", "0.57", "0"),
    "points.max_los": ("60", "9"),
    "points.unstable_rule": ("median", "mean", "cost"),
    "points.high_extra": ("auto", "auto", "none", "after_review"),
    "points.high_extra_cap": ("none", "5%", "0", "0.01%"),
    "points.special_quota": ("none", "0", "2%"),
    "points.difficulty_age": ("none", "80"),
    "points.difficulty_comorbidities": ("none", "2"),
    "points.difficulty_chronic": ("none", "[E11, N18.9]"),
    "points.difficulty_add": ("0.1", "0.0333"),
    "points.difficulty_add_both": ("none", "0.2"),
    "points.technology_max": ("none", "0.5"),
    "points.unstable_discount": ("1", "0.9137", "0"),
    "points.ungrouped_discount": ("0.7", "0.3333", "0"),
    "coefficient.combine": ("product", "weighted_sum"),
    "coefficient.min": ("0.4", "0.82", "0.9999"),
    "coefficient.max": ("1", "1.07", "1.5"),
    "coefficient.level_method": ("table", "computed"),
    "coefficient.own_share": ("0.5", "0", "1", "0.3333"),
    "coefficient.basic_groups": ("[AA11, BB12]", "[]"),
    "coefficient.basic_group_value": ("1", "0.82", "1.0001"),
    "coefficient.min_cases": ("none", "6", "20"),
    "coefficient.one_when_unstable": ("true", "false"),
    "coefficient.dominant_share": ("none", "70%", "33.33%"),
    "coefficient.capacity_cmi_share": ("0.1", "1.3333", "none"),
    "coefficient.capacity_technical_share": ("0.02", "0.9137"),
    "coefficient.technical_weights": (
        "{groups_covered: 0.4, heavy_share: 0.3, top_operation_share: 0.3}",
        "{groups_covered: 0, heavy_share: 0, top_operation_share: 1}",
        "none",
    ),
    "coefficient.heavy_weight": ("2", "0.9", "0"),
    "coefficient.capacity_min": ("0.95", "none"),
    "coefficient.capacity_max": ("1.05", "none"),
    "coefficient.guidance_cost_index": ("[{upto: 0.9, value: 0.01}, {value: -0.0333}]", "none"),
    "coefficient.guidance_record_accuracy": ("[{upto: 0.9, value: -0.01}, {value: 0.005}]",),
    "fund.basis": ("fund", "total"),
    "fund.reserve_share": ("5%", "0", "0.0333", "1"),
    "fund.seasonality": ("equal", "last_year"),
    "fund.inpatient_unit": ("none", "whole_area"),
    "fund.year_end_reasons": ("[policy_change, outbreak]",),
    "settlement.monthly_pay_ratio": ("0.95", "0.9137", "0", "1"),
    "settlement.keep_bands": (
        "[{below: 0.8, value: 50%}, {below: 0.9, value: 60%}, {value: 70%}]",
        "[{below: 0.9999, value: 33.33%}, {value: 1}]",
    ),
    "settlement.reasonable_fund_share": ("0.7", "0.3333", "1"),
    "settlement.keep_grade_steps": ("none", "{excellent: 10%, fail: -33.33%}", "{good: 1, pass: -1}"),
    "settlement.share_grade_steps": ("none", "{excellent: 10%, fail: -70.01%}"),
    "settlement.sanction_no_increase": ("true", "false"),
    "settlement.grade_when_missing": GRADES,
    "settlement.second_distribution_surplus_share": ("0.3", "0.3333", "1", "0"),
    "settlement.second_distribution_weights": (
        "{excellent: 1.5, good: 1, pass: 0, fail: 0}",
        "{excellent: 0.3333, good: 0, pass: 0, fail: 0}",
    ),
}
"""what a bureau may write, by parameter"""

_COMPONENTS = {
    "[]": "none",
    "[basic_group]": "none",
    "[level]": "{level: 1}",
    "[cost_difference, basic_group]": "{cost_difference: 1}",
    "[level, cost_difference, basic_group]": "{level: 0.3, cost_difference: 0.7}",
    "[cost_difference, guidance, capacity, management, basic_group]": "{cost_difference: 0.4, guidance: 0.1, "
    "capacity: 0.3, management: 0.2}",
}
"""components and weights that add up to 1 over them"""


def _policy(dice: random.Random) -> Policy:
    """The demonstration practice with everything changed that changes points and money."""
    components, weights = dice.choice(list(_COMPONENTS.items()))
    changes = {name: dice.choice(choices) for name, choices in _RULES.items()}
    if weights == "none":
        changes["coefficient.combine"] = "product"
    changes |= {"coefficient.components": components, "coefficient.weights": weights}
    return demo("odd rules", **{name.replace(".", "__"): value for name, value in changes.items()})


def _case(seed: int) -> Case:
    """A small region under odd rules, made from one number."""
    dice = random.Random(seed)
    count = dice.choice([1, 2, 5, 12, 12, 30])
    institutions = {f"H{dice.choice('ab')}{i:02d}": dice.choice(LEVELS) for i in range(count)}
    working = list(institutions)[dice.randint(0, 1) :] or list(institutions)  # perhaps one without a stay
    groups = [f"{a}{a}1{i % 4 + 1}" for i, a in enumerate("ABCDEFGH"[: dice.randint(1, 8)])]
    maker = _Maker(
        dice,
        working,
        dice.choice([SCHEMES, SCHEMES, SCHEMES, ("employee",), ("resident",)]),
        dice.choice([tuple(range(1, 13)), tuple(range(1, 13)), (1,), (2, 12), (6, 7, 11)]),
        {g: 10 ** dice.randint(4, 7) * dice.randint(1, 9) for g in groups},
        dice.choice(["tame", "tame", "wild", "extreme"]),
        dice.choice([0.3, 0.3, 0.0, 1.5]),
    )
    broken = dice.choice([0.1, 0.1, 0.1, 0.0, 1.0])
    stays: list[Stay] = []
    for year in (2021, 2022, 2023):
        known = groups[1:] if year == 2021 and len(groups) > 1 else groups  # one group comes later
        stays += [maker.stay(year, known, 0.05) for _ in range(dice.choice([60, 60, 200, 7, 1, 0, 500]))]
    stays += [maker.stay(2024, groups, broken) for _ in range(dice.choice([60, 60, 200, 300, 1, 0, 500]))]
    if dice.random() < 0.5:  # a new group, and a group with one stay in the base period
        stays += [maker.stay(2024, ["ZZ11"], 0), maker.stay(2024, ["ZZ12"], 0), maker.stay(2023, ["ZZ12"], 0)]
    dice.shuffle(stays)
    spent = sum(s["fund_by_item"] for s in stays if s["year"] == 2024)
    budget = dice.choice([*(spent * tenths // 10 for tenths in (8, 9, 10, 11, 12, 15)), 0, 1, 10**12 + 39])
    policy = _policy(dice)
    return Case(
        policy,
        stays,
        institutions,
        {"employee": budget - budget // 3, "resident": dice.choice([budget // 3, budget // 3, 0])},
        {h: dice.choice(GRADES) for h in institutions if dice.random() < 0.8},
        [
            (dice.choice(list(institutions)), dice.choice(SCHEMES), dice.choice(REASONS), dice.randint(0, 10**7))
            for _ in range(dice.randint(0, 5))
        ],
        **_dealings(dice, list(institutions)),
        sanctioned=frozenset(h for h in institutions if dice.random() < 0.2),
        decisions=_decisions(dice, stays),
        **_of_the_unit(dice, policy, budget),
        last_grades={h: dice.choice(GRADES) for h in institutions if dice.random() < 0.5},
        indicators={
            (h, name): dice.choice([0, 9_000, 9_001, 20_000])
            for h in institutions
            for name in ("cost_index", "record_accuracy", "technical_level")
            if dice.random() < 0.6
        },
        operation_levels=dice.choice([{}, {"45.1300": 3}, {"45.1300": 3, "36.0700": 4}]),
    )


def _of_the_unit(dice: random.Random, policy: Policy, budget: int) -> dict[str, Any]:
    """Adjustments of the budget and inpatients elsewhere, as much as every month can pay."""
    whole = policy.choice_or_none("fund.inpatient_unit") == "whole_area"
    pays = whole and policy.choice("fund.seasonality") == "equal" and policy.ratio("fund.reserve_share") < 5_000
    return {
        "adjusted": {"employee": dice.choice([1, budget // 7])} if dice.random() < 0.5 else {},
        "elsewhere": [("employee", dice.randint(1, 12), budget // 100) for _ in range(dice.choice([0, 1, 2]) * pays)],
    }


def _decisions(dice: random.Random, stays: list[Stay]) -> dict[str, Any]:
    """Decisions on some stays: refused ones among them."""
    often = dice.choice([0, 0.02, 0.02, 0.3])
    kinds = {
        "refuse": (None, None),
        "special": (dice.choice([None, 0, 12_345]), None),
        "deduct": (None, dice.choice([0, 3_333, 10_000])),
        "technology": (None, 9_999),
    }
    made = {s["stay_id"]: {k: v for k, v in kinds.items() if dice.random() < often} for s in stays}
    return {stay_id: its for stay_id, its in made.items() if its}


def _dealings(dice: random.Random, institutions: list[str]) -> dict[str, Any]:
    """Violations, advances and debts of some institutions, of any size."""

    def some() -> list[tuple[str, str, int]]:
        return [
            (dice.choice(institutions), dice.choice(SCHEMES), 10 ** dice.randint(0, 7))
            for _ in range(dice.choice([0, 0, 1, 4]))
        ]

    return {
        "violations": [(*one, dice.choice([0, 20_000, 33_333, 50_000])) for one in some()],
        "advances": some(),
        "debts": {(h, s): amount for h, s, amount in some()},
    }


@dataclass
class _Maker:
    """Makes stays of a region; ``level_cost`` is what a group usually costs, ``patients`` the highest share paid."""

    dice: random.Random
    institutions: list[str]
    schemes: tuple[str, ...]
    months: tuple[int, ...]
    level_cost: dict[str, int]
    spread: str
    patients: float
    made: int = 0

    def stay(self, year: int, groups: list[str], broken: float) -> Stay:
        """One stay; ids do not follow the order of making."""
        dice = self.dice
        drg, status = dice.choice(groups), "grouped"
        if dice.random() < broken:
            drg, status = dice.choice([("0000", "ungrouped"), (f"{drg[0]}QY", "qy")])
        cost = self._cost(self.level_cost.get(drg, 10**6))
        self.made += 1
        return {
            "stay_id": f"s{self.made * 7919 % 10007:05d}",
            "institution_id": dice.choice(self.institutions),
            "insurance_scheme": dice.choice(self.schemes),
            "year": year,
            "month": dice.choice(self.months),
            "drg": drg,
            "status": status,
            "los": dice.choice([0, 1, 9, 10, 60, 61]) if dice.random() < 0.3 else 5,
            "age": dice.choice([None, 40, 79, 80]),
            "dx": [dice.choice(DIAGNOSES) for _ in range(dice.randint(1, 5))],
            "proc": dice.choice([None, [], ["45.1300"], ["45.1300", "36.0700"]]),
            "total_cost": cost,
            "personal_paid": min(int(cost * self.patients * dice.random()), HIGHEST),
            "fund_by_item": min(int(cost * dice.random()), HIGHEST),
        }

    def _cost(self, usual: int) -> int:
        dice = self.dice
        if self.spread == "extreme" and dice.random() < 0.05:
            return dice.choice([HIGHEST, 1])
        if self.spread != "tame" and dice.random() < 0.2:
            return usual * dice.choice([0, 10, 100])
        # Round multiples put stays exactly on the bounds.
        return int(usual * dice.choice([1, 1, 0.8, 1.3, 0.4, 3, dice.random() * 3]))


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _settled(case: Case, **how: Any) -> dict[str, Rows]:
    with _folder() as folder:
        return tables_of(settle(folder, case, **how))


@some(4)
@given(SEEDS, st.sampled_from([1, 2, 3]), st.sampled_from([40, 200, 65_536]))
def test_a_year_is_the_plain_year(seed: int, files: int, rows: int) -> None:
    case = _case(seed)
    try:
        plain = plain_year(case)
    except NoBaseError:
        event("no base")
        with pytest.raises(DrgpayError) as failure:
            _settled(case, files=files, rows=rows)
        assert failure.value.kind is Kind.DATA
        return
    for row in plain["case_points"].values():
        event(row["case_class"])
    assert differences(_settled(case, files=files, rows=rows), plain)[:5] == []


@some(2)
@given(SEEDS, st.integers(0, 2**32))
def test_neither_order_nor_files_nor_threads_change_a_byte(seed: int, order: int) -> None:
    case = _case(seed)
    _assume_a_base(case)
    shuffled = list(case.stays)
    random.Random(order).shuffle(shuffled)
    with _folder() as folder:
        one = settle(folder / "one", case, threads=1, rows=40)
        two = settle(folder / "two", case, threads=2, rows=40)
        other = settle(folder / "other", replace(case, stays=shuffled), files=3, rows=64)
        assert _bytes(one.parent) == _bytes(two.parent)
        # Tables of stays are in the order of the input; all others do not know it.
        apart = (
            "tables/grouped",
            "tables/stay_modes",
            "tables/shadow_prices",
            "tables/case_points",
            "tables/adjustments",
            "work/",
        )
        assert _bytes(other.parent, apart) == _bytes(one.parent, apart)
        assert tables_of(other) == tables_of(one)


def _bytes(folder: Path, apart: tuple[str, ...] = ()) -> dict[str, bytes]:
    names = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith(apart)}


def _assume_a_base(case: Case) -> None:
    try:
        plain_year(case)
    except NoBaseError:
        assume(False)


@some(2)
@given(SEEDS, st.sampled_from([0.02, 0.2, 0.6]))
def test_a_refused_stay_changes_nobody_elses_payment(seed: int, often: float) -> None:
    case, dice = _case(seed), random.Random(seed + 1)
    case = replace(case, decisions={s: d for s, d in case.decisions.items() if "refuse" not in d})
    _assume_a_base(case)
    now = [s["stay_id"] for s in case.stays if s["year"] == case.year]
    refused = {s for s in now if dice.random() < often}
    without = {s: case.decisions.get(s, {}) | {"refuse": (None, None)} for s in refused}
    before, after = _settled(case), _settled(replace(case, decisions=case.decisions | without))
    assert after["pools"] == before["pools"]
    for key, row in after["case_points"].items():
        assert row["points"] == before["case_points"][key]["points"]
    for key, row in after["stay_payments"].items():
        stay_id, h = key[0], row["institution_id"]
        old = before["stay_payments"][key]
        for span, place in (("month", ("institution_months", (row["insurance_scheme"], row["month"], h))),
                            ("year", ("statements", (row["insurance_scheme"], h)))):  # fmt: skip
            assert row[f"{span}_due"] + row[f"{span}_refused"] == old[f"{span}_due"]
            if stay_id in refused:
                assert row[f"{span}_due"] == 0
            elif after[place[0]][place[1]]["due"]:  # nothing left, and nobody of the institution is paid
                assert row[f"{span}_due"] == old[f"{span}_due"]
    for (scheme, h), row in after["statements"].items():
        old = before["statements"][scheme, h]
        assert row["due"] + row["refused"] == old["due"]
        if not any(s["institution_id"] == h and s["stay_id"] in refused for s in case.stays):
            assert [row[c] for c in ("due", "actual", "balance", "surplus_returned")] == [
                old[c] for c in ("due", "actual", "balance", "surplus_returned")]  # fmt: skip


@some(2)
@given(SEEDS)
def test_nothing_is_lost(seed: int) -> None:
    case = _case(seed)
    _assume_a_base(case)
    with _folder() as folder:
        tables = tables_of(settle(folder, case))
        ledger = Ledger.read(folder / LEDGER)
    for (scheme,), row in tables["closings"].items():
        sources = row["distributable"] + row["risk_draw"] + row["recovered"]
        assert sources == row["paid"] + row["returned"] + row["carried_over"]
        statements = {h: r for (s, h), r in tables["statements"].items() if s == scheme}
        assert row["paid"] - row["recovered"] + row["debts"] == sum(r["settled"] for r in statements.values())
        assert row["risk_draw"] <= row["reserve"]
        months = [r for (s, _, _), r in tables["institution_months"].items() if s == scheme]
        assert all(r["paid"] + r["deposit"] == r["due"] for r in months)
        assert row["carried_over"] >= 0
        assert row["returned"] - sum(r["refused"] for r in statements.values()) >= 0
        for h, statement in statements.items():
            stays = [r for r in tables["stay_payments"].values()
                     if (r["insurance_scheme"], r["institution_id"]) == (scheme, h)]  # fmt: skip
            assert sum(r["year_due"] for r in stays) == statement["due"]
            assert sum(r["year_refused"] for r in stays) == statement["refused"]
            assert ledger.balance(f"{scheme}:{h}:payable") == ledger.balance(f"{scheme}:{h}:deposit") == 0
        # What has left the bank is what the institutions got; what is left of the budget is with the fund.
        assert ledger.balance(f"{scheme}:bank") == row["budget"] - row["paid"] + row["recovered"]
    assert sum(ledger.balances().values()) == 0
    _reversed(ledger)


def _reversed(ledger: Ledger) -> None:
    for entry in list(ledger):
        ledger.reverse(entry.entry_id, date(2025, 7, 1), "undo")
    assert not any(ledger.balances().values())


@some(3)
@given(SEEDS, st.integers(0, 11), st.integers(1, 5000))
def test_a_higher_coefficient_never_lowers_the_due(seed: int, which: int, more: int) -> None:
    case = _case(seed)
    _assume_a_base(case)
    with _folder() as folder:
        tables = Points.of(case, folder).tables
    stays = [s for s in case.stays if s["year"] == case.year]
    raised = tables.coefficient.copy()
    institution = list(case.institutions)[which % len(case.institutions)]
    raised[tables.institutions.index(institution).as_py()] += more
    before, after = (
        _dues(points.add_up(cases_of(stays, t), t), case.budgets["employee"])
        for t in (tables, replace(tables, coefficient=raised))
    )
    assert after.get(institution, 0) >= before.get(institution, 0)


def _dues(sums: Any, fund: int) -> dict[str, int]:
    by: dict[str, int] = {}
    for row in sums.to_pylist():
        by[row["institution_id"]] = by.get(row["institution_id"], 0) + row["points"]
    return settlement.share_pool(fund, by, {})


@some(3)
@given(SEEDS, st.lists(st.integers(0, 10**8), min_size=2, max_size=40))
def test_a_dearer_stay_never_has_fewer_points(seed: int, costs: list[int]) -> None:
    case = _case(seed)
    _assume_a_base(case)
    with _folder() as folder:
        year = Points.of(case, folder)
    groups = sorted({s["drg"] for s in case.stays if s["status"] == "grouped"})
    institution = next(iter(case.institutions))
    stays = [
        stay(f"{drg}-{i:03d}", institution, drg=drg, total_cost=cost)
        for drg in groups
        for i, cost in enumerate(sorted(costs))
    ]
    judged = year.judge(stays)
    for drg in groups:
        its = [row["points"] for row in judged if row["drg"] == drg]
        assert its == sorted(its)


@some(2)
@given(SEEDS)
def test_a_stay_is_explained_as_it_was_computed(seed: int) -> None:
    case = _case(seed)
    _assume_a_base(case)
    case = replace(case, policy=case.policy.amend({"points.high_extra_cap": "none"}, "the cap is the institution's"))
    with _folder() as folder:
        year = Points.of(case, folder)
    stays = [s for s in case.stays if s["year"] == case.year]
    judged = year.judge(stays)
    for row, s in zip(judged, stays, strict=True):
        k = year.coefficients.groups.get(s["drg"], year.coefficients.institutions[s["institution_id"]])
        group = year.base.groups.get(s["drg"])
        alone = points.stay_points(s["status"], s["total_cost"], group, k, year.base.mean_cost, case.policy, "")
        counted = points.comorbidities(LITTLE, case.policy)
        its = [] if counted is None else points.comorbidities_of(s["dx"], counted)
        facts = points.Facts(s["drg"], s["los"], s["age"], len(its))
        steps = points.adjusted_points(alone, case.policy, facts)
        last = steps[-1][2] if steps else alone.points
        assert (alone.case_class, alone.coefficient, alone.discount, alone.extra, last) == (
            row["case_class"], row["coefficient"], row["discount"], row["extra"], row["points"])  # fmt: skip
