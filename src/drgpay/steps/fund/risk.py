"""Risk adjustment fund (风险调剂金): what is set aside, drawn and repaid, and the balance. Source: design/04 §1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from drgpay.policy import Policy
from drgpay.steps.fund import rules
from drgpay.steps.fund.rules import Row
from drgpay.tables import RISK_MOVEMENTS
from drgpay.units import ONE, half_up

_ORDER = ("opening", "set_aside", "repayment", "draw")
"""order of the movements of one day"""


def revenue_of(plans: Iterable[Row], history: Iterable[Row], until: int) -> dict[tuple[int, str], int]:
    """(year, insurance scheme) → revenue up to a year: as it was in past years, the rest as it is planned."""
    rows = (row for table in (plans, history) for row in table if row["year"] <= until)
    return {(row["year"], row["insurance_scheme"]): row["revenue"] for row in rows}


def risk_fund(revenue: Mapping[tuple[int, str], int], movements: Iterable[Row], policy: Policy) -> list[Row]:
    """Rows of table ``risk_fund``: every movement by insurance scheme and date, with the balance after it (fen).

    ``revenue``: (year, insurance scheme) → revenue of the year; ``fund.risk_share`` of it, half up, is set aside on
    its first day, but not before an opening balance, which already holds it. ``movements``: rows of the register.
    Raises DATA for a draw without a reason, and for one above the balance, naming both.
    """
    share = policy.ratio_or_none("fund.risk_share") or 0
    found = [_line(m["insurance_scheme"], m["date"], m["movement"], m["draw_reason"], m["movement_id"], m["amount"])
             for m in movements]  # fmt: skip
    opened = {r["insurance_scheme"]: r["date"] for r in found if r["movement"] == "opening"}
    for (year, scheme), amount in revenue.items():
        on, aside = date(year, 1, 1), half_up(amount * share, ONE)
        if aside and on >= opened.get(scheme, on):
            found.append(_line(scheme, on, "set_aside", None, "", aside))
    found.sort(key=lambda r: (r["insurance_scheme"], r["date"], _ORDER.index(r["movement"]), r["movement_id"]))
    scheme, number, balance = "", 0, 0
    for row in found:
        if row["insurance_scheme"] != scheme:
            scheme, number, balance = row["insurance_scheme"], 0, 0
        if row["movement"] == "draw":
            if row["amount"] > balance:
                raise rules.exceeds(
                    RISK_MOVEMENTS, row["movement_id"], ("动用金额", "the draw of"), row["amount"],
                    ("风险调剂金余额", "the balance of the risk adjustment fund,"), balance,
                )  # fmt: skip
            row["amount"] = -row["amount"]
        number, balance = number + 1, balance + row["amount"]
        row |= {"line": number, "balance": balance}
    return found


def _line(scheme: str, on: date, movement: str, reason: str | None, movement_id: str, amount: int) -> Row:
    if (movement == "draw") != (reason is not None):
        raise rules.wrong(
            RISK_MOVEMENTS, movement_id, "动用须写明理由,其他变动不写",
            "a draw needs a reason, and nothing else has one",
            "补上或清空 draw_reason", "fill in draw_reason, or leave it empty",
        )  # fmt: skip
    return {
        "insurance_scheme": scheme,
        "date": on,
        "movement": movement,
        "draw_reason": reason,
        "movement_id": movement_id,
        "amount": amount,
    }
