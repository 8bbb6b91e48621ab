"""Running the office: ready or not, its state on a page, lines of the log, the end of the audit that was noted."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from support.office import Office


def test_ready_means_a_data_base_and_a_worker(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import Client

    from drgpay_web.jobs import working
    from drgpay_web.pages import system

    monkeypatch.setattr(system.jobs, "is_at_work", lambda: False, raising=False)
    assert Client().get("/health").content == b"up\n"
    lacking = Client().get("/health?ready")
    assert (lacking.status_code, lacking.content) == (503, b"no worker\n")
    monkeypatch.setattr(system.jobs, "is_at_work", lambda: True, raising=False)
    assert Client().get("/health?ready").status_code == 200
    monkeypatch.undo()
    assert working.is_at_work() is False


def test_the_lock_of_a_worker_says_that_it_is_at_work(office: Office) -> None:
    import fcntl

    from drgpay_web.jobs import working

    path = working.place_of_jobs() / "worker.lock"
    with path.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert working.is_at_work()
    assert not working.is_at_work()


def test_the_page_says_what_needs_care_to_those_who_look_after_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "LAST_BACKUP", tmp_path / "never")
    page = office.client("s1").get("/system").content.decode()
    for word in ("还没有备份", "任务进程", "数据库"):
        assert word in page, word
    assert office.client("b1").get("/system").status_code == 403


def test_a_line_of_the_log_has_the_route_and_nobody(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay_web.ui.log import JsonLines, RequestLines

    monkeypatch.setenv("DRGPAY_LOG", "json")
    found: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(JsonLines().format(record))

    client = office.client("h1a")
    inner = client.handler._middleware_chain if client.handler._middleware_chain else None
    if inner is None:
        client.get("/")
        inner = client.handler._middleware_chain
    client.handler._middleware_chain = RequestLines(inner)
    log, kept = logging.getLogger("drgpay_web.requests"), Kept()
    log.addHandler(kept)
    try:
        client.get("/cases/999999")
    finally:
        log.removeHandler(kept)
    said: dict[str, Any] = json.loads(found[-1])
    assert said["route"] == "cases/<int:pk>"
    assert said["status"] == 404
    assert "h1a" not in found[-1]
    assert "999999" not in found[-1]


def test_an_error_is_told_by_kind_and_place_without_values() -> None:
    from drgpay_web.ui.log import JsonLines

    try:
        int("张三")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "defect", (), (ValueError, error, error.__traceback__))
    said = json.loads(JsonLines().format(record))
    assert said["error"] == "ValueError"
    assert "张三" not in json.dumps(said, ensure_ascii=False)


def test_an_end_that_was_noted_is_known_again(office: Office) -> None:
    from drgpay_web import trail
    from drgpay_web.trail import chain

    noted = chain.end()
    trail.record(office.actor("b1"), "test.more", "here")
    assert chain.holds(*noted)
    assert chain.holds(*chain.end())
    assert not chain.holds(noted[0] + 1, noted[1])
