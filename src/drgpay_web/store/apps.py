"""The room of the record in Django's list of rooms."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The one record of an area."""

    name = "drgpay_web.store"

    def ready(self) -> None:
        """Schemes that were brought here are found wherever one is asked for."""
        from drgpay.runs import keep_schemes_at
        from drgpay_web.store.places import own_schemes

        keep_schemes_at(own_schemes)
