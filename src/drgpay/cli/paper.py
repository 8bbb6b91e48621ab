"""Commands that write papers of an institution: payment note, list of stays, clearing statement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Grid

from drgpay import runs
from drgpay.cli.console import Lang, err, in_lang, out
from drgpay.cli.folders import RunFolder
from drgpay.errors import DrgpayError, Kind
from drgpay.places import inside, new_folder, safe_name
from drgpay.report import papers
from drgpay.report.views import NUMBERS, show

paper_app = typer.Typer(
    help="纸质件:拨付单、病例清单、清算单,写成 PDF、Excel 或 Word papers of an institution as PDF, Excel or Word",
    no_args_is_help=True,
)

Institution = Annotated[str, typer.Option("--institution", help="机构编号或名称 institution, by code or name")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="文件 .pdf、.xlsx 或 .docx;与 --all 同用时为文件夹 a file; with --all a folder"
    ),
]
All = Annotated[bool, typer.Option("--all", help="写出每家机构的 of every institution, into a folder")]
Form = Annotated[str, typer.Option("--form", metavar="pdf|xlsx|docx", help="--all 的格式 form of the files of --all")]
FORMS = ("pdf", "xlsx", "docx")
"""what papers of an institution are written as, of :data:`drgpay.report.papers.PRINTERS`"""
_NAMES = {"month": "拨付单", "stays": "病例清单", "year": "清算单"}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(paper_app, name="paper")


@paper_app.command()
def month(
    run: RunFolder,
    institution: Institution = "",
    output: Output = None,
    every: All = False,
    form: Form = "pdf",
    lang: Lang = "zh",
) -> None:
    """月度拨付单:应付、保证金、更正、冲抵预付、暂缓与拨付。 The payment note of a month."""
    _paper("month", run, institution, output, every, form, in_lang(lang))


@paper_app.command()
def stays(
    run: RunFolder,
    institution: Institution = "",
    output: Output = None,
    every: All = False,
    form: Form = "pdf",
    lang: Lang = "zh",
) -> None:
    """结算病例清单:病组、类型、点数、应付。 The list of an institution's stays with group, class, points, payment."""
    _paper("stays", run, institution, output, every, form, in_lang(lang))


@paper_app.command()
def year(
    run: RunFolder,
    institution: Institution = "",
    output: Output = None,
    every: All = False,
    form: Form = "pdf",
    lang: Lang = "zh",
) -> None:
    """年度清算单:两个险种及合计,逐步列出,附依据。 The clearing statement, step by step, with sources."""
    _paper("year", run, institution, output, every, form, in_lang(lang))


def _paper(kind: str, run: Path, institution: str, output: Path | None, every: bool, form: str, lang: str) -> None:
    if every:
        if institution or output is None or form not in FORMS:
            raise typer.BadParameter("RUN --all -o FOLDER --form pdf|xlsx|docx", param_hint="--all")
        _write_all(kind, run, output, form, lang)
        return
    if not institution:
        raise typer.BadParameter(
            "RUN --institution H001 [-o FILE.pdf|FILE.xlsx|FILE.docx]", param_hint="--institution"
        )
    if output is not None and _ending(output) not in FORMS:
        raise DrgpayError(
            Kind.USAGE, zh="不认识的输出格式", en="unknown kind of output", value=output.name,
            fix_zh="用 .pdf、.xlsx 或 .docx", fix_en="use .pdf, .xlsx or .docx",
        )  # fmt: skip
    of = papers.OfRun(run)
    paper = papers.paper_of(of, kind, runs.institution_named(run, institution), lang)
    if output is None:
        _show(paper)
        return
    _print(paper, output, lang)
    out.print(str(output))


def _write_all(kind: str, run: Path, output: Path, form: str, lang: str) -> None:
    """A file for every institution that the run has something for; how many there are, and how many are without."""
    of = papers.OfRun(run)
    period = f"{of.year}-{of.month:02d}" if of.month else str(of.year)
    names = {h: safe_name(h) for h in of.names}
    written = 0
    with new_folder(output, kind="papers") as draft:
        for h, name in names.items():
            paper = papers.paper_or_none(of, kind, h, lang)
            if paper is not None:
                word = _NAMES[kind] if lang == "zh" else kind
                _print(paper, inside(draft, f"{name}_{period}_{word}.{form}"), lang)
                written += 1
    without = len(names) - written
    if lang == "zh":
        out.print(f"{output}: {written} 家机构" + (f",另有 {without} 家本期无病例和款项" if without else ""))
    else:
        out.print(f"{output}: {written} institutions" + (f"; {without} have nothing in it" if without else ""))


def _ending(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def _print(paper: papers.Paper, path: Path, lang: str) -> None:
    lost = papers.PRINTERS[_ending(path)](paper, path)
    if lost:
        those = "、".join(f"{c}(U+{ord(c):04X})" for c in lost)
        said = f"字体中没有这些字,已印为〓:{those}" if lang == "zh" else f"no font has these, printed as 〓: {those}"
        err.print(f"{path.name}: {said}", style="yellow", markup=False, highlight=False)


def _show(paper: papers.Paper) -> None:
    """The paper on the screen."""
    out.print(f"{paper.issuer}  {paper.title}  {paper.period}")
    for name, value in paper.facts:
        out.print(f"  {name}  {value}")
    if paper.result:
        out.print("■ " + "  ".join(part for part in paper.result if part))
    for block in paper.blocks:
        if isinstance(block, papers.Chart):  # its figures stand in a table too
            continue
        out.print(f"\n■ {block.title}")
        if isinstance(block, papers.Text):
            out.print("\n".join(block.paragraphs))
            continue
        grid = Grid()
        for column in block.columns:
            grid.add_column(column.head, justify="right" if column.kind in NUMBERS else "left")
        for line in (*block.rows, *([block.total] if block.total else [])):
            grid.add_row(*(show(block.kind(i, line), v)[paper.lang] if v is not None else ""
                           for i, v in enumerate(line.values)))  # fmt: skip
        out.print(grid)
    out.print(f"\n{paper.trace}")
