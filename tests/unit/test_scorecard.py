"""The scorecard engine: what a card must be, and what marks it gives."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.scorecard import Subject, Value, score
from drgpay.scorecard.wording import show_value
from drgpay.units import ONE
from support.cards import CARD, small_card
from support.examples import many


def _marks(subjects: list[Subject]) -> dict[tuple[str, str], int | None]:
    marks, _ = score(small_card(), subjects)
    return {(m.subject, m.item): m.mark for m in marks}


def _subject(name: str, kind: str = "surgical", **values: Value) -> Subject:
    return Subject(name, kind, values)


def test_marks_of_every_rule_by_hand() -> None:
    a = _subject("a", cmi=Value(12, 10), readmit_15=Value(2, 100), cost_index=Value(105, 100), expert=Value(7),
                 more=Value(5, 2), violations=Value(1))  # fmt: skip
    b = _subject("b", cmi=Value(9, 10), readmit_15=Value(21, 1000), cost_index=Value(2), more=Value(9))
    found = _marks([a, b])
    assert found["a", "cmi"] == 40 * ONE
    assert found["b", "cmi"] == 0
    assert found["a", "readmit"] == 20 * ONE  # 2 % is still in the first band
    assert found["b", "readmit"] == 10 * ONE
    assert found["a", "index"] == 15 * ONE  # half the way from 1.2 to 0.9
    assert found["b", "index"] == 10 * ONE  # at most 20 are taken
    assert found["a", "expert"] == 7 * ONE
    assert found["b", "expert"] == 0  # missing counts as nothing here
    assert found["a", "more"] == 2 * ONE  # whole steps only
    assert found["b", "more"] == 5 * ONE
    assert found["a", "caught"] == -2 * ONE
    assert found["b", "caught"] == 0


def test_the_full_mark_goes_by_the_type_of_the_subject() -> None:
    one = _subject("m", "medical", cmi=Value(1), readmit_15=Value(3, 100))
    found = _marks([one])
    assert found["m", "cmi"] == 20 * ONE
    assert found["m", "readmit"] == 20 * ONE


def test_what_was_not_measured_is_left_out_and_the_rest_scaled() -> None:
    one = _subject("m", "medical", readmit_15=Value(3, 100), expert=Value(10))
    marks, results = score(small_card(), [one])
    result = results[0]
    assert result.measured == 50 * ONE  # 40 + 10
    assert result.total == 60 * ONE  # 30 of 50
    assert "折算" in result.zh
    assert "scaled" in result.en
    left_out = next(m for m in marks if m.item == "index")
    assert (left_out.mark, left_out.deduction) == (None, 0)
    assert "无" in left_out.zh


def test_nothing_measured_gives_no_grade() -> None:
    _, results = score(small_card(CARD.replace("missing: leave_out", "missing: leave_out\nleast_measured: 50%")),
                       [_subject("m", "medical", cmi=Value(1))])  # fmt: skip
    assert (results[0].total, results[0].grade, results[0].place) == (None, None, None)


def _even(name: str, mark: int, *, cmi: int = 1, violations: int | None = None) -> Subject:
    values = {"readmit_15": Value(0), "cost_index": Value(0), "expert": Value(mark), "cmi": Value(cmi)}
    if violations is not None:
        values["violations"] = Value(violations)
    return Subject(name, "medical", values)


def test_the_quota_is_rounded_down_and_ties_go_by_the_list() -> None:
    pool = [_even(f"h{i}", 10, violations=0) for i in range(5)]
    _, results = score(small_card(), pool)  # all equal: 100 points, 40 % of five are two
    assert [r.grade for r in results] == ["excellent", "excellent", "good", "good", "good"]
    assert {r.place for r in results} == {1}
    # one without a known number of violations comes last, whatever its id
    pool[0] = _even("h0", 10)
    _, results = score(small_card(), pool)
    assert [r.grade for r in results] == ["good", "excellent", "excellent", "good", "good"]
    assert "限额 2 个已满" in results[0].zh


def test_a_veto_holds_the_grade_and_frees_the_place() -> None:
    pool = [_even(f"h{i}", 10, violations=4 if i == 0 else 0) for i in range(5)]
    _, results = score(small_card(), pool)
    assert results[0].grade_by_total == "excellent"
    assert results[0].grade == "pass"
    assert [r.grade for r in results[1:]] == ["excellent", "excellent", "good", "good"]


def test_small_numbers_are_not_ranked() -> None:
    pool = [_even("a", 0, cmi=2), _even("b", 0, cmi=3)]
    small = Subject("c", "medical", {"cmi": Value(9, small=True)})
    found = _marks([*pool, small])
    assert found["b", "cmi"] == 20 * ONE
    assert found["c", "cmi"] is None


def test_every_mark_says_value_rule_and_deduction_in_both_languages() -> None:
    marks, _ = score(small_card(), [_even("a", 5, violations=2)])
    for mark in marks:
        assert mark.zh
        assert mark.en
    by = {m.item: m for m in marks}
    assert by["readmit"].en == "value 0%; rule: bands x ≤ 2% → 100%, 2% < x ≤ 5% → 50%, 5% < x → 0; " \
                               "deduction 0, mark 40 of 40"  # fmt: skip
    assert "扣 5,得 5/10" in by["expert"].zh
    assert by["more"].zh.endswith("加 0")
    assert (by["more"].mark, by["more"].deduction) == (0, 0)
    assert by["caught"].en.endswith("4 taken from the total")


def test_a_value_shows_its_quotient_where_it_tells_something() -> None:
    assert show_value(Value(21, 170), "share").zh == "12.35% (21/170)"
    assert show_value(Value(9_000, ONE), "share").en == "90%"  # as it was reported
    assert show_value(Value(53_718_893_953, 55_900_000_000), "number").en == "0.961"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("full: 100\n", "full: 90\n", "add up"),
        ("full: {surgical: 40, medical: 20}", "full: {surgical: 40, medical: 30}", "add up"),
        ("above: 2%, upto: 5%", "from: 2%, upto: 5%", "overlaps"),
        ("above: 2%, upto: 5%", "above: 3%, upto: 5%", "gap"),
        ("{upto: 2%, mark: 100%}", "{from: 0, upto: 2%, mark: 100%}", "gap"),
        ("mark: 50%}", "mark: 50}", "more than the full mark"),
        ("{upto: 2%, mark: 100%}", "{upto: 2%, mark: 20%}", "marked lower"),
        ("{upto: 2%, mark: 100%}", "{upto: 2%, mark: 60%}", "no band gives"),
        ("target: 0.9, floor: 1.2", "target: 1.2, floor: 0.9", "marked lower"),
        ("target: 0.9, floor: 1.2", "target: 0.9, floor: 0.9", "the same"),
        ("indicator: readmit_15", "indicator: readmit_16", "there is no indicator readmit_16"),
        ("id: index", "id: cmi", "given twice"),
        ("grade: pass}, indicator", "grade: passed}, indicator", "no grade passed"),
        ("quota: {excellent", "quota: {splendid", "no grade splendid"),
        ("penalty: {points: 2", "penalty: {points: 2%", "written in points"),
        ("veto: {above: 3", "veto: {above: 3, from: 3", "exclude"),
        ("given: {}", "given: {}, rank: {}", "exactly one"),
        ("full: 30, source: s, cap", "source: s, cap", "missing key: full"),
        ("cap: 5, source", "source", "missing key: cap"),
        ("cap: 5, source", "cap: 5, full: 3, source", "no full mark"),
        ("per: 1, count", "per: 0, count", "above 0"),
        ("from: 80", "from: 95", "from the best down"),
        ("missing: zero", "missing: maybe", "unknown choice"),
        ("version:", "verzion:", "missing key"),
    ],
)
def test_a_faulty_card_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    assert old in CARD
    with pytest.raises(DrgpayError) as caught:
        small_card(CARD.replace(old, new, 1))
    assert caught.value.kind == Kind.POLICY
    assert words in str(caught.value)
    assert caught.value.file == "small.yaml"
    assert any("一" <= c <= "鿿" for c in caught.value.zh)


def test_a_subject_of_an_unknown_type_or_given_twice_is_refused() -> None:
    for subjects in ([_subject("a", "dental")], [_subject("a"), _subject("a")]):
        with pytest.raises(DrgpayError):
            score(small_card(), subjects)


def test_a_given_mark_above_the_full_mark_is_refused() -> None:
    with pytest.raises(DrgpayError, match="full mark is 10"):
        score(small_card(), [_subject("a", expert=Value(11))])


_VALUES = st.builds(Value, st.integers(0, 400), st.integers(1, 100))
_COUNTS = st.builds(Value, st.integers(0, 5))
_SUBJECTS = st.lists(
    st.fixed_dictionaries(
        {"cmi": _VALUES, "readmit_15": _VALUES, "cost_index": _VALUES, "violations": _COUNTS},
        optional={"expert": st.builds(Value, st.integers(0, 10)), "more": _VALUES},
    ),
    min_size=1, max_size=8,
)  # fmt: skip


def _pool(values: list[dict[str, Value]], kinds: str = "sm") -> list[Subject]:
    named = {"s": "surgical", "m": "medical"}
    return [Subject(f"h{i}", named[kinds[i % len(kinds)]], v) for i, v in enumerate(values)]


@many(14)
@given(_SUBJECTS)
def test_marks_lie_within_bounds_and_quotas_hold(values: list[dict[str, Value]]) -> None:
    card = small_card()
    marks, results = score(card, _pool(values))
    for mark in marks:
        if mark.mark is not None and mark.item != "caught":
            assert 0 <= mark.mark <= mark.full
        if mark.item == "caught":
            assert -10 * ONE <= (mark.mark or 0) <= 0
    for result in results:
        assert result.total is None or 0 <= result.total <= 105 * ONE
    for kind, share in (("surgical", 50), ("medical", 40)):
        graded = [r for r in results if r.type == kind and r.grade]
        assert sum(r.grade == "excellent" for r in graded) <= len(graded) * share // 100


@many(14)
@given(_SUBJECTS, st.integers(0, 7), st.sampled_from(["cmi", "readmit_15", "cost_index", "violations"]),
       st.fractions(0, 3))  # fmt: skip
def test_a_better_value_never_lowers_a_mark(
    values: list[dict[str, Value]], which: int, name: str, by: Fraction
) -> None:
    which %= len(values)
    before = _marks_of(values)
    old = values[which][name].exact
    new = old + by if name == "cmi" else max(old - by, Fraction(0))
    values[which] = {**values[which], name: Value(new.numerator, new.denominator)}
    after = _marks_of(values)
    for item in ("cmi", "readmit", "index", "caught"):
        assert (after[f"h{which}", item] or 0) >= (before[f"h{which}", item] or 0)


def _marks_of(values: list[dict[str, Value]]) -> dict[tuple[str, str], int | None]:
    return _marks(_pool(values))


@many(14)
@given(_SUBJECTS, st.randoms())
def test_order_and_labels_change_nothing(values: list[dict[str, Value]], dice: object) -> None:
    pool = _pool(values)
    renamed = [Subject("x" + s.id, s.type, s.values) for s in pool]
    dice.shuffle(renamed)  # type: ignore[attr-defined]
    first, second = score(small_card(), pool), score(small_card(), renamed)
    assert [(r.subject, r.total, r.place, r.grade) for r in first[1]] == [
        (r.subject[1:], r.total, r.place, r.grade) for r in second[1]
    ]
