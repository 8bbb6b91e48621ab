"""What stands in a folder of registers under the name of one and would not be read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import REGISTER_SUFFIXES
from drgpay.tables import ALL, STAYS, Table

_LIKE = 0.86
"""how alike a name must be to that of a register to be one that was mistyped"""
_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".json", ".dbf")
"""kinds of files that people keep tables in"""
_TAKEN = ".taken.csv"
"""ending of what a register took from results"""
_OF_STAYS = (".tsv", ".txt", ".xlsm", ".xls", ".dbf", ".json", ".jsonl", ".ndjson")


def names_of(tables: Iterable[Table] = ALL) -> dict[str, Table]:
    """Names under which a table can stand in a folder -> the table."""
    inputs = [table for table in tables if table.writer in ("register", "intake")]
    return {name: table for table in inputs for name in getattr(table, "file_names", (table.name,))}


def refuse_unread(folder: Path, small: Iterable[Table]) -> None:
    """Raise DrgpayError of kind DATA for files and folders that bear the name of a register, or nearly so, and that
    nobody would read: ``grades.CSV``, ``grade.csv``, ``grades.tsv``, a folder called ``grades.csv``. ``small``:
    registers that are no folders, whatever they hold."""
    known, files = names_of(), frozenset(names_of(small))
    for path in sorted(folder.iterdir()):
        if not path.name.startswith((".", "~$")) and ".findings." not in path.name.lower():
            _refuse(path, known, files)


def _refuse(path: Path, known: dict[str, Table], files: frozenset[str]) -> None:
    suffix = path.suffix
    tabular = suffix.lower() in _TABLES
    stem = path.name.removesuffix(suffix) if tabular else path.name
    plain = stem.strip().lower()
    table = known.get(stem)
    if path.is_dir():
        mistaken = plain in files or (plain in known and (tabular or (stem != plain and known[plain].folder)))
        if mistaken:
            right = plain if known[plain].folder else f"{plain}.csv"
            raise _said(path, right, "这是文件夹,不会当作登记表读", "a folder, not read as a register")
        return
    stays = table is not None and table.name == STAYS.name and suffix in _OF_STAYS
    if path.name.lower().endswith(_TAKEN):
        base = path.name.removesuffix(_TAKEN)
        if base not in known or known[base].name != base:
            near = difflib.get_close_matches(base.lower(), known, n=1, cutoff=0)
            raise _said(path, f"{known[near[0]].name}{_TAKEN}", "这个文件不会被读", "this file is not read")
        return
    if not tabular or (table is not None and (suffix in REGISTER_SUFFIXES or stays)):
        return
    near = difflib.get_close_matches(plain, known, n=1, cutoff=_LIKE)
    if near:
        right = near[0] + (suffix.lower() if suffix.lower() in REGISTER_SUFFIXES else ".csv")
        raise _said(path, right, "这个文件不会被读", "this file is not read")


def _said(path: Path, right: str, zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA,
        zh=f"{zh},而它的名字像 {right}",
        en=f"{en}, and its name looks like {right}",
        file=path.name,
        fix_zh=f"若是该登记表,另存为 {right};不是则移到别处",
        fix_en=f"if it is that register, save it as {right}; if not, move it elsewhere",
    )
