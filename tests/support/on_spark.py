"""With ``DRGPAY_TEST_ENGINE=spark`` the tests run on Spark, and it is seen that they did.

Engines come from ``support.engines.usual``, those of commands too. What still asks the local engine to work fails,
unless it says by ``engine_of`` that it means this one; reading rows back (``scan``) is the same on both. There is one
session of Spark for all tests, which run in one process. At the end stands how many jobs the tests of each file made,
and a session without any fails.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drgpay.cli import console
from drgpay.engine import LocalEngine, SparkEngine
from support.engines import Meant, usual

_JOBS: Counter[str] = Counter()
"""by test, as pytest names it"""
_WORK = ("map", "sum", "map_by")


@pytest.fixture(autouse=True, scope="session")
def _everything_on_spark() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "LocalEngine", usual)
        patch.setattr(SparkEngine, "close", lambda _: None)
        patch.setattr(SparkEngine, "collect", _counted(SparkEngine.collect))
        for verb in _WORK:
            patch.setattr(LocalEngine, verb, _only_meant(getattr(LocalEngine, verb)))
        yield


def _counted(collect: Callable[..., Any]) -> Callable[..., Any]:
    def counting(*args: Any, **named: Any) -> Any:
        _JOBS[os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]] += 1
        return collect(*args, **named)

    return counting


def _only_meant(work: Callable[..., Any]) -> Callable[..., Any]:
    def working(self: LocalEngine, *args: Any, **named: Any) -> Any:
        assert isinstance(self, Meant), "on the local engine by accident: take support.engines.usual"
        return work(self, *args, **named)

    return working


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A session that made no Spark job proves nothing."""
    if session.testscollected and not session.config.option.collectonly and not _JOBS:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tests that used Spark, and their jobs, by file."""
    jobs, tests = Counter[str](), Counter[str]()
    for test, count in _JOBS.items():
        jobs[test.partition("::")[0]] += count
        tests[test.partition("::")[0]] += 1
    terminalreporter.section(f"Spark: {sum(jobs.values())} jobs in {sum(tests.values())} tests")
    for file in sorted(jobs):
        terminalreporter.line(f"{jobs[file]:6} jobs in {tests[file]:3} tests of {file}")
