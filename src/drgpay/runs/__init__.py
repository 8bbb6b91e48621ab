"""Runs: the calendar of a month and a year, their manifest, and how to check and explain them."""

from drgpay.engine import MANIFEST, Engine, LocalEngine, read_manifest
from drgpay.errors import Stopped
from drgpay.ledger import account_words, event_words
from drgpay.places import discard_forsaken, remove_whole
from drgpay.runs import uploads
from drgpay.runs.adopting import (
    Met,
    NewNotice,
    NoticeValue,
    SchemeName,
    adopt_notice,
    check_value,
    notices_met,
    scheme_names,
    scheme_text,
    schemes_differ,
)
from drgpay.runs.base_run import BaseOrder, run_base
from drgpay.runs.batches import changed_by, month_of, stay_ids_in
from drgpay.runs.begin import look, run
from drgpay.runs.book import BookView, book, seal_run
from drgpay.runs.chain import correction_files
from drgpay.runs.checks import Checked, check_file, check_files, check_region
from drgpay.runs.coded_otherwise import CodeChange, code_changes
from drgpay.runs.coding import FOLLOWS, CodeStory, InScheme, search_code, suggest_codes, tell_code
from drgpay.runs.compare import Comparison, Sweep
from drgpay.runs.database import PASSWORD, fetch, query_of
from drgpay.runs.deadlines import (
    BoardTerms,
    Deadline,
    OfficeTerms,
    ReconcileTerms,
    SpecialTerms,
    Terms,
    board_terms,
    deadlines,
    office_terms,
    reconcile_terms,
    special_terms,
    terms,
)
from drgpay.runs.difference import CAUSES, Cause, Difference, difference
from drgpay.runs.engines import ENGINES, LOCAL_MASTER, check_engine, engine_named
from drgpay.runs.estimate import Estimate, estimate_given, estimate_stays, read_published
from drgpay.runs.evaluation import (
    Evaluation,
    evaluate,
    evaluation_stays,
    judges_records,
    known_card,
    reported_rows,
    spot_sample,
)
from drgpay.runs.explain import Section, card_of_stay, explain_stay, first_stay, tell_stay
from drgpay.runs.explain_cell import explain_cell
from drgpay.runs.figures_said import FigureSaid, figures_said
from drgpay.runs.fit import check_policy, check_practice
from drgpay.runs.fund import Tables as FundTables
from drgpay.runs.fund import institution_names, keep_risk_fund, plan_budget, plan_prepayments, reopen_year, watch_fund
from drgpay.runs.fund_results import Agreed, Plan, write_plan, write_ratios
from drgpay.runs.group_stays import RESULTS as GROUP_COLUMNS
from drgpay.runs.group_stays import Shape, commonest
from drgpay.runs.grouper import Grouper
from drgpay.runs.handed import all_rejected
from drgpay.runs.hospital import PerformOrder
from drgpay.runs.house_stays import stays_in_house
from drgpay.runs.in_house import in_house
from drgpay.runs.judged import Indicated, goals_of, indicators_of, satisfaction
from drgpay.runs.ledgers import advances_of
from drgpay.runs.manifest import LEDGER, POLICY, PRACTICE, TABLES, root_of
from drgpay.runs.mode_tools import capitate, check_enrolment, clear_out_of_area, preview, procure, split_benefits
from drgpay.runs.order import Order, Report
from drgpay.runs.oversight import Watched, oversee
from drgpay.runs.oversight_bench import Bench, Score, bench, read_truth
from drgpay.runs.oversight_office import (
    FollowUp,
    Lead,
    OversightTerms,
    YearOfTreatments,
    follow_up,
    leads_of,
    oversight_rules,
    oversight_terms,
    year_of_treatments,
)
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
from drgpay.runs.oversight_seen import hide_id, named_records, seen_by
from drgpay.runs.overspend import propose_overspend
from drgpay.runs.overview import SOURCES, USES, Overview, overview
from drgpay.runs.own_schemes import OwnScheme, Regrouped, build_scheme, regrouped
from drgpay.runs.pages import (
    DIMENSIONS,
    MEASURES,
    OPS,
    Colleagues,
    Compare,
    Day,
    Measure,
    Op,
    Page,
    Scope,
    Sort,
    Spent,
    Summary,
    TableSeen,
    View,
    Where,
    browse,
    budget_spent,
    colleagues,
    columns_of,
    export_rows,
    prepare_pages,
    spent,
    spent_by_day,
    summarise,
    tables_of,
    together,
)
from drgpay.runs.pages.kept import PLACE as PAGES
from drgpay.runs.perform import (
    PersonExplained,
    check_performance,
    explain_person,
    findings_of,
    hospital_registers,
    marked_items,
    perform,
    plan_names,
    plan_seen,
    plan_warning,
    simulate,
)
from drgpay.runs.plan_forms import plan_field, plan_value
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
from drgpay.runs.publishing import published_of, published_rows
from drgpay.runs.ready import Accepted
from drgpay.runs.ready import checks as ready_checks
from drgpay.runs.reconcile import Own, Reconciled, own_of_files, own_of_run, reconcile_file, reconcile_return
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
from drgpay.runs.sharing import minutes_rows, propose_sharing, ratios_practice, written_bands
from drgpay.runs.special import SpecialQuota, judge_opinions, special_candidates, special_quota
from drgpay.runs.stay_files import Found, read_files
from drgpay.runs.stay_files import named as named_files
from drgpay.runs.study import DRAFT as STUDY_DRAFT
from drgpay.runs.study import StudyOrder, run_study
from drgpay.runs.submissions import Submitted, Version, handed_in, history, submit
from drgpay.runs.surveys import Survey, survey
from drgpay.runs.taking import KINDS as OFFERED
from drgpay.runs.taking import ORIGINS, Change, Offer, Taken, offers, passed_by, rows_taken, take
from drgpay.runs.talks import Deviating, deviating
from drgpay.runs.uploads import *  # noqa: F403
from drgpay.runs.verify import Check, verify
from drgpay.runs.warm import WarmRuns
from drgpay.runs.watching import Watched as WatchedFolder
from drgpay.runs.watching import failure_of, result_of
from drgpay.runs.whatif import sweep, what_if
from drgpay.runs.whose import institution_named, names_of_run
from drgpay.scheme import catalogue as schemes_there
from drgpay.scheme import keep_at as keep_schemes_at
from drgpay.scorecard import cards as card_names
from drgpay.sources import cited
from drgpay.steps.intake import CheckedRows, Known, RowFinding, check_rows
from drgpay.steps.intake import register_rows as read_rows
from drgpay.steps.settlement import MONTH_ITEMS, STATEMENT_ITEMS

__all__ = [
    "CAUSES",
    "DIMENSIONS",
    "ENGINES",
    "FOLLOWS",
    "GROUP_COLUMNS",
    "LEDGER",
    "LOCAL_MASTER",
    "MANIFEST",
    "MEASURES",
    "MONTH_ITEMS",
    "OFFERED",
    "OPS",
    "ORIGINS",
    "PAGES",
    "PASSWORD",
    "POLICY",
    "PRACTICE",
    "SOURCES",
    "STATEMENT_ITEMS",
    "STUDY_DRAFT",
    "TABLES",
    "USES",
    "Accepted",
    "Agreed",
    "BaseOrder",
    "Bench",
    "Beside",
    "BoardTerms",
    "BookView",
    "Cause",
    "Change",
    "Check",
    "Checked",
    "CheckedRows",
    "CodeChange",
    "CodeStory",
    "Colleagues",
    "Compare",
    "Comparison",
    "Composed",
    "Counted",
    "Day",
    "Deadline",
    "Deviating",
    "Difference",
    "Differs",
    "Engine",
    "Estimate",
    "Evaluation",
    "FigureSaid",
    "FollowUp",
    "Found",
    "FundTables",
    "Grouper",
    "InScheme",
    "Indicated",
    "Known",
    "Lead",
    "LocalEngine",
    "Measure",
    "Met",
    "NewNotice",
    "NoticeSeen",
    "NoticeValue",
    "Offer",
    "OfficeTerms",
    "Op",
    "Order",
    "OversightTerms",
    "Overview",
    "Own",
    "OwnScheme",
    "Page",
    "ParameterSeen",
    "PerformOrder",
    "PersonExplained",
    "Plan",
    "PracticeName",
    "Prices",
    "Progress",
    "Proposal",
    "ReconcileTerms",
    "Reconciled",
    "RecordChange",
    "Region",
    "Regrouped",
    "Report",
    "RowFinding",
    "SaidSource",
    "SameTable",
    "SchemeName",
    "Scope",
    "Score",
    "Seal",
    "Section",
    "Shape",
    "ShouldStop",
    "Sort",
    "SpecialQuota",
    "SpecialTerms",
    "Spent",
    "Stopped",
    "StudyOrder",
    "Submitted",
    "Summary",
    "Survey",
    "Sweep",
    "TableSeen",
    "Taken",
    "Tell",
    "Terms",
    "Told",
    "Version",
    "View",
    "WarmRuns",
    "Watched",
    "WatchedFolder",
    "Where",
    "YearOfTreatments",
    "account_words",
    "adopt_notice",
    "advances_of",
    "all_rejected",
    "audit_template",
    "bench",
    "board_terms",
    "book",
    "browse",
    "budget_spent",
    "build_scheme",
    "capitate",
    "card_names",
    "card_of_stay",
    "changed_by",
    "check_engine",
    "check_enrolment",
    "check_file",
    "check_files",
    "check_performance",
    "check_policy",
    "check_practice",
    "check_region",
    "check_rows",
    "check_value",
    "cited",
    "clear_out_of_area",
    "code_changes",
    "colleagues",
    "columns_of",
    "commonest",
    "compose",
    "correction_files",
    "count_look",
    "deadlines",
    "declaration_digest",
    "deviating",
    "difference",
    "discard_forsaken",
    "engine_named",
    "estimate_given",
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
    "figures_said",
    "findings_of",
    "first_stay",
    "follow_up",
    "goals_of",
    "hand_in_rules",
    "handed_in",
    "hide_id",
    "history",
    "hospital_registers",
    "in_house",
    "indicators_of",
    "institution_named",
    "institution_names",
    "judge_opinions",
    "judges_records",
    "keep_risk_fund",
    "keep_schemes_at",
    "known_card",
    "known_codes",
    "known_of",
    "land_stays",
    "leads_of",
    "look",
    "marked_items",
    "minutes_rows",
    "month_of",
    "move_alert",
    "named_files",
    "named_records",
    "names_of_run",
    "notices_met",
    "notices_seen",
    "offers",
    "office_terms",
    "oversee",
    "oversight_rules",
    "oversight_terms",
    "overview",
    "own_of_files",
    "own_of_run",
    "owners_of",
    "parameter_name",
    "parameters_seen",
    "parse_rates",
    "passed_by",
    "perform",
    "plan",
    "plan_budget",
    "plan_field",
    "plan_names",
    "plan_prepayments",
    "plan_seen",
    "plan_value",
    "plan_warning",
    "practice_names",
    "practice_of_area",
    "practices_differ",
    "prepare_pages",
    "preview",
    "procure",
    "propose_overspend",
    "propose_sharing",
    "propose_treatments",
    "published_of",
    "published_rows",
    "query_of",
    "ratios_practice",
    "read_files",
    "read_manifest",
    "read_published",
    "read_region",
    "read_rows",
    "read_seals",
    "read_truth",
    "ready_checks",
    "reconcile_file",
    "reconcile_return",
    "reconcile_terms",
    "register_named",
    "register_tables",
    "register_template",
    "regrouped",
    "remove_whole",
    "reopen_year",
    "reported_rows",
    "result_of",
    "root_of",
    "rows_taken",
    "run",
    "run_base",
    "run_study",
    "said_sources",
    "same_tables",
    "satisfaction",
    "scheme_names",
    "scheme_text",
    "schemes_differ",
    "schemes_there",
    "seal_run",
    "sealed_months",
    "search_code",
    "seen_by",
    "simulate",
    "simulate_prices",
    "special_candidates",
    "special_quota",
    "special_terms",
    "spent",
    "spent_by_day",
    "split_benefits",
    "spot_sample",
    "stay_ids_in",
    "stays_in_house",
    "submit",
    "suggest_codes",
    "summarise",
    "survey",
    "sweep",
    "table_digests",
    "tables_of",
    "take",
    "tell_code",
    "tell_stay",
    "tell_suspicion",
    "terms",
    "together",
    "verify",
    "watch_fund",
    "what_if",
    "working",
    "write_plan",
    "write_proposal",
    "write_ratios",
    "written_bands",
    "year_of_treatments",
    "year_sealed",
]
__all__ += uploads.__all__
