"""Codes in the words of a reader: coded values (``data/words.yaml``), steps and passes (``data/steps.yaml``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

_CODE = re.compile(r"(?<![\w.-])[a-z][a-z_-]*(?![\w.-])")
_MARKS = str.maketrans({"{": "", "}": "", ":": " ", "[": "", "]": ""})


@cache
def words() -> MappingProxyType[str, tuple[str, str]]:
    """Every coded value: Chinese, English."""
    raw: dict[str, str | list[str]] = yaml.safe_load(
        (files("drgpay") / "data" / "words.yaml").read_text(encoding="utf-8")
    )
    return MappingProxyType(
        {
            code: (said, code.replace("_", " ")) if isinstance(said, str) else (said[0], said[1])
            for code, said in raw.items()
        }
    )


def in_word(code: str, lang: str) -> str:
    """A coded value in the language ``lang`` (zh or en); one that is no known code stands for itself."""
    pair = words().get(code)
    return code if pair is None else pair[lang == "en"]


@dataclass(frozen=True)
class StepWords:
    """A step of a run in words, and over how many passes over the stays it usually goes."""

    name: str
    zh: str
    en: str
    passes: int


@cache
def step_words() -> MappingProxyType[str, StepWords]:
    """The steps of a run by name, in their order (``data/steps.yaml``)."""
    return MappingProxyType({name: StepWords(name, **said) for name, said in _steps()["steps"].items()})


def pass_word(label: str, lang: str) -> str:
    """What a pass over the stays does, by the label that an engine tells; an unknown label stands for itself."""
    name = label.rstrip("0123456789").strip()
    said = _steps()["passes"].get(name) if lang == "zh" else None
    return label if said is None else f"{said} {label[len(name) :].strip()}".rstrip()


@cache
def _steps() -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load((files("drgpay") / "data" / "steps.yaml").read_text(encoding="utf-8"))
    return raw


def words_in(text: str, lang: str) -> str:
    """Free text with the codes in it put in words."""
    return _CODE.sub(lambda found: in_word(found[0], lang), text)


def value_words(text: str, lang: str) -> str:
    """The canonical text of a policy's value with its codes in words: ``{tertiary: 1.2}`` as 三级 1.2."""
    if text == "none":
        return "未设定" if lang == "zh" else "not set"
    if text.startswith("[{id:"):
        count = text.count("{id:")
        return f"{count} 条规则" if lang == "zh" else f"{count} rules"
    nested = text.count("{") > 1 or text.startswith("[{")
    said = _CODE.sub(lambda found: in_word(found[0], lang), text)
    if nested:
        said = said.replace("}, {", "; ")
    return said.translate(_MARKS).replace("  ", " ").strip() or ("无" if lang == "zh" else "none")
