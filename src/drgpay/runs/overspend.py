"""Reasonable overspend of a cleared year, proposed from its stays and the causes that notices list."""

from __future__ import annotations

import tempfile
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from drgpay.engine import Engine, Source, dataset, frame, read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.fund import RegisterFolder, checked
from drgpay.runs.fund_results import Plan
from drgpay.runs.manifest import PRACTICE, TABLES
from drgpay.runs.region import region_identity
from drgpay.steps import fund
from drgpay.tables import (
    CASE_POINTS,
    GROUP_NAMES,
    GROUPED,
    OVERSPEND_CAUSES,
    OVERSPEND_PROPOSALS,
    STATEMENTS,
    STAY_DECISIONS,
    STAY_PAYMENTS,
)


def propose_overspend(run: Path, region: Path, engine: Engine) -> Plan:
    """Table ``overspend_proposals`` of a clearing as a plan to be decided: what of the institutions' overspend the
    causes in the region's register ``overspend_causes``, and approved new technology, explain.

    Raises USAGE for a run that is no clearing; DATA for one of another region, and for a group that is not there."""
    manifest = read_manifest(run)
    if manifest.get("kind") != "year":
        raise DrgpayError(
            Kind.USAGE, zh="这不是年度清算的结果", en="this is no clearing of a year", file=run.name,
            fix_zh="给出 drgpay run year 的结果", fix_en="name a result of drgpay run year",
        )  # fmt: skip
    own, theirs = region_identity(region)["id"], manifest["region"]["id"]
    if own != theirs:
        raise DrgpayError(
            Kind.DATA, zh=f"这是另一个统筹区的结果:{theirs},不是 {own}",
            en=f"a result of another region: {theirs}, not {own}", file=run.name, field="region", value=theirs,
            fix_zh="给出本区域的结果", fix_en="name a result of this region",
        )  # fmt: skip
    year, tables, registers = int(manifest["year"]), run / TABLES, RegisterFolder(region)
    decisions = registers.rows(STAY_DECISIONS)
    causes = fund.causes_of(registers.rows(OVERSPEND_CAUSES), decisions, year)
    _check_groups(causes, set(read_table(tables, GROUP_NAMES)["drg"]))
    sources = tuple(
        Source(dataset(tables, table), columns, ("stay_id",))
        for table, columns in ((CASE_POINTS, fund.CASES), (GROUPED, fund.CODED), (STAY_PAYMENTS, fund.DUE))
    )
    with tempfile.TemporaryDirectory() as work:
        kernel: Any = partial(fund.caused, causes=causes, year=year)
        found = engine.map_by(sources, "stay_id", kernel, Path(work) / "caused", "overspend")
        sums = engine.sum(found, fund.caused_sums, fund.CAUSED, (*fund.CAUSED, "actual", "due"), "overspend: sums")
        of_causes = frame(sums).to_dicts()
    statements = read_table(tables, STATEMENTS).to_dicts()
    rows = fund.overspend_proposals(of_causes, causes, statements, year)
    return Plan("overspend", checked([(OVERSPEND_PROPOSALS, rows)]), region, str(run / PRACTICE), year, run)


def _check_groups(causes: list[fund.Cause], there: set[str]) -> None:
    for cause in causes:
        for code in cause.codes if cause.kind == "group" else ():
            if code not in there:
                near = get_close_matches(code, sorted(there), n=1, cutoff=0.5)
                raise DrgpayError(
                    Kind.DATA, zh="分组方案中没有这个病组", en="the grouping scheme has no such group",
                    file=OVERSPEND_CAUSES.name, field=f"{cause.cause_id} · code", value=code,
                    fix_zh=f"最接近的是 {near[0]}" if near else "改正病组编码",
                    fix_en=f"the nearest is {near[0]}" if near else "correct the group",
                )  # fmt: skip
