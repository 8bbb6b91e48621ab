"""An existing region becomes an area's record: files first, then its registers as rows (14 §3)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from django.db import transaction

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay.tables import DEPARTMENTS, INSTITUTIONS, TAKES, Table
from drgpay_web import trail
from drgpay_web.people import Unit, system_actor
from drgpay_web.store.actions import IMPORT, NotRight, lock, put_rows
from drgpay_web.store.models import RegisterRow
from drgpay_web.store.places import record
from drgpay_web.store.reads import kept_tables, rows

ABOUT = "region.json"
_SUFFIXES = (".csv", ".xlsx", ".xls", ".parquet")


def import_region(folder: Path, area: str = "") -> str:
    """Make a region's folder the record of an area, and its institutions and departments units; the area's code.

    ``area``: what it must be, where it is known already. An area whose record is there keeps it, and only rows and
    units that are missing are added. Raises DATA for a folder that is no region, or registers that are not right.
    """
    about = _about(folder)
    code: str = about["id"]
    if area and area != code:
        raise DrgpayError(
            Kind.DATA, zh="区域文件夹属于另一个统筹区", en="the region is of another area", value=code, file=ABOUT,
            fix_zh=f"应为 {area}", fix_en=f"it should be {area}",
        )  # fmt: skip
    registers = {table.name: (table, files) for table in _tables() if (files := _files(folder, table))}
    target = record(code)
    if not target.is_dir():
        taken = {*folder.glob("*.taken.csv"), *_files(folder, TAKES)}
        _copy(folder, target, taken | {path for _, files in registers.values() for path in files}, about)
    with transaction.atomic():
        Unit.objects.get_or_create(
            area=code, kind=Unit.AREA, code=code, parent=None, defaults={"name": about["title"]["zh"]}
        )
        lock(code)
        actor = system_actor(code)
        if not RegisterRow.objects.filter(area=code).exists():
            for table, files in registers.values():
                _take(actor, code, table, files[0])
            for table in _tables():
                for row in runs.rows_taken(folder, table):
                    origin = row.pop("origin")
                    put_rows(actor, area=code, table=table, rows=[row], origin=origin)
            trail.record(actor, "store.import", f"area:{code}")
        units_of(code)
    return code


def units_of(area: str) -> None:
    """Units for every institution and department of the registers; those that are there take today's name."""
    top = Unit.objects.get(area=area, kind=Unit.AREA)
    houses = {}
    for row in rows(area, INSTITUTIONS):
        houses[row["institution_id"]] = _unit(area, Unit.INSTITUTION, row["institution_id"], row["name"], top)
    for row in rows(area, DEPARTMENTS):
        house = houses.get(row["institution_id"])
        if house is not None:
            _unit(area, Unit.DEPARTMENT, row["department_id"], row["name"], house)


def _unit(area: str, kind: str, code: str, name: str, parent: Unit) -> Unit:
    unit, new = Unit.objects.get_or_create(
        area=area, kind=kind, code=code, parent=parent, defaults={"name": name[:255]}
    )
    if not new and unit.name != name[:255]:
        unit.name = name[:255]
        unit.save(update_fields=["name"])
    return unit


def _tables() -> list[Table]:
    return [one.table for one in kept_tables() if not one.own]


def _about(folder: Path) -> dict[str, Any]:
    """What the region says of itself; its folder's name where it says nothing."""
    if not folder.is_dir():
        raise DrgpayError(
            Kind.DATA, zh="没有这个区域文件夹", en="no such region folder", file=folder.name,
            fix_zh="检查文件夹名", fix_en="check its name",
        )  # fmt: skip
    region = runs.read_region(folder)
    return region.identity


def _files(folder: Path, table: Table) -> list[Path]:
    names = {name.casefold() for name in table.file_names}
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.stem.casefold() in names and path.suffix.lower() in _SUFFIXES
    ]


def _copy(folder: Path, target: Path, left: set[Path], about: dict[str, Any]) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path not in left and not path.name.startswith("."):
                place = draft / path.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
        said = json.loads((draft / ABOUT).read_text("utf-8-sig")) if (draft / ABOUT).is_file() else {}
        (draft / ABOUT).write_text(json.dumps(said | about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _take(actor: Any, area: str, table: Table, path: Path) -> None:
    try:
        put_rows(actor, area=area, table=table, rows=runs.read_rows(path, table), origin=IMPORT)
    except NotRight as error:
        first = error.findings[0]
        raise DrgpayError(
            Kind.DATA, zh=first.zh, en=first.en, fix_zh=first.fix_zh, fix_en=first.fix_en, file=path.name,
            row=first.row, field=first.field, value=first.value,
        ) from error  # fmt: skip
