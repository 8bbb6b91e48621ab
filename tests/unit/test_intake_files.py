"""Files that cannot be read, and files brought into canonical Parquet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import convert, parts, read_stays, textfiles
from drgpay.tables import STAYS
from support.stay_files import STAY, excel, many_stays, read, table_text, write


def bad_file(tmp_path: Path, kind: str) -> Path:
    if kind == "folder":
        return tmp_path
    if kind == "truncated.parquet":
        pq.write_table(pa.table({"dx": ["A00.000"] * 1000}), tmp_path / "whole.parquet")
        (tmp_path / kind).write_bytes((tmp_path / "whole.parquet").read_bytes()[:-20])
    content = {
        "encoding.csv": b"id,dx\n1,A00.000\n\x80\xff\xff\n",
        "utf16.csv": b"\xff\xfei\x00d\x00\x00\xd8\n\x00",
        "empty.csv": b"",
        "header.csv": b"id,dx\n",
        "header_only_no_break.csv": b"id,dx",
        "blank_rows.csv": b"id,dx\n,\n\n",
        "no_header.csv": b"\n,\n\n",
        "quotes.csv": b'id,dx\n1,"A00.000\n2,A00.000\n',
        "quotes_ragged.csv": b'id,dx\n1,A00.000\n"2,A00.000\n3,A00.000\n',
        "text.xlsx": b"PK\x03\x04id,dx\n1,A00.000\n",
        "text.parquet": b"id,dx\n1,A00.000\n",
        "stays.doc": b"id,dx\n1,A00.000\n",
    }
    if kind in content:
        (tmp_path / kind).write_bytes(content[kind])
    return tmp_path / kind


@pytest.mark.parametrize(
    ("kind", "zh", "en"),
    [
        ("folder", "这是文件夹", "a folder, not a file"),
        ("missing.csv", "找不到文件", "no such file"),
        ("encoding.csv", "第 17 字节起不符", "neither UTF-8 .wrong from byte 17. nor GB18030 .wrong from byte 17."),
        ("utf16.csv", "第 7 字节起不符", "UTF-16, but wrong from byte"),
        ("empty.csv", "文件是空的", "the file is empty"),
        ("header.csv", "只有表头", "a header and no rows"),
        ("header_only_no_break.csv", "只有表头", "a header and no rows"),
        ("blank_rows.csv", "只有表头", "a header and no rows"),
        ("no_header.csv", "没有表头", "there is no header"),
        ("quotes.csv", "引号", "a quotation mark without its pair"),
        ("quotes_ragged.csv", "引号", "a quotation mark without its pair"),
        ("text.xlsx", "不是可读的 Excel", "not a readable Excel file"),
        ("text.parquet", "不完整或已损坏", "truncated or damaged"),
        ("truncated.parquet", "不完整或已损坏", "truncated or damaged"),
        ("stays.doc", "不认识的文件类型 .doc", "unknown kind of file .doc"),
    ],
)
def test_bad_files_say_what_to_do(tmp_path: Path, kind: str, zh: str, en: str) -> None:
    path = bad_file(tmp_path, kind)
    with pytest.raises(DrgpayError, match=en) as caught:
        list(read_stays(path))
    assert caught.value.kind is Kind.DATA
    assert zh in caught.value.zh
    assert caught.value.fix_zh
    assert caught.value.file == path.name


def test_an_excel_without_cells(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError, match="the sheet is empty"):
        read_stays(excel(tmp_path / "a.xlsx", []))


def test_a_parquet_damaged_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"dx": [f"A{i}" for i in range(5000)]}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[40:4000] = b"\0" * 3960
    path.write_bytes(content)
    with pytest.raises(DrgpayError, match="truncated or damaged"):
        list(read_stays(path))


def test_convert_writes_canonical_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP", 4)
    monkeypatch.setattr(parts, "PART_ROWS", 8)
    path = write(tmp_path / "month.csv", table_text(many_stays()))
    folder = tmp_path / "out"
    folder.mkdir()
    stale = folder / "month-00009.parquet"
    other = folder / "month-2-00000.parquet"
    stale.touch()
    other.touch()
    done = convert(path, folder, chunk_rows=3)
    assert (done.rows_in, done.rows_ok, done.findings.num_rows) == (20, 17, 5)
    assert sorted(p.name for p in folder.iterdir()) == [
        "month-00000.parquet",
        "month-00001.parquet",
        "month-00002.parquet",
        other.name,
    ]
    assert [pq.ParquetFile(p).metadata.num_row_groups for p in done.parts] == [2, 2, 1]
    table = pa.concat_tables([pq.read_table(p) for p in done.parts])
    assert table.schema.equals(STAYS.schema)
    STAYS.check(table)
    assert table.to_pylist() == read(path, need="settlement")[0]
    first = [p.read_bytes() for p in done.parts]
    assert [p.read_bytes() for p in convert(path, folder).parts] == first


def test_a_failed_conversion_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP", 1)
    monkeypatch.setattr(textfiles, "_CSV_BLOCK", 300)
    path = write(tmp_path / "a.csv", table_text(many_stays()) + '"a\nb\n')
    folder = tmp_path / "out"
    with pytest.raises(DrgpayError, match="quotation mark"):
        convert(path, folder, chunk_rows=1)
    assert not folder.exists() or list(folder.iterdir()) == []


def test_an_unwritable_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", table_text([STAY]))
    with pytest.raises(DrgpayError, match="could not be written") as caught:
        convert(path, path / "below a file")
    assert caught.value.kind is Kind.ENGINE
