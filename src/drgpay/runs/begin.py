"""A run is begun: a month or a year into a folder, whole or not at all, or only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from drgpay.engine import Engine, new_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.order import Order, Report
from drgpay.runs.progress import ShouldStop, Tell, Walk
from drgpay.runs.settle import Running
from drgpay.runs.steps import Say, quiet


def run(
    order: Order,
    out: Path,
    engine: Engine,
    reports: Sequence[Report] = (),
    *,
    overwrite: bool = False,
    resume: bool = False,
    say: Say = quiet,
    progress: Tell | None = None,
    should_stop: ShouldStop | None = None,
) -> Path:
    """Run a month or a year and leave the result in ``out``; either all of it is there or nothing.

    An existing folder is an error unless ``overwrite``, which puts the new run in its place once it is complete.
    ``resume`` goes on after the last complete step of a run into ``out`` that was interrupted, if its inputs, policy,
    scheme and software are the same, and keeps the steps when this run fails too; without it nothing is left of a run
    that fails. ``say`` is told what is reused; ``progress`` how far the run is in the steps of
    :func:`~drgpay.runs.progress.plan`. Raises :class:`~drgpay.errors.Stopped` soon after ``should_stop`` says yes.
    """
    walk = Walk(progress, should_stop)
    with new_folder(out, replace=overwrite, resume=resume) as draft, walk.heard():
        try:
            Running(order, draft, engine, say if resume else quiet, walk).go(reports)
        except OverflowError as error:  # exact arithmetic refused; where a stay or sum is known it was named before
            raise DrgpayError(
                Kind.BROKEN,
                zh="金额或点数之和超出 64 位整数",
                en="a sum of amounts or points does not fit into 64 bits",
                field=str(error), fix_zh="检查登记表和病例中的金额是否异常大",
                fix_en="look for amounts that are far too large in registers and stays",
            ) from error  # fmt: skip
    walk.end()
    return out


def look(order: Order, engine: Engine, today: date | None = None) -> list[dict[str, Any]]:
    """What looks wrong before the money of a month or a year moves, as the manifest of a run would keep it, without
    stopping and without leaving anything. Every register of the folder is looked at. ``today``: discharges after it
    are named too. Raises DrgpayError for what no run can be made from."""
    with TemporaryDirectory(prefix="drgpay-") as name:
        draft = Path(name) / "run"
        draft.mkdir()
        return Running(order, draft, engine, quiet, Walk()).look(today)
