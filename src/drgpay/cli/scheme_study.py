"""The study of a scheme: what is wrong with its groups in a region, and the draft of an overlay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from drgpay import report as reports
from drgpay import runs
from drgpay.cli.console import CPUS, Lang, Threads, engine_with_progress, in_lang, out
from drgpay.cli.folders import START, PolicyName, Schemes, schemes_folder
from drgpay.cli.fund import csv_files
from drgpay.cli.money import KnownOn, OutFolder, Replace
from drgpay.cli.registers import Accept, Reason
from drgpay.engine import read_table
from drgpay.tables import STUDY_TABLES
from drgpay.tables.study import ALL_PROPOSALS, STUDY_EFFECTS, STUDY_FINDINGS, STUDY_PROPOSALS, STUDY_RIV
from drgpay.units import show_fen, show_percent
from drgpay.words import in_word

REPORT, SHEETS = "report.xlsx", "csv"
_SHOWN = 12
"""proposals and institutions on the screen; all are in the report"""


def scheme_study(
    region: Annotated[Path, typer.Argument(help="统筹区文件夹 folder of the region")],
    output: OutFolder,
    years: Annotated[
        str, typer.Option("--years", metavar="2021,2022,2023", help="研究年份,默认为政策的基期 years to study")
    ] = "",
    year: Annotated[int | None, typer.Option("--year", help="结算年度 settlement year")] = None,
    draft_id: Annotated[str, typer.Option("--draft-id", help="草案的方案编号 id of the drafted scheme")] = "",
    policy: PolicyName = START,
    known_on: KnownOn = None,
    own: Schemes = None,
    threads: Threads = CPUS,
    lang: Lang = "zh",
    replace: Replace = False,
    accept: Accept = None,
    reason: Reason = "",
) -> None:
    """用几年的病例检查分组,提出调整草案。 Study the groups on the stays of some years, and draft changes of them."""
    in_lang(lang)
    order = runs.StudyOrder(
        region, policy, _years(years), year, known_on.date() if known_on else None, schemes_folder(own),
        runs.Accepted(accept or (), reason), draft_id,
    )  # fmt: skip
    with engine_with_progress(threads, lang) as engine:
        runs.run_study(order, output, engine, [lambda folder: _reports(folder, lang)])
    _tell(output, lang)


def _years(said: str) -> tuple[int, ...]:
    """``2021,2022,2023``."""
    parts = [part.strip() for part in said.replace(",", ",").replace("、", ",").split(",") if part.strip()]
    if not all(part.isdecimal() and len(part) == 4 for part in parts):
        raise typer.BadParameter(f"{said}: 2021,2022,2023", param_hint="--years")
    return tuple(int(part) for part in parts)


def _reports(folder: Path, lang: str) -> None:
    reports.write_study_workbook(folder, folder / REPORT, lang)
    (folder / SHEETS).mkdir()
    tables = [(table, read_table(folder / runs.TABLES, table).to_dicts()) for table in STUDY_TABLES]
    csv_files(tables, folder / SHEETS, lang)


def _tell(folder: Path, lang: str) -> None:
    """What was found and proposed, what the draft would do, and where it is."""
    tables = folder / runs.TABLES
    zh = lang == "zh"

    def say(chinese: str, english: str) -> None:
        out.print(chinese if zh else english, markup=False, highlight=False)

    for table, title, column, counted in (
        (STUDY_FINDINGS, ("发现", "findings"), "what", "n"),
        (STUDY_PROPOSALS, ("建议", "proposals"), "kind", "n"),
    ):
        rows = read_table(tables, table)
        say(f"{title[0]} {rows.height:,}", f"{title[1]}: {rows.height:,}")
        counts: dict[str, list[int]] = {}
        for row in rows.iter_rows(named=True):
            cell = counts.setdefault(row[column], [0, 0])
            cell[0], cell[1] = cell[0] + 1, cell[1] + row[counted]
        for what, (number, stays) in counts.items():
            say(
                f"  {in_word(what, lang)} {number:,}({stays:,} 例)",
                f"  {in_word(what, lang)} {number:,} ({stays:,} stays)",
            )
    _each(read_table(tables, STUDY_PROPOSALS).to_dicts(), say, lang)
    for row in read_table(tables, STUDY_RIV).iter_rows(named=True):
        riv, share = (
            [show_percent(row[f"{name}_{side}"]) for side in ("before", "after")] for name in ("riv", "grouped_share")
        )
        span = ("全部年份", "all years") if not row["year"] else (f"{row['year']} 年", str(row["year"]))
        groups = [f"{row[f'groups_{side}']:,}" for side in ("before", "after")]
        moved = [" → ".join(pair) for pair in (riv, share, groups)]
        say("{}:RIV {},入组率 {},病组 {}".format(span[0], *moved),
            "{}: RIV {}, grouped {}, groups {}".format(span[1], *moved))  # fmt: skip
    _institutions(folder, say)
    draft = folder / runs.STUDY_DRAFT
    if draft.is_file():
        say(f"草案 {draft};审阅修改后 drgpay scheme build {draft}",
            f"draft {draft}; review it, then drgpay scheme build {draft}")  # fmt: skip
        gone = " ".join(runs.read_manifest(folder)["named_and_gone"])
        if gone:
            say(f"政策列出的这些病组在草案中已细分,须同时改政策:{gone}",
                f"the policy names these groups, which the draft splits: change it too: {gone}")  # fmt: skip
    else:
        say("没有可写入草案的变更", "nothing to draft")
    say(f"报告 {folder / REPORT}", f"report {folder / REPORT}")


def _each(rows: list[dict[str, Any]], say: Callable[[str, str], None], lang: str) -> None:
    """The first proposals of the draft, a line each, merges last."""
    drafted = [row for row in rows if row["drafted"]]
    for row in drafted[:_SHOWN]:
        kind, factor = (in_word(row[name], lang) for name in ("kind", "factor"))
        codes = " ".join(row["codes"][:4]) + (" …" if len(row["codes"]) > 4 else "")
        line = f"  {row['proposal']} {kind} {row['adrg']} {row['name']} [{factor}{' ' if codes else ''}{codes}]"
        cut = show_percent(row["reduction"])
        say(f"{line} {row['n']:,} 例,均费 {show_fen(row['mean_cost'])} 元"
            + (f",组内平方和减少 {cut}" if row["kind"] == "split_group" else ""),
            f"{line} {row['n']:,} stays, mean {show_fen(row['mean_cost'])} yuan"
            + (f", {cut} of the sum of squares taken away" if row["kind"] == "split_group" else ""))  # fmt: skip
    if len(drafted) > _SHOWN:
        say(f"  … 另有 {len(drafted) - _SHOWN:,} 项,见报告", f"  … {len(drafted) - _SHOWN:,} more in the report")


def _institutions(folder: Path, say: Callable[[str, str], None]) -> None:
    """Those whose share of the points changes most."""
    names = runs.names_of_run(folder)
    rows = read_table(folder / runs.TABLES, STUDY_EFFECTS).to_dicts()
    moved = [row for row in rows if row["proposal"] == ALL_PROPOSALS and row["share_before"] != row["share_after"]]
    moved.sort(key=lambda row: (-abs(row["share_after"] - row["share_before"]), row["institution_id"]))
    say(f"点数占比变化的机构 {len(moved):,}", f"institutions whose share of the points changes: {len(moved):,}")
    for row in moved[:_SHOWN]:
        house, shares = row["institution_id"], [show_percent(row[f"share_{side}"]) for side in ("before", "after")]
        line = f"  {names.get(house, house)} {shares[0]} → {shares[1]}"
        say(line, line)
