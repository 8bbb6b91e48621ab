"""The report says what the run's tables say, to the fen, in both languages, in one file that loads nothing."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.report import write_page, write_workbook
from drgpay.report.labels import column_words, words
from drgpay.report.source import read_source
from drgpay.report.views import conservation, show
from drgpay.tables import (
    BASE_GROUPS,
    CLOSINGS,
    COEFFICIENTS,
    FINDINGS,
    INSTITUTION_MONTHS,
    POOLS,
    STATEMENTS,
)
from support.fake_run import LONG, NASTY, fake_run

SHEETS = {
    "zh": ["概览", "机构", "病组", "月度", "机构月度", "系数", "校验问题", "说明"],
    "en": ["Summary", "Institutions", "Groups", "Months", "Institution months", "Coefficients", "Findings", "Notes"],
}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_run(tmp_path_factory.mktemp("year"))


def table(run: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(run / "tables" / f"{name}.parquet")


def sheet(run: Path, name: str, lang: str = "zh") -> list[tuple[Any, ...]]:
    target = run / f"book-{lang}.xlsx"
    if not target.exists():
        write_workbook(run, target, lang)
    return list(openpyxl.load_workbook(target, data_only=True)[name].iter_rows(values_only=True))


def fen(yuan: Any) -> int:
    return round(yuan * 100)


class Page(HTMLParser):
    """Elements, visible texts and the embedded figures of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.data: dict[str, Any] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][1].get("id") == "data" and not self.data:
            self.data = json.loads(data)
        elif self.tags and self.tags[-1][0] not in ("script", "style"):
            self.texts.append(data)


def page(run: Path, lang: str = "zh") -> Page:
    target = run / f"page-{lang}.html"
    if not target.exists():
        write_page(run, target, lang)
    return Page(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_has_its_sheets_in_the_language(year: Path, lang: str) -> None:
    sheet(year, SHEETS[lang][0], lang)
    assert openpyxl.load_workbook(year / f"book-{lang}.xlsx").sheetnames == SHEETS[lang]


def test_every_amount_of_the_statements_is_in_the_workbook_to_the_fen(year: Path) -> None:
    head, *rows, total = sheet(year, "机构")
    statements = table(year, "statements")
    assert len(rows) == statements.height
    for name in STATEMENTS.names:
        if STATEMENTS[name].type == "fen":
            at = head.index(column_words(name, STATEMENTS)[0].zh + "(元)")
            assert [fen(row[at]) for row in rows] == statements[name].to_list()
            assert fen(total[at]) == statements[name].sum()


def test_points_and_coefficients_keep_four_decimals(year: Path) -> None:
    head, *rows, total = sheet(year, "机构")
    at = head.index("点数(点)")
    assert [round(row[at] * 10_000) for row in rows] == table(year, "statements")["points"].to_list()
    assert round(total[at] * 10_000) == table(year, "statements")["points"].sum()
    totals = dict(
        table(year, "coefficients").filter(pl.col("component") == "total").select("institution_id", "value").rows()
    )
    at = head.index("机构系数")
    assert [round(row[at] * 10_000) for row in rows] == [totals[row[1]] for row in rows]


def test_the_summary_shows_both_sides_of_the_fund(year: Path) -> None:
    lines = {row[0]: row[1:4] for row in sheet(year, "概览") if row[0]}
    closings = table(year, "closings").sort("insurance_scheme")
    sources = [sum(row) for row in closings.select("distributable", "risk_draw", "recovered").rows()]
    assert [fen(v) for v in lines["来源合计(元)"]] == [*sources, sum(sources)]
    assert lines["来源合计(元)"] == lines["去向合计(元)"]
    assert lines["差额(元)"] == (0, 0, 0)
    assert lines["收支平衡核对"][0] == "相符"


def test_a_fen_that_is_missing_is_reported_as_not_balanced(tmp_path: Path) -> None:
    run = fake_run(tmp_path / "run")
    path = run / "tables" / "closings.parquet"
    pl.read_parquet(path).with_columns(pl.col("paid") - 1).write_parquet(path)
    assert {row[0]: row[1] for row in sheet(run, "概览") if row[0]}["收支平衡核对"] == "不符"
    assert {"不符", "✗ "} <= set(page(run).texts)


def test_the_months_end_with_the_year_and_the_findings_are_counted(year: Path) -> None:
    months = sheet(year, "月度")[1:]
    assert [row[1] for row in months[:13]] == [*range(1, 13), "全年"]
    found = sheet(year, "校验问题")
    assert found[2][:3] == ("错误", "金额为负", 600)
    assert sum(row[5] in ("错误", "提示") for row in found) == 1000


def test_names_are_never_formulas_and_long_numbers_stay_exact(year: Path) -> None:
    assert sheet(year, "机构")[1][2] == NASTY
    formulas = openpyxl.load_workbook(year / "book-zh.xlsx")["机构"]
    assert formulas["C2"].data_type == "s"
    head, *rows = sheet(year, "系数")
    at = head.index("本机构标化费用(元)")
    assert next(row[at] for row in rows if row[3] == "合计") == "10,000,000,000,000.00"


def test_the_totals_follow_the_filter_and_the_head_is_frozen(year: Path) -> None:
    at = sheet(year, "机构")[0].index("例数") + 1
    book = openpyxl.load_workbook(year / "book-zh.xlsx")["机构"]
    letter = book.cell(1, at).column_letter
    assert book.cell(book.max_row, at).value == f"=SUBTOTAL(109,{letter}2:{letter}{book.max_row - 1})"
    assert book.freeze_panes == "D2"
    assert book.auto_filter.ref.startswith("A1:")
    assert book.column_dimensions["C"].width == pytest.approx(44, abs=1)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_same_run_gives_the_same_bytes(year: Path, tmp_path: Path, lang: str) -> None:
    for write, name in ((write_workbook, "a.xlsx"), (write_page, "a.html")):
        write(year, tmp_path / name, lang)
        write(year, tmp_path / f"again-{name}", lang)
        assert (tmp_path / name).read_bytes() == (tmp_path / f"again-{name}").read_bytes()


def test_the_page_loads_nothing(year: Path) -> None:
    found = page(year)
    for tag, attributes in found.tags:
        assert tag not in ("link", "iframe", "object", "img", "base"), tag
        assert not attributes.get("src")
        assert (attributes.get("href") or "#").startswith("#")
    policies = [a["content"] for t, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'")


def test_the_page_has_both_languages_and_opens_in_the_one_asked_for(year: Path) -> None:
    for lang, code in (("zh", "zh-CN"), ("en", "en")):
        found = page(year, lang)
        assert found.tags[0] == ("html", {"lang": code, "data-theme": "auto"})
        assert {"年度清算", "Annual clearing", "清算支付", "Final payment", "三级", "Tertiary"} <= set(found.texts)
        assert found.data["lang"] == lang


def test_names_of_the_data_are_texts_on_the_page(year: Path) -> None:
    found = page(year)
    assert NASTY in found.texts
    assert LONG in found.texts
    assert not [a for t, a in found.tags if "onerror" in a]
    assert NASTY in {row["name"] for row in found.data["institutions"]}


def test_the_charts_draw_the_figures_of_the_tables(year: Path) -> None:
    data = page(year).data
    statements = table(year, "statements").sort("insurance_scheme", "institution_id")
    for step in data["steps"]:
        by_scheme = [row for row in data["institutions"] if row["scheme"] != "together"]
        assert [row[step["key"]] for row in by_scheme] == statements[step["key"]].to_list()
    for flow in data["flows"]:
        sides = {s: sum(p["fen"] for p in flow["parts"] if p["side"] == s) for s in ("source", "use")}
        assert sides["source"] == sides["use"] > 0
        assert sum(level["fen"] for level in flow["levels"]) == next(
            p["fen"] for p in flow["parts"] if p["key"] == "paid"
        )


def test_every_chart_and_control_says_what_it_is(year: Path) -> None:
    found = page(year)
    drawn = [a for _, a in found.tags if a.get("class") == "chart"]
    assert len({a["id"] for a in drawn}) == len(drawn) == 9
    assert all(a["role"] == "img" and a["aria-label"] for a in drawn)
    assert all(a.get("aria-label") for t, a in found.tags if t in ("input", "select"))


def test_a_monthly_run_shows_its_month_and_no_clearing(tmp_path: Path) -> None:
    run = fake_run(tmp_path / "run", kind="month")
    head, *rows, total = sheet(run, "机构")
    march = table(run, "institution_months").filter(pl.col("month") == 3)
    at = head.index("结余(超支)(元)")
    assert len(rows) == march.height
    assert fen(total[at]) == march["due"].sum() - march["actual"].sum()
    assert conservation(read_source(run)) == []
    assert not [a for _, a in page(run).tags if (a.get("id") or "").startswith("flow-")]


def test_an_idle_scheme_without_budget_has_no_point_value(tmp_path: Path) -> None:
    run = fake_run(tmp_path / "run", count=3, idle="resident", with_findings=False)
    lines = {row[0]: row[1:4] for row in sheet(run, "概览") if row[0]}
    assert lines["点值(元/点)"][1] in ("", None)
    assert lines["例数"] == (table(run, "statements")["n"].sum(), 0, table(run, "statements")["n"].sum())
    assert {"没有金额", "没有校验问题。"} <= set(page(run).texts)


def test_a_run_with_only_its_manifest_is_still_a_report(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"kind": "month", "year": 2023, "month": 1, "scheme": "unknown"}')
    assert ("年度", "2023") in [row[:2] for row in sheet(tmp_path, "概览")]
    assert "没有数据。" in page(tmp_path).texts


def test_three_hundred_institutions_fit(tmp_path: Path) -> None:
    run = fake_run(tmp_path / "run", count=300)
    assert len(sheet(run, "机构")) == 602
    assert len(page(run).data["institutions"]) == 900  # by scheme, and both together


def test_wrong_language_and_missing_run_say_what_to_do(year: Path, tmp_path: Path) -> None:
    with pytest.raises(DrgpayError, match="没有这种语言") as caught:
        write_page(year, tmp_path / "x.html", "fr")
    assert caught.value.kind is Kind.USAGE
    with pytest.raises(DrgpayError, match="这里没有运行结果") as caught:
        write_workbook(tmp_path, tmp_path / "x.xlsx")
    assert caught.value.kind is Kind.DATA


def test_every_word_and_column_has_both_languages() -> None:
    for key, text in words().items():
        assert text.zh, key
        assert text.en, key
    for shown in (STATEMENTS, CLOSINGS, POOLS, BASE_GROUPS, COEFFICIENTS, INSTITUTION_MONTHS, FINDINGS):
        for name in shown.names:
            head, note = column_words(name, shown)
            assert all((head.zh, head.en, note.zh, note.en)), name


def test_values_are_shown_as_people_read_them() -> None:
    assert show("fen", -5).zh == "-0.05"
    assert show("percent", None).zh == "–"
    assert show("word", True).en == "Yes"
    assert show("month", 0).zh == "全年"
    assert show("month", 3).zh == "3月"
