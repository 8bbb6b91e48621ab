"""Runs: the calendar of a month and a year, their manifest, and how to check and explain them."""

from drgpay.runs.checks import Checked, check_file, check_region
from drgpay.runs.compare import Comparison, Sweep
from drgpay.runs.deadlines import Deadline, deadlines
from drgpay.runs.explain import Section, explain_stay, first_stay, tell_stay
from drgpay.runs.explain_cell import ITEMS, explain_cell
from drgpay.runs.fund import Tables as FundTables
from drgpay.runs.fund import keep_risk_fund, plan_budget, plan_prepayments, reopen_year, watch_fund
from drgpay.runs.manifest import LEDGER, MANIFEST, POLICY, TABLES, read_manifest
from drgpay.runs.oversight import Watched, oversee
from drgpay.runs.oversight_bench import Score, bench, read_truth
from drgpay.runs.oversight_review import (
    Counted,
    Proposal,
    Told,
    audit_template,
    count_look,
    move_alert,
    write_proposal,
)
from drgpay.runs.oversight_review import propose as propose_treatments
from drgpay.runs.oversight_review import tell as tell_suspicion
from drgpay.runs.region import Beside, Region, known_codes, read_region
from drgpay.runs.settle import Order, Report, run
from drgpay.runs.verify import Check, verify
from drgpay.runs.whatif import sweep, what_if

__all__ = [
    "ITEMS",
    "LEDGER",
    "MANIFEST",
    "POLICY",
    "TABLES",
    "Beside",
    "Check",
    "Checked",
    "Comparison",
    "Counted",
    "Deadline",
    "FundTables",
    "Order",
    "Proposal",
    "Region",
    "Report",
    "Score",
    "Section",
    "Sweep",
    "Told",
    "Watched",
    "audit_template",
    "bench",
    "check_file",
    "check_region",
    "count_look",
    "deadlines",
    "explain_cell",
    "explain_stay",
    "first_stay",
    "keep_risk_fund",
    "known_codes",
    "move_alert",
    "oversee",
    "plan_budget",
    "plan_prepayments",
    "propose_treatments",
    "read_manifest",
    "read_region",
    "read_truth",
    "reopen_year",
    "run",
    "sweep",
    "tell_stay",
    "tell_suspicion",
    "verify",
    "watch_fund",
    "what_if",
    "write_proposal",
]
