"""A file of stays under two schemes: which change their group, and what groups, departments and institutions have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.cli.console import out
from drgpay.cli.sheets import Sheets
from drgpay.cli.stays import crosswalk_of
from drgpay.errors import DrgpayError, Kind
from drgpay.runs import known_codes
from drgpay.scheme import Scheme
from drgpay.steps import grouping, intake
from drgpay.units import half_up, show_fen, show_percent

_SHOWN = 40
"""transitions on the screen; a report has them all"""
_PLACES_SHOWN = 10


class MovedStays:
    """A file of stays grouped under two schemes; the counts are complete once ``changed`` has been gone through.

    Institutions and departments are told where the file has them.
    """

    def __init__(self, a: Scheme, b: Scheme, source: Path, cost: bool, codes: str | None) -> None:
        self.a, self.b, self.source = a, b, source
        need = "settlement" if cost else "grouping"
        self._parts = (
            part
            for file in _files(source)
            for part in intake.read_stays(
                file, need=need, codes=known_codes(), crosswalk=crosswalk_of(codes), keep=("*",)
            )
        )
        self._counts: list[pl.DataFrame] = []
        self.read = self.kept = 0

    def changed(self) -> Iterator[pl.DataFrame]:
        """The stays whose group changes, part by part; reads the file once."""
        for part in self._parts:
            self.read, self.kept = self.read + part.rows, self.kept + part.stays.num_rows
            a, b = (grouping.group_batch(scheme, part.stays) for scheme in (self.a, self.b))
            pairs = grouping.paired_groups(part.stays, a, b, intake.columns_kept(part, grouping.PLACES))
            self._counts.append(grouping.count_transitions(pairs))
            yield pairs.filter(pl.col("drg_a") != pl.col("drg_b"))
        if not self.kept:
            raise DrgpayError(
                Kind.DATA,
                zh=f"{self.read:,} 行中没有一行可用",
                en=f"none of {self.read:,} rows is usable",
                file=self.source.name,
                fix_zh="用 drgpay check --need grouping 查看问题",
                fix_en="see what is wrong with drgpay check --need grouping",
            )

    def transitions(self) -> pl.DataFrame:
        """Counts from group to group."""
        return grouping.all_transitions(self._counts)

    def places(self, *by: str) -> pl.DataFrame | None:
        """What institutions, or their departments, have; None where the file does not say them."""
        return grouping.places_before_after(self._counts, by)


def _files(source: Path) -> list[Path]:
    """The file, the files of a folder, or the stays of a region."""
    if not source.is_dir():
        return [source]
    folder = source / "stays" if (source / "stays").is_dir() else source
    found = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    if not found:
        raise DrgpayError(
            Kind.DATA, zh="文件夹里没有病例文件", en="the folder holds no file of stays", file=source,
            fix_zh="给出病例文件,或统筹区文件夹", fix_en="name a file of stays, or the folder of a region",
        )  # fmt: skip
    return found


def _by_place(moved: MovedStays) -> Iterator[tuple[str, tuple[str, str], pl.DataFrame]]:
    for name, words, by in (
        ("institutions", ("机构", "institution"), ("institution_id",)),
        ("departments", ("科室", "department"), ("institution_id", "department_id")),
    ):
        table = moved.places(*by)
        if table is not None:
            yield name, words, table


def tell_moved(moved: MovedStays, lang: str) -> None:
    """The changes on the screen."""
    table = moved.transitions()
    n = int(table["n"].sum())
    changed = table.filter(pl.col("drg_a") != pl.col("drg_b")).sort(
        "n", "drg_a", "drg_b", descending=[True, False, False]
    )
    left = n - int(changed["n"].sum())
    share = f"{100 * left // n if n else 100}%"
    zh = f"病例 {moved.read:,},可用 {moved.kept:,};不换组 {left:,}({share}),换组 {n - left:,}"
    en = f"{moved.read:,} stays, {moved.kept:,} usable; {left:,} keep their group ({share}), {n - left:,} change it"
    out.print(zh if lang == "zh" else en)
    for row in changed.head(_SHOWN).iter_rows(named=True):
        out.print(f"  {row['drg_a']} → {row['drg_b']}: {row['n']:,}")
    for _, words, places in _by_place(moved):
        out.print(words[lang != "zh"], markup=False, highlight=False)
        for row in places.head(_PLACES_SHOWN).iter_rows(named=True):
            out.print("  " + _place_line(row, lang), markup=False, highlight=False)
        if places.height > _PLACES_SHOWN:
            out.print(f"  … {places.height - _PLACES_SHOWN:,}: -o report.xlsx")


def _place_line(row: dict[str, Any], lang: str) -> str:
    where = " ".join(str(row[name]) for name in grouping.PLACES if row.get(name) is not None)
    share = show_percent(half_up(10_000 * row["changed"], row["n"]))
    zh, en = (
        f"{where}: 换组 {row['changed']:,}/{row['n']:,}({share})",
        f"{where}: {row['changed']:,} of {row['n']:,} ({share})",
    )
    if "worth_diff" in row:
        sign = "+" if row["worth_diff"] > 0 else ""
        amount = f"{sign}{show_fen(row['worth_diff'])}"
        zh, en = f"{zh},按病组均费 {amount} 元", f"{en}, at the groups' mean costs {amount} yuan"
    return zh if lang == "zh" else en


_HEADS = {
    "part": "层次", "key": "编码", "what": "差别", "before": "前", "after": "后", "n_added": "增加编码数",
    "n_removed": "减少编码数", "added": "增加的编码", "removed": "减少的编码", "stay_id": "病例号",
    "drg_a": "前方案病组", "drg_b": "后方案病组", "n": "病例数", "drg": "病组", "name": "名称",
    "n_a": "前病例数", "n_b": "后病例数",
    "mean_a": "前次均费用(元)", "mean_b": "后次均费用(元)", "text": "说明", "cost": "费用合计(元)",
    "institution_id": "机构", "department_id": "科室", "changed": "换组病例数",
    "worth_a": "前按病组均费折算(元)", "worth_b": "后按病组均费折算(元)", "worth_diff": "增减(元)",
}  # fmt: skip


def heads(names: Sequence[str], lang: str) -> list[str]:
    """Heads of the columns of a report."""
    return [_HEADS[name] if lang == "zh" else name for name in names]


def write_moved(sheets: Sheets, moved: MovedStays, lang: str) -> None:
    """The changes as sheets: stays, transitions, groups, and where the file has them institutions and departments."""
    with sheets.sheet("stays", heads(("stay_id", "drg_a", "drg_b"), lang)) as add:
        for part in moved.changed():
            for row in part.select("stay_id", "drg_a", "drg_b").iter_rows():
                add(row)
    table = moved.transitions()
    with sheets.sheet("transitions", heads(table.columns, lang)) as add:
        for pair in table.iter_rows(named=True):
            add(_shown(pair))
    groups = grouping.groups_before_after(table)
    with sheets.sheet("groups", heads(["drg", "name", *groups.columns[1:]], lang)) as add:
        for group in groups.iter_rows(named=True):
            drg, *rest = _shown(group)
            add([drg, moved.b.name(drg) or moved.a.name(drg), *rest])
    for name, _, places in _by_place(moved):
        with sheets.sheet(name, heads(places.columns, lang)) as add:
            for place in places.iter_rows(named=True):
                add(_shown(place))


def _shown(row: dict[str, Any]) -> list[Any]:
    """A row with its amounts in yuan."""
    money = ("cost", "mean_a", "mean_b", "worth_a", "worth_b", "worth_diff")
    return ["" if v is None else show_fen(v) if name in money else v for name, v in row.items()]
