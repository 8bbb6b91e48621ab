"""The Python of the builders' pages runs, and says what the comments beside it say."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("builder.en.md", "builder.zh.md")


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run(block: str, names: dict[str, Any]) -> int:
    """Run the statements of a block in turn; an expression with a comment must have that value. Returns how many."""
    shown = 0
    for node in ast.parse(block).body:
        code = "\n".join(block.splitlines()[node.lineno - 1 : node.end_lineno])
        if not isinstance(node, ast.Expr) or "#" not in code:
            exec(compile(code, "<page>", "exec"), names)
            continue
        value = eval(compile(ast.Expression(node.value), "<page>", "eval"), names)
        # the tree counts columns in bytes of UTF-8
        comment = code.encode()[node.end_col_offset or 0 :].decode().partition("#")[2].strip()
        assert repr(value) == comment
        shown += 1
    return shown


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_true(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    shown = sum(run(block, names) for block in blocks(page))
    assert shown >= 15


def test_both_pages_show_the_same_calls() -> None:
    assert [len(blocks(page)) for page in PAGES] == [11, 11]
