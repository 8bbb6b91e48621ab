"""A study of the groups of a region: what is wrong with them, and which changes the stays speak for.

Sums over the stays of the base years (:mod:`.sums`); on them new groups, places for codes that have none
(:mod:`.homes`), splits and merges (:mod:`.splits`), all by exact comparisons with the limits of the practice; and the
draft of an overlay (:mod:`.draft`). Source: shanwei-2024 §2.
"""

from drgpay.steps.study.draft import overlay_text
from drgpay.steps.study.factors import code_sets
from drgpay.steps.study.findings import WHAT, Finding, Judged, findings
from drgpay.steps.study.homes import Lost, propose_homes
from drgpay.steps.study.limits import FACTORS, Limits, limits_data, limits_of
from drgpay.steps.study.model import Change, Piece, Proposal
from drgpay.steps.study.moments import Moments, total
from drgpay.steps.study.splits import Judge, propose_merges, propose_splits
from drgpay.steps.study.sums import SCANNED, Entering, Values, entering_of, moments_by, sets_of, summed, values_of
from drgpay.tables import STUDY_TABLES

WRITES = tuple(table.name for table in STUDY_TABLES)
"""tables this step writes"""

__all__ = [
    "FACTORS",
    "SCANNED",
    "WHAT",
    "WRITES",
    "Change",
    "Entering",
    "Finding",
    "Judge",
    "Judged",
    "Limits",
    "Lost",
    "Moments",
    "Piece",
    "Proposal",
    "Values",
    "code_sets",
    "entering_of",
    "findings",
    "limits_data",
    "limits_of",
    "moments_by",
    "overlay_text",
    "propose_homes",
    "propose_merges",
    "propose_splits",
    "sets_of",
    "summed",
    "total",
    "values_of",
]
