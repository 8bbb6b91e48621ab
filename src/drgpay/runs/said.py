"""Parameters with their values and sources, in the words of a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drgpay.policy import parameter_words
from drgpay.sources import cited
from drgpay.words import value_words


@dataclass(frozen=True)
class SaidSource:
    """A parameter of a policy as people read it: its id, its name, its value, and document with clause."""

    parameter: str
    name: str
    value: str
    source: str


def parameter_name(parameter: str, lang: str) -> str:
    """The name of a parameter, or of a register that figures follow from; months in brackets stay behind it."""
    name, _, months = parameter.partition(" [")
    return parameter_words(name)[lang == "en"] + (f" [{months}" if months else "")


def said_sources(sources: Mapping[str, Mapping[str, str]], lang: str) -> list[SaidSource]:
    """What an explanation gives of its parameters, in words; in the order given."""
    return [
        SaidSource(
            name.partition(" [")[0], parameter_name(name, lang), value_words(said["value"], lang),
            cited(said["source"] or said["notice"], said.get("clause", ""), lang),
        )
        for name, said in sources.items()
    ]  # fmt: skip
