"""A file of stays grouped for a program: the groups beside what was found in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from drgpay.errors import DrgpayError, Stopped
from drgpay.places import drafted
from drgpay.runs.batches import write_rows
from drgpay.runs.group_stays import Shape
from drgpay.runs.region import known_codes
from drgpay.runs.stay_files import Found, read_files
from drgpay.runs.uploads.check import Aliases, Upload, crosswalk_of, digest, hints_of, rules_of, surveyed
from drgpay.runs.uploads.files import group_files
from drgpay.runs.uploads.packed import unpacked
from drgpay.scheme import load
from drgpay.steps import intake
from drgpay.tables import FINDINGS


@dataclass(frozen=True)
class GroupedUpload:
    """A file of stays with its groups: ``upload`` says how it was read and what was found (no stays are accepted and
    none is scored); ``groups``: Parquet with the columns that were asked for, in the order of the file, None where
    nothing was grouped; ``counts``: stays grouped, ungrouped, qy; ``scheme``, and ``said`` what is to be said of one
    that is not a text as published (Chinese, English)."""

    upload: Upload
    scheme: str
    groups: Path | None = None
    counts: dict[str, int] = field(default_factory=dict)
    said: tuple[str, str] | None = None


def group_upload(
    file: Path,
    scheme: str,
    *,
    work: Path,
    switches: Sequence[str] = (),
    schemes: Path | None = None,
    template: str | None = None,
    aliases: Aliases = None,
    columns: Sequence[str] = (),
    keep: Sequence[str] = (),
    lang: str = "zh",
) -> GroupedUpload:
    """Group a file of stays, which needs the columns that group only.

    ``work``, ``template`` and ``aliases`` as for :func:`check_upload`; ``switches`` of the scheme; ``schemes``: a
    folder of others than those shipped; ``columns``: of the result (see :data:`GROUP_COLUMNS`), none = the usual
    ones; ``keep``: header cells that come along, ``*`` for all; ``lang``: of the reasons. A bad file never raises:
    see :attr:`Upload.error`. Raises SCHEME for a scheme that is not there, USAGE for a column that is none.
    """
    chosen, shape = load(scheme, frozenset(switches), folder=schemes), Shape.of(columns)
    upload = Upload(intake.name_of(file), "", file)
    groups = work / "groups.parquet"
    try:
        work.mkdir(parents=True, exist_ok=True)
        upload = replace(upload, sha256=digest(file), read=unpacked(file, work))
        hints = hints_of(template, aliases)
        upload = surveyed(upload, hints, "grouping")
        name, way = upload.read.name, crosswalk_of(hints)
        parts = read_files(Found(((upload.read, name),)), codes=known_codes(), hints=hints, crosswalk=way, keep=keep)
        done = group_files(parts, chosen, shape, lang, lambda results: _write(results, groups), file=name)
    except Stopped:
        raise
    except DrgpayError as error:
        return GroupedUpload(replace(upload, error=error), chosen.id)
    findings = work / f"{FINDINGS.name}.parquet"
    write_rows(findings, done.findings)
    upload = replace(
        upload, rows=done.rows, kept=done.kept, findings=findings, rules=rules_of(done.findings), error=done.refused
    )
    return GroupedUpload(upload, chosen.id, None if done.refused else groups, dict(done.counts), done.said)


def _write(results: Iterator[pl.DataFrame], target: Path) -> None:
    with drafted(target) as draft:
        pl.concat(list(results)).write_parquet(draft)
