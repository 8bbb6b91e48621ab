"""Where what a check found is kept: a folder per submission, below its area."""

from __future__ import annotations

from pathlib import Path

from drgpay_web import store
from drgpay_web.flow.models import Case

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
