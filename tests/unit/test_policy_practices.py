"""Practices of real places: whole, each value sourced, replayed by both days, and able to settle a small region."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import yaml

from drgpay.engine import read_table
from drgpay.policy import START, Policy, ValueSource, band_of, dictionary, diff, load, practice_text, practices
from drgpay.policy.practice import Notice, open_practice
from drgpay.runs import Order, run, verify
from drgpay.runs.rate import with_weights
from drgpay.runs.region import Registers
from drgpay.samples import EXTRAS, MODES, make_region
from drgpay.scheme import catalogue
from drgpay.sources import documents
from drgpay.tables import ADJUSTMENTS, BASE_GROUPS, CASE_POINTS, CLOSINGS, COEFFICIENTS, GROUP_WEIGHTS
from support.engines import usual

WEIGHTS = Path(__file__).parents[1] / "data" / "weights"
LOCAL = "local"
WEIHAI = "weihai-notes"
NATIONAL = "nhsa-2025-18"

SOURCES = {
    "beijing": {"beijing-2021", "beijing-2022", "beijing-notes", NATIONAL},
    "hangzhou": {"hangzhou-2019", "zhejiang-rules", NATIONAL},
    "hospital-prepay": {"hospital-drg", NATIONAL},
    "shanwei": {"shanwei-2024", NATIONAL},
    "weihai": {WEIHAI, NATIONAL, "places-notes", "yantai-2023"},
}
"""Every source a practice may name besides the local convention; clauses follow its name."""

YEARS = {
    "beijing": (2022, 2023, 2024, 2025),
    "hangzhou": (2020, 2021, 2022, 2023, 2024, 2025),
    "hospital-prepay": (2024, 2025),
    "shanwei": (2023, 2024, 2025),
    "weihai": (2024, 2025),
}
PLACES = sorted(YEARS)


def law(practice: str, year: int, known_on: date | None = None) -> Policy:
    """The law a run of the whole year applies."""
    return load(practice, on=date(year, 12, 31), known_on=known_on)


def notices(practice: str) -> dict[str, Notice]:
    """The notices of a shipped practice by id."""
    return {n.id: n for n in open_practice(practice).notices}


def given(practice: str, year: int) -> dict[str, ValueSource]:
    """What the practice gives: all but what no notice sets."""
    return {name: value for name, value in law(practice, year).values().items() if value.notice}


def test_every_shipped_practice_is_tested_here_or_is_the_demonstration() -> None:
    assert practices() == sorted([*PLACES, "demo", "demo-2027", "national"])


@pytest.mark.parametrize("practice", PLACES)
def test_a_practice_is_whole_in_each_of_its_years_and_not_before(practice: str) -> None:
    policies = [law(practice, year) for year in YEARS[practice]]
    assert {p.practice for p in policies} == {practice}
    assert {p.region for p in policies} == {practice}
    assert policies[0].scheme in {entry.id for entry in catalogue()}
    for policy, year in zip(policies, YEARS[practice], strict=True):
        assert max(y for y, _ in policy.years("points.base_years")) < year
    first = min(n.in_force for n in notices(practice).values())
    assert first.year == YEARS[practice][0]


@pytest.mark.parametrize("practice", PLACES)
def test_every_value_names_a_source_of_its_place_or_says_it_has_none(practice: str) -> None:
    found = {e.source.source for n in notices(practice).values() for e in n.values}
    parts = {part.partition(" ")[0] for source in found for part in source.split("; ")}
    assert parts - {LOCAL} - {p for p in parts if p.startswith("local-")} == SOURCES[practice]
    assert LOCAL in parts
    assert parts <= set(documents())


def test_what_is_known_by_hearsay_or_not_at_all_claims_no_source() -> None:
    zhejiang = (
        "points.low_multiple points.high_multiple points.min_cases points.max_cv points.unstable_rule "
        "settlement.monthly_pay_ratio"
    )
    cases = {
        "hangzhou": zhejiang,
        "shanwei": "coefficient.management_table coefficient.basic_groups fund.reserve_share points.high_multiple",
        "beijing": "rate.low_multiple rate.high_multiple points.base_years coefficient.basic_groups",
        "hospital-prepay": "points.base_years prepay.next_cut prepay.cmi_rise prepay.loan_days_of_cash",
        "weihai": "settlement.keep_bands settlement.deposit_return points.high_extra coefficient.level_table",
    }
    for practice, names in cases.items():
        values = given(practice, 2024)
        assert {values[name].source for name in names.split()} == {LOCAL}, practice


def test_beijing_pays_by_rate() -> None:
    assert (
        law("beijing", 2022).fen_or_none("rate.base_rate"),
        law("beijing", 2025).fen_or_none("rate.base_rate"),
    ) == (
        2_042_530,
        2_042_500,
    )
    assert law("beijing", 2024).choice_or_none("points.pricing") == "rate"


def test_shanwei_weighs_three_years_and_builds_the_coefficient_from_five_components() -> None:
    policy = law("shanwei", 2023)
    assert policy.scheme == "chs-drg-1.1"
    assert policy.years("points.base_years") == ((2020, 1), (2021, 2), (2022, 7))
    components = set(policy.names("coefficient.components"))
    assert components == {"cost_difference", "guidance", "capacity", "management", "basic_group"}
    assert policy.ratio_or_none("fund.risk_share") == 500
    assert policy.table_or_none("fund.health_low") == {"employee": 60_000, "resident": 90_000}
    assert policy.table_or_none("fund.health_high") == {"employee": 90_000, "resident": 120_000}
    assert policy.integer_or_none("fund.health_years") == 2
    back = policy.table("settlement.deposit_return")
    assert (back["excellent"], back["good"], back["pass"]) == (10_000, 10_000, 9_000)
    assert 0 <= back["fail"] <= 7_000
    weights = policy.table("settlement.second_distribution_weights")
    assert [grade for grade, weight in weights.items() if weight] == ["excellent", "good"]
    # What was not published acts as a local convention and claims no source.
    assert len(set((policy.table_or_none("coefficient.management_table") or {}).values())) == 4
    acting = [n for n in dictionary() if n.startswith(("coefficient.guidance_", "coefficient.capacity_"))]
    assert {policy.source(n).source for n in (*acting, "coefficient.basic_groups")} == {LOCAL}
    assert policy.codes("coefficient.basic_groups") == law("demo", 2024).codes("coefficient.basic_groups")


def test_weihai_bands_end_below_their_bounds() -> None:
    policy = law("weihai", 2024)
    assert policy.integer("points.scale") == 1_000
    high = policy.bands("points.high_multiple")
    points = (9_999_999, 10_000_000, 24_999_999, 25_000_000)
    assert [band_of(high, x).value for x in points] == [30_000, 20_000, 20_000, 15_000]


def test_weihai_stability_coefficient_and_readmission() -> None:
    policy = law("weihai", 2025)
    assert [w for _, w in policy.years("points.base_years")] == [20, 30, 50]
    assert (policy.integer("points.min_cases"), policy.ratio("points.max_cv")) == (6, 10_000)
    assert policy.choice("points.unstable_rule") == "median"
    assert (policy.ratio("coefficient.min"), policy.ratio("coefficient.max")) == (4_000, 15_000)
    assert policy.integer_or_none("coefficient.min_cases") == 6
    assert policy.ratio_or_none("coefficient.dominant_share") == 7_000
    assert policy.codes_or_none("grouping.switches") == ("qy",)
    assert (policy.ratio("points.ungrouped_discount"), policy.ratio("points.qy_discount")) == (7_000, 6_000)
    assert (policy.integer_or_none("points.readmit_days"), policy.ratio_or_none("points.readmit_keep")) == (9, 5_000)
    assert policy.choice("fund.basis") == "total"
    assert policy.codes("coefficient.basic_groups") == law("demo", 2024).codes("coefficient.basic_groups")


def test_the_prepayment_practice_sets_all_a_prepayment_needs() -> None:
    policy = law("hospital-prepay", 2024)
    assert all(policy.source(name).notice for name in dictionary() if name.startswith("prepay."))
    assert policy.ratio_or_none("fund.abnormal_growth") is not None
    assert {band.value for band in policy.bands("settlement.keep_bands")} == {5_000, 6_000, 7_000}
    assert 5_000 <= policy.ratio("settlement.reasonable_fund_share") <= 8_000
    assert policy.table_or_none("settlement.reasonable_share_by_reason") == {"new_technology": 5_000}
    assert policy.integer_or_none("points.difficulty_age") == 80
    assert policy.ratio_or_none("points.difficulty_add") == 1_000
    assert policy.ratio_or_none("points.difficulty_add_both") == 2_000


def test_hangzhou_and_beijing_use_their_own_schemes() -> None:
    hangzhou, beijing = law("hangzhou", 2024), law("beijing", 2024)
    assert (hangzhou.scheme, beijing.scheme) == ("zj-drg-1.0", "bj-drg-2022")
    assert (hangzhou.integer("points.scale"), hangzhou.source("points.scale").source) == (
        100,
        "zhejiang-rules",
    )
    assert hangzhou.ratio("fund.max_growth") == 1_000
    assert hangzhou.codes("coefficient.basic_groups") == ()
    assert beijing.names("coefficient.components") == ()


def test_weihai_in_2025_is_another_law_unless_its_notice_is_not_known() -> None:
    before, after = law("weihai", 2024), law("weihai", 2025)
    assert diff(before, after) == [
        (
            "points.base_years",
            "[{year: 2021, weight: 20}, {year: 2022, weight: 30}, {year: 2023, weight: 50}]",
            "[{year: 2022, weight: 20}, {year: 2023, weight: 30}, {year: 2024, weight: 50}]",
        ),
        ("points.low_multiple", "0.4", "0.5"),
        ("settlement.monthly_pay_ratio", "0.8", "0.95"),
    ]
    assert after.source("points.low_multiple").source == WEIHAI
    unknowing = law("weihai", 2025, known_on=date(2024, 12, 31))
    assert diff(before, unknowing) == []
    assert unknowing.digest == before.digest != after.digest


@pytest.mark.parametrize("practice", PLACES)
def test_national_rules_of_2025_bind_everywhere(practice: str) -> None:
    rules = notices(practice)["national-2025"]
    shared = {e.parameter.name: e.source for e in rules.values if e.parameter.name != "points.special_quota"}
    assert {name: s.value for name, s in shared.items()} == {
        "settlement.month_deadline_days": "30",
        "settlement.clearing_deadline": "06-30",
    }
    assert rules.document == notices("shanwei")["national-2025"].document
    assert notices(practice)["national-handling-2025"].issued == date(2025, 1, 26)

    policy = law(practice, 2025)
    assert policy.source("settlement.clearing_deadline").source == NATIONAL
    quota = policy.ratio_or_none("points.special_quota")
    assert quota is not None
    assert quota <= 500
    unknowing = law(practice, 2025, known_on=date(2024, 12, 31))
    assert unknowing.source("settlement.clearing_deadline").source == LOCAL
    assert unknowing.digest != policy.digest


def test_the_national_quota_of_special_reviews_does_not_raise_a_lower_one_of_the_place() -> None:
    assert law("shanwei", 2024).ratio_or_none("points.special_quota") is None
    assert law("shanwei", 2025).ratio_or_none("points.special_quota") == 500
    assert [law("weihai", year).ratio_or_none("points.special_quota") for year in (2024, 2025)] == [200, 200]


@pytest.mark.parametrize("practice", PLACES)
def test_the_order_of_writing_does_not_matter(practice: str, tmp_path: Path) -> None:
    text, _ = practice_text(practice)
    document = yaml.load(text, yaml.BaseLoader)
    document["notices"].reverse()
    for notice in document["notices"]:
        notice["values"] = dict(reversed(notice["values"].items()))
    file = tmp_path / "turned.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != text
    for year in YEARS[practice]:
        assert load(file, on=date(year, 12, 31)).digest == law(practice, year).digest


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders ``2023`` and ``2024``: regions of 2,000 stays over that year and the three before."""
    folder = tmp_path_factory.mktemp("regions")
    for year in (2023, 2024):
        make_region(folder / str(year), stays=2_000, seed=11, years=tuple(range(year - 3, year + 1)), institutions=6)
    weights = pl.read_csv(WEIGHTS / "beijing-2022.csv", infer_schema=False).select("drg", "weight")
    weights.write_csv(folder / "2024" / "group_weights.csv")
    return folder


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small region with everything: other modes, visits, communities, procurement, persons."""
    folder = tmp_path_factory.mktemp("full") / "r"
    make_region(folder, stays=2_500, seed=7, extras=frozenset({*EXTRAS, MODES}))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("practice", practices())
def test_every_shipped_practice_settles_a_region_with_everything(practice: str, full: Path, tmp_path: Path) -> None:
    engine = usual(2)
    done = run(Order(full, practice, 2024), tmp_path / "run", engine)
    assert [c for c in verify(done, engine) if not c.ok] == []
    closings = read_table(done / "tables", CLOSINGS)
    assert closings["paid"].min() > 0  # type: ignore[operator]


def test_the_practice_a_new_area_starts_from_is_on_the_national_scheme() -> None:
    policy = law(START, 2024)
    assert policy.scheme == "chs-drg-2.0"
    demo = law("demo", 2024)
    assert [name for name, _, _ in diff(policy, demo)] == ["coefficient.basic_groups"]


def test_beijing_brings_its_published_weights_and_a_register_comes_first() -> None:
    policy = law("beijing", 2024)
    empty = Registers({})
    found = dict(with_weights(empty, policy)[GROUP_WEIGHTS].select("drg", "weight").rows())
    assert (len(found), found["AE19"], found["AG11"]) == (647, "5.8000", "12.5200")
    own = Registers({"group_weights": pl.DataFrame({"drg": ["AE19"], "weight": ["6"]})})
    assert with_weights(own, policy) is own
    assert with_weights(empty, law("demo", 2024)) is empty


@pytest.mark.parametrize(
    ("practice", "year"),
    [
        ("weihai", 2024),
        ("hospital-prepay", 2024),
        ("beijing", 2024),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in (("shanwei", 2023), ("hangzhou", 2024))),
    ],
)
def test_a_practice_settles_a_small_region(practice: str, year: int, regions: Path, tmp_path: Path) -> None:
    engine = usual(2)
    done = run(Order(regions / str(year), practice, year), tmp_path / "run", engine)
    assert [c for c in verify(done, engine, quick=True) if not c.ok] == []
    tables = done / "tables"
    policy = law(practice, year)
    closings = read_table(tables, CLOSINGS)
    assert closings["paid"].min() > 0  # type: ignore[operator]
    base = read_table(tables, BASE_GROUPS).filter(pl.col("base_points") > 0)
    if practice == "beijing":  # by rate: standards instead of a base period
        assert dict(base.select("drg", "mean_cost").rows())["AE19"] == 11846674  # 5.8 × 20,425.30
        return
    points, n = sum(p * n for p, n in base.select("base_points", "n").rows()), int(base["n"].sum())
    assert 0.8 < points / n / (policy.integer("points.scale") * 10_000) < 1.2
    components = set(read_table(tables, COEFFICIENTS)["component"])
    assert components == {*policy.names("coefficient.components"), "total"} - {"basic_group"}
    adjusted = set(read_table(tables, ADJUSTMENTS)["adjustment"])
    assert adjusted == {"hospital-prepay": {"difficulty"}, "weihai": {"readmission"}}.get(practice, set())
    assert ("qy" in set(read_table(tables, CASE_POINTS)["case_class"])) == (practice == "weihai")
