"""Oversight (监测与监管): alerts, suspicions with evidence, audits, the closed loop. Source: design/07.

Rules are data (``data/oversight/rules.yaml``). A rule makes a suspicion; a reviewer's confirmation, and nothing else,
makes a violation of it.
"""

from __future__ import annotations

from drgpay.steps.oversight.alerts import NEXT, Figures, alerts, control_points, follow, refused
from drgpay.steps.oversight.assemble import (
    coding_rates,
    fewer_severe,
    institution_hits,
    rule_status,
    severe_by_month,
    suspicions,
)
from drgpay.steps.oversight.audit import SAMPLED, audit_results, coder_staffing, record_quality, sample
from drgpay.steps.oversight.catalogue import (
    ALERT_RULES,
    DEFAULTS,
    RULES,
    TYPES,
    AlertRule,
    Limit,
    Limits,
    Rule,
    Violation,
    limits,
    missing,
)
from drgpay.steps.oversight.clones import COPIED, clones
from drgpay.steps.oversight.facts import (
    CELL,
    CHARGED,
    DETAILS,
    FACTS,
    MIX,
    MIXED,
    SCREENED,
    SUMMED,
    cells,
    facts,
    fee_mix,
    group_means,
    mix_sums,
)
from drgpay.steps.oversight.hits import HITS
from drgpay.steps.oversight.loop import (
    doctor_points,
    ledger_preview,
    publications,
    refusal_rows,
    treatments,
    violation_rows,
    violation_tiers,
)
from drgpay.steps.oversight.needless import CROWDED, batches
from drgpay.steps.oversight.people import HEADS, PERSON_ORDER, READMITTED, Watch, person_hits
from drgpay.steps.oversight.special import CANDIDATE, candidates, decision_rows, special_results, within_quota
from drgpay.steps.oversight.visits import VISIT_COLUMNS

WRITES = (
    "suspicions",
    "suspicion_evidence",
    "rule_status",
    "coding_rates",
    "alerts",
    "alert_evidence",
    "control_points",
    "audit_sample",
    "audit_results",
    "audit_agreement",
    "record_quality",
    "coder_staffing",
    "treatments",
    "ledger_preview",
    "doctor_points",
    "publications",
    "violation_tiers",
    "special_candidates",
    "special_results",
)
"""tables this step writes"""

__all__ = [
    "ALERT_RULES",
    "CANDIDATE",
    "CELL",
    "CHARGED",
    "COPIED",
    "CROWDED",
    "DEFAULTS",
    "DETAILS",
    "FACTS",
    "HEADS",
    "HITS",
    "MIX",
    "MIXED",
    "NEXT",
    "PERSON_ORDER",
    "READMITTED",
    "RULES",
    "SAMPLED",
    "SCREENED",
    "SUMMED",
    "TYPES",
    "VISIT_COLUMNS",
    "WRITES",
    "AlertRule",
    "Figures",
    "Limit",
    "Limits",
    "Rule",
    "Violation",
    "Watch",
    "alerts",
    "audit_results",
    "batches",
    "candidates",
    "cells",
    "clones",
    "coder_staffing",
    "coding_rates",
    "control_points",
    "decision_rows",
    "doctor_points",
    "facts",
    "fee_mix",
    "fewer_severe",
    "follow",
    "group_means",
    "institution_hits",
    "ledger_preview",
    "limits",
    "missing",
    "mix_sums",
    "person_hits",
    "publications",
    "record_quality",
    "refusal_rows",
    "refused",
    "rule_status",
    "sample",
    "severe_by_month",
    "special_results",
    "suspicions",
    "treatments",
    "violation_rows",
    "violation_tiers",
    "within_quota",
]
