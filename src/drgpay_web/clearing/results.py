"""Candidates: the newest of a period, who ran it, whether it can be published, its statements."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import QuerySet

from drgpay.runs import read_manifest
from drgpay_web import flow, jobs, store
from drgpay_web.clearing.lines import HOUSE, SCHEME, digests
from drgpay_web.clearing.links import CLOSED, parsed, standing
from drgpay_web.people import Actor

CANDIDATE, TRIAL, PUBLISHED, REPLACED, STALE = "candidate", "trial", "published", "replaced", "stale"
SEALED = "sealed"
MADE = "made"
"""a folder that was found without a row: nobody has ordered it here"""


def candidates(area: str, period: str) -> QuerySet[store.Result]:
    """Candidates of a period, the newest first."""
    return store.results_of(area, period=period).filter(state=CANDIDATE)


def published(area: str, period: str) -> store.Result | None:
    """The published candidate of a period."""
    return store.results_of(area, period=period).filter(state=PUBLISHED).first()


def ran_by(result: store.Result) -> int | None:
    """The person who ordered a result; None of one that was not ordered here."""
    return result.job.ordered_by_id if result.job else None


def told(result: store.Result) -> dict[str, Any]:
    """What the job that made a result says of it."""
    return (result.job.result or {}) if result.job else {}


def statements_of(result: store.Result) -> list[dict[str, str]]:
    """Institution, scheme and digest of every statement of a result."""
    known: list[dict[str, str]] | None = told(result).get("statements")
    return digests(store.folder(result), result.period) if known is None else known


def verified(result: store.Result) -> list[dict[str, Any]]:
    """The checks of a result: of the latest full check, else those made with the run."""
    again = jobs.Job.objects.filter(key=verify_key(result), state="done").order_by("-pk").first()
    found = again.result if again else told(result)
    return list((found or {}).get("verify", []))


def verify_key(result: store.Result) -> str:
    """The key of jobs that check a result."""
    return f"verify:{result.pk}"


def unpublishable(actor: Actor, result: store.Result | None) -> flow.Guarded | None:
    """Why somebody may not publish a result now."""
    if result is None or result.state != CANDIDATE:
        return flow.Guarded("clearing.no_candidate")
    newest = candidates(result.area, result.period).first()
    if newest and newest.pk != result.pk:
        return flow.Guarded("clearing.not_the_newest", name=newest.name)
    if ran_by(result) == actor.person.pk:
        return flow.Guarded("clearing.same_person_ran")
    if not follows_last(result):
        return flow.Guarded("clearing.candidate_stale")
    if any(not check["ok"] for check in verified(result)):
        return flow.Guarded("clearing.verify_failed")
    return None


def follows_last(result: store.Result) -> bool:
    """A result goes on from what is sealed now."""
    year, month = parsed(result.period)
    book = standing(result.area, year)
    if opened := reopened_by(result):
        return book.next == CLOSED and opened == book.after
    after = result.job.payload.get("after", "") if result.job else after_of(result)
    return (month or 0) == book.next and after == book.after


def reopened_by(result: store.Result) -> str:
    """The sealed run that a result opens again; empty where it opens none."""
    if result.job:
        return str(result.job.payload.get("reopens", ""))
    return after_of(result) if read_manifest(store.folder(result)).get("reopens") else ""


def to_confirm(result: store.Result) -> list[dict[str, str]]:
    """The statements of a result that institutions are asked about: all, but of a year that is opened again only
    those that differ from the ones it was closed with."""
    said = statements_of(result)
    opened = reopened_by(result)
    if not opened:
        return said
    closed = store.results_of(result.area).get(kind="run", name=opened)
    known = {(one[HOUSE], one[SCHEME]): one["digest"] for one in statements_of(closed)}
    return [one for one in said if known.get((one[HOUSE], one[SCHEME])) != one["digest"]]


def after_of(result: store.Result) -> str:
    """The run that a result follows, as its manifest says."""
    said = read_manifest(store.folder(result)).get("after") or {}
    year, _ = parsed(result.period)
    last = standing(result.area, year).last
    return last.run if last and last.digest == said.get("digest") else str(said.get("run", ""))


def split_stays(text: str) -> list[str]:
    """Ids of stays as people type them: between blanks, commas or new lines, each once."""
    return list(dict.fromkeys(part for part in re.split(r"[\s,，、;；]+", text) if part))
