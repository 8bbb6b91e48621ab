"""The rooms of the office: every folder of the package that is none of the project's own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

OFFICE = Path(__file__).parents[1]


def rooms() -> list[str]:
    """The names of all rooms, sorted; each is a Django application of that label."""
    folders = (path.name for path in OFFICE.iterdir() if (path / "__init__.py").is_file())
    return sorted(name for name in folders if name not in ("project", "cli"))


def with_part(part: str) -> list[str]:
    """The modules ``drgpay_web.<room>.<part>`` that exist, in the order of the rooms."""
    names = (f"drgpay_web.{room}.{part}" for room in rooms())
    return [name for name in names if find_spec(name) is not None]
