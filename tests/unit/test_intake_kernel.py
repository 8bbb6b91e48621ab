"""The checks on typed stays: kernel and plain reference agree, and nothing is changed by judging it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import (
    RULES,
    CheckContext,
    KnownCodes,
    check_batch,
    check_stay,
    code_lists,
    later_duplicates,
    stays_schema,
)
from drgpay.steps.intake.duplicates import Repeats
from drgpay.tables import FINDINGS, STAYS, years_of
from support.examples import many

CODES = KnownCodes.of(["A", "B", "C"], ["C"], ["P", "Q"], (), ["Q"])
DAYS = st.none() | st.dates(date(2023, 12, 30), date(2024, 1, 3))
FEN = st.none() | st.sampled_from([-1, 0, 1, 2, 3, 10**11, 10**11 + 1, 2**63 - 1, -(2**63)])
STAY = st.fixed_dictionaries(
    {
        "stay_id": st.none() | st.sampled_from(["a", "b"]), "person_id": st.none() | st.just("p"),
        "institution_id": st.sampled_from([None, "h1", "h2"]), "department_id": st.none(), "doctor_id": st.none(),
        "insurance_scheme": st.sampled_from([None, "employee", "x"]), "sex": st.sampled_from([None, "male", "x"]),
        "age": st.sampled_from([None, -1, 0, 1, 150, 151]),
        "age_days": st.sampled_from([None, -1, 0, 28, 29, 364, 365, 731, 732, 54750, 60001]),
        "birth_weight": st.sampled_from([None, 99, 100, 9999, 10000]),
        "admission_weight": st.sampled_from([None, 99, 100, 9999, 10000]),
        "los": st.sampled_from([None, -1, 0, 1, 2, 5]),
        "admission_date": DAYS, "discharge_date": DAYS, "discharge_way": st.sampled_from([None, 0, 1, 9, 10]),
        "dx": st.none() | st.lists(st.sampled_from(["A", "B", "C", "Z", None]), max_size=3),
        "proc": st.none() | st.lists(st.sampled_from(["P", "Q", "Z"]), max_size=3),
        "total_cost": FEN, "personal_paid": FEN, "fund_by_item": FEN,
    }
)  # fmt: skip


def batch_of(stays: list[dict[str, Any]], need: str = "settlement") -> Any:
    """A batch that may hold nulls anywhere."""
    schema = pa.schema([(field.name, field.type) for field in stays_schema(need)])
    return pa.RecordBatch.from_pylist(stays, schema=schema)


def clean(n: int) -> dict[str, Any]:
    return {
        "stay_id": f"s{n}", "person_id": "p", "institution_id": "h1", "department_id": None, "doctor_id": None,
        "insurance_scheme": "resident", "sex": "female", "age": 0, "age_days": 3, "birth_weight": 3000,
        "admission_weight": 3000, "los": 2,
        "admission_date": date(2024, 1, 1), "discharge_date": date(2024, 1, 3), "discharge_way": 1, "dx": ["A", "B"],
        "proc": None, "total_cost": 3, "personal_paid": 1, "fund_by_item": 2,
    }  # fmt: skip


@many(34)
@given(
    st.lists(STAY, max_size=8),
    st.sampled_from(["grouping", "settlement"]),
    st.booleans(),
    st.sets(st.integers(5, 12)),
    st.integers(0, 3),
    st.sets(st.sampled_from(["sex", "age", "age_days", "birth_weight", "admission_weight", "los", "proc"])),
)
def test_the_kernel_and_the_reference_agree(
    stays: list[dict[str, Any]], need: str, lookup: bool, repeated: set[int], cut: int, absent: set[str]
) -> None:
    names = stays_schema(need).names
    stays = [{name: None if name in absent else stay[name] for name in names} for stay in stays]
    context = CheckContext(
        need,
        CODES if lookup else None,
        frozenset(["h1"]) if lookup else None,
        2024 if lookup else None,
        np.array(sorted(repeated), np.int64),
        frozenset(absent),
        open_days={"h1": (date(2024, 1, 1), date(2024, 1, 3)), "h2": (None, None)} if lookup else {},
    )
    batch = batch_of(stays, need).slice(cut)  # a slice: offsets do not begin at 0
    kept, findings = check_batch(batch, file="f", first_row=5, context=context)
    FINDINGS.check(findings)
    expected = {
        (line, *found) for line, stay in enumerate(stays[cut:], 5) for found in check_stay(stay, line, context)
    }
    got = [(f["row"], f["field"], f["rule"], f["level"]) for f in findings.to_pylist()]
    assert len(got) == len(set(got))
    assert set(got) == expected
    out = {line for line, _, _, level in expected if level == "error"}
    aged = [{**stay, "age": years_of(stay["age"], stay["age_days"])} for stay in stays[cut:]]
    assert kept.to_pylist() == [stay for line, stay in enumerate(aged, 5) if line not in out]
    assert kept.schema.equals(stays_schema(need))


def test_a_clean_batch_comes_back_as_it_is() -> None:
    context = CheckContext("settlement", CODES, frozenset(["h1"]), 2024)
    batch = batch_of([clean(i) for i in range(3)])
    kept, findings = check_batch(batch, file="f", first_row=1, context=context)
    assert findings.num_rows == 0
    assert kept.to_pylist() == batch.to_pylist()
    STAYS.check(kept)


def test_every_rule_of_one_stay_can_be_broken() -> None:
    # a rule that no stay can break would be dead; those of reading are proved in the tests of reading
    of_reading = {"column_unknown", "column_absent", "stay_id_made", "cells", "lines", "unreadable", "code_case",
                  "principal_procedure_blank", "bounds", "too_large", "age_unit", "age_decimal", "dx_main_flag",
                  "proc_main_flag", "fee_total", "fee_unreadable", "duration", "duration_stay",
                  "amount_summed", "code_converted", "code_other_meaning", "code_to_gray",
                  "code_no_counterpart", "stays_overlap", "after_death", "key_repeated",
                  "death_before_birth", "scheme_other", "code_repaired", "asterisk_joined", "asterisk_orphan",
                  "morphology_skipped", "unneeded", "stay_id_shared", "stay_id_damaged", "total_row", "refund_pair",
                  "visit_lists", "list_withdrawn", "los_derived", "ventilator_code", "ventilator_hours_missing",
                  "icu_hours", "icu_incomplete", "admission_weight_missing", "not_grouped", "operation_unrelated",
                  "proc_barred", "scheme_erratum", "scheme_not_certified", "batch_month", "batch_institution",
                  "stay_id_other_month", "stay_id_elsewhere"}  # fmt: skip
    changes: list[dict[str, Any]] = [
        {"stay_id": None}, {"institution_id": None}, {"institution_id": "h2"}, {"sex": None}, {"sex": "x"},
        {"age": 151}, {"age": None, "age_days": None}, {"age": 0, "age_days": None}, {"age": 7},
        {"birth_weight": None}, {"birth_weight": 1}, {"admission_weight": 1}, {"los": None}, {"los": -1}, {"los": 9},
        {"age_days": 0, "admission_weight": 2000}, {"discharge_date": date(2023, 1, 1)},
        {"discharge_way": 0}, {"dx": []}, {"dx": ["Z"]}, {"dx": ["A", "Z"]}, {"dx": ["C"]}, {"proc": ["Z"]},
        {"total_cost": -1}, {"personal_paid": 2}, {"person_id": None}, {"discharge_way": None}, {"dx": ["C61.x00"]},
        {"proc": ["60.2100"]}, {"dx": ["O80.900"]}, {"dx": ["A", "A"]}, {"proc": ["P", "P"]}, {"dx": ["V01.000"]},
        {"dx": ["Z37.000"]}, {"dx": ["R05.x00", "S00.000"]}, {"dx": ["S00.000"]},
        {"age_days": 29, "birth_weight": None, "dx": ["P07.000"]}, {"dx": ["P07.000"]}, {"age": 1, "age_days": None},
        {"dx": ["A", "C"]}, {"proc": ["P", "G"]}, {"proc": ["G"]}, {"proc": ["74.0100"]},
        {"age": None, "dx": ["I10.x00"]}, {"discharge_date": date(2024, 1, 4)},
    ]  # fmt: skip
    codes = KnownCodes.of(
        ["A", "B", "C", "C61.x00", "O80.900", "V01.000", "Z37.000", "R05.x00", "S00.000", "P07.000", "I10.x00"],
        ["C"],
        ["P", "60.2100", "74.0100", "G"],
        code_lists(),
        ["G"],
    )
    shut = {"h1": (None, date(2024, 1, 4))}
    context = CheckContext(
        "settlement", codes, frozenset(["h1"]), 2024, np.array([1], np.int64), quality=True, open_days=shut
    )
    batch = batch_of([{**clean(i), **change} for i, change in enumerate(changes)])
    _, findings = check_batch(batch, file="f", first_row=1, context=context)
    assert set(findings.column("rule").to_pylist()) == set(RULES) - of_reading
    for finding in findings.to_pylist():
        assert "{" not in finding["zh"] + finding["en"]
        assert finding["level"] == RULES[finding["rule"]].levels["settlement"]


def test_a_batch_of_another_shape_is_refused() -> None:
    batch = batch_of([clean(1)])
    context = CheckContext("settlement")
    with pytest.raises(DrgpayError, match="column is missing") as caught:
        check_batch(batch.drop_columns(["los"]), file="f", first_row=1, context=context)
    assert (caught.value.kind, caught.value.field) == (Kind.DATA, "los")
    wide = batch.set_column(batch.schema.get_field_index("los"), "los", batch.column("los").cast(pa.int64()))
    with pytest.raises(DrgpayError, match="type int64, not int16"):
        check_batch(wide, file="f", first_row=1, context=context)


IDS = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 2), st.integers(1, 4)), max_size=12)


@given(IDS.map(lambda rows: list(dict.fromkeys(rows))))
def test_later_duplicates(rows: list[tuple[str | None, int, int]]) -> None:
    rows = list({(file, row): (stay, file, row) for stay, file, row in rows}.values())
    ids, file_no, row_no = zip(*rows, strict=True) if rows else ((), (), ())
    batch = pa.record_batch(
        {
            "stay_id": pa.array(ids, pa.string()),
            "file_no": pa.array(file_no, pa.int32()),
            "row_no": pa.array(row_no, pa.int64()),
        }
    )
    first: set[str] = set()
    expected = []
    for stay, file, row in sorted(rows, key=lambda r: r[1:]):
        if stay is not None and stay in first:
            expected.append({"file_no": file, "row_no": row})
        first |= {stay} if stay is not None else set()
    assert later_duplicates(batch).to_pylist() == expected


def test_one_hash_for_two_ids_is_no_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drgpay.steps.intake.duplicates._hashes", lambda ids: np.zeros(len(ids), np.uint64))
    ids = pa.array(["a", "b", None, "a", None])
    assert Repeats([ids.slice(0, 2), ids.slice(2)]).again(ids).tolist() == [False, False, False, True, False]
