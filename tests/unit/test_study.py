"""A study of the groups: what it finds and proposes on stays with known hidden groups, and the draft's effect."""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from datetime import date
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from drgpay.engine import LocalEngine, read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import load as policy_on
from drgpay.runs import TABLES, BaseOrder, StudyOrder, run_base, run_study, verify
from drgpay.samples import HIDDEN_FILE, make_region
from drgpay.scheme import load
from drgpay.steps import study
from drgpay.steps.study import Moments
from drgpay.steps.study.sums import factor_kernel
from drgpay.tables import BASE_GROUPS, INSTITUTIONS
from drgpay.tables.study import (
    ALL_PROPOSALS,
    STUDY_BASES,
    STUDY_EFFECTS,
    STUDY_FINDINGS,
    STUDY_PARTS,
    STUDY_PROPOSALS,
    STUDY_RIV,
)
from drgpay.units import variation
from support.command import drgpay
from support.engines import usual
from support.hidden import score

YEARS = (2021, 2022, 2023)
WEIGHTS = {2021: 1, 2022: 2, 2023: 7}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region with four hidden groups, one of each kind, and its study as a bureau runs it."""
    folder = tmp_path_factory.mktemp("study")
    make_region(folder / "region", stays=27_000, seed=2, years=YEARS, institutions=6, hidden_groups=4)
    done = drgpay("scheme", "study", folder / "region", "--policy", "demo", "--years", "2021,2022,2023",
                  "-o", folder / "study", "--schemes", folder / "own")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def table(home: Path, which: object) -> pl.DataFrame:
    return read_table(home / "study" / TABLES, which)  # type: ignore[arg-type]


def test_hidden_groups_are_found_and_nothing_else_is_split(home: Path) -> None:
    found = score(home / "region", home / "study")
    assert found.hidden == 4
    assert found.found >= 3
    # frostbite, of which the scheme lacks codes in every region, may be a group of its own
    assert found.proposed - found.right <= 1


@pytest.mark.slow
def test_a_draft_makes_the_groups_it_says(home: Path, tmp_path: Path) -> None:
    """Edited, built, compared on the stays and used for base points: what the study said comes out."""
    text = (home / "study" / "draft.yaml").read_text(encoding="utf-8")
    assert "reason: P001" in text
    (tmp_path / "local.yaml").write_text(text.replace(text.splitlines()[0], "id: local-2024"), encoding="utf-8")
    own = tmp_path / "own"
    assert drgpay("scheme", "build", tmp_path / "local.yaml", "-o", own, "--schemes", own).returncode == 0
    done = drgpay("scheme", "diff", "chs-drg-1.1+qy", "local-2024+qy", "--stays", home / "region", "--schemes", own)
    assert done.returncode == 0, done.stderr
    split = table(home, STUDY_PARTS).filter((pl.col("side") == "as_drafted") & (pl.col("n") > 30))
    assert split.height
    practice = Path("src/drgpay/data/policies/demo.yaml").read_text(encoding="utf-8")
    gone = read_manifest(home / "study")["named_and_gone"]
    assert gone, "a group that the practice names is split, and the bureau is told"
    lines = practice.replace("scheme: chs-drg-1.1", "scheme: local-2024").splitlines(keepends=True)
    practice = "".join(line for line in lines if not any(f"- {code} " in line for code in gone))
    (tmp_path / "local-practice.yaml").write_text(practice, encoding="utf-8")
    order = BaseOrder((home / "region",), str(tmp_path / "local-practice.yaml"), 2024, schemes=own)
    run_base(order, tmp_path / "base", usual())
    base = read_table(tmp_path / "base" / TABLES, BASE_GROUPS).select("drg", "n", "mean_cost", "cv", "base_points")
    said = table(home, STUDY_BASES).select(
        "drg", n="n_after", mean_cost="mean_after", cv="cv_after", base_points="points_after"
    )
    assert base.equals(said.filter(pl.col("n").is_not_null()))


def test_effects_add_up_and_more_is_explained(home: Path) -> None:
    effects, riv = table(home, STUDY_EFFECTS), table(home, STUDY_RIV)
    whole = effects.filter(pl.col("proposal") == ALL_PROPOSALS)
    assert whole["n"].sum() == riv.filter(pl.col("year") == 0)["n"].item()
    assert whole.height == read_table(home / "study" / TABLES, INSTITUTIONS).height
    for side in ("before", "after"):
        assert abs(whole[f"share_{side}"].sum() - 10_000) <= whole.height
    assert riv.filter(pl.col("year") > 0)["n"].sum() == riv.filter(pl.col("year") == 0)["n"].item()
    assert (riv["riv_after"] > riv["riv_before"]).all()
    assert (riv["grouped_share_after"] > riv["grouped_share_before"]).all()
    drafted = table(home, STUDY_PROPOSALS).filter("drafted")["proposal"].to_list()
    assert set(effects["proposal"].to_list()) - {ALL_PROPOSALS} <= set(drafted)


def test_parts_of_a_split_are_the_stays_of_what_is_split(home: Path) -> None:
    parts = table(home, STUDY_PARTS)
    splits = table(home, STUDY_PROPOSALS).filter(pl.col("kind") == "split_group")
    assert splits.height
    for row in splits.iter_rows(named=True):
        mine = parts.filter(pl.col("proposal") == row["proposal"])
        before, after = (mine.filter(pl.col("side") == side)["n"].sum() for side in ("as_now", "as_drafted"))
        assert before == after == row["n"]
        assert row["reduction"] >= 500
        assert row["cv_after"] <= row["cv_before"] or row["factor"] == "los"


def test_days_of_stay_are_told_and_not_drafted(home: Path) -> None:
    proposals = table(home, STUDY_PROPOSALS)
    by_days = proposals.filter(pl.col("factor") == "los")
    assert by_days.height
    assert not by_days["drafted"].any()
    assert "los" not in (home / "study" / "draft.yaml").read_text(encoding="utf-8")


def test_findings_name_the_codes_that_nobody_takes(home: Path) -> None:
    truth = pl.read_parquet(home / "region" / HIDDEN_FILE)
    hidden = {code for codes in truth.filter(pl.col("factor") == "no_mdc")["codes"] for code in codes}
    found = table(home, STUDY_FINDINGS)
    named = found.filter(pl.col("what") == "no_mdc")
    assert hidden <= set(named["code"].to_list())
    assert named.filter(pl.col("code").is_in(sorted(hidden)))["proposal"].null_count() == 0
    assert {"few_cases", "unknown_principal"} <= set(found["what"].to_list())


def test_what_the_bureau_reads(home: Path) -> None:
    said = (home / "said.txt").read_text(encoding="utf-8")
    for words in ("发现", "建议", "病组细分", "新增病组", "RIV", "草案", "报告"):
        assert words in said
    assert (home / "study" / "report.xlsx").is_file()
    head = (home / "study" / "csv" / "study_proposals.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert head.startswith("建议编号,建议,核心病组")
    assert all(check.ok for check in verify(home / "study", usual()))


@pytest.mark.slow
def test_two_studies_have_the_same_bytes(home: Path, tmp_path: Path) -> None:
    again = run_study(StudyOrder(home / "region", "demo", YEARS), tmp_path / "again", LocalEngine(1))
    made, said = (read_manifest(folder)["outputs"] for folder in (again, home / "study"))
    assert made
    assert made.items() <= said.items()


@pytest.mark.parametrize(
    ("years", "words"),
    [
        ((2022,), "one year does not show"),
        ((2019, 2020, 2021), "a year to be studied has no stays"),
        ((2020, 2021), "the practice has weights for 3 base years (1:2:7)"),
        ((), "no years are named"),
    ],
)
def test_years_that_cannot_be_studied(tmp_path: Path, years: tuple[int, ...], words: str) -> None:
    make_region(tmp_path / "r", stays=300, seed=5, years=YEARS, institutions=2)
    with pytest.raises(DrgpayError) as failure:
        run_study(StudyOrder(tmp_path / "r", "demo", years, 2024 if years else None), tmp_path / "s", usual())
    assert words in failure.value.en
    assert not (tmp_path / "s").exists()


def test_an_empty_region_is_refused(tmp_path: Path) -> None:
    make_region(tmp_path / "r", stays=300, seed=5, years=YEARS, institutions=2)
    shutil.rmtree(tmp_path / "r" / "stays")
    with pytest.raises(DrgpayError) as failure:
        run_study(StudyOrder(tmp_path / "r", "demo", YEARS), tmp_path / "s", usual())
    assert failure.value.kind is Kind.DATA


def test_limits_are_the_practices() -> None:
    demo = policy_on("demo", on=date(2024, 1, 1))
    assert study.limits_of(demo).min_cases == 30
    own = demo.amend({"study.limits": {"min_cases": "50", "separation": "2.5"}, "study.split_by": ["age"]}, "trial")
    limits = study.limits_of(own)
    assert (limits.min_cases, limits.separation, limits.factors) == (50, 25_000, ("age",))
    assert limits.min_difference == study.limits_of(demo).min_difference
    for wrong in ({"min_case": "50"}, {"min_cases": "2.5"}, {"age_step": "0"}):
        with pytest.raises(DrgpayError) as failure:
            study.limits_of(demo.amend({"study.limits": wrong}, "trial"))
        assert failure.value.kind is Kind.POLICY
    assert all(its["source"] is None and its["zh"] and its["en"] for its in study.limits_data().values())


def moments(*costs: list[int]) -> Moments:
    """Stays of each year by their cost."""
    return Moments.of(
        (year, len(its), sum(its), sum(c * c for c in its)) for year, its in zip(YEARS, costs, strict=True)
    )


def test_moments_are_those_of_the_stays() -> None:
    dice = random.Random(1)
    years = [[dice.randrange(1, 10**9) for _ in range(dice.randrange(1, 9))] for _ in YEARS]
    its = moments(*years)
    flat = [cost for costs in years for cost in costs]
    means = [Fraction(sum(costs), len(costs)) for costs in years]
    assert its.within == sum((c - m) ** 2 for costs, m in zip(years, means, strict=True) for c in costs)
    assert its.mean(WEIGHTS) == sum(w * m for w, m in zip(WEIGHTS.values(), means, strict=True)) / 10
    assert its.cv == variation(len(flat), sum(flat), sum(c * c for c in flat))
    assert (its + its - its).years == its.years
    assert (its - its).n == 0


def test_parts_must_have_cases_and_differ_in_every_year() -> None:
    judge = study.Judge(study.limits_of(policy_on("demo", on=date(2024, 1, 1))), WEIGHTS)
    low = moments(*([100, 110] * 6 for _ in YEARS))
    high = moments(*([200, 210] * 6 for _ in YEARS))
    turned = moments([200] * 12, [90] * 12, [200] * 12)
    assert judge.enough(low)
    assert not judge.enough(moments([100] * 40, [100] * 40, [100] * 4))
    assert judge.differ((low, high))
    assert not judge.differ((low, turned))
    assert not judge.differ((low, moments(*([110, 120] * 6 for _ in YEARS))))
    assert not judge.differ((moments(*([1, 500] * 6 for _ in YEARS)), moments(*([1, 700] * 6 for _ in YEARS))))


def test_sums_by_factor_are_those_of_a_plain_reading() -> None:
    dice = random.Random(7)
    rows = []
    for number in range(400):
        grouped = dice.random() < 0.9
        rows.append(
            {
                "institution_id": "H1", "year": dice.choice((2020, *YEARS)), "adrg": "BR2" if grouped else None,
                "drg": dice.choice(("BR21", "BR23")) if grouped else "0000",
                "severity": dice.choice(("none", "cc", "mcc")), "status": "grouped" if grouped else "ungrouped",
                "age": dice.choice((None, 3, 70)), "los": dice.randrange(0, 70),
                "dx": [dice.choice(("I63.900", "I63.300"))],
                "proc": dice.choice((None, [], ["88.7", "88.7"], ["88.7", "99.2"])),
                "total_cost": dice.randrange(100, 10**8) if number else 10**11,
            }
        )  # fmt: skip
    batch = pl.DataFrame(rows, infer_schema_length=None).to_arrow().combine_chunks().to_batches()[0]
    high = defaultdict(list)
    for row in rows:
        if row["year"] in YEARS and 1 <= row["los"] <= 60:
            high[row["year"], row["drg"] if row["status"] == "grouped" else f"0000|{row['dx'][0][:3]}"].append(
                row["total_cost"]
            )
    bounds = {key: 5 * sum(costs) // len(costs) for key, costs in high.items()}
    plain: dict[tuple[str, str, str, int], list[int]] = defaultdict(list)
    for row in rows:
        if row["status"] != "grouped" or row["year"] not in YEARS or not 1 <= row["los"] <= 60:
            continue
        if row["total_cost"] > bounds[row["year"], row["drg"]]:
            continue
        age = "" if row["age"] is None else str(row["age"])
        keys = {("", ""), ("severity", row["severity"]), ("age", age), ("los", str(row["los"])),
                ("diagnosis", row["dx"][0]), *(("procedure", code) for code in row["proc"] or ())}  # fmt: skip
        for factor, value in keys:
            plain[row["drg"], factor, value, row["year"]].append(row["total_cost"])
    entering = study.Entering(
        YEARS, 1, 60,
        pl.DataFrame([(y, u, h) for (y, u), h in bounds.items()],
                     schema={"year": pl.Int64, "unit": pl.String, "high": pl.Int64}, orient="row"),
    )  # fmt: skip
    found = study.moments_by(pl.from_arrow(factor_kernel(batch, entering=entering)), "drg", "factor", "value")  # type: ignore[arg-type]
    assert {(*key, year): sums for key, its in found.items() for year, sums in its.years.items()} == {
        key: (len(c), sum(c), sum(x * x for x in c)) for key, c in plain.items()
    }


def test_a_code_without_a_home_goes_to_its_neighbours_or_makes_a_group() -> None:
    scheme = load("chs-drg-1.1", frozenset({"qy"}))
    judge = study.Judge(study.limits_of(policy_on("demo", on=date(2024, 1, 1))), WEIGHTS)
    own = moments(*([1_000, 1_100] * 30 for _ in YEARS))
    values = {d.code: {"": {"": own}} for a in ("BR2", "FR4") for d in scheme.drgs_of[a]}
    dear, usual_, few = (
        moments(*([c, c + 50] * n for _ in YEARS)) for c, n in ((3_000, 10), (1_020, 10), (3_000, 1))
    )
    lost = [study.Lost("no_mdc", "", "I63.600", "", dear), study.Lost("no_mdc", "", "I24.100", "", usual_)]
    known = frozenset({"I63.600", "I24.100"})
    new, placed = study.propose_homes(scheme, lost, values, judge, known)
    assert (new.kind, new.changes[0]) == ("new_group", {"add": ["I63.600"], "to": "MDC B"})
    assert new.changes[1]["before"] == "BR2"
    assert new.changes[1]["group"] not in {a.code for a in scheme.adrgs}
    assert (placed.kind, placed.adrg) == ("placed_codes", "FR4")
    assert placed.changes == ({"add": ["I24.100"], "to": "MDC F"}, {"add": ["I24.100"], "to": "FR4 pdx"})
    (alone,) = study.propose_homes(scheme, [lost[0]._replace(stays=few)], values, judge, known)
    assert (alone.kind, alone.adrg) == ("placed_codes", "BR2")
    assert not list(study.propose_homes(scheme, lost, values, judge, frozenset()))
    assert not list(study.propose_homes(scheme, [lost[0]._replace(reason="gray_principal")], values, judge, known))
