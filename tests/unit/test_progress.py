"""How far a run is, under a plan known before, and stopping it: nothing of it is left."""

from __future__ import annotations

import ast
import pickle
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from drgpay.errors import Kind
from drgpay.runs import LocalEngine, Order, Progress, Stopped, check_region, plan, run, same_tables, working
from drgpay.words import pass_word, step_words

PACKAGE = Path(str(files("drgpay")))


@pytest.fixture(scope="module")
def order(small_region: Path) -> Order:
    return Order(small_region, "demo", 2024)


def test_a_run_goes_through_its_plan(order: Order, small_run: Path, tmp_path: Path) -> None:
    said: list[Progress] = []
    run(order, tmp_path / "run", LocalEngine(1), progress=said.append)
    steps = plan(order)
    assert {p.of for p in said} == {len(steps)}
    assert [(zh, en) for zh, en in dict.fromkeys((p.zh, p.en) for p in said)] == [(s.zh, s.en) for s in steps]
    assert said == sorted(said, key=lambda p: (p.step, p.fraction))
    assert (said[0].step, said[0].fraction) == (1, 0)
    assert (said[-1].step, said[-1].fraction) == (len(steps), 1)
    assert any(0 < p.fraction < 1 for p in said)
    assert all(table.ok for table in same_tables(tmp_path / "run", small_run, LocalEngine(1)))


def test_only_a_practice_with_modes_plans_them(order: Order) -> None:
    assert [step.name for step in plan(order)] == list(step_words())
    assert "modes" not in [step.name for step in plan(replace(order, policy="hospital-prepay"))]


@pytest.mark.parametrize("at", [0.0, 0.45, *(pytest.param(at, marks=pytest.mark.slow) for at in (0.2, 0.7, 0.999))])
def test_a_run_that_is_stopped_leaves_nothing(order: Order, tmp_path: Path, at: float) -> None:
    """Stopped at the first question, between steps, within one, and at the very end."""
    asked = 0

    def count() -> bool:
        nonlocal asked
        asked += 1
        return asked > limit

    if at == 0:
        limit = 0
    else:
        limit = 10**9
        run(order, tmp_path / "whole", LocalEngine(1), should_stop=count)
        limit, asked = int(asked * at), 0
    with pytest.raises(Stopped) as stopped:
        run(order, tmp_path / "deep" / "run", LocalEngine(2), should_stop=count)
    assert (stopped.value.kind, asked) == (Kind.STOPPED, limit + 1)
    assert not (tmp_path / "deep").exists()


def test_a_run_that_is_stopped_goes_on_with_resume(order: Order, small_run: Path, tmp_path: Path) -> None:
    reached: list[str] = []

    def progress(p: Progress) -> None:
        reached.append(p.en)

    with pytest.raises(Stopped):
        run(order, tmp_path / "run", LocalEngine(1), resume=True, progress=progress,
            should_stop=lambda: "points of the stays" in reached)  # fmt: skip
    said: list[str] = []
    run(order, tmp_path / "run", LocalEngine(1), resume=True, say=lambda zh, en: said.append(en))
    assert said == ["going on after the last complete step"]
    assert all(table.ok for table in same_tables(tmp_path / "run", small_run, LocalEngine(1)))


def test_what_stopped_travels_between_processes() -> None:
    again = pickle.loads(pickle.dumps(Stopped()))
    assert isinstance(again, Stopped)
    assert again.kind is Kind.STOPPED


def test_any_other_work_is_told_and_stopped(small_region: Path, tmp_path: Path) -> None:
    said: list[Progress] = []
    with working(said.append):
        check_region(small_region, tmp_path / "checked", LocalEngine(1))
    assert [p.zh for p in said if p.fraction == 1][:2] == ["校验", "同一人员比对"]
    assert {p.of for p in said} == {0}
    with pytest.raises(Stopped), working(should_stop=lambda: True):
        check_region(small_region, tmp_path / "again", LocalEngine(1))
    assert not (tmp_path / "again").exists()


def test_every_pass_has_a_chinese_name() -> None:
    """Every label that code gives to a pass is in the table of steps."""
    labels = set()
    for path in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) >= 4
            if named and call.func.attr in ("map", "sum", "map_by"):
                last = call.args[-1]
                label = last.values[0] if isinstance(last, ast.JoinedStr) else last
                labels |= {str(label.value)} if isinstance(label, ast.Constant) else set()
    assert "pay stays" in labels
    assert [label for label in sorted(labels) if pass_word(f"{label} 7", "zh") == f"{label} 7"] == []
