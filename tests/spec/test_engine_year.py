"""A region's year on every engine: the same bytes; and what is left of a run that is killed or finds no space."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from drgpay.engine import Dataset, Engine, LocalEngine, Outside, SparkEngine, dataset, frame, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import MANIFEST, TABLES, Order, land_stays, read_manifest, run, same_tables, table_digests, verify
from drgpay.samples import EXTRAS, make_region
from drgpay.tables import GROUPED, POOLS, STAYS
from support.command import drgpay, drgpay_alone
from support.engines import ON_SPARK, YEAR, engine_of, spark, usual
from support.faults import Shaky, no_space
from support.regions import frame_of_stays, text_of_stays

LABELS = ["look for duplicates", "check and group", "count", "count"]


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region of 6,000 stays in four years, one file of which is text."""
    folder = tmp_path_factory.mktemp("year") / "region"
    make_region(folder, stays=6_000, seed=3, institutions=6)
    path = next((folder / "stays" / "2022").glob("*.parquet"))
    stays = pl.concat([frame_of_stays(b) for b in LocalEngine(1).scan(Dataset.of(path))])
    path.with_suffix(".csv").write_bytes(text_of_stays(stays))
    path.unlink()
    return folder


@pytest.fixture(scope="module")
def local_run(region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The year on one thread."""
    return run(Order(region, "demo", 2024), tmp_path_factory.mktemp("run") / "local-1", engine_of("local-1"))


def outputs(folder: Path) -> dict[str, str]:
    """Digests of the files of a run."""
    found: dict[str, str] = read_manifest(folder)["outputs"]
    return found


@pytest.mark.parametrize("name", YEAR)
def test_the_year_has_the_same_bytes_on_every_engine(
    region: Path, local_run: Path, tmp_path: Path, name: str
) -> None:
    engine = engine_of(name)
    out = run(Order(region, "demo", 2024), tmp_path / "run", engine)
    assert outputs(out) == outputs(local_run)
    assert (out / MANIFEST).read_bytes() == (local_run / MANIFEST).read_bytes()
    assert all(table.ok for table in same_tables(out, local_run, engine_of("local-2")))


def test_digests_of_tables_do_not_depend_on_files_order_or_coding(local_run: Path, tmp_path: Path) -> None:
    other = shutil.copytree(local_run, tmp_path / "other")
    rows = pl.concat([frame(b) for b in LocalEngine(1).scan(dataset(other / TABLES, GROUPED))])
    shutil.rmtree(other / TABLES / "grouped")
    (other / TABLES / "grouped").mkdir()
    mixed = rows.sample(fraction=1.0, shuffle=True, seed=5).to_arrow(compat_level=pl.CompatLevel.oldest())
    for number, start in enumerate(range(0, mixed.num_rows, 2_000)):
        plain = mixed.slice(start, 2_000).select(sorted(mixed.column_names))
        pq.write_table(plain, other / TABLES / "grouped" / f"{number}.parquet", row_group_size=700)
    assert all(table.ok for table in same_tables(local_run, other, engine_of("local-2")))
    assert table_digests(other, engine_of("local-1")) == table_digests(other, usual(2))


@pytest.mark.parametrize("change", ["one fen", "null", "list", "gone", "twice"])
def test_digests_of_tables_see_every_change(local_run: Path, tmp_path: Path, change: str) -> None:
    other = shutil.copytree(local_run, tmp_path / "other")
    path = sorted((other / TABLES / "grouped").iterdir())[0]
    rows = frame(pq.read_table(path))
    first, codes = pl.int_range(pl.len()) == 0, rows["dx"].to_list()
    changed = {
        "one fen": lambda: rows.with_columns(pl.col("total_cost") + first.cast(pl.Int64)),
        "null": lambda: rows.with_columns(
            pl.when(first).then(None).otherwise("department_id").alias("department_id")
        ),
        "list": lambda: rows.with_columns(pl.Series("dx", [[*codes[0], codes[0][0]], *codes[1:]])),
        "gone": lambda: rows.slice(1),
        "twice": lambda: pl.concat([rows, rows.slice(0, 1)]),
    }[change]()
    pq.write_table(changed.to_arrow(compat_level=pl.CompatLevel.oldest()), path)
    assert [t.name for t in same_tables(local_run, other, engine_of("local-1")) if not t.ok] == ["grouped"]


# ---- interrupted runs

KILLED = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from drgpay.engine import LocalEngine
    from drgpay.runs import Order, run

    def progress(label, done, total):
        if label == sys.argv[3] and done == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    run(Order(Path(sys.argv[1]), "demo", 2024), Path(sys.argv[2]), LocalEngine(2, progress), overwrite=True)
    """
)


def killed(region: Path, out: Path, label: str) -> None:
    """A run into ``out`` that is killed in the middle of a step."""
    command = [sys.executable, "-c", KILLED, str(region), str(out), label]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    assert done.returncode == -signal.SIGKILL


class Telling:
    """What a run says and which steps it makes."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.made: list[str] = []

    def say(self, _zh: str, en: str) -> None:
        """Keep what is said."""
        self.said.append(en)

    def step(self, label: str, done: int, total: int) -> None:
        """Keep a step that is complete."""
        if done == total:
            self.made.append(label)

    def engine(self) -> Engine:
        """An engine whose steps are noted."""
        return usual(2, self.step)


def test_a_killed_run_leaves_the_old_one_and_goes_on(region: Path, local_run: Path, tmp_path: Path) -> None:
    out = shutil.copytree(local_run, tmp_path / "run")
    (out / "manifest.json").touch()
    killed(region, out, "points")
    assert outputs(out) == outputs(local_run)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".run.partial", "run"]
    told = Telling()
    run(Order(region, "demo", 2024), out, told.engine(), overwrite=True, resume=True, say=told.say)
    assert told.said == ["going on after the last complete step"]
    assert told.made[0] == "points"
    assert not set(LABELS) & set(told.made)
    assert outputs(out) == outputs(local_run)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


@pytest.mark.slow
def test_the_command_goes_on(region: Path, local_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    killed(region, out, "points")
    words = ("run", "year", "--region", region, "--policy", "demo", "--year", 2024, "-o", out)
    done = drgpay(*words, "--resume", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "going on after the last complete step" in done.stdout + done.stderr
    assert {k: v for k, v in outputs(out).items() if not k.startswith("report")} == outputs(local_run)


@pytest.mark.slow
def test_a_killed_run_is_forgotten_without_resume(region: Path, local_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    killed(region, out, "check and group")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".run.partial"]
    told = Telling()
    run(Order(region, "demo", 2024), out, told.engine())
    assert told.made[:2] == LABELS[:2]
    assert outputs(out) == outputs(local_run)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


@pytest.mark.slow
def test_changed_inputs_start_anew_and_it_is_said(region: Path, tmp_path: Path) -> None:
    mine = shutil.copytree(region, tmp_path / "region")
    killed(mine, tmp_path / "run", "points")
    budgets = mine / "budgets.csv"
    lines = budgets.read_text(encoding="utf-8").splitlines(keepends=True)
    budgets.write_text("".join([*lines, lines[-1].replace("2024", "2025")]), encoding="utf-8")
    told = Telling()
    run(Order(mine, "demo", 2024), tmp_path / "run", told.engine(), resume=True, say=told.say)
    assert told.said == ["cannot go on, changed: inputs; starting anew"]
    assert told.made[:4] == LABELS
    assert all(c.ok for c in verify(tmp_path / "run", usual(1), quick=True))


@pytest.mark.slow
def test_a_damaged_step_is_made_again_with_all_after_it(region: Path, local_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    killed(region, out, "pay stays")
    partial = tmp_path / ".run.partial"
    part = sorted((partial / TABLES / "grouped").iterdir())[0]
    part.write_bytes(part.read_bytes()[:-1])
    told = Telling()
    run(Order(region, "demo", 2024), out, told.engine(), resume=True, say=told.say)
    assert told.made[0] == "check and group"
    assert "points" in told.made
    assert outputs(out) == outputs(local_run)


@pytest.mark.parametrize(
    "after", [12, *(pytest.param(early_or_late, marks=pytest.mark.slow) for early_or_late in (1, 20))]
)
def test_a_full_disk_leaves_the_old_run_and_resume_goes_on(
    region: Path, local_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    out = shutil.copytree(local_run, tmp_path / "run")
    write, written = pq.write_table, []

    def until_full(table: Any, path: Any, **how: Any) -> None:
        written.append(path)
        if len(written) > after:
            Path(path).write_bytes(b"PAR1")
            raise OSError(28, "No space left on device")
        write(table, path, **how)

    for resume in (False, True):
        written.clear()
        monkeypatch.setattr(pq, "write_table", until_full)
        with pytest.raises((DrgpayError, OSError)) as failure:
            run(Order(region, "demo", 2024), out, usual(1), overwrite=True, resume=resume)
        if isinstance(failure.value, DrgpayError):
            assert failure.value.kind is Kind.ENGINE
        assert all(c.ok for c in verify(out, usual(1), quick=True))
        assert (tmp_path / ".run.partial").exists() is resume
        monkeypatch.setattr(pq, "write_table", write)
    run(Order(region, "demo", 2024), out, usual(1), overwrite=True, resume=True)
    assert outputs(out) == outputs(local_run)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_a_replacement_killed_between_its_renames_gives_the_old_run_back(
    region: Path, local_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(local_run, tmp_path / ".run.old")
    with pytest.raises(DrgpayError) as failure:
        run(Order(region, "demo", 2024), tmp_path / "run", usual(1))
    assert failure.value.kind is Kind.USAGE
    assert outputs(tmp_path / "run") == outputs(local_run)


# ---- faults on Spark


@pytest.mark.exhaustive
def test_a_year_on_spark_that_loses_workers(region: Path, local_run: Path, tmp_path: Path) -> None:
    """One in a step of every verb; in every step where the tests are on Spark."""
    engine = spark(2, kind=Shaky)
    engine.marks, engine.each_kind = tmp_path / "marks", not ON_SPARK
    engine.marks.mkdir()
    out = run(Order(region, "demo", 2024), tmp_path / "run", engine)
    assert len(list(engine.marks.iterdir())) >= (10 if ON_SPARK else 3)
    assert outputs(out) == outputs(local_run)


@pytest.mark.exhaustive
def test_a_full_disk_of_the_workers_leaves_the_old_run_and_resume_goes_on(
    region: Path, local_run: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(local_run, tmp_path / "run")
    with ExitStack() as faults:

        def full(label: str, _done: int, _total: int) -> None:
            if label == "check and group":
                faults.enter_context(no_space())

        with pytest.raises(DrgpayError) as failure:
            run(Order(region, "demo", 2024), out, spark(2, full), overwrite=True, resume=True)
    assert (failure.value.kind, failure.value.en) == (Kind.ENGINE, "a file could not be written")
    assert all(c.ok for c in verify(out, usual(1)))
    told = Telling()
    run(Order(region, "demo", 2024), out, spark(2, told.step), overwrite=True, resume=True, say=told.say)
    assert told.said == ["going on after the last complete step"]
    assert not set(LABELS[:2]) & set(told.made)
    assert outputs(out) == outputs(local_run)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


@pytest.mark.exhaustive
def test_a_run_interrupted_on_spark_goes_on_where_it_was_on_the_local_engine(
    region: Path, local_run: Path, tmp_path: Path
) -> None:
    def interrupt(label: str, _done: int, _total: int) -> None:
        if label == "check and group":
            os.kill(os.getpid(), signal.SIGINT)

    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run(Order(region, "demo", 2024), out, spark(2, interrupt), resume=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".run.partial"]
    told = Telling()
    run(Order(region, "demo", 2024), out, engine_of("local-2", told.step), resume=True, say=told.say)
    assert told.said == ["going on after the last complete step"]
    assert "look for duplicates" not in told.made
    assert outputs(out) == outputs(local_run)


# ---- tables of other systems


def landed(folder: Path) -> pl.DataFrame:
    """The stays of a folder as plain rows."""
    stays = [frame(b) for b in LocalEngine(1).scan(Dataset.of(folder / "stays"))]
    return pl.concat(stays).cast({pl.Categorical: pl.String, pl.List(pl.Categorical): pl.List(pl.String)})


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "orc", "jdbc"])
def test_tables_of_other_systems_are_landed(region: Path, tmp_path: Path, form: str) -> None:
    engine = spark(2)
    path = next((region / "stays" / "2023").glob("*.parquet"))
    right = pl.concat([frame_of_stays(b) for b in LocalEngine(1).scan(Dataset.of(path))])
    if form == "jdbc":  # a data base keeps no lists
        right = right.with_columns(pl.col("dx", "proc").list.join("|"))
    there = right.reverse().to_arrow(compat_level=pl.CompatLevel.oldest())
    rows = engine.spark.createDataFrame(there)
    options = {"url": "jdbc:derby:memory:stays;create=true", "dbtable": "stays"} if form == "jdbc" else {}
    rows.write.format(form).options(**options).save(*([] if form == "jdbc" else [str(tmp_path / "there")]))
    source = Outside(form, "" if form == "jdbc" else str(tmp_path / "there"), "", options)
    done = land_stays(engine, source, tmp_path / "land")
    assert done.rows == right.height
    found = landed(tmp_path / "land")
    assert found.select(right.columns).equals(right.sort("stay_id"))
    assert done.other == (("dx", "proc") if form == "jdbc" else ())
    if form != "jdbc":
        assert pq.read_schema(done.data.paths[0]).types == STAYS.schema.types
    with pytest.raises(DrgpayError):
        land_stays(engine, source, tmp_path / "land")


@pytest.mark.exhaustive
def test_a_table_of_hive_is_landed(region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A metastore in memory (Derby), a table of ORC files with lists, and the command."""
    session = spark(2).spark
    monkeypatch.setattr(SparkEngine, "close", lambda _: None)  # the session is the tests'
    path = next((region / "stays" / "2023").glob("*.parquet"))
    right = pl.concat([frame_of_stays(b) for b in LocalEngine(1).scan(Dataset.of(path))])
    session.sql("CREATE DATABASE IF NOT EXISTS area")
    there = session.createDataFrame(right.reverse().to_arrow(compat_level=pl.CompatLevel.oldest()))
    there.write.format("hive").option("fileFormat", "orc").mode("overwrite").saveAsTable("area.stays")
    words = ("region", "land", "--from", "hive", "--master", "local[2]")
    done = drgpay(*words, "--table", "area.stays", "-o", tmp_path / "land")
    assert done.returncode == 0, done.stderr
    assert landed(tmp_path / "land").select(right.columns).equals(right.sort("stay_id"))
    assert pq.read_schema(Dataset.of(tmp_path / "land" / "stays").paths[0]).types == STAYS.schema.types
    gone = drgpay(*words, "--table", "area.gone", "-o", tmp_path / "none")
    assert (gone.returncode, (tmp_path / "none").exists()) == (Kind.DATA, False)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as failure:
        land_stays(spark(2), Outside("orc", str(tmp_path / "nowhere")), tmp_path / "land")
    assert failure.value.kind is Kind.DATA
    assert not (tmp_path / "land" / "stays").exists()


# ---- the command line


def test_without_java_the_command_says_what_to_do(region: Path, tmp_path: Path) -> None:
    spark(2)
    words = ("run", "year", "--region", region, "--policy", "demo", "--year", 2024, "-o", tmp_path / "run")
    done = drgpay_alone(*words, "--engine", "spark", JAVA_HOME=str(tmp_path))
    assert done.returncode == Kind.ENGINE
    assert "Java was not found" in done.stderr
    assert "没有找到 Java" in done.stderr
    assert "--engine local" in done.stderr
    assert not (tmp_path / "run").exists()
    assert drgpay(*words, "--engine", "duck").returncode == Kind.USAGE


@pytest.mark.exhaustive
def test_the_command_runs_a_month_on_spark(region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spark(2)
    monkeypatch.setattr(SparkEngine, "close", lambda _: None)  # the session is the tests'
    words = ("run", "month", "--region", region, "--policy", "demo", "--year", 2024, "--month", 3, "--lang", "en")
    on = ("--engine", "spark", "--master", "local[2]", "--partitions", 2, "--conf", "spark.sql.session.timeZone=UTC")
    done, local = (drgpay(*words, "-o", tmp_path / name, *how) for name, how in (("spark", on), ("local", ())))
    assert (done.returncode, local.returncode) == (0, 0), done.stderr + local.stderr
    assert local.stdout == done.stdout
    assert outputs(tmp_path / "spark") == outputs(tmp_path / "local")
    assert read_manifest(tmp_path / "spark")["kind"] == "month"


@pytest.mark.exhaustive
@pytest.mark.parametrize("what", ["oversee", "evaluate"])
def test_what_follows_a_year_has_the_same_bytes_on_spark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    spark(2)
    monkeypatch.setattr(SparkEngine, "close", lambda _: None)  # the session is the tests'
    region = tmp_path / "region"
    make_region(region, stays=4_000, seed=5, institutions=6, extras=frozenset(EXTRAS), violations={"hang_bed": 0.02})
    ran = run(Order(region, "demo", 2024), tmp_path / "year", engine_of("local-2"))
    words = (
        ("oversee", "look", ran, "--region", region)
        if what == "oversee"
        else ("evaluate", ran, "--card", "zhejiang-2021", "--region", region)
    )
    on = ("--engine", "spark", "--master", "local[2]", "--partitions", 2)
    for name, how in (("spark", on), ("local", ())):
        done = drgpay(*words, "-o", tmp_path / name, *how)
        assert done.returncode == 0, done.stderr
    tables = sorted(p.relative_to(tmp_path / "local") for p in (tmp_path / "local" / TABLES).rglob("*.parquet"))
    assert len(tables) >= 7
    for table in tables:
        assert (tmp_path / "spark" / table).read_bytes() == (tmp_path / "local" / table).read_bytes(), table


def test_verify_compares_two_runs(local_run: Path, tmp_path: Path) -> None:
    other = shutil.copytree(local_run, tmp_path / "other")
    words = ("verify", local_run, "--same-as", other)
    same = drgpay(*words)
    assert (same.returncode, "✗" in same.stdout) == (0, False)
    rows = read_table(other / TABLES, POOLS)
    pq.write_table(rows.with_columns(pl.col("points") + 1).to_arrow(), other / TABLES / "pools.parquet")
    (other / TABLES / "closings.parquet").unlink()
    changed = drgpay(*words)
    assert changed.returncode == Kind.BROKEN
    wrong = [line.split()[1] for line in changed.stdout.splitlines() if line.startswith("✗")]
    assert wrong == ["closings", "pools"]
