"""Violations put into a synthetic region, with the truth about them: what a cheating hospital would do, in many forms
and strengths, among honest stays that look alike. It knows no rule that looks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drgpay.samples.cheats import beds, coding, identity, series
from drgpay.samples.cheats.draft import Draft, Ints, Label
from drgpay.samples.cheats.series import falling_places
from drgpay.samples.plan import Plan
from drgpay.samples.stays import Block
from drgpay.samples.visits import Visits
from drgpay.tables import CHEATS

__all__ = ["Injected", "Label", "inject", "truth_of_region", "truth_rows"]

_ADD: dict[str, Callable[[Draft, float], None]] = {
    "fraud": identity.add,
    "splitting": series.add_splits,
    "early_discharge": series.add_early,
    "hang_bed": beds.add_hang_beds,
    "cost_shifting": series.add_shifting,
    "upcoding": coding.add,
    "examination_admission": beds.add_check_ups,
    "no_indication": beds.add_no_indication,
    "refusal": series.add_refusals,
}
"""in the order in which they take their patients; the rarest needs first"""
assert set(_ADD) == set(CHEATS)


@dataclass(frozen=True)
class Injected:
    """A block with violations: its stays, ``visits`` that were added, the new ``death`` days of its persons, labels,
    and the place in the block of every stay a label names."""

    block: Block
    visits: Visits
    death: Ints
    labels: list[Label]
    where: Mapping[int, int]


def inject(plan: Plan, block: Block, persons: Ints, death: Ints, rates: Mapping[str, float]) -> Injected:
    """Put violations into a block at ``rates`` (cases per stay, by type). ``persons`` of the block, rising, and their
    days of ``death`` (or NEVER)."""
    draft = Draft(plan, block, persons, death)
    for violation, add in _ADD.items():
        if rates.get(violation, 0.0) > 0:
            add(draft, rates[violation])
    done, where = draft.finished()
    return Injected(done, draft.extra_visits(), draft.death, draft.labels, where)


def truth_rows(plan: Plan, injected: Injected, stay_ids: Any, visit_ids: Any, visits: Ints) -> list[dict[str, Any]]:
    """TRUTH of a block. ``stay_ids``, ``visit_ids``: of its stays and visits; ``visits``: place of each added visit
    among them."""
    ids = stay_ids.to_pylist()
    rows = []
    for n, label in enumerate(injected.labels):
        block = injected.block
        case = f"T{block.year}{block.number:03d}{n + 1:05d}"
        seen = [visit_ids[int(visits[v])].as_py() for v in label.visits]
        mine = [ids[injected.where[key]] for key in label.stays]
        related = [ids[injected.where[key]] for key in label.related]
        for turn, stay in enumerate(mine or [None]):
            rows.append(
                {
                    "truth_id": f"{case}-{turn + 1}",
                    "case_id": case,
                    "violation": label.violation,
                    "form": label.form,
                    "institution_id": plan.places.institutions[label.place]["institution_id"],
                    "stay_id": stay,
                    "visit_id": seen[0] if seen else None,
                    "related_stays": [s for s in (*mine, *related) if s != stay],
                    "related_visits": seen,
                    "note": label.note or None,
                }
            )
    return rows


def truth_of_region(plan: Plan, rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """TRUTH on institutions as a whole: where the share of severe patients falls."""
    if not rates.get("refusal"):
        return []
    year = plan.years[-1]
    return [
        {
            "truth_id": f"T{year}P{place + 1:05d}",
            "case_id": f"T{year}P{place + 1:05d}",
            "violation": "refusal",
            "form": "severe_share_falls",
            "institution_id": plan.places.institutions[place]["institution_id"],
            "note": "from July on",
        }
        for place in falling_places(plan)
    ]
