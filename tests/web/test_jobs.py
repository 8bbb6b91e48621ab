"""Jobs: once, in lanes, with progress, cancelled, and never lost, whatever is killed (14 §1, §8)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.office_people import actor, units
from support.served import PATIENCE

TESTS = Path(__file__).parents[1]


@pytest.fixture
def place(office: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    import support.office_work.work  # noqa: F401

    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "support.office_settings")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]))
    found = units()
    return found | {"b1": actor("B1", found["area"]), "h1": actor("H1", found["H1"]), "h2": actor("H1", found["H2"])}


@pytest.fixture
def working(place: Any) -> Any:
    from drgpay_web.jobs.working import _Worker

    worker = _Worker(None, lambda: False)
    yield worker
    worker.close()


def order(place: Any, kind: str, key: str = "k", who: str = "b1", **payload: Any) -> Any:
    from drgpay_web import jobs

    return jobs.order(place[who], kind=kind, area="A1", key=key, payload=payload)


def look_until(worker: Any, job: Any, when: Callable[[Any], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        worker.look()
        job.refresh_from_db()
        if when(job):
            return
        assert time.monotonic() < until, (job.state, job.said, job.error)
        time.sleep(0.05)


def times_ended(job: Any) -> int:
    from drgpay_web.flow.models import Sequence

    return sum(Sequence.objects.filter(name=f"ended-{job.pk}").values_list("last", flat=True))


def test_one_of_a_key_at_a_time_with_progress_to_its_end(place: Any, working: Any) -> None:
    first = order(place, "test.steps", seconds=1)
    again = order(place, "test.steps", seconds=1)
    assert (again.pk, again.existing, first.existing) == (first.pk, True, False)
    look_until(working, first, lambda job: 0 < job.percent < 50)
    assert first.said == {"zh": "读取", "en": "reading"}
    look_until(working, first, lambda job: not job.active)
    assert (first.state, first.result, first.percent, times_ended(first)) == ("done", {"count": 20}, 100, 1)
    assert order(place, "test.steps").pk != first.pk


def test_a_check_does_not_wait_for_a_run_and_a_second_run_does(place: Any, working: Any) -> None:
    from drgpay_web.jobs.models import QUEUED

    run = order(place, "test.steps", "a", seconds=20)
    second = order(place, "test.steps", "b")
    check = order(place, "test.light", "c")
    look_until(working, check, lambda job: job.state == "done")
    for job, state in ((run, "running"), (second, QUEUED)):
        job.refresh_from_db()
        assert job.state == state


def test_cancelled_while_it_waits_and_while_it_goes_on(place: Any, working: Any) -> None:
    from drgpay_web import jobs
    from drgpay_web.people import NotThere

    going, waiting = order(place, "test.steps", "a", seconds=30), order(place, "test.steps", "b")
    look_until(working, going, lambda job: job.percent > 0)
    with pytest.raises(NotThere):
        jobs.cancel(place["h2"], going)
    assert jobs.cancel(place["b1"], waiting).state == "cancelled"
    jobs.cancel(place["b1"], going)
    look_until(working, going, lambda job: not job.active)
    assert (going.state, times_ended(going), times_ended(waiting)) == ("cancelled", 1, 1)
    assert jobs.cancel(place["b1"], going).state == "cancelled"


@pytest.mark.parametrize(("how", "zh"), [("full", "磁盘已满"), ("defect", "程序出错"), ("wrong", "表错")])
def test_what_fails_says_so_and_what_to_do(place: Any, working: Any, how: str, zh: str) -> None:
    job = order(place, "test.light", how=how)
    look_until(working, job, lambda job: not job.active)
    assert job.state == "failed"
    assert job.error["zh"].startswith(zh)
    assert "secret" not in str(job.error)
    assert times_ended(job) == 1
    if how == "wrong":
        assert (job.error["fix_zh"], job.error["place"]) == ("改", "a.csv · row 7")


def test_a_job_that_holds_too_much_is_ended(place: Any, working: Any) -> None:
    job = order(place, "test.deaf")
    look_until(working, job, lambda job: not job.active)
    assert (job.state, times_ended(job)) == ("failed", 1)
    assert "内存" in job.error["zh"]


def test_a_child_that_is_killed_has_failed_and_can_be_ordered_again(place: Any, working: Any) -> None:
    from drgpay_web.jobs.working import scratch_of

    job = order(place, "test.steps", seconds=30)
    look_until(working, job, lambda job: job.percent > 0)
    scratch = scratch_of(job.pk)
    (scratch / "half").mkdir()
    os.kill(job.pid, signal.SIGKILL)
    look_until(working, job, lambda job: not job.active)
    assert not scratch.exists()
    assert (job.state, times_ended(job)) == ("failed", 1)
    assert "中断" in job.error["zh"]
    again = order(place, "test.steps")
    look_until(working, again, lambda job: not job.active)
    assert again.state == "done"


def test_a_worker_that_is_killed_takes_its_child_along_and_the_next_one_says_so(place: Any) -> None:
    from drgpay_web.jobs.working import AlreadyWorking, _Worker, worker

    code = "import django; django.setup(); from drgpay_web import jobs; jobs.worker()"
    job = order(place, "test.steps", seconds=60)
    other = subprocess.Popen([sys.executable, "-c", code])
    try:
        until = time.monotonic() + PATIENCE
        while not job.percent:
            assert time.monotonic() < until
            time.sleep(0.1)
            job.refresh_from_db()
        with pytest.raises(AlreadyWorking):
            worker(until=lambda: True)
    finally:
        other.kill()
        other.wait()
    next_one = _Worker(None, lambda: False)
    look_until(next_one, job, lambda job: not job.active)
    assert (job.state, times_ended(job)) == ("failed", 1)
    assert not Path(f"/proc/{job.pid}").exists() or "child" not in Path(f"/proc/{job.pid}/cmdline").read_text()


def test_whoever_ordered_it_is_the_one_who_writes(place: Any) -> None:
    from drgpay_web import jobs

    who = jobs.orderer(order(place, "test.light", who="h1"))
    assert (who.person, who.role, who.unit) == (place["h1"].person, place["h1"].role, place["H1"])
    assert not jobs.jobs_of(place["h2"]).exists()
    assert jobs.jobs_of(place["b1"]).count() == 1
