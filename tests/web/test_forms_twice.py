"""The form of a move of every kind of case, sent as browsers send it: twice by one person, and late by another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support.office_people import browser
from support.openers import OPENERS
from support.racing import dice
from support.walking import World, fitting, holds
from support.whole import Since

QUICK = {"coding_note", "follow_up", "reconciliation", "submission"}
ROUNDS = 12
"""how often something may happen besides, until a move of the kind is possible"""


@pytest.fixture
def world(office: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    from drgpay_web import clock

    here = World()
    monkeypatch.setattr(clock, "today", lambda: here.day)
    return here


def possible(world: World, name: str) -> Iterator[tuple[Any, Any, Any]]:
    """Case, move and who can make it, what is waited for first."""
    from drgpay_web import flow

    people = [one for one in world.people if one.person.memberships.count() == 1]
    for case in flow.Case.objects.filter(machine=name, closed_at=None).select_related("unit").order_by("pk"):
        moves = sorted((m for m in case.rules.moves if m.act), key=lambda move: not move.waits(case))
        for move in moves:
            for who in people:
                if move in flow.moves_for(who, case) and who.may(case.rules.see, case.unit):
                    yield case, move, who
                    break


def form(case: Any, move: Any, who: Any, name: str, draw: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    typed = {field: fitting(field, case, who, OPENERS[name], draw) for field in move.fields}
    sent = {
        f"f_{field.name}": "on" if said is True else said
        for field, said in typed.items()
        if said is not False and said is not None
    }
    return {"move": move.name, "version": case.version, "note": "", **sent}


def sent_once(world: World, name: str) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
    """A form that was taken: case, move, who sent it, in which browser, and the form."""
    from drgpay_web import flow

    for seed in range(ROUNDS):
        draw = dice(seed)
        for case, move, who in possible(world, name):
            asked, client, since = form(case, move, who, name, draw), browser(who), Since()
            answer = client.post(f"/cases/{case.pk}/move", asked)
            assert answer.status_code in (302, 422), answer.content.decode()[:2000]
            if answer.status_code == 302:
                since.whole()
                return case, move, who, client, asked
            since.refused("guarded")
        for also in OPENERS[name].also:
            also(world, draw)
        world.day += timedelta(1)
        flow.sweep()
    pytest.fail("no move was possible")


def plain(name: str, patch: pytest.MonkeyPatch) -> None:
    """Leave out what a room says of its cases on their pages: they are made up, and rooms test it."""
    from drgpay_web.flow.machine import _known

    patch.setitem(_known, name, replace(_known[name], facts=None, panel="", panel_of=None))


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in sorted(OPENERS)]
)
def test_a_form_sent_twice_is_one_move(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from drgpay_web import flow
    from drgpay_web.people import NotThere

    OPENERS[name].prepare(world, monkeypatch)
    plain(name, monkeypatch)
    OPENERS[name].opened(world, dice(1))
    case, move, who, client, asked = sent_once(world, name)
    address = f"/cases/{case.pk}/move"

    since = Since()
    again = client.post(address, asked)
    now = flow.Case.objects.get(pk=case.pk)
    if now.version == case.version + 1:  # the very move: it is made, and he is led on as before
        assert again.status_code in (302, 404)
        since.refused()
    else:  # something followed by itself: he is told what
        assert again.status_code == 409
        since.refused("stale")

    others = [one for one in world.people if one.person != who.person and one.person.memberships.count() == 1]
    for other in [one for one in others if one.may(move.act, case.unit) and one.may(case.rules.see, case.unit)]:
        try:
            flow.case_seen(other, case.pk)
        except NotThere:
            continue
        beside, since = browser(other), Since()
        late = beside.post(address, asked)
        page = late.content.decode()
        assert late.status_code in (409, 422), page[:2000]
        since.refused("stale" if late.status_code == 409 else "guarded")
        if late.status_code == 409:
            assert 'role="alert"' in page
            assert case.rules.sees is not None or who.person.name in page, "who did it is told"
        break
    holds()
