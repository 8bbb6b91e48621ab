"""Rules of payment modes and lists of rates as a policy writes them: what is refused, where, in both languages."""

from __future__ import annotations

from datetime import date

import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, load, rates_of


@pytest.fixture(scope="module")
def demo() -> Policy:
    return load("demo", on=date(2024, 12, 31))


@pytest.mark.parametrize(
    ("name", "text", "zh", "en"),
    [
        ("bed_day.rates", "[{from: 1, upto: 60, yuan: 400}, {from: 91, yuan: 300}]", "61–90 没有标准",
         "no rate for 61 to 90"),
        ("bed_day.rates", "[{from: 1, upto: 60, yuan: 400}, {from: 60, yuan: 300}]", "分段重叠", "overlap"),
        ("bed_day.rates", "[{from: 1, yuan: 400}, {from: 60, yuan: 300}]", "分段重叠", "overlap"),
        ("bed_day.rates", "[{from: 2, yuan: 400}]", "1–1 没有标准", "no rate for 1 to 1"),
        ("bed_day.rates", "[{from: 1, upto: 60, yuan: 400}]", "61 起没有标准", "no rate from 61 on"),
        ("bed_day.rates", "[{from: 1, upto: 0, yuan: 400}]", "上限小于下限", "ends before it begins"),
        ("bed_day.rates", "[{category: a, from: 1, yuan: 1}, {category: b, from: 5, yuan: 1}]", "b:1–4",
         "b: no rate"),
        ("bed_day.rates", "[{from: 1, yuan: -1}]", "不能为负", "below zero"),
        ("quota.amounts", "[{category: dialysis, yuan: 400}, {category: dialysis, yuan: 500}]", "两个金额",
         "two amounts"),
        ("quota.amounts", "[{category: dialysis, from: 1, yuan: 400}]", "未知的键", "unknown key"),
        ("modes.rules", "[{id: a, mode: drg}, {id: a, mode: quota}]", "编号重复", "given twice"),
        ("modes.rules", "[{id: a, mode: barter}]", "未知选项", "unknown choice"),
        ("modes.rules", "[{id: a, mode: drg, when: {colour: [red]}}]", "未知的键", "unknown key"),
        ("modes.rules", "[{id: a, mode: drg, when: {levels: [third]}}]", "未知选项", "unknown choice"),
        ("modes.rules", "[{id: a, mode: drg, when: {dx: []}}]", "列表为空", "empty"),
        ("modes.rules", "[{id: a, mode: drg, when: {los_from: 9, los_upto: 3}}]", "上限小于下限", "wrong way round"),
        ("modes.rules", "[{id: a, mode: drg, exits: {ways: [7]}}]", "未知选项", "unknown choice"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_in_both_languages(demo: Policy, name: str, text: str, zh: str, en: str) -> None:
    with pytest.raises(DrgpayError) as failure:
        demo.amend({name: text}, "a test")
    assert failure.value.kind == Kind.POLICY
    assert (failure.value.field or "").startswith(name)
    assert zh in failure.value.zh
    assert en in failure.value.en


def test_rules_and_rates_survive_their_own_text(demo: Policy) -> None:
    for name in ("modes.rules", "bed_day.rates", "capitation.rates", "quota.amounts"):
        again = demo.amend({name: demo.source(name).value}, "the same")
        read = again.rules(name) if name == "modes.rules" else again.rates(name)
        assert read == (demo.rules(name) if name == "modes.rules" else demo.rates(name)) != ()


def test_the_more_exact_rate_goes_first(demo: Policy) -> None:
    rates = demo.rates("bed_day.rates")
    assert [r.fen for r in rates_of(rates, "psychiatric", "tertiary")] == [42_000, 36_000, 30_000]
    assert [r.fen for r in rates_of(rates, "psychiatric", "primary")] == [32_000, 27_000, 22_000]
    assert rates_of(rates, "dental", "primary") == ()


def test_a_quiet_parameter_that_is_not_set_leaves_no_trace(demo: Policy) -> None:
    weihai = load("weihai", on=date(2025, 12, 31))
    assert weihai.rules("modes.rules") == ()
    assert "modes.rules" in weihai.values()
    assert not [n for n in weihai.kept() if n.partition(".")[0] in ("modes", "bed_day", "capitation", "benefit")]
    none = demo.amend({"quota.per_day": "none"}, "the same")
    assert "quota.per_day" not in none.kept()


@pytest.mark.parametrize("practice", ["demo", "hangzhou", "beijing"])
def test_the_shipped_rules_have_rates_for_their_categories(practice: str) -> None:
    law = load(practice, on=date(2024, 12, 31))
    names = {"bed_day": "bed_day.rates", "single_disease": "single_disease.prices", "quota": "quota.amounts"}
    for rule in law.rules("modes.rules"):
        if rule.mode in names:
            for level in ("tertiary", "secondary", "primary"):
                assert rates_of(law.rates(names[rule.mode]), rule.category, level), (rule.id, level)
