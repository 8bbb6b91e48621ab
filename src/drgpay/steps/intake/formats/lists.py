"""Lists of codes and amounts that stand in several columns, or in a node of a settlement list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.findings import Flags
from drgpay.steps.intake.values import Fault, Typed, normal, tidy, typed
from drgpay.tables import Column
from drgpay.units.vector import Ints

AMOUNT = Column("amount", "fen", "金额", "amount")
_SEPARATORS = r"[|;,、，；｜]"
_TCM = ("2", "3")
"""kinds of diagnosis that group no stay: TCM disease and TCM syndrome"""


def zipped(cells: Sequence[Any]) -> Any:
    """Lists of text: place i of a row's list is its cell in array i. A single array may hold lists already, or
    text with the separators of a code list."""
    if len(cells) == 1:
        return as_lists(cells[0])
    rows = len(cells[0])
    flat = pa.concat_arrays([cell.cast(pa.string()) for cell in cells])
    order = (np.arange(len(cells)) * rows)[None, :] + np.arange(rows)[:, None]
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(len(cells))
    return pa.ListArray.from_arrays(pa.array(offsets), flat.take(pa.array(order.ravel())))


def chained(cells: Sequence[Any]) -> Any:
    """Cells that may each hold several codes as one text with a separator between them; a blank one keeps its
    place."""
    texts = [pc.fill_null(cell.cast(pa.string()), "") for cell in cells]
    return pc.binary_join_element_wise(*texts, "|") if len(texts) > 1 else texts[0]


def asterisks(cells: Any) -> Any:
    """Cells of a column beside a diagnosis, as far as they hold an asterisk code."""
    text = normal(tidy(pl.Series(cells.cast(pa.string()), dtype=pl.String)))
    return text.set(~text.str.ends_with("*").fill_null(False), None).to_arrow().cast(pa.string())


def as_lists(cells: Any) -> Any:
    """Lists as they are; text split at its separators."""
    if pa.types.is_list(cells.type):
        return cells.cast(pa.list_(pa.string()))
    return pc.split_pattern_regex(pc.fill_null(cells.cast(pa.string()), ""), _SEPARATORS)


def spread(lists: Any) -> tuple[pl.Series, Ints, Ints]:
    """(all elements, tidy and in NFKC; the row of each; its place in its row)."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(), np.int64)
    owner = np.repeat(np.arange(len(lists)), lengths)
    place = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return normal(tidy(pl.Series(lists.flatten(), dtype=pl.String))), owner, place


def _beside(lists: Any, owner: Ints, place: Ints) -> pl.Series:
    """The elements of other lists at the same places; null where they are shorter."""
    flat, rows, _ = spread(lists)
    lengths = np.bincount(rows, minlength=len(lists))
    start = (np.cumsum(lengths) - lengths)[owner]
    at = pl.Series(np.where(place < lengths[owner], start + place, -1))
    return flat.gather(at.set(at < 0, None).cast(pl.UInt32))


def main_first(codes: Any, flags: Sequence[Any], order: Any, kinds: Any, rule: str) -> Typed:
    """Code lists with the principal code first.

    ``codes``, ``order``, ``kinds``: lists of text, or None; ``flags``: lists in which ``1`` marks the principal code,
    each taken where those before it are blank. TCM diagnoses are left out. Behind the principal code the others
    follow by their number, where they have one, then as they stand. A row with codes that has not exactly one
    principal code breaks ``rule``; its codes stay in order, the marked ones first. Without flags nobody is
    reproached. A blank principal place stays blank.
    """
    code, owner, place = spread(codes)
    rows = len(codes)
    filled = code.is_not_null().to_numpy()
    kept = np.ones(len(code), bool)
    if kinds is not None:
        kept = ~_beside(kinds, owner, place).is_in(_TCM).fill_null(False).to_numpy()
    main = np.zeros(len(code), bool)
    mark = pl.Series([None] * len(code), dtype=pl.String)
    for lists in flags:
        other = _beside(lists, owner, place)
        mark = pl.select(pl.coalesce(mark, other)).to_series()
    main = (mark == "1").fill_null(False).to_numpy() & kept
    number = place
    if order is not None:
        given = _beside(order, owner, place).cast(pl.Int64, strict=False).fill_null(2**31).to_numpy()
        number = np.asarray(given, np.int64)
    at = np.lexsort((place, number, ~main, owner))
    at = at[kept[at]]
    first = np.zeros(len(code), bool)
    first[at[np.flatnonzero(np.diff(owner[at], prepend=-1))]] = True
    kept &= filled | first  # a blank first place stays, so that no other code moves up
    at = at[kept[at]]
    counts = np.bincount(owner[kept], minlength=rows)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), code.gather(at).fill_null("").to_arrow().cast(pa.string()))
    if not flags:
        return Typed(lists)
    marked = np.bincount(owner[main], minlength=rows)
    wrong = np.flatnonzero((marked != 1) & (np.bincount(owner[kept & filled], minlength=rows) > 0))
    faults = (Fault(rule, wrong, tuple(str(n) for n in marked[wrong].tolist())),) if len(wrong) else ()
    return Typed(lists, faults)


def summed(
    lists: Sequence[Any],
    without: tuple[Any, frozenset[str]] | None = None,
    only: tuple[Any, frozenset[str]] | None = None,
) -> Typed:
    """The sum of amounts (yuan as text) of every row, in fen; null where there are none.

    ``without``: (lists beside the first one, the kinds in them whose amounts are left out); ``only``: the same, the
    kinds that alone are taken. A row with an amount that
    cannot be read is null, with the fault.
    """
    rows = len(lists[0])
    total, filled, bad = np.zeros(rows, np.int64), np.zeros(rows, bool), np.zeros(rows, bool)
    said: dict[int, str] = {}
    for part in lists:
        text, owner, place = spread(part)
        if without:
            kind = _beside(without[0], owner, place)
            text = text.set(kind.is_in(list(without[1])).fill_null(False), None)
        if only:
            kind = _beside(only[0], owner, place)
            text = text.set(~kind.is_in(list(only[1])).fill_null(False), None)
        amounts = typed(AMOUNT, text.to_arrow())
        for fault in amounts.faults:
            bad[owner[fault.at]] = True
            said.update(zip(owner[fault.at].tolist(), fault.values, strict=True))
        there = amounts.values.is_valid().to_numpy(zero_copy_only=False)
        np.add.at(total, owner[there], pc.fill_null(amounts.values, 0).to_numpy()[there])
        filled[owner[there]] = True
    out: Flags = ~filled | bad
    wrong = np.flatnonzero(bad)
    faults = (Fault("unreadable", wrong, tuple(said[row] for row in wrong.tolist())),) if len(wrong) else ()
    return Typed(pa.array(total, pa.int64(), mask=out), faults)
