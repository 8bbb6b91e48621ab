"""Nothing a user has is overwritten or lost: the output gate of every command, drafts, rights, and ends by force."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drgpay import places
from drgpay.cli import program
from drgpay.cli.gate import BELOW, CONTAINERS, EITHER, FOLDERS, commands_of, writes
from drgpay.errors import DrgpayError, Kind
from support.command import PROGRAM, drgpay

ROWS = "stay_id,sex,age,dx1\n1,male,60,I10.x00x002\n2,female,55,J18.900\n"


@pytest.fixture
def stays(tmp_path: Path) -> Path:
    path = tmp_path / "s.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_every_option_that_is_a_path_is_known_to_the_gate() -> None:
    read = {"run", "source", "region", "own", "alias", "before", "after", "folder", "reviews", "regions", "reported",
            "previous", "records", "moved", "registers", "schemes", "figures", "workbook", "amendments", "stays",
            "same_as", "result", "cleared", "base", "more", "key", "public_key", "withdrawn", "folders", "reopens",
            "query", "watch", "sources", "published", "own_stays", "stays_alias", "answers"}  # fmt: skip
    names = set()
    for name, command in commands_of(program()):
        names.add(name)
        for option in command.params:
            if "pathlib" in str(vars(option).get("type_descriptor", "")):
                page = name == "docs write" and option.name == "folder"
                assert writes(option) or option.name in read or page, f"{name} {option.name}"
    assert names >= FOLDERS | EITHER | CONTAINERS | set(BELOW)


@pytest.mark.parametrize(
    "words",
    [
        ("group", "s.csv", "-o", "s.csv"),
        ("group", "s.csv", "-o", "s.csv", "--replace"),
        ("group", "s.csv", "-o", "./x/../s.csv", "--replace"),
        ("group", "s.csv", "-o", "link.csv", "--replace"),
        ("group", "s.csv", "-o", "hard.csv", "--replace"),
        ("check", "s.csv", "--findings", "s.csv"),
        ("group", "s.csv", "-o", "a.csv", "--findings", "a.csv"),
        ("group", "s.csv", "-o", "mine.csv"),
        ("group", "s.csv", "-o", "x"),
        ("group", "s.csv", "-o", "x", "--replace"),
        ("group", "s.csv", "-o", "."),
        ("group", "s.csv", "-o", ".."),
        ("group", "s.csv", "-o", ""),
        ("group", "s.csv", "-o", "/"),
        ("group", "s.csv", "-o", "a" * 300 + ".csv"),
        ("group", "s.csv", "-o", "长" * 100 + ".csv"),
        ("group", "s.csv", "-o", "/dev/null", "--replace"),
        ("check", "--template", "canonical", "-o", "mine.xlsx"),
        ("policy", "export", "demo", "-o", "mine.csv"),
        ("policy", "export", "demo", "-o", ""),
        ("region", "make", "-o", ".", "--stays", "1000", "--replace"),
        ("region", "make", "-o", "x", "--stays", "1000", "--replace"),
        ("region", "make", "-o", "mine.csv", "--stays", "1000", "--replace"),
        ("demo", "-o", "/"),
        ("demo", "-o", ""),
        ("explain", "--dx", "I10.x00x002", "--html", "mine.html"),
        ("evaluate", "indicators", "-o", "mine.csv"),
        ("perform", "template", "-o", "x"),
        ("perform", "template", "-o", "x", "--replace"),
        ("scheme", "diff", "chs-drg-1.1", "chs-drg-1.1", "-o", "mine.xlsx"),
        ("docs", "write", "x/pages"),
    ],
)
def test_what_a_user_has_is_left_alone(words: tuple[str, ...], stays: Path, tmp_path: Path) -> None:
    for name in ("mine.csv", "mine.xlsx", "mine.html", "x/note.txt", "x/pages/tables.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(stays)
    os.link(stays, tmp_path / "hard.csv")
    before = _all(tmp_path)
    done = drgpay(*words, cwd=tmp_path)
    assert done.returncode == Kind.USAGE, done.stderr
    assert done.stderr.strip()
    assert _all(tmp_path) == before


def _all(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in places.files_below(folder)}


def test_replace_overwrites_a_file_and_the_second_sheet_is_asked_for_too(stays: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("old", encoding="utf-8")
    assert drgpay("group", stays, "-o", tmp_path / "r.csv", "--replace").returncode == 0
    assert (tmp_path / "r.csv").read_text(encoding="utf-8").startswith("stay_id")
    (tmp_path / "d.stays.csv").write_text("mine", encoding="utf-8")
    words = ("scheme", "diff", "chs-drg-1.1", "zj-drg-1.0", "--stays", stays, "-o", tmp_path / "d.csv")
    shown = drgpay("scheme", "list").stdout
    if "zj-drg-1.0" not in shown:
        words = ("scheme", "diff", "chs-drg-1.1", "chs-drg-2.0", "--stays", stays, "-o", tmp_path / "d.csv")
    assert drgpay(*words).returncode == Kind.USAGE
    assert (tmp_path / "d.stays.csv").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "d.csv").exists()


def test_nothing_is_written_into_a_run_or_into_what_is_read(small_run: Path, small_region: Path) -> None:
    for words in (
        ("ledger", small_run, "-o", small_run / "x.csv"),
        ("report", small_run, "-o", small_run / "report2.xlsx"),
        ("explain", "--dx", "I10.x00x002", "--html", small_run / "x.html"),
        ("report", small_run, "-o", small_run.parent),
        ("run", "year", "--region", small_region, "--policy", "demo", "--year", 2024, "-o", small_region / "out"),
        ("run", "year", "--region", small_region, "--policy", "demo", "--year", 2024, "-o", small_region.parent,
         "--replace"),
        ("run", "month", "--region", small_region, "--policy", "demo", "--year", 2024, "--month", 1, "--replace",
         "-o", small_region),
        ("region", "make", "--stays", 1000, "-o", small_run / "region"),
    ):  # fmt: skip
        before = places.files_below(small_run), places.files_below(small_region)
        done = drgpay(*words)
        assert done.returncode == Kind.USAGE, (words, done.stderr)
        assert (places.files_below(small_run), places.files_below(small_region)) == before


def test_a_finding_list_is_never_a_manifest(stays: Path, small_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(small_run, tmp_path / "run")
    before = (run / "manifest.json").read_bytes()
    for more in ((), ("--replace",)):
        done = drgpay("check", stays, "--findings", run / "manifest.json", *more)
        assert done.returncode == Kind.USAGE
    assert (run / "manifest.json").read_bytes() == before


def test_a_manifest_of_something_else_a_note_or_a_region_inside_stops_replace(
    small_run: Path, small_region: Path, tmp_path: Path
) -> None:
    year = ("run", "year", "--region", small_region, "--policy", "demo", "--year", 2024, "--replace", "-o")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "manifest.json").write_text('{"name": "my page", "outputs": ["a"]}', encoding="utf-8")
    assert drgpay(*year, tmp_path / "site").returncode == Kind.USAGE
    for inside in ("note.txt", "region/region.json", "tables/mine.xlsx"):
        run = Path(shutil.copytree(small_run, tmp_path / "run"))
        (run / inside).parent.mkdir(exist_ok=True)
        (run / inside).write_text("mine", encoding="utf-8")
        done = drgpay(*year, run)
        assert (done.returncode, inside in done.stderr) == (Kind.USAGE, True)
        assert (run / inside).read_text(encoding="utf-8") == "mine"
        shutil.rmtree(run)


def test_demo_keeps_what_is_not_its_own(tmp_path: Path) -> None:
    for name in ("run", "region"):
        (tmp_path / name / name).mkdir(parents=True)
        (tmp_path / name / name / "thesis.txt").write_text("mine", encoding="utf-8")
        assert drgpay("demo", "-o", tmp_path, "--stays", 1000).returncode == Kind.USAGE
        assert (tmp_path / name / name / "thesis.txt").exists()
        shutil.rmtree(tmp_path / name)


SCHEME = """id: "{id}"
title: x
base: chs-drg-1.1
source: s
changes: []
"""


def test_a_scheme_is_built_where_nothing_else_is(tmp_path: Path) -> None:
    import support.small_scheme as small

    small.write(tmp_path / "source")
    built = tmp_path / "built"
    assert drgpay("scheme", "build", tmp_path / "source", "-o", built).returncode == 0
    (own,) = [p for p in built.iterdir() if p.is_dir()]
    assert drgpay("scheme", "build", tmp_path / "source", "-o", built).returncode == 0
    (own / "note.txt").write_text("mine", encoding="utf-8")
    assert drgpay("scheme", "build", tmp_path / "source", "-o", built).returncode == Kind.USAGE
    assert (own / "note.txt").read_text(encoding="utf-8") == "mine"
    shutil.rmtree(own)
    (own / "data").mkdir(parents=True)
    (own / "data" / "mine.txt").write_text("mine", encoding="utf-8")
    assert drgpay("scheme", "build", tmp_path / "source", "-o", built).returncode == Kind.USAGE
    assert (own / "data" / "mine.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["../../x", "/", "", "a/b", "..", ".x", "CON", "a" * 200, "x\0y", "a+b", "-o"])
def test_an_id_that_is_no_name_builds_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(DrgpayError) as failure:
        places.require_name(name, Kind.SCHEME)
    assert failure.value.kind is Kind.SCHEME


def test_results_are_their_owners_alone_whatever_the_umask(stays: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert drgpay("group", stays, "-o", tmp_path / "r.csv").returncode == 0
        assert drgpay("perform", "template", "-o", tmp_path / "t").returncode == 0
        assert os.umask(0) == 0
    finally:
        os.umask(before)
    assert (tmp_path / "r.csv").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o700
    modes = {p.stat().st_mode & 0o777 for p in (tmp_path / "t").rglob("*") if p.is_file()}
    assert modes == {0o600}


def test_a_register_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.touch()
    path.chmod(0o664)
    with places.drafted(path) as draft:
        draft.write_text("x", encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o664


def test_a_full_disk_is_named_and_leaves_nothing(
    stays: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.csv").write_text("old", encoding="utf-8")
    rename = os.replace

    def full(old: Path, new: Path) -> None:
        if Path(new).name.startswith("r."):
            raise OSError(28, "No space left on device", str(new))
        rename(old, new)

    monkeypatch.setattr(os, "replace", full)
    for name in ("r.csv", "r.xlsx", "r.parquet"):
        done = drgpay("group", stays, "-o", tmp_path / name, "--replace")
        assert (done.returncode, name in done.stderr, "No space" in done.stderr) == (Kind.ENGINE, True, True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.csv", "s.csv"]
    assert (tmp_path / "r.csv").read_text(encoding="utf-8") == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(stays: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    done = drgpay("group", stays, "-o", tmp_path / "closed" / "r.csv")
    assert (done.returncode, "closed" in done.stderr) == (Kind.ENGINE, True)


def test_too_little_memory_is_named(stays: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("drgpay.cli.stays.load", none)
    done = drgpay("group", stays, "-o", tmp_path / "r.csv")
    assert (done.returncode, "memory" in done.stderr) == (Kind.ENGINE, True)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_program_that_is_ended_leaves_nothing(ending: int, tmp_path: Path) -> None:
    words = [PROGRAM, "region", "make", "-o", str(tmp_path / "big"), "--stays", "200000"]
    program = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    _until((tmp_path / ".big.partial" / "stays").is_dir)
    program.send_signal(ending)
    _, said = program.communicate(timeout=60)
    assert "Traceback" not in said
    assert program.returncode == 128 + ending
    assert list(tmp_path.iterdir()) == []


def _until(true: object, seconds: float = 60) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_reader_that_goes_away_is_no_failure() -> None:
    pipe = f"{PROGRAM} scheme show chs-drg-1.1 | head -1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {pipe}"], capture_output=True, text=True, check=False)
    assert (done.stderr, bool(done.stdout)) == ("", True)


def test_a_terminal_that_knows_no_chinese_is_no_failure(stays: Path) -> None:
    for name in ("ascii", "latin-1"):
        env = os.environ | {"PYTHONIOENCODING": name, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        done = subprocess.run([PROGRAM, "group", stays], capture_output=True, env=env, check=False)
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr


HOLD = """
import sys, time
from pathlib import Path
from drgpay.places import new_folder
with new_folder(Path(sys.argv[1])) as draft:
    (draft / "x").touch()
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_second_of_two_is_told_who_is_first_before_it_starts(
    small_region: Path, stays: Path, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        done = drgpay(
            "run", "year", "--region", small_region, "--policy", "demo", "--year", 2024, "-o", tmp_path / "out"
        )
        assert (done.returncode, f"pid {first.pid}" in done.stderr, "since 2" in done.stderr) == (
            Kind.ENGINE,
            True,
            True,
        )
        first.kill()
    assert drgpay("perform", "template", "-o", tmp_path / "out").returncode == 0, "a lock ends with its process"


APPEND = """
import sys
from pathlib import Path
from drgpay.places import drafted, locked
path = Path(sys.argv[1])
for _ in range(20):
    with locked(path, wait=30):
        text = path.read_text() if path.exists() else ""
        with drafted(path) as draft:
            draft.write_text(text + sys.argv[2])
"""


def test_what_many_add_at_once_is_all_there(tmp_path: Path) -> None:
    path = tmp_path / "register"
    all_of_them = [subprocess.Popen([sys.executable, "-c", APPEND, str(path), name]) for name in "abcdef"]
    assert [p.wait(timeout=60) for p in all_of_them] == [0] * 6
    text = path.read_text(encoding="utf-8")
    assert {name: text.count(name) for name in "abcdef"} == dict.fromkeys("abcdef", 20)
    assert [p.name for p in tmp_path.iterdir()] == ["register"]
