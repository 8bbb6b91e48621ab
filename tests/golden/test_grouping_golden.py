"""Published cases with their expected groups: 500 per shipped scheme, in the kernel and in the plain reference."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from drgpay import scheme
from drgpay.steps.grouping import explain_stay, group_batch
from support.stays import as_batch

SCHEMES = ("bj-drg-2022", "chs-drg-1.0", "chs-drg-1.1", "chs-drg-2.0", "chs-drg-3.0", "zj-drg-1.0")


def _cases(scheme_id: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / f"{scheme_id}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _stay(case: dict[str, str], weight: str) -> dict[str, Any]:
    """A case as a stay. ``weight`` is the one the scheme asks; the other, far from it, must not matter."""
    numbers = {"age": "age", "age_days": "age_days", weight: "weight_g", "los": "los"}
    other = "birth_weight" if weight == "admission_weight" else "admission_weight"
    return {
        other: 1234,
        "sex": case["sex"] or None,
        "dx": case["dx"].split("|") if case["dx"] else [],
        "proc": case["proc"].split("|") if case["proc"] else [],
        **{name: int(case[column]) if case[column] else None for name, column in numbers.items()},
    }


def _expected(case: dict[str, str]) -> tuple[str, str, str]:
    # the cases leave the MDC of an ungrouped stay open
    return ("", "", "0000") if case["drg"] == "0000" else (case["mdc"], case["adrg"], case["drg"])


def _got(result: dict[str, Any]) -> tuple[str, str, str]:
    if result["drg"] == "0000":
        return "", "", "0000"
    return result["mdc"] or "", result["adrg"] or "", result["drg"]


def test_every_shipped_scheme_has_cases() -> None:
    assert tuple(entry.id for entry in scheme.catalogue()) == SCHEMES
    assert all(len(_cases(scheme_id)) == 500 for scheme_id in SCHEMES)


@pytest.mark.parametrize("scheme_id", SCHEMES)
def test_golden_cases(scheme_id: str) -> None:
    cases = _cases(scheme_id)
    stays = [_stay(case, "admission_weight" if scheme_id == "chs-drg-3.0" else "birth_weight") for case in cases]
    expected = [_expected(case) for case in cases]
    rules = scheme.load(scheme_id)
    assert [_got(row) for row in group_batch(rules, as_batch(stays)).to_pylist()] == expected
    assert [_got(vars(explain_stay(rules, stay))) for stay in stays] == expected
