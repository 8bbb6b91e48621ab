"""The cluster engine: the same verbs as Spark jobs, local or on any master. Needs the extra ``spark`` and Java."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa

from drgpay.engine.buckets import bucket_count
from drgpay.engine.columns import frame
from drgpay.engine.contract import Dataset, GroupKernel, Kernel, PartKernel, Progress, Source, no_files
from drgpay.engine.rows import no_rows, read_part, write_part
from drgpay.engine.sums import partial_sums, totals
from drgpay.engine.tasks import DealJob, GatherJob, Grouped, MapJob, Mapped, SumJob, carried
from drgpay.engine.telling import tell
from drgpay.errors import DrgpayError, Kind

R = TypeVar("R")

_DONE = "number long, rows long"
_DEALT = "bucket long, source long, part long, rows binary"
_LOW = 0xFFFF_FFFF
_ATTEMPTS = 4
"""how often a task is tried before its job fails"""
_NUMBERS = count()


class SparkEngine:
    """The verbs on Spark. Master, cores and ``partitions`` change the speed and nothing else.

    Workers read and write the parts themselves, at the paths the driver uses: a cluster needs a folder that all of
    its machines see, and drgpay installed on each. Rows meet by key in Spark's shuffle, integers are added by it; no
    row of a stay passes through the driver. Spark keeps one session per process, which engines share until
    :meth:`close`.
    """

    def __init__(
        self,
        master: str = "local[*]",
        partitions: int | None = None,
        progress: Progress | None = None,
        conf: Mapping[str, str] | None = None,
    ) -> None:
        """``partitions``: tasks a data set is cut into and partitions of a shuffle; by default a task per part and
        two partitions per core. ``conf``: settings of Spark. Raises ENGINE when Spark or Java is missing."""
        self.spark = _session(master, conf or {})
        self.partitions = partitions
        self._progress = progress
        self._home = Path.cwd()

    def close(self) -> None:
        """Stop the session and its workers."""
        self.spark.stop()

    def scan(self, data: Dataset, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """See :class:`~drgpay.engine.contract.Engine`. Read by the driver."""
        for part in data.parts():
            yield read_part(part, columns)

    def write(self, rows: Any, path: Path) -> None:
        """See :class:`~drgpay.engine.contract.Engine`. Written by the driver."""
        write_part(path, rows)

    def map(
        self, data: Dataset, kernel: PartKernel, outs: Sequence[Path], columns: Sequence[str], label: str
    ) -> list[Dataset]:
        """See :class:`~drgpay.engine.contract.Engine`: ``mapInArrow`` over the numbers of the parts."""
        parts = data.parts()
        for out in outs:
            out.mkdir(parents=True)
        job = MapJob(parts, tuple(columns), kernel, tuple(outs), self._home)
        with self._clean(outs):
            self.collect(lambda: self._over(job, _DONE).toArrow(), label, len(parts))
        return [Dataset(tuple(sorted(out.glob("*.parquet")))) for out in outs]

    def sum(self, data: Dataset, kernel: Kernel, by: Sequence[str], columns: Sequence[str], label: str) -> Any:
        """See :class:`~drgpay.engine.contract.Engine`: ``mapInArrow`` to partial sums, then ``groupBy`` and ``sum``.

        Spark adds the upper and the lower half of every integer, which cannot overflow, and the driver joins them.
        """
        from pyspark.sql import functions as fn

        parts = data.parts()
        if not parts:
            raise no_files(label)
        like = partial_sums(kernel(no_rows(parts[0].path, tuple(columns))), by, label)
        keys, values = [f"k{i}" for i in range(len(by))], [f"v{i}" for i in range(like.width - len(by))]
        types = [_travels(like.schema[c], label) for c in by] + [(pa.int64(), "long")] * len(values)
        schema = pa.schema([pa.field(c, t) for c, (t, _) in zip([*keys, *values], types, strict=True)])
        ddl = ", ".join(f"{c} {t}" for c, (_, t) in zip([*keys, *values], types, strict=True))
        job = SumJob(parts, tuple(columns), kernel, tuple(by), schema, label, self._home)
        halves = [
            half
            for v in values
            for half in (
                fn.sum(fn.shiftright(fn.col(v), 32)).alias(f"{v}h"),
                fn.sum(fn.col(v).bitwiseAND(fn.lit(_LOW))).alias(f"{v}l"),
            )
        ]

        def added() -> Any:
            partial = self._over(job, ddl)
            # Without values only the keys are wanted.
            return (partial.groupBy(*keys).agg(*halves) if halves else partial.distinct()).toArrow()

        rows = frame(self.collect(added, label, len(parts)))
        high = [pl.col(f"{v}h").cast(pl.Int128) * (_LOW + 1) + pl.col(f"{v}l").cast(pl.Int128) for v in values]
        sums = rows.select(
            *(pl.col(k).cast(like.schema[name]).alias(name) for k, name in zip(keys, by, strict=True)),
            *(h.alias(name) for h, name in zip(high, like.columns[len(by) :], strict=True)),
        )
        return totals(sums, by, label)

    def map_by(self, sources: Sequence[Source], key: str, kernel: GroupKernel, out: Path, label: str) -> Dataset:
        """See :class:`~drgpay.engine.contract.Engine`: ``mapInArrow`` cuts the parts up by bucket, the shuffle brings
        the pieces of a bucket together, ``applyInArrow`` sorts them and calls the kernel."""
        buckets = bucket_count(sources)
        steps = sum(len(s.parts) for s in sources) + buckets
        out.mkdir(parents=True)
        deals = [
            DealJob(source.parts, source, number, key, buckets, self._home) for number, source in enumerate(sources)
        ]
        gather = Grouped(*self._sent(GatherJob([s.order for s in sources], kernel, out, self._home)))

        def gathering(rows: Any) -> Any:
            # Spark counts the arguments of what it is given; of an object it would count "self" too.
            return gather(rows)

        def brought() -> Any:
            pieces = self._over(deals[0], _DEALT)
            for deal in deals[1:]:
                pieces = pieces.unionAll(self._over(deal, _DEALT))
            return pieces.groupBy("bucket").applyInArrow(gathering, _DONE).toArrow()

        with self._clean([out]):
            self.collect(brought, label, steps)
        return Dataset(tuple(sorted(out.glob("*.parquet"))))

    def _sent(self, job: Any) -> tuple[str, Any]:
        """A job under a name of its own, sent to the workers once."""
        from pyspark import cloudpickle

        context = self.spark.sparkContext
        return f"{context.applicationId}/{next(_NUMBERS)}", context.broadcast(cloudpickle.dumps(job))

    def _over(self, job: Any, schema: str) -> Any:
        """What a job makes of its parts, as a frame of Spark."""
        parts = len(job.parts)
        slices = max(1, min(parts, self.partitions or parts))
        return self.spark.range(0, parts, 1, slices).mapInArrow(Mapped(*self._sent(job)), schema)

    def collect(self, action: Callable[[], R], label: str, steps: int = 1) -> R:
        """Run a job, whose result must be small. What a kernel raised is raised again, anything else is a failure of
        the engine."""
        tell(None, label, 0, steps)
        context = self.spark.sparkContext
        shuffled = self.partitions or 2 * context.defaultParallelism
        self.spark.conf.set("spark.sql.shuffle.partitions", str(shuffled))
        context.setJobDescription(label)
        try:
            result = action()
        except DrgpayError:
            raise
        except Exception as error:
            if _interrupted(error):
                raise KeyboardInterrupt from error
            failure = carried(str(error))
            if failure is not None:
                raise failure from None
            raise DrgpayError(
                Kind.ENGINE,
                zh="Spark 作业失败",
                en="a Spark job failed",
                field=label,
                value=str(error).strip().partition("\n")[0][:300],
                fix_zh="用 --conf spark.log.level=ERROR 看原因;内存不足时加大 spark.executor.memory",
                fix_en="see why with --conf spark.log.level=ERROR; if memory ran out raise spark.executor.memory",
            ) from error
        except BaseException:
            context.cancelAllJobs()
            raise
        tell(self._progress, label, steps, steps)
        return result

    @contextmanager
    def _clean(self, outs: Sequence[Path]) -> Iterator[None]:
        """Remove the drafts that attempts left which were killed."""
        try:
            yield
        finally:
            for out in outs:
                for draft in out.glob(".*.tmp.parquet"):
                    draft.unlink(missing_ok=True)


def _interrupted(error: BaseException | None) -> bool:
    """Whether the user stopped the job: Spark cancels it, and then fails over its missing result."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _travels(kind: Any, label: str) -> tuple[Any, str]:
    """How a key column travels through Spark: its Arrow and its Spark type."""
    if kind == pl.String:
        return pa.string(), "string"
    if kind.is_integer() and kind not in (pl.UInt64, pl.Int128):
        return pa.int64(), "long"
    if kind == pl.Boolean:
        return pa.bool_(), "boolean"
    if kind == pl.Date:
        return pa.date32(), "date"
    raise DrgpayError(Kind.ENGINE, zh="这种列不能作汇总的键", en="no key of a sum", field=label, value=str(kind))


def spark_missing() -> DrgpayError | None:
    """What Spark lacks on this machine, None when it can start."""
    for package in ("pyspark", "pandas"):
        if importlib.util.find_spec(package) is None:
            return DrgpayError(
                Kind.ENGINE,
                zh=f"没有安装 {package},不能用 Spark 引擎",
                en=f"{package} is not installed, so there is no Spark engine",
                fix_zh="pip install 'drgpay[spark]',或用 --engine local",
                fix_en="pip install 'drgpay[spark]', or use --engine local",
            )
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").is_file() if home else shutil.which("java")):
        return _no_java("没有找到 Java,Spark 不能启动", "Java was not found, so Spark cannot start")
    return None


def _no_java(zh: str, en: str) -> DrgpayError:
    return DrgpayError(
        Kind.ENGINE,
        zh=zh,
        en=en,
        fix_zh="安装 Java 17 或更新版本(如 apt install openjdk-17-jre-headless)并设好 JAVA_HOME,或用 --engine local",
        fix_en="install Java 17 or newer (e.g. apt install openjdk-17-jre-headless) and set JAVA_HOME, "
        "or use --engine local",
    )


def _session(master: str, conf: Mapping[str, str]) -> Any:
    """A session of Spark with the settings drgpay needs, then those asked for."""
    missing = spark_missing()
    if missing:
        raise missing
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        "spark.log.level": "OFF",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
        "spark.executorEnv.POLARS_MAX_THREADS": "1",
        "spark.task.maxFailures": str(_ATTEMPTS),
    }
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        settings |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executorEnv.PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        master = _with_attempts(master)
    builder = SparkSession.builder.master(master).appName("drgpay")
    for name, value in (settings | dict(conf)).items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except PySparkRuntimeError as error:
        if "JAVA_GATEWAY" not in str(error):
            raise
        raise _no_java("Java 启动失败或版本过旧", "Java does not start or is too old") from error


def _with_attempts(master: str) -> str:
    """``local[2]`` tries a task once only; ``local[2,4]`` four times, as a cluster does."""
    if master == "local":
        return f"local[1,{_ATTEMPTS}]"
    inside = master.removeprefix("local[").removesuffix("]")
    return master if "," in inside or inside == master else f"local[{inside},{_ATTEMPTS}]"
