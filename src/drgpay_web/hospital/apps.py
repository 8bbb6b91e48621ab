"""The hospital's room in Django's list of rooms."""

from django.apps import AppConfig


class HospitalConfig(AppConfig):
    """It has no tables of its own: cases, jobs, the hospital's registers and its results are the house's."""

    name = "drgpay_web.hospital"
