"""The jobs of submissions: a file checked, and a file entered into the record. Files are opened here only."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from drgpay_web import clock, flow, inbox, jobs, store
from drgpay_web.flow.models import Case
from drgpay_web.people import system_actor
from drgpay_web.submissions.effects import CHECK, ENTER
from drgpay_web.submissions.guards import month_of
from drgpay_web.submissions.places import place_of
from drgpay_web.submissions.rules import IN_REGION, SUBMISSION

GIB = 1024**3


def _checked(job: jobs.Job) -> None:
    """The check has ended: what it found, or that it was lost."""
    case = Case.objects.select_for_update().get(pk=job.payload["case"])
    if case.data.get("checking") != job.pk or case.state != "checking":
        return
    move = "lose"
    if job.result:
        case.data["found"] = job.result
        case.save(update_fields=["data"])
        move = "refuse" if job.result["error"] else "found"
    flow.do(system_actor(job.area), case, move, version=case.version)


def _entered(job: jobs.Job) -> None:
    """The file is a batch: the submission before it is replaced. A file the record refuses goes back with why; what
    was lost stays accepted and is ordered again."""
    case = Case.objects.select_for_update().get(pk=job.payload["case"])
    if case.state != "accepted":
        return
    system = system_actor(job.area)
    refused = (job.result or {}).get("refused")
    if refused:
        case.data["refused"] = refused
        case.save(update_fields=["data"])
        flow.do(system, case, "bounce", version=case.version)
    elif job.result:
        case.data["batch"] = job.result
        case.save(update_fields=["data"])
        before = Case.objects.filter(machine=SUBMISSION, unit=case.unit, period=case.period, state=IN_REGION)
        for one in before.exclude(pk=case.pk):
            flow.do(system, one, "replace", version=one.version)
        flow.do(system, case, "enter", version=case.version)


@jobs.handler(CHECK, finish=_checked, hours=1, memory=3 * GIB)
def check(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Check a file as it would be handed in; what was found is kept in the submission's own folder."""
    case = Case.objects.select_related("unit").get(pk=job.payload["case"])
    month = month_of(case.period)
    target = place_of(case)
    with _working(case) as (file, region, work), runs.working(progress, should_stop):
        engine = runs.LocalEngine(1)
        upload = runs.check_upload(
            file, work=work / "found", engine=engine, aliases=case.data["columns"] or None,
            institution=case.unit.code, month=month, region=region,
        )  # fmt: skip
        said = _plain(upload) | {"wards": _wards(upload, work / "found")}
        if upload.accepted is not None:
            (work / "before").mkdir()
            now = runs.figures_of(upload.accepted)
            last = runs.figures_before(region, case.unit.code, _before(month), engine, work / "before")
            said["figures"] = {"now": now.plain(), "last": last.plain(), "change": now.change(last)}
            upload.accepted.unlink()  # read again when it is handed in; persons are kept once
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(work / "found", target)
    return said


@jobs.handler(ENTER, finish=_entered, hours=1, memory=3 * GIB)
def enter(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Enter an accepted file into the record as a batch; one that is there already is told again."""
    case = Case.objects.select_related("unit").get(pk=job.payload["case"])
    with _working(case) as (file, region, work), runs.working(progress, should_stop):
        try:
            done = _entry(case, file, region, work)
        except runs.Stopped:
            raise
        except DrgpayError as error:
            if error.kind not in (Kind.DATA, Kind.USAGE):
                raise
            return {"refused": _said(error)}
    names = ("batch", "rows", "added", "changed", "same", "withdrawn", "rejected")
    return {name: getattr(done, name) for name in names}


def _entry(case: Case, file: Path, region: Path, work: Path) -> runs.Submitted:
    """The batch that a file has become. Raises DrgpayError."""
    month, plain = month_of(case.period), runs.unpacked(file, work)
    record, sealed = store.record(case.area), store.sealed_months(case.area)
    done = runs.handed_in(record, case.unit.code, month, plain)
    if done is not None:
        return done
    columns = runs.aliases_there(plain, case.data["columns"])
    hints = runs.hints_of(None, columns) if columns else None
    return runs.submit(
        record, plain, case.unit.code, month, runs.LocalEngine(1), on=clock.today(),
        reason=case.data.get("reason", ""), correction=bool(case.data.get("correction")),
        sealed=lambda _, year, number: sealed(year, number), hints=hints,
        crosswalk=runs.crosswalk_of(hints) if hints else None, registers=region,
    )  # fmt: skip


@contextmanager
def _working(case: Case) -> Iterator[tuple[Path, Path, Path]]:
    """The file under its own name, the region as it stands, and a folder to work in, gone afterwards."""
    received = store.Received.objects.get(pk=case.data["received"])
    with tempfile.TemporaryDirectory(dir=jobs.place_of_jobs(), suffix=".tmp") as scratch:
        work = Path(scratch)
        (work / "file").mkdir()
        file = work / "file" / received.name
        os.link(inbox.path_of(received.stored), file)
        region = store.compose_now(case.area, work / "region")
        try:
            yield file, region, work
        finally:
            _writable(work)


def _writable(folder: Path) -> None:
    """A composed region is read-only; its folders must be writable to be removed."""
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)


def _before(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year, number - 1) if number > 1 else (year - 1, 12)


def _plain(upload: runs.Upload) -> dict[str, Any]:
    """What a check found, as the case keeps it."""
    error = upload.error
    return {
        "format": upload.format, "said": list(upload.said), "encoding": upload.encoding, "rows": upload.rows,
        "kept": upload.kept, "rejected": upload.rejected, "withdrawn": upload.withdrawn, "score": upload.score,
        "blocks": upload.blocks, "day": clock.today().isoformat(),
        "heads": [[h.header, h.field, h.how, h.guess] for h in upload.heads],
        "missing": [[m.field, m.zh, m.en, m.guess] for m in upload.missing],
        "rules": [
            [r.rule, r.level, r.n, r.blocks, r.zh, r.en, r.responsible_zh, r.responsible_en] for r in upload.rules
        ],
        "error": None if error is None else _said(error),
    }  # fmt: skip


def _wards(upload: runs.Upload, found: Path) -> list[dict[str, Any]]:
    """What was found in the records of every department, for its own people: score, stays with errors, hints."""
    if upload.scores is None:
        return []
    _, rules = runs.read_quality(found)
    hints: dict[str, int] = {}
    for row in rules:
        hints[row["department_id"]] = hints.get(row["department_id"], 0) + row["n"]
    shown = ("department_id", "n", "score", "errors")
    return [
        {"hints": hints.get(row["department_id"], 0), **{name: row[name] for name in shown}}
        for row in runs.read_scores(upload.scores)
        if row["scope"] == "department"
    ]


def _said(error: DrgpayError) -> dict[str, str]:
    """An error of the core as the page shows it."""
    return {
        "zh": error.zh, "en": error.en, "fix_zh": error.fix_zh, "fix_en": error.fix_en, "place": error.place(),
    }  # fmt: skip
