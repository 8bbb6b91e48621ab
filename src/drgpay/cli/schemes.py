"""Commands on grouping schemes: what there is, what it says, how two differ, building and importing one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column
from rich.table import Table as Grid

from drgpay import scheme as schemes
from drgpay.cli.console import Lang, err, in_lang, out
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.cli.scheme_stays import MovedStays, heads, tell_moved, write_moved
from drgpay.cli.scheme_study import scheme_study
from drgpay.cli.sheets import Sheets, open_sheets
from drgpay.cli.stays import Codes
from drgpay.scheme import Difference, Erratum, Scheme, Unreached
from drgpay.words import in_word, words

scheme_app = typer.Typer(help="分组方案 grouping schemes", no_args_is_help=True)

To = Annotated[
    Path | None, typer.Option("-o", "--to", help="目标文件夹 folder to write to; default: your data folder")
]
Name = Annotated[str, typer.Argument(help="方案编号,可加开关 id, switches after it: chs-drg-2.0+qy")]
_FEW = 6
"""codes of a list on the screen"""
_BASES = {
    "printed": ("公布文本", "as published"),
    "rebuilt": ("重建,未认证", "rebuilt, not certified"),
    "official": ("官方工作簿", "official workbook"),
    "local": ("自建", "own"),
}
_SHOWN = 40
"""differences and transitions on the screen; a report has them all"""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    scheme_app.command("study")(scheme_study)
    app.add_typer(scheme_app, name="scheme")


def _title(scheme: str, title: str, lang: str) -> str:
    """A shipped scheme's title in the language; one's own scheme says its own."""
    return in_word(scheme, lang) if scheme in words() else title


@scheme_app.command("list")
def scheme_list(own: Schemes = None, lang: Lang = "zh") -> None:
    """列出可用方案。 List the schemes there are."""
    language = 0 if in_lang(lang) == "zh" else 1
    heads = (("编号", "基础方案", "ADRG", "DRG", "摘要值", "来源"), ("id", "base", "ADRG", "DRG", "digest", "basis"))
    grid = Grid(*(Column(head, no_wrap=True) for head in heads[language]), ("名称", "title")[language])
    there = schemes.catalogue(schemes_folder(own))
    for e in there:
        basis = _BASES.get(e.basis, (e.basis, e.basis))[language]
        counts = (str(e.counts.get(name, "")) for name in ("adrg", "drg"))
        grid.add_row(e.id, e.base, *counts, e.digest[:12], basis, _title(e.id, e.title, lang))
    out.print(grid)
    for e in there:
        if e.basis == "rebuilt":
            _print(f"{e.id}{('：', ': ')[language]}{schemes.basis_words(e.basis)[language]}")


@scheme_app.command("show")
def scheme_show(
    scheme: Name,
    code: Annotated[str | None, typer.Argument(help="MDC、ADRG 或 DRG 编码 code")] = None,
    unreached: Annotated[
        bool,
        typer.Option("--unreached", help="列出入不了组的编码 list the codes of groups that their MDC lacks"),
    ] = False,
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """显示方案(读法、开关、勘误),或其中一个病组。 Show a scheme (how it is read, switches, errata), or one group of
    it."""
    language = 0 if in_lang(lang) == "zh" else 1
    chosen = _load(scheme, own)
    if code is None:
        _show_scheme(chosen, schemes_folder(own), unreached, language)
    elif not _show_part(chosen, code, unreached, language):
        raise typer.BadParameter(f"{code}: 方案中没有 not in {scheme}", param_hint="CODE")


def _print(text: str) -> None:
    out.print(text, markup=False, highlight=False)


def _say_basis(chosen: Scheme, language: int) -> None:
    """That the scheme is rebuilt, official or somebody's own; nothing of a text as published."""
    words = schemes.basis_words(chosen.basis)[language]
    if words:
        _print(f"{chosen.id}{('：', ': ')[language]}{words}")


def _show_status(chosen: Scheme, language: int) -> None:
    """How far the lists were compared with the official text, and the ADRG whose lists were not."""
    if not chosen.list_status:
        return
    _print(("编码表与官方文本的核对:", "how far the lists were compared with the official text:")[language])
    for level, (_, *said) in schemes.LEVELS.items():
        those = [adrg for adrg, status in chosen.list_status.items() if status.level == level]
        if those:
            listed = f": {' '.join(those)}" if chosen.list_status[those[0]].uncertain else ""
            _print(f"  · {said[language]} {len(those)}{listed}")


def _show_scheme(chosen: Scheme, folder: Path, unreached: bool, language: int) -> None:
    _print(f"{chosen.id}  {chosen.title}\n{chosen.icd_edition}\ndigest {chosen.digest}")
    _say_basis(chosen, language)
    _show_status(chosen, language)
    for m in chosen.mdcs:
        _print(f"{m.code}  {m.name}  [{m.condition_text or 'pdx'}]")
    for name, said in schemes.switch_words(chosen.id, folder=folder).items():
        on = ("(已开)", "(on)")[language] if name in chosen.switches else ""
        _print(f"--switch {name}{on}: {said[language]}")
    if chosen.anomalies:
        _print(("印本与读法:", "what the document prints, and how it is read:")[language])
        for said in chosen.anomalies:
            _print(f"  · {said[language]}")
    if chosen.errata:
        applied = "errata" in chosen.switches
        state = (("未采用,照印本", "已采用"), ("not applied, as printed", "applied"))[language][applied]
        _print((f"勘误 {len(chosen.errata)} 处({state}):", f"errata: {len(chosen.errata)} ({state})")[language])
        for line in _errata_lines(chosen, language):
            _print(f"  · {line}")
    found = schemes.unreached(chosen)
    total = sum(len(one.codes) for one in found)
    if found:
        head = f"{len(found)} 个 ADRG 有 {total:,} 个编码不在其大类的主要诊断表:"
        if language:
            head = f"{len(found)} ADRG have {total:,} codes that the table of their MDC lacks:"
        _print(head)
        for one in found if unreached else found[:_SHOWN]:
            _print_unreached(one, unreached, language)
        if len(found) > _SHOWN and not unreached:
            _print(f"  … {len(found) - _SHOWN:,}: --unreached")
    else:
        none = "所有病组的主要诊断编码都在其大类的主要诊断表", "every code of a group stands in the table of its MDC"
        _print(none[language])


def _print_unreached(one: Unreached, all_codes: bool, language: int) -> None:
    codes = one.codes if all_codes else one.codes[:_FEW]
    more = " …" if len(codes) < len(one.codes) else ""
    _print(f"  · {(one.zh, one.en)[language]}: {' '.join(codes)}{more}")


def _errata_lines(chosen: Scheme, language: int) -> Iterator[str]:
    """The corrections, those of one list together."""
    places: dict[tuple[str, ...], list[Erratum]] = {}
    for erratum in chosen.errata:
        key = (erratum.table, erratum.key, erratum.list, erratum.action)
        places.setdefault(key, []).append(erratum)
    for those in places.values():
        rest = f" … {len(those)}" if len(those) > 1 else ""
        yield (those[0].zh, those[0].en)[language] + rest


def _show_part(chosen: Scheme, code: str, unreached: bool, language: int) -> bool:
    """Show an MDC, ADRG or DRG; False when there is none of that code."""
    for m in chosen.mdcs:
        if code == m.code:
            _print(f"{m.code}  {m.name}  [{m.condition_text or 'pdx'}]  {len(m.dx):,}")
            for a in chosen.adrgs_of[code]:
                _print(f"  {a.code}  {a.name}  {a.kind}")
            return True
    for a in chosen.adrgs:
        drgs = chosen.drgs_of[a.code]
        if code in (a.code, *(d.code for d in drgs)):
            _print(f"{a.code}  {a.name}  MDC {a.mdc}  {a.kind}\n  {a.rule_text}")
            if a.code in chosen.list_status:
                words = schemes.LEVELS[chosen.list_status[a.code].level][1 + language]
                mark = "! " if a.code in chosen.uncertain else ""
                _print(f"  {mark}{('编码表', 'lists')[language]}{('：', ': ')[language]}{words}")
            for name, codes in a.lists.items():
                _print(f"  {name}: {len(codes)}  " + " ".join(sorted(codes)[:8]) + (" …" if len(codes) > 8 else ""))
            for d in drgs:
                _print(f"  {d.code}  {d.name}  [{d.split_text}]")
            for one in schemes.unreached(chosen):
                if one.adrg == a.code:
                    _print_unreached(one, unreached, language)
            for erratum in chosen.errata:
                if erratum.key == a.code and "errata" not in chosen.switches:
                    _print(f"  {('勘误', 'erratum')[language]}: {(erratum.zh, erratum.en)[language]}")
            return True
    return False


@scheme_app.command("build")
def scheme_build(
    source: Annotated[
        Path,
        typer.Argument(
            help="本地方案的 YAML 文件(或自带的名称),或 CSV 文件夹 overlay (file or shipped name), or folder of CSV"
        ),
    ],
    to: To = None,
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """检查并生成方案:本地变更文件,或一套 CSV 表。 Check and pack a scheme: a file of changes, or a folder of CSV."""
    zh = in_lang(lang) == "zh"
    folder = schemes_folder(own)
    if source.is_dir():
        _built(schemes.build(source, to or folder))
        return
    report = schemes.build_overlay(schemes.overlay_file(source), to or folder, folder=folder)
    out.print(f"{report.base} + {report.changes} " + ("项变更" if zh else "changes"))
    for table, (added, removed, changed) in report.moved.rows.items():
        out.print(f"  {table}: +{added:,} −{removed:,}" + (f" ~{changed:,}" if changed else ""))
    for word, codes in ((("新增", "new"), report.moved.new), (("取消", "gone"), report.moved.gone)):
        if codes:
            out.print(f"  {word[0 if zh else 1]}: {' '.join(codes)}")
    for code, before, after in report.moved.renamed:
        out.print(f"  {code}: {before} → {after}")
    _built(report.build)


@scheme_app.command("import")
def scheme_import(
    workbook: Annotated[Path, typer.Argument(help="官方配置工作簿 the official workbook: .xlsx")],
    scheme_id: Annotated[str, typer.Option("--id", help="方案编号 id of the scheme")] = "chs-drg-3.0-official",
    title: Annotated[str, typer.Option(help="方案名称 title")] = "",
    amendments: Annotated[
        Path | None, typer.Option("--amendments", help="勘误文件(或自带的名称) amendments: YAML, or a shipped name")
    ] = None,
    to: To = None,
    lang: Lang = "zh",
) -> None:
    """从国家医保局公布的配置工作簿导入方案。 Import a scheme from the workbook NHSA publishes."""
    language = 0 if in_lang(lang) == "zh" else 1
    report = schemes.import_workbook(
        workbook,
        scheme_id,
        to or schemes_folder(None),
        title=title,
        amendments=schemes.overlay_file(amendments) if amendments else None,
    )
    for said in report.said:
        out.print(f"  {said[language]}")
    _built(report.build)


def _built(report: schemes.BuildReport) -> None:
    rows = ", ".join(f"{name} {n:,}" for name, n in report.rows.items() if n)
    out.print(f"{report.id}: {rows}\n{report.bytes:,} bytes → {report.folder}\ndigest {report.digest}")


def _load(name: str, own: Path | None) -> Scheme:
    scheme_id, *switches = name.split("+")
    return schemes.load(scheme_id, frozenset(switches), folder=schemes_folder(own))


@scheme_app.command("diff")
def scheme_diff(
    first: Name,
    second: Name,
    stays: Annotated[
        Path | None,
        typer.Option(
            "--stays", help="病例文件,或统筹区文件夹 file of stays (or folder of a region) to group under both"
        ),
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="另算各组次均费用(需结算字段) mean cost too; needs the settlement columns")
    ] = False,
    codes: Codes = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="报告 report: .xlsx or .csv")] = None,
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """比较两个方案:规则、编码,以及哪些病例换组。 Compare two schemes: rules, codes, and which stays change group."""
    in_lang(lang)
    if output is not None and output.suffix.lower() not in (".xlsx", ".csv"):
        raise typer.BadParameter(".xlsx | .csv", param_hint="-o")
    if cost and stays is None:
        raise typer.BadParameter("--stays", param_hint="--cost")
    a, b = _load(first, own), _load(second, own)
    told = schemes.compare(a, b)
    _tell(told, lang)
    for one in (a, b):
        _say_basis(one, 0 if lang == "zh" else 1)
    moved = MovedStays(a, b, stays, cost, codes) if stays else None
    if output is None:
        if moved is not None:
            for _ in moved.changed():
                pass
            tell_moved(moved, lang)
        return
    with open_sheets(output) as sheets:
        _write(sheets, told, lang)
        if moved is not None:
            write_moved(sheets, moved, lang)
            tell_moved(moved, lang)
    err.print(("报告:" if lang == "zh" else "report: ") + str(output), markup=False, highlight=False)


def _tell(told: Sequence[Difference], lang: str) -> None:
    counts = Counter((d.part, d.what) for d in told)
    out.print(f"{'差别' if lang == 'zh' else 'differences'}: {len(told):,}")
    for (part, what), n in counts.items():
        out.print(f"  {part} {what}: {n:,}")
    for d in told[:_SHOWN]:
        out.print(d.zh if lang == "zh" else d.en)
    if len(told) > _SHOWN:
        out.print(f"… {len(told) - _SHOWN:,}: -o report.xlsx")


def _write(sheets: Sheets, told: Sequence[Difference], lang: str) -> None:
    columns = ("part", "key", "what", "before", "after", "n_added", "n_removed", "added", "removed", "text")
    with sheets.sheet("differences", heads(columns, lang)) as add:
        for d in told:
            add([d.part, d.key, d.what, d.before, d.after, len(d.added), len(d.removed), " ".join(d.added),
                 " ".join(d.removed), d.zh if lang == "zh" else d.en])  # fmt: skip
