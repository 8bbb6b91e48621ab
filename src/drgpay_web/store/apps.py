"""The room of the record in Django's list of rooms."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The one record of an area."""

    name = "drgpay_web.store"
