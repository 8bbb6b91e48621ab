"""From stays to sums: the passes over the data, each adding up what :mod:`measures` says of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import Dataset, Engine, Part, Source, frame, one_batch
from drgpay.steps.evaluation import measures as m
from drgpay.steps.evaluation.settings import Settings
from drgpay.steps.evaluation.statistics import Risk, risk_classes
from drgpay.tables import STAY_DETAILS, VISITS
from drgpay.units import ONE, half_up

_PERSON_ORDER = ("person_id", "institution_id", "admission_date", "discharge_date", "stay_id")
_STAY_KEYS = ("year", *m.KEYS, "adrg", "mdc")
Reason = tuple[str, str]
_BEFORE = ("n", "cost", "personal", "fund", "grouped_n", "grouped_cost")
"""sums of the year before that growth needs"""
_BY_WEIGHT = ("weight_sum", "weighted_cost", "weighted_cost_scaled", "heavy", "middle", "light")
"""sums that need the groups' weights"""


@dataclass(frozen=True)
class Beside:
    """A table beside the stays, and the columns of it that have a value somewhere."""

    data: Dataset
    brought: frozenset[str]


@dataclass(frozen=True)
class Facts:
    """All that indicators are computed from.

    ``groups``: drg, base_points, basic (the published base); ``weights``: drg → weight × 10⁹ (register
    group_weights); ``by_institution``: institution_id and the sums that come from registers and statements;
    ``reference``: years of the risk classes; ``scale``: of base points.
    """

    year: int
    grouped: Dataset
    cases: Dataset
    institutions: pl.DataFrame
    groups: pl.DataFrame
    scale: int
    reference: tuple[int, ...]
    weights: Mapping[str, int] = field(default_factory=dict)
    by_institution: pl.DataFrame = field(default_factory=lambda: pl.DataFrame({"institution_id": []}))
    details: Beside | None = None
    visits: Beside | None = None
    operations: Mapping[str, int] = field(default_factory=dict)
    """operation → level, of the catalogue"""


@dataclass(frozen=True)
class Sums:
    """Integer sums of a year. ``rows``: by institution, department, doctor and group; ``names``: the sums that are
    known; ``codes``: drg → adrg, mdc; ``risks``: of the groups in the reference period."""

    facts: Facts
    rows: pl.DataFrame
    names: frozenset[str]
    codes: pl.DataFrame
    risks: Mapping[str, Risk]

    def absent(self, needs: tuple[str, ...]) -> Reason | None:
        """Why an indicator with these sums has no value anywhere; None: it has."""
        for name in needs:
            if name not in self.names:
                return _reason(name, self.facts)
        return None


def _spoken(name: str) -> str:
    """The name of a table or column in an English sentence."""
    return name.replace("_", " ")


def _reason(name: str, facts: Facts) -> Reason:
    if name.endswith("_before"):
        return f"没有 {facts.year - 1} 年的病例", f"no stays of {facts.year - 1}"
    measure = m.measure(name)
    if measure.source in ("details", "visits"):
        beside = facts.details if measure.source == "details" else facts.visits
        table = {"details": "stay_details", "visits": "visits"}[measure.source]
        words = {t.name: t for t in (STAY_DETAILS, VISITS)}
        if beside is None:
            return f"没有提供{words[table].zh}", f"the table {_spoken(table)} was not brought"
        columns = ", ".join(_spoken(c) for c in measure.needs if c not in beside.brought)
        heads = "、".join(words[table][c].zh for c in measure.needs if c not in beside.brought)
        return f"{words[table].zh}的列没有值：{heads}", f"columns of {_spoken(table)} without a value: {columns}"
    return {
        "persons": ("病例没有人员编号", "the stays name no persons"),
        "groups": ("没有基准点数或权重", "there are no base points or weights"),
        "weights": ("没有提供病组权重登记表", "the register of group weights was not brought"),
        "operations": ("没有手术分级目录", "the register of operation levels was not brought"),
        "records": ("没有提供病案质量得分", "no record scores (drgpay check --region)"),
        "statements": ("没有年度清算单", "no statements of the year"),
        "confirmed": ("没有违规认定案件登记表", "the register of confirmed cases was not brought"),
        "institutions": ("机构登记表没有写明是否接入电子凭证", "no institution says whether it takes e-vouchers"),
        "settlements": (
            "病例明细和门诊没有写明是否用电子凭证结算",
            "neither details nor visits say what e-vouchers settled",
        ),
        "provincial": ("没有省级医院的电子凭证结算", "no settlements by e-voucher of provincial hospitals"),
        "surveys": ("没有满意度调查", "no survey of satisfaction"),
    }.get(measure.source, ("没有数据", "no data"))


def collect(engine: Engine, facts: Facts, settings: Settings, work: Path) -> Sums:
    """All sums of the facts; ``work`` is a new folder for what is brought together by person and by stay."""
    stays = _stays(engine, facts, settings)
    codes = stays.group_by("drg").agg(pl.col("adrg").max(), pl.col("mdc").max())
    this = m.added(stays.filter(pl.col("year") == facts.year).drop("year", "adrg", "mdc"), m.KEYS)
    parts = [this]
    names = {name for name, of in m.MEASURES.items() if of.source in ("stays", "groups", "cases")}
    before = stays.filter(pl.col("year") == facts.year - 1)
    if before.height:
        parts.append(m.added(before.select(*m.KEYS, **{f"{n}_before": pl.col(n) for n in _BEFORE}), m.KEYS))
        names |= {f"{n}_before" for n in (*_BEFORE, "weight_sum", "weighted_cost")}
    cases = _summed(engine, facts.cases, m.case_measures, m.CASE_COLUMNS, "evaluate: cases")
    parts.append(cases)
    if facts.operations:
        rows_of = partial(m.operation_measures, year=facts.year, levels=facts.operations)
        parts.append(_summed(engine, facts.grouped, rows_of, m.OPERATION_COLUMNS, "evaluate: operations"))
        names |= {name for name, of in m.MEASURES.items() if of.source == "operations"}
    persons = _persons(engine, facts, settings, bool(cases["bed_day"].sum()), work)
    parts.append(persons)
    if persons["known_n"].sum():
        names |= {"heads", *(c for c in persons.columns if c not in m.KEYS)}
    for source, beside in (("details", facts.details), ("visits", facts.visits)):
        if beside is not None:
            parts.append(
                _details(engine, facts, beside, work) if source == "details" else _visits(engine, facts, beside)
            )
            names |= {
                n for n, of in m.MEASURES.items() if of.source == source and set(of.needs) <= beside.brought
            }  # fmt: skip
    if facts.weights:
        names |= {"weights", "weighted_n"}
    if facts.groups.is_empty():  # rate method: no base points, and weights only where they are published
        names -= {"base_points", "basic", *(() if facts.weights else _BY_WEIGHT)}
    names |= set(facts.by_institution.columns) - {"institution_id"}
    if any(b is not None and "e_voucher" in b.brought for b in (facts.details, facts.visits)):
        names |= {"vouchers", "settlements"}
        parts = [_provincial(part, facts.institutions) for part in parts]
        if any("provincial_settlements" in part.columns for part in parts):
            names |= {"provincial_vouchers", "provincial_settlements"}
    rows = m.added(pl.concat(parts, how="diagonal"), m.KEYS).with_columns(pl.exclude(m.KEYS).fill_null(0))
    return Sums(facts, rows, frozenset(names), codes, _risks(engine, facts))


def _provincial(part: pl.DataFrame, institutions: pl.DataFrame) -> pl.DataFrame:
    """Sums with settlements and e-vouchers of provincial hospitals beside those of all."""
    if "settlements" not in part.columns or "provincial" not in institutions.columns:
        return part
    mine = institutions.filter(pl.col("provincial"))["institution_id"].to_list()
    if not mine:
        return part
    provincial = pl.col("institution_id").is_in(mine).cast(pl.Int64)
    return part.with_columns(
        (pl.col(name) * provincial).alias(f"provincial_{name}") for name in ("vouchers", "settlements")
    )


def _summed(engine: Engine, data: Dataset, rows: Any, columns: tuple[str, ...], label: str) -> pl.DataFrame:
    def kernel(batch: Any) -> Any:
        return m.added(rows(batch).drop("stay_id", strict=False), m.KEYS).to_arrow()

    return frame(engine.sum(data, kernel, m.KEYS, columns, label))


def _stays(engine: Engine, facts: Facts, settings: Settings) -> pl.DataFrame:
    years = [facts.year - 1, facts.year]

    def kernel(batch: Any) -> Any:
        rows = m.stay_measures(batch, settings)
        codes = m.keyed(frame(batch.select(["adrg", "mdc"])), ("adrg", "mdc"))
        rows = pl.concat([rows.drop("stay_id", "person_id"), codes], how="horizontal")
        return m.added(rows.filter(pl.col("year").is_in(years)), _STAY_KEYS).to_arrow()

    return frame(engine.sum(facts.grouped, kernel, _STAY_KEYS, m.STAY_COLUMNS, "evaluate: stays"))


def _persons(engine: Engine, facts: Facts, settings: Settings, bed_days: bool, work: Path) -> pl.DataFrame:
    levels = facts.institutions.select("institution_id", "level")
    exempt = exempt_ids(engine, facts, bed_days)

    def prepare(batch: Any, _: Part) -> Any:
        rows = m.person_rows(batch, settings, (facts.year - 1, facts.year), exempt)
        return _batch(rows)

    def kernel(batch: Any) -> Any:
        rows = m.person_measures(frame(batch), settings, facts.year, levels)
        return _batch(m.added(rows.drop("stay_id"), m.KEYS).sort(m.KEYS))

    source = Source(facts.grouped, m.PERSON_COLUMNS, _PERSON_ORDER, prepare)
    found = engine.map_by((source,), "person_id", kernel, work / "persons", "evaluate: persons")
    columns = tuple(open_columns(found))
    return frame(engine.sum(found, lambda batch: batch, m.KEYS, columns, "evaluate: persons"))


def _batch(rows: pl.DataFrame) -> Any:
    return one_batch(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))


def open_columns(data: Dataset) -> list[str]:
    """Names of the columns of a data set."""
    return list(pl.read_parquet_schema(data.paths[0]))


def exempt_ids(engine: Engine, facts: Facts, bed_days: bool) -> pl.Series:
    """Stays whose return counts for nothing: paid by bed-day, or with a planned readmission."""
    found: list[pl.Series] = []
    if bed_days:
        found += [
            frame(b).filter(pl.col("case_class") == "bed_day")["stay_id"]
            for b in engine.scan(facts.cases, ("stay_id", "case_class"))
        ]
    if facts.details is not None and "readmission_planned" in facts.details.brought:
        found += [
            frame(b).filter(pl.col("readmission_planned"))["stay_id"]
            for b in engine.scan(facts.details.data, ("stay_id", "readmission_planned"))
        ]
    return pl.concat([pl.Series("stay_id", [], pl.String), *found])


def _details(engine: Engine, facts: Facts, details: Beside, work: Path) -> pl.DataFrame:
    def prepare(batch: Any, _: Part) -> Any:
        rows = m.keyed(frame(batch)).filter(pl.col("year") == facts.year).drop("year")
        return _batch(rows)

    def kernel(stays: Any, beside: Any) -> Any:
        rows = m.detail_measures(frame(stays), frame(beside)).drop("stay_id")
        return _batch(m.added(rows, m.KEYS).sort(m.KEYS))

    sources = (
        Source(facts.grouped, (*m.DETAIL_STAY_COLUMNS, "year"), ("stay_id",), prepare),
        Source(details.data, ("stay_id", *m.DETAIL_COLUMNS), ("stay_id",)),
    )
    found = engine.map_by(sources, "stay_id", kernel, work / "details", "evaluate: details")
    return frame(
        engine.sum(found, lambda batch: batch, m.KEYS, tuple(open_columns(found)), "evaluate: details")
    )  # fmt: skip


def _visits(engine: Engine, facts: Facts, visits: Beside) -> pl.DataFrame:
    primary = facts.institutions.filter(pl.col("level") == "primary")["institution_id"].to_list()
    rows = partial(m.visit_measures, year=facts.year, primary=primary)
    return _summed(engine, visits.data, rows, m.VISIT_COLUMNS, "evaluate: visits")


def _risks(engine: Engine, facts: Facts) -> dict[str, Risk]:
    def kernel(batch: Any) -> Any:
        rows = m.keyed(frame(batch), ("drg",))
        rows = rows.filter(pl.col("year").is_in(list(facts.reference)) & (pl.col("status") == "grouped"))
        died = (pl.col("discharge_way") == 5).fill_null(False)
        return rows.group_by("drg").agg(n=pl.len().cast(pl.Int64), deaths=died.sum().cast(pl.Int64)).to_arrow()

    columns = ("year", "drg", "status", "discharge_way")
    found = frame(engine.sum(facts.grouped, kernel, ("drg",), columns, "evaluate: risk classes"))
    return risk_classes({drg: (n, deaths) for drg, n, deaths in found.select("drg", "n", "deaths").rows()})


def risk_rows(sums: Sums) -> list[dict[str, Any]]:
    """Rows of table ``risk_classes``."""
    years = ", ".join(str(y) for y in sums.facts.reference)
    return [
        {
            "drg": drg,
            "years": years,
            "n": risk.n,
            "deaths": risk.deaths,
            "mortality": half_up(risk.deaths * ONE, risk.n),
            "ln_mortality": risk.ln,
            "score": risk.score,
        }
        for drg, risk in sorted(sums.risks.items())
    ]
