"""What the indicators share: bounds and lists of ``data/indicators``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """``z`` of the intervals, ``least`` cases, risk scores that count as low and high, bounds of a group's weight
    (1/10,000), diagnoses by the beginning of their codes, days of readmission; ``listed``: item of the negative list
    → types of confirmed cases that count under it."""

    z: int
    least: int
    low_risk: frozenset[int]
    high_risk: frozenset[int]
    light: int
    heavy: int
    readmit_exempt: tuple[str, ...]
    readmit_days: tuple[int, ...]
    complications: tuple[str, ...]
    listed: Mapping[str, tuple[str, ...]]
