"""The jobs of what-ifs: a settled year under another law, and for a range of values. Nothing is written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drgpay import runs
from drgpay_web import flow, inbox, jobs, store
from drgpay_web.jobs.handlers import HEAVY, LIGHT
from drgpay_web.people import system_actor
from drgpay_web.policy.actions import MANY, ONE, SCHEME

GROUPS_KEPT = 50
"""changes from group to group that the page shows; the others are counted"""


def tried(job: jobs.Job) -> None:
    """A draft that was tried goes on."""
    if not job.payload.get("case"):
        return
    case = flow.Case.objects.get(pk=job.payload["case"])
    if case.state == "trying":
        move = "tried" if job.state == "done" else "failed"
        flow.do(system_actor(job.area), case, move, version=case.version)


@jobs.handler(ONE, lane=LIGHT, hours=1, finish=tried)
def try_one(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The year under other values, beside what it was."""
    folder, changes, practice = _asked(job)
    with runs.working(progress, should_stop), tempfile.TemporaryDirectory() as scratch:
        if scheme := job.payload.get("scheme"):
            text = runs.scheme_text(store.practice_source(job.area, job.payload["of"]), scheme)
            practice = str(Path(scratch) / "practice.yaml")
            Path(practice).write_text(text, encoding="utf-8")
        return runs.what_if(folder, jobs.engine(1), changes, practice).plain()


def brought(job: jobs.Job) -> None:
    """A scheme that was built is the draft's; of one that could not be, the draft says why."""
    case = flow.Case.objects.get(pk=job.payload["case"])
    if case.state == "draft":
        case.data["brought"] = job.pk
        case.save(update_fields=["data"])
        move = "built" if job.state == "done" else "unbuilt"
        flow.do(system_actor(job.area), case, move, version=case.version)


@jobs.handler(SCHEME, lane=LIGHT, hours=1, finish=brought)
def build(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """Build a scheme from the file that was brought; what it changes on the stays of the latest settled year."""
    said = job.payload
    with runs.working(progress, should_stop), tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / f"scheme.{said['kind']}"
        file.write_bytes(inbox.path_of(said["file"]).read_bytes())
        made = runs.build_scheme(file, store.own_schemes(), scheme_id=said["id"], title=said["title"])
        found: dict[str, Any] = {"id": made.id, "title": made.title, "digest": made.digest, "base": made.base}
        if said["result"] is not None:
            result = store.Result.objects.select_related("pin").get(pk=said["result"])
            assert result.pin is not None
            old = str(runs.read_manifest(store.folder(result))["scheme"])
            work = Path(scratch) / "work"
            work.mkdir()
            moved = runs.regrouped(
                store.compose(result.pin), int(result.period), old, made.id, jobs.engine(1), work
            )  # fmt: skip
            found |= {"old": old, "year": result.period, "n": moved.n, "changed": moved.changed,
                      "groups": moved.groups[:GROUPS_KEPT], "institutions": moved.institutions}  # fmt: skip
    return found


@jobs.handler(MANY, lane=HEAVY, hours=3)
def try_many(job: jobs.Job, progress: Callable[[Any], None], should_stop: jobs.ShouldStop) -> dict[str, Any]:
    """The year for every value of a range."""
    folder, changes, practice = _asked(job)
    with runs.working(progress, should_stop):
        return runs.sweep(folder, jobs.engine(1), job.payload["sweep"], changes, practice).plain()


def _asked(job: jobs.Job) -> tuple[Any, dict[str, str], str | None]:
    result = store.Result.objects.get(pk=job.payload["result"], area=job.area)
    named = job.payload["practice"]
    practice = store.practice_source(job.area, named) if named else None
    return store.folder(result), job.payload["changes"], practice
