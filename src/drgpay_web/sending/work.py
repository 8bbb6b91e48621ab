"""The job of this room."""

from __future__ import annotations

from typing import Any

from drgpay_web.jobs import handler
from drgpay_web.sending import actions


@handler(actions.KIND, hours=1)
def tell(job: Any, progress: Any, should_stop: Any) -> dict[str, Any]:
    """Send the notices that are due."""
    return dict(actions.send(job.area))
