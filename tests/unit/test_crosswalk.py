"""Codes of the clinical edition brought into the insurer's: what changes, what is said, and what stays."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import Result

from drgpay.cli import app
from drgpay.errors import Kind
from drgpay.scheme import load_codes, load_crosswalk
from drgpay.steps import intake
from drgpay.steps.intake import Crosswalk, Way
from support.command import CliRunner

SMALL = Crosswalk(
    Way(
        {"A10": "A10", "A11": "A20", "A12": "A10", "A13": "A30", "A10x": "A12"},
        frozenset({"A10", "A12", "A20", "A30"}),
        frozenset({"A30"}),
    ),
    Way({"01.1": "01.2"}, frozenset({"01.2"}), frozenset()),
)


def stays(folder: Path, text: str, way: Crosswalk | None, **how: int) -> tuple[pa.Table, list[tuple[str, ...]]]:
    """The accepted stays of a CSV and its findings on codes: line, field, rule, value."""
    path = folder / "a.csv"
    path.write_text(f"stay_id,sex,age,dx,proc\n{text}", encoding="utf-8")
    parts = list(intake.read_stays(path, crosswalk=way, **how))
    found = intake.merge_findings([part.findings for part in parts]).to_pylist()
    told = [(str(f["row"]), f["field"], f["rule"], f["value"]) for f in found if f["rule"].startswith("code_")]
    return pa.Table.from_batches([part.stays for part in parts]), told


def test_codes_are_converted_and_every_change_is_told(tmp_path: Path) -> None:
    text = "a,男,60,A11|A12|A10,01.1\nb,男,60,A13|A99,\nc,男,60,A10,01.3|01.1\nd,男,60,,\n"
    read, told = stays(tmp_path, text, SMALL)
    assert read.column("dx").to_pylist() == [["A20", "A10", "A10"], ["A30", "A99"], ["A10"], None]
    assert read.column("proc").to_pylist() == [["01.2"], None, ["01.3", "01.2"], None]
    assert told == [
        ("2", "dx", "code_converted", "A11>A20"),
        ("2", "dx", "code_other_meaning", "A12>A10"),
        ("2", "proc", "code_converted", "01.1>01.2"),
        ("3", "dx", "code_converted", "A13>A30"),
        ("3", "dx", "code_no_counterpart", "A99"),
        ("3", "dx", "code_to_gray", "A13>A30"),
        ("4", "proc", "code_converted", "01.1>01.2"),
        ("4", "proc", "code_no_counterpart", "01.3"),
    ]


def test_several_changes_of_a_stay_are_one_finding(tmp_path: Path) -> None:
    _, told = stays(tmp_path, "a,男,60,A11|A10|A13,\n", SMALL)
    assert ("2", "dx", "code_converted", "A11>A20|A13>A30") in told


def test_nothing_is_converted_unasked_and_chunks_do_not_matter(tmp_path: Path) -> None:
    text = "".join(f"s{i},男,60,A1{i % 5}|A11,01.1\n" for i in range(40))
    read, told = stays(tmp_path, text, None)
    assert read.column("dx").to_pylist()[1] == ["A11", "A11"]
    assert told == []
    whole, chunked = stays(tmp_path, text, SMALL), stays(tmp_path, text, SMALL, chunk_rows=7)
    assert whole[0].to_pylist() == chunked[0].to_pylist()
    assert whole[1] == chunked[1]


def test_no_finding_carries_what_is_no_code(tmp_path: Path) -> None:
    _, told = stays(tmp_path, "a,男,60,A11|张三,\n", SMALL)
    assert ("2", "dx", "code_no_counterpart", "**") in told


def test_the_national_crosswalk() -> None:
    way = intake.clinical()
    assert way is intake.clinical()
    assert way.dx.to["A49.100"] == "A49.103"
    assert "A49.100" in way.dx.known
    other = [code for code, to in way.dx.to.items() if code != to and code in way.dx.known]
    assert len(other) == 249
    assert set(way.proc.to.values()) <= load_codes("icd9cm3-nhsa-2.0").known
    assert way.proc.to is load_crosswalk("icd9cm3-clinical-3.0-to-nhsa-2.0")


def test_the_command_line_converts_when_told(tmp_path: Path) -> None:
    source = tmp_path / "病例.csv"
    source.write_text("病例号,性别,年龄,诊断\n一,男,60,A21.200|A49.100\n", encoding="utf-8")

    def drgpay(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    done = drgpay("check", source, "--need", "grouping", "--codes", "clinical", "--findings", tmp_path / "f.csv")
    assert done.exit_code == 0, done.output
    findings = (tmp_path / "f.csv").read_text(encoding="utf-8-sig")
    assert "A21.200>A21.201+J17.0*" in findings
    done = drgpay("group", source, "--codes", "clinical", "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    assert drgpay("group", source, "--codes", "hospital").exit_code == Kind.USAGE


@pytest.mark.parametrize("rule", ["code_converted", "code_other_meaning", "code_to_gray", "code_no_counterpart"])
def test_a_converted_code_is_a_warning(rule: str) -> None:
    assert set(intake.RULES[rule].levels.values()) == {"warn"}
