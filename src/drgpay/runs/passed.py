"""What the book of a year passes on to the next one, and whether that has taken it (design/12 §2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.runs.chain import Link, read_link
from drgpay.runs.seals import folder_of, read_seals
from drgpay.steps import settlement
from drgpay.tables import DEBTS
from drgpay.units import show_fen

Row = dict[str, Any]


def origin_of(digest: str) -> str:
    """How a row of the register ``debts`` names the sealed result it comes from."""
    return f"year/{digest}"


def passed_on(links: Iterable[Link]) -> pl.DataFrame:
    """Rows of the register ``debts`` of the next year: what clearings and re-openings leave on the accounts
    ``passed``, by institution and insurance scheme (fen; negative: the institution claims it). A link that is not
    sealed passes nothing on yet."""
    rows = []
    for link in links:
        if link.seal is not None:
            rows += _of(link)
    return frame(DEBTS.of(rows))


def _of(link: Link) -> list[Row]:
    owed: dict[tuple[str, str], int] = defaultdict(int)
    for entry in link.ledger:
        for h, amount in settlement.passed_by(entry):
            owed[entry.insurance_scheme, h] -= amount
    return [
        {
            "year": link.manifest["year"] + 1,
            "institution_id": h,
            "insurance_scheme": scheme,
            "amount": amount,
            "origin": origin_of(link.digest),
        }
        for (scheme, h), amount in sorted(owed.items())
        if amount
    ]


def check_taken(runs: Path, area: str, year: int, debts: pl.DataFrame) -> None:
    """Stop a clearing while a sealed re-opening of an earlier year, in the same folder of runs, is not taken: each of
    its differences is a row of ``debts`` of this year or of one between, with its origin and amount. Raises DATA
    naming the first that is not there."""
    taken: dict[tuple[str, str, str], int] = defaultdict(int)
    known = debts.filter(pl.col("origin").is_not_null() & (pl.col("year") <= year))
    for origin, scheme, h, amount in known.select("origin", "insurance_scheme", "institution_id", "amount").rows():
        taken[origin, scheme, h] += amount
    seals = read_seals(runs)
    for seal in seals:
        if seal.area != area or seal.year >= year or not seal.link.startswith("r"):
            continue
        for row in _of(read_link(folder_of(seal, runs), seals)):
            if taken[row["origin"], row["insurance_scheme"], row["institution_id"]] != row["amount"]:
                amount = show_fen(row["amount"], group=False)
                place = f"{row['institution_id']} {row['insurance_scheme']}"
                raise DrgpayError(
                    Kind.DATA,
                    zh=f"{seal.year} 年重开清算({seal.run})的差额还没有接收:{place} {amount} 元",
                    en=f"the re-opening of {seal.year} ({seal.run}) is not taken yet: {place} {amount} yuan",
                    file=DEBTS.name,
                    field="origin",
                    value=row["origin"],
                    fix_zh=f"接收它:drgpay region take 区域 {seal.run}",
                    fix_en=f"take it: drgpay region take REGION {seal.run}",
                )
