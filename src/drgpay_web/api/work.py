"""The jobs of this room."""

from __future__ import annotations

from typing import Any

from drgpay_web.api import hooks
from drgpay_web.jobs import handler


@handler(hooks.KIND, hours=1)
def tell(job: Any, progress: Any, should_stop: Any) -> dict[str, Any]:
    """Send the messages that are due."""
    return dict(hooks.send())
