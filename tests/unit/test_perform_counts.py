"""What a hospital's departments are marked by besides the sums: goals of the whole hospital, recovery plans, level-4
operations; each held against a count of the files themselves. And the quarters that are kept."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import PerformOrder
from drgpay.samples import make_hospital
from support.engines import usual

H = "H99990100001"
MARK = ("numerator", "denominator", "mark")
NOW = pl.col("month").is_in([4, 5, 6])


@pytest.fixture(scope="module")
def registers(small_region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counted") / "registers"
    make_hospital(small_region, H, folder)
    return folder


@pytest.fixture(scope="module")
def result(small_run: Path, registers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return perform(small_run, registers, tmp_path_factory.mktemp("counts") / "out")


def perform(
    run: Path, registers: Path, out: Path, quarter: int = 2, before: Path | None = None, **given: str
) -> Path:
    changes = {name.replace("__", "."): value for name, value in given.items()}
    order = PerformOrder("demo-hospital", run, registers, H, quarter, before=before, changes=changes)
    return runs.perform(order, out, usual(2))


def table(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / "tables" / f"{name}.parquet").with_columns(pl.col(pl.Categorical).cast(pl.String))


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def marked(out: Path, item: str) -> dict[str, tuple[int | None, int | None, int | None]]:
    its = table(out, "department_marks").filter(pl.col("item") == item)
    return {d: (top, bottom, mark) for d, top, bottom, mark in its.select("department_id", *MARK).rows()}


def grouped(run: Path) -> pl.DataFrame:
    rows = pl.concat([pl.read_parquet(p) for p in sorted((run / "tables" / "grouped").rglob("*.parquet"))])
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String)).filter(pl.col("institution_id") == H)


def test_recovery_plans_are_counted_stay_by_stay(result: Path, registers: Path) -> None:
    plans = {r["stay_id"]: r["met"].lower() in ("true", "1", "是") for r in rows_of(registers, "recovery_plans")}
    stays = pl.concat([pl.read_parquet(p) for p in sorted((result / "tables" / "hospital_stays").rglob("*.parquet"))])
    of: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for row in stays.with_columns(pl.col(pl.Categorical).cast(pl.String)).filter(NOW).to_dicts():
        if row["operated"] and row["expected_los"] >= 100_000:
            of[row["department_id"]] += 1
            met[row["department_id"]] += plans.get(row["stay_id"], False)
    found = {
        d: (top, bottom) for d, (top, bottom, _) in marked(result, "recovery_plan").items() if bottom is not None
    }
    kinds = dict(table(result, "department_results").select("department_id", "department_type").rows())
    asked = {d: (met[d], n) for d, n in of.items() if kinds.get(d) in ("general", "surgical")}
    assert found == asked
    assert found


def test_a_plan_met_later_moves_one_mark(result: Path, small_run: Path, registers: Path, tmp_path: Path) -> None:
    """One plan more that was met: the marks of its department for recovery plans rise, and nobody else's."""
    own = shutil.copytree(registers, tmp_path / "own")
    stays = pl.concat([pl.read_parquet(p) for p in sorted((result / "tables" / "hospital_stays").rglob("*.parquet"))])
    long = stays.with_columns(pl.col(pl.Categorical).cast(pl.String)).filter(
        NOW & pl.col("operated") & (pl.col("expected_los") >= 100_000)
    )
    before = marked(result, "recovery_plan")
    d = next(d for d, (top, bottom, _) in before.items() if bottom)
    mine = long.filter(pl.col("department_id") == d)["stay_id"].to_list()
    others = [r for r in rows_of(own, "recovery_plans") if r["stay_id"] not in mine]
    marks = []
    for n in range(2):
        plans = [{"stay_id": s, "plan": "", "met": "true" if i < len(mine) - 1 + n else "false"}
                 for i, s in enumerate(mine)]  # fmt: skip
        write(own, "recovery_plans", [*others, *plans])
        after = marked(perform(small_run, own, tmp_path / f"out{n}"), "recovery_plan")
        assert {k: v for k, v in after.items() if k != d} == {k: v for k, v in before.items() if k != d}
        assert after[d][:2] == (len(mine) - 1 + n, len(mine))
        marks.append(after[d][2])
    rate = Fraction(len(mine) - 1, len(mine))  # from 60 % on to the full 3 marks at 90 %
    exact = min(max((rate - Fraction(6, 10)) / Fraction(3, 10), Fraction(0)), Fraction(1)) * 30_000
    assert marks == [int(exact + Fraction(1, 2)), 30_000]


def test_level_four_operations_are_counted_from_the_stays(result: Path, small_run: Path, registers: Path) -> None:
    hard = {r["code"] for r in rows_of(registers, "operation_levels") if r["operation_level"] == "4"}
    counts: Counter[str] = Counter()
    for row in grouped(small_run).filter(NOW & (pl.col("year") == 2024)).to_dicts():
        counts[row["department_id"]] += bool(hard & set(row["proc"] or []))
    found = marked(result, "bonus_level4")
    assert {d: top for d, (top, _, _) in found.items()} == {d: counts[d] for d in found}
    assert sum(counts.values()) > 5
    assert {d: mark for d, (_, _, mark) in found.items()} == {d: min(1_000 * counts[d], 20_000) for d in found}


def test_counts_that_people_wrote_stand_only_without_a_catalogue(
    small_run: Path, registers: Path, tmp_path: Path
) -> None:
    own = shutil.copytree(registers, tmp_path / "own")
    d = rows_of(own, "hospital_departments")[0]["department_id"]
    typed = {"department_id": d, "year": "2024", "quarter": "2", "item": "level4", "count": "7"}
    write(own, "research", [*rows_of(own, "research"), typed])
    out = perform(small_run, own, tmp_path / "with")
    assert "level4_counted" in table(out, "performance_findings")["rule"].to_list()
    counted = marked(out, "bonus_level4")[d][0]
    (own / "operation_levels.csv").unlink()
    out = perform(small_run, own, tmp_path / "without")
    assert "no_operation_levels" in table(out, "performance_findings")["rule"].to_list()
    assert marked(out, "bonus_level4")[d] == (7, 1, 7_000)
    assert counted != 7


def test_the_goals_of_the_hospital_are_marked_alike_everywhere(
    result: Path, small_run: Path, registers: Path
) -> None:
    """Groups of twelve months ÷ 150; techniques and papers of the half year ÷ half of 5 and 10."""
    goals = {g["goal"]: g for g in json.loads((result / "manifest.json").read_text(encoding="utf-8"))["goals"]}
    year = grouped(small_run).filter(
        ((pl.col("year") == 2024) & (pl.col("month") <= 6)) | ((pl.col("year") == 2023) & (pl.col("month") > 6))
    )
    groups = {d for d in year["drg"] if d != "0000" and not d.endswith("QY")}
    assert goals["drg_count"] == {
        "goal": "drg_count", "value": len(groups) * 10_000, "target": 1_500_000, "met": len(groups) >= 150,
    }  # fmt: skip
    for item, of_year in (("technique", 5), ("paper", 10)):
        count = sum(
            int(r["count"]) for r in rows_of(registers, "research") if r["item"] == item and r["quarter"] <= "2"
        )
        assert goals[item]["value"] == count * 10_000
        assert goals[item]["target"] == of_year * 5_000
        attained = Fraction(2 * count, of_year)
        (one,) = set(marked(result, f"goal_{item}").values())
        assert one == (attained.numerator, attained.denominator, int(min(attained, 1) * 10_000 + Fraction(1, 2)))
    full = Fraction(len(groups), 150)
    (one,) = set(marked(result, "goal_drg_count").values())
    share = min(max((full - Fraction(1, 2)) * 2, Fraction(0)), Fraction(1))
    assert one == (full.numerator, full.denominator, int(share * 20_000 + Fraction(1, 2)))


def test_a_goal_can_be_set_for_the_hospital(small_run: Path, registers: Path, tmp_path: Path) -> None:
    own = shutil.copytree(registers, tmp_path / "own")
    write(own, "performance_targets", [
        {"year": 2024, "scope": "hospital", "unit_id": "hospital", "indicator": "drg_count", "target": 20},
    ])  # fmt: skip
    goals = json.loads((perform(small_run, own, tmp_path / "out") / "manifest.json").read_text("utf-8"))["goals"]
    (goal,) = (g for g in goals if g["goal"] == "drg_count")
    assert (goal["target"], goal["met"]) == (200_000, True)


def test_the_review_reads_the_quarter_that_was_kept(small_run: Path, registers: Path, tmp_path: Path) -> None:
    """Q1 is kept; Q2 goes on from it and pays by the coefficients that were decided, whatever is made of Q1 now."""
    first = perform(small_run, registers, tmp_path / "q1", 1, review__quarters="1", review__min_cases="1")
    kept = table(first, "group_reviews").filter(pl.col("period") == "2024Q1")
    assert kept.filter(pl.col("next_coefficient") == 9_500).height > 3
    strict = {"review__quarters": "4", "review__min_cases": "1"}
    alone = perform(small_run, registers, tmp_path / "alone", **strict)
    out = perform(small_run, registers, tmp_path / "q2", before=first, **strict)
    rows = table(out, "group_reviews")
    assert rows.filter(pl.col("period") == "2024Q1").equals(kept)
    second = rows.filter(pl.col("period") == "2024Q2").join(kept, on="drg", suffix="_kept")
    assert second.height > 3
    assert second["coefficient"].to_list() == second["next_coefficient_kept"].to_list()
    assert not table(out, "slip_lines").equals(table(alone, "slip_lines"))
    assert "before" in json.loads((out / "manifest.json").read_text(encoding="utf-8"))["inputs"]


def test_a_result_that_is_not_before_this_one_is_refused(
    result: Path, small_run: Path, registers: Path, tmp_path: Path
) -> None:
    with pytest.raises(DrgpayError, match="of no earlier quarter") as failure:
        perform(small_run, registers, tmp_path / "x", 2, before=result)
    assert failure.value.kind is Kind.USAGE
    with pytest.raises(DrgpayError, match="not one of the same hospital"):
        perform(small_run, registers, tmp_path / "x", 2, before=small_run)
    assert not (tmp_path / "x").exists()


def test_what_bad_management_overspent_is_taken_by_the_register(
    small_run: Path, registers: Path, tmp_path: Path
) -> None:
    """Under surplus sharing only, and to the fen: O2 is 2,000 yuan of wrong codes, O1 is reasonable."""
    own = shutil.copytree(registers, tmp_path / "own")
    names = ("stay_costs", "group_costs")
    for name in names:
        (own / f"{name}.csv").unlink(missing_ok=True)
    changes = {"cost.to_charge": "0.2", "prize.departments": "0"}  # costs so low that there is a surplus to share
    order = PerformOrder("demo-surplus-sharing", small_run, own, H, 2, changes=changes)
    done = table(runs.perform(order, tmp_path / "with", usual(2)), "department_results")
    d = next(r["department_id"] for r in done.filter(pl.col("share") > 1_000_000).to_dicts())
    rows = [r | {"department_id": d} for r in rows_of(own, "department_overspends")]
    write(own, "department_overspends", rows)
    out = runs.perform(order, tmp_path / "moved", usual(2))
    row = table(out, "department_results").filter(pl.col("department_id") == d).row(0, named=True)
    assert (row["overspend"], row["mismanaged"]) == (100_000, 200_000)
    flows = table(out, "performance_flows").filter(pl.col("event") == "mismanaged")
    assert flows.select("account", "amount", "parameter").rows() == [("hospital", 200_000, "overspend.mismanaged")]
