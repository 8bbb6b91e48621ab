"""Where an area's record, regions and results lie."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from drgpay.errors import DrgpayError, Kind

KINDS = {
    "run": "runs", "trial": "trials", "base": "bases", "look": "looks", "evaluation": "evaluations", "plan": "plans",
    "perform": "performances", "check": "checks",
}  # fmt: skip
"""where results of a kind lie in their area"""


_NAME = re.compile(r"[\w一-鿿][\w一-鿿-]{0,63}")


def _plain(name: str) -> str:
    """A code that can be the name of a folder as it is. Raises DATA for any other."""
    if not _NAME.fullmatch(name):
        raise DrgpayError(
            Kind.DATA, zh="编号不能作文件夹名", en="the id cannot be the name of a folder", value=name[:60],
            fix_zh="用字母、数字、汉字、- 和 _", fix_en="use letters, digits, - and _",
        )  # fmt: skip
    return name


def area_folder(area: str) -> Path:
    """The folder of an area. Raises DrgpayError for a code that is no name."""
    return Path(settings.HOME) / "areas" / _plain(area)


def own_schemes() -> Path:
    """The grouping schemes that were brought to this office."""
    return Path(settings.HOME) / "schemes"


def record(area: str) -> Path:
    """The area's record: ``region.json``, stays, batches, and the registers kept as files."""
    return area_folder(area) / "record"


def folder_of_kind(area: str, kind: str) -> Path:
    """The folder that holds the results of a kind; of runs it is the book."""
    return area_folder(area) / KINDS[kind]


def region_of(area: str, name: str) -> Path:
    """The composed region of a pin."""
    return area_folder(area) / "regions" / _plain(name)
