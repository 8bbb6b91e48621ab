"""The room of policies in Django's list of rooms."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    """Pages of policies."""

    name = "drgpay_web.policy"
