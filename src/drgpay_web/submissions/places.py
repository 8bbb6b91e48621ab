"""Where what a check found is kept: a folder per submission, below its area."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from drgpay_web import clock, store
from drgpay_web.flow.models import Case

SAMPLES = ("spoiled", "files")
"""folders of a demo's files to hand in: one that is wrong, and the same mended"""
FINDINGS, SCORES = "findings.parquet", "record_scores.parquet"


def place_of(case: Case) -> Path:
    """The folder of a submission's findings and scores."""
    return store.area_folder(case.area) / "submissions" / str(case.pk)


def findings_of(case: Case) -> Path | None:
    """Its findings; None where the file was not read."""
    path = place_of(case) / FINDINGS
    return path if path.is_file() else None


def scores_of(case: Case) -> Path | None:
    """The scores of its records; None where the file was not read."""
    path = place_of(case) / SCORES
    return path if path.is_file() else None


def sample_of(institution: str, which: str) -> Path | None:
    """A file to try with, of an institution; None outside of a demo and where there is none."""
    path = Path(settings.HOME) / "sample" / which / f"{institution}.csv"
    return path if which in SAMPLES and clock.is_demo() and path.is_file() else None
