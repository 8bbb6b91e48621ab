"""The command line as a user runs it: files in, files out, exit codes, both languages."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from rich.table import Table as Grid

from drgpay.cli import console
from drgpay.errors import Kind
from support.command import drgpay, drgpay_alone

GOLDEN = Path(__file__).parents[1] / "golden" / "chs-drg-1.1.csv"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    done = drgpay("demo", "-o", folder / "demo", "--stays", 2000)
    assert done.returncode == 0, done.stderr
    assert "基金守恒" in done.stdout
    assert "✗" not in done.stdout
    assert (folder / "demo" / "run" / "report.html").stat().st_size > 10_000
    return folder / "demo"


def test_the_installed_program_in_a_process_of_its_own(tmp_path: Path) -> None:
    source = tmp_path / "病例.csv"
    source.write_text("病例号,性别,年龄,诊断,手术操作\n甲1,男,60,J18.900,\n", encoding="utf-8")
    screen = drgpay_alone("group", source)
    assert screen.returncode == 0, screen.stderr
    assert screen.stdout == drgpay("group", source).stdout
    assert "甲1,E,ES3" in screen.stdout
    missing = drgpay_alone("check", source)
    assert missing.returncode == Kind.DATA
    assert missing.stderr == drgpay("check", source).stderr
    assert "→" in missing.stderr
    assert "Traceback" not in missing.stderr
    helped = drgpay("--help")
    assert helped.returncode == 0
    assert "从病例到最后一分钱" in helped.stdout
    assert drgpay("grup").returncode == Kind.USAGE


def test_starting_brings_in_none_of_the_extras() -> None:
    code = "import sys, drgpay.cli; print([m for m in ('pandas', 'pyspark', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_golden_cases_group_as_they_are(tmp_path: Path) -> None:
    done = drgpay("group", GOLDEN, "-o", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    with GOLDEN.open(encoding="utf-8") as file:
        expected = {row["id"]: row["drg"] for row in csv.DictReader(file)}
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        found = {row["stay_id"]: row["drg"] for row in csv.DictReader(file)}
    assert found == expected
    assert "500" in done.stderr


def test_group_prints_to_the_screen_and_writes_workbook_and_parquet(tmp_path: Path) -> None:
    source = tmp_path / "病例.csv"
    source.write_text("病例号,性别,年龄,诊断,手术操作\n甲1,男,60,J18.900,\n甲2,女,30,O80.000,\n", encoding="utf-8")
    screen = drgpay("group", source)
    assert screen.returncode == 0, screen.stderr
    assert screen.stdout.splitlines()[0].startswith("stay_id,mdc,adrg,drg")
    assert "甲1,E,ES3" in screen.stdout
    for name in ("结果.xlsx", "结果.parquet"):
        assert drgpay("group", source, "-o", tmp_path / name).returncode == 0
    book = openpyxl.load_workbook(tmp_path / "结果.xlsx")
    assert book.active["A2"].value == "甲1"
    assert pl.read_parquet(tmp_path / "结果.parquet").height == 2
    bad = drgpay("group", source, "-o", tmp_path / "out.doc")
    assert bad.returncode == Kind.USAGE
    assert sorted(p.suffix for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_gb18030_with_bad_rows_gives_findings_and_goes_on(tmp_path: Path) -> None:
    source = tmp_path / "导出.csv"
    text = (
        "病例号,性别,年龄,住院天数,诊断\n一,男,60,5,J18.900\n一,男,60,5,J18.900\n三,男,六十,5,J18.900\n四,女,30,5,\n"
    )
    source.write_bytes(text.encode("gb18030"))
    done = drgpay("group", source, "-o", tmp_path / "out.csv", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "4 rows, 2 usable, 2 kept out" in done.stderr
    rows = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert [r.split(",")[0] for r in rows[1:]] == ["一", "四"]
    assert "0000" in rows[2]
    findings = (tmp_path / "out.findings.csv").read_text(encoding="utf-8-sig")
    assert "六十" not in findings.split("\n")[0]
    assert "stay_id_repeated" in findings


def test_check_writes_the_error_workbook(tmp_path: Path) -> None:
    source = tmp_path / "病例.csv"
    source.write_text("病例号,性别,年龄,诊断\n一,男,60,J18.900\n二,男,60,XYZ\n", encoding="utf-8")
    done = drgpay("check", source, "--need", "grouping")
    assert done.returncode == 0, done.stderr
    book = openpyxl.load_workbook(tmp_path / "病例.findings.xlsx")
    assert len(book.sheetnames) == 2
    missing = drgpay("check", source)
    assert missing.returncode == Kind.DATA
    assert "institution_id" in missing.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x80\x81", b"a,b,c\n1,2,3\n"])
def test_files_that_are_no_stays(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "x.csv"
    source.write_bytes(content)
    done = drgpay("group", source)
    assert done.returncode == Kind.DATA
    assert "x.csv" in done.stderr
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_words_are_usage_errors(tmp_path: Path) -> None:
    assert drgpay("group", GOLDEN, "--lang", "fr").returncode == Kind.USAGE
    assert drgpay("check", GOLDEN, "--need", "fun").returncode == Kind.USAGE
    assert drgpay("group", GOLDEN, "--scheme", "chs-drg-9").returncode == Kind.SCHEME
    assert drgpay("group", GOLDEN, "--switch", "nonsense").returncode == Kind.SCHEME
    assert drgpay("group", tmp_path / "none.csv").returncode == Kind.DATA
    assert drgpay("verify", tmp_path).returncode == Kind.DATA
    year = drgpay("run", "year", "--region", tmp_path, "--policy", "demo", "--year", 2024, "-o", tmp_path / "r")
    assert year.returncode == Kind.DATA
    lost = drgpay("run", "year", "--region", tmp_path, "--policy", "demoo", "--year", 2024, "-o", tmp_path / "r")
    assert lost.returncode in (Kind.DATA, Kind.POLICY)
    assert not (tmp_path / "r").exists()


def test_run_month_verify_and_explain(demo: Path, tmp_path: Path) -> None:
    region, run = demo / "region", tmp_path / "m"
    done = drgpay("run", "month", "--region", region, "--policy", "demo", "--year", 2024, "--month", 2, "-o", run)
    assert done.returncode == 0, done.stderr
    assert drgpay("verify", run).returncode == 0
    again = drgpay("run", "month", "--region", region, "--policy", "demo", "--year", 2024, "--month", 2, "-o", run)
    assert again.returncode == Kind.USAGE
    stay = pl.read_parquet(run / "tables" / "case_points" / "*.parquet")["stay_id"][0]
    told = drgpay("explain", run, "--stay", stay)
    assert told.returncode == 0
    assert "病例点数" in told.stdout
    assert "基期各年度及其权重" in told.stdout
    told = drgpay("explain", run, "--stay", stay, "--json")
    assert {"stay", "sections", "parameters"} == json.loads(told.stdout).keys()
    assert drgpay("explain", run, "--stay", "nobody").returncode == Kind.DATA


def test_a_changed_run_fails_verification(demo: Path, tmp_path: Path) -> None:
    import shutil

    run = shutil.copytree(demo / "run", tmp_path / "run")
    ledger = run / "ledger.jsonl"
    ledger.write_text(ledger.read_text(encoding="utf-8").replace('"amount": ', '"amount": 1', 1), encoding="utf-8")
    done = drgpay("verify", run)
    assert done.returncode == Kind.BROKEN
    assert "✗" in done.stdout


def test_report_again_in_english(demo: Path, tmp_path: Path) -> None:
    assert drgpay("report", demo / "run", "-o", tmp_path / "r.xlsx", "--lang", "en").returncode == 0
    assert drgpay("report", demo / "run", "-o", tmp_path / "r.html").returncode == 0
    assert drgpay("report", demo / "run", "-o", demo / "run" / "again.html").returncode == Kind.USAGE
    assert drgpay("report", demo / "run", "-o", tmp_path / "r.doc").returncode == Kind.USAGE
    assert "Institutions" in openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames


def test_schemes_and_policies_can_be_read() -> None:
    assert "chs-drg-1.1" in drgpay("scheme", "list").stdout
    assert "ES3" in drgpay("scheme", "show", "chs-drg-1.1", "ES31").stdout
    assert drgpay("scheme", "show", "chs-drg-1.1", "ZZZZ").returncode == Kind.USAGE
    shown = drgpay("policy", "show", "demo", "--on", "2024-06-01", "--set", "points.max_cv=0.8")
    assert "points.max_cv" in shown.stdout
    assert "《汕尾市着力“四个完善”持续深化DRG医保支付方式改革》§2" in shown.stdout
    assert (
        drgpay("policy", "show", "demo", "--on", "2024-06-01", "--set", "points.max_cv=x").returncode == Kind.POLICY
    )
    assert "points.max_cv = 0.8" in shown.stdout
    one = drgpay("policy", "show", "demo", "points.max_cv", "--on", "2024-06-01", "--lang", "en")
    assert "points.max_los" not in one.stdout
    assert drgpay("policy", "show", "demo", "nonsense", "--on", "2024-06-01").returncode == Kind.USAGE
    assert "no difference" in drgpay("policy", "diff", "demo", "demo", "--on", "2024-06-01").stdout
    assert drgpay("policy", "check", "demo", "--on", "2024-06-01").returncode == 0
    listed = drgpay("policy", "list").stdout.splitlines()
    names = [line.split()[0] for line in listed]
    assert names == ["beijing", "demo", "demo-2027", "hangzhou", "hospital-prepay", "national", "shanwei", "weihai"]
    assert [line.split()[0] for line in listed if "默认" in line] == ["national"]
    assert drgpay("--version").stdout.startswith("drgpay ")


def test_an_exported_policy_is_the_practice(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    assert drgpay("policy", "export", "demo", "-o", mine).returncode == 0
    assert "no difference" in drgpay("policy", "diff", "demo", mine, "--on", "2024-06-01").stdout
    assert drgpay("policy", "export", "demo", "-o", mine).returncode == Kind.USAGE


@pytest.mark.slow
def test_demo_can_be_repeated(demo: Path) -> None:
    before = json.loads((demo / "run" / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    assert drgpay("demo", "-o", demo, "--stays", 2000, "--lang", "en").returncode == 0
    after = json.loads((demo / "run" / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    assert {k: v for k, v in before.items() if "report" not in k} == {
        k: v for k, v in after.items() if "report" not in k
    }


def test_a_table_wider_than_the_screen_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    grid = Grid("name", "yuan")
    grid.add_row("甲" * 60, "1,234,567,890.12")
    console.out.print(grid)
    printed = capsys.readouterr().out
    assert "甲" * 60 in printed
    assert "1,234,567,890.12" in printed
    assert "…" not in printed
