"""The room of oversight in Django's list of rooms."""

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """It keeps which leads and alerts have a case; cases, jobs and results are the house's."""

    name = "drgpay_web.oversight"
