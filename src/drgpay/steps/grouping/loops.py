"""The one pass over all codes of a batch as a compiled loop, where numba is installed (``pip install drgpay[fast]``).

It gives what :meth:`CodeLists.at_place`, :meth:`CodeLists.collect` and :meth:`CodeLists.collect_few` give, and the
kernel takes it for batches that are worth loading the compiler; without numba the array operations do the same work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from drgpay.steps.grouping.compiled import SEVERE, TABLE_SHIFT

WORTH = 20_000
"""stays from which the compiled loop is asked for: loading the compiler takes longer than grouping fewer"""

_BITS = (1 << TABLE_SHIFT) - 1
_OTHERS = _BITS & ~SEVERE


def _pass(
    dx_offsets: Any, dx_at: Any, dx_ids: Any, dx_word: Any, table_of: Any,
    proc_offsets: Any, proc_at: Any, proc_ids: Any, proc_word: Any,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """Of every stay: number of the principal diagnosis and of the principal procedure, joined bits of the diagnoses
    and of the procedures.

    ``*_offsets`` bound the lists, ``*_at`` point into the dictionary, whose entries have the numbers ``*_ids`` and
    the words ``*_word``; ``table_of``: exclusion table of every principal diagnosis, by number. A diagnosis in the
    table of the principal one keeps its bits but those of severity, and so does the principal one itself.
    """
    n = len(dx_offsets) - 1
    principal = np.zeros(n, np.int64)
    operation = np.zeros(n, np.int64)
    dx_bits = np.zeros(n, np.uint8)
    proc_bits = np.zeros(n, np.uint8)
    for i in range(n):
        begin, end = dx_offsets[i], dx_offsets[i + 1]
        if begin < end:
            first = dx_at[begin]
            principal[i] = dx_ids[first]
            own = table_of[dx_ids[first]]
            bits = dx_word[first] & _OTHERS
            for k in range(begin + 1, end):
                word = dx_word[dx_at[k]]
                bits |= word & (_OTHERS if word >> TABLE_SHIFT == own else _BITS)
            dx_bits[i] = bits
        begin, end = proc_offsets[i], proc_offsets[i + 1]
        if begin < end:
            operation[i] = proc_ids[proc_at[begin]]
            joined = 0
            for k in range(begin, end):
                joined |= proc_word[proc_at[k]]
            proc_bits[i] = joined
    return principal, operation, dx_bits, proc_bits


@cache
def compiled_pass() -> Callable[..., tuple[Any, Any, Any, Any]] | None:
    """:func:`_pass` compiled, kept on disk between processes; None where numba is not installed."""
    try:
        from numba import njit, types
    except ImportError:
        return None
    at, number, bits = (types.Array(t, 1, "C", readonly=True) for t in (types.int32, types.int64, types.uint8))
    signature = (at, at, number, at, at, at, at, number, bits)
    compiled: Callable[..., tuple[Any, Any, Any, Any]] = njit([signature], nogil=True, cache=True)(_pass)
    return compiled
