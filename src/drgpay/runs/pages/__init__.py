"""Pages of results: whose eyes they are for, what of a table they show, and sums of it (design/12 §7)."""

from drgpay.runs.pages.browse import TableSeen, browse, columns_of, export_rows, tables_of
from drgpay.runs.pages.colleagues import Colleagues, colleagues
from drgpay.runs.pages.measures import DIMENSIONS, MEASURES, Measure
from drgpay.runs.pages.prepare import prepare_pages
from drgpay.runs.pages.scope import Scope
from drgpay.runs.pages.spent import Day, Spent, budget_spent, spent, spent_by_day, together
from drgpay.runs.pages.summary import Compare, Summary, summarise
from drgpay.runs.pages.view import OPS, Op, Page, Sort, View, Where

__all__ = [
    "DIMENSIONS",
    "MEASURES",
    "OPS",
    "Colleagues",
    "Compare",
    "Day",
    "Measure",
    "Op",
    "Page",
    "Scope",
    "Sort",
    "Spent",
    "Summary",
    "TableSeen",
    "View",
    "Where",
    "browse",
    "budget_spent",
    "colleagues",
    "columns_of",
    "export_rows",
    "prepare_pages",
    "spent",
    "spent_by_day",
    "summarise",
    "tables_of",
    "together",
]
