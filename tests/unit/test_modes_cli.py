"""Payment modes as a user meets them: a synthetic region with all of them, its year, the commands, the reports."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from typer.testing import Result

from drgpay.cli import app
from drgpay.engine import read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.report import write_page, write_workbook
from drgpay.runs import TABLES, Order, read_manifest, run, verify, what_if
from drgpay.samples import MODES, make_region
from drgpay.tables import CLOSINGS, EXPENDITURE_BY_MODE, STAY_MODES
from drgpay.words import in_word
from support.command import CliRunner
from support.engines import usual

ALL_MODES = {
    ("inpatient", "drg"), ("inpatient", "bed_day"), ("inpatient", "by_item"), ("inpatient", "single_disease"),
    ("inpatient", "quota"),
    ("inpatient", "out_of_area"), ("outpatient", "out_of_area"), ("outpatient", "capitation"),
    ("outpatient", "by_item"), ("outpatient", "quota"),
}  # fmt: skip


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modes") / "region"
    make_region(folder, stays=3_000, seed=3, institutions=6, extras=frozenset({"visits", MODES}))
    return folder


@pytest.fixture(scope="module")
def year(region: Path) -> Path:
    return run(Order(region, "demo", 2024), region.parent / "year", usual(2))


@pytest.fixture
def call() -> Callable[..., Result]:
    def work(*words: object, ok: bool = True) -> Result:
        result = CliRunner().invoke(app, ["modes", *map(str, words)])
        if ok and result.exception:
            raise result.exception
        return result

    return work


def test_the_year_shows_every_mode_is_conserved_and_verified(year: Path) -> None:
    rows = read_table(year / TABLES, EXPENDITURE_BY_MODE).filter(pl.col("month") == 0)
    assert set(rows.select("setting", "mode").unique().rows()) == ALL_MODES
    for row in read_table(year / TABLES, CLOSINGS).to_dicts():
        assert row["distributable"] + row["risk_draw"] + row["recovered"] == (
            row["paid"] + row["returned"] + row["carried_over"]
        )
    assert all(c.ok for c in verify(year, usual(1)))
    assert read_manifest(year)["counts"]["bed_day"] > 0
    assert "enrolment/part-00000.parquet" in read_manifest(year)["inputs"]


def test_one_and_two_threads_give_the_same_bytes(region: Path, year: Path, tmp_path: Path) -> None:
    again = run(Order(region, "demo", 2024), tmp_path / "again", usual(1))
    assert read_manifest(again)["outputs"] == read_manifest(year)["outputs"]


def test_extras_of_the_modes_leave_the_stays_as_they_are(region: Path, tmp_path: Path) -> None:
    make_region(tmp_path / "plain", stays=3_000, seed=3, institutions=6)
    for path in (tmp_path / "plain" / "stays").rglob("*.parquet"):
        assert path.read_bytes() == (region / path.relative_to(tmp_path / "plain")).read_bytes()


def test_what_if_follows_the_modes(year: Path) -> None:
    # What a single disease pays is not the points' business; whether it is one is.
    same = what_if(year, usual(2), {"single_disease.pays": "price"})
    assert [r["points_new"] - r["points_old"] for r in same.institutions if r["points_new"] != r["points_old"]] == []
    other = what_if(year, usual(2), {"modes.rules": "[{id: long, mode: by_item, when: {los_from: 10}}]"})
    assert any(r["points_new"] < r["points_old"] for r in other.institutions)


def test_the_reports_show_the_modes(year: Path, tmp_path: Path) -> None:
    write_workbook(year, tmp_path / "r.xlsx", "zh")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx", data_only=True)
    assert {"支付方式", "机构支付方式", "医共体按人头", "床日考核", "异地清算"} <= set(book.sheetnames)
    modes = {(row[1].value, row[2].value) for row in book["支付方式"].iter_rows(min_row=2)}
    assert ("住院", "床日") in modes
    write_page(year, tmp_path / "r.html", "en")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert '<section id="modes">' in page
    assert "Single disease" in page


def test_a_stay_of_another_mode_explains_itself(year: Path) -> None:
    paths = sorted((year / TABLES / STAY_MODES.name).glob("*.parquet"))
    stays = pl.concat([pl.read_parquet(p).with_columns(pl.col(pl.Categorical).cast(pl.String)) for p in paths])
    for mode, words in (("bed_day", "年终考核系数"), ("by_item", "DRG 模拟价格"), ("single_disease", "支付标准")):
        stay = stays.filter(pl.col("mode") == mode)["stay_id"][0]
        text = CliRunner().invoke(app, ["explain", str(year), "--stay", stay]).output
        assert in_word(mode, "zh") in text
        assert words in text


def test_assign_counts_stays_by_rule(year: Path, call: Callable[..., Result]) -> None:
    text = call("assign", year).output
    assert "精神病慢性期" in text
    assert "白内障" in text
    assert "cataract" not in call("assign", year, "--policy", "beijing", "--lang", "en").output


def test_capitation_and_out_of_area_and_procurement(
    region: Path, call: Callable[..., Result], tmp_path: Path
) -> None:
    where = ("--region", region, "--policy", "demo", "--year", 2024)
    assert "人头总额" in call("capitation", *where, "-o", tmp_path / "c.xlsx").output
    assert "医共体编号" in [c.value for c in openpyxl.load_workbook(tmp_path / "c.xlsx").worksheets[0][1]]
    assert "关注名单" in call("out-of-area", *where).output
    call("procurement", *where, "-o", tmp_path / "p", "--lang", "en")
    with (tmp_path / "p" / "procurement_payments.csv").open(encoding="utf-8-sig") as stream:
        assert {"agreed", "advance", "savings", "reward"} <= set(next(csv.reader(stream)))


def test_enrolment_check_shows_counts_and_writes_the_list(
    region: Path, call: Callable[..., Result], tmp_path: Path
) -> None:
    words = ("enrolment-check", "--region", region, "--on", "2024-12-31", "-o", tmp_path / "gaps", "--lang", "en")
    text = call(*words).output
    assert "not enrolled" in text
    assert "P0000" not in text
    with (tmp_path / "gaps" / "enrolment_gaps.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert {"not_enrolled", "paying"} <= {r["finding"] for r in rows}
    assert all(r["person_id"].startswith("P") and r["township"] for r in rows)


def test_an_unknown_exempt_category_is_named(region: Path, call: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "region"
    folder.mkdir()
    for name in ("institutions", "budgets"):
        (folder / f"{name}.csv").write_bytes((region / f"{name}.csv").read_bytes())
    (folder / "exempt_persons.csv").write_text(
        "category,person_id,township,listed_on\nnobility,P1,,2024-01-01\n", "utf-8"
    )
    (folder / "stays").symlink_to(region / "stays")
    failure = call("enrolment-check", "--region", folder, "--on", "2024-12-31", ok=False).exception
    assert isinstance(failure, DrgpayError)
    assert (failure.kind, failure.value) == (Kind.DATA, "nobility")


def test_benefits_are_split_to_the_fen(region: Path, call: Callable[..., Result], tmp_path: Path) -> None:
    out = tmp_path / "split"
    text = call("benefit", "--region", region, "--policy", "demo", "--year", 2024, "-o", out).output
    assert "起付线" in text
    split = pl.read_parquet(out / "*.parquet")
    assert split.height > 500
    assert (split["fund"] + split["personal"] == split["total_cost"]).all()


@pytest.mark.parametrize("register", ["communities", "community_members", "procurement"])
def test_an_unknown_institution_of_a_register_stops_the_run(region: Path, tmp_path: Path, register: str) -> None:
    copy = tmp_path / "region"
    shutil.copytree(region, copy)
    path = copy / f"{register}.csv"
    text = path.read_text(encoding="utf-8")
    rows = csv.DictReader((copy / "institutions.csv").open(encoding="utf-8"))
    known = next(row["institution_id"] for row in rows if row["institution_id"] in text)
    path.write_text(text.replace(known, "NOPE"), encoding="utf-8")
    with pytest.raises(DrgpayError) as failure:
        run(Order(copy, "demo", 2024), tmp_path / "year", usual(1))
    assert failure.value.kind is Kind.DATA
    assert {failure.value.file, failure.value.value} == {f"{register}.csv", "NOPE"}


def test_what_if_says_that_it_leaves_the_other_modes_alone(year: Path) -> None:
    said = CliRunner().invoke(app, ["whatif", str(year), "--set", "bed_day.cut=5%", "--lang", "en"]).output
    assert "only the stays paid by DRG points" in said
    said = CliRunner().invoke(app, ["whatif", str(year), "--set", "points.low_multiple=0.3", "--lang", "en"]).output
    assert "only the stays paid by DRG points" not in said
