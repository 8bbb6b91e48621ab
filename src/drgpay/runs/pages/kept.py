"""What is made of a run to read it faster: beside it, outside its outputs, under its digest; deleted at no loss."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock, get_ident

from drgpay.errors import DrgpayError
from drgpay.places import MANIFEST, drafted
from drgpay.places.drafts import PRIVATE_FOLDER
from drgpay.runs.manifest import file_digest

PLACE = ".pages"
"""the folder beside results that holds what was made of them"""
_making = Lock()


def kept(run: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The file ``name`` made of a run: the one that is there, else ``make`` writes it.

    It lies beside the run, in ``.pages/<run>/<digest of its manifest>``, and where nothing may be written there in
    a private folder that ends with the process. The same run gives the same file, so that two who make it at once do
    no harm.
    """
    run = run.resolve()
    digest = file_digest(run / MANIFEST)[:16]
    for place in (run.parent / PLACE / run.name / digest, _own() / f"{run.name}-{digest}"):
        target = place / name
        if target.is_file():
            return target
    with _making:
        try:
            return _made(run.parent / PLACE / run.name / digest / name, make)
        except (OSError, DrgpayError):
            return _made(_own() / f"{run.name}-{digest}" / name, make)


def _made(target: Path, make: Callable[[Path], None]) -> Path:
    if target.is_file():
        return target
    target.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    for other in target.parent.parent.iterdir():  # of results that were here under the same name before
        if other != target.parent and other.parent.parent.name == PLACE:
            shutil.rmtree(other, ignore_errors=True)
    with drafted(target, f".{os.getpid()}-{get_ident()}") as draft:
        make(draft)
    return target


@cache
def _own() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="drgpay-pages-"))

    def gone() -> None:
        with suppress(OSError):
            shutil.rmtree(folder)

    atexit.register(gone)
    return folder
