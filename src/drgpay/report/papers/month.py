"""The payment note of a month (拨付单): what an institution is due, what is kept back, and what is paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from drgpay.report.labels import word
from drgpay.report.papers.model import Line, Paper, Table
from drgpay.report.papers.of_run import Row
from drgpay.report.papers.pieces import Desk
from drgpay.steps.settlement import MONTH_ITEMS, PAID_ALONE
from drgpay.tables import CASE_POINTS, CORRECTIONS, INSTITUTION_MONTHS, MONTH_CASH, POOLS

_CORRECTED = ("month", "stay_id", "insurance_scheme", "cause", "class_before", "class_after", "points_before",
              "points_after")  # fmt: skip
_SOMETIMES = ("corrections", "corrections_deposit", "carried_in", "moved", "advance_netted", "held")


def month_paper(desk: Desk) -> Paper | None:
    """The note of an institution; None where the month has nothing for it."""
    bank = desk.bank(desk.say("paper_paid_out"), lambda entry: True)
    steps, modes = _steps(desk), desk.modes()
    if steps is None and modes is None and bank is None:
        return None
    blocks = [steps, bank, modes, _corrections(desk), desk.sources()]
    return desk.paper("paper_note_title", blocks, result=desk.result("paper_to_pay", bank))


def _steps(desk: Desk) -> Table | None:
    months, cash = desk.by_scheme(INSTITUTION_MONTHS, desk.run.month), desk.by_scheme(MONTH_CASH)
    if not months and not cash:
        return None
    return desk.steps(desk.say("paper_by_rate" if desk.run.by_rate else "paper_by_points"), _lines(desk))


def _lines(desk: Desk) -> Iterator[Line]:
    months, cash = desk.by_scheme(INSTITUTION_MONTHS, desk.run.month), desk.by_scheme(MONTH_CASH)
    yield desk.step("n", INSTITUTION_MONTHS, months)
    yield from shared(desk, months)
    for name in ("cost", "actual", "due", "refused", "deposit"):
        if name != "refused" or any(row[name] for row in months.values()):
            yield desk.step(name, INSTITUTION_MONTHS, months, how_due(desk, name) or
                            desk.how(name, INSTITUTION_MONTHS, MONTH_ITEMS), strong=name == "due")  # fmt: skip
    for name in _SOMETIMES:
        if any(row[name] for row in cash.values()):
            yield desk.step(name, MONTH_CASH, cash, desk.how(name, MONTH_CASH, MONTH_ITEMS))
    if cash:
        yield desk.step("paid", MONTH_CASH, cash, desk.how("paid", MONTH_CASH, MONTH_ITEMS), strong=True)
    else:
        how = desk.how("paid", INSTITUTION_MONTHS, {"paid": PAID_ALONE})
        yield desk.step("paid", INSTITUTION_MONTHS, months, how, strong=True)
    for name in ("released", "carried_out", "modes_held", "modes_released"):
        if any(row[name] for row in cash.values()):
            yield desk.step(name, MONTH_CASH, cash, desk.how(name, MONTH_CASH, MONTH_ITEMS))


def shared(desk: Desk, rows: Mapping[str, Row]) -> Iterator[Line]:
    """Own points, all points, what is shared, the point value, and what the institution's patients paid where that is
    shared too; of points nothing where stays are paid by rates."""
    if not desk.run.by_rate:
        yield from _points(desk, rows)
    if desk.run.manifest["basis"] == "total":
        stays = desk.run.stays(
            CASE_POINTS, desk.institution, ("stay_id", "insurance_scheme", "month", "personal_paid")
        )
        if desk.run.month:
            stays = stays.filter(pl.col("month") == desk.run.month)
        paid = dict(stays.group_by("insurance_scheme").agg(pl.col("personal_paid").sum()).rows())
        own = {scheme: {"patients": paid.get(scheme, 0)} for scheme in rows}
        yield desk.step("patients", POOLS, own, desk.say("paper_own_patients"))


def _points(desk: Desk, rows: Mapping[str, Row]) -> Iterator[Line]:
    yield desk.step("points", INSTITUTION_MONTHS, rows, desk.say("paper_own_points"))
    yield desk.step("points", POOLS, desk.run.pools, desk.say("paper_all_how"), head=desk.say("paper_all_points"))
    for name, parameter in (("adjusted", "fund.year_end_reasons"), ("elsewhere", "fund.inpatient_unit")):
        if any(pool[name] for pool in desk.run.pools.values()):
            desk.go_by((parameter,))
            yield desk.step(name, POOLS, desk.run.pools, desk.how(name, POOLS, {}))
    yield desk.step("distributable", POOLS, desk.run.pools, desk.how("distributable", POOLS, {}))
    yield desk.step("point_value", POOLS, desk.run.pools, desk.how("point_value", POOLS, {}))


def how_due(desk: Desk, name: str) -> str:
    """How the due comes about where stays are paid by rates."""
    if name != "due" or not desk.run.by_rate:
        return ""
    desk.go_by(("points.pricing", "rate.base_rate", "fund.basis"))
    return desk.say("paper_due_by_rate")


def _corrections(desk: Desk) -> Table | None:
    """The stays of sealed months that are others now."""
    found = desk.run.stays(CORRECTIONS, desk.institution, _CORRECTED).sort("month", "stay_id")
    found = found.with_columns(pl.col("class_after").fill_null("–"), pl.col("class_before").fill_null("–"))
    names = ["month", "stay_id", "scheme_text", *_CORRECTED[3:]]
    names = [name for name in names if not (desk.run.by_rate and name.startswith("points"))]
    rows = [
        row
        | {"scheme_text": word(row["insurance_scheme"])[desk.lang], "cause": desk.say(f"paper_by_{row['cause']}")}
        | {name: word(row[name])[desk.lang] for name in ("class_before", "class_after")}
        for row in found.to_dicts()
    ]
    return desk.listed(desk.say("paper_corrected"), CORRECTIONS, names, rows, total=False, apart=True)
