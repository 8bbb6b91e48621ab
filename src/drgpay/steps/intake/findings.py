"""Findings as a table: one row per line of the file, column and rule."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.steps.intake.rules import ABOUT, RULES
from drgpay.tables import FINDINGS, Column
from drgpay.units.vector import Ints

Flags = npt.NDArray[np.bool_]

_SHOWN = re.compile(r"[!-~ ]{0,32}")
_IDENTITY = re.compile(r"\d{15}")


def shown(value: str | None) -> str:
    """A value as a finding may show it: codes, numbers and dates.

    Anything with Chinese or other letters (a name slipped into the column), long, or like an identity number is
    left out, so that no finding carries personal data.
    """
    plain = unicodedata.normalize("NFKC", value or "")
    return (value or "") if _SHOWN.fullmatch(plain) and not _IDENTITY.search(plain) else ""


class Notes:
    """The findings of some rows, gathered rule by rule.

    ``file``: the name of the file, or one for every row (Arrow text); ``lines``: line of every row; ``ids``: their
    stay_id (Arrow text, may be null); ``names``: column -> header cell that people know it by, for columns that are
    shown under another name than their own; ``quality``: keep findings of level ``info``. ``out``: which of the rows
    are kept out; ``lost``: the points each row loses, by what the rules are about; ``broken``: rules and where.
    """

    def __init__(
        self,
        file: Any,
        need: str,
        lines: Ints,
        ids: Any,
        names: Mapping[str, str] | None = None,
        *,
        quality: bool = False,
    ) -> None:
        self.out: Flags = np.zeros(len(lines), bool)
        self.lost: dict[str, Ints] = {about: np.zeros(len(lines), np.int64) for about in ABOUT}
        self.broken: list[tuple[str, Ints]] = []
        self.file, self.lines, self._quality = file, lines, quality
        self._need, self._ids, self._names = need, ids, names or {}
        self._parts: list[Any] = []

    def add(
        self,
        rule: str,
        column: Column | None,
        at: Ints,
        values: Any = None,
        texts: Sequence[tuple[str, str]] | None = None,
        field: str = "",
    ) -> None:
        """A rule broken at the row positions ``at``; ``values``: what stands there (Arrow text or a list), empty
        when it may not be shown; ``texts``: own (Chinese, English) words per row instead of the rule's; ``field``:
        a header cell, when the finding is on no column of the table."""
        level = RULES[rule].levels.get(self._need)
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
            "stay_id": self._ids.take(which),
            "field": self._names.get(column.name, column.name) if column else field,
            "value": "" if values is None else pc.fill_null(pa.array(values, pa.string()), ""),
            "rule": rule,
            "level": level,
            "zh": pa.array(zh) if texts else zh,
            "en": pa.array(en) if texts else en,
        }
        full = [pa.repeat(cell, n) if isinstance(cell, str) else cell for cell in cells.values()]
        self._parts.append(pa.table(full, names=list(cells)))

    def table(self) -> Any:
        """FINDINGS, sorted by line, column and rule."""
        if not self._parts:
            return NONE
        return merge(self._parts)


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
