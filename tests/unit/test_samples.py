"""Synthetic regions: whole, plausible, and the same bytes for the same seed."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.samples import RegionSummary, default_institutions, make_region
from drgpay.samples.plan import weights_of
from drgpay.scheme import load
from drgpay.steps.grouping import group_batch
from drgpay.tables import GRADES, PERSONS, STAYS
from drgpay.units import parse_fen

SCHEME = "chs-drg-1.1"
YEARS = (2023, 2024)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> RegionSummary:
    """Two years of two blocks each: what differs between blocks and between years shows here."""
    return make_region(tmp_path_factory.mktemp("samples") / "region", stays=140_000, years=YEARS, institutions=30)


@pytest.fixture(scope="module")
def stays(region: RegionSummary) -> pl.DataFrame:
    """The stays, grouped, codes as text."""
    frames = []
    for path in sorted((region.folder / "stays").rglob("*.parquet")):
        for batch in pq.read_table(path).to_batches():
            frame = pl.from_arrow(pa.Table.from_batches([batch]))
            assert isinstance(frame, pl.DataFrame)
            drg = pl.from_arrow(group_batch(load(SCHEME), batch).column("drg"))
            frames.append(frame.with_columns(pl.col(pl.Categorical).cast(pl.String), drg=drg.cast(pl.String)))
    return pl.concat(frames)


def _csv(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        make_region(tmp_path / name, stays=3_000, seed=seed, institutions=5)
    first, again, other = (_digests(tmp_path / name) for name in "abc")
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first if not name.startswith(("institutions", "grades")))


def test_every_part_is_what_the_dictionary_says(region: RegionSummary) -> None:
    parts = sorted((region.folder / "stays").rglob("*.parquet"))
    assert [p.relative_to(region.folder).as_posix() for p in parts] == [
        f"stays/{year}/part-00000.parquet" for year in YEARS
    ]
    for path in parts:
        file = pq.ParquetFile(path)
        assert file.schema_arrow.equals(STAYS.schema)
        assert file.metadata.row_group(0).num_rows == 65_536
        for number in range(file.num_row_groups):
            STAYS.check(file.read_row_group(number))
    for path in (region.folder / "persons").glob("*.parquet"):
        PERSONS.check(pq.read_table(path))


def test_stays_lead_to_groups_and_about_two_per_cent_do_not(stays: pl.DataFrame) -> None:
    ungrouped = stays.filter(pl.col("drg") == "0000").height / stays.height
    assert 0.012 < ungrouped < 0.03
    assert stays["drg"].n_unique() > 540
    common = stays["drg"].value_counts(sort=True)["count"]
    assert common[:20].sum() > 0.3 * stays.height


def test_counts_and_ids(region: RegionSummary, stays: pl.DataFrame) -> None:
    assert stays.height == region.stays == 140_000
    assert stays["stay_id"].n_unique() == stays.height
    of_year = stays.group_by(stays["discharge_date"].dt.year()).len().sort("discharge_date")["len"]
    assert of_year[1] > of_year[0]


def test_winter_is_busy_and_february_is_not(stays: pl.DataFrame) -> None:
    month = dict(stays.group_by(stays["discharge_date"].dt.month().alias("m")).len().iter_rows())
    mean = stays.height / 12
    assert month[1] > 1.04 * mean
    assert month[12] > 1.04 * mean
    assert month[2] < 0.92 * mean


def test_two_insurance_schemes_and_what_patients_pay(stays: pl.DataFrame) -> None:
    assert 0.35 < (stays["insurance_scheme"] == "employee").mean() < 0.46
    money = stays.group_by("insurance_scheme").agg(pl.col("personal_paid", "total_cost").sum())
    shares = dict(zip(money["insurance_scheme"], money["personal_paid"] / money["total_cost"], strict=True))
    assert 0.2 < shares["employee"] < shares["resident"] < 0.45
    assert (stays["personal_paid"] + stays["fund_by_item"] <= stays["total_cost"]).all()
    assert 0.001 < (stays["fund_by_item"] == 0).mean() < 0.01


def test_budgets_fall_a_little_short_of_the_expected_cost(region: RegionSummary, stays: pl.DataFrame) -> None:
    rows = _csv(region.folder, "budgets")
    assert [(r["year"], r["insurance_scheme"]) for r in rows] == [
        (str(y), s) for y in YEARS for s in ("employee", "resident")
    ]
    now = stays.filter(pl.col("discharge_date").dt.year() == YEARS[-1])
    for row in rows[-2:]:
        cost = now.filter(pl.col("insurance_scheme") == row["insurance_scheme"])["fund_by_item"].sum()
        assert cost == region.fund_by_item[row["insurance_scheme"]]
        assert 0.969 < parse_fen(row["drg_budget"]) * 0.95 / cost < 0.991
        assert parse_fen(row["revenue"]) > parse_fen(row["drg_budget"])


def test_registers_know_everybody_and_have_chinese_names(region: RegionSummary, stays: pl.DataFrame) -> None:
    for name, key in (
        ("institutions", ["institution_id"]),
        ("departments", ["institution_id", "department_id"]),
        ("doctors", ["institution_id", "department_id", "doctor_id"]),
    ):
        register = pl.DataFrame(_csv(region.folder, name))
        assert stays.join(register, on=key, how="anti").is_empty()
        assert register["name"].str.contains(r"^[\u4e00-\u9fff]{2,}$").all()
    assert register["doctor_id"].is_unique().all()
    institutions = pl.DataFrame(_csv(region.folder, "institutions"))
    assert institutions["institution_id"].n_unique() == institutions["name"].n_unique() == 30
    assert set(institutions["level"]) == {"tertiary", "secondary", "primary"}
    grades = _csv(region.folder, "grades")
    assert [g["institution_id"] for g in grades] == institutions["institution_id"].to_list()
    assert {g["grade"] for g in grades} == set(GRADES)
    evidence = _csv(region.folder, "overspend_evidence")
    assert evidence
    assert all(parse_fen(e["amount"]) > 0 for e in evidence)


def test_a_person_is_one_person_everywhere(region: RegionSummary, stays: pl.DataFrame) -> None:
    parts = [pl.read_parquet(p) for p in sorted((region.folder / "persons").glob("*.parquet"))]
    persons = pl.concat(parts).with_columns(pl.col(pl.Categorical).cast(pl.String))
    both = stays.join(persons, on="person_id", suffix="_there")
    assert both.height == stays.height
    assert (both["sex"] == both["sex_there"]).all()
    assert (both["insurance_scheme"] == both["insurance_scheme_there"]).all()
    born, came = both["birth_date"], both["admission_date"]
    birthday_to_come = came.dt.strftime("%m%d") < born.dt.strftime("%m%d")
    assert (both["age"] == came.dt.year() - born.dt.year() - birthday_to_come.cast(pl.Int32)).all()
    infants = both.filter(pl.col("age_days").is_not_null())
    assert (infants["age"] == 0).all()
    assert ((infants["admission_date"] - infants["birth_date"]).dt.total_days() == infants["age_days"]).all()


def test_stays_of_a_person_follow_each_other_and_end_with_death(stays: pl.DataFrame) -> None:
    ordered = stays.sort("person_id", "admission_date").with_columns(
        gap=(pl.col("admission_date") - pl.col("discharge_date").shift().over("person_id")).dt.total_days(),
        dead=(pl.col("discharge_way") == 5).shift().over("person_id"),
    )
    assert ordered["gap"].min() >= 1  # type: ignore[operator]
    assert not ordered["dead"].any()
    assert 0.001 < (stays["discharge_way"] == 5).mean() < 0.02
    assert 0.02 < (ordered["gap"] <= 15).mean() * ordered["gap"].count() / stays.height < 0.1
    year = stays["discharge_date"].dt.year()
    assert (stays["admission_date"].dt.year() == year).all()
    per_year = stays.group_by("person_id", year).agg(n=pl.len())["n"]
    assert per_year.max() == 6
    assert 0.08 < (per_year >= 2).mean() < 0.25


def test_groups_have_their_patients(stays: pl.DataFrame) -> None:
    births = stays.filter(pl.col("drg").str.starts_with("O"))
    assert births["sex"].unique().to_list() == ["female"]
    assert births["age"].is_between(18, 45).all()
    newborn = stays.filter(pl.col("drg").str.starts_with("PU"))
    assert newborn["age_days"].is_between(0, 28).all()
    assert newborn["birth_weight"].is_between(2_500, 4_200).all()
    assert stays.filter(pl.col("drg") == "CB39")["age"].median() > 60  # type: ignore[operator]
    assert stays.filter(pl.col("drg").str.starts_with("EX2"))["age"].median() < 15  # type: ignore[operator]
    assert (stays["dx"].list.len() == stays["dx"].list.n_unique()).all()
    assert stays["dx"].list.len().max() <= 9  # type: ignore[operator]


def test_big_hospitals_treat_the_heavy_cases(region: RegionSummary, stays: pl.DataFrame) -> None:
    institutions = pl.DataFrame(_csv(region.folder, "institutions"))
    cost = dict(
        stays.join(institutions, on="institution_id").group_by("level").agg(pl.col("total_cost").mean()).iter_rows()
    )
    assert cost["tertiary"] > cost["secondary"] > 1.2 * cost["primary"]
    sizes = stays.group_by("institution_id").len()["len"].sort(descending=True)
    assert sizes[:3].sum() > 0.25 * stays.height


def test_costs_spread_as_in_life(stays: pl.DataFrame) -> None:
    groups = stays.group_by("drg").agg(
        n=pl.len(), cv=pl.col("total_cost").std() / pl.col("total_cost").mean(), mean=pl.col("total_cost").mean()
    )
    large = groups.filter(pl.col("n") >= 200)
    assert 0.4 < large["cv"].median() < 0.9  # type: ignore[operator]
    weights = weights_of(SCHEME)
    known = large.filter(pl.col("drg").is_in(list(weights)))
    rate = (known["mean"] / 100) / pl.Series([weights[d] for d in known["drg"]])
    assert 8_000 < rate.median() < 13_000  # type: ignore[operator]


@pytest.mark.parametrize(("count", "institutions"), [(50, 2), (1, 1), (3, None)])
def test_tiny_regions(tmp_path: Path, count: int, institutions: int | None) -> None:
    seen: list[tuple[int, int]] = []
    made = make_region(
        tmp_path / "tiny", stays=count, institutions=institutions, progress=lambda *at: seen.append(at)
    )
    rows = sum(pq.read_metadata(p).num_rows for p in (made.folder / "stays").rglob("*.parquet"))
    assert rows == count == made.stays
    assert seen[-1] == (count, count)
    assert len(_csv(made.folder, "institutions")) == made.institutions
    assert len(_csv(made.folder, "budgets")) == 8
    identity = json.loads((made.folder / "region.json").read_text(encoding="utf-8"))
    assert identity["settlement_year"] == 2024
    assert identity["scheme"] == SCHEME
    assert "虚构" in identity["note"]["zh"]


def test_default_number_of_institutions() -> None:
    counts = [default_institutions(n) for n in (1, 20_000, 100_000, 1_000_000, 100_000_000)]
    assert counts == [2, 12, 30, 60, 120]


def test_an_existing_folder_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    make_region(folder, stays=10)
    before = _digests(folder)
    with pytest.raises(DrgpayError, match="已存在") as failure:
        make_region(folder, stays=10, seed=2)
    assert failure.value.kind is Kind.USAGE
    assert _digests(folder) == before
    make_region(folder, stays=10, seed=2, replace=True)
    assert _digests(folder) != before
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    with pytest.raises(DrgpayError, match="不是旧的结果"):
        make_region(other, stays=10, replace=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", "r"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("stays", 0), ("seed", -1), ("years", ()), ("years", (2022, 2024)), ("institutions", 0), ("institutions", 251)],
)
def test_wrong_arguments_are_named(tmp_path: Path, field: str, wrong: object) -> None:
    with pytest.raises(DrgpayError) as failure:
        make_region(tmp_path / "r", **{field: wrong})  # type: ignore[arg-type]
    assert (failure.value.kind, failure.value.field) == (Kind.USAGE, field)
    assert not list(tmp_path.iterdir())


def test_a_scheme_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError, match="权重表"):
        make_region(tmp_path / "r", stays=10, scheme_id="chs-drg-2.0")


def test_the_weight_table_covers_the_scheme() -> None:
    weights = weights_of(SCHEME)
    assert weights.keys() == {d.code for d in load(SCHEME).drgs}
    assert all(0.05 < w < 40 for w in weights.values())
