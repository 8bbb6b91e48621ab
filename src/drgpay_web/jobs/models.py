"""One table of jobs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
ACTIVE = (QUEUED, RUNNING)


class Job(models.Model):
    """Work that was ordered. ``key`` is unique while it is active; ``thousandths`` of the present step are done;
    ``said`` what it says of itself (zh, en); ``error`` what went wrong (zh, en, fix_zh, fix_en, place)."""

    kind = models.CharField(max_length=40)
    lane = models.CharField(max_length=8)
    area = models.CharField(max_length=64)
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=160)
    payload: Any = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default=QUEUED)
    step = models.PositiveIntegerField(default=0)
    of = models.PositiveIntegerField(default=0)
    thousandths = models.PositiveIntegerField(default=0)
    said: Any = models.JSONField(default=dict)
    result: Any = models.JSONField(null=True)
    error: Any = models.JSONField(null=True)
    stop_asked = models.BooleanField(default=False)
    pid = models.PositiveIntegerField(null=True)
    heartbeat = models.DateTimeField(null=True)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ordered_unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    ordered_role = models.CharField(max_length=4)
    ordered_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    existing = False
    """on what an order gives back: it was there before"""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], condition=models.Q(state__in=ACTIVE), name="job_once")
        ]
        indexes: ClassVar = [models.Index(fields=["state", "lane", "id"], name="job_queue")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def active(self) -> bool:
        """It waits or goes on."""
        return self.state in ACTIVE

    @property
    def fraction(self) -> float:
        """Share of the present step done."""
        return self.thousandths / 1000

    @property
    def percent(self) -> int:
        """Share of all steps done, in whole percent."""
        if self.state == DONE:
            return 100
        whole = max(self.of, 1) * 1000
        return min(99, (max(self.step - 1, 0) * 1000 + self.thousandths) * 100 // whole)
