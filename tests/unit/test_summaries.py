"""Sums over runs against plain Python, and what is hidden of them against plain algebra (design/12 §7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.runs import DIMENSIONS, MEASURES, Evaluation, Order, Scope, Where, evaluate, run, summarise
from drgpay.runs.pages.suppress import Bounds, Cell, hidden_cells
from drgpay.samples import make_region
from drgpay.tables import INSTITUTION_MONTHS, INSTITUTIONS, STATEMENTS
from drgpay.units import ONE, half_up
from support.engines import usual
from support.examples import many
from support.plain_pages import Row, holds, rows_of, settled

SCALE = 100


def _of(name: str) -> Any:
    return lambda row: row[name] or 0


PLAIN: Mapping[str, Any] = {
    "n": lambda r: 1,
    "n_settled": lambda r: int(r["mode"] == "drg" and r["case_class"] != "excluded"),
    **{n: _of(n) for n in ("points", "total_cost", "due", "actual", "balance", "refused")},
    "bed_days": lambda r: r["los"],
    "high": lambda r: int(r["case_class"] == "high"),
    "ungrouped": lambda r: int(r["status"] == "ungrouped"),
}
QUOTIENTS: Mapping[str, Any] = {
    "cmi": (lambda r: r["base_points"] or 0, lambda r: int(r["mode"] == "drg") * SCALE, 1),
    "mean_cost": (lambda r: r["total_cost"], lambda r: 1, 1),
    "mean_los": (lambda r: r["los"], lambda r: 1, ONE),
    "use_ratio": (lambda r: r["actual"], lambda r: r["due"], ONE),
}


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A year and two of its months."""
    folder = tmp_path_factory.mktemp("sums")
    make_region(folder / "region", stays=900, seed=5, institutions=7)
    orders = {"year": None, "m02": 2, "m03": 3}
    return {n: run(Order(folder / "region", "demo", 2024, m), folder / n, usual(2)) for n, m in orders.items()}


def _levels(ran: Path) -> dict[str, str]:
    return {r["institution_id"]: r["level"] for r in rows_of(ran, INSTITUTIONS)}


def _stays(ran: Path) -> list[Row]:
    return [r | {"level": _levels(ran)[r["institution_id"]]} for r in settled(ran)]


def _figures(rows: Iterable[Row], measures: Iterable[str]) -> dict[str, int | None]:
    rows, found = list(rows), {}
    for name in measures:
        if name in PLAIN:
            found[name] = sum(map(PLAIN[name], rows))
        else:
            above, below, unit = QUOTIENTS[name]
            of = sum(map(below, rows))
            found[name] = half_up(sum(map(above, rows)) * unit, of) if of > 0 else None
    return found


DIMS = [n for n in DIMENSIONS if n != "adrg"]
some_measures = st.lists(st.sampled_from([*PLAIN, *QUOTIENTS]), min_size=1, max_size=5, unique=True)


@many(27)
@given(st.data(), st.lists(st.sampled_from(DIMS), max_size=3, unique=True), some_measures)
def test_a_summary_is_what_plain_python_adds_up(
    years: dict[str, Path], data: st.DataObject, by: list[str], measures: list[str]
) -> None:
    stays = _stays(years["year"])
    houses = sorted(_levels(years["year"]))
    scope = data.draw(st.just(Scope.everything()) | st.sampled_from(houses).map(Scope.institution))
    where = data.draw(st.sampled_from([(), (Where("month", "to", 6),), (Where("level", "is", "tertiary"),)]))
    mine = [
        r
        for r in stays
        if (scope.institutions is None or r["institution_id"] in scope.institutions)
        and all(holds(r, w) for w in where)
    ]
    cells: dict[Any, list[Row]] = defaultdict(list)
    for row in mine:
        cells[tuple(row[d] for d in by)].append(row)
    found = summarise([years["year"]], by=by, measures=measures, scope=scope, where=where)
    expected = {key: _figures(rows, measures) for key, rows in cells.items()}
    if by or mine:
        keys = [tuple(row[d] for d in by) for row in found.rows]
        assert keys == sorted(expected, key=lambda k: [(v is None, v) for v in k])
        assert [{m: row[m] for m in measures} for row in found.rows] == [expected[k] for k in keys]
    assert found.totals == _figures(mine, measures)
    assert found.suppressed == frozenset()


def test_statements_and_months_are_added_too(years: dict[str, Path]) -> None:
    found = summarise([years["year"]], by=("institution_id",), measures=("n", "paid", "final_payment"),
                      scope=Scope.everything())  # fmt: skip
    paid: dict[str, int] = defaultdict(int)
    final: dict[str, int] = defaultdict(int)
    for row in rows_of(years["year"], INSTITUTION_MONTHS):
        paid[row["institution_id"]] += row["paid"]
    for row in rows_of(years["year"], STATEMENTS):
        final[row["institution_id"]] += row["final_payment"]
    assert {r["institution_id"]: (r["paid"], r["final_payment"]) for r in found.rows} == {
        h: (paid[h], final[h]) for h in final
    }


def test_cmi_is_that_of_the_statements(years: dict[str, Path]) -> None:
    found = summarise([years["year"]], by=("institution_id", "insurance_scheme"), measures=("cmi",),
                      scope=Scope.everything())  # fmt: skip
    said = {(r["institution_id"], r["insurance_scheme"]): r["cmi"] for r in rows_of(years["year"], STATEMENTS)}
    assert {(r["institution_id"], r["insurance_scheme"]): r["cmi"] for r in found.rows} == {
        key: cmi for key, cmi in said.items() if cmi is not None
    }


def _terms(stays: Iterable[Row], name: str) -> dict[str, int]:
    """What every grouped stay adds to an index: its value ÷ the mean of its group, half up, in 1/100,000,000."""
    grouped = [r for r in stays if r["status"] == "grouped"]
    of_group: dict[str, list[int]] = defaultdict(list)
    for row in grouped:
        of_group[row["drg"]].append(row[name])
    return {
        r["stay_id"]: half_up(r[name] * len(of_group[r["drg"]]) * 10**8, sum(of_group[r["drg"]])) for r in grouped
    }


@pytest.mark.parametrize("by", [(), ("institution_id",), ("institution_id", "drg"), ("department_id",), ("mdc",)])
def test_indices_set_stays_beside_the_mean_of_their_group(years: dict[str, Path], by: tuple[str, ...]) -> None:
    stays = _stays(years["year"])
    found = summarise([years["year"]], by=by, measures=("cost_index", "time_index"), scope=Scope.everything())
    assert found.rows
    for measure, name in (("cost_index", "total_cost"), ("time_index", "los")):
        terms = _terms(stays, name)
        for row in found.rows:
            its = [
                terms[r["stay_id"]] for r in stays if r["stay_id"] in terms and all(r[d] == row[d] for d in by)
            ]  # fmt: skip
            assert row[measure] == (half_up(sum(its) * ONE, len(its) * 10**8) if its else None)


def test_indices_and_death_rates_are_those_of_the_evaluation(years: dict[str, Path], tmp_path: Path) -> None:
    names = ("cost_index", "time_index", "mortality", "low_risk_mortality")
    evaluate(Evaluation(years["year"], "zhejiang-2021"), tmp_path / "card", usual(2))
    said = pl.read_parquet(tmp_path / "card" / "tables" / "indicator_figures.parquet")
    said = said.filter(pl.col("scope").cast(pl.String) == "institution", pl.col("indicator").is_in(names))
    known = {(h, i): v for h, i, v in said.select("institution_id", "indicator", "value").rows()}
    found = summarise([years["year"]], by=("institution_id",), measures=names, scope=Scope.everything())
    assert {(r["institution_id"], n): r[n] for r in found.rows for n in names} == known


def test_few_others_are_not_worked_out_of_an_index(years: dict[str, Path]) -> None:
    stays = _stays(years["year"])
    houses: dict[str, set[str]] = defaultdict(set)
    for row in stays:
        if row["status"] == "grouped":
            houses[row["drg"]].add(row["institution_id"])
    house = max(_levels(years["year"]), key=lambda h: sum(r["institution_id"] == h for r in stays))
    for below in (2, 3):
        own = summarise([years["year"]], by=("drg",), measures=("n", "cost_index"), scope=Scope.institution(house),
                        suppress_below=below)  # fmt: skip
        whole = summarise([years["year"]], by=("drg",), measures=("n", "cost_index"), scope=Scope.everything(),
                          where=(Where("institution_id", "is", house),))  # fmt: skip
        assert len(own.rows) == len(whole.rows)
        seen = {r["drg"]: r["cost_index"] for r in own.rows if r["cost_index"] is not None}
        true = {r["drg"]: r["cost_index"] for r in whole.rows if r["cost_index"] is not None}
        assert seen == {drg: value for drg, value in true.items() if len(houses[drg]) > below}
        assert 0 < len(seen) < len(true)


def test_a_month_beside_the_one_before(years: dict[str, Path]) -> None:
    months = [years["m03"], years["m02"]]
    found = summarise(months, by=("institution_id",), measures=("n", "mean_cost"), scope=Scope.everything(),
                      compare="previous")  # fmt: skip
    by_month = {
        m: {r["institution_id"]: r for r in summarise([years[m]], by=("institution_id",),
                                                       measures=("n", "mean_cost"), scope=Scope.everything()).rows}
        for m in ("m02", "m03")
    }  # fmt: skip
    assert {r["institution_id"] for r in found.rows} == set(by_month["m03"])
    for row in found.rows:
        before = by_month["m02"].get(row["institution_id"], {"n": None, "mean_cost": None})
        for name in ("n", "mean_cost"):
            old, new = before[name], row[name]
            assert row[f"{name}_compared"] == old
            assert row[f"{name}_change"] == (None if old is None else new - old)
            assert row[f"{name}_change_ratio"] == (None if not old else half_up((new - old) * ONE, old))
    both = summarise(months, by=("month",), measures=("n",), scope=Scope.everything(), compare="previous")
    assert [(r["year"], r["month"], r["n"], r["n_compared"]) for r in both.rows] == [
        (2024, 2, both.rows[0]["n"], None), (2024, 3, both.rows[1]["n"], both.rows[0]["n"]),
    ]  # fmt: skip
    aimed = summarise([years["year"]], by=(), measures=("n", "due"), scope=Scope.everything(), compare="target",
                      targets={"n": 100})  # fmt: skip
    assert [c.name for c in aimed.columns] == ["n", "n_compared", "n_change", "n_change_ratio", "due"]
    target = aimed.rows[0]
    assert (target["n_compared"], target["n_change"]) == (100, target["n"] - 100)


@pytest.mark.parametrize("by", [("institution_id",), ("institution_id", "mdc"), ("institution_id", "mdc", "month")])
def test_peers_are_the_others_of_the_level(years: dict[str, Path], by: tuple[str, ...]) -> None:
    stays, levels = _stays(years["year"]), _levels(years["year"])
    found = summarise([years["year"]], by=by, measures=("n", "mean_cost"), scope=Scope.everything(), compare="peers")
    for row in found.rows:
        house = row["institution_id"]
        peers = [
            r for r in stays
            if r["institution_id"] != house and levels[r["institution_id"]] == levels[house]
            and all(r[d] == row[d] for d in by[1:])
        ]  # fmt: skip
        whole = _figures(peers, ("n", "mean_cost"))
        count = len({r["institution_id"] for r in peers})
        assert row["mean_cost_compared"] == whole["mean_cost"]
        assert row["n_compared"] == (half_up(whole["n"] or 0, count) if count else None)
    one = summarise([years["year"]], by=by, measures=("n", "mean_cost"), scope=Scope.everything(), compare="peers",
                    where=(Where("institution_id", "is", house),))  # fmt: skip
    assert one.rows == [row for row in found.rows if row["institution_id"] == house], "peers stay what they are"
    own = summarise([years["year"]], by=by, measures=("n", "mean_cost"), scope=Scope.institution(house),
                    compare="peers", suppress_below=2, where=(Where("institution_id", "is", house),))  # fmt: skip
    whole_rows = {tuple(r[d] for d in by): r for r in found.rows}
    assert {r["institution_id"] for r in own.rows} == {house}
    gone = {number for number, _ in own.suppressed}
    for number, row in enumerate(own.rows):
        same = whole_rows[tuple(row[d] for d in by)]
        assert row["mean_cost_compared"] == (None if number in gone else same["mean_cost_compared"])


def test_what_everybody_sees_is_true_or_hidden(years: dict[str, Path]) -> None:
    open_to_all = summarise(
        [years["year"]], by=("mdc", "insurance_scheme"), measures=("n", "due"), scope=Scope.public()
    )
    whole = summarise(
        [years["year"]], by=("mdc", "insurance_scheme"), measures=("n", "due"), scope=Scope.everything()
    )
    gone = {number for number, _ in open_to_all.suppressed}
    assert 0 < len(gone) < len(whole.rows)
    assert open_to_all.totals == {}
    houses: dict[Any, set[str]] = defaultdict(set)
    for stay in _stays(years["year"]):
        houses[stay["mdc"], stay["insurance_scheme"]].add(stay["institution_id"])
    for number, (shown, true) in enumerate(zip(open_to_all.rows, whole.rows, strict=True)):
        if number in gone:
            assert (shown["n"], shown["due"]) == (None, None)
        else:
            assert shown == true
            assert true["n"] >= 5
            assert len(houses[true["mdc"], true["insurance_scheme"]]) >= 3


@pytest.mark.parametrize(
    "asked",
    [
        {"by": ("nothing",)},
        {"measures": ("nothing",)},
        {"by": ("drg", "drg")},
        {"by": ("drg",), "measures": ("paid",)},
        {"measures": ()},
        {"compare": "peers"},
        {"compare": "target"},
        {"compare": "now"},
        {"scope": Scope.public(), "where": (Where("month", "is", 1),)},
        {"scope": Scope.public(), "by": ("institution_id",)},
        {"scope": Scope.public(), "by": ("drg", "month", "level")},
        {"scope": Scope.public(), "compare": "previous"},
        {"scope": Scope.institution("x"), "by": ("institution_id",), "compare": "peers",
         "where": (Where("month", "is", 1),)},
        {"scope": Scope.department("x", "y"), "by": ("institution_id",), "compare": "peers"},
        {"where": (Where("person_id", "is", "1"),)},
    ],
)  # fmt: skip
def test_a_question_that_does_not_fit_is_refused(years: dict[str, Path], asked: dict[str, Any]) -> None:
    usual_question: dict[str, Any] = {"by": (), "measures": ("n",), "scope": Scope.everything()}
    with pytest.raises(DrgpayError) as caught:
        summarise([years["year"]], **(usual_question | asked))
    assert caught.value.kind is Kind.USAGE


def test_no_stay_is_counted_twice(years: dict[str, Path]) -> None:
    everything: dict[str, Any] = {"by": (), "measures": ("n",), "scope": Scope.everything()}
    for folders in (("year", "m02"), ("m02", "year"), ("m02", "m02")):
        with pytest.raises(DrgpayError):
            summarise([years[n] for n in folders], **everything)
    apart = [summarise([years[n]], **everything).totals["n"] or 0 for n in ("m02", "m03")]
    assert summarise([years["m02"], years["m03"]], **everything).totals["n"] == sum(apart)
    with pytest.raises(DrgpayError) as caught:
        summarise([years["m03"]], **everything, compare="previous")
    assert caught.value.kind is Kind.DATA


HOUSES = ("a", "b", "c", "d")
cell = st.builds(Cell, st.integers(1, 12), st.sets(st.sampled_from(HOUSES), min_size=1).map(frozenset))
tables = st.one_of(
    st.dictionaries(st.tuples(st.integers(0, 6)), cell, min_size=1, max_size=7),
    st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 4)), cell, min_size=1, max_size=16),
)


@many(134)
@given(tables, st.sampled_from([Bounds(5, 3), Bounds(5, 1), Bounds(3, 2)]))
def test_nothing_hidden_can_be_worked_out_by_subtracting(cells: dict[Any, Cell], bounds: Bounds) -> None:
    hidden = hidden_cells(cells, bounds)
    assert {key for key, one in cells.items() if not bounds.met([one])} <= hidden
    known = [
        its
        for its in _lines_of(cells)
        if bounds.met(cells[key] for key in its)  # a sum below the bounds is known to nobody
    ]
    everything_gone = len(hidden) == len(cells)
    for its in known:
        gone = [key for key in its if key in hidden]
        assert not gone or everything_gone or (len(gone) > 1 and bounds.met(cells[key] for key in gone))
    if not everything_gone:
        assert _determined(sorted(hidden), known) == []


def _lines_of(cells: Mapping[Any, Cell]) -> list[list[Any]]:
    size = len(next(iter(cells)))
    if size == 1:
        return [list(cells)]
    values = [(place, value) for place, value in product(range(size), range(8))]
    lines = [[key for key in cells if key[place] == value] for place, value in values]
    return [line for line in lines if line]


def _determined(unknown: list[Any], lines: list[list[Any]]) -> list[Any]:
    """The unknowns that the sums of the lines determine: those alone in a row of the reduced equations."""
    rows = [[Fraction(int(key in line)) for key in unknown] for line in lines]
    at = 0
    for column in range(len(unknown)):
        pivot = next((r for r in range(at, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [x / rows[at][column] for x in rows[at]]
        for r, row in enumerate(rows):
            if r != at and row[column]:
                rows[r] = [x - row[column] * y for x, y in zip(row, rows[at], strict=True)]
        at += 1
    return [unknown[row.index(1)] for row in rows if sum(map(bool, row)) == 1]


def test_every_measure_can_be_asked_for(years: dict[str, Path]) -> None:
    found = summarise([years["year"]], by=("institution_id",), measures=tuple(MEASURES), scope=Scope.everything())
    assert [c.name for c in found.columns] == ["institution_id", *MEASURES]
    assert all(c.zh != c.name and c.en for c in found.columns)
