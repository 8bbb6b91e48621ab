"""A file of stays checked as it would be handed in: what it is, how it is read, what is wrong, and what is usable."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from drgpay.engine import Engine, frame, read_table, tell
from drgpay.errors import DrgpayError, Stopped
from drgpay.runs import batches
from drgpay.runs.checks import check_files
from drgpay.runs.manifest import file_digest
from drgpay.runs.region import known_codes, read_region
from drgpay.runs.uploads.packed import unpacked
from drgpay.steps import intake
from drgpay.tables import (
    CODER_QUALITY,
    FINDINGS,
    INSTITUTIONS,
    RECORD_SCORES,
    RULE_QUALITY,
    STAY_DETAILS,
    STAY_SCORES,
    STAYS,
)

Aliases = Path | Mapping[str, str] | None
"""an alias file, or own header -> column of STAYS as somebody chose them"""


@dataclass(frozen=True)
class RuleCount:
    """How often a check spoke in a file, what it says and what to do, and who can mend it; ``blocks``: it keeps rows
    out."""

    rule: str
    level: str
    n: int
    blocks: bool
    zh: str
    en: str
    responsible_zh: str
    responsible_en: str


@dataclass(frozen=True)
class Upload:
    """What a file of stays is and what was found in it.

    ``file``: its name; ``sha256`` of its bytes; ``read``: the file that was read (the one packed in a .zip);
    ``format`` with ``said`` (Chinese, English), ``encoding``, ``heads`` and ``missing``: how it is read, see
    :class:`~drgpay.steps.intake.Survey` (empty where it could not be opened); ``rows`` read, ``kept`` usable and
    ``withdrawn`` ids; ``rules``: the checks that spoke, those that block first; ``score``: mean of the stays, 1/100;
    ``findings`` (FINDINGS), ``accepted`` (STAYS) and ``scores`` (RECORD_SCORES): Parquet files, None where nothing
    was read (beside them CODER_QUALITY and RULE_QUALITY, see :func:`read_quality`); ``error``: why the file
    cannot be read at all.
    """

    file: str
    sha256: str
    read: Path
    format: str = ""
    said: tuple[str, str] = ("", "")
    encoding: str = ""
    heads: tuple[intake.Head, ...] = ()
    missing: tuple[intake.Missing, ...] = ()
    rows: int = 0
    kept: int = 0
    withdrawn: int = 0
    rules: tuple[RuleCount, ...] = ()
    score: int | None = None
    findings: Path | None = None
    accepted: Path | None = None
    scores: Path | None = None
    error: DrgpayError | None = None

    @property
    def blocks(self) -> bool:
        """The file cannot be handed in: it cannot be read, or has no usable row."""
        return self.error is not None or not (self.kept or self.withdrawn)

    @property
    def rejected(self) -> int:
        """Rows that were kept out."""
        return max(0, self.rows - self.kept - self.withdrawn)


def check_upload(
    file: Path,
    *,
    work: Path,
    engine: Engine,
    template: str | None = None,
    aliases: Aliases = None,
    institution: str | None = None,
    month: tuple[int, int] | None = None,
    region: Path | None = None,
) -> Upload:
    """Check a file of stays as :func:`~drgpay.runs.submit` would, and leave it where it is.

    ``work``: a folder of the caller's, made where it is not there; the tables of the result are written into it.
    ``template``: the format of the file, None = recognised; ``aliases``: what its own headers mean (of a mapping,
    which is remembered from one file to the next, those the file has). ``institution`` and ``month``: rows of others
    are kept out with a finding; ``region``: a region's folder, whose institutions and
    ``stays.yaml`` count. A bad file never raises: see :attr:`Upload.error`. Raises ENGINE where ``work``
    cannot be written, and :class:`~drgpay.errors.Stopped` when whoever listens asks for it.
    """
    upload = Upload(intake.name_of(file), "", file)
    try:
        work.mkdir(parents=True, exist_ok=True)
        upload = replace(upload, sha256=digest(file), read=unpacked(file, work))
        if isinstance(aliases, Mapping):
            aliases = aliases_there(upload.read, aliases) or None
        said = _said(template, aliases, region)
        upload = surveyed(upload, said["hints"], "settlement")
        return _checked(upload, work, engine, said, institution, month, region)
    except Stopped:
        raise
    except DrgpayError as error:
        return replace(upload, error=error)


def aliases_there(file: Path, aliases: Mapping[str, str]) -> dict[str, str]:
    """Of headers that somebody explained once, those that a file has; none where it cannot be opened."""
    try:
        heads = {intake.header_key(head.header) for head in intake.survey(file).heads}
    except DrgpayError:
        return {}
    return {header: column for header, column in aliases.items() if intake.header_key(header) in heads}


def hints_of(template: str | None, aliases: Aliases) -> intake.Hints:
    """What is said of a file: its format, and what its own headers mean."""
    said = intake.read_hints(aliases) if isinstance(aliases, Path) else intake.Hints()
    if isinstance(aliases, Mapping):
        said = intake.with_columns(said, aliases)
    return replace(said, format=template or said.format)


def _said(template: str | None, aliases: Aliases, region: Path | None) -> dict[str, Any]:
    """The same as arguments of :func:`drgpay.steps.intake.read_stays`, as ``submit`` takes them."""
    if template is None and aliases is None and region is not None:
        return read_region(region).said()
    hints = hints_of(template, aliases)
    return {"hints": hints, "crosswalk": crosswalk_of(hints)}


def crosswalk_of(hints: intake.Hints) -> intake.Crosswalk | None:
    """What brings the codes of a file into the insurer's edition, where they are in another."""
    return intake.clinical() if hints.codes == "clinical" else None


def digest(file: Path) -> str:
    """sha256 of a file. DATA for one that is not there."""
    intake.present(file)
    return file_digest(file)


def surveyed(upload: Upload, hints: intake.Hints | None, need: str) -> Upload:
    """With what its header is taken for."""
    seen = intake.survey(upload.read, hints, need)
    return replace(
        upload, format=seen.format, said=seen.said, encoding=seen.encoding, heads=seen.heads, missing=seen.missing
    )


def _checked(
    upload: Upload, work: Path, engine: Engine, said: Mapping[str, Any], institution: str | None,
    month: tuple[int, int] | None, region: Path | None,
) -> Upload:  # fmt: skip
    marked = intake.withdrawals(upload.read, said["hints"])
    accepted: list[Any] = []

    def parts() -> Iterator[tuple[str, intake.Intake]]:
        for part in _parts(upload.read, said, institution, month, region, marked):
            tell(None, "read", part.rows, 0)
            accepted.append(part.stays)
            yield upload.read.name, part

    with tempfile.TemporaryDirectory(dir=work, prefix=".check-") as scratch:
        done = check_files(parts(), engine, Path(scratch))
        scored = read_table(Path(scratch), STAY_SCORES).to_arrow()
        quality = intake.coder_quality(scored, _coders(upload, said["hints"]))
    stays = pa.Table.from_batches(accepted) if accepted else STAYS.schema.empty_table()
    findings, taken, scores = (work / f"{name}.parquet" for name in (FINDINGS.name, STAYS.name, RECORD_SCORES.name))
    for table, rows in zip((CODER_QUALITY, RULE_QUALITY), quality, strict=True):
        batches.write_rows(work / f"{table.name}.parquet", rows)
    for path, rows in ((findings, done.findings), (taken, stays.cast(STAYS.schema)), (scores, done.scores)):
        batches.write_rows(path, rows)
    whole = frame(done.scores).row(0, named=True) if done.scores.num_rows else None
    return replace(
        upload,
        rows=done.rows,
        kept=stays.num_rows,
        withdrawn=len(marked),
        rules=rules_of(done.findings),
        score=None if whole is None else int(whole["score"]),
        findings=findings,
        accepted=taken,
        scores=scores,
    )


def _coders(upload: Upload, hints: intake.Hints | None) -> pl.DataFrame:
    """The coder of every line, where the file has a column of coders."""
    column = STAY_DETAILS["coder_id"]
    known = {intake.header_key(name) for name in (column.name, column.zh, *column.aliases)}
    head = next((one.header for one in upload.heads if intake.header_key(one.header) in known), None)
    parts = [] if head is None else intake.cells_of(upload.read, head, hints)
    lines = [pl.DataFrame({"row": rows, "coder_id": pl.Series(cells, dtype=pl.String)}) for rows, cells in parts]
    return pl.concat(lines) if lines else pl.DataFrame(schema={"row": pl.Int64, "coder_id": pl.String})


def _parts(
    file: Path, said: Mapping[str, Any], institution: str | None, month: tuple[int, int] | None, region: Path | None,
    marked: Mapping[int, str],
) -> Iterator[intake.Intake]:  # fmt: skip
    known = read_region(region) if region is not None else None
    own = None if known is None else frozenset(known.registers[INSTITUTIONS]["institution_id"])
    days = {} if known is None else known.succession.open_days()
    context = intake.CheckContext("settlement", known_codes(), own, open_days=days)
    return batches.of_batch(file, institution, month, context, marked, {}, {}, **said)


def rules_of(findings: Any) -> tuple[RuleCount, ...]:
    """The checks that spoke in FINDINGS, those that block first, the most frequent first."""
    told = frame(findings).group_by(pl.col("rule", "level").cast(pl.String)).len()
    found = []
    for name, level, n in told.iter_rows():
        rule = intake.RULES[name]
        found.append(
            RuleCount(name, level, n, level == "error", *rule.texts(), *intake.RESPONSIBLE[rule.responsible])
        )
    return tuple(sorted(found, key=lambda rule: (not rule.blocks, -rule.n, rule.rule, rule.level)))
