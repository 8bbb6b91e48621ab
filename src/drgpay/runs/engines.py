"""The engine by its name: on this machine, or Spark."""

from __future__ import annotations

import re
from collections.abc import Mapping

from drgpay.engine import Engine, LocalEngine, spark_missing
from drgpay.engine import Progress as EngineProgress
from drgpay.errors import DrgpayError, Kind

ENGINES = ("local", "spark")
LOCAL_MASTER = "local[*]"
_MASTERS = re.compile(r"local|local\[(\*|\d+)(,\d+)?\]|local-cluster\[\d+,\d+,\d+\]|yarn|(spark|k8s)://\S+")


def engine_named(
    name: str,
    threads: int,
    master: str = LOCAL_MASTER,
    partitions: int | None = None,
    progress: EngineProgress | None = None,
    conf: Mapping[str, str] | None = None,
) -> Engine:
    """The engine ``local`` with so many threads, or ``spark`` at a master with its partitions and settings; results
    are the same bytes on both. Raises USAGE for another name or a master that is none, ENGINE where Spark or Java is
    missing."""
    check_engine(name, master)
    if name == "local":
        return LocalEngine(threads, progress)
    from drgpay.engine import SparkEngine  # brings in its extra

    return SparkEngine(master, partitions, progress, conf)


def check_engine(name: str, master: str = LOCAL_MASTER) -> None:
    """Raises what :func:`engine_named` raises, without starting anything."""
    if name not in ENGINES:
        raise DrgpayError(
            Kind.USAGE, zh="没有这个计算引擎", en="no such engine", value=name,
            fix_zh=f"可用:{'、'.join(ENGINES)}", fix_en=f"use one of {', '.join(ENGINES)}",
        )  # fmt: skip
    if name == "local":
        return
    if not _MASTERS.fullmatch(master):
        raise DrgpayError(
            Kind.USAGE, zh="不是 Spark 主节点的写法", en="not the address of a Spark master", value=master,
            fix_zh="如 local[*]、local[4]、spark://host:7077、yarn、k8s://…",
            fix_en="such as local[*], local[4], spark://host:7077, yarn, k8s://…",
        )  # fmt: skip
    missing = spark_missing()
    if missing is not None:
        raise missing
