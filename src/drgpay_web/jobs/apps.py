"""The room of jobs in Django's list of rooms."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Every room's ``work`` is read once, so that the kinds of jobs are known."""

    name = "drgpay_web.jobs"

    def ready(self) -> None:
        autodiscover_modules("work")
