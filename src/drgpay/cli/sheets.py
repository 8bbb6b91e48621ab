"""A report of several tables, row by row: one workbook with a sheet each, or one CSV file each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from drgpay.places import cell, check_target, drafted, may_replace

Add = Callable[[Sequence[Any]], object]
_SHEET_ROWS = 1_000_000
_CELL = 32_000
CREATED = datetime(2000, 1, 1)
"""fixed, so that the same content gives the same bytes"""


class Sheets:
    """Where the tables go; ``sheet`` opens the next one."""

    def __init__(self, output: Path, stack: ExitStack, kept: ExitStack) -> None:
        self._output, self._kept = output, kept
        self._drafts = 0
        self._book: Any = None
        if output.suffix.lower() == ".xlsx":
            options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
            self._book = stack.enter_context(xlsxwriter.Workbook(self._draft(output), options))
            self._book.set_properties({"created": CREATED})

    def _draft(self, path: Path) -> Path:
        if self._drafts:  # the first one has passed the gate
            check_target(path, file=True, replace=bool(may_replace.get()))
        self._drafts += 1
        return self._kept.enter_context(drafted(path))

    @contextmanager
    def sheet(self, name: str, head: Sequence[str]) -> Iterator[Add]:
        """A table with its header; the function given adds a row. The first CSV has the name of the report, the
        others ``<report>.<name>.csv``. A sheet takes a million rows, and cells of it 32,000 characters."""
        if self._book is None:
            first = not self._drafts
            path = self._output if first else self._output.with_suffix(f".{name}.csv")
            with self._draft(path).open("w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(head)
                yield lambda row: writer.writerow([cell(c) if isinstance(c, str) else c for c in row])
            return
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, head, self._book.add_format({"bold": True, "bg_color": "#DDE7F0"}))
        at = 0

        def add(row: Sequence[Any]) -> None:
            nonlocal at
            at += 1
            if at <= _SHEET_ROWS:
                sheet.write_row(at, 0, [c[:_CELL] if isinstance(c, str) else c for c in row])

        yield add
        if at > _SHEET_ROWS:
            sheet.write_string(_SHEET_ROWS + 1, 0, f"… {at:,}: 全部见 CSV all rows are in the CSV")


@contextmanager
def open_sheets(output: Path) -> Iterator[Sheets]:
    """A report written under temporary names; all of it appears under its own names, or nothing does."""
    with ExitStack() as kept, ExitStack() as stack:
        yield Sheets(output, stack, kept)
