"""Evaluation (绩效评价): indicators, scorecards of institutions, grades and what follows. Source: design/08."""

from drgpay.steps.evaluation.figures import figures, group_facts
from drgpay.steps.evaluation.registry import Indicator, Registry, registry, registry_of
from drgpay.steps.evaluation.settings import Settings
from drgpay.steps.evaluation.statistics import Risk, risk_classes, wilson
from drgpay.steps.evaluation.sums import Beside, Facts, Sums, collect

WRITES = (
    "indicator_figures", "risk_classes", "evaluation_marks", "evaluation_results", "indicator_ranks",
    "supervision_tiers", "institution_changes", "outcomes",
)  # fmt: skip
"""tables this step writes"""

__all__ = [
    "WRITES",
    "Beside",
    "Facts",
    "Indicator",
    "Registry",
    "Risk",
    "Settings",
    "Sums",
    "collect",
    "figures",
    "group_facts",
    "registry",
    "registry_of",
    "risk_classes",
    "wilson",
]
