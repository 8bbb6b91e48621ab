"""The laws of a run at work: by which law every stay is scored, for the clearing and for its month (design/04 §7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from drgpay.policy import Laws, Policy, Segment, dictionary

Segments = tuple[Segment, ...]

_SCORING = ("grouping", "points", "coefficient", "rate", "modes", "bed_day", "single_disease", "quota")
"""topics of the parameters that decide points and prices of stays"""
_ALSO = ("settlement.grade_when_missing",)
"""a grade that is missing enters the coefficient of graded management"""


def _decides(policy: Policy) -> tuple[str, ...]:
    """The values that decide points and prices: equal, and stays are scored alike."""
    values = policy.values()
    return tuple(
        values[name].value
        for name, parameter in dictionary().items()
        if name in values and parameter.acts != "month" and (name.partition(".")[0] in _SCORING or name in _ALSO)
    )


def _joined(segments: Iterable[Segment]) -> Segments:
    """Neighbours that score alike made one; the later law stands for both."""
    found: list[Segment] = []
    for segment in segments:
        if found and _decides(found[-1].policy) == _decides(segment.policy):
            found[-1] = replace(segment, first=found[-1].first)
        else:
            found.append(segment)
    return tuple(found)


def clearing(laws: Laws) -> Segments:
    """By which law stays are scored for the clearing, by day of discharge."""
    return _joined(laws.closing.segments)


def scoring(laws: Laws) -> tuple[Segments, Segments | None]:
    """By which law stays are scored, by day of discharge: for the clearing, and for what the months paid, or None
    where that is the same. A stay's month pays it by the law of that month, and the clearing computes it again."""
    cleared = clearing(laws)
    paid = _joined(s for _, span in sorted(laws.months.items()) for s in span.segments)
    same = [(s.first, _decides(s.policy)) for s in cleared] == [(s.first, _decides(s.policy)) for s in paid]
    return cleared, None if same else paid


def described(laws: Laws) -> dict[str, Any]:
    """Which law held for what, by digest: what a manifest says of it."""
    return {
        "base_trimming": laws.opening.digest,
        "months": {f"{month:02d}": _spans(span.segments) for month, span in sorted(laws.months.items())},
        "clearing": _spans(laws.closing.segments),
    }


def _spans(segments: Segments) -> list[dict[str, str]]:
    return [
        {"first": s.first.isoformat(), "last": s.last.isoformat(), "policy_digest": s.policy.digest} for s in segments
    ]


def kept(laws: Laws) -> dict[str, Any]:
    """:func:`described`, and of every other law than that of the last day what it has otherwise, with its source."""
    own = laws.policy.values()
    others = {
        policy.digest: {
            name: asdict(source) for name, source in policy.kept().items() if source.value != own[name].value
        }
        for policy in laws.all()
        if policy.digest != laws.policy.digest
    }
    return described(laws) | {"otherwise": dict(sorted(others.items()))}
