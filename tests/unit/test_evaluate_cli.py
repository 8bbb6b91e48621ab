"""The evaluation as a user runs it: template, marks, registers back into the region, reports, lists."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from drgpay.cli import app
from drgpay.engine import read_table
from drgpay.errors import DrgpayError
from drgpay.runs import Order, read_region, run
from drgpay.tables import (
    AREA_VALUES,
    EVALUATION_RESULTS,
    FIGURES,
    GRADE_REGISTER,
    GROUPED,
    INDICATOR_VALUES,
    INSTITUTION_CHANGES,
    MARKS,
    OUTCOMES,
    RANKS,
    RECORD_SCORES,
    STATEMENTS,
)
from support.command import CliRunner
from support.engines import usual

RUNNER = CliRunner()
CARD = "shanwei-2023"


def say(*args: object, code: int = 0) -> str:
    """Output of a command that ends with ``code``."""
    result = RUNNER.invoke(app, [str(a) for a in args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region, its run of 2024, a filled template, and its evaluation."""
    folder = tmp_path_factory.mktemp("evaluate")
    say("region", "make", "-o", folder / "R", "--stays", 4000, "--institutions", 6, "--with", "details,visits")
    run(Order(folder / "R", "demo", 2024), folder / "OUT", usual(1))
    say("evaluate", "template", "--card", CARD, "--region", folder / "R", "-o", folder / "t.xlsx")
    _fill(folder / "t.xlsx")
    (folder / "R" / f"{AREA_VALUES.name}.csv").write_text(
        "year,measure,numerator,denominator\n2024,county_visits,80,100\n", encoding="utf-8"
    )
    say("check", "--region", folder / "R", "-o", folder / "REC")
    say("evaluate", folder / "OUT", "--card", CARD, "--region", folder / "R", "--reported", folder / "t.xlsx",
        "--records", folder / "REC", "-o", folder / "EV", "--threads", 1)  # fmt: skip
    return folder


def _fill(path: Path) -> None:
    """Every item of every institution with a value and its evidence, as a person types them."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    values = {"c01_lead": 3, "c02_rules": 2.5, "c03_systems": 3, "c04_performance": 3, "c09_satisfaction": 0.9,
              "l2_referral": "2.5%", "l3_specialties": 2, "l4_drugs": 0.8}  # fmt: skip
    for row in sheet.iter_rows(min_row=2):
        row[2].value, row[3].value = values.get(row[1].value, 0), "文件1号"
    book.save(path)


def test_the_template_asks_for_every_reported_item(place: Path) -> None:
    book = openpyxl.load_workbook(place / "t.xlsx")
    sheet = book.worksheets[0]
    heads = ["定点医疗机构编号", "指标项编号", "填报值", "佐证材料", "备注"]
    assert [c.value for c in sheet[1]] == [*heads, "（机构名称）", "（指标项名称）", "（填写单位）"]
    assert {r[7].value for r in sheet.iter_rows(min_row=2)} == {"分数", "数", "比例,写 0.95 或 95%"}
    assert all(r[5].value and r[6].value for r in sheet.iter_rows(min_row=2))
    assert "合格" in str([c.value for c in book.worksheets[1]["E"]])  # grades by their names
    assert sheet.max_row == 1 + 6 * 11
    assert book.worksheets[1].max_row == 1 + 11


def test_marks_totals_and_grades_are_there_for_every_institution(place: Path) -> None:
    tables = place / "EV" / "tables"
    results = read_table(tables, EVALUATION_RESULTS)
    assert results.height == 6
    marks = read_table(tables, MARKS)
    assert marks.height == 6 * 27
    share = marks.filter(marks["item"] == "l2_referral")
    assert set(share["numerator"].to_list()) == {250}  # 2.5 % as typed
    details = read_table(tables, FIGURES)
    known = details.filter((details["indicator"] == "drug_share") & (details["scope"] == "area"))
    assert known["value"][0] is not None
    records = read_table(place / "REC" / "tables", RECORD_SCORES)
    accuracy = details.filter((details["indicator"] == "record_accuracy") & (details["scope"] == "institution"))
    scored = {
        r["institution_id"]: r["accuracy"] for r in records.iter_rows(named=True) if r["scope"] == "institution"
    }
    assert {h: v // 100 for h, v in accuracy.select("institution_id", "value").rows()} == scored


@pytest.mark.slow
def test_registers_go_back_into_the_region_and_settle(place: Path, tmp_path: Path) -> None:
    region = tmp_path / "R"
    shutil.copytree(place / "R", region)
    for name in ("grades.csv", "indicator_values.csv"):
        shutil.copy(place / "EV" / "registers" / name, region / name)
    one = read_table(place / "EV" / "tables", EVALUATION_RESULTS)["institution_id"][0]
    with (region / "indicator_values.csv").open("a", encoding="utf-8") as stream:
        stream.write(f"2024,{one},technical_level,0.5\n")
    registers = read_region(region).registers
    results = read_table(place / "EV" / "tables", EVALUATION_RESULTS)
    graded = {r["institution_id"]: r["grade"] for r in results.iter_rows(named=True) if r["grade"]}
    grades = registers[GRADE_REGISTER]
    assert dict(grades.filter(grades["year"] == 2024).select("institution_id", "grade").rows()) == graded
    figures = read_table(place / "EV" / "tables", FIGURES)
    wanted = figures.filter(
        (figures["indicator"] == "cost_index") & (figures["scope"] == "institution") & ~figures["small"]
    )
    values = registers[INDICATOR_VALUES]
    mine = values.filter((values["year"] == 2024) & (values["indicator"] == "cost_index"))
    assert dict(mine.select("institution_id", "value").rows()) == dict(
        wanted.select("institution_id", "value").rows()
    )
    stays = read_table(place / "OUT" / "tables", GROUPED).filter(pl.col("institution_id") == one)
    ids = [stays.filter(pl.col("year") == year)["stay_id"][0] for year in (2023, 2024)]
    (region / "stay_decisions.csv").write_text(
        "stay_id,institution_id,kind,decision,number\n" + "".join(f"{s},{one},special,declined,1\n" for s in ids),
        encoding="utf-8",
    )
    run(Order(region, "demo", 2024), tmp_path / "OUT", usual(1))
    say("evaluate", tmp_path / "OUT", "--card", CARD, "-o", tmp_path / "EV")
    again = read_table(tmp_path / "EV" / "tables", FIGURES).filter(
        (pl.col("indicator") == "feedback_rate") & (pl.col("scope") == "institution")
    )
    assert again.filter(pl.col("institution_id") == one)["numerator"].to_list() == [1]  # not last year's stay
    kept = (tmp_path / "EV" / "registers" / "indicator_values.csv").read_text(encoding="utf-8-sig")
    assert f"2024,{one},technical_level,0.5000" in kept  # what people gave is not lost
    statements = read_table(tmp_path / "OUT" / "tables", STATEMENTS)
    assert {r["institution_id"]: r["grade"] for r in statements.iter_rows(named=True)} == graded


@pytest.mark.slow
def test_the_same_evaluation_gives_the_same_bytes(place: Path, tmp_path: Path) -> None:
    say("evaluate", place / "OUT", "--card", CARD, "--region", place / "R", "--reported", place / "t.xlsx",
        "--records", place / "REC", "-o", tmp_path / "EV", "--threads", 2)  # fmt: skip
    first, again = (
        json.loads((f / "manifest.json").read_text(encoding="utf-8"))["outputs"]
        for f in (place / "EV", tmp_path / "EV")
    )
    assert first == again


def test_the_page_and_the_workbook_show_both_languages_and_load_nothing(place: Path, tmp_path: Path) -> None:
    page = (place / "EV" / "report.html").read_text(encoding="utf-8")
    for words in ("成效看板", "Outcomes", "指标排名", "League tables", "default-src 'none'", '"radar"'):
        assert words in page
    book = openpyxl.load_workbook(place / "EV" / "report.xlsx")
    results = {r["total"] for r in read_table(place / "EV" / "tables", EVALUATION_RESULTS).iter_rows(named=True)}
    totals = {row[2] for row in book["考核结果"].iter_rows(min_row=2, values_only=True)}
    assert totals == {t / 10_000 for t in results if t is not None}  # numbers a reader can sort and add
    assert "0.00%" in {c.number_format for c in book["机构指标"]["C"]}
    assert book.sheetnames == [
        "考核结果",
        "评分明细",
        "机构指标",
        "指标排名",
        "成效看板",
        "监管与进出",
        "死亡风险分级",
        "指标说明",
    ]
    one = read_table(place / "EV" / "tables", EVALUATION_RESULTS)["institution_id"][0]
    for name in ("c.html", "c.xlsx"):
        say("evaluate", "explain", place / "EV", "--institution", one, "-o", tmp_path / name)
        assert (tmp_path / name).stat().st_size > 5000
    assert "同类第" in say("evaluate", "explain", place / "EV", "--institution", one)
    assert "by place within the type" in say(
        "evaluate", "explain", place / "EV", "--institution", one, "--lang", "en"
    )


def test_lists_figures_and_board(place: Path, tmp_path: Path) -> None:
    out = say("evaluate", "stays", place / "EV", "--indicator", "ungrouped_rate", "-o", tmp_path / "s.csv")
    assert "s.csv" in out
    with (tmp_path / "s.csv").open(encoding="utf-8-sig") as stream:
        listed = list(csv.DictReader(stream))
    figures = read_table(place / "EV" / "tables", FIGURES)
    area = figures.filter((figures["indicator"] == "ungrouped_rate") & (figures["scope"] == "area"))
    assert len(listed) == area["numerator"][0]
    assert "例" in say("evaluate", "stays", place / "EV", "--indicator", "readmit_15")
    assert "1" in say("evaluate", "figures", place / "EV", "--indicator", "cost_index", "--scope", "area")
    board = say("evaluate", "board", place / "EV", "--lang", "en")
    assert "80.00%" in board
    assert "✗" in board
    assert "cost_index" in say("evaluate", "indicators")
    assert "zhejiang-2021" in say("evaluate", "cards")
    assert "c19_low" in say("evaluate", "cards", CARD)
    say("evaluate", "indicators", "-o", tmp_path / "i.csv")
    assert len((tmp_path / "i.csv").read_text(encoding="utf-8-sig").splitlines()) > 50


def test_places_move_against_the_year_before(place: Path, tmp_path: Path) -> None:
    old = tmp_path / "OLD"
    shutil.copytree(place / "EV", old)
    manifest = json.loads((old / "manifest.json").read_text(encoding="utf-8"))
    (old / "manifest.json").write_text(json.dumps(manifest | {"year": 2023}), encoding="utf-8")
    say("evaluate", place / "OUT", "--card", CARD, "--previous", old, "-o", tmp_path / "EV")
    ranks = read_table(tmp_path / "EV" / "tables", RANKS).filter(
        read_table(tmp_path / "EV" / "tables", RANKS)["indicator"] == "cmi"
    )
    assert set(ranks["movement"].drop_nulls().to_list()) == {0}
    assert read_table(tmp_path / "EV" / "tables", OUTCOMES).height > 0


def test_entry_and_exit_with_applicants(place: Path, tmp_path: Path) -> None:
    region = tmp_path / "R"
    shutil.copytree(place / "R", region)
    (region / "applicants.csv").write_text(
        "institution_id,name,level\nN1,新院,primary\nN2,新二院,primary\n", encoding="utf-8"
    )
    rows = [
        f"N1,{item},{value},现场核查"
        for item, value in (("i1_premises", 15), ("i2_agreement", 10), ("i3_systems", 9))
    ]
    (tmp_path / "f.csv").write_text("institution_id,item,value,evidence\n" + "\n".join(rows), encoding="utf-8")
    say("evaluate", place / "OUT", "--card", "institution-2020", "--region", region, "--reported", tmp_path / "f.csv",
        "-o", tmp_path / "EV")  # fmt: skip
    found = read_table(tmp_path / "EV" / "tables", INSTITUTION_CHANGES)
    decisions = dict(found.select("institution_id", "decision").rows())
    assert decisions["N2"] == "open"  # nothing was reported of it
    assert decisions["N1"] in ("enter", "wait")
    left = sum(d == "leave" for d in decisions.values())
    assert sum(d == "enter" for d in decisions.values()) <= left  # 2 % of six institutions are none
    assert not (tmp_path / "EV" / "registers" / "grades.csv").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("evaluate", "stays", "{EV}", "--indicator", "cmj"), "no such indicator"),
        (("evaluate", "stays", "{EV}", "--indicator", "violations"), "not made of single stays"),
        (("evaluate", "figures", "{EV}", "--indicator", "cmj"), "no such indicator"),
        (("evaluate", "figures", "{EV}", "--indicator", "cmi", "--scope", "town"), "no such scope"),
        (("evaluate", "stays", "{EV}", "--indicator", "cmi", "--institution", "H0"), "no such institution"),
        (("evaluate", "explain", "{EV}", "--institution", "H0"), "no such institution"),
        (("evaluate", "explain", "{EV}", "--institution", "H0", "-o", "x.pdf"), "no such institution"),
        (("evaluate", "template", "--card", CARD, "-o", "t.csv"), ".xlsx workbook"),
        (("evaluate", "cards", "nowhere"), "no shipped scorecard"),
        (("evaluate", "cards", "nowhere.yaml"), "cannot read the scorecard"),
        (("evaluate", "{OUT}", "--card", CARD, "-o", "{EV}"), "output folder exists"),
        (("evaluate", "{EV}", "--card", CARD, "-o", "{R}-x"), "run of a whole year"),
        (("evaluate", "{OUT}", "--card", CARD, "-o", "{R}-x", "--previous", "{EV}"), "earlier year"),
        (("evaluate", "board", "{R}"), "Parquet"),
    ],
)
def test_mistakes_are_told_in_both_languages(place: Path, args: tuple[str, ...], words: str) -> None:
    with pytest.raises(DrgpayError, match=words) as caught:
        say(*(a.format(EV=place / "EV", OUT=place / "OUT", R=place / "R") for a in args))
    assert any("一" <= c <= "鿿" for c in caught.value.zh)


def test_a_card_for_institutions_needs_the_grades_of_the_register(place: Path, tmp_path: Path) -> None:
    text = (place / "EV" / "card.yaml").read_text(encoding="utf-8")
    card = tmp_path / "own.yaml"
    card.write_text(text.replace("excellent", "splendid"), encoding="utf-8")
    with pytest.raises(DrgpayError, match="grades of the register"):
        say("evaluate", place / "OUT", "--card", card, "-o", tmp_path / "EV")
    assert not (tmp_path / "EV").exists()
    card.write_text(text.replace("effects: [grades", "effects: [praise, grades"), encoding="utf-8")
    with pytest.raises(DrgpayError, match="unknown effects"):
        say("evaluate", "cards", card)
