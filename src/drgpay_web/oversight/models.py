"""Which findings of looks have a case."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Lead(models.Model):
    """A finding of a look (suspicion, alert or drawn stay, by its id, which is the same in every look) and its case:
    none is opened twice."""

    area = models.CharField(max_length=64)
    name = models.CharField(max_length=400)
    case = models.ForeignKey("flow.Case", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["area", "name"], name="lead_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.case_id}"
