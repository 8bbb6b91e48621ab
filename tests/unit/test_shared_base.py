"""R44: base points of a city from the stays of several areas, and each area's own point value."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from drgpay import samples
from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import load
from drgpay.runs import BaseOrder, Order, run, run_base, seal_run, verify, what_if
from drgpay.runs.manifest import TABLES
from drgpay.runs.shared_base import BASE, read_base
from drgpay.steps import points
from drgpay.tables import BASE_GROUPS, COEFFICIENTS, POOLS
from support.command import drgpay
from support.engines import usual

SHOWN = ("drg", "n", "mean_cost", "cv", "stable", "base_points", "high_multiple", "basic")
FACTS = ("n", "own_cost", "own_expected", "level_cost", "level_expected", "unbounded", "value", "bound")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two areas; a third one that is both together; the base of the two; a year of the first, and of both."""
    folder = tmp_path_factory.mktemp("areas")
    samples.make_region(folder / "east", stays=2400, seed=5, institutions=3)
    samples.make_region(folder / "west", stays=1600, seed=9, institutions=2, area=2)
    together(folder)
    run_base(BaseOrder((folder / "east", folder / "west"), "demo", 2024), folder / "base", usual())
    for name, base in (("east", folder / "base"), ("both", None)):
        run(Order(folder / name, "demo", 2024, base=base), folder / f"{name}-year", usual())
    return folder


def together(folder: Path) -> None:
    both = shutil.copytree(folder / "east", folder / "both")
    text = (folder / "west" / "institutions.csv").read_text(encoding="utf-8").split("\n", 1)[1]
    with (both / "institutions.csv").open("a", encoding="utf-8") as file:
        file.write(text)
    for part in sorted((folder / "west" / "stays").rglob("*.parquet")):
        rows = pl.read_parquet(part).with_columns(stay_id=pl.lit("W") + pl.col("stay_id"))
        rows.write_parquet(both / "stays" / part.parent.name / f"west-{part.name}")


def test_base_points_are_those_of_all_stays_together(home: Path) -> None:
    shared, both = (read_table(home / name / TABLES, BASE_GROUPS).select(SHOWN) for name in ("base", "both-year"))
    assert shared.equals(both)
    assert read_table(home / "east-year" / TABLES, BASE_GROUPS).select(SHOWN).equals(shared)


def test_coefficients_compare_with_the_whole_city(home: Path) -> None:
    own, whole = (read_table(home / f"{name}-year" / TABLES, COEFFICIENTS) for name in ("east", "both"))
    key = ("institution_id", "component")
    here = own["institution_id"].unique().to_list()
    assert len(here) == 3
    assert (
        own.select(*key, *FACTS)
        .sort(key)
        .equals(whole.filter(pl.col("institution_id").is_in(here)).select(*key, *FACTS).sort(key))
    )


def test_every_area_finds_its_own_point_value_and_can_be_verified(home: Path) -> None:
    values = {name: read_table(home / f"{name}-year" / TABLES, POOLS)["point_value"] for name in ("east", "both")}
    assert not values["east"].equals(values["both"])
    said = read_manifest(home / "east-year")["shared_base"]
    assert said["areas"] == ["sample-5-2400", "sample-9-1600-02"]
    assert all(check.ok for check in verify(home / "east-year", usual()))
    assert all(check.ok for check in verify(home / "base", usual()))


def test_without_its_base_a_run_is_not_made_again(home: Path, tmp_path: Path) -> None:
    alone = shutil.copytree(home / "east-year", tmp_path / "alone" / "year")
    failed = [check.failure for check in verify(alone, usual()) if not check.ok]
    assert len(failed) == 1
    assert "共用基期" in failed[0]


def test_a_book_goes_on_with_the_base_of_its_first_link(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "base", tmp_path / "base")
    shutil.copytree(home / "east", tmp_path / "east")
    first = run(Order(tmp_path / "east", "demo", 2024, 1, base=tmp_path / "base"), tmp_path / "m01", usual())
    seal_run(first, usual(), by="张三", on=date(2024, 2, 20))
    second = run(Order(tmp_path / "east", "demo", 2024, 2, after=first), tmp_path / "m02", usual())
    assert read_manifest(second)["shared_base"] == read_manifest(first)["shared_base"]
    assert read_table(second / TABLES, COEFFICIENTS).equals(read_table(home / "east-year" / TABLES, COEFFICIENTS))
    other = run_base(BaseOrder((tmp_path / "east",), "demo", 2024), tmp_path / "other", usual())
    with pytest.raises(DrgpayError, match="不能更换基期"):
        run(Order(tmp_path / "east", "demo", 2024, 2, after=first, base=other), tmp_path / "m02b", usual())


def test_what_if_keeps_the_shared_base(home: Path) -> None:
    less = what_if(home / "east-year", usual(), {"settlement.monthly_pay_ratio": "0.9"})
    assert less.run["year"] == 2024
    with pytest.raises(DrgpayError, match="共用") as error:
        what_if(home / "east-year", usual(), {"points.max_cv": "0.5"})
    assert error.value.field == "points.max_cv"


@pytest.mark.parametrize(
    ("name", "policy", "year", "zh", "field"),
    [
        ("both", "demo", 2024, "不在共用基期中", "--base"),
        ("east", "demo", 2025, "不一致", "year"),
        ("east", "national", 2024, "不一致", "scheme"),
    ],
)
def test_an_area_that_does_not_fit_is_refused(
    home: Path, tmp_path: Path, name: str, policy: str, year: int, zh: str, field: str
) -> None:
    region = home / name
    if name == "both":
        region = shutil.copytree(home / "both", tmp_path / "other")
        (region / "region.json").write_text('{"id": "other"}', encoding="utf-8")
    with pytest.raises(DrgpayError, match=zh) as error:
        run(Order(region, policy, year, base=home / "base"), tmp_path / "run", usual())
    assert (error.value.kind, error.value.field) == (Kind.POLICY, field)
    assert not (tmp_path / "run").exists()


def test_areas_that_do_not_go_together_are_named(home: Path, tmp_path: Path) -> None:
    def refused(*regions: Path) -> DrgpayError:
        with pytest.raises(DrgpayError) as error:
            run_base(BaseOrder(regions, "demo", 2024), tmp_path / "base", usual())
        assert not (tmp_path / "base").exists()
        return error.value

    assert "统筹区出现两次" in refused(home / "east", home / "east").zh
    twice = shutil.copytree(home / "west", tmp_path / "twice")
    with (twice / "institutions.csv").open("a", encoding="utf-8") as file:
        file.write("H99990100001,又一家,secondary,\n")
    assert "机构出现两次" in refused(home / "east", twice).zh
    short = shutil.copytree(home / "west", tmp_path / "short")
    shutil.rmtree(short / "stays" / "2021")
    wrong = refused(home / "east", short)
    assert "没有病例" in wrong.zh
    assert wrong.value == "2021"


def test_a_base_that_was_changed_is_refused(home: Path, tmp_path: Path) -> None:
    base = shutil.copytree(home / "base", tmp_path / "base")
    rows = read_table(base / TABLES, BASE_GROUPS).with_columns(pl.col("base_points") + 1)
    (base / TABLES / "base_groups.parquet").unlink()
    rows.write_parquet(base / TABLES / "base_groups.parquet")
    with pytest.raises(DrgpayError, match="已被改动"):
        read_base(base)


def test_the_law_of_a_base_is_all_that_a_base_period_asks() -> None:
    asked: set[str] = set()
    law = load("demo", on=date(2024, 1, 1))

    class Asking:
        def __getattr__(self, name: str) -> object:
            method = getattr(law, name)

            def ask(parameter: str) -> object:
                asked.add(parameter)
                return method(parameter)

            return ask

    empty = pl.DataFrame(schema={"drg": pl.String, **dict.fromkeys(("n", "cost", "q2", "q1", "q0"), pl.Int64)})
    its = points.base
    its.trim_limits({(2021, "A"): (2, 200)}, Asking())
    its.is_stable(9, 9, 9, Asking())
    its._groups(empty, {}, 1, Asking(), lambda drgs: {}, ())
    assert asked <= {*points.BASE_LAW, "coefficient.basic_groups"}
    assert BASE == "base"


def test_the_command_takes_areas_as_they_are_named(home: Path, tmp_path: Path) -> None:
    done = drgpay("run", "base", "--regions", home / "east", home / "west", "--policy", "demo", "--year", 2024,
                  "-o", tmp_path / "base")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 个统筹区" in done.stdout
    again = read_table(tmp_path / "base" / TABLES, BASE_GROUPS)
    assert again.equals(read_table(home / "base" / TABLES, BASE_GROUPS))
    assert drgpay("run", "base", "--year", 2024, "-o", tmp_path / "none").returncode == 2
