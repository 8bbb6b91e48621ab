"""Hypothesis draws the same examples on every machine."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from support.engines import ON_SPARK
from support.examples import TIMES

settings.register_profile(
    "reproducible",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=10 if ON_SPARK else 100 * TIMES,  # a job of Spark for every example
)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("reproducible")

pytest_plugins = ["support.on_spark"] if ON_SPARK else []

# Tables on the screen are as wide as a terminal; the tests read whole rows.
os.environ["COLUMNS"] = "200"
