"""Points, clause by clause (design/03). Money is in fen, points and coefficients in 1/10,000.

In most examples group AA11 has six stays of 1,000.00 yuan in 2023 and nothing else is in the base period, so that
A = M = 100000 fen and P = 100 points (1000000).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.points import stay_points
from support.money import Points, demo, settle, stay, tables_of
from support.plain_year import Case, Stay

PLAIN = {"coefficient__components": "[]"}
"""every institution has K = 1"""
BOTH = {"H1": "tertiary", "H2": "primary"}


def costs(*amounts: int, drg: str = "AA11", year: int = 2023, institution: str = "H1", **given: Any) -> list[Stay]:
    """Base-period stays of these costs."""
    return [
        stay(f"{year}-{drg}-{institution}-{i}", institution, drg=drg, year=year, total_cost=amount, **given)
        for i, amount in enumerate(amounts)
    ]


EVEN = costs(*[100_000] * 6)


def base(tmp_path: Path, stays: list[Stay], institutions: dict[str, str] | None = None, /, **rules: str) -> Points:
    """Base period, coefficients and points under the demonstration practice with some rules changed."""
    return Points.of(Case(demo(**rules), stays, institutions or BOTH, {}), tmp_path)


def left(points: Points, drg: str = "AA11", year: int = 2023) -> tuple[int, int]:
    """Stays left after trimming and their cost."""
    row = next(r for r in points.base.years if (r["drg"], r["year"]) == (drg, year))
    return row["n"], row["cost"]


class TestBasePeriod:
    """§1 and §2.4: years are weighted 1:2:7."""

    def test_years_are_weighted(self, tmp_path: Path) -> None:
        # (1 × 100 + 2 × 200 + 7 × 300) ÷ 10 = 260 yuan
        stays = costs(10_000, year=2021) + costs(20_000, year=2022) + costs(30_000, year=2023)
        year = base(tmp_path, stays, points__unstable_rule="mean")
        assert year.base.groups["AA11"].mean_cost == 26_000
        assert year.base.mean_cost == 26_000

    def test_a_year_without_stays_drops_out_and_the_others_renormalise(self, tmp_path: Path) -> None:
        # (1 × 100 + 7 × 300) ÷ 8 = 275 yuan; the other group: 7 × 300 ÷ 7 = 300 yuan
        stays = costs(10_000, year=2021) + costs(30_000, year=2023) + costs(30_000, drg="BB11")
        year = base(tmp_path, stays, points__unstable_rule="mean")
        assert year.base.groups["AA11"].mean_cost == 27_500
        assert year.base.groups["BB11"].mean_cost == 30_000

    def test_a_year_counts_by_its_weight_and_not_by_its_stays(self, tmp_path: Path) -> None:
        # 2021: nine stays of 100, 2023: one of 300 → still (1 × 100 + 7 × 300) ÷ 8 = 275 yuan
        stays = costs(*[10_000] * 9, year=2021) + costs(30_000, year=2023)
        year = base(tmp_path, stays, points__unstable_rule="mean")
        assert year.base.groups["AA11"].mean_cost == year.base.mean_cost == 27_500

    def test_means_are_rounded_half_up_to_fen(self, tmp_path: Path) -> None:
        # (100.00 + 100.01) ÷ 2 = 100.005 → 100.01
        year = base(tmp_path, costs(10_000, 10_001), points__unstable_rule="mean")
        assert year.base.groups["AA11"].mean_cost == 10_001

    def test_other_years_do_not_enter(self, tmp_path: Path) -> None:
        year = base(tmp_path, EVEN + costs(900_000, year=2020) + costs(900_000, year=2024))
        assert year.base.mean_cost == 100_000

    @pytest.mark.parametrize(("los", "enters"), [(0, False), (1, True), (60, True), (61, False)])
    def test_stays_within_the_limits_of_days_enter(self, tmp_path: Path, los: int, enters: bool) -> None:
        year = base(tmp_path, EVEN + costs(100_000, los=los, institution="H2"))
        assert year.base.groups["AA11"].n == 6 + enters

    @pytest.mark.parametrize("status", ["ungrouped", "qy"])
    def test_stays_without_a_group_do_not_enter(self, tmp_path: Path, status: str) -> None:
        year = base(tmp_path, EVEN + costs(900_000, drg="0000", status=status))
        assert year.base.mean_cost == 100_000
        assert set(year.base.groups) == {"AA11"}

    def test_no_base_period_is_a_failure_that_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(DrgpayError) as failure:
            base(tmp_path, [stay(1)])
        assert failure.value.kind is Kind.DATA
        assert failure.value.field == "points.base_years"

    def test_a_base_period_that_is_trimmed_away_is_a_failure_too(self, tmp_path: Path) -> None:
        # mean 10.9: 1 < 0.4 × 10.9 and 100 > 3 × 10.9, so that no stay is left
        with pytest.raises(DrgpayError) as failure:
            base(tmp_path, costs(*[1] * 9, 100))
        assert failure.value.kind is Kind.DATA

    def test_an_overall_mean_of_nothing_is_a_failure_too(self, tmp_path: Path) -> None:
        # with a low multiple of 0 the free stays stay in; mean 0.20, and 1.00 > 3 × 0.20 is trimmed
        with pytest.raises(DrgpayError) as failure:
            base(tmp_path, costs(0, 0, 0, 0, 100), points__low_multiple="0")
        assert failure.value.kind is Kind.DATA


class TestTrimming:
    """§2.1–2.2: below 0.4 × or above the band's multiple of the mean of the group and year."""

    def test_a_stay_on_a_bound_stays_in(self, tmp_path: Path) -> None:
        # mean 10.00; bounds 4.00 and 30.00 (P⁰ = 100, the first band)
        assert left(base(tmp_path, costs(400, 3000, 800, 400, 400))) == (5, 5000)

    def test_one_fen_beyond_a_bound_is_out(self, tmp_path: Path) -> None:
        # mean 10.00 again: 3.99 and 30.01 are out
        assert left(base(tmp_path, costs(399, 3001, 800, 400, 400))) == (3, 1600)

    def test_bounds_between_two_fen_are_not_rounded(self, tmp_path: Path) -> None:
        # mean 10.01, low bound 4.004: 4.00 is out and 4.01 in
        assert left(base(tmp_path / "low", costs(400, 1_155, 1_150, 1_150, 1_150))) == (4, 4_605)
        assert left(base(tmp_path / "in", costs(401, 1_154, 1_150, 1_150, 1_150))) == (5, 5_005)
        # mean 10.002, high bound 30.006: 30.00 is in and 30.01 out
        assert left(base(tmp_path / "high", costs(3_000, 501, 500, 500, 500))) == (5, 5_001)
        assert left(base(tmp_path / "out", costs(3_001, 500, 500, 500, 500))) == (4, 2_000)

    def test_the_band_is_that_of_the_provisional_points(self, tmp_path: Path) -> None:
        # AA11: mean (5 × 80 + 200) ÷ 6 = 100 yuan; alone it has P⁰ = 100 and the multiple 3: all six stay in.
        group = costs(*[8_000] * 5, 25_000 - 5_000)
        assert left(base(tmp_path / "alone", group)) == (6, 60_000)
        # With six stays of 40 yuan M⁰ = 70, P⁰ = 142.8571 and the multiple is 2: 200 yuan is on the bound.
        cheap = costs(*[4_000] * 6, drg="BB11")
        assert left(base(tmp_path / "bound", group + cheap)) == (6, 60_000)
        # 5 × 79.99 + 200.05 = 600 yuan: 200.05 > 2 × 100.
        group = costs(*[7_999] * 5, 20_005)
        assert left(base(tmp_path / "over", group + cheap)) == (5, 39_995)

    def test_a_band_includes_its_upper_bound(self, tmp_path: Path) -> None:
        # Alone P⁰ = 100 exactly: the band up to 100 holds, with multiple 3, and 2.5 × the mean stays in.
        group = costs(*[7_000] * 5, 25_000)
        assert left(base(tmp_path, group)) == (6, 60_000)
        # One fen less in another group of the year and P⁰ is a little over 100: multiple 2.
        assert left(base(tmp_path / "over", group + costs(*[9_999] * 6, drg="BB11"))) == (5, 35_000)

    def test_provisional_points_are_not_rounded_before_the_band_is_looked_up(self, tmp_path: Path) -> None:
        # M⁰ = 99,999.995 yuan: P⁰ = 100.000005 is over 100, and 250,000 > 2 × 100,000 is out.
        group = costs(*[7_000_000] * 5, 25_000_000) + costs(*[9_999_999] * 6, drg="BB11")
        assert left(base(tmp_path, group)) == (5, 35_000_000)

    def test_each_year_has_its_own_bounds(self, tmp_path: Path) -> None:
        stays = costs(10_000, 10_000, 10_000, year=2022) + costs(100_000, 100_000, 100_000, year=2023)
        year = base(tmp_path, stays)
        assert left(year, year=2022) == (3, 30_000)
        assert left(year, year=2023) == (3, 300_000)

    def test_a_second_pass_uses_what_the_first_left(self, tmp_path: Path) -> None:
        # Pass 1: mean (7 × 10 + 35 + 120) ÷ 9 = 25: 120 > 75 is out, 10 = 0.4 × 25 stays.
        # Pass 2: mean (70 + 35) ÷ 8 = 13.125, high bound 39.375: 35 stays. With 40 for 35 it goes.
        stays = costs(*[1_000] * 7, 3_500, 12_000)
        assert left(base(tmp_path / "1", stays)) == (8, 10_500)
        assert left(base(tmp_path / "2", stays, points__trim_passes="2")) == (8, 10_500)
        # Pass 1: mean 25 again (70 + 45 + 110 = 225); pass 2: mean 115 ÷ 8 = 14.375, bound 43.125 < 45.
        stays = costs(*[1_000] * 7, 4_500, 11_000)
        assert left(base(tmp_path / "3", stays)) == (8, 11_500)
        assert left(base(tmp_path / "4", stays, points__trim_passes="2")) == (7, 7_000)

    def test_no_pass_trims_nothing(self, tmp_path: Path) -> None:
        assert left(base(tmp_path, costs(*[1] * 9, 100), points__trim_passes="0")) == (10, 109)


THREE = {"points__min_cases": "3", "points__max_cv": "0.5", "points__trim_passes": "0"}


class TestStability:
    """§2.3 and §2.6: n ≥ 6 and CV ≤ 1 after trimming; here from three stays on and up to CV 0.5."""

    @pytest.mark.parametrize(
        ("amounts", "stable", "cv"),
        [
            ((500, 1000, 1500), True, 5000),  # sample sd 500, mean 1000: exactly 0.5
            ((499, 1000, 1501), False, 5010),
            ((1000, 1000), False, 0),  # two stays
            ((1000, 1000, 1000), True, 0),
        ],
    )
    def test_a_group_is_stable_up_to_its_bounds(
        self, tmp_path: Path, amounts: tuple[int, ...], stable: bool, cv: int
    ) -> None:
        group = base(tmp_path, costs(*amounts), **THREE).base.groups["AA11"]
        assert (group.stable, group.cv) == (stable, cv)

    def test_the_years_are_pooled(self, tmp_path: Path) -> None:
        stays = costs(1000, 1000, year=2021) + costs(1000, year=2023)
        assert base(tmp_path, stays, **THREE).base.groups["AA11"].stable

    def test_only_stays_left_after_trimming_count(self, tmp_path: Path) -> None:
        # three stays of 1,000 and one of 9,000: mean 3,000, 9,000 = 3 × it stays; 9,001 goes and the group is stable
        rules = THREE | {"points__trim_passes": "1", "points__low_multiple": "0.1"}
        assert not base(tmp_path / "in", costs(1000, 1000, 1000, 9000), **rules).base.groups["AA11"].stable
        assert base(tmp_path / "out", costs(1000, 1000, 1000, 9001), **rules).base.groups["AA11"].stable

    def test_an_unstable_group_has_the_lower_median_of_its_untrimmed_stays(self, tmp_path: Path) -> None:
        # 100, 200, 900, 5000: the second of four; the mean of what is left does not matter
        group = base(tmp_path, costs(900, 5000, 100, 200), points__min_cases="6").base.groups["AA11"]
        assert (group.stable, group.mean_cost) == (False, 200)

    def test_an_odd_number_has_its_middle(self, tmp_path: Path) -> None:
        assert base(tmp_path, costs(900, 100, 5000)).base.groups["AA11"].mean_cost == 900

    def test_the_median_is_of_all_base_years_without_weights(self, tmp_path: Path) -> None:
        stays = costs(100, 100, 100, year=2021) + costs(900, 900, year=2023)
        assert base(tmp_path, stays).base.groups["AA11"].mean_cost == 100

    def test_rule_mean_takes_the_mean(self, tmp_path: Path) -> None:
        group = base(tmp_path, costs(100, 200, 300), points__unstable_rule="mean").base.groups["AA11"]
        assert (group.stable, group.mean_cost) == (False, 200)

    def test_rule_cost_gives_no_base_points(self, tmp_path: Path) -> None:
        group = base(tmp_path, costs(100, 200, 300), points__unstable_rule="cost").base.groups["AA11"]
        assert (group.base_points, group.high_multiple) == (None, None)


class TestBasePoints:
    """§2.5: P = A × scale ÷ M, half up to four decimals."""

    @pytest.mark.parametrize(("scale", "points"), [("100", 857_143), ("1000", 8_571_429)])
    def test_base_points(self, tmp_path: Path, scale: str, points: int) -> None:
        # A = 60 and 80 yuan, M = 70: 60 × 100 ÷ 70 = 85.714285…
        stays = costs(*[6_000] * 6) + costs(*[8_000] * 6, drg="BB11")
        assert base(tmp_path, stays, points__scale=scale).base.groups["AA11"].base_points == points

    @pytest.mark.parametrize(
        ("others", "multiple"), [([10_000], 30_000), ([9_000], 20_000), ([2_000] * 6, 20_000), ([1_000] * 60, 15_000)]
    )
    def test_the_high_multiple_is_that_of_the_band(self, tmp_path: Path, others: list[int], multiple: int) -> None:
        # 100 yuan among six of its like: M = 100 → P = 100; M = 98.57… → 101.4; M = 60 → 166.7; M = 18.18 → 550
        stays = costs(*[10_000] * 6) + costs(*others, drg="BB11")
        assert base(tmp_path, stays).base.groups["AA11"].high_multiple == multiple

    def test_kernel_and_explanation_agree_where_base_points_round_to_nothing(self, tmp_path: Path) -> None:
        # A = 1 fen, M ≈ 1 billion fen: P = 0.0000001 rounds to 0
        stays = costs(*[1] * 6) + costs(*[2 * 10**9] * 6, drg="BB11")
        year = base(tmp_path, stays, **PLAIN)
        (row,) = year.judge([stay(1, total_cost=2)])
        group = year.base.groups["AA11"]
        alone = stay_points("grouped", 2, group, 10_000, year.base.mean_cost, demo(**PLAIN), "")
        assert (row["case_class"], row["points"]) == (alone.case_class, alone.points)


class TestCoefficients:
    """§3. H1 (tertiary) has six stays at 1,200 yuan, H2 (primary) six at 800; the group's mean is 1,000."""

    STAYS = costs(*[120_000] * 6) + costs(*[80_000] * 6, institution="H2")
    NEW = BOTH | {"H3": "primary", "H4": "secondary"}
    """H3 and H4 have no stay"""

    def values(self, tmp_path: Path, component: str, **rules: str) -> dict[str, int]:
        year = base(tmp_path, self.STAYS, self.NEW, **rules)
        return {r["institution_id"]: r["value"] for r in year.coefficients.rows if r["component"] == component}

    def test_cost_difference_blends_own_and_level(self, tmp_path: Path) -> None:
        # H1: its level is itself, 1.2. H3 has no stay: its level's 0.8. H4: nobody of its level has any: 1.
        assert self.values(tmp_path, "cost_difference") == {"H1": 12_000, "H2": 8_000, "H3": 8_000, "H4": 10_000}

    def test_own_share(self, tmp_path: Path) -> None:
        # Both tertiary: level (6 × 1200 + 6 × 800) ÷ (12 × 1000) = 1; H1: 0.25 × 1.2 + 0.75 × 1 = 1.05
        year = base(tmp_path, self.STAYS, {"H1": "tertiary", "H2": "tertiary"}, coefficient__own_share="0.25")
        assert year.coefficients.institutions == {"H1": 10_500, "H2": 9_500}

    def test_the_case_mix_is_standardised(self, tmp_path: Path) -> None:
        # H1 has the dear group and H2 the cheap one, each at the region's mean: neither is dear.
        stays = costs(*[900_000] * 6) + costs(*[100_000] * 6, drg="BB11", institution="H2")
        year = base(tmp_path, stays, coefficient__components="[cost_difference]")
        assert year.coefficients.institutions == {"H1": 10_000, "H2": 10_000}

    def test_a_component_is_held_within_its_bounds(self, tmp_path: Path) -> None:
        year = base(tmp_path, self.STAYS, coefficient__cost_difference_max="1.1")
        row = next(r for r in year.coefficients.rows if r["component"] == "cost_difference")
        assert (row["unbounded"], row["value"], row["bound"]) == (12_000, 11_000, "max")

    def test_level_from_the_table(self, tmp_path: Path) -> None:
        found = self.values(tmp_path, "level", coefficient__components="[level]")
        assert found == {"H1": 12_000, "H2": 7_500, "H3": 7_500, "H4": 10_200}

    def test_level_computed(self, tmp_path: Path) -> None:
        rules = {"coefficient__components": "[level]", "coefficient__level_method": "computed"}
        assert self.values(tmp_path, "level", **rules) == {"H1": 12_000, "H2": 8_000, "H3": 8_000, "H4": 10_000}

    def test_product(self, tmp_path: Path) -> None:
        # H1: 1.2 × 1.2 = 1.44; H2: 0.75 × 0.8 = 0.6
        found = self.values(tmp_path, "total", coefficient__components="[level, cost_difference]")
        assert (found["H1"], found["H2"]) == (14_400, 6_000)

    def test_weighted_sum(self, tmp_path: Path) -> None:
        # H2: 0.4 × 0.75 + 0.6 × 0.8 = 0.78
        found = self.values(
            tmp_path,
            "total",
            coefficient__components="[level, cost_difference]",
            coefficient__combine="weighted_sum",
            coefficient__weights="{level: 0.4, cost_difference: 0.6}",
        )
        assert (found["H1"], found["H2"]) == (12_000, 7_800)

    def test_the_result_is_clipped_and_says_so(self, tmp_path: Path) -> None:
        year = base(tmp_path, self.STAYS, coefficient__max="1.1999")
        row = next(r for r in year.coefficients.rows if r["component"] == "total")
        assert (row["unbounded"], row["value"], row["bound"]) == (12_000, 11_999, "max")

    def test_a_basic_group_has_one_coefficient(self, tmp_path: Path) -> None:
        year = base(tmp_path, self.STAYS, coefficient__basic_groups="[AA11]", coefficient__basic_group_value="0.9")
        assert [r["coefficient"] for r in year.judge([stay(1, "H1"), stay(2, "H2")])] == [9_000, 9_000]

    def test_a_group_with_few_stays_has_coefficient_one(self, tmp_path: Path) -> None:
        year = base(tmp_path, self.STAYS, coefficient__min_cases="13")
        assert year.judge([stay(1, "H2")])[0]["coefficient"] == 10_000
        year = base(tmp_path / "enough", self.STAYS, coefficient__min_cases="12")
        assert year.judge([stay(1, "H2")])[0]["coefficient"] == 8_000

    def test_a_group_that_one_institution_dominates_has_coefficient_one(self, tmp_path: Path) -> None:
        # H1 has 7 of 10 stays: exactly 70 %
        stays = costs(*[120_000] * 7) + costs(*[80_000] * 3, institution="H2")
        assert base(tmp_path, stays).coefficients.groups == {"AA11": 10_000}
        stays = costs(*[120_000] * 7) + costs(*[80_000] * 4, institution="H2")
        assert base(tmp_path / "less", stays).coefficients.groups == {}


LEVELS = {
    "coefficient__components": "[level]",
    "coefficient__level_table": "{tertiary: 1.2346, secondary: 1, primary: 0.4}",
    "coefficient__dominant_share": "none",
}
"""K from the table; H1 has all base-period stays of the group, which would make K = 1"""


class TestClasses:
    """§4. A = M = 1,000.00 yuan, P = 100; low below 400.00, high above 3,000.00; K = 1 unless said."""

    @pytest.mark.parametrize(
        ("cost", "case_class", "points", "extra"),
        [
            (100_000, "normal", 1_000_000, 0),
            (40_000, "normal", 1_000_000, 0),  # on the low bound
            (39_999, "low", 399_990, 0),  # 100 × 399.99 ÷ 1,000
            (0, "low", 0, 0),
            (300_000, "normal", 1_000_000, 0),  # on the high bound
            (300_001, "high", 1_000_010, 10),  # extra 100 × 0.00001
            (450_000, "high", 2_500_000, 1_500_000),  # extra 100 × (4.5 − 3)
        ],
    )
    def test_class_and_points(self, tmp_path: Path, cost: int, case_class: str, points: int, extra: int) -> None:
        (row,) = base(tmp_path, EVEN, **PLAIN).judge([stay(1, total_cost=cost)])
        assert (row["case_class"], row["points"], row["extra"]) == (case_class, points, extra)

    def test_normal_points_are_base_points_times_k(self, tmp_path: Path) -> None:
        (row,) = base(tmp_path, EVEN, **LEVELS).judge([stay(1)])
        assert (row["coefficient"], row["points"]) == (12_346, 1_234_600)

    def test_low_points_never_exceed_normal_points(self, tmp_path: Path) -> None:
        # 0.39 of the mean is low; K = 0.4 allows 40 points; with K = 0.38 only 38.
        year = base(tmp_path, EVEN, **LEVELS)
        assert year.judge([stay(1, "H2", total_cost=39_000)])[0]["points"] == 390_000
        level = "{tertiary: 1, secondary: 1, primary: 0.38}"
        rules = LEVELS | {"coefficient__min": "0.3", "coefficient__level_table": level}
        year = base(tmp_path / "less", EVEN, **rules)
        assert year.judge([stay(1, "H2", total_cost=39_000)])[0]["points"] == 380_000

    def test_extra_points_do_not_depend_on_k(self, tmp_path: Path) -> None:
        # 100 × 1.2346 + 100 × (4.5 − 3)
        (row,) = base(tmp_path, EVEN, **LEVELS).judge([stay(1, total_cost=450_000)])
        assert (row["points"], row["extra"]) == (2_734_600, 1_500_000)

    @pytest.mark.parametrize("rule", ["none", "after_review"])
    def test_without_the_rule_or_a_review_there_is_no_extra(self, tmp_path: Path, rule: str) -> None:
        (row,) = base(tmp_path, EVEN, **PLAIN, points__high_extra=rule).judge([stay(1, total_cost=450_000)])
        assert (row["case_class"], row["points"], row["extra"]) == ("high", 1_000_000, 0)

    def test_ungrouped_and_ambiguous_stays_by_their_own_cost(self, tmp_path: Path) -> None:
        # 2,000 ÷ 1,000 × 100 × 70 % and × 60 %
        rows = base(tmp_path, EVEN, **PLAIN).judge(
            [
                stay(1, status="ungrouped", drg="0000", total_cost=200_000),
                stay(2, status="qy", drg="AQY", total_cost=200_000),
            ]
        )
        found = [(r["case_class"], r["coefficient"], r["discount"], r["points"]) for r in rows]
        assert found == [("ungrouped", 10_000, 7_000, 1_400_000), ("qy", 10_000, 6_000, 1_200_000)]

    def test_unstable_stays_by_their_own_cost(self, tmp_path: Path) -> None:
        # rule cost, 90 %: 5,000 ÷ 1,000 × 100 × 0.9; M = (6 × 1,000 + 1,000) ÷ 7
        year = base(tmp_path, EVEN + costs(100_000, drg="BB11"), **PLAIN, points__unstable_rule="cost",
                    points__unstable_discount="0.9")  # fmt: skip
        (row,) = year.judge([stay(1, drg="BB11", total_cost=500_000)])
        assert (row["case_class"], row["coefficient"], row["discount"]) == ("unstable", 10_000, 9_000)
        assert row["points"] == 4_500_000

    def test_a_group_the_base_period_does_not_know_goes_by_its_own_cost(self, tmp_path: Path) -> None:
        (row,) = base(tmp_path, EVEN, **PLAIN).judge([stay(1, drg="NN11", total_cost=123_450)])
        assert (row["case_class"], row["points"]) == ("unstable", 1_234_500)

    def test_an_unstable_group_with_a_median_is_judged_like_any_other(self, tmp_path: Path) -> None:
        # BB11: one stay of 1,000 → A = 1,000 and P = 100
        year = base(tmp_path, EVEN + costs(100_000, drg="BB11"), **PLAIN)
        (row,) = year.judge([stay(1, drg="BB11", total_cost=50_000)])
        assert (row["case_class"], row["points"]) == ("normal", 1_000_000)

    def test_points_are_rounded_half_up_once(self, tmp_path: Path) -> None:
        # A = 3.00: 100 × 0.01 ÷ 3.00 = 0.33333 → 0.3333; 0.02 → 0.66667 → 0.6667
        year = base(tmp_path, costs(*[300] * 6), **PLAIN)
        assert [r["points"] for r in year.judge([stay(1, total_cost=1), stay(2, total_cost=2)])] == [3_333, 6_667]

    def test_the_cap_on_extra_points_is_shared_by_an_institutions_stays(self, tmp_path: Path) -> None:
        # H1: normal points 3 × 100, cap 5 % = 15. Asked: 150 + 50 = 200; each gets 15 ÷ 200 of its own:
        # 11.25 and 3.75. H2 asks for 100, may have 5.
        stays = [
            stay(1, total_cost=450_000), stay(2, total_cost=350_000), stay(3),
            stay(4, "H2", total_cost=400_000),
        ]  # fmt: skip
        law = demo(**PLAIN, points__high_extra_cap="5%")
        rows = tables_of(settle(tmp_path, Case(law, EVEN + stays, BOTH, {"employee": 0, "resident": 0})))[
            "case_points"
        ]
        found = {key: (row["extra"], row["points"]) for (key,), row in rows.items()}
        assert found == {
            "0001": (112_500, 1_112_500), "0002": (37_500, 1_037_500), "0003": (0, 1_000_000),
            "0004": (50_000, 1_050_000),
        }  # fmt: skip

    def test_a_cap_that_is_not_reached_changes_nothing(self, tmp_path: Path) -> None:
        law = demo(**PLAIN, points__high_extra_cap="1")
        case = Case(law, [*EVEN, stay(1, total_cost=350_000)], BOTH, {"employee": 0, "resident": 0})
        assert tables_of(settle(tmp_path, case))["case_points"]["0001",]["extra"] == 500_000
