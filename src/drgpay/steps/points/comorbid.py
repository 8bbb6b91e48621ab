"""Comorbidities (合并症) that count for the difficulty of a stay. Source: seed 003, 病例难度系数.

Counted are other diagnoses that are chronic conditions, or complications and comorbidities of the grouping scheme
(MCC, CC), unless the principal diagnosis excludes them; each category (three characters) once, and never that of the
principal diagnosis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.policy import Policy
from drgpay.scheme import Scheme

_CATEGORY = 3


@dataclass(frozen=True)
class Comorbidities:
    """``listed``: code of a (M)CC → its exclusion table ("" = never excluded); ``exclusion``: principal diagnosis →
    the table it stands in; ``chronic``: categories of chronic conditions, or longer codes."""

    listed: Mapping[str, str]
    exclusion: Mapping[str, str]
    chronic: tuple[str, ...]

    def counts(self, code: str) -> bool:
        """Whether a code counts where nothing excludes it."""
        return code in self.listed or bool(self.chronic and code.startswith(self.chronic))


def comorbidities(scheme: Scheme, policy: Policy) -> Comorbidities | None:
    """What counts under a scheme and a policy; None where the policy does not look at comorbidities."""
    if policy.integer_or_none("points.difficulty_comorbidities") is None:
        return None
    chronic = policy.codes_or_none("points.difficulty_chronic") or ()
    return Comorbidities({**scheme.cc, **scheme.mcc}, dict(scheme.exclusion), tuple(chronic))


def comorbidities_of(dx: Sequence[str | None], its: Comorbidities) -> list[str]:
    """The categories counted for a stay, in order of its diagnoses."""
    principal = dx[0] or "" if dx else ""
    mine, found = its.exclusion.get(principal), [principal[:_CATEGORY]]
    for code in dx[1:]:
        if not code or code[:_CATEGORY] in found or not its.counts(code):
            continue
        table = its.listed.get(code, "")
        if not table or table != mine:
            found.append(code[:_CATEGORY])
    return found[1:]


def count_comorbidities(dx: Any, its: Comorbidities) -> npt.NDArray[np.int64]:
    """How many are counted for each stay of a column of diagnoses: :func:`comorbidities_of`, vectorised."""
    lists = dx.combine_chunks() if isinstance(dx, pa.ChunkedArray) else dx
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    flat = pc.fill_null(pc.list_flatten(lists).cast(pa.string()), "").dictionary_encode()
    code = flat.indices.to_numpy(zero_copy_only=False)
    known = flat.dictionary.to_pylist()
    tables = {name: n for n, name in enumerate(sorted({*its.exclusion.values()}), start=1)}
    categories = {name: n for n, name in enumerate(sorted({c[:_CATEGORY] for c in known}))}
    category = np.array([categories[c[:_CATEGORY]] for c in known], np.int64)
    counts = np.array([bool(c) and its.counts(c) for c in known], bool)
    table = np.array([tables.get(its.listed.get(c, ""), 0) for c in known], np.int64)
    excludes = np.array([tables.get(its.exclusion.get(c, ""), 0) for c in known], np.int64)
    stay = np.repeat(np.arange(len(lengths)), lengths)
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    principal = code[first]
    excluded = (table[code] > 0) & (table[code] == excludes[principal])
    other = (np.arange(len(code)) > first) & (category[code] != category[principal])
    held = np.flatnonzero(other & counts[code] & ~excluded)
    pairs = np.unique(stay[held] * len(categories) + category[code[held]])
    return np.bincount(pairs // max(len(categories), 1), minlength=len(lengths)).astype(np.int64)
