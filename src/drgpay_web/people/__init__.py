"""People: units, persons, roles, what a role may do, and who acts in a request."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drgpay_web.people.face import *  # noqa: F403


def __getattr__(name: str) -> Any:
    return getattr(import_module("drgpay_web.people.face"), name)
