"""Findings as a table: one row per line of the file, column and rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.rules import ABOUT, RULES
from drgpay.steps.intake.showing import masked_column
from drgpay.tables import FINDINGS, Column
from drgpay.units.vector import Ints

Flags = npt.NDArray[np.bool_]


class Notes:
    """The findings of some rows, gathered rule by rule.

    ``file``: the name of the file, or one for every row (Arrow text); ``lines``: line of every row; ``ids``: their
    stay_id (Arrow text, may be null); ``names``: column -> header cell that people know it by; ``headers``: the same
    for columns that stand in several cells, in order; ``quality``: keep findings of level ``info``. ``out``: which of
    the rows are kept out; ``lost``: the points each row loses, by what the rules are about; ``broken``: rules and
    where.
    """

    def __init__(
        self,
        file: Any,
        need: str,
        lines: Ints,
        ids: Any,
        names: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, Sequence[str]] | None = None,
        quality: bool = False,
    ) -> None:
        self.out: Flags = np.zeros(len(lines), bool)
        self.lost: dict[str, Ints] = {about: np.zeros(len(lines), np.int64) for about in ABOUT}
        self.broken: list[tuple[str, Ints]] = []
        self.file, self.lines, self._quality = file, lines, quality
        self._need, self._ids, self._names, self._headers = need, ids, names or {}, headers or {}
        self._parts: list[Any] = []
        self._closed: Flags | None = None

    def add(
        self,
        rule: str,
        column: Column | None,
        at: Ints,
        values: Any = None,
        texts: Sequence[tuple[str, str]] | None = None,
        field: str = "",
        places: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """A rule broken at the row positions ``at``; ``values``: what stands there (Arrow text or a list), empty
        when it may not be shown; ``texts``: own (Chinese, English) words per row instead of the rule's; ``field``:
        a header cell, when the finding is on no column of the table; ``places``: for every row, in which cells of a
        column that has several. Identity numbers and phone numbers are masked."""
        level = RULES[rule].levels.get(self._need)
        if self._closed is not None and level is not None and self._closed[at].any():
            open_ = np.flatnonzero(~self._closed[at])
            at, values, texts, places = (_some(of, open_) for of in (at, values, texts, places))
        if level is None or len(at) == 0 or (level == "info" and not self._quality):
            return
        n, which, words = len(at), pa.array(at), RULES[rule]
        if level == "error":
            self.out[at] = True
        self.lost[words.about][at] += words.deduct_by_field.get(column.name if column else "", words.deduct)
        self.broken.append((rule, at))
        zh, en = zip(*texts, strict=True) if texts else words.texts(column)
        cells = {
            "file": self.file if isinstance(self.file, str) else self.file.take(which),
            "row": pa.array(self.lines[at]),
            "stay_id": masked_column(self._ids.take(which)),
            "field": self._field(column, places) if column else field,
            "value": "" if values is None else masked_column(pc.fill_null(pa.array(values, pa.string()), "")),
            "rule": rule,
            "level": level,
            "zh": pa.array(zh) if texts else zh,
            "en": pa.array(en) if texts else en,
        }
        full = [pa.repeat(cell, n) if isinstance(cell, str) else cell for cell in cells.values()]
        self._parts.append(pa.table(full, names=list(cells)))

    def only(self, rule: str, column: Column | None, here: Flags, field: str = "") -> None:
        """Rows of which this is said and nothing else, before or after."""
        before = np.flatnonzero(here)
        self._parts = [
            part.filter(pa.array(~np.isin(part.column("row"), self.lines[before]))) for part in self._parts
        ]
        self.broken = [(name, at[~here[at]]) for name, at in self.broken]
        for lost in self.lost.values():
            lost[before] = 0
        self.add(rule, column, before, field=field)
        self._closed = here if self._closed is None else self._closed | here

    def _field(self, column: Column, places: Sequence[Sequence[int]] | None) -> Any:
        """The header of a column as it stands in the file; per row, where its codes stand in several cells."""
        heads = self._headers.get(column.name, ())
        name = self._names.get(column.name, column.name)
        if not heads:
            return name
        if places is None:
            return heads[0]
        spelled = ("|".join(dict.fromkeys(heads[at] for at in some if 0 <= at < len(heads))) for some in places)
        return pa.array([text or heads[0] for text in spelled], pa.string())

    def table(self) -> Any:
        """FINDINGS, sorted by line, column and rule."""
        if not self._parts:
            return NONE
        return merge(self._parts)


def _some(cells: Any, which: Ints) -> Any:
    """Some of an Arrow array, a NumPy array or a list; nothing of nothing."""
    if cells is None or isinstance(cells, str):
        return cells
    if isinstance(cells, np.ndarray):
        return cells[which]
    return cells.take(pa.array(which)) if isinstance(cells, pa.Array) else [cells[i] for i in which.tolist()]


def merge(tables: Iterable[Any]) -> Any:
    """Several tables of findings as one FINDINGS table, sorted by file, line, column and rule."""
    parts = [part.select(list(FINDINGS.names)) for part in tables if part.num_rows]
    if not parts:
        return NONE
    plain = pa.schema(
        [(column.name, pa.int64() if column.name == "row" else pa.string()) for column in FINDINGS.columns]
    )
    whole = pa.concat_tables([part.cast(plain) for part in parts])
    order = pc.sort_indices(whole, sort_keys=[(name, "ascending") for name in FINDINGS.key])
    return whole.take(order).combine_chunks().cast(FINDINGS.schema)


NONE = pa.Table.from_batches([], FINDINGS.schema)
"""no findings"""


def whole_file(file: str, need: str, found: Sequence[tuple[str, Column | str, str]]) -> Any:
    """Findings on a file as a whole (row 0): (rule, column or header cell, value)."""
    n = len(found)
    notes = Notes(file, need, np.zeros(n, np.int64), pa.nulls(n, pa.string()))
    for at, (rule, field, value) in enumerate(found):
        if isinstance(field, str):
            notes.add(rule, None, np.array([at]), [value], field=field)
        else:
            notes.add(rule, field, np.array([at]), [value])
    return notes.table()
