"""Which format a file is: recognised, forced, told by an alias file; and the templates."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import CANONICAL, Hints, catalogue, convert, read_hints, write_template
from drgpay.tables import STAYS
from support.command import drgpay
from support.formats import DATA, brief, read, rows_of, write_csv

WESTERN = DATA / "front-page-western.csv"


def test_files_in_own_columns_stay_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,JBDM,JBDM1,XB,NL\n1,A00.000,B00.000,1,30\n", encoding="utf-8")
    stays, findings, said = read(path)
    assert said == "recognised as canonical (drgpay's own columns)"
    assert stays[0]["dx"] == ["A00.000", "B00.000"]
    assert {f["field"] for f in findings} <= set(STAYS.names)


def test_a_forced_format_is_said() -> None:
    assert read(WESTERN, format="front-page-western")[2].startswith("read as front-page-western ")


@pytest.mark.parametrize("name", ["front-page-tcm", "settlement-list"])
def test_a_wrong_format_forced_says_what_is_missing(name: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        read(WESTERN, format=name)
    text = str(caught.value)
    assert caught.value.kind is Kind.DATA
    assert f"not {name}" in text
    assert "ZYZD_JBBM" in text if name == "front-page-tcm" else "diag_code" in text
    assert "looks like front-page-western" in text


def test_a_format_that_is_none_names_the_nearest() -> None:
    with pytest.raises(DrgpayError) as caught:
        read(WESTERN, format="frontpage-western")
    assert caught.value.kind is Kind.USAGE
    assert "did you mean front-page-western" in str(caught.value)


def test_a_file_that_fits_two_formats_must_be_told(tmp_path: Path) -> None:
    row = {"BAH": "1", "JBDM": "K35.800", "A48": "1", "C03C": "K35.900"}
    path = write_csv(tmp_path / "a.csv", [row])
    with pytest.raises(DrgpayError, match="fits several formats: front-page-western, front-page-hqms"):
        read(path)
    assert read(path, format="front-page-hqms")[0][0]["dx"] == ["K35.900"]


def alias(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "alias.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_alias_file_names_own_columns_and_constants(tmp_path: Path) -> None:
    own = {"BAH": "我院病案号", "JBDM": "我院主诊断", "NL": "岁数", "BZYZSNL": "月龄"}
    rows = [{own.get(k, k): v for k, v in row.items()} for row in rows_of(WESTERN.name)]
    hints = read_hints(alias(tmp_path, """
format: front-page-western
newborn_age: months
columns:
  我院病案号: BAH
  我院主诊断: JBDM
  岁数: NL
  月龄: BZYZSNL
constants:
  institution_id: H001
"""))  # fmt: skip
    path = write_csv(tmp_path / "a.csv", rows)
    stays, findings, _ = read(path, format=hints.format, newborn_age=hints.newborn_age, columns=hints.columns)
    assert [s["dx"][0] for s in stays] == ["K35.800", "P22.000"]
    assert [s["age_days"] for s in stays] == [None, 90]
    assert (3, "NL", "column_unknown", "") not in brief(findings)
    done = convert(path, tmp_path / "out", need="grouping", hints=hints)
    assert (done.rows_in, done.rows_ok) == (2, 2)


def test_findings_name_own_columns(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"BAH": "1", "JBDM": "K35.800", "岁数": "200"}])
    _, findings, _ = read(path, columns={"岁数": "NL"})
    assert (2, "岁数", "age_bounds", "200") in brief(findings)
    plain = write_csv(tmp_path / "b.csv", [{"id": "1", "dx": "K35.800", "岁数": "200"}])
    _, findings, said = read(plain, columns={"岁数": "age"})
    assert "canonical" in said
    assert (2, "岁数", "age_bounds", "200") in brief(findings)


def test_constants_in_own_columns(tmp_path: Path) -> None:
    row = {"id": "1", "sex": "男", "dx": "K35.800"}
    stays, _, _ = read(write_csv(tmp_path / "a.csv", [row, {**row, "id": "2"}]), constants={"age": "30"})
    assert [s["age"] for s in stays] == [30, 30]


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("columns:\n  我院性别: gendr\n", 2, "nearest: gend"),
        ("columns:\n  我院性别: gendr\n", 2, "known: stay_id, person_id"),
        ("constants:\n  hospital: H1\n", 2, "known: person_id, institution_id"),
        ("constants:\n  insurance_scheme: 离休\n", 2, "use employee | resident"),
        ("constants:\n  dx: A00.000\n", 2, "unknown field"),
        ("formats: x\n", 1, "nearest: format"),
        ("format: front-page\n", 1, "unknown field"),
        ("newborn_age: weeks\n", 1, "known: days, months"),
        ("columns: 3\n", 1, "a list of"),
        ("columns:\n  a: [b]\n", 2, "one name or value"),
        ("columns:\n  a: 'b\n", 3, "not valid YAML"),
    ],
)
def test_errors_in_an_alias_file_name_the_line(tmp_path: Path, text: str, row: int, words: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        read_hints(alias(tmp_path, text))
    assert (caught.value.kind, caught.value.file, caught.value.row) == (Kind.DATA, "alias.yaml", row)
    assert words in str(caught.value)


def test_an_alias_file_may_say_nothing(tmp_path: Path) -> None:
    assert read_hints(alias(tmp_path, "# nothing yet\n")) == Hints(file="alias.yaml")


def test_an_alias_for_a_header_that_is_not_there(tmp_path: Path) -> None:
    hints = read_hints(alias(tmp_path, "columns:\n  主诊段: JBDM\n"))
    path = write_csv(tmp_path / "a.csv", [{"BAH": "1", "主诊断": "K35.800"}])
    with pytest.raises(DrgpayError) as caught:
        read(path, columns=hints.columns, file=hints.file, lines=hints.lines)
    assert (caught.value.file, caught.value.row, caught.value.value) == ("alias.yaml", 2, "主诊段")
    assert "the nearest header is 主诊断" in str(caught.value)


def test_a_constant_for_a_column_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError, match="has this column") as caught:
        read(WESTERN, constants={"sex": "男"})
    assert caught.value.field == "sex"


@pytest.mark.parametrize("name", [CANONICAL, *catalogue()])
def test_a_template_filled_in_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "template.xlsx"
    write_template(name, path)
    again = tmp_path / "again.xlsx"
    write_template(name, again)
    assert path.read_bytes() == again.read_bytes()
    book = openpyxl.load_workbook(path)
    data, fields = book.worksheets
    headers = [cell.value for cell in data[1]]
    cells = {
        CANONICAL: {"stay_id": "1", "dx": "K35.800|I10.x00", "sex": "女", "age": "40"},
        "front-page-western": {"BAH": "1", "JBDM": "K35.800", "JBDM1": "I10.x00", "XB": "2", "NL": "40"},
        "front-page-tcm": {"BAH": "1", "ZYZD_JBBM": "K35.800", "JBDM1": "I10.x00", "XB": "2", "NL": "40"},
        "front-page-shanghai": {"BAH": "1", "XY_JBDM": "K35.800", "XY_JBDM1": "I10.x00", "XB": "2", "NL": "40"},
        "front-page-hqms": {"A48": "1", "C03C": "K35.800", "C06x01C": "I10.x00", "A12C": "2", "A14": "40"},
        "front-page-named": {"病案号": "1", "主要诊断编码": "K35.800", "其他诊断编码1": "I10.x00", "性别": "2",
                             "年龄": "40"},
        "settlement-list": {"setl_id": "1", "diag_code_1": "I10.x00", "diag_code_2": "K35.800",
                            "maindiag_flag_2": "1", "gend": "2", "age": "40"},
    }[name]  # fmt: skip
    for header, cell in cells.items():
        data.cell(2, headers.index(header) + 1, cell)
    book.save(path)
    stays, findings, said = read(path)
    assert name in said
    stay = stays[0]
    assert (stay["stay_id"], stay["sex"], stay["age"], stay["dx"]) == ("1", "female", 40, ["K35.800", "I10.x00"])
    assert not [f for f in findings if f["rule"] in ("column_unknown", "column_absent")]
    explained = list(fields.iter_rows(min_row=2, values_only=True))
    assert len(explained) >= len(STAYS.names)
    assert all(line[1] and line[2] and line[3] for line in explained)


def test_the_tables_of_the_formats_are_sound() -> None:
    known = {*STAYS.names, "", "record", "times", "fee", "duration", "duration.stay", "fund.kind", "beside"}
    parts = {f"{c}.{p}" for c in ("dx", "proc") for p in ("main", "other", "code", "flag", "type", "order", "kind")}
    for form in catalogue().values():
        fees = {e.field for e in form.entries if e.use == "fee"}
        for entry in form.entries:
            assert entry.use in known | parts or entry.use.removeprefix("sum.") in STAYS.names, entry
            assert entry.part_of in fees | {""}, entry
            assert entry.zh, entry
        # a header means one field: every spelling a template may have is placed once
        headers = [header for entry in form.entries for header in entry.spelled()]
        assert len(headers) == len(set(headers)), form.id
        placed, unknown = form.place("f", headers)
        assert unknown == ()
        assert sum(len(p.places) for p in placed) == len(headers)


def test_the_command_line(tmp_path: Path) -> None:
    assert "front-page-tcm" in drgpay("formats").stdout
    out = tmp_path / "out.csv"
    done = drgpay("group", WESTERN, "-o", out, "--lang", "en", "--newborn-age", "days")
    assert done.returncode == 0, done.stderr
    assert "recognised as front-page-western" in done.stderr
    with out.open(encoding="utf-8") as file:
        assert [row["stay_id"] for row in csv.DictReader(file)] == ["00123456-2", "00123457-1"]
    wrong = drgpay("check", WESTERN, "--format", "front-page-tcm")
    assert wrong.returncode == Kind.DATA
    lacking = drgpay("check", WESTERN)
    assert (lacking.returncode, "insurance_scheme" in lacking.stderr) == (Kind.DATA, True)
    template = drgpay("check", "--template", "settlement-list", "-o", tmp_path / "t.xlsx")
    assert template.returncode == 0, template.stderr
    assert (tmp_path / "t.xlsx").exists()
    assert drgpay("check").returncode == Kind.USAGE
    assert drgpay("check", WESTERN, "--newborn-age", "weeks").returncode == Kind.USAGE
    alias(tmp_path, "constants: {institution_id: H001, insurance_scheme: 职工}\n")
    told = drgpay("check", WESTERN, "--alias", tmp_path / "alias.yaml")
    assert "fund_by_item" in told.stderr
    assert "insurance_scheme" not in told.stderr
