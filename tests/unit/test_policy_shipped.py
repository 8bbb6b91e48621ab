"""What ships: the dictionary agrees with itself, and the demonstration practice is whole and sourced."""

from __future__ import annotations

from datetime import date

import pytest

from drgpay.policy import Policy, band_of, dictionary, diff, load, practices, reference_markdown
from drgpay.sources import known

LOCAL = "local"


@pytest.fixture(scope="module")
def demo() -> Policy:
    """The demonstration practice in 2024."""
    return load("demo", on=date(2024, 6, 1))


def test_the_dictionary_is_coherent_and_closed() -> None:
    words = dictionary()
    assert words is dictionary()
    for name, parameter in words.items():
        assert parameter.name == name
        assert parameter.zh
        assert parameter.en
        assert all(parameter.short)
        assert not parameter.clause or known(parameter.clause)
        low, high = parameter.limits()
        assert low is None or high is None or low <= high
        if parameter.at_most is not None:
            assert words[parameter.at_most].type == parameter.type
        if parameter.required_when is not None:
            chooser, _, choice = parameter.required_when.partition("=")
            assert choice in words[chooser].choices
    with pytest.raises(TypeError):
        words["new"] = parameter  # type: ignore[index]


def test_demo_is_whole_and_every_value_has_its_source(demo: Policy) -> None:
    assert "demo" in practices()
    assert (demo.practice, demo.region, demo.scheme) == ("demo", "demo", "chs-drg-1.1")
    for name, source in demo.values().items():
        assert source.source
        assert source.notice == "demo-2024-01" or source.value in ("none", "false"), name


def test_demo_values_that_have_a_source(demo: Policy) -> None:
    assert demo.years("points.base_years") == ((2021, 1), (2022, 2), (2023, 7))
    assert demo.integer("points.scale") == 100
    assert demo.ratio("points.low_multiple") == 4_000
    assert demo.integer("points.min_cases") == 6
    assert demo.ratio("points.max_cv") == 10_000
    assert demo.choice("points.unstable_rule") == "median"
    assert (demo.ratio("points.ungrouped_discount"), demo.ratio("points.qy_discount")) == (7_000, 6_000)
    assert (demo.ratio("coefficient.min"), demo.ratio("coefficient.max")) == (4_000, 15_000)
    assert demo.table("coefficient.level_table") == {"tertiary": 12_000, "secondary": 10_200, "primary": 7_500}
    assert demo.ratio_or_none("coefficient.dominant_share") == 7_000
    assert demo.ratio("fund.reserve_share") == 500
    assert demo.ratio("fund.max_growth") == 1_000
    assert demo.ratio("settlement.monthly_pay_ratio") == 9_500
    keep = demo.bands("settlement.keep_bands")
    assert [band_of(keep, x).value for x in (7_999, 8_000, 8_999, 9_000)] == [5_000, 6_000, 6_000, 7_000]
    assert demo.month_day("settlement.clearing_deadline") == (6, 30)
    assert all(demo.source(n).source != LOCAL for n in ("points.scale", "fund.max_growth", "points.qy_discount"))


def test_demo_values_without_a_source_say_so(demo: Policy) -> None:
    high = demo.bands("points.high_multiple")
    assert [band_of(high, x * 10_000).value for x in (100, 101, 300, 301)] == [30_000, 20_000, 20_000, 15_000]
    assert demo.source("points.high_multiple").source == LOCAL
    assert demo.source("settlement.grade_when_missing").source == LOCAL
    assert demo.ratio_or_none("points.high_extra_cap") is None


def test_demo_basic_groups_are_medical_groups(demo: Policy) -> None:
    groups = demo.codes("coefficient.basic_groups")
    assert len(groups) == 20
    assert all(len(code) == 4 and "R" <= code[1] <= "Z" for code in groups)


def test_demo_moves_its_base_period_in_2025(demo: Policy) -> None:
    later = load("demo", on=date(2025, 1, 1))
    assert [name for name, _, _ in diff(demo, later)] == ["points.base_years"]
    assert later.years("points.base_years") == ((2022, 1), (2023, 2), (2024, 7))
    earlier_knowledge = load("demo", on=date(2025, 1, 1), known_on=date(2024, 12, 19))
    assert earlier_knowledge.digest == demo.digest


def test_every_structured_value_survives_an_amendment_by_its_own_text(demo: Policy) -> None:
    again = demo.amend({name: source.value for name, source in demo.values().items()}, "the same")
    assert diff(demo, again) == []


def test_the_reference_names_every_parameter_and_every_shipped_value() -> None:
    page = reference_markdown()
    assert page == reference_markdown()
    for name, parameter in dictionary().items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))
        assert parameter.zh in row
        assert parameter.en in row
    assert "| `points.unstable_rule` | median | 威海做法（据公开笔记转引，未见原文） / Weihai practice" in page
    assert "median \\| mean \\| cost" in page
    widths = {line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("|")}
    assert widths == {8, 6}
    assert "| 月 month |" in page
    assert "stays: discharged_from" in page
