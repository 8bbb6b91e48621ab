"""docs/office/cases.md names every kind of case with its papers; its registers are there, and so are its proofs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|\n ").split(" | ")]
    for line in (ROOT / "docs/office/cases.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and "---" not in line
][1:]


def test_every_kind_of_case_is_told_once_with_its_papers() -> None:
    from drgpay_web import flow
    from drgpay_web.ui import w

    said: dict[str, set[str]] = {}
    papers: dict[str, set[str]] = {}
    for rules in flow.machines():
        name = f"{w(rules.words, 'zh')} {w(rules.words, 'en')}"
        said.setdefault(name, set()).add(rules.name)
        papers.setdefault(name, set()).update(w(f"{rules.words}.paper.{one.name}", "zh") for one in rules.papers)
    named = [name for row in ROWS for name in row[0].split(", ")]
    assert sorted(named) == sorted(said)
    for row in ROWS:
        there = set().union(*(papers[name] for name in row[0].split(", ")))
        assert set(row[3].split(", ")) - {"–"} == there, row[0]


def test_registers_are_there() -> None:
    from drgpay.tables import BATCHES
    from drgpay_web import store

    there = {kept.table.name for kept in store.kept_tables()} | {BATCHES.name}
    for row in ROWS:
        assert set(re.findall(r"`(\w+)`", row[1])) <= there, row[0]


@pytest.mark.parametrize("row", ROWS, ids=[row[0].split(" ")[0] for row in ROWS])
def test_its_proofs_are_there(row: list[str]) -> None:
    proofs = re.findall(r"`([\w/.]+)::(\w+)`", row[4])
    assert proofs
    for file, name in proofs:
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert re.search(rf"^ *def {name}\(", text, re.MULTILINE), f"{file}::{name}"
