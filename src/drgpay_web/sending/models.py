"""How a person has notices sent, and what was sent."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

MAIL, WEBHOOK = WAYS = ("mail", "webhook")
ALL, DATED = WHICH = ("all", "dated")
QUEUED, SENT, FAILED = "queued", "sent", "failed"


class Way(models.Model):
    """A person's choice: ``mail`` an address, ``webhook`` an address (encrypted at rest), either may be empty;
    ``which`` notices: all, or those of cases with a deadline. ``last_notice``: the last that was looked at."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    mail = models.CharField(max_length=200, blank=True)
    webhook = models.CharField(max_length=1000, blank=True)
    which = models.CharField(max_length=8, default=ALL)
    last_notice = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"way:{self.person_id}"


class Sending(models.Model):
    """A notice on its way to a person: tried again until it is taken or given up. ``title``, ``link`` and
    ``deadline`` are all that leaves."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    area = models.CharField(max_length=40)
    notice = models.BigIntegerField()
    way = models.CharField(max_length=8)
    title = models.CharField(max_length=200)
    link = models.CharField(max_length=300)
    deadline = models.DateField(null=True)
    state = models.CharField(max_length=8, default=QUEUED)
    tries = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["notice", "way"], name="sending_once")]
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="sending_due")]

    def __str__(self) -> str:
        return f"sending:{self.pk}"

    def told(self) -> dict[str, Any]:
        """What leaves the machine."""
        return {"title": self.title, "link": self.link, "deadline": self.deadline and self.deadline.isoformat()}
