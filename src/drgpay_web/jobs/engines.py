"""The engine that jobs compute on, by the settings of the office."""

from __future__ import annotations

import os

from drgpay import runs
from drgpay.errors import DrgpayError

NAME, MASTER = "DRGPAY_ENGINE", "DRGPAY_SPARK_MASTER"


def engine(threads: int | None = None) -> runs.Engine:
    """What ``DRGPAY_ENGINE`` names: ``local`` (default) with so many threads (default: the cores but one), or
    ``spark`` at ``DRGPAY_SPARK_MASTER``. A job has a process of its own, and Spark ends with it.
    Raises DrgpayError."""
    check_engine()
    name, master = _asked()
    return runs.engine_named(name, threads or max((os.cpu_count() or 2) - 1, 1), master)


def check_engine() -> None:
    """Raises DrgpayError, with the name of the setting, where no job could compute."""
    name, master = _asked()
    try:
        runs.check_engine(name, master)
    except DrgpayError as error:
        raise DrgpayError(
            error.kind, zh=error.zh, en=error.en, value=error.value or name,
            fix_zh=f"{error.fix_zh};由环境变量 {NAME}、{MASTER} 设定,不设即本机引擎",
            fix_en=f"{error.fix_en}; set by {NAME} and {MASTER}, the local engine without them",
        ) from error  # fmt: skip


def _asked() -> tuple[str, str]:
    return os.environ.get(NAME) or runs.ENGINES[0], os.environ.get(MASTER) or runs.LOCAL_MASTER
