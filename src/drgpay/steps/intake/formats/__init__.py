"""The files hospitals hold: front pages (住院病案首页) of several generations, settlement lists (结算清单) as JSON or
flattened, own exports with own names; recognised by their headers and seen in drgpay's columns.

What the headers of a format mean stands in tables (``data/formats``): every known header with its field, unit and
codes. Fields that no column of STAYS holds are in them too, unread or only checked, so that a later column needs a
word in a table and nothing here.
"""

from drgpay.steps.intake.formats.catalogue import CANONICAL, Format, catalogue
from drgpay.steps.intake.formats.checks import fee_total_check
from drgpay.steps.intake.formats.hints import Hints, read_hints, with_columns
from drgpay.steps.intake.formats.opening import Opened, open_details, open_stays, withdrawals
from drgpay.steps.intake.formats.template import write_template

__all__ = [
    "CANONICAL",
    "Format",
    "Hints",
    "Opened",
    "catalogue",
    "fee_total_check",
    "open_details",
    "open_stays",
    "read_hints",
    "with_columns",
    "withdrawals",
    "write_template",
]
