"""Where an area's record, regions and results lie."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from drgpay.places import require_name

KINDS = {"run": "runs", "trial": "trials", "base": "bases", "look": "looks"}
"""where results of a kind lie in their area"""


def area_folder(area: str) -> Path:
    """The folder of an area. Raises DrgpayError for a code that is no name."""
    return Path(settings.HOME) / "areas" / require_name(area)


def record(area: str) -> Path:
    """The area's record: ``region.json``, stays, batches, and the registers kept as files."""
    return area_folder(area) / "record"


def folder_of_kind(area: str, kind: str) -> Path:
    """The folder that holds the results of a kind; of runs it is the book."""
    return area_folder(area) / KINDS[kind]


def region_of(area: str, name: str) -> Path:
    """The composed region of a pin."""
    return area_folder(area) / "regions" / require_name(name)
