"""The table of events and the head of their chain. Triggers of the data base refuse every change (migration 0002)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Event(models.Model):
    """One act, look or refusal. Persons and things by their ids, never by name; times are real, the day the office's.

    ``digest`` is the SHA-256 of ``previous`` and of the canonical text of all other fields.
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    office_day = models.DateField()
    area = models.CharField(max_length=64, db_index=True)
    person = models.CharField(max_length=64, db_index=True)
    """user name of an account: an id, not the person's name"""
    role = models.CharField(max_length=3)
    unit = models.CharField(max_length=200)
    session = models.CharField(max_length=16)
    address = models.CharField(max_length=64)
    act = models.CharField(max_length=64, db_index=True)
    subject = models.CharField(max_length=200, db_index=True)
    before = models.TextField()
    after = models.TextField()
    outcome = models.CharField(max_length=8)
    reason = models.TextField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.act} {self.subject}"


class Head(models.Model):
    """The end of the chain: one row, locked by every write."""

    number = models.BigIntegerField()
    digest = models.CharField(max_length=64)
