"""The room of cases in Django's list of rooms."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class FlowConfig(AppConfig):
    """Every room's ``rules`` are read once, so that its machines are known."""

    name = "drgpay_web.flow"

    def ready(self) -> None:
        autodiscover_modules("rules")
