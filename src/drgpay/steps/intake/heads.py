"""Which line of a file is its header: the first one that names most of the columns that are known."""

from __future__ import annotations

from collections.abc import Sequence

from drgpay.steps.intake.chunks import Head, fail
from drgpay.steps.intake.headers import header_key, readings

SEARCHED = 50
"""records from the top among which the header is looked for"""
_SURE = 2
"""known columns that make a line below the first one the header"""


def recognised(cells: Sequence[str], known: frozenset[str]) -> int:
    """How many of the cells name a column that is known; ``JBDM7`` counts where ``JBDM1`` is known."""
    return sum(any(key in known for key in _keys(cell)) for cell in cells if len(cell) <= 64)


def _keys(cell: str) -> list[str]:
    keys = [header_key(cell), *(key for key, _ in readings(cell))]
    return [*keys, *(key.rstrip("0123456789") + "1" for key in keys if key[-1:].isdecimal())]


def find(records: Sequence[Sequence[str]], known: frozenset[str]) -> tuple[int, int]:
    """(place of the header among the first records of a table, how many known columns it names).

    Where no line names two of them, the first line that is about as wide as the widest: a title above a header that
    nobody knows is no header.
    """
    filled = [sum(bool(cell.strip()) for cell in cells) for cells in records]
    scores: list[int] = []
    for cells, n in zip(records, filled, strict=True):
        scores.append(recognised(cells, known))
        if scores[-1] > _SURE and 2 * scores[-1] >= n:  # no title, and no row of data, names so many
            return len(scores) - 1, scores[-1]
    best = max(scores, default=0)
    if best >= _SURE:
        return scores.index(best), best
    wide = max(filled, default=0)
    return next((at for at, n in enumerate(filled) if n and 2 * n >= wide), 0), best


def chosen(
    records: Sequence[Sequence[str]], lines: Sequence[int], known: frozenset[str], header_row: int, file: str
) -> tuple[Head, int]:
    """The header of a table, and how many known columns it names.

    ``records``: the first records; ``lines``: the line of the file that each begins on; ``header_row``: the line the
    user named, or 0. Raises DrgpayError of kind DATA when nothing stands there, naming the line that looks like one.
    """
    at, score = find(records, known)
    if header_row:
        if header_row not in lines or not any(cell.strip() for cell in records[lines.index(header_row)]):
            likely = lines[at] if records else 1
            raise fail(
                f"第 {header_row} 行没有内容,不能作表头",
                f"nothing stands on line {header_row}, so it is no header",
                f"第 {likely} 行像表头:--header-row {likely};不写则自动查找",
                f"line {likely} looks like one: --header-row {likely}; leave it out to have it looked for",
                file=file,
                row=header_row,
            )
        at = lines.index(header_row)
        score = recognised(records[at], known)
    if not records or not any(cell.strip() for cell in records[at]):
        raise fail(
            "前几行是空的,没有表头",
            "the first lines are blank, there is no header",
            "第一行写列名",
            "write the column names on the first line",
            file=file,
            row=1,
        )
    return Head(at, tuple(records[at])), score
