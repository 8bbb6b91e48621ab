"""The shipped schemes and dictionaries: what loads, what the switches do, and that content is what was built."""

from __future__ import annotations

import dataclasses

import pytest

from drgpay import scheme
from drgpay.errors import DrgpayError
from drgpay.scheme.rules import And, InList, Not, Operation, Sites

COUNTS = {
    "bj-drg-2022": (26, 376, 696),
    "chs-drg-1.0": (26, 376, 618),
    "chs-drg-1.1": (26, 376, 628),
    "chs-drg-2.0": (26, 409, 634),
    "chs-drg-3.0": (26, 513, 825),
    "zj-drg-1.0": (26, 376, 998),
}


def test_the_catalogue_matches_what_loads() -> None:
    for entry in scheme.catalogue():
        loaded = scheme.load(entry.id)
        assert (len(loaded.mdcs), len(loaded.adrgs), len(loaded.drgs)) == COUNTS[entry.id]
        assert entry.counts == dict(zip(("mdc", "adrg", "drg"), COUNTS[entry.id], strict=True))
        assert (entry.digest, entry.title) == (loaded.digest, loaded.title)
    assert {e.id: e.base for e in scheme.catalogue() if e.base} == {
        "bj-drg-2022": "chs-drg-1.1",
        "zj-drg-1.0": "chs-drg-1.0",
    }


def test_a_scheme_is_loaded_once_and_is_frozen() -> None:
    loaded = scheme.load("chs-drg-1.1")
    assert scheme.load("chs-drg-1.1", frozenset()) is loaded
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.title = ""  # type: ignore[misc]


def test_a_scheme_carries_names_order_and_exclusions() -> None:
    loaded = scheme.load("chs-drg-1.1")
    assert [m.code for m in loaded.mdcs][:6] == ["A", "P", "Y", "Z", "M", "N"]
    assert loaded.mdcs[0].pre
    assert loaded.drg_name("BR21") == "脑缺血性疾患，伴严重并发症或合并症"
    assert loaded.drg_name("0000") == "未入组"
    assert loaded.drg_name("??") == ""
    assert loaded.cc["A00.100"] == "1"
    assert loaded.exclusion["A00.100x001"] == "1"
    assert set(loaded.mdcs[3].dx["S12.910"]) == {"head_neck", "trunk_spine"}


def test_an_unknown_scheme_or_switch_is_named_with_what_there_is() -> None:
    with pytest.raises(DrgpayError, match="there is no scheme «chs-drg-9»") as caught:
        scheme.load("chs-drg-9")
    assert "chs-drg-1.1" in caught.value.fix_en
    with pytest.raises(DrgpayError, match="no switch «fast»") as caught:
        scheme.load("chs-drg-1.1", frozenset({"fast"}))
    assert "mdcy_any" in caught.value.fix_zh
    with pytest.raises(DrgpayError, match="no switch «skip_invalid_procedure»"):
        scheme.load("chs-drg-1.1", frozenset({"skip_invalid_procedure"}))
    with pytest.raises(DrgpayError, match="there is no code table «icd11»"):
        scheme.load_codes("icd11")


def test_switches_change_what_they_say_and_the_digest() -> None:
    base = scheme.load("chs-drg-1.1")
    digests = {base.digest}
    for name in scheme.switches_of("chs-drg-1.1"):
        switched = scheme.load("chs-drg-1.1", frozenset({name}))
        assert switched.switches == {name}
        digests.add(switched.digest)
    assert len(digests) == 1 + len(scheme.switches_of("chs-drg-1.1"))

    any_z = scheme.load("chs-drg-1.1", frozenset({"mdcz_any"}))
    assert {m.code: m.condition for m in any_z.mdcs}["Z"] == Sites(2)
    any_y = scheme.load("chs-drg-1.1", frozenset({"mdcy_any"}))
    assert {a.code: a.rule for a in any_y.adrgs}["YR1"] == InList("adx", "pdx")
    pop_a = scheme.load("chs-drg-1.1", frozenset({"mdca_operation"})).mdcs[0]
    assert pop_a.pre
    assert pop_a.condition == Operation(principal=True)
    medical = scheme.load("zj-drg-1.0", frozenset({"medical_without_operation"}))
    assert {a.code: a.rule for a in medical.adrgs}["BR2"] == And(
        (InList("pdx", "pdx"), Not(Operation(principal=True)))
    )
    wide = scheme.load("zj-drg-1.0", frozenset({"any_procedure"}))
    assert {a.code: a.rule for a in wide.adrgs}["AA1"] == InList("proc", "pproc")


def test_dictionaries_and_crosswalks() -> None:
    codes = scheme.load_codes("icd10-nhsa-2.0")
    assert codes is scheme.load_codes("icd10-nhsa-2.0")
    assert codes.name("A00.000x001") == "古典生物型霍乱"
    assert codes.name("nothing") == ""
    assert "A00.000" in codes.gray
    assert "A00.000x001" not in codes.gray
    assert len(codes.known) == 33307
    assert len(scheme.load_codes("icd9cm3-nhsa-2.0").known) == 13686
    assert scheme.load_codes("icd10-nhsa-1.0").gray == frozenset()
    assert scheme.load_crosswalk("icd9cm3-clinical-3.0-to-nhsa-2.0")["00.0101"] == "00.0101"
