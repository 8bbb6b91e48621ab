"""Template workbooks of registers, one each, under names a region takes them by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drgpay.engine import new_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.steps import intake
from drgpay.tables import Table


def register_template(tables: Sequence[Table], target: Path, lang: str = "zh") -> list[Path]:
    """Write a workbook to fill in for every register: into the new folder ``target``, each under its Chinese name
    (``en``: English name), so that a filled one can be put into a region as it is; or, where ``target`` ends in
    ``.xlsx``, of one register into this file. Returns the files. USAGE for several registers and one file."""
    if target.suffix.lower() != ".xlsx":
        with new_folder(target, kind="templates") as draft:
            for table in tables:
                intake.write_register_template(table, draft / _name(table, lang), lang)
        return [target / _name(table, lang) for table in tables]
    if len(tables) != 1:
        raise DrgpayError(
            Kind.USAGE, zh="一个工作簿只放一个登记表", en="one workbook holds one register", file=target.name,
            value=len(tables), fix_zh="-o 写文件夹名,或只选一个登记表",
            fix_en="name a folder, or choose one register",
        )  # fmt: skip
    intake.write_register_template(tables[0], target, lang)
    return [target]


def _name(table: Table, lang: str) -> str:
    return f"{table.name if lang == 'en' else table.zh}.xlsx"
