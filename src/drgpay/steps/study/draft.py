"""Proposals as an overlay that a bureau edits and ``drgpay scheme build`` compiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from drgpay.scheme import Scheme
from drgpay.steps.study.model import Proposal
from drgpay.units import half_up, show_fen, show_percent

_WORDS = {
    "new_group": "新增病组", "placed_codes": "编码就近归组", "split_group": "病组细分", "merged_groups": "病组合并",
}  # fmt: skip


class _Dumper(yaml.SafeDumper):
    """YAML in which lists of codes stand on one line."""


_Dumper.add_representer(
    list, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)


def overlay_text(
    scheme: Scheme,
    scheme_id: str,
    title: str,
    document: str,
    proposals: Sequence[tuple[str, Proposal]],
    weights: Mapping[int, int],
) -> str:
    """The overlay: merges first, then splits, then codes; each change with its number and figures as its reason.
    ``proposals``: number and proposal, those with changes."""
    head: dict[str, Any] = {
        "id": scheme_id, "title": title, "base": scheme.id, "document": document,
    }  # fmt: skip
    changes: list[dict[str, Any]] = []
    for number, proposal in proposals:
        changes += [{**change, "reason": _reason(number, proposal, weights)} for change in proposal.changes]
    parts = [_dump(head), "changes:\n"]
    for change in changes:
        lines = _dump(change).splitlines()
        parts += [f"- {lines[0]}\n", *(f"  {line}\n" for line in lines[1:])]
    return "".join(parts)


def _dump(content: dict[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)


def _reason(number: str, its: Proposal, weights: Mapping[int, int]) -> str:
    """Number, what it is, cases and means before and after."""
    sides = [
        "、".join(f"{p.drg} {p.stays.n}例 均费{show_fen(p.stays.printed_mean(weights))}元" for p in pieces)
        for pieces in (its.before, its.after)
    ]
    share = show_percent(half_up(its.reduction.numerator * 10_000, its.reduction.denominator))
    spread = f"；组内平方和减少{share}" if its.kind == "split_group" else ""
    return f"{number} {_WORDS[its.kind]}：{sides[0]} → {sides[1]}{spread}"
