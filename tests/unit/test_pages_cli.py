"""Pages and sums on the command line, and the rows of a stay by index."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from typer.testing import CliRunner

from drgpay.cli import app
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Scope, Sort, View, Where, browse, prepare_pages, summarise
from drgpay.runs.pages import index
from drgpay.tables import CASE_POINTS, GROUPED, STATEMENTS
from drgpay.units import show_fen
from support.plain_pages import rows_of


def _said(*words: object) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def house(small_run: Path) -> str:
    """The institution with the most stays."""
    return str(pl.DataFrame(rows_of(small_run, STATEMENTS)).sort("n")["institution_id"][-1])


def test_the_tables_of_a_run_are_listed_in_the_readers_words(small_run: Path, house: str) -> None:
    everything, own = _said("browse", small_run), _said("browse", small_run, "--institution", house)
    assert "年度清算单" in everything
    assert "基金清算平衡" in everything
    assert "基金清算平衡" not in own
    assert not re.search("[a-z]{3}", everything)


def test_a_page_on_the_screen_is_the_page_of_the_door(small_run: Path, house: str) -> None:
    said = _said("browse", small_run, "结算病例", "--institution", house, "--sort", "-结余(超支)", "--limit", 3,
                 "--where", "险种=职工", "--columns", "病例号,结余(超支)")  # fmt: skip
    view = View("settled_stays", sort=(Sort("balance", True),), scope=Scope.institution(house))
    rows = [r for r in browse(small_run, view, limit=1000).rows if r["insurance_scheme"] == "employee"]
    for row in rows[:3]:
        assert re.search(f"{row['stay_id']}.*{re.escape(show_fen(row['balance']))}", said)
    assert rows[3]["stay_id"] not in said
    assert show_fen(sum(r["balance"] for r in rows)) in said
    assert f"第 1–3 行,共 {len(rows):,} 行" in said
    assert "人员编号" in said


def test_what_is_written_is_the_whole_selection(small_run: Path, house: str, tmp_path: Path) -> None:
    asked = ("browse", small_run, "statements", "--where", "settled>=0.01", "--columns", "institution_id,settled")
    wanted = [(r["institution_id"], r["settled"]) for r in rows_of(small_run, STATEMENTS) if r["settled"] >= 1]
    for suffix in ("xlsx", "csv", "parquet"):
        _said(*asked, "-o", tmp_path / f"x.{suffix}")
    raw = pl.read_parquet(tmp_path / "x.parquet").select("institution_id", "settled").rows()
    assert sorted(raw) == sorted(wanted)
    text = pl.read_csv(tmp_path / "x.csv", infer_schema=False).rows()
    assert sorted(text) == sorted((h, show_fen(v, group=False)) for h, v in wanted)
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    cells = [(row[0], round(row[2] * 100)) for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert sorted(cells) == sorted(wanted)


def test_sums_on_the_screen_are_those_of_the_door(small_run: Path, house: str, tmp_path: Path) -> None:
    said = _said("summarise", small_run, "--by", "机构编号", "--measure", "例数,balance", "--institution", house)
    row = summarise([small_run], by=("institution_id",), measures=("n", "balance"),
                    scope=Scope.institution(house)).rows[0]  # fmt: skip
    assert re.search(f"{house}.*{row['n']}.*{re.escape(show_fen(row['balance']))}", said)
    hidden = _said("summarise", small_run, "--by", "mdc", "--measure", "n", "--public")
    assert "不显示" in hidden
    target = _said("summarise", small_run, "--measure", "cmi", "--compare", "target", "--target", "cmi=1.05")
    assert "1.0500" in target
    _said("summarise", small_run, "--by", "drg", "--measure", "n,due", "-o", tmp_path / "s.xlsx")
    assert openpyxl.load_workbook(tmp_path / "s.xlsx").active.max_row > 20


@pytest.mark.parametrize(
    "words",
    [
        ("statements", "--where", "settled"),
        ("statements", "--where", "settled=much"),
        ("statements", "--where", "nothing=1"),
        ("statements", "--sort", "nothing"),
        ("statements", "--columns", "nothing"),
        ("settled_stays", "--where", "person_id=1"),
        ("statements", "--department", "A"),
        ("statements", "-o", "x.doc"),
    ],
)
def test_what_does_not_fit_is_told(
    small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DrgpayError) as caught:
        _said("browse", small_run, *words)
    assert caught.value.kind in (Kind.USAGE, Kind.DATA)
    assert not list(tmp_path.iterdir())


def test_the_rows_of_a_stay_are_found_the_same_by_index(small_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for table in (GROUPED, CASE_POINTS):
        rows = rows_of(small_run, table)
        some = [rows[0], rows[len(rows) // 2], rows[-1]]
        looked = [index.rows_of_stay(small_run, table, r["stay_id"]) for r in some]
        with monkeypatch.context() as changed:
            changed.setattr(index, "SMALL", 0)
            assert [index.rows_of_stay(small_run, table, r["stay_id"]) for r in some] == looked
            assert index.rows_of_stay(small_run, table, "nobody") == []
        assert looked == [[r] for r in some]


@pytest.mark.parametrize("small", [0, 10**9])
def test_one_settled_stay_is_the_row_of_the_whole_table(
    small_run: Path, house: str, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(index, "SMALL", small)
    whole = browse(small_run, View("settled_stays", scope=Scope.everything()), limit=1000)
    for row in (whole.rows[0], whole.rows[len(whole.rows) // 2], whole.rows[-1]):
        only = (Where("stay_id", "is", row["stay_id"]),)
        for scope in (Scope.everything(), Scope.institution(house)):
            page = browse(small_run, View("settled_stays", where=only, scope=scope))
            shown = scope == Scope.everything() or row["institution_id"] == house
            assert [one["stay_id"] for one in page.rows] == [row["stay_id"]] * shown
            assert page.total == shown
            assert all(row[name] == value for one in page.rows for name, value in one.items())
        beside = View("settled_stays", where=(*only, Where("drg", "not", row["drg"])), scope=Scope.everything())
        assert browse(small_run, beside).rows == []
    nobody = View("settled_stays", where=(Where("stay_id", "is", "nobody"),), scope=Scope.everything())
    assert (browse(small_run, nobody).rows, browse(small_run, nobody).total) == ([], 0)


def test_pages_can_be_made_ready_and_a_damaged_table_is_named(small_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_run, run)
    prepare_pages(run)
    assert (tmp_path / ".pages").is_dir()
    (run / "tables" / "statements.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(DrgpayError) as caught:
        browse(run, View("statements", scope=Scope.everything()))
    assert caught.value.kind is Kind.BROKEN
    assert str(tmp_path) not in caught.value.text()
