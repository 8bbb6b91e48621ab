"""Papers of an institution: their numbers are the run's, on every printer; the same run gives the same bytes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from drgpay.engine import dataset, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.report.papers import OfRun, Paper, Table, Text, paper_of, to_pdf, to_xlsx
from drgpay.report.papers.amounts import in_capitals
from drgpay.runs import TABLES, Order, run
from drgpay.tables import INSTITUTION_MONTHS, STATEMENTS, STAY_PAYMENTS
from support.command import drgpay
from support.engines import usual

SCHEMES = ("employee", "resident")


@pytest.fixture(scope="module")
def month_run(small_region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(Order(small_region, "demo", 2024, month=3), tmp_path_factory.mktemp("month") / "m03", usual(2))


def numbers(sheet: Any, head: str) -> dict[str, list[Any]]:
    """Rows of the table below the head that begins with a text, by what stands in their first cell."""
    rows = iter(sheet.iter_rows(values_only=True))
    next(r for r in rows if r[0] == head)
    found: dict[str, list[Any]] = {}
    for row in rows:
        if row[0] is None:
            break
        found[row[0]] = list(row[1:])
    return found


def fen(yuan: Any) -> int:
    return round(yuan * 100)


def statements(run: Path) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    rows = read_table(run / TABLES, STATEMENTS).to_dicts()
    for h in dict.fromkeys(row["institution_id"] for row in rows):
        yield h, {row["insurance_scheme"]: row for row in rows if row["institution_id"] == h}


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (10_500_00, "壹万零伍佰元整"),
        (123_450_67, "壹拾贰万叁仟肆佰伍拾元陆角柒分"),
        (1_000_050_05, "壹佰万零伍拾元零伍分"),
        (100_000_005_50, "壹亿零伍元伍角整"),
        (-1_00, "负壹元整"),
    ],
)
def test_amounts_in_capital_numerals(amount: int, said: str) -> None:
    assert in_capitals(amount) == said


def test_every_clearing_statement_has_the_figures_of_its_rows(small_run: Path, tmp_path: Path) -> None:
    of = OfRun(small_run)
    for h, rows in statements(small_run):
        to_xlsx(paper_of(of, "year", h), tmp_path / "s.xlsx")
        book = openpyxl.load_workbook(tmp_path / "s.xlsx", data_only=True)
        steps = numbers(book.worksheets[0], "项目")
        for head, name in (("应付(元)", "due"), ("清算应得(元)", "settled"), ("清算支付(元)", "final_payment")):
            values = [rows[s][name] if s in rows else None for s in SCHEMES]
            cells = [None if v in (None, "–") else fen(v) for v in steps[head][:2]]
            assert cells == values, (h, head)
            assert fen(steps[head][2]) == sum(v or 0 for v in values)
        back = sum(r["deposit_held"] - r["deposit_forfeited"] for r in rows.values())
        assert fen(steps["保证金返还(元)"][2]) == back
        assert "依据" in [cell.value for cell in book["参数与依据"][2]]


def test_what_the_ledger_pays_is_the_result_of_the_statement(small_run: Path) -> None:
    of = OfRun(small_run)
    for h, rows in statements(small_run):
        paper = paper_of(of, "year", h)
        assert paper.result is not None
        final = sum(r["final_payment"] for r in rows.values())
        assert paper.result[0] == ("清算应退回合计" if final < 0 else "清算拨付合计")
        assert paper.result[1] == f"{abs(final) / 100:,.2f} 元"


def test_the_list_of_stays_adds_up_to_the_statement(small_run: Path, tmp_path: Path) -> None:
    h, rows = next(statements(small_run))
    to_xlsx(paper_of(small_run, "stays", h), tmp_path / "l.xlsx")
    book = openpyxl.load_workbook(tmp_path / "l.xlsx", data_only=True)
    assert len(book.worksheets) == 3
    for scheme, sheet in zip(SCHEMES, book.worksheets[1:], strict=True):
        head = [cell.value for cell in sheet[2]]
        cells = [row[head.index("应付(元)")] for row in sheet.iter_rows(min_row=3, values_only=True)]
        assert fen(sum(cells[:-1])) == fen(cells[-1]) == rows[scheme]["due"]
        assert sheet.print_title_rows == "$1:$2"
        assert sheet.page_setup.orientation == "landscape"
    paid = pl.concat(pl.read_parquet(p) for p in dataset(small_run / TABLES, STAY_PAYMENTS).paths)
    listed = sum(len(b.rows) for b in paper_of(small_run, "stays", h).blocks if isinstance(b, Table))
    assert listed == paid.filter(pl.col("institution_id").cast(pl.String) == h).height


def test_a_note_of_a_month_says_what_is_due_kept_and_paid(month_run: Path, tmp_path: Path) -> None:
    of = OfRun(month_run)
    rows = read_table(month_run / TABLES, INSTITUTION_MONTHS).filter(pl.col("institution_id") == "H99990100001")
    to_xlsx(paper_of(of, "month", "H99990100001"), tmp_path / "n.xlsx")
    steps = numbers(openpyxl.load_workbook(tmp_path / "n.xlsx", data_only=True).worksheets[0], "项目")
    for head, name in (("应付(元)", "due"), ("质量保证金(元)", "deposit"), ("实际拨付(元)", "paid")):
        assert [fen(v) for v in steps[head][:2]] == rows.sort("insurance_scheme")[name].to_list()
    assert fen(steps["实际拨付(元)"][2]) == rows["paid"].sum()
    assert steps["点值(元/点)"][0] == pytest.approx(of.pools["employee"]["point_value"] / 10_000)


def test_the_pdf_says_the_same_and_the_same_run_gives_the_same_bytes(small_run: Path, tmp_path: Path) -> None:
    h, rows = next(statements(small_run))
    for lang in ("zh", "en"):
        paper = paper_of(small_run, "year", h, lang)
        for name, write in (("a.pdf", to_pdf), ("a.xlsx", to_xlsx)):
            write(paper, tmp_path / name)
            write(paper_of(small_run, "year", h, lang), tmp_path / f"again-{name}")
            assert (tmp_path / name).read_bytes() == (tmp_path / f"again-{name}").read_bytes()
        if shutil.which("pdftotext") is None:
            continue
        done = subprocess.run(["pdftotext", "-layout", tmp_path / "a.pdf", "-"], capture_output=True, check=True)
        text = done.stdout.decode()
        for row in rows.values():
            assert f"{row['final_payment'] / 100:,.2f}" in text
        assert paper_of(small_run, "year", h).trace.rpartition(" ")[2] in text
        assert OfRun(small_run).names[h] in text


def _page(text: str) -> Paper:
    return Paper("zh", "统筹区", "拨付单", "2024年", (), (Text("", (text,)),), (), "")


def test_the_font_of_the_program_has_the_national_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GB 2312, and rare ones of the table of 8,105; nothing is taken from the machine."""
    from drgpay.report.papers import pdf

    asked: list[bool] = []
    fonts = pdf._fonts
    monkeypatch.setattr(pdf, "_fonts", lambda folder, ours: (asked.append(ours), fonts(folder, ours))[1])
    signs = [bytes([a, b]).decode("gb2312", "ignore") for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF)]
    assert to_pdf(_page("".join(signs) + "㙘䶮𬬻𬭊𫓧𨱏"), tmp_path / "p.pdf") == ()
    assert asked == [True]


def test_a_character_that_no_font_has_is_named(tmp_path: Path) -> None:
    assert to_pdf(_page("医院\U0003fffd和\U0003fffc"), tmp_path / "p.pdf") == ("\U0003fffc", "\U0003fffd")
    if shutil.which("pdftotext"):
        done = subprocess.run(["pdftotext", tmp_path / "p.pdf", "-"], capture_output=True, check=True)
        assert "〓和〓" in done.stdout.decode()
        assert "U+3FFFC、U+3FFFD" in done.stdout.decode()


def test_without_typst_and_for_endless_lists_the_error_says_what_to_do(
    month_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = paper_of(month_run, "stays", "H99990100001")
    table = next(b for b in paper.blocks if isinstance(b, Table))
    endless = replace(paper, blocks=(replace(table, rows=table.rows[:1] * 10_001),))
    with pytest.raises(DrgpayError, match=r"\.xlsx") as failure:
        to_pdf(endless, tmp_path / "p.pdf")
    assert failure.value.kind is Kind.USAGE
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(DrgpayError, match=r"drgpay\[paper\]") as failure:
        to_pdf(paper, tmp_path / "p.pdf")
    assert failure.value.kind is Kind.ENGINE
    assert not (tmp_path / "p.pdf").exists()


def test_papers_by_command(month_run: Path, small_run: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.pdf"
    done = drgpay("paper", "month", month_run, "--institution", "云州市第一人民医院", "-o", note)
    assert done.returncode == 0, done.stderr
    assert note.read_bytes().startswith(b"%PDF-1.7")
    shown = drgpay("paper", "month", month_run, "--institution", "H99990100001")
    assert "本月拨付合计" in shown.stdout
    every = drgpay("paper", "stays", month_run, "--all", "--form", "xlsx", "-o", tmp_path / "all")
    assert every.returncode == 0, every.stderr
    names = sorted(p.name for p in (tmp_path / "all").glob("*.xlsx"))
    assert names[0] == "H99990100001_2024-03_病例清单.xlsx"
    assert f"{len(names)} 家机构" in every.stdout
    for words, kind in (
        (("paper", "year", month_run, "--institution", "H99990100001"), Kind.USAGE),
        (("paper", "month", small_run, "--institution", "H99990100001"), Kind.USAGE),
        (("paper", "month", month_run, "--institution", "nobody"), Kind.DATA),
        (("paper", "month", month_run, "--institution", "H99990100001", "-o", tmp_path / "x.doc"), Kind.USAGE),
        (("paper", "month", month_run, "--all"), Kind.USAGE),
        (("paper", "month", month_run, "--institution", "H99990100001", "-o", note), Kind.USAGE),
    ):
        assert drgpay(*words).returncode == kind, words
