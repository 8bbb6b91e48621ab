"""The contract of the engines (see ``drgpay.engine.contract``), asked of every one of them."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drgpay.engine import Dataset, Engine, LocalEngine, Source, buckets
from drgpay.errors import DrgpayError, Kind
from support import kernels
from support.engines import CONTRACT, engine_of, spark

CODE = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("name", pa.string()), ("code", CODE), ("number", pa.int64()), ("small", pa.int8()), ("day", pa.date32()),
        ("flag", pa.bool_()), ("list", pa.list_(CODE)), ("wide", pa.uint16()),
    ]
)  # fmt: skip
NAMES = tuple(SCHEMA.names)
HIGH = 2**63 - 1


def some_rows(n: int, start: int = 0) -> list[dict[str, Any]]:
    """Rows with nulls and repeated names, empty text among them; (name, number) is never the same twice."""
    return [
        {
            "name": [None, "", "甲", "b", "c", "d", "e"][i * 5 % 7],
            "code": None if i % 5 == 4 else f"c{i % 9}",
            "number": 1000 - i,
            "small": None if i % 6 == 5 else i % 3 - 1,
            "day": date(2024, 1, 1 + i % 3),
            "flag": None if i % 4 == 3 else i % 2 == 0,
            "list": None if i % 8 == 7 else [f"x{j}" for j in range(i % 3)],
            "wide": 65_535 - i,
        }
        for i in range(start, start + n)
    ]


def write(folder: Path, *files: list[dict[str, Any]], group: int = 3) -> Dataset:
    """Files of rows, every row group with dictionaries of its own."""
    folder.mkdir(parents=True)
    for number, rows in enumerate(files):
        with pq.ParquetWriter(folder / f"f{number}.parquet", SCHEMA) as out:
            for start in range(0, max(len(rows), 1), group):
                out.write_table(pa.Table.from_pylist(rows[start : start + group], schema=SCHEMA))
    return Dataset.of(folder)


ROWS = some_rows(31)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    """31 rows in three files and seven parts, one of them without rows."""
    return write(tmp_path / "in", ROWS[:10], [], ROWS[10:])


@pytest.fixture(params=CONTRACT)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return engine_of(request.param)


@pytest.fixture
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets of a few rows."""
    monkeypatch.setattr(buckets, "BUCKET_ROWS", 6)


def rows_of(data: Dataset) -> list[dict[str, Any]]:
    """All rows in order, codes as text."""
    return [row for batch in LocalEngine(1).scan(data) for row in batch.to_pylist()]


def files_of(folder: Path) -> dict[str, bytes]:
    """Bytes by name, hidden files too."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


class TestScanAndMap:
    """Order, types, parts."""

    def test_scan_is_in_order(self, engine: Engine, data: Dataset) -> None:
        assert [row for b in engine.scan(data) for row in b.to_pylist()] == ROWS
        (first, *_) = engine.scan(data, ["wide", "name"])
        assert first.schema.names == ["wide", "name"]

    def test_map_keeps_rows_types_and_order_and_makes_the_same_files(
        self, engine: Engine, data: Dataset, tmp_path: Path
    ) -> None:
        (out,) = engine.map(data, kernels.same, [tmp_path / "out"], NAMES, "copy")
        engine_of("local-1").map(data, kernels.same, [tmp_path / "right"], NAMES, "copy")
        assert rows_of(out) == ROWS
        assert pq.read_schema(out.paths[0]).types == SCHEMA.types
        assert files_of(tmp_path / "out") == files_of(tmp_path / "right")

    def test_a_kernel_is_told_where_its_rows_stand(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        (out,) = engine.map(data, kernels.place, [tmp_path / "out"], NAMES, "place")
        found = [(r["file"], r["file_number"], r["row"]) for r in rows_of(out)]
        assert found == [("f0.parquet", 0, i) for i in range(10)] + [("f2.parquet", 2, i) for i in range(21)]
        assert [r["part"] for r in rows_of(out)] == sorted(r["part"] for r in rows_of(out))

    def test_several_outputs(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        first, rest = engine.map(data, kernels.halves, [tmp_path / "a", tmp_path / "b"], NAMES, "cut")
        assert first.rows() + rest.rows() == 31
        assert len(first.paths) == len(rest.paths) == len(data.parts())

    def test_a_folder_that_exists_is_never_written_into(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        with pytest.raises(FileExistsError):
            engine.map(data, kernels.same, [tmp_path / "in"], NAMES, "copy")

    def test_no_files_give_none(self, engine: Engine, tmp_path: Path) -> None:
        assert engine.map(Dataset(()), kernels.same, [tmp_path / "out"], NAMES, "copy") == [Dataset(())]

    def test_a_missing_column_is_named(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        with pytest.raises(DrgpayError) as failure:
            engine.map(data, kernels.same, [tmp_path / "out"], ["name", "weight"], "copy")
        assert (failure.value.kind, failure.value.field) == (Kind.DATA, "weight")


class TestSum:
    """Exact integers by key."""

    def test_sums_are_sorted_by_key_nulls_first(self, engine: Engine, data: Dataset) -> None:
        found = engine.sum(data, kernels.by_code, ("code",), NAMES, "sums").to_pylist()
        right: dict[Any, list[int]] = {}
        for row in ROWS:
            its = right.setdefault(row["code"], [0, 0])
            its[0], its[1] = its[0] + 1, its[1] + row["number"]
        ordered = sorted(right, key=lambda code: (code is not None, code))
        assert found == [{"code": c, "n": right[c][0], "total": right[c][1]} for c in ordered]

    def test_keys_of_every_kind(self, engine: Engine, data: Dataset) -> None:
        by = ("small", "day", "flag", "name")
        found = engine.sum(data, kernels.by_types, by, NAMES, "sums")
        right = engine_of("local-1").sum(data, kernels.by_types, by, NAMES, "sums")
        assert found.schema == right.schema
        assert found.schema.field("n").type == pa.int64()
        assert found.schema.field("small").type == pa.int8()
        assert found.to_pylist() == right.to_pylist()
        keys = {tuple(r[k] for k in by) for r in ROWS}
        assert {tuple(r[k] for k in by) for r in found.to_pylist()} == keys
        assert sum(found.column("n").to_pylist()) == 31

    def test_keys_alone(self, engine: Engine, data: Dataset) -> None:
        found = engine.sum(data, kernels.codes_only, ("code",), NAMES, "sums").column("code").to_pylist()
        assert found == sorted({r["code"] for r in ROWS}, key=lambda c: (c is not None, c))

    @pytest.mark.parametrize(
        ("numbers", "right"),
        [
            ([HIGH, -HIGH, HIGH], HIGH),
            ([HIGH, 5, -5], HIGH),
            ([-HIGH - 1, 1, -1], -HIGH - 1),
            ([None, None, None], 0),
            ([-3, None, 1], -2),
        ],
    )
    def test_the_order_of_adding_never_matters(
        self, engine: Engine, tmp_path: Path, numbers: list[int | None], right: int
    ) -> None:
        rows = [{**ROWS[0], "code": "x", "number": n} for n in numbers]
        data = write(tmp_path / "in", *([row] for row in rows))
        assert engine.sum(data, kernels.numbers, ("code",), NAMES, "x").column("number").to_pylist() == [right]

    @pytest.mark.parametrize("sign", [1, -1])
    def test_a_sum_beyond_64_bits_is_a_failure(self, engine: Engine, tmp_path: Path, sign: int) -> None:
        rows = [{**ROWS[0], "code": "x", "number": n} for n in (sign * HIGH, sign * 2)]
        with pytest.raises(DrgpayError) as failure:
            engine.sum(write(tmp_path / "in", rows), kernels.numbers, ("code",), NAMES, "amounts")
        assert (failure.value.kind, failure.value.field) == (Kind.BROKEN, "amounts")

    def test_only_integers_are_added(self, engine: Engine, data: Dataset) -> None:
        with pytest.raises(DrgpayError, match="only integers"):
            engine.sum(data, kernels.ratios, ("code",), NAMES, "ratios")

    def test_nothing_to_add(self, engine: Engine, tmp_path: Path) -> None:
        none = engine.sum(write(tmp_path / "empty", []), kernels.by_code, ("code",), NAMES, "sums")
        assert (none.schema.names, none.num_rows) == (["code", "n", "total"], 0)
        with pytest.raises(DrgpayError, match="no data to add up"):
            engine.sum(Dataset(()), kernels.by_code, ("code",), NAMES, "sums")


class TestMapBy:
    """Whole keys, in order, of one source or several."""

    def source(self, data: Dataset) -> Source:
        """Names and numbers."""
        return Source(data, ("name", "number"), ("name", "number"))

    @pytest.mark.usefixtures("small_buckets")
    def test_whole_keys_in_order(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        out = engine.map_by((self.source(data),), "name", kernels.first_of_key, tmp_path / "out", "by")
        engine_of("local-1").map_by((self.source(data),), "name", kernels.first_of_key, tmp_path / "right", "by")
        assert len(out.paths) == 6
        by_name: dict[Any, list[Any]] = {}
        for path in out.paths:
            for row in rows_of(Dataset((path,))):
                by_name.setdefault(row["name"], []).append((row["at"], row["number"]))
        right: dict[Any, list[int]] = {}
        for row in sorted(ROWS, key=lambda r: r["number"]):
            right.setdefault(row["name"], []).append(row["number"])
        assert by_name == {name: list(enumerate(its)) for name, its in right.items()}
        assert files_of(tmp_path / "out") == files_of(tmp_path / "right")

    @pytest.mark.usefixtures("small_buckets")
    def test_rows_are_made_first_and_know_where_they_stand(
        self, engine: Engine, data: Dataset, tmp_path: Path
    ) -> None:
        source = replace(self.source(data), prepare=kernels.positioned, order=("name", "file", "row"))
        out = engine.map_by((source,), "name", kernels.first_of_key, tmp_path / "out", "by")
        engine_of("local-1").map_by((source,), "name", kernels.first_of_key, tmp_path / "right", "by")
        assert out.rows() == 5 + 11
        assert files_of(tmp_path / "out") == files_of(tmp_path / "right")

    @pytest.mark.usefixtures("small_buckets")
    def test_three_sources_meet(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        others = [[r for r in ROWS if r["name"] in ("b", None)], some_rows(3, 40)]
        sources = [
            self.source(data), *(self.source(write(tmp_path / str(i), rows)) for i, rows in enumerate(others))
        ]  # fmt: skip
        out = engine.map_by(sources, "name", kernels.met, tmp_path / "out", "meet")
        found = {r["name"]: (r["n0"], r["n1"], r["n2"]) for r in rows_of(out)}

        def count(rows: list[dict[str, Any]], name: Any) -> int | None:
            return len([r for r in rows if r["name"] == name]) or None

        everything = (ROWS, *others)
        assert found == {
            name: tuple(count(rows, name) for rows in everything) for name in {r["name"] for r in ROWS}
        }  # fmt: skip

    def test_no_rows_have_their_columns(self, engine: Engine, tmp_path: Path) -> None:
        data = write(tmp_path / "empty", [])
        out = engine.map_by((self.source(data),), "name", kernels.first_of_key, tmp_path / "out", "by")
        assert (out.rows(), len(out.paths)) == (0, 1)
        assert pq.read_schema(out.paths[0]).names == ["name", "number", "at"]


class TestWrite:
    """One file, whole or not at all."""

    def test_what_is_written_is_read(self, engine: Engine, tmp_path: Path) -> None:
        engine.write(pa.Table.from_pylist(ROWS, schema=SCHEMA), tmp_path / "x.parquet")
        assert rows_of(Dataset.of(tmp_path)) == ROWS
        assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]

    def test_what_cannot_be_written_leaves_what_was_there(
        self, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "x.parquet").write_text("before", encoding="utf-8")
        monkeypatch.setattr(pq, "write_table", full_disk)
        with pytest.raises(DrgpayError) as failure:
            engine.write(pa.Table.from_pylist(ROWS, schema=SCHEMA), tmp_path / "x.parquet")
        assert (failure.value.kind, Path(failure.value.file).name) == (Kind.ENGINE, "x.parquet")
        assert files_of(tmp_path) == {"x.parquet": b"before"}


def full_disk(table: Any, path: Path, **_: Any) -> None:
    """Writes a little, then there is no space."""
    path.write_bytes(b"PAR1")
    raise OSError(28, "No space left on device")


class TestFailures:
    """A failure keeps its type and text; drafts and bucket files are cleared away."""

    def test_a_kernel_that_fails(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="kernel"):
            engine.map(data, kernels.Failing(2, mendable=False), [tmp_path / "out"], NAMES, "copy")
        assert not [name for name in files_of(tmp_path / "out") if not name.startswith("part-")]

    def test_a_failure_a_user_can_mend(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        with pytest.raises(DrgpayError) as failure:
            engine.map(data, kernels.Failing(0, mendable=True), [tmp_path / "out"], NAMES, "copy")
        assert (failure.value.kind, failure.value.fix_en, failure.value.row) == (Kind.DATA, "mend it", 3)

    def test_a_full_disk(self, engine: Engine, data: Dataset, tmp_path: Path) -> None:
        """The kernel takes the folder away, so that nothing can be written into it."""
        with pytest.raises(DrgpayError) as failure:
            engine.map(data, kernels.Full(tmp_path / "out"), [tmp_path / "out"], NAMES, "copy")
        assert failure.value.kind is Kind.ENGINE

    @pytest.mark.parametrize("name", CONTRACT)
    def test_progress_ends_with_all(self, data: Dataset, tmp_path: Path, name: str) -> None:
        seen: list[tuple[str, int, int]] = []
        telling = engine_of(name, lambda *told: seen.append(told))
        telling.map(data, kernels.same, [tmp_path / name], NAMES, "copy")
        assert seen[-1] == ("copy", 7, 7)


@pytest.mark.slow
class TestRetries:
    """Spark tries a task again: the result is the same, and nothing of the first attempt stays."""

    @pytest.mark.parametrize("how", ["raise", "die"])
    def test_a_task_that_fails_once(self, data: Dataset, tmp_path: Path, how: str) -> None:
        (tmp_path / "marks").mkdir()
        spark(7).map(data, kernels.Once(how, tmp_path / "marks"), [tmp_path / "out"], NAMES, "copy")
        engine_of("local-1").map(data, kernels.same, [tmp_path / "right"], NAMES, "copy")
        assert os.listdir(tmp_path / "marks") == [f"{how}-1"]
        assert files_of(tmp_path / "out") == files_of(tmp_path / "right")

    @pytest.mark.usefixtures("small_buckets")
    @pytest.mark.parametrize("how", ["raise", "die"])
    def test_a_bucket_that_fails_once(self, data: Dataset, tmp_path: Path, how: str) -> None:
        (tmp_path / "marks").mkdir()
        source = Source(data, ("name", "number"), ("name", "number"))
        kernel = kernels.Once(how, tmp_path / "marks").group
        spark(2).map_by((source,), "name", kernel, tmp_path / "out", "by")
        engine_of("local-1").map_by((source,), "name", kernels.first_of_key, tmp_path / "right", "by")
        assert os.listdir(tmp_path / "marks") == [f"{how}-group"]
        assert files_of(tmp_path / "out") == files_of(tmp_path / "right")

    def test_an_interrupted_job_is_stopped_and_the_session_goes_on(self, data: Dataset, tmp_path: Path) -> None:
        engine = spark(7)
        threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            engine.map(data, kernels.slow, [tmp_path / "out"], NAMES, "copy")
        assert files_of(tmp_path / "out") == {}
        (out,) = engine.map(data, kernels.same, [tmp_path / "again"], NAMES, "copy")
        assert rows_of(out) == ROWS

    def test_a_task_that_always_dies_is_a_failure_of_the_engine(self, data: Dataset, tmp_path: Path) -> None:
        with pytest.raises(DrgpayError) as failure:
            spark(7).map(data, kernels.dying, [tmp_path / "out"], NAMES, "copy")
        assert (failure.value.kind, failure.value.field) == (Kind.ENGINE, "copy")
        assert not [name for name in files_of(tmp_path / "out") if not name.startswith("part-")]


def test_kernels_may_be_closures_on_spark(data: Dataset, tmp_path: Path) -> None:
    kept = ["wide", "name"]
    (out,) = spark(2).map(data, partial(lambda batch, part, names: batch.select(names), names=kept),
                          [tmp_path / "out"], NAMES, "cut")  # fmt: skip
    assert [list(row) for row in rows_of(out)] == [kept] * 31
