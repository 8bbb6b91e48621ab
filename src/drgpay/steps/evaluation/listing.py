"""The stays behind an indicator, one by one: the same functions that make the sums, without adding up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import polars as pl

from drgpay.engine import Dataset, Engine, frame
from drgpay.errors import DrgpayError, Kind
from drgpay.steps.evaluation import measures as m
from drgpay.steps.evaluation.figures import group_facts, with_group
from drgpay.steps.evaluation.registry import Indicator, Registry
from drgpay.steps.evaluation.sums import Sums, exempt_ids

Rows = Callable[[Any], pl.DataFrame]
_FROM_STAYS = ("stays", "groups", "weights")


def stays_of(
    engine: Engine, sums: Sums, registry: Registry, indicator: Indicator, where: Mapping[str, str]
) -> pl.DataFrame:
    """Columns stay_id, :data:`~measures.KEYS`, numerator and denominator (null: it is no sum of single stays), of the
    stays that add to the indicator: to the numerator of a share of cases, to either of the others. ``where``: codes
    of :data:`~measures.KEYS` to keep. Their sums are the figure's. Raises USAGE for an indicator that stays do not
    make, and DATA with the reason for one without a value."""
    absent = sums.absent(indicator.needs if not indicator.distinct else (indicator.cases,))
    if absent is not None:
        raise DrgpayError(Kind.DATA, zh=f"指标没有值：{absent[0]}", en=f"no value: {absent[1]}", field=indicator.id)
    numerator = indicator.numerator or "grouped_n"
    source = m.measure(numerator).source
    if source in _FROM_STAYS:
        rows = _from_stays(engine, sums, registry, where)
    elif source == "cases":
        rows = _kept(engine, sums.facts.cases, m.CASE_COLUMNS, where, m.case_measures)
    elif source == "operations":
        levels = partial(m.operation_measures, year=sums.facts.year, levels=sums.facts.operations)
        rows = _kept(engine, sums.facts.grouped, m.OPERATION_COLUMNS, where, levels)
    elif source == "persons":
        rows = _from_persons(engine, sums, registry, where)
    elif source == "details" and sums.facts.details is not None:
        rows = _from_details(engine, sums, where)
    else:
        raise DrgpayError(
            Kind.USAGE,
            zh="该指标不由单个住院病例构成",
            en="this indicator is not made of single stays",
            value=indicator.id,
            fix_zh="它的值来自登记表或门诊",
            fix_en="its value comes from registers or visits",
        )
    shown: pl.DataFrame = rows.with_columns(
        numerator=pl.col(numerator),
        denominator=pl.col(indicator.denominator)
        if indicator.denominator in rows.columns
        else pl.lit(None, pl.Int64),
    ).select("stay_id", *m.KEYS, "numerator", "denominator")
    adds = pl.col("numerator") != 0
    if not indicator.interval:
        adds |= pl.col("denominator").fill_null(0) != 0
    return shown.filter(adds).sort("stay_id")


def _where(where: Mapping[str, str]) -> list[pl.Expr]:
    return [pl.col(name).cast(pl.String) == code for name, code in where.items()]


def _kept(
    engine: Engine, data: Dataset, columns: tuple[str, ...], where: Mapping[str, str], rows: Rows
) -> pl.DataFrame:
    return pl.concat([rows(batch).filter(*_where(where)) for batch in engine.scan(data, columns)])


def _from_stays(engine: Engine, sums: Sums, registry: Registry, where: Mapping[str, str]) -> pl.DataFrame:
    def rows(batch: Any) -> pl.DataFrame:
        return m.stay_measures(batch, registry.settings).filter(pl.col("year") == sums.facts.year)

    found = _kept(engine, sums.facts.grouped, m.STAY_COLUMNS, where, rows)
    return with_group(found.join(group_facts(sums, registry), on="drg", how="left"), sums.facts.scale)


def _from_persons(engine: Engine, sums: Sums, registry: Registry, where: Mapping[str, str]) -> pl.DataFrame:
    facts, settings = sums.facts, registry.settings
    exempt = exempt_ids(engine, facts, bed_days=True)
    here = {k: v for k, v in where.items() if k == "institution_id"}  # a return is to the same institution
    years = (facts.year - 1, facts.year)
    rows = _kept(
        engine, facts.grouped, m.PERSON_COLUMNS, here, lambda batch: m.person_rows(batch, settings, years, exempt)
    )
    levels = facts.institutions.select("institution_id", "level")
    found = m.person_measures(rows, settings, facts.year, levels).filter(*_where(where))
    scope = {0: "area", 1: "institution", 2: "department"}[min(len(where), 2)]
    if "doctor_id" in where or "drg" in where:
        scope = "doctor" if "doctor_id" in where else "group"
    return found.with_columns(heads=pl.col(f"heads_{scope}"))


def _from_details(engine: Engine, sums: Sums, where: Mapping[str, str]) -> pl.DataFrame:
    facts = sums.facts
    assert facts.details is not None

    def rows(batch: Any) -> pl.DataFrame:
        return m.keyed(frame(batch)).filter(pl.col("year") == facts.year)

    stays = _kept(engine, facts.grouped, (*m.DETAIL_STAY_COLUMNS, "year"), where, rows)
    ids = stays.select("stay_id")
    details = [
        frame(b).join(ids, on="stay_id", how="semi")
        for b in engine.scan(facts.details.data, ("stay_id", *m.DETAIL_COLUMNS))
    ]
    return m.detail_measures(stays, pl.concat(details))
