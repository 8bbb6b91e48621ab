"""Grouping on a small scheme: each rule of the evaluation by hand, in the kernel and in the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay import scheme
from drgpay.errors import DrgpayError
from drgpay.scheme import Scheme
from drgpay.steps.grouping import compile_scheme, explain_stay, group_batch
from drgpay.steps.grouping.codebook import Codebook
from support import small_scheme
from support.stays import as_batch, dictionary_coded


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemes")
    scheme.build(small_scheme.write(folder / "source"), folder / "built")
    return folder / "built"


@pytest.fixture(scope="module")
def small(built: Path) -> Scheme:
    return scheme.load("small-1", folder=built)


def both(rules: Scheme, **stay: Any) -> tuple[str | None, str, str, str]:
    """MDC, DRG, severity and status; the kernel and the reference agree."""
    told = explain_stay(rules, stay)
    row = group_batch(rules, as_batch([stay])).to_pylist()[0]
    assert (told.mdc, told.adrg, told.drg, told.severity, told.status) == tuple(row.values())
    return told.mdc, told.drg, told.severity, told.status


def test_the_first_mdc_whose_condition_holds_is_final(small: Scheme) -> None:
    assert both(small, dx=["N40.000"], sex="male") == ("M", "MR19", "none", "grouped")
    assert both(small, dx=["N40.000"], sex="female") == (None, "0000", "none", "ungrouped")
    assert both(small, dx=["N40.000"]) == (None, "0000", "none", "ungrouped")
    assert both(small, dx=["G40.000"], proc=["37.5100"]) == ("A", "AA19", "none", "grouped")
    # without a principal diagnosis there is no group, not even one that asks for none
    for dx in ([], None, [None, "G40.000"], ["", "G40.000"]):
        assert both(small, dx=dx, proc=["37.5100"])[:2] == (None, "0000")


def test_an_ungrouped_stay_keeps_its_mdc(small: Scheme) -> None:
    # trauma with a procedure that is an operation, but not the principal one: ZB1 wants pop, ZZ1 wants no op
    stay = {"dx": ["S06.000", "S22.000"], "proc": ["99.0000", "45.1300"]}
    assert both(small, **stay) == ("Z", "0000", "none", "ungrouped")


def test_rules_in_order_and_lists_by_position(small: Scheme) -> None:
    assert both(small, dx=["G41.000"], proc=["99.9900", "01.2400"])[1] == "BB15"
    assert both(small, dx=["G41.000"], proc=["99.9900", "01.3900"], age=30)[1] == "BR15"
    assert both(small, dx=["G41.000"], proc=["01.3900"])[1] == "BB15"
    assert both(small, dx=["G40.000", "I10.x00"], age=3)[1] == "BR10"


def test_a_missing_value_satisfies_no_split(small: Scheme) -> None:
    told = explain_stay(small, {"dx": ["G40.000"]})
    assert (told.adrg, told.drg, told.status) == ("BR1", "0000", "ungrouped")
    assert both(small, dx=["G40.000"]) == ("B", "0000", "none", "ungrouped")


@pytest.mark.parametrize(
    ("dx", "severity"),
    [
        (["G41.000", "J96.000"], "mcc"),
        (["G40.000", "J96.000"], "none"),  # excluded by its principal diagnosis
        (["G40.000", "J96.000", "E11.900"], "cc"),
        (["G41.000", "E11.900"], "none"),
        (["G40.000", "R57.000", "E11.900"], "mcc"),  # no exclusion table: never excluded
        (["J96.000"], "none"),  # a principal diagnosis is no complication
        ([None, "J96.000"], "mcc"),
    ],
)
def test_severity_and_exclusion(small: Scheme, dx: list[str | None], severity: str) -> None:
    assert both(small, dx=dx, age=40)[2] == severity


@pytest.mark.parametrize(
    ("dx", "mdc"),
    [
        (["S06.000", "S22.000"], "Z"),
        (["S06.000", "S06.000"], None),  # one diagnosis, one site
        (["S12.910"], None),  # listed under two sites, but it is one diagnosis
        (["S12.910", "S12.910"], None),
        (["S12.910", "S06.000"], "Z"),  # the one for the trunk, the other for the head
        (["I10.x00", "S06.000", "S22.000"], None),  # the principal diagnosis must be listed
    ],
)
def test_a_diagnosis_counts_for_one_site(small: Scheme, built: Path, dx: list[str], mdc: str | None) -> None:
    assert both(small, dx=dx)[0] == mdc
    any_z = scheme.load("small-1", frozenset({"mdcz_any"}), folder=built)
    assert both(any_z, dx=["I10.x00", *dx])[0] == (mdc or ("Z" if "S22.000" in dx else None))


def test_switches_of_the_evaluation(built: Path) -> None:
    def with_switch(*names: str) -> Scheme:
        return scheme.load("small-1", frozenset(names), folder=built)

    stay: dict[str, Any] = {"dx": ["G40.000"], "proc": ["45.1300"], "age": 40}
    assert both(with_switch("qy"), **stay) == ("B", "BQY", "none", "qy")
    assert both(with_switch("qy"), **{**stay, "proc": ["99.0000"]})[1] == "BR15"
    assert both(with_switch("medical_without_operation"), **stay) == ("B", "0000", "none", "ungrouped")
    assert both(with_switch("any_procedure"), dx=["G41.000"], proc=["99.9900", "01.3900"])[1] == "BB15"
    later = {"dx": ["I10.x00"], "proc": ["99.0000", "01.2400", "37.5100"]}
    assert both(with_switch(), **later)[3] == "ungrouped"
    assert both(with_switch("retry_procedures"), **later)[:2] == ("A", "AA19")
    assert both(with_switch("any_bs1"), dx=["G40.000", "I10.x00"], age=1)[1] == "BR10"


def test_fallthrough_goes_on_and_keeps_the_first_mdc(tmp_path: Path) -> None:
    source = small_scheme.write(tmp_path / "s", mdc_dx=("B,G41.000,", "B,G41.000,\nB,S06.000,"))
    (source / "scheme.toml").write_text(
        (source / "scheme.toml").read_text(encoding="utf-8").replace("mdc_dx = 7", "mdc_dx = 8"), encoding="utf-8"
    )
    scheme.build(source, tmp_path / "b")
    on = scheme.load("small-1", frozenset({"mdc_fallthrough"}), folder=tmp_path / "b")
    stay = {"dx": ["S06.000", "S22.000"], "proc": ["99.0000", "45.1300"]}
    assert both(on, **stay) == ("Z", "0000", "none", "ungrouped")
    stay["dx"].append("I10.x00")
    assert both(on, **stay) == ("B", "BS19", "none", "grouped")
    assert both(scheme.load("small-1", folder=tmp_path / "b"), **stay) == ("Z", "0000", "none", "ungrouped")


def test_the_edition_2_0_keeps_invalid_codes_out_of_the_principal_places() -> None:
    rules = scheme.load("chs-drg-2.0")
    gray = min(rules.gray_op & rules.operation)
    valid = "01.2400x011" if "01.2400x011" in rules.operation else min(rules.operation - rules.gray_op)
    trauma = {"dx": ["F20.000"], "age": 40}
    first = both(rules, **trauma, proc=[gray, valid])
    skipping = scheme.load("chs-drg-2.0", frozenset({"skip_invalid_procedure"}))
    assert both(skipping, **trauma, proc=[gray, valid]) == both(rules, **trauma, proc=[valid])
    assert first == both(rules, **trauma, proc=[])
    invalid = min(rules.invalid_dx & rules.mdcs[1].dx.keys())
    assert both(rules, dx=[invalid], age=0, age_days=3)[3] == "ungrouped"


def test_output_is_dictionary_coded_and_the_same_for_every_batch(small: Scheme) -> None:
    kernel = compile_scheme(small)
    one = kernel.group(as_batch([{"dx": ["G40.000"], "age": 40}]))
    none = kernel.group(as_batch([]))
    assert one.schema == none.schema
    assert none.num_rows == 0
    assert [c.dictionary.to_pylist() for c in one.columns] == [c.dictionary.to_pylist() for c in none.columns]
    assert one.schema.names == ["mdc", "adrg", "drg", "severity", "status"]
    assert compile_scheme(small) is kernel


def test_any_shape_of_the_input_columns(small: Scheme) -> None:
    stays = [
        {"dx": ["G41.000", "J96.000"], "proc": ["01.2400"], "sex": "male", "age": 40},
        {"dx": None, "proc": None, "sex": None},
        {"dx": ["G40.000", None, "unknown"], "proc": [], "sex": "female", "age": 3},
        {"dx": ["N40.000"], "proc": None, "sex": "male"},
    ]
    want = ["BB11", "0000", "BR10", "MR19"]
    plain = as_batch(stays)
    large = plain.set_column(
        plain.schema.get_field_index("dx"), "dx", plain.column("dx").cast(pa.large_list(pa.large_string()))
    )
    for batch in (plain, dictionary_coded(plain), large):
        assert group_batch(small, batch).column("drg").to_pylist() == want
        assert group_batch(small, batch.slice(2)).column("drg").to_pylist() == want[2:]
        assert group_batch(small, batch.slice(1, 2)).column("drg").to_pylist() == want[1:3]
    nulls = pa.RecordBatch.from_pydict({"dx": pa.nulls(2), "proc": pa.nulls(2), "age": pa.nulls(2)})
    assert group_batch(small, nulls).column("drg").to_pylist() == ["0000", "0000"]


def test_values_under_a_null_list_are_not_read(small: Scheme) -> None:
    dx = pa.ListArray.from_arrays(
        pa.array([0, 1, 2], pa.int32()), pa.array(["G40.000", "N40.000"]), mask=pa.array([True, False])
    )
    batch = pa.RecordBatch.from_pydict({"dx": dx, "proc": pa.nulls(2), "sex": ["male"] * 2, "age": [1, 1]})
    assert group_batch(small, batch).column("drg").to_pylist() == ["0000", "MR19"]


def test_a_missing_code_column_is_named(small: Scheme) -> None:
    with pytest.raises(DrgpayError, match="lacks the column proc"):
        group_batch(small, pa.RecordBatch.from_pydict({"dx": [["G40.000"]]}))


def test_the_explanation_names_lists_codes_and_exclusions(small: Scheme) -> None:
    stay = {"dx": ["G40.000", "J96.000", "E11.900", "K35.800"], "proc": ["01.2400"], "age": 40}
    told = explain_stay(small, stay)
    assert [s.en for s in told.steps if s.part == "severity"] == [
        "other diagnosis J96.000: excluded by the principal diagnosis, exclusion table 1",
        "other diagnosis E11.900: CC",
        "other diagnosis K35.800: neither MCC nor CC",
    ]
    texts = [s.en for s in told.steps]
    assert (
        "ADRG BB1 开颅: does not hold; condition: the principal diagnosis is in the group's list of diagnoses and "
        "(some procedure is in the group's list of procedures 1 or the principal procedure is in the group's list "
        "of procedures 2); the principal diagnosis is not in the group's list of diagnoses; some procedure is in the "
        "group's list of procedures 1 (01.2400); the principal procedure is not in the group's list of procedures 2"
    ) in texts
    assert "ADRG BR1 癫痫: holds; the principal diagnosis is in the group's list of diagnoses (G40.000)" in texts
    assert texts[-1] == (
        "DRG BR13 癫痫伴并发症: holds; condition: age in years at least 17 and with MCC or CC; "
        "age in years at least 17; with MCC or CC"
    )
    assert "核心病组 BR1 癫痫：符合；主要诊断在本组诊断表 (G40.000)" in [s.zh for s in told.steps]
    assert "MDC A 先期分组: holds; unconditional" in texts


@given(
    st.lists(st.text(alphabet="AB.x0+*\x00é", max_size=30), max_size=40),
    st.lists(st.one_of(st.none(), st.text(alphabet="AB.x0+*\x00é", max_size=45)), max_size=60),
)
def test_the_codebook_is_a_dictionary(codes: list[str], asked: list[str | None]) -> None:
    book = Codebook(codes)
    strings = [*asked, *codes]
    want = [0 if s is None else book.id_of.get(s, 0) for s in strings]
    array = pa.array(["pad", *strings], pa.string())[1:]
    assert book.ids(array).tolist() == want
    assert book.ids_of_dictionary(array).tolist() == [*want, 0]
    assert np.flatnonzero(book.members(codes[:1])).tolist() == sorted({book.id_of[c] for c in codes[:1]})
