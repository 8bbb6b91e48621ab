"""The dictionary of parameters: what a bureau can decide, its type, range and meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from drgpay.errors import DrgpayError
from drgpay.notation import NumberKind, Place, as_mapping, read_number, read_yaml
from drgpay.tables import ALL

Type = Literal[
    "integer",
    "ratio",
    "yuan",
    "choice",
    "flag",
    "codes",
    "table",
    "bands",
    "years",
    "names",
    "month_day",
    "mode_rules",
    "rates",
]

VALUE_NUMBER: Mapping[Type, NumberKind] = {
    "integer": "integer",
    "ratio": "ratio",
    "yuan": "yuan",
    "table": "ratio",
    "bands": "ratio",
    "years": "integer",
}
"""How the numbers of each type are written: what ``min`` and ``max`` bound."""

Acts = Literal["month", "stay", "year"]
"""What a value acts on: the payment of a month, the points or price of a stay, or the year."""

_WITH_CHOICES = ("choice", "names", "mode_rules")

DICTIONARY_FILE = "parameters.yaml"
_STOP = re.compile(r"[；;，,。（(：]|: | \| ")
GROUP_LISTS = "group_lists.yaml"


class Parameter(BaseModel):
    """One parameter of the dictionary.

    ``min``/``max`` bound the number, the table's and the bands' values, or the weight of a year, in the type's own
    writing. ``choices`` is the closed list of a choice, of names, or of the integers allowed. ``keys`` is a table's
    closed list, or ``any``; a ``complete`` table must give every key. ``bound`` is the unit of the bands' ``upto``.
    ``optional`` may be left out or written ``none``; ``default: false`` is for switches alone. ``at_most`` names
    the parameter this one may not exceed; ``required_when`` (``name=choice``) makes an optional one due. ``acts``
    says what a change of the value acts on, and a ``steady`` one does not change within a year; a dictionary whose
    values do not act in a settled year leaves both out. ``fields`` are the keys a rate may name; ``start`` is where
    segmented rates begin. Where ``lists``, a code may be the name of a list of groups, which stands for its groups. A
    ``quiet`` parameter that is not set leaves no trace in digests and in the policy a run
    keeps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: Type
    zh: str
    en: str
    clause: str = ""
    unit: str = ""
    min: str | None = None
    max: str | None = None
    choices: tuple[str, ...] = ()
    keys: tuple[str, ...] | Literal["any"] = ()
    complete: bool = True
    bound: NumberKind | None = None
    edge: Literal["upto", "below"] = "upto"
    default: Literal["false"] | None = None
    optional: bool = False
    at_most: str | None = None
    required_when: str | None = None
    fields: tuple[str, ...] = ()
    start: str | None = None
    quiet: bool = False
    lists: bool = False
    acts: Acts | None = None
    steady: bool = False

    @model_validator(mode="after")
    def _coherent(self) -> Parameter:
        numeric = self.type in VALUE_NUMBER
        wrong = {
            "min and max need a type with numbers": not numeric and (self.min or self.max),
            "choice and names need choices": self.type in ("choice", "names", "mode_rules") and not self.choices,
            "table needs keys": (self.type == "table") != bool(self.keys),
            "bands need a bound": (self.type == "bands") != (self.bound is not None),
            "rates need fields": (self.type == "rates") != bool(self.fields),
            "start is for rates": self.start is not None and self.type != "rates",
            "quiet is for what need not be set": self.quiet and not (self.optional or self.default is not None),
            "lists are of codes": self.lists and self.type != "codes",
            "default is for flags": self.default is not None and self.type != "flag",
            "a choice called none cannot be optional": self.optional and "none" in self.choices,
            "at_most compares numbers": self.at_most is not None and self.type not in ("integer", "ratio", "yuan"),
            "steady is for what acts on the year": self.steady and self.acts != "year",
            "required_when is for optional parameters": self.required_when is not None and not self.optional,
        }
        found = [words for words, is_wrong in wrong.items() if is_wrong]
        if found:
            raise ValueError(f"{self.name}: {'; '.join(found)}")
        return self

    @property
    def short(self) -> tuple[str, str]:
        """The parameter's name for a page, Chinese and English: its meaning up to the first stop."""
        return _STOP.split(self.zh, maxsplit=1)[0], _STOP.split(self.en, maxsplit=1)[0]

    def limits(self) -> tuple[int | None, int | None]:
        """``min`` and ``max`` as integers in the unit of the type."""
        kind = VALUE_NUMBER.get(self.type, "integer")
        place = Place(DICTIONARY_FILE, self.name)
        low = None if self.min is None else read_number(self.min, kind, place.at("min"))
        high = None if self.max is None else read_number(self.max, kind, place.at("max"))
        return low, high

    def span(self) -> str:
        """What is allowed, in a few signs: the choices, the keys, or ``min … max``."""
        if self.choices:
            return " | ".join(self.choices)
        limits = "" if self.min is None and self.max is None else f"{self.min or ''} … {self.max or ''}".strip()
        if not self.keys:
            return limits
        keys = "any" if self.keys == "any" else " | ".join(self.keys)
        return f"{keys}: {limits}".strip(": ")


Dictionary = Mapping[str, Parameter]
"""Parameters by name, in the order of the file; read-only."""


def data_folder() -> Traversable:
    """The folder of the shipped practices and the dictionary."""
    return files("drgpay") / "data" / "policies"


def read_dictionary(text: str) -> Dictionary:
    """A dictionary from the text of a ``parameters.yaml``."""
    document = read_yaml(text, DICTIONARY_FILE)
    result: dict[str, Parameter] = {}
    for name, body in as_mapping(document.root, document.place, optional=None).items():
        fields = as_mapping(body, document.place.at(name), optional=None)
        result[name] = Parameter.model_validate({"name": name, **fields})
    return MappingProxyType(result)


@cache
def dictionary() -> Dictionary:
    """The shipped dictionary of every parameter (``data/policies/parameters.yaml``), frozen, read once."""
    return read_dictionary((data_folder() / DICTIONARY_FILE).read_text("utf-8"))


@cache
def group_lists() -> Mapping[str, tuple[str, ...]]:
    """The shipped lists of groups that a policy can name (``data/group_lists.yaml``): name -> codes."""
    document = read_yaml((files("drgpay") / "data" / GROUP_LISTS).read_text("utf-8"), GROUP_LISTS)
    entries = as_mapping(document.root, document.place, optional=None)
    groups = {
        name: as_mapping(body, document.place.at(name), optional=None)["groups"] for name, body in entries.items()
    }
    return MappingProxyType({name: tuple(str(code) for code in those) for name, those in groups.items()})


def unknown(place: Place, name: str, known: Iterable[str], zh: str, en: str) -> DrgpayError:
    """A failure for a name that is not in a closed list, with the nearest that is."""
    known = list(known)
    # A long list is no help in a message: there the nearest is shown however far it is.
    near = get_close_matches(name, known, n=1, cutoff=0.5 if len(known) <= 12 else 0.0)
    return place.mistake(zh, en, value=name, right_zh=near[0] if near else " | ".join(known))


Named = TypeVar("Named")


def find(words: Mapping[str, Named], name: str, place: Place) -> Named:
    """What stands under a parameter's name, or a failure with the nearest name."""
    if name not in words:
        raise unknown(place, name, words, "未知参数", "unknown parameter")
    return words[name]


def parameter_words(name: str, words: Dictionary | None = None) -> tuple[str, str]:
    """Name of a parameter, or of a register that figures follow from, for people, Chinese and English; a name nobody
    knows stands for itself."""
    found = (dictionary() if words is None else words).get(name)
    register = next((table for table in ALL if table.name == name), None)
    if found is None and register is not None:
        return register.zh, name.replace("_", " ")
    return (name, name) if found is None else found.short
