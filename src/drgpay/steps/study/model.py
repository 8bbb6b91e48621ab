"""What a study proposes: groups before and after, and the change of the scheme that makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from drgpay.steps.study.moments import Moments

Change = dict[str, Any]
"""a change as an overlay writes it"""


@dataclass(frozen=True)
class Piece:
    """A group with the stays it has in the study; ``condition``: its split, as the scheme writes it."""

    drg: str
    name: str
    condition: str
    stays: Moments


@dataclass(frozen=True)
class Proposal:
    """One proposal. ``factor``: by what a group is split, or why stays have none now; ``reduction``: share of the sum
    of squares within the groups before that it takes away; ``changes``: what an overlay says, none where it is only
    told."""

    kind: str
    adrg: str
    factor: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]
    reduction: Fraction = Fraction(0)
    codes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    """drg → name of groups that are new or take in what others had"""
