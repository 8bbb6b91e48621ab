"""Files of stays grouped part by part: the results to whoever writes them, and what is to be said of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from drgpay.engine import tell
from drgpay.errors import DrgpayError
from drgpay.runs.group_stays import Shape, group_part, scheme_finding, scheme_said
from drgpay.runs.handed import all_rejected
from drgpay.scheme import Scheme
from drgpay.steps import intake

Parts = Iterator[tuple[str, intake.Intake]]
Write = Callable[[Iterator[pl.DataFrame]], None]
"""writes results as they come; when the iterator raises, nothing is left"""


@dataclass
class GroupedFiles:
    """What grouping files came to: rows read, kept, stays in every state, FINDINGS, what is said of the scheme, and,
    where no row was usable, why (``refused``): then nothing was written."""

    rows: int = 0
    kept: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: Any = None
    said: tuple[str, str] | None = None
    refused: DrgpayError | None = None


class _NoRow(Exception):  # noqa: N818 - it is no error but the end of files without a usable row
    """All rows were kept out: there is nothing to write."""


def group_files(
    parts: Parts, scheme: Scheme, shape: Shape, lang: str, write: Write, *, file: str | None = None
) -> GroupedFiles:
    """Group what is read of files, and hand the results to ``write``.

    ``parts``: as :func:`~drgpay.runs.read_files` gives them; ``file``: the name of the only file, None where there
    may be several, whose names then stand in a column of their own. Raises what reading and writing raise.
    """
    done, found, unmeasured = GroupedFiles(), [], 0

    def results() -> Iterator[pl.DataFrame]:
        nonlocal unmeasured
        for name, part in parts:
            tell(None, "read", part.rows, 0)
            its = group_part(scheme, part, shape, lang, name)
            done.rows, done.kept = done.rows + part.rows, done.kept + part.stays.num_rows
            done.counts.update(its.counts)
            unmeasured += its.unmeasured
            found.append(its.findings)
            yield its.result if file is not None else its.result.select(pl.lit(name).alias("file"), pl.all())
        if not done.kept:
            raise _NoRow

    try:
        write(results())
    except _NoRow:
        done.refused = all_rejected(done.rows, found)
    done.said = scheme_said(scheme, done.kept, unmeasured) if done.kept else None
    if done.said is not None:
        found.append(scheme_finding(scheme, done.kept, unmeasured, file or ""))
    done.findings = intake.merge_findings(found)
    return done
