"""Grouping schemes (分组方案): tables in, a frozen :class:`Scheme` out.

``build`` checks a folder of CSV tables and writes it as package data, ``build_overlay`` does so with a base and a
file of changes, ``import_workbook`` with the official workbook; ``load`` returns a scheme with its switches applied;
``catalogue`` lists what there is; ``compare`` says how two schemes differ. The grammar of rules has one reader,
``drgpay.scheme.rules``.
"""

from __future__ import annotations

from drgpay.scheme.codes import Codes, build_codes, load_codes, load_crosswalk
from drgpay.scheme.diff import Difference, compare
from drgpay.scheme.document import found as overlay_file
from drgpay.scheme.errata import Erratum
from drgpay.scheme.model import UNGROUPED, Adrg, Drg, Mdc, Scheme
from drgpay.scheme.official import ImportReport, import_workbook
from drgpay.scheme.overlay import Moved, OverlayReport, build_overlay
from drgpay.scheme.package import (
    BuildReport,
    CatalogueEntry,
    build,
    catalogue,
    corrected,
    keep_at,
    load,
    switch_words,
    switches_of,
)
from drgpay.scheme.reach import Unreached, unreached
from drgpay.scheme.rules import SEVERITIES
from drgpay.scheme.traits import LEVELS, ListStatus, basis_words

__all__ = [
    "LEVELS",
    "SEVERITIES",
    "UNGROUPED",
    "Adrg",
    "BuildReport",
    "CatalogueEntry",
    "Codes",
    "Difference",
    "Drg",
    "Erratum",
    "ImportReport",
    "ListStatus",
    "Mdc",
    "Moved",
    "OverlayReport",
    "Scheme",
    "Unreached",
    "basis_words",
    "build",
    "build_codes",
    "build_overlay",
    "catalogue",
    "compare",
    "corrected",
    "import_workbook",
    "keep_at",
    "load",
    "load_codes",
    "load_crosswalk",
    "overlay_file",
    "switch_words",
    "switches_of",
    "unreached",
]
