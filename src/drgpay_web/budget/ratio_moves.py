"""What stands in the way of moves of a year's sharing ratios, and what follows them."""

from __future__ import annotations

from datetime import date
from typing import Any

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay.tables import SHARING_MINUTES, SHARING_RATIOS
from drgpay_web import flow, store
from drgpay_web.budget import orders, plan_moves
from drgpay_web.flow.machine import Values
from drgpay_web.people import Actor
from drgpay_web.ui import w
from drgpay_web.ui.values import printed


def ordered(case: flow.Case, actor: Actor, values: Values) -> None:
    """Compute the proposal again."""
    orders.order(actor, case, orders.RATIOS)


def proposal(case: flow.Case) -> list[dict[str, Any]]:
    """What the rule proposes."""
    return list(plan_moves.tables_of(case).get(SHARING_RATIOS.name, []))


def keep_now(case: flow.Case) -> str:
    """The shares kept that are proposed, as they are written."""
    return runs.written_bands(proposal(case), "proposed")[0] if proposal(case) else ""


def share_now(case: flow.Case) -> str:
    """The fund's share that is proposed."""
    return runs.written_bands(proposal(case), "proposed")[1] if proposal(case) else ""


def meetings(case: flow.Case, actor: Actor, lang: str) -> list[tuple[str, str]]:
    """The joint meetings of the area that have minutes."""
    found = flow.Case.objects.filter(machine="meeting", area=case.area, data__kind="joint").order_by("-pk")
    return [
        (str(one.pk), f"{one.data['minutes']['number']} {one.subject}") for one in found if one.data.get("minutes")
    ]


def meeting_told(pk: str, lang: str) -> str:
    """The minutes of a meeting."""
    return str(flow.Case.objects.get(pk=int(pk)).data["minutes"]["number"])


def rows_of(case: flow.Case, said: Any) -> list[dict[str, Any]]:
    """Rows of the register from what the meeting decided. Raises DrgpayError."""
    return runs.minutes_rows(
        int(case.period), said["keep"], said["share"], said["minutes"], date.fromisoformat(said["decided_on"])
    )


def _said(values: Values) -> dict[str, str]:
    minutes = flow.Case.objects.get(pk=int(values["meeting"])).data["minutes"]
    return {"meeting": values["meeting"], "minutes": minutes["number"], "decided_on": minutes["held_on"],
            "keep": values["keep"], "share": values["share"]}  # fmt: skip


def are_ratios(case: flow.Case, actor: Actor, values: Values) -> flow.Guarded | None:
    """Bands and shares are whole, and the practice with them can be read."""
    try:
        runs.ratios_practice(store.practice_source(case.area), rows_of(case, _said(values)))
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def decided(case: flow.Case, actor: Actor, values: Values) -> None:
    """What the joint meeting decided, by its minutes."""
    case.data["decided"] = _said(values)


def still_fits(case: flow.Case, actor: Actor) -> flow.Guarded | None:
    """The practice in force may be another one by now."""
    try:
        runs.ratios_practice(store.practice_source(case.area), rows_of(case, case.data["decided"]))
    except DrgpayError as error:
        return flow.Guarded(error=error)
    return None


def adopted(case: flow.Case, actor: Actor, values: Values) -> None:
    """The register of minutes, the practice with the notice made from them, and the draft of the announcement."""
    rows = rows_of(case, case.data["decided"])
    new = {(row["item"], row["band"]) for row in rows}
    old = [
        key for key, row in store.keyed_rows(case.area, SHARING_MINUTES)
        if row["year"] == int(case.period) and (row["item"], row["band"]) not in new
    ]  # fmt: skip
    store.put_rows(
        actor, area=case.area, table=SHARING_MINUTES, rows=rows, removed=old, origin=f"case:{case.number}", case=case,
        reason=case.data["decided"]["minutes"],
    )  # fmt: skip
    base = store.practice_of(case.area)
    of = next(one.of for one in store.all_practices(case.area) if one.id == base)
    text = runs.ratios_practice(store.practice_source(case.area, base), rows)
    case.data["version"] = store.add_practice(actor, case.area, of, text, case)
    columns = [SHARING_MINUTES[name] for name in ("item", "below", "ratio")]
    flow.open_case(
        actor, machine="announcement", unit=case.unit, period=case.period, source=case,
        subject=w("budget.announce_ratios", "zh", area=case.unit.name, year=case.period),
        data={"kind": "ratios", "audience": "hospitals", "counts": [], "heads": [column.zh for column in columns],
              "text": w("budget.announce_ratios_text", "zh", minutes=case.data["decided"]["minutes"]),
              "rows": [[printed(row[c.name], "share" if c.type == "ratio" else c.type, "zh") for c in columns]
                       for row in rows]},
    )  # fmt: skip
