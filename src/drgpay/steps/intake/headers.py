"""Which header cell is which column: English name, Chinese name or alias, and the wide layouts of code lists.

A list of codes may stand in one cell (``dx``) or in one column per code (``dx1``, ``dx2`` …, ``主要诊断编码`` with
``其他诊断编码1`` …, ``principal_diag_code`` with ``other_diag_code_1`` …). Wide columns are put in order by the
number in their name, the principal one first, wherever they stand.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drgpay.errors import DrgpayError, Kind
from drgpay.tables import GROUPED, STAYS, Column, Table

_PRINCIPAL = {
    "dx": r"dx_?0*1|principal_diag_code|主要诊断(编码|代码)|jbdm",
    "proc": r"proc_?0*1|main_procedure_code|主要手术操作(编码|代码)",
}
_NUMBERED = {
    # how the name ends in a number, and what is added to it: "dx2" and "其他诊断编码1" are both the first other one
    "dx": ((r"dx_?0*(\d+)", -1), (r"(?:other_diag_code_?|其他诊断(?:编码|代码)|jbdm)0*(\d*)", 0)),
    "proc": (
        (r"(?:proc_?|procedure_code_?|手术操作(?:编码|代码)|ssjczbm)0*(\d+)", -1),
        (r"(?:other_procedure_code_?|其他手术操作(?:编码|代码))0*(\d*)", 0),
    ),
}

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


def header_key(cell: str) -> str:
    """A header cell in the form in which two are the same: NFKC, no blanks, no case."""
    plain = unicodedata.normalize("NFKC", cell).replace("\ufeff", "").replace("\u200b", "")
    return "".join(plain.split()).casefold()


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
        name, order = (wanted[key], -1) if key in wanted else _wide(key, wanted)
        if name:
            places = found.setdefault(name, {})
            if order in places or (places and -1 in (order, *places)):
                raise _twice(file, table[name], header[next(iter(places.values()))], cell)
            places[order] = position
        elif key and key not in passed:
            unknown.append((cell.strip(), _nearest(key, wanted)))
    if "admission_weight" in wanted.values() and "admission_weight" not in found:
        at = next(iter(found.get("birth_weight", {}).values()), None)
        if at is not None and header_key(header[at]) in WEIGHT:
            found["admission_weight"] = {-1: at}
    absent = tuple(column.name for column in columns if column.name not in found)
    missing = [table[name] for name in absent if name in required]
    if missing:
        raise _missing(file, missing)
    return Layout(
        {name: tuple(places[order] for order in sorted(places)) for name, places in found.items()},
        absent,
        tuple(unknown),
    )


def _wide(key: str, wanted: dict[str, str]) -> tuple[str, int]:
    """(column, place in the list) of a header of a wide layout; ("", 0) when it is none."""
    for name, pattern in _PRINCIPAL.items():
        if name not in wanted:
            continue
        if re.fullmatch(pattern, key):
            return name, 0
        for numbered, shift in _NUMBERED[name]:
            match = re.fullmatch(numbered, key)
            if match:
                return name, int(match[1] or 1) + shift
    return "", 0


def _nearest(key: str, wanted: dict[str, str]) -> str:
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


def _missing(file: str, columns: Sequence[Column]) -> DrgpayError:
    def names(column: Column) -> str:
        return " = ".join(names_of(column)[:4])

    zh = "、".join(f"{column.zh}({column.name})" for column in columns)
    listed = "; ".join(names(column) for column in columns)
    return DrgpayError(
        Kind.DATA,
        zh=f"缺少必需的列:{zh}",
        en="required columns are missing: " + ", ".join(column.name for column in columns),
        fix_zh=f"加上这些列;列名可写作 {listed}",
        fix_en=f"add them; a header may read {listed}",
        file=file,
        field=columns[0].name,
    )
