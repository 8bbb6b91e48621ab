"""Surveys of satisfaction: answers of a form, numbers by quarter, what a region takes, and who reads it."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from drgpay.engine import read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Survey, survey, take
from drgpay.samples import make_region
from drgpay.steps import evaluation as ev
from drgpay.steps import intake
from drgpay.tables import SATISFACTION, SATISFACTION_SURVEYS, SURVEY_RESULTS
from support.command import drgpay

HEAD = "序号,提交答卷时间,来自IP,就诊医院,就诊科室,您对本次就医总体是否满意,联系电话"
ROWS = (
    "1,2024/3/5 14:22:10,1.2.3.4,{a},内科,非常满意,13800000000",
    "2,2024/3/31 23:59,1.2.3.4,{a},内科,一般,",
    "3,2024-04-01,1.2.3.4,{a},,满意,",
    "4,2024-04-02,1.2.3.4,{b},,4分,",
    "5,2024-04-02,1.2.3.4,{b},,3.9,",
    "6,2023-12-31,1.2.3.4,{b},,5,",
)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("survey") / "r"
    make_region(folder, stays=60, seed=5, institutions=2)
    return folder


@pytest.fixture(scope="module")
def houses(region: Path) -> dict[str, str]:
    """Name of the first, id of the second institution."""
    rows = pl.read_csv(region / "institutions.csv", infer_schema=False)
    return {"a": rows["name"][0], "b": rows["institution_id"][1], "first": rows["institution_id"][0]}


def form(folder: Path, houses: dict[str, str], *rows: str) -> Path:
    path = folder / "form.csv"
    path.write_text("\n".join([HEAD, *(r.format(**houses) for r in rows or ROWS)]) + "\n", encoding="utf-8")
    return path


def test_answers_of_a_form_are_counted_by_quarter_and_department(
    region: Path, houses: dict[str, str], tmp_path: Path
) -> None:
    done = survey(Survey([form(tmp_path, houses)], region, 2024), tmp_path / "sv")
    assert done.elsewhere == 1
    counted = intake.read_register(tmp_path / "sv" / "satisfaction_surveys.csv", SATISFACTION_SURVEYS).to_pylist()
    found = [tuple(r[c] for c in ("quarter", "institution_id", "department_id", "answers", "satisfied"))
             for r in counted]  # fmt: skip
    assert found == [
        (1, houses["first"], "A03", 2, 1), (2, houses["first"], "all", 1, 1), (2, houses["b"], "all", 2, 1)
    ]  # fmt: skip
    results = {(r["institution_id"], r["department_id"]): r for r in done.results}
    whole = results[houses["first"], ""]
    assert (whole["answers"], whole["satisfied"], whole["share"], whole["small"]) == (3, 2, 6667, True)
    assert (whole["low"], whole["high"]) == ev.wilson(2, 3, 19_600)
    assert read_table(tmp_path / "sv" / "tables", SURVEY_RESULTS).height == 3
    text = "".join(p.read_text("utf-8", "ignore") for p in (tmp_path / "sv").rglob("*") if p.is_file())
    assert "13800000000" not in text  # nothing of persons goes on
    assert "1.2.3.4" not in text


def test_the_hospital_gets_the_register_its_performance_reads(
    region: Path, houses: dict[str, str], tmp_path: Path
) -> None:
    survey(Survey([form(tmp_path, houses)], region, 2024), tmp_path / "sv")
    own = tmp_path / "sv" / "departments"
    assert [p.name for p in own.iterdir()] == [houses["first"]]
    (row,) = intake.read_register(own / houses["first"] / "satisfaction.csv", SATISFACTION).to_pylist()
    assert row == {"department_id": "A03", "year": 2024, "quarter": 1, "answers": 2, "satisfied": 1}


def test_a_workbook_of_numbers_is_read_too_and_one_answer_more_moves_the_share(
    region: Path, houses: dict[str, str], tmp_path: Path
) -> None:
    shares = []
    for satisfied in (90, 91):
        book = openpyxl.Workbook()
        book.active.append(["年度", "季度", "定点医疗机构编号", "科室编号", "答卷数", "满意数"])
        book.active.append([2024, 2, houses["b"], "all", 100, satisfied])
        book.save(tmp_path / f"{satisfied}.xlsx")
        done = survey(Survey([tmp_path / f"{satisfied}.xlsx"], region, 2024), tmp_path / f"sv{satisfied}")
        shares += [(r["share"], r["small"]) for r in done.results]
    assert shares == [(9000, False), (9100, False)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("1,2024-01-02,x,不存在的医院,,满意,",), "no such institution"),
        (("1,2024-01-02,x,{a},不存在的科,满意,",), "no such department"),
        (("1,2024-01-02,x,{a},,还行吧,",), "no word of satisfaction"),
        (("1,2024-01-02,x,{a},,6,",), "no mark of 0–5"),
        (("1,2024-01-02,x,{a},,-1,",), "no mark of 0–5"),
        (("1,2024-01-02,x,{a},,满意,", "1,2024-01-03,x,{a},,满意,"), "same key"),
    ],
)
def test_what_does_not_fit_is_named(
    rows: tuple[str, ...], words: str, region: Path, houses: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(DrgpayError, match=words) as caught:
        survey(Survey([form(tmp_path, houses, *rows)], region, 2024), tmp_path / "sv")
    assert caught.value.kind is Kind.DATA
    assert any("一" <= c <= "鿿" for c in caught.value.zh)
    assert not (tmp_path / "sv").exists()


def test_two_files_with_the_same_answer_or_more_satisfied_than_answers_are_refused(
    region: Path, houses: dict[str, str], tmp_path: Path
) -> None:
    first = form(tmp_path, houses)
    second = shutil.copy(first, tmp_path / "again.csv")
    with pytest.raises(DrgpayError, match="twice"):
        survey(Survey([first, Path(second)], region, 2024), tmp_path / "sv")
    head = "year,quarter,institution_id,department_id,answers,satisfied\n"
    first.write_text(f"{head}2024,1,{houses['b']},all,5,6\n", encoding="utf-8")
    with pytest.raises(DrgpayError, match="more are satisfied"):
        survey(Survey([first], region, 2024), tmp_path / "sv")


def test_the_scale_and_the_bound_are_the_bureaus(region: Path, houses: dict[str, str], tmp_path: Path) -> None:
    rows = [f"{n},2024-05-01,x,{{b}},,{mark}," for n, mark in enumerate((100, 80, 79.9999, 60))]
    path = form(tmp_path, houses, *rows)
    words = ("evaluate", "survey", path, "--region", region, "--year", 2024, "--scale", 100)
    done = drgpay(*words, "-o", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    assert "50.00%" in done.stdout  # 80 of 100 is satisfied, a hair less is not
    done = drgpay(*words, "--satisfied-from",
                  60, "-o", tmp_path / "b", "--lang", "en")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "100.00%" in done.stdout
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["scale"], manifest["satisfied_from"]) == (100, "60.00%")


def test_a_region_takes_it_and_a_later_count_supersedes(region: Path, houses: dict[str, str], tmp_path: Path) -> None:
    place = tmp_path / "r"
    shutil.copytree(region, place)
    survey(Survey([form(tmp_path, houses, *ROWS[:4])], place, 2024), tmp_path / "first")
    assert len(take(place, tmp_path / "first").added) == 3
    survey(Survey([form(tmp_path, houses)], place, 2024), tmp_path / "second")
    again = take(place, tmp_path / "second")
    assert (len(again.added), len(again.superseded), len(again.same)) == (0, 1, 2)
    path = intake.register_file(place, SATISFACTION_SURVEYS)
    assert path is not None
    rows = intake.read_register(path, SATISFACTION_SURVEYS).to_pylist()
    assert sum(r["answers"] for r in rows) == 5
    survey(Survey([form(tmp_path, houses, ROWS[5])], place, 2024), tmp_path / "none")
    with pytest.raises(DrgpayError, match="no answer is of the year"):
        take(place, tmp_path / "none")


def _plain(rows: list[dict[str, str]], words: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Answers and satisfied ones by institution, with fractions."""
    answers: Counter[str] = Counter()
    satisfied: Counter[str] = Counter()
    for row in rows:
        said = row["answer"]
        mark = Fraction(words[said], 5) if said in words else Fraction(said) / 5
        answers[row["institution_id"]] += 1
        satisfied[row["institution_id"]] += mark >= Fraction(80, 100)
    return {h: (answers[h], satisfied[h]) for h in answers}


def test_the_count_equals_a_plain_one(region: Path, houses: dict[str, str], tmp_path: Path) -> None:
    rule = ev.survey_rule()
    said = [*rule.words, "0", "1.5", "3.9999", "4", "4.0", "4.0001", "5"]
    ids = (houses["first"], houses["b"])
    rows: list[dict[str, Any]] = [
        {"answer_id": str(n), "institution_id": ids[n % 2], "department_id": "", "answered_on": "2024-08-01",
         "answer": answer} for n, answer in enumerate(said * 3)
    ]  # fmt: skip
    path = tmp_path / "all.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = survey(Survey([path], region, 2024), tmp_path / "sv")
    found = {r["institution_id"]: (r["answers"], r["satisfied"]) for r in done.results if not r["department_id"]}
    assert found == _plain(rows, dict(rule.words))
