"""Practices as pages show them (政策页面): parameters with words and sources, notices by day, and what differs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from drgpay.policy import START, Dictionary, Policy, Practice, dictionary, diff, load, open_practice, practices
from drgpay.sources import in_words
from drgpay.words import in_word, value_words

_NUMBERS = ("ratio", "yuan", "integer")
_HUNDREDTHS = 100
"""scores are in 1/100"""


@dataclass(frozen=True)
class PracticeName:
    """A practice: its id, the area it is of, its scheme, title, and how many notices it has. ``of``: the practice it
    is a version of; of a shipped one its own id."""

    id: str
    region: str
    scheme: str
    zh: str
    en: str
    notices: int
    of: str


@dataclass(frozen=True)
class ParameterSeen:
    """A parameter as it stands: its topic and name, what it means, its value as written and in words, the source and
    clause in words, and the notice that sets it (``""``: none does). Texts are in one language. ``kind`` of the
    dictionary; ``choices`` (code, word) of a closed list, and ``least`` and ``most`` as they are written; ``swept``:
    a what-if can run over its values, ``simple``: a what-if can change it by one text."""

    topic: str
    name: str
    title: str
    meaning: str
    value: str
    said: str
    source: str
    clause: str
    notice: str
    kind: str
    choices: tuple[tuple[str, str], ...]
    least: str
    most: str
    is_set: bool
    swept: bool
    simple: bool


@dataclass(frozen=True)
class NoticeSeen:
    """A notice in a language: document, days (``until``: the first day it no longer holds), what it sets, and whether
    it is in force on the day asked for; ``by_discharge``: for stays discharged from its day on."""

    id: str
    document: str
    issued: date
    in_force: date
    until: date | None
    by_discharge: bool
    holds: bool
    values: tuple[tuple[str, str, str], ...]
    """title of the parameter, value in words, source"""


@dataclass(frozen=True)
class Differs:
    """A parameter whose values differ: title, name, and both values and sources in words."""

    name: str
    title: str
    old: str
    new: str
    old_source: str
    new_source: str


def practice_names(own: Iterable[Path] = ()) -> tuple[PracticeName, ...]:
    """The shipped practices, by id, and those of one's ``own`` files, whose id is the name of the file."""
    return tuple(_named(name, open_practice(name)) for name in practices()) + tuple(
        _named(file.stem, open_practice(file)) for file in own
    )


def _named(name: str, read: Practice) -> PracticeName:
    return PracticeName(
        name, read.region, read.scheme, read.title_zh, read.title_en, len(read.notices), read.practice
    )


def practice_of_area(area: str) -> str:
    """The practice of an area where nothing else was adopted: the shipped one of the same id or region, else the one
    a new area starts from."""
    return next((one.id for one in practice_names() if area in (one.id, one.region)), START)


def parameters_seen(practice: str | Path, on: date, known_on: date | None, lang: str) -> list[ParameterSeen]:
    """Every parameter of a practice as it stands on a day, in the order of the dictionary. Raises POLICY."""
    return seen_of(load(practice, on=on, known_on=known_on), dictionary(), lang)


def seen_of(policy: Policy, words: Dictionary, lang: str) -> list[ParameterSeen]:
    """Every parameter of a policy as it stands, in the order of its dictionary."""
    found = []
    for name, source in policy.values().items():
        parameter = words[name]
        found.append(
            ParameterSeen(
                topic=name.partition(".")[0],
                name=name,
                title=parameter.short[lang == "en"],
                meaning=parameter.en if lang == "en" else parameter.zh,
                value=source.value,
                said=value_words(source.value, lang),
                source=in_words(source.source, lang),
                clause=in_words(source.clause, lang),
                notice=source.notice,
                kind=parameter.type,
                choices=tuple((code, in_word(code, lang)) for code in parameter.choices),
                least=parameter.min or "",
                most=parameter.max or "",
                is_set=source.value != "none",
                swept=parameter.type in _NUMBERS and not parameter.choices,
                simple=parameter.type in (*_NUMBERS, "choice", "flag"),
            )
        )
    return found


def notices_seen(practice: str | Path, on: date, lang: str) -> list[NoticeSeen]:
    """The notices of a practice, the latest first."""
    read = open_practice(practice)
    found = [
        NoticeSeen(
            one.id, in_words(one.document, lang), one.issued, one.in_force, one.until, one.by_discharge,
            one.in_force <= on and (one.until is None or on < one.until),
            tuple(
                (each.parameter.short[lang == "en"], value_words(each.source.value, lang),
                 in_words(each.source.source, lang))
                for each in one.values
            ),
        )
        for one in read.notices
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.in_force, one.issued, one.id), reverse=True)


def practices_differ(old: tuple[str | Path, date], new: tuple[str | Path, date], lang: str) -> list[Differs]:
    """The parameters that differ between two practices, or one on two days: (practice, day)."""
    before, now = (load(practice, on=on) for practice, on in (old, new))
    words = dictionary()
    return [
        Differs(
            name, words[name].short[lang == "en"], *(value_words(p.source(name).value, lang) for p in (before, now)),
            *(in_words(p.source(name).source, lang) for p in (before, now)),
        )
        for name, _, _ in diff(before, now)
    ]  # fmt: skip


def hand_in_rules(practice: str | Path, month: tuple[int, int]) -> tuple[int, int | None]:
    """What a practice says of hand-ins of a month: by how many working days after its end a month must be settled,
    and from which score (in 1/100) a submission is accepted by itself (None: never)."""
    policy = _of_month(practice, month)
    score = policy.integer_or_none("office.accept_score")
    return policy.integer("settlement.month_deadline_days"), None if score is None else score * _HUNDREDTHS


def _of_month(practice: str | Path, month: tuple[int, int]) -> Policy:
    """The law of a month's last day; of a month before the first notice, that of the first notice."""
    year, number = month
    last = date(year + number // 12, number % 12 + 1, 1) - timedelta(1)
    notices = open_practice(practice).notices
    return load(practice, on=max([last, *(n.in_force for n in notices[:1])]))
