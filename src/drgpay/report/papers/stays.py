"""The list of an institution's stays with group, class, points and payment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from drgpay.report.labels import word
from drgpay.report.papers.model import Paper, Table
from drgpay.report.papers.pieces import Desk
from drgpay.tables import CASE_POINTS, STAY_MODES, STAY_PAYMENTS

_CASE = ("stay_id", "insurance_scheme", "month", "drg", "case_class", "coefficient", "points", "total_cost",
         "fund_by_item")  # fmt: skip
_MODE = ("stay_id", "insurance_scheme", "month", "mode", "category", "days", "price", "total_cost", "personal_paid",
         "fund_by_item", "due", "refused")  # fmt: skip


def stays_paper(desk: Desk) -> Paper | None:
    """The list of an institution; None where the period has no stay of it."""
    cases, others = _cases(desk), _others(desk)
    blocks: list[Table | None] = [_by_points(desk, s, cases) for s in desk.run.schemes]
    blocks += [_by_modes(desk, s, others) for s in desk.run.schemes]
    if not any(blocks):
        return None
    return desk.paper("paper_stays_title", blocks, signed=True, broad=True)


def _cases(desk: Desk) -> list[dict[str, Any]]:
    due, refused = ("month_due", "month_refused") if desk.run.month else ("year_due", "year_refused")
    cases = desk.run.stays(CASE_POINTS, desk.institution, _CASE)
    known = ("insurance_scheme", "month", "drg")
    paid = desk.run.stays(STAY_PAYMENTS, desk.institution, ("stay_id", *known, due, refused))
    found = cases.join(paid, on="stay_id", how="full", coalesce=True, suffix="_paid")  # a stay taken back has no case
    found = found.with_columns(pl.coalesce(name, f"{name}_paid").alias(name) for name in known)
    return found.rename({due: "due", refused: "refused"}).sort("month", "stay_id").to_dicts()


def _by_points(desk: Desk, scheme: str, cases: Sequence[dict[str, Any]]) -> Table | None:
    rows = [
        row | {"drg_name": desk.run.groups.get(row["drg"], ""),
               "case_class": word(row["case_class"] or "withdrawn")[desk.lang]}
        for row in cases if row["insurance_scheme"] == scheme
    ]  # fmt: skip
    names = ["month", "stay_id", "drg", "drg_name", "case_class", "coefficient", "points", "total_cost",
             "fund_by_item", "due", "refused"]  # fmt: skip
    dull = {"month"} if desk.run.month else set()
    dull |= {"points", "coefficient"} if desk.run.by_rate else set()
    names = [n for n in names if n not in dull and (n != "refused" or any(row[n] for row in rows))]
    title = desk.say("paper_by_rate" if desk.run.by_rate else "paper_by_points")
    return desk.listed(f"{title} · {word(scheme)[desk.lang]}", CASE_POINTS, names, rows, apart=True)


def _others(desk: Desk) -> list[dict[str, Any]]:
    found = desk.run.stays(STAY_MODES, desk.institution, _MODE)
    return found.filter(pl.col("mode") != "drg").sort("month", "stay_id").to_dicts()


def _by_modes(desk: Desk, scheme: str, stays: Sequence[dict[str, Any]]) -> Table | None:
    rows = [
        row | {"mode_text": " · ".join(word(row[n])[desk.lang] for n in ("mode", "category") if row[n] != "-")}
        for row in stays if row["insurance_scheme"] == scheme
    ]  # fmt: skip
    names = ["month", "stay_id", "mode_text", "days", "price", "total_cost", "personal_paid", "fund_by_item", "due",
             "refused"]  # fmt: skip
    dull = {"month"} if desk.run.month else set()
    names = [n for n in names if n not in dull and (n != "refused" or any(row[n] for row in rows))]
    return desk.listed(f"{desk.say('paper_modes')} · {word(scheme)[desk.lang]}", STAY_MODES, names, rows, apart=True)
