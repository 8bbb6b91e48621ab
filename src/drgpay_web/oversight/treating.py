"""What a case's decision leads to: the rows that registers get, and the run and entries that follow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from drgpay import runs
from drgpay.tables import ARBITRATIONS, PAYMENT_HOLDS, REVIEWS, SECOND_CODINGS, STAY_DECISIONS, SUSPICIONS, Table
from drgpay.units import parse_coefficient
from drgpay_web import clock, flow, store
from drgpay_web.flow.machine import Values
from drgpay_web.oversight.opening import AUDIT
from drgpay_web.people import Actor

Row = dict[str, Any]
LIFTED = ("suspend", "hand_over")
"""treatments that end"""
_DAYS = ("from_date", "lifted_on")


@lru_cache(maxsize=8)
def terms(practice: str, on: date) -> runs.OversightTerms:
    """The terms of a practice on a day."""
    return runs.oversight_terms(practice, on)


def finding(case: flow.Case) -> Row | None:
    """The lead that was confirmed, or is the first; None of a drawn stay."""
    leads, chosen = case.data["leads"], case.data.get("finding")
    return next((lead for lead in leads if lead["id"] == chosen), leads[0] if leads else None)


def at_stake(case: flow.Case) -> int | None:
    """The amount at stake; None where nobody knows."""
    found = finding(case)
    return None if found is None else found["amount"]


def decision(values: Values, actor: Actor) -> Row:
    """A treatment as it was typed, as the case keeps it."""
    return _plain(_typed(values)) | {"by": actor.person.username}


def _typed(values: Values) -> Row:
    multiple = values["multiple"]
    return {name: values[name] for name in ("treatment", "amount", "points", "reason", *_DAYS)} | {
        "multiple": None if multiple is None else parse_coefficient(multiple), "publish": bool(values["publish"]),
    }  # fmt: skip


def review(case: flow.Case, said: Mapping[str, Any]) -> Row:
    """The confirmed finding as a row of the register of reviews; money always as an amount of its own, so that a
    later look changes nothing of it."""
    found, chosen = finding(case), said["treatment"]
    amount = said["amount"]
    if amount is None and chosen in ("recover", "damages"):
        amount = case.data.get("at_most", at_stake(case))
    return dict.fromkeys(REVIEWS.names) | {
        "suspicion_id": found["id"] if found else case.number, "decision": "confirm", "reason": said["reason"],
        "reviewer": case.data["confirmed_by"], "on": _day(case.data.get("executed_on")) or clock.today(),
        "treatment": chosen, "amount": amount, "damages_multiple": said["multiple"],
        "points": said["points"] or None, "publish": said["publish"],
        **{name: _day(said.get(name)) for name in _DAYS},
    }  # fmt: skip


def _day(kept: str | date | None) -> date | None:
    """A day as a case keeps it; cases of before the days were asked for have none."""
    return date.fromisoformat(kept) if isinstance(kept, str) else kept


def _drawn(case: flow.Case) -> list[Row]:
    """A drawn stay that was coded wrongly, as a suspicion that no look has."""
    if case.data["kind"] != AUDIT:
        return []
    data = case.data
    return [
        dict.fromkeys(SUSPICIONS.names)
        | {
            "suspicion_id": case.number, "violation": "upcoding", "form": "coded_again", "stay_id": data["stay"],
            "institution_id": data["house"], "insurance_scheme": data["scheme"], "department_id": data["department"],
            "doctor_id": data["doctor"], "amount": 0, "stay_payment": data["payment"],
        }
    ]  # fmt: skip


def follow_up(case: flow.Case, said: Mapping[str, Any]) -> runs.FollowUp:
    """What follows from a treatment of the case. Raises DrgpayError where it does not fit."""
    look = store.Result.objects.get(pk=case.data["look"])
    return runs.follow_up(store.folder(look), [review(case, said)], _drawn(case))


def next_state(case: flow.Case, values: Values) -> str:
    """Above the policy's amount, and where an agreement is touched, another person approves."""
    follows = follow_up(case, _typed(values))
    above = follows.total > terms(store.practice_source(case.area), clock.today()).approve
    return "proposed" if above or follows.grave else "decided"


def carry_out(case: flow.Case, actor: Actor) -> None:
    """Write what follows from the decision: the review, and every row the next run, evaluation and look obey."""
    said = case.data["decision"]
    follows = follow_up(case, said)
    chosen = review(case, said)
    if case.data["kind"] == AUDIT:
        _put(case, actor, ARBITRATIONS, [_arbitration(case, "second", said["reason"])], said["reason"])
    else:
        others = [one for one in case.data["leads"] if one["id"] != chosen["suspicion_id"]]
        joined = [_dismissal(case, one["id"], f"并入 {chosen['suspicion_id']}") for one in others]
        _put(case, actor, REVIEWS, [chosen, *joined], said["reason"])
    for table, rows in follows.rows:
        _put(case, actor, table, _numbered(case, rows) if table == STAY_DECISIONS else rows, said["reason"])
    case.data["treated"] = [_plain(row) for row in follows.treated]
    case.data["entries"] = follows.entries


def lifted(case: flow.Case, day: date) -> Row:
    """The decision with the day on which it is lifted."""
    return {**case.data["decision"], "lifted_on": day.isoformat()}


def lift(case: flow.Case, actor: Actor, day: date, reason: str) -> None:
    """Write the day on which a suspension ends or a matter handed over is decided: later rows of the review and of
    the hold; what was due and held is paid from then on."""
    case.data["decision"] = said = lifted(case, day)
    follows = follow_up(case, said)
    _put(case, actor, REVIEWS, [review(case, said)], reason)
    for table, rows in follows.rows:
        if table == PAYMENT_HOLDS and rows:
            _put(case, actor, table, rows, reason)
    case.data["treated"] = [_plain(row) for row in follows.treated]
    case.data["entries"] = follows.entries


def dismiss(case: flow.Case, actor: Actor, reason: str) -> None:
    """Nothing was found: the reviews say so, and of a drawn stay the first coding stands."""
    if case.data["kind"] != AUDIT:
        rows = [_dismissal(case, lead["id"], reason, actor) for lead in case.data["leads"]]
        _put(case, actor, REVIEWS, rows, reason)
    elif case.data.get("second"):
        _put(case, actor, ARBITRATIONS, [_arbitration(case, "first", reason, actor)], reason)


def _dismissal(case: flow.Case, name: str, reason: str, actor: Actor | None = None) -> Row:
    by = actor.person.username if actor else case.data["confirmed_by"]
    return dict.fromkeys(REVIEWS.names) | {
        "suspicion_id": name, "decision": "dismiss", "reason": reason, "reviewer": by, "on": clock.today(),
    }  # fmt: skip


def _arbitration(case: flow.Case, upheld: str, reason: str, actor: Actor | None = None) -> Row:
    by = actor.person.username if actor else case.data["confirmed_by"]
    return {"stay_id": case.data["stay"], "upheld": upheld, "arbiter": by, "reason": reason}


def _numbered(case: flow.Case, rows: list[Row]) -> list[Row]:
    """Decisions on stays by their place in the register: that of the row that is there, else after the last."""
    there = store.rows(case.area, STAY_DECISIONS)
    own = {(row["stay_id"], row["kind"]): row["number"] for row in there}
    last = max((row["number"] for row in there), default=0)
    return [
        row | {"number": own.get((row["stay_id"], row["kind"]), last + place)} for place, row in enumerate(rows, 1)
    ]


def _put(case: flow.Case, actor: Actor, table: Table, rows: list[Row], reason: str) -> None:
    """Enter rows in the case's name. Raises Guarded where the register does not take them."""
    try:
        store.put_rows(
            actor, area=case.area, table=table, rows=rows, origin=f"case:{case.number}", case=case, reason=reason
        )
    except store.NotRight as error:
        raise flow.Guarded("oversight.register_refuses", what=error.said(actor.person.language)) from error


def _plain(row: Row) -> Row:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def codes(typed: str | None) -> list[str]:
    """Codes as people type them: between blanks, commas, lines or bars."""
    return [part.upper() for part in re.split(r"[\s|,;，、；]+", typed or "") if part]


def code_again(case: flow.Case, actor: Actor, values: Values) -> None:
    """The second coding goes to its register; the next look compares groups and payments."""
    dx, proc = codes(values["dx"]), codes(values["proc"])
    case.data["second"] = {"dx": dx, "proc": proc, "by": actor.person.username}
    coded = {"dx": "|".join(dx), "proc": "|".join(proc) or None}
    row = {"stay_id": case.data["stay"], "coder": actor.person.username, **coded}
    _put(case, actor, SECOND_CODINGS, [row], case.number)


def agrees(case: flow.Case, values: Values) -> str:
    """Whether the second coder found the same codes, the principal ones first."""
    run = store.Result.objects.get(pk=case.data["run"])
    story = runs.tell_stay(store.folder(run), case.data["stay"])
    first = [[one.code.upper() for one in codes_of] for codes_of in (story.dx, story.proc)]
    second = [codes(values["dx"]), codes(values["proc"])]
    same = all(set(one) == set(other) and one[:1] == other[:1] for one, other in zip(first, second, strict=True))
    return "agreed" if same else "differs"
