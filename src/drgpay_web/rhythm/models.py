"""What was published and sent, version by version, and who has read it. Nothing here is ever changed or deleted."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models


class Version(models.Model):
    """A version of an announcement as it was published. ``rows`` are cells as texts, small counts hidden;
    ``hidden``: how many cells are; ``until``: last day on which objections are taken; ``why``: of a correction."""

    case = models.ForeignKey("flow.Case", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    audience = models.CharField(max_length=10)
    text = models.TextField(blank=True)
    heads: Any = models.JSONField(default=list)
    rows: Any = models.JSONField(default=list)
    hidden = models.PositiveIntegerField(default=0)
    until = models.DateField(null=True)
    why = models.TextField(blank=True)
    day = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "number"], name="version_once")]
        ordering: ClassVar = ["case", "number"]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.number}"


class Read(models.Model):
    """A person has read a version: as somebody of an institution, or of the bureau."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="read")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "person"], name="read_once")]
        ordering: ClassVar = ["version", "at"]

    def __str__(self) -> str:
        return f"{self.version_id} {self.person_id}"


class KeptAnalysis(models.Model):
    """The analysis of a month for a unit in a language, as a version of its case has it. The paper lies as a file
    with the job's; ``sha256``: of the file."""

    case = models.ForeignKey("flow.Case", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    lang = models.CharField(max_length=2)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "version", "unit", "lang"], name="analysis_once")
        ]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.version} {self.unit_id} {self.lang}"


class AnalysisRead(models.Model):
    """A person has read a version of a month's analysis: as somebody of an institution, or of the bureau."""

    case = models.ForeignKey("flow.Case", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Unit", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "version", "person"], name="analysis_read_once")
        ]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.version} {self.person_id}"
