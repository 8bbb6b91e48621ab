"""The room of the year's rhythm in Django's list of rooms."""

from django.apps import AppConfig


class RhythmConfig(AppConfig):
    """It keeps what was published, and who has read it."""

    name = "drgpay_web.rhythm"
