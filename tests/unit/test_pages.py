"""Pages of results: never a row outside the scope, exact sums, nothing masked comes out (design/12 §7)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Order, Scope, Sort, View, Where, browse, export_rows, run, tables_of
from drgpay.runs.pages.source import Source
from drgpay.runs.pages.view import OPS
from drgpay.samples import make_region
from drgpay.tables import ALL, SETTLED_STAYS, SIGHTS, STATEMENTS, VIEWS, Table
from support.engines import usual
from support.examples import many
from support.plain_pages import Row, rows_of, seen, selection

TABLES = {t.name: t for t in (*ALL, *VIEWS)}
SHOWN = ("settled_stays", "case_points", "stay_modes", "adjustments", "findings", "statements", "institution_months",
         "coefficients", "pools", "closings", "ledger", "grouped", "stay_payments", "heads", "institutions",
         "mode_payments")  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year with payment modes."""
    folder = tmp_path_factory.mktemp("pages")
    make_region(
        folder / "region", stays=900, seed=3, institutions=6, extras=frozenset({"modes", "visits", "persons"})
    )
    return run(Order(folder / "region", "demo", 2024), folder / "year", usual(2))


def _rows(ran: Path, name: str) -> list[Row]:
    return rows_of(ran, TABLES[name])


def test_a_column_that_a_table_had_not_yet_says_nothing(ran: Path, tmp_path: Path) -> None:
    """A result written before a column was declared: it is not shown, sorts nothing and fits no value."""
    old = tmp_path / "old"
    shutil.copytree(ran, old)
    place = old / "tables" / "statements.parquet"
    pq.write_table(pq.read_table(place).drop_columns(["held"]), place)
    of = {"table": "statements", "scope": Scope.everything()}
    order = (Sort("held"), Sort("due", down=True))
    page = browse(old, View(sort=order, **of))
    assert "held" not in {c.name for c in page.columns}
    assert [r["due"] for r in page.rows] == sorted((r["due"] for r in _rows(ran, "statements")), reverse=True)
    assert browse(old, View(where=(Where("held", "is", 0),), **of)).total == 0
    assert browse(old, View(where=(Where("held", "empty", True),), **of)).total == page.total
    assert next(export_rows(old, View(sort=order, **of))) == page.rows


def test_every_table_says_who_may_see_it_and_nothing_else_does() -> None:
    assert set(SIGHTS) == set(TABLES)
    for name, table in TABLES.items():
        sight = table.sight
        assert {*sight.persons, *sight.others, *sight.adds} <= set(table.names), name
        kind, _, where = sight.visible.partition(":")
        assert kind in ("public", "area", "institution", "department", "doctor", "via"), name
        if kind == "via":
            other, key = where.split(".")
            assert key in TABLES[other].names, name
            assert key in table.names, name
        elif where:
            assert where in table.names, name
        assert all(table[c].type in ("fen", "points", "int64", "int32") for c in sight.adds), name
        if "person_id" in table.names:
            assert "person_id" in table.persons, name


@st.composite
def _scopes(draw: Any, ran: Path) -> Scope:
    stays = _rows(ran, "settled_stays")
    houses = sorted({r["institution_id"] for r in _rows(ran, "institutions")})
    some = st.sets(st.sampled_from([*houses, "H-nobody"]), max_size=3).map(frozenset)
    pairs = {n: sorted({(r["institution_id"], r[n]) for r in stays if r[n]}) for n in ("department_id", "doctor_id")}
    return Scope(
        institutions=draw(st.none() | some),
        departments=draw(st.none() | st.sets(st.sampled_from(pairs["department_id"]), max_size=4).map(frozenset)),
        doctors=draw(st.none() | st.none() | st.sets(st.sampled_from(pairs["doctor_id"]), max_size=4).map(frozenset)),
        persons=draw(st.booleans()),
    )


@st.composite
def _views(draw: Any, ran: Path) -> View:
    name = draw(st.sampled_from(SHOWN))
    table, rows, scope = TABLES[name], _rows(ran, name), draw(_scopes(ran))
    open_columns = [c for c in table.columns if c.name not in scope.hidden(table)]
    where = []
    for column in draw(st.lists(st.sampled_from(open_columns), max_size=2)):
        some = draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
        values = [r[column.name] for r in some if r[column.name] is not None]
        op = draw(st.sampled_from(OPS))
        if op == "empty":
            where.append(Where(column.name, op, draw(st.booleans())))
        elif op == "has" and values and column.type in ("text", "code", "codes"):
            where.append(Where(column.name, op, values[0][0] if column.type == "codes" else values[0][:2]))
        elif op == "in" and column.type != "codes":
            where.append(Where(column.name, op, values))
        elif op != "has" and values and column.type not in ("codes", "flag"):
            where.append(Where(column.name, op, values[0]))
    sortable = [c.name for c in open_columns if c.type != "codes"]
    sort = draw(st.lists(st.builds(Sort, st.sampled_from(sortable), st.booleans()), max_size=2))
    columns = draw(st.just([]) | st.lists(st.sampled_from([c.name for c in open_columns]), min_size=1, max_size=5))
    return View(name, tuple(columns), tuple(where), tuple(sort), scope=scope)


@many(50)
@given(st.data())
def test_a_page_is_the_whole_table_filtered_row_by_row(ran: Path, data: st.DataObject) -> None:
    view = data.draw(_views(ran))
    table = TABLES[view.table]
    offset, limit = data.draw(st.integers(0, 40)), data.draw(st.integers(0, 60))
    expected = selection(ran, table, view, TABLES.__getitem__)
    if not Source(ran, view.scope).sees(table):  # it is not there for this reader
        assert seen(ran, table, view.scope, TABLES.__getitem__) == []
        return
    page = browse(ran, view, offset=offset, limit=limit)
    shown = [n for n in dict.fromkeys(view.columns or table.names) if n not in view.scope.hidden(table)]
    assert [c.name for c in page.columns] == shown
    assert page.total == len(expected)
    assert page.rows == [{n: r[n] for n in shown} for r in expected[offset : offset + limit]]
    adding = [n for n in shown if n in table.sight.adds]
    assert page.sums == {n: sum(r[n] or 0 for r in expected) for n in adding}
    assert [r for batch in export_rows(ran, view) for r in batch] == [{n: r[n] for n in shown} for r in expected]


@many(20)
@given(st.data())
def test_the_tables_named_are_those_with_rows_for_the_reader(ran: Path, data: st.DataObject) -> None:
    scope = data.draw(_scopes(ran))
    found = {s.table.name: s.rows for s in tables_of(ran, scope)}
    for name in SHOWN:
        assert found.get(name, 0) == len(seen(ran, TABLES[name], scope, TABLES.__getitem__)), name


@pytest.mark.parametrize(
    ("scope", "column"), [(Scope.everything(), "person_id"), (Scope.institution("x"), "level_cost")]
)
def test_a_masked_column_is_no_filter_no_order_and_not_shown(ran: Path, scope: Scope, column: str) -> None:
    house = _rows(ran, "institutions")[0]["institution_id"]
    table = "settled_stays" if column == "person_id" else "coefficients"
    scope = Scope.institution(house) if scope.limited else scope
    for view in (
        View(table, columns=(column,), scope=scope),
        View(table, where=(Where(column, "empty", False),), scope=scope),
        View(table, sort=(Sort(column),), scope=scope),
    ):
        with pytest.raises(DrgpayError) as caught:
            browse(ran, view)
        assert caught.value.kind is Kind.USAGE
    page = browse(ran, View(table, scope=scope))
    assert column in [c.name for c in page.masked]
    assert page.rows
    assert column not in page.rows[0]
    assert column not in page.sums


def test_persons_are_shown_to_whom_they_may_be(ran: Path) -> None:
    page = browse(ran, View("settled_stays", scope=Scope.everything(persons=True)), limit=1)
    assert page.rows[0]["person_id"]


@pytest.mark.parametrize(
    "view",
    [
        View("settled_stays", columns=("nothing",), scope=Scope.everything()),
        View("settled_stays", where=(Where("points", "is", "1"),), scope=Scope.everything()),
        View("settled_stays", where=(Where("points", "is", True),), scope=Scope.everything()),
        View("settled_stays", where=(Where("points", "is", 2**80),), scope=Scope.everything()),
        View("settled_stays", where=(Where("points", "has", "1"),), scope=Scope.everything()),
        View("settled_stays", where=(Where("drg", "in", "AB"),), scope=Scope.everything()),
        View("settled_stays", where=(Where("drg", "like", "AB"),), scope=Scope.everything()),  # type: ignore[arg-type]
        View("settled_stays", where=(Where("discharge_date", "from", "2024-13-01"),), scope=Scope.everything()),
        View("grouped", where=(Where("dx", "is", "A"),), scope=Scope.everything()),
        View("grouped", sort=(Sort("dx"),), scope=Scope.everything()),
    ],
)
def test_a_view_that_does_not_fit_is_refused(ran: Path, view: View) -> None:
    with pytest.raises(DrgpayError) as caught:
        browse(ran, view)
    assert caught.value.kind is Kind.USAGE
    assert str(ran) not in caught.value.text()


def test_what_a_reader_may_not_see_is_not_there(ran: Path) -> None:
    house = _rows(ran, "institutions")[0]["institution_id"]
    for name, scope in (
        ("closings", Scope.institution(house)),
        ("statements", Scope.public()),
        ("statements", Scope.department(house, "A01")),
        ("stay_payments", Scope.doctor(house, "D1")),
        ("settled_stays", Scope.area("another")),
        ("nothing", Scope.everything()),
        ("slips", Scope.everything()),
    ):
        with pytest.raises(DrgpayError) as caught:
            browse(ran, View(name, scope=scope))
        assert caught.value.kind is Kind.DATA, name
    with pytest.raises(DrgpayError):
        tables_of(ran, Scope.area("another"))


def test_settled_stays_add_up_to_the_statements(ran: Path) -> None:
    for row in rows_of(ran, STATEMENTS):
        its = [Where(n, "is", row[n]) for n in ("institution_id", "insurance_scheme")]
        page = browse(ran, View("settled_stays", where=(*its, Where("mode", "is", "drg")), scope=Scope.everything()))
        names = {"points": "points", "total_cost": "cost", "actual": "actual", "due": "due", "balance": "balance"}
        assert {s: page.sums[n] for n, s in names.items()} == {s: row[s] for s in names.values()}
        assert page.total == row["n"]
        assert page.sums["refused"] == row["refused"]


def test_what_was_made_of_a_run_is_not_of_its_outputs_and_is_made_again(small_run: Path) -> None:
    before = {p: p.read_bytes() for p in small_run.rglob("*") if p.is_file()}
    view = View(SETTLED_STAYS.name, scope=Scope.everything())
    page = browse(small_run, view)
    made = list((small_run.parent / ".pages" / small_run.name).rglob("*.parquet"))
    assert made
    for path in made:
        path.unlink()
    assert browse(small_run, view) == page
    assert {p: p.read_bytes() for p in small_run.rglob("*") if p.is_file()} == before


def test_a_table_is_found_by_its_chinese_name_too(ran: Path) -> None:
    assert browse(ran, View("年度清算单", scope=Scope.everything())).table is STATEMENTS
    assert isinstance(TABLES["statements"], Table)
