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
        reconcile,
        results_of,
        sealed_months,
        set_state,
    )
    from drgpay_web.store.coded import decoded
    from drgpay_web.store.groupers import USUAL, grouper_of, warm
    from drgpay_web.store.imports import import_region
    from drgpay_web.store.laws import (
        add_practice,
        all_practices,
        parameters,
        practice_of,
        practice_source,
        practices,
    )
    from drgpay_web.store.models import Pin, Received, RegisterRow, Result
    from drgpay_web.store.offers import take_offers
    from drgpay_web.store.places import area_folder, folder_of_kind, own_schemes, record
    from drgpay_web.store.reads import (
        Kept,
        history,
        kept_tables,
        keyed_rows,
        last_written,
        row_count,
        rows,
        rows_until,
    )
    from drgpay_web.store.regions import changed_since, compose, compose_now, now, pin
    from drgpay_web.store.seen import (
        beside,
        departments_alike,
        departments_in,
        doctor_name,
        group_names,
        names_in,
        periods_seen,
        result_seen,
        results_seen,
        table_seen,
        terms_of_boards,
    )

_WHERE = {
    "actions": ("UPLOAD_LIMIT", "NotRight", "Put", "known_of", "lock", "put_rows", "receive"),
    "catalogue": (
        "add_result",
        "folder",
        "new_result_folder",
        "reconcile",
        "results_of",
        "sealed_months",
        "set_state",
    ),
    "coded": ("decoded",),
    "groupers": ("USUAL", "grouper_of", "warm"),
    "imports": ("import_region",),
    "models": ("Pin", "Received", "RegisterRow", "Result"),
    "offers": ("take_offers",),
    "places": ("area_folder", "folder_of_kind", "own_schemes", "record"),
    "laws": ("add_practice", "all_practices", "parameters", "practice_of", "practice_source", "practices"),
    "reads": ("Kept", "history", "kept_tables", "keyed_rows", "last_written", "row_count", "rows", "rows_until"),
    "regions": ("changed_since", "compose", "compose_now", "now", "pin"),
    "seen": (
        "beside",
        "departments_alike",
        "doctor_name",
        "departments_in",
        "group_names",
        "names_in",
        "periods_seen",
        "result_seen",
        "results_seen",
        "table_seen",
        "terms_of_boards",
    ),
}  # fmt: skip
_ROOM = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_ROOM[name]}"), name)


__all__ = [
    "UPLOAD_LIMIT",
    "USUAL",
    "Kept",
    "NotRight",
    "Pin",
    "Put",
    "Received",
    "RegisterRow",
    "Result",
    "add_practice",
    "add_result",
    "all_practices",
    "area_folder",
    "beside",
    "changed_since",
    "compose",
    "compose_now",
    "decoded",
    "departments_alike",
    "departments_in",
    "doctor_name",
    "folder",
    "folder_of_kind",
    "group_names",
    "grouper_of",
    "history",
    "import_region",
    "kept_tables",
    "keyed_rows",
    "known_of",
    "last_written",
    "lock",
    "names_in",
    "new_result_folder",
    "now",
    "own_schemes",
    "parameters",
    "periods_seen",
    "pin",
    "practice_of",
    "practice_source",
    "practices",
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
    "take_offers",
    "terms_of_boards",
    "warm",
]
