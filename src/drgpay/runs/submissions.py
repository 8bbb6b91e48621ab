"""Hand a file of stays in for a month (提交清单), and tell the history of a stay (design/12 §1)."""

from __future__ import annotations

import calendar
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import Dataset, Engine, Part, drafted, frame, open_parquet, writing
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import batches
from drgpay.runs.manifest import file_digest, write_json
from drgpay.runs.region import Region, known_codes, read_region
from drgpay.steps import intake
from drgpay.tables import BATCHES, FINDINGS, INSTITUTION_EVENTS, INSTITUTIONS, STAYS
from drgpay.units import half_up

Sealed = Callable[[str, int, int], bool]
"""(area, year, month) -> whether the month is sealed"""


@dataclass(frozen=True)
class Submitted:
    """What became of a batch: its number, rows read, stays added, changed, the same as before, withdrawn, rows
    rejected, FINDINGS, and the mean score of 100 of its rows in 1/100."""

    batch: int
    rows: int
    added: int
    changed: int
    same: int
    withdrawn: int
    rejected: int
    findings: Any
    score: int | None


def submit(
    folder: Path,
    file: Path,
    institution: str,
    month: tuple[int, int],
    engine: Engine,
    *,
    on: date | None = None,
    reason: str = "",
    correction: bool = False,
    withdrawn: Sequence[str] = (),
    sealed: Sealed = lambda area, year, month: False,
    hints: intake.Hints | None = None,
    crosswalk: intake.Crosswalk | None = None,
    registers: Path | None = None,
) -> Submitted:
    """Hand in a file of stays of an institution and month as a new batch, whole or not at all.

    ``on``: day of receipt; ``withdrawn``: stay ids taken back besides those the file marks; ``sealed``: tells a month
    that is sealed, which takes a ``correction`` with a ``reason`` only; ``registers``: a region's folder whose
    registers count, where ``folder`` is a record that keeps none. Raises DrgpayError, and then nothing was
    written: DATA for an institution that is not in the register or was not open in that month, a stay to be
    withdrawn that is not there, or a file without a usable row; USAGE for a sealed month or a file that was handed
    in just before.
    """
    with batches.writing_to(folder):
        region = _region(folder, registers)
        own = _institution(region, institution)
        _open_in(region, institution, month)
        if sealed(region.identity["id"], *month):
            _refuse_sealed(month, correction, reason)
        if correction and not reason.strip():
            raise _no_reason()
        digest = file_digest(file)
        previous = _previous(region, institution, month, digest)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".submit-") as scratch:
            work = Path(scratch)
            open_days = region.succession.open_days()
            context = intake.CheckContext("settlement", known_codes(), frozenset(own), open_days=open_days)
            said = {"hints": hints, "crosswalk": crosswalk} if hints or crosswalk else region.said()
            first = batches.receive(file, institution, month, context, withdrawn=withdrawn, **said)
            wanted = [*first.stays.column("stay_id").to_pylist(), *first.withdrawn]
            before = current(region, engine, work, wanted)
            theirs = before.filter(pl.col("institution_id") != institution)
            ours = before.filter(pl.col("institution_id") == institution)
            elsewhere = dict(theirs.select("stay_id", "institution_id").rows())
            earlier = {s: (day.year, day.month) for s, day in ours.select("stay_id", "discharge_date").rows()}
            _there(first.withdrawn, earlier, month, file.name)
            got = first
            if elsewhere or any(m != month for m in earlier.values()):
                got = batches.receive(
                    file, institution, month, context, elsewhere, earlier, withdrawn=withdrawn, **said
                )
            if not got.stays.num_rows and not got.withdrawn:
                raise _nothing(got.findings, file)
            changes = intake.changes_between(ours, got.stays, list(got.withdrawn))
            number = _next(folder, region)
            _write(folder, file, number, digest, got, changes, institution, month, on, previous, reason)
    counts = dict(frame(changes).group_by("change").len().rows())
    return Submitted(
        batch=number,
        rows=got.rows,
        added=counts.get("added", 0),
        changed=counts.get("changed", 0),
        same=counts.get("same", 0),
        withdrawn=counts.get("withdrawn", 0),
        rejected=got.rows - got.stays.num_rows - _marked(got, withdrawn),
        findings=got.findings,
        score=_score(got),
    )


def handed_in(folder: Path, institution: str, month: tuple[int, int], file: Path) -> Submitted | None:
    """What became of the last batch of an institution and month where it is this very file, told again after whoever
    handed it in was interrupted; None where it is not (a row more is never made)."""
    of_it = [b for b in batches.read_batches(folder) if (b.institution, b.month) == (institution, month)]
    kept = of_it[-1].kept if of_it and of_it[-1].sha256 == file_digest(file) else None
    if kept is None:
        return None
    about = json.loads((kept / batches.ABOUT).read_text(encoding="utf-8"))
    counts = dict(batches.read_changes(kept).group_by("change").len().rows())
    found = open_parquet(kept / batches.FOUND).read()
    return Submitted(
        batch=of_it[-1].number, rows=about["rows"], added=counts.get("added", 0), changed=counts.get("changed", 0),
        same=counts.get("same", 0), withdrawn=counts.get("withdrawn", 0),
        rejected=max(0, about["rows"] - about["accepted"] - about["withdrawn"]), findings=found, score=about["score"],
    )  # fmt: skip


def _region(folder: Path, registers: Path | None) -> Region:
    """The region; of a record without registers, with those of another folder."""
    if registers is None:
        return read_region(folder)
    return replace(read_region(registers), folder=folder, batches=batches.read_batches(folder))


def _marked(got: batches.Received, named: Sequence[str]) -> int:
    """Withdrawn ids that stand as rows in the file."""
    return len(set(got.withdrawn) - set(named))


def _score(got: batches.Received) -> int | None:
    """Mean score of the rows, in 1/100, half up."""
    return half_up(got.score * 100, got.rows) if got.rows else None


def _institution(region: Region, institution: str) -> list[str]:
    own: list[str] = region.registers[INSTITUTIONS]["institution_id"].to_list()
    if institution not in own:
        near = next(iter(get_close_matches(institution, own, n=1, cutoff=0.5)), "")
        raise DrgpayError(
            Kind.DATA, zh="机构登记表中没有这家机构", en="no such institution in the register", value=institution,
            file=INSTITUTIONS.name, field="institution_id",
            fix_zh=f"最接近的是 {near}" if near else "核对机构编号",
            fix_en=f"the nearest is {near}" if near else "check the code",
        )  # fmt: skip
    return own


def _open_in(region: Region, institution: str, month: tuple[int, int]) -> None:
    """An institution hands in months in which it was open; for one that has gone over into another its successor
    does, under the code of the old one."""
    first, last = date(*month, 1), date(*month, calendar.monthrange(*month)[1])
    there = region.succession
    if there.there(institution, first, last):
        return
    end = there.ends.get(institution)
    if end is None or not there.gone(institution, first):
        day = there.begins[institution]
        raise DrgpayError(
            Kind.DATA, zh=f"该机构 {day} 才开业", en=f"the institution was opened on {day} only", value=institution,
            field="month", fix_zh="核对月份", fix_en="check the month",
        )  # fmt: skip
    day, heir = end["from_date"], there.heir(institution, first)
    more_zh = f",由 {heir} 承继" if heir != institution else ""
    more_en = f"; {heir} is its successor" if heir != institution else ""
    raise DrgpayError(
        Kind.DATA, zh=f"该机构自 {day} 起已不存在{more_zh}", en=f"the institution is no more since {day}{more_en}",
        value=institution, field="month", file=INSTITUTION_EVENTS.name,
        fix_zh="此后的病例由承继机构以自己的编号提交;此前月份仍用原编号" if more_zh else "核对机构和月份",
        fix_en="stays from then on are the successor's, under its own code; earlier months keep the old code"
        if more_en else "check the institution and the month",
    )  # fmt: skip


def _refuse_sealed(month: tuple[int, int], correction: bool, reason: str) -> None:
    if not correction:
        raise DrgpayError(
            Kind.USAGE, zh="该月已封账", en="this month is sealed", value=f"{month[0]}-{month[1]:02d}",
            fix_zh="作为更正提交:--correction --reason 理由",
            fix_en="hand it in as a correction: --correction --reason …",
        )  # fmt: skip
    if not reason.strip():
        raise _no_reason()


def _no_reason() -> DrgpayError:
    return DrgpayError(
        Kind.USAGE, zh="更正必须写明理由", en="a correction needs a reason", field="--reason",
        fix_zh="加上 --reason 理由", fix_en="add --reason …",
    )  # fmt: skip


def _previous(region: Region, institution: str, month: tuple[int, int], digest: str) -> int | None:
    """The batch of the same institution and month before; USAGE when it is this very file."""
    of_it = [b for b in region.batches if (b.institution, b.month) == (institution, month)]
    if not of_it:
        return None
    if of_it[-1].sha256 == digest:
        raise DrgpayError(
            Kind.USAGE, zh=f"这个文件已作为批次 {of_it[-1].number} 提交", en=f"this file is batch {of_it[-1].number}",
            fix_zh="没有变化就不必再交", fix_en="without a change there is no need to hand it in again",
        )  # fmt: skip
    return of_it[-1].number


def current(region: Region, engine: Engine, work: Path, wanted: Sequence[str]) -> pl.DataFrame:
    """The stays with these ids as they stand now, of whichever institution (columns of STAYS, code lists joined by
    ``|``)."""
    context = intake.CheckContext(
        "settlement", known_codes(), frozenset(region.registers[INSTITUTIONS]["institution_id"])
    )
    stays = region.stays(work, context)
    kernel = partial(_picked, wanted=pa.array(sorted(set(wanted)), pa.string()), replaced=stays.replaced)
    if not stays.data.paths:
        return intake.comparable(STAYS.schema.empty_table())
    found = engine.map(stays.data, kernel, [work / "current"], STAYS.names, "current")[0]
    return intake.comparable(_read(found))


def _read(data: Dataset) -> Any:
    return pa.concat_tables([open_parquet(p).read() for p in data.paths]).unify_dictionaries()


def _picked(batch: Any, part: Part, wanted: Any, replaced: Mapping[int, Any]) -> Any:
    """The wanted stays of a part that count."""
    hit = pc.is_in(batch.column("stay_id"), value_set=wanted)
    rows = batch.filter(hit)
    keys = replaced.get(part.file_number)
    return rows if keys is None else rows.filter(pa.array(~intake.replaced_rows(rows, keys)))


def _there(gone: Sequence[str], earlier: dict[str, tuple[int, int]], month: tuple[int, int], file: str) -> None:
    """Only a stay of this institution and month can be withdrawn."""
    wrong = [s for s in gone if earlier.get(s) != month]
    if wrong:
        other = earlier.get(wrong[0])
        more_zh = f";它在 {other[0]}-{other[1]:02d}" if other else ""
        more_en = f"; it is in {other[0]}-{other[1]:02d}" if other else ""
        raise DrgpayError(
            Kind.DATA, zh=f"要撤销的病例不在该机构该月{more_zh}",
            en=f"no such stay to withdraw in this month{more_en}", file=file, field="stay_id",
            value=", ".join(wrong[:5]), fix_zh="核对病例号和月份", fix_en="check the stay id and the month",
        )  # fmt: skip


def _nothing(findings: Any, file: Path) -> DrgpayError:
    """No row is usable: the commonest reason is named."""
    errors = frame(findings).filter(pl.col("level") == "error")
    common = (
        errors.group_by("rule", "zh", "en").len().sort(["len", "rule"], descending=[True, False]).head(1).to_dicts()
    )
    why = common[0] if common else {"zh": "", "en": ""}
    return DrgpayError(
        Kind.DATA, zh=f"没有一行可用;最常见:{why['zh']}",
        en=f"no usable row; most often: {why['en']}", file=file.name,
        fix_zh="先用 drgpay check 看问题清单", fix_en="see the findings with drgpay check first",
    )  # fmt: skip


def _next(folder: Path, region: Region) -> int:
    numbers = [b.number for b in batches.read_batches(folder)]
    inside = folder / batches.FOLDER
    made = [int(p.name) for p in inside.iterdir() if p.name.isdigit()] if inside.is_dir() else []
    return max([0, *numbers, *made]) + 1


def _write(
    folder: Path, file: Path, number: int, digest: str, got: batches.Received, changes: Any, institution: str,
    month: tuple[int, int], on: date | None, previous: int | None, reason: str,
) -> None:  # fmt: skip
    """The batch's folder first, then the row that makes it count."""
    name = f"{number:06d}"
    inside = folder / batches.FOLDER
    draft, target = inside / f".{name}.partial", inside / name
    received = _plain_name(file)
    with writing(target):
        try:
            shutil.rmtree(draft, ignore_errors=True)
            (draft / "received").mkdir(parents=True)
            shutil.copyfile(file, draft / "received" / received)
            if file_digest(draft / "received" / received) != digest:
                raise DrgpayError(Kind.DATA, zh="文件在提交过程中被改动",
                                  en="the file changed while it was handed in",
                                  file=file.name, fix_zh="重新提交", fix_en="hand it in again")  # fmt: skip
            batches.write_stays(draft / batches.ACCEPTED, got.stays)
            for at, table in ((batches.CHANGES, changes), (batches.FOUND, got.findings.cast(FINDINGS.schema))):
                batches.write_rows(draft / at, table)
            write_json(
                draft / batches.ABOUT,
                {
                    "batch": number,
                    "institution_id": institution,
                    "month": f"{month[0]}-{month[1]:02d}",
                    "sha256": digest,
                    "stays_sha256": file_digest(draft / batches.ACCEPTED),
                    "rows": got.rows,
                    "accepted": got.stays.num_rows,
                    "withdrawn": len(got.withdrawn),
                    "score": _score(got),
                },
            )
            draft.rename(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    row = {
        "batch": number, "institution_id": institution, "month": f"{month[0]}-{month[1]:02d}",
        "file": f"{batches.FOLDER}/{name}/received/{received}", "received_on": on, "supersedes": previous,
        "reason": reason.strip() or None, "sha256": digest,
    }  # fmt: skip
    try:
        _add_row(folder, row)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _plain_name(file: Path) -> str:
    """The name of the file without what a path or a sheet may trip over, its ending kept."""
    stem = re.sub(r"[^\w.\-]+", "_", file.stem).strip("._")[:80] or "stays"
    return f"{stem}{file.suffix.lower()}"


def _add_row(folder: Path, row: dict[str, Any]) -> None:
    """The register with one row more, whole or not at all; it becomes a CSV whatever it was."""
    target = folder / f"{BATCHES.name}.csv"
    old = [
        folder / f"{BATCHES.name}{s}" for s in intake.REGISTER_SUFFIXES if (folder / f"{BATCHES.name}{s}").is_file()
    ]
    if old and old[0] != target:
        raise DrgpayError(
            Kind.DATA, zh="批次登记表须为 batches.csv", en="the register of batches must be batches.csv",
            file=old[0].name, fix_zh="另存为 CSV", fix_en="save it as CSV",
        )  # fmt: skip
    known = frame(intake.read_register(target, BATCHES)) if old else frame(BATCHES.schema.empty_table())
    more = frame(BATCHES.of([row]))
    with drafted(target) as draft:
        pl.concat([known, more]).sort("batch").write_csv(draft)


@dataclass(frozen=True)
class Version:
    """One version of a stay: the batch (0 = ``stays``), when it was received and why, what it did, and the columns
    that differ from the version before: name -> (before, after), as they are stored."""

    batch: int
    received_on: date | None
    institution: str
    change: str
    reason: str | None
    differs: dict[str, tuple[Any, Any]]


def history(folder: Path, stay: str, engine: Engine) -> list[Version]:
    """Every version of a stay in order. DATA when there is none."""
    region = read_region(folder)
    context = intake.CheckContext(
        "settlement", known_codes(), frozenset(region.registers[INSTITUTIONS]["institution_id"])
    )
    found: list[Version] = []
    last: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        stays = region.stays(work, context)
        first = len(stays.data.paths) - len(region.batches)
        if first:
            old = engine.map(
                Dataset(stays.data.paths[:first]), partial(_picked, wanted=pa.array([stay]), replaced={}),
                [work / "first"], STAYS.names, "history",
            )[0]  # fmt: skip
            for row in intake.comparable(_read(old)).to_dicts():
                last[row["institution_id"]] = row
                found.append(Version(0, None, row["institution_id"], "added", None, {}))
        for batch, path in zip(region.batches, stays.data.paths[first:], strict=True):
            found += _in_batch(batch, path, stay, last)
    if not found:
        raise DrgpayError(
            Kind.DATA, zh="区域里从来没有这份病例", en="the region never had this stay", value=stay,
            fix_zh="核对病例号", fix_en="check the stay id",
        )  # fmt: skip
    return found


def _in_batch(batch: batches.Batch, path: Path, stay: str, last: dict[str, dict[str, Any]]) -> list[Version]:
    """What a batch did to a stay; ``last``: the version before by institution, kept up to date."""
    rows = intake.comparable(open_parquet(path).read().filter(pc.field("stay_id") == stay)).to_dicts()
    about = (batch.number, batch.received_on, batch.institution)
    before = last.get(batch.institution)
    if rows:
        now = last[batch.institution] = rows[0]
        if before is None:
            return [Version(*about, "added", batch.reason, {})]
        differs = {n: (before[n], now[n]) for n in STAYS.names if before[n] != now[n]}
        return [Version(*about, "changed" if differs else "same", batch.reason, differs)]
    if before is not None and stay in batches.withdrawn_in(batch):
        del last[batch.institution]
        return [Version(*about, "withdrawn", batch.reason, {})]
    return []
