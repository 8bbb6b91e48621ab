"""Reasonable overspend (合理超支) proposed from data: stays whose cause is known, what they cost beyond their
payment, and what of an institution's overspend that explains. People decide. Source: seed 003; design/05 §2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

import polars as pl

from drgpay.engine import frame
from drgpay.errors import DrgpayError, Kind
from drgpay.tables import OVERSPEND_CAUSES

Row = Mapping[str, Any]
CASES = ("stay_id", "institution_id", "insurance_scheme", "year", "drg", "case_class", "fund_by_item")
CODED = ("stay_id", "discharge_date", "dx", "proc")
DUE = ("stay_id", "year_due")
CAUSED = ("insurance_scheme", "institution_id", "cause_id")
TECHNOLOGY = "technology"
"""cause of stays whose new technology was approved (``stay_decisions``)"""


@dataclass(frozen=True)
class Cause:
    """A cause and the stays it holds for: by groups, prefixes of diagnoses or procedures, or by name, from a day of
    discharge to another (None: for ever)."""

    cause_id: str
    reason: str
    kind: str
    codes: tuple[str, ...]
    first: date = date.min
    last: date | None = None
    document: str | None = None


def causes_of(rows: Iterable[Row], decisions: Iterable[Row], year: int) -> list[Cause]:
    """The causes of a year: approved new technology first, then the register ``overspend_causes`` by id; a stay
    counts for the first that holds for it. DATA for one that ends before it begins."""
    approved = (r["stay_id"] for r in decisions if r["kind"] == TECHNOLOGY and r["decision"] == "approved")
    found = [Cause(TECHNOLOGY, "new_technology", "stay", tuple(sorted(approved)))]
    for row in sorted((r for r in rows if r["year"] == year), key=lambda r: str(r["cause_id"])):
        last = row["to_date"]
        if last is not None and last < row["from_date"]:
            raise DrgpayError(
                Kind.DATA, zh="截止日期早于起始日期", en="it ends before it begins", file=OVERSPEND_CAUSES.name,
                field=f"{row['cause_id']} · to_date", value=last.isoformat(), fix_zh="改正日期",
                fix_en="correct the days",
            )  # fmt: skip
        found.append(
            Cause(row["cause_id"], row["reason"], row["cause_kind"], (row["code"],), row["from_date"], last,
                  row["document"])
        )  # fmt: skip
    return found


def _holds(cause: Cause) -> pl.Expr:
    if cause.kind == "stay":
        return pl.col("stay_id").is_in(list(cause.codes))
    until = pl.lit(True) if cause.last is None else pl.col("discharge_date") <= cause.last
    inside = (pl.col("discharge_date") >= cause.first) & until
    if cause.kind == "group":
        return inside & pl.col("drg").is_in(list(cause.codes))
    listed = pl.col("dx" if cause.kind == "diagnosis" else "proc").list
    begins = (listed.eval(pl.element().str.starts_with(code)).list.any() for code in cause.codes)
    return inside & reduce(or_, begins).fill_null(False)


def caused(cases: Any, coded: Any, dues: Any, *, causes: Sequence[Cause], year: int) -> Any:
    """Of stays of the year that are paid (``cases``: :data:`CASES`, ``coded``: :data:`CODED`, ``dues``: :data:`DUE`),
    those a cause holds for: :data:`CAUSED`, and in fen ``actual`` (item by item) and ``due``."""
    text = [pl.col("stay_id", "institution_id", "insurance_scheme", "drg", "case_class").cast(pl.String)]
    rows = frame(cases).with_columns(*text).filter((pl.col("year") == year) & (pl.col("case_class") != "excluded"))
    lists = pl.col("dx", "proc").cast(pl.List(pl.String))
    rows = rows.join(frame(coded).with_columns(pl.col("stay_id").cast(pl.String), lists), on="stay_id")
    rows = rows.join(frame(dues).with_columns(pl.col("stay_id").cast(pl.String)), on="stay_id")
    first = pl.coalesce(*(pl.when(_holds(c)).then(pl.lit(c.cause_id)) for c in causes))
    found = rows.with_columns(cause_id=first).filter(pl.col("cause_id").is_not_null())
    return found.select(*CAUSED, actual=pl.col("fund_by_item"), due=pl.col("year_due").fill_null(0)).to_arrow()


def caused_sums(batch: Any) -> Any:
    """Stays, ``actual`` and ``due`` of :func:`caused` by :data:`CAUSED`."""
    sums = frame(batch).group_by(CAUSED)
    return sums.agg(n=pl.len().cast(pl.Int64), actual=pl.col("actual").sum(), due=pl.col("due").sum()).to_arrow()


def overspend_proposals(sums: Iterable[Row], causes: Sequence[Cause], statements: Iterable[Row], year: int) -> list[
    dict[str, Any]
]:  # fmt: skip
    """Rows of table ``overspend_proposals``: for every institution with an overspend and every cause, what its stays
    cost beyond what they are due, together, and at most the overspend of the institution. Stays that cost less lower
    it; a cause that explains nothing is left out."""
    by_id = {cause.cause_id: cause for cause in causes}
    over: dict[tuple[str, str], int] = defaultdict(int)
    for row in statements:
        over[row["insurance_scheme"], row["institution_id"]] = max(-row["balance"], 0)
    rows = []
    for row in sorted(sums, key=lambda r: tuple(str(r[name]) for name in CAUSED)):
        amount = min(row["actual"] - row["due"], over[row["insurance_scheme"], row["institution_id"]])
        if amount > 0:
            cause = by_id[row["cause_id"]]
            said = {"reason": cause.reason, "amount": amount, "document": cause.document}
            rows.append({"year": year} | dict(row) | said)
    return rows


def evidence_rows(proposals: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows for the register ``overspend_evidence`` from proposals that were decided."""
    return [
        {
            "evidence_id": "-".join(str(row[n]) for n in ("year", *CAUSED)),
            **{n: row[n] for n in ("year", "institution_id", "insurance_scheme", "reason", "amount")},
            "evidence": row["document"] or row["cause_id"],
        }
        for row in proposals
    ]
