"""Commands on files of stays: check, group, formats."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TextIO

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import typer

from drgpay.cli.console import CPUS, Lang, engine_with_progress, err, in_lang, out
from drgpay.cli.database import Query, Sql, View, with_rows
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.engine import drafted, for_people, frame
from drgpay.errors import DrgpayError, Kind
from drgpay.places import masked, real_path
from drgpay.runs import (
    GROUP_COLUMNS,
    Checked,
    Found,
    Shape,
    WatchedFolder,
    all_rejected,
    check_files,
    check_region,
    failure_of,
    group_files,
    known_codes,
    named_files,
    read_files,
    result_of,
)
from drgpay.scheme import load
from drgpay.steps import intake
from drgpay.units import show_percent
from drgpay.words import in_word

_LOWEST_UNITS = 10
"""institutions, and departments, named on the screen; the workbook has them all"""

Sources = Annotated[
    list[Path],
    typer.Argument(help="病例文件,可多个,或文件夹 files of stays, or folders: CSV, XLSX, Parquet, DBF, JSON"),
]
Sheet = Annotated[
    str, typer.Option("--sheet", help="工作表名或序号 sheet: its name, or number from 1; default: looked for")
]
HeaderRow = Annotated[
    int,
    typer.Option(
        "--header-row", min=0, help="表头所在行 line of the header; default: looked for", show_default=False
    ),
]
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
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="病例文件,可多个,或文件夹 files of stays, or folders: CSV, XLSX, Parquet, DBF, JSON",
            show_default=False,
        ),
    ] = None,
    need: Annotated[str, typer.Option(help="用途 purpose: grouping | settlement")] = "settlement",
    findings: Findings = None,
    form: Form = "",
    alias: Alias = None,
    newborn_age: NewbornAge = "",
    codes: Codes = None,
    sheet: Sheet = "",
    header_row: HeaderRow = 0,
    template: Annotated[
        str, typer.Option("--template", metavar="FORMAT", help="不校验,写出该格式的模板 write a template (-o)")
    ] = "",
    region: Annotated[
        Path | None, typer.Option("--region", help="校验统筹区的全部病例 all files of a region folder, into -o")
    ] = None,
    sql: Sql = "",
    query: Query = None,
    view: View = "",
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
    if sql and findings is None:
        findings = Path(f"{query.stem if query else view}.findings.xlsx")
    sources = with_rows(sources, sql, query, view)
    if not sources:
        raise typer.BadParameter("SOURCE | --sql | --region | --template", param_hint="SOURCE")
    source = sources[0]
    hints, way = hints_of(form, alias, newborn_age, codes, sheet, header_row)
    found = found_files(sources, [findings], lang)
    parts = read_files(found, need=need, codes=known_codes(), hints=hints, crosswalk=way, quality=True)
    with tempfile.TemporaryDirectory() as work, engine_with_progress(CPUS, lang) as engine:
        done = check_files(reading(parts, lang), engine, Path(work))
    tell(done.rows, done.kept, done.findings.num_rows, lang)
    tell_dropped(done.dropped, lang)
    target = findings or _beside(source)
    if not done.findings.num_rows:
        _drop_findings(target, lang)
    elif target.suffix.lower() == ".xlsx":
        scores, lowest = (done.scores, done.lowest) if need == "settlement" else (None, None)
        intake.write_findings_workbook(done.findings, target, lang, scores=scores, lowest=lowest)
        _tell_file(target, lang)
    else:
        write_findings(done.findings, target, lang)
    _tell_scores(done, lang)
    if done.kept == 0:
        raise all_rejected(done.rows, [done.findings])


def tell_dropped(dropped: pl.DataFrame, lang: str) -> None:
    """The rows that were kept out, by kind and institution, the most frequent first."""
    by_rule = dropped.group_by("rule").agg(pl.col("n").sum()).sort("n", "rule", descending=[True, False])
    for rule, n in by_rule.head(_LOWEST_UNITS).iter_rows():
        of_rule = dropped.filter((pl.col("rule") == rule) & (pl.col("institution_id") != ""))
        units = [f"{unit} {count:,}" for unit, count in of_rule.select("institution_id", "n").iter_rows()]
        more = f" … {len(units):,}" if len(units) > _LOWEST_UNITS else ""
        words = intake.RULES[rule].texts()[lang == "en"].split(";")[0]
        listed = ("、" if lang == "zh" else ", ").join(units[:_LOWEST_UNITS]) + more
        said = f"  {n:,}: {words}" + (f" [{listed}]" if listed else "")
        err.print(("  剔除 " if lang == "zh" else "  kept out ") + said.strip(), markup=False, highlight=False)


def _drop_findings(target: Path, lang: str) -> None:
    """Without findings, those of an earlier run do not stay behind."""
    if intake.drop_findings(target):
        zh, en = "没有问题,已删去上次的问题清单:", "no findings; those of an earlier run are removed: "
        err.print((zh if lang == "zh" else en) + str(target), markup=False, highlight=False)


def _check_region(region: Path, output: Path | None, lang: str) -> None:
    if output is None:
        raise typer.BadParameter("结果文件夹 folder", param_hint="-o")

    def book(folder: Path, done: Checked) -> None:
        intake.write_findings_workbook(
            done.findings, folder / "findings.xlsx", lang, counts=done.counts, scores=done.scores, lowest=done.lowest
        )

    with engine_with_progress(CPUS, lang) as engine:
        done = check_region(region, output, engine, book)
    tell(done.rows, done.kept, int(done.counts["n"].sum()), lang)
    tell_dropped(done.dropped, lang)
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
            out.print(said)
        if of_scope.height > _LOWEST_UNITS:
            typer.echo(f"  … {of_scope.height}")


def group(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="病例文件,可多个,或文件夹 files of stays, or folders: CSV, XLSX, Parquet, DBF, JSON",
            show_default=False,
        ),
    ] = None,
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
    sheet: Sheet = "",
    header_row: HeaderRow = 0,
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
    watch: Annotated[
        Path | None,
        typer.Option("--watch", help="守着文件夹,新到的文件自动分组 group what comes into a folder, until Ctrl-C"),
    ] = None,
    every: Annotated[int, typer.Option("--every", min=1, max=3600, help="每几秒看一次 seconds between looks")] = 5,
    looks: Annotated[int, typer.Option("--looks", min=0, help="看几次后停,0 不停 stop after so many looks")] = 0,
    sql: Sql = "",
    query: Query = None,
    view: View = "",
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """给病例分组,只需要分组字段;说明未入组的原因。 Group stays; only the grouping columns are needed. It says why a
    stay is in no group."""
    in_lang(lang)
    if watch is not None:
        if sources or sql or output or findings:
            raise typer.BadParameter("--watch FOLDER 单独使用 stands alone", param_hint="--watch")
        how = {"scheme": scheme, "switch": switch, "form": form, "alias": alias, "newborn_age": newborn_age,
               "codes": codes, "sheet": sheet, "header_row": header_row, "keep": keep, "columns": columns,
               "headers": headers, "own": own, "lang": lang}  # fmt: skip
        _watch(watch, how, every, looks, lang)
        return
    if headers not in ("names", "zh"):
        raise typer.BadParameter("names | zh", param_hint="--headers")
    shape = Shape.of(_listed(columns), chinese=headers == "zh")
    kept_heads = ("*",) if keep.strip() == "all" else tuple(_listed(keep))
    chosen = load(scheme, frozenset(switch or ()), folder=schemes_folder(own))
    hints, way = hints_of(form, alias, newborn_age, codes, sheet, header_row)
    sources = with_rows(sources, sql, query, view)
    if not sources:
        raise typer.BadParameter("SOURCE | --sql", param_hint="SOURCE")
    files = found_files(sources, [output, findings], lang)
    parts = read_files(files, need="grouping", codes=known_codes(), hints=hints, crosswalk=way, keep=kept_heads)
    done = group_files(
        reading(parts, lang), chosen, shape, lang, lambda results: _write_results(results, output),
        file=None if files.several else files.files[0][1],
    )  # fmt: skip
    if done.said is not None:
        err.print(done.said[lang == "en"], markup=False, highlight=False)
    whole = done.findings
    tell(done.rows, done.kept, whole.num_rows, lang)
    tell_dropped(intake.dropped_of(whole), lang)
    counts = {status: n for status in ("grouped", "ungrouped", "qy") if (n := done.counts[status])}
    if counts:
        said = ", ".join(f"{in_word(status, lang)} {n:,}" for status, n in counts.items())
        err.print(f"{chosen.id}: {said}", markup=False, highlight=False)
    target = findings or (output.with_name(f"{output.stem}.findings.csv") if output else None)
    if whole.num_rows and target:
        write_findings(whole, target, lang)
    elif target:
        _drop_findings(target, lang)
    _tell_errata(whole, lang)
    if done.refused is not None:
        raise done.refused


def _watch(folder: Path, how: dict[str, Any], every: int, looks: int, lang: str) -> None:
    """Group every file that comes, one after the other, and leave the result, or why there is none, beside it."""
    if not folder.is_dir():
        raise DrgpayError(
            Kind.USAGE, zh="没有这个文件夹", en="no such folder", value=folder.name, fix_zh="检查 --watch",
            fix_en="check --watch",
        )  # fmt: skip
    watched, n = WatchedFolder(folder), 0
    err.print("守着文件夹,按 Ctrl-C 停止" if lang == "zh" else "watching the folder; Ctrl-C stops", highlight=False)
    try:
        while True:
            for path in watched.ready():
                _group_one(path, how)
            n += 1
            if looks and n >= looks:
                return
            time.sleep(every)
    except KeyboardInterrupt:
        err.print("已停止" if lang == "zh" else "stopped", highlight=False)


def _group_one(path: Path, how: dict[str, Any]) -> None:
    failure = failure_of(path)
    try:
        group(sources=[path], output=result_of(path), **how)
    except DrgpayError as error:
        err.print(error.text(), markup=False, highlight=False)
        with drafted(failure) as draft:
            draft.write_text(error.text() + "\n", encoding="utf-8")
    else:
        failure.unlink(missing_ok=True)


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
    form: str, alias: Path | None, newborn_age: str, codes: str | None, sheet: str = "", header_row: int = 0
) -> tuple[intake.Hints, intake.Crosswalk | None]:
    """What the alias file says, with what the options say over it, and the crosswalk of the codes' edition."""
    if newborn_age not in ("", "days", "months"):
        raise typer.BadParameter("days | months", param_hint="--newborn-age")
    said = intake.read_hints(alias) if alias else intake.Hints()
    hints = replace(said, format=form or said.format, newborn_age=newborn_age or said.newborn_age,
                    sheet=sheet or said.sheet, header_row=header_row or said.header_row)  # fmt: skip
    return hints, crosswalk_of(codes or said.codes)


def _beside(source: Path) -> Path:
    """Where the findings of a file are written: beside it; of a folder, in it, where nobody takes them for stays."""
    if source.is_dir():
        return source / f"{Path(os.path.abspath(source)).name}.findings.xlsx"
    return source.with_name(f"{source.stem}.findings.xlsx")


def found_files(sources: Sequence[Path], written: Sequence[Path | None], lang: str) -> Found:
    """The files of stays that were named, without those that are ``written``; what is none in a folder is said."""
    own = {real_path(path) for path in written if path}
    found = named_files(sources, without=lambda path: real_path(path) in own)
    if found.left:
        names = "、".join(found.left[:10]) + (" …" if len(found.left) > 10 else "")
        said = f"不是病例文件,未读({len(found.left)} 个):{names}"
        if lang != "zh":
            said = f"no files of stays, not read ({len(found.left)}): {names}"
        err.print(said, markup=False, highlight=False)
    return found


def reading(parts: Iterator[tuple[str, intake.Intake]], lang: str) -> Iterator[tuple[str, intake.Intake]]:
    """The parts as they come; it is said what the files were read as, once for files that are alike."""
    last = ""
    for file, part in parts:
        words = part.format[0 if lang == "zh" else 1]
        if words != last:
            err.print(words if not last else f"{file}: {words}", markup=False, highlight=False)
        last = words
        yield file, part


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
        text = for_people(result).write_csv(include_header=i == 0)
        out.write(masked(text) if out.isatty() else text)


def tell(read: int, kept: int, n: int, lang: str) -> None:
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
