"""What the search finds of registers: tables by their names and the names of their columns."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from drgpay_web.people import Act, Actor
from drgpay_web.registers.rules import registers_of
from drgpay_web.ui.finding import Finder, Found, holds
from drgpay_web.ui.tables import title_of


def _registers(actor: Actor, asked: str, lang: str) -> Iterator[Found]:
    for seen in registers_of(actor):
        table = seen.table
        heads = [title_of(column, lang) for column in table.columns]
        if holds(asked, seen.title(lang), *heads) or table.name.startswith(asked):
            yield Found(seen.title(lang), reverse("register", args=[table.name]), "、".join(heads[:8]))


FINDERS = (Finder("registers.found_registers", Act.REGISTER_SEE, 80, _registers),)
