"""A paper as it is laid out on pages and slides: names begin with a capital letter in English, amounts have a unit,
empty tables are left out, and a table too wide for the page stands in parts that begin with the same columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from drgpay.report.papers.model import Block, Column, Line, Paper, Table
from drgpay.report.papers.texts import cell_text, is_number, lines_of
from drgpay.report.workbook import printed_width, unit_words

_MOST = 500
"""rows that are measured"""
_TEXT = 14
"""narrow signs a text is never squeezed below, where it has as many"""
_LINES = 3
"""lines a head may break into where there is little room; else two"""
_WORD, _HEAD = 4, 10
"""narrow signs of a head that stand on one line, where there is little room and where there is enough"""


@dataclass(frozen=True)
class Room:
    """What there is for a table. ``wide``: centimetres; ``size``: points of its signs by how many columns it has at
    most; ``sign``: centimetres of a narrow sign by point; ``margin``: of a cell."""

    wide: float
    sizes: tuple[tuple[int, float], ...]
    sign: float
    margin: float

    def size(self, table: Table) -> float:
        return next(size for most, size in self.sizes if len(table.columns) <= most)


def laid_out(paper: Paper, room: Room) -> Paper:
    """The paper with its names and tables as they are printed."""
    blocks: list[Block] = []
    for block in paper.blocks:
        if isinstance(block, Table):
            if block.rows or block.total:
                blocks += parts_of(_titled(block, paper.lang), room, paper.lang)
        else:
            blocks.append(replace(block, title=_begun(block.title, paper.lang)))
    facts = tuple((_begun(name, paper.lang), value) for name, value in paper.facts)
    return replace(paper, facts=facts, blocks=tuple(blocks))


def _begun(text: str, lang: str) -> str:
    return text[:1].upper() + text[1:] if lang == "en" else text


def _titled(table: Table, lang: str) -> Table:
    return replace(table, title=_begun(table.title, lang),
                   columns=tuple(_headed(column, table, lang) for column in table.columns))  # fmt: skip


def _headed(column: Column, table: Table, lang: str) -> Column:
    """A column whose head says in what its amounts are; rows of other numbers than the column's say it themselves."""
    head = _begun(column.head, lang)
    said = "元" in head or "yuan" in head or any(row.kind for row in table.rows)
    return replace(column, head=head if said or column.kind != "fen" else head + unit_words("fen", lang))


def parts_of(table: Table, room: Room, lang: str) -> Iterator[Table]:
    """The table, or where its columns do not fit beside each other as many as are needed."""
    least = [_measured(table, at, room, lang, least=True) for at in range(len(table.columns))]
    if sum(least) <= room.wide:
        yield table
        return
    large = room.sizes[0][1] / room.size(table)  # a part has fewer columns, and so perhaps larger signs
    least = [room.margin + (one - room.margin) * large for one in least]
    keys = next((at for at in range(len(least)) if is_number(table, at)), 1)
    keys = max(1, min(keys, 2))
    parts: list[list[int]] = [[]]
    for at in range(keys, len(least)):
        if parts[-1] and sum(least[:keys]) + sum(least[one] for one in parts[-1]) + least[at] > room.wide:
            parts.append([])
        parts[-1].append(at)
    for number, those in enumerate(parts, 1):
        chosen = [*range(keys), *those]
        yield replace(
            table, title=f"{table.title} ({number}/{len(parts)})", columns=tuple(table.columns[at] for at in chosen),
            rows=tuple(_cut(row, chosen) for row in table.rows),
            total=_cut(table.total, chosen) if table.total else None,
        )  # fmt: skip


def _cut(line: Line, columns: Sequence[int]) -> Line:
    return replace(line, values=tuple(line.values[at] for at in columns))


def widths(table: Table, room: Room, lang: str) -> list[float]:
    """Centimetres of a table's columns: as wide as what stands in them, and more where there is room; where there is
    not, what they need at least, and of the rest first those that lack least."""
    columns = range(len(table.columns))
    wished = [_measured(table, at, room, lang) for at in columns]
    if (left := room.wide - sum(wished)) >= 0:
        parts = [wish * (1 + table.columns[at].share) for at, wish in enumerate(wished)]
        return [wish + left * part / sum(parts) for wish, part in zip(wished, parts, strict=True)]
    found = [min(_measured(table, at, room, lang, least=True), wished[at]) for at in columns]
    rest = max(room.wide - sum(found), 0)
    for waiting, at in zip(
        range(len(found), 0, -1), sorted(columns, key=lambda at: wished[at] - found[at]), strict=True
    ):
        more = min(wished[at] - found[at], rest / waiting)
        found[at], rest = found[at] + more, rest - more
    return [wide * min(1, room.wide / sum(found)) for wide in found]


def _measured(table: Table, at: int, room: Room, lang: str, *, least: bool = False) -> float:
    """Centimetres a column wishes for or needs at least: numbers are never broken, texts and heads may be."""
    said, lines = table.columns[at].head, lines_of(table)[:_MOST]
    value = max([printed_width(cell_text(table, at, line, lang)) for line in lines], default=0)
    word = max([printed_width(one) for one in said.split() if lang == "en"], default=0)
    whole = printed_width(said)
    if least:
        value = value if is_number(table, at) else min(value, _TEXT)
        head = max(word, whole / _LINES, min(whole, _WORD))
    else:
        head = max(word, whole / 2, min(whole, _HEAD))
    return room.margin + room.size(table) * room.sign * max(head, value)
