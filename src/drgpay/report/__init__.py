"""Reports of a run (报告): an Excel workbook and a single HTML page, from the run's small tables only; and the card
that explains one stay; a hospital's workbook of performance pay and its slips.

Nothing is computed here but sums: every figure is read from the run, and the sums are of whole fen.
"""

from drgpay.report.evaluated import GRADE_WORDS, check_evaluated, outcome_cells, show_figure
from drgpay.report.evaluation import write_evaluation_page, write_evaluation_workbook, write_institution_card
from drgpay.report.html import charts_missing
from drgpay.report.oversight import write_oversight_page
from drgpay.report.page import write_page
from drgpay.report.performance import performance_word, write_performance_workbook, write_slips
from drgpay.report.stay_card import write_stay_card
from drgpay.report.study import write_study_workbook
from drgpay.report.tabular import Names, Sheet, alert_is_share, field_words, head_words, is_share, write_tables
from drgpay.report.views import raised_share
from drgpay.report.whatif import check_whatif_target, write_whatif
from drgpay.report.workbook import write_workbook

__all__ = [
    "GRADE_WORDS",
    "Names",
    "Sheet",
    "alert_is_share",
    "charts_missing",
    "check_evaluated",
    "check_whatif_target",
    "field_words",
    "head_words",
    "is_share",
    "outcome_cells",
    "performance_word",
    "raised_share",
    "show_figure",
    "write_evaluation_page",
    "write_evaluation_workbook",
    "write_institution_card",
    "write_oversight_page",
    "write_page",
    "write_performance_workbook",
    "write_slips",
    "write_stay_card",
    "write_study_workbook",
    "write_tables",
    "write_whatif",
    "write_workbook",
]
