"""Everything that is done to accounts: each atomic, each in the audit. Initial passwords are shown once."""

from __future__ import annotations

import secrets
from datetime import date

from allauth.mfa.models import Authenticator
from axes.utils import reset as unlock_attempts
from django.db import transaction

from drgpay_web import clock, trail
from drgpay_web.people import Act, Actor, Membership, Person, Role, Unit
from drgpay_web.people.passwords import set_password
from drgpay_web.ui import Unfit

_SIGNS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"


def new_password() -> str:
    """A password to be changed at the first sign-in: 14 signs of three kinds, none that look alike."""
    body = "".join(secrets.choice(_SIGNS) for _ in range(11))
    return f"{body}{secrets.choice('abcdefgh')}{secrets.choice('ABCDEFGH')}{secrets.choice('23456789')}"


@transaction.atomic
def create_account(*, by: Actor, username: str, name: str, role: Role, unit: Unit) -> tuple[Person, str]:
    """Open an account with its first role; the password is returned once and must be changed."""
    by.need(Act.ACCOUNT_CREATE, unit)
    if Person.objects.filter(username=username).exists():
        raise Unfit("accounts.taken", username=username)
    password = new_password()
    person = Person.objects.create_user(username, password, name=name, must_change_password=True)
    trail.record(by, Act.ACCOUNT_CREATE, f"account:{username}", after={"person": person.pk})
    give_role(by=by, person=person, role=role, unit=unit)
    return person, password


@transaction.atomic
def give_role(
    *, by: Actor, person: Person, role: Role, unit: Unit, since: date | None = None, until: date | None = None
) -> Membership:
    """Give a role in a unit of the role's kind. System roles and business roles never meet in one person."""
    by.need(Act.ACCOUNT_ROLE, unit)
    _not_oneself(by, person)
    if unit.kind != role.unit_kind:
        raise Unfit("accounts.wrong_unit")
    held = person.memberships_now()
    if any((one.role[0] == "S") != (role.side == "system") for one in held):
        raise Unfit("accounts.apart")
    if role.side == "system" and any(one.role != role for one in held):
        raise Unfit("accounts.three_apart")
    if any(one.role == role and one.unit_id == unit.pk for one in held):
        raise Unfit("accounts.has_role")
    given = Membership.objects.create(
        person=person, role=role.value, unit=unit, since=since or clock.today(), until=until
    )
    after = {"membership": given.pk, "role": role.value, "unit": unit.pk, "since": given.since, "until": until}
    trail.record(by, Act.ACCOUNT_ROLE, f"account:{person.username}", after=after)
    return given


@transaction.atomic
def end_role(*, by: Actor, membership: Membership) -> None:
    """Take a role away: it held until yesterday, and its sessions end."""
    by.need(Act.ACCOUNT_ROLE, membership.unit)
    _not_oneself(by, membership.person)
    before = {"membership": membership.pk, "until": membership.until}
    membership.until = date.fromordinal(clock.today().toordinal() - 1)
    membership.save(update_fields=["until"])
    _end_session(membership.person)
    after = {"membership": membership.pk, "until": membership.until}
    trail.record(by, Act.ACCOUNT_ROLE, f"account:{membership.person.username}", before=before, after=after)


@transaction.atomic
def reset(*, by: Actor, person: Person, reason: str) -> str:
    """A new password, no second factor, no lock; returned once, to be changed at the next sign-in."""
    _of_my_area(by, Act.ACCOUNT_RESET, person)
    _not_oneself(by, person)
    password = new_password()
    set_password(person, password, must_change=True)
    Authenticator.objects.filter(user=person).delete()
    unlock_attempts(username=person.username)
    trail.record(by, Act.ACCOUNT_RESET, f"account:{person.username}", reason=reason)
    return password


@transaction.atomic
def set_active(*, by: Actor, person: Person, active: bool, reason: str) -> None:
    """Lock an account (its session ends), or open it again (failed sign-ins are forgotten)."""
    _of_my_area(by, Act.ACCOUNT_LOCK, person)
    _not_oneself(by, person)
    before = {"active": person.is_active}
    person.is_active = active
    person.save(update_fields=["is_active"])
    if active:
        unlock_attempts(username=person.username)
    else:
        _end_session(person)
    subject = f"account:{person.username}"
    trail.record(by, Act.ACCOUNT_LOCK, subject, before=before, after={"active": active}, reason=reason)


def _not_oneself(by: Actor, person: Person) -> None:
    if by.person.pk == person.pk:
        raise Unfit("accounts.not_oneself")


def _of_my_area(by: Actor, act: Act, person: Person) -> None:
    """The person has, or had, a role within reach; one without any belongs to whoever opens accounts."""
    memberships = list(person.memberships.select_related("unit"))
    reached = [one for one in memberships if by.may(act, one.unit)]
    by.need(act, (reached or memberships)[0].unit if memberships else None)


def _end_session(person: Person) -> None:
    person.session_key = ""
    person.save(update_fields=["session_key"])
