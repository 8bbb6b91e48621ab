"""Commands of oversight: look through a run, explain a suspicion, follow an alert, review, audit, measure."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as Grid
from typer.core import TyperGroup

from drgpay import policy as law
from drgpay import report as reports
from drgpay import runs
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, in_lang, out
from drgpay.cli.engines import LOCAL, Choice, EngineName, Master, Partitions, SparkConf
from drgpay.cli.folders import START, PolicyName, RegionFolder, RunFolder, Schemes, schemes_folder
from drgpay.cli.oversight_books import write_books
from drgpay.ledger import account_words, event_words
from drgpay.scorecard import show_number
from drgpay.sources import in_words
from drgpay.steps import oversight
from drgpay.tables import ALERT_STATES
from drgpay.units import half_up, show_coefficient, show_fen, show_percent, show_ratio
from drgpay.words import in_word


class _LookFirst(TyperGroup):
    """``drgpay oversee RUN …`` is ``drgpay oversee look RUN …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["look", *args]
        return list(super().parse_args(ctx, args))


oversee_app = typer.Typer(
    cls=_LookFirst,
    no_args_is_help=True,
    help="监测与监管:疑点、预警、复核 oversight: oversee RUN --region R -o OUT, and what follows",
)

Look = Annotated[Path, typer.Argument(metavar="OUT", help="监管结果文件夹 folder of oversee")]
_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(oversee_app, name="oversee")


@oversee_app.command("look")
def look(
    run: RunFolder,
    region: RegionFolder,
    output: Annotated[Path, typer.Option("-o", "--output", help="结果文件夹 folder of the result")],
    with_persons: Annotated[bool, typer.Option("--with-persons", help="写出人员编号 write person ids")] = False,
    seed: Annotated[int, typer.Option(help="审核抽样种子 seed of the audit sample")] = 1,
    own: Schemes = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
    replace: Annotated[bool, typer.Option("--replace", help="替换已有的结果 replace an earlier result")] = False,
    engine: EngineName = LOCAL.name,
    master: Master = LOCAL.master,
    partitions: Partitions = None,
    conf: SparkConf = None,
) -> None:
    """全部规则过一遍,写出疑点、预警、样本和工作簿。 All rules over a run: suspicions, alerts, samples, workbooks."""
    with Choice(engine, master, partitions, conf or ()).engine(threads, in_lang(lang)) as chosen:
        found = runs.oversee(
            run,
            region,
            output,
            chosen,
            with_persons=with_persons,
            replace=replace,
            schemes=schemes_folder(own),
            seed=seed,
            reports=[
                lambda folder: write_books(folder, lang, run, region),
                lambda folder: reports.write_oversight_page(folder, folder / "oversight.html", lang, run),
            ],
        )
    _summary(output, lang)
    words = (
        f"{found.suspicions:,} 条疑点,{found.unclear:,} 条存疑(需调阅病历),{found.stays:,} 份病例 → {output}"
        if lang == "zh"
        else f"{found.suspicions:,} suspicions and {found.unclear:,} unclear (ask for the record) in "
        f"{found.stays:,} stays → {output}"
    )
    out.print(words)


def _summary(folder: Path, lang: str) -> None:
    zh = lang == "zh"
    counted = runs.count_look(folder)
    heads = (
        ("规则", "违规类型", "说明", "疑点", "存疑", "涉及金额(元)")
        if zh
        else ("rule", "type", "what", "suspicions", "unclear", "yuan")
    )
    grid = Grid(*heads)
    for row in counted.rules:
        rule = oversight.RULES[row["rule"]]
        words, kind = rule.words, oversight.TYPES[rule.violation].words
        if row["status"] == "missing":
            lacks = ("缺 " if zh else "lacks ") + reports.field_words(row["missing"].replace("|", ", "), lang)
            grid.add_row(rule.id, kind.zh if zh else kind.en, lacks, "–", "–", "")
        else:
            grid.add_row(
                rule.id,
                kind.zh if zh else kind.en,
                words.zh if zh else words.en,
                f"{row['suspicions']:,}",
                f"{row['unclear']:,}",
                show_fen(row["amount"]),
            )
    out.print(grid)
    alerts = " · ".join(f"{zh_name if zh else en_name} {count}" for zh_name, en_name, count in counted.alerts)
    out.print(("预警: " if zh else "alerts: ") + (alerts or "–"))


@oversee_app.command("explain")
def explain(
    folder: Look,
    name: Annotated[str, typer.Argument(metavar="ID", help="疑点号或预警号 suspicion or alert")],
    lang: Lang = "zh",
) -> None:
    """为什么有这一条:规则、证据、金额、排除和易误判之处。 Why a row is there: rule, evidence, amount, exclusions."""
    told, zh = runs.tell_suspicion(folder, name), in_lang(lang) == "zh"
    row, rule = told.row, told.rule
    if rule is None:
        out.print(f"{name}: {row['zh'] if zh else row['en']}")
        show = show_percent if reports.alert_is_share(row["rule"]) else show_coefficient
        against = "上限" if zh else "limit"
        out.print(f"  {show(row['value'])} ({against} {show(row['threshold'])})")
        out.print(
            f"  {'处置' if zh else 'action'}: {row['action_zh'] if zh else row['action_en']} · "
            f"{in_word(row['owner'], lang)} · {row['deadline']} · {in_word(row['state'], lang)}"
        )
        for one in told.evidence:
            month = f"{one['month']:>2}月" if zh else f"month {one['month']:>2}"
            stays = f"{one['n']:,} 例" if zh else f"{one['n']:,} stays"
            out.print(f"  {month}: {show(one['value'])}, {stays}")
        return
    out.print(f"{name}: {row['term_zh'] if zh else row['term_en']} · {rule.words.zh if zh else rule.words.en}")
    out.print(
        f"  {'评分' if zh else 'score'} {show_coefficient(row['score'])} · {'涉及金额' if zh else 'at stake'} "
        f"{show_fen(row['amount'])} · {in_word(row['state'], lang)}"
    )
    if rule.no_amount:
        out.print(f"  {'无涉及金额' if zh else 'no amount'}: {rule.no_amount.zh if zh else rule.no_amount.en}")
    if row["standing"] == "unclear":
        out.print(
            "  存疑:数据不能与正当诊疗区分,需调阅病历"
            if zh
            else "  unclear: the data cannot tell it from honest care, ask for the record"
        )
    for one in told.evidence:
        note = one["note_zh"] if zh else one["note_en"]
        where = reports.field_words(one["field"], lang)
        out.print(
            f"  +{show_coefficient(one['weight'])}  {one['record']}  {where} = {one['value']}"
            + (f"  ({'参照' if zh else 'against'} {one['expected']})" if one["expected"] else "")
            + f"  {note}"
        )
    out.print(f"  {'不计' if zh else 'left out'}: {rule.exclusions.zh if zh else rule.exclusions.en}")
    out.print(f"  {'易误判' if zh else 'may be innocent'}: {rule.false.zh if zh else rule.false.en}")


@oversee_app.command("alert")
def alert(
    folder: Look,
    name: Annotated[str, typer.Argument(metavar="ALERT", help="预警号 alert")],
    region: RegionFolder,
    to: Annotated[str, typer.Option("--to", help="处置后的状态 state after it: " + " | ".join(ALERT_STATES[1:]))],
    by: Annotated[str, typer.Option("--by", help="经办人 who")],
    note: Annotated[str, typer.Option("--note", help="说明 what was said or done")],
    on: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="日期 day")],
) -> None:
    """登记预警的处置,只增不改。 Add an event to an alert; events are only ever added."""
    before = runs.move_alert(folder, region, name, to, by, note, on.date())
    out.print(f"{name}: {before} → {to}")


@oversee_app.command("review")
def review(
    folder: Look,
    reviews: Annotated[Path, typer.Argument(metavar="REVIEWS", help="评审登记表 register of reviews")],
    output: Annotated[Path, typer.Option("-o", "--output", help="放提案的新文件夹 new folder for the proposal")],
    region: Annotated[Path | None, typer.Option("--region", help="统筹区文件夹 folder of the region")] = None,
    lang: Lang = "zh",
) -> None:
    """核对评审,写出拟登记的违规和拒付,显示将产生的分录。 Check reviews; write what is proposed, show its entries."""
    zh = in_lang(lang) == "zh"
    proposal = runs.propose_treatments(folder, reviews, region)
    runs.write_proposal(proposal, output, folder, reviews)
    grid = Grid(
        *(("疑点", "事项", "借方", "贷方", "金额(元)") if zh else ("suspicion", "event", "debit", "credit", "yuan"))
    )
    for row in proposal.entries:
        said = (
            event_words(row["event"], lang, {}),
            *(account_words(row[side], lang, {}) for side in ("debit", "credit")),
        )
        grid.add_row(row["suspicion_id"], *said, show_fen(row["amount"]))
    out.print(grid)
    out.print(f"{len(proposal.treatments)} {'条认定' if zh else 'confirmed'} → {output}")


@oversee_app.command("audit")
def audit(
    folder: Look, output: Annotated[Path, typer.Option("-o", "--output", help="CSV 文件 file to write")]
) -> None:
    """复核编码用的空表(不含首次编码)。 The sheet for the second coder, without the first coding."""
    out.print(f"{runs.audit_template(folder, output):,} → {output}")


@oversee_app.command("limits")
def limits(
    policy: PolicyName = START,
    on: Annotated[
        datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="适用日 day whose law is wanted")
    ] = datetime(2024, 12, 31),
    lang: Lang = "zh",
) -> None:
    """列出全部监管阈值及来源。 Every limit in force, with its source."""
    zh = in_lang(lang) == "zh"
    grid = Grid(*(("阈值", "值", "单位", "来源") if zh else ("limit", "value", "unit", "source")))
    for name, limit in oversight.limits(law.load(policy, on=on.date())).values.items():
        grid.add_row(name, _limit(limit), in_word(limit.unit, lang), in_words(limit.source, lang))
    out.print(grid)


def _limit(limit: oversight.Limit) -> str:
    """A limit in its unit: per cent, yuan, whole days and counts, or a number."""
    if limit.unit == "share":
        return show_percent(limit.value)
    if limit.unit == "yuan":
        return show_fen(half_up(limit.value, 100))
    return show_number(limit.value)


@oversee_app.command("bench")
def bench(
    regions: Annotated[list[Path], typer.Argument(metavar="REGION…", help="带标注的区域 labelled regions")],
    policy: PolicyName = "demo",
    year: Annotated[int, typer.Option("--year", help="年度 year")] = 2024,
    forms: Annotated[bool, typer.Option("--forms", help="按手法列出召回 recall by form too")] = False,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """用带标注的区域量规则:精确率、召回率、每万病例疑点数。 Precision, recall and workload on labelled regions."""
    zh = in_lang(lang) == "zh"
    for region in regions:
        runs.read_truth(region)
    for region in regions:
        with tempfile.TemporaryDirectory() as work, engine_with_progress(threads, lang) as engine:
            run = runs.run(runs.Order(region, policy, year), Path(work) / "run", engine)
            runs.oversee(run, region, Path(work) / "look", engine)
            found = runs.bench(Path(work) / "look", region, run)
        for title, scores in (
            ("types", found.types),
            ("rules", found.rules),
            *([("forms", found.forms)] if forms else []),
        ):
            out.print(_measured(f"{region.name} · {title}", scores, zh))
        out.print(_confused(region.name, found, zh))
        out.print(_ranked(region.name, found, zh))


def _confused(region: str, found: runs.Bench, zh: bool) -> Grid:
    """What every rule's suspicions touch: labels of which type, or none."""
    kinds = [t for t in oversight.TYPES if t in set(found.confusion["labelled"])]
    words = [oversight.TYPES[t].words.zh if zh else oversight.TYPES[t].words.en for t in kinds]
    grid = Grid(
        "规则" if zh else "rule", *words, "无标注" if zh else "no label",
        title=f"{region} · confusion", title_justify="left",
    )  # fmt: skip
    counts = {(r, label): n for r, label, n in found.confusion.select("rule", "labelled", "count").rows()}
    for rule in dict.fromkeys(found.confusion["rule"]):
        grid.add_row(rule, *(str(counts.get((rule, kind), "")) for kind in (*kinds, "")))
    return grid


def _ranked(region: str, found: runs.Bench, zh: bool) -> Grid:
    """How many of the stays with the highest scores are labelled."""
    heads = (
        ("违规类型", "前若干份", "疑点病例", "正确", "精确率")
        if zh
        else ("type", "first", "stays", "right", "precision")
    )
    grid = Grid(*heads, title=f"{region} · top", title_justify="left")
    for kind, first, stays, right in found.top.select("violation", "first", "found", "right").rows():
        grid.add_row(kind, str(first), str(stays), str(right), show_percent(half_up(right * 10_000, stays)))
    return grid


def _measured(title: str, scores: list[runs.Score], zh: bool) -> Grid:
    heads = (
        (
            "名称",
            "违规类型",
            "疑点",
            "正确",
            "旁及",
            "精确率",
            "标注",
            "命中",
            "召回率",
            "每万病例",
            "存疑",
            "存疑中正确",
        )
        if zh
        else (
            "name",
            "type",
            "found",
            "right",
            "beside",
            "precision",
            "labels",
            "caught",
            "recall",
            "per 10,000",
            "unclear",
            "right of them",
        )
    )
    grid = Grid(*heads, title=title, title_justify="left")
    for s in scores:
        right, caught = (
            show_percent(half_up(a * 10_000, b)) if b else "–"
            for a, b in ((s.right, s.found - s.beside), (s.caught, s.labels))
        )
        cells = (str(s.found), str(s.right), str(s.beside), right, str(s.labels), str(s.caught), caught)
        apart = (str(s.unclear), str(s.unclear_right))
        grid.add_row(
            s.name,
            s.violation,
            *(cells if s.ran else ("–",) * 7),
            show_ratio(s.found * 10_000, s.stays, 1),
            *(apart if s.ran else ("–",) * 2),
        )
    return grid
