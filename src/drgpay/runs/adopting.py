"""A new notice of a practice (政策文件): the practice with it, checked as a run would check it, and what it meets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from drgpay import scheme as schemes
from drgpay.errors import DrgpayError, Kind
from drgpay.notation import Place
from drgpay.policy import (
    dictionary,
    find,
    laws_of,
    open_practice,
    practice_text,
    read_practice,
    read_value,
    replay,
    structure_of,
    written,
)
from drgpay.runs.fit import check_practice
from drgpay.runs.sharing import practice_with
from drgpay.sources import in_words
from drgpay.words import in_word, value_words

_SCHEME = re.compile(r"^scheme:.*$", re.MULTILINE)


@dataclass(frozen=True)
class NoticeValue:
    """What a notice sets: a parameter by name, its value as text (lists and tables as YAML; ``none`` unsets an
    optional one), the clause, and the source where it is not the notice's document."""

    name: str
    value: str
    clause: str = ""
    source: str = ""


@dataclass(frozen=True)
class NewNotice:
    """A notice that is to be added to a practice: id, document with its number, days, values. ``by_discharge``: what
    it sets for stays holds for those discharged from its day on. ``scheme``: another grouping scheme of the practice
    (empty: the same)."""

    id: str
    document: str
    issued: date
    in_force: date
    values: tuple[NoticeValue, ...]
    by_discharge: bool = False
    scheme: str = ""


@dataclass(frozen=True)
class Met:
    """A notice of the practice that sets the same parameter from the new one's day on, or later: there it, not the
    new one, holds."""

    title: str
    document: str
    in_force: date
    value: str


@dataclass(frozen=True)
class SchemeName:
    """A grouping scheme: its id and title."""

    id: str
    zh: str
    en: str


def adopt_notice(practice: str | Path, notice: NewNotice) -> str:
    """The text of a practice with a notice more, as a file of its own. Nothing is written.

    Raises POLICY where a value is not one of its parameter, the notice is no notice, a steady parameter would change
    within a year, or the practice could not be run; SCHEME for a scheme that is not there.
    """
    if not notice.values and not notice.scheme:
        raise DrgpayError(
            Kind.POLICY, zh="通知没有规定任何内容", en="the notice sets nothing", field="values",
            fix_zh="至少改一项参数,或换一个分组方案", fix_en="set a parameter, or name another grouping scheme",
        )  # fmt: skip
    text = practice_with(practice, notice_text(notice))
    if notice.scheme:
        text = _SCHEME.sub(f"scheme: {notice.scheme}", text, count=1)
    read = read_practice(text, notice.document, dictionary())
    for year in (notice.in_force.year, notice.in_force.year + 1):
        laws_of(read, dictionary(), year)
    check_practice(replay(read, dictionary(), on=notice.in_force))
    return text


def notice_text(notice: NewNotice) -> str:
    """A notice as YAML of one entry of ``notices``."""
    values: dict[str, Any] = {}
    place = Place(notice.document).at("values")
    words = dictionary()
    for one in notice.values:
        known = words.get(one.name)
        value = structure_of(known, one.value, place.at(one.name)) if known else one.value
        said = {"value": value} | {n: t for n, t in (("clause", one.clause), ("source", one.source)) if t}
        values[one.name] = said
    said = {
        "id": notice.id, "document": notice.document, "issued": notice.issued.isoformat(),
        "in_force": notice.in_force.isoformat(), **({"stays": "discharged_from"} if notice.by_discharge else {}),
        "values": values,
    }  # fmt: skip
    return yaml.safe_dump([said], allow_unicode=True, sort_keys=False, width=1000)


def notices_met(practice: str | Path, notice: NewNotice, lang: str) -> tuple[Met, ...]:
    """What a new notice meets: other notices, in force from its day or a later one on, that set the same."""
    named = {one.name for one in notice.values}
    return tuple(
        Met(
            entry.parameter.short[lang == "en"], in_words(other.document, lang), other.in_force,
            value_words(entry.source.value, lang),
        )
        for other in open_practice(practice).notices
        if (other.in_force, other.issued) >= (notice.in_force, notice.issued)
        for entry in other.values
        if entry.parameter.name in named
    )  # fmt: skip


def scheme_names() -> tuple[SchemeName, ...]:
    """The grouping schemes there are, by id; one of one's own by the title it gives itself."""

    def said(one: schemes.CatalogueEntry, lang: str) -> str:
        word = in_word(one.id, lang)
        return one.title if word == one.id else word

    return tuple(SchemeName(one.id, said(one, "zh"), said(one, "en")) for one in schemes.catalogue())


def schemes_differ(old: str, new: str, lang: str) -> list[str]:
    """How two grouping schemes differ, a line for each difference. SCHEME where one is not there."""
    found = schemes.compare(schemes.load(old), schemes.load(new))
    return [one.en if lang == "en" else one.zh for one in found]


def check_value(name: str, value: str) -> str:
    """The canonical text of a value somebody typed for a parameter. Raises POLICY for an unknown name, or what is no
    value of it."""
    place = Place("values")
    parameter = find(dictionary(), name, place)
    return written(parameter, read_value(parameter, structure_of(parameter, value, place), place))


def scheme_text(practice: str | Path, scheme: str) -> str:
    """The text of a practice under another grouping scheme, to try it."""
    text, _ = practice_text(practice)
    return _SCHEME.sub(f"scheme: {scheme}", text, count=1)
