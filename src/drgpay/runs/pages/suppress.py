"""Which cells of a table of counts are not shown, so that nobody's figure can be worked out from it.

A cell is hidden when it counts fewer stays than the bound, or comes from fewer institutions than the bound. Whoever
knows the sums of rows and columns could subtract, so that more cells are hidden until, with all sums known, no hidden
cell is determined, and what is hidden in a line comes to the bounds too. Sums that are themselves below the bounds
are known to nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

Key = tuple[Hashable, ...]
"""values of one or two dimensions"""
Line = tuple[int, Hashable]
"""the cells with a value in a dimension; a table of one dimension is one line"""


@dataclass(frozen=True)
class Cell:
    """How many stays a cell counts, and of which institutions."""

    n: int
    institutions: frozenset[str]

    def __or__(self, other: Cell) -> Cell:
        return Cell(self.n + other.n, self.institutions | other.institutions)


@dataclass(frozen=True)
class Bounds:
    """The least a figure that is shown must rest on: stays, and institutions."""

    stays: int
    institutions: int

    def met(self, cells: Iterable[Cell]) -> bool:
        """Whether cells together may be known."""
        whole = Cell(0, frozenset())
        for cell in cells:
            whole |= cell
        return whole.n >= self.stays and len(whole.institutions) >= self.institutions


def hidden_cells(cells: Mapping[Key, Cell], bounds: Bounds) -> frozenset[Key]:
    """The keys of the cells that are not shown. A table of more than two dimensions is not taken."""
    lines: dict[Line, list[Key]] = defaultdict(list)
    for key in sorted(cells, key=lambda k: (cells[k].n, repr(k))):  # the smallest are hidden first
        for line in _lines(key):
            lines[line].append(key)
    known = {line: its for line, its in lines.items() if bounds.met(cells[k] for k in its)}
    hidden = {key for key, cell in cells.items() if not bounds.met([cell])}
    while True:
        more = {
            key
            for line, its in known.items()
            if any(k in hidden for k in its) and not _safe([k for k in its if k in hidden], cells, bounds)
            for key in _next(its, hidden, known)
        } or {
            key
            for bridge in _determined(hidden, known)
            for line in _lines(bridge)
            if line in known
            for key in _next(known[line], hidden, known)
        }
        if more:
            hidden |= more
        elif _stuck(hidden, known, cells, bounds):
            return frozenset(cells)
        else:
            return frozenset(hidden)


def _lines(key: Key) -> tuple[Line, ...]:
    return tuple((place, value) for place, value in enumerate(key)) if len(key) > 1 else ((0, None),)


def _safe(gone: list[Key], cells: Mapping[Key, Cell], bounds: Bounds) -> bool:
    """What is hidden in a line may be known in sum."""
    return len(gone) > 1 and bounds.met(cells[k] for k in gone)


def _next(its: list[Key], hidden: set[Key], known: Mapping[Line, list[Key]]) -> Iterator[Key]:
    """The smallest cell of a line that is still shown. One that is alone in a line whose sum is known is no help."""
    for key in its:
        if key not in hidden and all(len(known.get(line, (0, 0))) > 1 for line in _lines(key)):
            yield key
            return


def _stuck(hidden: set[Key], known: Mapping[Line, list[Key]], cells: Mapping[Key, Cell], bounds: Bounds) -> bool:
    """Something is still to be worked out, and no cell is left whose hiding would help."""
    gone = ([k for k in its if k in hidden] for its in known.values())
    return any(its and not _safe(its, cells, bounds) for its in gone) or bool(_determined(hidden, known))


def _determined(hidden: set[Key], known: Mapping[Line, list[Key]]) -> list[Key]:
    """The hidden cells that the sums of the known lines determine.

    Lines are the points of a graph and hidden cells its edges; a line whose sum is not known is the ground, where
    anything may come from. What is hidden can vary along a ring of edges, or from ground to ground, and a cell in
    none of these is determined: the bridges of the graph.
    """
    ground: Line = (-1, None)
    edges: dict[Line, list[tuple[Line, Key]]] = defaultdict(list)
    for key in sorted(hidden, key=repr):
        ends = [line if line in known else ground for line in _lines(key)]
        one, other = ends if len(ends) == 2 else (ends[0], ground)
        if len(ends) == 1 or one != other:
            edges[one].append((other, key))
            edges[other].append((one, key))
    return _bridges(edges) if any(len(k) > 1 for k in hidden) else []


def _bridges(edges: Mapping[Line, list[tuple[Line, Key]]]) -> list[Key]:
    """The edges of a graph that lie on no ring, by one walk through it (Tarjan)."""
    order: dict[Line, int] = {}
    low: dict[Line, int] = {}
    found: list[Key] = []
    for start in edges:
        if start in order:
            continue
        order[start] = low[start] = len(order)
        walk: list[tuple[Line, Key | None, Iterator[tuple[Line, Key]]]] = [(start, None, iter(edges[start]))]
        while walk:
            here, came, rest = walk[-1]
            step = next(rest, None)
            if step is None:
                walk.pop()
                if walk and came is not None:
                    before = walk[-1][0]
                    low[before] = min(low[before], low[here])
                    if low[here] > order[before]:
                        found.append(came)
            elif step[0] not in order:
                order[step[0]] = low[step[0]] = len(order)
                walk.append((step[0], step[1], iter(edges[step[0]])))
            elif step[1] != came:
                low[here] = min(low[here], order[step[0]])
    return found
