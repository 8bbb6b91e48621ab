"""People and cases of an office of tests."""

from __future__ import annotations

from typing import Any


def actor(role: str, unit: Any, name: str = "") -> Any:
    """Somebody in a role of a unit."""
    from drgpay_web.people import Actor, Membership, Person, Role

    person, _ = Person.objects.get_or_create(username=name or f"{role}-{unit.code}", defaults={"name": name or role})
    membership, _ = Membership.objects.get_or_create(person=person, role=role, unit=unit, defaults={"since": "2020-01-01"})
    return Actor(person, membership, Role(role), unit, unit.area)


def units(area: str = "A1") -> dict[str, Any]:
    """An area with two hospitals, a department and a doctor in each."""
    from drgpay_web.people import Unit

    made: dict[str, Any] = {"area": Unit.objects.create(area=area, kind="area", code=area, name="甲市")}
    for house in ("H1", "H2"):
        made[house] = Unit.objects.create(
            area=area, kind="institution", code=house, name=f"{house}医院", parent=made["area"]
        )
        made[f"{house}/D1"] = Unit.objects.create(
            area=area, kind="department", code="D1", name="内科", parent=made[house]
        )
    return made
