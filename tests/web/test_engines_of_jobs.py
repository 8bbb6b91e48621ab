"""The engine of the office's jobs: by settings, the same bytes, and a wrong setting is said before work begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drgpay import runs
from drgpay.errors import DrgpayError, Kind
from support.clearing import Desk, make_region
from support.engines import spark


@pytest.fixture
def desk(office: Any, tmp_path: Path) -> Desk:
    from drgpay_web import store

    return Desk(store.import_region(make_region(tmp_path / "region")))


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("DRGPAY_ENGINE", "DRGPAY_SPARK_MASTER"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_without_a_setting_it_is_this_machine(setting: pytest.MonkeyPatch) -> None:
    from drgpay_web import jobs

    for name in ("", "local"):
        setting.setenv("DRGPAY_ENGINE", name)
        found = jobs.engine(3)
        assert isinstance(found, runs.LocalEngine)
        assert found.threads == 3


@pytest.mark.parametrize(("name", "master"), [("sparc", ""), ("spark", "local[two]"), ("spark", "http://there")])
def test_a_wrong_setting_is_said_in_both_languages(setting: pytest.MonkeyPatch, name: str, master: str) -> None:
    from drgpay_web import jobs

    setting.setenv("DRGPAY_ENGINE", name)
    setting.setenv("DRGPAY_SPARK_MASTER", master)
    for ask in (jobs.check_engine, jobs.engine):
        with pytest.raises(DrgpayError) as said:
            ask()
        assert (said.value.kind, said.value.value) == (Kind.USAGE, master or name)
        for words in (said.value.fix_zh, said.value.fix_en):
            assert "DRGPAY_ENGINE" in words


def test_serve_refuses_a_wrong_setting(tmp_path: Path) -> None:
    known = {**os.environ, "DRGPAY_HOME": str(tmp_path / "office"), "DRGPAY_ENGINE": "sparc"}
    command = [sys.executable, "-m", "drgpay_web.cli", "serve", "--port", "8377"]
    served = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=120)
    assert served.returncode == 2, served.stderr
    assert "sparc" in served.stderr
    assert "no such engine" in served.stderr


@pytest.mark.slow
def test_a_run_ordered_in_the_office_is_the_same_on_spark(desk: Desk, setting: pytest.MonkeyPatch) -> None:
    from drgpay_web import jobs
    from drgpay_web.clearing import actions

    session = spark(2)  # skipped where there is no Spark; jobs get the session of this process
    here = desk.run("2024-01")
    setting.setenv("DRGPAY_ENGINE", "spark")
    setting.setenv("DRGPAY_SPARK_MASTER", "local[2]")
    assert type(jobs.engine()) is type(session)
    look = desk.do(actions.order_look(desk.b1, period="2024-01", kind="candidate", policy="demo"))
    job = desk.do(actions.order_run(desk.b1, look=look, reason="x"))
    assert job.state == "done", job.error
    assert all(check["ok"] for check in job.result["verify"])
    from drgpay_web import store

    there = store.Result.objects.exclude(pk=here.pk).get()
    assert there.digest == here.digest
