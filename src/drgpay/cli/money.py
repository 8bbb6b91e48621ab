"""Commands of the main job: make a region, run a month or a year, report, verify, and the demonstration."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.table import Table as Grid

from drgpay import report as reports
from drgpay import runs, samples
from drgpay.cli import book, hand_in, registers, taking
from drgpay.cli.console import CPUS, Lang, Threads, bar, engine_with_progress, err, in_lang, out
from drgpay.cli.engines import LOCAL, Choice, EngineName, Master, Partitions, SparkConf, settings
from drgpay.cli.folders import START, PolicyName, RegionFolder, RunFolder, Schemes, schemes_folder
from drgpay.cli.lived import live_a_quarter
from drgpay.cli.papers import REPORTS, run_reports
from drgpay.cli.registers import Accept, After, Base, Reason, tell_notices
from drgpay.cli.stays import tell_dropped
from drgpay.engine import Engine, Outside, SparkEngine
from drgpay.errors import DrgpayError, Kind
from drgpay.tables import CHEATS
from drgpay.units import show_coefficient, show_fen, show_points, show_ratio
from drgpay.words import in_word

region_app = typer.Typer(help="模拟统筹区 synthetic regions", no_args_is_help=True)
run_app = typer.Typer(help="运行一个月或一年 run a month or a year", no_args_is_help=True)

Year = Annotated[int, typer.Option("--year", help="结算年度 settlement year")]
OutFolder = Annotated[Path, typer.Option("-o", "--output", help="结果文件夹 folder of the result")]
KnownOn = Annotated[
    datetime | None,
    typer.Option("--known-on", formats=["%Y-%m-%d"], help="只用该日已发布的通知 only notices known on that day"),
]
Replace = Annotated[bool, typer.Option("--replace", help="替换已有的结果 replace an earlier result")]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="从上次中断处继续 go on after the last complete step; steps are kept on failure"),
]

_ALL = (*samples.EXTRAS, samples.MODES, samples.EVALUATION)
_EXTRAS = ",".join(_ALL) + "|all"
_SHOWN = 8
"""institutions on the screen; all are in the report"""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(demo)
    hand_in.register(region_app)
    registers.register(region_app)
    taking.register(region_app)
    book.register(app, run_app)
    app.add_typer(region_app, name="region")
    app.add_typer(run_app, name="run")
    app.command("report")(report)
    app.command()(verify)


@region_app.command("make")
def region_make(
    output: OutFolder,
    stays: Annotated[int, typer.Option(min=1, help="各年病例总数 stays of all years together")] = 100_000,
    seed: Annotated[int, typer.Option(help="随机种子 seed: same seed, same bytes")] = 1,
    institutions: Annotated[int | None, typer.Option(min=1, help="机构数 institutions")] = None,
    extras: Annotated[
        str, typer.Option("--with", metavar=_EXTRAS, help="另附的表,逗号分隔 what else to write, by commas")
    ] = "",
    violations: Annotated[
        str,
        typer.Option(metavar="TYPE=RATE,…|all=RATE", help="植入违规(每份病例的比例)和标注 cases per stay, labelled"),
    ] = "",
    lived: Annotated[
        bool,
        typer.Option(
            "--lived", help="逐期发生的年度:批次、更正、评议、预付、暂缓 a year as it is lived: batches, corrections"
        ),
    ] = False,
    hidden_groups: Annotated[
        int,
        typer.Option(
            "--hidden-groups", min=0, help="藏入方案不认识的病组数,附标注 groups the scheme does not know, labelled"
        ),
    ] = 0,
    area: Annotated[
        int, typer.Option("--area", min=1, max=99, help="第几个统筹区,写入机构编号 which area; in the codes")
    ] = 1,
    replace: Replace = False,
    lang: Lang = "zh",
) -> None:
    """生成模拟统筹区(数据均为虚构)。 Make a synthetic region; nobody in it exists."""
    names = frozenset(part.strip() for part in extras.split(",") if part.strip())
    with bar("region") as moved:
        made = samples.make_region(
            output, stays=stays, seed=seed, institutions=institutions, replace=replace, progress=cast(Any, moved),
            extras=frozenset(_ALL) if "all" in names else names, violations=_rates(violations),
            lived=lived, area=area, hidden_groups=hidden_groups,
        )  # fmt: skip
    if in_lang(lang) == "zh":
        out.print(f"{made.stays:,} 份病例, {made.persons:,} 人, {made.institutions} 家机构 → {output}")
    else:
        out.print(f"{made.stays:,} stays, {made.persons:,} persons, {made.institutions} institutions → {output}")
    for there, file in ((made.violations, samples.TRUTH_FILE), (made.hidden_groups, samples.HIDDEN_FILE)):
        if there:
            out.print(f"{'标注' if lang == 'zh' else 'labels'}: {output / file}", highlight=False)


def _rates(said: str) -> dict[str, float]:
    """``upcoding=0.01,splitting=1%`` or ``all=0.01``; a later word goes before an earlier one."""
    rates: dict[str, float] = {}
    for part in (word.strip() for word in said.split(",") if word.strip()):
        name, _, number = part.partition("=")
        try:
            rate = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
        except ValueError as error:
            raise typer.BadParameter(f"{part}: TYPE=RATE", param_hint="--violations") from error
        rates |= dict.fromkeys(CHEATS, rate) if name == "all" else {name: rate}
    return rates


@region_app.command("land")
def region_land(
    output: OutFolder,
    form: Annotated[str, typer.Option("--from", help="来源 source: hive | jdbc | orc | parquet | csv | …")],
    path: Annotated[str, typer.Option("--path", help="文件位置 where the files are")] = "",
    table: Annotated[str, typer.Option("--table", help="Hive 表 table of Hive: database.table")] = "",
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", help="读取选项 option of the reader: dbtable=stays, password=env:DB_PASSWORD; repeatable"
        ),
    ] = None,
    master: Master = LOCAL.master,
    conf: SparkConf = None,
) -> None:
    """用 Spark 把其他系统的病例表写进统筹区。 Bring a table of stays of another system into a region, by Spark."""
    given = (*(("spark.sql.catalogImplementation=hive",) if form == "hive" else ()), *(conf or ()))
    with Choice("spark", master, None, given).engine(CPUS, "zh") as engine:
        source = Outside(form, path, table, settings(option or (), "--option"))
        landed = runs.land_stays(cast(SparkEngine, engine), source, output)
    err.print(f"{landed.rows:,} 行 rows, {len(landed.data.paths)} 文件 files → {output / 'stays'}")
    if landed.other:
        err.print(f"与标准列不同,运行时再读 not in our columns, read when a run starts: {', '.join(landed.other)}",
                  markup=False, highlight=False)  # fmt: skip


def _run(
    order: runs.Order, output: Path, threads: int, lang: str, replace: bool, resume: bool = False, on: Choice = LOCAL
) -> None:
    def say(zh: str, en: str) -> None:
        err.print(zh if lang == "zh" else en, markup=False, highlight=False)

    with on.engine(threads, in_lang(lang)) as engine:
        runs.run(order, output, engine, run_reports(lang), overwrite=replace, resume=resume, say=say)
    _summary(output, lang)
    tell_notices(runs.read_manifest(output)["ready"], lang)


@run_app.command("year")
def run_year(
    region: RegionFolder,
    year: Year,
    output: OutFolder,
    policy: PolicyName = START,
    after: After = None,
    base: Base = None,
    reopens: Annotated[
        Path | None, typer.Option("--reopens", help="重开的年度清算(已封账) the sealed clearing to open again")
    ] = None,
    known_on: KnownOn = None,
    own: Schemes = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
    replace: Replace = False,
    resume: Resume = False,
    engine: EngineName = LOCAL.name,
    master: Master = LOCAL.master,
    partitions: Partitions = None,
    conf: SparkConf = None,
    accept: Accept = None,
    reason: Reason = "",
) -> None:
    """全年:校验、分组、点数、月结、清算、总账、报告。 The whole year, from checks to clearing, ledger and report."""
    day = known_on.date() if known_on else None
    accepted = runs.Accepted(accept or (), reason)
    order = runs.Order(
        region,
        policy,
        year,
        None,
        day,
        schemes_folder(own),
        accepted,
        after,
        reopens,
        reason if reopens else "",
        base=base,
    )
    _run(order, output, threads, lang, replace, resume, Choice(engine, master, partitions, conf or ()))


@run_app.command("month")
def run_month(
    region: RegionFolder,
    year: Year,
    month: Annotated[int, typer.Option("--month", min=1, max=12, help="月份 month")],
    output: OutFolder,
    policy: PolicyName = START,
    after: After = None,
    base: Base = None,
    known_on: KnownOn = None,
    own: Schemes = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
    replace: Replace = False,
    resume: Resume = False,
    engine: EngineName = LOCAL.name,
    master: Master = LOCAL.master,
    partitions: Partitions = None,
    conf: SparkConf = None,
    accept: Accept = None,
    reason: Reason = "",
) -> None:
    """一个月的预结算。 The pre-settlement of one month."""
    day = known_on.date() if known_on else None
    accepted = runs.Accepted(accept or (), reason)
    order = runs.Order(region, policy, year, month, day, schemes_folder(own), accepted, after, base=base)
    _run(order, output, threads, lang, replace, resume, Choice(engine, master, partitions, conf or ()))


def report(
    run: RunFolder,
    output: Annotated[Path, typer.Option("-o", "--output", help="报告文件 .xlsx 或 .html file of the report")],
    lang: Lang = "zh",
) -> None:
    """从运行结果另写一份报告。 Write a report of a run again, in another place or language."""
    runs.read_manifest(run)
    writers = {".xlsx": reports.write_workbook, ".html": reports.write_page}
    if output.suffix.lower() not in writers:
        raise DrgpayError(
            Kind.USAGE,
            zh="不认识的报告格式",
            en="unknown kind of report",
            value=output.name,
            fix_zh="用 .xlsx 或 .html",
            fix_en="use .xlsx or .html",
        )
    writers[output.suffix.lower()](run, output, in_lang(lang))
    out.print(str(output))


def verify(
    run: Annotated[Path, typer.Argument(help="结果文件夹 folder of a run, an evaluation, oversight or a quarter")],
    same_as: Annotated[
        Path | None, typer.Option("--same-as", help="另一个结果文件夹:逐表比较 another run: compare table by table")
    ] = None,
    region: Annotated[
        Path | None,
        typer.Option(
            "--region", help="运行所用的区域文件夹,默认在旁边找 the region it was made from; default: beside"
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="只核对文件,不重算 files only, nothing recomputed")] = False,
    root: Annotated[str, typer.Option("--root", help="当时记下的根摘要 the root hash that was noted")] = "",
    head: Annotated[str, typer.Option("--head", help="纸上所记的封账号 the head of the seals, as noted")] = "",
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="核对签名的公钥(ed25519,PEM) public key of the signatures")
    ] = None,
    own: Schemes = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """复核:文件、根摘要、哈希链、守恒,并按记录的输入重算逐行比较。 Check again: files, root hash, chain,
    conservation; and compare every row with what the recorded inputs give."""
    with engine_with_progress(threads, in_lang(lang)) as engine:
        if same_as is not None:
            _compare(run, same_as, engine)
            return
        checks = runs.verify(
            run, engine, quick=quick, region=region, schemes=schemes_folder(own), root=root,
            reports={said: run_reports(said) for said in ("zh", "en")}, head=head, key=public_key,
        )  # fmt: skip
    for c in checks:
        if c.ok and not c.done:
            out.print(f"– {c.note_zh} {c.note_en}")
            continue
        out.print(f"{'✓' if c.ok else '✗'} {c.zh} {c.en}" + (f"\n{c.failure}" if c.failure else ""))
        if c.note_zh:
            out.print(f"  {c.note_zh} {c.note_en}")
    _tell_root(run)
    if not all(c.ok for c in checks):
        raise typer.Exit(int(Kind.BROKEN))


def _tell_root(run: Path) -> None:
    out.print(f"根摘要 root {runs.root_of(runs.read_manifest(run))}")


def _compare(run: Path, other: Path, engine: Engine) -> None:
    """Every table of two runs, its rows and digest, whatever files its rows lie in."""
    found = runs.same_tables(run, other, engine)
    for table in found:
        sides = [f"{side[0]:,} {side[1]}" if side else "–" for side in (table.ours, table.theirs)]
        out.print(f"{'✓' if table.ok else '✗'} {table.name}  " + (sides[0] if table.ok else " ≠ ".join(sides)))
    if not all(table.ok for table in found):
        raise typer.Exit(int(Kind.BROKEN))


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="文件夹 folder")] = Path("demo"),
    stays: Annotated[int, typer.Option(min=1000, help="各年病例总数 stays of all years together")] = 120_000,
    lived: Annotated[
        bool,
        typer.Option("--lived", help="另办一个季度的账本 a quarter of a book too, month by month"),
    ] = False,
    threads: Threads = CPUS,
    lang: Lang = "zh",
) -> None:
    """一条命令看全过程:造一个统筹区,结算一年,复核。 One command shows it all: a region, its year, the checks."""
    in_lang(lang)
    region, run = output / "region", output / "run"
    started = time.monotonic()
    with bar("region") as moved:
        samples.make_region(
            region, stays=stays, replace=region.exists(), progress=cast(Any, moved), extras=frozenset(_ALL)
        )
    made = time.monotonic()
    _run(runs.Order(region, "demo", 2024), run, threads, lang, replace=True)
    settled = time.monotonic()
    verify(run, region=region, threads=threads)
    err.print(f"region {made - started:.1f} s, run {settled - made:.1f} s", highlight=False)
    if lived:
        live_a_quarter(output / "lived", min(stays, 4_000), threads, lang)
    example = f"{_command()} explain {run} --stay {runs.first_stay(run)}"
    page, workbook = run / REPORTS[1], run / REPORTS[0]
    if lang == "zh":
        out.print(f"\n报告:{page}(浏览器打开)和 {workbook}\n解释任一病例:{example}")
    else:
        out.print(f"\nreport: {page} (open in a browser) and {workbook}\nexplain a stay: {example}")


def _command() -> str:
    """How the user called this program, so that what is printed can be typed."""
    return sys.argv[0] if "/" in sys.argv[0] else "drgpay"


def _summary(run: Path, lang: str) -> None:
    """The region on one screen."""
    told, zh = runs.overview(run), lang == "zh"
    manifest, counts, month = told.manifest, told.manifest["counts"], told.manifest["month"]
    period = f"{manifest['year']}-{month:02d}" if month else str(manifest["year"])
    words = {
        "stays_in": ("病例", "stays"),
        "rejected": ("剔除", "kept out"),
        "grouped": ("当期入组", "in the period grouped"),
        "ungrouped": ("未入组", "ungrouped"),
        "qy": ("歧义", "ambiguous"),
    }
    out.print(f"{manifest['region']['title'][lang]}  {period}")
    out.print(", ".join(f"{word[0 if zh else 1]} {counts[key]:,}" for key, word in words.items()))
    if counts["rejected"]:
        tell_dropped(told.dropped, lang)
    if "difficulty" in manifest:
        out.print(
            f"{'难度系数加成' if zh else 'raised for difficulty'} {reports.raised_share(manifest['difficulty'])}"
        )
    if "scheme_note" in manifest:
        out.print(manifest["scheme_note"][lang], markup=False, highlight=False)
    share_zh, share_en = "可分配额", "distributable"
    if manifest["basis"] == "total":
        share_zh, share_en = "可分配额(含个人负担)", "distributable (patients' part included)"
    titles_zh = ("险种", "期间", "病例", "点数", share_zh, "点值(元/点)")
    titles_en = ("scheme", "period", "stays", "points", share_en, "yuan per point")
    grid = Grid(*(titles_zh if zh else titles_en))
    for row in told.pools:
        value = "–" if row["point_value"] is None else show_coefficient(row["point_value"])
        amounts = (f"{row['n']:,}", show_points(row["points"]), show_fen(row["distributable"]))
        grid.add_row(in_word(row["insurance_scheme"], lang), period, *amounts, value)
    out.print(grid)
    _modes(told.modes, lang)
    if manifest["kind"] == "year":
        _institutions(told.institutions, zh)
        _conservation(told.closings, lang)
    _tell_root(run)


def _modes(rows: list[dict[str, Any]], lang: str) -> None:
    """Composition of expenditure by mode, where any besides DRG points was paid."""
    if not rows:
        return
    titles_zh, titles_en = ("支付方式", "人次", "总费用", "基金支出"), ("mode", "stays or visits", "cost", "fund")
    grid = Grid(*(titles_zh if lang == "zh" else titles_en))
    for row in rows:
        name = f"{in_word(row['setting'], lang)} {in_word(row['mode'], lang)}"
        grid.add_row(name, f"{row['n']:,}", show_fen(row["cost"]), show_fen(row["fund"]))
    out.print(grid)


def _institutions(rows: list[dict[str, Any]], zh: bool) -> None:
    titles_zh = ("机构", "病例", "CMI", "应付", "按项目", "结余", "清算支付")
    titles_en = ("institution", "stays", "CMI", "due", "by item", "balance", "final")
    grid = Grid(*(titles_zh if zh else titles_en), caption="金额:万元" if zh else "amounts in 10,000 yuan")
    for row in rows[:_SHOWN]:
        cmi = "–" if row["cmi"] is None else show_coefficient(row["cmi"])
        money = (show_ratio(row[name], 10**6, 2) for name in ("due", "actual", "balance", "final_payment"))
        grid.add_row(row["name"], f"{row['n']:,}", cmi, *money)
    out.print(grid)
    more = len(rows) - _SHOWN
    if more > 0:
        out.print(f"另有 {more} 家机构见报告" if zh else f"{more} more institutions in the report")


def _conservation(rows: list[dict[str, Any]], lang: str) -> None:
    words = {
        "distributable": ("可分配", "distributable"),
        "risk_draw": ("预留动用", "reserve drawn"),
        "recovered": ("收回", "recovered"),
        "paid": ("支付", "paid"),
        "returned": ("归基金", "returned"),
        "carried_over": ("结转", "carried over"),
        "passed": ("转下年账本", "passed to the next year's book"),
    }
    for row in rows:
        there = {key: word for key, word in words.items() if key != "passed" or row[key]}
        said = {key: f"{word[lang != 'zh']} {show_fen(row[key])}" for key, word in there.items()}
        sides = (" + ".join(said[k] for k in said if k in side) for side in (runs.SOURCES, runs.USES))
        title = "基金守恒" if lang == "zh" else "conservation"
        sign = "=" if row["balanced"] else "≠"
        out.print(f"{title} {in_word(row['insurance_scheme'], lang)}: {f' {sign} '.join(sides)}")
