"""What other rooms use of the trail (given by ``drgpay_web.trail``, once Django is ready)."""

from __future__ import annotations

from drgpay_web.trail.chain import check
from drgpay_web.trail.events import record
from drgpay_web.trail.models import Event
from drgpay_web.trail.telling import sentence

__all__ = ["Event", "check", "record", "sentence"]
