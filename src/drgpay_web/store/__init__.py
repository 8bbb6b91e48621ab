"""The one record of an area (14 §3): what was received, register rows, pins, and the catalogue of results."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drgpay_web.store.actions import UPLOAD_LIMIT, NotRight, Put, known_of, lock, put_rows, receive
    from drgpay_web.store.catalogue import (
        add_result,
        folder,
        new_result_folder,
        practice_of,
        reconcile,
        results_of,
        sealed_months,
        set_state,
    )
    from drgpay_web.store.coded import decoded
    from drgpay_web.store.imports import import_region
    from drgpay_web.store.models import Pin, Received, RegisterRow, Result
    from drgpay_web.store.places import area_folder, folder_of_kind, record
    from drgpay_web.store.reads import Kept, history, kept_tables, keyed_rows, row_count, rows, rows_until
    from drgpay_web.store.regions import changed_since, compose, compose_now, now, pin
    from drgpay_web.store.seen import beside, names_in, periods_seen, result_seen, results_seen, table_seen

_WHERE = {
    "actions": ("UPLOAD_LIMIT", "NotRight", "Put", "known_of", "lock", "put_rows", "receive"),
    "catalogue": (
        "add_result",
        "folder",
        "new_result_folder",
        "practice_of",
        "reconcile",
        "results_of",
        "sealed_months",
        "set_state",
    ),
    "coded": ("decoded",),
    "imports": ("import_region",),
    "models": ("Pin", "Received", "RegisterRow", "Result"),
    "places": ("area_folder", "folder_of_kind", "record"),
    "reads": ("Kept", "history", "kept_tables", "keyed_rows", "row_count", "rows", "rows_until"),
    "regions": ("changed_since", "compose", "compose_now", "now", "pin"),
    "seen": ("beside", "names_in", "periods_seen", "result_seen", "results_seen", "table_seen"),
}  # fmt: skip
_ROOM = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_ROOM[name]}"), name)


__all__ = [
    "UPLOAD_LIMIT",
    "Kept",
    "NotRight",
    "Pin",
    "Put",
    "Received",
    "RegisterRow",
    "Result",
    "add_result",
    "area_folder",
    "beside",
    "changed_since",
    "compose",
    "compose_now",
    "decoded",
    "folder",
    "folder_of_kind",
    "history",
    "import_region",
    "kept_tables",
    "keyed_rows",
    "known_of",
    "lock",
    "names_in",
    "new_result_folder",
    "now",
    "periods_seen",
    "pin",
    "practice_of",
    "put_rows",
    "receive",
    "reconcile",
    "record",
    "result_seen",
    "results_of",
    "results_seen",
    "row_count",
    "rows",
    "rows_until",
    "sealed_months",
    "set_state",
    "table_seen",
]
