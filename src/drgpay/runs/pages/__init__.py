"""Pages of results: whose eyes they are for, what of a table they show, and sums of it (design/12 §7)."""

from drgpay.runs.pages.browse import TableSeen, browse, columns_of, export_rows, tables_of
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.view import OPS, Page, Sort, View, Where

__all__ = [
    "OPS",
    "Page",
    "Scope",
    "Sort",
    "TableSeen",
    "View",
    "Where",
    "browse",
    "columns_of",
    "export_rows",
    "tables_of",
]
