"""What every printer makes of one paper: the same figures, charts, texts and mark; and the same bytes twice."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.report.papers import (
    PRINTERS,
    Chart,
    Column,
    Line,
    Paper,
    Series,
    Signature,
    Table,
    Text,
    as_data,
    from_data,
    to_docx,
    to_pptx,
)

MARK = "张三 市医保局 20240408-1A2B3C4D"
HOUSES = tuple(f"第{n}人民医院{'（东院区与感染病区联合体）' * (n % 7 == 0)}" for n in range(1, 41))


def paper() -> Paper:
    rows = tuple(Line((name, n * 3, n * 1_234_567 - 20_000_000, 9_876 + n)) for n, name in enumerate(HOUSES))
    columns = (Column("机构", share=2), Column("例数", "int"), Column("应付", "fen"), Column("使用率", "percent"))
    return Paper(
        "zh", "某市医保局", "月度运行分析", "2024年3月", (("运行", "R1"), ("校验码", "abc")),
        (Chart("点值走势", ("1月", "2月", "3月"), (Series("职工", (100_000, None, 98_000)),), "price", lines=True),
         Chart("应付", HOUSES[:15], (Series("应付", tuple(row.values[2] for row in rows[:15])),), "fen"),
         Table("各机构", columns, rows, Line(("合计", 2340, 163_026_130, None), strong=True)),
         Text("说明", ("一。", "=1+1"))),
        (Signature("经办机构", ("经办：", "日期：")),), "R1 sha256 0123", ("应付", "1.00 元", "壹元整"), True,
        ("各单位：", "情况如下。"), ("特此说明。",), MARK,
    )  # fmt: skip


def said_in(file: Path) -> str:
    with zipfile.ZipFile(file) as packed:
        return "".join(packed.read(name).decode(errors="ignore") for name in packed.namelist() if "xml" in name)


@pytest.mark.parametrize("ending", PRINTERS)
def test_the_same_paper_gives_the_same_bytes(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    first, second = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    PRINTERS[ending](paper(), first)
    if ending in ("docx", "pptx"):
        later = time.localtime(time.time() + 100_000)
        monkeypatch.setattr(time, "localtime", lambda *_: later)
    PRINTERS[ending](paper(), second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("ending", ["docx", "pptx", "xlsx"])
def test_a_file_says_what_the_paper_says(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"a.{ending}"
    PRINTERS[ending](paper(), file)
    said = said_in(file)
    for text in ("月度运行分析", "2024年3月", "各单位：", "特此说明。", "R1 sha256 0123", MARK, HOUSES[6], HOUSES[39],
                 "点值走势"):  # fmt: skip
        assert text in said, text
    if ending != "xlsx":
        assert "-200,000.00" in said
        assert "1,630,261.30" in said
    assert "<f>" not in said, "a text that begins like a formula stays a text"


def test_the_figures_of_a_word_file_are_the_papers(tmp_path: Path) -> None:
    import docx

    to_docx(paper(), tmp_path / "a.docx")
    read = docx.Document(str(tmp_path / "a.docx"))
    table = read.tables[1]
    assert [cell.text for cell in table.rows[0].cells] == ["机构", "例数", "应付(元)", "使用率"]
    assert [cell.text for cell in table.rows[2].cells] == [HOUSES[1], "3", "-187,654.33", "98.77%"]
    assert [cell.text for cell in table.rows[41].cells] == ["合计", "2,340", "1,630,261.30", ""]
    assert len(read.inline_shapes) == 2
    section = read.sections[0]
    assert section.page_width > section.page_height
    assert MARK in section.header.paragraphs[0].text


def test_slides_have_native_charts_and_split_long_tables(tmp_path: Path) -> None:
    import pptx

    to_pptx(paper(), tmp_path / "a.pptx")
    slides = list(pptx.Presentation(str(tmp_path / "a.pptx")).slides)
    charts = [shape.chart for slide in slides for shape in slide.shapes if shape.has_chart]
    assert tuple(charts[0].plots[0].series[0].values) == (10.0, None, 9.8)
    assert len(charts) == 2
    tables = [shape.table for slide in slides for shape in slide.shapes if shape.has_table]
    assert [len(table.rows) for table in tables] == [15, 15, 14]
    assert all(table.cell(0, 0).text == "机构" for table in tables)
    for slide in slides:
        assert any(shape.has_text_frame and MARK in shape.text_frame.text for shape in slide.shapes)


def test_a_workbook_has_native_charts_of_its_figures(tmp_path: Path) -> None:
    PRINTERS["xlsx"](paper(), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert len(book.worksheets[0]._charts) == 2
    figures = book["图表数据"]
    assert [figures.cell(3, 1).value, figures.cell(3, 2).value] == ["1月", 10]
    assert book.worksheets[0].oddHeader.right.text.endswith(MARK)


def test_a_kept_paper_is_the_paper() -> None:
    assert from_data(json.loads(json.dumps(as_data(paper())))) == paper()
    bare = Paper("en", "a", "b", "c", (), (), (), "t")
    assert from_data(json.loads(json.dumps(as_data(bare)))) == bare


@pytest.mark.parametrize("ending", PRINTERS)
def test_an_empty_paper_and_rare_characters_print(tmp_path: Path, ending: str) -> None:
    bare = Paper("zh", "", "通知", "", (), (Text("", ("㙘䶮𬬻",)), Chart("无", (), (), "fen")), (), "")
    file = tmp_path / f"a.{ending}"
    PRINTERS[ending](bare, file)
    assert file.stat().st_size > 1000


def test_more_rows_than_fit_say_what_to_do(tmp_path: Path) -> None:
    long = replace(paper(), blocks=(Table("长", (Column("a"),), (Line(("x",)),) * 3_001),))
    for write in (to_docx, to_pptx):
        with pytest.raises(DrgpayError) as found:
            write(long, tmp_path / "a")
        assert found.value.kind is Kind.USAGE


def test_bytes_of_a_package_inside_a_package_are_steady() -> None:
    from drgpay.report.papers.packed import steady

    def made(year: int) -> bytes:
        inner, outer = BytesIO(), BytesIO()
        with zipfile.ZipFile(inner, "w") as packed:
            packed.writestr(zipfile.ZipInfo("docProps/core.xml", (year, 1, 1, 0, 0, 0)),
                            f"<dcterms:created a='b'>{year}-01-01T00:00:00Z</dcterms:created>")  # fmt: skip
        with zipfile.ZipFile(outer, "w") as packed:
            packed.writestr(zipfile.ZipInfo("x.xlsx", (year, 1, 1, 0, 0, 0)), inner.getvalue())
        return outer.getvalue()

    assert made(2001) != made(2020)
    assert steady(made(2001)) == steady(made(2020))
