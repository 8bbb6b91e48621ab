"""Notices replayed into the law of a day: order, both dates, strictness of files, sources, amendments, digests."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from datetime import date
from pathlib import Path

import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, ValueSource, diff, load, parse_setting
from drgpay.policy.dictionary import read_dictionary
from drgpay.policy.law import replay
from drgpay.policy.practice import read_practice

WORDS = read_dictionary(
    """
points.low:   {type: ratio, min: 0, max: 9, at_most: points.high, zh: 低, en: low, clause: x}
points.high:  {type: ratio, min: 0, max: 9, zh: 高, en: high, clause: x}
points.cap:   {type: ratio, optional: true, zh: 上限, en: cap, clause: x}
points.extra: {type: flag, default: "false", zh: 追加, en: extra, clause: x}
pay.how:      {type: choice, choices: [product, sum], zh: 法, en: how, clause: x}
pay.weights:
  {type: table, keys: [a, b], optional: true, required_when: pay.how=sum, zh: 权重, en: weights, clause: x}
pay.least:    {type: integer, optional: true, zh: 最少, en: least, clause: x}
pay.price:    {type: yuan, zh: 价, en: price, clause: x}
"""
)

VALUE_KEYS = "value | clause | source | checked_on"
NOTICE_KEYS = "id | document | issued | in_force | values | until | source | checked_on | stays"
NO_TIME = "until must be after in_force"
SINGLE = "one single value is expected here"
HEAD = "practice: here\nregion: r1\ntitle: {zh: 甲, en: A}\nscheme: s-1\nnotices:\n"
FIRST = """
  - id: n1
    document: No. 1
    issued: 2023-12-01
    in_force: 2024-01-01
    values: {points.low: 0.4, points.high: 3, pay.how: product, pay.price: 10.50}
"""


def notice(name: str, issued: str, in_force: str, values: str, until: str = "") -> str:
    """One more notice, as YAML."""
    end = f"\n    until: {until}" if until else ""
    return (
        f"\n  - id: {name}\n    document: No. {name}\n    issued: {issued}\n    in_force: {in_force}{end}"
        f"\n    values: {values}\n"
    )


def law(*notices: str, on: date = date(2024, 6, 1), known_on: date | None = None) -> Policy:
    """The law of the notices."""
    return replay(read_practice(HEAD + "".join(notices), "here.yaml", WORDS), WORDS, on=on, known_on=known_on)


def refused(*notices: str, head: str = HEAD, on: date = date(2024, 6, 1)) -> DrgpayError:
    """The failure that reading and replaying gives."""
    with pytest.raises(DrgpayError) as caught:
        replay(read_practice(head + "".join(notices), "here.yaml", WORDS), WORDS, on=on)
    assert caught.value.kind is Kind.POLICY
    assert caught.value.file == "here.yaml"
    return caught.value


def test_later_notices_override_value_by_value() -> None:
    second = notice("n2", "2024-02-01", "2024-03-01", "{points.high: 2}")
    before, after = (law(second, FIRST, on=date(2024, m, d)) for m, d in ((2, 29), (3, 1)))
    assert (before.ratio("points.high"), after.ratio("points.high")) == (30_000, 20_000)
    assert after.ratio("points.low") == 4_000
    assert after.source("points.high").notice == "n2"
    assert after.source("points.low").notice == "n1"


def test_order_is_in_force_then_issued_then_position() -> None:
    early = notice("late-issue", "2024-05-01", "2024-02-01", "{points.high: 5}")
    late = notice("early-issue", "2024-01-01", "2024-03-01", "{points.high: 6}")
    assert law(FIRST, late, early).ratio("points.high") == 60_000
    same = notice("same-day", "2024-05-01", "2024-03-01", "{points.high: 7}")
    assert law(FIRST, same, late).ratio("points.high") == 70_000
    last = notice("same-issue", "2024-05-01", "2024-03-01", "{points.high: 8}")
    assert law(FIRST, same, last).ratio("points.high") == 80_000
    assert law(FIRST, last, same).ratio("points.high") == 70_000


def test_until_is_the_first_day_without_the_notice() -> None:
    limited = notice("n2", "2024-01-01", "2024-02-01", "{points.high: 2}", until="2024-03-01")
    days = (date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 29), date(2024, 3, 1))
    assert [law(FIRST, limited, on=d).ratio("points.high") for d in days] == [30_000, 20_000, 20_000, 30_000]


def test_known_on_leaves_out_what_was_issued_later() -> None:
    afterwards = notice("n2", "2025-03-10", "2024-01-01", "{points.high: 2}")
    assert law(FIRST, afterwards, known_on=date(2025, 3, 9)).ratio("points.high") == 30_000
    assert law(FIRST, afterwards, known_on=date(2025, 3, 10)).ratio("points.high") == 20_000
    assert law(FIRST, afterwards).ratio("points.high") == 20_000


def test_optional_and_switches_have_an_absence_and_a_later_notice_can_unset() -> None:
    plain = law(FIRST)
    assert plain.ratio_or_none("points.cap") is None
    assert plain.integer_or_none("pay.least") is None
    assert plain.table_or_none("pay.weights") is None
    assert plain.flag("points.extra") is False
    assert plain.source("points.cap") == ValueSource("none", "", "unset", "", None)
    setting = notice("n2", "2024-01-01", "2024-01-01", "{points.cap: 5%, points.extra: true, pay.least: 3}")
    unsetting = notice("n3", "2024-01-01", "2024-02-01", "{points.cap: none}")
    on = law(FIRST, setting)
    assert (on.ratio_or_none("points.cap"), on.flag("points.extra"), on.integer_or_none("pay.least")) == (
        500,
        True,
        3,
    )
    off = law(FIRST, setting, unsetting)
    assert off.ratio_or_none("points.cap") is None
    assert off.source("points.cap").notice == "n3"


def test_a_value_keeps_its_own_source_before_the_notice_s_before_the_document() -> None:
    text = FIRST.replace("n1", "n0") + (
        "\n  - id: n1\n    document: No. 9\n    issued: 2023-12-01\n    in_force: 2024-01-01\n"
        "    source: the gazette\n    checked_on: 2024-05-05\n    values:\n"
        "      points.low: {value: 0.5, clause: art. 3, source: the annex, checked_on: 2024-06-06}\n"
        "      points.high: 2\n"
    )
    policy = law(text)
    assert policy.source("points.low") == ValueSource("0.5", "art. 3", "the annex", "n1", date(2024, 6, 6))
    assert policy.source("points.high") == ValueSource("2", "", "the gazette", "n1", date(2024, 5, 5))
    assert policy.source("pay.price") == ValueSource("10.50", "", "No. 1", "n0", None)
    assert list(policy.values()) == list(WORDS)
    assert policy.values()["points.low"].source == "the annex"


def test_missing_parameters_are_all_listed() -> None:
    error = refused(notice("n1", "2024-01-01", "2024-01-01", "{points.high: 3}"))
    assert error.en == "missing on 2024-06-01, 3 in all: points.low, pay.how, pay.price"
    assert error.zh == "2024-06-01 缺少 3 个参数：points.low, pay.how, pay.price"
    assert error.fix_en == "give them in a notice in force on that day"


def test_a_day_without_any_notice_says_from_when() -> None:
    error = refused(FIRST, on=date(2020, 1, 1))
    assert error.en == "no notice is in force on that day"
    assert error.zh == "该日没有生效的通知"
    assert error.fix_en == "the earliest known one is in force from 2024-01-01; check the days"
    assert error.value == "2020-01-01"


@pytest.mark.parametrize(
    ("old", "new", "at", "row", "en", "right"),
    [
        ("points.low:", "points.lo:", "notices[0].values.points.lo", 11, "unknown parameter", "points.low"),
        ("0.4", "0.40001", "notices[0].values.points.low", 11, "more than 4 decimals", "0.4000 (at most 4 decimals)"),
        ("0.4", "{value: x}", "notices[0].values.points.low.value", 11, "not a ratio", "0.05 | 5%"),
        ("0.4", "{value: 1, from: x}", "notices[0].values.points.low.from", 11, "unknown key", VALUE_KEYS),
        ("0.4", "{clause: x}", "notices[0].values.points.low", 11, SINGLE, "one value, no list or mapping"),
        ("0.4", "9.1", "notices[0].values.points.low", 11, "out of range", "0 … 9"),
        ("0.4", "3.5", "points.low", None, "must not exceed points.high", "≤ 3"),
        ("product", "produkt", "notices[0].values.pay.how", 11, "unknown choice", "product"),
        ("issued:", "isued:", "notices[0]", 7, "missing key: issued", None),
        ("document:", "note: x\n    document:", "notices[0].note", 8, "unknown key", NOTICE_KEYS),
        ("2023-12-01", "2023-12-32", "notices[0].issued", 9, "not a valid date", "2024-01-31 (YYYY-MM-DD)"),
        ("2023-12-01", "20231201", "notices[0].issued", 9, "not a valid date", "2024-01-31 (YYYY-MM-DD)"),
        ("2023-12-01", "２０23-12-01", "notices[0].issued", 9, "full-width characters", "2023-12-01"),
        ("values:", "until: 2024-01-01\n    values:", "notices[0].until", 11, NO_TIME, "> 2024-01-01"),
        ("id: n1", "id: N 1", "notices[0].id", 7, "an id is lower-case letters, digits and hyphens", "demo-2024-01"),
        ("No. 1", "", "notices[0].document", 8, "no value is given", None),
    ],
)  # fmt: skip
def test_a_wrong_notice_names_path_line_and_next_move(
    old: str, new: str, at: str, row: int | None, en: str, right: str | None
) -> None:
    error = refused(FIRST.replace(old, new, 1))
    assert (error.field, error.row, error.en) == (at, row, en)
    assert error.zh
    assert error.fix_zh
    if right is None:
        assert error.fix_en
    else:
        assert error.fix_en == f"change it:\n    wrong  {error.value}\n    right  {right}"


def test_a_notice_id_stands_once() -> None:
    error = refused(FIRST, FIRST)
    assert (error.field, error.en) == ("notices[1].id", "notice id given twice")


@pytest.mark.parametrize(
    ("old", "new", "at", "en"),
    [
        ("region: r1\n", "", None, "missing key: region"),
        ("region: r1", "regoin: r1\nregion: r1", "regoin", "unknown key"),
        ("{zh: 甲, en: A}", "{zh: 甲}", "title", "missing key: en"),
        ("here", "Here", "practice", "an id is lower-case letters, digits and hyphens"),
    ],
)
def test_the_head_of_a_file_is_strict(old: str, new: str, at: str | None, en: str) -> None:
    error = refused(FIRST, head=HEAD.replace(old, new, 1))
    assert (error.field, error.en) == (at, en)


def test_a_choice_can_make_an_optional_parameter_due() -> None:
    error = refused(FIRST.replace("product", "sum"))
    assert (error.field, error.en) == ("pay.weights", "is needed when pay.how is sum")
    given = law(FIRST.replace("how: product", "how: sum, pay.weights: {a: 0.5, b: 0.5}"))
    assert dict(given.table_or_none("pay.weights") or {}) == {"a": 5_000, "b": 5_000}


def test_a_getter_of_the_wrong_type_is_a_defect_and_an_unknown_name_a_question() -> None:
    policy = law(FIRST)
    assert policy.fen("pay.price") == 1_050
    with pytest.raises(TypeError, match=r"points\.low is ratio; integer was asked for"):
        policy.integer("points.low")
    with pytest.raises(TypeError, match=r"points\.cap is optional ratio; ratio was asked for"):
        policy.ratio("points.cap")
    with pytest.raises(TypeError, match=r"points\.low is ratio; optional ratio was asked for"):
        policy.ratio_or_none("points.low")
    with pytest.raises(DrgpayError, match=r"right  points\.high"):
        policy.ratio("points.hihg")


def test_amend_makes_a_new_policy_and_leaves_the_old_one() -> None:
    old = law(FIRST)
    new = old.amend({"points.high": "2.5", "pay.how": "sum", "pay.weights": {"a": "1", "b": "0"}}, "what if")
    assert (old.ratio("points.high"), new.ratio("points.high")) == (30_000, 25_000)
    assert new.source("points.high") == ValueSource("2.5", "", "what if", "", None)
    assert new.digest != old.digest
    assert diff(old, new) == [
        ("points.high", "3", "2.5"),
        ("pay.how", "product", "sum"),
        ("pay.weights", "none", "{a: 1, b: 0}"),
    ]
    assert diff(old, old) == []
    assert (new.practice, new.on) == (old.practice, old.on)


@pytest.mark.parametrize(
    ("setting", "at", "en"),
    [
        ("points.hihg=2", "points.hihg", "unknown parameter"),
        ("points.high=two", "points.high", "not a ratio"),
        ("points.high=0.3", "points.low", "must not exceed points.high"),
        ("pay.how=sum", "pay.weights", "is needed when pay.how is sum"),
        ("points.high=none", "points.high", "not a ratio"),
        ("pay.weights={a: 1", "pay.weights", "cannot read the YAML: expected ',' or '}', but got '<stream end>'"),
    ],
)
def test_amend_is_as_strict_as_a_notice(setting: str, at: str, en: str) -> None:
    with pytest.raises(DrgpayError) as caught:
        law(FIRST).amend(dict([parse_setting(setting)]), "what if")
    assert (caught.value.kind, caught.value.field, caught.value.en) == (Kind.POLICY, at, en)


def test_bounds_may_meet() -> None:
    assert law(FIRST).amend({"points.high": "0.4"}, "what if").ratio("points.high") == 4_000


def test_amend_needs_a_reason() -> None:
    with pytest.raises(DrgpayError, match="an amendment needs a reason"):
        law(FIRST).amend({"points.high": "2"}, " ")


def test_a_setting_is_name_equals_value() -> None:
    assert parse_setting(" points.max_cv = 0.9 ") == ("points.max_cv", "0.9")
    assert parse_setting("a=b=c") == ("a", "b=c")
    for wrong in ("points.max_cv", "=1", "a="):
        with pytest.raises(DrgpayError) as caught:
            parse_setting(wrong)
        assert caught.value.kind is Kind.USAGE
        assert caught.value.fix_en == f"change it:\n    wrong  {wrong}\n    right  points.max_cv=0.9"


def test_the_digest_is_of_what_is_decided_and_why() -> None:
    same = law(FIRST.replace("0.4", "40%"), on=date(2024, 7, 1))
    assert same.digest == law(FIRST).digest
    others = [
        law(FIRST.replace("0.4", "0.41")),
        law(FIRST.replace("No. 1", "No. 2")),
        law(FIRST.replace("0.4", "{value: 0.4, clause: art. 1}")),
        law(FIRST.replace("0.4", "{value: 0.4, checked_on: 2024-01-01}")),
        law(FIRST.replace("id: n1", "id: n2")),
        law(FIRST).amend({"points.low": "0.4"}, "the same, said again"),
    ]
    digests = {p.digest for p in [same, *others]}
    assert len(digests) == 7


def test_a_policy_is_frozen_and_travels_to_other_processes() -> None:
    policy = law(FIRST.replace("how: product", "how: sum, pay.weights: {a: 1, b: 0}"))
    with pytest.raises(FrozenInstanceError):
        policy.digest = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        policy.table_or_none("pay.weights")["a"] = 2  # type: ignore[index]
    with pytest.raises(TypeError):
        policy.values()["pay.how"] = policy.source("pay.how")  # type: ignore[index]
    copy = pickle.loads(pickle.dumps(policy))
    assert copy == policy
    assert hash(copy) == hash(policy)
    assert copy.table_or_none("pay.weights") == {"a": 10_000, "b": 0}


def test_load_reads_a_file_and_says_what_is_wrong_with_one(tmp_path: Path) -> None:
    def failure(practice: str | Path) -> DrgpayError:
        with pytest.raises(DrgpayError) as caught:
            load(practice, on=date(2024, 6, 1))
        assert caught.value.kind is Kind.POLICY
        return caught.value

    file = tmp_path / "own.yaml"
    file.write_text("﻿" + HEAD + FIRST, "utf-8")
    assert failure(file).en == "unknown parameter"
    assert failure(str(file)).file == file.name
    file.write_bytes("title: 甲".encode("gbk"))
    assert failure(file).en == "the policy file is not in UTF-8"
    file.write_text("", "utf-8")
    assert failure(file).en == "a mapping (key: value) is expected here"
    assert failure(tmp_path / "absent.yaml").en == "cannot read the policy file"
    assert failure(tmp_path).en == "cannot read the policy file"
    unknown = failure("dmeo")
    assert unknown.en == "no shipped practice of that id"
    assert unknown.fix_en.endswith("right  demo")
