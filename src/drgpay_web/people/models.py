"""Units, persons, memberships. Persons sign in; roles are held in units; nothing here is ever deleted."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from drgpay_web import clock
from drgpay_web.people.matrix import GIVEN, Role
from drgpay_web.ui.once import once


class Unit(models.Model):
    """An area, an institution, a department or a doctor: a tree. Codes are the region's (institution_id, …)."""

    AREA, INSTITUTION, DEPARTMENT, DOCTOR = KINDS = ("area", "institution", "department", "doctor")

    area = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in KINDS])
    code = models.CharField(max_length=128)
    name = models.CharField(max_length=255)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=255, editable=False, db_index=True)
    """the numbers of all units from the area down to this one: ``/1/4/9/``"""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["area", "kind", "code", "parent"], name="unit_once"),
            models.UniqueConstraint(fields=["area"], condition=models.Q(kind="area"), name="area_once"),
        ]
        ordering: ClassVar = ["path"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and give a new unit its path."""
        super().save(*args, **kwargs)
        if not self.path:
            self.path = f"{self.parent.path if self.parent else '/'}{self.pk}/"
            super().save(update_fields=["path"])

    def within(self, other: Unit) -> bool:
        """Whether this unit is ``other`` or below it."""
        return self.path.startswith(other.path)

    def line(self) -> list[Unit]:
        """The units from the area down to this one."""
        return [*(self.parent.line() if self.parent else []), self]

    def of_kind(self, kind: str) -> Unit | None:
        """The unit of this kind that this one is or is in; None where it is above."""
        return next((unit for unit in self.line() if unit.kind == kind), None)


class PersonManager(BaseUserManager["Person"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Person:
        """A person with a password (None: nobody can sign in with it)."""
        person = self.model(username=self.model.normalize_username(username), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def system(self) -> Person:
        """The one that acts when nobody does: deadlines and jobs. It cannot sign in."""
        found = self.filter(username="system").first()
        return found or self.create_user("system", name="系统", is_active=False)


class Person(AbstractBaseUser):
    """Somebody with an account."""

    username = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=64)
    language = models.CharField(max_length=2, default="zh", choices=[("zh", "中文"), ("en", "English")])
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    password_since = models.DateTimeField(default=clock.real_now)
    deputy = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="deputy_of")
    last_membership = models.ForeignKey(
        "Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    session_key = models.CharField(max_length=40, blank=True, default="")
    """the one session in which this person is signed in"""
    created_at = models.DateTimeField(default=clock.real_now)

    USERNAME_FIELD = "username"
    objects: ClassVar[PersonManager] = PersonManager()

    def __str__(self) -> str:
        return self.username

    @once
    def memberships_now(self) -> list[Membership]:
        """The memberships that hold on the office's day, oldest first."""
        day = clock.today()
        held = self.memberships.select_related("unit", "unit__parent", "unit__parent__parent").order_by("pk")
        return [one for one in held if one.holds(day)]

    def needs_second_factor(self) -> bool:
        return any(Role(one.role).second_factor for one in self.memberships_now())


class Membership(models.Model):
    """A role of a person in a unit, from a day on, until a day (the last on which it holds)."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=3, choices=[(role.value, role.value) for role in GIVEN])
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="memberships")
    since = models.DateField(default=clock.today)
    until = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.role} {self.unit_id}"

    def holds(self, day: Any) -> bool:
        return bool(self.since <= day and (self.until is None or day <= self.until))


class PastPassword(models.Model):
    """A password's hash that may not come again."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="past_passwords")
    hashed = models.CharField(max_length=255)
    since = models.DateTimeField(default=clock.real_now)
