"""Grouping (分组): a stay's codes, sex, age, weight and days decide its MDC, ADRG and DRG under a scheme.

``compile_scheme`` and ``group_batch`` do it for record batches; ``explain_stay`` does it for one stay and says why.
"""

from __future__ import annotations

from drgpay.steps.grouping.kernel import Kernel, compile_scheme, group_batch
from drgpay.steps.grouping.reference import Explanation, Finding, Step, explain_stay

WRITES = ("grouped",)
"""tables this step writes"""

__all__ = [
    "WRITES",
    "Explanation",
    "Finding",
    "Kernel",
    "Step",
    "compile_scheme",
    "explain_stay",
    "group_batch",
]
