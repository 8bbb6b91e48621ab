"""The law in force: notices replayed for a day, frozen with their sources; amended by making a new one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar, cast

from drgpay.errors import DrgpayError, Kind
from drgpay.notation import Place
from drgpay.policy.dictionary import Dictionary, Type, dictionary, find
from drgpay.policy.lists import ModeRule, Rate
from drgpay.policy.practice import Entry, Notice, Practice, ValueSource, open_practice
from drgpay.policy.values import (
    NOT_SET,
    Band,
    MonthDay,
    Value,
    YearWeight,
    read_value,
    structure_of,
    written,
)

_Given = TypeVar("_Given")


@dataclass(frozen=True, slots=True)
class Policy:
    """Every parameter of a practice as it stands on one day, as far as known on another. Frozen.

    ``digest`` is the sha256 of what is decided and why: practice, region, scheme, and every value with its type,
    clause, source, notice and checking date. The days asked for are not part of it: the same law on two days
    has one digest. Ratios count 1/10,000; yuan count fen.

    A getter of the wrong type is a defect of the caller (``TypeError``); an unknown name is a
    :class:`DrgpayError` that proposes the nearest.
    """

    practice: str
    region: str
    scheme: str
    on: date
    known_on: date | None
    digest: str
    _entries: Mapping[str, Entry] = field(repr=False, hash=False)

    def integer(self, name: str) -> int:
        """A whole number in the parameter's unit."""
        return cast(int, self._value(name, "integer"))

    def integer_or_none(self, name: str) -> int | None:
        """An optional whole number; None when the practice does not set it."""
        return cast("int | None", self._value(name, "integer", optional=True))

    def ratio(self, name: str) -> int:
        """A ratio in 1/10,000."""
        return cast(int, self._value(name, "ratio"))

    def ratio_or_none(self, name: str) -> int | None:
        """An optional ratio in 1/10,000; None when the practice does not set it."""
        return cast("int | None", self._value(name, "ratio", optional=True))

    def fen(self, name: str) -> int:
        """An amount of money in fen (written in yuan)."""
        return cast(int, self._value(name, "yuan"))

    def choice(self, name: str) -> str:
        """One of the parameter's closed list."""
        return cast(str, self._value(name, "choice"))

    def choice_or_none(self, name: str) -> str | None:
        """One of an optional parameter's closed list; None when it is not set."""
        return cast("str | None", self._value(name, "choice", optional=True))

    def fen_or_none(self, name: str) -> int | None:
        """An optional amount of money in fen; None when it is not set."""
        return cast("int | None", self._value(name, "yuan", optional=True))

    def flag(self, name: str) -> bool:
        """A switch; false when the practice does not set it."""
        return cast(bool, self._value(name, "flag"))

    def month_day(self, name: str) -> MonthDay:
        """A day of the year: (month, day)."""
        return cast(MonthDay, self._value(name, "month_day"))

    def codes(self, name: str) -> tuple[str, ...]:
        """A set of codes, sorted."""
        return cast("tuple[str, ...]", self._value(name, "codes"))

    def codes_or_none(self, name: str) -> tuple[str, ...] | None:
        """Codes of an optional parameter; None when it is not set."""
        return cast("tuple[str, ...] | None", self._value(name, "codes", optional=True))

    def names(self, name: str) -> tuple[str, ...]:
        """Names of a closed list, in the order the practice gives."""
        return cast("tuple[str, ...]", self._value(name, "names"))

    def table(self, name: str) -> Mapping[str, int]:
        """Ratios (1/10,000) by key, read-only, in the dictionary's order of keys (or sorted)."""
        return MappingProxyType(dict(cast("tuple[tuple[str, int], ...]", self._value(name, "table"))))

    def table_or_none(self, name: str) -> Mapping[str, int] | None:
        """An optional table; None when the practice does not set it."""
        pairs = self._value(name, "table", optional=True)
        return None if pairs is None else MappingProxyType(dict(cast("tuple[tuple[str, int], ...]", pairs)))

    def bands(self, name: str) -> tuple[Band, ...]:
        """Ascending bands; ``upto`` in the dictionary's bound unit (ratio and points: 1/10,000), value 1/10,000."""
        return cast("tuple[Band, ...]", self._value(name, "bands"))

    def bands_or_none(self, name: str) -> tuple[Band, ...] | None:
        """Optional bands; None when the practice does not set them."""
        return cast("tuple[Band, ...] | None", self._value(name, "bands", optional=True))

    def years(self, name: str) -> tuple[YearWeight, ...]:
        """(year, weight) pairs, earliest year first."""
        return cast("tuple[YearWeight, ...]", self._value(name, "years"))

    def rules(self, name: str) -> tuple[ModeRule, ...]:
        """Ordered rules of payment modes; empty when the practice does not set them."""
        return cast("tuple[ModeRule, ...] | None", self._value(name, "mode_rules", optional=True)) or ()

    def rates(self, name: str) -> tuple[Rate, ...]:
        """A list of rates (fen); empty when the practice does not set it."""
        return cast("tuple[Rate, ...] | None", self._value(name, "rates", optional=True)) or ()

    def names_or_none(self, name: str) -> tuple[str, ...] | None:
        """Names of an optional parameter in the order given; None when it is not set."""
        return cast("tuple[str, ...] | None", self._value(name, "names", optional=True))

    def source(self, name: str) -> ValueSource:
        """The canonical text of a value and where it comes from."""
        return self._entry(name).source

    def values(self) -> Mapping[str, ValueSource]:
        """Every parameter in the dictionary's order: canonical text (``none``: not set) and source; read-only."""
        return MappingProxyType({name: entry.source for name, entry in self._entries.items()})

    def kept(self) -> Mapping[str, ValueSource]:
        """:meth:`values` without the quiet parameters that are not set: what a run keeps."""
        return MappingProxyType({name: entry.source for name, entry in self._entries.items() if not _silent(entry)})

    def amend(self, changes: Mapping[str, object], reason: str) -> Policy:
        """A new policy with some values changed, checked like a notice; this one stays as it is.

        ``changes``: text, or lists and mappings of text, by parameter name; ``none`` unsets an optional one.
        The reason becomes the source of the changed values and so part of the new digest.
        """
        start = Place("amend")
        if not reason.strip():
            raise start.error(
                "修改必须说明理由", "an amendment needs a reason", fix_zh="写明理由", fix_en="say why it is made"
            )
        entries = dict(self._entries)
        for name, given in changes.items():
            place = start.at(name)
            parameter = find(entries, name, place).parameter
            value = read_value(parameter, structure_of(parameter, given, place), place)
            entries[name] = Entry(
                parameter, value, ValueSource(written(parameter, value), "", reason.strip(), "", None)
            )
        _check_together(entries, start)
        return replace(
            self, digest=_digest(self.practice, self.region, self.scheme, entries.values()), _entries=entries
        )

    def _entry(self, name: str) -> Entry:
        return find(self._entries, name, Place("policy", name))

    def _value(self, name: str, wanted: Type, *, optional: bool = False) -> Value:
        entry = self._entry(name)
        parameter = entry.parameter
        if parameter.type != wanted or parameter.optional != optional:
            kind = ("optional " if parameter.optional else "") + parameter.type
            raise TypeError(f"{name} is {kind}; {'optional ' if optional else ''}{wanted} was asked for")
        return entry.value


def load(practice: str | Path, *, on: date, known_on: date | None = None) -> Policy:
    """The policy of a practice in force on ``on``, as it was known on ``known_on`` (None: all that was issued).

    ``practice``: the id of a shipped one, or the path of a practice file. Raises :class:`DrgpayError` (POLICY)
    naming file, path, value and the next move. Design: design/01 (``on`` and ``known_on``; replaying the
    notices gives the law in force).
    """
    words = dictionary()
    return replay(open_practice(practice), words, on=on, known_on=known_on)


def replay(practice: Practice, words: Dictionary, *, on: date, known_on: date | None = None) -> Policy:
    """The law of a read practice: notices issued by ``known_on`` and in force on ``on``, later over earlier.

    Order: in_force, then issued, then position in the file; each value a later notice gives replaces the former.
    """
    known = known_notices(practice, known_on)
    active = [n for n in known if in_force(n, on)]
    if not active:
        first = min((n.in_force for n in known), default=None)
        day = str(on) if known_on is None else f"{on}（known_on {known_on}）"
        raise (
            Place(practice.file)
            .at("notices")
            .error(
                "该日没有生效的通知",
                "no notice is in force on that day",
                fix_zh="检查日期" if first is None else f"已知通知最早于 {first} 生效；检查日期",
                fix_en="check the days"
                if first is None
                else f"the earliest known one is in force from {first}; check the days",
                value=day,
            )
        )
    return law_of_notices(practice, words, active, active, on=on, known_on=known_on)


def known_notices(practice: Practice, known_on: date | None) -> list[Notice]:
    """The notices issued by a day, in the order of the file."""
    return [n for n in practice.notices if known_on is None or n.issued <= known_on]


def in_force(notice: Notice, on: date) -> bool:
    """The notice holds on a day."""
    return notice.in_force <= on and (notice.until is None or on < notice.until)


def law_of_notices(
    practice: Practice,
    words: Dictionary,
    active: Iterable[Notice],
    of_stays: Iterable[Notice],
    *,
    on: date,
    known_on: date | None,
) -> Policy:
    """The law some notices make, later over earlier: ``of_stays`` give what acts on stays, ``active`` all else."""
    place = Place(practice.file)
    entries = {name: _unset(words, name) for name in words if words[name].optional or words[name].default}
    for notices, stays in ((active, False), (of_stays, True)):
        for notice in sorted(notices, key=lambda n: (n.in_force, n.issued)):
            entries.update(
                (entry.parameter.name, entry) for entry in notice.values if (entry.parameter.acts == "stay") == stays
            )
    missing = [name for name in words if name not in entries]
    if missing:
        names = ", ".join(missing)
        raise place.error(
            f"{on} 缺少 {len(missing)} 个参数：{names}",
            f"missing on {on}, {len(missing)} in all: {names}",
            fix_zh="在当日生效的通知中补上",
            fix_en="give them in a notice in force on that day",
        )
    entries = {name: entries[name] for name in words}
    _check_together(entries, place)
    return Policy(
        practice=practice.practice,
        region=practice.region,
        scheme=practice.scheme,
        on=on,
        known_on=known_on,
        digest=_digest(practice.practice, practice.region, practice.scheme, entries.values()),
        _entries=entries,
    )


def _unset(words: Dictionary, name: str) -> Entry:
    parameter = words[name]
    value: Value = None if parameter.default is None else False
    return Entry(parameter, value, ValueSource(parameter.default or NOT_SET, "", "unset", "", None))


def _silent(entry: Entry) -> bool:
    """A quiet parameter that nobody has set: a practice written before it existed stays the same."""
    return entry.parameter.quiet and entry.source.value == (entry.parameter.default or NOT_SET)


def _check_together(entries: Mapping[str, Entry], start: Place) -> None:
    """Rules between parameters: bounds the right way round, and what a choice makes necessary."""
    for name, entry in entries.items():
        parameter, place = entry.parameter, start.at(name)
        if parameter.at_most is not None and entry.value is not None:
            other = entries[parameter.at_most]
            if other.value is not None and cast(int, entry.value) > cast(int, other.value):
                raise place.mistake(
                    f"不得大于 {parameter.at_most}",
                    f"must not exceed {parameter.at_most}",
                    value=entry.source.value,
                    right_zh=f"≤ {other.source.value}",
                )
        if parameter.required_when is not None and entry.value is None:
            chooser, _, choice = parameter.required_when.partition("=")
            if entries[chooser].source.value == choice:
                raise place.error(
                    f"{chooser} 为 {choice} 时必须给出此参数",
                    f"is needed when {chooser} is {choice}",
                    fix_zh="给出该参数，或改变选项",
                    fix_en="give it, or choose otherwise",
                    value=NOT_SET,
                )


def _digest(practice: str, region: str, scheme: str, entries: Iterable[Entry]) -> str:
    rows = [
        [
            entry.parameter.name,
            entry.parameter.type,
            entry.source.value,
            entry.source.clause,
            entry.source.source,
            entry.source.notice,
            str(entry.source.checked_on or ""),
        ]
        for entry in entries
        if not _silent(entry)
    ]
    content = json.dumps([practice, region, scheme, sorted(rows)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def diff(a: Policy, b: Policy) -> list[tuple[str, str, str]]:
    """(name, text in ``a``, text in ``b``) of every parameter whose value differs; sources are not compared."""
    left, right = a.values(), b.values()
    return [(name, left[name].value, right[name].value) for name in left if left[name].value != right[name].value]


def parse_setting(text: str) -> tuple[str, str]:
    """``points.max_cv=0.9`` -> (``points.max_cv``, ``0.9``), for :meth:`Policy.amend`. No ``=``: a usage failure."""
    name, equals, value = text.partition("=")
    if not (equals and name.strip() and value.strip()):
        raise DrgpayError(
            Kind.USAGE,
            zh="设置须写成 参数=值",
            en="a setting is written name=value",
            fix_zh="改正：\n    错  " + text + "\n    对  points.max_cv=0.9",
            fix_en="change it:\n    wrong  " + text + "\n    right  points.max_cv=0.9",
            value=text,
        )
    return name.strip(), value.strip()


def needed(value: _Given | None, name: str) -> _Given:
    """An optional parameter that a computation cannot do without; POLICY when the practice does not set it, or sets
    an empty list."""
    if value is None or value == ():
        raise DrgpayError(
            Kind.POLICY,
            zh="这项计算需要的参数未设定",
            en="a parameter this computation needs is not set",
            field=name,
            fix_zh="在政策文件中给出该参数及来源",
            fix_en="give it, with its source, in the practice",
        )
    return value
