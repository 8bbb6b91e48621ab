"""Reading a scheme folder of CSV tables, strictly: headers as declared, every row with every column."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError, Kind

Row = dict[str, str]


@dataclass(frozen=True)
class TableSpec:
    """Columns of a table and the columns that identify a row; ``required`` tables must be there."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    required: bool = True


TABLES: dict[str, TableSpec] = {
    "mdc": TableSpec(("mdc", "name", "order", "condition"), ("mdc",)),
    "mdc_dx": TableSpec(("mdc", "code", "site"), ("mdc", "code", "site")),
    "mdc_code": TableSpec(("mdc", "list", "code"), ("mdc", "list", "code"), required=False),
    "adrg": TableSpec(("adrg", "mdc", "name", "order", "kind", "rule"), ("adrg",)),
    "adrg_code": TableSpec(("adrg", "list", "code"), ("adrg", "list", "code")),
    "drg": TableSpec(("drg", "adrg", "name", "split"), ("drg",)),
    "mcc": TableSpec(("code", "exclusion"), ("code",)),
    "cc": TableSpec(("code", "exclusion"), ("code",)),
    "exclusion": TableSpec(("exclusion", "code"), ("code",)),
    "operation": TableSpec(("code",), ("code",)),
    "invalid": TableSpec(("kind", "code", "name"), ("kind", "code"), required=False),
    "list_status": TableSpec(
        ("adrg", "name", "chars_official", "chars_ours", "unknown_names", "source", "status"),
        ("adrg",),
        required=False,
    ),
    "alternative": TableSpec(
        ("switch", "table", "key", "rule", "effect"), ("switch", "table", "key"), required=False
    ),
    "errata": TableSpec(
        ("table", "key", "list", "code", "action", "reason"), ("table", "key", "list", "code"), required=False
    ),
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a scheme: which table, which key, what is wrong, what to do."""

    table: str
    key: str
    zh: str
    en: str
    fix_zh: str
    fix_en: str


@dataclass(frozen=True)
class Source:
    """A scheme folder as read: its identity (scheme.toml) and the rows of its tables."""

    identity: dict[str, Any]
    tables: dict[str, list[Row]]


def read_source(folder: Path) -> tuple[Source, list[Problem]]:
    """Read ``folder``; returns what could be read and the problems of form (missing table, wrong header or row).

    Raises :class:`DrgpayError` (SCHEME) when there is no readable ``scheme.toml``, for then nothing can be checked.
    """
    try:
        identity = tomllib.loads((folder / "scheme.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DrgpayError(
            Kind.SCHEME,
            zh="分组方案文件夹没有可读的 scheme.toml",
            en=f"the scheme folder has no readable scheme.toml ({error})",
            fix_zh="检查文件夹，或补上 scheme.toml（id、title、icd_edition、counts）",
            fix_en="check the folder, or add scheme.toml (id, title, icd_edition, counts)",
            file=folder,
        ) from error
    tables: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    problems += _identity(identity)
    for name, spec in TABLES.items():
        tables[name] = []
        path = folder / f"{name}.csv"
        if path.exists():
            rows, wrong = _read_table(path, name, spec)
            tables[name] = rows
            problems += wrong
        elif spec.required:
            problems.append(
                Problem(name, "", "缺少该表", "the table is missing", "补上该 CSV 文件", f"add {name}.csv")
            )
    return Source(identity, tables), problems


def _identity(identity: dict[str, Any]) -> Iterator[Problem]:
    """What is wrong with scheme.toml: items that are missing or of another kind, an id that is no plain name."""
    for field in ("id", "title", "icd_edition"):
        value = identity.get(field)
        if not value:
            yield Problem("scheme.toml", field, "缺少该项", "is missing", "补上该项", f"add {field} = ...")
        elif not isinstance(value, str):
            yield Problem("scheme.toml", field, "应为文本", "is not a text", "加上引号", "put it between quotes")
    for field in ("counts", "rows"):
        value = identity.get(field, {})
        if not isinstance(value, dict) or not all(type(n) is int for n in value.values()):
            zh, en = "应为各表的行数", "wants the number of rows of each table"
            yield Problem(
                "scheme.toml", field, zh, en, f"写成 [{field}] 下的 表 = 行数", f"write [{field}] table = rows"
            )
    for field in ("anomalies", "anomalies_zh"):
        value = identity.get(field, [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            yield Problem("scheme.toml", field, "应为文本的列表", "wants a list of texts", "改正", "correct it")


NO_NAME = (
    "编号不能用作文件夹名",
    "this id cannot be the name of a folder",
    "用字母、数字、汉字、点、横线和下划线，以字母或数字开头，不超过 64 个字符",
    "use letters, digits, dots, dashes and underscores, a letter or digit first, at most 64 of them",
)
"""what is said of an id that is no plain name, and what to do: Chinese, English, both again"""
_NAME = re.compile(r"[^\W_](?:[\w-]|\.(?!\.|$)){0,63}")


def plain_name(text: str) -> bool:
    """Whether an id can be the name of a folder and nothing else: no path, no hidden file, no ``..``."""
    return _NAME.fullmatch(text) is not None


def _read_table(path: Path, name: str, spec: TableSpec) -> tuple[list[Row], list[Problem]]:
    try:
        return _rows_of(path, name, spec)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        zh, en = "该表读不出", f"the table cannot be read ({error})"
        return [], [Problem(name, path.name, zh, en, "存成 UTF-8 的 CSV", "save it as CSV in UTF-8")]


def _rows_of(path: Path, name: str, spec: TableSpec) -> tuple[list[Row], list[Problem]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = tuple(next(reader, ()))
        if header != spec.columns:
            want, have = ",".join(spec.columns), ",".join(header)
            return [], [
                Problem(
                    name,
                    "header",
                    f"表头不对：应为 {want}，实为 {have}",
                    f"the header is wrong: want {want}, have {have}",
                    "改正表头",
                    "correct the header",
                )
            ]
        rows: list[Row] = []
        problems: list[Problem] = []
        for number, cells in enumerate(reader, start=2):
            if len(cells) == len(header):
                rows.append(dict(zip(header, cells, strict=True)))
            else:
                problems.append(
                    Problem(
                        name,
                        f"line {number}",
                        f"应有 {len(header)} 列，实有 {len(cells)} 列",
                        f"wants {len(header)} cells, has {len(cells)}",
                        "改正该行",
                        "correct the line",
                    )
                )
        return rows, problems
