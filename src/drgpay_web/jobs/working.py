"""The worker: one in an office, by a lock; it starts a niced child for every job and looks after it (14 §1)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections

from drgpay import runs
from drgpay_web import clock
from drgpay_web.jobs.ends import end, error_words
from drgpay_web.jobs.handlers import LANES, handler_of
from drgpay_web.jobs.models import FAILED, QUEUED, RUNNING, Job

PAUSE = 0.3
"""seconds between two looks at the queue"""
SWEEP_EVERY = 60.0
"""seconds between two looks at the deadlines"""
WORKER = "DRGPAY_WORKER"
"""environment of a child: the number of the worker's process"""
GRACE = 30
"""seconds a cancelled job has to notice"""


class AlreadyWorking(Exception):
    """Another worker holds the office's lock."""


def place_of_jobs() -> Path:
    """Logs and locks of jobs, the office's alone."""
    folder = Path(settings.HOME) / "jobs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def lock_path(job_id: int) -> Path:
    """The lock a job's child holds as long as it lives."""
    return place_of_jobs() / f"{job_id}.lock"


def scratch_of(job_id: int) -> Path:
    """Where a job's child keeps what it needs only while it works; it ends with the child, however that ends."""
    return place_of_jobs() / f"{job_id}.tmp"


def worker(
    *,
    regular: Callable[[], object] | None = None,
    tidy: Callable[[], object] | None = None,
    until: Callable[[], bool] = lambda: False,
) -> None:
    """Work until told to end (SIGTERM, Ctrl-C, or ``until``). ``regular`` is called every minute (the deadlines),
    ``tidy`` at the start and after a child was killed, when no job goes on. Raises :class:`AlreadyWorking` where
    there is a worker. What a lost worker left is failed first."""
    held = os.open(place_of_jobs() / "worker.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise AlreadyWorking from error
    told = _told_to_end()
    try:
        _Worker(regular, lambda: told.is_set() or until(), tidy).run()
    finally:
        os.close(held)


def is_at_work() -> bool:
    """A worker holds the office's lock."""
    lock = place_of_jobs() / "worker.lock"
    return lock.exists() and not _is_free(lock)


def at_rest() -> bool:
    """No worker is there, and no child of one."""
    return all(_is_free(lock) for lock in place_of_jobs().glob("*.lock"))


def _told_to_end() -> threading.Event:
    """Set by SIGTERM and Ctrl-C, so that the children are ended first."""
    told = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda *_: told.set())
    return told


class _Worker:
    def __init__(
        self,
        regular: Callable[[], object] | None,
        until: Callable[[], bool],
        tidy: Callable[[], object] | None = None,
    ) -> None:
        self.regular, self.until, self.tidy = regular, until, tidy
        self.untidy = True
        """somebody was killed, and what he was writing may lie about"""
        self.children: dict[int, subprocess.Popen[bytes]] = {}
        self.asked: dict[int, float] = {}
        """when each job was first seen to be cancelled"""
        self.swept = 0.0

    def run(self) -> None:
        try:
            while Job.objects.filter(state=RUNNING).exists() and not self.until():
                self.end_lost()
                time.sleep(PAUSE)
            while not self.until():
                self.look()
                time.sleep(PAUSE)
        finally:
            self.close()

    def look(self) -> None:
        """One look: the lost, the ended, those that must end, the next of each lane, and the deadlines."""
        close_old_connections()
        self.reap()
        self.end_lost()
        if self.untidy and self.tidy and not self.children:
            self.untidy = False
            self.tidy()
        for lane, most in LANES.items():
            going = Job.objects.filter(state=RUNNING, lane=lane).count()
            for job in Job.objects.filter(state=QUEUED, lane=lane).order_by("pk")[: max(most - going, 0)]:
                self.start(job)
        if self.regular and time.monotonic() - self.swept > SWEEP_EVERY:
            self.swept = time.monotonic()
            self.regular()

    def end_lost(self) -> None:
        """End the jobs whose child is gone, or must go."""
        for job in Job.objects.filter(state=RUNNING):
            child = self.children.get(job.pk)
            if child is None:
                self.lost(job)
            else:
                self.judge(job, child)

    def start(self, job: Job) -> None:
        """Start the child of a job that still waits."""
        started = clock.real_now()
        if not Job.objects.filter(pk=job.pk, state=QUEUED).update(
            state=RUNNING, started_at=started, heartbeat=started
        ):
            return
        log, scratch = place_of_jobs() / f"{job.pk}.log", scratch_of(job.pk)
        scratch.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as out:
            child = subprocess.Popen(
                [sys.executable, "-m", "drgpay_web.jobs.child", str(job.pk)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=child_environment() | {"TMPDIR": str(scratch)}, start_new_session=True,
            )  # fmt: skip
        self.children[job.pk] = child
        Job.objects.filter(pk=job.pk).update(pid=child.pid)

    def reap(self) -> None:
        """A child that is gone and left its job going was lost."""
        for job_id, child in list(self.children.items()):
            if child.poll() is None:
                continue
            del self.children[job_id]
            self.untidy |= child.returncode != 0
            end(job_id, FAILED, error=error_words("lost"))
            _clear_away(job_id)

    def lost(self, job: Job) -> None:
        """A job of a worker before this one: its child ends by itself, and then the job has failed."""
        if _is_free(lock_path(job.pk)):
            end(job.pk, FAILED, error=error_words("lost"))
            _clear_away(job.pk)

    def judge(self, job: Job, child: subprocess.Popen[bytes]) -> None:
        """End a child that takes too long, holds too much, or does not hear that it was cancelled."""
        rules = handler_of(job.kind)
        now = clock.real_now()
        if job.started_at and now - job.started_at > timedelta(hours=rules.hours):
            self.kill(job, child, "too_long")
        elif _held_memory(child.pid) > rules.memory:
            self.kill(job, child, "memory")
        elif job.stop_asked and job.heartbeat and self.overdue(job):
            self.kill(job, child, "cancelled")

    def overdue(self, job: Job) -> bool:
        """A cancelled job that has had its time to notice."""
        return time.monotonic() - self.asked.setdefault(job.pk, time.monotonic()) > GRACE

    def kill(self, job: Job, child: subprocess.Popen[bytes], why: str) -> None:
        _kill(child)
        state = "cancelled" if why == "cancelled" else FAILED
        end(job.pk, state, error=None if why == "cancelled" else error_words(why))

    def close(self) -> None:
        """Stop all children; their jobs have failed and say so."""
        for child in self.children.values():
            _kill(child)
        self.reap()


def child_environment() -> dict[str, str]:
    """What a child is started with: as many threads as there are cores but one."""
    threads = str(max((os.cpu_count() or 2) - 1, 1))
    return {
        **os.environ, "DRGPAY_HOME": str(settings.HOME), WORKER: str(os.getpid()),
        "POLARS_MAX_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1",
    }  # fmt: skip


def _clear_away(job_id: int) -> None:
    """Remove what a child that has ended held and needed."""
    lock_path(job_id).unlink(missing_ok=True)
    if scratch_of(job_id).is_dir():
        runs.remove_whole(scratch_of(job_id))


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child with all it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _is_free(path: Path) -> bool:
    """Nobody holds the lock."""
    held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(held)
    return True


def _held_memory(pid: int) -> int:
    """Bytes a process holds in memory; 0 where the system does not say."""
    try:
        said = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return int(said[1]) * os.sysconf("SC_PAGE_SIZE")
