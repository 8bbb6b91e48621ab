"""From sums to indicator figures: the area, its levels, institutions, departments, doctors and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from drgpay.steps.evaluation import measures as m
from drgpay.steps.evaluation.registry import Indicator, Registry
from drgpay.steps.evaluation.statistics import wilson
from drgpay.steps.evaluation.sums import Sums
from drgpay.units import ONE, half_up, mul_div_half_up

SCOPES: Mapping[str, tuple[str, ...]] = {
    "area": (),
    "level": ("level",),
    "institution": ("institution_id",),
    "department": ("institution_id", "department_id"),
    "doctor": ("institution_id", "doctor_id"),
    "group": ("drg",),
}
_NAMES = ("level", "institution_id", "department_id", "doctor_id", "drg")
_WITH_REGISTERS = ("area", "level", "institution")
TERM = 10**8
"""a group's term of the cost and time index is rounded half up to 1/10⁸ of a stay"""
_LARGEST = 2**62

Row = dict[str, Any]
Ratio = tuple[int, int]


def group_facts(sums: Sums, registry: Registry) -> pl.DataFrame:
    """What a stay's group adds to its sums: by drg base points, relative weight (base points ÷ scale, half up, in
    1/10,000), published weight, band, basic, risk, and the area's stays, cost and days in it."""
    facts, settings = sums.facts, registry.settings
    area = m.added(
        sums.rows.select("drg", all_n="grouped_n", all_cost="grouped_cost", all_los="grouped_los"), ("drg",)
    )
    groups = m.keyed(facts.groups, ("drg",)).select("drg", group_points="base_points", is_basic="basic")
    rows = area.join(groups, on="drg", how="left").with_columns(pl.col("group_points").fill_null(0))
    weight = [half_up(points, facts.scale) for points in rows["group_points"].to_list()]
    scores = [sums.risks[drg].score if drg in sums.risks else -1 for drg in rows["drg"].to_list()]
    return rows.with_columns(
        weight=pl.Series(weight, dtype=pl.Int64),
        printed=pl.Series([facts.weights.get(d, 0) for d in rows["drg"].to_list()], dtype=pl.Int64),
        risk=pl.Series(scores, dtype=pl.Int64),
    ).with_columns(
        is_heavy=pl.col("weight") >= settings.heavy,
        is_light=(pl.col("weight") < settings.light) & (pl.col("weight") > 0),
        is_middle=(pl.col("weight") >= settings.light) & (pl.col("weight") < settings.heavy),
        is_low_risk=pl.col("risk").is_in(list(settings.low_risk)),
        is_high_risk=pl.col("risk").is_in(list(settings.high_risk)),
    )


def scope_sums(sums: Sums, groups: pl.DataFrame, scope: str) -> pl.DataFrame:
    """One row per entity of a scope with all its sums, those that depend on the group included."""
    keys = list(SCOPES[scope])
    levels = m.keyed(sums.facts.institutions.select("institution_id", "level"), ("institution_id", "level"))
    rows = sums.rows.join(levels, on="institution_id", how="left").with_columns(pl.col("level").fill_null(""))
    heads = f"heads_{scope}"
    rows = rows.with_columns(heads=pl.col(heads) if heads in rows.columns else pl.lit(0, pl.Int64))
    for key in keys:
        rows = rows.filter(pl.col(key) != "")
    numbers = [c for c in rows.columns if c not in (*m.KEYS, "level")]
    by = list(dict.fromkeys([*keys, "drg"]))
    fine = m.added(rows.select(*by, *numbers), by).join(groups, on="drg", how="left").sort(by)
    fine = with_group(fine, sums.facts.scale)
    distinct = fine.filter(pl.col("grouped_n") > 0).join(sums.codes, on="drg", how="left")
    counted = [pl.col(c).n_unique().cast(pl.Int64).alias(f"distinct_{c}") for c in ("adrg", "mdc")]
    counted.append(pl.col("drg").n_unique().cast(pl.Int64).alias("distinct_drg"))
    totals = m.added(fine.select(*keys, *(c for c in fine.columns if c not in (*by, *groups.columns))), keys)
    if "drg" in keys:
        counts = distinct.select("drg", distinct_drg=pl.lit(1, pl.Int64), distinct_adrg=1, distinct_mdc=1)
    else:
        counts = distinct.group_by(keys).agg(counted) if keys else distinct.select(counted)
    joined = totals.join(counts, on=keys, how="left") if keys else pl.concat([totals, counts], how="horizontal")
    return joined.with_columns(pl.col("^distinct_.*$").fill_null(0))


def with_group(fine: pl.DataFrame, scale: int) -> pl.DataFrame:
    """Sums by entity and group (or single stays) beside :func:`group_facts`, with the sums the group makes of them;
    terms of the indices are rounded here, once."""

    def where(flag: str, name: str) -> pl.Expr:
        return pl.when(pl.col(flag)).then(pl.col(name)).otherwise(0)

    def term(own: str, whole: str) -> pl.Series:
        a, n, d = (fine[c].fill_null(0).to_numpy().astype(np.int64) for c in (own, "all_n", whole))
        found = mul_div_half_up(a, n * TERM, np.maximum(d, 1))
        return pl.Series(np.where(d > 0, found, 0), dtype=pl.Int64)

    n = pl.col("grouped_n")
    weighted = pl.col("weight") > 0
    flags = [pl.col(c).fill_null(False) for c in fine.columns if c.startswith("is_")]
    fine = fine.with_columns(flags).with_columns(pl.col("group_points", "weight", "printed").fill_null(0))
    before = [c for c in ("grouped_n_before", "grouped_cost_before") if c in fine.columns]
    more = (
        {
            "weight_sum_before": pl.col("grouped_n_before") * pl.col("weight"),
            "weighted_cost_before": pl.when(weighted).then(pl.col("grouped_cost_before")).otherwise(0),
        }
        if before
        else {}
    )
    return fine.with_columns(
        cost_terms=term("grouped_cost", "all_cost"),
        time_terms=term("grouped_los", "all_los"),
        indexed_n=pl.when(pl.col("all_cost") > 0).then(n * TERM).otherwise(0),
        timed_n=pl.when(pl.col("all_los") > 0).then(n * TERM).otherwise(0),
        heavy=where("is_heavy", "grouped_n"), middle=where("is_middle", "grouped_n"),
        light=where("is_light", "grouped_n"), basic=where("is_basic", "grouped_n"),
        low_risk_n=where("is_low_risk", "grouped_n"), low_risk_deaths=where("is_low_risk", "deaths"),
        high_risk_n=where("is_high_risk", "grouped_n"), high_risk_deaths=where("is_high_risk", "deaths"),
        base_points=n * pl.col("group_points"), scaled_n=pl.col("n") * (scale * ONE),
        weight_sum=n * pl.col("weight"), weights=n * pl.col("printed"), weighted_n=pl.col("n") * 10**9,
        weighted_cost=pl.when(weighted).then(pl.col("grouped_cost")).otherwise(0),
        weighted_cost_scaled=pl.when(weighted).then(pl.col("grouped_cost")).otherwise(0) * 100,
        **more,
    )  # fmt: skip


def ratio(indicator: Indicator, sums: Mapping[str, int]) -> Ratio | None:
    """Numerator and denominator (> 0) of an entity's sums; None where there is nothing to divide by."""
    if indicator.distinct:
        return sums[f"distinct_{indicator.distinct}"], 1

    def of(name: str) -> int:
        return sums[name] if name else 1

    if indicator.growth:
        now = of(indicator.numerator) * (of(f"{indicator.denominator}_before") if indicator.denominator else 1)
        then = of(f"{indicator.numerator}_before") * of(indicator.denominator)
        if then <= 0 or not of(indicator.denominator):
            return None
        num, den = now - then, then
        return (num, den) if max(abs(num), den) < _LARGEST else (half_up(num * TERM, den), TERM)
    num, den = of(indicator.numerator), of(indicator.denominator)
    return (num, den) if den > 0 else None


def figures(sums: Sums, registry: Registry) -> list[Row]:
    """Rows of table ``indicator_figures``. What has no value is a row with its reason for the area and every
    institution, and no row for departments, doctors and groups."""
    groups = group_facts(sums, registry)
    indicators = list(registry.indicators.values())
    area = _entities(sums, groups, "area")[0][1]
    by_level = {names[0]: row for names, row in _entities(sums, groups, "level")}
    institutions = _entities(sums, groups, "institution")
    level_of = dict(sums.facts.institutions.select("institution_id", "level").rows())
    known = {names[0]: row for names, row in institutions}
    rows: list[Row] = []
    for indicator in indicators:
        absent = sums.absent(indicator.needs if not indicator.distinct else (indicator.cases,))
        area_value = _value(indicator, area, absent)
        level_values = {level: _value(indicator, row, absent) for level, row in by_level.items()}
        if indicator.counts:
            each = {h: _value(indicator, row, absent) for h, row in known.items()}
            area_mark = _mean(each.values())
            level_marks = {lv: _mean(v for h, v in each.items() if level_of.get(h) == lv) for lv in by_level}
        else:
            area_mark, level_marks = _printed(area_value), {lv: _printed(v) for lv, v in level_values.items()}

        def add(scope: str, names: Mapping[str, str], own: Mapping[str, int], level: str) -> None:
            found = _value(indicator, own, absent)  # noqa: B023
            if found is None and scope not in ("area", "institution"):
                return
            rows.append(
                _row(indicator, registry, sums, scope, names, own, found, absent)  # noqa: B023
                | {"level_value": level_marks.get(level), "area_value": area_mark}  # noqa: B023
            )

        add("area", {}, area, "")
        for level, own in by_level.items():
            add("level", {"level": level}, own, level)
        for h, level in sorted(level_of.items()):
            add("institution", {"institution_id": h, "level": level}, known.get(h, {}), level)
    for scope in ("department", "doctor", "group"):
        rows += _below(sums, groups, registry, scope, level_of, rows)
    return rows


def _below(
    sums: Sums, groups: pl.DataFrame, registry: Registry, scope: str, level_of: Mapping[str, str], above: list[Row]
) -> list[Row]:
    """Departments, doctors or groups; their benchmarks are those of the institutions' level and the area."""
    marks = {(r["indicator"], r["level"]): r["value"] for r in above if r["scope"] in ("area", "level")}
    entities = _entities(sums, groups, scope)
    rows = []
    for indicator in registry.indicators.values():
        absent = sums.absent(indicator.needs if not indicator.distinct else (indicator.cases,))
        if absent is not None or indicator.by_institution:
            continue
        for names, own in entities:
            found = _value(indicator, own, None)
            if found is None:
                continue
            named = dict(zip(SCOPES[scope], names, strict=True))
            level = level_of.get(named.get("institution_id", ""), "")
            bench = (
                (None, None)
                if indicator.counts
                else (marks.get((indicator.id, level or "-")), marks.get((indicator.id, "")))
            )
            rows.append(
                _row(indicator, registry, sums, scope, named | {"level": level}, own, found, None)
                | {"level_value": bench[0], "area_value": bench[1]}
            )
    return rows


def _entities(sums: Sums, groups: pl.DataFrame, scope: str) -> list[tuple[tuple[str, ...], dict[str, int]]]:
    frame = scope_sums(sums, groups, scope)
    keys = list(SCOPES[scope])
    if scope in _WITH_REGISTERS:
        frame = _with_registers(sums, frame, keys)
    if keys:
        frame = frame.sort(keys)
    names = frame.select(keys).rows() if keys else [()]
    return list(zip(names, frame.drop(keys).to_dicts(), strict=True))


def _with_registers(sums: Sums, frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Sums that registers know of institutions, added to the entities."""
    known = sums.facts.by_institution
    if known.width < 2:
        return frame
    rows = m.keyed(sums.facts.institutions.select("institution_id", "level"), ("institution_id", "level"))
    rows = rows.join(m.keyed(known, ("institution_id",)), on="institution_id", how="left")
    numbers = [c for c in known.columns if c != "institution_id"]
    rows = m.added(rows.select(*keys, *(pl.col(c).cast(pl.Int64).fill_null(0) for c in numbers)), keys)
    if not keys:
        return pl.concat([frame, rows], how="horizontal")
    return frame.join(rows, on=keys, how="full", coalesce=True).with_columns(pl.exclude(keys).fill_null(0))


def _value(indicator: Indicator, own: Mapping[str, int], absent: object) -> Ratio | None:
    return None if absent is not None or not own else ratio(indicator, own)


def _printed(found: Ratio | None) -> int | None:
    return None if found is None else half_up(found[0] * ONE, found[1])


def _mean(found: Iterable[Ratio | None]) -> int | None:
    values = [v[0] for v in found if v is not None]
    return half_up(sum(values) * ONE, len(values)) if values else None


def _row(
    indicator: Indicator,
    registry: Registry,
    sums: Sums,
    scope: str,
    names: Mapping[str, str],
    own: Mapping[str, int],
    found: Ratio | None,
    absent: tuple[str, str] | None,
) -> Row:
    n = own.get(indicator.cases, 0)
    low = high = None
    if found is not None and indicator.interval and 0 <= found[0] <= found[1]:
        low, high = wilson(*found, registry.settings.z)
    reason = absent or (None if found else ("没有相应病例", "no such case"))
    return {
        "year": sums.facts.year,
        "indicator": indicator.id,
        "scope": scope,
        **{name: names.get(name, "") for name in _NAMES},
        "numerator": found and found[0],
        "denominator": found and found[1],
        "value": _printed(found),
        "n": n,
        "small": n < indicator.least,
        "low": low,
        "high": high,
        "absent_zh": reason and reason[0],
        "absent_en": reason and reason[1],
    }
