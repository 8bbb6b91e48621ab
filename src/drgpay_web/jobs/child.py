"""A job's own process: ``python -m drgpay_web.jobs.child ID``.

It holds the job's lock as long as it lives, says every second that it does, and ends with the worker that started it.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NICE = 10
BEAT = 1.0
"""seconds between two looks at the worker, the lock and the wish to stop"""
TOLD = 0.3
"""least seconds between two words of progress"""


def main() -> None:
    """Do the job named on the command line; the exit code says nothing, the data base does."""
    import django

    os.nice(NICE)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drgpay_web.project.settings")
    django.setup()
    work(int(sys.argv[1]))


def work(job_id: int) -> None:
    """Do a job and write its end."""
    from drgpay.errors import DrgpayError, Stopped
    from drgpay_web.jobs.ends import end, error_of, error_words
    from drgpay_web.jobs.handlers import handler_of
    from drgpay_web.jobs.models import CANCELLED, DONE, FAILED, RUNNING, Job
    from drgpay_web.jobs.working import lock_path

    with _held(lock_path(job_id)):
        job = Job.objects.get(pk=job_id)
        if job.state != RUNNING:
            return
        stop = threading.Event()
        threading.Thread(target=_beat, args=(job_id, stop, _worker()), daemon=True).start()
        try:
            result = handler_of(job.kind).work(job, _Told(job_id), stop.is_set)
        except Stopped:
            end(job_id, CANCELLED)
        except DrgpayError as error:
            end(job_id, FAILED, error=error_of(error))
        except OSError as error:
            traceback.print_exc()
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            end(job_id, FAILED, error=error_words("disk_full" if full else "disk"))
        except MemoryError:
            end(job_id, FAILED, error=error_words("memory"))
        except Exception:
            traceback.print_exc()
            end(job_id, FAILED, error=error_words("defect", log=f"{job_id}.log"))
        else:
            _finish(job_id, CANCELLED if stop.is_set() and result is None else DONE, result)


def _worker() -> int:
    """The process that started this one, also where it is gone already."""
    from drgpay_web.jobs.working import WORKER

    return int(os.environ.get(WORKER) or os.getppid())


def _finish(job_id: int, state: str, result: Any) -> None:
    """Write the end; where what follows it fails, the job has failed."""
    from drgpay.errors import DrgpayError
    from drgpay_web.jobs.ends import end, error_of, error_words
    from drgpay_web.jobs.models import FAILED

    try:
        end(job_id, state, result=result)
    except DrgpayError as error:
        end(job_id, FAILED, error=error_of(error))
    except Exception:
        traceback.print_exc()
        end(job_id, FAILED, error=error_words("defect", log=f"{job_id}.log"))


class _Told:
    """Writes what a job says of its progress, not more often than people can read."""

    def __init__(self, job_id: int) -> None:
        self.job_id, self.last, self.step = job_id, 0.0, -1

    def __call__(self, said: Any) -> None:
        from drgpay_web.jobs.models import Job

        now = time.monotonic()
        if said.step == self.step and now - self.last < TOLD:
            return
        self.last, self.step = now, said.step
        Job.objects.filter(pk=self.job_id).update(
            step=said.step, of=said.of, thousandths=min(1000, int(said.fraction * 1000)),
            said={"zh": said.zh, "en": said.en},
        )  # fmt: skip


def _beat(job_id: int, stop: threading.Event, parent: int) -> None:
    """Say that the child lives, hear that it should stop, and end it when the worker is gone."""
    from django.db import connection

    from drgpay_web import clock
    from drgpay_web.jobs.models import Job

    while True:
        if os.getppid() != parent:
            os._exit(3)
        try:
            Job.objects.filter(pk=job_id).update(heartbeat=clock.real_now())
            if Job.objects.filter(pk=job_id, stop_asked=True).exists():
                stop.set()
        except Exception:  # a data base that is busy: the next beat says it
            connection.close()
        time.sleep(BEAT)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, however that ends."""
    import fcntl

    held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(held)


if __name__ == "__main__":
    main()
