"""What ``drgpay group`` writes: reasons, chosen and kept columns, Chinese headers; and what ``scheme show`` says."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from drgpay import Grouper
from drgpay.errors import Kind
from support.command import drgpay

LIST = """病例号,姓名,性别,年龄,诊断,手术操作
甲1,张三,女,30,O80.000|Z37.000,73.5900
甲2,李四,男,60,I10.x00x002|E11.200,
甲3,王五,男,60,J96.900,
甲4,赵六,男,,N40.x00|,
甲5,钱七,,50,N40.x00,
"""
FRONT = "BAH,XB,NL,JBDM,JBDM1,备注\nF1,1,60,J18.900,I10.x00x002,=1+1\nF2,2,30,O80.000,Z37.000,好\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "病例.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_every_stay_says_why_it_has_no_group(source: Path, tmp_path: Path) -> None:
    for lang, words in (
        ("zh", ["大类 O 中没有符合的病组", "", "没有大类收主要诊断 J96.900", "", "缺少性别"]),
        ("en", ["no group of MDC O holds", "", "no MDC takes the principal diagnosis J96.900", "", "not given: sex"]),
    ):
        done = drgpay("group", source, "-o", tmp_path / f"{lang}.csv", "--lang", lang)
        assert done.returncode == 0, done.stderr
        found = rows(tmp_path / f"{lang}.csv")
        assert [row["reason"] for row in found] == words
        assert all((row["status"] == "grouped") == (row["reason"] == "") for row in found)
        assert "--switch errata" in done.stderr
    told = {(row["row"], row["rule"]) for row in rows(tmp_path / "zh.findings.csv")}
    assert {("2", "scheme_erratum"), ("2", "not_grouped"), ("2", "dx_other_gray"), ("2", "proc_gray"),
            ("3", "dx_other_gray"), ("4", "not_grouped"), ("6", "not_grouped")} <= told  # fmt: skip
    assert ("3", "not_grouped") not in told
    mended = drgpay("group", source, "--switch", "errata")
    assert "甲1,O,OR1,OR19" in mended.stdout
    assert "--switch errata" not in mended.stderr


def test_columns_are_chosen_in_either_language(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    wanted = "病例号,drg,病组名称,reason_code,入组状态,errata_drg，row"
    assert drgpay("group", source, "-o", out, "--columns", wanted).returncode == 0
    first, second = rows(out)[:2]
    assert list(first.values()) == ["甲1", "0000", "", "no_group", "未入组", "OR19", "2"]
    assert list(first) == ["病例号", "drg", "病组名称", "reason_code", "入组状态", "errata_drg", "row"]
    assert (second["drg"], second["入组状态"]) == ("FV23", "已入组")
    assert drgpay("group", source, "-o", tmp_path / "zh.xlsx", "--headers", "zh").returncode == 0
    sheet = openpyxl.load_workbook(tmp_path / "zh.xlsx").active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]][-3:] == ["并发症程度", "入组状态", "未入组原因"]
    wrong = drgpay("group", source, "--columns", "drgg")
    assert (wrong.returncode, "drg" in wrong.stderr) == (Kind.USAGE, True)
    assert drgpay("group", source, "--headers", "fr").returncode == Kind.USAGE


def test_columns_of_the_input_are_kept_as_they_are(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert drgpay("group", source, "-o", out, "--keep", "all", "--columns", "drg").returncode == 0
    assert [list(row.values()) for row in rows(out)][1] == [
        "甲2",
        "李四",
        "男",
        "60",
        "I10.x00x002|E11.200",
        "",
        "FV23",
    ]
    assert drgpay("group", source, "-o", out, "--replace", "--keep", "姓名, 病例号").returncode == 0
    assert list(rows(out)[0])[:3] == ["姓名", "病例号", "stay_id"]
    lost = drgpay("group", source, "--keep", "姓明")
    assert (lost.returncode, "姓名" in lost.stderr) == (Kind.USAGE, True)
    front = tmp_path / "front.csv"
    front.write_text(FRONT, encoding="utf-8")
    assert drgpay("group", front, "-o", tmp_path / "f.parquet", "--keep", "备注,JBDM").returncode == 0
    table = pl.read_parquet(tmp_path / "f.parquet")
    assert table.select("备注", "JBDM", "drg").rows() == [("=1+1", "J18.900", "ES35"), ("好", "O80.000", "0000")]


def test_a_column_of_the_input_with_the_name_of_a_result_is_told_apart(tmp_path: Path) -> None:
    source = tmp_path / "s.parquet"
    pl.DataFrame({"id": ["a", "b"], "dx": [["J18.900"], ["?"]], "drg": ["X", None]}).write_parquet(source)
    out = tmp_path / "out.csv"
    assert drgpay("group", source, "-o", out, "--keep", "*", "--columns", "drg,row").returncode == 0
    assert list(rows(out)[0].items()) == [
        ("id", "a"), ("dx", "J18.900"), ("drg_in", "X"), ("drg", "ES35"), ("row", "1"),
    ]  # fmt: skip


def test_kept_columns_follow_the_rows_that_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "s.csv"
    source.write_text("id,sex,dx,note\n1,女,J18.900,a\n2,q,J18.900,b\n3,男,J18.900,c\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    assert drgpay("group", source, "-o", out, "--keep", "note", "--columns", "stay_id").returncode == 0
    assert rows(out) == [{"note": "a", "stay_id": "1"}, {"note": "c", "stay_id": "3"}]


def test_no_usable_row_is_an_error_that_names_the_commonest_finding(tmp_path: Path) -> None:
    source = tmp_path / "s.csv"
    source.write_text("id,sex,dx\n1,q,J18.900\n2,w,J18.900\n", encoding="utf-8")
    done = drgpay("group", source, "-o", tmp_path / "out.csv")
    assert done.returncode == Kind.DATA
    assert "not_listed" in done.stderr
    assert not (tmp_path / "out.csv").exists()
    assert (tmp_path / "out.findings.csv").exists()
    source.write_text("id,sex,dx\n", encoding="utf-8")
    assert drgpay("group", source).returncode == Kind.DATA
    for command in (("scheme", "diff", "chs-drg-1.1", "chs-drg-1.0", "--stays", source),):
        assert drgpay(*command).returncode == Kind.DATA


def test_the_program_and_the_command_say_the_same(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    names = ("mdc", "adrg", "drg", "severity", "status", "reason", "reason_code")
    assert drgpay("group", source, "-o", out, "--columns", ",".join(names)).returncode == 0
    table = pl.read_csv(source, infer_schema=False).with_columns(pl.col("年龄").cast(pl.Int64))
    got = Grouper().group(table).select(pl.col(names).fill_null("")).to_dicts()
    assert [dict(row) for row in rows(out)] == got


def test_scheme_show_says_how_a_scheme_is_read() -> None:
    shown = drgpay("scheme", "show", "chs-drg-1.1").stdout
    for part in (
        "印本与读法:",
        "--switch errata: 采用方案勘误",
        "勘误 164 处(未采用,照印本)",
        "18 个 ADRG 有 254 个编码",
    ):
        assert part in shown
    assert "勘误 164 处(已采用)" in drgpay("scheme", "show", "chs-drg-1.1+errata").stdout
    english = drgpay("scheme", "show", "chs-drg-2.0", "--lang", "en").stdout
    for part in ("what the document prints", "errata: 5 (not applied, as printed)", "6 ADRG have 22 codes"):
        assert part in english
    assert "T20.300x012" not in shown
    assert "T20.300x012" in drgpay("scheme", "show", "chs-drg-1.1", "--unreached").stdout
    assert "36.0700 列入 FM1 的编码表" in drgpay("scheme", "show", "chs-drg-1.1", "FM1").stdout
    assert drgpay("scheme", "show", "../../x").returncode == Kind.SCHEME


def test_explain_says_the_reason_the_erratum_and_the_anomalies() -> None:
    shown = drgpay("explain", "--dx", "O80.000|Z37.000", "--sex", "2", "--age", 30).stdout
    for part in (
        "原因: 大类 O 中没有符合的病组",
        "方案勘误: 照印本入 0000 未入组，照勘误入 OR19",
        "■ 方案印本与读法",
    ):
        assert part in shown
    english = drgpay("explain", "--dx", "|I21.001", "--lang", "en").stdout
    assert "why: there is no principal diagnosis" in english
    assert english.startswith("0000")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[1]", b'{"dx": 5}', b'{"dx": ["\\ud800"]}', b"[" * 100_000, b""])
def test_json_that_is_no_stay(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.json").write_bytes(content)
    done = drgpay("explain", tmp_path / "s.json")
    assert (done.returncode, "Traceback" in done.stderr) == (Kind.DATA, False)
