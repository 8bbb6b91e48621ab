"""The sums indicators are made of: what every single stay, case, person or visit adds to them.

A function here takes rows and gives the same rows with :data:`KEYS` and integer columns, one per sum; the kernels
add them up, and the list of an indicator's stays shows them row by row. Costs are fen, points and weights as they
are kept; nothing is divided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from drgpay.engine import frame, integers
from drgpay.steps.evaluation.settings import Settings
from drgpay.tables import CASE_TYPES

KEYS = ("institution_id", "department_id", "doctor_id", "drg")
"""what sums are kept by; a code that is not given is an empty text"""

LEVEL4 = 4
"""the highest level of operations"""
SURGICAL = frozenset("ABCDEFGHIJ")
"""second letters of the groups with operations (外科部分) in every scheme of the CHS-DRG kind"""


@dataclass(frozen=True)
class Measure:
    """A sum: where it comes from, and the columns of a table beside the stays it needs."""

    source: str
    needs: tuple[str, ...] = ()


def _of(source: str, *names: str, needs: tuple[str, ...] = ()) -> dict[str, Measure]:
    return dict.fromkeys(names, Measure(source, needs))


MEASURES: Mapping[str, Measure] = {
    **_of("stays", "n", "n_fen", "cost", "personal", "fund", "los", "los_fen", "deaths", "way_n", "transfers",
          "transfers_down", "against_advice", "ungrouped", "qy", "grouped_n", "grouped_cost", "grouped_los",
          "surgical", "mcc", "cc", "complications"),
    **_of("groups", "base_points", "scaled_n", "weight_sum", "weighted_cost", "weighted_cost_scaled", "heavy",
          "middle", "light", "basic", "cost_terms",
          "indexed_n", "time_terms", "timed_n", "low_risk_n", "low_risk_deaths", "high_risk_n", "high_risk_deaths"),
    **_of("weights", "weights", "weighted_n"),
    **_of("cases", "case_n", "case_n_scaled", "points", "high", "low", "unstable", "special", "bed_day"),
    **_of("operations", "operated", "level4"),
    **_of("persons", "known_n", "heads", "readmit_n"),
    **_of("details", "preop_days", "preop_n", needs=("first_procedure_date",)),
    **_of("details", "out_of_policy", "out_of_policy_of", "out_of_policy_n", "in_policy_fund", "in_policy_cost",
          needs=("out_of_policy",)),
    **_of("details", "drug_fee", "drug_of", "drug_n", needs=("drug_fee",)),
    **_of("details", "material_fee", "material_of", "material_n", needs=("material_fee",)),
    **_of("details", "test_fee", "test_of", "test_n", needs=("examination_fee", "laboratory_fee")),
    **_of("details", "service_fee", "service_of", "service_n",
          needs=("bed_fee", "nursing_fee", "treatment_fee", "surgery_fee")),
    **_of("visits", "visits", "visits_fen", "visit_cost", "base_visits"),
    **_of("visits", "visit_drug", "visit_drug_of", needs=("drug_fee",)),
    **_of("visits", "internet", "internet_of", needs=("internet",)),
    **_of("reviews", "feedback"),
    **_of("records", "record_completeness", "record_accuracy", "record_parts", "record_n", "record_errors"),
    **_of("statements", "actual", "due"),
    **_of("violations", "violations", "violation_amount"),
    **_of("confirmed", *(f"case_{violation}" for violation in CASE_TYPES), "listed_admission", "listed_charges",
          "listed_shifting"),
    **_of("institutions", "connected", "connection_told"),
    **_of("settlements", "vouchers", "settlements"),
    **_of("provincial", "provincial_vouchers", "provincial_settlements"),
    **_of("surveys", "survey_satisfied", "survey_answers"),
}  # fmt: skip
"""every sum by name; besides, ``readmit_<days>`` of the persons and ``<sum>_before`` of the year before"""

_READMIT = re.compile(r"readmit_[1-9][0-9]*")
STAY_COLUMNS = ("stay_id", "person_id", *KEYS, "year", "los", "discharge_way", "total_cost", "personal_paid",
                "fund_by_item", "status", "severity", "adrg", "mdc", "dx")  # fmt: skip
CASE_COLUMNS = ("stay_id", *KEYS, "case_class", "points")
OPERATION_COLUMNS = ("stay_id", *KEYS, "year", "proc")
PERSON_COLUMNS = ("person_id", *KEYS, "year", "stay_id", "admission_date", "discharge_date", "dx")
_CLASSES = ("high", "low", "unstable", "special", "bed_day")


def measure(name: str) -> Measure:
    """The measure of that name, also of a readmission's days and of the year before."""
    return Measure("persons") if _READMIT.fullmatch(name) else MEASURES[name.removesuffix("_before")]


def is_measure(name: str) -> bool:
    """Whether there is such a sum."""
    return name in MEASURES or _READMIT.fullmatch(name) is not None


def keyed(rows: pl.DataFrame, names: Iterable[str] = KEYS) -> pl.DataFrame:
    """The rows with missing codes as empty text."""
    return rows.with_columns(pl.col(name).cast(pl.String).fill_null("") for name in names)


def added(rows: pl.DataFrame, by: Iterable[str]) -> pl.DataFrame:
    """Sums of all number columns by key."""
    by = list(by)
    numbers = [c for c in rows.columns if c not in by]
    return rows.group_by(by).agg(pl.col(numbers).sum()) if by else rows.select(pl.col(numbers).sum())


def _starts_with(column: Any, prefixes: tuple[str, ...], first: bool) -> Any:
    """Per row: whether the first code, or one of the others, begins with a prefix. ``column``: lists of codes."""
    values = column.flatten()
    if pa.types.is_dictionary(values.type):
        distinct = [v.startswith(prefixes) for v in values.dictionary.to_pylist()]
        hits = np.append(np.array(distinct, bool), False)[integers(values.indices, len(distinct))]
    else:
        hits = np.array([v is not None and v.startswith(prefixes) for v in values.to_pylist()], bool)
    lengths = integers(pa.compute.list_value_length(column), 0)
    starts = np.cumsum(lengths) - lengths
    whole = np.append(0, np.cumsum(hits))
    begin = whole[starts]
    principal = whole[np.minimum(starts + 1, starts + lengths)] - begin
    return principal > 0 if first else whole[starts + lengths] - begin - principal > 0


def stay_measures(batch: Any, settings: Settings) -> pl.DataFrame:
    """Rows of ``grouped`` (:data:`STAY_COLUMNS`) with the sums of source ``stays``, stay, person, year."""
    others = _starts_with(batch.column("dx"), settings.complications, first=False)
    rows = keyed(frame(batch.select([n for n in batch.schema.names if n != "dx"])))
    one, way = pl.lit(1, pl.Int64), pl.col("discharge_way")
    grouped, letter = pl.col("status") == "grouped", pl.col("adrg").str.slice(1, 1)

    def flag(condition: pl.Expr) -> pl.Expr:
        return condition.fill_null(False).cast(pl.Int64)

    cost, los = pl.col("total_cost").cast(pl.Int64), pl.col("los").cast(pl.Int64)
    return rows.select(
        "stay_id", "person_id", *KEYS, "year",
        n=one, n_fen=one * 100, cost=cost, personal=pl.col("personal_paid"),
        fund=pl.col("fund_by_item"), los=los, los_fen=los * 100, deaths=flag(way == 5), way_n=flag(way.is_not_null()),
        transfers=flag(way == 2), transfers_down=flag(way == 3), against_advice=flag(way == 4),
        ungrouped=flag(pl.col("status") == "ungrouped"), qy=flag(pl.col("status") == "qy"), grouped_n=flag(grouped),
        grouped_cost=pl.when(grouped).then(cost).otherwise(0), grouped_los=pl.when(grouped).then(los).otherwise(0),
        surgical=flag(grouped & letter.is_in(sorted(SURGICAL))), mcc=flag(grouped & (pl.col("severity") == "mcc")),
        cc=flag(grouped & pl.col("severity").is_in(["mcc", "cc"])),
        complications=pl.Series(others, dtype=pl.Boolean).cast(pl.Int64),
    )  # fmt: skip


def case_measures(batch: Any) -> pl.DataFrame:
    """Rows of ``case_points`` (:data:`CASE_COLUMNS`) with the sums of source ``cases``."""
    rows = keyed(frame(batch))
    one = pl.lit(1, pl.Int64)
    return rows.select(
        "stay_id", *KEYS, case_n=one, case_n_scaled=one * 10_000, points=pl.col("points"),
        **{name: (pl.col("case_class") == name).cast(pl.Int64) for name in _CLASSES},
    )  # fmt: skip


def operation_measures(batch: Any, year: int, levels: Mapping[str, int]) -> pl.DataFrame:
    """Rows of ``grouped`` (:data:`OPERATION_COLUMNS`) of a year with the sums of source ``operations``: stays with an
    operation of the catalogue, and with one of its level 4. ``levels``: operation → level."""
    rows = keyed(frame(batch)).filter(pl.col("year") == year)

    def some(codes: Iterable[str]) -> pl.Expr:
        inside = pl.col("proc").cast(pl.List(pl.String)).list.eval(pl.element().is_in(sorted(codes)))
        return inside.list.any().fill_null(False).cast(pl.Int64)

    highest = [code for code, level in levels.items() if level == LEVEL4]
    return rows.select("stay_id", *KEYS, operated=some(levels), level4=some(highest))


def person_rows(batch: Any, settings: Settings, years: tuple[int, int], exempt: pl.Series) -> Any:
    """Rows of known persons in both years, with ``eligible``: no planned return by its principal diagnosis or id."""
    planned = _starts_with(batch.column("dx"), settings.readmit_exempt, first=True)
    rows = keyed(frame(batch.select([n for n in batch.schema.names if n != "dx"])))
    rows = rows.with_columns(
        eligible=~pl.Series(planned, dtype=pl.Boolean) & ~pl.col("stay_id").is_in(exempt.implode())
    )
    keep = pl.col("person_id").is_not_null() & pl.col("year").is_in(list(years))
    return rows.filter(keep)


def person_measures(rows: pl.DataFrame, settings: Settings, year: int, levels: pl.DataFrame) -> pl.DataFrame:
    """Rows of whole persons → the stays of ``year`` with the sums of source ``persons``.

    ``heads_<scope>`` is 1 at a person's first stay within the scope; ``readmit_<days>`` is 1 where the stay follows
    an eligible earlier discharge from the same institution by no more than that many days (0: the same day).
    ``levels``: institution_id, level.
    """
    order = ["person_id", "institution_id", "admission_date", "discharge_date", "stay_id"]
    able = rows.filter(pl.col("eligible") & pl.col("admission_date").is_not_null()).sort(order)
    same = pl.struct("person_id", "institution_id") == pl.struct("person_id", "institution_id").shift(1)
    gap = (pl.col("admission_date") - pl.col("discharge_date").shift(1)).dt.total_days()
    able = able.select("stay_id", gap=pl.when(same).then(gap))
    rows = rows.filter(pl.col("year") == year).join(able, on="stay_id", how="left", coalesce=True)
    rows = rows.join(levels, on="institution_id", how="left").sort(order)
    readmit = {
        f"readmit_{days}": (pl.col("gap").is_between(0, days)).fill_null(False).cast(pl.Int64)
        for days in settings.readmit_days
    }
    scopes = {
        "area": ["person_id"], "level": ["person_id", "level"], "institution": ["person_id", "institution_id"],
        "department": ["person_id", "institution_id", "department_id"],
        "doctor": ["person_id", "institution_id", "doctor_id"], "group": ["person_id", "drg"],
    }  # fmt: skip
    heads = {f"heads_{scope}": pl.struct(keys).is_first_distinct().cast(pl.Int64) for scope, keys in scopes.items()}
    return rows.select(
        "stay_id", *KEYS, known_n=pl.lit(1, pl.Int64),
        readmit_n=(pl.col("eligible") & pl.col("admission_date").is_not_null()).cast(pl.Int64), **readmit, **heads,
    )  # fmt: skip


DETAIL_COLUMNS = ("first_procedure_date", "out_of_policy", "drug_fee", "material_fee", "examination_fee",
                  "laboratory_fee", "bed_fee", "nursing_fee", "treatment_fee", "surgery_fee",
                  "e_voucher")  # fmt: skip
DETAIL_STAY_COLUMNS = ("stay_id", *KEYS, "admission_date", "total_cost", "fund_by_item")


def _settled() -> dict[str, pl.Expr]:
    """Sums of source ``settlements``: whether it is told how the insured person was known, and by e-voucher."""
    flag = pl.col("e_voucher")
    return {"settlements": flag.is_not_null().cast(pl.Int64), "vouchers": flag.fill_null(False).cast(pl.Int64)}


def detail_measures(stays: pl.DataFrame, details: pl.DataFrame) -> pl.DataFrame:
    """Stays with their details → the sums of source ``details``. A stay without the value adds to none of its sums;
    fees above the total and days before admission are no values."""
    rows = stays.join(details.select("stay_id", *DETAIL_COLUMNS), on="stay_id", how="inner")
    cost, fund = pl.col("total_cost"), pl.col("fund_by_item")

    def share(name: str, *columns: str) -> dict[str, pl.Expr]:
        fee = pl.sum_horizontal(*(pl.col(c) for c in columns), ignore_nulls=False)
        known = (fee <= cost).fill_null(False)
        return {
            f"{name}_n": known.cast(pl.Int64),
            f"{name}_of": pl.when(known).then(cost).otherwise(0),
            name if name == "out_of_policy" else f"{name}_fee": pl.when(known).then(fee).otherwise(0),
        }

    waited = (pl.col("first_procedure_date") - pl.col("admission_date")).dt.total_days()
    able = (waited >= 0).fill_null(False)
    inside = (pl.col("out_of_policy") <= cost).fill_null(False)
    return rows.select(
        "stay_id", *KEYS, preop_n=able.cast(pl.Int64), preop_days=pl.when(able).then(waited).otherwise(0),
        **share("out_of_policy", "out_of_policy"), **share("drug", "drug_fee"), **share("material", "material_fee"),
        **share("test", "examination_fee", "laboratory_fee"),
        **share("service", "bed_fee", "nursing_fee", "treatment_fee", "surgery_fee"),
        in_policy_cost=pl.when(inside).then(cost - pl.col("out_of_policy")).otherwise(0),
        in_policy_fund=pl.when(inside).then(fund).otherwise(0), **_settled(),
    )  # fmt: skip


VISIT_COLUMNS = ("institution_id", "department_id", "doctor_id", "visit_date", "internet", "total_cost", "drug_fee",
                 "e_voucher")  # fmt: skip


def visit_measures(batch: Any, year: int, primary: Iterable[str]) -> pl.DataFrame:
    """Rows of ``visits`` of a year with the sums of source ``visits``; ``primary``: institutions of that level."""
    rows = frame(batch).filter(pl.col("visit_date").dt.year() == year).with_columns(drg=pl.lit(""))
    one, cost, drug = pl.lit(1, pl.Int64), pl.col("total_cost"), pl.col("drug_fee")
    known = (drug <= cost).fill_null(False)
    return keyed(rows).select(
        *KEYS, visits=one, visits_fen=one * 100, visit_cost=cost,
        visit_drug=pl.when(known).then(drug).otherwise(0), visit_drug_of=pl.when(known).then(cost).otherwise(0),
        internet=pl.col("internet").fill_null(False).cast(pl.Int64),
        internet_of=pl.col("internet").is_not_null().cast(pl.Int64),
        base_visits=pl.col("institution_id").is_in(list(primary)).cast(pl.Int64), **_settled(),
    )  # fmt: skip
