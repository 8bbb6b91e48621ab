"""Grouping files of stays: the results as people asked for them, and the findings of reading and of grouping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.scheme import Scheme, basis_words
from drgpay.steps import grouping, intake
from drgpay.tables import FINDINGS
from drgpay.units import half_up, show_percent

RESULTS = {
    "stay_id": "病例号",
    "row": "行号",
    "mdc": "主要诊断大类",
    "mdc_name": "大类名称",
    "adrg": "核心病组",
    "adrg_name": "核心病组名称",
    "drg": "病组",
    "drg_name": "病组名称",
    "severity": "并发症程度",
    "status": "入组状态",
    "reason": "未入组原因",
    "reason_code": "原因代码",
    "errata_drg": "按勘误入组",
}
"""columns a result may have -> their Chinese names"""
USUAL = ("stay_id", "mdc", "adrg", "drg", "drg_name", "severity", "status", "reason")
_IN_WORDS = ("severity", "status")
"""columns whose values are in words where the header is Chinese"""


@dataclass(frozen=True)
class Shape:
    """The columns of a result: (header, column) in order. A Chinese header has Chinese values below it."""

    columns: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, names: Sequence[str] = (), *, chinese: bool = False) -> Shape:
        """From names in either language; none means the usual ones. Raises USAGE for a name nobody knows."""
        known = {**{name: name for name in RESULTS}, **{zh: name for name, zh in RESULTS.items()}}
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, 1)
                listed = ", ".join(RESULTS)
                raise DrgpayError(
                    Kind.USAGE,
                    zh="没有这样的结果列",
                    en="there is no such column of a result",
                    value=name,
                    fix_zh=f"最接近的是 {near[0]}" if near else f"可用：{'、'.join(RESULTS.values())}",
                    fix_en=f"the nearest is {near[0]}" if near else f"there are {listed}",
                )
        chosen = names or USUAL
        return cls(tuple((RESULTS[known[n]] if chinese else n, known[n]) for n in dict.fromkeys(chosen)))


class Grouped(NamedTuple):
    """Some stays of a file: how they were read, their result, their findings, and how many are in which state."""

    part: intake.Intake
    result: pl.DataFrame
    findings: Any
    counts: dict[str, int]
    unmeasured: int = 0
    """how many are in a group whose lists were not compared with the official text"""


def group_part(scheme: Scheme, part: intake.Intake, shape: Shape, lang: str, file: str = "") -> Grouped:
    """Group what was read of a file. Columns that were kept come first, as text; one with the name of a column of
    the result has ``_in`` added. ``file``: the name findings know the file by."""
    groups = grouping.group_batch(scheme, part.stays)
    remarks = grouping.remarks(scheme, part.stays, groups)
    columns = _columns(scheme, part, groups, remarks, shape, lang)
    heads = [head for head, _ in shape.columns]
    kept = {f"{head}_in" if head in heads else head: pl.Series(cells) for head, cells in part.kept.items()}
    result = pl.DataFrame({**kept, **columns})
    status = groups.column("status").cast(pa.string()).value_counts().to_pylist()
    found = intake.merge_findings([part.findings, findings_of(remarks, part.stays, part.lines, file)])
    counts = {row["values"]: row["counts"] for row in status}
    return Grouped(part, result, found, counts, in_unmeasured(scheme, groups))


def in_unmeasured(scheme: Scheme, groups: Any) -> int:
    """How many stays have a group whose lists were not compared with the official text."""
    if not scheme.uncertain:
        return 0
    found = pc.is_in(groups.column("adrg").cast(pa.string()), value_set=pa.array(sorted(scheme.uncertain)))
    return int(pc.sum(found).as_py() or 0)


def scheme_said(scheme: Scheme, stays: int, unmeasured: int) -> tuple[str, str] | None:
    """What is to be said once of a batch grouped by a rebuilt scheme; None: nothing."""
    if scheme.basis != "rebuilt":
        return None
    zh, en = (f"{scheme.id}{mark}{text}" for mark, text in zip("：:", basis_words(scheme.basis), strict=True))
    if scheme.uncertain:
        share = show_percent(half_up(10_000 * unmeasured, stays)) if stays else "0%"
        zh += f"；{unmeasured:,} 例（{share}）的病组所依据的编码表未与官方文本核对"
        en += f"; the groups of {unmeasured:,} stays ({share}) rest on lists not compared with the official text"
    return zh, en


def scheme_finding(scheme: Scheme, stays: int, unmeasured: int, file: str) -> Any:
    """The same as a finding about the whole file (FINDINGS, one row or none)."""
    said = scheme_said(scheme, stays, unmeasured)
    rule = intake.RULES["scheme_not_certified"]
    rows = [] if said is None else [
        {"file": file, "row": 0, "stay_id": None, "field": "drg", "value": scheme.id,
         "rule": "scheme_not_certified", "level": rule.levels["grouping"],
         "zh": f"{said[0]};{rule.fix_zh}", "en": f"{said[1]}; {rule.fix_en}"}
    ]  # fmt: skip
    return FINDINGS.of(rows)


def about(scheme: Scheme, note: tuple[str, str] | None) -> dict[str, Any]:
    """For a manifest: where the scheme comes from, unless it is a text as published, and what is said of it."""
    basis = {} if scheme.basis == "printed" else {"scheme_basis": scheme.basis}
    return basis if note is None else basis | {"scheme_note": dict(zip(("zh", "en"), note, strict=True))}


def findings_of(remarks: Sequence[grouping.Remark], stays: Any, lines: Any, file: str) -> Any:
    """What grouping found, as FINDINGS."""
    ids = stays.column("stay_id").cast(pa.string())
    tables = []
    for remark in remarks:
        rule, rows = intake.RULES[remark.rule], pa.array(remark.at)
        n = len(remark.at)
        texts = [(f"{said.zh};{rule.fix_zh}", f"{said.en}; {rule.fix_en}") for said in remark.texts]
        cells = {
            "file": [file] * n,
            "row": pa.array(np.asarray(lines)[remark.at]),
            "stay_id": ids.take(rows),
            "field": [remark.field] * n,
            "value": remark.values,
            "rule": [remark.rule] * n,
            "level": [rule.levels["grouping"]] * n,
            "zh": [zh for zh, _ in texts],
            "en": [en for _, en in texts],
        }
        tables.append(pa.table({name: cells[name] for name in FINDINGS.names}))
    return intake.merge_findings(tables)


def _columns(
    scheme: Scheme,
    part: intake.Intake,
    groups: Any,
    remarks: Sequence[grouping.Remark],
    shape: Shape,
    lang: str,
) -> dict[str, pl.Series]:
    wanted = {name for _, name in shape.columns}
    told = frame(pa.Table.from_batches([groups])).with_columns(pl.all().cast(pl.String))
    made: dict[str, pl.Series] = {name: told[name] for name in told.columns}
    made["stay_id"] = pl.Series(part.stays.column("stay_id").cast(pa.string()))
    made["row"] = pl.Series(np.asarray(part.lines))
    for name in ("mdc", "adrg", "drg"):
        if f"{name}_name" in wanted:
            names = {code: scheme.name(code) for code in made[name].unique().drop_nulls()}
            if name == "drg":
                names = {d.code: d.name for d in scheme.drgs}
            named = made[name].replace_strict(names, default="", return_dtype=pl.String)
            made[f"{name}_name"] = named
    if wanted & {"reason", "reason_code"}:
        reasons = grouping.reason_columns(scheme, part.stays, groups, lang)
        made |= {name: pl.Series(values) for name, values in reasons.items()}
    if "errata_drg" in wanted:
        made["errata_drg"] = _by_errata(remarks, part.stays.num_rows)
    return {
        head: _in_words(made[name]) if head != name and name in _IN_WORDS else made[name]
        for head, name in shape.columns
    }


def _by_errata(remarks: Sequence[grouping.Remark], rows: int) -> pl.Series:
    result: list[str | None] = [None] * rows
    for remark in remarks:
        if remark.rule == "scheme_erratum":
            for at, value in zip(remark.at.tolist(), remark.values, strict=True):
                result[at] = value.partition(">")[2]
    return pl.Series(result, dtype=pl.String)


def _in_words(values: pl.Series) -> pl.Series:
    words: Mapping[str, str] = {value: said.zh for value, said in grouping.VALUES.items()}
    return values.replace(dict(words))


def commonest(findings: Any) -> Iterator[tuple[str, int, str, str]]:
    """Rules that kept rows out, the commonest first: rule, rows, Chinese, English."""
    errors = pl.DataFrame(findings).filter(pl.col("level").cast(pl.String) == "error")
    counts = errors.group_by(pl.col("rule").cast(pl.String)).agg(
        n=pl.col("row").n_unique(), zh=pl.col("zh").first(), en=pl.col("en").first()
    )
    yield from counts.sort("n", "rule", descending=[True, False]).iter_rows()
