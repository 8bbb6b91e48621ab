"""Schemes that are brought to an office: built once, never replaced, found everywhere; what they change on stays."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from drgpay import runs, scheme
from drgpay.errors import DrgpayError
from drgpay.samples import make_region
from drgpay.scheme import package
from drgpay.steps.grouping import group_batch
from drgpay.tables import STAYS
from support.engines import usual

OVERLAY = """id: yun-drg-1
title: 云州市分组方案
base: chs-drg-1.1
document: 云医保〔2024〕1号
changes:
  - {drop: ADRG}
"""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_region(
        tmp_path_factory.mktemp("own") / "region", stays=300, institutions=2, years=(2023, 2024)
    ).folder


def groups(region: Path, name: str) -> list[tuple[str, str]]:
    """Institution and group of every stay of 2024, file by file."""
    found = []
    for path in sorted((region / "stays" / "2024").glob("*.parquet")):
        for batch in pq.read_table(path).cast(STAYS.schema).unify_dictionaries().combine_chunks().to_batches():
            drgs = group_batch(scheme.load(name), batch).column("drg").to_pylist()
            found += list(zip(batch.column("institution_id").to_pylist(), drgs, strict=True))
    return found


def test_a_scheme_is_built_found_and_moves_the_stays_it_says(
    region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "_kept_at", [])
    before = groups(region, "chs-drg-1.1")
    adrg = Counter(str(drg)[:3] for _, drg in before if drg).most_common(1)[0][0]
    file, place, work = tmp_path / "draft.yaml", tmp_path / "schemes", tmp_path / "work"
    work.mkdir()
    file.write_text(OVERLAY.replace("ADRG", adrg), encoding="utf-8")
    made = runs.build_scheme(file, place)
    assert (made.id, made.title, made.base) == ("yun-drg-1", "云州市分组方案", "chs-drg-1.1")
    assert [path.name for path in place.iterdir()] == ["yun-drg-1"], "no draft is left"
    with pytest.raises(DrgpayError) as found:
        scheme.load("yun-drg-1")
    assert "there is no scheme" in found.value.en
    runs.keep_schemes_at(lambda: place)
    assert "yun-drg-1" in {one.id for one in runs.scheme_names()}

    after = groups(region, "yun-drg-1")
    said = runs.regrouped(region, 2024, "chs-drg-1.1", "yun-drg-1", usual(2), work)
    moved = Counter((a, b) for (_, a), (_, b) in zip(before, after, strict=True) if a != b)
    assert (said.n, said.changed) == (len(before), sum(moved.values()))
    assert said.changed > 0
    assert {(one["drg_a"], one["drg_b"]): one["n"] for one in said.groups} == moved
    by_house = Counter(house for house, _ in before)
    changed = Counter(h for (h, a), (_, b) in zip(before, after, strict=True) if a != b)
    assert {one["institution_id"]: (one["n"], one["changed"]) for one in said.institutions} == {
        house: (n, changed[house]) for house, n in by_house.items()
    }


def test_none_is_replaced_and_what_is_wrong_is_named_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_kept_at", [])
    file, place = tmp_path / "draft.yaml", tmp_path / "schemes"
    file.write_text(OVERLAY.replace("ADRG", "BR1"), encoding="utf-8")
    runs.build_scheme(file, place)
    was = sorted(path.read_bytes() for path in (place / "yun-drg-1").iterdir() if path.is_file())
    file.write_text(OVERLAY.replace("ADRG", "BR2"), encoding="utf-8")
    with pytest.raises(DrgpayError) as found:
        runs.build_scheme(file, place)
    assert found.value.value == "yun-drg-1"
    assert sorted(path.read_bytes() for path in (place / "yun-drg-1").iterdir() if path.is_file()) == was
    file.write_text(OVERLAY.replace("yun-drg-1", "yun-drg-2").replace("ADRG", "XX9"), encoding="utf-8")
    with pytest.raises(DrgpayError) as found:
        runs.build_scheme(file, place)
    assert "XX9" in found.value.text()
    assert [path.name for path in place.iterdir()] == ["yun-drg-1"]
