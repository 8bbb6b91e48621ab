"""Tokens by which an institution's systems come in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

SCOPES = ("group", "statements", "stays")


class Token(models.Model):
    """A token of an institution: only its digest is kept; ``start`` are its first signs, by which people know it."""

    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
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
