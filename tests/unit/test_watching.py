"""A watched folder: whole files are grouped once, files still written wait, bad files say why."""

from __future__ import annotations

import os
from pathlib import Path

from drgpay.cli import app
from drgpay.runs import WatchedFolder, failure_of, result_of
from support.command import CliRunner

GOOD = "病例号,性别,年龄,住院天数,诊断编码\na,男,60,8,I63.900\n"


def test_a_file_is_ready_when_it_stands_still(tmp_path: Path) -> None:
    watched, file = WatchedFolder(tmp_path), tmp_path / "a.csv"
    file.write_text(GOOD[:20], encoding="utf-8")
    assert watched.ready() == []
    file.write_text(GOOD, encoding="utf-8")  # still being written
    assert watched.ready() == []
    assert watched.ready() == [file]
    result_of(file).write_text("x", encoding="utf-8")
    assert watched.ready() == []
    after = result_of(file).stat().st_mtime_ns + 10**9
    os.utime(file, ns=(after, after))  # handed in again
    assert watched.ready() == []
    assert watched.ready() == [file]


def test_results_stand_beside_the_files(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "notes.docx").write_text("x", encoding="utf-8")
    done = CliRunner().invoke(app, ["group", "--watch", str(tmp_path), "--every", "1", "--looks", "3"])
    assert done.exit_code == 0, done.output
    assert "BR2" in result_of(tmp_path / "good.csv").read_text(encoding="utf-8")
    assert "诊断编码" in failure_of(tmp_path / "bad.csv").read_text(encoding="utf-8")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert "notes.docx.grouped.csv" not in names
    assert not [name for name in names if name.endswith(".grouped.csv.grouped.csv")]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["group", "--watch", str(tmp_path / "no")]).exit_code != 0
    assert CliRunner().invoke(app, ["group", "a.csv", "--watch", str(tmp_path)]).exit_code == 2
