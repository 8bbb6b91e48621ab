"""What the printers of Word and PowerPoint files share: cells as texts, and the failure where a library lacks."""

from __future__ import annotations

from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.report.papers.model import Line, Paper, Table
from drgpay.report.views import NUMBERS, show

INK, PALE, GREY = "0B3954", "EAF1F6", "5B6B77"
MOST_ROWS = 3_000
"""longer lists are written as a workbook"""


def font_of(lang: str) -> str:
    """The font of the machine that reads it."""
    return "Microsoft YaHei" if lang == "zh" else "Calibri"


def lines_of(table: Table) -> tuple[Line, ...]:
    """The rows of a table with its total."""
    return (*table.rows, *([table.total] if table.total else []))


def cell_text(table: Table, column: int, line: Line, lang: str) -> str:
    """A cell as it is printed."""
    kind, value = table.kind(column, line), line.values[column]
    return "" if value is None and (line.strong or kind not in NUMBERS) else show(kind, value)[lang]


def is_number(table: Table, column: int) -> bool:
    """The column stands right."""
    return table.columns[column].kind in NUMBERS or table.columns[column].kind == "month"


def fits(paper: Paper) -> None:
    """Raise USAGE for a paper of more than :data:`MOST_ROWS` rows."""
    rows = sum(len(block.rows) for block in paper.blocks if isinstance(block, Table))
    if rows > MOST_ROWS:
        raise DrgpayError(
            Kind.USAGE, zh=f"Word 和 PowerPoint 最多 {MOST_ROWS} 行",
            en=f"Word and PowerPoint take {MOST_ROWS} rows at most", value=rows,
            fix_zh="改用 .xlsx", fix_en="write .xlsx",
        )  # fmt: skip


def library_missing(name: str, package: str) -> DrgpayError:
    """The failure to raise where a library is not installed."""
    fix: dict[str, Any] = {"fix_zh": f"pip install {package},或改用 .xlsx",
                           "fix_en": f"pip install {package}, or write .xlsx"}  # fmt: skip
    return DrgpayError(Kind.ENGINE, zh=f"没有安装 {package},写不了 {name}",
                       en=f"{package} is not installed: no {name} can be written", **fix)  # fmt: skip
