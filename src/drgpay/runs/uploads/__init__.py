"""Files that people hand over to a program: looked at, checked and grouped without anything being handed in.

Nothing here prints, ends the program or fails for a bad file: what is wrong stands in the result. ``reading`` reads
results for a page, ``forms`` writes the workbook that is filled in.
"""

from drgpay.runs.uploads.check import RuleCount, Upload, aliases_there, check_upload, crosswalk_of, hints_of
from drgpay.runs.uploads.files import GroupedFiles, group_files
from drgpay.runs.uploads.forms import write_house_form, write_stays_form
from drgpay.runs.uploads.group import GroupedUpload, group_upload
from drgpay.runs.uploads.packed import unpacked
from drgpay.runs.uploads.reading import (
    Figures,
    FindingsPage,
    figures_before,
    figures_of,
    read_findings,
    read_quality,
    read_scores,
    write_findings,
)

__all__ = [
    "Figures",
    "FindingsPage",
    "GroupedFiles",
    "GroupedUpload",
    "RuleCount",
    "Upload",
    "aliases_there",
    "check_upload",
    "crosswalk_of",
    "figures_before",
    "figures_of",
    "group_files",
    "group_upload",
    "hints_of",
    "read_findings",
    "read_quality",
    "read_scores",
    "unpacked",
    "write_findings",
    "write_house_form",
    "write_stays_form",
]
