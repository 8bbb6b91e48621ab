"""Files somebody took: what, why, and until when they can be fetched; and the texts of papers, in versions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models


class Download(models.Model):
    """A file for one person, of a result or of a case. ``serial`` stands in the file; ``sha256`` is the file's;
    ``stored`` is its name below ``exports``, empty when it is gone."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    result = models.ForeignKey("store.Result", null=True, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("flow.Case", null=True, on_delete=models.PROTECT, related_name="+")
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


class PaperText(models.Model):
    """A version of the texts of a kind of paper. ``unit``: the area, of a hospital's own papers the institution;
    ``values``: by language and part. Never changed: a later one holds from its moment on."""

    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    values: Any = models.JSONField()
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["unit", "kind", "number"], name="text_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
