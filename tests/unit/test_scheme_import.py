"""Importing the official workbook: its layout and quirks, its grammar, amendments; the same groups as the source."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from drgpay import scheme
from drgpay.cli import app
from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import ImportReport, Scheme
from drgpay.steps.grouping import compile_scheme, explain_stay, group_batch
from support import workbook
from support.command import CliRunner
from support.stays import StayMaker, as_batch

GOLDEN = Path(__file__).parents[1] / "golden" / "chs-drg-2.0.csv"

SMALL: dict[str, workbook.Rows] = {
    "MDC": [
        ["MDCA", "先期分组", "", 1],
        ["0000", "未入组", "", 2],
        ["MDCZ", "多发创伤", "ZYZD in Z_ALL and (QTZD in Z_HEAD or length(Z_ALL ∩ {ZYZD, QTZD}) > 2)", 3],
        ["MDCB", "神经", "ZYZD in B_ZD", 4],
        ["MDCN", "女性", "XB = 2 and ZYZD in {N_ZD, N_ZD2}", 5],
    ],
    "ADRG": [
        ["AA1", "移植", "ZYSS in AA1", "MDCA", 1],
        ["B00", "未入组", "", "MDCB", 0],
        ["BQY", "歧义", "{ZYSS, QTSS} in OP_ALL", "MDCB", 1],
        ["BR1", "癫痫", "ZYZD in B_EPI", "MDCB", 3],
        ["BB1", "开颅", "ZYZD in B_ZD and ZYSS in B_SS", "MDCB", 2],
        ["BC1", "两次", "length({ZYSS, QTSS} ∩ B_TWO) >= 2", "MDCB", 2],
        ["BD1", "其他手术", "QTSS in B_TWO and ZYSS not in B_TWO and (NL >= 18 or 0)", "MDCB", 2],
        ["BS1", "新生儿", "XSRTL < 29 and XSRTZ <= 1500 and ZYZD in B_ZD", "MDCB", 9],
        ["NR1", "女性病", "", "MDCN", 1],
        ["ZZ1", "创伤", "1", "MDCZ", 1],
    ],
    "DRG": [
        ["AA19", "移植", "", "AA1", "MDCA", 1],
        ["B000", "未入组", "", "B00", "MDCB", 1],
        ["BB15", "开颅", "", "BB1", "MDCB", 1],
        ["BB10", "机器人", "{ZYSS, QTSS} in OP_ARB", "BB1", "MDCB", 2],
        ["BB11", "伴MCC", "QTZD in MCC", "BB1", "MDCB", 3],
        ["BB13", "伴CC", "QTZD in CC", "BB1", "MDCB", 4],
        ["BC19", "两次", "", "BC1", "MDCB", 1],
        ["BD19", "其他手术", "", "BD1", "MDCB", 1],
        ["BR13", "癫痫伴CC", "QTZD in CC", "BR1", "MDCB", 1],
        ["BR15", "癫痫", "QTZD not in CC", "BR1", "MDCB", 2],
        ["BS19", "新生儿", "", "BS1", "MDCB", 1],
        ["NR19", "女性病", "", "NR1", "MDCN", 1],
        ["ZZ19", "创伤", "", "ZZ1", "MDCZ", 1],
    ],
    "集合": [
        [name, code, "", 1]
        for name, codes in {
            "AA1": ("37.5100",),
            "Z_ALL": ("S06.000", "S12.900", "S22.000"),
            "Z_HEAD": ("S06.000",),
            "B_ZD": ("G40.000", "G41.000"),
            "B_EPI": ("G40.000",),
            "B_SS": ("01.2400",),
            "B_TWO": ("01.3900", "01.5900"),
            "OP_ALL": ("01.2400", "37.5100", "45.1300", "01.2400"),
            "OP_ARB": ("17.4100",),
            "N_ZD": ("N80.000",),
            "N_ZD2": ("N81.000",),
            "SPARE": ("Z99.900",),
        }.items()
        for code in codes
    ],
    "CC": [
        ["J96.000", "", "EX_1", "MCC"],
        ["R57.000", "", "", "MCC"],
        ["E11.900", "", "EX_1", "CC"],
        ["I10.x00", "", "", "CC"],
    ],
    "排除表": [["EX_1", "G40.000", ""]],
}


def small(**changes: Any) -> dict[str, workbook.Rows]:
    """The small workbook with some sheets' rows changed: sheet -> function of its rows."""
    return {name: changes[name](list(rows)) if name in changes else rows for name, rows in SMALL.items()}


def imported(folder: Path, sheets: dict[str, workbook.Rows], **how: Any) -> tuple[Scheme, ImportReport]:
    """The workbook written, imported and loaded."""
    layout = {key: how.pop(key) for key in ("indent", "skip") if key in how}
    report = scheme.import_workbook(workbook.write(folder / "b.xlsx", sheets, **layout), "t-3.0", folder / "s", **how)
    return scheme.load("t-3.0", folder=folder / "s"), report


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scheme, ImportReport]:
    return imported(tmp_path_factory.mktemp("three"), SMALL)


def both(chosen: Scheme, **stay: Any) -> tuple[str | None, str, str]:
    """MDC, DRG and status; the kernel and the reference agree."""
    told = explain_stay(chosen, stay)
    row = group_batch(chosen, as_batch([stay])).to_pylist()[0]
    assert (told.mdc, told.adrg, told.drg, told.severity, told.status) == tuple(row.values())
    return told.mdc, told.drg, told.status


@pytest.mark.parametrize(
    ("stay", "drg"),
    [
        ({"dx": ["G40.000"], "proc": ["37.5100"]}, "AA19"),
        ({"dx": ["G41.000"], "proc": ["01.2400"]}, "BB15"),
        ({"dx": ["G41.000", "E11.900"], "proc": ["01.2400"]}, "BB13"),
        ({"dx": ["G41.000", "E11.900", "J96.000"], "proc": ["01.2400"]}, "BB11"),
        ({"dx": ["G40.000", "E11.900", "J96.000"], "proc": ["01.2400"]}, "BB15"),  # both excluded
        ({"dx": ["G41.000", "J96.000"], "proc": ["01.2400", "17.4100"]}, "BB10"),
        ({"dx": ["G41.000"], "proc": ["01.3900", "01.5900"]}, "BC19"),
        ({"dx": ["G41.000"], "proc": ["01.3900", "01.3900"]}, "0000"),  # one code twice is one code
        ({"dx": ["G41.000"], "proc": ["99.0000", "01.3900"], "age": 18}, "BD19"),
        ({"dx": ["G41.000"], "proc": ["99.0000", "01.3900"], "age": 17}, "0000"),
        ({"dx": ["G40.000"]}, "BR15"),
        ({"dx": ["G40.000", "R57.000"]}, "BR15"),  # an MCC, and no CC
        ({"dx": ["G40.000", "R57.000", "I10.x00"]}, "BR13"),  # an MCC, and a CC beside it
        ({"dx": ["G40.000"], "proc": ["99.0000", "45.1300"]}, "BR15"),
        ({"dx": ["G40.000"], "proc": ["45.1300"]}, "BQY"),  # an operation keeps it out of medical groups
        ({"dx": ["G41.000"], "age_days": 3, "admission_weight": 1500}, "BS19"),
        ({"dx": ["G41.000"], "age_days": 3, "admission_weight": 1501, "birth_weight": 1500}, "0000"),
        ({"dx": ["G41.000"]}, "0000"),
        ({"dx": ["N81.000"], "sex": "female"}, "NR19"),
        ({"dx": ["N81.000"], "sex": "male"}, "0000"),
        ({"dx": ["S12.900", "S06.000"]}, "ZZ19"),
        ({"dx": ["S12.900", "S22.000"]}, "0000"),
        ({"dx": ["S12.900", "S12.900", "S22.000", "S06.000"]}, "ZZ19"),
    ],
)
def test_the_grammar_of_the_workbook(three: tuple[Scheme, ImportReport], stay: dict[str, Any], drg: str) -> None:
    assert both(three[0], **stay)[1] == drg


def test_a_cc_beside_an_mcc_still_counts_as_a_cc(three: tuple[Scheme, ImportReport]) -> None:
    splits = {d.code: d.split_text for d in three[0].drgs}
    assert (splits["BR13"], splits["BR15"]) == ("any_cc", "!any_cc")
    assert splits["BB13"] == "!proc & cc"
    told = explain_stay(three[0], {"dx": ["G40.000", "R57.000"]})
    assert (told.drg, told.severity) == ("BR15", "mcc")


def test_what_was_read_is_said(three: tuple[Scheme, ImportReport]) -> None:
    said = [en for _, en in three[1].said]
    assert "MDC: 5 rows" in said
    assert "set OP_ALL: 1 repeated members count once" in said
    assert "catch-all rows (ungrouped): B00, B000, 0000" in said
    assert "sets no rule names: SPARE" in said
    assert all(zh for zh, _ in three[1].said)
    chosen = three[0]
    assert [a.code for a in chosen.adrgs_of["B"]] == ["BB1", "BC1", "BD1", "BR1", "BS1", "BQY"]
    assert [m.code for m in chosen.mdcs] == ["A", "Z", "B", "N"]
    assert chosen.name("BQY") == "歧义"


def test_a_moved_column_is_found_and_said(tmp_path: Path) -> None:
    moved, report = imported(tmp_path, SMALL, indent=1)
    assert ("MDC：各列从 B 列开始", "MDC: the columns begin in column B") in report.said
    assert both(moved, dx=["G41.000"], proc=["01.2400"])[1] == "BB15"


def test_kernel_equals_reference_on_the_small_workbook(three: tuple[Scheme, ImportReport]) -> None:
    stays = StayMaker(three[0], seed=5).many(1500)
    want = [(e.mdc, e.adrg, e.drg, e.severity, e.status) for e in (explain_stay(three[0], s) for s in stays)]
    got = [tuple(row.values()) for row in compile_scheme(three[0]).group(as_batch(stays)).to_pylist()]
    assert got == want
    assert {row[2] for row in got} >= {d.code for d in three[0].drgs} | {"BQY", "0000"}


@pytest.mark.parametrize(
    ("sheet", "change", "says"),
    [
        ("ADRG", ("ZYZD in B_EPI", "ZYZD in B_EPY"), "ADRG row 5 «BR1»: the rule cannot be read"),
        ("ADRG", ("ZYZD in B_EPI", "ZYZD in B_EPY"), "there is no set «B_EPY»; nearest: B_EPI"),
        ("ADRG", ("ZYZD in B_EPI", "ZZZD in B_EPI"), "«ZZZD» is not a field; nearest: ZYZD"),
        ("ADRG", ("ZYZD in B_EPI", "(ZYZD in B_EPI"), "«)» is wanted before «»"),
        ("ADRG", ("ZYZD in B_EPI", "ZYZD in MCC"), "MCC and CC are of other diagnoses"),
        ("ADRG", ("ZYZD in B_EPI", "ZYZD in B_EPI 7"), "«7» is one too many"),
        ("ADRG", ("{ZYSS, QTSS} in OP_ALL", ""), "a group of unrelated operations has no rule"),
        ("MDC", ("XB = 2 and ZYZD in {N_ZD, N_ZD2}", "XB = 3"), "XB = 1 (male) or XB = 2 (female)"),
        ("DRG", ("BR1", "BR2"), "belongs to «BR2», which is not there; nearest: BR1"),
        ("DRG", ("QTZD not in CC", "QTZD in MCC"), "drg «BR1»: leaves a gap"),
        ("CC", ("EX_1", "EX_2"), "names the absent exclusion table EX_2"),
        ("CC", ("R57.000", "J96.000"), "mcc «J96.000»: stands 2 times"),
        ("CC", ("I10.x00", "R57.000"), "cc «R57.000»: is both MCC and CC"),
        ("DRG", ("BB11", "BB13"), "DRG «BB13»: stands 2 times"),
        ("CC", ("MCC", "MMC"), "the type «MMC» is neither MCC nor CC"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, sheet: str, change: tuple[str, str], says: str) -> None:
    old, new = change

    def rewrite(rows: workbook.Rows) -> workbook.Rows:
        return [[new if cell == old else cell for cell in row] for row in rows]

    with pytest.raises(DrgpayError) as caught:
        imported(tmp_path, small(**{sheet: rewrite}))
    assert caught.value.kind is Kind.SCHEME
    assert says in caught.value.en


def test_a_code_in_two_exclusion_tables_is_named(tmp_path: Path) -> None:
    with pytest.raises(DrgpayError, match=r"exclusion «G40\.000»: stands 2 times"):
        imported(tmp_path, small(排除表=lambda rows: [*rows, ["EX_2", "G40.000", ""]]))


def test_a_missing_sheet_a_missing_column_and_no_workbook_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DrgpayError, match="CC «»: no such sheet; there are: MDC"):
        imported(tmp_path, SMALL, skip="CC")
    monkeypatch.setattr(workbook, "HEADERS", {**workbook.HEADERS, "集合": ("编号", "ICD编码", "ICD名称", "类型")})
    with pytest.raises(DrgpayError, match="集合 «集合编号»: no such column"):
        imported(tmp_path, SMALL)
    (tmp_path / "c.xlsx").write_bytes(b"no workbook")
    with pytest.raises(DrgpayError, match="not a readable Excel workbook"):
        scheme.import_workbook(tmp_path / "c.xlsx", "t-3.0", tmp_path)


AMENDMENTS = """document: review of 2026-10
amendments:
  - sheet: 排除表
    add: {集合编号: EX_1, ICD编码: G41.000}
    reason: printed, not in the workbook
  - sheet: 集合
    remove: {集合编号: SPARE, ICD编码: Z99.900}
    reason: no rule names it
  - sheet: DRG
    change: DRG名称
    where: {DRG编码: BB11}
    old: 伴MCC
    new: 开颅，伴MCC
    reason: the name is cut
"""


def test_amendments_are_applied_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(AMENDMENTS, encoding="utf-8")
    amended, report = imported(tmp_path, SMALL, amendments=tmp_path / "a.yaml")
    assert report.amendments == 3
    assert sum(en.startswith("amended ") for _, en in report.said) == 3
    assert amended.exclusion["G41.000"] == "EX_1"
    assert amended.name("BB11") == "开颅，伴MCC"
    assert not any("SPARE" in en for _, en in report.said if en.startswith("sets "))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("EX_1, ICD编码: G41.000", "EX_1, ICD编码: G40.000", "line 4 «EX_1 G40.000»: this change does nothing"),
        ("ICD编码: Z99.900", "ICD编码: Z99.800", "line 7 «SPARE Z99.800»: this change does nothing"),
        ("old: 伴MCC", "old: 伴mcc", "the cell reads «伴MCC»"),
        ("DRG编码: BB11", "DRG编码: BB12", "points to 0 rows"),
        ("sheet: DRG", "sheet: DRGS", "line 9 «DRGS»: there is no such sheet  → nearest: DRG"),
        ("    reason: no rule names it\n", "", "reason is missing"),
        ("change: DRG名称", "change: 名称", "there is no such column"),
    ],
)
def test_an_amendment_that_does_not_fit_is_an_error(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert AMENDMENTS.count(old) == 1
    (tmp_path / "a.yaml").write_text(AMENDMENTS.replace(old, new), encoding="utf-8")
    with pytest.raises(DrgpayError) as caught:
        imported(tmp_path, SMALL, amendments=tmp_path / "a.yaml")
    assert says in caught.value.en


def test_the_shipped_amendments_can_be_read() -> None:
    told = scheme.overlay_file("chs-drg-3.0-amendments").read_text(encoding="utf-8")
    assert told.count("ICD编码") == 7


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scheme, Scheme]:
    """Edition 2.0 as a workbook, imported; and 2.0 read as the workbook reads a principal operation."""
    two = scheme.load("chs-drg-2.0")
    back, _ = imported(tmp_path_factory.mktemp("again"), workbook.from_scheme(two))
    return back, scheme.load("chs-drg-2.0", frozenset({"medical_without_operation"}))


def test_edition_2_0_as_a_workbook_groups_the_same(again: tuple[Scheme, Scheme]) -> None:
    back, two = again
    assert [a.code for a in back.adrgs] == [a.code for a in two.adrgs]
    stays = StayMaker(two, seed=6).many(6000)
    for stay in stays:
        stay["admission_weight"] = stay["birth_weight"]  # the workbook's weight is the one at admission
    batch = as_batch(stays)
    want, got = (compile_scheme(s).group(batch).to_pylist() for s in (two, back))
    wrong = [(w, g) for w, g in zip(want, got, strict=True) if w != g]
    assert wrong == []
    assert len({row["drg"] for row in got}) > 600


def test_the_golden_cases_of_2_0_as_a_workbook(again: tuple[Scheme, Scheme]) -> None:
    back, _ = again
    medical = {a.code for a in back.adrgs if a.kind == "medical"}
    compared = 0
    with GOLDEN.open(encoding="utf-8") as stream:
        for case in csv.DictReader(stream):
            stay: dict[str, Any] = {"sex": case["sex"] or None}
            stay |= {name: case[name].split("|") if case[name] else [] for name in ("dx", "proc")}
            numbers = {"age": "age", "age_days": "age_days", "admission_weight": "weight_g", "los": "los"}
            stay |= {name: int(case[column]) if case[column] else None for name, column in numbers.items()}
            if stay["proc"] and stay["proc"][0] in back.operation and (case["adrg"] in medical or not case["adrg"]):
                continue  # the workbook keeps such a case out of medical groups
            compared += 1
            assert both(back, **stay)[1] == case["drg"]
    assert compared > 400


def test_the_command_line_imports_and_says_what_it_read(tmp_path: Path) -> None:
    workbook.write(tmp_path / "b.xlsx", SMALL)
    command = ["scheme", "import", str(tmp_path / "b.xlsx"), "--id", "local-3.0", "--to", str(tmp_path / "s")]
    done = CliRunner().invoke(app, [*command, "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert "MDC: 5 rows" in done.output
    assert scheme.load("local-3.0", folder=tmp_path / "s").digest in done.output
    bad = CliRunner().invoke(app, [*command, "--amendments", "nowhere.yaml"])
    assert isinstance(bad.exception, DrgpayError)
