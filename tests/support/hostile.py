"""Bad files of every kind that drgpay reads, made byte by byte: broken, lying, huge, odd, or of another kind.

Each is small on the disk. What is right for all of them is the same: a result or a named error, never a crash.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

HEAD = "stay_id,sex,age,age_days,birth_weight,los,dx1,dx2,proc1\n"
GOOD = "1,male,60,,,5,I10.x00x002,E11.900,\n2,female,30,,,4,O82.000,Z37.000,74.1x01\n"
Made = Iterator[tuple[str, bytes]]


def bad_files(folder: Path) -> list[Path]:
    """The corpus, written into a new folder. Same bytes on every machine, but for what the libraries sign."""
    folder.mkdir(parents=True)
    paths = []
    for name, content in _all():
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    (folder / "folder.csv").mkdir()
    (folder / "folder.csv" / "inside.csv").write_text("not,what,you,think\n", encoding="utf-8")
    (folder / "nowhere.csv").symlink_to("gone.csv")
    (folder / "round.csv").symlink_to("round.csv")
    return [*paths, *(folder / name for name in ("folder.csv", "nowhere.csv", "round.csv", "absent.csv"))]


def _all() -> Made:
    yield from _texts()
    yield from _values()
    yield from _encodings()
    yield from _jsons()
    yield from _dbfs()
    yield from _workbooks()
    yield from _pages()
    yield from _parquets()
    yield from _notes()


def _csv(rows: str, head: str = HEAD) -> bytes:
    return (head + rows).encode()


def _texts() -> Made:
    """Text files: empty, cut, of strange shape, or with fields nobody could mean."""
    yield "empty.csv", b""
    yield "one_byte.csv", b"\n"
    yield "blanks.csv", b"  \n\t\n \n" * 20
    yield "header_only.csv", HEAD.encode()
    yield "header_no_end.csv", HEAD.strip().encode()
    yield "commas.csv", b",,,,\n,,,,\n"
    yield "nobody_knows.csv", b"foo,bar\n1,2\n"
    yield "principal_lost.csv", b"stay_id,dx2,dx3\n1,I10.x00x002,E11.900\n"
    yield "twice.csv", b"stay_id,dx1,dx1,dx\n1,A00.000,B,C\n"
    yield "long_number_header.csv", b"id,dx" + b"9" * 6000 + b",dx\n1,A,B\n"
    yield "long_number_front.csv", b"BAH,JBDM,JBDM" + b"9" * 6000 + b"\n1,A,B\n"
    yield "digits_header.csv", "id,dx1,dx٣,dx²,JBDM1\n1,A,B,C,D\n".encode()
    yield "huge_header.csv", b"id,dx," + b"A" * (1 << 20) + b"\n1,A,B\n"
    yield "many_columns.csv", ",".join(["id", "dx", *(f"c{i}" for i in range(5000))]).encode() + b"\n1,A\n"
    yield "huge_field.csv", b"id,dx\n1," + b"A" * (3 << 20) + b"\n"
    yield "huge_quoted.csv", b'id,dx\n1,"' + b"A" * (300 << 10) + b'"\n2,B\n'
    yield "open_quote.csv", HEAD.encode() + b'"1,male,60\n' + GOOD.encode()
    yield "quotes.csv", b'id,dx\n"1","A""B"x\n'
    yield "ragged.csv", _csv("1,male\n2,male,3,4,5,6,7,8,9,10,11,12\n" + GOOD)
    yield "carriage_returns.csv", b"id,dx\r1,A00.000\r2,B\r"
    yield "mixed_ends.csv", b"id,dx\r\n1,A00.000\n2,B\r3,C\n\r"
    yield "separator_line.csv", b"sep=;\nid;dx\n1;A00.000\n"
    yield "pipes.csv", b"id|dx|sex\n1|A00.000|1\n"
    yield "carets.txt", b"id^dx^sex\n1^A00.000^1\n"
    yield "tabs_called_csv.csv", b"id\tdx\tsex\n1\tA00.000\t1\n"
    yield "wide_commas.csv", "病例号，诊断\n1，A00.000\n".encode()
    yield "totals.csv", _csv(GOOD + "合计,,,,,,,,\n共2条,,,,,,,,\n")
    yield "totals_only.csv", _csv("合计,,,,,,,,\n")
    yield "notes_below.csv", _csv(GOOD + "\n制表人:,,,,,,,,\n注:以上数据,,,,,,,,\n")
    yield "titles.csv", ("某医院病案首页\n2024年3月\n\n" + HEAD + GOOD).encode()
    yield "titles_only.csv", "某医院病案首页\n2024年3月\n".encode()
    yield "two_headers.csv", (HEAD + HEAD + GOOD).encode()
    yield "twice_the_same.csv", _csv(GOOD + GOOD)
    yield "formulas.csv", _csv("\"=cmd|'/c calc'!A1\",male,60,,,5,+I10,-E11,@x\n")
    yield "controls.csv", _csv("\x1b[31m1\x07,male,60,,,5,\u202eI10\u202c,\u200bE11.900,\n")
    yield "rich_markup.csv", _csv("[bold]1[/bold],[/],60,,,5,[red]I10,[/red],[link=x]y\n")


def _values() -> Made:
    """Values that are no values, one file for each kind of column."""
    odd = [
        "٣",
        "²",
        "①",
        "Ⅷ",
        "9" * 5000,
        "1e400",
        "1E5",
        "-0",
        "nan",
        "inf",
        "0x10",
        "1_000",
        "true",
        "NULL",
        "#N/A",
        "#REF!",
        "３",
        "三",
        "½",
        "1/0",
        "٣.٥",
        "—",
        "\ufeff5",
        "5\u00a0",
        "1,5",
        "'5",
        '"=""5"""',
    ]
    columns = ("stay_id", "sex", "age", "age_days", "birth_weight", "los", "dx1", "proc1", "admission_date",
               "discharge_date", "total_cost", "discharge_way", "scheme", "institution_id")  # fmt: skip
    for column in columns:
        others = [c for c in ("stay_id", "dx1") if c != column]
        head = ",".join([column, *others])
        rows = "".join(f"{value},{','.join(f'{n}' for _ in others)}\n" for n, value in enumerate(odd))
        yield f"odd_{column}.csv", f"{head}\n{rows}".encode()
    yield (
        "odd_front_page.csv",
        (
            "BAH,JBDM,NL,BZYZSNL(月),SJZYTS,ZFY,XYF,RYSJ,YCHXJSYSJ,XB,RYQ_T\n"
            "1,A00.000,٣,٣ ١٥/30,٥,٣٤,٣٤,٢٠٢٤-٠٣-٠١,٥,١,٣\n2,A,²,²,²,²,²,²,²,²,²\n3,A,,15/0,,,,,1/2/3/4,,\n"
        ).encode(),
    )
    yield "cents.csv", "stay_id,dx1,total_cost\n1,A00.000,２6000\n2,A00.000,1.005\n3,A00.000,壹万元\n".encode()
    yield "ids_damaged.csv", b"stay_id,dx1\n4.40301E+17,A00.000\n4.40301E+17,A00.000\n440301202401010000,A00.000\n"
    yield (
        "dates.csv",
        b"stay_id,dx1,admission_date,discharge_date\n1,A00.000,0000-00-00,9999-99-99\n"
        b"2,A00.000,1900-02-29,2024-02-30\n3,A00.000,99999999,-1\n4,A00.000,1e9,2024-13-01T99:99:99Z\n",
    )
    yield "codes_long.csv", _csv("1,male,60,,,5," + "A" * 70000 + ",|||||,+*+*\n")
    yield "codes_many.csv", ("stay_id,dx\n1," + "|".join(["I10.x00x002"] * 20000) + "\n").encode()
    yield "codes_signs.csv", _csv("1,male,60,,,5,I10.x00x002+,*,++\n2,male,60,,,5,H36.0*,E11.3+,M8000/3\n")


def _encodings() -> Made:
    """The same stays in encodings, and bytes in none."""
    text = HEAD.replace("sex", "性别") + GOOD.replace("female", "女").replace("male", "男")
    for name in ("utf-8-sig", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "shift_jis"):
        yield f"in_{name}.csv", text.encode(name, "replace")
    yield "half_character.csv", text.encode("gb18030")[:-1] + b"\x81"
    yield "two_encodings.csv", text.encode("gb18030") + "3,女,60,,,5,I10.x00x002,,\n".encode()
    yield "nul.csv", b"id,dx\n1,A\0B\n"
    yield "nuls.csv", b"\0" * 5000
    yield "latin.csv", "id,dx,größe\n1,A00.000,é\n".encode("latin-1")
    yield "random.csv", random.Random(1).randbytes(4000)
    yield "surrogate.csv", b"id,dx\n1,\xed\xa0\x80\n"
    yield "odd_utf16.csv", text.encode("utf-16")[:-1]


def _jsons() -> Made:
    def stay(**more: object) -> str:
        return '{"setlinfo":{"setl_id":"1"},"diseinfo":[{"diag_code":"A00.000"}]}'

    yield "empty.json", b""
    yield "number.json", b"12345"
    yield "text.json", b'"abc'
    yield "null.json", b"null"
    yield "list.json", b"[]"
    yield "object.json", b"{}"
    yield "lists.json", b"[[[1]]]"
    yield "deep.json", b"[" * 100_000 + b"]" * 100_000
    yield "deep_objects.json", b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    yield "deep_but_fine.json", b'{"data":' * 900 + stay().encode() + b"}" * 900
    yield "surrogates.json", b'{"setlinfo":{"setl_id":"\\ud800"},"diseinfo":[{"diag_code":"A\\udfff"}]}'
    yield "parts_of_other_kinds.json", b'{"setlinfo":[1,2,"x"],"diseinfo":{"a":[[[]]]}}'
    yield "id_is_object.json", b'{"setlinfo":{"setl_id":{"a":1}},"diseinfo":"x"}'
    yield "mixed.json", b'[1,"x",null,{"setlinfo":null,"diseinfo":[null,{"diag_code":5,"maindiag_flag":true}]}]'
    yield "big_numbers.json", b'{"setlinfo":{"setl_id":' + b"9" * 10_000 + b',"medfee_sumamt":1e400},"diseinfo":[]}'
    yield "not_numbers.json", b'{"setlinfo":{"setl_id":NaN,"age":Infinity},"diseinfo":[{"diag_code":"A"}]}'
    yield "keys_twice.json", b'{"setlinfo":{"setl_id":"1","SETL_ID":"2"},"diseinfo":[{"diag_code":"A"}]}'
    yield "utf16.json", stay().encode("utf-16")
    yield "cut.json", stay().encode()[:-9]
    yield "two_values.json", stay().encode() * 2
    yield "lines.ndjson", (stay() + "\n\n{\n" + stay() + "\n").encode()
    yield "comma_too_many.json", b"[" + stay().encode() + b",]"


def _dbf(fields: list[tuple[bytes, bytes, int]], rows: list[tuple[bytes, ...]], **lies: int) -> bytes:
    """A dBASE table; ``lies``: count, size, width say something else in the header than is so."""
    head = bytearray(32)
    head[0] = 3
    head[4:8] = struct.pack("<I", lies.get("count", len(rows)))
    head[8:10] = struct.pack("<H", lies.get("size", 32 + 32 * len(fields) + 1))
    head[10:12] = struct.pack("<H", lies.get("width", 1 + sum(f[2] for f in fields)))
    made = bytes(head)
    for name, kind, width in fields:
        made += name[:11].ljust(11, b"\0") + kind + bytes(4) + bytes([width]) + bytes(15)
    made += b"\r"
    for row in rows:
        made += b" " + b"".join(cell[: f[2]].ljust(f[2]) for cell, f in zip(row, fields, strict=True))
    return made


def _dbfs() -> Made:
    fields, row = [(b"id", b"C", 5), (b"dx", b"C", 8)], (b"1", b"A00.000")
    yield "good.dbf", _dbf(fields, [row])
    yield "short.dbf", b"\3" * 10
    yield "head.dbf", b"\3" * 40
    yield "zeros.dbf", bytes(64)
    yield "no_width.dbf", _dbf([(b"id", b"C", 0), (b"dx", b"C", 0)], [], count=5, width=1) + b" " * 5
    yield "no_width_many.dbf", _dbf(fields, [row], count=2**31, width=0)
    yield "many.dbf", _dbf(fields, [row], count=2**32 - 1)
    yield "long_head.dbf", _dbf(fields, [row], size=65535)
    yield "no_head.dbf", _dbf(fields, [row], size=0)
    yield "narrow.dbf", _dbf(fields, [row], width=3)
    yield "name.dbf", _dbf([(b"\xff\xff\xff", b"C", 5), (b"dx", b"C", 8)], [row])
    yield "no_name.dbf", _dbf([(b"", b"C", 5), (b"", b"C", 8)], [row])
    yield "kinds.dbf", _dbf([(b"id", b"\xff", 5), (b"dx", b"M", 8)], [row])
    yield "text.dbf", _dbf(fields, [(b"\xff\xff", b"\x81")])
    yield "names_twice.dbf", _dbf([(b"dx", b"C", 5), (b"dx", b"C", 8)], [row])
    yield "nuls.dbf", _dbf(fields, [(b"\0\0\0\0\0", b"A\0\0")])
    yield "deleted.dbf", _dbf(fields, [row]).replace(b" 1", b"*1")
    yield "no_rows.dbf", _dbf(fields, [])
    yield "no_fields.dbf", _dbf([], [])
    yield "numbers.dbf", _dbf([*fields, (b"age", b"N", 5), (b"ZFY", b"F", 8)], [(*row, b"*****", b"1e9999")])
    yield "cut.dbf", _dbf(fields, [row] * 9)[:-20]


def _good_workbook(far: str = "") -> bytes:
    book = openpyxl.Workbook()
    for row in (["id", "dx", "age"], [1, "A00.000", 5]):
        book.active.append(row)
    if far:
        book.active[far] = "x"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _part(book: bytes, change: Callable[[bytes], bytes | None], part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A workbook with one of its parts changed, or left out for None."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, 1) as new:
        for name in old.namelist():
            content: bytes | None = old.read(name)
            assert content is not None
            content = change(content) if name == part else content
            if content is not None:
                new.writestr(name, content)
    return made.getvalue()


def _flipped(content: bytes, seed: int, signs: int) -> bytes:
    chance, made = random.Random(seed), bytearray(content)
    for _ in range(signs):
        made[chance.randrange(len(made))] = chance.randrange(256)
    return bytes(made)


def _workbooks() -> Made:
    book = _good_workbook()
    yield "far_corner.xlsx", _good_workbook("XFD1048576")
    yield "last_row.xlsx", _good_workbook("A1048576")
    yield "last_column.xlsx", _good_workbook("XFD1")
    for number, place in enumerate(
        (b"A0", b"1A", b"ZZZZZZZ99", b"A99999999999", b"", b"A-1", b"@1", b"A4294967296", b"XFE1048577")
    ):
        changed = b'r="' + place + b'"'
        yield f"reference_{number}.xlsx", _part(book, lambda xml, new=changed: xml.replace(b'r="A2"', new))
    yield "no_references.xlsx", _part(book, lambda xml: xml.replace(b'r="A2" ', b"").replace(b'r="B2" ', b""))
    yield "cut_sheet.xlsx", _part(book, lambda xml: xml[:-60])
    yield "empty_sheet.xlsx", _part(book, lambda xml: b"")
    yield "no_sheet.xlsx", _part(book, lambda xml: None)
    yield "wrong_type.xlsx", _part(book, lambda xml: xml.replace(b't="n"', b't="s"'))
    yield "error_type.xlsx", _part(book, lambda xml: xml.replace(b't="n"><v>1', b't="e"><v>#REF!'))
    yield "bad_number.xlsx", _part(book, lambda xml: xml.replace(b"<v>1</v>", b"<v>abc</v>"))
    yield "huge_number.xlsx", _part(book, lambda xml: xml.replace(b"<v>1</v>", b"<v>1e999</v>"))
    yield "no_workbook.xlsx", _part(book, lambda xml: None, "xl/workbook.xml")
    yield "bad_relations.xlsx", _part(book, lambda xml: b"<x>", "xl/_rels/workbook.xml.rels")
    yield "no_styles.xlsx", _part(book, lambda xml: None, "xl/styles.xml")
    yield "huge_cell.xlsx", _part(book, lambda xml: xml.replace(b"<v>1</v>", b"<v>" + b"1" * (8 << 20) + b"</v>"))
    yield "bomb.xlsx", _part(book, lambda xml: xml.replace(b"</sheetData>", b" " * (220 << 20) + b"</sheetData>"))
    entity = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet>&e;</worksheet>'
    yield "entity.xlsx", _part(book, lambda xml: entity)
    yield "cut.xlsx", book[:-100]
    yield "zip_of_nothing.xlsx", _zip({"a.txt": b"x"})
    yield "garbage.xlsx", b"PK\3\4" + random.Random(2).randbytes(3000)
    yield "garbage.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.Random(3).randbytes(3000)
    yield "compound_empty.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1528)
    yield "random.xls", random.Random(4).randbytes(3000)
    yield "workbook_called.csv", book
    yield "workbook_called.json", book
    yield "workbook_called.dbf", book
    yield "xls.xlsb", book
    empty = openpyxl.Workbook()
    made = io.BytesIO()
    empty.save(made)
    yield "empty.xlsx", made.getvalue()
    for seed in range(12):
        yield f"flipped_{seed}.xlsx", _flipped(book, seed, 20)


def _zip(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return made.getvalue()


def _pages() -> Made:
    yield "xml2003.xls", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    yield "empty_page.xls", b"<html></html>"
    yield "deep_page.xls", b"<table>" * 20_000 + b"<tr><td>id<td>dx<tr><td>1<td>A"
    yield "spans.xls", b"<table><tr><td colspan=99999999>id<td>dx<tr><td rowspan=-1>1<td>A00.000</table>"
    yield "page_called.csv", b"<html><body>502 Bad Gateway</body></html>"
    yield "page_called.xlsx", b"<html><table><tr><td>id<td>dx<tr><td>1<td>A00.000</table></html>"
    yield "scripts.xls", b"<table><tr><td>id<td>dx<tr><td><script>alert(1)</script><td>&#0;&#x110000;</table>"
    yield "picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(200)
    yield "paper.csv", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    yield "packed.csv", b"\x1f\x8b\x08\x00" + random.Random(5).randbytes(100)
    yield "archive.zip", _zip({"s.csv": _csv(GOOD)})
    yield "no_ending", _csv(GOOD)


def _parquet(table: pa.Table, **how: object) -> bytes:
    made = io.BytesIO()
    pq.write_table(table, made, **how)
    return made.getvalue()


def _parquets() -> Made:
    one = {"id": ["1"]}
    dx = pa.array(["A00.000"])
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(struct.pack("<ii", 0, 2)), pa.py_buffer(b"\xff\xfe"))
    columns: dict[str, pa.Array] = {
        "struct": pa.array([{"a": 1}]),
        "binary": pa.array([b"\xff\xfe"]),
        "bad_utf8": bad,
        "ints": pa.array([[1, 2]]),
        "lists": pa.array([[["a"]]]),
        "map": pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())),
        "bool": pa.array([True]),
        "null": pa.nulls(1),
        "fixed": pa.array([["A", "B"]], pa.list_(pa.string(), 2)),
        "nulls_in_list": pa.array([[None, "A00.000"]]),
        "dictionary": pa.array(["A00.000"]).dictionary_encode(),
        "large": pa.array(["A00.000"], pa.large_string()),
    }
    for name, column in columns.items():
        yield f"dx_{name}.parquet", _parquet(pa.table(one | {"dx": column}))
    yield "id_bad_utf8.parquet", _parquet(pa.table({"id": bad, "dx": dx}))
    others: dict[str, pa.Array] = {
        "duration": pa.array([5], pa.duration("s")),
        "time": pa.array([5], pa.time32("s")),
        "uint64": pa.array([2**64 - 1], pa.uint64()),
        "decimal": pa.array([5], pa.decimal128(5, 0)),
        "float": pa.array([float("nan")]),
        "negative": pa.array([-(2**63)]),
        "half": pa.array([1.5]),
        "stamp": pa.array([2**62], pa.timestamp("ms")),
        "struct": pa.array([{"a": 1}]),
    }
    for name, column in others.items():
        whole = one | {"dx": dx, "los": column, "age": column, "admission_date": column, "total_cost": column}
        yield f"of_{name}.parquet", _parquet(pa.table(whole))
    small = _parquet(pa.table({"id": [str(i) for i in range(500)], "dx": ["A00.000"] * 500}), row_group_size=3)
    yield "small_groups.parquet", small
    yield "other_columns.parquet", _parquet(pa.table({"x": [1]}))
    yield "no_rows.parquet", _parquet(pa.table({"id": pa.array([], pa.string()), "dx": pa.array([], pa.string())}))
    yield "no_columns.parquet", _parquet(pa.table({}))
    yield "columns_twice.parquet", _parquet(pa.Table.from_arrays([dx, dx, dx], names=["id", "dx", "dx"]))
    yield "cut.parquet", small[:2000]
    yield "magic.parquet", b"PAR1" + bytes(50) + b"PAR1"
    yield "arrow.parquet", b"ARROW1\0\0" + bytes(64)
    for seed in range(12):
        yield f"flipped_{seed}.parquet", _flipped(small, seed, 30)


def _notes() -> Made:
    """Files of the kinds practices, cards, aliases, keys and manifests are written in."""
    yield "empty.yaml", b""
    yield "list.yaml", b"- 1\n- 2\n"
    yield "deep.yaml", b"[" * 5000 + b"]" * 5000
    yield "deep_nest.yaml", b"".join(b" " * n + b"a:\n" for n in range(400))
    yield "laughs.yaml", b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b]\n"
    yield "around.yaml", b"a: &a [*a]\n"
    yield "object.yaml", b"a: !!python/object/apply:os.system ['true']\n"
    yield "keys_twice.yaml", b"a: 1\na: 2\n"
    yield "numbers_as_keys.yaml", b"1: 2\n2024-01-01: x\n? [a, b]\n: c\ntrue: no\n"
    yield "not_numbers.yaml", b"a: .nan\nb: .inf\nc: 1e999\nd: 0o17\ne: 12:30:45\n"
    yield "bad_dates.yaml", b"a: 2024-13-45\n"
    yield "bad_bytes.yaml", b"a: \xff\xfe\n"
    yield "controls.yaml", b"a: \x07\x1b\n"
    yield "half.yaml", b"practice: {id: x, title: [\n"
    yield "documents.yaml", b"a: 1\n---\nb: 2\n"
    yield "practice_of_lists.yaml", b"practice: []\ndocuments: 5\nvalues: {x: }\nnotices: [1, null, {}]\n"
    yield "alias.yaml", b"columns: {a: [1], b: null, 3: 4}\nsheet: [x]\nheader_row: -1\n"
    yield "manifest.json", b'{"kind": 5, "files": [["../../x", 1]], "root": {}, "drgpay": null}'
    yield "card.yaml", b"card: {id: ../x}\nindicators: [{}]\n"
    yield "scheme.toml", b'id = "../../x"\n[[['
    yield "key.pem", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    yield "ledger.jsonl", b'{"seq": "x"}\n[]\n{"seq": 1e400, "hash": null}\n'
