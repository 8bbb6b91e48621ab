"""The engine a command runs on, as options: on this machine, or Spark."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, cast

import typer

from drgpay import runs
from drgpay.cli.console import engine_with_progress, progress_bars
from drgpay.engine import Engine, SparkEngine

EngineName = Annotated[str, typer.Option("--engine", help="计算引擎 engine: local | spark", metavar="local|spark")]
Master = Annotated[
    str, typer.Option("--master", help="Spark 主节点 master of Spark: local[4], spark://host:7077, yarn, k8s://…")
]
Partitions = Annotated[
    int | None, typer.Option("--partitions", min=1, help="Spark 分区数 partitions; they change the speed only")
]
SparkConf = Annotated[
    list[str] | None,
    typer.Option("--conf", help="Spark 设置 a setting of Spark: spark.executor.memory=4g; repeatable"),
]


@dataclass(frozen=True)
class Choice:
    """Which engine, and its settings."""

    name: str = "local"
    master: str = runs.LOCAL_MASTER
    partitions: int | None = None
    conf: Sequence[str] = ()

    @contextmanager
    def engine(self, threads: int, lang: str) -> Iterator[Engine]:
        """The engine, with bars on a terminal; Spark is stopped at the end."""
        if self.name == "local":
            with engine_with_progress(threads, lang) as local:
                yield local
            return
        if self.name not in runs.ENGINES:
            raise typer.BadParameter(" | ".join(runs.ENGINES), param_hint="--engine")
        with progress_bars(lang) as progress:
            conf = settings(self.conf, "--conf")
            spark = runs.engine_named(self.name, threads, self.master, self.partitions, progress, conf)
            try:
                yield spark
            finally:
                cast(SparkEngine, spark).close()


LOCAL = Choice()


def settings(given: Sequence[str], option: str) -> Mapping[str, str]:
    """``name=value`` pairs; ``name=env:VARIABLE`` takes the value from the environment, for what must not be seen."""
    found = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not name or not sign:
            raise typer.BadParameter(f"{pair}: name=value", param_hint=option)
        if value.startswith("env:"):
            variable = value.removeprefix("env:")
            if variable not in os.environ:
                raise typer.BadParameter(f"{name}: no variable {variable}", param_hint=option)
            value = os.environ[variable]
        found[name] = value
    return found
