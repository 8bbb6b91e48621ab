"""Runs: the calendar of a month and a year, their manifest, and how to check and explain them."""

from drgpay.runs.checks import Checked, check_file, check_region
from drgpay.runs.compare import Comparison, Sweep
from drgpay.runs.deadlines import Deadline, deadlines
from drgpay.runs.explain import Section, explain_stay, first_stay, tell_stay
from drgpay.runs.explain_cell import ITEMS, explain_cell
from drgpay.runs.fund import Tables as FundTables
from drgpay.runs.fund import keep_risk_fund, plan_budget, plan_prepayments, reopen_year, watch_fund
from drgpay.runs.manifest import LEDGER, MANIFEST, POLICY, TABLES, read_manifest
from drgpay.runs.region import Region, known_codes, land_stays, read_region
from drgpay.runs.same import SameTable, same_tables, table_digests
from drgpay.runs.settle import Order, Report, run
from drgpay.runs.verify import Check, verify
from drgpay.runs.whatif import sweep, what_if

__all__ = [
    "ITEMS",
    "LEDGER",
    "MANIFEST",
    "POLICY",
    "TABLES",
    "Check",
    "Checked",
    "Comparison",
    "Deadline",
    "FundTables",
    "Order",
    "Region",
    "Report",
    "SameTable",
    "Section",
    "Sweep",
    "check_file",
    "check_region",
    "deadlines",
    "explain_cell",
    "explain_stay",
    "first_stay",
    "keep_risk_fund",
    "known_codes",
    "land_stays",
    "plan_budget",
    "plan_prepayments",
    "read_manifest",
    "read_region",
    "reopen_year",
    "run",
    "same_tables",
    "sweep",
    "table_digests",
    "tell_stay",
    "verify",
    "watch_fund",
    "what_if",
]
