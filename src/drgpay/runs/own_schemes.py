"""A grouping scheme of one's own: built from the file somebody brings, and what it changes on the stays of a year."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay import scheme as schemes
from drgpay.engine import Dataset, Engine, frame, years_of
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.region import known_codes, read_region
from drgpay.scheme import Scheme
from drgpay.steps import grouping, intake
from drgpay.tables import INSTITUTIONS, STAYS

_BY = ("institution_id", "drg_a", "drg_b")


@dataclass(frozen=True)
class OwnScheme:
    """A scheme that was built: its id, title, digest, and the scheme it was made from (empty: none)."""

    id: str
    title: str
    digest: str
    base: str


@dataclass(frozen=True)
class Regrouped:
    """What another scheme changes on stays: how many there are (``n``) and how many change their group; ``groups``:
    drg_a, drg_b, n of those that do, the most first; ``institutions``: institution_id, n, changed, by id."""

    n: int
    changed: int
    groups: list[dict[str, Any]]
    institutions: list[dict[str, Any]]


def build_scheme(file: Path, place: Path, *, scheme_id: str = "", title: str = "") -> OwnScheme:
    """Build a scheme from a file and add it to ``place``: an overlay (YAML, such as a study drafts; it names itself),
    or the official workbook (XLSX; with an id and a title of one's own). A scheme is never replaced: SCHEME for an id
    that is there already, and for what is wrong in the file, with its line or cell."""
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".draft-") as draft:
        if file.suffix.lower() == ".xlsx":
            built = schemes.import_workbook(file, scheme_id, Path(draft), title=title).build
        else:
            built = schemes.build_overlay(file, Path(draft), folder=place).build
        if built.id in {one.id for one in schemes.catalogue(place)}:
            raise DrgpayError(
                Kind.SCHEME, zh="已有这个编号的分组方案，方案不能替换",
                en="there is a scheme of this id, and none is replaced", file=file.name, field="id",
                value=built.id, fix_zh="换一个编号，例如加上年份或版本",
                fix_en="choose another id, for example with the year or version",
            )  # fmt: skip
        built.folder.rename(place / built.id)
    entry = next(one for one in schemes.catalogue(place) if one.id == built.id)
    return OwnScheme(entry.id, entry.title, entry.digest, entry.base)


def regrouped(region: Path, year: int, old: str, new: str, engine: Engine, work: Path) -> Regrouped:
    """The stays discharged in a year under two schemes. ``work``: a folder for what is read on the way."""
    read = read_region(region)
    houses = frozenset(read.registers[INSTITUTIONS]["institution_id"])
    stays = read.stays(work, intake.CheckContext("settlement", known_codes(), houses))
    pair = partial(_pairs, a=schemes.load(old), b=schemes.load(new), year=year)
    found = [
        frame(engine.sum(Dataset((path,)), partial(pair, gone=stays.replaced.get(at)), _BY, STAYS.names, "schemes"))
        for at, path in enumerate(stays.data.paths)
    ]
    whole = pl.concat(found).group_by(_BY).agg(pl.col("n").sum()).filter(pl.col("n") > 0)
    moved = pl.col("drg_a") != pl.col("drg_b")
    groups = whole.filter(moved).group_by("drg_a", "drg_b").agg(pl.col("n").sum())
    places = whole.group_by("institution_id").agg(pl.col("n").sum(), pl.col("n").filter(moved).sum().alias("changed"))
    return Regrouped(
        int(whole["n"].sum()), int(groups["n"].sum()),
        groups.sort("n", "drg_a", "drg_b", descending=[True, False, False]).to_dicts(),
        places.sort("institution_id").to_dicts(),
    )  # fmt: skip


def _pairs(batch: Any, *, a: Scheme, b: Scheme, year: int, gone: Any) -> Any:
    """Institution and group under both schemes of the stays of a year, those that a later batch replaces left out."""
    wanted = years_of(batch.column("discharge_date")) == year
    if gone is not None:
        wanted &= ~intake.replaced_rows(batch, gone)
    kept = batch.filter(pa.array(wanted))
    both = [grouping.group_batch(scheme, kept).column("drg").cast(pa.string()) for scheme in (a, b)]
    own = kept.column("institution_id").cast(pa.string())
    return pa.table(
        {"institution_id": own, "drg_a": both[0], "drg_b": both[1], "n": np.ones(kept.num_rows, np.int64)}
    )
