"""An explanation on the screen: lines that lead to parameter, row and ledger entry; and the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.urls import reverse

from drgpay.runs import Section, parameter_name, read_manifest, said_sources
from drgpay.tables import ALL, LEDGER, SETTLED_STAYS, Table
from drgpay_web import store
from drgpay_web.people import Act, Actor
from drgpay_web.ui import field_word
from drgpay_web.ui.tables import title_of

_TABLES: dict[str, Table] = {table.name: table for table in ALL}
OF_A_STAY = "stay_id"


@dataclass(frozen=True)
class Shown:
    """A line: words, value, name and anchor of its parameter, and where it was read (words, address)."""

    said: str
    value: str
    parameter: str
    anchor: str
    link: tuple[str, str] | None


def shown(
    actor: Actor, result: store.Result, sections: Sequence[Section], sources: Mapping[str, Any], lang: str
) -> dict[str, Any]:
    """What ``boards/explained.html`` shows."""
    kept = {one.table.name for one in store.kept_tables()} if actor.may(Act.REGISTER_SEE) else set()
    return {
        "sections": [
            (_said(section, lang), [_line(actor, result, line, kept, lang) for line in section.lines])
            for section in sections
        ],
        "sources": [(one, _policy(actor, result, one.name)) for one in said_sources(sources, lang)],
    }  # fmt: skip


def _policy(actor: Actor, result: store.Result, name: str) -> str:
    """The page of the practice with this parameter; empty for those who may not see it."""
    if not actor.may(Act.POLICY_SEE) or not apps.is_installed("drgpay_web.policy"):
        return ""
    said = read_manifest(store.folder(result))
    return f"/policy/practice/{said['practice']}?{urlencode({'q': name.partition(' [')[0], 'on': said['on']})}"


def _said(thing: Any, lang: str) -> str:
    return str(thing.en if lang == "en" else thing.zh)


def _line(actor: Actor, result: store.Result, line: Any, kept: set[str], lang: str) -> Shown:
    name = parameter_name(line.parameter, lang) if line.parameter else ""
    value = field_word(line.value, lang) if line.value else ""
    return Shown(_said(line, lang), value, name, line.parameter, _link(actor, result, line, kept, lang))


def _link(actor: Actor, result: store.Result, line: Any, kept: set[str], lang: str) -> tuple[str, str] | None:
    """Where a line was read: a ledger entry, another stay, a row of a register or of a table of the run."""
    if line.entry and actor.may(Act.BOARD_INSTITUTION):
        return title_of_table(LEDGER, lang), _address(result, LEDGER, line.entry)
    table = _TABLES.get(line.table)
    if table is None:
        return None
    if OF_A_STAY in table.key:
        stay = line.key.split("/")[table.key.index(OF_A_STAY)] if line.key else ""
        here = "/" not in stay and stay in _said(line, lang) and actor.may(Act.STAY_SEE)
        return (title_of(SETTLED_STAYS[OF_A_STAY], lang), reverse("stay", args=[result.pk, stay])) if here else None
    if table.name in kept:
        return title_of_table(table, lang), reverse("register", args=[table.name])
    if not actor.may(Act.BOARD_INSTITUTION):
        return None
    return title_of_table(table, lang), _address(result, table, line.key)


def title_of_table(table: Table, lang: str) -> str:
    """The name of a table."""
    return table.name.replace("_", " ") if lang == "en" else table.zh


def _address(result: store.Result, table: Table, key: str) -> str:
    """A row of a table of the run, found by its key; the whole table where the key does not say it."""
    parts = [key] if len(table.key) == 1 else key.split("/")
    asked = (
        {f"{name}.is": part for name, part in zip(table.key, parts, strict=False)}
        if len(parts) == len(table.key)
        else {}
    )
    place = reverse("board-table", args=[result.pk, table.name])
    return f"{place}?{urlencode(asked)}" if asked else place
