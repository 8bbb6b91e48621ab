"""A region as an office finds it in spring: nothing is known later, and the last month lies with the hospitals."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from drgpay import runs
from drgpay.policy import load
from drgpay.samples import OfficeSample, make_office_sample
from drgpay.samples.office import DAY


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> OfficeSample:
    return make_office_sample(tmp_path_factory.mktemp("office") / "sample", stays=3_000, institutions=3)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def dates(sample: OfficeSample) -> Iterator[tuple[str, str]]:
    for path in sample.region.glob("*.csv"):
        for row in rows(path):
            yield from ((path.name, row[name]) for name in ("recorded_on", "received_on") if row.get(name))


def test_nothing_is_known_later(sample: OfficeSample) -> None:
    found = list(dates(sample))
    assert found
    assert [one for one in found if one[1] > DAY.isoformat()] == []
    stays = pl.read_parquet(sample.region / "stays" / str(DAY.year) / "*.parquet")
    assert stays["discharge_date"].max() < date(DAY.year, DAY.month - 1, 1)
    received = {row["file"] for row in rows(sample.region / "batches.csv")}
    there = {str(path.relative_to(sample.region)) for path in sample.region.glob("batches/*/received/*.csv")}
    assert received == there
    assert runs.read_region(sample.region).identity["id"].startswith("sample-")


def test_the_files_of_the_last_month_are_fine_and_one_has_a_spoiled_twin(
    sample: OfficeSample, tmp_path: Path
) -> None:
    def checked(file: Path, house: str) -> Any:
        month = (DAY.year, DAY.month - 1)
        return runs.check_upload(
            file, work=tmp_path / file.parent.name, engine=runs.LocalEngine(1), institution=house, month=month,
            region=sample.region,
        )  # fmt: skip

    house = min(sample.files)
    fine, spoiled = checked(sample.files[house], house), checked(sample.spoiled, house)
    assert (fine.rejected, fine.blocks) == (0, 0)
    assert spoiled.rejected == 6
    assert spoiled.rows == fine.rows + 1
    assert [head.header for head in spoiled.heads if not head.field] == ["主任工号"]
    assert sum(len(rows(file)) for file in sample.files.values()) > 10


def test_the_practice_of_the_year_before_is_law_in_it(sample: OfficeSample) -> None:
    law = load(str(sample.practice), on=date(DAY.year - 1, 12, 31), known_on=date(DAY.year - 1, 1, 1))
    years = [one.year for one in law.years("points.base_years")]
    assert years == [DAY.year - 4, DAY.year - 3, DAY.year - 2]


def test_made_again_it_stays(sample: OfficeSample) -> None:
    again = make_office_sample(sample.region.parent, stays=3_000, institutions=3)
    assert again == sample
