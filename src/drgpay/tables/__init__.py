"""The data dictionary: every table, its columns, types, units, constraints, Chinese names, and its one writer."""

from drgpay.tables.document import tables_markdown
from drgpay.tables.inputs import (
    BUDGETS,
    DEPARTMENTS,
    DOCTORS,
    EVIDENCE,
    GRADE_REGISTER,
    GRADES,
    INPUTS,
    INSTITUTIONS,
    LEVELS,
    PERSONS,
    SCHEMES,
    STAYS,
)
from drgpay.tables.model import Column, Table
from drgpay.tables.results import (
    BASE_GROUPS,
    BASE_YEARS,
    CASE_POINTS,
    CLASSES,
    CLOSINGS,
    COEFFICIENTS,
    FINDINGS,
    GROUPED,
    INSTITUTION_MONTHS,
    LEDGER,
    POOLS,
    RESULTS,
    STATEMENTS,
    STATUSES,
    STAY_PAYMENTS,
)

ALL = INPUTS + RESULTS
"""every table, inputs first"""

__all__ = [
    "ALL",
    "BASE_GROUPS",
    "BASE_YEARS",
    "BUDGETS",
    "CASE_POINTS",
    "CLASSES",
    "CLOSINGS",
    "COEFFICIENTS",
    "DEPARTMENTS",
    "DOCTORS",
    "EVIDENCE",
    "FINDINGS",
    "GRADES",
    "GRADE_REGISTER",
    "GROUPED",
    "INPUTS",
    "INSTITUTIONS",
    "INSTITUTION_MONTHS",
    "LEDGER",
    "LEVELS",
    "PERSONS",
    "POOLS",
    "RESULTS",
    "SCHEMES",
    "STATEMENTS",
    "STATUSES",
    "STAYS",
    "STAY_PAYMENTS",
    "Column",
    "Table",
    "tables_markdown",
]
