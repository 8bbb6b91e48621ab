"""The small face for people who build on drgpay: a file checked, a region, its month and its year.

What stands here is stable (see docs/builder); it is put together from the doors of this room.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypedDict, Unpack

import polars as pl

from drgpay.engine import LocalEngine, frame, open_parquet, read_manifest
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import region as regions
from drgpay.runs.begin import look
from drgpay.runs.begin import run as run_order
from drgpay.runs.explain import Section, explain_stay
from drgpay.runs.order import Order
from drgpay.runs.pages import Scope, View, browse
from drgpay.runs.progress import ShouldStop, Tell
from drgpay.runs.ready import Accepted
from drgpay.runs.uploads import Upload, check_upload
from drgpay.runs.uploads.check import Aliases
from drgpay.runs.verify import Check, verify
from drgpay.tables import INSTITUTIONS

THREADS = 2


@dataclass(frozen=True)
class FileCheck:
    """A file of stays that was checked: ``upload`` says how it was read, what is wrong and whether it can be handed
    in; ``findings`` are the table ``findings``, ``stays`` the usable rows (table ``stays``), both empty where the
    file cannot be read (see ``upload.error``)."""

    upload: Upload
    findings: pl.DataFrame
    stays: pl.DataFrame


def check(
    file: Path | str,
    *,
    template: str | None = None,
    aliases: Aliases = None,
    institution: str | None = None,
    month: tuple[int, int] | None = None,
    threads: int = THREADS,
) -> FileCheck:
    """Check a file of stays as it would be handed in; arguments as of :func:`~drgpay.runs.check_upload`. A bad file
    never raises."""
    with tempfile.TemporaryDirectory(prefix="drgpay-") as work:
        upload = check_upload(
            Path(file), work=Path(work), engine=LocalEngine(threads), template=template, aliases=aliases,
            institution=institution, month=month,
        )  # fmt: skip
        findings, stays = (
            pl.DataFrame() if path is None else frame(open_parquet(path).read())
            for path in (upload.findings, upload.accepted)
        )
    return FileCheck(upload, findings, stays)


class Region:
    """A region's folder, read when it is opened. Raises DrgpayError for one that is wrong."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._read = regions.read_region(self.folder)

    @property
    def id(self) -> str:
        """The code of the area."""
        return str(self._read.identity["id"])

    @property
    def title(self) -> Mapping[str, str]:
        """The name of the area: ``zh``, ``en``."""
        return dict(self._read.identity["title"])

    @property
    def institutions(self) -> pl.DataFrame:
        """The register of institutions."""
        return self._read.registers[INSTITUTIONS]

    def ready(
        self, year: int, month: int | None = None, *, policy: str = "demo", today: date | None = None,
        threads: int = THREADS,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """What looks wrong before the money of a year (or a month of it) moves: check, zh, en, stops."""
        return look(Order(self.folder, policy, year, month), LocalEngine(threads), today)

    def __repr__(self) -> str:
        return f"Region({self.id!r})"


@dataclass(frozen=True)
class Run:
    """A folder of a run."""

    folder: Path
    manifest: dict[str, Any] = field(repr=False, compare=False)

    @staticmethod
    def open(folder: Path | str) -> Run:
        """A run that is there. Raises DATA where there is none, BROKEN where its manifest is damaged."""
        return Run(Path(folder), read_manifest(Path(folder)))

    def table(self, name: str) -> pl.DataFrame:
        """A table of the run, whole, persons' columns included, by its name (see docs/tables)."""
        scope = Scope.everything(persons=True)
        size = max(1, browse(self.folder, View(name, scope=scope), limit=1, totals=True).total)
        page = browse(self.folder, View(name, scope=scope), limit=size, totals=False)
        return pl.DataFrame(page.rows, schema=[c.name for c in page.columns], infer_schema_length=None, orient="row")

    def explain(self, stay_id: str) -> list[Section]:
        """Why a stay has its group, points and payment."""
        return explain_stay(self.folder, stay_id)[0]

    def verify(self, *, region: Path | str | None = None, threads: int = THREADS) -> list[Check]:
        """The checks of the run that fail when it is computed anew; none where all is as it should be."""
        beside = None if region is None else Path(region)
        return [check for check in verify(self.folder, LocalEngine(threads), region=beside) if not check.ok]


class How(TypedDict, total=False):
    """How a run is made. ``policy``: a practice by its id, or a file (``demo`` where none is named); ``after``: the
    sealed run of the book that it follows; ``known_on``: only what was known on that day; ``accept`` and ``reason``:
    what is accepted of what would stop it, and why; ``replace``: an earlier run in this place; ``threads``;
    ``progress`` and ``should_stop``: see :func:`~drgpay.runs.run`."""

    policy: str
    after: Path | None
    known_on: date | None
    accept: Sequence[str]
    reason: str
    replace: bool
    threads: int
    progress: Tell | None
    should_stop: ShouldStop | None


def run_month(region: Region | Path | str, year: int, month: int, out: Path | str, **how: Unpack[How]) -> Run:
    """Settle a month into the new folder ``out``: all of it, or nothing; see :class:`How`."""
    if not 1 <= month <= 12:
        raise DrgpayError(Kind.USAGE, zh="没有这个月份", en="no such month", value=month, field="month",
                          fix_zh="1 至 12", fix_en="1 to 12")  # fmt: skip
    return _run(region, year, month, out, how)


def run_year(region: Region | Path | str, year: int, out: Path | str, **how: Unpack[How]) -> Run:
    """Settle a year into the new folder ``out``: all of it, or nothing; see :class:`How`."""
    return _run(region, year, None, out, how)


def _run(region: Region | Path | str, year: int, month: int | None, out: Path | str, how: How) -> Run:
    folder = region.folder if isinstance(region, Region) else Path(region)
    accepted = Accepted(how.get("accept", ()), how.get("reason", ""))
    order = Order(
        folder, how.get("policy", "demo"), year, month, how.get("known_on"), accept=accepted, after=how.get("after")
    )
    run_order(
        order, Path(out), LocalEngine(how.get("threads", THREADS)), overwrite=how.get("replace", False),
        progress=how.get("progress"), should_stop=how.get("should_stop"),
    )  # fmt: skip
    return Run.open(out)
