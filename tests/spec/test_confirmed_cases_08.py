"""From a look to next year's money by commands alone: confirmed cases move marks, grade, deposit and coefficient."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay.engine import read_table
from drgpay.policy import practice_text
from drgpay.samples import make_region
from drgpay.scorecard import read_card
from drgpay.tables import COEFFICIENTS, EVALUATION_RESULTS, MARKS, STATEMENTS, SUSPICIONS, Table
from drgpay.units import ONE
from support.command import say

Row = dict[str, Any]
CARDS = ("zhejiang-2021", "shanwei-2023")
GRADES = ("excellent", "good", "pass", "fail")


def rows(folder: Path, table: Table) -> list[Row]:
    return read_table(folder / "tables", table).to_dicts()


def settle(region: Path, year: int, name: str) -> Path:
    out = region.with_name(name)
    say("run", "year", "--region", region, "--policy", "demo", "--year", year, "-o", out)
    return out


def evaluate(region: Path, card: str, name: str) -> Path:
    out = region.with_name(f"{card}-{name}")
    say("evaluate", region.with_name("y24"), "--card", card, "--region", region, "--records",
        region.with_name("records"), "-o", out)  # fmt: skip
    return out


def marks(folder: Path, house: str) -> dict[str, Row]:
    return {r["item"]: r for r in rows(folder, MARKS) if r["institution_id"] == house}


def result(folder: Path, house: str) -> Row:
    return next(r for r in rows(folder, EVALUATION_RESULTS) if r["institution_id"] == house)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region with its settled year, record scores, and what its institutions reported; nothing was looked at."""
    made = tmp_path_factory.mktemp("cases") / "r"
    make_region(made, stays=1_500, seed=5, years=(2023, 2024, 2025), institutions=3, extras=frozenset({"details"}))
    houses = pl.read_csv(made / "institutions.csv", infer_schema=False)["institution_id"].to_list()
    lines = ["institution_id,item,value,evidence,card"]
    for card in map(read_card, CARDS):
        for item in card.reported:
            if item.indicator is None:
                best = max(item.full.values()) / ONE if item.rule.__class__.__name__ == "Given" else 0.95
                value = 0.01 if item.better == "lower" else best
                lines += [f"{h},{item.id},{value},文件1号,{card.id}" for h in houses]
    (made / "reported_values.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (made / "satisfaction_surveys.csv").write_text(
        "year,quarter,institution_id,department_id,answers,satisfied\n"
        + "".join(f"2024,1,{h},all,100,97\n" for h in houses), encoding="utf-8",
    )  # fmt: skip
    settle(made, 2024, "y24")
    say("check", "--region", made, "-o", made.with_name("records"))
    for card in CARDS:
        evaluate(made, card, "before")
    return made


@pytest.fixture(scope="module")
def house(region: Path) -> str:
    """An institution with a grade above pass, with most stays."""
    found = [r for r in rows(region.with_name("shanwei-2023-before"), EVALUATION_RESULTS) if r["grade"] in GRADES[:2]]
    return max(found, key=lambda r: (r["total"], r["institution_id"]))["institution_id"]


@pytest.fixture(scope="module")
def reviewed(region: Path, house: str) -> Path:
    """The region after three complaints were looked at, confirmed, talked about (no money) and taken; its folder."""
    (region / "complaints.csv").write_text(
        "complaint_id,institution_id,date,confirmed\n"
        + "".join(f"C{n},{house},2024-0{n}-15,true\n" for n in (3, 5, 7)), encoding="utf-8",
    )  # fmt: skip
    say("oversee", region.with_name("y24"), "--region", region, "-o", region.with_name("look"))
    found = [s for s in rows(region.with_name("look"), SUSPICIONS) if s["rule"] == "RS2"]
    assert len(found) == 3
    lines = ["suspicion_id,decision,reason,reviewer,on,treatment"]
    lines += [f"{s['suspicion_id']},confirm,投诉查实,李,2025-02-0{n},interview" for n, s in enumerate(found, 1)]
    reviews = region.with_name("reviews.csv")
    reviews.write_text("\n".join(lines) + "\n", encoding="utf-8")
    say("oversee", "review", region.with_name("look"), reviews, "-o", region.with_name("review"))
    told = say("region", "take", region, region.with_name("review"), "--by", "王", "--on", "2025-02-10")
    assert "违规认定案件" in told
    for card in CARDS:
        evaluate(region, card, "after")
    return region


def test_nobody_looked_so_conduct_is_missing_and_there_is_no_grade(region: Path, house: str) -> None:
    before = region.with_name("zhejiang-2021-before")
    of_house = marks(before, house)
    conduct = [m for m in of_house.values() if m["dimension"] == "conduct"]
    assert len(conduct) == 9
    assert {(m["basis"], m["mark"]) for m in conduct} == {("missing", None)}
    assert "没有违规认定案件登记表" in conduct[0]["zh"]
    told = result(before, house)
    assert told["grade"] is None
    assert told["total"] is None
    assert "至少 90%" in told["zh"]
    assert "at least 90 %" in told["en"]
    assert (told["computed"] + told["reported"]) * 10 < told["full"] * 9


def test_confirmed_cases_take_marks_up_to_the_full_mark_and_no_more(reviewed: Path, house: str) -> None:
    of_house = marks(reviewed.with_name("zhejiang-2021-after"), house)
    refusal = of_house["con_refusal"]
    assert (refusal["basis"], refusal["numerator"], refusal["full"], refusal["mark"]) == ("computed", 3, 3 * ONE, 0)
    others = [m for m in of_house.values() if m["dimension"] == "conduct" and m["item"] != "con_refusal"]
    assert all(m["mark"] == m["full"] and m["basis"] == "computed" for m in others)
    assert sum(m["full"] for m in others) == 17 * ONE
    elsewhere = next(h for h in _houses(reviewed) if h != house)
    assert marks(reviewed.with_name("zhejiang-2021-after"), elsewhere)["con_refusal"]["mark"] == 3 * ONE
    assert result(reviewed.with_name("zhejiang-2021-after"), house)["grade"] is not None
    bases = {item: m["basis"] for item, m in of_house.items()}
    assert bases["org_cost"] == "reported"
    assert bases["cap_stays"] == "computed"


def _houses(region: Path) -> list[str]:
    found: list[str] = pl.read_csv(region / "institutions.csv", infer_schema=False)["institution_id"].to_list()
    return found


def test_the_negative_list_holds_the_grade(reviewed: Path, house: str) -> None:
    before, after = (result(reviewed.with_name(f"shanwei-2023-{when}"), house) for when in ("before", "after"))
    assert before["grade"] in GRADES[:2]
    assert after["grade"] == "pass"
    assert after["total"] == before["total"]  # the third item of the list is no penalty, it holds the grade
    assert "一票否决" in after["zh"]
    item = marks(reviewed.with_name("shanwei-2023-after"), house)["n3_shifting"]
    assert (item["basis"], item["numerator"], item["vetoed"]) == ("computed", 3, "pass")


@pytest.mark.slow
def test_the_grade_moves_the_deposit_of_the_year_and_next_years_coefficient(
    reviewed: Path, house: str, tmp_path: Path
) -> None:
    found: dict[str, tuple[int, int, int]] = {}
    for when in ("before", "after"):
        place = tmp_path / when / "r"
        shutil.copytree(reviewed, place)
        say("region", "take", place, reviewed.with_name(f"shanwei-2023-{when}"))
        cleared, after = settle(place, 2024, "y24"), settle(place, 2025, "y25")
        mine = [s for s in rows(cleared, STATEMENTS) if s["institution_id"] == house]
        held, lost = (sum(s[name] for s in mine) for name in ("deposit_held", "deposit_forfeited"))
        (management,) = {
            r["value"] for r in rows(after, COEFFICIENTS) if r["institution_id"] == house
            and r["component"] == "management"
        }  # fmt: skip
        found[when] = held, lost, management
    (held, lost, management), (held_then, lost_then, management_then) = found["before"], found["after"]
    assert lost == 0  # excellent and good get all of it back
    assert held == held_then > 0
    assert abs(lost_then * 10 - held) <= 20  # pass leaves a tenth, rounded for each insurance scheme
    grade = result(reviewed.with_name("shanwei-2023-before"), house)["grade"]
    assert management == {"excellent": 10_200, "good": 10_000}[grade]
    assert management_then == 9_800


@pytest.mark.slow
def test_the_same_case_in_two_registers_counts_once(reviewed: Path, house: str, tmp_path: Path) -> None:
    place = tmp_path / "r"
    shutil.copytree(reviewed, place)
    shutil.copytree(reviewed.with_name("y24"), tmp_path / "y24")
    shutil.copytree(reviewed.with_name("records"), tmp_path / "records")
    taken = pl.read_csv(place / "confirmed_cases.taken.csv", infer_schema=False)["violation_id"].to_list()
    (place / "violations.csv").write_text(
        "violation_id,year,institution_id,insurance_scheme,amount\n"
        f"{taken[0]},2024,{house},employee,100.00\nV-OTHER,2024,{house},employee,5.00\n", encoding="utf-8",
    )  # fmt: skip
    done = evaluate(place, "shanwei-2023", "again")
    figures = pl.read_parquet(done / "tables" / "indicator_figures.parquet")
    mine = figures.filter((pl.col("institution_id") == house) & (pl.col("scope") == "institution"))
    assert mine.filter(pl.col("indicator") == "violations")["numerator"].to_list() == [4]
    assert mine.filter(pl.col("indicator") == "case_refusal")["numerator"].to_list() == [3]


@pytest.mark.slow
def test_the_practice_may_ask_for_less_than_the_card(reviewed: Path, house: str, tmp_path: Path) -> None:
    place = tmp_path / "r"
    shutil.copytree(reviewed, place)
    shutil.copytree(reviewed.with_name("records"), tmp_path / "records")
    (place / "reported_values.csv").unlink()
    text, _ = practice_text("demo")
    own = tmp_path / "own.yaml"
    lenient = "evaluation.leave_grade: fail\n      evaluation.least_measured: 70%"
    own.write_text(text.replace("evaluation.leave_grade: fail", lenient), encoding="utf-8")
    shutil.copytree(reviewed.with_name("y24"), tmp_path / "y24")
    strict = result(evaluate(place, "shanwei-2023", "strict"), house)
    assert 70 * ONE <= strict["computed"] < 80 * ONE
    assert (strict["reported"], strict["grade"]) == (0, None)
    shutil.rmtree(tmp_path / "y24")
    say("run", "year", "--region", place, "--policy", own, "--year", 2024, "-o", tmp_path / "y24")
    assert result(evaluate(place, "shanwei-2023", "lenient"), house)["grade"] is not None
