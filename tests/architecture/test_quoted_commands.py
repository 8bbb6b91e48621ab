"""Every command that a page quotes is one: its verb is there, its options are known and have their values, and its
arguments are as many as it takes. Nothing is run."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRAMS = ("drgpay", "drgpay-web")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_TICKS = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SPLIT = re.compile(r"\s*(?:&&|\|\||[|;>])\s*")
_ASSIGNED = re.compile(r"^\w+=\S*$")
LEFT_OUT = "…"
"""what a page leaves out of a command"""
ANY = ("COMMAND", "命令")
"""words for any verb"""
ALONE = {"oversee": "look", "evaluate": "run"}
"""groups whose name alone, before what is none of their verbs, means this one"""


@cache
def program(name: str) -> Any:
    if name == "drgpay":
        from drgpay.cli import app
    else:
        from drgpay_web.cli import app
    return get_command(app)


def quoted(text: str) -> list[tuple[str, bool]]:
    """Lines of fences with what goes on in the next, to be typed as they stand; and what stands between ticks, which
    may only speak of a command."""
    found = []
    for language, block in _FENCE.findall(text):
        if language in ("", "sh", "bash", "console"):
            found += [(line, True) for line in block.replace("\\\n", " ").splitlines()]
    return [*found, *((one, False) for one in _TICKS.findall(_FENCE.sub("", text)))]


def commands(line: str) -> list[list[str]]:
    """The programs' calls in a line of a shell: their words, without what is assigned or piped."""
    bare = re.sub(r"(?:^|\s)#.*", "", line.strip().removeprefix("$ "))
    found = []
    for part in _SPLIT.split(bare):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        while words and _ASSIGNED.match(words[0]):
            words = words[1:]
        if words and words[0].rpartition("/")[2] in PROGRAMS:
            found.append([words[0].rpartition("/")[2], *words[1:]])
    return found


def wrong(words: list[str], *, whole: bool = True) -> str:
    """What is the matter with a call; empty: nothing. ``whole``: it is to be typed as it stands."""
    command, rest = program(words[0]), [bare for word in words[1:] if (bare := _bare(word))]
    while hasattr(command, "commands"):
        if not rest or rest[0] in ("--help", "--version", LEFT_OUT, *ANY):
            return ""
        if rest[0].startswith("-"):
            command = command.commands[ALONE[command.name]] if command.name in ALONE else command
            break
        if rest[0] not in command.commands and command.name in ALONE:
            rest = [ALONE[command.name], *rest]
        if rest[0] not in command.commands:
            return f"no command {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    return "" if "--help" in rest else _parsed(command, rest, whole)


def _bare(word: str) -> str:
    """A word without the brackets of what may be left out."""
    bare = word.strip("[]").replace("...", LEFT_OUT)
    return bare if bare == LEFT_OUT else bare.rstrip(LEFT_OUT)


def _parsed(command: Any, rest: list[str], whole: bool) -> str:
    """What is the matter with options and arguments of a command."""
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts)}
    takes = [one for one in command.params if one.param_type_name == "argument"]
    given, named, left_out, waiting = 0, set[str](), False, list(rest)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-") or word == "-":
            given, left_out = given + (word != LEFT_OUT), left_out or word == LEFT_OUT
            continue
        name, equals, _ = word.partition("=")
        if name not in options:
            return f"no option {name}"
        named.add(options[name].name)
        if not options[name].is_flag and not equals:
            if len(waiting) < options[name].nargs and whole:
                return f"{name} lacks its value"
            del waiting[: options[name].nargs]
    if given > len(takes) and all(one.nargs == 1 for one in takes):
        return f"takes no more than {[one.name for one in takes]}"
    lacking = [one.name for at, one in enumerate(takes) if one.required and at >= given]
    lacking += [one.name for one in command.params if one not in takes and one.required and one.name not in named]
    return f"lacks {lacking}" if lacking and whole and not left_out else ""


@pytest.mark.parametrize("page", PAGES, ids=[str(one.relative_to(ROOT)) for one in PAGES])
def test_commands_a_page_quotes_are_there(page: Path) -> None:
    calls = [(words, whole) for line, whole in quoted(page.read_text(encoding="utf-8")) for words in commands(line)]
    said = [(" ".join(words), wrong(words, whole=whole)) for words, whole in calls]
    assert [one for one in said if one[1]] == []


def test_the_pages_quote_many_commands_and_wrong_ones_are_found() -> None:
    lines = [line for page in PAGES for line in quoted(page.read_text(encoding="utf-8"))]
    found = [words for line, _ in lines for words in commands(line)]
    assert len(found) > 200
    assert {words[0] for words in found} == set(PROGRAMS)
    for call in ("drgpay nosuch", "drgpay check --nosuch x", "drgpay-web serve extra words", "drgpay-web nosuch",
                 "A=1 drgpay region make --stays 5", "drgpay --nosuch", "x && drgpay nosuch | less"):  # fmt: skip
        assert [why for words in commands(call) if (why := wrong(words))], call
    assert commands("pip install drgpay") == []
