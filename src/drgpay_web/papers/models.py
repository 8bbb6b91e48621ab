"""Files somebody took: what, why, and until when they can be fetched."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Download(models.Model):
    """A file for one person. ``serial`` stands in the file; ``sha256`` is the file's; ``stored`` is its name below
    ``exports``, empty when it is gone."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    result = models.ForeignKey("store.Result", on_delete=models.PROTECT, related_name="+")
    serial = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    stored = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    rows = models.PositiveBigIntegerField()
    persons = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.serial
