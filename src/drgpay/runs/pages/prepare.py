"""What pages of a run are read from, made before somebody waits for it."""

from __future__ import annotations

from pathlib import Path

from drgpay.engine import Dataset, dataset, table_path
from drgpay.runs.manifest import TABLES
from drgpay.runs.pages.index import SMALL, index_stays
from drgpay.runs.pages.settled import has_settled, settled_stays
from drgpay.tables import ADJUSTMENTS, CASE_POINTS, GROUPED, SETTLED_STAYS, SHADOW_PRICES, STAY_MODES, STAY_PAYMENTS


def prepare_pages(run: Path) -> None:
    """Make what the first page and the first explanation of a stay would make. Nothing is asked of a reader, and
    nothing of the run changes; without it the first of each takes some seconds where stays are many."""
    if has_settled(run) and Dataset((settled_stays(run),)).rows() > SMALL:
        index_stays(run, SETTLED_STAYS)
    for table in (GROUPED, CASE_POINTS, STAY_PAYMENTS, STAY_MODES, ADJUSTMENTS, SHADOW_PRICES):
        if table_path(run / TABLES, table).is_dir() and dataset(run / TABLES, table).rows() > SMALL:
            index_stays(run, table)
