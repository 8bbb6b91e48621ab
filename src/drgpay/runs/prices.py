"""What other prices would change (调价模拟): the income of institutions, what patients and the fund pay, the groups,
and the settlement of the year, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from drgpay.engine import Engine, Source, dataset, frame, read_manifest, read_table
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.compare import Comparison
from drgpay.runs.manifest import TABLES
from drgpay.runs.region import read_region
from drgpay.runs.whatif import Simulation
from drgpay.steps import fund
from drgpay.tables import CATEGORIES, FEES, GROUP_NAMES, GROUPED, INSTITUTIONS, LEVELS, STAY_DETAILS
from drgpay.units import ONE, half_up
from drgpay.words import in_word

Row = dict[str, Any]
_MOST = 10 * ONE
"""a price is raised tenfold at most"""


def _names(kind: str) -> set[str]:
    """What a category may be called."""
    said = {kind, in_word(kind, "zh")}
    if kind in FEES:
        said |= {STAY_DETAILS[f"{kind}_fee"].zh, STAY_DETAILS[f"{kind}_fee"].zh.removesuffix("费")}
    return said


@dataclass(frozen=True)
class Prices:
    """Other prices beside those of a year. All amounts in fen, shares in 1/10,000.

    ``totals``: cost, personal, fund before and after, what is raised and cut, ``without``: stays whose fees are not
    known; ``structure``: by scope (area, level, institution), who, category: fees and shares before and after;
    ``groups``: cost and mean by group; ``settlement``: the year settled both ways.
    """

    totals: Row
    structure: list[Row]
    groups: list[Row]
    settlement: Comparison

    @property
    def within(self) -> bool:
        """What all stays cost together does not rise (总量控制)."""
        return bool(self.totals["cost_new"] <= self.totals["cost_old"])


def parse_rates(said: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """(level, category) → change in 1/10,000, from ``surgery`` → ``+10%`` or ``三级.手术`` → ``0.1``; a level's own
    goes before that of all. USAGE names what is not understood."""
    found: dict[tuple[str, str], int] = {}
    for name in sorted(said, key=lambda name: "." in name):
        level, dot, kind = name.rpartition(".")
        kinds = [k for k in CATEGORIES if kind.strip() in _names(k)]
        levels = [x for x in LEVELS if not dot or level.strip() in (x, in_word(x, "zh"), in_word(x, "zh")[:2])]
        if not kinds or not levels:
            known = "、".join(in_word(k, "zh") for k in CATEGORIES) + ";可加等级:三级.手术"
            raise _wrong("没有这一费用类别或等级", "no such category of fees, or level", name, known,
                         f"{', '.join(CATEGORIES)}; primary.surgery")  # fmt: skip
        rate = _rate(name, said[name].strip())
        found |= {(x, kinds[0]): rate for x in levels}
    return found


def _rate(name: str, text: str) -> int:
    try:
        number = Decimal(text.removesuffix("%")) * (100 if text.endswith("%") else ONE)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number != int(number) or not -ONE <= number <= _MOST:
        raise _wrong("调价幅度不对", "this is no change of a price", f"{name}={text}",
                     "写成 +10%、-5% 或 0.05,最低 -100%,至多两位小数的百分数",
                     "write +10%, -5% or 0.05; -100% at the lowest, two decimals of a per cent at most")  # fmt: skip
    return int(number)


def _wrong(zh: str, en: str, value: str, fix_zh: str, fix_en: str) -> DrgpayError:
    return DrgpayError(Kind.USAGE, zh=zh, en=en, field="--set", value=value, fix_zh=fix_zh, fix_en=fix_en)


def simulate_prices(
    run: Path, region: Path, rates: Mapping[tuple[str, str], int], engine: Engine, schemes: Path | None = None
) -> Prices:
    """A settled year at other prices. ``region``: the folder the run was made from, with the fees of its stays.

    Base points stay as they were published; budgets too. Raises DATA when the region is another one, or has no
    details of stays; else as :func:`drgpay.runs.what_if`.
    """
    manifest = read_manifest(run, "year")
    place = read_region(region)
    if place.identity["id"] != manifest["region"]["id"]:
        raise DrgpayError(
            Kind.DATA, zh="这不是结算所用的统筹区", en="this is not the region of the run", file=region.name,
            value=place.identity["id"], fix_zh=f"给出 {manifest['region']['id']} 的文件夹",
            fix_en=f"name the folder of {manifest['region']['id']}",
        )  # fmt: skip
    with TemporaryDirectory(prefix="drgpay-") as name, Simulation(run, engine, schemes) as simulation:
        work = Path(name)
        details = place.table(STAY_DETAILS, work)
        if details is None:
            raise DrgpayError(
                Kind.DATA, zh="统筹区没有病例明细(各类费用)", en="the region has no details of stays (their fees)",
                file=region.name, field=STAY_DETAILS.name, fix_zh="补交 stay_details(病例明细)",
                fix_en="bring stay_details",
            )  # fmt: skip
        names = read_table(run / TABLES, INSTITUTIONS)
        levels = {str(h): str(x) for h, x in names.select("institution_id", "level").rows()}
        year = int(manifest["year"])
        kernel = partial(fund.repriced, year=year, levels=levels, rates=dict(rates))
        sources = (
            Source(dataset(run / TABLES, GROUPED), GROUPED.names, ("stay_id",)),
            Source(details.data, fund.PRICE_DETAILS, ("stay_id",)),
        )
        stays = engine.map_by(sources, "stay_id", kernel, work / "repriced", "prices")
        by = ("institution_id", "drg")
        sums = engine.sum(stays, partial(fund.fee_sums, year=year), by, fund.PRICE_COLUMNS, "prices: sums")
        rows = frame(sums)
        settled = simulation.beside(stays)
    titles = dict(read_table(run / TABLES, GROUP_NAMES).select("drg", "name").rows())
    who = dict(names.select("institution_id", "name").rows())
    return Prices(_totals(rows), _structure(rows, levels, who), _groups(rows, titles), settled)


def _totals(rows: pl.DataFrame) -> Row:
    found: Row = rows.select(pl.exclude("institution_id", "drg").sum()).row(0, named=True)
    changes = [found[f"{kind}_new"] - found[f"{kind}_old"] for kind in CATEGORIES]
    kept = {name: value for name, value in found.items() if name.partition("_")[0] not in CATEGORIES}
    return kept | {"raised": sum(d for d in changes if d > 0), "cut": -sum(d for d in changes if d < 0)}


def _structure(rows: pl.DataFrame, levels: Mapping[str, str], names: Mapping[str, str]) -> list[Row]:
    level = pl.col("institution_id").replace_strict(levels, default="", return_dtype=pl.String)
    scopes = (("area", pl.lit("")), ("level", level), ("institution", pl.col("institution_id")))
    found = []
    for scope, key in scopes:
        sums = rows.with_columns(who=key).group_by("who").agg(pl.exclude("institution_id", "drg").sum()).sort("who")
        for row in sums.iter_rows(named=True):
            whole = [sum(row[f"{kind}_{side}"] for kind in CATEGORIES) for side in ("old", "new")]
            for kind in CATEGORIES:
                old, new = row[f"{kind}_old"], row[f"{kind}_new"]
                shares = [half_up(x * ONE, w) if w else 0 for x, w in zip((old, new), whole, strict=True)]
                found.append(
                    {"scope": scope, "who": row["who"], "name": names.get(row["who"], ""), "category": kind,
                     "old": old, "new": new, "diff": new - old, "share_old": shares[0], "share_new": shares[1]}
                )  # fmt: skip
    return found


def _groups(rows: pl.DataFrame, titles: Mapping[str, str]) -> list[Row]:
    sums = rows.group_by("drg").agg(pl.col("n", "cost_old", "cost_new").sum()).sort("drg")
    return [
        row
        | {"name": titles.get(row["drg"], ""), "diff": row["cost_new"] - row["cost_old"]}
        | {f"mean_{side}": half_up(row[f"cost_{side}"], row["n"]) for side in ("old", "new")}
        for row in sums.iter_rows(named=True)
    ]
