"""Reading and checking (数据接入与校验): files of stays and registers in, canonical tables and findings out.

Bad data is a finding row, never a crash: ``error`` keeps the row out, ``warn`` lets it go on, and no check changes
what it judges. Nothing is rounded or guessed on reading. Findings carry no personal data.
"""

from drgpay.steps.intake.crosswalk import EDITIONS, Crosswalk, Way, clinical
from drgpay.steps.intake.duplicates import later_duplicates
from drgpay.steps.intake.export import write_findings_csv, write_findings_workbook
from drgpay.steps.intake.findings import merge as merge_findings
from drgpay.steps.intake.formats import (
    CANONICAL,
    Format,
    Hints,
    catalogue,
    fee_total_check,
    read_hints,
    write_template,
)
from drgpay.steps.intake.kernel import CheckContext, KnownCodes, check_batch, stays_schema
from drgpay.steps.intake.reference import check_stay
from drgpay.steps.intake.registers import read_register
from drgpay.steps.intake.rules import RULES, Rule
from drgpay.steps.intake.stays import Conversion, Intake, convert, read_stays

WRITES = ("findings", "stays")
"""tables this step writes"""

__all__ = [
    "CANONICAL",
    "EDITIONS",
    "RULES",
    "WRITES",
    "CheckContext",
    "Conversion",
    "Crosswalk",
    "Format",
    "Hints",
    "Intake",
    "KnownCodes",
    "Rule",
    "Way",
    "catalogue",
    "check_batch",
    "check_stay",
    "clinical",
    "convert",
    "fee_total_check",
    "later_duplicates",
    "merge_findings",
    "read_hints",
    "read_register",
    "read_stays",
    "stays_schema",
    "write_findings_csv",
    "write_findings_workbook",
    "write_template",
]
