"""drgpay: the DRG points payment (DRG点数法付费), from the first hospital record to the last fen."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drgpay.runs import Grouper, Scope, Sort, View, Where, browse
    from drgpay.runs.builder import FileCheck, Region, Run, check, run_month, run_year
    from drgpay.steps.grouping import Grouped

__version__ = "0.1.0"

__all__ = [
    "FileCheck",
    "Grouped",
    "Grouper",
    "Region",
    "Run",
    "Scope",
    "Sort",
    "View",
    "Where",
    "__version__",
    "browse",
    "check",
    "run_month",
    "run_year",
]
_FROM = {
    "Grouped": "steps.grouping",
    **dict.fromkeys(("Grouper", "Scope", "Sort", "View", "Where", "browse"), "runs"),
    **dict.fromkeys(("FileCheck", "Region", "Run", "check", "run_month", "run_year"), "runs.builder"),
}
"""the face for builders, and the rooms its parts are from"""


def __getattr__(name: str) -> object:
    """A part of the face, brought in when it is asked for: importing the package stays light."""
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FROM[name]}"), name)


def __dir__() -> list[str]:
    """What can be asked for."""
    return [*globals(), *_FROM]
