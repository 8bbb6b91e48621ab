"""Who sees and writes which register: the bureau the area's, a hospital its own; others' rows do not exist for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drgpay.tables import INSTITUTIONS, Table
from drgpay_web.people import Act, Actor, NotThere, Refused, Unit
from drgpay_web.store import Kept, kept_tables

HOUSE = INSTITUTIONS.key[0]


@dataclass(frozen=True)
class Seen:
    """A register as an actor sees it: ``owner`` whose it is ("" the area's), ``house`` the only institution whose
    rows are shown ("" all), and whether he may write it."""

    table: Table
    owner: str
    house: str
    writes: bool

    def title(self, lang: str) -> str:
        """What it is called."""
        return self.table.en if lang == "en" else self.table.zh

    @property
    def name(self) -> str:
        """The register's. (To a template ``table.name`` is the table's column ``name``, where it has one.)"""
        return self.table.name

    def shows(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is the actor's to see."""
        return not self.house or row.get(HOUSE) == self.house


def registers_of(actor: Actor) -> tuple[Seen, ...]:
    """Every register the actor may see, in the order of the dictionary."""
    return tuple(seen for kept in kept_tables() if (seen := _seen(actor, kept)) is not None)


def register_of(actor: Actor, name: str) -> Seen:
    """One of them. Raises NotThere."""
    found = next((seen for seen in registers_of(actor) if seen.table.name == name), None)
    if found is None:
        raise NotThere
    return found


def need_write(actor: Actor, seen: Seen) -> None:
    """Go on where the actor may write the register. Raises Refused."""
    if not seen.writes:
        raise Refused(Act.REGISTER_WRITE)


def _seen(actor: Actor, kept: Kept) -> Seen | None:
    root = actor.reach(Act.REGISTER_SEE)
    if root is None:
        return None
    may = actor.may(Act.REGISTER_WRITE)
    house = root.of_kind(Unit.INSTITUTION)
    if kept.own:
        return Seen(kept.table, house.code, "", may) if house else None
    if house is None:
        return Seen(kept.table, "", "", may)
    return Seen(kept.table, "", house.code, False) if HOUSE in kept.table.names else None
