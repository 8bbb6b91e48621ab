"""A hospital's file of stays still in house: groups, bounds, what they would be paid, days beside the group's mean.

It stands beside the record and never enters it: no run reads it. What is said here is no limit of care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import frame, new_folder, read_manifest, write_table
from drgpay.errors import DrgpayError, Kind, Stopped
from drgpay.runs.estimate import NEED, estimated, lacks_discharge
from drgpay.runs.handed import all_rejected
from drgpay.runs.manifest import TABLES, write_manifest
from drgpay.runs.pages import Scope, summarise
from drgpay.runs.publishing import published_of
from drgpay.runs.region import known_codes
from drgpay.runs.stay_files import Found, read_files
from drgpay.runs.uploads.check import Upload, aliases_there, crosswalk_of, digest, hints_of, rules_of, surveyed
from drgpay.runs.uploads.packed import unpacked
from drgpay.scheme import load as load_scheme
from drgpay.steps import intake, points
from drgpay.steps.points import Published
from drgpay.tables import HOUSE_STAYS, STAYS
from drgpay.units import ONE, half_up

OTHERS = {"已发生费用": "total_cost", "charges": "total_cost", "已住院天数": "los"}
"""headers of such files that files of discharged stays do not have"""


@dataclass(frozen=True)
class HouseStays:
    """What a file of stays in house came to: how it was read (``upload``: no stays are accepted and none is scored),
    the folder of results (None where no stay is usable), how many stays, how many were left out because they are
    discharged or another institution's, how many have an amount, the period whose published tables were used ("" for
    none), and why there is no amount at all."""

    upload: Upload
    folder: Path | None = None
    n: int = 0
    discharged: int = 0
    elsewhere: int = 0
    priced: int = 0
    period: str = ""
    unpriced: DrgpayError | None = None


def stays_in_house(
    file: Path, out: Path, *, work: Path, institution: str, region: str, on: date,
    run: Path | None = None, others: Sequence[Path] = (), scheme: str = "", aliases: Mapping[str, str] | None = None,
) -> HouseStays:  # fmt: skip
    """Read a hospital's file of stays in house (formats of stays; a column of charges so far) and leave its results
    in ``out``: all of it or nothing.

    ``run``: the results by whose published points, coefficient and point value it is worked out, ``others``: further
    periods whose stays stand behind the groups' mean days; without a run groups only, by ``scheme``. Where that area
    pays by rate there are groups and no amounts. ``on``: the day up to which the file
    knows; days so far are counted from the admission where the file does not say them. ``work``: a folder of the
    caller's. A bad file never raises: see :attr:`Upload.error`.
    """
    upload = Upload(intake.name_of(file), "", file)
    try:
        work.mkdir(parents=True, exist_ok=True)
        upload = replace(upload, sha256=digest(file), read=unpacked(file, work))
        hints = hints_of(None, aliases_there(upload.read, OTHERS | dict(aliases or {})) or None)
        upload = surveyed(upload, hints, NEED)
        manifest = read_manifest(run) if run else {"scheme": scheme, "switches": [], "year": on.year, "month": None}
        prices, why = _prices(run, institution)
        chosen = load_scheme(manifest["scheme"], frozenset(manifest["switches"]))
        name, way = upload.read.name, crosswalk_of(hints)
        parts = read_files(Found(((upload.read, name),)), need=NEED, codes=known_codes(), hints=hints, crosswalk=way)
        frames, found, rows = [], [], 0
        dateless = False
        for _, part in parts:
            rows, dateless = rows + part.rows, dateless or lacks_discharge(part.findings)
            found.append(part.findings)
            if part.stays.num_rows:
                frames.append(_beside(estimated(part.stays, prices, chosen, dateless, dateless), part.stays))
        findings = intake.merge_findings(found)
        upload = replace(upload, rows=rows, rules=rules_of(findings))
        if not frames:
            raise all_rejected(rows, [findings])
        days = _mean_days([run, *others]) if run else {}
        whole = pl.concat(frames)
        own = whole.filter(pl.col("institution_id").cast(pl.String).fill_null(institution) == institution)
        here = own.filter(pl.col("in_house"))
        if not here.height:
            raise _nobody(name)
        table = _rows(here, days, on)
    except Stopped:
        raise
    except DrgpayError as error:
        return HouseStays(replace(upload, error=error))
    period = f"{manifest['year']}-{manifest['month']:02d}" if manifest["month"] else str(manifest["year"])
    with new_folder(out) as draft:
        (draft / TABLES).mkdir()
        write_table(draft / TABLES, HOUSE_STAYS, table)
        said = {"kind": "in_house", "institution": institution, "region": {"id": region}, "on": on.isoformat(),
                "inputs": {"stays": upload.sha256}}  # fmt: skip
        write_manifest(draft, said)
    return HouseStays(
        replace(upload, kept=here.height), out, here.height, own.height - here.height, whole.height - own.height,
        here.height - here["expected_payment"].null_count(), period if run else "", why,
    )  # fmt: skip


def _prices(run: Path | None, institution: str) -> tuple[Published, DrgpayError | None]:
    """What was published; nothing, and why, where the area published nothing that prices a stay."""
    nothing = points.published([], points.read_terms([]))
    if run is None:
        return nothing, None
    try:
        return published_of(run, institution), None
    except DrgpayError as error:
        if error.kind != Kind.DATA:
            raise
        return nothing, error


def _mean_days(folders: Sequence[Path]) -> dict[str, int]:
    """Mean days of every group over the stays of several results of an area, 1/10,000 days."""
    total: dict[str, list[int]] = {}
    for folder in folders:
        for row in summarise([folder], by=("drg",), measures=("n", "bed_days"), scope=Scope.everything()).rows:
            sums = total.setdefault(row["drg"], [0, 0])
            sums[0] += row["n"]
            sums[1] += row["bed_days"]
    return {drg: half_up(days * ONE, n) for drg, (n, days) in total.items()}


def _beside(estimates: pl.DataFrame, stays: Any) -> pl.DataFrame:
    """Estimates with the columns of the stays that they do not have."""
    more = [name for name in STAYS.names if name not in estimates.columns]
    return estimates.hstack(frame(stays.select(more)))


def _rows(stays: pl.DataFrame, days: Mapping[str, int], on: date) -> Any:
    """Stays in house as ``house_stays``."""
    since = (pl.lit(on) - pl.col("admission_date")).dt.total_days()
    mean = pl.col("drg").cast(pl.String).replace_strict(dict(days), default=None, return_dtype=pl.Int64)
    known = stays.with_columns(
        as_of=pl.lit(on),
        days=pl.coalesce(pl.col("los").cast(pl.Int64), pl.max_horizontal(since, pl.lit(1))).cast(pl.Int16),
        mean_days=pl.coalesce(pl.col("mean_days").cast(pl.Int64), mean),
    ).with_columns(days_left=pl.col("mean_days") - pl.col("days").cast(pl.Int64) * ONE)
    return known.select(HOUSE_STAYS.names).sort("stay_id").to_arrow().cast(HOUSE_STAYS.schema)


def _nobody(name: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh="文件里没有本院的在院病例", en="the file holds no stay in house of the hospital", file=name,
        fix_zh="在院病例不写出院日期，机构编号写本院的或不写",
        fix_en="leave the day of discharge empty, and name the own institution or none",
    )  # fmt: skip
