"""Opening cases from leads and from the audit sample; leads of one stay are one case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction

from drgpay import runs
from drgpay.tables import AUDIT_SAMPLE, SETTLED_STAYS
from drgpay_web import flow, store
from drgpay_web.oversight.looks import rows_of, run_of
from drgpay_web.oversight.models import Lead
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui import Unfit

MOST = 50
"""cases opened at once"""
SUSPICION, AUDIT = "lead", "audit"
_STAY = ("stay_id", "institution_id", "department_id", "doctor_id", "insurance_scheme", "month", "due")


def drawn(stay_id: str) -> str:
    """The name of a drawn stay among the leads."""
    return f"audit/{stay_id}"


def open_leads(actor: Actor, look: store.Result, names: Collection[str]) -> list[flow.Case]:
    """Open cases from suspicions of a look, one for a stay. Those that have a case or a review, or are not there, are
    passed over. Raises Unfit for none, or too many at once."""
    actor.need(Act.SUSPICION_WORK)
    _enough(names)
    run = run_of(look)
    assert look.pin is not None
    found = runs.leads_of(store.folder(look), names, store.folder(run), store.compose(look.pin))
    by_stay: dict[str, list[runs.Lead]] = {}
    for lead in found:
        if lead.row["state"] == "open":
            by_stay.setdefault(lead.row["stay_id"] or lead.row["suspicion_id"], []).append(lead)
    with transaction.atomic():
        store.lock(actor.area)
        return [case for its in by_stay.values() if (case := _opened(actor, look, run, its))]


def _enough(names: Collection[str]) -> None:
    if not names:
        raise Unfit("oversight.none_chosen")
    if len(names) > MOST:
        raise Unfit("oversight.too_many", most=MOST)


def _opened(
    actor: Actor, look: store.Result, run: store.Result, leads: list[runs.Lead]
) -> flow.Case | None:  # fmt: skip
    """A case of the leads of one stay that have none; the one with the highest score comes first."""
    new = [lead for lead in leads if not has_case(actor.area, lead.row["suspicion_id"])]
    if not new:
        return None
    new.sort(key=lambda lead: (-lead.row["score"], -lead.row["amount"], lead.row["suspicion_id"]))
    first = new[0].row
    data = {
        **_about(look, run, first), "kind": SUSPICION, "leads": [_kept(lead) for lead in new],
        "payment": first["stay_payment"],
    }  # fmt: skip
    return _case(actor, data, first["stay_id"], [lead.row["suspicion_id"] for lead in new])


def open_drawn(actor: Actor, look: store.Result, stays: Collection[str]) -> list[flow.Case]:
    """Open cases of drawn stays of the audit sample. Those that have one, or were not drawn, are passed over."""
    actor.need(Act.SUSPICION_WORK)
    _enough(stays)
    run, chosen = run_of(look), runs.Where("stay_id", "in", sorted(stays))
    sample = {row["stay_id"] for row in rows_of(store.folder(look), AUDIT_SAMPLE, chosen)}
    rows = rows_of(store.folder(run), SETTLED_STAYS, chosen, columns=_STAY) if sample else []
    opened = []
    with transaction.atomic():
        store.lock(actor.area)
        for row in sorted(rows, key=lambda one: str(one["stay_id"])):
            stay = row["stay_id"]
            if stay in sample and not has_case(actor.area, drawn(stay)):
                data = {**_about(look, run, row), "kind": AUDIT, "leads": [], "payment": row["due"]}
                opened.append(_case(actor, data, stay, [drawn(stay)]))
    return opened


def _about(look: store.Result, run: store.Result, row: Mapping[str, Any]) -> dict[str, Any]:
    """What a case says of its stay: where it was found and whose it is."""
    return {
        "look": look.pk, "run": run.pk, "year": int(run.period[:4]), "stay": row["stay_id"],
        "house": row["institution_id"], "department": row["department_id"], "doctor": row["doctor_id"],
        "scheme": row["insurance_scheme"], "shown": False,
    }  # fmt: skip


def _kept(lead: runs.Lead) -> dict[str, Any]:
    """A lead as the case keeps it: what was found, and how its hospital sees it."""
    row = lead.row
    names = ("rule", "violation", "form", "term_zh", "term_en", "score", "amount", "stay_payment", "stay_id",
             "related", "month")  # fmt: skip
    return {
        "id": row["suspicion_id"], "seen_id": lead.seen_id, "evidence": lead.evidence, "seen": lead.seen,
        "said": lead.said, "left_out": lead.left_out, "innocent": lead.innocent,
        "no_amount": lead.no_amount,
        **{name: row[name] for name in names},
    }  # fmt: skip


def _case(actor: Actor, data: dict[str, Any], stay: str | None, names: list[str]) -> flow.Case:
    run = store.Result.objects.get(pk=data["run"])
    case = flow.open_case(
        actor, machine="suspicion", unit=unit_of(actor.area, data["house"]), period=run.period, data=data,
        subject=stay or "", stays=[stay] if stay else (),
    )  # fmt: skip
    remember(case, names)
    return case


def unit_of(area: str, house: str | None, department: str | None = None) -> Unit:
    """The department or institution of a finding; the area for one that is of no single institution."""
    units = Unit.objects.filter(area=area)
    own = units.filter(kind=Unit.INSTITUTION, code=house).first() if house else None
    if own is None:
        return units.get(kind=Unit.AREA)
    return (own.children.filter(kind=Unit.DEPARTMENT, code=department).first() if department else None) or own


def has_case(area: str, name: str) -> bool:
    """Whether a finding has a case."""
    return Lead.objects.filter(area=area, name=name).exists()


def remember(case: flow.Case, names: list[str]) -> None:
    """Note the findings that have this case."""
    Lead.objects.bulk_create([Lead(area=case.area, name=name, case=case) for name in names])
