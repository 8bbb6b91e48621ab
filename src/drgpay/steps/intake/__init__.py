"""Reading and checking (数据接入与校验): files of stays and registers in, canonical tables and findings out.

Bad data is a finding row, never a crash: ``error`` keeps the row out, ``warn`` lets it go on, ``info`` is a hint on
the quality of coding, and no check changes what it judges. Nothing is rounded or guessed on reading. Findings carry
no personal data.
"""

from drgpay.steps.intake.batch import CheckContext
from drgpay.steps.intake.chunks import name_of
from drgpay.steps.intake.codes import read_codes
from drgpay.steps.intake.crosswalk import EDITIONS, Crosswalk, Way, clinical
from drgpay.steps.intake.declared import columns_brought, convert_rows, holds_details, is_canonical
from drgpay.steps.intake.duplicates import later_duplicates
from drgpay.steps.intake.export import drop_findings, write_findings_csv, write_findings_workbook
from drgpay.steps.intake.files import present
from drgpay.steps.intake.findings import merge as merge_findings
from drgpay.steps.intake.formats import (
    CANONICAL,
    Format,
    Hints,
    catalogue,
    fee_total_check,
    read_hints,
    with_columns,
    withdrawals,
    write_template,
)
from drgpay.steps.intake.headers import header_key
from drgpay.steps.intake.kernel import accepted, check_batch, judged, stays_schema
from drgpay.steps.intake.known import CodeList, KnownCodes, code_lists
from drgpay.steps.intake.persons import PERSON_ORDER, PLACED, STAY_ORDER, overlaps, placed, repetitions
from drgpay.steps.intake.reference import check_person, check_stay, score_stay
from drgpay.steps.intake.references import Known, astray, known_in
from drgpay.steps.intake.register_rows import (
    LINE,
    CheckedRows,
    RowFinding,
    as_typed,
    check_rows,
    refuse_rows,
    register_rows,
    write_register,
)
from drgpay.steps.intake.register_template import example_rows, shown_cell, write_register_template
from drgpay.steps.intake.registers import (
    REGISTER_SUFFIXES,
    Register,
    holds_register,
    read_recorded,
    read_register,
    read_taken,
    recorded,
    register_file,
    register_files,
    register_paths,
    several,
)
from drgpay.steps.intake.returned import Returned, read_returned, read_rows
from drgpay.steps.intake.rules import RESPONSIBLE, RULES, Rule
from drgpay.steps.intake.scores import (
    TALLY_KEY,
    coder_quality,
    dropped_of,
    kept_out,
    record_scores,
    score_stays,
    tally,
    with_findings,
)
from drgpay.steps.intake.spell import measures, mended, sex_of, spell_code, split_codes
from drgpay.steps.intake.stays import Conversion, Intake, cells_of, columns_kept, convert, read_stays
from drgpay.steps.intake.survey import Head, Missing, Survey, survey
from drgpay.steps.intake.taken import is_taken, row_digest, taken_file
from drgpay.steps.intake.unchanged import Stamp, Watch, stamp
from drgpay.steps.intake.versions import (
    BATCH_RULES,
    changes_between,
    comparable,
    keep_batch,
    replaced_rows,
    without_rows,
)

WRITES = ("charges", "coder_quality", "findings", "record_scores", "rule_quality", "stay_details", "stay_changes",
          "stay_scores", "stays", "taken_rows", "visits")  # fmt: skip
"""tables this step writes"""

__all__ = [
    "BATCH_RULES",
    "CANONICAL",
    "EDITIONS",
    "LINE",
    "PERSON_ORDER",
    "PLACED",
    "REGISTER_SUFFIXES",
    "RESPONSIBLE",
    "RULES",
    "STAY_ORDER",
    "TALLY_KEY",
    "WRITES",
    "CheckContext",
    "CheckedRows",
    "CodeList",
    "Conversion",
    "Crosswalk",
    "Format",
    "Head",
    "Hints",
    "Intake",
    "Known",
    "KnownCodes",
    "Missing",
    "Register",
    "Returned",
    "RowFinding",
    "Rule",
    "Stamp",
    "Survey",
    "Watch",
    "Way",
    "accepted",
    "as_typed",
    "astray",
    "catalogue",
    "cells_of",
    "changes_between",
    "check_batch",
    "check_person",
    "check_rows",
    "check_stay",
    "clinical",
    "code_lists",
    "coder_quality",
    "columns_brought",
    "columns_kept",
    "comparable",
    "convert",
    "convert_rows",
    "drop_findings",
    "dropped_of",
    "example_rows",
    "fee_total_check",
    "header_key",
    "holds_details",
    "holds_register",
    "is_canonical",
    "is_taken",
    "judged",
    "keep_batch",
    "kept_out",
    "known_in",
    "later_duplicates",
    "measures",
    "mended",
    "merge_findings",
    "name_of",
    "overlaps",
    "placed",
    "present",
    "read_codes",
    "read_hints",
    "read_recorded",
    "read_register",
    "read_returned",
    "read_rows",
    "read_stays",
    "read_taken",
    "record_scores",
    "recorded",
    "refuse_rows",
    "register_file",
    "register_files",
    "register_paths",
    "register_rows",
    "repetitions",
    "replaced_rows",
    "row_digest",
    "score_stay",
    "score_stays",
    "several",
    "sex_of",
    "shown_cell",
    "spell_code",
    "split_codes",
    "stamp",
    "stays_schema",
    "survey",
    "taken_file",
    "tally",
    "with_columns",
    "with_findings",
    "withdrawals",
    "without_rows",
    "write_findings_csv",
    "write_findings_workbook",
    "write_register",
    "write_register_template",
    "write_template",
]
