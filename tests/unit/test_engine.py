"""The verbs of the embedded engine: the same rows in the same order whatever the parts, threads and buckets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.engine import Dataset, LocalEngine, Part, Source, buckets, coded, codes_in, frame, integers, local
from drgpay.engine import read_table as read_small
from drgpay.engine import write_table as write_small
from drgpay.engine.buckets import key_hash
from drgpay.errors import DrgpayError, Kind
from drgpay.tables import Column, Table

COLUMNS = ("name", "code", "number")
CODE = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema([("name", pa.string()), ("code", CODE), ("number", pa.int64())])


def rows_of(data: Dataset) -> list[dict[str, Any]]:
    """All rows of a data set in order, codes as text."""
    return [row for batch in LocalEngine(1).scan(data) for row in batch.to_pylist()]


def write(folder: Path, *files: list[dict[str, Any]], group: int = 3) -> Dataset:
    """Files of rows in row groups of so many rows. Every row group has its own dictionary of codes."""
    folder.mkdir(parents=True)
    for number, rows in enumerate(files):
        with pq.ParquetWriter(folder / f"{number}.parquet", SCHEMA) as out:
            for start in range(0, max(len(rows), 1), group):
                out.write_table(pa.Table.from_pylist(rows[start : start + group], schema=SCHEMA))
    return Dataset.of(folder)


def some_rows(n: int) -> list[dict[str, Any]]:
    """Rows whose codes come in ever new sets, with nulls among them."""
    return [
        {
            "name": f"n{i * 7 % n:03d}",
            "code": None if i % 5 == 4 else f"c{i // 4}",
            "number": None if i % 7 == 6 else i,
        }
        for i in range(n)
    ]


ROWS = some_rows(29)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    """29 rows in three files with row groups of three rows."""
    return write(tmp_path / "in", ROWS[:10], ROWS[10:11], ROWS[11:])


def files_of(folder: Path) -> dict[str, bytes]:
    """Bytes by name."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def same(batch: Any, _part: Part) -> Any:
    """Hands on what it gets."""
    return batch


class TestDatasets:
    """Files in name order, cut into parts of row groups."""

    def test_parts_depend_on_the_files_only(self, data: Dataset) -> None:
        found = [(p.file_number, p.row_groups, p.first_row, p.rows, p.number) for p in data.parts()]
        assert found == [
            (0, (0, 1), 0, 6, 0), (0, (2, 3), 6, 4, 1), (1, (0,), 0, 1, 2), (2, (0, 1), 0, 6, 3),
            (2, (2, 3), 6, 6, 4), (2, (4, 5), 12, 6, 5),
        ]  # fmt: skip
        assert data.rows() == 29

    def test_a_single_file_is_a_data_set(self, data: Dataset) -> None:
        assert Dataset.of(data.paths[0]).rows() == 10

    def test_nothing_there_is_a_failure(self, tmp_path: Path) -> None:
        with pytest.raises(DrgpayError) as failure:
            Dataset.of(tmp_path)
        assert failure.value.kind is Kind.DATA


class TestScan:
    """scan: batches in order."""

    def test_order_and_values(self, data: Dataset) -> None:
        assert rows_of(data) == ROWS

    def test_columns_in_the_order_asked_for(self, data: Dataset) -> None:
        for batch in LocalEngine().scan(data, ["number", "name"]):
            assert batch.schema.names == ["number", "name"]

    def test_a_batch_has_one_dictionary_for_all_its_row_groups(self, data: Dataset) -> None:
        (first, *_) = LocalEngine().scan(data)
        assert first.column("code").dictionary.to_pylist() == ["c0", "c1"]

    def test_lists_of_codes_with_different_dictionaries(self, tmp_path: Path) -> None:
        schema = pa.schema([("dx", pa.list_(CODE))])
        rows = [{"dx": ["A", "B"]}, {"dx": None}, {"dx": []}, {"dx": ["C", "A"]}, {"dx": ["B", None]}]
        with pq.ParquetWriter(tmp_path / "dx.parquet", schema) as out:
            for row in rows:
                out.write_table(pa.Table.from_pylist([row], schema=schema))
        assert rows_of(Dataset.of(tmp_path / "dx.parquet")) == rows

    def test_no_rows_keep_the_schema(self, tmp_path: Path) -> None:
        (batch,) = LocalEngine().scan(write(tmp_path / "empty", []))
        assert (batch.num_rows, batch.schema.names) == (0, list(COLUMNS))


class TestMap:
    """map: one output file per part, in the order of the input."""

    def test_order_is_kept(self, data: Dataset, tmp_path: Path) -> None:
        (out,) = LocalEngine(2).map(data, same, [tmp_path / "out"], COLUMNS, "copy")
        assert rows_of(out) == ROWS
        assert [p.name for p in out.paths] == [f"part-{i:05d}.parquet" for i in range(6)]

    def test_several_outputs(self, data: Dataset, tmp_path: Path) -> None:
        def cut(batch: Any, _part: Part) -> tuple[Any, Any]:
            return batch.slice(0, 1), batch.slice(1)

        first, rest = LocalEngine(2).map(data, cut, [tmp_path / "a", tmp_path / "b"], COLUMNS, "cut")
        assert (first.rows(), rest.rows()) == (6, 23)

    def test_a_kernel_is_told_its_part(self, data: Dataset, tmp_path: Path) -> None:
        def place(batch: Any, part: Part) -> Any:
            n = batch.num_rows
            first = np.arange(part.first_row, part.first_row + n, dtype=np.int64)
            return pa.record_batch({"file": pa.array([part.file_number] * n), "row": pa.array(first)})

        (out,) = LocalEngine(2).map(data, place, [tmp_path / "out"], COLUMNS, "place")
        places = [(row["file"], row["row"]) for row in rows_of(out)]
        assert places == [(0, i) for i in range(10)] + [(1, 0)] + [(2, i) for i in range(18)]

    def test_threads_change_no_byte(self, data: Dataset, tmp_path: Path) -> None:
        outs = [tmp_path / str(threads) for threads in (1, 2, 4)]
        for threads, out in zip((1, 2, 4), outs, strict=True):
            LocalEngine(threads).map(data, same, [out], COLUMNS, "copy")
        assert files_of(outs[0]) == files_of(outs[1]) == files_of(outs[2])

    def test_no_rows_are_written_too(self, tmp_path: Path) -> None:
        data = write(tmp_path / "empty", [], [])
        (out,) = LocalEngine().map(data, same, [tmp_path / "out"], COLUMNS, "copy")
        assert out.rows() == 0
        assert pq.read_schema(out.paths[0]).names == list(COLUMNS)

    def test_an_output_folder_that_exists_is_never_written_into(self, data: Dataset, tmp_path: Path) -> None:
        with pytest.raises(FileExistsError):
            LocalEngine().map(data, same, [tmp_path / "in"], COLUMNS, "copy")

    def test_a_kernel_that_fails_stops_the_map_with_its_own_failure(self, data: Dataset, tmp_path: Path) -> None:
        called = []

        def fail(batch: Any, part: Part) -> Any:
            called.append(part.number)
            if part.number == 1:
                raise ValueError("kernel")
            return batch

        with pytest.raises(ValueError, match="kernel"):
            LocalEngine(1).map(data, fail, [tmp_path / "out"], COLUMNS, "copy")
        # What was done before stays for whoever asked to clear away; the rest is not begun, but for what was queued.
        assert (tmp_path / "out" / "part-00000.parquet").exists()
        assert not (tmp_path / "out" / "part-00001.parquet").exists()
        assert max(called) < 5


def by_code(batch: Any) -> Any:
    """How many rows and Σ number by code."""
    return frame(batch).group_by("code").agg(n=pl.len().cast(pl.Int64), total=pl.col("number").sum()).to_arrow()


class TestSum:
    """sum: integers added by key, sorted by the keys."""

    def expected(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same in plain Python."""
        found: dict[Any, list[int]] = {}
        for row in rows:
            its = found.setdefault(row["code"], [0, 0])
            its[0] += 1
            its[1] += row["number"] or 0
        ordered = sorted(found, key=lambda code: (code is not None, code))
        return [{"code": code, "n": found[code][0], "total": found[code][1]} for code in ordered]

    @pytest.mark.parametrize("threads", [1, 2, 4])
    def test_sums(self, data: Dataset, threads: int) -> None:
        found = LocalEngine(threads).sum(data, by_code, ["code"], COLUMNS, "sums")
        assert found.to_pylist() == self.expected(ROWS)

    def test_many_partial_sums_are_folded(self, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local, "_FOLD_ROWS", 1)
        assert LocalEngine().sum(data, by_code, ["code"], COLUMNS, "sums").to_pylist() == self.expected(ROWS)

    def test_no_rows_have_no_sums(self, tmp_path: Path) -> None:
        found = LocalEngine().sum(write(tmp_path / "empty", []), by_code, ["code"], COLUMNS, "sums")
        assert found.to_pylist() == []

    def test_no_files_are_a_failure(self) -> None:
        with pytest.raises(DrgpayError, match="no data to add up"):
            LocalEngine().sum(Dataset(()), by_code, ["code"], COLUMNS, "sums")


def numbered(batch: Any) -> Any:
    """Rows with how many rows of the same key are before them in the batch: needs whole keys, in order."""
    names = batch.column("name").to_pylist()
    seen: dict[Any, int] = {}
    places = []
    for name in names:
        places.append(seen.get(name, 0))
        seen[name] = places[-1] + 1
    return pa.table(
        {
            "name": pa.array(names, pa.string()),
            "number": batch.column("number"),
            "place": pa.array(places, pa.int64()),
        }
    )


class TestMapBy:
    """map_by: rows of a key together and in order."""

    MANY = tuple({"name": f"k{i * 13 % 17}", "code": f"c{i % 3}", "number": 100 - i} for i in range(60))

    def run(self, data: Dataset, out: Path, threads: int = 2, kernel: Callable[[Any], Any] = numbered) -> Dataset:
        """Number the rows of each name."""
        both = ("name", "number")
        return LocalEngine(threads).map_by((Source(data, both, both),), "name", kernel, out, "number")

    def expected(self) -> list[dict[str, Any]]:
        """The same in plain Python."""
        rows = sorted((row["name"], row["number"]) for row in self.MANY)
        names = [name for name, _ in rows]
        return [
            {"name": name, "number": number, "place": names[:i].count(name)} for i, (name, number) in enumerate(rows)
        ]

    @pytest.mark.parametrize("bucket", [300_000, 20, 7, 1])
    def test_whole_keys_in_order_in_any_number_of_buckets(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: int
    ) -> None:
        monkeypatch.setattr(buckets, "BUCKET_ROWS", bucket)
        data = write(tmp_path / "in", list(self.MANY[:25]), list(self.MANY[25:]), group=4)
        out = self.run(data, tmp_path / "out")
        assert len(out.paths) == -(-60 // bucket)
        assert sorted(rows_of(out), key=lambda r: (r["name"], r["number"])) == self.expected()
        for path in out.paths:
            keys = [(r["name"], r["number"]) for r in rows_of(Dataset((path,)))]
            assert keys == sorted(keys)
        assert not (tmp_path / "out.spill").exists()

    @pytest.mark.parametrize("bucket", [300_000, 7])
    def test_threads_and_the_order_of_the_input_change_no_byte(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: int
    ) -> None:
        monkeypatch.setattr(buckets, "BUCKET_ROWS", bucket)
        data = write(tmp_path / "in", list(self.MANY), group=4)
        other = write(tmp_path / "other", list(reversed(self.MANY[30:])), list(self.MANY[:30]), group=7)
        for threads in (1, 2, 4):
            self.run(data, tmp_path / f"out{threads}", threads)
        self.run(other, tmp_path / "again")
        assert files_of(tmp_path / "out1") == files_of(tmp_path / "out2") == files_of(tmp_path / "out4")
        assert files_of(tmp_path / "again") == files_of(tmp_path / "out1")

    def test_keys_may_be_codes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(buckets, "BUCKET_ROWS", 5)

        def count(batch: Any) -> Any:
            return frame(batch).group_by("code", maintain_order=True).len().to_arrow()

        data = write(tmp_path / "in", list(self.MANY), group=4)
        rows = Source(data, COLUMNS, ("code", "number"))
        out = LocalEngine().map_by((rows,), "code", count, tmp_path / "out", "count")
        assert sorted((r["code"], r["len"]) for r in rows_of(out)) == [("c0", 20), ("c1", 20), ("c2", 20)]

    def test_rows_are_made_first(self, tmp_path: Path) -> None:
        def double(batch: Any, part: Part) -> Any:
            number = pc.multiply(batch.column("number"), 2 + part.file_number)
            return pa.record_batch({"name": batch.column("name"), "number": number})

        data = write(tmp_path / "in", [self.MANY[0]], [self.MANY[0]])
        rows = Source(data, ("name", "number"), ("name", "number"), double)
        out = LocalEngine().map_by((rows,), "name", numbered, tmp_path / "out", "x")
        assert [(r["number"], r["place"]) for r in rows_of(out)] == [(200, 0), (300, 1)]

    @pytest.mark.parametrize("bucket", [300_000, 4])
    def test_sources_meet_by_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: int) -> None:
        """Rows of two sources with the same key reach the kernel together; one may have nothing for a key."""
        monkeypatch.setattr(buckets, "BUCKET_ROWS", bucket)

        def counts(left: Any, right: Any) -> Any:
            here = [frame(b).group_by("name").agg(n=pl.len()) for b in (left, right)]
            return here[0].join(here[1], on="name", how="full", coalesce=True).sort("name").to_arrow()

        left = write(tmp_path / "left", [r for r in self.MANY if r["name"] != "k3"], group=4)
        right = write(tmp_path / "right", [r for r in self.MANY if r["name"] in ("k3", "k4")], group=2)
        both = ("name", "number")
        out = LocalEngine().map_by(
            (Source(left, both, both), Source(right, both, both)), "name", counts, tmp_path / "out", "meet"
        )
        found = {r["name"]: (r["n"], r["n_right"]) for r in rows_of(out)}
        names = [r["name"] for r in self.MANY]
        assert found == {
            n: (None if n == "k3" else names.count(n), names.count(n) if n in ("k3", "k4") else None)
            for n in set(names)
        }

    def test_no_rows_are_written_too(self, tmp_path: Path) -> None:
        out = self.run(write(tmp_path / "empty", []), tmp_path / "out")
        assert (out.rows(), len(out.paths)) == (0, 1)

    def test_a_kernel_that_fails_leaves_no_bucket_files(self, tmp_path: Path) -> None:
        def fail(_batch: Any) -> Any:
            raise ValueError("kernel")

        with pytest.raises(ValueError, match="kernel"):
            self.run(write(tmp_path / "in", list(self.MANY)), tmp_path / "out", kernel=fail)
        assert not (tmp_path / "out.spill").exists()
        assert list((tmp_path / "out").iterdir()) == []


class TestBuckets:
    """How many buckets there are, and what is in them."""

    @pytest.mark.parametrize(
        ("rows", "sources", "count"),
        [(0, 1, 1), (100_000, 1, 1), (100_001, 1, 2), (20_000_000, 1, 200), (10**9, 1, 768), (10**9, 3, 256)],
    )
    def test_how_many(
        self, data: Dataset, monkeypatch: pytest.MonkeyPatch, rows: int, sources: int, count: int
    ) -> None:
        def as_if(self: Dataset) -> list[Part]:
            return [Part(self.paths[0], (0,), 0, rows if self is data else 0, 0, 0)]

        monkeypatch.setattr(Dataset, "parts", as_if)
        others = [Source(Dataset(data.paths[:1]), COLUMNS, COLUMNS)] * (sources - 1)
        assert buckets.bucket_count([Source(data, COLUMNS, COLUMNS), *others]) == count

    @pytest.mark.parametrize("count", [1, 5, 40_000])
    def test_every_row_goes_to_the_bucket_of_its_key(self, data: Dataset, count: int) -> None:
        source = Source(data, ("name", "number"), ("name", "number"))
        dealt = [buckets.dealt(source, part, "name", count) for part in data.parts()]
        assert {len(pieces) for pieces in dealt} == {count}
        found: dict[str, set[int]] = {}
        for pieces in dealt:
            for bucket, piece in enumerate(pieces):
                for name in piece.column("name").to_pylist():
                    found.setdefault(name, set()).add(bucket)
        assert found.keys() == {row["name"] for row in ROWS}
        assert all(len(places) == 1 for places in found.values())


class TestFailures:
    """What a user can mend has a name."""

    def test_a_missing_column_is_named(self, data: Dataset) -> None:
        with pytest.raises(DrgpayError) as failure:
            list(LocalEngine().scan(data, ["name", "weight", "height"]))
        assert (failure.value.kind, failure.value.field) == (Kind.DATA, "weight, height")
        assert failure.value.file == "0.parquet"

    @pytest.mark.parametrize("keep", [0, 3, 100, -1, -20])
    def test_a_file_cut_short_is_named(self, data: Dataset, keep: int) -> None:
        path = data.paths[1]
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(DrgpayError) as failure:
            list(LocalEngine().scan(data))
        assert (failure.value.kind, failure.value.file) == (Kind.DATA, path.name)

    def test_damaged_data_are_named(self, tmp_path: Path) -> None:
        data = write(tmp_path / "in", [{"name": "x" * 50 + str(i), "code": "c", "number": i} for i in range(200)],
                     group=200)  # fmt: skip
        path = data.paths[0]
        content = bytearray(path.read_bytes())
        content[4:400] = b"\xff" * 396  # pages of the first column; the footer is whole
        path.write_bytes(content)
        with pytest.raises(DrgpayError) as failure:
            list(LocalEngine().scan(data))
        assert (failure.value.kind, failure.value.file) == (Kind.DATA, path.name)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DrgpayError) as failure:
            Dataset((tmp_path / "gone.parquet",)).rows()
        assert (failure.value.kind, failure.value.file) == (Kind.DATA, "gone.parquet")


def test_progress_counts_up_to_all(data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "BUCKET_ROWS", 10)
    seen: list[tuple[str, int, int]] = []
    engine = LocalEngine(2, lambda *told: seen.append(told))
    engine.map(data, same, [tmp_path / "out"], COLUMNS, "copy")
    assert seen == [("copy", i, 6) for i in range(1, 7)]
    seen.clear()
    both = ("name", "number")
    engine.map_by((Source(data, both, both),), "name", numbered, tmp_path / "by", "by")
    assert seen == [("by", i, 9) for i in range(1, 10)]  # six parts, three buckets
    seen.clear()
    engine.sum(data, by_code, ["code"], COLUMNS, "sums")
    assert seen[-1] == ("sums", 6, 6)


class TestKeys:
    """The hash of keys, and codes of columns."""

    @given(st.lists(st.text(max_size=8), max_size=30))
    def test_codes_hash_like_their_text(self, keys: list[str]) -> None:
        plain = pa.array(keys, pa.string())
        assert key_hash(plain).tolist() == key_hash(plain.dictionary_encode()).tolist()

    @given(st.lists(st.none() | st.text(max_size=3), max_size=12))
    def test_nulls_hash_alike_in_text_and_codes(self, keys: list[str | None]) -> None:
        plain = pa.array(keys, pa.string())
        assert key_hash(plain).tolist() == key_hash(plain.dictionary_encode()).tolist()

    @given(st.lists(st.text(max_size=8), min_size=1, max_size=12), st.integers(0, 5), st.integers(0, 5))
    def test_a_hash_is_of_the_value_alone(self, keys: list[str], before: int, length: int) -> None:
        piece = pa.array(keys, pa.string()).slice(before, length)
        alone = [int(key_hash(pa.array([key]))[0]) for key in piece.to_pylist()]
        assert key_hash(piece).tolist() == alone

    def test_a_hash_is_the_same_on_every_machine(self) -> None:
        found = key_hash(pa.array(["", "a", "b", "ab", "ba", "病例"])).tolist()
        assert len(set(found)) == 6
        assert found[:3] == [0, 21680309081516408, 29653837992057090]

    def test_hashes_spread(self) -> None:
        keys = pa.array([f"STAY-{i:08d}" for i in range(20_000)])
        counts = np.bincount((key_hash(keys) % np.uint64(16)).astype(np.int64), minlength=16)
        assert counts.min() > 20_000 / 16 * 0.8
        assert len(np.unique(key_hash(keys))) > 19_990

    @given(st.lists(st.none() | st.sampled_from("abcd"), max_size=12))
    def test_codes_in_a_vocabulary(self, values: list[str | None]) -> None:
        vocabulary = pa.array(["c", "a", "b"])
        right = [{"c": 0, "a": 1, "b": 2}.get(v or "", -1) for v in values]
        plain = pa.array(values, pa.string())
        assert codes_in(plain, vocabulary).tolist() == right
        assert codes_in(plain.dictionary_encode(), vocabulary).tolist() == right
        assert codes_in(plain.cast(pa.large_string()), vocabulary).tolist() == right

    @given(st.lists(st.integers(-1, 2), max_size=12))
    def test_coded_is_the_way_back(self, codes: list[int]) -> None:
        vocabulary = pa.array(["x", "y", "z"])
        column = coded(np.array(codes, np.int64), vocabulary)
        assert codes_in(column, vocabulary).tolist() == codes
        assert column.null_count == codes.count(-1)

    def test_integers_replace_nulls(self) -> None:
        assert integers(pa.array([1, None, 3], pa.int16()), -7).tolist() == [1, -7, 3]
        assert integers(pa.array([], pa.int8())).dtype == np.int64


SMALL = Table(
    "small", "小表", "a small table", "points", ("code",),
    (Column("code", "code", "码", "code"), Column("number", "int16", "数", "number", null=True, low=0)),
)  # fmt: skip


class TestSmallTables:
    """Small tables: sorted by key, checked, never half written."""

    def test_rows_are_sorted_by_key_whatever_their_order(self, tmp_path: Path) -> None:
        rows: list[dict[str, Any]] = [
            {"code": "b", "number": 1},
            {"code": "a", "number": None},
            {"code": "c", "number": 3},
        ]
        write_small(tmp_path / "1", SMALL, SMALL.of(rows))
        write_small(tmp_path / "2", SMALL, SMALL.of(rows[::-1]))
        assert files_of(tmp_path / "1") == files_of(tmp_path / "2")
        assert read_small(tmp_path / "1", SMALL).rows() == [("a", None), ("b", 1), ("c", 3)]

    def test_no_rows(self, tmp_path: Path) -> None:
        write_small(tmp_path, SMALL, SMALL.of([]))
        assert read_small(tmp_path, SMALL).columns == ["code", "number"]

    def test_a_wrong_table_is_not_written(self, tmp_path: Path) -> None:
        wrong = pa.Table.from_pylist([{"code": "a", "number": -1}], schema=SMALL.schema)
        with pytest.raises(DrgpayError):
            write_small(tmp_path, SMALL, wrong)
        assert list(tmp_path.iterdir()) == []
