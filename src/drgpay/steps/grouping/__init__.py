"""Grouping (分组): a stay's codes, sex, age, weight and days decide its MDC, ADRG and DRG under a scheme.

``compile_scheme`` and ``group_batch`` do it for record batches; ``explain_stay`` does it for one stay and says why,
``tell_stay`` says it as people read it. :class:`Grouper` is the door for programs: stays in any form.
"""

from __future__ import annotations

from drgpay.steps.grouping.api import Grouped, Grouper, arrow_of, names_of
from drgpay.steps.grouping.given import CODES, Reading, as_batch, fields, key_of, read_batch, read_stay
from drgpay.steps.grouping.kernel import Kernel, compile_scheme, group_batch
from drgpay.steps.grouping.path import Explanation, Finding, Step
from drgpay.steps.grouping.reasons import reason_columns
from drgpay.steps.grouping.reference import explain_stay
from drgpay.steps.grouping.remarks import Remark, erratum_of, remarks
from drgpay.steps.grouping.story import (
    BY_THE_RECORD,
    Alternative,
    Check,
    Layer,
    Named,
    Standing,
    Story,
    Tried,
    alternatives,
    tell_stay,
    unmeasured,
)
from drgpay.steps.grouping.transition import (
    PLACES,
    all_transitions,
    count_transitions,
    groups_before_after,
    paired_groups,
    places_before_after,
)
from drgpay.steps.grouping.why import REASONS, Why, why
from drgpay.steps.grouping.wording import PARTS, VALUES, Said

WRITES = ("grouped", "group_names")
"""tables this step writes"""

__all__ = [
    "BY_THE_RECORD",
    "CODES",
    "PARTS",
    "PLACES",
    "REASONS",
    "VALUES",
    "WRITES",
    "Alternative",
    "Check",
    "Explanation",
    "Finding",
    "Grouped",
    "Grouper",
    "Kernel",
    "Layer",
    "Named",
    "Reading",
    "Remark",
    "Said",
    "Standing",
    "Step",
    "Story",
    "Tried",
    "Why",
    "all_transitions",
    "alternatives",
    "arrow_of",
    "as_batch",
    "compile_scheme",
    "count_transitions",
    "erratum_of",
    "explain_stay",
    "fields",
    "group_batch",
    "groups_before_after",
    "key_of",
    "names_of",
    "paired_groups",
    "places_before_after",
    "read_batch",
    "read_stay",
    "reason_columns",
    "remarks",
    "tell_stay",
    "unmeasured",
    "why",
]
