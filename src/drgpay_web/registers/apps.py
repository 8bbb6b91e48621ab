"""The room of registers in Django's list of rooms."""

from django.apps import AppConfig


class RegistersConfig(AppConfig):
    """Generic register pages."""

    name = "drgpay_web.registers"
