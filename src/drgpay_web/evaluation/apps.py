"""The room of evaluation in Django's list of rooms."""

from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    """It has no tables of its own: cases, jobs, registers and results are the house's."""

    name = "drgpay_web.evaluation"
