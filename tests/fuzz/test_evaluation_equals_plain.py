"""Indicators of random small areas equal a plain reference at every level; cuts and labels change nothing."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.steps import evaluation as ev
from drgpay.tables import FIGURES
from support.engines import usual
from support.evaluations import World, entities, facts_of, make_world, plain
from support.examples import many

_CODES = {"area": (), "level": ("level",), "institution": ("institution_id",), "group": ("drg",),
          "department": ("institution_id", "department_id"), "doctor": ("institution_id", "doctor_id")}  # fmt: skip
_ROUNDED = ("cost_index", "time_index")
"""a group's term is rounded to 1/10⁸ of a stay"""


def _figures(world: World, parts: int = 2, threads: int = 2, label: str = "") -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        facts = facts_of(world, place / "tables", parts, label)
        (place / "work").mkdir()
        sums = ev.collect(usual(threads), facts, ev.registry().settings, place / "work")
        return ev.figures(sums, ev.registry())


@many(3)
@given(st.integers(0, 10**6), st.integers(1, 70))
def test_every_indicator_of_everybody_equals_the_plain_reference(seed: int, count: int) -> None:
    world = make_world(random.Random(seed), count)
    if not world.of_year():
        return
    rows = _figures(world)
    FIGURES.of(rows)
    found: dict[Any, dict[str, Fraction]] = defaultdict(dict)
    for row in rows:
        if row["numerator"] is not None:
            key = (row["scope"], tuple(row[c] for c in _CODES[row["scope"]]))
            found[key][row["indicator"]] = Fraction(row["numerator"], row["denominator"])
    for key, belongs in entities(world).items():
        for name, value in plain(world, key, belongs).items():
            own = found[key].get(name)
            if own is None and not any(belongs(s) for s in world.stays) and not found[key]:
                continue  # an institution nobody visited
            if own is None and value == 0 and name in ("stays", "drg_count", "adrg_count", "mdc_count", "visits"):
                continue
            if name in _ROUNDED and value is not None and own is not None:
                assert abs(own - value) < Fraction(1, 10**6), (key, name)
            else:
                assert own == value, (key, name)


@many(1)
@given(st.integers(0, 10**6))
def test_files_threads_and_labels_change_nothing_but_labels(seed: int) -> None:
    world = make_world(random.Random(seed), 40)
    first = _figures(world)
    assert _figures(world, parts=3, threads=1) == first
    shuffled = replace(world, stays=random.Random(seed + 1).sample(world.stays, len(world.stays)))
    assert _figures(shuffled) == first
    named = _figures(world, label="Z")
    assert [r | {"institution_id": r["institution_id"].removeprefix("Z")} for r in named] == first


@pytest.mark.parametrize("name", ["mortality", "readmit_31", "cmi", "drug_share", "high_rate", "visits_per_head",
                                  "cost_index", "surgery_share"])  # fmt: skip
def test_the_listed_stays_add_up_to_the_figure(name: str, tmp_path: Path) -> None:
    world = make_world(random.Random(5), 400)
    facts = facts_of(world, tmp_path / "tables")
    (tmp_path / "work").mkdir()
    engine, registry = usual(1), ev.registry()
    sums = ev.collect(engine, facts, registry.settings, tmp_path / "work")
    rows = {
        (r["indicator"], r["institution_id"]): r for r in ev.figures(sums, registry) if r["scope"] == "institution"
    }
    for h in ("H1", "H3"):
        listed = ev.stays_of(engine, sums, registry, registry.indicators[name], {"institution_id": h})
        row = rows[name, h]
        slack = listed.height if name in _ROUNDED else 0  # each stay's term is rounded by itself
        assert abs(listed["numerator"].sum() - (row["numerator"] or 0)) <= slack
        if not registry.indicators[name].interval:
            assert listed["denominator"].sum() == row["denominator"]
        assert set(listed["institution_id"]) <= {h}


@pytest.mark.parametrize("published", [True, False])
def test_without_base_points_the_published_weights_stand(published: bool, tmp_path: Path) -> None:
    facts = facts_of(make_world(random.Random(3), 60), tmp_path / "tables")
    facts = replace(facts, groups=facts.groups.clear(), weights={"FR23": 25 * 10**8} if published else {})
    (tmp_path / "work").mkdir()
    sums = ev.collect(usual(1), facts, ev.registry().settings, tmp_path / "work")
    rows = {r["indicator"]: r for r in ev.figures(sums, ev.registry()) if r["scope"] == "area"}
    assert rows["cmi"]["value"] is None
    assert "base points" in rows["cmi"]["absent_en"]
    for name in ("heavy_share", "cost_per_weight", "cmi_weight"):
        assert (rows[name]["value"] is not None) == published, name
    assert rows["cost_index"]["value"] == 10_000  # the area against itself
