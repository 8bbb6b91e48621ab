"""Where things are written: the gate before it, names that stay names, drafts, folders of results, and locks."""

from drgpay.places.drafts import PRIVATE_FILE, PRIVATE_FOLDER, drafted, not_written, write_text, writing
from drgpay.places.folders import (
    MANIFEST,
    MARK,
    REGION,
    SEAL,
    Mark,
    files_below,
    may_replace,
    new_folder,
    read_mark,
    strange_files,
    write_mark,
)
from drgpay.places.forsaken import discard_forsaken, remove_whole
from drgpay.places.gate import check_target, real_path
from drgpay.places.locks import lock_of, locked
from drgpay.places.names import check_length, inside, require_name, safe_name, safe_names
from drgpay.places.texts import HIDDEN, cell, masked, shown, visible

__all__ = [
    "HIDDEN",
    "MANIFEST",
    "MARK",
    "PRIVATE_FILE",
    "PRIVATE_FOLDER",
    "REGION",
    "SEAL",
    "Mark",
    "cell",
    "check_length",
    "check_target",
    "discard_forsaken",
    "drafted",
    "files_below",
    "inside",
    "lock_of",
    "locked",
    "masked",
    "may_replace",
    "new_folder",
    "not_written",
    "read_mark",
    "real_path",
    "remove_whole",
    "require_name",
    "safe_name",
    "safe_names",
    "shown",
    "strange_files",
    "visible",
    "write_mark",
    "write_text",
    "writing",
]
