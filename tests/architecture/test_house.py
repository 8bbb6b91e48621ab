"""The house rules that code can check: floors, one writer per table, no floats near money, no machine paths."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from drgpay.tables import (
    BOOK_TABLES,
    CARE,
    CHECK_TABLES,
    EVALUATION_TABLES,
    FUND_TABLES,
    INHOUSE_TABLES,
    MODE_TABLES,
    OVERSIGHT_TABLES,
    PERFORMANCE_TABLES,
    RESULTS,
    STUDY_TABLES,
)
from support.timing import named

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "drgpay"
OFFICE = ROOT / "src" / "drgpay_web"
MONEY_ROOMS = ("units", "steps", "ledger", "scorecard")
STEPS = sorted(p.name for p in (PACKAGE / "steps").iterdir() if (p / "__init__.py").exists())
_FLOATS = re.compile(r"^(float|float16|float32|float64|Float32|Float64|double)$")


def _float_uses(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"line {node.lineno}: the number {node.value}")
        if isinstance(node, ast.Name) and _FLOATS.match(node.id):
            found.append(f"line {node.lineno}: {node.id}")
        if isinstance(node, ast.Attribute) and _FLOATS.match(node.attr):
            found.append(f"line {node.lineno}: .{node.attr}")
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div) and not _is_path(node):
            found.append(f"line {node.lineno}: a true division")
    return found


def _is_path(node: ast.BinOp | ast.AugAssign) -> bool:
    """``folder / "name"``: the right side is a text or a name made for a file, the left a folder."""
    left, right = (node.target, node.value) if isinstance(node, ast.AugAssign) else (node.left, node.right)
    if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Div):
        return _is_path(left)
    folder = isinstance(left, ast.Name | ast.Attribute) and "folder" in ast.unparse(left)
    return (
        folder
        or isinstance(right, ast.JoinedStr)
        or (isinstance(right, ast.Constant) and isinstance(right.value, str))
    )


@pytest.mark.parametrize(
    "path",
    [p for room in MONEY_ROOMS for p in sorted((PACKAGE / room).rglob("*.py"))],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_no_float_reaches_money_or_points(path: Path) -> None:
    assert _float_uses(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code", ["x = 0.5", "x = a / b", "x = float(a)", "x = np.float64(a)", "pl.col('a').cast(pl.Float64)", "a /= 2"]
)
def test_the_float_check_sees_floats(code: str) -> None:
    assert _float_uses(code)


def test_the_float_check_lets_paths_pass() -> None:
    assert _float_uses("folder / name / 'x.parquet'\nself._folder / f'{a}.csv'") == []


def test_imports_go_down_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_result_table_has_exactly_one_writer() -> None:
    writes = {step: getattr(import_module(f"drgpay.steps.{step}"), "WRITES", ()) for step in STEPS}
    own = MODE_TABLES + OVERSIGHT_TABLES + EVALUATION_TABLES + PERFORMANCE_TABLES + BOOK_TABLES
    own += INHOUSE_TABLES + STUDY_TABLES
    results = RESULTS + FUND_TABLES + CHECK_TABLES + CARE + own
    for table in results:
        writers = [step for step, names in writes.items() if table.name in names]
        assert writers == [table.writer], table.name
    known = {table.name for table in results} | {"stays"}
    assert {name for names in writes.values() for name in names} == known


def test_every_file_is_short_enough_to_read() -> None:
    files = [*PACKAGE.rglob("*.py"), *OFFICE.rglob("*.py")]
    long = {p.name: n for p in files if (n := len(p.read_text(encoding="utf-8").splitlines())) > 520}
    assert long == {}


def test_nothing_names_a_machine_or_a_registry() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    bad = re.compile(r"/(work|farm|root)/|https?://[^ ]*(/simple/|/packages/[0-9a-f]{2}/|registry\.)")
    for name in files:
        path = ROOT / name
        if name and path.suffix in (".py", ".md", ".toml", ".txt", ".yaml", ".json", "") and path.is_file():
            if path == Path(__file__):
                continue
            found = bad.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{name}: {found and found[0]}"


def test_the_constraints_pin_every_dependency_without_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9_.+]*", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.findall(r'^    "([A-Za-z0-9_-]+)>=', text, re.MULTILINE)
    assert {re.sub(r"[-_.]+", "-", w).lower() for w in wanted} <= pinned


def test_what_is_installed_is_pinned_by_hash_and_as_the_constraints_say() -> None:
    wanted = dict(line.lower().split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split())
    locked: dict[str, dict[str, str]] = {}
    for name in ("run", "dev"):
        text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
        pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\n]+)", text, re.MULTILINE)
        assert text.count("--hash=sha256:") >= len(pins)
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert all("--hash=sha256:" in block for block in blocks)
        locked[name] = {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in pins}
    pinned = {re.sub(r"[-_.]+", "-", package): version for package, version in wanted.items()}
    assert {p: v for p, v in locked["dev"].items() if p in pinned} == pinned, "constraints changed: make locks"
    assert locked["run"].items() <= locked["dev"].items()
    assert {"pip", "setuptools", "hatchling"} <= locked["run"].keys()


def test_every_test_that_is_said_to_take_long_is_there() -> None:
    missing = []
    for name in sorted(named()):
        file, _, function = name.partition("::")
        path = ROOT / "tests" / file
        if not path.is_file() or (function and f"def {function}(" not in path.read_text("utf-8")):
            missing.append(name)
    assert missing == [], "make slow-list"
