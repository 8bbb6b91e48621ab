"""What a synthetic region holds beside its stays, and the violations put into it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drgpay.cli import app
from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import Order, known_codes, read_manifest, read_region, run
from drgpay.samples import EXTRAS, TRUTH_FILE, make_region
from drgpay.steps import intake
from drgpay.tables import CHARGES, CHEATS, FEES, PERSONS, STAY_DETAILS, STAYS, TRUTH, VISITS
from support.command import CliRunner
from support.engines import usual

RATE = 0.02
CONTENT = "4604f9f4bfdbc2ef0421c6e5478b99bef07867d090fd6ab2bf40186fb07303a6"
"""of the stays of seed 7: other bytes mean other regions for everybody"""


def rows(folder: Path, name: str) -> pl.DataFrame:
    """All rows of a table, codes as text."""
    found = []
    for path in sorted((folder / name).rglob("*.parquet")) if (folder / name).is_dir() else [folder / name]:
        data = pq.read_table(path)
        for at, field in enumerate(data.schema):
            if pa.types.is_list(field.type):
                data = data.set_column(at, field.name, data.column(at).cast(pa.list_(pa.string())))
        found.append(frame(data))
    return pl.concat(found)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small years with everything and nobody cheating."""
    folder = tmp_path_factory.mktemp("care") / "honest"
    make_region(folder, stays=6_000, seed=7, institutions=5, years=(2023, 2024), extras=frozenset(EXTRAS))
    return folder


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One year in which a case of every type comes with every fifty stays."""
    folder = tmp_path_factory.mktemp("care") / "labelled"
    make_region(folder, stays=30_000, seed=5, institutions=20, years=(2024,), violations=dict.fromkeys(CHEATS, RATE))
    return folder


@pytest.fixture(scope="module")
def truth(labelled: Path) -> pl.DataFrame:
    return rows(labelled, TRUTH_FILE)


# what is honest


def test_extras_change_nothing_else_and_the_stays_of_a_seed_stay_what_they_are(tmp_path: Path) -> None:
    make_region(tmp_path / "plain", stays=3_000, seed=7, institutions=5)
    make_region(tmp_path / "more", stays=3_000, seed=7, institutions=5, extras=frozenset({"details", "visits"}))
    plain, more = digests(tmp_path / "plain"), digests(tmp_path / "more")
    assert {n: d for n, d in more.items() if n in plain and n != "region.json"} == {
        n: d for n, d in plain.items() if n != "region.json"
    }
    assert {n.split("/")[0] for n in more.keys() - plain.keys()} == {"stay_details", "visits"}
    stays = rows(tmp_path / "plain", "stays").drop("admission_weight")  # came later than the digest
    content = stays.with_columns(pl.col("dx", "proc").list.join("|"))
    assert hashlib.sha256(content.write_csv().encode()).hexdigest() == CONTENT


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        make_region(
            tmp_path / name, stays=3_000, seed=3, institutions=6, violations={"fraud": 0.02, "splitting": 0.02}
        )
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


@pytest.mark.parametrize("which", ["honest", "labelled"])
def test_tables_are_canonical_and_bring_every_column(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    region = read_region(request.getfixturevalue(which))
    for table in (STAY_DETAILS, CHARGES, VISITS, PERSONS):
        found = region.table(table, tmp_path)
        assert found is not None
        assert found.rejected == 0
        assert found.data.paths[0].is_relative_to(region.folder)
        assert found.brought == frozenset(table.names)
        for path in found.data.paths:
            table.check(pq.read_table(path))
    assert not (tmp_path / CHARGES.name).exists()


@pytest.mark.parametrize("which", ["honest", "labelled"])
def test_charges_and_fees_add_up_to_the_fen(which: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(which)
    stays, details, charges = (rows(folder, name) for name in ("stays", "stay_details", "charges"))
    assert details["stay_id"].sort().to_list() == stays["stay_id"].sort().to_list()
    now = stays.filter(pl.col("discharge_date").dt.year() == 2024)
    sums = charges.group_by("stay_id").agg(pl.col("amount").sum())
    both = now.join(sums, on="stay_id", how="left")
    assert (both["amount"] == both["total_cost"]).all()
    assert charges["amount"].min() > 0  # type: ignore[operator]
    kinds = charges.pivot("category", index="stay_id", values="amount", aggregate_function="sum").fill_null(0)
    of_stay = details.join(kinds, on="stay_id")
    for kind in FEES:
        assert (of_stay[f"{kind}_fee"] == of_stay[kind]).all(), kind
    assert charges.select(CHARGES.key).is_duplicated().sum() == 0


def test_shares_of_fees_are_plausible(honest: Path) -> None:
    stays = rows(honest, "stays").join(rows(honest, "stay_details"), on="stay_id")
    total = stays["total_cost"].sum()
    for kind, low, high in (
        ("drug", 0.15, 0.4),
        ("material", 0.1, 0.3),
        ("laboratory", 0.08, 0.2),
        ("bed", 0.01, 0.08),
    ):
        assert low < stays[f"{kind}_fee"].sum() / total < high, kind
    assert (stays["out_of_policy"] <= stays["personal_paid"]).all()
    assert 0.03 < stays["out_of_policy"].sum() / total < 0.12
    assert (stays["leave_days"] == 0).mean() > 0.97  # type: ignore[operator]
    done = stays.filter(pl.col("first_procedure_date").is_not_null())
    assert done["first_procedure_date"].is_between(done["admission_date"], done["discharge_date"]).all()
    doctors = pl.read_csv(honest / "doctors.csv")
    surgeons = stays.join(doctors, left_on=["institution_id", "surgeon_id"], right_on=["institution_id", "doctor_id"])
    assert surgeons.height == stays["surgeon_id"].is_not_null().sum()


def test_a_series_of_treatments_is_planned_and_other_trouble_is_not(honest: Path) -> None:
    stays = rows(honest, "stays").join(rows(honest, "stay_details"), on="stay_id").sort("person_id", "admission_date")
    chemo = pl.col("dx").list.first().str.starts_with("Z51.1")
    back = (pl.col("admission_date").shift(-1).over("person_id") - pl.col("discharge_date")).dt.total_days() <= 31
    stays = stays.with_columns(chemo=chemo, back=back)
    assert stays.filter(pl.col("chemo") & pl.col("back"))["readmission_planned"].mean() > 0.85  # type: ignore[operator]
    assert stays.filter(~pl.col("back"))["readmission_planned"].mean() < 0.1  # type: ignore[operator]


def test_honest_persons_are_in_one_place_at_a_time_and_die_once(honest: Path) -> None:
    stays, visits, persons = (rows(honest, name) for name in ("stays", "visits", "persons"))
    dead = persons.filter(pl.col("death_date").is_not_null())
    died = stays.filter(pl.col("discharge_way") == 5).join(persons, on="person_id")
    assert died.height > 10
    assert (died["death_date"] == died["discharge_date"]).all()
    assert dead.height > died.height
    assert stays.join(dead, on="person_id").filter(pl.col("admission_date") > pl.col("death_date")).height == 0
    assert visits.join(dead, on="person_id").filter(pl.col("visit_date") >= pl.col("death_date")).height == 0
    inside = visits.join(stays, on="person_id").filter(
        (pl.col("visit_date") > pl.col("admission_date")) & (pl.col("visit_date") < pl.col("discharge_date"))
    )
    assert inside.height < 0.002 * visits.height
    assert persons["township"].n_unique() > 20
    assert persons["township"].null_count() == 0


def test_visits_are_of_all_kinds_and_their_parts_fit(honest: Path) -> None:
    visits = rows(honest, "visits")
    assert set(visits["kind"]) == set(VISITS["kind"].choices)
    assert visits["visit_id"].n_unique() == visits.height
    assert set(visits["visit_date"].dt.year()) == {2024}
    assert (visits["drug_fee"] + visits["test_fee"] <= visits["total_cost"]).all()
    assert (visits["personal_paid"] + visits["fund_by_item"] == visits["total_cost"]).all()
    observed = visits["kind"] == "observation"
    assert visits.filter(observed)["observation_hours"].null_count() == 0
    assert visits.filter(~observed)["observation_hours"].drop_nulls().len() == 0
    assert 0.01 < visits["internet"].mean() < 0.1  # type: ignore[operator]
    chronic = visits.filter(pl.col("kind") == "chronic").group_by("person_id").agg(pl.len(), pl.col("institution_id"))
    assert chronic["len"].mean() > 3  # type: ignore[operator]
    assert (chronic["institution_id"].list.n_unique() == 1).mean() > 0.9  # type: ignore[operator]


# what is not


def test_every_type_comes_at_about_its_rate_and_in_every_form(labelled: Path, truth: pl.DataFrame) -> None:
    TRUTH.check(pq.read_table(labelled / TRUTH_FILE))
    cases = dict(truth.group_by("violation").agg(pl.col("case_id").n_unique()).iter_rows())
    assert set(cases) == set(CHEATS)
    for violation, count in cases.items():
        assert 0.55 * RATE * 30_000 < count < 1.1 * RATE * 30_000, violation
    forms = truth.group_by("violation").agg(pl.col("form").unique().sort())
    assert {v: len(f) for v, f in forms.iter_rows()} == {
        "upcoding": 4, "examination_admission": 2, "hang_bed": 7, "splitting": 7, "no_indication": 3,
        "cost_shifting": 3, "refusal": 4, "fraud": 5, "early_discharge": 2,
    }  # fmt: skip


def test_truth_speaks_of_rows_that_are_there(labelled: Path, truth: pl.DataFrame) -> None:
    stays, visits = rows(labelled, "stays"), rows(labelled, "visits")
    ids, seen = set(stays["stay_id"]), set(visits["visit_id"])
    assert len(ids) == stays.height
    assert set(truth["stay_id"].drop_nulls()) <= ids
    assert set(truth["related_stays"].explode().drop_nulls()) <= ids
    assert set(truth["visit_id"].drop_nulls()) | set(truth["related_visits"].explode().drop_nulls()) <= seen
    whole = truth.filter(pl.col("form") == "severe_share_falls")
    assert truth.filter(pl.col("stay_id").is_null() & pl.col("visit_id").is_null()).equals(whole)
    of_stay = truth.join(stays, on="stay_id", suffix="_of_stay")
    sister = pl.col("form").is_in(["sister_institution", "transfer_and_back"])
    assert of_stay.filter(~sister & (pl.col("institution_id") != pl.col("institution_id_of_stay"))).height == 0
    assert truth["stay_id"].drop_nulls().is_unique().all()


def test_cheating_is_unevenly_spread(labelled: Path, truth: pl.DataFrame) -> None:
    stays = rows(labelled, "stays").group_by("institution_id").len("all")
    for violation in ("upcoding", "hang_bed", "splitting"):
        mine = truth.filter(pl.col("violation") == violation).group_by("institution_id").len("bad")
        share = stays.join(mine, on="institution_id", how="left").filter(pl.col("all") > 300).fill_null(0)
        rates = (share["bad"] / share["all"]).sort()
        assert rates[-1] > 2 * rates[len(rates) // 2], violation


def test_intake_takes_every_stay(labelled: Path) -> None:
    codes = known_codes()
    institutions = frozenset(pl.read_csv(labelled / "institutions.csv")["institution_id"])
    context = intake.CheckContext("settlement", codes, institutions, 2024)
    for path in (labelled / "stays").rglob("*.parquet"):
        for batch in pq.read_table(path).to_batches():
            STAYS.check(batch)
            kept, findings = intake.check_batch(batch, file="f", first_row=1, context=context)
            assert kept.num_rows == batch.num_rows
            assert "error" not in findings["level"].to_pylist()
            assert "dx_repeated" not in findings["rule"].to_pylist()


def test_the_records_show_what_the_truth_says(labelled: Path, truth: pl.DataFrame) -> None:
    stays, details, charges, visits, persons = (
        rows(labelled, name) for name in ("stays", "stay_details", "charges", "visits", "persons")
    )
    days = charges.group_by("stay_id").agg(days=pl.col("charge_date").n_unique(), first=pl.col("charge_date").min())
    whole = (
        stays.join(details.drop("person_id", "institution_id", "discharge_date"), on="stay_id")
        .join(days, on="stay_id")
        .join(persons.select("person_id", "death_date"), on="person_id")
    )

    def of(form: str) -> pl.DataFrame:
        found = truth.filter(pl.col("form") == form).drop("institution_id").join(whole, on="stay_id")
        assert found.height > 10, form
        return found

    tests = (pl.col("examination_fee") + pl.col("laboratory_fee")) / pl.col("total_cost")
    assert of("check_up").select((tests > 0.6).mean()).item() > 0.95
    assert of("leave").select((pl.col("leave_days") * 2 > pl.col("los")).all()).item()
    assert of("no_charge_days").select((pl.col("days") * 2 <= pl.col("los") + 3).mean()).item() > 0.9
    assert of("charges_before").select((pl.col("first") < pl.col("admission_date")).mean()).item() > 0.95
    assert of("tests_and_drugs").select((pl.col("bed_fee") + pl.col("treatment_fee") == 0).all()).item()
    assert of("procedure_not_done").select((pl.col("surgery_fee") == 0).all()).item()
    assert of("wrong_age").select((pl.col("age") >= 60).all()).item()
    late = truth.filter((pl.col("form") == "after_death") & pl.col("stay_id").is_not_null()).join(whole, on="stay_id")
    assert (late["admission_date"] > late["death_date"]).all()
    split = of("short_interval").sort("case_id", "admission_date")
    gap = split.group_by("case_id", maintain_order=True).agg(
        gap=(pl.col("admission_date").last() - pl.col("discharge_date").first()).dt.total_days(),
        same=pl.col("person_id").n_unique() == 1,
    )
    assert gap["gap"].is_between(0, 15).all()
    assert gap["same"].all()
    during = of("during").explode("related_visits").join(visits, left_on="related_visits", right_on="visit_id")
    assert during["visit_date"].is_between(during["admission_date"], during["discharge_date"]).all()
    assert (during["person_id"] == during["person_id_right"]).all()
    waiting = truth.filter(pl.col("form") == "long_observation").join(visits, on="visit_id")
    assert (waiting["observation_hours"] > 72).all()
    clones = of("cloned_record").explode("related_stays").join(whole, left_on="related_stays", right_on="stay_id")
    assert ((clones["total_cost"] / clones["total_cost_right"] - 1).abs() < 0.015).all()
    assert (clones["person_id"] != clones["person_id_right"]).all()


def test_two_stays_at_once_are_always_labelled_and_look_alikes_are_there(labelled: Path, truth: pl.DataFrame) -> None:
    stays = rows(labelled, "stays").join(
        rows(labelled, "stay_details").select("stay_id", "readmission_planned"), on="stay_id"
    )
    labelled_ids = [*truth["stay_id"].drop_nulls(), *truth["related_stays"].explode().drop_nulls()]
    stays = stays.sort("person_id", "admission_date").with_columns(
        gap=(pl.col("admission_date").shift(-1).over("person_id") - pl.col("discharge_date")).dt.total_days(),
        bad=pl.col("stay_id").is_in(labelled_ids),
        same=pl.col("institution_id").shift(-1).over("person_id") == pl.col("institution_id"),
    )
    at_once = stays.filter(pl.col("gap") < 0)
    assert at_once.height > 50
    assert at_once["bad"].all()
    soon = stays.filter((pl.col("gap") <= 15) & pl.col("same"))
    assert soon.filter(~pl.col("bad") & ~pl.col("readmission_planned")).height > 100


def test_the_severe_are_no_longer_found_where_they_are_turned_away(labelled: Path, truth: pl.DataFrame) -> None:
    places = truth.filter(pl.col("form") == "severe_share_falls")["institution_id"]
    assert len(places) >= 1
    stays = rows(labelled, "stays").filter(pl.col("total_cost") > 2_200_000)
    late = pl.col("admission_date").dt.month() >= 7
    for place in places:
        mine = stays.filter(pl.col("institution_id") == place)
        assert mine.filter(late).height < 0.75 * mine.filter(~late).height


@pytest.mark.slow
def test_a_labelled_region_can_be_settled_and_its_truth_is_no_input(tmp_path: Path) -> None:
    folder = tmp_path / "region"
    made = make_region(folder, stays=4_000, seed=2, institutions=6, violations=dict.fromkeys(CHEATS, 0.01))
    about = json.loads((folder / "region.json").read_text(encoding="utf-8"))
    assert about["violations"] == dict.fromkeys(sorted(CHEATS), 0.01)
    assert made.stays == rows(folder, "stays").height
    done = run(Order(folder, "demo", 2024), tmp_path / "run", usual(2))
    manifest = read_manifest(done)
    assert manifest["counts"]["rejected"] == 0
    assert "truth" not in json.dumps(manifest["inputs"])


# asking for it


def test_extras_and_violations_at_the_command_line(tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(
        app, ["region", "make", "--stays", "800", "--with", "details,visits", "-o", str(tmp_path / "a")]
    )
    assert done.exit_code == 0, done.output
    assert {p.name for p in (tmp_path / "a").iterdir()} >= {"stay_details", "visits"}
    assert not (tmp_path / "a" / "charges").exists()
    done = runner.invoke(
        app,
        ["region", "make", "--stays", "2000", "--violations", "all=1%,fraud=0", "-o", str(tmp_path / "b")],
    )
    assert done.exit_code == 0, done.output
    assert "violations.parquet" in done.output.replace("\n", "")
    assert "fraud" not in set(rows(tmp_path / "b", TRUTH_FILE)["violation"])
    assert {p.name for p in (tmp_path / "b").iterdir()} >= {"stay_details", "visits", "charges", "truth"}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--with", "everything"),
        ("--violations", "murder=0.1"),
        ("--violations", "fraud=2"),
        ("--violations", "fraud"),
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path: Path, option: str, value: str) -> None:
    done = CliRunner().invoke(app, ["region", "make", "--stays", "500", option, value, "-o", str(tmp_path / "r")])
    assert done.exit_code != 0
    assert not (tmp_path / "r").exists()


def test_a_rate_beyond_reason_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as failure:
        make_region(tmp_path / "r", stays=500, violations={"fraud": 0.5})
    assert failure.value.kind is Kind.USAGE
    assert failure.value.fix_en
