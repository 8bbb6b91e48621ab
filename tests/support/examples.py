"""How many examples a property is tried on: few, so that the tests stay short; ``make test-slow`` and ``make
test-all`` try more."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

TIMES = int(os.environ.get("DRGPAY_TEST_TIMES", "1"))
"""how many times as many as usual"""


def some(examples: int) -> settings:
    """So many examples, each made from a number; a smaller number makes no smaller example, so nothing is shrunk."""
    return settings(max_examples=examples * TIMES, phases=(Phase.explicit, Phase.generate))


def many(examples: int) -> settings:
    """So many examples; one that fails is made smaller."""
    return settings(max_examples=examples * TIMES)
