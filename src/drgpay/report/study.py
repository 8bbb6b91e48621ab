"""The workbook of a study of the groups: a sheet for each of its tables."""

from __future__ import annotations

from pathlib import Path

from drgpay.engine import read_table
from drgpay.report.tabular import Sheet, write_tables
from drgpay.tables import INSTITUTIONS, STUDY_TABLES


def write_study_workbook(folder: Path, target: Path, lang: str = "zh") -> None:
    """Write the tables of a study (``tables/`` of ``folder``) to ``target`` (.xlsx) for people."""
    tables = folder / "tables"
    names = dict(read_table(tables, INSTITUTIONS).select("institution_id", "name").rows())
    sheets = [Sheet(table, read_table(tables, table).to_dicts()) for table in STUDY_TABLES]
    write_tables(target, sheets, lang, {"institution_id": names})
