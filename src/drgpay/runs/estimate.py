"""What a hospital's own stays are expected to bring, from what the bureau publishes: no run of the area is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import Scheme
from drgpay.steps import grouping, intake, points
from drgpay.steps.points import Published
from drgpay.tables import (
    ESTIMATE_TOTALS,
    PUBLISHED,
    PUBLISHED_TERMS,
    STAY_ESTIMATES,
    STAYS,
    TERM_NAMES,
    Column,
    Table,
)
from drgpay.tables.inputs import SCHEMES
from drgpay.units import half_up, parse_fen

Row = dict[str, Any]

NEED = "estimate"
"""the need with which files of stays are read for :func:`estimate_stays`"""
_SCOPES = (("all", ""), ("department", "department_id"), ("doctor", "doctor_id"), ("group", "drg"))


@dataclass(frozen=True)
class Estimate:
    """Estimates of stays (table ``stay_estimates``), their sums (rows of ``estimate_totals``), the findings of
    reading, rows read, and what cannot be known from published tables (Chinese, English)."""

    stays: pl.DataFrame
    totals: list[Row]
    findings: Any
    rows: int
    cannot_know: Sequence[tuple[str, str]]

    @property
    def kept(self) -> int:
        """Stays that were estimated."""
        return self.stays.height


def read_published(paths: Sequence[Path], terms: Mapping[str, str] | None = None) -> Published:
    """What the bureau published: one workbook with both tables, several files, or a folder with the registers
    ``published`` and ``published_terms``. ``terms`` (name → value) stand in for terms of the file. Raises DATA."""
    groups, rows = _file_of(PUBLISHED, paths), _terms_file(paths, needed=not terms)
    listed = frame(intake.read_register(groups, PUBLISHED)).to_dicts()
    there = frame(intake.read_register(rows, PUBLISHED_TERMS)).to_dicts() if rows else []
    given = _given(terms or {})
    over = {(row["term"], row["applies_to"]) for row in given}
    there = [row for row in there if not {(row["term"], row["applies_to"]), (row["term"], "all")} & over]
    return points.published(listed, points.read_terms([*there, *given]))


def _given(terms: Mapping[str, str]) -> list[Row]:
    choices = PUBLISHED_TERMS["term"].choices
    known = {**{zh: term for term, zh in TERM_NAMES.items()}, **{term: term for term in choices}}
    schemes = {"": "", "职工": "employee", "居民": "resident", **{scheme: scheme for scheme in SCHEMES}}
    rows = []
    for name, value in terms.items():
        said, _, whose = name.replace("：", ":").partition(":")
        term, scheme = known.get(said.strip(), ""), schemes.get(whose.strip())
        if not term or scheme is None:
            raise DrgpayError(
                Kind.USAGE, zh="没有这个参数", en="no such term", value=name,
                fix_zh=f"可用：{'、'.join(TERM_NAMES.values())}",
                fix_en=f"there are {', '.join(choices)}",
            )  # fmt: skip
        rows.append({"term": term, "applies_to": scheme or "all", "value": value, "source": None})
    return rows


def _file_of(table: Table, paths: Sequence[Path]) -> Path:
    found = _holding(table, paths)
    if len(found) == 1:
        return found[0]
    if found:
        raise intake.several(found)
    if len(paths) == 1 and not paths[0].is_dir():
        return paths[0]  # reading it says what is missing
    raise DrgpayError(
        Kind.DATA, zh=f"没有{table.zh}表", en=f"no table {table.name}", file=paths[0].name if paths else None,
        fix_zh="用 drgpay estimate --template 写出模板", fix_en="drgpay estimate --template writes the template",
    )  # fmt: skip


def _terms_file(paths: Sequence[Path], *, needed: bool) -> Path | None:
    found = _holding(PUBLISHED_TERMS, paths)
    return found[0] if len(found) == 1 else _file_of(PUBLISHED_TERMS, paths) if needed or found else None


def _holding(table: Table, paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            there = intake.register_file(path, table)
            found += [there] if there else []
        elif intake.holds_register(path, table):
            found.append(path)
    return found


def estimate_stays(
    parts: Iterable[tuple[str, intake.Intake]], rules: Published, scheme: Scheme, *, in_house: bool = False
) -> Estimate:
    """Estimate stays as they are read (need :data:`NEED`), each with the name of its file.

    A stay without a day of discharge is in house; where a file lacks that column altogether its stays are taken as
    discharged, unless ``in_house`` says that all are in house. Raises DATA where no stay is usable.
    """
    frames, found, rows = [], [], 0
    dateless: dict[str, bool] = {}
    for file, part in parts:
        rows += part.rows
        found.append(part.findings)
        dateless[file] = dateless.get(file, False) or lacks_discharge(part.findings)
        if part.stays.num_rows:
            frames.append(estimated(part.stays, rules, scheme, in_house, dateless[file]))
    findings = intake.merge_findings(found)
    stays = pl.concat(frames) if frames else frame(STAY_ESTIMATES.schema.empty_table())
    STAY_ESTIMATES.check(stays.to_arrow().cast(STAY_ESTIMATES.schema))
    totals = estimate_totals(stays, rules)
    return Estimate(stays, totals, findings, rows, points.CANNOT_KNOW)


def lacks_discharge(findings: Any) -> bool:
    """A file was read that has no column of days of discharge."""
    rule, field = (findings.column(name).cast(pa.string()) for name in ("rule", "field"))
    hits = pc.and_(pc.equal(rule, "column_absent"), pc.equal(field, "discharge_date"))
    return bool(pc.any(hits).as_py())


def estimated(stays: Any, rules: Published, scheme: Scheme, all_in_house: bool, dateless: bool) -> pl.DataFrame:
    """Rows of ``stay_estimates`` for stays that were read, in their order. ``dateless``: of a file without days of
    discharge, whose stays are discharged unless ``all_in_house``."""
    groups = grouping.group_batch(scheme, stays)
    staying = np.full(stays.num_rows, all_in_house)
    if not dateless and not all_in_house:
        staying = stays.column("discharge_date").is_null().to_numpy(zero_copy_only=False)
    batch = stays
    for name in ("drg", "status"):
        batch = batch.append_column(name, groups.column(name))
    batch = batch.append_column("in_house", pa.array(staying))
    found = points.estimate_batch(batch, rules)
    drgs = groups.column("drg").cast(pa.string())
    codes = drgs.unique().to_pylist()
    published = [rules.groups.get(code, {}) for code in codes]
    said = {
        name: [row.get(name) for row in published] for name in ("weight", "base_points", "mean_cost", "mean_days")
    }
    names = [row.get("drg_name") or scheme.name(code) for code, row in zip(codes, published, strict=True)]
    at = pc.index_in(drgs, value_set=pa.array(codes, pa.string()))
    texts = [_words(remarks) for remarks in found.pop("remarks")]
    columns = {
        **{name: batch.column(name) for name in batch.schema.names},
        **found,
        **{name: pa.array(cells, STAY_ESTIMATES[name].arrow).take(at) for name, cells in said.items()},
        "drg_name": pa.array(names, pa.string()).take(at),
        "zh": pa.array([zh for zh, _ in texts], pa.string()),
        "en": pa.array([en for _, en in texts], pa.string()),
    }
    table = pa.table([_as(columns[c.name], c.arrow) for c in STAY_ESTIMATES.columns], schema=STAY_ESTIMATES.schema)
    return frame(table)


def estimate_given(stays: Sequence[Mapping[str, Any]], groups: Sequence[Any], rules: Published) -> list[Row]:
    """Estimates of stays that a program gives, with their groups (as a :class:`Grouper` gives them): columns of
    ``stay_estimates`` that follow from what is published. ``total_cost`` and ``personal_paid`` are in yuan, as in
    files; a stay without ``discharge_date`` is in house. Raises DATA for a value that cannot be read."""
    columns: dict[str, Any] = {
        name: pa.array([_given_value(STAYS[name], stay, row) for row, stay in enumerate(stays, 1)], STAYS[name].arrow)
        for name in ("stay_id", "institution_id", "department_id", "doctor_id", "insurance_scheme", "los",
                     "total_cost", "personal_paid", "fund_by_item")
    }  # fmt: skip
    columns["drg"] = pa.array([one.drg for one in groups], pa.string())
    columns["status"] = pa.array([one.status for one in groups], pa.string())
    columns["in_house"] = pa.array([not stay.get("discharge_date") for stay in stays])
    found = points.estimate_batch(pa.RecordBatch.from_pydict(columns), rules)
    remarks = [_words(said) for said in found.pop("remarks")]
    cells = {name: column.to_pylist() for name, column in found.items()}
    published = [rules.groups.get(one.drg, {}) for one in groups]
    return [
        {
            **{name: values[at] for name, values in cells.items()}, "zh": zh, "en": en,
            "total_cost": columns["total_cost"][at].as_py(),
            **{name: published[at].get(name) for name in ("base_points", "mean_cost")},
        }
        for at, (zh, en) in enumerate(remarks)
    ]  # fmt: skip


_IF_ABSENT: Mapping[str, Any] = {"stay_id": "", "institution_id": "", "total_cost": 0, "fund_by_item": 0, "los": 1}


def _given_value(column: Column, stay: Mapping[str, Any], row: int) -> Any:
    said = stay.get(column.name)
    if said in (None, ""):
        return _IF_ABSENT.get(column.name)
    try:
        if column.type == "fen":
            return parse_fen(str(said))
        return int(said) if column.type.startswith("int") else str(said)
    except (DrgpayError, ValueError) as error:
        raise DrgpayError(
            Kind.DATA, zh="数值读不出来", en="the value cannot be read", row=row, field=column.name,
            value=str(said)[:60], fix_zh="写成数字,金额以元计", fix_en="write a number; money in yuan",
        ) from error  # fmt: skip


def _as(column: Any, of_type: Any) -> Any:
    if pa.types.is_dictionary(of_type) and not pa.types.is_dictionary(column.type):
        return column.cast(pa.string()).dictionary_encode()
    return column.cast(of_type)


def _words(remarks: Sequence[str]) -> tuple[str, str]:
    said = [points.REMARKS[name] for name in remarks]
    return "；".join(zh for zh, _ in said), "; ".join(en for _, en in said)


def estimate_totals(stays: pl.DataFrame, rules: Published) -> list[Row]:
    """Rows of ``estimate_totals``: stays discharged and in house apart, all and by department, doctor and group."""
    rows: list[Row] = []
    for scope, by in _SCOPES:
        keys = ["in_house", *([by] if by else [])]
        sums = stays.group_by([*keys, "insurance_scheme"]).agg(
            unit_name=pl.col("drg_name").first(),
            n=pl.len().cast(pl.Int64),
            unknown=pl.col("expected_payment").is_null().sum().cast(pl.Int64),
            high=(pl.col("case_class") == "high").sum().cast(pl.Int64),
            low=(pl.col("case_class") == "low").sum().cast(pl.Int64),
            points=pl.col("points").sum(),
            priced_points=pl.col("points").filter(pl.col("expected_payment").is_not_null()).sum(),
            total_cost=pl.col("total_cost").sum(),
            known_cost=pl.col("total_cost").filter(pl.col("expected_payment").is_not_null()).sum(),
            expected_payment=pl.col("expected_payment").sum(),
            gain=pl.col("gain").sum(),
        )
        together: dict[tuple[bool, str], Row] = {}
        for one in sums.iter_rows(named=True):
            key = (one["in_house"], str(one[by] or "") if by else "")
            _add(together.setdefault(key, _empty(scope, key)), one, rules, named=scope == "group")
        rows += [together[key] for key in sorted(together)]
    ESTIMATE_TOTALS.of(rows)
    return rows


def _empty(scope: str, key: tuple[bool, str]) -> Row:
    sums = dict.fromkeys((c.name for c in ESTIMATE_TOTALS.columns[4:]), 0)
    return {"scope": scope, "in_house": key[0], "unit_id": key[1], "unit_name": "", **sums}


def _add(row: Row, one: Row, rules: Published, *, named: bool) -> None:
    """Add the sums of one insurance scheme."""
    if named:
        row["unit_name"] = one["unit_name"]
    exact = one["expected_payment"]
    if one["priced_points"]:
        value = points.value_of(rules.terms, one["insurance_scheme"] or SCHEMES[0])
        exact = half_up(one["priced_points"] * value[0], value[1]) if value else exact
    row["exact_payment"] += exact
    for name in ("n", "unknown", "high", "low", "points", "total_cost", "known_cost", "expected_payment", "gain"):
        row[name] += one[name]
