"""Units of the office of tests, and anybody in any role of them."""

from __future__ import annotations

from typing import Any


def units() -> dict[str, Any]:
    """The area, its hospitals ``H1`` and ``H2``."""
    from drgpay_web.people import Unit

    area = Unit.objects.get(kind=Unit.AREA, area="A1")
    first, second = Unit.objects.filter(kind=Unit.INSTITUTION, area="A1").order_by("code")
    return {"area": area, "H1": first, "H2": second}


def actor(role: str, unit: Any, name: str = "") -> Any:
    """Somebody in a role of a unit; the same name is the same person."""
    from drgpay_web.people import Actor, Membership, Person, Role

    username = name or f"{role}-{unit.area}-{unit.code}"
    person, _ = Person.objects.get_or_create(username=username, defaults={"name": username})
    membership, _ = Membership.objects.get_or_create(
        person=person, role=role, unit=unit, defaults={"since": "2020-01-01"}
    )
    return Actor(person, membership, Role(role), unit, unit.area)


def browser(who: Any) -> Any:
    """A browser in which somebody is signed in, with the second device his role asks for."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP
    from django.test import Client

    from support.office import BACKEND, SECRET

    if who.role.second_factor and not Authenticator.objects.filter(user=who.person).exists():
        TOTP.activate(who.person, SECRET)
    client = Client(headers={"X-Membership": str(who.membership.pk)})
    client.force_login(who.person, backend=BACKEND)
    return client
