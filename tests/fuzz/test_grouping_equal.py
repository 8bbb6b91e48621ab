"""The kernel equals the plain reference, stay by stay, on stays made to reach every group and then disturbed."""

from __future__ import annotations

import random
from functools import cache

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay import scheme
from drgpay.scheme import Scheme
from drgpay.steps.grouping import Explanation, Why, compile_scheme, explain_stay, kernel, why
from drgpay.steps.grouping.reasons import reasons_of
from support.examples import TIMES, many
from support.stays import Stay, StayMaker, as_batch, dictionary_coded

SCHEMES = ("bj-drg-2022", "chs-drg-1.0", "chs-drg-1.1", "chs-drg-2.0", "chs-drg-3.0", "zj-drg-1.0")
SWITCHES: dict[str, list[str]] = {}
"""switch → the schemes that know it"""
for _id in SCHEMES:
    for _name in scheme.switches_of(_id):
        SWITCHES.setdefault(_name, []).append(_id)
SWITCHED = [
    *((known[-1], frozenset({name})) for name, known in SWITCHES.items()),
    *(
        pytest.param(scheme_id, frozenset({name}), marks=pytest.mark.exhaustive)
        for name, known in SWITCHES.items()
        for scheme_id in known[:-1]
    ),
    ("chs-drg-2.0", frozenset({"qy", "mdc_fallthrough", "retry_procedures", "skip_invalid_procedure"})),
    ("zj-drg-1.0", frozenset({"qy", "any_procedure", "retry_procedures", "mdca_operation"})),
]
Result = tuple[str | None, str | None, str, str, str]


def by_reference(told: list[Explanation]) -> list[Result]:
    return [(e.mdc, e.adrg, e.drg, e.severity, e.status) for e in told]


def by_kernel(rules: Scheme, batch: pa.RecordBatch) -> list[Result]:
    """Both ways of the kernel, which must be the same: the compiled loop and the array operations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "WORTH", 0)
        assert kernel.compiled_pass() is not None
        result = compile_scheme(rules).group(batch)
        patch.setattr(kernel, "compiled_pass", lambda: None)
        assert compile_scheme(rules).group(batch).equals(result)
    return list(zip(*(result.column(name).to_pylist() for name in result.schema.names), strict=True))


def assert_equal(rules: Scheme, stays: list[Stay], batch: pa.RecordBatch) -> None:
    told = [explain_stay(rules, stay) for stay in stays]
    want, got = by_reference(told), by_kernel(rules, batch)
    wrong = [(stay, w, g) for stay, w, g in zip(stays, want, got, strict=True) if w != g]
    assert not wrong, f"{len(wrong)} of {len(stays)} differ, the first: {wrong[0]}"
    assert_same_reasons(rules, stays, told, batch)


def assert_same_reasons(rules: Scheme, stays: list[Stay], told: list[Explanation], batch: pa.RecordBatch) -> None:
    """Why a stay has no group: the plain reading of each stay, and that of the whole batch."""
    plain = [why(rules, stay, t) for stay, t in zip(stays, told, strict=True)]
    at, which, whys = reasons_of(rules).of(batch, compile_scheme(rules).group(batch))
    found: list[Why | None] = [None] * len(stays)
    for place, number in zip(at.tolist(), which.tolist(), strict=True):
        found[place] = whys[number]
    wrong = [(stay, w, g) for stay, w, g in zip(stays, plain, found, strict=True) if w != g]
    assert not wrong, f"{len(wrong)} reasons of {len(stays)} differ, the first: {wrong[0]}"
    assert all((w is None) == (t.status == "grouped") for w, t in zip(plain, told, strict=True))
    for one in set(plain) - {None}:
        assert one is not None
        assert all(one.said(rules))
        assert not any("{" in text for text in one.said(rules))


def with_gaps(stays: list[Stay], seed: int) -> list[Stay]:
    """The stays with facts and principal codes missing here and there, and gray codes in front."""
    dice = random.Random(seed)
    for stay in stays:
        for name in ("age", "age_days", "birth_weight", "admission_weight", "sex", "los"):
            if dice.random() < 0.3:
                stay[name] = None
        if stay["dx"] and dice.random() < 0.1:
            stay["dx"] = [dice.choice((None, "", "Z37.000", "?")), *stay["dx"]]
    return stays


@pytest.mark.parametrize("scheme_id", SCHEMES)
def test_kernel_equals_reference(scheme_id: str) -> None:
    """700 stays of each scheme, 4,200 in all, by both ways of the kernel; with ``make test-slow`` three times as
    many."""
    rules = scheme.load(scheme_id)
    stays = StayMaker(rules, seed=1).many(700 * TIMES)
    assert_equal(rules, stays, dictionary_coded(as_batch(stays)))


@pytest.mark.parametrize("scheme_id", SCHEMES)
def test_every_group_is_reached(scheme_id: str) -> None:
    rules = scheme.load(scheme_id)
    maker = StayMaker(rules, seed=2)
    missing = {drg.code for drg in rules.drgs}
    for _ in range(60):
        if missing:
            missing -= {row[2] for row in by_kernel(rules, as_batch(list(maker.every_group())))}
    assert missing == set()


@pytest.mark.parametrize(
    ("scheme_id", "switches"), SWITCHED, ids=lambda v: v if isinstance(v, str) else "+".join(sorted(v))
)
def test_kernel_equals_reference_with_switches(scheme_id: str, switches: frozenset[str]) -> None:
    rules = scheme.load(scheme_id, switches)
    stays = with_gaps(StayMaker(rules, seed=3).many(400 * TIMES)[::4], seed=3)
    assert_equal(rules, stays, as_batch(stays))


@cache
def _codes(scheme_id: str) -> tuple[list[str], list[str]]:
    """Codes that interact: HIV, injuries of several sites, newborns, transplants, a few of everything."""
    maker = StayMaker(scheme.load(scheme_id), seed=4)
    stays = [stay for stay in maker.every_group() if stay["dx"][0]][::7]
    dx = {code for stay in stays for code in stay["dx"]} | {"S12.910", "S12.900", "S22.000", "B20.000", "?"}
    return sorted(dx), sorted({code for stay in stays for code in stay["proc"]} | {"", "1"})


@st.composite
def some_stays(draw: st.DrawFn, scheme_id: str) -> list[Stay]:
    dx, proc = _codes(scheme_id)
    bound = st.sampled_from((None, 0, 1, 6, 7, 14, 17, 28, 29, 69, 70, 365, 366))
    stay = st.fixed_dictionaries(
        {
            "sex": st.sampled_from(("male", "female", None, "other")),
            "age": bound,
            "age_days": bound,
            "los": bound,
            "birth_weight": st.sampled_from((None, 1499, 1500, 2499, 2500)),
            "admission_weight": st.sampled_from((None, 999, 1000, 1499, 1500, 1999, 2000, 2499, 2500)),
            "dx": st.none() | st.lists(st.sampled_from(dx) | st.none(), max_size=5),
            "proc": st.none() | st.lists(st.sampled_from(proc) | st.none(), max_size=4),
            "icu": st.none() | st.booleans(),
            "bilateral": st.none() | st.booleans(),
        }
    )
    return draw(st.lists(stay, max_size=12))


@many(10)
@given(data=st.data(), scheme_id=st.sampled_from(SCHEMES), coded=st.booleans())
def test_any_batch_and_any_slice(data: st.DataObject, scheme_id: str, coded: bool) -> None:
    rules = scheme.load(scheme_id)
    stays = data.draw(some_stays(scheme_id))
    batch = as_batch(stays)
    if coded:
        batch = dictionary_coded(batch)
    first = data.draw(st.integers(0, len(stays)))
    assert_equal(rules, stays[first:], batch.slice(first))
