"""Tokens by which systems come in, the requests they may repeat, and the addresses that are told of results."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

SCOPES = (
    "group", "submissions", "statements", "stays", "cases", "boards", "announcements", "jobs", "runs", "registers",
    "performance",
)  # fmt: skip
ROLES = {"institution": ("H1", "H5", "H6"), "area": ("B1", "B2")}
"""by kind of unit, the roles a token may act in"""
ONLY = {"H5": ("performance",), "H6": ("performance",)}
"""roles in which a token reads what is theirs alone, and does nothing for people"""
EVENTS = ("result.published", "result.sealed", "case.moved")
QUEUED, SENT, FAILED = "queued", "sent", "failed"


class Token(models.Model):
    """A token of an institution or of the bureau: only its digest is kept; ``start`` are its first signs, by which
    people know it. It acts in ``role`` as ``person``, an account nobody signs in with: two tokens are two persons."""

    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=3, default="H1")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    start = models.CharField(max_length=16)
    sha256 = models.CharField(max_length=64, unique=True)
    scopes: Any = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    until = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"token:{self.pk}"


class Sent(models.Model):
    """A request that was sent with an Idempotency-Key, and what it was answered; ``status`` null: it goes on."""

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    status = models.PositiveIntegerField(null=True)
    body = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["token", "key"], name="sent_once")]

    def __str__(self) -> str:
        return f"{self.token_id} {self.key}"


class Hook(models.Model):
    """An address that is told of events of its unit, each message signed with ``secret`` (encrypted at rest)."""

    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    url = models.CharField(max_length=300)
    secret = models.CharField(max_length=300)
    events: Any = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_event = models.BigIntegerField(default=0)
    """number of the last event of the trail that was looked at"""

    def __str__(self) -> str:
        return f"hook:{self.pk}"


class Message(models.Model):
    """A message for a hook: tried again until it is taken or given up."""

    hook = models.ForeignKey(Hook, on_delete=models.PROTECT, related_name="messages")
    event = models.CharField(max_length=30)
    body: Any = models.JSONField()
    state = models.CharField(max_length=8, default=QUEUED)
    tries = models.PositiveIntegerField(default=0)
    status = models.PositiveIntegerField(null=True)
    at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="message_due")]

    def __str__(self) -> str:
        return f"message:{self.pk}"


class Ticket(models.Model):
    """A page for one stay that a hospital's own system may open once, for a few minutes; nothing of it is kept
    afterwards."""

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64, unique=True)
    stay: Any = models.JSONField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"ticket:{self.pk}"
