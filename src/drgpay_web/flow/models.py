"""Cases, their steps, what is said and attached to them, notices, and the calendar."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from drgpay_web.flow.machine import Machine, machine


class Case(models.Model):
    """One case. ``version`` grows by one with every move; ``deadline`` is a civil day of Asia/Shanghai; ``silence``
    the move the system makes when it has passed."""

    machine = models.CharField(max_length=40)
    number = models.CharField(max_length=40, unique=True)
    area = models.CharField(max_length=40)
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    period = models.CharField(max_length=10, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    deadline = models.DateField(null=True, blank=True)
    silence = models.CharField(max_length=40, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    data: Any = models.JSONField(default=dict)
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """who works on it; empty: everybody whose role may"""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["area", "machine", "state"], name="case_by_state"),
            models.Index(fields=["closed_at", "deadline"], name="case_by_deadline"),
            models.Index(fields=["unit", "machine"], name="case_by_unit"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def rules(self) -> Machine:
        """Its machine."""
        return machine(self.machine)

    @property
    def open(self) -> bool:
        """No end of its machine is reached."""
        return self.closed_at is None


class Step(models.Model):
    """A move that was made: who as what, from which state to which, with what was typed. Never changed. ``version``
    is the case's after it; ``day`` and ``at`` by the office clock; the audit has real time too."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps")
    version = models.PositiveIntegerField()
    move = models.CharField(max_length=40)
    source = models.CharField(max_length=40, blank=True)
    target = models.CharField(max_length=40)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=4, blank=True)
    day = models.DateField()
    at = models.DateTimeField()
    values: Any = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    before: Any = models.JSONField(null=True)
    """what the case was, where the step may be taken back"""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "version"], name="step_of_version")]
        ordering: ClassVar = ["case", "version"]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.version} {self.move}"

    @property
    def taken_back(self) -> int | None:
        """The version whose step this one took back; None for any other. (A machine may have a move of its own called
        ``recall``.)"""
        return self.values.get("recalled") if self.move == "recall" else None


class Given(models.Model):
    """A case given to a person by name, in a slot (``first``, ``second``, ``inspector``): who only sees what was
    given sees it. Ended, never deleted."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="given")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    slot = models.CharField(max_length=20)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "slot"], name="given_once_a_slot", condition=models.Q(ended_at=None)
            )
        ]
        indexes: ClassVar = [models.Index(fields=["person", "ended_at"], name="given_to_person")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.slot} {self.person_id}"


class CaseStay(models.Model):
    """A stay a case is about."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="stays")
    institution = models.CharField(max_length=128)
    stay_id = models.CharField(max_length=128)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "stay_id"], name="stay_of_case_once")]
        indexes: ClassVar = [models.Index(fields=["institution", "stay_id"], name="cases_of_stay")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.stay_id}"


class Link(models.Model):
    """Two cases that belong together: ``case`` came out of ``source``."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="came_from")
    source = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="led_to")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "source"], name="link_once")]

    def __str__(self) -> str:
        return f"{self.source_id} -> {self.case_id}"


class Deputy(models.Model):
    """Who stands in for a person from one day to another. It gives no right: both need the role."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deputies")
    deputy = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="stands_in_for")
    first = models.DateField()
    last = models.DateField()

    def __str__(self) -> str:
        return f"{self.person_id} {self.deputy_id} {self.first} {self.last}"


class Charge(models.Model):
    """An institution whose new cases go to a handler (包片); the last row of a unit and role holds."""

    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=4)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["unit", "role", "id"], name="charge_of_unit")]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.role} {self.person_id}"


class KeptFilter(models.Model):
    """How a person last filtered a list: the address's question, without the page."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    place = models.CharField(max_length=60)
    query = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "place"], name="filter_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.place}"


class Comment(models.Model):
    """Something said on a case; never changed."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="comments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=4)
    at = models.DateTimeField()
    text = models.TextField()

    def __str__(self) -> str:
        return f"{self.case_id} {self.pk}"


class Attachment(models.Model):
    """A file of a case, kept in the inbox by a random name; frozen with the case's end or when asked."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="attachments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored = models.CharField(max_length=64)
    frozen = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "sha256"], name="attachment_once")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.name}"


class Notice(models.Model):
    """A message to a person: the words' key with what they name, and where it leads."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    values: Any = models.JSONField(default=dict)
    href = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    once = models.CharField(max_length=120, blank=True)
    """what it is for, where the same is told a person only once"""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "once"], name="notice_once", condition=~models.Q(once=""))
        ]
        indexes: ClassVar = [models.Index(fields=["person", "read_at"], name="notice_unread")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.key}"


class WorkingDay(models.Model):
    """A day that is not what its weekday says: a holiday, or a weekend day that is worked."""

    day = models.DateField(primary_key=True)
    working = models.BooleanField()
    name = models.CharField(max_length=60)
    source = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.day} {self.working}"


class Contact(models.Model):
    """Whom hospitals call at the bureau about something, from a day on; the last row of an area and topic counts, and
    one without a phone says that there is none."""

    area = models.CharField(max_length=40)
    topic = models.CharField(max_length=40)
    office = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    hours = models.CharField(max_length=60, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["area", "topic"])]

    def __str__(self) -> str:
        return f"{self.area} {self.topic} {self.phone}"


class Sequence(models.Model):
    """The last number given to cases of a kind in a year; its row is the lock of the next."""

    name = models.CharField(max_length=60, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.last}"
