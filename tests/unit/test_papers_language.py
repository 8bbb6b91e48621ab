"""Every Chinese workbook, page and screen of a small full region is Chinese, and numbers in it are numbers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from drgpay.cli import app
from drgpay.engine import read_table
from drgpay.runs import TABLES
from drgpay.samples import EXTRAS, MODES, make_region
from drgpay.tables import INSTITUTIONS
from support.command import CliRunner
from support.papers import cells, chinese_in, english_in, page

NAMES = frozenset({"demo", "sample", "tables", "HIV"})
"""ids of the practice and the region, the folder, a disease"""
OURS = ("seed 0", "design/", "local default", "parameter ids")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with region ``r``, its year ``y`` under the demonstration, and what is looked at after it."""
    folder = tmp_path_factory.mktemp("papers")
    make_region(folder / "r", stays=1_500, seed=7, extras=frozenset({*EXTRAS, MODES}), violations={})
    said("run", "year", "--region", folder / "r", "--policy", "demo", "--year", 2024, "-o", folder / "y")
    said("oversee", "look", folder / "y", "--region", folder / "r", "-o", folder / "o")
    said("evaluate", folder / "y", "--card", "zhejiang-2021", "--region", folder / "r", "-o", folder / "e")
    said("ledger", folder / "y", "-o", folder / "ledger.xlsx")
    capitation = ("modes", "capitation", "--region", folder / "r", "--policy", "demo", "--year", 2024)
    said(*capitation, "-o", folder / "capitation.xlsx")
    for kind in ("year", "stays"):
        said("paper", kind, folder / "y", "--all", "--form", "xlsx", "-o", folder / kind)
    return folder


def said(*words: object) -> str:
    """What a command says on the screen."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


def first(made: Path) -> tuple[str, str]:
    """A stay of the year and an institution."""
    stay = pl.read_parquet(made / "y" / TABLES / "case_points" / "*.parquet")["stay_id"][0]
    return stay, read_table(made / "y" / TABLES, INSTITUTIONS)["institution_id"][0]


def test_workbooks_have_no_english_words(made: Path) -> None:
    books = [
        made / "y" / "report.xlsx",
        made / "o" / "oversight.xlsx",
        made / "ledger.xlsx",
        made / "capitation.xlsx",
    ]
    books += [*(made / "year").glob("*.xlsx"), *(made / "stays").glob("*.xlsx")]
    books += [*sorted((made / "o" / "institutions").glob("*.xlsx"))[:2], made / "e" / "report.xlsx"]
    found = {}
    for book in books:
        for place, text in cells(book).items():
            ids = "总账!A" in place or "指标说明!A" in place  # entries and indicators by their ids
            if not ids and (words := english_in(text, names=NAMES)):
                found[place] = (words, text[:60])
    assert found == {}


def test_pages_have_no_english_words(made: Path) -> None:
    for file in (made / "y" / "report.html", made / "o" / "oversight.html", made / "e" / "report.html"):
        found = [(words, text[:60]) for text in page(file, "zh") if (words := english_in(text, names=NAMES))]
        assert found == [], file.name


def test_screens_have_no_english_words_and_name_no_paper_of_ours(made: Path) -> None:
    stay, house = first(made)
    run = made / "y"
    for words in (
        ("ledger", run),
        ("explain", run, "--stay", stay),
        ("explain", run, "--institution", house, "--item", "due"),
        ("modes", "capitation", "--region", made / "r", "--policy", "demo", "--year", 2024),
        ("whatif", run, "--set", "points.max_cv=0.8"),
    ):
        told = said(*words)
        found = [
            (w, line) for line in told.splitlines() if (w := english_in(line, names=frozenset({"points", "max_cv"})))
        ]
        assert found == [], words
        assert not any(ours in told for ours in OURS)
    for words in (("policy", "show", "demo", "--on", "2024-12-31"), ("oversee", "limits"), ("evaluate", "cards")):
        told = said(*words) + said(*words, "--lang", "en")
        assert not any(ours in told for ours in OURS), words


def test_english_screens_and_pages_have_no_chinese_but_names(made: Path) -> None:
    _, house = first(made)
    houses = read_table(made / "y" / TABLES, INSTITUTIONS)["name"].to_list()
    for words in (
        ("ledger", made / "y"),
        ("explain", made / "y", "--institution", house, "--item", "due"),
        ("paper", "year", made / "y", "--institution", house),
    ):
        told = said(*words, "--lang", "en")
        for name in sorted(houses, key=len, reverse=True):
            told = told.replace(name, "")
        assert chinese_in(told, frozenset()) == [], words
    told = said("policy", "show", "demo", "--on", "2024-12-31", "--lang", "en")
    assert chinese_in(told, frozenset()) == []


def test_the_ledger_holds_amounts_as_numbers_and_days_as_days(made: Path) -> None:
    sheet = openpyxl.load_workbook(made / "ledger.xlsx").active
    head, row = (list(r) for r in list(sheet.iter_rows())[:2])
    by = {cell.value: other for cell, other in zip(head, row, strict=True)}
    assert isinstance(by["金额(元)"].value, int | float)
    assert by["金额(元)"].number_format == "#,##0.00"
    assert isinstance(by["日期"].value, datetime)
    assert by["日期"].number_format == "yyyy-mm-dd"
    assert "机构名称" in by


def test_the_oversight_workbook_shows_units_and_names(made: Path) -> None:
    book = openpyxl.load_workbook(made / "o" / "oversight.xlsx")
    head = [cell.value for cell in book["控制图"][1]]
    row = dict(zip(head, book["控制图"][2], strict=True))
    assert row["中线"].number_format == "0.00%"
    assert 0 <= row["中线"].value <= 1
    assert row["机构名称"].value
    assert "金额" not in head
