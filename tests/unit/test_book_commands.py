"""A book by its commands: months sealed one after another, and everything that is refused without leaving a trace."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import stat
import subprocess
from pathlib import Path

import polars as pl
import pytest

from drgpay.errors import Kind
from support.command import PROGRAM, drgpay
from support.regions import frame_of_stays, text_of_stays

HOUSE = "H99990100001"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region, January and February sealed, March not sealed yet. Tests write into copies of it."""
    home = tmp_path_factory.mktemp("book")
    assert drgpay("region", "make", "-o", home / "r", "--stays", 600, "--seed", 7).returncode == 0
    for month in (1, 2, 3):
        assert settle(home, month, f"m{month:02d}", f"m{month - 1:02d}" if month > 1 else "").returncode == 0
        if month < 3:
            assert (
                drgpay("run", "seal", home / f"m{month:02d}", "--by", "审批人", "--on", "2024-04-08").returncode == 0
            )
    return home


@pytest.fixture
def home(lived: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "office"
    shutil.copytree(lived, copy)
    return copy


def settle(home: Path, month: int, out: str, after: str = "", *more: object, year: int = 2024, region: str = "r"):  # type: ignore[no-untyped-def]
    chain = ("--after", home / after) if after else ()
    return drgpay("run", "month", "--region", home / region, "--policy", "demo", "--year", year, "--month", month,
                  "-o", home / out, *chain, *more)  # fmt: skip


def digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file()}  # fmt: skip


def a_file(home: Path, month: int = 2, institution: str = HOUSE) -> Path:
    """The stays of an institution and month as it hands them in."""
    stays = pl.concat([pl.read_parquet(p) for p in sorted((home / "r" / "stays").glob("**/*.parquet"))])
    its = stays.filter(
        (pl.col("institution_id").cast(pl.String) == institution)
        & (pl.col("discharge_date").dt.year() == 2024)
        & (pl.col("discharge_date").dt.month() == month)
    )
    path = home / "fixed.csv"
    (batch,) = its.to_arrow().combine_chunks().to_batches()
    path.write_bytes(text_of_stays(frame_of_stays(batch)))
    return path


def submit(home: Path, source: Path, *more: object, month: str = "2024-02", institution: str = HOUSE):  # type: ignore[no-untyped-def]
    return drgpay("region", "submit", home / "r", source, "--institution", institution, "--month", month, *more)


def test_the_chain_is_verified_and_told(home: Path) -> None:
    done = drgpay("verify", home / "m03")
    assert done.returncode == 0, done.stderr
    told = drgpay("book", home / "m02")
    assert told.returncode == 0
    assert "1 月" in told.stdout
    assert "质量保证金" in told.stdout
    assert "deposit" not in told.stdout
    for item in ("应付", "due", "实际拨付", "deposit", "更正"):
        said = drgpay("explain", home / "m02", "--institution", HOUSE, "--item", item)
        assert said.returncode == 0, (item, said.stderr)
        assert "■" in said.stdout
    assert drgpay("explain", home / "m02", "--institution", HOUSE, "--item", "无此项").returncode == Kind.USAGE
    first = drgpay("explain", home / "m01", "--institution", HOUSE, "--item", "更正")  # a first link corrects nothing
    assert first.returncode == 0, first.stderr


@pytest.mark.parametrize(
    ("month", "after", "year", "words"),
    [
        (4, "m02", 2024, "空缺"),
        (2, "m01", 2024, "已有封账的一期"),
        (2, "m02", 2024, "已结过"),
        (4, "m03", 2024, "还没有封账"),
        (1, "m02", 2023, "另一个年度"),
        (3, "r", 2024, ""),
    ],
)
def test_a_wrong_predecessor(home: Path, month: int, after: str, year: int, words: str) -> None:
    before = digests(home)
    done = settle(home, month, "new", after, year=year)
    assert done.returncode in (Kind.USAGE, Kind.DATA), done.stderr
    assert words in done.stderr
    assert digests(home) == before


def test_a_predecessor_of_another_area(home: Path) -> None:
    assert drgpay("region", "make", "-o", home / "r2", "--stays", 200, "--seed", 8).returncode == 0
    done = settle(home, 3, "new", "m02", region="r2")
    assert done.returncode == Kind.USAGE
    assert "另一个统筹区" in done.stderr
    assert not (home / "new").exists()


def test_sealed_twice_without_a_name_and_replaced(home: Path) -> None:
    before = digests(home)
    for words in (("m02", "--by", "审批人"), ("m03", "--by", " ")):
        done = drgpay("run", "seal", home / words[0], *words[1:])
        assert done.returncode == Kind.USAGE, done.stderr
    done = settle(home, 2, "m02", "m01", "--replace")
    assert done.returncode == Kind.USAGE
    assert digests(home) == before


@pytest.mark.slow
def test_only_one_successor_is_sealed(home: Path) -> None:
    assert submit(home, a_file(home, month=3), month="2024-03").returncode == 0
    assert settle(home, 3, "other", "m02").returncode == 0
    assert settle(home, 3, "same", "m02").returncode == 0
    assert drgpay("run", "seal", home / "other", "--by", "审批人").returncode == 0
    for name, words in (("m03", "该期已有另一个封账的结果"), ("same", "已经封账")):
        done = drgpay("run", "seal", home / name, "--by", "审批人")
        assert done.returncode == Kind.USAGE, done.stderr
        assert words in done.stderr
        assert not (home / name / "seal.json").exists()


def test_a_seal_that_was_cut_short_is_made_again(home: Path) -> None:
    assert drgpay("run", "seal", home / "m03", "--by", "审批人").returncode == 0
    seals = home / "seals.jsonl"
    whole = seals.read_bytes()
    seals.chmod(0o600)
    seals.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))  # as if it had been stopped before the list
    assert drgpay("verify", home / "m03", "--quick").returncode == Kind.BROKEN
    told = json.loads((home / "m03" / "seal.json").read_text(encoding="utf-8"))
    assert drgpay("run", "seal", home / "m03", "--by", "另一人").returncode == 0  # also where it had been closed
    again = json.loads((home / "m03" / "seal.json").read_text(encoding="utf-8"))
    assert (told["by"], again["by"]) == ("审批人", "另一人")
    assert not any(path.stat().st_mode & stat.S_IWUSR for path in (home / "m03").rglob("*"))
    assert drgpay("verify", home / "m03").returncode == 0


@pytest.mark.parametrize(
    "name",
    [
        "ledger.jsonl",
        "tables/institution_months.parquet",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("manifest.json", "seal.json")),
    ],
)
def test_sealed_and_then_changed(home: Path, name: str) -> None:
    path = home / "m01" / name
    path.chmod(0o600)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    assert drgpay("verify", home / "m03", "--quick").returncode == Kind.BROKEN
    done = drgpay("run", "seal", home / "m03", "--by", "审批人")
    assert done.returncode == Kind.BROKEN, done.stderr
    assert not (home / "m03" / "seal.json").exists()


def test_a_link_or_seal_that_is_taken_away(home: Path) -> None:
    seals = home / "seals.jsonl"
    lines = seals.read_text(encoding="utf-8").splitlines(keepends=True)
    head = lines[-1].split('"hash": "')[-1].split('"')[0]
    assert drgpay("verify", home / "m02", "--quick", "--head", head).returncode == 0
    seals.chmod(0o600)
    seals.write_text(lines[1], encoding="utf-8")
    assert drgpay("verify", home / "m02", "--quick").returncode == Kind.BROKEN
    seals.write_text("".join(lines[:1]), encoding="utf-8")
    assert drgpay("verify", home / "m02", "--quick", "--head", head).returncode == Kind.BROKEN
    seals.write_text("".join(lines), encoding="utf-8")
    shutil.rmtree(home / "m01")
    assert drgpay("verify", home / "m02", "--quick").returncode == Kind.BROKEN


def test_corrections_of_a_sealed_month(home: Path) -> None:
    source = a_file(home)
    before = digests(home / "r")
    for words in ((), ("--correction",), ("--correction", "--reason", " ")):
        done = submit(home, source, *words)
        assert done.returncode == Kind.USAGE, (words, done.stderr)
    (home / "gone.txt").write_text("S-无此病例\n", encoding="utf-8")
    done = submit(home, source, "--correction", "--reason", "补报", "--withdrawn", home / "gone.txt")
    assert done.returncode == Kind.DATA
    assert "S-无此病例" in done.stderr
    done = submit(home, source, "--correction", "--reason", "补报", institution="H404")
    assert done.returncode == Kind.DATA
    assert digests(home / "r") == before
    done = submit(home, source, "--correction", "--reason", "补报")
    assert done.returncode == 0, done.stderr
    stay = pl.read_csv(source, infer_schema=False).row(0)[0]
    told = drgpay("region", "history", home / "r", "--stay", stay)
    assert told.returncode == 0
    assert "补报" in told.stdout
    # the sealed month stays as it was, and so does the run after it when it is verified with what it knew
    assert drgpay("verify", home / "m02").returncode == 0


def test_known_on_does_not_fall(home: Path) -> None:
    assert settle(home, 1, "b/k1", "", "--known-on", "2024-02-10").returncode == 0
    assert drgpay("run", "seal", home / "b" / "k1", "--by", "审批人").returncode == 0
    done = settle(home, 2, "b/k2", "b/k1", "--known-on", "2024-02-09")
    assert done.returncode == Kind.USAGE, done.stderr
    assert "2024-02-10" in done.stderr
    assert not (home / "b" / "k2").exists()
    assert settle(home, 2, "b/k2", "b/k1", "--known-on", "2024-03-10").returncode == 0


def test_a_full_disk_leaves_what_was_there(home: Path) -> None:
    source = a_file(home, month=3)
    before = digests(home)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        done = [
            drgpay("run", "seal", home / "m03", "--by", "审批人"),
            submit(home, source, month="2024-03"),
            settle(home, 3, "new", "m02"),
        ]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert [one.returncode for one in done] == [Kind.ENGINE] * 3, [one.stderr for one in done]
    assert digests(home) == before


@pytest.mark.slow
def test_two_at_once_are_told_of_each_other(home: Path) -> None:
    whole = a_file(home, month=3)
    part = home / "part.csv"
    part.write_bytes(b"".join(whole.read_bytes().splitlines(keepends=True)[:-1]))
    words = ["--institution", HOUSE, "--month", "2024-03"]
    both = [subprocess.Popen([PROGRAM, "region", "submit", str(home / "r"), str(path), *words],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for path in (whole, part)]  # fmt: skip
    codes = sorted(one.wait(timeout=300) for one in both)
    assert codes in ([0, 0], [0, Kind.ENGINE])  # one after the other, or the second is told
    batches = pl.read_csv(home / "r" / "batches.csv")
    assert batches.height == codes.count(0)
    assert batches["batch"].to_list() == list(range(1, batches.height + 1))
    assert drgpay("run", "month", "--region", home / "r", "--policy", "demo", "--year", 2024, "--month", 3, "--after",
                  home / "m02", "-o", home / "new").returncode == 0  # fmt: skip


@pytest.mark.slow
def test_the_demonstration_shows_a_book(tmp_path: Path) -> None:
    done = drgpay("demo", "-o", tmp_path / "d", "--stays", 1000, "--lived")
    assert done.returncode == 0, done.stderr
    assert "按实际过程办理" in done.stdout
    assert "已封账月份的更正" in done.stdout
    assert [p.name for p in sorted((tmp_path / "d" / "lived" / "runs").iterdir())] == [
        "m01",
        "m02",
        "m03",
        "seals.jsonl",
    ]
    assert drgpay("verify", tmp_path / "d" / "lived" / "runs" / "m03").returncode == 0
