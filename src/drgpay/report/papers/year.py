"""The clearing statement of a year (清算单): step by step, over the insurance schemes and together."""

from __future__ import annotations

from collections.abc import Iterator

from drgpay.report.labels import word
from drgpay.report.papers.model import Line, Paper, Table
from drgpay.report.papers.month import how_due, shared
from drgpay.report.papers.of_run import Row
from drgpay.report.papers.pieces import Desk
from drgpay.steps.settlement import STATEMENT_ITEMS, clearing_day
from drgpay.tables import (
    BED_DAY_ASSESSMENTS,
    BUDGET_ADJUSTMENTS,
    CAPITATION_RESULTS,
    COEFFICIENTS,
    INSTITUTION_MONTHS,
    PROCUREMENT_PAYMENTS,
    STATEMENTS,
)
from drgpay.words import in_word

_STEPS = ("cost", "actual", "refused", "due", "balance", "use_ratio", "keep_share", "surplus_returned",
          "overspend_reasonable", "overspend_shared", "deposit_held", "deposit_forfeited", "deposit_returned",
          "second_distribution", "violations", "damages", "assessment_held", "assessment_forfeited", "settled",
          "paid_in_months", "advance_netted", "debt_netted", "debt_passed", "held", "passed", "moved",
          "final_payment", "modes_held")  # fmt: skip
_ALWAYS = ("cost", "actual", "due", "balance", "deposit_held", "deposit_forfeited", "deposit_returned",
           "second_distribution", "settled", "paid_in_months", "final_payment")  # fmt: skip
_STRONG = ("due", "settled", "final_payment")


def year_paper(desk: Desk) -> Paper | None:
    """The statement of an institution; None where the year has nothing for it."""
    day = clearing_day(desk.run.laws.policy, desk.run.year)
    bank = desk.bank(desk.say("paper_cleared"), lambda entry: entry.date == day)
    steps, modes = _steps(desk), desk.modes()
    if steps is None and modes is None and bank is None:
        return None
    blocks = [steps, _adjusted(desk), bank, _months(desk), modes, _bed_days(desk), _communities(desk),
              _procurement(desk), _coefficient(desk), desk.sources()]  # fmt: skip
    return desk.paper("paper_statement_title", blocks, result=desk.result("paper_to_clear", bank))


def _steps(desk: Desk) -> Table | None:
    rows = desk.by_scheme(STATEMENTS)
    if not any(row[name] for row in rows.values() for name in _STEPS if name in row):
        return None  # other payment modes only
    grades = {word(row["grade"])[desk.lang] for row in rows.values()}
    title = desk.say("paper_by_rate" if desk.run.by_rate else "paper_by_points")
    return desk.steps(f"{title} · {desk.say('paper_grade')} {'、'.join(sorted(grades))}", _lines(desk, rows))


def _lines(desk: Desk, rows: dict[str, Row]) -> Iterator[Line]:
    yield desk.step("n", STATEMENTS, rows)
    yield from shared(desk, rows)
    if any(row["cmi"] is not None for row in rows.values()):
        yield desk.step("cmi", STATEMENTS, rows, desk.how("cmi", STATEMENTS, {}))
    for name in _STEPS:
        if name == "deposit_returned":
            back = {s: {"deposit_held": r["deposit_held"] - r["deposit_forfeited"]} for s, r in rows.items()}
            yield desk.step("deposit_held", STATEMENTS, back, desk.say("paper_deposit_back_how"),
                            head=desk.say("paper_deposit_back"))  # fmt: skip
        elif name in _ALWAYS or any(row[name] for row in rows.values()):
            how = how_due(desk, name) or desk.how(name, STATEMENTS, STATEMENT_ITEMS)
            yield desk.step(name, STATEMENTS, rows, how, strong=name in _STRONG)


def _adjusted(desk: Desk) -> Table | None:
    """What changed the budgets of the year before the point value, as it was approved."""
    rows = [
        row
        | {"scheme_text": word(row["insurance_scheme"])[desk.lang],
           "change_reason": in_word(row["change_reason"], desk.lang), "decided_on": str(row["decided_on"]),
           "document": row["document"] or "–"}
        for row in desk.run.adjustments()
    ]  # fmt: skip
    names = ("change_reason", "scheme_text", "amount", "decided_by", "decided_on", "document")
    return desk.listed(word("budget_adjustments")[desk.lang], BUDGET_ADJUSTMENTS, names, rows, total=False)


def _months(desk: Desk) -> Table | None:
    """What the months paid, as this run has it."""
    found = sorted(desk.rows(INSTITUTION_MONTHS), key=lambda r: (r["month"], r["insurance_scheme"]))
    rows = [row | {"scheme_text": word(row["insurance_scheme"])[desk.lang]} for row in found]
    names = ["month", "scheme_text", "n", "points", "actual", "refused", "due", "deposit", "paid"]
    dull = ("points",) if desk.run.by_rate else ()
    names = [n for n in names if n not in dull and (n != "refused" or any(row[n] for row in rows))]
    return desk.listed(desk.say("paper_months"), INSTITUTION_MONTHS, names, rows, apart=True)


def _bed_days(desk: Desk) -> Table | None:
    """The year-end assessment of bed-days."""
    rows = [
        row | {"category": in_word(row["category"], desk.lang),
               "not_met": ("、" if desk.lang == "zh" else ", ").join(in_word(c, desk.lang) for c in row["not_met"])
               or "–"}
        for row in desk.rows(BED_DAY_ASSESSMENTS)
    ]  # fmt: skip
    names = ("category", "n", "days", "mean_stay", "cost_ratio", "outcome", "not_met", "factor")
    if rows:
        desk.go_by(("bed_day.cut", "bed_day.factor_max"))
    return desk.listed(word("bed_days")[desk.lang], BED_DAY_ASSESSMENTS, names, rows, total=False, apart=True)


def _communities(desk: Desk) -> Table | None:
    """The result of the medical community that the institution leads."""
    rows = [row | {"scheme_text": word(row["insurance_scheme"])[desk.lang]} for row in desk.rows(CAPITATION_RESULTS)]
    names = ("community_id", "scheme_text", "heads", "pool", "cut", "charges", "result", "inside", "balance")
    if rows:
        desk.go_by(("capitation.rates",))
    return desk.listed(word("communities")[desk.lang], CAPITATION_RESULTS, names, rows, apart=True)


def _procurement(desk: Desk) -> Table | None:
    """Advance and reward of procurement by volume."""
    rows = [
        row | {"scheme_text": word(row["insurance_scheme"])[desk.lang]} for row in desk.rows(PROCUREMENT_PAYMENTS)
    ]
    names = ("scheme_text", "agreed", "advance", "savings", "missed", "lost", "reward", "penalty", "cut")
    if rows:
        desk.go_by(("procurement.advance_share", "procurement.reward_share", "procurement.penalty_share"))
    return desk.listed(desk.say("paper_procurement"), PROCUREMENT_PAYMENTS, names, rows, apart=True)


def _coefficient(desk: Desk) -> Table | None:
    """How the institution's coefficient was built."""
    rows = [row | {"component": word(row["component"])[desk.lang], "bound": word(row["bound"])[desk.lang]}
            for row in desk.rows(COEFFICIENTS)]  # fmt: skip
    if rows:
        desk.go_by(("coefficient.components",))
    names = ("component", "unbounded", "value", "bound")
    return desk.listed(desk.say("paper_coefficient"), COEFFICIENTS, names, rows, total=False, apart=True)
