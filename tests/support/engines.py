"""The engines a test runs on. ``DRGPAY_TEST_ENGINE=spark`` puts every spec test on Spark: ``make test-spark``."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest

from drgpay.engine import Engine, LocalEngine, SparkEngine, spark_missing

_ALL = os.environ.get("DRGPAY_TEST_ENGINE") == "spark"
_QUICK = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC", "spark.driver.memory": "600m"}
"""a Java that starts quickly"""

ENGINES = ("local-1", "local-2", "spark-1", "spark-2", "spark-7")
"""an engine with its threads or partitions"""
CONTRACT = ENGINES if _ALL else ("local-1", "local-2", "spark-2")
"""those the contract is asked of; the others too with ``DRGPAY_TEST_ENGINE=spark``"""
YEAR = ENGINES[1:] if _ALL else ("local-2", "spark-7")
"""those a whole year is compared on with one thread; the others too with ``DRGPAY_TEST_ENGINE=spark``"""


@cache
def _missing() -> str:
    missing = spark_missing()
    return missing.en if missing else ""


def spark(partitions: int | None = None, progress: Any = None) -> SparkEngine:
    """A Spark engine on two cores; the test is skipped where Spark or Java is not installed."""
    if _missing():
        pytest.skip(f"no Spark here: {_missing()}")
    return SparkEngine("local[2,2]", partitions, progress, _QUICK)


def engine_of(name: str, progress: Any = None) -> Engine:
    """One of :data:`ENGINES`."""
    kind, _, size = name.partition("-")
    return LocalEngine(int(size), progress) if kind == "local" else spark(int(size), progress)


def usual(threads: int = 2) -> Engine:
    """The engine tests of rules run on: the local one unless the environment says otherwise."""
    return spark(1) if _ALL else LocalEngine(threads)
