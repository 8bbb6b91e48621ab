"""Settlement lists: JSON however it is wrapped, and the same lists flattened into a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.intake import read_stays
from support.dbf import write_dbf
from support.formats import DATA, brief, read, rows_of, write_csv, write_xlsx

LISTS: list[dict[str, Any]] = json.loads((DATA / "settlement-list.json").read_text(encoding="utf-8"))["input"]["data"]


def write(path: Path, value: Any) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def changed(head: dict[str, Any] | None = None, **nodes: Any) -> dict[str, Any]:
    """The first list with some of it changed; a value of None takes the field or node away. Another settlement is of
    another visit."""
    visit = {"mdtrt_id": f"M-{head['setl_id']}"} if head and head.get("setl_id") else {}
    whole = {**LISTS[0], **nodes, "setlinfo": {**LISTS[0]["setlinfo"], **visit, **(head or {})}}
    whole["setlinfo"] = {k: v for k, v in whole["setlinfo"].items() if v is not None}
    return {k: v for k, v in whole.items() if v is not None}


def test_a_list_becomes_a_stay() -> None:
    stays, findings, said = read(DATA / "settlement-list.json", need="settlement")
    assert findings == []
    assert said.startswith("recognised as settlement-list ")
    first = stays[0]
    # the TCM disease is left out, the marked diagnosis leads, the others follow by their number
    assert (first["dx"], first["proc"]) == (["K35.800", "I10.x00x002", "E11.900"], ["47.0100", "54.1100"])
    assert (first["stay_id"], first["person_id"], first["institution_id"]) == ("S001", "P001", "H43010000001")
    assert (first["insurance_scheme"], first["sex"], first["age"], first["los"]) == ("employee", "male", 60, 5)
    assert (first["total_cost"], first["personal_paid"], first["fund_by_item"]) == (400000, 90050, 309950)
    assert (first["department_id"], first["doctor_id"]) == ("A04.01", "D430100000001")
    assert (stays[1]["insurance_scheme"], stays[1]["age"], stays[1]["age_days"]) == ("resident", 0, 3)
    assert (stays[1]["birth_weight"], stays[1]["discharge_way"], stays[1]["proc"]) == (3250, 9, None)


def test_json_however_wrapped_and_flattened_is_the_same(tmp_path: Path) -> None:
    once = read(DATA / "settlement-list.json", need="settlement")
    lines = [json.dumps(one, ensure_ascii=False) for one in LISTS]
    flat = rows_of("settlement-list.csv")
    made = [
        write(tmp_path / "array.json", LISTS),
        write(tmp_path / "lines.jsonl", "\n".join(lines) + "\n\n"),
        write(tmp_path / "wrapped.json", [{"input": one} for one in LISTS]),
        write(tmp_path / "one-head-in-a-list.json", [{**one, "setlinfo": [one["setlinfo"]]} for one in LISTS]),
        write(tmp_path / "upper.json", [upper(one) for one in LISTS]),
        write(tmp_path / "mark.json", "\ufeff" + json.dumps(LISTS)),
        DATA / "settlement-list.csv",
        write_csv(tmp_path / "gbk.csv", flat, "gb18030"),
        write_xlsx(tmp_path / "a.xlsx", flat),
        write_csv(tmp_path / "dots.csv", [{dotted(k): v for k, v in row.items()} for row in flat]),
    ]  # fmt: skip
    for path in made:
        assert read(path, need="settlement") == once, path.name
    single = read(write(tmp_path / "single.json", LISTS[0]), need="settlement")
    assert single[0] == once[0][:1]


def upper(node: Any) -> Any:
    if isinstance(node, dict):
        return {key.upper(): upper(value) for key, value in node.items()}
    return [upper(item) for item in node] if isinstance(node, list) else node


def dotted(header: str) -> str:
    name, _, number = header.rpartition("_")
    return f"diseinfo.{name}.{number}" if name in LISTS[0]["diseinfo"][0] else header


def test_gbk_json_and_a_dbf_of_short_names(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps(LISTS, ensure_ascii=False).encode("gb18030"))
    assert len(read(path)[0]) == 2
    row = {"setl_id": "S1", "diag_code1": "E11.900", "diag_code2": "K35.800", "act_ipt_da": "5"}
    stays, findings, _ = read(write_dbf(tmp_path / "a.dbf", [row]))
    assert stays[0]["dx"] == ["E11.900", "K35.800"]  # nothing marks or numbers them: as they stand
    assert (0, "act_ipt_da", "column_unknown", "act_ipt_days") in brief(findings)


def test_records_are_counted_and_chunks_make_no_difference(tmp_path: Path) -> None:
    lists = [changed({"setl_id": f"S{n}", "gend": "7" if n == 3 else "1"}) for n in range(5)]
    path = write(tmp_path / "a.json", lists)
    stays, findings, _ = read(path)
    assert brief(findings) == [(4, "gend", "not_listed", "7")]
    parts = list(read_stays(path, chunk_rows=2))
    assert [s for part in parts for s in part.stays.to_pylist()] == stays


def dx(code: str, flag: str, number: str = "", kind: str = "1") -> dict[str, str]:
    return {"diag_type": kind, "diag_code": code, "maindiag_flag": flag, "diag_srt_no": number}


@pytest.mark.parametrize(
    ("diagnoses", "codes", "marks"),
    [
        ([dx("A00.000", "0", "2"), dx("B00.000", "1", "9")], ["B00.000", "A00.000"], None),
        ([dx("A00.000", "0", "2"), dx("B00.000", "0", "1")], ["B00.000", "A00.000"], "0"),
        ([dx("A00.000", "0", "1"), dx("B00.000", "1", "3"), dx("C00.000", "1", "2")],
         ["C00.000", "B00.000", "A00.000"], "2"),
        ([dx("BNG010", "1", "1", "2"), dx("ZZG010", "0", "1", "3"), dx("A00.000", "0", "1")], ["A00.000"], "0"),
        ([dx("A00.000", "0"), dx("", "1"), dx("B00.000", "0")], None, None),
        ([], None, None),
    ],
)  # fmt: skip
def test_the_principal_diagnosis_is_the_marked_one(
    tmp_path: Path, diagnoses: list[dict[str, str]], codes: list[str] | None, marks: str | None
) -> None:
    path = write(tmp_path / "a.json", [changed(diseinfo=diagnoses), LISTS[1]])
    stays, findings, _ = read(path)
    assert stays[0]["dx"] == codes
    said = [f for f in brief(findings) if f[2] == "dx_main_flag"]
    assert said == ([] if marks is None else [(1, "diseinfo.diag_code", "dx_main_flag", marks)])
    if marks:  # paid stays need exactly one
        assert len(read(path, need="settlement")[0]) == 1


def test_either_mark_of_the_main_operation_will_do(tmp_path: Path) -> None:
    by_type = [
        {"oprn_oprt_code": "54.1100", "oprn_oprt_type": "2"},
        {"oprn_oprt_code": "47.0100", "oprn_oprt_type": "1"},
    ]
    none = [
        {"oprn_oprt_code": "54.1100", "main_oprn_flag": "0"},
        {"oprn_oprt_code": "47.0100", "main_oprn_flag": "0"},
    ]
    path = write(tmp_path / "a.json", [changed(oprninfo=by_type), changed({"setl_id": "2"}, oprninfo=none)])
    stays, findings, _ = read(path)
    assert [s["proc"] for s in stays] == [["47.0100", "54.1100"], ["54.1100", "47.0100"]]
    assert brief(findings) == [(2, "oprninfo.oprn_oprt_code", "proc_main_flag", "0")]


def test_amounts_that_no_field_gives_are_added_up(tmp_path: Path) -> None:
    own = {
        "medfee_sumamt": None,
        "fund_pay_sumamt": None,
        "psn_part_amt": None,
        "psn_selfpay": 0.1,
        "psn_ownpay": 900.2,
    }
    path = write(tmp_path / "a.json", changed(own, iteminfo=[{"amt": 0.1}, {"amt": 0.2}, {"amt": "3,999.70"}]))
    stays, findings, _ = read(path, need="settlement")
    # exact, though 0.1 + 0.2 is not in floating point; the personal account 310200 is no money of the fund
    assert (stays[0]["total_cost"], stays[0]["personal_paid"], stays[0]["fund_by_item"]) == (400000, 90030, 309950)
    assert brief(findings) == [
        (0, "fund_by_item", "amount_summed", ""), (0, "personal_paid", "amount_summed", ""),
        (0, "total_cost", "amount_summed", ""),
    ]  # fmt: skip
    bad = changed({"medfee_sumamt": None}, iteminfo=[{"amt": "1.234"}, {"amt": "1"}])
    _, findings, _ = read(write(tmp_path / "b.json", bad), need="settlement")
    errors = [(f["row"], f["field"], f["rule"], f["value"]) for f in findings if f["level"] == "error"]
    assert errors == [(1, "iteminfo.amt", "unreadable", "1.234")]


def test_items_that_do_not_add_up_are_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", changed(iteminfo=[{"amt": "3000"}, {"amt": "999.99"}]))
    assert brief(read(path)[1]) == [(1, "medfee_sumamt", "fee_total", "3,999.99 / 4,000.00")]


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("0/0/0", None), ("3/12/30", None), ("", None), ("6/0/0", None), ("6/0/1", "duration_stay"),
        ("3/24/0", "duration"), ("3/12/60", "duration"), ("12", "duration"), ("3天12时", "duration"),
    ],
)  # fmt: skip
def test_durations_are_days_hours_minutes(tmp_path: Path, cell: str, rule: str | None) -> None:
    ventilated = [{"oprn_oprt_code": "96.7201", "main_oprn_flag": "1"}] if cell[:1] == "6" else LISTS[0]["oprninfo"]
    whole = changed({"vent_used_dura": cell, "act_ipt_days": "5"}, oprninfo=ventilated)
    _, findings, _ = read(write(tmp_path / "a.json", whole))
    assert [f[2] for f in brief(findings)] == ([] if rule is None else [rule])


def test_ages_with_decimals_are_whole_years(tmp_path: Path) -> None:
    lists = [changed({"age": age, "setl_id": age}) for age in ("45.5", "45.0", "0.5")]
    stays, findings, _ = read(write(tmp_path / "a.json", lists))
    assert [s["age"] for s in stays] == [45, 45, 0]
    assert [f for f in brief(findings) if f[1] == "age"] == [
        (1, "age", "age_decimal", "45.5"), (3, "age", "age_decimal", "0.5")
    ]  # fmt: skip


def test_the_second_name_is_taken_when_the_first_is_not_there(tmp_path: Path) -> None:
    other = {"setl_id": None, "insutype": None, "hi_type": "390", "psn_no": None, "hi_no": "HI1"}
    stays, _, _ = read(write(tmp_path / "a.json", [changed(other), changed({"setl_id": "S001"})]), need="settlement")
    found = [(stay["stay_id"], stay["insurance_scheme"], stay["person_id"]) for stay in stays]
    assert found == [("M001", "resident", "HI1"), ("S001", "employee", "P001")]


def test_codes_of_one_cell_with_their_marks(tmp_path: Path) -> None:
    row = {"setl_id": "1", "diag_code": "A00.000|B00.000|C00.000", "maindiag_flag": "0|1", "diag_type": ""}
    assert read(write_csv(tmp_path / "a.csv", [row]))[0][0]["dx"] == ["B00.000", "A00.000", "C00.000"]


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ('[{"setlinfo": {}},\n{"setlinfo": }]', 2, "not valid JSON"),
        ('[{"setlinfo": {}}', 1, "truncated JSON"),
        ('{"patients": [1, 2]}', None, "no settlement list found"),
        ("[]", None, "no settlement list found"),
    ],
)
def test_bad_json(tmp_path: Path, text: str, row: int | None, words: str) -> None:
    with pytest.raises(DrgpayError, match=words) as caught:
        read(write(tmp_path / "a.json", text))
    assert (caught.value.kind, caught.value.row, caught.value.file) == (Kind.DATA, row, "a.json")


def test_unknown_fields_of_a_list_name_the_nearest(tmp_path: Path) -> None:
    _, findings, _ = read(write(tmp_path / "a.json", changed({"act_ipt_dais": "5", "act_ipt_days": None})))
    assert (0, "act_ipt_dais", "column_unknown", "act_ipt_days") in brief(findings)
