"""The doors of runs for programs: they print nothing, end nothing, read no clock and show no whole path."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pytest

from drgpay import runs
from drgpay.engine import dataset, frame, open_parquet
from drgpay.errors import DrgpayError
from drgpay.ledger import Ledger
from drgpay.runs import LocalEngine, Order
from drgpay.runs.explain import Line
from drgpay.runs.ledgers import ledger_of
from drgpay.scheme import load
from drgpay.tables import MODE_TABLES, RESULTS

ROOM = Path(str(files("drgpay"))) / "runs"
_CALLS = {"print", "input", "exit", "quit"}
_PARTS = {
    ("date", "today"), ("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("time", "time"),
    ("time", "sleep"), ("time", "localtime"), ("sys", "exit"), ("sys", "stdout"), ("sys", "stderr"), ("sys", "argv"),
    ("os", "getcwd"), ("Path", "cwd"),
}  # fmt: skip
_MODULES = {"typer", "rich", "click", "time", "locale"}


def faults(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            found.append(f"line {node.lineno}: {node.func.id}()")
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) in _PARTS
        ):
            found.append(f"line {node.lineno}: {node.value.id}.{node.attr}")
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            found += [f"line {node.lineno}: import {n}" for n in names if n.partition(".")[0] in _MODULES]
    return found


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda p: p.relative_to(ROOM).as_posix())
def test_no_door_prints_ends_or_reads_the_clock(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    ["print(1)", "sys.exit(1)", "date.today()", "datetime.now()", "import typer", "from rich import table", "exit()"],
)
def test_the_check_sees_them(code: str) -> None:
    assert faults(code)


def _doors(place: Path, small: Path) -> dict[str, Callable[[], object]]:
    """Doors called with what is not there, or not what it should be, by whole paths."""
    engine, none, junk = LocalEngine(1), place / "none", place / "junk"
    junk.mkdir()
    (junk / "manifest.json").write_text("{", encoding="utf-8")
    (junk / "region.yaml").write_text("id: [", encoding="utf-8")
    return {
        "run": lambda: runs.run(Order(none, "demo", 2024), place / "out", engine),
        "run bad": lambda: runs.run(Order(junk, "demo", 2024), place / "out", engine),
        "run policy": lambda: runs.run(Order(small, str(none / "p.yaml"), 2024), place / "out", engine),
        "run after": lambda: runs.run(Order(small, "demo", 2024, 2, after=none), place / "out", engine),
        "run there": lambda: runs.run(Order(small, "demo", 2024), junk, engine),
        "look": lambda: runs.look(Order(none, "demo", 2024), engine),
        "plan": lambda: runs.plan(Order(none, str(none / "p.yaml"), 2024)),
        "verify": lambda: runs.verify(junk, engine),
        "verify none": lambda: runs.verify(none, engine),
        "explain": lambda: runs.explain_stay(none, "1"),
        "explain bad": lambda: runs.explain_stay(junk, "1"),
        "cell": lambda: runs.explain_cell(none, "H", "due"),
        "what-if": lambda: runs.what_if(none, engine, {}),
        "difference": lambda: runs.difference(none, junk, engine, place / "work"),
        "book": lambda: runs.book(junk),
        "seal": lambda: runs.seal_run(none, engine, by="x", on=date(2024, 1, 1)),
        "submit": lambda: runs.submit(none, none / "a.csv", "H", (2024, 1), engine),
        "submit file": lambda: runs.submit(small, none / "a.csv", "H", (2024, 1), engine),
        "history": lambda: runs.history(none, "1", engine),
        "check": lambda: runs.check_region(none, place / "out", engine),
        "evaluate": lambda: runs.evaluation_stays(none, "x", {}, engine, place / "work"),
        "oversee": lambda: runs.oversee(none, small, place / "out", engine),
        "bench": lambda: runs.bench(none, small, junk),
        "same": lambda: runs.same_tables(none, junk, engine),
        "read": lambda: runs.read_region(junk),
    }


def test_no_door_shows_a_whole_path(small_region: Path, tmp_path: Path) -> None:
    for name, door in _doors(tmp_path, small_region).items():
        with pytest.raises(DrgpayError) as failure:
            door()
        assert str(tmp_path) not in str(failure.value), name
        assert str(small_region) not in str(failure.value), name


def _row_of(run: Path, line: Line) -> list[dict[str, object]]:
    """The rows of the table a line names that have its key."""
    table = next(t for t in (*RESULTS, *MODE_TABLES) if t.name == line.table)
    rows = frame(pa.concat_tables([open_parquet(p).read() for p in dataset(run / "tables", table).paths])).to_dicts()
    return [row for row in rows if "/".join(str(row[name]) for name in table.key) == line.key]


def test_every_line_of_a_stay_can_be_followed(small_run: Path) -> None:
    """Its table has the row of its key, its rule is one of the scheme, its parameter has the source of the policy."""
    sections, sources = runs.explain_stay(small_run, runs.first_stay(small_run))
    lines = [line for section in sections for line in section.lines]
    assert {line.table for line in lines} >= {
        "grouped",
        "base_groups",
        "coefficients",
        "case_points",
        "pools",
        "stay_payments",
    }
    for line in {(line.table, line.key): line for line in lines if line.table}.values():
        assert len(_row_of(small_run, line)) == 1, line
    scheme = load("chs-drg-1.1")
    groups = {group.code for some in (scheme.mdcs, scheme.adrgs, scheme.drgs) for group in some}
    known = groups | {*sections[0].lines[6].value.split(" | ")}
    rules = [line.rule.partition("/") for line in lines if line.rule.startswith(scheme.id)]
    assert rules
    assert [code for _, _, code in rules if code not in known] == []
    assert all(line.source == (sources[line.parameter]["source"] or sources[line.parameter]["notice"])
               for line in lines if line.parameter in sources)  # fmt: skip
    assert any(line.source for line in lines)


def test_every_entry_of_a_figure_is_in_the_ledger(small_run: Path) -> None:
    house = next(iter(runs.names_of_run(small_run)))
    sections, _ = runs.explain_cell(small_run, house, "due")
    lines = [line for section in sections for line in section.lines]
    entries = {entry.entry_id: entry for entry in Ledger.read(small_run / runs.LEDGER)}
    told = [line for line in lines if line.entry]
    assert len(told) >= 12
    assert all(entries[line.entry].institution_id == house for line in told)
    assert {line.table for line in lines if line.table} == {"statements", "pools", "stay_payments"}
    assert all(len(_row_of(small_run, line)) == 1 for line in lines if line.table in ("statements", "pools"))


def test_a_ledger_is_verified_once(small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is known again by its bytes; another byte, and it is verified."""
    run, read, made = tmp_path / "run", Ledger.read, []
    run.mkdir()
    text = (small_run / runs.LEDGER).read_text(encoding="utf-8")
    (run / runs.LEDGER).write_text(text + "\n", encoding="utf-8")
    monkeypatch.setattr(Ledger, "read", lambda path: made.append(path) or read(path))
    with pytest.raises(DrgpayError):
        ledger_of(run)
    (run / runs.LEDGER).write_text(text, encoding="utf-8")
    before = len(made)
    assert ledger_of(run).head == ledger_of(run).head
    assert len(made) <= before + 1
    (run / runs.LEDGER).write_text(text.replace("month_due", "month_duo", 1), encoding="utf-8")
    with pytest.raises(DrgpayError):
        ledger_of(run)
    (run / runs.LEDGER).unlink()
    with pytest.raises(DrgpayError):
        ledger_of(run)
