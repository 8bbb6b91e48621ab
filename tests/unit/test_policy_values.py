"""Values of every type: read exactly, printed so that they read back, refused with the right way to write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Band, MonthDay, YearWeight, band_of
from drgpay.policy.dictionary import read_dictionary
from drgpay.notation import NumberKind, Place, print_number, read_number, read_yaml
from drgpay.policy.values import Value, read_value, structure_of, written

WORDS = read_dictionary(
    """
count:   {type: integer, min: 1, max: 90, zh: 数, en: a count, clause: x}
scale:   {type: integer, choices: ["100", "1000"], zh: 标度, en: a scale, clause: x}
share:   {type: ratio, min: 0, max: 1, zh: 比例, en: a share, clause: x}
cap:     {type: ratio, optional: true, zh: 上限, en: a cap, clause: x}
price:   {type: yuan, min: 0, zh: 价, en: a price, clause: x}
method:  {type: choice, choices: [mean, median], zh: 法, en: a method, clause: x}
switch:  {type: flag, default: "false", zh: 开关, en: a switch, clause: x}
groups:  {type: codes, zh: 病组, en: groups, clause: x}
levels:  {type: table, keys: [high, low], min: 0, max: 2, zh: 等级, en: levels, clause: x}
some:    {type: table, keys: [high, low], complete: false, zh: 部分, en: some, clause: x}
anything: {type: table, keys: any, zh: 任意, en: any key, clause: x}
steps:   {type: bands, bound: points, min: 1, max: 9, zh: 档, en: steps, clause: x}
base:    {type: years, min: 1, zh: 年, en: years, clause: x}
parts:   {type: names, choices: [level, cost, basic], zh: 项, en: parts, clause: x}
day:     {type: month_day, zh: 日, en: a day, clause: x}
"""
)


def read(name: str, text: object) -> Value:
    """The value of a parameter of WORDS, given as an amendment gives it."""
    place = Place("x.yaml", name)
    return read_value(WORDS[name], structure_of(WORDS[name], text, place), place)


def refused(name: str, text: object) -> DrgpayError:
    """The failure that reading gives."""
    with pytest.raises(DrgpayError) as caught:
        read(name, text)
    assert caught.value.kind is Kind.POLICY
    assert caught.value.file == "x.yaml"
    return caught.value


@pytest.mark.parametrize(
    ("name", "text", "value", "canonical"),
    [
        ("count", "6", 6, "6"),
        ("scale", "1000", 1000, "1000"),
        ("share", "0.05", 500, "0.05"),
        ("share", "5%", 500, "0.05"),
        ("share", "0.01%", 1, "0.0001"),
        ("share", "1", 10_000, "1"),
        ("share", "0.1000", 1_000, "0.1"),
        ("cap", "none", None, "none"),
        ("cap", "-0.5", -5_000, "-0.5"),
        ("price", "1234.5", 123_450, "1234.50"),
        ("method", "median", "median", "median"),
        ("switch", "true", True, "true"),
        ("switch", "false", False, "false"),
        ("groups", "[FV25, DT19]", ("DT19", "FV25"), "[DT19, FV25]"),
        ("groups", "[]", (), "[]"),
        ("groups", ["FV25"], ("FV25",), "[FV25]"),
        ("levels", "{low: 0.9, high: 1.1}", (("high", 11_000), ("low", 9_000)), "{high: 1.1, low: 0.9}"),
        ("some", {"low": "90%"}, (("low", 9_000),), "{low: 0.9}"),
        ("anything", "{b: 2, a: 1}", (("a", 10_000), ("b", 20_000)), "{a: 1, b: 2}"),
        (
            "steps",
            "[{upto: 100, value: 3}, {value: 1.5}]",
            (Band(1_000_000, 30_000), Band(None, 15_000)),
            "[{upto: 100, value: 3}, {value: 1.5}]",
        ),
        (
            "base",
            "[{year: 2023, weight: 7}, {year: 2022, weight: 2}]",
            (YearWeight(2022, 2), YearWeight(2023, 7)),
            "[{year: 2022, weight: 2}, {year: 2023, weight: 7}]",
        ),
        ("parts", "[cost, level]", ("cost", "level"), "[cost, level]"),
        ("day", "06-30", MonthDay(6, 30), "06-30"),
    ],
)
def test_reads_exactly_and_prints_what_reads_back(name: str, text: object, value: Value, canonical: str) -> None:
    assert read(name, text) == value
    assert written(WORDS[name], value) == canonical
    assert read(name, canonical) == value


@given(st.integers(-(10**11), 10**11), st.sampled_from(["integer", "ratio", "points", "yuan"]))
def test_every_number_reads_back(number: int, kind: NumberKind) -> None:
    assert read_number(print_number(number, kind), kind, Place("x.yaml")) == number


@pytest.mark.parametrize(
    ("name", "text", "at", "en", "zh", "right"),
    [
        ("share", "0.12345", "share", "more than 4 decimals", "小数位超过 4 位", "0.1234 (at most 4 decimals)"),
        ("share", "1.234%", "share", "more than 2 decimals", "小数位超过 2 位", "1.23% (at most 2 decimals)"),
        ("price", "1.005", "price", "more than 2 decimals", "小数位超过 2 位", "1.00 (at most 2 decimals)"),
        ("share", "０.５", "share", "full-width characters", "含有全角字符", "0.5"),
        ("count", "１２", "count", "full-width characters", "含有全角字符", "12"),
        ("groups", "[ＦＶ25]", "groups[0]", "full-width characters", "含有全角字符", "FV25"),
        ("day", "０６-30", "day", "full-width characters", "含有全角字符", "06-30"),
        ("share", "1e-2", "share", "not a ratio", "不是比例", "0.05 | 5%"),
        ("share", ".5", "share", "not a ratio", "不是比例", "0.05 | 5%"),
        ("share", "0x10", "share", "not a ratio", "不是比例", "0.05 | 5%"),
        ("price", "1,000", "price", "not a decimal number", "不是小数", "1234.50"),
        ("price", "5%", "price", "not a decimal number", "不是小数", "1234.50"),
        ("count", "6.0", "count", "not an integer", "不是整数", "6"),
        ("count", "010", "count", "not an integer", "不是整数", "6"),
        ("count", "91", "count", "out of range", "超出允许范围", "1 … 90"),
        ("share", "-0.1", "share", "out of range", "超出允许范围", "0 … 1"),
        ("scale", "10000", "scale", "unknown choice", "未知选项", "1000"),
        ("method", "medain", "method", "unknown choice", "未知选项", "median"),
        ("switch", "yes", "switch", "unknown choice", "未知选项", "true | false"),
        ("parts", "[levels]", "parts[0]", "unknown name", "未知名称", "level"),
        ("levels", "{high: 1, lower: 1}", "levels.lower", "unknown table key", "未知表键", "low"),
        ("levels", "{high: 1, low: 3}", "levels.low", "out of range", "超出允许范围", "0 … 2"),
        ("groups", "[a b]", "groups[0]", "not a code", "不是代码", "FV25"),
        ("groups", "FV25", "groups", "a list is expected here", "此处应为列表", "[..., ...]"),
        ("levels", "[1]", "levels", "a mapping (key: value) is expected here", "此处应为映射", "{key: value}"),
        (
            "count",
            ["6"],
            "count",
            "one single value is expected here",
            "此处应为单个值",
            "one value, no list or mapping",
        ),
        ("count", 6, "count", "the value must be given as text", "值须以文本给出", '"6"'),
        ("share", 0.5, "share", "the value must be given as text", "值须以文本给出", '"0.5"'),
        ("steps", "[]", "steps", "at least one band is needed", "至少需要一档", "[{value: ...}]"),
        (
            "steps",
            "[{upto: 9, value: 3}]",
            "steps[0]",
            "the last band must be open: no upto",
            "最后一档必须不设上限",
            "{value: ...}",
        ),
        (
            "steps",
            "[{value: 3}, {value: 2}]",
            "steps[0]",
            "only the last band may leave out upto",
            "只有最后一档可以不写 upto",
            "{upto: ..., value: ...}",
        ),
        (
            "steps",
            "[{upto: 9, value: 3}, {upto: 9, value: 2}, {value: 1}]",
            "steps[1].upto",
            "the bands must ascend",
            "各档上限须递增",
            "> 9",
        ),
        ("steps", "[{value: 0.5}]", "steps[0].value", "out of range", "超出允许范围", "1 … 9"),
        ("steps", "[{below: 9, value: 3}]", "steps[0].below", "unknown key", "未知的键", "value | upto"),
        ("base", "[]", "base", "at least one year is needed", "至少需要一个年份", "[{year: 2023, weight: 1}]"),
        ("base", "[{year: 23, weight: 1}]", "base[0].year", "not a year of four digits", "不是四位年份", "2023"),
        ("base", "[{year: 2023, weight: 0}]", "base[0].weight", "out of range", "超出允许范围", "1 …"),
        ("day", "02-29", "day", "not a day that every year has", "不是每年都有的月日", "06-30 (MM-DD)"),
        ("day", "6-30", "day", "not a day that every year has", "不是每年都有的月日", "06-30 (MM-DD)"),
    ],
)
def test_a_mistake_shows_wrong_and_right_under_each_other(
    name: str, text: object, at: str, en: str, zh: str, right: str
) -> None:
    error = refused(name, text)
    assert error.field == at
    assert error.en == en
    assert error.zh.startswith(zh)
    _, wrong_line, right_line = error.fix_en.splitlines()
    assert wrong_line == f"    wrong  {error.value}"
    assert right_line == f"    right  {right}"
    assert f"    错  {error.value}\n    对  " in error.fix_zh


@pytest.mark.parametrize(
    ("name", "text", "at", "en", "zh"),
    [
        ("count", "", "count", "no value is given", "未填写值"),
        ("groups", "[A1, A2, A1]", "groups[2]", "given twice in the list", "列表中重复"),
        (
            "base",
            "[{year: 2023, weight: 1}, {year: 2023, weight: 2}]",
            "base[1].year",
            "year given twice",
            "年份重复",
        ),
        ("levels", "{high: 1}", "levels", "missing key: low", "缺少键：low"),
        ("steps", "[{upto: 3}, {value: 2}]", "steps[0]", "missing key: value", "缺少键：value"),
    ],
)
def test_other_mistakes_name_their_place_and_the_next_move(
    name: str, text: object, at: str, en: str, zh: str
) -> None:
    error = refused(name, text)
    assert (error.field, error.en, error.zh) == (at, en, zh)
    assert error.fix_en
    assert error.fix_zh


def test_none_is_for_optional_parameters_alone() -> None:
    assert refused("share", "none").en == "not a ratio"


def test_a_value_on_a_bound_is_in_the_lower_band() -> None:
    bands = (Band(100, 3), Band(300, 2), Band(None, 1))
    assert [band_of(bands, x).value for x in (-5, 100, 101, 300, 301)] == [3, 3, 2, 2, 1]


@pytest.mark.parametrize(
    ("text", "row", "en"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "key given twice: on line 1 and again on line 3"),
        ("a: {b: 1, b: 2}\n", 1, "key given twice: on line 1 and again on line 1"),
        ("a: &x 1\nb: *x\n", 2, "a YAML alias (*name) is not allowed"),
        ("a: 1\nb: !!int 2\n", 2, "a YAML tag is not allowed"),
        ("a: 1\n[b]: 2\n", None, "a key must be text"),
        ("a: 1\nb： 2\n", 2, "cannot read the YAML: could not find expected ':'"),
        ("a: 1\nb: [1\n\nc: 2\n", 2, "cannot read the YAML: expected ',' or ']', but got ':'"),
        ("a: \x01\n", None, "cannot read the YAML: nested too deeply or an unreadable character"),
        ("a: 1\n---\na: 2\n", 2, "cannot read the YAML: but found another document"),
        ("[" * 5000, None, "cannot read the YAML: nested too deeply or an unreadable character"),
    ],
)
def test_yaml_that_reads_differently_than_it_looks_is_refused(text: str, row: int | None, en: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        read_yaml(text, "x.yaml")
    assert caught.value.en == en
    if row is not None:
        assert caught.value.row == row


def test_scalars_stay_text() -> None:
    root = read_yaml("{a: 1.10, b: yes, c: 2024-01-01, d: 1e3, e: ~}", "x.yaml").root
    assert root == {"a": "1.10", "b": "yes", "c": "2024-01-01", "d": "1e3", "e": "~"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{type: choice}", "choice and names need choices"),
        ("{type: choice, choices: [a], min: 1}", "min and max need a type with numbers"),
        ("{type: table}", "table needs keys"),
        ("{type: bands}", "bands need a bound"),
        ('{type: ratio, default: "false"}', "default is for flags"),
        ("{type: choice, choices: [none], optional: true}", "a choice called none cannot be optional"),
        ("{type: flag, at_most: other}", "at_most compares numbers"),
        ("{type: ratio, required_when: a=b}", "required_when is for optional parameters"),
        ("{type: number}", "Input should be"),
        ("{type: ratio, maximum: 1}", "Extra inputs are not permitted"),
    ],
)
def test_a_dictionary_that_contradicts_itself_is_refused(body: str, words: str) -> None:
    text = f"a: {body[:-1]}, zh: 甲, en: a, clause: x}}"
    with pytest.raises(ValueError, match=words):
        read_dictionary(text)
