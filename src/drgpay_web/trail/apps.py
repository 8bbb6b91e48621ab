from __future__ import annotations

from django.apps import AppConfig


class TrailConfig(AppConfig):
    name = "drgpay_web.trail"
    label = "trail"

    def ready(self) -> None:
        """Listen to looks and refusals, which the floor below sends."""
        from drgpay_web.people.doors import looked, refused
        from drgpay_web.trail.events import record_look, record_refusal

        looked.connect(record_look, dispatch_uid="trail.look")
        refused.connect(record_refusal, dispatch_uid="trail.refusal")
