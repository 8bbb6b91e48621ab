"""The command that simulates: a settled year under another policy, beside the one that was run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.table import Table as Grid

from drgpay import report as reports
from drgpay import runs
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, in_lang, out
from drgpay.cli.folders import Schemes, schemes_folder
from drgpay.errors import DrgpayError, Kind
from drgpay.policy import parse_setting
from drgpay.scheme import basis_words, catalogue
from drgpay.units import ONE, half_up, show_coefficient, show_fen, show_points, show_ratio

_SHOWN = 10
"""winners and losers on the screen; all are in the files"""
_LEVELS = {"tertiary": ("三级", "tertiary"), "secondary": ("二级", "secondary"), "primary": ("一级", "primary")}
_SHOW = {"points": show_points, "fen": show_fen, "ratio": show_coefficient, "int": "{:,}".format}
_TOTALS = {
    "same": ("可分配额不变:变的只是机构之间的分配", "the distributable amount is the same; only the shares change"),
    "due": ("可分配额不变,应付合计变了", "the distributable amount is the same, but another sum is due"),
    "distributable": ("可分配额变了;有关参数:", "the distributable amount changed; parameters that decide it:"),
}
_CAPTION = (
    "点数、应付、清算应得为变化;金额:万元",
    "points, due and settled are changes; balance is the new one; amounts in 10,000 yuan",
)

_OTHER_MODES = ("modes.", "bed_day.", "single_disease.", "quota.", "capitation.", "out_of_area.", "procurement.",
                "benefit.")  # fmt: skip
_POINTS_ONLY = (
    "提示:模拟只重算DRG点数的病例;其他支付方式付多少,用改过的政策重新 drgpay run year",
    "note: only the stays paid by DRG points are computed again; for what the other modes pay, run drgpay run year "
    "with the changed practice",
)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(whatif)


def whatif(
    run: Annotated[Path, typer.Argument(help="年度运行结果文件夹 folder of a year run")],
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="改一个参数,可重复 change a parameter: key=value"),
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", help="改用另一做法(编号或 YAML) another practice, by id or YAML file")
    ] = "",
    sweep: Annotated[
        str,
        typer.Option("--sweep", metavar="KEY=A..B[:STEP]", help="一个参数取一串值 a range of values of one number"),
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="写成文件 write a file: .xlsx, .html, .json")
    ] = None,
    threads: Threads = CPUS,
    own: Schemes = None,
    lang: Lang = "zh",
) -> None:
    """换一条规则会怎样:用已分组的病例重算一年,比较点数、应付和清算;不改动运行结果。另一做法用别的分组方案时,病例重新分组。

    What another rule would change: the settled year again from its grouped stays; the run is left as it is. Where
    the other practice has another grouping scheme, the stays are grouped again.
    """
    zh = in_lang(lang) == "zh"
    if not (setting or policy or sweep):
        raise typer.BadParameter("--set KEY=VALUE | --policy OTHER | --sweep KEY=A..B", param_hint="--set")
    if output:
        _writable(output)
    changes = dict(parse_setting(text) for text in setting or ())
    with engine_with_progress(threads, lang) as engine:
        found = (
            runs.sweep(run, engine, sweep, changes, policy or None, schemes_folder(own))
            if sweep
            else runs.what_if(run, engine, changes, policy or None, schemes_folder(own))
        )
    content = found.plain()
    out.print(f"{content['run']['region']['title'][lang]}  {content['run']['year']}")
    _tell_scheme(content["run"], schemes_folder(own), zh)
    for row in content["changes"]:
        out.print(f"{row['name']}: {row['old']} → {row['new']}   {row[lang]}")
    if any(row["name"].startswith(_OTHER_MODES) for row in content["changes"]):
        out.print(_POINTS_ONLY[0 if zh else 1])
    if sweep:
        _print_sweep(content, zh)
    else:
        _print_comparison(content, zh)
    if output:
        reports.write_whatif(content, output, lang)
        out.print(str(output))


def _tell_scheme(run: dict[str, Any], folder: Path, zh: bool) -> None:
    """Another scheme, and that it is rebuilt or somebody's own."""
    if "scheme_new" in run:
        out.print(f"{'分组方案' if zh else 'grouping scheme'}: {run['scheme']} → {run['scheme_new']}")
        basis = next(e.basis for e in catalogue(folder) if e.id == run["scheme_new"])
        words = basis_words(basis)[0 if zh else 1]
        if words:
            out.print(f"  {words}", markup=False, highlight=False)


def _writable(output: Path) -> None:
    """Fail before the work is done, not after."""
    reports.check_whatif_target(output)
    if not output.parent.is_dir():
        raise DrgpayError(
            Kind.USAGE,
            zh="没有这个文件夹",
            en="no such folder",
            file=output.parent,
            fix_zh="先建文件夹,或换一个 -o",
            fix_en="make the folder, or choose another -o",
        )


def _print_comparison(content: dict[str, Any], zh: bool) -> None:
    rows = []
    for row in content["figures"]:
        texts = ("–" if row[side] is None else _SHOW[row["kind"]](row[side]) for side in ("old", "new"))
        rows.append((row["zh" if zh else "en"], *texts, _change(row["diff"], row["kind"])))
    _grid(("项目", "原", "新", "变化") if zh else ("figure", "before", "after", "change"), rows)
    out.print(f"{_TOTALS[content['total']][0 if zh else 1]} {', '.join(content['total_by'])}".rstrip())
    if content["outside"]:
        said = (
            "这些参数不进入年度清算,改了也不影响结果:" if zh else "not part of the settlement of a year, no effect:"
        )
        out.print(f"{said} {', '.join(content['outside'])}")
    _print_levels(content, zh)
    _print_institutions(content, zh)


def _grid(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print a table: where the screen is narrow the first column gives way, and no number is ever cut."""
    grid = Grid()
    for place, title in enumerate(titles):
        if place:
            widest = max(cell_len(text) for text in (title, *(row[place] for row in rows)))
            grid.add_column(title, justify="right", no_wrap=True, min_width=widest)
        else:
            grid.add_column(title, no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    out.print(grid)


def _print_levels(content: dict[str, Any], zh: bool) -> None:
    titles = ("等级", "机构", "受益", "受损", "点数", "应付", "清算应得", "结余(新)")
    if not zh:
        titles = ("level", "number", "win", "lose", "points", "due", "settled", "balance")
    rows = [
        (_level(row, zh), *(f"{row[name]:,}" for name in ("institutions", "winners", "losers")), *_changed(row))
        for row in content["levels"]
    ]
    _grid(titles, rows)
    out.print(_CAPTION[0 if zh else 1])


def _print_institutions(content: dict[str, Any], zh: bool) -> None:
    """Those that win and lose most, by what they are settled."""
    rows = content["institutions"]
    won = [row for row in rows if row["settled_diff"] > 0][:_SHOWN]
    lost = [row for row in reversed(rows) if row["settled_diff"] < 0][:_SHOWN]
    titles = ("机构", "等级", "点数", "应付", "清算应得", "结余(新)")
    if not zh:
        titles = ("institution", "level", "points", "due", "settled", "balance")
    for name, word, some in (("winners", "受益机构", won), ("losers", "受损机构", lost)):
        out.print(f"{word if zh else name} {content[name]}")
        if some:
            _grid(titles, [(row["name"], _level(row, zh), *_changed(row)) for row in some])


def _level(row: dict[str, Any], zh: bool) -> str:
    return _LEVELS[row["level"]][0 if zh else 1]


def _print_sweep(content: dict[str, Any], zh: bool) -> None:
    out.print(f"{content['name']}: {content['zh' if zh else 'en']}")
    levels = (_LEVELS[level][0 if zh else 1] for level in content["levels"])
    counted = ("点数", "基尼系数", "结余", "超支") if zh else ("points", "Gini", "surplus", "overspend")
    rows = []
    for row in content["rows"]:
        gini = "–" if row["gini"] is None else show_coefficient(row["gini"])
        signs = (f"{row[name]:,}" for name in ("in_surplus", "in_overspend"))
        due = (_change(row[f"due_{level}_diff"], "wan") for level in content["levels"])
        mark = " *" if row["current"] else ""
        rows.append((row["value"] + mark, _whole(row["points"]), gini, *signs, *due))
    _grid(("取值" if zh else "value", *counted, *levels), rows)
    caption_zh = "* 现行值;结余、超支为机构数;各等级为应付与本次运行之差,万元"
    caption_en = "* the run's own; surplus, overspend: institutions; levels: due against the run, 10,000 yuan"
    out.print(caption_zh if zh else caption_en)


def _changed(row: dict[str, Any]) -> tuple[str, ...]:
    """Changes of points, due and settled, and the balance that results, as short as a screen needs them."""
    points = ("+" if row["points_diff"] > 0 else "") + _whole(row["points_diff"])
    amounts = (_change(row[f"{name}_diff"], "wan") for name in ("due", "settled"))
    return points, *amounts, _wan(row["balance_new"])


def _whole(points: int) -> str:
    return f"{half_up(points, ONE):,}"


def _wan(fen: int) -> str:
    return show_ratio(fen, 10**6, 2)


def _change(value: int | None, kind: str) -> str:
    """A change with its sign; kind ``wan`` is fen in 10,000 yuan."""
    if value is None:
        return "–"
    text = _wan(value) if kind == "wan" else _SHOW[kind](value)
    return f"+{text}" if value > 0 else text
