"""What killed jobs leave in the folders of areas."""

from __future__ import annotations

from drgpay import runs
from drgpay_web.store.models import Area
from drgpay_web.store.places import KINDS, area_folder, record


def sweep() -> list[str]:
    """Remove drafts of results, of composed regions, of pages prepared, and of files of the record; their names.
    Called while no job goes on; web processes write none of them but pages, whose drafts name their process."""
    found = []
    for area in Area.objects.values_list("code", flat=True):
        for name in (*KINDS.values(), "regions"):
            place = area_folder(area) / name
            found += runs.discard_forsaken(place)
            found += runs.discard_forsaken(place / runs.PAGES, deep=True)
        found += runs.discard_forsaken(record(area), deep=True)
    return found
