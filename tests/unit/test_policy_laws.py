"""The laws of a year: months, segments by day of discharge, what may not change, and what a parameter acts on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Laws, dictionary, laws, load, one_law, practice_text
from drgpay.runs.laws import scoring


def practice(folder: Path, *notices: str) -> str:
    """The demonstration practice with further notices, as a file."""
    text, _ = practice_text("demo")
    (folder / "p.yaml").write_text(text + "".join(notices), encoding="utf-8")
    return str(folder / "p.yaml")


def notice(name: str, day: str, values: str, stays: str = "", until: str = "", issued: str = "2023-12-31") -> str:
    more = "".join(f"\n    {key}: {value}" for key, value in (("stays", stays), ("until", until)) if value)
    return (
        f"\n  - id: {name}\n    document: No. {name}\n    issued: {issued}\n    in_force: {day}{more}"
        f"\n    values: {values}\n"
    )


def spans(found: Laws, name: str) -> list[tuple[str, str, str]]:
    """First and last day and value of the segments of the clearing."""
    return [(str(s.first), str(s.last), s.policy.source(name).value) for s in found.closing.segments]


def test_every_parameter_says_what_it_acts_on() -> None:
    assert [name for name, parameter in dictionary().items() if parameter.acts is None] == []
    acts = {name: dictionary()[name].acts for name in (
        "settlement.monthly_pay_ratio", "fund.seasonality", "points.high_multiple", "points.qy_discount",
        "coefficient.level_table", "modes.rules", "bed_day.rates", "rate.base_rate", "points.trim_passes",
        "settlement.keep_bands", "settlement.deposit_return", "points.special_quota", "points.high_extra_cap",
    )}  # fmt: skip
    assert list(acts.values()) == ["month"] * 2 + ["stay"] * 6 + ["year"] * 5
    assert [name for name, parameter in dictionary().items() if parameter.steady] == [
        "grouping.switches", "grouping.certified", "points.base_years", "points.scale", "fund.basis",
        "fund.inpatient_unit", "points.pricing", "benefit.in_run",
    ]  # fmt: skip


def test_a_month_has_the_law_of_its_last_day(tmp_path: Path) -> None:
    path = practice(tmp_path, notice("a", "2024-07-15", "{settlement.monthly_pay_ratio: 90%}"))
    found = laws(path, 2024)
    ratios = [span.policy.ratio("settlement.monthly_pay_ratio") for span in found.months.values()]
    assert ratios == [9500] * 6 + [9000] * 6
    assert found.changes
    assert len(found.closing.segments) == 1
    assert scoring(found)[1] is None  # nothing that scores stays has changed
    june = laws(path, 2024, month=6)
    assert (june.policy.digest, june.closing) == (found.months[6].policy.digest, found.months[6])
    assert june.policy == load(path, on=date(2024, 6, 30))
    assert not laws(path, 2024, known_on=date(2023, 12, 30)).changes


def test_without_a_change_there_is_one_law() -> None:
    found = laws("demo", 2024)
    assert not found.changes
    assert found.policy == load("demo", on=date(2024, 12, 31))
    assert scoring(found) == (found.closing.segments, None)
    assert one_law(found.policy, 2024).all()[0].digest == found.policy.digest


def test_segments_by_day_of_discharge(tmp_path: Path) -> None:
    path = practice(
        tmp_path,
        notice("a", "2024-03-15", "{points.qy_discount: 50%, settlement.monthly_pay_ratio: 90%}", "discharged_from"),
        notice("b", "2024-07-01", "{points.qy_discount: 40%}", "discharged_from", "2024-10-01"),
    )
    found = laws(path, 2024)
    assert spans(found, "points.qy_discount") == [
        ("2024-01-01", "2024-03-14", "0.6"), ("2024-03-15", "2024-06-30", "0.5"),
        ("2024-07-01", "2024-09-30", "0.4"), ("2024-10-01", "2024-12-31", "0.5"),
    ]  # fmt: skip
    # What acts on months does not go by discharge: March is paid by the law of its last day, its stays by two.
    march = found.months[3]
    assert march.policy.ratio("settlement.monthly_pay_ratio") == 9000
    assert [s.policy.ratio("points.qy_discount") for s in march.segments] == [6000, 5000]
    assert {s.policy.ratio("settlement.monthly_pay_ratio") for s in march.segments} == {9000}
    assert found.closing.on(date(2024, 3, 14)).source("points.qy_discount").value == "0.6"


def test_a_later_plain_notice_counts_for_all_stays(tmp_path: Path) -> None:
    first = notice("a", "2024-03-01", "{points.qy_discount: 50%, points.unstable_discount: 0.9}", "discharged_from")
    found = laws(practice(tmp_path, first, notice("b", "2024-07-01", "{points.qy_discount: 40%}")), 2024)
    assert {value for *_, value in spans(found, "points.qy_discount")} == {"0.4"}
    assert [value for *_, value in spans(found, "points.unstable_discount")] == ["1", "0.9"]
    assert found.months[1].policy.ratio("points.qy_discount") == 6000


def test_what_scores_alike_is_one_segment(tmp_path: Path) -> None:
    path = practice(tmp_path, notice("a", "2024-07-01", "{benefit.unreferred_extra: 12%}", "discharged_from"))
    found = laws(path, 2024)
    assert len(found.closing.segments) == 2
    cleared, months = scoring(found)
    assert (len(cleared), months) == (1, None)
    assert (cleared[0].first, cleared[0].last) == (date(2024, 1, 1), date(2024, 12, 31))


def test_amendments_reach_every_law(tmp_path: Path) -> None:
    path = practice(tmp_path, notice("a", "2024-07-01", "{points.qy_discount: 50%}", "discharged_from"))
    found = laws(path, 2024).amend({"points.qy_discount": "10%", "points.max_cv": "0.8"}, "a test")
    assert {p.ratio("points.qy_discount") for p in found.all()} == {1000}
    assert {p.ratio("points.max_cv") for p in found.all()} == {8000}


def test_months_before_the_first_notice_are_settled_by_it(tmp_path: Path) -> None:
    text, _ = practice_text("demo")
    path = tmp_path / "late.yaml"
    path.write_text(text.replace("in_force: 2024-01-01", "in_force: 2024-05-01", 1), encoding="utf-8")
    found = laws(str(path), 2024)
    assert not found.changes
    with pytest.raises(DrgpayError, match="no notice is in force"):
        laws(str(path), 2024, month=4)


@pytest.mark.parametrize("values", ["{fund.basis: fund}", "{points.scale: 1000}", "{points.pricing: points}"])
def test_what_holds_for_a_year_does_not_change_within_it(tmp_path: Path, values: str) -> None:
    with pytest.raises(DrgpayError) as failure:
        laws(practice(tmp_path, notice("a", "2024-07-01", values)), 2024)
    error = failure.value
    assert (error.kind, error.field) == (Kind.POLICY, values[1:].partition(":")[0])
    assert "→" in str(error.value)
    laws(practice(tmp_path, notice("a", "2024-07-01", values)), 2024, month=6)
    laws(practice(tmp_path, notice("a", "2025-01-01", values)), 2024)


@pytest.mark.parametrize(
    ("stays", "values", "words"),
    [
        ("admitted_from", "{points.qy_discount: 50%}", "stays can only be discharged_from"),
        ("discharged_from", "{settlement.monthly_pay_ratio: 90%}", "nothing that acts on stays"),
        ("discharged_from", "{}", "nothing that acts on stays"),
    ],
)
def test_stays_is_discharged_from_or_nothing(tmp_path: Path, stays: str, values: str, words: str) -> None:
    with pytest.raises(DrgpayError) as failure:
        laws(practice(tmp_path, notice("a", "2024-07-01", values, stays)), 2024)
    assert failure.value.kind is Kind.POLICY
    assert words in failure.value.text()
    assert "notices[2].stays" in failure.value.text()
