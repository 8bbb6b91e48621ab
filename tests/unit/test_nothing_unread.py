"""A folder of a region: what stands in it under the name of a table is read, or named and refused."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drgpay.errors import DrgpayError, Kind
from drgpay.runs import named_files, read_region
from drgpay.runs.stay_files import below
from drgpay.steps.intake import Watch, read_stays
from support.stay_files import excel, read

REGISTERS = {
    "institutions.csv": "institution_id,name,level\nH1,One,tertiary\n",
    "budgets.csv": "year,insurance_scheme,revenue,drg_budget\n2024,employee,100,90\n",
    "grades.csv": "year,institution_id,grade\n2024,H1,good\n",
}


def region(folder: Path) -> Path:
    (folder / "stays").mkdir()
    for name, text in REGISTERS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "stays" / "a.csv").write_text("id,dx\n1,A00.000\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("grades.CSV", "grades.csv"), ("grade.csv", "grades.csv"), ("grades.tsv", "grades.csv"),
        ("Grades.csv", "grades.csv"), ("grades.xls", "grades.csv"), ("gradess.xlsx", "grades.xlsx"),
        ("budget.csv", "budgets.csv"), ("overspend_evidense.csv", "overspend_evidence.csv"),
        ("grades.txt", "grades.csv"),
        ("stay.csv", "stays.csv"), ("advance.parquet", "advances.parquet"),
    ],
)  # fmt: skip
def test_a_register_under_a_wrong_name_is_refused(tmp_path: Path, wrong: str, right: str) -> None:
    region(tmp_path)
    (tmp_path / wrong).write_text("x", encoding="utf-8")
    with pytest.raises(DrgpayError) as failure:
        read_region(tmp_path)
    assert (failure.value.kind, failure.value.file) == (Kind.DATA, wrong)
    assert right in failure.value.en


@pytest.mark.parametrize("name", ["grades.csv", "advances", "Stays"])
def test_a_folder_in_the_place_of_a_register_is_refused(tmp_path: Path, name: str) -> None:
    region(tmp_path)
    (tmp_path / "grades.csv").unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(DrgpayError, match="a folder, not read as a register"):
        read_region(tmp_path)


def test_what_is_no_register_may_stand_there(tmp_path: Path) -> None:
    region(tmp_path)
    for name in ("notes.csv", "README.md", ".hidden.csv", "~$grades.xlsx", "stays.yaml", "grades.findings.csv"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "letters").mkdir()
    assert read_region(tmp_path).stay_files()[1] == [tmp_path / "stays" / "a.csv"]


@pytest.mark.parametrize("name", ["b.txt", "b.tsv", "b.xls", "sub/b.CSV", "b.ndjson"])
def test_every_kind_of_file_below_stays_is_read(tmp_path: Path, name: str) -> None:
    region(tmp_path)
    path = tmp_path / "stays" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("id\tdx\n2\tA00.000\n", encoding="utf-8")
    assert path in read_region(tmp_path).stay_files()[1]


@pytest.mark.parametrize("name", ["b.zip", "b.csv.bak", "b", "sub/b.ods"])
def test_a_file_below_stays_that_nobody_reads_is_refused(tmp_path: Path, name: str) -> None:
    region(tmp_path)
    path = tmp_path / "stays" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x", encoding="utf-8")
    with pytest.raises(DrgpayError, match="that are not read: stays/"):
        read_region(tmp_path).stay_files()


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    region(tmp_path)
    (tmp_path / "stays" / "closed").mkdir()
    listed = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    for look in (lambda: read_region(tmp_path).stay_files(), lambda: named_files([tmp_path / "stays"])):
        with pytest.raises(DrgpayError, match="a folder cannot be read") as failure:
            look()
        assert failure.value.file == "closed"


def test_files_of_systems_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.csv", ".DS_Store", "Thumbs.db", "~$a.xlsx"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "again").symlink_to(tmp_path)
    assert [path.name for path in below(tmp_path)] == ["a.csv"]


@pytest.mark.parametrize(
    "text",
    ["[1]", "5", '{"id": 3}', '{"title": "x"}', '{"title": {"zh": 1, "en": ""}}', "{", "[" * 100_000, "\udce4"],
)
def test_a_broken_region_file_is_named(tmp_path: Path, text: str) -> None:
    region(tmp_path)
    (tmp_path / "region.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DrgpayError) as failure:
        read_region(tmp_path)
    assert failure.value.file == "region.json"


# ---- files that change under the reader


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,dx\n" + "".join(f"{n},A00.000\n" for n in range(50)), encoding="utf-8")
    parts = read_stays(path, chunk_rows=10)
    next(parts)
    path.write_text("id,dx\n1,B00.000\n", encoding="utf-8")
    with pytest.raises(DrgpayError, match="changed while it was being read"):
        list(parts)


@pytest.mark.parametrize("name", ["grades.csv", "stays/a.csv", "stays/new.csv"])
def test_inputs_of_a_run_must_stay_as_they_were(tmp_path: Path, name: str) -> None:
    found = read_region(region(tmp_path))
    watch = Watch(found.stamps)
    digests = watch.digests(found.files(), tmp_path, lambda path: path.name)
    assert digests["stays/a.csv"] == "a.csv"
    watch.check(found.files())
    (tmp_path / name).write_text("year,institution_id,grade\n2024,H1,excellent\n", encoding="utf-8")
    with pytest.raises(DrgpayError, match="changed while it was being read") as failure:
        watch.check(found.files())
    assert failure.value.file == Path(name).name


# ---- names


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx", "json"])
def test_a_name_that_is_no_utf8(tmp_path: Path, suffix: str) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe." + suffix.encode()))
    table = pa.table({"id": ["1"], "dx": [""]})
    if suffix == "csv":
        path.write_text("id,dx\n1,\n", encoding="utf-8")
    elif suffix == "parquet":
        with path.open("wb") as out:
            pq.write_table(table, out)
    elif suffix == "xlsx":
        excel(tmp_path / "a.xlsx", [["id", "dx"], ["1", ""]]).rename(path)
    else:
        path.write_text('{"setlinfo": {"setl_id": "1"}, "diseinfo": [{"diag_code": ""}]}', encoding="utf-8")
    _, findings, rows = read(path)
    assert rows == 1
    assert {f["file"] for f in findings} == {f"\ufffd\ufffd.{suffix}"}


@pytest.mark.parametrize("name", ["n" * 300 + ".csv", "a\0.csv", "nothing.csv"])
def test_names_no_file_has(tmp_path: Path, name: str) -> None:
    with pytest.raises(DrgpayError) as failure:
        read_stays(tmp_path / name)
    assert failure.value.kind is Kind.DATA


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DrgpayError, match="no ordinary file"):
        read_stays(tmp_path / "a.csv")
