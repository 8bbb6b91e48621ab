"""Files in the shapes people have: titles above the header, notes before the data, web pages, codes in headers."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import Hints, capped, read_hints, read_stays, workbooks
from support.command import drgpay
from support.stay_files import read, rules, write

NAMED = (
    "病案号,住院次数,姓名,性别,年龄,出院主要诊断编码,出院主要诊断,其他诊断编码1,其他诊断名称1,主要手术编码,主要手术名称,"
    "其他手术编码1,入院日期,出院日期,住院天数,出院科室,总费用（元）,自付金额\n"
    "1,1,张,男,55,J44.000,x,J96.000,y,96.7201,z,,2024-03-01,2024-03-08,7,呼吸科,1000,200\n"
)


def sheets(path: Path, **content: list[list[Any]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in content.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


DATA = [["病例号", "性别", "年龄", "诊断编码", "手术操作编码"], ["1", "男", 67, "I21.900|I50.900", "36.0700"]]


# ---- no other code takes the principal place


@pytest.mark.parametrize(
    ("header", "likely"),
    [
        ("id,其他诊断代码1,其他诊断代码2", ""),
        ("id,other_diag_code_1,sex", ""),
        ("id,dx2,dx3", ""),
        ("id,其他诊断编码1,出院主诊断ICD", "出院主诊断ICD"),
        ("id,入院诊断,其他诊断编码1", "入院诊断"),
        ("id,diagnosis_main,other_diag_code_1", "diagnosis_main"),
        ("A48,C06x01C,C03", ""),
        ("id,诊断编码,其他诊断编码1", "诊断编码"),
        ("其他诊断编码1,id,诊断", "诊断"),
        ("setl_id,diag_code_2,diag_code_3", ""),
    ],
)
def test_other_diagnoses_alone_are_refused(tmp_path: Path, header: str, likely: str) -> None:
    path = write(tmp_path / "a.csv", f"{header}\n1,I21.001,I50.001\n")
    with pytest.raises(DrgpayError) as failure:
        read_stays(path)
    words = failure.value
    assert "principal" in words.en or "dx" in words.en
    assert likely in f"{words.fix_zh}{words.value}"
    assert not likely or f"{{{likely}: dx1}}" in words.fix_en


@pytest.mark.parametrize(
    "header",
    ["dx,proc2", "dx,其他手术编码1", "dx,other_procedure_code_1", "A48,C03C,C35x01C", "BAH,JBDM,SSJCZBM2",
     "病案号,主要诊断编码,其他手术操作编码1", "setl_id,diag_code_1,oprn_oprt_code_2"],
)  # fmt: skip
def test_other_procedures_alone_are_refused(tmp_path: Path, header: str) -> None:
    cells = ",".join(["I21.001"] * (header.count(",") + 1))
    with pytest.raises(DrgpayError, match="no column of the principal procedure"):
        read_stays(write(tmp_path / "a.csv", f"{header}\n{cells}\n"))


def test_an_unknown_principal_header_is_proposed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,出院诊断(主),性别\n1,I21.001,1\n")
    with pytest.raises(DrgpayError, match="出院诊断\\(主\\)” looks most like it"):
        read_stays(path)


@pytest.mark.parametrize("dx", ["|O82.000", "-|I21.001|I50.001", "无、I21.001", "NULL;I21.001", " ，I21.001"])
def test_a_blank_principal_place_stays_blank(tmp_path: Path, dx: str) -> None:
    stays, findings, _ = read(write(tmp_path / "a.csv", f'id,dx,sex\n1,"{dx}",男\n'))
    assert stays[0]["dx"] is None
    assert (2, "dx", "dx_missing", "") in rules(findings)


@pytest.mark.parametrize(
    ("text", "proc"),
    [
        ("dx,proc\nA,|74.1x01\n", [None, "74.1x01"]),
        ("dx,proc\nA,-|\n", None),
        ("dx,proc1,proc2\nA,无,74.1x01\n", [None, "74.1x01"]),
        ("BAH,JBDM,SSJCZBM1,SSJCZBM2\n1,A,,74.1x01\n", [None, "74.1x01"]),
        ("A48,C03C,C14x01C,C35x01C\n1,A,-,-\n", None),
    ],
)
def test_a_blank_principal_procedure_keeps_its_place(tmp_path: Path, text: str, proc: list[str | None]) -> None:
    stays, findings, _ = read(write(tmp_path / "a.csv", text))
    assert stays[0]["proc"] == proc
    assert ("principal_procedure_blank" in {f["rule"] for f in findings}) == (proc is not None)


@pytest.mark.parametrize(
    ("first", "second", "dx"),
    [
        ('"", "maindiag_flag": "1"', '"I21.001", "maindiag_flag": "0"', None),
        ('""', '"I21.001"', None),
        ('null, "maindiag_flag": "0"', '"I21.001", "maindiag_flag": "0"', None),
        ('"", "maindiag_flag": "0"', '"I21.001", "maindiag_flag": "1"', ["I21.001"]),
        ('"", "diag_srt_no": "2"', '"I21.001", "diag_srt_no": "1"', ["I21.001"]),
        ('"", "diag_type": "2"', '"I21.001", "diag_type": "1"', ["I21.001"]),
    ],
)
def test_lists_of_json_keep_a_blank_place(tmp_path: Path, first: str, second: str, dx: list[str] | None) -> None:
    nodes = f'[{{"diag_code": {first}}}, {{"diag_code": {second}}}]'
    stays, _, _ = read(write(tmp_path / "a.json", f'{{"setlinfo": {{"setl_id": "1"}}, "diseinfo": {nodes}}}'))
    assert stays[0]["dx"] == dx


def test_a_flattened_list_keeps_a_blank_place(tmp_path: Path) -> None:
    text = "setl_id,diag_code_1,diag_code_2,oprn_oprt_code_1,oprn_oprt_code_2\n1,,I21.001,,36.07\n2,I21.001,,36.07,\n"
    stays, _, _ = read(write(tmp_path / "a.csv", text))
    assert [(s["dx"], s["proc"]) for s in stays] == [(None, [None, "36.07"]), (["I21.001"], ["36.07"])]


# ---- headers as people write them


def test_a_front_page_with_chinese_headers(tmp_path: Path) -> None:
    stays, findings, _ = read(write(tmp_path / "a.csv", NAMED))
    stay = stays[0]
    assert (stay["stay_id"], stay["sex"], stay["age"], stay["los"]) == ("1-1", "male", 55, 7)
    assert (stay["dx"], stay["proc"]) == (["J44.000", "J96.000"], ["96.7201"])
    assert not [f for f in findings if f["rule"] == "column_unknown"]


def test_codes_and_units_in_brackets(tmp_path: Path) -> None:
    text = (
        "病案号（A48）,住院次数（A49）,性别（A12C）,年龄（岁）（A14）,实际住院（天）（B20）,离院方式（B34C）,"
        "出院主要诊断编码（C03C）,出院其他诊断编码1（C06x01C）,主要手术操作编码（C14x01C）,其他手术操作编码1（C35x01C）\n"
        "1001,1,1,67,5,1,I21.900,I50.900x018,36.0700x004,-\n"
    )
    hqms, _, _ = read(write(tmp_path / "a.csv", text))
    plain = text.split("\n")
    named = plain[0]
    for code in ("A48", "A49", "A12C", "A14", "B20", "B34C", "C03C", "C06x01C", "C14x01C", "C35x01C"):
        named = named.replace(f"（{code}）", "")
    chinese, _, _ = read(write(tmp_path / "b.csv", f"{named}\n{plain[1]}\n"))
    expected = {"stay_id": "1001-1", "sex": "male", "age": 67, "los": 5, "discharge_way": 1,
                "dx": ["I21.900", "I50.900x018"], "proc": ["36.0700x004"]}  # fmt: skip
    for stays in (hqms, chinese):
        assert {name: stays[0][name] for name in expected} == expected


@pytest.mark.parametrize(
    ("header", "column", "value"),
    [("年龄（岁）", "age", 3), ("年龄(天)", "age", None), ("年龄（月）", "age", None), ("住院天数(天)", "los", 3),
     ("住院天数[天]", "los", 3), ("*住院天数", "los", 3), ("住院天数（必填）", "los", 3),
     ("住院天数(小时)", "los", None),
     ("日龄(天)", "age_days", 3), ("出生体重(千克)", "birth_weight", None)],
)  # fmt: skip
def test_a_unit_is_taken_only_where_it_is_the_columns(
    tmp_path: Path, header: str, column: str, value: object
) -> None:
    stays, _, _ = read(write(tmp_path / "a.csv", f"dx,{header}\nI21.900,3\n"))
    assert stays[0][column] == value


def test_an_alias_file_leads_to_numbered_columns(tmp_path: Path) -> None:
    alias = write(
        tmp_path / "al.yaml",
        "columns:\n  病案号: stay_id\n  出院主要诊断编码: dx1\n  其他诊断编码1: dx2\n"
        "  主要手术编码: proc1\n  其他手术编码1: proc2\n",
    )
    stays, _, _ = read(write(tmp_path / "a.csv", NAMED), hints=read_hints(alias))
    assert (stays[0]["stay_id"], stays[0]["dx"], stays[0]["proc"]) == ("1", ["J44.000", "J96.000"], ["96.7201"])


# ---- where the table is


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_titles_separators_and_encodings(tmp_path: Path, separator: str, encoding: str) -> None:
    title = f"某某医院2024年3月首页{separator * 2}\n\n"
    text = title + "病例号,性别,诊断编码\n1,男,I21.900、I50.900\n合计,,\n".replace(",", separator)
    stays, findings, rows = read(write(tmp_path / "a.txt", text, encoding))
    assert [(s["stay_id"], s["sex"], s["dx"]) for s in stays] == [("1", "male", ["I21.900", "I50.900"])]
    assert rows == 2
    assert [f["row"] for f in findings if f["rule"] == "total_row"] == [5]


def test_the_line_of_a_finding_counts_the_titles(tmp_path: Path) -> None:
    text = 'title\n"two\nlines",\nid,dx\n1,I21.900\n2,\n3,I21.900,\n'
    _, findings, _ = read(write(tmp_path / "a.csv", text))
    assert {f["row"] for f in findings if f["rule"] in ("dx_missing", "cells")} == {6, 7}


def test_the_sheet_with_the_data_is_found(tmp_path: Path) -> None:
    notes = [["说明"], ["本表由系统导出"], ["性别", "1 男 2 女"]]
    path = sheets(tmp_path / "a.xlsx", 说明=notes, 数据=[["某某医院"], [], *DATA])
    stays, _, _ = read(path)
    assert [s["stay_id"] for s in stays] == ["1"]
    assert [s["stay_id"] for s in read(path, hints=Hints(sheet="2"))[0]] == ["1"]
    with pytest.raises(DrgpayError, match="the sheets are 说明, 数据"):
        read_stays(path, hints=Hints(sheet="Sheet3"))
    with pytest.raises(DrgpayError, match="required columns are missing"):
        read_stays(path, hints=Hints(sheet="说明"))


def test_a_header_row_that_is_said(tmp_path: Path) -> None:
    text = "id,dx,sex\n诊断人,诊断,性别\n1,I21.900,1\n"
    path = write(tmp_path / "a.csv", text)
    assert [s["stay_id"] for s in read(path, hints=Hints(header_row=2))[0]] == ["3"]
    with pytest.raises(DrgpayError, match="line 1 looks like one: --header-row 1"):
        read_stays(path, hints=Hints(header_row=40))


def test_a_title_above_unknown_headers_is_no_header(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "某某医院,,,\n甲,乙,出院诊断,丙\n1,2,3,4\n")
    with pytest.raises(DrgpayError, match="出院诊断"):
        read_stays(path)


def test_total_rows_of_workbooks(tmp_path: Path) -> None:
    header = ["A01", "A48", "A49", "C03C", "A12C", "A14"]
    rows = [["", "1", 1, "J18.900", 1, 55], ["", "2", 1, "J18.900", 1, 55], ["", "合 计：", "", "", "", 110]]
    stays, findings, n = read(sheets(tmp_path / "a.xlsx", one=[header, *rows]))
    assert (n, [s["stay_id"] for s in stays]) == (3, ["1-1", "2-1"])
    assert [f["row"] for f in findings if f["rule"] == "total_row"] == [4]


PAGE = (
    '<html><head><meta charset="utf-8"></head><body><table><tr><td colspan=3>某某医院</td></tr></table>'
    "<table border=1><tr><td>病例号<td>性别<td>诊断编码</tr><tr><td>1</td><td>男</td><td>I21.900|I50.900</td></tr>"
    "<tr><td>2</td><td>&#22899;</td><td>O82.000<br></td></tr></table></body></html>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_web_page_called_xls(tmp_path: Path, encoding: str) -> None:
    stays, _, _ = read(write(tmp_path / "a.xls", PAGE, encoding))
    assert [(s["stay_id"], s["sex"], s["dx"]) for s in stays] == [
        ("1", "male", ["I21.900", "I50.900"]), ("2", "female", ["O82.000"]),
    ]  # fmt: skip


def test_text_called_xls(tmp_path: Path) -> None:
    stays, _, _ = read(write(tmp_path / "a.xls", "病例号\t诊断编码\n1\tI21.900\n", "gb18030"))
    assert stays[0]["dx"] == ["I21.900"]


# ---- what spreadsheets do to cells


def test_text_marks_of_spreadsheets_are_taken_off(tmp_path: Path) -> None:
    text = (
        'id,sex,dx,proc\n="0012346",2,="J18.900",="38.95"\n\'0012347,1,\'I10.x00x002,\n"=""0012348""",2,"=""O82""",\n'
    )
    book = [["id", "sex", "dx"], ['="0012346"', 2, "'J18.900"]]
    stays, _, _ = read(write(tmp_path / "a.csv", text))
    assert [(s["stay_id"], s["dx"]) for s in stays] == [
        ("0012346", ["J18.900"]), ("0012347", ["I10.x00x002"]), ("0012348", ["O82"]),
    ]  # fmt: skip
    with xlsxwriter.Workbook(tmp_path / "b.xlsx", {"strings_to_formulas": False}) as out:
        sheet = out.add_worksheet()
        for at, row in enumerate(book):
            sheet.write_row(at, 0, row)
    stays, _, _ = read(tmp_path / "b.xlsx")
    assert [(s["stay_id"], s["dx"]) for s in stays] == [("0012346", ["J18.900"])]


def test_numbers_of_too_many_digits_never_get_digits_nobody_wrote(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    ids = [
        440301202401011234,
        123456789012345,
        1234567890123456,
        1234567890123450,
        "440301202401011234",
        "44030120240101123X",
    ]
    for row in (["id", "dx"], *([one, "J18.900"] for one in ids)):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    stays, _, _ = read(tmp_path / "a.xlsx")
    assert [s["stay_id"] for s in stays] == [
        "4.40301202401011E+17", "123456789012345", "1234567890123456", "1.23456789012345E+15",
        "440301202401011234", "44030120240101123X",
    ]  # fmt: skip


# ---- several files at once


def test_several_files_and_folders_at_once(tmp_path: Path) -> None:
    month = tmp_path / "month"
    (month / "sub").mkdir(parents=True)
    write(month / "a.csv", "id,dx\n1,I21.900\n")
    write(month / "sub" / "a.json", '{"setlinfo": {"setl_id": "7"}, "diseinfo": [{"diag_code": "J18.900"}]}')
    write(month / "note.pdf", "x")
    write(month / "a.findings.csv", "id,dx\n9,A\n")
    one = write(tmp_path / "b.tsv", "id\tdx\n2\tO82.000\n")
    done = drgpay("group", month, one, one, "--lang", "en")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("file,stay_id,")
    assert [line.split(",")[:2] for line in done.stdout.splitlines()[1:]] == [
        ["a.csv", "1"],
        ["sub/a.json", "7"],
        ["b.tsv", "2"],
    ]
    assert "not read (1): note.pdf" in done.stderr
    checked = drgpay("check", month, "--need", "grouping", "--findings", tmp_path / "f.csv")
    assert checked.returncode == 0
    assert "sub/a.json" in (tmp_path / "f.csv").read_text(encoding="utf-8")


def test_a_folder_without_stays(tmp_path: Path) -> None:
    write(tmp_path / "note.pdf", "x")
    done = drgpay("group", tmp_path)
    assert done.returncode == 3
    assert "没有病例文件" in done.stderr


def test_options_of_sheet_and_header_row(tmp_path: Path) -> None:
    path = sheets(tmp_path / "a.xlsx", one=DATA, two=[["x"], *DATA, ["2", "女", 40, "O82.000", ""]])
    done = drgpay("group", path, "--sheet", "two", "--header-row", 2)
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["stay_id", "1", "2"]


# ---- junk


@pytest.mark.parametrize("chunk_rows", [7, 1000])
def test_findings_of_one_kind_are_listed_up_to_a_point_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_rows: int
) -> None:
    monkeypatch.setattr(capped, "LISTED", 10)
    rows = "".join(f"{n},{'A00.000' if n % 3 else ''},x\n" for n in range(1, 100))
    _, findings, read_rows = read(write(tmp_path / "a.csv", f"id,dx,age\n{rows}"), chunk_rows=chunk_rows)
    assert read_rows == 99
    ages = [f for f in findings if f["rule"] == "unreadable"]
    missing = [f for f in findings if f["rule"] == "dx_missing"]
    assert [f["row"] for f in ages] == [0, *range(2, 12)]
    assert (ages[0]["value"], missing[0]["value"]) == ("89", "23")
    assert "89 more of this kind" in ages[0]["en"]
    assert "另有 23 处" in missing[0]["zh"]


def test_a_parquet_of_small_row_groups_is_not_damaged(tmp_path: Path) -> None:
    codes = pa.list_(pa.dictionary(pa.int32(), pa.string()))
    table = pa.table({
        "id": [str(n) for n in range(100)],
        "dx": pa.array([[f"A{n:02}.000", "B00.000"] for n in range(100)], codes),
        "sex": pa.array(["male", "female"] * 50).dictionary_encode(),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=3)
    for chunk_rows in (7, 1000):
        stays, _, _ = read(tmp_path / "a.parquet", chunk_rows=chunk_rows)
        assert [s["dx"] for s in stays] == [[f"A{n:02}.000", "B00.000"] for n in range(100)]


@pytest.mark.parametrize(
    ("dx", "words"),
    [
        (pa.array([{"a": 1}]), "type struct"),
        (pa.array([b"\xff\xfe"]), "not UTF-8"),
        (pa.array([[1, 2]]), "type list"),
        (pa.array([5], pa.duration("s")), "type duration"),
        (pa.array([2**64 - 1], pa.uint64()), "beyond 64 bits"),
        (pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")), "not UTF-8"),
    ],
)
def test_columns_of_other_types_in_a_parquet(tmp_path: Path, dx: Any, words: str) -> None:
    pq.write_table(pa.table({"id": ["1"], "dx": dx}), tmp_path / "a.parquet")
    with pytest.raises(DrgpayError, match=words):
        list(read_stays(tmp_path / "a.parquet"))


# ---- broken on purpose


def dbf(fields: list[tuple[bytes, bytes, int]], rows: bytes, width: int | None = None) -> bytes:
    head = bytearray(32)
    head[0], head[4:8] = 3, (1).to_bytes(4, "little")
    head[8:10] = (33 + 32 * len(fields)).to_bytes(2, "little")
    head[10:12] = (1 + sum(f[2] for f in fields) if width is None else width).to_bytes(2, "little")
    about = b"".join(n.ljust(11, b"\0") + k + b"\0" * 4 + bytes([w]) + b"\0" * 15 for n, k, w in fields)
    return bytes(head) + about + b"\r" + rows


BROKEN = {
    "short.dbf": b"\3" * 10,
    "zero.dbf": b"\0" * 64,
    "no_width.dbf": dbf([(b"id", b"C", 0), (b"dx", b"C", 0)], b" " * 9),
    "name.dbf": dbf([(b"\xff\xff", b"C", 1), (b"dx", b"C", 3)], b" 1A00"),
    "kind.dbf": dbf([(b"id", b"C", 1), (b"dx", b"\xff", 3)], b" 1A00"),
    "text.dbf": dbf([(b"id", b"C", 1), (b"dx", b"C", 3)], b" 1\xff\xff\xff"),
    "deep.json": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "arrays.json": b"[" * 100_000 + b"]" * 100_000,
    "number.json": b"12345",
    "cut.json": b'{"setlinfo": {"setl_id": "1"',
    "garbage.xlsx": b"PK\3\4" + bytes(range(256)) * 20,
    "garbage.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 20,
    "book2003.xls": b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
    "no_table.xls": b"<html><body>x</body></html>",
    "zeros.csv": b"\0" * 5000,
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "wide_header.csv": b"id,dx," + b"A" * (2 << 20) + b"\n1,A,B\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_end_in_a_named_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BROKEN[name])
    with pytest.raises(DrgpayError) as failure:
        list(read_stays(tmp_path / name))
    assert failure.value.kind is Kind.DATA
    assert failure.value.file == name


def test_half_characters_in_json_are_made_visible(tmp_path: Path) -> None:
    codes = '[{"diag_code": "A\\udfff"}, {"diag_code": "\\ud83d\\ude00"}]'
    text = f'{{"setlinfo": {{"setl_id": "\\ud800"}}, "diseinfo": {codes}}}'
    stays, _, _ = read(write(tmp_path / "a.json", text))
    assert (stays[0]["stay_id"], stays[0]["dx"]) == ("\ufffd", ["A\ufffd", "\U0001f600"])


def changed(path: Path, change: Any) -> Path:
    """A small workbook with its sheet changed as bytes."""
    sheets(path.with_name("whole.xlsx"), one=DATA)
    with (
        zipfile.ZipFile(path.with_name("whole.xlsx")) as whole,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for part in whole.namelist():
            content = whole.read(part)
            out.writestr(part, change(content) if part.endswith("sheet1.xml") else content)
    return path


@pytest.mark.parametrize("reference", ["A0", "1A", "ZZZZZZZ99", "A99999999999", "", "A-1", "@1", "XFD1048576"])
def test_a_workbook_with_a_wrong_reference(tmp_path: Path, reference: str) -> None:
    path = changed(tmp_path / "a.xlsx", lambda sheet: sheet.replace(b'r="A2"', f'r="{reference}"'.encode()))
    with pytest.raises(DrgpayError, match=r"nearly empty|not a readable Excel"):
        list(read_stays(path))


def test_a_workbook_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_BOMB", (1 << 20, 200))
    path = changed(
        tmp_path / "a.xlsx", lambda sheet: sheet.replace(b"</sheetData>", b" " * (4 << 20) + b"</sheetData>")
    )
    with pytest.raises(DrgpayError, match="unpacks to more than can be read"):
        read_stays(path)


def test_a_panic_of_the_reader_is_a_named_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        """As the reader's machine code ends when it fails."""

    def panics(path: Path) -> None:
        raise Panic

    monkeypatch.setattr(workbooks.fastexcel, "read_excel", panics)
    with pytest.raises(DrgpayError, match="not a readable Excel"):
        read_stays(sheets(tmp_path / "a.xlsx", one=DATA))


@pytest.mark.parametrize("name", ["a.xls", "a.csv", "a.txt", "a.xlsm"])
def test_a_workbook_under_another_name(tmp_path: Path, name: str) -> None:
    path = sheets(tmp_path / "b.xlsx", one=DATA).rename(tmp_path / name)
    assert read(path)[0][0]["dx"] == ["I21.900", "I50.900"]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_other_files_under_other_names(tmp_path: Path, name: str) -> None:
    assert len(read(write(tmp_path / name, PAGE))[0]) == 2
    pq.write_table(pa.table({"id": ["1"], "dx": ["A"]}), tmp_path / name)
    assert read(tmp_path / name)[0][0]["dx"] == ["A"]


def test_a_blank_principal_procedure_stays_through_the_crosswalk_and_the_grouping(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,dx,proc,sex,age\n1,O82.000,|74.1x01,女,30\n2,O82.000,74.1x01,女,30\n")
    groups = [drgpay("group", path, *codes).stdout.splitlines() for codes in ([], ["--codes", "clinical"])]
    for lines in groups:
        assert [line.split(",")[2] for line in lines[1:]] == ["OZ1", "OB1"]
