"""Rows R07, R30 and R34: coefficients, prepayment and difficulty act from what the system itself computes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, load
from drgpay.runs import Order, ready, run
from drgpay.runs.explain import explain_stay
from drgpay.samples import make_region
from drgpay.steps import fund, points
from drgpay.steps.evaluation.effects import indicator_register
from drgpay.tables import ADJUSTMENTS, COEFFICIENTS
from drgpay.units import ONE
from support.command import drgpay
from support.engines import usual
from support.fund import past, terms
from support.money import LITTLE, demo, differences, settle, stay, tables_of
from support.plain_year import DIAGNOSES, Case, Rows, plain_year

HARD = {"36.0700": 4, "45.1300": 2}


def _case(policy: Policy, **given: Any) -> Case:
    """H1 has three groups, a heavy one and operations of level 4 among them; H2 one light group."""
    of_year = [(year, f"{year}-", 8) for year in (2021, 2022, 2023)] + [(2024, "now-", 6)]
    stays = []
    for year, name, n in of_year:
        for i in range(n):
            for h, drg, cost, proc in (
                ("H1", "AA11", 100_000 + 1_000 * i, ["45.1300"]),
                ("H1", "BB11", 400_000, ["36.0700"] if i % 2 else ["45.1300"]),
                ("H1", "CC11", 90_000, None),
                ("H2", "AA11", 99_000 + 1_000 * i, ["45.1300"]),
            ):
                its = {"year": year, "month": 1 + i, "drg": drg, "total_cost": cost, "proc": proc}
                stays.append(stay(f"{name}{h}{drg}{i}", h, fund_by_item=cost // 2, **its))
    return Case(policy, stays, {"H1": "tertiary", "H2": "secondary"}, {"employee": 2_000_000, "resident": 0}, **given)


def _practice(name: str) -> Policy:
    """A shipped practice with the base years and the groups of the little region."""
    years = "[{year: 2021, weight: 1}, {year: 2022, weight: 2}, {year: 2023, weight: 7}]"
    law = load(name, on=date(2024, 12, 31))
    little = {"points.base_years": years, "coefficient.basic_groups": "[CC11]", "coefficient.dominant_share": "none"}
    return law.amend(little, "a little region")


def _dues(tables: dict[str, Rows]) -> dict[str, int]:
    return {h: row["due"] for (scheme, h), row in tables["statements"].items() if scheme == "employee"}


@pytest.mark.parametrize("name", ["shanwei", "demo"])
@pytest.mark.parametrize(
    ("known", "component"),
    [
        ({"last_grades": {"H1": "fail"}}, "management"),
        ({"indicators": {("H1", "cost_index"): 12_000}}, "guidance"),
        ({"indicators": {("H1", "record_completeness"): 8_000}}, "guidance"),
        ({"indicators": {("H1", "record_accuracy"): 8_000}}, "guidance"),
        ({"operation_levels": HARD}, "capacity"),
    ],
)
def test_r07_each_fact_moves_its_coefficient_and_money_in_shipped_practices(
    name: str, known: dict[str, Any], component: str, tmp_path: Path
) -> None:
    before, after = _case(_practice(name)), _case(_practice(name), **known)
    (tmp_path / "facts").mkdir()
    found = [tables_of(settle(tmp_path / f"{i}", case)) for i, case in enumerate((before, after))]
    assert differences(found[1], plain_year(after)) == []
    one, two = (its["coefficients"]["H1", component]["value"] for its in found)
    assert one != two
    assert _dues(found[0])["H1"] != _dues(found[1])["H1"]
    assert sum(_dues(found[0]).values()) == sum(_dues(found[1]).values())


def test_r07_the_technical_level_comes_from_groups_heavy_stays_and_operations(tmp_path: Path) -> None:
    """Groups 3 and 1 of 2 on average; heavy 24 of 72 and of 96 in all; level 4 in 12 of 48 and of 72."""
    alone = {name: f"{{groups_covered: {a}, heavy_share: {b}, top_operation_share: {c}}}" for name, a, b, c in (
        ("groups", 1, 0, 0), ("heavy", 0, 1, 0), ("operations", 0, 0, 1))}  # fmt: skip
    levels = {}
    for name, weights in alone.items():
        law = _practice("demo").amend(
            {
                "coefficient.components": "[capacity]", "coefficient.capacity_cmi_share": "0",
                "coefficient.capacity_technical_share": "0.1", "coefficient.technical_weights": weights,
                "coefficient.capacity_min": "0", "coefficient.capacity_max": "2",
            },
            "one part",
        )  # fmt: skip
        rows = tables_of(settle(tmp_path / name, _case(law, operation_levels=HARD)))["coefficients"]
        levels[name] = tuple(rows[h, "capacity"]["value"] for h in ("H1", "H2"))
    assert levels == {
        "groups": (10_500, 9_500),  # 1 + 0.1 × (3 ÷ 2 − 1)
        "heavy": (10_333, 9_000),  # 1 + 0.1 × (24/72 ÷ 24/96 − 1)
        "operations": (10_500, 9_000),  # 1 + 0.1 × (12/48 ÷ 12/72 − 1)
    }


def test_r07_heavy_groups_need_their_bound(tmp_path: Path) -> None:
    law = _practice("demo").amend({"coefficient.heavy_weight": "none"}, "a test")
    with pytest.raises(DrgpayError, match=r"coefficient\.heavy_weight") as failure:
        settle(tmp_path, _case(law))
    assert failure.value.kind is Kind.POLICY


def test_r07_the_checks_scores_go_into_the_register_of_indicators() -> None:
    figure = {"scope": "institution", "institution_id": "H1", "small": False}
    values = {"record_completeness": 9_876, "record_accuracy": 9_123, "drg_count": 42 * ONE, "los": 70_000}
    figures = [figure | {"indicator": name, "value": value} for name, value in values.items()]
    assert [(r["indicator"], r["value"]) for r in indicator_register(figures, [], 2023)] == [
        ("record_completeness", 9_876), ("record_accuracy", 9_123), ("groups_treated", 42 * ONE)]  # fmt: skip


def test_r30_the_number_of_groups_moves_the_advance() -> None:
    history = [past("H1", 10_000_000, year=year) for year in (2021, 2022, 2023)]

    def advance(groups: dict[str, int], policy: Policy | None = None) -> tuple[Any, ...]:
        (row,) = fund.prepayments(2024, history, [terms()], {"H1": "tertiary"}, [], [], policy or demo(), groups)
        return row["groups"], row["groups_coefficient"], row["base"], row["advance"]

    # 100,000.00 × 0.8 × 1.1 = 88,000.00; ÷ 0.95 with the reserve; 70 % in advance
    assert advance({}) == (None, 10_000, 8_800_000, 6_484_211)
    assert advance({"H1": 149 * ONE}) == (149, 10_000, 8_800_000, 6_484_211)
    assert advance({"H1": 150 * ONE}) == (150, 10_500, 9_240_000, 6_808_421)
    assert advance({"H1": 49 * ONE}) == (49, 9_500, 8_360_000, 6_160_000)
    without = demo(prepay__groups_bands="none")
    assert advance({"H1": 150 * ONE}, without)[1:] == (10_000, 8_800_000, 6_484_211)


def test_r30_the_groups_of_last_years_evaluation_reach_the_prepayment(tmp_path: Path) -> None:
    region = tmp_path / "r"
    make_region(region, stays=300, seed=3, years=(2023, 2024), institutions=2)
    ids = pl.read_csv(region / "institutions.csv", infer_schema=False)["institution_id"].to_list()
    (region / "prepayment_terms.csv").write_text(
        "year,institution_id,function,short_of_cash\n" + "".join(f"2024,{h},general,false\n" for h in ids)
    )
    (region / "institution_history.csv").write_text(
        "year,insurance_scheme,institution_id,fund_paid,unreasonable,heads,invalid_heads\n"
        + "".join(f"2023,employee,{h},1000000,0,10,0\n" for h in ids)
    )
    (region / "indicator_values.csv").write_text(
        f"年度,定点医疗机构编号,指标,值\n2023,{ids[0]},治疗病组数,160\n", encoding="utf-8"
    )
    order = ("fund", "prepay", "--region", region, "--year", 2024, "--policy", "demo", "-o", tmp_path / "p")
    result = drgpay(*order, "--lang", "en")
    assert result.returncode == 0, result
    rows = pl.read_csv(tmp_path / "p" / "prepayments.csv", infer_schema=False)
    assert rows.select("groups", "groups_coefficient").rows() == [("160", "1.0500"), (None, "1.0000")]


CLASSES_OF = {
    ("I10", "E11.900", "J44.900", "I50.900"): 2,  # the principal diagnosis excludes table 1: E11.900
    ("I10", "E11.900", "E11.100", "N18.900"): 2,  # N18 once, and E11.100, which no table excludes
    ("K80.200", "N39.000", "I50.900", "J44.900"): 1,
    ("Z00", "J44.900", "J44.900", "Z00"): 1,
    ("J44.900", "J44.900", "N18.900"): 1,
    ("Z00", "K80.200", "I11.900"): 0,
}


@pytest.mark.parametrize(("dx", "counted"), CLASSES_OF.items())
def test_r34_what_counts_as_a_comorbidity(dx: tuple[str, ...], counted: int) -> None:
    law = demo(points__difficulty_comorbidities="3", points__difficulty_chronic="[E11, N18]")
    its = points.comorbidities(LITTLE, law)
    assert its is not None
    assert len(points.comorbidities_of(dx, its)) == counted


def test_r34_further_codes_alone_raise_nobody_and_comorbidities_move_money(tmp_path: Path) -> None:
    law = _practice("demo").amend(
        {
            "points.difficulty_comorbidities": "3",
            "points.difficulty_add": "10%",
            "points.difficulty_chronic": "[N18]",
        },
        "a test",
    )

    def settled(name: str, dx: list[str]) -> dict[str, int]:
        case = _case(law)
        first = next(s["stay_id"] for s in case.stays if s["year"] == 2024)
        case = replace(case, stays=[s | {"dx": dx} if s["stay_id"] == first else s for s in case.stays])
        found = tables_of(settle(tmp_path / name, case))
        assert differences(found, plain_year(case)) == []
        return _dues(found)

    plain = settled("plain", ["Z00"])
    assert settled("codes", ["Z00", "K80.200", "I11.900", "E11.100"]) == plain
    raised = settled("raised", ["Z00", "J44.900", "I50.900", "N18.900"])
    assert raised["H1"] > plain["H1"]
    assert sum(raised.values()) == sum(plain.values())
    assert set(DIAGNOSES) >= {"J44.900", "I50.900", "N18.900"}


def test_r34_a_large_reach_is_warned_of_and_its_limit_is_data() -> None:
    limits = ready.limits(demo())
    assert ready.difficulty({"raised": 20, "stays": 100}, limits) == []
    (notice,) = ready.difficulty({"raised": 21, "stays": 100}, limits)
    assert "21" in notice.text("zh")
    assert not notice.check.stops
    assert (
        ready.difficulty({"raised": 21, "stays": 100}, ready.limits(demo(ready__limits="{difficulty_share: 0.3}")))
        == []
    )
    assert ready.difficulty(None, limits) == []


@pytest.fixture(scope="module")
def raised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year under the practice that raises difficult stays."""
    folder = tmp_path_factory.mktemp("difficulty")
    make_region(folder / "r", stays=800, seed=5, institutions=3)
    return run(Order(folder / "r", "hospital-prepay", 2024), folder / "run", usual(2))


def test_r34_the_reach_stands_in_the_manifest_and_on_the_screen(raised: Path) -> None:
    said = read_manifest(raised)["difficulty"]
    rows = pl.read_parquet(raised / "tables" / ADJUSTMENTS.name / "*.parquet")
    difficult = rows.filter(pl.col("adjustment") == "difficulty")
    assert said["raised"] == difficult.height > 0
    by_comorbidity = difficult.filter(pl.col("parameter") == "points.difficulty_add_both")
    if by_comorbidity.height:
        told = explain_stay(raised, by_comorbidity["stay_id"][0])
        lines = [line for section in told for line in section.lines]
        assert any(line.parameter == "points.difficulty_comorbidities" for line in lines)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region whose last year was settled, checked and evaluated, and the results taken; its folder."""
    folder = tmp_path_factory.mktemp("evaluated")
    region = folder / "r"
    make_region(region, stays=1_200, seed=5, years=(2023, 2024, 2025), institutions=3)
    for words in (
        ("run", "year", "--region", region, "--policy", "demo", "--year", 2024, "-o", folder / "y24"),
        ("check", "--region", region, "-o", folder / "checks"),
        ("evaluate", folder / "y24", "--card", "shanwei-2023", "--region", region, "--records", folder / "checks",
         "-o", folder / "e24"),
        ("region", "take", region, folder / "e24"),
    ):  # fmt: skip
        done = drgpay(*words)
        assert done.returncode == 0, (words, done.stderr, done.stdout)
    return region


def test_r07_last_years_evaluation_reaches_the_coefficients_without_a_file_being_touched(
    evaluated: Path, tmp_path: Path
) -> None:
    done = run(Order(evaluated, "demo", 2025), tmp_path / "y25", usual(2))
    rows = read_table(done / "tables", COEFFICIENTS)
    guided = rows.filter(pl.col("component") == "guidance")
    assert guided.filter(pl.col("inputs").str.contains("record_accuracy")).height == 3
    assert guided.filter(pl.col("inputs").str.contains("cost_index")).height > 0  # of enough cases
    capacity = rows.filter(pl.col("component") == "capacity")
    assert capacity["inputs"].str.contains("groups_covered").all()
    assert {*guided["value"], *capacity["value"]} != {ONE}


def test_r07_an_unknown_operation_in_the_register_is_named(evaluated: Path, tmp_path: Path) -> None:
    wrong = evaluated / "手术分级目录.csv"
    wrong.write_text("手术操作编码,手术级别\n45.1300x001,2\n45.1300x0O1,4\n", encoding="utf-8")
    try:
        with pytest.raises(DrgpayError, match=r"45\.1300x0O1") as failure:
            run(Order(evaluated, "demo", 2025), tmp_path / "y25", usual(2))
    finally:
        wrong.unlink()
    assert (failure.value.kind, failure.value.row) == (Kind.DATA, 3)
    assert "45.1300x001" in failure.value.zh + str(failure.value)
