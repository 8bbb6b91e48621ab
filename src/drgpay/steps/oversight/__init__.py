"""Oversight (监测与监管): alerts, suspicions with evidence, audits, the closed loop. Source: design/07.

Rules are data (``data/oversight/rules.yaml``). A rule makes a suspicion; a reviewer's confirmation, and nothing else,
makes a violation of it.
"""

from __future__ import annotations

from drgpay.steps.oversight.assemble import (
    coding_rates,
    fewer_severe,
    institution_hits,
    rule_status,
    severe_by_month,
    suspicions,
)
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
from drgpay.steps.oversight.clones import clones
from drgpay.steps.oversight.facts import CELL, CHARGED, DETAILS, FACTS, SCREENED, cells, facts, group_means
from drgpay.steps.oversight.hits import HITS
from drgpay.steps.oversight.people import HEADS, PERSON_ORDER, READMITTED, Watch, person_hits
from drgpay.steps.oversight.visits import VISIT_COLUMNS

WRITES = ("suspicions", "suspicion_evidence", "rule_status", "coding_rates", "alerts", "alert_evidence",
          "control_points", "audit_sample", "audit_results", "audit_agreement", "record_quality", "coder_staffing",
          "treatments", "ledger_preview", "doctor_points", "publications", "supervision_tiers", "special_candidates",
          "special_results")  # fmt: skip
"""tables this step writes"""

__all__ = [
    "ALERT_RULES",
    "CELL",
    "CHARGED",
    "DEFAULTS",
    "DETAILS",
    "FACTS",
    "HEADS",
    "HITS",
    "PERSON_ORDER",
    "READMITTED",
    "RULES",
    "SCREENED",
    "TYPES",
    "VISIT_COLUMNS",
    "WRITES",
    "AlertRule",
    "Limit",
    "Limits",
    "Rule",
    "Violation",
    "Watch",
    "cells",
    "clones",
    "coding_rates",
    "facts",
    "fewer_severe",
    "group_means",
    "institution_hits",
    "limits",
    "missing",
    "person_hits",
    "rule_status",
    "severe_by_month",
    "suspicions",
]
