"""Who acts: a person, in one role, in one unit. Made once a request; every read and write asks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest

from drgpay_web.people.matrix import Act, Reach, Role, acts
from drgpay_web.people.models import Membership, Person, Unit
from drgpay_web.ui import PageError, w
from drgpay_web.ui.once import once

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from drgpay.runs import Scope


class NotThere(PageError):
    """What is outside the reader's scope does not exist: answered with 404."""

    status = 404


class Refused(PageError):
    """The role may not do this: answered with 403. ``act`` says what."""

    status = 403

    def __init__(self, act: Act) -> None:
        self.act = act
        super().__init__(act.value)

    def said(self, lang: str) -> str:
        return w("people.refused", lang, act=acts()[self.act].word(lang))


@dataclass(frozen=True)
class Actor:
    """A person in a role. ``session`` is a digest that names the session, ``address`` where the request came from."""

    person: Person
    membership: Membership | None
    role: Role
    unit: Unit
    area: str
    session: str = ""
    address: str = ""

    def reach(self, act: Act) -> Unit | None:
        """The unit within which the actor may do ``act`` (with all below it); None where the role may not."""
        if self.role is Role.SYSTEM:
            return self.unit
        reach = acts()[act].roles.get(self.role)
        return None if reach is None else _root(self.unit, reach)

    def may(self, act: Act, unit: Unit | None = None) -> bool:
        """Whether the actor may do ``act``, in ``unit`` where one is named."""
        root = self.reach(act)
        return root is not None and (unit is None or unit.within(root))

    def need(self, act: Act, unit: Unit | None = None) -> None:
        """Go on where the actor may; else raise NotThere (outside one's scope) or Refused (not one's role)."""
        if unit is not None and not unit.within(self.widest()):
            raise NotThere
        if self.reach(act) is None:
            raise Refused(act)
        if not self.may(act, unit):
            raise NotThere

    def widest(self) -> Unit:
        """The widest unit anything of this role reaches: the area, or the own institution, department, doctor."""
        return self.unit if self.role.unit_kind == "area" else _root(self.unit, _kind(self.role))

    def assigned_only(self, act: Act) -> bool:
        """Whether the role reaches only what was given to this person by name."""
        return acts()[act].roles.get(self.role) == "assigned"

    @once
    def institutions(self, act: Act) -> list[Unit]:
        """The institutions within the reach of ``act``; of a department or a doctor, the one it is in."""
        root = self.reach(act)
        if root is None or self.assigned_only(act):
            return []
        if root.kind == Unit.AREA:
            return list(Unit.objects.filter(path__startswith=root.path, kind=Unit.INSTITUTION))
        return [unit for unit in root.line() if unit.kind == Unit.INSTITUTION]

    def scope(self, act: Act) -> Scope:
        """What the actor may read under ``act``, for ``drgpay.runs``. Raises Refused where the role may not."""
        from drgpay.runs import Scope

        root = self.reach(act)
        if root is None:
            raise Refused(act)
        persons = act in (Act.STAY_PERSONS, Act.EXPORT_PERSONS)
        areas = frozenset({self.area})
        if self.assigned_only(act):
            return Scope(areas=areas, institutions=frozenset(), persons=persons)
        house = root.of_kind(Unit.INSTITUTION)
        if house is None:
            return Scope(areas=areas, persons=persons)
        if root.kind == Unit.INSTITUTION:
            return Scope(areas=areas, institutions=frozenset({house.code}), persons=persons)
        pair = frozenset({(house.code, root.code)})
        if root.kind == Unit.DEPARTMENT:
            return Scope(areas=areas, institutions=frozenset({house.code}), departments=pair, persons=persons)
        return Scope(areas=areas, institutions=frozenset({house.code}), doctors=pair, persons=persons)


class Request(HttpRequest):
    """A request in the office: who acts (None: nobody signed in) and in which language."""

    actor: Actor | None
    lang: str
    htmx: HtmxDetails


def actor_of(request: HttpRequest) -> Actor:
    """The one who acts in a page behind a door."""
    actor = getattr(request, "actor", None)
    if actor is None:
        raise NotThere
    return actor  # type: ignore[no-any-return]


def system_actor(area: str) -> Actor:
    """Who acts in an area when nobody does."""
    unit = Unit.objects.get(area=area, kind=Unit.AREA)
    return Actor(Person.objects.system(), None, Role.SYSTEM, unit, area)


def named(username: str, area: str = "") -> Actor:
    """A person by the user name (in an area), as what he is; he has one role. Raises what Django raises otherwise."""
    roles = Membership.objects.select_related("person", "unit").filter(person__username=username)
    held = (roles.filter(unit__area=area) if area else roles).get()
    return Actor(held.person, held, Role(held.role), held.unit, held.unit.area)


def somebody(role: Role, unit: Unit) -> Actor | None:
    """The first person with a role in a unit, as what he is; None where nobody has it."""
    held = Membership.objects.filter(role=role, unit=unit, person__is_active=True).order_by("pk")
    found = held.select_related("person", "unit").first()
    return Actor(found.person, found, role, found.unit, found.unit.area) if found else None


def _root(unit: Unit, reach: Reach) -> Unit:
    """The unit of the reach's kind that ``unit`` is in; the unit itself where it is above it."""
    kind = "area" if reach == "assigned" else reach
    return unit.of_kind(kind) or unit


def _kind(role: Role) -> Reach:
    kinds: dict[str, Reach] = {"H3": "department", "H4": "doctor"}
    return kinds.get(role.value, "institution")
