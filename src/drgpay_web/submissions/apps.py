"""The room of submissions in Django's list of rooms."""

from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    """Submissions of stays."""

    name = "drgpay_web.submissions"
