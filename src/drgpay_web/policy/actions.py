"""Ordering a what-if on a settled year; beginning a draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from drgpay import runs
from drgpay_web import flow, inbox, jobs, store, trail
from drgpay_web.people import Act, Actor, Unit
from drgpay_web.ui.errors import Unfit

ONE, MANY, SCHEME = "policy.whatif_one", "policy.whatif_sweep", "policy.scheme"
_LARGEST = 30 * inbox.MB
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{2,39}")


def try_out(
    actor: Actor, *, result: store.Result, changes: Mapping[str, str], practice: str = "", sweep: str = ""
) -> jobs.Job:
    """Have a settled year computed again with other values, under another practice, or for a range of one value
    (``name=first..last:step``). Nothing of the year is changed. Raises Unfit where nothing is to be tried."""
    actor.need(Act.POLICY_WHATIF)
    if not (changes or practice or sweep):
        raise Unfit("policy.nothing_to_try")
    kind = MANY if sweep else ONE
    return jobs.order(
        actor, kind=kind, area=actor.area, key=f"{kind}:{actor.area}:{actor.person.pk}",
        payload={"result": result.pk, "changes": dict(changes), "practice": practice, "sweep": sweep},
    )  # fmt: skip


def draft(actor: Actor, *, of: str, document: str, issued: date, in_force: date) -> flow.Case:
    """Begin a draft of a policy on a practice, as it was adopted last. Raises Unfit."""
    unit = Unit.objects.get(area=actor.area, kind=Unit.AREA)
    actor.need(Act.POLICY_DRAFT, unit)
    found = next((one for one in store.practices(actor.area) if one.id == of), None)
    if found is None or not document:
        raise Unfit("policy.draft_unclear")
    if in_force < issued:
        raise Unfit("policy.days_wrong")
    runs.parameters_seen(store.practice_source(actor.area, of), in_force, None, "zh")
    data = {"of": found.of, "document": document, "issued": issued.isoformat(), "in_force": in_force.isoformat(),
            "by_discharge": False, "scheme": "", "values": {}}  # fmt: skip
    return flow.open_case(actor, machine="policy", unit=unit, subject=document, data=data)


def bring_scheme(
    actor: Actor, case: flow.Case, *, chunks: Iterable[bytes], name: str, scheme_id: str = "", title: str = ""
) -> jobs.Job:
    """Bring the file of a grouping scheme to a draft (an overlay, or the official workbook under an id of one's own):
    it is built, checked, compared with the scheme in force, and tried on the stays of the latest settled year. Raises
    Unfit, inbox.NotKept."""
    actor.need(Act.POLICY_DRAFT, case.unit)
    if case.machine != "policy" or case.state != "draft":
        raise Unfit("policy.not_a_draft")
    book = name.lower().endswith(".xlsx")
    if book and not (_ID.fullmatch(scheme_id) and title):
        raise Unfit("policy.scheme_id")
    kept = inbox.keep(chunks, name, kinds=inbox.SCHEMES, limit=_LARGEST)
    years = [one for one in store.results_of(case.area).exclude(state="lost") if one.pin and "-" not in one.period]
    payload = {
        "case": case.pk, "file": kept.stored, "kind": kept.kind, "name": kept.name, "sha256": kept.sha256,
        "id": scheme_id if book else "", "title": title if book else "", "result": years[0].pk if years else None,
        "back": f"/cases/{case.pk}",
    }  # fmt: skip
    job = jobs.order(actor, kind=SCHEME, area=case.area, key=f"{SCHEME}:case:{case.pk}", payload=payload)
    trail.record(actor, "policy.scheme", f"case:{case.number}", after={"sha256": kept.sha256, "job": job.pk})
    return job
