"""Evaluation (绩效评价): indicators, scorecards of institutions, grades and what follows. Source: design/08."""

from drgpay.steps.evaluation.cases import case_sums
from drgpay.steps.evaluation.effects import (
    GRADE_NAMES,
    REGISTERED,
    changes,
    grade_register,
    indicator_register,
    supervision_register,
    tiers,
)
from drgpay.steps.evaluation.figures import figures
from drgpay.steps.evaluation.judging import TEMPLATE_COLUMNS, check_reported, judge, subjects
from drgpay.steps.evaluation.listing import stays_of
from drgpay.steps.evaluation.measures import SURGICAL, measure
from drgpay.steps.evaluation.outcomes import AreaFacts, Seen, outcomes
from drgpay.steps.evaluation.ranking import ranks
from drgpay.steps.evaluation.registry import Indicator, Registry, formula_words, registry, registry_of
from drgpay.steps.evaluation.settings import Settings
from drgpay.steps.evaluation.statistics import Risk, risk_classes, wilson
from drgpay.steps.evaluation.sums import Beside, Facts, Sums, collect, risk_rows
from drgpay.steps.evaluation.surveys import ALL_DEPARTMENTS, SurveyRule, survey_results, survey_rows, survey_rule

WRITES = (
    "indicator_figures", "risk_classes", "evaluation_marks", "evaluation_results", "indicator_ranks",
    "supervision_tiers", "institution_changes", "outcomes", "survey_results",
)  # fmt: skip
"""tables this step writes"""

EFFECTS = ("grades", "tiers", "changes")
"""what a card may name as its effects: the registers of grades and indicator values, tiers, entry and exit"""

__all__ = [
    "ALL_DEPARTMENTS",
    "EFFECTS",
    "GRADE_NAMES",
    "REGISTERED",
    "SURGICAL",
    "TEMPLATE_COLUMNS",
    "WRITES",
    "AreaFacts",
    "Beside",
    "Facts",
    "Indicator",
    "Registry",
    "Risk",
    "Seen",
    "Settings",
    "Sums",
    "SurveyRule",
    "case_sums",
    "changes",
    "check_reported",
    "collect",
    "figures",
    "formula_words",
    "grade_register",
    "indicator_register",
    "judge",
    "measure",
    "outcomes",
    "ranks",
    "registry",
    "registry_of",
    "risk_classes",
    "risk_rows",
    "stays_of",
    "subjects",
    "supervision_register",
    "survey_results",
    "survey_rows",
    "survey_rule",
    "tiers",
    "wilson",
]
