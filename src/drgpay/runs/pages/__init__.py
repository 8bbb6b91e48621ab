"""Pages of results: whose eyes they are for, what of a table they show, and sums of it (design/12 §7)."""

from drgpay.runs.pages.browse import TableSeen, browse, columns_of, export_rows, tables_of
from drgpay.runs.pages.measures import DIMENSIONS, MEASURES, Measure
from drgpay.runs.pages.prepare import prepare_pages
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.summary import Compare, Summary, summarise
from drgpay.runs.pages.view import OPS, Op, Page, Sort, View, Where

__all__ = [
    "DIMENSIONS",
    "MEASURES",
    "OPS",
    "Compare",
    "Measure",
    "Op",
    "Page",
    "Scope",
    "Sort",
    "Summary",
    "TableSeen",
    "View",
    "Where",
    "browse",
    "columns_of",
    "export_rows",
    "prepare_pages",
    "summarise",
    "tables_of",
]
