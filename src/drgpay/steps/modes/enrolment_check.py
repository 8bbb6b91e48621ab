"""Enrolment check (应参尽参): persons of the exempt categories matched against the enrolment register (design/06)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import polars as pl
import pyarrow as pa
import yaml

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.steps.modes.rules import NONE
from drgpay.tables import ENROLMENT_GAPS, EXEMPT_PERSONS

EXEMPT_ORDER = ("person_id", "category")
ENROLMENT_COLUMNS = ("person_id", "covered_from", "covered_to", "death_date", "exempt_category")


@cache
def exempt_categories() -> Mapping[str, tuple[str, str]]:
    """The exempt categories by code, with their Chinese and English names (data/modes), read-only."""
    text = (files("drgpay") / "data" / "modes" / "exempt_categories.yaml").read_text("utf-8")
    return MappingProxyType({code: (zh, en) for code, (zh, en) in yaml.safe_load(text).items()})


def check_categories(found: Iterable[str]) -> None:
    """Fail with DATA when persons are listed in a category that is none."""
    unknown = sorted(set(found) - set(exempt_categories()))
    if unknown:
        raise DrgpayError(
            Kind.DATA, zh="没有这个免缴类别", en="no such exempt category", file=EXEMPT_PERSONS.name,
            field="category", value=", ".join(unknown), fix_zh="可用:" + " | ".join(exempt_categories()),
            fix_en="use one of " + " | ".join(exempt_categories()),
        )  # fmt: skip


def enrolment_gaps(exempt: Any, enrolment: Any, on: date) -> Any:
    """Table ``enrolment_gaps`` from batches of ``exempt_persons`` and ``enrolment``, whole persons at a time.

    In this order: ``died`` before the day; ``not_enrolled``: no time covers the day; ``paying``: covered, but not as
    exempt; ``twice``: in order, but listed in more than one category.
    """
    day = pl.lit(on)
    covers = (pl.col("covered_from") <= day) & (pl.col("covered_to").is_null() | (pl.col("covered_to") >= day))
    known = (
        frame(enrolment)
        .group_by("person_id")
        .agg(
            covered=covers.any(),
            exempt=(covers & pl.col("exempt_category").is_not_null()).any(),
            died=(pl.col("death_date") < day).any(),
        )
    )
    rows = frame(exempt).with_columns(
        township=pl.col("township").fill_null(NONE), listed=pl.len().over("person_id")
    )  # fmt: skip
    finding = (
        pl.when(pl.col("died"))
        .then(pl.lit("died"))
        .when(pl.col("covered").is_null() | ~pl.col("covered"))
        .then(pl.lit("not_enrolled"))
        .when(~pl.col("exempt"))
        .then(pl.lit("paying"))
        .when(pl.col("listed") > 1)
        .then(pl.lit("twice"))
    )
    joined = rows.join(known, on="person_id", how="left").with_columns(finding=finding)
    found = joined.filter(pl.col("finding").is_not_null()).select(ENROLMENT_GAPS.names)
    return pa.table(found.sort(ENROLMENT_GAPS.key).to_arrow()).cast(ENROLMENT_GAPS.schema)
