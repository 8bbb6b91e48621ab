"""Every command and option says what it is in both languages, and a shared option says the same everywhere."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from drgpay.cli import program

CJK = re.compile(r"[\u3400-\u9fff]")


def commands(command: Any, name: str = "drgpay") -> Iterator[tuple[str, Any]]:
    """All commands below one, by their path."""
    yield name, command
    for below, other in getattr(command, "commands", {}).items():
        yield from commands(other, f"{name} {below}")


def test_every_option_is_explained_in_both_languages() -> None:
    poor = []
    for path, command in commands(program()):
        for parameter in command.params:
            text = getattr(parameter, "help", None) or ""
            if parameter.name in ("help", "install_completion", "show_completion") or not text:
                continue
            if not (CJK.search(text) and re.search("[A-Za-z]{2}", text)) or re.search("[：，]", text):
                poor.append((path, parameter.name, text))
    assert poor == []


def test_every_command_is_explained_in_both_languages() -> None:
    for path, command in commands(program()):
        if path != "drgpay":
            text = command.help or ""
            assert CJK.search(text), path
            assert re.search("[A-Za-z]{3}", CJK.sub("", text)), path


def test_shared_options_say_the_same_everywhere() -> None:
    texts = defaultdict(set)
    for _, command in commands(program()):
        for parameter in command.params:
            for option in getattr(parameter, "opts", ()):
                if option in ("--lang", "--threads", "--policy", "--year", "--set", "--schemes"):
                    texts[option].add(getattr(parameter, "help", ""))
    texts["--policy"].discard(next((t for t in texts["--policy"] if "try" in t or "试算" in t), ""))
    assert {option: len(found) for option, found in texts.items() if len(found) > 2} == {}
