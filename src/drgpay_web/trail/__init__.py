"""The trail: what was done, looked at and refused, by whom; append-only and hash-chained."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drgpay_web.trail.face import *  # noqa: F403


def __getattr__(name: str) -> Any:
    return getattr(import_module("drgpay_web.trail.face"), name)
