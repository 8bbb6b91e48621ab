"""Bad files through every command that reads one: a result or a named error, never a crash, and nothing else touched.

Each way a command reads a file gets a part of the corpus here, another part for each; the whole product is marked
slow. The two that read the most files of strangers, ``check`` and ``group``, get an eighth each.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drgpay.cli import program
from drgpay.cli.gate import commands_of, writes
from drgpay.errors import Kind
from drgpay.runs import Order, run
from drgpay.samples import make_region
from support.command import drgpay
from support.engines import usual
from support.examples import TIMES
from support.hostile import bad_files

PARTS = max(150 // TIMES, 1)
"""a command is given each how manyth of the bad files"""
CODES = {0, *map(int, Kind)}
BAD, OUT, REGION, RUN = "BAD", "OUT", "REGION", "RUN"
HOUSE = "H99990100001"
WHOLE = ("check BAD --need grouping --findings OUT/f.csv", "group BAD -o OUT/g.csv --findings OUT/f.csv")
READERS = (
    *WHOLE,
    "check BAD --findings OUT/f.csv",
    "check BAD --format settlement-list --need grouping --findings OUT/f.csv",
    "check BAD --sheet 2 --header-row 3 --need grouping --findings OUT/f.csv",
    "check REGION/stays/2024/part-00000.parquet --alias BAD --findings OUT/f.csv",
    "check --region BAD -o OUT/x",
    "group BAD BAD -o OUT/g.csv --findings OUT/f.csv --keep all",
    "group BAD -o OUT/g.xlsx --findings OUT/f.csv --headers zh",
    "group REGION/stays/2024/part-00000.parquet --alias BAD -o OUT/g.csv --findings OUT/f.csv",
    "group REGION/stays/2024/part-00000.parquet --schemes BAD -o OUT/g.csv --findings OUT/f.csv",
    "check --template canonical --alias BAD -o OUT/t.xlsx",
    "group --sql sqlite:///OUT/no.db --query BAD -o OUT/g.csv",
    "check --sql sqlite:///OUT/no.db --query BAD --findings OUT/f.csv",
    "estimate BAD --published REGION/budgets.csv -o OUT/e.xlsx --findings OUT/f.csv",
    "estimate REGION/stays/2024/part-00000.parquet --published BAD -o OUT/e.xlsx --findings OUT/f.csv",
    "estimate REGION/stays/2024/part-00000.parquet --alias BAD --published REGION/budgets.csv -o OUT/e.xlsx",
    "estimate --sql sqlite:///OUT/no.db --query BAD --published REGION/budgets.csv -o OUT/e.xlsx",
    "reconcile BAD --with REGION/stays/2024/part-00000.parquet -o OUT/r.xlsx",
    "reconcile REGION/budgets.csv --with BAD -o OUT/r.xlsx",
    "reconcile REGION/budgets.csv --with RUN --published BAD -o OUT/r.xlsx",
    "reconcile REGION/budgets.csv --with RUN --alias BAD -o OUT/r.xlsx",
    "reconcile REGION/budgets.csv --with REGION/stays --stays-alias BAD -o OUT/r.xlsx",
    "code suggest BAD -o OUT/c.xlsx",
    "code suggest REGION/budgets.csv --alias BAD -o OUT/c.xlsx",
    "run base --regions BAD REGION --year 2024 -o OUT/b",
    "run base BAD --year 2024 -o OUT/b",
    "run month --region REGION --year 2024 --month 1 --base BAD -o OUT/m",
    "run year --region REGION --year 2024 --base BAD -o OUT/y",
    "prices BAD --region REGION --set drug=-5% -o OUT/p.xlsx",
    "prices RUN --region BAD --set drug=-5% -o OUT/p.xlsx",
    "verify BAD",
    "verify BAD --quick",
    "verify RUN --quick --same-as BAD",
    "verify RUN --quick --region BAD",
    "verify RUN --quick --public-key BAD",
    "verify RUN --quick --schemes BAD",
    "explain BAD",
    "explain BAD --stay 1",
    "explain BAD --item 应付 --institution x",
    "explain --dx A00.000 --schemes BAD",
    "report BAD -o OUT/r.xlsx",
    "paper month BAD --institution x -o OUT/p.xlsx",
    "paper stays BAD --all --form xlsx -o OUT/p",
    "paper year BAD --institution x",
    "book BAD",
    "browse BAD",
    "browse BAD settled_stays -o OUT/b.xlsx",
    "summarise BAD --by drg --measure n",
    "summarise RUN BAD --by drg --measure n -o OUT/s.csv",
    "ledger BAD -o OUT/l.csv",
    "whatif BAD --set fund.reserve_share=0.05",
    "whatif RUN --policy BAD",
    "calendar --year 2024 --policy BAD",
    "region ready BAD --policy demo --year 2024",
    "region ready REGION --policy BAD --year 2024",
    "region ready REGION --policy demo --year 2024 --schemes BAD",
    "region ready REGION --policy demo --year 2024 --after BAD",
    "region ready REGION --policy demo --year 2024 --base BAD",
    f"region submit COPY BAD --institution {HOUSE} --month 2024-03 --findings OUT/f.csv",
    f"region submit BAD REGION/stays/2024/part-00000.parquet --institution {HOUSE} --month 2024-03",
    f"region submit COPY REGION/budgets.csv --institution {HOUSE} --month 2024-03 --withdrawn BAD",
    "region history BAD --stay 1",
    "run year --region BAD --year 2024 -o OUT/x",
    "run year --region REGION --year 2024 --policy BAD -o OUT/x",
    "run year --region REGION --year 2024 --policy demo --after BAD -o OUT/x",
    "run year --region REGION --year 2024 --policy demo --reopens BAD -o OUT/x",
    "run year --region REGION --year 2024 --policy demo --schemes BAD -o OUT/x",
    "run month --region BAD --year 2024 --month 3 -o OUT/x",
    "run month --region REGION --year 2024 --month 3 --policy BAD -o OUT/x",
    "run month --region REGION --year 2024 --month 3 --policy demo --after BAD -o OUT/x",
    "run seal BAD --by me",
    "run difference BAD RUN",
    "run difference RUN BAD",
    "fund budget --region BAD --year 2024",
    "fund health --region BAD --year 2024",
    "fund prepay --region BAD --year 2024",
    "fund prepay --region REGION --year 2024 --run BAD",
    "fund risk --region BAD --year 2024",
    "fund ratios --region BAD --year 2024 --policy demo",
    "fund ratios --region REGION --year 2024 --policy demo --cleared BAD",
    "fund budget --region REGION --year 2024 --policy BAD",
    "fund reopen RUN BAD",
    "fund overspend BAD --region REGION",
    "fund overspend RUN --region BAD",
    "modes assign BAD",
    "modes capitation --region BAD --year 2024",
    "modes out-of-area --region BAD --year 2024",
    "modes procurement --region BAD --year 2024",
    "modes enrolment-check --region BAD --on 2024-06-01",
    "modes benefit --region BAD --year 2024 -o OUT/x",
    "region take REGION BAD --dry-run",
    "region take BAD RUN --dry-run",
    "region take REGION RUN --runs BAD --dry-run",
    "oversee BAD --region REGION -o OUT/x",
    "oversee RUN --region BAD -o OUT/x",
    "oversee explain BAD 1",
    "oversee review BAD REGION/budgets.csv -o OUT/x",
    "oversee review RUN BAD -o OUT/x",
    "oversee audit BAD -o OUT/a.csv",
    "oversee bench BAD",
    "evaluate run BAD --card shanwei-2023 -o OUT/x",
    "evaluate run RUN --card BAD -o OUT/x",
    "evaluate run RUN --card shanwei-2023 --reported BAD -o OUT/x",
    "evaluate run RUN --card shanwei-2023 --previous BAD -o OUT/x",
    "evaluate run RUN --card shanwei-2023 --records BAD -o OUT/x",
    "evaluate survey BAD --region REGION --year 2024 -o OUT/x",
    "evaluate survey BAD --region BAD --year 2024 -o OUT/x",
    "evaluate cards BAD",
    "evaluate template --card BAD -o OUT/t.xlsx",
    "evaluate explain BAD --institution x",
    "evaluate stays BAD --indicator x",
    "evaluate figures BAD --indicator x",
    "evaluate board BAD",
    f"perform check --plan demo-hospital --run BAD --registers REGION --institution {HOUSE}",
    f"perform check --plan BAD --run RUN --registers REGION --institution {HOUSE}",
    f"perform check --plan demo-hospital --run RUN --registers BAD --institution {HOUSE}",
    f"perform --plan demo-hospital --run RUN --registers REGION --institution {HOUSE} --before BAD -o OUT/x",
    "perform sample --region BAD --institution x -o OUT/x",
    "perform explain BAD x",
    "perform in-house --run BAD --registers REGION",
    "perform in-house --run RUN --registers BAD",
    "scheme list --schemes BAD",
    "scheme show BAD",
    "scheme build BAD -o OUT",
    "scheme import BAD --id x -o OUT",
    "scheme diff chs-drg-1.1 BAD",
    "scheme diff chs-drg-1.1 chs-drg-1.1 --stays BAD -o OUT/d.csv",
    "scheme study BAD --policy demo --years 2021,2022,2023 -o OUT/x",
    "scheme study REGION --policy BAD --years 2021,2022,2023 -o OUT/x",
    "policy show BAD --on 2024-06-01",
    "policy check BAD --on 2024-06-01",
    "policy check demo --on 2024-06-01 --schemes BAD",
    "policy diff demo BAD --on 2024-06-01",
    "policy export BAD -o OUT/p.yaml",
)
SETTLING = (
    "region ready REGION --policy demo --year 2024",
    "run month --region REGION --policy demo --year 2024 --month 3 -o OUT/x",
)
REGISTERS = {
    "institutions": SETTLING,
    "budgets": SETTLING,
    "grades": SETTLING,
    "overspend_evidence": SETTLING,
    "violations": SETTLING,
    "debts": SETTLING,
    "advances": SETTLING,
    "stay_decisions": SETTLING,
    "budget_amounts": SETTLING,
    "enrolment": ("modes enrolment-check --region REGION --on 2024-06-01",),
    "fund_plans": ("fund budget --region REGION --year 2024",),
    "prepayment_terms": ("fund prepay --region REGION --year 2024",),
    "staff": (f"perform check --plan demo-hospital --run RUN --registers REGION --institution {HOUSE}",),
    "region.json": SETTLING,
    "stays.yaml": SETTLING,
    "stays": SETTLING,
}
"""what stands in a region, and the commands that read it"""
LOOKS = (
    "verify RUN --quick",
    "verify RUN",
    "explain RUN --stay 1",
    "report RUN -o OUT/r.xlsx",
    "ledger RUN",
    "book RUN",
)
GOES_ON = (
    "whatif RUN --set fund.reserve_share=0.05",
    "modes assign RUN",
    "evaluate RUN --card shanwei-2023 -o OUT/x",
    "oversee RUN --region REGION -o OUT/x",
)
IN_RUN = {
    "manifest.json": (*LOOKS, *GOES_ON),
    "ledger.jsonl": LOOKS,
    "policy.json": (*LOOKS, *GOES_ON),
    "practice.yaml": (*LOOKS, GOES_ON[0]),
}
"""what stands in a run, and the commands that may read it"""


@dataclass(frozen=True)
class Place:
    """What the commands are given: the corpus, a good region and its run, a region that may be written to."""

    bad: list[Path]
    region: Path
    run: Path
    copy: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("hostile")
    region = folder / "region"
    make_region(region, stays=400, seed=3, institutions=2)
    shutil.copytree(region, folder / "copy")
    done = run(Order(region, "demo", 2024), folder / "run", usual(1))
    return Place(bad_files(folder / "bad"), region, done, folder / "copy")


def _state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file below a folder, as its name, number, size and time."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            at = os.lstat(os.path.join(root, name))
            found[os.path.join(root, name)] = (at.st_ino, at.st_size, at.st_mtime_ns)
    return found


def _tried(words: str, files: list[Path], place: Place, out: Path) -> Iterator[str]:
    """What went wrong with the files given to a command."""
    for path in files:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        names = {BAD: path, REGION: place.region, RUN: place.run, "COPY": place.copy, OUT: out}
        given = [_named(word, names) for word in words.split()]
        before = [_state(path.parent), _state(place.region), _state(place.run)]
        try:
            done = drgpay(*given)
        except BaseException as error:  # a panic of a reader is no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            yield f"{path.name}: {type(error).__name__}: {str(error)[:200]}"
            continue
        if done.returncode not in CODES:
            yield f"{path.name}: exit code {done.returncode}"
        if done.returncode and not (done.stderr + done.stdout).strip():
            yield f"{path.name}: exit code {done.returncode} without a word"
        if before != [_state(path.parent), _state(place.region), _state(place.run)]:
            yield f"{path.name}: a file that is read was changed, or one was left beside it"
        left = {one.name for one in out.rglob("*")} - {"f.csv"}
        if left and (done.returncode or any(name.startswith(".") for name in left)):
            yield f"{path.name}: exit code {done.returncode}, and {sorted(left)} is left"


def _named(word: str, names: dict[str, Path]) -> str:
    first, _, rest = word.partition("/")
    return str(names[first] / rest) if first in names else word


def test_the_corpus_is_large_and_of_every_kind(place: Place) -> None:
    assert len(place.bad) >= 150
    kinds = {path.suffix for path in place.bad}
    assert kinds >= {".csv", ".txt", ".json", ".ndjson", ".dbf", ".xlsx", ".xls", ".parquet", ".yaml", ".toml", ""}


def test_every_command_that_reads_a_file_is_among_them() -> None:
    """Every argument and option that is a path to be read stands in some line above as the bad file."""
    spared = {
        ("demo", "output"), ("docs write", "folder"),
        ("oversee alert", "folder"), ("oversee alert", "region"),  # ends at the same reader as oversee explain
        ("perform simulate", "run"), ("perform simulate", "registers"),  # perform check
        ("perform", "run"), ("perform", "registers"), ("perform simulate", "before"),  # perform
        ("run seal", "key"), ("evaluate run", "region"), ("evaluate template", "region"), ("evaluate stays", "moved"),
        ("oversee review", "region"), ("scheme import", "amendments"), ("region submit", "folders"),
        ("region submit", "alias"), ("fund reopen", "before"), ("region submit", "query"),
        ("group", "watch"),  # goes on until it is stopped
    }  # fmt: skip
    lines = [line.split() for line in READERS]
    for name, command in commands_of(program()):
        if getattr(command, "commands", None):
            continue
        mine = [line for line in lines if line[: len(name.split())] == name.split()]
        for option in command.params:
            if "pathlib" not in str(vars(option).get("type_descriptor", "")) or writes(option):
                continue
            if (name, option.name) in spared or "--schemes" in option.opts:
                continue
            looks = (name.removesuffix(" look"),)
            mine = mine or [line for line in lines if " ".join(line).startswith(looks)]
            assert any(BAD in line for line in mine), f"{name} {option.name}"
            if option.param_type_name == "option":
                pairs = {line[i] for line in mine for i in range(len(line) - 1) if line[i + 1] == BAD}
                assert set(option.opts) & pairs, f"{name} {option.name}"


@pytest.mark.parametrize("words", READERS)
def test_a_bad_file_ends_in_a_result_or_a_named_error(words: str, place: Place, tmp_path: Path) -> None:
    step = max(24 // TIMES, 1) if words in WHOLE else PARTS * 2 if "--schemes BAD" in words else PARTS
    files = place.bad[READERS.index(words) * 7 % step :: step]
    assert not list(_tried(words, files, place, tmp_path / "out"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("words", READERS)
def test_every_bad_file_in_every_place(words: str, place: Place, tmp_path: Path) -> None:
    assert not list(_tried(words, place.bad, place, tmp_path / "out"))


@pytest.mark.parametrize("register", REGISTERS)
def test_a_bad_file_among_the_registers_of_a_region(register: str, place: Place, tmp_path: Path) -> None:
    """As a register (under its name and the file's ending), as ``region.json``, and among the stays."""
    wrong = []
    files = [path for path in place.bad if path.is_file() and path.suffix in (".csv", ".xlsx", ".parquet", ".json")]
    for path in files[list(REGISTERS).index(register) :: PARTS]:
        region = tmp_path / "region"
        shutil.rmtree(region, ignore_errors=True)
        shutil.copytree(place.region, region)
        if register == "stays":
            target = region / "stays" / "2024" / f"other{path.suffix}"
        elif "." in register:
            target = region / register
        else:
            (region / f"{register}.csv").unlink(missing_ok=True)
            target = region / f"{register}{path.suffix}"
        target.write_bytes(path.read_bytes())
        here = Place([], region, place.run, place.copy)
        for words in REGISTERS[register]:
            wrong += [f"{words}: {said}" for said in _tried(words, [path], here, tmp_path / "out")]
    assert not wrong


@pytest.mark.parametrize("name", IN_RUN)
def test_a_bad_file_in_a_run(name: str, place: Place, tmp_path: Path) -> None:
    wrong = []
    files = [path for path in place.bad if path.is_file() and path.suffix in (".json", ".yaml", ".csv")]
    for path in files[len(name) :: PARTS]:
        folder = tmp_path / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(place.run, folder)
        (folder / name).write_bytes(path.read_bytes())
        here = Place([], place.region, folder, place.copy)
        for words in IN_RUN[name]:
            wrong += [f"{words}: {said}" for said in _tried(words, [path], here, tmp_path / "out")]
    assert not wrong
