"""Plans of the fund as results a region can take once they are agreed: the budget of a year, and its prepayments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from drgpay import __version__
from drgpay.engine import MANIFEST, new_folder, write_table
from drgpay.runs.fund import RegisterFolder, Rows, Tables, year_law
from drgpay.runs.manifest import TABLES, file_digest, write_manifest
from drgpay.runs.region import region_identity
from drgpay.runs.sharing import NOTICE, PRACTICE, practice_with, sharing_notice
from drgpay.runs.taking import Offered, Withheld, write_offers
from drgpay.steps import fund, intake
from drgpay.tables import (
    ADVANCES,
    AREA_VALUES,
    BUDGET_AMOUNTS,
    BUDGET_PARTS,
    BUDGET_PLAN,
    BUDGETS,
    EVIDENCE,
    FUND_REGISTERS,
    GRADE_REGISTER,
    INSTITUTION_BUDGETS,
    INSTITUTION_INDICATORS,
    INSTITUTIONS,
    OVERSPEND_PROPOSALS,
    PAYMENT_HOLDS,
    PREPAYMENTS,
    PROCUREMENT,
    REFUSALS,
    SHARING_MINUTES,
)

_READ = (INSTITUTIONS, *FUND_REGISTERS, GRADE_REGISTER, AREA_VALUES, SHARING_MINUTES, PROCUREMENT, REFUSALS)
"""registers that plans are made from"""


@dataclass(frozen=True)
class Agreed:
    """Who agreed to a plan, and when; for prepayments the day on which they are paid."""

    by: str
    on: date


@dataclass(frozen=True)
class Plan:
    """A plan of the fund: its ``kind`` (budget | prepayment | overspend | sharing), its tables, and what it was made
    from; ``run``: the clearing it was made from, where it was."""

    kind: str
    tables: Tables
    region: Path
    practice: str
    year: int
    run: Path | None = None


_NOT_AGREED = {
    "overspend": Withheld(
        "合理超支还没有认定,不能接收",
        "the reasonable overspend is not decided yet: it cannot be taken",
        "认定后重新生成:drgpay fund overspend … --agreed-by 姓名 --agreed-on 日期 -o 文件夹",
        "make it again once it is decided: drgpay fund overspend … --agreed-by NAME --agreed-on DAY -o FOLDER",
    ),
    "budget": Withheld(
        "预算方案还没有定案,不能接收",
        "the budget is not agreed yet: it cannot be taken",
        "定案后重新生成:drgpay fund budget … --agreed-by 姓名 --agreed-on 日期 -o 文件夹",
        "make it again once it is agreed: drgpay fund budget … --agreed-by NAME --agreed-on DAY -o FOLDER",
    ),
    "prepayment": Withheld(
        "预付还没有批准,不能接收",
        "the prepayment is not agreed yet: it cannot be taken",
        "批准后重新生成:drgpay fund prepay … --agreed-by 姓名 --agreed-on 拨款日期 -o 文件夹",
        "make it again once it is agreed: drgpay fund prepay … --agreed-by NAME --agreed-on DAY -o FOLDER",
    ),
}


def write_plan(plan: Plan, out: Path, agreed: Agreed | None, people: Callable[[Path], None]) -> None:
    """Write a plan as a folder of results: what ``people`` write for people, its tables, and, where it is agreed,
    the rows it offers to the registers."""
    with new_folder(out) as draft:
        people(draft)
        offered = _offered(plan, agreed) if agreed else []
        content = _content(plan, draft, agreed)
        content |= write_offers(draft, offered, None if agreed else _NOT_AGREED[plan.kind])
        write_manifest(draft, content)


def write_ratios(
    plan: Plan, out: Path, decided: Rows, cleared: Sequence[Path], people: Callable[[Path], None]
) -> None:
    """Write a proposal of sharing ratios as a folder of results; with the joint meeting's rows also the notice of
    the year, and the practice with it."""
    with new_folder(out) as draft:
        people(draft)
        content = _content(plan, draft, None)
        content["cleared"] = {run.name: file_digest(run / MANIFEST) for run in cleared}
        if decided:
            notice = sharing_notice(decided)
            (draft / NOTICE).write_text(notice, encoding="utf-8")
            (draft / PRACTICE).write_text(practice_with(plan.practice, notice), encoding="utf-8")
            year_law(str(draft / PRACTICE), plan.year)  # whole, and read as it was meant
            first = decided[0]
            content["agreed"] = {"by": first["minutes"], "on": first["decided_on"].isoformat()}
        write_manifest(draft, content)


def _content(plan: Plan, draft: Path, agreed: Agreed | None) -> dict[str, Any]:
    """What the manifest says of a plan; its tables are written."""
    for table, rows in plan.tables:
        write_table(draft / TABLES, table, table.of(rows))
    policy = year_law(plan.practice, plan.year)
    registers = [p for t in _READ for p in intake.register_paths(plan.region, t)]
    of_run = {} if plan.run is None else {MANIFEST: file_digest(plan.run / MANIFEST)}
    return {
        "kind": plan.kind,
        "software": f"drgpay {__version__}",
        "region": region_identity(plan.region),
        "year": plan.year,
        "practice": policy.practice,
        "policy_digest": policy.digest,
        "agreed": {"by": agreed.by, "on": agreed.on.isoformat()} if agreed else None,
        "inputs": {path.name: file_digest(path) for path in registers} | of_run,
    }


def _offered(plan: Plan, agreed: Agreed) -> Sequence[Offered]:
    tables = {table.name: rows for table, rows in plan.tables}
    said = {"decided_by": agreed.by, "decided_on": agreed.on}
    if plan.kind == "budget":
        budgets, amounts = budget_rows(tables[BUDGET_PLAN.name], tables[BUDGET_PARTS.name])
        set_for = own_budgets(tables.get(INSTITUTION_INDICATORS.name, []), "indicator")
        offered = [(BUDGETS, budgets, BUDGET_PLAN), (BUDGET_AMOUNTS, amounts, BUDGET_PARTS),
                   (INSTITUTION_BUDGETS, set_for, INSTITUTION_INDICATORS)]  # fmt: skip
    elif plan.kind == "overspend":
        rows = fund.evidence_rows(tables[OVERSPEND_PROPOSALS.name])
        return [Offered(EVIDENCE, plan.kind, [row | said for row in rows])]
    else:
        paid = RegisterFolder(plan.region).rows(ADVANCES)
        planned = tables[PREPAYMENTS.name]
        offered = [
            (ADVANCES, advance_rows(planned, paid, agreed.on), PREPAYMENTS),
            (PAYMENT_HOLDS, hold_rows(planned, agreed.on), PREPAYMENTS),
            (INSTITUTION_BUDGETS, own_budgets(planned, "prepayment"), PREPAYMENTS),
        ]
    return [
        Offered(table, plan.kind, [row | said | {"evidence": of.name} for row in rows]) for table, rows, of in offered
    ]


def budget_rows(plans: Rows, parts: Rows) -> tuple[Rows, Rows]:
    """Rows for the registers ``budgets`` and ``budget_amounts`` from an agreed plan: what the year has for the DRG
    stays, mid-year changes included, and for every other part."""
    drg = {r["insurance_scheme"]: r["adjusted"] for r in parts if r["part"] == "inpatient_drg"}
    budgets = [
        {name: row[name] for name in ("year", "insurance_scheme", "revenue")}
        | {"drg_budget": drg[row["insurance_scheme"]]}
        for row in plans
    ]
    amounts = [
        {name: row[name] for name in ("year", "insurance_scheme", "part")} | {"amount": row["adjusted"]}
        for row in parts
        if row["part"] != "inpatient_drg"
    ]
    return budgets, amounts


def own_budgets(planned: Rows, basis: str) -> Rows:
    """Rows for the register ``institution_budgets``: the indicator of an agreed budget (rows of
    ``institution_indicators``), or the total of an agreed prepayment (rows of ``prepayments``)."""
    column = "indicator" if basis == "indicator" else "total"
    names = ("year", "insurance_scheme", "institution_id")
    return [{name: row[name] for name in names} | {"budget_basis": basis, "amount": row[column]} for row in planned]


def hold_rows(prepayments: Rows, on: date) -> Rows:
    """Rows for the register ``payment_holds``: institutions whose advance is suspended, from a day on; a later row
    says when they are released. Source: design/12 §5."""
    return [
        {
            "hold_id": f"{year}-{house}-prepayment",
            "institution_id": house,
            "from_date": on,
            "released_on": None,
            "reason": "暂停预付:使用率过高,费用异常增长 / advance suspended: overuse, abnormal growth",
        }
        for year, house in sorted({(r["year"], r["institution_id"]) for r in prepayments if r["suspended"]})
    ]


def advance_rows(prepayments: Rows, paid: Rows, on: date) -> Rows:
    """Rows for the register ``advances``: what is still to be advanced, paid on a day. The assessment reserve goes
    with the first ordinary advance of the year. An advance is numbered after those the register has, so that one
    that is planned again is the same row, and one after it is another."""
    before = Counter(
        (a["year"], a["insurance_scheme"], a["institution_id"]) for a in paid if a["advance_kind"] == "ordinary"
    )
    rows = []
    for row in prepayments:
        key = (row["year"], row["insurance_scheme"], row["institution_id"])
        if row["to_advance"] > 0:
            number = before[key] + 1
            rows.append(
                {
                    "advance_id": f"{row['year']}-{row['insurance_scheme']}-{row['institution_id']}-{number}",
                    "year": row["year"],
                    "insurance_scheme": row["insurance_scheme"],
                    "institution_id": row["institution_id"],
                    "date": on,
                    "advance_kind": "ordinary",
                    "amount": row["to_advance"],
                    "reserve": row["reserve"] if number == 1 and row["reserve"] else None,
                }
            )
    return rows
