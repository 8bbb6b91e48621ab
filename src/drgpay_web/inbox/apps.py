"""The room of files handed over in Django's list of rooms."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """Files handed over."""

    name = "drgpay_web.inbox"
