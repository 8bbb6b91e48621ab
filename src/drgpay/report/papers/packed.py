"""Office files with the same bytes for the same content: libraries stamp them with the time they were made.

Word and slides are written in one way: by their library where it is there, whole or not at all.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from drgpay.places import drafted
from drgpay.report.papers.model import Paper
from drgpay.report.papers.texts import fits, library_missing
from drgpay.report.workbook import CREATED

_MADE = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def steady(content: bytes) -> bytes:
    """The package with one constant time in all its parts, also in the workbooks that lie in it."""
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in source.namelist():
            part = source.read(name)
            if name.endswith(".xlsx"):
                part = steady(part)
            elif name == "docProps/core.xml":
                part = _MADE.sub(rb"\g<1>" + f"{CREATED:%Y-%m-%dT%H:%M:%SZ}".encode(), part)
            packed.writestr(zipfile.ZipInfo(name, CREATED.timetuple()[:6]), part, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def write_packed(
    paper: Paper, path: Path, printed: Callable[[Any, Paper], Any], *, module: str, program: str, package: str
) -> None:
    """Write what ``printed`` makes of a paper with a library (its module): something that can ``save`` itself. ENGINE
    when ``package`` is not installed, by which ``program`` is written; USAGE for more rows than such files take."""
    fits(paper)
    try:
        library = import_module(module)
    except ImportError:
        raise library_missing(program, package) from None
    held = BytesIO()
    printed(library, paper).save(held)
    with drafted(path) as draft:
        draft.write_bytes(steady(held.getvalue()))
