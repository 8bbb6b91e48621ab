"""Jobs of tests. Each end leaves a row in the sequences, so that a test sees that what follows an end was done."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from drgpay.errors import DrgpayError, Kind, Stopped
from drgpay_web import jobs


def ended(job: Any) -> None:
    from drgpay_web.flow.models import Sequence

    row, _ = Sequence.objects.get_or_create(name=f"ended-{job.pk}")
    row.last += 1
    row.save()


@jobs.handler("test.steps", lane="heavy", finish=ended)
def steps(job: Any, progress: Any, should_stop: Any) -> Any:
    """Goes on for ``seconds``, saying how far it is."""
    count = int(job.payload.get("seconds", 0) * 20)
    for n in range(count):
        progress(SimpleNamespace(step=1, of=2, fraction=n / count, zh="读取", en="reading"))
        if should_stop():
            raise Stopped
        time.sleep(0.05)
    return {"count": count}


@jobs.handler("test.light", lane="light", finish=ended)
def light(job: Any, progress: Any, should_stop: Any) -> Any:
    """Fails in the way the payload says, or is done at once."""
    how = job.payload.get("how")
    if how == "full":
        with Path("/dev/full").open("w") as out:
            out.write("x" * 100_000)
    if how == "defect":
        raise ZeroDivisionError("secret of a person")
    if how == "wrong":
        raise DrgpayError(Kind.DATA, zh="表错", en="wrong", fix_zh="改", fix_en="mend", file="a.csv", row=7)
    return {}


@jobs.handler("test.deaf", lane="light", finish=ended, memory=1)
def deaf(job: Any, progress: Any, should_stop: Any) -> Any:
    """Holds more memory than it may."""
    time.sleep(60)
