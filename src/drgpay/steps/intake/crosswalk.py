"""Codes of the clinical edition (国临版) to the insurer's (医保版), when the user says that a file is in the former.

Hospitals code in the clinical edition, schemes are written in the insurer's. Some codes stand in both editions with
different meanings, so nothing is converted unless it is asked for, and every code that changes is a finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.scheme import load_codes, load_crosswalk
from drgpay.steps.intake.findings import Flags
from drgpay.steps.intake.showing import shown
from drgpay.steps.intake.values import Fault, Typed
from drgpay.tables import Column

EDITIONS = ("insurer", "clinical")


@dataclass(frozen=True)
class Way:
    """From one edition to the other: ``to`` by code, the insurer's ``known`` codes, and the ``gray`` ones of them."""

    to: Mapping[str, str] = field(repr=False)
    known: Set[str] = field(repr=False)
    gray: Set[str] = field(repr=False)

    @cached_property
    def either(self) -> Set[str]:
        """The codes of both editions."""
        return frozenset(self.to) | self.known


@dataclass(frozen=True)
class Crosswalk:
    """The ways of diagnoses (``dx``) and procedures (``proc``)."""

    dx: Way
    proc: Way

    def convert(self, column: Column, read: Typed) -> Typed:
        """A column of code lists in the insurer's codes, with what happened added to its faults.

        Faults, one per stay, each showing ``reported>insurer's``: ``code_converted``; ``code_other_meaning`` where
        the reported code is also one of the insurer's, for something else; ``code_to_gray`` where the insurer's code
        may not be reported; ``code_no_counterpart`` where there is none, and the code stays as it is.
        """
        lists = read.values
        way = self.dx if column.name == "dx" else self.proc
        flat = lists.flatten()
        flat = flat if pa.types.is_dictionary(flat.type) else flat.dictionary_encode()
        codes = [*flat.dictionary.to_pylist(), None]  # the last one stands for a blank place
        insurers = [code and way.to.get(code, code) for code in codes]
        changed = np.array([new != old for old, new in zip(codes, insurers, strict=True)], bool)
        other = changed & np.array([code in way.known for code in codes], bool)
        notes = {
            "code_converted": changed & ~other,
            "code_other_meaning": other,
            "code_to_gray": np.array([code in way.gray for code in insurers], bool),
            "code_no_counterpart": np.array([code is not None and code not in way.to for code in codes], bool),
        }
        texts = [f"{old}>{new}" if old != new else shown(old) for old, new in zip(codes, insurers, strict=True)]
        indices = pc.fill_null(flat.indices, len(codes) - 1).to_numpy()
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
        owners = np.repeat(np.arange(len(lists)), lengths)
        faults = [
            fault
            for rule, of_code in notes.items()
            if (fault := _fault(rule, of_code[indices], indices, owners, pa.array(texts, pa.string())))
        ]
        recoded = pa.array(insurers, pa.string()).take(pa.array(indices)).dictionary_encode()
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        mask = lists.is_null() if lists.null_count else None
        values = pa.ListArray.from_arrays(pa.array(offsets), recoded, mask=mask)
        return Typed(values, (*read.faults, *faults), read.origins)


def _fault(rule: str, here: Flags, indices: Any, owners: Any, texts: Any) -> Fault | None:
    """A rule broken by some elements of the lists, once per stay, showing all of the stay's."""
    places = np.flatnonzero(here)
    if not len(places):
        return None
    stays, starts = np.unique(owners[places], return_index=True)
    offsets = pa.array(np.append(starts, len(places)).astype(np.int32))
    values = pc.binary_join(pa.ListArray.from_arrays(offsets, texts.take(pa.array(indices[places]))), "|")
    return Fault(rule, stays, tuple(values.to_pylist()))


@lru_cache(maxsize=1)
def clinical() -> Crosswalk:
    """From the clinical edition (ICD-10 2.0, ICD-9-CM-3 3.0) to the insurer's 2.0."""
    dx, proc = load_codes("icd10-nhsa-2.0"), load_codes("icd9cm3-nhsa-2.0")
    return Crosswalk(
        Way(load_crosswalk("icd10-clinical-2.0-to-nhsa-2.0"), dx.known, dx.gray),
        Way(load_crosswalk("icd9cm3-clinical-3.0-to-nhsa-2.0"), proc.known, proc.gray),
    )
