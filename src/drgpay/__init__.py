"""drgpay: the DRG points payment (DRG点数法付费), from the first hospital record to the last fen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drgpay.runs import Grouper
    from drgpay.steps.grouping import Grouped

__version__ = "0.1.0"

__all__ = ["Grouped", "Grouper", "__version__"]


def __getattr__(name: str) -> object:
    """The grouper, brought in when it is asked for: importing the package stays light."""
    if name == "Grouped":
        from drgpay.steps.grouping import Grouped

        return Grouped
    if name == "Grouper":
        from drgpay.runs import Grouper

        return Grouper
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
