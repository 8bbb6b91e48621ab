"""The room of special reviews in Django's list of rooms."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """It has no tables of its own: cases, jobs and results are the house's."""

    name = "drgpay_web.review"
