"""What an institution says its headers mean; remembered from one file to the next."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models


class FieldMap(models.Model):
    """Own headers of an institution's files: ``columns`` is header -> column of stays."""

    unit = models.OneToOneField("people.Unit", on_delete=models.PROTECT, related_name="+")
    columns: Any = models.JSONField(default=dict)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["unit"]

    def __str__(self) -> str:
        return f"{self.unit_id}"
