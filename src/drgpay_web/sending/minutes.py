"""What this room does every minute."""

from __future__ import annotations

import logging

from drgpay.errors import DrgpayError
from drgpay_web.sending import actions

_log = logging.getLogger(__name__)


def every_minute() -> None:
    """Collect the notices that came; settings that are wrong are said in the log and stop nothing else."""
    try:
        actions.collect()
    except DrgpayError as error:
        _log.warning("notices are not sent: %s", error.en)
