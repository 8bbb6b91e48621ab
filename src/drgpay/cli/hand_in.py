"""Commands of hand-ins: submit a batch to a region, and the history of a stay."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from drgpay import runs
from drgpay.cli.console import CPUS, Lang, engine_with_progress, err, in_lang, out
from drgpay.cli.database import Query, Sql, View, with_rows
from drgpay.cli.stays import Alias, Codes, Findings, Form, HeaderRow, NewbornAge, Sheet, hints_of, write_findings
from drgpay.places import real_path
from drgpay.tables import STAYS
from drgpay.units import show_fen

Region = Annotated[Path, typer.Argument(help="区域文件夹 folder of the region")]
_CHANGES = {
    "added": ("新增", "added"),
    "changed": ("更改", "changed"),
    "withdrawn": ("撤销", "withdrawn"),
    "same": ("未变", "same"),
}


def register(region_app: typer.Typer) -> None:
    """Add the commands of this file to ``drgpay region``."""
    region_app.command("submit")(submit)
    region_app.command("history")(history)


def submit(
    region: Region,
    source: Annotated[
        Path | None, typer.Argument(help="病例文件 file of stays; none with --sql", show_default=False)
    ] = None,
    *,
    institution: Annotated[str, typer.Option("--institution", help="定点医疗机构编号 institution")],
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="出院月份 month of discharge")],
    reason: Annotated[str, typer.Option("--reason", help="理由 reason")] = "",
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="收到日期 day of receipt; default: today")
    ] = None,
    correction: Annotated[
        bool, typer.Option("--correction", help="更正已封账的月份 a correction of a sealed month; needs --reason")
    ] = False,
    withdrawn: Annotated[
        Path | None, typer.Option("--withdrawn", help="要撤销的病例号,每行一个 stay ids to take back, one a line")
    ] = None,
    folders: Annotated[
        Path | None,
        typer.Option("--runs", help="运行结果所在文件夹 folder of sealed runs; default: beside the region"),
    ] = None,
    findings: Findings = None,
    form: Form = "",
    alias: Alias = None,
    newborn_age: NewbornAge = "",
    codes: Codes = None,
    sheet: Sheet = "",
    header_row: HeaderRow = 0,
    sql: Sql = "",
    query: Query = None,
    view: View = "",
    lang: Lang = "zh",
) -> None:
    """提交一家机构一个月的病例批次。 Hand in a batch of stays of an institution and month."""
    zh = in_lang(lang) == "zh"
    hints, way = hints_of(form, alias, newborn_age, codes, sheet, header_row)
    handed = with_rows([source] if source else [], sql, query, view)
    if len(handed) != 1:
        raise typer.BadParameter("SOURCE | --sql", param_hint="SOURCE")
    told = form or alias or newborn_age or codes or sheet or header_row
    taken = () if withdrawn is None else runs.stay_ids_in(withdrawn)
    with engine_with_progress(CPUS, lang) as engine:
        done = runs.submit(
            region, handed[0], institution, runs.month_of(month), engine,
            on=on.date() if on else date.today(), reason=reason, correction=correction, withdrawn=taken,
            sealed=runs.sealed_months(folders or real_path(region).parent),
            hints=hints if told else None, crosswalk=way,
        )  # fmt: skip
    counts = {name: getattr(done, name) for name in _CHANGES}
    said = ", ".join(f"{word[0 if zh else 1]} {counts[name]:,}" for name, word in _CHANGES.items())
    out.print(
        f"批次 {done.batch}:{said};剔除 {done.rejected:,}" if zh
        else f"batch {done.batch}: {said}; rejected {done.rejected:,}"
    )  # fmt: skip
    if done.score is not None:
        out.print(f"{'得分' if zh else 'score'} {done.score / 100:.2f}")
    if done.findings.num_rows and findings:
        write_findings(done.findings, findings, lang)
    elif done.findings.num_rows:
        n = f"{done.findings.num_rows:,}"
        err.print(f"问题 {n} 条;用 --findings 写出清单" if zh else f"{n} findings; --findings writes them to a file")


def history(
    region: Region,
    stay: Annotated[str, typer.Option("--stay", help="病例号 stay")],
    lang: Lang = "zh",
) -> None:
    """一份病例的各个版本和每次的变化。 Every version of a stay, and what changed."""
    zh = in_lang(lang) == "zh"
    with engine_with_progress(CPUS, lang) as engine:
        versions = runs.history(region, stay, engine)
    for v in versions:
        day = v.received_on.isoformat() if v.received_on else "–"
        change = _CHANGES[v.change][0 if zh else 1]
        reason = f" ({v.reason})" if v.reason else ""
        out.print(f"{'批次' if zh else 'batch'} {v.batch}  {day}  {v.institution}  {change}{reason}")
        for name, (before, after) in v.differs.items():
            column = STAYS[name]
            out.print(f"  {column.zh if zh else name}: {_shown(name, before)} → {_shown(name, after)}")


def _shown(name: str, value: Any) -> str:
    """A value as people read it; a person's number stays hidden."""
    if value is None:
        return "–"
    if name == "person_id":
        return "***"
    return show_fen(value) if STAYS[name].type == "fen" else str(value)
