"""What the page of a submission shows: facts, what was found, figures against the month before, and the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from drgpay.units import show_fen, show_percent
from drgpay_web.ui import w

if TYPE_CHECKING:
    from drgpay_web.flow.models import Case
    from drgpay_web.people import Actor

_FIGURES = ("n", "total_cost", "fund_by_item", "personal_paid", "mean_cost", "mean_los")
_PLAIN, _HUNDREDTHS = "n", "mean_los"
LEVEL_CLASS = {"error": "bad", "warn": "warn", "info": ""}


def facts(case: Case, lang: str) -> list[tuple[str, str, str]]:
    """How the file is read, and what became of its rows."""
    found, batch = case.data.get("found"), case.data.get("batch")
    rows: list[tuple[str, str, str]] = []
    if found and found["said"][0]:
        own = w("submissions.format_own", lang) if found["format"] == "canonical" else _text(found["said"], lang)
        rows.append(("submissions.format", own, ""))
    if found and not found["error"]:
        said = w("submissions.rows_said", lang, rows=found["rows"], kept=found["kept"], out=found["rejected"])
        rows.append(("submissions.rows", said, ""))
    if found and found["score"] is not None:
        rows.append(("submissions.score", score_text(found["score"]), f"/submissions/quality?case={case.pk}"))
    if case.data.get("correction"):
        rows.append(("submissions.correction", case.data["reason"], ""))
    if batch:
        rows.append(("submissions.batch", w("submissions.batch_said", lang, **batch), ""))
    return rows


def panel(case: Case, actor: Actor) -> Mapping[str, Any]:
    """Nothing while it goes on, else findings grouped by rule, columns that are missing, and figures."""
    from drgpay_web import jobs
    from drgpay_web.people import Act

    lang = actor.person.language
    found = case.data.get("found") or {}
    pk = case.data.get("checking" if case.state == "checking" else "entering")
    job = jobs.Job.objects.filter(pk=pk).first() if case.state in ("checking", "accepted") else None
    error = found.get("error") or (case.data.get("refused") if case.state == "returned" else None)
    return {
        "working": job if job and job.active else None,
        "lost": job if job and not job.active else None,
        "found": found,
        "reason": {"said": error[lang], "fix": error[f"fix_{lang}"], "place": error["place"]}
        if error and not found["missing"]
        else None,
        "groups": [_group(one, lang) for one in found.get("rules", ())],
        "missing": missing_of(case, lang),
        "unread": [head[0] for head in found.get("heads", ()) if head[2] == "unknown"],
        "figures": _figures(found.get("figures")),
        "may_mend": case.state in ("received", "checked", "unreadable", "returned")
        and actor.may(Act.SUBMISSION_UPLOAD, case.unit),
    }


def missing_of(case: Case, lang: str) -> list[str]:
    """The needed columns that no header of the file gives."""
    missing = (case.data.get("found") or {}).get("missing", ())
    return [zh if lang == "zh" else en.split(":")[0] for _, zh, en, _ in missing]


def score_text(score: int) -> str:
    """A score in 1/100 as people read it."""
    return show_fen(score)


def _text(pair: list[str], lang: str) -> str:
    return pair[0] if lang == "zh" else pair[1]


def _group(said: list[Any], lang: str) -> dict[str, Any]:
    rule, level, n, blocks, zh, en, by_zh, by_en = said
    return {
        "rule": rule, "level": level, "css": LEVEL_CLASS[level], "n": n, "blocks": blocks,
        "said": _text([zh, en], lang), "by": _text([by_zh, by_en], lang),
        "query": urlencode({"rule": rule, "level": level}),
    }  # fmt: skip


def _figures(said: Mapping[str, Any] | None) -> list[dict[str, str]]:
    if said is None:
        return []
    return [
        {
            "name": name,
            "now": _shown(name, said["now"][name]),
            "last": _shown(name, said["last"][name]),
            "change": "" if said["change"][name] is None else show_percent(said["change"][name]),
        }
        for name in _FIGURES
    ]


def _shown(name: str, value: int | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if name == _PLAIN else show_fen(value)
