"""The data dictionary: what it refuses, what it prints, and who writes each table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pyarrow as pa
import pytest

from drgpay import steps
from drgpay.errors import DrgpayError, Kind
from drgpay.tables import ALL, RESULTS, Column, Table, tables_markdown

STEPS = {m.name: import_module(f"drgpay.steps.{m.name}") for m in iter_modules(steps.__path__)}

SMALL = Table(
    "small", "小表", "a small table", "points", ("name",),
    (
        Column("name", "text", "名", "name"),
        Column("kind", "code", "类", "kind", choices=("red", "blue"), null=True),
        Column("amount", "fen", "额", "amount", low=0, high=10),
        Column("share", "ratio", "比", "share", null=True),
        Column("free", "int16", "数", "any number", low=3),
    ),
)  # fmt: skip
ROW = {"name": "a", "kind": "red", "amount": 10, "share": None, "free": 3}


def refused(rows: list[dict[str, Any]] | Any) -> str:
    """The failure to make the small table of these rows."""
    with pytest.raises(DrgpayError) as failure:
        SMALL.of(rows) if isinstance(rows, list) else SMALL.check(rows)
    assert failure.value.kind is Kind.ENGINE
    assert "small" in failure.value.en
    return f"{failure.value.field}: {failure.value.en.partition(': ')[2]}"


class TestCheck:
    """A step's own output is what the dictionary says, or the failure names table and column."""

    def test_what_is_right_passes(self) -> None:
        table = SMALL.of([ROW, ROW | {"name": "b", "kind": None, "amount": 0}])
        assert table.schema == SMALL.schema
        assert table.to_pylist()[0] == ROW

    def test_no_rows_pass(self) -> None:
        SMALL.check(SMALL.schema.empty_table())
        SMALL.check(pa.RecordBatch.from_pylist([], schema=SMALL.schema))

    def test_a_column_of_nulls_passes_where_nulls_may_be(self) -> None:
        SMALL.of([ROW | {"kind": None}])

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"amount": 11}, "amount: outside 0–10"),
            ({"amount": -1}, "amount: outside 0–10"),
            ({"free": 2}, "free: outside 3–"),
            ({"kind": "green"}, "kind: not one of red | blue"),
            ({"amount": None}, "amount: has nulls"),
            ({"name": None}, "name: has nulls"),
        ],
    )
    def test_a_wrong_value(self, change: dict[str, Any], words: str) -> None:
        assert refused([ROW, ROW | change]) == words

    def test_a_missing_column(self) -> None:
        assert refused(SMALL.of([ROW]).drop_columns(["share"])) == "share: column is missing"

    def test_a_wrong_type(self) -> None:
        table = SMALL.of([ROW])
        place = table.schema.get_field_index("free")
        table = table.set_column(place, "free", table.column("free").cast(pa.int64()))
        assert refused(table) == "free: int64 ≠ int16"

    def test_text_where_codes_belong(self) -> None:
        table = SMALL.of([ROW])
        table = table.set_column(1, "kind", table.column("kind").cast(pa.string()))
        assert refused(table).startswith("kind: string ≠ dictionary")

    def test_a_batch_is_checked_like_a_table(self) -> None:
        (batch,) = SMALL.of([ROW]).to_batches()
        SMALL.check(batch)


class TestDictionary:
    """What holds for every table of the program."""

    def test_names_are_unique(self) -> None:
        assert len({t.name for t in ALL}) == len(ALL)

    @pytest.mark.parametrize("table", ALL, ids=lambda t: t.name)
    def test_a_table_is_coherent(self, table: Table) -> None:
        assert len(set(table.names)) == len(table.names)
        assert table.key
        assert set(table.key) <= set(table.names)
        assert table.zh
        assert table.en
        for column in table.columns:
            assert column.zh, column.name
            assert column.en, column.name
            assert table[column.name] is column
            assert table.schema.field(column.name).nullable is column.null
            # a debt without a book has no origin, and that tells it from those that have one; a file of reported
            # values may leave out the year and the card it is for
            empty = (table.name, column.name) in {
                ("debts", "origin"), ("reported_values", "year"), ("reported_values", "card")
            }  # fmt: skip
            assert not (column.name in table.key and column.null) or empty, column.name

    @pytest.mark.parametrize("table", ALL, ids=lambda t: t.name)
    def test_money_and_points_are_whole_numbers(self, table: Table) -> None:
        for column in table.columns:
            assert not pa.types.is_floating(column.arrow), column.name
            if column.type in ("fen", "points", "ratio"):
                assert column.arrow == pa.int64()


class TestDocument:
    """docs/tables.md is written from the dictionary."""

    @pytest.mark.parametrize("table", ALL, ids=lambda t: t.name)
    def test_every_column_is_in_the_document(self, table: Table) -> None:
        page = tables_markdown(ALL)
        section = page.partition(f"## {table.name} · ")[2].partition("\n## ")[0]
        rows = {line.split("`")[1]: line for line in section.splitlines() if line.startswith("| `")}
        assert list(rows) == list(table.names)
        for column in table.columns:
            row = rows[column.name]
            assert column.zh in row
            assert column.printed_unit in row
            assert ("🔑" in row) == (column.name in table.key)
            assert ("null" in row) == column.null or "null" in column.en
            assert column.constraint().replace("|", "\\|") in row
        assert f"**{table.writer}**" in section

    def test_a_bar_in_a_text_does_not_break_the_row(self) -> None:
        (row,) = [line for line in tables_markdown((replace(SMALL, name="pools"),)).splitlines() if "`kind`" in line]
        assert "red \\| blue" in row
        assert row.replace("\\|", "").count("|") == 8


def writers(table: Table) -> list[str]:
    """Steps that say they write a table."""
    return [name for name, step in STEPS.items() if table.name in getattr(step, "WRITES", ())]


def without_one_writer(tables: Iterable[Table]) -> list[str]:
    """Tables that are not written by the one step the dictionary names, and by no other."""
    return [t.name for t in tables if writers(t) != [t.writer]]


class TestWriters:
    """Each table has exactly one writer; registers are kept by people and have none."""

    MADE = tuple(t for t in ALL if t.writer != "register")

    def test_every_table_has_the_writer_it_names(self) -> None:
        assert set(RESULTS) <= set(self.MADE)
        assert without_one_writer(self.MADE) == []

    def test_a_new_table_without_a_writer_is_noticed(self) -> None:
        assert without_one_writer([SMALL]) == ["small"]
        assert without_one_writer([replace(RESULTS[-1], writer="fund")]) == [RESULTS[-1].name]

    def test_no_step_writes_a_register_or_an_unknown_table(self) -> None:
        written = {name for step in STEPS.values() for name in getattr(step, "WRITES", ())}
        assert written <= {t.name for t in self.MADE}
