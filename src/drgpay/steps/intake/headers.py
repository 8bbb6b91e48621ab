"""Which header cell is which column: English name, Chinese name or alias, and the wide layouts of code lists.

A list of codes may stand in one cell (``dx``) or in one column per code (``dx1``, ``dx2`` …, ``主要诊断编码`` with
``其他诊断编码1`` …, ``principal_diag_code`` with ``other_diag_code_1`` …). Wide columns are put in order by the
number in their name, the principal one first, wherever they stand. Columns of other codes without the column of the
principal one are refused: no other diagnosis or procedure takes its place.

A header may say its unit or its code in brackets: ``总费用(元)``, ``年龄(A14)``.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from drgpay.errors import DrgpayError, Kind
from drgpay.tables import GROUPED, STAYS, Column, Table

_DX_MAIN = r"(?:出院)?(?:主要诊断|主诊断|第一诊断)(?:疾病)?(?:icd-?10)?(?:编码|代码|码)"
_DX_OTHER = r"(?:出院)?(?:其他|其它|次要)诊断(?:疾病)?(?:icd-?10)?(?:编码|代码|码)"
_PROC = r"(?:手术(?:及|和|与|/|、)?操作|手术|操作)(?:icd-?9-?(?:cm-?3)?)?(?:编码|代码|码)"
_PRINCIPAL = {
    "dx": rf"dx_?0*1|principal_diag(?:nosis)?_code|main_diag(?:nosis)?_code|{_DX_MAIN}|jbdm",
    "proc": rf"proc_?0*1|(?:main|principal)_(?:procedure|operation)_code|(?:主要|主|第一){_PROC}",
}
_NUMBERED = {
    # how the name ends in a number, and what is added to it: "dx2" and "其他诊断编码1" are both the first other one
    "dx": (
        (r"(?:dx_?|(?:出院)?诊断(?:编码|代码))0*(\d+)", -1),
        (rf"(?:other_diag(?:nosis)?_code_?|{_DX_OTHER}|jbdm)0*(\d*)", 0),
    ),
    "proc": (
        (rf"(?:proc_?|procedure_code_?|{_PROC}|ssjczbm)0*(\d+)", -1),
        (rf"(?:other_(?:procedure|operation)_code_?|(?:其他|其它|次要){_PROC})0*(\d*)", 0),
    ),
}
_PLAIN = {
    "dx": ("主要诊断编码", "dx1", "诊断", "diagnosis"),
    "proc": ("主要手术操作编码", "proc1", "手术操作", "procedure"),
}
"""code list -> its principal column (Chinese, English), and what it lists (Chinese, English)"""
_ABOUT = {"dx": re.compile("诊断|diag|dx|icd|jbdm|jbbm"), "proc": re.compile("手术|操作|oper|proc|opr|ssjcz|icd-?9")}
_OTHER = re.compile(
    "其他|其它|次要|other|名称|描述|name|日期|时间|date|time|医师|医生|级别|病情|标志|flag|type|order|说明"
)
_CODE = re.compile("编码|代码|码|code|主|main|princ|first|第一")

_UNITS = {
    **dict.fromkeys(("元", "人民币", "人民币元", "rmb", "单位:元"), "money"),
    **dict.fromkeys(("岁", "周岁", "年"), "years"),
    **dict.fromkeys(("天", "日"), "days"),
    **dict.fromkeys(("克", "g"), "grams"),
    "月": "months", "次": "times", "小时": "hours", "时": "hours", "h": "hours",
}  # fmt: skip
"""a unit in the brackets of a header -> what it measures"""
_REMARKS = frozenset(
    ("必填", "选填", "非必填", "必录", "必填项", "医保", "医保版", "医保编码", "医保2.0", "国家医保版", "icd10",
     "icd-10", "icd-9-cm-3", "icd9", "icd-9", "yyyy-mm-dd", "合计")
)  # fmt: skip
"""words in the brackets of a header that change nothing"""
COMPARED = 200
"""unknown headers for which the nearest known one is looked for"""
_BRACKET = re.compile(r"^(.+?)[(\[【]([^()\[\]【】]*)[)\]】]$")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_.]*")

WEIGHT = frozenset({"weight_g"})
"""headers that say weight and not which: the one at birth and, where there is no other, the one at admission"""


@dataclass(frozen=True)
class Layout:
    """Where the columns of a table stand in a file.

    ``places``: column name -> header positions (several for a wide code list, in order); ``absent``: columns not in
    the file; ``unknown``: (header cell, nearest known header or "") that nobody reads.
    """

    places: dict[str, tuple[int, ...]]
    absent: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1 << 14)
def header_key(cell: str) -> str:
    """A header cell in the form in which two are the same: NFKC, no blanks, no case."""
    plain = unicodedata.normalize("NFKC", cell).replace("\ufeff", "").replace("\u200b", "")
    return "".join(plain.split()).casefold()


def readings(cell: str) -> tuple[tuple[str, str], ...]:
    """Other ways to read a header cell, the surest first: (key, what its unit measures or "").

    ``病案号(A48)`` is ``a48``, else ``病案号``; ``总费用(元)`` is ``总费用`` in money; ``其他诊断编码(2)`` has
    the number 2. Brackets with any other word may mean another column, and nothing is read out of them.
    """
    base, unit = header_key(cell).strip("*"), ""
    codes: list[str] = []
    while match := _BRACKET.match(base):
        base, said = match[1], match[2].strip("*")
        if said in _UNITS:
            unit = _UNITS[said]
        elif said.isdecimal():
            base += said
        elif said and said not in _REMARKS:
            if not _IDENTIFIER.fullmatch(said):
                return tuple((code, "") for code in codes)
            codes.append(said)
    found = [(code, "") for code in codes]
    return tuple(found if base == header_key(cell) else [*found, (base, unit)])


def measures(column: Column) -> str:
    """What the unit of a column measures, as :func:`readings` says it."""
    return "money" if column.type == "fen" else unit_of(column.unit)


def unit_of(words: str) -> str:
    """What a unit in words measures: ``岁 (years)`` is years, ``days`` is days."""
    first = words.split(maxsplit=1)[0] if words else ""
    return _UNITS.get(first, first if first in _UNITS.values() else "")


def names_of(column: Column) -> tuple[str, ...]:
    """Every header under which a column is known."""
    return (column.name, column.zh, *column.aliases)


def known_headers(columns: Iterable[Column]) -> dict[str, str]:
    """Header key -> column name."""
    return {header_key(name): column.name for column in columns for name in names_of(column)}


def locate(
    file: str, header: Sequence[str], table: Table, columns: Sequence[Column], required: frozenset[str]
) -> Layout:
    """Find the columns in the header.

    ``columns`` are those wanted; the other columns of the table, and those of the grouping result, may stand in the
    file and are passed over without a word. Raises DrgpayError of kind DATA when two headers mean the same column,
    or a required one is missing.
    """
    wanted = known_headers(columns)
    passed = {**known_headers(GROUPED.columns), **known_headers(table.columns)} if table == STAYS else {}
    found: dict[str, dict[int, int]] = {}  # column -> place in its list -> header position
    unknown: list[tuple[str, str]] = []
    for position, cell in enumerate(header):
        key = header_key(cell)
        name, order = meaning(cell, table, wanted, passed)
        if name:
            places = found.setdefault(name, {})
            if order not in places and min((order, *places)) < 0 < max((order, *places)):
                there = {**places, order: position}  # is the column of all codes, beside those of others, the first?
                others = [header[at] for place, at in sorted(there.items()) if place > 0]
                raise headless(file, name, others, [header[there[-1]]])
            if order in places or (places and -1 in (order, *places)):
                raise _twice(file, table[name], header[next(iter(places.values()))], cell)
            places[order] = position
        elif key and order >= 0:
            unknown.append((cell.strip(), _nearest(key, wanted) if len(unknown) < COMPARED else ""))
    for name, places in found.items():
        if name in _PRINCIPAL and min(places) > 0:
            raise headless(file, name, [header[at] for at in places.values()], [cell for cell, _ in unknown])
    if "admission_weight" in wanted.values() and "admission_weight" not in found:
        at = next(iter(found.get("birth_weight", {}).values()), None)
        if at is not None and header_key(header[at]) in WEIGHT:
            found["admission_weight"] = {-1: at}
    absent = tuple(column.name for column in columns if column.name not in found)
    missing = [table[name] for name in absent if name in required]
    if missing:
        raise _missing(file, missing, header, [cell for cell, _ in unknown])
    return Layout(
        {name: tuple(places[order] for order in sorted(places)) for name, places in found.items()},
        absent,
        tuple(unknown),
    )


def meaning(cell: str, table: Table, wanted: Mapping[str, str], passed: Mapping[str, str]) -> tuple[str, int]:
    """(column, place in its list) of a header cell; ("", -1): passed over; ("", 0): unknown."""
    for key, unit in ((header_key(cell), ""), *readings(cell)):
        name, order = (wanted[key], -1) if key in wanted else wide(key, wanted)
        column = table[name] if name in table.names else None
        if column and unit in ("", measures(column)):
            return name, order
        if not column and key in passed:
            return "", -1
    return "", 0


def wide(key: str, wanted: Collection[str]) -> tuple[str, int]:
    """(column, place in the list) of a header of a wide layout; ("", 0) when it is none."""
    for name, pattern in _PRINCIPAL.items():
        if name not in wanted:
            continue
        if re.fullmatch(pattern, key):
            return name, 0
        for numbered, shift in _NUMBERED[name]:
            match = re.fullmatch(numbered, key)
            if match and len(match[1]) < 4:
                return name, int(match[1] or 1) + shift
    return "", 0


def _nearest(key: str, wanted: Collection[str]) -> str:
    near = difflib.get_close_matches(key, wanted, n=1)
    return near[0] if near else ""


def _twice(file: str, column: Column, first: str, second: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA,
        zh=f"两列都是“{column.zh}”:{first}、{second}",
        en=f"two columns mean {column.name}: {first}, {second}",
        fix_zh="只保留一列",
        fix_en="keep one of them",
        file=file,
        field=column.name,
    )


def likely(name: str, unknown: Sequence[str]) -> str:
    """The unknown header cell that most likely is the principal column of a code list; "" when none looks like it."""
    about = [
        cell for cell in unknown if _ABOUT[name].search(header_key(cell)) and not _OTHER.search(header_key(cell))
    ]
    return max(about, key=lambda cell: len(_CODE.findall(header_key(cell))), default="")


def headless(file: str, name: str, others: Sequence[str], unknown: Sequence[str]) -> DrgpayError:
    """The failure of a file that has columns of other codes and none of the principal one."""
    zh, en, list_zh, list_en = _PLAIN[name]
    seen, found = "、".join(cell.strip() for cell in others[:5]), likely(name, unknown)
    return DrgpayError(
        Kind.DATA,
        zh=f"有其他{list_zh}列({seen}),没有主要{list_zh}列;其他{list_zh}不能顶替",
        en=f"columns of other codes ({seen}) and no column of the principal {list_en}; no other one takes its place",
        fix_zh=(f"“{found}”像主要{list_zh}:" if found else "加上该列:") + f"列名写作 {zh}(或 {en}),"
        f"或在别名文件里写 columns: {{{found or '您的列名'}: {en}}}",
        fix_en=(f"“{found}” looks like it: " if found else "add it: ") + f"name the column {en} ({zh}), or say in an "
        f"alias file columns: {{{found or 'your header'}: {en}}}",
        file=file,
        field=name,
        value=found or None,
    )


def _headers_seen(header: Sequence[str]) -> str:
    """The cells of a header that speak of columns; what may be data stays unsaid."""
    spoken = [cell.strip() for cell in header if _SPEAKING.search(header_key(cell)) and len(cell.strip()) <= 30]
    return "、".join(spoken[:12]) + (" …" if len(spoken) > 12 else "")


_SPEAKING = re.compile(
    r"诊断|手术|操作|编码|代码|性别|年龄|日期|时间|费用|金额|天数|编号|病案|病例|科室|科别|体重|^[a-z][a-z_]{1,20}\d{0,2}$|^[a-f]\d{2}[a-z0-9]*$"
)


def _missing(file: str, columns: Sequence[Column], header: Sequence[str], unknown: Sequence[str]) -> DrgpayError:
    def names(column: Column) -> str:
        return " = ".join(names_of(column)[:4])

    zh = "、".join(f"{column.zh}({column.name})" for column in columns)
    listed = "; ".join(names(column) for column in columns)
    seen = _headers_seen(header)
    near = next((cell for column in columns if column.name in _ABOUT if (cell := likely(column.name, unknown))), "")
    return DrgpayError(
        Kind.DATA,
        zh=f"缺少必需的列:{zh}" + (f";表头读到 {seen}" if seen else ""),
        en="required columns are missing: "
        + ", ".join(column.name for column in columns)
        + (f"; the header read is {seen}" if seen else ""),
        fix_zh=(f"最像的是“{near}”,可改名或写进别名文件;" if near else "") + f"加上这些列;列名可写作 {listed}"
        "(表头不在第一行时用 --header-row,不在第一张表时用 --sheet)",
        fix_en=(f"“{near}” looks most like it: rename it, or name it in an alias file; " if near else "")
        + f"add them; a header may read {listed} (--header-row if the header is on another line, --sheet if on "
        "another sheet)",
        file=file,
        field=columns[0].name,
    )
