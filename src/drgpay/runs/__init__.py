"""Runs: the calendar of a month and a year, their manifest, and how to check and explain them."""

from drgpay.engine import MANIFEST, LocalEngine, read_manifest
from drgpay.errors import Stopped
from drgpay.ledger import account_words, event_words
from drgpay.runs.base_run import BaseOrder, run_base
from drgpay.runs.batches import month_of, stay_ids_in
from drgpay.runs.begin import look, run
from drgpay.runs.book import BookView, book, seal_run
from drgpay.runs.chain import correction_files
from drgpay.runs.checks import Checked, check_file, check_files, check_region
from drgpay.runs.coding import FOLLOWS, CodeStory, InScheme, search_code, suggest_codes, tell_code
from drgpay.runs.compare import Comparison, Sweep
from drgpay.runs.database import PASSWORD, fetch, query_of
from drgpay.runs.deadlines import Deadline, Terms, deadlines, terms
from drgpay.runs.difference import CAUSES, Cause, Difference, difference
from drgpay.runs.estimate import Estimate, estimate_stays, read_published
from drgpay.runs.evaluation import Evaluation, evaluate, evaluation_stays, known_card
from drgpay.runs.explain import Section, explain_stay, first_stay, tell_stay
from drgpay.runs.explain_cell import explain_cell
from drgpay.runs.fit import check_policy, check_practice
from drgpay.runs.fund import Tables as FundTables
from drgpay.runs.fund import institution_names, keep_risk_fund, plan_budget, plan_prepayments, reopen_year, watch_fund
from drgpay.runs.fund_results import Agreed, Plan, write_plan, write_ratios
from drgpay.runs.group_stays import RESULTS as GROUP_COLUMNS
from drgpay.runs.group_stays import Shape, commonest
from drgpay.runs.grouper import Grouper
from drgpay.runs.handed import all_rejected
from drgpay.runs.hospital import PerformOrder
from drgpay.runs.in_house import in_house
from drgpay.runs.manifest import LEDGER, POLICY, TABLES, root_of
from drgpay.runs.mode_tools import capitate, check_enrolment, clear_out_of_area, preview, procure, split_benefits
from drgpay.runs.order import Order, Report
from drgpay.runs.oversight import Watched, oversee
from drgpay.runs.oversight_bench import Bench, Score, bench, read_truth
from drgpay.runs.oversight_review import (
    Counted,
    Proposal,
    Told,
    audit_template,
    count_look,
    move_alert,
    owners_of,
    write_proposal,
)
from drgpay.runs.oversight_review import propose as propose_treatments
from drgpay.runs.oversight_review import tell as tell_suspicion
from drgpay.runs.overspend import propose_overspend
from drgpay.runs.overview import SOURCES, USES, Overview, overview
from drgpay.runs.pages import (
    DIMENSIONS,
    MEASURES,
    OPS,
    Compare,
    Measure,
    Op,
    Page,
    Scope,
    Sort,
    Summary,
    TableSeen,
    View,
    Where,
    browse,
    columns_of,
    export_rows,
    prepare_pages,
    summarise,
    tables_of,
)
from drgpay.runs.perform import PersonExplained, check_performance, explain_person, findings_of, perform, simulate
from drgpay.runs.practices import (
    Differs,
    NoticeSeen,
    ParameterSeen,
    PracticeName,
    hand_in_rules,
    notices_seen,
    parameters_seen,
    practice_names,
    practice_of_area,
    practices_differ,
)
from drgpay.runs.prices import Prices, parse_rates, simulate_prices
from drgpay.runs.progress import Progress, ShouldStop, Tell, plan, working
from drgpay.runs.ready import Accepted
from drgpay.runs.ready import checks as ready_checks
from drgpay.runs.reconcile import Own, Reconciled, own_of_files, own_of_run, reconcile_return
from drgpay.runs.region import Beside, Region, known_codes, land_stays, read_region
from drgpay.runs.registers import (
    Composed,
    RecordChange,
    compose,
    declaration_digest,
    known_of,
    register_named,
    register_tables,
    register_template,
)
from drgpay.runs.said import SaidSource, parameter_name, said_sources
from drgpay.runs.same import SameTable, same_tables, table_digests
from drgpay.runs.seals import Seal, read_seals, sealed_months, year_sealed
from drgpay.runs.sharing import propose_sharing
from drgpay.runs.stay_files import Found, read_files
from drgpay.runs.stay_files import named as named_files
from drgpay.runs.submissions import Submitted, Version, handed_in, history, submit
from drgpay.runs.taking import ORIGINS, Change, Offer, Taken, offers, rows_taken, take
from drgpay.runs.uploads import (
    Figures,
    FindingsPage,
    GroupedFiles,
    GroupedUpload,
    RuleCount,
    Upload,
    aliases_there,
    check_upload,
    crosswalk_of,
    figures_before,
    figures_of,
    group_files,
    group_upload,
    hints_of,
    read_findings,
    read_scores,
    unpacked,
    write_findings,
    write_stays_form,
)
from drgpay.runs.verify import Check, verify
from drgpay.runs.warm import WarmRuns
from drgpay.runs.watching import Watched as WatchedFolder
from drgpay.runs.watching import failure_of, result_of
from drgpay.runs.whatif import sweep, what_if
from drgpay.runs.whose import institution_named, names_of_run
from drgpay.steps.intake import CheckedRows, Known, RowFinding, check_rows
from drgpay.steps.intake import register_rows as read_rows
from drgpay.steps.settlement import MONTH_ITEMS, STATEMENT_ITEMS

__all__ = [
    "CAUSES",
    "DIMENSIONS",
    "FOLLOWS",
    "GROUP_COLUMNS",
    "LEDGER",
    "MANIFEST",
    "MEASURES",
    "MONTH_ITEMS",
    "OPS",
    "ORIGINS",
    "PASSWORD",
    "POLICY",
    "SOURCES",
    "STATEMENT_ITEMS",
    "TABLES",
    "USES",
    "Accepted",
    "Agreed",
    "BaseOrder",
    "Bench",
    "Beside",
    "BookView",
    "Cause",
    "Change",
    "Check",
    "Checked",
    "CheckedRows",
    "CodeStory",
    "Compare",
    "Comparison",
    "Composed",
    "Counted",
    "Deadline",
    "Difference",
    "Differs",
    "Estimate",
    "Evaluation",
    "Figures",
    "FindingsPage",
    "Found",
    "FundTables",
    "GroupedFiles",
    "GroupedUpload",
    "Grouper",
    "InScheme",
    "Known",
    "LocalEngine",
    "Measure",
    "NoticeSeen",
    "Offer",
    "Op",
    "Order",
    "Overview",
    "Own",
    "Page",
    "ParameterSeen",
    "PerformOrder",
    "PersonExplained",
    "Plan",
    "PracticeName",
    "Prices",
    "Progress",
    "Proposal",
    "Reconciled",
    "RecordChange",
    "Region",
    "Report",
    "RowFinding",
    "RuleCount",
    "SaidSource",
    "SameTable",
    "Scope",
    "Score",
    "Seal",
    "Section",
    "Shape",
    "ShouldStop",
    "Sort",
    "Stopped",
    "Submitted",
    "Summary",
    "Sweep",
    "TableSeen",
    "Taken",
    "Tell",
    "Terms",
    "Told",
    "Upload",
    "Version",
    "View",
    "WarmRuns",
    "Watched",
    "WatchedFolder",
    "Where",
    "account_words",
    "aliases_there",
    "all_rejected",
    "audit_template",
    "bench",
    "book",
    "browse",
    "capitate",
    "check_enrolment",
    "check_file",
    "check_files",
    "check_performance",
    "check_policy",
    "check_practice",
    "check_region",
    "check_rows",
    "check_upload",
    "clear_out_of_area",
    "columns_of",
    "commonest",
    "compose",
    "correction_files",
    "count_look",
    "crosswalk_of",
    "deadlines",
    "declaration_digest",
    "difference",
    "estimate_stays",
    "evaluate",
    "evaluation_stays",
    "event_words",
    "explain_cell",
    "explain_person",
    "explain_stay",
    "export_rows",
    "failure_of",
    "fetch",
    "figures_before",
    "figures_of",
    "findings_of",
    "first_stay",
    "group_files",
    "group_upload",
    "hand_in_rules",
    "handed_in",
    "hints_of",
    "history",
    "in_house",
    "institution_named",
    "institution_names",
    "keep_risk_fund",
    "known_card",
    "known_codes",
    "known_of",
    "land_stays",
    "look",
    "month_of",
    "move_alert",
    "named_files",
    "names_of_run",
    "notices_seen",
    "offers",
    "oversee",
    "overview",
    "own_of_files",
    "own_of_run",
    "owners_of",
    "parameter_name",
    "parameters_seen",
    "parse_rates",
    "perform",
    "plan",
    "plan_budget",
    "plan_prepayments",
    "practice_names",
    "practice_of_area",
    "practices_differ",
    "prepare_pages",
    "preview",
    "procure",
    "propose_overspend",
    "propose_sharing",
    "propose_treatments",
    "query_of",
    "read_files",
    "read_findings",
    "read_manifest",
    "read_published",
    "read_region",
    "read_rows",
    "read_scores",
    "read_seals",
    "read_truth",
    "ready_checks",
    "reconcile_return",
    "register_named",
    "register_tables",
    "register_template",
    "reopen_year",
    "result_of",
    "root_of",
    "rows_taken",
    "run",
    "run_base",
    "said_sources",
    "same_tables",
    "seal_run",
    "sealed_months",
    "search_code",
    "simulate",
    "simulate_prices",
    "split_benefits",
    "stay_ids_in",
    "submit",
    "suggest_codes",
    "summarise",
    "sweep",
    "table_digests",
    "tables_of",
    "take",
    "tell_code",
    "tell_stay",
    "tell_suspicion",
    "terms",
    "unpacked",
    "verify",
    "watch_fund",
    "what_if",
    "working",
    "write_findings",
    "write_plan",
    "write_proposal",
    "write_ratios",
    "write_stays_form",
    "year_sealed",
]
