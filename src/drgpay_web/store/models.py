"""What was received, register rows, pins and results. Rows are never changed: a later one supersedes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from drgpay_web.ui import w


class Area(models.Model):
    """The lock of an area's record: who writes register rows or pins holds its row."""

    code = models.CharField(max_length=64, primary_key=True)

    def __str__(self) -> str:
        return self.code


class Received(models.Model):
    """A file that was handed over, kept in the inbox; the same file of one institution is there once."""

    area = models.CharField(max_length=64)
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=10)
    stored = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    existing = False
    """on what ``receive`` gives back: it was there before"""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["unit", "sha256"], name="received_once")]

    def __str__(self) -> str:
        return f"{self.pk} {self.sha256[:12]}"


class RegisterRow(models.Model):
    """A row of a register. ``owner``: code of the institution whose own register it is, empty for the area's;
    ``key``: its key columns as JSON; ``values`` null: the row was taken out; ``declaration``: digest of the table it
    was checked by; ``current``: nothing supersedes it."""

    area = models.CharField(max_length=64)
    owner = models.CharField(max_length=128, blank=True)
    table = models.CharField(max_length=60)
    key = models.CharField(max_length=700)
    values: Any = models.JSONField(null=True)
    declaration = models.CharField(max_length=64)
    recorded_on = models.DateField(null=True)
    recorded_by = models.CharField(max_length=120, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    origin = models.CharField(max_length=120)
    reason = models.TextField(blank=True)
    case = models.ForeignKey("flow.Case", null=True, on_delete=models.PROTECT, related_name="+")
    current = models.BooleanField(default=True)
    superseded_by = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="supersedes")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["area", "owner", "table", "key"], condition=models.Q(current=True), name="register_key_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["area", "owner", "table", "id"], name="register_rows")]

    def __str__(self) -> str:
        return f"{self.table} {self.key}"


class Pin(models.Model):
    """What a run is made of: the last batch, the last register row, policy, scheme and calendar at that moment."""

    area = models.CharField(max_length=64)
    name = models.CharField(max_length=20)
    last_batch = models.PositiveIntegerField()
    last_row = models.PositiveBigIntegerField()
    policy = models.CharField(max_length=200)
    scheme = models.CharField(max_length=200)
    calendar = models.CharField(max_length=64)
    day = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["area", "name"], name="pin_name"),
            models.UniqueConstraint(
                fields=["area", "last_batch", "last_row", "policy", "scheme", "calendar", "day"], name="pin_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area}/{self.name}"


class Result(models.Model):
    """A folder of results. ``kind``: run, trial, base, look; ``period``: ``2024-03`` or ``2024``; ``state``: made,
    sealed, or lost (its folder is not there). What a business room thinks of it (candidate, published, stale) is its
    ``state`` too."""

    area = models.CharField(max_length=64)
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    period = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=20, default="made")
    pin = models.ForeignKey(Pin, null=True, on_delete=models.PROTECT, related_name="results")
    job = models.ForeignKey("jobs.Job", null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["area", "kind", "name"], name="result_once")]
        indexes: ClassVar = [models.Index(fields=["area", "kind", "period"], name="result_by_period")]

    def __str__(self) -> str:
        return f"{self.area}/{self.kind}/{self.name}"

    def title(self, lang: str) -> str:
        """What a person calls it: what it is of and its number here, ``2024年2月结算结果（5号）``; ``name`` is of its
        folder."""
        year, _, month = self.period.partition("-")
        spans = f"store.result_{'month' if month else 'year' if year else 'undated'}"
        kind = w(f"store.result_{self.kind}{'_year' if self.kind == 'run' and not month else ''}", lang)
        return w(spans, lang, year=year, month=int(month or 0), kind=kind, number=self.pk)

    @property
    def zh(self) -> str:
        """The title in Chinese."""
        return self.title("zh")

    @property
    def en(self) -> str:
        """The title in English."""
        return self.title("en")
