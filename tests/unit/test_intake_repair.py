"""Damaged codes, ids and rows: repaired where there is one reading, else named with what may have been meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drgpay.runs import known_codes
from drgpay.steps.intake.repair import proposals, reading
from drgpay.steps.intake.showing import masked, shown
from support.stay_files import excel, read, rules, write


def coded(tmp_path: Path, dx: str, proc: str = "") -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    path = write(tmp_path / "a.csv", f"id\tdx\tproc\tsex\tage\n1\t{dx}\t{proc}\tmale\t60\n")
    stays, findings, _ = read(path, codes=known_codes())
    return stays[0], [r for r in rules(findings) if r[0]]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("026.900", "O26.900"),
        ("160.900", "I60.900"),
        ("I6O.900", "I60.900"),
        ("I61.9OOx002", "I61.900x002"),
        ("I61.900×002", "I61.900x002"),
        ("I61.900х002", "I61.900x002"),
        ("І61.900x002", "I61.900x002"),
        ("I61。900x002", "I61.900x002"),
        ("I61900x002", "I61.900x002"),
        ("I61.900x002(脑出血)", "I61.900x002"),
        ("I61.900x002 脑出血", "I61.900x002"),
        ("脑出血 I61.900x002", "I61.900x002"),
        ("I61.900x002.", "I61.900x002"),
        ("A17.000＋G01＊", "A17.000+G01*"),
    ],
)
def test_a_diagnosis_with_one_reading_is_repaired_and_said(tmp_path: Path, cell: str, code: str) -> None:
    stay, found = coded(tmp_path, cell)
    assert stay["dx"] == [code]
    repaired = [r for r in found if r[2] == "code_repaired"]
    if cell != "A17.000＋G01＊":  # NFKC alone reads that one
        assert [value.split(">")[1] for _, _, _, value in repaired] == [code]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("51.23", "51.2300"),
        ("36.07", "36.0700"),
        ("0.1801", "00.1801"),
        ("53", "53.0000"),
        ("47.O100", "47.0100"),
        ("38,95", None),
        ("389501", "38.9501"),
        ("38.9501(静脉导管)", "38.9501"),
    ],
)
def test_a_procedure_that_became_a_number(tmp_path: Path, cell: str, code: str | None) -> None:
    stay, found = coded(tmp_path, "I10.x00x002", cell)
    if code:
        assert stay["proc"] == [code]
        assert (2, "proc", "code_repaired", f"{cell}>{code}") in found
    else:
        assert stay["proc"] == ["38.0000", "95.0000"] or "proc_unknown" in {r[2] for r in found}


def test_what_has_several_readings_or_none_is_named_with_a_proposal(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", "id,dx,sex,age\n1,J15.000x00,male,60\n2,I61.900x002/J18.900,male,60\n3,脑出血,male,60\n"
    )
    stays, findings, _ = read(path, codes=known_codes())
    assert [s["dx"] for s in stays] == [["J15.000x00"], ["I61.900x002/J18.900"], ["脑出血"]]
    unknown = [f for f in findings if f["rule"] == "dx_unknown"]
    assert [f["value"] for f in unknown] == ["J15.000x00", "I61.900x002/J18.900", "脑出血"]
    assert "最接近的是 J15.000" in unknown[0]["zh"]
    assert "nearest J15.000" in unknown[0]["en"]


def test_codes_of_an_older_edition_are_left_alone() -> None:
    known = known_codes().plain["dx"]
    assert "K35.900" not in known
    assert reading("dx", "K35.900", known) is None
    assert all(code.startswith("K35") for code in proposals("K35.900", sorted(known)))
    for code in ("L99.999", "D99.900", "Q10.999x999"):  # no letter is taken for another
        assert reading("dx", code, known) is None


def test_dagger_and_asterisk_in_two_columns_are_joined(tmp_path: Path) -> None:
    text = (
        "BAH,XB,NL,XY_JBDM,XY_FJBM,XY_JBDM1,XY_FJBM1\n"
        "1,2,75,E10.300x051,H42.0*,I10.x00x002,\n"
        "2,2,75,E10.300x051+H42.0*,,I10.x00x002,\n"
        "3,1,60,A17.000,G01*,,\n"
        "4,1,60,J18.900,G01*,,\n"
        "5,1,60,J18.900,,A17.000,G01*\n"
    )
    stays, findings, _ = read(write(tmp_path / "a.csv", text), codes=known_codes())
    assert [s["dx"] for s in stays] == [
        ["E10.300x051+H42.0*", "I10.x00x002"],
        ["E10.300x051+H42.0*", "I10.x00x002"],
        ["A17.000+G01*"],
        ["J18.900"],
        ["J18.900", "A17.000+G01*"],
    ]
    assert [r for r in rules(findings) if "asterisk" in r[2]] == [
        (2, "XY_FJBM", "asterisk_joined", "E10.300x051+H42.0*"),
        (4, "XY_FJBM", "asterisk_joined", "A17.000+G01*"),
        (5, "XY_FJBM", "asterisk_orphan", "G01*"),
        (6, "XY_FJBM1", "asterisk_joined", "A17.000+G01*"),
    ]


def test_asterisk_and_morphology_codes_in_a_list_move_nothing_to_the_front(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "id,dx,sex,age\n1,J18.900|A17.000|G01*,male,60\n2,M81400/3|J18.900,male,60\n3,J18.900|M81400/3,male,60\n"
        "4,G01*|A17.000,male,60\n5,G01*|J18.900,male,60\n",
    )
    stays, findings, _ = read(path, codes=known_codes())
    assert [s["dx"] for s in stays] == [
        ["J18.900", "A17.000+G01*"], ["M81400/3", "J18.900"], ["J18.900"], ["A17.000+G01*"], ["G01*", "J18.900"],
    ]  # fmt: skip
    assert (4, "dx", "morphology_skipped", "M81400/3") in rules(findings)
    assert (6, "dx", "asterisk_orphan", "G01*") in rules(findings)


def test_the_column_named_is_the_one_of_the_file(tmp_path: Path) -> None:
    text = (
        "BAH,XB,NL,JBDM,JBDM1,JBDM7,OTHER1,OTHER2,OTHER40\n1,1,60,J18.900,,Q99.999,,,\n2,1,60,J18.900,Z99.999,X,,,\n"
    )
    _, findings, _ = read(write(tmp_path / "a.csv", text), codes=known_codes())
    assert [r for r in rules(findings) if r[2] == "dx_other_unknown"] == [
        (2, "JBDM7", "dx_other_unknown", "Q99.999"),
        (3, "JBDM1|JBDM7", "dx_other_unknown", "Z99.999|X"),
    ]
    unknown = [r for r in rules(findings) if r[2] == "column_unknown"]
    assert [(row, field) for row, field, _, _ in unknown] == [(0, "OTHER1 … OTHER40 (3)")]


@pytest.mark.parametrize("ids", [["4.40301E+17"] * 3, ["440301202409010000"] * 2, ["4.40301202409E+17"] * 2])
def test_ids_damaged_by_a_spreadsheet_are_no_repetition(tmp_path: Path, ids: list[str]) -> None:
    lines = "".join(f"{name},J18.900,{40 + i}\n" for i, name in enumerate(ids))
    stays, findings, _ = read(write(tmp_path / "a.csv", "id,dx,age\n" + lines))
    assert len(stays) == len(ids)
    assert {f["rule"] for f in findings if f["row"]} == {"stay_id_damaged"}
    assert not any("删去" in f["zh"] for f in findings if f["row"])


def test_ids_damaged_in_a_workbook(tmp_path: Path) -> None:
    rows = [["id", "dx", "age"], *([440301202409010000 + i, "J18.900", 40 + i] for i in range(3))]
    stays, findings, _ = read(excel(tmp_path / "a.xlsx", rows))
    assert len(stays) == 3
    assert {f["rule"] for f in findings if f["row"]} == {"stay_id_damaged"}


def test_an_id_that_happens_to_end_in_zeros_is_none(tmp_path: Path) -> None:
    _, findings, _ = read(
        write(tmp_path / "a.csv", "id,dx,age\n330000000000001000,J18.900,40\n330000000000001001,J18.900,4\n")
    )
    assert not [f for f in findings if f["row"]]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("110101199003078515", "110*************15"),
        ("电话13812345678", "电话138******78"),
        ("张三", "**"),
        ("欧阳娜娜", "****"),
        ("脑出血", "脑出血"),
        ("I61.900\u200bx002", "I61.900(U+200B)x002"),
        ("a\u00a0b", "a\u00a0(U+00A0)b"),
        ("x" * 100, "x" * 60 + "…"),
        ("330000000000000002", "330000000000000002"),
        (None, ""),
    ],
)
def test_what_a_finding_shows(value: str | None, said: str) -> None:
    assert shown(value) == said


def test_ids_like_national_ones_are_masked_in_findings(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,dx,age,sex\n110101199003078515,J18.900,x,13812345678\n")
    _, findings, _ = read(path)
    assert "110101199003078515" not in str(findings)
    assert "13812345678" not in str(findings)
    assert {f["stay_id"] for f in findings if f["row"]} == {masked("110101199003078515")}


def test_a_blank_principal_procedure_beside_damaged_codes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,dx,proc1,proc2\n1,J18.900,,96.7101\n2,J18.900,51.23,\n")
    stays, findings, _ = read(path, codes=known_codes())
    assert [stay["proc"] for stay in stays] == [[None, "96.7101"], ["51.2300"]]
    assert [row[2] for row in rules(findings) if row[0] == 2] == ["principal_procedure_blank"]


def test_a_code_nobody_could_mean_takes_no_time(tmp_path: Path) -> None:
    assert proposals("A" * 100_000, ["A00.000", "A01.000"]) == ()
    assert reading("dx", "A00.000 " * 30_000, {"A00.000"}) is None


def test_a_stay_of_very_many_codes_is_looked_through_once(tmp_path: Path) -> None:
    many = "|".join([*(f"Z{n:04}" for n in range(3000)), "I10.x00x002", "I10.x00x002"])
    path = write(tmp_path / "a.csv", f"id\tdx\n1\tJ18.900|{many}\n2\tJ18.900|I10.x00x002|J18.900\n")
    _, findings, _ = read(path, codes=known_codes())
    again = {row[0]: row[3] for row in rules(findings) if row[2] == "dx_repeated"}
    assert again == {2: "I10.x00x002", 3: "J18.900"}
