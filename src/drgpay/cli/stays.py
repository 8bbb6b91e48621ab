"""Commands on files of stays: check, group, formats."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TextIO

import polars as pl
import pyarrow as pa
import typer

from drgpay.cli.console import Lang, err, in_lang
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import known_codes
from drgpay.scheme import load
from drgpay.steps import grouping, intake

_RESULTS = ("stay_id", "mdc", "adrg", "drg", "drg_name", "severity", "status")

Source = Annotated[Path, typer.Argument(help="病例文件 file of stays: CSV, XLSX, Parquet, DBF, JSON")]
Findings = Annotated[
    Path | None, typer.Option("--findings", help="问题清单 findings: .xlsx or .csv; default beside the output")
]
Form = Annotated[str, typer.Option("--format", help="文件格式 format, see drgpay formats; default: recognised")]
Alias = Annotated[
    Path | None, typer.Option("--alias", help="别名文件 alias file (YAML): own column names, constants")
]
Codes = Annotated[
    str,
    typer.Option(
        "--codes", metavar="insurer|clinical", help="编码版本 edition: insurer 医保版; clinical 国临版, converted"
    ),
]
NewbornAge = Annotated[
    str, typer.Option("--newborn-age", metavar="days|months", help="首页不足1周岁年龄的单位 unit of infants' age")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(check)
    app.command()(group)
    app.command()(formats)


def formats() -> None:
    """列出能读的文件格式。 List the formats that can be read."""
    typer.echo(f"{intake.CANONICAL}  [csv xlsx parquet dbf]\n  drgpay 标准列\n  drgpay's own columns")
    for form in intake.catalogue().values():
        typer.echo(f"{form.id}  [{' '.join(form.files)}]\n  {form.zh}\n  {form.en}")


def check(
    source: Annotated[
        Path | None, typer.Argument(help="病例文件 file of stays: CSV, XLSX, Parquet, DBF, JSON", show_default=False)
    ] = None,
    need: Annotated[str, typer.Option(help="用途 purpose: grouping | settlement")] = "settlement",
    findings: Findings = None,
    form: Form = "",
    alias: Alias = None,
    newborn_age: NewbornAge = "",
    codes: Codes = "insurer",
    template: Annotated[
        str, typer.Option("--template", metavar="FORMAT", help="不校验,写出该格式的模板 write a template (-o)")
    ] = "",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="模板文件 the template: .xlsx")] = None,
    lang: Lang = "zh",
) -> None:
    """校验病例文件,列出问题和改法;或写出模板。 Check a file of stays and say what to do; or write a template."""
    in_lang(lang)
    if template:
        if output is None or output.suffix.lower() != ".xlsx":
            raise typer.BadParameter("….xlsx", param_hint="-o")
        intake.write_template(template, output)
        err.print(("模板:" if lang == "zh" else "template: ") + str(output), markup=False, highlight=False)
        return
    if source is None:
        raise typer.BadParameter("SOURCE 或 or --template", param_hint="SOURCE")
    if need not in ("grouping", "settlement"):
        raise typer.BadParameter("grouping | settlement", param_hint="--need")
    read, kept, found = 0, 0, []
    hints = _hints(form, alias, newborn_age)
    way = crosswalk_of(codes)
    for part in _said(intake.read_stays(source, need=need, codes=known_codes(), hints=hints, crosswalk=way), lang):
        read, kept = read + part.rows, kept + part.stays.num_rows
        found.append(part.findings)
    whole = intake.merge_findings(found)
    _tell(read, kept, whole, lang)
    if whole.num_rows:
        target = findings or source.with_name(f"{source.stem}.findings.xlsx")
        _write_findings(whole, target, lang)
    if kept == 0:
        raise DrgpayError(
            Kind.DATA,
            zh="没有一行可用",
            en="no usable row",
            file=source.name,
            fix_zh="按问题清单修改后重试",
            fix_en="mend the file as the findings say and try again",
        )


def group(
    source: Source,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="结果文件 result: .csv, .xlsx, .parquet; default: screen")
    ] = None,
    scheme: Annotated[str, typer.Option(help="分组方案 grouping scheme")] = "chs-drg-1.1",
    switch: Annotated[list[str] | None, typer.Option(help="方案开关 named switch of the scheme, repeatable")] = None,
    findings: Findings = None,
    form: Form = "",
    alias: Alias = None,
    newborn_age: NewbornAge = "",
    codes: Codes = "insurer",
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """给病例分组,只需要分组字段。 Group stays; only the grouping columns are needed."""
    in_lang(lang)
    chosen = load(scheme, frozenset(switch or ()), folder=schemes_folder(own))
    hints, way = _hints(form, alias, newborn_age), crosswalk_of(codes)
    parts = intake.read_stays(source, need="grouping", codes=known_codes(), hints=hints, crosswalk=way)
    rows = _grouped(_said(parts, lang), chosen)
    total, kept, found = 0, 0, []
    counts: dict[str, int] = {}

    def results() -> Iterator[pl.DataFrame]:
        nonlocal total, kept
        for part, result in rows:
            total, kept = total + part.rows, kept + part.stays.num_rows
            found.append(part.findings)
            for status, n in result.group_by("status").len().rows():
                counts[status] = counts.get(status, 0) + n
            yield result

    _write_results(results(), output)
    whole = intake.merge_findings(found)
    _tell(total, kept, whole, lang)
    zh = {"grouped": "入组", "ungrouped": "未入组", "qy": "歧义"}
    said = ", ".join(f"{zh[s] if lang == 'zh' else s} {counts[s]:,}" for s in zh if s in counts)
    err.print(f"{chosen.id}: {said}", markup=False, highlight=False)
    target = findings or (output.with_name(f"{output.stem}.findings.csv") if output else None)
    if whole.num_rows and target:
        _write_findings(whole, target, lang)


def crosswalk_of(codes: str) -> intake.Crosswalk | None:
    """The crosswalk that brings a file's codes into the insurer's edition; none when they are in it."""
    if codes not in intake.EDITIONS:
        raise typer.BadParameter(" | ".join(intake.EDITIONS), param_hint="--codes")
    return intake.clinical() if codes == "clinical" else None


def _hints(form: str, alias: Path | None, newborn_age: str) -> intake.Hints:
    """What the alias file says, with what the options say over it."""
    if newborn_age not in ("", "days", "months"):
        raise typer.BadParameter("days | months", param_hint="--newborn-age")
    said = intake.read_hints(alias) if alias else intake.Hints()
    return replace(said, format=form or said.format, newborn_age=newborn_age or said.newborn_age)


def _said(parts: Iterator[intake.Intake], lang: str) -> Iterator[intake.Intake]:
    """The parts as they come; the first one says what the file was read as."""
    for number, part in enumerate(parts):
        if number == 0:
            err.print(part.format[0 if lang == "zh" else 1], markup=False, highlight=False)
        yield part


def _grouped(parts: Iterator[intake.Intake], scheme: Any) -> Iterator[tuple[intake.Intake, pl.DataFrame]]:
    names = {d.code: d.name for d in scheme.drgs}
    for part in parts:
        groups = frame(pa.Table.from_batches([grouping.group_batch(scheme, part.stays)]))
        ids = frame(part.stays.select(["stay_id"]))
        named = groups.with_columns(drg_name=pl.col("drg").replace_strict(names, default="", return_dtype=pl.String))
        yield part, pl.concat([ids, named], how="horizontal").select(_RESULTS)


def _write_results(results: Iterator[pl.DataFrame], output: Path | None) -> None:
    if output is None or output.suffix.lower() == ".csv":
        if output is None:
            _write_csv(results, sys.stdout)
            return
        draft = output.with_name(f".{output.name}.tmp")
        try:
            with draft.open("w", encoding="utf-8", newline="") as out:
                _write_csv(results, out)
            draft.replace(output)
        finally:
            draft.unlink(missing_ok=True)
        return
    if output.suffix.lower() not in (".xlsx", ".parquet"):
        raise DrgpayError(
            Kind.USAGE,
            zh="不认识的输出格式",
            en="unknown kind of output",
            value=output.name,
            fix_zh="用 .csv、.xlsx 或 .parquet",
            fix_en="use .csv, .xlsx or .parquet",
        )
    whole = pl.concat(list(results))
    draft = output.with_name(f".{output.stem}.tmp{output.suffix}")
    try:
        if output.suffix.lower() == ".xlsx":
            whole.write_excel(draft)
        else:
            whole.write_parquet(draft)
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)


def _write_csv(results: Iterator[pl.DataFrame], out: TextIO) -> None:
    for i, result in enumerate(results):
        out.write(result.write_csv(include_header=i == 0))


def _tell(read: int, kept: int, findings: Any, lang: str) -> None:
    out, n = read - kept, findings.num_rows
    zh = f"读入 {read:,} 行,可用 {kept:,},剔除 {out:,},问题 {n:,} 条"
    en = f"{read:,} rows, {kept:,} usable, {out:,} kept out, {n:,} findings"
    err.print(zh if lang == "zh" else en, highlight=False)


def _write_findings(findings: Any, target: Path, lang: str) -> None:
    if target.suffix.lower() == ".xlsx":
        intake.write_findings_workbook(findings, target, lang)
    else:
        intake.write_findings_csv(findings, target)
    err.print(("问题清单:" if lang == "zh" else "findings: ") + str(target), markup=False, highlight=False)
