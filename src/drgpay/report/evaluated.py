"""An evaluation as its reports show it: tables of the folder, names, and printed cells. Nothing is computed."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.report.labels import Both
from drgpay.scorecard import Card, check, read_card, show_number
from drgpay.steps.evaluation import GRADE_NAMES, Registry, registry
from drgpay.tables import (
    EVALUATION_RESULTS,
    FIGURES,
    INSTITUTION_CHANGES,
    INSTITUTIONS,
    MARKS,
    OUTCOMES,
    RANKS,
    RISK_CLASSES,
    SUPERVISION_TIERS,
    Table,
)
from drgpay.units import half_up, show_fen, show_percent

Row = dict[str, Any]

GRADE_WORDS = {
    **{grade: (zh, grade) for grade, zh in GRADE_NAMES.items()},
    "tertiary": ("三级", "tertiary"), "secondary": ("二级", "secondary"), "primary": ("一级及以下", "primary"),
    "keep": ("保留", "keep"), "watch": ("限期整改", "time to mend"), "leave": ("退出", "leaves"),
    "enter": ("准入", "enters"), "wait": ("轮候", "waits"), "open": ("未评", "not decided"),
}  # fmt: skip
MEASURES = {
    "mean_cost": ("次均住院费用 ↓", "mean inpatient cost ↓"),
    "mean_personal": ("次均个人负担 ↓", "mean paid by patients ↓"),
    "violations": ("违规件数 ↓", "violations ↓"),
    "in_surplus": ("结余机构数 ↑", "institutions in surplus ↑"),
    "surplus_coverage": ("结余覆盖面", "surplus coverage"),
    "fund_expenditure": ("基金支出(各支付方式)", "the fund's spending, all modes"),
    "fund_growth": ("基金支出增幅", "growth of the fund's spending"),
    "fund_per_head": ("人均基金支出", "fund per insured person"),
    "fund_per_head_growth": ("人均基金支出增幅", "growth of the fund per head"),
    "base_visits": ("基层就诊占比", "visits at primary level"),
    "county_visits": ("县域内就诊率", "visits inside the county"),
    "voucher_institutions": ("接入电子凭证的定点机构占比", "institutions that take e-vouchers"),
    "voucher_upper": ("其中二级及以上机构", "of them secondary and above"),
    "voucher_settled": ("电子凭证结算率", "settlements by e-voucher"),
    "voucher_provincial": ("其中在杭省级医院", "of them of provincial hospitals"),
}
BASIS = {"computed": Both("系统计算", "computed"), "reported": Both("填报有据", "reported with evidence"),
         "missing": Both("缺失", "missing")}  # fmt: skip
"""where the value of an item comes from"""
_TABLES = (FIGURES, MARKS, EVALUATION_RESULTS, RANKS, OUTCOMES, SUPERVISION_TIERS, INSTITUTION_CHANGES, RISK_CLASSES,
           INSTITUTIONS)  # fmt: skip


def words_of(code: str | None) -> Both:
    """A grade, level or decision in both languages."""
    return Both("–", "–") if code is None else Both(*GRADE_WORDS.get(code, (code, code)))


def basis_words(mark: Row) -> Both:
    """Where the value of an item comes from; a dash where the evaluation was made before that was kept."""
    return BASIS.get(mark.get("basis", ""), Both("–", "–"))


def show_figure(value: int | None, unit: str) -> str:
    """An indicator's value (1/10,000 of its unit): shares as per cent, money in yuan with two decimals."""
    if value is None:
        return "–"
    if unit == "share":
        return show_percent(value)
    return show_fen(half_up(value, 100)) if unit == "yuan" else show_number(value)


def show_outcome(value: int | None, unit: str) -> str:
    """A value of the board: fen, a number, or a share in 1/10,000."""
    if value is None:
        return "–"
    return show_fen(value) if unit == "fen" else show_percent(value) if unit == "share" else f"{value:,}"


def outcome_cells(rows: Iterable[Row], lang: str) -> list[tuple[str, ...]]:
    """Rows of the board as texts: year, measure, value, before, target, met, note."""
    at = 0 if lang == "zh" else 1
    met = {None: "–", True: "✓", False: "✗"}
    return [
        (
            str(r["year"]),
            MEASURES[r["measure"]][at],
            *(show_outcome(r[k], r["unit"]) for k in ("value", "before", "target")),
            met[r["met"]],
            r["zh"] if lang == "zh" else r["en"],
        )
        for r in sorted(rows, key=lambda r: (-r["year"], list(MEASURES).index(r["measure"])))
    ]


@dataclass(frozen=True)
class Evaluated:
    """What a folder of an evaluation holds."""

    manifest: Row
    card: Card
    registry: Registry
    tables: dict[str, list[Row]]

    def __getitem__(self, table: Table) -> list[Row]:
        return self.tables[table.name]

    @cached_property
    def names(self) -> dict[str, str]:
        """Institution → name; applicants have theirs in the table of changes."""
        rows = [*self[INSTITUTION_CHANGES], *self[INSTITUTIONS]]
        return {r["institution_id"]: r["name"] for r in rows}

    def name(self, institution: str) -> str:
        """A name, else the id."""
        return self.names.get(institution, institution)

    @property
    def title(self) -> Both:
        """Region, year and card."""
        title, year = self.manifest["region"]["title"], self.manifest["year"]
        return Both(f"{title['zh']} {year}年 {self.card.zh}", f"{title['en']} {year}, {self.card.en}")

    def results(self) -> list[Row]:
        """Results by level and place."""
        levels = {level: i for i, level in enumerate(("tertiary", "secondary", "primary"))}
        return sorted(
            self[EVALUATION_RESULTS],
            key=lambda r: (levels[r["level"]], r["place"] is None, r["place"] or 0, r["institution_id"]),
        )

    def marks(self, institution: str) -> list[Row]:
        """Marks of an institution in the order of the card."""
        order = {item.id: i for i, item in enumerate(self.card.items)}
        found = [r for r in self[MARKS] if r["institution_id"] == institution]
        return sorted(found, key=lambda r: order[r["item"]])

    def dimensions(self, institution: str) -> list[tuple[str, int, int]]:
        """(dimension, marks, full marks of what was measured) of an institution, in order."""
        result = []
        for dimension in self.card.dimensions:
            mine = [r for r in self.marks(institution) if r["dimension"] == dimension.id and r["mark"] is not None]
            result.append((dimension.id, sum(r["mark"] for r in mine), sum(r["full"] for r in mine)))
        return result

    def only(self, institutions: Sequence[str]) -> Evaluated:
        """The same with the results of some institutions; DATA when one is not there."""
        known = {r["institution_id"] for r in self[EVALUATION_RESULTS]}
        for one in institutions:
            check_evaluated(known, one)
        kept = [r for r in self[EVALUATION_RESULTS] if r["institution_id"] in institutions]
        return Evaluated(self.manifest, self.card, self.registry, {**self.tables, EVALUATION_RESULTS.name: kept})


def check_evaluated(known: Container[str], institution: str) -> None:
    """Fail with DATA for an institution that is not among those that were evaluated."""
    if institution not in known:
        raise DrgpayError(
            Kind.DATA,
            zh="评价结果里没有这个机构",
            en="the evaluation has no such institution",
            value=institution,
            fix_zh="用机构编号",
            fix_en="give the id of an institution",
        )


def read_evaluation(folder: Path) -> Evaluated:
    """The evaluation in a folder; see :func:`~drgpay.engine.read_manifest` for folders that hold none."""
    manifest = read_manifest(folder, "evaluation")
    found = registry()
    return Evaluated(
        manifest,
        check(read_card(folder / "card.yaml"), found.known()),
        found,
        {t.name: _rows(folder, t) for t in _TABLES},
    )


def _rows(folder: Path, table: Table) -> list[Row]:
    """A table's rows; of the figures those of institutions, which is all that is shown of them."""
    rows = read_table(folder / "tables", table)
    return (rows.filter(pl.col("scope") == "institution") if table is FIGURES else rows).to_dicts()
