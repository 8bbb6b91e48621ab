"""Who is to be talked to within the year (年中协商): institutions whose costs are far from what is due."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from drgpay.engine import read_manifest, read_table
from drgpay.runs.manifest import TABLES
from drgpay.runs.whose import names_of_run
from drgpay.tables import INSTITUTION_MONTHS, STATEMENTS
from drgpay.units import ONE, half_up


@dataclass(frozen=True)
class Deviating:
    """An institution of a result: its costs item by item and what is due (fen), and how far costs are above (+) or
    below (−) what is due, in 1/10,000 of it, rounded half up."""

    institution_id: str
    name: str
    actual: int
    due: int
    deviation: int


def deviating(run: Path, share: int) -> tuple[Deviating, ...]:
    """The institutions of a month's or a year's result whose costs deviate from what is due by ``share`` (1/10,000)
    or more, the furthest first; one without anything due is left out. Insurance schemes count together."""
    manifest = read_manifest(run)
    table = STATEMENTS if manifest["month"] is None else INSTITUTION_MONTHS
    rows = read_table(run / TABLES, table).to_dicts()
    if table is INSTITUTION_MONTHS:
        rows = [row for row in rows if row["month"] == manifest["month"]]
    actual: dict[str, int] = defaultdict(int)
    due: dict[str, int] = defaultdict(int)
    for row in rows:
        actual[row["institution_id"]] += row["actual"]
        due[row["institution_id"]] += row["due"]
    names = names_of_run(run)
    found = [
        Deviating(h, names.get(h, h), actual[h], due[h], half_up((actual[h] - due[h]) * ONE, due[h]))
        for h in due
        if due[h]
    ]
    return tuple(
        sorted((d for d in found if abs(d.deviation) >= share), key=lambda d: (-abs(d.deviation), d.institution_id))
    )
