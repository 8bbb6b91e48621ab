"""Hypothesis draws the same examples on every machine."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "reproducible", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("reproducible")

# Tables on the screen are as wide as a terminal; the tests read whole rows.
os.environ["COLUMNS"] = "200"
