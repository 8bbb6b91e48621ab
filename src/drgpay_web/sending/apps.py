"""The room of sending in Django's list of rooms."""

from django.apps import AppConfig


class SendingConfig(AppConfig):
    """Notices by mail and webhook."""

    name = "drgpay_web.sending"
