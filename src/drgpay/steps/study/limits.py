"""Limits of a study: data (``data/study/limits.yaml``), which a practice sets otherwise with ``study.limits``."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.units import ONE, parse_scaled

LIMITS = "study.limits"
FACTORS = ("severity", "age", "procedure", "diagnosis", "los")
"""what can split a group; the last one is decided by the hospital, and only looked at unless the practice names it"""
USUAL = FACTORS[:-1]


@dataclass(frozen=True)
class Limits:
    """The limits in whole numbers: counts as they are, multiples and shares in 1/10,000. ``factors``: by what groups
    may be split in a draft."""

    high_multiple: int
    min_cases: int
    min_cases_year: int
    min_code_cases: int
    min_difference: int
    min_reduction: int
    separation: int
    merge_difference: int
    wide_cv: int
    mean_move: int
    age_step: int
    factors: tuple[str, ...] = USUAL


COUNTS = ("min_cases", "min_cases_year", "min_code_cases", "age_step")


@cache
def limits_data() -> dict[str, dict[str, Any]]:
    """The shipped limits: value, source (none: a local convention) and what each one says, zh and en."""
    text = files("drgpay").joinpath("data", "study", "limits.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return found


def limits_of(policy: Policy) -> Limits:
    """The limits of a practice. POLICY when it names one that does not exist, or a count that is none."""
    values = {name: parse_scaled(its["value"], 4) for name, its in limits_data().items()}
    for name, value in (policy.table_or_none(LIMITS) or {}).items():
        if name not in values:
            near = get_close_matches(name, values, n=1, cutoff=0)[0]
            raise DrgpayError(
                Kind.POLICY, zh="没有这样的研究界限", en="no such limit of a study", field=LIMITS, value=name,
                fix_zh=f"改为 {near};可用:{'、'.join(values)}", fix_en=f"write {near}; there are {', '.join(values)}",
            )  # fmt: skip
        if name in COUNTS and (value % ONE or not value):
            raise DrgpayError(
                Kind.POLICY, zh="应为正整数", en="must be a whole number of 1 or more", field=f"{LIMITS}.{name}",
                fix_zh="例如 30", fix_en="for example 30",
            )  # fmt: skip
        values[name] = value
    chosen = policy.names_or_none("study.split_by") or USUAL
    return Limits(**{n: v // ONE if n in COUNTS else v for n, v in values.items()}, factors=tuple(chosen))
