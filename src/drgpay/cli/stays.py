"""Commands on files of stays: check, group, formats."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TextIO

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import typer

from drgpay.cli.console import CPUS, Lang, engine_with_progress, err, in_lang
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.engine import drafted, frame
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import (
    GROUP_COLUMNS,
    Checked,
    Shape,
    check_file,
    check_region,
    commonest,
    group_part,
    known_codes,
    scheme_finding,
    scheme_said,
)
from drgpay.scheme import load
from drgpay.steps import intake
from drgpay.units import show_percent

_LOWEST_UNITS = 10
"""institutions, and departments, named on the screen; the workbook has them all"""

Source = Annotated[Path, typer.Argument(help="病例文件 file of stays: CSV, XLSX, Parquet, DBF, JSON")]
Findings = Annotated[
    Path | None, typer.Option("--findings", help="问题清单 findings: .xlsx or .csv; default beside the output")
]
Form = Annotated[str, typer.Option("--format", help="文件格式 format, see drgpay formats; default: recognised")]
Alias = Annotated[
    Path | None, typer.Option("--alias", help="别名文件 alias file (YAML): own column names, constants")
]
Codes = Annotated[
    str | None,
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
    codes: Codes = None,
    template: Annotated[
        str, typer.Option("--template", metavar="FORMAT", help="不校验,写出该格式的模板 write a template (-o)")
    ] = "",
    region: Annotated[
        Path | None, typer.Option("--region", help="校验统筹区的全部病例 all files of a region folder, into -o")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="模板 .xlsx,或统筹区的结果文件夹 template, or folder for --region"),
    ] = None,
    lang: Lang = "zh",
) -> None:
    """校验病例文件或统筹区,列出问题、改法和得分;或写出模板。 Check a file of stays or a region: findings, what to do,
    scores; or write a template."""
    in_lang(lang)
    if template:
        if output is None or output.suffix.lower() != ".xlsx":
            raise typer.BadParameter("….xlsx", param_hint="-o")
        intake.write_template(template, output)
        err.print(("模板:" if lang == "zh" else "template: ") + str(output), markup=False, highlight=False)
        return
    if need not in ("grouping", "settlement"):
        raise typer.BadParameter("grouping | settlement", param_hint="--need")
    if region is not None:
        _check_region(region, output, lang)
        return
    if source is None:
        raise typer.BadParameter("SOURCE | --region | --template", param_hint="SOURCE")
    hints, way = hints_of(form, alias, newborn_age, codes)
    parts = intake.read_stays(source, need=need, codes=known_codes(), hints=hints, crosswalk=way, quality=True)
    with tempfile.TemporaryDirectory() as work, engine_with_progress(CPUS, lang) as engine:
        done = check_file(_said(parts, lang), source.name, engine, Path(work))
    _tell(done.rows, done.kept, done.findings.num_rows, lang)
    if done.findings.num_rows:
        target = findings or source.with_name(f"{source.stem}.findings.xlsx")
        if target.suffix.lower() == ".xlsx":
            units = need == "settlement"
            scores, lowest = (done.scores, done.lowest) if units else (None, None)
            intake.write_findings_workbook(done.findings, target, lang, scores=scores, lowest=lowest)
            _tell_file(target, lang)
        else:
            write_findings(done.findings, target, lang)
    _tell_scores(done, lang)
    if done.kept == 0:
        raise DrgpayError(
            Kind.DATA,
            zh="没有一行可用",
            en="no usable row",
            file=source.name,
            fix_zh="按问题清单修改后重试",
            fix_en="mend the file as the findings say and try again",
        )


def _check_region(region: Path, output: Path | None, lang: str) -> None:
    if output is None:
        raise typer.BadParameter("结果文件夹 folder", param_hint="-o")

    def book(folder: Path, done: Checked) -> None:
        intake.write_findings_workbook(
            done.findings, folder / "findings.xlsx", lang, counts=done.counts, scores=done.scores, lowest=done.lowest
        )

    with engine_with_progress(CPUS, lang) as engine:
        done = check_region(region, output, engine, book)
    _tell(done.rows, done.kept, int(done.counts["n"].sum()), lang)
    _tell_scores(done, lang)
    _tell_file(output, lang)


def _tell_scores(done: Checked, lang: str) -> None:
    """The score of all stays, and the institutions and departments that score lowest."""
    scores = frame(done.scores).sort("scope", "score", "institution_id", "department_id")
    zh = {"all": "全部", "institution": "机构", "department": "科室"}
    for scope, name in zh.items():
        of_scope = scores.filter(pl.col("scope") == scope)
        for row in of_scope.head(_LOWEST_UNITS).iter_rows(named=True):
            unit = " ".join(part for part in (row["institution_id"], row["department_id"]) if part)
            score, wrong = show_percent(row["score"]).rstrip("%"), show_percent(row["error_share"])
            said = (
                f"{name} {unit}".rstrip() + f":得分 {score},{row['n']:,} 例,有错误 {wrong};{row['top_rules']}"
                if lang == "zh"
                else f"{scope} {unit}".rstrip()
                + f": score {score}, {row['n']:,} stays, {wrong} with errors; {row['top_rules']}"
            )
            typer.echo(said)
        if of_scope.height > _LOWEST_UNITS:
            typer.echo(f"  … {of_scope.height}")


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
    codes: Codes = None,
    keep: Annotated[
        str,
        typer.Option(
            "--keep", metavar="all|列名,…", help="保留输入的列 columns of the input to keep: all, or headers"
        ),
    ] = "",
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            metavar="列名,…",
            help=f"结果的列,中文或英文名 columns of the result: {', '.join(GROUP_COLUMNS)}",
        ),
    ] = "",
    headers: Annotated[
        str, typer.Option("--headers", metavar="names|zh", help="表头用列名或中文 headers: the names, or Chinese")
    ] = "names",
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """给病例分组,只需要分组字段;说明未入组的原因。 Group stays; only the grouping columns are needed. It says why a
    stay is in no group."""
    in_lang(lang)
    if headers not in ("names", "zh"):
        raise typer.BadParameter("names | zh", param_hint="--headers")
    shape = Shape.of(_listed(columns), chinese=headers == "zh")
    kept_heads = ("*",) if keep.strip() == "all" else tuple(_listed(keep))
    chosen = load(scheme, frozenset(switch or ()), folder=schemes_folder(own))
    hints, way = hints_of(form, alias, newborn_age, codes)
    parts = intake.read_stays(
        source, need="grouping", codes=known_codes(), hints=hints, crosswalk=way, keep=kept_heads
    )
    total, kept, unmeasured, found = 0, 0, 0, []
    counts: dict[str, int] = {}

    def results() -> Iterator[pl.DataFrame]:
        nonlocal total, kept, unmeasured
        for part in _said(parts, lang):
            done = group_part(chosen, part, shape, lang, source.name)
            total, kept = total + part.rows, kept + part.stays.num_rows
            unmeasured += done.unmeasured
            found.append(done.findings)
            for status, n in done.counts.items():
                counts[status] = counts.get(status, 0) + n
            yield done.result
        if not kept:
            raise _NoRow

    refused = None
    try:
        _write_results(results(), output)
    except _NoRow:
        refused = _none_usable(intake.merge_findings(found), source.name)
    about = scheme_said(chosen, kept, unmeasured) if kept else None
    if about is not None:
        found.append(scheme_finding(chosen, kept, unmeasured, source.name))
        err.print(about[lang == "en"], markup=False, highlight=False)
    whole = intake.merge_findings(found)
    _tell(total, kept, whole.num_rows, lang)
    zh = {"grouped": "入组", "ungrouped": "未入组", "qy": "歧义"}
    said = ", ".join(f"{zh[s] if lang == 'zh' else s} {counts[s]:,}" for s in zh if s in counts)
    if said:
        err.print(f"{chosen.id}: {said}", markup=False, highlight=False)
    target = findings or (output.with_name(f"{output.stem}.findings.csv") if output else None)
    if whole.num_rows and target:
        write_findings(whole, target, lang)
    _tell_errata(whole, lang)
    if refused is not None:
        raise refused


class _NoRow(Exception):  # noqa: N818 - it is no error but the end of a file without a usable row
    """All rows were kept out: there is nothing to write."""


def _none_usable(findings: Any, file: str) -> DrgpayError:
    rule, n, zh, en = next(iter(commonest(findings)), ("", 0, "", ""))
    return DrgpayError(
        Kind.DATA,
        zh=f"没有一行可用;最常见的问题({rule},{n:,} 行):{zh}",
        en=f"no usable row; the commonest finding ({rule}, {n:,} rows): {en}",
        file=file,
        fix_zh="按问题清单修改后重试",
        fix_en="mend the file as the findings say and try again",
    )


def _tell_errata(findings: Any, lang: str) -> None:
    """How many stays an erratum of the scheme bears on, and what to do for another reading."""
    n = pc.sum(pc.equal(findings.column("rule").cast(pa.string()), "scheme_erratum")).as_py() or 0
    if n:
        zh = f"{n:,} 例的分组受方案勘误影响,现照印本;加 --switch errata 采用勘误"
        en = f"an erratum of the scheme bears on {n:,} stays, grouped as printed; --switch errata applies the errata"
        err.print(zh if lang == "zh" else en, markup=False, highlight=False)


def _listed(text: str) -> list[str]:
    """Names with commas between them."""
    return [part.strip() for part in text.replace("，", ",").replace("、", ",").split(",") if part.strip()]


def crosswalk_of(codes: str | None) -> intake.Crosswalk | None:
    """The crosswalk that brings a file's codes into the insurer's edition; none when they are in it, which is what
    is taken when nothing is said."""
    if codes and codes not in intake.EDITIONS:
        raise typer.BadParameter(" | ".join(intake.EDITIONS), param_hint="--codes")
    return intake.clinical() if codes == "clinical" else None


def hints_of(
    form: str, alias: Path | None, newborn_age: str, codes: str | None
) -> tuple[intake.Hints, intake.Crosswalk | None]:
    """What the alias file says, with what the options say over it, and the crosswalk of the codes' edition."""
    if newborn_age not in ("", "days", "months"):
        raise typer.BadParameter("days | months", param_hint="--newborn-age")
    said = intake.read_hints(alias) if alias else intake.Hints()
    hints = replace(said, format=form or said.format, newborn_age=newborn_age or said.newborn_age)
    return hints, crosswalk_of(codes or said.codes)


def _said(parts: Iterator[intake.Intake], lang: str) -> Iterator[intake.Intake]:
    """The parts as they come; the first one says what the file was read as."""
    for number, part in enumerate(parts):
        if number == 0:
            err.print(part.format[0 if lang == "zh" else 1], markup=False, highlight=False)
        yield part


def _write_results(results: Iterator[pl.DataFrame], output: Path | None) -> None:
    if output is None:
        _write_csv(results, sys.stdout)
        return
    kind = output.suffix.lower()
    if kind not in (".csv", ".xlsx", ".parquet"):
        raise DrgpayError(
            Kind.USAGE,
            zh="不认识的输出格式",
            en="unknown kind of output",
            value=output.name,
            fix_zh="用 .csv、.xlsx 或 .parquet",
            fix_en="use .csv, .xlsx or .parquet",
        )
    with drafted(output) as draft:
        if kind == ".csv":
            with draft.open("w", encoding="utf-8", newline="") as out:
                _write_csv(results, out)
        elif kind == ".xlsx":
            pl.concat(list(results)).write_excel(draft)
        else:
            pl.concat(list(results)).write_parquet(draft)


def _write_csv(results: Iterator[pl.DataFrame], out: TextIO) -> None:
    for i, result in enumerate(results):
        out.write(result.write_csv(include_header=i == 0))


def _tell(read: int, kept: int, n: int, lang: str) -> None:
    out = read - kept
    zh = f"读入 {read:,} 行,可用 {kept:,},剔除 {out:,},问题 {n:,} 条"
    en = f"{read:,} rows, {kept:,} usable, {out:,} kept out, {n:,} findings"
    err.print(zh if lang == "zh" else en, highlight=False)


def write_findings(findings: Any, target: Path, lang: str) -> None:
    if target.suffix.lower() == ".xlsx":
        intake.write_findings_workbook(findings, target, lang)
    else:
        intake.write_findings_csv(findings, target)
    _tell_file(target, lang)


def _tell_file(target: Path, lang: str) -> None:
    err.print(("问题清单:" if lang == "zh" else "findings: ") + str(target), markup=False, highlight=False)
