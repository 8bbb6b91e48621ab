"""What leaves the house as a file: always attached, never kept by a browser, named without persons."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from drgpay.report.papers import PRINTERS, Paper

KINDS = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def paper(made: Paper, ending: str, name: str) -> HttpResponse:
    """A paper as one of :data:`KINDS`; ``name`` without its ending."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / f"paper.{ending}"
        PRINTERS[ending](made, target)
        return attached(target.read_bytes(), KINDS[ending], f"{name}.{ending}")


def attached(content: bytes, kind: str, name: str) -> HttpResponse:
    """An answer that a browser saves and does not show."""
    answer = HttpResponse(content, content_type=kind)
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer
