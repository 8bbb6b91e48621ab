"""Grouping schemes (分组方案): tables in, a frozen :class:`Scheme` out.

``build`` checks a folder of CSV tables and writes it as package data; ``load`` returns a scheme with its switches
applied; ``catalogue`` lists what there is. The grammar of rules has one reader, ``drgpay.scheme.rules``.
"""

from __future__ import annotations

from drgpay.scheme.codes import Codes, build_codes, load_codes, load_crosswalk
from drgpay.scheme.model import UNGROUPED, Adrg, Drg, Mdc, Scheme
from drgpay.scheme.package import (
    BuildReport,
    CatalogueEntry,
    build,
    catalogue,
    load,
    switches_of,
)
from drgpay.scheme.rules import SEVERITIES

__all__ = [
    "SEVERITIES",
    "UNGROUPED",
    "Adrg",
    "BuildReport",
    "CatalogueEntry",
    "Codes",
    "Drg",
    "Mdc",
    "Scheme",
    "build",
    "build_codes",
    "catalogue",
    "load",
    "load_codes",
    "load_crosswalk",
    "switches_of",
]
