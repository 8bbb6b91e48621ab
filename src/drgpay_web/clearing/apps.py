"""The room of clearing in Django's list of rooms."""

from django.apps import AppConfig


class ClearingConfig(AppConfig):
    """It has no tables of its own: cases, jobs and results are the house's."""

    name = "drgpay_web.clearing"
