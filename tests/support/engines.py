"""The engines a test runs on. ``DRGPAY_TEST_ENGINE=spark`` puts every test on Spark: see ``support.on_spark``."""

from __future__ import annotations

import os
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from drgpay.engine import Engine, LocalEngine, SparkEngine, spark_missing

ON_SPARK = os.environ.get("DRGPAY_TEST_ENGINE") == "spark"
"""whether the tests run on Spark wherever they do not name an engine"""
_WAREHOUSE = TemporaryDirectory(prefix="drgpay-hive-")
_SETTINGS = {
    # a Java that starts quickly
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dderby.stream.error.file=/dev/null",
    "spark.driver.memory": "600m",
    # Hive with a metastore in memory, opened when a test asks for it
    "spark.sql.catalogImplementation": "hive",
    "spark.hadoop.javax.jdo.option.ConnectionURL": "jdbc:derby:memory:metastore;create=true",
    "spark.sql.warehouse.dir": _WAREHOUSE.name,
}

ENGINES = ("local-1", "local-2", "spark-1", "spark-2", "spark-7")
"""an engine with its threads or partitions"""


def _each(*names: str) -> list[Any]:
    """Spark is slow to start and in what is small."""
    return [pytest.param(name, marks=[pytest.mark.slow] if name.startswith("spark") else []) for name in names]


CONTRACT = _each(*(ENGINES if ON_SPARK else ("local-1", "local-2", "spark-2")))
"""those the contract is asked of; the others too with ``DRGPAY_TEST_ENGINE=spark``"""
YEAR = _each(*(ENGINES[1:] if ON_SPARK else ("local-2", "spark-7")))
"""those a whole year is compared on with one thread; the others too with ``DRGPAY_TEST_ENGINE=spark``"""


class Meant(LocalEngine):
    """The local engine where a test means this one and no other: to compare with it, or to try it."""


@cache
def _missing() -> str:
    missing = spark_missing()
    return missing.en if missing else ""


def spark(partitions: int | None = None, progress: Any = None, kind: type[SparkEngine] = SparkEngine) -> Any:
    """A Spark engine on two cores; the test is skipped where Spark or Java is not installed."""
    if _missing():
        pytest.skip(f"no Spark here: {_missing()}")
    return kind("local[2,2]", partitions, progress, _SETTINGS)


def engine_of(name: str, progress: Any = None) -> Engine:
    """One of :data:`ENGINES`, whatever the environment says."""
    kind, _, size = name.partition("-")
    return Meant(int(size), progress) if kind == "local" else spark(int(size), progress)


def usual(threads: int = 2, progress: Any = None) -> Engine:
    """The engine of a test that does not name one: the local one unless the environment says otherwise."""
    return spark(1, progress) if ON_SPARK else LocalEngine(threads, progress)
