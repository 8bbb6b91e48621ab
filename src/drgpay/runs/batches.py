"""Batches of a region (提交批次): what institutions handed in, in order, and which rows they replace (design/12 §1).

A batch is the file as received and the stays accepted from it; it is never changed. ``stays`` is batch 0. Of a stay
of an institution the latest batch that has it or withdraws it counts; what a batch does not name stays as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from drgpay.engine import ROW_GROUP, drafted, frame, open_parquet
from drgpay.errors import DrgpayError, Kind
from drgpay.places import locked, real_path
from drgpay.runs.manifest import file_digest
from drgpay.steps import intake
from drgpay.tables import BATCHES, STAY_CHANGES, STAYS

FOLDER = "batches"
COMPOSED = "composed.json"
"""in a region's folder that was composed from a record and is never written to"""
ABOUT, ACCEPTED, CHANGES, FOUND = "batch.json", "stays.parquet", "changes.parquet", "findings.parquet"
WAIT = 30
"""seconds that a hand-in waits for another one"""
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def month_of(text: str, file: str | None = None, row: int | None = None) -> tuple[int, int]:
    """Year and month of ``YYYY-MM``; DATA when it is none."""
    found = _MONTH.fullmatch(text.strip())
    if not found:
        raise DrgpayError(
            Kind.DATA, zh="月份要写成 YYYY-MM", en="a month is written YYYY-MM", file=file, row=row, field="month",
            value=text, fix_zh="如 2024-03", fix_en="as 2024-03",
        )  # fmt: skip
    return int(found[1]), int(found[2])


def stay_ids_in(path: Path) -> tuple[str, ...]:
    """The stay ids of a list, one a line; blank lines are passed over. DATA when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DrgpayError(
            Kind.DATA, zh="病例号清单读不出", en="the list of stay ids cannot be read", file=path.name,
            fix_zh="用 UTF-8 文本,每行一个病例号", fix_en="plain text in UTF-8, one stay id a line",
        ) from error  # fmt: skip
    return tuple(line.strip() for line in text.splitlines() if line.strip())


@dataclass(frozen=True)
class Batch:
    """A row of table ``batches`` and where its files lie."""

    number: int
    institution: str
    month: tuple[int, int]
    path: Path
    """the file as received"""
    received_on: date | None
    supersedes: int | None
    reason: str | None
    sha256: str | None

    @property
    def kept(self) -> Path | None:
        """The folder of a batch that was accepted by ``submit``; None where the register was written by hand."""
        folder = self.path.parent.parent
        about = folder / ABOUT
        if folder.parent.name != FOLDER or not about.is_file():
            return None
        try:
            told = json.loads(about.read_text(encoding="utf-8"))
            same = told["batch"] == self.number and told["stays_sha256"] == file_digest(folder / ACCEPTED)
        except (OSError, ValueError, KeyError, TypeError):
            same = False
        if not same:
            raise DrgpayError(
                Kind.BROKEN, zh="批次文件夹被改动", en="the folder of a batch was changed",
                file=f"{FOLDER}/{folder.name}", value=self.number, fix_zh="从备份恢复;批次从不修改",
                fix_en="restore it from a backup; a batch is never changed",
            )  # fmt: skip
        return folder

    def stay_ids(self) -> list[str]:
        """The stays it names: accepted and withdrawn."""
        kept = self.kept
        if kept is not None:
            return read_changes(kept)["stay_id"].to_list()
        named = intake.read_stays(self.path, need="grouping")
        return [*(s for part in named for s in part.stays.column("stay_id").to_pylist()), *withdrawn_in(self)]

    def line(self) -> str:
        """The row of the register, for a digest."""
        year, month = self.month
        day = self.received_on.isoformat() if self.received_on else ""
        parts = (self.number, self.institution, f"{year}-{month:02d}", self.path.name, day, self.sha256 or "")
        return "\x1f".join(map(str, parts))

    def files(self) -> list[Path]:
        """What a run reads of it: the file as received, and the stays accepted from it where they are kept."""
        kept = self.kept
        return [self.path, *([kept / ACCEPTED, kept / CHANGES] if kept else [])]


def read_batches(
    region: Path,
    known_on: date | None = None,
    only: Collection[int] | None = None,
    known: intake.Known | None = None,
) -> tuple[Batch, ...]:
    """The batches of a region in order, of those received on or before ``known_on`` (and of the numbers ``only``);
    none where it has no register. ``known``: the institutions its rows may name.

    Raises DATA for a file that is missing, not inside the region or given twice, BROKEN for one that is not as it was
    received.
    """
    if not any((region / f"{BATCHES.name}{suffix}").is_file() for suffix in intake.REGISTER_SUFFIXES):
        return ()
    rows = frame(intake.read_register(region / BATCHES.name, BATCHES, known)).sort("batch").to_dicts()
    batches = []
    for row in rows:
        if known_on is not None and row["received_on"] is not None and row["received_on"] > known_on:
            continue
        if only is not None and row["batch"] not in only:
            continue
        path = region / row["file"]
        if Path(row["file"]).is_absolute() or not real_path(path).is_relative_to(real_path(region)):
            raise _wrong(row, "批次文件不在区域文件夹内", "the file of a batch lies outside the region's folder")
        if not path.is_file():
            raise _wrong(row, "找不到批次的文件", "the file of a batch is not there")
        if row["sha256"] and file_digest(path) != row["sha256"]:
            raise DrgpayError(
                Kind.BROKEN, zh="批次文件与收到时不同", en="the file of a batch is not as it was received",
                file=row["file"], field="sha256", value=row["batch"],
            )  # fmt: skip
        batches.append(
            Batch(row["batch"], row["institution_id"], month_of(row["month"], BATCHES.name, None), path,
                  row["received_on"], row["supersedes"], row["reason"], row["sha256"])
        )  # fmt: skip
    return tuple(batches)


def _wrong(row: Mapping[str, Any], zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh=zh, en=en, file=BATCHES.name, field="file", value=row["file"],
        fix_zh="核对 batches.csv", fix_en="check batches.csv",
    )  # fmt: skip


@dataclass(frozen=True)
class Received:
    """What was read of a batch's file: ``stays`` accepted (table of STAYS), ``withdrawn`` ids, FINDINGS, rows read,
    and the sum of the stays' scores."""

    stays: Any
    withdrawn: tuple[str, ...]
    findings: Any
    rows: int
    score: int


def receive(
    path: Path,
    institution: str,
    month: tuple[int, int],
    context: intake.CheckContext,
    elsewhere: Mapping[str, str] | None = None,
    earlier: Mapping[str, tuple[int, int]] | None = None,
    withdrawn: Sequence[str] = (),
    **said: Any,
) -> Received:
    """Read the file of a batch: its stays checked as those of a region, and those of another institution or month
    kept out; rows marked as withdrawn are taken as ids. ``said``: as :meth:`Region.said` gives it."""
    marked = intake.withdrawals(path, said.get("hints") or intake.Hints())
    parts, findings, rows, score = [], [], 0, 0
    for part in of_batch(path, institution, month, context, marked, elsewhere or {}, earlier or {}, **said):
        parts.append(part.stays)
        findings.append(part.findings)
        rows += part.rows
        score += sum(part.scores.column("score").to_pylist())
    for line, stay in marked.items():
        if not stay:
            raise DrgpayError(
                Kind.DATA, zh="撤销的行没有病例号", en="a withdrawn row has no stay id", file=path.name, row=line,
                field="stay_id", fix_zh="补上病例号", fix_en="fill in the stay id",
            )  # fmt: skip
    stays = pa.Table.from_batches(parts) if parts else STAYS.schema.empty_table()
    gone = tuple(sorted({*marked.values(), *withdrawn}))
    both = sorted(set(gone) & set(stays.column("stay_id").to_pylist()))
    if both:
        raise DrgpayError(
            Kind.DATA, zh="同一病例在一个批次里既提交又撤销", en="a batch both hands in and withdraws a stay",
            file=path.name, field="stay_id", value=", ".join(both[:5]), fix_zh="只留一种",
            fix_en="keep one of the two",
        )  # fmt: skip
    return Received(stays.combine_chunks(), gone, intake.merge_findings(findings), rows, score)


def of_batch(
    path: Path,
    institution: str | None,
    month: tuple[int, int] | None,
    context: intake.CheckContext,
    marked: Mapping[int, str],
    elsewhere: Mapping[str, str],
    earlier: Mapping[str, tuple[int, int]],
    **said: Any,
) -> Iterator[intake.Intake]:
    """What is read of a batch's file, part by part: without the rows that are ``marked`` as withdrawn (line -> id),
    and with findings on stays that are not of this institution and month (None: of any). Arguments as
    :func:`receive`."""
    for part in intake.read_stays(
        path,
        need="settlement",
        codes=context.codes,
        institutions=context.institutions,
        quality=True,
        open_days=context.open_days,
        **said,
    ):
        live = np.array([line not in marked for line in part.lines.tolist()], bool)
        kept, lines = part.stays.filter(pa.array(live)), part.lines[live]
        found = [_without_mark(intake.without_rows(part.findings, np.array(sorted(marked), np.int64)))]
        if institution is not None:
            kept, lines, strange = intake.keep_batch(kept, lines, path.name, institution, month, elsewhere, earlier)
            found.append(strange)
        yield replace(part, stays=kept, lines=lines, findings=intake.merge_findings(found))


def _without_mark(findings: Any) -> Any:
    """The column of withdrawals is known here."""
    names = {"withdrawn", "撤销", "撤回", "作废", "是否撤销", "是否作废"}
    unknown = [
        r == "column_unknown" and f.strip() in names
        for r, f in zip(findings.column("rule").to_pylist(), findings.column("field").to_pylist(), strict=True)
    ]
    return findings.filter(pa.array([not u for u in unknown], pa.bool_()))


@dataclass(frozen=True)
class Versions:
    """The stays that batches bring: one canonical file per batch in their order, the keys of its rows that a later
    batch replaces, the keys that replace rows of batch 0, and findings on files that were read now."""

    files: tuple[Path, ...]
    replaced: tuple[Any, ...]
    first: Any
    findings: tuple[Any, ...]
    rejected: int


def versions(batches: Sequence[Batch], work: Path, context: intake.CheckContext, said: Mapping[str, Any]) -> Versions:
    """Which version of every stay counts. ``work``: an empty folder for batches that were not accepted before."""
    files: list[Path] = []
    findings: list[Any] = []
    keys: list[pl.DataFrame] = []
    rejected = 0
    for batch in batches:
        kept = batch.kept
        if kept is not None:
            path, gone = kept / ACCEPTED, withdrawn_in(batch)
        else:
            got = receive(batch.path, batch.institution, batch.month, context, **said)
            work.mkdir(parents=True, exist_ok=True)
            path, gone = work / f"batch-{batch.number:06d}.parquet", list(got.withdrawn)
            write_stays(path, got.stays)
            findings.append(got.findings)
            rejected += got.rows - got.stays.num_rows - len(got.withdrawn)
        files.append(path)
        ids = pl.Series("stay_id", [*open_parquet(path).read(["stay_id"]).column("stay_id").to_pylist(), *gone])
        keys.append(pl.DataFrame({"key": ids + "\x1f" + batch.institution, "at": len(keys)}))
    if not keys:
        return Versions((), (), pa.array([], pa.string()), (), 0)
    whole = pl.concat(keys, how="vertical_relaxed")
    last = whole.group_by("key").agg(last=pl.col("at").max())
    before = whole.join(last, on="key").filter(pl.col("at") < pl.col("last"))
    replaced = tuple(_sorted(before.filter(pl.col("at") == at)["key"]) for at in range(len(keys)))
    return Versions(tuple(files), replaced, _sorted(last["key"]), tuple(findings), rejected)


def _sorted(keys: pl.Series) -> Any:
    return keys.unique().sort().to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())


def withdrawn_in(batch: Batch) -> list[str]:
    """The stay ids that a batch takes back."""
    kept = batch.kept
    if kept is None:
        return sorted(intake.withdrawals(batch.path, intake.Hints()).values())
    return read_changes(kept).filter(pl.col("change") == "withdrawn")["stay_id"].to_list()


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Alone while something is added to a region's folder; ENGINE names who else is writing, USAGE refuses one that
    was composed."""
    if not folder.is_dir():
        raise DrgpayError(Kind.DATA, zh="没有这个区域文件夹", en="no such region folder", file=folder)
    refuse_composed(folder)
    with locked(folder, wait=WAIT):
        yield


def refuse_composed(folder: Path) -> None:
    """Raise USAGE for a region's folder that was composed: what is added there would be lost with the next one."""
    if (folder / COMPOSED).exists():
        raise DrgpayError(
            Kind.USAGE, zh="这个区域文件夹由办公系统按登记内容生成,不能直接写入", file=folder,
            en="this region folder is composed from the office's record and never written to",
            fix_zh="在办公系统中登记或提交,再重新生成", fix_en="enter it in the office and compose a new one",
        )  # fmt: skip


def write_stays(path: Path, stays: Any) -> None:
    """Accepted stays as one canonical Parquet file."""
    write_rows(path, stays.cast(STAYS.schema))


def write_rows(path: Path, rows: Any) -> None:
    """A table as one Parquet file, whole or not at all."""
    with drafted(path) as draft:
        pq.write_table(rows, draft, row_group_size=ROW_GROUP, compression="zstd")


def read_changes(folder: Path) -> pl.DataFrame:
    """STAY_CHANGES of an accepted batch."""
    return frame(open_parquet(folder / CHANGES).read().cast(STAY_CHANGES.schema))


def changed_by(record: Path, batch: int) -> list[str]:
    """The stays that were there before a batch of a record and are another by it, or were taken back."""
    rows = read_changes(record / FOLDER / f"{batch:06d}")
    return list(rows.filter(pl.col("change").is_in(("changed", "withdrawn")))["stay_id"])
