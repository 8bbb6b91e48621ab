"""Commands of the evaluation: indicators, scorecards, the template of reported values, marks and their stays."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
import xlsxwriter
from rich.table import Table as Grid
from typer.core import TyperGroup

from drgpay import report as reports
from drgpay import runs
from drgpay.cli import survey
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, in_lang, out
from drgpay.cli.engines import LOCAL, Choice, EngineName, Master, Partitions, SparkConf
from drgpay.cli.sheets import CREATED
from drgpay.engine import drafted, for_people, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.report import GRADE_WORDS, show_figure
from drgpay.scorecard import ALL_TYPES, Given, Item, cards, rule_text, show_number
from drgpay.sources import in_words
from drgpay.steps import evaluation
from drgpay.tables import EVALUATION_RESULTS, FIGURES, INSTITUTIONS, MARKS, OUTCOMES, REPORTED_VALUES
from drgpay.words import in_word


class _RunOrVerb(TyperGroup):
    """``evaluate RUN …`` evaluates; ``evaluate indicators`` and the others are verbs of their own."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


evaluate_app = typer.Typer(
    cls=_RunOrVerb,
    help="绩效评价:drgpay evaluate RUN --card … -o OUT。 Evaluation of institutions: indicators, scorecards, grades",
    no_args_is_help=True,
)

CardName = Annotated[str, typer.Option("--card", help="评分表编号或 YAML 文件 scorecard id or YAML file")]
OutFolder = Annotated[Path, typer.Argument(help="评价结果文件夹 folder of an evaluation")]
Institution = Annotated[str, typer.Option("--institution", help="机构编号 institution id")]
REPORTS = ("report.xlsx", "report.html")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    survey.register(evaluate_app)
    app.add_typer(evaluate_app, name="evaluate")


@evaluate_app.command("run", hidden=True)
def run(
    folder: Annotated[Path, typer.Argument(help="年度运行结果 folder of a year run")],
    card: CardName,
    output: Annotated[Path, typer.Option("-o", "--output", help="新文件夹 new folder")],
    region: Annotated[
        Path | None,
        typer.Option(
            "--region", help="区域文件夹:病例明细、门诊、申请机构 folder of the region: details, visits, applicants"
        ),
    ] = None,
    reported: Annotated[
        Path | None, typer.Option("--reported", help="填好的填报表 filled template of reported values")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", help="上年评价结果 evaluation of the year before")
    ] = None,
    records: Annotated[
        Path | None, typer.Option("--records", help="drgpay check --region 的结果 result of drgpay check --region")
    ] = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
    engine: EngineName = LOCAL.name,
    master: Master = LOCAL.master,
    partitions: Partitions = None,
    conf: SparkConf = None,
) -> None:
    """评价一个年度的运行结果。 Evaluate the run of a year: indicators, marks, grades, ranks, registers, reports."""
    order = runs.Evaluation(folder, card, region, reported, previous, records)
    with Choice(engine, master, partitions, conf or ()).engine(threads, in_lang(lang)) as chosen:
        runs.evaluate(order, output, chosen, [lambda draft: _reports(draft, lang)])
    _show_results(output, lang)
    out.print(str(output))


def _reports(draft: Path, lang: str) -> None:
    reports.write_evaluation_workbook(draft, draft / REPORTS[0], lang)
    reports.write_evaluation_page(draft, draft / REPORTS[1], lang)


def _show_results(folder: Path, lang: str) -> None:
    names = runs.names_of_run(folder)
    zh = lang == "zh"
    head = ("机构", "等级", "总分", "名次", "考核等级") if zh else ("institution", "level", "total", "place", "grade")
    grid = Grid(*head)
    rows = read_table(folder / runs.TABLES, EVALUATION_RESULTS).sort("level", "place", "institution_id")
    for r in rows.iter_rows(named=True):
        total = "–" if r["total"] is None else show_number(r["total"])
        place = "–" if r["place"] is None else f"{r['place']}/{r['of']}"
        words = (GRADE_WORDS.get(r[k], (r[k], r[k]))[0 if zh else 1] if r[k] else "–" for k in ("level", "grade"))
        level, grade = words
        grid.add_row(names.get(r["institution_id"], r["institution_id"]), level, total, place, grade)
    out.print(grid)


@evaluate_app.command()
def indicators(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="写成 CSV write as CSV")] = None,
    lang: Lang = "zh",
) -> None:
    """指标库:定义、分子分母、方向、来源。 The registry of indicators."""
    zh = in_lang(lang) == "zh"
    found = evaluation.registry().indicators.values()
    if output is not None:
        head = ("id", "zh", "en", "numerator", "denominator", "distinct", "growth", "cases", "least", "better",
                "unit", "interval", "by_institution", "exclusions", "clause")  # fmt: skip
        with drafted(output) as draft, draft.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(head)
            writer.writerows([getattr(i, name) for name in head] for i in found)
        out.print(str(output))
        return
    grid = Grid(
        *(("编号", "名称", "定义", "方向", "条款") if zh else ("id", "name", "definition", "better", "clause"))
    )
    for i in found:
        what, better = evaluation.formula_words(i, lang), in_word(i.better, lang)
        grid.add_row(i.id, i.zh if zh else i.en, what, better, in_words(i.clause, lang))
    out.print(grid)


@evaluate_app.command("cards")
def show_cards(
    card: Annotated[str, typer.Argument(help="评分表,不写则列出全部 scorecard; none: list them all")] = "",
    lang: Lang = "zh",
) -> None:
    """随附的评分表;给出编号或文件则检查并展开。 Shipped scorecards; with one, check it and show it."""
    zh = in_lang(lang) == "zh"
    if not card:
        for name in cards():
            found = runs.known_card(name)
            items = f"{len(found.items)} {'项' if zh else 'items'}"
            out.print(f"{name}  {found.zh if zh else found.en}  {items}  {in_words(found.source, lang)}")
        return
    found = runs.known_card(card)
    out.print(f"{found.id}  {found.zh if zh else found.en}  {in_words(found.source, lang)}")
    grid = Grid(*(("编号", "指标", "满分", "规则", "来源") if zh else ("item", "name", "full", "rule", "source")))
    for item in found.items:
        rule = rule_text(item, found.grade_names)
        name = item.zh if zh else item.en
        grid.add_row(item.id, name, _full(item), rule.zh if zh else rule.en, in_words(item.source, lang))
    out.print(grid)


def _full(item: Item) -> str:
    if len(set(item.full.values())) == 1 or set(item.full) == {ALL_TYPES}:
        return show_number(next(iter(item.full.values())))
    return " ".join(f"{t} {show_number(full)}" for t, full in item.full.items())


@evaluate_app.command()
def template(
    card: CardName,
    output: Annotated[Path, typer.Option("-o", "--output", help="工作簿 workbook (.xlsx)")],
    region: Annotated[
        Path | None, typer.Option("--region", help="区域文件夹:每个机构一行 region: a row for every institution")
    ] = None,
    lang: Lang = "zh",
) -> None:
    """生成填报表。 The workbook in which reported values are filled in, with evidence."""
    zh = in_lang(lang) == "zh"
    if output.suffix.lower() != ".xlsx":
        raise DrgpayError(
            Kind.USAGE,
            zh="填报表是 .xlsx 工作簿",
            en="the template is an .xlsx workbook",
            value=output.name,
            fix_zh="用 .xlsx",
            fix_en="use .xlsx",
        )
    found = runs.known_card(card)
    names = {"": ""}
    if region:
        names = dict(runs.read_region(region).registers[INSTITUTIONS].select("institution_id", "name").rows())
    heads = [REPORTED_VALUES[name].zh if zh else name for name in evaluation.TEMPLATE_COLUMNS]
    heads += ["（机构名称）", "（指标项名称）", "（填写单位）"] if zh else ["(name)", "(item)", "(unit)"]
    output.parent.mkdir(parents=True, exist_ok=True)
    with drafted(output) as draft, xlsxwriter.Workbook(draft, {"strings_to_formulas": False}) as book:
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True, "bg_color": "#DDE7F0"})
        sheet = book.add_worksheet(REPORTED_VALUES.zh if zh else REPORTED_VALUES.name)
        sheet.write_row(0, 0, heads, bold)
        sheet.freeze_panes(1, 2)
        sheet.set_column(0, 1, 22)
        sheet.set_column(3, 7, 36)
        rows = [(h, item) for h in sorted(names) for item in found.reported]
        for at, (h, item) in enumerate(rows, 1):
            for column, text in ((0, h), (1, item.id), (5, names[h]), (6, item.zh if zh else item.en),
                                 (7, _asked(item, zh))):  # fmt: skip
                sheet.write_string(at, column, text)
            most = {"criteria": "between", "minimum": 0, "maximum": 1}
            least = {"criteria": ">=", "value": 0}
            sheet.data_validation(at, 2, at, 2, {"validate": "decimal", **(most if item.unit == "share" else least)})
        guide = book.add_worksheet("说明" if zh else "items")
        head = ("指标项", "名称", "单位", "满分", "规则", "佐证") if zh else (
            "item", "name", "unit", "full mark", "rule", "evidence")  # fmt: skip
        guide.write_row(0, 0, head, bold)
        guide.set_column(1, 5, 36)
        for at, item in enumerate(found.reported, 1):
            rule = rule_text(item, found.grade_names)
            words = (item.zh, rule.zh, item.evidence_zh) if zh else (item.en, rule.en, item.evidence_en)
            guide.write_row(at, 0, (item.id, words[0], _asked(item, zh), _full(item), words[1], words[2]))
    out.print(str(output))


def _asked(item: Item, zh: bool) -> str:
    """In what a reported value is written."""
    if isinstance(item.rule, Given):
        return "分数" if zh else "marks"
    if item.unit == "share":
        return "比例,写 0.95 或 95%" if zh else "a share: 0.95 or 95%"
    return "数" if zh else "a number"


@evaluate_app.command()
def explain(
    folder: OutFolder,
    institution: Institution,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="写成评分单 .html 或 .xlsx write the scorecard as .html or .xlsx"),
    ] = None,
    lang: Lang = "zh",
) -> None:
    """一个机构每项得分的来由。 Why an institution has its marks, item by item."""
    zh = in_lang(lang) == "zh"
    institution = runs.institution_named(folder, institution)
    if output is not None:
        reports.write_institution_card(folder, institution, output, lang)
        out.print(str(output))
        return
    rows = _of_institution(folder, institution)
    result = read_table(folder / runs.TABLES, EVALUATION_RESULTS).filter(pl.col("institution_id") == institution)
    card = runs.known_card(str(folder / "card.yaml"))
    names = {item.id: item.zh if zh else item.en for item in card.items}
    for r in rows:
        why, by = r["zh"] if zh else r["en"], in_words(r["source"], lang)
        out.print(f"{names.get(r['item'], r['item'])}: {why}  [{by}]")
    for r in result.iter_rows(named=True):
        total = "–" if r["total"] is None else show_number(r["total"])
        grade = GRADE_WORDS.get(r["grade"], ("–", "–"))[0 if zh else 1]
        note = r["zh"] if zh else r["en"]
        head = "总分 {} 名次 {}/{} 等级 {}" if zh else "total {}, place {} of {}, grade {}"
        out.print(head.format(total, r["place"] or "–", r["of"], grade) + (f" ({note})" if note else ""))


def _of_institution(folder: Path, institution: str) -> list[dict[str, Any]]:
    _known(folder, institution)
    rows = read_table(folder / runs.TABLES, MARKS).filter(pl.col("institution_id") == institution).to_dicts()
    order = {item.id: i for i, item in enumerate(runs.known_card(str(folder / "card.yaml")).items)}
    return sorted(rows, key=lambda r: order[r["item"]])


def _known(folder: Path, institution: str) -> None:
    """Fail for an institution that was not evaluated."""
    reports.check_evaluated(set(read_table(folder / runs.TABLES, EVALUATION_RESULTS)["institution_id"]), institution)


@evaluate_app.command()
def stays(
    folder: OutFolder,
    indicator: Annotated[str, typer.Option("--indicator", help="指标 indicator")],
    institution: Annotated[str, typer.Option("--institution", help="机构编号 institution id")] = "",
    department: Annotated[str, typer.Option("--department", help="科室 department")] = "",
    doctor: Annotated[str, typer.Option("--doctor", help="医师 doctor")] = "",
    drg: Annotated[str, typer.Option("--drg", help="病组 group")] = "",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="写成 CSV write as CSV")] = None,
    moved: Annotated[
        Path | None, typer.Option("--run", help="运行结果现在的位置 where the run is, if it was moved")
    ] = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """列出一个指标背后的病例。 The stays behind an indicator, with what each adds."""
    zh = in_lang(lang) == "zh"
    institution = runs.institution_named(folder, institution) if institution else ""
    said = {"institution_id": institution, "department_id": department, "doctor_id": doctor, "drg": drg}
    where = {name: code for name, code in said.items() if code}
    if institution:
        _known(folder, institution)
    with tempfile.TemporaryDirectory() as work, engine_with_progress(threads, lang) as engine:
        found = runs.evaluation_stays(folder, indicator, where, engine, Path(work), moved)
    if output is not None:
        with drafted(output) as draft:
            for_people(found).write_csv(draft, include_bom=True)
        out.print(str(output))
        return
    shown = 40
    grid = Grid(*(("病例号", "机构", "科室", "医师", "病组", "分子", "分母") if zh else found.columns))
    for row in found.head(shown).rows():
        grid.add_row(*("–" if cell is None else str(cell) for cell in row))
    out.print(grid)
    counted = f"{found.height} 例" if zh else f"{found.height} stays"
    out.print(counted + (("，其余见 -o" if zh else "; all of them with -o") if found.height > shown else ""))


@evaluate_app.command()
def figures(
    folder: OutFolder,
    indicator: Annotated[str, typer.Option("--indicator", help="指标 indicator")],
    scope: Annotated[str, typer.Option("--scope", help="层级 area|level|institution|department|doctor|group")] = (
        "institution"
    ),
    lang: Lang = "zh",
) -> None:
    """一个指标在各层级的值、区间和基准。 An indicator's values with interval and benchmarks."""
    zh = in_lang(lang) == "zh"
    wanted = evaluation.registry().indicator(indicator)
    scopes = FIGURES["scope"].choices
    if scope not in scopes:
        raise DrgpayError(
            Kind.USAGE, zh="没有这个层级", en="no such scope", value=scope, fix_zh=" | ".join(scopes),
            fix_en=" | ".join(scopes),
        )  # fmt: skip
    rows = read_table(folder / runs.TABLES, FIGURES).filter(
        (pl.col("indicator") == indicator) & (pl.col("scope") == scope)
    )
    unit = wanted.unit
    head = ("对象", "值", "例数", "区间", "同级", "全市") if zh else ("of", "value", "n", "interval", "level", "area")
    grid = Grid(*head, title=wanted.zh if zh else wanted.en, title_justify="left")
    for r in rows.iter_rows(named=True):
        name = " ".join(r[k] for k in ("level", "institution_id", "department_id", "doctor_id", "drg") if r[k])
        value = show_figure(r["value"], unit) if r["value"] is not None else r["absent_zh" if zh else "absent_en"]
        interval = "" if r["low"] is None else f"{show_figure(r['low'], unit)} – {show_figure(r['high'], unit)}"
        few = ("（例数少）" if zh else " (few)") if r["small"] and r["value"] is not None else ""
        bench = (show_figure(r[k], unit) for k in ("level_value", "area_value"))
        grid.add_row(name, value + few, str(r["n"]), interval, *bench)
    out.print(grid)


@evaluate_app.command()
def board(folder: OutFolder, lang: Lang = "zh") -> None:
    """成效看板:三减一增、增幅、基层和县域就诊、结余覆盖。 The board of the area's outcomes, over the years."""
    zh = in_lang(lang) == "zh"
    head = ("年度", "指标", "值", "上年", "目标", "达到", "说明") if zh else (
        "year", "measure", "value", "before", "target", "met", "note")  # fmt: skip
    grid = Grid(*head)
    for cells in reports.outcome_cells(read_table(folder / runs.TABLES, OUTCOMES).to_dicts(), lang):
        grid.add_row(*cells)
    out.print(grid)
