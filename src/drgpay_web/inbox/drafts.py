"""Files that were received while the power was cut: whole, and named by no row, so that nobody was told they came."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import CharField, JSONField, Model

from drgpay_web.inbox import folder_of_inbox

OLD = 24 * 3600
"""seconds after which a request that brought a file is over for certain"""
TRAIL = "trail"
"""the audit says of a file what it was, and never needs the file"""


def sweep() -> list[str]:
    """Remove the files that nothing refers to; their names. Younger ones may still get their row."""
    since = time.time() - OLD
    old = {path.name: path for path in folder_of_inbox().iterdir() if path.is_file() and path.stat().st_mtime < since}
    left = sorted(old.keys() - _kept_by_rows(set(old)))
    for name in left:
        old[name].unlink(missing_ok=True)
    return left


def _kept_by_rows(names: set[str]) -> set[str]:
    """Which of the files a row names, in a column of its own or in what a case says."""
    found: set[str] = set()
    told: list[tuple[type[Model], str]] = []
    for model, field in _fields():
        if isinstance(field, JSONField):
            told.append((model, field.name))
        else:
            found |= names & set(model._default_manager.values_list("stored", flat=True))
    for name in names - found:
        if any(model._default_manager.filter(**{f"{field}__icontains": name}).exists() for model, field in told):
            found.add(name)
    return found


def _fields() -> Iterator[tuple[type[Model], CharField[Any, Any] | JSONField[Any, Any]]]:
    for model in apps.get_models():
        if model._meta.app_label != TRAIL:
            for field in model._meta.fields:
                if isinstance(field, JSONField) or (isinstance(field, CharField) and field.name == "stored"):
                    yield model, field
