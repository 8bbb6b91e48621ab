"""Practice files: a region's notices, each with its document, dates, and sourced values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path

from drgpay.notation import (
    Place,
    Structure,
    as_list,
    as_mapping,
    as_text,
    own_file,
    read_date,
    read_text,
    read_yaml,
)
from drgpay.policy.dictionary import DICTIONARY_FILE, Dictionary, Parameter, data_folder, dictionary, find, unknown
from drgpay.policy.values import Value, read_value, written

BY_DISCHARGE = "discharged_from"

_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where a value comes from: its canonical text, the clause and source, the notice, when it was checked.

    ``source`` is the value's own, else the notice's, else the notice's document. ``notice`` is empty for an
    amendment, whose source is its reason, and for what no notice sets.
    """

    value: str
    clause: str
    source: str
    notice: str
    checked_on: date | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One resolved value: its parameter, its typed value, its source."""

    parameter: Parameter
    value: Value
    source: ValueSource


@dataclass(frozen=True, slots=True)
class Notice:
    """One official notice: when it became known, from when (and until before when) it holds, what it sets."""

    id: str
    document: str
    issued: date
    in_force: date
    until: date | None
    values: tuple[Entry, ...]
    by_discharge: bool = False
    """``stays: discharged_from``: what it sets for stays holds for those discharged from ``in_force`` on; earlier
    ones of the year keep the rule before it"""


@dataclass(frozen=True, slots=True)
class Practice:
    """A practice file, read and checked whole, whatever day is asked for."""

    file: str
    practice: str
    region: str
    scheme: str
    title_zh: str
    title_en: str
    notices: tuple[Notice, ...]


START = "national"
"""the shipped practice a new area starts from: what a command uses that names no other"""


def practices(folder: Traversable | None = None) -> list[str]:
    """The ids of the shipped practices (or those of another shipped folder), sorted."""
    names = (item.name for item in (folder or data_folder()).iterdir())
    return sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml") and n != DICTIONARY_FILE)


def practice_text(practice: str | Path, folder: Traversable | None = None) -> tuple[str, str]:
    """The text of a practice and the name to call it by: a shipped practice by its id (in ``folder``, if given), or a
    practice file by its path (a text with a slash or ``.yaml``)."""
    own = own_file(practice)
    if own is not None:
        return read_text(own, str(practice), "政策文件", "policy file"), str(practice)
    shipped = practices(folder)
    if practice not in shipped:
        raise unknown(Place("policies"), str(practice), shipped, "没有这个实践", "no shipped practice of that id")
    label = f"{practice}.yaml"
    return read_text((folder or data_folder()) / label, label, "政策文件", "policy file"), label


def open_practice(practice: str | Path) -> Practice:
    """A shipped practice by its id, or a practice file by its path, in the words of the shipped dictionary.

    The text is fetched every time and read once: a reading that takes a tenth of a second is asked for again and
    again in a simulation.
    """
    return _read_once(*practice_text(practice))


@lru_cache(maxsize=16)
def _read_once(text: str, file: str) -> Practice:
    return read_practice(text, file, dictionary())


def read_practice(text: str, file: str, words: Dictionary) -> Practice:
    """A practice from its YAML text; every notice is checked, in force or not."""
    document = read_yaml(text, file)
    place = document.place
    head = as_mapping(
        document.root, place, required=("practice", "region", "title", "scheme", "notices"), optional=()
    )
    title_place = place.at("title")
    title = as_mapping(head["title"], title_place, required=("zh", "en"))
    notices: list[Notice] = []
    for i, item in enumerate(as_list(head["notices"], place.at("notices"))):
        here = place.at("notices").at(i)
        notice = _notice(item, here, words)
        if any(notice.id == other.id for other in notices):
            raise here.at("id").error(
                "通知编号重复",
                "notice id given twice",
                fix_zh="改用另一编号",
                fix_en="give it another id",
                value=notice.id,
            )
        notices.append(notice)
    return Practice(
        file=file,
        practice=_identifier(head["practice"], place.at("practice")),
        region=as_text(head["region"], place.at("region")),
        scheme=as_text(head["scheme"], place.at("scheme")),
        title_zh=as_text(title["zh"], title_place.at("zh")),
        title_en=as_text(title["en"], title_place.at("en")),
        notices=tuple(notices),
    )


def _identifier(given: Structure, place: Place) -> str:
    text = as_text(given, place)
    if not _ID.fullmatch(text):
        raise place.mistake(
            "编号只能用小写字母、数字和连字符",
            "an id is lower-case letters, digits and hyphens",
            value=text,
            right_zh="demo-2024-01",
        )
    return text


def _notice(given: Structure, place: Place, words: Dictionary) -> Notice:
    fields = as_mapping(
        given,
        place,
        required=("id", "document", "issued", "in_force", "values"),
        optional=("until", "source", "checked_on", "stays"),
    )
    in_force = read_date(fields["in_force"], place.at("in_force"))
    until = read_date(fields["until"], place.at("until")) if "until" in fields else None
    if until is not None and until <= in_force:
        raise place.at("until").mistake(
            "失效日期须晚于生效日期",
            "until must be after in_force",
            value=until,
            right_zh=f"> {in_force}",
        )
    document = as_text(fields["document"], place.at("document"))
    default = ValueSource(
        value="",
        clause="",
        source=as_text(fields["source"], place.at("source")) if "source" in fields else document,
        notice=_identifier(fields["id"], place.at("id")),
        checked_on=read_date(fields["checked_on"], place.at("checked_on")) if "checked_on" in fields else None,
    )
    values_place = place.at("values")
    given_values = as_mapping(fields["values"], values_place, optional=None)
    entries = tuple(
        _entry(find(words, name, values_place.at(name)), body, values_place.at(name), default)
        for name, body in given_values.items()
    )
    return Notice(
        id=default.notice,
        document=document,
        issued=read_date(fields["issued"], place.at("issued")),
        in_force=in_force,
        until=until,
        values=entries,
        by_discharge="stays" in fields and _by_discharge(fields["stays"], place.at("stays"), entries),
    )


def _by_discharge(given: Structure, place: Place, entries: tuple[Entry, ...]) -> bool:
    """``stays: discharged_from``, which a notice may say that sets something for stays."""
    text = as_text(given, place)
    if text != BY_DISCHARGE:
        raise place.mistake(
            "stays 只能写 discharged_from(按出院日期起用)",
            "stays can only be discharged_from (by day of discharge)",
            value=text,
            right_zh=BY_DISCHARGE,
        )
    if not any(entry.parameter.acts == "stay" for entry in entries):
        raise place.error(
            "本通知没有作用于病例的参数,不能写 stays",
            "the notice sets nothing that acts on stays, so stays cannot be given",
            fix_zh="删去 stays;参数作用于什么见政策参数参考",
            fix_en="leave stays out; the policy reference says what each parameter acts on",
            value=text,
        )
    return True


def _entry(parameter: Parameter, given: Structure, place: Place, default: ValueSource) -> Entry:
    clause, source, checked_on = default.clause, default.source, default.checked_on
    at = place
    if isinstance(given, dict) and "value" in given:
        fields = as_mapping(given, place, required=("value",), optional=("clause", "source", "checked_on"))
        given, at = fields["value"], place.at("value")
        clause = as_text(fields["clause"], place.at("clause")) if "clause" in fields else clause
        source = as_text(fields["source"], place.at("source")) if "source" in fields else source
        if "checked_on" in fields:
            checked_on = read_date(fields["checked_on"], place.at("checked_on"))
    value = read_value(parameter, given, at)
    return Entry(parameter, value, ValueSource(written(parameter, value), clause, source, default.notice, checked_on))
